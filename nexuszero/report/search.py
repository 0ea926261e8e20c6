"""A hyperparameter search in tables, and in Optuna's own figures (notebook 07).

Optuna's figures are imported where they are drawn: they bring scikit-learn, which the tables of notebook 10 do without.
"""

from __future__ import annotations

from typing import Any

import optuna
import pandas as pd
import plotly.graph_objects as go

from nexuszero.config import MEAN_LOSS, TUNED
from nexuszero.report.style import MEAN_PREDICTOR_LOSS, pairs, styled

LOSS = "validation loss"
ENOUGH = 4  # completed trials from which fANOVA can tell anything
COUNTABLE = 40  # trials up to which each has its mark on an axis


def trials(study: optuna.Study) -> pd.DataFrame:
    """The seed document's trial table, but ranked by validation loss; the test loss is only a column."""
    rows = [_trial(trial) for trial in study.trials if trial.state.is_finished()]
    table = pd.DataFrame(
        rows, columns=["trial", *TUNED, "val_loss", "test_loss", "seconds", "state"]
    )
    value = table["val_loss"].astype(float).where(table["state"] == "COMPLETE")
    table.insert(0, "rank", value.rank(method="first").astype("Int64"))
    return table.sort_values(["rank", "trial"], na_position="last").reset_index(
        drop=True
    )


def mean_loss(study: optuna.Study) -> float:
    """What always the train split's mean costs on the study's validation split; 2 where it does not say."""
    return float(study.user_attrs.get(MEAN_LOSS, MEAN_PREDICTOR_LOSS))


def search_insights(study: optuna.Study) -> pd.DataFrame:
    """What the seed document calls key insights, computed."""
    table = trials(study)
    ranked = table[table["rank"].notna()]
    best = ranked["val_loss"].min()
    median = ranked["val_loss"].median()
    by_test = ranked.loc[ranked["test_loss"].idxmin(), "trial"]
    return pairs(
        {
            "completed trials": len(ranked),
            "best validation loss": best,
            "median validation loss": median,
            "improvement over the median": 1 - best / median,
            "best trial by validation loss": int(ranked["trial"].iloc[0]),
            "best trial by test loss (not used)": int(by_test),
            "always the mean, on validation": mean_loss(study),
            "trials better than that": int(
                (ranked["val_loss"] < mean_loss(study)).sum()
            ),
        },
        "insight",
    )


def _trial(trial: optuna.trial.FrozenTrial) -> list[Any]:
    values = (trial.params.get(name) for name in TUNED)
    attributes = (trial.user_attrs.get(name) for name in ("test_loss", "seconds"))
    return [trial.number, *values, trial.value, *attributes, trial.state.name]


def trial_history(study: optuna.Study) -> go.Figure:
    """Validation loss of each trial, and the best so far."""
    from optuna.visualization import plot_optimization_history

    figure = plot_optimization_history(study, target_name=LOSS)
    figure.add_hline(
        mean_loss(study), line_dash="dot", annotation_text="always the mean"
    )
    marks = {"xaxis_dtick": 1} if len(study.trials) <= COUNTABLE else {}
    return styled(figure, "History of the search", "trial", LOSS, **marks)


def trial_slices(study: optuna.Study) -> go.Figure:
    """Validation loss against each hyperparameter; darker points are later trials."""
    from optuna.visualization import plot_slice

    figure = plot_slice(study, params=list(TUNED), target_name=LOSS)
    return styled(figure, "Validation loss by hyperparameter", showlegend=False)


def trial_parallel(study: optuna.Study) -> go.Figure:
    """Every trial as a line through its hyperparameters to its validation loss."""
    from optuna.visualization import plot_parallel_coordinate

    figure = plot_parallel_coordinate(study, params=list(TUNED), target_name=LOSS)
    return styled(figure, "Trials from hyperparameters to loss", margin={"l": 70})


def importances(study: optuna.Study) -> go.Figure:
    """Shares of the loss's variance (fANOVA); says so where there are too few trials to tell."""
    from optuna.importance import FanovaImportanceEvaluator
    from optuna.visualization import plot_param_importances

    values = [
        trial.value
        for trial in study.trials
        if trial.state == optuna.trial.TrialState.COMPLETE
    ]
    if len(values) >= ENOUGH and len(set(values)) > 1:
        figure = plot_param_importances(
            study, evaluator=FanovaImportanceEvaluator(seed=0), target_name=LOSS
        )
    else:
        figure = go.Figure(go.Bar(orientation="h"))
        figure.add_annotation(
            text="fewer than four completed trials: not estimated", showarrow=False
        )
        figure.update_xaxes(showticklabels=False)
        figure.update_yaxes(showticklabels=False)
    return styled(
        figure,
        "Importance of the hyperparameters (fANOVA)",
        "share of the variance",
        "",
    )
