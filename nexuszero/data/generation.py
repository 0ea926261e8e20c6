"""Generates the dataset: blocks of the library's seeded stream of circuits, written while the next ones are made.

A stream position fixes a circuit, and the circuit's hash fixes its split, so no circuit is in two splits and the
content depends on the master seed and the sizes alone: not on threads, nor on where a block is made (`nexuszero.pool`).

    nexuszero generate --profile quick
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np

from nexuszero.config import GenerateConfig
from nexuszero.crypto import LEVELS, SHIFTED, Circuits, Columns, CryptoBridge
from nexuszero.data.split import METRIC_NAMES, PARAMETER_NAMES, SPLITS, Array, Split, Writer
from nexuszero.pool import pool, share

BLOCK = 2048  # stream positions a call: bounds memory to some 50 MB
SHIFTED_BLOCK = 64  # of them where circuits may have 20,000 nodes
_CIRCUIT = ("seed", "security", "field_bits", "wires", "constraints", "forms", "bits", "liftable")
Made = tuple[int, Array, Circuits]  # a level, positions in a split, and the circuits there
_HEIGHTS = (64, 32, 16, 8, 4)


def generate(config: GenerateConfig, log: Callable[[str], None] = print) -> dict[str, Any]:
    """Writes `out/{train,val,test}/index.h5`, shifted splits if wanted, and `out/generation.json`, which it returns."""
    bridge, start = CryptoBridge(), time.perf_counter()
    sizes = {split: getattr(config, split) for split in SPLITS}
    families = np.array(bridge.families(), dtype="S24")
    attributes = _attributes(config, bridge)
    with ExitStack() as stack:
        writers = {
            split: stack.enter_context(Writer(_index(config.out, split), attributes | {"split": split}))
            for split in SPLITS
        }
        written = dict.fromkeys(SPLITS, 0)
        for rows in stack.enter_context(closing(_blocks(config, sum(sizes.values())))):
            for split, columns in zip(SPLITS, rows, strict=True):
                wanted = min(len(columns["seed"]), sizes[split] - written[split])
                if wanted:
                    writers[split].append(_block(columns, wanted, families))
                    written[split] += wanted
            if written == sizes:
                break
    hashes = {split: writers[split].attributes["content_sha256"] for split in SPLITS}
    for split in SHIFTED:
        sizes[split] = getattr(config, split)
        if sizes[split]:
            hashes[split] = _shifted(config, split, sizes[split], bridge, attributes)
        else:
            _index(config.out, split).unlink(missing_ok=True)
    seconds = time.perf_counter() - start
    summary = {
        "seconds": seconds,
        "circuits": sum(sizes.values()),
        "circuits_per_second": sum(sizes.values()) / seconds,
        "sha256": hashes,
        "config": config.model_dump(mode="json"),
    }
    (config.out / "generation.json").write_text(json.dumps(summary, indent=1) + "\n")
    log(f"{summary['circuits']} circuits in {seconds:.1f} s ({summary['circuits_per_second']:.0f}/s): {config.out}")
    return summary


def rebuilt(split: Split) -> Iterator[Made]:
    """The circuits of a split made again from family and seed, level by level, with their positions in it."""
    bridge, large = CryptoBridge(), split.attributes.get("split") == "test_large"
    families = np.array([bridge.families().index(str(name)) for name in split.circuit["family"]])
    for level in LEVELS:
        chosen = np.flatnonzero(split.circuit["security"] == level)
        yield level, chosen, bridge.synthesize(families[chosen], split.circuit["seed"][chosen], large)


def _shifted(config: GenerateConfig, split: str, wanted: int, bridge: CryptoBridge, attributes: dict[str, Any]) -> str:
    """Writes a split that has a stream of its own, on this machine -> the hash of its content."""
    families, written = np.array(bridge.families(), dtype="S24"), 0
    with Writer(_index(config.out, split), attributes | {"split": split}) as writer:
        for first in count(0, SHIFTED_BLOCK):
            columns = bridge.generate_shifted(split, config.seed, first, SHIFTED_BLOCK, config.threads)
            taken = min(len(columns["seed"]), wanted - written)
            if taken:
                writer.append(_block(columns, taken, families))
                written += taken
            if written == wanted:
                break
    return str(writer.attributes["content_sha256"])


def _index(out: Path, split: str) -> Path:
    return out / split / "index.h5"


def _attributes(config: GenerateConfig, bridge: CryptoBridge) -> dict[str, Any]:
    return {
        "label_version": bridge.label_version,
        "crate_version": bridge.version,
        "master_seed": config.seed,
        "params_columns": list(PARAMETER_NAMES),
        "params_units": ["LWE dimension", "bits", "standard deviation"],
        "metrics_columns": list(METRIC_NAMES),
        "metrics_units": ["bits of core-SVP", "0..1", "bytes"],
        "families": bridge.families(),
    }


def _blocks(config: GenerateConfig, circuits: int) -> Generator[list[Columns]]:
    """The stream block by block in its order; each worker has a block under way while the last one is written."""
    size, threads = min(BLOCK, 64 + circuits), share(config.threads, config.workers)
    with pool(config.executor, config.workers, config.ray_address) as submit:
        pending = (submit(shard, config.seed, first, size, threads) for first in count(0, size))
        ahead = deque(islice(pending, config.workers))
        while True:
            rows = ahead.popleft().result()
            ahead.append(next(pending))
            yield rows


def shard(master_seed: int, first: int, size: int, threads: int) -> list[Columns]:
    """Rows of the stream positions ``first .. first + size`` -> the columns of train, val and test."""
    return CryptoBridge().generate(master_seed, first, size, threads)


def _block(columns: Columns, count: int, families: np.ndarray[Any, Any]) -> Columns:
    """The first `count` circuits in the layout of the file."""
    nodes, edges = (np.concatenate([[0], columns[name][:count].cumsum()]) for name in ("nodes", "edges"))
    block = {
        "x": columns["x"][: nodes[-1]],
        "edge_index": np.stack([columns["edge_source"][: edges[-1]], columns["edge_target"][: edges[-1]]]),
        "edge_attr": columns["edge_attr"][: edges[-1]],
        "node_bits": columns["node_bits"][: nodes[-1]],
        "node_rounds": columns["node_rounds"][: nodes[-1]],
        "node_ptr": nodes,
        "edge_ptr": edges,
        "params": columns["params"][:count],
        "metrics": columns["metrics"][:count],
        "circuit/family": families[columns["family"][:count]],
    }
    block |= {f"circuit/{name}": columns[name][:count] for name in _CIRCUIT}
    return block | {f"circuit/height_{s}": columns["heights"][:count, i] for i, s in enumerate(_HEIGHTS)}
