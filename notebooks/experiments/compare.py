"""Networks and parts of them compared: the same batches for all, several seeds, one choice changed at a time.

Every run is one row of a JSON file, written at once; a comparison that was interrupted goes on where it ended. Notebook
11 shows them.

    python notebooks/experiments/compare.py --set seeds=[42]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import command
import numpy as np
import torch
from gatv2 import PlainNet, both_ways
from pydantic import Field
from steps import adamw, muon, step
from torch import nn
from variants import VARIANTS, Variant

from nexuszero.config import (
    TUNED,
    Count,
    GenerateConfig,
    Seed,
    Threads,
    TrainConfig,
    with_baseline,
)
from nexuszero.crypto import SHIFTED
from nexuszero.data import (
    SPLITS,
    Array,
    Demand,
    Rebuilt,
    Split,
    Standardiser,
    draw_again,
    generate,
    read,
    rebuild,
)
from nexuszero.errors import InputError
from nexuszero.evaluation import (
    RegretSummary,
    batch_size,
    measures,
    regret_of_split,
    summarise_regret,
)
from nexuszero.files import read_json, write_json
from nexuszero.network import (
    Batch,
    Checkpoint,
    GraphBatches,
    ModelConfig,
    ParameterNet,
    predict,
)
from nexuszero.network import search_rebuilt as search
from nexuszero.report import provenance
from nexuszero.settings import Located, Stage
from nexuszero.timing import Stopwatch
from nexuszero.training import MATRICES, OTHERS, augmented_demands, depth, schedule
from nexuszero.training.prefit import prefit

LEAST_BITS = 16  # of values whose error in bits is counted
LEARNED = (*TUNED, "batch_size", "warmup", "clip_norm")  # of the week's settings
CHOSEN = {"variants", "seeds", "sizes"}  # which runs there are, not what they are
Row = dict[str, Any]  # a JSON object


class CompareConfig(Stage):
    """What variants of the network are trained with: the recorded week's settings, a sixth of its steps."""

    baseline: Located = Field(
        Path("reports/reference/baseline_config.yaml"),
        description="what the week's search chose",
    )
    data: Located = Field(
        Path("data/full"),
        description="directory of {train,val,test,test_large,...}/index.h5",
    )
    variants: list[str] = Field(
        [], description="names of the variants to train, none for all"
    )
    seeds: list[Seed] = Field([42, 43, 44], description="seeds of weights and order")
    batches: Count = Field(1000, description="batches that each variant learns from")
    sizes: list[Count] = Field(
        [1000, 3000, 10_000, 30_000],
        description="training circuits of the learning curve",
    )
    steps: Count = Field(900, description="batches of each point of the learning curve")
    threads: Threads = Field(0, description="threads of torch, 0 for its default")
    out: Located = Field(
        Path("reports/reference/comparison.json"),
        description="JSON file that receives the rows",
    )


class Run(NamedTuple):
    """One training to do.

    Args:
        part: of the JSON file, ``rows`` or ``curve``, where circuits come again.
        name: of the variant.
        batches: to learn from.
        size: training circuits, None for all.
    """

    part: str
    name: str
    seed: int
    batches: int
    size: int | None


@dataclass(frozen=True)
class Circuits:
    """What all runs learn from and are measured on.

    Args:
        splits: by name.
        test: the test circuits, made again.
        units: of the training targets.
    """

    splits: dict[str, Split]
    test: list[Rebuilt]
    units: Standardiser


def compare(config: CompareConfig, log: Callable[[str], None] = print) -> Row:
    """Trains every variant with every seed, and the network on growing training sets -> what ``config.out`` holds."""
    if unknown := [name for name in config.variants if name not in VARIANTS]:
        raise InputError(
            f"variants: {unknown[0]!r} is unknown; choose of {'; '.join(VARIANTS)}"
        )
    week = with_baseline(TrainConfig(baseline=config.baseline))
    splits = {name: read(config.data / name) for name in (*SPLITS, *SHIFTED)}
    origin = provenance.collect(splits)
    content = _begin(config, week, origin)

    with _threads(config.threads):
        for run, row in _rows(config, week, splits, content):
            content[run.part].append(row | {"commit": origin["commit"]})
            write_json(config.out, content)
            loss = row["splits"]["val"]["loss"]
            log(
                f"{run.name}, {row['train']} circuits, seed {run.seed}: validation {loss:.4f}, {row['seconds']:.0f} s"
            )
    return content


def _begin(config: CompareConfig, week: TrainConfig, origin: Row) -> Row:
    """What an interrupted comparison left, if it is the same one, or an empty file's content."""
    weights = sum(
        weight.numel() for weight in VARIANTS["network"].build(shape(week)).parameters()
    )
    settings = config.model_dump(
        mode="json", exclude={"baseline", "data", "out", "threads", *CHOSEN}
    )
    settings |= {name: getattr(week, name) for name in LEARNED}
    settings |= {
        "parameters": weights,
        "rates": [MATRICES, OTHERS],
    }  # rows of another network are not its seeds
    if not config.out.is_file():
        return {"settings": settings, "provenance": origin, "rows": [], "curve": []}

    before = read_json(config.out, "delete it to start anew")
    data = before.get("provenance", {}).get("data")
    if before.get("settings") != settings or data != origin["data"]:
        raise InputError(
            f"{config.out}: was made with other settings or data; name another file as out"
        )
    return before


def missing(config: CompareConfig, content: Row) -> list[Run]:
    """The runs that are still to do: variants, then the learning curve."""
    compared = {(row["variant"], row["seed"]) for row in content["rows"]}
    names = config.variants or list(VARIANTS)
    runs = [
        Run("rows", name, seed, config.batches, None)
        for seed in config.seeds
        for name in names
    ]
    runs = [run for run in runs if (run.name, run.seed) not in compared]

    measured = {(row["train"], row["seed"]) for row in content["curve"]}
    points = [
        Run("curve", "network", seed, config.steps, size)
        for size in config.sizes
        for seed in config.seeds
    ]
    return runs + [run for run in points if (run.size, run.seed) not in measured]


def _rows(
    config: CompareConfig, week: TrainConfig, splits: dict[str, Split], content: Row
) -> Iterator[tuple[Run, Row]]:
    """The missing runs, one after the other."""
    test = list(rebuild(splits["test"]))
    units = Standardiser.fit(splits["train"].targets)
    circuits = Circuits(splits, test, units)

    runs = missing(config, content)
    yield from ((run, train(week, run, circuits)) for run in runs if run.size is None)

    points = [run for run in runs if run.size is not None]
    if points:
        grown = _grown(splits["train"], max(run.size or 0 for run in points))
        units = Standardiser.fit(grown.targets)
        circuits = Circuits({**splits, "train": grown}, test, units)
        yield from ((run, train(week, run, circuits)) for run in points)


def shape(week: TrainConfig) -> ModelConfig:
    """Of the week's network, before a choice is changed."""
    return ModelConfig(week.hidden_dim, week.num_layers, week.num_heads, week.dropout)


def train(week: TrainConfig, run: Run, circuits: Circuits) -> Row:
    """One training, and its measures on all splits but train."""
    variant = VARIANTS[run.name]
    split = circuits.splits["train"]
    batches = GraphBatches(
        variant.visible(split), circuits.units, augmented_demands(split, run.seed)
    )
    torch.manual_seed(run.seed)
    model = variant.build(shape(week))
    if variant.prefit and isinstance(model, ParameterNet):
        prefit(model, batches, run.seed)

    drawn = lessons(week, run, variant, batches, circuits.units)
    seconds = learn(model, variant, week, run, drawn)
    row: Row = {
        "variant": run.name,
        "seed": run.seed,
        "batches": run.batches,
        "train": run.size or len(batches),
        "seconds": seconds,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "splits": {},
    }
    return row | measure(model, variant, circuits)


def lessons(
    week: TrainConfig,
    run: Run,
    variant: Variant,
    own: GraphBatches,
    units: Standardiser,
) -> Iterator[Batch]:
    """The batches of a run: the train split, then other circuits, as in the week; or that split again and again."""
    generator = torch.Generator().manual_seed(run.seed)
    again = variant.same_circuits or run.part == "curve"
    lots = repeat(own) if again else _drawn(variant, own, units)
    batches = _shuffled(lots, week.batch_size, generator, run.size)
    return islice(batches, run.batches if variant.steps else 0)


def _drawn(
    variant: Variant, own: GraphBatches, units: Standardiser
) -> Iterator[GraphBatches]:
    """The train split, then lots of as many other circuits."""
    yield own
    for lot in count(1):
        drawn = draw_again(own.split, lot)
        yield GraphBatches(variant.visible(drawn), units, augmented_demands(drawn))


def _shuffled(
    lots: Iterable[GraphBatches],
    batch_size: int,
    generator: torch.Generator,
    size: int | None = None,
) -> Iterator[Batch]:
    """Batches of each lot in an order of its own, of its first ``size`` circuits if that is given."""
    for circuits in lots:
        order = torch.randperm(size or len(circuits), generator=generator)
        yield from map(circuits.batch, order.split(batch_size))


def learn(
    model: nn.Module,
    variant: Variant,
    week: TrainConfig,
    run: Run,
    batches: Iterable[Batch],
) -> float:
    """A step a batch, with the schedule, clipping and optimiser of a training run -> seconds of the steps alone."""
    with_muon = variant.muon and not variant.gat
    rate = week.learning_rate
    optimisers = muon(model, rate) if with_muon else adamw(model, OTHERS * rate)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda index: schedule(index, run.batches, week.warmup)
        )
        for optimiser in optimisers
    ]
    model.train()
    watch = Stopwatch()
    for index, batch in enumerate(batches):
        if isinstance(model, ParameterNet) and variant.deepening:
            model.rounds = depth(index, run.batches, model.config.num_layers)
        with watch.timed("steps"):
            step(model, optimisers, lambda: variant.loss(model, batch), week.clip_norm)  # noqa: B023
        for scheduled in schedules:
            scheduled.step()
    return watch.milliseconds.get("steps", 0.0) / 1e3


def measure(model: nn.Module, variant: Variant, circuits: Circuits) -> Row:
    """Measures on all splits but train; of the test circuits also the time of an answer, and its regret."""
    by_split: Row = {}
    row: Row = {"splits": by_split}
    for name, split in circuits.splits.items():
        if name == "train":
            continue
        watch = Stopwatch()
        targets, demand = answer(model, variant, name, split, circuits.units)
        watch.stop("answers")
        by_split[name] = {
            **measures(targets, split.targets, circuits.units),
            **_misread(demand, split),
        }
        if name == "test":
            row["milliseconds"] = watch.milliseconds["answers"] / len(split)
            row["regret"] = _regret(circuits, targets, demand)
    return row


def answer(
    model: nn.Module, variant: Variant, name: str, split: Split, units: Standardiser
) -> tuple[Array, Demand | None]:
    """Targets in original units, ``[circuits, 6]``, and the demand of a network that learned to read it."""
    visible = variant.visible(split)
    if isinstance(model, PlainNet):
        return _plain_answer(model, visible, batch_size(name), units), None
    prediction = predict(Checkpoint(model, units), visible, batch_size(name))
    return prediction.targets, prediction.demand if variant.demands else None


def _plain_answer(
    model: PlainNet, split: Split, size: int, units: Standardiser
) -> Array:
    circuits = GraphBatches(split, units)
    model.eval()
    with torch.no_grad():
        chosen = torch.split(torch.arange(len(circuits)), size)
        answers = [model(both_ways(circuits.batch(indices))) for indices in chosen]
    return units.inverse(torch.cat(answers).numpy())


def _misread(demand: Demand | None, split: Split) -> Row:
    """Errors in what the circuits ask, of a network that says it."""
    if demand is None:
        return {}
    true = split.demand
    free = true.free > 0
    large = free & (true.bits >= LEAST_BITS)
    errors = {"free_wrong": float(((demand.free > 0.5) != free).mean())}
    if large.any():
        errors["bits_off"] = float(np.abs(demand.bits - true.bits)[large].mean())
    errors["rows_off"] = float(
        np.abs(demand.log2_heights - true.log2_heights)[:, 0].mean()
    )
    return errors


def _regret(
    circuits: Circuits, targets: Array, demand: Demand | None
) -> dict[str, RegretSummary]:
    """What following the answers would cost, and following the search on the demand that a network reads."""
    proposals = {"answer": targets}
    if demand is not None:
        proposals["searched"] = search(circuits.test, demand, targets)
    rows = regret_of_split(
        circuits.splits["test"], circuits.test, proposals, circuits.units
    )
    return {name: summarise_regret(of_model) for name, of_model in rows.items()}


def _grown(train: Split, size: int) -> Split:
    """A longer train split of the same stream: it begins with the one at hand."""
    if size <= len(train):
        return train
    with TemporaryDirectory() as directory:
        seed = int(train.attributes["master_seed"])
        sizes = {
            "out": Path(directory),
            "train": size,
            "val": 1,
            "test": 1,
            "seed": seed,
        }
        generate(GenerateConfig.model_validate(sizes), log=lambda _: None)
        grown = read(Path(directory) / "train")
    assert np.array_equal(grown.params[: len(train)], train.params)
    return grown


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """So many threads of torch, 0 for as many as there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


if __name__ == "__main__":
    command.run(CompareConfig, compare)
