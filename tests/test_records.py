"""Records of the library and of an answer: keys, their order, JSON and back, one line in the field's symbols."""

import doctest
import importlib
import json
import pkgutil
from dataclasses import replace

import pytest

import nexuszero.crypto
from nexuszero.advice import Level
from nexuszero.crypto import (
    ANALYSIS_KEYS,
    CHOICE_KEYS,
    ESTIMATE_KEYS,
    PARTS,
    Analysis,
    Choice,
    ConstraintMargin,
    Contradiction,
    CryptoBridge,
    Estimate,
    Infeasible,
    LastDropped,
    Parts,
    RunnerUp,
    Verdict,
    binding_constraint,
    margins,
    next_best,
)
from nexuszero.crypto.records import UNKNOWN_KEYS

KYBER = Estimate("usvp", 406, 998, 1.003941, 118.552, 107.59, 0.8185)
NO_ATTACK = Estimate("dual", None, None, None, None, None, None, "fails")
TRIVIAL = Estimate("sis", None, None, None, 0.0, 0.0, 0.0, "trivial")
NO_VECTOR = Estimate("sis", None, None, None, None, None, None, "fails")
CIRCUIT = Analysis(
    file="auction.r1cs",
    wires=84,
    public_outputs=1,
    public_inputs=0,
    private_inputs=4,
    constraints=86,
    linear=10,
    quadratic=76,
    assumed=0,
    dropped=0,
    last_dropped=None,
    hints=0,
    rescaled=0,
    contradiction=None,
    rounds=5,
    packed=76,
    forms=79,
    heights=(3, 3, 6, 11, 20),
    liftable=True,
    bits=13,
    field_bits=254,
    field_order=1,
    custom_gates=0,
    least_bits=16,
    candidates=40,
)
CHOICE = Choice(
    n=1600,
    log2_q=32,
    sigma=756.0,
    ord=4,
    k=1,
    kappa=13,
    l=11,
    D=4,
    g=11,
    Gamma=1,
    nlin=4,
    w=2,
    T=20,
    j=4,
    s=3.24037,
    s1=7.937254,
    lwe_bits=131.98557,
    sis_bits=129.356,
    bit_security=129.356,
    hardness=0.82914,
    proof_size=10249,
    soundness=128.0,
    parts=Parts(30_000_000, 20_000_000, 5_000_000, 20_000_000, 6_412_000, 576_001),
    rank_limit="sis",
    cut_limit="half_modulus",
)
WITH_PRIME = Choice(**vars(CHOICE) | {"q": 4294966177})
NOTHING = Infeasible("infeasible: no rank gives Module-SIS 256 bits")
WEAK = Verdict(
    n=1536, log2_q=32, fails=("hiding", "binding"), proof_size=None, lwe_bits=120.5
)
LABEL = "n log2_q sigma ord k kappa l D g Gamma nlin w T j s s1 lwe_bits sis_bits bit_security hardness proof_size"
RUNNER_UP = RunnerUp(33, 4, 10300, 0.005)
MARGIN = ConstraintMargin("hiding", 128, 131.5)


@pytest.mark.parametrize(
    ("record", "keys"),
    [
        (KYBER, "attack beta d delta bits quantum_bits hardness status model"),
        (NO_ATTACK, "attack beta d delta bits quantum_bits hardness status model"),
        (
            CIRCUIT,
            "file wires public_outputs public_inputs private_inputs constraints linear quadratic assumed dropped "
            "hints rescaled unsatisfiable rounds packed forms height_64 "
            "height_32 height_16 height_8 height_4 liftable bits field_bits field_order custom_gates",
        ),
        (CHOICE, f"{LABEL} soundness parts rank_limit cut_limit"),
        (WITH_PRIME, f"{LABEL} soundness parts rank_limit cut_limit q"),
        (NOTHING, f"{LABEL} infeasible"),
        (WEAK, "rounded sound fails sound_size"),
        (MARGIN, "constraint needs has margin"),
        (RUNNER_UP, "log2_q ord proof_size more"),
        (Level(192, CHOICE, 0.5), "security proof_size more"),
        (Level(256, NOTHING), "security infeasible"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_a_row_has_its_keys_in_order_and_survives_json(record, keys):
    row = record.row()
    assert list(row) == keys.split()
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_the_lists_of_keys_are_those_of_the_rows():
    assert [*ESTIMATE_KEYS, "model"] == list(KYBER.row())
    assert ["file", *ANALYSIS_KEYS] == list(CIRCUIT.row())
    assert [*CHOICE_KEYS, "soundness", "parts", "rank_limit", "cut_limit"] == list(
        CHOICE.row()
    )
    assert list(PARTS) == list(CHOICE.row()["parts"])
    assert [*CHOICE_KEYS, "infeasible"] == list(NOTHING.row())


def test_a_row_holds_what_the_record_holds():
    assert list(KYBER.row().values()) == [
        "usvp",
        406,
        998,
        1.003941,
        118.552,
        107.59,
        0.8185,
        "works",
        "core-SVP, 0.292 beta (ADPS16)",
    ]
    assert [CIRCUIT.row()[f"height_{slots}"] for slots in (64, 32, 16, 8, 4)] == [
        3,
        3,
        6,
        11,
        20,
    ]
    assert WITH_PRIME.row() == CHOICE.row() | {"q": 4294966177}
    assert set(NOTHING.row().values()) == {None, NOTHING.reason}
    assert WEAK.row() == {
        "rounded": {"n": 1536, "log2_q": 32},
        "sound": False,
        "fails": ["hiding", "binding"],
        "sound_size": None,
    }
    assert MARGIN.row() == {
        "constraint": "hiding",
        "needs": 128,
        "has": 131.5,
        "margin": 3.5,
    }


def test_what_nothing_satisfies_has_counts_and_nothing_else():
    row = Analysis(**vars(CIRCUIT) | {"contradiction": Contradiction(3, 1)}).row()
    assert row["unsatisfiable"] is True and row["constraints"] == 86
    assert [name for name, value in row.items() if value is None] == list(UNKNOWN_KEYS)


def test_a_circuit_is_empty_where_all_is_dropped():
    empty = Analysis(
        **vars(CIRCUIT) | {"dropped": 86, "last_dropped": LastDropped(4, 7)}
    )
    assert empty.empty and not CIRCUIT.empty and not empty.unsatisfiable


def test_one_line_in_the_fields_symbols():
    assert str(KYBER) == "usvp: beta: 406, d: 998, delta: 1.003941, rop: 2^118.6"
    assert str(NO_ATTACK) == "dual: does not work"
    assert str(TRIVIAL) == "sis: trivial, there is nothing to attack"
    assert (
        str(NO_VECTOR)
        == "sis: no vector that short is expected, or no block size finds it"
    )
    assert (
        str(WITH_PRIME)
        == str(CHOICE)
        == (
            "n: 1600, q: 2^32, sigma: 756, kappa: 13, ord: 4, k: 1, l: 11, D: 4, g: 11, 129.4 bits, proof: 10249"
        )
    )


def test_tables_print_six_decimals_of_sigma_and_hardness_and_three_of_bits():
    printed = CHOICE.printed()
    assert (printed["sigma"], printed["hardness"], printed["lwe_bits"]) == (
        "756.000000",
        "0.829140",
        "131.986",
    )
    assert (printed["n"], printed["proof_size"]) == (1600, 10249)
    assert NOTHING.printed() == NOTHING.row()


def test_the_parts_of_a_proof_add_up_to_it():
    choice = CryptoBridge().synthesize([0], [7]).choices(128)[0]
    assert choice.parts.proof_size == choice.proof_size
    assert CHOICE.parts.total == 81_988_001
    assert CHOICE.parts.proof_size == CHOICE.proof_size == 10249


def test_the_runner_up_has_another_modulus():
    wider = replace(CHOICE, log2_q=33, proof_size=10300)
    split = replace(CHOICE, ord=8, proof_size=10300)
    again = replace(CHOICE, j=5, proof_size=10280)
    assert RunnerUp.of([CHOICE, again, wider, split]) == RunnerUp(
        33, 4, 10300, 10300 / 10249 - 1
    )
    assert RunnerUp.of([CHOICE, again, split, wider]) == RunnerUp(
        32, 8, 10300, 10300 / 10249 - 1
    )
    assert RunnerUp.of([CHOICE, again]) is None
    assert next_best(RUNNER_UP, free=True) == "log2 q 33, ord 4: 10,300 bytes, +0.5%"
    assert next_best(None, free=True) == "none: no other modulus is sound"
    assert next_best(None, free=False) == "none: q is the field's prime"


def test_records_cannot_be_written_to():
    for record, name in (
        (KYBER, "beta"),
        (CIRCUIT, "wires"),
        (CHOICE, "n"),
        (NOTHING, "reason"),
        (WEAK, "n"),
        (RUNNER_UP, "ord"),
    ):
        with pytest.raises(AttributeError):
            setattr(record, name, 1)


def test_the_constraint_with_the_least_left_over_binds():
    rows = margins(CIRCUIT, CHOICE, 128)
    assert [row.constraint for row in rows] == [
        "hiding",
        "binding",
        "modulus",
        "soundness",
    ]
    assert [row.needs for row in rows] == [128, 128, 16, 127]
    assert [row.has for row in rows] == [131.98557, 129.356, 32, 128.0]
    assert binding_constraint(rows) == "soundness"
    assert CIRCUIT.nodes == 169


def test_records_are_python_values_whatever_numpy_holds():
    """JSON refuses NumPy's numbers, so every value that comes from the library is a plain one."""
    bridge = CryptoBridge()
    circuits = bridge.synthesize([0], [7])
    (choice,) = circuits.choices(128)
    answers = [
        circuits.analyses(["c.r1cs"])[0],
        choice,
        *circuits.verdicts(128, [choice.targets[:3]]),
    ]
    answers += [Estimate.of(bridge.estimate_lwe(512, 11.7, 1.0, 1.0)[0], "rough")]
    for record in answers:
        plain = {int, float, str, bool, list, dict, type(None)}
        assert {type(value) for value in record.row().values()} <= plain, record


MODULES = [
    module.name
    for module in pkgutil.iter_modules(nexuszero.crypto.__path__, "nexuszero.crypto.")
]


@pytest.mark.parametrize("name", ["nexuszero.crypto", *MODULES])
def test_the_examples_print_what_they_say(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [
        test
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
        if test.examples
    ]
    assert len(found) >= 2
