"""The plumbing under the door: cffi's handles, structs as NumPy layouts, statuses as errors."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nexuszero.crypto.records import Columns, Records
from nexuszero.errors import InputError

MOST_CANDIDATES = 1024  # of one demand


class Library:
    """The Rust library, loaded once; raises `InputError` with its own line when a call is refused."""

    def __init__(self) -> None:
        try:
            from nexuszero import _crypto
        except (ImportError, OSError) as error:
            raise InputError(
                f"the Rust library is not built or not loadable ({error}); run `make setup`"
            ) from error
        self.ffi = _crypto.ffi
        self.lib = _crypto.lib

    def check(self, status: int) -> None:
        """Raises what the library left as its last message."""
        if status == 0:
            return
        buffer = self.ffi.new("char[4096]")
        self.lib.nexuszero_last_error(buffer, 4096)
        raise InputError(self.ffi.string(buffer).decode("utf-8", "replace"))

    def pointer(self, kind: str, array: NDArray[Any] | bytes | bytearray) -> Any:
        """A C pointer into an array or bytes, NULL for empty ones."""
        return self.ffi.from_buffer(kind, array) if len(array) else self.ffi.NULL

    def copy(self, data: Any, length: int) -> bytes:
        """A copy of bytes of the library's memory."""
        return bytes(self.ffi.buffer(data, length)) if length else b""

    def dtype(self, struct: str) -> np.dtype[np.void]:
        """The NumPy layout of a C struct, padding included."""
        kind = self.ffi.typeof(f"Nexuszero{struct}")
        names, fields = zip(*kind.fields, strict=True)
        return np.dtype(
            {
                "names": names,
                "offsets": [field.offset for field in fields],
                "formats": [self._format(field.type) for field in fields],
                "itemsize": self.ffi.sizeof(kind),
            }
        )

    def _format(self, kind: Any) -> Any:
        if kind.kind == "array":
            return (self._format(kind.item), (kind.length,))
        letter = (
            "f"
            if kind.cname in ("double", "float")
            else "i"
            if kind.cname.startswith("int")
            else "u"
        )
        return f"{letter}{self.ffi.sizeof(kind)}"

    def queries(self, struct: str, **columns: ArrayLike) -> Records:
        """Columns broadcast against one another into an array of structs."""
        arrays = np.broadcast_arrays(
            *(np.atleast_1d(column) for column in columns.values())
        )
        queries = np.zeros(arrays[0].shape, self.dtype(struct))
        for name, array in zip(columns, arrays, strict=True):
            queries[name] = array
        return queries

    def answers(self, function: Any, queries: Records, record: str) -> Records:
        """What a function of an array of queries writes into an array of records."""
        out = np.zeros(len(queries), self.dtype(record))
        source = self.ffi.from_buffer(queries) if len(queries) else self.ffi.NULL
        source = self.ffi.cast(self.ffi.typeof(function).args[0], source)
        self.check(
            function(source, len(queries), self.pointer(f"Nexuszero{record}[]", out))
        )
        return out

    def candidates(self, function: Any, *question: Any) -> Records:
        """All sound parameters, the smallest proof first, or one record with the reason why there are none."""
        out = np.zeros(MOST_CANDIDATES, self.dtype("ChoiceRecord"))
        count = self.ffi.new("size_t *")
        self.check(
            function(
                *question, self.pointer("NexuszeroChoiceRecord[]", out), len(out), count
            )
        )
        return out[: count[0]]

    def text(self, function: Any, number: int, size: int) -> str | None:
        """A text that the library writes into a buffer, None where it has none of that number."""
        buffer = self.ffi.new(f"char[{size}]")
        if function(number, buffer, size) != 0:
            return None
        return str(self.ffi.string(buffer).decode())

    @cached_property
    def column_types(self) -> dict[str, np.dtype[Any]]:
        """Name and NumPy type of every column of rows (dataset.md, section 1), a sub-array where an item is one."""
        types: dict[str, np.dtype[Any]] = {}
        info = self.ffi.new("NexuszeroColumnInfo *")
        for index in range(self.lib.nexuszero_column_count()):
            self.check(self.lib.nexuszero_column_info(index, info))
            name, letters = (
                bytes(field).split(b"\0")[0].decode()
                for field in (info.name, info.dtype)
            )
            types[name] = (
                np.dtype((letters, (info.width,))) if info.width else np.dtype(letters)
            )
        return types

    def columns(self, handle: Any) -> Columns:
        """The columns of rows as views of the library's memory, which lives as long as any of them."""
        handle = self.ffi.gc(handle, self.lib.nexuszero_rows_free)
        return {
            name: self._column(handle, name, kind)
            for name, kind in self.column_types.items()
        }

    def _column(self, handle: Any, name: str, kind: np.dtype[Any]) -> NDArray[Any]:
        column = self.ffi.new("NexuszeroColumn *")
        self.check(self.lib.nexuszero_rows_column(handle, name.encode(), column))
        if column.bytes == 0:
            return np.empty((0, *kind.shape), kind.base)

        # the destructor's reference keeps the handle alive as long as the view
        data = self.ffi.gc(
            self.ffi.cast("char *", column.data), lambda _, owner=handle: None
        )
        flat = np.frombuffer(self.ffi.buffer(data, column.bytes), kind.base)
        return flat.reshape(-1, *kind.shape)
