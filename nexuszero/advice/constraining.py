"""Range checks for declared widths of private wires: what was assumed becomes part of the circuit.

The new circuit has the old constraints and wires, then those of the checks (labels.md, section 1.7). Names and a
witness come along.

    nexuszero constrain FILE.r1cs --bounds 'main.in[*]=u8' -o NEW.r1cs
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexuszero.advice import rewriting
from nexuszero.crypto import Analysis, CryptoBridge, declarations, widths

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
        before, assumed, after = map(rewriting.spelled, self.sizes)
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
    plain = bridge.read([file])
    declared = widths(declarations(bounds), file, plain.wires(0))
    assumed = bridge.with_widths(plain, [declared])
    constrained = bridge.constrain(assumed, 0)
    rewriting.write(constrained, file, plain.wires(0), out, _suffix, witness, force)
    _, checked = constrained.added(0)
    size, believed, checked_size = rewriting.sizes(
        (plain, assumed, constrained), security
    )
    before = plain.analyses([str(file)])[0]
    return Constrained(
        file=str(out),
        checked=checked,
        before=before,
        after=constrained.analyses([str(out)])[0],
        security=security,
        sizes=(size, believed, checked_size),
        public_bounds=any(
            wire <= before.public_outputs + before.public_inputs for wire in declared
        ),
    )


def _suffix(bit: Any) -> str:
    side = "range_above" if bit["from_above"] else "range"
    return f"{side}[{bit['place']}]"
