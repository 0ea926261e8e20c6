"""What a circuit asks: its matrices, its ranges round by round, what a wider input costs (notebook 02).

Rounds are known of circuits that the library draws: for every wire and constraint the round of inference in which it
first narrowed, and the bits that it ends with (dataset.md, section 1).

    rounds(follow(CryptoBridge(), seed=1))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from nexuszero.crypto import (
    REASONS,
    Choice,
    Circuits,
    Columns,
    CryptoBridge,
    labels,
)
from nexuszero.data import FIELD_BITS, FIELD_BITS_UNIT, IS_CONSTRAINT, Array
from nexuszero.errors import InputError
from nexuszero.report.palette import FIXED, FORM, FREE
from nexuszero.report.style import BLUE, GREY, ORANGE, styled

STREAM = 256  # circuits drawn, of which one is followed
MOST_NODES = 400  # of it, so that a figure shows them all
WHICH = "ABC"


@dataclass(frozen=True)
class Followed:
    """A drawn circuit, and how far inference had to go for each of its nodes."""

    family: str
    seed: int  #: with the family, rebuilds it
    is_constraint: Array  #: ``[nodes]``
    bits: Array  #: ``[nodes]``, that the largest value (of a wire, twice it) takes in the end
    rounds: Array  #: ``[nodes]``, in which a node first narrowed, 0 if it never did
    edges: Array  #: ``[2, edges]``, wire and constraint
    field_bits: int

    @property
    def depth(self) -> int:
        """The last round in which anything first narrowed."""
        return int(self.rounds.max(initial=0))


# Matrices


def matrices(graph: Columns, most: int = 5000) -> go.Figure:
    """Which wires each constraint mentions in A, B and C: the sparse matrices of one R1CS, laid over one another.

    Of a circuit of more than ``most`` coefficients, the first so many are drawn.
    """
    wires = int((graph["x"][:, IS_CONSTRAINT] == 0).sum())
    rows = len(graph["x"]) - wires
    wire, constraint = graph["edge_source"][:most], graph["edge_target"][:most] - wires
    form = graph["edge_attr"][:most, :3].argmax(axis=1)
    symbols = ("square", "x-thin", "circle-open")
    figure = go.Figure()
    for place, (name, symbol) in enumerate(zip(WHICH, symbols, strict=True)):
        own = form == place
        marker = {
            "color": FORM[name],
            "symbol": symbol,
            "size": 5 if name == "A" else 8,
            "line": {"width": 1.5, "color": FORM[name]},
        }
        figure.add_trace(
            go.Scatter(
                x=wire[own] + 1,
                y=constraint[own],
                mode="markers",
                name=name,
                marker=marker,
            )
        )
    total = len(graph["edge_source"])
    alt = (
        f"{rows:,} constraints over {wires:,} wires: {total:,} coefficients that are not 0, "
        f"of {3 * rows * wires:,} places; {len(form):,} of them are drawn."
    )
    figure.update_yaxes(autorange="reversed")
    shown = "" if total <= most else f", the first {most:,} of {total:,} coefficients"
    return styled(
        figure,
        f"Wires and constraints{shown}",
        "wire (number)",
        "constraint (number)",
        height=560,
        meta={"alt": alt},
    )


# Round by round


def follow(bridge: CryptoBridge, seed: int, least_rounds: int = 5) -> Followed:
    """Of drawn circuits whose q is free, one with no more than 400 nodes: the first of so many rounds, or the most.

    Args:
        bridge: the library.
        seed: of the stream of circuits.
        least_rounds: rounds of inference that it shall take.
    """
    names = bridge.families()
    found = [
        _followed(columns, int(index), names)
        for columns in bridge.generate(seed, 0, STREAM)
        for index in np.flatnonzero(
            (columns["liftable"] != 0) & (columns["nodes"] <= MOST_NODES)
        )
    ]
    if not found:
        raise InputError(f"seed {seed}: no circuit whose q is free; take another")
    deep = (one for one in found if one.depth >= least_rounds)
    return next(deep, max(found, key=lambda one: one.depth))


def _followed(columns: Columns, index: int, names: Sequence[str]) -> Followed:
    nodes = _own(columns["nodes"], index)
    edges = _own(columns["edges"], index)
    x = columns["x"][nodes]
    return Followed(
        family=names[columns["family"][index]],
        seed=int(columns["seed"][index]),
        is_constraint=x[:, IS_CONSTRAINT] > 0,
        bits=columns["node_bits"][nodes].astype(int),
        rounds=columns["node_rounds"][nodes].astype(int),
        edges=np.stack([columns["edge_source"][edges], columns["edge_target"][edges]]),
        field_bits=round(float(x[0, FIELD_BITS] * FIELD_BITS_UNIT)),
    )


def _own(sizes: Array, index: int) -> slice:
    start = int(sizes[:index].sum())
    return slice(start, start + int(sizes[index]))


def by_round(circuit: Followed) -> pd.DataFrame:
    """How many wires first narrowed in each round, how many stay wide, and the most bits among the narrow."""
    wires = ~circuit.is_constraint
    rounds, bits = circuit.rounds[wires], circuit.bits[wires]
    rows = []
    for last in range(circuit.depth + 1):
        narrow = (rounds > 0) & (rounds <= last)
        rows.append(
            {
                "round": last,
                "wires first narrowed": int((rounds == last).sum()) if last else 0,
                "narrow so far": int(narrow.sum()),
                "still as wide as the field": int((~narrow).sum()),
                "most bits of a narrow wire": int(bits[narrow].max(initial=0)),
            }
        )
    return pd.DataFrame(rows).set_index("round")


def rounds(circuit: Followed) -> go.Figure:
    """Bits known of each wire after every round: the field's until it first narrows, then those in the end."""
    wires = np.flatnonzero(~circuit.is_constraint & (circuit.rounds > 0))
    order = wires[np.lexsort((circuit.bits[wires], circuit.rounds[wires]))]
    steps = np.arange(circuit.depth + 1)
    known = np.where(
        circuit.rounds[order][:, None] <= steps,
        circuit.bits[order][:, None],
        circuit.field_bits,
    )  # [wires, rounds]
    ticks = [2**power for power in range(0, 9, 2)]
    figure = go.Figure(
        go.Heatmap(
            x=steps,
            y=np.arange(1, len(order) + 1),
            z=np.log2(np.maximum(known, 1)),
            customdata=known,
            colorscale="Cividis",
            colorbar={
                "title": "bits",
                "tickvals": [float(np.log2(tick)) for tick in ticks],
                "ticktext": [str(tick) for tick in ticks],
            },
            hovertemplate="after round %{x}: %{customdata} bits<extra></extra>",
        )
    )
    alt = (
        f"{len(order)} wires of a {circuit.family} circuit over {circuit.depth} rounds of inference. All begin with "
        f"the {circuit.field_bits} bits of the field; in the end the widest takes {int(circuit.bits[order].max())}."
    )
    return styled(
        figure,
        f"Range inference, round by round: {circuit.family}",
        "round of inference (number; 0: before the first)",
        "wire (in the order in which they narrow)",
        xaxis_dtick=1,
        height=520,
        meta={"alt": alt},
    )


def wave(circuit: Followed) -> go.Figure:
    """The circuit as a graph, laid out by the round in which a node first narrowed: knowledge moves to the right."""
    height = np.zeros(len(circuit.rounds))
    for step in range(circuit.depth + 1):
        own = np.flatnonzero(circuit.rounds == step)
        height[own] = (np.arange(len(own)) + 0.5) / max(1, len(own))
    # constraints stand half a round after the last of their wires
    x = circuit.rounds + 0.4 * circuit.is_constraint
    lines_x = np.stack([*x[circuit.edges], np.full(circuit.edges.shape[1], np.nan)])
    lines_y = np.stack(
        [*height[circuit.edges], np.full(circuit.edges.shape[1], np.nan)]
    )
    figure = go.Figure(
        go.Scatter(
            x=lines_x.T.ravel(),
            y=lines_y.T.ravel(),
            mode="lines",
            line={"color": "#cccccc", "width": 0.6},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    kinds = {
        "wires": (~circuit.is_constraint, BLUE, "circle"),
        "constraints": (circuit.is_constraint, ORANGE, "square"),
    }
    for name, (own, colour, symbol) in kinds.items():
        figure.add_trace(
            go.Scatter(
                x=x[own],
                y=height[own],
                mode="markers",
                name=name,
                marker={"color": colour, "symbol": symbol, "size": 6},
                text=[f"{bits} bits" for bits in circuit.bits[own]],
                hoverinfo="text",
            )
        )
    figure.update_yaxes(visible=False, title_text="height has no meaning")
    alt = (
        f"{len(x)} nodes in columns by round of inference, joined where a constraint mentions a wire: what is known "
        f"travels {circuit.depth} steps."
    )
    return styled(
        figure,
        "How far knowledge of ranges travels",
        "round in which a node first narrowed (0: never)",
        height=520,
        xaxis_dtick=1,
        meta={"alt": alt},
    )


# Wires of a compiled circuit


def reasons(circuits: Circuits, file: Path, most: int = 12) -> pd.DataFrame:
    """What inference says of the wires of one circuit: the first ones of each reason, by circom's names."""
    wires, _ = circuits.explain(0)
    shown = np.concatenate(
        [
            np.flatnonzero(wires["reason"][1:] == reason)[: max(1, most // 4)] + 1
            for reason in range(len(REASONS))
        ]
    )[:most]
    names = labels(file.with_suffix(".sym"), shown.tolist(), len(wires))
    rows = [
        {
            "wire": int(wire),
            "name": names.get(int(wire), ""),
            "bits of its range": float(wires["range_bits"][wire]),
            "why": circuits.reason(wires[wire]),
            "last narrowed by": circuits.rule(int(wires["rule"][wire])),
        }
        for wire in shown
    ]
    return pd.DataFrame(rows).set_index("wire")


# What a width costs


def price_of_width(
    bridge: CryptoBridge,
    file: Path,
    inputs: Sequence[str],
    security: int,
    widths: Sequence[int] = tuple(range(1, 62, 3)),
) -> pd.DataFrame:
    """A circuit with some inputs declared to have so many bits: is q free, B, and the bytes of the smallest proof."""
    rows = []
    for width in widths:
        declared = ",".join(f"{pattern}=u{width}" for pattern in inputs)
        circuits = bridge.read([file], declared)
        (circuit,) = circuits.analyses([str(file)])
        (choice,) = circuits.choices(security)
        rows.append(
            {
                "width": width,
                "q is free": circuit.liftable,
                "bits of the largest value": circuit.bits if circuit.liftable else None,
                "bytes": choice.proof_size if isinstance(choice, Choice) else None,
            }
        )
    return pd.DataFrame(rows).set_index("width")


def width_prices(table: pd.DataFrame) -> go.Figure:
    """Bytes of the smallest proof over the declared width, where q is free and where it is not."""
    figure = go.Figure()
    kinds: Mapping[bool, tuple[str, str, str]] = {
        True: ("q is free", FREE, "circle"),
        False: ("q is the field's prime", FIXED, "x"),
    }
    for free, (name, colour, symbol) in kinds.items():
        own = table[table["q is free"] == free]
        figure.add_trace(
            go.Scatter(
                x=own.index,
                y=own["bytes"],
                mode="lines+markers",
                name=name,
                line={"color": colour},
                marker={"symbol": symbol, "size": 9},
            )
        )
    widest = table.index[table["q is free"]]
    last = int(widest.max()) if len(widest) else 0
    if last:
        figure.add_vline(
            last,
            line={"color": GREY, "dash": "dot"},
            annotation_text="the last that lifts",
            annotation_position="bottom right",
        )
    alt = f"Bytes of a proof over the width of the inputs: it grows by steps, and q is free up to {last} bits."
    return styled(
        figure,
        "What wider inputs cost",
        "declared width of the inputs (bits)",
        "smallest proof (bytes)",
        meta={"alt": alt},
    )
