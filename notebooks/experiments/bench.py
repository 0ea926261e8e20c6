"""How fast, as ratios: every figure compares two things that run in turn in one session.

A row has the spread (median, least, largest) of both and of their ratio, turn by turn. What cannot run here, the
lattice-estimator and the seed document's own run, stands as a recorded figure, and the row says so.

    python notebooks/experiments/bench.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import command
import gatv2 as plain
import numpy as np
import torch
from pydantic import Field
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

from nexuszero.advice import recommendation as advice
from nexuszero.config import Count, Threads
from nexuszero.crypto import LEVELS, CryptoBridge
from nexuszero.data import Split, Standardiser, read, read_all
from nexuszero.evaluation.golden import recorded
from nexuszero.evaluation.regret import Row
from nexuszero.network import Batches, GraphBatches, NetworkProposer, ParameterNet, loss, predict_batches, training_loss
from nexuszero.paths import GOLDEN, PUBLISHED, ROOT
from nexuszero.report import provenance
from nexuszero.settings import Located, Stage
from nexuszero.training import augmented_demands, optimisers

SEED_RATE = 933 / 60  # circuits a second that the seed document generated
INSTANCES = ((512, 12), (1024, 27), (2048, 54), (4096, 96))  # n and log2 q of the recorded LWE estimates
SIS_INSTANCES = ((512, 23, 16), (1024, 32, 20), (2048, 32, 22), (4096, 60, 35))  # and of SIS, with log2 of the bound
CALLS = 2000  # of an estimate that lasts microseconds, a turn
REPORT = "print(*(line.split()[1] for line in open('/proc/self/status') if line[:5] == 'VmHWM'))"  # kB, its own
FIELDS = ("bn254", "bls12-381", "goldilocks", "babybear")  # those of the dataset
MANY = 20  # answers in a row, once loaded
OPERATIONS = 12  # that take the most of a step
RATE = 5e-4  # of both recipes
COMMAND = [sys.executable, "-c", "from nexuszero.cli import main; main()"]
Work = Callable[[], object]


class BenchConfig(Stage):
    """What `make bench` measures, and how often."""

    data: Located = Field(Path("data/full"), description="directory of {train,val,test}/index.h5")
    circuits: Count = Field(2000, description="circuits whose parameters are searched for")
    generated: list[Count] = Field([1000, 14_000, 100_000], description="sizes of the datasets to generate")
    repeats: int = Field(5, ge=1, description="turns of each comparison; a dataset above 20,000 circuits has one")
    lesson: Count = Field(50, description="batches of 32 that both networks learn from, twice")
    threads: Threads = Field(0, description="threads of torch, 0 for its default")
    out: Located = Field(Path("reports/bench.json"), description="JSON file that receives the figures")


def measure(config: BenchConfig, log: Callable[[str], None] = print) -> Row:
    """Measures every part and writes ``config.out`` -> rows by part, and where they were measured."""
    splits, before = read_all(config.data), torch.get_num_threads()
    torch.set_num_threads(config.threads or before)
    parts = {
        "answers": partial(answers, config),  # first: how long one takes depends on what its process did before
        "estimates": partial(estimates, config.repeats),
        "labels": partial(labels, splits["train"], config),
        "generation": partial(generation, config),
        "loading": partial(loading, config, splits["train"]),
        "training": partial(training, splits["train"], splits["val"], config),
    }
    found: Row = {"provenance": provenance.collect(splits), "repeats": config.repeats}
    for name, part in parts.items():
        start = time.perf_counter()
        found[name] = part()
        log(f"{name}: {len(found[name])} rows in {time.perf_counter() - start:.0f} s")
    torch.set_num_threads(before)
    config.out.parent.mkdir(parents=True, exist_ok=True)
    config.out.write_text(json.dumps(found, indent=1) + "\n")
    return found


def turns(what: str, ours: Work, other: Work, repeats: int, **more: Any) -> Row:
    """Seconds of both, one after the other; a first turn is not counted."""
    times = [[seconds(ours), seconds(other)] for _ in range(repeats + 1)][1:]
    return compared(what, [pair[0] for pair in times], [pair[1] for pair in times], **more)


def compared(what: str, ours: Sequence[float], other: Sequence[float], **more: Any) -> Row:
    """A row: spreads of both series of seconds and of ``other / ours``; ``target`` is the least median ratio."""
    ratio = spread(b / a for a, b in zip(ours, other, strict=True))
    met = {"met": ratio["median"] >= more["target"]} if "target" in more else {}
    return {"what": what, "ours": spread(ours), "other": spread(other), "ratio": ratio, **more, **met}


def spread(values: Iterable[float]) -> Row:
    """Median, least and largest."""
    kept = list(values)
    return {"median": float(np.median(kept)), "min": min(kept), "max": max(kept)}


def seconds(work: Work) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def estimates(repeats: int, file: Path = GOLDEN / "timing.csv") -> list[Row]:
    """Seconds of one core for an estimate, against the lattice-estimator's recorded ones for the same instance."""
    bridge = CryptoBridge()
    rows = []
    for n, bits in INSTANCES:
        other = recorded(f"n~{n} q=2^{bits}", file)
        ask: Work = partial(bridge.estimate_lwe, [n] * CALLS, bits, 1.0, 3.19)
        rows.append(_recorded(f"rough, n {n}, q 2^{bits}", ask, other, repeats, target=10_000))
    for n, bits, bound in SIS_INSTANCES:
        other = recorded(f"n~{n} q=2^{bits} B=2^{bound} m=2n", file, ("sis l2",))
        ask = partial(bridge.estimate_sis, [n] * CALLS, bits, bound, 2 * n)
        rows.append(_recorded(f"SIS, n {n}, q 2^{bits}, bound 2^{bound}", ask, other, repeats, target=1000))
    return rows


def _recorded(what: str, ask: Work, other: float, repeats: int, **more: Any) -> Row:
    """A batch on all cores counts as if each of them had worked all the time."""
    ask()
    ours = [seconds(ask) * (os.cpu_count() or 1) / CALLS for _ in range(repeats)]
    return compared(what, ours, [other] * repeats, against="the lattice-estimator's recorded time", **more)


def labels(split: Split, config: BenchConfig) -> list[Row]:
    """The search for the dataset's circuits on all cores, against the search that keeps every sound candidate."""
    bridge, rows = CryptoBridge(), []
    families = [bridge.families().index(str(name)) for name in split.circuit["family"][: config.circuits]]
    circuits = bridge.synthesize(families, split.circuit["seed"][: config.circuits])
    found = circuits.analyse()
    primes = {bridge.field(name).bit_length(): bridge.field(name) for name in FIELDS}
    bits = [int(row["bits"]) if row["liftable"] else None for row in found]
    fixed = [None if row["liftable"] else primes[int(row["field_bits"])] for row in found]
    for level in LEVELS:
        ask = partial(bridge.choose, found["forms"].tolist(), [level] * len(found), bits, fixed)
        every = partial(_candidates, circuits, level)
        row = turns(f"{len(found)} searches at {level} bits", ask, every, config.repeats)
        row |= {"against": "keeping every sound candidate, one circuit after the other"}
        rows.append(row | _absolute(len(found) / row["ours"]["median"], "searches a second", least=10_000))
    return rows


def _candidates(circuits: Any, level: int) -> None:
    for index in range(len(circuits)):
        circuits.candidates(level, index)


def generation(config: BenchConfig) -> list[Row]:
    """Datasets of several sizes, each by a process of its own, against the seed document's recorded rate."""
    rows = []
    for circuits in config.generated:
        sizes = {"train": circuits - 2 * (circuits // 7), "val": circuits // 7, "test": circuits // 7}
        repeats = config.repeats if circuits <= 20_000 else 1
        runs = [_generated(sizes) for _ in range(repeats)]
        took, peak, size = zip(*runs, strict=True)
        row = compared(f"{circuits} circuits", took, [circuits / SEED_RATE] * repeats)
        row |= {"against": "the seed document's recorded 933 circuits a minute"}
        row |= {"milliseconds_each": 1e3 * row["ours"]["median"] / circuits}
        rows.append(row | {"peak_megabytes": max(peak), "megabytes_on_disk": max(size)})
    return rows


def _generated(sizes: dict[str, int]) -> tuple[float, float, float]:
    """Seconds, peak memory and size on disk (MB) of one generation, start of its process included."""
    with TemporaryDirectory() as directory:
        options = [f"--{name}={count}" for name, count in sizes.items()]
        script = "from nexuszero.cli import app; app(standalone_mode=False); " + REPORT
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", script, "generate", f"--out={directory}/data", *options],
                              check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # fmt: skip
        took = time.perf_counter() - start
        size = sum(file.stat().st_size for file in Path(directory).rglob("index.h5"))
    return took, int(done.stdout.split()[-1]) / 1e3, size / 1e6


def loading(config: BenchConfig, split: Split) -> list[Row]:
    """The train split read from disk, and an epoch of batches, against PyG's loader over `Data` and mere copying."""
    circuits, ready = GraphBatches(split, Standardiser.fit(split.targets)), plain.loader(split)
    batches = Batches(circuits, 32, seed=0)
    file, again = config.data / "train", "making `Data` objects of a split in memory"
    rows = [
        turns("reading the train split", lambda: read(file), lambda: plain.graphs(split), config.repeats,
              against=again),
        turns(
            "an epoch of batches of 32", lambda: _spent(batches), lambda: _spent(ready), config.repeats,
            against="PyG's DataLoader", target=10,
        ),
    ]  # fmt: skip
    copying = turns(
        "an epoch in order", lambda: _copy(split, 32), lambda: _spent(Batches(circuits, 32)), config.repeats,
        against="copying the same rows",
    )  # fmt: skip
    share = _absolute(1 / copying["ratio"]["median"], "of the time is copying")
    return [rows[0] | _absolute(rows[0]["ours"]["median"], "seconds", most=2), rows[1], copying | share]


def _copy(split: Split, size: int) -> None:
    """The columns of so many circuits at a time, in the types of a batch."""
    for first in range(0, len(split), size):
        last = min(first + size, len(split))
        nodes, edges = (slice(pointer[first], pointer[last]) for pointer in (split.node_ptr, split.edge_ptr))
        split.x[nodes].copy()
        split.node_bits[nodes].astype(np.float32)
        split.node_rounds[nodes].copy()
        split.edge_attr[edges].copy()
        split.edge_index[:, edges].astype(np.int64)


def _spent(batches: Iterable[object]) -> None:
    """Takes every batch and drops it, as training does: memory that is kept has to be asked of the system anew."""
    for _ in batches:
        pass


def training(split: Split, valid: Split, config: BenchConfig) -> list[Row]:
    """A training step at the seed document's size: ours, the plain recipe's, and our matrix products alone.

    Both make their batches, of the same circuits, within the step.
    """
    batches = Batches(GraphBatches(split, Standardiser.fit(split.targets), augmented_demands(split, seed=0)), 32)
    ours, other = ParameterNet(), plain.PlainNet()
    steps, theirs = map(iter, (batches, plain.loader(split, shuffle=False)))
    step = stepper(_muon(ours), lambda: (batch := next(steps)) and training_loss(ours, batch))
    plain_step = stepper(_adamw(other), lambda: (batch := next(theirs)) and loss(other(batch), batch.y))
    rows = [
        turns("a step of 32 circuits", step, plain_step, config.repeats, against="the plain recipe in PyG", target=5),
        lesson(split, valid, config.lesson),
    ]
    batch = next(iter(batches))
    same = stepper(_muon(ours), lambda: training_loss(ours, batch))
    with Products() as products:
        same()
    row = turns("a step", products.replay, same, config.repeats, against="its matrix products alone")
    share = _absolute(1 / row["ratio"]["median"], "of the time is matrix products", least=0.5)
    return [*rows, row | share | {"gflop": products.flops / 1e9, "profile": profiled(same)}]


def profiled(work: Work, times: int = 3) -> dict[str, float]:
    """Shares of the processor's time by operation, the largest first, by PyTorch's profiler."""
    with profile(activities=[ProfilerActivity.CPU]) as found:
        _often(work, times)
    spent = {event.key: event.self_cpu_time_total for event in found.key_averages()}
    largest = sorted(spent, key=spent.__getitem__, reverse=True)[:OPERATIONS]
    return {name: spent[name] / sum(spent.values()) for name in largest}


def lesson(split: Split, valid: Split, batches: int) -> Row:
    """Both networks learn from the same batches, twice; the row has the seconds and their validation losses."""
    torch.manual_seed(0)
    units = Standardiser.fit(split.targets)
    own, theirs = GraphBatches(split, units, augmented_demands(split, seed=0)), plain.graphs(split, units)
    exam, questions = GraphBatches(valid, units), plain.graphs(valid, units)
    seen = [indices for epoch in (0, 1) for indices in _first(own, epoch, batches)]
    asked = torch.split(torch.arange(len(exam)), 32)[:batches]
    ours, other = ParameterNet(), plain.PlainNet()
    queue = iter([*seen, *seen])  # once for each
    step = stepper(_muon(ours), lambda: training_loss(ours, own.batch(next(queue))))
    plain_step = stepper(_adamw(other), lambda: loss(other(batch := plain.gather(theirs, next(queue))), batch.y))
    times = [seconds(partial(_often, work, len(seen))) for work in (step, plain_step)]
    row = compared(f"{len(seen)} steps, two epochs", times[:1], times[1:], against="the plain recipe in PyG")
    with torch.no_grad():
        told, truth = predict_batches(ours, map(exam.batch, asked))
        answers = torch.cat([other.eval()(plain.gather(questions, indices)) for indices in asked])
    found = {"validation_loss": float(loss(told, truth)), "other_validation_loss": float(loss(answers, truth))}
    return row | found | _absolute(found["validation_loss"], "validation loss", most=found["other_validation_loss"])


def _often(work: Work, count: int) -> None:
    for _ in range(count):
        work()


def _first(circuits: GraphBatches, epoch: int, count: int) -> Sequence[torch.Tensor]:
    order = Batches(circuits, 32, seed=0)
    order.set_epoch(epoch)
    return torch.split(order.order(), 32)[:count]


def _muon(model: torch.nn.Module) -> list[torch.optim.Optimizer]:
    return optimisers(model.parameters(), lr=RATE, weight_decay=0.01)


def _adamw(model: torch.nn.Module) -> list[torch.optim.Optimizer]:
    return [torch.optim.AdamW(model.parameters(), lr=RATE, fused=True)]


def stepper(optimisers: Sequence[torch.optim.Optimizer], forward: Callable[[], torch.Tensor]) -> Work:
    """A training step: forward, backward and the optimisers'."""

    def step() -> None:
        for optimiser in optimisers:
            optimiser.zero_grad()
        forward().backward()  # type: ignore[no-untyped-call]
        for optimiser in optimisers:
            optimiser.step()

    return step


class Products(TorchDispatchMode):
    """Records the shapes of the matrix products of whatever runs under it, and runs them alone."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.pairs: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.flops = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Notes the operands of a product, as they lie in memory."""
        if func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default):
            a, b = (operand.detach() for operand in args[-2:])
            self.pairs.append((a, b))
            self.flops += 2 * a.shape[0] * a.shape[1] * b.shape[1]
        return func(*args, **(kwargs or {}))

    def replay(self) -> None:
        """Every product once more."""
        for a, b in self.pairs:
            torch.mm(a, b)


def answers(config: BenchConfig) -> list[Row]:
    """A recommendation for a circuit of about 500 nodes, loaded; and the command's start, against Python's own."""
    bridge = CryptoBridge()
    with TemporaryDirectory() as directory:
        file = Path(directory) / "circuit.r1cs"
        _of_nodes(bridge, 500).write(0, file)
        network = NetworkProposer(PUBLISHED)
        ask = partial(_often, partial(advice.recommend, bridge, file, 128, None, network), MANY)
        exact = partial(_often, partial(advice.recommend, bridge, file, 128), MANY)
        row = turns(f"recommend, 500 nodes, published model and exact search, {MANY} times", exact, ask, config.repeats)
        row |= {"against": "the exact search alone"}
        rows = [row | _absolute(1e3 / MANY * row["other"]["median"], "milliseconds with the model", most=20)]
        bare = [sys.executable, "-c", "pass"]
        question = ["choose", "--forms", "100", "--bits", "40", "--security", "128"]
        start = turns("the command's start", lambda: _run([*COMMAND, *question]), lambda: _run(bare), config.repeats)
        start |= {"against": "Python's own start"}
        rows.append(start | _absolute(start["ours"]["median"], "seconds", most=1))
    return rows


def _of_nodes(bridge: CryptoBridge, nodes: int) -> Any:
    """A Merkle path, about so many nodes large."""
    family, seeds = bridge.families().index("merkle"), np.arange(1000)
    found = bridge.synthesize(np.full(len(seeds), family), seeds).analyse()
    sizes = found["wires"].astype(int) - 1 + found["constraints"]
    return bridge.synthesize([family], [int(seeds[np.abs(sizes - nodes).argmin()])])


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _absolute(value: float, unit: str, least: float | None = None, most: float | None = None) -> Row:
    """A figure of its own with its target, beside the ratio."""
    met = value >= least if least is not None else value <= (most if most is not None else value)
    return {"value": value, "unit": unit, "least": least, "most": most, "met": bool(met)}


def rows(found: Row) -> list[Row]:
    """All rows of :func:`measure`."""
    return [row for part in found.values() if isinstance(part, list) for row in part]


if __name__ == "__main__":
    command.run(BenchConfig, measure)
