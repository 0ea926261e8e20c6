"""`nexuszero report` as a person runs it: one circuit, one page, and one line for whatever is wrong."""

import json
import re
from pathlib import Path

import pytest
from shell import checked, refused, start

from nexuszero.report import pages

ROOT = Path(__file__).parents[1]
CIRCUITS = ROOT / "tests/fixtures/circuits"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "pages"
    bounds = out.parent / "bounds.json"
    bounds.write_text(json.dumps({str(wire): [0, 255] for wire in range(10, 28)}))
    options = ["--security", 192, "--exact", "--bounds", bounds, "--out", out]
    done = checked(start("report", CIRCUITS / "matmul.bn128.r1cs", *options))
    return Path(done.stdout.splitlines()[-1])


def test_the_page_stands_beside_the_notebook_and_the_answer(page):
    assert page.name == "matmul.bn128.192.html" and page.with_suffix(".ipynb").is_file()
    answer = json.loads(page.with_suffix(".json").read_text())
    assert (answer["security"], answer["circuit"]["liftable"], answer["proposal"]) == (
        192,
        True,
        None,
    )
    text = page.read_text()
    assert (
        str(answer["q"]) in text and "tests/fixtures/circuits/matmul.bn128.r1cs" in text
    )
    assert str(ROOT) not in text


def test_the_page_shows_four_figures_and_needs_no_network(page):
    text = page.read_text()
    assert text.count("Plotly.newPlot(") == 4 and text.count("plotly.js v") == 1
    assert not re.findall(
        r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)\s*=\s*[\"'](https?:|//)[^\"']*",
        text,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.r1cs"], "none.r1cs"),
        (["README.md"], "not an .r1cs file"),
        ([CIRCUITS / "matmul.bn128.r1cs", "--security", 77], "100, 128, 192, 256"),
        ([CIRCUITS / "matmul.bn128.r1cs", "--checkpoint", "README.md"], "README.md"),
        ([CIRCUITS / "matmul.bn128.r1cs", "--bounds", "none.json"], "none.json"),
        (
            [CIRCUITS / "matmul.bn128.r1cs", "--exact", "--checkpoint", "m.pt"],
            "--exact",
        ),
    ],
)
def test_bad_input_is_one_line_before_anything_runs(arguments, says, tmp_path):
    assert says in refused("report", *arguments, "--out", tmp_path / "pages")
    assert not (tmp_path / "pages").exists()


def test_without_a_checkout_the_notebook_is_missed(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "NOTEBOOKS", tmp_path / "notebooks")
    line = refused(
        "report", CIRCUITS / "matmul.bn128.r1cs", "--exact", "--out", tmp_path / "pages"
    )
    assert "13_your_circuit.ipynb: no such notebook" in line
    assert not (tmp_path / "pages").exists()
