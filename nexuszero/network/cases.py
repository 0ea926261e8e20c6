"""Pairs of linear forms of which one is zero, and what both leave to a wire (docs/labels.md, section 1.4).

Where C is empty A or B is zero (rule 2). Where a factor is a bit, plus or times a constant, the constraint is a linear
one for each value of the bit (rule 3); that tells more than intervals of A and B do if a wire of C stands in a factor
too, as in ``s * (a - b) = out - b`` or ``2 a * b = a + b - xor``. Where F stands in ``F * h = C`` with a hint h, and in
``F * Z = 0``, F and C are zero or Z is (rule 5); a pair is one form of either case.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nexuszero.data import FORMS
from nexuszero.network.forms import form_keys
from nexuszero.network.graph import Edges
from nexuszero.network.reach import (
    Terms,
    coefficients,
    least,
    log_bits,
    renumbered,
    solve,
)

CANCELS = 1e-4  # a sum of terms whose magnitudes are so much larger is taken for zero
NO_BIT = -1
MOST_ALIKE = 4  # products that are zero, beside a hint constraint of the same form F


class Pairs(NamedTuple):
    """Wires that stand in both forms of a pair, with coefficients 1 or -1.

    Args:
        pair: whose forms they are.
        wire: within its group.
        negative: whether the coefficients are -1, in the pair's first form and in its other one, ``[rows, 2]``.
    """

    pair: Tensor
    wire: Tensor
    negative: Tensor

    def only(self, pairs: Tensor) -> Pairs:
        """Those of the chosen pairs, ``[pairs]`` of Booleans, which are numbered anew."""
        at, pair = renumbered(pairs, self.pair)
        return Pairs(pair, self.wire[at], self.negative[at])


class Cases(NamedTuple):
    """Pairs of linear forms.

    Args:
        terms: of the forms, the two of a pair after one another; wires are inner ones, then leaves.
        constants: the reach of forms without any wire, ``[2 pairs, 3]``.
        bit: the wire whose value tells which of a pair is zero, ``[pairs]``, or :data:`NO_BIT`.
        field: bits, ``[pairs]``.
        of_inner: inner wires that stand in both forms.
        of_leaves: leaves that do.
    """

    terms: Terms
    constants: Tensor
    bit: Tensor
    field: Tensor
    of_inner: Pairs
    of_leaves: Pairs

    @staticmethod
    def of(
        edges: Edges, constants: Tensor, field: Tensor, inner: int, is_hint: Tensor
    ) -> Cases:
        """Of edges with their features.

        Args:
            edges: of all constraints.
            constants: of forms, ``[constraints, 3]``.
            field: bits, ``[constraints]``.
            inner: how many inner wires there are.
            is_hint: which leaves are hints, ``[leaves]``.
        """
        wires = inner + len(is_hint)
        table = _Table.of(edges, inner, wires)
        parts = [
            _either_factor(table, constants),
            _either_bit(table, constants, 0),
            _either_bit(table, constants, 1),
            _alternatives(table, constants, is_hint, inner),
        ]
        forms = 0
        slots = []
        for part in parts:
            slots.append(part.form + forms)
            forms += len(part.constant)

        # terms of a wire in one form come together
        key = torch.cat(slots) * wires + torch.cat([part.wire for part in parts])
        weight = torch.cat([part.weight for part in parts])
        key, place = torch.unique(key, return_inverse=True)
        total = weight.new_zeros(len(key)).index_add(0, place, weight)
        size = weight.new_zeros(len(key)).index_add(0, place, weight.abs())
        kept = total.abs() > CANCELS * size
        key, total = key[kept], total[kept]
        form, wire = key // wires, key % wires

        # wires that can be solved for in both
        unit = total.abs() == 1
        first = torch.nonzero(unit & (form % 2 == 0)).squeeze(1)
        wanted = key[first] + wires
        second = torch.searchsorted(key, wanted).clamp(max=len(key) - 1)
        found = (key[second] == wanted) & unit[second]
        first, second = first[found], second[found]
        is_inner = wire[first] < inner

        constant = torch.cat([part.constant for part in parts])
        constraint = torch.cat([part.constraint for part in parts])
        pair = form[first] // 2
        solved = wire[first]
        negative = torch.stack([total[first] < 0, total[second] < 0], dim=1)
        return Cases(
            Terms.of(wire, form, total, wires),
            torch.stack([-constant, constant, torch.zeros_like(constant)], dim=1),
            torch.cat([part.bit for part in parts]),
            field[constraint],
            Pairs(pair[is_inner], solved[is_inner], negative[is_inner]),
            Pairs(pair[~is_inner], solved[~is_inner] - inner, negative[~is_inner]),
        )

    def beside(self, wires: Tensor) -> Cases:
        """The pairs in which the chosen wires stand, ``[wires]`` of Booleans, or whose bit is one of them."""
        chosen = wires[self.bit.clamp(min=0)] & (self.bit != NO_BIT)
        chosen[self.terms.of_wires(wires) // 2] = True
        pairs = torch.nonzero(chosen).squeeze(1)
        return self._replace(
            terms=self.terms.only(chosen.repeat_interleave(2)),
            constants=self.constants.view(-1, 2, 3)[pairs].flatten(0, 1),
            bit=self.bit[pairs],
            field=self.field[pairs],
            of_inner=self.of_inner.only(chosen),
        )

    def left(self, pairs: Pairs, own: Tensor, wires: Tensor) -> Tensor:
        """What either form leaves to wires, the hull of both: ``[group, 2]``, infinite where that is not known.

        Args:
            pairs: which wires of a group.
            own: the reach of the group.
            wires: the reach of all, inner ones first.
        """
        forms = self.terms.add(wires, self.constants)
        reach = own.index_select(0, pairs.wire)
        first, other = pairs.negative.unbind(1)
        one, unknown = solve(forms.index_select(0, 2 * pairs.pair), reach, first)
        two, more = solve(forms.index_select(0, 2 * pairs.pair + 1), reach, other)
        hull = torch.maximum(one, two)

        below, above, missing = wires.index_select(0, self.bit.clamp(min=0)).unbind(1)
        is_bit = (below <= 0) & (above <= 1) & (missing == 0)
        holds = ((self.bit == NO_BIT) | is_bit).index_select(0, pairs.pair)
        field = self.field.index_select(0, pairs.pair)
        fits = holds & (unknown + more == 0) & (log_bits(hull).amax(1) < field - 1)
        hull = hull.masked_fill(~fits.unsqueeze(1), torch.inf)
        return least(hull, pairs.wire, len(own))


class _Table(NamedTuple):
    """All edges, by the constraint and its form, with coefficients; wires are inner ones, then leaves.

    ``pair`` is equal for edges of the same wire and constraint.
    """

    constraint: Tensor
    form: Tensor
    wire: Tensor
    coefficient: Tensor
    pair: Tensor

    @staticmethod
    def of(edges: Edges, inner: int, wires: int) -> _Table:
        ways = (edges.wire_to_form, edges.leaf_to_form)
        slot = torch.cat([way.target for way in ways])
        wire = torch.cat([ways[0].source, ways[1].source + inner])
        coefficient = torch.cat([coefficients(way) for way in ways])
        order = torch.argsort(slot, stable=True)
        slot, wire = slot[order], wire[order]
        constraint = slot // FORMS
        pair = constraint * wires + wire
        return _Table(constraint, slot % FORMS, wire, coefficient[order], pair)

    @property
    def slot(self) -> Tensor:
        """The form of an edge among those of all constraints, ``3 * constraint + form``, in order."""
        return self.constraint * FORMS + self.form

    def wires_of_forms(self, constraints: int) -> Tensor:
        """Wires of each form, ``[constraints, 3]``."""
        count = torch.bincount(self.slot, minlength=constraints * FORMS)
        return count.view(-1, FORMS)

    def no_product(self, constants: Tensor) -> Tensor:
        """Constraints ``A * B = 0`` with wires in both, ``[constraints]``."""
        count = self.wires_of_forms(len(constants))
        no_product = (count[:, 2] == 0) & (constants[:, 2] == 0)
        return no_product & (count[:, :2] > 0).all(1)


class _Part(NamedTuple):
    """Pairs of one kind: terms by form, constants of forms, each pair's bit and constraint."""

    form: Tensor
    wire: Tensor
    weight: Tensor
    constant: Tensor
    bit: Tensor
    constraint: Tensor


def _either_factor(table: _Table, constants: Tensor) -> _Part:
    """Constraints ``A * B = 0``: A or B."""
    chosen = table.no_product(constants)
    pair = chosen.cumsum(0) - 1
    at = torch.nonzero(chosen).squeeze(1)
    mine = chosen[table.constraint]
    form = 2 * pair[table.constraint[mine]] + table.form[mine]
    bit = torch.full_like(at, NO_BIT)
    constant = constants[at, :2].flatten()
    return _Part(form, table.wire[mine], table.coefficient[mine], constant, bit, at)


def _either_bit(table: _Table, constants: Tensor, factor: int) -> _Part:
    """Constraints whose factor A (0) or B (1) has one wire, for both values of it, if a factor shares a wire with C."""
    # a wire of C in a factor, too
    twice = torch.isin(table.pair, table.pair[table.form == 2]) & (table.form < 2)
    shares = torch.zeros(len(constants), dtype=torch.bool, device=twice.device)
    shares[table.constraint[twice]] = True

    chosen = shares & (table.wires_of_forms(len(constants))[:, factor] == 1)
    pair = chosen.cumsum(0) - 1
    at = torch.nonzero(chosen).squeeze(1)
    mine = chosen[table.constraint]
    of_bit = torch.nonzero(mine & (table.form == factor)).squeeze(1)
    others = torch.nonzero(mine & (table.form != factor)).squeeze(1)
    bit = table.wire[of_bit]
    of = pair[table.constraint[others]]
    is_bit = table.wire[others] == bit[of]

    forms, weights, sums = [], [], []
    for value in (0, 1):
        times = constants[at, factor] + value * table.coefficient[of_bit]
        in_factor = times[of] * table.coefficient[others]
        weight = torch.where(
            table.form[others] == 2, -table.coefficient[others], in_factor
        )
        constant = times * constants[at, 1 - factor] - constants[at, 2]
        sums.append(constant.index_add(0, of[is_bit], value * weight[is_bit]))
        forms.append(2 * of[~is_bit] + value)
        weights.append(weight[~is_bit])
    return _Part(
        torch.cat(forms),
        table.wire[others][~is_bit].repeat(2),
        torch.cat(weights),
        torch.stack(sums, dim=1).flatten(),
        bit,
        at,
    )


def _alternatives(
    table: _Table, constants: Tensor, is_hint: Tensor, inner: int
) -> _Part:
    """Where ``F * h = C`` and ``F * Z = 0``: F or C beside Z; Z alone where C is a constant, as one case is void then.

    The k-th hint constraint of an F stands beside the k-th of its products and the three next, from the last on the
    first again: rule 5 has them all.
    """
    # F stands beside the hint; and it stands, up to a factor, beside Z
    by_hint = torch.zeros_like(table.wire, dtype=torch.bool)
    leaf = table.wire >= inner
    by_hint[leaf] = is_hint[table.wire[leaf] - inner]
    hint_f = _beside(table.slot[by_hint & (table.form < 2)])
    at = FORMS * torch.nonzero(table.no_product(constants))
    zero_f = torch.cat([at, at + 1], dim=1).flatten()  # in file order, as hints are

    # forms that are alike have one number
    keys = form_keys(table.slot, table.wire, table.coefficient, constants.flatten())
    wanted = keys[torch.cat([hint_f, zero_f])]
    names, alike = torch.unique(wanted, return_inverse=True)
    of_hint, of_zero = alike[: len(hint_f)], alike[len(hint_f) :]
    size = torch.bincount(of_zero, minlength=len(names))
    start = size.cumsum(0) - size
    order = torch.argsort(of_zero, stable=True)

    chosen = torch.nonzero(size[of_hint]).squeeze(1)
    group = of_hint[chosen]
    few = torch.arange(MOST_ALIKE, device=group.device)
    turn = (_rank(group).unsqueeze(1) + few) % size[group].unsqueeze(1)
    there = few < size[group].unsqueeze(1)
    zero = order[(start[group].unsqueeze(1) + turn)[there]]
    f = hint_f[chosen].unsqueeze(1).expand_as(there)[there]

    # either case's forms, one by one
    c = f - f % FORMS + 2
    filled = torch.bincount(table.slot, minlength=constants.numel()) > 0
    void = ~filled[c] & (constants.flatten()[c] != 0)
    z = _beside(zero_f[zero])
    first = torch.cat([f.where(~void, z), c.where(~void, z)])
    slots = torch.stack([first, z.repeat(2)], dim=1).flatten()  # [2 pairs]
    ptr = torch.searchsorted(table.slot, torch.stack([slots, slots + 1]))
    size = ptr[1] - ptr[0]
    form = torch.arange(len(slots), device=size.device).repeat_interleave(size)
    begin = ptr[0] - (size.cumsum(0) - size)
    edge = torch.arange(len(form), device=size.device) + begin[form]
    return _Part(
        form,
        table.wire[edge],
        table.coefficient[edge],
        constants.flatten()[slots],
        torch.full_like(first, NO_BIT),
        first // FORMS,
    )


def _beside(slot: Tensor) -> Tensor:
    """The other factor of a factor's constraint."""
    return slot + 1 - 2 * (slot % FORMS)


def _rank(group: Tensor) -> Tensor:
    """The place of each member within its group, ``[members]``."""
    order = torch.argsort(group, stable=True)
    size = torch.bincount(group)
    rank = torch.empty_like(group)
    places = torch.arange(len(group), device=group.device)
    rank[order] = places - (size.cumsum(0) - size)[group[order]]
    return rank
