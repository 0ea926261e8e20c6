"""Where a circuit's bytes come from, by component: the path of circom's names, arrays of components together.

A constraint belongs to the innermost component that has a name for each of its wires. A proof's length follows from the
distinct private forms, so a component's share of them is its share of the proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nexuszero.crypto import Analysis, Choice, Circuits, CryptoBridge, wire_names
from nexuszero.errors import InputError

LEAST_SHARE = 0.02  # of the constraints that a component has which is looked at
MOST_SHOWN = 24


@dataclass(frozen=True)
class Component:
    """A component with all that is in it, and what is left without it."""

    name: str  #: its path, `[*]` for an array of them
    constraints: int
    forms: int
    share: float  #: of the circuit's distinct private forms
    liftable: bool  #: whether it lifts alone
    proof_size: int | None  #: bytes alone; None where no parameters are sound
    rest: int | None  #: bytes of the rest; None likewise, or where nothing is left
    rest_liftable: bool

    def row(self) -> dict[str, Any]:
        """The JSON object."""
        return asdict(self)


def components(
    bridge: CryptoBridge,
    circuits: Circuits,
    index: int,
    circuit: Analysis,
    file: Path,
    security: int,
) -> list[Component]:
    """The components of one circuit that have a share worth telling, outer ones first.

    Args:
        bridge: the library.
        circuits: the library's circuits.
        index: the place of this one among them.
        circuit: what it asks.
        file: where it was read from; a `.sym` file beside it has circom's names.
        security: bits, for the sizes of proofs.

    Raises:
        InputError: there is no `.sym` file.
    """
    names = file.with_suffix(".sym")
    if not names.is_file():
        raise InputError(
            f"{names}: no such file; components go by circom's names: compile with --sym"
        )
    owners, paths = _owners(circuits, index, circuit, names)
    if circuit.unsatisfiable:
        return []

    found = []
    for path in _worth_telling(owners, paths):
        inside = np.array([_is_within(one, path) for one in paths])[owners]
        part = bridge.part(circuits, index, inside)
        rest = bridge.part(circuits, index, ~inside)
        own, left = part.analyses([path])[0], rest.analyses([path])[0]
        found.append(
            Component(
                name=path,
                constraints=int(inside.sum()),
                forms=own.forms,
                share=own.forms / max(circuit.forms, 1),
                liftable=own.liftable,
                proof_size=_size(part, own, security),
                rest=_size(rest, left, security),
                rest_liftable=left.liftable,
            )
        )
    return found


def table(found: Sequence[Component]) -> list[str]:
    """Lines for a terminal."""
    width = max((len(one.name) for one in found), default=9)
    lines = [
        f"{'component':{width}}  {'constraints':>11} {'forms':>9}  share  lifts  {'bytes alone':>12}  bytes of the rest"
    ]
    for one in found:
        alone, rest = (
            "-" if size is None else f"{size:,}" for size in (one.proof_size, one.rest)
        )
        free = " (q free)" if one.rest_liftable and one.rest is not None else ""
        lifts = "yes" if one.liftable else "no"
        counts = f"{one.constraints:>11,} {one.forms:>9,} {one.share:>6.1%}"
        lines.append(
            f"{one.name:{width}}  {counts}  {lifts:>5}  {alone:>12}  {rest}{free}"
        )
    return lines


def _owners(
    circuits: Circuits, index: int, circuit: Analysis, names: Path
) -> tuple[NDArray[np.int64], list[str]]:
    """The component of each constraint, ``[constraints]``, as a place in the paths, which ascend by depth."""
    by_wire: dict[int, set[str]] = {}
    for wire, name in wire_names(names, circuit.wires):
        if wire > 0:
            by_wire.setdefault(wire, set()).add(
                re.sub(r"\[\d+\]", "[*]", name.rpartition(".")[0])
            )
    every = {
        path for known in by_wire.values() for own in known for path in _ancestors(own)
    } | {"main"}
    paths = sorted(every, key=lambda path: (path.count("."), path))
    place = {path: number for number, path in enumerate(paths)}

    # sets of components as the bits of a number: the innermost one that wires share is the highest bit they share
    own = {path: sum(1 << place[one] for one in _ancestors(path)) for path in every}
    seen = {
        wire: reduce(or_, map(own.__getitem__, known))
        for wire, known in by_wire.items()
    }
    everything = (1 << len(paths)) - 1
    shared = [everything] * circuit.constraints
    for wire, constraint in zip(
        *map(np.ndarray.tolist, circuits.edges(index)), strict=True
    ):
        shared[constraint] &= seen.get(wire, everything)
    return np.array(
        [0 if bits == everything else bits.bit_length() - 1 for bits in shared], int
    ), paths


def _ancestors(path: str) -> Iterable[str]:
    """A path and those of the components around it."""
    parts = path.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _is_within(path: str, outer: str) -> bool:
    return path == outer or path.startswith(f"{outer}.")


def _worth_telling(owners: NDArray[np.int64], paths: list[str]) -> list[str]:
    """Components with a share of the constraints, but those that hold what the one around them holds."""
    own = np.bincount(owners, minlength=len(paths))
    total = {
        path: int(
            sum(
                own[number] for number, one in enumerate(paths) if _is_within(one, path)
            )
        )
        for path in paths
    }
    shares = {
        path: count
        for path, count in total.items()
        if count >= LEAST_SHARE * len(owners)
        and count
        and total.get(path.rpartition(".")[0]) != count
    }
    largest = sorted(shares, key=lambda path: -shares[path])[:MOST_SHOWN]
    return sorted(
        largest, key=lambda path: [(-total[one], one) for one in _ancestors(path)]
    )


def _size(circuits: Circuits, circuit: Analysis, security: int) -> int | None:
    """Bytes of a proof; None where there is none, or nothing is left to prove."""
    choice = None if circuit.empty else circuits.choices(security)[0]
    return choice.proof_size if isinstance(choice, Choice) else None
