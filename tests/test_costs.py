"""What an answer costs: every step is timed, on the same circuits."""

import time

import pytest

from nexuszero.config import GenerateConfig
from nexuszero.data import Standardiser, generate, read
from nexuszero.evaluation.costs import costs, milliseconds, timed
from nexuszero.evaluation.golden import recorded
from nexuszero.network import Checkpoint, ModelConfig, ParameterNet


def test_every_step_is_timed(tmp_path):
    generate(GenerateConfig(out=tmp_path, train=1, val=1, test=9, seed=1), log=lambda _: None)
    split = read(tmp_path / "test")
    found = costs(Checkpoint(ParameterNet(ModelConfig(8, 1, 2)).eval(), Standardiser.fit(split.targets), {}), split)
    assert found["circuits"] == 9
    steps = ("graph_ms", "network_ms", "believed_ms", "analyse_ms", "search_ms")
    assert all(found[name] > 0 for name in steps) and set(found) == {*steps, "circuits", "estimator_ms"}


def test_milliseconds_of_an_answer_are_those_of_its_steps():
    found = milliseconds({"graph_ms": 1.0, "network_ms": 2.0, "believed_ms": 0.5})
    assert list(found.values()) == [3.0, 3.5, 3.5]
    assert timed(lambda _: time.sleep(0.03), [0, 0, 0]) >= 10


def test_recorded_seconds_are_those_of_the_table():
    assert recorded("n~512 q=2^12") == pytest.approx(0.0594 + 0.9638)
