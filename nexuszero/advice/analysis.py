"""What circuits ask, why, and what would help: the answer of `nexuszero analyse`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexuszero.advice.components import Component, components, table
from nexuszero.advice.explanation import Explanation, describe, explain
from nexuszero.advice.inputs import MOST_TRIED, Help, widths_that_help
from nexuszero.crypto import Analysis, CryptoBridge

SHOWN_APART = ("finding", "stale_names", "help", "components")  # below the counts


@dataclass(frozen=True)
class Answer:
    """All that is said of one circuit."""

    circuit: Analysis
    why: Explanation
    help: Help | None = None
    components: tuple[Component, ...] | None = (
        None  #: None where they were not asked for
    )

    def row(self) -> dict[str, Any]:
        """The JSON object."""
        row = (
            self.circuit.row()
            | self.why.row()
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
        inputs: whether to look for widths of inputs that would let a circuit lift; None: where it is small.
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
