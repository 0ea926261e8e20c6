"""A search for hyperparameters with Optuna's TPE (Bergstra et al., NeurIPS 2011), resumable, on one or more workers.

The criterion is the validation loss. The test loss of every trial stands beside it, as a column: a choice
made by it would flatter the chosen network.

    nexuszero tune --profile quick
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from concurrent.futures import Future, as_completed
from datetime import datetime, timedelta
from typing import Any

import optuna
import psutil
import yaml
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from nexuszero.config import Engine, GenerateConfig, TrainConfig, TuneConfig
from nexuszero.data import SPLITS, Split, read_all
from nexuszero.data import generate as generate_dataset
from nexuszero.errors import InputError, StageError
from nexuszero.pool import Lost, own_address, pool, share
from nexuszero.training.run import Log, train
from nexuszero.training.studies import open_study, shared

CRITERION = "validation loss"
FAILURES = (
    RuntimeError,
    ArithmeticError,
    MemoryError,
)  # Diverged and torch's out-of-memory are RuntimeErrors
ERROR = "error"  # the user attribute that tells a trial that failed from one that was interrupted
WORKER = "worker"  # machine, process and its start: tells whether a trial that runs is alive
ROUNDS = 3  # times that the pieces of workers that died are handed out anew
Generate = Callable[[GenerateConfig], object]


class Surplus(Exception):
    """Two workers asked for the last trial at the same moment; the later number gives way."""


def _print(line: str) -> None:
    print(line, flush=True)  # a worker's lines come when they are said


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    """One point of the search space."""
    return {
        "hidden_dim": trial.suggest_categorical("hidden_dim", [128, 256, 384]),
        "num_layers": trial.suggest_int("num_layers", 3, 8),
        "num_heads": trial.suggest_categorical("num_heads", [4, 8]),
        "dropout": trial.suggest_float("dropout", 0.05, 0.3),
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 5e-4, log=True),
    }


def tune(config: TuneConfig, *, log: Log = print, generate: Generate = generate_dataset) -> optuna.Study:
    """Runs the trials that are missing to ``config.trials`` and writes the baseline file.

    A trial that fails is recorded with its error and counts; one whose process died is closed and runs again
    under a new number. The sampler is seeded by the number of the trial, so one worker after an interruption
    between trials proposes what an uninterrupted one would have. Several workers, or several commands on a
    storage that processes may share, divide the trials among them: then the proposals depend on who is quicker.

    Args:
        config: the search.
        log: receives one line at a time.
        generate: makes a dataset if there is none and ``config.generate`` is set.
    """
    _generate_missing(config, log, generate)
    study = _open(config)
    _same_data(study, read_all(config.data), config)
    _close_dead(study)
    if config.workers == 1 and config.executor == "local":
        while (trial := run_one(config, study, log)) is not None:
            _tell_end(trial, log)
    else:
        _run_all(config, study, log)
    write_baseline(study, config)
    ended, running = _counted(study), len(_running(study))
    still = f" ({running} still run elsewhere)" if running else ""
    log(f"best of {ended - running} trials{still}: {study.best_trial.number}, values in {config.baseline}")
    return study


def run_one(config: TuneConfig, study: optuna.Study | None = None, log: Log = _print) -> FrozenTrial | None:
    """Runs the next trial and returns it, or None if as many as asked have ended or run.

    Args:
        config: the search.
        study: the study if it is open; a worker opens it, and says which trial a line is about.
        log: receives one line at a time.
    """
    prefix = "" if study else "[trial {}] "
    study = study or _open(config)
    ended: list[FrozenTrial] = []

    def objective(trial: optuna.Trial) -> float:
        return _objective(trial, config, read_all(config.data), _prefixed(log, prefix.format(trial.number)))

    if _counted(study) < config.trials:
        keep = [lambda _, trial: ended.append(trial)]
        study.optimize(objective, n_trials=1, catch=(*FAILURES, Surplus), callbacks=keep)
    return ended[0] if ended else None


def _run_all(config: TuneConfig, study: optuna.Study, log: Log) -> None:
    """Hands the workers one piece a missing trial; a piece runs whichever trial is next."""
    for _ in range(ROUNDS):
        missing = config.trials - _counted(study)
        if missing <= 0:
            return
        with (
            pool(config.executor, config.workers, config.ray_address) as submit,
            shared(config.storage, own_address(config.ray_address)) as url,
        ):
            told = config.model_copy(update={"storage": url, "threads": share(config.threads, config.workers)})
            for future in as_completed([submit(run_one, told) for _ in range(missing)]):
                _tell_piece(future, log)
        _close_dead(study)
    raise StageError(f"{config.trials - _counted(study)} trials were lost with their workers; tune again to go on")


def _tell_piece(future: Future[FrozenTrial | None], log: Log) -> None:
    try:
        trial = future.result()
    except Lost as error:
        log(f"a worker died ({type(error).__name__}); its trial runs again")
    else:
        if trial is not None:
            _tell_end(trial, log)


def _open(config: TuneConfig) -> optuna.Study:
    pruner = MedianPruner(n_startup_trials=4) if config.prune else None
    return open_study(config.storage, config.study_name, pruner)


def write_baseline(study: optuna.Study, config: TuneConfig) -> None:
    """Writes the best trial's values where ``train`` looks for them."""
    if not any(trial.state == TrialState.COMPLETE for trial in study.trials):
        raise InputError(f"study {study.study_name}: no trial completed; see the errors in its trials, and tune again")
    best = study.best_trial
    header = (
        f"# Written by `nexuszero tune`: study {study.study_name},\n"
        f"# trial {best.number} of {len(study.trials)}, chosen by its {CRITERION}: {best.value:.6f}\n"
        f"# after {config.epochs} epochs. The test loss had no say.\n"
    )
    data = os.path.relpath(config.data.absolute(), config.baseline.absolute().parent)
    values = {"data": data, **best.params}
    config.baseline.parent.mkdir(parents=True, exist_ok=True)
    temporary = config.baseline.with_name(config.baseline.name + ".tmp")
    temporary.write_text(header + yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    temporary.replace(config.baseline)


def _generate_missing(config: TuneConfig, log: Log, generate: Generate) -> None:
    if config.generate and not all((config.data / name / "index.h5").is_file() for name in SPLITS):
        log(f"no dataset in {config.data}: generating it")
        sizes = {name: getattr(config, f"generate_{name}") for name in SPLITS}
        engine = {name: getattr(config, name) for name in (*Engine.model_fields, "seed", "threads")}
        generate(GenerateConfig.model_validate({"out": config.data, **sizes, **engine}))


def _same_data(study: optuna.Study, splits: Mapping[str, Split], config: TuneConfig) -> None:
    """Trials on other data cannot be ranked together."""
    now = {name: split.content_hash for name, split in splits.items()}
    if study.user_attrs.get("data", now) != now:
        raise InputError(f"{config.storage}: study {study.study_name} is of other data; delete it, or name another")
    study.set_user_attr("data", now)


def _objective(trial: optuna.Trial, config: TuneConfig, splits: Mapping[str, Split], log: Log) -> float:
    trial.set_user_attr(WORKER, _worker())
    if _counted(trial.study, before=trial.number) >= config.trials:
        raise Surplus("another worker took the last trial at the same moment")
    # seeded by the trial's own number; startup trials aside, the trials that run count as bad ones ("constant liar")
    seed = (config.seed + trial.number) % 2**32
    trial.study.sampler = TPESampler(seed=seed, n_startup_trials=config.startup_trials)
    run = _run_of(trial, config, seed)
    log(f"trial {trial.number} of {config.trials}: {', '.join(f'{k} {v:.3g}' for k, v in trial.params.items())}")
    try:
        result = train(run, log=log, data=splits, on_epoch=lambda row: _report(trial, row))
    except FAILURES as error:
        trial.set_user_attr(ERROR, f"{type(error).__name__}: {error}"[:500])
        raise
    for name in ("test_loss", "train_loss", "seconds", "parameters", "best_epoch"):
        trial.set_user_attr(name, getattr(result, name))
    return result.val_loss


def _run_of(trial: optuna.Trial, config: TuneConfig, seed: int) -> TrainConfig:
    return TrainConfig(
        data=config.data, out=config.runs / f"trial_{trial.number:03d}", epochs=config.epochs, resume=False,
        batch_size=config.batch_size, batch_cap=config.batch_cap, seed=seed, threads=config.threads,
        log_every=config.log_every, tracking=config.tracking, wandb_mode=config.wandb_mode, **suggest(trial),
    )  # fmt: skip


def _prefixed(log: Log, prefix: str) -> Log:
    return (lambda line: log(prefix + line.strip())) if prefix else log


def _report(trial: optuna.Trial, row: dict[str, Any]) -> None:
    trial.report(row["val_loss"], row["epoch"])
    if trial.should_prune():
        raise optuna.TrialPruned


def _tell_end(trial: FrozenTrial, log: Log) -> None:
    if trial.state == TrialState.COMPLETE:
        log(f"trial {trial.number}: {CRITERION} {trial.value:.4f}, test {trial.user_attrs['test_loss']:.4f}")
    elif trial.state == TrialState.PRUNED:
        log(f"trial {trial.number}: pruned, above the median")
    elif ERROR in trial.user_attrs:
        log(f"trial {trial.number}: failed, {trial.user_attrs[ERROR]}; the study goes on")


def _close_dead(study: optuna.Study) -> None:
    """Closes the trials whose process has died; those of other machines are left to their database's heartbeat."""
    for trial in _running(study):
        if _is_dead(trial):
            study.tell(trial.number, state=TrialState.FAIL)


def _is_dead(trial: FrozenTrial) -> bool:
    if WORKER not in trial.user_attrs:  # its process died, or has not got to its first line
        return trial.datetime_start is not None and datetime.now() - trial.datetime_start > timedelta(minutes=1)
    node, process, started = trial.user_attrs[WORKER]
    if node != platform.node():
        return False
    return not (psutil.pid_exists(process) and psutil.Process(process).create_time() == started)


def _worker() -> tuple[str, int, float]:
    return platform.node(), os.getpid(), psutil.Process().create_time()


def _running(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


def _counted(study: optuna.Study, before: int | None = None) -> int:
    """Trials that count towards the number asked for: ended, failed by themselves, or under way."""
    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    trials = study.get_trials(deepcopy=False)[:before]
    return sum(trial.state in states or ERROR in trial.user_attrs for trial in trials)
