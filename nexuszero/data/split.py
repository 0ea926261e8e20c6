"""A split of the dataset as flat arrays in one HDF5 file: all circuits after one another, with pointers.

One group or file per graph reads up to a thousand times slower. Everything is read into memory and the file
is closed at once, so no h5py handle crosses a fork. Schema version 2.

    python -c "from nexuszero.dataset import read; print(read('data/quick/train'))"
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from nexuszero.errors import InputError

SCHEMA_VERSION = 3
NODE_FEATURES, EDGE_FEATURES, TARGETS = 12, 5, 6
DEMANDS = 8  # what a circuit asks of its parameters
SPLITS = ("train", "val", "test")
PARAMETER_NAMES = ("n", "log2_q", "sigma")
METRIC_NAMES = ("bit_security", "hardness", "proof_size")
TARGET_NAMES = (*PARAMETER_NAMES, *METRIC_NAMES)

Array = NDArray[Any]
# name -> (type, shape of one item); edge_index alone grows along its second axis
_COLUMNS: dict[str, tuple[str, tuple[int, ...]]] = {
    "x": ("<f4", (NODE_FEATURES,)),
    "edge_index": ("<i4", (2,)),
    "edge_attr": ("<f4", (EDGE_FEATURES,)),
    "node_bits": ("<u2", ()),
    "node_rounds": ("<u1", ()),
    "node_ptr": ("<i8", ()),
    "edge_ptr": ("<i8", ()),
    "params": ("<f8", (3,)),
    "metrics": ("<f8", (3,)),
}
CIRCUIT_COLUMNS = {
    "seed": "<u8", "family": "S24", "security": "<u2", "field_bits": "<u2", "wires": "<u4",
    "constraints": "<u4", "forms": "<u4", "height_64": "<u4", "height_32": "<u4", "height_16": "<u4",
    "height_8": "<u4", "height_4": "<u4", "bits": "<u4", "liftable": "?",
}  # fmt: skip
_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class Split:
    r"""One split in memory.

    Shapes:
        - **x** :math:`(|V|, 12)` f4, **edge_index** :math:`(2, |E|)` i4 from wire to constraint, local to the
          circuit, **edge_attr** :math:`(|E|, 5)` f4
        - **node_ptr**, **edge_ptr** :math:`(|G|+1)` i8: where each circuit begins
        - **params** :math:`(|G|, 3)` f8: n, log2 q (bits), sigma
        - **metrics** :math:`(|G|, 3)` f8: security (bits), hardness (0..1), proof size (bytes)
        - **circuit**: further columns of length :math:`|G|`; **attributes**: the file's
    """

    x: Array
    edge_index: Array
    edge_attr: Array
    node_bits: Array
    node_rounds: Array
    node_ptr: Array
    edge_ptr: Array
    params: Array
    metrics: Array
    circuit: dict[str, Array] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """The number of circuits."""
        return len(self.params)

    def __repr__(self) -> str:
        """The sizes, not the arrays."""
        return f"Split({len(self)} circuits, {len(self.x)} nodes, {len(self.edge_attr)} edges)"

    @property
    def targets(self) -> Array:
        """The six targets in original units, ``[circuits, 6]``."""
        return np.concatenate([self.params, self.metrics], axis=1)

    @property
    def demands(self) -> Array:
        """What the circuits ask, ``[circuits, 8]``: q free, bits of the values then, log2 of forms and of the heights.

        Bits are counted in 64. Zero without columns of circuits: a network learns from it, and is never given it.
        """
        if not self.circuit:
            return np.zeros((len(self), DEMANDS))
        free, counts = self.circuit["liftable"].astype(float), ["forms", *(f"height_{s}" for s in (64, 32, 16, 8, 4))]
        logs = [np.log2(np.maximum(self.circuit[name], 1).astype(float)) for name in counts]
        return np.stack([free, free * self.circuit["bits"] / 64, *logs], axis=1)

    @property
    def content_hash(self) -> str:
        """The SHA-256 of the content that the file states, or empty."""
        return str(self.attributes.get("content_sha256", ""))

    def columns(self) -> dict[str, Array]:
        """All columns by their name in the file, as :func:`write` takes them."""
        return {name: getattr(self, name) for name in _COLUMNS} | {
            f"circuit/{name}": column for name, column in self.circuit.items()
        }


def unlabelled(columns: Mapping[str, Array]) -> Split:
    """Graphs as the library hands them out, with targets of one."""
    count = len(columns["nodes"])
    nodes, edges = (np.concatenate([[0], columns[name].cumsum()]) for name in ("nodes", "edges"))
    edge_index = np.stack([columns["edge_source"], columns["edge_target"]])
    bits, rounds, targets = np.zeros(nodes[-1], "<u2"), np.zeros(nodes[-1], "<u1"), np.ones((count, 3))
    return Split(columns["x"], edge_index, columns["edge_attr"], bits, rounds, nodes, edges, targets, targets)


def read(path: Path | str) -> Split:
    """Reads a whole split from ``index.h5``, or from the directory that holds it."""
    file = Path(path) / "index.h5" if Path(path).is_dir() else Path(path)
    if not file.is_file():
        raise InputError(f"{file}: no such dataset; run `nexuszero generate`, or correct the data path")
    try:
        with h5py.File(file, "r") as opened:
            _check_version(opened, file)
            split = _load(opened, file)
    except (OSError, RuntimeError) as error:  # h5py: truncated files, failed checksums
        raise InputError(f"{file}: truncated or corrupt ({error}); delete it and generate again") from None
    _check_pointers(split, file)
    return split


def read_all(directory: Path | str) -> dict[str, Split]:
    """The three splits of a dataset by name; the dataset read last stays in memory until its files change."""
    files = [Path(directory) / name / "index.h5" for name in SPLITS]
    stamps = tuple((stat.st_mtime_ns, stat.st_size) for file in files if file.is_file() for stat in [file.stat()])
    return dict(zip(SPLITS, _remembered(tuple(files), stamps), strict=True))


@lru_cache(1)
def _remembered(files: tuple[Path, ...], _stamps: tuple[tuple[int, int], ...]) -> tuple[Split, ...]:
    return tuple(read(file) for file in files)


def _check_version(opened: h5py.File, file: Path) -> None:
    version = opened.attrs.get("schema_version")
    if version is None or int(version) != SCHEMA_VERSION:
        raise InputError(f"{file}: schema version {version}, expected {SCHEMA_VERSION}; generate the dataset again")


def _load(opened: h5py.File, file: Path) -> Split:
    columns = {name: _column(opened, name, file) for name in _COLUMNS}
    circuit = {name: _column(opened, f"circuit/{name}", file) for name in CIRCUIT_COLUMNS}
    return Split(**columns, circuit=circuit, attributes=dict(opened.attrs))


def _column(opened: h5py.File, name: str, file: Path) -> Array:
    if name not in opened or not isinstance(opened[name], h5py.Dataset):
        raise InputError(f"{file}: no column {name!r}; generate the dataset again")
    values: Array = opened[name][()]
    if name in _COLUMNS and not _fits(values, name):
        dtype, item = _COLUMNS[name]
        raise InputError(f"{file}: column {name!r} is {values.dtype} {values.shape}, expected {dtype} of {item}")
    if name == "circuit/family" and values.dtype.kind == "S":
        return values.astype(str)
    return values


def _fits(values: Array, name: str) -> bool:
    dtype, item = _COLUMNS[name]
    found = values.shape[:1] if name == "edge_index" and values.ndim == 2 else values.shape[1:]
    return values.dtype == np.dtype(dtype) and found == item


def _check_pointers(split: Split, file: Path) -> None:
    circuits = len(split.params)
    edges = split.edge_index.shape[1]
    sound = (
        len(split.metrics) == circuits
        and len(split.edge_attr) == edges
        and _points(split.node_ptr, circuits, len(split.x))
        and _points(split.edge_ptr, circuits, edges)
        and all(len(column) == circuits for column in split.circuit.values())
    )
    if not sound:
        raise InputError(f"{file}: columns of different lengths; delete it and generate again")
    if edges:
        sizes = np.repeat(np.diff(split.node_ptr), np.diff(split.edge_ptr))
        if split.edge_index.min() < 0 or (split.edge_index.max(axis=0) >= sizes).any():
            raise InputError(f"{file}: an edge leaves its circuit; delete it and generate again")


def _points(pointer: Array, circuits: int, total: int) -> bool:
    steps_up = bool((np.diff(pointer) >= 0).all())
    return len(pointer) == circuits + 1 and pointer[0] == 0 and pointer[-1] == total and steps_up


class Writer:
    """Writes a split block by block under a temporary name, and renames it once it is complete.

    A block is a mapping of columns whose pointers start at 0; it may hold any number of circuits, and how
    circuits are cut into blocks changes neither the file's content nor its hash. Use as a context manager: an
    exception inside removes the temporary file. Attributes may be added to ``attributes`` until the end.
    """

    def __init__(self, path: Path | str, attributes: Mapping[str, Any] | None = None) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.attributes: dict[str, Any] = {"schema_version": SCHEMA_VERSION, **(attributes or {})}
        self._temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        self._file = h5py.File(self._temporary, "w", track_order=True)
        self._hashes: dict[str, Any] = {}
        self._ends = {"node_ptr": 0, "edge_ptr": 0}
        for name in self._ends:
            self._extend(name, np.zeros(1, dtype=np.int64))

    def append(self, block: Mapping[str, Array]) -> None:
        """Appends the circuits of one block."""
        self._check(block)
        for name, values in block.items():
            if name in self._ends:
                self._extend(name, values[1:] + self._ends[name])
                self._ends[name] += int(values[-1])
            else:
                self._extend(name, values)

    def digest(self) -> str:
        """SHA-256 over every column's name and little-endian bytes, the same on all machines."""
        total = hashlib.sha256()
        for name in sorted(self._hashes):
            total.update(name.encode() + b"\0" + self._hashes[name].digest())
        return total.hexdigest()

    def close(self) -> None:
        """Writes the attributes and the content's hash, and gives the file its name."""
        self.attributes["content_sha256"] = self.digest()
        for name, value in self.attributes.items():
            self._file.attrs[name] = json.dumps(value) if isinstance(value, dict | list | tuple) else value
        self._file.close()
        self._temporary.replace(self.path)

    def _check(self, block: Mapping[str, Array]) -> None:
        missing = [name for name in (*_COLUMNS, *(f"circuit/{c}" for c in CIRCUIT_COLUMNS)) if name not in block]
        if missing:
            raise ValueError(f"a block needs all columns; missing: {', '.join(missing)}")
        if set(block) - set(self._hashes) and len(self._hashes) > len(self._ends):
            raise ValueError("a block has columns that the blocks before it had not")

    def _extend(self, name: str, values: Array) -> None:
        dtype = _COLUMNS[name][0] if name in _COLUMNS else CIRCUIT_COLUMNS.get(name.removeprefix("circuit/"))
        block = np.ascontiguousarray(values, dtype=dtype)
        axis = 1 if name == "edge_index" else 0
        if name not in self._hashes:
            self._create(name, block, axis)
        self._hashes[name].update(np.ascontiguousarray(block.T if axis else block).tobytes())
        dataset = self._file[name]
        old = dataset.shape[axis]
        dataset.resize(old + block.shape[axis], axis=axis)
        dataset[(slice(None), slice(old, None)) if axis else slice(old, None)] = block

    def _create(self, name: str, block: Array, axis: int) -> None:
        self._hashes[name] = hashlib.sha256()
        shape, limit = list(block.shape), list[int | None](block.shape)
        shape[axis], limit[axis] = 0, None
        items = int(np.prod([size for i, size in enumerate(block.shape) if i != axis]))
        chunk = list(block.shape)
        chunk[axis] = max(1, _CHUNK_BYTES // (items * block.dtype.itemsize))
        self._file.create_dataset(
            name, shape=tuple(shape), maxshape=tuple(limit), chunks=tuple(chunk), dtype=block.dtype,
            shuffle=True, compression="gzip", compression_opts=4, fletcher32=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Completes the file, or removes it after an exception."""
        if kind is None:
            self.close()
        else:
            self._file.close()
            self._temporary.unlink(missing_ok=True)


def write(path: Path | str, columns: Mapping[str, Array], attributes: Mapping[str, Any] | None = None) -> str:
    """Writes a whole split at once and returns the hash of its content."""
    with Writer(path, attributes) as writer:
        writer.append(columns)
    return str(writer.attributes["content_sha256"])
