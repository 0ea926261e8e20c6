"""What happens around the steps of an epoch: one line said, validation, what is saved, when to stop.

``run.jsonl`` holds an object a line: ``start`` (or ``resume``), ``epoch`` for each, ``end`` or ``failed``.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import lightning as L
import torch

from nexuszero.config import TrainConfig
from nexuszero.errors import StageError
from nexuszero.network import Batch, Batches, ParameterNet, losses, predict_batches
from nexuszero.training.muon import Muon

Log = Callable[[str], None]
OnEpoch = Callable[[dict[str, Any]], None]


class Diverged(StageError):
    """The loss is no longer a number."""


class Record:
    """`run.jsonl`, and who else is told its rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.listener: Callable[[dict[str, Any]], None] = lambda row: None

    def __call__(self, row: dict[str, Any]) -> None:
        """Appends one line."""
        stamped = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **row}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(stamped, allow_nan=False) + "\n")
        self.listener(row)


class Journal(L.Callback):
    """Speaks, validates, saves and stops: everything that happens around the steps of an epoch.

    The state is a JSON-able dict that rides in ``last.ckpt``, so a resumed run continues the same story.
    """

    def __init__(
        self,
        config: TrainConfig,
        model: ParameterNet,
        valid: Batches,
        keep: Callable[[dict[str, Any]], None],
        record: Callable[[dict[str, Any]], None],
        say: Log,
    ) -> None:
        self.config, self.model, self.valid, self.keep = config, model, valid, keep
        self.record, self.say = record, say
        self.on_epoch: OnEpoch | None = None
        self.log_every = config.log_every
        self.about: dict[str, Any] = {}
        self.state: dict[str, Any] = {"history": [], "best_epoch": 0, "stopped": False, "seconds": 0.0}
        self.interrupted = False

    def on_train_epoch_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Announces the epoch and seeds dropout from its number, so that a resumed epoch repeats exactly."""
        torch.manual_seed(self.config.seed * 1_000_003 + trainer.current_epoch + 1 + (trainer.global_rank << 32))
        self.started, self.graphs, self.total = time.perf_counter(), 0, 0.0
        number, rate = trainer.current_epoch + 1, cast(Muon, trainer.optimizers[0]).rate
        batches = f"{trainer.num_training_batches} batches of {self.config.batch_size}"
        self.say(f"epoch {number}/{self.config.epochs}: {batches}, learning rate {rate:.2e}")

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        module: L.LightningModule,
        outputs: Any,
        batch: Batch,
        index: int,
    ) -> None:
        """Adds up the loss, refuses one that is not finite, and says a line every ``log_every`` batches."""
        if not batch.weight:
            return
        value = float(outputs["loss"]) * self.config.accumulate / batch.weight  # Lightning has divided it
        if not math.isfinite(value):
            raise Diverged(f"the training loss is {value} at epoch {trainer.current_epoch + 1}, batch {index + 1}")
        self.graphs += len(batch.target)
        self.total += value * len(batch.target)
        if self.log_every and (index + 1) % self.log_every == 0:
            speed = self.graphs / (time.perf_counter() - self.started)
            self.say(f"  batch {index + 1}/{trainer.num_training_batches}: loss {value:.4f}, {speed:.0f} graphs/s")

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Validates, keeps the best, saves the state, and decides whether to go on."""
        sums = torch.tensor([self.total, self.graphs], dtype=torch.float64, device=module.device)
        total, graphs = trainer.strategy.reduce(sums, reduce_op="sum").tolist()  # of all processes
        row = trainer.strategy.broadcast(self.measure(trainer, total, graphs) if trainer.is_global_zero else {})
        self.state["history"].append(row)
        self.state["seconds"] += row["seconds"]
        if row["best"]:
            self.state["best_epoch"] = row["epoch"]
            self.keep(row)
        self.say(self.summary(row))
        self.consider_stopping(trainer, row["epoch"])
        self.save(trainer)
        self.record(row)
        if self.on_epoch is not None:
            self.on_epoch(row)

    def measure(self, trainer: L.Trainer, total: float, graphs: float) -> dict[str, Any]:
        """The epoch's row of the journal from its summed loss; seconds and speed leave validation out."""
        trained = time.perf_counter() - self.started
        parameters, metrics = (float(part) for part in losses(*predict_batches(self.model, self.valid)))
        if not math.isfinite(parameters + metrics):
            raise Diverged(f"the validation loss is not finite at epoch {trainer.current_epoch + 1}")
        before = [row["val_loss"] for row in self.state["history"]]
        return {
            "event": "epoch", "epoch": trainer.current_epoch + 1,
            "train_loss": total / graphs, "val_loss": parameters + metrics,
            "val_parameters_mse": parameters, "val_metrics_mse": metrics,
            "seconds": trained, "seconds_validation": time.perf_counter() - self.started - trained,
            "graphs_per_second": graphs / trained,
            "learning_rate": cast(Muon, trainer.optimizers[0]).rate,
            "best": not before or parameters + metrics < min(before),
        }  # fmt: skip

    def summary(self, row: dict[str, Any]) -> str:
        """One line an epoch."""
        losses_ = f"train {row['train_loss']:.4f}, validation {row['val_loss']:.4f}"
        best = ", best so far" if row["best"] else ""
        speed = f"{row['seconds']:.1f} s, {row['graphs_per_second']:.0f} graphs/s"
        return f"epoch {row['epoch']}/{self.config.epochs}: {losses_}, {speed}{best}"

    def consider_stopping(self, trainer: L.Trainer, epoch: int) -> None:
        """Stops when ``patience`` epochs brought nothing better."""
        waited = epoch - self.state["best_epoch"]
        if self.config.patience and waited >= self.config.patience and epoch < self.config.epochs:
            self.state["stopped"] = trainer.should_stop = True
            best = f"the best was epoch {self.state['best_epoch']}"
            self.say(f"early stop after epoch {epoch}: nothing better for {waited} epochs, {best}")

    def save(self, trainer: L.Trainer) -> None:
        """Writes ``last.ckpt`` under a temporary name, then renames it."""
        temporary = self.config.out / "last.ckpt.tmp"
        trainer.save_checkpoint(temporary)
        if trainer.is_global_zero:
            temporary.replace(self.config.out / "last.ckpt")

    def on_save_checkpoint(self, trainer: L.Trainer, module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Adds the state and what the run is about, as JSON."""
        checkpoint["nexuszero"] = json.dumps({"state": self.state, "about": self.about})

    def on_exception(self, trainer: L.Trainer, module: L.LightningModule, exception: BaseException) -> None:
        """Remembers Ctrl+C, which Lightning turns into an exit."""
        self.interrupted = isinstance(exception, KeyboardInterrupt)
