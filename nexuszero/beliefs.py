"""Answers of the exact search, run on what a network believes that a circuit asks.

The network reads the circuit (is q free, how many bits have the values, how many rows are committed), the search
calculates: whoever reads a circuit well enough names its parameters exactly, which no regression does.

    searched(split, *evaluation.read("checkpoints/baseline/best_model.pt", split))
"""

from __future__ import annotations

import numpy as np

from nexuszero.crypto import Circuits
from nexuszero.dataset import TARGET_NAMES, Array, Split
from nexuszero.regret import rebuilt


def searched(split: Split, values: Array, demands: Array) -> Array:
    """What the search answers to the ``demands`` of a split, ``[circuits, 6]``; ``values`` where nothing is sound."""
    found = values.copy()
    for level, chosen, circuits in rebuilt(split):
        found[chosen] = suppose(circuits, level, values[chosen], demands[chosen])
    return found


def suppose(circuits: Circuits, security: int, values: Array, demands: Array) -> Array:
    """The same for circuits at hand."""
    bits = np.where(demands[:, 0] > 0.5, np.clip(np.rint(64 * demands[:, 1]), 1, 254), 0)
    heights = np.rint(np.exp2(np.clip(demands[:, 3:], 0, 31)))
    fewest = np.minimum(2 * heights[:, -1:], 2.0**32 - 1)  # two slots: no named field needs them
    records = circuits.suppose(security, bits, np.hstack([heights, fewest]))
    answers = np.stack([records[name].astype(float) for name in TARGET_NAMES], axis=1)
    return np.where(records["feasible"][:, None] > 0, answers, values)
