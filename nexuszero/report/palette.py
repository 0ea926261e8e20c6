"""The same colour for the same thing in every figure: parts of a proof, splittings, levels, models, kinds of values.

All are Okabe and Ito's. What lies on a scale (orders of q, levels) also has a dash or a symbol of its own.
"""

from __future__ import annotations

from nexuszero.crypto import LEVELS, PARTS
from nexuszero.report.style import BLUE, GREEN, GREY, ORANGE, PINK, RED, SKY

FREE = GREEN  # q is free, or would be
FIXED = ORANGE  # q is the field's prime
FORM = {"A": BLUE, "B": ORANGE, "C": GREEN}  # of a constraint
PART = dict(zip(PARTS, (BLUE, SKY, GREEN, ORANGE, PINK, GREY), strict=True))
ORD = {1: GREY, 2: PINK, 4: ORANGE, 8: BLUE, 16: GREEN}  # of q modulo 128
ORD_DASH = {1: "dot", 2: "dash", 4: "dashdot", 8: "solid", 16: "longdash"}
LEVEL = dict(zip(LEVELS, (SKY, BLUE, GREEN, RED), strict=True))  # bits of security
CONSTRAINT = {"hiding": BLUE, "binding": ORANGE, "modulus": GREEN, "soundness": PINK}
MODEL = {
    "network": ORANGE,
    "network, then search": BLUE,
    "network, then search, with a margin": SKY,
    "mean": GREY,
    "linear": PINK,
    "boosting": RED,
    "boosting, given the truth": GREEN,
}
DASH = {"mean": "dot", "linear": "dash", "boosting": "dashdot", "network": "longdash"}
