"""All sound parameters of one circuit, and where the bytes of a proof go (notebook 03).

candidates = CryptoBridge().read([file]).candidates(128)
sizes(candidates)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from nexuszero.advice import Level
from nexuszero.crypto import LEVELS, PARTS, Choice, ConstraintMargin, CryptoBridge
from nexuszero.report.palette import LEVEL, ORD, ORD_DASH, PART
from nexuszero.report.style import RED, points, styled

BYTE = 8000  # thousandths of a bit
FORMS = tuple(int(forms) for forms in np.unique(np.geomspace(1, 4000, 60).astype(int)))


def best_by_modulus(candidates: Sequence[Choice]) -> dict[tuple[int, int], Choice]:
    """The smallest proof of each log2 q and ord; candidates come smallest first."""
    best: dict[tuple[int, int], Choice] = {}
    for choice in candidates:
        best.setdefault(choice.modulus, choice)
    return best


def sizes(candidates: Sequence[Choice]) -> go.Figure:
    """Bytes of the smallest proof over log2 q, a line for each splitting of the ring, with the optimum."""
    best = best_by_modulus(candidates)
    figure = go.Figure()
    for order, colour in ORD.items():
        bits = sorted(log2_q for log2_q, of in best if of == order)
        if not bits:
            continue
        chosen = [best[log2_q, order] for log2_q in bits]
        line = go.Scatter(
            x=bits,
            y=[choice.proof_size for choice in chosen],
            mode="lines+markers",
            marker_size=5,
            line={"color": colour, "dash": ORD_DASH[order], "width": 2.5},
            name=f"ord {order}",
            hovertext=[
                f"{64 // order} slots, n {choice.n}, kappa {choice.kappa}, k {choice.k}, l {choice.l}"
                for choice in chosen
            ],
        )
        figure.add_trace(line)
    optimum = candidates[0]
    figure.add_trace(
        points([optimum.log2_q], [optimum.proof_size], "optimum", RED, "star", 16)
    )
    alt = (
        f"Bytes of a proof over log2 q, a line for each order of q. The smallest, {optimum.proof_size:,} bytes, "
        f"has log2 q {optimum.log2_q} and ord {optimum.ord}; lines jump where a count changes by one."
    )
    return styled(
        figure,
        "Proof size over the modulus",
        "log2 q (bits)",
        "smallest proof (bytes)",
        height=480,
        meta={"alt": alt},
    )


def runners_up(candidates: Sequence[Choice], count: int = 8) -> pd.DataFrame:
    """The best pairs of log2 q and ord, with what they choose and what they cost more."""
    smallest = candidates[0].proof_size
    rows = [
        {
            "log2 q": choice.log2_q,
            "ord": choice.ord,
            "n": choice.n,
            "kappa": choice.kappa,
            "k": choice.k,
            "l": choice.l,
            "D": choice.D,
            "g": choice.g,
            "bytes": choice.proof_size,
            "more": choice.proof_size / smallest - 1,
        }
        for choice in list(best_by_modulus(candidates).values())[:count]
    ]
    return pd.DataFrame(rows)


def parts(answers: Mapping[str, Choice]) -> go.Figure:
    """Bytes of a proof by part, a bar for each answer."""
    figure = go.Figure()
    names = list(answers)
    least = 0.05 * max(choice.proof_size for choice in answers.values())
    for part in PARTS:
        values = [getattr(choice.parts, part) / BYTE for choice in answers.values()]
        figure.add_bar(
            x=names,
            y=values,
            name=part,
            marker_color=PART[part],
            text=[f"{value:,.0f}" if value > least else "" for value in values],
            hovertemplate=f"{part}: %{{y:,.0f}} bytes",
        )
    largest = {
        name: max(PARTS, key=lambda part: getattr(choice.parts, part))
        for name, choice in answers.items()
    }
    told = "; ".join(
        f"{name} {choice.proof_size:,}, most of it {largest[name]}"
        for name, choice in answers.items()
    )
    figure.update_xaxes(type="category")
    return styled(
        figure,
        "Where the bytes go",
        "parameters",
        "bytes",
        barmode="stack",
        height=480,
        meta={"alt": f"Stacked bars of bytes by part: {told}."},
    )


def by_level(answers: Sequence[Level]) -> dict[str, Choice]:
    """The optimum at each level that has one, under its name."""
    return {
        f"{level.security} bits": level.answer
        for level in answers
        if isinstance(level.answer, Choice)
    }


def by_order(candidates: Sequence[Choice]) -> dict[str, Choice]:
    """The best candidate of each order of q, under its name."""
    best: dict[int, Choice] = {}
    for choice in candidates:
        best.setdefault(choice.ord, choice)
    return {f"ord {order}": best[order] for order in sorted(best)}


def margins_left(found: Sequence[ConstraintMargin]) -> pd.DataFrame:
    """What each constraint needs, has and has left, in bits."""
    return pd.DataFrame([margin.row() for margin in found]).set_index("constraint")


def growth(bridge: CryptoBridge, bits: int, forms: Sequence[int] = FORMS) -> go.Figure:
    """Bytes of the smallest proof over the number of private forms, a line a level, for values of so many bits."""
    figure = go.Figure()
    ends = []
    for level in LEVELS:
        count = len(forms)
        found = bridge.choose(forms, [level] * count, [bits] * count, [None] * count)
        ends.append(f"{int(found['proof_size'][-1]):,} at {level} bits")
        figure.add_trace(
            go.Scatter(
                x=forms,
                y=found["proof_size"],
                mode="lines",
                name=f"{level} bits",
                line={"color": LEVEL[level], "width": 2.5},
            )
        )
    alt = (
        f"Bytes over private forms, both on logarithmic axes: flat for few forms, then nearly proportional. "
        f"With {forms[-1]:,} forms: {', '.join(ends)}."
    )
    return styled(
        figure,
        f"Proof size over private forms, values of {bits} bits",
        "distinct private forms (1)",
        "smallest proof (bytes)",
        xaxis_type="log",
        yaxis_type="log",
        meta={"alt": alt},
    )


def free_and_fixed(
    bridge: CryptoBridge,
    forms: int,
    security: int,
    fields: Sequence[str] = ("babybear", "goldilocks", "bn254"),
    bits: Sequence[int] = (4, 16, 40),
) -> dict[str, Choice]:
    """The optimum for so many forms: q free for values of some bits, and q the prime of some fields."""
    wanted: list[tuple[str, int | None, int | None]] = [
        (f"free, {size} bits", size, None) for size in bits
    ]
    wanted += [(f"q = p, {name}", None, bridge.field(name)) for name in fields]
    rows = bridge.choose(
        [forms] * len(wanted),
        [security] * len(wanted),
        [size for _, size, _ in wanted],
        [prime for _, _, prime in wanted],
    )
    found = {
        name: Choice.of(row) for (name, _, _), row in zip(wanted, rows, strict=True)
    }
    return {name: one for name, one in found.items() if isinstance(one, Choice)}
