"""A search in tables and figures: five trials, of which the second failed."""

import pytest
from report_cases import LOSSES, check_figures, study_of

from nexuszero.report import search


@pytest.fixture(scope="module")
def study():
    return study_of(LOSSES)


@pytest.fixture(scope="module")
def figures(study):
    return {
        "trial_history": search.trial_history(study),
        "trial_slices": search.trial_slices(study),
        "trial_parallel": search.trial_parallel(study),
        "importances": search.importances(study),
    }


def test_trials_are_ranked_by_validation_loss(study):
    table = search.trials(study)
    assert list(table["trial"]) == [2, 3, 0, 4, 1]
    assert list(table["rank"].dropna()) == [1, 2, 3, 4]


def test_insights_name_both_choices(study):
    insights = dict(search.search_insights(study).itertuples(index=False))
    assert insights["best trial by validation loss"] == 2
    assert insights["best trial by test loss (not used)"] == 4
    assert insights["median validation loss"] == pytest.approx(1.35)
    assert insights["trials better than that"] == 4


def test_trials_are_compared_with_the_mean_on_their_own_circuits():
    study = study_of(LOSSES)
    study.set_user_attr("mean_loss", 1.3)
    insights = dict(search.search_insights(study).itertuples(index=False))
    assert insights["always the mean, on validation"] == 1.3
    assert insights["trials better than that"] == 2


@pytest.mark.parametrize("losses", [[1.0, 2.0], [1.0, 0.5, 0.7]])
def test_few_trials_are_said_to_be_few(losses):
    figure = search.importances(study_of(losses))
    assert "fewer than four" in figure.layout.annotations[0].text
    assert figure.data[0].x is None


def test_importances_are_shares_and_seeded():
    study = study_of([1.0, 0.5, 0.7, 0.9, 0.4])
    (bars,) = search.importances(study).data
    assert sum(bars.x) == pytest.approx(1)
    assert list(bars.x) == list(search.importances(study).data[0].x)


def test_figures_are_complete(figures):
    check_figures(figures, untitled_axes=["trial_parallel"])


def test_the_history_falls_and_leaves_failed_trials_out(figures):
    points, best, infeasible = figures["trial_history"].data
    assert not infeasible.x
    assert list(points.x) == [0, 2, 3, 4]
    assert list(best.y) == [
        1.5,
        1.5,
        0.9,
        0.9,
        0.9,
    ]  # by trial, the failed one among them


def test_a_thousand_trials_are_shown():
    study = study_of([1 + number % 37 / 10 for number in range(1000)])
    assert len(search.trials(study)) == 1000
    figures = {
        "trial_history": search.trial_history(study),
        "trial_slices": search.trial_slices(study),
        "trial_parallel": search.trial_parallel(study),
    }
    check_figures(figures, untitled_axes=["trial_parallel"])
    assert figures["trial_history"].layout.xaxis.dtick is None  # no mark a trial
