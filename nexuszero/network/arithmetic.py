"""Range inference's arithmetic on what a network has read so far: which values forms can have, and what they leave.

The rules of inference (docs/labels.md, section 1.4) add up intervals times coefficients, multiply the sums and compare
them with the field. What constraints leave to a wire is calculated, and a wire that nothing is left to fills its field;
whether a wire has just what is left, and whether one near half of the field fills it, is the network's to learn. There
are no gradients, and no rounding but that of coefficients to float32's logarithms and of intervals that were read, not
calculated, to powers of two.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from nexuszero.data import CONSTANTS, FIELD_BITS, FIELD_BITS_UNIT, FORMS
from nexuszero.network.cases import Cases
from nexuszero.network.graph import Edges, SortedEdges
from nexuszero.network.reach import (
    Terms,
    coefficients,
    least,
    log_bits,
    near_half,
    renumbered,
    solve,
    whole_bits,
    whole_number,
)

TOLD_CONSTRAINTS = 4 * FORMS + 2  # columns of `Bounds.of_constraints`
TOLD_LARGEST = 3  # of `Bounds.of_largest`
TOLD_EDGES = 8  # of `Bounds.of_edges`
MOST = 2.0**500  # of a sum, so that a product of two is finite


class EdgeForms(NamedTuple):
    """Edges to wires.

    Args:
        form: that an edge belongs to, or beyond all forms the one whose ends change places.
        constraint: of the form.
        share: one over the coefficient's magnitude, ``[edges, 1]``.
        wire: the receiver.
    """

    form: Tensor
    constraint: Tensor
    share: Tensor
    wire: Tensor

    @staticmethod
    def of(edges: SortedEdges, num_forms: int) -> EdgeForms:
        """Of edges from constraints, whose features still are those of `edge_features`."""
        coefficient = coefficients(edges)
        kind = edges.attr[:, :FORMS].argmax(dim=1)
        form = FORMS * edges.source + kind + num_forms * (coefficient < 0)
        share = (1 / coefficient.abs()).unsqueeze(1)
        return EdgeForms(form, edges.source, share, edges.target)


class Solved(NamedTuple):
    """Edges of C with coefficient 1 or -1, whose wire the constraint can be solved for.

    Args:
        constraint: of an edge.
        wire: the receiver.
        negative: whether the coefficient is -1.
    """

    constraint: Tensor
    wire: Tensor
    negative: Tensor

    @staticmethod
    def of(edges: SortedEdges) -> Solved:
        """Of edges from constraints, whose features still are those of `edge_features`."""
        coefficient = coefficients(edges)
        of_c = edges.attr[:, FORMS - 1] > 0.5
        at = torch.nonzero(of_c & (coefficient.abs() == 1)).squeeze(1)
        return Solved(edges.source[at], edges.target[at], coefficient[at] < 0)

    def only(self, constraints: Tensor) -> Solved:
        """Those of the chosen constraints, ``[constraints]`` of Booleans, which are numbered anew."""
        at, constraint = renumbered(constraints, self.constraint)
        return Solved(constraint, self.wire[at], self.negative[at])


class Bounds(NamedTuple):
    """What is known of the three forms of constraints.

    Args:
        forms: their reach, ``[constraints, 3, 3]``.
        product: below and above zero, of A times B, ``[constraints, 2]``.
        largest: a constraint's largest value (docs/labels.md, section 1.5), ``[constraints]``.
        field: its bits, ``[constraints]``.
        unknown: how many wires nothing is known of, but for hints, ``[constraints]``.
    """

    forms: Tensor
    product: Tensor
    largest: Tensor
    field: Tensor
    unknown: Tensor

    @property
    def bits(self) -> Tensor:
        """Of the largest value, ``[constraints]``."""
        return whole_bits(self.largest).float()

    def of_constraints(self) -> Tensor:
        """What a constraint is told: ``[constraints, 14]``.

        Bits below and above zero of A, B and C, how far above the field's, how many wires are unknown; and of its
        largest value.
        """
        bits = log_bits(self.forms[:, :, :2])  # [constraints, 3, 2]
        largest = self.bits.unsqueeze(1)
        widest = torch.cat([bits.amax(2), largest], dim=1)
        unknown = self.forms[:, :, 2].float()
        columns = [
            bits.flatten(1) / 32,
            largest / 32,
            _over(widest, self.field),
            unknown.clamp(0, 2) / 2,
        ]
        return torch.cat(columns, dim=1)

    def of_largest(self) -> Tensor:
        """What is told of its largest value alone, ``[constraints, 3]``: bits, how far above the field's, unknown."""
        unknown = self.unknown.float().clamp(0, 2) / 2
        columns = [self.bits / 32, near_half(self.largest, self.field), unknown]
        return torch.stack(columns, dim=1)

    def left(self, solved: Solved, wires: Tensor) -> Tensor:
        """What C leaves to a wire of coefficient 1 or -1, given A times B: ``[wires, 2]``, infinite where not known.

        Rules 1 and 4 of docs/labels.md, section 1.4; the least of a wire's constraints.

        Args:
            solved: edges to them.
            wires: their reach.
        """
        # C - A * B, which is zero; a factor that is zero makes the other one not matter
        factors = self.forms[:, :2]
        no_product = (factors == 0).all(2).any(1)
        unknown_factors = factors[:, :, 2].sum(1).masked_fill(no_product, 0)
        missing = self.forms[:, 2, 2] + unknown_factors
        ends = self.forms[:, 2, :2] + self.product.flip(1)
        difference = torch.cat([ends, missing.unsqueeze(1)], dim=1)

        left, unknown = solve(
            difference.index_select(0, solved.constraint),
            wires.index_select(0, solved.wire),
            solved.negative,
        )
        field = self.field.index_select(0, solved.constraint)
        fits = (unknown == 0) & (log_bits(left).amax(1) < field - 1)
        left = left.masked_fill(~fits.unsqueeze(1), torch.inf)
        return least(left, solved.wire, len(wires))

    def of_edges(self, edges: EdgeForms, wires: Tensor) -> Tensor:
        """What a wire is told: the rest of its form, and the product of A and B, over its coefficient: ``[edges, 8]``.

        Args:
            edges: to the wires.
            wires: their reach.
        """
        # from a form to a wire the rest changes its sign, and the product does not
        rest = self.forms[:, :, :2].flatten(0, 1)  # [forms, 2]
        product = self.product.repeat_interleave(FORMS, dim=0)
        either = torch.cat(
            [
                torch.cat([rest.flip(1), product], dim=1),
                torch.cat([rest, product.flip(1)], dim=1),
            ]
        )
        bits = log_bits(either.index_select(0, edges.form) * edges.share)  # [edges, 4]
        widest = bits.view(-1, 2, 2).amax(2)

        # unknown are the other wires of the form, and those of A and B
        missing = self.forms[:, :, 2]  # [constraints, 3]
        factors = missing[:, :2].sum(1, keepdim=True).expand_as(missing)
        by_form = torch.stack([missing, factors], dim=2).flatten(0, 1).repeat(2, 1)
        unknown = by_form.index_select(0, edges.form)
        unknown[:, 0] -= wires[:, 2].index_select(0, edges.wire)
        columns = [
            bits / 32,
            _over(widest, self.field.index_select(0, edges.constraint)),
            unknown.float().clamp(0, 2) / 2,
        ]
        return torch.cat(columns, dim=1)


class Arithmetic(NamedTuple):
    """What does not change from round to round.

    Args:
        inner: terms of inner wires.
        leaves: terms of leaves.
        to_wire: edges to inner wires.
        to_leaf: edges to leaves.
        of_wire: those of C that can be solved for inner wires.
        of_leaf: and for leaves.
        constants: the reach of forms without any wire, ``[forms, 3]``.
        has_product: whether C is not empty, ``[constraints]``.
        hints: how many each has, ``[constraints]``.
        field: bits, ``[constraints]``.
        cases: pairs of linear forms that constraints come to.
    """

    inner: Terms
    leaves: Terms
    to_wire: EdgeForms
    to_leaf: EdgeForms
    of_wire: Solved
    of_leaf: Solved
    constants: Tensor
    has_product: Tensor
    hints: Tensor
    field: Tensor
    cases: Cases

    @staticmethod
    def of(
        edges: Edges, constraints: Tensor, wires: int, is_hint: Tensor
    ) -> Arithmetic:
        """Of edges with their features.

        Args:
            edges: of all constraints.
            constraints: their features, ``[constraints, 12]``.
            wires: how many inner ones there are.
            is_hint: which leaves are hints, ``[leaves]``.
        """
        bits = constraints[:, CONSTANTS] * 256
        constants = bits.sign() * whole_number(bits.abs())  # [constraints, 3]
        constant = constants.flatten()
        inner, leaf = edges.wire_to_form, edges.leaf_to_form
        terms = torch.cat([inner.target, leaf.target])
        filled = torch.bincount(terms, minlength=len(constant)) + (constant != 0)
        field = constraints[:, FIELD_BITS] * FIELD_BITS_UNIT
        hints = leaf.target[is_hint[leaf.source]] // FORMS
        return Arithmetic(
            Terms.of(inner.source, inner.target, coefficients(inner), wires),
            Terms.of(leaf.source, leaf.target, coefficients(leaf), len(is_hint)),
            EdgeForms.of(edges.constraint_to_wire, len(constant)),
            EdgeForms.of(edges.constraint_to_leaf, len(constant)),
            Solved.of(edges.constraint_to_wire),
            Solved.of(edges.constraint_to_leaf),
            torch.stack([-constant, constant, torch.zeros_like(constant)], dim=1),
            has_product=filled.view(-1, FORMS)[:, 2] > 0,
            hints=torch.bincount(hints, minlength=len(constraints)),
            field=field,
            cases=Cases.of(edges, constants, field, wires, is_hint),
        )

    def with_leaves(self, leaves: Tensor) -> Arithmetic:
        """With leaves of this reach among the constants."""
        return self._replace(constants=self.leaves.add(leaves, self.constants))

    def beside(self, wires: Tensor, leaves: int) -> Arithmetic:
        """The part in which some inner wires stand, for `bounds` and `left_to_inner`; no other rule depends on these.

        Constraints and pairs are numbered anew, wires are not.

        Args:
            wires: which ones, ``[wires]`` of Booleans.
            leaves: how many there are.
        """
        chosen = torch.zeros_like(self.has_product)
        chosen[self.inner.of_wires(wires) // FORMS] = True
        constraints = torch.nonzero(chosen).squeeze(1)
        constants = self.constants.view(-1, FORMS, 3)[constraints]
        return self._replace(
            inner=self.inner.only(chosen.repeat_interleave(FORMS)),
            of_wire=self.of_wire.only(chosen),
            constants=constants.flatten(0, 1),
            has_product=self.has_product[constraints],
            hints=self.hints[constraints],
            field=self.field[constraints],
            cases=self.cases.beside(F.pad(wires, (0, leaves))),
        )

    def left_to_inner(self, bounds: Bounds, wires: Tensor, leaves: Tensor) -> Tensor:
        """What constraints leave to inner wires, ``[wires, 2]``, infinite where that is not known.

        Args:
            bounds: of all forms.
            wires: the reach of inner wires.
            leaves: that of leaves.
        """
        every = torch.cat([wires, leaves])
        by_case = self.cases.left(self.cases.of_inner, wires, every)
        return torch.minimum(bounds.left(self.of_wire, wires), by_case)

    def left_to_leaves(self, bounds: Bounds, wires: Tensor, leaves: Tensor) -> Tensor:
        """Likewise what they leave to leaves, ``[leaves, 2]``."""
        every = torch.cat([wires, leaves])
        by_case = self.cases.left(self.cases.of_leaves, leaves, every)
        return torch.minimum(bounds.left(self.of_leaf, leaves), by_case)

    def bounds(self, wires: Tensor) -> Bounds:
        """Of all forms, given the reach of inner wires."""
        forms = self.inner.add(wires, self.constants).clamp(-MOST, MOST)
        forms = forms.view(-1, FORMS, 3)
        a, b = forms[:, 0, :2], forms[:, 1, :2]
        signs = a.new_tensor([[1.0, -1.0], [-1.0, 1.0]])
        corners = (a.unsqueeze(2) * b.unsqueeze(1) * signs).flatten(1)
        product = torch.stack([-corners.amin(1), corners.amax(1)], dim=1)

        size = forms[:, :, :2].abs().amax(2)  # [constraints, 3]
        both = product.abs().amax(1) + size[:, 2]
        largest = size.amax(1).maximum(both * self.has_product)
        unknown = forms[:, :, 2].sum(1) - self.hints
        return Bounds(forms, product, largest, self.field, unknown)


def _over(bits: Tensor, field: Tensor) -> Tensor:
    """How far bits, ``[rows, columns]``, are above those of the field, ``[rows]``, within eight."""
    return (bits - field.unsqueeze(1)).clamp(-8, 8) / 8
