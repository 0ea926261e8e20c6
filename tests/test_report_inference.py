"""What a circuit asks in figures: matrices, rounds of inference, the price of a width."""

import numpy as np
import pytest
from report_cases import CIRCUIT, check_alternatives, check_figures

from nexuszero.crypto import CryptoBridge
from nexuszero.errors import InputError
from nexuszero.report import inference

MATMUL = CIRCUIT.with_name("matmul.goldilocks.r1cs")
INPUTS = ["main.a[*][*]", "main.b[*][*]"]


@pytest.fixture(scope="module")
def bridge():
    return CryptoBridge()


@pytest.fixture(scope="module")
def followed(bridge):
    return inference.follow(bridge, 1)


@pytest.fixture(scope="module")
def prices(bridge):
    return inference.price_of_width(bridge, MATMUL, INPUTS, 128, (1, 30, 31))


def test_figures_are_complete_and_say_what_they_show(bridge, followed, prices):
    figures = {
        "matrices": inference.matrices(bridge.read([CIRCUIT]).graphs(128)),
        "rounds": inference.rounds(followed),
        "wave": inference.wave(followed),
        "width_prices": inference.width_prices(prices),
    }
    check_figures(figures)
    assert figures["wave"].layout.yaxis.visible is False
    check_alternatives(figures)


def test_matrices_have_a_mark_a_coefficient(bridge):
    graph = bridge.read([CIRCUIT]).graphs(128)
    figure = inference.matrices(graph)
    assert [trace.name for trace in figure.data] == ["A", "B", "C"]
    assert sum(len(trace.x) for trace in figure.data) == len(graph["edge_source"])
    assert max(max(trace.x) for trace in figure.data) == 83  # wires but the constant
    assert max(max(trace.y) for trace in figure.data) == 85
    part = inference.matrices(graph, most=40)
    assert sum(len(trace.x) for trace in part.data) == 40
    assert "the first 40 of 250 coefficients" in part.layout.title.text


def test_the_circuit_that_is_followed_takes_the_rounds_asked_for(bridge, followed):
    assert followed.depth >= 5
    assert inference.follow(bridge, 1, 8).depth >= 8
    circuit = bridge.synthesize(
        [bridge.families().index(followed.family)], [followed.seed]
    ).analyses([""])[0]
    assert circuit.liftable
    assert circuit.bits == followed.bits.max()
    assert circuit.rounds == followed.depth + 1  # the last one narrows nothing


def test_every_wire_is_wide_at_first_and_narrow_wires_only_grow_in_number(followed):
    table = inference.by_round(followed)
    assert table.loc[0, "narrow so far"] == 0
    assert table["narrow so far"].is_monotonic_increasing
    heat = inference.rounds(followed).data[0]
    known = np.array(heat.customdata)
    assert (known[:, 0] == followed.field_bits).all()
    assert (known[:, -1] < followed.field_bits).all()


def test_a_circuit_lifts_up_to_the_width_that_analyse_names(prices):
    assert prices["q is free"].tolist() == [True, True, False]  # docs/circuits.md: u30
    assert prices["bytes"].is_monotonic_increasing


def test_wires_have_names_and_the_rule_that_narrowed_them(bridge):
    table = inference.reasons(bridge.read([CIRCUIT]), CIRCUIT)
    assert table.loc[1, "name"] == "main.price"
    assert table.loc[2, "last narrowed by"] == "rule 1, linear"


def test_where_nothing_is_drawn_another_seed_is_asked_for(bridge, monkeypatch):
    monkeypatch.setattr(inference, "MOST_NODES", 0)
    with pytest.raises(InputError, match="seed 1: no circuit whose q is free"):
        inference.follow(bridge, 1)
