"""The bytes and lengths of a proof in figures; what the definition says of them."""

import pytest
from report_cases import CIRCUIT, check_alternatives, check_figures

from nexuszero import proof
from nexuszero.crypto import LEVELS, CryptoBridge
from nexuszero.report import proof as pages


@pytest.fixture(scope="module")
def circuits():
    return CryptoBridge().read([CIRCUIT])


def test_figures_are_complete_and_say_what_they_show(circuits):
    (label,) = circuits.choices(128)
    made = proof.prove(CIRCUIT, CIRCUIT.with_suffix(".wtns"), 128)
    parts = pages.pieces(made.data, label)
    figures = {
        "bytes_by_part": pages.bytes_by_part(parts),
        "lengths": pages.lengths(pages.norm_growth(label)),
    }
    check_figures(figures)
    check_alternatives(figures)
    measured = figures["bytes_by_part"].data[0]
    assert sum(measured.x) == len(made.data)


@pytest.mark.parametrize("level", LEVELS)
def test_challenges_have_the_mean_square_of_the_definition(circuits, level):
    """labels.md, section 3: S by level."""
    (label,) = circuits.choices(level)
    square = {100: 42, 128: 119, 192: 397, 256: 1417}[level]
    drawn = pages.challenges(label)
    assert (drawn**2).sum(axis=1).mean() == pytest.approx(square, rel=0.02)
    assert abs(drawn).max() == label.w


@pytest.mark.parametrize("level", LEVELS)
def test_what_a_cheat_would_have_to_find_stays_below_half_of_the_modulus(
    circuits, level
):
    (label,) = circuits.choices(level)
    bits = pages.norm_growth(label)["bits"]
    assert bits.is_monotonic_increasing
    assert bits.iloc[-1] == label.log2_q - 1
