"""Proofs of circuits: made from a witness, verified, read (docs/proof.md).

    proof = prove(Path("adder.r1cs"), Path("adder.wtns"), 128)
    assert verify(Path("adder.r1cs"), proof.data, proof.public, 128).valid

Circuits and witnesses are paths of files, or their bytes. Nobody has reviewed the prover, and it does not run in
constant time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nexuszero.crypto import (
    Circuits,
    CryptoBridge,
    Proof,
    ProofHeader,
    Verification,
    labels,
)
from nexuszero.errors import InputError
from nexuszero.files import check_regular, whole

STATEMENT_CODES = (1, 2)  # R1 and R2: the question is at fault, not the proof


def prove(
    circuit: Path | bytes,
    witness: Path | bytes | bytearray,
    security: int,
    bounds: str | None = None,
) -> Proof:
    """Proves that a witness satisfies a circuit.

    Args:
        circuit: the path of an `.r1cs` file, or its bytes; a `.sym` file beside it names wires in errors.
        witness: the path of a `.wtns` file (circom, snarkjs), or its bytes; what is read here is wiped.
        security: bits, one of 100, 128, 192, 256.
        bounds: declared widths of public wires, or a file of them (:mod:`nexuszero.crypto.bounds`); part of the
            statement.

    Raises:
        InputError: the witness violates a constraint, the statement is refused (R1: custom gates, bounds of private
            wires, nothing satisfies it), or no parameters are sound (R2).
    """
    with _named(circuit):
        circuits = _read(circuit, bounds)
    with _secret(witness) as secret:
        with _named(witness):
            _check_witness(circuit, circuits, secret)
        with _named(circuit):
            return circuits.prove(0, secret, security)


def verify(
    circuit: Path | bytes,
    proof: bytes,
    public: Sequence[int],
    security: int,
    bounds: str | None = None,
) -> Verification:
    """Verifies a proof; only a :class:`Verification` that is ``valid`` says anything.

    Args:
        circuit: the path of an `.r1cs` file, or its bytes.
        proof: its bytes.
        public: outputs, then inputs, each below the field's prime.
        security: the least level that is accepted, in bits.
        bounds: those of public wires, as for :func:`prove`.

    Raises:
        InputError: the statement is refused (R1), or no parameters are sound (R2): nothing is said of the proof.
    """
    with _named(circuit):
        verification = _read(circuit, bounds).verify(0, proof, public, security)
        if verification.code in STATEMENT_CODES:
            raise InputError(verification.reason)
    return verification


def inspect(proof: Path | bytes) -> ProofHeader:
    """What a proof, or its file, says of itself; nothing of it is verified."""
    with _named(proof):
        return CryptoBridge().inspect(read(proof) if isinstance(proof, Path) else proof)


def read(file: Path) -> bytes:
    """The bytes of a proof's file."""
    check_regular(file)
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(
            f"{file}: the proof cannot be read ({error.strerror})"
        ) from None


def write(file: Path, proof: bytes) -> None:
    """Writes a proof's file, whole or not at all."""
    with whole(file) as temporary:
        temporary.write_bytes(proof)


def read_public(file: Path) -> tuple[int, ...]:
    """Public values from snarkjs' `public.json`: a list of decimal strings, outputs first."""
    check_regular(file)
    try:
        values = json.loads(file.read_text(encoding="utf-8-sig"))
        if not isinstance(values, list) or not all(
            isinstance(value, str) for value in values
        ):
            raise ValueError("no list of texts")
        if not all(value.isascii() and value.isdigit() for value in values):
            raise ValueError("a text that is no whole number")
        return tuple(map(int, values))
    except (OSError, ValueError, RecursionError) as error:
        what = "a JSON list of decimal strings is expected, as snarkjs and `nexuszero prove` write it"
        raise InputError(
            f"{file}: public values cannot be read ({error}); {what}"
        ) from None


def write_public(file: Path, public: Sequence[int]) -> None:
    """Writes public values in the form of :func:`read_public`."""
    with whole(file) as temporary:
        temporary.write_text(
            json.dumps([str(value) for value in public], indent=1) + "\n",
            encoding="utf-8",
        )


def _read(circuit: Path | bytes, bounds: str | None) -> Circuits:
    bridge = CryptoBridge()
    return (
        bridge.read([circuit], bounds)
        if isinstance(circuit, Path)
        else bridge.parse(circuit, bounds)
    )


@contextmanager
def _secret(witness: Path | bytes | bytearray) -> Iterator[bytes | bytearray]:
    """The bytes of a witness; those of a file are wiped at the end."""
    if not isinstance(witness, Path):
        yield witness
        return
    check_regular(witness)
    try:
        secret = bytearray(witness.stat().st_size)
        with witness.open("rb", buffering=0) as opened:
            opened.readinto(secret)
    except OSError as error:
        raise InputError(
            f"{witness}: the witness cannot be read ({error.strerror})"
        ) from None
    try:
        yield secret
    finally:
        secret[:] = bytes(len(secret))


@contextmanager
def _named(source: Path | bytes | bytearray) -> Iterator[None]:
    """Errors name the file."""
    try:
        yield
    except InputError as error:
        if not isinstance(source, Path) or str(error).startswith(f"{source}: "):
            raise
        raise InputError(f"{source}: {error}") from None


def _check_witness(
    circuit: Path | bytes, circuits: Circuits, witness: bytes | bytearray
) -> None:
    violation = circuits.violation(0, witness)
    if violation is None:
        return
    constraint, wires = violation
    names = (
        labels(circuit.with_suffix(".sym"), wires, circuits.wires(0))
        if isinstance(circuit, Path)
        else {}
    )
    shown = ", ".join(names.get(wire, f"wire {wire}") for wire in wires) or "no wire"
    raise InputError(
        f"the witness violates constraint {constraint} ({shown}); compute it from other inputs"
    )
