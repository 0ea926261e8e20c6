"""How good a trained network is on circuits that it has not seen, written as JSON.

The network proposes; the exact search stays the judge. The measures of always answering the train split's
mean stand beside the network's, so that no number has to be read alone.

    analyse(AnalyseConfig(data=Path("data/quick"), checkpoint=Path("checkpoints/baseline/best_model.pt")))
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nexuszero import checkpoint as checkpoints
from nexuszero import regret
from nexuszero.config import AnalyseConfig
from nexuszero.crypto import SHIFTED
from nexuszero.dataset import TARGETS, Array, Split, read
from nexuszero.errors import InputError
from nexuszero.evaluation import measures, predict, shares, targets_met

SHIFTED_BATCH = 4  # circuits of up to 20,000 nodes at a time
GROUPS = ("family", "security", "field_bits", "liftable")


@dataclass(frozen=True)
class Analysis:
    """The test split, the network's proposals for it, and the measures.

    Args:
        test: the split.
        prediction: ``[circuits, 6]`` in original units.
        report: what the JSON file holds.
        compiled: the proposals for compiled circuits, a row each (:mod:`nexuszero.regret`).
    """

    test: Split
    prediction: Array
    report: dict[str, Any]
    compiled: list[dict[str, Any]]


def analyse(config: AnalyseConfig) -> Analysis:
    """Measures a checkpoint on validation and test circuits and writes ``config.out``."""
    checkpoint = checkpoints.load(config.checkpoint)
    splits = {name: read(config.data / name) for name in ("val", "test")}
    _same_data(checkpoint.meta["data"], splits, config.checkpoint)
    proposals = {name: predict(checkpoint, split) for name, split in splits.items()}
    measured = {name: measures(proposals[name], splits[name].targets, checkpoint.standardiser) for name in splits}
    test, prediction = splits["test"], proposals["test"]
    mean = measures(_mean(checkpoint, test), test.targets, checkpoint.standardiser)
    compiled = regret.compiled(config.circuits, checkpoint)
    drawn = regret.drawn(test, prediction, checkpoint)
    report = {
        "circuits": {name: len(split) for name, split in splits.items()},
        "parameters": sum(weight.numel() for weight in checkpoint.model.parameters()),
        "val": measured["val"],
        "test": measured["test"],
        "mean_predictor": mean,
        "shifted": _shifted(checkpoint, config.data),
        "shares": {"labels": shares(test.targets), "proposals": shares(prediction)},
        "targets_met": targets_met(measured["val"]["loss"], test.targets),
        "regret": {"test": regret.summary(drawn), "compiled": regret.summary(compiled)},
        "data": checkpoint.meta["data"],
        "seed": checkpoint.meta["seed"],
    }
    write_json(config.out, report)
    return Analysis(test, prediction, report, compiled)


def _shifted(checkpoint: checkpoints.Checkpoint, data: Path) -> dict[str, Any]:
    """The same measures on those shifted splits that there are, beside the training mean's loss on them."""
    found: dict[str, Any] = {}
    for name in (name for name in SHIFTED if (data / name / "index.h5").is_file()):
        split = read(data / name)
        told = measures(predict(checkpoint, split, SHIFTED_BATCH), split.targets, checkpoint.standardiser)
        mean = measures(_mean(checkpoint, split), split.targets, checkpoint.standardiser)
        found[name] = told | {"circuits": len(split), "mean_loss": mean["loss"]}
    return found


def _mean(checkpoint: checkpoints.Checkpoint, split: Split) -> Array:
    return checkpoint.standardiser.inverse(np.zeros((len(split), TARGETS)))


def read_analysis(path: Path) -> dict[str, Any]:
    """The measures that :func:`analyse` wrote."""
    return read_json(path, "run notebook 04, or correct the path")


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """A JSON object, or a line that says what to do about it."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {remedy}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable as JSON ({error}); {remedy}") from None
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes under a temporary name, then renames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def _same_data(trained_on: dict[str, str], splits: dict[str, Split], checkpoint: Path) -> None:
    for name, split in splits.items():
        if trained_on[name] != split.content_hash:
            raise InputError(f"{checkpoint}: was trained beside other {name} data; train again, or correct it")
