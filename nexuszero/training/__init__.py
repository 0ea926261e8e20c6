"""Training: one run of a network (exact, resumable, in one process or several), and a study of many."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nexuszero.training.augment import augmented_demands
from nexuszero.training.journal import Diverged, Epoch, Log
from nexuszero.training.loop import depth, schedule
from nexuszero.training.muon import MATRICES, OTHERS, Muon, optimisers
from nexuszero.training.run import OnEpoch, Result, train

if TYPE_CHECKING:
    from nexuszero.training.studies import load_study, open_study
    from nexuszero.training.tuning import tune

__all__ = [
    "MATRICES",
    "OTHERS",
    "Diverged",
    "Epoch",
    "Log",
    "Muon",
    "OnEpoch",
    "Result",
    "augmented_demands",
    "depth",
    "load_study",
    "open_study",
    "optimisers",
    "schedule",
    "train",
    "tune",
]

_STUDIES = {"load_study": "studies", "open_study": "studies", "tune": "tuning"}


def __getattr__(name: str) -> Any:
    """Studies are imported when they are used: a run does without Optuna, which the extra `network` does not bring."""
    if name not in _STUDIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_STUDIES[name]}"), name)
