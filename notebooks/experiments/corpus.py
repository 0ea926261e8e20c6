"""What real circuits ask: templates that people publish on npm, compiled, analysed and, with a witness, proved.

The packages are locked in `corpus/package-lock.json` and installed into `build/corpus`; nothing of theirs is committed,
and no network is trained on them.

    python notebooks/experiments/corpus.py
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import command
import yaml
from proofs import COMMAND, SECURITY, run
from pydantic import BaseModel, ConfigDict, Field

from nexuszero import proof
from nexuszero.advice import simplify
from nexuszero.crypto import Choice, Circuits, CryptoBridge
from nexuszero.errors import InputError, StageError
from nexuszero.files import write_json
from nexuszero.report import provenance
from nexuszero.settings import Located, Stage

HERE = Path(__file__).with_name("corpus")
LIBRARIES = (
    "@zk-kit/binary-merkle-root.circom/src",
    ".",
    "circomlib/circuits",
    "@zk-kit/circuits/circom",
    "maci-circuits/circom/utils",
)
COUNTS = {  # in what snarkjs prints, and in the row of an analysis
    "# of Wires": "wires",
    "# of Constraints": "constraints",
    "# of Private Inputs": "private_inputs",
    "# of Public Inputs": "public_inputs",
    "# of Outputs": "public_outputs",
}
Row = dict[str, Any]  # a JSON object


class CorpusConfig(Stage):
    """Which circuits, and where they are compiled."""

    build: Located = Field(
        Path("build/corpus"), description="directory of packages and compiled circuits"
    )
    only: list[str] = Field(
        [], description="names of templates; all where there are none"
    )
    out: Located = Field(
        Path("reports/corpus.json"), description="JSON file that receives the figures"
    )


class Template(BaseModel):
    """A row of `corpus/templates.yaml`, where its keys are explained."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    main: str
    include: str
    prime: str = "bn128"
    levels: list[str] = ["O1"]
    public: list[str] = []
    widths: str | None = None
    field: bool = False
    inputs: dict[str, Any] | None = None

    @property
    def library(self) -> str:
        """The package that it stands in."""
        parts = self.include.split("/")
        return "/".join(parts[: 2 if parts[0].startswith("@") else 1])


def measure(config: CorpusConfig, log: Callable[[str], None] = print) -> Row:
    """Compiles and measures every template at each of its levels -> what ``config.out`` holds."""
    if shutil.which("npx") is None:
        raise StageError("npx is missing; install Node.js 20 or newer")
    listed = [
        Template(**row) for row in yaml.safe_load((HERE / "templates.yaml").read_text())
    ]
    templates = [
        template
        for template in listed
        if not config.only or template.name in config.only
    ]
    _install(config.build)
    rows = []
    for template in templates:
        for level in template.levels:
            rows.append(_measured(template, level, config.build))
            log(
                " ".join(
                    f"{rows[-1][key]}"
                    for key in (
                        "name",
                        "level",
                        "constraints",
                        "lifts",
                        "lifts_with_widths",
                    )
                )
            )
    content = {
        "provenance": provenance.collect(),
        "circuits": rows,
        "pairs": _pairs(rows),
    }
    write_json(config.out, content)
    return content


def _install(build: Path) -> None:
    build.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, build / name)
    options = [
        "--legacy-peer-deps",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel",
        "error",
    ]
    if not (build / "node_modules/circom2").is_dir():
        run(["npm", "ci", *options], build)


def _measured(template: Template, level: str, build: Path) -> Row:
    """One circuit: counts beside those of snarkjs, lift and bytes without and with declared widths, a proof."""
    circuit = _compiled(template, level, build)
    bridge = CryptoBridge()
    analysis, seconds, megabytes = _analysed(circuit)
    counted = _counted_by_snarkjs(circuit, build)
    plain = bridge.read([circuit])
    bounded, refused = plain, None
    if template.widths is not None:
        try:
            bounded = bridge.read([circuit], template.widths)
        except InputError as error:  # the compiler removed an input
            refused = str(error)
    own, own_bounded = (bridge.simplify(one, 0) for one in (plain, bounded))
    lifts = [
        bool(one.analyse()["liftable"][0]) for one in (plain, own, bounded, own_bounded)
    ]
    added, replaced = own.added(0)
    return {
        "name": template.name,
        "library": template.library,
        "main": template.main,
        "prime": template.prime,
        "level": level,
        "over_the_field": template.field,
        "wires": analysis["wires"],
        "constraints": analysis["constraints"],
        "counts_agree": all(
            analysis[ours] == counted[theirs] for theirs, ours in COUNTS.items()
        ),
        "widths": template.widths,
        "widths_refused": refused,
        "lifts": lifts[0],
        "lifts_in_own_form": lifts[1],
        "lifts_with_widths": lifts[2],
        "lifts_in_own_form_with_widths": lifts[3],
        "proof_size": _size(plain),
        "proof_size_with_widths": _size(bounded),
        "replaced": replaced,
        "added": len(added),
        "own_proof_size": _least(plain, own),
        "own_proof_size_with_widths": _least(bounded, own_bounded),
        "unbounded": analysis["unbounded"],
        "oversized": analysis["oversized"]["count"],
        "finding": analysis["finding"],
        "analyse_seconds": seconds,
        "analyse_megabytes": megabytes,
        "proved": _proved(template, circuit, build),
    }


def _compiled(template: Template, level: str, build: Path) -> Path:
    """The circuit with its names and, where inputs are known, its calculator beside it."""
    folder = build / f"{template.name}.{level}"
    circuit = folder / f"{template.name}.r1cs"
    if circuit.is_file():
        return circuit
    folder.mkdir(exist_ok=True)
    public = f" {{public [{', '.join(template.public)}]}}" if template.public else ""
    source = folder / f"{template.name}.circom"
    main = f'include "{template.include}.circom";\ncomponent main{public} = {template.main};\n'
    source.write_text(f"pragma circom 2.1.0;\n{main}")
    options = ["--r1cs", "--sym", f"--{level}", "--prime", template.prime]
    if template.inputs is not None:
        options.append("--wasm")
    for library in LIBRARIES:
        options += ["-l", f"node_modules/{library}"]
    # WebAssembly sees nothing above the folder it starts in
    run(
        [
            "npx",
            "--no-install",
            "circom2",
            str(source.relative_to(build)),
            *options,
            "-o",
            folder.name,
        ],
        build,
    )
    return circuit


def _analysed(circuit: Path) -> tuple[Row, float, float]:
    """What `nexuszero analyse` says, its seconds and its peak memory, start included."""
    words = [*COMMAND, "analyse", str(circuit), "--json", "--no-inputs"]
    start = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise StageError(f"{circuit}: nexuszero analyse ended with {status}")
    return json.loads(printed), seconds, used.ru_maxrss / 1024


def _counted_by_snarkjs(circuit: Path, build: Path) -> dict[str, int]:
    printed = run(
        [
            "npx",
            "--no-install",
            "snarkjs",
            "r1cs",
            "info",
            str(circuit.relative_to(build)),
        ],
        build,
    )
    found = re.findall(
        r"(# of [A-Za-z ]+): (\d+)", re.sub(r"\x1b\[[0-9;]*m", "", printed)
    )
    return {name: int(number) for name, number in found}


def _proved(template: Template, circuit: Path, build: Path) -> Row | None:
    """Bytes and seconds of a proof that was verified, or why there is none; None without inputs."""
    if template.inputs is None:
        return None
    folder = circuit.parent.relative_to(build)
    inputs, witness = circuit.with_suffix(".json"), circuit.with_suffix(".wtns")
    inputs.write_text(json.dumps(template.inputs))
    calculator = f"{folder}/{template.name}_js/{template.name}.wasm"
    files = [str(file.relative_to(build)) for file in (inputs, witness)]
    run(
        ["npx", "--no-install", "snarkjs", "wtns", "calculate", calculator, *files],
        build,
    )
    bridge, own = CryptoBridge(), circuit.with_name("own.r1cs")
    simplify(bridge, circuit, own, witness=witness, force=True)
    circuits = bridge.read([circuit])
    outside = circuits.outside(0, witness.read_bytes())
    if outside is not None:
        raise StageError(f"{circuit}: wire {outside} lies outside what inference says")
    made = _proof(circuit, witness)
    return made | {"own": _proof(own, own.with_suffix(".wtns"))}


def _proof(circuit: Path, witness: Path) -> Row:
    start = time.perf_counter()
    try:
        made = proof.prove(circuit, witness, SECURITY)
    except InputError as error:
        return {"refused": str(error).partition(": ")[2]}
    between = time.perf_counter()
    verified = proof.verify(circuit, made.data, made.public, SECURITY)
    if not verified.valid:
        raise StageError(f"{circuit}: a proof of ours is not valid: {verified.reason}")
    return {
        "bytes": len(made.data),
        "expected": made.expected_size,
        "prove_seconds": between - start,
        "verify_seconds": time.perf_counter() - between,
    }


def _least(*circuits: Circuits) -> int | None:
    """Bytes of the shortest proof: the form of our own is there for whom it helps."""
    return min(
        (size for size in map(_size, circuits) if size is not None), default=None
    )


def _size(circuits: Circuits) -> int | None:
    choice = circuits.choices(SECURITY)[0]
    return choice.proof_size if isinstance(choice, Choice) else None


def _pairs(rows: Sequence[Row]) -> list[Row]:
    """Both levels of one circuit, their bytes beside one another."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row["name"], []).append(row)
    return [
        {
            "name": name,
            "levels": [row["level"] for row in pair],
            "proof_sizes": [row["proof_size"] for row in pair],
            "proof_sizes_with_widths": [row["proof_size_with_widths"] for row in pair],
            "own_proof_sizes": [row["own_proof_size"] for row in pair],
            "own_proof_sizes_with_widths": [
                row["own_proof_size_with_widths"] for row in pair
            ],
            "widths_refused": any(row["widths_refused"] for row in pair),
        }
        for name, pair in by_name.items()
        if len(pair) > 1
    ]


if __name__ == "__main__":
    command.run(CorpusConfig, measure)
