"""Writes small `.r1cs` files, so that a test may have a circuit over any field, of any size, with custom gates."""

from __future__ import annotations

import struct
from pathlib import Path

BABYBEAR = 2**31 - 2**27 + 1
MERSENNE31 = 2**31 - 1  # X^64 + 1 has no binomial factors modulo it
GOLDILOCKS = 2**64 - 2**32 + 1
ORDER_32 = 2**61 - 45  # a prime whose order modulo 128 is 32


def products(path: Path, prime: int, count: int, gates: int = 0) -> Path:
    """``x_i * y_i = z_i`` for ``count`` triples of private wires: nothing bounds them, so q is the prime.

    Each stands there twice: a wire of one constraint alone would satisfy it by itself.
    """
    size = 8 * -(-prime.bit_length() // 64)
    element = lambda value: value.to_bytes(size, "little")  # noqa: E731
    once = b"".join(
        struct.pack("<II", 1, wire) + element(1) for wire in range(1, 3 * count + 1)
    )
    header = struct.pack("<I", size) + element(prime)
    header += struct.pack(
        "<IIIIQI", 3 * count + 1, 0, 0, 3 * count, 3 * count + 1, 2 * count
    )
    sections = [(1, header), (2, 2 * once)]
    if gates:
        uses = struct.pack("<IIQQ", 0, 2, 1, 2) * gates
        sections += [
            (4, struct.pack("<I", 1) + b"Gate\0" + struct.pack("<I", 0)),
            (5, struct.pack("<I", gates) + uses),
        ]
    count = struct.pack("<II", 1, len(sections))
    path.write_bytes(b"r1cs" + count + _sections(sections))
    return path


def system(
    constraints: list[list[dict[int, int]]], wires: int, outputs: int, inputs: int
) -> bytes:
    """A file over Goldilocks: constraints of three combinations, each of coefficients by wire."""
    body = b""
    for form in (form for constraint in constraints for form in constraint):
        terms = sorted(form.items())
        body += struct.pack("<I", len(terms))
        body += b"".join(
            struct.pack("<IQ", wire, value % GOLDILOCKS) for wire, value in terms
        )
    counts = struct.pack("<IIIIQI", wires, outputs, inputs, 0, wires, len(constraints))
    header = struct.pack("<IQ", 8, GOLDILOCKS) + counts
    return b"r1cs" + struct.pack("<II", 1, 2) + _sections([(1, header), (2, body)])


def witness(values: list[int], prime: int = GOLDILOCKS) -> bytes:
    """A `.wtns` file."""
    size = -(-prime.bit_length() // 64) * 8
    number = prime.to_bytes(size, "little")
    header = struct.pack("<I", size) + number + struct.pack("<I", len(values))
    body = b"".join((value % prime).to_bytes(size, "little") for value in values)
    return b"wtns" + struct.pack("<II", 2, 2) + _sections([(1, header), (2, body)])


def _sections(sections: list[tuple[int, bytes]]) -> bytes:
    return b"".join(
        struct.pack("<IQ", kind, len(payload)) + payload for kind, payload in sections
    )
