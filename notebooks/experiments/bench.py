"""How fast, as ratios: every figure compares two things that run in turn in one session.

What cannot run here, the lattice-estimator and the seed document's own run, stands as a recorded figure, and the row
says so. Writes a JSON file and the page of notebook 12, whose path it prints.

    python notebooks/experiments/bench.py --set repeats=1
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import command
import gatv2 as plain
import large_circuits
import numpy as np
import proofs
import torch
from bench_training import BATCH_SIZE, training
from pydantic import Field
from turns import PEAK_MEMORY, Row, Work, compared, figure, often, seconds, turns

from nexuszero.advice import recommend
from nexuszero.config import BenchReportConfig, Count, Threads
from nexuszero.crypto import LEVELS, Circuits, CryptoBridge
from nexuszero.data import Split, Standardiser, read, read_all
from nexuszero.evaluation import recorded_seconds
from nexuszero.files import write_json
from nexuszero.network import (
    Batches,
    Checkpoint,
    GraphBatches,
    ModelConfig,
    NetworkProposer,
    ParameterNet,
    save,
)
from nexuszero.paths import GOLDEN, ROOT
from nexuszero.report import pages, provenance
from nexuszero.settings import Located, Stage
from nexuszero.timing import Stopwatch

SEED_RATE = 933 / 60  # circuits a second that the seed document generated
INSTANCES = (
    (512, 12),
    (1024, 27),
    (2048, 54),
    (4096, 96),
)  # n and log2 q of the recorded LWE estimates
SIS_INSTANCES = (
    (512, 23, 16),
    (1024, 32, 20),
    (2048, 32, 22),
    (4096, 60, 35),
)  # and of SIS, with log2 of the bound
CALLS = 2000  # of an estimate that lasts microseconds, a turn
FIELDS = ("bn254", "bls12-381", "goldilocks", "babybear")  # those of the dataset
KEPT = 100  # circuits of which every sound candidate is kept
MANY = 20  # answers in a row, once loaded
LARGE = 20_000  # circuits, above which a dataset is generated once
COMMAND = [sys.executable, "-c", "from nexuszero.cli import main; main()"]
GENERATION = f"from nexuszero.cli import app; app(standalone_mode=False); {PEAK_MEMORY}"


class BenchConfig(Stage):
    """What `make bench` measures, and how often."""

    data: Located = Field(
        Path("data/full"), description="directory of {train,val,test}/index.h5"
    )
    circuits: Count = Field(
        2000, description="circuits whose parameters are searched for"
    )
    generated: list[Count] = Field(
        [1000, 14_000, 100_000], description="sizes of the datasets to generate"
    )
    constraints: Count = Field(
        1_000_000, description="constraints of the circuits whose analysis is timed"
    )
    proved: list[Count] = Field(
        [500, 1000, 10_000, 30_000, 100_000, 1_000_000],
        description="constraints of the circuits that are proved",
    )
    groth16: list[Count] = Field(
        [500, 1000],
        description="those that snarkjs proves beside; its set-up for ten times as many takes many minutes",
    )
    compiled: bool = Field(
        True,
        description="whether a circuit is proved that circom compiles, fetched from npm",
    )
    repeats: int = Field(
        5,
        ge=1,
        description="turns of each comparison; a dataset above 20,000 circuits has one",
    )
    lesson: Count = Field(
        50, description="batches of 32 that both networks learn from, twice"
    )
    threads: Threads = Field(0, description="threads of torch, 0 for its default")
    out: Located = Field(
        Path("reports/bench.json"), description="JSON file that receives the figures"
    )


def main(config: BenchConfig) -> None:
    """Measures, then makes the page."""
    measure(config)
    print(page(config.out))


def page(bench: Path) -> Path:
    """The page of notebook 12, beside the JSON file."""
    parameters = BenchReportConfig(bench=bench.resolve())
    notebook = pages.GUIDES["bench"].file
    return pages.run_notebook(
        notebook, bench.with_suffix(".ipynb"), {"bench": str(parameters.bench)}
    )


def measure(config: BenchConfig, log: Callable[[str], None] = print) -> Row:
    """Measures every part and writes ``config.out`` -> rows by part, and where they were measured."""
    splits = read_all(config.data)
    before = torch.get_num_threads()
    torch.set_num_threads(config.threads or before)
    parts: dict[str, Callable[[], list[Row]]] = {
        "answers": partial(
            answers, config.repeats
        ),  # first: the time of one depends on what its process did before
        "estimates": partial(estimates, config.repeats),
        "labels": partial(labels, splits["train"], config),
        "analysis": partial(
            large_circuits.rows, config.constraints, min(config.repeats, 3)
        ),
        "proofs": partial(proofs.rows, config.proved, min(config.repeats, 3)),
        "prepared": partial(proofs.prepared_rows, config.proved, config.repeats),
        "compiled": partial(proofs.compiled_rows, config.compiled, config.repeats),
        "groth16": partial(proofs.groth16_rows, config.groth16, min(config.repeats, 3)),
        "generation": partial(generation, config),
        "loading": partial(loading, config, splits["train"]),
        "training": partial(
            training, splits["train"], splits["val"], config.lesson, config.repeats
        ),
    }
    content: Row = {"provenance": provenance.collect(splits), "repeats": config.repeats}
    watch = Stopwatch()
    for name, part in parts.items():
        content[name] = part()
        watch.stop(name)
        log(
            f"{name}: {len(content[name])} rows in {watch.milliseconds[name] / 1e3:.0f} s"
        )
    torch.set_num_threads(before)
    write_json(config.out, content)
    return content


def estimates(repeats: int, file: Path = GOLDEN / "timing.csv") -> list[Row]:
    """Seconds of one core for an estimate, against the lattice-estimator's recorded ones for the same instance."""
    bridge = CryptoBridge()
    rows = []
    for n, bits in INSTANCES:
        other = recorded_seconds(f"n~{n} q=2^{bits}", file)
        work: Work = partial(bridge.estimate_lwe, [n] * CALLS, bits, 1.0, 3.19)
        rows.append(
            _against_recorded(
                f"rough, n {n}, q 2^{bits}", work, other, repeats, target=10_000
            )
        )
    for n, bits, bound in SIS_INSTANCES:
        other = recorded_seconds(
            f"n~{n} q=2^{bits} B=2^{bound} m=2n", file, ("sis l2",)
        )
        work = partial(bridge.estimate_sis, [n] * CALLS, bits, bound, 2 * n)
        rows.append(
            _against_recorded(
                f"SIS, n {n}, q 2^{bits}, bound 2^{bound}",
                work,
                other,
                repeats,
                target=1000,
            )
        )
    return rows


def _against_recorded(
    what: str, work: Work, other: float, repeats: int, target: float
) -> Row:
    """A batch on all cores counts as if each of them had worked all the time."""
    work()
    cores = os.cpu_count() or 1
    ours = [seconds(work) * cores / CALLS for _ in range(repeats)]
    against = "the lattice-estimator's recorded time"
    return compared(what, ours, [other] * repeats, against=against, target=target)


def labels(split: Split, config: BenchConfig) -> list[Row]:
    """The search for the dataset's circuits on all cores, against the search that keeps every sound candidate."""
    bridge = CryptoBridge()
    families = [
        bridge.families().index(str(name))
        for name in split.circuit["family"][: config.circuits]
    ]
    circuits = bridge.synthesize(families, split.circuit["seed"][: config.circuits])
    analysed = circuits.analyse()
    primes = {bridge.field(name).bit_length(): bridge.field(name) for name in FIELDS}
    bits = [int(row["bits"]) if row["liftable"] else None for row in analysed]
    fixed = [
        None if row["liftable"] else primes[int(row["field_bits"])] for row in analysed
    ]

    rows = []
    few = min(KEPT, len(analysed))
    for level in LEVELS:
        search = partial(
            bridge.choose,
            analysed["forms"].tolist(),
            [level] * len(analysed),
            bits,
            fixed,
        )
        every = partial(_candidates, circuits, level, few)
        times = [
            (seconds(search) / len(analysed), seconds(every) / few)
            for _ in range(config.repeats + 1)
        ][1:]
        row = compared(
            f"a search at {level} bits", *map(list, zip(*times, strict=True))
        )
        row["against"] = (
            f"keeping every sound candidate, {few} circuits one after the other"
        )
        rows.append(
            row | figure(1 / row["ours"]["median"], "searches a second", least=20_000)
        )
    return rows


def _candidates(circuits: Circuits, level: int, count: int) -> None:
    for index in range(count):
        circuits.candidates(level, index)


class Generated(NamedTuple):
    """One generation, start of its process included."""

    seconds: float
    peak_megabytes: float
    megabytes_on_disk: float


def generation(config: BenchConfig) -> list[Row]:
    """Datasets of several sizes, each by a process of its own, against the seed document's recorded rate."""
    rows = []
    for circuits in config.generated:
        runs = [
            _generate(circuits)
            for _ in range(config.repeats if circuits <= LARGE else 1)
        ]
        row = compared(
            f"{circuits} circuits",
            [run.seconds for run in runs],
            [circuits / SEED_RATE] * len(runs),
        )
        rows.append(
            row
            | {
                "against": "the seed document's recorded 933 circuits a minute",
                "milliseconds_each": 1e3 * row["ours"]["median"] / circuits,
                "peak_megabytes": max(run.peak_megabytes for run in runs),
                "megabytes_on_disk": max(run.megabytes_on_disk for run in runs),
            }
        )
    return rows


def _generate(circuits: int) -> Generated:
    seventh = circuits // 7
    with TemporaryDirectory() as directory:
        values = {
            "out": f"{directory}/data",
            "train": circuits - 2 * seventh,
            "val": seventh,
            "test": seventh,
        }
        options = [
            part
            for name, value in values.items()
            for part in ("--set", f"{name}={value}")
        ]
        process = [sys.executable, "-c", GENERATION, "generate", *options]
        watch = Stopwatch()
        printed = _output(process)
        watch.stop("generation")
        size = sum(file.stat().st_size for file in Path(directory).rglob("index.h5"))
    return Generated(
        watch.milliseconds["generation"] / 1e3,
        int(printed.split()[-1]) / 1e3,
        size / 1e6,
    )


def loading(config: BenchConfig, split: Split) -> list[Row]:
    """The train split read from disk, and an epoch of batches, against PyG's loader over `Data` and mere copying."""
    circuits = GraphBatches(split, Standardiser.fit(split.targets))
    ready = plain.loader(split, BATCH_SIZE)
    shuffled = Batches(circuits, BATCH_SIZE, seed=0)
    in_order = Batches(circuits, BATCH_SIZE)

    def compare(what: str, ours: Work, other: Work, against: str, **more: float) -> Row:
        return turns(what, ours, other, config.repeats, against=against, **more)

    reading = compare(
        "reading the train split",
        partial(read, config.data / "train"),
        partial(plain.graphs, split),
        "making `Data` objects of a split in memory",
    )
    epoch = compare(
        "an epoch of batches of 32",
        partial(_drop, shuffled),
        partial(_drop, ready),
        "PyG's DataLoader",
        target=10,
    )
    copying = compare(
        "an epoch in order",
        partial(_copy, split, BATCH_SIZE),
        partial(_drop, in_order),
        "copying the same rows",
    )
    return [
        reading | figure(reading["ours"]["median"], "seconds", most=2),
        epoch,
        copying | figure(1 / copying["ratio"]["median"], "of the time is copying"),
    ]


def _copy(split: Split, size: int) -> None:
    """The columns of so many circuits at a time, in the types of a batch."""
    for first in range(0, len(split), size):
        last = min(first + size, len(split))
        nodes = slice(split.node_ptr[first], split.node_ptr[last])
        edges = slice(split.edge_ptr[first], split.edge_ptr[last])
        split.x[nodes].copy()
        split.node_bits[nodes].astype(np.float32)
        split.node_ends[nodes].astype(np.float32)
        split.node_rounds[nodes].copy()
        split.edge_attr[edges].copy()
        split.edge_index[:, edges].astype(np.int64)


def _drop(batches: Iterable[object]) -> None:
    """Takes every batch and drops it, as training does: memory that is kept has to be asked of the system anew."""
    for _ in batches:
        pass


def answers(repeats: int) -> list[Row]:
    """A recommendation for a circuit of about 500 nodes, loaded; and the command's start, against Python's own."""
    return [_recommendations(repeats), _start(repeats)]


def _recommendations(repeats: int) -> Row:
    bridge = CryptoBridge()
    with TemporaryDirectory() as directory:
        file = Path(directory) / "circuit.r1cs"
        untrained = (
            Path(directory) / "model.pt"
        )  # as large as the published one, which learned other labels
        save(
            untrained,
            Checkpoint(
                ParameterNet(ModelConfig(256, 4, 4, 0.0)),
                Standardiser((0.0,) * 6, (1.0,) * 6),
            ),
        )
        network = NetworkProposer(untrained)
        _of_nodes(bridge, 500).write(0, file)
        with_model = partial(
            often, partial(recommend, bridge, file, 128, None, network), MANY
        )
        exact = partial(often, partial(recommend, bridge, file, 128), MANY)
        what = f"recommend, 500 nodes, a network of the full week's size and exact search, {MANY} times"
        row = turns(what, exact, with_model, repeats, against="the exact search alone")
    return row | figure(
        1e3 / MANY * row["other"]["median"], "milliseconds with the model", most=20
    )


def _start(repeats: int) -> Row:
    bare = [sys.executable, "-c", "pass"]
    question = [
        *COMMAND,
        "choose",
        "--forms",
        "100",
        "--bits",
        "40",
        "--security",
        "128",
    ]
    ours: Work = partial(_output, question)
    row = turns(
        "the command's start",
        ours,
        partial(_output, bare),
        repeats,
        against="Python's own start",
    )
    return row | figure(row["ours"]["median"], "seconds", most=1)


def _of_nodes(bridge: CryptoBridge, nodes: int) -> Circuits:
    """A Merkle path, about so many nodes large."""
    family = bridge.families().index("merkle")
    seeds = np.arange(1000)
    analysed = bridge.synthesize(np.full(len(seeds), family), seeds).analyse()
    sizes = analysed["wires"].astype(int) - 1 + analysed["constraints"]
    nearest = np.abs(sizes - nodes).argmin()
    return bridge.synthesize([family], [int(seeds[nearest])])


def _output(process: list[str]) -> str:
    """What a process prints."""
    return subprocess.run(
        process, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ).stdout


if __name__ == "__main__":
    command.run(BenchConfig, main)
