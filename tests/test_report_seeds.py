"""Tables over seeds: mean and deviation of every number."""

import pytest
from report_cases import analysis_report

from nexuszero.data import TARGET_NAMES
from nexuszero.report import regret, results
from nexuszero.report.seeds import over_seeds


@pytest.fixture(scope="module")
def report():
    return analysis_report()


def test_a_table_over_seeds_has_mean_and_deviation_of_every_number(report):
    other = report | {"milliseconds": {"network": 4.0, "mean": 0.0}}
    table = over_seeds(results.models, [report, other])
    assert table.loc["network", "ms an answer"] == "3 ± 1.414"
    assert table.loc["mean", "loss, test"] == "1"
    scores = over_seeds(results.scores, [report, other])
    assert scores["target"].tolist() == list(TARGET_NAMES)
    assert set(scores["R2"]) == {"0.5"}


@pytest.mark.parametrize(
    ("values", "shown"), [([None, 2.0], "2 (1 of 2)"), ([None], "")]
)
def test_a_number_that_some_seeds_lack_says_so(report, values, shown):
    network = report["regret"]["test"]["network"]
    seeds = [
        report | {"regret": {"test": {"network": network | {"hiding_short": value}}}}
        for value in values
    ]
    table = over_seeds(lambda seed: regret.summary(seed, "test"), seeds)
    assert table.loc["network", "bits of hiding short"] == shown
