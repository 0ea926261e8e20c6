"""Declared widths of wires: by name and number, in a line, a file, or JSON; and what is not understood."""

import re

import pytest
from r1cs_files import GOLDILOCKS, products
from shell import ROOT, answer, checked, refused, run

from nexuszero.crypto import CryptoBridge, declarations, widths
from nexuszero.errors import InputError

CIRCUITS = ROOT / "tests/fixtures/circuits"
MATMUL = CIRCUITS / "matmul.goldilocks.r1cs"
WIRES = 55


def found(bounds, circuit=MATMUL):
    return widths(declarations(bounds), circuit, WIRES)


@pytest.mark.parametrize(
    ("bounds", "wires"),
    [
        ("main.a[*][*]=u8", dict.fromkeys(range(10, 19), "u8")),
        ("main.a[1][*]=i8,main.b[0][2]=bit", {13: "i8", 14: "i8", 15: "i8", 21: "bit"}),
        ("main.a[**=u8", dict.fromkeys(range(10, 19), "u8")),
        ("10..12 = -5..5", {10: [-5, 5], 11: [-5, 5], 12: [-5, 5]}),
        ("main.a[0][0]=u8, 10=u8", {10: "u8"}),
        ('{"main.a[0][*]": "bit", "40": [0, 9]}', {10: "bit", 11: "bit", 12: "bit", 40: [0, 9]}),
    ],
)
def test_wires_and_widths(bounds, wires):
    assert found(bounds) == wires


def test_a_file_has_lines_and_comments(tmp_path):
    file = tmp_path / "widths.txt"
    file.write_text("\ufeff# inputs\nmain.a[0][*] = bit, 40 = u4  # two entries\n\n// nothing\nmain.b[0][0] = 0..9\n")
    assert found(str(file)) == {10: "bit", 11: "bit", 12: "bit", 40: "u4", 19: [0, 9]}


@pytest.mark.parametrize(
    ("bounds", "line"),
    [
        ("main.q[*]=bit", "--bounds: main.q[*] matches nothing in"),
        ("main.a=bit", "main.a matches nothing"),
        ("main.a[*]=bit", "main.a[*] matches nothing"),  # one star is one index
        ("main.a[*][*]=bit,main.a[0][0]=u8", "main.a[0][0] gives wire 10 another width than main.a[*][*]"),
        ("3=u8,3=u8", "3 is there twice"),
        ('{"3": "u8", "3": "u9"}', "3 is there twice"),
        ("main.a[0][0]=5..2", "main.a[0][0] has the width 5..2, which is empty"),
        ("3=u0", "3 has the width 'u0'; write NAME=WIDTH"),
        ("3=", "3 has the width ''"),
        ("=u8", "'=u8' is not understood"),
        ('{"3": [0, 1.5]}', "3 has the width [0, 1.5]"),
        ('{"3": {"lo": 0}}', "3 has the width"),
        ('{"3": "u8"', "not readable as JSON"),
        ("55=u8", "55 names no wires; the circuit has wires 1 to 54"),
        ("0=bit", "0 names no wires"),
        ("9..8=bit", "9..8 names no wires"),
        ("no.such.file", "no.such.file cannot be read"),
    ],
)
def test_what_is_not_understood_is_one_line(bounds, line):
    with pytest.raises(InputError, match=re.escape(line)) as refusal:
        found(bounds)
    assert "\n" not in str(refusal.value)


def test_errors_of_a_file_name_the_line(tmp_path):
    file = tmp_path / "widths.txt"
    file.write_text("3 = u8\n4 = byte\n")
    with pytest.raises(InputError, match=f"{file}, line 2: 4 has the width 'byte'"):
        found(str(file))


def test_names_want_the_compilers_file(tmp_path):
    circuit = products(tmp_path / "c.r1cs", GOLDILOCKS, 1)
    with pytest.raises(InputError, match=r"main\.x is a name of a `\.sym` file; .*c\.sym is missing"):
        CryptoBridge().read([circuit], "main.x=bit")
    with pytest.raises(InputError, match="a circuit in memory has none"):
        CryptoBridge().parse(circuit.read_bytes(), "main.x=bit")
    (tmp_path / "c.sym").write_text("1,-1,0,main.x\n2,1,0,main.y\n")
    with pytest.raises(InputError, match=r"main\.x names only what the compiler removed"):
        CryptoBridge().read([circuit], "main.x=bit")
    assert widths(declarations("main.y=bit"), circuit, 4) == {1: "bit"}


def test_each_file_has_its_own_names(tmp_path):
    """One line of names for two circuits, whose wires differ."""
    circuits = CryptoBridge().read([MATMUL, CIRCUITS / "matmul.bn128.r1cs"], "main.a[*][*]=i8,main.b[*][*]=i8")
    assert [one.liftable for one in circuits.analyses(["a", "b"])] == [True, True]
    assert [one.assumed for one in circuits.analyses(["a", "b"])] == [18, 18]


def test_answers_say_what_they_rest_on():
    private = ["--bounds", "main.a[*][*]=i8,main.b[*][*]=i8"]
    for command in (["analyse", MATMUL], ["recommend", MATMUL, "--security", 128, "--exact"]):
        assert "rests on declared widths of 18 private wires, which nothing checks" in run(*command, *private).stdout
        assert "rests on" not in run(*command, "--bounds", "main.c[*][*]=i20").stdout


def test_the_help_can_be_read():
    shown = " ".join(checked(run("recommend", "--help")).stdout.split())
    assert "'main.in[*]=bit, main.idx=u20, 7=0..99'" in shown and "[the baseline, else the published]" in shown


def test_a_range_check_for_every_width(tmp_path):
    """A circuit that does not lift gets checks, names and a witness, lifts, and is proved."""
    circuit, witness = products(tmp_path / "c.r1cs", GOLDILOCKS, 1), tmp_path / "c.wtns"
    (tmp_path / "c.sym").write_text("1,1,0,main.x\n2,2,0,main.y\n3,3,0,main.z\n")
    witness.write_bytes(wtns([1, 7, 200, 1400]))
    new = tmp_path / "new.r1cs"
    made = answer("constrain", circuit, "--bounds", "main.x=u4,main.y=0..200", "-o", new, "--witness", witness)
    assert (made["checked"], made["constraints_after"] - made["constraints"]) == (2, 4 + 1 + 2 * (8 + 1))
    assert not made["liftable"] and made["liftable_after"]
    assert made["proof_size_assumed"] < made["proof_size_after"] < made["proof_size"]

    names = (tmp_path / "new.sym").read_text().splitlines()
    assert names[3] == "4,4,0,main.x.range[0]" and names[-1] == "23,23,0,main.y.range_above[7]"
    checked(run("prove", new, tmp_path / "new.wtns", "--security", 128))
    assert run("verify", new, tmp_path / "new.proof", tmp_path / "public.json", "--security", 128).stdout == "valid\n"
    assert answer("analyse", new)["assumed"] == 0


def test_what_constrain_refuses(tmp_path):
    circuit, witness = products(tmp_path / "c.r1cs", GOLDILOCKS, 1), tmp_path / "c.wtns"
    witness.write_bytes(wtns([1, 7, 201, 1407]))
    good = tmp_path / "good.wtns"
    good.write_bytes(wtns([1, 7, 9, 63]))
    new = tmp_path / "new.r1cs"
    assert "R1: the bound of private wire 1" in refused("prove", circuit, good, "--security", 128, "--bounds", "1=u4")
    bounded = ["constrain", circuit, "--bounds", "1..2=0..200", "-o", new]
    line = f"{witness}: the value of wire 2 lies outside its bound [0, 200]"
    assert line in refused(*bounded, "--witness", witness)
    assert not new.exists()
    assert "is the circuit itself" in refused(*bounded[:-1], circuit)
    assert "too wide to be checked" in refused("constrain", circuit, "--bounds", f"1={-(2**62)}..{2**62}", "-o", new)
    new.write_text("mine")
    assert "exists; name another file" in refused(*bounded)
    assert new.read_text() == "mine"


def wtns(values):
    """A witness over Goldilocks."""
    word = lambda number, size=4: number.to_bytes(size, "little")  # noqa: E731
    head = word(8) + word(GOLDILOCKS, 8) + word(len(values))
    body = b"".join(word(value, 8) for value in values)
    sections = [(1, head), (2, body)]
    return b"wtns" + word(2) + word(2) + b"".join(word(kind) + word(len(one), 8) + one for kind, one in sections)


def test_what_would_let_a_circuit_lift():
    found = answer("analyse", MATMUL)["help"]
    assert [(one["name"], one["width"], one["wires"]) for one in found["inputs"]] == [
        ("main.a[*][*]", "u30", 9),
        ("main.b[*][*]", "u30", 9),
    ]
    widest = ",".join(f"{one['name']}={one['width']}" for one in found["inputs"])
    assert (
        answer("recommend", MATMUL, "--security", 128, "--exact", "--bounds", widest)["proof_size"]
        == found["proof_size"]
    )
    wider = widest.replace("u30", "u31", 1)
    assert not answer("analyse", MATMUL, "--bounds", wider)["liftable"]
    half = answer("analyse", MATMUL, "--bounds", "main.a[*][*]=u30")["help"]
    assert [one["name"] for one in half["inputs"]] == ["main.b[*][*]"]
    assert answer("analyse", CIRCUITS / "compare.bn128.r1cs")["help"] is None
    assert answer("analyse", MATMUL, "--no-inputs")["help"] is None


def test_a_hint_that_nothing_bounds_is_told_from_an_input(tmp_path):
    """in = 2 div + bit, bit Boolean, div*div = out: whatever div is, a bit fits two of them."""
    circuit = tmp_path / "div.r1cs"
    circuit.write_bytes(division())
    (tmp_path / "div.sym").write_text("1,1,0,main.out\n2,2,0,main.in\n3,3,0,main.div\n4,4,0,main.bit\n")
    found = answer("analyse", circuit)["help"]
    assert found["inputs"] == [] and found["unbounded_hints"] == ["main.div"]
    assert "hints that no range bounds and no constraint computes: main.div" in run("analyse", circuit).stdout


def division():
    """A file over Goldilocks: wires out and in (public), div, bit."""
    word = lambda number, size=4: number.to_bytes(size, "little")  # noqa: E731
    form = lambda *terms: word(len(terms)) + b"".join(word(wire) + word(value % GOLDILOCKS, 8) for wire, value in terms)  # noqa: E731
    constraints = [
        [form((4, 1)), form((4, 1), (0, -1)), form()],
        [form(), form(), form((2, 1), (3, -2), (4, -1))],
        [form((3, 1)), form((3, 1)), form((1, 1))],
    ]
    header = word(8) + word(GOLDILOCKS, 8) + word(5) + word(1) + word(1) + word(0) + word(5, 8) + word(len(constraints))
    body = b"".join(form for constraint in constraints for form in constraint)
    sections = [(1, header), (2, body)]
    return b"r1cs" + word(1) + word(2) + b"".join(word(kind) + word(len(one), 8) + one for kind, one in sections)


def test_where_the_bytes_come_from():
    found = answer("analyse", CIRCUITS / "compare.bn128.r1cs", "--components")
    rows = {row["name"]: row for row in found["components"]}
    assert rows["main"]["constraints"] == found["constraints"] and rows["main"]["rest"] is None
    inner = [row for name, row in rows.items() if name != "main"]
    assert inner and all(row["constraints"] < found["constraints"] for row in inner)
    assert all(row["proof_size"] <= rows["main"]["proof_size"] for row in inner if row["liftable"])
    text = run("analyse", CIRCUITS / "compare.bn128.r1cs", "--components").stdout
    assert "bytes of the rest" in text and all(name in text for name in rows)


def test_components_want_names(tmp_path):
    circuit = products(tmp_path / "c.r1cs", GOLDILOCKS, 1)
    assert "components go by circom's names" in refused("analyse", circuit, "--components")


def test_names_of_another_circuit_are_left_out(tmp_path):
    circuit = tmp_path / "c.r1cs"
    circuit.write_bytes(MATMUL.read_bytes())
    (tmp_path / "c.sym").write_text((CIRCUITS / "compare.bn128.sym").read_text())
    found = answer("analyse", circuit)
    assert "c.sym: line 61" in found["stale_names"] and found["first"][0]["label"] is None
    assert [one["name"] for one in found["help"]["inputs"]] == [str(wire) for wire in range(10, 28)]
    assert "wires have no names" in run("analyse", circuit).stdout
    new = tmp_path / "new.r1cs"
    assert "c.sym: line 61" in refused("constrain", circuit, "--bounds", "10=u8", "-o", new) and not new.exists()
    assert "c.sym: line 61" in refused("analyse", circuit, "--bounds", "main.a[0][0]=u8")


@pytest.mark.parametrize("field", ["bn128", "bls12381", "pallas", "Vesta", "secq256r1", "grumpkin"])
def test_fields_have_circoms_names(field):
    assert CryptoBridge().field(field).bit_length() > 253
