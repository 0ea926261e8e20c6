"""Forms that are alike, found again and counted, against cases by hand and the exact analysis."""

from __future__ import annotations

import numpy as np
import torch

from nexuszero.data import DEMAND_LOGS, Split
from nexuszero.network.batches import Inputs, cut
from nexuszero.network.forms import PackedForms, form_keys


def keys(*forms: dict[int, int]) -> list[int]:
    """Of forms by the coefficients of their wires; -1 stands for the constant."""
    terms = [
        (form, wire, coefficient)
        for form, row in enumerate(forms)
        for wire, coefficient in row.items()
        if wire >= 0
    ]
    form, wire, coefficient = (
        torch.tensor(column) for column in zip(*terms, strict=True)
    )
    constants = torch.tensor([float(row.get(-1, 0)) for row in forms]).double()
    return form_keys(form, wire, coefficient.double(), constants).tolist()


def test_multiples_have_one_key() -> None:
    first, *others = keys(
        {0: 1, 3: -2, -1: 5}, {0: 7, 3: -14, -1: 35}, {0: -1, 3: 2, -1: -5}
    )
    assert others == [first, first]


def test_a_multiple_may_be_beyond_what_features_tell() -> None:
    """Of coefficients beyond 2^18 four digits are known."""
    bits = {wire: 2**wire for wire in range(30)}
    large = {wire: 7_680 * size for wire, size in bits.items()}
    turned = {wire: -2_389_216_773 * size for wire, size in bits.items()}
    assert len(set(keys(bits, large, turned))) == 1


def test_other_forms_have_others() -> None:
    """A constant, a sign, a wire or a coefficient makes the difference; also beside a large constant."""
    forms = [
        {0: 1, 3: -2, -1: 5},
        {0: 1, 3: -2},
        {0: 1, 3: 2, -1: 5},
        {0: 1, 2: -2, -1: 5},
        {0: 1, 3: -3, -1: 5},
        {0: 1, -1: 2**60},
        {1: 1, -1: 2**60},
        {0: 1, -1: 2**61},
        {0: 5, -1: 2**60},
        {0: 1, -1: 100_000},
        {0: 1, -1: 100_001},
        {0: 1, 1: 2**20},
        {0: 3, 1: 2**20},
        {0: 100_000, 1: 100_001},
        {0: 1, 1: 1},
    ]
    assert len(set(keys(*forms))) == len(forms)


def graph(
    constraints: list[tuple[list[int], list[int], list[int]]], wires: int
) -> Inputs:
    """Two circuits alike of constraints by the wires of their forms, all coefficients one; wire 0 is public."""
    nodes = wires + len(constraints)
    x = torch.zeros(2 * nodes, 12)
    x[[0, nodes], 1] = 1
    ends = []
    attr = []
    for at, forms in enumerate(constraints, wires):
        for form, terms in enumerate(forms):
            for wire in terms:
                ends.append([wire, at])
                attr.append([float(kind == form) for kind in range(3)] + [1, 1 / 256])
    edge_index = torch.tensor(ends).T
    return Inputs(
        x,
        torch.cat([edge_index, edge_index + nodes], dim=1),
        torch.tensor(attr + attr),
        torch.arange(2).repeat_interleave(nodes),
        2,
    )


def test_packed_forms_by_hand() -> None:
    """Public wires are constants: {0, 1} and {1} are alike, and a factor of them alone leaves a constraint out."""
    constraints = [
        ([0, 1], [2], [3]),
        ([1], [1], [2]),
        ([0], [2], [3]),
        ([], [], [1, 2]),
        ([1, 2], [3], []),
    ]
    inputs = graph(constraints, 4)
    packed = PackedForms.of(*inputs[:4])
    assert packed.graph.tolist() == [0] * 7 + [1] * 7
    assert packed.constraint[:7].tolist() == [4, 4, 4, 5, 5, 8, 8]
    mine = packed.number[:7].tolist()
    assert len(set(mine[:3])) == 3  # {1}, {2}, {3}
    assert set(mine[3:5]) < set(mine[:3])  # A and B of the second are one form
    assert len(set(mine)) == 4
    assert packed.rows(2)[:, 0].tolist() == [4, 4]


def test_rows_of_forms_that_differ_and_of_one_alone() -> None:
    """Of 256 that differ each of 64 slots holds four; one that stands everywhere is committed once for each slot."""
    number = torch.cat([torch.arange(256), torch.full((256,), 256)])
    of = torch.arange(2).repeat_interleave(256)
    rows = PackedForms(of, torch.arange(512), number).rows(3)
    assert rows[0].tolist() == [256, 4, 8, 16, 32, 64]
    assert rows[1].tolist() == [1] * 6
    assert not rows[2].any()


def test_rows_do_not_depend_on_what_stands_beside(drawn: dict[str, Split]) -> None:
    """Nor on which numbers wires have there."""
    split = drawn["train"]
    together = PackedForms.of(*cut(split, np.arange(len(split)))[:4]).rows(len(split))
    for place in range(len(split)):
        alone = PackedForms.of(*cut(split, np.array([place]))[:4]).rows(1)
        assert torch.equal(alone[0], together[place])


def test_they_are_those_of_the_exact_analysis(drawn: dict[str, Split]) -> None:
    """All but forms that are alike modulo the field alone; rows but for a constraint's forms, which stay together."""
    split = drawn["train"]
    inputs = cut(split, np.arange(len(split)))
    rows = PackedForms.of(*inputs[:4]).rows(len(split)).numpy()
    exact = np.exp2(split.demand.array[:, DEMAND_LOGS])
    assert (np.abs(np.maximum(rows[:, 0], 1) - exact[:, 0]) < 0.01).mean() > 0.95
    assert (rows[:, 1:] <= exact[:, 1:] + 0.01).mean() > 0.98
    many = exact[:, 1:] >= 8
    off = np.log2(rows[:, 1:] + 1) - np.log2(exact[:, 1:])
    assert many.sum() > 50
    assert np.abs(off[many]).mean() < 0.1
