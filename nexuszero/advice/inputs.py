"""Which widths of inputs would let a circuit lift, by trying them: the fewest inputs, then the largest widths.

A width of a private input is an assumption until `nexuszero constrain` adds its check; one of a public input is part of
the statement (labels.md, section 1.7).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nexuszero.crypto import (
    REASONS,
    Analysis,
    Choice,
    Circuits,
    CryptoBridge,
    declarations,
    labels,
    widths,
    wire_names,
)
from nexuszero.errors import InputError

HINDERING = [
    REASONS.index(reason) for reason in ("free", "roots", "broad", "large", "derived")
]
DERIVED = REASONS.index("derived")
MOST_TRIED = (
    20_000  # constraints up to which a circuit is analysed some hundred times unasked
)
SHOWN = 5  # hints in words
SPARE_BITS = 2  # of the field that a width leaves


@dataclass(frozen=True)
class Input:
    """An input of the circuit: a signal, or an array of them."""

    name: str  #: a pattern for `--bounds`
    wires: tuple[int, ...]
    public: bool
    bits: int = 1  #: of the width that it may have at most


@dataclass(frozen=True)
class Help:
    """What would let a circuit lift."""

    inputs: tuple[Input, ...]  #: the fewest whose widths suffice; empty where none do
    size: (
        int | None
    )  #: bytes of a proof with the largest widths, None where no parameters are sound
    smallest: int | None  #: the same if all of them were bits
    security: int
    bits: int | None  #: of the largest value with the largest widths
    unbounded_hints: tuple[
        str, ...
    ]  #: wires that do not follow from the inputs, and that no constraint bounds
    own_form: bool = False  #: whether that is so of the form of our own alone

    def row(self) -> dict[str, Any]:
        """The JSON object."""
        inputs = [
            {
                "name": one.name,
                "width": f"u{one.bits}",
                "wires": len(one.wires),
                "public": one.public,
            }
            for one in self.inputs
        ]
        return {
            "inputs": inputs,
            "bits": self.bits,
            "security": self.security,
            "proof_size": self.size,
            "proof_size_of_bits": self.smallest,
            "own_form": self.own_form,
            "unbounded_hints": list(self.unbounded_hints),
        }

    def lines(self) -> list[str]:
        """The same for a terminal."""
        lines = []
        if self.unbounded_hints:
            shown = ", ".join(self.unbounded_hints[:SHOWN]) + ", .." * (
                len(self.unbounded_hints) > SHOWN
            )
            lines.append(
                f"hints that no range bounds and no constraint computes: {shown}"
            )
            lines.append(
                "  an error of the circuit, unless several constraints fix them together"
            )
        if not self.inputs:
            return [
                *lines,
                "no widths of inputs let it lift: what the circuit computes of them fills the field",
            ]
        entries = ",".join(f"{one.name}=u{one.bits}" for one in self.inputs)
        lines.append(
            f"it would lift with widths of {len(self.inputs)} inputs, at most: --bounds '{entries}'"
        )
        if self.own_form:
            lines.append(
                "  in the form of our own, which `nexuszero simplify` writes with the same --bounds"
            )
        if self.size is not None and self.smallest is not None:
            lines.append(
                f"  a proof at {self.security} bits then has {self.size:,} bytes; {self.smallest:,} if all were bits"
            )
        if any(not one.public for one in self.inputs):
            lines.append(
                "  nothing checks a private input's width: `nexuszero constrain` adds range checks for it"
            )
        return lines


def widths_that_help(
    bridge: CryptoBridge,
    file: Path,
    circuit: Analysis,
    bounds: str | None,
    security: int = 128,
) -> Help | None:
    """The fewest inputs whose widths would let a circuit lift, and the largest such widths; some hundred analyses.

    Args:
        bridge: the library.
        file: the circuit; names come from the `.sym` file beside it.
        circuit: what it asks.
        bounds: widths that are declared already.
        security: bits, for the sizes of proofs.

    Returns:
        None where the circuit lifts, nothing satisfies it, or nothing is left to prove.
    """
    if circuit.liftable or circuit.unsatisfiable or circuit.empty:
        return None
    plain = bridge.read([file])
    declared = (
        {} if bounds is None else widths(declarations(bounds), file, circuit.wires)
    )
    wires, _ = bridge.with_widths(plain, [declared]).explain(0)
    hindered = set(np.flatnonzero(np.isin(wires["reason"], HINDERING)).tolist())
    names = _usable_names(file, circuit)
    every = _inputs(names, circuit)
    hints = _undetermined(
        plain, {wire for one in every for wire in one.wires}, hindered
    )
    hints -= set(
        np.flatnonzero(wires["reason"] == DERIVED).tolist()
    )  # what follows from one of them
    inputs = [one for one in every if hindered & set(one.wires)]

    own_form = False

    def bounded(tried: Mapping[Input, int]) -> Circuits:
        more = {
            wire: f"u{bits}"
            for one, bits in tried.items()
            for wire in one.wires
            if wire not in declared
        }
        found = bridge.with_widths(plain, [{**declared, **more}])
        return bridge.simplify(found, 0) if own_form else found

    def lifts(tried: Mapping[Input, int]) -> bool:
        return bounded(tried).analyses([str(file)])[0].liftable

    most = circuit.field_bits - SPARE_BITS
    narrow = dict.fromkeys(inputs, 1)
    own_form = bool(inputs) and not lifts(narrow)
    if not inputs or (own_form and not lifts(narrow)):
        return Help((), None, None, security, None, _named(names, hints, circuit))
    for one in sorted(inputs, key=lambda one: len(one.wires), reverse=True):
        fewer = {other: bits for other, bits in narrow.items() if other != one}
        if lifts(fewer):
            narrow = fewer

    common = _largest(lambda bits: lifts(dict.fromkeys(narrow, bits)), 1, most)
    widest = dict.fromkeys(narrow, common)
    for one in narrow:

        def holds(bits: int, one: Input = one) -> bool:
            return lifts(widest | {one: bits})

        widest[one] = _largest(holds, widest[one], most)

    found = bounded(widest)
    return Help(
        inputs=tuple(
            Input(one.name, one.wires, one.public, bits) for one, bits in widest.items()
        ),
        size=_size(found, security),
        smallest=_size(bounded(narrow), security),
        security=security,
        bits=found.analyses([str(file)])[0].bits,
        unbounded_hints=_named(names, hints, circuit),
        own_form=own_form,
    )


def _usable_names(file: Path, circuit: Analysis) -> Path | None:
    """The `.sym` file beside the circuit, None where there is none or it is of another."""
    names = file.with_suffix(".sym")
    try:
        return (
            names if sum(1 for _ in wire_names(names, circuit.wires)) else None
        )  # every line is read
    except InputError:
        return None


def _inputs(names: Path | None, circuit: Analysis) -> list[Input]:
    """The circuit's inputs, arrays together; circom gives its first labels to outputs, then inputs."""
    first_input = 1 + circuit.public_outputs
    first_private = first_input + circuit.public_inputs
    last = first_private + circuit.private_inputs
    groups: dict[str, list[int]] = {}
    for label, (wire, name) in enumerate(
        () if names is None else wire_names(names, circuit.wires), 1
    ):
        if label >= last:
            break
        if label >= first_input and wire > 0:
            groups.setdefault(re.sub(r"\[\d+\]", "[*]", name), []).append(wire)
    if not groups:  # no names: a wire each
        groups = {
            str(wire): [wire] for wire in range(first_input, min(last, circuit.wires))
        }
    return [
        Input(name, tuple(wires), wires[0] < first_private)
        for name, wires in groups.items()
    ]


def _undetermined(
    circuits: Circuits, inputs: Collection[int], wide: Collection[int]
) -> set[int]:
    """Wide wires that do not follow from the inputs, constraint by constraint: hints with values to choose from.

    A constraint that knows one of its wires gives the last unknown one, and all of them where none is wide: bits of a
    known number. One of a single term gives a constant.
    """
    wires, constraints = circuits.edges(0)
    terms, uses_within = np.unique(
        np.stack([constraints, wires]), axis=1, return_counts=True
    )  # [2, pairs], [pairs]
    unknown = set(wires.tolist())
    open_wires: dict[int, set[int]] = {}
    uses: dict[int, list[int]] = {}
    for constraint, wire in zip(*terms.tolist(), strict=True):
        open_wires.setdefault(constraint, set()).add(wire)
        uses.setdefault(wire, []).append(constraint)

    alone = np.bincount(terms[0])[terms[0]] == 1
    due = [*inputs, *terms[1][alone & (uses_within == 1)].tolist()]
    while due:
        wire = due.pop()
        if wire not in unknown:
            continue
        unknown.remove(wire)
        for constraint in uses[wire]:
            left = open_wires[constraint]
            left.discard(wire)
            if len(left) == 1 or left.isdisjoint(wide):
                due.extend(left)
    return unknown.intersection(wide)


def _named(
    names: Path | None, wires: Collection[int], circuit: Analysis
) -> tuple[str, ...]:
    known = {} if names is None else labels(names, wires, circuit.wires)
    return tuple(known.get(wire, f"wire {wire}") for wire in sorted(wires))


def _largest(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The largest number up to ``high`` that holds, if those from ``low`` on hold up to some point."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _size(circuits: Circuits, security: int) -> int | None:
    choice = circuits.choices(security)[0]
    return choice.proof_size if isinstance(choice, Choice) else None
