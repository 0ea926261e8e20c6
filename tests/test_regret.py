"""What following a network would cost, with networks whose answers are known."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nexuszero.config import GenerateConfig
from nexuszero.crypto import CryptoBridge
from nexuszero.data import Standardiser, generate, read_all, rebuild
from nexuszero.errors import InputError
from nexuszero.evaluation import corpus_files, fixture_files, real, regret
from nexuszero.network import (
    Checkpoint,
    Margin,
    ModelConfig,
    ParameterNet,
    search_rebuilt,
)


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    out = tmp_path_factory.mktemp("circuits")
    generate(
        GenerateConfig(out=out, train=40, val=12, test=12, seed=2), log=lambda _: None
    )
    return read_all(out)


@pytest.fixture(scope="module")
def model(splits):
    """Untrained; only its units matter here."""
    return Checkpoint(
        ParameterNet(ModelConfig(8, 1, 2, 0.0)).eval(),
        Standardiser.fit(splits["train"].targets),
    )


def judged(split, model, values):
    return regret.regret_of_split(
        split, rebuild(split), {"it": values}, model.standardiser
    )["it"]


def test_labels_as_proposals_have_no_excess(splits, model):
    split = splits["test"]
    rows = judged(split, model, split.targets)
    assert len(rows) == len(split) == 12
    assert all(
        row.sound and row.excess == row.larger == row.hiding_short == 0 for row in rows
    )
    assert sorted(row.proof_size for row in rows) == sorted(split.metrics[:, 2])
    summary = regret.summarise_regret(rows)
    assert (summary["circuits"], summary["free"]) == (
        12,
        int(split.circuit["liftable"].sum()),
    )
    assert (
        summary["sound"],
        summary["optimum"],
        summary["worst_excess"],
        summary["p95_excess"],
    ) == (1, 1, 0, 0)
    assert (
        summary["warm_optimal"] == 1
        and summary["warm_evaluations"] <= 5
        and summary["cold_evaluations"] > 1
    )


def test_a_little_less_of_everything_is_unsound(splits, model):
    split = splits["test"]
    rows = judged(split, model, split.targets * [0.8, 1, 0.9, 1, 1, 1])
    assert not any(row.sound for row in rows) and all(
        row.larger is None for row in rows
    )
    assert all("hiding" in row.fails for row in rows)
    n = 64 * np.rint(0.8 * split.params[:, 0] / 64)
    fixed = {
        31: 2**31 - 2**27 + 1,
        64: 2**64 - 2**32 + 1,
    }  # the others are some powers of two, to 0.2 bits
    log2_q = [math.log2(fixed.get(int(bits), 2**bits)) for bits in split.params[:, 1]]
    smoothing = np.array(
        [
            {100: 17, 128: 21, 192: 30, 256: 39}[int(level)]
            for level in split.circuit["security"]
        ]
    )
    most, least = (
        split.circuit["security"]
        - CryptoBridge().estimate_lwe(n.astype(int), log2_q, s, s)["bits"]
        for s in (
            np.sqrt(j * smoothing / 8) for j in (4, 8)
        )  # the narrowest and the widest secrets
    )
    short = np.sort([row.hiding_short for row in rows])
    assert (np.sort(least) - 0.3 <= short).all() and (
        short <= np.sort(most) + 0.3
    ).all()
    assert regret.summarise_regret(rows)["hiding_short"] == np.mean(
        [row.hiding_short for row in rows]
    )


def test_three_bits_of_q_too_few_are_three_bits_short(splits, model):
    split = splits["test"]
    free = split.circuit["liftable"] & (split.circuit["bits"] > 20)
    fewer = split.targets.copy()
    fewer[:, 1] = np.where(free, split.circuit["bits"] - 2, fewer[:, 1])
    short = [row.modulus_short for row in judged(split, model, fewer)]
    assert free.any() and sorted(short) == sorted(np.where(free, 3, 0))


def test_an_uphill_search_by_hand():
    """Bytes by log2 q and ord: from (16, 1) it sees (17, 1), (16, 2), then (18, 1), (17, 2); that one is not sound."""
    sizes = {(16, 1): 9, (16, 2): 10, (17, 1): 7, (18, 1): 8, (40, 4): 5}
    assert regret.climb(sizes, (16, 1), most_bits=64) == (5, False)
    assert regret.climb(sizes, (40, 4), most_bits=64) == (5, True)
    assert regret.climb({(254, 1): 3}, (254, 1), most_bits=254) == (
        1 + 1,
        True,
    )  # ord 2 alone is left to try


def test_whoever_believes_the_truth_needs_no_margin(splits, model):
    split, nothing = splits["train"], np.zeros((40, 6))
    none = regret.choose_margin(split, list(rebuild(split)), nothing, split.demand)
    assert (none.certainty, none.bits) == (
        0.5,
        0,
    )  # rows may cost less than nothing: docs/labels.md
    demand = split.demand
    humble = replace(
        demand, bits=demand.bits - 2
    )  # every value is too short; too few rows would leave sigma as it is
    found = regret.choose_margin(split, list(rebuild(split)), nothing, humble)
    before, after = (
        judged(split, model, search_rebuilt(rebuild(split), humble, nothing, margin))
        for margin in (Margin(), found)
    )
    assert not all(row.sound for row in before)
    assert (
        found.bits >= 1 and np.mean([row.sound for row in after]) >= regret.LEAST_SOUND
    )


def test_compiled_circuits_are_the_repositorys_that_an_answer_covers(model):
    others = {
        "mean": lambda split: model.standardiser.inverse(np.zeros((len(split), 6)))
    }
    found = regret.regret_of_files(fixture_files(), model, Margin(), others=others)
    assert list(found)[-1] == "mean" and len(found["mean"]) == len(found["network"])
    assert list(found) == [
        "network",
        "network, then search",
        "network, then search, with a margin",
        "mean",
    ]
    files = list(fixture_files().values())
    analyses = CryptoBridge().read(files).analyse()
    asked = (
        (analyses["forms"] > 0)
        & (analyses["unsatisfiable"] == 0)
        & (analyses["custom_gates"] == 0)
    )
    kept = {
        f"fixtures {file.name}"
        for file, wanted in zip(files, asked, strict=True)
        if wanted
    }
    rows = found["network"]
    assert {row.circuit for row in rows} == kept and len(kept) > 70
    summary = regret.summarise_regret(rows)
    assert 0 < summary["free"] < summary["circuits"] == len(rows)
    assert 0 <= summary["median_excess"] <= summary["worst_excess"]
    assert all(
        row.excess >= 0 for row in rows if not row.free
    )  # four widths to choose from


def test_another_directory_may_be_named(model, tmp_path):
    with pytest.raises(InputError, match=r"holds no \.r1cs file"):
        fixture_files(tmp_path)
    own = fixture_files(Path(__file__).parent / "fixtures/circuits")
    assert len(regret.regret_of_files(own, model, Margin(), 256)["network"]) == 8


def test_circuits_of_the_corpus_are_named_by_library(monkeypatch, tmp_path):
    listed = tmp_path / "corpus.json"
    rows = [{"library": "@them/theirs", "name": "select", "level": "O2"}]
    listed.write_text(json.dumps({"circuits": rows}))
    monkeypatch.setattr(real, "CORPUS", listed)
    with pytest.raises(InputError, match="1 of 1 circuits are missing; run `make corp"):
        corpus_files(tmp_path)
    file = tmp_path / "select.O2/select.r1cs"
    file.parent.mkdir()
    file.touch()
    assert corpus_files(tmp_path) == {"@them/theirs select.O2": file}


def test_reading_is_told_apart_where_the_network_is_sure():
    """By hand: of four circuits three are read rightly; of the two that it is sure of, one."""
    row = regret.Regret(
        "lib a", 128, True, 9, 30, "hiding", 1, None, True, (), 0.0, 0.0, 0.0, 0, None
    )
    read = [(True, 0.95), (True, 0.05), (True, 0.6), (False, 0.2)]
    rows = [replace(row, free=free, said_free=said) for free, said in read]
    summary = regret.summarise_regret(rows)
    assert (summary["free_right"], summary["sure"]) == (0.75, 0.5)
    assert summary["free_right_where_sure"] == 0.5
    assert rows[0].group == "lib"
    assert regret.summarise_regret([row])["free_right"] is None


def test_without_a_free_modulus_there_is_no_excess_to_tell():
    fixed = regret.Regret(
        "a", 128, False, 9, 30, "hiding", 1, None, True, (), 0.0, 0.0, 0.0, 0, None
    )
    summary = regret.summarise_regret([fixed])
    assert (
        summary["sound"] == 1
        and summary["median_excess"]
        is summary["optimum"]
        is summary["worst_excess"]
        is None
    )
    assert summary["warm_evaluations"] is summary["hiding_short"] is None


def test_a_row_of_a_table_has_every_field_in_plain_values():
    climb = regret.Climb(5, True)
    fields = (
        "a",
        128,
        True,
        9,
        30,
        "hiding",
        10,
        climb,
        False,
        ("hiding",),
        0.1,
        None,
        2.0,
        0,
        None,
    )
    row = regret.Regret(*fields).row()
    assert list(row) == [
        "circuit",
        "security",
        "free",
        "proof_size",
        "nodes",
        "binds",
        "candidates",
        "cold",
        "sound",
        "fails",
        "excess",
        "larger",
        "hiding_short",
        "modulus_short",
        "warm",
        "said_free",
    ]
    assert row["cold"] == {"evaluations": 5, "optimal": True} and row["warm"] is None
    assert row["fails"] == ["hiding"] and json.loads(json.dumps(row)) == row
