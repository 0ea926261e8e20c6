"""`nexuszero report` as a person runs it: one circuit, one page, and one line for whatever is wrong."""

import json
import re
from pathlib import Path

import pytest
from shell import refused

from nexuszero.report import pages

ROOT = Path(__file__).parents[1]
CIRCUITS = ROOT / "tests/fixtures/circuits"


def test_the_page_stands_beside_the_notebook_and_the_answer(circuit_page):
    page = circuit_page
    assert re.fullmatch(r"matmul\.bn128\.192\.[0-9a-f]{8}\.html", page.name)
    assert page.with_suffix(".ipynb").is_file()
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


def test_the_page_shows_seven_figures_beside_its_assets(circuit_page):
    page = circuit_page
    text = page.read_text()
    assert text.count('<figure class="plot">') == 7
    assert (page.parent / "assets/plotly.min.js").is_file()
    listed = (page.parent / "index.html").read_text()
    assert f'href="{page.name}"' in listed and "matmul.bn128.r1cs" in listed


def test_no_other_circuit_and_no_other_widths_take_a_page_s_name(tmp_path):
    one, other = tmp_path / "a/same.r1cs", tmp_path / "b/same.r1cs"
    for file, source in ((one, "matmul.bn128.r1cs"), (other, "compare.bn128.r1cs")):
        file.parent.mkdir()
        file.write_bytes((CIRCUITS / source).read_bytes())
    (tmp_path / "widths").write_text("1=bit")
    names = [
        pages._digest(one, None),
        pages._digest(other, None),
        pages._digest(one, "1=bit"),
        pages._digest(one, "1=u8"),
    ]
    assert len(set(names)) == 4
    assert pages._digest(one, str(tmp_path / "widths")) == names[2]
    assert pages._digest(one, "2=bit, " * 1000)  # no file's name


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
