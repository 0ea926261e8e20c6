"""A network that proposes parameters for one circuit: the search's answer to what it predicts that the circuit asks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from nexuszero.advice import Nearest, NotAsked, Proposal
from nexuszero.crypto import Analysis, Choice, Circuits, Verdict
from nexuszero.data import Graphs, label_version, nearest
from nexuszero.network import checkpoint as checkpoints
from nexuszero.network.prediction import is_sure, predict
from nexuszero.network.search import search_demand
from nexuszero.paths import PUBLISHED

TRAINED_NODES = 2000  # of the largest circuits that the dataset draws
MODEL_BYTES = 1 << 30  # that a network may take for one circuit


class NetworkProposer:
    """The network of a checkpoint, loaded when it is first asked and kept until its file changes."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def propose(
        self,
        circuits: Circuits,
        circuit: Analysis,
        candidates: Sequence[Choice],
        security: int,
    ) -> Proposal | NotAsked:
        """A proposal for the only one of ``circuits``, or that it would take too much memory, or that there is none."""
        if self.file == PUBLISHED and not self.file.is_file():
            return NotAsked(
                f"no network that learned from labels of version {label_version()} is published yet"
            )
        model = _loaded(
            self.file, self.file.stat().st_mtime_ns if self.file.is_file() else 0
        )
        if (
            model.model.memory(circuit.nodes, 0) > MODEL_BYTES
        ):  # then not even the graph is built
            return _too_large(circuit, model.model.memory(circuit.nodes, 0))
        graph = Graphs.from_columns(circuits.graphs(security))
        needed = model.model.memory(circuit.nodes, len(graph.edge_attr))
        if needed > MODEL_BYTES:
            return _too_large(circuit, needed)

        prediction = predict(model, graph)
        values = search_demand(
            circuits, security, prediction.demand, prediction.targets
        )[0]
        verdict = Verdict.of(circuits.judge(security, values[None, :3])[0])
        place = nearest(candidates, values, model.standardiser)
        return Proposal(
            values=tuple(map(float, values)),
            verdict=verdict,
            nearest=Nearest(candidates[place.position], place.excess),
            source="the published network"
            if self.file == PUBLISHED
            else str(self.file),
            warnings=_extrapolates(circuit) + _unsure(float(prediction.demand.free[0])),
        )


def _too_large(circuit: Analysis, needed: float) -> NotAsked:
    limit = f"{MODEL_BYTES / 2**30:g} is the limit"
    return NotAsked(
        f"{circuit.nodes:,} nodes would take {needed / 2**30:.1f} GiB, and {limit}"
    )


def _extrapolates(circuit: Analysis) -> tuple[str, ...]:
    if circuit.nodes <= TRAINED_NODES:
        return ()
    trained = f"those that it was trained on up to {TRAINED_NODES:,}"
    return (
        f"the model extrapolates: the circuit has {circuit.nodes:,} nodes, {trained}",
    )


def _unsure(free: float) -> tuple[str, ...]:
    if is_sure(free):
        return ()
    return (f"the network is not sure whether q is free: it gives {free:.0%} to that",)


@lru_cache(1)
def _loaded(file: Path, _stamp: int) -> checkpoints.Checkpoint:
    return checkpoints.load(file)
