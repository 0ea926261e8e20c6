"""Linear forms that are multiples of one another, found again and counted (docs/labels.md, sections 1.4 and 1.6).

Whether two long forms are alike no message tells, which has room for a few numbers. So each form has a key, made of all
of its terms: rule 5 of the inference looks for a form in two constraints, and what is committed are distinct forms.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nexuszero.crypto import SLOTS
from nexuszero.data import FORMS, IS_PUBLIC
from nexuszero.network.reach import coefficient

DIRECTIONS = 4  # that a form is projected to, at random
SAME = 1e-5  # by which projections are told apart
MIX = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1)  # odd numbers


def form_keys(form: Tensor, wire: Tensor, factor: Tensor, constants: Tensor) -> Tensor:
    """A number for each form, ``[forms]``: equal for those that are multiples of one another, else hardly ever.

    It is made of where the form lies in some random projections, less its size and sign. As a large constant drowns a
    wire there, one more is of its wires alone.

    Args:
        form: that a term belongs to, ``[terms]``.
        wire: of the term.
        factor: its coefficient, with the sign, f8.
        constants: of the forms, f8, ``[forms]``.
    """
    random = torch.Generator().manual_seed(0)
    wires = int(wire.max()) + 1 if len(wire) else 0
    lot = torch.randn(wires + 1, DIRECTIONS + 1, generator=random, dtype=torch.float64)
    lot = lot.to(constants.device)
    terms = lot[wire]
    terms[:, :DIRECTIONS] *= factor.unsqueeze(1)
    total = constants.unsqueeze(1) * lot[-1]
    total[:, DIRECTIONS] = 0
    total = total.index_add(0, form, terms)

    point, alone = total[:, :DIRECTIONS], total[:, DIRECTIONS:]
    point = torch.where(point[:, :1] < 0, -point, point)
    point = point / point.norm(dim=1, keepdim=True).clamp(min=1e-300)
    places = (torch.cat([point, alone], dim=1) / SAME).round().long()
    return (places * places.new_tensor(MIX)).sum(1)


def count_forms(
    x: Tensor, edge_index: Tensor, edge_attr: Tensor, graph: Tensor
) -> tuple[Tensor, Tensor]:
    """The private forms of packed constraints, each once a constraint, in file order: its graph, and a number.

    Forms that are multiples of one another have one number.

    Args:
        x: features of nodes, ``[nodes, 12]``.
        edge_index: from wires to constraints, ``[2, edges]``.
        edge_attr: features of edges, ``[edges, 5]``.
        graph: of each node.
    """
    private = x[edge_index[0], IS_PUBLIC] < 0.5
    wire, constraint = edge_index[:, private]
    attr = edge_attr[private]
    form = FORMS * constraint + attr[:, :FORMS].argmax(dim=1)
    terms = coefficient(attr[:, FORMS], attr[:, FORMS + 1] * 256)
    forms = FORMS * len(x)
    keys = form_keys(form, wire, terms, terms.new_zeros(forms))

    # packed are those whose factors both have a private wire
    there = (torch.bincount(form, minlength=forms) > 0).view(-1, FORMS)
    there &= there[:, :2].all(1, keepdim=True)
    at = torch.nonzero(there)[:, 0]
    names, number = torch.unique(keys.view(-1, FORMS)[there], return_inverse=True)
    once = torch.unique(at * len(names) + number)
    return graph[once // max(1, len(names))], once % max(1, len(names))


def count_rows(graph: Tensor, number: Tensor, num_graphs: int) -> Tensor:
    """How many distinct forms there are, and about how many rows by `SLOTS`: ``[graphs, 6]``, f8.

    A row holds a form of each slot. Slots take runs of the forms of neighbouring constraints, which are divided so that
    each has about as many distinct ones; the mean of these is told, without what is lost as a constraint's forms stay
    together.

    Args:
        graph: of each form, in order.
        number: equal for forms that are alike, ``[forms]``.
        num_graphs: how many graphs there are.
    """
    columns = [_distinct(graph, number, num_graphs).double()]
    for slots in SLOTS:
        weight = torch.ones_like(graph, dtype=torch.float64)
        for _ in range(2):
            run = graph * slots + _runs(weight, graph, slots, num_graphs)
            distinct = _distinct(run, number, num_graphs * slots)
            size = torch.bincount(run, minlength=len(distinct))
            weight = (distinct / size.clamp(min=1)).double()[run]
        columns.append(distinct.view(-1, slots).double().mean(1))
    return torch.stack(columns, dim=1)


def _runs(weight: Tensor, graph: Tensor, slots: int, num_graphs: int) -> Tensor:
    """The run of each form within its graph, ``0..slots``: all of about the same weight."""
    total = weight.new_zeros(num_graphs).index_add(0, graph, weight)
    before = weight.cumsum(0) - weight - (total.cumsum(0) - total)[graph]
    return (before / total[graph] * slots).long().clamp(0, slots - 1)


def _distinct(group: Tensor, number: Tensor, groups: int) -> Tensor:
    """How many distinct numbers each group has, ``[groups]``."""
    names = int(number.max()) + 1 if len(number) else 1
    return torch.bincount(
        torch.unique(group * names + number) // names, minlength=groups
    )
