"""The proof of a circuit, part by part, and what one wrong bit in each part does (notebook 09)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from nexuszero import proof
from nexuszero.crypto import Choice

HEADER = 32  # bytes (docs/proof.md, section 9)


@dataclass(frozen=True)
class Piece:
    """A part of a proof's bytes."""

    name: str
    start: int
    end: int
    expected: float  #: bytes that the label counts for it


def pieces(made: bytes, choice: Choice) -> list[Piece]:
    """The parts of a proof in their order: header, challenge, bit string, coded part (docs/proof.md, section 9)."""
    header = proof.inspect(made)
    spent = choice.parts  # thousandths of a bit
    string = spent.commitment + spent.rows + spent.masks
    coded = header.length - header.coded
    seed = coded - (string + 7999) // 8000
    rest = (spent.openings + spent.hints + spent.fixed) / 8000 - seed
    return [
        Piece("header", 0, HEADER, HEADER),
        Piece("seed of the challenge", HEADER, seed, seed - HEADER),
        Piece("commitment, rows, masks' answers", seed, coded, string / 8000),
        Piece("openings and hints, coded", coded, header.length, rest),
    ]


def sizes(parts: Sequence[Piece]) -> pd.DataFrame:
    """Bytes of each part, beside what the label counts."""
    rows = [[part.name, part.start, part.end - part.start, part.expected] for part in parts]
    table = pd.DataFrame(rows, columns=["part", "from byte", "bytes", "expected"]).set_index("part")
    table.loc["all"] = [0, table["bytes"].sum(), table["expected"].sum()]
    return table


def flips(circuit: Path, made: bytes, public: Sequence[int], security: int, parts: Sequence[Piece]) -> pd.DataFrame:
    """What a verifier says of the proof with one bit flipped, in the middle and at the end of each part."""
    rows = []
    for part, place in _places(parts):
        spoiled = bytearray(made)
        spoiled[place] ^= 1
        found = proof.verify(circuit, bytes(spoiled), public, security)
        rows.append([part.name, place, f"R{found.code}" if found.code else "valid", found.reason.partition(": ")[2]])
    return pd.DataFrame(rows, columns=["part", "byte", "verdict", "reason"])


def _places(parts: Sequence[Piece]) -> Iterator[tuple[Piece, int]]:
    for part in parts:
        yield part, (part.start + part.end) // 2
        yield part, part.end - 1
