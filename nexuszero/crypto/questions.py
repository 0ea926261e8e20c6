"""Questions to the library as rows of plain values: read from the command line or CSV, answered as dictionaries.

A value that does not exist is None (null in JSON, an empty cell in CSV). Integers of any size may be written as
`2^k`; the library sees their `log2`.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from nexuszero.crypto.bridge import ATTACKS, CONSTRAINTS, Circuits, CryptoBridge, Records
from nexuszero.errors import InputError

Row = dict[str, Any]
ESTIMATE_KEYS = ("attack", "beta", "d", "delta", "bits", "quantum_bits", "hardness")
CHOICE_KEYS = ("n", "log2_q", "sigma", "ord", "k", "kappa", "l", "D", "g", "lwe_bits", "sis_bits", "bit_security",
               "hardness", "proof_size")  # fmt: skip
ANALYSIS_KEYS = ("wires", "constraints", "linear", "quadratic", "packed", "forms", "height_64", "height_32",
                 "height_16", "height_8", "height_4", "liftable", "bits", "field_bits", "field_order",
                 "custom_gates")  # fmt: skip
_LIBRARY_NAMES = {"D": "cut_d", "g": "cut_g"}


def integer(text: str, name: str, least: int = 0) -> int:
    """A whole number, in decimal or as `2^k`."""
    base, power, exponent = text.strip().partition("^")
    try:
        value = int(base) ** _exponent(exponent) if power else int(base)
    except ValueError:
        raise InputError(f"{name} is {text!r}; write a whole number, or 2^k") from None
    if value < least:
        raise InputError(f"{name} is {text}; it must be at least {least}")
    return value


def _exponent(text: str) -> int:
    exponent = int(text)
    if not 0 <= exponent <= 2**20:
        raise ValueError(text)
    return exponent


def number(text: str, name: str) -> float:
    """A positive real number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} is {text!r}; write a positive number")
    return value


def bound(text: str) -> float:
    """`log2` of a length bound: a positive number, or `2^k`."""
    return math.log2(integer(text, "BOUND", 1) if "^" in text or text.strip().isdigit() else number(text, "BOUND"))


def samples(text: str | None) -> int:
    """A number of samples; none, or `oo`, means unlimited, which the library writes as 0."""
    return 0 if text in (None, "", "oo") else integer(str(text), "samples", 1)


def _dimension(text: str) -> int:
    value = integer(text, "n", 1)
    if value >= 2**63:
        raise InputError(f"n is {text}; it must be below 2^63")
    return value


def estimate_lwe(bridge: CryptoBridge, rows: Iterable[Row], attack: str) -> list[Row]:
    """Estimates rows with the texts `n, q, sigma_s, sigma_e, m`."""
    n, log2_q, sigma_s, sigma_e, limit = _columns(rows, {
        "n": _dimension,
        "q": lambda text: math.log2(integer(text, "q", 2)),
        "sigma_s": lambda text: number(text, "sigma_s"),
        "sigma_e": lambda text: number(text, "sigma_e"),
        "m": samples,
    })  # fmt: skip
    return estimates(bridge.estimate_lwe(n, log2_q, sigma_s, sigma_e, limit, attack), attack)


def estimate_sis(bridge: CryptoBridge, rows: Iterable[Row]) -> list[Row]:
    """Estimates rows with the texts `n, q, length_bound, m`."""
    columns = _columns(rows, {
        "n": _dimension,
        "q": lambda text: math.log2(integer(text, "q", 2)),
        "length_bound": bound,
        "m": samples,
    })  # fmt: skip
    return estimates(bridge.estimate_sis(*columns), "sis")


def estimates(records: Records, attack: str) -> list[Row]:
    """Estimates as dictionaries."""

    def row(record: Any) -> Row:
        values = {name: _finite(record[name]) for name in ("delta", "bits", "quantum_bits", "hardness")}
        name = ATTACKS[record["attack"]] if values["bits"] is not None else attack
        return {"attack": name, "beta": int(record["beta"]) or None, "d": int(record["d"]) or None, **values}

    return [row(record) for record in records]


def choose(bridge: CryptoBridge, rows: Iterable[Row]) -> list[Row]:
    """The label of rows with the texts `forms, lambda_` and one of `B, p`; `infeasible` says why there is none."""
    forms, security, bits, primes = _columns(rows, {
        "forms": lambda text: integer(text, "forms"),
        "lambda_": lambda text: integer(text, "security"),
        "B": lambda text: integer(text, "B") if text else None,
        "p": lambda text: bridge.field(text) if text else None,
    })  # fmt: skip
    for line, (free, fixed) in enumerate(zip(bits, primes, strict=True), 1):
        if (free is None) == (fixed is None):
            raise InputError(f"row {line}: give one of B (bits of the values) and p (the field), not both or none")
    return choices(bridge.choose(forms, security, bits, primes))


def choices(records: Records) -> list[Row]:
    """Choices as dictionaries, with `q` where a concrete prime is known and `infeasible` where nothing is sound."""

    def row(record: Any) -> Row:
        if not record["feasible"]:
            reason = bytes(record["reason"]).split(b"\0")[0].decode()
            return dict.fromkeys(CHOICE_KEYS) | {"infeasible": reason}
        values = {key: record[_LIBRARY_NAMES.get(key, key)].item() for key in (*CHOICE_KEYS, "soundness")}
        q = int.from_bytes(bytes(record["q"]), "little")
        return values | ({"q": q} if q else {})

    return [row(record) for record in records]


def verdicts(records: Records) -> list[Row]:
    """Verdicts on proposals: what they were `rounded` to, whether `sound`, what `fails`, and bytes if sound."""

    def row(record: Any) -> Row:
        fails = [name for bit, name in enumerate(CONSTRAINTS) if int(record["fails"]) >> bit & 1]
        rounded = {"n": int(record["n"]), "log2_q": int(record["log2_q"])}
        return {"rounded": rounded, "sound": not fails, "fails": fails, "sound_size": int(record["proof_size"]) or None}

    return [row(record) for record in records]


def analyses(circuits: Circuits, names: Sequence[str]) -> list[Row]:
    """The counts of circuits as dictionaries, in order."""

    def row(name: str, record: Any) -> Row:
        heights = {f"height_{64 >> index}": int(height) for index, height in enumerate(record["heights"])}
        values = {key: int(record[key]) for key in ANALYSIS_KEYS if key not in heights}
        ordered = {key: (values | heights)[key] for key in ANALYSIS_KEYS}
        return {"file": name, **ordered, "liftable": bool(record["liftable"])}

    return [row(name, record) for name, record in zip(names, circuits.analyse(), strict=True)]


def margins(circuit: Row, choice: Row, security: int) -> list[Row]:
    """What each constraint needs, has, and has left over, all in bits.

    hiding is Module-LWE, binding Module-SIS; the modulus has to carry the circuit's values, or is the field's prime;
    soundness is the least of the openings in parallel, the linear checks and the challenges.
    """
    bits = max(16, circuit["bits"] + 1) if circuit["liftable"] else circuit["bits"]
    rows = {
        "hiding": (security, choice["lwe_bits"]),
        "binding": (security, choice["sis_bits"]),
        "modulus": (bits, choice["log2_q"]),
        "soundness": (security - 1, choice["soundness"]),
    }
    return [{"constraint": name, "needs": needs, "has": has, "margin": has - needs}
            for name, (needs, has) in rows.items()]  # fmt: skip


def export(bridge: CryptoBridge, family: str, seed: int, file: Path, force: bool = False) -> Row:
    """Writes a synthetic circuit to a file -> its counts."""
    known = bridge.families()
    if family not in known:
        raise InputError(f"family {family!r} is unknown; choose one of {', '.join(known)}")
    if not 0 <= seed < 2**64:
        raise InputError(f"seed is {seed}; it must lie between 0 and 2^64 - 1")
    if file.exists() and not force:
        raise InputError(f"{file}: exists; name another file, or give --force")
    circuits = bridge.synthesize(known.index(family), seed)
    whole = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        circuits.write(0, whole)
        whole.replace(file)
    finally:
        whole.unlink(missing_ok=True)
    counts = analyses(circuits, [str(file)])[0]
    return {key: counts[key] for key in ("file", "wires", "constraints", "linear", "quadratic", "field_bits")}


def read_bounds(path: Path | None) -> str | None:
    """The text of a file of bounds, or None without one; the library reads what it says."""
    try:
        return None if path is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: bounds cannot be read ({error}); name a JSON file") from None


def read_csv(path: Path, required: Sequence[str]) -> list[Row]:
    """The rows of a CSV file that has the required columns."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows, header = list(reader), reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV ({error})") from None
    missing = [name for name in required if name not in header]
    if missing:
        raise InputError(f"{path}: column {missing[0]!r} is missing; needed are {', '.join(required)}")
    for line, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise InputError(f"{path}, line {line}: not as many cells as the header has")
    return rows


def write_csv(rows: Sequence[Row], answers: Sequence[Row], added: Sequence[str], out: TextIO) -> None:
    """Writes the rows back with the answers' columns added."""
    header = list(dict.fromkeys([*(rows[0] if rows else ()), *added]))
    writer = csv.DictWriter(out, header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row, answer in zip(rows, answers, strict=True):
        writer.writerow(row | {key: "" if answer[key] is None else answer[key] for key in added})


def rounded(row: Row) -> Row:
    """As tables print: sigma and hardness with 6 decimals, bits with 3."""
    if "beta" in row:  # an estimate keeps all its digits
        return row
    digits = {"sigma": 6, "hardness": 6, "soundness": 3, "lwe_bits": 3, "sis_bits": 3, "bit_security": 3}
    return {key: f"{value:.{digits[key]}f}" if key in digits and value is not None else value
            for key, value in row.items()}  # fmt: skip


def _columns(rows: Iterable[Row], readers: dict[str, Callable[[str], Any]]) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in readers]
    rows = list(rows)
    for line, row in enumerate(rows, 1):
        for column, (name, reader) in zip(columns, readers.items(), strict=True):
            try:
                column.append(reader(row[name]))
            except InputError as error:
                raise InputError(f"row {line}: {error}" if len(rows) > 1 else str(error)) from None
    return columns


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
