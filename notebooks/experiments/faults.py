"""Kills commands at random moments and calls them again: what is lost, what stays, whether the result is the same.

Each command runs as a process group that SIGKILL ends, then again, as often as it is asked for; at last it runs to its
end. Its result is compared with that of an uninterrupted run, and its folder is searched for what should not be there.

    python notebooks/experiments/faults.py --set kills=100
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import command
from pydantic import Field

from nexuszero import proof
from nexuszero.files import read_json, write_json
from nexuszero.paths import ROOT
from nexuszero.report import provenance
from nexuszero.settings import Located, Stage

CIRCUIT = ROOT / "tests/fixtures/circuits/compare.bn128"
NETWORK = ["hidden_dim=16", "num_layers=1", "num_heads=2", "dropout=0.1"]
SIZES = ["train=300", "val=60", "test=60", "threads=1"]
CALLS = 3  # interrupted ones before one that may end


class FaultsConfig(Stage):
    """Which commands are killed, and how often."""

    commands: list[str] = Field(
        ["generate", "train", "tune", "prove"], description="commands, in this order"
    )
    kills: int = Field(30, ge=1, description="of each command")
    seed: int = Field(1, ge=0, description="of the moments")
    out: Located = Field(
        Path("reports/faults.json"), description="JSON file that receives the counts"
    )


@dataclass
class Kills:
    """What came of one kind of command.

    Args:
        command: its name.
        tried: kills sent.
        hit: those that found it running.
        rounds: results compared.
        equal: those that are the uninterrupted one's, bit by bit where ``exact``.
        exact: whether the result repeats; a proof is random, and a search draws anew what was killed.
        left: temporary files that stayed after a round.
        seconds: of one uninterrupted call.
    """

    command: str
    tried: int = 0
    hit: int = 0
    rounds: int = 0
    equal: int = 0
    exact: bool = True
    left: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Command:
    """A command, and what its folder holds in the end.

    Args:
        words: for a folder of its own and one with a dataset.
        result: of the folder: what must be equal.
        exact: as for `Kills`.
    """

    words: Callable[[Path, Path], list[str]]
    result: Callable[[Path], Any]
    exact: bool = True


def _generate(out: Path, _: Path) -> list[str]:
    return ["generate", *_set([f"out={out / 'data'}", *SIZES])]


def _train(out: Path, data: Path) -> list[str]:
    values = [f"data={data}", f"out={out}", "baseline=null", "epochs=4", *NETWORK]
    return ["train", "--resume", *_set([*values, "threads=1"])]


def _tune(out: Path, data: Path) -> list[str]:
    values = [
        f"data={data}",
        f"storage={out / 'study.db'}",
        f"baseline={out / 'baseline.yaml'}",
        f"runs={out / 'runs'}",
        *("trials=3", "epochs=1", "batch_cap=1", "threads=1"),
    ]
    return ["tune", *_set(values)]


def _prove(out: Path, _: Path) -> list[str]:
    files = [f"{CIRCUIT}.r1cs", f"{CIRCUIT}.wtns"]
    target = ["--out", str(out / "a.proof"), "--public", str(out / "public.json")]
    return ["prove", *files, "--security", "128", *target, "--force"]


def _set(values: list[str]) -> list[str]:
    return ["--profile", "smoke", *(word for one in values for word in ("--set", one))]


def _network(out: Path) -> str:
    from nexuszero.network import load

    weights = load(out).model.state_dict()
    total = hashlib.sha256()
    for name, weight in weights.items():
        total.update(name.encode() + weight.numpy().tobytes())
    rows = [json.loads(line) for line in (out / "run.jsonl").read_text().splitlines()]
    epochs = [row["val_loss"] for row in rows if row["event"] == "epoch"]
    return f"{total.hexdigest()} {epochs} {rows[-1]['test_loss']}"


def _study(out: Path) -> int:
    from nexuszero.training import load_study

    assert (out / "baseline.yaml").is_file()
    trials = load_study(str(out / "study.db"), "full_run").trials
    return sum(trial.state.name == "COMPLETE" for trial in trials)


def _proof(out: Path) -> bool:
    public = proof.read_public(out / "public.json")
    data = proof.read(out / "a.proof")
    return proof.verify(Path(f"{CIRCUIT}.r1cs"), data, public, 128).valid


COMMANDS = {
    "generate": Command(
        _generate, lambda out: read_json(out / "data/generation.json", "")["sha256"]
    ),
    "train": Command(_train, _network),
    "tune": Command(_tune, _study, exact=False),
    "prove": Command(_prove, _proof, exact=False),
}


def kill(name: str, kills: int, folder: Path, seed: int = 1) -> Kills:
    """Kills a command that many times, and counts.

    Args:
        name: of `COMMANDS`.
        kills: sent in all, `CALLS` at most before a call that may end.
        folder: for all that is written.
        seed: of the moments.
    """
    command = COMMANDS[name]
    drawn = random.Random(seed)
    data = folder / "data"
    if not (data / "generation.json").is_file():
        _end(_start(COMMANDS["generate"].words(folder, data)))
    start = time.perf_counter()
    _end(_start(command.words(_new(folder / f"{name}-whole"), data)))
    found = Kills(name, exact=command.exact, seconds=time.perf_counter() - start)
    wanted = command.result(folder / f"{name}-whole")

    while found.tried < kills:
        out = _new(folder / f"{name}-{found.rounds}")
        for _ in range(min(CALLS, kills - found.tried)):
            process = _start(command.words(out, data))
            time.sleep(drawn.uniform(0, found.seconds))
            found.tried += 1
            if process.poll() is None:
                found.hit += 1
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        _end(_start(command.words(out, data)))
        found.rounds += 1
        found.equal += command.result(out) == wanted
        found.left += sum(1 for _ in out.rglob("*.tmp"))
    return found


def _new(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _start(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from nexuszero.cli import main; main()", *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[str]) -> None:
    _, error = process.communicate()
    if process.returncode:
        raise RuntimeError(error)


def measure(config: FaultsConfig, log: Callable[[str], None] = print) -> None:
    """Kills each command -> what ``config.out`` holds, whole after every command."""
    kills = {}
    for name in config.commands:
        with TemporaryDirectory(prefix="nexuszero-faults-") as folder:
            kills[name] = asdict(kill(name, config.kills, Path(folder), config.seed))
        log(f"{name}: {kills[name]}")
        content = {"provenance": provenance.collect(), "kills": kills}
        write_json(config.out, content)


if __name__ == "__main__":
    command.run(FaultsConfig, measure)
