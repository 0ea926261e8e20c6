"""Circuits that people compiled, by library: the repository's fixtures, and the corpus where it has been compiled.

No network is trained on them. A circuit's name is its library, a blank, and its own name with the compiler's level.
"""

from __future__ import annotations

from pathlib import Path

from nexuszero.errors import InputError
from nexuszero.files import read_json
from nexuszero.paths import CORPUS, FIXTURES


def fixture_files(directory: Path | None = None) -> dict[str, Path]:
    """The `.r1cs` files of a directory by name, or of the repository's fixtures, which are a library of their own."""
    places = [directory] if directory else FIXTURES
    files = [file for place in places for file in sorted(place.glob("*.r1cs"))]
    if not files:
        raise InputError(f"{places[0]}: holds no .r1cs file; correct the path")
    return {f"fixtures {file.name}": file for file in files}


def corpus_files(directory: Path) -> dict[str, Path]:
    """The corpus' files by name, as `make corpus` compiled them into ``directory`` and listed them."""
    listed = read_json(CORPUS, "run `make corpus`")["circuits"]
    files = {
        f"{row['library']} {row['name']}.{row['level']}": directory
        / f"{row['name']}.{row['level']}"
        / f"{row['name']}.r1cs"
        for row in listed
    }
    missing = [file for file in files.values() if not file.is_file()]
    if missing:
        raise InputError(
            f"{missing[0]}: {len(missing)} of {len(files)} circuits are missing; run `make corpus`"
        )
    return files
