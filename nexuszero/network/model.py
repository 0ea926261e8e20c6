"""The network that reads an R1CS and proposes lattice parameters: messages between wires and constraints.

The graph is bipartite, and a constraint aggregates its three forms A, B and C apart. One round of messages carries a
fact (a range, say) from a wire to every wire that it shares a constraint with; all rounds have the same weights, so a
rule that holds once holds at any depth. After every round the network predicts the range of each node as far as
inference has it by then, and in the end the circuit's demand (how many forms, values of how many bits). The exact
analysis knows both of training circuits; the targets are calculated from the demand alone.

    pytest tests/test_model.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nexuszero.crypto import SLOTS
from nexuszero.data import (
    DEMAND_BITS,
    DEMAND_BITS_UNIT,
    DEMAND_FEATURES,
    DEMAND_FREE,
    IS_BOOLEAN,
    NODE_FEATURES,
    TARGETS,
)
from nexuszero.network.arithmetic import TOLD_LARGEST, Arithmetic
from nexuszero.network.graph import (
    CIRCUIT_FEATURES,
    SEEN_OF_CONSTRAINT,
    NodeGroups,
    circuit_features,
    constraint_features,
    group_nodes,
    mark_boolean_wires,
    sort_edges,
)
from nexuszero.network.layers import MessagePassing, Passed, Pooling, State, mlp
from nexuszero.network.pooling import pool_max
from nexuszero.network.reach import from_bits, from_ends, from_marks, whole_bits

TOLD_READING = 3  # of what is left to a wire: both ends, and if they are known
RANGE_UNIT = 32  # bits: unit of the bits of nodes' ranges
COUNT_DIVISORS = (1, *SLOTS)  # of sums over nodes: forms, then heights
NODE_BYTES = 36  # at most, for each unit of a node's width, without gradients
EDGE_BYTES = 13
FIXED_BYTES = 100 * 2**20
MOST_LOGIT = 8  # of what nodes say of the modulus
DEMAND_SCALE = (0.5, 2.0, *[0.2] * 6)  # of demands before the last head: all near one


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a network, and which parts it has.

    Args:
        hidden_dim: width of the last head, twice that of a node.
        num_layers: rounds of messages, there and back, that most of a training has; all have the same weights.
        num_heads: attention heads of the pooling.
        dropout: rate among the weights of attention.
        receiver_bias: whether a constraint's message depends on the wire that receives it.
        recall: whether a round adds to what nodes began with, not to what they have.
        pooled_demand: whether demands start from extremes and sums over nodes.
        arithmetic: whether rounds are told what forms can be, by what was read of wires.
        calculated: whether a wire can have the range that constraints leave to it, by the same.
        depth: rounds that the end of a training and every answer have, unless there are more layers; an answer in which
            the last one still changed something has more (`nexuszero.network.prediction`). 0 for no more than layers.
    """

    hidden_dim: int = 256
    num_layers: int = 7
    num_heads: int = 8
    dropout: float = 0.1
    receiver_bias: bool = True
    recall: bool = True
    pooled_demand: bool = True
    arithmetic: bool = True
    calculated: bool = True
    depth: int = 16

    def __post_init__(self) -> None:
        """Refuses heads that do not divide the width."""
        if self.hidden_dim % self.num_heads:
            raise ValueError(
                f"hidden_dim {self.hidden_dim} is not a multiple of num_heads {self.num_heads}"
            )


class ModelOutput(NamedTuple):
    r"""Predictions, and what the exact analysis can confirm of the way to them.

    Shapes:
        - **targets** :math:`(|G|, 6)`, standardised
        - **demand** :math:`(|G|, 8)` as `Demand.array`, but a logit that q is free
        - **ranges** :math:`(|N|, 4)`: a logit that a node's values fill the field, and their bits else; of a wire also
          the bits of those below zero, and of those above; all bits in 32
        - **earlier** :math:`(R - 1, |M|, 4)`: likewise of the first M nodes, all but leaves, after each round before
          the last; without rows outside training
        - **nodes** :math:`(|N|)`: whose ranges they are
        - **augmented** :math:`(|G|, K, 6)`: targets of other demands than the circuit's
        - **changing** :math:`(|G|)`: whether the last round read a wire otherwise than the one before
    """

    targets: Tensor
    demand: Tensor
    ranges: Tensor
    earlier: Tensor
    nodes: Tensor
    augmented: Tensor
    changing: Tensor


class ParameterNet(nn.Module):
    r"""From circuits to three parameters and three metrics, all standardised.

    Shapes:
        - **x** :math:`(|V|, 12)`, wires and constraints in any order; **edge_index** :math:`(2, |E|)` from
          wires to constraints; **edge_attr** :math:`(|E|, 5)`; **graph** :math:`(|V|)` in :math:`0..|G|`
        - **output** :math:`(|G|, 6)`: log2 n, log2 q, log2 sigma, bit security, hardness, log2 proof size, in
          units of the train split's deviation from its mean
    """

    def __init__(self, config: ModelConfig = ModelConfig()) -> None:
        super().__init__()
        self.config = config
        self.rounds = self.all_rounds  # in training
        hidden = config.hidden_dim
        width = hidden // 2  # of a node
        self.embed_wire = nn.Linear(NODE_FEATURES, width)
        self.embed_constraint = nn.Linear(SEEN_OF_CONSTRAINT, width)
        self.message_passing = MessagePassing(
            width,
            config.receiver_bias,
            config.recall,
            config.arithmetic,
            config.calculated,
        )
        self.pool_wires = Pooling(width, config.num_heads, config.dropout)
        self.pool_constraints = Pooling(width, config.num_heads, config.dropout)
        narrow = max(1, width // 4)
        self.wire_range_head = mlp(width + TOLD_READING, narrow, 5, layers=1)
        self.constraint_range_head = mlp(width + TOLD_LARGEST, narrow, 2, layers=1)
        self.wire_count_head = nn.Linear(width, len(COUNT_DIVISORS))
        self.constraint_count_head = nn.Linear(width, len(COUNT_DIVISORS))
        self.demand_guess = nn.Linear(CIRCUIT_FEATURES, DEMAND_FEATURES)
        nn.init.zeros_(self.demand_guess.weight)
        nn.init.zeros_(self.demand_guess.bias)
        self.demand_head = mlp(
            6 * self.pool_wires.width + CIRCUIT_FEATURES + DEMAND_FEATURES + 1,
            width,
            DEMAND_FEATURES,
        )
        self.target_head = mlp(
            DEMAND_FEATURES + 3, hidden, TARGETS, layers=3
        )  # see `predict_targets`

    @property
    def all_rounds(self) -> int:
        """Rounds of messages of an answer; training begins with fewer (`rounds`)."""
        return max(self.config.num_layers, self.config.depth)

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor,
        edge_attr: Tensor,
        graph: Tensor,
        num_graphs: int | None = None,
        demand_shift: Tensor | None = None,
        rounds: int | None = None,
    ) -> ModelOutput:
        """Predictions for circuits, and for demands ``demand_shift``, ``[graphs, K, 8]``, away from the predicted ones.

        Without ``num_graphs`` the last graph must have a node. Without ``rounds`` there are as many as in training, or
        as an answer begins with.
        """
        size = int(graph.max()) + 1 if num_graphs is None else num_graphs
        circuit = circuit_features(x, graph, size)  # [graphs, 15]
        if rounds is None:
            rounds = self.rounds if self.training else self.all_rounds
        passed, groups = self.encode(x, edge_index, edge_attr, rounds)
        changed = passed.changed.float().unsqueeze(1)
        changing = pool_max(changed, graph[groups.wires], size).squeeze(1) > 0

        # ranges from every round: a round is to learn one step of inference
        *before, last = self.predict_ranges(passed)
        ranges = torch.cat([last, passed.leaf_ranges])
        earlier = torch.stack(before) if before else last.new_zeros(0, *last.shape)
        demand = self.predict_demand(passed, groups, ranges, circuit, graph, changing)

        # targets are calculated from the demand, and from demands that no circuit has
        field_and_level = circuit[:, :2]
        shift = (
            demand.new_zeros(size, 0, DEMAND_FEATURES)
            if demand_shift is None
            else demand_shift
        )
        shifted = demand.detach().unsqueeze(1) + shift  # [graphs, K, 8]
        augmented = self.predict_targets(
            shifted, field_and_level.unsqueeze(1).expand(-1, shifted.shape[1], -1)
        )
        targets = self.predict_targets(demand, field_and_level)
        return ModelOutput(
            targets, demand, ranges, earlier, groups.all, augmented, changing
        )

    def encode(
        self,
        x: Tensor,
        edge_index: Tensor,
        edge_attr: Tensor,
        rounds: int,
    ) -> tuple[Passed, NodeGroups]:
        """Embeds nodes and lets them exchange messages.

        A wire of one constraint is a leaf: it receives in the end alone, as what it would receive before the constraint
        knows. Nodes without an edge are passed over.
        """
        left_out = x[:, IS_BOOLEAN] > 0.5
        left_out |= torch.bincount(edge_index.flatten(), minlength=len(x)) == 0
        x, edge_index, edge_attr = mark_boolean_wires(x, edge_index, edge_attr)
        groups = group_nodes(x, left_out, edge_index[0])
        edges = sort_edges(groups, edge_index, edge_attr, len(x))

        wires = self.embed_wire(x[groups.wires]).float()  # [wires, width]
        leaves = self.embed_wire(x[groups.leaves]).float()
        constraints = self.embed_constraint(
            constraint_features(x[groups.constraints])
        ).float()

        arithmetic = Arithmetic.of(
            edges, x[groups.constraints], len(wires), len(leaves)
        )
        passed = self.message_passing(
            State(wires, constraints),
            leaves,
            edges,
            arithmetic,
            (from_marks(x[groups.wires]), from_marks(x[groups.leaves])),
            self.read_wires,
            rounds,
        )
        return passed, groups

    def read_wires(
        self, states: Tensor, left: Tensor, before: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Ranges of wires, ``[wires, 4]`` as in `ModelOutput`, and their reach by these.

        Bits lie between those that are read off the state and those of what constraints leave of what was known before;
        where these have more than half of the weight the wire has just these ends.

        Args:
            states: of the wires.
            left: the ends that constraints leave to each, ``[wires, 2]``, infinite where that is not known.
            before: the ends that each had before, likewise.
        """
        known = left[:, :1].isfinite()
        left = torch.minimum(left, before).masked_fill(~known, 0)
        bits = whole_bits(left).float() / RANGE_UNIT  # [wires, 2]
        head = self.wire_range_head(torch.cat([states, bits, known], dim=1)).float()
        full, read, trust = head.split([1, 3, 1], dim=1)
        trust = trust.sigmoid() * known

        # what counts is twice a wire's largest value (docs/labels.md, section 1.5): a bit more, if there is any
        largest = bits.amax(1, keepdim=True)
        largest = largest + (largest > 0) / RANGE_UNIT
        of_left = torch.cat([largest, bits], dim=1)
        ranges = torch.cat([full, read.lerp(of_left, trust)], dim=1)

        unknown = full.detach().squeeze(1) > 0
        by_bits = from_bits(ranges.detach()[:, 2:] * RANGE_UNIT, unknown)
        return ranges, torch.where(trust > 0.5, from_ends(left, unknown), by_bits)

    def predict_ranges(self, passed: Passed) -> list[Tensor]:
        """Ranges of inner wires and constraints in each of the states, ``[nodes, 4]`` as in `ModelOutput`."""
        ranges = []
        for state, of_wires, bounds in zip(
            passed.states_per_round,
            passed.ranges_per_round,
            passed.bounds_per_round,
            strict=True,
        ):
            told = self.message_passing.told(bounds.of_largest())
            seen = torch.cat([state.constraints, told], dim=1)
            of_constraints = self.constraint_range_head(seen).float()
            ranges.append(torch.cat([of_wires, F.pad(of_constraints, (0, 2))]))
        return ranges

    def predict_demand(
        self,
        passed: Passed,
        groups: NodeGroups,
        ranges: Tensor,
        circuit: Tensor,
        graph: Tensor,
        changing: Tensor,
    ) -> Tensor:
        """Demands ``[graphs, 8]`` as in `ModelOutput`, of the last states and ranges and the circuits' features."""
        size = len(circuit)
        last, constraints = passed.states_per_round[-1]
        wires = torch.cat([last, passed.leaves])  # [all wires, width]
        graph_of_wire = graph[groups.all_wires]
        graph_of_constraint = graph[groups.constraints]

        # a first demand from extremes and sums, which no mean over a large circuit may blur
        counts = torch.cat(
            [self.wire_count_head(wires), self.constraint_count_head(constraints)]
        ).float()
        graph_of_count = torch.cat([graph_of_wire, graph_of_constraint])
        pooled = counts.new_zeros(size, DEMAND_FEATURES)
        if self.config.pooled_demand:
            ranges = ranges[:, :2].clone()
            if (
                self.config.arithmetic
            ):  # it knows better than a head what a constraint reaches
                first = len(groups.wires)
                calculated = slice(first, first + len(constraints))
                ranges[calculated, 1] = passed.bounds_per_round[-1].largest / RANGE_UNIT
            pooled = self.pooled_demand(
                ranges, graph[groups.all], counts, graph_of_count, size
            )

        # then corrected by what the circuit is as a whole, and by all that is pooled
        pooled_wires = self.pool_wires(
            wires, graph_of_wire, size
        )  # [graphs, 3 width / 2]
        pooled_constraints = self.pool_constraints(
            constraints, graph_of_constraint, size
        )
        parts = [
            pooled_wires,
            pooled_constraints,
            circuit,
            pooled,
            changing.float().unsqueeze(1),
        ]
        summary = torch.cat(parts, dim=1)
        correction = self.demand_guess(circuit) + self.demand_head(summary)
        correction = correction.float().clone()

        # but nodes have the last word where no more changes; a node that is full may turn out to be the widest
        if self.config.pooled_demand:
            correction[~changing, DEMAND_FREE] = 0
        if self.config.calculated:
            no_node_is_full = pooled[:, DEMAND_FREE] > 0
            correction[no_node_is_full, DEMAND_BITS] = 0
        demand: Tensor = pooled + correction
        return demand

    @staticmethod
    def pooled_demand(
        ranges: Tensor,
        graph_of_range: Tensor,
        counts: Tensor,
        graph_of_count: Tensor,
        num_graphs: int,
    ) -> Tensor:
        """Demands as extremes and sums of what nodes have: ``[graphs, 8]`` as in `ModelOutput`.

        So a value of one node, however large the circuit, is not lost in a mean, and counts grow with the circuit.

        Args:
            ranges: ``[nodes, 2]``, the first columns of :class:`ModelOutput`'s.
            graph_of_range: the circuit of each.
            counts: ``[all nodes, 6]``, how much each adds to forms and heights, before a softplus.
            graph_of_count: the circuit of each.
            num_graphs: circuits.
        """
        # q is free if no node fills the field; its bits are those of the widest node that does not
        full, bits = ranges[:, :1], ranges[:, 1:]
        narrow = bits.relu() * (full <= 0)
        extremes = pool_max(
            torch.cat([full, narrow], dim=1), graph_of_range, num_graphs
        )  # [graphs, 2]
        any_node = pool_max(torch.ones_like(full), graph_of_range, num_graphs) > 0
        free = -extremes[:, :1].clamp(-MOST_LOGIT, MOST_LOGIT)
        free = free.masked_fill(~any_node, MOST_LOGIT)
        widest = extremes[:, 1:] * (RANGE_UNIT / DEMAND_BITS_UNIT)

        total = counts.new_zeros(num_graphs, len(COUNT_DIVISORS)).index_add(
            0, graph_of_count, F.softplus(counts)
        )
        logs = torch.log2(1 + total / total.new_tensor(COUNT_DIVISORS))  # [graphs, 6]
        return torch.cat([free, widest, logs], dim=1)

    def predict_targets(self, demand: Tensor, field_and_level: Tensor) -> Tensor:
        """Targets ``[..., 6]`` of demands ``[..., 8]``, given the field's bits and lambda, ``[..., 2]``."""
        scaled = demand * demand.new_tensor(DEMAND_SCALE)
        probability = demand[..., :1].sigmoid()
        targets: Tensor = self.target_head(
            torch.cat([scaled, probability, field_and_level], dim=-1)
        ).float()
        return targets

    def memory(self, nodes: int, edges: int) -> int:
        """Bytes that one circuit takes at most, without gradients; measured up to 100,000 nodes, 600,000 edges."""
        width = self.embed_wire.out_features
        return (NODE_BYTES * nodes + EDGE_BYTES * edges) * width + FIXED_BYTES
