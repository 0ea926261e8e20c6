"""One training run: Muon and AdamW with warm-up and cosine decay, the best network by validation loss, resumable.

``out`` receives ``best_model.pt`` (see :func:`nexuszero.network.save`), ``last.ckpt`` (to resume from) and
``run.jsonl``: one JSON object a line, the source of truth about the run. The test split is read once, at the end.
With ``devices`` above 1 several processes divide every batch (:mod:`nexuszero.training.processes`).

    nexuszero train --profile quick
"""

from __future__ import annotations

import json
import math
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from nexuszero.config import TrainConfig, with_baseline
from nexuszero.data import SPLITS, Split, Standardiser, draw_again, read_all
from nexuszero.errors import InputError
from nexuszero.locks import owned
from nexuszero.network import (
    Batches,
    Checkpoint,
    GraphBatches,
    ModelConfig,
    Origin,
    ParameterNet,
    load,
    loss,
    losses,
    predict_batches,
    read_state,
    save,
    write_state,
)
from nexuszero.pool import share
from nexuszero.training.augment import augmented_demands
from nexuszero.training.journal import Diverged, Epoch, Journal, Log
from nexuszero.training.loop import Loop, Step
from nexuszero.training.prefit import prefit
from nexuszero.training.processes import Group, group
from nexuszero.training.tracking import tracker

FREE_ON_RESUME = {
    "resume",
    "log_every",
    "threads",
    "data",
    "out",
    "baseline",
    "device",
    "tracking",
    "wandb_mode",
}
EVALUATION_BATCH = 64

OnEpoch = Callable[[Epoch], None]


@dataclass(frozen=True)
class Result:
    """What a run ends with; losses are those of the best network, without dropout.

    Args:
        checkpoint: path of ``best_model.pt``.
        train_loss: on the first circuits of the train split, as many as validation has; None if it was not asked for.
        val_loss: the one that was selected by.
        test_loss: computed once, after the selection.
        best_epoch: counted from 1, among ``epochs``.
        stopped_early: whether ``patience`` ended the run.
        seconds: of training, without validation.
        parameters: weights of the network.
        history: the epochs, as in ``run.jsonl``.
    """

    checkpoint: Path
    train_loss: float | None
    val_loss: float
    test_loss: float
    best_epoch: int
    epochs: int
    stopped_early: bool
    seconds: float
    parameters: int
    history: tuple[Epoch, ...]


def train(
    config: TrainConfig,
    *,
    log: Log = print,
    on_epoch: OnEpoch | None = None,
    data: Mapping[str, Split] | None = None,
    train_loss: bool = True,
) -> Result:
    """Trains a network and returns its losses.

    On a CPU the same seed, data and number of threads give the same losses, resumed or not.

    Args:
        config: the run; a baseline file's values stand in for what it leaves open.
        log: receives one line at a time.
        on_epoch: called with each epoch after everything is saved; what it raises ends the run.
        data: the three splits, if they are in memory already.
        train_loss: whether the best network is measured on the train split too.
    """
    config = with_baseline(config)
    splits = read_all(config.data) if data is None else data
    with group(config, _take_part, config, splits) as processes:
        return _take_part(processes, config, splits, log, on_epoch, train_loss)


def _take_part(
    processes: Group,
    config: TrainConfig,
    splits: Mapping[str, Split],
    log: Log = lambda line: None,
    on_epoch: OnEpoch | None = None,
    train_loss: bool = True,
) -> Result:
    """This process's part of a run; the first one speaks and writes, all return the same."""
    with (
        owned(config.out, "train") if processes.first else nullcontext(),
        _threads(share(config.threads, config.devices)),
        torch.random.fork_rng(devices=[]),
    ):
        torch.manual_seed(config.seed)
        run = Run(
            config, splits, processes, log if processes.first else lambda line: None
        )
        if not processes.first:
            run.fit(None, None)
            return processes.broadcast(None)
        return processes.broadcast(run.go(on_epoch, train_loss))


class Run:
    """The parts of one run, put together.

    Args:
        config: the run.
        splits: train, val and test.
        processes: the place of this process among those that divide the run.
        log: receives one line at a time.
    """

    def __init__(
        self,
        config: TrainConfig,
        splits: Mapping[str, Split],
        processes: Group,
        log: Log,
    ) -> None:
        self.config = config
        self.processes = processes
        self.best = config.out / "best_model.pt"
        self.last = config.out / "last.ckpt"
        self.identity = {
            "config": config.model_dump(mode="json"),
            "data": {name: splits[name].content_hash for name in SPLITS},
        }
        self.history: list[Epoch] = []

        # in a terminal a bar takes the place of the lines of batches; elsewhere there are plain lines
        self.bar = log is print and sys.stdout.isatty()
        self.log: Log = tqdm.write if self.bar else log

        self.standardiser = Standardiser.fit(splits["train"].targets)
        augmented = {"train": augmented_demands(splits["train"])}
        self.circuits = {
            name: GraphBatches(splits[name], self.standardiser, augmented.get(name))
            for name in SPLITS
        }
        model = ParameterNet(
            ModelConfig(
                config.hidden_dim,
                config.num_layers,
                config.num_heads,
                config.dropout,
            )
        )
        prefit(model, self.circuits["train"], config.seed)
        self.loop = Loop(model, self.batches(1), config, processes)
        self.resumed = self.resume()

    def batches(self, number: int) -> Batches:
        """Those of an epoch, counted from 1: of the train split, or of circuits that are drawn for it."""
        config = self.config
        circuits = self.circuits["train"]
        if config.fresh and number > 1:
            drawn = draw_again(circuits.split, number - 1, config.threads)
            circuits = GraphBatches(drawn, self.standardiser, augmented_demands(drawn))
        part = (self.processes.rank, self.processes.size)
        return Batches(circuits, config.batch_size, config.seed, config.batch_cap, part)

    def resume(self) -> bool:
        """Goes on from ``last.ckpt`` if that is wanted and possible, once it is sure to belong to the same run."""
        if not self.config.resume or not self.last.is_file():
            return False
        try:
            state = read_state(self.last)
            saved = json.loads(state["run"])
        except Exception as error:  # torch raises many kinds for a damaged file
            raise InputError(
                f"{self.last}: cannot resume ({type(error).__name__}); delete it to start anew"
            ) from None
        _same_run(self.last, saved["identity"], self.identity)
        self.history = [Epoch(**epoch) for epoch in saved["history"]]
        self.loop.load_state(state)
        return True

    def go(self, on_epoch: OnEpoch | None, train_loss: bool) -> Result:
        """Fits, takes the best network back, and measures it; with a line in the journal for each event."""
        path = self.config.out / "run.jsonl"
        if not self.resumed:  # what a folder holds is of one run
            for file in (path, self.last, self.best):
                file.unlink(missing_ok=True)
        with tracker(self.config, self.identity) as listener:
            journal = Journal(path, listener)
            journal.write(
                "resume" if self.resumed else "start", **self.identity, **self.machine()
            )
            try:
                self.fit(journal, on_epoch)
                result = self.measure(train_loss)
            except BaseException as error:
                journal.write("failed", error=f"{type(error).__name__}: {error}")
                raise
            scalars = {
                name: value
                for name, value in vars(result).items()
                if name not in ("checkpoint", "history")
            }
            journal.write("end", **scalars)
        ending = f"validation {result.val_loss:.4f}, test {result.test_loss:.4f}"
        if result.train_loss is not None:
            ending = f"train {result.train_loss:.4f}, {ending}"
        self.log(f"best network: epoch {result.best_epoch}, {ending}, in {self.best}")
        return result

    def machine(self) -> dict[str, object]:
        """What the journal's first line says beside the run's identity."""
        return {
            "parameters": _count(self.loop.model),
            "threads": torch.get_num_threads(),
            "torch": str(torch.__version__),
            "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
            "epochs_done": len(self.history),
        }

    def fit(self, journal: Journal | None, on_epoch: OnEpoch | None) -> None:
        """The epochs that are missing; a process without a journal takes its part of every batch."""
        while len(self.history) < self.config.epochs and not self.stopped():
            start = time.perf_counter()
            number = len(self.history) + 1
            total, circuits = self.processes.sum(list(self.train_epoch(number)))
            epoch = (
                self.validate(number, start, total / circuits, circuits)
                if self.processes.first
                else None
            )
            epoch = self.processes.broadcast(epoch)
            self.history.append(epoch)
            if journal is not None:
                self.keep(epoch)
                journal.write("epoch", **asdict(epoch))
            if on_epoch is not None:
                on_epoch(epoch)

    def train_epoch(self, number: int) -> tuple[float, float]:
        """An epoch's summed loss and its number of circuits, in this process; refuses a loss that is not finite."""
        config = self.config
        count = len(self.loop.batches)
        rate = self.loop.learning_rate
        self.log(
            f"epoch {number}/{config.epochs}: {count} batches of {config.batch_size}, learning rate {rate:.2e}"
        )

        start = time.perf_counter()
        self.loop.batches = self.batches(number)
        total = 0.0
        circuits = 0
        for place, step in enumerate(self.with_bar(self.loop.epoch(number)), 1):
            if not math.isfinite(step.loss):
                raise Diverged(
                    f"the training loss is {step.loss} at epoch {number}, batch {place}"
                )
            circuits += step.circuits
            total += step.loss * step.circuits
            if not self.bar and config.log_every and place % config.log_every == 0:
                speed = circuits / (time.perf_counter() - start)
                self.log(
                    f"  batch {place}/{count}: loss {step.loss:.4f}, {speed:.0f} graphs/s"
                )
        return total, circuits

    def with_bar(self, steps: Iterator[Step]) -> Iterator[Step]:
        """The same steps; a bar, which holds a lock that processes share, is made in a terminal alone."""
        if not self.bar:
            return steps
        return iter(
            tqdm(steps, total=len(self.loop.batches), leave=False, mininterval=0)
        )

    def validate(
        self, number: int, start: float, train_loss: float, circuits: float
    ) -> Epoch:
        """The record of an epoch that began at ``start``."""
        trained = time.perf_counter() - start
        val = self.in_order("val")
        predicted = predict_batches(self.loop.model, val)
        parameters, metrics = (float(half) for half in losses(*predicted))
        if not math.isfinite(parameters + metrics):
            raise Diverged(f"the validation loss is not finite at epoch {number}")
        return Epoch(
            epoch=number,
            train_loss=train_loss,
            val_loss=parameters + metrics,
            val_parameters_mse=parameters,
            val_metrics_mse=metrics,
            seconds=trained,
            seconds_validation=time.perf_counter() - start - trained,
            graphs_per_second=circuits / trained,
            learning_rate=self.loop.learning_rate,
            best=all(parameters + metrics < epoch.val_loss for epoch in self.history),
        )

    def keep(self, epoch: Epoch) -> None:
        """Saves the network if it is the best one, and what a resumed run needs; says a line."""
        if epoch.best:
            self.save(asdict(epoch))
        losses_ = f"train {epoch.train_loss:.4f}, validation {epoch.val_loss:.4f}"
        speed = f"{epoch.seconds:.1f} s, {epoch.graphs_per_second:.0f} graphs/s"
        best = ", best so far" if epoch.best else ""
        self.log(f"epoch {epoch.epoch}/{self.config.epochs}: {losses_}, {speed}{best}")
        if self.stopped():
            waited = f"nothing better for {self.waited} epochs, the best was epoch {self.best_epoch.epoch}"
            self.log(f"early stop after epoch {epoch.epoch}: {waited}")

        run = {
            "identity": self.identity,
            "history": [asdict(epoch) for epoch in self.history],
        }
        write_state(self.last, self.loop.state() | {"run": json.dumps(run)})

    @property
    def best_epoch(self) -> Epoch:
        """The epoch that validation chose."""
        return [epoch for epoch in self.history if epoch.best][-1]

    @property
    def waited(self) -> int:
        """Epochs since the best one."""
        return len(self.history) - self.best_epoch.epoch

    def stopped(self) -> bool:
        """Whether ``patience`` epochs brought nothing better, before the last one."""
        patience = self.config.patience
        unfinished = 0 < len(self.history) < self.config.epochs
        return bool(patience) and unfinished and self.waited >= patience

    def in_order(self, name: str, count: int | None = None) -> Batches:
        """A split, or its first circuits, in its own order."""
        cap = None if count is None else -(-count // EVALUATION_BATCH)
        return Batches(self.circuits[name], EVALUATION_BATCH, cap=cap)

    def save(self, metrics: dict[str, Any]) -> None:
        """Saves the network as the best one."""
        origin = Origin(
            **self.identity,
            metrics=metrics,
            seed=self.config.seed,
            versions={name: version(name) for name in ("torch", "numpy")},
        )
        save(self.best, Checkpoint(self.loop.model, self.standardiser, origin))

    def measure(self, train_loss: bool) -> Result:
        """Takes the best network back and measures it; the only place that looks at the test split."""
        model = self.loop.model
        model.load_state_dict(load(self.best).model.state_dict())
        on_train = None
        if train_loss:
            beginning = self.in_order("train", len(self.circuits["val"]))
            on_train = float(loss(*predict_batches(model, beginning)))
        test_loss = float(loss(*predict_batches(model, self.in_order("test"))))
        best = self.best_epoch
        self.save(asdict(best) | {"best_train_loss": on_train, "test_loss": test_loss})
        return Result(
            checkpoint=self.best,
            train_loss=on_train,
            val_loss=best.val_loss,
            test_loss=test_loss,
            best_epoch=best.epoch,
            epochs=len(self.history),
            stopped_early=self.stopped(),
            seconds=sum(epoch.seconds for epoch in self.history),
            parameters=_count(model),
            history=tuple(self.history),
        )


def _same_run(last: Path, saved: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    if saved["data"] != now["data"]:
        raise InputError(
            f"{last}: was trained on other data; delete it, or set resume=false, to start anew"
        )
    for key, value in now["config"].items():
        if key not in FREE_ON_RESUME and saved["config"].get(key) != value:
            was = saved["config"].get(key)
            raise InputError(
                f"{last}: {key} was {was!r} and is {value!r}; resume needs {was!r}, or resume=false"
            )


def _count(model: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters())


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(count or before)
        yield
    finally:
        torch.set_num_threads(before)
