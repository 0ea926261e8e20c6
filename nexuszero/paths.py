"""Where the repository's own files are, from any working directory."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]  # of a checkout; what an installed wheel has stands inside the package
FIXTURES = (ROOT / "crypto/tests/fixtures/circuits", ROOT / "tests/fixtures/circuits")
GOLDEN = ROOT / "crypto/tests/fixtures/golden"
NOTEBOOKS = ROOT / "notebooks"
SCRATCH = ROOT / "build/notebooks"  # the notebooks' own defaults
