"""Reads a split from its HDF5 file, whole, and checks it; the file is closed at once, so no handle crosses a fork.

One group or file per graph reads up to a thousand times slower than flat columns.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from nexuszero.data.columns import Array, columns, label_version, schema_version
from nexuszero.data.split import SPLITS, Split
from nexuszero.data.writer import ATTRIBUTES, attributes_hash, content_hash
from nexuszero.errors import InputError
from nexuszero.files import check_regular


def read(path: Path | str) -> Split:
    """Reads a whole split from ``index.h5``, or from the directory that holds it."""
    file = Path(path) / "index.h5" if Path(path).is_dir() else Path(path)
    if not file.is_file():
        raise InputError(
            f"{file}: no such dataset; run `nexuszero generate`, or correct the data path"
        )
    check_regular(file)
    try:
        with h5py.File(file, "r") as opened:
            _check_version(opened, file)
            arrays = {name: _column(opened, name, file) for name in columns()}
            attributes = dict(opened.attrs)
    except InputError:
        raise
    except Exception as error:  # h5py raises many kinds for a damaged file
        raise InputError(
            f"{file}: truncated or corrupt ({error}); delete it and generate again"
        ) from None
    texts = {name: _as_text(values) for name, values in arrays.items()}
    split = Split.from_file(texts, attributes)
    _check_lengths(split, file)
    _check_edges(split, file)
    _check_hashes(arrays, attributes, file)
    return split


def read_all(directory: Path | str) -> dict[str, Split]:
    """The three splits of a dataset by name; the dataset read last stays in memory until its files change."""
    files = tuple(Path(directory) / name / "index.h5" for name in SPLITS)
    splits = _remembered(files, tuple(_stamp(file) for file in files))
    return dict(zip(SPLITS, splits, strict=True))


@lru_cache(1)
def _remembered(
    files: tuple[Path, ...], _stamps: tuple[tuple[int, int], ...]
) -> tuple[Split, ...]:
    splits = tuple(read(file) for file in files)
    seeds = {
        str(file): split.attributes.get("master_seed")
        for file, split in zip(files, splits, strict=True)
    }
    if len(set(seeds.values())) > 1:
        stated = ", ".join(f"{file} has {seed}" for file, seed in seeds.items())
        raise InputError(f"splits of different seeds: {stated}; generate them again")
    return splits


def _stamp(file: Path) -> tuple[int, int]:
    """What changes when the file does; zeros where there is none."""
    if not file.is_file():
        return 0, 0
    stat = file.stat()
    return stat.st_mtime_ns, stat.st_size


def _check_version(opened: h5py.File, file: Path) -> None:
    """A dataset of other columns, or of labels with another meaning, is refused."""
    for name, expected in (("schema", schema_version()), ("label", label_version())):
        version = opened.attrs.get(f"{name}_version")
        if version is None or int(version) != expected:
            raise InputError(
                f"{file}: {name} version {version}, expected {expected}; generate the dataset again"
            )


def _column(opened: h5py.File, name: str, file: Path) -> Array:
    if name not in opened or not isinstance(opened[name], h5py.Dataset):
        raise InputError(f"{file}: no column {name!r}; generate the dataset again")
    values: Array = opened[name][()]
    dtype, item, _ = columns()[name]
    shape = (
        values.shape[:1]
        if name == "edge_index" and values.ndim == 2
        else values.shape[1:]
    )
    if values.dtype != dtype or shape != item:
        raise InputError(
            f"{file}: column {name!r} is {values.dtype} {values.shape}, expected {dtype} of {item}"
        )
    return values


def _as_text(values: Array) -> Array:
    return values.astype(str) if values.dtype.kind == "S" else values


def _check_hashes(
    arrays: dict[str, Array], attributes: dict[str, Any], file: Path
) -> None:
    """The content is the one that was written, as far as the file states its hashes."""
    stated = attributes.get("content_sha256")
    if stated is not None and stated != content_hash(arrays):
        raise InputError(
            f"{file}: is not what its hash says, damaged or edited; delete it and generate again"
        )
    stated = attributes.get(ATTRIBUTES)
    if stated is not None and stated != attributes_hash(attributes):
        raise InputError(
            f"{file}: attributes are not those that were written; delete it and generate again"
        )


def _check_lengths(split: Split, file: Path) -> None:
    circuits = len(split.params)
    edges = split.edge_index.shape[1]
    by_circuit = [split.metrics, *split.circuit.values()]
    by_node = [split.node_bits, split.node_ends, split.node_rounds]
    sound = (
        all(len(column) == circuits for column in by_circuit)
        and all(len(column) == len(split.x) for column in by_node)
        and len(split.edge_attr) == edges
        and _points(split.node_ptr, circuits, len(split.x))
        and _points(split.edge_ptr, circuits, edges)
    )
    if not sound:
        raise InputError(
            f"{file}: columns of different lengths; delete it and generate again"
        )


def _points(pointer: Array, circuits: int, total: int) -> bool:
    steps_up = bool((np.diff(pointer) >= 0).all())
    return (
        len(pointer) == circuits + 1
        and pointer[0] == 0
        and pointer[-1] == total
        and steps_up
    )


def _check_edges(split: Split, file: Path) -> None:
    if split.edge_index.size == 0:
        return
    nodes = np.repeat(
        np.diff(split.node_ptr), np.diff(split.edge_ptr)
    )  # [edges]: of each edge's circuit
    if split.edge_index.min() < 0 or (split.edge_index.max(axis=0) >= nodes).any():
        raise InputError(
            f"{file}: an edge leaves its circuit; delete it and generate again"
        )
