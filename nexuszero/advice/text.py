"""What `nexuszero recommend` prints: a story of `nexuszero.advice.recommendation` as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nexuszero.crypto.questions import CHOICE_KEYS, Row

DIGITS = {"sigma": 3, "lwe_bits": 3, "sis_bits": 3, "bit_security": 3, "hardness": 4}  # of what is computed
PROPOSED = {"n": 1, "log2_q": 2, "sigma": 1, "bit_security": 1, "hardness": 3, "proof_size": 0}  # of what is guessed
CONSTRAINTS = {
    "hiding": "Module-LWE, core-SVP",
    "binding": "Module-SIS, core-SVP",
    "modulus": "q carries the circuit's values",
    "soundness": "openings, linear checks, challenges",
}
_INDENT = 13


def advice(story: Row) -> str:
    """The circuit; the proposal, its nearest candidate and the optimum; what every constraint has left; the price."""
    warnings = [f"{'warning':{_INDENT}}{line}" for line in story["warnings"]]
    tables = [*_parameters(story), "", *_constraints(story), ""]
    return "\n".join([_facts(_circuit(story)), *warnings, *tables, _facts(_ending(story))])


def _circuit(story: Row) -> Row:
    circuit = story["circuit"]
    counts = [f"{circuit[name]:,} {name}" for name in ("constraints", "wires", "forms")]
    free = f"up to {circuit['bits']} bits over the integers: q is free"
    fixed = f"not bounded over the integers: q is the field's prime, {circuit['bits']} bits"
    return {
        "circuit": story["file"],
        "": ", ".join([*counts, f"a field of {circuit['field_bits']} bits"]),
        "values": free if circuit["liftable"] else fixed,
        "security": f"{story['security']} bits",
        "source": story["source"],
    }


def _parameters(story: Row) -> list[str]:
    """A column for each of the three, or for the optimum alone, and the verdict on the first two."""
    proposal, nearest = story["proposal"], story["nearest"]
    optimum = [_number(story[key], DIGITS.get(key, 0)) for key in CHOICE_KEYS]
    if proposal is None:
        return ["", *_columns(["", *CHOICE_KEYS], ["optimum", *optimum])]
    told = [_number(proposal.get(key), PROPOSED.get(key, 0)) for key in CHOICE_KEYS]
    moved = [_number(nearest[key], DIGITS.get(key, 0)) for key in CHOICE_KEYS]
    table = _columns(["", *CHOICE_KEYS], ["model", *told], ["nearest", *moved], ["optimum", *optimum])
    return ["", *table, "", _facts({"model": _verdict(proposal), "nearest": _distance(nearest)})]


def _verdict(proposal: Row) -> str:
    rounded = f"with n {proposal['rounded']['n']} and log2 q {proposal['rounded']['log2_q']}"
    if proposal["sound"]:
        return f"sound {rounded}: {proposal['sound_size']:,} bytes"
    return f"not sound {rounded}: {', '.join(proposal['fails'])} cannot hold"


def _distance(nearest: Row) -> str:
    excess = nearest["excess"]
    return "the optimum itself" if excess == 0 else f"sound, its proof {excess:.1%} larger than the optimum's"


def _constraints(story: Row) -> list[str]:
    rows = story["constraints"]
    binds = ["<- binds" if row["constraint"] == story["binds"] else "" for row in rows]
    meanings = [CONSTRAINTS[row["constraint"]] for row in rows]
    if not story["circuit"]["liftable"]:
        meanings[2] = "q is the field's prime"
    columns = [[name, *(_number(row[name], 3) for row in rows)] for name in ("needs", "has", "margin")]
    table = _columns(["bits of", *(row["constraint"] for row in rows)], *columns)
    return [f"{line}  {mean:{max(map(len, meanings))}}  {mark}".rstrip()
            for line, mean, mark in zip(table, ["", *meanings], ["", *binds], strict=True)]  # fmt: skip


def _ending(story: Row) -> Row:
    times = {name.removesuffix("_ms"): value for name, value in story.items() if name.endswith("_ms")}
    return {
        "q": str(story["q"]),
        "next level": _next(story["next_level"]),
        "milliseconds": ", ".join(f"{name} {value:.1f}" for name, value in times.items()),
    }


def _next(level: Row | None) -> str:
    if level is None:
        return "none above"
    if "infeasible" in level:
        return str(level["infeasible"])
    return f"{level['security']} bits: {level['proof_size']:,} bytes, {level['more']:+.1%}"


def _facts(facts: Row) -> str:
    return "\n".join(f"{name:{_INDENT}}{value}" for name, value in facts.items())


def _columns(names: Sequence[str], *columns: Sequence[str]) -> list[str]:
    """Names to the left, columns to the right, wide enough for their longest entry."""
    widths = [max(10, *map(len, column)) for column in columns]
    rows = zip(names, *columns, strict=True)
    return [f"{row[0]:{_INDENT}}" + " ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], widths, strict=True))
            for row in rows]  # fmt: skip


def _number(value: Any, digits: int) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.{digits}f}"
