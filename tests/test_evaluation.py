"""Measures by hand."""

import json

import numpy as np
import pytest
import torch

from nexuszero.data import Split, Standardiser
from nexuszero.evaluation import metrics as evaluation
from nexuszero.network import (
    Batch,
    Checkpoint,
    ModelConfig,
    ParameterNet,
    load,
    predict,
    predict_batches,
    predict_nodes,
)
from nexuszero.network.batches import cut
from nexuszero.paths import PUBLISHED

TRUTH = np.array(
    [
        [1024.0, 20, 1000, 101, 0.79, 4000],
        [2048, 30, 2000, 129, 0.85, 8000],
        [1024, 40, 4000, 100, 0.81, 4999],
    ]
)
PREDICTION = np.array(
    [
        [1050.0, 20.4, 1000, 101, 0.79, 4000],
        [2080.1, 29.6, 2000, 130, 0.85, 8000],
        [1024, 41, 4000, 102, 0.81, 4999],
    ]
)
UNIT = Standardiser((0.0,) * 6, (1.0,) * 6)


def test_hit_rates_by_hand() -> None:
    rates = evaluation.hit_rates(PREDICTION, TRUTH)
    # log2 q: 20.4 and 29.6 round to the truth, 41 does not; n: 1050 is nearest to 1024, 2080.1 to 2112
    assert rates == pytest.approx(
        {"hit_log2_q": 2 / 3, "hit_n": 2 / 3, "hit_both": 1 / 3}
    )


def test_r2_and_mae_by_hand() -> None:
    truth = np.tile([[0.0], [2.0], [4.0]], 6)
    prediction = np.tile([[0.0], [2.0], [3.0]], 6)
    by_target = evaluation.target_measures(prediction, truth).values()
    assert [target["r2"] for target in by_target] == pytest.approx([1 - 1 / 8] * 6)
    assert [target["mae"] for target in by_target] == pytest.approx([1 / 3] * 6)


def test_a_constant_target_has_no_r2() -> None:
    prediction = np.tile([[0.0], [2.0], [3.0]], 6)
    constant = np.ones((3, 6))
    assert [
        target["r2"]
        for target in evaluation.target_measures(prediction, constant).values()
    ] == [None] * 6
    constant[:, 2] = [0, 2, 4]  # one of them varies
    scores = [
        target["r2"]
        for target in evaluation.target_measures(prediction, constant).values()
    ]
    assert scores == [None, None, pytest.approx(1 - 1 / 8), None, None, None]


def test_the_loss_by_hand() -> None:
    truth = np.array([[64.0, 20, 8, 100, 0.5, 1024]])
    prediction = np.array([[128.0, 22, 8, 103, 0.5, 1024]])
    assert evaluation.half_losses(prediction, truth, UNIT) == pytest.approx(
        ((1 + 4) / 3, 9 / 3)
    )
    assert evaluation.measures(prediction, truth, UNIT)["loss"] == pytest.approx(
        5 / 3 + 3
    )


def test_a_perfect_prediction() -> None:
    found = evaluation.measures(TRUTH, TRUTH, UNIT)
    assert found["loss"] == 0
    assert found["hit_both"] == 1
    assert list(found["targets"]) == [
        "n",
        "log2_q",
        "sigma",
        "bit_security",
        "hardness",
        "proof_size",
    ]
    assert found["targets"]["n"] == {"r2": 1.0, "mae": 0.0}
    assert json.loads(json.dumps(found)) == found


def test_shares_by_hand() -> None:
    # bits: 100 is not above 100; hardness: 0.79 is not above 0.8; size: 8000 is not below 5000
    assert evaluation.shares(TRUTH) == pytest.approx(
        {"bit_security": 2 / 3, "hardness": 2 / 3, "proof_size": 2 / 3, "all": 0}
    )


def test_targets_met_by_hand() -> None:
    rows = evaluation.targets_met(0.59, TRUTH)
    assert [row.target for row in rows] == [
        "validation_loss",
        "bit_security",
        "hardness",
        "proof_size",
    ]
    assert [row.met for row in rows] == [True, False, False, False]
    assert rows[0].row() == {
        "target": "validation_loss",
        "threshold": "< 0.60",
        "value": 0.59,
        "met": True,
    }
    assert evaluation.targets_met(0.60, TRUTH)[0].met is False
    assert evaluation.targets_met(0.1, TRUTH[1:2])[1].met is True


def test_predict_is_in_original_units_whatever_the_batches(
    splits: dict[str, Split],
) -> None:
    torch.manual_seed(0)
    standardiser = Standardiser.fit(splits["train"].targets)
    checkpoint = Checkpoint(ParameterNet(ModelConfig(16, 1, 4, 0.3)), standardiser)
    predicted = predict(checkpoint, splits["test"]).targets
    assert predicted.shape == (32, 6)
    np.testing.assert_allclose(
        predicted, predict(checkpoint, splits["test"], batch_size=5).targets, rtol=1e-4
    )
    # an untrained network stays near the mean, and in its units
    np.testing.assert_allclose(
        predicted[:, 1].mean(), splits["train"].params[:, 1].mean(), rtol=0.5
    )


def test_nodes_are_read_whatever_the_batches(drawn: dict[str, Split]) -> None:
    """Where the network is not asked, the exact analysis says what it says."""
    split = drawn["test"]
    network = load(PUBLISHED)
    bits = predict_nodes(network, split)
    np.testing.assert_allclose(
        bits, predict_nodes(network, split, batch_size=5), rtol=1e-3, atol=1e-3
    )
    asked = np.zeros(len(bits), dtype=bool)
    for circuit, first in enumerate(split.node_ptr[:-1]):
        inputs = cut(split, np.array([circuit]))
        asked[first + network.model(*inputs).nodes.numpy()] = True
    assert 0 < (~asked).sum() < asked.sum()
    np.testing.assert_array_equal(bits[~asked], split.node_bits[~asked])

    field = split.x[:, 9] * 256
    full = split.node_bits > field - 0.5
    assert ((bits > field - 0.5) == full).mean() > 0.9


def test_the_mean_predictor_has_loss_two(splits: dict[str, Split]) -> None:
    truth = splits["train"].targets
    standardiser = Standardiser.fit(truth)
    mean = standardiser.inverse(np.zeros_like(truth))
    assert sum(evaluation.half_losses(mean, truth, standardiser)) == pytest.approx(2)


def test_a_prediction_restores_the_mode() -> None:
    class Broken(torch.nn.Linear):
        config = ModelConfig()

        def forward(self, *_: object, **__: object) -> torch.Tensor:
            assert not self.training
            raise RuntimeError("broken")

    model = Broken(1, 1).train()
    batch = Batch(*(torch.zeros(0) for _ in range(11)))
    with pytest.raises(RuntimeError, match="broken"):
        predict_batches(model, [batch])
    assert model.training
