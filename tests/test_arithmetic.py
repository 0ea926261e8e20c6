"""The arithmetic of range inference on what a network has read, against cases by hand and the exact analysis."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from nexuszero.data import Split
from nexuszero.network.arithmetic import Arithmetic, Bounds, from_bits, from_marks
from nexuszero.network.batches import cut
from nexuszero.network.graph import (
    NodeGroups,
    group_nodes,
    mark_boolean_wires,
    sort_edges,
)

FIELD = 64


def lay(x: Tensor, ends: Tensor, attr: Tensor) -> tuple[Arithmetic, NodeGroups, Tensor]:
    """What the network makes of a graph before its first layer."""
    left_out = x[:, 3] > 0.5
    left_out |= torch.bincount(ends.flatten(), minlength=len(x)) == 0
    x, ends, attr = mark_boolean_wires(x, ends, attr)
    groups = group_nodes(x, left_out, ends[0])
    edges = sort_edges(groups, ends, attr, len(x))
    wires, leaves, constraints = groups
    return (
        Arithmetic.of(edges, x[constraints], len(wires), len(leaves)),
        groups,
        x,
    )


def number(value: float) -> float:
    """A coefficient as a feature: its sign is another one."""
    return float(np.log2(1 + abs(value)) / 256)


def example() -> tuple[Arithmetic, NodeGroups, Tensor]:
    """Wires u, v, w; (3u - 1) * v = w - 2u, and twice u = v, so that u and v are inner wires and w is a leaf."""
    x = torch.zeros(6, 12)
    x[3:, 0] = 1
    x[:, 9] = FIELD / 256
    x[3, 5] = -number(1)
    edges = [
        (0, 3, 0, 3),
        (1, 3, 1, 1),
        (2, 3, 2, 1),
        (0, 3, 2, -2),
        (0, 4, 2, 1),
        (1, 4, 2, -1),
        (0, 5, 2, 1),
        (1, 5, 2, -1),
    ]
    ends = torch.tensor([[wire, constraint] for wire, constraint, _, _ in edges]).T
    attr = torch.zeros(len(edges), 5)
    for row, (_, _, form, coefficient) in zip(attr, edges, strict=True):
        row[form], row[3], row[4] = 1, np.sign(coefficient), number(coefficient)
    return lay(x, ends, attr)


def known(bits: list[list[float]], unknown: list[bool]) -> Tensor:
    return from_bits(torch.tensor(bits), torch.tensor(unknown))


def bounds() -> tuple[Arithmetic, Bounds]:
    """Of the example with u in [-7, 15], v in [0, 3] and nothing known of w."""
    arithmetic, groups, x = example()
    marked = arithmetic.with_leaves(from_marks(x[groups.leaves]))
    return arithmetic, marked.bounds(known([[3, 4], [0, 2]], [False, False]))


def test_forms_by_hand() -> None:
    """3u - 1 in [-22, 44], v in [0, 3], what is known of w - 2u in [-30, 14]."""
    _, found = bounds()
    expected = torch.tensor([[22.0, 44, 0], [0, 3, 0], [30, 14, 1]]).double()
    torch.testing.assert_close(found.forms[0], expected)
    torch.testing.assert_close(found.product[0], torch.tensor([66.0, 132]).double())
    # 44 * 3 + 30 = 162 has eight bits; |u - v| <= 15 has four
    assert found.largest.tolist() == [8, 4, 4]


def test_what_a_constraint_is_told_by_hand() -> None:
    told = bounds()[1].of_constraints()[0]
    bits = np.log2([23, 45, 1, 4, 31, 15]) / 32  # below and above zero, A to C
    far_below_the_field = [-1] * 4
    expected = [*bits, 8 / 32, *far_below_the_field, 0, 0, 0.5]
    torch.testing.assert_close(told, torch.tensor(expected, dtype=torch.float32))


def test_what_a_leaf_is_told_by_hand() -> None:
    """w = (3u - 1) * v + 2u: the rest of C with its sign changed, and the product of A and B as it is."""
    arithmetic, found = bounds()
    (told,) = found.of_edges(arithmetic.to_leaf, known([[0, 0]], [True]))
    bits = np.log2([1 + 14, 1 + 30, 1 + 66, 1 + 132]) / 32
    expected = [*bits, -1, -1, 0, 0]
    torch.testing.assert_close(told, torch.tensor(expected, dtype=torch.float32))


def test_what_a_wire_is_told_of_a_form_with_a_negative_coefficient() -> None:
    """2u = w - (3u - 1) * v + ..: the rest over -2 keeps its sign, the product changes it; w is not known."""
    arithmetic, found = bounds()
    wires = known([[3, 4], [0, 2]], [False, False])
    told = found.of_edges(arithmetic.to_wire, wires)
    edges = arithmetic.to_wire
    forms = 9
    of_c = (edges.form == 2 + forms).nonzero().item()  # turned, in the first constraint
    bits = np.log2([1 + 30 / 2, 1 + 14 / 2, 1 + 132 / 2, 1 + 66 / 2]) / 32
    expected = [*bits, -1, -1, 0.5, 0]
    torch.testing.assert_close(told[of_c], torch.tensor(expected, dtype=torch.float32))


def test_a_wire_that_is_not_known_counts_nowhere_but_in_the_number() -> None:
    arithmetic, _, _ = example()
    found = arithmetic.bounds(known([[9, 9], [0, 2]], [True, False]))
    assert found.forms[0, 0].tolist() == [1, -1, 1]
    assert found.forms[0, :, 2].tolist() == [1, 0, 1]


def test_marks_are_zero_or_one() -> None:
    x = torch.zeros(2, 12)
    x[0, 3] = 1
    assert from_marks(x).tolist() == [[0, 1, 0], [0, 0, 1]]


def test_numbers_beyond_every_field_stay_finite() -> None:
    arithmetic, _, _ = example()
    wires = known([[1e6, 1e6], [1e6, 1e6]], [False, False])
    found = arithmetic.bounds(wires)
    told = found.of_edges(arithmetic.to_wire, wires)
    for part in (found.largest, found.of_constraints(), told):
        assert torch.isfinite(part).all()


def test_given_the_true_ranges_it_knows_what_constraints_reach(
    drawn: dict[str, Split],
) -> None:
    """Of the exact analysis the bits of wires' ends alone are given, so that now and then a bit too many comes out."""
    split = drawn["train"]
    inputs = cut(split, np.arange(len(split)))
    arithmetic, groups, x = lay(inputs.x, inputs.edge_index, inputs.edge_attr)
    bits = torch.from_numpy(split.node_bits.astype(np.float32))
    ends = torch.from_numpy(split.node_ends.astype(np.float32))
    field = x[:, 9] * 256

    def read(wires: Tensor) -> Tensor:
        return from_bits(ends[wires], bits[wires] > field[wires] - 0.5)

    found = arithmetic.with_leaves(read(groups.leaves)).bounds(read(groups.wires))
    judged = bits[groups.constraints] < field[groups.constraints] - 0.5
    judged &= found.forms[:, :, 2].sum(1) == 0
    over = (found.largest - bits[groups.constraints])[judged]
    assert len(over) > 1000
    assert (over >= 0).float().mean() > 0.99
    assert (over == 0).float().mean() > 0.5
    assert (over <= 1).float().mean() > 0.9
