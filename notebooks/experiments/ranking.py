"""Does a short trial tell how its setting ends? The trials of a week's search, each trained as that week trains.

Every training is one row of a JSON file, written at once; what was interrupted goes on where it ended. Notebook 11
shows them.

    python notebooks/experiments/ranking.py --set study=reports/quick/optuna_study.db
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import command
from optuna.trial import FrozenTrial, TrialState
from pydantic import Field
from scipy.stats import spearmanr

from nexuszero.config import Count, TrainConfig
from nexuszero.data import read_all
from nexuszero.errors import InputError
from nexuszero.files import read_json, write_json
from nexuszero.paths import PROFILES
from nexuszero.report import provenance
from nexuszero.settings import Located, Stage, load
from nexuszero.training import load_study, train

LEAST = 3  # trials that have an order worth the name
Json = dict[str, Any]


class RankingConfig(Stage):
    """Which search's trials are trained to the end."""

    profile: Located = Field(
        PROFILES / "quick.yaml", description="the profile of the week"
    )
    study: Located = Field(
        Path("reports/quick/optuna_study.db"), description="SQLite file of its search"
    )
    study_name: str = Field("full_run", min_length=1, description="name of the study")
    trials: Count = Field(12, description="of them, in their order")
    runs: Located = Field(
        Path("checkpoints/ranking"), description="receives the networks"
    )
    out: Located = Field(
        Path("reports/reference/ranking.json"), description="receives the rows"
    )


def main(config: RankingConfig) -> None:
    """Trains the settings of a week's search as the week would."""
    study = load_study(f"sqlite:///{config.study}", config.study_name)
    ended = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    rank(
        load(TrainConfig, config.profile, "train"),
        ended[: config.trials],
        config.runs,
        config.out,
    )


def rank(
    config: TrainConfig,
    trials: list[FrozenTrial],
    runs: Path,
    out: Path,
    log: Callable[[str], None] = print,
) -> Json:
    """Trains each trial's setting -> what ``out`` holds: rows and the rank correlation of the two losses.

    Args:
        config: the week's training; a trial's values take the place of its own.
        trials: that completed.
        runs: receives a directory a trial.
        out: JSON file.
        log: receives one line at a time.
    """
    if len(trials) < LEAST:
        raise InputError(
            f"{out}: {len(trials)} completed trials have no order; tune first, or name another study"
        )
    splits = read_all(config.data)
    settings = config.model_dump(mode="json", exclude={"data", "out", "baseline"})
    origin = provenance.collect(splits)
    content = _begin(out, settings, origin)
    done = {row["trial"] for row in content["rows"]}
    for trial in trials:
        if trial.number in done:
            continue
        changed = {**trial.params, "out": runs / f"trial_{trial.number:03d}"}
        given = config.model_dump(exclude={"baseline", *changed})
        result = train(
            TrainConfig.model_validate(given | changed),
            log=lambda line: None,
            data=splits,
        )
        row = {
            "trial": trial.number,
            **trial.params,
            "trial_loss": trial.value,
            "val_loss": result.val_loss,
            "test_loss": result.test_loss,
            "seconds": result.seconds,
        }
        content["rows"].append(row)
        content["spearman"] = correlation(content["rows"])
        write_json(out, content)
        log(
            f"trial {trial.number}: {trial.value:.4f} in the search, {result.val_loss:.4f} trained"
        )
    return content


def correlation(rows: list[Json]) -> float | None:
    """Spearman's rank correlation between the losses of the trials and of the trainings, None for fewer than three."""
    if len(rows) < LEAST:
        return None
    losses = [[row[key] for row in rows] for key in ("trial_loss", "val_loss")]
    return float(spearmanr(*losses).statistic)


def _begin(out: Path, settings: Json, origin: Json) -> Json:
    """What an interrupted run left, if it is the same one, or an empty file's content."""
    if not out.is_file():
        return {
            "settings": settings,
            "provenance": origin,
            "spearman": None,
            "rows": [],
        }
    before = read_json(out, "delete it to start anew")
    if before["settings"] != settings or before["provenance"]["data"] != origin["data"]:
        raise InputError(
            f"{out}: was made with other settings or data; delete it, or name another file as out"
        )
    return before


if __name__ == "__main__":
    command.run(RankingConfig, main)
