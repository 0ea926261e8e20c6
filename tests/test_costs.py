"""What an answer costs: every step is timed, on the same circuits."""

import time

import pytest

from nexuszero.config import GenerateConfig
from nexuszero.data import Standardiser, generate, read
from nexuszero.evaluation import recorded_seconds
from nexuszero.evaluation.costs import (
    Costs,
    Way,
    answer_milliseconds,
    measure_costs,
    milliseconds_each,
    pays,
)
from nexuszero.evaluation.regret import Climb, Regret
from nexuszero.network import Checkpoint, ModelConfig, ParameterNet

COSTS = Costs(1.0, 2.0, 1.0, 0.5, 0.25, circuits=9, estimator_ms=1000.0)


def test_every_step_is_timed(tmp_path):
    generate(
        GenerateConfig(out=tmp_path, train=1, val=1, test=9, seed=1), log=lambda _: None
    )
    split = read(tmp_path / "test")
    model = Checkpoint(
        ParameterNet(ModelConfig(8, 1, 2)).eval(), Standardiser.fit(split.targets)
    )
    costs = measure_costs(model, split).row()
    assert costs["circuits"] == 9
    steps = ("graph_ms", "network_ms", "believed_ms", "analyse_ms", "search_ms")
    assert all(costs[name] > 0 for name in steps) and set(costs) == {
        *steps,
        "circuits",
        "estimator_ms",
    }


def test_milliseconds_of_an_answer_are_those_of_its_steps():
    assert list(answer_milliseconds(COSTS).values()) == [3.0, 3.5, 3.5]
    assert milliseconds_each(lambda _: time.sleep(0.03), [0, 0, 0]) >= 10


def test_what_pays_by_hand():
    """Two circuits: q is free in one, where a search may climb, and the field's prime in the other."""
    free = Regret(
        "a",
        128,
        True,
        9,
        30,
        "hiding",
        100,
        Climb(20, True),
        True,
        (),
        0.0,
        0.0,
        0.0,
        0,
        Climb(4, True),
    )
    fixed = Regret(
        "b", 128, False, 9, 30, "hiding", 1, None, True, (), 0.0, 0.0, 0.0, 0, None
    )
    ways = pays(COSTS, [free, fixed])
    # 1,000 ms a call: 101 candidates of two circuits, 20 + 1 and 4 + 1 evaluations
    assert [way.milliseconds for way in ways] == [3.5, 1.25, 50_500, 10_500, 3.5 + 2500]
    assert Way("it", 3.6).hours_for_a_million == 1


def test_recorded_seconds_are_those_of_the_table():
    assert recorded_seconds("n~512 q=2^12") == pytest.approx(0.0594 + 0.9638)
