"""One owner a folder: two at once, the owner's death by SIGKILL, another machine's note; real processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import synthetic
from shell import COMMAND, ROOT, refused

from nexuszero.errors import InputError
from nexuszero.files import sweep, temporary_name, whole
from nexuszero.locks import joined, owned

HOLD = """
import sys
from pathlib import Path
from nexuszero.files import whole
from nexuszero.locks import owned
with owned(Path(sys.argv[1]), sys.argv[2]), whole(Path(sys.argv[1], "answer")):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path, what: str) -> subprocess.Popen[str]:
    """A process that holds a folder and writes a file in it until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), what],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_the_second_learns_who_was_first_and_a_kill_ends_the_lock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = holder(tmp_path, "train")
    with (
        pytest.raises(InputError, match=f"`train` of process {first.pid} on .* since"),
        owned(tmp_path, "train"),
    ):
        pass
    with owned(tmp_path, "generate"):  # another kind of work in the same folder
        pass
    left = list(tmp_path.glob(".answer.*.tmp"))
    kill(first)
    assert len(left) == 1
    with owned(tmp_path, "train"), whole(tmp_path / "answer") as temporary:
        assert list(tmp_path.glob(".answer.*.tmp")) == [
            temporary
        ]  # the dead one's went
        temporary.write_text("42")
    assert not list(tmp_path.glob(".answer.*.tmp"))
    assert (
        capsys.readouterr().err == ""
    )  # on this machine the dead are known to be dead


def test_of_another_machine_it_says_what_it_cannot_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = {"what": "train", "process": 7, "host": "far", "boot": "x", "since": "noon"}
    (tmp_path / ".train.lock").write_text(json.dumps(note))
    with owned(tmp_path, "train"):
        pass
    (line,) = capsys.readouterr().err.splitlines()
    assert "process 7 on far" in line
    assert "cannot be seen from here" in line
    with owned(tmp_path, "train"):
        pass
    assert capsys.readouterr().err == ""


def test_an_error_inside_gives_the_folder_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), owned(tmp_path, "train"):
        raise ZeroDivisionError
    with owned(tmp_path, "train"):
        assert json.loads((tmp_path / ".train.lock").read_text())["what"] == "train"
    assert (tmp_path / ".train.lock").read_text() == ""


def test_members_are_several_and_the_first_is_alone(tmp_path: Path) -> None:
    with joined(tmp_path, "study") as first:
        assert first.alone
        first.share()
        with joined(tmp_path, "study") as second:
            assert not second.alone
    with joined(tmp_path, "study") as third:
        assert third.alone


def test_what_lives_is_not_swept(tmp_path: Path) -> None:
    with whole(tmp_path / "a[1]") as temporary:
        temporary.write_text("1")
        sweep(tmp_path / "a[1]")
        assert temporary.read_text() == "1"
    left = temporary_name(tmp_path / "a[1]")
    left.with_name(left.name.replace(str(os.getpid()), "999999999")).write_text("")
    (tmp_path / ".a[1].notes.tmp").write_text("")
    sweep(tmp_path / "a[1]")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a[1]"]


@pytest.mark.parametrize(
    ("what", "key", "folder"),
    [
        ("generate", "out", "data"),
        ("train", "out", "out"),
        ("tune", "storage", "study"),
    ],
)
def test_a_command_waits_for_nobody(
    tmp_path: Path, what: str, key: str, folder: str
) -> None:
    synthetic.dataset(tmp_path / "data")
    place = tmp_path / folder
    first = holder(
        place.parent if what == "tune" else place,
        place.name if what == "tune" else what,
    )
    line = refused(
        what,
        "--profile",
        "smoke",
        *("--set", f"{key}={place}"),
        *(() if what == "generate" else ("--set", f"data={tmp_path / 'data'}")),
        *(("--set", "baseline=null") if what == "train" else ()),
    )
    kill(first)
    assert f"of process {first.pid} on" in line


def test_two_runs_in_one_folder_leave_one_network(tmp_path: Path) -> None:
    synthetic.dataset(tmp_path / "data")
    words = [
        *("train", "--profile", "smoke", "--set", "baseline=null"),
        *("--set", f"data={tmp_path / 'data'}", "--set", f"out={tmp_path / 'out'}"),
        *("--set", "epochs=2", "--set", "hidden_dim=16", "--set", "num_heads=2"),
    ]
    runs = [
        subprocess.Popen(
            [*COMMAND, *words, "--set", f"seed={seed}"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in (1, 2)
    ]
    errors = [run.communicate()[1] for run in runs]
    codes = [run.returncode for run in runs]
    journal = (tmp_path / "out/run.jsonl").read_text()
    rows = [json.loads(line) for line in journal.splitlines()]
    from nexuszero.network import load

    origin = load(tmp_path / "out").origin
    if sorted(codes) == [0, 2]:  # the usual case: they met
        assert origin.seed == 1 + codes.index(0)
        assert "writes here" in errors[codes.index(2)]
    else:
        assert codes == [0, 0]  # one had ended before the other began
    assert [row["event"] for row in rows] == ["start", "epoch", "epoch", "end"]
    assert rows[0]["config"]["seed"] == origin.seed
