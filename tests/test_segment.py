"""Sums over edges against `index_add` and PyG's softmax, forward and backward."""

import pytest
import torch
from torch import Tensor

from nexuszero.segment import Side, softmax, to_edges, to_nodes, weighted_sum

SOURCES, TARGETS, HEADS, CHANNELS = 7, 5, 4, 3


def sides(edges: int) -> tuple[Side, Side]:
    """Random edges; some nodes have none and the last target never has any."""
    generator = torch.Generator().manual_seed(edges)
    source = torch.randint(0, SOURCES, (edges,), generator=generator)
    target = torch.randint(0, TARGETS - 1, (edges,), generator=generator)
    return Side.group(source, target, SOURCES, HEADS), Side.group(target, source, TARGETS, HEADS)


def reference(value: Tensor, weight: Tensor, source: Side, target: Side) -> Tensor:
    message = value.view(-1, HEADS, CHANNELS)[source.node] * weight.unsqueeze(2)
    return torch.zeros(TARGETS, HEADS, CHANNELS).to(value).index_add(0, target.node, message).flatten(1)


@pytest.mark.parametrize("edges", [0, 1, 30, 5000])
def test_weighted_sum(edges: int) -> None:
    source, target = sides(edges)
    value = torch.randn(SOURCES, HEADS * CHANNELS, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(edges, HEADS, dtype=torch.float64, requires_grad=True)
    grad = torch.randn(TARGETS, HEADS * CHANNELS, dtype=torch.float64)
    results = []
    for function in (weighted_sum, reference):
        out = function(value, weight, source, target)
        results.append((out, *torch.autograd.grad(out, (value, weight), grad)))
    for ours, expected in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("edges", [0, 1, 30])
def test_to_edges_and_to_nodes_are_adjoint(edges: int) -> None:
    side = sides(edges)[1]
    x = torch.randn(TARGETS, 6, dtype=torch.float64, requires_grad=True)
    y = torch.randn(edges, 6, dtype=torch.float64, requires_grad=True)
    assert torch.equal(to_edges(x, side), x[side.node])
    torch.testing.assert_close((to_edges(x, side) * y).sum(), (x * to_nodes(y, side)).sum())
    (back,) = torch.autograd.grad(to_edges(x, side), x, y.detach())
    torch.testing.assert_close(back, to_nodes(y, side))
    (forth,) = torch.autograd.grad(to_nodes(y, side), y, x.detach())
    torch.testing.assert_close(forth, to_edges(x, side))


def test_softmax_is_pygs() -> None:
    from torch_geometric.utils import softmax as pyg_softmax

    side = sides(30)[1]
    score = (100 * torch.randn(30, HEADS, dtype=torch.float64)).requires_grad_()
    grad = torch.randn(30, HEADS, dtype=torch.float64)
    ours, expected = softmax(score, side), pyg_softmax(score, side.node, num_nodes=TARGETS)
    torch.testing.assert_close(ours, expected)
    torch.testing.assert_close(*(torch.autograd.grad(out, score, grad)[0] for out in (ours, expected)))


def test_softmax_of_huge_scores_is_finite() -> None:
    side = sides(30)[1]
    assert torch.isfinite(softmax(torch.full((30, HEADS), 1e30), side)).all()
    assert softmax(torch.zeros(0, HEADS), sides(0)[1]).shape == (0, HEADS)
