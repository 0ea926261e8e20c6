"""A search for hyperparameters with Optuna's TPE (Bergstra et al., NeurIPS 2011), resumable, on one or more workers.

The criterion is the validation loss. The test loss of every trial stands beside it, as a column: a choice
made by it would flatter the chosen network.

    nexuszero tune --profile quick
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, as_completed
from typing import Any

import optuna
import torch
import yaml
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from nexuszero.config import MEAN_LOSS, Engine, GenerateConfig, TrainConfig, TuneConfig
from nexuszero.data import SPLITS, Split, Standardiser, label_version, read_all
from nexuszero.data import generate as generate_dataset
from nexuszero.errors import InputError, StageError
from nexuszero.files import SEAL, seal_of, whole
from nexuszero.network import loss
from nexuszero.pool import Lost, pool, share
from nexuszero.training import trials
from nexuszero.training.journal import Epoch, Log
from nexuszero.training.run import train
from nexuszero.training.studies import (
    WRITING,
    check_shared,
    entered,
    keep_settings,
    open_study,
    readable,
    seal_trial,
)

CRITERION = "validation loss"
FAILURES = (
    RuntimeError,
    ArithmeticError,
    MemoryError,
)  # Diverged and torch's out-of-memory are RuntimeErrors
ROUNDS = 3  # times that the trials of workers that died are handed out anew
RESULTS = (
    "test_loss",
    "seconds",
    "parameters",
    "best_epoch",
)  # that stand beside a trial's value

Generate = Callable[[GenerateConfig], object]


class Surplus(Exception):
    """Two workers asked for the last trial at the same moment; the later number gives way."""


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    """One point of the search space."""
    return {
        "hidden_dim": trial.suggest_categorical("hidden_dim", [128, 256, 384]),
        "num_layers": trial.suggest_int("num_layers", 3, 8),
        "num_heads": trial.suggest_categorical("num_heads", [4, 8]),
        "dropout": trial.suggest_float("dropout", 0.05, 0.3),
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 5e-4, log=True),
    }


def tune(
    config: TuneConfig, *, log: Log = print, generate: Generate = generate_dataset
) -> optuna.Study:
    """Runs the trials that are missing to ``config.trials`` and writes the baseline file.

    A trial that fails is recorded with its error and counts; one whose process died is closed and runs again
    under a new number, in the same place. The sampler and the training are seeded by the place of the trial, so
    one worker that was interrupted or killed finds what an uninterrupted one would have. Several workers, or
    several commands on a storage that processes may share, divide the trials among them: then the proposals
    depend on who is quicker.

    Args:
        config: the search.
        log: receives one line at a time.
        generate: makes a dataset if there is none and ``config.generate`` is set.
    """
    if config.workers > 1 or config.executor != "local":
        check_shared(config.storage)
    with entered(config.storage) as member:
        _generate_missing(config, log, generate)
        splits = read_all(config.data)
        study = _open(config)
        with readable(config.storage):
            keep_settings(study, config.storage, _settings(config, splits))
            study.set_user_attr(MEAN_LOSS, _mean_loss(splits))
            trials.close_dead(study, alone=member.alone)
        member.share()
        with readable(config.storage, WRITING):
            _search(config, study, log)
    return study


def _search(config: TuneConfig, study: optuna.Study, log: Log) -> None:
    """Runs the trials that are missing, and writes the baseline file."""
    if config.workers == 1 and config.executor == "local":
        while (trial := run_next(config, study, lambda number: log)) is not None:
            _log_end(trial, log)
    else:
        _run_all(config, study, log)

    write_baseline(study, config)
    running = len(trials.running(study))
    elsewhere = f" ({running} still run elsewhere)" if running else ""
    best = f"best of {trials.count(study) - running} trials{elsewhere}: {study.best_trial.number}"
    log(f"{best}, values in {config.baseline}")


def run_next(
    config: TuneConfig, study: optuna.Study, log_of: Callable[[int], Log]
) -> FrozenTrial | None:
    """Runs the next trial and returns it, or None if as many as asked have ended or run.

    Args:
        config: the search.
        study: open.
        log_of: a trial's number -> what receives its lines.
    """
    ended: list[FrozenTrial] = []
    if trials.count(study) < config.trials:
        study.optimize(
            lambda trial: _objective(
                trial, config, read_all(config.data), log_of(trial.number)
            ),
            n_trials=1,
            catch=(*FAILURES, Surplus),
            callbacks=[lambda _, trial: ended.append(trial)],
        )
    return ended[0] if ended else None


def run_piece(config: TuneConfig) -> FrozenTrial | None:
    """A worker's piece of a search: the next trial, each of whose lines says its number and comes at once."""

    def log_of(number: int) -> Log:
        return lambda line: print(f"[trial {number}] {line.strip()}", flush=True)

    return run_next(config, _open(config), log_of)


def _run_all(config: TuneConfig, study: optuna.Study, log: Log) -> None:
    """Hands the workers one piece a missing trial; a piece runs whichever trial is next."""
    shared = config.model_copy(
        update={"threads": share(config.threads, config.workers)}
    )
    for _ in range(ROUNDS):
        missing = config.trials - trials.count(study)
        if missing <= 0:
            return
        with pool(
            config.executor, config.workers, config.ray_address, __name__
        ) as submit:
            for future in as_completed(
                [submit(run_piece, shared) for _ in range(missing)]
            ):
                _log_piece(future, log)
        trials.close_dead(study)
    lost = config.trials - trials.count(study)
    raise StageError(f"{lost} trials were lost with their workers; tune again to go on")


def _log_piece(future: Future[FrozenTrial | None], log: Log) -> None:
    try:
        trial = future.result()
    except Lost as error:
        log(f"a worker died ({type(error).__name__}); its trial runs again")
    else:
        if trial is not None:
            _log_end(trial, log)


def _log_end(trial: FrozenTrial, log: Log) -> None:
    if trial.state == TrialState.COMPLETE:
        log(
            f"trial {trial.number}: {CRITERION} {trial.value:.4f}, test {trial.user_attrs['test_loss']:.4f}"
        )
    elif trial.state == TrialState.PRUNED:
        log(f"trial {trial.number}: pruned, not in the better half")
    elif trials.ERROR in trial.user_attrs:
        log(
            f"trial {trial.number}: failed, {trial.user_attrs[trials.ERROR]}; the study goes on"
        )


def _open(config: TuneConfig) -> optuna.Study:
    halving = SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    pruner = halving if config.prune else None
    return open_study(config.storage, config.study_name, pruner)


def write_baseline(study: optuna.Study, config: TuneConfig) -> None:
    """Writes the best trial's values where ``train`` looks for them."""
    if not any(trial.state == TrialState.COMPLETE for trial in study.trials):
        raise InputError(
            f"study {study.study_name}: no trial completed; see the errors in its trials, and tune again"
        )
    best = study.best_trial
    header = (
        f"# Written by `nexuszero tune`: study {study.study_name},\n"
        f"# trial {best.number} of {len(study.trials)}, chosen by its {CRITERION}: {best.value:.6f}\n"
        f"# after {config.epochs} epochs. The test loss had no say.\n"
    )
    data = os.path.relpath(config.data.absolute(), config.baseline.absolute().parent)
    values = {"data": data, **best.params}
    # the seal stands first, so that a file that is cut does not fit it
    sealed = {SEAL: seal_of(values), **values}
    with whole(config.baseline) as temporary:
        temporary.write_text(
            header + yaml.safe_dump(sealed, sort_keys=False), encoding="utf-8"
        )


def _generate_missing(config: TuneConfig, log: Log, generate: Generate) -> None:
    if config.generate and not all(
        (config.data / name / "index.h5").is_file() for name in SPLITS
    ):
        log(f"no dataset in {config.data}: generating it")
        sizes = {name: getattr(config, f"generate_{name}") for name in SPLITS}
        engine = {
            name: getattr(config, name)
            for name in (*Engine.model_fields, "seed", "threads")
        }
        generate(GenerateConfig.model_validate({"out": config.data, **sizes, **engine}))


def _settings(config: TuneConfig, splits: Mapping[str, Split]) -> dict[str, Any]:
    """What all trials of a study share, or they could not be ranked together."""
    return {
        "data": {name: split.content_hash for name, split in splits.items()},
        "label_version": label_version(),
        "epochs": config.epochs,
        "batch_cap": config.batch_cap or 0,
        "batch_size": config.batch_size,
        "seed": config.seed,
    }


def _mean_loss(splits: Mapping[str, Split]) -> float:
    units = Standardiser.fit(splits["train"].targets)
    wanted = torch.from_numpy(units.transform(splits["val"].targets))
    return float(loss(torch.zeros_like(wanted), wanted))


def _objective(
    trial: optuna.Trial, config: TuneConfig, splits: Mapping[str, Split], log: Log
) -> float:
    """Trains with one point of the search space -> its validation loss."""
    trials.sign(trial)
    place = trials.take_place(trial)
    if place >= config.trials:
        raise Surplus("another worker took the last trial at the same moment")

    # seeded by the trial's place; startup trials aside, the trials that run count as bad ones ("constant liar")
    seed = (config.seed + place) % 2**32
    trial.study.sampler = TPESampler(seed=seed, n_startup_trials=config.startup_trials)
    run = _run_of(trial, config, seed)
    values = ", ".join(f"{name} {value:.3g}" for name, value in trial.params.items())
    log(f"trial {trial.number} of {config.trials}: {values}")

    try:
        result = train(
            run,
            log=log,
            data=splits,
            on_epoch=lambda epoch: _report(trial, epoch, config.epochs),
            train_loss=False,
        )
    except FAILURES as error:
        trial.set_user_attr(trials.ERROR, f"{type(error).__name__}: {error}"[:500])
        raise
    for name in RESULTS:
        trial.set_user_attr(name, getattr(result, name))
    seal_trial(trial, result.val_loss)
    return result.val_loss


def _run_of(trial: optuna.Trial, config: TuneConfig, seed: int) -> TrainConfig:
    return TrainConfig(
        data=config.data,
        out=config.runs / f"trial_{trial.number:03d}",
        epochs=config.epochs,
        resume=False,
        batch_size=config.batch_size,
        batch_cap=config.batch_cap,
        seed=seed,
        threads=config.threads,
        log_every=config.log_every,
        tracking=config.tracking,
        wandb_mode=config.wandb_mode,
        **suggest(trial),
    )


def _report(trial: optuna.Trial, epoch: Epoch, epochs: int) -> None:
    trial.report(epoch.val_loss, epoch.epoch)
    if epoch.epoch < epochs and trial.should_prune():
        raise optuna.TrialPruned
