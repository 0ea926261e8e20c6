"""Many at once: requests from threads and processes have the answers of one, and so have proofs side by side."""

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from nexuszero import proof
from nexuszero.advice import recommend
from nexuszero.crypto import CryptoBridge
from nexuszero.paths import ROOT

REQUESTS = 100  # from threads, and as many from processes
CIRCUITS = sorted((ROOT / "tests/fixtures/circuits").glob("*.r1cs"))


def ask(number: int) -> Any:
    """One request of a stranger's: one of four kinds, about one of the circuits."""
    bridge, circuit = CryptoBridge(), CIRCUITS[number % len(CIRCUITS)]
    kinds: Sequence[Callable[[], Any]] = (
        lambda: recommend(bridge, circuit, 128).optimum,
        lambda: bridge.read([circuit]).choices(192),
        lambda: bridge.read([circuit]).analyses([circuit.name]),
        lambda: bridge.estimate_lwe(500 + number, 32, 3, 3).tobytes(),
    )
    return repr(kinds[number % len(kinds)]())


def test_requests_at_once_have_the_answers_of_one() -> None:
    wanted = [ask(number) for number in range(REQUESTS)]
    together = threading.Barrier(REQUESTS)

    def wait_and_ask(number: int) -> Any:
        together.wait()
        return ask(number)

    with ThreadPoolExecutor(REQUESTS) as threads:
        assert list(threads.map(wait_and_ask, range(REQUESTS))) == wanted
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, mp_context=spawned) as processes:
        assert list(processes.map(ask, range(REQUESTS))) == wanted


def test_proofs_are_verified_side_by_side() -> None:
    circuit = ROOT / "tests/fixtures/circuits/compare.bn128.r1cs"
    made = proof.prove(circuit, circuit.with_suffix(".wtns"), 128)
    spoiled = bytearray(made.data)
    spoiled[-1] ^= 1
    together = threading.Barrier(REQUESTS)

    def verdict(number: int) -> bool:
        together.wait()
        data = bytes(spoiled) if number % 3 == 0 else made.data
        return proof.verify(circuit, data, made.public, 128).valid

    with ThreadPoolExecutor(REQUESTS) as threads:
        found = list(threads.map(verdict, range(REQUESTS)))
    assert found == [number % 3 != 0 for number in range(REQUESTS)]
