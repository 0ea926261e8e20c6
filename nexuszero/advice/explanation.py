"""What bounds a circuit's wires, and what keeps it from lifting: wires without a bound, oversized constraints.

Wires have circom's names where a `.sym` file stands beside the circuit.

nexuszero analyse FILE.r1cs
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nexuszero.crypto import REASONS, Analysis, Circuits, labels, named
from nexuszero.errors import InputError

HINDERING = (
    "free",
    "roots",
    "broad",
    "large",
    "derived",
)  # causes first, then what follows from them
SHOWN = 5
NONE = 2**32 - 1  # where the library has no constraint to name


@dataclass(frozen=True)
class Wire:
    """What range inference says of a wire."""

    wire: int
    label: str | None  #: circom's name, None without a `.sym` file
    reason: str

    def __str__(self) -> str:
        """One line."""
        name = "" if self.label is None else f" ({self.label})"
        return f"wire {self.wire}{name}: {self.reason}"


@dataclass(frozen=True)
class BoundedWire(Wire):
    """A wire that was asked for: how many integers it can be, and which rule says so."""

    range_bits: float  #: log2 of their number
    rule: str
    constraint: int | None

    def __str__(self) -> str:
        """One line."""
        where = (
            ""
            if self.constraint is None
            else f"; last by constraint {self.constraint}, {self.rule}"
        )
        return f"{super().__str__()}, {self.range_bits:.1f} bits{where}"


@dataclass(frozen=True)
class Explanation:
    """Why a circuit lifts or not."""

    boolean_wires: int = 0
    unbounded: dict[str, int] = field(default_factory=dict)  #: wires by reason
    first: tuple[Wire, ...] = ()  #: up to five of them
    oversized: int = 0  #: constraints of bounded wires that exceed half the field
    worst_constraint: int | None = None  #: the one among them that does most
    worst_bits: int | None = None  #: bits that it takes
    asked: tuple[BoundedWire, ...] = ()  #: the wires that were asked for
    stale_names: str | None = (
        None  #: why the `.sym` file beside the circuit is not used
    )
    finding: str | None = (
        None  #: that nothing is left to prove, or that nothing satisfies the circuit
    )

    def row(self) -> dict[str, Any]:
        """The JSON object, beside the counts of `nexuszero analyse`."""
        worst = (
            {}
            if not self.oversized
            else {"constraint": self.worst_constraint, "bits": self.worst_bits}
        )
        row = {
            "boolean_wires": self.boolean_wires,
            "unbounded": self.unbounded,
            "first": [vars(wire) for wire in self.first],
            "oversized": {"count": self.oversized, **worst},
            "finding": self.finding,
            "stale_names": self.stale_names,
        }
        return row | (
            {"asked": [vars(wire) for wire in self.asked]} if self.asked else {}
        )


def explain(
    circuits: Circuits,
    circuit: Analysis,
    index: int,
    file: Path,
    asked: Sequence[str] = (),
) -> Explanation:
    """Why circuit ``index``, read from ``file``, lifts or not, in O(wires) without a Python loop over them.

    Args:
        circuits: the library's circuits.
        circuit: what this one asks.
        index: its place among them.
        file: where it was read from; a `.sym` file beside it has circom's names.
        asked: wires to tell of, by number or by circom's name.
    """
    finding = nothing_to_prove(circuits, circuit, file)
    if circuit.unsatisfiable:
        return Explanation(finding=finding)

    wires, overflow = circuits.explain(index)
    counts = np.bincount(wires["reason"], minlength=len(REASONS))
    by_reason = {
        name: np.flatnonzero(wires["reason"] == REASONS.index(name))
        for name in HINDERING
    }
    first = np.concatenate(list(by_reason.values()))[:SHOWN].tolist()
    numbers = _numbers(file, asked, len(wires))
    try:
        names, stale = (
            labels(file.with_suffix(".sym"), [*first, *numbers], len(wires)),
            None,
        )
    except InputError as error:
        names, stale = {}, f"wires have no names: {error}"
    oversized = int(overflow["count"])
    return Explanation(
        boolean_wires=int(counts[REASONS.index("boolean")]),
        unbounded={name: len(where) for name, where in by_reason.items() if len(where)},
        first=tuple(
            Wire(wire, names.get(wire), circuits.reason(wires[wire])) for wire in first
        ),
        oversized=oversized,
        worst_constraint=int(overflow["constraint"]) if oversized else None,
        worst_bits=int(overflow["bits"]) if oversized else None,
        asked=tuple(
            _bounded(circuits, wire, names.get(wire), wires[wire]) for wire in numbers
        ),
        finding=finding,
        stale_names=stale,
    )


def nothing_to_prove(circuits: Circuits, circuit: Analysis, file: Path) -> str | None:
    """One line where no constraint is left, or none can be satisfied; None elsewhere."""
    if circuit.contradiction is not None:
        found = circuit.contradiction
        rule = circuits.rule(found.rule)
        return f"nothing satisfies the circuit: constraint {found.constraint} leaves no value ({rule})"
    if not circuit.empty:
        return None
    last = circuit.last_dropped
    if last is None or last.wire == 0:
        return "nothing to prove: the circuit has no constraint that says anything"
    name = labels(file.with_suffix(".sym"), [last.wire], circuit.wires).get(last.wire)
    wire = f"wire {last.wire}" if name is None else f"wire {last.wire} ({name})"
    return (
        "nothing to prove: private wires can be chosen to fit all public values; "
        f"{wire} satisfies constraint {last.constraint}, the last one, whatever the others are"
    )


def _numbers(file: Path, asked: Sequence[str], count: int) -> list[int]:
    """The numbers of wires that are asked for by number or name."""
    names = [text for text in asked if not text.isdigit()]
    known = named(file.with_suffix(".sym"), names, count) if names else {}
    numbers = []
    for text in asked:
        number = int(text) if text.isdigit() else known.get(text)
        if number is None:
            raise InputError(
                f"{file}: no wire is called {text!r}; give a name of {file.with_suffix('.sym')}"
            )
        if number >= count:
            raise InputError(
                f"{file}: there is no wire {number}; the circuit has wires 0 to {count - 1}"
            )
        numbers.append(number)
    return numbers


def _bounded(
    circuits: Circuits, wire: int, name: str | None, record: Any
) -> BoundedWire:
    constraint = int(record["constraint"])
    return BoundedWire(
        wire=wire,
        label=name,
        reason=circuits.reason(record),
        range_bits=float(record["range_bits"]),
        rule=circuits.rule(int(record["rule"])),
        constraint=None if constraint == NONE else constraint,
    )


def describe(circuit: Analysis, why: Explanation) -> list[str]:
    """What was found, for a terminal."""
    lines = []
    if circuit.custom_gates:
        uses = f"custom gates are used {circuit.custom_gates} times"
        lines.append(
            f"{uses}: no constraint says what they do, so no answer covers them"
        )
    lines += [
        line
        for line in (why.stale_names, circuit.assumption, why.finding)
        if line is not None
    ]
    if circuit.unsatisfiable:
        return lines
    lines += [str(wire) for wire in why.asked]
    if circuit.liftable:
        return [
            *lines,
            f"lifts: all values fit {circuit.bits} bits over the integers, so q is free",
        ]

    lines.append("does not lift: q is the field's prime")
    if why.unbounded:
        shares = ", ".join(f"{count} {name}" for name, count in why.unbounded.items())
        lines.append(f"wires that keep it from lifting: {shares}")
        lines += [f"  {wire}" for wire in why.first]
        lines.append(
            "  declared widths of all but the derived ones (--bounds), or range checks in the circuit, may let it lift"
        )
    if why.oversized:
        worst = f"constraint {why.worst_constraint} takes {why.worst_bits} bits"
        lines.append(f"constraints beyond half the field: {why.oversized}; {worst}")
    return lines
