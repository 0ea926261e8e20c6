"""Where a number comes from: commit, versions, data, seed, machine. No name of a user or a path is recorded.

python -c "from nexuszero.report.provenance import collect; print(collect())"
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nexuszero.crypto import CryptoBridge
from nexuszero.data import Split
from nexuszero.paths import ROOT

PACKAGES = (
    "nexuszero",
    "torch",
    "torch-geometric",
    "optuna",
    "numpy",
    "pandas",
    "h5py",
    "plotly",
    "papermill",
)


def collect(splits: Mapping[str, Split] | None = None) -> dict[str, Any]:
    """Everything that a reader needs to repeat a run, as a JSON-able dict."""
    return {
        "date": today(),
        "commit": commit(),
        "versions": versions(),
        "library": library(),
        "machine": machine(),
        "data": data(splits or {}),
    }


def stamp() -> str:
    """The short form at a page's end: version, commit, day."""
    head, _, changed = commit().partition("-")
    return ", ".join(
        [
            f"nexuszero {_version('nexuszero')}",
            f"commit {head[:12]}{' with changes' if changed else ''}",
            today(),
        ]
    )


def today() -> str:
    """The day, UTC, as 2026-11-29."""
    return datetime.now(UTC).date().isoformat()


def commit() -> str:
    """The commit of the source tree, `-dirty` where tracked files differ from it, or `unknown`."""
    head = _git("rev-parse", "HEAD")
    if head is None:
        return "unknown"
    return (
        f"{head}-dirty"
        if _git("status", "--porcelain", "--untracked-files=no")
        else head
    )


def versions() -> dict[str, str]:
    """Python's version and those of the packages that results depend on."""
    return {"python": platform.python_version()} | {
        name: _version(name) for name in PACKAGES
    }


def library() -> dict[str, Any]:
    """The Rust library's version, and the versions of its labels and its columns."""
    bridge = CryptoBridge()
    return {
        "crate": bridge.version,
        "labels": bridge.label_version,
        "schema": bridge.schema_version,
    }


def machine() -> dict[str, Any]:
    """Processor, cores and memory, system; threads and GPU of torch where a process has loaded it."""
    torch = sys.modules.get("torch")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads() if torch else None,
        "gpu": torch.cuda.get_device_name()
        if torch and torch.cuda.is_available()
        else None,
        "ram_gib": _memory(),
    }


def data(splits: Mapping[str, Split]) -> dict[str, Any]:
    """Master seed and content hash of each split."""
    return {
        name: {
            "master_seed": int(split.attributes["master_seed"]),
            "sha256": split.content_hash,
        }
        for name, split in splits.items()
    }


def _git(*arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.is_file() else []
    models = [
        line.partition(":")[2].strip()
        for line in lines
        if line.startswith("model name")
    ]
    return models[0] if models else platform.processor() or "unknown"


def _memory() -> float | None:
    try:
        return round(
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1
        )
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None
