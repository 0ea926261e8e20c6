"""What following a model costs, in tables and figures, by hand."""

import pytest
from report_cases import analysis_report, check_figures, cost_row

from nexuszero.data import Demand
from nexuszero.evaluation import Climb
from nexuszero.report import regret


@pytest.fixture(scope="module")
def report():
    return analysis_report()


@pytest.fixture(scope="module")
def excesses():
    rows = [cost_row("c", 0.2, free=free) for free in (True, False)]
    return regret.excesses(
        dict.fromkeys(("network, then search", "network", "mean"), rows)
    )


def test_the_cost_of_following_a_model(report):
    table = regret.summary(report, "test")
    assert list(table.index) == ["network", "mean"]
    assert (table == 0.25).all(axis=None)
    assert regret.summary(report, "compiled").loc["network", "sound as proposed"] == 0.5
    warm = regret.warm_start(report, "test")
    assert warm["evaluations"].tolist() == [90, 7, 7]
    assert warm.index[0] == "from the smallest q"


def test_libraries_stand_above_all_of_them(report):
    table = regret.by_library(report, "compiled", "network")
    assert list(table.index) == ["circomlib", "all"]
    assert table["sound as proposed"].tolist() == [0.25, 0.5]
    assert table.loc["all", "right where sure"] == 1.0


def test_compiled_circuits_stand_by_their_excess():
    rows = {
        "it": [cost_row("a", 0.1), cost_row("b", 0.5)],
        "mean": [cost_row("a", 2.0), cost_row("b", 1.0)],
    }
    table = regret.compiled(rows, "it")
    assert table["circuit"].tolist() == ["b", "a"]
    assert table["mean_excess"].tolist() == [1.0, 2.0]
    assert table["fails"][0] == "hiding, width"


def test_costs_by_group_by_hand():
    rows = [
        cost_row("dot 0", 0.0, nodes=90),
        cost_row("dot 1", 0.5, nodes=301),
        cost_row("mimc 2", 0.1, nodes=300),
    ]
    table = regret.by_group(rows, "family")
    assert table.loc["dot"].tolist() == [0.5, 0.5, 0.25, 2]
    assert regret.by_group(rows, "size")["circuits"].to_dict() == {
        "<=100": 1,
        "<=300": 1,
        "<=1000": 1,
    }
    assert regret.by_group(rows, "binds").loc["hiding", "circuits"] == 3


def test_the_worst_circuits_stand_first(drawn):
    test = drawn["test"]
    values = test.demand.array
    values[1, :4] = [0.25, 20 / 64, 0, 3]
    rows = [cost_row("a 0", 0.1), cost_row("b 1", 0.9), cost_row("c 2", 0.2)]
    table = regret.worst(test, rows, Demand.from_array(values), 2)
    assert list(table.index) == ["b 1", "c 2"]
    assert table.loc["b 1", ["believed", "believed B", "believed rows"]].tolist() == [
        0.25,
        20,
        8,
    ]
    assert table.loc["c 2", "rows"] == test.circuit["height_64"][2]


def test_what_an_answer_costs_by_hand():
    costs = {
        "graph_ms": 1.0,
        "network_ms": 2.0,
        "believed_ms": 0.5,
        "analyse_ms": 0.25,
        "search_ms": 0.25,
        "circuits": 9,
        "estimator_ms": 1000.0,
    }
    free = cost_row(
        "a 0", 0.0, candidates=200, cold=Climb(30, True), warm=Climb(5, True)
    )
    fixed = cost_row("b 1", 0.0, free=False, candidates=1)
    table = regret.ways({"costs": costs}, [free, fixed])
    assert table["milliseconds"].tolist() == [3.5, 0.5, 100_500, 15_500, 3003.5]
    assert table["hours for a million"].iloc[0] == pytest.approx(3.5 / 3.6)


def test_figures_are_complete(excesses):
    check_figures({"excesses": excesses})


def test_only_free_moduli_show_an_excess(excesses):
    assert [len(trace.x) for trace in excesses.data] == [1, 1, 1]
