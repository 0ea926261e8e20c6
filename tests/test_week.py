"""The whole week as a person runs it: `nexuszero week` with the smoke profile, pages that open with the network off."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from shell import COMMAND

from nexuszero.advice import recommend
from nexuszero.config import TUNED
from nexuszero.crypto import CryptoBridge
from nexuszero.errors import InputError, StageError
from nexuszero.network import NetworkProposer
from nexuszero.paths import PROFILES
from nexuszero.report import pages

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A week in a directory of its own: paths in a profile are relative to it."""
    root = tmp_path_factory.mktemp("week")
    profile = root / "smoke.yaml"
    shutil.copy(PROFILES / "smoke.yaml", profile)
    done = subprocess.run(
        [*COMMAND, "week", "--config", str(profile)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "encryption" not in done.stderr  # of what kernels are told
    index = Path(done.stdout.splitlines()[-1])
    assert index.is_relative_to(root.resolve())
    return root, index


def test_the_week_leaves_every_file(site):
    root, index = site
    assert (root / "data/smoke/train/index.h5").is_file()
    assert list(root.glob("checkpoints/**/best_model.pt"))
    assert list(root.glob("**/baseline_config.yaml"))
    links = re.findall(r'href="([^"]+)"', index.read_text())
    assert links == [f"{name}.html" for name, _ in pages.STAGES.values()]
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


def test_plotly_is_there_once_where_there_are_figures(site):
    for name in ("05_generate", "07_tune", "08_train", "09_analyse"):
        text = (site[1].parent / f"{name}.html").read_text()
        assert text.count("plotly.js v") == 1
        assert text.count("Plotly.newPlot(") >= 1


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
    (other / "analysis.json").write_text(
        json.dumps(analysis | {"data": {"train": "0"}})
    )
    with pytest.raises(
        InputError,
        match=r"best_model\.pt: is not the network of .*other; run that week again",
    ):
        pages.keep_reference(
            other, checkpoint, tmp_path / "mixed", tmp_path / "mixed/model.safetensors"
        )
    assert not (tmp_path / "mixed").exists()
    with pytest.raises(
        InputError,
        match=r"seconds\.json: no such file; run `make week PROFILE=full` first",
    ):
        (index.parent / "seconds.json").rename(tmp_path / "seconds.json")
        try:
            pages.keep_reference(index.parent, checkpoint, tmp_path / "kept", published)
        finally:
            (tmp_path / "seconds.json").rename(index.parent / "seconds.json")


def test_a_week_goes_on_where_it_stopped(site):
    root, index = site
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
