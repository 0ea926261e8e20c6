"""The notebooks' form: parameters, size, no rich outputs; and that every profile fits its models."""

import ast
import os
import re
import statistics
import subprocess
import sys
from copy import deepcopy
from functools import cache
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml

from nexuszero import config as configs
from nexuszero import paths
from nexuszero.errors import InputError
from nexuszero.report.pages import GUIDES, STAGES
from nexuszero.report.standins import given
from nexuszero.settings import load

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PROFILES = sorted(paths.PROFILES.glob("*.yaml"))
MODELS = STAGES | GUIDES
ALL = [pytest.param(stage, id=stage) for stage in MODELS]
CHECKED = "# NBVAL_CHECK_OUTPUT"
RECORDED_BENCH = "../reports/bench.json"
READER = "%load_ext nexuszero.report.reader"  # says what goes wrong in a sentence
EXPERIMENTS = 'sys.path += ["experiments", "notebooks/experiments"]'  # from notebooks/ and from the root


@cache
def notebook(stage):
    return nbformat.read(NOTEBOOKS / f"{MODELS[stage][0]}.ipynb", as_version=4)


def code_cells(stage):
    return [cell for cell in notebook(stage).cells if cell.cell_type == "code"]


def parameters_cell(stage):
    tagged = [
        cell
        for cell in code_cells(stage)
        if "parameters" in cell.metadata.get("tags", [])
    ]
    assert len(tagged) == 1
    return tagged[0]


def test_every_notebook_is_a_stage_or_a_guide():
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == {
        name for name, _ in MODELS.values()
    }


@pytest.mark.parametrize("stage", ALL)
def test_parameters_are_the_fields_of_the_model_as_literals(stage):
    values = {}
    for node in ast.parse(parameters_cell(stage).source).body:
        assert isinstance(node, ast.Assign)
        values[node.targets[0].id] = ast.literal_eval(node.value)
    model = MODELS[stage][1]
    assert set(values) == set(model.model_fields)
    model(**given(model, values))


@pytest.mark.parametrize("stage", ALL)
def test_every_parameter_has_a_comment_and_papermill_reads_the_cell(stage):
    for line in parameters_cell(stage).source.splitlines():
        assert re.search(r"\S  # \S.{10,}", line), line
    found = papermill.inspect_notebook(NOTEBOOKS / f"{MODELS[stage][0]}.ipynb")
    assert set(found) == set(MODELS[stage][1].model_fields)


@pytest.mark.parametrize("stage", ALL)
def test_default_paths_are_the_notebooks_own(stage):
    for node in ast.parse(parameters_cell(stage).source).body:
        value = ast.literal_eval(node.value)
        if isinstance(value, str) and "/" in value:
            own = (
                f"../build/notebooks/{stage}/",
                "../tests/fixtures/circuits/",
                "../reports/reference/",
                RECORDED_BENCH,
            )
            assert value.startswith(own)


@pytest.mark.parametrize("stage", ALL)
def test_the_opening_is_title_parameters_imports(stage):
    first, second, third = notebook(stage).cells[:3]
    assert (
        first.cell_type == "markdown"
        and first.source.startswith("# ")
        and "Defaults:" in first.source
    )
    assert "parameters" in second.metadata["tags"]
    first_line, *lines = third.source.splitlines()
    assert first_line == READER
    lines = [line for line in lines if line and line != EXPERIMENTS]
    assert all(line.startswith(("import ", "from ")) for line in lines)


@pytest.mark.parametrize("stage", ALL)
def test_size(stage):
    cells = notebook(stage).cells
    assert 20 <= len(cells) <= 50
    lines = [
        len(cell.source.splitlines()) for cell in cells if cell.cell_type == "code"
    ]
    assert statistics.median(lines) <= 5
    assert len({cell.id for cell in cells}) == len(cells)
    assert (
        sum(
            cell.source.lstrip().startswith("assert") or "\nassert" in cell.source
            for cell in cells
        )
        >= 3
    )


@pytest.mark.parametrize("stage", ALL)
def test_only_checked_cells_keep_an_output_and_it_is_text(stage):
    for cell in code_cells(stage):
        if cell.source.startswith(CHECKED):
            assert cell.execution_count
            assert [output.output_type for output in cell.outputs] == ["stream"]
        else:
            assert not cell.outputs and cell.execution_count is None
        assert set(cell.metadata) <= {"tags"}


@pytest.mark.parametrize("stage", ALL)
def test_metadata_does_not_change_with_the_machine(stage):
    metadata = notebook(stage).metadata
    assert metadata == {
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }


def test_every_name_is_defined_and_every_import_used():
    command = [
        Path(sys.executable).with_name("ruff"),
        "check",
        "--isolated",
        "--select",
        "F",
    ]
    done = subprocess.run(
        [*command, *NOTEBOOKS.glob("*.ipynb")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_there_are_three_profiles():
    assert {path.stem for path in PROFILES} == {"smoke", "quick", "full"}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_a_profile_fits_every_model(profile):
    configs_ = {
        stage: load(model, profile, stage) for stage, (_, model) in STAGES.items()
    }
    assert set(yaml.safe_load(profile.read_text())) <= {*STAGES, "report", "workspace"}
    assert {stage.seed for stage in configs_.values() if hasattr(stage, "seed")} == {42}
    assert configs_["tune"].study_name == configs_["summary"].study_name == "full_run"


def test_every_path_of_a_profile_follows_from_its_workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    copy = tmp_path / "deep/mine.yaml"
    copy.parent.mkdir()
    copy.write_text((paths.PROFILES / "full.yaml").read_text())
    for profile, root in (
        (paths.PROFILES / "full.yaml", tmp_path),
        (copy, copy.parent),
    ):
        search = load(configs.TuneConfig, profile, "tune")
        run = load(configs.TrainConfig, profile, "train")
        summary = load(configs.SummaryConfig, profile, "summary")
        assert search.data == run.data == summary.data == root / "data/full"
        assert (
            search.storage
            == summary.storage
            == f"sqlite:///{root}/reports/full/optuna_study.db"
        )
        assert (
            search.baseline
            == run.baseline
            == summary.baseline
            == root / "reports/full/baseline_config.yaml"
        )
        assert search.runs == root / "checkpoints/tune_full"
        assert run.out == summary.checkpoints == root / "checkpoints/baseline"
        assert summary.seconds == root / "reports/full/seconds.json"
        assert (
            load(configs.ReportConfig, profile, "report").out == root / "reports/full"
        )


def test_full_is_the_size_of_the_seed_document():
    profile = paths.PROFILES / "full.yaml"
    sizes = load(configs.GenerateConfig, profile, "generate")
    assert (sizes.train, sizes.val, sizes.test) == (10_000, 2_000, 2_000)
    search = load(configs.TuneConfig, profile, "tune")
    assert (search.trials, search.epochs, search.batch_cap) == (12, 2, 50)
    run = load(configs.TrainConfig, profile, "train")
    assert (run.epochs, run.batch_cap) == (20, None)


@pytest.mark.parametrize("stage", STAGES)
def test_an_unknown_name_is_refused(stage, tmp_path):
    content = yaml.safe_load((paths.PROFILES / "smoke.yaml").read_text())
    content.setdefault(stage, {})["epoch_count"] = 3
    profile = tmp_path / "profile.yaml"
    profile.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match="unknown key 'epoch_count'"):
        load(STAGES[stage][1], profile, stage)


# The course


def prose(stage):
    return "\n\n".join(
        cell.source for cell in notebook(stage).cells if cell.cell_type == "markdown"
    )


@pytest.mark.parametrize("stage", ALL)
def test_a_notebook_is_a_lesson(stage):
    """Run time and question first, then theory, practice, meaning, three exercises with their answers folded away."""
    first = notebook(stage).cells[0].source
    size = first.split("\n\n")[1]
    assert re.search(r"^\*.*\b(seconds?|minutes?)\b.*core", size)
    assert "**The question.**" in first
    assert "`make lab`" in first
    text = prose(stage)
    parts = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts == ["Theory", "Practice", "What the numbers mean", "Exercises"]
    theory, rest = text.split("## Practice")
    assert theory.count("$") > 4
    assert "](https://" in text
    assert "**Change**" in rest
    exercises = rest.split("## Exercises")[1]
    assert exercises.count("<details><summary>Answer</summary>") == 3
    assert exercises.count("</details>") == 3


@pytest.mark.parametrize("stage", ALL)
def test_formulas_are_closed_and_prose_is_half_of_a_notebook(stage):
    for cell in notebook(stage).cells:
        if cell.cell_type == "markdown":
            assert cell.source.count("$") % 2 == 0, cell.id
    code = "\n".join(cell.source for cell in code_cells(stage))
    assert len(prose(stage).split()) > max(700, len(code.split()))


def test_the_course_is_numbered_in_order():
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        title = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
        assert title.startswith(f"# {int(path.name[:2])}. "), path


def test_a_changed_checked_value_fails(tmp_path):
    """A copy whose recorded output says something else is no longer accepted, one that is as it was still is."""
    original = deepcopy(notebook("parameters"))
    place = next(
        index
        for index, cell in enumerate(original.cells)
        if cell.source.startswith(CHECKED)
    )
    original.cells = [
        cell for cell in original.cells[: place + 1] if cell.cell_type == "code"
    ]
    nbformat.write(original, tmp_path / "same.ipynb")
    (output,) = original.cells[-1].outputs
    assert "beta 406" in output.text
    output.text = output.text.replace("beta 406", "beta 407")
    nbformat.write(original, tmp_path / "changed.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax"]
    command += ["--nbval-current-env"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "same.ipynb", "changed.ipynb"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(NOTEBOOKS.parent)},
        capture_output=True,
        text=True,
    )
    cells = len(original.cells)
    assert f"1 failed, {2 * cells - 1} passed" in done.stdout, done.stdout
    assert f"FAILED changed.ipynb::Cell {cells - 1}" in done.stdout
    assert "406" in done.stdout and "407" in done.stdout
