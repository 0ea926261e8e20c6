"""All candidates of a circuit in figures: the smallest by modulus, bytes by part."""

import pytest
from report_cases import CIRCUIT, check_alternatives, check_figures

from nexuszero.advice import levels
from nexuszero.crypto import CryptoBridge
from nexuszero.report import searched


@pytest.fixture(scope="module")
def bridge():
    return CryptoBridge()


@pytest.fixture(scope="module")
def candidates(bridge):
    return bridge.read([CIRCUIT]).candidates(128)


@pytest.fixture(scope="module")
def figures(bridge, candidates):
    return {
        "sizes": searched.sizes(candidates),
        "parts": searched.parts(searched.by_level(levels(bridge, CIRCUIT))),
        "orders": searched.parts(searched.by_order(candidates)),
        "growth": searched.growth(bridge, 16, forms=(1, 10, 100)),
    }


def test_figures_are_complete_and_say_what_they_show(figures):
    check_figures(figures)
    check_alternatives(figures)


def test_no_point_lies_below_the_optimum(figures, candidates):
    *lines, star = figures["sizes"].data
    assert star.y[0] == min(min(line.y) for line in lines) == candidates[0].proof_size
    points = {(q, line.name) for line in lines for q in line.x}
    assert len(points) == len({choice.modulus for choice in candidates})


def test_parts_add_up_to_the_proof(figures, candidates):
    best = searched.by_order(candidates)
    for place, choice in enumerate(best.values()):
        total = sum(bars.y[place] for bars in figures["orders"].data)
        assert choice.proof_size - 1 < total <= choice.proof_size


def test_a_free_modulus_is_smaller_than_the_field(bridge):
    found = searched.free_and_fixed(bridge, 100, 128, fields=("bn254",), bits=(16,))
    free, fixed = found.values()
    assert free.proof_size < fixed.proof_size
    assert fixed.log2_q == 254
