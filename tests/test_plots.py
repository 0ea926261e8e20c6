"""The figures: their data, their axes, and that they need nothing from the network. Never their looks."""

import json

import plotly.graph_objects as go
import pytest
from figures import compute, learning
from test_tables import CIRCUIT, circuits, cost_row, recommended, report, study, study_of  # noqa: F401

from nexuszero.advice import Level, landscape, levels
from nexuszero.crypto import CryptoBridge, Infeasible
from nexuszero.report import dataset, recommendation, results, search, training, week
from nexuszero.training import Epoch

HISTORY = [
    Epoch(number, train, parameters + metrics, parameters, metrics, 1.0, 0.1, 100, 1e-3, best=number < 3)
    for number, train, parameters, metrics in ((1, 2.0, 1.0, 0.8), (2, 1.5, 0.7, 0.5), (3, 1.2, 0.8, 0.6))
]


@pytest.fixture(scope="module")
def figures(circuits, study, report, recommended):  # noqa: F811
    test, bridge = circuits["test"], CryptoBridge()
    cost = [cost_row("c", 0.2, free=free) for free in (True, False)]
    costs = dict.fromkeys(("network, then search", "network", "mean"), cost)
    losses = {name: {"loss": 0.5} for name in ("val", "test_family", "test_large")}
    runs = [{"variant": name, "train": 10, "seconds": 2.0, "splits": losses} for name in ("network", "one round")]
    found = {"rows": runs, "curve": runs}
    return {
        "families": dataset.families(circuits),
        "graph_sizes": dataset.graph_sizes(circuits),
        "targets": dataset.targets(test),
        "trial_history": search.trial_history(study),
        "trial_slices": search.trial_slices(study),
        "trial_parallel": search.trial_parallel(study),
        "importances": search.importances(study),
        "training_curves": training.training_curves(HISTORY),
        "loss_parts": training.loss_parts(HISTORY),
        "predicted": results.predicted(test.targets, test.targets * 1.1),
        "errors": results.errors(results.errors_by(test, test.targets * 1.1, "security"), "log2_q"),
        "target_shares": results.target_shares(report),
        "circuit": recommendation.graph(bridge.read([CIRCUIT]).graphs(128)),
        "landscape": recommendation.landscape(landscape(bridge, recommended), recommended),
        "sizes": recommendation.sizes(levels(bridge, CIRCUIT)),
        "excesses": results.excesses(costs),
        "learning": learning(found),
        "compute": compute(found),
    }


def test_every_figure_has_a_title_and_data(figures):
    for name, figure in figures.items():
        assert isinstance(figure, go.Figure), name
        assert figure.layout.title.text and len(figure.data) >= 1, name


def test_every_axis_has_a_title_or_a_category(figures):
    for name, figure in figures.items():
        axes = [axis for axis in figure.to_dict()["layout"] if axis.startswith("xaxis")]
        assert all(figure.layout[axis].title.text for axis in axes) or name == "trial_parallel", name


def test_no_latex_and_no_address(figures):
    for name, figure in figures.items():
        text = json.dumps(json.loads(figure.to_json())["data"]) + str(figure.layout.title.text)
        assert "$" not in text and "http" not in text, name


def test_histograms_hold_every_circuit(circuits, figures):  # noqa: F811
    assert [sum(trace.y) for trace in figures["graph_sizes"].data] == [64, 64]
    logarithmic = figures["targets"].data[0]
    assert sum(logarithmic.y) == 12
    assert len(figures["targets"].data[1].x) == 12


def test_the_history_falls_and_leaves_failed_trials_out(figures):
    points, best, infeasible = figures["trial_history"].data
    assert not infeasible.x
    assert list(points.x) == [0, 2, 3, 4]
    assert list(best.y) == [1.5, 1.5, 0.9, 0.9, 0.9]  # by trial, the failed one among them


def test_the_kept_epoch_is_marked(figures):
    star = figures["training_curves"].data[-1]
    assert (list(star.x), list(star.y)) == ([2], [1.2])


def test_few_trials_are_said_to_be_few():
    figure = search.importances(study_of([1.0, 2.0]))
    assert "fewer than four" in figure.layout.annotations[0].text


def test_predictions_stand_on_logarithmic_axes_where_they_are_learned_so(figures):
    layout = figures["predicted"].layout
    assert [layout[axis].type for axis in ("xaxis", "xaxis2", "xaxis3", "xaxis6")] == ["log", "linear", "log", "log"]


def test_the_graph_of_a_circuit_holds_every_node_and_edge(figures):
    lines, *kinds = figures["circuit"].data
    assert sum(len(kind.x) for kind in kinds) == 83 + 86
    graph = CryptoBridge().read([CIRCUIT]).graphs(128)
    assert lines.x.count(None) == len(graph["edge_source"])
    assert "wire 1" in next(kind for kind in kinds if kind.name == "public wires").text


@pytest.mark.parametrize(("most", "nodes"), [(40, 40), (169, 169), (1000, 169)])
def test_of_a_large_circuit_the_nodes_nearest_to_the_first_constraint_are_drawn(most, nodes):
    graph = CryptoBridge().read([CIRCUIT]).graphs(128)
    figure = recommendation.graph(graph, most)
    assert sum(len(kind.x) for kind in figure.data[1:]) == nodes
    assert ("40 of 169" in figure.layout.title.text) == (most == 40)


def test_a_circuit_of_nothing_is_drawn(tmp_path):
    empty = CIRCUIT.parents[3] / "crypto/tests/fixtures/circuits/edge_no_constraints.bn128.O1.r1cs"
    assert recommendation.graph(CryptoBridge().read([empty]).graphs(128)).layout.title.text.endswith("0 nodes")


def test_the_landscape_shows_the_optimum_the_proposal_and_every_level(figures, recommended):  # noqa: F811
    heat, *lines, best, proposed = figures["landscape"].data
    optimum = recommended.optimum
    assert [line.contours.start for line in lines] == [100, 128, 192, 256]
    assert (best.x[0], best.y[0]) == (optimum.n, optimum.log2_q)
    assert (proposed.x[0], proposed.y[0]) == recommended.proposal.values[:2]
    at = list(heat.y).index(optimum.log2_q), list(heat.x).index(optimum.n)
    assert heat.z[at[0]][at[1]] == pytest.approx(optimum.lwe_bits)


def test_levels_without_an_answer_are_said(figures, recommended):  # noqa: F811
    assert len(figures["sizes"].data[0].x) == 4
    figure = recommendation.sizes([Level(128, recommended.optimum), Level(256, Infeasible("no rank"))])
    assert list(figure.data[0].x) == ["128 bits"] and "nothing is sound at 256" in figure.layout.title.text


def test_only_free_moduli_show_an_excess(figures):
    assert [len(trace.x) for trace in figures["excesses"].data] == [1, 1, 1]


def test_stage_times_leave_out_what_was_not_measured():
    import pandas as pd

    table = pd.DataFrame({"stage": ["generate", "analyse"], "work (s)": [2.0, None], "notebook (s)": [3.0, 4.0]})
    assert list(week.stage_times_figure(table).data[0].y) == ["generate"]
