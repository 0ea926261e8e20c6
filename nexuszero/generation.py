"""Generates the dataset: blocks of the library's seeded stream of circuits, written while the next one is made.

A stream position fixes a circuit, and the circuit's hash fixes its split, so no circuit is in two splits and the
content depends on the master seed and the sizes alone, not on threads or blocks.

    nexuszero generate --profile quick
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from nexuszero.config import GenerateConfig
from nexuszero.crypto import Columns, CryptoBridge
from nexuszero.dataset import METRIC_NAMES, PARAMETER_NAMES, SPLITS, Writer

BLOCK = 2048  # stream positions a call: bounds memory to some 50 MB
_CIRCUIT = ("seed", "security", "field_bits", "wires", "constraints", "forms", "bits", "liftable")
_HEIGHTS = (64, 32, 16, 8, 4)


def generate(config: GenerateConfig, log: Callable[[str], None] = print) -> dict[str, Any]:
    """Writes `out/{train,val,test}/index.h5` and `out/generation.json`, whose content it returns."""
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
        for rows in _blocks(bridge, config):
            for split, columns in zip(SPLITS, rows, strict=True):
                count = min(len(columns["seed"]), sizes[split] - written[split])
                if count:
                    writers[split].append(_block(columns, count, families))
                    written[split] += count
            if written == sizes:
                break
    seconds = time.perf_counter() - start
    summary = {
        "seconds": seconds,
        "circuits": sum(sizes.values()),
        "circuits_per_second": sum(sizes.values()) / seconds,
        "sha256": {split: writers[split].attributes["content_sha256"] for split in SPLITS},
        "config": config.model_dump(mode="json"),
    }
    (config.out / "generation.json").write_text(json.dumps(summary, indent=1) + "\n")
    log(f"{summary['circuits']} circuits in {seconds:.1f} s ({summary['circuits_per_second']:.0f}/s): {config.out}")
    return summary


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


def _blocks(bridge: CryptoBridge, config: GenerateConfig) -> Iterator[list[Columns]]:
    """The stream block by block; the next block is computed while the last one is written."""
    with ThreadPoolExecutor(1) as worker:

        def submit(first: int) -> Any:
            return worker.submit(bridge.generate, config.seed, first, BLOCK, config.threads)

        position, pending = BLOCK, submit(0)
        while True:
            rows = pending.result()
            pending = submit(position)
            position += BLOCK
            yield rows


def _block(columns: Columns, count: int, families: np.ndarray[Any, Any]) -> Columns:
    """The first `count` circuits in the layout of the file."""
    nodes, edges = (np.concatenate([[0], columns[name][:count].cumsum()]) for name in ("nodes", "edges"))
    block = {
        "x": columns["x"][: nodes[-1]],
        "edge_index": np.stack([columns["edge_source"][: edges[-1]], columns["edge_target"][: edges[-1]]]),
        "edge_attr": columns["edge_attr"][: edges[-1]],
        "node_ptr": nodes,
        "edge_ptr": edges,
        "params": columns["params"][:count],
        "metrics": columns["metrics"][:count],
        "circuit/family": families[columns["family"][:count]],
    }
    block |= {f"circuit/{name}": columns[name][:count] for name in _CIRCUIT}
    return block | {f"circuit/height_{s}": columns["heights"][:count, i] for i, s in enumerate(_HEIGHTS)}
