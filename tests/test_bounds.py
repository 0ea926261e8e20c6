"""Declared widths of wires: by name and number, in a line, a file, or JSON; and what is not understood."""

import re

import pytest
from r1cs_files import GOLDILOCKS, products
from shell import ROOT, checked, run

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
        (
            '{"main.a[0][*]": "bit", "40": [0, 9]}',
            {10: "bit", 11: "bit", 12: "bit", 40: [0, 9]},
        ),
    ],
)
def test_wires_and_widths(bounds, wires):
    assert found(bounds) == wires


def test_a_file_has_lines_and_comments(tmp_path):
    file = tmp_path / "widths.txt"
    file.write_text(
        "\ufeff# inputs\nmain.a[0][*] = bit, 40 = u4  # two entries\n\n// nothing\nmain.b[0][0] = 0..9\n"
    )
    assert found(str(file)) == {10: "bit", 11: "bit", 12: "bit", 40: "u4", 19: [0, 9]}


@pytest.mark.parametrize(
    ("bounds", "line"),
    [
        ("main.q[*]=bit", "--bounds: main.q[*] matches nothing in"),
        ("main.a=bit", "main.a matches nothing"),
        ("main.a[*]=bit", "main.a[*] matches nothing"),  # one star is one index
        (
            "main.a[*][*]=bit,main.a[0][0]=u8",
            "main.a[0][0] gives wire 10 another width than main.a[*][*]",
        ),
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
    with pytest.raises(
        InputError, match=r"main\.x is a name of a `\.sym` file; .*c\.sym is missing"
    ):
        CryptoBridge().read([circuit], "main.x=bit")
    with pytest.raises(InputError, match="a circuit in memory has none"):
        CryptoBridge().parse(circuit.read_bytes(), "main.x=bit")
    (tmp_path / "c.sym").write_text("1,-1,0,main.x\n2,1,0,main.y\n")
    with pytest.raises(
        InputError, match=r"main\.x names only what the compiler removed"
    ):
        CryptoBridge().read([circuit], "main.x=bit")
    assert widths(declarations("main.y=bit"), circuit, 4) == {1: "bit"}


def test_each_file_has_its_own_names(tmp_path):
    """One line of names for two circuits, whose wires differ."""
    circuits = CryptoBridge().read(
        [MATMUL, CIRCUITS / "matmul.bn128.r1cs"], "main.a[*][*]=i8,main.b[*][*]=i8"
    )
    assert [one.liftable for one in circuits.analyses(["a", "b"])] == [True, True]
    assert [one.assumed for one in circuits.analyses(["a", "b"])] == [18, 18]


def test_answers_say_what_they_rest_on():
    private = ["--bounds", "main.a[*][*]=i8,main.b[*][*]=i8"]
    for command in (
        ["analyse", MATMUL],
        ["recommend", MATMUL, "--security", 128, "--exact"],
    ):
        assert (
            "rests on declared widths of 18 private wires, which nothing checks"
            in run(*command, *private).stdout
        )
        assert "rests on" not in run(*command, "--bounds", "main.c[*][*]=i20").stdout


def test_the_help_can_be_read():
    shown = " ".join(checked(run("recommend", "--help")).stdout.split())
    assert (
        "'main.in[*]=bit, main.idx=u20, 7=0..99'" in shown
        and "[the baseline, else the published]" in shown
    )
