"""A circuit that follows from another, written with the names and the witness of what lay beside that one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nexuszero.crypto import Circuits, Infeasible, Records, wire_names
from nexuszero.errors import InputError
from nexuszero.files import check_new, whole


def sizes(circuits: Sequence[Circuits], security: int) -> list[int | None]:
    """Bytes of a proof of each first circuit; None where no parameters are sound."""
    choices = [one.choices(security)[0] for one in circuits]
    return [
        None if isinstance(choice, Infeasible) else choice.proof_size
        for choice in choices
    ]


def spelled(size: int | None) -> str:
    """Such a size for a terminal."""
    return "no sound parameters" if size is None else f"{size:,} bytes"


def write(
    rewritten: Circuits,
    file: Path,
    wires: int,
    out: Path,
    suffix: Callable[[Any], str],
    witness: Path | None,
    force: bool,
) -> None:
    """Writes the first circuit, and beside it names and a witness where ``file`` has them.

    Args:
        rewritten: circuits of which the first has new wires after those of ``file``.
        file: the circuit that it follows from.
        wires: of that circuit; the first new one has this number.
        out: the new circuit.
        suffix: of an added wire's record, to the name of the wire that it is named after.
        witness: a `.wtns` file of ``file``, or None.
        force: overwrite files.

    Raises:
        InputError: ``out`` is ``file``, a file exists, or names or witness are of another circuit.
    """
    if out.resolve() == file.resolve():
        raise InputError(f"{out}: is the circuit itself; name another file")
    names, values = file.with_suffix(".sym"), out.with_suffix(".wtns")
    copies = {
        out: True,
        out.with_suffix(".sym"): names.is_file(),
        values: witness is not None,
    }
    for target in (target for target, wanted in copies.items() if wanted):
        check_new(target, force)

    # names or a witness of another circuit are refused before anything is written
    extended = None if witness is None else _extended(rewritten, witness)
    known = list(wire_names(names, wires))
    with whole(out) as temporary:
        rewritten.write(0, temporary)
    if known:
        added, _ = rewritten.added(0)
        _write_names(names, out.with_suffix(".sym"), added, wires, suffix)
    if extended is not None:
        with whole(values) as temporary:
            temporary.write_bytes(extended)
        extended[:] = bytes(len(extended))


def _extended(rewritten: Circuits, witness: Path) -> bytearray:
    try:
        secret = bytearray(witness.read_bytes())
    except OSError as error:
        raise InputError(
            f"{witness}: the witness cannot be read ({error.strerror})"
        ) from None
    try:
        return rewritten.extend_witness(0, secret)
    except InputError as error:
        raise InputError(f"{witness}: {error}") from None
    finally:
        secret[:] = bytes(len(secret))


def _write_names(
    source: Path, out: Path, added: Records, first: int, suffix: Callable[[Any], str]
) -> None:
    """Copies a `.sym` file and names the new wires, which begin with ``first``, after others."""
    wanted = set(added["source"].tolist())
    known: dict[int, tuple[str, str]] = {}
    lines = source.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in lines:
        _, wire, component, name = line.split(",", 3)
        if int(wire) in wanted:
            known.setdefault(int(wire), (component, name))

    label = len(lines) + 1  # of the first new wire: circom counts from 1
    for number, one in enumerate(added):
        component, name = known.get(int(one["source"]), ("0", f"wire_{one['source']}"))
        lines.append(
            f"{label + number},{first + number},{component},{name}.{suffix(one)}"
        )
    with whole(out) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
