"""Answers of the exact search, run on what a network believes that a circuit asks.

The network reads the circuit (is q free, how many bits have the values, how many rows are committed), the search
calculates: whoever reads a circuit well enough names its parameters exactly, which no regression does.

    searched(list(rebuilt(split)), *evaluation.read("checkpoints/baseline/best_model.pt", split))
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from nexuszero.crypto import Circuits
from nexuszero.data.generation import Made
from nexuszero.data.split import TARGET_NAMES, Array


class Margin(NamedTuple):
    """What is put on top of beliefs, so that answers are sound more often.

    Args:
        certainty: q is taken for free from this probability on; else it is the field's prime.
        bits: are added to the bits of the values.
        rows: every height is multiplied by it.
    """

    certainty: float = 0.5
    bits: float = 0
    rows: float = 1


NONE = Margin()


def searched(made: Iterable[Made], values: Array, demands: Array, margin: Margin = NONE) -> Array:
    """What the search answers to ``demands`` of circuits, ``[circuits, 6]``; ``values`` where nothing is sound."""
    found = values.copy()
    for level, chosen, circuits in made:
        found[chosen] = suppose(circuits, level, values[chosen], demands[chosen], margin)
    return found


def suppose(circuits: Circuits, security: int, values: Array, demands: Array, margin: Margin = NONE) -> Array:
    """The same for circuits of one level."""
    told = np.clip(np.rint(64 * demands[:, 1] + margin.bits), 1, 254)
    bits = np.where(demands[:, 0] > margin.certainty, told, 0)
    heights = np.rint(np.exp2(np.clip(demands[:, 3:], 0, 31)) * margin.rows)
    fewest = 2 * heights[:, -1:]  # two slots: no named field needs them
    records = circuits.suppose(security, bits, np.minimum(np.hstack([heights, fewest]), 2.0**32 - 1))
    answers = np.stack([records[name].astype(float) for name in TARGET_NAMES], axis=1)
    return np.where(records["feasible"][:, None] > 0, answers, values)
