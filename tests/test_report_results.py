"""How good a network is, in tables and figures, against an analysis whose numbers are invented."""

import numpy as np
import pytest
from report_cases import analysis_report, check_figures, cost_row

from nexuszero.data import TARGET_NAMES, Demand
from nexuszero.evaluation import Climb
from nexuszero.report import results


@pytest.fixture(scope="module")
def report():
    return analysis_report()


@pytest.fixture(scope="module")
def figures(drawn, report):
    test = drawn["test"]
    cost = [cost_row("c", 0.2, free=free) for free in (True, False)]
    costs = dict.fromkeys(("network, then search", "network", "mean"), cost)
    return {
        "predicted": results.predicted(test.targets, test.targets * 1.1),
        "errors": results.errors(results.errors_by(test, test.targets * 1.1, "security"), "log2_q"),
        "target_shares": results.target_shares(report),
        "excesses": results.excesses(costs),
    }


def test_splits_stand_beside_test(report):
    table = results.splits(report)
    assert list(table.index) == ["val", "test", "test_large"]
    assert list(table["circuits"]) == [12, 13, 5]
    assert table.loc["test_large", "times test"] == 2.5
    assert table.loc["test_large", "loss of the mean"] == 3.0


def test_models_stand_side_by_side(report):
    table = results.models(report)
    assert list(table.index) == ["network", "mean"]
    assert list(table["loss, test_large"]) == [2.5, 3.0]
    assert table.loc["mean", "both exact"] == 0.1
    assert table.loc["mean", "sound as proposed"] == 0.25


def test_missed_targets_have_a_reason(report):
    table = results.targets_met(report).set_index("target")
    assert table["verdict"].to_dict() == {
        "validation_loss": "missed",
        "bit_security": "met",
        "hardness": "missed",
        "proof_size": "missed",
    }
    assert "6.8 KB" in table.loc["proof_size", "reason"]
    assert table.loc["bit_security", "reason"] == ""


def test_scores_stand_beside_every_baselines(report):
    table = results.scores(report)
    assert list(table["target"]) == list(TARGET_NAMES)
    assert list(table.columns)[2:] == ["R2", "MAE, network", "MAE, mean"]


def test_errors_by_group_average_to_the_whole(drawn):
    split = drawn["test"]
    table = results.errors_by(split, split.targets + 2.0, "family")
    assert table["circuits"].sum() == 12
    assert np.allclose(table[list(TARGET_NAMES)], 2.0)


def test_the_cost_of_following_a_model(report):
    table = results.regret(report, "test")
    assert list(table.index) == ["network", "mean"]
    assert (table == 0.25).all(axis=None)
    assert results.regret(report, "compiled").loc["network", "sound as proposed"] == 0.5
    warm = results.warm_start(report, "test")
    assert warm["evaluations"].tolist() == [90, 7, 7]
    assert warm.index[0] == "from the smallest q"


def test_compiled_circuits_stand_by_their_excess():
    rows = {"it": [cost_row("a", 0.1), cost_row("b", 0.5)], "mean": [cost_row("a", 2.0), cost_row("b", 1.0)]}
    table = results.compiled(rows, "it")
    assert table["circuit"].tolist() == ["b", "a"]
    assert table["mean_excess"].tolist() == [1.0, 2.0]
    assert table["fails"][0] == "hiding, width"


def test_costs_by_group_by_hand():
    rows = [cost_row("dot 0", 0.0, nodes=90), cost_row("dot 1", 0.5, nodes=301), cost_row("mimc 2", 0.1, nodes=300)]
    table = results.costs_by(rows, "family")
    assert table.loc["dot"].tolist() == [0.5, 0.5, 0.25, 2]
    assert results.costs_by(rows, "size")["circuits"].to_dict() == {"<=100": 1, "<=300": 1, "<=1000": 1}
    assert results.costs_by(rows, "binds").loc["hiding", "circuits"] == 3


def test_the_worst_circuits_stand_first(drawn):
    test = drawn["test"]
    values = test.demand.array
    values[1, :4] = [0.25, 20 / 64, 0, 3]
    rows = [cost_row("a 0", 0.1), cost_row("b 1", 0.9), cost_row("c 2", 0.2)]
    table = results.worst(test, rows, Demand.from_array(values), 2)
    assert list(table.index) == ["b 1", "c 2"]
    assert table.loc["b 1", ["believed", "believed B", "believed rows"]].tolist() == [0.25, 20, 8]
    assert table.loc["c 2", "rows"] == test.circuit["height_64"][2]


def test_what_an_answer_costs_by_hand():
    costs = {"graph_ms": 1.0, "network_ms": 2.0, "believed_ms": 0.5, "analyse_ms": 0.25, "search_ms": 0.25,
             "circuits": 9, "estimator_ms": 1000.0}  # fmt: skip
    free = cost_row("a 0", 0.0, candidates=200, cold=Climb(30, True), warm=Climb(5, True))
    fixed = cost_row("b 1", 0.0, free=False, candidates=1)
    table = results.pays({"costs": costs}, [free, fixed])
    assert table["milliseconds"].tolist() == [3.5, 0.5, 100_500, 15_500, 3003.5]
    assert table["hours for a million"].iloc[0] == pytest.approx(3.5 / 3.6)


def test_a_table_over_seeds_has_mean_and_deviation_of_every_number(report):
    other = report | {"milliseconds": {"network": 4.0, "mean": 0.0}}
    table = results.over_seeds(results.models, [report, other])
    assert table.loc["network", "ms an answer"] == "3 ± 1.414"
    assert table.loc["mean", "loss, test"] == "1"
    scores = results.over_seeds(results.scores, [report, other])
    assert scores["target"].tolist() == list(TARGET_NAMES)
    assert set(scores["R2"]) == {"0.5"}


@pytest.mark.parametrize(("values", "shown"), [([None, 2.0], "2 (1 of 2)"), ([None], "")])
def test_a_number_that_some_seeds_lack_says_so(report, values, shown):
    network = report["regret"]["test"]["network"]
    seeds = [report | {"regret": {"test": {"network": network | {"hiding_short": value}}}} for value in values]
    table = results.over_seeds(lambda seed: results.regret(seed, "test"), seeds)
    assert table.loc["network", "bits of hiding short"] == shown


def test_figures_are_complete(figures):
    check_figures(figures)


def test_predictions_stand_on_logarithmic_axes_where_they_are_learned_so(figures):
    layout = figures["predicted"].layout
    assert [layout[axis].type for axis in ("xaxis", "xaxis2", "xaxis3", "xaxis6")] == ["log", "linear", "log", "log"]


def test_only_free_moduli_show_an_excess(figures):
    assert [len(trace.x) for trace in figures["excesses"].data] == [1, 1, 1]
