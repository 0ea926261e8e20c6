"""The network that reads an R1CS and proposes lattice parameters: messages between wires and constraints.

The graph is bipartite, and a constraint hears its three forms A, B and C apart. One round of messages carries a fact (a
range, say) from a wire to every wire that it shares a constraint with; all rounds have the same weights, so a rule that
holds once holds at any depth. After every round the network tells the range of each node as far as inference has it by
then, and in the end what the circuit asks (how many forms, values of how many bits). The exact analysis knows both of
training circuits; the answers are calculated from the latter alone.

    pytest tests/test_model.py
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nexuszero.data.split import DEMANDS, EDGE_FEATURES, NODE_FEATURES, TARGETS
from nexuszero.network.batches import Batch

with warnings.catch_warnings():  # torch-geometric 2.8 still scripts functions with torch.jit
    warnings.simplefilter("ignore", FutureWarning)
    from torch_geometric.nn import global_max_pool, global_mean_pool
    from torch_geometric.utils import segment, softmax

IS_CONSTRAINT, IS_BOOLEAN, FIELD_BITS = 0, 3, 9  # columns of x
CONSTANTS = slice(9, 12)  # columns equal over a circuit: field bits, lambda, log nodes
CONSTANT = NODE_FEATURES + 3  # columns of `circuit_features`; of the first two, field bits and lambda, answers depend
FORMS = 3  # A, B, C: the first columns of edge_attr
PARAMETERS = slice(0, 3)  # columns of the output: log2 n, log2 q, log2 sigma
METRICS = slice(3, 6)  # bit security, hardness, log2 proof size
BITS = 32  # unit of the bits that nodes and circuits are said to have
ROUNDS = 2  # in a layer
SLOTS = (1, 64, 32, 16, 8, 4)  # by which sums over nodes are divided: forms, then heights
UNITS = (0.5, 2.0, *[0.2] * 6)  # of demands before the last head: all near one
DEMAND_WEIGHT, NODE_WEIGHT = 0.3, 1.0  # of the errors in what circuits ask and in nodes' ranges, beside the loss
BITS_WEIGHT, LOGS_WEIGHT = 4.0, 3.0  # among them: of an error of 32 bits, of a factor of two in a count


class Hearers(NamedTuple):
    r"""Edges sorted by the node or form that hears them.

    Shapes:
        - **source** :math:`(|E|)`: who speaks, **edge** :math:`(|E|, C)`: its features, then what it adds to what
          is told over it, **at** :math:`(|E|)`: who hears, **ptr** :math:`(|V|+1)`: where each one's edges begin
    """

    source: Tensor
    edge: Tensor
    at: Tensor
    ptr: Tensor

    @staticmethod
    def sort(source: Tensor, at: Tensor, size: int, edge: Tensor) -> Hearers:
        """Sorts edges by ``at`` in ``0..size``."""
        order = torch.argsort(at, stable=True)
        ends = F.pad(torch.bincount(at, minlength=size).cumsum(0), (1, 0))
        return Hearers(source[order], edge[order], at[order], ends)

    def gather(self, told: Tensor, ear: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Maxima of half of the channels and sums of the others: ``[speakers, C] -> [size, C/2]`` twice.

        ``ear``, ``[size, C]``, is what a hearer adds to all that it is told.
        """
        message = told.index_select(0, self.source) + self.edge
        message = F.relu(message if ear is None else message + ear.index_select(0, self.at)).float()
        largest, counted = message.chunk(2, dim=1)
        total = counted.new_zeros(len(self.ptr) - 1, counted.shape[1]).index_add(0, self.at, counted)
        return segment(largest, self.ptr, "max"), total


class Speaker(nn.Module):
    """What wires, or constraints, make of their states: what they tell, and how they change by what they hear.

    The change comes from a perceptron through a quarter of the width. Both begin with the layer-normed state, so one
    product serves both.
    """

    def __init__(self, hidden_dim: int, width: int, heard: int) -> None:
        super().__init__()
        narrow = max(1, hidden_dim // 4)
        self.width = width
        self.enter, self.hear = nn.Linear(hidden_dim, width + narrow), nn.Linear(heard, narrow, bias=False)
        self.leave = nn.Linear(narrow, hidden_dim)

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """What is told, ``[nodes, width]``, and what the change starts from, ``[nodes, hidden / 4]``."""
        told, own = self.enter(F.layer_norm(state, state.shape[1:])).tensor_split([self.width], dim=1)
        return told, own

    def change(self, own: Tensor, heard: Tensor) -> Tensor:
        """The change of the state, ``[nodes, hidden]``."""
        change: Tensor = self.leave(F.gelu(own + self.hear(heard)))
        return change


class Rounds(nn.Module):
    r"""Wires :math:`j` tell constraints :math:`i` by form :math:`r`, constraints tell wires.

    .. math::
        \mathbf{m}_{ijr} &= \mathrm{ReLU}(\mathbf{T} \bar{\mathbf{w}}_j + \mathbf{E} \mathbf{e}_{ijr}), \qquad
        \mathbf{h}_{ir} = \left[\max_j \mathbf{m}_{ijr}, \log\left(1 + \sum_j \mathbf{m}_{ijr}\right)\right] \\
        \mathbf{c}_i' &= \mathbf{c}_i + f(\bar{\mathbf{c}}_i, \mathbf{h}_{iA}, \mathbf{h}_{iB}, \mathbf{h}_{iC})

    and likewise back, where a message depends on the wire that hears it too: :math:`+ \mathbf{R} \bar{\mathbf{w}}_j`
    before the ReLU, so that a wire can take what a constraint says without its own part. :math:`\bar{\mathbf{x}}` is
    a layer norm. The maximum follows the largest of several ranges, the sum counts; each has half of a message, which
    has a quarter of the width. Wires of one constraint (leaves) speak and stay as they are, so what they say is
    gathered once, as is what edges add.
    """

    def __init__(self, hidden_dim: int) -> None:
        super().__init__()
        width = 2 * max(1, hidden_dim // 8)
        self.wire, self.constraint = Speaker(hidden_dim, 2 * width, width), Speaker(hidden_dim, width, FORMS * width)
        self.edge_to_constraint = nn.Linear(EDGE_FEATURES + 3, width, bias=False)
        self.edge_to_wire = nn.Linear(EDGE_FEATURES + 3, width, bias=False)

    def forward(
        self, states: list[Tensor], forms: Hearers, outer: Hearers, back: Hearers, times: int
    ) -> list[tuple[Tensor, Tensor]]:
        """States of wires and constraints after each round, outside training after the last.

        ``outer`` are the edges from leaves to forms.
        """
        wires, leaves, constraints = states
        forms, outer = (way._replace(edge=self.edge_to_constraint(way.edge)) for way in (forms, outer))
        back = back._replace(edge=self.edge_to_wire(back.edge))
        most, count = outer.gather(self.wire(leaves)[0].chunk(2, dim=1)[0])
        own_constraint = self.constraint(constraints)[1]
        after = [(wires, constraints)]
        for _ in range(times):
            told, own_wire = self.wire(wires)
            told, ear = told.chunk(2, dim=1)
            largest, total = forms.gather(told)
            heard = torch.cat([torch.maximum(largest, most), (total + count).log1p()], dim=1)
            change = self.constraint.change(own_constraint, heard.view(len(constraints), FORMS * heard.shape[1]))
            constraints = constraints + change
            told, own_constraint = self.constraint(constraints)
            largest, total = back.gather(told, ear)
            wires = wires + self.wire.change(own_wire, torch.cat([largest, total.log1p()], dim=1))
            after = [*after, (wires, constraints)] if self.training else [(wires, constraints)]
        return after[1:] if self.training and times else after


class Readout(nn.Module):
    r"""From nodes to their circuit: :math:`\log(1 + \mathrm{sum})`, maximum, and a mean by several attention heads.

    Shapes:
        - **x** :math:`(|V|, D)`, **graph** :math:`(|V|)` -> **output** :math:`(|G|, 3D/2)`; zero for an empty graph
    """

    def __init__(self, hidden_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.width = num_heads * max(1, hidden_dim // num_heads // 2)
        self.value, self.score = nn.Linear(hidden_dim, self.width), nn.Linear(hidden_dim, num_heads)

    def forward(self, x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
        """One row a circuit."""
        value = F.relu(self.value(x)).float()
        score = self.score(F.layer_norm(x, x.shape[1:])).float()
        weight = self.dropout(softmax(score, graph, num_nodes=num_graphs))  # [nodes, heads]
        by_head = value.view(*weight.shape, self.width // weight.shape[1])  # [nodes, heads, channels]
        weighted = (weight.unsqueeze(2) * by_head).flatten(1)
        total, mean = (part.new_zeros(num_graphs, self.width).index_add(0, graph, part) for part in (value, weighted))
        return torch.cat([total.log1p(), global_max_pool(value, graph, num_graphs), mean], dim=1)


class Told(NamedTuple):
    r"""Answers, and what the exact analysis can confirm of the way to them.

    Shapes:
        - **answer** :math:`(|G|, 6)`, **demand** :math:`(|G|, 8)` as `Split.demands`, but a logit that q is free
        - **reach** :math:`(R, |N|, 2)`, after each round in training, else after the last: a logit that a node's values
          fill the field, and their bits else, in 32
        - **nodes** :math:`(|N|)`: the inner wires and the constraints
        - **drilled** :math:`(|G|, K, 6)`: answers to other demands than the circuit's
    """

    answer: Tensor
    demand: Tensor
    reach: Tensor
    nodes: Tensor
    drilled: Tensor


class ParameterNet(nn.Module):
    r"""From circuits to three parameters and three metrics, all standardised.

    Args:
        hidden_dim (int): Width of the last head, twice that of a node. (default: :obj:`256`)
        num_layers (int): Layers of two rounds of messages, there and back. (default: :obj:`7`)
        num_heads (int): Attention heads of the readout. (default: :obj:`8`)
        dropout (float): Rate among the weights of attention. (default: :obj:`0.1`)

    Shapes:
        - **x** :math:`(|V|, 12)`, wires and constraints in any order; **edge_index** :math:`(2, |E|)` from
          wires to constraints; **edge_attr** :math:`(|E|, 5)`; **graph** :math:`(|V|)` in :math:`0..|G|`
        - **output** :math:`(|G|, 6)`: log2 n, log2 q, log2 sigma, bit security, hardness, log2 proof size, in
          units of the train split's deviation from its mean
    """

    def __init__(self, hidden_dim: int = 256, num_layers: int = 7, num_heads: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        if hidden_dim % num_heads:
            raise ValueError(f"hidden_dim {hidden_dim} is not a multiple of num_heads {num_heads}")
        self.num_layers, width = num_layers, hidden_dim // 2
        self.embed_wire, self.embed_constraint = (nn.Linear(NODE_FEATURES, width) for _ in range(2))
        self.rounds = Rounds(width)
        self.read_wires, self.read_constraints = (Readout(width, num_heads, dropout) for _ in range(2))
        self.reach_wire, self.reach_constraint = (_head(width, max(1, width // 4), 2, 1) for _ in range(2))
        self.count_wire, self.count_constraint = (nn.Linear(width, len(SLOTS)) for _ in range(2))
        self.demand_head = _head(6 * self.read_wires.width + CONSTANT + DEMANDS, width, DEMANDS)
        self.answer_head = _head(DEMANDS + 3, hidden_dim, TARGETS, layers=3)  # see `propose`

    def forward(
        self, x: Tensor, edge_index: Tensor, edge_attr: Tensor, graph: Tensor, num_graphs: int | None = None
    ) -> Tensor:
        """Standardised answers; without ``num_graphs`` the last graph must have a node."""
        return self.answer(x, edge_index, edge_attr, graph, num_graphs).answer

    def answer(
        self,
        x: Tensor,
        edge_index: Tensor,
        edge_attr: Tensor,
        graph: Tensor,
        num_graphs: int | None = None,
        shift: Tensor | None = None,
    ) -> Told:
        """Answers with what the network says on the way to them, and answers to demands ``shift`` away from those."""
        size = int(graph.max()) + 1 if num_graphs is None else num_graphs
        after, leaves, kinds = self.encode(x, edge_index, edge_attr)
        wires, constraints = after[-1]
        all_wires, nodes = torch.cat(kinds[:2]), torch.cat([kinds[0], kinds[2]])
        spoken = torch.cat([wires, leaves])
        judged = [self.reach_wire(w) for w, _ in after], [self.reach_constraint(c) for _, c in after]
        reach = torch.cat([torch.stack(part) for part in judged], dim=1).float()  # [rounds, judged, 2]
        counts = torch.cat([self.count_wire(spoken), self.count_constraint(constraints)]).float()
        tally = self.tallied(reach[-1], graph[nodes], counts, graph[torch.cat([all_wires, kinds[2]])], size)
        constants = circuit_features(x, graph, size)
        seen = [
            self.read_wires(spoken, graph[all_wires], size),
            self.read_constraints(constraints, graph[kinds[2]], size),
            constants,
            tally,
        ]
        demand = tally + self.demand_head(torch.cat(seen, dim=1)).float()  # of [graphs, 3 * width + 23]
        drawn = demand.detach().unsqueeze(1) + (demand.new_zeros(size, 0, DEMANDS) if shift is None else shift)
        given = constants[:, :2]  # [graphs, 2]
        drilled = self.propose(drawn, given.unsqueeze(1).expand(-1, drawn.shape[1], -1))
        return Told(self.propose(demand, given), demand, reach, nodes, drilled)

    def propose(self, demand: Tensor, given: Tensor) -> Tensor:
        """Answers ``[..., 6]`` to demands ``[..., 8]``, given the field's bits and lambda, ``[..., 2]``."""
        asked = [demand * demand.new_tensor(UNITS), demand[..., :1].sigmoid(), given]
        answer: Tensor = self.answer_head(torch.cat(asked, dim=-1)).float()
        return answer

    @staticmethod
    def tallied(reach: Tensor, judged: Tensor, counts: Tensor, counted: Tensor, num_graphs: int) -> Tensor:
        """What circuits ask, were it the extreme or the sum of what their nodes say: ``[graphs, 8]`` as in `Told`.

        So a value of one node, however large the circuit, is not lost in a mean, and counts grow with the circuit.

        Args:
            reach: ``[judged, 2]``, as :class:`Told` has it.
            judged: the circuit of each.
            counts: ``[nodes, 6]``, how much each adds to forms and heights, before a softplus.
            counted: the circuit of each.
            num_graphs: circuits.
        """
        narrow = reach[:, 1:].relu() * (1 - reach[:, :1].sigmoid())
        extremes = global_max_pool(torch.cat([reach[:, :1], narrow], dim=1), judged, num_graphs)
        total = counts.new_zeros(num_graphs, len(SLOTS)).index_add(0, counted, F.softplus(counts))
        logs = torch.log2(1 + total / total.new_tensor(SLOTS))
        return torch.cat([-extremes[:, :1].clamp(-8, 8), extremes[:, 1:] * (BITS / 64), logs], dim=1)

    def encode(
        self, x: Tensor, edge_index: Tensor, edge_attr: Tensor
    ) -> tuple[list[tuple[Tensor, Tensor]], Tensor, list[Tensor]]:
        """States ``[nodes, width]`` of inner wires and of constraints after each round, or after the last unless in
        training; those of leaves; and which nodes the three kinds are.

        A Boolean constraint speaks of one wire alone, so the wire is told at once and the constraint left out. A wire
        of one constraint is a leaf: it speaks, and what it would hear the constraint knows.
        """
        is_wire, boolean = x[:, IS_CONSTRAINT] < 0.5, x[:, IS_BOOLEAN] > 0.5
        kept = ~boolean[edge_index[1]]
        x = x.index_put((edge_index[0][~kept], x.new_tensor(IS_BOOLEAN, dtype=torch.long)), x.new_tensor(1.0))
        (source, target), edge_attr = edge_index[:, kept], edge_attr[kept]
        inner = torch.bincount(source, minlength=len(x)) > 1
        kinds = [torch.nonzero(kind).squeeze(1) for kind in (is_wire & inner, is_wire & ~inner, ~is_wire & ~boolean)]
        number = x.new_zeros(len(x), dtype=torch.long)  # of a node among its kind
        for kind in kinds:
            number[kind] = torch.arange(len(kind), device=x.device)
        form = number[target] * FORMS + edge_attr[:, :FORMS].argmax(dim=1)
        speaker, size, edge = number[source], FORMS * len(kinds[2]), edge_features(edge_attr)
        inside = inner[source]
        wires, leaves = self.embed_wire(x[kinds[0]]).float(), self.embed_wire(x[kinds[1]]).float()
        constraints = self.embed_constraint(x[kinds[2]]).float()
        ends = speaker[inside], form[inside], edge[inside]
        forms = Hearers.sort(ends[0], ends[1], size, ends[2])
        back = Hearers.sort(ends[1] // FORMS, ends[0], len(wires), ends[2])
        outer = Hearers.sort(speaker[~inside], form[~inside], size, edge[~inside])
        after = self.rounds([wires, leaves, constraints], forms, outer, back, ROUNDS * self.num_layers)
        return after, leaves, kinds

    def memory(self, nodes: int, edges: int) -> int:
        """Bytes that one circuit takes at most, without gradients; measured up to 100,000 nodes, 600,000 edges."""
        return (32 * nodes + 7 * edges) * self.embed_wire.out_features + 100 * 2**20


def edge_features(edge_attr: Tensor) -> Tensor:
    """Form and sign of a coefficient, and its bits on several scales, one for a coefficient of 1: ``[edges, 8]``."""
    bits = edge_attr[:, 4:] * 256  # log2(1 + |c|)
    scales = [bits / 32, bits.clamp(max=8) / 8, bits.log1p() / 4, (bits == 1).float()]
    return torch.cat([edge_attr[:, :4], *scales], dim=1)


def circuit_features(x: Tensor, graph: Tensor, num_graphs: int) -> Tensor:
    """What a circuit says as a whole: its constants and the logs of its feature sums, ``[graphs, 15]``."""
    total = x.new_zeros(num_graphs, x.shape[1]).index_add(0, graph, x)
    count = torch.bincount(graph, minlength=num_graphs).clamp(min=1).unsqueeze(1)
    return torch.cat([total[:, CONSTANTS] / count, total.log1p() / 8], dim=1)


def _head(width: int, hidden_dim: int, outputs: int, layers: int = 2) -> nn.Sequential:
    """No dropout here: it widens what a regression sees in training, and so shifts its answers afterwards."""
    widths = [width, *[hidden_dim] * layers]
    hidden = [part for ends in pairwise(widths) for part in (nn.Linear(*ends), nn.GELU())]
    return nn.Sequential(*hidden, nn.Linear(hidden_dim, outputs))


def losses(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squared error of the three parameters and of the three metrics; shapes must agree exactly."""
    if prediction.shape != target.shape or prediction.dim() != 2 or prediction.shape[1] != TARGETS:
        found = f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        raise ValueError(f"prediction and target must both be [graphs, {TARGETS}], found {found}")
    error = (prediction - target).square().mean(dim=0)  # [6]
    return error[PARAMETERS].mean(), error[METRICS].mean()


def loss(prediction: Tensor, target: Tensor) -> Tensor:
    r""":math:`\mathrm{MSE}_{\mathrm{parameters}} + \mathrm{MSE}_{\mathrm{metrics}}`, 2.0 for the mean."""
    parameters, metrics = losses(prediction, target)
    return parameters + metrics


def objective(told: Told, batch: Batch, demands: float = DEMAND_WEIGHT, nodes: float = NODE_WEIGHT) -> Tensor:
    """What training minimises: the loss, on drills too, and shares of the errors in what circuits ask and in ranges.

    A node's range is to be told from the round on after which inference would have it, and as the field's before: so
    a round learns a step of inference. Errors in ranges are a circuit's mean, so that a batch costs what its parts
    cost; only training sees the truth.
    """
    bits, field = batch.node_bits[told.nodes], batch.x[told.nodes, FIELD_BITS] * 256
    heard = torch.arange(1, len(told.reach) + 1, device=bits.device).unsqueeze(1)
    wide = (bits > field - 0.5) | (batch.node_rounds[told.nodes] > heard)  # [rounds, judged]
    error = off_bits(told.reach[..., 1], (bits / BITS).expand(wide.shape)).masked_fill(wide, 0)
    error = error + F.binary_cross_entropy_with_logits(told.reach[..., 0], wide.float(), reduction="none")
    ranges = global_mean_pool(error.mean(0).unsqueeze(1), batch.graph[told.nodes], len(batch.target)).mean()
    free, unit = batch.demand[:, 0], 64 / BITS
    asked = F.binary_cross_entropy_with_logits(told.demand[:, 0], free)
    asked = asked + (off_bits(told.demand[:, 1] * unit, batch.demand[:, 1] * unit) * free).mean()
    asked = asked + LOGS_WEIGHT * F.smooth_l1_loss(told.demand[:, 2:], batch.demand[:, 2:], beta=0.1)
    whole: Tensor = loss(told.answer, batch.target) + demands * asked + nodes * ranges
    drilled = told.drilled.flatten(0, 1)
    return whole + loss(drilled, batch.drilled.flatten(0, 1)) if len(drilled) else whole


def training_loss(model: ParameterNet, batch: Batch) -> Tensor:
    """The objective of one batch with its drills."""
    return objective(model.answer(*batch.inputs, batch.shift), batch)


def off_bits(said: Tensor, true: Tensor) -> Tensor:
    """The error of bits, both in units of 32; quadratic below one bit."""
    return BITS_WEIGHT * F.smooth_l1_loss(said, true, beta=1 / BITS, reduction="none")
