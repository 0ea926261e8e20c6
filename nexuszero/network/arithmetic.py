"""Range inference's arithmetic on what a network has read so far: which values the forms of constraints can have.

The rules of inference (docs/labels.md, section 1.4) add up intervals times coefficients, multiply the sums and compare
them with the field. Which rule holds where is the network's to learn; sums and products need not be learned. There are
no gradients, and no rounding but that of intervals to powers of two and of coefficients to float32's logarithms.

An interval ``[lo, hi]`` is held as ``-lo`` and ``hi``, how far it reaches below zero and above; in float64, as a number
of a field may exceed float32. A *reach*, ``[..., 3]``, has both, and how many wires nothing is known of, which count as
zero.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nexuszero.data import CONSTANTS, FIELD_BITS, FIELD_BITS_UNIT, FORMS, IS_BOOLEAN
from nexuszero.network.graph import Edges, SortedEdges

TOLD_CONSTRAINTS = 4 * FORMS + 2  # columns of `Bounds.of_constraints`
TOLD_EDGES = 8  # of `Bounds.of_edges`
MOST_BITS = 300  # of a wire
ROUNDING = 1e-3  # bits: what logarithms in float32 may be off by
MOST = 2.0**500  # of a sum, so that a product of two is finite


def from_marks(x: Tensor) -> Tensor:
    """The reach of wires by their features, ``[wires, 12]``: Boolean ones have 0 or 1, of others nothing is known."""
    boolean = (x[:, IS_BOOLEAN] > 0.5).double()
    return torch.stack([torch.zeros_like(boolean), boolean, 1 - boolean], dim=1)


def from_bits(bits: Tensor, unknown: Tensor) -> Tensor:
    """The reach of wires whose values have so many bits below and above zero, ``[wires, 2]``, unless it is unknown."""
    ends = _number(bits.round().clamp(0, MOST_BITS))
    known = ends.masked_fill(unknown.unsqueeze(1), 0)
    return torch.cat([known, unknown.double().unsqueeze(1)], dim=1)


class Terms(NamedTuple):
    """Edges to forms.

    Args:
        wire: the sender, or beyond all wires the one whose ends change places, where a coefficient is negative.
        form: the receiver.
        factor: what a reach is multiplied by, ``[edges, 3]``.
    """

    wire: Tensor
    form: Tensor
    factor: Tensor

    @staticmethod
    def of(edges: SortedEdges, num_wires: int) -> Terms:
        """Of edges from wires, whose features still are those of `edge_features`."""
        magnitude, negative = _coefficients(edges)
        factor = torch.stack([magnitude, magnitude, torch.ones_like(magnitude)], dim=1)
        return Terms(edges.source + num_wires * negative, edges.target, factor)

    def add(self, wires: Tensor, forms: Tensor) -> Tensor:
        """The reach of forms with these terms too, given that of wires."""
        either = torch.cat([wires, wires[:, [1, 0, 2]]])
        parts = either.index_select(0, self.wire) * self.factor
        return forms.index_add(0, self.form, parts)


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
        magnitude, negative = _coefficients(edges)
        form = FORMS * edges.source + edges.attr[:, :FORMS].argmax(dim=1)
        share = (1 / magnitude).unsqueeze(1)
        return EdgeForms(form + num_forms * negative, edges.source, share, edges.target)


class Bounds(NamedTuple):
    """What is known of the three forms of constraints.

    Args:
        forms: their reach, ``[constraints, 3, 3]``.
        product: below and above zero, of A times B, ``[constraints, 2]``.
        largest: bits of a constraint's largest value (docs/labels.md, section 1.5), ``[constraints]``.
        field: its bits, ``[constraints]``.
    """

    forms: Tensor
    product: Tensor
    largest: Tensor
    field: Tensor

    def of_constraints(self) -> Tensor:
        """What a constraint is told: ``[constraints, 14]``.

        Bits below and above zero of A, B and C, how far above the field's, how many wires are unknown; and of its
        largest value.
        """
        bits = _bits(self.forms[:, :, :2])  # [constraints, 3, 2]
        widest = torch.cat([bits.amax(2), self.largest.unsqueeze(1)], dim=1)
        unknown = self.forms[:, :, 2].float()
        columns = [
            bits.flatten(1) / 32,
            self.largest.unsqueeze(1) / 32,
            _over(widest, self.field),
            unknown.clamp(0, 2) / 2,
        ]
        return torch.cat(columns, dim=1)

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
        bits = _bits(either.index_select(0, edges.form) * edges.share)  # [edges, 4]
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
        constants: the reach of forms without any wire, ``[forms, 3]``.
        has_product: whether C is not empty, ``[constraints]``.
        field: bits, ``[constraints]``.
    """

    inner: Terms
    leaves: Terms
    to_wire: EdgeForms
    to_leaf: EdgeForms
    constants: Tensor
    has_product: Tensor
    field: Tensor

    @staticmethod
    def of(edges: Edges, constraints: Tensor, wires: int, leaves: int) -> Arithmetic:
        """Of edges with their features, those of constraints, ``[constraints, 12]``, and numbers of wires."""
        bits = constraints[:, CONSTANTS].flatten() * 256  # [forms]
        constant = bits.sign() * _number(bits.abs())
        terms = torch.cat([edges.wire_to_form.target, edges.leaf_to_form.target])
        filled = torch.bincount(terms, minlength=len(bits)) + (bits != 0)
        return Arithmetic(
            Terms.of(edges.wire_to_form, wires),
            Terms.of(edges.leaf_to_form, leaves),
            EdgeForms.of(edges.constraint_to_wire, len(bits)),
            EdgeForms.of(edges.constraint_to_leaf, len(bits)),
            torch.stack([-constant, constant, torch.zeros_like(constant)], dim=1),
            has_product=filled.view(-1, FORMS)[:, 2] > 0,
            field=constraints[:, FIELD_BITS] * FIELD_BITS_UNIT,
        )

    def with_leaves(self, leaves: Tensor) -> Arithmetic:
        """With leaves of this reach among the constants."""
        return self._replace(constants=self.leaves.add(leaves, self.constants))

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
        return Bounds(forms, product, (_bits(largest) - ROUNDING).ceil(), self.field)


def _coefficients(edges: SortedEdges) -> tuple[Tensor, Tensor]:
    """Magnitudes (f8) of the coefficients that `edge_features` has, 1 where none is shown, and which are negative."""
    magnitude = _number(edges.attr[:, FORMS + 1] * 32).clamp(min=1)
    return magnitude, edges.attr[:, FORMS] < 0


def _over(bits: Tensor, field: Tensor) -> Tensor:
    """How far bits, ``[rows, columns]``, are above those of the field, ``[rows]``, within eight."""
    return (bits - field.unsqueeze(1)).clamp(-8, 8) / 8


def _number(bits: Tensor) -> Tensor:
    """What has these bits as ``log2(1 + number)``, f8."""
    return torch.exp2(bits.double()) - 1


def _bits(number: Tensor) -> Tensor:
    """``log2(1 + number)``, 0 below zero."""
    return torch.log2(1 + number.clamp(min=0)).float()
