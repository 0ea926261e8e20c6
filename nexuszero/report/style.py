"""Imported first by every notebook: how tables look there, and which warnings stay out of a report.

import nexuszero.report.style
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from nexuszero.data import Array
from nexuszero.settings import Stage

MEAN_PREDICTOR_LOSS = 2.0  # three standardised parameters and three metrics, each of variance one
UNITS = {
    "n": "LWE dimension",
    "log2_q": "bits",
    "sigma": "standard deviation",
    "bit_security": "bits of core-SVP",
    "hardness": "0..1",
    "proof_size": "bytes",
}
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
SPLIT_COLOURS = {"train": BLUE, "val": ORANGE, "test": GREEN}
LOGARITHMIC = ("n", "sigma", "proof_size", "learning_rate")
AXES = {name: f"{name} ({unit})" for name, unit in UNITS.items()}


def shown(value: float) -> str:
    """A number as tables print it: four digits, whole from a thousand on, powers of ten where it is tiny.

    >>> shown(0.21652), shown(24415.8), shown(2.176e-05)
    ('0.2165', '24,416', '2.18e-05')
    """
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-3 else f"{value:.2e}"


pd.set_option("display.float_format", shown)
pd.set_option("display.max_colwidth", None)
pd.set_option("display.max_rows", 100)
# of packages, about packages: tqdm's bars are not used, PyTorch Geometric's use of TorchScript is its own affair
warnings.filterwarnings("ignore", message="IProgress not found")
warnings.filterwarnings("ignore", message=".*torch.jit.script.* is deprecated")


def configuration(config: Stage | Mapping[str, Any]) -> pd.DataFrame:
    """A configuration as a table, without paths."""
    values = config if isinstance(config, Mapping) else config.model_dump()
    paths = ("out", "data", "storage", "baseline", "runs", "checkpoint", "checkpoints", "circuit", "circuits", "bounds")
    return pairs({name: value for name, value in values.items() if name not in paths}, "setting")


def pairs(values: Mapping[str, Any], name: str, value: str = "value") -> pd.DataFrame:
    """A mapping as a table of two columns; whole numbers stay whole beside others."""
    return pd.DataFrame({name: list(values), value: pd.Series(list(values.values()), dtype=object)})


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by spaces."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{prefix} {name}".strip()
        out |= flat(value, key) if isinstance(value, Mapping) else {key: value}
    return out


def histogram(values: Array, name: str, colour: str) -> go.Histogram:
    """Forty bars."""
    return go.Histogram(x=values, nbinsx=40, name=name, marker_color=colour)


def log_histogram(values: Array, name: str, colour: str) -> go.Bar:
    """Bars of equal width in log10, which a histogram trace on a logarithmic axis cannot draw."""
    count, edges = np.histogram(np.log10(values), 40)
    middle = (edges[1:] + edges[:-1]) / 2
    shown = [f"{10**low:,.0f} to {10**high:,.0f}" for low, high in pairwise(edges)]
    return go.Bar(x=middle, y=count, width=np.diff(edges), name=name, marker_color=colour, hovertext=shown)


def decades(values: Array) -> dict[str, list[Any]]:
    """Ticks 1, 2, 5, 10, ... for an axis of log10; every third where there are many."""
    low, high = np.log10(values.min()), np.log10(values.max())
    ticks = [digit * 10.0**power for power in range(int(low), int(high) + 1) for digit in (1, 2, 5)]
    ticks = [tick for tick in ticks if low - 0.2 <= np.log10(tick) <= high + 0.2]
    kept = ticks if len(ticks) <= 6 else ticks[::2] if len(ticks) <= 9 else ticks[::3]
    return {
        "tickvals": [float(np.log10(tick)) for tick in kept],
        "ticktext": [f"{tick:,.0f}" for tick in kept],
    }


def points(
    x: pd.Series | list[float],
    y: pd.Series | list[float],
    name: str,
    colour: str,
    symbol: str = "circle",
    size: int = 10,
) -> go.Scatter:
    """Markers of one colour and shape."""
    marker = {"color": colour, "symbol": symbol, "size": size, "line": {"width": 2, "color": colour}}
    return go.Scatter(x=x, y=y, name=name, mode="markers", marker=marker)


def styled(figure: go.Figure, title: str, x: str | None = None, y: str | None = None, **layout: object) -> go.Figure:
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
