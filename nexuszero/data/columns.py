"""The columns of a split's file: type, shape of one item, meaning. One list, read by writer, reader and reports.

All circuits stand after one another; ``node_ptr`` and ``edge_ptr`` say where each begins. Columns ``circuit/*`` have
one item a circuit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

SCHEMA_VERSION = 3  # of the columns and of what they mean
NODE_FEATURES = 12
EDGE_FEATURES = 5
PARAMETER_NAMES = ("n", "log2_q", "sigma")
METRIC_NAMES = ("bit_security", "hardness", "proof_size")
TARGET_NAMES = (*PARAMETER_NAMES, *METRIC_NAMES)
TARGETS = len(TARGET_NAMES)
SLOTS = (64, 32, 16, 8, 4)  # of a ring element: a height is counted for each
CIRCUIT = "circuit/"  # prefix of the columns of circuits

Array = NDArray[Any]


class Column(NamedTuple):
    """What a column holds.

    Args:
        dtype: little-endian, as NumPy spells it.
        item: shape of one item; ``edge_index`` alone grows along its second axis.
        meaning: in a line.
    """

    dtype: str
    item: tuple[int, ...]
    meaning: str


COLUMNS = {
    "x": Column("<f4", (NODE_FEATURES,), "node features, all circuits after one another"),
    "edge_index": Column("<i4", (2,), "wire -> constraint, indices local to the circuit"),
    "edge_attr": Column("<f4", (EDGE_FEATURES,), "edge features"),
    "node_bits": Column(
        "<u2", (), "bits of each node's largest value as the analysis has it: to learn from, never an input"
    ),
    "node_rounds": Column(
        "<u1", (), "exchanges of wires and constraints after which inference has them, at most 255: likewise"
    ),
    "node_ptr": Column("<i8", (), "where each circuit's nodes begin"),
    "edge_ptr": Column("<i8", (), "where each circuit's edges begin"),
    "params": Column("<f8", (3,), "n, log2_q, sigma"),
    "metrics": Column("<f8", (3,), "bit_security, hardness, proof_size (bits, 0..1, bytes)"),
    "circuit/seed": Column("<u8", (), "with family, rebuilds the R1CS"),
    "circuit/family": Column("S24", (), "what the circuit looks like"),
    "circuit/security": Column("<u2", (), "lambda, the bits asked for"),
    "circuit/field_bits": Column("<u2", (), "bit length of the field's prime"),
    "circuit/wires": Column("<u4", (), "wires, w_0 included"),
    "circuit/constraints": Column("<u4", (), "linear and quadratic constraints"),
    "circuit/forms": Column("<u4", (), "distinct private forms of the packed constraints"),
    **{f"circuit/height_{slots}": Column("<u4", (), f"committed forms with {slots} slots") for slots in SLOTS},
    "circuit/bits": Column("<u4", (), "B: bits of the largest value where q is free, else the field's"),
    "circuit/liftable": Column("?", (), "whether q is free"),
}
CIRCUIT_COLUMNS = tuple(name.removeprefix(CIRCUIT) for name in COLUMNS if name.startswith(CIRCUIT))
