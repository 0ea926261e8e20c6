"""One owner a folder: a lock that the system takes back when its owner ends, by a kill too (flock(2)).

    with owned(Path("checkpoints/baseline"), "train"):
        ...

The lock is an open file, ``.train.lock`` in the folder, whose text says who holds it. Stages of different kinds may
share a folder. Where a file system of several machines keeps the lock on each of them alone, a text that another
machine left is all there is to see: then a line on standard error says so.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexuszero.errors import InputError
from nexuszero.files import unwritable

BOOT = Path(
    "/proc/sys/kernel/random/boot_id"
)  # of this kernel: containers of one machine share it


@contextmanager
def owned(folder: Path, what: str) -> Iterator[None]:
    """Holds a folder for one kind of work; who comes second learns who was first.

    Args:
        folder: is made if it is missing.
        what: the kind of work, part of the lock's name.

    Raises:
        InputError: another process holds it, or the folder cannot be written.
    """
    lock = _opened(folder, what)
    try:
        if not _taken(lock, fcntl.LOCK_EX):
            raise InputError(
                f"{folder}: {_holder(_text(lock))} writes here; wait for its end, or name another folder"
            )
        _warn(folder, _text(lock))
        _write(lock, json.dumps(_self(what)))
        try:
            yield
        finally:
            _write(lock, "")
    finally:
        os.close(lock)


@dataclass
class Member:
    """One of several processes that work on the same thing.

    Args:
        alone: whether no other was there at the beginning, and none may come until :meth:`share`.
    """

    alone: bool
    _lock: int | None = None

    def share(self) -> None:
        """Lets others come, where others may."""
        if self._lock is not None:
            fcntl.flock(self._lock, fcntl.LOCK_SH)


@contextmanager
def joined(folder: Path, what: str) -> Iterator[Member]:
    """Works in a folder beside others; the first one is alone until it shares."""
    lock = _opened(folder, what)
    try:
        member = Member(_taken(lock, fcntl.LOCK_EX), lock)
        if not member.alone:
            member.share()
        yield member
    finally:
        os.close(lock)


def _opened(folder: Path, what: str) -> int:
    file = folder / f".{what}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o666)
    except OSError as error:
        raise unwritable(file, error) from None


def _taken(lock: int, kind: int) -> bool:
    """Whether the lock is ours, without waiting."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # a file system without locks
        raise InputError(
            f"the folder's file system keeps no locks ({error.strerror}); name a folder on another one"
        ) from None
    return True


def _text(lock: int) -> str:
    return os.pread(lock, 4096, 0).decode("utf-8", "replace")


def _write(lock: int, text: str) -> None:
    """The text is a courtesy: on a full disk the lock holds all the same."""
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, text.encode(), 0)
    except OSError:
        return


def _self(what: str) -> dict[str, Any]:
    return {
        "what": what,
        "process": os.getpid(),
        "host": platform.node(),
        "boot": BOOT.read_text().strip() if BOOT.is_file() else platform.node(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
    }


def _read(text: str) -> dict[str, Any]:
    try:
        note = json.loads(text)
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}


def _holder(text: str) -> str:
    note = _read(text)
    if not note:
        return "another process"
    return (
        f"`{note.get('what')}` of process {note.get('process')} on {note.get('host')}, "
        f"since {note.get('since')},"
    )


def _warn(folder: Path, text: str) -> None:
    """What an owner that did not end by itself left: on this machine it is dead, of another one nobody knows."""
    note = _read(text)
    if not note or note.get("boot") == _self("")["boot"]:
        return
    unknown = f"whether {note.get('host')} still runs it cannot be seen from here; if it does, stop one of the two"
    print(
        f"nexuszero: {folder}: {_holder(text)} did not end by itself; {unknown}",
        file=sys.stderr,
    )
