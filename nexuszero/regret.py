"""What following a network would cost: its proposals as they stand, and the nearest sound candidates in bytes.

On circuits that people compiled, none of which it was trained on, and on the test split for comparison.

    python -c "from nexuszero.regret import *; print(summary(compiled(Path('crypto/tests/fixtures/circuits'), \
               checkpoint.load('checkpoints/baseline'))))"
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nexuszero import checkpoint, queries
from nexuszero.candidates import LEVELS, Array, Row, of_circuit, sound
from nexuszero.crypto import Circuits, CryptoBridge
from nexuszero.dataset import Split, unlabelled
from nexuszero.errors import InputError
from nexuszero.evaluation import predict
from nexuszero.recommend import custom_gates, judged


def compiled(directory: Path, model: checkpoint.Checkpoint, levels: Sequence[int] = LEVELS) -> list[Row]:
    """A row for each `.r1cs` file of a directory and each level; files with custom gates are left out."""
    bridge = CryptoBridge()
    found = sorted(directory.glob("*.r1cs"))
    if not found:
        raise InputError(f"{directory}: holds no .r1cs file; correct the path")
    circuits = bridge.read(found)  # refuses what is no circuit
    kept = [file for file in found if not custom_gates(file)]
    circuits, names = bridge.read(kept), [file.name for file in kept]
    rows = []
    for level in levels:
        values = predict(model, unlabelled(circuits.graphs(level)))
        rows += _rows(bridge, circuits, names, level, values, model)
    return rows


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
        if "infeasible" in answer:
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
    excess, plain = (np.array([row[name] for row in free]) for name in ("excess", "mean_excess"))
    return {
        "circuits": len(rows),
        "free": len(free),
        "sound": float(np.mean([row["sound"] for row in rows])),
        "sound_free": float(np.mean([row["sound"] for row in free])),
        "sound_but_width": float(np.mean([set(row["fails"]) <= {"width"} for row in rows])),
        "optimum": float((excess == 0).mean()),
        "median_excess": float(np.median(excess)),
        "mean_excess": float(excess.mean()),
        "worst_excess": float(excess.max()),
        "mean_predictor_sound": float(np.mean([row["mean_sound"] for row in rows])),
        "mean_predictor_mean_excess": float(plain.mean()),
        "mean_predictor_median_excess": float(np.median(plain)),
    }
