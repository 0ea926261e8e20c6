"""How good a network's answers are, in tables and figures, against an analysis whose numbers are invented."""

import numpy as np
import pytest
from report_cases import analysis_report, check_figures

from nexuszero.data import TARGET_NAMES
from nexuszero.report import results


@pytest.fixture(scope="module")
def report():
    return analysis_report()


@pytest.fixture(scope="module")
def figures(drawn, report):
    test = drawn["test"]
    return {
        "predicted": results.predicted(test.targets, test.targets * 1.1),
        "errors": results.errors(
            results.errors_by(test, test.targets * 1.1, "security"), "log2_q"
        ),
        "target_shares": results.target_shares(report),
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
    assert "small circuits" in table.loc["proof_size", "reason"]
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


def test_figures_are_complete(figures):
    check_figures(figures)


def test_predictions_stand_on_logarithmic_axes_where_they_are_learned_so(figures):
    layout = figures["predicted"].layout
    assert [layout[axis].type for axis in ("xaxis", "xaxis2", "xaxis3", "xaxis6")] == [
        "log",
        "linear",
        "log",
        "log",
    ]
