"""How far a week has come: which stages are done, with what, so that the next call goes on after them.

A stage is done where its page stands and its parameters, its notebook, the crate and the meaning of labels and columns
are those of now; ``progress.json`` beside the pages holds a hash of these for each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nexuszero.crypto import CryptoBridge
from nexuszero.files import read_json, seal_of, write_json


class Progress:
    """What is known of a week in its directory of reports.

    Args:
        out: the directory.
        wanted: a hash a stage, in the order in which they run.
    """

    def __init__(self, out: Path, wanted: Mapping[str, str]) -> None:
        self.file = out / "progress.json"
        self.wanted = dict(wanted)
        self.done: dict[str, str] = {}
        if self.file.is_file():
            self.done = read_json(self.file, "delete it, or run the week with --fresh")

    def first(self, pages: Mapping[str, Path]) -> str | None:
        """The first stage that is not done, None where all are."""
        for stage, identity in self.wanted.items():
            if self.done.get(stage) != identity or not pages[stage].is_file():
                return stage
        return None

    def begin(self, stage: str) -> None:
        """Forgets this stage and those after it: what they left will be of another run."""
        before = list(self.wanted).index(stage)
        kept = list(self.wanted)[:before]
        self._write({name: one for name, one in self.done.items() if name in kept})

    def end(self, stage: str) -> None:
        """Notes that a stage is done."""
        self._write(self.done | {stage: self.wanted[stage]})

    def _write(self, done: dict[str, str]) -> None:
        self.done = done
        write_json(self.file, done, sealed=True)


def identity(notebook: Path, parameters: Mapping[str, Any]) -> str:
    """A hash of what a stage's result depends on."""
    bridge = CryptoBridge()
    versions = [bridge.version, bridge.label_version, bridge.schema_version]
    content = hashlib.sha256(notebook.read_bytes()).hexdigest()
    return seal_of([versions, content, dict(parameters)])
