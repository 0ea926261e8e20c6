"""The steps of a training run: loss, gradients, clipping, Muon and AdamW, one schedule for both.

The loop itself is visible and exact: an epoch's order and dropout follow from the seed and the epoch's number alone,
so a run that goes on from its saved state repeats an uninterrupted one to the last digit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.lr_scheduler import LambdaLR

from nexuszero.config import TrainConfig
from nexuszero.network import Batch, Batches, ParameterNet, training_loss
from nexuszero.training.muon import OTHERS, optimisers
from nexuszero.training.processes import Group


def schedule(step: int, total: int, warmup: float) -> float:
    r"""Share of the peak rate: a linear rise, then :math:`(1 + \cos \pi t)/2` down to one percent."""
    rise = max(1, round(warmup * total))
    if step < rise:
        return (step + 1) / rise
    fall = min(1.0, (step - rise) / max(1, total - rise))
    return 0.01 + 0.99 * (1 + math.cos(math.pi * fall)) / 2


def depth(step: int, total: int, layers: int) -> int:
    """Rounds of messages at a step: half of the layers in the first half of the steps, which costs less, then all."""
    return layers if step >= total / 2 else math.ceil(layers / 2)


class Step(NamedTuple):
    """One batch: its mean loss, and how many circuits of it this process had."""

    loss: float
    circuits: int


class Objective(nn.Module):
    """The loss of this process's part of a batch, in the forward that DistributedDataParallel needs."""

    def __init__(self, model: ParameterNet) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> Tensor:
        """The loss, by the share of the batch that is here."""
        return training_loss(self.model, batch) * batch.weight


class Loop:
    """A network with its optimisers, and epochs of steps.

    Args:
        model: the network; it moves to the group's device.
        batches: of this process.
        config: rates, clipping, accumulation, precision, seed.
        group: the processes that divide every batch.
    """

    def __init__(
        self, model: ParameterNet, batches: Batches, config: TrainConfig, group: Group
    ) -> None:
        self.model = model.to(group.device)
        self.batches = batches
        self.config = config
        self.group = group
        self.objective = group.parallel(Objective(self.model))

        self.optimisers = optimisers(
            self.model.parameters(), config.learning_rate, config.weight_decay
        )
        self.steps = config.epochs * -(-len(batches) // config.accumulate)
        self.schedules = [
            LambdaLR(optimiser, lambda step: schedule(step, self.steps, config.warmup))
            for optimiser in self.optimisers
        ]

    @property
    def learning_rate(self) -> float:
        """The learning rate that is asked for, at the next step."""
        adamw = self.optimisers[0]
        return float(adamw.param_groups[0]["lr"]) / OTHERS

    def epoch(self, number: int) -> Iterator[Step]:
        """The steps of an epoch, counted from 1."""
        torch.manual_seed(
            self.config.seed * 1_000_003 + number + (self.group.rank << 32)
        )
        self.batches.set_epoch(number - 1)
        self.model.train()
        for place, batch in enumerate(self.batches, 1):
            done = self.schedules[0].last_epoch  # steps
            layers = self.model.config.num_layers
            self.model.rounds = depth(done, self.steps, layers)
            whole = place % self.config.accumulate == 0 or place == len(self.batches)
            loss = self._backward(batch, whole)
            if whole:
                self._update()
            # a process without a circuit has taken the step for the others' sake
            yield (
                Step(loss / batch.weight, len(batch.target))
                if batch.weight
                else Step(0.0, 0)
            )

    def _backward(self, batch: Batch, whole: bool) -> float:
        """Adds a batch's gradients -> its loss, by the share that is here; processes meet where a step is whole."""
        with nullcontext() if whole else self._alone():
            with self._precision():
                loss = self.objective(_moved(batch, self.group.device))
            scaled = loss / self.config.accumulate
            scaled.backward()
        return float(scaled.detach()) * self.config.accumulate

    def _precision(self) -> torch.autocast:
        half = self.config.precision == "bf16"
        # no cache: the gradients of a weight's several uses are summed in float32, not in bfloat16
        return torch.autocast(
            self.group.device.type, torch.bfloat16, enabled=half, cache_enabled=False
        )

    def _alone(self) -> AbstractContextManager[None]:
        if isinstance(self.objective, DistributedDataParallel):
            return self.objective.no_sync()
        return nullcontext()

    def _update(self) -> None:
        if self.config.clip_norm:
            groups = [
                group
                for optimiser in self.optimisers
                for group in optimiser.param_groups
            ]
            weights = [weight for group in groups for weight in group["params"]]
            nn.utils.clip_grad_norm_(weights, self.config.clip_norm)
        for optimiser, rate in zip(self.optimisers, self.schedules, strict=True):
            optimiser.step()
            rate.step()
            optimiser.zero_grad()

    def state(self) -> dict[str, Any]:
        """All that the next epoch depends on."""
        return {
            "weights": self.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "schedules": [rate.state_dict() for rate in self.schedules],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from a saved state."""
        self.model.load_state_dict(state["weights"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        for rate, saved in zip(self.schedules, state["schedules"], strict=True):
            rate.load_state_dict(saved)


def _moved(batch: Batch, device: torch.device) -> Batch:
    tensors: dict[str, Any] = {}
    for name, part in batch._asdict().items():
        if isinstance(part, Tensor):
            tensors[name] = part.to(device)
    return batch._replace(**tensors)
