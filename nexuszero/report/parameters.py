"""Lattice parameters by hand: a toy LWE, what instances cost to break, named schemes (notebook 01).

gallery(CryptoBridge())
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nexuszero.crypto import LEVELS, CryptoBridge, estimate_lwe, estimate_sis, read_csv
from nexuszero.data import Array
from nexuszero.paths import GOLDEN
from nexuszero.report.palette import LEVEL
from nexuszero.report.style import BLUE, GREY, ORANGE, PINK, RED, points, styled

SHOWN = ("SEAL22_2048", "Kyber512", "Frodo640", "Kyber768", "FireSaber")
GOLDEN_LWE = {"lwe_usvp": "usvp", "lwe_dual_hybrid": "dual_hybrid"}  # table: attack
BITS: dict[str, Any] = {"zmin": 0, "zmax": 300, "colorscale": "Cividis"}


def toy_lwe(
    n: int, q: int, sigma: float, samples: int = 64, seed: int = 1
) -> pd.DataFrame:
    """What is left of LWE samples for the right secret, for one with one entry off, and for a random one.

    Args:
        n: dimension.
        q: modulus.
        sigma: standard deviation of secret and error, rounded Gaussians.
        samples: rows of the matrix.
        seed: of everything drawn.
    """
    draw = np.random.default_rng(seed)
    matrix = draw.integers(0, q, (samples, n))
    secret, error = (
        np.rint(draw.normal(0, sigma, size)).astype(int) for size in (n, samples)
    )
    b = (matrix @ secret + error) % q
    near = secret.copy()
    near[0] += 1
    guesses = {
        "right": secret,
        "one entry off by one": near,
        "random": draw.integers(0, q, n),
    }
    rows = {
        name: _residue((b - matrix @ guess) % q, q) for name, guess in guesses.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("guess")


def _residue(values: Array, q: int) -> dict[str, float]:
    centred = (values + q // 2) % q - q // 2
    return {
        "deviation of b - A guess": float(centred.std()),
        "of uniform values": q / math.sqrt(12),
        "largest": int(np.abs(centred).max()),
    }


def gallery(bridge: CryptoBridge, directory: Path = GOLDEN) -> pd.DataFrame:
    """Named schemes: their LWE, what two attacks cost here, and what the lattice-estimator says of the first."""
    rows = read_csv(directory / "schemes.csv", ["name", "n", "q", "rop_log2_adps16"])
    instances = [
        row | {"sigma_s": row["stddev_s"], "sigma_e": row["stddev_e"]} for row in rows
    ]
    usvp, dual = (
        estimate_lwe(bridge, instances, attack) for attack in ("usvp", "dual_hybrid")
    )
    table = pd.DataFrame(
        {
            "n": [int(row["n"]) for row in rows],
            "log2 q": [math.log2(int(row["q"])) for row in rows],
            "deviation of the secret": [float(row["stddev_s"]) for row in rows],
            "of the error": [float(row["stddev_e"]) for row in rows],
            "beta": [one.beta for one in usvp],
            "uSVP, bits": [one.bits for one in usvp],
            "dual hybrid, bits": [one.bits for one in dual],
            "lattice-estimator, uSVP": [float(row["rop_log2_adps16"]) for row in rows],
        },
        index=pd.Index([row["name"] for row in rows], name="scheme"),
    )
    return table.sort_values("uSVP, bits")


def golden_costs(bridge: CryptoBridge, directory: Path = GOLDEN) -> pd.DataFrame:
    """Rows of the lattice-estimator's tables under core-SVP: its bits, ours, and of which attack."""
    found = []
    for table, attack in (GOLDEN_LWE | {"sis_l2": "sis"}).items():
        rows = [
            row
            for row in read_csv(directory / f"{table}.csv", ["rop_log2"])
            if row.get("cost_model", "ADPS16") == "ADPS16"
            and row.get("status", "ok") == "ok"
        ]
        answers = (
            estimate_sis(bridge, rows)
            if attack == "sis"
            else estimate_lwe(bridge, rows, attack)
        )
        found += [
            [attack, float(row["rop_log2"]), answer.bits]
            for row, answer in zip(rows, answers, strict=True)
        ]
    return pd.DataFrame(found, columns=["attack", "lattice-estimator", "here"])


def agreement(golden: pd.DataFrame, schemes: pd.DataFrame) -> go.Figure:
    """Our bits over the lattice-estimator's: every golden row, and the named schemes; equal on the diagonal."""
    finite = golden[np.isfinite(golden["lattice-estimator"])].dropna()
    theirs = schemes["lattice-estimator, uSVP"]
    bits = finite["lattice-estimator"]
    ends = [float(bits.min()), float(bits.max())]
    figure = go.Figure(
        go.Scatter(x=ends, y=ends, mode="lines", name="equal", line_color=RED)
    )
    symbols = {
        "usvp": (GREY, "circle-open"),
        "dual_hybrid": (ORANGE, "diamond-open"),
        "sis": (PINK, "x-thin"),
    }
    for attack, (colour, symbol) in symbols.items():
        own = finite[finite["attack"] == attack]
        figure.add_trace(
            points(
                own["lattice-estimator"],
                own["here"],
                f"{attack}, {len(own)} rows",
                colour,
                symbol,
                6,
            )
        )
    figure.add_trace(
        points(theirs, schemes["uSVP, bits"], "named schemes", BLUE, "star", 9).update(
            mode="markers+text",
            text=[name if name in SHOWN else "" for name in schemes.index],
            hovertext=list(schemes.index),
            textposition="bottom right",
        )
    )
    worst = float((finite["here"] - finite["lattice-estimator"]).abs().max())
    alt = (
        f"{len(finite)} rows of golden tables and {len(schemes)} named schemes lie on the diagonal: "
        f"the largest difference is {worst:.1e} bits."
    )
    return styled(
        figure,
        "Our estimates and the lattice-estimator's",
        "bits by the lattice-estimator (core-SVP)",
        "bits by the crate (core-SVP)",
        height=520,
        xaxis_type="log",
        yaxis_type="log",
        meta={"alt": alt},
    )


def landscapes(
    bridge: CryptoBridge,
    deviation: float,
    log2_bound: float,
    n: Sequence[int] = tuple(range(192, 2049, 64)),
    log2_q: Sequence[float] = tuple(range(12, 41)),
) -> go.Figure:
    """Bits of LWE and of SIS over n and log2 q, a line for each level.

    Args:
        bridge: the library.
        deviation: of secret and error of LWE.
        log2_bound: of the length that solves SIS.
        n: dimensions.
        log2_q: of the moduli, bits.
    """
    columns, rows = np.tile(n, len(log2_q)), np.repeat(log2_q, len(n))
    lwe = bridge.estimate_lwe(columns, rows, deviation, deviation)["bits"]
    sis = _sis_bits(bridge, columns, rows, log2_bound)
    titles = (
        f"LWE, deviation {deviation:.2f}",
        f"SIS, vectors shorter than 2^{log2_bound:.1f}",
    )
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.1)
    for place, bits in enumerate((lwe, sis), 1):
        grid = bits.reshape(len(log2_q), len(n))
        hover = "n %{x}, log2 q %{y}: %{z:.0f} bits<extra></extra>"
        heat = go.Heatmap(
            x=n,
            y=log2_q,
            z=grid,
            hovertemplate=hover,
            showscale=place == 2,
            colorbar={"title": "bits"},
            **BITS,
        )
        figure.add_trace(heat, row=1, col=place)
        for level in LEVELS:
            line = _line(n, log2_q, grid, level, named=place == 1)
            figure.add_trace(line, row=1, col=place)
    figure.update_xaxes(title_text="n (dimension)")
    figure.update_yaxes(title_text="log2 q (bits)", col=1)
    alt = (
        "Two maps over n and log2 q. LWE gets easier to break as q grows, SIS with a fixed length harder: "
        "where q is no larger than twice the length SIS costs nothing."
    )
    return styled(
        figure, "Hiding and binding pull apart", height=480, meta={"alt": alt}
    )


def _sis_bits(
    bridge: CryptoBridge, n: Array, log2_q: Array, log2_bound: float
) -> Array:
    """Bits of SIS, 0 where a vector of half the modulus would do (labels.md, section 2).

    Where no vector so short is expected nothing finds one: that is shown as the most that the scale has.
    """
    bits = bridge.estimate_sis(n, log2_q, log2_bound)["bits"]
    return np.where(
        log2_bound >= log2_q - 1, 0.0, np.nan_to_num(bits, nan=BITS["zmax"])
    )


def _line(
    n: Sequence[int], log2_q: Sequence[float], bits: Array, level: int, named: bool
) -> go.Contour:
    """Where a level is; those of SIS meet, and names would stand one over the other."""
    contours = {
        "start": level,
        "end": level,
        "size": 1,
        "coloring": "none",
        "showlabels": named,
        "labelfont": {"color": "white", "size": 13},
    }
    return go.Contour(
        x=n,
        y=log2_q,
        z=bits,
        contours=contours,
        line={"color": "white", "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )


def attack_table(
    bridge: CryptoBridge, n: int, log2_q: float, deviation: float
) -> pd.DataFrame:
    """What each attack on one LWE instance costs: block size, dimension, root Hermite factor, bits, quantum bits."""
    attacks = ("usvp", "bdd", "dual", "dual_hybrid")
    rows = {}
    for attack in attacks:
        record = bridge.estimate_lwe(n, log2_q, deviation, deviation, 0, attack)[0]
        rows[attack] = {
            "beta": int(record["beta"]),
            "d": int(record["d"]) or math.nan,
            "delta - 1": float(record["delta"]) - 1,
            "bits": float(record["bits"]),
            "quantum bits": float(record["quantum_bits"]),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("attack")


def deltas(bridge: CryptoBridge, schemes: pd.DataFrame) -> go.Figure:
    """The root Hermite factor over the block size, as attacks on growing instances reach it; schemes stand on it."""
    n = np.arange(128, 2049, 16)
    found = bridge.estimate_lwe(n, 12, 1.0, 1.0, attack="usvp")
    works = found[np.isfinite(found["bits"]) & (found["beta"] > 40)]
    order = np.argsort(works["beta"])
    curve = go.Scatter(
        x=works["beta"][order],
        y=works["delta"][order],
        mode="lines",
        name="delta(beta)",
        line={"color": BLUE, "width": 3},
    )
    figure = go.Figure(curve)
    for level in LEVELS:
        figure.add_vline(
            level / 0.292,
            line={"color": LEVEL[level], "dash": "dash"},
            annotation_text=f"{level} bits",
            annotation_textangle=-90,
        )
    alt = (
        "The root Hermite factor falls as the block size grows, ever more slowly; dashed lines mark the block sizes "
        "that cost 100, 128, 192 and 256 bits of core-SVP."
    )
    shown = schemes.loc[[name for name in SHOWN if name in schemes.index], "beta"]
    places = np.interp(shown, works["beta"][order], works["delta"][order])
    figure.add_trace(
        points(shown, places, "named schemes", RED, "star", 9).update(
            mode="markers+text",
            text=list(shown.index),
            textposition=list(islice(cycle(("top right", "bottom left")), len(shown))),
        )
    )
    return styled(
        figure,
        "What a block size reaches",
        "block size beta of BKZ (1)",
        "root Hermite factor delta (1)",
        meta={"alt": alt},
    )
