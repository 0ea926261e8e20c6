"""A tiny week made on demand, and the summary of it. Nothing that somebody named is ever replaced."""

import json
from pathlib import Path

import pandas as pd
import pytest
from report_cases import check_figures

from nexuszero.config import AnalyseConfig, SummaryConfig, TrainConfig, with_baseline
from nexuszero.errors import InputError
from nexuszero.evaluation import compare_golden, read_analysis
from nexuszero.report import search, standins, week
from nexuszero.training import Epoch, load_study


@pytest.fixture(scope="module")
def week_config(tmp_path_factory):
    root = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standins, "SCRATCH", root)
        config = SummaryConfig(
            data=root / "data",
            storage=str(root / "study.db"),
            baseline=root / "baseline.yaml",
            checkpoints=root / "run",
            analysis=root / "analysis.json",
            out=root / "summary.json",
        )
        standins.ensure_week(config)
    return config


@pytest.fixture(scope="module")
def record(week_config):
    return week.gather(week_config)


def test_only_scratch_gets_a_stand_in(tmp_path):
    for ensure in (standins.ensure_dataset, standins.ensure_baseline):
        ensure(tmp_path / "named")
    standins.ensure_checkpoint(tmp_path / "named", tmp_path)
    standins.ensure_study(str(tmp_path / "named"), "full_run", tmp_path, tmp_path)
    standins.ensure_analysis(tmp_path / "named", tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_baseline_file_decides_what_is_none_and_nothing_else(tmp_path):
    (tmp_path / "baseline.yaml").write_text("hidden_dim: 128\nnum_layers: 3\n")
    names = {name: field.default for name, field in TrainConfig.model_fields.items()}
    values = names | {
        "hidden_dim": None,
        "num_layers": 7,
        "baseline": tmp_path / "baseline.yaml",
    }
    run = with_baseline(TrainConfig(**standins.given(TrainConfig, values)))
    assert (run.hidden_dim, run.num_layers) == (
        128,
        7,
    )  # 7 is the default, and it was given


def test_the_analysis_was_of_the_network_on_this_data(record, week_config):
    report = record.analysis
    assert report["circuits"] == {"val": 20, "test": 20}
    assert report["models"]["network"]["val"]["loss"] == pytest.approx(
        record.run.end["val_loss"], rel=1e-3
    )
    labels = report["shares"]["labels"]
    assert labels["bit_security"] == 1
    loss, *on_circuits = report["targets_met"]
    assert loss["value"] == pytest.approx(record.run.end["val_loss"], rel=1e-3)
    assert all(row["value"] == labels[row["target"]] for row in on_circuits)


def test_an_analysis_that_lacks_measures_is_refused(week_config, tmp_path):
    content = json.loads(week_config.analysis.read_text())
    del content["costs"], content["seed"], content["content_sha256"]
    (tmp_path / "analysis.json").write_text(json.dumps(content))
    with pytest.raises(
        InputError,
        match=r"analysis\.json: has no costs, seed; run notebook 09_analyse again",
    ):
        read_analysis(tmp_path / "analysis.json")


def test_epochs_are_the_records_of_training(record):
    assert [epoch.epoch for epoch in record.run.epochs] == [1, 2]
    assert all(isinstance(epoch, Epoch) for epoch in record.run.epochs)


def test_a_network_of_other_data_is_refused(week_config, data_directory, tmp_path):
    from nexuszero.evaluation import analyse

    checkpoint = week_config.checkpoints / "best_model.pt"
    with pytest.raises(InputError, match="other train data"):
        analyse(
            AnalyseConfig(
                data=data_directory, checkpoint=checkpoint, out=tmp_path / "a.json"
            )
        )


def test_the_tables_agree_with_each_other(record):
    best = week.best_parameters(record)
    assert (best["best trial"] == best["baseline file"]).all()
    assert (best["best trial"] == best["trained with"]).all()
    assert len(search.trials(record.study)) == 2
    assert list(week.losses(record)["split"]) == ["train", "val", "test"]
    assert week.stage_times(record)["work (s)"].notna().sum() == 3


def test_the_summary_is_json_with_provenance(record, week_config):
    content = week.write(record, compare_golden(), week_config.out)
    assert json.loads(week_config.out.read_text()) == content
    assert (
        content["provenance"]["data"]["train"]["sha256"]
        == record.splits["train"].content_hash
    )
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
    config = week_config.model_copy(
        update={field: str(missing) if field == "storage" else missing}
    )
    with pytest.raises(InputError, match=line) as error:
        week.gather(config)
    assert "missing" in str(error.value)


def test_an_unknown_study_is_named(week_config):
    with pytest.raises(InputError, match="holds no study 'other'"):
        load_study(week_config.storage, "other")


def test_a_run_that_did_not_end_is_refused(tmp_path):
    journal = tmp_path / "run.jsonl"
    journal.write_text('{"event": "start"}\n')
    with pytest.raises(InputError, match="did not end"):
        week.read_run(journal)


def test_stage_times_leave_out_what_was_not_measured():
    table = pd.DataFrame(
        {
            "stage": ["generate", "analyse"],
            "work (s)": [2.0, None],
            "notebook (s)": [3.0, 4.0],
        }
    )
    figure = week.stage_times_figure(table)
    assert list(figure.data[0].y) == ["generate"]
    check_figures({"stage_times": figure})
