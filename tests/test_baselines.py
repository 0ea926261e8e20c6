"""Baselines see what a file says and no label, and what they answer is in original units."""

from dataclasses import replace

import numpy as np
import pytest

from nexuszero.config import GenerateConfig
from nexuszero.data import generate, read_all
from nexuszero.evaluation import baselines


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    out = tmp_path_factory.mktemp("circuits")
    generate(
        GenerateConfig(out=out, train=200, val=12, test=60, seed=1), log=lambda _: None
    )
    return read_all(out)


def test_statistics_of_a_graph_by_hand(splits):
    split = splits["val"]
    nodes, edges = (
        slice(*pointer[3:5]) for pointer in (split.node_ptr, split.edge_ptr)
    )
    x, edge_attr = split.x[nodes], split.edge_attr[edges]
    by_hand = [
        *x[0, 9:12],
        np.log2(len(x)),
        np.log2(len(edge_attr)),
        *np.log1p(x.sum(axis=0)),
        *x.max(axis=0),
        *np.log1p(np.maximum(edge_attr.sum(axis=0), 0)),
        *edge_attr.max(axis=0),
        *np.log1p(x.sum(axis=0)) / len(x),
    ]
    assert np.allclose(baselines.statistics(split)[3], by_hand, atol=1e-5)


def test_statistics_see_no_label(splits):
    split = splits["val"]
    bare = replace(
        split, params=split.params * 2, metrics=split.metrics * 2, circuit={}
    )
    assert np.array_equal(baselines.statistics(split), baselines.statistics(bare))


def test_the_truth_helps_most_and_the_mean_is_one_answer(splits):
    test = splits["test"]
    found = {
        model: answer(test)
        for model, answer in baselines.fit_baselines(splits["train"], seed=0).items()
    }
    wrong = {
        model: np.abs(told[:, 1] - test.targets[:, 1]).mean()
        for model, told in found.items()
    }
    assert wrong["boosting, given the truth"] < wrong["boosting"] < wrong["mean"]
    assert np.ptp(found["mean"], axis=0).max() < 1e-9
    again = baselines.fit_baselines(splits["train"], seed=0)
    assert all(
        np.array_equal(told, again[model](test)) for model, told in found.items()
    )


def test_a_circuit_without_edges_has_statistics(splits):
    split = splits["val"]
    ends = np.insert(
        split.edge_ptr, 4, split.edge_ptr[4]
    )  # between the third and the fourth
    nodes = np.insert(split.node_ptr, 4, split.node_ptr[4])
    found = baselines.statistics(replace(split, edge_ptr=ends, node_ptr=nodes))
    assert (
        np.array_equal(np.delete(found, 4, axis=0), baselines.statistics(split))
        and not found[4].any()
    )
