"""The network: what it must not depend on, what it must survive, and its loss by hand."""

import math

import pytest
import torch

from nexuszero.data.split import Split
from nexuszero.data.standardiser import Standardiser
from nexuszero.network.batches import Batch, Circuits
from nexuszero.network.model import (
    BITS_WEIGHT,
    DEMAND_WEIGHT,
    LOGS_WEIGHT,
    NODE_WEIGHT,
    ROUNDS,
    Hearers,
    ParameterNet,
    Readout,
    Told,
    circuit_features,
    edge_features,
    loss,
    losses,
    objective,
)


@pytest.fixture(scope="module")
def batch(splits: dict[str, Split]) -> Batch:
    return Circuits(splits["train"], Standardiser.fit(splits["train"].targets)).batch(torch.arange(6))


@pytest.fixture(scope="module")
def model() -> ParameterNet:
    torch.manual_seed(0)
    return ParameterNet(hidden_dim=32, num_layers=2, num_heads=4, dropout=0.3).eval()


def test_memory_grows_with_the_circuit_and_the_network():
    small, wide = ParameterNet(32, 2, 4), ParameterNet(256, 2, 4)
    assert small.memory(0, 0) == wide.memory(0, 0) == 100 * 2**20
    assert small.memory(1000, 3000) < small.memory(2000, 6000) < wide.memory(2000, 6000)


def test_output_shape(model: ParameterNet, batch: Batch) -> None:
    assert model(*batch.inputs).shape == (6, 6)
    assert torch.equal(model(*batch.inputs[:4]), model(*batch.inputs))


def test_the_order_of_nodes_and_edges_does_not_matter(model: ParameterNet, batch: Batch) -> None:
    generator = torch.Generator().manual_seed(0)
    nodes = torch.randperm(len(batch.x), generator=generator)
    edges = torch.randperm(len(batch.edge_attr), generator=generator)
    place = torch.argsort(nodes)
    shuffled = model(batch.x[nodes], place[batch.edge_index[:, edges]], batch.edge_attr[edges], batch.graph[nodes], 6)
    torch.testing.assert_close(shuffled, model(*batch.inputs), atol=1e-5, rtol=1e-4)


def test_a_graph_alone_is_the_graph_in_a_batch(model: ParameterNet, splits: dict[str, Split]) -> None:
    circuits = Circuits(splits["train"], Standardiser.fit(splits["train"].targets))
    together = model(*circuits.batch(torch.arange(6)).inputs)
    alone = torch.cat([model(*circuits.batch(torch.tensor([i])).inputs) for i in range(6)])
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("part", ["x", "edge_attr", "edge_index"])
def test_the_answer_depends_on_every_part(model: ParameterNet, batch: Batch, part: str) -> None:
    changed = batch.edge_index.clone()
    changed[1, 0] = batch.edge_index[1].min() if changed[1, 0] != batch.edge_index[1].min() else changed[1, 0] + 1
    new = {"x": batch.x * 0.9, "edge_attr": batch.edge_attr * 0.5, "edge_index": changed}[part]
    if part == "x":
        new[:, 0] = batch.x[:, 0]
    assert not torch.allclose(model(*batch._replace(**{part: new}).inputs), model(*batch.inputs), atol=1e-6)


@pytest.mark.parametrize("constraint", [0.0, 1.0])
def test_one_node_without_edges_is_finite(constraint: float) -> None:
    model = ParameterNet(hidden_dim=16, num_layers=2, num_heads=4, dropout=0.1)
    x = torch.zeros(1, 12)
    x[0, 0] = constraint
    answer = model(x, torch.zeros(2, 0, dtype=torch.int64), torch.zeros(0, 5), torch.zeros(1, dtype=torch.int64), 1)
    answer.square().sum().backward()
    assert torch.isfinite(answer).all()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize(("hidden", "heads"), [(8, 8), (24, 4)])
def test_forward_and_backward_are_finite(batch: Batch, hidden: int, heads: int) -> None:
    torch.manual_seed(0)
    model = ParameterNet(hidden_dim=hidden, num_layers=3, num_heads=heads, dropout=0.2)
    objective(model.answer(*batch.inputs), batch).backward()
    grads = [parameter.grad for parameter in model.parameters()]
    assert all(grad is not None and torch.isfinite(grad).all() for grad in grads)


def test_bfloat16_comes_close(model: ParameterNet, batch: Batch) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = model(*batch.inputs)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, model(*batch.inputs), atol=0.1, rtol=0.1)


def test_training_repeats_exactly(batch: Batch) -> None:
    def one() -> torch.Tensor:
        torch.manual_seed(3)
        model = ParameterNet(16, 2, 4, 0.3)
        loss(model(*batch.inputs), batch.target).backward()
        return torch.cat([p.grad.flatten() for p in model.parameters()])

    assert torch.equal(one(), one())


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="multiple of num_heads"):
        ParameterNet(hidden_dim=30, num_heads=4)


def test_what_is_heard_by_hand() -> None:
    edge = torch.zeros(3, 4)
    edge[1] = 1
    told = torch.tensor([[0.0, -9, 0, -9], [2, 3, 2, 3], [5, 6, 5, 6]])
    hearers = Hearers.sort(torch.tensor([1, 1, 2]), torch.tensor([2, 0, 2]), 3, edge)
    largest, total = hearers.gather(told)
    assert largest.tolist() == [[3, 4], [0, 0], [5, 6]]
    assert total.tolist() == [[3, 4], [0, 0], [7, 9]]
    nobody = torch.zeros(0, dtype=torch.int64)
    assert Hearers.sort(nobody, nobody, 3, edge[:0]).gather(told)[0].shape == (3, 2)


def test_a_boolean_constraint_becomes_a_mark_on_its_wire() -> None:
    """Wire 0 is Boolean, wire 1 is not; both occur in one more constraint."""
    x = torch.zeros(4, 12)
    x[2:, 0], x[2, 3] = 1, 1
    ends, attr = torch.tensor([[0, 0, 0, 1], [2, 2, 3, 3]]), torch.eye(5)[[0, 1, 0, 2]]
    torch.manual_seed(0)
    model = ParameterNet(16, 2, 4).eval()
    [(inner, constraints)], leaves, kinds = model.encode(x, ends, attr)
    assert [kind.tolist() for kind in kinds] == [[], [0, 1], [3]]
    assert len(inner) == 0
    assert len(constraints) == 1
    marked = x[:2].clone()
    marked[0, 3] = 1
    torch.testing.assert_close(leaves, model.embed_wire(marked))


def test_the_three_forms_of_a_constraint_are_heard_apart(model: ParameterNet, batch: Batch) -> None:
    swapped = batch.edge_attr[:, [1, 0, 2, 3, 4]]
    assert not torch.allclose(model(*batch._replace(edge_attr=swapped).inputs), model(*batch.inputs), atol=1e-6)


def test_the_readout_by_hand() -> None:
    readout = Readout(4, 1, 0.0)
    readout.value.weight.data = torch.eye(2, 4)
    for parameter in (readout.value.bias, readout.score.weight, readout.score.bias):
        torch.nn.init.zeros_(parameter)  # all nodes weigh the same
    seen = readout(torch.tensor([[1.0, 2, 9, 9], [3, -4, 9, 9], [5, 6, 9, 9]]), torch.tensor([0, 0, 2]), 3)
    logs = torch.tensor([5.0, 3, 6, 7]).log()
    expected = [[logs[0], logs[1], 3, 2, 2, 1], [0] * 6, [logs[2], logs[3], 5, 6, 5, 6]]
    torch.testing.assert_close(seen, torch.tensor(expected))


def test_edge_features_by_hand() -> None:
    edge = edge_features(torch.tensor([[0.0, 1, 0, -1, 1 / 256], [1, 0, 0, 1, 64 / 256]]))
    log = torch.tensor([2.0, 65.0]).log() / 4
    torch.testing.assert_close(edge[0], torch.tensor([0, 1, 0, -1, 1 / 32, 1 / 8, log[0], 1]))
    torch.testing.assert_close(edge[1], torch.tensor([1, 0, 0, 1, 2, 1, log[1], 0]))


def test_dropout_drops_weights_of_attention_and_nothing_else(batch: Batch) -> None:
    torch.manual_seed(0)
    careful, bold = (ParameterNet(16, 2, 4, dropout) for dropout in (0.0, 0.5))
    bold.load_state_dict(careful.state_dict())
    before, after = (net.train().answer(*batch.inputs) for net in (careful, bold))
    assert torch.equal(before.reach, after.reach)
    assert not torch.allclose(before.answer, after.answer)
    assert torch.equal(before.answer, bold.eval()(*batch.inputs))


def test_tallies_by_hand() -> None:
    """Two nodes of one circuit, the second with room to spare; a third in a circuit of its own; none in the last."""
    reach = torch.tensor([[-30.0, 1], [-30, 2], [3, 1]])
    counts = torch.zeros(4, 6)
    counts[0] = 100.0
    found = ParameterNet.tallied(reach, torch.tensor([0, 0, 1]), counts, torch.tensor([0, 0, 1, 1]), 3)
    total = 100 + math.log(2)
    assert found[:, 0].tolist() == [8, -3, 0]
    torch.testing.assert_close(found[:, 1], torch.tensor([32 * 2 / 64, 0.5 / (1 + math.exp(3)), 0]))
    assert found[0, 2:].tolist() == pytest.approx([math.log2(1 + total / s) for s in (1, 64, 32, 16, 8, 4)])
    assert found[1, 2:4].tolist() == pytest.approx([math.log2(1 + 2 * math.log(2) / s) for s in (1, 64)], rel=1e-5)
    assert not found[2].any()


def test_rounds_share_their_weights() -> None:
    sizes = {depth: sum(p.numel() for p in ParameterNet(16, depth, 4).parameters()) for depth in (1, 5)}
    assert sizes[1] == sizes[5]


def test_a_fact_travels_one_constraint_a_round() -> None:
    """Along a chain of wires and constraints the first wire's features reach as far as there are rounds."""
    wires, count = torch.arange(6), 6
    x = torch.zeros(11, 12)
    x[count:, 0] = 1
    ends = torch.stack([torch.stack([wires[:-1], wires[1:]]).flatten(), torch.arange(count, 11).repeat(2)])
    attr = torch.zeros(10, 5)
    attr[:5, 0], attr[5:, 2] = 1, 1
    torch.manual_seed(0)
    model = ParameterNet(128, 2, 4)
    moved = x.clone()
    moved[0, 5] = 10
    told = [model.encode(nodes, ends, attr)[0] for nodes in (x, moved)]
    assert len(told[0]) == 2 * ROUNDS
    for rounds, ((before, _), (after, _)) in enumerate(zip(*told, strict=True), start=1):
        change = (after - before).abs().sum(dim=1) > 0
        assert change.tolist() == [index <= rounds for index in range(1, count - 1)]  # the first and last are leaves


def test_the_objective_by_hand() -> None:
    """A node of a 64-bit field whose values fill it, and one of 48 bits; the third is not judged. One q is free.
    One of three drills is two deviations off in all targets.

    The 48 bits are inferred in the second of two rounds, and are the field's in the first.
    """
    answers, target, x = torch.zeros(2, 6), torch.ones(2, 6), torch.zeros(3, 12)
    x[:, 9] = 64 / 256
    reach = torch.tensor([[[0.0, 9], [0, 7]], [[0, 9], [0, 1]]])
    drilled = torch.zeros(2, 3, 6)
    told = Told(answers, torch.zeros(2, 8), reach, torch.tensor([2, 0]), drilled)
    graph, bits = torch.tensor([0, 0, 1]), torch.tensor([48.0, 7, 64])
    nobody, asks = torch.zeros(2, 0, dtype=torch.int64), torch.full((2, 8), 2.0)
    asks[:, :2] = torch.tensor([[1, 48 / 64], [0, 0]])
    inferred, wanted = torch.tensor([2, 0, 0]), torch.zeros(2, 3, 6)
    wanted[:, 2] = 2
    nothing = torch.zeros(2, 3, 8)
    batch = Batch(x, nobody, torch.zeros(0, 5), graph, target, asks, bits, inferred, nothing, wanted)
    found = objective(told, batch)
    nodes = (
        math.log(2) + BITS_WEIGHT * (0.5 - 0.5 / 32) / 2 / 2
    )  # all say one half; in one circuit, in one round of two, 48 bits were taken for 32
    asked = (
        math.log(2) + BITS_WEIGHT * (1.5 - 0.5 / 32) / 2 + LOGS_WEIGHT * (2 - 0.05)
    )  # 48 bits taken for none; four taken for one
    drills = 2 * 2**2 / 3
    assert float(found) == pytest.approx(2 + asked * DEMAND_WEIGHT + nodes * NODE_WEIGHT + drills)
    alone = objective(told._replace(drilled=drilled[:, :0]), batch)
    assert float(found - alone) == pytest.approx(drills)


def test_drills_are_answered_as_circuits_that_ask_the_same(model: ParameterNet, batch: Batch) -> None:
    shift = torch.zeros(6, 3, 8)
    shift[:, 1, 3:], shift[:, 2, 0] = 1, -20
    told = model.answer(*batch.inputs, shift)
    torch.testing.assert_close(told.drilled[:, 0], told.answer)
    assert (told.drilled[:, 1:] != told.drilled[:, :1]).any(dim=2).all()
    told.drilled.sum().backward()
    taught = {name.split(".")[0] for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad(set_to_none=True)
    assert taught == {"answer_head"}  # a drill says nothing of the circuit


def test_circuit_features_by_hand() -> None:
    x = torch.zeros(3, 12)
    x[:, 0], x[:, 10] = torch.tensor([0.0, 1.0, 1.0]), torch.tensor([0.5, 0.5, 1.0])
    features = circuit_features(x, torch.tensor([0, 0, 1]), 2)
    assert features.shape == (2, 15)
    assert features[:, 1].tolist() == [0.5, 1.0]
    torch.testing.assert_close(features[:, 3], torch.log(torch.tensor([2.0, 2.0])) / 8)


def test_the_loss_by_hand() -> None:
    prediction = torch.tensor([[1.0, 0, 0, 0, 0, 2], [0, 0, 0, 0, 0, 0]])
    parameters, metrics = losses(prediction, torch.zeros(2, 6))
    assert float(parameters) == pytest.approx(1 / 6)
    assert float(metrics) == pytest.approx(4 / 6)
    assert float(loss(prediction, torch.zeros(2, 6))) == pytest.approx(5 / 6)


def test_the_mean_predictor_costs_two(splits: dict[str, Split]) -> None:
    targets = splits["train"].targets
    standardised = torch.from_numpy(Standardiser.fit(targets).transform(targets))
    assert float(loss(torch.zeros_like(standardised), standardised)) == pytest.approx(2)


@pytest.mark.parametrize("shape", [(12,), (6, 2), (1, 6), (2, 3), (3, 6)])
def test_a_wrong_shape_is_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"must both be \[graphs, 6\]"):
        loss(torch.zeros(2, 6), torch.zeros(shape))
