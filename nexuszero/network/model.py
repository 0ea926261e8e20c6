"""The network that reads an R1CS and proposes lattice parameters: messages between wires and constraints.

The graph is bipartite, and a constraint aggregates its three forms A, B and C apart. One round of messages carries a
fact (a range, say) from a wire to every wire that it shares a constraint with; all rounds have the same weights, so a
rule that holds once holds at any depth. Beside the messages the rules of inference are calculated (`Arithmetic`), at
last to the end of the inference, and alike forms are counted (`PackedForms`): much of the answer is arithmetic, which a
network is poor at. After every round it predicts the range of each node as far as inference has it by then, and in the
end the circuit's demand (how many forms, values of how many bits). The exact analysis knows both of training circuits;
the targets are calculated from the demand alone.

    pytest tests/test_model.py
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nexuszero.data import (
    DEMAND_BITS,
    DEMAND_BITS_UNIT,
    DEMAND_FEATURES,
    DEMAND_FREE,
    DEMAND_LOGS,
    FIELD_BITS,
    FIELD_BITS_UNIT,
    IS_BOOLEAN,
    NODE_FEATURES,
    TARGETS,
)
from nexuszero.network.arithmetic import TOLD_LARGEST, Arithmetic
from nexuszero.network.forms import PackedForms
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
from nexuszero.network.reach import (
    MOST_LOGIT,
    fills,
    from_bits,
    from_ends,
    from_marks,
    is_hint,
    near_half,
    whole_bits,
)

TOLD_READING = 4  # of what is left to a wire: both ends, how near half of the field, and if they are known
RANGE_UNIT = 32  # bits: unit of the bits of nodes' ranges
TRUST = 3.0  # at first, a logit: in what is calculated, beside what is read
FEW = 2  # rows, or forms, to which a last head adds half of what it adds to one
NODE_BYTES = 36  # at most, for each unit of a node's width, without gradients
EDGE_BYTES = 13
CALCULATION_BYTES = 400  # of an edge, whatever the width
FIXED_BYTES = 100 * 2**20
DEMAND_SCALE = (0.5, 2.0, *[0.2] * 6)  # of demands before the last head: all near one


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a network, and which parts it has.

    Args:
        hidden_dim: width of the last head, twice that of a node.
        num_layers: rounds of messages, there and back; all have the same weights.
        num_heads: attention heads of the pooling.
        dropout: rate among the weights of attention.
        receiver_bias: whether a constraint's message depends on the wire that receives it.
        recall: whether a round adds to what nodes began with, not to what they have.
        pooled_demand: whether demands start from extremes over nodes, and from forms that are counted.
        arithmetic: whether rounds are told what forms can be, by what was read of wires.
        calculated: whether a wire can have the range that constraints leave to it, by the same.
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
    """

    targets: Tensor
    demand: Tensor
    ranges: Tensor
    earlier: Tensor
    nodes: Tensor
    augmented: Tensor


class ParameterNet(nn.Module):
    r"""From circuits to three parameters and three metrics, all standardised.

    Shapes:
        - **x** :math:`(|V|, 12)`, wires in any order, constraints in the file's; **edge_index** :math:`(2, |E|)`
          from wires to constraints; **edge_attr** :math:`(|E|, 5)`; **graph** :math:`(|V|)` in :math:`0..|G|`
        - **output** :math:`(|G|, 6)`: log2 n, log2 q, log2 sigma, bit security, hardness, log2 proof size, in
          units of the train split's deviation from its mean
    """

    def __init__(self, config: ModelConfig = ModelConfig()) -> None:
        super().__init__()
        self.config = config
        self.rounds = config.num_layers  # in training
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
        *_, bias = self.wire_range_head.parameters()
        nn.init.constant_(bias[-1:], TRUST)
        self.constraint_range_head = mlp(width + TOLD_LARGEST, narrow, 2, layers=1)
        self.demand_head = mlp(
            6 * self.pool_wires.width + CIRCUIT_FEATURES + DEMAND_FEATURES,
            width,
            DEMAND_FEATURES,
        )
        self.target_head = mlp(
            DEMAND_FEATURES + 3, hidden, TARGETS, layers=3
        )  # see `predict_targets`

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor,
        edge_attr: Tensor,
        graph: Tensor,
        num_graphs: int | None = None,
        demand_shift: Tensor | None = None,
    ) -> ModelOutput:
        """Predictions for circuits, and for demands ``demand_shift``, ``[graphs, K, 8]``, away from the predicted ones.

        Without ``num_graphs`` the last graph must have a node.
        """
        size = int(graph.max()) + 1 if num_graphs is None else num_graphs
        circuit = circuit_features(x, graph, size)  # [graphs, 15]
        rounds = self.rounds if self.training else self.config.num_layers
        passed, groups = self.encode(x, edge_index, edge_attr, rounds)

        # ranges from every round: a round is to learn one step of inference
        *before, last = self.predict_ranges(passed)
        ranges = torch.cat([last, passed.leaf_ranges])
        earlier = torch.stack(before) if before else last.new_zeros(0, *last.shape)
        rows = PackedForms.of(x, edge_index, edge_attr, graph).rows(size)
        demand = self.predict_demand(passed, groups, ranges, circuit, graph, rows)

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
        return ModelOutput(targets, demand, ranges, earlier, groups.all, augmented)

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

        hints = is_hint(x[groups.leaves], edges.leaf_to_form)
        arithmetic = Arithmetic.of(edges, x[groups.constraints], len(wires), hints)
        field = x[:, FIELD_BITS] * FIELD_BITS_UNIT
        no_hints = torch.zeros_like(groups.wires, dtype=torch.bool)
        passed = self.message_passing(
            State(wires, constraints),
            leaves,
            edges,
            arithmetic,
            (from_marks(x[groups.wires]), from_marks(x[groups.leaves])),
            partial(self.read_wires, field=field[groups.wires], hints=no_hints),
            partial(self.read_wires, field=field[groups.leaves], hints=hints),
            rounds,
        )
        return passed, groups

    def read_wires(
        self, states: Tensor, left: Tensor, field: Tensor, hints: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Ranges of wires, ``[wires, 4]`` as in `ModelOutput`, and their reach by these.

        A wire that nothing is left to fills the field, unless it is a hint, whose values do not count. Others' bits lie
        between those that are read off the state and those of what is left; where these have more than half of the
        weight the wire has just these ends.

        Args:
            states: of the wires.
            left: the ends that are left to each, ``[wires, 2]``, infinite where nothing is known.
            field: its bits, ``[wires]``.
            hints: which are hints, ``[wires]``.
        """
        known = left[:, :1].isfinite()
        left = left.masked_fill(~known, 0)
        bits = whole_bits(left).float() / RANGE_UNIT  # [wires, 2]
        twice = 2 * left.amax(1)
        near = near_half(twice, field).unsqueeze(1)
        told = torch.cat([states, bits, near, known], dim=1)
        head = self.wire_range_head(told).float()
        full, read, trust = head.split([1, 3, 1], dim=1)
        trust = trust.sigmoid() * known

        # what counts is twice a wire's largest value (docs/labels.md, section 1.5): a bit more, if there is any
        largest = bits.amax(1, keepdim=True)
        largest = largest + (largest > 0) / RANGE_UNIT
        of_left = torch.cat([largest, bits], dim=1)
        read = read.lerp(of_left, trust)
        by_bits = partial(from_bits, read.detach()[:, 1:] * RANGE_UNIT)
        if not self.config.calculated:
            return torch.cat([full, read], dim=1), by_bits(full.detach().squeeze(1) > 0)

        near_or_far = fills(full.squeeze(1), twice, field).unsqueeze(1)
        nothing = torch.where(hints, -MOST_LOGIT, MOST_LOGIT).to(full.dtype)
        full = torch.where(known, near_or_far, nothing.unsqueeze(1))
        read = read.masked_fill(hints.unsqueeze(1), 0)
        unknown = ~known.squeeze(1)
        exact = (trust > 0.5) | (full > 0)
        by_left = from_ends(left, unknown)
        reach = by_left.where(exact, torch.minimum(by_left, by_bits(unknown)))
        return torch.cat([full, read], dim=1), reach

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
            if self.config.calculated:
                full = fills(of_constraints[:, 0], bounds.largest, bounds.field)
                full = torch.where(bounds.unknown == 0, full, of_constraints[:, 0])
                of_constraints = torch.stack([full, of_constraints[:, 1]], dim=1)
            ranges.append(torch.cat([of_wires, F.pad(of_constraints, (0, 2))]))
        return ranges

    def predict_demand(
        self,
        passed: Passed,
        groups: NodeGroups,
        ranges: Tensor,
        circuit: Tensor,
        graph: Tensor,
        rows: Tensor,
    ) -> Tensor:
        """Demands ``[graphs, 8]`` as in `ModelOutput`, of the last states, ranges, the circuits' features and rows."""
        size = len(circuit)
        last, constraints = passed.states_per_round[-1]
        wires = torch.cat([last, passed.leaves])  # [all wires, width]
        graph_of_wire = graph[groups.all_wires]
        graph_of_constraint = graph[groups.constraints]

        # a first demand from extremes and counts, which no mean over a large circuit may blur
        pooled = circuit.new_zeros(size, DEMAND_FEATURES)
        if self.config.pooled_demand:
            ranges = ranges[:, :2].clone()
            if (
                self.config.arithmetic
            ):  # it knows better than a head what a constraint reaches
                first = len(groups.wires)
                calculated = slice(first, first + len(constraints))
                ranges[calculated, 1] = passed.bounds_per_round[-1].bits / RANGE_UNIT
            pooled = self.pooled_demand(ranges, graph[groups.all], rows)

        # then corrected by what the circuit is as a whole, and by all that is pooled
        pooled_wires = self.pool_wires(
            wires, graph_of_wire, size
        )  # [graphs, 3 width / 2]
        pooled_constraints = self.pool_constraints(
            constraints, graph_of_constraint, size
        )
        parts = [pooled_wires, pooled_constraints, circuit, pooled]
        summary = torch.cat(parts, dim=1)
        correction = self.demand_head(summary).float().clone()

        # but nodes have the last word on q and bits; to many rows a few are added, not a factor; and a q that is fixed
        # asks for no bits
        if self.config.pooled_demand:
            correction[:, DEMAND_FREE] = 0
            correction[:, DEMAND_LOGS] /= 1 + rows.float() / FEW
            if self.config.calculated:
                correction[:, DEMAND_BITS] = 0
        demand: Tensor = pooled + correction

        # whether q is free is open where the inference did not come to its end
        unfinished = passed.unfinished.float().unsqueeze(1)
        unfinished = pool_max(unfinished, graph[groups.wires], size).squeeze(1) > 0
        demand[unfinished, DEMAND_FREE] = 0
        demand[demand[:, DEMAND_FREE] <= 0, DEMAND_BITS] = 0
        return demand

    @staticmethod
    def pooled_demand(ranges: Tensor, graph: Tensor, rows: Tensor) -> Tensor:
        """Demands as extremes of what nodes have, and as forms are counted: ``[graphs, 8]`` as in `ModelOutput`.

        So a value of one node, however large the circuit, is not lost in a mean, and counts grow with the circuit.

        Args:
            ranges: ``[nodes, 2]``, the first columns of :class:`ModelOutput`'s.
            graph: the circuit of each.
            rows: forms, and rows by slots, ``[graphs, 6]`` (`PackedForms.rows`).
        """
        # q is free if no node fills the field; its bits are those of the widest node that does not
        full, bits = ranges[:, :1], ranges[:, 1:]
        narrow = bits.relu() * (full <= 0)
        extremes = pool_max(
            torch.cat([full, narrow], dim=1), graph, len(rows)
        )  # [graphs, 2]
        any_node = pool_max(torch.ones_like(full), graph, len(rows)) > 0
        free = -extremes[:, :1].clamp(-MOST_LOGIT, MOST_LOGIT)
        free = free.masked_fill(~any_node, MOST_LOGIT)
        widest = extremes[:, 1:] * (RANGE_UNIT / DEMAND_BITS_UNIT)

        forms, heights = rows[:, :1], rows[:, 1:]
        logs = torch.cat([forms.clamp(min=1), 1 + heights], dim=1).log2().float()
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
        by_width = (NODE_BYTES * nodes + EDGE_BYTES * edges) * width
        return by_width + CALCULATION_BYTES * edges + FIXED_BYTES
