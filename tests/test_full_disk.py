"""Disks that are full or may not be written: one line that names the file, and nothing half-written stays."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import COMMAND, ROOT, line_of, refused

CIRCUIT = ROOT / "tests/fixtures/circuits/compare.bn128.r1cs"
WITNESS = CIRCUIT.with_suffix(".wtns")
PAGE = 4096  # bytes
SMALL = ["hidden_dim=16", "num_layers=1", "num_heads=2", "epochs=1", "baseline=null"]


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory with one page left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if (
        not shutil.which("mount")
        or subprocess.run(mount, capture_output=True).returncode
    ):
        pytest.skip("no file system can be mounted here")
    try:
        free = os.statvfs(disk)
        (disk / "filler").write_bytes(bytes(free.f_bavail * free.f_frsize - PAGE))
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def stage(name: str, **values: object) -> list[object]:
    """The words of a stage of the smoke profile with other settings."""
    settings = [f"{key}={value}" for key, value in values.items()]
    return [name, "--profile", "smoke", *sets(settings)]


def sets(settings: list[str]) -> list[str]:
    return [word for one in settings for word in ("--set", one)]


def words(name: str, disk: Path, data: Path) -> list[object]:
    """A command that writes more than a page to the disk."""
    commands = {
        "generate": stage("generate", out=disk / "data", threads=1),
        "train": [*stage("train", data=data, out=disk / "run"), *sets(SMALL)],
        "tune": stage(
            "tune",
            data=data,
            storage=disk / "study.db",
            baseline=disk / "baseline.yaml",
            runs=disk / "runs",
        ),
        "prove": [
            "prove",
            CIRCUIT,
            WITNESS,
            "--security",
            128,
            "--out",
            disk / "proof",
        ],
        "report": ["report", CIRCUIT, "--exact", "--out", disk],
        "simplify": ["simplify", CIRCUIT, "-o", disk / "new.r1cs"],
    }
    return commands[name]


@pytest.mark.parametrize(
    "name", ["generate", "train", "tune", "prove", "report", "simplify"]
)
def test_a_full_disk(full_disk: Path, data_directory: Path, name: str) -> None:
    line = refused(*words(name, full_disk, data_directory))
    assert str(full_disk) in line
    reasons = ["No space left on device", "disk is full", "GB are free"]
    assert any(reason in line for reason in reasons)
    assert not list(full_disk.rglob("*.tmp"))


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from nexuszero.cli import main
main()
"""


@pytest.mark.parametrize("room", [0, 3000, 30_000])
def test_no_file_may_grow(tmp_path: Path, room: int) -> None:
    # RLIMIT_FSIZE: a write beyond it fails as one on a full disk does, with EFBIG for ENOSPC
    done = subprocess.run(
        [
            *(sys.executable, "-c", LIMITED, str(room)),
            *("generate", "--profile", "smoke", "--set", f"out={tmp_path / 'data'}"),
            *("--set", "train=120", "--set", "threads=1"),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    line = line_of(done)
    assert os.strerror(errno.EFBIG) in line
    assert "index.h5" in line
    left = [file.name for file in tmp_path.rglob("*") if file.is_file()]
    assert left == [".generate.lock"]


def test_standard_output_is_full() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "estimate", "lwe", "512", "3329", "1"],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "standard output: No space left on device" in line


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        for words in (
            ["export", "merkle", 1, tmp_path / "a"],
            ["generate", "--profile", "smoke", "--set", f"out={tmp_path / 'd'}"],
        ):
            assert "Permission denied" in refused(*words)
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_where_none_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file/data"
    line = refused("generate", "--profile", "smoke", "--set", f"out={place}")
    assert str(place) in line
