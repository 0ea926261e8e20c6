"""What a network knows before its first step: which parameters the search answers to a demand.

The last head calculates targets from demands, so the search alone can teach it. A network without it spends its first
hundred steps on little else (docs/log.md), which is all that a trial of a search has.

    prefit(model, GraphBatches(split, standardiser, augmented_demands(split)), seed)
"""

from __future__ import annotations

import torch
from torch import Tensor

from nexuszero.data import CIRCUIT_CONSTANTS, DEMAND_FREE
from nexuszero.network import MOST_LOGIT, GraphBatches, ParameterNet, loss
from nexuszero.training.muon import PlainAdamW

STEPS = 200
BATCH_SIZE = 256  # demands
LEARNING_RATE = 2e-3  # falls to nothing


def prefit(model: ParameterNet, circuits: GraphBatches, seed: int) -> None:
    """The last head learns what the search answers to circuits' demands; the rest of the network stays as it was drawn.

    Args:
        model: on the CPU.
        circuits: of the train split, with augmented demands or without.
        seed: of the demands' order.
    """
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


def with_logits(demand: Tensor) -> Tensor:
    """Demands as the network says them: a logit in place of 0 or 1 that q is free."""
    logits = (2 * demand[..., DEMAND_FREE] - 1) * MOST_LOGIT
    return torch.cat([logits.unsqueeze(-1), demand[..., DEMAND_FREE + 1 :]], dim=-1)


def field_and_level(circuits: GraphBatches) -> Tensor:
    """The field's bits and the security asked for, as every node has them: ``[circuits, 2]``."""
    first = circuits.split.node_ptr[:-1]
    return torch.from_numpy(circuits.split.x[first][:, CIRCUIT_CONSTANTS][:, :2])
