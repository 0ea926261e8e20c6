"""What a network that reads the circuit has to beat: models of a few numbers a circuit, on the same rows.

Their numbers cost no more than reading the file. One model more is given what only the exact analysis knows, the bits
of the values and the heights: what it leaves, no reader of graphs can win back.

    fitted(data.read("data/quick/train"), seed=42)["boosting"](data.read("data/quick/test"))
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nexuszero.data import Array, Graphs, Split, Standardiser

CONSTANTS = slice(9, 12)  # columns of x that are equal over a circuit: field bits, lambda, log nodes
ROUNDS = 300  # of boosting, trees of 31 leaves (scikit-learn's default)
GIVEN = "boosting, given the truth"  # sees what only the exact analysis knows
Answer = Callable[[Any], Array]  # of Graphs; what is given the truth, of a Split


def fitted(train: Split, seed: int) -> dict[str, Answer]:
    """Each baseline, fitted: from a split to its predictions, ``[circuits, 6]`` in original units."""
    units = Standardiser.fit(train.targets)
    boosting = MultiOutputRegressor(HistGradientBoostingRegressor(max_iter=ROUNDS, random_state=seed))
    linear = make_pipeline(StandardScaler(), LinearRegression())
    found: dict[str, Answer] = {"mean": lambda split: units.inverse(np.zeros((len(split), 6)))}
    for title, model, columns in (
        ("linear", linear, statistics),
        ("boosting", boosting, statistics),
        (GIVEN, boosting, truth),
    ):
        learned = clone(model).fit(columns(train), units.transform(train.targets))
        found[title] = partial(_predict, learned, columns, units)
    return found


def _predict(model: Any, columns: Callable[[Split], Array], units: Standardiser, split: Split) -> Array:
    return units.inverse(model.predict(columns(split)))


def statistics(split: Graphs) -> Array:
    """Graph statistics, ``[circuits, 47]``: constants, log counts, log sums and maxima of node and edge features."""
    nodes, edges = (np.diff(pointer).clip(1) for pointer in (split.node_ptr, split.edge_ptr))
    sums, maxima = _pooled(split.x, split.node_ptr)
    constants = maxima[:, CONSTANTS]  # equal over a circuit
    return np.hstack([constants, np.log2(np.stack([nodes, edges], axis=1)), sums, maxima,
                      *_pooled(split.edge_attr, split.edge_ptr), sums / nodes[:, None]])  # fmt: skip


def truth(split: Split) -> Array:
    """What the circuit asks, by the exact analysis, with field and lambda: ``[circuits, 10]``."""
    return np.hstack([split.demand.array, np.stack([split.circuit["field_bits"], split.circuit["security"]], axis=1)])


def _pooled(values: Array, pointer: Array) -> tuple[Array, Array]:
    """Log of one more than the sums, and the maxima, of the rows of each circuit; zeros where it has none."""
    some = np.diff(pointer) > 0
    sums, maxima = np.zeros((2, len(some), values.shape[1]))
    sums[some] = np.add.reduceat(values.astype(np.float64), pointer[:-1][some])
    maxima[some] = np.maximum.reduceat(values, pointer[:-1][some])
    return np.log1p(np.maximum(sums, 0)), maxima
