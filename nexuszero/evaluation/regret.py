"""What following a model would cost: its proposals as they stand, and the nearest sound candidates in bytes.

On the circuits of a split, and on circuits that people compiled, none of which a network was trained on.

    regret_of_files(fixture_files(), network.load("checkpoints/baseline"))["network"]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, product
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypedDict

import numpy as np

from nexuszero.crypto import (
    Analysis,
    Choice,
    Circuits,
    CryptoBridge,
    Infeasible,
    Verdict,
    binding_constraint,
    margins,
)
from nexuszero.data import (
    Array,
    Demand,
    Graphs,
    Rebuilt,
    Split,
    Standardiser,
    nearest_place,
)
from nexuszero.evaluation.baselines import Answer
from nexuszero.network import (
    NO_MARGIN,
    Checkpoint,
    Margin,
    is_sure,
    predict,
    search_demand,
)

NETWORK = "network"
SEARCHED = "network, then search"
SEARCHED_WITH_MARGIN = "network, then search, with a margin"

LEAST_SOUND = 0.97  # share of the answers with a margin
MOST_LARGER = 0.02  # share by which their proofs are longer
MARGINS = [
    Margin(*values)
    for values in product(
        (0.5, 0.9, 0.99), (0, 1, 2, 3, 5), (1, 1.03, 1.06, 1.1, 1.2, 1.35)
    )
]
ORDERS = (1, 2, 4, 8, 16)  # of q modulo 128


class Climb(NamedTuple):
    """A search that works out neighbours, one bit or one splitting away, until none is smaller."""

    evaluations: int
    optimal: bool


@dataclass(frozen=True)
class Regret:
    """What following one model would cost on one circuit."""

    circuit: str
    security: int
    free: bool  #: whether q is
    proof_size: int  #: bytes of the smallest sound proof
    nodes: int
    binds: str  #: the constraint with the least left over at the optimum
    candidates: int  #: that the search considers
    cold: Climb | None  #: an uphill search from the smallest q, where q is free
    sound: bool  #: as proposed
    fails: tuple[str, ...]  #: constraints that the proposal breaks
    excess: (
        float  #: share by which the nearest sound candidate is longer than the smallest
    )
    larger: float | None  #: share by which the proposal itself is, if sound
    hiding_short: float  #: bits
    modulus_short: int  #: bits
    warm: Climb | None  #: an uphill search from the nearest candidate, where q is free
    said_free: float | None = None  #: the probability that the network gives to that

    @property
    def group(self) -> str:
        """The family of a drawn circuit, the library of a compiled one."""
        return self.circuit.split()[0]

    def row(self) -> dict[str, Any]:
        """A row of a table."""
        climbs = {
            "cold": self.cold and self.cold._asdict(),
            "warm": self.warm and self.warm._asdict(),
        }
        return vars(self) | climbs | {"fails": list(self.fails)}


Regrets = dict[str, list[Regret]]  # by model


class RegretSummary(TypedDict):
    """Shares, means and quantiles over circuits; None where there is nothing to count."""

    circuits: int
    free: int
    free_right: float | None
    sure: float | None
    free_right_where_sure: float | None
    sound: float | None
    larger: float | None
    hiding_short: float | None
    modulus_short: float | None
    optimum: float | None
    median_excess: float | None
    p95_excess: float | None
    mean_excess: float | None
    worst_excess: float | None
    cold_evaluations: float | None
    cold_optimal: float | None
    warm_evaluations: float | None
    warm_optimal: float | None


def regret_of_files(
    files: Mapping[str, Path],
    model: Checkpoint,
    margin: Margin = NO_MARGIN,
    level: int = 128,
    others: Mapping[str, Answer] = MappingProxyType({}),
) -> Regrets:
    """Rows by model for each circuit that people compiled (`nexuszero.evaluation.real`).

    Left out are circuits with custom gates, which no answer covers, and those that multiply nothing private.

    Args:
        files: by the circuit's name.
        model: the network.
        margin: of its search.
        level: bits of security.
        others: further models that answer what graphs show.
    """
    circuits = CryptoBridge().read(list(files.values()))
    graphs = Graphs.from_columns(circuits.graphs(level))

    # one at a time: the largest has as many nodes as a thousand drawn ones
    values, demand = predict(model, graphs, batch_size=1)
    proposals = {
        NETWORK: values,
        SEARCHED: search_demand(circuits, level, demand, values),
        SEARCHED_WITH_MARGIN: search_demand(circuits, level, demand, values, margin),
    }
    proposals |= {name: answer(graphs) for name, answer in others.items()}
    return _regrets(
        circuits, list(files), level, proposals, model.standardiser, demand.free
    )


def regret_of_split(
    split: Split,
    rebuilt: Iterable[Rebuilt],
    proposals: Mapping[str, Array],
    units: Standardiser,
    said_free: Array | None = None,
) -> Regrets:
    """Rows by model for each circuit of a split, level by level; proposals are ``[circuits, 6]``.

    ``said_free``, ``[circuits]``, is the probability that a network gives to "q is free".
    """
    rows: Regrets = {model: [] for model in proposals}
    for level, positions, circuits in rebuilt:
        names = [f"{split.circuit['family'][index]} {index}" for index in positions]
        of_level = {model: values[positions] for model, values in proposals.items()}
        said = None if said_free is None else said_free[positions]
        regrets = _regrets(circuits, names, level, of_level, units, said)
        for model, of_model in regrets.items():
            rows[model] += of_model
    return rows


def choose_margin(
    split: Split, rebuilt: Sequence[Rebuilt], values: Array, demand: Demand
) -> Margin:
    """The margin for a search on predicted demands: the cheapest that keeps 97 % sound, else the soundest within 2 %.

    Args:
        split: circuits that no test is made of.
        rebuilt: the same circuits.
        values: predicted targets, ``[circuits, 6]``.
        demand: predicted demands.
    """
    ratings = [_rate(split, rebuilt, values, demand, margin) for margin in MARGINS]
    sound = [rating for rating in ratings if rating.sound >= LEAST_SOUND]
    if sound:
        return min(sound, key=lambda rating: rating.larger).margin
    cheap = (rating for rating in ratings if rating.larger <= MOST_LARGER)
    return max(cheap, key=lambda rating: rating.sound, default=ratings[0]).margin


def climb(
    sizes: Mapping[tuple[int, int], int], start: tuple[int, int], most_bits: int
) -> Climb:
    """Walks over the bytes of sound candidates, by log2 q and order; one that is not sound costs as much to try.

    Below the smallest sound log2 q and above ``most_bits`` nothing is tried.
    """
    least_bits = min(bits for bits, _ in sizes)
    place = start
    tried = {start}
    while True:
        bits, order = place
        neighbours = {
            (bits + 1, order),
            (bits - 1, order),
            (bits, 2 * order),
            (bits, order // 2),
        }
        tried |= {
            (b, o)
            for b, o in neighbours
            if least_bits <= b <= most_bits and o in ORDERS
        }

        sound = [neighbour for neighbour in neighbours if neighbour in sizes]
        best = min(sound, key=sizes.__getitem__, default=place)
        if sizes[best] >= sizes[place]:
            return Climb(len(tried), sizes[place] == min(sizes.values()))
        place = best


def summarise_regret(rows: Sequence[Regret]) -> RegretSummary:
    """Shares sound as proposed, what the others lack, and how much larger proofs are than the smallest.

    Where q is the field's prime candidates differ in width alone, so only circuits whose q is free count for the
    excess of the nearest candidate and for the evaluations of a search that starts there, or at the smallest q.
    """
    free = [row for row in rows if row.free]
    said = [(row.said_free, row.free) for row in rows if row.said_free is not None]
    right = [(probability > 0.5) == free for probability, free in said]
    sure = [is_sure(probability) for probability, _ in said]
    excess = np.array([row.excess for row in free])
    cold = [row.cold for row in free if row.cold]
    warm = [row.warm for row in free if row.warm]
    return {
        "circuits": len(rows),
        "free": len(free),
        "free_right": _mean(right),
        "sure": _mean(sure),
        "free_right_where_sure": _mean(compress(right, sure)),
        "sound": _mean(row.sound for row in rows),
        "larger": _mean(row.larger for row in rows if row.larger is not None),
        "hiding_short": _mean(
            row.hiding_short for row in rows if "hiding" in row.fails
        ),
        "modulus_short": _mean(
            row.modulus_short for row in free if "modulus" in row.fails
        ),
        "optimum": _mean(excess == 0),
        "median_excess": float(np.median(excess)) if free else None,
        "p95_excess": float(np.quantile(excess, 0.95)) if free else None,
        "mean_excess": _mean(excess),
        "worst_excess": float(excess.max()) if free else None,
        "cold_evaluations": _mean(climb.evaluations for climb in cold),
        "cold_optimal": _mean(climb.optimal for climb in cold),
        "warm_evaluations": _mean(climb.evaluations for climb in warm),
        "warm_optimal": _mean(climb.optimal for climb in warm),
    }


@dataclass(frozen=True)
class _Searched:
    """A circuit with all its sound candidates.

    Args:
        circuit: what it asks.
        level: bits of security.
        candidates: the smallest proof first.
        places: their standardised parameters, ``[candidates, 3]``.
    """

    circuit: Analysis
    level: int
    candidates: list[Choice]
    places: Array

    @property
    def sizes(self) -> dict[tuple[int, int], int]:
        """Bytes of the smallest proof with a log2 q and an order, over all widths."""
        longest_first = reversed(self.candidates)
        return {
            (candidate.log2_q, candidate.ord): candidate.proof_size
            for candidate in longest_first
        }

    def climb_from(self, start: tuple[int, int]) -> Climb | None:
        """An uphill search, where q is free."""
        if not self.circuit.liftable:
            return None
        lengths = self.circuit.candidates // len(
            ORDERS
        )  # every log2 q is searched with every order
        return climb(self.sizes, start, self.circuit.least_bits + lengths - 1)

    def regret(
        self, verdict: Verdict, wanted: Array, said_free: float | None
    ) -> Regret:
        """Of a proposal with standardised parameters ``wanted``, ``[3]``."""
        circuit = self.circuit
        best = self.candidates[0]
        place = nearest_place(self.candidates, self.places, wanted)
        nearest = self.candidates[place.position]
        size = verdict.proof_size
        return Regret(
            circuit=circuit.file,
            security=self.level,
            free=circuit.liftable,
            proof_size=best.proof_size,
            nodes=circuit.nodes,
            binds=binding_constraint(margins(circuit, best, self.level)),
            candidates=circuit.candidates,
            cold=self.climb_from(min(self.sizes)),
            sound=verdict.sound,
            fails=verdict.fails,
            excess=place.excess,
            larger=None if size is None else size / best.proof_size - 1,
            hiding_short=max(0.0, self.level - verdict.lwe_bits),
            modulus_short=max(0, circuit.least_bits - verdict.log2_q)
            if circuit.liftable
            else 0,
            warm=self.climb_from((nearest.log2_q, nearest.ord)),
            said_free=said_free,
        )


def _search(
    circuits: Circuits, index: int, circuit: Analysis, level: int, units: Standardiser
) -> _Searched | None:
    """A circuit with its candidates; None where an answer does not cover it, or has nothing to hide."""
    candidates = circuits.candidates(level, index)
    if isinstance(candidates, Infeasible) or circuit.custom_gates or not circuit.forms:
        return None
    targets = np.array(
        [candidate.targets for candidate in candidates]
    )  # [candidates, 6]
    return _Searched(circuit, level, candidates, units.transform(targets)[:, :3])


def _regrets(
    circuits: Circuits,
    names: Sequence[str],
    level: int,
    proposals: Mapping[str, Array],
    units: Standardiser,
    said_free: Array | None,
) -> Regrets:
    """Rows by model for circuits of one level; proposals are ``[circuits, 6]``."""
    verdicts = {
        model: circuits.verdicts(level, values[:, :3])
        for model, values in proposals.items()
    }
    wanted = {
        model: units.transform(values)[:, :3] for model, values in proposals.items()
    }

    rows: Regrets = {model: [] for model in proposals}
    for index, circuit in enumerate(circuits.analyses(list(names))):
        searched = _search(circuits, index, circuit, level, units)
        if searched is None:
            continue
        for model in proposals:
            rows[model].append(
                searched.regret(
                    verdicts[model][index],
                    wanted[model][index],
                    None if said_free is None else float(said_free[index]),
                )
            )
    return rows


class _Rating(NamedTuple):
    """How good the answers with a margin are.

    Args:
        sound: the share of them.
        larger: the mean share by which the sound ones' proofs are longer than the smallest.
    """

    sound: float
    larger: float
    margin: Margin


def _rate(
    split: Split,
    rebuilt: Sequence[Rebuilt],
    values: Array,
    demand: Demand,
    margin: Margin,
) -> _Rating:
    sound = []
    larger = []
    for level, positions, circuits in rebuilt:
        answers = search_demand(
            circuits, level, demand[positions], values[positions], margin
        )
        verdicts = circuits.judge(level, answers[:, :3])
        holds = verdicts["fails"] == 0
        smallest = split.metrics[positions, 2]
        sound.append(holds)
        larger.append(verdicts["proof_size"][holds] / smallest[holds] - 1)
    return _Rating(
        float(np.concatenate(sound).mean()),
        _mean(np.concatenate(larger)) or 0.0,
        margin,
    )


def _mean(values: Iterable[float]) -> float | None:
    kept = list(values)
    return float(np.mean(kept)) if kept else None
