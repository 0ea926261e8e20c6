"""What training minimises: the errors of targets, and beside them those of demands and of nodes' ranges."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nexuszero.data import (
    DEMAND_BITS,
    DEMAND_BITS_UNIT,
    DEMAND_FREE,
    DEMAND_LOGS,
    FIELD_BITS,
    FIELD_BITS_UNIT,
    TARGETS,
)
from nexuszero.network.batches import Batch
from nexuszero.network.model import RANGE_UNIT, ModelOutput, ParameterNet
from nexuszero.network.pooling import pool_mean

PARAMETERS = slice(0, 3)  # columns of targets: log2 n, log2 q, log2 sigma
METRICS = slice(3, 6)  # bit security, hardness, log2 proof size
DEMAND_WEIGHT = 0.3  # of the errors in demands, beside the loss
RANGE_WEIGHT = 1.0  # of those in nodes' ranges
BITS_WEIGHT = 4.0  # among them: of an error of 32 bits
LOGS_WEIGHT = 3.0  # and of a factor of two in a count


def losses(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squared error of the three parameters and of the three metrics; shapes must agree exactly."""
    if (
        prediction.shape != target.shape
        or prediction.dim() != 2
        or prediction.shape[1] != TARGETS
    ):
        shapes = f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        raise ValueError(
            f"prediction and target must both be [graphs, {TARGETS}], found {shapes}"
        )
    error = (prediction - target).square().mean(dim=0)  # [6]
    return error[PARAMETERS].mean(), error[METRICS].mean()


def loss(prediction: Tensor, target: Tensor) -> Tensor:
    r""":math:`\mathrm{MSE}_{\mathrm{parameters}} + \mathrm{MSE}_{\mathrm{metrics}}`, 2.0 for the mean."""
    parameters, metrics = losses(prediction, target)
    return parameters + metrics


def objective(
    output: ModelOutput,
    batch: Batch,
    *,
    demand_weight: float = DEMAND_WEIGHT,
    range_weight: float = RANGE_WEIGHT,
    every_round: bool = True,
) -> Tensor:
    """What training minimises: the loss, of augmented demands too, and shares of the errors in demands and ranges.

    Args:
        output: in training mode.
        batch: what it was computed from.
        demand_weight: of the error in demands.
        range_weight: of the error in ranges.
        every_round: whether ranges are learned round by round, or at the end alone.
    """
    ranges = range_error(output, batch, every_round)
    demand = demand_error(output.demand, batch.demand)
    total: Tensor = (
        loss(output.targets, batch.target)
        + demand_weight * demand
        + range_weight * ranges
    )
    augmented = output.augmented.flatten(0, 1)  # [graphs * K, 6]
    if len(augmented) == 0:
        return total
    return total + loss(augmented, batch.augmented_target.flatten(0, 1))


def training_loss(model: ParameterNet, batch: Batch) -> Tensor:
    """The objective of one batch with its augmented demands."""
    return objective(model(*batch.inputs, batch.demand_shift), batch)


def range_error(output: ModelOutput, batch: Batch, every_round: bool = True) -> Tensor:
    """The mean error of a circuit's ranges, so that a batch costs what its parts cost.

    A node's range is to be known from the round on after which inference would have it, and is the field's before: so
    a round learns a step of inference. The last one follows the end of it; of a leaf there is that alone.
    """
    before, changing = output.earlier.shape[:2]
    bits, ends, rounds = (
        column[output.nodes]
        for column in (batch.node_bits, batch.node_ends, batch.node_rounds)
    )

    # a node is full where its values fill the field, or inference does not know better yet
    field = batch.x[output.nodes, FIELD_BITS] * FIELD_BITS_UNIT
    full = bits > field - 0.5
    true = torch.cat([bits.unsqueeze(1), ends], dim=1) / RANGE_UNIT  # [nodes, 3]
    by_node = _range_errors(output.ranges, full, true)
    if every_round and before:
        done = torch.arange(1, before + 1, device=bits.device).unsqueeze(1)
        late = rounds[:changing] > done  # [rounds, nodes]
        errors = _range_errors(output.earlier, full[:changing] | late, true[:changing])
        both = (by_node[:changing] + errors.sum(0)) / (before + 1)
        by_node = torch.cat([both, by_node[changing:]])
    graph = batch.graph[output.nodes]
    return pool_mean(by_node.unsqueeze(1), graph, len(batch.target)).mean()


def _range_errors(predicted: Tensor, full: Tensor, true: Tensor) -> Tensor:
    """Of ranges ``[..., nodes, 4]``, given which nodes are full, and the others' bits: ``[..., nodes]``."""
    by_kind = bits_error(predicted[..., 1:], true.expand_as(predicted[..., 1:]))
    error = by_kind[..., 0] + by_kind[..., 1:].mean(-1)
    return error.masked_fill(full, 0) + F.binary_cross_entropy_with_logits(
        predicted[..., 0], full.float(), reduction="none"
    )


def demand_error(predicted: Tensor, demand: Tensor) -> Tensor:
    """The error of demands, ``[graphs, 8]``: whether q is free, the bits where it is, the logs of counts."""
    free = demand[:, DEMAND_FREE]
    unit = DEMAND_BITS_UNIT / RANGE_UNIT
    error = F.binary_cross_entropy_with_logits(predicted[:, DEMAND_FREE], free)
    error = (
        error
        + (
            bits_error(predicted[:, DEMAND_BITS] * unit, demand[:, DEMAND_BITS] * unit)
            * free
        ).mean()
    )
    return error + LOGS_WEIGHT * F.smooth_l1_loss(
        predicted[:, DEMAND_LOGS], demand[:, DEMAND_LOGS], beta=0.1
    )


def bits_error(predicted: Tensor, bits: Tensor) -> Tensor:
    """The error of bits, both in units of 32; quadratic below one bit."""
    return BITS_WEIGHT * F.smooth_l1_loss(
        predicted, bits, beta=1 / RANGE_UNIT, reduction="none"
    )
