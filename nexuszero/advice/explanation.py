"""What keeps a circuit from lifting: wires without a bound, with circom's names for them, and oversized constraints.

nexuszero analyse FILE.r1cs
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nexuszero.crypto import REASONS, Analysis, Circuits
from nexuszero.errors import InputError

HINDERING = ("free", "roots", "broad", "unsettled", "large", "derived")  # causes first, then what follows from them
SHOWN = 5


@dataclass(frozen=True)
class UnboundedWire:
    """A wire without a bound."""

    wire: int
    label: str | None  #: circom's name, None without a `.sym` file
    reason: str

    def __str__(self) -> str:
        """One line."""
        name = "" if self.label is None else f" ({self.label})"
        return f"wire {self.wire}{name}: {self.reason}"


@dataclass(frozen=True)
class Explanation:
    """Why a circuit lifts or not."""

    boolean_wires: int
    unbounded: dict[str, int]  #: wires by reason
    first: tuple[UnboundedWire, ...]  #: up to five of them
    oversized: int  #: constraints of bounded wires that exceed half the field
    worst_constraint: int | None  #: the one among them that does most
    worst_bits: int | None  #: bits that it takes

    def row(self) -> dict[str, Any]:
        """The JSON object, beside the counts of `nexuszero analyse`."""
        worst = {} if not self.oversized else {"constraint": self.worst_constraint, "bits": self.worst_bits}
        return {
            "boolean_wires": self.boolean_wires,
            "unbounded": self.unbounded,
            "first": [vars(wire) for wire in self.first],
            "oversized": {"count": self.oversized, **worst},
        }


def explain(circuits: Circuits, index: int, file: Path) -> Explanation:
    """Why circuit ``index``, read from ``file``, lifts or not, in O(wires) without a Python loop over them."""
    wires, overflow = circuits.explain(index)
    counts = np.bincount(wires["reason"], minlength=len(REASONS))
    by_reason = {name: np.flatnonzero(wires["reason"] == REASONS.index(name)) for name in HINDERING}
    first = np.concatenate(list(by_reason.values()))[:SHOWN].tolist()
    names = labels(file.with_suffix(".sym"), first, len(wires))
    oversized = int(overflow["count"])
    return Explanation(
        boolean_wires=int(counts[REASONS.index("boolean")]),
        unbounded={name: len(where) for name, where in by_reason.items() if len(where)},
        first=tuple(UnboundedWire(wire, names.get(wire), circuits.reason(wires[wire])) for wire in first),
        oversized=oversized,
        worst_constraint=int(overflow["constraint"]) if oversized else None,
        worst_bits=int(overflow["bits"]) if oversized else None,
    )


def labels(file: Path, wires: Iterable[int], count: int) -> dict[int, str]:
    """circom's names of some of ``count`` wires, from a `.sym` file (``label,wire,component,name``) if there is one."""
    wanted = set(wires)
    names: dict[int, str] = {}
    if not wanted or not file.is_file():
        return names
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            for number, line in enumerate(opened, 1):
                wire, name = _label(file, number, line, count)
                if wire in wanted:
                    names.setdefault(wire, name)
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error}); compile with --sym again, or delete it") from None
    return names


def _label(file: Path, number: int, line: str, count: int) -> tuple[int, str]:
    try:
        _, wire, _, name = line.rstrip("\n").split(",", 3)
        if not -1 <= int(wire) < count:  # -1 where circom removed the wire
            raise ValueError(wire)
        return int(wire), name
    except ValueError:
        what = f"expected label,wire,component,name of a circuit of {count} wires"
        raise InputError(f"{file}: line {number}: {what}; compile with --sym again, or delete it") from None


def describe(circuit: Analysis, why: Explanation) -> list[str]:
    """What was found, for a terminal."""
    lines = []
    if circuit.custom_gates:
        uses = f"custom gates are used {circuit.custom_gates} times"
        lines.append(f"{uses}: no constraint says what they do, so no answer covers them")
    if circuit.liftable:
        return [*lines, f"lifts: all values fit {circuit.bits} bits over the integers, so q is free"]

    lines.append("does not lift: q is the field's prime")
    if why.unbounded:
        shares = ", ".join(f"{count} {name}" for name, count in why.unbounded.items())
        lines.append(f"wires that keep it from lifting: {shares}")
        lines += [f"  {wire}" for wire in why.first]
        lines.append("  bounds on all but the derived ones (--bounds), or range checks in the circuit, may let it lift")
    if why.oversized:
        worst = f"constraint {why.worst_constraint} takes {why.worst_bits} bits"
        lines.append(f"constraints beyond half the field: {why.oversized}; {worst}")
    return lines
