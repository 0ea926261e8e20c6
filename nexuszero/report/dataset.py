"""The dataset in tables and figures: what a file holds, how circuits and targets are distributed (notebook 01)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nexuszero.crypto import Circuits, CryptoBridge
from nexuszero.data import MEANINGS, TARGET_NAMES, Array, Split
from nexuszero.report.style import (
    AXES,
    BLUE,
    LOGARITHMIC,
    ORANGE,
    SPLIT_COLOURS,
    UNITS,
    decades,
    histogram,
    log_histogram,
    pairs,
    styled,
)

if TYPE_CHECKING:  # a table of a dataset must not wait for torch and Optuna
    pass


def schema(split: Split) -> pd.DataFrame:
    """Columns of a file with type, shape and meaning."""
    rows = [
        [name, str(column.dtype), " x ".join(map(str, column.shape)), MEANINGS[name]]
        for name, column in split.columns().items()
    ]
    return pd.DataFrame(rows, columns=["column", "type", "shape", "meaning"])


def overview(splits: Mapping[str, Split]) -> pd.DataFrame:
    """Counts and sizes of graphs by split."""
    return pd.DataFrame({name: _counts(split) for name, split in splits.items()}).T.rename_axis("split")


def attributes(split: Split) -> pd.DataFrame:
    """The attributes of a file, without the lists that stand elsewhere."""
    kept = {name: value for name, value in split.attributes.items() if not name.endswith(("columns", "units"))}
    return pairs({name: str(value) for name, value in kept.items()}, "attribute")


def counts(splits: Mapping[str, Split], column: str) -> pd.DataFrame:
    """How many circuits of each value of a column `circuit/*`, by split."""
    table = pd.DataFrame({name: pd.Series(split.circuit[column]).value_counts() for name, split in splits.items()})
    return table.fillna(0).astype(int).sort_index().rename_axis(column)


def target_statistics(split: Split) -> pd.DataFrame:
    """Mean, deviation, quartiles and extremes of the six targets in original units."""
    table = pd.DataFrame(split.targets, columns=list(TARGET_NAMES)).describe().T.drop(columns="count")
    return table.assign(unit=[UNITS[name] for name in TARGET_NAMES]).rename_axis("target")


def sizes_on_disk(data: Path) -> pd.DataFrame:
    """Bytes of each split's file, in millions."""
    files = {file.parent.name: file.stat().st_size / 1e6 for file in sorted(data.glob("*/index.h5"))}
    return pairs(files, "split", "MB")


def graph_digest(x: Array, edges: Array, edge_attr: Array) -> str:
    """Twelve digits of the SHA-256 of a circuit's graph columns."""
    columns = (np.ascontiguousarray(x), np.ascontiguousarray(edges), np.ascontiguousarray(edge_attr))
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()[:12]


def graph_digests(split: Split) -> set[str]:
    """The digests of all graphs of a split."""
    return {_stored_digest(split, position) for position in range(len(split))}


def liftable_shares(split: Split) -> pd.DataFrame:
    """Share of circuits whose q is free, by family."""
    table = pd.DataFrame({name: split.circuit[name] for name in ("family", "liftable")})
    shares = table.groupby("family")["liftable"].agg(["size", "mean"])
    return shares.rename(columns={"size": "circuits", "mean": "liftable share"})


def rebuilt(split: Split, positions: list[int], bridge: CryptoBridge) -> pd.DataFrame:
    """Circuits made again from family and seed, and the digest of their graph beside that in the file."""
    rows = []
    for position in positions:
        circuit = _circuit(split, position)
        graph = _synthesized(circuit, bridge).graphs(int(circuit["security"]))
        again = graph_digest(graph["x"], np.stack([graph["edge_source"], graph["edge_target"]]), graph["edge_attr"])
        digests = [_stored_digest(split, position), again]
        rows.append([position, circuit["family"], int(circuit["seed"]), len(graph["x"]), *digests])
    table = pd.DataFrame(rows, columns=["circuit", "family", "seed", "nodes", "in the file", "rebuilt"])
    return table.assign(equal=table["in the file"] == table["rebuilt"])


def searched_again(split: Split, positions: list[int], bridge: CryptoBridge) -> pd.DataFrame:
    """The exact search on rebuilt circuits; equal if the label in the file, kept to nine decimals, agrees."""
    rows = []
    for position in positions:
        circuit = _circuit(split, position)
        choice = _synthesized(circuit, bridge).choose(int(circuit["security"]))[0]
        found = [float(choice[name]) for name in TARGET_NAMES]
        equal = bool(np.allclose(found, split.targets[position], rtol=0, atol=1e-9))
        rows.append([position, circuit["family"], int(circuit["security"]), *found, equal])
    return pd.DataFrame(rows, columns=["circuit", "family", "lambda", *TARGET_NAMES, "equal"])


def generation_rate(summary: Mapping[str, Any]) -> pd.DataFrame:
    """Time and rate of the generation; the seed document says about 933 a minute."""
    rate = {"seconds": summary["seconds"], "circuits per minute": 60 * summary["circuits_per_second"]}
    return pairs({"circuits": summary["circuits"], **rate, "seed document, circuits per minute": 933}, "generation")


def _counts(split: Split) -> dict[str, Any]:
    nodes, edges = np.diff(split.node_ptr), np.diff(split.edge_ptr)
    return {
        "circuits": len(split),
        "nodes": int(nodes.sum()),
        "edges": int(edges.sum()),
        "mean nodes": float(nodes.mean()),
        "median nodes": float(np.median(nodes)),
        "fewest nodes": int(nodes.min()),
        "most nodes": int(nodes.max()),
        "mean edges": float(edges.mean()),
        "liftable share": float(split.circuit["liftable"].mean()),
    }


def _stored_digest(split: Split, position: int) -> str:
    nodes, edges = (slice(*pointer[position : position + 2]) for pointer in (split.node_ptr, split.edge_ptr))
    return graph_digest(split.x[nodes], split.edge_index[:, edges], split.edge_attr[edges])


def _circuit(split: Split, position: int) -> dict[str, Any]:
    return {name: split.circuit[name][position] for name in ("family", "seed", "security")}


def _synthesized(circuit: Mapping[str, Any], bridge: CryptoBridge) -> Circuits:
    return bridge.synthesize([bridge.families().index(str(circuit["family"]))], [circuit["seed"]])


def families(splits: Mapping[str, Split]) -> go.Figure:
    """Share of each circuit family, by split."""
    shares = counts(splits, "family")
    shares = shares / shares.sum()
    figure = go.Figure(
        [go.Bar(name=name, x=shares.index, y=shares[name], marker_color=SPLIT_COLOURS[name]) for name in shares]
    )
    return styled(figure, "Circuit families", "family", "share of the split", yaxis_tickformat=".0%")


def graph_sizes(splits: Mapping[str, Split]) -> go.Figure:
    """Distributions of nodes and edges of a circuit, all splits together, on logarithmic axes."""
    figure = make_subplots(1, 2, horizontal_spacing=0.12)
    for column, (name, colour) in enumerate((("node", BLUE), ("edge", ORANGE)), 1):
        sizes = np.concatenate([np.diff(getattr(split, f"{name}_ptr")) for split in splits.values()])
        figure.add_trace(log_histogram(sizes, f"{name}s", colour), 1, column)
        figure.update_xaxes(title_text=f"{name}s of a circuit", row=1, col=column, **decades(sizes))
    figure.update_yaxes(title_text="circuits", col=1)
    return styled(figure, "Sizes of the graphs", showlegend=False)


def targets(split: Split) -> go.Figure:
    """Distributions of the six targets in original units."""
    figure = make_subplots(2, 3, vertical_spacing=0.2, horizontal_spacing=0.08)
    for index, name in enumerate(TARGET_NAMES):
        row, column = index // 3 + 1, index % 3 + 1
        values = split.targets[:, index]
        logarithmic = name in LOGARITHMIC
        figure.add_trace((log_histogram if logarithmic else histogram)(values, name, BLUE), row, column)
        ticks = decades(values) if logarithmic else {}
        figure.update_xaxes(title_text=AXES[name], row=row, col=column, **ticks)
    figure.update_yaxes(title_text="circuits", col=1)
    return styled(figure, "The six targets", height=620, showlegend=False)
