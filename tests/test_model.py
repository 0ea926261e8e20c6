"""The network: what it must not depend on, what it must survive, and its loss by hand."""

import math
from dataclasses import replace

import pytest
import torch

from nexuszero.data import (
    CONSTANTS,
    FIELD_BITS,
    FIELD_BITS_UNIT,
    IS_BOOLEAN,
    Split,
    Standardiser,
)
from nexuszero.network import (
    DEMAND_WEIGHT,
    RANGE_WEIGHT,
    Batch,
    GraphBatches,
    ModelConfig,
    ModelOutput,
    ParameterNet,
    loss,
    losses,
    objective,
)
from nexuszero.network.batches import Inputs
from nexuszero.network.criterion import BITS_WEIGHT, LOGS_WEIGHT
from nexuszero.network.graph import (
    SortedEdges,
    circuit_features,
    constraint_features,
    edge_features,
)
from nexuszero.network.layers import Pooling
from nexuszero.network.model import MOST_LOGIT
from nexuszero.network.prediction import answer


@pytest.fixture(scope="module")
def batch(splits: dict[str, Split]) -> Batch:
    return GraphBatches(
        splits["train"], Standardiser.fit(splits["train"].targets)
    ).batch(torch.arange(6))


@pytest.fixture(scope="module")
def model() -> ParameterNet:
    torch.manual_seed(0)
    return ParameterNet(
        ModelConfig(hidden_dim=32, num_layers=2, num_heads=4, dropout=0.3)
    ).eval()


def test_memory_grows_with_the_circuit_and_the_network():
    small, wide = (
        ParameterNet(ModelConfig(32, 2, 4)),
        ParameterNet(ModelConfig(256, 2, 4)),
    )
    assert small.memory(0, 0) == wide.memory(0, 0) == 100 * 2**20
    assert small.memory(1000, 3000) < small.memory(2000, 6000) < wide.memory(2000, 6000)


def test_output_shape(model: ParameterNet, batch: Batch) -> None:
    assert model(*batch.inputs).targets.shape == (6, 6)
    assert torch.equal(model(*batch.inputs[:4]).targets, model(*batch.inputs).targets)


def test_the_order_of_nodes_and_edges_does_not_matter(
    model: ParameterNet, batch: Batch
) -> None:
    generator = torch.Generator().manual_seed(0)
    nodes = torch.randperm(len(batch.x), generator=generator)
    edges = torch.randperm(len(batch.edge_attr), generator=generator)
    place = torch.argsort(nodes)
    shuffled = model(
        batch.x[nodes],
        place[batch.edge_index[:, edges]],
        batch.edge_attr[edges],
        batch.graph[nodes],
        6,
    )
    torch.testing.assert_close(
        shuffled.targets, model(*batch.inputs).targets, atol=1e-5, rtol=1e-4
    )


def test_a_graph_alone_is_the_graph_in_a_batch(
    model: ParameterNet, splits: dict[str, Split]
) -> None:
    circuits = GraphBatches(splits["train"], Standardiser.fit(splits["train"].targets))
    together = model(*circuits.batch(torch.arange(6)).inputs).targets
    alone = torch.cat(
        [model(*circuits.batch(torch.tensor([i])).inputs).targets for i in range(6)]
    )
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("part", ["x", "edge_attr", "edge_index"])
def test_the_answer_depends_on_every_part(
    model: ParameterNet, batch: Batch, part: str
) -> None:
    changed = batch.edge_index.clone()
    changed[1, 0] = (
        batch.edge_index[1].min()
        if changed[1, 0] != batch.edge_index[1].min()
        else changed[1, 0] + 1
    )
    new = {
        "x": batch.x * 0.9,
        "edge_attr": batch.edge_attr * 0.5,
        "edge_index": changed,
    }[part]
    if part == "x":
        new[:, 0] = batch.x[:, 0]
    after = model(*batch._replace(**{part: new}).inputs).targets
    assert not torch.allclose(after, model(*batch.inputs).targets, atol=1e-6)


@pytest.mark.parametrize("constraint", [0.0, 1.0])
def test_one_node_without_edges_is_finite(constraint: float) -> None:
    model = ParameterNet(
        ModelConfig(hidden_dim=16, num_layers=2, num_heads=4, dropout=0.1)
    )
    x = torch.zeros(1, 12)
    x[0, 0] = constraint
    nothing, graph = (
        torch.zeros(2, 0, dtype=torch.int64),
        torch.zeros(1, dtype=torch.int64),
    )
    targets = model(x, nothing, torch.zeros(0, 5), graph, 1).targets
    targets.square().sum().backward()
    assert torch.isfinite(targets).all()
    assert all(
        torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None
    )


@pytest.mark.parametrize(("hidden", "heads"), [(8, 8), (24, 4)])
def test_forward_and_backward_are_finite(batch: Batch, hidden: int, heads: int) -> None:
    torch.manual_seed(0)
    model = ParameterNet(
        ModelConfig(hidden_dim=hidden, num_layers=3, num_heads=heads, dropout=0.2)
    )
    objective(model(*batch.inputs), batch).backward()
    grads = [parameter.grad for parameter in model.parameters()]
    assert all(grad is not None and torch.isfinite(grad).all() for grad in grads)


def test_bfloat16_comes_close(model: ParameterNet, batch: Batch) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = model(*batch.inputs).targets
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, model(*batch.inputs).targets, atol=0.1, rtol=0.1)


def test_training_repeats_exactly(batch: Batch) -> None:
    def one() -> torch.Tensor:
        torch.manual_seed(3)
        model = ParameterNet(ModelConfig(16, 2, 4, 0.3))
        loss(model(*batch.inputs).targets, batch.target).backward()
        return torch.cat([p.grad.flatten() for p in model.parameters()])

    assert torch.equal(one(), one())


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="multiple of num_heads"):
        ModelConfig(hidden_dim=30, num_heads=4)


def test_aggregation_by_hand() -> None:
    edge = torch.zeros(3, 4)
    edge[1] = 1
    message = torch.tensor([[0.0, -9, 0, -9], [2, 3, 2, 3], [5, 6, 5, 6]])
    edges = SortedEdges.sort(torch.tensor([1, 1, 2]), torch.tensor([2, 0, 2]), 3, edge)
    largest, total = edges.aggregate(message)
    assert largest.tolist() == [[3, 4], [0, 0], [5, 6]]
    assert total.tolist() == [[3, 4], [0, 0], [7, 9]]
    nobody = torch.zeros(0, dtype=torch.int64)
    assert SortedEdges.sort(nobody, nobody, 3, edge[:0]).aggregate(message)[
        0
    ].shape == (3, 2)


def test_a_boolean_constraint_becomes_a_mark_on_its_wire() -> None:
    """Wire 0 is Boolean, wire 1 is not; both occur in one more constraint."""
    x = torch.zeros(4, 12)
    x[2:, 0], x[2, 3] = 1, 1
    ends, attr = torch.tensor([[0, 0, 0, 1], [2, 2, 3, 3]]), torch.eye(5)[[0, 1, 0, 2]]
    torch.manual_seed(0)
    model = ParameterNet(ModelConfig(16, 2, 4)).eval()
    seen = []
    model.embed_wire.register_forward_pre_hook(lambda _, wires: seen.append(wires[0]))
    passed, groups = model.encode(x, ends, attr, 2)
    [(inner, constraints)] = passed.states_per_round
    assert [group.tolist() for group in groups] == [[], [0, 1], [3]]
    assert len(inner) == 0
    assert len(constraints) == 1
    assert seen[1][:, 3].tolist() == [1, 0]  # the leaves


def test_a_leaf_learns_in_the_end_what_its_constraint_knows() -> None:
    """x * y = z, where nothing else is said of z: its state changes with x all the same."""
    x = torch.zeros(6, 12)
    x[3:, 0] = 1
    # the second and third constraint make inner wires of x and y
    ends = torch.tensor([[0, 1, 2, 0, 1, 0, 1], [3, 3, 3, 4, 4, 5, 5]])
    attr = torch.eye(5)[[0, 1, 2, 0, 0, 1, 1]]
    attr[:, 3], attr[:, 4] = 1, 1 / 256
    torch.manual_seed(0)
    model = ParameterNet(ModelConfig(64, 1, 4)).eval()
    before, groups = model.encode(x, ends, attr, 1)
    assert groups.leaves.tolist() == [2]
    moved = x.clone()
    moved[0, 5] = 10
    after, _ = model.encode(moved, ends, attr, 1)
    assert not torch.equal(before.leaves, after.leaves)
    ranges = model(x, ends, attr, torch.zeros(6, dtype=torch.int64)).ranges
    assert ranges.shape == (6, 4)


def test_the_three_forms_of_a_constraint_are_aggregated_apart(
    model: ParameterNet, batch: Batch
) -> None:
    swapped = batch.edge_attr[:, [1, 0, 2, 3, 4]]
    after = model(*batch._replace(edge_attr=swapped).inputs).targets
    assert not torch.allclose(after, model(*batch.inputs).targets, atol=1e-6)


def test_the_pooling_by_hand() -> None:
    pooling = Pooling(4, 1, 0.0)
    pooling.value.weight.data = torch.eye(2, 4)
    for parameter in (pooling.value.bias, pooling.score.weight, pooling.score.bias):
        torch.nn.init.zeros_(parameter)  # all nodes weigh the same
    pooled = pooling(
        torch.tensor([[1.0, 2, 9, 9], [3, -4, 9, 9], [5, 6, 9, 9]]),
        torch.tensor([0, 0, 2]),
        3,
    )
    logs = torch.tensor([5.0, 3, 6, 7]).log()
    expected = [[logs[0], logs[1], 3, 2, 2, 1], [0] * 6, [logs[2], logs[3], 5, 6, 5, 6]]
    torch.testing.assert_close(pooled, torch.tensor(expected))


def test_edge_features_by_hand() -> None:
    edge = edge_features(
        torch.tensor([[0.0, 1, 0, -1, 1 / 256], [1, 0, 0, 1, 64 / 256]])
    )
    log = torch.tensor([2.0, 65.0]).log() / 4
    torch.testing.assert_close(
        edge[0], torch.tensor([0, 1, 0, -1, 1 / 32, 1 / 8, log[0], 1])
    )
    torch.testing.assert_close(edge[1], torch.tensor([1, 0, 0, 1, 2, 1, log[1], 0]))


def test_constraint_features_by_hand() -> None:
    """Constants -1 in A and 2^64 - 1 in C."""
    x = torch.zeros(1, 12)
    x[0, 0], x[0, 5], x[0, 7] = 1, -1 / 256, 64 / 256
    (features,) = constraint_features(x)
    log = torch.tensor([2.0, 1, 65]).log() / 4
    assert torch.equal(features[:12], x[0])
    by_scale = features[12:].view(5, 3)
    expected = [[-1, 0, 1], [1 / 32, 0, 2], [1 / 8, 0, 1], log.tolist(), [1, 0, 0]]
    torch.testing.assert_close(by_scale, torch.tensor(expected))


def test_dropout_drops_weights_of_attention_and_nothing_else(batch: Batch) -> None:
    torch.manual_seed(0)
    careful, bold = (
        ParameterNet(ModelConfig(16, 2, 4, dropout)) for dropout in (0.0, 0.5)
    )
    bold.load_state_dict(careful.state_dict())
    before, after = (net.train()(*batch.inputs) for net in (careful, bold))
    assert torch.equal(before.ranges, after.ranges)
    assert not torch.allclose(before.targets, after.targets)
    evaluated = [net.eval()(*batch.inputs).targets for net in (careful, bold)]
    assert torch.equal(*evaluated)


def test_pooled_demands_by_hand() -> None:
    """Two nodes of one circuit; a third, which is full, in a circuit of its own; none in the last."""
    ranges = torch.tensor([[-30.0, 1], [-30, 2], [3, 1]])
    rows = torch.zeros(3, 6).double()
    rows[0] = torch.tensor([100, 3, 6, 12, 25, 50])
    found = ParameterNet.pooled_demand(ranges, torch.tensor([0, 0, 1]), rows)
    assert found[:, 0].tolist() == [8, -3, 8]
    torch.testing.assert_close(found[:, 1], torch.tensor([32 * 2 / 64, 0, 0]))
    torch.testing.assert_close(
        found[0, 2:], torch.tensor([100.0, 4, 7, 13, 26, 51]).log2()
    )
    assert not found[1:, 2:].any()


def test_rounds_share_their_weights() -> None:
    sizes = {
        depth: sum(
            p.numel() for p in ParameterNet(ModelConfig(16, depth, 4)).parameters()
        )
        for depth in (1, 5)
    }
    assert sizes[1] == sizes[5]


def test_a_fact_travels_one_constraint_a_round() -> None:
    """Along a chain of wires and constraints the first wire's features reach as far as there are rounds."""
    wires, count = torch.arange(6), 6
    x = torch.zeros(11, 12)
    x[count:, 0] = 1
    ends = torch.stack(
        [
            torch.stack([wires[:-1], wires[1:]]).flatten(),
            torch.arange(count, 11).repeat(2),
        ]
    )
    attr = torch.zeros(10, 5)
    attr[:5, 0], attr[5:, 2] = 1, 1
    attr[:, 3], attr[:, 4] = 1, 1 / 256
    torch.manual_seed(1)
    model = ParameterNet(ModelConfig(128, 4, 4))
    moved = x.clone()
    moved[0, 5] = 10
    states = [
        model.encode(nodes, ends, attr, 4)[0].states_per_round for nodes in (x, moved)
    ]
    assert len(states[0]) == 4
    for rounds, ((before, _), (after, _)) in enumerate(
        zip(*states, strict=True), start=1
    ):
        change = (after - before).abs().sum(dim=1) > 0
        assert change.tolist() == [
            index <= rounds for index in range(1, count - 1)
        ]  # the first and last are leaves


@torch.no_grad()
@pytest.mark.parametrize("recall", [True, False])
def test_what_a_round_adds_is_added_to_what_a_node_began_with(
    batch: Batch, recall: bool
) -> None:
    """Each round adds one to every number of a state."""
    model = ParameterNet(ModelConfig(16, 3, 4, recall=recall))
    for update in (
        model.message_passing.wire_update,
        model.message_passing.constraint_update,
    ):
        torch.nn.init.zeros_(update.lin_out.weight)
        torch.nn.init.ones_(update.lin_out.bias)
    first, second, third = (
        model.encode(*batch.inputs[:3], rounds)[0].states_per_round[-1]
        for rounds in (1, 2, 3)
    )
    for states in zip(first, second, third, strict=True):
        added = [0, 0] if recall else [1, 2]
        for now, more in zip(states[1:], added, strict=True):
            torch.testing.assert_close(now, states[0] + more)


def test_training_takes_as_many_rounds_as_it_is_told(batch: Batch) -> None:
    model = ParameterNet(ModelConfig(16, 3, 4))
    model.rounds = 2
    assert len(model.train()(*batch.inputs).earlier) == 1
    with torch.no_grad():
        before = model.eval()(*batch.inputs).targets
        model.rounds = 5
        assert torch.equal(model(*batch.inputs).targets, before)


def reading(trust: float, full: float) -> ParameterNet:
    """A network that reads 6, 2 and 5 bits off every state: of the largest value, below zero, and above."""
    model = ParameterNet(ModelConfig(16, 1, 4)).eval()
    last = model.wire_range_head[-1]
    torch.nn.init.zeros_(last.weight)
    bits = torch.tensor([6, 2, 5]) / 32
    last.bias.data = torch.cat([torch.tensor([full]), bits, torch.tensor([trust])])
    return model


@torch.no_grad()
def test_a_wire_has_what_is_left_to_it_or_what_is_read_off_its_state() -> None:
    """[-4, 9] is left to the first; nothing to the others, of which the last is a hint."""
    left = torch.tensor([[4.0, 9], [torch.inf, torch.inf], [torch.inf, torch.inf]])
    states = torch.zeros(3, 8)
    read = torch.tensor([6, 2, 5]) / 32
    calculated = torch.tensor([5, 3, 4]) / 32  # twice nine has five bits
    wires = (left.double(), torch.full((3,), 64.0), torch.arange(3) == 2)

    ranges, reach = reading(trust=30, full=-1).read_wires(states, *wires)
    no_bits = torch.zeros(3)
    torch.testing.assert_close(ranges[:, 1:], torch.stack([calculated, read, no_bits]))
    assert ranges[:, 0].tolist() == [-8, 8, -8]
    assert reach.tolist() == [[4, 9, 0], [0, 0, 1], [0, 0, 1]]

    ranges, reach = reading(trust=-30, full=-1).read_wires(states, *wires)
    torch.testing.assert_close(ranges[:, 1:], torch.stack([read, read, no_bits]))
    assert reach.tolist() == [[3, 9, 0], [0, 0, 1], [0, 0, 1]]  # no wider than is left


@torch.no_grad()
def test_near_the_field_the_network_says_whether_a_wire_fills_it() -> None:
    """[-4, 9], of which twice nine counts, in a field of six bits; its ends are known in any case."""
    left = torch.tensor([[4.0, 9]]).double()
    wire = (left, torch.tensor([6.0]), torch.tensor([False]))
    near = 8 * (math.log2(19) - 5)
    for full in (-3.0, 3.0):
        ranges, reach = reading(trust=30, full=full).read_wires(
            torch.zeros(1, 8), *wire
        )
        assert float(ranges[0, 0]) == pytest.approx(near + full, abs=1e-4)
        assert reach.tolist() == [[4, 9, 0]]


@torch.no_grad()
def test_without_what_is_calculated_a_wire_has_what_is_read() -> None:
    model = reading(trust=30, full=-1)
    model.config = replace(model.config, calculated=False)
    nothing = torch.full((1, 2), torch.inf).double()
    wire = (nothing, torch.tensor([64.0]), torch.tensor([False]))
    ranges, reach = model.read_wires(torch.zeros(1, 8), *wire)
    assert ranges[0, 0] == -1
    assert reach.tolist() == [[3, 31, 0]]


def doublings(count: int) -> Inputs:
    """A bit, twice it, twice that, ...: each is known a round after the one before."""
    wires = count + 1
    x = torch.zeros(wires + 1 + count, 12)
    x[wires:, 0] = 1
    x[wires, IS_BOOLEAN] = 1  # of the first wire
    x[:, FIELD_BITS] = 254 / FIELD_BITS_UNIT
    x[wires + 1 :, CONSTANTS] = torch.tensor([0, 1 / 256, 0])
    source = torch.tensor([0, 0, *range(count), *range(1, wires)])
    target = torch.arange(wires + 1, len(x))
    target = torch.cat([torch.tensor([wires, wires]), target, target])
    attr = torch.zeros(len(source), 5)
    attr[:, 3:] = torch.tensor([1, 1 / 256])
    attr[: 2 + count, 0] = 1
    attr[1, :2] = torch.tensor([0, 1])
    attr[2 : 2 + count, 4] = math.log2(3) / 256
    attr[2 + count :, 2] = 1
    return Inputs(x, torch.stack([source, target]), attr, torch.zeros(len(x)).long(), 1)


def calculating() -> ParameterNet:
    """A network that takes what is calculated, and whose head for demands adds 100 to each."""
    model = ParameterNet(ModelConfig(16, 3, 4)).eval()
    for head in (model.wire_range_head, model.demand_head):
        torch.nn.init.zeros_(head[-1].weight)
        torch.nn.init.zeros_(head[-1].bias)
    model.wire_range_head[-1].bias.data[-1] = 30
    model.demand_head[-1].bias.data[:] = 100
    return model


@torch.no_grad()
def test_nodes_have_the_last_word_on_q_and_bits() -> None:
    """Twelve wires are known one after the other; but if the first is no bit none is, and q has no bits of its own."""
    inputs = doublings(12)
    demand = calculating()(*inputs).demand[0]
    assert demand[:2].tolist() == pytest.approx([8, 14 / 64])
    assert (demand[2:] > 10).all()  # one form: to it half of the hundred is added

    nothing_known = inputs._replace(
        edge_index=inputs.edge_index[:, 2:], edge_attr=inputs.edge_attr[2:]
    )
    demand = calculating()(*nothing_known).demand[0]
    assert demand[:2].tolist() == [-8, 0]


@torch.no_grad()
def test_nothing_is_full_where_no_node_is_left() -> None:
    wire, *_ = doublings(0)
    none = torch.zeros(0, dtype=torch.int64)
    output = calculating()(
        wire[:1], torch.stack([none, none]), torch.zeros(0, 5), none.new_zeros(1), 1
    )
    assert len(output.nodes) == 0
    assert float(output.demand[0, 0]) == MOST_LOGIT


@torch.no_grad()
def test_an_answer_goes_on_to_the_end_of_the_inference() -> None:
    """By calculation, whatever stands beside a circuit."""
    counts = [1, 20, 5, 35]
    circuits = [doublings(count) for count in counts]
    both = side_by_side(circuits)
    output = answer(calculating(), both)
    assert (output.demand[:, 1] * 64).tolist() == pytest.approx([3, 22, 7, 37])
    torch.manual_seed(0)
    model = calculating()
    output = answer(model, both)
    for place, one in enumerate(circuits):
        alone = answer(model, one)
        torch.testing.assert_close(output.demand[place], alone.demand[0])
        mine = both.graph[output.nodes] == place
        torch.testing.assert_close(output.ranges[mine], alone.ranges)


@torch.no_grad()
def test_a_network_is_not_sure_where_inference_did_not_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of three chains the one whose end is further than calculation goes."""
    monkeypatch.setattr("nexuszero.network.layers.MOST_ROUNDS", 20)
    both = side_by_side([doublings(count) for count in (5, 35, 10)])
    free = answer(calculating(), both).demand[:, 0]
    assert free.tolist() == [8, 0, 8]


def side_by_side(circuits: list[Inputs]) -> Inputs:
    sizes = torch.tensor([len(one.x) for one in circuits])
    offsets = (sizes.cumsum(0) - sizes).tolist()
    ends = [
        one.edge_index + offset for one, offset in zip(circuits, offsets, strict=True)
    ]
    return Inputs(
        torch.cat([one.x for one in circuits]),
        torch.cat(ends, dim=1),
        torch.cat([one.edge_attr for one in circuits]),
        torch.arange(len(circuits)).repeat_interleave(sizes),
        len(circuits),
    )


def test_the_objective_by_hand() -> None:
    """A node of a 64-bit field whose values fill it, and one of 48 bits; the third is not judged. One q is free.
    One of three augmented demands is two deviations off in all targets.

    The 48 bits are inferred in the second of two rounds, and are the field's in the first.
    """
    x = torch.zeros(3, 12)
    x[:, 9] = 64 / 256
    demand = torch.full((2, 8), 2.0)
    demand[:, :2] = torch.tensor([[1, 48 / 64], [0, 0]])
    augmented_target = torch.zeros(2, 3, 6)
    augmented_target[:, 2] = 2
    batch = Batch(
        x=x,
        edge_index=torch.zeros(2, 0, dtype=torch.int64),
        edge_attr=torch.zeros(0, 5),
        graph=torch.tensor([0, 0, 1]),
        target=torch.ones(2, 6),
        demand=demand,
        node_bits=torch.tensor([48.0, 7, 64]),
        node_ends=torch.tensor([[0.0, 47], [0, 6], [63, 63]]),
        node_rounds=torch.tensor([2, 0, 0]),
        demand_shift=torch.zeros(2, 3, 8),
        augmented_target=augmented_target,
    )
    output = ModelOutput(
        targets=torch.zeros(2, 6),
        demand=torch.zeros(2, 8),
        ranges=torch.tensor([[0.0, 9, 9, 9], [0, 1, 0, 47 / 32]]),
        earlier=torch.tensor([[[0.0, 9, 9, 9], [0, 7, 7, 7]]]),
        nodes=torch.tensor([2, 0]),
        augmented=torch.zeros(2, 3, 6),
    )
    # all say one half; in one circuit, in one round of two, 48 bits were taken for 32
    wrong_bits = BITS_WEIGHT * (0.5 - 0.5 / 32)
    ranges = math.log(2) + wrong_bits / 2 / 2
    # 48 bits taken for none; four taken for one
    demands = (
        math.log(2) + BITS_WEIGHT * (1.5 - 0.5 / 32) / 2 + LOGS_WEIGHT * (2 - 0.05)
    )
    augmented = 2 * 2**2 / 3

    found = objective(output, batch)
    assert float(found) == pytest.approx(
        2 + demands * DEMAND_WEIGHT + ranges * RANGE_WEIGHT + augmented
    )
    alone = objective(output._replace(augmented=output.augmented[:, :0]), batch)
    assert float(found - alone) == pytest.approx(augmented)
    weighed = objective(output, batch, demand_weight=2, range_weight=3)
    assert float(weighed) == pytest.approx(2 + 2 * demands + 3 * ranges + augmented)
    in_the_end = objective(output, batch, demand_weight=0, every_round=False)
    assert float(in_the_end) == pytest.approx(
        2 + math.log(2) + wrong_bits / 2 + augmented
    )


def test_augmented_demands_have_the_targets_of_circuits_that_ask_the_same(
    model: ParameterNet, batch: Batch
) -> None:
    shift = torch.zeros(6, 3, 8)
    shift[:, 1, 3:] = 1
    shift[:, 2, 0] = -20
    output = model(*batch.inputs, shift)
    torch.testing.assert_close(output.augmented[:, 0], output.targets)
    assert (output.augmented[:, 1:] != output.augmented[:, :1]).any(dim=2).all()
    output.augmented.sum().backward()
    learned = {
        name.split(".")[0]
        for name, weight in model.named_parameters()
        if weight.grad is not None
    }
    model.zero_grad(set_to_none=True)
    assert learned == {"target_head"}  # an augmented demand says nothing of the circuit


@pytest.mark.parametrize("part", ["receiver_bias", "pooled_demand", "arithmetic"])
def test_a_part_may_be_left_out(model: ParameterNet, batch: Batch, part: str) -> None:
    less = ParameterNet(replace(model.config, **{part: False})).eval()
    less.load_state_dict(
        model.state_dict()
    )  # so weights are created in the same order, with it or without
    assert not torch.allclose(
        less(*batch.inputs).demand, model(*batch.inputs).demand, atol=1e-4
    )


def test_without_the_receivers_bias_its_weights_do_not_matter(batch: Batch) -> None:
    torch.manual_seed(0)
    model = ParameterNet(ModelConfig(32, 2, 4, receiver_bias=False)).eval()
    before = model(*batch.inputs).demand
    update = model.message_passing.wire_update
    bias = slice(update.message_dim // 2, update.message_dim)
    with torch.no_grad():
        update.lin_state.weight[bias] += 1
    assert torch.equal(model(*batch.inputs).demand, before)


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
