"""What a circuit's owner is given: the answer, what a network proposed, and why the answer is what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nexuszero.crypto import (
    TARGET_NAMES,
    Analysis,
    Choice,
    Circuits,
    ConstraintMargin,
    Infeasible,
    RunnerUp,
    Verdict,
    binding_constraint,
    next_best,
)


@dataclass(frozen=True)
class Nearest:
    """The sound candidate next to a proposal."""

    choice: Choice
    excess: float  #: share by which its proof is longer than the smallest

    def row(self) -> dict[str, Any]:
        """The JSON object: the candidate's, and ``excess``."""
        return self.choice.row() | {"excess": self.excess}


@dataclass(frozen=True)
class Proposal:
    """What a network proposes, judged as it stands."""

    values: tuple[float, ...]  #: n, log2 q, sigma, bit security, hardness, proof size
    verdict: Verdict
    nearest: Nearest
    source: str  #: the file of the network
    warnings: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        """The JSON object: proposed values and the verdict on them."""
        return dict(zip(TARGET_NAMES, self.values, strict=True)) | self.verdict.row()


@dataclass(frozen=True)
class NotAsked:
    """Why a network was not asked."""

    reason: str


class Proposer(Protocol):
    """Reads a circuit and proposes parameters."""

    def propose(
        self,
        circuits: Circuits,
        circuit: Analysis,
        candidates: Sequence[Choice],
        security: int,
    ) -> Proposal | NotAsked:
        """A proposal for the only one of ``circuits``, whose sound ``candidates`` begin with the smallest proof."""
        ...


@dataclass(frozen=True)
class Level:
    """The optimum at a level of security."""

    security: int
    answer: Choice | Infeasible
    more: float | None = None  #: share by which its proof is longer than the answer's

    def row(self) -> dict[str, Any]:
        """The JSON object, of size alone."""
        if isinstance(self.answer, Infeasible):
            return {"security": self.security, "infeasible": self.answer.reason}
        return {
            "security": self.security,
            "proof_size": self.answer.proof_size,
            "more": self.more,
        }


@dataclass(frozen=True)
class Recommendation:
    """The smallest sound parameters of a circuit, and why they are."""

    file: str
    security: int
    source: str  #: who was asked
    circuit: Analysis
    optimum: Choice
    proposal: Proposal | None
    constraints: tuple[ConstraintMargin, ...]
    runner_up: (
        RunnerUp | None
    )  #: None where no other modulus is sound, or q is the field's prime
    next_level: Level | None  #: None above the highest
    warnings: tuple[str, ...]
    milliseconds: dict[str, float]  #: by step: read, analyse, search, model

    @property
    def binds(self) -> str:
        """The constraint with the least left over."""
        return binding_constraint(list(self.constraints))

    @property
    def next_best(self) -> str:
        """The runner-up in one line, or why there is none."""
        return next_best(self.runner_up, self.circuit.liftable)

    @property
    def nearest(self) -> Nearest | None:
        """The sound candidate next to the proposal."""
        return None if self.proposal is None else self.proposal.nearest

    def row(self) -> dict[str, Any]:
        """The JSON object of `nexuszero recommend`."""
        return {
            "file": self.file,
            "security": self.security,
            "source": self.source,
            **self.optimum.row(),
            "circuit": self.circuit.row(),
            "warnings": list(self.warnings),
            "proposal": None if self.proposal is None else self.proposal.row(),
            "nearest": None if self.nearest is None else self.nearest.row(),
            "constraints": [margin.row() for margin in self.constraints],
            "binds": self.binds,
            "runner_up": None if self.runner_up is None else self.runner_up.row(),
            "next_level": None if self.next_level is None else self.next_level.row(),
            **{f"{step}_ms": value for step, value in self.milliseconds.items()},
        }


@dataclass(frozen=True)
class Refusal:
    """Nothing is sound for a circuit: why, and what would help."""

    file: str
    security: int
    source: str
    circuit: Analysis
    reason: str
    warnings: tuple[str, ...]

    def row(self) -> dict[str, Any]:
        """The JSON object of `nexuszero recommend`: every parameter null, and why."""
        return {
            "file": self.file,
            "security": self.security,
            "source": self.source,
            **Infeasible(self.reason).row(),
            "circuit": self.circuit.row(),
            "warnings": list(self.warnings),
            "proposal": None,
            "nearest": None,
        }
