"""Writes a split as flat columns in one HDF5 file, block by block, with a hash of its content."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from nexuszero.data.columns import Array, columns, label_version, schema_version
from nexuszero.files import (
    check_regular,
    seal_of,
    sweep,
    temporary_name,
    unwritable,
)

ATTRIBUTES = "attributes_sha256"  # of all other attributes
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
        versions = {
            "schema_version": schema_version(),
            "label_version": label_version(),
        }
        self.attributes: dict[str, Any] = {**versions, **(attributes or {})}
        try:
            check_regular(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            sweep(self.path)
            self._temporary = temporary_name(self.path)
            self._disk = _Disk(self._temporary, self.path)
        except OSError as error:
            raise unwritable(self.path, error) from None
        self._file = h5py.File(self._disk, "w", track_order=True)
        self._hashes: dict[str, hashlib._Hash] = {}
        self._ends = dict.fromkeys(POINTERS, 0)
        for name in POINTERS:
            self._extend(name, np.zeros(1, dtype=np.int64))

    @property
    def content_hash(self) -> str:
        """The SHA-256 of the content, once the file is complete."""
        return str(self.attributes["content_sha256"])

    def append(self, block: Mapping[str, Array]) -> None:
        """Appends the circuits of one block; a disk that is full is an `InputError`."""
        missing = [name for name in columns() if name not in block]
        if missing:
            raise ValueError(
                f"a block needs all columns; missing: {', '.join(missing)}"
            )
        unknown = [name for name in block if name not in columns()]
        if unknown:
            raise ValueError(f"a block has unknown columns: {', '.join(unknown)}")
        try:
            self._append(block)
        finally:  # HDF5's own complaint about what was dropped says nothing to a reader
            self._disk.check()

    def _append(self, block: Mapping[str, Array]) -> None:
        for name in columns():
            if name in POINTERS:
                self._extend(name, block[name][1:] + self._ends[name])
                self._ends[name] += int(block[name][-1])
            else:
                self._extend(name, block[name])

    def digest(self) -> str:
        """SHA-256 over every column's name and little-endian bytes, the same on all machines."""
        return _total(self._hashes)

    def close(self) -> None:
        """Writes the attributes and the content's hash, and gives the file its name."""
        self.attributes["content_sha256"] = self.digest()
        stored = {name: _stored(value) for name, value in self.attributes.items()}
        for name, value in (stored | {ATTRIBUTES: attributes_hash(stored)}).items():
            self._file.attrs[name] = value
        self._file.close()
        self._disk.check()
        self._temporary.replace(self.path)
        self._disk.close()

    def _drop(self) -> None:
        """Closes the file without writing more, and removes it."""
        self._disk.give_up()
        self._file.close()
        self._temporary.unlink(missing_ok=True)
        self._disk.close()

    def _extend(self, name: str, values: Array) -> None:
        block = np.ascontiguousarray(values, dtype=columns()[name].dtype)
        axis = 1 if name == "edge_index" else 0
        if name not in self._hashes:
            self._create(name, block, axis)
        self._hashes[name].update(_bytes_of(name, block))

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
            self._drop()


def content_hash(arrays: Mapping[str, Array]) -> str:
    """The SHA-256 of columns as they stand in a file, the same that :class:`Writer` states."""
    return _total(
        {
            name: hashlib.sha256(_bytes_of(name, values))
            for name, values in arrays.items()
        }
    )


def _bytes_of(name: str, values: Array) -> memoryview:
    """By items, so that the hash does not depend on how circuits are cut into blocks."""
    return np.ascontiguousarray(values.T if name == "edge_index" else values).data


def _total(hashes: Mapping[str, hashlib._Hash]) -> str:
    total = hashlib.sha256()
    for name in sorted(hashes):
        total.update(name.encode() + b"\0" + hashes[name].digest())
    return total.hexdigest()


def attributes_hash(attributes: Mapping[str, Any]) -> str:
    """SHA-256 of a file's attributes but for this hash itself."""
    return seal_of(
        {name: str(value) for name, value in attributes.items() if name != ATTRIBUTES}
    )


def _stored(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list | tuple) else value


class _Disk:
    """A file for HDF5, which cannot live with a write that fails: it writes again as it closes, and then crashes.

    So what the disk does not take is dropped here, and :meth:`check` says that there was something. The file is under
    a lock, which tells others that it is being written.
    """

    def __init__(self, temporary: Path, path: Path) -> None:
        self._path = path
        self._raw = temporary.open("x+b", buffering=0)
        self._error: OSError | None = None
        self._dropping = False
        fcntl.flock(self._raw, fcntl.LOCK_EX)

    def check(self) -> None:
        """Raises what went wrong."""
        if self._error is not None:
            raise unwritable(self._path, self._error)

    def give_up(self) -> None:
        """Drops what is written from now on."""
        self._dropping = True

    def close(self) -> None:
        """Ends the lock."""
        self._raw.close()

    def write(self, data: memoryview) -> int:
        """Writes all, or drops it."""
        view = memoryview(data).cast("B")
        size = len(view)
        while view and not self._dropping:
            try:
                view = view[self._raw.write(view) :]
            except OSError as error:
                self._fail(error)
        return size

    def truncate(self, size: int) -> int:
        """Sets the file's length."""
        try:
            return size if self._dropping else self._raw.truncate(size)
        except OSError as error:
            self._fail(error)
            return size

    def read(self, size: int = -1) -> bytes | None:
        """Reads from here on; by this method h5py knows a file."""
        return self._raw.read(size)

    def readinto(self, buffer: memoryview) -> int | None:
        """Reads from here on."""
        return self._raw.readinto(buffer)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Moves, beyond the end too."""
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        """Where the next byte goes."""
        return self._raw.tell()

    def flush(self) -> None:
        """Nothing waits here."""

    def _fail(self, error: OSError) -> None:
        self._error = error
        self._dropping = True


def write(
    path: Path | str,
    arrays: Mapping[str, Array],
    attributes: Mapping[str, Any] | None = None,
) -> str:
    """Writes a whole split at once and returns the hash of its content."""
    with Writer(path, attributes) as writer:
        writer.append(arrays)
    return writer.content_hash
