"""The library against tables that others made: worst differences over the golden rows of the repository.

The tables come from malb/lattice-estimator; `labels.csv` holds worked rows of the exact search. The Rust
tests hold every row and every cost model; here are the rows of the default model, asked through Python.

    python -c "from nexuszero.golden import compare; print(compare())"
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from nexuszero.crypto import Choice, CryptoBridge, Infeasible, choose, estimate_lwe, estimate_sis
from nexuszero.paths import GOLDEN

ATTACK_OF = {
    "lwe_usvp": "usvp",
    "lwe_usvp_mixed": "usvp",
    "lwe_bdd": "bdd",
    "lwe_dual": "dual",
    "lwe_dual_hybrid": "dual_hybrid",
    "sis_l2": "sis",
}
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
    "lwe_bits",
    "sis_bits",
    "proof_size",
)


def compare(directory: Path = GOLDEN) -> pd.DataFrame:
    """Rows compared and worst absolute difference by golden table; empty where there is none."""
    bridge = CryptoBridge()
    found = {name: directory / f"{name}.csv" for name in ATTACK_OF if (directory / f"{name}.csv").is_file()}
    rows = [[name, "log2 of the cost", *_estimates(bridge, path, ATTACK_OF[name])] for name, path in found.items()]
    labels = directory / "labels.csv"
    if labels.is_file():
        rows.append(["labels", "all columns, as printed", *_labels(bridge, labels)])
    return pd.DataFrame(rows, columns=COLUMNS)


def recorded(instance: str, file: Path = GOLDEN / "timing.csv", calls: Iterable[str] = ROUGH) -> float:
    """Seconds that the lattice-estimator took for some calls together, where it was timed."""
    seconds = {(row["call"], row["instance"]): float(row["wall_s_median"]) for row in _rows(file)}
    return sum(seconds[call, instance] for call in calls)


def _estimates(bridge: CryptoBridge, path: Path, attack: str) -> tuple[int, float]:
    rows = [
        row for row in _rows(path) if row.get("cost_model", "ADPS16") == "ADPS16" and row.get("status", "ok") == "ok"
    ]
    answers = estimate_sis(bridge, rows) if attack == "sis" else estimate_lwe(bridge, rows, attack)
    pairs = zip(rows, answers, strict=True)
    return len(rows), max(abs(float(row["rop_log2"]) - (answer.bits or math.inf)) for row, answer in pairs)


def _labels(bridge: CryptoBridge, path: Path) -> tuple[int, float]:
    rows = _rows(path)
    return len(rows), max(_worst(row, answer) for row, answer in zip(rows, choose(bridge, rows), strict=True))


def _worst(row: dict[str, str], answer: Choice | Infeasible) -> float:
    """The largest difference to a golden label, as printed."""
    if isinstance(answer, Infeasible):
        return math.inf
    printed = answer.printed()
    return max(abs(float(row[name]) - float(printed[name] or 0)) for name in LABEL_NUMBERS)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
