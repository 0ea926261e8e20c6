"""Batches against a loop over graphs and against PyG's loader."""

import numpy as np
import pytest
import synthetic
import torch

from nexuszero.data import Split, Standardiser
from nexuszero.network import Batches, GraphBatches


@pytest.fixture(scope="module")
def circuits(splits: dict[str, Split]) -> GraphBatches:
    return GraphBatches(splits["train"], Standardiser.fit(splits["train"].targets))


def data_objects(split: Split) -> list:
    """The slow way: one PyG object a circuit."""
    from torch_geometric.data import Data

    objects = []
    for i in range(len(split)):
        nodes = slice(split.node_ptr[i], split.node_ptr[i + 1])
        edges = slice(split.edge_ptr[i], split.edge_ptr[i + 1])
        objects.append(
            Data(
                x=torch.from_numpy(split.x[nodes]),
                edge_index=torch.from_numpy(split.edge_index[:, edges]).long(),
                edge_attr=torch.from_numpy(split.edge_attr[edges]),
                y=torch.from_numpy(split.targets[i : i + 1]),
            )
        )
    return objects


def test_a_batch_is_pygs(splits: dict[str, Split], circuits: GraphBatches) -> None:
    from torch_geometric.data import Batch

    chosen = torch.tensor([5, 0, 77, 5])
    objects = data_objects(splits["train"])
    expected = Batch.from_data_list([objects[i] for i in chosen])
    batch = circuits.batch(chosen)
    for name in ("x", "edge_index", "edge_attr"):
        assert torch.equal(getattr(batch, name), getattr(expected, name)), name
    assert torch.equal(batch.graph, expected.batch)
    assert batch.edge_index.dtype == torch.int64
    assert torch.equal(batch.target, circuits.target[chosen])


def test_an_epoch_holds_every_circuit_once(circuits: GraphBatches) -> None:
    batches = Batches(circuits, 10, seed=1)
    sizes = [len(batch.target) for batch in batches]
    assert sizes == [10] * 9 + [6]
    assert len(batches) == 10
    assert sorted(batches.order().tolist()) == list(range(96))


def test_the_order_depends_on_seed_and_epoch_alone(circuits: GraphBatches) -> None:
    def order(seed: int, epoch: int) -> list[int]:
        batches = Batches(circuits, 10, seed=seed)
        batches.set_epoch(epoch)
        return batches.order().tolist()

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)
    assert Batches(circuits, 10).order().tolist() == list(range(96))


@pytest.mark.parametrize(("cap", "count"), [(None, 10), (0, 10), (3, 3), (99, 10)])
def test_the_cap(circuits: GraphBatches, cap: int | None, count: int) -> None:
    batches = Batches(circuits, 10, seed=1, cap=cap)
    assert len(batches) == len(list(batches)) == count


def test_a_graph_without_edges() -> None:
    columns = synthetic.block(3, 0)
    end = columns["edge_ptr"][1]
    columns["edge_index"] = columns["edge_index"][:, end:]
    columns["edge_attr"] = columns["edge_attr"][end:]
    columns["edge_ptr"] = np.maximum(columns["edge_ptr"] - end, 0)
    alone = Split.from_file(columns)
    batch = GraphBatches(alone, Standardiser.fit(alone.targets)).batch(
        torch.tensor([0])
    )
    assert batch.edge_index.shape == (2, 0)
    assert len(batch.x) == columns["node_ptr"][1]
