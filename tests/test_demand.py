"""The exact search on the demand that somebody reads from a circuit."""

import numpy as np
import pytest
import torch

from nexuszero.config import GenerateConfig
from nexuszero.crypto import CryptoBridge
from nexuszero.data import Demand, generate, read, rebuild
from nexuszero.network import Margin, read_demand, search_demand, search_rebuilt
from nexuszero.training.augment import LARGEST, augmented_demands


@pytest.fixture(scope="module", params=["test", "test_large"])
def split(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("circuits")
    sizes = {"train": 1, "val": 1, "test": 60, "test_large": 4}
    generate(GenerateConfig(out=out, seed=1, **sizes), log=lambda _: None)
    return read(out / request.param)


def test_a_demand_by_hand():
    """One place knows the array's columns and their units."""
    values = np.array([[0.25, 20 / 64, 5, 1, 2, 3, 4, 6], [1, 0, 0, 9, 8, 7, 6, 5]])
    demand = Demand.from_array(values)
    assert demand.free.tolist() == [0.25, 1]
    assert demand.bits.tolist() == [20, 0]
    assert demand.log2_forms.tolist() == [5, 0]
    assert demand.log2_heights.tolist() == [[1, 2, 3, 4, 6], [9, 8, 7, 6, 5]]
    assert len(demand) == 2 and np.array_equal(demand.array, values)
    assert np.array_equal(demand[np.array([1, 0])].array, values[::-1])
    assert (
        Demand.from_array(values.astype(np.float32)).array.dtype == np.float32
    )  # so a network's stays what it is


def test_the_demand_of_a_split_is_its_columns(split):
    free = split.circuit["liftable"]
    demand = split.demand
    assert np.array_equal(demand.free, free.astype(float))
    assert np.array_equal(demand.bits, np.where(free, split.circuit["bits"], 0))
    assert np.allclose(
        np.exp2(demand.log2_forms), np.maximum(split.circuit["forms"], 1)
    )
    assert np.allclose(
        np.exp2(demand.log2_heights[:, 1]), np.maximum(split.circuit["height_32"], 1)
    )


def test_a_models_logit_becomes_a_probability():
    output = torch.tensor([[0.0, 0.5, 1, 2, 3, 4, 5, 6], [-30, 0, 0, 0, 0, 0, 0, 0]])
    demand = read_demand(output)
    assert demand.free.tolist() == pytest.approx(
        [0.5, 0], abs=1e-9
    ) and demand.bits.tolist() == [32, 0]
    assert output[0, 0] == 0  # the model's output is left as it is


def test_the_true_demand_is_answered_by_the_label(split):
    nothing = np.zeros_like(split.targets)
    assert np.allclose(
        search_rebuilt(rebuild(split), split.demand, nothing),
        split.targets,
        rtol=0,
        atol=1e-8,
    )


def test_augmented_demands_are_answered_by_the_search(split):
    shift, answers = augmented_demands(split, seed=5, count=3)
    assert shift.shape == (len(split), 3, 8) and answers.shape == (len(split), 3, 6)
    for drill in range(3):
        demand = Demand.from_array(split.demand.array + shift[:, drill])
        found = search_rebuilt(rebuild(split), demand, split.targets)
        assert np.allclose(answers[:, drill], found, rtol=0, atol=1e-8)
    assert not shift[..., 0].any() and np.abs(shift[..., 3:]).max() < LARGEST + 1
    same = ~shift.any(axis=2)
    own = np.repeat(split.targets[:, None], 3, axis=1)
    assert same.mean() < 0.2 and np.allclose(
        answers[same], own[same], rtol=0, atol=1e-8
    )
    again, other = (
        augmented_demands(split, seed=5, count=3),
        augmented_demands(split, seed=6, count=3),
    )
    assert np.array_equal(again[0], shift) and not np.array_equal(other[0], shift)


def test_circuits_are_rebuilt_at_their_places(split):
    for level, chosen, circuits in rebuild(split):
        assert (split.circuit["security"][chosen] == level).all()
        assert np.array_equal(
            circuits.analyse()["forms"], split.circuit["forms"][chosen]
        )


def test_a_wrong_demand_is_answered_as_it_stands():
    bridge = CryptoBridge()
    circuits = bridge.synthesize([bridge.families().index("mimc")], [7])  # never free
    truth = circuits.choose(128)[0]
    demand = Demand.from_array(np.array([[1, 13.2 / 64, 0, 5, 6, 7, 8, 9]]))
    answer = search_demand(circuits, 128, demand, np.zeros((1, 6)))[0]
    (choice,) = circuits.choose_for(128, 13, [[32, 64, 128, 256, 512]])
    assert answer[1] == choice["log2_q"] < truth["log2_q"]
    assert answer[5] == choice["proof_size"]


def test_a_margin_asks_for_more():
    bridge = CryptoBridge()
    circuits, nothing = (
        bridge.synthesize([bridge.families().index("ranges")], [3]),
        np.zeros((1, 6)),
    )
    demand = Demand.from_array(np.array([[0.8, 40 / 64, 9, 3, 4, 5, 6, 7]]))
    heights = np.array([[8, 16, 32, 64, 128]])
    for margin, bits, rows in (
        (Margin(), 40, heights),
        (Margin(0.5, 2, 1.25), 42, 1.25 * heights),
        (Margin(0.9), 0, heights),
    ):
        (choice,) = circuits.choose_for(192, bits, rows)
        assert (
            search_demand(circuits, 192, demand, nothing, margin)[0][5]
            == choice["proof_size"]
        )


def test_where_nothing_is_sound_the_fallback_stands():
    bridge = CryptoBridge()
    circuits = bridge.synthesize(np.zeros(20, int), np.arange(20))
    fallback, fixed = np.arange(120.0).reshape(20, 6) + 1, np.zeros((20, 8))
    fixed[:, 3:] = (
        31  # two thousand million rows each: too many for BabyBear at any rank
    )
    small = circuits.analyse()["field_bits"] == 31
    answers = search_demand(circuits, 256, Demand.from_array(fixed), fallback)
    assert small.any() and np.array_equal(answers[small], fallback[small])
    assert not (answers[~small] == fallback[~small]).any()
