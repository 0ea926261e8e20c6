"""How good a trained network is on circuits that it has not seen, written as JSON.

The network proposes; the exact search stays the judge. The measures of always answering the train split's
mean stand beside the network's, so that no number has to be read alone.

    analyse(AnalyseConfig(data=Path("data/quick"), checkpoint=Path("checkpoints/baseline/best_model.pt")))
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexuszero.config import AnalyseConfig
from nexuszero.crypto import SHIFTED
from nexuszero.data import SPLITS, Array, Demand, Split, read, rebuild
from nexuszero.errors import InputError
from nexuszero.evaluation import baselines, regret
from nexuszero.evaluation.costs import costs, milliseconds, timed
from nexuszero.evaluation.metrics import measures, shares, targets_met
from nexuszero.evaluation.regret import Row
from nexuszero.files import read_json, write_json
from nexuszero.network import load, predict, search_rebuilt

GROUPS = ("family", "security", "field_bits", "liftable")


@dataclass(frozen=True)
class Analysis:
    """The test split, the network's proposals for it, and the measures.

    Args:
        test: the split.
        prediction: ``[circuits, 6]`` in original units.
        report: what the JSON file holds.
        rows: what following each model costs, by set of circuits and model (:mod:`nexuszero.evaluation.regret`).
        demand: what the network reads that the test circuits ask.
    """

    test: Split
    prediction: Array
    report: dict[str, Any]
    rows: dict[str, dict[str, list[Row]]]
    demand: Demand


def analyse(config: AnalyseConfig) -> Analysis:
    """Measures a checkpoint on validation and test circuits and writes ``config.out``."""
    checkpoint = load(config.checkpoint)
    units = checkpoint.standardiser
    splits = {name: read(config.data / name) for name in SPLITS}
    _same_data(checkpoint.meta["data"], splits, config.checkpoint)
    train, test = splits.pop("train"), splits["test"]
    splits |= {name: read(config.data / name) for name in SHIFTED if (config.data / name / "index.h5").is_file()}
    told = {name: predict(checkpoint, split, _batch(name)) for name, split in splits.items()}
    made = {name: list(rebuild(split)) for name, split in splits.items()}
    safe = regret.margin(splits["val"], made["val"], *told["val"])
    fitted, spent = baselines.fitted(train, checkpoint.meta["seed"]), costs(checkpoint, test)
    proposals = {
        "network": {name: values for name, (values, _) in told.items()},
        "network, then search": {
            name: search_rebuilt(made[name], told[name].demand, told[name].targets) for name in splits
        },
        "network, then search, with a margin": {
            name: search_rebuilt(made[name], told[name].demand, told[name].targets, safe) for name in splits
        },
    } | {model: {name: answer(split) for name, split in splits.items()} for model, answer in fitted.items()}
    measured = {
        model: {name: measures(values[name], split.targets, units) for name, split in splits.items()}
        for model, values in proposals.items()
    }
    rows = {
        name: regret.drawn(split, made[name], {model: values[name] for model, values in proposals.items()}, units)
        for name, split in splits.items() if name != "val"
    }  # fmt: skip
    readers = {model: answer for model, answer in fitted.items() if model != baselines.GIVEN}
    rows["compiled"] = regret.compiled(config.circuits, checkpoint, safe, others=readers)
    prediction, own = proposals["network"]["test"], measured["network"]
    report = {
        "circuits": {name: len(split) for name, split in splits.items()},
        "parameters": sum(weight.numel() for weight in checkpoint.model.parameters()),
        "models": measured,
        "shares": {"labels": shares(test.targets), "proposals": shares(prediction)},
        "targets_met": targets_met(own["val"]["loss"], test.targets),
        "margin": safe._asdict(),
        "costs": spent,
        "milliseconds": milliseconds(spent) | {model: timed(answer, test) for model, answer in fitted.items()},
        "regret": {
            name: {model: regret.summary(rows) for model, rows in found.items()} for name, found in rows.items()
        },
        "data": checkpoint.meta["data"],
        "seed": checkpoint.meta["seed"],
    }
    write_json(config.out, report)
    return Analysis(test, prediction, report, rows, told["test"].demand)


def _batch(split: str) -> int:
    """Circuits at a time: those of test_large have up to 20,000 nodes."""
    return 4 if split == "test_large" else 64


def read_analysis(path: Path) -> dict[str, Any]:
    """The measures that :func:`analyse` wrote."""
    return read_json(path, "run notebook 04, or correct the path")


def _same_data(trained_on: dict[str, str], splits: dict[str, Split], checkpoint: Path) -> None:
    for name, split in splits.items():
        if trained_on[name] != split.content_hash:
            raise InputError(f"{checkpoint}: was trained beside other {name} data; train again, or correct it")
