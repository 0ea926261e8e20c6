"""Numbers at the edge: harder instances cost more and larger demands have larger proofs, at random points.

NEXUSZERO_POINTS sets how many points each question has; docs/labels.md, section 6, has the exceptions.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nexuszero.crypto import CryptoBridge
from nexuszero.crypto.library import Records

POINTS = int(os.environ.get("NEXUSZERO_POINTS", "10000"))
SLOW = POINTS // 10  # of searches over guesses: 2 ms each
ROUNDING = 1e-9  # of bits: sums in double precision
SMALLEST = 40  # the least block size: no smaller lattice is reduced
LEVELS = [100, 128, 192, 256]
Numbers = NDArray[Any]


@pytest.fixture
def drawn() -> np.random.Generator:
    return np.random.default_rng(20_261_129)


def spread(drawn: np.random.Generator, low: float, high: float, points: int) -> Numbers:
    """Points that are uniform in the logarithm -> [points]."""
    return np.exp(drawn.uniform(np.log(low), np.log(high), points))


def bits_of(records: Records, name: str) -> Numbers:
    """Bits, endless where no attack works and none where there is nothing to attack -> [rows]."""
    bits = np.nan_to_num(records[name], nan=np.inf)
    return np.where(records["status"] == 2, 0, bits)


def falls(easy: Records, hard: Records, by: float = ROUNDING) -> Numbers:
    """Where what should be harder has fewer bits, in either model -> [rows]."""
    names = ("bits", "quantum_bits")
    pairs = [(bits_of(easy, name), bits_of(hard, name)) for name in names]
    return np.any([hard < easy - by for easy, hard in pairs], axis=0)


def lwe(
    drawn: np.random.Generator, attack: str, points: int
) -> list[tuple[Records, Records]]:
    """Estimates of pairs, the easier one first: of smaller n, of smaller sigma, of larger q."""
    n = spread(drawn, 64, 2.0**14, points).astype("u8")
    log2_q = drawn.uniform(8, 250, points)
    sigma = np.minimum(spread(drawn, 0.5, 2.0**20, points), 2 ** (log2_q - 4))
    more = spread(drawn, 1.01, 4, points)

    def estimated(n: Numbers, log2_q: Numbers, sigma: Numbers) -> Records:
        return CryptoBridge().estimate_lwe(n, log2_q, sigma, sigma, 0, attack)

    here = estimated(n, log2_q, sigma)
    return [
        (here, estimated((n * more).astype("u8"), log2_q, sigma)),
        (here, estimated(n, log2_q, sigma * more)),
        (estimated(n, log2_q * more, sigma), here),
    ]


@pytest.mark.parametrize(("attack", "points"), [("usvp", POINTS), ("rough", SLOW)])
def test_lwe_gets_harder_with_n_and_sigma_and_easier_with_q(
    drawn: np.random.Generator, attack: str, points: int
) -> None:
    """But where a search over guesses ends early: one pair in 30,000, by 0.3 bits."""
    for easy, hard in lwe(drawn, attack, points):
        allowed = 0.001 if attack == "rough" else 0
        assert falls(easy, hard).mean() <= allowed
        assert not falls(easy, hard, by=0.5).any()


def test_sis_gets_harder_with_n_and_q_and_easier_with_the_bound(
    drawn: np.random.Generator,
) -> None:
    """But where the smaller lattice has fewer dimensions than any block."""
    n = spread(drawn, 16, 2.0**14, POINTS).astype("u8")
    log2_q = drawn.uniform(8, 250, POINTS)
    log2_bound = drawn.uniform(1, log2_q + 2)
    more = spread(drawn, 1.01, 4, POINTS)

    estimated = CryptoBridge().estimate_sis
    here = estimated(n, log2_q, log2_bound)
    for easy, hard in [
        (here, estimated(np.ceil(n * more).astype("u8"), log2_q, log2_bound)),
        (here, estimated(n, log2_q * more, log2_bound)),
        (estimated(n, log2_q, log2_bound * more), here),
    ]:
        exceptions = falls(easy, hard)
        assert (easy["d"][exceptions] < SMALLEST).all()
        assert exceptions.mean() < 0.01


@pytest.fixture
def demands(drawn: np.random.Generator) -> dict[str, Numbers]:
    """Random demands with free q."""
    return {
        "forms": spread(drawn, 1, 2.0**16, POINTS).astype(int),
        "security": drawn.choice(LEVELS[:3], POINTS),
        "bits": drawn.integers(1, 230, POINTS),
        "more": drawn.integers(1, 24, POINTS),
    }


def chosen(demands: dict[str, Numbers], **other: Numbers) -> Records:
    forms, security, bits = (
        (demands | other)[name].tolist() for name in ("forms", "security", "bits")
    )
    return CryptoBridge().choose(forms, security, bits, [None] * POINTS)


LARGER: dict[str, Callable[[dict[str, Numbers]], Numbers]] = {
    "forms": lambda demands: demands["forms"] * demands["more"],
    "security": lambda demands: np.array(LEVELS)[
        np.searchsorted(LEVELS, demands["security"]) + 1
    ],
}


@pytest.mark.parametrize("name", LARGER)
def test_proofs_grow_with_what_is_asked(demands: dict[str, Numbers], name: str) -> None:
    here, larger = chosen(demands), chosen(demands, **{name: LARGER[name](demands)})
    assert here["feasible"].all()
    assert (larger["proof_size"] >= here["proof_size"]).all()


def test_proofs_grow_with_the_bits_up_to_63(demands: dict[str, Numbers]) -> None:
    """There a demand's candidates are among those of fewer bits; above, the modulus has one bit more than B."""
    here = chosen(demands)
    wider = chosen(demands, bits=demands["bits"] + demands["more"])
    shorter = wider["proof_size"] < here["proof_size"]
    assert (demands["bits"][shorter] > 63).all()
