"""The dataset in tables and figures: what a file holds, how circuits and targets are distributed (notebook 05)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nexuszero.crypto import Circuits, CryptoBridge
from nexuszero.data import MEANINGS, TARGET_NAMES, Array, Generation, Graphs, Split
from nexuszero.report.style import (
    AXES,
    BLUE,
    LOGARITHMIC,
    ORANGE,
    SPLIT_COLOURS,
    UNITS,
    decades,
    grid_place,
    histogram,
    log_histogram,
    pairs,
    styled,
)

SEED_DOCUMENT_RATE = 933  # circuits a minute


# What a file holds


def schema(split: Split) -> pd.DataFrame:
    """Columns of a file with type, shape and meaning."""
    rows = [
        {
            "column": name,
            "type": str(column.dtype),
            "shape": " x ".join(map(str, column.shape)),
            "meaning": MEANINGS[name],
        }
        for name, column in split.columns().items()
    ]
    return pd.DataFrame(rows)


def attributes(split: Split) -> pd.DataFrame:
    """The attributes of a file, without the lists that stand elsewhere."""
    texts = {
        name: str(value)
        for name, value in split.attributes.items()
        if not name.endswith(("columns", "units"))
    }
    return pairs(texts, "attribute")


def sizes_on_disk(data: Path) -> pd.DataFrame:
    """Bytes of each split's file, in millions."""
    megabytes = {
        file.parent.name: file.stat().st_size / 1e6
        for file in sorted(data.glob("*/index.h5"))
    }
    return pairs(megabytes, "split", "MB")


def generation_rate(generation: Generation) -> pd.DataFrame:
    """Time and rate of the generation, beside the seed document's."""
    values = {
        "circuits": generation["circuits"],
        "seconds": generation["seconds"],
        "circuits per minute": 60 * generation["circuits_per_second"],
        "seed document, circuits per minute": SEED_DOCUMENT_RATE,
    }
    return pairs(values, "generation")


# How circuits and targets are distributed


def overview(splits: Mapping[str, Split]) -> pd.DataFrame:
    """Counts and sizes of graphs by split."""
    return pd.DataFrame(
        {name: _sizes(split) for name, split in splits.items()}
    ).T.rename_axis("split")


def _sizes(split: Split) -> dict[str, float]:
    nodes = np.diff(split.node_ptr)  # [circuits]
    edges = np.diff(split.edge_ptr)
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


def counts(splits: Mapping[str, Split], column: str) -> pd.DataFrame:
    """How many circuits of each value of a column `circuit/*`, by split."""
    table = pd.DataFrame(
        {
            name: pd.Series(split.circuit[column]).value_counts()
            for name, split in splits.items()
        }
    )
    return table.fillna(0).astype(int).sort_index().rename_axis(column)


def liftable_shares(split: Split) -> pd.DataFrame:
    """Share of circuits whose q is free, by family."""
    table = pd.DataFrame({name: split.circuit[name] for name in ("family", "liftable")})
    shares = table.groupby("family")["liftable"].agg(["size", "mean"])
    return shares.rename(columns={"size": "circuits", "mean": "liftable share"})


def target_statistics(split: Split) -> pd.DataFrame:
    """Mean, deviation, quartiles and extremes of the six targets in original units."""
    table = (
        pd.DataFrame(split.targets, columns=list(TARGET_NAMES))
        .describe()
        .T.drop(columns="count")
    )
    return table.assign(unit=[UNITS[name] for name in TARGET_NAMES]).rename_axis(
        "target"
    )


def families(splits: Mapping[str, Split]) -> go.Figure:
    """Share of each circuit family, by split."""
    shares = counts(splits, "family")
    shares = shares / shares.sum()
    figure = go.Figure()
    for name in shares:
        figure.add_trace(
            go.Bar(
                name=name,
                x=shares.index,
                y=shares[name],
                marker_color=SPLIT_COLOURS.get(name),
            )
        )
    return styled(
        figure,
        "Circuit families",
        "family",
        "share of the split",
        yaxis_tickformat=".0%",
    )


def graph_sizes(splits: Mapping[str, Split]) -> go.Figure:
    """Distributions of nodes and edges of a circuit, all splits together, on logarithmic axes."""
    nodes = np.concatenate([np.diff(split.node_ptr) for split in splits.values()])
    edges = np.concatenate([np.diff(split.edge_ptr) for split in splits.values()])
    sizes = {
        "nodes of a circuit": nodes,
        "edges of a circuit that keeps a constraint": edges[edges > 0],
    }
    figure = make_subplots(1, 2, horizontal_spacing=0.12)
    for index, (name, values) in enumerate(sizes.items()):
        place = grid_place(index, columns=2)
        figure.add_trace(log_histogram(values, name, (BLUE, ORANGE)[index]), **place)
        figure.update_xaxes(title_text=name, **place, **decades(values))
    figure.update_yaxes(title_text="circuits", col=1)
    return styled(figure, "Sizes of the graphs", showlegend=False)


def targets(split: Split) -> go.Figure:
    """Distributions of the six targets in original units."""
    figure = make_subplots(2, 3, vertical_spacing=0.2, horizontal_spacing=0.08)
    for index, name in enumerate(TARGET_NAMES):
        place = grid_place(index, columns=3)
        values = split.targets[:, index]
        logarithmic = name in LOGARITHMIC
        draw = log_histogram if logarithmic else histogram
        figure.add_trace(draw(values, name, BLUE), **place)
        figure.update_xaxes(
            title_text=AXES[name], **place, **(decades(values) if logarithmic else {})
        )
    figure.update_yaxes(title_text="circuits", col=1)
    return styled(figure, "The six targets", height=620, showlegend=False)


# That family and seed rebuild a circuit, and that its label is the search's answer


class _Circuit(NamedTuple):
    """What fixes a circuit and its label."""

    family: str
    seed: int
    security: int

    @classmethod
    def of(cls, split: Split, position: int) -> _Circuit:
        columns = split.circuit
        return cls(
            family=str(columns["family"][position]),
            seed=int(columns["seed"][position]),
            security=int(columns["security"][position]),
        )

    def synthesize(self, bridge: CryptoBridge) -> Circuits:
        """The circuit made again, alone in the library's memory."""
        return bridge.synthesize([bridge.families().index(self.family)], [self.seed])


def graph_digest(x: Array, edge_index: Array, edge_attr: Array) -> str:
    """Twelve digits of the SHA-256 of a circuit's graph columns."""
    digest = hashlib.sha256()
    for column in (x, edge_index, edge_attr):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:12]


def graph_digests(split: Graphs) -> set[str]:
    """The digests of all graphs of a split."""
    return {_digest_at(split, position) for position in range(len(split))}


def _digest_at(split: Graphs, position: int) -> str:
    nodes = slice(*split.node_ptr[position : position + 2])
    edges = slice(*split.edge_ptr[position : position + 2])
    return graph_digest(
        split.x[nodes], split.edge_index[:, edges], split.edge_attr[edges]
    )


def rebuilt(split: Split, positions: list[int], bridge: CryptoBridge) -> pd.DataFrame:
    """Circuits made again from family and seed, and the digest of their graph beside that in the file."""
    rows: list[dict[str, Any]] = []
    for position in positions:
        circuit = _Circuit.of(split, position)
        graph = Graphs.from_columns(circuit.synthesize(bridge).graphs(circuit.security))
        rows.append(
            {
                "circuit": position,
                "family": circuit.family,
                "seed": circuit.seed,
                "nodes": len(graph.x),
                "in the file": _digest_at(split, position),
                "rebuilt": _digest_at(graph, 0),
            }
        )
    table = pd.DataFrame(rows)
    return table.assign(equal=table["in the file"] == table["rebuilt"])


def searched_again(
    split: Split, positions: list[int], bridge: CryptoBridge
) -> pd.DataFrame:
    """The exact search on rebuilt circuits; equal if the label in the file, kept to nine decimals, agrees."""
    rows: list[dict[str, Any]] = []
    for position in positions:
        circuit = _Circuit.of(split, position)
        (choice,) = circuit.synthesize(bridge).choose(circuit.security)
        label = {name: float(choice[name]) for name in TARGET_NAMES}
        equal = np.allclose(
            list(label.values()), split.targets[position], rtol=0, atol=1e-9
        )
        row = {
            "circuit": position,
            "family": circuit.family,
            "lambda": circuit.security,
        }
        rows.append({**row, **label, "equal": bool(equal)})
    return pd.DataFrame(rows)
