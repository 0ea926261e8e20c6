"""The command `nexuszero`: a thin door to the package; logic lives behind it.

Bad input prints one line on standard error and exits with 2. Heavy imports wait until a command needs them, and where
they are not installed the line names the extra that brings them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from threading import Thread
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from nexuszero import advice, crypto, proof
from nexuszero.errors import InputError, StageError, missing_extra, printable
from nexuszero.files import check_new
from nexuszero.paths import PROFILES, PUBLISHED

Answer = TypeVar("Answer")
BASELINE = Path("checkpoints/baseline/best_model.pt")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Lattice parameters for zero-knowledge circuits: estimate, choose, analyse, learn.",
)
estimate_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="What an LWE or SIS instance costs to break.",
)
app.add_typer(estimate_app, name="estimate")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Csv = Annotated[
    Path | None,
    typer.Option(
        "--csv", help="Read rows from a CSV file and write them back, extended."
    ),
]
Samples = Annotated[
    str | None,
    typer.Option(help="Samples (LWE) or columns (SIS); unlimited by default."),
]
LEVEL = typer.Option(
    help="Bits of security: 100, 128, 192 or 256.",
    callback=lambda value: _level(value),
)
Security = Annotated[int, LEVEL]
WIDTHS = typer.Option(
    "--bounds",
    help="Widths of wires (bit, uN, iN, lo..hi) or a file of them: 'main.in[*]=bit, main.idx=u20, 7=0..99'.",
)
Bounds = Annotated[str | None, WIDTHS]
CheckpointFile = Annotated[
    Path | None,
    typer.Option("--checkpoint", help="A network [the baseline, else the published]."),
]
Exact = Annotated[
    bool, typer.Option("--exact", help="The exact search alone, no model.")
]
Profile = Annotated[
    str | None, typer.Option(help="A recorded profile: smoke, quick or full.")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="A YAML file; paths in it are relative to it."),
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="key=value, may be repeated.")
]


@contextmanager
def _needs(extra: str) -> Iterator[None]:
    """A command that wants more than the core: a package that is not installed becomes one line."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise missing_extra(error, extra) from None


@estimate_app.command("lwe")
def estimate_lwe(
    n: Annotated[str | None, typer.Argument(help="Dimension.")] = None,
    q: Annotated[str | None, typer.Argument(help="Modulus, an integer or 2^k.")] = None,
    sigma: Annotated[
        str | None, typer.Argument(help="Standard deviation of the error.")
    ] = None,
    samples: Samples = None,
    sigma_secret: Annotated[
        str | None, typer.Option(help="Standard deviation of the secret [SIGMA].")
    ] = None,
    attack: Annotated[
        str, typer.Option(help="usvp, bdd, dual, dual_hybrid or rough.")
    ] = "rough",
    csv: Csv = None,
    json_: Json = False,
) -> None:
    """Core-SVP cost of LWE; `rough` is the cheaper of usvp and dual_hybrid.

    Columns of a CSV file: n, q, sigma_s, sigma_e, m (oo: unlimited).
    """
    bridge = crypto.CryptoBridge()
    row = _row(
        {
            "n": n,
            "q": q,
            "sigma_s": sigma_secret or sigma,
            "sigma_e": sigma,
            "m": samples or "oo",
        },
        {"n": "N", "q": "Q", "sigma_e": "SIGMA"},
        csv,
    )
    _answer(
        row,
        csv,
        lambda rows: crypto.estimate_lwe(bridge, rows, attack),
        crypto.ESTIMATE_KEYS,
        json_,
    )


@estimate_app.command("sis")
def estimate_sis(
    n: Annotated[str | None, typer.Argument(help="Dimension (rows).")] = None,
    q: Annotated[str | None, typer.Argument(help="Modulus, an integer or 2^k.")] = None,
    bound: Annotated[
        str | None, typer.Argument(help="Length bound in the l2 norm.")
    ] = None,
    samples: Samples = None,
    csv: Csv = None,
    json_: Json = False,
) -> None:
    """Core-SVP cost of SIS in the l2 norm.

    Columns of a CSV file: n, q, length_bound, m (oo: unlimited).
    """
    bridge = crypto.CryptoBridge()
    row = _row(
        {"n": n, "q": q, "length_bound": bound, "m": samples or "oo"},
        {"n": "N", "q": "Q", "length_bound": "BOUND"},
        csv,
    )
    _answer(
        row,
        csv,
        lambda rows: crypto.estimate_sis(bridge, rows),
        crypto.ESTIMATE_KEYS,
        json_,
    )


@app.command()
def choose(
    forms: Annotated[str | None, typer.Option(help="Distinct private forms.")] = None,
    bits: Annotated[
        str | None, typer.Option(help="Bits B of the largest value, where q is free.")
    ] = None,
    field: Annotated[
        str | None, typer.Option(help="Prime or name of the field, where q is fixed.")
    ] = None,
    security: Annotated[
        str | None, typer.Option(help="Bits of security: 100, 128, 192 or 256.")
    ] = None,
    csv: Csv = None,
    json_: Json = False,
) -> None:
    """The smallest sound proof for a number of forms, without a circuit.

    Columns of a CSV file: forms, lambda_ (bits of security), and B (bits of the values) or p (the field).
    """
    bridge = crypto.CryptoBridge()
    row = _row(
        {"forms": forms, "lambda_": security, "B": bits or "", "p": field or ""},
        {"forms": "--forms", "lambda_": "--security"},
        csv,
    )
    if csv is None:
        _chosen(crypto.candidates(bridge, row), not field, json_)
        return
    _answer(
        row, csv, lambda rows: crypto.choose(bridge, rows), crypto.CHOICE_KEYS, json_
    )


@app.command()
def analyse(
    files: Annotated[list[Path], typer.Argument(help="Circuits, .r1cs.")],
    bounds: Bounds = None,
    explain: Annotated[
        list[str] | None,
        typer.Option(
            "--explain",
            help="A wire, by number or name: what bounds it; may be repeated.",
        ),
    ] = None,
    parts: Annotated[
        bool,
        typer.Option("--components", help="Where the bytes come from, by component."),
    ] = False,
    inputs: Annotated[
        bool | None,
        typer.Option(
            "--inputs/--no-inputs",
            help="Which widths of inputs would let it lift [small circuits].",
        ),
    ] = None,
    security: Security = 128,
    json_: Json = False,
) -> None:
    """What circuits ask of their parameters: forms, heights, whether q is free, and what keeps it from that."""
    answers = advice.analyse(
        crypto.CryptoBridge(), files, bounds, security, explain or [], parts, inputs
    )
    for answer in answers:
        _show(answer.row(), json_, [_plain(answer.counts()), *answer.lines()])


@app.command()
def export(
    family: Annotated[str, typer.Argument(help="A circuit family, e.g. merkle.")],
    seed: Annotated[int, typer.Argument(help="Seed of the circuit, 0 to 2^64-1.")],
    file: Annotated[Path, typer.Argument(help="The file to write, .r1cs.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    json_: Json = False,
) -> None:
    """Writes a synthetic circuit, as the dataset has it, as an .r1cs file."""
    counts = crypto.export(crypto.CryptoBridge(), family, seed, file, force).row()
    row = {
        key: counts[key]
        for key in ("file", "wires", "constraints", "linear", "quadratic", "field_bits")
    }
    _show(row, json_, [_plain(row)])


@app.command()
def constrain(
    file: Annotated[Path, typer.Argument(help="A circuit, .r1cs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The new circuit, .r1cs.")],
    bounds: Annotated[str, WIDTHS],
    witness: Annotated[
        Path | None,
        typer.Option(help="A witness, .wtns, that gets the new wires' values."),
    ] = None,
    security: Security = 128,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files.")] = False,
    json_: Json = False,
) -> None:
    """Adds range checks for declared widths, so that they hold; says what they cost and save."""
    made = advice.constrain(
        crypto.CryptoBridge(), file, bounds, out, security, witness, force
    )
    _show(made.row(), json_, made.lines())


@app.command()
def simplify(
    file: Annotated[Path, typer.Argument(help="A circuit, .r1cs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The new circuit, .r1cs.")],
    bounds: Bounds = None,
    witness: Annotated[
        Path | None,
        typer.Option(help="A witness, .wtns, that gets the new wires' values."),
    ] = None,
    security: Security = 128,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files.")] = False,
    json_: Json = False,
) -> None:
    """The same circuit in a form that no compiler's level of optimisation changes; says what it saves."""
    made = advice.simplify(
        crypto.CryptoBridge(), file, out, bounds, security, witness, force
    )
    _show(made.row(), json_, made.lines())


@app.command()
def recommend(
    file: Annotated[Path, typer.Argument(help="A circuit, .r1cs.")],
    security: Security,
    checkpoint: CheckpointFile = None,
    exact: Exact = False,
    bounds: Bounds = None,
    json_: Json = False,
) -> None:
    """Parameters for a circuit: what the model proposes, checked and repaired by the exact search."""
    proposer, source = _proposer(checkpoint, exact)
    answer = advice.recommend(
        crypto.CryptoBridge(), file, security, bounds, proposer, source
    )
    lines = [] if isinstance(answer, advice.Refusal) else [advice.render(answer)]
    _show(answer.row(), json_, lines)


@app.command()
def prove(
    file: Annotated[Path, typer.Argument(help="A circuit, .r1cs.")],
    witness: Annotated[Path, typer.Argument(help="Its witness, .wtns.")],
    security: Security,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The proof [FILE.proof].")
    ] = None,
    public: Annotated[
        Path | None, typer.Option(help="Public values [public.json beside the proof].")
    ] = None,
    bounds: Bounds = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite both files.")
    ] = False,
    json_: Json = False,
) -> None:
    """Proves that a witness satisfies a circuit, and writes the proof and the public values."""
    out = out or file.with_suffix(".proof")
    public = public or out.with_name("public.json")
    for target in (out, public):
        check_new(target, force)
    made = _patiently(
        f"{file}: proving", lambda: proof.prove(file, witness, security, bounds)
    )
    proof.write(out, made.data)
    proof.write_public(public, made.public)
    row = {
        "proof": str(out),
        "public": str(public),
        "security": security,
        "proof_size": len(made.data),
        "expected_size": made.expected_size,
        "attempts": made.attempts,
        "constraints": made.constraints,
    }
    nothing = f"nothing to prove: the proof says nothing of a witness; nexuszero analyse {file} says why"
    _show(row, json_, [_plain(row), *([] if made.constraints else [nothing])])


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A circuit, .r1cs.")],
    proof_file: Annotated[Path, typer.Argument(metavar="PROOF", help="A proof of it.")],
    public: Annotated[
        Path, typer.Argument(help="Public values, as snarkjs writes them.")
    ],
    security: Annotated[
        int,
        typer.Option(
            help="The least level that is accepted: 100, 128, 192 or 256.",
            callback=lambda value: _level(value),
        ),
    ],
    bounds: Bounds = None,
    json_: Json = False,
) -> None:
    """Verifies a proof: exit code 0 valid, 1 not valid, 2 bad input, 3 not decided within a work limit."""
    data, values = proof.read(proof_file), proof.read_public(public)
    answer = _patiently(
        f"{file}: verifying", lambda: proof.verify(file, data, values, security, bounds)
    )
    if json_:
        print(json.dumps(answer.row()))
    elif answer.valid:
        print("valid")
    if not answer.valid:
        _fail(f"{proof_file}: {answer.reason}", 3 if answer.code is None else 1)


@app.command()
def inspect(
    proof_file: Annotated[Path, typer.Argument(metavar="PROOF", help="A proof.")],
    json_: Json = False,
) -> None:
    """What a proof says of itself, without verifying it."""
    row = {"file": str(proof_file)} | proof.inspect(proof_file).row()
    _show(row, json_, [_plain(row)])


@app.command()
@_needs("lab")
def report(
    file: Annotated[Path, typer.Argument(help="A circuit, .r1cs.")],
    security: Security = 128,
    checkpoint: CheckpointFile = None,
    exact: Exact = False,
    bounds: Bounds = None,
    out: Annotated[Path, typer.Option(help="Directory of the page.")] = Path(
        "reports/circuits"
    ),
) -> None:
    """Runs the notebook of one circuit and prints the path of its page."""
    from nexuszero.report.pages import circuit_page

    typer.echo(circuit_page(file, security, bounds, model_file(checkpoint, exact), out))


@app.command()
@_needs("lab")
def check(
    paths: Annotated[
        list[Path], typer.Argument(help="Files, or folders that are searched.")
    ],
    json_: Json = False,
) -> None:
    """Says whether datasets, networks, studies and reports are what was written, and of one another."""
    from nexuszero.checking import check as run

    damaged = 0
    findings = []
    for finding in run(paths):
        damaged += not finding.sound
        findings.append(finding.row())
        if not json_:
            state = "sound  " if finding.sound else "DAMAGED"
            typer.echo(printable(f"{state}  {finding.file}  {finding.said}"))
    if json_:
        print(json.dumps({"files": findings}))
    if damaged:
        raise InputError(
            f"{damaged} of {len(findings)} files are not what was written; restore them or make them again"
        )


@app.command()
@_needs("network")
def generate(
    profile: Profile = None, config: ConfigFile = None, set_: Overrides = None
) -> None:
    """Generates the dataset of a profile."""
    from nexuszero.config import GenerateConfig
    from nexuszero.data import generate as run
    from nexuszero.settings import load

    run(load(GenerateConfig, _profile(profile, config), "generate", set_ or []))


@app.command()
@_needs("lab")
def tune(
    profile: Profile = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    trials: Annotated[
        int | None, typer.Option(help="Trials the study shall have in the end.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of each trial.")] = None,
    batch_cap: Annotated[
        int | None, typer.Option(help="Batches an epoch at most, 0 for no cap.")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(help="SQLite file, journal:///FILE, or a database's URL."),
    ] = None,
    study_name: Annotated[
        str | None, typer.Option(help="Name of the study, resumed if it exists.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sampler.")] = None,
    generate: Annotated[
        bool | None,
        typer.Option("--generate", help="Generate the dataset if there is none."),
    ] = None,
) -> None:
    """Searches hyperparameters and writes the baseline configuration."""
    from nexuszero.config import TuneConfig
    from nexuszero.settings import load
    from nexuszero.training import tune as run

    options = {
        "trials": trials,
        "epochs": epochs,
        "batch_cap": batch_cap,
        "storage": storage,
        "study_name": study_name,
        "seed": seed,
        "generate": generate,
    }
    run(
        load(
            TuneConfig,
            _profile(profile, config),
            "tune",
            [*(set_ or []), *_overrides(options)],
        )
    )


@app.command()
@_needs("network")
def train(
    profile: Profile = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    resume: Annotated[
        bool | None,
        typer.Option("--resume", help="Go on from last.ckpt, if there is one."),
    ] = None,
) -> None:
    """Trains a model and keeps the best checkpoint."""
    from nexuszero.config import TrainConfig
    from nexuszero.settings import load
    from nexuszero.training import train as run

    overrides = [*(set_ or []), *_overrides({"resume": resume})]
    run(load(TrainConfig, _profile(profile, config), "train", overrides))


@app.command()
@_needs("lab")
def week(
    profile: Profile = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from", help="The stage to begin with, if the ones before it ran."
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run the stages that are done again.")
    ] = False,
) -> None:
    """Runs the notebooks of the week that are not done and prints the path of the index page."""
    from nexuszero.report.pages import run_week

    typer.echo(
        run_week(_profile(profile, config), set_ or [], first=first, fresh=fresh)
    )


@app.command()
@_needs("lab")
def reference(
    week: Annotated[Path, typer.Option(help="Directory of a week's reports.")] = Path(
        "reports/full"
    ),
    checkpoint: Annotated[
        Path, typer.Option(help="Its network, or the directory of it.")
    ] = Path("checkpoints/baseline"),
) -> None:
    """Keeps a week's figures and its network in reports/reference and prints the paths."""
    from nexuszero.report.pages import keep_reference

    for file in keep_reference(week, checkpoint):
        typer.echo(file)


@app.callback(invoke_without_command=True)
def _common(
    version_: Annotated[
        bool,
        typer.Option(
            "--version", help="Versions of package, crate, labels and columns."
        ),
    ] = False,
) -> None:
    if version_:
        from importlib.metadata import version

        bridge = crypto.CryptoBridge()
        library = f"crate {bridge.version}, labels {bridge.label_version}, dataset schema {bridge.schema_version}"
        print(f"nexuszero {version('nexuszero')}, {library}")
        raise typer.Exit


def main() -> None:
    """Entry point: every error of the user's becomes one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = typer.main.get_command(app)(standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        _fail(
            error.format_message()
            if isinstance(error, typer.BadParameter)
            else str(error)
        )
    except InputError as error:
        _fail(str(error))
    except StageError as error:
        _fail(str(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except UnicodeEncodeError as error:
        _fail(f"{error.object!r} is not UTF-8; rename it")
    except OSError as error:
        _fail(_disk_line(error))
    except MemoryError:
        _fail("not enough memory; ask for less, or close other programs")
    sys.exit(code or 0)


def _disk_line(error: OSError) -> str:
    """What the system says of a file; one without a name is standard output."""
    if error.filename is None:
        with suppress(OSError):  # what waits to be printed goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    name = "standard output" if error.filename is None else os.fsdecode(error.filename)
    return f"{name}: {error.strerror or error}; make room or give leave, or name another place"


def _fail(line: str, code: int = 2) -> NoReturn:
    print("nexuszero:", printable(" ".join(line.split())), file=sys.stderr)
    sys.exit(code)


def _level(value: int) -> int:
    """A level of security that the library can be asked for."""
    if not 0 <= value < 2**32:
        raise InputError(
            f"--security {value}: choose one of {', '.join(map(str, crypto.LEVELS))}"
        )
    return value


def model_file(checkpoint: Path | None, exact: bool) -> Path | None:
    """The network to ask: the one given, else the trained baseline, else the published one; none for `exact`."""
    if exact and checkpoint is not None:
        raise InputError(
            f"--exact asks no model, --checkpoint {checkpoint} names one; give one of them"
        )
    if exact:
        return None
    return checkpoint or (BASELINE if BASELINE.is_file() else PUBLISHED)


def _proposer(
    checkpoint: Path | None, exact: bool
) -> tuple[advice.Proposer | None, str]:
    """Who proposes, and what an answer without a proposal says of its source."""
    file = model_file(checkpoint, exact)
    if file is None:
        return None, advice.NO_MODEL
    try:
        from nexuszero.network import NetworkProposer
    except ModuleNotFoundError as error:
        missing = missing_extra(error, "network")
        if checkpoint is not None:
            raise missing from None
        return None, f"{advice.NO_MODEL}: {missing}"
    return NetworkProposer(file), advice.NO_MODEL


def _profile(profile: str | None, config: Path | None) -> Path:
    if profile and config:
        raise InputError("give one of --profile and --config, not both")
    if config is not None:
        return config
    path = PROFILES / f"{profile or 'quick'}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in PROFILES.glob("*.yaml")))
        raise InputError(
            f"profile {profile!r} is unknown; choose one of {known}, or name a file by --config"
        )
    return path


def _overrides(options: dict[str, Any]) -> list[str]:
    """Given options as ``key=value``; JSON is YAML, so a text is taken literally."""
    return [
        f"{key}={json.dumps(value)}"
        for key, value in options.items()
        if value is not None
    ]


def _row(
    values: dict[str, str | None], needed: dict[str, str], csv: Path | None
) -> dict[str, str]:
    """A row of text from the command line, unless a file has the rows."""
    missing = [title for name, title in needed.items() if values[name] is None]
    if missing and csv is None:
        raise InputError(
            f"missing {missing[0]}; give {' '.join(needed.values())}, or --csv FILE"
        )
    return {name: value or "" for name, value in values.items()}


def _patiently(what: str, work: Callable[[], Answer]) -> Answer:
    """The result of work in the library; after two seconds standard error says that it goes on.

    The thread is one that an interrupted command does not wait for.
    """
    result: Future[Answer] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:
            result.set_exception(error)

    Thread(target=run, daemon=True).start()
    if wait([result], timeout=2).not_done:
        print(f"nexuszero: {what} ...", file=sys.stderr, flush=True)
    return result.result()


def _answer(
    row: dict[str, str],
    csv: Path | None,
    ask: Callable[
        [list[dict[str, str]]],
        Sequence[crypto.Estimate | crypto.Choice | crypto.Infeasible],
    ],
    added: Sequence[str],
    as_json: bool,
) -> None:
    """Answers one question from the command line, or the rows of a file."""
    if csv is None:
        answer = ask([row])[0].row()
        _show(answer, as_json, [_plain(answer)])
        return
    rows = crypto.read_csv(csv, list(row))
    answers = _patiently(f"{csv}: {len(rows)} rows", lambda: ask(rows))
    if as_json:
        print(
            json.dumps(
                {
                    "rows": [
                        row | answer.row()
                        for row, answer in zip(rows, answers, strict=True)
                    ]
                }
            )
        )
    else:
        crypto.write_csv(rows, answers, added, sys.stdout)


def _chosen(
    found: list[crypto.Choice] | crypto.Infeasible, free: bool, as_json: bool
) -> None:
    """The smallest proof of all that are sound, and the next best modulus."""
    if isinstance(found, crypto.Infeasible):
        _show(found.row(), as_json, [])
        return
    row, other = found[0].row(), crypto.RunnerUp.of(found)
    lines = [
        _plain(row | {"next best": crypto.next_best(other, free)}),
        f"\n{found[0].parts}",
    ]
    _show(row | {"runner_up": other and other.row()}, as_json, lines)


def _show(row: dict[str, Any], as_json: bool, lines: Sequence[str]) -> None:
    """Prints one answer; where nothing is sound the line on standard error says why."""
    if as_json:
        print(json.dumps(row))
    elif "infeasible" not in row:
        print("\n".join(lines))
    if "infeasible" in row:
        raise InputError(row["infeasible"])


def _plain(row: dict[str, Any]) -> str:
    plain = {
        key: value for key, value in row.items() if not isinstance(value, dict | list)
    }
    width = max(map(len, plain))
    return "\n".join(
        f"{key:{width}}  {_readable(value)}" for key, value in plain.items()
    )


def _readable(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
