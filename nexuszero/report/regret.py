"""What following a model costs, in tables and figures (notebook 09): sound or not, how much larger, worked out how."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from nexuszero.data import Demand, Split
from nexuszero.report.style import BLUE, GREY, ORANGE, points, styled

if TYPE_CHECKING:  # tables of a report that was read must not wait for torch
    from nexuszero.evaluation import Regret, Report

COLUMNS = {
    "sound": "sound as proposed",
    "hiding_short": "bits of hiding short",
    "modulus_short": "bits of q short",
    "larger": "larger, if sound",
    "optimum": "nearest is the optimum",
    "median_excess": "median excess",
    "p95_excess": "95 % excess",
    "mean_excess": "mean excess",
    "worst_excess": "worst excess",
}
READING = {
    "circuits": "circuits",
    "free": "q free",
    "free_right": "free or fixed right",
    "sure": "sure",
    "free_right_where_sure": "right where sure",
}
BY_LIBRARY = ("sound", "median_excess", "mean_excess", "worst_excess")
SIZES = {"<=100": 100, "<=300": 300, "<=1000": 1000, ">1000": 10**6}  # nodes at most


def summary(report: Report, circuits: str) -> pd.DataFrame:
    """What following each model would cost on a set of circuits (`nexuszero.evaluation.summarise_regret`)."""
    table = pd.DataFrame(report["regret"][circuits]).T
    return table[list(COLUMNS)].rename(columns=COLUMNS).rename_axis("model")


def by_library(report: Report, circuits: str, model: str) -> pd.DataFrame:
    """What following a model would cost, by family or library of a set of circuits, and of all of them.

    With whether the network reads rightly that q is free or fixed, how often it is sure of that, and how often right
    where it is.
    """
    groups = report["groups"][circuits]
    rows = {name: by_model[model] for name, by_model in groups.items()}
    rows["all"] = report["regret"][circuits][model]
    columns = READING | {name: COLUMNS[name] for name in BY_LIBRARY}
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table[list(columns)].rename(columns=columns).rename_axis("library")


def warm_start(report: Report, circuits: str) -> pd.DataFrame:
    """Candidates that an uphill search works out where q is free, from each model's answer or from the smallest q."""
    by_model = report["regret"][circuits]
    any_model = next(iter(by_model.values()))
    rows = {
        "from the smallest q": [
            any_model["cold_evaluations"],
            any_model["cold_optimal"],
        ]
    }
    for name, row in by_model.items():
        rows[name] = [row["warm_evaluations"], row["warm_optimal"]]
    return pd.DataFrame(
        rows, index=["evaluations", "ends at the optimum"]
    ).T.rename_axis("start")


def by_group(rows: Sequence[Regret], key: str) -> pd.DataFrame:
    """What following a model costs by family, security, size, freedom of q, or the constraint that binds."""
    table = pd.DataFrame([row.row() for row in rows])
    table["family"] = table["circuit"].str.split().str[0]
    table["size"] = pd.cut(table["nodes"], [0, *SIZES.values()], labels=list(SIZES))
    table["optimum"] = table["excess"] == 0
    grouped = table.groupby(key, observed=True)
    return (
        grouped[["sound", "optimum", "excess"]].mean().assign(circuits=grouped.size())
    )


def worst(
    test: Split, rows: Sequence[Regret], believed: Demand, count: int = 12
) -> pd.DataFrame:
    """The circuits that cost most, with what they ask and what the network believed: q free, B, rows of 64 slots."""
    largest_first = sorted(rows, key=lambda row: (-row.excess, row.sound))
    table = [
        _beside_belief(row, test.demand, believed) for row in largest_first[:count]
    ]
    return pd.DataFrame(table).set_index("circuit")


def _beside_belief(row: Regret, exact: Demand, believed: Demand) -> dict[str, Any]:
    """A row of :func:`worst`; a circuit's name ends with its position in the split."""
    position = int(row.circuit.split()[1])
    free = bool(exact.free[position])
    return {
        "circuit": row.circuit,
        "nodes": row.nodes,
        "lambda": row.security,
        "excess": row.excess,
        "fails": ", ".join(row.fails),
        "q free": free,
        "believed": float(believed.free[position]),
        "B": float(exact.bits[position]) if free else math.nan,
        "believed B": float(believed.bits[position]),
        "rows": _rows_of_64(exact, position),
        "believed rows": _rows_of_64(believed, position),
    }


def _rows_of_64(demand: Demand, position: int) -> float:
    return float(2.0 ** demand.log2_heights[position, 0])


def ways(report: Report, rows: Sequence[Regret]) -> pd.DataFrame:
    """One answer and a million, by way of answering; ``rows`` are those of one model."""
    from nexuszero.evaluation import Costs, pays

    table = [
        {
            "way": way.way,
            "milliseconds": way.milliseconds,
            "hours for a million": way.hours_for_a_million,
        }
        for way in pays(Costs(**report["costs"]), rows)
    ]
    return pd.DataFrame(table).set_index("way")


def compiled(rows: Mapping[str, Sequence[Regret]], model: str) -> pd.DataFrame:
    """A model on each compiled circuit, the largest excess first, beside always answering the mean."""
    table = pd.DataFrame([row.row() for row in rows[model]])
    table["fails"] = table["fails"].str.join(", ")
    table["mean_excess"] = [row.excess for row in rows["mean"]]
    columns = [
        "circuit",
        "nodes",
        "free",
        "sound",
        "fails",
        "proof_size",
        "excess",
        "mean_excess",
    ]
    return table[columns].sort_values("excess", ascending=False, ignore_index=True)


def excesses(rows: Mapping[str, Sequence[Regret]]) -> go.Figure:
    """Excess of the nearest candidate's proof over the smallest, by circuit and model, where q is free."""
    figure = go.Figure()
    styles = {
        "network, then search": (BLUE, "circle"),
        "network": (ORANGE, "diamond"),
        "mean": (GREY, "x-thin"),
    }
    for name, (colour, symbol) in styles.items():
        free = [row for row in rows[name] if row.free]
        trace = points(
            [row.nodes for row in free],
            [row.excess for row in free],
            name,
            colour,
            symbol,
            size=8,
        )
        figure.add_trace(trace.update(text=[row.circuit for row in free]))
    axes = {"xaxis_type": "log", "yaxis_tickformat": ".0%"}
    return styled(
        figure,
        "Compiled circuits: excess over the smallest proof",
        "nodes",
        "excess",
        **axes,
    )
