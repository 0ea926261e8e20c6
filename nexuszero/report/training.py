"""A training run in tables and figures (notebook 08)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from nexuszero.report.style import (
    BLUE,
    MEAN_PREDICTOR_LOSS,
    ORANGE,
    RED,
    points,
    styled,
)
from nexuszero.training import Epoch

FEW = 12  # epochs that an axis can name one by one


def losses(train: float, val: float, test: float) -> pd.DataFrame:
    """The best network's losses against a model that always answers the mean."""
    table = pd.DataFrame(
        {"split": ["train", "val", "test"], "loss": [train, val, test]}
    )
    return table.assign(
        mean_predictor=MEAN_PREDICTOR_LOSS, ratio=table["loss"] / MEAN_PREDICTOR_LOSS
    )


def training_curves(history: Sequence[Epoch]) -> go.Figure:
    """Training and validation loss by epoch on a logarithmic axis, with the epoch that was kept."""
    table = pd.DataFrame(history)
    figure = go.Figure(
        [
            go.Scatter(
                x=table["epoch"],
                y=table["train_loss"],
                name="train (with dropout)",
                line_color=BLUE,
            ),
            go.Scatter(
                x=table["epoch"],
                y=table["val_loss"],
                name="validation",
                line_color=ORANGE,
            ),
        ]
    )
    figure.update_traces(mode="lines+markers")
    best = table.loc[table["val_loss"].idxmin()]
    figure.add_trace(
        points([best["epoch"]], [best["val_loss"]], "kept", RED, "star", 16)
    )
    figure.add_vline(best["epoch"], line={"color": RED, "dash": "dash", "width": 1})
    figure.add_hline(MEAN_PREDICTOR_LOSS, line_dash="dot")
    figure.add_annotation(
        xref="paper",
        x=1,
        y=math.log10(MEAN_PREDICTOR_LOSS),  # of a logarithmic axis
        text="always the mean",
        showarrow=False,
        xanchor="right",
        yanchor="bottom",
    )
    alt = (
        f"Loss over {len(table)} epochs. The epoch that was kept is {best['epoch']:.0f}, with a validation loss of "
        f"{best['val_loss']:.4f} and a training loss of {best['train_loss']:.4f}; always the mean costs 2."
    )
    return styled(
        figure,
        "Loss by epoch, and the epoch that was kept",
        "epoch (number)",
        "loss (squared standard deviations)",
        **epochs(len(table)),
        yaxis_type="log",
        meta={"alt": alt},
    )


def loss_parts(history: Sequence[Epoch]) -> go.Figure:
    """The two halves of the validation loss by epoch."""
    table = pd.DataFrame(history)
    parts = {
        "val_parameters_mse": "parameters: n, log2 q, sigma",
        "val_metrics_mse": "metrics",
    }
    lines = [
        go.Scatter(
            x=table["epoch"],
            y=table[name],
            name=text,
            mode="lines+markers",
            line_color=colour,
        )
        for (name, text), colour in zip(parts.items(), (BLUE, ORANGE), strict=True)
    ]
    return styled(
        go.Figure(lines),
        "The halves of the validation loss",
        "epoch (number)",
        "error (squared standard deviations)",
        **epochs(len(table)),
    )


def epochs(count: int) -> dict[str, Any]:
    """Whole numbers on an axis of epochs, each of them where there are few."""
    few = {"xaxis_dtick": 1} if count <= FEW else {}
    return {"xaxis_tickformat": "d", **few}


def steps(losses: Sequence[float]) -> go.Figure:
    """The loss of each batch as it was learned from."""
    line = go.Scatter(
        x=list(range(1, len(losses) + 1)), y=losses, mode="lines", line_color=BLUE
    )
    figure = go.Figure(line)
    figure.add_hline(
        MEAN_PREDICTOR_LOSS, line_dash="dot", annotation_text="always the mean"
    )
    alt = f"Loss of {len(losses)} batches: {losses[0]:.2f} at first, {losses[-1]:.2f} at last."
    return styled(
        figure,
        "Loss by step",
        "step (number)",
        "loss (squared standard deviations)",
        yaxis_rangemode="tozero",
        meta={"alt": alt},
    )


def by_split(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Measures of splits, a row each under its name."""
    return pd.DataFrame(rows).set_index("split")
