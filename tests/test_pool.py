"""Pieces of work in processes and on Ray. Nothing here imports torch: a worker imports this file."""

import importlib.util
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from nexuszero import pool as module
from nexuszero.errors import InputError, StageError
from nexuszero.pool import Lost, pool, share

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the extra `ray` is not installed"
)


def die():
    os._exit(9)


def wrong():
    raise InputError("a piece's own error")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_pool_returns_and_raises_what_the_piece_does(workers):
    with pool("local", workers) as submit:
        assert submit(divmod, 7, 2).result() == (3, 1)
        with pytest.raises(InputError, match="a piece's own error"):
            submit(wrong).result()


def test_a_worker_that_dies_is_lost():
    with pool("local", 2) as submit, pytest.raises(Lost):
        submit(die).result()


def test_threads_are_shared_among_workers(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert [share(0, 1), share(0, 2), share(3, 2), share(0, 99)] == [0, 4, 3, 1]


@needs_ray
def test_a_ray_cluster_that_is_not_there_is_one_line():
    code = "from nexuszero.pool import pool\nwith pool('ray', 1, 'nonsense://127.0.0.1:1'): pass"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200
    )
    assert done.stderr.splitlines()[-1].startswith(
        "nexuszero.errors.StageError: Ray at nonsense://127.0.0.1:1: "
    )


def test_ray_that_does_not_answer_ends(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    with (
        pytest.raises(StageError, match="no answer within"),
        module._running(
            SimpleNamespace(init=lambda **_: time.sleep(60)), {"address": "x"}
        ),
    ):
        pass


def test_without_ray_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(
            InputError, match=r"Ray is not installed; pip install 'nexuszero\[ray\]'"
        ),
        pool("ray"),
    ):
        pass
