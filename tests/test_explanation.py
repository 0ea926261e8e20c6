"""Why a circuit lifts or not, with circom's names, and circuits that are exported."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from r1cs_files import GOLDILOCKS, products
from shell import ROOT, checked, refused, run

from nexuszero.advice import explain
from nexuszero.crypto import REASONS, CryptoBridge, labels
from nexuszero.errors import InputError

CIRCUITS = ROOT / "tests/fixtures/circuits"
COMPILED = ROOT / "crypto/tests/fixtures/circuits"
FIXED, FREE = CIRCUITS / "matmul.goldilocks.r1cs", CIRCUITS / "compare.bn128.r1cs"


def rows(*arguments):
    done = checked(run("analyse", *arguments, "--json"))
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_product_of_matrices_does_not_lift_because_its_entries_are_free():
    found = rows(FIXED)[0]
    assert (
        found["unbounded"] == {"free": 18, "derived": 36}
        and found["boolean_wires"] == 0
    )
    names = [f"main.a[{i}][{j}]" for i in range(3) for j in range(3)]
    assert [one["label"] for one in found["first"]] == names[:5]
    assert [one["wire"] for one in found["first"]] == [10, 11, 12, 13, 14]
    text = run("analyse", FIXED).stdout
    assert (
        "does not lift" in text
        and "wire 10 (main.a[0][0]): free: no constraint bounds it" in text
    )


def test_bounds_on_the_free_wires_let_it_lift(tmp_path):
    bounds = tmp_path / "bounds.json"
    bounds.write_text(json.dumps({str(wire): [-128, 127] for wire in range(10, 28)}))
    found = rows(FIXED, "--bounds", bounds)[0]
    assert found["liftable"] and found["unbounded"] == {} and found["first"] == []
    assert found["bits"] == (3 * 2**14 * 2).bit_length()


def test_several_files_are_explained_each():
    found = rows(FREE, FIXED, COMPILED / "edge_customgate.bn128.O1.r1cs")
    assert [row["liftable"] for row in found] == [True, False, True]
    assert [row["custom_gates"] for row in found] == [0, 0, 5]
    assert found[0]["boolean_wires"] == 73 and "nothing to prove" in found[2]["finding"]
    text = run("analyse", COMPILED / "edge_customgate.bn128.O1.r1cs").stdout
    assert "custom gates are used 5 times" in text and "no answer covers them" in text


def test_an_explanation_agrees_with_whether_a_circuit_lifts():
    impossible = {
        "contradiction.r1cs",
        "unsatisfiable.r1cs",
    }  # nothing is explained there
    files = sorted(
        file for file in COMPILED.glob("*.r1cs") if file.name not in impossible
    )
    circuits = CryptoBridge().read(files)
    analyses = circuits.analyses([str(file) for file in files])
    hindered = []
    for index, file in enumerate(files):
        why = explain(circuits, analyses[index], index, file)
        hindered.append(bool(why.unbounded or why.oversized))
        assert (
            sum(why.unbounded.values())
            >= len(why.first)
            == min(5, sum(why.unbounded.values()))
        )
        assert (
            (why.worst_constraint is None)
            == (why.worst_bits is None)
            == (why.oversized == 0)
        )
    assert (circuits.analyse()["liftable"] == ~np.array(hindered)).all() and 0 < sum(
        hindered
    ) < len(files)


def test_the_keys_of_an_explanation_follow_those_of_the_analysis():
    row = rows(FIXED)[0]
    assert list(row)[-8:-6] == ["boolean_wires", "unbounded"]
    assert list(row)[-6:-3] == ["first", "oversized", "finding"]
    assert list(row)[-3:] == ["stale_names", "own_form", "help"]
    assert [list(one) for one in row["first"]] == [["wire", "label", "reason"]] * 5
    assert row["oversized"] == {"count": 0}


@pytest.mark.parametrize(
    ("known", "unbounded", "oversized", "says"),
    [
        (
            {1: 40, 2: 40},
            {"broad": 1},
            {"count": 0},
            "wire 3: constraint 0 computes it as a value that may exceed",
        ),
        (
            {1: 40, 2: 40, 3: 40},
            {},
            {"count": 2, "constraint": 0, "bits": 81},
            "field: 2; constraint 0 takes 81 bits",
        ),
        (
            {1: 62, 2: 2},
            {"broad": 1, "large": 1},
            {"count": 0},
            "wires that keep it from lifting: 1 broad, 1 large",
        ),
    ],
)
def test_bounds_may_be_too_wide(tmp_path, known, unbounded, oversized, says):
    file, bounds = (
        products(tmp_path / "c.r1cs", GOLDILOCKS, 1),
        tmp_path / "bounds.json",
    )
    bounds.write_text(
        json.dumps({str(wire): [-(2**bits), 2**bits] for wire, bits in known.items()})
    )
    found = rows(file, "--bounds", bounds)[0]
    assert not found["liftable"] and (found["unbounded"], found["oversized"]) == (
        unbounded,
        oversized,
    )
    assert says in run("analyse", file, "--bounds", bounds).stdout


def test_records_name_the_constraint_and_the_cause():
    wires, overflow = CryptoBridge().read([FIXED]).explain(0)
    assert (
        len(wires) == 55
        and overflow["count"] == 0
        and overflow["constraint"] == 2**32 - 1
    )
    free, derived = (
        wires[wires["reason"] == REASONS.index(name)] for name in ("free", "derived")
    )
    assert (free["constraint"] == 2**32 - 1).all() and (
        derived["constraint"] < 36
    ).all()
    assert set(derived["cause"]) <= set(range(1, 55)) and (
        wires["range_bits"][1:] == pytest.approx(64)
    )


def test_every_reason_of_the_library_has_its_name():
    circuits = CryptoBridge().read([FIXED])
    texts = [
        circuits.reason({"reason": number, "constraint": 3, "cause": 4})
        for number in range(len(REASONS))
    ]
    assert (
        texts[REASONS.index("free")].startswith("free")
        and texts[REASONS.index("boolean")] == "Boolean"
    )
    assert (
        "constraint 3" in texts[REASONS.index("derived")]
        and "wire 4" in texts[REASONS.index("derived")]
    )
    with pytest.raises(InputError, match="there are 9"):
        circuits.reason({"reason": len(REASONS)})


def test_a_wire_is_explained_by_number_and_by_name(tmp_path):
    shutil.copy(COMPILED / "iszero.r1cs", file := tmp_path / "iszero.r1cs")
    file.with_suffix(".sym").write_text(
        "1,1,0,main.out\n2,2,0,main.in\n3,-1,0,main.gone\n"
    )
    found = rows(file, "--explain", "main.out", "--explain", "2")[0]["asked"]
    assert [(one["wire"], one["label"]) for one in found] == [
        (1, "main.out"),
        (2, "main.in"),
    ]
    assert (found[0]["reason"], found[0]["rule"], found[0]["range_bits"]) == (
        "Boolean",
        "rule 5, alternative",
        1,
    )
    assert found[0]["constraint"] is not None
    assert (
        "wire 1 (main.out): Boolean, 1.0 bits; last by constraint"
        in run("analyse", file, "--explain", "1").stdout
    )
    assert "no wire is called 'main.gone'" in refused(
        "analyse", file, "--explain", "main.gone"
    )
    assert "there is no wire 22; the circuit has wires 0 to 21" in refused(
        "analyse", file, "--explain", "22"
    )


def test_what_nothing_satisfies_is_said_with_the_constraint():
    found = rows(COMPILED / "contradiction.r1cs")[0]
    assert found["unsatisfiable"] and found["liftable"] is None
    assert (
        found["finding"]
        == "nothing satisfies the circuit: constraint 0 leaves no value (rule 1, linear)"
    )
    assert found["finding"] in run("analyse", COMPILED / "contradiction.r1cs").stdout
    line = refused(
        "recommend", COMPILED / "contradiction.r1cs", "--security", 128, "--exact"
    )
    assert line.strip().endswith(found["finding"])


def test_where_nothing_is_left_to_prove_the_last_wire_is_named(tmp_path):
    shutil.copy(COMPILED / "dangling.r1cs", file := tmp_path / "c.r1cs")
    wire = rows(file)[0]["finding"].split("wire ")[1].split()[0]
    file.with_suffix(".sym").write_text(f"1,{wire},0,main.c\n")
    said = rows(file)[0]["finding"]
    assert (
        said.startswith("nothing to prove")
        and f"wire {wire} (main.c) satisfies constraint 0" in said
    )
    warned = checked(run("recommend", file, "--security", 128, "--exact", "--json"))
    assert json.loads(warned.stdout)["warnings"] == [
        f"{said}; the answer is that of an empty circuit"
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"1,2,main.x",
        b"1,two,0,main.x",
        b"",
        b"\xff\0",
        b"2,7,0,main.of.another.circuit",
    ],
)
def test_a_wrong_sym_file_is_named_with_the_line(tmp_path, line):
    """Wires have numbers then; where a name is asked for the file is refused."""
    file = products(tmp_path / "c.r1cs", GOLDILOCKS, 2)
    file.with_suffix(".sym").write_bytes(b"1,1,0,main.a\n%b\n" % line)
    _, found = rows(FREE, file)
    assert "c.sym: line 2" in found["stale_names"] and "--sym" in found["stale_names"]
    assert (
        found["first"][0]["label"] is None and found["help"]["inputs"][0]["name"] == "1"
    )
    said = refused("analyse", file, "--explain", "main.a")
    assert "c.sym: line 2" in said and "--sym" in said


def test_the_first_name_of_a_wire_counts_and_removed_ones_do_not(tmp_path):
    file = tmp_path / "c.sym"
    file.write_text("1,3,0,main.a\n2,-1,0,main.gone\n3,3,0,main.b\n4,5,0,main.c,d\n")
    assert labels(file, [3, 5, 6], 7) == {3: "main.a", 5: "main.c,d"}
    assert labels(tmp_path / "none.sym", [3], 7) == {}


def test_an_exported_circuit_is_the_one_that_was_drawn(tmp_path):
    bridge, file = CryptoBridge(), tmp_path / "dot.r1cs"
    done = checked(run("export", "dot", 7, file, "--json"))
    drawn, read = (
        bridge.synthesize(bridge.families().index("dot"), 7),
        bridge.read([file]),
    )
    assert (drawn.analyse() == read.analyse()).all()
    assert all(
        np.array_equal(drawn.graphs(128)[name], read.graphs(128)[name])
        for name in ("x", "edge_attr")
    )
    assert json.loads(done.stdout)["constraints"] == int(
        read.analyse()["constraints"][0]
    )


def test_export_refuses_what_it_cannot_do(tmp_path):
    there = tmp_path / "there.r1cs"
    there.write_text("precious")
    assert (
        "--force" in refused("export", "dot", 7, there)
        and there.read_text() == "precious"
    )
    assert (
        run("export", "dot", 7, there, "--force").returncode == 0
        and there.read_bytes()[:4] == b"r1cs"
    )
    assert "arithmetic" in refused("export", "dots", 7, tmp_path / "a.r1cs")
    assert "2^64" in refused("export", "dot", 2**64, tmp_path / "a.r1cs")
    assert "none" in refused("export", "dot", 7, tmp_path / "none" / "a.r1cs")
    assert not (tmp_path / "none").exists() and list(tmp_path.iterdir()) == [there]


@pytest.mark.parametrize("family", ["merkle", "dense", "boolean"])
def test_snarkjs_reads_an_exported_circuit(tmp_path, family):
    if shutil.which("npx") is None:
        pytest.skip("npx is not installed")
    file = tmp_path / "c.r1cs"
    assert run("export", family, 3, file).returncode == 0
    done = subprocess.run(
        ["npx", "-y", "snarkjs@0.7.6", "r1cs", "info", file],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if "npm error" in done.stderr or "npm ERR" in done.stderr:
        pytest.skip("npm cannot fetch snarkjs")
    counts = CryptoBridge().read([file]).analyse()[0]
    for name in ("Wires", "Constraints"):
        assert (
            int(re.search(rf"# of {name}: (\d+)", done.stdout)[1])
            == counts[name.lower()]
        ), done.stdout
