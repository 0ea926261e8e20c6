"""Proofs from Python and the command line: made, verified, refused; by another implementation's vectors too."""

import csv
import json
import os
import re
import shutil
import struct
import subprocess
import sys

import pytest
from shell import ROOT, answer, checked, refused, run, start

from nexuszero import proof
from nexuszero.crypto import CryptoBridge
from nexuszero.errors import InputError

FIXTURES = ROOT / "crypto/tests/fixtures"
CIRCUITS, PROOFS = FIXTURES / "circuits", FIXTURES / "proofs"
CIRCUIT, WITNESS = (
    CIRCUITS / "rangesum4x8.goldilocks.O1.r1cs",
    PROOFS / "rangesum4x8.goldilocks.wtns",
)
MADE = PROOFS / "rangesum4x8.goldilocks.128.proof"  # by the other implementation
PUBLIC = (460, 460)
HEAD = 52  # bytes before the first value of a .wtns file over Goldilocks


@pytest.fixture
def public(tmp_path):
    file = tmp_path / "values.json"
    proof.write_public(file, PUBLIC)
    return file


def violating(place):
    """The witness with another value for a wire."""
    values = bytearray(WITNESS.read_bytes())
    values[
        len(values) - 8 * (wires() - place) : len(values) - 8 * (wires() - place - 1)
    ] = struct.pack("<Q", 12345)
    return bytes(values)


def wires():
    return (len(WITNESS.read_bytes()) - HEAD) // 8


def test_the_other_implementations_verdicts():
    with (PROOFS / "vectors.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["edits"]]
    assert {row["code"] for row in rows} >= {"", "R4", "R7"}
    for row in rows:
        data, values = (
            (PROOFS / row["proof"]).read_bytes(),
            tuple(map(int, row["public"].split())),
        )
        try:
            found = proof.verify(
                CIRCUITS / row["circuit"], data, values, int(row["security"])
            ).row()["code"]
        except InputError as error:
            found = next(
                word.rstrip(":") for word in str(error).split() if word.startswith("R")
            )
        assert (found or "") == row["code"], row


@pytest.mark.parametrize("security", [100, 128, 192, 256])
def test_a_proof_of_bytes_is_accepted_at_its_level_and_below(security):
    circuit = CIRCUIT.read_bytes()
    made = proof.prove(circuit, WITNESS.read_bytes(), security)
    assert made.public == PUBLIC
    assert abs(len(made.data) / made.expected_size - 1) < 0.01
    assert made.constraints > 0
    header = proof.inspect(made.data)
    assert (header.version, header.security, header.length) == (
        2,
        security,
        len(made.data),
    )
    for least in (100, 128, 192, 256):
        found = proof.verify(circuit, made.data, PUBLIC, least)
        assert (found.valid, found.code) == (
            (True, 0) if least <= security else (False, 4)
        ), least


def test_a_flipped_bit_another_value_or_circuit_is_rejected_with_its_code():
    data = MADE.read_bytes()
    flipped = data[:-1] + bytes([data[-1] ^ 1])
    assert not proof.verify(CIRCUIT, flipped, PUBLIC, 128).valid
    assert proof.verify(CIRCUIT, data, (461, 460), 128).row() == {
        "valid": False,
        "decided": True,
        "code": "R7",
        "reason": "R7: a proof of another statement",
    }
    assert proof.verify(CIRCUIT, b"", PUBLIC, 128).code == 3
    other = CIRCUITS / "rangesum4x8.bn128.O1.r1cs"
    assert proof.verify(other, data, PUBLIC, 128).code in (4, 7)


def test_a_wrong_witness_names_the_constraint_and_circoms_wires(tmp_path):
    circuit, witness = tmp_path / "sum.r1cs", tmp_path / "sum.wtns"
    circuit.write_bytes(CIRCUIT.read_bytes())
    witness.write_bytes(violating(wires() - 1))
    with pytest.raises(
        InputError,
        match=rf"sum\.wtns: the witness violates constraint \d+ \(.*wire {wires() - 1}\b",
    ):
        proof.prove(circuit, witness, 128)

    circuit.with_suffix(".sym").write_text(
        "".join(f"{wire},{wire},0,main.w{wire}\n" for wire in range(1, wires()))
    )
    with pytest.raises(
        InputError, match=rf"violates constraint \d+ \(.*main\.w{wires() - 1}\b"
    ):
        proof.prove(circuit, witness, 128)


@pytest.mark.parametrize(
    ("circuit", "bounds", "line"),
    [
        ("edge_customgate.bn128.O1.r1cs", None, "R1: the circuit uses custom gates"),
        (
            "rangesum4x8.goldilocks.O1.r1cs",
            '{"30": "u8"}',
            "R1: the bound of private wire 30",
        ),
        ("contradiction.r1cs", None, "R1: "),
    ],
)
def test_what_has_no_proof_is_refused(circuit, bounds, line):
    with pytest.raises(InputError, match=f"{circuit}: {line}"):
        proof.verify(CIRCUITS / circuit, MADE.read_bytes(), PUBLIC, 128, bounds)


def test_a_bound_of_a_public_wire_is_part_of_the_statement():
    bounds = '{"1": "u16"}'
    made = proof.prove(CIRCUIT, WITNESS, 128, bounds)
    assert proof.verify(CIRCUIT, made.data, PUBLIC, 128, bounds).valid
    assert proof.verify(CIRCUIT, made.data, PUBLIC, 128).code == 7
    with pytest.raises(InputError, match="public wire 1 is 460, outside"):
        proof.prove(CIRCUIT, WITNESS, 128, '{"1": "u8"}')


def test_a_declared_bound_holds_where_q_is_fixed_too():
    """Nothing of the argument says it there: the verifier looks at the value."""
    circuit, witness = (
        CIRCUITS / "toyhash12.goldilocks.O1.r1cs",
        PROOFS / "toyhash12.goldilocks.wtns",
    )
    made = proof.prove(circuit, witness, 128)
    value = made.public[0]
    assert value > 255
    assert (
        proof.verify(circuit, made.data, made.public, 128, '{"1": "u8"}').row()["code"]
        == "R5"
    )


def test_from_a_witness_to_a_verified_proof_as_a_shell_has_it(tmp_path):
    made, public = tmp_path / "sum.proof", tmp_path / "public.json"
    checked(start("prove", CIRCUIT, WITNESS, "--security", 128, "-o", made))
    assert json.loads(public.read_text()) == ["460", "460"]
    assert (
        checked(start("verify", CIRCUIT, made, public, "--security", 128)).stdout
        == "valid\n"
    )
    row = answer("inspect", made)
    assert (row["security"], row["length"]) == (128, made.stat().st_size)

    proof.write_public(public, (461, 460))
    done = start("verify", CIRCUIT, made, public, "--security", 128)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"nexuszero: {made}: R7: a proof of another statement\n"
    done = run("verify", CIRCUIT, made, public, "--security", 128, "--json")
    assert (done.returncode, json.loads(done.stdout)["code"]) == (1, "R7")


def test_nothing_is_overwritten_unasked(tmp_path):
    made = tmp_path / "sum.proof"
    row = answer("prove", CIRCUIT, WITNESS, "--security", 100, "-o", made)
    assert row["proof_size"] == made.stat().st_size
    before = made.read_bytes()
    assert "exists" in refused("prove", CIRCUIT, WITNESS, "--security", 100, "-o", made)
    assert made.read_bytes() == before
    answer("prove", CIRCUIT, WITNESS, "--security", 100, "-o", made, "--force")
    assert made.read_bytes() != before  # fresh randomness


def test_bad_input_is_one_line_that_names_the_file(tmp_path, public):
    missing, text = tmp_path / "missing", tmp_path / "text"
    text.write_text("no proof")
    at = ("--security", 128)
    target = ("-o", tmp_path / "x.proof")
    assert "missing" in refused("prove", CIRCUIT, missing, *at, *target)
    assert "text: no witness file" in refused("prove", CIRCUIT, text, *at, *target)
    assert "text" in refused("prove", text, WITNESS, *at, *target)
    assert "no directory" in refused(
        "prove", CIRCUIT, WITNESS, *at, "-o", missing / "x.proof"
    )
    assert "security" in refused("prove", CIRCUIT, WITNESS, "--security", 99, *target)
    assert "security" in refused("verify", CIRCUIT, MADE, public, "--security", 512)
    assert "missing" in refused("verify", CIRCUIT, missing, public, *at)
    assert "missing" in refused("verify", CIRCUIT, MADE, missing, *at)
    assert "text: R3" in refused("inspect", text)
    assert not (tmp_path / "x.proof").exists()

    for wrong in (
        "{}",
        "[460, 460]",
        '["-1", "460"]',
        '["1e3", "460"]',
        '["460"]',
        json.dumps([str(2**256), "460"]),
    ):
        public.write_text(wrong)
        refused("verify", CIRCUIT, MADE, public, *at)


def test_a_circuit_without_anything_to_prove_says_so(tmp_path):
    circuit, witness = (
        CIRCUITS / "edge_no_constraints.bn128.O1.r1cs",
        PROOFS / "edge_no_constraints.bn128.wtns",
    )
    done = checked(
        run("prove", circuit, witness, "--security", 128, "-o", tmp_path / "x.proof")
    )
    assert "nothing to prove" in done.stdout


def test_the_six_commands_of_the_readme(tmp_path):
    """From circom's source to a verified proof, as a new user types them."""
    if shutil.which("npx") is None:
        pytest.skip("npx is not installed")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```console\n(\$ npx .*?)```", text, re.S)
    commands = re.findall(r"^\$ (.*)$", block, re.M)
    assert len(commands) == 6
    shutil.copytree(
        ROOT / "circuits", tmp_path / "circuits"
    )  # the compiler follows no links
    (tmp_path / "bin").mkdir()
    script = [
        f"#!{sys.executable}",
        "import sys",
        f"sys.path.insert(0, {str(ROOT)!r})",
        "from nexuszero.cli import main",
        "main()",
    ]
    command = tmp_path / "bin/nexuszero"
    command.write_text("\n".join(script))
    command.chmod(0o755)
    path = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    printed = []
    for line in commands:
        done = subprocess.run(
            line,
            shell=True,
            cwd=tmp_path,
            env=os.environ | path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if "npm error" in done.stderr or "npm ERR" in done.stderr:
            pytest.skip("npm cannot fetch the compiler")
        printed.append(checked(done).stdout)
    assert printed[4] == "valid\n"
    assert json.loads((tmp_path / "public.json").read_text()) == ["900"]


def test_a_circuit_of_ours_is_proved_with_its_own_assignment():
    bridge = CryptoBridge()
    circuits = bridge.synthesize([0], [7])
    made = circuits.prove(0, None, 128)
    assert circuits.verify(0, made.data, made.public, 128).valid
    with pytest.raises(InputError, match="came without a witness"):
        bridge.read([CIRCUIT]).prove(0, None, 128)
