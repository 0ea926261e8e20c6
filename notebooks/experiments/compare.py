"""Networks and parts of them compared: the same batches for all, several seeds, one choice changed at a time.

Every run is one row of a JSON file, written at once; a comparison that was interrupted goes on where it ended.

    python notebooks/experiments/compare.py
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import command
import gatv2 as plain
import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from nexuszero.config import Count, GenerateConfig, Seed, Threads
from nexuszero.crypto import SHIFTED
from nexuszero.data import SPLITS, Array, Demand, Rebuilt, Split, Standardiser, generate, read, rebuild
from nexuszero.errors import InputError
from nexuszero.evaluation import regret
from nexuszero.evaluation.metrics import measures
from nexuszero.files import read_json, write_json
from nexuszero.network import (
    DEMAND_WEIGHT,
    RANGE_WEIGHT,
    Batch,
    GraphBatches,
    ModelConfig,
    ParameterNet,
    loss,
    objective,
    read_demand,
    search_rebuilt,
)
from nexuszero.report import provenance
from nexuszero.settings import Located, Stage
from nexuszero.training.augment import drills
from nexuszero.training.muon import MATRICES, OTHERS, Muon
from nexuszero.training.run import schedule

WARMUP, DECAY, CLIP = 0.05, 0.01, 1.0
CHOSEN = {"variants", "seeds", "sizes"}  # which runs there are, not what they are
Row = dict[str, Any]


class CompareConfig(Stage):
    """What the variants of the network are trained with."""

    data: Located = Field(Path("data/full"), description="directory of {train,val,test,test_large,...}/index.h5")
    variants: list[str] = Field([], description="names of the variants to train, none for all")
    seeds: list[Seed] = Field([42, 43, 44], description="seeds of weights and order")
    batches: Count = Field(300, description="batches that each variant learns from")
    sizes: list[Count] = Field([1000, 3000, 10_000, 30_000], description="training circuits of the learning curve")
    steps: Count = Field(900, description="batches of each point of the learning curve")
    hidden_dim: int = Field(128, ge=8, le=4096, description="width of the last head, twice a node's")
    num_layers: int = Field(4, ge=1, le=64, description="layers, each two rounds of messages")
    num_heads: int = Field(4, ge=1, le=64, description="attention heads")
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout rate, 0 <= p < 1")
    learning_rate: float = Field(
        5e-4, gt=0, le=1, description="peak learning rate; AdamW has 4 times it, Muon 20 times"
    )
    batch_size: Count = Field(32, description="circuits a batch")
    threads: Threads = Field(0, description="threads of torch, 0 for its default")
    out: Located = Field(Path("reports/reference/comparison.json"), description="JSON file that receives the rows")


@dataclass(frozen=True)
class Variant:
    """The network of the configuration with one choice changed.

    Args:
        layers: of messages, None for the configuration's; none at all leaves a set of nodes.
        width: times the configuration's.
        hidden: what the network does not see, as a change of batches.
        demands: whether it learns what circuits ask.
        nodes: whether it learns the ranges of nodes.
        stepwise: whether it learns them for every round, or in the end alone.
        receiver_bias: whether a message of a constraint depends on the wire that receives it.
        drilled: whether the last head learns by demands that no circuit makes, too.
        pooled_demand: whether demands start from extremes and sums over nodes.
        muon: Muon and AdamW, or AdamW alone.
        gat: PyG's GATv2 instead, which learns the six targets alone, by AdamW.
    """

    layers: int | None = None
    width: float = 1
    hidden: Callable[[Batch], Batch] | None = None
    demands: bool = True
    nodes: bool = True
    stepwise: bool = True
    receiver_bias: bool = True
    drilled: bool = True
    pooled_demand: bool = True
    muon: bool = True
    gat: bool = False


def _one_form(batch: Batch) -> Batch:
    attr = batch.edge_attr.clone()
    attr[:, :3] = torch.eye(3)[0]
    return batch._replace(edge_attr=attr)


def _no_coefficients(batch: Batch) -> Batch:
    attr = batch.edge_attr.clone()
    attr[:, 3:] = 0
    return batch._replace(edge_attr=attr)


VARIANTS = {
    "network": Variant(),
    "set of nodes, no edges": Variant(layers=0, stepwise=False),  # without rounds there is the end alone
    "GATv2 by PyG": Variant(gat=True),
    "one layer": Variant(layers=1),
    "two layers": Variant(layers=2),
    "twice the layers": Variant(layers=8),
    "half the width": Variant(width=0.5),
    "twice the width": Variant(width=2),
    "AdamW alone": Variant(muon=False),
    "ranges of nodes not learned": Variant(nodes=False),
    "ranges learned in the end alone": Variant(stepwise=False),
    "messages that do not know the hearer": Variant(receiver_bias=False),
    "answers learned from circuits alone": Variant(drilled=False),
    "demands not learned": Variant(demands=False),
    "neither of them learned": Variant(nodes=False, demands=False),
    "demands without tallies": Variant(pooled_demand=False),
    "forms not told apart": Variant(hidden=_one_form),
    "coefficients not seen": Variant(hidden=_no_coefficients),
}


def compare(config: CompareConfig, log: Callable[[str], None] = print) -> Row:
    """Trains every variant with every seed, and the network on growing training sets -> what ``config.out`` holds."""
    splits = {name: read(config.data / name) for name in (*SPLITS, *SHIFTED)}
    settings = config.model_dump(mode="json", exclude={"data", "out", "threads", *CHOSEN})
    count = sum(weight.numel() for weight in build(config, VARIANTS["network"]).parameters())
    settings |= {"parameters": count, "rates": [MATRICES, OTHERS]}  # rows of another network are not its seeds
    found: Row = {"settings": settings, "provenance": provenance.collect(splits), "rows": [], "curve": []}
    commit = found["provenance"]["commit"]
    if unknown := [name for name in config.variants if name not in VARIANTS]:
        raise InputError(f"variants: {unknown[0]!r} is unknown; choose of {'; '.join(VARIANTS)}")
    if config.out.is_file():
        before = read_json(config.out, "delete it to start anew")
        data = before.get("provenance", {}).get("data")
        if (before.get("settings"), data) != (settings, found["provenance"]["data"]):
            raise InputError(f"{config.out}: was made with other settings or data; name another file as out")
        found = before
    threads = torch.get_num_threads()
    torch.set_num_threads(config.threads or threads)
    try:
        for part, name, seed, row in _runs(config, splits, found):
            found[part].append(row | {"commit": commit})
            write_json(config.out, found)
            log(f"{name}, {row['train']} circuits, seed {seed}: validation {row['splits']['val']['loss']:.4f}, "
                f"{row['seconds']:.0f} s")  # fmt: skip
    finally:
        torch.set_num_threads(threads)
    return found


def _runs(config: CompareConfig, splits: Mapping[str, Split], found: Row) -> Iterator[tuple[str, str, int, Row]]:
    """The runs that are still missing, one after the other."""
    made = list(rebuild(splits["test"]))
    done = {(row["variant"], row["seed"]) for row in found["rows"]}
    for seed in config.seeds:
        for name in config.variants or VARIANTS:
            if (name, seed) not in done:
                yield "rows", name, seed, run(config, VARIANTS[name], name, seed, splits, made, config.batches)
    done = {(row["train"], row["seed"]) for row in found["curve"]}
    missing = [(size, seed) for size in config.sizes for seed in config.seeds if (size, seed) not in done]
    if missing:
        train = _grown(splits["train"], max(size for size, _ in missing))
        for size, seed in missing:
            grown = {**splits, "train": train}
            row = run(config, VARIANTS["network"], "network", seed, grown, made, config.steps, size)
            yield "curve", "network", seed, row


def run(
    config: CompareConfig,
    variant: Variant,
    name: str,
    seed: int,
    splits: Mapping[str, Split],
    made: Sequence[Rebuilt],
    batches: int,
    size: int | None = None,
) -> Row:
    """One training, and its measures on all splits but train; ``size`` training circuits, None for all."""
    units = Standardiser.fit(splits["train"].targets)
    drilled = {"train": drills(splits["train"], seed)}
    circuits = {split: GraphBatches(columns, units, drilled.get(split)) for split, columns in splits.items()}
    torch.manual_seed(seed)
    model = build(config, variant)
    start = time.perf_counter()
    learn(model, variant, config, circuits["train"], seed, batches, size)
    row: Row = {
        "variant": name, "seed": seed, "batches": batches, "train": size or len(circuits["train"]),
        "seconds": time.perf_counter() - start, "parameters": sum(weight.numel() for weight in model.parameters()),
        "splits": {},
    }  # fmt: skip
    for split, columns in splits.items():
        if split != "train":
            values, demands, spent = _asked(model, variant, circuits[split], split, units)
            row["splits"][split] = measures(values, columns.targets, units) | _misread(demands, columns)
            if split == "test":
                row |= {"milliseconds": spent, "regret": _regret(made, columns, values, demands, units)}
    return row


def build(config: CompareConfig, variant: Variant) -> nn.Module:
    """The network of a variant."""
    layers = config.num_layers if variant.layers is None else variant.layers
    shape = (int(config.hidden_dim * variant.width), layers, config.num_heads, config.dropout)
    if variant.gat:
        return plain.PlainNet(*shape)
    return ParameterNet(ModelConfig(*shape, receiver_bias=variant.receiver_bias, pooled_demand=variant.pooled_demand))


def learn(
    model: nn.Module,
    variant: Variant,
    config: CompareConfig,
    circuits: GraphBatches,
    seed: int,
    batches: int,
    size: int | None = None,
) -> None:
    """Some batches of shuffled circuits, with the schedule, clipping and optimiser of a training run."""
    rate, weights = config.learning_rate, list(model.parameters())
    optimiser = (
        Muon(weights, rate, DECAY, True) if variant.muon and not variant.gat
        else torch.optim.AdamW(weights, OTHERS * rate, weight_decay=DECAY, fused=True)
    )  # fmt: skip
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: schedule(step, batches, WARMUP))
    generator = torch.Generator().manual_seed(seed)
    order = torch.empty(0, dtype=torch.int64)
    model.train()
    for _ in range(batches):
        while len(order) < config.batch_size:
            order = torch.cat([order, torch.randperm(size or len(circuits), generator=generator)])
        chosen, order = order[: config.batch_size], order[config.batch_size :]
        optimiser.zero_grad()
        _error(model, variant, circuits.batch(chosen)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(weights, CLIP)
        optimiser.step()
        scheduler.step()


def _error(model: nn.Module, variant: Variant, batch: Batch) -> Tensor:
    seen = variant.hidden(batch) if variant.hidden else batch
    if not isinstance(model, ParameterNet):
        return loss(model(both_ways(seen)), batch.target)
    output = model(*seen.inputs, batch.demand_shift if variant.drilled else None)
    return objective(
        output,
        batch,
        demand_weight=DEMAND_WEIGHT * variant.demands,
        range_weight=RANGE_WEIGHT * variant.nodes,
        every_round=variant.stepwise,
    )


def both_ways(batch: Batch) -> SimpleNamespace:
    """A batch as the plain recipe takes it: edges in both directions, PyG's names."""
    ends = torch.cat([batch.edge_index, batch.edge_index.flip(0)], dim=1)
    attr = torch.cat([batch.edge_attr, batch.edge_attr])
    return SimpleNamespace(x=batch.x, edge_index=ends, edge_attr=attr, batch=batch.graph, num_graphs=len(batch.target))


def _asked(
    model: nn.Module, variant: Variant, circuits: GraphBatches, name: str, units: Standardiser
) -> tuple[Array, Demand | None, float]:
    """Answers in original units, what the circuits are believed to ask, and the milliseconds of one answer."""
    size = 4 if name == "test_large" else 64
    answers, asked = [], []
    model.eval()
    start = time.perf_counter()
    with torch.no_grad():
        for chosen in torch.split(torch.arange(len(circuits)), size):
            batch = circuits.batch(chosen)
            seen = variant.hidden(batch) if variant.hidden else batch
            if isinstance(model, ParameterNet):
                output = model(*seen.inputs)
                answers.append(output.targets)
                asked.append(output.demand)
            else:
                answers.append(model(both_ways(seen)))
    spent = 1e3 * (time.perf_counter() - start) / len(circuits)
    demands = read_demand(torch.cat(asked)) if asked and variant.demands else None
    return units.inverse(torch.cat(answers).numpy()), demands, spent


def _misread(demands: Demand | None, split: Split) -> Row:
    """Errors in what the circuits ask, of a network that says it."""
    if demands is None:
        return {}
    true = split.demand
    free = true.free > 0
    large = free & (true.bits >= 16)
    found = {"free_wrong": float(((demands.free > 0.5) != free).mean())}
    if large.any():
        found["bits_off"] = float(np.abs(demands.bits - true.bits)[large].mean())
    return found | {"rows_off": float(np.abs(demands.log2_heights - true.log2_heights)[:, 0].mean())}


def _regret(
    made: Sequence[Rebuilt], split: Split, values: Array, demands: Demand | None, units: Standardiser
) -> dict[str, Row]:
    """What following the answers would cost, and following the search on what a network believes."""
    proposals = {"answer": values}
    if demands is not None:
        proposals["searched"] = search_rebuilt(made, demands, values)
    return {name: regret.summary(rows) for name, rows in regret.drawn(split, made, proposals, units).items()}


def reports(found: Row) -> list[Row]:
    """The rows as an analysis has them, one a seed, of the variants that have every seed."""
    by_seed: dict[int, list[Row]] = {}
    for row in found["rows"]:
        by_seed.setdefault(row["seed"], []).append(row)
    common = set.intersection(*({row["variant"] for row in rows} for rows in by_seed.values()))
    kept = [{row["variant"]: row for row in rows if row["variant"] in common} for rows in by_seed.values()]
    return [
        {
            "models": {name: row["splits"] for name, row in rows.items()},
            "milliseconds": {name: row["milliseconds"] for name, row in rows.items()},
            "regret": {"test": {name: row["regret"]["answer"] for name, row in rows.items()}},
        }
        for rows in kept
    ]


def _grown(train: Split, size: int) -> Split:
    """A longer train split of the same stream: it begins with the one at hand."""
    if size <= len(train):
        return train
    with TemporaryDirectory() as directory:
        seed = int(train.attributes["master_seed"])
        sizes = {"out": Path(directory), "train": size, "val": 1, "test": 1, "seed": seed}
        generate(GenerateConfig.model_validate(sizes), log=lambda _: None)
        grown = read(Path(directory) / "train")
    assert np.array_equal(grown.params[: len(train)], train.params)
    return grown


if __name__ == "__main__":
    command.run(CompareConfig, compare)
