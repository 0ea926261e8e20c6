"""How long things take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Milliseconds by step, each since the stop before."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def stop(self, step: str) -> None:
        """Notes the time under the step's name, and starts anew."""
        now = time.perf_counter()
        self.milliseconds[step] = self.milliseconds.get(step, 0.0) + 1e3 * (
            now - self._last
        )
        self._last = now

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Adds the time of a block to the step's."""
        self._last = time.perf_counter()
        yield
        self.stop(step)
