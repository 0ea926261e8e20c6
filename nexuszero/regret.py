"""What following a network would cost: its proposals as they stand, and the nearest sound candidates in bytes.

On circuits that people compiled, none of which it was trained on, and on the test split for comparison.

    python -c "from nexuszero.regret import *; print(summary(compiled(None, checkpoint.load('checkpoints/baseline'))))"
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from nexuszero import checkpoint, queries
from nexuszero.candidates import LEVELS, Array, Row, of_circuit, sound
from nexuszero.crypto import Circuits, CryptoBridge
from nexuszero.dataset import Split, unlabelled
from nexuszero.errors import InputError
from nexuszero.evaluation import predict
from nexuszero.recommend import custom_gates, judged

ROOT = Path(__file__).parents[1]
FIXTURES = (ROOT / "crypto/tests/fixtures/circuits", ROOT / "tests/fixtures/circuits")


def compiled(directory: Path | None, model: checkpoint.Checkpoint, level: int = 128) -> list[Row]:
    """A row for each `.r1cs` file of a directory, None for the repository's fixtures.

    Left out are circuits with custom gates, which no answer covers, and those that multiply nothing private.
    """
    bridge = CryptoBridge()
    found = [file for place in ([directory] if directory else FIXTURES) for file in sorted(place.glob("*.r1cs"))]
    if not found:
        raise InputError(f"{directory or FIXTURES[0]}: holds no .r1cs file; correct the path")
    bridge.read(found)  # refuses what is no circuit
    kept = [file for file in found if not custom_gates(file)]
    circuits = bridge.read(kept)
    values = predict(model, unlabelled(circuits.graphs(level)))
    return _rows(bridge, circuits, [file.name for file in kept], level, values, model)


def drawn(split: Split, values: Array, model: checkpoint.Checkpoint) -> list[Row]:
    """A row for each circuit of a split, rebuilt from family and seed; ``values`` are proposals, ``[circuits, 6]``."""
    bridge, rows = CryptoBridge(), []
    families = [bridge.families().index(str(name)) for name in split.circuit["family"]]
    for level in LEVELS:
        chosen = np.flatnonzero(split.circuit["security"] == level)
        circuits = bridge.synthesize(np.array(families)[chosen], split.circuit["seed"][chosen])
        names = [f"{split.circuit['family'][index]} {index}" for index in chosen]
        rows += _rows(bridge, circuits, names, level, values[chosen], model)
    return rows


def _rows(
    bridge: CryptoBridge,
    circuits: Circuits,
    names: Sequence[str],
    level: int,
    values: Array,
    model: checkpoint.Checkpoint,
) -> list[Row]:
    """The network's judgement beside that of always answering the mean of its training circuits."""
    mean = model.standardiser.inverse(np.zeros((1, 6)))[0]
    analyses, answers, rows = queries.analyses(circuits, names), queries.choices(circuits.choose(level)), []
    for circuit, answer, value in zip(analyses, answers, values, strict=True):
        if "infeasible" in answer or not circuit["forms"]:
            continue
        demand = of_circuit(circuit, answer, level)
        candidates = [row for row in sound(bridge, demand) if row["log2_q"] >= answer["log2_q"]]
        found, plain = (judged(bridge, demand, candidates, told, model.standardiser) for told in (value, mean))
        rows.append({
            "circuit": circuit["file"], "security": level, "nodes": circuit["wires"] - 1 + circuit["constraints"],
            "free": circuit["liftable"], "sound": found["proposal"]["sound"], "fails": found["proposal"]["fails"],
            "proof_size": answer["proof_size"], "excess": found["nearest"]["excess"],
            "mean_sound": plain["proposal"]["sound"], "mean_excess": plain["nearest"]["excess"],
        })  # fmt: skip
    return rows


def summary(rows: Sequence[Row]) -> Row:
    """Shares sound as proposed, and how much larger the nearest candidate's proof is than the smallest.

    Where q is the field's prime there is one candidate, so only circuits whose q is free count for the excess.
    """
    free = [row for row in rows if row["free"]]
    return {
        "circuits": len(rows),
        "free": len(free),
        "sound": _mean(row["sound"] for row in rows),
        "optimum": _mean(row["excess"] == 0 for row in free),
        "median_excess": float(np.median([row["excess"] for row in free])) if free else None,
        "mean_excess": _mean(row["excess"] for row in free),
        "worst_excess": max((row["excess"] for row in free), default=None),
        "mean_predictor_sound": _mean(row["mean_sound"] for row in rows),
        "mean_predictor_mean_excess": _mean(row["mean_excess"] for row in free),
        "mean_predictor_median_excess": float(np.median([row["mean_excess"] for row in free])) if free else None,
    }


def _mean(values: Iterable[float]) -> float | None:
    kept = list(values)
    return float(np.mean(kept)) if kept else None
