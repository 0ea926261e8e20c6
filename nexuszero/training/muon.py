"""The optimiser: momentum made orthogonal for matrices, AdamW for everything else.

pytest tests/test_training.py -k optimiser
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

LEAST, LARGEST = 16, 4  # the shorter side of a matrix that is worth it, and how much longer the other may be
MATRICES, OTHERS = 20, 4  # their rates over the one that is asked for
MOMENTUM, STEPS = 0.95, 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.AdamW):
    r"""Muon for matrices (Jordan et al., 2024), AdamW (Loshchilov and Hutter, ICLR 2019) for the other parameters.

    .. math::
        \mathbf{M} &\leftarrow \mu \mathbf{M} + (1 - \mu) \mathbf{G}, \qquad
        \mathbf{O} = \mathrm{orthogonal}((1 - \mu) \mathbf{G} + \mu \mathbf{M}) \\
        \mathbf{W} &\leftarrow (1 - \eta \lambda) \mathbf{W} - \eta \sqrt{\max(1, m/n)} \, \mathbf{O}, \qquad
        \mathbf{W} \in \mathbb{R}^{m \times n}

    with :math:`\eta` twenty times the learning rate that is asked for, and AdamW's four times: orthogonal steps are
    small, and vectors fell behind the matrices. :class:`torch.optim.Muon` works in bfloat16, which processors without
    it emulate: that doubled the time of a step. Here it is the matrices' own type.

    Args:
        parameters: of the network.
        lr (float): Learning rate, a fourth of AdamW's.
        weight_decay (float): :math:`\lambda` of both.
        fused (bool): AdamW in one kernel.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, weight_decay: float, fused: bool) -> None:
        parts: tuple[list[Tensor], list[Tensor]] = ([], [])
        for weight in parameters:
            square = (
                weight.dim() == 2 and min(weight.shape) >= LEAST and max(weight.shape) <= LARGEST * min(weight.shape)
            )
            parts[square].append(weight)
        groups: list[dict[str, Any]] = [
            {"params": part, "lr": scale * lr} for part, scale in zip(parts, (OTHERS, MATRICES), strict=True)
        ]
        super().__init__(groups, lr=lr, weight_decay=weight_decay, fused=fused)

    @property
    def rate(self) -> float:
        """The learning rate that is asked for, at this step of its schedule."""
        rate: float = self.param_groups[0]["lr"] / OTHERS
        return rate

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of both."""
        with torch.enable_grad():  # here, for it zeroes and clips the gradients of all groups
            result = closure() if closure else None
        others, matrices = self.param_groups
        self.param_groups = [others]
        try:
            super().step()
        finally:
            self.param_groups = [others, matrices]
        with torch.no_grad():
            for weight in matrices["params"]:
                if weight.grad is not None:
                    self._turn(weight, matrices["lr"], matrices["weight_decay"])
        return result

    def _turn(self, weight: Tensor, lr: float, decay: float) -> None:
        state, (rows, columns) = self.state[weight], weight.shape
        if not state:
            state["step"] = torch.zeros(())  # AdamW looks for one when it loads a state
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"].lerp_(weight.grad, 1 - MOMENTUM)
        update = orthogonal(weight.grad.lerp(momentum, MOMENTUM))  # type: ignore[union-attr]
        weight.mul_(1 - lr * decay).add_(update, alpha=-lr * math.sqrt(max(1.0, rows / columns)))


def orthogonal(matrix: Tensor) -> Tensor:
    r"""A matrix of the same singular vectors whose singular values lie near 1, between 0.7 and 1.2 or so.

    Five steps of :math:`\mathbf{X} \leftarrow a\mathbf{X} + (b\mathbf{A} + c\mathbf{A}^2)\mathbf{X}`,
    :math:`\mathbf{A} = \mathbf{X}\mathbf{X}^T`, from :math:`\mathbf{X} = \mathbf{G} / \lVert\mathbf{G}\rVert_F`
    (Newton-Schulz with Jordan's coefficients).
    """
    a, b, c = COEFFICIENTS
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x: Tensor = wide / wide.norm().clamp(min=1e-7)
    for _ in range(STEPS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x if matrix.shape[0] <= matrix.shape[1] else x.T
