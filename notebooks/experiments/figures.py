"""What the experiments measured, in tables and figures (notebooks 11 and 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nexuszero.report.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    points,
    shown,
    styled,
)

# titles of errors in what circuits ask, their keys and digits
MISREAD = (
    ("free or fixed wrong", "free_wrong", 3),
    ("B off by", "bits_off", 1),
    ("log2 rows off by", "rows_off", 2),
)
LABRADOR_BYTES = (
    58_000  # of 2^20 constraints modulo 2^64 + 1 at 128 bits, as BS23 states
)


def commits(compared: Mapping[str, Any]) -> str:
    """Of the rows of a comparison, which may have been made at several."""
    rows = [*compared["rows"], *compared["curve"]]
    return ", ".join(dict.fromkeys(row["commit"][:7] for row in rows))


def by_seed(compared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a comparison as an analysis has them, one a seed, of the variants that have every seed."""
    seeds: dict[int, dict[str, Any]] = {}
    for row in compared["rows"]:
        seeds.setdefault(row["seed"], {})[row["variant"]] = row
    common = set.intersection(*map(set, seeds.values()))
    return [
        _report({name: row for name, row in rows.items() if name in common})
        for rows in seeds.values()
    ]


def _report(rows: Mapping[str, Any]) -> dict[str, Any]:
    """What tables read of an analysis, from the rows of one seed by variant."""
    return {
        "models": {name: row["splits"] for name, row in rows.items()},
        "milliseconds": {name: row["milliseconds"] for name, row in rows.items()},
        "regret": {
            "test": {name: row["regret"]["answer"] for name, row in rows.items()}
        },
    }


def benchmark_rows(measured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of all parts of a benchmark."""
    return [row for part in measured.values() if isinstance(part, list) for row in part]


def comparison(compared: Mapping[str, Any]) -> pd.DataFrame:
    """Mean and deviation over seeds by variant (`notebooks/experiments/compare.py`), in the order of the first seed."""
    names = dict.fromkeys(row["variant"] for row in compared["rows"])
    table = [
        _variant(name, [row for row in compared["rows"] if row["variant"] == name])
        for name in names
    ]
    return pd.DataFrame(table).set_index("variant")


def _variant(name: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A row of :func:`comparison`; what a variant does not read or search is left empty."""
    row: dict[str, Any] = {
        "variant": name,
        "seeds": len(runs),
        "weights": runs[0]["parameters"],
    }
    row["seconds"] = float(np.median([run["seconds"] for run in runs]))
    for split in runs[0]["splits"]:
        row[f"loss, {split}"] = _spread(
            [run["splits"][split]["loss"] for run in runs], 3
        )

    for title, key, digits in MISREAD:
        values = [
            run["splits"]["val"][key] for run in runs if key in run["splits"]["val"]
        ]
        row[title] = _spread(values, digits) if values else ""

    searched = [run["regret"].get("searched") for run in runs]
    for title, key in (
        ("sound, searched", "sound"),
        ("mean excess, searched", "mean_excess"),
    ):
        row[title] = (
            _spread([regret[key] for regret in searched], 3) if all(searched) else ""
        )
    return row


def curve(compared: Mapping[str, Any]) -> pd.DataFrame:
    """Losses by training circuits, mean and deviation over seeds."""
    rows = []
    for size in sorted({row["train"] for row in compared["curve"]}):
        runs = [row for row in compared["curve"] if row["train"] == size]
        losses = {
            f"loss, {split}": _spread([run["splits"][split]["loss"] for run in runs], 3)
            for split in runs[0]["splits"]
        }
        rows.append(
            {
                "training circuits": size,
                "seeds": len(runs),
                "batches": runs[0]["batches"],
                **losses,
            }
        )
    return pd.DataFrame(rows or {"training circuits": []}).set_index(
        "training circuits"
    )


def benchmark(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of a benchmark: medians, the spread of the ratio, and the target if there is one."""
    table = []
    for row in rows:
        ratio, unit = row["ratio"], row.get("unit")
        target = row.get("target") or row.get("least") or row.get("most")
        table.append(
            {
                "what": row["what"],
                "against": row["against"],
                "seconds": row["ours"]["median"],
                "seconds of the other": row["other"]["median"],
                "ratio": ratio["median"],
                "least": ratio["min"],
                "largest": ratio["max"],
                "figure": f"{shown(row['value'])} {unit}" if unit else "",
                "target": "" if target is None else shown(target),
                "met": "" if target is None else "yes" if row["met"] else "no",
            }
        )
    return pd.DataFrame(table or {"what": []}).set_index("what")


def _spread(values: Sequence[float], digits: int) -> str:
    deviation = (
        f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    )  # one run has none
    return f"{np.mean(values):.{digits}f}{deviation}"


def learning(compared: Mapping[str, Any]) -> go.Figure:
    """Losses of single runs by the number of training circuits , both axes logarithmic."""
    figure = go.Figure()
    styles = {
        "val": (BLUE, "circle"),
        "test_family": (GREEN, "square"),
        "test_large": (ORANGE, "diamond"),
    }
    for split, (colour, symbol) in styles.items():
        values = [row["splits"][split]["loss"] for row in compared["curve"]]
        figure.add_trace(
            points(
                [row["train"] for row in compared["curve"]],
                values,
                split,
                colour,
                symbol,
                9,
            )
        )
    axes = {"xaxis_type": "log", "yaxis_type": "log"}
    return styled(
        figure,
        "Loss by training circuits, equal batches",
        "training circuits",
        "loss",
        **axes,
    )


def compute(compared: Mapping[str, Any]) -> go.Figure:
    """Validation loss by the seconds of training, a point a run; what lies below and to the left is better."""
    figure = go.Figure()
    shapes = (
        "network",
        "one layer",
        "two layers",
        "six layers",
        "half the width",
        "twice the width",
    )
    for name in (*shapes, "set of nodes, no edges", "GATv2 by PyG"):
        runs = [row for row in compared["rows"] if row["variant"] == name]
        losses = [run["splits"]["val"]["loss"] for run in runs]
        colour = RED if name == "GATv2 by PyG" else GREY if "set" in name else BLUE
        points = go.Scatter(
            x=[run["seconds"] for run in runs],
            y=losses,
            name=name,
            mode="markers+text",
            text=[name, *[""] * (len(runs) - 1)],
            textposition="top center",
            marker={"color": colour, "size": 8},
            showlegend=False,
        )
        figure.add_trace(points)
    axes = {"xaxis_type": "log", "yaxis_type": "log"}
    return styled(
        figure,
        "Loss by time, equal batches",
        "seconds of training",
        "validation loss",
        **axes,
    )


def ranking_table(ranked: Mapping[str, Any]) -> pd.DataFrame:
    """The settings of a search in the order of their trials, with what each reaches when it is trained."""
    table = pd.DataFrame(ranked["rows"]).sort_values("trial_loss").set_index("trial")
    losses = {"trial_loss": "loss in the search", "val_loss": "loss, trained"}
    table["rank, trained"] = table["val_loss"].rank().astype(int)
    return table.drop(columns="test_loss").rename(columns=losses)


def ranking(ranked: Mapping[str, Any]) -> go.Figure:
    """The loss of each setting trained over that of its trial; a search that ranks well has points that rise."""
    rows = ranked["rows"]
    points = go.Scatter(
        x=[row["trial_loss"] for row in rows],
        y=[row["val_loss"] for row in rows],
        text=[str(row["trial"]) for row in rows],
        mode="markers+text",
        textposition="top center",
        marker={"color": BLUE, "size": 9},
    )
    return styled(
        go.Figure(points),
        "A trial's loss, and its setting's when trained",
        "validation loss of the trial",
        "validation loss, trained",
        meta={
            "alt": f"{len(rows)} settings; the rank correlation of the two losses is {ranked['spearman']:.2f}."
        },
    )


def ratios(rows: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Ratios of a benchmark with their spread, on a logarithmic axis; one is as fast as the other."""
    names, values = (
        [shorten(row["what"], 48, placeholder=" ...") for row in rows],
        [row["ratio"]["median"] for row in rows],
    )
    spread = {
        "array": [row["ratio"]["max"] - row["ratio"]["median"] for row in rows],
        "arrayminus": [row["ratio"]["median"] - row["ratio"]["min"] for row in rows],
    }
    points = go.Scatter(
        x=values,
        y=names,
        mode="markers",
        marker={"color": BLUE, "size": 9},
        error_x=spread,
        text=[f"{row['what']}, against {row['against']}" for row in rows],
        showlegend=False,
    )
    figure = go.Figure(points).add_vline(x=1, line_color=GREY)
    axes = {
        "xaxis_type": "log",
        "yaxis_autorange": "reversed",
        "height": 160 + 26 * len(rows),
    }
    return styled(
        figure,
        "Times faster than what each is compared with",
        "ratio of seconds",
        "",
        **axes,
    )


def crossing(proved: Sequence[Mapping[str, Any]], size: int = LABRADOR_BYTES) -> float:
    """Constraints from which on a proof has more bytes, between measured ones in proportion to their logarithms."""
    constraints, sizes = (
        [np.log(row[key]) for row in proved] for key in ("constraints", "bytes")
    )
    return float(
        np.exp(np.interp(np.log(size), sizes, constraints, left=np.nan, right=np.nan))
    )


def proofs(
    proved: Sequence[Mapping[str, Any]], beside: Sequence[Mapping[str, Any]]
) -> go.Figure:
    """Bytes and seconds by constraints, all axes logarithmic; beside them proofs of one size."""
    constraints = [row["constraints"] for row in proved]
    figure = make_subplots(
        1, 2, subplot_titles=("bytes of a proof", "seconds on all cores")
    )
    lines = {"mode": "lines+markers"}
    made = go.Scatter(
        x=constraints,
        y=[row["bytes"] for row in proved],
        name="ours",
        marker_color=BLUE,
        **lines,
    )
    figure.add_trace(made, row=1, col=1)
    succinct = {
        f"LaBRADOR, {LABRADOR_BYTES // 1000} KB (BS23)": (LABRADOR_BYTES, GREEN)
    }
    if beside:
        succinct["Groth16, not post-quantum"] = (beside[0]["other_bytes"], GREY)
    for name, (size, colour) in succinct.items():
        line = go.Scatter(
            x=constraints,
            y=[size] * len(constraints),
            name=name,
            mode="lines",
            line={"color": colour, "dash": "dash"},
        )
        figure.add_trace(line, row=1, col=1)

    for name, key, colour in (
        ("proving", "ours", BLUE),
        ("verifying", "other", ORANGE),
    ):
        seconds = [row[key]["median"] for row in proved]
        figure.add_trace(
            go.Scatter(
                x=constraints, y=seconds, name=name, marker_color=colour, **lines
            ),
            row=1,
            col=2,
        )
    figure.update_xaxes(type="log", title="constraints").update_yaxes(type="log")
    return styled(figure, "Proofs of a hash on bits, 128 bits of security")
