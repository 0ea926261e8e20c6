"""Numbers at the edge: harder instances cost more, larger demands have larger proofs, at random points."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nexuszero.crypto import CryptoBridge

POINTS = 10_000
BIGGEST = 2.0**16  # of n and of forms, in the draws
ROUNDING = 1e-9  # of bits, relative: log2 of sums in double precision


@pytest.fixture(scope="module")
def drawn() -> np.random.Generator:
    return np.random.default_rng(20_261_129)


def spread(drawn: np.random.Generator, low: float, high: float) -> NDArray[np.float64]:
    """Points that are uniform in the logarithm -> [POINTS]."""
    return np.exp(drawn.uniform(np.log(low), np.log(high), POINTS))


def falls(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where bits fall by more than rounding; where there is no attack there are infinitely many bits -> [POINTS]."""
    before, after = (np.nan_to_num(bits, nan=np.inf) for bits in (before, after))
    return after < before * (1 - ROUNDING)


@pytest.mark.parametrize("bits", ["bits", "quantum_bits"])
def test_lwe(drawn: np.random.Generator, bits: str) -> None:
    bridge = CryptoBridge()
    n = spread(drawn, 64, BIGGEST).astype("u8")
    log2_q = drawn.uniform(8, 250, POINTS)
    sigma = np.minimum(spread(drawn, 0.5, 2.0**20), 2 ** (log2_q - 4))
    more = spread(drawn, 1.01, 4)

    def estimated(n, log2_q, sigma_s, sigma_e):
        return bridge.estimate_lwe(n, log2_q, sigma_s, sigma_e, 0, "rough")[bits]

    here = estimated(n, log2_q, sigma, sigma)
    assert not falls(here, estimated((n * more).astype("u8"), log2_q, sigma, sigma)).any()
    assert not falls(here, estimated(n, log2_q, sigma * more, sigma * more)).any()
    assert not falls(estimated(n, log2_q * more, sigma, sigma), here).any()
