"""A training step, as `compare.py` and `bench.py` make it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nexuszero.training import optimisers

DECAY = 0.01  # of weights


def muon(model: nn.Module, rate: float) -> list[Optimizer]:
    """The package's optimisers, at the rates that follow from the one that is asked for."""
    return optimisers(model.parameters(), rate, DECAY)


def adamw(model: nn.Module, rate: float) -> list[Optimizer]:
    """AdamW for all parameters."""
    return [torch.optim.AdamW(model.parameters(), rate, weight_decay=DECAY, fused=True)]


def step(
    model: nn.Module,
    optimisers: list[Optimizer],
    loss: Callable[[], Tensor],
    clip_norm: float | None = None,
) -> None:
    """Forward, backward and the optimisers' step; gradients are clipped to a norm, if there is one."""
    for optimiser in optimisers:
        optimiser.zero_grad()
    loss().backward()  # type: ignore[no-untyped-call]
    if clip_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    for optimiser in optimisers:
        optimiser.step()
