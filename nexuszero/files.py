"""Files that others read: what is written appears whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nexuszero.errors import InputError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yields a temporary name beside ``path``; what is written there gets the name at the end, or goes after an error.

    >>> with whole(Path("answer.json")) as temporary:  # doctest: +SKIP
    ...     temporary.write_text("{}")
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_new(path: Path, force: bool) -> None:
    """Refuses a file that exists, unless it is to be replaced, and a directory that does not."""
    if path.exists() and not (force and path.is_file()):
        raise InputError(
            f"{path}: exists; name another file"
            + (", or give --force" if path.is_file() else "")
        )
    if not path.parent.is_dir():
        raise InputError(
            f"{path}: {path.parent} is no directory; make it, or name another file"
        )


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """A JSON object, or a line that says what to do about it."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {remedy}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable as JSON ({error}); {remedy}") from None
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes an object, indented; a number that is not finite is an error."""
    with whole(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8"
        )
