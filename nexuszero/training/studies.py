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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.pruners import BasePruner, NopPruner
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from nexuszero.errors import InputError
from nexuszero.files import check_regular, seal_of
from nexuszero.locks import Member, joined, owned
from nexuszero.settings import IN_MEMORY, JOURNAL, SQLITE, storage_file, storage_url

SEAL = "sha256"  # the user attribute with the hash of a trial
WRITING = (SQLAlchemyError, optuna.exceptions.StorageInternalError)
DAMAGE = (
    *WRITING,
    optuna.exceptions.OptunaError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    OSError,
)
HEARTBEAT = 60  # seconds between two signs of life of a trial in a database server


def open_study(
    storage: str, name: str, pruner: BasePruner | None = None
) -> optuna.Study:
    """The study under its name, created if there is none."""
    with readable(storage):
        study = optuna.create_study(
            storage=_open(storage),
            study_name=name,
            direction="minimize",
            pruner=pruner or NopPruner(),
            load_if_exists=True,
        )
        check_trials(study, storage)
    return study


def load_study(storage: str, name: str) -> optuna.Study:
    """An existing study; never creates one."""
    file = storage_file(storage)
    if file is not None and not file.is_file():
        raise InputError(
            f"{file}: no such study; run `nexuszero tune`, or correct the path"
        )
    with readable(storage):
        try:
            study = optuna.load_study(study_name=name, storage=_open(storage))
        except KeyError:
            raise InputError(
                f"{storage}: holds no study {name!r}; run `nexuszero tune`, or correct the name"
            ) from None
        check_trials(study, storage)
    return study


@contextmanager
def readable(
    storage: str, kinds: tuple[type[Exception], ...] = DAMAGE
) -> Iterator[None]:
    """What a damaged or full storage makes Optuna raise becomes one line."""
    try:
        yield
    except InputError:
        raise
    except kinds as error:
        reason = (str(error).splitlines() or [""])[0]
        raise InputError(
            f"{storage}: cannot be read or written ({type(error).__name__}: {reason}); make room if the disk is full, "
            "else delete the file and tune again"
        ) from None


@contextmanager
def entered(storage: str) -> Iterator[Member]:
    """Works on a storage: alone in a SQLite file, beside others in a journal; a database server says nothing of it.

    Raises:
        InputError: another process works on the SQLite file.
    """
    file = storage_file(storage)
    if file is None:
        yield Member(storage_url(storage) == IN_MEMORY)
    elif storage_url(storage).startswith(JOURNAL):
        with joined(file.parent, file.name) as member:
            yield member
    else:
        with owned(file.parent, file.name):
            yield Member(True)


def keep_settings(
    study: optuna.Study, storage: str, settings: Mapping[str, Any]
) -> None:
    """Writes down what all trials of a study share; other ones cannot be ranked with them.

    Raises:
        InputError: the study has trials with other settings, or with some that it does not tell.
    """
    remedy = "name another study, study_name=..., or give back its settings"
    for name, value in settings.items():
        known = study.user_attrs.get(name)
        if known is None and study.get_trials(deepcopy=False):
            raise InputError(
                f"{storage}: study {study.study_name} does not say its {name}; {remedy}"
            )
        if known is not None and known != value:
            raise InputError(
                f"{storage}: study {study.study_name} is of {name} {_shown(known)}, not {_shown(value)}; {remedy}"
            )
    for name, value in settings.items():
        study.set_user_attr(name, value)


def _shown(value: Any) -> str:
    """A setting in a line; of the hashes of splits their beginnings."""
    if not isinstance(value, dict):
        return str(value)
    return "/".join(str(part)[:8] for part in value.values())


def seal_trial(trial: optuna.Trial, value: float) -> None:
    """Keeps a hash of what the trial found beside it."""
    trial.set_user_attr(SEAL, _seal(trial.params, value, trial.user_attrs))


def check_trials(study: optuna.Study, storage: str) -> None:
    """Refuses a study whose trials are not those that were written."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        stated = trial.user_attrs.get(SEAL)
        if stated not in (None, _seal(trial.params, trial.value, trial.user_attrs)):
            raise InputError(
                f"{storage}: trial {trial.number} of study {study.study_name} is not what was written; "
                "name another study, or delete the file and tune again"
            )


def _seal(
    parameters: Mapping[str, Any], value: float | None, attributes: Mapping[str, Any]
) -> str:
    found = {name: part for name, part in attributes.items() if name != SEAL}
    return seal_of([dict(parameters), value, found])


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
        check_regular(file)
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
