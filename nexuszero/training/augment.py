"""Augmentation: demands that no circuit makes, with the search's answers.

A network that calculates targets from demands learns by them how targets go on beyond the circuits that it reads.

    shift, targets = augmented_demands(split)
    GraphBatches(split, standardiser, (shift, targets))
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nexuszero.data import (
    DEMAND_BITS,
    DEMAND_BITS_UNIT,
    DEMAND_FREE,
    DEMAND_LOGS,
    TARGETS,
    Array,
    Demand,
    Split,
    rebuild,
)
from nexuszero.network import search_demand

COUNT = 8  # a circuit
SMALLEST = -2  # log2 of the factor of a circuit's counts
LARGEST = 6
BITS_DEVIATION = 8  # of the bits of values, where q is free
MOST_BITS = 254


@lru_cache(1)
def augmented_demands(
    split: Split, seed: int = 0, count: int = COUNT
) -> tuple[Array, Array]:
    """Demands around those of a split's circuits: smaller, larger, of other bits; with the search's answers.

    Those of the last split are kept: the trials of a study share them.

    Args:
        split: whose circuits are made again.
        seed: of what is drawn.
        count: demands a circuit.

    Returns:
        By how much the demands differ from the circuit's, ``[circuits, count, 8]``, and the targets that the search
        answers, ``[circuits, count, 6]`` in original units. Where nothing is sound both are the circuit's own.
    """
    own = np.repeat(split.demand.array[:, None], count, axis=1)  # [circuits, count, 8]
    drawn = _draw(own, np.random.default_rng(seed))

    targets = np.full((len(split), count, TARGETS), np.nan)
    for level, positions, circuits in rebuild(split):
        for place in range(count):
            demand = Demand.from_array(drawn[positions, place])
            targets[positions, place] = search_demand(
                circuits, level, demand, targets[positions, place]
            )

    unsound = np.isnan(targets[..., 0])
    drawn[unsound] = own[unsound]
    targets[unsound] = np.repeat(split.targets[:, None], count, axis=1)[unsound]
    return drawn - own, targets


def _draw(own: Array, random: np.random.Generator) -> Array:
    """Other bits for each demand, and one factor for all of its counts, ``[circuits, count, 8]`` both ways."""
    bits = DEMAND_BITS_UNIT * own[..., DEMAND_BITS] + random.normal(
        0, BITS_DEVIATION, own.shape[:2]
    )
    drawn = own + random.uniform(SMALLEST, LARGEST, (*own.shape[:2], 1))

    # whether q is free stays; only where it is do bits count
    free = own[..., DEMAND_FREE]
    drawn[..., DEMAND_FREE] = free
    drawn[..., DEMAND_BITS] = (
        free * np.clip(np.rint(bits), 1, MOST_BITS) / DEMAND_BITS_UNIT
    )

    # counts are whole numbers
    counts = np.rint(np.exp2(np.maximum(drawn[..., DEMAND_LOGS], 0)))
    drawn[..., DEMAND_LOGS] = np.log2(counts)
    return drawn
