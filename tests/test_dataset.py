"""The HDF5 file: what is written is read back, whatever the blocks, and every damage is told in one line."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import synthetic

from nexuszero.crypto import CryptoBridge
from nexuszero.data import (
    CIRCUIT_COLUMNS,
    EDGE_FEATURES,
    NODE_FEATURES,
    Graphs,
    Split,
    Writer,
    columns,
    read,
    read_all,
    write,
)
from nexuszero.errors import InputError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write(tmp_path / "index.h5", synthetic.block(9, 0), {"split": "train"})
    return tmp_path / "index.h5"


def test_round_trip(file: Path) -> None:
    split, block = read(file), synthetic.block(9, 0)
    assert len(split) == 9
    assert set(split.columns()) == set(block)
    for name, values in split.columns().items():
        if name != "circuit/family":
            np.testing.assert_array_equal(values, block[name], err_msg=name)
    assert set(split.circuit) == set(CIRCUIT_COLUMNS)
    assert split.circuit["family"].tolist() == ["mimc"] * 9
    assert split.attributes["split"] == "train"
    assert split.targets.shape == (9, 6)


def test_blocks_change_neither_content_nor_hash(file: Path, tmp_path: Path) -> None:
    first, second = synthetic.block(4, 1), synthetic.block(5, 2)
    with Writer(tmp_path / "a.h5") as writer:
        writer.append(first)
        writer.append(second)
    split = read(tmp_path / "a.h5")
    whole = write(tmp_path / "b.h5", split.columns())
    assert len(split) == 9
    assert split.content_hash == whole == read(tmp_path / "b.h5").content_hash
    assert split.content_hash != read(file).content_hash
    last = slice(split.edge_ptr[8], split.edge_ptr[9])
    np.testing.assert_array_equal(
        split.edge_index[:, last], second["edge_index"][:, second["edge_ptr"][4] :]
    )


def test_the_hash_is_the_same_on_all_machines(tmp_path: Path) -> None:
    zeros = {
        name: np.zeros_like(values) for name, values in synthetic.block(2, 0).items()
    }
    digest = write(
        tmp_path / "a.h5",
        zeros | {"node_ptr": np.array([0, 1, 2]), "x": np.ones((2, 12), "f4")},
    )
    big_endian = zeros | {
        "node_ptr": np.array([0, 1, 2], ">i8"),
        "x": np.ones((2, 12), ">f4"),
    }
    assert digest == write(tmp_path / "b.h5", big_endian)


def test_columns_are_compressed_and_checked(file: Path) -> None:
    with h5py.File(file) as opened:
        for name in ("x", "edge_index", "params", "circuit/seed"):
            column = opened[name]
            assert (column.compression, column.shuffle, column.fletcher32) == (
                "gzip",
                True,
                True,
            )
            assert column.chunks is not None


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="midway"),
        Writer(tmp_path / "index.h5") as writer,
    ):
        writer.append(synthetic.block(2, 0))
        raise RuntimeError("midway")
    assert list(tmp_path.iterdir()) == []


def test_a_block_needs_all_columns(tmp_path: Path) -> None:
    block = synthetic.block(2, 0)
    del block["params"]
    with (
        pytest.raises(ValueError, match="params"),
        Writer(tmp_path / "index.h5") as writer,
    ):
        writer.append(block)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"index\.h5: no such dataset; run `nexuszero generate`"
    ):
        read_all(tmp_path)


def test_a_block_may_not_have_others(tmp_path: Path) -> None:
    block = synthetic.block(2, 0) | {"color": np.zeros(2)}
    with (
        pytest.raises(ValueError, match="unknown columns: color"),
        Writer(tmp_path / "index.h5") as writer,
    ):
        writer.append(block)


def test_types_of_columns_are_the_librarys_but_for_three() -> None:
    library = CryptoBridge().columns()
    assert (columns()["x"].item, columns()["edge_attr"].item) == (
        (NODE_FEATURES,),
        (EDGE_FEATURES,),
    )
    for name, kind in library.items():
        own = columns().get(name) or columns().get(f"circuit/{name}")
        if own is not None and name not in ("family", "bits", "liftable"):
            assert (own.dtype, own.item) == (kind.base, kind.shape), name
    joined = {"edge_source", "edge_target", "nodes", "edges", "heights"}
    assert {
        name
        for name in library
        if name not in columns() and f"circuit/{name}" not in columns()
    } == joined
    assert [
        columns()[name].dtype.str for name in ("node_ptr", "edge_index", "circuit/bits")
    ] == ["<i8", "<i4", "<u4"]


def test_graphs_are_the_librarys_without_labels() -> None:
    bridge = CryptoBridge()
    library = bridge.synthesize(
        [bridge.families().index("merkle")] * 3, [1, 2, 3]
    ).graphs(128)
    graphs, two = Graphs.from_columns(library), Graphs.from_columns(library, 2)
    assert (len(graphs), len(two)) == (3, 2)
    assert not hasattr(graphs, "targets") and not isinstance(graphs, Split)
    assert np.diff(graphs.node_ptr).tolist() == library["nodes"].tolist()
    assert len(graphs.x) == graphs.node_ptr[-1] and graphs.edge_index.shape == (
        2,
        graphs.edge_ptr[-1],
    )
    np.testing.assert_array_equal(graphs.edge_index[0], library["edge_source"])
    np.testing.assert_array_equal(two.x, graphs.x[: graphs.node_ptr[2]])
    np.testing.assert_array_equal(
        two.edge_index, graphs.edge_index[:, : graphs.edge_ptr[2]]
    )
    assert (
        repr(two)
        == f"Graphs(2 circuits, {len(two.x)} nodes, {len(two.edge_attr)} edges)"
    )


def test_a_split_is_graphs_with_labels(file: Path) -> None:
    split = read(file)
    assert isinstance(split, Graphs) and repr(split).startswith("Split(9 circuits, ")
    with pytest.raises(TypeError, match="params"):
        Split(
            split.x, split.edge_index, split.edge_attr, split.node_ptr, split.edge_ptr
        )


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.97])
def test_a_truncated_file(file: Path, share: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match=r"index\.h5.*(truncated|corrupt)"):
        read(file)


def test_a_flipped_byte(file: Path) -> None:
    with h5py.File(file) as opened:
        offset = opened["x"].id.get_chunk_info(0).byte_offset
    content = bytearray(file.read_bytes())
    content[offset + 40] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"index\.h5.*corrupt"):
        read(file)


@pytest.mark.parametrize(("name", "expected"), [("schema", 8), ("label", 2)])
def test_another_version_of_columns_or_labels(
    file: Path, name: str, expected: int
) -> None:
    with h5py.File(file, "a") as opened:
        opened.attrs[f"{name}_version"] = 1
    with pytest.raises(
        InputError, match=rf"{name} version 1, expected {expected}; generate"
    ):
        read(file)


@pytest.mark.parametrize("name", ["x", "edge_ptr", "metrics", "circuit/liftable"])
def test_a_missing_column(file: Path, name: str) -> None:
    with h5py.File(file, "a") as opened:
        del opened[name]
    with pytest.raises(InputError, match=f"no column '{name}'"):
        read(file)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("x", np.zeros((5, 11), "f4"), "column 'x'"),
        ("params", np.zeros((9, 3), "f4"), "column 'params'"),
        ("params", np.zeros((8, 3)), "different lengths"),
        ("node_ptr", np.arange(10), "different lengths"),
    ],
)
def test_a_malformed_column(
    file: Path, name: str, values: np.ndarray, message: str
) -> None:
    with h5py.File(file, "a") as opened:
        del opened[name]
        opened[name] = values
    with pytest.raises(InputError, match=message):
        read(file)


def test_an_edge_that_leaves_its_circuit(file: Path) -> None:
    with h5py.File(file, "a") as opened:
        opened["edge_index"][0, 0] = 1000
    with pytest.raises(InputError, match="an edge leaves its circuit"):
        read(file)


def test_the_file_is_closed_after_reading(file: Path) -> None:
    split: Split = read(file)
    file.unlink()
    assert split.x.flags.owndata


def test_the_dataset_read_last_stays_in_memory_until_its_files_change(tmp_path):
    synthetic.dataset(tmp_path)
    first = read_all(tmp_path)
    assert read_all(tmp_path)["val"] is first["val"]
    synthetic.dataset(tmp_path, seed=3)
    again = read_all(tmp_path)
    assert again["val"] is not first["val"]
    assert again["val"].content_hash != first["val"].content_hash
