"""A search for hyperparameters with Optuna's TPE (Bergstra et al., NeurIPS 2011), sequential and resumable.

The criterion is the validation loss. The test loss of every trial stands beside it, as a column: a choice
made by it would flatter the chosen network.

    nexuszero tune --profile quick
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from nexuszero.config import GenerateConfig, TrainConfig, TuneConfig
from nexuszero.dataset import SPLITS, Split, read_all
from nexuszero.errors import InputError
from nexuszero.training import Log, train

CRITERION = "validation loss"
FAILURES = (
    RuntimeError,
    ArithmeticError,
    MemoryError,
)  # Diverged and torch's out-of-memory are RuntimeErrors
ERROR = "error"  # the user attribute that tells a trial that failed from one that was interrupted
Generate = Callable[[GenerateConfig], object]


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    """One point of the search space."""
    return {
        "hidden_dim": trial.suggest_categorical("hidden_dim", [128, 256, 384]),
        "num_layers": trial.suggest_int("num_layers", 3, 8),
        "num_heads": trial.suggest_categorical("num_heads", [4, 8]),
        "dropout": trial.suggest_float("dropout", 0.05, 0.3),
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 5e-4, log=True),
    }


def tune(config: TuneConfig, *, log: Log = print, generate: Generate | None = None) -> optuna.Study:
    """Runs the trials that are missing to ``config.trials`` and writes the baseline file.

    A trial that fails is recorded with its error and counts; one that was interrupted is closed and runs
    again under a new number. The sampler is seeded anew for every trial, from the seed and the number of
    trials before it, so a study that was interrupted between trials proposes what an uninterrupted one would
    have.

    Args:
        config: the search.
        log: receives one line at a time.
        generate: makes a dataset if there is none and ``config.generate`` is set; by default
            :func:`nexuszero.generation.generate`.
    """
    splits = _splits(config, log, generate)
    study = open_study(config)
    _same_data(study, splits, config)
    _close_interrupted(study)
    while (number := _done(study)) < config.trials:
        study.sampler = TPESampler(seed=(config.seed + number) % 2**32, n_startup_trials=config.startup_trials)
        study.optimize(lambda trial: _objective(trial, config, splits, log), n_trials=1, catch=FAILURES)
        _tell_end(study.trials[-1], log)
    write_baseline(study, config)
    log(f"best of {_done(study)} trials: {study.best_trial.number}, values in {config.baseline}")
    return study


def open_study(config: TuneConfig) -> optuna.Study:
    """The study under its name, created if there is none."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # this module says its own lines
    url = config.storage_url
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///").split("?")[0]).parent.mkdir(parents=True, exist_ok=True)
    pruner: BasePruner = MedianPruner(n_startup_trials=4) if config.prune else NopPruner()
    try:
        return optuna.create_study(
            storage=url,
            study_name=config.study_name,
            direction="minimize",
            pruner=pruner,
            load_if_exists=True,
        )
    except Exception as error:  # each database raises its own kinds
        reason = str(error).splitlines()[0]
        raise InputError(f"storage {url}: cannot be opened ({reason}); name a SQLite file or a storage URL") from None


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


def _splits(config: TuneConfig, log: Log, generate: Generate | None) -> dict[str, Split]:
    present = all((config.data / name / "index.h5").is_file() for name in SPLITS)
    if not present and config.generate:
        counts = {"train": config.generate_train, "val": config.generate_val, "test": config.generate_test}
        log(f"no dataset in {config.data}: generating {sum(counts.values())} circuits")
        request = GenerateConfig(out=config.data, seed=config.seed, threads=config.threads, **counts)
        (generate or _generate)(request)
    return read_all(config.data)


def _same_data(study: optuna.Study, splits: Mapping[str, Split], config: TuneConfig) -> None:
    """Trials on other data cannot be ranked together."""
    now = {name: split.content_hash for name, split in splits.items()}
    if study.user_attrs.get("data", now) != now:
        raise InputError(f"{config.storage}: study {study.study_name} is of other data; delete it, or name another")
    study.set_user_attr("data", now)


def _generate(request: GenerateConfig) -> None:
    from nexuszero import generation  # here: a study on a dataset that exists must not need the Rust library

    generation.generate(request)


def _objective(trial: optuna.Trial, config: TuneConfig, splits: Mapping[str, Split], log: Log) -> float:
    try:
        result = train(_run_of(trial, config, log), log=log, data=splits, on_epoch=lambda row: _report(trial, row))
    except FAILURES as error:
        trial.set_user_attr(ERROR, f"{type(error).__name__}: {error}"[:500])
        raise
    for name in ("test_loss", "train_loss", "seconds", "parameters", "best_epoch"):
        trial.set_user_attr(name, getattr(result, name))
    return result.val_loss


def _run_of(trial: optuna.Trial, config: TuneConfig, log: Log) -> TrainConfig:
    values = suggest(trial)
    told = ", ".join(f"{name} {value:.3g}" for name, value in values.items())
    log(f"trial {trial.number} of {config.trials}: {told}")
    return TrainConfig(
        data=config.data, out=config.runs / f"trial_{trial.number:03d}", epochs=config.epochs, resume=False,
        batch_size=config.batch_size, batch_cap=config.batch_cap, seed=(config.seed + trial.number) % 2**32,
        threads=config.threads, log_every=config.log_every, **values,
    )  # fmt: skip


def _report(trial: optuna.Trial, row: dict[str, Any]) -> None:
    trial.report(row["val_loss"], row["epoch"])
    if trial.should_prune():
        raise optuna.TrialPruned


def _tell_end(trial: FrozenTrial, log: Log) -> None:
    if trial.state == TrialState.COMPLETE:
        log(f"trial {trial.number}: {CRITERION} {trial.value:.4f}, test {trial.user_attrs['test_loss']:.4f}")
    elif trial.state == TrialState.PRUNED:
        log(f"trial {trial.number}: pruned, above the median")
    else:
        log(f"trial {trial.number}: failed, {trial.user_attrs.get(ERROR)}; the study goes on")


def _close_interrupted(study: optuna.Study) -> None:
    """A trial that still runs belongs to a process that died: a study has one process."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def _done(study: optuna.Study) -> int:
    trials = study.get_trials(deepcopy=False)
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    return sum(trial.state in ended or ERROR in trial.user_attrs for trial in trials)
