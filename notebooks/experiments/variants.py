"""Networks with one choice changed: what `compare.py` trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from gatv2 import PlainNet, both_ways
from torch import Tensor, nn

from nexuszero.data import CONSTANTS, IS_CONSTRAINT, Array, Split
from nexuszero.network import (
    DEMAND_WEIGHT,
    RANGE_WEIGHT,
    Batch,
    ModelConfig,
    ParameterNet,
    loss,
    objective,
)

FORMS = slice(0, 3)  # columns of edge_attr: which of the forms A, B and C
COEFFICIENTS = slice(3, 5)  # their sign and size


@dataclass(frozen=True)
class Variant:
    """The network of a configuration with one choice changed.

    Args:
        layers: of messages, None for the configuration's; none at all leaves a set of nodes.
        width: times the configuration's.
        mask: what the network does not see, as a change of ``edge_attr``, ``[edges, 5]``.
        constants: whether it sees those of constraints.
        demands: whether it learns what circuits ask.
        nodes: whether it learns the ranges of nodes.
        every_round: whether it learns them for every round, or in the end alone.
        receiver_bias: whether a message of a constraint depends on the wire that receives it.
        recall: whether a round adds to what nodes began with, not to what they have.
        augmented: whether the last head learns by demands that no circuit makes, too.
        pooled_demand: whether demands start from extremes over nodes, and from forms that are counted.
        arithmetic: whether rounds are told what forms can be, by what was read of wires.
        calculated: whether a wire can have the range that constraints leave to it, by the same.
        deepening: whether training begins with fewer rounds.
        muon: Muon and AdamW, or AdamW alone.
        same_circuits: whether it learns from the train split again and again, or from others each epoch.
        prefit: whether the last head is learned before the first step.
        steps: whether there are any.
        gat: PyG's GATv2 instead, which learns the six targets alone, by AdamW.
    """

    layers: int | None = None
    width: float = 1
    mask: Callable[[Array], Array] | None = None
    constants: bool = True
    demands: bool = True
    nodes: bool = True
    every_round: bool = True
    receiver_bias: bool = True
    augmented: bool = True
    recall: bool = True
    pooled_demand: bool = True
    arithmetic: bool = True
    calculated: bool = True
    deepening: bool = True
    muon: bool = True
    same_circuits: bool = False
    prefit: bool = True
    steps: bool = True
    gat: bool = False

    def build(self, shape: ModelConfig) -> nn.Module:
        """The network; ``shape`` is that of the configuration."""
        width = int(shape.hidden_dim * self.width)
        layers = shape.num_layers if self.layers is None else self.layers
        if self.gat:
            return PlainNet(width, layers, shape.num_heads, shape.dropout)
        config = replace(
            shape,
            hidden_dim=width,
            num_layers=layers,
            receiver_bias=self.receiver_bias,
            recall=self.recall,
            pooled_demand=self.pooled_demand,
            arithmetic=self.arithmetic,
            calculated=self.calculated,
        )
        return ParameterNet(config)

    def visible(self, split: Split) -> Split:
        """What the network sees of a split."""
        if not self.constants:
            split = replace(split, x=no_constants(split.x))
        return (
            replace(split, edge_attr=self.mask(split.edge_attr)) if self.mask else split
        )

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """What training minimises."""
        if not isinstance(model, ParameterNet):
            return loss(model(both_ways(batch)), batch.target)
        output = model(*batch.inputs, batch.demand_shift if self.augmented else None)
        return objective(
            output,
            batch,
            demand_weight=DEMAND_WEIGHT * self.demands,
            range_weight=RANGE_WEIGHT * self.nodes,
            every_round=self.every_round,
        )


def one_form(edge_attr: Array) -> Array:
    """All edges as if of the form A."""
    masked = edge_attr.copy()
    masked[:, FORMS] = np.array([1, 0, 0])
    return masked


def no_coefficients(edge_attr: Array) -> Array:
    """All edges without sign and size."""
    masked = edge_attr.copy()
    masked[:, COEFFICIENTS] = 0
    return masked


def no_constants(x: Array) -> Array:
    """Constraints without the constants of A, B and C; wires as they are."""
    masked = x.copy()
    masked[x[:, IS_CONSTRAINT] > 0.5, CONSTANTS] = 0
    return masked


VARIANTS = {
    "network": Variant(),
    "set of nodes, no edges": Variant(
        layers=0,
        every_round=False,
        pooled_demand=False,
        arithmetic=False,
        calculated=False,
    ),  # without rounds there is the end alone
    "GATv2 by PyG": Variant(gat=True),
    "one round": Variant(layers=1),
    "two rounds": Variant(layers=2),
    "eight rounds": Variant(layers=8),
    "half the width": Variant(width=0.5),
    "twice the width": Variant(width=2),
    "AdamW alone": Variant(muon=False),
    "the same circuits again": Variant(same_circuits=True),
    "nothing learned before the first step": Variant(prefit=False),
    "nothing learned after that": Variant(steps=False),
    "ranges of nodes not learned": Variant(nodes=False),
    "ranges learned in the end alone": Variant(every_round=False),
    "messages that do not know the hearer": Variant(receiver_bias=False),
    "rounds add to what nodes have": Variant(recall=False),
    "answers learned from circuits alone": Variant(augmented=False),
    "demands not learned": Variant(demands=False),
    "neither of them learned": Variant(nodes=False, demands=False),
    "forms not counted": Variant(pooled_demand=False),
    "forms not told apart": Variant(mask=one_form),
    "coefficients not seen": Variant(mask=no_coefficients),
    "constants not seen": Variant(constants=False),
    "forms not added up": Variant(arithmetic=False, calculated=False),
    "ranges as they are read": Variant(calculated=False),
    "all rounds from the first step": Variant(deepening=False),
}  # the names are keys of the recorded comparison.json
