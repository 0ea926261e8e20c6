"""What an answer costs: by the network, by the exact search, and by a search that calls the lattice-estimator.

The first two are timed here, one after the other; the estimator's seconds are those that `golden/timing.csv` records.

    measure_costs(network.load("checkpoints/baseline/best_model.pt"), data.read("data/quick/test"))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nexuszero.data import Graphs, Split, rebuild
from nexuszero.evaluation.golden import recorded_seconds
from nexuszero.evaluation.regret import (
    NETWORK,
    SEARCHED,
    SEARCHED_WITH_MARGIN,
    Climb,
    Regret,
)
from nexuszero.network import Checkpoint, predict, search_demand
from nexuszero.timing import Stopwatch

INSTANCE = "n~1024 q=2^27"  # of the recorded calls: next to the dataset's median


@dataclass(frozen=True)
class Costs:
    """Milliseconds a circuit of every step to an answer."""

    graph_ms: float  #: from a file that is read to its graph
    network_ms: float  #: from the graph to targets and demand
    analyse_ms: float  #: what the circuit asks, exactly
    believed_ms: float  #: the search on the predicted demand
    search_ms: float  #: the search on the exact one, with a concrete prime
    circuits: int  #: that the mean is over
    estimator_ms: float  #: one rough estimate by the lattice-estimator, as recorded

    def row(self) -> dict[str, Any]:
        """The JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Way:
    """A way of answering, and what one answer takes."""

    way: str
    milliseconds: float

    @property
    def hours_for_a_million(self) -> float:
        """Of a million answers, one after the other."""
        return self.milliseconds * 1e6 / 3.6e6


def measure_costs(model: Checkpoint, split: Split) -> Costs:
    """Times every step for a whole split at once; files are not read."""
    watch = Stopwatch()
    for level, _, circuits in rebuild(split):
        with watch.timed("graph_ms"):
            graphs = Graphs.from_columns(circuits.graphs(level))
        with watch.timed("network_ms"):
            prediction = predict(model, graphs)
        with watch.timed(
            "analyse_ms"
        ):  # kept by the library, so what follows does not pay for it
            circuits.analyse()
        with watch.timed("believed_ms"):
            search_demand(circuits, level, prediction.demand, prediction.targets)
        with watch.timed("search_ms"):
            circuits.choose(level)
    each = {step: total / len(split) for step, total in watch.milliseconds.items()}
    return Costs(
        **each, circuits=len(split), estimator_ms=1e3 * recorded_seconds(INSTANCE)
    )


def answer_milliseconds(costs: Costs) -> dict[str, float]:
    """Of one answer by model, from a file that is read to proposed values."""
    network = costs.graph_ms + costs.network_ms
    searched = network + costs.believed_ms
    return {NETWORK: network, SEARCHED: searched, SEARCHED_WITH_MARGIN: searched}


def milliseconds_each(answer: Callable[[Graphs], object], split: Split) -> float:
    """Milliseconds a circuit of answering a whole split, whose graphs are in memory."""
    watch = Stopwatch()
    answer(split)
    watch.stop("answer")
    return watch.milliseconds["answer"] / len(split)


def pays(costs: Costs, rows: Sequence[Regret]) -> list[Way]:
    """Milliseconds of one answer by way of answering; ``rows`` are those of one model."""
    call = costs.estimator_ms
    network = answer_milliseconds(costs)[SEARCHED]
    cold = call * _mean(_calls(row.cold) for row in rows)
    warm = call * _mean(_calls(row.warm) for row in rows)
    return [
        Way("the network, then search", network),
        Way(
            "the exact search (checked, with a concrete prime)",
            costs.analyse_ms + costs.search_ms,
        ),
        Way(
            "the estimator, every candidate",
            call * _mean(row.candidates for row in rows),
        ),
        Way("the estimator, uphill from the smallest q", cold),
        Way("the estimator, uphill from the network's answer", network + warm),
    ]


def _calls(climb: Climb | None) -> int:
    """Evaluations of an uphill search; where q is the field's prime only widths are left to try."""
    return climb.evaluations if climb else 1


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
