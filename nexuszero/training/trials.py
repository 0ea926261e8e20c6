"""Which trials of a study count, which run, and which lost their process."""

from __future__ import annotations

import itertools
import os
import platform
from datetime import datetime, timedelta

import optuna
import psutil
from optuna.trial import FrozenTrial, TrialState

ERROR = "error"  # the user attribute that tells a trial that failed from one that was interrupted
WORKER = (
    "worker"  # machine, process and its start: tells whether a trial that runs is alive
)
PLACE = "place"  # of a trial in the search: which seed it has
UNSIGNED = timedelta(minutes=1)  # after which a trial that names no worker is dead


def sign(trial: optuna.Trial) -> None:
    """Notes which process runs the trial."""
    trial.set_user_attr(
        WORKER, (platform.node(), os.getpid(), psutil.Process().create_time())
    )


def take_place(trial: optuna.Trial) -> int:
    """Gives the trial the lowest place that no other has; one that was killed gives its own back."""
    before = trial.study.get_trials(deepcopy=False)[: trial.number]
    taken: set[int] = set()
    for other in filter(_counts, before):
        taken.add(other.user_attrs.get(PLACE, _lowest(taken)))
    place = _lowest(taken)
    trial.set_user_attr(PLACE, place)
    return place


def _lowest(taken: set[int]) -> int:
    return next(place for place in itertools.count() if place not in taken)


def count(study: optuna.Study) -> int:
    """Trials that count towards the number asked for."""
    return sum(map(_counts, study.get_trials(deepcopy=False)))


def _counts(trial: FrozenTrial) -> bool:
    """Whether it ended, failed by itself, or is under way."""
    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    return trial.state in states or ERROR in trial.user_attrs


def running(study: optuna.Study) -> list[FrozenTrial]:
    """Trials under way, as far as their storage knows."""
    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


def close_dead(study: optuna.Study, alone: bool = False) -> None:
    """Closes the trials whose process has died; those of other machines are left to their database's heartbeat.

    Args:
        study: open.
        alone: whether nobody else works on its storage; then whatever runs is dead, wherever it ran.
    """
    for trial in running(study):
        if alone or _is_dead(trial):
            study.tell(trial.number, state=TrialState.FAIL)


def _is_dead(trial: FrozenTrial) -> bool:
    if (
        WORKER not in trial.user_attrs
    ):  # its process died, or has not got to its first line
        return (
            trial.datetime_start is not None
            and datetime.now() - trial.datetime_start > UNSIGNED
        )
    node, process, started = trial.user_attrs[WORKER]
    if node != platform.node():
        return False
    return not (
        psutil.pid_exists(process) and psutil.Process(process).create_time() == started
    )
