"""The arithmetic of range inference on what a network has read, against cases by hand and the exact analysis."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from nexuszero.data import FORMS, Split
from nexuszero.network.arithmetic import Arithmetic, Bounds
from nexuszero.network.batches import cut
from nexuszero.network.graph import (
    NodeGroups,
    SortedEdges,
    group_nodes,
    mark_boolean_wires,
    sort_edges,
)
from nexuszero.network.layers import MOST_TIMES, MessagePassing
from nexuszero.network.reach import (
    fills,
    from_bits,
    from_ends,
    from_marks,
    is_hint,
    known_ends,
    near_half,
    whole_bits,
    whole_number,
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
        Arithmetic.of(
            edges,
            x[constraints],
            len(wires),
            is_hint(x[leaves], edges.leaf_to_form),
        ),
        groups,
        x,
    )


def number(value: float) -> float:
    """A coefficient as a feature: its sign is another one."""
    return float(np.log2(1.0 + abs(value)) / 256)


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


def circuit(
    wires: int, constraints: list[tuple[dict[int, int], dict[int, int], dict[int, int]]]
) -> tuple[Arithmetic, NodeGroups, Tensor]:
    """Constraints A * B = C by the coefficients of their wires; -1 stands for the constant."""
    x = torch.zeros(wires + len(constraints), 12)
    x[wires:, 0] = 1
    x[:, 9] = FIELD / 256
    ends = []
    rows = []
    for node, forms in enumerate(constraints, wires):
        for form, terms in enumerate(forms):
            for wire, coefficient in terms.items():
                if wire < 0:
                    x[node, 5 + form] = np.sign(coefficient) * number(coefficient)
                    continue
                row = torch.zeros(5)
                row[form], row[3], row[4] = 1, np.sign(coefficient), number(coefficient)
                ends.append([wire, node])
                rows.append(row)
    return lay(x, torch.tensor(ends).T, torch.stack(rows))


def left(
    constraint: tuple[dict[int, int], dict[int, int], dict[int, int]],
    intervals: list[tuple[int, int] | None],
) -> list[tuple[float, float] | None]:
    """What one constraint leaves to its wires, which another one, that says nothing, makes inner ones; None: nothing.

    Args:
        constraint: its forms.
        intervals: of the wires, None where nothing is known.
    """
    everything = dict.fromkeys(range(len(intervals)), 3)
    arithmetic, groups, _ = circuit(
        len(intervals), [constraint, (everything, everything, everything)]
    )
    assert len(groups.wires) == len(intervals)
    ends = [[-lo, hi] for lo, hi in (pair or (0, 0) for pair in intervals)]
    reach = from_ends(
        torch.tensor(ends).double(), torch.tensor([pair is None for pair in intervals])
    )
    found = arithmetic.left_to_inner(arithmetic.bounds(reach), reach, reach[:0])
    return [
        (-below, above) if above < np.inf else None for below, above in found.tolist()
    ]


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
    assert found.bits.tolist() == [8, 4, 4]


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


def test_what_a_product_leaves_by_hand() -> None:
    """(u - 1) * v = w - 5u; of wires of A and B, and of coefficients but 1 and -1, the rule does not speak."""
    constraint = ({0: 1, -1: -1}, {1: 1}, {2: 1, 0: -5})
    found = left(constraint, [(-7, 15), (-2, 3), None])
    assert found[:2] == [None, None]
    # (u - 1) * v in [-28, 42], 5u in [-35, 75]
    assert found[2] == (-28 - 35, 42 + 75)
    # nothing is known of v, but u - 1 is zero; or is not
    assert left(constraint, [(1, 1), None, None])[2] == (5, 5)
    assert left(constraint, [(0, 1), None, None])[2] is None


def test_what_a_linear_constraint_leaves_by_hand() -> None:
    """2u - v + w = 7: v = 2u + w - 7, w = 7 - 2u + v."""
    linear: tuple[dict[int, int], ...] = ({}, {}, {0: 2, 1: -1, 2: 1, -1: -7})
    assert left(linear, [(0, 3), None, (-1, 1)]) == [None, (-8, 0), None]
    assert left(linear, [(0, 3), (0, 4), (-1, 1)]) == [None, (-8, 0), (1, 11)]
    assert left(linear, [None, (0, 4), (-1, 1)]) == [None] * 3
    # beyond half of the field nothing follows
    assert left(linear, [(0, 2**62), (0, 4), None]) == [None] * 3


def test_what_either_factor_leaves_by_hand() -> None:
    """(u - 3) * (2v - u + 2) = 0: u is 3 or 2v + 2."""
    either: tuple[dict[int, int], ...] = ({0: 1, -1: -3}, {1: 2, 0: -1, -1: 2}, {})
    assert left(either, [None, (-4, 9)]) == [(-6, 20), None]
    assert left(either, [None, None]) == [None, None]
    # a constant in C, and zero follows for neither
    constant = ({0: 1, -1: -3}, {1: 2, 0: -1, -1: 2}, {-1: 1})
    assert left(constant, [None, (-4, 9)]) == [None, None]


def test_what_a_bit_leaves_by_hand() -> None:
    """s * (a - b) = out - b, where intervals alone would say [-5, 20]; and 2a * b = a + b - xor."""
    choice = ({0: 1}, {1: 1, 2: -1}, {3: 1, 2: -1})
    assert left(choice, [(0, 1), (0, 15), (-3, 2), None])[3] == (-3, 15)
    assert left(choice, [None, (0, 15), (-3, 2), None])[3] is None
    # three values are no bit: [0, 2] * [-2, 18] + [-3, 2]
    assert left(choice, [(0, 2), (0, 15), (-3, 2), None])[3] == (-7, 38)
    turned = ({2: 1, 1: -1}, {0: -1, -1: 1}, {3: 1, 1: -1})  # (1 - s) * (b - a)
    assert left(turned, [(0, 1), (0, 15), (-3, 2), None])[3] == (-3, 15)
    xor = ({0: 2}, {1: 1}, {0: 1, 1: 1, 2: -1})
    assert left(xor, [(0, 1), (0, 1), None])[2] == (0, 1)


def alternatives(
    constraints: list[tuple[dict[int, int], dict[int, int], dict[int, int]]],
    wires: int,
) -> list[list[float]]:
    """What is left to inner wires of which nothing is known, nor of hints."""
    arithmetic, groups, _ = circuit(wires, constraints)
    reach, leaf = (
        from_ends(torch.zeros(len(part), 2).double(), torch.ones(len(part)).bool())
        for part in groups[:2]
    )
    bounds = arithmetic.with_leaves(leaf).bounds(reach)
    return arithmetic.left_to_inner(bounds, reach, leaf).tolist()


def test_what_an_alternative_leaves_by_hand() -> None:
    """F * h = 1 - out and F * out = 0, F = u - 2v + 5: out is 1 or 0; a multiple of F is F, and no other form."""

    def found(second: dict[int, int]) -> list[float]:
        first = {0: 1, 1: -2, -1: 5}
        constraints = [(first, {3: 1}, {-1: 1, 2: -1}), (second, {2: 1}, {})]
        return alternatives(constraints, 4)[2]

    assert found({0: 1, 1: -2, -1: 5}) == [0, 1]
    assert found({0: -3, 1: 6, -1: -15}) == [0, 1]
    assert found({0: 1, 1: -2, -1: 6}) == [np.inf, np.inf]
    assert found({0: 1, 1: -2}) == [np.inf, np.inf]


def test_an_alternative_that_cannot_be_leaves_the_other_one() -> None:
    """F * h = 1 says that F is not zero, so what F makes zero is."""
    factor = {0: 1, 1: -2, -1: 5}
    constraints = [
        (factor, {3: 1}, {-1: 1}),
        (factor, {2: 1, 0: -1}, {}),
        ({2: 1}, {0: 1}, {1: 1}),
    ]
    assert alternatives(constraints, 4)[2] == [np.inf, np.inf]  # out is u
    constraints[1] = (factor, {2: 1, -1: -7}, {})
    assert alternatives(constraints, 4)[2] == [-7, 7]


def test_alternatives_of_one_form_are_told_however_many_there_are() -> None:
    """Ten times whether u is 5."""
    factor = {0: 1, -1: -5}
    outs = range(1, 11)
    constraints: list[tuple[dict[int, int], dict[int, int], dict[int, int]]] = []
    for out in outs:
        constraints.append((factor, {out + 10: 1}, {-1: 1, out: -1}))
        constraints.append((factor, {out: 1}, {}))
    found = alternatives(constraints, 21)
    assert [found[out] for out in outs] == [[0, 1]] * 10


def test_a_wire_narrows_64_times_at_most() -> None:
    """u = v + 1 and u = v narrow [0, 1000] by one a round, and would until nothing is left."""
    arithmetic, _, _ = circuit(
        2, [({}, {}, {0: 1, 1: -1, -1: -1}), ({}, {}, {0: 1, 1: -1})]
    )
    reach = from_ends(torch.tensor([[0.0, 1000]] * 2).double(), torch.zeros(2).bool())
    found, _ = MessagePassing(8).at_rest(arithmetic, reach, reach[:0])
    width = found[:, :2].sum(1)
    assert width.tolist() == [1000 - 64] * 2


def at_rest_by_all(arithmetic: Arithmetic, reach: Tensor, leaf: Tensor) -> Tensor:
    """Slow: every rule once more after each round."""
    with_leaves = arithmetic.with_leaves(leaf)
    times = torch.zeros(len(reach))
    while True:
        left = arithmetic.left_to_inner(with_leaves.bounds(reach), reach, leaf)
        left = torch.minimum(left, known_ends(reach))
        narrower = from_ends(left, left[:, 0].isinf())
        narrower[times == MOST_TIMES] = reach[times == MOST_TIMES]
        if torch.equal(narrower, reach):
            return reach
        times += (narrower != reach).any(1)
        reach = narrower


def test_beside_what_changed_all_follows_that_does(drawn: dict[str, Split]) -> None:
    """Of drawn circuits, side by side, from marks alone."""
    arithmetic, groups, x = true_ranges(drawn["train"]).laid
    reach, leaf = (from_marks(x[wires]) for wires in groups[:2])
    found, unfinished = MessagePassing(8).at_rest(arithmetic, reach, leaf)
    assert torch.equal(found, at_rest_by_all(arithmetic, reach, leaf))
    assert not unfinished.any()
    assert (found != reach).any(1).float().mean() > 0.1


def random_form(random: np.random.Generator, wires: int) -> dict[int, int]:
    """Of two wires with small coefficients, or large ones, one of them perhaps the constant."""
    size = random.choice([1, 1, 1, 2, 2**30], 2) * random.choice([-1, 1], 2)
    chosen = random.choice(np.arange(-1, wires), 2, replace=False)
    return {int(wire): int(one) for wire, one in zip(chosen, size, strict=True)}


def test_beside_what_changed_all_follows_in_random_circuits() -> None:
    """Of linear constraints, products that are zero or not, and choices, of which most numbers are near the field."""
    random = np.random.default_rng(0)
    later = 0
    for _ in range(300):
        wires = 8
        everything = dict.fromkeys(range(wires), 3)
        constraints = [(everything, everything, everything)]
        for kind in random.integers(4, size=8):
            a, b, c = (random_form(random, wires) for _ in range(3))
            bit, out = (int(wire) for wire in random.integers(wires, size=2))
            choice = ({bit: 1}, b, b | {out: -1})
            constraints.append([({}, {}, c), (a, b, {}), (a, b, c), choice][kind])
        arithmetic, _, _ = circuit(wires, constraints)
        ends = random.choice([0, 0, 1, 1, 2**31, 2**62], (wires, 2))
        unknown = torch.from_numpy(random.random(wires) < 0.5)
        reach = from_ends(torch.from_numpy(ends).double(), unknown)
        leaf = reach[:0]
        found, _ = MessagePassing(8).at_rest(arithmetic, reach, leaf)
        assert torch.equal(found, at_rest_by_all(arithmetic, reach, leaf))
        first = arithmetic.left_to_inner(arithmetic.bounds(reach), reach, leaf)
        first = torch.minimum(first, known_ends(reach))
        later += bool((known_ends(found) < first).any())
    assert later > 80


def test_what_a_bit_leaves_follows_once_it_is_known_for_a_bit() -> None:
    """s * (a - b) = out - b, and s = t, t = [0, 1]; without the bit the product would be too large."""
    choice = ({0: 1}, {1: 1, 2: -1}, {3: 1, 2: -1})
    everything = dict.fromkeys(range(5), 3)
    arithmetic, _, _ = circuit(
        5, [choice, ({}, {}, {0: 1, 4: -1}), (everything, everything, everything)]
    )
    ends = torch.tensor([[0, 0], [0, 2**62], [0, 2**62], [0, 0], [0, 1]]).double()
    unknown = torch.tensor([True, False, False, True, False])
    reach = from_ends(ends, unknown)
    found, _ = MessagePassing(8).at_rest(arithmetic, reach, reach[:0])
    assert found[3].tolist() == [0, 2**62, 0]


def test_a_hint_is_a_private_wire_alone_in_a_factor() -> None:
    """Of two products: the leaf in A of one, not that in C, nor a public one, nor a bit."""
    factor = {0: 1, 1: 1}
    constraints: list[tuple[dict[int, int], ...]] = [
        ({2: 1}, factor, {3: 1}),
        ({4: 1}, factor, {0: 1}),
        ({5: 1}, factor, {1: 1}),
    ]
    _, groups, x = circuit(6, [(a, b, c) for a, b, c in constraints])
    x[4, 1] = 1
    x[5, 3] = 1
    leaves = groups.leaves.tolist()
    edges = [
        (0, FORMS * at + form, leaves.index(wire))
        for at, row in enumerate(constraints)
        for form, terms in enumerate(row)
        for wire in terms
        if wire in leaves
    ]
    source = torch.tensor([leaf for _, _, leaf in edges])
    target = torch.tensor([form for _, form, _ in edges])
    found = is_hint(
        x[groups.leaves], SortedEdges(source, target, source.float(), source)
    )
    assert dict(zip(leaves, found.tolist(), strict=True)) == {
        2: True,
        3: False,
        4: False,
        5: False,
    }


def test_what_is_far_from_half_of_the_field_is_certain() -> None:
    """Half of a prime of 31 bits lies between 2^29 and 2^30; there the network's own logits count."""
    largest = torch.tensor([2.0**3, 2**29, 2**29.5, 2**30, 2**30.5, 2**31, 2**40]) - 1
    field = torch.full((7,), 31.0)
    near = [-8, -8, -4, 8, 8, 8, 8]
    assert near_half(largest.double(), field).tolist() == pytest.approx(near, abs=1e-4)
    found = fills(torch.full((7,), -0.5), largest.double(), field)
    expected = [-8, -8, -4.5, 8, 8, 8, 8]
    assert found.tolist() == pytest.approx(expected, abs=1e-4)


def test_what_is_left_holds_every_solution() -> None:
    """Random constraints of four wires with few values, against all that these can be."""
    random = np.random.default_rng(0)
    wires = range(4)

    def form() -> dict[int, int]:
        chosen = [wire for wire in (*wires, -1) if random.random() < 0.4]
        return {wire: int(random.choice([-2, -1, 1, 2])) for wire in chosen}

    def value(terms: dict[int, int], values: tuple[int, ...]) -> int:
        return sum(c * (1 if wire < 0 else values[wire]) for wire, c in terms.items())

    bounded = 0
    cut = 0
    for _ in range(300):
        a, b, c = form(), form(), form()
        lowest = random.integers(-2, 2, 4)
        intervals = [(int(lo), int(lo + random.integers(0, 3))) for lo in lowest]
        choices = product(*(range(lo, hi + 1) for lo, hi in intervals))
        solutions = [
            values
            for values in choices
            if value(a, values) * value(b, values) == value(c, values)
        ]
        if not solutions:
            continue
        for found, column, own in zip(
            left((a, b, c), list(intervals)),
            zip(*solutions, strict=True),
            intervals,
            strict=True,
        ):
            if found is not None:
                assert found[0] <= min(column)
                assert found[1] >= max(column)
                bounded += 1
                cut += found[0] > own[0] or found[1] < own[1]
    assert bounded > 100
    assert cut > 20


def test_numbers_of_features_are_whole() -> None:
    numbers = [0, 1, 2, 3, 1000, 2**17 - 1, 300_007, 2**64, 2**100]
    bits = torch.tensor([number(value) * 256 for value in numbers])
    assert whole_number(bits).tolist() == numbers
    three = number(3 * 2**80) * 256
    assert whole_number(torch.tensor(three)).item() == pytest.approx(
        3 * 2**80, rel=2e-5
    )


def test_bits_of_whole_numbers() -> None:
    for bits in range(1, 40):
        numbers = torch.tensor([2.0**bits - 1, 2.0**bits], dtype=torch.float64)
        assert whole_bits(numbers).tolist() == [bits, bits + 1]
    assert whole_bits(torch.tensor([-3.0, 0]).double()).tolist() == [0, 0]
    assert whole_bits(torch.tensor(2.0**100 - 1, dtype=torch.float64)) == 100


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
    for part in (found.bits, found.of_constraints(), told):
        assert torch.isfinite(part).all()


class Truth(NamedTuple):
    """A split's graphs, and the ranges that the exact analysis has of their nodes."""

    laid: tuple[Arithmetic, NodeGroups, Tensor]
    bits: Tensor
    ends: Tensor
    full: Tensor

    def reach(self, wires: Tensor) -> Tensor:
        return from_bits(self.ends[wires], self.full[wires])


def true_ranges(split: Split) -> Truth:
    inputs = cut(split, np.arange(len(split)))
    laid = lay(inputs.x, inputs.edge_index, inputs.edge_attr)
    bits = torch.from_numpy(split.node_bits.astype(np.float32))
    ends = torch.from_numpy(split.node_ends.astype(np.float32))
    return Truth(laid, bits, ends, bits > inputs.x[:, 9] * 256 - 0.5)


def test_given_the_true_ranges_it_knows_what_constraints_reach(
    drawn: dict[str, Split],
) -> None:
    """Of the exact analysis the bits of wires' ends alone are given, so that now and then a bit too many comes out."""
    truth = true_ranges(drawn["train"])
    arithmetic, groups, x = truth.laid
    bits, field = truth.bits, x[:, 9] * 256
    inner, leaves = (truth.reach(wires) for wires in groups[:2])

    found = arithmetic.with_leaves(leaves).bounds(inner)
    judged = bits[groups.constraints] < field[groups.constraints] - 0.5
    judged &= found.forms[:, :, 2].sum(1) == 0
    over = (found.bits - bits[groups.constraints])[judged]
    assert len(over) > 1000
    assert (over >= 0).float().mean() > 0.99
    assert (over == 0).float().mean() > 0.5
    assert (over <= 1).float().mean() > 0.9


def test_given_the_true_ranges_it_knows_what_most_wires_are_left(
    drawn: dict[str, Split],
) -> None:
    """Rules are sound, so that what is left is as wide as the truth; those that are not calculated may leave less."""
    truth = true_ranges(drawn["train"])
    arithmetic, groups, x = truth.laid
    ends, full = truth.ends, truth.full
    inner, leaves = (truth.reach(wires) for wires in groups[:2])

    found = arithmetic.with_leaves(leaves).bounds(inner)
    known = arithmetic.left_to_inner(found, inner, leaves)
    judged = ~full[groups.wires] & (x[groups.wires, 3] < 0.5)
    over = (whole_bits(known) - ends[groups.wires])[judged]
    assert len(over) > 500
    assert (over >= 0).float().mean() > 0.99
    assert (over == 0).all(1).float().mean() > 0.5
    # what is full has no range that is calculated
    assert known[full[groups.wires]].isinf().float().mean() > 0.98
