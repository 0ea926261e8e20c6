"""Where a reading is right, in figures: certainty, depth, excess, what binds."""

from dataclasses import replace

import numpy as np
import pytest
from report_cases import check_alternatives, check_figures, cost_row

from nexuszero.report import reading

ROWS = [
    cost_row("a 0", 0),
    cost_row("a 1", 0.5),
    cost_row("b 2", 0.1, binds="binding", security=100),
    cost_row("b 3", 0.3, free=False),
]


@pytest.fixture(scope="module")
def split(drawn):
    return drawn["test"]


def test_figures_are_complete_and_say_what_they_show(split):
    truth = split.demand
    figures = {
        "reliability": reading.reliability(reading.certainty(split, truth)),
        "depth_errors": reading.depth_errors(reading.by_depth(split, truth)),
        "depth_histogram": reading.depth_histogram(split, 4),
        "excess_curves": reading.excess_curves({"network": ROWS, "mean": ROWS}),
        "binding": reading.binding(reading.what_binds(ROWS)),
    }
    check_figures(figures, untitled_axes={"reliability"})
    check_alternatives(figures)


def test_the_truth_is_trustworthy_and_makes_no_error(split):
    truth = split.demand
    table = reading.certainty(split, truth)
    assert (table["said"] == table["is so"]).all()
    assert table["circuits"].sum() == len(split)
    depth = reading.by_depth(split, truth)
    assert (depth["free or fixed wrong"] == 0).all()
    assert (depth["rows off by"] == 0).all()
    assert depth["circuits"].sum() == len(split)


def test_a_reader_that_always_says_free_is_seen_through(split):
    said = replace(split.demand, free=np.full(len(split), 0.95))
    (row,) = reading.certainty(split, said).to_dict("records")
    assert row["said"] == pytest.approx(0.95)
    assert row["is so"] == pytest.approx(split.demand.free.mean())
    wrong = reading.by_depth(split, said)
    shares = wrong["free or fixed wrong"] * wrong["circuits"]
    assert shares.sum() == pytest.approx((split.demand.free == 0).sum())


def test_depth_is_the_last_round_of_any_node(split):
    found = reading.depths(split)
    for place, (first, last) in enumerate(
        zip(split.node_ptr, split.node_ptr[1:], strict=False)
    ):
        assert found[place] == split.node_rounds[first:last].max()


def test_the_excess_counts_circuits_whose_modulus_is_free():
    (curve,) = reading.excess_curves({"network": ROWS}).data
    assert list(curve.y) == pytest.approx([1 / 3, 2 / 3, 1])
    assert list(curve.x) == [reading.LEAST_EXCESS, 0.1, 0.5]


def test_what_binds_is_counted_by_family_and_level():
    table = reading.what_binds(ROWS)
    assert table.loc[("a", 128), "hiding"] == 2
    assert table.loc[("b", 100), "binding"] == 1
    assert table.to_numpy().sum() == len(ROWS)
