"""Parameters for one circuit: a network may propose, the exact search judges the proposal and answers.

The answer is always the search's optimum. A proposal is judged as it stands, then moved to the nearest candidate that
is sound, so that its distance from the optimum can be said in bytes.

    nexuszero recommend FILE.r1cs --security 128
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nexuszero.advice.explanation import nothing_to_prove
from nexuszero.advice.records import (
    Level,
    NotAsked,
    Proposal,
    Proposer,
    Recommendation,
    Refusal,
)
from nexuszero.crypto import (
    DEGREE,
    LEVELS,
    Analysis,
    Choice,
    Circuits,
    CryptoBridge,
    Infeasible,
    RunnerUp,
    margins,
)
from nexuszero.timing import Stopwatch

NO_MODEL = "exact search, no model"


def recommend(
    bridge: CryptoBridge,
    file: Path,
    security: int,
    bounds: str | None = None,
    proposer: Proposer | None = None,
    source: str = NO_MODEL,
) -> Recommendation | Refusal:
    """The smallest sound parameters of a circuit, and why they are.

    Args:
        bridge: the library.
        file: a circuit, `.r1cs`.
        security: bits, one of 100, 128, 192, 256.
        bounds: declared widths of wires, or a file of them (:mod:`nexuszero.crypto.bounds`).
        proposer: a network to ask, or None.
        source: what the answer says of its source where no network answers.
    """
    watch = Stopwatch()
    circuits = bridge.read([file], bounds)
    watch.stop("read")
    circuit = circuits.analyses([str(file)])[0]
    watch.stop("analyse")

    candidates = circuits.candidates(security)
    warnings = _warnings(circuits, circuit, file)
    if isinstance(candidates, Infeasible):
        reason = _remedies(circuits, circuit, candidates, security)
        return Refusal(str(file), security, source, circuit, reason, warnings)
    optimum = candidates[0]
    constraints = margins(circuit, optimum, security)
    next_level = _next_level(circuits, optimum, security)
    watch.stop("search")

    proposal = None
    if proposer is not None:
        answer = proposer.propose(circuits, circuit, candidates, security)
        watch.stop("model")
        if isinstance(answer, Proposal):
            proposal = answer
            source = f"{answer.source}, checked by exact search"
            warnings += answer.warnings
        else:
            warnings += (_not_asked(answer),)

    return Recommendation(
        file=str(file),
        security=security,
        source=source,
        circuit=circuit,
        optimum=optimum,
        proposal=proposal,
        constraints=tuple(constraints),
        runner_up=RunnerUp.of(candidates),
        next_level=next_level,
        warnings=warnings,
        milliseconds=watch.milliseconds,
    )


def levels(bridge: CryptoBridge, file: Path, bounds: str | None = None) -> list[Level]:
    """The optimum at every security level."""
    circuits = bridge.read([file], bounds)
    return [Level(level, circuits.choices(level)[0]) for level in LEVELS]


class Landscape(NamedTuple):
    """Bits of LWE on a grid; NaN where no attack works, because q is too small for its n."""

    n: NDArray[np.int64]  # [columns]
    log2_q: NDArray[np.float64]  # [rows]
    bits: NDArray[np.float64]  # [rows, columns]


def landscape(
    bridge: CryptoBridge, answer: Recommendation, steps: int = 32
) -> Landscape:
    """Bits of LWE around the answer and the proposal, with the answer's deviation of secret and error."""
    proposed = (
        answer.optimum.targets if answer.proposal is None else answer.proposal.values
    )
    n_shares = _shares(answer.optimum.n, proposed[0], steps)
    q_shares = _shares(answer.optimum.log2_q, proposed[1], steps)

    ranks = np.append(
        np.round(n_shares * answer.optimum.n / DEGREE), answer.optimum.n // DEGREE
    )
    n = DEGREE * np.unique(ranks).astype(int)
    log2_q = np.unique(
        np.append(np.round(q_shares * answer.optimum.log2_q), answer.optimum.log2_q)
    )
    deviation = answer.optimum.s
    grid = bridge.estimate_lwe(
        np.tile(n, len(log2_q)), np.repeat(log2_q, len(n)), deviation, deviation
    )
    return Landscape(n, log2_q, grid["bits"].reshape(len(log2_q), len(n)))


def _shares(optimum: float, proposed: float, steps: int) -> NDArray[np.float64]:
    """From well below the optimum to a little above the proposal, at most four times the optimum."""
    return np.linspace(0.4, min(4, max(1.6, 1.1 * proposed / optimum)), steps)


def _warnings(circuits: Circuits, circuit: Analysis, file: Path) -> tuple[str, ...]:
    warnings = [] if circuit.assumption is None else [circuit.assumption]
    if circuit.custom_gates:
        uses = f"custom gates are used {circuit.custom_gates} times"
        warnings.append(
            f"{uses}: no constraint says what they do, so the answer does not cover them"
        )
    if circuit.empty and not circuit.unsatisfiable:
        finding = nothing_to_prove(circuits, circuit, file)
        warnings.append(f"{finding}; the answer is that of an empty circuit")
    return tuple(warnings)


def _not_asked(answer: NotAsked) -> str:
    return f"the model was not asked: {answer.reason}; the exact search answers alone"


def _next_level(circuits: Circuits, optimum: Choice, security: int) -> Level | None:
    """What the next level costs, None above the highest."""
    above = next((level for level in LEVELS if level > security), None)
    if above is None:
        return None
    answer = circuits.choices(above)[0]
    more = (
        None
        if isinstance(answer, Infeasible)
        else answer.proof_size / optimum.proof_size - 1
    )
    return Level(above, answer, more)


def _remedies(
    circuits: Circuits, circuit: Analysis, infeasible: Infeasible, security: int
) -> str:
    """The constraint that cannot hold, and what would help this circuit."""
    parts = [infeasible.reason]
    if circuit.unsatisfiable:
        return infeasible.reason
    lower = [
        level
        for level in LEVELS
        if level < security and isinstance(circuits.choices(level)[0], Choice)
    ]
    if lower:
        parts.append(f"{lower[-1]} bits are feasible")
    if not circuit.liftable:
        parts.append(
            "so may be a free modulus: declared widths of private wires (--bounds) may let the circuit lift"
        )
    return "; ".join(parts)
