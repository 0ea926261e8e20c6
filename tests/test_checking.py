"""Bytes are checked before they are believed: flipped bits (NEXUSZERO_FLIPS of them), cuts and hostile numbers."""

import contextlib
import json
import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import synthetic
import torch
from report_cases import study_of
from shell import answer, refused

from nexuszero.checking import check
from nexuszero.config import GenerateConfig, TrainConfig, TuneConfig, with_baseline
from nexuszero.data import SPLITS, Standardiser, generate, read, read_all
from nexuszero.data.writer import write
from nexuszero.errors import InputError
from nexuszero.evaluation import read_analysis
from nexuszero.evaluation.analysis import Report
from nexuszero.files import write_json
from nexuszero.network import (
    Checkpoint,
    ModelConfig,
    Origin,
    ParameterNet,
    load,
    publish,
    read_state,
    save,
    write_state,
)
from nexuszero.training import load_study, open_study
from nexuszero.training.tuning import write_baseline

FLIPS = int(os.environ.get("NEXUSZERO_FLIPS", "40"))


def small(seed: int = 1) -> Checkpoint:
    torch.manual_seed(seed)
    units = Standardiser((1.0, 2, 3, 4, 5, 6), (1.0,) * 6)
    origin = Origin(seed=seed, data={"train": "abc"}, metrics={"val_loss": 0.5})
    return Checkpoint(ParameterNet(ModelConfig(8, 1, 2, 0.0)), units, origin)


def said(checkpoint: Checkpoint) -> Any:
    """All of a network that an answer depends on."""
    weights = {
        name: weight.numpy().tobytes()
        for name, weight in checkpoint.model.state_dict().items()
    }
    about = checkpoint.standardiser, checkpoint.origin, checkpoint.model.config
    return weights, repr(about)


def index(folder: Path) -> tuple[Path, Callable[[], Any]]:
    file = folder / "index.h5"
    write(file, synthetic.block(3, 0), {"split": "val", "master_seed": 0})

    def content() -> Any:
        split = read(file)
        columns = {name: values.tobytes() for name, values in split.columns().items()}
        attributes = {name: str(value) for name, value in split.attributes.items()}
        attributes.pop("attributes_sha256", None)  # says nothing of its own
        return columns, attributes

    return file, content


def network(folder: Path) -> tuple[Path, Callable[[], Any]]:
    save(folder / "best_model.pt", small())
    return folder / "best_model.pt", lambda: said(load(folder))


def published(folder: Path) -> tuple[Path, Callable[[], Any]]:
    publish(folder / "model.safetensors", small())
    file = folder / "model.safetensors"
    return file, lambda: said(load(file))


def description(folder: Path) -> tuple[Path, Callable[[], Any]]:
    file, content = published(folder)
    return file.with_suffix(".json"), content


def state(folder: Path) -> tuple[Path, Callable[[], Any]]:
    file = folder / "last.ckpt"
    weights = small().model.state_dict()
    write_state(file, {"weights": weights, "run": json.dumps({"history": [1]})})

    def content() -> Any:
        try:
            found = read_state(file)
            parts = {
                name: part.numpy().tobytes() for name, part in found["weights"].items()
            }
            return parts, json.loads(found["run"])
        except Exception as error:  # as a resumed run takes it: one line for all
            raise InputError(str(error)) from None

    return file, content


def study(folder: Path) -> tuple[Path, Callable[[], Any]]:
    from nexuszero.training.studies import seal_trial

    file = folder / "study.db"
    opened = open_study(str(file), "s")
    for _ in range(3):
        trial = opened.ask()
        trial.set_user_attr("test_loss", trial.suggest_float("x", 0, 1))
        seal_trial(trial, trial.params["x"] / 3)
        opened.tell(trial, trial.params["x"] / 3)

    def content() -> Any:
        return [
            (trial.number, trial.params, trial.value, trial.user_attrs.get("test_loss"))
            for trial in load_study(str(file), "s").trials
        ]

    return file, content


def measures(folder: Path) -> tuple[Path, Callable[[], Any]]:
    file = folder / "analysis.json"
    content = {key: {"network": 0.0123} for key in Report.__required_keys__}
    write_json(file, content, sealed=True)
    return file, lambda: read_analysis(file)


def baseline(folder: Path) -> tuple[Path, Callable[[], Any]]:
    file = folder / "baseline_config.yaml"
    write_baseline(study_of([1.2, 0.7]), TuneConfig(data=folder, baseline=file))
    return file, lambda: with_baseline(TrainConfig(baseline=file)).model_dump()


KINDS = [baseline, index, network, published, description, state, study, measures]


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
@pytest.mark.filterwarnings("ignore")  # torch, SQLAlchemy and Optuna warn of damage
def test_no_flipped_bit_is_silent(
    tmp_path: Path, make: Callable[[Path], tuple[Path, Callable[[], Any]]]
) -> None:
    file, content = make(tmp_path)
    original = content()
    whole = file.read_bytes()
    drawn = random.Random(7)
    refusals = 0
    places = [drawn.randrange(8 * len(whole)) for _ in range(FLIPS)]
    for place in places:
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        file.write_bytes(flipped)
        try:
            found = content()
        except InputError as error:
            refusals += 1
            assert len(str(error).splitlines()) <= 1
        else:
            assert found == original, f"bit {place} is silent"
    if make is not study:  # most of a database's pages are empty
        assert refusals > 0
    for length in sorted(drawn.randrange(len(whole)) for _ in range(12)):
        file.write_bytes(whole[:length])
        if file.suffix == ".db" and length < 100:
            continue  # an empty file is an empty database, and says so when it is read
        with contextlib.suppress(InputError):
            assert content() == original
    file.write_bytes(whole)
    assert content() == original


def test_weights_and_units_are_numbers(tmp_path: Path) -> None:
    broken = small()
    next(iter(broken.model.parameters())).data.view(-1)[0] = float("nan")
    save(tmp_path / "best_model.pt", broken)
    with pytest.raises(InputError, match="is not finite; train again"):
        load(tmp_path)
    for std in ((1.0,) * 5, (0.0,) * 6, (-1.0,) * 6):
        whole = small()
        save(
            tmp_path / "best_model.pt",
            Checkpoint(whole.model, Standardiser((0.0,) * 6, std), whole.origin),
        )
        with pytest.raises(InputError, match="standardiser"):
            load(tmp_path)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of real circuits."""
    out = tmp_path_factory.mktemp("real")
    generate(
        GenerateConfig(out=out, train=12, val=3, test=3, seed=5, threads=1),
        log=lambda _: None,
    )
    return out


def test_check_makes_circuits_again(data: Path, tmp_path: Path) -> None:
    save(tmp_path / "best_model.pt", small())
    found = answer("check", data)
    assert [row["sound"] for row in found["files"]] == [True] * 4
    assert "12 made again from their seeds" in json.dumps(found)
    line = refused("check", data, tmp_path)  # a network of other data
    assert "1 of 5 files are not what was written" in line


def test_check_finds_a_label_that_somebody_changed(data: Path, tmp_path: Path) -> None:
    split = read(data / "val")
    params = split.params.copy()
    params[1, 0] += 64
    columns = split.columns() | {
        "params": params,
        "circuit/family": split.circuit["family"].astype("S24"),
    }
    attributes = {
        name: value for name, value in split.attributes.items() if "sha256" not in name
    }
    write(tmp_path / "val/index.h5", columns, attributes)  # with hashes that fit
    (finding,) = check([tmp_path])
    assert not finding.sound
    assert "has labels that the search does not give" in finding.said


def test_check_says_which_file_is_damaged(data: Path, tmp_path: Path) -> None:
    for name in SPLITS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.h5").write_bytes(
            (data / name / "index.h5").read_bytes()
        )
    summary = (data / "generation.json").read_text()
    (tmp_path / "generation.json").write_text(summary.replace('"seed": 5', '"seed": 6'))
    with h5py.File(tmp_path / "test/index.h5", "a") as opened:
        opened["x"][0, 0] = 0.5
    damaged = {
        finding.file.name: finding.said
        for finding in check([tmp_path])
        if not finding.sound
    }
    assert sorted(damaged) == ["generation.json", "index.h5"]
    assert "is not what its hash says" in damaged["index.h5"]
    assert refused("check", tmp_path / "nowhere").count("no such file") == 1


def test_splits_of_two_seeds_are_refused(data: Path, tmp_path: Path) -> None:
    synthetic.dataset(tmp_path, seed=1)
    write(
        tmp_path / "test/index.h5",
        synthetic.block(4, 9),
        {"split": "test", "master_seed": 9},
    )
    with pytest.raises(InputError, match="splits of different seeds"):
        read_all(tmp_path)


def test_a_study_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_bytes(np.random.default_rng(1).bytes(5000))
    (finding,) = check([tmp_path])
    assert not finding.sound
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE a (b)")
    database.close()
    with pytest.raises(InputError):
        load_study(str(tmp_path / "other.db"), "s")
