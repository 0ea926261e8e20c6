"""The dataset by PyG's conventions, and its measures on cases worked by hand."""

import benchmark_baselines
import numpy as np
import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader

from nexuszero.benchmark import Evaluator, R1CSDataset, both_ways
from nexuszero.config import GenerateConfig
from nexuszero.data import FIELD_BITS, FIELD_BITS_UNIT, generate


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp("data")
    generate(
        GenerateConfig(out=out, train=30, val=8, test=12, seed=3), log=lambda _: None
    )
    return out


def test_a_circuit_is_a_data_object_with_its_own_columns(root):
    dataset = R1CSDataset(root, "test")
    split = dataset.split
    assert len(dataset) == 12 and dataset.num_node_features == 12
    for index in (0, 11):
        nodes = slice(*split.node_ptr[index : index + 2])
        edges = slice(*split.edge_ptr[index : index + 2])
        data = dataset[index]
        assert np.array_equal(data.x, split.x[nodes])
        assert np.array_equal(data.edge_index, split.edge_index[:, edges])
        assert np.array_equal(data.node_bits, split.node_bits[nodes])
        targets = dataset.standardiser.inverse(data.y)
        assert targets[0] == pytest.approx(split.targets[index], rel=1e-5)


def test_loaders_subsets_and_transforms_work(root):
    dataset = R1CSDataset(root, "train", lambda data: data.clone())
    batch = next(iter(DataLoader(dataset[4:12], batch_size=8)))
    assert batch.num_graphs == 8 and batch.y.shape == (8, 6)
    sizes = np.diff(dataset.split.node_ptr)[4:12]
    assert np.array_equal(torch.bincount(batch.batch), sizes)
    assert int(batch.edge_index.max()) < sizes.sum()


@pytest.mark.parametrize(("nodes", "edges"), [(2, 1), (4, 4), (3, 0)])
def test_both_ways_doubles_edges_alone(nodes, edges):
    """Of a circuit with one edge, whose `y` has one row too, with as many nodes as edges, and with nothing to prove."""
    circuit = Data(
        x=torch.rand(nodes, 12),
        edge_index=torch.stack([torch.zeros(edges).long(), torch.ones(edges).long()]),
        edge_attr=torch.rand(edges, 5),
        y=torch.rand(1, 6),
    )
    doubled = both_ways(circuit)
    assert torch.equal(doubled.x, circuit.x) and torch.equal(doubled.y, circuit.y)
    assert doubled.edge_index.tolist() == [
        [0] * edges + [1] * edges,
        [1] * edges + [0] * edges,
    ]
    assert torch.equal(doubled.edge_attr, circuit.edge_attr.repeat(2, 1))
    assert circuit.edge_index.shape == (2, edges)  # as it was


def test_labels_are_exact_and_the_mean_costs_what_it_costs(root):
    dataset, evaluator = R1CSDataset(root, "test"), Evaluator(root, "test")
    labels = torch.cat([data.y for data in dataset])
    exact = evaluator.eval(labels.double())
    assert exact["measures"]["loss"] == pytest.approx(0, abs=1e-9)
    assert exact["measures"]["hit_both"] == 1 and exact["regret"]["worst_excess"] == 0
    mean = evaluator.eval(np.zeros((12, 6)))
    by_hand = float((labels[:, :3] ** 2).mean() + (labels[:, 3:] ** 2).mean())
    assert mean["measures"]["loss"] == pytest.approx(by_hand, rel=1e-4)
    assert mean["regret"]["sound"] < 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((11, 6)), r"must be \[12, 6\], found \[11, 6\]"),
        (np.full((12, 6), np.nan), "must be finite"),
    ],
)
def test_other_shapes_and_values_are_refused(root, values, message):
    with pytest.raises(ValueError, match=message):
        Evaluator(root, "test").eval(values)


def test_nodes_by_hand(root):
    """The truth, a bit more on one node that does not fill its field, and "nothing is known"."""
    evaluator = Evaluator(root, "test")
    split = evaluator.split
    field = np.rint(split.x[:, FIELD_BITS] * FIELD_BITS_UNIT)
    true = split.node_bits.astype(float)
    narrow = np.flatnonzero(true < field)
    perfect = evaluator.eval_nodes(true)
    assert perfect == {
        "full_right": 1,
        "bits_exact": 1,
        "bits_mae": 0,
        "circuits_right": 1,
    }

    wrong = true.copy()
    wrong[narrow[0]] += 1 if true[narrow[0]] + 1 < field[narrow[0]] else -1
    once = evaluator.eval_nodes(wrong)
    assert once["bits_mae"] == pytest.approx(1 / len(narrow))
    assert once["bits_exact"] == pytest.approx(1 - 1 / len(narrow))
    assert once["circuits_right"] == pytest.approx(11 / 12)

    nothing = evaluator.eval_nodes(field)
    assert nothing["full_right"] == pytest.approx(1 - len(narrow) / len(true))


def test_its_baselines_are_measured_on_every_split(tmp_path):
    sizes = {"train": 30, "val": 4, "test": 6, "test_large": 1, "test_family": 4}
    data = tmp_path / "data"
    generate(GenerateConfig.model_validate({"out": data, **sizes}), log=lambda _: None)
    config = benchmark_baselines.BenchmarkConfig(
        data=data, epochs=2, out=tmp_path / "benchmark.json"
    )
    found = benchmark_baselines.measure(config)
    assert list(found["splits"]) == ["test", "test_large", "test_family"]
    test = found["splits"]["test"]
    losses = {model: row["measures"]["loss"] for model, row in test["circuits"].items()}
    assert losses["GIN"] != losses["mean"] and np.isfinite(losses["GIN"])
    known = test["nodes"]["boosting, a node's features"]
    nothing = test["nodes"]["nothing narrows"]
    assert known["full_right"] > nothing["full_right"]
    assert nothing["bits_exact"] == 0
    network = benchmark_baselines.NETWORK
    assert losses[network] < losses["mean"] / 2
    assert losses[f"{network}, searched"] < losses["mean"] / 2
    assert test["nodes"][network]["full_right"] > known["full_right"]
