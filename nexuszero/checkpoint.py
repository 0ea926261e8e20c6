"""A trained network on disk: weights and a JSON text, so loading runs no code (``weights_only=True``)."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nexuszero.batching import Standardiser
from nexuszero.errors import InputError
from nexuszero.model import ParameterNet

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
    standardiser = {"mean": checkpoint.standardiser.mean, "std": checkpoint.standardiser.std}
    meta = {**checkpoint.meta, "format": FORMAT, "standardiser": standardiser}
    temporary = Path(f"{path}.{os.getpid()}.tmp")
    temporary.parent.mkdir(parents=True, exist_ok=True)
    content = {"weights": checkpoint.model.state_dict(), "meta": json.dumps(meta, allow_nan=False)}
    torch.save(content, temporary)
    temporary.replace(path)


def load(path: Path | str) -> Checkpoint:
    """Reads ``best_model.pt``, or the one in the directory given, onto the CPU."""
    file = Path(path) / "best_model.pt" if Path(path).is_dir() else Path(path)
    if not file.is_file():
        raise InputError(f"{file}: no such checkpoint; run `nexuszero train`, or correct the path")
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
        meta = json.loads(content["meta"])
        if meta["format"] != FORMAT:
            raise InputError(f"{file}: checkpoint format {meta['format']}, expected {FORMAT}; train again")
        model = ParameterNet(**{name: meta["config"][name] for name in SHAPE})
        model.load_state_dict(content["weights"])
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
    ) as error:
        raise InputError(f"{file}: not a readable checkpoint ({type(error).__name__}); train again") from None
    return Checkpoint(model.eval(), standardiser, meta)
