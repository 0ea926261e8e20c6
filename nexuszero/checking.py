"""Whether files are what was written: datasets, networks, studies, reports, against their hashes and one another.

    for finding in check([Path("data/quick"), Path("checkpoints/quick")]):
        print(finding.file, finding.said)

A hash finds damage, not malice: whoever can write a file can write its hash as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nexuszero.errors import InputError
from nexuszero.files import check_regular, read_json

AGAIN = "make it again with the stage that wrote it"


@dataclass(frozen=True)
class Finding:
    """What is said of one file.

    Args:
        file: which.
        sound: whether it is what was written, as far as that can be told.
        said: what was compared, or what is wrong and what to do.
    """

    file: Path
    sound: bool
    said: str

    def row(self) -> dict[str, Any]:
        """The JSON object."""
        return {"file": str(self.file), "sound": self.sound, "said": self.said}


@dataclass
class Seen:
    """What the files so far have said, for those after them to agree with: content hashes of splits, by name."""

    splits: dict[str, str] = field(default_factory=dict)

    def agree(self, file: Path, stated: dict[str, str]) -> None:
        """Refuses other hashes than those of the datasets that were read."""
        for name, content in stated.items():
            if self.splits.get(name, content) != content:
                raise InputError(
                    f"{file}: belongs to other data ({name} {content[:8]}, not {self.splits[name][:8]}); {AGAIN}"
                )


def check(paths: Sequence[Path]) -> Iterator[Finding]:
    """Says of each file of these paths, folders searched through, whether it is what was written; datasets first."""
    files: list[tuple[int, Path]] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file; name a file, or a folder of some")
        below = [path] if not path.is_dir() else sorted(path.rglob("*"))
        places = [(_place(file), file) for file in below if file.is_file()]
        known = [(place, file) for place, file in places if place is not None]
        if not known:
            names = ", ".join(f"*{suffix}" for suffix in CHECKS)
            raise InputError(f"{path}: holds nothing to check; known are {names}")
        files += known
    seen = Seen()
    for place, file in sorted(files):
        try:
            check_regular(file)
            yield Finding(file, True, list(CHECKS.values())[place](file, seen))
        except InputError as error:
            yield Finding(file, False, str(error))


def _place(file: Path) -> int | None:
    """Which check a file's name asks for."""
    if file.name.startswith("."):
        return None
    return next(
        (place for place, suffix in enumerate(CHECKS) if file.name.endswith(suffix)),
        None,
    )


def _split(file: Path, seen: Seen) -> str:
    from nexuszero.data import check_sample, read

    split = read(file)
    count = check_sample(split, file)
    seen.splits[file.parent.name] = split.content_hash
    return f"{len(split)} circuits, hash {split.content_hash[:8]}; {count} made again from their seeds"


def _generation(file: Path, seen: Seen) -> str:
    content = read_json(file, AGAIN)
    seen.agree(file, content.get("sha256", {}))
    return "its hashes are those of the splits"


def _network(file: Path, seen: Seen) -> str:
    from nexuszero.network import load

    origin = load(file).origin
    seen.agree(file, dict(origin.data))
    return f"weights finite, description whole, seed {origin.seed}"


def _state(file: Path, seen: Seen) -> str:
    from nexuszero.network import read_state

    try:
        run = json.loads(read_state(file)["run"])
        seen.agree(file, run["identity"]["data"])
        return f"whole, {len(run['history'])} epochs"
    except InputError:
        raise
    except Exception as error:  # torch raises many kinds for a damaged file
        raise InputError(
            f"{file}: cannot be read ({type(error).__name__}); delete it to start anew"
        ) from None


def _study(file: Path, seen: Seen) -> str:
    import optuna

    from nexuszero.training import load_study

    storage = f"sqlite:///{file}"
    try:
        names = optuna.get_all_study_names(storage)
    except Exception as error:  # each database raises its own kinds
        raise InputError(
            f"{file}: cannot be read ({type(error).__name__}); delete it and tune again"
        ) from None
    trials = 0
    for name in names:
        study = load_study(storage, name)
        seen.agree(file, study.user_attrs.get("data", {}))
        trials += len(study.trials)
    return f"{len(names)} studies, {trials} trials as they were written"


def _analysis(file: Path, seen: Seen) -> str:
    from nexuszero.evaluation import read_analysis

    seen.agree(file, read_analysis(file)["data"])
    return "whole, of this data"


def _journal(file: Path, seen: Seen) -> str:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
        except ValueError:
            raise InputError(
                f"{file}, line {number}: not readable as JSON; train again"
            ) from None
        if row.get("event") in ("start", "resume"):
            seen.agree(file, row["data"])
    return "every line readable"


def _json(file: Path, _: Seen) -> str:
    read_json(file, AGAIN)
    return "readable"


CHECKS: dict[str, Callable[[Path, Seen], str]] = {  # by the end of a file's name
    "index.h5": _split,
    "generation.json": _generation,
    ".db": _study,
    ".pt": _network,
    ".safetensors": _network,
    ".ckpt": _state,
    "run.jsonl": _journal,
    "analysis.json": _analysis,
    "summary.json": _json,
    "seconds.json": _json,
}
