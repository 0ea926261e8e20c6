"""What the library answers, as frozen records in the field's symbols.

Each has a ``row()``: the JSON object that the commands print, with the same keys and order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Records = NDArray[np.void]
Columns = dict[str, NDArray[Any]]
Cell = int | float | str | bool | None

DEGREE = 64  # of the ring: LWE dimensions are multiples of it
SLOTS = (64, 32, 16, 8, 4)  # into which X^64 + 1 may split: the heights of a circuit
LEVELS = (100, 128, 192, 256)  # bits of security that have a challenge set
CONSTRAINTS = (
    "hiding",
    "modulus",
    "soundness",
    "width",
    "binding",
)  # of a proposal, by their bits
LIMITS = (None, "half_modulus", "near_half", "sis")  # of Module-SIS, by their numbers
STATUSES = ("works", "fails", "trivial", "undefined")  # of an attack, by their numbers
ATTACKS = ("usvp", "bdd", "dual", "dual_hybrid", "rough", "sis")
PARAMETER_NAMES = ("n", "log2_q", "sigma")
METRIC_NAMES = ("bit_security", "hardness", "proof_size")
TARGET_NAMES = (*PARAMETER_NAMES, *METRIC_NAMES)

ESTIMATE_KEYS = (
    "attack",
    "beta",
    "d",
    "delta",
    "bits",
    "quantum_bits",
    "hardness",
    "status",
)
CHOICE_KEYS = (
    "n",
    "log2_q",
    "sigma",
    "ord",
    "k",
    "kappa",
    "l",
    "D",
    "g",
    "Gamma",
    "nlin",
    "w",
    "T",
    "j",
    "s",
    "s1",
    "lwe_bits",
    "sis_bits",
    "bit_security",
    "hardness",
    "proof_size",
)
PARTS = ("commitment", "rows", "masks", "openings", "hints", "fixed")  # of a proof
ANALYSIS_KEYS = (
    "wires",
    "public_outputs",
    "public_inputs",
    "private_inputs",
    "constraints",
    "linear",
    "quadratic",
    "assumed",
    "dropped",
    "hints",
    "rescaled",
    "unsatisfiable",
    "rounds",
    "packed",
    "forms",
    *(f"height_{s}" for s in SLOTS),
    "liftable",
    "bits",
    "field_bits",
    "field_order",
    "custom_gates",
)
UNKNOWN_KEYS = (
    "rounds",
    "packed",
    "forms",
    *(f"height_{s}" for s in SLOTS),
    "liftable",
    "bits",
)  # if unsatisfiable
_CHOICE_NAMES = {
    "D": "cut_d",
    "g": "cut_g",
    "Gamma": "gamma",
    "T": "t",
}  # in the library's records
_CHOICE_FIELDS = [
    *(_CHOICE_NAMES.get(key, key) for key in (*CHOICE_KEYS, "soundness")),
    *(f"part_{name}" for name in PARTS),
    "rank_limit",
    "cut_limit",
    "q",
]
COST_MODEL = "core-SVP, 0.292 beta (ADPS16)"
_WIDTHS = dict.fromkeys(("sigma", "s", "s1", "hardness"), 6)
_BITS = dict.fromkeys(("soundness", "lwe_bits", "sis_bits", "bit_security"), 3)
_PRINTED = _WIDTHS | _BITS  # decimals


@dataclass(frozen=True)
class Estimate:
    """What an instance costs to break.

    >>> print(Estimate("usvp", 406, 998, 1.003941, 118.552, 107.59, 0.8185))
    usvp: beta: 406, d: 998, delta: 1.003941, rop: 2^118.6
    """

    attack: str
    beta: int | None  #: block size of BKZ, None where the attack does not work
    d: int | None  #: dimension of the lattice
    delta: float | None  #: root Hermite factor
    bits: float | None  #: log2 of the cost, core-SVP (ADPS16)
    quantum_bits: (
        float | None
    )  #: the same with a quantum sieve, parameters chosen anew; guesses count in full
    hardness: float | None  #: 0..1, labels.md, section 2
    status: str = "works"  #: or fails, trivial (nothing to attack), undefined (no figure for such an instance)

    @classmethod
    def of(cls, record: Any, attack: str) -> Estimate:
        """From the library's record; ``attack`` names the one that was asked where none works."""
        bits = _finite(record["bits"])
        return cls(
            attack=attack if bits is None else ATTACKS[record["attack"]],
            beta=int(record["beta"]) or None,
            d=int(record["d"]) or None,
            delta=_finite(record["delta"]),
            bits=bits,
            quantum_bits=_finite(record["quantum_bits"]),
            hardness=_finite(record["hardness"]),
            status=STATUSES[record["status"]],
        )

    def row(self) -> dict[str, Cell]:
        """The JSON object of `nexuszero estimate`."""
        return asdict(self) | {"model": COST_MODEL}

    def __str__(self) -> str:
        """One line in the field's symbols."""
        if self.status == "trivial":
            return f"{self.attack}: trivial, there is nothing to attack"
        if self.bits is None:
            infinite = "no vector that short is expected, or no block size finds it"
            return f"{self.attack}: {infinite if self.attack == 'sis' else 'does not work'}"
        return f"{self.attack}: beta: {self.beta}, d: {self.d}, delta: {self.delta:.6f}, rop: 2^{self.bits:.1f}"


@dataclass(frozen=True)
class LastDropped:
    """The constraint that was dropped last, where none is left (labels.md, section 1.2)."""

    constraint: int
    wire: int  #: the private wire that satisfies it whatever the others are; 0 where it says 0 = 0


@dataclass(frozen=True)
class Contradiction:
    """Where range inference finds that nothing satisfies the circuit (labels.md, section 1.4)."""

    constraint: int
    rule: int  #: its number


@dataclass(frozen=True)
class Analysis:
    """What a circuit asks of its lattice parameters (labels.md, section 1)."""

    file: str
    wires: int  #: w_0 included
    public_outputs: int
    public_inputs: int
    private_inputs: int  #: that the file declares; some may have no wire
    constraints: int
    linear: int
    quadratic: int
    assumed: int  #: private wires of declared widths, which nothing checks
    dropped: int  #: constraints that private wires of their own satisfy
    last_dropped: LastDropped | None  #: where all are
    hints: int  #: kept constraints F*h = C with a private wire h of their own
    rescaled: int  #: scales other than 1 of kept constraints
    contradiction: (
        Contradiction | None
    )  #: where nothing satisfies the circuit; what follows says nothing then
    rounds: int  #: of range inference
    packed: int  #: quadratic constraints that are packed into slots
    forms: int  #: distinct private forms of the packed constraints
    heights: tuple[int, ...]  #: committed rows with 64, 32, 16, 8, 4 slots
    liftable: bool  #: whether q is free
    bits: int  #: of the largest value where q is free, else of the field
    field_bits: int
    field_order: int  #: of the field's prime modulo 128
    custom_gates: int
    least_bits: int  #: the smallest log2 q that a label may have
    candidates: int  #: pairs of log2 q and ord that the search considers

    @classmethod
    def of(cls, record: Any, file: str) -> Analysis:
        """From the library's record."""
        counts = (
            "wires",
            "public_outputs",
            "public_inputs",
            "private_inputs",
            "constraints",
            "linear",
            "quadratic",
            "assumed",
            "dropped",
            "hints",
            "rescaled",
            "rounds",
            "packed",
            "forms",
            "bits",
            "field_bits",
            "field_order",
            "custom_gates",
            "least_bits",
            "candidates",
        )
        empty = record["dropped"] == record["constraints"] > 0
        last = (
            LastDropped(int(record["last_dropped"]), int(record["last_own"]))
            if empty
            else None
        )
        contradiction = Contradiction(
            int(record["contradiction"]), int(record["contradiction_rule"])
        )
        return cls(
            file=file,
            last_dropped=last,
            contradiction=contradiction if record["unsatisfiable"] else None,
            heights=tuple(int(height) for height in record["heights"]),
            liftable=bool(record["liftable"]),
            **{name: int(record[name]) for name in counts},
        )

    @property
    def nodes(self) -> int:
        """Of its graph: every wire but w_0, and every constraint."""
        return self.wires - 1 + self.constraints

    @property
    def unsatisfiable(self) -> bool:
        """Whether nothing satisfies the circuit."""
        return self.contradiction is not None

    @property
    def assumption(self) -> str | None:
        """One line where what is said rests on widths of private wires; None elsewhere."""
        if not self.assumed:
            return None
        wires = (
            "a private wire" if self.assumed == 1 else f"{self.assumed} private wires"
        )
        return f"rests on declared widths of {wires}, which nothing checks: `nexuszero constrain` adds the checks"

    @property
    def empty(self) -> bool:
        """Whether no constraint is left to prove."""
        return self.dropped == self.constraints

    def row(self) -> dict[str, Cell]:
        """The JSON object of `nexuszero analyse`; of an unsatisfiable circuit nothing is known beyond that."""
        heights = {
            f"height_{slots}": height
            for slots, height in zip(SLOTS, self.heights, strict=True)
        }
        values = vars(self) | heights | {"unsatisfiable": self.unsatisfiable}
        if self.unsatisfiable:
            values |= dict.fromkeys(UNKNOWN_KEYS)
        return {"file": self.file} | {key: values[key] for key in ANALYSIS_KEYS}


@dataclass(frozen=True)
class Parts:
    """What a proof is spent on, in thousandths of a bit (labels.md, section 3).

    >>> parts = Parts(commitment=8_000_000, rows=4_000_000, masks=0, openings=3_000_000, hints=0, fixed=1_000_000)
    >>> parts.proof_size
    2000
    >>> print(parts)
    part               bytes   share
    commitment         1,000   50.0%
    rows                 500   25.0%
    masks                  0    0.0%
    openings             375   18.8%
    hints                  0    0.0%
    fixed                125    6.2%
    """

    commitment: (
        int  #: t0, the SIS part of the commitment, without the bits that are cut
    )
    rows: int  #: the committed rows of forms, masks and garbage
    masks: int  #: answers of the linear checks, sent in the clear
    openings: int  #: the coefficients of z
    hints: int  #: what stands for the rest of z
    fixed: int  #: header, hash, filling and the coder's ends

    @property
    def total(self) -> int:
        """Of the whole proof."""
        return sum(getattr(self, name) for name in PARTS)

    @property
    def proof_size(self) -> int:
        """Bytes of the whole proof, rounded up."""
        return -(-self.total // 8000)

    def __str__(self) -> str:
        """A table in bytes."""
        lines = [f"{'part':12} {'bytes':>11} {'share':>7}"]
        for name in PARTS:
            value = getattr(self, name)
            lines.append(f"{name:12} {value / 8000:11,.0f} {value / self.total:7.1%}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Choice:
    """Sound parameters and what they give (labels.md, sections 3 and 4)."""

    n: int  #: LWE dimension
    log2_q: int  #: bits of an element of Z_q
    sigma: float  #: s2, standard deviation of the Gaussian mask
    ord: int  #: order of q modulo 128
    k: int  #: openings in parallel
    kappa: int  #: SIS rank
    l: int  #: committed rows  # noqa: E741
    D: int  #: bits cut from the commitment
    g: int  #: bits cut from the hints
    Gamma: int  #: garbage rows of the products
    nlin: int  #: masks of the linear checks
    w: int  #: largest coefficient of a challenge
    T: int  #: largest operator norm of a challenge
    j: int  #: sets the widths: 4, 5, 6 or 8
    s: float  #: standard deviation of secret and error of the Module-LWE that hiding rests on
    s1: float  #: standard deviation of the commitment randomness
    lwe_bits: float  #: hiding, core-SVP
    sis_bits: float  #: binding, core-SVP
    bit_security: float  #: the smaller of both
    hardness: float  #: 0..1
    proof_size: int  #: bytes
    soundness: float  #: bits: the least of openings, linear checks and challenges
    parts: Parts
    rank_limit: str | None = (
        None  #: what forbids a smaller kappa, one of LIMITS; None if one binds, or kappa is 1
    )
    cut_limit: str | None = None  #: what forbids a larger g
    q: int | None = None  #: a concrete prime, where a circuit was at hand

    @classmethod
    def of(cls, record: Any) -> Choice | Infeasible:
        """From the library's record."""
        if not record["feasible"]:
            return Infeasible(bytes(record["reason"]).split(b"\0")[0].decode())
        return cls._of(record[_CHOICE_FIELDS].item())

    @classmethod
    def all_of(cls, records: Records) -> list[Choice] | Infeasible:
        """From the library's records of all that is sound, or of the reason why nothing is."""
        sound = records[records["feasible"] != 0]
        if len(sound):
            return [
                cls._of(values) for values in sound[_CHOICE_FIELDS].tolist()
            ]  # at once: there may be thousands
        (first, *_) = (cls.of(record) for record in records)
        assert isinstance(first, Infeasible)
        return first

    @classmethod
    def _of(cls, values: Sequence[Any]) -> Choice:
        """From the values of `_CHOICE_FIELDS`."""
        named = dict(zip(_CHOICE_FIELDS, values, strict=True))
        return cls(
            **{
                key: named[_CHOICE_NAMES.get(key, key)]
                for key in (*CHOICE_KEYS, "soundness")
            },
            parts=Parts(**{name: named[f"part_{name}"] for name in PARTS}),
            rank_limit=LIMITS[named["rank_limit"]],
            cut_limit=LIMITS[named["cut_limit"]],
            q=int.from_bytes(bytes(named["q"]), "little") or None,
        )

    @property
    def modulus(self) -> tuple[int, int]:
        """Bits of q, and into factors of which degree the ring splits."""
        return self.log2_q, self.ord

    @property
    def targets(self) -> tuple[float, ...]:
        """What a network learns to name: n, log2 q, sigma, bit security, hardness, proof size."""
        return (
            self.n,
            self.log2_q,
            self.sigma,
            self.bit_security,
            self.hardness,
            self.proof_size,
        )

    def row(self) -> dict[str, Any]:
        """The JSON object of `nexuszero choose`, ``parts`` in thousandths of a bit; ``q`` only where there is one."""
        values = asdict(self)
        if self.q is None:
            del values["q"]
        return values

    def printed(self) -> dict[str, Any]:
        """The same as tables print it: sigma and hardness with 6 decimals, bits with 3."""
        return {
            key: f"{value:.{_PRINTED[key]}f}" if key in _PRINTED else value
            for key, value in self.row().items()
        }

    def __str__(self) -> str:
        """One line in the field's symbols."""
        rank = f"kappa: {self.kappa}, ord: {self.ord}, k: {self.k}, l: {self.l}, D: {self.D}, g: {self.g}"
        sizes = f"{self.bit_security:.1f} bits, proof: {self.proof_size}"
        return (
            f"n: {self.n}, q: 2^{self.log2_q}, sigma: {self.sigma:.0f}, {rank}, {sizes}"
        )


@dataclass(frozen=True)
class Infeasible:
    """No parameters are sound, and why."""

    reason: str

    def row(self) -> dict[str, Cell]:
        """The JSON object: every parameter null, and why."""
        return dict.fromkeys(CHOICE_KEYS) | {"infeasible": self.reason}

    printed = row


@dataclass(frozen=True)
class Verdict:
    """Proposed parameters, judged as they stand after rounding (labels.md, sections 2 and 3)."""

    n: int  #: rounded to a multiple of 64
    log2_q: int  #: rounded
    fails: tuple[str, ...]  #: constraints that cannot hold
    proof_size: int | None  #: bytes, if sound
    lwe_bits: float

    @classmethod
    def of(cls, record: Any) -> Verdict:
        """From the library's record."""
        fails = int(record["fails"])
        return cls(
            n=int(record["n"]),
            log2_q=int(record["log2_q"]),
            fails=tuple(
                name for bit, name in enumerate(CONSTRAINTS) if fails >> bit & 1
            ),
            proof_size=int(record["proof_size"]) or None,
            lwe_bits=float(record["lwe_bits"]),
        )

    @property
    def sound(self) -> bool:
        """Whether every constraint holds."""
        return not self.fails

    def row(self) -> dict[str, Any]:
        """The JSON object."""
        rounded = {"n": self.n, "log2_q": self.log2_q}
        return {
            "rounded": rounded,
            "sound": self.sound,
            "fails": list(self.fails),
            "sound_size": self.proof_size,
        }


@dataclass(frozen=True)
class ConstraintMargin:
    """What one constraint of an answer needs and has, in bits."""

    constraint: str  #: hiding (Module-LWE), binding (Module-SIS), modulus, soundness
    needs: float
    has: float

    @property
    def margin(self) -> float:
        """What is left over."""
        return self.has - self.needs

    def row(self) -> dict[str, Cell]:
        """The JSON object."""
        return {
            "constraint": self.constraint,
            "needs": self.needs,
            "has": self.has,
            "margin": self.margin,
        }


def margins(circuit: Analysis, choice: Choice, security: int) -> list[ConstraintMargin]:
    """What each constraint needs and has, in bits.

    The modulus has to carry the circuit's values, or is the field's prime; soundness is the least of the openings in
    parallel, the linear checks and the challenges.
    """
    return [
        ConstraintMargin("hiding", security, choice.lwe_bits),
        ConstraintMargin("binding", security, choice.sis_bits),
        ConstraintMargin("modulus", circuit.least_bits, choice.log2_q),
        ConstraintMargin("soundness", security - 1, choice.soundness),
    ]


def binding_constraint(found: list[ConstraintMargin]) -> str:
    """The constraint with the least left over."""
    return min(found, key=lambda row: row.margin).constraint


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


@dataclass(frozen=True)
class Proof:
    """A proof that a circuit has a solution with these public values (docs/proof.md)."""

    data: bytes  #: what a verifier reads
    public: tuple[int, ...]  #: outputs, then inputs
    expected_size: int  #: bytes that a proof of this circuit has on average
    attempts: int  #: that it took
    constraints: int  #: that are kept (labels.md, section 1.2); where there are none it says nothing of a witness


@dataclass(frozen=True)
class Verification:
    """What a verifier says of a proof; only ``code`` 0 is a proof of anything."""

    code: (
        int | None
    )  #: 0 valid, else the check that failed, R3 to R14; None where a work limit ended it
    reason: str

    @property
    def valid(self) -> bool:
        """Whether the proof is accepted."""
        return self.code == 0

    def row(self) -> dict[str, Any]:
        """The JSON object of `nexuszero verify`."""
        code = f"R{self.code}" if self.code else None
        return {
            "valid": self.valid,
            "decided": self.code is not None,
            "code": code,
            "reason": self.reason or None,
        }


@dataclass(frozen=True)
class ProofHeader:
    """What a proof says of itself; nothing of it is verified."""

    version: int
    security: int  #: bits
    length: int  #: bytes of the whole proof
    coded: int  #: bytes of its coded part
    statement: str  #: the first bytes of the statement's digest, in hexadecimal

    @classmethod
    def of(cls, record: Any) -> ProofHeader:
        """From the library's record."""
        return cls(
            version=int(record["version"]),
            security=int(record["security"]),
            length=int(record["length"]),
            coded=int(record["coded"]),
            statement=bytes(record["statement"]).hex(),
        )

    def row(self) -> dict[str, Any]:
        """The JSON object of `nexuszero inspect`."""
        return asdict(self)
