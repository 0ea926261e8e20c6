"""The second computation of the exact search, against the golden labels and the search itself."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from nexuszero import queries
from nexuszero.candidates import (
    DEGREE,
    LEVELS,
    ORDERS,
    Demand,
    margins,
    of_circuit,
    of_forms,
    order,
    sound,
    standing,
)
from nexuszero.crypto import CryptoBridge

FIXTURES = Path(__file__).parents[1] / "crypto/tests/fixtures"


@pytest.fixture(scope="module")
def bridge():
    return CryptoBridge()


@pytest.fixture(scope="module")
def compiled(bridge):
    """A demand, the search's answer and all candidates of each compiled circuit at each level."""
    files = sorted((FIXTURES / "circuits").glob("*.r1cs"))[::7]
    circuits, found = bridge.read(files), []
    analyses = queries.analyses(circuits, [file.name for file in files])
    for level in LEVELS:
        for circuit, answer in zip(analyses, queries.choices(circuits.choose(level)), strict=True):
            demand = of_circuit(circuit, answer, level)
            found.append((demand, answer, sound(bridge, demand)))
    return found


def equal(row, answer):
    return all(math.isclose(row[key], answer[key], rel_tol=1e-12) for key in queries.CHOICE_KEYS)


def demand_of(bridge, row, answer):
    forms, level = int(row["forms"]), int(row["lambda_"])
    if row["B"]:
        return of_forms(forms, int(row["B"]), level)
    prime, order_ = bridge.field(row["p"]), answer["ord"]
    height = max(1, -(-forms * order_ // DEGREE))
    return Demand(level, {order_: height}, prime.bit_length(), math.log2(prime))


def test_the_smallest_candidate_is_the_golden_label(bridge):
    rows = list(csv.DictReader((FIXTURES / "golden/labels.csv").read_text().splitlines()))[::5]
    assert len(rows) > 80
    for row, answer in zip(rows, queries.choose(bridge, rows), strict=True):
        assert equal(sound(bridge, demand_of(bridge, row, answer))[0], answer), row


def test_the_smallest_candidate_is_the_answer_for_a_circuit(compiled):
    assert {demand.prime is None for demand, _, _ in compiled} == {True, False}
    assert all(equal(rows[0], answer) for _, answer, rows in compiled)


def test_every_candidate_holds(bridge, compiled):
    """Each constraint has something left, and the parameters stand as they are, with a proof of the same size."""
    for demand, _, rows in compiled[::5]:
        for row in rows[::20]:
            assert min(constraint["margin"] for constraint in margins(bridge, demand, row)) >= 0
            found = standing(bridge, demand, row["n"], row["log2_q"], row["sigma"])
            assert found["sound"] and found["fails"] == []
            assert found["sound_size"] <= row["proof_size"]


def test_there_are_49_moduli_with_five_orders_at_most():
    log2_q, bits, orders = of_forms(1, 3, 128).moduli()
    assert len(log2_q) == 49 * 5 and (log2_q == bits).all()
    assert set(orders.tolist()) == set(ORDERS) and bits.min() == 16 and bits.max() == 64
    assert of_forms(1, 70, 128).moduli()[1].tolist() == [71] * 5


def test_margins_are_what_is_left(bridge):
    demand = of_forms(100, 40, 128)
    row = sound(bridge, demand)[0]
    told = {constraint.pop("constraint"): constraint for constraint in margins(bridge, demand, row)}
    assert told["hiding"] == {"needs": 128, "has": row["lwe_bits"], "margin": row["lwe_bits"] - 128}
    assert told["binding"]["has"] == row["sis_bits"]
    assert told["modulus"] == {"needs": 41, "has": row["log2_q"], "margin": row["log2_q"] - 41}
    assert told["soundness"]["needs"] == 127 and 0 <= told["soundness"]["margin"] <= 18


@pytest.mark.parametrize(
    ("change", "fails"),
    [
        (lambda row: row | {"n": row["n"] - 64}, ["hiding"]),
        (lambda row: row | {"log2_q": 40}, ["modulus"]),
        (lambda row: row | {"sigma": 100.0}, ["width"]),
        (lambda row: row | {"log2_q": 400}, ["hiding"]),
        (lambda row: row | {"sigma": 1e12}, ["binding", "width"]),
    ],
)
def test_a_constraint_that_cannot_hold_is_named(bridge, change, fails):
    demand = of_forms(100, 40, 128)
    row = change(sound(bridge, demand)[0] | {"sigma": 2000.0})
    found = standing(bridge, demand, *(row[name] for name in ("n", "log2_q", "sigma")))
    assert not found["sound"] and found["sound_size"] is None
    assert found["fails"] == fails


def test_a_modulus_that_is_fixed_must_be_met(bridge):
    prime = bridge.field("goldilocks")
    demand = Demand(128, {1: 3}, 64, math.log2(prime))
    row = sound(bridge, demand)[0]
    assert standing(bridge, demand, row["n"], 64.3, row["sigma"])["sound"]
    assert standing(bridge, demand, row["n"], 63.0, 2 * row["sigma"])["fails"] == ["modulus"]


@pytest.mark.parametrize("wild", [(1e300, 1e300, 1e300), (0, 0, 0), (1e-300, 2, 1e-300), (64, 1e9, 1)])
def test_wild_proposals_are_judged_all_the_same(bridge, wild):
    found = standing(bridge, of_forms(5, 20, 128), *wild)
    assert found["sound"] == (not found["fails"])


def test_more_of_everything_stays_sound(bridge):
    demand = of_forms(100, 20, 128)
    row = sound(bridge, demand)[0]
    found = standing(bridge, demand, row["n"] + 640, row["log2_q"], row["sigma"] * 1.5)
    assert found["sound"] and found["sound_size"] > row["proof_size"]


def test_nothing_is_sound_where_no_rank_binds(bridge):
    assert sound(bridge, Demand(256, {1: 50}, 31, math.log2(bridge.field("babybear")))) == []


def test_orders():
    assert [order(q) for q in (257, 193, 97, 17, 3)] == [1, 2, 4, 8, 32]
    assert np.all([pow(q, order(q), 128) == 1 for q in range(1, 128, 2)])
