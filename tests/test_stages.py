"""A tiny week made on demand, and the summary of it. Nothing that somebody named is ever replaced."""

import json
from pathlib import Path

import pytest

from nexuszero.config import AnalyseConfig, SummaryConfig, TrainConfig, with_baseline
from nexuszero.errors import InputError
from nexuszero.evaluation import compare_golden
from nexuszero.report import search
from nexuszero.report import standins as stages
from nexuszero.report import week as summary
from nexuszero.training import load_study


@pytest.fixture(scope="module")
def week_config(tmp_path_factory):
    root = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "SCRATCH", root)
        config = SummaryConfig(
            data=root / "data",
            storage=str(root / "study.db"),
            baseline=root / "baseline.yaml",
            checkpoints=root / "run",
            analysis=root / "analysis.json",
            out=root / "summary.json",
        )
        stages.ensure_week(config)
    return config


@pytest.fixture(scope="module")
def week(week_config):
    return summary.gather(week_config)


def test_only_scratch_is_made(tmp_path):
    for ensure in (stages.ensure_dataset, stages.ensure_baseline):
        ensure(tmp_path / "named")
    stages.ensure_checkpoint(tmp_path / "named", tmp_path)
    stages.ensure_study(str(tmp_path / "named"), "full_run", tmp_path, tmp_path)
    stages.ensure_analysis(tmp_path / "named", tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_baseline_file_decides_what_is_none_and_nothing_else(tmp_path):
    (tmp_path / "baseline.yaml").write_text("hidden_dim: 128\nnum_layers: 3\n")
    names = {name: field.default for name, field in TrainConfig.model_fields.items()}
    told = names | {"hidden_dim": None, "num_layers": 7, "baseline": tmp_path / "baseline.yaml"}
    run = with_baseline(TrainConfig(**stages.given(TrainConfig, told)))
    assert (run.hidden_dim, run.num_layers) == (128, 7)  # 7 is the default, and it was given


def test_the_analysis_was_of_the_network_on_this_data(week, week_config):
    report = week.analysis
    assert report["circuits"] == {"val": 20, "test": 20}
    assert report["models"]["network"]["val"]["loss"] == pytest.approx(week.run["end"]["val_loss"], rel=1e-3)
    assert report["shares"]["labels"]["bit_security"] == 1


def test_a_network_of_other_data_is_refused(week_config, data_directory, tmp_path):
    from nexuszero.evaluation import analyse

    checkpoint = week_config.checkpoints / "best_model.pt"
    with pytest.raises(InputError, match="other train data"):
        analyse(AnalyseConfig(data=data_directory, checkpoint=checkpoint, out=tmp_path / "a.json"))


def test_the_tables_agree_with_each_other(week):
    best = summary.best_parameters(week)
    assert (best["best trial"] == best["baseline file"]).all()
    assert (best["best trial"] == best["trained with"]).all()
    assert len(search.trials(week.study)) == 2
    assert list(summary.losses(week)["split"]) == ["train", "val", "test"]
    values = summary.best_parameters(week)
    assert (values["best trial"] == values["baseline file"]).all()
    assert summary.stage_times(week)["work (s)"].notna().sum() == 3


def test_the_summary_is_json_with_provenance(week, week_config):
    content = summary.write(week, compare_golden(), week_config.out)
    assert json.loads(week_config.out.read_text()) == content
    assert content["provenance"]["data"]["train"]["sha256"] == week.splits["train"].content_hash
    assert content["provenance"]["seed"] == 42
    assert str(Path.home()) not in week_config.out.read_text()


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("data", "no such dataset"),
        ("storage", "no such study"),
        ("baseline", "no such file"),
        ("checkpoints", "no such run"),
        ("analysis", "no such file"),
        ("seconds", "no such file"),
    ],
)
def test_a_missing_file_is_named(week_config, tmp_path, field, line):
    missing = tmp_path / "missing"
    config = week_config.model_copy(update={field: str(missing) if field == "storage" else missing})
    with pytest.raises(InputError, match=line) as error:
        summary.gather(config)
    assert "missing" in str(error.value)


def test_an_unknown_study_is_named(week_config):
    with pytest.raises(InputError, match="holds no study 'other'"):
        load_study(week_config.storage, "other")


def test_a_run_that_did_not_end_is_refused(tmp_path):
    journal = tmp_path / "run.jsonl"
    journal.write_text('{"event": "start"}\n')
    with pytest.raises(InputError, match="did not end"):
        summary.read_run(journal)
