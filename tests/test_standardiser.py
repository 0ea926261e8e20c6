"""The standardiser against numpy, and the nearest candidate against all others."""

import math
from pathlib import Path

import numpy as np
import pytest

from nexuszero.crypto import CryptoBridge
from nexuszero.data import Split, Standardiser, nearest

FREE = Path(__file__).parent / "fixtures/circuits/compare.bn128.r1cs"


def test_the_standardiser_by_hand() -> None:
    targets = np.array([[64.0, 16, 2, 100, 0.5, 1024], [256.0, 20, 8, 100, 0.7, 4096]])
    standardiser = Standardiser.fit(targets)
    assert standardiser.mean == pytest.approx((7, 18, 2, 100, 0.6, 11))
    assert standardiser.std == pytest.approx((1, 2, 1, 1, 0.1, 1))
    np.testing.assert_allclose(
        standardiser.transform(targets), [[-1, -1, -1, 0, -1, -1], [1, 1, 1, 0, 1, 1]]
    )


def test_the_standardiser_inverts(splits: dict[str, Split]) -> None:
    targets = splits["train"].targets
    standardiser = Standardiser.fit(targets)
    standardised = standardiser.transform(targets)
    np.testing.assert_allclose(standardised.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(standardised.std(axis=0), 1)
    np.testing.assert_allclose(standardiser.inverse(standardised), targets)
    wild = standardiser.inverse(np.array([[1e6] * 6, [-1e6] * 6]))
    assert np.isfinite(standardiser.transform(wild)).all()
    with pytest.raises(ValueError, match=r"\[circuits, 6\]"):
        standardiser.transform(targets[:, :3])


def test_the_nearest_candidate_is_the_nearest_of_all() -> None:
    candidates = CryptoBridge().read([FREE]).candidates(192)
    units = Standardiser((11, 40, 10, 0, 0, 0), (0.5, 9, 0.3, 1, 1, 1))
    rng = np.random.default_rng(5)
    for _ in range(10):
        values = np.array(
            [
                rng.uniform(800, 6000),
                rng.uniform(16, 70),
                rng.uniform(500, 5000),
                130,
                0.8,
                2e4,
            ]
        )
        distances = [
            (math.log2(candidate.n / values[0]) / 0.5) ** 2
            + ((candidate.log2_q - values[1]) / 9) ** 2
            + (math.log2(candidate.sigma / values[2]) / 0.3) ** 2
            for candidate in candidates
        ]
        best = distances.index(min(distances))
        excess = candidates[best].proof_size / candidates[0].proof_size - 1
        assert nearest(candidates, values, units) == (best, excess)
