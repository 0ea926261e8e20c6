"""The same seed on the same machine: two weeks leave the same data, trials, weights, losses and tables, bit by bit."""

import shutil
from pathlib import Path

import pytest
from faults import week_results
from shell import checked, start

from nexuszero.paths import PROFILES


@pytest.fixture(scope="module")
def second_week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a smoke week that ran by itself."""
    root = tmp_path_factory.mktemp("again")
    shutil.copy(PROFILES / "smoke.yaml", root)
    checked(start("week", "--config", root / "smoke.yaml", limit=900))
    return root


@pytest.mark.parametrize("name", ["data", "trials", "network", "analysis"])
def test_two_weeks_are_the_same(smoke_week: Path, second_week: Path, name: str) -> None:
    first, second = (
        week_results(root)[name] for root in (smoke_week.parents[2], second_week)
    )
    assert first
    assert first == second
