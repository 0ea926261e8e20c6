"""The form of our own: a circuit whose compiler substituted a bit gets it back, with names and witness."""

from operator import mul

import pytest
from r1cs_files import GOLDILOCKS, system, witness
from shell import ROOT, answer, checked, refused, run

IDIOMS = {  # circuits/idioms, compiled at both levels, with widths of public inputs
    "shift": "main.in[*]=u8,main.by=u3",
    "less": "main.limit=u16",
    "equal": "main.wanted=u8",
    "lookup": "main.table[*]=u16",
    "votes": None,
    "product": None,
    "wide": None,
}
NEW = {  # which the form of our own alone lifts: new wires at O1, at O2, and bits of the largest value
    "lookup": (0, 1, 20),
    "votes": (20, 20, 6),
    "product": (4, 10, 35),
    "wide": (0, 3, 17),
}

BN254 = int(
    "21888242871839275222246405745257275088548364400416034343698204186575808495617"
)
BITS = 6
OUT, X, U, V, FIRST = 1, 2, 3, 4, 5  # wires, all but the bits public
WIDTHS = "main.x=u6,main.u=u8,main.v=u8"


def selection():
    """x in bits, out = (last bit ? u : v); the last bit is (x - the others) / 32, as circom --O2 has it."""
    last = pow(32, -1, GOLDILOCKS)
    bits = range(FIRST, FIRST + BITS - 1)
    top = {X: last} | {wire: -last << place for place, wire in enumerate(bits)}
    boolean = [
        [form, form | {0: -1}, {}] for form in [*({bit: 1} for bit in bits), top]
    ]
    chosen = [top, {U: 1, V: -1}, {OUT: 1, V: -1}]
    return system([*boolean, chosen], FIRST + BITS - 1, 1, 3)


def files(folder):
    circuit = folder / "c.r1cs"
    circuit.write_bytes(selection())
    names = ["out", "x", "u", "v", *(f"bit[{place}]" for place in range(BITS - 1))]
    lines = [f"{wire},{wire},0,main.{name}\n" for wire, name in enumerate(names, 1)]
    circuit.with_suffix(".sym").write_text("".join(lines))
    secret = circuit.with_suffix(".wtns")
    secret.write_bytes(witness([1, 200, 45, 200, 7, 1, 0, 1, 1, 0]))  # 45 = 101101
    return circuit, secret


def test_a_substituted_bit_gets_its_wire_back(tmp_path):
    circuit, secret = files(tmp_path)
    new = tmp_path / "new.r1cs"
    widths = ("--bounds", WIDTHS)
    made = answer("simplify", circuit, "-o", new, "--witness", secret, *widths)
    assert (made["added"], made["liftable"], made["liftable_after"]) == (1, False, True)
    assert 2 * made["proof_size_after"] < made["proof_size"]
    told = answer("analyse", circuit, *widths)["own_form"]
    assert told["proof_size_after"] == made["proof_size_after"]
    assert (tmp_path / "new.sym").read_text().splitlines()[
        -1
    ] == "10,10,0,main.bit[0].form"

    level = ("--security", 128, *widths)
    checked(run("prove", new, tmp_path / "new.wtns", *level))
    files_of_it = (tmp_path / "new.proof", tmp_path / "public.json")
    assert run("verify", new, *files_of_it, *level).stdout == "valid\n"


def simplified(name, level, folder):
    widths = [] if IDIOMS[name] is None else ["--bounds", IDIOMS[name]]
    circuit = ROOT / f"tests/fixtures/idioms/{name}.{level}.r1cs"
    return answer("simplify", circuit, "-o", folder / f"{level}.r1cs", *widths)


@pytest.mark.parametrize("name", IDIOMS)
def test_both_levels_of_circom_cost_the_same(name, tmp_path):
    made = [simplified(name, level, tmp_path) for level in ("O1", "O2")]
    before = [one["proof_size"] for one in made]
    after = [one["proof_size_after"] for one in made]
    assert max(after) <= min(before)
    assert max(after) <= 1.05 * min(after)
    assert (before == after) == (name == "equal")


@pytest.mark.parametrize("name", NEW)
def test_an_idiom_lifts_in_that_form_alone(name, tmp_path):
    """Values: a table's u16 times a bit, marks up to 4 times votes, three products of u16, a difference of u16."""
    *added, bits = NEW[name]
    for level, wires in zip(("O1", "O2"), added, strict=True):
        made = simplified(name, level, tmp_path)
        assert (made["liftable"], made["liftable_after"]) == (False, True)
        assert made["added"] == wires
        assert 2.5 * made["proof_size_after"] < made["proof_size"]
        widths = [] if IDIOMS[name] is None else ["--bounds", IDIOMS[name]]
        after = answer("analyse", tmp_path / f"{level}.r1cs", "--no-inputs", *widths)
        assert after["bits"] == bits


def test_new_bits_come_into_the_witness(tmp_path):
    """Votes of all three values and marks of all four: the bits of each root are proved."""
    votes, marks = (-1, 0, 1, 1), (1, 2, 3, 4)
    values = {"weighted": sum(map(mul, votes, marks))}
    for place, (vote, mark) in enumerate(zip(votes, marks, strict=True)):
        values |= {
            f"vote[{place}]": vote,
            f"mark[{place}]": mark,
            f"part[{place}]": vote * mark,
            f"votes[{place}].below": (vote + 1) * vote,
            f"marks[{place}].low": (mark - 1) * (mark - 2),
            f"marks[{place}].high": (mark - 3) * (mark - 4),
        }
    circuit = ROOT / "tests/fixtures/idioms/votes.O1.r1cs"
    wires = {0: 1}
    for line in circuit.with_suffix(".sym").read_text().splitlines():
        _, wire, _, name = line.split(",")
        if int(wire) > 0:
            wires[int(wire)] = values[name.removeprefix("main.")]
    secret = tmp_path / "votes.wtns"
    secret.write_bytes(witness([wires[wire] for wire in sorted(wires)], BN254))

    new = tmp_path / "new.r1cs"
    answer("simplify", circuit, "-o", new, "--witness", secret)
    names = (tmp_path / "new.sym").read_text().split()
    assert sum(".form" in name for name in names) == len(set(names)) - 33
    checked(run("prove", new, tmp_path / "new.wtns", "--security", 128))
    files_of_it = (tmp_path / "new.proof", tmp_path / "public.json")
    assert run("verify", new, *files_of_it, "--security", 128).stdout == "valid\n"


def test_widths_are_looked_for_in_that_form_too(tmp_path):
    """As it stands no widths would do."""
    found = run("analyse", files(tmp_path)[0]).stdout
    assert "it would lift with widths of" in found
    assert "in the form of our own, which `nexuszero simplify` writes" in found


def test_what_simplify_refuses(tmp_path):
    circuit, secret = files(tmp_path)
    assert "is the circuit itself" in refused("simplify", circuit, "-o", circuit)
    secret.write_bytes(witness([1, 2]))
    new = tmp_path / "new.r1cs"
    line = refused("simplify", circuit, "-o", new, "--witness", secret)
    assert f"{secret}: the witness has 2 values, the circuit 10 wires" in line
    assert not new.exists()
    again = run("simplify", circuit, "-o", new)
    assert "1 wires added" in again.stdout
    assert "exists; name another file" in refused("simplify", circuit, "-o", new)
    twice = answer("simplify", new, "-o", tmp_path / "twice.r1cs")
    assert (twice["added"], twice["replaced"]) == (0, 0)  # nothing is left to do
    told = run("simplify", new, "-o", tmp_path / "thrice.r1cs").stdout
    assert "nothing is saved: keep the circuit as it was" in told
