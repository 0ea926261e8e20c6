"""Why q and its splitting are what they are: the smallest proof that any other of them gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from nexuszero.crypto.records import Cell, Choice


@dataclass(frozen=True)
class RunnerUp:
    """The next best modulus: the smallest proof where log2 q or ord is not the optimum's.

    >>> print(RunnerUp(log2_q=40, ord=8, proof_size=10412, more=0.021))
    log2 q 40, ord 8: 10,412 bytes, +2.1%
    """

    log2_q: int
    ord: int
    proof_size: int  #: bytes
    more: float  #: share by which its proof is longer than the optimum's

    @classmethod
    def of(cls, candidates: Sequence[Choice]) -> RunnerUp | None:
        """Of all that is sound, the smallest proof first; None where all have one modulus."""
        optimum = candidates[0]
        other = next(
            (choice for choice in candidates if choice.modulus != optimum.modulus), None
        )
        if other is None:
            return None
        return cls(
            *other.modulus, other.proof_size, other.proof_size / optimum.proof_size - 1
        )

    def row(self) -> dict[str, Cell]:
        """The JSON object."""
        return asdict(self)

    def __str__(self) -> str:
        """One line."""
        return f"log2 q {self.log2_q}, ord {self.ord}: {self.proof_size:,} bytes, {self.more:+.1%}"


def next_best(runner_up: RunnerUp | None, free: bool) -> str:
    """The runner-up in one line, or why there is none; ``free`` says whether q is."""
    if runner_up is not None:
        return str(runner_up)
    return "none: no other modulus is sound" if free else "none: q is the field's prime"
