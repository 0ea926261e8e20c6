"""The bridge to the Rust library: loading, symbols, version, records; golden rows as in crypto/tests/fixtures."""

import csv
import ctypes
import sys
from pathlib import Path

import numpy as np
import pytest
from r1cs_files import MERSENNE31, products, system, witness

import nexuszero
from nexuszero.crypto import (
    ANALYSIS_KEYS,
    CHOICE_KEYS,
    SLOTS,
    Choice,
    CryptoBridge,
    Infeasible,
    choose,
    estimate_lwe,
    estimate_sis,
)
from nexuszero.data import columns
from nexuszero.errors import InputError

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "crypto/tests/fixtures"


@pytest.fixture(scope="module")
def bridge():
    return CryptoBridge()


def _rows(name):
    with (FIXTURES / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_plain_ctypes_loads_the_library_and_calls_the_version():
    directory = Path(nexuszero.__file__).parent / "_crypto"
    (library,) = [
        file for file in directory.iterdir() if file.suffix in (".so", ".dylib", ".dll")
    ]
    version = ctypes.CDLL(str(library)).nexuszero_crypto_version
    version.restype = ctypes.c_uint32
    manifest = (ROOT / "crypto/Cargo.toml").read_text()
    major, minor, patch = map(
        int, manifest.split('version = "')[1].split('"')[0].split(".")
    )
    assert version() == major * 10000 + minor * 100 + patch


def test_every_function_of_the_header_is_exported(bridge):
    header = (ROOT / "crypto/include/nexuszero_crypto.h").read_text()
    declared = {
        word.split("(")[0]
        for word in header.split()
        if word.startswith("nexuszero_") and "(" in word
    }
    assert declared == set(bridge.exports())
    assert "nexuszero_crypto_version" in declared


def test_a_missing_library_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "nexuszero._crypto", None)
    monkeypatch.delattr(nexuszero, "_crypto", raising=False)
    with pytest.raises(InputError, match="make setup"):
        CryptoBridge()


@pytest.mark.parametrize("table", ["lwe_usvp", "lwe_usvp_edge", "lwe_usvp_mixed"])
def test_estimates_reproduce_the_golden_usvp_tables(bridge, table):
    rows = _rows(f"golden/{table}.csv")
    estimates = estimate_lwe(bridge, rows, "usvp")
    for row, estimate in zip(rows, estimates, strict=True):
        if row["cost_model"] != "ADPS16":
            continue
        if row["rop_log2"] == "inf":
            assert estimate.bits is None
        else:
            assert estimate.beta == int(row["beta"])
            assert estimate.bits == pytest.approx(float(row["rop_log2"]), abs=0.01)


def test_estimates_reproduce_the_golden_sis_table(bridge):
    rows = _rows("golden/sis_l2.csv")
    for row, estimate in zip(rows, estimate_sis(bridge, rows), strict=True):
        if row["status"] == "ok":
            assert estimate.beta == int(row["beta"])
            assert estimate.bits == pytest.approx(float(row["rop_log2"]), abs=0.01)
        else:
            trivial = float(row["length_bound"]) >= float(
                row["q"]
            )  # and not from q/2 on: docs/estimator.md
            assert (estimate.bits == 0) == trivial == (estimate.status == "trivial")
            assert (estimate.bits is None) == (row["status"] == "inf")


def test_choose_reproduces_the_golden_labels(bridge):
    rows = _rows("golden/labels.csv")
    for row, choice in zip(rows, choose(bridge, rows), strict=True):
        printed = choice.printed()
        cells = [
            "" if printed[key] is None else str(printed[key]) for key in CHOICE_KEYS
        ]
        assert cells == [row[key] for key in CHOICE_KEYS]


def test_circuits_reproduce_the_expected_table(bridge):
    """Counts, label and the concrete prime of every row, bounds included; what does not exist is an empty cell."""
    rows = _rows("circuits/expected.csv")
    for row in rows:
        circuits = bridge.read(
            [FIXTURES / "circuits" / row["file"]], row["bounds"] or None
        )
        counts = circuits.analyses([row["file"]])[0].row()
        shared = [key for key in ANALYSIS_KEYS if key in row]
        assert [_cell(counts[key]) for key in shared] == [row[key] for key in shared], (
            row["file"]
        )
        printed = circuits.choices(int(row["security"] or 128))[0].printed()
        keys = [*CHOICE_KEYS, "q"]
        assert [_cell(printed.get(key)) for key in keys] == [
            row[key] for key in keys
        ], row["file"]
    assert len(rows) == 118


def _cell(value):
    """As the table has it: truth as 0 or 1, nothing as an empty cell."""
    return (
        "" if value is None else str(int(value) if isinstance(value, bool) else value)
    )


def test_a_concrete_prime_has_the_bits_and_order_that_were_chosen(bridge):
    circuit = bridge.read([FIXTURES / "circuits/adder24.bn128.O1.r1cs"])
    choice = circuit.choices(128)[0]
    assert choice.q.bit_length() == choice.log2_q
    powers = [pow(choice.q, power, 128) for power in range(1, choice.ord + 1)]
    assert powers.index(1) + 1 == choice.ord


def test_bounds_sharpen_the_analysis_and_wrong_ones_are_named(bridge):
    file = FIXTURES / "circuits/interpolate.r1cs"
    assert not bridge.read([file]).analyse()["liftable"][0]
    for width in ('"u17"', "[0, 131071]"):
        found = bridge.read(
            [file], f'{{"1": {width}, "2": {width}, "3": {width}}}'
        ).analyse()
        assert found["liftable"][0] and found["bits"][0] == 21
    for wrong in (
        '{"99": [0, 1]}',
        '{"1": [2, 1]}',
        '{"1": [0]}',
        '{"1": "u0"}',
        '{"1": "u300"}',
        '{"1": "u08"}',
        '{"1": "byte"}',
        '{"x": [0, 1]}',
        "[]",
        "{",
        '{"1": [0.5, 1]}',
    ):
        with pytest.raises(InputError, match="bound"):
            bridge.read([file], wrong).analyse()


def test_candidates_begin_with_the_choice_and_stand_as_proposed(bridge):
    circuits = bridge.read(sorted((FIXTURES / "circuits").glob("adder*.r1cs")))
    best = circuits.choices(128)
    for index, choice in enumerate(best):
        candidates = circuits.candidates(128, index)
        assert candidates[0] == choice
        assert candidates == sorted(
            candidates, key=lambda one: (one.proof_size, one.log2_q, one.ord, one.j)
        )

    proposals = np.array([choice.targets[:3] for choice in best])
    sound = circuits.verdicts(128, proposals)
    assert all(verdict.sound for verdict in sound)
    assert [verdict.proof_size for verdict in sound] == [
        choice.proof_size for choice in best
    ]

    weak = circuits.verdicts(128, proposals - [64, 0, 0])
    assert all(
        verdict.fails in (("hiding",), ("width",)) and verdict.proof_size is None
        for verdict in weak
    )
    assert [verdict.n for verdict in weak] == [choice.n - 64 for choice in best]


def test_candidates_without_a_circuit_begin_with_the_choice(bridge):
    free, fixed = (100, 128, 40, None), (100, 128, None, 2**64 - 2**32 + 1)
    for question in (free, fixed):
        candidates = bridge.candidates(*question)
        (record,) = bridge.choose(*([value] for value in question))
        assert candidates[0] == Choice.of(record)
        assert candidates == sorted(
            candidates, key=lambda one: (one.proof_size, one.log2_q, one.ord, one.j)
        )
        assert (len({choice.modulus for choice in candidates}) == 1) == (
            question == fixed
        )
    assert "binomial" in bridge.candidates(3000, 256, None, MERSENNE31).reason
    with pytest.raises(InputError, match="100, 128, 192, 256"):
        bridge.candidates(100, 77, 40, None)


def test_a_circuit_for_which_nothing_is_sound_has_no_candidates(bridge, tmp_path):
    circuits = bridge.read([products(tmp_path / "many.r1cs", MERSENNE31, 1000)])
    (choice,) = circuits.choices(256)
    assert isinstance(choice, Infeasible) and "binomial" in choice.reason
    assert circuits.candidates(256) == choice


def test_columns_have_the_types_that_the_dataset_is_defined_with(bridge):
    """Names, base types and widths as docs/dataset.md has them, both as announced and as handed out."""
    expected = {
        "x": ("<f4", (12,)),
        "edge_source": ("<i4", ()),
        "edge_target": ("<i4", ()),
        "edge_attr": ("<f4", (5,)),
        "node_bits": ("<u2", ()),
        "node_ends": ("<u2", (2,)),
        "node_rounds": ("|u1", ()),
        "nodes": ("<i8", ()),
        "edges": ("<i8", ()),
        "params": ("<f8", (3,)),
        "metrics": ("<f8", (3,)),
        "seed": ("<u8", ()),
        "family": ("|u1", ()),
        "security": ("<u2", ()),
        "field_bits": ("<u2", ()),
        "wires": ("<u4", ()),
        "constraints": ("<u4", ()),
        "dropped": ("<u4", ()),
        "hints": ("<u4", ()),
        "forms": ("<u4", ()),
        "heights": ("<u4", (len(SLOTS),)),
        "bits": ("<u2", ()),
        "liftable": ("|u1", ()),
    }
    assert {
        name: (kind.base.str, kind.shape) for name, kind in bridge.columns().items()
    } == expected
    rows = bridge.generate(7, 0, 64)[0]
    assert {
        name: (column.dtype.str, column.shape[1:]) for name, column in rows.items()
    } == expected


def test_every_column_of_the_library_is_in_the_file_under_its_own_name_or_a_known_one(
    bridge,
):
    """The dataset's list has a place for whatever the library hands out, with the same width."""
    listed = {
        name.removeprefix("circuit/"): column for name, column in columns().items()
    }
    parts = {
        "edge_source": ["edge_index"],
        "edge_target": ["edge_index"],
        "nodes": ["node_ptr"],
        "edges": ["edge_ptr"],
        "heights": [f"height_{slots}" for slots in SLOTS],
    }
    named = {name: parts.get(name, [name]) for name in bridge.columns()}
    assert {place for places in named.values() for place in places} == set(listed)

    converted = {
        "family",
        "bits",
        "liftable",
    }  # to a name, to a wider number, to a truth value
    for name, kind in bridge.columns().items():
        for place in named[name]:
            if name not in converted:
                assert listed[place].dtype == kind.base, name
            if name not in parts:
                assert listed[place].item == kind.shape, name


def test_rows_of_train_alone_are_those_of_all_splits(bridge):
    wanted = bridge.generate(7, 3, 64)[0]
    rows = bridge.generate_train(7, 3, len(wanted["seed"]), threads=1)
    for name, column in wanted.items():
        assert np.array_equal(column, rows[name]), name


def test_rows_are_views_that_keep_their_memory(bridge):
    rows = bridge.generate(7, 0, 64)[0]
    x = rows["x"]
    before = x.copy()
    del rows
    bridge.generate(8, 0, 64)
    assert np.array_equal(x, before)


def test_a_row_is_rebuilt_from_family_and_seed(bridge):
    for rows in bridge.generate(42, 0, 100):
        for security in (100, 128, 192, 256):
            chosen = np.flatnonzero(rows["security"] == security)
            circuits = bridge.synthesize(rows["family"][chosen], rows["seed"][chosen])
            graphs, labels = circuits.graphs(security), circuits.choose(security)
            starts = np.concatenate([[0], rows["nodes"].cumsum()])
            x = [rows["x"][starts[row] : starts[row + 1]] for row in chosen]
            assert np.array_equal(
                graphs["x"], np.concatenate([np.empty((0, 12), "f4"), *x])
            )
            assert np.array_equal(labels["proof_size"], rows["metrics"][chosen, 2])
            assert np.array_equal(labels["n"], rows["params"][chosen, 0])


def test_a_library_error_is_one_line_with_the_place(bridge, tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        bridge.read([tmp_path / "none.r1cs"])
    with pytest.raises(InputError, match=r"row 2: .* not prime"):
        choose(
            bridge,
            [
                {"forms": "1", "lambda_": "128", "B": "", "p": "17"},
                {"forms": "1", "lambda_": "128", "B": "", "p": "15"},
            ],
        )


@pytest.mark.parametrize(
    "field", ["bn128", "bls12381", "pallas", "Vesta", "secq256r1", "grumpkin"]
)
def test_fields_have_circoms_names(field):
    assert CryptoBridge().field(field).bit_length() > 253


def test_the_first_value_outside_its_range(bridge):
    """x^2 = y, y public: whatever is declared is taken for true, and nothing else is bounded."""
    circuits = bridge.parse(system([[{2: 1}, {2: 1}, {1: 1}]], 3, 1, 0))
    values = witness([1, 49, -7])
    assert circuits.outside(0, values) is None
    for width, wire in (("u2", 1), ("i4", None)):
        bounded = bridge.with_widths(circuits, [{2: width}])
        assert bounded.outside(0, values) == wire
