"""Range checks for declared widths, with names and witness: what is assumed holds, or is refused."""

from r1cs_files import GOLDILOCKS, products
from r1cs_files import witness as wtns
from shell import answer, checked, refused, run


def test_a_range_check_for_every_width(tmp_path):
    """A circuit that does not lift gets checks, names and a witness, lifts, and is proved."""
    circuit, witness = products(tmp_path / "c.r1cs", GOLDILOCKS, 1), tmp_path / "c.wtns"
    (tmp_path / "c.sym").write_text("1,1,0,main.x\n2,2,0,main.y\n3,3,0,main.z\n")
    witness.write_bytes(wtns([1, 7, 200, 1400]))
    new = tmp_path / "new.r1cs"
    made = answer(
        "constrain",
        circuit,
        "--bounds",
        "main.x=u4,main.y=0..200",
        "-o",
        new,
        "--witness",
        witness,
    )
    assert (made["checked"], made["constraints_after"] - made["constraints"]) == (
        2,
        4 + 1 + 2 * (8 + 1),
    )
    assert not made["liftable"] and made["liftable_after"]
    assert made["proof_size_assumed"] < made["proof_size_after"] < made["proof_size"]

    names = (tmp_path / "new.sym").read_text().splitlines()
    assert (
        names[3] == "4,4,0,main.x.range[0]"
        and names[-1] == "23,23,0,main.y.range_above[7]"
    )
    checked(run("prove", new, tmp_path / "new.wtns", "--security", 128))
    assert (
        run(
            "verify",
            new,
            tmp_path / "new.proof",
            tmp_path / "public.json",
            "--security",
            128,
        ).stdout
        == "valid\n"
    )
    assert answer("analyse", new)["assumed"] == 0


def test_what_constrain_refuses(tmp_path):
    circuit, witness = products(tmp_path / "c.r1cs", GOLDILOCKS, 1), tmp_path / "c.wtns"
    witness.write_bytes(wtns([1, 7, 201, 1407]))
    good = tmp_path / "good.wtns"
    good.write_bytes(wtns([1, 7, 9, 63]))
    new = tmp_path / "new.r1cs"
    assert "R1: the bound of private wire 1" in refused(
        "prove", circuit, good, "--security", 128, "--bounds", "1=u4"
    )
    bounded = ["constrain", circuit, "--bounds", "1..2=0..200", "-o", new]
    line = f"{witness}: the value of wire 2 lies outside its bound [0, 200]"
    assert line in refused(*bounded, "--witness", witness)
    assert not new.exists()
    assert "is the circuit itself" in refused(*bounded[:-1], circuit)
    assert "too wide to be checked" in refused(
        "constrain", circuit, "--bounds", f"1={-(2**62)}..{2**62}", "-o", new
    )
    new.write_text("mine")
    assert "exists; name another file" in refused(*bounded)
    assert new.read_text() == "mine"
