"""Parameters for one circuit: a network proposes, the exact search answers, a second computation checks the answer.

The answer is always the search's optimum. A proposal is judged as it stands, then moved to the nearest candidate
that is sound, so that its distance from the optimum can be told in bytes.

    nexuszero recommend FILE.r1cs --security 128
"""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nexuszero import queries
from nexuszero.candidates import (
    DEGREE,
    LEVELS,
    ORDERS,
    Array,
    Demand,
    Row,
    lwe_bits,
    margins,
    of_circuit,
    order,
    sound,
    standing,
)
from nexuszero.crypto import Circuits, CryptoBridge
from nexuszero.errors import InputError, StageError

if TYPE_CHECKING:  # an answer without a network must not wait for torch
    from nexuszero.batching import Standardiser

BASELINE = Path("checkpoints/baseline/best_model.pt")
TRAINED_NODES = 2000  # of the largest circuits that the dataset draws
MODEL_BYTES = 1 << 30  # that a network may take for one circuit
CUSTOM_GATE_USES = 5  # section of an .r1cs file


def model_file(checkpoint: Path | None = None, exact: bool = False) -> Path | None:
    """The network to ask: the one given, else the trained baseline, if there is one; none for `exact`."""
    if exact and checkpoint is not None:
        raise InputError(f"--exact asks no model, --checkpoint {checkpoint} names one; give one of them")
    return None if exact else checkpoint or (BASELINE if BASELINE.is_file() else None)


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
    circuits = bridge.read([file])
    clock.stop("read_ms")
    circuit = queries.analyses(circuits, [str(file)], bounds)[0]
    answer = queries.choices(circuits.choose(security, bounds))[0]
    clock.stop("search_ms")
    story: Row = {"file": str(file), "security": security, "source": "exact search, no model", **answer}
    story |= {"circuit": circuit, "warnings": _warnings(file)}
    if "infeasible" in answer:
        return (
            story | {"infeasible": _remedies(circuits, circuit, answer["infeasible"], security, bounds)} | clock.times
        )
    demand = of_circuit(circuit, answer, security)
    rows = checked(answer, sound(bridge, demand))
    constraints = margins(bridge, demand, rows[0])
    binds = min(constraints, key=lambda row: row["margin"])["constraint"]
    story |= {"proposal": None, "nearest": None, "constraints": constraints, "binds": binds}
    story["next_level"] = _next_level(circuits, answer, security, bounds)
    clock.stop("check_ms")
    if checkpoint is not None:
        _ask(bridge, circuits, demand, rows, checkpoint, story)
        clock.stop("model_ms")
    return story | clock.times


def levels(bridge: CryptoBridge, file: Path, bounds: str | None = None) -> list[Row]:
    """The optimum at every security level, with the keys of `nexuszero choose`; `infeasible` where there is none."""
    circuits = bridge.read([file])
    return [{"security": level} | queries.choices(circuits.choose(level, bounds))[0] for level in LEVELS]


def if_bounded(bridge: CryptoBridge, story: Row, bits: Sequence[int] = (8, 16, 24, 32, 48)) -> list[Row]:
    """What the proof would weigh if q were free and the circuit's values had at most so many bits."""
    heights = {order: story["circuit"][f"height_{DEGREE // order}"] for order in ORDERS}
    best = [sound(bridge, Demand(story["security"], heights, count))[0] for count in bits]
    return [{"values": count} | row for count, row in zip(bits, best, strict=True)]


def landscape(bridge: CryptoBridge, story: Row, steps: int = 32) -> Row:
    """Bits of ternary LWE around the answer and the proposal: ``n``, ``log2_q``, and ``bits [log2_q, n]``.

    Where no attack works, because q is too small for its n, there are no bits to tell: NaN.
    """
    told = story["proposal"] or story
    shares = {
        name: np.linspace(0.4, min(4, max(1.6, 1.1 * told[name] / story[name])), steps) for name in ("n", "log2_q")
    }
    n = DEGREE * np.unique(np.append(np.round(shares["n"] * story["n"] / DEGREE), story["n"] // DEGREE)).astype(int)
    log2_q = np.unique(np.append(np.round(shares["log2_q"] * story["log2_q"]), story["log2_q"]))
    bits = lwe_bits(bridge, np.tile(n, len(log2_q)), np.repeat(log2_q, len(n))).reshape(len(log2_q), len(n))
    return {"n": n, "log2_q": log2_q, "bits": np.where(np.isinf(bits), np.nan, bits)}


class Clock:
    """Milliseconds since the last stop."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}
        self._last = time.perf_counter()

    def stop(self, name: str) -> None:
        """Notes the time under a name, and starts anew."""
        now = time.perf_counter()
        self.times[name], self._last = (now - self._last) * 1e3, now


def checked(answer: Row, rows: Sequence[Row]) -> list[Row]:
    """The candidates from the answer on; an answer that they do not confirm is never given.

    The search passes over candidates of so few bits that no prime carries the circuit's ranges, so those may stand
    before the answer.
    """
    kept, q = [row for row in rows if row["log2_q"] >= answer["log2_q"]], answer["q"]
    equal = kept and all(math.isclose(kept[0][key], answer[key], rel_tol=1e-9) for key in queries.CHOICE_KEYS)
    if not equal or q.bit_length() != answer["log2_q"] or order(q) != answer["ord"]:
        raise StageError("the search and its check disagree, so no answer is given; please report this circuit")
    return kept


def judged(bridge: CryptoBridge, demand: Demand, rows: Sequence[Row], values: Array, units: Standardiser) -> Row:
    """What a network's ``values``, ``[6]`` in original units, are worth: ``proposal`` and ``nearest``.

    ``excess`` is the share by which the proof of the nearest candidate is longer than the smallest.
    """
    from nexuszero.dataset import TARGET_NAMES

    told = dict(zip(TARGET_NAMES, map(float, values), strict=True))
    proposal = told | standing(bridge, demand, told["n"], told["log2_q"], told["sigma"])
    targets = np.array([[row[name] for name in TARGET_NAMES] for row in rows])
    steps = units.transform(targets)[:, :3] - units.transform(values[None])[:, :3]  # [candidates, 3]
    nearest = rows[int((steps**2).sum(axis=1).argmin())]
    return {"proposal": proposal, "nearest": nearest | {"excess": nearest["proof_size"] / rows[0]["proof_size"] - 1}}


def _ask(
    bridge: CryptoBridge, circuits: Circuits, demand: Demand, rows: Sequence[Row], checkpoint: Path, story: Row
) -> None:
    """Adds a network's proposal to the story, or why it was not asked."""
    from nexuszero import checkpoint as checkpoints
    from nexuszero.dataset import unlabelled
    from nexuszero.evaluation import predict

    model = checkpoints.load(checkpoint)
    nodes = story["circuit"]["wires"] - 1 + story["circuit"]["constraints"]
    needed = model.model.memory(nodes, _most_edges(Path(story["file"]), story["circuit"]["field_bits"]))
    if needed > MODEL_BYTES:
        text = f"{nodes:,} nodes would take up to {needed / 2**30:.1f} GiB, and {MODEL_BYTES / 2**30:g} is the limit"
        story["warnings"].append(f"the model was not asked: {text}; the exact search answers alone")
        return
    if nodes > TRAINED_NODES:
        text = f"the circuit has {nodes:,} nodes, those that it was trained on up to {TRAINED_NODES:,}"
        story["warnings"].append(f"the model extrapolates: {text}")
    values = predict(model, unlabelled(circuits.graphs(demand.security)))[0]
    story |= {"source": f"{checkpoint}, checked by exact search"}
    story |= judged(bridge, demand, rows, values, model.standardiser)


def _most_edges(file: Path, field_bits: int) -> int:
    """An edge is a term of a file, four bytes of wire and a field element."""
    return file.stat().st_size // (4 + 8 * -(-field_bits // 64))


def _warnings(file: Path) -> list[str]:
    uses = custom_gates(file)
    text = f"custom gates are used {uses} times: no constraint says what they do, so the answer does not cover them"
    return [text] if uses else []


def custom_gates(file: Path) -> int:
    """How often a valid `.r1cs` file uses custom gates (section 5)."""
    with file.open("rb") as opened:
        for _ in range(struct.unpack("<8xI", opened.read(12))[0]):
            kind, size = struct.unpack("<IQ", opened.read(12))
            if kind == CUSTOM_GATE_USES:
                return int(struct.unpack("<I", opened.read(4))[0])
            opened.seek(size, 1)
    return 0


def _next_level(circuits: Circuits, answer: Row, security: int, bounds: str | None) -> Row | None:
    """What the next level costs, None above the highest."""
    above = [level for level in LEVELS if level > security]
    if not above:
        return None
    found = queries.choices(circuits.choose(above[0], bounds))[0]
    if "infeasible" in found:
        return {"security": above[0], "infeasible": found["infeasible"]}
    size = found["proof_size"]
    return {"security": above[0], "proof_size": size, "more": size / answer["proof_size"] - 1}


def _remedies(circuits: Circuits, circuit: Row, reason: str, security: int, bounds: str | None) -> str:
    """The constraint that cannot hold, and what would help this circuit."""
    lower = [level for level in LEVELS if level < security and circuits.choose(level, bounds)[0]["feasible"]]
    helps = [f"{lower[-1]} bits are feasible"] if lower else []
    if not circuit["liftable"]:
        helps.append("so may be a free modulus: bounds on private wires (--bounds) may let the circuit lift")
    return "; ".join([reason, *helps])
