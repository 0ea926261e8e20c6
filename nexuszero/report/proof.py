"""The proof of a circuit, part by part, and what one wrong bit in each part does (notebook 04)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from nexuszero import proof
from nexuszero.crypto import Choice
from nexuszero.data import Array

HEADER = 32  # bytes (docs/proof.md, section 9)
# a commitment that can be broken: modulus, rows of its matrix, the matrix' width, width of masks
TOY_Q, TOY_ROWS, TOY_WIDTH, TOY_SIGMA = 12289, 8, 16, 100


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
    rows = [
        [part.name, part.start, part.end - part.start, part.expected] for part in parts
    ]
    table = pd.DataFrame(
        rows, columns=["part", "from byte", "bytes", "expected"]
    ).set_index("part")
    table.loc["all"] = [0, table["bytes"].sum(), table["expected"].sum()]
    return table


def flips(
    circuit: Path,
    made: bytes,
    public: Sequence[int],
    security: int,
    parts: Sequence[Piece],
) -> pd.DataFrame:
    """What a verifier says of the proof with one bit flipped, in the middle and at the end of each part."""
    rows = []
    for part, place in _places(parts):
        spoiled = bytearray(made)
        spoiled[place] ^= 1
        found = proof.verify(circuit, bytes(spoiled), public, security)
        rows.append(
            [
                part.name,
                place,
                f"R{found.code}" if found.code else "valid",
                found.reason.partition(": ")[2],
            ]
        )
    return pd.DataFrame(rows, columns=["part", "byte", "verdict", "reason"])


def _places(parts: Sequence[Piece]) -> Iterator[tuple[Piece, int]]:
    for part in parts:
        yield part, (part.start + part.end) // 2
        yield part, part.end - 1


def other_message(seed: int = 1) -> pd.DataFrame:
    """A commitment of one number, opened honestly and to another number: what a verifier says with and without norms.

    The commitment of Baum and others in numbers, small enough to break: ``t0 = r0 + a (r1, r2)`` and
    ``t1 = r1 + <b, r2> + message``. Both openings satisfy the verifier's equations; the second was computed from them.
    """
    draw = np.random.default_rng(seed)
    a, b = (
        draw.integers(0, TOY_Q, (TOY_ROWS, 1 + TOY_WIDTH)),
        draw.integers(0, TOY_Q, TOY_WIDTH),
    )

    def image(z: Array) -> Array:
        """Both rows of the matrix, times a vector."""
        return (
            np.append(
                z[:TOY_ROWS] + a @ z[TOY_ROWS:], z[TOY_ROWS] + b @ z[TOY_ROWS + 1 :]
            )
            % TOY_Q
        )

    length = TOY_ROWS + 1 + TOY_WIDTH
    message, other, challenge = 7, 8, 5
    r = draw.integers(-1, 2, length)
    y = np.rint(draw.normal(0, TOY_SIGMA, length)).astype(np.int64)
    shift = np.append(np.zeros(TOY_ROWS, np.int64), 1)  # where the message stands
    commitment, mask = (image(r) + shift * message) % TOY_Q, image(y)

    honest = y + challenge * r
    # the equation of another message, solved for the entries that stand alone
    wanted = mask + challenge * (commitment - shift * other)
    forged = honest.copy()
    forged[TOY_ROWS] += (wanted - image(forged))[TOY_ROWS]
    forged[:TOY_ROWS] += (wanted - image(forged))[:TOY_ROWS]
    forged = (forged + TOY_Q // 2) % TOY_Q - TOY_Q // 2

    bound = 1.5 * TOY_SIGMA * np.sqrt(length)  # so few numbers scatter widely
    rows = []
    for name, number, z in (("honest", message, honest), ("forged", other, forged)):
        holds = bool(
            (
                image(z) == (mask + challenge * (commitment - shift * number)) % TOY_Q
            ).all()
        )
        norm = float(np.linalg.norm(z))
        rows.append([name, number, holds, norm, bound, holds and norm <= bound, holds])
    names = [
        "opening",
        "message",
        "equations hold",
        "norm",
        "bound",
        "accepted",
        "accepted without the norm",
    ]
    return pd.DataFrame(rows, columns=names).set_index("opening")
