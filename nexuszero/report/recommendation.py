"""One circuit's parameters in tables and figures (notebooks 00 and 06)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from nexuszero.crypto import LEVELS
from nexuszero.crypto.questions import CHOICE_KEYS
from nexuszero.data import Array
from nexuszero.report.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    pairs,
    points,
    styled,
)

if TYPE_CHECKING:  # a table of a dataset must not wait for torch and Optuna
    pass


def counts(row: Mapping[str, Any]) -> pd.DataFrame:
    """A row of `nexuszero analyse`, without the path."""
    told = {f"rows of forms at {s} slots": row[f"height_{s}"] for s in (64, 32, 16, 8, 4)}
    return pairs({
        "constraints": row["constraints"], "linear": row["linear"], "packed": row["packed"], "wires": row["wires"],
        "distinct private forms": row["forms"], **told, "bits of the field": row["field_bits"],
        "order of the field's prime modulo 128": row["field_order"], "q is free": "yes" if row["liftable"] else "no",
        "bits of the largest value" if row["liftable"] else "bits of q": row["bits"],
    }, "circuit")  # fmt: skip


def parameters(story: Mapping[str, Any]) -> pd.DataFrame:
    """What the network said, the nearest sound candidate and the optimum; the optimum alone where none was asked."""
    columns = {"model": story["proposal"], "nearest candidate": story["nearest"], "optimum": story}
    table = {name: [row.get(key) for key in CHOICE_KEYS] for name, row in columns.items() if row is not None}
    return pd.DataFrame(table, index=pd.Index(CHOICE_KEYS, name="parameter"), dtype=object)


def constraints(story: Mapping[str, Any]) -> pd.DataFrame:
    """What each constraint of the answer needs, has and has left, in bits."""
    table = pd.DataFrame(story["constraints"]).set_index("constraint")
    return table.assign(binds=["binds" if name == story["binds"] else "" for name in table.index])


def levels(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Answers of the exact search by security level."""
    kept = ["n", "log2_q", "sigma", "kappa", "bit_security", "proof_size"]
    return pd.DataFrame(rows).set_index("security")[kept]


def graph(graph: Mapping[str, Array], most: int = 400) -> go.Figure:
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
    return styled(figure, f"The circuit as a graph{cut}", height=560, xaxis=axes, yaxis=axes)


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
    figure.add_trace(points([story["n"]], [story["log2_q"]], "optimum", RED, "star", 16))
    told = story["proposal"]
    if told is not None and told["n"] <= x.max() and told["log2_q"] <= y.max():
        figure.add_trace(points([told["n"]], [told["log2_q"]], "model's proposal", ORANGE, "x", 12))
    ranges = {"xaxis_range": [x.min(), x.max()], "yaxis_range": [y.min(), y.max()]}
    return styled(figure, "Hiding: bits of LWE", "n (LWE dimension)", "log2 q (bits)", height=520, **ranges)


def sizes(rows: Sequence[Mapping[str, Any]]) -> go.Figure:
    """The smallest proof at every security level, from `recommend.levels`."""
    found = [row for row in rows if "infeasible" not in row]
    values, names = [row["proof_size"] for row in found], [f"{row['security']} bits" for row in found]
    bars = go.Bar(x=names, y=values, text=[f"{value:,}" for value in values], marker_color=BLUE)
    missing = [str(row["security"]) for row in rows if "infeasible" in row]
    title = "Proof size by security level" + (f" (nothing is sound at {', '.join(missing)})" if missing else "")
    return styled(go.Figure(bars), title, "security (core-SVP)", "bytes")


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
