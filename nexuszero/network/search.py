"""The exact search, run on the demand that a network reads from a circuit.

The network reads the circuit (is q free, how many bits have the values, how many rows are committed), the search
calculates: whoever reads a circuit well enough names its parameters exactly, which no regression does.

    prediction = predict(load("checkpoints/baseline/best_model.pt"), split)
    search_rebuilt(rebuild(split), prediction.demand, prediction.targets)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from nexuszero.crypto import Circuits
from nexuszero.data import TARGET_NAMES, Array, Demand, Rebuilt

MOST_BITS = 254  # of a modulus
MOST_HEIGHT = 2.0**32 - 1


class Margin(NamedTuple):
    """What is put on top of a predicted demand, so that answers are sound more often.

    Args:
        certainty: q is taken for free from this probability on; else it is the field's prime.
        bits: are added to the bits of the values.
        rows: every height is multiplied by it.
    """

    certainty: float = 0.5
    bits: float = 0
    rows: float = 1


NO_MARGIN = Margin()


def search_demand(
    circuits: Circuits,
    security: int,
    demand: Demand,
    fallback: Array,
    margin: Margin = NO_MARGIN,
) -> Array:
    """What the search answers to the demands of circuits, ``[circuits, 6]``; ``fallback`` where nothing is sound."""
    bits = np.clip(np.rint(demand.bits + margin.bits), 1, MOST_BITS)
    bits = np.where(
        demand.free > margin.certainty, bits, 0
    )  # 0: q is the field's prime

    heights = np.rint(
        np.exp2(np.clip(demand.log2_heights, 0, 31)) * margin.rows
    )  # [circuits, 5]
    heights = np.minimum(heights, MOST_HEIGHT)

    choices = circuits.choose_for(security, bits, heights)
    targets = np.stack([choices[name].astype(float) for name in TARGET_NAMES], axis=1)
    return np.where(choices["feasible"][:, None] > 0, targets, fallback)


def search_rebuilt(
    rebuilt: Iterable[Rebuilt],
    demand: Demand,
    fallback: Array,
    margin: Margin = NO_MARGIN,
) -> Array:
    """:func:`search_demand` of all circuits of a split, level by level: ``[circuits, 6]`` in the split's order."""
    answers = fallback.copy()
    for level, positions, circuits in rebuilt:
        answers[positions] = search_demand(
            circuits, level, demand[positions], fallback[positions], margin
        )
    return answers
