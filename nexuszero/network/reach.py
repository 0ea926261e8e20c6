"""Intervals as the network holds them: how far the values of a wire, or of a linear form, reach below zero and above.

An interval ``[lo, hi]`` is held as ``-lo`` and ``hi``; in float64, as a number of a field may exceed float32. A
*reach*, ``[..., 3]``, has both, and how many wires nothing is known of, which count as zero.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nexuszero.data import FORMS, IS_BOOLEAN, IS_PUBLIC
from nexuszero.network.graph import SortedEdges

MOST_BITS = 300  # of a wire
MOST_LOGIT = 8  # of what is certain
TOLD_APART = 18  # bits up to which float32's logarithms tell numbers apart
NEAR = 2e-5  # what numbers of a field may be off by for these
ROUNDING = 1e-12  # bits: what float64's logarithms may be


def from_marks(x: Tensor) -> Tensor:
    """The reach of wires by their features, ``[wires, 12]``: Boolean ones have 0 or 1, of others nothing is known."""
    boolean = (x[:, IS_BOOLEAN] > 0.5).double()
    return torch.stack([torch.zeros_like(boolean), boolean, 1 - boolean], dim=1)


def is_hint(x: Tensor, edges: SortedEdges) -> Tensor:
    """Which leaves are hints (docs/labels.md, section 1.2), ``[leaves]``: private ones in a factor.

    Args:
        x: features of leaves, ``[leaves, 12]``.
        edges: from leaves to forms.
    """
    in_factor = torch.zeros(len(x), dtype=torch.bool, device=x.device)
    in_factor[edges.source[edges.target % FORMS < 2]] = True
    return in_factor & (x[:, IS_PUBLIC] < 0.5) & (x[:, IS_BOOLEAN] < 0.5)


def from_bits(bits: Tensor, unknown: Tensor) -> Tensor:
    """The reach of wires whose values have so many bits below and above zero, ``[wires, 2]``, unless it is unknown."""
    ends = torch.exp2(bits.round().clamp(0, MOST_BITS).double()) - 1
    return from_ends(ends, unknown)


def from_ends(ends: Tensor, unknown: Tensor) -> Tensor:
    """The reach of wires with these ends, ``[wires, 2]``, unless it is unknown."""
    known = ends.masked_fill(unknown.unsqueeze(1), 0)
    return torch.cat([known, unknown.double().unsqueeze(1)], dim=1)


def near_half(largest: Tensor, field: Tensor) -> Tensor:
    """How far largest values are above half of a field of so many bits, as a logit that they fill it, ``[nodes]`` all.

    Values fill it that are larger than half of its prime (docs/labels.md, section 1.5), which has a bit less than the
    field: with more bits it is certain that they do, with fewer that they do not.
    """
    over = log_bits(largest) - (field - 1)
    below = MOST_LOGIT * over.clamp(min=-1)
    return below.where(over < 0, MOST_LOGIT)


def fills(read: Tensor, largest: Tensor, field: Tensor) -> Tensor:
    """Logits that nodes fill the field, given their largest values and its bits, ``[nodes]`` all.

    A graph tells the bits of the prime alone; so where it is not certain the network's own logits, ``read``, count too.
    """
    near = near_half(largest, field)
    return near + read.where(near.abs() < MOST_LOGIT, 0)


def known_ends(reach: Tensor) -> Tensor:
    """Ends below and above, ``[wires, 2]``, infinite where nothing is known."""
    return reach[:, :2].masked_fill(reach[:, 2:] > 0, torch.inf)


class Terms(NamedTuple):
    """Terms of linear forms.

    Args:
        wire: of a term, or beyond all wires the one whose ends change places, where a coefficient is negative.
        form: that it belongs to.
        factor: what a reach is multiplied by, ``[terms, 3]``.
    """

    wire: Tensor
    form: Tensor
    factor: Tensor

    @staticmethod
    def of(wire: Tensor, form: Tensor, coefficient: Tensor, num_wires: int) -> Terms:
        """Of coefficients with their signs, ``[terms]``."""
        size = coefficient.abs()
        factor = torch.stack([size, size, torch.ones_like(size)], dim=1)
        return Terms(wire + num_wires * (coefficient < 0), form, factor)

    def add(self, wires: Tensor, forms: Tensor) -> Tensor:
        """The reach of forms with these terms too, given that of wires."""
        turned = torch.cat([wires[:, :2].flip(1), wires[:, 2:]], dim=1)
        parts = torch.cat([wires, turned]).index_select(0, self.wire) * self.factor
        return forms.index_add(0, self.form, parts)

    def of_wires(self, wires: Tensor) -> Tensor:
        """The forms, once or several times, in which the chosen wires stand, ``[wires]`` of Booleans."""
        return self.form[wires.repeat(2).index_select(0, self.wire)]

    def only(self, forms: Tensor) -> Terms:
        """Those of the chosen forms, ``[forms]`` of Booleans, which are numbered anew."""
        at, form = renumbered(forms, self.form)
        return Terms(
            self.wire.index_select(0, at), form, self.factor.index_select(0, at)
        )


def renumbered(chosen: Tensor, group: Tensor) -> tuple[Tensor, Tensor]:
    """The members of chosen groups, and their groups' numbers among the chosen ones.

    Args:
        chosen: which groups, ``[groups]`` of Booleans.
        group: of each member.
    """
    at = torch.nonzero(chosen.index_select(0, group)).squeeze(1)
    number = chosen.cumsum(0) - 1
    return at, number.index_select(0, group.index_select(0, at))


def least(left: Tensor, wire: Tensor, count: int) -> Tensor:
    """The least that is left to each wire, ``[count, 2]``, of rows of several; infinite where there is none."""
    nothing = left.new_full((count, 2), torch.inf)
    return nothing.scatter_reduce(0, wire.unsqueeze(1).expand_as(left), left, "amin")


def solve(form: Tensor, own: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
    """What is left to a wire of coefficient 1 or -1 where a form is zero, ``[rows, 2]``, and wires not known of.

    Args:
        form: its reach with the wire, ``[rows, 3]``.
        own: the wire's reach.
        negative: whether the coefficient is -1, ``[rows]``.
    """
    turned = negative.unsqueeze(1)
    ends = own[:, :2]
    rest = form[:, :2] - torch.where(turned, ends.flip(1), ends)
    return torch.where(turned, rest, rest.flip(1)), form[:, 2] - own[:, 2]


def coefficients(edges: SortedEdges) -> Tensor:
    """Coefficients with their signs, f8, of edges whose features still are those of `edge_features`."""
    return coefficient(edges.attr[:, FORMS], edges.attr[:, FORMS + 1] * 32)


def coefficient(sign: Tensor, bits: Tensor) -> Tensor:
    """Coefficients, f8, whose magnitudes have these ``log2(1 + magnitude)``."""
    magnitude = whole_number(bits).clamp(min=1)
    return torch.where(sign < 0, -magnitude, magnitude)


def whole_number(bits: Tensor) -> Tensor:
    """The integer whose ``log2(1 + integer)`` a feature is, f8: a large one that is near a power of two is that."""
    number = torch.exp2(bits.double()) - 1
    power = torch.exp2(torch.log2(number.clamp(min=1)).round())
    near = (bits > TOLD_APART) & ((number - power).abs() < NEAR * power)
    return torch.where(near, power, number.round())


def whole_bits(number: Tensor) -> Tensor:
    """Bits of integers, f8, 0 below zero."""
    return (torch.log2(1 + number.clamp(min=0)) - ROUNDING).ceil()


def log_bits(number: Tensor) -> Tensor:
    """``log2(1 + number)``, f4, 0 below zero."""
    return torch.log2(1 + number.clamp(min=0)).float()
