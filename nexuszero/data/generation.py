"""Generates the dataset: blocks of the library's seeded stream of circuits, written while the next ones are made.

A stream position fixes a circuit, and the circuit's hash fixes its split, so no circuit is in two splits and the
content depends on the master seed and the sizes alone: not on threads, nor on where a block is made (`nexuszero.pool`).

    nexuszero generate --profile quick
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np

from nexuszero.config import GenerateConfig
from nexuszero.crypto import (
    LEVELS,
    METRIC_NAMES,
    PARAMETER_NAMES,
    SHIFTED,
    SLOTS,
    Circuits,
    Columns,
    CryptoBridge,
)
from nexuszero.data.columns import CIRCUIT, CIRCUIT_COLUMNS, Array
from nexuszero.data.split import SPLITS, Graphs, Split
from nexuszero.data.writer import Writer
from nexuszero.errors import InputError
from nexuszero.files import check_room, write_json
from nexuszero.locks import owned
from nexuszero.pool import pool, share

BLOCK = 2048  # stream positions a call: bounds memory to some 50 MB
SPARE = 64  # positions more than are expected to do, as what a split gets is chance
LEAST_BYTES = 1000  # of a circuit in a file; most take some 4,000
SHIFTED_BLOCK = 64  # of them where circuits may have 20,000 nodes
LOT = 1 << 40  # positions from one lot of `draw_again` to the next, beyond any dataset


class Generation(TypedDict):
    """What `generation.json` holds."""

    seconds: float
    circuits: int
    circuits_per_second: float
    sha256: dict[str, str]  # of the content, by split
    config: dict[str, Any]


class Rebuilt(NamedTuple):
    """Circuits of one security level, made again.

    Args:
        level: bits of security.
        positions: in the split.
        circuits: in the library's memory.
    """

    level: int
    positions: Array
    circuits: Circuits


def generate(config: GenerateConfig, log: Callable[[str], None] = print) -> Generation:
    """Writes `out/{train,val,test}/index.h5`, shifted splits if wanted, and `out/generation.json`, which it returns."""
    with owned(config.out, "generate"):
        return _generate(config, log)


def _generate(config: GenerateConfig, log: Callable[[str], None]) -> Generation:
    start = time.perf_counter()
    bridge = CryptoBridge()
    attributes = _attributes(config, bridge)
    check_room(config.out, LEAST_BYTES * sum(config.circuits().values()))
    summary = config.out / "generation.json"
    summary.unlink(missing_ok=True)  # it stands beside the splits that it describes

    hashes = _write_stream(config, attributes)
    for split in SHIFTED:
        if getattr(config, split):
            hashes[split] = _write_shifted(config, split, bridge, attributes)
        else:
            _index(config.out, split).unlink(missing_ok=True)

    seconds = time.perf_counter() - start
    circuits = sum(config.circuits().values())
    generation = Generation(
        seconds=seconds,
        circuits=circuits,
        circuits_per_second=circuits / seconds,
        sha256=hashes,
        config=config.model_dump(mode="json"),
    )
    write_json(summary, {**generation}, sealed=True)
    log(
        f"{circuits} circuits in {seconds:.1f} s ({circuits / seconds:.0f}/s): {config.out}"
    )
    return generation


def rebuild(split: Split) -> Iterator[Rebuilt]:
    """The circuits of a split made again from family and seed, level by level, with their positions in it."""
    bridge = CryptoBridge()
    numbers = {name: number for number, name in enumerate(bridge.families())}
    families = np.array([numbers[str(name)] for name in split.circuit["family"]])
    large = split.attributes.get("split") == "test_large"
    for level in LEVELS:
        chosen = np.flatnonzero(split.circuit["security"] == level)
        circuits = bridge.synthesize(
            families[chosen], split.circuit["seed"][chosen], large
        )
        yield Rebuilt(level, chosen, circuits)


def draw_again(split: Split, lot: int, threads: int = 0) -> Split:
    """As many other circuits as a train split has, with their labels, from further on in its stream.

    The hash that keeps circuits of training apart from those of validation and test keeps these apart, too.

    Args:
        split: that `generate` wrote as ``train``.
        lot: which ones, from 1; equal lots of equal splits are equal, whatever the threads.
        threads: of the library, 0 for one a core.
    """
    if "master_seed" not in split.attributes:
        raise InputError(
            "the train split names no master seed to draw from; generate the dataset, or set fresh=false"
        )
    bridge = CryptoBridge()
    seed = int(split.attributes["master_seed"])
    rows = bridge.generate_train(seed, lot * LOT, len(split), threads)
    columns = _file_block(rows, len(split), np.array(bridge.families()))
    return Split.from_file(columns, {"split": "train", "master_seed": seed})


def shard(master_seed: int, first: int, size: int, threads: int) -> list[Columns]:
    """Rows of the stream positions ``first .. first + size`` -> the columns of train, val and test."""
    return CryptoBridge().generate(master_seed, first, size, threads)


class _Target:
    """A split's file, and how many circuits it still wants."""

    def __init__(self, path: Path, wanted: int, attributes: dict[str, Any]) -> None:
        self.writer = Writer(path, attributes)
        self.taken = 0
        self.wanted = wanted
        self.families = np.array(attributes["families"], dtype="S24")

    def take(self, columns: Columns) -> None:
        """Writes as many of the library's circuits as are wanted."""
        count = min(len(columns["seed"]), self.wanted)
        if count:
            self.writer.append(_file_block(columns, count, self.families))
            self.taken += count
            self.wanted -= count


def _write_stream(config: GenerateConfig, attributes: dict[str, Any]) -> dict[str, str]:
    """Writes train, val and test, which share one stream -> the hashes of their contents."""
    with ExitStack() as stack:
        targets = []
        for split in SPLITS:
            target = _Target(
                _index(config.out, split),
                getattr(config, split),
                attributes | {"split": split},
            )
            stack.enter_context(target.writer)
            targets.append(target)

        for rows in stack.enter_context(closing(_blocks(config, targets))):
            for target, columns in zip(targets, rows, strict=True):
                target.take(columns)
            if not any(target.wanted for target in targets):
                break
    return {
        split: target.writer.content_hash
        for split, target in zip(SPLITS, targets, strict=True)
    }


def _write_shifted(
    config: GenerateConfig, split: str, bridge: CryptoBridge, attributes: dict[str, Any]
) -> str:
    """Writes a split that has a stream of its own, on this machine -> the hash of its content."""
    target = _Target(
        _index(config.out, split), getattr(config, split), attributes | {"split": split}
    )
    with target.writer:
        for first in count(0, SHIFTED_BLOCK):
            target.take(
                bridge.generate_shifted(
                    split, config.seed, first, SHIFTED_BLOCK, config.threads
                )
            )
            if not target.wanted:
                break
    return target.writer.content_hash


def _blocks(config: GenerateConfig, targets: list[_Target]) -> Generator[list[Columns]]:
    """The stream block by block in its order; each worker has a block under way while the last one is written."""
    threads = share(config.threads, config.workers)
    begun = received = 0
    ahead: deque[tuple[int, Future[list[Columns]]]] = deque()
    with pool(config.executor, config.workers, config.ray_address, __name__) as submit:
        while True:
            end = _end(targets, received)
            # nothing is begun ahead that will hardly be wanted
            while not ahead or (begun < end and len(ahead) <= config.workers):
                size = min(BLOCK, SPARE + max(0, end - begun))
                ahead.append((size, submit(shard, config.seed, begun, size, threads)))
                begun += size

            size, rows = ahead.popleft()
            received += size
            yield rows.result()


def _end(targets: list[_Target], received: int) -> int:
    """The stream position where all targets will probably have what they want, from what they have by ``received``."""
    if not received:
        return sum(target.wanted for target in targets)
    return max(
        received + received * target.wanted // max(1, target.taken)
        for target in targets
    )


def _file_block(columns: Columns, count: int, families: Array) -> dict[str, Array]:
    """The first ``count`` circuits of the library's columns, in the layout of the file."""
    graphs = Graphs.from_columns(columns, count)
    nodes = len(graphs.x)
    heights = {
        f"height_{slots}": columns["heights"][:count, i]
        for i, slots in enumerate(SLOTS)
    }
    special = {"family": families[columns["family"][:count]], **heights}
    circuit = {
        f"{CIRCUIT}{name}": special[name] if name in special else columns[name][:count]
        for name in CIRCUIT_COLUMNS
    }
    return {
        **vars(graphs),
        "node_bits": columns["node_bits"][:nodes],
        "node_ends": columns["node_ends"][:nodes],
        "node_rounds": columns["node_rounds"][:nodes],
        "params": columns["params"][:count],
        "metrics": columns["metrics"][:count],
        **circuit,
    }


def _index(out: Path, split: str) -> Path:
    return out / split / "index.h5"


def _attributes(config: GenerateConfig, bridge: CryptoBridge) -> dict[str, Any]:
    return {
        "crate_version": bridge.version,
        "master_seed": config.seed,
        "params_columns": list(PARAMETER_NAMES),
        "params_units": ["LWE dimension", "bits", "standard deviation"],
        "metrics_columns": list(METRIC_NAMES),
        "metrics_units": ["bits of core-SVP", "0..1", "bytes"],
        "families": bridge.families(),
    }
