"""Kills commands at random moments and calls them again: what is lost, what stays, whether the result is the same.

Each command runs as a process group that SIGKILL ends, then again, as often as it is asked for; at last it runs to its
end. Its result is compared with that of an uninterrupted run, and its folder is searched for what should not be there.

    python notebooks/experiments/faults.py --set kills='{week: 30}'
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
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
import yaml
from pydantic import Field

from nexuszero import proof
from nexuszero.files import read_json, write_json
from nexuszero.paths import PROFILES, ROOT
from nexuszero.report import provenance
from nexuszero.settings import Located, Stage

CIRCUIT = ROOT / "tests/fixtures/circuits/compare.bn128"
NETWORK = ["hidden_dim=16", "num_layers=1", "num_heads=2", "dropout=0.1"]
SIZES = ["train=300", "val=60", "test=60", "threads=1"]
CALLS = 3  # interrupted ones before one that may end
COMMAND = ["-c", "from nexuszero.cli import main; main()"]
# what no two runs share: times, and the bytes of random proofs
CLOCK = re.compile("second|costs|^measured$")


class FaultsConfig(Stage):
    """Which commands are killed, and how often."""

    kills: dict[str, int] = Field(
        {"generate": 24, "prove": 24, "train": 24, "tune": 24, "repeat": 6, "week": 9},
        description="of each command, in this order",
    )
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
        exact: whether the result repeats; a proof is random.
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
        words: for a folder of its own and one that all share.
        result: of the folder: what must be equal.
        needs: what the shared folder holds, by the name of a command.
        exact: as for `Kills`.
    """

    words: Callable[[Path, Path], list[str]]
    result: Callable[[Path], Any]
    needs: str | None = None
    exact: bool = True


def _generate(out: Path, _: Path) -> list[str]:
    return [*COMMAND, "generate", *_set([f"out={out / 'data'}", *SIZES])]


def _train(out: Path, shared: Path) -> list[str]:
    data = f"data={shared / 'generate/data'}"
    values = [data, f"out={out}", "baseline=null", "epochs=4", *NETWORK, "threads=1"]
    return [*COMMAND, "train", "--resume", *_set(values)]


def _tune(out: Path, shared: Path) -> list[str]:
    values = [
        f"data={shared / 'generate/data'}",
        f"storage={out / 'study.db'}",
        f"baseline={out / 'baseline.yaml'}",
        f"runs={out / 'runs'}",
        *("trials=3", "epochs=1", "batch_cap=1", "threads=1"),
    ]
    return [*COMMAND, "tune", *_set(values)]


def _prove(out: Path, _: Path) -> list[str]:
    files = [f"{CIRCUIT}.r1cs", f"{CIRCUIT}.wtns"]
    target = ["--out", str(out / "a.proof"), "--public", str(out / "public.json")]
    return [*COMMAND, "prove", *files, "--security", "128", *target, "--force"]


def _week(out: Path, _: Path) -> list[str]:
    profile = out / "smoke.yaml"
    shutil.copy(PROFILES / "smoke.yaml", profile)
    return [*COMMAND, "week", "--config", str(profile)]


def _repeat(out: Path, shared: Path) -> list[str]:
    kept = out / "kept"
    if not kept.is_dir():
        shutil.copytree(shared / "week/reports/smoke", kept)
    values = [
        f"profile={shared / 'week/smoke.yaml'}",
        "seeds=[43]",
        f"week={kept}",
        f"out={out / 'networks'}",
    ]
    words = [word for value in values for word in ("--set", value)]
    return ["notebooks/experiments/repeat.py", *words]


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


def _trials(storage: Path) -> list[tuple[dict[str, Any], float | None]]:
    """What completed, in the order of the search; a trial that was killed comes again under a new number."""
    from nexuszero.training import load_study

    trials = load_study(str(storage), "full_run").trials
    done = [trial for trial in trials if trial.state.name == "COMPLETE"]
    done.sort(key=lambda trial: trial.user_attrs["place"])
    return [(trial.params, trial.value) for trial in done]


def _study(out: Path) -> Any:
    baseline = yaml.safe_load((out / "baseline.yaml").read_text())
    return _trials(out / "study.db"), baseline["learning_rate"]


def timeless(content: Any) -> Any:
    """A record without what depends on the clock or, of proofs, on chance."""
    if isinstance(content, dict):
        kept = {key: value for key, value in content.items() if not CLOCK.search(key)}
        return {key: timeless(value) for key, value in kept.items()}
    return [timeless(one) for one in content] if isinstance(content, list) else content


def week_results(root: Path) -> dict[str, Any]:
    """What a smoke week found, by kind, without times.

    Args:
        root: the folder of its profile.
    """
    reports = root / "reports/smoke"
    (checkpoint,) = root.glob("checkpoints/smoke/**/best_model.pt")
    return {
        "data": read_json(root / "data/smoke/generation.json", "")["sha256"],
        "trials": _trials(reports / "optuna_study.db"),
        "network": _network(checkpoint.parent),
        "analysis": timeless(read_json(reports / "analysis.json", "")),
    }


def _repeated(out: Path) -> Any:
    return timeless(read_json(out / "kept/seeds.json", "")["reports"])


def _proof(out: Path) -> bool:
    public = proof.read_public(out / "public.json")
    data = proof.read(out / "a.proof")
    return proof.verify(Path(f"{CIRCUIT}.r1cs"), data, public, 128).valid


COMMANDS = {
    "generate": Command(
        _generate, lambda out: read_json(out / "data/generation.json", "")["sha256"]
    ),
    "train": Command(_train, _network, needs="generate"),
    "tune": Command(_tune, _study, needs="generate"),
    "prove": Command(_prove, _proof, exact=False),
    "repeat": Command(_repeat, _repeated, needs="week"),
    "week": Command(_week, week_results),
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
    shared, whole = folder / "shared", folder / f"{name}-whole"
    if command.needs is not None:
        needed = _new(shared / command.needs)
        _end(_start(COMMANDS[command.needs].words(needed, shared)))
    start = time.perf_counter()
    _end(_start(command.words(_new(whole), shared)))
    found = Kills(name, exact=command.exact, seconds=time.perf_counter() - start)
    wanted = command.result(whole)

    while found.tried < kills:
        out = _new(folder / f"{name}-{found.rounds}")
        for _ in range(min(CALLS, kills - found.tried)):
            process = _start(command.words(out, shared))
            time.sleep(drawn.uniform(0, found.seconds))
            found.tried += 1
            if process.poll() is None:
                found.hit += 1
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        _end(_start(command.words(out, shared)))
        found.rounds += 1
        found.equal += command.result(out) == wanted
        found.left += sum(1 for _ in out.rglob("*.tmp"))
    return found


def _new(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _start(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words],
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
    for name, count in config.kills.items():
        with TemporaryDirectory(prefix="nexuszero-faults-") as folder:
            kills[name] = asdict(kill(name, count, Path(folder), config.seed))
        log(f"{name}: {kills[name]}")
        content = {"provenance": provenance.collect(), "kills": kills}
        write_json(config.out, content)


if __name__ == "__main__":
    command.run(FaultsConfig, measure)
