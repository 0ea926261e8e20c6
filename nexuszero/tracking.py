"""A second reader of a run's record: TensorBoard or Weights & Biases.

`run.jsonl` stays the source of truth; a tracker receives its rows as they are written. The one place that starts a
tracker is :func:`tracker`, called once a run by `training.Run.go`; without one nothing is imported.

    nexuszero train --tracking tensorboard && tensorboard --logdir checkpoints/baseline
    nexuszero tune --tracking wandb && wandb sync runs/tune/*/wandb/offline-run-*
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nexuszero.config import TrainConfig
from nexuszero.errors import InputError, StageError

Row = dict[str, Any]
Listener = Callable[[Row], None]
PROJECT = "nexuszero"


@contextmanager
def tracker(config: TrainConfig, about: Row) -> Iterator[Listener]:
    """Yields what takes a row of `run.jsonl` and passes its numbers on; an epoch's number is their step."""
    if config.tracking == "none":
        yield lambda row: None
        return
    logger = _tensorboard(config) if config.tracking == "tensorboard" else _wandb(config)
    logger.log_hyperparams(about)
    try:
        yield lambda row: logger.log_metrics(numbers(row), step=row.get("epoch"))
    except BaseException:
        _finish(logger, "failed")
        raise
    _finish(logger, "success")


def numbers(row: Row) -> dict[str, float]:
    """The figures of an epoch's row, or of the last one; other rows have none."""
    if row["event"] not in ("epoch", "end"):
        return {}
    prefix = "" if row["event"] == "epoch" else "end/"
    return {prefix + name: float(value) for name, value in row.items() if isinstance(value, int | float)}


def _tensorboard(config: TrainConfig) -> Any:
    from lightning.pytorch.loggers import TensorBoardLogger

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of TensorBoard, about its protocol buffers
            logger = TensorBoardLogger(config.out, name="tensorboard", version="")
            _ = logger.experiment
    except ModuleNotFoundError:
        raise _missing("TensorBoard") from None
    return logger


def _wandb(config: TrainConfig) -> Any:
    try:
        import wandb
        from lightning.pytorch.loggers import WandbLogger
    except ImportError:
        raise _missing("W&B") from None
    settings = wandb.Settings(mode=config.wandb_mode, console="off", silent=True, disable_git=True, save_code=False)
    try:
        logger = WandbLogger(
            name=config.out.name, group=config.out.parent.name, project=PROJECT, save_dir=config.out,
            offline=config.wandb_mode == "offline", settings=settings,
        )  # fmt: skip
        _ = logger.experiment
    except Exception as error:  # no key, no network, a full disk: W&B raises its own kinds
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise StageError(f"W&B cannot start ({reason}); `wandb login`, or wandb_mode=offline") from None
    return logger


def _missing(name: str) -> InputError:
    return InputError(f"{name} is not installed; pip install 'nexuszero[tracking]', or choose tracking=none")


def _finish(logger: Any, status: str) -> None:
    logger.finalize(status)
    finish = getattr(logger.experiment, "finish", None)  # W&B's run ends here; the next trial begins one of its own
    if finish is not None:
        finish(exit_code=int(status != "success"))
