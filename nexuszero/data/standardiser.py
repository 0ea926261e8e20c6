"""Targets in units of the train split's deviation, and distances between candidates in these units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nexuszero.crypto import Choice
from nexuszero.data.columns import TARGETS, Array

LOGGED = (
    0,
    2,
    5,
)  # n, sigma and proof size are learned as their log2; the others as they are


@dataclass(frozen=True)
class Standardiser:
    r"""Targets in units of the train split's deviation from its mean.

    .. math::
        z = (t - \mu) / s, \qquad t = (\log_2 n, \log_2 q, \log_2 \sigma, \text{bits}, \text{hardness},
        \log_2 \text{bytes})
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @staticmethod
    def fit(targets: Array) -> Standardiser:
        """Mean and deviation of the transformed targets; a constant target keeps its unit."""
        transformed = _logs(targets)
        std = transformed.std(axis=0)
        std = np.where(std > 1e-9, std, 1.0)
        return Standardiser(
            tuple(map(float, transformed.mean(axis=0))), tuple(map(float, std))
        )

    def transform(self, targets: Array) -> Array:
        """Original units to standardised, ``[circuits, 6]``."""
        standardised: Array = (_logs(targets) - np.array(self.mean)) / np.array(
            self.std
        )
        return standardised

    def inverse(self, standardised: Array) -> Array:
        """Standardised to original units, ``[circuits, 6]``."""
        values: Array = np.asarray(standardised, dtype=np.float64) * np.array(
            self.std
        ) + np.array(self.mean)
        values[:, LOGGED] = np.exp2(
            np.clip(values[:, LOGGED], -1000, 1000)
        )  # a wild prediction has a logarithm
        return values


def _logs(targets: Array) -> Array:
    values = np.array(targets, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != TARGETS:
        raise ValueError(f"targets must be [circuits, {TARGETS}], found {values.shape}")
    values[:, LOGGED] = np.log2(values[:, LOGGED])
    return values


class NearestCandidate(NamedTuple):
    """The candidate next to proposed values.

    Args:
        position: of the candidate.
        excess: the share by which its proof is longer than that of the first candidate, the smallest.
    """

    position: int
    excess: float


def nearest(
    candidates: Sequence[Choice], values: Array, units: Standardiser
) -> NearestCandidate:
    """The candidate next to proposed values, ``[6]``, in standard deviations of the parameters."""
    targets = np.array([candidate.targets for candidate in candidates])
    places = units.transform(targets)[:, :3]
    return nearest_place(candidates, places, units.transform(values[None])[0, :3])


def nearest_place(
    candidates: Sequence[Choice], places: Array, wanted: Array
) -> NearestCandidate:
    """:func:`nearest` where the candidates' standardised parameters, ``[candidates, 3]``, are known already."""
    position = int(((places - wanted) ** 2).sum(axis=1).argmin())
    return NearestCandidate(
        position, candidates[position].proof_size / candidates[0].proof_size - 1
    )
