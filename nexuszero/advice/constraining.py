"""Range checks for declared widths of private wires: what was assumed becomes part of the circuit.

The new circuit has the old constraints and wires, then those of the checks (labels.md, section 1.7). Names and a
witness come along.

    nexuszero constrain FILE.r1cs --bounds 'main.in[*]=u8' -o NEW.r1cs
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexuszero.crypto import (
    Analysis,
    Circuits,
    CryptoBridge,
    Infeasible,
    Records,
    declarations,
    widths,
    wire_names,
)
from nexuszero.errors import InputError
from nexuszero.files import check_new, whole

Sizes = tuple[
    int | None, int | None, int | None
]  # bytes of a proof before, if widths were just believed, after


@dataclass(frozen=True)
class Constrained:
    """What range checks cost and save."""

    file: str  #: the new circuit
    checked: int  #: wires
    before: Analysis  #: without the widths of private wires
    after: Analysis
    security: int
    sizes: Sizes
    public_bounds: bool  #: whether widths of public wires stay declared

    def row(self) -> dict[str, Any]:
        """The JSON object."""
        before, assumed, after = self.sizes
        return {
            "file": self.file,
            "checked": self.checked,
            "constraints": self.before.constraints,
            "constraints_after": self.after.constraints,
            "liftable": self.before.liftable,
            "liftable_after": self.after.liftable,
            "security": self.security,
            "proof_size": before,
            "proof_size_assumed": assumed,
            "proof_size_after": after,
        }

    def lines(self) -> list[str]:
        """The same for a terminal."""
        before, assumed, after = (
            "no sound parameters" if size is None else f"{size:,} bytes"
            for size in self.sizes
        )
        more = self.after.constraints - self.before.constraints
        lines = [
            f"{self.file}: {self.checked} wires checked by {more} constraints more",
            f"a proof at {self.security} bits: {before} without the widths, {assumed} if they were just believed, "
            f"{after} with the checks",
        ]
        if not self.checked:
            lines.append("all widths follow from the circuit already")
        elif not self.after.liftable:
            lines.append(
                f"it does not lift yet; `nexuszero analyse {self.file}` says why"
            )
        if self.public_bounds:
            lines.append(
                "widths of public wires are no part of the file: give them to prove and verify as well"
            )
        return lines


def constrain(
    bridge: CryptoBridge,
    file: Path,
    bounds: str,
    out: Path,
    security: int = 128,
    witness: Path | None = None,
    force: bool = False,
) -> Constrained:
    """Writes a circuit with range checks, and what lies beside it.

    Args:
        bridge: the library.
        file: a circuit, `.r1cs`; a `.sym` file beside it gets the new wires' names.
        bounds: declared widths of wires, or a file of them (:mod:`nexuszero.crypto.bounds`).
        out: the new circuit.
        security: bits, for the sizes of proofs.
        witness: a `.wtns` file of the circuit, which gets the new wires' values; written beside ``out``.
        force: overwrite files.

    Raises:
        InputError: a width is not understood, matches nothing, or is too wide to be checked; a value of the witness
            lies outside its width; a file exists.
    """
    if out.resolve() == file.resolve():
        raise InputError(f"{out}: is the circuit itself; name another file")
    plain = bridge.read([file])
    declared = widths(declarations(bounds), file, plain.wires(0))
    assumed = bridge.with_widths(plain, [declared])
    constrained = bridge.constrain(assumed, 0)
    added, checked = constrained.added(0)
    names, values = file.with_suffix(".sym"), out.with_suffix(".wtns")
    copies = {
        out: True,
        out.with_suffix(".sym"): names.is_file(),
        values: witness is not None,
    }
    for target in (target for target, wanted in copies.items() if wanted):
        check_new(target, force)

    extended = None if witness is None else _extended(constrained, witness)
    known = list(
        wire_names(names, plain.wires(0))
    )  # refuses names of another circuit before anything is written
    with whole(out) as temporary:
        constrained.write(0, temporary)
    if known:
        _write_names(names, out.with_suffix(".sym"), added, plain.wires(0))
    if extended is not None:
        with whole(values) as temporary:
            temporary.write_bytes(extended)
        extended[:] = bytes(len(extended))
    before = plain.analyses([str(file)])[0]
    return Constrained(
        file=str(out),
        checked=checked,
        before=before,
        after=constrained.analyses([str(out)])[0],
        security=security,
        sizes=_sizes((plain, assumed, constrained), security),
        public_bounds=any(
            wire <= before.public_outputs + before.public_inputs for wire in declared
        ),
    )


def _extended(constrained: Circuits, witness: Path) -> bytearray:
    try:
        secret = bytearray(witness.read_bytes())
    except OSError as error:
        raise InputError(
            f"{witness}: the witness cannot be read ({error.strerror})"
        ) from None
    try:
        return constrained.extend_witness(0, secret)
    except InputError as error:
        raise InputError(f"{witness}: {error}") from None
    finally:
        secret[:] = bytes(len(secret))


def _sizes(circuits: Sequence[Circuits], security: int) -> Sizes:
    choices = [one.choices(security)[0] for one in circuits]
    before, assumed, after = (
        None if isinstance(choice, Infeasible) else choice.proof_size
        for choice in choices
    )
    return before, assumed, after


def _write_names(source: Path, out: Path, added: Records, first: int) -> None:
    """Copies a `.sym` file and names the new wires, which begin with ``first``, after the ones that they check."""
    wanted = set(added["source"].tolist())
    known: dict[int, tuple[str, str]] = {}
    lines = source.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in lines:
        _, wire, component, name = line.split(",", 3)
        if int(wire) in wanted:
            known.setdefault(int(wire), (component, name))

    label = len(lines) + 1  # of the first new wire: circom counts from 1
    for number, bit in enumerate(added):
        component, name = known.get(int(bit["source"]), ("0", f"wire_{bit['source']}"))
        side = "range_above" if bit["from_above"] else "range"
        lines.append(
            f"{label + number},{first + number},{component},{name}.{side}[{bit['place']}]"
        )
    with whole(out) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
