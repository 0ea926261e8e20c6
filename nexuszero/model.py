"""The network that reads an R1CS and proposes lattice parameters: messages between wires and constraints.

The graph is bipartite, and a constraint hears its three forms A, B and C apart. One round of messages carries a fact (a
range, say) from a wire to every wire that it shares a constraint with; all rounds have the same weights, so a rule that
holds once holds at any depth. Beside the answers the network tells what the circuit asks (how many forms, values of how
many bits), which the exact analysis knows of training circuits.

    pytest tests/test_model.py
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nexuszero.dataset import DEMANDS, EDGE_FEATURES, NODE_FEATURES, TARGETS

with warnings.catch_warnings():  # torch-geometric 2.8 still scripts functions with torch.jit
    warnings.simplefilter("ignore", FutureWarning)
    from torch_geometric.nn import global_add_pool, global_max_pool
    from torch_geometric.utils import segment, softmax

IS_CONSTRAINT = 0  # the column of x that tells a constraint from a wire
CONSTANTS = slice(9, 12)  # columns equal over a circuit: field bits, lambda, log nodes
FORMS = 3  # A, B, C: the first columns of edge_attr
PARAMETERS = slice(0, 3)  # columns of the output: log2 n, log2 q, log2 sigma
METRICS = slice(3, 6)  # bit security, hardness, log2 proof size
DEMAND_WEIGHT = 0.2  # of the error in what a circuit asks, beside the loss


class Side(NamedTuple):
    r"""Edges sorted by the node or form that hears them.

    Shapes:
        - **edge** :math:`(|E|)`: positions in the list of edges, **at** :math:`(|E|)`: who hears each,
          **ptr** :math:`(|V|+1)`: where each one's edges begin
    """

    edge: Tensor
    at: Tensor
    ptr: Tensor

    @staticmethod
    def group(at: Tensor, size: int) -> Side:
        """Sorts edges by ``at`` in ``0..size``."""
        edge = torch.argsort(at, stable=True)
        return Side(edge, at[edge], F.pad(torch.bincount(at, minlength=size).cumsum(0), (1, 0)))

    def gather(self, message: Tensor) -> Tensor:
        r"""Maxima of half of the channels, :math:`\log(1 + \mathrm{sum})` of the rest: ``[edges, C] -> [size, C]``."""
        largest, counted = message[self.edge].chunk(2, dim=1)
        total = counted.new_zeros(len(self.ptr) - 1, counted.shape[1]).index_add(0, self.at, counted)
        return torch.cat([segment(largest, self.ptr, "max"), total.log1p()], dim=1)


class Update(nn.Module):
    """What a node makes of its state and of what it hears: a perceptron through a quarter of the width."""

    def __init__(self, heard: int, hidden_dim: int, dropout: float) -> None:
        super().__init__()
        narrow = max(1, hidden_dim // 4)
        self.enter, self.hear = nn.Linear(hidden_dim, narrow), nn.Linear(heard, narrow, bias=False)
        self.drop, self.leave = nn.Dropout(dropout), nn.Linear(narrow, hidden_dim)  # few coins: torch draws them slowly

    def forward(self, state: Tensor, heard: Tensor) -> Tensor:
        """The change of the state, ``[nodes, hidden]``."""
        change: Tensor = self.leave(self.drop(F.gelu(self.enter(state) + self.hear(heard))))
        return change


class Round(nn.Module):
    r"""Wires :math:`j` tell constraints :math:`i` by form :math:`r`, constraints tell wires.

    .. math::
        \mathbf{m}_{ijr} &= \mathrm{ReLU}(\mathbf{T} \bar{\mathbf{w}}_j + \mathbf{E} \mathbf{e}_{ijr}), \qquad
        \mathbf{h}_{ir} = \left[\max_j \mathbf{m}_{ijr}, \log\left(1 + \sum_j \mathbf{m}_{ijr}\right)\right] \\
        \mathbf{c}_i' &= \mathbf{c}_i + f(\bar{\mathbf{c}}_i, \mathbf{h}_{iA}, \mathbf{h}_{iB}, \mathbf{h}_{iC})

    and likewise back, with :math:`\mathbf{T}_r \bar{\mathbf{c}}'_i` for :math:`\mathbf{T} \bar{\mathbf{w}}_j` and one
    form at each wire; :math:`\bar{\mathbf{x}}` is a layer norm. The maximum follows the largest of several ranges, the
    sum counts. A message has an eighth of the width, so that the work is in the nodes' matrix products.
    """

    def __init__(self, hidden_dim: int, dropout: float) -> None:
        super().__init__()
        width = 2 * max(1, hidden_dim // 16)
        self.norm_wire, self.norm_constraint = nn.LayerNorm(hidden_dim), nn.LayerNorm(hidden_dim)
        self.tell_constraint, self.tell_wire = nn.Linear(hidden_dim, width), nn.Linear(hidden_dim, FORMS * width)
        self.edge_to_constraint = nn.Linear(EDGE_FEATURES + 3, width, bias=False)
        self.edge_to_wire = nn.Linear(EDGE_FEATURES + 3, width, bias=False)
        self.update_constraint = Update(FORMS * width, hidden_dim, dropout)
        self.update_wire = Update(width, hidden_dim, dropout)

    def forward(
        self, wires: Tensor, constraints: Tensor, edge: Tensor, wire: Tensor, form: Tensor, at_wire: Side, at_form: Side
    ) -> tuple[Tensor, Tensor]:
        """New states of wires and constraints; ``edge [E, 8]``, ``wire`` and ``form`` are the ends of the edges."""
        state = self.norm_wire(wires)
        told = self.tell_constraint(state)  # [wires, width]
        heard = at_form.gather(F.relu(told[wire] + self.edge_to_constraint(edge)).float())
        heard = heard.view(len(constraints), FORMS * heard.shape[1])
        constraints = constraints + self.update_constraint(self.norm_constraint(constraints), heard)
        told = self.tell_wire(self.norm_constraint(constraints))
        told = told.view(FORMS * len(constraints), told.shape[1] // FORMS)
        heard = at_wire.gather(F.relu(told[form] + self.edge_to_wire(edge)).float())
        return wires + self.update_wire(state, heard), constraints


class Readout(nn.Module):
    r"""From nodes to their circuit: :math:`\log(1 + \mathrm{sum})`, maximum, and a mean by several attention heads.

    Shapes:
        - **x** :math:`(|V|, D)`, **graph** :math:`(|V|)` -> **output** :math:`(|G|, 3D)`; zero for an empty graph
    """

    def __init__(self, hidden_dim: int, num_heads: int) -> None:
        super().__init__()
        self.norm, self.value = nn.LayerNorm(hidden_dim), nn.Linear(hidden_dim, hidden_dim)
        self.score = nn.Linear(hidden_dim, num_heads)

    def forward(self, x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
        """One row a circuit."""
        value = F.relu(self.value(x)).float()
        weight = softmax(self.score(self.norm(x)).float(), graph, num_nodes=num_graphs)  # [nodes, heads]
        by_head = value.view(*weight.shape, value.shape[1] // weight.shape[1])  # [nodes, heads, channels]
        weighted = (weight.unsqueeze(2) * by_head).flatten(1)
        total, mean = global_add_pool(value, graph, num_graphs), global_add_pool(weighted, graph, num_graphs)
        return torch.cat([total.log1p(), global_max_pool(value, graph, num_graphs), mean], dim=1)


class ParameterNet(nn.Module):
    r"""From circuits to three parameters and three metrics, all standardised.

    Args:
        hidden_dim (int): Width of a node. (default: :obj:`256`)
        num_layers (int): Rounds of messages, there and back. (default: :obj:`7`)
        num_heads (int): Attention heads of the readout. (default: :obj:`8`)
        dropout (float): Rate in updates and heads. (default: :obj:`0.1`)

    Shapes:
        - **x** :math:`(|V|, 12)`, wires and constraints in any order; **edge_index** :math:`(2, |E|)` from
          wires to constraints; **edge_attr** :math:`(|E|, 5)`; **graph** :math:`(|V|)` in :math:`0..|G|`
        - **output** :math:`(|G|, 6)`: log2 n, log2 q, log2 sigma, bit security, hardness, log2 proof size, in
          units of the train split's deviation from its mean
    """

    def __init__(self, hidden_dim: int = 256, num_layers: int = 7, num_heads: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        if hidden_dim % num_heads:
            raise ValueError(f"hidden_dim {hidden_dim} is not a multiple of num_heads {num_heads}")
        self.num_layers = num_layers
        self.embed_wire = nn.Linear(NODE_FEATURES, hidden_dim)
        self.embed_constraint = nn.Linear(NODE_FEATURES, hidden_dim)
        self.round = Round(hidden_dim, dropout)
        self.read_wires, self.read_constraints = (Readout(hidden_dim, num_heads) for _ in range(2))
        width = 6 * hidden_dim + NODE_FEATURES + 3
        self.demand_head = _head(width, hidden_dim, dropout, DEMANDS)
        self.answer_head = _head(width + DEMANDS, hidden_dim, dropout, TARGETS)

    def forward(
        self, x: Tensor, edge_index: Tensor, edge_attr: Tensor, graph: Tensor, num_graphs: int | None = None
    ) -> Tensor:
        """Standardised answers; without ``num_graphs`` the last graph must have a node."""
        return self.answer(x, edge_index, edge_attr, graph, num_graphs)[0]

    def answer(
        self, x: Tensor, edge_index: Tensor, edge_attr: Tensor, graph: Tensor, num_graphs: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Answers, ``[graphs, 6]``, and what the circuits ask, ``[graphs, 8]`` as `Split.demands` has it."""
        size = int(graph.max()) + 1 if num_graphs is None else num_graphs
        wires, constraints = self.encode(x, edge_index, edge_attr)
        is_wire = x[:, IS_CONSTRAINT] < 0.5
        seen = [
            self.read_wires(wires, graph[is_wire], size),
            self.read_constraints(constraints, graph[~is_wire], size),
            circuit_features(x, graph, size),
        ]
        summary = torch.cat(seen, dim=1)  # [graphs, 6 * hidden + 15]
        demand = self.demand_head(summary)
        return self.answer_head(torch.cat([summary, demand], dim=1)).float(), demand.float()

    def encode(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> tuple[Tensor, Tensor]:
        """Node features to ``[wires, hidden]`` and ``[constraints, hidden]``."""
        is_wire = x[:, IS_CONSTRAINT] < 0.5
        wires, constraints = self.embed_wire(x[is_wire]).float(), self.embed_constraint(x[~is_wire]).float()
        number = torch.where(is_wire, is_wire.cumsum(0), (~is_wire).cumsum(0)) - 1  # among its own kind
        wire = number[edge_index[0]]
        form = number[edge_index[1]] * FORMS + edge_attr[:, :FORMS].argmax(dim=1)
        sides = Side.group(wire, len(wires)), Side.group(form, FORMS * len(constraints))
        edge = edge_features(edge_attr)
        for _ in range(self.num_layers):
            wires, constraints = self.round(wires, constraints, edge, wire, form, *sides)
        return wires, constraints

    def memory(self, nodes: int, edges: int) -> int:
        """Bytes that one circuit takes at most, without gradients; measured up to 100,000 nodes, 600,000 edges."""
        hidden = self.embed_wire.out_features
        return 4 * nodes * 6 * hidden + edges * hidden + 100 * 2**20


def edge_features(edge_attr: Tensor) -> Tensor:
    """Form and sign of a coefficient, and its bits on several scales, one for a coefficient of 1: ``[edges, 8]``."""
    bits = edge_attr[:, 4:] * 256  # log2(1 + |c|)
    scales = [bits / 32, bits.clamp(max=8) / 8, bits.log1p() / 4, (bits == 1).float()]
    return torch.cat([edge_attr[:, :4], *scales], dim=1)


def circuit_features(x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
    """What a circuit says as a whole: its constants and the logs of its feature sums, ``[graphs, 15]``."""
    total = x.new_zeros(num_graphs, x.shape[1]).index_add(0, graph, x)
    count = torch.bincount(graph, minlength=num_graphs).clamp(min=1).unsqueeze(1)
    return torch.cat([total[:, CONSTANTS] / count, total.log1p() / 8], dim=1)


def _head(width: int, hidden_dim: int, dropout: float, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, hidden_dim), nn.GELU(), nn.Dropout(dropout),
        nn.Linear(hidden_dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, outputs),
    )  # fmt: skip


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


def objective(prediction: tuple[Tensor, Tensor], target: Tensor, demand: Tensor) -> Tensor:
    """What training minimises: the loss, and a share of the error in what the circuits ask."""
    answer, asked = prediction
    return loss(answer, target) + DEMAND_WEIGHT * F.mse_loss(asked, demand)
