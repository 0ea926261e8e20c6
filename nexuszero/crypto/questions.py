"""Questions to the library as rows of text, from the command line or a CSV file, and their answers as records.

A value that does not exist is None (null in JSON, an empty cell in CSV). Integers of any size may be written as
`2^k`; the library sees their `log2`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from nexuszero.crypto.bridge import CryptoBridge
from nexuszero.crypto.records import Analysis, Choice, Estimate, Infeasible
from nexuszero.errors import InputError
from nexuszero.files import check_new, check_regular, whole

MOST_BITS = 2**20  # of a whole number
Row = dict[str, str]  # a row of text, from the command line or a CSV file
Answer = Estimate | Choice | Infeasible


def integer(text: str, name: str, least: int = 0) -> int:
    """A whole number, in decimal or as `2^k`."""
    base, power, exponent = text.strip().partition("^")
    try:
        value = _power(int(base), int(exponent)) if power else int(base)
    except ValueError:
        raise InputError(
            f"{name} is {shortened(text)}; write a whole number, or 2^k, of at most {MOST_BITS} bits"
        ) from None
    if value < least:
        raise InputError(f"{name} is {shortened(text)}; it must be at least {least}")
    return value


def _power(base: int, exponent: int) -> int:
    if exponent < 0 or base.bit_length() * exponent > 2 * MOST_BITS:
        raise ValueError(exponent)
    return int(base**exponent)


def shortened(text: object) -> str:
    """A value as a line quotes it, whatever its length."""
    quoted = repr(text)
    return (
        quoted if len(quoted) <= 80 else f"{quoted[:60]}... ({len(quoted)} characters)"
    )


def number(text: str, name: str) -> float:
    """A positive real number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} is {shortened(text)}; write a positive number")
    return value


def bound(text: str) -> float:
    """`log2` of a length bound: a positive number, or `2^k`."""
    return math.log2(
        integer(text, "BOUND", 1)
        if "^" in text or text.strip().isdigit()
        else number(text, "BOUND")
    )


def samples(text: str | None) -> int:
    """A number of samples; none, or `oo`, means unlimited, which the library writes as 0."""
    return 0 if text in (None, "", "oo") else _counted(str(text), "samples")


def _dimension(text: str) -> int:
    return _counted(text, "n")


def _counted(text: str, name: str) -> int:
    value = integer(text, name, 1)
    if value >= 2**63:
        raise InputError(f"{name} is {shortened(text)}; it must be below 2^63")
    return value


def estimate_lwe(
    bridge: CryptoBridge, rows: Iterable[Row], attack: str
) -> list[Estimate]:
    """Estimates rows with the texts `n, q, sigma_s, sigma_e, m`."""
    n, log2_q, sigma_s, sigma_e, limit = _columns(
        rows,
        {
            "n": _dimension,
            "q": lambda text: math.log2(integer(text, "q", 2)),
            "sigma_s": lambda text: number(text, "sigma_s"),
            "sigma_e": lambda text: number(text, "sigma_e"),
            "m": samples,
        },
    )
    records = bridge.estimate_lwe(n, log2_q, sigma_s, sigma_e, limit, attack)
    return [Estimate.of(record, attack) for record in records]


def estimate_sis(bridge: CryptoBridge, rows: Iterable[Row]) -> list[Estimate]:
    """Estimates rows with the texts `n, q, length_bound, m`."""
    columns = _columns(
        rows,
        {
            "n": _dimension,
            "q": lambda text: math.log2(integer(text, "q", 2)),
            "length_bound": bound,
            "m": samples,
        },
    )
    return [Estimate.of(record, "sis") for record in bridge.estimate_sis(*columns)]


def choose(bridge: CryptoBridge, rows: Iterable[Row]) -> list[Choice | Infeasible]:
    """The label of rows with the texts `forms, lambda_` and one of `B, p`, or why there is none."""
    return [Choice.of(record) for record in bridge.choose(*_demands(bridge, rows))]


def candidates(bridge: CryptoBridge, row: Row) -> list[Choice] | Infeasible:
    """All sound parameters for a row of the same texts, the smallest proof first, or why there are none."""
    (forms,), (security,), (bits,), (prime,) = _demands(bridge, [row])
    return bridge.candidates(forms, security, bits, prime)


def _demands(bridge: CryptoBridge, rows: Iterable[Row]) -> list[list[Any]]:
    forms, security, bits, primes = _columns(
        rows,
        {
            "forms": lambda text: integer(text, "forms"),
            "lambda_": lambda text: integer(text, "security"),
            "B": lambda text: integer(text, "B") if text else None,
            "p": lambda text: bridge.field(text) if text else None,
        },
    )
    for line, (free, fixed) in enumerate(zip(bits, primes, strict=True), 1):
        if (free is None) == (fixed is None):
            raise InputError(
                f"row {line}: give one of B (bits of the values) and p (the field), not both or none"
            )
    return [forms, security, bits, primes]


def export(
    bridge: CryptoBridge, family: str, seed: int, file: Path, force: bool = False
) -> Analysis:
    """Writes a synthetic circuit to a file -> what it asks."""
    known = bridge.families()
    if family not in known:
        raise InputError(
            f"family {family!r} is unknown; choose one of {', '.join(known)}"
        )
    if not 0 <= seed < 2**64:
        raise InputError(f"seed is {seed}; it must lie between 0 and 2^64 - 1")
    check_new(file, force)
    circuits = bridge.synthesize(known.index(family), seed)
    with whole(file) as temporary:
        circuits.write(0, temporary)
    return circuits.analyses([str(file)])[0]


def read_csv(path: Path, required: Sequence[str]) -> list[Row]:
    """The rows of a CSV file that has the required columns."""
    check_regular(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows, header = list(reader), reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV ({error})") from None
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise InputError(f"{path}: column {twice[0]!r} is there twice; leave one")
    missing = [name for name in required if name not in header]
    if missing:
        raise InputError(
            f"{path}: column {missing[0]!r} is missing; needed are {', '.join(required)}"
        )
    for line, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise InputError(
                f"{path}, line {line}: not as many cells as the header has"
            )
    return rows


def write_csv(
    rows: Sequence[Row], answers: Sequence[Answer], added: Sequence[str], out: TextIO
) -> None:
    """Writes the rows back with the answers' columns added; an estimate keeps all its digits."""
    header = list(dict.fromkeys([*(rows[0] if rows else ()), *added]))
    writer = csv.DictWriter(out, header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row, answer in zip(rows, answers, strict=True):
        cells = answer.row() if isinstance(answer, Estimate) else answer.printed()
        writer.writerow(
            row | {key: "" if cells[key] is None else cells[key] for key in added}
        )


def _columns(
    rows: Iterable[Row], readers: dict[str, Callable[[str], Any]]
) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in readers]
    rows = list(rows)
    for line, row in enumerate(rows, 1):
        for column, (name, reader) in zip(columns, readers.items(), strict=True):
            try:
                column.append(reader(row[name]))
            except InputError as error:
                raise InputError(
                    f"row {line}: {error}" if len(rows) > 1 else str(error)
                ) from None
    return columns
