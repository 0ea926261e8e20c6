"""Lattice parameters by hand: a toy LWE, named schemes, golden rows, figures of them."""

import numpy as np
import pytest
from report_cases import check_alternatives, check_figures

from nexuszero.crypto import CryptoBridge
from nexuszero.report import parameters


@pytest.fixture(scope="module")
def bridge():
    return CryptoBridge()


@pytest.fixture(scope="module")
def schemes(bridge):
    return parameters.gallery(bridge)


def test_only_the_right_secret_leaves_the_error():
    toy = parameters.toy_lwe(16, 3329, 1.2247)
    noise = toy["of uniform values"].iloc[0]
    left = toy["deviation of b - A guess"]
    assert left["right"] < 2
    assert left["one entry off by one"] == pytest.approx(noise, rel=0.2)
    assert left["random"] == pytest.approx(noise, rel=0.2)


def test_named_schemes_have_the_block_sizes_of_the_table(schemes):
    assert schemes.loc["Kyber512", "beta"] == 406
    assert schemes.loc["Kyber512", "uSVP, bits"] == pytest.approx(118.552)
    assert schemes["uSVP, bits"].is_monotonic_increasing
    assert set(parameters.SHOWN) <= set(schemes.index)


def test_figures_are_complete_and_say_what_they_show(bridge, schemes):
    golden = parameters.golden_costs(bridge)
    assert set(golden["attack"]) == {"usvp", "dual_hybrid", "sis"}
    figures = {
        "agreement": parameters.agreement(golden, schemes),
        "landscapes": parameters.landscapes(bridge, 3.6, 17),
        "deltas": parameters.deltas(bridge, schemes),
    }
    check_figures(figures)
    check_alternatives(figures)


def test_a_bound_of_half_the_modulus_is_no_sis(bridge):
    figure = parameters.landscapes(bridge, 3.6, 17, n=(512, 1024), log2_q=(17, 18, 30))
    sis = np.array([trace for trace in figure.data if trace.type == "heatmap"][1].z)
    assert (sis[:2] == 0).all()
    assert (sis[2] > 0).all()


def test_attacks_stand_beside_each_other(bridge):
    table = parameters.attack_table(bridge, 512, np.log2(3329), 1.5**0.5)
    assert table.loc["usvp", "beta"] == 406
    assert (table["quantum bits"] < table["bits"]).all()
