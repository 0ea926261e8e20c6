"""What following a model would cost: its proposals as they stand, and the nearest sound candidates in bytes.

On the circuits of a split, and on circuits that people compiled, none of which a network was trained on.

    compiled(None, network.load("checkpoints/baseline"))["network"]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from nexuszero.crypto import Circuits, CryptoBridge, Infeasible, binding_constraint, margins
from nexuszero.data import Array, Demand, Graphs, Rebuilt, Split, Standardiser, nearest_place
from nexuszero.errors import InputError
from nexuszero.evaluation.baselines import Answer
from nexuszero.network import NO_MARGIN, Checkpoint, Margin, predict, search_demand
from nexuszero.paths import FIXTURES

LEAST_SOUND, MOST_LARGER = 0.95, 0.02  # of the answers with a margin
Row = dict[str, Any]
MARGINS = [Margin(*values) for values in product((0.5, 0.9, 0.99), (0, 1, 2, 3, 5), (1, 1.03, 1.06, 1.1, 1.2, 1.35))]


def compiled(
    directory: Path | None,
    model: Checkpoint,
    safe: Margin = NO_MARGIN,
    level: int = 128,
    others: Mapping[str, Answer] = MappingProxyType({}),
) -> dict[str, list[Row]]:
    """Rows by model for each `.r1cs` file of a directory, None for the repository's fixtures.

    Left out are circuits with custom gates, which no answer covers, and those that multiply nothing private.

    Args:
        directory: of the files.
        model: the network.
        safe: margin of its search.
        level: bits of security.
        others: further models that answer what graphs show.
    """
    found = [file for place in ([directory] if directory else FIXTURES) for file in sorted(place.glob("*.r1cs"))]
    if not found:
        raise InputError(f"{directory or FIXTURES[0]}: holds no .r1cs file; correct the path")
    circuits = CryptoBridge().read(found)
    graphs = Graphs.from_columns(circuits.graphs(level))
    values, demand = predict(model, graphs)
    proposals = {
        "network": values,
        "network, then search": search_demand(circuits, level, demand, values),
        "network, then search, with a margin": search_demand(circuits, level, demand, values, safe),
    } | {name: answer(graphs) for name, answer in others.items()}
    return _rows(circuits, [file.name for file in found], level, proposals, model.standardiser)


def drawn(
    split: Split, made: Iterable[Rebuilt], proposals: Mapping[str, Array], units: Standardiser
) -> dict[str, list[Row]]:
    """Rows by model for each circuit of a split, in any order; proposals are ``[circuits, 6]``."""
    rows: dict[str, list[Row]] = {name: [] for name in proposals}
    for level, chosen, circuits in made:
        names = [f"{split.circuit['family'][index]} {index}" for index in chosen]
        of_level = {name: values[chosen] for name, values in proposals.items()}
        for name, found in _rows(circuits, names, level, of_level, units).items():
            rows[name] += found
    return rows


def margin(split: Split, made: Sequence[Rebuilt], values: Array, demand: Demand) -> Margin:
    """What to add to beliefs, chosen on a split: the cheapest that keeps 95 % sound, else the soundest within 2 %."""
    rated = []
    for safe in MARGINS:
        sound, larger = [], []
        for level, chosen, circuits in made:
            answers = search_demand(circuits, level, demand[chosen], values[chosen], safe)
            told = circuits.judge(level, answers[:, :3])
            sizes, holds = told["proof_size"], told["fails"] == 0
            sound.append(holds)
            larger.append(sizes[holds] / split.metrics[chosen, 2][holds] - 1)
        rated.append((float(np.concatenate(sound).mean()), _mean(np.concatenate(larger)) or 0.0, safe))
    enough = [row for row in rated if row[0] >= LEAST_SOUND]
    if enough:
        return min(enough, key=lambda row: row[1])[2]
    return max((row for row in rated if row[1] <= MOST_LARGER), default=rated[0])[2]


class Climb(NamedTuple):
    """A search that works out neighbours, one bit or one splitting away, until none is smaller."""

    evaluations: int
    optimal: bool


def climb(sizes: Mapping[tuple[int, int], int], start: tuple[int, int]) -> Climb:
    """Walks over the bytes of sound candidates, by log2 q and ord; a neighbour that is not sound costs as much."""
    place, seen = start, {start}
    least = min(bits for bits, _ in sizes)
    while True:
        bits, order = place
        around = {(bits + 1, order), (bits - 1, order), (bits, 2 * order), (bits, order // 2)}
        seen |= {(b, o) for b, o in around if least <= b <= max(64, least) and 1 <= o <= 16}
        best = min((key for key in around if key in sizes), key=sizes.__getitem__, default=place)
        if sizes[best] >= sizes[place]:
            return Climb(len(seen), sizes[place] == min(sizes.values()))
        place = best


def _rows(
    circuits: Circuits, names: Sequence[str], level: int, proposals: Mapping[str, Array], units: Standardiser
) -> dict[str, list[Row]]:
    verdicts = {name: circuits.verdicts(level, values[:, :3]) for name, values in proposals.items()}
    wanted = {name: units.transform(values)[:, :3] for name, values in proposals.items()}
    rows: dict[str, list[Row]] = {name: [] for name in proposals}
    for index, circuit in enumerate(circuits.analyses(list(names))):
        candidates = circuits.candidates(level, index)
        if isinstance(candidates, Infeasible) or circuit.custom_gates or not circuit.forms:
            continue
        places = units.transform(np.array([candidate.targets for candidate in candidates]))[:, :3]
        best = candidates[0]
        free = circuit.liftable
        sizes = {(candidate.log2_q, candidate.ord): candidate.proof_size for candidate in candidates}
        same = {
            "circuit": circuit.file, "security": level, "free": free, "proof_size": best.proof_size,
            "nodes": circuit.nodes,
            "binds": binding_constraint(margins(circuit, best, level)),
            "candidates": circuit.candidates,
            "cold": climb(sizes, min(sizes))._asdict() if free else None,
        }  # fmt: skip
        for name, of_model in verdicts.items():
            verdict = of_model[index]
            place = nearest_place(candidates, places, wanted[name][index])
            near = candidates[place.position]
            size = verdict.proof_size
            rows[name].append(same | {
                "sound": verdict.sound, "fails": list(verdict.fails), "excess": place.excess,
                "larger": None if size is None else size / best.proof_size - 1,
                "hiding_short": max(0.0, level - verdict.lwe_bits),
                "modulus_short": max(0, circuit.least_bits - verdict.log2_q) if free else 0,
                "warm": climb(sizes, (near.log2_q, near.ord))._asdict() if free else None,
            })  # fmt: skip
    return rows


def summary(rows: Sequence[Row]) -> Row:
    """Shares sound as proposed, what the others lack, and how much larger proofs are than the smallest.

    Where q is the field's prime there is one candidate, so only circuits whose q is free count for the excess of the
    nearest candidate and for the evaluations of a search that starts there, or at the smallest q.
    """
    free = [row for row in rows if row["free"]]
    excess = np.array([row["excess"] for row in free])
    return {
        "circuits": len(rows),
        "free": len(free),
        "sound": _mean(row["sound"] for row in rows),
        "larger": _mean(row["larger"] for row in rows if row["sound"]),
        "hiding_short": _mean(row["hiding_short"] for row in rows if "hiding" in row["fails"]),
        "modulus_short": _mean(row["modulus_short"] for row in free if "modulus" in row["fails"]),
        "optimum": _mean(excess == 0),
        "median_excess": float(np.median(excess)) if free else None,
        "p95_excess": float(np.quantile(excess, 0.95)) if free else None,
        "mean_excess": _mean(excess),
        "worst_excess": float(excess.max()) if free else None,
        **{f"{start}_{name}": _mean(row[start][name] for row in free)
           for start in ("cold", "warm") for name in Climb._fields},
    }  # fmt: skip


def _mean(values: Iterable[float]) -> float | None:
    kept = list(values)
    return float(np.mean(kept)) if kept else None
