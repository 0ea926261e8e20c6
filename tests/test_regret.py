"""What following a network would cost, with networks whose answers are known."""

from pathlib import Path

import numpy as np
import pytest

from nexuszero import regret
from nexuszero.batching import Standardiser
from nexuszero.checkpoint import Checkpoint
from nexuszero.config import GenerateConfig
from nexuszero.crypto import CryptoBridge
from nexuszero.dataset import read_all
from nexuszero.errors import InputError
from nexuszero.generation import generate
from nexuszero.model import ParameterNet


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    out = tmp_path_factory.mktemp("circuits")
    generate(GenerateConfig(out=out, train=40, val=12, test=12, seed=1), log=lambda _: None)
    return read_all(out)


@pytest.fixture(scope="module")
def model(splits):
    """Untrained; only its units matter here."""
    return Checkpoint(ParameterNet(8, 1, 2, 0.0).eval(), Standardiser.fit(splits["train"].targets), {})


def test_labels_as_proposals_have_no_excess(splits, model):
    split = splits["test"]
    rows = regret.drawn(split, split.targets, model.standardiser)
    assert len(rows) == len(split) == 12
    assert all(row["sound"] and row["excess"] == 0 for row in rows)
    assert sorted(row["proof_size"] for row in rows) == sorted(split.metrics[:, 2])
    told = regret.summary(rows)
    assert (told["circuits"], told["free"]) == (12, int(split.circuit["liftable"].sum()))
    assert (told["sound"], told["optimum"], told["worst_excess"]) == (1, 1, 0)


def test_a_little_less_of_everything_is_unsound(splits, model):
    split = splits["test"]
    rows = regret.drawn(split, split.targets * [0.8, 1, 0.9, 1, 1, 1], model.standardiser)
    assert not any(row["sound"] for row in rows)
    assert all("hiding" in row["fails"] for row in rows)


def test_compiled_circuits_are_the_repositorys_that_an_answer_covers(model):
    rows = regret.compiled(None, model)
    files = [file for place in regret.FIXTURES for file in sorted(place.glob("*.r1cs"))]
    forms = CryptoBridge().read(files).analyse()["forms"]
    kept = {file.name for file, count in zip(files, forms, strict=True) if count and "customgate" not in file.name}
    assert {row["circuit"] for row in rows} == kept and len(kept) > 80
    told = regret.summary(rows)
    assert 0 < told["free"] < told["circuits"] == len(rows)
    assert 0 <= told["median_excess"] <= told["worst_excess"]
    assert all(row["excess"] == 0 for row in rows if not row["free"])


def test_another_directory_may_be_named(model, tmp_path):
    with pytest.raises(InputError, match=r"holds no \.r1cs file"):
        regret.compiled(tmp_path, model)
    own = Path(__file__).parent / "fixtures/circuits"
    assert len(regret.compiled(own, model, 256)) == 8


def test_without_a_free_modulus_there_is_no_excess_to_tell():
    row = {"free": False, "sound": True, "excess": 0.0, "mean_sound": False, "mean_excess": 0.0}
    told = regret.summary([row])
    assert told["sound"] == 1 and told["median_excess"] is told["optimum"] is told["worst_excess"] is None
    assert np.isclose(told["mean_predictor_sound"], 0)
