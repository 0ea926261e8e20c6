"""A second reader of a run's journal: TensorBoard or Weights & Biases.

``run.jsonl`` stays the source of truth; a tracker receives its rows as they are written. The one place that starts a
tracker is :func:`tracker`, called once a run by :mod:`nexuszero.training.run`; without one nothing is imported.

    nexuszero train --set tracking=tensorboard && tensorboard --logdir checkpoints/baseline
    nexuszero tune --set tracking=wandb && wandb sync runs/tune/*/wandb/offline-run-*
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from nexuszero.config import TrainConfig
from nexuszero.errors import InputError, StageError

Row = Mapping[str, object]
Listener = Callable[[Row], None]
Scalars = Callable[[dict[str, float], int | None], None]


@contextmanager
def tracker(config: TrainConfig, identity: Row) -> Iterator[Listener]:
    """Yields what takes a row of ``run.jsonl`` and passes its numbers on; an epoch's number is their step."""
    if config.tracking == "none":
        yield lambda row: None
        return
    start = _tensorboard if config.tracking == "tensorboard" else _wandb
    with start(config, identity) as scalars:

        def listener(row: Row) -> None:
            epoch = row.get("epoch")
            scalars(numbers(row), epoch if isinstance(epoch, int) else None)

        yield listener


def numbers(row: Row) -> dict[str, float]:
    """The numbers of an epoch's row, or of the last one; other rows have none."""
    if row["event"] not in ("epoch", "end"):
        return {}
    prefix = "" if row["event"] == "epoch" else "end/"
    return {
        prefix + name: float(value)
        for name, value in row.items()
        if isinstance(value, int | float)
    }


@contextmanager
def _tensorboard(config: TrainConfig, identity: Row) -> Iterator[Scalars]:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise _missing("TensorBoard") from None
    with SummaryWriter(config.out / "tensorboard") as writer:
        writer.add_text("run", json.dumps(identity))

        def scalars(values: dict[str, float], step: int | None) -> None:
            for name, value in values.items():
                writer.add_scalar(name, value, step)

        yield scalars


@contextmanager
def _wandb(config: TrainConfig, identity: Row) -> Iterator[Scalars]:
    try:
        import wandb
    except ImportError:
        raise _missing("W&B") from None
    settings = wandb.Settings(
        console="off", silent=True, disable_git=True, save_code=False
    )
    try:
        run = wandb.init(
            project="nexuszero",
            group=config.out.parent.name,
            name=config.out.name,
            dir=config.out,
            config=dict(identity),
            mode=config.wandb_mode,
            settings=settings,
        )
    except (
        Exception
    ) as error:  # no key, no network, a full disk: W&B raises its own kinds
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise StageError(
            f"W&B cannot start: {reason}; or choose wandb_mode=offline"
        ) from None
    with run:  # ends here, as failed after an exception; the next trial begins a run of its own
        yield lambda values, step: run.log(values, step=step) if values else None


def _missing(name: str) -> InputError:
    return InputError(
        f"{name} is not installed; pip install 'nexuszero[tracking]', or choose tracking=none"
    )
