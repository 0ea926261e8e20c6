"""Range inference's arithmetic on what a network has read so far: which values the forms of constraints can have.

The rules of inference (docs/labels.md, section 1.4) add up intervals times coefficients, multiply the sums and compare
them with the field. Which rule holds where is the network's to learn; sums and products need not be learned. There are
no gradients, and no rounding but that of intervals to powers of two and of coefficients to float32's logarithms.
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


class Intervals(NamedTuple):
    """Which values wires can have.

    Args:
        ends: the smallest and the largest, ``[wires, 2]`` f8; 0 where nothing is known.
        unknown: whether nothing is, ``[wires]``.
    """

    ends: Tensor
    unknown: Tensor

    @staticmethod
    def from_marks(x: Tensor) -> Intervals:
        """What the marks of Boolean wires say, ``[wires, 12]``; nothing is known of the others."""
        boolean = x[:, IS_BOOLEAN] > 0.5
        largest = boolean.double()
        ends = torch.stack([torch.zeros_like(largest), largest], dim=1)
        return Intervals(ends, ~boolean)

    @staticmethod
    def from_bits(bits: Tensor, unknown: Tensor) -> Intervals:
        """Of wires whose values have so many bits below and above zero, ``[wires, 2]``, unless nothing is known."""
        ends = _number(bits.round().clamp(0, MOST_BITS))
        signed = ends * ends.new_tensor([-1.0, 1.0])
        return Intervals(signed.masked_fill(unknown.unsqueeze(1), 0), unknown)


class Sums(NamedTuple):
    """What wires add to forms.

    Args:
        ends: of the known ones, ``[forms, 2]`` f8.
        unknown: how many are not known, ``[forms]``.
    """

    ends: Tensor
    unknown: Tensor


class EdgeForms(NamedTuple):
    """Edges to wires: the form that each belongs to, its signed coefficient (f8), the wire; ``[edges]`` each."""

    form: Tensor
    coefficient: Tensor
    wire: Tensor

    @staticmethod
    def of(edges: SortedEdges) -> EdgeForms:
        """Of edges from constraints, whose features still are those of `edge_features`."""
        form = FORMS * edges.source + edges.attr[:, :FORMS].argmax(dim=1)
        return EdgeForms(form, _coefficients(edges), edges.target)


class Bounds(NamedTuple):
    """What is known of the three forms of constraints, side by side.

    Args:
        ends: of the sums over known wires, ``[constraints, 3, 2]`` f8.
        unknown: wires of which nothing is known, ``[constraints, 3]``.
        product: of the sums of A and B, ``[constraints, 2]`` f8.
        largest: bits of a constraint's largest value (docs/labels.md, section 1.5), ``[constraints]``.
        field: its bits, ``[constraints]``.
    """

    ends: Tensor
    unknown: Tensor
    product: Tensor
    largest: Tensor
    field: Tensor

    def of_constraints(self) -> Tensor:
        """What a constraint is told, ``[constraints, 14]``."""
        forms = _columns(self.ends, self.field.unsqueeze(1), self.unknown)
        largest = [self.largest / 32, (self.largest - self.field).clamp(-8, 8) / 8]
        return torch.cat([forms.flatten(1), torch.stack(largest, dim=1)], dim=1)

    def of_edges(self, edges: EdgeForms, unknown: Tensor) -> Tensor:
        """What a wire is told: the rest of its form, and the product of A and B, over its coefficient: ``[edges, 8]``.

        Args:
            edges: to the wires.
            unknown: wires of which nothing is known.
        """
        constraint = edges.form // FORMS
        field = self.field.index_select(0, constraint)

        rest = self.ends.flatten(0, 1).index_select(0, edges.form)
        others = self.unknown.flatten().index_select(0, edges.form)
        others = others - unknown.index_select(0, edges.wire).float()
        product = self.product.index_select(0, constraint)
        factors = self.unknown[:, :2].sum(1).index_select(0, constraint)

        columns = [
            _columns(_over(rest, -edges.coefficient), field, others),
            _columns(_over(product, edges.coefficient), field, factors),
        ]
        return torch.cat(columns, dim=1)


class Terms(NamedTuple):
    """Edges to forms: the wire, the form, the signed coefficient (f8); ``[edges]`` each."""

    wire: Tensor
    form: Tensor
    coefficient: Tensor

    @staticmethod
    def of(edges: SortedEdges) -> Terms:
        """Of edges from wires, whose features still are those of `edge_features`."""
        return Terms(edges.source, edges.target, _coefficients(edges))

    def add(self, wires: Intervals, to: Sums) -> Sums:
        """The sums with these wires' terms."""
        parts = _times(wires.ends.index_select(0, self.wire), self.coefficient)
        missing = wires.unknown.index_select(0, self.wire).float()
        return Sums(
            to.ends.index_add(0, self.form, parts),
            to.unknown.index_add(0, self.form, missing),
        )


class Arithmetic(NamedTuple):
    """What does not change from round to round.

    Args:
        inner: terms of inner wires.
        leaves: terms of leaves.
        to_wire: edges to inner wires.
        to_leaf: edges to leaves.
        constants: of the forms.
        has_product: whether C is not empty, ``[constraints]``.
        field: bits, ``[constraints]``.
    """

    inner: Terms
    leaves: Terms
    to_wire: EdgeForms
    to_leaf: EdgeForms
    constants: Sums
    has_product: Tensor
    field: Tensor

    @staticmethod
    def of(edges: Edges, constraints: Tensor) -> Arithmetic:
        """Of edges with their features, and the features of constraints, ``[constraints, 12]``."""
        inner, leaves = Terms.of(edges.wire_to_form), Terms.of(edges.leaf_to_form)
        bits = constraints[:, CONSTANTS].flatten() * 256
        constants = bits.sign() * _number(bits.abs())  # [forms]
        terms = torch.cat([inner.form, leaves.form])
        filled = torch.bincount(terms, minlength=len(bits)) + (bits != 0)
        return Arithmetic(
            inner,
            leaves,
            EdgeForms.of(edges.constraint_to_wire),
            EdgeForms.of(edges.constraint_to_leaf),
            Sums(constants.unsqueeze(1).repeat(1, 2), torch.zeros_like(bits)),
            has_product=filled.view(-1, FORMS)[:, 2] > 0,
            field=constraints[:, FIELD_BITS] * FIELD_BITS_UNIT,
        )

    def with_leaves(self, leaves: Intervals) -> Arithmetic:
        """With what is known of leaves among the constants."""
        return self._replace(constants=self.leaves.add(leaves, self.constants))

    def bounds(self, wires: Intervals) -> Bounds:
        """Of all forms, given what is known of inner wires."""
        sums = self.inner.add(wires, self.constants)
        ends = sums.ends.clamp(-MOST, MOST).view(-1, FORMS, 2)

        a, b = ends[:, 0], ends[:, 1]
        corners = (a.unsqueeze(2) * b.unsqueeze(1)).flatten(1)  # [constraints, 4]
        product = torch.stack([corners.amin(1), corners.amax(1)], dim=1)

        size = ends.abs().amax(2)  # [constraints, 3]
        both = product.abs().amax(1) + size[:, 2]
        largest = size.amax(1).maximum(both.masked_fill(~self.has_product, 0))
        return Bounds(
            ends,
            sums.unknown.view(-1, FORMS),
            product,
            _length(largest),
            self.field,
        )


def _columns(ends: Tensor, field: Tensor, unknown: Tensor) -> Tensor:
    """Bits below and above zero, bits over the field's, wires that are not known: ``[..., 4]``."""
    bits = _bits((ends * ends.new_tensor([-1.0, 1.0])).clamp(min=0))  # [..., 2]
    over = (bits.amax(-1) - field).clamp(-8, 8) / 8
    missing = unknown.clamp(0, 2) / 2
    return torch.stack([*(bits / 32).unbind(-1), over, missing], dim=-1)


def _times(ends: Tensor, coefficient: Tensor) -> Tensor:
    """Intervals ``[edges, 2]`` times numbers, ``[edges]``."""
    ends = ends * coefficient.unsqueeze(1)
    return torch.where((coefficient < 0).unsqueeze(1), ends.flip(1), ends)


def _over(ends: Tensor, coefficient: Tensor) -> Tensor:
    return _times(ends, 1 / coefficient)


def _coefficients(edges: SortedEdges) -> Tensor:
    """Signed coefficients of edges with the features of `edge_features`, 1 where none is shown: ``[edges]`` f8."""
    magnitude = _number(edges.attr[:, FORMS + 1] * 32).clamp(min=1)
    return torch.where(edges.attr[:, FORMS] < 0, -magnitude, magnitude)


def _number(bits: Tensor) -> Tensor:
    """What has these bits as ``log2(1 + number)``, f8."""
    return torch.exp2(bits.double()) - 1


def _bits(number: Tensor) -> Tensor:
    return torch.log2(1 + number).float()


def _length(number: Tensor) -> Tensor:
    """Whole bits, unless a number exceeds a power of two by less than a thousandth."""
    return (_bits(number) - ROUNDING).ceil()
