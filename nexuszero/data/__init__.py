"""The dataset: circuits as graphs with their labels, how a file holds them, how they are made and made again."""

from nexuszero.crypto import TARGET_NAMES
from nexuszero.data.checking import check_sample
from nexuszero.data.columns import (
    CIRCUIT_COLUMNS,
    CIRCUIT_CONSTANTS,
    CONSTANTS,
    EDGE_FEATURES,
    FIELD_BITS,
    FIELD_BITS_UNIT,
    FORMS,
    IS_BOOLEAN,
    IS_CONSTRAINT,
    IS_PUBLIC,
    MEANINGS,
    NODE_FEATURES,
    TARGETS,
    Array,
    columns,
    label_version,
    schema_version,
)
from nexuszero.data.demand import (
    DEMAND_BITS,
    DEMAND_BITS_UNIT,
    DEMAND_FEATURES,
    DEMAND_FREE,
    DEMAND_LOGS,
    Demand,
)
from nexuszero.data.generation import (
    Generation,
    Rebuilt,
    draw_again,
    generate,
    rebuild,
)
from nexuszero.data.reading import read, read_all
from nexuszero.data.split import SPLITS, Graphs, Split
from nexuszero.data.standardiser import Standardiser, nearest, nearest_place
from nexuszero.data.writer import Writer, write

__all__ = [
    "CIRCUIT_COLUMNS",
    "CIRCUIT_CONSTANTS",
    "CONSTANTS",
    "DEMAND_BITS",
    "DEMAND_BITS_UNIT",
    "DEMAND_FEATURES",
    "DEMAND_FREE",
    "DEMAND_LOGS",
    "EDGE_FEATURES",
    "FIELD_BITS",
    "FIELD_BITS_UNIT",
    "FORMS",
    "IS_BOOLEAN",
    "IS_CONSTRAINT",
    "IS_PUBLIC",
    "MEANINGS",
    "NODE_FEATURES",
    "SPLITS",
    "TARGETS",
    "TARGET_NAMES",
    "Array",
    "Demand",
    "Generation",
    "Graphs",
    "Rebuilt",
    "Split",
    "Standardiser",
    "Writer",
    "check_sample",
    "columns",
    "draw_again",
    "generate",
    "label_version",
    "nearest",
    "nearest_place",
    "read",
    "read_all",
    "rebuild",
    "schema_version",
    "write",
]
