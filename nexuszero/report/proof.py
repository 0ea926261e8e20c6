"""The proof of a circuit, part by part, and what one wrong bit in each part does (notebook 04)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from nexuszero import proof
from nexuszero.crypto import DEGREE, Choice
from nexuszero.data import Array
from nexuszero.report.style import BLUE, GREY, ORANGE, RED, styled

HEADER = 32  # bytes (docs/proof.md, section 9)
# a commitment that can be broken: modulus, rows of its matrix, the matrix' width, width of masks
TOY_Q, TOY_ROWS, TOY_WIDTH, TOY_SIGMA = 12289, 8, 16, 100
CHALLENGES = 2000  # that are drawn to measure their mean square


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


def bytes_by_part(parts: Sequence[Piece]) -> go.Figure:
    """Bytes of each part of a proof that was made, beside what the label counts for it."""
    names = [part.name for part in parts]
    figure = go.Figure()
    for name, colour, values in (
        ("measured", BLUE, [part.end - part.start for part in parts]),
        ("by the label", ORANGE, [part.expected for part in parts]),
    ):
        text = [f"{value:,.0f}" for value in values]
        figure.add_bar(
            x=values,
            y=names,
            orientation="h",
            name=name,
            marker_color=colour,
            text=text,
        )
    told = "; ".join(f"{part.name} {part.end - part.start:,}" for part in parts)
    figure.update_yaxes(autorange="reversed")
    return styled(
        figure,
        "The bytes of this proof",
        "bytes",
        "",
        margin={"l": 230},
        meta={"alt": f"Bytes by part, measured: {told}."},
    )


def challenges(choice: Choice, count: int = CHALLENGES, seed: int = 1) -> Array:
    """Challenges as the label has them, ``[count, 64]``: coefficients up to w in size, operator norm at most T."""
    draw = np.random.default_rng(seed)
    roots = np.exp(
        1j
        * np.pi
        / DEGREE
        * np.outer(np.arange(DEGREE), 2 * np.arange(DEGREE // 2) + 1)
    )
    kept = np.empty((0, DEGREE))
    while len(kept) < count:
        drawn = draw.integers(-choice.w, choice.w + 1, (count, DEGREE))
        norms = np.abs(drawn @ roots).max(axis=1)  # of multiplication by it
        kept = np.concatenate([kept, drawn[norms <= choice.T]])
    return kept[:count]


def norm_growth(choice: Choice) -> pd.DataFrame:
    """How long what a proof handles is, in bits: from a coefficient to the vector that a cheat would have to find.

    By labels.md, section 3, with the mean square of a challenge measured on some that are drawn.
    """
    square = float((challenges(choice) ** 2).sum(axis=1).mean())  # S
    variance = choice.sigma**2 + square * choice.s1**2  # V
    ranks = choice.n // DEGREE + choice.kappa + choice.l  # m2
    honest = DEGREE * ranks * variance
    cuts = square * 4**choice.D * (choice.D > 0) + 4**choice.g * (choice.g > 0)
    accepted = 1.1 * (honest + DEGREE * choice.kappa * cuts / 12)
    rows = {
        "a coefficient of the randomness r: s1": choice.s1,
        "a coefficient of the mask y: sigma": choice.sigma,
        "a coefficient of the answer z = y + c r": np.sqrt(variance),
        "the answer, all coefficients": np.sqrt(honest),
        "what a verifier accepts: Bd": np.sqrt(accepted),
        "what two accepted answers give: 8 T Bd": 8 * choice.T * np.sqrt(accepted),
        "half of the modulus": 2.0 ** (choice.log2_q - 1),
    }
    lengths = pd.Series(rows, name="length").rename_axis("what")
    return lengths.to_frame().assign(bits=np.log2(lengths))


def lengths(table: pd.DataFrame) -> go.Figure:
    """The rows of :func:`norm_growth` as bars; the last but one must stay below the last."""
    bits = table["bits"]
    colours = [BLUE] * (len(bits) - 2) + [RED, GREY]
    bars = go.Bar(
        x=bits,
        y=list(table.index),
        orientation="h",
        marker_color=colours,
        text=[f"{value:.1f}" for value in bits],
    )
    figure = styled(
        go.Figure(bars),
        "How short vectors grow",
        "log2 of the length (bits)",
        "",
        margin={"l": 290},
        meta={
            "alt": "Bars of lengths in bits: "
            + "; ".join(f"{name} {value:.1f}" for name, value in bits.items())
            + "."
        },
    )
    return figure.update_yaxes(autorange="reversed")


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
