"""A trained network on disk: weights and a JSON text, so loading runs no code (``weights_only=True``).

A run leaves both in one ``.pt`` file; what is published is a ``.safetensors`` file beside a ``.json`` with its hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from nexuszero.data.standardiser import Standardiser
from nexuszero.errors import InputError
from nexuszero.network.model import ParameterNet

FORMAT = 1
SHAPE = ("hidden_dim", "num_layers", "num_heads", "dropout")


@dataclass(frozen=True)
class Checkpoint:
    """A network with what is needed to use it and to say where it comes from.

    Args:
        model: the network, in evaluation mode when loaded.
        standardiser: from the network's units to the original ones.
        meta: JSON-able: ``config``, ``metrics``, ``seed``, ``data`` (content hashes), ``versions``.
    """

    model: ParameterNet
    standardiser: Standardiser
    meta: dict[str, Any]


def save(path: Path | str, checkpoint: Checkpoint) -> None:
    """Writes under a temporary name, then renames: a reader never sees half a file."""
    temporary = Path(f"{path}.{os.getpid()}.tmp")
    temporary.parent.mkdir(parents=True, exist_ok=True)
    content = {"weights": checkpoint.model.state_dict(), "meta": json.dumps(_meta(checkpoint), allow_nan=False)}
    torch.save(content, temporary)
    temporary.replace(path)


def publish(path: Path | str, checkpoint: Checkpoint) -> None:
    """Writes ``path``, a `.safetensors` file, and beside it a `.json` of the same name that states its SHA-256."""
    file = Path(path)
    save_file(checkpoint.model.state_dict(), file)
    about = {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), **_meta(checkpoint)}
    file.with_suffix(".json").write_text(json.dumps(about, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _meta(checkpoint: Checkpoint) -> dict[str, Any]:
    standardiser = {"mean": checkpoint.standardiser.mean, "std": checkpoint.standardiser.std}
    return {**checkpoint.meta, "format": FORMAT, "standardiser": standardiser}


def load(path: Path | str) -> Checkpoint:
    """Reads ``best_model.pt``, or the one in the directory given, onto the CPU."""
    file = Path(path) / "best_model.pt" if Path(path).is_dir() else Path(path)
    if not file.is_file():
        raise InputError(f"{file}: no such checkpoint; run `nexuszero train`, or correct the path")
    try:
        weights, meta = _published(file) if file.suffix == ".safetensors" else _saved(file)
        if meta["format"] != FORMAT:
            raise InputError(f"{file}: checkpoint format {meta['format']}, expected {FORMAT}; train again")
        model = ParameterNet(**{name: meta["config"][name] for name in SHAPE})
        model.load_state_dict(weights)
        standardiser = Standardiser(*(tuple(meta["standardiser"][name]) for name in ("mean", "std")))
    except InputError:
        raise
    except (
        OSError,
        EOFError,
        RuntimeError,
        LookupError,
        TypeError,
        ValueError,
        pickle.UnpicklingError,
        SafetensorError,
    ) as error:
        raise InputError(f"{file}: not a readable checkpoint ({type(error).__name__}); train again") from None
    return Checkpoint(model.eval(), standardiser, meta)


def _saved(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    content = torch.load(file, map_location="cpu", weights_only=True)
    return content["weights"], json.loads(content["meta"])


def _published(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    about = file.with_suffix(".json")
    meta = json.loads(about.read_text(encoding="utf-8"))
    if hashlib.sha256(file.read_bytes()).hexdigest() != meta["sha256"]:
        raise InputError(f"{file}: is not the file that {about.name} describes; restore both")
    return load_file(file), meta
