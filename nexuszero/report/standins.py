"""Small stand-ins for what an earlier notebook leaves, so that each notebook also runs on its own.

Only paths below `SCRATCH`, the notebooks' own defaults, ever get one. Any other path was named by somebody: it is
used as it is, and if it is missing the stage that needs it says so.

    ensure_dataset(Path("../build/notebooks/train/data"))  # from notebooks/: 100 circuits, if there are none
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from nexuszero.config import (
    AnalyseConfig,
    GenerateConfig,
    SummaryConfig,
    TrainConfig,
    TuneConfig,
)
from nexuszero.crypto import CryptoBridge
from nexuszero.data import label_version
from nexuszero.paths import SCRATCH
from nexuszero.settings import Stage, storage_file

SMALL = {  # the smallest network of the search space
    "hidden_dim": 128,
    "num_layers": 3,
    "num_heads": 4,
    "dropout": 0.1,
    "learning_rate": 3e-4,
}


def given(model: type[Stage], values: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's parameters out of a notebook's names; None stands for one that is not given."""
    return {
        name: values[name] for name in model.model_fields if values[name] is not None
    }


def ensure(path: Path, make: Callable[[], object]) -> None:
    """Calls ``make`` if the file is missing and one of the notebooks' own; any other path is left alone."""
    scratch = SCRATCH.resolve()
    if not path.resolve().is_relative_to(scratch):
        return
    folder, *rest = path.resolve().relative_to(scratch).parts
    if rest:
        _drop_old(scratch / folder)
    if not path.is_file():
        make()


def _drop_old(folder: Path) -> None:
    """Removes a notebook's stand-ins if they were made when labels or columns meant something else."""
    stamp = folder / "versions"
    now = f"labels {label_version()}, schema {CryptoBridge().schema_version}"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != now:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        stamp.write_text(now, encoding="utf-8")


def ensure_dataset(data: Path, train: int = 60, val: int = 20, test: int = 20) -> None:
    """A dataset, of 100 circuits unless other sizes are given."""

    def make() -> None:
        from nexuszero.data import generate

        generate(
            GenerateConfig.model_validate(
                {"out": data, "train": train, "val": val, "test": test}
            )
        )

    ensure(data / "generation.json", make)  # which is written last


def ensure_baseline(baseline: Path) -> None:
    """The smallest network of the search space, chosen by nobody."""

    def make() -> None:
        baseline.parent.mkdir(parents=True, exist_ok=True)
        values = yaml.safe_dump(SMALL, sort_keys=False)
        baseline.write_text(
            f"# A stand-in, not the result of a search.\n{values}", encoding="utf-8"
        )

    ensure(baseline, make)


def ensure_checkpoint(
    checkpoint: Path, data: Path, baseline: Path | None = None
) -> None:
    """A network after two epochs: that of the baseline file, or a small one."""

    def make() -> None:
        from nexuszero.training import train

        shape = {"baseline": baseline} if baseline else SMALL
        values = {"data": data, "out": checkpoint.parent, "epochs": 2, "log_every": 0}
        train(TrainConfig.model_validate(values | shape))

    ensure(checkpoint, make)


def ensure_model(checkpoint: Path) -> None:
    """A small network after two epochs, on a dataset of 100 circuits of its own."""
    data = checkpoint.parents[1] / "data"
    ensure_dataset(data)
    ensure_checkpoint(checkpoint, data)


def ensure_study(storage: str, study_name: str, data: Path, baseline: Path) -> None:
    """A study of two trials of one epoch of two batches, and the baseline file that it leaves."""
    file = storage_file(storage)
    if file is None:  # a database's URL
        return

    def make() -> None:
        from nexuszero.training import tune

        places = {
            "data": data,
            "storage": storage,
            "baseline": baseline,
            "runs": file.parent / "runs",
        }
        sizes = {
            "trials": 2,
            "epochs": 1,
            "batch_cap": 2,
            "batch_size": 8,
            "log_every": 0,
        }
        tune(TuneConfig.model_validate({"study_name": study_name, **places, **sizes}))

    ensure(file, make)


def ensure_analysis(analysis: Path, data: Path, checkpoint: Path) -> None:
    """The measures of a checkpoint."""

    def make() -> None:
        from nexuszero.evaluation import analyse

        analyse(
            AnalyseConfig.model_validate(
                {"data": data, "checkpoint": checkpoint, "out": analysis}
            )
        )

    ensure(analysis, make)


def ensure_week(config: SummaryConfig) -> None:
    """All that a summary reads."""
    checkpoint = config.checkpoints / "best_model.pt"
    ensure_dataset(config.data)
    ensure_study(config.storage, config.study_name, config.data, config.baseline)
    ensure_checkpoint(checkpoint, config.data, config.baseline)
    ensure_analysis(config.analysis, config.data, checkpoint)
