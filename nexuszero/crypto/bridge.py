"""The only door to the Rust library `nexuszero-crypto`: estimates, circuits, exact search, generation.

Every call takes and returns batches; the library spreads them over all cores. Records come back as NumPy
structured arrays whose layout is read off the C header, columns as views of the library's memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nexuszero.crypto.bounds import Declaration, Width, declarations, widths
from nexuszero.crypto.circuits import Circuits
from nexuszero.crypto.library import Library
from nexuszero.crypto.records import (
    ATTACKS,
    Choice,
    Columns,
    Infeasible,
    ProofHeader,
    Records,
)
from nexuszero.errors import InputError
from nexuszero.files import check_regular

REASONS = (
    "bounded",
    "boolean",
    "large",
    "unused",
    "hint",
    "free",
    "derived",
    "broad",
    "roots",
)  # of a wire
SHIFTED = (
    "test_large",
    "test_family",
)  # splits unlike training: 2,000 to 20,000 nodes; families unknown to it


class CryptoBridge:
    """The library, loaded once; raises `InputError` with the library's own line when a call is refused.

    >>> bridge = CryptoBridge()
    >>> bridge.choose(forms=[100], security=[128], bits=[40], primes=[None])["proof_size"].tolist()
    [10196]
    """

    def __init__(self) -> None:
        self._library = Library()

    @property
    def version(self) -> str:
        """The crate's version, `major.minor.patch`."""
        number = self._library.lib.nexuszero_crypto_version()
        return f"{number // 10000}.{number // 100 % 100}.{number % 100}"

    @property
    def label_version(self) -> int:
        """Version of the labels' meaning (docs/labels.md)."""
        return int(self._library.lib.nexuszero_label_version())

    @property
    def schema_version(self) -> int:
        """Version of the dataset's columns (docs/dataset.md)."""
        return int(self._library.lib.nexuszero_schema_version())

    def exports(self) -> list[str]:
        """Names of the exported functions."""
        return sorted(
            name for name in dir(self._library.lib) if name.startswith("nexuszero_")
        )

    def columns(self) -> dict[str, np.dtype[np.generic]]:
        """Name and NumPy type of every column of generated rows, a sub-array where an item is one."""
        return dict(self._library.column_types)

    def families(self) -> list[str]:
        """Names of the circuit families, by number."""
        names: list[str] = []
        while (
            name := self._library.text(
                self._library.lib.nexuszero_family_name, len(names), 64
            )
        ) is not None:
            names.append(name)
        return names

    def field(self, text: str) -> int:
        """The prime of a field: a name (bn254, bls12-381, goldilocks, babybear) or the prime itself."""
        out = self._library.ffi.new("uint8_t[32]")
        self._library.check(
            self._library.lib.nexuszero_field_parse(
                str(text).encode(errors="replace"), out
            )
        )
        return int.from_bytes(bytes(out), "little")

    def estimate_lwe(
        self,
        n: ArrayLike,
        log2_q: ArrayLike,
        sigma_s: ArrayLike,
        sigma_e: ArrayLike,
        samples: ArrayLike = 0,
        attack: str = "rough",
    ) -> Records:
        """Core-SVP estimates of LWE; standard deviations, 0 samples for unlimited; broadcasts -> [rows]."""
        known = [name for name in ATTACKS if name != "sis"]
        if attack not in known:
            raise InputError(
                f"attack {attack!r} is unknown; choose one of {', '.join(known)}"
            )
        queries = self._library.queries(
            "LweQuery",
            n=n,
            log2_q=log2_q,
            sigma_s=sigma_s,
            sigma_e=sigma_e,
            samples=samples,
            attack=ATTACKS.index(attack),
        )
        return self._library.answers(
            self._library.lib.nexuszero_estimate_lwe, queries, "EstimateRecord"
        )

    def estimate_sis(
        self,
        n: ArrayLike,
        log2_q: ArrayLike,
        log2_bound: ArrayLike,
        samples: ArrayLike = 0,
    ) -> Records:
        """Core-SVP estimates of SIS in the l2 norm; arguments broadcast -> [rows]."""
        queries = self._library.queries(
            "SisQuery", n=n, log2_q=log2_q, log2_bound=log2_bound, samples=samples
        )
        return self._library.answers(
            self._library.lib.nexuszero_estimate_sis, queries, "EstimateRecord"
        )

    def choose(
        self,
        forms: Sequence[int],
        security: Sequence[int],
        bits: Sequence[int | None],
        primes: Sequence[int | None],
    ) -> Records:
        """Labels without a circuit (labels.md, section 4): `bits` (B) where q is free, else the prime -> [rows]."""
        queries = self._demands(forms, security, bits, primes)
        return self._library.answers(
            self._library.lib.nexuszero_choose, queries, "ChoiceRecord"
        )

    def candidates(
        self, forms: int, security: int, bits: int | None, prime: int | None
    ) -> list[Choice] | Infeasible:
        """All sound parameters without a circuit, the smallest proof first, or why there are none."""
        library = self._library
        query = library.pointer(
            "NexuszeroDemandQuery[]",
            self._demands([forms], [security], [bits], [prime]),
        )
        return Choice.all_of(
            library.candidates(library.lib.nexuszero_candidates, query)
        )

    def _demands(
        self,
        forms: Sequence[int],
        security: Sequence[int],
        bits: Sequence[int | None],
        primes: Sequence[int | None],
    ) -> Records:
        columns = {
            "forms": forms,
            "security": security,
            "bits": [value or 0 for value in bits],
        }
        for name, values in columns.items():
            if any(not 0 <= value < 2**32 for value in values):
                raise InputError(f"{name} must lie between 0 and 2^32 - 1")

        queries = self._library.queries("DemandQuery", **columns)
        for row, prime in enumerate(primes):
            queries["p"][row] = list((prime or 0).to_bytes(32, "little"))
        return queries

    def read(self, paths: Sequence[Path | str], bounds: str | None = None) -> Circuits:
        """Reads `.r1cs` files.

        Args:
            paths: the files.
            bounds: declared widths of wires, or a file of them (:mod:`nexuszero.crypto.bounds`).
        """
        declared = None if bounds is None else declarations(bounds)
        for path in map(Path, paths):
            check_regular(path)
        names = [self._library.ffi.new("char[]", os.fsencode(path)) for path in paths]
        circuits = self._circuits(
            self._library.lib.nexuszero_circuits_read, names, len(names)
        )
        return (
            circuits
            if declared is None
            else self._bounded(circuits, declared, [Path(path) for path in paths])
        )

    def parse(self, data: bytes, bounds: str | None = None) -> Circuits:
        """Reads the bytes of one `.r1cs` file; `bounds` as for :meth:`read`, by number."""
        pointer = self._library.pointer("uint8_t[]", data)
        circuits = self._circuits(
            self._library.lib.nexuszero_circuits_parse, pointer, len(data)
        )
        return (
            circuits
            if bounds is None
            else self._bounded(circuits, declarations(bounds), [None])
        )

    def part(self, circuits: Circuits, index: int, keep: NDArray[np.bool_]) -> Circuits:
        """One circuit with some of its constraints alone, ``[constraints]``, as they stand in it."""
        mask = np.ascontiguousarray(keep, "u1")
        pointer = self._library.pointer("uint8_t[]", mask)
        return self._circuits(
            self._library.lib.nexuszero_circuits_part,
            circuits.handle,
            index,
            pointer,
            len(mask),
        )

    def constrain(self, circuits: Circuits, index: int) -> Circuits:
        """One circuit with range checks for those declared widths of private wires that do not follow from it."""
        return self._circuits(
            self._library.lib.nexuszero_circuits_constrain, circuits.handle, index
        )

    def simplify(self, circuits: Circuits, index: int) -> Circuits:
        """One circuit in a form of our own, which does not depend on how far a compiler has substituted wires."""
        return self._circuits(
            self._library.lib.nexuszero_circuits_simplify, circuits.handle, index
        )

    def _bounded(
        self,
        circuits: Circuits,
        declared: Sequence[Declaration],
        paths: Sequence[Path | None],
    ) -> Circuits:
        """The same circuits with declared widths."""
        return self.with_widths(
            circuits,
            [
                widths(declared, path, circuits.wires(index))
                for index, path in enumerate(paths)
            ],
        )

    def with_widths(
        self, circuits: Circuits, found: Sequence[Mapping[int, Width]]
    ) -> Circuits:
        """The same circuits where range inference starts from widths of wires, those of each circuit."""
        texts = [
            self._library.ffi.new("char[]", json.dumps(one).encode()) for one in found
        ]
        return self._circuits(
            self._library.lib.nexuszero_circuits_with_bounds, circuits.handle, texts
        )

    def inspect(self, proof: bytes) -> ProofHeader:
        """What a proof says of itself."""
        library = self._library
        out = np.zeros(1, library.dtype("HeaderRecord"))
        data = library.pointer("uint8_t[]", proof)
        library.check(
            library.lib.nexuszero_inspect(
                data, len(proof), library.pointer("NexuszeroHeaderRecord[]", out)
            )
        )
        return ProofHeader.of(out[0])

    def synthesize(
        self, families: ArrayLike, seeds: ArrayLike, large: bool = False
    ) -> Circuits:
        """Rebuilds circuits from family numbers and seeds; ``large`` ones are those of the split `test_large`."""
        library = self._library
        numbers = np.atleast_1d(np.asarray(families, "u1"))
        starts = np.atleast_1d(np.asarray(seeds, "u8"))
        pointers = (
            library.pointer("uint8_t[]", numbers),
            library.pointer("uint64_t[]", starts),
        )
        return self._circuits(
            library.lib.nexuszero_circuits_synthesize, *pointers, len(numbers), large
        )

    def generate(
        self, master_seed: int, first: int, count: int, threads: int = 0
    ) -> list[Columns]:
        """Rows of stream positions `first..first+count` -> the columns of train, val and test.

        The arrays view the library's memory, which lives as long as any of them.
        """
        out = self._library.ffi.new("NexuszeroRows *[3]")
        self._library.check(
            self._library.lib.nexuszero_generate(
                master_seed, first, count, threads, out
            )
        )
        return [self._library.columns(out[split]) for split in range(3)]

    def generate_train(
        self, master_seed: int, first: int, count: int, threads: int = 0
    ) -> Columns:
        """The first ``count`` rows of train from stream position ``first`` on -> its columns."""
        out = self._library.ffi.new("NexuszeroRows **")
        function = self._library.lib.nexuszero_generate_train
        self._library.check(function(master_seed, first, count, threads, out))
        return self._library.columns(out[0])

    def generate_shifted(
        self, split: str, master_seed: int, first: int, count: int, threads: int = 0
    ) -> Columns:
        """Rows of a split of :data:`SHIFTED`, which has a stream of its own -> its columns."""
        out = self._library.ffi.new("NexuszeroRows **")
        function = self._library.lib.nexuszero_generate_shifted
        self._library.check(
            function(SHIFTED.index(split), master_seed, first, count, threads, out)
        )
        return self._library.columns(out[0])

    def _circuits(self, function: Any, *arguments: Any) -> Circuits:
        """The circuits whose handle a function writes behind its arguments."""
        out = self._library.ffi.new("NexuszeroCircuits **")
        self._library.check(function(*arguments, out))
        return Circuits(self._library, out[0])
