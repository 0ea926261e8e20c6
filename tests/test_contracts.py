"""The contracts between rooms, and that a broken one is noticed: what `make lint` runs, on a copy of the package."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINTER = Path(sys.executable).with_name("lint-imports")


@pytest.fixture
def copy(tmp_path):
    """The package's sources and its contracts, somewhere else."""
    shutil.copytree(
        ROOT / "nexuszero",
        tmp_path / "nexuszero",
        ignore=shutil.ignore_patterns("_crypto", "__pycache__"),
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def linted(directory):
    return subprocess.run(
        [LINTER, "--no-cache"],
        cwd=directory,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(directory)},
    )


def test_every_contract_is_kept(copy):
    done = linted(copy)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        (
            "crypto/records.py",
            "import torch",
            "circuits and advice need no torch, studies or notebooks",
        ),
        ("data/split.py", "import nexuszero.network", "rooms, top to bottom"),
        ("advice/text.py", "import nexuszero.data", "rooms, top to bottom"),
        ("advice/text.py", "import pandas", "the core is light"),
        ("report/week.py", "import nexuszero.network.model", "network has one door"),
    ],
)
def test_a_broken_contract_fails_by_name(copy, module, statement, contract):
    file = copy / "nexuszero" / module
    file.write_text(file.read_text() + f"\n{statement}\n")
    done = linted(copy)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in " ".join(done.stdout.split())
