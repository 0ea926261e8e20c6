"""The only door to the Rust library `nexuszero-crypto`: estimates, circuits, exact search, generation.

Every call takes and returns batches; the library spreads them over all cores. Records come back as NumPy
structured arrays whose layout is read off the C header, columns as views of the library's memory.

    >>> from nexuszero.crypto import CryptoBridge
    >>> bridge = CryptoBridge()
    >>> bridge.choose(forms=[100], security=[128], bits=[40], primes=[None])["proof_size"]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nexuszero.errors import InputError

DEGREE = 64  # of the ring: LWE dimensions are multiples of it
LEVELS = (100, 128, 192, 256)  # bits of security that have a challenge set
CONSTRAINTS = ("hiding", "modulus", "soundness", "binding", "width")  # of a proposal, by their bits
REASONS = ("bounded", "boolean", "large", "unused", "free", "derived", "broad", "roots", "unsettled")  # of a wire
SHIFTED = ("test_large", "test_family")  # splits unlike training: 2,000 to 20,000 nodes; families unknown to it
ATTACKS = ("usvp", "bdd", "dual", "dual_hybrid", "rough", "sis")
Records = NDArray[np.void]
Columns = dict[str, NDArray[Any]]

# dtype and trailing shape of the columns that the library hands out (dataset.md)
_COLUMNS: dict[str, tuple[str, tuple[int, ...]]] = {
    "x": ("f4", (12,)),
    "edge_source": ("i4", ()),
    "edge_target": ("i4", ()),
    "edge_attr": ("f4", (5,)),
    "node_bits": ("u2", ()),
    "node_rounds": ("u1", ()),
    "nodes": ("i8", ()),
    "edges": ("i8", ()),
    "params": ("f8", (3,)),
    "metrics": ("f8", (3,)),
    "seed": ("u8", ()),
    "family": ("u1", ()),
    "security": ("u2", ()),
    "field_bits": ("u2", ()),
    "wires": ("u4", ()),
    "constraints": ("u4", ()),
    "forms": ("u4", ()),
    "heights": ("u4", (5,)),
    "bits": ("u2", ()),
    "liftable": ("u1", ()),
}


class CryptoBridge:
    """The library, loaded once; raises `InputError` with the library's own line when a call is refused."""

    def __init__(self) -> None:
        try:
            from nexuszero import _crypto
        except (ImportError, OSError) as error:
            raise InputError(f"the Rust library is not built or not loadable ({error}); run `make setup`") from error
        self._ffi, self._lib = _crypto.ffi, _crypto.lib

    @property
    def version(self) -> str:
        """The crate's version, `major.minor.patch`."""
        number = self._lib.nexuszero_crypto_version()
        return f"{number // 10000}.{number // 100 % 100}.{number % 100}"

    @property
    def label_version(self) -> int:
        """Version of the labels' meaning (labels.md)."""
        return int(self._lib.nexuszero_label_version())

    @property
    def schema_version(self) -> int:
        """Version of the dataset's columns (dataset.md)."""
        return int(self._lib.nexuszero_schema_version())

    def exports(self) -> list[str]:
        """Names of the exported functions."""
        return sorted(name for name in dir(self._lib) if name.startswith("nexuszero_"))

    def families(self) -> list[str]:
        """Names of the circuit families, by number."""
        buffer = self._ffi.new("char[64]")
        names: list[str] = []
        while self._lib.nexuszero_family_name(len(names), buffer, 64) == 0:
            names.append(self._ffi.string(buffer).decode())
        return names

    def field(self, text: str) -> int:
        """The prime of a field: a name (bn254, bls12-381, goldilocks, babybear) or the prime itself."""
        out = self._ffi.new("uint8_t[32]")
        self._check(self._lib.nexuszero_field_parse(str(text).encode(), out))
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
        if attack not in ATTACKS[:5]:
            raise InputError(f"attack {attack!r} is unknown; choose one of {', '.join(ATTACKS[:5])}")
        number = ATTACKS.index(attack)
        queries = self._queries(
            "LweQuery", n=n, log2_q=log2_q, sigma_s=sigma_s, sigma_e=sigma_e, samples=samples, attack=number
        )
        return self._map(self._lib.nexuszero_estimate_lwe, queries, "EstimateRecord")

    def estimate_sis(self, n: ArrayLike, log2_q: ArrayLike, log2_bound: ArrayLike, samples: ArrayLike = 0) -> Records:
        """Core-SVP estimates of SIS in the l2 norm; arguments broadcast -> [rows]."""
        queries = self._queries("SisQuery", n=n, log2_q=log2_q, log2_bound=log2_bound, samples=samples)
        return self._map(self._lib.nexuszero_estimate_sis, queries, "EstimateRecord")

    def choose(
        self,
        forms: Sequence[int],
        security: Sequence[int],
        bits: Sequence[int | None],
        primes: Sequence[int | None],
    ) -> Records:
        """The labels of labels.md without a circuit: `bits` (B) where q is free, else the prime -> [rows]."""
        columns = {"forms": forms, "security": security, "bits": [value or 0 for value in bits]}
        for name, values in columns.items():
            if any(not 0 <= value < 2**32 for value in values):
                raise InputError(f"{name} must lie between 0 and 2^32 - 1")
        queries = self._queries("DemandQuery", **columns)
        for row, prime in enumerate(primes):
            queries["p"][row] = list((prime or 0).to_bytes(32, "little"))
        return self._map(self._lib.nexuszero_choose, queries, "ChoiceRecord")

    def read(self, paths: Sequence[Path | str], bounds: str | None = None) -> Circuits:
        """Reads `.r1cs` files; `bounds` is the text of a JSON object from wire to `[lo, hi]`, known of each file."""
        names = [self._ffi.new("char[]", str(path).encode()) for path in paths]
        known = self._ffi.NULL if bounds is None else bounds.encode()
        out = self._ffi.new("NexuszeroCircuits **")
        self._check(self._lib.nexuszero_circuits_read(names, len(names), known, out))
        return Circuits(self, out[0])

    def synthesize(self, families: ArrayLike, seeds: ArrayLike, large: bool = False) -> Circuits:
        """Rebuilds circuits from family numbers and seeds; ``large`` ones are those of the split `test_large`."""
        numbers, starts = np.atleast_1d(np.asarray(families, "u1")), np.atleast_1d(np.asarray(seeds, "u8"))
        out = self._ffi.new("NexuszeroCircuits **")
        pointers = self._pointer("uint8_t[]", numbers), self._pointer("uint64_t[]", starts)
        self._check(self._lib.nexuszero_circuits_synthesize(*pointers, len(numbers), large, out))
        return Circuits(self, out[0])

    def generate(self, master_seed: int, first: int, count: int, threads: int = 0) -> list[Columns]:
        """Rows of stream positions `first..first+count` -> the columns of train, val and test.

        The arrays view the library's memory, which lives as long as any of them.
        """
        out = self._ffi.new("NexuszeroRows *[3]")
        self._check(self._lib.nexuszero_generate(master_seed, first, count, threads, out))
        return [self._columns(out[split]) for split in range(3)]

    def generate_shifted(self, split: str, master_seed: int, first: int, count: int, threads: int = 0) -> Columns:
        """The same of a split of :data:`SHIFTED`, which has a stream of its own -> its columns."""
        out = self._ffi.new("NexuszeroRows **")
        number = SHIFTED.index(split)
        self._check(self._lib.nexuszero_generate_shifted(number, master_seed, first, count, threads, out))
        return self._columns(out[0])

    def _queries(self, struct: str, **columns: ArrayLike) -> Records:
        arrays = np.broadcast_arrays(*(np.atleast_1d(column) for column in columns.values()))
        queries = np.zeros(arrays[0].shape, self._dtype(struct))
        for name, array in zip(columns, arrays, strict=True):
            queries[name] = array
        return queries

    def _map(self, function: Any, queries: Records, record: str) -> Records:
        out = np.zeros(len(queries), self._dtype(record))
        source = self._ffi.from_buffer(queries) if len(queries) else self._ffi.NULL
        source = self._ffi.cast(self._ffi.typeof(function).args[0], source)
        self._check(function(source, len(queries), self._pointer(f"Nexuszero{record}[]", out)))
        return out

    def _dtype(self, struct: str) -> np.dtype[np.void]:
        """The NumPy layout of a C struct, padding included."""
        kind = self._ffi.typeof(f"Nexuszero{struct}")
        fields = [(name, field.offset, self._field_dtype(field.type)) for name, field in kind.fields]
        names, offsets, formats = zip(*fields, strict=True)
        return np.dtype({"names": names, "offsets": offsets, "formats": formats, "itemsize": self._ffi.sizeof(kind)})

    def _field_dtype(self, kind: Any) -> Any:
        if kind.kind == "array":
            return (self._field_dtype(kind.item), (kind.length,))
        letter = "f" if kind.cname in ("double", "float") else "i" if kind.cname.startswith("int") else "u"
        return f"{letter}{self._ffi.sizeof(kind)}"

    def _pointer(self, kind: str, array: NDArray[Any]) -> Any:
        return self._ffi.from_buffer(kind, array) if len(array) else self._ffi.NULL

    def _columns(self, handle: Any) -> Columns:
        handle = self._ffi.gc(handle, self._lib.nexuszero_rows_free)
        return {name: self._column(handle, name) for name in _COLUMNS}

    def _column(self, handle: Any, name: str) -> NDArray[Any]:
        column = self._ffi.new("NexuszeroColumn *")
        self._check(self._lib.nexuszero_rows_column(handle, name.encode(), column))
        dtype, shape = _COLUMNS[name]
        if column.bytes == 0:
            return np.empty((0, *shape), dtype)
        # the destructor's reference keeps the handle alive as long as the view
        data = self._ffi.gc(self._ffi.cast("char *", column.data), lambda _, owner=handle: None)
        return np.frombuffer(self._ffi.buffer(data, column.bytes), dtype).reshape(-1, *shape)

    def _check(self, status: int) -> None:
        if status == 0:
            return
        buffer = self._ffi.new("char[4096]")
        self._lib.nexuszero_last_error(buffer, 4096)
        raise InputError(" ".join(self._ffi.string(buffer).decode("utf-8", "replace").split()))


class Circuits:
    """Circuits in the library's memory, each analysed once, when that is first asked for."""

    def __init__(self, bridge: CryptoBridge, handle: Any) -> None:
        self._bridge = bridge
        self._handle = bridge._ffi.gc(handle, bridge._lib.nexuszero_circuits_free)

    def __len__(self) -> int:
        return int(self._bridge._lib.nexuszero_circuits_count(self._handle))

    def analyse(self) -> Records:
        """Counts, heights and whether q is free -> [circuits]."""
        return self._records("AnalysisRecord", "nexuszero_circuits_analyse")

    def choose(self, security: int) -> Records:
        """The smallest sound parameters by exact search, with a concrete prime -> [circuits]."""
        return self._records("ChoiceRecord", "nexuszero_circuits_choose", security)

    def candidates(self, security: int, index: int = 0) -> Records:
        """All sound parameters of one circuit, the smallest proof first -> [candidates]; one that says why not."""
        bridge, out = self._bridge, np.zeros(256, self._bridge._dtype("ChoiceRecord"))
        pointer, found = bridge._pointer("NexuszeroChoiceRecord[]", out), bridge._ffi.new("size_t *")
        function = bridge._lib.nexuszero_circuits_candidates
        bridge._check(function(self._handle, index, security, pointer, len(out), found))
        return out[: found[0]]

    def judge(self, security: int, proposals: NDArray[Any]) -> Records:
        """Whether proposed ``n, log2 q, sigma``, `[circuits, 3]`, are sound as they stand -> [circuits]."""
        n, log2_q, sigma = np.asarray(proposals, float).reshape(len(self), 3).T
        queries = self._bridge._queries("ProposalQuery", n=n, log2_q=log2_q, sigma=sigma)
        source = self._bridge._ffi.cast("NexuszeroProposalQuery *", self._bridge._ffi.from_buffer(queries))
        return self._records("VerdictRecord", "nexuszero_circuits_judge", security, source)

    def suppose(self, security: int, bits: ArrayLike, heights: ArrayLike) -> Records:
        """The smallest sound parameters if circuits asked for B bits (0: a fixed q) and ``[circuits, 6]`` heights."""
        queries = np.zeros(len(self), self._bridge._dtype("Demand"))
        queries["bits"], queries["heights"] = bits, heights
        source = self._bridge._ffi.cast("NexuszeroDemand *", self._bridge._ffi.from_buffer(queries))
        return self._records("ChoiceRecord", "nexuszero_circuits_choose_for", security, source)

    def explain(self, index: int) -> tuple[Records, Any]:
        """Range and reason of every wire of one circuit -> [wires], and its oversized constraints."""
        bridge = self._bridge
        wires = np.zeros(int(self.analyse()["wires"][index]), bridge._dtype("WireRecord"))
        overflow = np.zeros(1, bridge._dtype("OverflowRecord"))
        pointer = bridge._pointer("NexuszeroWireRecord[]", wires)
        worst = bridge._pointer("NexuszeroOverflowRecord[]", overflow)
        bridge._check(bridge._lib.nexuszero_circuits_explain(self._handle, index, pointer, len(wires), worst))
        return wires, overflow[0]

    def reason(self, wire: Any) -> str:
        """The reason in a wire's record, in words."""
        buffer = self._bridge._ffi.new("char[256]")
        self._bridge._check(self._bridge._lib.nexuszero_reason_text(int(wire["reason"]), buffer, 256))
        text: str = self._bridge._ffi.string(buffer).decode()
        return text.format(constraint=wire["constraint"], cause=wire["cause"])

    def write(self, index: int, path: Path) -> None:
        """Writes one circuit as an `.r1cs` file."""
        self._bridge._check(self._bridge._lib.nexuszero_circuits_write(self._handle, index, str(path).encode()))

    def graphs(self, security: int) -> Columns:
        """The graphs as unlabelled columns (`x`, `edge_source`, ...)."""
        out = self._bridge._ffi.new("NexuszeroRows **")
        self._bridge._check(self._bridge._lib.nexuszero_circuits_graphs(self._handle, security, out))
        return self._bridge._columns(out[0])

    def _records(self, record: str, function: str, *arguments: Any) -> Records:
        out = np.zeros(len(self), self._bridge._dtype(record))
        pointer = self._bridge._pointer(f"Nexuszero{record}[]", out)
        self._bridge._check(getattr(self._bridge._lib, function)(self._handle, *arguments, pointer))
        return out
