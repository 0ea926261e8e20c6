"""Where the package's and the repository's own files are, from any working directory."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
PROFILES = PACKAGE / "profiles"  # recorded sizes of a week
PUBLISHED = (
    PACKAGE / "published" / "model.safetensors"
)  # the network of the recorded week

ROOT = PACKAGE.parent  # of a checkout; an installed wheel has nothing of what follows
FIXTURES = (ROOT / "crypto/tests/fixtures/circuits", ROOT / "tests/fixtures/circuits")
CORPUS = ROOT / "reports/corpus.json"  # which circuits the corpus has
GOLDEN = ROOT / "crypto/tests/fixtures/golden"
NOTEBOOKS = ROOT / "notebooks"
SCRATCH = ROOT / "build/notebooks"  # the notebooks' own defaults
