"""What a network that reads the circuit has to beat: models of a few numbers a circuit, on the same rows.

Their numbers cost no more than reading the file. One model more is given what only the exact analysis knows, the bits
of the values and the heights: what it leaves, no reader of graphs can win back.

    fit_baselines(data.read("data/quick/train"), seed=42)["boosting"](data.read("data/quick/test"))
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from nexuszero.data import (
    CIRCUIT_CONSTANTS,
    TARGETS,
    Array,
    Graphs,
    Split,
    Standardiser,
)

ROUNDS = 300  # of boosting, trees of 31 leaves (scikit-learn's default)
GIVEN = "boosting, given the truth"  # sees what only the exact analysis knows
Answer = Callable[[Any], Array]  # of Graphs; what is given the truth, of a Split


def fit_baselines(train: Split, seed: int) -> dict[str, Answer]:
    """Each baseline, fitted: from a split to its predictions, ``[circuits, 6]`` in original units."""
    units = Standardiser.fit(train.targets)
    linear, boosting = _models(seed)
    return {
        "mean": lambda split: units.inverse(np.zeros((len(split), TARGETS))),
        "linear": _fit(linear, statistics, train, units),
        "boosting": _fit(boosting, statistics, train, units),
        GIVEN: _fit(boosting, truth, train, units),
    }


def statistics(split: Graphs) -> Array:
    """Graph statistics, ``[circuits, 47]``: constants, log counts, log sums and maxima of node and edge features."""
    nodes = np.diff(split.node_ptr).clip(1)
    edges = np.diff(split.edge_ptr).clip(1)
    sums, maxima = _pooled(split.x, split.node_ptr)
    edge_sums, edge_maxima = _pooled(split.edge_attr, split.edge_ptr)
    constants = maxima[:, CIRCUIT_CONSTANTS]  # equal over a circuit
    counts = np.log2(np.stack([nodes, edges], axis=1))
    return np.hstack(
        [constants, counts, sums, maxima, edge_sums, edge_maxima, sums / nodes[:, None]]
    )


def truth(split: Split) -> Array:
    """What the circuit asks, by the exact analysis, with field and lambda: ``[circuits, 10]``."""
    field_and_level = np.stack(
        [split.circuit["field_bits"], split.circuit["security"]], axis=1
    )
    return np.hstack([split.demand.array, field_and_level])


def _models(seed: int) -> tuple[Any, Any]:
    """A linear model and boosting, not fitted; scikit-learn is half of the import, and a summary fits nothing."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    linear = make_pipeline(StandardScaler(), LinearRegression())
    boosting = MultiOutputRegressor(
        HistGradientBoostingRegressor(max_iter=ROUNDS, random_state=seed)
    )
    return linear, boosting


def _fit(
    model: Any, columns: Callable[[Any], Array], train: Split, units: Standardiser
) -> Answer:
    from sklearn.base import clone

    fitted = clone(model).fit(columns(train), units.transform(train.targets))
    return partial(_predict, fitted, columns, units)


def _predict(
    model: Any, columns: Callable[[Any], Array], units: Standardiser, split: Graphs
) -> Array:
    return units.inverse(model.predict(columns(split)))


def _pooled(values: Array, pointer: Array) -> tuple[Array, Array]:
    """Log of one more than the sums, and the maxima, of the rows of each circuit; zeros where it has none."""
    some = np.diff(pointer) > 0
    starts = pointer[:-1][some]
    sums = np.zeros((len(some), values.shape[1]))
    maxima = np.zeros_like(sums)
    sums[some] = np.add.reduceat(values.astype(np.float64), starts)
    maxima[some] = np.maximum.reduceat(values, starts)
    return np.log1p(np.maximum(sums, 0)), maxima
