"""What `nexuszero recommend` prints: a recommendation as plain text for a terminal or a file.

rich waits until there is a table to set, since most commands have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from nexuszero.advice.records import Level, Nearest, Proposal, Recommendation
from nexuszero.crypto import CHOICE_KEYS, Choice, Infeasible

if TYPE_CHECKING:
    from rich.table import Table

# digits of what is computed
DIGITS = {
    "sigma": 3,
    "s": 3,
    "s1": 3,
    "lwe_bits": 3,
    "sis_bits": 3,
    "bit_security": 3,
    "hardness": 4,
}
PROPOSED = {
    "n": 1,
    "log2_q": 2,
    "sigma": 1,
    "bit_security": 1,
    "hardness": 3,
    "proof_size": 0,
}  # of what is guessed
MEANINGS = {
    "hiding": "Module-LWE, core-SVP",
    "binding": "Module-SIS, core-SVP",
    "modulus": "q carries the circuit's values",
    "soundness": "openings, linear checks, challenges",
}
FIXED = "q is the field's prime"
LIMITS_IN_WORDS = {
    "half_modulus": "8 T Bd would reach half of q",
    "near_half": "Module-SIS would fall short of 1.021 lambda, as 8 T Bd is above q/8",
    "sis": "Module-SIS would fall short of lambda",
    None: "binds as well, and costs more bytes",
}
WIDTH = 1000  # of lines: nothing is wrapped, whatever the terminal


def render(answer: Recommendation) -> str:
    """The circuit; proposal, nearest candidate, optimum; bytes by part; what each constraint has left; the price."""
    parts = [_grid(_circuit(answer)), _parameters(answer)]
    if answer.proposal is not None:
        parts.append(
            _grid(
                [
                    ("model", _verdict(answer.proposal)),
                    ("nearest", _distance(answer.proposal.nearest)),
                ]
            )
        )
    parts += [_bytes(answer.optimum), _constraints(answer), _grid(_ending(answer))]
    return "\n\n".join(parts)


def _circuit(answer: Recommendation) -> list[tuple[str, str]]:
    circuit = answer.circuit
    counts = f"{circuit.constraints:,} constraints, {circuit.wires:,} wires, {circuit.forms:,} forms"
    free = f"up to {circuit.bits} bits over the integers: q is free"
    fixed = (
        f"not bounded over the integers: q is the field's prime, {circuit.bits} bits"
    )
    return [
        ("circuit", answer.file),
        ("", f"{counts}, a field of {circuit.field_bits} bits"),
        ("values", free if circuit.liftable else fixed),
        ("security", f"{answer.security} bits"),
        ("source", answer.source),
        *(("warning", line) for line in answer.warnings),
    ]


def _parameters(answer: Recommendation) -> str:
    """A column for each of the three, or for the optimum alone."""
    columns = {"optimum": _choice(answer.optimum)}
    if answer.proposal is not None:
        proposed = answer.proposal.row()
        model = [
            _number(proposed.get(key), PROPOSED.get(key, 0)) for key in CHOICE_KEYS
        ]
        columns = {
            "model": model,
            "nearest": _choice(answer.proposal.nearest.choice),
            **columns,
        }
    table = _table(["", *columns])
    for key, *cells in zip(CHOICE_KEYS, *columns.values(), strict=True):
        table.add_row(key, *cells)
    return _plain(table)


def _choice(choice: Choice) -> list[str]:
    row = choice.row()
    return [_number(row[key], DIGITS.get(key, 0)) for key in CHOICE_KEYS]


def _verdict(proposal: Proposal) -> str:
    verdict = proposal.verdict
    rounded = f"with n {verdict.n} and log2 q {verdict.log2_q}"
    if verdict.sound:
        return f"sound {rounded}: {verdict.proof_size:,} bytes"
    return f"not sound {rounded}: {', '.join(verdict.fails)} cannot hold"


def _distance(nearest: Nearest) -> str:
    if nearest.excess == 0:
        return "the optimum itself"
    return f"sound, its proof {nearest.excess:.1%} larger than the optimum's"


def _bytes(choice: Choice) -> str:
    """Where the bytes go, and why the rank and the cut are what they are."""
    smaller = (
        "none: it is the smallest there is"
        if choice.kappa == 1
        else LIMITS_IN_WORDS[choice.rank_limit]
    )
    limits = [("kappa - 1", smaller), ("g + 1", LIMITS_IN_WORDS[choice.cut_limit])]
    return f"{choice.parts}\n\n{_grid(limits)}"


def _constraints(answer: Recommendation) -> str:
    table = _table(["bits of", "needs", "has", "margin"])
    table.add_column()
    table.add_column()
    for row in answer.constraints:
        meaning = (
            FIXED
            if row.constraint == "modulus" and not answer.circuit.liftable
            else MEANINGS[row.constraint]
        )
        binds = "<- binds" if row.constraint == answer.binds else ""
        numbers = [_number(value, 3) for value in (row.needs, row.has, row.margin)]
        table.add_row(row.constraint, *numbers, meaning, binds)
    return _plain(table)


def _ending(answer: Recommendation) -> list[tuple[str, str]]:
    times = ", ".join(
        f"{step} {value:.1f}" for step, value in answer.milliseconds.items()
    )
    return [
        ("q", str(answer.optimum.q)),
        ("next best", answer.next_best),
        ("next level", _next(answer.next_level)),
        ("milliseconds", times),
    ]


def _next(level: Level | None) -> str:
    if level is None:
        return "none above"
    if isinstance(level.answer, Infeasible):
        return level.answer.reason
    return (
        f"{level.security} bits: {level.answer.proof_size:,} bytes, {level.more:+.1%}"
    )


def _number(value: object, digits: int) -> str:
    if value is None:
        return "-"
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def _table(header: Sequence[str]) -> Table:
    """Names to the left, numbers to the right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    name, *numbers = header
    table.add_column(name, min_width=12)
    for title in numbers:
        table.add_column(title, justify="right", min_width=9)
    return table


def _grid(facts: Iterable[tuple[str, str]]) -> str:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=12)
    for name, value in facts:
        table.add_row(name, value)
    return _plain(table)


def _plain(table: Table) -> str:
    """The table's text without colours, wrapping or trailing blanks."""
    from rich.console import Console

    console = Console(
        width=WIDTH, no_color=True, highlight=False, markup=False, emoji=False
    )
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
