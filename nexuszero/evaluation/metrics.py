"""How good is a prediction: pure functions on arrays of targets in original units.

Columns are always n, log2 q, sigma, bit security, hardness, proof size (bytes).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, TypedDict

import numpy as np

from nexuszero.crypto import DEGREE
from nexuszero.data import TARGET_NAMES, Array, Standardiser

LOSS_TARGET = 0.60  # the seed document's targets
SECURITY_TARGET = 100.0  # bits
HARDNESS_TARGET = 0.8
PROOF_SIZE_TARGET = 5000.0  # bytes


class TargetMeasures(TypedDict):
    """Of one target."""

    r2: float | None  # None if the target is constant
    mae: float  # in the target's unit


class Measures(TypedDict):
    """How good predictions are."""

    loss: float
    parameters_mse: float
    metrics_mse: float
    hit_log2_q: float
    hit_n: float
    hit_both: float
    targets: dict[str, TargetMeasures]


@dataclass(frozen=True)
class SeedTarget:
    """A target of the seed document."""

    target: str
    threshold: str
    value: float  #: the loss, or the share of circuits that meet it
    met: bool

    def row(self) -> dict[str, Any]:
        """The JSON object."""
        return asdict(self)


def measures(prediction: Array, truth: Array, standardiser: Standardiser) -> Measures:
    """Loss, its halves, hits, and R2 and MAE by target."""
    parameters, metrics = half_losses(prediction, truth, standardiser)
    exact = hit_rates(prediction, truth)
    return {
        "loss": parameters + metrics,
        "parameters_mse": parameters,
        "metrics_mse": metrics,
        "hit_log2_q": exact["hit_log2_q"],
        "hit_n": exact["hit_n"],
        "hit_both": exact["hit_both"],
        "targets": target_measures(prediction, truth),
    }


def half_losses(
    prediction: Array, truth: Array, standardiser: Standardiser
) -> tuple[float, float]:
    """Standardised MSE of the three parameters and of the three metrics; the loss is their sum."""
    error = standardiser.transform(prediction) - standardiser.transform(
        truth
    )  # [circuits, 6]
    by_target = (error**2).mean(axis=0)
    return float(by_target[:3].mean()), float(by_target[3:].mean())


def target_measures(prediction: Array, truth: Array) -> dict[str, TargetMeasures]:
    """R2 and mean absolute error by target."""
    from sklearn.metrics import (
        mean_absolute_error,
        r2_score,
    )  # half of the import; a summary measures nothing

    errors = mean_absolute_error(truth, prediction, multioutput="raw_values")
    varies = np.ptp(truth, axis=0) > 0
    scores = (
        r2_score(truth, prediction, multioutput="raw_values")
        if varies.any()
        else np.zeros(len(TARGET_NAMES))
    )
    return {
        name: {"r2": float(scores[i]) if varies[i] else None, "mae": float(errors[i])}
        for i, name in enumerate(TARGET_NAMES)
    }


def hit_rates(prediction: Array, truth: Array) -> dict[str, float]:
    """Shares of circuits whose rounded log2 q, whose n rounded to a multiple of 64, or both, are exact."""
    log2_q = np.rint(prediction[:, 1]) == truth[:, 1]
    n = np.rint(prediction[:, 0] / DEGREE) * DEGREE == truth[:, 0]
    return {
        "hit_log2_q": float(log2_q.mean()),
        "hit_n": float(n.mean()),
        "hit_both": float((log2_q & n).mean()),
    }


def shares(values: Array) -> dict[str, float]:
    """Shares of circuits above 100 bits, hardness above 0.8, proof under 5,000 bytes, all three."""
    bits = values[:, 3] > SECURITY_TARGET
    hardness = values[:, 4] > HARDNESS_TARGET
    size = values[:, 5] < PROOF_SIZE_TARGET
    met = {
        "bit_security": bits,
        "hardness": hardness,
        "proof_size": size,
        "all": bits & hardness & size,
    }
    return {name: float(circuits.mean()) for name, circuits in met.items()}


def targets_met(validation_loss: float, values: Array) -> list[SeedTarget]:
    """The seed document's targets, each with its threshold, its value and whether it is met.

    A target on circuits is met when every circuit of ``values``, ``[circuits, 6]`` in original units, meets
    it.
    """
    loss = float(validation_loss)
    rows = [
        SeedTarget("validation_loss", f"< {LOSS_TARGET:.2f}", loss, loss < LOSS_TARGET)
    ]

    limits = {
        "bit_security": "> 100 bits",
        "hardness": "> 0.8",
        "proof_size": "< 5000 bytes",
    }
    share = shares(values)
    rows += [
        SeedTarget(name, limit, share[name], share[name] == 1.0)
        for name, limit in limits.items()
    ]
    return rows
