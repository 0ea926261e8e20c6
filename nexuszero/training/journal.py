"""What a run tells while it goes: a record an epoch, and ``run.jsonl``, the source of truth about the run.

``run.jsonl`` holds an object a line: ``start`` (or ``resume``), ``epoch`` for each, ``end`` or ``failed``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nexuszero.errors import StageError
from nexuszero.files import writing
from nexuszero.training.tracking import Listener

Log = Callable[[str], None]


class Diverged(StageError):
    """The loss is no longer a number."""


@dataclass(frozen=True)
class Epoch:
    """One epoch; losses are means of standardised squared errors.

    Args:
        epoch: counted from 1.
        train_loss: of the batches while the weights moved, with dropout and all that training minimises.
        val_loss: of the whole split afterwards, without dropout: its two halves' sum.
        seconds: of training alone; ``graphs_per_second`` likewise.
        seconds_validation: of validation alone.
        learning_rate: of the next step.
        best: whether no earlier epoch had a smaller validation loss.
    """

    epoch: int
    train_loss: float
    val_loss: float
    val_parameters_mse: float
    val_metrics_mse: float
    seconds: float
    seconds_validation: float
    graphs_per_second: float
    learning_rate: float
    best: bool


class Journal:
    """``run.jsonl``, and a tracker that receives its rows as they are written."""

    def __init__(self, path: Path, track: Listener) -> None:
        self.path = path
        self.track = track

    def write(self, event: str, **values: object) -> None:
        """Appends one line."""
        row = {"event": event, **values}
        stamped = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **row}
        with writing(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(stamped, allow_nan=False) + "\n")
        self.track(row)
