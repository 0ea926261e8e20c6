"""One circuit's parameters in tables and figures (notebooks 00 and 13)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from nexuszero.advice import Component, Landscape, Level, Recommendation
from nexuszero.crypto import (
    CHOICE_KEYS,
    LEVELS,
    PARTS,
    SLOTS,
    Analysis,
    Choice,
    Infeasible,
)
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


def counts(circuit: Analysis) -> pd.DataFrame:
    """What a circuit asks, without the path."""
    heights = dict(zip(SLOTS, circuit.heights, strict=True))
    rows = {
        "constraints": circuit.constraints,
        "linear": circuit.linear,
        "dropped: private wires satisfy them": circuit.dropped,
        "kept with a hint": circuit.hints,
        "packed": circuit.packed,
        "wires": circuit.wires,
        "distinct private forms": circuit.forms,
        **{
            f"rows of forms at {slots} slots": height
            for slots, height in heights.items()
        },
        "bits of the field": circuit.field_bits,
        "order of the field's prime modulo 128": circuit.field_order,
        "q is free": "yes" if circuit.liftable else "no",
        "bits of the largest value" if circuit.liftable else "bits of q": circuit.bits,
    }
    return pairs(rows, "circuit")


def components(found: Sequence[Component]) -> go.Figure:
    """Distinct private forms of each component, and what its part costs alone where it lifts or not."""
    rows = list(reversed(found))
    figure = go.Figure()
    for lifts, colour in ((True, GREEN), (False, ORANGE)):
        own = [one for one in rows if one.liftable == lifts]
        figure.add_bar(
            x=[one.forms for one in own],
            y=[one.name for one in own],
            orientation="h",
            marker_color=colour,
            name="lifts as it stands" if lifts else "does not lift",
            hovertext=[
                f"{one.constraints:,} constraints, {one.share:.1%} of the forms"
                for one in own
            ],
        )
    figure.update_yaxes(categoryorder="array", categoryarray=[one.name for one in rows])
    return styled(figure, "Distinct private forms by component", "forms", "")


def parameters(answer: Recommendation) -> pd.DataFrame:
    """What the network proposed, the nearest sound candidate and the optimum; the optimum alone without a network."""
    columns = {}
    if answer.proposal is not None:
        columns["model"] = answer.proposal.row()
        columns["nearest candidate"] = answer.proposal.nearest.choice.row()
    columns["optimum"] = answer.optimum.row()
    table = {
        name: [math.nan if row.get(key) is None else row[key] for key in CHOICE_KEYS]
        for name, row in columns.items()
    }
    return pd.DataFrame(
        table, index=pd.Index(CHOICE_KEYS, name="parameter"), dtype=object
    )


def modulus(answer: Recommendation) -> pd.DataFrame:
    """The optimum's q and splitting, and what the next best of them costs."""
    optimum = answer.optimum
    values = {
        "q": str(optimum.q),
        "log2 q": optimum.log2_q,
        "ord": optimum.ord,
        "next best": answer.next_best,
    }
    return pairs(values, "modulus")


def parts(answer: Recommendation) -> pd.DataFrame:
    """What the optimum's proof is spent on, in bytes and shares."""
    spent = {
        name: getattr(answer.optimum.parts, name) for name in PARTS
    }  # thousandths of a bit
    rows = {
        name: {"bytes": value / 8000, "share": value / sum(spent.values())}
        for name, value in spent.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("part")


def constraints(answer: Recommendation) -> pd.DataFrame:
    """What each constraint of the answer needs, has and has left, in bits."""
    table = pd.DataFrame([margin.row() for margin in answer.constraints]).set_index(
        "constraint"
    )
    return table.assign(
        binds=["binds" if name == answer.binds else "" for name in table.index]
    )


def levels(answers: Sequence[Level]) -> pd.DataFrame:
    """Answers of the exact search by security level, where there is one."""
    rows = {
        level.security: level.answer.row()
        for level in answers
        if isinstance(level.answer, Choice)
    }
    kept = ["n", "log2_q", "sigma", "kappa", "bit_security", "proof_size"]
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("security")[kept]


def graph(graph: Mapping[str, Array], most: int = 400) -> go.Figure:
    """The graph that the network sees of one circuit: wires, constraints, and a line where one mentions the other.

    Of a circuit of more than ``most`` nodes, those nearest to its first constraint are drawn.
    """
    x = graph["x"]
    edges = np.stack([graph["edge_source"], graph["edge_target"]])  # [2, edges]
    drawn = _nearest(edges, len(x), most)
    edges = edges[:, np.isin(edges, drawn).all(axis=0)]
    places = _layout(drawn, edges)

    figure = go.Figure(_edge_lines(edges, places))
    for name, (chosen, colour, symbol) in _node_kinds(x).items():
        nodes = [node for node in drawn if chosen[node]]
        marker = {"color": colour, "symbol": symbol, "size": 8}
        figure.add_trace(
            _node_markers(nodes, x, places).update(name=name, marker=marker)
        )

    size = f"{len(x):,} nodes"
    if len(drawn) < len(x):
        size = f"{len(drawn):,} of {size}"
    axes = {"visible": False, "title": {"text": "position has no meaning"}}
    return styled(
        figure, f"The circuit as a graph, {size}", height=560, xaxis=axes, yaxis=axes
    )


def _edge_lines(edges: Array, places: Mapping[int, Array]) -> go.Scatter:
    """All edges as one trace, a gap after each."""
    x: list[float | None] = []
    y: list[float | None] = []
    for wire, constraint in edges.T:
        x += [places[wire][0], places[constraint][0], None]
        y += [places[wire][1], places[constraint][1], None]
    line = {"color": "#bbbbbb", "width": 1}
    return go.Scatter(
        x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False
    )


def _node_markers(
    nodes: Sequence[int], x: Array, places: Mapping[int, Array]
) -> go.Scatter:
    """Nodes of one kind; the wires stand first in a graph, without wire 0, then the constraints."""
    wires = int((x[:, 0] == 0).sum())
    names = [
        f"wire {node + 1}" if node < wires else f"constraint {node - wires}"
        for node in nodes
    ]
    return go.Scatter(
        x=[places[node][0] for node in nodes],
        y=[places[node][1] for node in nodes],
        mode="markers",
        text=names,
        hoverinfo="text",
    )


def landscape(grid: Landscape, answer: Recommendation) -> go.Figure:
    """Bits of LWE over n and log2 q with a line at each level, the optimum, and what the network proposed."""
    scale = {
        "colorscale": "Cividis",
        "zmin": 40,
        "zmax": 320,
        "colorbar": {"title": "bits"},
    }
    hover = "n %{x}, log2 q %{y}: %{z:.1f} bits<extra></extra>"
    figure = go.Figure(
        go.Heatmap(x=grid.n, y=grid.log2_q, z=grid.bits, hovertemplate=hover, **scale)
    )
    for level in LEVELS:
        figure.add_trace(
            _level_line(grid, level, width=4 if level == answer.security else 1.5)
        )

    figure.add_trace(
        points([answer.optimum.n], [answer.optimum.log2_q], "optimum", RED, "star", 16)
    )
    if answer.proposal is not None:
        n, log2_q = answer.proposal.values[:2]
        if n <= grid.n.max() and log2_q <= grid.log2_q.max():
            figure.add_trace(points([n], [log2_q], "model's proposal", ORANGE, "x", 12))
    ranges = {
        "xaxis_range": [grid.n.min(), grid.n.max()],
        "yaxis_range": [grid.log2_q.min(), grid.log2_q.max()],
    }
    return styled(
        figure,
        "Hiding: bits of LWE",
        "n (LWE dimension)",
        "log2 q (bits)",
        height=520,
        **ranges,
    )


def _level_line(grid: Landscape, level: int, width: float) -> go.Contour:
    labels = {"showlabels": True, "labelfont": {"color": "white", "size": 13}}
    return go.Contour(
        x=grid.n,
        y=grid.log2_q,
        z=grid.bits,
        name=f"{level} bits",
        hoverinfo="skip",
        showlegend=False,
        contours={
            "start": level,
            "end": level,
            "size": 1,
            "coloring": "none",
            **labels,
        },
        line={"color": "white", "width": width},
    )


def sizes(answers: Sequence[Level]) -> go.Figure:
    """The smallest proof at every security level."""
    sizes = {}
    missing = []
    for level in answers:
        if isinstance(level.answer, Infeasible):
            missing.append(str(level.security))
        else:
            sizes[f"{level.security} bits"] = level.answer.proof_size

    labels = [f"{size:,}" for size in sizes.values()]
    bars = go.Bar(x=list(sizes), y=list(sizes.values()), text=labels, marker_color=BLUE)
    title = "Proof size by security level" + (
        f" (nothing is sound at {', '.join(missing)})" if missing else ""
    )
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
        neighbours = np.setdiff1d(edges[:, np.isin(edges, seen).any(axis=0)], seen)
        if not len(neighbours):
            break
        seen = np.concatenate([seen, neighbours])
    return np.concatenate([seen, np.setdiff1d(np.arange(nodes), seen)])[:most]


def _layout(nodes: Array, edges: Array) -> dict[int, Array]:
    """Fruchterman and Reingold (1991): edges pull, nodes push."""
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(nodes.tolist())
    graph.add_edges_from(edges.T.tolist())
    placed: dict[int, Array] = networkx.spring_layout(
        graph, seed=0, iterations=60, method="force"
    )
    return placed
