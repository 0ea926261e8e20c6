"""The network that reads an R1CS and proposes lattice parameters: attention between wires and constraints.

The graph is bipartite. A layer sends messages from wires to constraints and then back, with distinct weights
each way, so one layer carries a fact (a range, say) from a wire to every wire it shares a constraint with.
Attention is GATv2 (Brody, Alon, Yahav: How Attentive are Graph Attention Networks?, ICLR 2022).

    pytest tests/test_model.py
"""

from __future__ import annotations

import warnings

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nexuszero.dataset import EDGE_FEATURES, NODE_FEATURES, TARGETS
from nexuszero.segment import Side, softmax, to_edges, to_nodes, weighted_sum

with warnings.catch_warnings():  # torch-geometric 2.8 still scripts functions with torch.jit
    warnings.simplefilter("ignore", FutureWarning)
    from torch_geometric.nn import MessagePassing, global_add_pool, global_max_pool, global_mean_pool
    from torch_geometric.utils import softmax as edge_softmax

IS_CONSTRAINT = 0  # the column of x that tells a constraint from a wire
CONSTANTS = slice(9, 12)  # columns equal over a circuit: field bits, lambda, log nodes
PARAMETERS = slice(0, 3)  # columns of the output: log2 n, log2 q, log2 sigma
METRICS = slice(3, 6)  # bit security, hardness, log2 proof size


class Dropout(nn.Module):
    r"""Dropout (Srivastava et al., JMLR 2014) that draws four coins from one 64-bit word on a CPU.

    PyTorch's CPU generator is serial: 18 ms for 8,000 x 256 coins against 5 ms here. The rate is exact to
    2^-16.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Drops and rescales while training."""
        if not self.training or self.p == 0 or x.numel() == 0:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.p)
        words = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        coins = words.view(torch.int16)[: x.numel()].view(x.shape)
        kept = coins >= round(self.p * 2**16) - 2**15
        return x * kept.to(x.dtype).mul_(1 / (1 - self.p))


class BipartiteAttention(MessagePassing):  # type: ignore[misc]
    r"""One direction of messages, from source nodes :math:`j` to target nodes :math:`i`, with GATv2's scores.

    .. math::
        s_{ij}^h &= \mathbf{a}_h^{\top} \mathrm{LeakyReLU}\left(\mathbf{Q}_h \bar{\mathbf{x}}_i
            + \mathbf{K}_h \bar{\mathbf{x}}_j + \mathbf{E}_h \mathbf{e}_{ij}\right), \qquad
        \alpha_{ij}^h = \mathrm{softmax}_j \, s_{ij}^h \\
        \mathbf{m}_i^h &= \sum_j \alpha_{ij}^h \bar{\mathbf{x}}_j^h, \qquad
        \mathbf{f}_i^h = \sum_j \alpha_{ij}^h \mathbf{e}_{ij} \\
        \mathbf{x}_i' &= \mathbf{x}_i + \mathbf{W}_2 \, \mathrm{GELU}\left(\bar{\mathbf{x}}_i
            + \mathbf{W}_1 \mathbf{m}_i + \mathbf{U} \mathbf{f}_i\right)

    with :math:`\bar{\mathbf{x}}` the layer norm of :math:`\mathbf{x}`. It differs from :obj:`GATv2Conv` where
    a CPU feels it: scores live in a quarter of the width, head :math:`h` averages its slice of the channels and
    :math:`\mathbf{W}_1` mixes them per node afterwards, and :math:`\mathbf{U}` meets the mean of the edge
    features instead of each edge. No edge ever holds a row of width ``hidden_dim``.

    Args:
        hidden_dim (int): Width of a node.
        num_heads (int): Attention heads; divides ``hidden_dim``.
        dropout (float): Rate on attention weights and on the update.
        fused (bool): Whether :mod:`nexuszero.segment` sums over edges, or PyG's :meth:`propagate`, which is the
            reference: the same function, slower on a CPU. (default: :obj:`True`)

    Shapes:
        - **source** :math:`(|V_s|, D)`, **target** :math:`(|V_t|, D)`, **edge_attr** :math:`(|E|, 5)`
        - **output** :math:`(|V_t|, D)`
    """

    def __init__(self, hidden_dim: int, num_heads: int, dropout: float, fused: bool = True) -> None:
        super().__init__(aggr="sum", node_dim=0)
        self.fused = fused
        channels = hidden_dim // num_heads
        score_width = max(1, channels // 4)
        self.num_heads = num_heads
        self.norm_source, self.norm_target = nn.LayerNorm(hidden_dim), nn.LayerNorm(hidden_dim)
        self.query = nn.Linear(hidden_dim, num_heads * score_width)
        self.key = nn.Linear(hidden_dim, num_heads * score_width, bias=False)
        self.edge = nn.Linear(EDGE_FEATURES, num_heads * score_width, bias=False)
        self.score = nn.Parameter(torch.empty(num_heads, score_width).normal_(std=score_width**-0.5))
        self.mix, self.out = nn.Linear(hidden_dim, hidden_dim), nn.Linear(hidden_dim, hidden_dim)
        self.mix_edges = nn.Linear(num_heads * EDGE_FEATURES, hidden_dim, bias=False)
        self.drop = Dropout(dropout)

    def forward(self, source: Tensor, target: Tensor, edge_attr: Tensor, at_source: Side, at_target: Side) -> Tensor:
        """New features of the target nodes."""
        sender, receiver = self.norm_source(source), self.norm_target(target)
        sums = self.fused_sums if self.fused else self.plain_sums
        means, edges = sums(sender.float(), receiver, edge_attr, at_source, at_target)
        hidden = receiver + self.mix(means) + self.mix_edges(edges)
        update: Tensor = self.drop(self.out(F.gelu(hidden)))
        return target + update

    def plain_sums(
        self, sender: Tensor, receiver: Tensor, edge_attr: Tensor, at_source: Side, at_target: Side
    ) -> tuple[Tensor, Tensor]:
        """Each head's means of senders ``[targets, hidden]`` and edge features ``[targets, heads * 5]``, by PyG."""
        edge_index = torch.stack([at_source.node, at_target.node])
        query, key = self.query(receiver).float(), self.key(sender).float()  # [nodes, heads * score_width]
        size = (len(sender), len(receiver))
        sums: Tensor = self.propagate(
            edge_index, size=size, value=(sender, None), key=(key, None), query=(None, query), edge_attr=edge_attr
        )
        return sums[:, : sender.shape[1]], sums[:, sender.shape[1] :]

    def message(
        self, value_j: Tensor, key_j: Tensor, query_i: Tensor, edge_attr: Tensor, index: Tensor, size_i: int
    ) -> Tensor:
        """Weighted senders and edge features, ``[edges, hidden + heads * 5]``."""
        alpha = self.drop(edge_softmax(self.scores(query_i + key_j, edge_attr), index, num_nodes=size_i)).unsqueeze(2)
        senders = alpha * value_j.view(len(value_j), self.num_heads, -1)  # [edges, heads, channels]
        return torch.cat([senders.flatten(1), (alpha * edge_attr.unsqueeze(1)).flatten(1)], dim=1)

    def fused_sums(
        self, sender: Tensor, receiver: Tensor, edge_attr: Tensor, at_source: Side, at_target: Side
    ) -> tuple[Tensor, Tensor]:
        """The same without a row of ``hidden_dim`` on any edge."""
        query, key = self.query(receiver).float(), self.key(sender).float()  # [nodes, heads * score_width]
        scores = self.scores(to_edges(query, at_target) + to_edges(key, at_source), edge_attr)
        alpha = self.drop(softmax(scores, at_target))  # [edges, heads]
        return weighted_sum(sender, alpha, at_source, at_target), self.mean_edge(alpha, edge_attr, at_target)

    def scores(self, hidden: Tensor, edge_attr: Tensor) -> Tensor:
        """GATv2's scores, ``[edges, heads * score_width] -> [edges, heads]``."""
        hidden = F.leaky_relu(hidden + self.edge(edge_attr), 0.2)
        return (hidden.view(len(hidden), *self.score.shape) * self.score).sum(-1).float()

    def mean_edge(self, alpha: Tensor, edge_attr: Tensor, at_target: Side) -> Tensor:
        """Each head's mean of the edge features, ``[targets, heads * 5]``."""
        shares = alpha.unsqueeze(2) * edge_attr.unsqueeze(1)  # [edges, heads, 5]
        return to_nodes(shares.flatten(1), at_target)


class Layer(nn.Module):
    """Wires to constraints, then constraints back to wires, each with its own weights."""

    def __init__(self, hidden_dim: int, num_heads: int, dropout: float, fused: bool = True) -> None:
        super().__init__()
        self.to_constraints = BipartiteAttention(hidden_dim, num_heads, dropout, fused)
        self.to_wires = BipartiteAttention(hidden_dim, num_heads, dropout, fused)

    def forward(
        self, wires: Tensor, constraints: Tensor, edge_attr: Tensor, at_wire: Side, at_constraint: Side
    ) -> tuple[Tensor, Tensor]:
        """New features of wires and constraints."""
        constraints = self.to_constraints(wires, constraints, edge_attr, at_wire, at_constraint)
        return self.to_wires(constraints, wires, edge_attr, at_constraint, at_wire), constraints


def pool(x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
    r"""Sum, mean and maximum over each graph; :math:`\mathrm{sign}(s)\log(1+|s|)` tames the sum.

    Shapes:
        - **x** :math:`(|V|, D)`, **graph** :math:`(|V|)` -> **output** :math:`(|G|, 3D)`; zero for an empty
          graph
    """
    total = global_add_pool(x, graph, num_graphs)
    mean, top = global_mean_pool(x, graph, num_graphs), global_max_pool(x, graph, num_graphs)
    return torch.cat([total.sign() * total.abs().log1p(), mean, top], dim=1)


def circuit_features(x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
    """What a circuit says as a whole: its constants and the logs of its feature sums, ``[graphs, 15]``."""
    total = x.new_zeros(num_graphs, x.shape[1]).index_add(0, graph, x)
    count = torch.bincount(graph, minlength=num_graphs).clamp(min=1).unsqueeze(1)
    return torch.cat([total[:, CONSTANTS] / count, total.log1p() / 8], dim=1)


def _head(width: int, hidden_dim: int, dropout: float, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, hidden_dim), nn.GELU(), Dropout(dropout),
        nn.Linear(hidden_dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, outputs),
    )  # fmt: skip


class ParameterNet(nn.Module):
    r"""From circuits to three parameters and three metrics, all standardised.

    Args:
        hidden_dim (int): Width of a node. (default: :obj:`256`)
        num_layers (int): Layers, each there and back. (default: :obj:`7`)
        num_heads (int): Attention heads. (default: :obj:`8`)
        dropout (float): Rate in layers and heads. (default: :obj:`0.1`)
        fused (bool): See :class:`BipartiteAttention`. (default: :obj:`True`)

    Shapes:
        - **x** :math:`(|V|, 12)`, wires and constraints in any order; **edge_index** :math:`(2, |E|)` from
          wires to constraints; **edge_attr** :math:`(|E|, 5)`; **graph** :math:`(|V|)` in :math:`0..|G|`
        - **output** :math:`(|G|, 6)`: log2 n, log2 q, log2 sigma, bit security, hardness, log2 proof size, in
          units of the train split's deviation from its mean
    """

    def __init__(
        self, hidden_dim: int = 256, num_layers: int = 7, num_heads: int = 8, dropout: float = 0.1, fused: bool = True
    ) -> None:
        super().__init__()
        if hidden_dim % num_heads:
            raise ValueError(f"hidden_dim {hidden_dim} is not a multiple of num_heads {num_heads}")
        self.num_heads = num_heads
        self.embed_wire = nn.Linear(NODE_FEATURES, hidden_dim)
        self.embed_constraint = nn.Linear(NODE_FEATURES, hidden_dim)
        self.layers = nn.ModuleList(Layer(hidden_dim, num_heads, dropout, fused) for _ in range(num_layers))
        self.norm_wire, self.norm_constraint = nn.LayerNorm(hidden_dim), nn.LayerNorm(hidden_dim)
        width = 6 * hidden_dim + NODE_FEATURES + 3
        self.parameters_head = _head(width, hidden_dim, dropout, 3)
        self.metrics_head = _head(width, hidden_dim, dropout, 3)

    def forward(
        self, x: Tensor, edge_index: Tensor, edge_attr: Tensor, graph: Tensor, num_graphs: int | None = None
    ) -> Tensor:
        """Standardised answers; without ``num_graphs`` the last graph must have a node."""
        size = int(graph.max()) + 1 if num_graphs is None else num_graphs
        wires, constraints = self.encode(x, edge_index, edge_attr)
        is_wire = x[:, IS_CONSTRAINT] < 0.5
        seen = [
            pool(self.norm_wire(wires).float(), graph[is_wire], size),
            pool(self.norm_constraint(constraints).float(), graph[~is_wire], size),
            circuit_features(x, graph, size),
        ]
        summary = torch.cat(seen, dim=1)  # [graphs, 6 * hidden + 15]
        return torch.cat([self.parameters_head(summary), self.metrics_head(summary)], dim=1).float()

    def memory(self, nodes: int, edges: int) -> int:
        """Bytes that one circuit takes at most, without gradients; measured up to 100,000 nodes, 600,000 edges."""
        hidden = self.norm_wire.normalized_shape[0]
        return 4 * nodes * 6 * hidden + 4 * edges * (hidden + 16 * self.num_heads) + 100 * 2**20

    def encode(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> tuple[Tensor, Tensor]:
        """Node features to ``[wires, hidden]`` and ``[constraints, hidden]``."""
        is_wire = x[:, IS_CONSTRAINT] < 0.5
        wires, constraints = self.embed_wire(x[is_wire]).float(), self.embed_constraint(x[~is_wire]).float()
        at_wire, at_constraint = self.sides(is_wire, edge_index)
        for layer in self.layers:
            wires, constraints = layer(wires, constraints, edge_attr, at_wire, at_constraint)
        return wires, constraints

    def sides(self, is_wire: Tensor, edge_index: Tensor) -> tuple[Side, Side]:
        """The edge list grouped by wire and by constraint, each numbered among its own kind."""
        number = torch.where(is_wire, is_wire.cumsum(0), (~is_wire).cumsum(0)) - 1
        wire, constraint = number[edge_index[0]], number[edge_index[1]]
        wires = int(is_wire.sum())
        return (
            Side.group(wire, constraint, wires, self.num_heads),
            Side.group(constraint, wire, len(is_wire) - wires, self.num_heads),
        )


def losses(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squared error of the three parameters and of the three metrics; shapes must agree exactly."""
    if prediction.shape != target.shape or prediction.dim() != 2 or prediction.shape[1] != TARGETS:
        found = f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        raise ValueError(f"prediction and target must both be [graphs, {TARGETS}], found {found}")
    error = (prediction - target).square().mean(dim=0)  # [6]
    return error[PARAMETERS].mean(), error[METRICS].mean()


def loss(prediction: Tensor, target: Tensor) -> Tensor:
    r""":math:`\mathrm{MSE}_{\mathrm{parameters}} + \mathrm{MSE}_{\mathrm{metrics}}`, 2.0 for the mean."""
    parameters, metrics = losses(prediction, target)
    return parameters + metrics
