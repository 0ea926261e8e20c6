"""What following a network would cost: its proposals as they stand, and the nearest sound candidates in bytes.

On circuits that people compiled, none of which it was trained on, and on the test split for comparison.

    python -c "from nexuszero.regret import *; print(summary(compiled(None, checkpoint.load('checkpoints/baseline'))))"
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from nexuszero import checkpoint, queries
from nexuszero.batching import Standardiser
from nexuszero.crypto import LEVELS, Circuits, CryptoBridge
from nexuszero.dataset import Array, Split, unlabelled
from nexuszero.errors import InputError
from nexuszero.evaluation import predict
from nexuszero.queries import Row
from nexuszero.recommend import nearest

ROOT = Path(__file__).parents[1]
FIXTURES = (ROOT / "crypto/tests/fixtures/circuits", ROOT / "tests/fixtures/circuits")


def compiled(directory: Path | None, model: checkpoint.Checkpoint, level: int = 128) -> list[Row]:
    """A row for each `.r1cs` file of a directory, None for the repository's fixtures.

    Left out are circuits with custom gates, which no answer covers, and those that multiply nothing private.
    """
    found = [file for place in ([directory] if directory else FIXTURES) for file in sorted(place.glob("*.r1cs"))]
    if not found:
        raise InputError(f"{directory or FIXTURES[0]}: holds no .r1cs file; correct the path")
    circuits = CryptoBridge().read(found)
    values = predict(model, unlabelled(circuits.graphs(level)))
    return _rows(circuits, [file.name for file in found], level, values, model.standardiser)


def drawn(split: Split, values: Array, units: Standardiser) -> list[Row]:
    """A row for each circuit of a split, rebuilt from family and seed; ``values`` are proposals, ``[circuits, 6]``."""
    rows: list[Row] = []
    for level, chosen, circuits in rebuilt(split):
        names = [f"{split.circuit['family'][index]} {index}" for index in chosen]
        rows += _rows(circuits, names, level, values[chosen], units)
    return rows


def rebuilt(split: Split) -> Iterator[tuple[int, Array, Circuits]]:
    """The circuits of a split level by level, with their positions in it."""
    bridge, large = CryptoBridge(), split.attributes.get("split") == "test_large"
    families = np.array([bridge.families().index(str(name)) for name in split.circuit["family"]])
    for level in LEVELS:
        chosen = np.flatnonzero(split.circuit["security"] == level)
        yield level, chosen, bridge.synthesize(families[chosen], split.circuit["seed"][chosen], large)


def _rows(circuits: Circuits, names: Sequence[str], level: int, values: Array, units: Standardiser) -> list[Row]:
    """The network's verdict beside that of always answering the mean of its training circuits."""
    mean = np.broadcast_to(units.inverse(np.zeros((1, 6))), values.shape)
    told, plain = (queries.verdicts(circuits.judge(level, proposed[:, :3])) for proposed in (values, mean))
    rows = []
    for index, circuit in enumerate(queries.analyses(circuits, names)):
        candidates = queries.choices(circuits.candidates(level, index))
        if "infeasible" in candidates[0] or circuit["custom_gates"] or not circuit["forms"]:
            continue
        rows.append({
            "circuit": circuit["file"], "security": level, "nodes": circuit["wires"] - 1 + circuit["constraints"],
            "free": circuit["liftable"], "sound": told[index]["sound"], "fails": told[index]["fails"],
            "proof_size": candidates[0]["proof_size"],
            "excess": nearest(candidates, values[index], units)["excess"],
            "mean_sound": plain[index]["sound"],
            "mean_excess": nearest(candidates, mean[index], units)["excess"],
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
