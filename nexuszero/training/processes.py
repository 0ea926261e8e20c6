"""Processes that divide every batch of one run (torch's DistributedDataParallel): gloo on CPUs, nccl on GPUs.

On one machine the first process starts the others, which end with it; on several a launcher has started all:

    nexuszero train --set devices=2
    torchrun --nnodes 2 --nproc-per-node 4 ... --no-python nexuszero train --set devices=4 --set nodes=2
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import set_forkserver_preload
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import nn
from torch.multiprocessing.spawn import start_processes
from torch.nn.parallel import DistributedDataParallel

from nexuszero.config import TrainConfig
from nexuszero.errors import InputError, StageError

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """This process among those that divide a run.

    Args:
        device: where it computes.
        rank: which one it is; the first, 0, speaks and writes.
        size: how many there are.
    """

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process speaks and writes."""
        return self.rank == 0

    def sum(self, values: list[float]) -> list[float]:
        """The sums over all processes."""
        if self.size == 1:
            return values
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return cast(list[float], total.tolist())

    def broadcast(self, value: T | None) -> T:
        """What the first process has; the others give None."""
        values = [value]
        if self.size > 1:
            dist.broadcast_object_list(values, src=0, device=self.device)
        return cast(T, values[0])

    def parallel(self, module: nn.Module) -> nn.Module:
        """A module whose gradients are the means over all processes."""
        if self.size == 1:
            return module
        return DistributedDataParallel(
            module, device_ids=[self.device] if self.device.type == "cuda" else None
        )


@contextmanager
def group(
    config: TrainConfig, helper: Callable[..., object], *arguments: Any
) -> Iterator[Group]:
    """Yields this process's place in the run.

    Args:
        config: how many processes and machines, and which device.
        helper: what each further process that is started here calls, with its own `Group` and ``arguments``.
        arguments: of the helper; they are pickled.
    """
    size = config.devices * config.nodes
    device = find_device(config.device)
    if size == 1:
        yield Group(device)
    elif dist.is_torchelastic_launched():
        if int(os.environ["WORLD_SIZE"]) != size:
            raise InputError(
                f"devices, nodes: make {size} processes, torchrun started {os.environ['WORLD_SIZE']}"
            )
        with _joined(
            "env://",
            int(os.environ["RANK"]),
            size,
            int(os.environ["LOCAL_RANK"]),
            device,
        ) as member:
            yield member
    elif config.nodes > 1:
        raise InputError(
            "nodes: a launcher starts the command on several machines; run it by torchrun"
        )
    else:
        with _started(size, device, helper, arguments) as member:
            yield member


def find_device(name: str) -> torch.device:
    """The device that a configuration names; ``auto`` takes a GPU if there is one."""
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError(
            "device: cuda was asked for and torch sees no GPU; choose auto or cpu"
        )
    return torch.device("cuda" if name != "cpu" and available else "cpu")


@contextmanager
def _started(
    size: int, device: torch.device, helper: Callable[..., object], arguments: Any
) -> Iterator[Group]:
    """Starts the other processes of this machine; they end with the block, by a kill of this process too."""
    with TemporaryDirectory(prefix="nexuszero-") as folder:
        meeting = Path(folder, "meeting").as_uri()
        shared = (meeting, size, device, helper, arguments)
        set_forkserver_preload([__name__])
        others = start_processes(  # type: ignore[no-untyped-call]
            _help, shared, size - 1, join=False, daemon=True, start_method="forkserver"
        )
        try:
            with _joined(meeting, 0, size, 0, device) as member:
                yield member
        except (
            RuntimeError
        ) as error:  # of torch, where another process no longer answers
            if not isinstance(error, StageError) and any(
                process.exitcode for process in others.processes
            ):
                raise StageError(
                    f"one of {size} processes died ({error}); train again, with resume=true"
                ) from error
            raise
        finally:
            for process in (
                others.processes
            ):  # after an error they wait for a first one that has left
                process.terminate()
                process.join()


def _help(
    index: int,
    meeting: str,
    size: int,
    device: torch.device,
    helper: Callable[..., object],
    arguments: Any,
) -> None:
    """A further process, counted from 0."""
    with _joined(meeting, index + 1, size, index + 1, device) as member:
        helper(member, *arguments)


@contextmanager
def _joined(
    meeting: str, rank: int, size: int, local_rank: int, device: torch.device
) -> Iterator[Group]:
    if device.type == "cuda":
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, init_method=meeting, rank=rank, world_size=size)
    try:
        yield Group(device, rank, size)
    finally:
        dist.destroy_process_group()
