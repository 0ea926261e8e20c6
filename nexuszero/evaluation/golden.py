"""The library against tables that others made: worst differences over the golden rows of the repository.

The tables come from malb/lattice-estimator; `schemes.csv` holds the named schemes of its gallery, `labels.csv` worked
rows of the exact search. The Rust tests hold every row and every cost model; here are the rows of the default model,
asked through Python.

    python -c "from nexuszero.evaluation import compare_golden; print(compare_golden())"
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from nexuszero.crypto import (
    Choice,
    CryptoBridge,
    Estimate,
    Infeasible,
    choose,
    estimate_lwe,
    estimate_sis,
)
from nexuszero.paths import GOLDEN

COST = "log2 of the cost"
AS_PRINTED = "all columns, as printed"
ROUGH = ("usvp ADPS16", "dual_hybrid (rough)")  # one module's security
COLUMNS = ["table", "compared", "rows", "worst_difference"]
LABEL_NUMBERS = (
    "n",
    "log2_q",
    "sigma",
    "ord",
    "k",
    "kappa",
    "l",
    "D",
    "g",
    "Gamma",
    "nlin",
    "w",
    "T",
    "j",
    "s",
    "s1",
    "lwe_bits",
    "sis_bits",
    "proof_size",
)
Row = dict[str, str]  # of a CSV file


class Agreement(NamedTuple):
    """Rows compared, and the worst absolute difference."""

    rows: int
    worst_difference: float


def compare_golden(directory: Path = GOLDEN) -> pd.DataFrame:
    """Rows compared and worst absolute difference by golden table; empty where there is none."""
    bridge = CryptoBridge()
    rows = []
    for table, (compared, compare) in TABLES.items():
        file = directory / f"{table}.csv"
        if file.is_file():
            rows.append([table, compared, *compare(bridge, _read(file))])
    return pd.DataFrame(rows, columns=COLUMNS)


def recorded_seconds(
    instance: str, file: Path = GOLDEN / "timing.csv", calls: Iterable[str] = ROUGH
) -> float:
    """Seconds that the lattice-estimator took for some calls together, where it was timed."""
    seconds = {
        (row["call"], row["instance"]): float(row["wall_s_median"])
        for row in _read(file)
    }
    return sum(seconds[call, instance] for call in calls)


def _lwe(attack: str, bridge: CryptoBridge, rows: list[Row]) -> Agreement:
    kept = _default_model(rows)
    return _agreement(
        [row["rop_log2"] for row in kept], estimate_lwe(bridge, kept, attack)
    )


def _sis(bridge: CryptoBridge, rows: list[Row]) -> Agreement:
    kept = _default_model(rows)
    return _agreement([row["rop_log2"] for row in kept], estimate_sis(bridge, kept))


def _schemes(bridge: CryptoBridge, rows: list[Row]) -> Agreement:
    """Named schemes, by primal uSVP."""
    instances = [
        row | {"sigma_s": row["stddev_s"], "sigma_e": row["stddev_e"]} for row in rows
    ]
    return _agreement(
        [row["rop_log2_adps16"] for row in rows],
        estimate_lwe(bridge, instances, "usvp"),
    )


def _labels(bridge: CryptoBridge, rows: list[Row]) -> Agreement:
    choices = choose(bridge, rows)
    return Agreement(
        len(rows),
        max(
            _label_difference(row, answer)
            for row, answer in zip(rows, choices, strict=True)
        ),
    )


def _label_difference(row: Row, answer: Choice | Infeasible) -> float:
    """The largest difference to a golden label, as printed."""
    if isinstance(answer, Infeasible) or not row["proof_size"]:
        agree = isinstance(answer, Infeasible) and not row["proof_size"]
        return 0.0 if agree else math.inf
    printed = answer.printed()
    return max(
        abs(float(row[name]) - float(printed[name] or 0)) for name in LABEL_NUMBERS
    )


def _default_model(rows: list[Row]) -> list[Row]:
    """Rows of the cost model ADPS16 whose attack works."""
    return [
        row
        for row in rows
        if row.get("cost_model", "ADPS16") == "ADPS16"
        and row.get("status", "ok") == "ok"
    ]


def _agreement(golden: Sequence[str], estimates: Sequence[Estimate]) -> Agreement:
    """Of the logarithms of costs; an attack that works in the table alone differs by infinity."""
    pairs = zip(golden, estimates, strict=True)
    return Agreement(
        len(golden),
        max(abs(float(bits) - (answer.bits or math.inf)) for bits, answer in pairs),
    )


def _read(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


TABLES: dict[str, tuple[str, Callable[[CryptoBridge, list[Row]], Agreement]]] = {
    "lwe_usvp": (COST, partial(_lwe, "usvp")),
    "lwe_usvp_mixed": (COST, partial(_lwe, "usvp")),
    "lwe_bdd": (COST, partial(_lwe, "bdd")),
    "lwe_dual": (COST, partial(_lwe, "dual")),
    "lwe_dual_hybrid": (COST, partial(_lwe, "dual_hybrid")),
    "sis_l2": (COST, _sis),
    "schemes": (COST, _schemes),
    "labels": (AS_PRINTED, _labels),
}
