"""Files that others read: what is written appears whole or not at all, and what is read is what was written."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, NoReturn

from nexuszero.errors import InputError

SEAL = "content_sha256"  # of the rest of a JSON object


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yields a temporary name beside ``path``; what is written there gets the name at the end, or goes after an error.

    What a killed process left of the same file is removed. A link stays one: the file that it names is replaced.

    Raises:
        InputError: the file cannot be written: the disk is full, the folder read-only, or ``path`` no regular file.

    >>> with whole(Path("answer.json")) as temporary:  # doctest: +SKIP
    ...     temporary.write_text("{}")
    """
    try:
        target = path.resolve() if path.is_symlink() else path
        check_regular(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target)
        temporary = temporary_name(target)
        lock = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield temporary
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
            os.close(lock)
    except OSError as error:
        raise unwritable(path, error) from None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Names the file or folder that is written to as it is, where an error of the system does not."""
    try:
        yield
    except shutil.Error as error:  # of several files: each with source, target, reason
        _, target, reason = error.args[0][0]
        raise unwritable(Path(target), OSError(reason)) from None
    except OSError as error:
        if error.errno is None:  # not the system's: a timeout of a library, say
            raise
        named = path if error.filename is None else Path(os.fsdecode(error.filename))
        raise unwritable(named, error) from None


def temporary_name(path: Path) -> Path:
    """A hidden name beside a file, that no other process has."""
    return path.with_name(f".{path.name}.{os.getpid()}-{token_hex(4)}.tmp")


def sweep(path: Path) -> None:
    """Removes what processes that were killed left of a file: nobody holds it open under a lock."""
    for left in path.parent.glob(f".{_escaped(path.name)}.*.tmp"):
        process = left.name.split(".")[-2].partition("-")[0]
        if not (process.isdigit() and _runs(int(process))):
            _remove_unlocked(left)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return process != os.getpid()


def _remove_unlocked(left: Path) -> None:
    try:
        lock = os.open(left, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        left.unlink(missing_ok=True)
    except OSError:  # another machine's process writes it
        return
    finally:
        os.close(lock)


def unwritable(path: Path, error: OSError) -> InputError:
    """The line about a file that cannot be written."""
    return InputError(
        f"{path}: cannot be written ({error.strerror or error}); make room or give leave, or name another place"
    )


def check_room(folder: Path, needed: int) -> None:
    """Refuses work that its folder's disk has no room for, as far as that is known beforehand."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{folder}: at least {needed / 1e9:.3g} GB are needed and {free / 1e9:.3g} GB are free; ask for less"
        )


def check_regular(path: Path) -> None:
    """Refuses a FIFO, a device, a folder or a socket, where a file is read or replaced; one that is missing passes."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: is no regular file; name one")


def check_new(path: Path, force: bool) -> None:
    """Refuses a file that exists, unless it is to be replaced, and a directory that does not."""
    if os.path.lexists(path) and not (force and path.is_file()):
        raise InputError(
            f"{path}: exists; name another file"
            + (", or give --force" if path.is_file() else "")
        )
    if not path.parent.is_dir():
        raise InputError(
            f"{path}: {path.parent} is no directory; make it, or name another file"
        )


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """A JSON object, or a line that says what to do about it; a seal in it must fit the rest."""
    check_regular(path)
    try:
        content = json.loads(
            path.read_text(encoding="utf-8"),
            object_pairs_hook=_once,
            parse_constant=_no_number,
        )
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {remedy}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not readable as JSON ({error}); {remedy}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds no JSON object; {remedy}")
    seal = content.pop(SEAL, None)
    if seal is not None and seal != seal_of(content):
        raise InputError(
            f"{path}: is not what was written, damaged or edited; {remedy}"
        )
    return content


def write_json(path: Path, content: dict[str, Any], *, sealed: bool = False) -> None:
    """Writes an object, indented; a number that is not finite is an error.

    Args:
        path: the file.
        content: the object.
        sealed: whether its hash is written with it, for :func:`read_json` to compare.
    """
    text = json.dumps(content, indent=1, allow_nan=False)
    if sealed:
        seal = seal_of(json.loads(text))  # of what a reader will have: keys are texts
        text = json.dumps(content | {SEAL: seal}, indent=1, allow_nan=False)
    with whole(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def seal_of(content: Any) -> str:
    """SHA-256 of a JSON value, whatever its spaces and the order of its keys."""
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key is there twice")
    return content


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
