"""Parameters for one circuit: the model proposes, the exact search checks and repairs; the answer is always sound."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from nexuszero import queries
from nexuszero.crypto import CryptoBridge


def recommend(bridge: CryptoBridge, file: Path, security: int, bounds: str | None = None) -> dict[str, Any]:
    """The smallest sound parameters of a circuit by exact search, and milliseconds for each step."""
    start = time.perf_counter()
    circuits = bridge.read([file])
    read = time.perf_counter()
    answer = queries.choices(circuits.choose(security, bounds))[0]
    done = time.perf_counter()
    times = {"read_ms": (read - start) * 1e3, "search_ms": (done - read) * 1e3}
    return {"file": str(file), "security": security, "source": "exact search, no model", **answer, **times}
