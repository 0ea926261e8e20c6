"""circom's names of wires, from the `.sym` file that stands beside a circuit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from nexuszero.errors import InputError, printable
from nexuszero.files import check_regular


def named(file: Path, names: Iterable[str], count: int) -> dict[str, int]:
    """Wires by circom's names, from a `.sym` file; a name that the compiler removed has none."""
    wanted = set(names)
    return {
        name: wire
        for wire, name in wire_names(file, count)
        if name in wanted and wire >= 0
    }


def labels(file: Path, wires: Iterable[int], count: int) -> dict[int, str]:
    """circom's first names of some of ``count`` wires, from a `.sym` file if there is one."""
    wanted = set(wires)
    found: dict[int, str] = {}
    for wire, name in wire_names(file, count) if wanted else ():
        if wire in wanted:
            found.setdefault(wire, name)
    return found


def wire_names(file: Path, count: int) -> Iterator[tuple[int, str]]:
    """Wires and names of a `.sym` file (``label,wire,component,name``), none where there is no file.

    The wire is -1 where the compiler removed it. A wire that is not among ``count`` is an error.
    """
    if not file.exists():
        return
    check_regular(file)
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            for number, line in enumerate(opened, 1):
                try:
                    _, wire, _, name = line.rstrip("\n").split(",", 3)
                    index = int(wire)
                except ValueError:
                    raise _wrong(file, number, count) from None
                if not -1 <= index < count:  # -1 where circom removed the wire
                    raise _wrong(file, number, count)
                yield index, name if name.isprintable() else printable(name)
    except OSError as error:
        raise InputError(
            f"{file}: cannot be read ({error}); compile with --sym again, or delete it"
        ) from None


def _wrong(file: Path, number: int, count: int) -> InputError:
    what = f"expected label,wire,component,name of a circuit of {count} wires"
    return InputError(
        f"{file}: line {number}: {what}; compile with --sym again, or delete it"
    )
