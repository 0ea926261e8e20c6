"""A published network: two files that belong together."""

import json
from pathlib import Path

import pytest
import torch

from nexuszero.data import Standardiser
from nexuszero.errors import InputError
from nexuszero.network import (
    Checkpoint,
    ModelConfig,
    Origin,
    ParameterNet,
    load,
    publish,
    save,
)

SHAPE = {"hidden_dim": 16, "num_layers": 2, "num_heads": 4, "dropout": 0.0}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    file = tmp_path / "model.safetensors"
    standardiser = Standardiser((1.0,) * 6, (2.0,) * 6)
    publish(
        file,
        Checkpoint(
            ParameterNet(ModelConfig(**SHAPE)),
            standardiser,
            Origin(config=SHAPE, seed=3),
        ),
    )
    return file


def test_it_comes_back_as_it_was(published: Path) -> None:
    first, again = (load(published) for _ in range(2))
    assert first.origin == Origin(config=SHAPE, seed=3)
    assert first.standardiser == Standardiser((1.0,) * 6, (2.0,) * 6)
    assert not first.model.training
    save(published.with_suffix(".pt"), first)
    saved = load(published.with_suffix(".pt"))
    for weights in (again, saved):
        assert all(
            map(torch.equal, first.model.parameters(), weights.model.parameters())
        )


def test_weights_that_the_json_does_not_describe_are_refused(published: Path) -> None:
    content = bytearray(published.read_bytes())
    content[-1] ^= 1
    published.write_bytes(content)
    with pytest.raises(
        InputError, match=r"is not the file that model\.json describes; restore both"
    ):
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
        meta["sha256"] = (
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
        about.write_text(json.dumps(meta))
    with pytest.raises(InputError, match="not a readable checkpoint"):
        load(published)


@pytest.mark.parametrize(
    ("kind", "key", "now", "unsaid"),
    [("labels", "label_version", 2, 1), ("graphs", "schema_version", 8, 6)],
)
@pytest.mark.parametrize("said", [False, True])
def test_a_network_of_other_labels_or_graphs_is_refused(
    published: Path, kind: str, key: str, now: int, unsaid: int, said: bool
) -> None:
    """One that does not say what it has learned from is of the last version that did not; or it is of the next."""
    about = published.with_suffix(".json")
    meta = json.loads(about.read_text())
    assert meta.pop(key) == now
    about.write_text(json.dumps(meta | {key: now + 1} if said else meta))
    learned = now + 1 if said else unsaid
    expected = f"{kind} of version {learned}, expected {now}; train again"
    with pytest.raises(InputError, match=expected):
        load(published)


def test_parts_that_a_network_lacks_are_kept(tmp_path: Path) -> None:
    config = ModelConfig(
        **SHAPE, receiver_bias=False, pooled_demand=False, arithmetic=False
    )
    save(
        tmp_path / "a.pt",
        Checkpoint(ParameterNet(config), Standardiser((0.0,) * 6, (1.0,) * 6)),
    )
    assert load(tmp_path / "a.pt").model.config == config


def test_another_format_is_refused(published: Path) -> None:
    about = published.with_suffix(".json")
    about.write_text(json.dumps(json.loads(about.read_text()) | {"format": 5}))
    with pytest.raises(
        InputError, match="checkpoint format 5, expected 4; train again"
    ):
        load(published)


def test_what_is_published_again_has_its_own_hash(published: Path) -> None:
    again = published.parent / "elsewhere" / "again.safetensors"
    publish(again, load(published))
    assert json.loads(again.with_suffix(".json").read_text())["format"] == 4
    assert load(again).origin == load(published).origin
