"""Circuits of up to a million constraints, as `.r1cs` files: the time and the memory of their analysis."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from turns import PEAK_MEMORY, Row, Work, figure, turns

from nexuszero.crypto import CryptoBridge
from nexuszero.paths import ROOT

GOLDILOCKS = 2**64 - 2**32 + 1
SECONDS = 10  # that a million constraints may take
ANALYSIS = "import sys; from nexuszero.crypto import CryptoBridge; CryptoBridge().read(sys.argv[1:]).analyse()"
Form = list[tuple[int, int]]  # wires and coefficients
Constraint = tuple[Form, Form, Form]


def rows(constraints: int, repeats: int) -> list[Row]:
    """The analysis of each kind of circuit, its file read first, against reading it alone.

    Args:
        constraints: at most so many; a row has how many there are.
        repeats: turns.
    """
    bridge = CryptoBridge()
    found = []
    for name, kind in KINDS.items():
        with TemporaryDirectory() as directory:
            file = Path(directory) / "circuit.r1cs"
            count = write(file, kind(constraints))
            analyse: Work = partial(_analyse, bridge, file)
            row = turns(
                f"{count:,} constraints: {name}",
                analyse,
                partial(bridge.read, [file]),
                repeats,
            )
            row |= {
                "constraints": count,
                "against": "reading the file alone",
                "peak_megabytes": _peak_megabytes(file),
            }
        found.append(row | figure(row["ours"]["median"], "seconds", most=SECONDS))
    return found


def _analyse(bridge: CryptoBridge, file: Path) -> None:
    bridge.read([file]).analyse()


def _peak_megabytes(file: Path) -> float:
    """Of a process that does nothing else."""
    process = [sys.executable, "-c", f"{ANALYSIS}; {PEAK_MEMORY}", str(file)]
    done = subprocess.run(
        process, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    return int(done.stdout) / 1e3


def write(
    file: Path, constraints: Iterator[Constraint], prime: int = GOLDILOCKS
) -> int:
    """Writes a circuit over a field, wire 1 its output -> the number of its constraints."""
    size = -(-prime.bit_length() // 64) * 8
    count = 0
    most = 1
    parts = []
    for constraint in constraints:
        for form in constraint:
            parts.append(struct.pack("<I", len(form)))
            parts += [
                struct.pack("<I", wire) + (value % prime).to_bytes(size, "little")
                for wire, value in form
            ]
            most = max(most, *(wire for wire, _ in form)) if form else most
        count += 1
    body = b"".join(parts)
    header = struct.pack("<I", size) + prime.to_bytes(size, "little")
    header += struct.pack("<IIIIQI", most + 1, 1, 0, 0, most + 1, count)
    sections = (
        struct.pack("<IQ", 1, len(header))
        + header
        + struct.pack("<IQ", 2, len(body))
        + body
    )
    labels = np.arange(most + 1, dtype="<u8").tobytes()
    sections += struct.pack("<IQ", 3, len(labels)) + labels
    file.write_bytes(b"r1cs" + struct.pack("<II", 1, 3) + sections)
    return count


def bit(wire: int) -> Constraint:
    """``x (x - 1) = 0``."""
    return [(wire, 1)], [(wire, 1), (0, -1)], []


def exclusive_or(count: int) -> Iterator[Constraint]:
    """A chain over half as many bits: as many rounds of inference."""
    bits = count // 2
    for index in range(bits):
        yield bit(2 + index)
    before = 2
    for index in range(1, bits):
        after = 1 if index == bits - 1 else 2 + bits + index
        yield (
            [(before, 2)],
            [(2 + index, 1)],
            [(before, 1), (2 + index, 1), (after, -1)],
        )
        before = after


def one_form(count: int) -> Iterator[Constraint]:
    """Bits, and one linear form of all of them."""
    for wire in range(2, count + 1):
        yield bit(wire)
    yield [], [], [(1, -1), *((wire, 1 + wire % 7) for wire in range(2, count + 1))]


def hash_rounds(count: int) -> int:
    """Rounds of `hash_on_bits` in so many constraints: 32 bits and the output once, 66 a round."""
    return (count - 33) // 66


def hash_on_bits(count: int) -> Iterator[Constraint]:
    """Words of 32 bits, each mixed with the word before by products of bits and an addition with carries."""
    words = hash_rounds(count)
    word = list(range(2, 34))
    yield from map(bit, word)
    wire = 34
    for index in range(words):
        mixed = list(range(wire, wire + 32))
        total = list(range(wire + 32, wire + 65))
        wire += 65
        for place, out in enumerate(mixed):
            one, other = word[(place + 7) % 32], word[(place + 18) % 32]
            yield [(one, 2)], [(other, 1)], [(one, 1), (other, 1), (out, -1)]
        yield from map(bit, total)
        addends = [
            (source, 1 << place)
            for source_word in (word, mixed)
            for place, source in enumerate(source_word)
        ]
        yield (
            [],
            [],
            [*addends, *((out, -(1 << place)) for place, out in enumerate(total))],
        )
        word = total[:32]
        if index == words - 1:
            yield [], [], [(1, 1), (word[0], -1), (word[31], -1)]


def random_coefficients(count: int) -> Iterator[Constraint]:
    """Seven coefficients a constraint that no other has: the most that fixing integers can take."""
    draw = np.random.default_rng(0)
    for index in range(count):
        a, b, c, d, e, f, g = (
            int(value) for value in draw.integers(1 << 62, 1 << 63, 7)
        )
        x = 2 + index
        yield [(x, a), (x + 1, b)], [(x, c), (x + 1, d)], [(1, e), (x, f), (x + 1, g)]


KINDS: dict[str, Callable[[int], Iterator[Constraint]]] = {
    "a hash on bits": hash_on_bits,
    "a chain of exclusive ors": exclusive_or,
    "one form of all bits": one_form,
    "random coefficients": random_coefficients,
}
