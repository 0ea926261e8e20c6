"""The optimisers: momentum made orthogonal for matrices, AdamW for everything else.

for optimiser in optimisers(model.parameters(), lr=5e-4, weight_decay=0.01):
    optimiser.step()
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer

SHORTEST = 16  # the shorter side of a matrix that is worth it
LONGEST = 4  # how many times longer the other side may be
MATRICES = 20  # the matrices' rate over the one that is asked for
OTHERS = 4  # AdamW's
MOMENTUM = 0.95
STEPS = 5
LEAST_MOMENTUM = 1e-20  # what is below it is taken for zero
COEFFICIENTS = (3.4445, -4.7750, 2.0315)

# Nothing is compiled here, yet torch imports its compiler at an optimiser's first call, 3 s of a core in every process
# that trains, to mark these methods as not for it. Marked already, they do without; where torch changes, that is idle.
for _name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
    _method: Any = inspect.unwrap(getattr(Optimizer, _name))
    _method.__dynamo_disable = _method


class PlainAdamW(AdamW):
    """AdamW whose step is not prepared for torch's compiler, and so does not import it; the numbers are the same."""

    step = torch.no_grad()(inspect.unwrap(AdamW.step))


def optimisers(
    parameters: Iterable[Tensor], lr: float, weight_decay: float, fused: bool = True
) -> list[Optimizer]:
    r"""AdamW (Loshchilov and Hutter, ICLR 2019) for vectors and narrow matrices, :class:`Muon` for the other matrices.

    Orthogonal steps are small, and vectors fell behind the matrices: the rates are :data:`OTHERS` and
    :data:`MATRICES` times ``lr``.

    Args:
        parameters: of the network.
        lr: learning rate, a fourth of AdamW's.
        weight_decay: :math:`\lambda` of both.
        fused: AdamW in one kernel.
    """
    others: list[Tensor] = []
    matrices: list[Tensor] = []
    for weight in parameters:
        (matrices if _is_matrix(weight) else others).append(weight)
    return [
        PlainAdamW(others, OTHERS * lr, weight_decay=weight_decay, fused=fused),
        Muon(matrices, MATRICES * lr, weight_decay),
    ]


def _is_matrix(weight: Tensor) -> bool:
    return (
        weight.dim() == 2
        and min(weight.shape) >= SHORTEST
        and max(weight.shape) <= LONGEST * min(weight.shape)
    )


class Muon(Optimizer):
    r"""Muon (Jordan et al., 2024) with Nesterov momentum and decoupled weight decay, for matrices.

    .. math::
        \mathbf{M} &\leftarrow \mu \mathbf{M} + (1 - \mu) \mathbf{G}, \qquad
        \mathbf{O} = \mathrm{orthogonal}((1 - \mu) \mathbf{G} + \mu \mathbf{M}) \\
        \mathbf{W} &\leftarrow (1 - \eta \lambda) \mathbf{W} - \eta \sqrt{\max(1, m/n)} \, \mathbf{O}, \qquad
        \mathbf{W} \in \mathbb{R}^{m \times n}

    :class:`torch.optim.Muon` of torch 2.15 casts to bfloat16 whatever the matrices' type, which processors without it
    emulate: that doubled the time of a step. Here the iteration is in the matrices' own type.

    The momentum of a unit that gets no more gradients falls by a twentieth each step, and after some 1,600 of them its
    numbers are too small to be normal. Such numbers are slow to multiply (a step of all matrices took 90 ms in place of
    12), so momentum below :data:`LEAST_MOMENTUM` is set to zero; no weight changes by that.

    Args:
        matrices (iterable): parameters of two dimensions.
        lr (float): :math:`\eta`.
        weight_decay (float): :math:`\lambda`.
    """

    def __init__(
        self, matrices: Iterable[Tensor], lr: float, weight_decay: float
    ) -> None:
        group = {
            "params": list(matrices)
        }  # a group may be empty, as in the smallest networks
        super().__init__([group], {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, group["lr"], group["weight_decay"])
        return loss

    def _update(self, weight: Tensor, lr: float, weight_decay: float) -> None:
        state: dict[str, Any] = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"].lerp_(weight.grad, 1 - MOMENTUM)
        momentum.masked_fill_(momentum.abs() < LEAST_MOMENTUM, 0)
        update = orthogonal(weight.grad.lerp(momentum, MOMENTUM))  # type: ignore[union-attr]

        rows, columns = weight.shape
        weight.mul_(1 - lr * weight_decay)
        weight.add_(update, alpha=-lr * math.sqrt(max(1.0, rows / columns)))


def orthogonal(matrix: Tensor) -> Tensor:
    r"""A matrix of the same singular vectors whose singular values lie near 1, between 0.7 and 1.2 or so.

    Five steps of :math:`\mathbf{X} \leftarrow a\mathbf{X} + (b\mathbf{A} + c\mathbf{A}^2)\mathbf{X}`,
    :math:`\mathbf{A} = \mathbf{X}\mathbf{X}^T`, from :math:`\mathbf{X} = \mathbf{G} / \lVert\mathbf{G}\rVert_F`
    (Newton-Schulz with Jordan's coefficients).
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix  # [m, n], m <= n: the smaller product
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(STEPS):
        gram = x @ x.T  # [m, m]
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x
