"""What a network answers to a split: standardised, in original units, and with the demands on the way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from nexuszero.data.split import Array, Split
from nexuszero.network import checkpoint as checkpoints
from nexuszero.network.batches import Batch, Batches, Circuits
from nexuszero.network.model import ParameterNet


def outputs(model: ParameterNet, batches: Iterable[Batch]) -> tuple[Tensor, Tensor]:
    """Answers and truth, standardised ``[circuits, 6]`` on the CPU, without dropout."""
    answers, _, truths = told(model, batches)
    return answers, truths


def told(model: ParameterNet, batches: Iterable[Batch]) -> tuple[Tensor, Tensor, Tensor]:
    """The same with what the network believes that the circuits ask between them, ``[circuits, 8]``."""
    device = next(model.parameters()).device
    training = model.training
    found, truths = [], []
    if training:  # walking all modules takes a tenth of an answer's time
        model.eval()
    try:
        with torch.no_grad():
            for batch in batches:
                x, edge_index, edge_attr, graph = (tensor.to(device) for tensor in batch.inputs[:4])
                said = model.answer(x, edge_index, edge_attr, graph, batch.inputs[4])
                said.demand[:, 0].sigmoid_()
                found.append((said.answer, said.demand))
                truths.append(batch.target)
    finally:
        if training:
            model.train()
    answers, demands = (torch.cat([part.cpu() for part in parts]) for parts in zip(*found, strict=True))
    return answers, demands, torch.cat(truths)


def predict(checkpoint: checkpoints.Checkpoint | Path | str, split: Split, batch_size: int = 64) -> Array:
    """The network's proposals for every circuit of a split, ``[circuits, 6]`` in original units."""
    return read(checkpoint, split, batch_size)[0]


def read(checkpoint: checkpoints.Checkpoint | Path | str, split: Split, batch_size: int = 64) -> tuple[Array, Array]:
    """Proposals, and what the network believes that the circuits ask, ``[circuits, 8]`` as `Split.demands` has it."""
    if not isinstance(checkpoint, checkpoints.Checkpoint):
        checkpoint = checkpoints.load(checkpoint)
    batches = Batches(Circuits(split, checkpoint.standardiser), batch_size)
    answers, demands, _ = told(checkpoint.model, batches)
    return checkpoint.standardiser.inverse(answers.numpy()), demands.numpy()
