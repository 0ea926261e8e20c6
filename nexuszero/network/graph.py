"""What the network makes of a batch before its first layer: groups of nodes, edges sorted by receiver, features."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from nexuszero.data import (
    CIRCUIT_CONSTANTS,
    CONSTANTS,
    EDGE_FEATURES,
    FORMS,
    IS_BOOLEAN,
    IS_CONSTRAINT,
    NODE_FEATURES,
)
from nexuszero.network.pooling import segment_max

SEEN_OF_EDGE = EDGE_FEATURES + 3  # of `edge_features`
SEEN_OF_CONSTRAINT = NODE_FEATURES + 5 * FORMS  # of `constraint_features`
CIRCUIT_FEATURES = (
    3 + NODE_FEATURES
)  # of `circuit_features`; of the first two, field bits and lambda, targets depend


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
        constraint_to_leaf: from constraints to leaves.
    """

    wire_to_form: SortedEdges
    leaf_to_form: SortedEdges
    constraint_to_wire: SortedEdges
    constraint_to_leaf: SortedEdges


class NodeGroups(NamedTuple):
    """Indices of the nodes of each kind; a Boolean constraint is in none, nor a node that had no edge.

    Args:
        wires: of two constraints or more, the inner ones.
        leaves: wires of at most one constraint.
        constraints: all but the Boolean ones.
    """

    wires: Tensor
    leaves: Tensor
    constraints: Tensor

    @property
    def all(self) -> Tensor:
        """Inner wires and constraints, which change from round to round, then leaves."""
        return torch.cat([self.wires, self.constraints, self.leaves])

    @property
    def all_wires(self) -> Tensor:
        """Inner wires, then leaves."""
        return torch.cat([self.wires, self.leaves])


def mark_boolean_wires(
    x: Tensor, edge_index: Tensor, edge_attr: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """A Boolean constraint speaks of one wire alone: it becomes a mark on that wire, and its edges go."""
    boolean = x[:, IS_BOOLEAN] > 0.5
    kept = ~boolean[edge_index[1]]  # [edges]
    wires = edge_index[0][~kept]
    x = x.index_put(
        (wires, x.new_tensor(IS_BOOLEAN, dtype=torch.long)), x.new_tensor(1.0)
    )
    return x, edge_index[:, kept], edge_attr[kept]


def group_nodes(x: Tensor, left_out: Tensor, source: Tensor) -> NodeGroups:
    """Inner wires, leaves and constraints; ``left_out`` are the nodes that belong to no group."""
    is_wire = x[:, IS_CONSTRAINT] < 0.5
    inner = torch.bincount(source, minlength=len(x)) > 1
    return NodeGroups(
        wires=torch.nonzero(is_wire & inner).squeeze(1),
        leaves=torch.nonzero(is_wire & ~inner & ~left_out).squeeze(1),
        constraints=torch.nonzero(~is_wire & ~left_out).squeeze(1),
    )


def sort_edges(
    groups: NodeGroups, edge_index: Tensor, edge_attr: Tensor, num_nodes: int
) -> Edges:
    """The four ways of messages, each sorted by receiver."""
    number = edge_index.new_zeros(num_nodes)  # of a node within its group
    inner = torch.zeros(num_nodes, dtype=torch.bool, device=edge_index.device)
    inner[groups.wires] = True
    for group in groups:
        number[group] = torch.arange(len(group), device=number.device)

    source, target = edge_index
    wire = number[source]
    form = number[target] * FORMS + edge_attr[:, :FORMS].argmax(dim=1)
    attr = edge_features(edge_attr)  # [edges, 8]
    forms = FORMS * len(groups.constraints)

    from_inner = inner[source]
    from_leaf = ~from_inner
    inner_wire, inner_form, inner_attr = (
        wire[from_inner],
        form[from_inner],
        attr[from_inner],
    )
    leaf, leaf_form, leaf_attr = wire[from_leaf], form[from_leaf], attr[from_leaf]
    return Edges(
        wire_to_form=SortedEdges.sort(inner_wire, inner_form, forms, inner_attr),
        leaf_to_form=SortedEdges.sort(leaf, leaf_form, forms, leaf_attr),
        constraint_to_wire=SortedEdges.sort(
            inner_form // FORMS, inner_wire, len(groups.wires), inner_attr
        ),
        constraint_to_leaf=SortedEdges.sort(
            leaf_form // FORMS, leaf, len(groups.leaves), leaf_attr
        ),
    )


def edge_features(edge_attr: Tensor) -> Tensor:
    """Form and sign of a coefficient, and its bits on several scales: ``[edges, 8]``."""
    return torch.cat([edge_attr[:, :4], *_scales(edge_attr[:, 4:])], dim=1)


def constraint_features(x: Tensor) -> Tensor:
    """A constraint's own, and the constants of A, B and C as an edge's coefficient: ``[constraints, 27]``."""
    constants = x[:, CONSTANTS]
    return torch.cat([x, constants.sign(), *_scales(constants.abs())], dim=1)


def _scales(magnitude: Tensor) -> list[Tensor]:
    """The bits of coefficients, ``log2(1 + |c|) / 256``, on several scales, one for a coefficient of 1."""
    bits = magnitude * 256
    return [bits / 32, bits.clamp(max=8) / 8, bits.log1p() / 4, (bits == 1).float()]


def circuit_features(x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
    """A circuit as a whole: its constants, and the logs of its features' summed magnitudes, ``[graphs, 15]``."""
    total = x.new_zeros(num_graphs, x.shape[1]).index_add(0, graph, x.abs())
    count = torch.bincount(graph, minlength=num_graphs).clamp(min=1).unsqueeze(1)
    return torch.cat([total[:, CIRCUIT_CONSTANTS] / count, total.log1p() / 8], dim=1)
