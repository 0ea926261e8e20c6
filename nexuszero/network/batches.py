"""Batches of circuits cut from flat arrays by index arithmetic: no loop over graphs, no worker processes.

A batch of 32 circuits is a handful of numpy's ``take``: an operation on a small array costs a fifth of torch's. PyG's
``DataLoader`` over ``Data`` objects builds the same batch from 32 Python objects; ``tests/test_batches.py`` compares
their content.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nexuszero.data import DEMAND_FEATURES, TARGETS, Array, Graphs, Split, Standardiser


class Inputs(NamedTuple):
    r"""Circuits side by side as one graph: what the network's forward takes.

    Shapes:
        - **x** :math:`(|V|, 12)`, **edge_index** :math:`(2, |E|)` i8 over the batch, **edge_attr**
          :math:`(|E|, 5)`, **graph** :math:`(|V|)`: the circuit of each node
    """

    x: Tensor
    edge_index: Tensor
    edge_attr: Tensor
    graph: Tensor
    num_graphs: int


class Batch(NamedTuple):
    r"""Circuits side by side as one graph, with their labels.

    Shapes:
        - **x**, **edge_index**, **edge_attr**, **graph**: as :class:`Inputs`
        - **target** :math:`(|G|, 6)` standardised, **demand** :math:`(|G|, 8)` as `Demand.array`
        - **node_bits** :math:`(|V|)`: bits of each node's values, **node_ends** :math:`(|V|, 2)`: of a wire's
          below zero and above, **node_rounds** :math:`(|V|)`: after how many rounds
          inference has them
        - **demand_shift** :math:`(|G|, K, 8)`: by how much augmented demands differ from the circuit's,
          **augmented_target** :math:`(|G|, K, 6)`: their standardised targets
        - **weight**: circuits here over an equal share of a batch that several processes divide
    """

    x: Tensor
    edge_index: Tensor
    edge_attr: Tensor
    graph: Tensor
    target: Tensor
    demand: Tensor
    node_bits: Tensor
    node_ends: Tensor
    node_rounds: Tensor
    demand_shift: Tensor
    augmented_target: Tensor
    weight: float = 1.0

    @property
    def inputs(self) -> Inputs:
        """What the network's forward takes."""
        return Inputs(
            self.x, self.edge_index, self.edge_attr, self.graph, len(self.target)
        )


def cut(graphs: Graphs, circuits: Array) -> Inputs:
    """The given circuits, ``[graphs]`` indices, side by side in that order."""
    nodes, sizes, first = _rows(graphs.node_ptr, circuits)
    edges, degrees, _ = _rows(graphs.edge_ptr, circuits)

    # indices local to a circuit become those of the batch
    offset = first.repeat(degrees)
    edge_index = np.empty((2, len(edges)), dtype=np.int64)
    for end, local in zip(edge_index, graphs.edge_index, strict=True):
        np.add(local.take(edges), offset, out=end)

    return Inputs(
        x=torch.from_numpy(graphs.x.take(nodes, axis=0)),
        edge_index=torch.from_numpy(edge_index),
        edge_attr=torch.from_numpy(graphs.edge_attr.take(edges, axis=0)),
        graph=torch.from_numpy(np.arange(len(circuits)).repeat(sizes)),
        num_graphs=len(circuits),
    )


class GraphBatches:
    """A split ready to be cut into batches with labels; shares the split's memory.

    Args:
        split: circuits with labels.
        standardiser: of the targets.
        augmented: shifts of demands, ``[circuits, K, 8]``, and their targets in original units, ``[circuits, K, 6]``.
    """

    def __init__(
        self,
        split: Split,
        standardiser: Standardiser,
        augmented: tuple[Array, Array] | None = None,
    ) -> None:
        self.split = split
        self.target = _float(standardiser.transform(split.targets))
        self.demand = _float(split.demand.array)

        nothing = (
            np.zeros((len(split), 0, DEMAND_FEATURES)),
            np.zeros((len(split), 0, TARGETS)),
        )
        shift, targets = augmented or nothing
        self.demand_shift = _float(shift)
        self.augmented_target = _float(
            standardiser.transform(targets.reshape(-1, TARGETS)).reshape(targets.shape)
        )

    def __len__(self) -> int:
        """The number of circuits."""
        return len(self.target)

    def batch(self, circuits: Tensor) -> Batch:
        """The batch of the given circuits, ``[graphs]`` indices, in that order."""
        chosen = circuits.numpy()
        inputs = cut(self.split, chosen)
        nodes, _, _ = _rows(self.split.node_ptr, chosen)
        return Batch(
            *inputs[:4],
            target=self.target[circuits],
            demand=self.demand[circuits],
            node_bits=_float(self.split.node_bits.take(nodes)),
            node_ends=_float(self.split.node_ends.take(nodes, axis=0)),
            node_rounds=torch.from_numpy(self.split.node_rounds.take(nodes)),
            demand_shift=self.demand_shift[circuits],
            augmented_target=self.augmented_target[circuits],
        )


class Batches:
    """An iterable over one epoch of batches.

    With a seed the order is a shuffle that depends on the seed and the epoch alone, so a resumed run sees the
    batches that it would have seen.

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
        circuits: GraphBatches,
        batch_size: int,
        seed: int | None = None,
        cap: int | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.circuits = circuits
        self.batch_size = batch_size
        self.seed = seed
        self.part = part
        self.epoch = 0
        count = -(-len(circuits) // batch_size)
        self.count = min(count, cap) if cap else count

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


def _rows(pointer: Array, circuits: Array) -> tuple[Array, Array, Array]:
    """Rows of the given circuits in order, how many each has, and where each begins in the batch."""
    start = pointer.take(circuits)
    size = pointer.take(circuits + 1) - start
    end = size.cumsum()
    rows = np.arange(end[-1]) + (start - end + size).repeat(size)
    return rows, size, end - size


def _float(values: Array) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
