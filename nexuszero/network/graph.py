"""What the network makes of a batch before its first layer: groups of nodes, edges sorted by receiver, features."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nexuszero.data import (
    CIRCUIT_CONSTANTS,
    FORMS,
    IS_BOOLEAN,
    IS_CONSTRAINT,
    NODE_FEATURES,
)
from nexuszero.network.layers import Edges, SortedEdges

CIRCUIT_FEATURES = (
    3 + NODE_FEATURES
)  # of `circuit_features`; of the first two, field bits and lambda, targets depend


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
    def updated(self) -> Tensor:
        """Inner wires, then constraints: the nodes that change from round to round."""
        return torch.cat([self.wires, self.constraints])

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
    """The three ways of messages, each sorted by receiver."""
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
    return Edges(
        wire_to_form=SortedEdges.sort(inner_wire, inner_form, forms, inner_attr),
        leaf_to_form=SortedEdges.sort(
            wire[from_leaf], form[from_leaf], forms, attr[from_leaf]
        ),
        constraint_to_wire=SortedEdges.sort(
            inner_form // FORMS, inner_wire, len(groups.wires), inner_attr
        ),
    )


def edge_features(edge_attr: Tensor) -> Tensor:
    """Form and sign of a coefficient, and its bits on several scales, one for a coefficient of 1: ``[edges, 8]``."""
    bits = edge_attr[:, 4:] * 256  # log2(1 + |c|)
    scales = [bits / 32, bits.clamp(max=8) / 8, bits.log1p() / 4, (bits == 1).float()]
    return torch.cat([edge_attr[:, :4], *scales], dim=1)


def circuit_features(x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
    """What a circuit says as a whole: its constants and the logs of its feature sums, ``[graphs, 15]``."""
    total = x.new_zeros(num_graphs, x.shape[1]).index_add(0, graph, x)
    count = torch.bincount(graph, minlength=num_graphs).clamp(min=1).unsqueeze(1)
    return torch.cat([total[:, CIRCUIT_CONSTANTS] / count, total.log1p() / 8], dim=1)
