"""How good a network's answers are, in tables and figures (notebook 09); what following them costs: :mod:`.regret`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nexuszero.data import TARGET_NAMES, Array, Split
from nexuszero.report.style import (
    AXES,
    BLUE,
    GREEN,
    LOGARITHMIC,
    ORANGE,
    RED,
    UNITS,
    grid_place,
    points,
    styled,
)

if TYPE_CHECKING:  # tables of a report that was read must not wait for torch
    from nexuszero.evaluation import Report

# why a target of the seed document is missed (docs/seed.md)
REASONS = {
    "validation_loss": "this network, data and number of epochs do not reach it",
    "bit_security": "a label below 100 bits would be an error of the search",
    "hardness": "0.8 is passed at 102 bits, and the labels for lambda 100 stay close to 100",
    "proof_size": "5,000 bytes are met by small circuits alone, at 100 and 128 bits (labels.md, section 5)",
}
TARGET_LIMITS = {
    "bit_security": "> 100 bits",
    "hardness": "hardness > 0.8",
    "proof_size": "< 5000 bytes",
    "all": "all",
}


def splits(report: Report) -> pd.DataFrame:
    """The network's losses and exact hits by split, how much worse than on test, and the training mean's loss there."""
    network = report["models"]["network"]
    mean = report["models"]["mean"]
    rows = {
        name: {
            "circuits": report["circuits"][name],
            "loss": measures["loss"],
            "times test": measures["loss"] / network["test"]["loss"],
            "loss of the mean": mean[name]["loss"],
            "log2 q exact": measures["hit_log2_q"],
            "n exact": measures["hit_n"],
        }
        for name, measures in network.items()
    }
    return _table(rows, "split")


def models(report: Report) -> pd.DataFrame:
    """The network beside the baselines: losses by split; of the test circuits exact hits, sound proposals, excess.

    Milliseconds are those of one of many answers at once; what is given the truth does not pay for it.
    """
    rows = {}
    for name, by_split in report["models"].items():
        test = by_split["test"]
        cost = report["regret"]["test"][name]
        losses = {
            f"loss, {split}": measures["loss"] for split, measures in by_split.items()
        }
        rows[name] = {
            **losses,
            "log2 q exact": test["hit_log2_q"],
            "n exact": test["hit_n"],
            "both exact": test["hit_both"],
            "sound as proposed": cost["sound"],
            "median excess": cost["median_excess"],
            "mean excess": cost["mean_excess"],
            "ms an answer": report["milliseconds"][name],
        }
    return _table(rows, "model")


def scores(report: Report) -> pd.DataFrame:
    """R2 and mean absolute error by target in original units, beside the errors of each baseline."""
    by_model = {
        model: by_split["test"]["targets"]
        for model, by_split in report["models"].items()
    }
    table = pd.DataFrame(
        {"target": TARGET_NAMES, "unit": [UNITS[name] for name in TARGET_NAMES]}
    )
    table["R2"] = [by_model["network"][name]["r2"] for name in TARGET_NAMES]
    for model, targets in by_model.items():
        table[f"MAE, {model}"] = [targets[name]["mae"] for name in TARGET_NAMES]
    return table


def targets_met(report: Report) -> pd.DataFrame:
    """The seed document's four targets: of the exact labels, and of what the network proposes."""
    proposals = report["shares"]["proposals"]
    rows = [
        {
            "target": row["target"],
            "threshold": row["threshold"],
            "loss, or share of labels": row["value"],
            "share of proposals": proposals.get(row["target"]),
            "verdict": "met" if row["met"] else "missed",
            "reason": "" if row["met"] else REASONS[row["target"]],
        }
        for row in report["targets_met"]
    ]
    return pd.DataFrame(rows)


def small_proofs(split: Split) -> pd.DataFrame:
    """Shares of labels whose proof is below the seed document's 5,000 bytes, by level, with the smallest proof."""
    from nexuszero.evaluation import PROOF_SIZE_TARGET

    table = pd.DataFrame(
        {"lambda": split.circuit["security"], "bytes": split.metrics[:, 2]}
    )
    sizes = table.groupby("lambda")["bytes"]
    return pd.DataFrame(
        {
            "circuits": sizes.size(),
            "smallest proof": sizes.min().astype(int),
            "below 5,000 bytes": sizes.apply(
                lambda size: float((size < PROOF_SIZE_TARGET).mean())
            ),
        }
    )


def proof_sizes(report: Report) -> pd.DataFrame:
    """Mean bytes of proofs that were made of test circuits beside those that their labels say, by level."""
    rows = pd.DataFrame(report["proofs"])
    rows["off"] = rows["measured"] / rows["predicted"] - 1
    levels = rows.rename(columns={"security": "lambda"}).groupby("lambda")
    return pd.DataFrame(
        {
            "proofs made": levels.size(),
            "bytes predicted": levels["predicted"].mean(),
            "bytes measured": levels["measured"].mean(),
            "off in the mean": levels["off"].mean(),
            "farthest below": levels["off"].min(),
            "farthest above": levels["off"].max(),
        }
    )


def proofs_made(report: Report) -> go.Figure:
    """Bytes of each proof that was made against those that its label says; on the diagonal they are equal."""
    rows = report["proofs"]
    predicted, measured = (
        [row[key] for row in rows] for key in ("predicted", "measured")
    )
    names = [f"{row['family']}, {row['security']} bits" for row in rows]
    ends = [min(predicted), max(predicted)]
    figure = go.Figure(
        go.Scatter(x=ends, y=ends, mode="lines", name="equal", line_color=RED)
    )
    figure.add_trace(
        points(predicted, measured, "proofs", BLUE, "circle", 8).update(text=names)
    )
    axes = {"xaxis_type": "log", "yaxis_type": "log"}
    return styled(
        figure,
        "Proofs of test circuits",
        "bytes predicted by the label",
        "bytes of the proof",
        **axes,
    )


def target_shares(report: Report) -> go.Figure:
    """Shares of test circuits that meet each target of the seed document, of labels and of proposals."""
    figure = go.Figure()
    for kind, colour in {"labels": BLUE, "proposals": ORANGE}.items():
        shares = [report["shares"][kind][name] for name in TARGET_LIMITS]
        text = [f"{share:.0%}" for share in shares]
        figure.add_trace(
            go.Bar(
                name=kind,
                x=list(TARGET_LIMITS.values()),
                y=shares,
                text=text,
                marker_color=colour,
            )
        )
    axis = {"yaxis_tickformat": ".0%", "yaxis_range": [0, 1.08]}
    return styled(
        figure,
        "Targets of the seed document",
        "target",
        "share of test circuits",
        **axis,
    )


def at_a_glance(report: Report) -> go.Figure:
    """Shares of test circuits that each model gets right: log2 q exact, and sound as proposed."""
    models = report["models"]
    exact = [by_split["test"]["hit_log2_q"] for by_split in models.values()]
    sound = [report["regret"]["test"][name]["sound"] or 0 for name in models]
    figure = go.Figure()
    for name, shares, colour in (
        ("log2 q exact", exact, BLUE),
        ("sound as proposed", sound, GREEN),
    ):
        figure.add_bar(
            x=shares,
            y=[model.replace(", ", ",<br>") for model in models],
            orientation="h",
            name=name,
            text=[f"{share:.0%}" for share in shares],
            marker_color=colour,
        )
    figure.update_yaxes(autorange="reversed")
    each = [
        f"{name}: {hit:.0%}, {holds:.0%}"
        for name, hit, holds in zip(models, exact, sound, strict=True)
    ]
    return styled(
        figure,
        "Who reads a circuit right",
        "share of test circuits",
        meta={
            "alt": f"Two bars a model, log2 q exact and sound as proposed. {'; '.join(each)}."
        },
        height=120 + 60 * len(models),
        xaxis_tickformat=".0%",
        xaxis_range=[0, 1.08],
    )


def predicted(truth: Array, prediction: Array) -> go.Figure:
    """Proposal against label, both ``[circuits, 6]``, for each target; the diagonal is a perfect answer."""
    figure = make_subplots(2, 3, vertical_spacing=0.2, horizontal_spacing=0.08)
    for index, name in enumerate(TARGET_NAMES):
        place = grid_place(index, columns=3)
        label = truth[:, index]
        marker = {"color": BLUE, "size": 5, "opacity": 0.5}
        figure.add_trace(
            go.Scatter(
                x=label,
                y=prediction[:, index],
                mode="markers",
                marker=marker,
                name=name,
            ),
            **place,
        )

        ends = [float(label.min()), float(label.max())]
        figure.add_trace(
            go.Scatter(
                x=ends, y=ends, mode="lines", line={"color": RED, "dash": "dot"}
            ),
            **place,
        )

        kind = "log" if name in LOGARITHMIC else "linear"
        figure.update_xaxes(type=kind, title_text=AXES[name], **place)
        figure.update_yaxes(type=kind, **place)
    figure.update_yaxes(title_text="proposal", col=1)
    return styled(figure, "Proposals over labels", height=680, showlegend=False)


def errors_by(split: Split, prediction: Array, column: str) -> pd.DataFrame:
    """Mean absolute errors of ``[circuits, 6]`` answers by target, in groups by a column `circuit/*`."""
    table = pd.DataFrame(np.abs(prediction - split.targets), columns=list(TARGET_NAMES))
    grouped = table.groupby(split.circuit[column])
    return grouped.mean().assign(circuits=grouped.size()).rename_axis(column)


def errors(table: pd.DataFrame, target: str) -> go.Figure:
    """Mean absolute error of one target by group, from :func:`errors_by`."""
    text = [f"{count} circuits" for count in table["circuits"]]
    groups = [str(name) for name in table.index]
    figure = go.Figure(go.Bar(x=groups, y=table[target], text=text, marker_color=BLUE))
    figure.update_xaxes(type="category")
    column = str(table.index.name)
    return styled(
        figure,
        f"Error of {target} by {column}",
        column,
        f"mean absolute error ({UNITS[target]})",
    )


def _table(rows: Mapping[str, Mapping[str, float | None]], name: str) -> pd.DataFrame:
    """A row a key; ``name`` is what the keys are."""
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(name)
