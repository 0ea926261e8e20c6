"""Variants of the network, trained for a moment: what each leaves out, and that a comparison goes on."""

import json

import pytest
import torch
import yaml
from compare import CompareConfig, compare, shape
from figures import by_seed
from gatv2 import PlainNet, both_ways
from variants import VARIANTS

from nexuszero.config import GenerateConfig, TrainConfig
from nexuszero.data import Standardiser, generate, read
from nexuszero.errors import InputError
from nexuszero.network import GraphBatches, ParameterNet
from nexuszero.report import results
from nexuszero.report.seeds import over_seeds
from nexuszero.training import augmented_demands

SMALL = {
    "batches": 5,  # one more than an epoch has
    "steps": 1,
    "sizes": [8, 30],
    "threads": 1,
}
WEEK = {
    "batch_size": 4,
    "hidden_dim": 32,
    "num_layers": 3,
    "num_heads": 4,
    "dropout": 0.0,
}
SHAPE = shape(TrainConfig(**WEEK))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    out = tmp_path_factory.mktemp("circuits")
    sizes = {"train": 16, "val": 4, "test": 4, "test_large": 1, "test_family": 3}
    generate(GenerateConfig(out=out, seed=1, **sizes), log=lambda _: None)
    (out / "baseline.yaml").write_text(yaml.safe_dump(WEEK))
    return out


def configured(data, out, **more):
    return CompareConfig.model_validate(
        {"data": data, "baseline": data / "baseline.yaml", "out": out, "seeds": [1, 2]}
        | SMALL
        | more
    )


def test_every_variant_learns_and_is_measured(data, tmp_path):
    config = configured(data, tmp_path / "found.json")
    found = compare(config, log=lambda _: None)
    assert found == json.loads(config.out.read_text())
    assert [(row["variant"], row["seed"]) for row in found["rows"]] == [
        (name, s) for s in (1, 2) for name in VARIANTS
    ]
    assert [(row["train"], row["seed"]) for row in found["curve"]] == [
        (8, 1),
        (8, 2),
        (30, 1),
        (30, 2),
    ]
    for row in found["rows"]:
        assert set(row["splits"]) == {"val", "test", "test_large", "test_family"}
        assert all(0 < measures["loss"] < 100 for measures in row["splits"].values())
        assert set(row["regret"]) == (
            {"answer"}
            if "free_wrong" not in row["splits"]["val"]
            else {"answer", "searched"}
        )
        assert row["milliseconds"] > 0 and row["regret"]["answer"]["circuits"] <= 4
    runs = by_seed(found)
    assert len(runs) == 2 and results.models(runs[0]).index.tolist() == list(VARIANTS)
    assert "GATv2 by PyG" in over_seeds(results.models, runs).index
    losses = [row["splits"]["val"]["loss"] for row in found["rows"]]
    assert len(set(losses)) == len(
        losses
    )  # so each choice and each seed changes something


def test_a_comparison_goes_on_where_it_ended(data, tmp_path, monkeypatch):
    said, one = [], configured(data, tmp_path / "found.json", variants=["two rounds"])
    compare(one, log=said.append)
    before = one.out.read_text()
    compare(one, log=said.append)
    assert len(said) == 2 + 4 and one.out.read_text() == before
    compare(
        configured(data, one.out, variants=["two rounds", "network"]), log=said.append
    )
    assert (
        len(said) == 6 + 2
        and json.loads(one.out.read_text())["rows"][:2] == json.loads(before)["rows"]
    )
    kept = one.out.read_bytes()
    with pytest.raises(InputError, match="other settings"):
        compare(
            configured(data, one.out, variants=["two rounds"], batches=1),
            log=said.append,
        )
    monkeypatch.setattr(
        "compare.OTHERS", 1
    )  # other rates, or another network, are another comparison
    with pytest.raises(InputError, match="other settings"):
        compare(one, log=said.append)
    with pytest.raises(InputError, match="'no such' is unknown; choose of network; "):
        compare(configured(data, one.out, variants=["no such"]), log=said.append)
    assert one.out.read_bytes() == kept


def test_reports_have_the_variants_of_every_seed():
    row = {"splits": {}, "milliseconds": 1.0, "regret": {"answer": {}}}
    rows = [
        row | {"variant": name, "seed": seed}
        for name, seed in (("a", 1), ("b", 1), ("b", 2), ("c", 2))
    ]
    assert [list(run["models"]) for run in by_seed({"rows": rows})] == [["b"], ["b"]]


def test_variants_are_what_they_say():
    assert isinstance(VARIANTS["GATv2 by PyG"].build(SHAPE), PlainNet)
    names = ("set of nodes, no edges", "twice the width", "network")
    models = [VARIANTS[name].build(SHAPE) for name in names]
    assert all(isinstance(model, ParameterNet) for model in models)
    assert [model.config.num_layers for model in models] == [0, 3, 3]
    assert [model.embed_wire.out_features for model in models] == [16, 32, 16]


def test_a_variant_does_not_learn_what_it_leaves_out(data):
    split = read(data / "val")
    batch = GraphBatches(
        split, Standardiser.fit(split.targets), augmented_demands(split, seed=0)
    ).batch(torch.arange(4))
    torch.manual_seed(0)
    model = VARIANTS["network"].build(SHAPE).train()
    others = {
        "demand_shift": torch.zeros_like(batch.demand_shift),
        "augmented_target": batch.augmented_target + 1,
    }
    rounds = {"node_rounds": batch.node_rounds + 1}
    for name, changes in (
        ("answers learned from circuits alone", others),
        ("ranges learned in the end alone", rounds),
    ):
        for variant, same in ((VARIANTS[name], True), (VARIANTS["network"], False)):
            before, after = (
                variant.loss(model, changed)
                for changed in (batch, batch._replace(**changes))
            )
            assert torch.equal(before, after) == same, name
    without = VARIANTS["messages that do not know the hearer"].build(SHAPE)
    assert not without.message_passing.receiver_bias
    assert not VARIANTS["forms not added up"].build(SHAPE).message_passing.arithmetic


def test_a_variant_does_not_see_what_is_masked(data):
    split = read(data / "val")
    forms = VARIANTS["forms not told apart"].visible(split).edge_attr
    assert (forms[:, :3] == [1, 0, 0]).all() and (
        forms[:, 3:] == split.edge_attr[:, 3:]
    ).all()
    bare = VARIANTS["coefficients not seen"].visible(split).edge_attr
    assert not bare[:, 3:].any() and (bare[:, :3] == split.edge_attr[:, :3]).all()
    constraints = split.x[:, 0] > 0.5
    blind = VARIANTS["constants not seen"].visible(split).x
    assert split.x[constraints, 5:8].any() and not blind[constraints, 5:8].any()
    assert (blind[~constraints] == split.x[~constraints]).all()
    assert split.edge_attr[:, 4].any() and VARIANTS["network"].visible(split) is split


def test_a_set_of_nodes_does_not_see_who_is_joined(data):
    split = read(data / "val")
    batch = GraphBatches(split, Standardiser.fit(split.targets)).batch(torch.arange(4))
    loose = (batch.edge_attr[:, 4] > 0) & (
        batch.x[batch.edge_index[1], 3] < 0.5
    )  # no mark of a Boolean wire
    moved = batch.edge_index.clone()
    moved[1, loose] = moved[1, loose].flip(0)
    model = VARIANTS["set of nodes, no edges"].build(SHAPE).eval()
    again = batch._replace(edge_index=moved)
    assert torch.allclose(
        model(*batch.inputs).targets, model(*again.inputs).targets, atol=1e-5
    )
    assert both_ways(batch).edge_index.shape[1] == 2 * batch.edge_index.shape[1]


def test_the_curve_grows_the_split_it_is_given(data, tmp_path):
    found = compare(
        configured(data, tmp_path / "f.json", variants=["two rounds"], sizes=[40]),
        log=lambda _: None,
    )
    assert [row["train"] for row in found["curve"]] == [40, 40]
