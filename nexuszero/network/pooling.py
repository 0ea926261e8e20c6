"""Pooling of nodes into circuits, and of edges into nodes, by torch alone.

The same operations as PyG's `segment`, `softmax`, `global_max_pool` and `global_mean_pool` on a CPU, to the last bit of
values and gradients (`tests/test_pooling.py`). Importing PyG takes longer than importing torch, and every command
that asks a network would wait for it.
"""

from __future__ import annotations

import torch
from torch import Tensor


def segment_max(x: Tensor, ptr: Tensor) -> Tensor:
    """Maxima over runs of rows: ``[edges, channels] -> [nodes, channels]``, zero for an empty run.

    Args:
        x: rows, none below zero, all of one node after one another.
        ptr: where each node's rows begin, ``[nodes + 1]``.
    """
    return torch._segment_reduce(x, "amax", offsets=ptr, initial=0.0)


def pool_max(x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
    """Maxima over the nodes of each graph: ``[nodes, channels] -> [graphs, channels]``, zero for an empty graph."""
    index = graph.view(-1, 1).expand_as(x)
    pooled = x.new_zeros(num_graphs, x.shape[1])
    return pooled.scatter_reduce_(0, index, x, reduce="amax", include_self=False)


def pool_sum(x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
    """Sums over the nodes of each graph: ``[nodes, channels] -> [graphs, channels]``."""
    index = graph.view(-1, 1).expand_as(x)
    return x.new_zeros(num_graphs, x.shape[1]).scatter_add_(0, index, x)


def pool_mean(x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
    """Means over the nodes of each graph: ``[nodes, channels] -> [graphs, channels]``, zero for an empty graph."""
    nodes = x.new_zeros(num_graphs).scatter_add_(0, graph, x.new_ones(len(x)))
    return pool_sum(x, graph, num_graphs) / nodes.clamp(min=1).unsqueeze(1)


def softmax(score: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
    """Softmax over the nodes of each graph, a column at a time: ``[nodes, heads] -> [nodes, heads]``."""
    largest = pool_max(score.detach(), graph, num_graphs)
    weight = (score - largest.index_select(0, graph)).exp()
    total = pool_sum(weight, graph, num_graphs) + 1e-16
    return weight / total.index_select(0, graph)
