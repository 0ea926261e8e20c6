"""Pooling is PyG's, to the last bit of values and gradients, empty graphs and runs among them."""

import warnings

import pytest
import torch

from nexuszero.network import pooling

with (
    warnings.catch_warnings()
):  # torch-geometric 2.8 still scripts functions with torch.jit
    warnings.simplefilter("ignore", FutureWarning)
    from torch_geometric import nn as pyg
    from torch_geometric import utils

GRAPHS = 7


def drawn(seed, channels):
    """Rows, the graph of each (graph 3 has none), and where each graph's rows begin."""
    generator = torch.Generator().manual_seed(seed)
    graph = torch.randint(GRAPHS, (50,), generator=generator).sort().values
    graph = graph[graph != 3]
    ptr = torch.nn.functional.pad(
        torch.bincount(graph, minlength=GRAPHS).cumsum(0), (1, 0)
    )
    x = torch.randn(len(graph), channels, generator=generator)
    x[::5] = x[0]  # ties share a gradient
    return x, graph, ptr


PAIRS = {
    "max": (
        lambda x, graph, ptr: pooling.pool_max(x, graph, GRAPHS),
        lambda x, graph, ptr: pyg.global_max_pool(x, graph, GRAPHS),
    ),
    "mean": (
        lambda x, graph, ptr: pooling.pool_mean(x, graph, GRAPHS),
        lambda x, graph, ptr: pyg.global_mean_pool(x, graph, GRAPHS),
    ),
    "sum": (
        lambda x, graph, ptr: pooling.pool_sum(x, graph, GRAPHS),
        lambda x, graph, ptr: pyg.global_add_pool(x, graph, GRAPHS),
    ),
    "softmax": (
        lambda x, graph, ptr: pooling.softmax(x, graph, GRAPHS),
        lambda x, graph, ptr: utils.softmax(x, graph, num_nodes=GRAPHS),
    ),
    "segment": (
        lambda x, graph, ptr: pooling.segment_max(x.relu(), ptr),
        lambda x, graph, ptr: utils.segment(x.relu(), ptr, "max"),
    ),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS)
def test_values_and_gradients_are_pygs(ours, theirs, seed):
    x, graph, ptr = drawn(seed, channels=4)
    gradients, values = [], []
    for function in (ours, theirs):
        leaf = x.clone().requires_grad_()
        value = function(leaf, graph, ptr)
        weights = torch.linspace(-1, 1, value.numel()).view_as(value)
        (value * weights).sum().backward()
        values.append(value.detach())
        gradients.append(leaf.grad)
    assert torch.equal(*values)
    assert torch.equal(*gradients)
