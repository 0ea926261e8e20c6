"""The network's layers: messages along sorted edges, updates of nodes, rounds of both, and the pooling of nodes."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nexuszero.data import EDGE_FEATURES, FORMS
from nexuszero.network.pooling import pool_max, segment_max, softmax


class SortedEdges(NamedTuple):
    r"""Edges sorted by the node, or form, that receives their messages.

    Shapes:
        - **source** :math:`(|E|)`: the sender, **target** :math:`(|E|)`: the receiver, **attr** :math:`(|E|, C)`: an
          edge's features, later what it adds to a message, **ptr** :math:`(|V|+1)`: where each receiver's edges begin
    """

    source: Tensor
    target: Tensor
    attr: Tensor
    ptr: Tensor

    @staticmethod
    def sort(
        source: Tensor, target: Tensor, num_targets: int, attr: Tensor
    ) -> SortedEdges:
        """Sorts edges by ``target`` in ``0..num_targets``."""
        order = torch.argsort(target, stable=True)
        degree = torch.bincount(target, minlength=num_targets)
        return SortedEdges(
            source[order],
            target[order],
            attr[order],
            ptr=F.pad(degree.cumsum(0), (1, 0)),
        )

    def aggregate(
        self, message: Tensor, receiver_bias: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Maxima of half of the channels and sums of the others: ``[senders, C] -> [receivers, C/2]`` twice.

        ``receiver_bias``, ``[receivers, C]``, is what a receiver adds to each message before the ReLU.
        """
        message = message.index_select(0, self.source) + self.attr  # [edges, C]
        if receiver_bias is not None:
            message = message + receiver_bias.index_select(0, self.target)
        to_max, to_sum = F.relu(message).float().chunk(2, dim=1)

        total = to_sum.new_zeros(len(self.ptr) - 1, to_sum.shape[1]).index_add(
            0, self.target, to_sum
        )
        return segment_max(to_max, self.ptr), total


class Edges(NamedTuple):
    """The edges by the way that messages take; numbers are those of a node within its group.

    Args:
        wire_to_form: from inner wires to the forms of constraints, ``3 * constraint + form``.
        leaf_to_form: from leaves, likewise.
        constraint_to_wire: from constraints to inner wires.
    """

    wire_to_form: SortedEdges
    leaf_to_form: SortedEdges
    constraint_to_wire: SortedEdges


class NodeUpdate(nn.Module):
    """The messages of wires, or of constraints, and the update of their states by what they aggregate.

    The update is a perceptron through a quarter of the width. Message and update both begin with a product of the
    layer-normed state, so one product serves both.
    """

    def __init__(self, hidden_dim: int, message_dim: int, aggregated_dim: int) -> None:
        super().__init__()
        narrow = max(1, hidden_dim // 4)
        self.message_dim = message_dim
        self.lin_state = nn.Linear(hidden_dim, message_dim + narrow)
        self.lin_aggregated = nn.Linear(aggregated_dim, narrow, bias=False)
        self.lin_out = nn.Linear(narrow, hidden_dim)

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """The message, ``[nodes, message]``, and the state's own part of the update, ``[nodes, hidden / 4]``."""
        normed = F.layer_norm(state, state.shape[1:])
        message, own = self.lin_state(normed).tensor_split([self.message_dim], dim=1)
        return message, own

    def update(self, own: Tensor, aggregated: Tensor) -> Tensor:
        """What is added to the state, ``[nodes, hidden]``."""
        update: Tensor = self.lin_out(F.gelu(own + self.lin_aggregated(aggregated)))
        return update


class State(NamedTuple):
    """States of inner wires, ``[wires, hidden]``, and of constraints, ``[constraints, hidden]``, after a round."""

    wires: Tensor
    constraints: Tensor


class MessagePassing(nn.Module):
    r"""Rounds of messages: from wires :math:`j` to constraints :math:`i` by form :math:`r`, and back.

    .. math::
        \mathbf{m}_{ijr} &= \mathrm{ReLU}(\mathbf{T} \bar{\mathbf{w}}_j + \mathbf{E} \mathbf{e}_{ijr}), \qquad
        \mathbf{h}_{ir} = \left[\max_j \mathbf{m}_{ijr}, \log\left(1 + \sum_j \mathbf{m}_{ijr}\right)\right] \\
        \mathbf{c}_i' &= \mathbf{c}_i + f(\bar{\mathbf{c}}_i, \mathbf{h}_{iA}, \mathbf{h}_{iB}, \mathbf{h}_{iC})

    and likewise back, where a message depends on the wire that receives it too: :math:`+ \mathbf{R} \bar{\mathbf{w}}_j`
    before the ReLU, the receiver's bias, so that a wire can take what a constraint says without its own part.
    :math:`\bar{\mathbf{x}}` is a layer norm. The maximum follows the largest of several ranges, the sum counts; each
    has half of a message, which has a quarter of the width. All rounds have the same weights. Leaves (wires of one
    constraint) send and keep their states, so their messages are aggregated once, as edges' parts are computed once.

    Args:
        hidden_dim: width of a node's state.
        receiver_bias: whether there is one.
    """

    def __init__(self, hidden_dim: int, receiver_bias: bool = True) -> None:
        super().__init__()
        self.receiver_bias = receiver_bias
        width = 2 * max(1, hidden_dim // 8)  # of a message
        self.wire_update = NodeUpdate(
            hidden_dim, 2 * width, width
        )  # a wire's message, and its bias as a receiver
        self.constraint_update = NodeUpdate(hidden_dim, width, FORMS * width)
        self.edge_to_constraint = nn.Linear(EDGE_FEATURES + 3, width, bias=False)
        self.edge_to_wire = nn.Linear(EDGE_FEATURES + 3, width, bias=False)

    def forward(
        self, state: State, leaves: Tensor, edges: Edges, rounds: int
    ) -> list[State]:
        """The states after each round; outside training, and without rounds, the last ones alone."""
        edges = self.embed_edges(edges)

        # leaves keep their states: what they send is aggregated once, [forms, message / 2] twice
        leaf_message, _ = self.wire_update(leaves)[0].chunk(2, dim=1)
        leaf_max, leaf_sum = edges.leaf_to_form.aggregate(leaf_message)

        own = self.constraint_update(state.constraints)[1]  # [constraints, hidden / 4]
        states_per_round = [state]
        for _ in range(rounds):
            state, own = self.round(state, own, leaf_max, leaf_sum, edges)
            if not self.training:
                states_per_round.clear()
            states_per_round.append(state)
        return states_per_round[1:] if self.training and rounds else states_per_round

    def embed_edges(self, edges: Edges) -> Edges:
        """With what each edge adds to a message in place of its features: ``[edges, 8] -> [edges, message]``."""
        to_form, from_leaf, to_wire = edges
        return Edges(
            wire_to_form=to_form._replace(attr=self.edge_to_constraint(to_form.attr)),
            leaf_to_form=from_leaf._replace(
                attr=self.edge_to_constraint(from_leaf.attr)
            ),
            constraint_to_wire=to_wire._replace(attr=self.edge_to_wire(to_wire.attr)),
        )

    def round(
        self,
        state: State,
        own_constraint: Tensor,
        leaf_max: Tensor,
        leaf_sum: Tensor,
        edges: Edges,
    ) -> tuple[State, Tensor]:
        """One exchange -> the new states, and the constraints' own part of their next update."""
        wires, constraints = state

        # wires -> forms: [forms, message / 2] twice
        message, own_wire = self.wire_update(wires)
        message, receiver_bias = message.chunk(2, dim=1)
        wire_max, wire_sum = edges.wire_to_form.aggregate(message)
        aggregated = torch.cat(
            [torch.maximum(wire_max, leaf_max), (wire_sum + leaf_sum).log1p()], dim=1
        )

        # forms -> constraints: a constraint sees its three forms side by side
        by_form = aggregated.view(len(constraints), FORMS * aggregated.shape[1])
        constraints = constraints + self.constraint_update.update(
            own_constraint, by_form
        )

        # constraints -> wires
        message, own_constraint = self.constraint_update(constraints)
        largest, total = edges.constraint_to_wire.aggregate(
            message, receiver_bias if self.receiver_bias else None
        )
        wires = wires + self.wire_update.update(
            own_wire, torch.cat([largest, total.log1p()], dim=1)
        )
        return State(wires, constraints), own_constraint


class Pooling(nn.Module):
    r"""From nodes to their circuit: :math:`\log(1 + \mathrm{sum})`, maximum, and a mean by several attention heads.

    Shapes:
        - **x** :math:`(|V|, D)`, **graph** :math:`(|V|)` -> **output** :math:`(|G|, 3D/2)`; zero for an empty graph
    """

    def __init__(self, hidden_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.width = num_heads * max(1, hidden_dim // num_heads // 2)
        self.value = nn.Linear(hidden_dim, self.width)
        self.score = nn.Linear(hidden_dim, num_heads)

    def forward(self, x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
        """One row a circuit."""
        value = F.relu(self.value(x)).float()  # [nodes, width]
        score = self.score(F.layer_norm(x, x.shape[1:])).float()
        attention = self.dropout(softmax(score, graph, num_graphs))  # [nodes, heads]

        by_head = value.view(
            *attention.shape, self.width // attention.shape[1]
        )  # [nodes, heads, channels]
        weighted = (attention.unsqueeze(2) * by_head).flatten(1)  # [nodes, width]

        total = value.new_zeros(num_graphs, self.width).index_add(0, graph, value)
        mean = value.new_zeros(num_graphs, self.width).index_add(0, graph, weighted)
        return torch.cat(
            [total.log1p(), pool_max(value, graph, num_graphs), mean], dim=1
        )


def mlp(in_dim: int, hidden_dim: int, out_dim: int, layers: int = 2) -> nn.Sequential:
    """Linear maps with GELU between; no dropout: it widens what a regression sees in training, and shifts it after."""
    parts: list[nn.Module] = []
    for ends in pairwise([in_dim, *[hidden_dim] * layers]):
        parts.append(nn.Linear(*ends))
        parts.append(nn.GELU())
    return nn.Sequential(*parts, nn.Linear(hidden_dim, out_dim))
