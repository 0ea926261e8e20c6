"""Where a study lives, by the URL of its storage.

==================  ==========================================================================================
``FILE``            SQLite: one process at a time; several workers of one command share it through a gRPC proxy
``journal:///FILE`` a journal file (Optuna's JournalStorage): several processes on one machine
``postgresql://``   or ``mysql://``: several machines (extra ``postgresql``)
``grpc://HOST:PORT`` a proxy that `nexuszero serve` started in front of a database: several machines
==================  ==========================================================================================

    nexuszero serve study.db --port 13000   # and elsewhere: nexuszero tune --storage grpc://HOST:13000
"""

from __future__ import annotations

import signal
import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from urllib.parse import urlsplit

import optuna
from optuna.pruners import BasePruner, NopPruner
from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.exc import SQLAlchemyError

from nexuszero.errors import InputError
from nexuszero.pool import end_with_parent
from nexuszero.settings import IN_MEMORY, JOURNAL, SQLITE, storage_file, storage_url

GRPC = "grpc://"
HEARTBEAT = 60  # seconds between two signs of life of a trial in a database server


def open_study(storage: str, name: str, pruner: BasePruner | None = None) -> optuna.Study:
    """The study under its name, created if there is none."""
    return optuna.create_study(
        storage=_open(storage), study_name=name, direction="minimize", pruner=pruner or NopPruner(),
        load_if_exists=True,
    )  # fmt: skip


def load_study(storage: str, name: str) -> optuna.Study:
    """An existing study; never creates one."""
    file = storage_file(storage)
    if file is not None and not file.is_file():
        raise InputError(f"{file}: no such study; run `nexuszero tune`, or correct the path")
    try:
        return optuna.load_study(study_name=name, storage=_open(storage))
    except KeyError:
        raise InputError(f"{storage}: holds no study {name!r}; run `nexuszero tune`, or correct the name") from None


def serve(storage: str, host: str = "127.0.0.1", port: int = 13000) -> None:
    """Serves a database to workers on other machines until it is stopped (experimental in Optuna 5)."""
    if storage_url(storage).startswith((JOURNAL, GRPC)):
        raise InputError(f"{storage}: a proxy needs SQLite or a database server behind it")
    backend = _open(storage)
    with _experimental():
        optuna.storages.run_grpc_proxy_server(backend, host=host, port=port)


@contextmanager
def shared(storage: str, host: str = "127.0.0.1") -> Iterator[str]:
    """A URL of the storage that several processes may use at once.

    SQLite is served by one process of its own: with several at work it locks, and they end each other.
    """
    if storage == IN_MEMORY:
        raise InputError(f"storage {storage}: lives in one process; name a file for several workers")
    if not storage.startswith(SQLITE):
        yield storage
        return
    port = _free_port(host)
    url = f"{GRPC}{host}:{port}"
    server = get_context("spawn").Process(target=_serve_parent, args=(storage, host, port), daemon=True)
    server.start()
    try:
        _connected(url, patience=60).close()
        yield url
    finally:
        server.terminate()
        server.join()


def _serve_parent(storage: str, host: str, port: int) -> None:
    """Serves until the parent process ends; Ctrl+C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    serve(storage, host, port)


def _open(storage: str) -> BaseStorage:
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # this package says its own lines, a trial's failure too
    url = storage_url(storage)
    file = storage_file(url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        if url.startswith(JOURNAL):
            return JournalStorage(JournalFileBackend(url.removeprefix(JOURNAL)))
        if url.startswith(GRPC):
            return _connected(url)
        return optuna.storages.get_storage(_database(url))
    except InputError:
        raise
    except Exception as error:  # each database raises its own kinds
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"storage {url}: cannot be opened ({reason}); name a SQLite file or a storage URL") from None


def _database(url: str) -> RDBStorage:
    if url.startswith(SQLITE):
        return RDBStorage(url)
    with _experimental():
        for wait in (0.5, 1, 2):  # workers that start at once race to create the tables, and all but one fail
            try:
                return RDBStorage(url, heartbeat_interval=HEARTBEAT, grace_period=3 * HEARTBEAT)
            except SQLAlchemyError:
                time.sleep(wait)
        return RDBStorage(url, heartbeat_interval=HEARTBEAT, grace_period=3 * HEARTBEAT)


def _connected(url: str, patience: float = 10) -> GrpcStorageProxy:
    parts = urlsplit(url)
    if not parts.hostname or not parts.port:
        raise InputError(f"storage {url}: expected grpc://HOST:PORT")
    with _experimental():
        proxy = GrpcStorageProxy(host=parts.hostname, port=parts.port)
    try:
        proxy.wait_server_ready(timeout=patience)
    except Exception:
        raise InputError(f"storage {url}: nobody answers there; start `nexuszero serve`, or correct the URL") from None
    return proxy


@contextmanager
def _experimental() -> Iterator[None]:
    """Heartbeats and the proxy are experimental in Optuna 5, and documented; a warning at each use helps nobody."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
