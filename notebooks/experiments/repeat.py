"""The week's training once more with other seeds: what the figures of one network are worth.

python notebooks/experiments/repeat.py
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import command
from pydantic import Field

from nexuszero.config import AnalyseConfig, Seed, TrainConfig, with_baseline
from nexuszero.errors import InputError
from nexuszero.evaluation.analysis import analyse, read_analysis
from nexuszero.files import write_json
from nexuszero.paths import PROFILES
from nexuszero.report import provenance
from nexuszero.settings import Located, Stage, load
from nexuszero.training import train


class RepeatConfig(Stage):
    """Which week is trained again, and with which seeds."""

    profile: Located = Field(PROFILES / "full.yaml", description="the profile of the week")
    seeds: list[Seed] = Field([43, 44], description="beside the week's own")
    week: Located = Field(Path("reports/reference"), description="directory of the week's figures")
    out: Located = Field(Path("checkpoints/repeats"), description="receives the networks")


def _again(config: RepeatConfig) -> None:
    repeat(load(TrainConfig, config.profile, "train"), config.seeds, config.week, config.out)


def repeat(
    config: TrainConfig, seeds: Sequence[int], week: Path, out: Path, log: Callable[[str], None] = print
) -> dict[str, Any]:
    """Trains and analyses a network a seed as the week did its own, and writes all analyses to ``week/seeds.json``.

    What another call trained or analysed under ``out`` is kept, so several calls may share the work.

    Args:
        config: the week's training; the values that its search chose come from ``week``.
        seeds: beside the week's own.
        week: directory of the week's ``analysis.json`` and ``baseline_config.yaml``.
        out: receives a directory a seed.
        log: receives one line at a time.
    """
    own = read_analysis(week / "analysis.json")
    if own["seed"] in seeds or len(set(seeds)) < len(seeds):
        raise InputError(f"seeds: {', '.join(map(str, seeds))}: each once, and not the week's own {own['seed']}")
    reports = [own]
    for seed in seeds:
        place = out / str(seed)
        file, network = place / "analysis.json", place / "best_model.pt"
        if not file.is_file():
            told = {"seed": seed, "out": place, "baseline": week / "baseline_config.yaml", "resume": True}
            given = {name: getattr(config, name) for name in config.model_fields_set}
            train(with_baseline(TrainConfig.model_validate(given | told)), log=log)
            analyse(AnalyseConfig.model_validate({"data": config.data, "checkpoint": network, "out": file}))
        reports.append(read_analysis(file))
        if reports[-1]["data"] != own["data"]:
            raise InputError(f"{file}: was measured on other data than {week}; delete it, or name another directory")
    found = {"provenance": provenance.collect(), "reports": reports}
    write_json(week / "seeds.json", found)
    return found


if __name__ == "__main__":
    command.run(RepeatConfig, _again)
