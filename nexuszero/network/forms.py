"""Linear forms that are multiples of one another, found again and counted (docs/labels.md, sections 1.4 and 1.6).

Whether two long forms are alike no message tells, which has room for a few numbers. So each form has a key, made of all
of its terms: rule 5 of the inference looks for a form in two constraints, and what is committed are distinct forms.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nexuszero.crypto import SLOTS
from nexuszero.data import FORMS, IS_PUBLIC
from nexuszero.network.reach import NEAR, TOLD_APART, coefficient

SMALL = 2**12  # four digits tell integers up to it apart
COARSE = 1024  # parts of a bit, of other ratios of what four digits are known of
MIX = (0x1E3779B97F4A7C15, 0x3F58476D1CE4E5B9, 0x14D049BB133111EB)  # odd numbers
NEARLY = 1e-6  # of a run


def form_keys(form: Tensor, wire: Tensor, factor: Tensor, constants: Tensor) -> Tensor:
    """A number for each form, ``[forms]``: equal for those that are multiples of one another, else hardly ever.

    It is a sum over the terms, each a hash of its wire and of its coefficient over that of the lowest wire. Beyond 2^18
    coefficients are known to four digits, and forms that differ in later ones are taken for alike.

    Args:
        form: that a term belongs to, ``[terms]``.
        wire: of the term.
        factor: its coefficient, with the sign, f8.
        constants: of the forms, f8, ``[forms]``.
    """
    with_constant = torch.nonzero(constants).squeeze(1)
    form = torch.cat([form, with_constant])
    wire = torch.cat([wire + 1, torch.zeros_like(with_constant)])
    factor = torch.cat([factor, constants[with_constant]])

    # divided by the coefficient of the lowest wire, or by the constant where there is none
    last = int(wire.max()) + 1 if len(wire) else 1
    place = torch.where(wire == 0, last, wire)
    lowest = place.new_full((len(constants),), last)
    lowest = lowest.scatter_reduce(0, form, place, "amin")
    unit = torch.ones_like(constants)
    first = place == lowest[form]
    unit[form[first]] = factor[first]
    ratio = factor / unit[form]
    exact = torch.maximum(factor.abs(), unit[form].abs()) < 2**TOLD_APART
    simple = _simple(ratio).masked_fill(exact, 0)
    ratio = torch.where(simple > 0, simple.copysign(ratio), ratio)
    exact |= simple > 0
    coarse = (ratio.abs().log2() * COARSE).round().long() * 2 + (ratio < 0)
    number = torch.where(exact, ratio.view(torch.int64), coarse)

    mixed = wire * MIX[0] + number * MIX[1]
    for shift in (29, 32):
        mixed = (mixed ^ (mixed >> shift)) * MIX[2]
    return torch.zeros_like(lowest).index_add(0, form, mixed)


def _simple(ratio: Tensor) -> Tensor:
    """The integer up to `SMALL`, or the power of two, that a ratio known to four digits must be, else 0."""
    size = ratio.abs()
    power = size.log2().round().exp2()
    whole = size.round()
    whole = torch.where(whole <= SMALL, whole, power)
    found = torch.where((size - power).abs() < NEAR * power, power, whole)
    return found.masked_fill((size - found).abs() >= 2 * NEAR * found, 0)


class PackedForms(NamedTuple):
    """Private forms of packed constraints (docs/labels.md, section 1.6), each once a constraint.

    Args:
        graph: ascending, ``[forms]``.
        constraint: its node, in file order within a graph.
        number: equal for forms that are multiples of one another.
    """

    graph: Tensor
    constraint: Tensor
    number: Tensor

    @staticmethod
    def of(
        x: Tensor, edge_index: Tensor, edge_attr: Tensor, graph: Tensor
    ) -> PackedForms:
        """Of nodes, ``[nodes, 12]``, edges from wires to constraints, ``[2, edges]`` and ``[edges, 5]``, and graphs."""
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
        at, number = once // max(1, len(names)), once % max(1, len(names))
        order = torch.argsort(graph[at], stable=True)
        return PackedForms(graph[at][order], at[order], number[order])

    def rows(self, num_graphs: int) -> Tensor:
        """How many distinct forms there are, and about how many rows by `SLOTS`: ``[graphs, 6]``, f8.

        A row holds a form of each slot. Slots take runs of neighbouring constraints, which are divided so that each has
        about as many distinct forms; the mean of these is told, without what is lost where a run ends.
        """
        columns = [self._distinct(self.graph, num_graphs).double()]
        for slots in SLOTS:
            weight = torch.ones_like(self.graph, dtype=torch.float64)
            for _ in range(2):
                run = self.graph * slots + self._runs(weight, slots, num_graphs)
                distinct = self._distinct(run, num_graphs * slots)
                size = torch.bincount(run, minlength=len(distinct))
                weight = (distinct / size.clamp(min=1)).double()[run]
            columns.append(distinct.view(-1, slots).double().mean(1))
        return torch.stack(columns, dim=1)

    def _runs(self, weight: Tensor, slots: int, num_graphs: int) -> Tensor:
        """The run of each form's constraint within its graph, ``0..slots``: all of about the same weight."""
        total = weight.new_zeros(num_graphs).index_add(0, self.graph, weight)
        before = weight.cumsum(0) - weight - (total.cumsum(0) - total)[self.graph]
        _, size = torch.unique_consecutive(self.constraint, return_counts=True)
        before = before[size.cumsum(0) - size].repeat_interleave(size)
        share = before / total[self.graph] * slots
        return (share + NEARLY).long().clamp(0, slots - 1)

    def _distinct(self, group: Tensor, groups: int) -> Tensor:
        """How many distinct forms each group has, ``[groups]``."""
        names = int(self.number.max()) + 1 if len(self.number) else 1
        pairs = torch.unique(group * names + self.number)
        return torch.bincount(pairs // names, minlength=groups)
