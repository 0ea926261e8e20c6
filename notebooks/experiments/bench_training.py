"""What a training step costs, beside a plain recipe's and beside its matrix products alone; and what is learnt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import gatv2 as plain
import torch
from steps import adamw, muon, step
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from turns import Row, Work, compared, figure, often, seconds, turns

from nexuszero.data import Split, Standardiser
from nexuszero.network import (
    Batch,
    Batches,
    GraphBatches,
    ModelConfig,
    ParameterNet,
    loss,
    predict_batches,
    training_loss,
)
from nexuszero.training import augmented_demands

BATCH_SIZE = 32
OPERATIONS = 12  # that take the most of a step
RATE = 5e-4  # of both recipes
SHAPE = ModelConfig()  # width, layers, heads and dropout of both: the seed document's


def training(train: Split, val: Split, batches: int, repeats: int) -> list[Row]:
    """A step of both recipes, what both learn from so many batches, and our step's matrix products alone."""
    circuits = GraphBatches(
        train, Standardiser.fit(train.targets), augmented_demands(train, seed=0)
    )
    return [
        steps(train, circuits, repeats),
        lesson(train, val, batches),
        products(next(iter(Batches(circuits, BATCH_SIZE))), repeats),
    ]


def steps(train: Split, circuits: GraphBatches, repeats: int) -> Row:
    """A training step at the seed document's size; both make their batches, of the same circuits, within the step."""
    ours = _our_step(ParameterNet(SHAPE), iter(Batches(circuits, BATCH_SIZE)))
    other = _plain_step(
        _plain_net(), iter(plain.loader(train, BATCH_SIZE, shuffle=False))
    )
    return turns(
        "a step of 32 circuits",
        ours,
        other,
        repeats,
        against="the plain recipe in PyG",
        target=5,
    )


def lesson(train: Split, val: Split, batches: int) -> Row:
    """Both networks learn from the same batches, twice; the row has the seconds and their validation losses."""
    torch.manual_seed(0)
    units = Standardiser.fit(train.targets)
    circuits = GraphBatches(train, units, augmented_demands(train, seed=0))
    graphs = plain.graphs(train, units)
    order = [
        indices for epoch in (0, 1) for indices in _first(circuits, epoch, batches)
    ]

    model = ParameterNet(SHAPE)
    other = _plain_net()
    ours = _our_step(model, (circuits.batch(indices) for indices in order))
    theirs = _plain_step(other, (plain.gather(graphs, indices) for indices in order))
    times = [seconds(partial(often, work, len(order))) for work in (ours, theirs)]
    row = compared(
        f"{len(order)} steps, two epochs",
        times[:1],
        times[1:],
        against="the plain recipe in PyG",
    )

    exam = GraphBatches(val, units)
    chosen = torch.split(torch.arange(len(exam)), BATCH_SIZE)[:batches]
    predicted, truth = predict_batches(model, map(exam.batch, chosen))
    own_loss = float(loss(predicted, truth))
    other_loss = float(
        loss(_plain_answers(other, plain.graphs(val, units), chosen), truth)
    )
    losses = {"validation_loss": own_loss, "other_validation_loss": other_loss}
    return row | losses | figure(own_loss, "validation loss", most=other_loss)


def products(batch: Batch, repeats: int) -> Row:
    """The matrix products of one step and nothing else: how near the step is to its limit."""
    model = ParameterNet(SHAPE)
    optimisers = muon(model, RATE)
    same = partial(step, model, optimisers, lambda: training_loss(model, batch))
    with Products() as recorded:
        same()
    row = turns(
        "a step", recorded.replay, same, repeats, against="its matrix products alone"
    )
    share = figure(
        1 / row["ratio"]["median"], "of the time is matrix products", least=0.5
    )
    return row | share | {"gflop": recorded.flops / 1e9, "profile": profiled(same)}


def profiled(work: Work, times: int = 3) -> dict[str, float]:
    """Shares of the processor's time by operation, the largest first, by PyTorch's profiler."""
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        often(work, times)
    times_by_operation = {
        event.key: event.self_cpu_time_total for event in recorded.key_averages()
    }
    total = sum(times_by_operation.values())
    largest = sorted(
        times_by_operation, key=times_by_operation.__getitem__, reverse=True
    )[:OPERATIONS]
    return {name: times_by_operation[name] / total for name in largest}


def _plain_net() -> plain.PlainNet:
    return plain.PlainNet(
        SHAPE.hidden_dim, SHAPE.num_layers, SHAPE.num_heads, SHAPE.dropout
    )


def _our_step(model: ParameterNet, batches: Iterator[Batch]) -> Work:
    return partial(
        step, model, muon(model, RATE), lambda: training_loss(model, next(batches))
    )


def _plain_step(model: plain.PlainNet, batches: Iterator[Any]) -> Work:
    def error() -> Tensor:
        batch = next(batches)
        return loss(model(batch), batch.y)

    return partial(step, model, adamw(model, RATE), error)


def _plain_answers(
    model: plain.PlainNet, graphs: list[Any], chosen: Sequence[Tensor]
) -> Tensor:
    model.eval()
    with torch.no_grad():
        return torch.cat([model(plain.gather(graphs, indices)) for indices in chosen])


def _first(circuits: GraphBatches, epoch: int, count: int) -> Sequence[Tensor]:
    """The circuits of the first batches of an epoch."""
    order = Batches(circuits, BATCH_SIZE, seed=0)
    order.set_epoch(epoch)
    return torch.split(order.order(), BATCH_SIZE)[:count]


class Products(TorchDispatchMode):
    """Records the operands of the matrix products of whatever runs under it, and runs them alone."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.pairs: list[tuple[Tensor, Tensor]] = []
        self.flops = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Notes the operands of a product, as they lie in memory."""
        if func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default):
            a, b = (operand.detach() for operand in args[-2:])
            self.pairs.append((a, b))
            self.flops += 2 * a.shape[0] * a.shape[1] * b.shape[1]
        return func(*args, **(kwargs or {}))

    def replay(self) -> None:
        """Every product once more."""
        for a, b in self.pairs:
            torch.mm(a, b)
