"""The Rust library, typed: estimates, circuits, the exact search, generation. The only room that calls it."""

from nexuszero.crypto.bridge import (
    ATTACKS,
    CONSTRAINTS,
    DEGREE,
    LEVELS,
    REASONS,
    SHIFTED,
    Circuits,
    Columns,
    CryptoBridge,
    Records,
)

__all__ = [
    "ATTACKS",
    "CONSTRAINTS",
    "DEGREE",
    "LEVELS",
    "REASONS",
    "SHIFTED",
    "Circuits",
    "Columns",
    "CryptoBridge",
    "Records",
]
