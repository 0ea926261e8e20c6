"""The week in tables: gathers what the stages left and puts it in the order of the seed document.

week = gather(SummaryConfig(...)); print(results(week)); write(week, compare_golden(), Path("summary.json"))
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import plotly.graph_objects as go
import yaml
from optuna.trial import FrozenTrial

from nexuszero.config import TUNED, SummaryConfig
from nexuszero.data import Split, read_all
from nexuszero.errors import InputError
from nexuszero.evaluation import read_analysis
from nexuszero.files import read_json, write_json
from nexuszero.report import dataset, provenance, results, search, style, training
from nexuszero.report.style import BLUE, styled
from nexuszero.training import load_study


@dataclass(frozen=True)
class Week:
    """What the stages of a week left.

    Args:
        splits: the dataset, with the directory's sizes in ``megabytes``.
        generation: generation.json.
        study: the search; ``baseline`` holds the values of the file that it wrote.
        run: the training run's journal, ``start``, ``epochs`` and ``end``.
        analysis: the measures of notebook 04.
        seconds: of each notebook, empty where they did not run as one week.
    """

    splits: dict[str, Split]
    megabytes: pd.DataFrame
    generation: dict[str, Any]
    study: optuna.Study
    baseline: dict[str, Any]
    run: dict[str, Any]
    analysis: dict[str, Any]
    seconds: dict[str, float]


def gather(config: SummaryConfig) -> Week:
    """Reads everything; a missing file is an `InputError` that names it."""
    return Week(
        splits=read_all(config.data),
        megabytes=dataset.sizes_on_disk(config.data),
        generation=read_json(config.data / "generation.json", "run `nexuszero generate`"),
        study=load_study(config.storage, config.study_name),
        baseline=_baseline(config.baseline),
        run=read_run(config.checkpoints / "run.jsonl"),
        analysis=read_analysis(config.analysis),
        seconds=read_json(config.seconds, "run the whole week") if config.seconds else {},
    )


def read_run(path: Path) -> dict[str, Any]:
    """The journal of a training run that came to its end."""
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        raise InputError(f"{path}: no such run; run `nexuszero train`, or correct the path") from None
    events = {row["event"]: row for row in rows}
    if "end" not in events:
        raise InputError(f"{path}: the run did not end; run `nexuszero train` again, with resume=true to go on")
    return {
        "start": events["start"],
        "epochs": [row for row in rows if row["event"] == "epoch"],
        "end": events["end"],
    }


def dataset_configuration(week: Week) -> pd.DataFrame:
    """The seed document's first table: how much was generated, in what format, and where it comes from."""
    sizes = {f"{name} circuits": f"{len(split):,}" for name, split in week.splits.items()}
    split = week.splits["train"]
    further = {
        "total circuits": f"{sum(map(len, week.splits.values())):,}",
        "storage format": "HDF5, one index.h5 a split: shuffle, deflate, fletcher32",
        "command": "nexuszero generate",
        "schema version": int(split.attributes["schema_version"]),
        "label version": int(split.attributes["label_version"]),
        "master seed": int(split.attributes["master_seed"]),
        "node features": split.x.shape[1],
        "edge features": split.edge_attr.shape[1],
        "target parameters": "n, log2_q, sigma",
        "target metrics": "bit_security, hardness, proof_size",
    }
    return style.pairs(sizes | further, "dataset")


def tuning_configuration(week: Week) -> pd.DataFrame:
    """Framework, space and size of the search, read off the study itself."""
    trials = week.study.trials
    space = {name: _space(distribution) for name, distribution in _distributions(week.study).items()}
    fixed = {
        "framework": f"Optuna {optuna.__version__}, TPE sampler",
        "study name": week.study.study_name,
        "direction": f"{week.study.direction.name.lower()} the validation loss",
        "trials": len(trials),
        "epochs a trial": max(len(trial.intermediate_values) for trial in trials),
    }
    return style.pairs(fixed | space, "setting")


def best_parameters(week: Week) -> pd.DataFrame:
    """The best trial's values beside those in the baseline file and those the network was trained with."""
    best, trained = week.study.best_trial.params, week.run["start"]["config"]
    rows = [[name, best.get(name), week.baseline.get(name), trained[name]] for name in TUNED]
    return pd.DataFrame(rows, columns=["hyperparameter", "best trial", "baseline file", "trained with"], dtype=object)


def losses(week: Week) -> pd.DataFrame:
    """The baseline network's losses, with those of always answering the mean."""
    end = week.run["end"]
    return training.losses(end["train_loss"], end["val_loss"], end["test_loss"])


def run_facts(week: Week) -> pd.DataFrame:
    """How the baseline network was trained."""
    end, start = week.run["end"], week.run["start"]
    speed = [row["graphs_per_second"] for row in week.run["epochs"]]
    facts = {
        "weights": end["parameters"],
        "epochs": end["epochs"],
        "best epoch": end["best_epoch"],
        "seconds of training": end["seconds"],
        "circuits a second, mean of the epochs": sum(speed) / len(speed),
        "threads of torch": start["threads"],
        "seed": start["config"]["seed"],
        "checkpoint": "best_model.pt",
    }
    return style.pairs(facts, "training")


def stage_times(week: Week) -> pd.DataFrame:
    """Seconds of the work of each stage, and of its notebook where the notebooks ran as one week."""
    trials = sum(_seconds(trial) or 0.0 for trial in week.study.trials)
    work = {"generate": week.generation["seconds"], "tune": trials, "train": week.run["end"]["seconds"]}
    rows = [[stage, work.get(stage), week.seconds.get(stage)] for stage in ("generate", "tune", "train", "analyse")]
    return pd.DataFrame(rows, columns=["stage", "work (s)", "notebook (s)"])


def write(week: Week, golden: pd.DataFrame, out: Path) -> dict[str, Any]:
    """Writes the numbers that matter as JSON, with where they come from."""
    table = search.trials(week.study)
    content = {
        "dataset": _records(dataset.overview(week.splits).reset_index()),
        "circuits_per_minute": 60 * week.generation["circuits_per_second"],
        "megabytes": float(week.megabytes["MB"].sum()),
        "golden": _records(golden),
        "trials": _records(table),
        "best_trial": week.study.best_trial.number,
        "best_parameters": week.study.best_trial.params,
        "losses": _records(losses(week)),
        "targets": _records(results.targets_met(week.analysis)),
        "test": week.analysis["models"]["network"]["test"],
        "times": _records(stage_times(week)),
        "provenance": provenance.collect(week.splits) | {"seed": week.run["start"]["config"]["seed"]},
    }
    write_json(out, content)
    return content


def _baseline(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; run `nexuszero tune`, or correct the path")
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def _distributions(study: optuna.Study) -> Mapping[str, Any]:
    return {name: kind for trial in study.trials for name, kind in trial.distributions.items()}


def _space(distribution: Any) -> str:
    if hasattr(distribution, "choices"):
        return ", ".join(map(str, distribution.choices))
    scale = ", log-uniform" if distribution.log else ""
    return f"{distribution.low:g} to {distribution.high:g}{scale}"


def _seconds(trial: FrozenTrial) -> float | None:
    return trial.duration.total_seconds() if trial.duration else None


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON-able dictionaries, missing values as null."""
    return list(json.loads(table.to_json(orient="records", double_precision=15)))


def stage_times_figure(table: pd.DataFrame) -> go.Figure:
    """Seconds of each stage, from `summary.stage_times`."""
    table = table.dropna(subset=["work (s)"])
    text = [f"{seconds:.1f} s" for seconds in table["work (s)"]]
    bars = go.Bar(x=table["work (s)"], y=table["stage"], orientation="h", text=text, marker_color=BLUE)
    figure = styled(go.Figure(bars), "Where the time went", "seconds", "", height=320)
    return figure.update_yaxes(autorange="reversed")
