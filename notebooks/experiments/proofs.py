"""Proofs of a hash on bits, from hundreds of constraints to a million: time and size, beside snarkjs' Groth16.

Groth16 is not post-quantum and needs a trusted set-up for each circuit, which is not counted; its proofs have one size.
"""

from __future__ import annotations

import json
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from large_circuits import hash_on_bits, hash_rounds, write
from turns import Row, Work, figure, turns

from nexuszero.crypto import Circuits, CryptoBridge
from nexuszero.errors import StageError

BN254 = 21888242871839275222246405745257275088548364400416034343698204186575808495617
SECURITY = 128
WORD = 32  # bits of a word, and bytes of an element
SNARKJS = ["npx", "-y", "snarkjs@0.7.6"]
SMALL = 1_000
LARGE = 100_000  # constraints above which a circuit is proved once
TARGETS = {
    500: (0.010, 0.005),
    30_000: (1, 0.3),
    1_000_000: (60, 20),
}  # seconds to prove and to verify, at most
CIRCOM = ["npx", "-y", "circom2@0.2.23"]
CIRCOMLIB = "circomlib@2.0.5"
POSEIDON = 'pragma circom 2.1.0;\ninclude "circomlib/circuits/poseidon.circom";\ncomponent main = Poseidon(2);\n'
COMPILED_TARGET = (0.1, 0.05)  # seconds likewise
COMMAND = [sys.executable, "-c", "from nexuszero.cli import main; main()"]


def rows(sizes: Sequence[int], repeats: int) -> list[Row]:
    """For each number of constraints, a file read, analysed and proved, against the same and verified."""
    with TemporaryDirectory() as name:
        return [
            _library(Path(name), size, repeats if size <= LARGE else 1)
            for size in sizes
        ]


def prepared_rows(sizes: Sequence[int], repeats: int) -> list[Row]:
    """The same with the circuit read and its parameters found beforehand, for sizes at which that counts."""
    with TemporaryDirectory() as name:
        return [
            _library(Path(name), size, repeats, prepared=True)
            for size in sizes
            if size <= SMALL
        ]


def compiled_rows(wanted: bool, repeats: int) -> list[Row]:
    """circomlib's Poseidon of two inputs as circom compiles it, which does not lift; none where npx is missing."""
    if not wanted or shutil.which("npx") is None:
        return []
    with TemporaryDirectory() as name:
        directory = Path(name)
        run(
            [
                "npm",
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                CIRCOMLIB,
            ],
            directory,
        )
        source, inputs, witness = (
            directory / f"poseidon.{end}" for end in ("circom", "json", "wtns")
        )
        source.write_text(POSEIDON)
        inputs.write_text(json.dumps({"inputs": ["1", "2"]}))
        # WebAssembly sees nothing above the folder it starts in
        run(
            [*CIRCOM, source.name, "--r1cs", "--wasm", "--O1", "-l", "node_modules"],
            directory,
        )
        calculator = "poseidon_js/poseidon.wasm"
        run(
            [*SNARKJS, "wtns", "calculate", calculator, inputs.name, witness.name],
            directory,
        )
        circuit = source.with_suffix(".r1cs")
        count = int(CryptoBridge().read([circuit]).analyse()[0]["constraints"])
        row = _proved(
            "Poseidon(2) of circomlib", circuit, witness, repeats, COMPILED_TARGET
        )
        return [row | {"constraints": count}]


def groth16_rows(sizes: Sequence[int], repeats: int) -> list[Row]:
    """The commands `nexuszero prove` and `snarkjs groth16 prove`; none where npx is missing."""
    if not sizes or shutil.which("npx") is None:
        return []
    with TemporaryDirectory() as name:
        tau = _powers_of_tau(Path(name), max(sizes))
        return [_groth16(Path(name), size, tau, repeats) for size in sizes]


def _write(directory: Path, size: int) -> tuple[Path, Path, int]:
    """A circuit of at most so many constraints, its witness, and how many there are."""
    circuit, witness = directory / f"{size}.r1cs", directory / f"{size}.wtns"
    count = write(circuit, hash_on_bits(size), BN254)
    values = _assignment(size)
    header = (
        struct.pack("<I", 32)
        + BN254.to_bytes(32, "little")
        + struct.pack("<I", len(values))
    )
    body = b"".join(value.to_bytes(32, "little") for value in values)
    sections = (
        struct.pack("<IQ", 1, len(header))
        + header
        + struct.pack("<IQ", 2, len(body))
        + body
    )
    witness.write_bytes(b"wtns" + struct.pack("<II", 2, 2) + sections)
    return circuit, witness, count


def _assignment(size: int) -> list[int]:
    """Values of the wires of `hash_on_bits`."""
    draw = random.Random(size)
    word = [draw.randrange(2) for _ in range(WORD)]
    wires = [1, 0, *word]
    for _ in range(hash_rounds(size)):
        mixed = [
            word[(place + 7) % WORD] ^ word[(place + 18) % WORD]
            for place in range(WORD)
        ]
        total = sum(
            (one + other) << place
            for place, (one, other) in enumerate(zip(word, mixed, strict=True))
        )
        bits = [total >> place & 1 for place in range(WORD + 1)]
        wires += mixed + bits
        word = bits[:WORD]
    wires[1] = word[0] + word[-1]
    return wires


def _library(directory: Path, size: int, repeats: int, prepared: bool = False) -> Row:
    circuit, witness, count = _write(directory, size)
    what = f"{count:,} constraints" + ", the circuit prepared" * prepared
    row = _proved(
        what, circuit, witness, repeats, TARGETS.get(size, (None, None)), prepared
    )
    return row | {"constraints": count}


def _proved(
    what: str,
    circuit: Path,
    witness: Path,
    repeats: int,
    target: tuple[float | None, float | None],
    prepared: bool = False,
) -> Row:
    """A file read, analysed and proved, against the same and verified; the target is of seconds for both."""
    bridge = CryptoBridge()
    secret = witness.read_bytes()
    first = bridge.read([circuit])
    made = first.prove(0, secret, SECURITY)
    public = list(made.public)

    def circuits() -> Circuits:
        return first if prepared else bridge.read([circuit])

    def prove() -> None:
        circuits().prove(0, secret, SECURITY)

    def verify() -> None:
        answer = circuits().verify(0, made.data, public, SECURITY)
        if not answer.valid:
            raise StageError(f"{circuit}: {answer.reason}")

    row = turns(what, prove, verify, repeats)
    most, most_verified = target
    return (
        row
        | figure(row["ours"]["median"], "seconds", most=most)
        | {
            "against": "verifying the proof",
            "bytes": len(made.data),
            "expected": made.expected_size,
            "verified": figure(row["other"]["median"], "seconds", most=most_verified),
        }
    )


def _powers_of_tau(directory: Path, size: int) -> Path:
    """The part of Groth16's set-up that all circuits share."""
    power = str(max(size, 2).bit_length() + 1)
    files = [
        str(directory / f"{name}.ptau") for name in ("new", "contributed", "ready")
    ]
    run([*SNARKJS, "powersoftau", "new", "bn128", power, files[0]])
    run(
        [
            *SNARKJS,
            "powersoftau",
            "contribute",
            files[0],
            files[1],
            "--name=one",
            "-e=bench",
        ]
    )
    run([*SNARKJS, "powersoftau", "prepare", "phase2", files[1], files[2]])
    return Path(files[2])


def _groth16(directory: Path, size: int, tau: Path, repeats: int) -> Row:
    """Both as processes, their start included."""
    circuit, witness, count = _write(directory, size)
    key, proof, public = (
        str(directory / f"{size}.{end}") for end in ("zkey", "json", "public.json")
    )
    run([*SNARKJS, "groth16", "setup", str(circuit), str(tau), key])
    own = [
        *COMMAND,
        "prove",
        str(circuit),
        str(witness),
        "--security",
        str(SECURITY),
        "--force",
    ]
    ours: Work = partial(run, own)
    other: Work = partial(
        run, [*SNARKJS, "groth16", "prove", key, str(witness), proof, public]
    )
    row = turns(f"{count:,} constraints", ours, other, repeats)
    points = json.loads(Path(proof).read_text())
    numbers = [
        number for name in ("pi_a", "pi_c") for number in points[name][:1]
    ] + points["pi_b"][0]
    return row | {
        "against": "snarkjs' Groth16, which is not post-quantum",
        "constraints": count,
        "bytes": circuit.with_suffix(".proof").stat().st_size,
        "other_bytes": WORD * len(numbers),  # one coordinate of each point
    }


def run(process: list[str], directory: Path | None = None) -> str:
    """What a process prints; a line with the end of its words where it fails."""
    done = subprocess.run(process, capture_output=True, text=True, cwd=directory)
    if done.returncode:
        ending = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise StageError(f"{' '.join(process[:4])} failed: {' '.join(ending)}")
    return done.stdout
