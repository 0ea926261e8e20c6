"""What a fresh clone costs: seconds of set-up, lint and tests, megabytes of what they install.

Clones the committed state beside nothing of yours and runs the README's commands there.

    python notebooks/experiments/clone.py
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import command
from pydantic import Field

from nexuszero.errors import StageError
from nexuszero.files import write_json
from nexuszero.paths import ROOT
from nexuszero.report import provenance
from nexuszero.settings import Located, Stage


class CloneConfig(Stage):
    """Which targets a clone runs."""

    targets: list[str] = Field(
        ["setup", "lint", "test", "week"], description="targets of make, in this order"
    )
    out: Located = Field(
        Path("reports/clone.json"), description="JSON file that receives the figures"
    )


def measure(config: CloneConfig, log: Callable[[str], None] = print) -> dict[str, Any]:
    """Seconds of each target in a fresh clone -> what ``config.out`` holds."""
    seconds: dict[str, float] = {}
    with TemporaryDirectory() as directory:
        clone = Path(directory) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        for target in config.targets:
            seconds[target] = _timed(clone, target)
            log(f"make {target}: {seconds[target]:.0f} s")
        megabytes = {
            "everything": _megabytes(clone / ".venv"),
            "light core": _light(clone, Path(directory) / "light"),
        }

    content = {
        "provenance": provenance.collect(),
        "seconds": seconds,
        "megabytes": megabytes,
    }
    write_json(config.out, content)
    return content


def _timed(clone: Path, target: str) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        ["make", target],
        cwd=clone,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        ending = " | ".join(done.stdout.splitlines()[-5:])
        raise StageError(f"make {target} failed in a fresh clone: {ending}")
    return time.perf_counter() - start


def _light(clone: Path, place: Path) -> float:
    """The core alone in an environment of its own."""
    tools = clone / ".venv/bin"
    wheels = place / "wheel"
    build = [
        tools / "maturin",
        "build",
        "--release",
        "--locked",
        "--quiet",
        "--out",
        wheels,
    ]
    subprocess.run(build, cwd=clone, check=True, capture_output=True)
    subprocess.run([tools / "uv", "venv", "--quiet", place / "env"], check=True)
    (wheel,) = wheels.glob("*.whl")
    python = place / "env/bin/python"
    constraint = ["--constraint", clone / "requirements.lock"]
    subprocess.run(
        [
            tools / "uv",
            "pip",
            "install",
            "--quiet",
            "--python",
            python,
            *constraint,
            wheel,
        ],
        check=True,
    )
    return _megabytes(place / "env")


def _megabytes(directory: Path) -> float:
    files = (
        path
        for path in directory.rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    return sum(file.stat().st_size for file in files) / 1e6


if __name__ == "__main__":
    command.run(CloneConfig, measure)
