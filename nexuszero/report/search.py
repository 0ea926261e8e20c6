"""A hyperparameter search in tables and figures (notebook 02)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nexuszero.config import TUNED
from nexuszero.report.style import (
    BLUE,
    GREY,
    LOGARITHMIC,
    MEAN_PREDICTOR_LOSS,
    RED,
    pairs,
    points,
    styled,
)

if TYPE_CHECKING:  # a table of a dataset must not wait for torch and Optuna
    import optuna


def trials(study: optuna.Study) -> pd.DataFrame:
    """The seed document's trial table, but ranked by validation loss; the test loss is only a column."""
    rows = [_trial(trial) for trial in study.trials if trial.state.is_finished()]
    table = pd.DataFrame(rows, columns=["trial", *TUNED, "val_loss", "test_loss", "seconds", "state"])
    value = table["val_loss"].astype(float).where(table["state"] == "COMPLETE")
    table.insert(0, "rank", value.rank(method="first").astype("Int64"))
    return table.sort_values(["rank", "trial"], na_position="last").reset_index(drop=True)


def importances(study: optuna.Study) -> pd.DataFrame:
    """Shares of the loss's variance (fANOVA); empty below four completed trials, which cannot tell."""
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    losses = trials(study)["val_loss"].dropna()
    found: dict[str, float] = {}
    if len(losses) >= 4 and losses.nunique() > 1:
        found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    return pairs(found, "hyperparameter", "share of variance")


def search_insights(study: optuna.Study) -> pd.DataFrame:
    """What the seed document calls key insights, computed."""
    table = trials(study)
    ranked = table[table["rank"].notna()]
    best, median = ranked["val_loss"].min(), ranked["val_loss"].median()
    by_test = ranked.loc[ranked["test_loss"].idxmin(), "trial"]
    return pairs(
        {
            "completed trials": len(ranked),
            "best validation loss": best,
            "median validation loss": median,
            "improvement over the median": 1 - best / median,
            "best trial by validation loss": int(ranked["trial"].iloc[0]),
            "best trial by test loss (not used)": int(by_test),
            "trials better than the mean predictor": int((ranked["val_loss"] < MEAN_PREDICTOR_LOSS).sum()),
        },
        "insight",
    )


def _trial(trial: optuna.trial.FrozenTrial) -> list[Any]:
    noted = [trial.user_attrs.get(name) for name in ("test_loss", "seconds")]
    return [trial.number, *(trial.params.get(name) for name in TUNED), trial.value, *noted, trial.state.name]


def trial_history(study: optuna.Study) -> go.Figure:
    """Validation loss of each trial, and the best so far."""
    table = trials(study).dropna(subset=["val_loss"]).sort_values("trial")
    best = table["val_loss"].cummin()
    figure = go.Figure(
        [
            points(table["trial"], table["val_loss"], "validation loss of the trial", BLUE),
            go.Scatter(x=table["trial"], y=best, name="best so far", line={"color": RED, "shape": "hv"}),
            points(table["trial"], table["test_loss"], "test loss (not used)", GREY, "x-thin-open"),
        ]
    )
    figure.add_hline(MEAN_PREDICTOR_LOSS, line_dash="dot", annotation_text="always the mean")
    return styled(figure, "History of the search", "trial", "loss", xaxis_dtick=1)


def trial_slices(study: optuna.Study) -> go.Figure:
    """Validation loss against each hyperparameter; darker points are later trials."""
    table = trials(study).dropna(subset=["val_loss"])
    figure = make_subplots(1, len(TUNED), shared_yaxes=True, horizontal_spacing=0.02)
    for column, name in enumerate(TUNED, 1):
        marker = {"color": table["trial"], "colorscale": "Blues", "cmin": -len(table) / 2, "size": 10}
        marker["line"] = {"width": 1, "color": GREY}
        trace = go.Scatter(x=table[name], y=table["val_loss"], text=table["trial"], mode="markers", marker=marker)
        figure.add_trace(trace.update(hovertemplate="trial %{text}: %{y:.4f}<extra></extra>"), 1, column)
        kind = "log" if name in LOGARITHMIC else "linear"
        figure.update_xaxes(type=kind, title_text=name, row=1, col=column)
    figure.update_yaxes(title_text="validation loss", col=1)
    return styled(figure, "Validation loss by hyperparameter", showlegend=False)


def trial_parallel(study: optuna.Study) -> go.Figure:
    """Every trial as a line through its hyperparameters to its validation loss."""
    table = trials(study).dropna(subset=["val_loss"])
    shown = table.assign(learning_rate=np.log10(table["learning_rate"].astype(float)))
    labels = {"learning_rate": "log10 learning rate", "val_loss": "validation loss"}
    dimensions = [
        {"label": labels.get(name, name), "values": shown[name].astype(float)} for name in (*TUNED, "val_loss")
    ]
    line = {"color": shown["val_loss"], "colorscale": "Cividis", "showscale": True}
    figure = go.Figure(go.Parcoords(dimensions=dimensions, line=line, labelfont={"size": 13}))
    return styled(figure, "Trials from hyperparameters to loss", margin={"t": 110, "l": 70})


def importances_figure(table: pd.DataFrame) -> go.Figure:
    """Bars of `tables.importances`; says so where there are too few trials to tell."""
    table = table.iloc[::-1]
    names, values = table["hyperparameter"], table["share of variance"]
    figure = go.Figure(go.Bar(x=values, y=names, orientation="h", marker_color=BLUE))
    if table.empty:
        figure.add_annotation(text="fewer than four completed trials: not estimated", showarrow=False)
    return styled(figure, "Importance of the hyperparameters (fANOVA)", "share of the variance", "")
