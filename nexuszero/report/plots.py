"""The figures of the notebooks: pure functions that return a plotly figure.

Colours are those of Okabe and Ito (2008), told apart by people with any colour vision, and no meaning hangs
on colour alone. Labels are plain text: LaTeX would fetch MathJax from the network.

    python -c "from nexuszero import dataset, plots; plots.families(dataset.read_all('data/quick')).show()"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nexuszero.config import TUNED
from nexuszero.crypto import LEVELS
from nexuszero.data.split import TARGET_NAMES, Array, Split
from nexuszero.report import tables

if TYPE_CHECKING:
    import optuna

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
SPLIT_COLOURS = {"train": BLUE, "val": ORANGE, "test": GREEN}
LOGARITHMIC = ("n", "sigma", "proof_size", "learning_rate")
AXES = {name: f"{name} ({unit})" for name, unit in tables.UNITS.items()}


def families(splits: Mapping[str, Split]) -> go.Figure:
    """Share of each circuit family, by split."""
    shares = tables.counts(splits, "family")
    shares = shares / shares.sum()
    figure = go.Figure(
        [go.Bar(name=name, x=shares.index, y=shares[name], marker_color=SPLIT_COLOURS[name]) for name in shares]
    )
    return _styled(figure, "Circuit families", "family", "share of the split", yaxis_tickformat=".0%")


def graph_sizes(splits: Mapping[str, Split]) -> go.Figure:
    """Distributions of nodes and edges of a circuit, all splits together, on logarithmic axes."""
    figure = make_subplots(1, 2, horizontal_spacing=0.12)
    for column, (name, colour) in enumerate((("node", BLUE), ("edge", ORANGE)), 1):
        sizes = np.concatenate([np.diff(getattr(split, f"{name}_ptr")) for split in splits.values()])
        figure.add_trace(_log_histogram(sizes, f"{name}s", colour), 1, column)
        figure.update_xaxes(title_text=f"{name}s of a circuit", row=1, col=column, **_decades(sizes))
    figure.update_yaxes(title_text="circuits", col=1)
    return _styled(figure, "Sizes of the graphs", showlegend=False)


def targets(split: Split) -> go.Figure:
    """Distributions of the six targets in original units."""
    figure = make_subplots(2, 3, vertical_spacing=0.2, horizontal_spacing=0.08)
    for index, name in enumerate(TARGET_NAMES):
        row, column = index // 3 + 1, index % 3 + 1
        values = split.targets[:, index]
        logarithmic = name in LOGARITHMIC
        figure.add_trace((_log_histogram if logarithmic else _histogram)(values, name, BLUE), row, column)
        ticks = _decades(values) if logarithmic else {}
        figure.update_xaxes(title_text=AXES[name], row=row, col=column, **ticks)
    figure.update_yaxes(title_text="circuits", col=1)
    return _styled(figure, "The six targets", height=620, showlegend=False)


def trial_history(study: optuna.Study) -> go.Figure:
    """Validation loss of each trial, and the best so far."""
    table = tables.trials(study).dropna(subset=["val_loss"]).sort_values("trial")
    best = table["val_loss"].cummin()
    figure = go.Figure(
        [
            _points(table["trial"], table["val_loss"], "validation loss of the trial", BLUE),
            go.Scatter(x=table["trial"], y=best, name="best so far", line={"color": RED, "shape": "hv"}),
            _points(table["trial"], table["test_loss"], "test loss (not used)", GREY, "x-thin-open"),
        ]
    )
    figure.add_hline(tables.MEAN_PREDICTOR_LOSS, line_dash="dot", annotation_text="always the mean")
    return _styled(figure, "History of the search", "trial", "loss", xaxis_dtick=1)


def trial_slices(study: optuna.Study) -> go.Figure:
    """Validation loss against each hyperparameter; darker points are later trials."""
    table = tables.trials(study).dropna(subset=["val_loss"])
    figure = make_subplots(1, len(TUNED), shared_yaxes=True, horizontal_spacing=0.02)
    for column, name in enumerate(TUNED, 1):
        marker = {"color": table["trial"], "colorscale": "Blues", "cmin": -len(table) / 2, "size": 10}
        marker["line"] = {"width": 1, "color": GREY}
        trace = go.Scatter(x=table[name], y=table["val_loss"], text=table["trial"], mode="markers", marker=marker)
        figure.add_trace(trace.update(hovertemplate="trial %{text}: %{y:.4f}<extra></extra>"), 1, column)
        kind = "log" if name in LOGARITHMIC else "linear"
        figure.update_xaxes(type=kind, title_text=name, row=1, col=column)
    figure.update_yaxes(title_text="validation loss", col=1)
    return _styled(figure, "Validation loss by hyperparameter", showlegend=False)


def trial_parallel(study: optuna.Study) -> go.Figure:
    """Every trial as a line through its hyperparameters to its validation loss."""
    table = tables.trials(study).dropna(subset=["val_loss"])
    shown = table.assign(learning_rate=np.log10(table["learning_rate"].astype(float)))
    labels = {"learning_rate": "log10 learning rate", "val_loss": "validation loss"}
    dimensions = [
        {"label": labels.get(name, name), "values": shown[name].astype(float)} for name in (*TUNED, "val_loss")
    ]
    line = {"color": shown["val_loss"], "colorscale": "Cividis", "showscale": True}
    figure = go.Figure(go.Parcoords(dimensions=dimensions, line=line, labelfont={"size": 13}))
    return _styled(figure, "Trials from hyperparameters to loss", margin={"t": 110, "l": 70})


def importances(table: pd.DataFrame) -> go.Figure:
    """Bars of `tables.importances`; says so where there are too few trials to tell."""
    table = table.iloc[::-1]
    names, values = table["hyperparameter"], table["share of variance"]
    figure = go.Figure(go.Bar(x=values, y=names, orientation="h", marker_color=BLUE))
    if table.empty:
        figure.add_annotation(text="fewer than four completed trials: not estimated", showarrow=False)
    return _styled(figure, "Importance of the hyperparameters (fANOVA)", "share of the variance", "")


def training_curves(history: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Training and validation loss by epoch, with the epoch that was kept."""
    table = pd.DataFrame(history)
    figure = go.Figure(
        [
            go.Scatter(x=table["epoch"], y=table["train_loss"], name="train (with dropout)", line_color=BLUE),
            go.Scatter(x=table["epoch"], y=table["val_loss"], name="validation", line_color=ORANGE),
        ]
    )
    figure.update_traces(mode="lines+markers")
    best = table.loc[table["val_loss"].idxmin()]
    figure.add_trace(_points([best["epoch"]], [best["val_loss"]], "kept", RED, "star", 16))
    figure.add_hline(tables.MEAN_PREDICTOR_LOSS, line_dash="dot", annotation_text="always the mean")
    return _styled(figure, "Loss by epoch", "epoch", "loss", xaxis_tickformat="d")


def loss_parts(history: Sequence[Mapping[str, Any]]) -> go.Figure:
    """The two halves of the validation loss by epoch."""
    table = pd.DataFrame(history)
    parts = {"val_parameters_mse": "parameters: n, log2 q, sigma", "val_metrics_mse": "metrics"}
    lines = [
        go.Scatter(x=table["epoch"], y=table[name], name=text, mode="lines+markers", line_color=colour)
        for (name, text), colour in zip(parts.items(), (BLUE, ORANGE), strict=True)
    ]
    axes = "epoch", "mean squared error, standardised"
    return _styled(go.Figure(lines), "The halves of the validation loss", *axes, xaxis_tickformat="d")


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
    return _styled(figure, "Proposals against labels", height=680, showlegend=False)


def errors(table: pd.DataFrame, target: str) -> go.Figure:
    """Mean absolute error of one target by group, from `tables.errors_by`."""
    text = [f"{count} circuits" for count in table["circuits"]]
    names = [str(name) for name in table.index]
    figure = go.Figure(go.Bar(x=names, y=table[target], text=text, marker_color=BLUE))
    figure.update_xaxes(type="category")
    name = str(table.index.name)
    return _styled(figure, f"Error of {target} by {name}", name, f"mean absolute error ({tables.UNITS[target]})")


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
    return _styled(
        figure, "Targets of the seed document", "target", "share of test circuits", yaxis_tickformat=".0%",
        yaxis_range=[0, 1.08],
    )  # fmt: skip


def stage_times(table: pd.DataFrame) -> go.Figure:
    """Seconds of each stage, from `summary.stage_times`."""
    table = table.dropna(subset=["work (s)"])
    text = [f"{seconds:.1f} s" for seconds in table["work (s)"]]
    bars = go.Bar(x=table["work (s)"], y=table["stage"], orientation="h", text=text, marker_color=BLUE)
    figure = _styled(go.Figure(bars), "Where the time went", "seconds", "", height=320)
    return figure.update_yaxes(autorange="reversed")


def circuit(graph: Mapping[str, Array], most: int = 400) -> go.Figure:
    """The graph that the network sees of one circuit: wires, constraints, and a line where one mentions the other.

    Of a circuit of more than ``most`` nodes, those nearest to its first constraint are drawn.
    """
    x, edges = graph["x"], np.stack([graph["edge_source"], graph["edge_target"]])
    drawn = _nearest(edges, len(x), most)
    edges = edges[:, np.isin(edges, drawn).all(axis=0)]
    place = _layout(drawn, edges)
    lines = [[value for a, b in edges.T for value in (place[a][axis], place[b][axis], None)] for axis in (0, 1)]
    figure = go.Figure(go.Scatter(x=lines[0], y=lines[1], mode="lines", line={"color": "#bbbbbb", "width": 1},
                                  hoverinfo="skip", showlegend=False))  # fmt: skip
    for name, (chosen, colour, symbol) in _node_kinds(x).items():
        nodes = [node for node in drawn if chosen[node]]
        hover = [f"wire {node + 1}" if x[node, 0] == 0 else f"constraint {node - int((x[:, 0] == 0).sum())}"
                 for node in nodes]  # fmt: skip
        figure.add_trace(go.Scatter(x=[place[node][0] for node in nodes], y=[place[node][1] for node in nodes],
                                    mode="markers", marker={"color": colour, "symbol": symbol, "size": 8},
                                    name=name, text=hover, hoverinfo="text"))  # fmt: skip
    cut = f", {len(drawn):,} of {len(x):,} nodes" if len(drawn) < len(x) else f", {len(x):,} nodes"
    axes = {"visible": False, "title": {"text": "position has no meaning"}}
    return _styled(figure, f"The circuit as a graph{cut}", height=560, xaxis=axes, yaxis=axes)


def landscape(grid: Mapping[str, Array], story: Mapping[str, Any]) -> go.Figure:
    """Bits of LWE over n and log2 q with a line at each level, the optimum, and what the network proposed."""
    x, y, bits = grid["n"], grid["log2_q"], grid["bits"]
    scale = {"colorscale": "Cividis", "zmin": 40, "zmax": 320, "colorbar": {"title": "bits"}}
    hover = "n %{x}, log2 q %{y}: %{z:.1f} bits<extra></extra>"
    figure = go.Figure(go.Heatmap(x=x, y=y, z=bits, hovertemplate=hover, **scale))
    for level in LEVELS:
        line = {"start": level, "end": level, "size": 1, "coloring": "none", "showlabels": True}
        width = 4 if level == story["security"] else 1.5
        figure.add_trace(go.Contour(x=x, y=y, z=bits, contours=line | {"labelfont": {"color": "white", "size": 13}},
                                    line={"color": "white", "width": width}, name=f"{level} bits", hoverinfo="skip",
                                    showlegend=False))  # fmt: skip
    figure.add_trace(_points([story["n"]], [story["log2_q"]], "optimum", RED, "star", 16))
    told = story["proposal"]
    if told is not None and told["n"] <= x.max() and told["log2_q"] <= y.max():
        figure.add_trace(_points([told["n"]], [told["log2_q"]], "model's proposal", ORANGE, "x", 12))
    ranges = {"xaxis_range": [x.min(), x.max()], "yaxis_range": [y.min(), y.max()]}
    return _styled(figure, "Hiding: bits of LWE", "n (LWE dimension)", "log2 q (bits)", height=520, **ranges)


def sizes(rows: Sequence[Mapping[str, Any]]) -> go.Figure:
    """The smallest proof at every security level, from `recommend.levels`."""
    found = [row for row in rows if "infeasible" not in row]
    values, names = [row["proof_size"] for row in found], [f"{row['security']} bits" for row in found]
    bars = go.Bar(x=names, y=values, text=[f"{value:,}" for value in values], marker_color=BLUE)
    missing = [str(row["security"]) for row in rows if "infeasible" in row]
    title = "Proof size by security level" + (f" (nothing is sound at {', '.join(missing)})" if missing else "")
    return _styled(go.Figure(bars), title, "security (core-SVP)", "bytes")


def excesses(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> go.Figure:
    """Excess of the nearest candidate's proof over the smallest, by circuit and model, where q is free."""
    figure = go.Figure()
    styles = (("network, then search", BLUE, "circle"), ("network", ORANGE, "diamond"), ("mean", GREY, "x-thin"))
    for name, colour, symbol in styles:
        free = [row for row in rows[name] if row["free"]]
        points = _points([row["nodes"] for row in free], [row["excess"] for row in free], name, colour, symbol, 8)
        figure.add_trace(points.update(text=[row["circuit"] for row in free]))
    axes = {"xaxis_type": "log", "yaxis_tickformat": ".0%"}
    return _styled(figure, "Compiled circuits: excess over the smallest proof", "nodes", "excess", **axes)


def learning(found: Mapping[str, Any]) -> go.Figure:
    """Losses of single runs by the number of training circuits , both axes logarithmic."""
    figure = go.Figure()
    styles = {"val": (BLUE, "circle"), "test_family": (GREEN, "square"), "test_large": (ORANGE, "diamond")}
    for split, (colour, symbol) in styles.items():
        values = [row["splits"][split]["loss"] for row in found["curve"]]
        figure.add_trace(_points([row["train"] for row in found["curve"]], values, split, colour, symbol, 9))
    axes = {"xaxis_type": "log", "yaxis_type": "log"}
    return _styled(figure, "Loss by training circuits, equal batches", "training circuits", "loss", **axes)


def compute(found: Mapping[str, Any]) -> go.Figure:
    """Validation loss by the seconds of training, a point a run; what lies below and to the left is better."""
    figure = go.Figure()
    shapes = ("network", "one layer", "two layers", "twice the layers", "half the width", "twice the width")
    for name in (*shapes, "set of nodes, no edges", "GATv2 by PyG"):
        runs = [row for row in found["rows"] if row["variant"] == name]
        losses = [run["splits"]["val"]["loss"] for run in runs]
        colour = RED if name == "GATv2 by PyG" else GREY if "set" in name else BLUE
        points = go.Scatter(x=[run["seconds"] for run in runs], y=losses, name=name, mode="markers+text",
                            text=[name, *[""] * (len(runs) - 1)], textposition="top center",
                            marker={"color": colour, "size": 8}, showlegend=False)  # fmt: skip
        figure.add_trace(points)
    axes = {"xaxis_type": "log", "yaxis_type": "log"}
    return _styled(figure, "Loss by time, equal batches", "seconds of training", "validation loss", **axes)


def ratios(rows: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Ratios of a benchmark with their spread, on a logarithmic axis; one is as fast as the other."""
    names, values = [row["what"] for row in rows], [row["ratio"]["median"] for row in rows]
    spread = {"array": [row["ratio"]["max"] - row["ratio"]["median"] for row in rows],
              "arrayminus": [row["ratio"]["median"] - row["ratio"]["min"] for row in rows]}  # fmt: skip
    points = go.Scatter(x=values, y=names, mode="markers", marker={"color": BLUE, "size": 9}, error_x=spread,
                        text=[row["against"] for row in rows], showlegend=False)  # fmt: skip
    figure = go.Figure(points).add_vline(x=1, line_color=GREY)
    axes = {"xaxis_type": "log", "yaxis_autorange": "reversed", "height": 160 + 26 * len(rows)}
    return _styled(figure, "Times faster than what each is compared with", "ratio of seconds", "", **axes)


def _node_kinds(x: Array) -> dict[str, tuple[Array, str, str]]:
    """Which nodes are what (columns of dataset.md), with colour and symbol."""
    constraint, public, linear, boolean = (x[:, column] > 0 for column in range(4))
    return {
        "private wires": (~constraint & ~public, BLUE, "circle"),
        "public wires": (~constraint & public, GREEN, "circle"),
        "products": (constraint & ~linear & ~boolean, RED, "square"),
        "Boolean constraints": (constraint & boolean, ORANGE, "square"),
        "linear constraints": (constraint & linear, GREY, "square"),
    }


def _nearest(edges: Array, nodes: int, most: int) -> Array:
    """Up to ``most`` nodes, breadth first from the first constraint, then by number where nothing more is joined."""
    seen = edges[1, :1]
    while len(seen) < most:
        reached = np.setdiff1d(edges[:, np.isin(edges, seen).any(axis=0)], seen)
        if not len(reached):
            break
        seen = np.concatenate([seen, reached])
    return np.concatenate([seen, np.setdiff1d(np.arange(nodes), seen)])[:most]


def _layout(nodes: Array, edges: Array) -> dict[int, Array]:
    """Fruchterman and Reingold (1991): edges pull, nodes push."""
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(nodes.tolist())
    graph.add_edges_from(edges.T.tolist())
    placed: dict[int, Array] = networkx.spring_layout(graph, seed=0, iterations=60, method="force")
    return placed


def _histogram(values: Array, name: str, colour: str) -> go.Histogram:
    return go.Histogram(x=values, nbinsx=40, name=name, marker_color=colour)


def _log_histogram(values: Array, name: str, colour: str) -> go.Bar:
    """Bars of equal width in log10, which a histogram trace on a logarithmic axis cannot draw."""
    count, edges = np.histogram(np.log10(values), 40)
    middle = (edges[1:] + edges[:-1]) / 2
    shown = [f"{10**low:,.0f} to {10**high:,.0f}" for low, high in pairwise(edges)]
    return go.Bar(x=middle, y=count, width=np.diff(edges), name=name, marker_color=colour, hovertext=shown)


def _decades(values: Array) -> dict[str, list[Any]]:
    """Ticks 1, 2, 5, 10, ... for an axis of log10; every third where there are many."""
    low, high = np.log10(values.min()), np.log10(values.max())
    ticks = [digit * 10.0**power for power in range(int(low), int(high) + 1) for digit in (1, 2, 5)]
    ticks = [tick for tick in ticks if low - 0.2 <= np.log10(tick) <= high + 0.2]
    kept = ticks if len(ticks) <= 6 else ticks[::2] if len(ticks) <= 9 else ticks[::3]
    return {
        "tickvals": [float(np.log10(tick)) for tick in kept],
        "ticktext": [f"{tick:,.0f}" for tick in kept],
    }


def _points(
    x: pd.Series | list[float],
    y: pd.Series | list[float],
    name: str,
    colour: str,
    symbol: str = "circle",
    size: int = 10,
) -> go.Scatter:
    marker = {"color": colour, "symbol": symbol, "size": size, "line": {"width": 2, "color": colour}}
    return go.Scatter(x=x, y=y, name=name, mode="markers", marker=marker)


def _styled(figure: go.Figure, title: str, x: str | None = None, y: str | None = None, **layout: object) -> go.Figure:
    """One look for all: light, large enough to read, horizontal legend above the plot."""
    base = {
        "template": "plotly_white",
        "title": {"text": title, "x": 0, "xref": "paper"},
        "font": {"size": 14, "family": "system-ui, sans-serif", "color": "#222222"},
        "height": 420,
        "margin": {"l": 70, "r": 20, "t": 80, "b": 60},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        "bargap": 0.15,
    }
    figure.update_layout(base | layout)
    if x is not None:
        figure.update_xaxes(title_text=x)
    if y is not None:
        figure.update_yaxes(title_text=y)
    return figure
