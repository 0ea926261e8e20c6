"""What a network knows before its first step: all that can be said of a circuit without reading its graph.

The last head calculates targets from demands, so the search alone can teach it; and a linear map from a circuit's
constants and sums guesses its demand. A network without them answers little more than the mean for its first hundred
steps, as its targets wait until demands mean something: then short trials are ranked by noise.

    prefit(model, GraphBatches(split, standardiser, augmented_demands(split)), seed)
"""

from __future__ import annotations

import torch
from torch import Tensor

from nexuszero.data import CIRCUIT_CONSTANTS, DEMAND_BITS, DEMAND_FREE
from nexuszero.network import (
    Batches,
    GraphBatches,
    ParameterNet,
    circuit_features,
    loss,
)
from nexuszero.training.muon import PlainAdamW

STEPS = 200  # of the head alone
BATCH_SIZE = 256  # demands
LEARNING_RATE = 2e-3  # falls to nothing
SURE = 3.0  # the logit that stands for a q that is known to be free
CIRCUITS = 1000  # that the linear guess is fitted to, at most
RIDGE = 0.5  # weight of a unit in its coefficients


def prefit(model: ParameterNet, circuits: GraphBatches, seed: int) -> None:
    """Changes the last head and the linear guess of demands; the rest of the network stays as it was drawn.

    Args:
        model: on the CPU.
        circuits: of the train split, with augmented demands or without.
        seed: of the demands' order.
    """
    fit_head(model, circuits, seed)
    fit_guess(model, circuits)


def fit_head(model: ParameterNet, circuits: GraphBatches, seed: int) -> None:
    """The head learns what the search answers to the circuits' demands and to the augmented ones."""
    own = circuits.demand.unsqueeze(1)  # [circuits, 1, 8]
    demand = torch.cat([own, own + circuits.demand_shift], dim=1)  # [circuits, 1+K, 8]
    target = torch.cat([circuits.target.unsqueeze(1), circuits.augmented_target], dim=1)
    constants = field_and_level(circuits).unsqueeze(1).expand(-1, demand.shape[1], -1)
    rows = [with_logits(demand), constants, target]
    demands, constants, targets = (part.flatten(0, 1) for part in rows)

    generator = torch.Generator().manual_seed(seed)
    adamw = PlainAdamW(model.target_head.parameters(), LEARNING_RATE, fused=True)
    for step in range(STEPS):
        chosen = torch.randint(len(demands), (BATCH_SIZE,), generator=generator)
        predicted = model.predict_targets(demands[chosen], constants[chosen])
        torch.autograd.backward(loss(predicted, targets[chosen]))
        adamw.param_groups[0]["lr"] = LEARNING_RATE * (1 - step / STEPS)
        adamw.step()
        adamw.zero_grad()


@torch.no_grad()
def fit_guess(model: ParameterNet, circuits: GraphBatches) -> None:
    """The linear guess takes up what the drawn network misses of the demands, by ridge regression."""
    model.eval()
    features = []
    missed = []
    free = []
    size = 64
    for batch in Batches(circuits, size, cap=-(-CIRCUITS // size)):
        graphs = len(batch.target)
        seen = circuit_features(batch.x, batch.graph, graphs)  # [graphs, 15]
        features.append(torch.cat([seen, seen.new_ones(graphs, 1)], dim=1))
        missed.append(with_logits(batch.demand) - model(*batch.inputs).demand)
        free.append(batch.demand[:, DEMAND_FREE])

    known = torch.ones_like(torch.cat(missed))  # [circuits, 8]
    known[:, DEMAND_BITS] = torch.cat(free)  # where q is fixed there are no bits
    columns = zip(torch.cat(missed).T, known.T, strict=True)
    fitted = [ridge(torch.cat(features), values, rows) for values, rows in columns]
    coefficients = torch.stack(fitted)  # [8, 16]
    model.demand_guess.weight.add_(coefficients[:, :-1])
    model.demand_guess.bias.add_(coefficients[:, -1])


def ridge(features: Tensor, values: Tensor, known: Tensor) -> Tensor:
    """Coefficients ``[features]`` of the values, ``[rows]``, in the rows that are known (1, others 0)."""
    x = (features * known.unsqueeze(1)).double()
    y = (values * known).double()
    penalty = RIDGE**2 * torch.eye(x.shape[1], dtype=x.dtype)
    solution: Tensor = torch.linalg.solve(x.T @ x + penalty, x.T @ y)
    return solution.float()


def with_logits(demand: Tensor) -> Tensor:
    """Demands as the network says them: a logit in place of 0 or 1 that q is free."""
    logits = (2 * demand[..., DEMAND_FREE] - 1) * SURE
    return torch.cat([logits.unsqueeze(-1), demand[..., DEMAND_FREE + 1 :]], dim=-1)


def field_and_level(circuits: GraphBatches) -> Tensor:
    """The field's bits and the security asked for, as every node has them: ``[circuits, 2]``."""
    first = circuits.split.node_ptr[:-1]
    return torch.from_numpy(circuits.split.x[first][:, CIRCUIT_CONSTANTS][:, :2])
