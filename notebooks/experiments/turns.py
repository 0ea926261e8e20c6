"""Two things that run in turn, and the row of a benchmark that compares them.

A row has the spread (median, least, largest) of both and of their ratio, turn by turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

Work = Callable[[], object]
Row = dict[str, Any]  # a JSON object
PEAK_MEMORY = "print(*(line.split()[1] for line in open('/proc/self/status') if line[:5] == 'VmHWM'))"  # kB, its own


def turns(what: str, ours: Work, other: Work, repeats: int, **more: Any) -> Row:
    """Seconds of both, one after the other; a first turn is not counted."""
    times = [(seconds(ours), seconds(other)) for _ in range(repeats + 1)][1:]
    return compared(
        what, [pair[0] for pair in times], [pair[1] for pair in times], **more
    )


def compared(
    what: str, ours: Sequence[float], other: Sequence[float], **more: Any
) -> Row:
    """A row: spreads of both series of seconds and of ``other / ours``; ``target`` is the least median ratio."""
    ratio = spread(b / a for a, b in zip(ours, other, strict=True))
    row = {
        "what": what,
        "ours": spread(ours),
        "other": spread(other),
        "ratio": ratio,
        **more,
    }
    if "target" in more:
        row["met"] = ratio["median"] >= more["target"]
    return row


def spread(values: Iterable[float]) -> dict[str, float]:
    """Median, least and largest."""
    kept = list(values)
    return {"median": float(np.median(kept)), "min": min(kept), "max": max(kept)}


def figure(
    value: float, unit: str, least: float | None = None, most: float | None = None
) -> Row:
    """A figure of its own with its target, beside the ratio."""
    met = (least is None or value >= least) and (most is None or value <= most)
    return {
        "value": value,
        "unit": unit,
        "least": least,
        "most": most,
        "met": bool(met),
    }


def seconds(work: Work) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def often(work: Work, count: int) -> None:
    """The same work several times."""
    for _ in range(count):
        work()
