"""Which trials of a study count, which run, and which lost their process."""

from __future__ import annotations

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
UNSIGNED = timedelta(minutes=1)  # after which a trial that names no worker is dead


def sign(trial: optuna.Trial) -> None:
    """Notes which process runs the trial."""
    trial.set_user_attr(
        WORKER, (platform.node(), os.getpid(), psutil.Process().create_time())
    )


def count(study: optuna.Study, before: int | None = None) -> int:
    """Trials that count towards the number asked for: ended, failed by themselves, or under way."""
    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    trials = study.get_trials(deepcopy=False)[:before]
    return sum(trial.state in states or ERROR in trial.user_attrs for trial in trials)


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
