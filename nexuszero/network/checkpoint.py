"""A trained network on disk: weights and a JSON text, so loading runs no code (``weights_only=True``).

A run leaves both in one ``.pt`` file; what is published is a ``.safetensors`` file beside a ``.json`` with its hash.
"""

from __future__ import annotations

import hashlib
import json
import math
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_bytes
from safetensors.torch import save as save_bytes

from nexuszero.data import TARGETS, Standardiser, label_version, schema_version
from nexuszero.errors import InputError
from nexuszero.files import SEAL, seal_of, whole, write_json
from nexuszero.network.model import ModelConfig, ParameterNet

FORMAT = 4
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
    zipfile.BadZipFile,
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
    meta = _meta(checkpoint)
    content = {
        "weights": checkpoint.model.state_dict(),
        "meta": json.dumps(meta | {SEAL: seal_of(meta)}, allow_nan=False),
    }
    write_state(Path(path), content)


def write_state(path: Path, content: Mapping[str, Any]) -> None:
    """Writes what torch saves, whole or not at all; through memory, for torch cannot say that a disk is full."""
    buffer = BytesIO()
    torch.save(dict(content), buffer)
    with whole(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def read_state(path: Path) -> dict[str, Any]:
    """What :func:`write_state` wrote, onto the CPU; the zip's checksums, which torch passes over, must fit."""
    with zipfile.ZipFile(path) as entries:
        damaged = entries.testzip()
    if damaged is not None:
        raise ValueError(f"{damaged} is damaged")
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content


def publish(path: Path | str, checkpoint: Checkpoint) -> None:
    """Writes ``path``, a `.safetensors` file, and beside it a `.json` of the same name that states its SHA-256."""
    file = Path(path)
    weights = save_bytes(checkpoint.model.state_dict())
    with whole(file) as temporary:
        temporary.write_bytes(weights)
    meta = _meta(checkpoint) | {"sha256": hashlib.sha256(weights).hexdigest()}
    write_json(file.with_suffix(".json"), meta, sealed=True)


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
            f"{file}: not a readable checkpoint ({type(error).__name__}: {str(error)[:200]}); train again"
        ) from None


def _meta(checkpoint: Checkpoint) -> dict[str, Any]:
    return asdict(checkpoint.origin) | {
        "format": FORMAT,
        "label_version": label_version(),
        "schema_version": schema_version(),
        "model": asdict(checkpoint.model.config),
        "standardiser": asdict(checkpoint.standardiser),
    }


def _restored(file: Path, weights: Weights, meta: dict[str, Any]) -> Checkpoint:
    # networks of labels 1 do not say so, nor do those of schemas before 7 of theirs
    for kind, learned, now in (
        ("labels", meta.get("label_version", 1), label_version()),
        ("graphs", meta.get("schema_version", 6), schema_version()),
    ):
        if learned != now:
            raise InputError(
                f"{file}: learned from {kind} of version {learned}, expected {now}; train again"
            )
    if meta["format"] != FORMAT:
        raise InputError(
            f"{file}: checkpoint format {meta['format']}, expected {FORMAT}; train again"
        )

    _check_seal(meta)
    model = ParameterNet(ModelConfig(**meta["model"]))
    model.load_state_dict(weights)
    for name, weight in weights.items():
        if not bool(torch.isfinite(weight).all()):
            raise InputError(f"{file}: {name} is not finite; train again")
    return Checkpoint(model.eval(), _standardiser(meta), Origin.of(meta))


def _standardiser(meta: dict[str, Any]) -> Standardiser:
    mean, std = (
        tuple(map(float, meta["standardiser"][name])) for name in ("mean", "std")
    )
    if not (
        len(mean) == len(std) == TARGETS and all(map(math.isfinite, (*mean, *std)))
    ):
        raise ValueError("the standardiser has not six finite numbers")
    if min(std) <= 0:
        raise ValueError("a deviation of the standardiser is not positive")
    return Standardiser(mean, std)


def _saved(file: Path) -> tuple[Weights, dict[str, Any]]:
    content = read_state(file)
    return content["weights"], json.loads(content["meta"])


def _published(file: Path) -> tuple[Weights, dict[str, Any]]:
    about = file.with_suffix(".json")
    meta = json.loads(about.read_text(encoding="utf-8"))
    weights = file.read_bytes()
    if hashlib.sha256(weights).hexdigest() != meta["sha256"]:
        raise InputError(
            f"{file}: is not the file that {about.name} describes; restore both"
        )
    return load_bytes(weights), meta


def _check_seal(meta: dict[str, Any]) -> None:
    """A description has its own hash beside it."""
    described = {name: value for name, value in meta.items() if name != SEAL}
    if meta.get(SEAL) not in (None, seal_of(described)):
        raise ValueError("the description is not the one that was written")
