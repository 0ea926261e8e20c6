"""The dataset as a benchmark for graph networks: PyTorch Geometric's conventions for data, OGB's for measuring.

    train = R1CSDataset("data/full", "train")  # train[0] is a `Data`; nothing is downloaded
    evaluator = Evaluator("data/full", "test")
    evaluator.eval(predicted)  # [circuits, 6], in the units of ``y``

Two tasks: the six targets of a circuit (``y``), and what the exact analysis knows of every node (``node_bits``,
``node_rounds``), which is the execution of an algorithm (Veličković and Blundell, Neural Algorithmic Reasoning,
Patterns 2021). The rules and results are in docs/benchmark.md.
"""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from torch import Tensor

from nexuszero.data import (
    FIELD_BITS,
    FIELD_BITS_UNIT,
    TARGETS,
    Array,
    Split,
    Standardiser,
    read,
    rebuild,
)
from nexuszero.evaluation import (
    Measures,
    RegretSummary,
    measures,
    regret_of_split,
    summarise_regret,
)

with warnings.catch_warnings():
    # torch-geometric 2.8 still scripts functions with torch.jit
    warnings.simplefilter("ignore", FutureWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    from torch_geometric.data import Data, InMemoryDataset


class R1CSDataset(InMemoryDataset):  # type: ignore[misc]
    r"""A split as a PyG dataset; a circuit is a `Data` with edges from wires to constraints.

    Shapes of ``dataset[i]``:
        - **x** :math:`(|V|, 12)`, **edge_index** :math:`(2, |E|)` i8, **edge_attr** :math:`(|E|, 5)`: what a network
          may see
        - **y** :math:`(1, 6)`: log2 n, log2 q, log2 sigma, bit security, hardness, log2 proof size, in units of the
          train split's deviation from its mean
        - **node_bits** :math:`(|V|)` f4, **node_ends** :math:`(|V|, 2)` f4, **node_rounds** :math:`(|V|)` i8: what
          nodes are to be told, never inputs

    Args:
        root: a directory that `nexuszero generate` has filled.
        split: its name.
        transform: of PyG, applied at each access.
    """

    def __init__(
        self, root: Path | str, split: str = "train", transform: Any = None
    ) -> None:
        super().__init__(None, transform)
        self.split = read(Path(root) / split)
        train = self.split if split == "train" else read(Path(root) / "train")
        self.standardiser = Standardiser.fit(train.targets)
        self.data, self.slices = _columns(self.split, self.standardiser)

    @property
    def num_targets(self) -> int:
        """Columns of ``y``."""
        return TARGETS


class NodeMeasures(TypedDict):
    """How well nodes' ranges are known."""

    full_right: float  # share of nodes: whether their values fill the field
    bits_exact: float  # of the others: rounded bits
    bits_mae: float  # bits, of the others
    circuits_right: float  # share of circuits all of whose nodes are right


class CircuitMeasures(TypedDict):
    """How good predicted parameters are, and what following them would cost."""

    measures: Measures
    regret: RegretSummary


class Evaluator:
    """The measures of docs/benchmark.md for one split; it judges every proposal by the exact search.

    Args:
        root: of the dataset.
        split: that was predicted.
    """

    def __init__(self, root: Path | str, split: str = "test") -> None:
        self.split = read(Path(root) / split)
        self.standardiser = Standardiser.fit(read(Path(root) / "train").targets)

    def eval(self, prediction: Tensor | Array) -> CircuitMeasures:
        """Of predictions ``[circuits, 6]`` in the units of ``y``.

        Raises:
            ValueError: of another shape, or with a value that is not finite.
        """
        values = _checked(prediction, (len(self.split), TARGETS))
        proposals = self.standardiser.inverse(values)
        regrets = regret_of_split(
            self.split,
            rebuild(self.split),
            {"prediction": proposals},
            self.standardiser,
        )
        return {
            "measures": measures(proposals, self.split.targets, self.standardiser),
            "regret": summarise_regret(regrets["prediction"]),
        }

    def eval_nodes(self, bits: Tensor | Array) -> NodeMeasures:
        """Of predicted bits ``[nodes]``, in the split's order.

        From half a bit below the field's on a node counts as full. Raises what :meth:`eval` does.
        """
        predicted = _checked(bits, (len(self.split.x),))
        field = np.rint(self.split.x[:, FIELD_BITS] * FIELD_BITS_UNIT)
        true = self.split.node_bits.astype(float)
        full = true >= field
        said_full = predicted > field - 0.5
        exact = np.rint(predicted) == true
        right = np.where(full, said_full, exact & ~said_full)
        off = np.abs(predicted - true)[~full]
        return {
            "full_right": float((said_full == full).mean()),
            "bits_exact": float(exact[~full].mean()),
            "bits_mae": float(off.mean()),
            "circuits_right": float(
                np.logical_and.reduceat(right, self.split.node_ptr[:-1]).mean()
            ),
        }


def both_ways(circuit: Data) -> Data:
    """A transform: a copy with every edge from its constraint to its wire too, after the others.

    PyG's `ToUndirected` takes ``y`` of a circuit with one edge, which has one row, for a feature of edges and doubles
    it.
    """
    circuit = copy.copy(circuit)
    ends = circuit.edge_index
    circuit.edge_index = torch.cat([ends, ends.flip(0)], dim=1)
    circuit.edge_attr = torch.cat([circuit.edge_attr, circuit.edge_attr])
    return circuit


def _columns(
    split: Split, standardiser: Standardiser
) -> tuple[Data, dict[str, Tensor]]:
    """All circuits in one `Data`, and where each begins: what PyG's `collate` makes of a list of them."""
    data = Data(
        x=torch.from_numpy(split.x),
        edge_index=torch.from_numpy(split.edge_index.astype(np.int64)),
        edge_attr=torch.from_numpy(split.edge_attr),
        y=torch.from_numpy(standardiser.transform(split.targets)).float(),
        node_bits=torch.from_numpy(split.node_bits.astype(np.float32)),
        node_ends=torch.from_numpy(split.node_ends.astype(np.float32)),
        node_rounds=torch.from_numpy(split.node_rounds.astype(np.int64)),
    )
    nodes = torch.from_numpy(split.node_ptr)
    edges = torch.from_numpy(split.edge_ptr)
    slices = dict.fromkeys(("x", "node_bits", "node_ends", "node_rounds"), nodes)
    slices |= dict.fromkeys(("edge_index", "edge_attr"), edges)
    return data, slices | {"y": torch.arange(len(split) + 1)}


def _checked(values: Tensor | Array, shape: tuple[int, ...]) -> Array:
    array = (
        values.detach().cpu().numpy() if isinstance(values, Tensor) else values
    ).astype(np.float64)
    if array.shape != shape:
        raise ValueError(
            f"predictions must be {list(shape)}, found {list(array.shape)}"
        )
    if not np.isfinite(array).all():
        raise ValueError("predictions must be finite")
    return array
