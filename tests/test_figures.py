"""What experiments measured, in tables and figures, by hand."""

import figures
from report_cases import check_figures


def run(variant, seed, loss, train=10):
    val = {"loss": loss, "free_wrong": 0.1, "bits_off": 2.0, "rows_off": 0.5}
    return {
        "variant": variant,
        "seed": seed,
        "train": train,
        "batches": 3,
        "seconds": 2.0,
        "parameters": 7,
        "splits": {"val": val, "test": {"loss": 2 * loss}},
        "regret": {"searched": {"sound": 0.5, "mean_excess": loss}},
    }


def test_runs_are_summed_up_by_mean_and_deviation():
    other = run("a", 1, 1)
    del other["splits"]["val"]["free_wrong"]
    del other["regret"]["searched"]
    compared = {
        "rows": [run("b", 1, 0.1), run("b", 2, 0.3), other],
        "curve": [run("b", 1, 1, 20), run("b", 1, 2)],
    }
    table = figures.comparison(compared)
    assert list(table.index) == ["b", "a"]
    assert table["seeds"].tolist() == [2, 1]
    assert table.loc["b", "loss, val"] == "0.200 ± 0.141"
    assert table.loc["b", "B off by"] == "2.0 ± 0.0"
    assert table.loc["b", "mean excess, searched"] == "0.200 ± 0.141"
    assert table.loc["a", "free or fixed wrong"] == ""
    assert table.loc["a", "sound, searched"] == ""
    assert figures.curve(compared)["loss, test"].to_dict() == {10: "4.000", 20: "2.000"}


def test_a_part_that_was_not_measured_is_an_empty_table():
    assert figures.benchmark([]).empty


def test_figures_are_complete():
    losses = {name: {"loss": 0.5} for name in ("val", "test_family", "test_large")}
    runs = [
        {"variant": name, "train": 10, "seconds": 2.0, "splits": losses}
        for name in ("network", "one round")
    ]
    compared = {"rows": runs, "curve": runs}
    check_figures(
        {"learning": figures.learning(compared), "compute": figures.compute(compared)}
    )
