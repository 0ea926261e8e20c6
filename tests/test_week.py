"""The whole week as a person runs it: `nexuszero week` with the smoke profile, pages that open with the network off."""

import itertools
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup

from nexuszero.advice import recommend
from nexuszero.config import TUNED
from nexuszero.crypto import CryptoBridge
from nexuszero.errors import InputError, StageError
from nexuszero.files import SEAL, write_json
from nexuszero.network import NetworkProposer
from nexuszero.report import pages

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(smoke_week):
    """The directory of a week, and its index page."""
    return smoke_week.parents[2], smoke_week


def test_the_week_leaves_every_file(site):
    root, index = site
    assert (root / "data/smoke/train/index.h5").is_file()
    assert list(root.glob("checkpoints/**/best_model.pt"))
    assert list(root.glob("**/baseline_config.yaml"))
    names = {f"{name}.html" for name, _ in pages.STAGES.values()}
    links = set(re.findall(r'href="([^"#:]+)"', index.read_text()))
    assert links > names | {"report.json", "week_summary.md"}
    assert all((index.parent / link).is_file() for link in links)
    assert set(json.loads((index.parent / "seconds.json").read_text())) == set(
        pages.STAGES
    )


def test_the_baseline_is_what_is_trained(site):
    baseline = yaml.safe_load((site[1].parent / "baseline_config.yaml").read_text())
    (run,) = (
        file
        for file in site[0].glob("checkpoints/**/run.jsonl")
        if "tune" not in str(file)
    )
    config = json.loads(run.read_text().splitlines()[0])["config"]
    assert {name: config[name] for name in TUNED} == {
        name: baseline[name] for name in TUNED
    }


def test_pages_load_nothing_from_outside(site):
    for page in site[1].parent.glob("*.html"):
        text = page.read_text()
        outside = re.findall(
            r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)\s*=\s*[\"'](https?:|//)[^\"']*",
            text,
        )
        assert not outside, page
        assert "@import url(http" not in text


def test_scripts_and_style_stand_once_beside_the_pages(site):
    assets = site[1].parent / "assets"
    assert len(list(assets.glob("plotly*"))) == 1
    assert (assets / "plotly.min.js").stat().st_size > 1e6
    for name, _ in pages.STAGES.values():
        page = site[1].parent / f"{name}.html"
        assert page.stat().st_size < 3e5, page
        assert 'src="assets/plotly.min.js"' in page.read_text()


def test_the_index_says_first_what_was_met_and_missed(site):
    soup = BeautifulSoup(site[1].read_text(), "html.parser")
    summary = json.loads((site[1].parent / "summary.json").read_text())
    verdicts = [one.get_text(strip=True) for one in soup.select(".verdicts strong")]
    assert verdicts == [row["verdict"] for row in summary["targets"]]
    assert soup.select_one(".verdicts").find_previous("table") is None
    titles = [one.get_text(strip=True) for one in soup.select("h2")]
    assert titles == [
        *(section["title"] for section in summary["sections"]),
        "What to read next",
    ]
    assert len(soup.select("figure.plot")) == 1


def test_report_json_has_every_number_of_every_page(site):
    out = site[1].parent
    report = json.loads((out / "report.json").read_text())
    assert report["summary"] == json.loads((out / "summary.json").read_text())
    assert report["seconds"] == json.loads((out / "seconds.json").read_text())
    for page in report["pages"]:
        soup = BeautifulSoup((out / page["file"]).read_text(), "html.parser")
        shown = [
            float(cell.get_text().replace(",", ""))
            for cell in soup.select("td.number")
            if cell.get_text(strip=True) not in ("", "NaN")
        ]
        kept = [
            float(value)  # as JSON keeps it, a seed has more digits
            for table in page["tables"]
            for row in table["rows"]
            for value in row
            if isinstance(value, int | float)
        ]
        assert shown and Counter(shown) <= Counter(kept), page["file"]
        assert len(page["figures"]) == len(soup.select("figure.plot"))
        assert all(one["title"] and one["alternative"] for one in page["figures"])
        series = [one for figure in page["figures"] for one in figure["series"]]
        assert any(isinstance(value, list) for one in series for value in one.values())


def test_the_summary_to_commit_has_the_sections_of_the_seed_document(site):
    text = (site[1].parent / "week_summary.md").read_text()
    titles = re.findall(r"^## (\d+)\. ", text, re.M)
    assert titles == [str(number) for number in range(1, 11)]
    assert "**Commit:**" in text and "**Seed:** 42" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) > 60
    assert str(Path.home()) not in text and str(site[0]) not in text
    for before, line in itertools.pairwise(text.splitlines()):
        if line.startswith("| ---"):
            assert line.count("|") == before.count("|")


def test_what_is_small_of_a_week_is_kept_and_its_network_answers(site, tmp_path):
    root, index = site
    (checkpoint,) = (
        file
        for file in root.glob("checkpoints/**/best_model.pt")
        if "tune" not in str(file)
    )
    published = tmp_path / "published/model.safetensors"
    published.parent.mkdir()
    files = pages.keep_reference(index.parent, checkpoint, tmp_path / "kept", published)
    assert [file.name for file in files] == [*sorted(pages.KEPT), "model.safetensors"]
    circuit = ROOT / "tests/fixtures/circuits/compare.bn128.r1cs"
    answer = recommend(
        CryptoBridge(), circuit, 128, proposer=NetworkProposer(published)
    )
    assert answer.proposal.values[0] > 0
    other = tmp_path / "other"
    shutil.copytree(index.parent, other)
    analysis = json.loads((other / "analysis.json").read_text())
    analysis.pop(SEAL)
    write_json(
        other / "analysis.json", analysis | {"data": {"train": "0"}}, sealed=True
    )
    with pytest.raises(
        InputError,
        match=r"best_model\.pt: is not the network of .*other; run that week again",
    ):
        pages.keep_reference(
            other, checkpoint, tmp_path / "mixed", tmp_path / "mixed/model.safetensors"
        )
    assert not (tmp_path / "mixed").exists()
    (other / "seconds.json").unlink()
    with pytest.raises(
        InputError,
        match=r"seconds\.json: no such file; run `make week PROFILE=full` first",
    ):
        pages.keep_reference(other, checkpoint, tmp_path / "kept", published)


def test_a_week_goes_on_where_it_stopped(site, tmp_path):
    root = shutil.copytree(site[0], tmp_path / "week")
    index = root / site[1].relative_to(site[0])
    profile = root / "smoke.yaml"
    seconds = json.loads((index.parent / "seconds.json").read_text())
    lines = []
    assert pages.run_week(profile, log=lines.append, first="summary") == index
    again = json.loads((index.parent / "seconds.json").read_text())
    assert [line.split()[0].strip(":") for line in lines] == [
        "10_week_summary",
        "10_week_summary",
    ]
    assert again | {"summary": 0} == seconds | {"summary": 0}
    with pytest.raises(
        InputError, match="--from later: no such stage; choose one of generate, "
    ):
        pages.run_week(profile, first="later")


def test_an_unknown_parameter_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(InputError, match="unknown parameter 'trials'"):
        pages.run_notebook(
            ROOT / "notebooks/05_generate.ipynb", tmp_path / "out.ipynb", {"trials": 3}
        )
    assert not list(tmp_path.iterdir())


def test_a_failing_cell_is_named_and_the_partial_notebook_kept(tmp_path):
    parameters = {"out": str(tmp_path / "data"), "train": 0}
    with pytest.raises(StageError, match=r"05_generate\.ipynb: cell"):
        pages.run_notebook(
            ROOT / "notebooks/05_generate.ipynb", tmp_path / "out.ipynb", parameters
        )
    assert (tmp_path / "out.ipynb").is_file()


def test_a_kernel_starts_without_the_caches_that_tear_the_heap(tmp_path, monkeypatch):
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    cell = nbformat.v4.new_code_cell("import os\nprint(os.environ['GLIBC_TUNABLES'])")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbformat.write(notebook, tmp_path / "asks.ipynb")
    pages.run_notebook(tmp_path / "asks.ipynb", tmp_path / "answers.ipynb", {})
    answered = nbformat.read(tmp_path / "answers.ipynb", nbformat.NO_CONVERT)
    setting = pages.HEAP[1]
    assert answered.cells[-1].outputs[0].text.strip() == setting
    assert setting in (ROOT / "Makefile").read_text()  # for what no week starts
