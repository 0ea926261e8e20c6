"""A small dataset whose targets are a computable function of the graph, so that training must beat the mean.

No circuit here is real: wires and constraints are drawn at random, and the targets follow from lambda, the
number of constraints and the largest coefficient by the formulas in `targets_of`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nexuszero.data import SPLITS, Array, Split, columns, read_all, write

SIZES = {"train": 96, "val": 32, "test": 32}


def targets_of(security: float, constraints: int, coefficient: float) -> list[float]:
    """n, log2 q, sigma, bit security, hardness, proof size."""
    log2_q = 16 + round(32 * coefficient)
    size = np.log2(1 + constraints)
    n = 64 * round(security * log2_q / 64)
    return [
        n,
        log2_q,
        2.0 ** (10 + size),
        security + size,
        0.5 + security / 1024,
        1000 * size * log2_q,
    ]


def circuit(rng: np.random.Generator) -> tuple[dict[str, Array], list[float]]:
    wires, constraints = int(rng.integers(2, 12)), int(rng.integers(1, 20))
    nodes, edges = wires + constraints, int(rng.integers(1, 40))
    security = float(rng.choice([100, 128, 192, 256]))
    x = np.zeros((nodes, 12), dtype=np.float32)
    x[wires:, 0] = 1
    x[:, 1:9] = rng.random((nodes, 8))
    x[:, 3] = 0  # no Boolean constraint, whose edges a network would leave out
    x[:, 9:] = [0.25, security / 256, np.log2(1 + nodes) / 16]
    edge_index = np.stack(
        [rng.integers(0, wires, edges), rng.integers(wires, nodes, edges)]
    ).astype(np.int32)
    edge_attr = np.zeros((edges, 5), dtype=np.float32)
    edge_attr[np.arange(edges), rng.integers(0, 3, edges)] = 1
    edge_attr[:, 3], edge_attr[:, 4] = (
        rng.choice([-1, 1], edges),
        rng.random() * rng.random(edges),
    )
    node_bits = rng.integers(1, 65, nodes)  # of a field of 64
    arrays = {
        "x": x,
        "edge_index": edge_index,
        "edge_attr": edge_attr,
        "node_bits": node_bits,
    }
    arrays["node_ends"] = rng.integers(0, 64, (nodes, 2))
    arrays["node_rounds"] = rng.integers(0, 5, nodes)
    return arrays, targets_of(security, constraints, float(edge_attr[:, 4].max()))


def block(count: int, seed: int) -> dict[str, Array]:
    """The columns of ``count`` circuits."""
    rng = np.random.default_rng(seed)
    graphs, targets = zip(*(circuit(rng) for _ in range(count)), strict=True)
    arrays = {
        "x": np.concatenate([graph["x"] for graph in graphs]),
        "edge_index": np.concatenate([graph["edge_index"] for graph in graphs], axis=1),
        "edge_attr": np.concatenate([graph["edge_attr"] for graph in graphs]),
        "node_bits": np.concatenate([graph["node_bits"] for graph in graphs]),
        "node_ends": np.concatenate([graph["node_ends"] for graph in graphs]),
        "node_rounds": np.concatenate([graph["node_rounds"] for graph in graphs]),
        "node_ptr": np.cumsum([0] + [len(graph["x"]) for graph in graphs]),
        "edge_ptr": np.cumsum([0] + [len(graph["edge_attr"]) for graph in graphs]),
        "params": np.array(targets)[:, :3],
        "metrics": np.array(targets)[:, 3:],
    }
    extra = {
        name: np.zeros(count, kind.dtype)
        for name, kind in columns().items()
        if name.startswith("circuit/")
    }
    extra["circuit/family"][:] = (
        b"mimc"  # training rebuilds circuits to augment demands; at level 0 there are none
    )
    return arrays | extra


def dataset(directory: Path, seed: int = 0) -> dict[str, Split]:
    """Writes the three splits and reads them back."""
    for offset, name in enumerate(SPLITS):
        attributes = {"split": name, "master_seed": seed}
        write(
            directory / name / "index.h5", block(SIZES[name], seed + offset), attributes
        )
    return read_all(directory)
