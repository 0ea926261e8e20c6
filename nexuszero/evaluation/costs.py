"""What an answer costs: by the network, by the exact search, and by a search that calls the lattice-estimator.

The first two are timed here, one after the other; the estimator's seconds are those that `golden/timing.csv` records.

    costs(network.load("checkpoints/baseline/best_model.pt"), data.read("data/quick/test"))
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from nexuszero.data import Graphs, Split, rebuild
from nexuszero.evaluation.golden import recorded
from nexuszero.evaluation.regret import Row
from nexuszero.network import Checkpoint, predict, search_demand

INSTANCE = "n~1024 q=2^27"  # of the recorded calls: next to the dataset's median


def costs(model: Checkpoint, split: Split) -> Row:
    """Milliseconds a circuit of every step to an answer, for a whole split at once; files are not read."""
    spent: defaultdict[str, float] = defaultdict(float)
    for level, _, circuits in rebuild(split):
        with _timed(spent, "graph_ms"):
            graphs = Graphs.from_columns(circuits.graphs(level))
        with _timed(spent, "network_ms"):
            prediction = predict(model, graphs)
        with _timed(spent, "analyse_ms"):  # kept by the library, so what follows does not pay for it
            circuits.analyse()
        with _timed(spent, "believed_ms"):
            search_demand(circuits, level, prediction.demand, prediction.targets)
        with _timed(spent, "search_ms"):
            circuits.choose(level)
    each = {name: ms / len(split) for name, ms in spent.items()}
    return {**each, "circuits": len(split), "estimator_ms": 1e3 * recorded(INSTANCE)}


@contextmanager
def _timed(spent: defaultdict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    spent[name] += 1e3 * (time.perf_counter() - start)


def milliseconds(spent: Row) -> dict[str, float]:
    """Of one answer, from a file that is read to proposed values: the network's and the search's on its beliefs."""
    own = spent["graph_ms"] + spent["network_ms"]
    searched = own + spent["believed_ms"]
    return {
        "network": own,
        "network, then search": searched,
        "network, then search, with a margin": searched,
    }


def timed(answer: Callable[[Graphs], object], split: Split) -> float:
    """Milliseconds a circuit of answering a whole split, whose graphs are in memory."""
    start = time.perf_counter()
    answer(split)
    return 1e3 * (time.perf_counter() - start) / len(split)


def pays(spent: Row, rows: Sequence[Row]) -> list[Row]:
    """Milliseconds of one answer and hours of a million, by way of answering; ``rows`` are of one model's regret."""
    call = spent["estimator_ms"]
    network = milliseconds(spent)["network, then search"]
    ways = {
        "the network, then search": network,
        "the exact search (checked, with a concrete prime)": spent["analyse_ms"] + spent["search_ms"],
        "the estimator, every candidate": call * _mean(row["candidates"] for row in rows),
        "the estimator, uphill from the smallest q": call * _mean(_calls(row, "cold") for row in rows),
        "the estimator, uphill from the network's answer": network + call * _mean(_calls(row, "warm") for row in rows),
    }
    return [{"way": way, "milliseconds": ms, "hours for a million": ms * 1e6 / 3.6e6} for way, ms in ways.items()]


def _calls(row: Row, start: str) -> int:
    return row[start]["evaluations"] if row["free"] else 1


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
