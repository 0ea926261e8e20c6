"""Circuits in the library's memory: what they ask, the search for their parameters, their graphs.

Verbs return arrays of structs, for thousands of circuits at once; nouns return records.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nexuszero.crypto.library import Library
from nexuszero.crypto.records import Analysis, Choice, Columns, Infeasible, Records, Verdict


class Circuits:
    """Circuits, each analysed once, when that is first asked for."""

    def __init__(self, library: Library, handle: Any) -> None:
        self._library = library
        self._handle = library.ffi.gc(handle, library.lib.nexuszero_circuits_free)

    def __len__(self) -> int:
        return int(self._library.lib.nexuszero_circuits_count(self._handle))

    def analyse(self) -> Records:
        """Counts, heights and whether q is free -> [circuits]."""
        return self._records("AnalysisRecord", "nexuszero_circuits_analyse")

    def choose(self, security: int) -> Records:
        """The smallest sound parameters by exact search, with a concrete prime -> [circuits]."""
        return self._records("ChoiceRecord", "nexuszero_circuits_choose", security)

    def judge(self, security: int, proposals: NDArray[Any]) -> Records:
        """Whether proposed ``n, log2 q, sigma``, `[circuits, 3]`, are sound as they stand -> [circuits]."""
        n, log2_q, sigma = np.asarray(proposals, float).reshape(len(self), 3).T
        queries = self._library.queries("ProposalQuery", n=n, log2_q=log2_q, sigma=sigma)
        return self._records(
            "VerdictRecord", "nexuszero_circuits_judge", security, self._array(queries, "ProposalQuery")
        )

    def choose_for(self, security: int, bits: ArrayLike, heights: ArrayLike) -> Records:
        """The smallest sound parameters if circuits asked for B bits (0: a fixed q) and ``[circuits, 5]`` heights."""
        demands = np.zeros(len(self), self._library.dtype("Demand"))
        demands["bits"] = bits
        demands["heights"] = heights
        return self._records("ChoiceRecord", "nexuszero_circuits_choose_for", security, self._array(demands, "Demand"))

    def analyses(self, names: list[str]) -> list[Analysis]:
        """What the circuits ask, in order, under the names of their files."""
        return [Analysis.of(record, name) for record, name in zip(self.analyse(), names, strict=True)]

    def choices(self, security: int) -> list[Choice | Infeasible]:
        """The smallest sound parameters of each circuit, or why there are none."""
        return [Choice.of(record) for record in self.choose(security)]

    def verdicts(self, security: int, proposals: NDArray[Any]) -> list[Verdict]:
        """Judgements of ``n, log2 q, sigma``, `[circuits, 3]`."""
        return [Verdict.of(record) for record in self.judge(security, proposals)]

    def candidates(self, security: int, index: int = 0) -> list[Choice] | Infeasible:
        """All sound parameters of one circuit, the smallest proof first, or why there are none."""
        function = self._library.lib.nexuszero_circuits_candidates
        return Choice.all_of(self._library.candidates(function, self._handle, index, security))

    def explain(self, index: int) -> tuple[Records, Any]:
        """Range and reason of every wire of one circuit -> [wires], and its oversized constraints."""
        library = self._library
        wires = np.zeros(int(self.analyse()["wires"][index]), library.dtype("WireRecord"))
        overflow = np.zeros(1, library.dtype("OverflowRecord"))
        pointer = library.pointer("NexuszeroWireRecord[]", wires)
        worst = library.pointer("NexuszeroOverflowRecord[]", overflow)
        library.check(library.lib.nexuszero_circuits_explain(self._handle, index, pointer, len(wires), worst))
        return wires, overflow[0]

    def reason(self, wire: Any) -> str:
        """The reason in a wire's record, in words."""
        library = self._library
        buffer = library.ffi.new("char[256]")
        library.check(library.lib.nexuszero_reason_text(int(wire["reason"]), buffer, 256))
        text = str(library.ffi.string(buffer).decode())
        return text.format(constraint=wire["constraint"], cause=wire["cause"])

    def rule(self, number: int) -> str:
        """A rule of range inference by its number, in words (labels.md, section 1.4)."""
        library = self._library
        buffer = library.ffi.new("char[256]")
        library.check(library.lib.nexuszero_rule_text(number, buffer, 256))
        return str(library.ffi.string(buffer).decode())

    def write(self, index: int, path: Path) -> None:
        """Writes one circuit as an `.r1cs` file."""
        library = self._library
        library.check(library.lib.nexuszero_circuits_write(self._handle, index, str(path).encode()))

    def graphs(self, security: int) -> Columns:
        """The graphs as columns without labels (`x`, `edge_source`, ...)."""
        library = self._library
        out = library.ffi.new("NexuszeroRows **")
        library.check(library.lib.nexuszero_circuits_graphs(self._handle, security, out))
        return library.columns(out[0])

    def _records(self, record: str, function: str, *arguments: Any) -> Records:
        library = self._library
        out = np.zeros(len(self), library.dtype(record))
        pointer = library.pointer(f"Nexuszero{record}[]", out)
        library.check(getattr(library.lib, function)(self._handle, *arguments, pointer))
        return out

    def _array(self, queries: Records, struct: str) -> Any:
        return self._library.ffi.cast(f"Nexuszero{struct} *", self._library.ffi.from_buffer(queries))
