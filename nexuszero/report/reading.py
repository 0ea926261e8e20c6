"""Where a network's reading of a circuit is right: by certainty, by depth of inference, by excess (notebook 09)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nexuszero.data import Array, Demand, Split
from nexuszero.report.palette import CONSTRAINT, DASH, FIXED, FREE, MODEL
from nexuszero.report.style import BLUE, GREY, RED, points, styled

if TYPE_CHECKING:  # tables must not wait for torch
    from nexuszero.evaluation import Regret

BINS = np.linspace(0, 1, 11)
DEPTHS = (0, 2, 4, 6, 8, 12, 16, 256)  # rounds: groups begin here
LEAST_EXCESS = 1e-4  # shown for 0 on a logarithmic axis


def certainty(split: Split, demand: Demand) -> pd.DataFrame:
    """Circuits by the probability that a network gives to "q is free": how many, and for which share it is so."""
    place = np.clip(np.digitize(demand.free, BINS) - 1, 0, len(BINS) - 2)
    rows = []
    for number in range(len(BINS) - 1):
        own = place == number
        if own.any():
            rows.append(
                {
                    "said": float(demand.free[own].mean()),
                    "is so": float(split.demand.free[own].mean()),
                    "circuits": int(own.sum()),
                }
            )
    return pd.DataFrame(rows)


def reliability(table: pd.DataFrame) -> go.Figure:
    """Share of circuits whose q is free over the probability that the network said; trustworthy on the diagonal."""
    figure = make_subplots(
        2, 1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06
    )
    diagonal = go.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", name="trustworthy", line_color=RED
    )
    figure.add_trace(diagonal, row=1, col=1)
    seen = points(table["said"], table["is so"], "circuits of a bin", BLUE)
    figure.add_trace(seen.update(mode="lines+markers"), row=1, col=1)
    bars = go.Bar(
        x=table["said"],
        y=table["circuits"],
        width=0.06,
        marker_color=GREY,
        name="their number",
    )
    figure.add_trace(bars, row=2, col=1)
    figure.update_yaxes(title_text="share where q is free", row=1, col=1)
    figure.update_yaxes(title_text="circuits", type="log", row=2, col=1)
    figure.update_xaxes(
        title_text="probability that the network says (1)", row=2, col=1
    )
    figure.update_xaxes(title_text="", row=1, col=1)
    off = (table["is so"] - table["said"]).abs() * table["circuits"]
    alt = (
        f"Of {int(table['circuits'].sum())} circuits in {len(table)} bins, what is said and what is so differ by "
        f"{off.sum() / table['circuits'].sum():.3f} on average, weighted by circuits."
    )
    return styled(figure, "How far to trust “q is free”", height=520, meta={"alt": alt})


def depths(split: Split) -> Array:
    """The last round of inference in which anything of a circuit first narrowed, ``[circuits]``."""
    return np.maximum.reduceat(split.node_rounds, split.node_ptr[:-1]).astype(int)


def depth_histogram(split: Split, rounds: int) -> go.Figure:
    """How many circuits take how many rounds of inference, with a line at those that a network has."""
    depth, count = np.unique(depths(split), return_counts=True)
    figure = go.Figure(go.Bar(x=depth, y=count, marker_color=BLUE))
    figure.add_vline(
        rounds + 0.5,
        line={"color": RED, "dash": "dash"},
        annotation_text="as far as it looks",
    )
    beyond = count[depth > rounds].sum() / count.sum()
    alt = f"Circuits by rounds of inference, up to {depth.max()}: {beyond:.0%} take more than the network's {rounds}."
    return styled(
        figure,
        "How deep inference goes",
        "rounds of inference (number)",
        "circuits",
        meta={"alt": alt},
    )


def by_depth(split: Split, demand: Demand) -> pd.DataFrame:
    """How wrong a network's reading is, by the depth of inference that the circuit takes: freedom of q, B, rows."""
    truth = split.demand
    free = truth.free > 0.5
    table = pd.DataFrame(
        {
            "depth": pd.cut(depths(split), DEPTHS, right=False, labels=_depth_names()),
            "free or fixed wrong": (demand.free > 0.5) != free,
            "B off by": np.where(free, np.abs(demand.bits - truth.bits), np.nan),
            "B exact": np.where(free, np.rint(demand.bits) == truth.bits, np.nan),
            "rows off by": np.abs(
                np.exp2(demand.log2_heights[:, 0] - truth.log2_heights[:, 0]) - 1
            ),
        }
    )
    grouped = table.groupby("depth", observed=True)
    return grouped.mean().assign(circuits=grouped.size())


def _depth_names() -> list[str]:
    ends = [str(end - 1) for end in DEPTHS[1:-1]]
    names = [f"{start} to {end}" for start, end in zip(DEPTHS, ends, strict=False)]
    return [*names, f"{DEPTHS[-2]} and more"]


def depth_errors(table: pd.DataFrame) -> go.Figure:
    """Shares misread by depth of inference, from :func:`by_depth`."""
    figure = go.Figure()
    kinds = {"free or fixed wrong": FIXED, "rows off by": GREY}
    groups = [str(name) for name in table.index]
    for name, colour in kinds.items():
        figure.add_bar(x=groups, y=table[name], name=name, marker_color=colour)
    figure.add_bar(
        x=groups, y=1 - table["B exact"], name="B not exact", marker_color=FREE
    )
    first, last = (
        table["free or fixed wrong"].iloc[0],
        table["free or fixed wrong"].iloc[-1],
    )
    alt = (
        f"Bars by depth of inference. Whether q is free is misread for {first:.1%} of the shallowest circuits and "
        f"{last:.1%} of the deepest."
    )
    figure.update_xaxes(
        type="category",
        ticktext=[
            f"{group}<br>({count})"
            for group, count in zip(groups, table["circuits"], strict=True)
        ],
        tickvals=groups,
    )
    return styled(
        figure,
        "Errors by depth of inference",
        "rounds of inference (circuits)",
        "share",
        yaxis_tickformat=".0%",
        meta={"alt": alt},
    )


def excess_curves(rows: Mapping[str, Sequence[Regret]]) -> go.Figure:
    """For every model the share of circuits (q free) whose nearest sound proof is at most so much larger."""
    figure = go.Figure()
    told = []
    for model, colour in MODEL.items():
        excess = np.sort([row.excess for row in rows.get(model, ()) if row.free])
        if not len(excess):
            continue
        shares = np.arange(1, len(excess) + 1) / len(excess)
        told.append(f"{model} {float((excess == 0).mean()):.0%}")
        figure.add_trace(
            go.Scatter(
                x=np.maximum(excess, LEAST_EXCESS),
                y=shares,
                mode="lines",
                line={"color": colour, "shape": "hv", "dash": DASH.get(model, "solid")},
                name=model,
            )
        )
    ticks = [LEAST_EXCESS, 1e-3, 1e-2, 1e-1, 1, 10]
    alt = f"Share of circuits by excess, a step curve a model. With no excess at all: {', '.join(told)}."
    return styled(
        figure,
        "How much larger the proof gets",
        "excess over the smallest proof (share)",
        "share of circuits at or below it",
        height=480,
        xaxis={
            "type": "log",
            "tickvals": ticks,
            "ticktext": ["0", "0.1 %", "1 %", "10 %", "100 %", "1,000 %"],
        },
        yaxis_tickformat=".0%",
        meta={"alt": alt},
    )


def what_binds(rows: Sequence[Regret]) -> pd.DataFrame:
    """Shares of circuits by the constraint with the least left over, for every family and level."""
    table = pd.DataFrame(
        {
            "family": [row.circuit.split()[0] for row in rows],
            "security": [row.security for row in rows],
            "binds": [row.binds for row in rows],
        }
    )
    return pd.crosstab([table["family"], table["security"]], table["binds"])


def binding(table: pd.DataFrame) -> go.Figure:
    """What binds, by family and level, from :func:`what_binds`: two plots of shares."""
    figure = make_subplots(1, 2, column_widths=[0.68, 0.32], horizontal_spacing=0.08)
    for place, column in enumerate(("family", "security"), 1):
        counts = table.groupby(column).sum()
        shares = counts.div(counts.sum(axis=1), axis=0)
        for name, colour in CONSTRAINT.items():
            if name in shares:
                bars = go.Bar(
                    x=[str(group) for group in shares.index],
                    y=shares[name],
                    name=name,
                    legendgroup=name,
                    showlegend=place == 1,
                    marker_color=colour,
                )
                figure.add_trace(bars, row=1, col=place)
    figure.update_xaxes(type="category", title_text="family", row=1, col=1)
    figure.update_xaxes(type="category", title_text="security (bits)", row=1, col=2)
    figure.update_yaxes(tickformat=".0%")
    figure.update_yaxes(title_text="share of circuits", row=1, col=1)
    total = table.sum()
    told = ", ".join(
        f"{name} {count / total.sum():.0%}" for name, count in total.items()
    )
    return styled(
        figure,
        "What binds",
        barmode="stack",
        height=480,
        meta={
            "alt": f"Stacked shares by family and by level. Over all circuits: {told}."
        },
    )
