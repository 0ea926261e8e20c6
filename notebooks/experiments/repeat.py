"""The week's training once more with other seeds: what the figures of one network are worth. Notebook 11 shows them.

python notebooks/experiments/repeat.py --set corpus=build/corpus
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import command
from pydantic import Field

from nexuszero.config import AnalyseConfig, Seed, TrainConfig
from nexuszero.errors import InputError
from nexuszero.evaluation import analyse, corpus_files, read_analysis
from nexuszero.files import write_json
from nexuszero.paths import PROFILES
from nexuszero.report import provenance
from nexuszero.settings import Located, MaybeLocated, Stage, load
from nexuszero.training import train

# groups that are left out: 23 families each; the week's own are in its analysis.json
MANY = ("test", "test_large")


class RepeatConfig(Stage):
    """Which week is trained again, and with which seeds."""

    profile: Located = Field(
        PROFILES / "full.yaml", description="the profile of the week"
    )
    seeds: list[Seed] = Field([43, 44, 45, 46], description="beside the week's own")
    week: Located = Field(
        Path("reports/reference"), description="directory of the week's figures"
    )
    corpus: MaybeLocated = Field(
        None, description="published circuits that the week was measured on, if it was"
    )
    out: Located = Field(
        Path("checkpoints/repeats"), description="receives the networks"
    )


def main(config: RepeatConfig) -> None:
    """Trains the week of a profile again."""
    repeat(
        load(TrainConfig, config.profile, "train"),
        config.seeds,
        config.week,
        config.out,
        config.corpus,
    )


def repeat(
    config: TrainConfig,
    seeds: Sequence[int],
    week: Path,
    out: Path,
    corpus: Path | None = None,
    log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Trains and analyses a network a seed as the week did its own, and writes all analyses to ``week/seeds.json``.

    What another call trained or analysed under ``out`` is kept, so several calls may share the work.

    Args:
        config: the week's training; the values that its search chose come from ``week``.
        seeds: beside the week's own.
        week: directory of the week's ``analysis.json`` and ``baseline_config.yaml``.
        out: receives a directory a seed.
        corpus: where published circuits were compiled, if the week was measured on them.
        log: receives one line at a time.
    """
    first = read_analysis(week / "analysis.json")
    _refuse_twice(seeds, first["seed"])
    if seeds and ("corpus" in first["regret"]) != (corpus is not None):
        raise InputError(
            f"corpus: set it if {week} was measured on published circuits (`make corpus`), else leave it out"
        )
    if corpus is not None:
        corpus_files(corpus)  # what is missing is named now, not after the training
    reports = [first]
    for seed in seeds:
        file = out / str(seed) / "analysis.json"
        if not file.is_file():
            _train_again(config, seed, week / "baseline_config.yaml", corpus, file, log)
        report = read_analysis(file)
        if report["data"] != first["data"]:
            raise InputError(
                f"{file}: was measured on other data than {week}; delete it, or name another directory"
            )
        reports.append(report)

    content = {
        "provenance": provenance.collect(),
        "reports": [_without_families(report) for report in reports],
    }
    write_json(week / "seeds.json", content)
    return content


def _without_families(report: dict[str, Any]) -> dict[str, Any]:
    groups = report["groups"].items()
    return report | {"groups": {name: of for name, of in groups if name not in MANY}}


def _refuse_twice(seeds: Sequence[int], week: int) -> None:
    if week in seeds or len(set(seeds)) < len(seeds):
        raise InputError(
            f"seeds: {', '.join(map(str, seeds))}: each once, and not the week's own {week}"
        )


def _train_again(
    config: TrainConfig,
    seed: int,
    baseline: Path,
    corpus: Path | None,
    file: Path,
    log: Callable[[str], None],
) -> None:
    """Trains with another seed beside ``file``, which receives the measures."""
    given = {name: getattr(config, name) for name in config.model_fields_set}
    changed = {"seed": seed, "out": file.parent, "baseline": baseline, "resume": True}
    train(TrainConfig.model_validate(given | changed), log=log)
    analyse(
        AnalyseConfig(
            data=config.data,
            checkpoint=file.parent / "best_model.pt",
            corpus=corpus,
            out=file,
        )
    )


if __name__ == "__main__":
    command.run(RepeatConfig, main)
