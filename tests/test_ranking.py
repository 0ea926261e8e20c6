"""Trials of a search trained to the end: what is trained, what is not done twice, what is refused."""

import optuna
import pytest
import ranking
from optuna.trial import create_trial

from nexuszero.config import GenerateConfig, TrainConfig
from nexuszero.data import generate
from nexuszero.errors import InputError
from nexuszero.files import read_json

SILENT = {"log": lambda _: None}


def trial_of(number, rate, value):
    distribution = optuna.distributions.FloatDistribution(1e-5, 5e-3, log=True)
    trial = create_trial(
        params={"learning_rate": rate},
        distributions={"learning_rate": distribution},
        value=value,
    )
    trial.number = number
    return trial


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    root = tmp_path_factory.mktemp("week")
    generate(
        GenerateConfig(out=root / "data", train=40, val=10, test=10, seed=1), **SILENT
    )
    shape = {"hidden_dim": 16, "num_layers": 1, "num_heads": 2}
    run = {"data": root / "data", "epochs": 2, "log_every": 0, "threads": 1}
    return TrainConfig.model_validate(run | shape)


TRIALS = [trial_of(0, 1e-5, 3.0), trial_of(1, 5e-3, 1.0), trial_of(2, 1e-3, 2.0)]


def test_settings_are_trained_once_and_ranked(config, tmp_path, monkeypatch):
    out = tmp_path / "ranking.json"
    runs = tmp_path / "runs"
    content = ranking.rank(config, TRIALS, runs, out, **SILENT)
    rows = content["rows"]
    assert [row["learning_rate"] for row in rows] == [1e-5, 5e-3, 1e-3]
    assert [row["trial_loss"] for row in rows] == [3.0, 1.0, 2.0]
    assert len({row["val_loss"] for row in rows}) == len(rows)
    assert content["spearman"] == ranking.correlation(rows)
    assert read_json(out, "") == content
    assert (runs / "trial_001/best_model.pt").is_file()

    monkeypatch.setattr(ranking, "train", None)
    assert ranking.rank(config, TRIALS, runs, out, **SILENT) == content
    other = config.model_copy(update={"epochs": 3})
    with pytest.raises(InputError, match="other settings or data"):
        ranking.rank(other, TRIALS, runs, out, **SILENT)


def test_the_correlation_is_spearman_s():
    rows = [
        {"trial_loss": trial, "val_loss": trained}
        for trial, trained in ((1, 10), (2, 30), (3, 20), (4, 40))
    ]
    # 1 - 6 (0 + 1 + 1 + 0) / (4 * 15)
    assert ranking.correlation(rows) == pytest.approx(0.8)
    assert ranking.correlation(rows[:2]) is None


def test_two_trials_have_no_order(config, tmp_path):
    with pytest.raises(InputError, match="2 completed trials have no order"):
        ranking.rank(config, TRIALS[:2], tmp_path, tmp_path / "r.json", **SILENT)
