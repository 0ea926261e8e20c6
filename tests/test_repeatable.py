"""The same seed on the same machine: two weeks leave the same data, trials, weights, losses and tables, bit by bit."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from shell import checked, start

from nexuszero.network import load
from nexuszero.paths import PROFILES
from nexuszero.training import load_study

# what depends on the clock, or says when and where something ran
CLOCK = re.compile(
    r"second|milliseconds|_ms$|\(s\)|per_minute|costs|times|pays|sha256$"
)


@pytest.fixture(scope="module")
def second_week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a smoke week that ran by itself."""
    root = tmp_path_factory.mktemp("again")
    shutil.copy(PROFILES / "smoke.yaml", root)
    checked(start("week", "--config", root / "smoke.yaml", limit=900))
    return root


def timeless(content: Any) -> Any:
    """A record without what depends on the clock."""
    if isinstance(content, dict):
        kept = {key: value for key, value in content.items() if not CLOCK.search(key)}
        return {key: timeless(value) for key, value in kept.items()}
    return [timeless(one) for one in content] if isinstance(content, list) else content


def results(root: Path) -> dict[str, Any]:
    """What a smoke week found, without times."""
    reports = root / "reports/smoke"
    (run,) = root.glob("checkpoints/smoke/**/run.jsonl")
    events = [json.loads(line) for line in run.read_text().splitlines()]
    trials = load_study(str(reports / "optuna_study.db"), "full_run").trials
    weights = load(run.parent).model.state_dict()
    return {
        "data": json.loads((root / "data/smoke/generation.json").read_text())["sha256"],
        "trials": [(trial.number, trial.params, trial.value) for trial in trials],
        "losses": [timeless(event) for event in events if event["event"] == "epoch"],
        "weights": {name: one.numpy().tobytes() for name, one in weights.items()},
        **{
            name: timeless(json.loads((reports / f"{name}.json").read_text()))
            for name in ("summary", "analysis")
        },
    }


@pytest.mark.parametrize(
    "name", ["data", "trials", "losses", "weights", "summary", "analysis"]
)
def test_two_weeks_are_the_same(smoke_week: Path, second_week: Path, name: str) -> None:
    first, second = results(smoke_week.parents[2])[name], results(second_week)[name]
    assert first, name
    assert first == second
