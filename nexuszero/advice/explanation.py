"""What keeps a circuit from lifting: wires without a bound, with circom's names for them, and oversized constraints.

nexuszero analyse FILE.r1cs
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from nexuszero.crypto import REASONS, Circuits
from nexuszero.crypto.questions import Row
from nexuszero.errors import InputError

HINDERING = ("free", "roots", "broad", "unsettled", "large", "derived")  # causes first, then what follows from them
SHOWN = 5


def explain(circuits: Circuits, index: int, file: Path) -> Row:
    """Why circuit ``index``, read from ``file``, lifts or not, in O(wires) without a Python loop over them.

    Returns:
        A JSON-able row: ``boolean_wires``; ``unbounded``, the number of wires by reason; ``first``, up to five of them
        with wire, label (None without a `.sym` file) and reason; ``oversized``, the constraints of bounded wires that
        exceed half the field, with the number of the one that does most and its bits.
    """
    wires, overflow = circuits.explain(index)
    counts = np.bincount(wires["reason"], minlength=len(REASONS))
    found = {name: np.flatnonzero(wires["reason"] == REASONS.index(name)) for name in HINDERING}
    first = np.concatenate(list(found.values()))[:SHOWN].tolist()
    names = labels(file.with_suffix(".sym"), first, len(wires))
    worst = {"constraint": int(overflow["constraint"]), "bits": int(overflow["bits"])} if overflow["count"] else {}
    return {
        "boolean_wires": int(counts[REASONS.index("boolean")]),
        "unbounded": {name: len(where) for name, where in found.items() if len(where)},
        "first": [{"wire": wire, "label": names.get(wire), "reason": circuits.reason(wires[wire])} for wire in first],
        "oversized": {"count": int(overflow["count"]), **worst},
    }


def labels(file: Path, wires: Iterable[int], count: int) -> dict[int, str]:
    """circom's names of some of ``count`` wires, from a `.sym` file (``label,wire,component,name``) if there is one."""
    wanted, found = set(wires), dict[int, str]()
    if not wanted or not file.is_file():
        return found
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            for number, line in enumerate(opened, 1):
                wire, name = _label(file, number, line, count)
                if wire in wanted:
                    found.setdefault(wire, name)
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error}); compile with --sym again, or delete it") from None
    return found


def _label(file: Path, number: int, line: str, count: int) -> tuple[int, str]:
    try:
        _, wire, _, name = line.rstrip("\n").split(",", 3)
        if not -1 <= int(wire) < count:  # -1 where circom removed the wire
            raise ValueError(wire)
        return int(wire), name
    except ValueError:
        what = f"expected label,wire,component,name of a circuit of {count} wires"
        raise InputError(f"{file}: line {number}: {what}; compile with --sym again, or delete it") from None


def lines(row: dict[str, Any]) -> list[str]:
    """What :func:`explain` and `nexuszero analyse` found, for a terminal."""
    told = []
    if row["custom_gates"]:
        uses = f"custom gates are used {row['custom_gates']} times"
        told.append(f"{uses}: no constraint says what they do, so no answer covers them")
    if row["liftable"]:
        return [*told, f"lifts: all values fit {row['bits']} bits over the integers, so q is free"]
    told.append("does not lift: q is the field's prime")
    if row["unbounded"]:
        shares = ", ".join(f"{count} {name}" for name, count in row["unbounded"].items())
        told.append(f"wires that keep it from lifting: {shares}")
        told += [f"  wire {one['wire']}{_named(one['label'])}: {one['reason']}" for one in row["first"]]
        told.append("  bounds on all but the derived ones (--bounds), or range checks in the circuit, may let it lift")
    if (worst := row["oversized"])["count"]:
        reach = f"constraint {worst['constraint']} takes {worst['bits']} bits"
        told.append(f"constraints beyond half the field: {worst['count']}; {reach}")
    return told


def _named(label: str | None) -> str:
    return "" if label is None else f" ({label})"
