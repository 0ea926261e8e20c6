"""What circuits ask, why, and what would help: the answer of `nexuszero analyse`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nexuszero.advice import rewriting
from nexuszero.advice.components import Component, components, table
from nexuszero.advice.explanation import Explanation, describe, explain
from nexuszero.advice.inputs import MOST_TRIED, Help, widths_that_help
from nexuszero.crypto import Analysis, CryptoBridge

SHOWN_APART = (
    "finding",
    "stale_names",
    "own_form",
    "help",
    "components",
)  # below the counts


@dataclass(frozen=True)
class OwnForm:
    """What the form of our own saves (:mod:`nexuszero.advice.simplifying`)."""

    security: int
    proof_size: int | None  #: bytes, as the circuit stands
    proof_size_after: int | None  #: the same in that form

    def lines(self, file: str) -> list[str]:
        """The same for a terminal, where it saves anything."""
        before, after = self.proof_size, self.proof_size_after
        if after is None or (before is not None and after >= before):
            return []
        return [
            f"in the form of our own a proof at {self.security} bits has {rewriting.spelled(after)} instead of "
            f"{rewriting.spelled(before)}: nexuszero simplify {file} -o NEW.r1cs"
        ]


@dataclass(frozen=True)
class Answer:
    """All that is said of one circuit."""

    circuit: Analysis
    why: Explanation
    help: Help | None = None
    components: tuple[Component, ...] | None = (
        None  #: None where they were not asked for
    )
    own_form: OwnForm | None = None  #: None where it was not looked for

    def row(self) -> dict[str, Any]:
        """The JSON object."""
        row = (
            self.circuit.row()
            | self.why.row()
            | {"own_form": self.own_form and asdict(self.own_form)}
            | {"help": self.help and self.help.row()}
        )
        return (
            row
            if self.components is None
            else row | {"components": [one.row() for one in self.components]}
        )

    def counts(self) -> dict[str, Any]:
        """The part of it that a terminal shows as a list."""
        return {
            key: value for key, value in self.row().items() if key not in SHOWN_APART
        }

    def lines(self) -> list[str]:
        """The rest for a terminal."""
        lines = describe(self.circuit, self.why)
        if self.own_form is not None:
            lines += self.own_form.lines(self.circuit.file)
        if self.help is not None:
            lines += self.help.lines()
        if self.components is not None:
            lines += ["", *table(self.components)]
        return lines


def analyse(
    bridge: CryptoBridge,
    files: Sequence[Path],
    bounds: str | None = None,
    security: int = 128,
    asked: Sequence[str] = (),
    by_component: bool = False,
    inputs: bool | None = None,
) -> list[Answer]:
    """Analyses circuits, in order.

    Args:
        bridge: the library.
        files: circuits, `.r1cs`.
        bounds: declared widths of wires, or a file of them (:mod:`nexuszero.crypto.bounds`).
        security: bits, for the sizes of proofs.
        asked: wires to tell of, by number or by circom's name.
        by_component: whether to say where the bytes come from.
        inputs: whether to look for widths of inputs that would let a circuit lift, and at the form of our own; None:
            where it is small.
    """
    circuits = bridge.read(files, bounds)
    answers = []
    for index, (circuit, file) in enumerate(
        zip(circuits.analyses(list(map(str, files))), files, strict=True)
    ):
        searched = circuit.constraints <= MOST_TRIED if inputs is None else inputs
        answers.append(
            Answer(
                circuit=circuit,
                why=explain(circuits, circuit, index, file, asked),
                own_form=_own_form(bridge, file, bounds, security)
                if searched and not circuit.unsatisfiable
                else None,
                help=widths_that_help(bridge, file, circuit, bounds, security)
                if searched
                else None,
                components=(
                    tuple(components(bridge, circuits, index, circuit, file, security))
                    if by_component
                    else None
                ),
            )
        )
    return answers


def _own_form(
    bridge: CryptoBridge, file: Path, bounds: str | None, security: int
) -> OwnForm:
    plain = bridge.read([file], bounds)
    before, after = rewriting.sizes((plain, bridge.simplify(plain, 0)), security)
    return OwnForm(security, before, after)
