"""Declared widths of wires, as people write them (labels.md, section 1.7).

    main.in[*] = bit, main.pt[*] = u8     # circom's names, from the `.sym` file beside the circuit
    12..20 = u8, 3 = -5..5                # wires by number

A star stands for any part of one name or index, two for anything. In a file each entry may have a line of its own, and
what follows `#` or `//` is a comment; a JSON object from the same keys to widths, or to `[lo, hi]`, is read as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexuszero.crypto.symbols import wire_names
from nexuszero.errors import InputError
from nexuszero.files import check_regular

Width = str | list[int]  # what the library reads: a name, or both ends
GRAMMAR = "write NAME=WIDTH with a width of bit, uN, iN or lo..hi, e.g. 'main.in[*]=bit, main.idx=u20'"
NAMED = re.compile(r"bit|[ui][1-9][0-9]*")
ENDS = re.compile(r"(-?[0-9]{1,100})\s*\.\.\s*(-?[0-9]{1,100})")
NUMBERS = re.compile(r"([0-9]{1,20})(?:\s*\.\.\s*([0-9]{1,20}))?")
COMMENT = re.compile(r"(#|//).*")
STARS = {r"\*\*": ".*", r"\*": r"[^.\[\]]*"}


@dataclass(frozen=True)
class Declaration:
    """One entry: which wires, how wide."""

    place: str  #: where it stands: the option, or file and line
    pattern: str
    width: Width


def declarations(bounds: str) -> list[Declaration]:
    """The entries of a text, or of the file that it names.

    Raises:
        InputError: an entry is not understood, or a pattern is there twice; one line with the place.
    """
    place, text = _source(bounds)
    entries = (
        _of_json(place, text)
        if text.lstrip().startswith("{")
        else _of_lines(place, text)
    )
    found: dict[str, Declaration] = {}
    for entry in entries:
        if entry.pattern in found:
            raise InputError(
                f"{entry.place}: {entry.pattern} is there twice; leave one"
            )
        found[entry.pattern] = entry
    return list(found.values())


def widths(
    declared: Iterable[Declaration], circuit: Path | None, wires: int
) -> dict[int, Width]:
    """The wires of a circuit that entries speak of, and their widths.

    Args:
        declared: the entries.
        circuit: where it was read from; names come from the `.sym` file beside it.
        wires: how many it has, the constant one included.

    Raises:
        InputError: an entry matches no wire, or two give one wire different widths.
    """
    found: dict[int, tuple[Width, Declaration]] = {}
    entries = list(declared)
    by_name = [entry for entry in entries if not NUMBERS.fullmatch(entry.pattern)]
    named = _named(by_name, circuit, wires) if by_name else {}
    for entry in entries:
        matched = (
            named[entry.pattern] if entry.pattern in named else _numbered(entry, wires)
        )
        for wire in matched:
            width, other = found.setdefault(wire, (entry.width, entry))
            if width != entry.width:
                raise InputError(
                    f"{entry.place}: {entry.pattern} gives wire {wire} another width than {other.pattern}"
                )
    return {wire: width for wire, (width, _) in found.items()}


def _source(bounds: str) -> tuple[str, str]:
    """A name for the text in errors, and the text."""
    if "=" in bounds or bounds.lstrip().startswith("{"):
        return "--bounds", bounds
    file = Path(bounds)
    check_regular(file)
    try:
        return bounds, file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--bounds: {bounds} cannot be read ({error}); name a file, or {GRAMMAR}"
        ) from None


def _of_lines(place: str, text: str) -> Iterator[Declaration]:
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        where = place if place == "--bounds" else f"{place}, line {number}"
        for entry in filter(None, map(str.strip, COMMENT.sub("", line).split(","))):
            pattern, equals, width = map(str.strip, entry.partition("="))
            if not (pattern and equals):
                raise InputError(f"{where}: {entry!r} is not understood; {GRAMMAR}")
            yield Declaration(where, pattern, _width(where, pattern, width))


def _of_json(place: str, text: str) -> Iterator[Declaration]:
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{place}: not readable as JSON ({error}); {GRAMMAR}"
        ) from None
    for pattern, width in pairs:
        yield Declaration(place, pattern, _width(place, pattern, width))


def _width(place: str, pattern: str, width: Any) -> Width:
    """What the library reads of a width."""
    ends: list[int] | None = None
    if isinstance(width, str) and NAMED.fullmatch(width):
        return width
    if isinstance(width, str) and (match := ENDS.fullmatch(width)):
        ends = [int(end) for end in match.groups()]
    elif (
        isinstance(width, list)
        and len(width) == 2
        and all(type(end) is int for end in width)
    ):
        ends = width
    if ends is None:
        raise InputError(f"{place}: {pattern} has the width {width!r}; {GRAMMAR}")
    if ends[0] > ends[1]:
        raise InputError(
            f"{place}: {pattern} has the width {ends[0]}..{ends[1]}, which is empty; swap its ends"
        )
    return ends


def _numbered(entry: Declaration, wires: int) -> range:
    match = NUMBERS.fullmatch(entry.pattern)
    assert match is not None
    first, last = (int(match[group] or match[1]) for group in (1, 2))
    if not 1 <= first <= last < wires:
        raise InputError(
            f"{entry.place}: {entry.pattern} names no wires; the circuit has wires 1 to {wires - 1}"
        )
    return range(first, last + 1)


def _named(
    entries: list[Declaration], circuit: Path | None, wires: int
) -> dict[str, list[int]]:
    """Wires by pattern; the compiler's names may share one."""
    file = None if circuit is None else circuit.with_suffix(".sym")
    if file is None or not file.is_file():
        where = "a circuit in memory has none" if file is None else f"{file} is missing"
        remedy = "compile with --sym, or give wires by number"
        raise InputError(
            f"{entries[0].place}: {entries[0].pattern} is a name of a `.sym` file; {where}; {remedy}"
        )

    exact = {
        entry.pattern: entry.pattern for entry in entries if "*" not in entry.pattern
    }
    patterns = [
        (entry.pattern, _compiled(entry.pattern))
        for entry in entries
        if "*" in entry.pattern
    ]
    found: dict[str, list[int]] = {entry.pattern: [] for entry in entries}
    removed: set[str] = set()
    for wire, name in wire_names(file, wires):
        matching = [
            pattern for pattern, compiled in patterns if compiled.fullmatch(name)
        ]
        for pattern in matching if name not in exact else [name, *matching]:
            if wire < 0:
                removed.add(pattern)
            elif wire not in found[pattern][-1:]:
                found[pattern].append(wire)
    for entry in entries:
        if not found[entry.pattern]:
            gone = entry.pattern in removed
            why = (
                "names only what the compiler removed"
                if gone
                else f"matches nothing in {file}"
            )
            remedy = (
                "bound what is left, or compile with --O1"
                if gone
                else "names are those that circom writes"
            )
            raise InputError(
                f"{entry.place}: {entry.pattern} {why}; {remedy}, a star stands for a part of one"
            )
    return found


def _compiled(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern)
    for star, expression in STARS.items():
        escaped = escaped.replace(star, expression)
    return re.compile(escaped)
