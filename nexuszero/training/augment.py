"""Demands that no circuit makes, with the search's answers: the last head learns how answers go on."""

from __future__ import annotations

import numpy as np

from nexuszero.data import TARGETS, Array, Demand, Split, rebuild
from nexuszero.network import search_demand

DRILLS = 8  # a circuit


SMALLER, LARGER, OFF = -2, 6, 8  # of them: log2 of the factor of all heights, and the deviation of B in bits


def drills(split: Split, seed: int, count: int = DRILLS) -> tuple[Array, Array]:
    """Demands that no circuit of a split makes, with the answers of the search: smaller, larger, of other bits.

    A network that calculates answers from demands learns by them how answers go on beyond the circuits that it reads.

    Args:
        split: whose circuits are made again.
        seed: of what is drawn.
        count: demands a circuit.

    Returns:
        By how much the demands differ from the circuit's, ``[circuits, count, 8]``, and the answers to them,
        ``[circuits, count, 6]`` in original units. Where nothing is sound both are the circuit's own.
    """
    random, asked = np.random.default_rng(seed), np.repeat(split.demand.array[:, None], count, axis=1)
    bits = 64 * asked[..., 1] + random.normal(0, OFF, asked.shape[:2])
    drawn = asked + random.uniform(SMALLER, LARGER, (len(split), count, 1))
    drawn[..., 0], drawn[..., 1] = asked[..., 0], asked[..., 0] * np.clip(np.rint(bits), 1, 254) / 64
    drawn[..., 2:] = np.log2(np.rint(np.exp2(np.maximum(drawn[..., 2:], 0))))
    answers = np.full((len(split), count, TARGETS), np.nan)
    for level, chosen, circuits in rebuild(split):
        for drill in range(count):
            demand = Demand.from_array(drawn[chosen, drill])
            answers[chosen, drill] = search_demand(circuits, level, demand, answers[chosen, drill])
    unsound = np.isnan(answers[..., 0])
    drawn[unsound] = asked[unsound]
    answers[unsound] = np.repeat(split.targets[:, None], count, axis=1)[unsound]
    return drawn - asked, answers
