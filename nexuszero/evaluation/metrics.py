"""How good is a prediction: pure functions on arrays of targets in original units.

Columns are always n, log2 q, sigma, bit security, hardness, proof size (bytes).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nexuszero.data import TARGET_NAMES, Array, Standardiser

RING_DEGREE = 64  # n is a multiple of it
LOSS_TARGET, SECURITY_TARGET, HARDNESS_TARGET, PROOF_SIZE_TARGET = 0.60, 100.0, 0.8, 5000.0


def measures(prediction: Array, truth: Array, standardiser: Standardiser) -> dict[str, Any]:
    """All measures as a JSON-able dict: loss, its halves, hits, and R2 and MAE by target."""
    parameters, metrics = half_losses(prediction, truth, standardiser)
    scores = zip(TARGET_NAMES, r2(prediction, truth), mean_absolute_error(prediction, truth), strict=True)
    return {
        "loss": parameters + metrics,
        "parameters_mse": parameters,
        "metrics_mse": metrics,
        **hit_rates(prediction, truth),
        "targets": {name: {"r2": score, "mae": error} for name, score, error in scores},
    }


def half_losses(prediction: Array, truth: Array, standardiser: Standardiser) -> tuple[float, float]:
    """Standardised MSE of the three parameters and of the three metrics; the loss is their sum."""
    error = standardiser.transform(prediction) - standardiser.transform(truth)  # [circuits, 6]
    by_target = (error**2).mean(axis=0)
    return float(by_target[:3].mean()), float(by_target[3:].mean())


def r2(prediction: Array, truth: Array) -> list[float | None]:
    r"""By target :math:`1 - \sum (t - p)^2 / \sum (t - \bar t)^2`; None if constant."""
    residual = ((truth - prediction) ** 2).sum(axis=0)
    total = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    return [float(1 - r / t) if t > 0 else None for r, t in zip(residual, total, strict=True)]


def mean_absolute_error(prediction: Array, truth: Array) -> list[float]:
    """Mean absolute error by target, in the target's unit."""
    return [float(error) for error in np.abs(truth - prediction).mean(axis=0)]


def hit_rates(prediction: Array, truth: Array) -> dict[str, float]:
    """Shares of circuits whose rounded log2 q, whose n rounded to a multiple of 64, or both, are exact."""
    log2_q = np.rint(prediction[:, 1]) == truth[:, 1]
    n = np.rint(prediction[:, 0] / RING_DEGREE) * RING_DEGREE == truth[:, 0]
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
    named = {"bit_security": bits, "hardness": hardness, "proof_size": size, "all": bits & hardness & size}
    return {name: float(share.mean()) for name, share in named.items()}


def targets_met(validation_loss: float, values: Array) -> list[dict[str, Any]]:
    """The seed document's targets, each with its threshold, its value and whether it is met.

    A target on circuits is met when every circuit of ``values``, ``[circuits, 6]`` in original units, meets
    it.
    """
    share = shares(values)
    rows = [{"target": "validation_loss", "threshold": f"< {LOSS_TARGET:.2f}", "value": float(validation_loss)}]
    rows[0] |= {"met": bool(validation_loss < LOSS_TARGET)}
    limits = {"bit_security": "> 100 bits", "hardness": "> 0.8", "proof_size": "< 5000 bytes"}
    for name, limit in limits.items():
        rows.append({"target": name, "threshold": limit, "value": share[name], "met": share[name] == 1.0})
    return rows
