"""The plain recipe: GATv2 in PyTorch Geometric over `Data` objects, as most people would write it.

It is what the network and its batches are measured against, in speed and in loss, and nothing else uses it.

    graphs(data.read("data/quick/val"))[0]
"""

from __future__ import annotations

import warnings
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nexuszero import network
from nexuszero.data import EDGE_FEATURES, NODE_FEATURES, TARGETS, Split, Standardiser

if TYPE_CHECKING:
    from torch_geometric.data import Batch, Data
    from torch_geometric.loader import DataLoader


@cache
def geometric(module: str) -> Any:
    """A module of PyTorch Geometric, imported by what uses it: 5 s of a core that bad input does not wait for."""
    with (
        warnings.catch_warnings()
    ):  # torch-geometric 2.8 still scripts functions with torch.jit
        warnings.simplefilter("ignore", FutureWarning)
        return import_module(f"torch_geometric.{module}")


def graphs(split: Split, standardiser: Standardiser | None = None) -> list[Data]:
    """A `Data` object a circuit, with edges both ways; targets are standardised by their own split if by no other."""
    units = standardiser or Standardiser.fit(split.targets)
    targets = torch.from_numpy(units.transform(split.targets)).float()
    return [_graph(split, circuit, targets) for circuit in range(len(split))]


def _graph(split: Split, circuit: int, targets: Tensor) -> Data:
    nodes = slice(*split.node_ptr[circuit : circuit + 2])
    edges = slice(*split.edge_ptr[circuit : circuit + 2])
    ends = torch.from_numpy(split.edge_index[:, edges].astype(np.int64))  # [2, edges]
    features = torch.from_numpy(split.edge_attr[edges])
    graph: Data = geometric("data").Data(
        x=torch.from_numpy(split.x[nodes]),
        edge_index=torch.cat([ends, ends.flip(0)], dim=1),
        edge_attr=torch.cat([features, features]),
        y=targets[circuit : circuit + 1],
    )
    return graph


def loader(split: Split, batch_size: int = 32, shuffle: bool = True) -> DataLoader:
    """PyG's loader over :func:`graphs`."""
    return geometric("loader").DataLoader(
        graphs(split), batch_size=batch_size, shuffle=shuffle
    )


def gather(circuits: list[Data], chosen: Tensor) -> Batch:
    """The batch of some of :func:`graphs`."""
    batch: Batch = geometric("data").Batch.from_data_list(
        [circuits[index] for index in chosen.tolist()]
    )
    return batch


def both_ways(batch: network.Batch) -> SimpleNamespace:
    """A batch of the package as the plain recipe takes it: edges in both directions, PyG's names."""
    ends = torch.cat(
        [batch.edge_index, batch.edge_index.flip(0)], dim=1
    )  # [2, 2 edges]
    attr = torch.cat([batch.edge_attr, batch.edge_attr])
    return SimpleNamespace(
        x=batch.x,
        edge_index=ends,
        edge_attr=attr,
        batch=batch.graph,
        num_graphs=len(batch.target),
    )


class PlainNet(nn.Module):
    """Embeddings, GATv2 layers with residuals and layer norms, a mean over the nodes, and a head.

    Shapes:
        - **batch**: a PyG batch of :func:`graphs` -> **output** :math:`(|G|, 6)`, standardised
    """

    def __init__(
        self,
        hidden_dim: int = 256,
        num_layers: int = 7,
        num_heads: int = 8,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        convolution = geometric("nn").GATv2Conv
        self.dropout = dropout
        self.embed_node = nn.Linear(NODE_FEATURES, hidden_dim)
        self.embed_edge = nn.Linear(EDGE_FEATURES, hidden_dim)
        self.convs = nn.ModuleList(
            convolution(
                hidden_dim,
                hidden_dim // num_heads,
                num_heads,
                edge_dim=hidden_dim,
                dropout=dropout,
            )
            for _ in range(num_layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(hidden_dim) for _ in range(num_layers))
        self.head = nn.Sequential(
            nn.Linear(hidden_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, TARGETS)
        )

    def forward(self, batch: Batch) -> Tensor:
        """Standardised targets."""
        x = self.embed_node(batch.x)  # [nodes, hidden]
        edges = self.embed_edge(batch.edge_attr)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            update = F.relu(conv(norm(x), batch.edge_index, edges))
            x = x + F.dropout(update, self.dropout, self.training)
        targets: Tensor = self.head(
            geometric("nn").global_mean_pool(x, batch.batch, batch.num_graphs)
        )  # [graphs, 6]
        return targets
