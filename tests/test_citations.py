"""Who cites a document names a section that is there: `labels.md, section 1.2`, `estimator.md, sections 1 and 6`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = (
    "crypto/src",
    "crypto/tests",
    "crypto/examples",
    "nexuszero",
    "notebooks",
    "tests",
    "docs",
)
FILES = ("README.md", "crypto/README.md")
MADE = {"week_summary.md"}  # documents that the package writes
EXAMPLES = {"test_citations.py", "test_report_site.py"}  # their links are made up
SUFFIXES = {".rs", ".py", ".ipynb", ".md"}

NUMBER = r"\d+(?:\.\d+)*"
DOCUMENT = re.compile(
    r"(?<![\w/.-])(?P<path>(?:[\w.-]+/)*[A-Za-z_][\w-]*\.md)\b[`\"')\]]*"
)
CITATION = re.compile(
    rf",\s+(?:section\s+(?P<one>{NUMBER})"
    rf"|sections\s+(?P<many>{NUMBER}(?:,\s+{NUMBER})*\s+(?:and|to)\s+{NUMBER}))(?!\s+(?:and|to)\s+\d)"
)
LOOSE = re.compile(
    r"[,:;#]?\s*(?:sections?\b|sec\.|§|\d)"
)  # after a document: meant as a citation
REVERSED = re.compile(
    rf"\bsections?\s+{NUMBER}(?:\s+(?:and|to)\s+{NUMBER})?\s+(?:of|in)\s+[`\"'(\[]*$"
)
COMMENT = re.compile(r"\n[ \t]*(?:///|//!|//|#)?")


def problems(text: str, folder: Path, root: Path = ROOT) -> list[str]:
    """What cannot be followed in a text of ``folder``, each with its line."""
    flat = COMMENT.sub(
        lambda match: " " * len(match[0]), text
    )  # a citation may go on in the next line
    found = []
    for match in DOCUMENT.finditer(flat):
        problem = _problem(match, flat, folder, root)
        if problem:
            found.append(
                f"{text.count(chr(10), 0, match.start()) + 1}: {match['path']}: {problem}"
            )
    return found


def _problem(match: re.Match[str], text: str, folder: Path, root: Path) -> str:
    path, after = match["path"], text[match.end() :]
    document = _document(path, root)
    if document is None:
        plain = path in MADE or any((base / path).is_file() for base in (folder, root))
        return (
            ""
            if plain
            else "there is no such file in docs, beside the text, or at the root"
        )
    citation = CITATION.match(after)
    if citation is None:
        loose = LOOSE.match(after) or REVERSED.search(text[: match.start()])
        return (
            "write `NAME.md, section 1` or `NAME.md, sections 1 and 2`" if loose else ""
        )
    wanted = re.findall(NUMBER, citation["one"] or citation["many"])
    missing = [
        number
        for number in wanted
        if number not in sections(document.read_text(encoding="utf-8"))
    ]
    return f"has no section {', '.join(missing)}" if missing else ""


def _document(path: str, root: Path) -> Path | None:
    file = root / "docs" / path.removeprefix("docs/")
    return file if file.is_file() else None


@cache
def sections(document: str) -> frozenset[str]:
    """The numbers of a document's headings."""
    prose = re.sub(r"^```.*?^```", "", document, flags=re.MULTILINE | re.DOTALL)
    return frozenset(re.findall(rf"^#+\s+({NUMBER})\.?\s", prose, flags=re.MULTILINE))


def _sources() -> Iterator[Path]:
    yield from (ROOT / name for name in FILES)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(ROOT).parts)
            if (
                path.suffix in SUFFIXES
                and path.is_file()
                and not hidden
                and path.name not in EXAMPLES
            ):
                yield path


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def test_every_citation_can_be_followed() -> None:
    """In sources, tests, notebooks and documents."""
    wrong = [
        f"{path.relative_to(ROOT)}:{problem}"
        for path in _sources()
        for problem in problems(_text(path), path.parent)
    ]
    assert not wrong, "\n".join(wrong)


def test_citations_are_seen() -> None:
    """The test above has something to follow, in Rust and elsewhere."""
    seen: dict[str, int] = {}
    for path in _sources():
        flat = COMMENT.sub(" ", _text(path))
        cited = sum(
            bool(CITATION.match(flat[match.end() :]))
            for match in DOCUMENT.finditer(flat)
        )
        seen[path.suffix] = seen.get(path.suffix, 0) + cited
    assert seen[".rs"] > 25 and seen[".md"] > 25, seen


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository of one document with sections 1, 1.1, 2 and 5.2."""
    (tmp_path / "docs").mkdir()
    text = "# Spec\n\n## 1. One\n\n### 1.1 A part\n\n```sh\n## 3. no heading\n```\n\n## 2. Two\n\n### 5.2 Far\n"
    (tmp_path / "docs" / "spec.md").write_text(text, encoding="utf-8")
    (tmp_path / "README.md").write_text("# A tree\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "//! The search (spec.md, section 2).",
        "see `spec.md`, section 5.2.",
        "docs/spec.md, sections 1 to 2, in other words",
        "spec.md, sections 1, 1.1 and 5.2",
        "/// What it asks: spec.md,\n    /// section 1.1: step 4.",
        "# as in spec.md, section\n# 2",
        "the whole of [spec.md](docs/spec.md) and README.md",
        "spec.md, and 4 rows of it; sections of its own",
        "section 2, and spec.md",
        "https://example.org/other/notes.md",
    ],
)
def test_what_can_be_followed(tree: Path, text: str) -> None:
    """Also over the end of a line of comment, and a document as such."""
    assert problems(text, tree, tree) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("spec.md, section 4", "has no section 4"),
        ("spec.md, section 3", "has no section 3"),
        ("spec.md, section 1.2", "has no section 1.2"),
        ("spec.md, sections 1 to 9", "has no section 9"),
        ("spec.md, sections 1, 7 and 8", "has no section 7, 8"),
        ("notes.md, section 1", "no such file"),
        ("from `notes.md`, in own words", "no such file"),
        ("docs/notes.md", "no such file"),
        ("spec.md, 4", "write"),
        ("spec.md 4", "write"),
        ("spec.md section 1", "write"),
        ("spec.md sections 1 and 2", "write"),
        ("spec.md, section 1 and 2", "write"),
        ("spec.md, sections 1", "write"),
        ("spec.md, section two", "write"),
        ("spec.md §2", "write"),
        ("spec.md#2", "write"),
        ("//! sections 1 and 2 of\n//! `spec.md`", "write"),
    ],
)
def test_what_cannot(tree: Path, text: str, problem: str) -> None:
    """A missing file, a missing section, a form that nobody can follow."""
    (found,) = problems("first line\n" + text, tree, tree)
    assert problem in found and found.startswith(("2:", "3:"))
