"""Files that others read: JSON in and out; what is written appears whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nexuszero.errors import InputError


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """A JSON object, or a line that says what to do about it."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {remedy}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable as JSON ({error}); {remedy}") from None
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes under a temporary name, then renames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    temporary.replace(path)
