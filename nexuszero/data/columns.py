"""The columns of a split's file: type, shape of one item, meaning. One list, read by writer, reader and reports.

Types come from the library, which hands out its columns; here stand the meanings, and the few things in which a file
differs from the library (docs/dataset.md). All circuits stand after one another, ``node_ptr`` and ``edge_ptr`` say
where each begins. Columns ``circuit/*`` have one item a circuit.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nexuszero.crypto import SLOTS, TARGET_NAMES, CryptoBridge

Array = NDArray[Any]

NODE_FEATURES = 12  # columns of x (docs/dataset.md), of which the code names these:
IS_CONSTRAINT = 0
IS_PUBLIC = 1
IS_BOOLEAN = 3  # a Boolean constraint
CONSTANTS = slice(5, 8)  # of a constraint: those of A, B and C, signed as edges are
FIELD_BITS = 9  # in units of FIELD_BITS_UNIT
FIELD_BITS_UNIT = 256
CIRCUIT_CONSTANTS = slice(9, 12)  # equal over a circuit: field bits, lambda, log nodes
EDGE_FEATURES = (
    5  # columns of edge_attr: the form, the sign of the coefficient and its bits
)
FORMS = 3  # A, B, C: its first columns
TARGETS = len(TARGET_NAMES)
CIRCUIT = "circuit/"  # prefix of the columns of circuits

MEANINGS = {
    "x": "node features, all circuits after one another",
    "edge_index": "wire -> constraint, indices local to the circuit",
    "edge_attr": "edge features",
    "node_bits": "bits of each node's largest value as the analysis has it: to learn from, never an input",
    "node_ends": "bits of each wire's values below zero, and of those above: likewise",
    "node_rounds": "the round of inference in which a node first narrowed, 0 if none, at most 255: likewise",
    "node_ptr": "where each circuit's nodes begin",
    "edge_ptr": "where each circuit's edges begin",
    "params": "n, log2_q, sigma",
    "metrics": "bit_security, hardness, proof_size (bits, 0..1, bytes)",
    "circuit/seed": "with family, rebuilds the R1CS",
    "circuit/family": "what the circuit looks like",
    "circuit/security": "lambda, the bits asked for",
    "circuit/field_bits": "bit length of the field's prime",
    "circuit/wires": "wires, w_0 included",
    "circuit/constraints": "linear and quadratic constraints",
    "circuit/dropped": "constraints that private wires of their own satisfy",
    "circuit/hints": "kept constraints with a hint of their own",
    "circuit/forms": "distinct private forms of the packed constraints",
    **{
        f"circuit/height_{slots}": f"committed forms with {slots} slots"
        for slots in SLOTS
    },
    "circuit/bits": "B: bits of the largest value where q is free, else the field's",
    "circuit/liftable": "whether q is free",
}
CIRCUIT_COLUMNS = tuple(
    name.removeprefix(CIRCUIT) for name in MEANINGS if name.startswith(CIRCUIT)
)

# Columns of the file whose type stands under another name in the library
_LIBRARY_NAMES = {
    "edge_index": "edge_source",
    "node_ptr": "nodes",
    "edge_ptr": "edges",
    **{f"circuit/height_{slots}": "heights" for slots in SLOTS},
}
# Where a file differs from the library: names in place of numbers, a width that stays, a truth value
_FILE_TYPES = {"circuit/family": "S24", "circuit/bits": "u4", "circuit/liftable": "?"}


class Column(NamedTuple):
    """What a column holds.

    Args:
        dtype: little-endian.
        item: shape of one item; ``edge_index`` alone grows along its second axis.
        meaning: in a line.
    """

    dtype: np.dtype[Any]
    item: tuple[int, ...]
    meaning: str


@cache
def columns() -> dict[str, Column]:
    """All columns by their name in the file."""
    library = CryptoBridge().columns()
    types = {}
    for name, meaning in MEANINGS.items():
        kind = library[_LIBRARY_NAMES.get(name, name.removeprefix(CIRCUIT))]
        dtype = np.dtype(_FILE_TYPES.get(name, kind.base)).newbyteorder("<")
        item = kind.shape
        if name == "edge_index":
            item = (2,)
        elif name.startswith("circuit/height_"):
            item = ()
        types[name] = Column(dtype, item, meaning)
    return types


def schema_version() -> int:
    """Of the columns and of what they mean."""
    return CryptoBridge().schema_version


def label_version() -> int:
    """Of what a label means (docs/labels.md)."""
    return CryptoBridge().label_version
