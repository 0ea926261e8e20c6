"""Small stand-ins for what an earlier notebook leaves, so that each notebook also runs on its own.

Only paths below `SCRATCH`, the notebooks' own defaults, are ever made here. Any other path was named by
somebody: it is used as it is, and if it is missing the stage that needs it says so.

    ensure_dataset(Path("../build/notebooks/train/data"))  # from notebooks/: 100 circuits, if there are none
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nexuszero.config import AnalyseConfig, GenerateConfig, SummaryConfig, TrainConfig, TuneConfig, with_baseline
from nexuszero.data import SPLITS
from nexuszero.paths import SCRATCH
from nexuszero.settings import Stage, storage_file

SMALL: dict[str, Any] = {
    "hidden_dim": 128,
    "num_layers": 3,
    "num_heads": 4,
    "dropout": 0.1,
    "learning_rate": 3e-4,
}


def given(model: type[Stage], values: dict[str, Any]) -> dict[str, Any]:
    """A stage's parameters out of a notebook's names; None stands for one that is not given."""
    return {name: values[name] for name in model.model_fields if values[name] is not None}


def is_scratch(path: Path) -> bool:
    """Whether a path is one of the notebooks' defaults, which may be made on demand."""
    return path.resolve().is_relative_to(SCRATCH.resolve())


def ensure_dataset(data: Path) -> None:
    """A dataset of 100 circuits."""
    if is_scratch(data) and not all((data / name / "index.h5").is_file() for name in SPLITS):
        from nexuszero.data import generate

        generate(GenerateConfig.model_validate({"out": data, "train": 60, "val": 20, "test": 20}))


def ensure_baseline(baseline: Path) -> None:
    """The smallest network of the search space, chosen by nobody."""
    if is_scratch(baseline) and not baseline.is_file():
        baseline.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}: {value}" for name, value in SMALL.items()]
        baseline.write_text("\n".join(["# A stand-in, not the result of a search.", *lines]) + "\n")


def ensure_checkpoint(checkpoint: Path, data: Path, baseline: Path | None = None) -> None:
    """A network after two epochs: that of the baseline file, or a small one."""
    if is_scratch(checkpoint) and not checkpoint.is_file():
        from nexuszero.training import train

        values = {"data": data, "out": checkpoint.parent, "epochs": 2, "log_every": 0}
        train(with_baseline(TrainConfig.model_validate(values | ({"baseline": baseline} if baseline else SMALL))))


def ensure_model(checkpoint: Path) -> None:
    """A small network after two epochs, on a dataset of 100 circuits made for it."""
    data = checkpoint.parents[1] / "data"
    if is_scratch(checkpoint):
        ensure_dataset(data)
        ensure_checkpoint(checkpoint, data)


def ensure_study(storage: str, study_name: str, data: Path, baseline: Path) -> None:
    """A study of two trials of one epoch of two batches, and the baseline file that it leaves."""
    file = storage_file(storage)
    if file is not None and is_scratch(file) and not file.is_file():
        from nexuszero.training import tune

        values = {"data": data, "storage": storage, "study_name": study_name, "baseline": baseline}
        small = {"trials": 2, "epochs": 1, "batch_cap": 2, "batch_size": 8, "log_every": 0}
        tune(TuneConfig.model_validate(values | small | {"runs": file.parent / "runs"}))


def ensure_analysis(analysis: Path, data: Path, checkpoint: Path) -> None:
    """The measures of a checkpoint."""
    if is_scratch(analysis) and not analysis.is_file():
        from nexuszero.evaluation import analyse

        analyse(AnalyseConfig.model_validate({"data": data, "checkpoint": checkpoint, "out": analysis}))


def ensure_week(config: SummaryConfig) -> None:
    """All that a summary reads."""
    checkpoint = config.checkpoints / "best_model.pt"
    ensure_dataset(config.data)
    ensure_study(config.storage, config.study_name, config.data, config.baseline)
    ensure_checkpoint(checkpoint, config.data, config.baseline)
    ensure_analysis(config.analysis, config.data, checkpoint)
