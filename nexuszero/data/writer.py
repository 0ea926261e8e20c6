"""Writes a split as flat columns in one HDF5 file, block by block, with a hash of its content."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from nexuszero.data.columns import Array, columns, label_version, schema_version

POINTERS = ("node_ptr", "edge_ptr")
_CHUNK_BYTES = (
    1 << 16
)  # so that HDF5 keeps the last chunk of every feature until it is full


class Writer:
    """Writes a split block by block under a temporary name, and renames it once it is complete.

    A block is a mapping of columns whose pointers start at 0; it may hold any number of circuits, and how
    circuits are cut into blocks changes neither the file's content nor its hash. Use as a context manager: an
    exception inside removes the temporary file. Attributes may be added to ``attributes`` until the end.
    """

    def __init__(
        self, path: Path | str, attributes: Mapping[str, Any] | None = None
    ) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        versions = {
            "schema_version": schema_version(),
            "label_version": label_version(),
        }
        self.attributes: dict[str, Any] = {**versions, **(attributes or {})}
        self._temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        self._file = h5py.File(self._temporary, "w", track_order=True)
        self._hashes: dict[str, hashlib._Hash] = {}
        self._ends = dict.fromkeys(POINTERS, 0)
        for name in POINTERS:
            self._extend(name, np.zeros(1, dtype=np.int64))

    @property
    def content_hash(self) -> str:
        """The SHA-256 of the content, once the file is complete."""
        return str(self.attributes["content_sha256"])

    def append(self, block: Mapping[str, Array]) -> None:
        """Appends the circuits of one block."""
        missing = [name for name in columns() if name not in block]
        if missing:
            raise ValueError(
                f"a block needs all columns; missing: {', '.join(missing)}"
            )
        unknown = [name for name in block if name not in columns()]
        if unknown:
            raise ValueError(f"a block has unknown columns: {', '.join(unknown)}")
        for name in columns():
            if name in POINTERS:
                self._extend(name, block[name][1:] + self._ends[name])
                self._ends[name] += int(block[name][-1])
            else:
                self._extend(name, block[name])

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
            self._file.attrs[name] = (
                json.dumps(value) if isinstance(value, dict | list | tuple) else value
            )
        self._file.close()
        self._temporary.replace(self.path)

    def _extend(self, name: str, values: Array) -> None:
        block = np.ascontiguousarray(values, dtype=columns()[name].dtype)
        axis = 1 if name == "edge_index" else 0
        if name not in self._hashes:
            self._create(name, block, axis)
        # by items, so that the hash does not depend on how circuits are cut into blocks
        self._hashes[name].update(np.ascontiguousarray(block.T if axis else block).data)

        dataset = self._file[name]
        old = dataset.shape[axis]
        dataset.resize(old + block.shape[axis], axis=axis)
        dataset[(slice(None), slice(old, None)) if axis else slice(old, None)] = block

    def _create(self, name: str, block: Array, axis: int) -> None:
        self._hashes[name] = hashlib.sha256()
        shape, chunk = (
            list(block.shape),
            [1] * block.ndim,
        )  # a feature a chunk: most repeat themselves
        limit: list[int | None] = [*block.shape]
        shape[axis] = 0
        limit[axis] = None
        chunk[axis] = max(1, _CHUNK_BYTES // block.dtype.itemsize)
        self._file.create_dataset(
            name,
            shape=tuple(shape),
            maxshape=tuple(limit),
            chunks=tuple(chunk),
            dtype=block.dtype,
            shuffle=True,
            compression="gzip",
            compression_opts=1,
            fletcher32=True,
        )

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Completes the file, or removes it after an exception."""
        if kind is None:
            self.close()
        else:
            self._file.close()
            self._temporary.unlink(missing_ok=True)


def write(
    path: Path | str,
    arrays: Mapping[str, Array],
    attributes: Mapping[str, Any] | None = None,
) -> str:
    """Writes a whole split at once and returns the hash of its content."""
    with Writer(path, attributes) as writer:
        writer.append(arrays)
    return writer.content_hash
