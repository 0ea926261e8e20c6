"""The picture of the README: how large n has to be for a modulus, at every level of security."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nexuszero.crypto import LEVELS, Choice, CryptoBridge
from nexuszero.paths import ROOT

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 90, 30, 50
COLOURS = (
    "#56B4E9",
    "#0072B2",
    "#009E73",
    "#D55E00",
)  # Okabe and Ito (2008), one a level
CIRCUIT = ROOT / "tests/fixtures/circuits/compare.bn128.r1cs"
LOG2_Q = np.arange(16, 65)
N = 64 * np.arange(4, 101)


def landscape() -> str:
    """An SVG: a curve a level, and the optimum of the auction at 128 bits."""
    bridge = CryptoBridge()
    choice = bridge.read([CIRCUIT]).choices(128)[0]
    assert isinstance(choice, Choice)
    smallest = _smallest_n(bridge, choice.s)
    lines = [_curve(*one) for one in zip(smallest, COLOURS, LEVELS, strict=True)]
    return "\n".join([_frame(), *_axes(), *lines, _optimum(choice), "</svg>\n"])


def _smallest_n(bridge: CryptoBridge, deviation: float) -> list[list[int | None]]:
    """The smallest LWE dimension of each level, ``[levels][log2 q]``, None beyond the grid: by bisection.

    Bits grow with n. Secret and error have the deviation of the optimum.
    """
    levels, log2_q = np.repeat(LEVELS, len(LOG2_Q)), np.tile(LOG2_Q, len(LEVELS))
    low, high = (
        np.zeros(len(levels), int),
        np.full(len(levels), len(N)),
    )  # places in N; the last one is beyond it
    while (low < high).any():
        middle = (low + high) // 2
        bits = bridge.estimate_lwe(
            N[np.minimum(middle, len(N) - 1)], log2_q, deviation, deviation
        )["bits"]
        enough = (bits >= levels) | (middle == len(N))
        low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
    found = [int(N[place]) if place < len(N) else None for place in low]
    return [
        found[start : start + len(LOG2_Q)]
        for start in range(0, len(found), len(LOG2_Q))
    ]


def _curve(dimensions: Sequence[int | None], colour: str, level: int) -> str:
    points = [
        (_x(q), _y(n)) for q, n in zip(LOG2_Q, dimensions, strict=True) if n is not None
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    label = f'<text x="{x + 6:.1f}" y="{y + 5:.1f}" fill="{colour}">{level} bits</text>'
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>\n{label}'


def _optimum(choice: Choice) -> str:
    x = _x(choice.log2_q)
    y = _y(choice.n)
    text = f"the auction at 128 bits: n {choice.n:,}, log2 q {choice.log2_q}, {choice.proof_size:,} bytes"
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="#222"/>\n'
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x + 30:.1f}" y2="{y + 45:.1f}" stroke="#222"/>\n'
        f'<text x="{x + 34:.1f}" y="{y + 58:.1f}" fill="#222">{text}</text>'
    )


def _frame() -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="system-ui, sans-serif" font-size="14">\n'
        "<title>The smallest LWE dimension n over log2 q at 100, 128, 192 and 256 bits of security</title>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    )


def _axes() -> list[str]:
    bottom = HEIGHT - BOTTOM
    lines = [
        f'<path d="M{LEFT},{TOP} V{bottom} H{WIDTH - RIGHT}" fill="none" stroke="#666"/>'
    ]
    for q in range(16, 65, 8):
        lines.append(
            f'<text x="{_x(q):.1f}" y="{bottom + 20}" text-anchor="middle" fill="#444">{q}</text>'
        )
    for n in range(1000, 6001, 1000):
        lines.append(
            f'<text x="{LEFT - 8}" y="{_y(n) + 5:.1f}" text-anchor="end" fill="#444">{n:,}</text>'
        )
        lines.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(n):.1f}" y2="{_y(n):.1f}" stroke="#eee"/>'
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    lines.append(
        f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle" fill="#222">log2 q (bits)</text>'
    )
    lines.append(
        f'<text x="{LEFT}" y="{TOP - 10}" fill="#222">smallest n (LWE dimension)</text>'
    )
    return lines


def _x(log2_q: float) -> float:
    return LEFT + (log2_q - 16) / (64 - 16) * (WIDTH - LEFT - RIGHT)


def _y(n: float) -> float:
    return HEIGHT - BOTTOM - n / 6400 * (HEIGHT - TOP - BOTTOM)
