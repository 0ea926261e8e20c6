"""What a network predicts of circuits: standardised for a loss, or in original units with the demands on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nexuszero.data import (
    DEMAND_FREE,
    FIELD_BITS,
    FIELD_BITS_UNIT,
    IS_BOOLEAN,
    Array,
    Demand,
    Graphs,
)
from nexuszero.network.batches import Batch, Inputs, cut
from nexuszero.network.checkpoint import Checkpoint
from nexuszero.network.model import RANGE_UNIT, ModelOutput, ParameterNet

SURE = 0.9  # probability from which on a network is sure whether q is free


class Prediction(NamedTuple):
    """What a network predicts of circuits.

    Args:
        targets: ``[circuits, 6]`` in original units.
        demand: what the network reads that the circuits ask; ``free`` is a probability.
    """

    targets: Array
    demand: Demand


def predict(checkpoint: Checkpoint, graphs: Graphs, batch_size: int = 64) -> Prediction:
    """The network's predictions for every circuit."""
    model = checkpoint.model
    targets, demands = [], []
    with _evaluation(model):
        for circuits in torch.split(torch.arange(len(graphs)), batch_size):
            output = answer(model, cut(graphs, circuits.numpy()))
            targets.append(output.targets.cpu())
            demands.append(output.demand.cpu())
    return Prediction(
        targets=checkpoint.standardiser.inverse(torch.cat(targets).numpy()),
        demand=read_demand(torch.cat(demands)),
    )


def predict_nodes(
    checkpoint: Checkpoint, graphs: Graphs, batch_size: int = 64
) -> Array:
    """The bits that the network reads of every node's values, ``[nodes]``: the field's where they fill it.

    A Boolean constraint has one, and a node without an edge none: the network is not asked.
    """
    field = np.rint(graphs.x[:, FIELD_BITS] * FIELD_BITS_UNIT)
    bits = (graphs.x[:, IS_BOOLEAN] > 0.5).astype(float)
    with _evaluation(checkpoint.model):
        for circuits in torch.split(torch.arange(len(graphs)), batch_size):
            output = answer(checkpoint.model, cut(graphs, circuits.numpy()))
            nodes = output.nodes.cpu().numpy() + graphs.node_ptr[circuits[0]]
            logit, read = output.ranges[:, :2].cpu().numpy().T
            narrow = np.minimum(read * RANGE_UNIT, field[nodes] - 1)
            bits[nodes] = np.where(logit > 0, field[nodes], narrow)
    return bits


def predict_batches(
    model: ParameterNet, batches: Iterable[Batch]
) -> tuple[Tensor, Tensor]:
    """Predicted and true targets, standardised, ``[circuits, 6]`` each on the CPU, without dropout."""
    predicted, true = [], []
    with _evaluation(model):
        for batch in batches:
            predicted.append(answer(model, batch.inputs).targets.cpu())
            true.append(batch.target)
    return torch.cat(predicted), torch.cat(true)


def read_demand(output: Tensor) -> Demand:
    """The demand in a model's output, ``[circuits, 8]``, whose first column is a logit."""
    values = output.clone()
    values[:, DEMAND_FREE] = values[:, DEMAND_FREE].sigmoid()
    return Demand.from_array(values.numpy())


def is_sure(free: float) -> bool:
    """Whether a network that gives this probability to "q is free" is sure of that, or of the contrary."""
    return max(free, 1 - free) >= SURE


def answer(model: ParameterNet, inputs: Inputs) -> ModelOutput:
    """The network's output for circuits side by side."""
    device = next(model.parameters()).device
    there = [part.to(device) for part in inputs[:4]]
    output: ModelOutput = model(*there, inputs.num_graphs)
    return output


@contextmanager
def _evaluation(model: ParameterNet) -> Iterator[None]:
    """Without dropout and gradients; the mode is restored."""
    training = model.training
    if training:  # walking all modules takes a tenth of an answer's time
        model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        if training:
            model.train()
