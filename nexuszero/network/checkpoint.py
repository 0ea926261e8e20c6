"""A trained network on disk: weights and a JSON text, so loading runs no code (``weights_only=True``).

A run leaves both in one ``.pt`` file; what is published is a ``.safetensors`` file beside a ``.json`` with its hash.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from nexuszero.data import Standardiser
from nexuszero.errors import InputError
from nexuszero.files import whole
from nexuszero.network.model import ModelConfig, ParameterNet

FORMAT = 2
Weights = dict[str, torch.Tensor]
Cells = Mapping[str, int | float | str | bool | None]

# Names of modules in format 1 -> today's
RENAMED = {
    "rounds.wire.enter.": "message_passing.wire_update.lin_state.",
    "rounds.wire.hear.": "message_passing.wire_update.lin_aggregated.",
    "rounds.wire.leave.": "message_passing.wire_update.lin_out.",
    "rounds.constraint.enter.": "message_passing.constraint_update.lin_state.",
    "rounds.constraint.hear.": "message_passing.constraint_update.lin_aggregated.",
    "rounds.constraint.leave.": "message_passing.constraint_update.lin_out.",
    "rounds.edge_to_": "message_passing.edge_to_",
    "read_wires.": "pool_wires.",
    "read_constraints.": "pool_constraints.",
    "reach_wire.": "wire_range_head.",
    "reach_constraint.": "constraint_range_head.",
    "count_wire.": "wire_count_head.",
    "count_constraint.": "constraint_count_head.",
    "answer_head.": "target_head.",
}
_DAMAGE = (OSError, EOFError, RuntimeError, LookupError, TypeError, ValueError, pickle.UnpicklingError, SafetensorError)


@dataclass(frozen=True)
class Origin:
    """Where a network comes from; nothing is said of one that nobody trained.

    Args:
        config: of the run that trained it, as that version of the package named the values.
        metrics: of its best epoch, and the losses that were measured in the end.
        seed: of weights, order and dropout.
        data: content hashes of the splits that it was trained beside.
        versions: of the packages that trained it.
    """

    config: Cells = field(default_factory=dict)
    metrics: Cells = field(default_factory=dict)
    seed: int = 0
    data: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, meta: Mapping[str, Any]) -> Origin:
        """From a file's JSON text, of any format."""
        return cls(**{part.name: meta[part.name] for part in fields(cls) if part.name in meta})


@dataclass(frozen=True)
class Checkpoint:
    """A network with what is needed to use it and to say where it comes from.

    Args:
        model: the network, in evaluation mode when loaded.
        standardiser: from the network's units to the original ones.
        origin: the run that trained it.
    """

    model: ParameterNet
    standardiser: Standardiser
    origin: Origin = field(default_factory=Origin)


def save(path: Path | str, checkpoint: Checkpoint) -> None:
    """Writes a `.pt` file, whole or not at all."""
    content = {
        "weights": checkpoint.model.state_dict(),
        "meta": json.dumps(_meta(checkpoint), allow_nan=False),
    }
    with whole(Path(path)) as temporary:
        torch.save(content, temporary)


def publish(path: Path | str, checkpoint: Checkpoint) -> None:
    """Writes ``path``, a `.safetensors` file, and beside it a `.json` of the same name that states its SHA-256."""
    file = Path(path)
    save_file(checkpoint.model.state_dict(), file)
    meta = _meta(checkpoint) | {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    file.with_suffix(".json").write_text(json.dumps(meta, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def load(path: Path | str) -> Checkpoint:
    """Reads ``best_model.pt``, or the one in the directory given, onto the CPU."""
    file = Path(path) / "best_model.pt" if Path(path).is_dir() else Path(path)
    if not file.is_file():
        raise InputError(f"{file}: no such checkpoint; run `nexuszero train`, or correct the path")
    try:
        weights, meta = _published(file) if file.suffix == ".safetensors" else _saved(file)
        return _restored(file, weights, meta)
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(f"{file}: not a readable checkpoint ({type(error).__name__}); train again") from None


def from_format_1(weights: Weights) -> Weights:
    """The weights of a checkpoint of format 1 under today's names."""
    renamed = {}
    for name, weight in weights.items():
        old = next((prefix for prefix in RENAMED if name.startswith(prefix)), "")
        renamed[RENAMED.get(old, "") + name.removeprefix(old)] = weight
    return renamed


def _meta(checkpoint: Checkpoint) -> dict[str, Any]:
    return asdict(checkpoint.origin) | {
        "format": FORMAT,
        "model": asdict(checkpoint.model.config),
        "standardiser": asdict(checkpoint.standardiser),
    }


def _restored(file: Path, weights: Weights, meta: dict[str, Any]) -> Checkpoint:
    if meta["format"] == 1:
        weights = from_format_1(weights)
        shape = {name: meta["config"][name] for name in ("hidden_dim", "num_layers", "num_heads", "dropout")}
    elif meta["format"] == FORMAT:
        shape = meta["model"]
    else:
        raise InputError(f"{file}: checkpoint format {meta['format']}, expected 1 or {FORMAT}; train again")

    model = ParameterNet(ModelConfig(**shape))
    model.load_state_dict(weights)
    mean, std = (tuple(meta["standardiser"][name]) for name in ("mean", "std"))
    return Checkpoint(model.eval(), Standardiser(mean, std), Origin.of(meta))


def _saved(file: Path) -> tuple[Weights, dict[str, Any]]:
    content = torch.load(file, map_location="cpu", weights_only=True)
    return content["weights"], json.loads(content["meta"])


def _published(file: Path) -> tuple[Weights, dict[str, Any]]:
    about = file.with_suffix(".json")
    meta = json.loads(about.read_text(encoding="utf-8"))
    if hashlib.sha256(file.read_bytes()).hexdigest() != meta["sha256"]:
        raise InputError(f"{file}: is not the file that {about.name} describes; restore both")
    return load_file(file), meta
