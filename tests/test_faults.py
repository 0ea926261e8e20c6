"""Commands that are killed go on: a few kills here, as many as NEXUSZERO_KILLS says, a hundred by the script."""

import os
from pathlib import Path

import faults
import pytest

KILLS = int(os.environ.get("NEXUSZERO_KILLS", "2"))


@pytest.mark.parametrize("name", ["generate", "prove", "tune"])
def test_a_killed_command_ends_as_an_uninterrupted_one(
    tmp_path: Path, name: str
) -> None:
    found = faults.kill(name, KILLS, tmp_path)
    assert found.tried == KILLS
    assert found.equal == found.rounds > 0
    assert found.left == 0
