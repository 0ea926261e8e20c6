"""The dataset that `generate` writes: sizes, columns, attributes; the same content for any number of threads."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from nexuszero.config import GenerateConfig
from nexuszero.crypto import SHIFTED, CryptoBridge
from nexuszero.data import SPLITS, generation, read, read_all
from nexuszero.errors import InputError
from nexuszero.files import read_json


def make(out, **changes):
    config = GenerateConfig(out=out, train=70, val=14, test=14, seed=5, **changes)
    return generation.generate(config, log=lambda line: None)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("data")
    return out, make(out)


def test_sizes_and_schema(dataset):
    out, summary = dataset
    splits = read_all(out)
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 70,
        "val": 14,
        "test": 14,
    }
    for split in splits.values():
        assert split.x.shape[1] == 12
        assert split.edge_attr.shape[1] == 5
        assert split.edge_index.dtype == np.int32
        nodes = split.circuit["wires"] - 1 + split.circuit["constraints"]
        assert np.array_equal(np.diff(split.node_ptr), nodes)
        assert (split.metrics[:, 0] >= split.circuit["security"]).all()
    assert summary["sha256"] == {
        name: split.content_hash for name, split in splits.items()
    }
    assert read_json(out / "generation.json", "") == summary


def test_shifted_splits_stand_beside_the_others_which_stay_as_they_are(
    dataset, tmp_path
):
    summary = make(tmp_path, test_large=2, test_family=5)
    assert {name: summary["sha256"][name] for name in SPLITS} == dataset[1]["sha256"]
    large, family = (read(tmp_path / name) for name in SHIFTED)
    assert (len(large), len(family)) == (2, 5)
    assert (np.diff(large.node_ptr) >= 2000).all() and (
        np.diff(large.node_ptr) < 20_000
    ).all()
    unseen = {"bigint", "euclid", "blake", "base64"}
    assert set(family.circuit["family"]) <= unseen
    bridge = CryptoBridge()
    numbers = [bridge.families().index(str(name)) for name in large.circuit["family"]]
    found = bridge.synthesize(numbers, large.circuit["seed"], large=True).analyse()
    assert np.array_equal(found["forms"], large.circuit["forms"])
    assert make(tmp_path)["sha256"] == dataset[1]["sha256"]
    assert not (tmp_path / "test_large/index.h5").exists()


def test_plain_h5py_opens_it_with_named_columns(dataset):
    with h5py.File(dataset[0] / "train/index.h5") as file:
        assert file["x"].compression == "gzip"
        assert file["x"].shuffle
        assert file["x"].fletcher32
        assert json.loads(file.attrs["params_columns"]) == ["n", "log2_q", "sigma"]
        for name in (
            "label_version",
            "schema_version",
            "master_seed",
            "split",
            "crate_version",
            "content_sha256",
        ):
            assert name in file.attrs


@pytest.mark.parametrize("threads", [1, 2])
def test_content_depends_on_neither_threads_nor_blocks(
    dataset, tmp_path, monkeypatch, threads
):
    monkeypatch.setattr(generation, "BLOCK", 17)
    assert make(tmp_path, threads=threads)["sha256"] == dataset[1]["sha256"]


def test_a_split_begins_alike_whatever_the_others_want(dataset, tmp_path):
    """Sizes far from the splits' shares: most of the stream is read for one of them."""
    config = GenerateConfig(out=tmp_path, train=3, val=14, test=80, seed=5)
    generation.generate(config, log=str)
    wanted, longer = read(dataset[0] / "test"), read(tmp_path / "test")
    assert len(longer) == 80 and np.array_equal(
        longer.circuit["seed"][:14], wanted.circuit["seed"]
    )
    assert read(tmp_path / "val").content_hash == dataset[1]["sha256"]["val"]


def test_another_seed_is_another_dataset(dataset, tmp_path):
    other = generation.generate(
        GenerateConfig(out=tmp_path, train=70, val=14, test=14, seed=6), log=str
    )
    assert not set(other["sha256"].values()) & set(dataset[1]["sha256"].values())


def test_an_interrupted_run_leaves_the_old_files(dataset, monkeypatch):
    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(generation.Writer, "append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(dataset[0])
    assert {name: len(split) for name, split in read_all(dataset[0]).items()} == dict(
        zip(SPLITS, (70, 14, 14), strict=True)
    )
    assert not list(dataset[0].rglob("*.tmp"))


def test_lots_of_other_circuits_repeat_and_share_none_with_the_dataset(dataset):
    splits = read_all(dataset[0])
    train = splits["train"]
    first = generation.draw_again(train, 1, threads=1)
    again = generation.draw_again(train, 1, threads=2)
    second = generation.draw_again(train, 2)
    assert len(first) == len(second) == len(train)
    for name, column in first.columns().items():
        assert np.array_equal(column, again.columns()[name]), name

    seeds = [set(split.circuit["seed"]) for split in (*splits.values(), first, second)]
    assert len(set.union(*seeds)) == sum(map(len, seeds))


def test_a_lot_s_labels_are_the_search_s_and_its_circuits_are_of_training(dataset):
    train = read_all(dataset[0])["train"]
    lot = generation.draw_again(train, 3)
    for level, positions, circuits in generation.rebuild(lot):
        labels = circuits.choices(level)
        for place, label in zip(positions, labels, strict=True):
            assert (label.n, label.log2_q) == tuple(lot.params[place, :2])
    # the stream gives a position's circuit to one split: to val or test none of these
    rows = CryptoBridge().generate(5, 3 * generation.LOT, 256, 1)
    trained = rows[0]["seed"][: len(lot)]
    assert np.array_equal(trained, lot.circuit["seed"][: len(trained)])
    assert not set(lot.circuit["seed"]) & {*rows[1]["seed"], *rows[2]["seed"]}


def test_a_split_without_a_master_seed_has_no_other_circuits(dataset):
    train = replace(read_all(dataset[0])["train"], attributes={})
    with pytest.raises(InputError, match="master seed"):
        generation.draw_again(train, 1)
