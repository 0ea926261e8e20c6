"""Where a study lives, by the URL of its storage.

==================  ===============================================================================
``FILE``            SQLite: one process at a time, for it locks
``journal:///FILE`` a journal file (Optuna's JournalStorage): several processes on one machine
``postgresql://``   or ``mysql://``: several machines (extra ``postgresql``)
==================  ===============================================================================

    nexuszero tune --set workers=2 --storage journal:///study.journal
"""

from __future__ import annotations

import time
import warnings

import optuna
from optuna.pruners import BasePruner, NopPruner
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.exc import SQLAlchemyError

from nexuszero.errors import InputError
from nexuszero.settings import JOURNAL, SQLITE, storage_file, storage_url

HEARTBEAT = 60  # seconds between two signs of life of a trial in a database server


def open_study(
    storage: str, name: str, pruner: BasePruner | None = None
) -> optuna.Study:
    """The study under its name, created if there is none."""
    return optuna.create_study(
        storage=_open(storage),
        study_name=name,
        direction="minimize",
        pruner=pruner or NopPruner(),
        load_if_exists=True,
    )


def load_study(storage: str, name: str) -> optuna.Study:
    """An existing study; never creates one."""
    file = storage_file(storage)
    if file is not None and not file.is_file():
        raise InputError(
            f"{file}: no such study; run `nexuszero tune`, or correct the path"
        )
    try:
        return optuna.load_study(study_name=name, storage=_open(storage))
    except KeyError:
        raise InputError(
            f"{storage}: holds no study {name!r}; run `nexuszero tune`, or correct the name"
        ) from None


def check_shared(storage: str) -> None:
    """Refuses a storage that several processes cannot use at once."""
    if storage_url(storage).startswith(SQLITE):
        remedy = "for several workers name journal:///FILE, or a database server"
        raise InputError(f"storage {storage}: SQLite serves one process; {remedy}")


def _open(storage: str) -> BaseStorage:
    optuna.logging.set_verbosity(
        optuna.logging.ERROR
    )  # this package says its own lines, a trial's failure too
    url = storage_url(storage)
    file = storage_file(url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        if url.startswith(JOURNAL):
            return JournalStorage(JournalFileBackend(url.removeprefix(JOURNAL)))
        return optuna.storages.get_storage(_database(url))
    except Exception as error:  # each database raises its own kinds
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"storage {url}: cannot be opened ({reason}); name a SQLite file or a storage URL"
        ) from None


def _database(url: str) -> RDBStorage:
    if url.startswith(SQLITE):
        return RDBStorage(url)
    for wait in (
        0.5,
        1,
        2,
    ):  # workers that start at once race to create the tables, and all but one fail
        try:
            return _server(url)
        except SQLAlchemyError:
            time.sleep(wait)
    return _server(url)


def _server(url: str) -> RDBStorage:
    with (
        warnings.catch_warnings()
    ):  # heartbeats are experimental in Optuna 5, and documented
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return RDBStorage(url, heartbeat_interval=HEARTBEAT, grace_period=3 * HEARTBEAT)
