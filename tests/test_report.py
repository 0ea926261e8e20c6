"""`nexuszero report` as a person runs it: one circuit, one page, and one line for whatever is wrong."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nexuszero.errors import InputError
from nexuszero.report import pages

ROOT = Path(__file__).parents[1]
CIRCUITS = ROOT / "tests/fixtures/circuits"
COMMAND = [sys.executable, "-c", "from nexuszero.cli import main; main()", "report"]


def run(*arguments, cwd=ROOT):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([*COMMAND, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True,
                          timeout=300)  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "pages"
    bounds = out.parent / "bounds.json"
    bounds.write_text(json.dumps({str(wire): [0, 255] for wire in range(10, 28)}))
    done = run(CIRCUITS / "matmul.bn128.r1cs", "--security", 192, "--exact", "--bounds", bounds, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.splitlines()[-1])


def test_the_page_stands_beside_the_notebook_and_the_answer(page):
    assert page.name == "matmul.bn128.192.html" and page.with_suffix(".ipynb").is_file()
    answer = json.loads(page.with_suffix(".json").read_text())
    assert (answer["security"], answer["circuit"]["liftable"], answer["proposal"]) == (192, True, None)
    text = page.read_text()
    assert str(answer["q"]) in text and "tests/fixtures/circuits/matmul.bn128.r1cs" in text
    assert str(ROOT) not in text


def test_the_page_shows_three_figures_and_needs_no_network(page):
    text = page.read_text()
    assert text.count("Plotly.newPlot(") == 3 and text.count("plotly.js v") == 1
    assert not re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)\s*=\s*[\"'](https?:|//)[^\"']*", text)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.r1cs"], "none.r1cs"),
        (["README.md"], "not an .r1cs file"),
        ([CIRCUITS / "matmul.bn128.r1cs", "--security", 77], "100, 128, 192, 256"),
        ([CIRCUITS / "matmul.bn128.r1cs", "--checkpoint", "README.md"], "README.md"),
        ([CIRCUITS / "matmul.bn128.r1cs", "--bounds", "none.json"], "none.json"),
        ([CIRCUITS / "matmul.bn128.r1cs", "--exact", "--checkpoint", "m.pt"], "--exact"),
    ],
)
def test_bad_input_is_one_line_before_anything_runs(arguments, says, tmp_path):
    done = run(*arguments, "--out", tmp_path / "pages")
    assert done.returncode == 2 and says in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr
    assert not (tmp_path / "pages").exists()


def test_a_missing_notebook_is_one_line(tmp_path):
    with pytest.raises(InputError, match="no such notebook; run from the repository's root"):
        pages.run(tmp_path / "none.ipynb", tmp_path / "out.ipynb", {})
