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
from nexuszero.dataset import DEMANDS, TARGET_NAMES, TARGETS, Array, Split
from nexuszero.generation import Made, rebuilt

DRILLS = 8  # a circuit
SMALLER, LARGER, OFF = -2, 6, 8  # of them: log2 of the factor of all heights, and the deviation of B in bits


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


def drills(split: Split, seed: int, count: int = DRILLS) -> tuple[Array, Array]:
    """Demands that no circuit of a split makes, with the answers of the search: smaller, larger, of other bits.

    A network that calculates answers from demands learns by them how answers go on beyond the circuits that it reads.

    Args:
        split: with its columns of circuits, else there are none.
        seed: of what is drawn.
        count: demands a circuit.

    Returns:
        By how much the demands differ from the circuit's, ``[circuits, count, 8]``, and the answers to them,
        ``[circuits, count, 6]`` in original units. Where nothing is sound both are the circuit's own.
    """
    if not split.circuit:
        return np.zeros((len(split), 0, DEMANDS)), np.zeros((len(split), 0, TARGETS))
    random, asked = np.random.default_rng(seed), np.repeat(split.demands[:, None], count, axis=1)
    bits = 64 * asked[..., 1] + random.normal(0, OFF, asked.shape[:2])
    drawn = asked + random.uniform(SMALLER, LARGER, (len(split), count, 1))
    drawn[..., 0], drawn[..., 1] = asked[..., 0], asked[..., 0] * np.clip(np.rint(bits), 1, 254) / 64
    drawn[..., 2:] = np.log2(np.rint(np.exp2(np.maximum(drawn[..., 2:], 0))))
    answers = np.full((len(split), count, TARGETS), np.nan)
    for level, chosen, circuits in rebuilt(split):
        for drill in range(count):
            answers[chosen, drill] = suppose(circuits, level, answers[chosen, drill], drawn[chosen, drill])
    unsound = np.isnan(answers[..., 0])
    drawn[unsound] = asked[unsound]
    answers[unsound] = np.repeat(split.targets[:, None], count, axis=1)[unsound]
    return drawn - asked, answers
