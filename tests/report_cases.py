"""What the tests of reports share: a study, rows of costs, an analysis in small, and what holds of every figure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nexuszero.crypto import TARGET_NAMES

if TYPE_CHECKING:  # tests that make no figure do not wait for plotly, Optuna and torch
    import optuna
    import plotly.graph_objects as go

    from nexuszero.evaluation import Regret

CIRCUIT = Path(__file__).parent / "fixtures/circuits/compare.bn128.r1cs"
LOSSES = (1.5, None, 0.9, 1.2, 1.9)  # the second trial fails


def study_of(
    losses: Sequence[float | None], storage: str | None = None
) -> optuna.Study:
    """A study with a trial a loss, in memory or at a URL; None is a trial that failed."""
    import optuna

    study = optuna.create_study(
        storage=storage, study_name="full_run", direction="minimize"
    )
    study.add_trials([_trial(number, loss) for number, loss in enumerate(losses)])
    return study


def _trial(number: int, loss: float | None) -> optuna.trial.FrozenTrial:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )
    from optuna.trial import TrialState, create_trial

    params = {
        "hidden_dim": 128,
        "num_layers": 3 + number % 6,
        "num_heads": 4,
        "dropout": 0.1,
        "learning_rate": 1e-5 + 1e-4 / (1 + number),
    }
    space = {
        "hidden_dim": CategoricalDistribution([128, 256, 384]),
        "num_layers": IntDistribution(3, 8),
        "num_heads": CategoricalDistribution([4, 8]),
        "dropout": FloatDistribution(0.05, 0.3),
        "learning_rate": FloatDistribution(1e-5, 5e-4, log=True),
    }
    if loss is None:
        return create_trial(
            state=TrialState.FAIL, params=params, distributions=space, user_attrs={}
        )
    attributes = {"test_loss": 3 - loss, "seconds": 1.0}
    return create_trial(
        value=loss, params=params, distributions=space, user_attrs=attributes
    )


def cost_row(circuit: str, excess: float, **changes: Any) -> Regret:
    """What following a model costs on one circuit of 30 nodes; sound where there is no excess."""
    from nexuszero.evaluation import Regret

    fails = ("hiding", "width") if excess else ()
    row = Regret(
        circuit,
        security=128,
        free=True,
        proof_size=9,
        nodes=30,
        binds="hiding",
        candidates=10,
        cold=None,
        sound=not excess,
        fails=fails,
        excess=excess,
        larger=None,
        hiding_short=0.0,
        modulus_short=0,
        warm=None,
    )
    return replace(row, **changes)


def analysis_report() -> dict[str, Any]:
    """What `nexuszero.evaluation.analyse` writes, invented: a network beside the mean on three splits."""
    targets = {name: {"r2": 0.5, "mae": 2.0} for name in TARGET_NAMES}
    measures = {
        "loss": 1.0,
        "hit_log2_q": 0.4,
        "hit_n": 0.2,
        "hit_both": 0.1,
        "targets": targets,
    }
    by_split = {
        "val": measures,
        "test": measures,
        "test_large": measures | {"loss": 2.5},
    }
    models = {
        "network": by_split,
        "mean": by_split | {"test_large": measures | {"loss": 3.0}},
    }

    shares = {"bit_security": 1.0, "hardness": 0.75, "proof_size": 0.0, "all": 0.0}
    rows = [
        {
            "target": name,
            "threshold": "",
            "value": shares[name],
            "met": shares[name] == 1,
        }
        for name in shares
    ]
    loss = {
        "target": "validation_loss",
        "threshold": "< 0.60",
        "value": 0.7,
        "met": False,
    }

    quarters = dict.fromkeys(
        (
            "sound",
            "larger",
            "hiding_short",
            "modulus_short",
            "optimum",
            "median_excess",
            "p95_excess",
            "mean_excess",
            "worst_excess",
            "cold_optimal",
            "warm_optimal",
        ),
        0.25,
    )
    cost = {
        "circuits": 3,
        "free": 3,
        "free_right": 0.5,
        "sure": 0.5,
        "free_right_where_sure": 1.0,
        "cold_evaluations": 90,
        "warm_evaluations": 7,
        **quarters,
    }
    return {
        "regret": {
            "test": dict.fromkeys(models, cost),
            "compiled": {"network": cost | {"sound": 0.5}},
        },
        "groups": {"compiled": {"circomlib": {"network": cost}}},
        "models": models,
        "shares": {"labels": shares, "proposals": dict.fromkeys(shares, 0.5)},
        "targets_met": [loss, *rows[:-1]],
        "circuits": {"val": 12, "test": 13, "test_large": 5},
        "milliseconds": {"network": 2.0, "mean": 0.0},
    }


def check_figures(
    figures: Mapping[str, go.Figure], untitled_axes: Collection[str] = ()
) -> None:
    """Every figure has a title, data, titles of its x axes, no LaTeX, and no address of the network."""
    import plotly.graph_objects as go

    for name, figure in figures.items():
        assert isinstance(figure, go.Figure), name
        assert figure.layout.title.text, name
        assert len(figure.data) >= 1, name

        axes = [axis for axis in figure.to_dict()["layout"] if axis.startswith("xaxis")]
        assert name in untitled_axes or all(
            figure.layout[axis].title.text for axis in axes
        ), name

        text = json.dumps(json.loads(figure.to_json())["data"]) + str(
            figure.layout.title.text
        )
        assert "$" not in text, name
        assert "http" not in text, name


def check_alternatives(figures: Mapping[str, go.Figure]) -> None:
    """Every figure says in words what one sees, and has a title on each vertical axis that is shown."""
    for name, figure in figures.items():
        alt = figure.layout.meta["alt"]
        assert len(alt) > 40, name
        assert alt.endswith("."), name
        axes = [axis for axis in figure.to_dict()["layout"] if axis.startswith("yaxis")]
        assert any(figure.layout[axis].title.text for axis in axes) or any(
            trace.orientation == "h" for trace in figure.data if trace.type == "bar"
        ), name
