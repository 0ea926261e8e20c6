"""Circuits as graphs, flat: the columns of all circuits after one another, with pointers to where each begins.

:class:`Graphs` is what a network reads, of any circuit. :class:`Split` adds what only the exact analysis and the search
know, and stands in one HDF5 file (:mod:`nexuszero.data.reading`).

    python -c "from nexuszero.data import read; print(read('data/quick/train'))"
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from nexuszero.crypto import SLOTS, Columns
from nexuszero.data.columns import CIRCUIT, MEANINGS, Array
from nexuszero.data.demand import Demand

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, repr=False, eq=False)
class Graphs:
    r"""Circuits without labels.

    Shapes:
        - **x** :math:`(|V|, 12)` f4, **edge_index** :math:`(2, |E|)` i4 from wire to constraint, local to the
          circuit, **edge_attr** :math:`(|E|, 5)` f4
        - **node_ptr**, **edge_ptr** :math:`(|G|+1)` i8: where each circuit begins
    """

    x: Array
    edge_index: Array
    edge_attr: Array
    node_ptr: Array
    edge_ptr: Array

    @staticmethod
    def from_columns(columns: Columns, count: int | None = None) -> Graphs:
        """The first ``count`` circuits of the library's columns, None for all."""
        node_ptr = _pointer(columns["nodes"][:count])
        edge_ptr = _pointer(columns["edges"][:count])
        nodes, edges = node_ptr[-1], edge_ptr[-1]
        ends = [columns["edge_source"][:edges], columns["edge_target"][:edges]]
        return Graphs(
            columns["x"][:nodes],
            np.stack(ends),
            columns["edge_attr"][:edges],
            node_ptr,
            edge_ptr,
        )

    def __len__(self) -> int:
        """The number of circuits."""
        return len(self.node_ptr) - 1

    def __repr__(self) -> str:
        """The sizes, not the arrays."""
        name = type(self).__name__
        return f"{name}({len(self)} circuits, {len(self.x)} nodes, {len(self.edge_attr)} edges)"


@dataclass(frozen=True, repr=False, eq=False)
class Split(Graphs):
    r"""Circuits with their labels.

    Shapes:
        - **node_bits** :math:`(|V|)` u2: bits of each node's largest value; **node_ends**
          :math:`(|V|, 2)` u2: of each wire's below zero and above; **node_rounds** :math:`(|V|)` u1: after
          how many rounds inference has them
        - **params** :math:`(|G|, 3)` f8: n, log2 q (bits), sigma
        - **metrics** :math:`(|G|, 3)` f8: security (bits), hardness (0..1), proof size (bytes)
        - **circuit**: further columns of length :math:`|G|`; **attributes**: the file's
    """

    node_bits: Array
    node_ends: Array
    node_rounds: Array
    params: Array
    metrics: Array
    circuit: dict[str, Array]
    attributes: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_file(
        cls, columns: dict[str, Array], attributes: dict[str, Any] | None = None
    ) -> Self:
        """From columns by their name in the file."""
        circuit = {
            name.removeprefix(CIRCUIT): values
            for name, values in columns.items()
            if name.startswith(CIRCUIT)
        }
        arrays = {
            name: values
            for name, values in columns.items()
            if not name.startswith(CIRCUIT)
        }
        return cls(**arrays, circuit=circuit, attributes=attributes or {})

    @property
    def targets(self) -> Array:
        """The six targets in original units, ``[circuits, 6]``."""
        return np.concatenate([self.params, self.metrics], axis=1)

    @property
    def demand(self) -> Demand:
        """What the circuits ask: a network learns from it, and is never given it."""
        free = self.circuit["liftable"].astype(float)
        heights = [_log2(self.circuit[f"height_{slots}"]) for slots in SLOTS]
        return Demand(
            free=free,
            bits=free * self.circuit["bits"],
            log2_forms=_log2(self.circuit["forms"]),
            log2_heights=np.stack(heights, axis=1),
        )

    @property
    def content_hash(self) -> str:
        """The SHA-256 of the content that the file states, or empty."""
        return str(self.attributes.get("content_sha256", ""))

    def columns(self) -> dict[str, Array]:
        """All columns by their name in the file, as :func:`nexuszero.data.write` takes them."""
        return {
            name: self.circuit[name.removeprefix(CIRCUIT)]
            if name.startswith(CIRCUIT)
            else getattr(self, name)
            for name in MEANINGS
        }


def _pointer(sizes: Array) -> Array:
    return np.concatenate([[0], sizes.cumsum()])


def _log2(counts: Array) -> Array:
    logs: Array = np.log2(np.maximum(counts, 1).astype(float))
    return logs
