"""One training run: Muon and AdamW with warm-up and cosine decay, the best network by validation loss, resumable.

``out`` receives ``best_model.pt`` (see :mod:`nexuszero.network.checkpoint`), ``last.ckpt`` (Lightning's, to resume
from) and ``run.jsonl``: one JSON object a line, the source of truth about the run. The test split is read
once, at the end. With ``devices`` above 1 several processes divide every batch (DistributedDataParallel).

    nexuszero train --profile quick
"""

from __future__ import annotations

import json
import logging
import math
import platform
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import lightning as L
import torch
from lightning.pytorch.callbacks import TQDMProgressBar
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from tqdm import tqdm

from nexuszero.config import TrainConfig, with_baseline
from nexuszero.data import SPLITS, Split, Standardiser, read_all
from nexuszero.errors import InputError
from nexuszero.network import (
    Batch,
    Batches,
    Checkpoint,
    GraphBatches,
    ModelConfig,
    ParameterNet,
    load,
    loss,
    predict_batches,
    save,
    training_loss,
)
from nexuszero.pool import share
from nexuszero.training.augment import drills
from nexuszero.training.journal import Diverged, Journal, Log, OnEpoch, Record
from nexuszero.training.muon import Muon
from nexuszero.training.tracking import tracker

FREE_ON_RESUME = {"resume", "log_every", "threads", "data", "out", "baseline", "device", "tracking",
                  "wandb_mode"}  # fmt: skip
EVALUATION_BATCH = 64
__all__ = ["Diverged", "Log", "Module", "OnEpoch", "Result", "schedule", "train"]


@dataclass(frozen=True)
class Result:
    """What a run ends with; losses are those of the best network, without dropout.

    Args:
        checkpoint: path of ``best_model.pt``.
        train_loss: on the first circuits of the train split, as many as validation has.
        val_loss: the criterion of the selection.
        test_loss: computed once, after the selection.
        best_epoch: counted from 1.
        history: one dict an epoch, as in ``run.jsonl``.
    """

    checkpoint: Path
    train_loss: float
    val_loss: float
    test_loss: float
    best_epoch: int
    epochs: int
    stopped_early: bool
    seconds: float
    parameters: int
    history: list[dict[str, Any]]


def schedule(step: int, total: int, warmup: float) -> float:
    r"""Share of the peak rate: a linear rise, then :math:`(1 + \cos \pi t)/2` down to one percent."""
    rise = max(1, round(warmup * total))
    if step < rise:
        return (step + 1) / rise
    fall = min(1.0, (step - rise) / max(1, total - rise))
    return 0.01 + 0.99 * (1 + math.cos(math.pi * fall)) / 2


class Module(L.LightningModule):
    """The network with its loss and its optimiser."""

    def __init__(self, model: ParameterNet, config: TrainConfig, total_steps: int) -> None:
        super().__init__()
        self.model, self.config, self.total_steps = model, config, total_steps

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """The loss of one batch, or of this process's part of it."""
        return training_loss(self.model, batch) * batch.weight

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Muon and AdamW with learning rates set step by step."""
        config = self.config
        fused = config.precision == "32"  # Lightning refuses to clip a fused optimiser's gradients under autocast
        optimiser = Muon(self.parameters(), config.learning_rate, config.weight_decay, fused)
        rate = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: schedule(step, self.total_steps, config.warmup)
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": rate, "interval": "step"}}


def train(
    config: TrainConfig,
    *,
    log: Log = print,
    on_epoch: OnEpoch | None = None,
    data: Mapping[str, Split] | None = None,
) -> Result:
    """Trains a network and returns its losses.

    On a CPU the same seed, data and number of threads give the same losses, resumed or not.

    Args:
        config: the run.
        log: receives one line at a time.
        on_epoch: called with each epoch's row after everything is saved; what it raises ends the run.
        data: the three splits, if they are in memory already.
    """
    config = with_baseline(config)
    splits = read_all(config.data) if data is None else data
    config.out.mkdir(parents=True, exist_ok=True)
    with _threads(share(config.threads, config.devices)), torch.random.fork_rng(devices=[]), _quiet_lightning():
        torch.manual_seed(config.seed)
        return Run(config, splits, log, on_epoch).go()


class Run:
    """The parts of one run, put together."""

    def __init__(self, config: TrainConfig, splits: Mapping[str, Split], log: Log, on_epoch: OnEpoch | None) -> None:
        self.config, self.record = config, Record(config.out / "run.jsonl")
        self.first = config.devices * config.nodes == 1 or getattr(rank_zero_only, "rank", 0) == 0
        self.log: Log = log if self.first else _silent
        self.standardiser = Standardiser.fit(splits["train"].targets)
        drilled = {"train": drills(splits["train"], config.seed)}
        self.circuits = {name: GraphBatches(splits[name], self.standardiser, drilled.get(name)) for name in SPLITS}
        self.model = ParameterNet(ModelConfig(config.hidden_dim, config.num_layers, config.num_heads, config.dropout))
        self.best = config.out / "best_model.pt"
        keep, record = (self.keep, self.record) if self.first else (_silent, _silent)
        self.journal = Journal(config, self.model, self.in_order("val"), keep, record, self.log)
        self.journal.on_epoch = on_epoch if self.first else None
        self.journal.about = {
            "config": config.model_dump(mode="json"),
            "data": {name: splits[name].content_hash for name in SPLITS},
        }

    def in_order(self, name: str, count: int | None = None) -> Batches:
        """A split, or its first circuits, in its own order."""
        cap = None if count is None else -(-count // EVALUATION_BATCH)
        return Batches(self.circuits[name], EVALUATION_BATCH, cap=cap)

    def keep(self, metrics: dict[str, Any]) -> None:
        """Saves the network as the best one."""
        meta = {
            **self.journal.about, "metrics": metrics, "seed": self.config.seed,
            "versions": {name: version(name) for name in ("torch", "lightning", "numpy")},
        }  # fmt: skip
        save(self.best, Checkpoint(self.model, self.standardiser, meta))

    def go(self) -> Result:
        """Fits, takes the best network back, and measures it."""
        last = self.resume_from()
        if not self.first:
            self.help(last)
        with tracker(self.config, self.journal.about) as self.record.listener:
            self.record_start(last)
            try:
                if not self.journal.state["stopped"]:
                    self.fit(last)
                result = self.result()
            except BaseException as error:
                self.record({"event": "failed", "error": f"{type(error).__name__}: {error}"})
                raise
            told = {name: value for name, value in asdict(result).items() if name not in ("checkpoint", "history")}
            self.record({"event": "end", **told})
        ending = f"train {result.train_loss:.4f}, validation {result.val_loss:.4f}, test {result.test_loss:.4f}"
        self.log(f"best network: epoch {result.best_epoch}, {ending}, in {self.best}")
        return result

    def help(self, last: Path | None) -> NoReturn:
        """A further process of DDP: takes its part of every batch, and ends; the first one says and writes all."""
        if not self.journal.state["stopped"]:
            self.fit(last)
        raise SystemExit

    def resume_from(self) -> Path | None:
        """The checkpoint to continue, once it is sure that it belongs to the same run."""
        last = self.config.out / "last.ckpt"
        if not self.config.resume or not last.is_file():
            return None
        try:
            story = json.loads(torch.load(last, map_location="cpu", weights_only=True)["nexuszero"])
        except Exception as error:  # torch raises many kinds for a damaged file
            raise InputError(f"{last}: cannot resume ({type(error).__name__}); delete it to start anew") from None
        _same_run(last, story["about"], self.journal.about)
        self.journal.state = story["state"]
        return last

    def record_start(self, last: Path | None) -> None:
        """The journal's first line, or the line where it goes on."""
        if last is None:
            self.record.path.unlink(missing_ok=True)
        count = sum(parameter.numel() for parameter in self.model.parameters())
        machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        self.record({
            "event": "start" if last is None else "resume", **self.journal.about, "parameters": count,
            "threads": torch.get_num_threads(), "torch": str(torch.__version__), "machine": machine,
            "epochs_done": len(self.journal.state["history"]),
        })  # fmt: skip

    def fit(self, last: Path | None) -> None:
        """Lightning's part: steps, accumulation, clipping, precision, device, processes, a bar in a terminal."""
        config = self.config
        bars = self.progress_bar()
        trainer = L.Trainer(
            accelerator=_accelerator(config.device), devices=config.devices, num_nodes=config.nodes,
            strategy="auto" if config.devices * config.nodes == 1 else "ddp",
            precision="bf16-mixed" if config.precision == "bf16" else "32-true",
            max_epochs=config.epochs, accumulate_grad_batches=config.accumulate,
            gradient_clip_val=config.clip_norm or None, callbacks=[self.journal, *bars], default_root_dir=config.out,
            logger=False, enable_checkpointing=False, enable_progress_bar=bool(bars), enable_model_summary=False,
            num_sanity_val_steps=0, limit_val_batches=0,
        )  # fmt: skip
        part = (trainer.global_rank, trainer.world_size)
        batches = Batches(self.circuits["train"], config.batch_size, config.seed, config.batch_cap, part)
        module = Module(self.model, config, config.epochs * -(-len(batches) // config.accumulate))
        handler = signal.getsignal(signal.SIGINT)
        try:
            trainer.fit(module, batches, ckpt_path=last, weights_only=True)
        except SystemExit:
            if not self.journal.interrupted:
                raise
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, handler)  # Lightning leaves it ignored
            raise KeyboardInterrupt from None

    def progress_bar(self) -> list[TQDMProgressBar]:
        """In a terminal a bar takes the place of the lines of batches; elsewhere there are plain lines."""
        if self.log is not print or not sys.stdout.isatty():
            return []
        self.journal.say, self.journal.log_every = tqdm.write, 0
        return [TQDMProgressBar(leave=False)]

    def result(self) -> Result:
        """Measures the best network; the only place that looks at the test split."""
        state = self.journal.state
        best = state["history"][state["best_epoch"] - 1]
        self.model.load_state_dict(load(self.best).model.state_dict())
        count = len(self.circuits["val"])
        ends = {
            "train": float(loss(*predict_batches(self.model, self.in_order("train", count)))),
            "test": float(loss(*predict_batches(self.model, self.in_order("test")))),
        }
        self.keep({**best, "best_train_loss": ends["train"], "test_loss": ends["test"]})
        return Result(
            checkpoint=self.best, train_loss=ends["train"], val_loss=best["val_loss"], test_loss=ends["test"],
            best_epoch=best["epoch"], epochs=len(state["history"]), stopped_early=state["stopped"],
            seconds=state["seconds"], parameters=sum(p.numel() for p in self.model.parameters()),
            history=state["history"],
        )  # fmt: skip


def _same_run(last: Path, saved: dict[str, Any], now: dict[str, Any]) -> None:
    if saved["data"] != now["data"]:
        raise InputError(f"{last}: was trained on other data; delete it, or set resume=false, to start anew")
    for key, value in now["config"].items():
        if key not in FREE_ON_RESUME and saved["config"].get(key) != value:
            was = saved["config"].get(key)
            raise InputError(f"{last}: {key} was {was!r} and is {value!r}; resume needs {was!r}, or resume=false")


def _accelerator(device: str) -> str:
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise InputError("device: cuda was asked for and torch sees no GPU; choose auto or cpu")
    return "gpu" if device != "cpu" and available else "cpu"


def _silent(*_: Any) -> None:
    """Takes the place of what the first process alone does."""


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(count or before)
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Holds back Lightning's notes on hardware and its tips, and its calls that torch deprecates."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec.* is deprecated", category=FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
