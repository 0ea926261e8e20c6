"""How good a trained network is on circuits that it has not seen, written as JSON.

The network proposes; the exact search stays the judge. The measures of always answering the train split's
mean stand beside the network's, so that no number has to be read alone.

    analyse(AnalyseConfig(data=Path("data/quick"), checkpoint=Path("checkpoints/baseline/best_model.pt")))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, cast

from nexuszero.config import AnalyseConfig
from nexuszero.crypto import SHIFTED
from nexuszero.data import (
    SPLITS,
    Array,
    Demand,
    Rebuilt,
    Split,
    Standardiser,
    read,
    rebuild,
)
from nexuszero.errors import InputError
from nexuszero.evaluation.baselines import GIVEN, Answer, fit_baselines
from nexuszero.evaluation.costs import (
    Costs,
    answer_milliseconds,
    measure_costs,
    milliseconds_each,
)
from nexuszero.evaluation.metrics import Measures, measures, shares, targets_met
from nexuszero.evaluation.proofs import Proved, prove_some
from nexuszero.evaluation.real import corpus_files, fixture_files
from nexuszero.evaluation.regret import (
    NETWORK,
    SEARCHED,
    SEARCHED_WITH_MARGIN,
    Regrets,
    RegretSummary,
    choose_margin,
    regret_of_files,
    regret_of_split,
    summarise_regret,
)
from nexuszero.files import read_json, write_json
from nexuszero.network import (
    Checkpoint,
    Margin,
    Prediction,
    load,
    predict,
    search_rebuilt,
)

BATCH_SIZE = 64
LARGE_BATCH_SIZE = 4  # of test_large, whose circuits have up to 20,000 nodes
Proposals = dict[str, Array]  # by model, ``[circuits, 6]`` in original units


class Report(TypedDict):
    """What the JSON file holds."""

    circuits: dict[str, int]  # by split
    parameters: int  # of the network
    models: dict[str, dict[str, Measures]]  # by model and split
    shares: dict[
        str, dict[str, float]
    ]  # of test circuits that meet the seed document's targets
    targets_met: list[dict[str, Any]]
    margin: dict[str, float]  # of the network's search
    costs: dict[str, Any]
    milliseconds: dict[str, float]  # of an answer, by model
    regret: dict[str, dict[str, RegretSummary]]  # by set of circuits and model
    groups: dict[
        str, dict[str, dict[str, RegretSummary]]
    ]  # by set, family or library, and model
    proofs: list[Proved]  # of some test circuits
    data: dict[str, str]  # hashes of the splits that the network was trained beside
    seed: int


@dataclass(frozen=True)
class Evaluation:
    """The test split, the network's proposals for it, and the measures.

    Args:
        test: the split.
        prediction: ``[circuits, 6]`` in original units.
        demand: what the network reads that the test circuits ask.
        report: what the JSON file holds.
        rows: what following each model costs, by set of circuits and model.
    """

    test: Split
    prediction: Array
    demand: Demand
    report: Report
    rows: dict[str, Regrets]


@dataclass(frozen=True)
class _Predicted:
    """A split, the same circuits made again, and what the network predicts of them."""

    split: Split
    rebuilt: list[Rebuilt]
    prediction: Prediction


@dataclass(frozen=True)
class _Times:
    """What answers take: every step of the network's, and milliseconds of one by model."""

    costs: Costs
    milliseconds: dict[str, float]


def analyse(config: AnalyseConfig) -> Evaluation:
    """Measures a checkpoint on validation and test circuits and writes ``config.out``."""
    checkpoint = load(config.checkpoint)
    train, splits = _read_splits(config, checkpoint)
    baselines = fit_baselines(train, checkpoint.origin.seed)

    predicted = {
        name: _predict(checkpoint, name, split) for name, split in splits.items()
    }
    margin = _margin(predicted["val"])
    proposals = {
        name: _proposals(of_split, margin, baselines)
        for name, of_split in predicted.items()
    }

    rows = _regrets(predicted, proposals, checkpoint.standardiser)
    from_graphs = {
        model: answer for model, answer in baselines.items() if model != GIVEN
    }
    compiled = {"compiled": fixture_files(config.circuits)}
    if config.corpus is not None:
        compiled["corpus"] = corpus_files(config.corpus)
    for name, files in compiled.items():
        rows[name] = regret_of_files(files, checkpoint, margin, others=from_graphs)

    times = _times(checkpoint, splits["test"], baselines)
    proofs = prove_some(splits["test"], predicted["test"].rebuilt)
    report = _report(checkpoint, splits, proposals, rows, margin, times, proofs)
    write_json(config.out, cast(dict[str, Any], report), sealed=True)
    prediction, demand = predicted["test"].prediction
    return Evaluation(splits["test"], prediction, demand, report, rows)


def read_analysis(path: Path) -> Report:
    """The measures that :func:`analyse` wrote; a file with fewer or others is an `InputError`."""
    content = read_json(path, "run notebook 09_analyse, or correct the path")
    missing = Report.__required_keys__ - content.keys()
    unknown = content.keys() - Report.__required_keys__ - Report.__optional_keys__
    if missing or unknown:
        kinds = {"no": sorted(missing), "unknown": sorted(map(repr, unknown))}
        wrong = [f"{kind} {', '.join(names)}" for kind, names in kinds.items() if names]
        raise InputError(
            f"{path}: has {' and '.join(wrong)}; run notebook 09_analyse again, or correct the path"
        )
    return cast(Report, content)


def batch_size(split: str) -> int:
    """Circuits at a time in predictions of a split."""
    return LARGE_BATCH_SIZE if split == "test_large" else BATCH_SIZE


def _read_splits(
    config: AnalyseConfig, checkpoint: Checkpoint
) -> tuple[Split, dict[str, Split]]:
    """The train split, and those that the network is measured on, shifted ones where there are some."""
    splits = {name: read(config.data / name) for name in SPLITS}
    _refuse_other_data(config.checkpoint, checkpoint.origin.data, splits)
    train = splits.pop("train")
    for name in SHIFTED:
        if (config.data / name / "index.h5").is_file():
            splits[name] = read(config.data / name)
    return train, splits


def _refuse_other_data(
    checkpoint: Path, trained_on: Mapping[str, str], splits: Mapping[str, Split]
) -> None:
    for name, split in splits.items():
        if trained_on.get(name) != split.content_hash:
            raise InputError(
                f"{checkpoint}: was trained beside other {name} data; train again, or correct it"
            )


def _predict(checkpoint: Checkpoint, name: str, split: Split) -> _Predicted:
    return _Predicted(
        split, list(rebuild(split)), predict(checkpoint, split, batch_size(name))
    )


def _margin(val: _Predicted) -> Margin:
    return choose_margin(
        val.split, val.rebuilt, val.prediction.targets, val.prediction.demand
    )


def _proposals(
    predicted: _Predicted, margin: Margin, baselines: Mapping[str, Answer]
) -> Proposals:
    """What every model proposes for a split."""
    targets, demand = predicted.prediction
    proposals = {
        NETWORK: targets,
        SEARCHED: search_rebuilt(predicted.rebuilt, demand, targets),
        SEARCHED_WITH_MARGIN: search_rebuilt(
            predicted.rebuilt, demand, targets, margin
        ),
    }
    return proposals | {
        model: answer(predicted.split) for model, answer in baselines.items()
    }


def _regrets(
    predicted: Mapping[str, _Predicted],
    proposals: Mapping[str, Proposals],
    units: Standardiser,
) -> dict[str, Regrets]:
    """What following each model costs, by split; the margin was chosen on validation, so that is left out."""
    return {
        name: regret_of_split(
            of_split.split,
            of_split.rebuilt,
            proposals[name],
            units,
            of_split.prediction.demand.free,
        )
        for name, of_split in predicted.items()
        if name != "val"
    }


def _times(
    checkpoint: Checkpoint, test: Split, baselines: Mapping[str, Answer]
) -> _Times:
    costs = measure_costs(checkpoint, test)
    milliseconds = answer_milliseconds(costs)
    milliseconds |= {
        model: milliseconds_each(answer, test) for model, answer in baselines.items()
    }
    return _Times(costs, milliseconds)


def _report(
    checkpoint: Checkpoint,
    splits: Mapping[str, Split],
    proposals: Mapping[str, Proposals],
    rows: Mapping[str, Regrets],
    margin: Margin,
    times: _Times,
    proofs: list[Proved],
) -> Report:
    models = _measures(splits, proposals, checkpoint.standardiser)
    truth = splits["test"].targets
    validation_loss = models[NETWORK]["val"]["loss"]
    return {
        "circuits": {name: len(split) for name, split in splits.items()},
        "parameters": sum(weight.numel() for weight in checkpoint.model.parameters()),
        "models": models,
        "shares": {
            "labels": shares(truth),
            "proposals": shares(proposals["test"][NETWORK]),
        },
        "targets_met": [target.row() for target in targets_met(validation_loss, truth)],
        "margin": margin._asdict(),
        "costs": times.costs.row(),
        "milliseconds": times.milliseconds,
        "regret": {name: _summaries(regrets) for name, regrets in rows.items()},
        "groups": {name: _groups(regrets) for name, regrets in rows.items()},
        "proofs": proofs,
        "data": dict(checkpoint.origin.data),
        "seed": checkpoint.origin.seed,
    }


def _measures(
    splits: Mapping[str, Split], proposals: Mapping[str, Proposals], units: Standardiser
) -> dict[str, dict[str, Measures]]:
    """By model, then by split."""
    models: dict[str, dict[str, Measures]] = {model: {} for model in proposals["test"]}
    for name, of_split in proposals.items():
        for model, values in of_split.items():
            models[model][name] = measures(values, splits[name].targets, units)
    return models


def _summaries(regrets: Regrets) -> dict[str, RegretSummary]:
    return {model: summarise_regret(rows) for model, rows in regrets.items()}


def _groups(regrets: Regrets) -> dict[str, dict[str, RegretSummary]]:
    """Summaries by family or library, then by model."""
    names = {row.group for rows in regrets.values() for row in rows}
    return {
        name: _summaries(
            {
                model: [row for row in rows if row.group == name]
                for model, rows in regrets.items()
            }
        )
        for name in sorted(names)
    }
