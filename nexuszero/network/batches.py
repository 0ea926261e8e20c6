"""Batches of circuits cut from flat arrays by index arithmetic: no loop over graphs, no worker processes.

A batch of 32 circuits is a handful of numpy's ``take``. PyG's ``DataLoader`` over ``Data`` objects
builds the same batch from 32 Python objects; ``tests/test_batching.py`` compares their content.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nexuszero.data.split import DEMANDS, TARGETS, Array, Split
from nexuszero.data.standardiser import Standardiser


class Batch(NamedTuple):
    r"""Circuits side by side as one graph.

    Shapes:
        - **x** :math:`(|V|, 12)`, **edge_index** :math:`(2, |E|)` i8 over the batch, **edge_attr**
          :math:`(|E|, 5)`
        - **graph** :math:`(|V|)`: the circuit of each node, **target** :math:`(|G|, 6)` standardised,
          **demand** :math:`(|G|, 8)`: what each circuit asks, **node_bits** :math:`(|V|)`: bits of each node's values,
          **node_rounds** :math:`(|V|)`: after how many rounds inference has them
        - **shift** :math:`(|G|, K, 8)`: by how much other demands differ from the circuit's, **drilled**
          :math:`(|G|, K, 6)`: the standardised answers to them
        - **weight**: circuits here over an equal share of a batch that several processes divide
    """

    x: Tensor
    edge_index: Tensor
    edge_attr: Tensor
    graph: Tensor
    target: Tensor
    demand: Tensor
    node_bits: Tensor
    node_rounds: Tensor
    shift: Tensor
    drilled: Tensor
    weight: float = 1.0

    @property
    def inputs(self) -> tuple[Tensor, Tensor, Tensor, Tensor, int]:
        """What the model's forward takes."""
        return self.x, self.edge_index, self.edge_attr, self.graph, len(self.target)


class Circuits:
    """A split ready to be cut into batches; shares the split's memory.

    Index arithmetic is numpy's: an operation on a small array costs a fifth of torch's.
    """

    def __init__(self, split: Split, standardiser: Standardiser, drills: tuple[Array, Array] | None = None) -> None:
        self.split = split
        shift, answers = drills or (np.zeros((len(split), 0, DEMANDS)), np.zeros((len(split), 0, TARGETS)))
        self.shift = torch.from_numpy(shift.astype(np.float32))
        drilled = standardiser.transform(answers.reshape(-1, TARGETS)).reshape(answers.shape)
        self.drilled = torch.from_numpy(drilled.astype(np.float32))
        self.target = torch.from_numpy(standardiser.transform(split.targets).astype(np.float32))
        self.demand = torch.from_numpy(split.demands.astype(np.float32))

    def __len__(self) -> int:
        """The number of circuits."""
        return len(self.target)

    def batch(self, circuits: Tensor) -> Batch:
        """The batch of the given circuits, ``[graphs]`` indices, in that order."""
        split, chosen = self.split, circuits.numpy()
        nodes, sizes, first = _ranges(split.node_ptr, chosen)
        edges, degrees, _ = _ranges(split.edge_ptr, chosen)
        offset = first.repeat(degrees)
        edge_index = np.empty((2, len(edges)), dtype=np.int64)
        for end, local in zip(edge_index, split.edge_index, strict=True):
            np.add(local.take(edges), offset, out=end)
        graph = np.arange(len(chosen)).repeat(sizes)
        x, edge_attr = split.x.take(nodes, axis=0), split.edge_attr.take(edges, axis=0)
        bits, rounds = split.node_bits.take(nodes).astype(np.float32), split.node_rounds.take(nodes)
        nodes_, ends, edges_, graphs, bits_, rounds_ = map(
            torch.from_numpy, (x, edge_index, edge_attr, graph, bits, rounds)
        )
        target, demand, shift, drilled = (c[circuits] for c in (self.target, self.demand, self.shift, self.drilled))
        return Batch(nodes_, ends, edges_, graphs, target, demand, bits_, rounds_, shift, drilled)


def _ranges(pointer: Array, chosen: Array) -> tuple[Array, Array, Array]:
    """Rows of the chosen circuits in order, how many each has, and where each begins in the batch."""
    start = pointer.take(chosen)
    size = pointer.take(chosen + 1) - start
    end = size.cumsum()
    rows = np.arange(end[-1]) + (start - end + size).repeat(size)
    return rows, size, end - size


class Batches:
    """An iterable over one epoch of batches.

    With a seed the order is a shuffle that depends on the seed and the epoch alone, so a resumed run sees the
    batches that it would have seen. Lightning sets the epoch through ``sampler.set_epoch``, as it does for
    PyTorch's own.

    Args:
        circuits: the split to cut.
        batch_size: circuits a batch; the last batch may hold fewer.
        seed: None for the split's own order.
        cap: batches an epoch at most, 0 or None for all.
        part: this process and how many divide each batch among them. The mean of their losses, each times its
            batch's ``weight``, is the loss of the whole batch.
    """

    def __init__(
        self,
        circuits: Circuits,
        batch_size: int,
        seed: int | None = None,
        cap: int | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.circuits, self.batch_size, self.seed, self.epoch, self.part = circuits, batch_size, seed, 0, part
        count = -(-len(circuits) // batch_size)
        self.count = min(count, cap) if cap else count
        self.sampler = self

    def set_epoch(self, epoch: int) -> None:
        """Chooses the shuffle."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Batches an epoch."""
        return self.count

    def order(self) -> Tensor:
        """The circuits in the order of this epoch."""
        if self.seed is None:
            return torch.arange(len(self.circuits))
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        return torch.randperm(len(self.circuits), generator=generator)

    def __iter__(self) -> Iterator[Batch]:
        """The batches of this epoch."""
        rank, world = self.part
        for whole in torch.split(self.order(), self.batch_size)[: self.count]:
            mine = whole[rank::world]
            # a process without a circuit takes one for nothing: all must take every step together
            batch = self.circuits.batch(mine if len(mine) else whole[:1])
            yield batch._replace(weight=len(mine) * world / len(whole))
