"""How good a network is, in tables and figures (notebook 04)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nexuszero.data import TARGET_NAMES, Array, Demand, Split
from nexuszero.report.style import (
    AXES,
    BLUE,
    GREY,
    LOGARITHMIC,
    ORANGE,
    RED,
    UNITS,
    points,
    shown,
    styled,
)

if TYPE_CHECKING:  # a table must not wait for torch
    from nexuszero.evaluation import Regret


REASONS = {  # labels.md, section 5
    "validation_loss": "this network, data and number of epochs do not reach it",
    "bit_security": "a label below 100 bits would be an error of the search",
    "hardness": "0.8 is passed at 102 bits, and the labels for lambda 100 stay close to 100",
    "proof_size": "5,000 bytes came from an invented formula: the smallest proof has 6.8 KB (lambda 100), 8.3 KB (128)",
}


def splits(report: Mapping[str, Any]) -> pd.DataFrame:
    """The network's losses and exact hits by split, how much worse than on test, and the training mean's loss there."""
    found, mean = report["models"]["network"], report["models"]["mean"]
    rows = [{
        "split": name, "circuits": report["circuits"][name], "loss": row["loss"],
        "times test": row["loss"] / found["test"]["loss"], "loss of the mean": mean[name]["loss"],
        "log2 q exact": row["hit_log2_q"], "n exact": row["hit_n"],
    } for name, row in found.items()]  # fmt: skip
    return pd.DataFrame(rows).set_index("split")


def models(report: Mapping[str, Any]) -> pd.DataFrame:
    """The network beside the baselines: losses by split; of the test circuits exact hits, sound proposals, excess.

    Milliseconds are those of one of many answers at once; what is given the truth does not pay for it.
    """
    rows = []
    for name, found in report["models"].items():
        cost, test = report["regret"]["test"][name], found["test"]
        rows.append({
            "model": name, **{f"loss, {split}": row["loss"] for split, row in found.items()},
            "log2 q exact": test["hit_log2_q"], "n exact": test["hit_n"], "both exact": test["hit_both"],
            "sound as proposed": cost["sound"], "median excess": cost["median_excess"],
            "mean excess": cost["mean_excess"], "ms an answer": report["milliseconds"][name],
        })  # fmt: skip
    return pd.DataFrame(rows).set_index("model")


def scores(report: Mapping[str, Any]) -> pd.DataFrame:
    """R2 and mean absolute error by target in original units, beside the errors of each baseline."""
    found = {model: row["test"]["targets"] for model, row in report["models"].items()}
    table = pd.DataFrame({"target": TARGET_NAMES, "unit": [UNITS[name] for name in TARGET_NAMES]})
    table["R2"] = [found["network"][name]["r2"] for name in TARGET_NAMES]
    for model, row in found.items():
        table[f"MAE, {model}"] = [row[name]["mae"] for name in TARGET_NAMES]
    return table


def errors_by(split: Split, prediction: Array, column: str) -> pd.DataFrame:
    """Mean absolute errors of the test circuits, by a column `circuit/*`."""
    table = pd.DataFrame(np.abs(prediction - split.targets), columns=list(TARGET_NAMES))
    grouped = table.groupby(split.circuit[column]).mean()
    sizes = pd.Series(split.circuit[column]).value_counts()
    return grouped.assign(circuits=sizes).rename_axis(column)


def targets_met(report: Mapping[str, Any]) -> pd.DataFrame:
    """The seed document's four targets: of the exact labels, and of what the network proposes."""
    labels, proposals = report["shares"]["labels"], report["shares"]["proposals"]
    rows = [
        [
            row["target"],
            row["threshold"],
            row["value"],
            proposals.get(row["target"]),
            "met" if row["met"] else "missed",
            "" if row["met"] else REASONS[row["target"]],
        ]
        for row in report["targets_met"]
    ]
    assert all(row[2] == labels[row[0]] for row in rows[1:])
    columns = ["target", "threshold", "loss, or share of labels", "share of proposals", "verdict", "reason"]
    return pd.DataFrame(rows, columns=columns)


def regret(report: Mapping[str, Any], circuits: str) -> pd.DataFrame:
    """What following each model would cost on a set of circuits (`nexuszero.evaluation.summarise_regret`)."""
    names = {
        "sound": "sound as proposed", "hiding_short": "bits of hiding short", "modulus_short": "bits of q short",
        "larger": "larger, if sound", "optimum": "nearest is the optimum", "median_excess": "median excess",
        "p95_excess": "95 % excess", "mean_excess": "mean excess", "worst_excess": "worst excess",
    }  # fmt: skip
    table = pd.DataFrame(report["regret"][circuits]).T[list(names)].rename(columns=names)
    return table.rename_axis("model")


def warm_start(report: Mapping[str, Any], circuits: str) -> pd.DataFrame:
    """Candidates that an uphill search works out where q is free, from each model's answer or from the smallest q."""
    found = report["regret"][circuits]
    any_model = next(iter(found.values()))
    rows = {"from the smallest q": [any_model["cold_evaluations"], any_model["cold_optimal"]]}
    rows |= {name: [row["warm_evaluations"], row["warm_optimal"]] for name, row in found.items()}
    return pd.DataFrame(rows, index=["evaluations", "ends at the optimum"]).T.rename_axis("start")


def costs_by(rows: Sequence[Regret], key: str) -> pd.DataFrame:
    """What following a model costs by family, security, size, freedom of q, or the constraint that binds."""
    table = pd.DataFrame([row.row() for row in rows])
    table["family"] = table["circuit"].str.split().str[0]
    table["size"] = pd.cut(table["nodes"], [0, 100, 300, 1000, 10**6], labels=["<=100", "<=300", "<=1000", ">1000"])
    table["optimum"] = table["excess"] == 0
    grouped = table.groupby(key, observed=True)
    return grouped[["sound", "optimum", "excess"]].mean().assign(circuits=grouped.size())


def worst(test: Split, rows: Sequence[Regret], demand: Demand, count: int = 12) -> pd.DataFrame:
    """The circuits that cost most, with what they ask and what the network believed: q free, B, rows of 64 slots."""
    table = []
    for row in sorted(rows, key=lambda row: (-row.excess, row.sound))[:count]:
        index = int(row.circuit.split()[1])
        free, bits, rows_64 = _asked(test.demand, index)
        said_free, said_bits, said_rows = _asked(demand, index)
        table.append({
            "circuit": row.circuit, "nodes": row.nodes, "lambda": row.security, "excess": row.excess,
            "fails": ", ".join(row.fails), "q free": bool(free), "believed": float(said_free),
            "B": bits if free else math.nan, "believed B": float(said_bits), "rows": 2**rows_64,
            "believed rows": 2.0 ** float(said_rows),
        })  # fmt: skip
    return pd.DataFrame(table).set_index("circuit")


def _asked(demand: Demand, index: int) -> tuple[float, float, float]:
    """Of one circuit: q free, bits of the values, log2 of the rows of 64 slots."""
    return float(demand.free[index]), float(demand.bits[index]), float(demand.log2_heights[index, 0])


def pays(report: Mapping[str, Any], rows: Sequence[Regret]) -> pd.DataFrame:
    """One answer and a million, by way of answering; ``rows`` are those of one model."""
    from nexuszero.evaluation import Costs
    from nexuszero.evaluation import pays as ways

    table = [
        {"way": way.way, "milliseconds": way.milliseconds, "hours for a million": way.hours_for_a_million}
        for way in ways(Costs(**report["costs"]), rows)
    ]
    return pd.DataFrame(table).set_index("way")


def over_seeds(
    table: Callable[[Mapping[str, Any]], pd.DataFrame], reports: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """Mean and deviation over reports, one a seed, of each number in a table of one; how many have it, if not all."""
    frames = [table(report) for report in reports]
    spread = frames[0].astype(object)
    for column in spread.columns:
        for row in spread.index:
            values = [frame.loc[row, column] for frame in frames]
            if not isinstance(values[0], str):
                spread.loc[row, column] = _over(pd.to_numeric(pd.Series(values)))
    return spread


def _over(values: pd.Series) -> str:
    kept = values.dropna()
    if kept.empty:
        return ""
    mean, deviation = kept.mean(), kept.std()
    spread = f" ± {shown(deviation)}" if deviation > 1e-9 * abs(mean) else ""  # none of what no seed changes
    return shown(mean) + spread + (f" ({len(kept)} of {len(values)})" if len(kept) < len(values) else "")


def compiled(rows: Mapping[str, Sequence[Regret]], model: str) -> pd.DataFrame:
    """A model on each compiled circuit, the largest excess first, beside always answering the mean."""
    table = pd.DataFrame([row.row() for row in rows[model]]).assign(
        fails=[", ".join(row.fails) for row in rows[model]], mean_excess=[row.excess for row in rows["mean"]]
    )
    columns = ["circuit", "nodes", "free", "sound", "fails", "proof_size", "excess", "mean_excess"]
    return table[columns].sort_values("excess", ascending=False, ignore_index=True)


def predicted(truth: Array, prediction: Array) -> go.Figure:
    """Proposal against label for each target; the diagonal is a perfect answer."""
    figure = make_subplots(2, 3, vertical_spacing=0.2, horizontal_spacing=0.08)
    for index, name in enumerate(TARGET_NAMES):
        row, column = index // 3 + 1, index % 3 + 1
        ends = [float(truth[:, index].min()), float(truth[:, index].max())]
        marker = {"color": BLUE, "size": 5, "opacity": 0.5}
        points = go.Scatter(x=truth[:, index], y=prediction[:, index], mode="markers", marker=marker, name=name)
        figure.add_trace(points, row, column)
        figure.add_trace(go.Scatter(x=ends, y=ends, mode="lines", line={"color": RED, "dash": "dot"}), row, column)
        kind = "log" if name in LOGARITHMIC else "linear"
        figure.update_xaxes(type=kind, title_text=f"label: {AXES[name]}", row=row, col=column)
        figure.update_yaxes(type=kind, row=row, col=column)
    figure.update_yaxes(title_text="proposal", col=1)
    return styled(figure, "Proposals against labels", height=680, showlegend=False)


def errors(table: pd.DataFrame, target: str) -> go.Figure:
    """Mean absolute error of one target by group, from `tables.errors_by`."""
    text = [f"{count} circuits" for count in table["circuits"]]
    names = [str(name) for name in table.index]
    figure = go.Figure(go.Bar(x=names, y=table[target], text=text, marker_color=BLUE))
    figure.update_xaxes(type="category")
    name = str(table.index.name)
    return styled(figure, f"Error of {target} by {name}", name, f"mean absolute error ({UNITS[target]})")


def target_shares(report: Mapping[str, Any]) -> go.Figure:
    """Shares of test circuits that meet each target of the seed document, of labels and of proposals."""
    texts = {
        "bit_security": "> 100 bits",
        "hardness": "hardness > 0.8",
        "proof_size": "< 5000 bytes",
        "all": "all",
    }
    figure = go.Figure()
    for (kind, shares), colour in zip(report["shares"].items(), (BLUE, ORANGE), strict=True):
        values = [shares[name] for name in texts]
        label = [f"{value:.0%}" for value in values]
        figure.add_trace(go.Bar(name=kind, x=list(texts.values()), y=values, text=label, marker_color=colour))
    return styled(
        figure, "Targets of the seed document", "target", "share of test circuits", yaxis_tickformat=".0%",
        yaxis_range=[0, 1.08],
    )  # fmt: skip


def excesses(rows: Mapping[str, Sequence[Regret]]) -> go.Figure:
    """Excess of the nearest candidate's proof over the smallest, by circuit and model, where q is free."""
    figure = go.Figure()
    styles = (("network, then search", BLUE, "circle"), ("network", ORANGE, "diamond"), ("mean", GREY, "x-thin"))
    for name, colour, symbol in styles:
        free = [row for row in rows[name] if row.free]
        shown_points = points([row.nodes for row in free], [row.excess for row in free], name, colour, symbol, 8)
        figure.add_trace(shown_points.update(text=[row.circuit for row in free]))
    axes = {"xaxis_type": "log", "yaxis_tickformat": ".0%"}
    return styled(figure, "Compiled circuits: excess over the smallest proof", "nodes", "excess", **axes)
