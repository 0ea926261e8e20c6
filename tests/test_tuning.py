"""The study: its space, its criterion, its failures, and resuming. Training is replaced but in one test."""

import logging
import platform
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import synthetic
import yaml

from nexuszero.config import TUNED, GenerateConfig, TrainConfig, TuneConfig
from nexuszero.data import Split
from nexuszero.errors import InputError
from nexuszero.report import search
from nexuszero.settings import load
from nexuszero.training import (
    Epoch,
    Result,
    load_study,
    open_study,
    train,
    trials,
    tune,
    tuning,
)

LOGGED = [0, 2, 5]  # n, sigma and bytes; log2 q is a logarithm already


def config(data: Path, tmp_path: Path, **changes: Any) -> TuneConfig:
    paths = {
        "storage": "sqlite:///:memory:",
        "baseline": tmp_path / "b.yaml",
        "runs": tmp_path / "runs",
    }
    return TuneConfig(
        data=data, log_every=0, threads=1, **(paths | {"trials": 4} | changes)
    )


def on_disk(data: Path, tmp_path: Path, **changes: Any) -> TuneConfig:
    return config(data, tmp_path, storage=str(tmp_path / "study.db"), **changes)


def quiet(_: str) -> None:
    pass


def fake_loss(run: TrainConfig) -> float:
    return abs(run.dropout - 0.2) + run.num_layers / 10


def run_of(seen: list[TrainConfig]) -> Any:
    """A formula in place of training; the list receives each run's configuration."""

    def fake(run: TrainConfig, *, on_epoch: Any, **_: Any) -> Result:
        seen.append(run)
        value = fake_loss(run)
        for epoch in range(run.epochs):
            on_epoch(
                Epoch(
                    epoch + 1,
                    value,
                    value,
                    value,
                    0,
                    1.5,
                    0.1,
                    9,
                    1e-3,
                    best=epoch == 0,
                )
            )
        # the test loss ranks trials the other way round, so that choosing by it would show
        return Result(
            run.out, value, value, 10 - value, 1, run.epochs, False, 1.5, 1000, ()
        )

    return fake


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """Replaces training by a formula; the list receives each run's configuration."""
    seen: list[TrainConfig] = []
    monkeypatch.setattr(tuning, "train", run_of(seen))
    return seen


def test_the_search_space_is_the_seed_documents() -> None:
    trial = optuna.trial.FixedTrial(
        {
            "hidden_dim": 384,
            "num_layers": 8,
            "num_heads": 4,
            "dropout": 0.3,
            "learning_rate": 5e-4,
        }
    )
    tuning.suggest(trial)
    distributions = trial.distributions
    assert distributions["hidden_dim"] == optuna.distributions.CategoricalDistribution(
        [128, 256, 384]
    )
    assert distributions["num_layers"] == optuna.distributions.IntDistribution(3, 8)
    assert distributions["num_heads"] == optuna.distributions.CategoricalDistribution(
        [4, 8]
    )
    assert distributions["dropout"] == optuna.distributions.FloatDistribution(0.05, 0.3)
    assert distributions["learning_rate"] == optuna.distributions.FloatDistribution(
        1e-5, 5e-4, log=True
    )


def test_the_best_is_the_best_by_validation(
    data_directory: Path, tmp_path: Path, runs: list[TrainConfig]
) -> None:
    study = tune(config(data_directory, tmp_path), log=quiet)
    values = [fake_loss(run) for run in runs]
    assert study.best_value == min(values)
    assert [run.seed for run in runs] == [42, 43, 44, 45]
    assert [run.batch_cap for run in runs] == [50] * 4
    table = search.trials(study)
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert table["val_loss"].tolist() == sorted(values)
    assert (table["test_loss"] == 10 - table["val_loss"]).all()
    assert table["seconds"].tolist() == [1.5] * 4


def test_a_study_knows_what_always_the_mean_costs(
    data_directory: Path,
    tmp_path: Path,
    runs: list[TrainConfig],
    splits: dict[str, Split],
) -> None:
    study = tune(config(data_directory, tmp_path, trials=1), log=quiet)
    known, asked = (np.array(splits[name].targets) for name in ("train", "val"))
    for targets in (known, asked):
        targets[:, LOGGED] = np.log2(targets[:, LOGGED])
    error = (((asked - known.mean(0)) / known.std(0)) ** 2).mean(0)
    expected = error[:3].mean() + error[3:].mean()
    assert study.user_attrs["mean_loss"] == pytest.approx(expected)


def test_the_baseline_file(
    data_directory: Path, tmp_path: Path, runs: list[TrainConfig]
) -> None:
    study = tune(config(data_directory, tmp_path), log=quiet)
    text = (tmp_path / "b.yaml").read_text()
    assert "study full_run" in text
    assert f"trial {study.best_trial.number} of 4" in text
    assert f"validation loss: {study.best_value:.6f}" in text
    values = yaml.safe_load(text)
    assert {name: values[name] for name in TUNED} == study.best_trial.params
    loaded = load(TrainConfig, tmp_path / "b.yaml", "train")
    assert loaded.learning_rate == study.best_trial.params["learning_rate"]
    assert loaded.data.resolve() == data_directory.resolve()


def test_a_resumed_study_is_the_uninterrupted_one(
    data_directory: Path, tmp_path: Path, runs: list[TrainConfig]
) -> None:
    tune(on_disk(data_directory, tmp_path, trials=3), log=quiet)
    tune(on_disk(data_directory, tmp_path, trials=8), log=quiet)
    assert len(runs) == 8
    tune(on_disk(data_directory, tmp_path, trials=8), log=quiet)
    assert len(runs) == 8
    (tmp_path / "other").mkdir()
    tune(on_disk(data_directory, tmp_path / "other", trials=8), log=quiet)
    proposals = [run.model_dump(include=set(TUNED)) for run in runs]
    assert proposals[:8] == proposals[8:]
    assert len({run.learning_rate for run in runs}) == 8


@pytest.mark.parametrize(
    "error",
    [RuntimeError("out of memory"), FloatingPointError("nan"), MemoryError("full")],
)
def test_a_failed_trial_is_recorded_and_the_study_goes_on(
    data_directory: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    runs: list[TrainConfig],
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    good = tuning.train
    monkeypatch.setattr(logging.getLogger("optuna"), "handlers", [caplog.handler])

    def second_fails(run: TrainConfig, **given: Any) -> Result:
        if run.seed == 43:
            raise error
        return good(run, **given)

    monkeypatch.setattr(tuning, "train", second_fails)
    lines: list[str] = []
    study = tune(config(data_directory, tmp_path), log=lines.append)
    assert [trial.state.name for trial in study.trials] == [
        "COMPLETE",
        "FAIL",
        "COMPLETE",
        "COMPLETE",
    ]
    assert any(str(error) in line and "the study goes on" in line for line in lines)
    table = search.trials(study)
    assert table["rank"].tolist()[:3] == [1, 2, 3]
    assert table["rank"].isna().tolist() == [False, False, False, True]
    assert str(error) in study.trials[1].user_attrs["error"]
    assert not caplog.records  # one line of ours, no traceback of Optuna's beside it


def test_an_interrupted_trial_runs_again(
    data_directory: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    runs: list[TrainConfig],
) -> None:
    good = tuning.train

    def interrupted(run: TrainConfig, **given: Any) -> Result:
        if run.seed == 43:
            raise KeyboardInterrupt
        return good(run, **given)

    monkeypatch.setattr(tuning, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tune(on_disk(data_directory, tmp_path), log=quiet)
    study = open_study(on_disk(data_directory, tmp_path).storage, "full_run")
    with subprocess.Popen(["true"]) as process:
        died = (platform.node(), process.pid, time.time())
    study.ask().set_user_attr(
        trials.WORKER, died
    )  # a process that was killed leaves a running trial
    monkeypatch.setattr(tuning, "train", good)
    study = tune(on_disk(data_directory, tmp_path), log=quiet)
    states = [trial.state.name for trial in study.trials]
    assert states == ["COMPLETE", "FAIL", "FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    (tmp_path / "other").mkdir()
    whole = tune(on_disk(data_directory, tmp_path / "other"), log=quiet)
    found = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    assert [(trial.params, trial.value) for trial in found] == [
        (trial.params, trial.value) for trial in whole.trials
    ]


def test_all_trials_failing_is_an_input_error(
    data_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Result:
        raise RuntimeError("no")

    monkeypatch.setattr(tuning, "train", fails)
    with pytest.raises(InputError, match="no trial completed"):
        tune(config(data_directory, tmp_path, trials=2), log=quiet)


@pytest.mark.parametrize("prune", [True, False])
def test_pruning_halves_the_trials_after_one_two_and_four_epochs(
    data_directory: Path, tmp_path: Path, runs: list[TrainConfig], prune: bool
) -> None:
    """A trial goes on whose loss is in the better half of all that came so far; after its last epoch none is judged."""
    study = tune(
        config(
            data_directory,
            tmp_path,
            trials=12,
            startup_trials=12,
            epochs=4,
            prune=prune,
        ),
        log=quiet,
    )
    losses = [fake_loss(run) for run in runs]
    judged: dict[int, list[float]] = {1: [], 2: []}
    for trial, loss in zip(study.trials, losses, strict=True):
        ends = 4
        for epoch in (2, 1) if prune else ():
            came = [*judged[epoch], loss]
            if sorted(came).index(loss) >= max(1, len(came) // 2):
                ends = epoch
        for epoch in judged:
            judged[epoch] += [loss] * (epoch <= ends)
        assert max(trial.intermediate_values) == ends
        assert trial.state.name == ("COMPLETE" if ends == 4 else "PRUNED")
    assert any(trial.state.name == "PRUNED" for trial in study.trials) == prune
    assert search.trials(study)["rank"].notna().sum() == sum(
        trial.state.name == "COMPLETE" for trial in study.trials
    )


def test_a_missing_dataset_is_generated_only_when_asked(
    data_directory: Path, tmp_path: Path, runs: list[TrainConfig]
) -> None:
    asked: list[GenerateConfig] = []

    def generate(request: GenerateConfig) -> None:
        asked.append(request)
        request.out.symlink_to(data_directory)

    with pytest.raises(InputError, match="no such dataset"):
        tune(config(tmp_path / "data", tmp_path), log=quiet, generate=generate)
    assert asked == []
    tune(
        config(tmp_path / "data", tmp_path, generate=True, generate_val=7),
        log=quiet,
        generate=generate,
    )
    assert (asked[0].out, asked[0].val) == (tmp_path / "data", 7)
    tune(
        config(tmp_path / "data", tmp_path, generate=True), log=quiet, generate=generate
    )
    assert len(asked) == 1


def test_a_wrong_storage_is_one_line(data_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("not a database, " * 100)
    with pytest.raises(InputError, match=r"storage sqlite:///.*cannot be opened"):
        tune(on_disk(data_directory, tmp_path), log=quiet)


def test_a_real_study(
    data_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def smaller(run: TrainConfig, **given: Any) -> Result:
        return train(
            run.model_copy(update={"hidden_dim": 16, "num_layers": 1}), **given
        )

    monkeypatch.setattr(tuning, "train", smaller)
    study = tune(
        on_disk(data_directory, tmp_path, trials=2, epochs=2, batch_cap=2), log=quiet
    )
    table = search.trials(study)
    assert table["state"].tolist() == ["COMPLETE", "COMPLETE"]
    assert (table[["val_loss", "test_loss"]] < 10).all(axis=None)
    assert [len(trial.intermediate_values) for trial in study.trials] == [2, 2]
    assert (tmp_path / "runs" / "trial_001" / "run.jsonl").is_file()


@pytest.mark.parametrize(
    "other",
    [
        {"epochs": 3},
        {"batch_cap": 7},
        {"batch_size": 16},
        {"seed": 7},
        {"data": "other"},
        {"label_version": 1},
    ],
)
def test_a_study_of_other_settings_is_not_continued(
    data_directory: Path,
    tmp_path: Path,
    runs: list[TrainConfig],
    monkeypatch: pytest.MonkeyPatch,
    other: dict[str, Any],
) -> None:
    first = on_disk(data_directory, tmp_path, trials=1)
    tune(first, log=quiet)
    baseline = first.baseline.read_bytes()
    if "data" in other:
        synthetic.dataset(tmp_path / "other", seed=9)
        other = {"data": tmp_path / "other"}
    if "label_version" in other:
        monkeypatch.setattr(tuning, "label_version", lambda: 1)
        other = {}
    changed = first.model_copy(update={"trials": 2, **other})
    with pytest.raises(InputError, match=r"is of .*, not .*; name another study"):
        tune(changed, log=quiet)
    assert len(runs) == 1
    assert first.baseline.read_bytes() == baseline
    tune(changed.model_copy(update={"study_name": "another"}), log=quiet)
    assert len(runs) == 3


def test_a_study_without_its_settings_is_not_continued(
    data_directory: Path, tmp_path: Path, runs: list[TrainConfig]
) -> None:
    wanted = on_disk(data_directory, tmp_path, trials=2)
    study = open_study(wanted.storage, wanted.study_name)
    study.tell(study.ask(), 1.0)
    with pytest.raises(InputError, match="does not say its data"):
        tune(wanted, log=quiet)
    assert not runs


def test_a_trial_that_is_not_what_was_written_is_named(
    data_directory: Path, tmp_path: Path, runs: list[TrainConfig]
) -> None:
    wanted = on_disk(data_directory, tmp_path, trials=2)
    tune(wanted, log=quiet)
    with sqlite3.connect(tmp_path / "study.db") as database:
        database.execute("UPDATE trial_values SET value = value / 2 WHERE trial_id = 2")
    database.close()
    with pytest.raises(InputError, match=r"trial 1 .* is not what was written"):
        load_study(wanted.storage, wanted.study_name)
    with pytest.raises(InputError, match=r"trial 1 .* is not what was written"):
        tune(wanted, log=quiet)


@pytest.mark.parametrize("scheme", ["", "journal:///"])
def test_whatever_runs_is_dead_where_nobody_else_works(
    data_directory: Path,
    tmp_path: Path,
    runs: list[TrainConfig],
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    storage = f"{scheme}{tmp_path / 'study'}"
    wanted = config(data_directory, tmp_path, storage=storage, trials=3)
    tune(wanted.model_copy(update={"trials": 1}), log=quiet)
    study = open_study(wanted.storage, wanted.study_name)
    study.ask()  # killed before its first line
    monkeypatch.setattr(platform, "node", lambda: "another")  # a container's old name
    trials.sign(study.ask())
    monkeypatch.undo()
    monkeypatch.setattr(tuning, "train", run_of(runs))
    tune(wanted, log=quiet)
    states = [trial.state.name for trial in study.get_trials()]
    assert states == ["COMPLETE", "FAIL", "FAIL", "COMPLETE", "COMPLETE"]
