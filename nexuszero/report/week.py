"""The week in tables: what the stages left, in the order of the seed document (notebook 10).

    record = gather(SummaryConfig(...))
    write(record, compare_golden(), Path("summary.json"))

Where the seed document contradicts itself, and what holds here, stands in docs/seed.md, section 10.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypedDict, cast

import optuna
import pandas as pd
import plotly.graph_objects as go
import yaml
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from nexuszero.config import TUNED, SummaryConfig
from nexuszero.data import Generation, Split, read_all
from nexuszero.errors import InputError
from nexuszero.evaluation import Report, read_analysis
from nexuszero.files import read_json, write_json
from nexuszero.report import dataset, provenance, results, search, training
from nexuszero.report.style import BLUE, pairs, shown, styled
from nexuszero.settings import storage_file
from nexuszero.training import Epoch, load_study


@dataclass(frozen=True)
class Run:
    """The journal of a training run that came to its end.

    Args:
        start: the event `start`, with the configuration in ``config``.
        epochs: in order.
        end: the event `end`, with the losses of the best network.
    """

    start: dict[str, Any]
    epochs: list[Epoch]
    end: dict[str, Any]


@dataclass(frozen=True)
class Week:
    """What the stages of a week left.

    Args:
        splits: the dataset.
        megabytes: the sizes of its files, by split.
        generation: generation.json.
        study: the search.
        baseline: the values of the file that the search wrote.
        run: the training run.
        analysis: the measures of notebook 09.
        seconds: of each notebook, empty where they did not run as one week.
        files: name and bytes of what the stages left.
    """

    splits: dict[str, Split]
    megabytes: pd.DataFrame
    generation: Generation
    study: optuna.Study
    baseline: dict[str, Any]
    run: Run
    analysis: Report
    seconds: dict[str, float]
    files: pd.DataFrame


# What the stages left


def gather(config: SummaryConfig) -> Week:
    """Reads everything; a missing file is an `InputError` that names it."""
    return Week(
        splits=read_all(config.data),
        megabytes=dataset.sizes_on_disk(config.data),
        generation=_read_generation(config.data),
        study=load_study(config.storage, config.study_name),
        baseline=_read_baseline(config.baseline),
        run=read_run(config.checkpoints / "run.jsonl"),
        analysis=read_analysis(config.analysis),
        seconds=read_json(config.seconds, "run the whole week")
        if config.seconds
        else {},
        files=_files(config),
    )


def _files(config: SummaryConfig) -> pd.DataFrame:
    """What the stages left, by the last two parts of each path."""
    study = storage_file(config.storage)
    paths = [
        *sorted(config.data.glob("*/index.h5")),
        *([study] if study else []),
        config.baseline,
        config.checkpoints / "best_model.pt",
        config.checkpoints / "run.jsonl",
        config.analysis,
    ]
    sizes = {
        f"{path.parent.name}/{path.name}": path.stat().st_size
        for path in paths
        if path.is_file()
    }
    return pairs(sizes, "file", "bytes")


def read_run(path: Path) -> Run:
    """The journal of a training run; one that did not end is an `InputError`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such run; run `nexuszero train`, or correct the path"
        ) from None
    rows = [json.loads(line) for line in lines]
    last = {row["event"]: row for row in rows}  # by event
    if "end" not in last:
        raise InputError(
            f"{path}: the run did not end; run `nexuszero train` again, with resume=true to go on"
        )
    epochs = [_epoch(row) for row in rows if row["event"] == "epoch"]
    return Run(last["start"], epochs, last["end"])


def _epoch(row: Mapping[str, Any]) -> Epoch:
    return Epoch(**{field.name: row[field.name] for field in fields(Epoch)})


def _read_generation(data: Path) -> Generation:
    return cast(
        Generation, read_json(data / "generation.json", "run `nexuszero generate`")
    )


def _read_baseline(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(
            f"{path}: no such file; run `nexuszero tune`, or correct the path"
        )
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


# Tables in the order of the seed document


def dataset_configuration(week: Week) -> pd.DataFrame:
    """How much was generated, in what format, and where it comes from."""
    train = week.splits["train"]
    sizes = {
        f"{name} circuits": f"{len(split):,}" for name, split in week.splits.items()
    }
    rows = {
        **sizes,
        "total circuits": f"{sum(map(len, week.splits.values())):,}",
        "storage format": "HDF5, one index.h5 a split: shuffle, deflate, fletcher32",
        "command": "nexuszero generate",
        "schema version": int(train.attributes["schema_version"]),
        "label version": int(train.attributes["label_version"]),
        "master seed": int(train.attributes["master_seed"]),
        "node features": train.x.shape[1],
        "edge features": train.edge_attr.shape[1],
        "target parameters": "n, log2_q, sigma",
        "target metrics": "bit_security, hardness, proof_size",
    }
    return pairs(rows, "dataset")


def tuning_configuration(week: Week) -> pd.DataFrame:
    """Framework, space and size of the search, read off the study itself."""
    study = week.study
    rows: dict[str, object] = {
        "framework": f"Optuna {optuna.__version__}, TPE sampler",
        "study name": study.study_name,
        "direction": f"{study.direction.name.lower()} the validation loss",
        "trials": len(study.trials),
        "epochs a trial": max(len(trial.intermediate_values) for trial in study.trials),
    }
    for trial in study.trials:
        for name, distribution in trial.distributions.items():
            rows[name] = _space(distribution)
    return pairs(rows, "setting")


def _space(distribution: BaseDistribution) -> str:
    """The values that a hyperparameter may take, in words."""
    if isinstance(distribution, CategoricalDistribution):
        return ", ".join(map(str, distribution.choices))
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    scale = ", log-uniform" if distribution.log else ""
    return f"{distribution.low:g} to {distribution.high:g}{scale}"


def best_parameters(week: Week) -> pd.DataFrame:
    """The best trial's values beside those in the baseline file and those the network was trained with."""
    best = week.study.best_trial.params
    trained = week.run.start["config"]
    rows = [
        [name, best.get(name), week.baseline.get(name), trained[name]] for name in TUNED
    ]
    return pd.DataFrame(
        rows,
        columns=["hyperparameter", "best trial", "baseline file", "trained with"],
        dtype=object,
    )


def losses(week: Week) -> pd.DataFrame:
    """The baseline network's losses, with those of always answering the mean."""
    end = week.run.end
    return training.losses(end["train_loss"], end["val_loss"], end["test_loss"])


def run_facts(week: Week) -> pd.DataFrame:
    """How the baseline network was trained."""
    start = week.run.start
    end = week.run.end
    speeds = [epoch.graphs_per_second for epoch in week.run.epochs]
    rows = {
        "weights": end["parameters"],
        "epochs": end["epochs"],
        "best epoch": end["best_epoch"],
        "seconds of training": end["seconds"],
        "circuits a second, mean of the epochs": sum(speeds) / len(speeds),
        "threads of torch": start["threads"],
        "seed": start["config"]["seed"],
        "checkpoint": "best_model.pt",
    }
    return pairs(rows, "training")


def stage_times(week: Week) -> pd.DataFrame:
    """Seconds of the work of each stage, and of its notebook where the notebooks ran as one week."""
    durations = [
        trial.duration for trial in week.study.trials if trial.duration is not None
    ]
    work = {
        "generate": week.generation["seconds"],
        "tune": sum(duration.total_seconds() for duration in durations),
        "train": week.run.end["seconds"],
    }
    rows = [
        [stage, work.get(stage), week.seconds.get(stage)]
        for stage in ("generate", "tune", "train", "analyse")
    ]
    return pd.DataFrame(rows, columns=["stage", "work (s)", "notebook (s)"])


def stage_times_figure(table: pd.DataFrame) -> go.Figure:
    """Seconds of each stage, from :func:`stage_times`."""
    measured = table.dropna(subset=["work (s)"])
    text = [f"{seconds:.1f} s" for seconds in measured["work (s)"]]
    bars = go.Bar(
        x=measured["work (s)"],
        y=measured["stage"],
        orientation="h",
        text=text,
        marker_color=BLUE,
    )
    figure = styled(go.Figure(bars), "Where the time went", "seconds", "", height=320)
    return figure.update_yaxes(autorange="reversed")


def failures(week: Week) -> pd.DataFrame:
    """Trials of the search that did not complete, by their state."""
    states = [trial.state.name for trial in week.study.trials]
    found = (
        pd.Series(states, dtype=object).value_counts().drop("COMPLETE", errors="ignore")
    )
    return found.rename_axis("state").reset_index(name="trials")


def missed(week: Week) -> pd.DataFrame:
    """The targets of the seed document that this week misses, with the reason."""
    table = results.targets_met(week.analysis)
    return table[table["verdict"] == "missed"][["target", "threshold", "reason"]]


def conclusion(week: Week) -> str:
    """The week in a few sentences, each from its numbers."""
    end = week.run.end
    best = week.study.best_trial
    mean = week.analysis["models"]["mean"]
    network = week.analysis["models"]["network"]["test"]
    searched = week.analysis["models"]["network, then search"]["test"]
    met = results.targets_met(week.analysis)["verdict"].eq("met")
    sentences = [
        f"Of {_counted(len(week.study.trials), 'trial')} number {best.number} was best, "
        f"with a validation loss of {shown(week.study.best_value)}",
        f"Trained for {_counted(end['epochs'], 'epoch')} its network reaches {shown(end['val_loss'])} on validation "
        f"circuits and {shown(end['test_loss'])} on test circuits; always the mean costs "
        f"{shown(mean['val']['loss'])} and {shown(mean['test']['loss'])}",
        f"It names log2 q exactly for {network['hit_log2_q']:.1%} of the test circuits, and for "
        f"{searched['hit_log2_q']:.1%} where the exact search works on what it read",
        f"Targets of the seed document that are met: {met.sum()} of {len(met)}",
    ]
    return ". ".join(sentences) + "."


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" + ("" if count == 1 else "s")


# The numbers that leave


class Section(TypedDict):
    """A section of the seed document, in its order.

    Args:
        title: with its number.
        stage: whose page has more.
        text: what the tables do not say.
        tables: each a caption with columns and rows.
    """

    title: str
    stage: str | None
    text: str
    tables: list[dict[str, Any]]


def sections(week: Week, golden: pd.DataFrame) -> list[Section]:
    """The ten sections of the seed document with what this week left."""
    report = week.analysis
    splits = dataset.overview(week.splits).reset_index()
    versions = pairs(provenance.library(), "library", "version")
    inside = "docs/seed.md has"
    return [
        _section(
            "1. Dataset",
            "generate",
            "",
            {
                "How much was generated, and where it comes from": dataset_configuration(
                    week
                ),
                "Circuits and graphs by split": splits,
                "Rate of the generation": dataset.generation_rate(week.generation),
            },
        ),
        _section(
            "2. The Rust library",
            None,
            "",
            {
                "Versions": versions,
                "Worst differences from the golden rows": golden,
            },
        ),
        _section(
            "3. Hyperparameter search",
            "tune",
            "",
            {
                "Settings of the study": tuning_configuration(week),
                "Trials by validation loss": search.trials(week.study),
                "The best trial's values": best_parameters(week),
                "What the trials show": search.search_insights(week.study),
            },
        ),
        _section(
            "4. Baseline network",
            "train",
            "",
            {
                "Losses": losses(week),
                "How it was trained": run_facts(week),
                "Errors on test circuits": results.scores(report),
            },
        ),
        _section(
            "5. Issues",
            None,
            f"{inside} the document's own five, and what stands in their place.",
            {
                "Trials that did not complete": failures(week),
            },
        ),
        _section(
            "6. Performance and targets",
            "analyse",
            "",
            {
                "Targets, met or missed": results.targets_met(report),
                "Seconds of each stage": stage_times(week),
                "Network and baselines": results.models(report).reset_index(),
            },
        ),
        _section(
            "7. Next steps",
            None,
            "A target that is missed is the next thing to look at.",
            {
                "Targets missed": missed(week),
            },
        ),
        _section("8. Files", None, "", {"What the week left": week.files}),
        _section(
            "9. Debt and further work",
            None,
            f"{inside} each item of the document and where it stands.",
            {},
        ),
        _section("10. Conclusion", "summary", conclusion(week), {}),
    ]


def _section(
    title: str, stage: str | None, text: str, tables: Mapping[str, pd.DataFrame]
) -> Section:
    filled = [
        {"caption": caption} | _split(table)
        if len(table)
        else {"caption": f"{caption}: none", "columns": [], "rows": []}
        for caption, table in tables.items()
    ]
    return Section(title=title, stage=stage, text=text, tables=filled)


def _split(table: pd.DataFrame) -> dict[str, Any]:
    """Columns and rows of a table, missing values as null."""
    content = json.loads(
        table.to_json(orient="split", double_precision=15, index=False)
    )
    return {"columns": content["columns"], "rows": content["data"]}


def write(week: Week, golden: pd.DataFrame, out: Path) -> dict[str, Any]:
    """Writes the numbers that matter as JSON, with where they come from."""
    content = {
        "dataset": _records(dataset.overview(week.splits).reset_index()),
        "circuits_per_minute": 60 * week.generation["circuits_per_second"],
        "megabytes": float(week.megabytes["MB"].sum()),
        "golden": _records(golden),
        "trials": _records(search.trials(week.study)),
        "best_trial": week.study.best_trial.number,
        "best_parameters": week.study.best_trial.params,
        "losses": _records(losses(week)),
        "targets": _records(results.targets_met(week.analysis)),
        "test": week.analysis["models"]["network"]["test"],
        "times": _records(stage_times(week)),
        "conclusion": conclusion(week),
        "sections": sections(week, golden),
        "figure": json.loads(results.at_a_glance(week.analysis).to_json()),
        "provenance": provenance.collect(week.splits)
        | {"seed": week.run.start["config"]["seed"]},
    }
    write_json(out, content)
    return content


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON-able dictionaries, missing values as null."""
    return list(json.loads(table.to_json(orient="records", double_precision=15)))
