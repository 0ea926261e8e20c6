"""A training run in figures: three epochs, of which the second was kept."""

import pytest
from report_cases import check_figures

from nexuszero.report import training
from nexuszero.training import Epoch

HISTORY = [
    Epoch(
        number,
        train,
        parameters + metrics,
        parameters,
        metrics,
        1.0,
        0.1,
        100,
        1e-3,
        best=number < 3,
    )
    for number, train, parameters, metrics in (
        (1, 2.0, 1.0, 0.8),
        (2, 1.5, 0.7, 0.5),
        (3, 1.2, 0.8, 0.6),
    )
]


@pytest.fixture(scope="module")
def figures():
    return {
        "training_curves": training.training_curves(HISTORY),
        "loss_parts": training.loss_parts(HISTORY),
    }


def test_figures_are_complete(figures):
    check_figures(figures)


def test_the_kept_epoch_is_marked(figures):
    star = figures["training_curves"].data[-1]
    assert (list(star.x), list(star.y)) == ([2], [1.2])
