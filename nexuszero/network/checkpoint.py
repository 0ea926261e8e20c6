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

from nexuszero.data import Standardiser, label_version
from nexuszero.errors import InputError
from nexuszero.files import whole
from nexuszero.network.model import ModelConfig, ParameterNet

FORMAT = 2
Weights = dict[str, torch.Tensor]
Cells = Mapping[str, int | float | str | bool | None]
_DAMAGE = (
    OSError,
    EOFError,
    RuntimeError,
    LookupError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    SafetensorError,
)


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
        """From a file's JSON text."""
        return cls(
            **{part.name: meta[part.name] for part in fields(cls) if part.name in meta}
        )


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
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(checkpoint.model.state_dict(), file)
    meta = _meta(checkpoint) | {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    file.with_suffix(".json").write_text(
        json.dumps(meta, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )


def load(path: Path | str) -> Checkpoint:
    """Reads ``best_model.pt``, or the one in the directory given, onto the CPU."""
    file = Path(path) / "best_model.pt" if Path(path).is_dir() else Path(path)
    if not file.is_file():
        raise InputError(
            f"{file}: no such checkpoint; run `nexuszero train`, or correct the path"
        )
    try:
        weights, meta = (
            _published(file) if file.suffix == ".safetensors" else _saved(file)
        )
        return _restored(file, weights, meta)
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(
            f"{file}: not a readable checkpoint ({type(error).__name__}); train again"
        ) from None


def _meta(checkpoint: Checkpoint) -> dict[str, Any]:
    return asdict(checkpoint.origin) | {
        "format": FORMAT,
        "label_version": label_version(),
        "model": asdict(checkpoint.model.config),
        "standardiser": asdict(checkpoint.standardiser),
    }


def _restored(file: Path, weights: Weights, meta: dict[str, Any]) -> Checkpoint:
    learned = meta.get("label_version", 1)  # networks of version 1 do not say so
    expected = label_version()
    if learned != expected:
        raise InputError(
            f"{file}: learned from labels of version {learned}, expected {expected}; train again"
        )
    if meta["format"] != FORMAT:
        raise InputError(
            f"{file}: checkpoint format {meta['format']}, expected {FORMAT}; train again"
        )

    model = ParameterNet(ModelConfig(**meta["model"]))
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
        raise InputError(
            f"{file}: is not the file that {about.name} describes; restore both"
        )
    return load_file(file), meta
