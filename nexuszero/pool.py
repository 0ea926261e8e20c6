"""Where independent pieces of work run: in processes on this machine, or as tasks on a Ray cluster.

A piece is a function of this package with its arguments; both are pickled, and so is what it returns.

    with pool(executor="ray", workers=2) as submit:
        futures = [submit(shard, block) for block in range(8)]

On one machine the pool is Python's own `concurrent.futures`. joblib 1.6 was tried in its place: its generator makes 164
pieces while four are taken (memory without bound, where a dataset is streamed), its workers outlive a parent that is
killed, and its Ray backend leaves Ray's start to us.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Event, Thread
from typing import Any

from nexuszero.errors import InputError, StageError

Submit = Callable[..., "Future[Any]"]
PATIENCE = 180  # seconds for Ray to start; ray.init can hang for ever
ATTEMPTS = (
    3  # it gives its own processes 30 s, too few where other work fills the cores
)
RAY_DEATHS = {
    "WorkerCrashedError",
    "NodeDiedError",
    "OutOfMemoryError",
    "ActorDiedError",
}


class Lost(RuntimeError):
    """The worker died, not the piece."""


@contextmanager
def pool(
    executor: str = "local",
    workers: int = 1,
    address: str | None = None,
    preload: str = __name__,
) -> Iterator[Submit]:
    """Yields ``submit(function, *arguments) -> Future``; leaving by an exception drops what has not begun.

    Args:
        executor: ``local``: one worker is a thread of this process, several are processes; or ``ray``.
        workers: pieces at a time; a running cluster decides that itself.
        address: of a running Ray cluster, None for one of its own that ends with the block.
        preload: the module of the pieces: processes of this machine share its import.
    """
    if executor == "ray":
        with _ray(workers, address) as submit:
            yield submit
        return
    local = ThreadPoolExecutor(1) if workers == 1 else _processes(workers, preload)
    try:
        yield lambda function, *arguments: _unwrapped(
            local.submit(function, *arguments)
        )
    finally:
        local.shutdown(cancel_futures=True)


def share(threads: int, workers: int) -> int:
    """Threads of each of several workers: as asked, or an equal share of the cores; 0 for a library's default."""
    return threads or (0 if workers == 1 else max(1, (os.cpu_count() or 1) // workers))


def _processes(workers: int, preload: str) -> Executor:
    """Processes, forked from one that has only imported: torch's threads and HDF5's locks do not survive a fork."""
    context = get_context("forkserver")
    context.set_forkserver_preload([preload])
    return ProcessPoolExecutor(workers, context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Ends this worker when its parent does, even by a kill; the worker calls it."""
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


@contextmanager
def _ray(workers: int, address: str | None) -> Iterator[Submit]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")  # every line of every trial
    os.environ.setdefault(
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"
    )  # what Ray 3 will do; else it warns
    try:
        logging.getLogger("ray").setLevel(
            logging.ERROR
        )  # else it tells where it keeps its token, and more
        import ray
    except ImportError:
        raise InputError(
            "Ray is not installed; pip install 'nexuszero[ray]', or choose executor=local"
        ) from None
    own = {"address": "local", "num_cpus": workers, "include_dashboard": False}
    remote = cache(ray.remote)
    with _running(ray, own if address is None else {"address": address}):
        yield lambda function, *arguments: _unwrapped(
            remote(function).remote(*arguments).future()
        )


@contextmanager
def _running(ray: Any, options: dict[str, Any]) -> Iterator[None]:
    """Starts Ray within a time limit, in a thread that outlives the block: Ray's processes end with that thread."""
    started: Future[None] = Future()
    over = Event()

    def run() -> None:
        try:
            _start(ray, options)
            started.set_result(None)
        except BaseException as error:  # Ray raises its own kinds, RuntimeError, ConnectionError, SystemExit
            started.set_exception(error)
        over.wait()

    Thread(target=run, daemon=True).start()
    try:
        _await(started, options["address"])
        try:
            yield
        finally:
            ray.shutdown()
    finally:
        over.set()


def _await(started: Future[None], address: str) -> None:
    try:
        started.result(PATIENCE)
    except (Exception, SystemExit) as error:
        silent = (
            f"no answer within {PATIENCE} s"
            if isinstance(error, TimeoutError)
            else type(error).__name__
        )
        reason = (str(error).splitlines() or [silent])[0]
        raise StageError(
            f"Ray at {address}: {reason}; correct ray_address, or choose executor=local"
        ) from None


def _start(ray: Any, options: dict[str, Any]) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            ray.init(**options, logging_level=logging.ERROR)
            return
        except BaseException:
            ray.shutdown()
            if attempt == ATTEMPTS:
                raise


def _unwrapped(future: Future[Any]) -> Future[Any]:
    """The future with the error that the piece raised, instead of Ray's account of it, or with `Lost`."""
    unwrapped: Future[Any] = Future()

    def copy(done: Future[Any]) -> None:
        if done.cancelled():
            unwrapped.cancel()
        elif (error := done.exception()) is None:
            unwrapped.set_result(done.result())
        else:
            lost = (
                isinstance(error, BrokenExecutor) or type(error).__name__ in RAY_DEATHS
            )
            unwrapped.set_exception(
                Lost(type(error).__name__)
                if lost
                else getattr(error, "cause", None) or error
            )

    future.add_done_callback(copy)
    return unwrapped
