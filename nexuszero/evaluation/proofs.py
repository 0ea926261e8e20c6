"""Real proofs of some test circuits: their bytes beside those that the labels say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from nexuszero.data import Rebuilt, Split

SAMPLE = 48  # circuits that are proved: seconds


class Proved(TypedDict):
    """A circuit's proof."""

    family: str
    security: int
    predicted: int  # bytes, by the label
    measured: int  # bytes of a proof, which its verifier accepted


def prove_some(
    split: Split, rebuilt: Sequence[Rebuilt], count: int = SAMPLE
) -> list[Proved]:
    """Proves circuits from the whole length of a split with the assignments that they were drawn with."""
    chosen = set(
        np.linspace(0, len(split) - 1, min(count, len(split))).astype(int).tolist()
    )
    proved = []
    for level, positions, circuits in rebuilt:
        for index, position in enumerate(positions.tolist()):
            if position in chosen:
                made = circuits.prove(index, None, level)
                family = str(split.circuit["family"][position])
                predicted = int(split.metrics[position, 2])
                proved.append(
                    Proved(
                        family=family,
                        security=level,
                        predicted=predicted,
                        measured=len(made.data),
                    )
                )
    return proved
