"""A circuit in a form of our own, which does not depend on how far its compiler has substituted wires, and says
what some idioms mean by constraints whose ranges can be seen.

The new circuit has the old wires and says the same of them (`crypto/src/simplify/mod.rs`); names and a witness come
along.

    nexuszero simplify FILE.r1cs -o NEW.r1cs
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexuszero.advice import rewriting
from nexuszero.crypto import Analysis, CryptoBridge


@dataclass(frozen=True)
class Simplified:
    """What the form of our own saves."""

    file: str  #: the new circuit
    replaced: int  #: wires in whose place others stand
    added: int  #: new wires
    before: Analysis
    after: Analysis
    security: int
    sizes: tuple[int | None, int | None]  #: bytes of a proof before and after

    def row(self) -> dict[str, Any]:
        """The JSON object."""
        before, after = self.sizes
        return {
            "file": self.file,
            "replaced": self.replaced,
            "added": self.added,
            "liftable": self.before.liftable,
            "liftable_after": self.after.liftable,
            "security": self.security,
            "proof_size": before,
            "proof_size_after": after,
        }

    def lines(self) -> list[str]:
        """The same for a terminal."""
        before, after = self.sizes
        lines = [
            f"{self.file}: {self.replaced} wires replaced by others, {self.added} wires added",
            f"a proof at {self.security} bits: {rewriting.spelled(before)} before, {rewriting.spelled(after)} after",
        ]
        if before is not None and (after is None or after >= before):
            lines.append("nothing is saved: keep the circuit as it was")
        return lines


def simplify(
    bridge: CryptoBridge,
    file: Path,
    out: Path,
    bounds: str | None = None,
    security: int = 128,
    witness: Path | None = None,
    force: bool = False,
) -> Simplified:
    """Writes a circuit in a form of our own, and what lies beside it.

    Args:
        bridge: the library.
        file: a circuit, `.r1cs`; a `.sym` file beside it gets the new wires' names.
        out: the new circuit.
        bounds: declared widths of wires, which stay where they are (:mod:`nexuszero.crypto.bounds`).
        security: bits, for the sizes of proofs.
        witness: a `.wtns` file of the circuit, which gets the new wires' values; written beside ``out``.
        force: overwrite files.

    Raises:
        InputError: a width is not understood; a file exists, or is of another circuit.
    """
    plain = bridge.read([file], bounds)
    simplified = bridge.simplify(plain, 0)
    rewriting.write(simplified, file, plain.wires(0), out, _suffix, witness, force)
    added, replaced = simplified.added(0)
    before, after = rewriting.sizes((plain, simplified), security)
    return Simplified(
        file=str(out),
        replaced=replaced,
        added=len(added),
        before=plain.analyses([str(file)])[0],
        after=simplified.analyses([str(out)])[0],
        security=security,
        sizes=(before, after),
    )


def _suffix(wire: Any) -> str:
    """Of the first wire that is named after another, and of those that follow."""
    return f"form[{wire['place']}]" if wire["place"] else "form"
