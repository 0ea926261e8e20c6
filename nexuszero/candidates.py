r"""What the exact search chooses among, computed a second time in NumPy (labels.md, sections 2 to 4).

The Rust search answers. From here come the reasons: every candidate that it could have taken, what each constraint
of the answer has left, and what is wrong with parameters that somebody else proposes. Tests hold it against the
golden labels, so no figure that `nexuszero recommend` prints rests on one implementation alone.

    python -c "from nexuszero.candidates import *; from nexuszero.crypto import CryptoBridge as B; \
               print(sound(B(), of_forms(100, 40, 128))[0])"
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nexuszero.crypto import CryptoBridge

Array = NDArray[Any]
Row = dict[str, Any]
LEVELS = (100, 128, 192, 256)
W, T, L1, COUNT = range(4)  # of challenges: largest coefficient, operator norm, l1 norm, log2 of how many there are
CHALLENGES = {100: (2, 20, 128, 146), 128: (2, 20, 128, 146), 192: (4, 37, 256, 200), 256: (8, 69, 512, 259)}
ORDERS = (1, 2, 4, 8, 16)  # of a free q modulo 128
DEGREE, G0, MAX_KAPPA, CLASSICAL = 64, 0.675, 1000, 0.292
TERNARY = math.sqrt(2 / 3)  # standard deviation of secret and error
LONGEST = 64  # bits up to which a free q is tried
_MOST_RANK, _ROUNDING = 1 << 14, 1e-9  # of a proposal: far beyond any answer; what a logarithm loses


@dataclass(frozen=True)
class Demand:
    """What a circuit asks of its parameters.

    Args:
        security: bits, one of :obj:`LEVELS`.
        heights: committed rows of forms, by the order of q modulo 128.
        bits: B, the bits of the largest value, where q is free; else those of the field's prime.
        prime: ``log2 p`` where q is the field's prime; None where q is free.
    """

    security: int
    heights: Mapping[int, int]
    bits: int
    prime: float | None = None

    @property
    def least(self) -> int:
        """The fewest bits that q may have."""
        return self.bits if self.prime else max(16, self.bits + 1)

    def moduli(self) -> tuple[Array, Array, Array]:
        """The moduli to try: ``log2 q``, the bits of q and its order, each ``[candidates]``."""
        most = self.least if self.prime else max(self.least, LONGEST)
        bits, orders = np.meshgrid(np.arange(self.least, most + 1), list(self.heights), indexing="ij")
        log2_q = np.full(bits.size, self.prime) if self.prime else bits.ravel().astype(float)
        return log2_q, bits.ravel(), orders.ravel()


def of_forms(forms: int, bits: int, security: int) -> Demand:
    """Without a circuit, where q is free: ``height(s) = max(1, ceil(forms/s))`` for ``s = 64/ord`` slots."""
    return Demand(security, {order: max(1, -(-forms * order // DEGREE)) for order in ORDERS}, bits)


def of_circuit(analysis: Row, answer: Row, security: int) -> Demand:
    """From a row of `nexuszero analyse` and the search's answer, which names the prime where q is not free."""
    heights = {order: analysis[f"height_{DEGREE // order}"] for order in ORDERS}
    if analysis["liftable"]:
        return Demand(security, heights, analysis["bits"])
    prime, order = math.log2(answer["q"]), answer["ord"]
    masks = math.ceil((security - 1) / prime)  # an order of 32 has no column of its own
    return Demand(security, {order: heights.get(order, answer["l"] - 1 - masks)}, analysis["bits"], prime)


def order(q: int) -> int:
    """The order of q modulo 128: X^64 + 1 splits into ``64/ord`` factors."""
    return next(power for power in (1, 2, 4, 8, 16, 32) if pow(q, power, 2 * DEGREE) == 1)


@dataclass(frozen=True)
class Shapes:
    r"""A parameter set a row: a modulus and the rank that hides; the rest follows (labels.md, 3).

    Shapes:
        - **log2_q**, **bits**, **order**, **mu**: :math:`(C)`
        - **width**: :math:`(C)`, or None for the smallest that the rejection test takes
    """

    demand: Demand
    log2_q: Array
    bits: Array
    order: Array
    mu: Array
    width: Array | None = None

    @cached_property
    def k(self) -> Array:
        """Openings in parallel, a power of two where q splits completely."""
        openings = np.ceil((self.demand.security - 1) / (self.order * self.log2_q)).astype(int)
        return np.where(self.order == 1, 2 ** np.ceil(np.log2(openings)).astype(int), openings)

    @cached_property
    def tau(self) -> Array:
        """Linear checks, each worth one factor q."""
        return np.ceil((self.demand.security - 1) / self.log2_q).astype(int)

    @cached_property
    def nlin(self) -> Array:
        """Linear masks, each with k checks where q splits completely."""
        return np.where(self.order == 1, -(-self.tau // self.k), self.tau)

    @cached_property
    def l(self) -> Array:  # noqa: E743
        """Committed rows: the packed forms, one garbage row, the masks."""
        return np.array([self.demand.heights[order] for order in self.order.tolist()]) + 1 + self.nlin

    @property
    def challenges(self) -> tuple[int, int, int, int]:
        """Of the security level."""
        return CHALLENGES[self.demand.security]

    def m2(self, kappa: Array) -> Array:
        """``mu + kappa + l``."""
        return self.mu + kappa + self.l

    def narrowest(self, kappa: Array) -> Array:
        """``g0 T sqrt(k m2 d)``: the smallest width that the one-bit rejection test takes."""
        width: Array = G0 * self.challenges[T] * np.sqrt(self.k * self.m2(kappa) * DEGREE)
        return width

    def sigma(self, kappa: Array) -> Array:
        """The width of the Gaussian mask."""
        return self.narrowest(kappa) if self.width is None else self.width

    def log2_bound(self, kappa: Array, cut_d: Array, cut_g: Array) -> Array:
        """``log2(8 T Bd)``: the length that Module-SIS must withstand."""
        dropped = np.where(cut_d > 0, self.challenges[T] * np.exp2(cut_d - 1.0), 0)
        dropped = dropped + np.where(cut_g > 0, np.exp2(cut_g - 1.0), 0)
        opening = self.sigma(kappa) * np.sqrt(2 * self.m2(kappa) * DEGREE)
        bound: Array = np.log2(8 * self.challenges[T] * (opening + dropped * np.sqrt(kappa * DEGREE)))
        return bound

    def binds(self, kappa: Array, cut_d: Array, cut_g: Array) -> Array:
        """Whether the largest block size that costs less than wanted finds no vector so short."""
        bound, n, beta = self.log2_bound(kappa, cut_d, cut_g), DEGREE * kappa, _block_size(self.demand.security) - 1
        d = np.maximum(np.floor(np.sqrt(n * self.log2_q / (bound**2 / (4 * n * self.log2_q)))), 2)
        best = (math.log2(beta / (2 * math.pi * math.e)) + math.log2(math.pi * beta) / beta) / (2 * (beta - 1))
        holds: Array = (bound < self.log2_q - 1) & (best > (bound - n / d * self.log2_q) / (d - 1))
        return holds

    def binding_rank(self) -> Array:
        """The smallest rank that binds without cuts, 0 where none does: the bound grows with the rank."""
        rank = none = np.zeros_like(self.order)
        live = self.k * self.order <= DEGREE
        for kappa in range(1, MAX_KAPPA + 1):
            live = live & (self.log2_bound(none + kappa, none, none) < self.log2_q - 1)
            if not live.any():
                break
            found = live & self.binds(none + kappa, none, none)
            rank, live = np.where(found, kappa, rank), live & ~found
        return rank

    def cuts(self, kappa: Array) -> tuple[Array, Array]:
        """The low bits D and g that binding allows to drop: g is raised first."""
        none, most = np.zeros_like(kappa), self.bits - 1
        g = _raised(none, lambda cut: (cut < most) & self.binds(kappa, none, cut))
        room = np.minimum(most - 1, np.ceil(g + 1 - math.log2(self.challenges[L1])) - 1)  # l1 2^(D-1) < 2^g
        return _raised(none, lambda cut: (cut <= room) & self.binds(kappa, cut, g)), g

    def proof_size(self, kappa: Array, cut_d: Array, cut_g: Array) -> Array:
        """Bytes."""
        sigma, plain = self.sigma(kappa), np.log2(self.sigma(kappa)) + 2.1
        commitment = kappa * DEGREE * (self.bits - cut_d) + (self.l + self.nlin) * DEGREE * self.bits
        openings = self.k * (self.mu + self.l) * DEGREE * plain
        hints = self.k * kappa * DEGREE * np.where(cut_g > 0, self.hint(sigma, cut_d, cut_g), plain)
        bits = commitment + openings + hints + max(256, 2 * self.demand.security)
        size: Array = np.ceil(bits / 8).astype(int)
        return size

    def hint(self, sigma: Array, cut_d: Array, cut_g: Array) -> Array:
        """Bits that a coefficient of the hint takes, entropy-coded, where there is a cut g."""
        w = self.challenges[W]
        dropped = np.where(cut_d > 0, w * (w + 1) / 3 * (DEGREE / 12) * np.exp2(2.0 * cut_d), 0)
        s = np.sqrt(sigma**2 + dropped) / np.exp2(cut_g)
        bits: Array = 0.5 * np.log2(1 + 2 * np.pi * np.e * s**2) + 0.15
        return bits

    def only(self, kept: Array) -> Shapes:
        """Some of the rows."""
        names = [name for name in ("log2_q", "bits", "order", "mu", "width") if getattr(self, name) is not None]
        return replace(self, **{name: getattr(self, name)[kept] for name in names})


def sound(bridge: CryptoBridge, demand: Demand) -> list[Row]:
    """Every candidate that does not fall, the smallest proof first, with the keys of `nexuszero choose`."""
    log2_q, bits, orders = demand.moduli()
    mu = hiding_ranks(bridge, tuple(log2_q.tolist()), demand.security)
    return solved(bridge, Shapes(demand, log2_q, bits, orders, mu))


def solved(bridge: CryptoBridge, shapes: Shapes) -> list[Row]:
    """The rows that have a rank that binds, cut as far as they may be, the smallest proof first."""
    kappa = shapes.binding_rank()
    shapes, kappa = shapes.only(kappa > 0), kappa[kappa > 0]
    cut_d, cut_g = shapes.cuts(kappa)
    lwe = lwe_bits(bridge, DEGREE * shapes.mu, shapes.log2_q)
    sis = bridge.estimate_sis(DEGREE * kappa, shapes.log2_q, shapes.log2_bound(kappa, cut_d, cut_g))["bits"]
    columns = {
        "n": DEGREE * shapes.mu, "log2_q": shapes.bits, "sigma": shapes.sigma(kappa), "ord": shapes.order,
        "k": shapes.k, "kappa": kappa, "l": shapes.l, "D": cut_d, "g": cut_g, "lwe_bits": lwe, "sis_bits": sis,
        "bit_security": np.minimum(lwe, sis), "hardness": _hardness(np.minimum(lwe, sis)),
        "proof_size": shapes.proof_size(kappa, cut_d, cut_g),
    }  # fmt: skip
    best = np.lexsort((shapes.order, shapes.bits, columns["proof_size"]))
    return [{name: column[row].item() for name, column in columns.items()} for row in best]


def margins(bridge: CryptoBridge, demand: Demand, row: Row) -> list[Row]:
    """What each constraint needs, has, and has left over, all in bits.

    hiding is Module-LWE, binding Module-SIS; the modulus has to carry the circuit's values, or is the field's prime;
    soundness is the least of the openings in parallel, the linear checks and the challenges.
    """
    needs = {"hiding": demand.security, "binding": demand.security, "modulus": demand.least}
    log2_q = demand.prime or float(row["log2_q"])
    errors = row["k"] * row["ord"] * log2_q, math.ceil((demand.security - 1) / log2_q) * log2_q
    has = {
        "hiding": row["lwe_bits"],
        "binding": row["sis_bits"],
        "modulus": row["log2_q"],
        "soundness": min(*errors, CHALLENGES[demand.security][COUNT] - 1),
    }
    needs["soundness"] = demand.security - 1
    return [{"constraint": name, "needs": needs[name], "has": value, "margin": value - needs[name]}
            for name, value in has.items()]  # fmt: skip


def standing(bridge: CryptoBridge, demand: Demand, n: float, log2_q: float, sigma: float) -> Row:
    """Whether parameters hold as they stand, once n and log2 q are rounded to what they count: ``sound``, ``fails``.

    They are sound if some splitting of q and some rank meet every constraint, and sigma is wide enough for the
    rejection test; ``sound_size`` is then the smallest such proof, in bytes.
    """
    mu, bits = round(min(max(n / DEGREE, 1), _MOST_RANK)), round(min(max(log2_q, 2), 512))
    sigma = min(max(sigma, 1.0), 2.0**256) * (1 + _ROUNDING)
    orders = np.array(list(demand.heights))
    real = demand.prime if demand.prime and bits == demand.bits else float(bits)
    full = partial(np.full, len(orders))
    shapes = Shapes(demand, full(real), full(bits), orders, full(mu), full(sigma))
    hiding = float(lwe_bits(bridge, np.array([DEGREE * mu]), np.array([real]))[0])
    kappa = shapes.binding_rank()
    wide = (kappa > 0) & (shapes.narrowest(kappa) <= sigma)
    holds = {
        "hiding": hiding >= demand.security,
        "modulus": bits == demand.bits if demand.prime else bits >= demand.least,
        "soundness": bool((shapes.k * orders <= DEGREE).any()),
        "binding": bool((kappa > 0).any()),
        "width": bool(wide.any()),
    }
    fails = [name for name, held in holds.items() if not held]
    sizes = solved(bridge, shapes.only(wide)) if not fails else []
    size = sizes[0]["proof_size"] if sizes else None
    return {"rounded": {"n": DEGREE * mu, "log2_q": bits}, "sound": not fails, "fails": fails, "sound_size": size}


@lru_cache(64)
def hiding_ranks(bridge: CryptoBridge, log2_q: tuple[float, ...], security: int) -> Array:
    """The smallest ranks mu whose LWE costs at least ``security`` bits, ``[moduli]``."""
    moduli = np.array(log2_q)
    low, high = np.zeros(len(moduli), int), np.full(len(moduli), 1 << 12)  # uSVP grows with the rank
    while (high - low > 1).any():
        middle = (low + high) // 2
        enough = lwe_bits(bridge, DEGREE * np.maximum(middle, 1), moduli, "usvp") >= security
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    while (weak := lwe_bits(bridge, DEGREE * high, moduli) < security).any():
        high = high + weak
    return high


def lwe_bits(bridge: CryptoBridge, n: Array, log2_q: Array, attack: str = "rough") -> Array:
    """Core-SVP bits of ternary LWE; infinite where no attack works."""
    bits = bridge.estimate_lwe(n, log2_q, TERNARY, TERNARY, attack=attack)["bits"]
    return np.where(np.isnan(bits), np.inf, bits)


def _block_size(security: int) -> int:
    return math.ceil(security / CLASSICAL)


def _raised(start: Array, allows: Callable[[Array], Array]) -> Array:
    """Raises each entry by one as long as it is allowed."""
    cut, live = start, np.ones(len(start), bool)
    while live.any():
        live = live & allows(cut + 1)
        cut = cut + live
    return cut


def _hardness(bits: Array) -> Array:
    beta = bits / CLASSICAL
    delta = (np.log2(beta / (2 * np.pi * np.e)) + np.log2(np.pi * beta) / beta) / (2 * (beta - 1))
    return np.where(beta > 40, 1 - delta / math.log2(1.0219), 0.0)
