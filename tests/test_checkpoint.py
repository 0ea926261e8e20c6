"""A published network: two files that belong together."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from nexuszero.crypto import CryptoBridge
from nexuszero.data import Graphs, Standardiser
from nexuszero.errors import InputError
from nexuszero.network import (
    Checkpoint,
    ModelConfig,
    Origin,
    ParameterNet,
    from_format_1,
    load,
    predict,
    publish,
    save,
)
from nexuszero.network.checkpoint import RENAMED
from nexuszero.paths import PUBLISHED

SHAPE = {"hidden_dim": 16, "num_layers": 2, "num_heads": 4, "dropout": 0.0}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    file = tmp_path / "model.safetensors"
    standardiser = Standardiser((1.0,) * 6, (2.0,) * 6)
    publish(file, Checkpoint(ParameterNet(ModelConfig(**SHAPE)), standardiser, Origin(config=SHAPE, seed=3)))
    return file


def test_it_comes_back_as_it_was(published: Path) -> None:
    first, again = (load(published) for _ in range(2))
    assert first.origin == Origin(config=SHAPE, seed=3)
    assert first.standardiser == Standardiser((1.0,) * 6, (2.0,) * 6)
    assert not first.model.training
    save(published.with_suffix(".pt"), first)
    saved = load(published.with_suffix(".pt"))
    for weights in (again, saved):
        assert all(map(torch.equal, first.model.parameters(), weights.model.parameters()))


def test_weights_that_the_json_does_not_describe_are_refused(published: Path) -> None:
    content = bytearray(published.read_bytes())
    content[-1] ^= 1
    published.write_bytes(content)
    with pytest.raises(InputError, match=r"is not the file that model\.json describes; restore both"):
        load(published)


@pytest.mark.parametrize("damage", ["no json", "no hash", "no tensors"])
def test_half_of_it_is_refused(published: Path, damage: str) -> None:
    about = published.with_suffix(".json")
    if damage == "no json":
        about.unlink()
    elif damage == "no hash":
        about.write_text("{}")
    else:
        meta = json.loads(about.read_text())
        published.write_bytes(b"")
        meta["sha256"] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        about.write_text(json.dumps(meta))
    with pytest.raises(InputError, match="not a readable checkpoint"):
        load(published)


def test_the_published_network_predicts_what_it_did_when_it_was_published() -> None:
    """Recorded by the code that wrote it (format 1): n, log2 q, sigma, bits, hardness, bytes, at 128 bits."""
    bridge = CryptoBridge()
    families = [bridge.families().index(name) for name in ("merkle", "ranges", "mimc")]
    graphs = Graphs.from_columns(bridge.synthesize(families, [1, 2, 3]).graphs(128))
    prediction = predict(load(PUBLISHED), graphs)
    recorded = [
        [1529.2657143629688, 30.639969677490164, 2041.7912670496848, 130.1904872406001, 0.8298804411380803, 30842.2033],
        [1598.514006976212, 32.47392626630871, 760.0418416791184, 129.39595200759197, 0.8288885389918063, 10767.891805],
        [11953.672756157928, 254.4520502155654, 1513.6562083597764, 128.9274557589001, 0.8286598154713402, 40172.14664],
    ]
    np.testing.assert_allclose(prediction.targets, recorded, rtol=1e-5)
    np.testing.assert_allclose(prediction.demand.bits, [64 * b for b in (0.0263280551, 0.38492333889, 0.016084117814)],
                               rtol=1e-4)  # fmt: skip
    assert prediction.demand.free == pytest.approx([0.00022287976, 0.99801021814, 0.00016288745], rel=1e-4)


def test_where_the_published_network_comes_from() -> None:
    """Its file says more than a record of today: what an older version noted stays readable."""
    about = json.loads(PUBLISHED.with_suffix(".json").read_text())
    origin = load(PUBLISHED).origin
    assert origin == Origin(**{name: about[name] for name in ("config", "metrics", "seed", "data", "versions")})
    assert origin.seed == origin.config["seed"] and set(origin.data) == {"train", "val", "test"}


def test_every_name_of_format_1_has_one_of_today() -> None:
    weights = load_file(PUBLISHED)
    renamed = from_format_1(weights)
    model = load(PUBLISHED).model
    assert len(renamed) == len(weights) == len(model.state_dict())
    assert set(renamed) == set(model.state_dict())
    assert all(torch.equal(renamed[name], weight) for name, weight in model.state_dict().items())
    assert from_format_1(renamed) == renamed  # today's names stay


def test_a_checkpoint_of_format_1_is_read(published: Path) -> None:
    now = load(published)
    old_names = {new: old for old, new in RENAMED.items()}
    weights = {}
    for name, weight in now.model.state_dict().items():
        prefix = next((new for new in old_names if name.startswith(new)), "")
        weights[old_names.get(prefix, "") + name.removeprefix(prefix)] = weight
    assert {name.split(".")[0] for name in weights} == {
        "embed_wire", "embed_constraint", "rounds", "read_wires", "read_constraints", "reach_wire", "reach_constraint",
        "count_wire", "count_constraint", "demand_head", "answer_head",
    }  # fmt: skip
    meta = json.loads(published.with_suffix(".json").read_text()) | {"format": 1}
    del meta["model"]
    file = published.with_suffix(".pt")
    torch.save({"weights": weights, "meta": json.dumps(meta)}, file)
    then = load(file)
    assert then.model.config == now.model.config and then.standardiser == now.standardiser
    assert all(map(torch.equal, then.model.parameters(), now.model.parameters()))


def test_parts_that_a_network_lacks_are_kept(tmp_path: Path) -> None:
    config = ModelConfig(**SHAPE, receiver_bias=False, pooled_demand=False)
    save(tmp_path / "a.pt", Checkpoint(ParameterNet(config), Standardiser((0.0,) * 6, (1.0,) * 6)))
    assert load(tmp_path / "a.pt").model.config == config


def test_another_format_is_refused(published: Path) -> None:
    about = published.with_suffix(".json")
    about.write_text(json.dumps(json.loads(about.read_text()) | {"format": 3}))
    with pytest.raises(InputError, match="checkpoint format 3, expected 1 or 2; train again"):
        load(published)


def test_what_is_published_again_has_its_own_hash(published: Path) -> None:
    again = published.with_name("again.safetensors")
    publish(again, load(published))
    assert json.loads(again.with_suffix(".json").read_text())["format"] == 2
    assert load(again).origin == load(published).origin
