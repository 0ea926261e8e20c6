"""The dataset in tables and figures, against numbers computed another way."""

from dataclasses import replace

import numpy as np
import pytest
from report_cases import check_figures

from nexuszero.crypto import CryptoBridge
from nexuszero.report import dataset


@pytest.fixture(scope="module")
def figures(drawn):
    return {
        "families": dataset.families(drawn),
        "graph_sizes": dataset.graph_sizes(drawn),
        "targets": dataset.targets(drawn["test"]),
    }


def test_overview_counts_graphs(drawn):
    table = dataset.overview(drawn)
    assert list(table["circuits"]) == [40, 12, 12]
    train = drawn["train"]
    assert table.loc["train", "mean nodes"] == pytest.approx(len(train.x) / 40)
    assert table.loc["train", "edges"] == len(train.edge_attr)
    assert table.loc["train", "most nodes"] == np.diff(train.node_ptr).max()


def test_counts_hold_every_circuit(drawn):
    for column in ("family", "security", "liftable"):
        table = dataset.counts(drawn, column)
        assert table.sum().to_dict() == {"train": 40, "val": 12, "test": 12}


def test_schema_explains_every_column(drawn):
    table = dataset.schema(drawn["train"])
    assert set(table["column"]) == set(drawn["train"].columns())
    assert table["meaning"].str.len().min() > 0


def test_statistics_are_in_original_units(drawn):
    table = dataset.target_statistics(drawn["train"])
    assert table.loc["proof_size", "max"] == drawn["train"].metrics[:, 2].max()
    assert table.loc["n", "unit"] == "LWE dimension"


def test_circuits_are_rebuilt_and_their_labels_found_again(drawn):
    bridge = CryptoBridge()
    positions = list(range(12))
    assert dataset.rebuilt(drawn["test"], positions, bridge)["equal"].all()
    assert dataset.searched_again(drawn["test"], positions, bridge)["equal"].all()


def test_a_wrong_label_or_graph_is_seen(drawn):
    split = drawn["val"]
    metrics = split.metrics.copy()
    metrics[3, 2] += 1
    x = split.x.copy()
    x[0, 5] += 1
    changed = replace(split, metrics=metrics, x=x)
    searched = dataset.searched_again(changed, list(range(6)), CryptoBridge())
    assert list(searched["equal"]) == [True, True, True, False, True, True]
    assert list(dataset.rebuilt(changed, [0, 1], CryptoBridge())["equal"]) == [
        False,
        True,
    ]


def test_figures_are_complete(figures):
    check_figures(figures)


def test_histograms_hold_every_circuit(figures):
    assert [sum(trace.y) for trace in figures["graph_sizes"].data] == [64, 64]
    logarithmic = figures["targets"].data[0]
    assert sum(logarithmic.y) == 12
    assert len(figures["targets"].data[1].x) == 12
