"""Parameters for one circuit: a network proposes, the exact search judges the proposal and answers.

The answer is always the search's optimum. A proposal is the search's answer to what the network believes that
the circuit asks; it is judged as it stands, then moved to the nearest candidate that is sound, so that its distance
from the optimum can be told in bytes.

    nexuszero recommend FILE.r1cs --security 128
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nexuszero.crypto import DEGREE, LEVELS, Circuits, CryptoBridge
from nexuszero.crypto import questions as queries
from nexuszero.crypto.questions import Row
from nexuszero.errors import InputError
from nexuszero.paths import PUBLISHED

if TYPE_CHECKING:  # an answer without a network must not wait for torch
    from nexuszero.network import Checkpoint

BASELINE = Path("checkpoints/baseline/best_model.pt")
TRAINED_NODES = 2000  # of the largest circuits that the dataset draws
MODEL_BYTES = 1 << 30  # that a network may take for one circuit


def model_file(checkpoint: Path | None = None, exact: bool = False) -> Path | None:
    """The network to ask: the one given, else the trained baseline, else the reference; none for `exact`."""
    if exact and checkpoint is not None:
        raise InputError(f"--exact asks no model, --checkpoint {checkpoint} names one; give one of them")
    return None if exact else checkpoint or next((file for file in (BASELINE, PUBLISHED) if file.is_file()), None)


def advise(
    bridge: CryptoBridge, file: Path, security: int, bounds: str | None, checkpoint: Path | None, exact: bool
) -> Row:
    """:func:`recommend` with the network that :func:`model_file` finds; says so where there is none."""
    model = model_file(checkpoint, exact)
    story = recommend(bridge, file, security, bounds, model)
    if model is None and not exact:
        story["source"] += f": {BASELINE} is not there, `nexuszero train` makes it"
    return story


def recommend(
    bridge: CryptoBridge, file: Path, security: int, bounds: str | None = None, checkpoint: Path | None = None
) -> Row:
    """The smallest sound parameters of a circuit, and why they are.

    Args:
        bridge: the library.
        file: a circuit, `.r1cs`.
        security: bits, one of 100, 128, 192, 256.
        bounds: text of a JSON object from wire to ``[lo, hi]``, where range inference starts from.
        checkpoint: a trained network to ask first, or None.

    Returns:
        A JSON-able row: the answer with the keys of `nexuszero choose` and ``q``; beside it ``circuit``,
        ``proposal`` and ``nearest`` (None without a network), ``constraints``, ``binds``, ``next_level``, ``warnings``
        and milliseconds. Where nothing is sound, ``infeasible`` says why and what would help.
    """
    clock = Clock()
    circuits = bridge.read([file], bounds)
    clock.stop("read_ms")
    circuit = queries.analyses(circuits, [str(file)])[0]
    clock.stop("analyse_ms")
    candidates = queries.choices(circuits.candidates(security))
    answer = candidates[0]
    story: Row = {"file": str(file), "security": security, "source": "exact search, no model", **answer}
    story |= {"circuit": circuit, "warnings": _warnings(circuit), "proposal": None, "nearest": None}
    if "infeasible" in answer:
        story["infeasible"] = _remedies(circuits, circuit, answer["infeasible"], security)
        return story
    story["constraints"] = queries.margins(circuit, answer, security)
    story["binds"] = min(story["constraints"], key=lambda row: row["margin"])["constraint"]
    story["next_level"] = _next_level(circuits, answer, security)
    clock.stop("search_ms")
    if checkpoint is not None:
        _ask(circuits, candidates, checkpoint, story)
        clock.stop("model_ms")
    return story | clock.times


def levels(bridge: CryptoBridge, file: Path, bounds: str | None = None) -> list[Row]:
    """The optimum at every security level, with the keys of `nexuszero choose`; `infeasible` where there is none."""
    circuits = bridge.read([file], bounds)
    return [{"security": level} | queries.choices(circuits.choose(level))[0] for level in LEVELS]


def landscape(bridge: CryptoBridge, story: Row, steps: int = 32) -> Row:
    """Bits of ternary LWE around the answer and the proposal: ``n``, ``log2_q``, and ``bits [log2_q, n]``.

    Where no attack works, because q is too small for its n, there are no bits to tell: NaN.
    """
    told, ternary = story["proposal"] or story, math.sqrt(2 / 3)
    shares = {
        name: np.linspace(0.4, min(4, max(1.6, 1.1 * told[name] / story[name])), steps) for name in ("n", "log2_q")
    }
    n = DEGREE * np.unique(np.append(np.round(shares["n"] * story["n"] / DEGREE), story["n"] // DEGREE)).astype(int)
    log2_q = np.unique(np.append(np.round(shares["log2_q"] * story["log2_q"]), story["log2_q"]))
    found = bridge.estimate_lwe(np.tile(n, len(log2_q)), np.repeat(log2_q, len(n)), ternary, ternary)
    return {"n": n, "log2_q": log2_q, "bits": found["bits"].reshape(len(log2_q), len(n))}


class Clock:
    """Milliseconds since the last stop."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}
        self._last = time.perf_counter()

    def stop(self, name: str) -> None:
        """Notes the time under a name, and starts anew."""
        now = time.perf_counter()
        self.times[name], self._last = (now - self._last) * 1e3, now


def _ask(circuits: Circuits, candidates: Sequence[Row], checkpoint: Path, story: Row) -> None:
    """Adds a network's proposal to the story, or why it was not asked."""
    from nexuszero.data import TARGET_NAMES, Graphs, nearest
    from nexuszero.network import predict, search_demand

    model = _loaded(checkpoint, checkpoint.stat().st_mtime_ns if checkpoint.is_file() else 0)
    nodes = story["circuit"]["wires"] - 1 + story["circuit"]["constraints"]
    needed = model.model.memory(nodes, 0)
    if needed <= MODEL_BYTES:  # else not even the graph is built
        graph = Graphs.from_columns(circuits.graphs(story["security"]))
        needed = model.model.memory(nodes, len(graph.edge_attr))
    if needed > MODEL_BYTES:
        text = f"{nodes:,} nodes would take {needed / 2**30:.1f} GiB, and {MODEL_BYTES / 2**30:g} is the limit"
        story["warnings"].append(f"the model was not asked: {text}; the exact search answers alone")
        return
    if nodes > TRAINED_NODES:
        text = f"the circuit has {nodes:,} nodes, those that it was trained on up to {TRAINED_NODES:,}"
        story["warnings"].append(f"the model extrapolates: {text}")
    prediction = predict(model, graph)
    values = search_demand(circuits, story["security"], prediction.demand, prediction.targets)[0]
    story["source"] = f"{checkpoint}, checked by exact search"
    verdict = queries.verdicts(circuits.judge(story["security"], values[None, :3]))[0]
    story["proposal"] = dict(zip(TARGET_NAMES, map(float, values), strict=True)) | verdict
    story["nearest"] = nearest(candidates, values, model.standardiser)


@lru_cache(1)
def _loaded(checkpoint: Path, _stamp: int) -> Checkpoint:
    """The network of a file, which stays in memory until the file changes."""
    from nexuszero.network import load

    return load(checkpoint)


def _warnings(circuit: Row) -> list[str]:
    uses = circuit["custom_gates"]
    text = f"custom gates are used {uses} times: no constraint says what they do, so the answer does not cover them"
    return [text] if uses else []


def _next_level(circuits: Circuits, answer: Row, security: int) -> Row | None:
    """What the next level costs, None above the highest."""
    above = [level for level in LEVELS if level > security]
    if not above:
        return None
    found = queries.choices(circuits.choose(above[0]))[0]
    if "infeasible" in found:
        return {"security": above[0], "infeasible": found["infeasible"]}
    size = found["proof_size"]
    return {"security": above[0], "proof_size": size, "more": size / answer["proof_size"] - 1}


def _remedies(circuits: Circuits, circuit: Row, reason: str, security: int) -> str:
    """The constraint that cannot hold, and what would help this circuit."""
    lower = [level for level in LEVELS if level < security and circuits.choose(level)[0]["feasible"]]
    helps = [f"{lower[-1]} bits are feasible"] if lower else []
    if not circuit["liftable"]:
        helps.append("so may be a free modulus: bounds on private wires (--bounds) may let the circuit lift")
    return "; ".join([reason, *helps])
