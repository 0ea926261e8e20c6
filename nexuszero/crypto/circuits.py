"""Circuits in the library's memory: what they ask, the search for their parameters, their graphs.

Verbs return arrays of structs, for thousands of circuits at once; nouns return records.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nexuszero.crypto.library import Library
from nexuszero.crypto.records import (
    LEVELS,
    Analysis,
    Choice,
    Columns,
    Infeasible,
    Proof,
    Records,
    Verdict,
    Verification,
)
from nexuszero.errors import InputError

MOST_WIRES = 8  # of a violated constraint that are named
VALUE_BYTES = 32  # of a public value
NO_WIRE = NO_CONSTRAINT = NOT_DECIDED = 2**32 - 1


class Circuits:
    """Circuits, each analysed once, when that is first asked for."""

    def __init__(self, library: Library, handle: Any) -> None:
        self._library = library
        self.handle = library.ffi.gc(handle, library.lib.nexuszero_circuits_free)

    def __len__(self) -> int:
        return int(self._library.lib.nexuszero_circuits_count(self.handle))

    def wires(self, index: int) -> int:
        """How many wires one circuit has, the constant one included."""
        count = self._library.ffi.new("uint32_t *")
        self._library.check(
            self._library.lib.nexuszero_circuits_wires(self.handle, index, count)
        )
        return int(count[0])

    def analyse(self) -> Records:
        """Counts, heights and whether q is free -> [circuits]."""
        return self._records("AnalysisRecord", "nexuszero_circuits_analyse")

    def choose(self, security: int) -> Records:
        """The smallest sound parameters by exact search, with a concrete prime -> [circuits]."""
        return self._records("ChoiceRecord", "nexuszero_circuits_choose", security)

    def judge(self, security: int, proposals: NDArray[Any]) -> Records:
        """Whether proposed ``n, log2 q, sigma``, `[circuits, 3]`, are sound as they stand -> [circuits]."""
        n, log2_q, sigma = np.asarray(proposals, float).reshape(len(self), 3).T
        queries = self._library.queries(
            "ProposalQuery", n=n, log2_q=log2_q, sigma=sigma
        )
        return self._records(
            "VerdictRecord",
            "nexuszero_circuits_judge",
            security,
            self._array(queries, "ProposalQuery"),
        )

    def choose_for(self, security: int, bits: ArrayLike, heights: ArrayLike) -> Records:
        """The smallest sound parameters if circuits asked for B bits (0: a fixed q) and ``[circuits, 5]`` heights."""
        demands = np.zeros(len(self), self._library.dtype("Demand"))
        demands["bits"] = bits
        demands["heights"] = heights
        return self._records(
            "ChoiceRecord",
            "nexuszero_circuits_choose_for",
            security,
            self._array(demands, "Demand"),
        )

    def analyses(self, names: list[str]) -> list[Analysis]:
        """What the circuits ask, in order, under the names of their files."""
        return [
            Analysis.of(record, name)
            for record, name in zip(self.analyse(), names, strict=True)
        ]

    def choices(self, security: int) -> list[Choice | Infeasible]:
        """The smallest sound parameters of each circuit, or why there are none."""
        return [Choice.of(record) for record in self.choose(security)]

    def verdicts(self, security: int, proposals: NDArray[Any]) -> list[Verdict]:
        """Judgements of ``n, log2 q, sigma``, `[circuits, 3]`."""
        return [Verdict.of(record) for record in self.judge(security, proposals)]

    def candidates(self, security: int, index: int = 0) -> list[Choice] | Infeasible:
        """All sound parameters of one circuit, the smallest proof first, or why there are none."""
        function = self._library.lib.nexuszero_circuits_candidates
        return Choice.all_of(
            self._library.candidates(function, self.handle, index, security)
        )

    def explain(self, index: int) -> tuple[Records, Any]:
        """Range and reason of every wire of one circuit -> [wires], and its oversized constraints."""
        library = self._library
        wires = np.zeros(self.wires(index), library.dtype("WireRecord"))
        overflow = np.zeros(1, library.dtype("OverflowRecord"))
        pointer = library.pointer("NexuszeroWireRecord[]", wires)
        worst = library.pointer("NexuszeroOverflowRecord[]", overflow)
        library.check(
            library.lib.nexuszero_circuits_explain(
                self.handle, index, pointer, len(wires), worst
            )
        )
        return wires, overflow[0]

    def reason(self, wire: Any) -> str:
        """The reason in a wire's record, in words."""
        library = self._library
        buffer = library.ffi.new("char[256]")
        library.check(
            library.lib.nexuszero_reason_text(int(wire["reason"]), buffer, 256)
        )
        text = str(library.ffi.string(buffer).decode())
        return text.format(constraint=wire["constraint"], cause=wire["cause"])

    def rule(self, number: int) -> str:
        """A rule of range inference by its number, in words (labels.md, section 1.4)."""
        library = self._library
        buffer = library.ffi.new("char[256]")
        library.check(library.lib.nexuszero_rule_text(number, buffer, 256))
        return str(library.ffi.string(buffer).decode())

    def violation(
        self, index: int, witness: bytes | bytearray
    ) -> tuple[int, list[int]] | None:
        """The first constraint that a `.wtns` file's values violate, with its wires; None where they satisfy all."""
        library = self._library
        constraint, count = library.ffi.new("uint32_t *"), library.ffi.new("size_t *")
        wires = np.zeros(MOST_WIRES, "u4")
        room = library.pointer("uint32_t[]", wires), len(wires)
        data = library.pointer("uint8_t[]", witness)
        function = library.lib.nexuszero_circuits_violation
        library.check(
            function(self.handle, index, data, len(witness), constraint, *room, count)
        )
        if constraint[0] == NO_CONSTRAINT:
            return None
        return int(constraint[0]), wires[: count[0]].tolist()

    def outside(self, index: int, witness: bytes | bytearray) -> int | None:
        """The first wire whose value in a `.wtns` file leaves its range, declared widths taken for true."""
        library = self._library
        wire = library.ffi.new("uint32_t *")
        data = library.pointer("uint8_t[]", witness), len(witness)
        library.check(
            library.lib.nexuszero_circuits_outside(self.handle, index, *data, wire)
        )
        return None if wire[0] == NO_WIRE else int(wire[0])

    def prove(
        self, index: int, witness: bytes | bytearray | None, security: int
    ) -> Proof:
        """Proves that the values of a `.wtns` file satisfy one circuit; None for those that a synthesised one has."""
        library = self._library
        out = library.ffi.new("NexuszeroProof **")
        data = (
            library.ffi.NULL
            if witness is None
            else library.pointer("uint8_t[]", witness)
        )
        length = len(witness or b"")
        library.check(
            library.lib.nexuszero_prove(self.handle, index, data, length, security, out)
        )
        handle = library.ffi.gc(out[0], library.lib.nexuszero_proof_free)
        record = library.ffi.new("NexuszeroProofRecord *")
        library.check(library.lib.nexuszero_proof_record(handle, record))
        values = library.copy(record.public_values, VALUE_BYTES * record.public_count)
        return Proof(
            data=library.copy(record.data, record.bytes),
            public=tuple(
                int.from_bytes(values[start : start + VALUE_BYTES], "little")
                for start in range(0, len(values), VALUE_BYTES)
            ),
            expected_size=int(record.expected),
            attempts=int(record.attempts),
            constraints=int(record.constraints),
        )

    def verify(
        self, index: int, proof: bytes, public: Sequence[int], least: int
    ) -> Verification:
        """Verifies a proof for one circuit and its public values, at least at ``least`` bits of security."""
        library = self._library
        try:
            values = b"".join(value.to_bytes(VALUE_BYTES, "little") for value in public)
        except OverflowError:
            raise InputError(
                "a public value is negative or above 256 bits; it must lie below the field's prime"
            ) from None
        code, reason = library.ffi.new("uint32_t *"), library.ffi.new("char[1024]")
        data = library.pointer("uint8_t[]", proof), len(proof)
        given = library.pointer("uint8_t[]", values), len(public)
        function = library.lib.nexuszero_verify
        library.check(
            function(self.handle, index, *data, *given, least, code, reason, 1024)
        )
        text = library.ffi.string(reason).decode()
        return Verification(None if code[0] == NOT_DECIDED else int(code[0]), text)

    def added(self, index: int) -> tuple[Records, int]:
        """The wires that were added to one circuit, in their order, and how many wires are checked, or replaced."""
        library = self._library
        count, touched = library.ffi.new("size_t *"), library.ffi.new("size_t *")
        function = library.lib.nexuszero_circuits_added
        library.check(function(self.handle, index, library.ffi.NULL, 0, count, touched))
        added = np.zeros(count[0], library.dtype("AddedRecord"))
        room = library.pointer("NexuszeroAddedRecord[]", added), len(added)
        library.check(function(self.handle, index, *room, count, touched))
        return added, int(touched[0])

    def extend_witness(self, index: int, witness: bytes | bytearray) -> bytearray:
        """A `.wtns` file with the values of added wires, from one of the circuit that had none."""
        library = self._library
        count = library.ffi.new("size_t *")
        data = library.pointer("uint8_t[]", witness), len(witness)
        function = library.lib.nexuszero_circuits_extend_witness
        library.check(function(self.handle, index, *data, library.ffi.NULL, 0, count))
        extended = bytearray(count[0])
        library.check(
            function(
                self.handle,
                index,
                *data,
                library.pointer("uint8_t[]", extended),
                count[0],
                count,
            )
        )
        return extended

    def write(self, index: int, path: Path) -> None:
        """Writes one circuit as an `.r1cs` file."""
        library = self._library
        library.check(
            library.lib.nexuszero_circuits_write(self.handle, index, os.fsencode(path))
        )

    def edges(self, index: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Wires and constraints of one circuit: a wire for each term of a constraint, ``[terms]`` both."""
        graph = self.graphs(min(LEVELS))
        ends = np.cumsum(graph["edges"], dtype=np.int64)
        own = slice(int(ends[index - 1]) if index else 0, int(ends[index]))
        wires = graph["edge_source"][own].astype(np.int64) + 1
        return wires, graph["edge_target"][own].astype(np.int64) - (
            self.wires(index) - 1
        )

    def graphs(self, security: int) -> Columns:
        """The graphs as columns without labels (`x`, `edge_source`, ...)."""
        library = self._library
        out = library.ffi.new("NexuszeroRows **")
        library.check(library.lib.nexuszero_circuits_graphs(self.handle, security, out))
        return library.columns(out[0])

    def _records(self, record: str, function: str, *arguments: Any) -> Records:
        library = self._library
        out = np.zeros(len(self), library.dtype(record))
        pointer = library.pointer(f"Nexuszero{record}[]", out)
        library.check(getattr(library.lib, function)(self.handle, *arguments, pointer))
        return out

    def _array(self, queries: Records, struct: str) -> Any:
        return self._library.ffi.cast(
            f"Nexuszero{struct} *", self._library.ffi.from_buffer(queries)
        )
