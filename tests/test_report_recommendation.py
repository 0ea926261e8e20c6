"""One circuit's parameters in tables and figures."""

import math
from dataclasses import replace

import pytest
from report_cases import CIRCUIT, check_figures

from nexuszero.advice import Level, analyse, landscape, levels
from nexuszero.crypto import CryptoBridge, Infeasible
from nexuszero.report import recommendation

NO_CONSTRAINTS = (
    CIRCUIT.parents[3]
    / "crypto/tests/fixtures/circuits/edge_no_constraints.bn128.O1.r1cs"
)


@pytest.fixture(scope="module")
def graph():
    return CryptoBridge().read([CIRCUIT]).graphs(128)


@pytest.fixture(scope="module")
def found_levels():
    return levels(CryptoBridge(), CIRCUIT)


@pytest.fixture(scope="module")
def figures(recommended, graph, found_levels):
    return {
        "graph": recommendation.graph(graph),
        "landscape": recommendation.landscape(
            landscape(CryptoBridge(), recommended), recommended
        ),
        "sizes": recommendation.sizes(found_levels),
        "components": recommendation.components(
            analyse(CryptoBridge(), [CIRCUIT], by_component=True)[0].components
        ),
    }


def test_parameters_stand_side_by_side(recommended):
    table = recommendation.parameters(recommended)
    assert list(table.columns) == ["model", "nearest candidate", "optimum"]
    assert table.loc["n", "optimum"] == recommended.optimum.n
    assert math.isnan(table.loc["kappa", "model"])
    assert table.loc["n", "model"] == 1500
    assert table.loc["n", "nearest candidate"] == recommended.nearest.choice.n
    assert list(
        recommendation.parameters(replace(recommended, proposal=None)).columns
    ) == ["optimum"]


def test_the_modulus_stands_beside_the_next_best(recommended):
    rows = dict(recommendation.modulus(recommended).itertuples(index=False))
    optimum = recommended.optimum
    assert rows == {
        "q": str(optimum.q),
        "log2 q": optimum.log2_q,
        "ord": optimum.ord,
        "next best": str(recommended.runner_up),
    }
    alone = dict(
        recommendation.modulus(replace(recommended, runner_up=None)).itertuples(
            index=False
        )
    )
    assert alone["next best"] == "none: no other modulus is sound"


def test_the_constraint_that_binds_is_marked(recommended):
    table = recommendation.constraints(recommended)
    assert list(table.index) == ["hiding", "binding", "modulus", "soundness"]
    assert (
        table.index[table["binds"] == "binds"].tolist()
        == [recommended.binds]
        == [table["margin"].idxmin()]
    )


def test_a_circuit_is_counted_without_its_path(recommended):
    rows = dict(recommendation.counts(recommended.circuit).itertuples(index=False))
    assert rows["constraints"] == 86
    assert rows["rows of forms at 64 slots"] == recommended.circuit.heights[0]
    assert (rows["q is free"], rows["bits of the largest value"]) == ("yes", 12)
    assert not any("/" in str(value) for value in rows.values())


def test_levels_have_a_row_each(found_levels):
    table = recommendation.levels(found_levels)
    assert list(table.index) == [100, 128, 192, 256]
    assert table["proof_size"].is_monotonic_increasing


def test_figures_are_complete(figures):
    check_figures(figures)


def test_the_graph_of_a_circuit_holds_every_node_and_edge(figures, graph):
    lines, *kinds = figures["graph"].data
    assert sum(len(kind.x) for kind in kinds) == 83 + 86
    assert lines.x.count(None) == len(graph["edge_source"])
    assert "wire 1" in next(kind for kind in kinds if kind.name == "public wires").text


@pytest.mark.parametrize(("most", "nodes"), [(40, 40), (169, 169), (1000, 169)])
def test_of_a_large_circuit_the_nodes_nearest_to_the_first_constraint_are_drawn(
    graph, most, nodes
):
    figure = recommendation.graph(graph, most)
    assert sum(len(kind.x) for kind in figure.data[1:]) == nodes
    assert ("40 of 169" in figure.layout.title.text) == (most == 40)


def test_a_circuit_of_nothing_is_drawn():
    graph = CryptoBridge().read([NO_CONSTRAINTS]).graphs(128)
    assert recommendation.graph(graph).layout.title.text.endswith("0 nodes")


def test_the_landscape_shows_the_optimum_the_proposal_and_every_level(
    figures, recommended
):
    heat, *lines, best, proposed = figures["landscape"].data
    optimum = recommended.optimum
    assert [line.contours.start for line in lines] == [100, 128, 192, 256]
    assert (best.x[0], best.y[0]) == (optimum.n, optimum.log2_q)
    assert (proposed.x[0], proposed.y[0]) == recommended.proposal.values[:2]
    row = list(heat.y).index(optimum.log2_q)
    column = list(heat.x).index(optimum.n)
    assert heat.z[row][column] == pytest.approx(optimum.lwe_bits)


def test_levels_without_an_answer_stand_in_the_title(figures, recommended):
    assert len(figures["sizes"].data[0].x) == 4
    figure = recommendation.sizes(
        [Level(128, recommended.optimum), Level(256, Infeasible("no rank"))]
    )
    assert list(figure.data[0].x) == ["128 bits"]
    assert "nothing is sound at 256" in figure.layout.title.text
