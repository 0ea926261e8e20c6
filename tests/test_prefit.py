"""What a network knows before its first step: the head's answers to demands."""

import numpy as np
import pytest
import torch

from nexuszero.data import DEMAND_BITS, DEMAND_FREE, DEMAND_LOGS, Split, Standardiser
from nexuszero.network import (
    MOST_LOGIT,
    Batches,
    GraphBatches,
    ModelConfig,
    ParameterNet,
    loss,
    predict_batches,
)
from nexuszero.training import augmented_demands
from nexuszero.training.prefit import field_and_level, prefit, with_logits


@pytest.fixture(scope="module")
def circuits(drawn: dict[str, Split]) -> GraphBatches:
    train = drawn["train"]
    return GraphBatches(
        train, Standardiser.fit(train.targets), augmented_demands(train)
    )


def untrained() -> ParameterNet:
    torch.manual_seed(0)
    return ParameterNet(ModelConfig(64, 1, 4, 0.0))


def test_it_is_far_below_the_mean_before_the_first_step(
    circuits: GraphBatches, drawn: dict[str, Split]
) -> None:
    """What a circuit asks is calculated, by and large; so the head's answers are what is missing."""
    torch.manual_seed(0)
    model = ParameterNet(ModelConfig(64, 7, 4, 0.0))
    val = GraphBatches(
        drawn["val"], Standardiser.fit(circuits.split.targets)
    )  # circuits that it was not fitted to
    before = float(loss(*predict_batches(model, Batches(val, 64))))
    prefit(model, circuits, seed=1)
    after = float(loss(*predict_batches(model, Batches(val, 64))))
    assert before > 1.5
    assert after < 1.2


def test_the_head_learns_from_demands_alone(circuits: GraphBatches) -> None:
    model = untrained()
    prefit(model, circuits, seed=1)
    with torch.no_grad():
        predicted = model.predict_targets(
            with_logits(circuits.demand), field_and_level(circuits)
        )
    assert float(loss(predicted, circuits.target)) < 0.3


def test_a_seed_repeats_it_and_torch_s_own_numbers_are_left_alone(
    circuits: GraphBatches,
) -> None:
    models = []
    for _ in range(2):
        model = untrained()
        state = torch.get_rng_state()
        prefit(model, circuits, seed=3)
        assert torch.equal(state, torch.get_rng_state())
        models.append(model.state_dict())
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])


def test_only_the_head_changes(circuits: GraphBatches) -> None:
    before = untrained().state_dict()
    model = untrained()
    prefit(model, circuits, seed=1)
    changed = {
        name.split(".")[0]
        for name, weight in model.state_dict().items()
        if not torch.equal(weight, before[name])
    }
    assert changed == {"target_head"}


def test_a_free_q_is_a_logit_and_the_rest_stays(circuits: GraphBatches) -> None:
    said = with_logits(circuits.demand)
    free = circuits.split.demand.free > 0.5
    assert set(said[:, DEMAND_FREE].tolist()) == {MOST_LOGIT, -MOST_LOGIT}
    assert ((said[:, DEMAND_FREE] > 0).numpy() == free).all()
    assert torch.equal(said[:, DEMAND_BITS], circuits.demand[:, DEMAND_BITS])
    assert torch.equal(said[:, DEMAND_LOGS], circuits.demand[:, DEMAND_LOGS])


def test_field_and_level_are_the_circuit_s(circuits: GraphBatches) -> None:
    said = field_and_level(circuits).numpy()
    for column, name in enumerate(("field_bits", "security")):
        exact = circuits.split.circuit[name].astype(float)
        assert np.allclose(said[:, column] / said[0, column], exact / exact[0])
