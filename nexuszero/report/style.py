"""How numbers, tables and figures look in notebooks and their pages.

Every module of reports imports it; that sets how pandas prints, and which warnings stay out of a page.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from nexuszero.data import Array
from nexuszero.settings import Stage, path_fields

MEAN_PREDICTOR_LOSS = (
    2.0  # three standardised parameters and three metrics, each of variance one
)

UNITS = {
    "n": "LWE dimension",
    "log2_q": "bits",
    "sigma": "standard deviation",
    "bit_security": "bits of core-SVP",
    "hardness": "0..1",
    "proof_size": "bytes",
}
AXES = {  # beside others, where there is little room
    "n": "n (dimension)",
    "log2_q": "log2_q (bits)",
    "sigma": "sigma (deviation)",
    "bit_security": "bit_security (bits)",
    "hardness": "hardness (0..1)",
    "proof_size": "proof_size (bytes)",
}
LOGARITHMIC = ("n", "sigma", "proof_size")  # targets over orders of magnitude

# Okabe and Ito's colours, which people with any kind of colour vision tell apart
BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
RED = "#D55E00"
SKY = "#56B4E9"
PINK = "#CC79A7"
YELLOW = "#F0E442"
GREY = "#666666"
SPLIT_COLOURS = {"train": BLUE, "val": ORANGE, "test": GREEN}
BARS = 40  # of a histogram
HEIGHT = 420  # pixels of a figure
TITLE = 56  # of its title, and the space around a legend
LEGEND = 500  # across, that a legend has in JupyterLab
ENTRY = 40  # across, of an entry of a legend without its name
LETTER = 7.5  # across, of its name
LINE = 20  # of a line of a legend
LOG_TICKS = 4  # at most, or plotly writes each digit, one over the other
COLOURS = (BLUE, ORANGE, GREEN, RED, SKY, PINK, YELLOW, GREY)

TEMPLATE = "plotly_white+nexuszero"  # a page adds the colours of light or dark
pio.templates["nexuszero"] = go.layout.Template(
    layout={
        "colorway": COLOURS,
        "font": {"size": 14, "family": "system-ui, sans-serif", "color": "#222222"},
        "height": HEIGHT,
        "margin": {"l": 70, "r": 20, "t": 80, "b": 60},
        # in the corner, above the legend
        "title": {
            "x": 0,
            "xref": "container",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"l": 14, "t": 14},
        },
        "legend": {
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 1,
            "xanchor": "right",
        },
        "bargap": 0.15,
        "xaxis": {"automargin": True},
        "yaxis": {"automargin": True},
    }
)


# Numbers


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


# Tables


def pairs(values: Mapping[str, Any], name: str, value: str = "value") -> pd.DataFrame:
    """A mapping as a table of two columns; whole numbers stay whole beside others."""
    return pd.DataFrame(
        {name: list(values), value: pd.Series(list(values.values()), dtype=object)}
    )


def configuration(config: Stage) -> pd.DataFrame:
    """A stage's settings as a table, without paths."""
    return pairs(config.model_dump(exclude=path_fields(type(config))), "setting")


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by spaces."""
    joined: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{prefix} {name}".strip()
        if isinstance(value, Mapping):
            joined |= flat(value, key)
        else:
            joined[key] = value
    return joined


# Figures


def styled(
    figure: go.Figure,
    title: str,
    x: str | None = None,
    y: str | None = None,
    **layout: object,
) -> go.Figure:
    """One look for all, and what stands in for the figure where it cannot be seen.

    Args:
        figure: is changed and returned.
        title: one line.
        x: what the horizontal axis counts, with its unit.
        y: the same of the vertical one.
        layout: more of plotly's layout; ``meta={"alt": text}`` says what one sees, for people who do not
            (:func:`text_alternative`).
    """
    figure.layout.title = {"text": title}  # nothing is left of a library's own
    figure.update_layout(template=TEMPLATE, **layout)
    if x is not None:
        figure.update_xaxes(title_text=x)
    if y is not None:
        figure.update_yaxes(title_text=y)
    figure.update_xaxes({"nticks": LOG_TICKS}, {"type": "log"})
    figure.update_yaxes({"nticks": LOG_TICKS}, {"type": "log"})
    lines = max(1, legend_lines(figure))
    if any(note.yref == "paper" and note.y == 1 for note in figure.layout.annotations):
        lines += 1  # titles of plots, which stand under the legend
        figure.update_layout(legend_y=1.12)
    figure.update_layout(margin_t=TITLE + LINE * lines)
    return figure


def legend_lines(figure: go.Figure) -> int:
    """Lines of a legend in JupyterLab: one, or as many as plotly needs with columns as wide as the longest name."""
    shown = [
        trace for trace in figure.data if trace.name and trace.showlegend is not False
    ]
    if len(shown) < 2 or figure.layout.showlegend is False:
        return 0
    widths = [ENTRY + LETTER * len(trace.name) for trace in shown]
    if sum(widths) <= LEGEND:
        return 1
    return math.ceil(len(widths) / max(1, int(LEGEND / max(widths))))


def text_alternative(figure: Mapping[str, Any]) -> str:
    """What stands in for a figure, given as JSON: its own text, or its title, axes and the names of its traces."""
    layout = figure["layout"]
    own = (layout.get("meta") or {}).get("alt")
    if own:
        return str(own)
    axes = [
        str(axis["title"]["text"])
        for name, axis in layout.items()
        if name.startswith(("xaxis", "yaxis")) and axis.get("title", {}).get("text")
    ]
    names = [str(trace["name"]) for trace in figure["data"] if trace.get("name")]
    parts = {
        "Axes": "; ".join(dict.fromkeys(axes)),
        "Shown": "; ".join(dict.fromkeys(names)),
    }
    title = layout.get("title", {}).get("text", "A figure")
    return ". ".join(
        [title, *(f"{name}: {text}" for name, text in parts.items() if text)]
    )


def points(
    x: Sequence[float],
    y: Sequence[float],
    name: str,
    colour: str,
    symbol: str = "circle",
    size: int = 10,
) -> go.Scatter:
    """Markers of one colour and shape."""
    marker = {
        "color": colour,
        "symbol": symbol,
        "size": size,
        "line": {"width": 2, "color": colour},
    }
    return go.Scatter(x=x, y=y, name=name, mode="markers", marker=marker)


def histogram(values: Array, name: str, colour: str) -> go.Histogram:
    """Forty bars of equal width."""
    return go.Histogram(x=values, nbinsx=BARS, name=name, marker_color=colour)


def log_histogram(values: Array, name: str, colour: str) -> go.Bar:
    """Forty bars of equal width in log10, which a histogram trace on a logarithmic axis cannot draw."""
    count, edges = np.histogram(np.log10(values), BARS)
    middle = (edges[1:] + edges[:-1]) / 2
    hover = [f"{10**low:,.0f} to {10**high:,.0f}" for low, high in pairwise(edges)]
    return go.Bar(
        x=middle,
        y=count,
        width=np.diff(edges),
        name=name,
        marker_color=colour,
        hovertext=hover,
    )


def decades(values: Array) -> dict[str, list[Any]]:
    """Ticks 1, 2, 5, 10, ... for an axis of log10; every second or third where there are many."""
    low = np.log10(values.min())
    high = np.log10(values.max())
    powers = 10.0 ** np.arange(int(low), int(high) + 1)
    ticks = np.outer(powers, (1, 2, 5)).ravel()
    ticks = ticks[(np.log10(ticks) >= low - 0.2) & (np.log10(ticks) <= high + 0.2)]

    step = 1
    if len(ticks) > 6:
        step = 2 if len(ticks) <= 9 else 3
    kept = ticks[::step]
    return {
        "tickvals": np.log10(kept).tolist(),
        "ticktext": [f"{tick:,.0f}" for tick in kept],
    }


def grid_place(index: int, columns: int) -> dict[str, int]:
    """Where the plot of this number stands among others, row by row, as plotly's ``row`` and ``col``."""
    return {"row": index // columns + 1, "col": index % columns + 1}


pd.set_option("display.float_format", shown)
pd.set_option("display.max_colwidth", None)
pd.set_option("display.max_rows", 100)
# of packages, about packages: tqdm's bars are not used, PyTorch Geometric's use of TorchScript is its own affair
warnings.filterwarnings("ignore", message="IProgress not found")
warnings.filterwarnings("ignore", message=".*torch.jit.script.* is deprecated")
