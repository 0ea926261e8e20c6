"""Whether a split is what its file says: some of its circuits made again from family and seed, and compared.

nexuszero check data/quick
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nexuszero.crypto import Choice, CryptoBridge
from nexuszero.data.split import Graphs, Split
from nexuszero.errors import InputError

SAMPLE = 16  # circuits of a split
ROUNDING = 1e-6  # of a label on its way through the library's columns


def check_sample(split: Split, file: Path, count: int = SAMPLE) -> int:
    """Compares graphs and labels of circuits, spread over the split, with those that the library makes -> how many.

    Raises:
        InputError: a circuit is not the one that its family and seed make, or its labels are not the search's.
    """
    bridge = CryptoBridge()
    families = bridge.families()
    large = split.attributes.get("split") == "test_large"
    chosen = np.unique(np.linspace(0, len(split) - 1, count).astype(int))
    for index in map(int, chosen):
        family = str(split.circuit["family"][index])
        seed = int(split.circuit["seed"][index])
        level = int(split.circuit["security"][index])
        which = f"{file}: circuit {index} ({family}, seed {seed}, {level} bits)"
        if family not in families:
            raise InputError(f"{which} is of no family; generate the dataset again")
        made = bridge.synthesize([families.index(family)], [seed], large)
        graph = Graphs.from_columns(made.graphs(level))
        if not _same(graph, split, index):
            raise InputError(
                f"{which} is not what its seed makes; generate the dataset again"
            )
        (choice,) = made.choices(level)
        if not isinstance(choice, Choice) or not np.allclose(
            choice.targets, split.targets[index], rtol=ROUNDING, atol=0
        ):
            raise InputError(
                f"{which} has labels that the search does not give; generate the dataset again"
            )
    return len(chosen)


def _same(graph: Graphs, split: Split, index: int) -> bool:
    nodes = slice(*split.node_ptr[index : index + 2])
    edges = slice(*split.edge_ptr[index : index + 2])
    return (
        np.array_equal(graph.x, split.x[nodes])
        and np.array_equal(graph.edge_index, split.edge_index[:, edges])
        and np.array_equal(graph.edge_attr, split.edge_attr[edges])
    )
