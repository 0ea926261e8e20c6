"""The network's layers: messages along sorted edges, updates of nodes, rounds of both, and the pooling of nodes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nexuszero.data import FORMS
from nexuszero.network.arithmetic import (
    TOLD_CONSTRAINTS,
    TOLD_EDGES,
    Arithmetic,
    Bounds,
)
from nexuszero.network.graph import SEEN_OF_EDGE, Edges, SortedEdges
from nexuszero.network.pooling import pool_max, softmax
from nexuszero.network.reach import from_ends, known_ends

MOST_TIMES = 64  # that a wire narrows (docs/labels.md, section 1.4)
MOST_ROUNDS = 1024  # of the rest of an inference


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


class Passed(NamedTuple):
    """What rounds of messages end with.

    Args:
        states_per_round: of inner wires and constraints, after each round in training, else after the last.
        ranges_per_round: what was read of inner wires then.
        bounds_per_round: of constraints' forms by that; the last with what was read of leaves.
        leaves: states of leaves, ``[leaves, hidden]``.
        leaf_ranges: what was read of them.
        unfinished: which inner wires still narrowed when calculation stopped, ``[wires]``.
    """

    states_per_round: list[State]
    ranges_per_round: list[Tensor]
    bounds_per_round: list[Bounds]
    leaves: Tensor
    leaf_ranges: Tensor
    unfinished: Tensor


class MessagePassing(nn.Module):
    r"""Rounds of messages: from wires :math:`j` to constraints :math:`i` by form :math:`r`, and back.

    .. math::
        \mathbf{m}_{ijr} &= \mathrm{ReLU}(\mathbf{T} \bar{\mathbf{w}}_j + \mathbf{E} \mathbf{e}_{ijr}), \qquad
        \mathbf{h}_{ir} = \left[\max_j \mathbf{m}_{ijr}, \log\left(1 + \sum_j \mathbf{m}_{ijr}\right)\right] \\
        \mathbf{c}_i' &= \mathbf{c}_i^0 + f(\bar{\mathbf{c}}_i, \mathbf{h}_{iA}, \mathbf{h}_{iB}, \mathbf{h}_{iC})

    and likewise back, where a message depends on the wire that receives it too: :math:`+ \mathbf{R} \bar{\mathbf{w}}_j`
    before the ReLU, the receiver's bias, so that a wire can take what a constraint says without its own part.
    :math:`\bar{\mathbf{x}}` is a layer norm. The maximum follows the largest of several ranges, the sum counts; each
    has half of a message, which has a quarter of the width. All rounds have the same weights, and what a round adds is
    added to what a node began with, :math:`\mathbf{c}^0`: a sum over all rounds would drift where nothing is left to
    infer, so that no network could go on longer than it learned ("recall", Bansal et al. 2022). Leaves
    (wires of one constraint) keep their states until the last round, as all that they could send on their constraint
    knows; so their messages are aggregated once, as edges' parts are computed once.

    Before each round the network's own reading of the wires is put into the forms (`Arithmetic`): a constraint is told
    which values its forms can have, beside :math:`\mathbf{h}_i`, and a wire what the rest of its form leaves to it, in
    each message before the ReLU. So a round need not learn to add and multiply. After it the range that constraints
    leave to a wire is there to be read, or not to be. Before the last round the inference is brought to its end by
    calculation alone, or to its 1,024th round.

    Args:
        hidden_dim: width of a node's state.
        receiver_bias: whether there is one.
        recall: whether a round adds to what nodes began with; else to what they have.
        arithmetic: whether nodes are told what it says; else zeros.
        calculated: whether ranges that it leaves to wires can be read.
    """

    def __init__(
        self,
        hidden_dim: int,
        receiver_bias: bool = True,
        recall: bool = True,
        arithmetic: bool = True,
        calculated: bool = True,
    ) -> None:
        super().__init__()
        self.receiver_bias = receiver_bias
        self.recall = recall
        self.arithmetic = arithmetic
        self.calculated = calculated
        width = 2 * max(1, hidden_dim // 8)  # of a message
        self.wire_update = NodeUpdate(
            hidden_dim, 2 * width, width
        )  # a wire's message, and its bias as a receiver
        self.constraint_update = NodeUpdate(
            hidden_dim, width, FORMS * width + TOLD_CONSTRAINTS
        )
        self.edge_to_constraint = nn.Linear(SEEN_OF_EDGE, width, bias=False)
        self.edge_to_wire = nn.Linear(SEEN_OF_EDGE, width, bias=False)
        self.bound_to_wire = nn.Linear(TOLD_EDGES, width, bias=False)

    def forward(
        self,
        state: State,
        leaves: Tensor,
        edges: Edges,
        arithmetic: Arithmetic,
        marked: tuple[Tensor, Tensor],
        read: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
        read_leaves: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
        rounds: int,
    ) -> Passed:
        """Rounds of messages between inner wires and constraints, then, if any, one from constraints to leaves.

        Args:
            state: of inner wires and constraints.
            leaves: states of leaves.
            edges: with their features.
            arithmetic: of these edges.
            marked: the reach of inner wires, and of leaves, at first.
            read: states of inner wires, and what is left to them -> their ranges, and their reach by these.
            read_leaves: likewise of leaves.
            rounds: how many.
        """
        edges = self.embed_edges(edges)
        first = state
        reach, leaf_reach = marked
        unfinished = torch.zeros(len(reach), dtype=torch.bool, device=reach.device)
        with_marks = arithmetic.with_leaves(leaf_reach)

        # leaves keep their states: what they send is aggregated once, [forms, message / 2] twice
        message, own_leaf = self.wire_update(leaves)
        leaf_message, leaf_bias = message.chunk(2, dim=1)
        leaf_max, leaf_sum = edges.leaf_to_form.aggregate(leaf_message)

        own = self.constraint_update(state.constraints)[1]  # [constraints, hidden / 4]
        bounds = with_marks.bounds(reach)
        states_per_round: list[State] = []
        ranges_per_round: list[Tensor] = []
        bounds_per_round: list[Bounds] = []
        for later in reversed(range(rounds)):
            if later == 0:
                reach, unfinished = self.at_rest(arithmetic, reach, leaf_reach)
                bounds = with_marks.bounds(reach)
            told = (
                self.told(bounds.of_constraints()),
                self.told(bounds.of_edges(arithmetic.to_wire, reach)),
            )
            left = self.left(arithmetic.left_to_inner(bounds, reach, leaf_reach), reach)
            base = first if self.recall else state
            state, own = self.round(state, base, own, leaf_max, leaf_sum, edges, told)
            ranges, reach = read(state.wires, left)
            bounds = with_marks.bounds(reach)
            if not self.training:
                states_per_round.clear()
                ranges_per_round.clear()
                bounds_per_round.clear()
            states_per_round.append(state)
            ranges_per_round.append(ranges)
            bounds_per_round.append(bounds)

        # constraints -> leaves; without a round a graph is a set of nodes
        leaf_left = self.left(known_ends(leaf_reach), leaf_reach)
        if rounds:
            message, _ = self.constraint_update(state.constraints)
            leaves = leaves + self.to_wires(
                message,
                edges.constraint_to_leaf,
                self.told(bounds.of_edges(arithmetic.to_leaf, leaf_reach)),
                own_leaf,
                leaf_bias,
            )
            leaf_left = self.left(
                arithmetic.left_to_leaves(bounds, reach, leaf_reach), leaf_reach
            )
        else:
            by_mark = self.left(known_ends(reach), reach)
            ranges, reach = read(state.wires, by_mark)
            states_per_round.append(state)
            ranges_per_round.append(ranges)
            bounds_per_round.append(bounds)

        leaf_ranges, leaf_reach = read_leaves(leaves, leaf_left)
        bounds_per_round[-1] = arithmetic.with_leaves(leaf_reach).bounds(reach)
        return Passed(
            states_per_round,
            ranges_per_round,
            bounds_per_round,
            leaves,
            leaf_ranges,
            unfinished,
        )

    def at_rest(
        self, arithmetic: Arithmetic, reach: Tensor, leaf_reach: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The reach of inner wires when nothing more follows by calculation, or after `MOST_ROUNDS`.

        After the first round only rules beside what changed are asked again. No wire narrows more often than
        `MOST_TIMES`. Beside it stands which ones would have gone on, ``[wires]``.
        """
        chosen = torch.zeros(len(reach), dtype=torch.bool, device=reach.device)
        if not self.calculated:
            return reach, chosen
        part = with_marks = arithmetic.with_leaves(leaf_reach)
        times = torch.zeros(len(reach), device=reach.device)
        for _ in range(MOST_ROUNDS):
            bounds = part.bounds(reach)
            left = self.left(part.left_to_inner(bounds, reach, leaf_reach), reach)
            narrower = from_ends(left, left[:, 0].isinf())
            chosen = (narrower != reach).any(1) & (times < MOST_TIMES)
            if not chosen.any():
                break
            times += chosen
            reach = torch.where(chosen.unsqueeze(1), narrower, reach)
            part = with_marks.beside(chosen, len(leaf_reach))
        return reach, chosen

    def left(self, left: Tensor, before: Tensor) -> Tensor:
        """What constraints leave to wires of what their reach was before, or nothing."""
        if not self.calculated:
            return torch.full_like(left, torch.inf)
        return torch.minimum(left, known_ends(before))

    def told(self, part: Tensor) -> Tensor:
        """What the arithmetic says, or nothing."""
        return part if self.arithmetic else torch.zeros_like(part)

    def embed_edges(self, edges: Edges) -> Edges:
        """With what each edge adds to a message in place of its features: ``[edges, 8] -> [edges, message]``."""
        parts = [
            self.edge_to_constraint(edges.wire_to_form.attr),
            self.edge_to_constraint(edges.leaf_to_form.attr),
            self.edge_to_wire(edges.constraint_to_wire.attr),
            self.edge_to_wire(edges.constraint_to_leaf.attr),
        ]
        return Edges(
            *[way._replace(attr=part) for way, part in zip(edges, parts, strict=True)]
        )

    def round(
        self,
        state: State,
        base: State,
        own_constraint: Tensor,
        leaf_max: Tensor,
        leaf_sum: Tensor,
        edges: Edges,
        told: tuple[Tensor, Tensor],
    ) -> tuple[State, Tensor]:
        """One exchange -> the new states, and the constraints' own part of their next update.

        ``base`` is what the updates are added to, ``told`` what the arithmetic says, of constraints and of edges to
        inner wires.
        """
        wires, constraints = state
        of_constraints, of_edges = told

        # wires -> forms: [forms, message / 2] twice
        message, own_wire = self.wire_update(wires)
        message, receiver_bias = message.chunk(2, dim=1)
        wire_max, wire_sum = edges.wire_to_form.aggregate(message)
        aggregated = torch.cat(
            [torch.maximum(wire_max, leaf_max), (wire_sum + leaf_sum).log1p()], dim=1
        )

        # forms -> constraints: a constraint sees its three forms side by side
        by_form = aggregated.view(len(constraints), FORMS * aggregated.shape[1])
        constraints = base.constraints + self.constraint_update.update(
            own_constraint, torch.cat([by_form, of_constraints], dim=1)
        )

        # constraints -> wires
        message, own_constraint = self.constraint_update(constraints)
        wires = base.wires + self.to_wires(
            message, edges.constraint_to_wire, of_edges, own_wire, receiver_bias
        )
        return State(wires, constraints), own_constraint

    def to_wires(
        self,
        message: Tensor,
        edges: SortedEdges,
        told: Tensor,
        own: Tensor,
        receiver_bias: Tensor,
    ) -> Tensor:
        """What messages of constraints add to the states of wires, ``[wires, hidden]``."""
        edges = edges._replace(attr=edges.attr + self.bound_to_wire(told))
        largest, total = edges.aggregate(
            message, receiver_bias if self.receiver_bias else None
        )
        return self.wire_update.update(own, torch.cat([largest, total.log1p()], dim=1))


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
