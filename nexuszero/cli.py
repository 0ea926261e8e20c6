"""The command `nexuszero`: a thin door to the package; logic lives behind it.

Bad input prints one line on standard error and exits with 2. Heavy imports wait until a command needs them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from pydantic.fields import FieldInfo
from typer._click.exceptions import ClickException  # typer re-exports its own click no other way

from nexuszero.config import GenerateConfig, TrainConfig, TuneConfig
from nexuszero.errors import InputError, StageError
from nexuszero.paths import PROFILES
from nexuszero.settings import Stage, load

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
                  help="Lattice parameters for zero-knowledge circuits: estimate, choose, analyse, learn.")  # fmt: skip
estimate_app = typer.Typer(no_args_is_help=True, help="What an LWE or SIS instance costs to break.")
app.add_typer(estimate_app, name="estimate")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Read rows from a CSV file and write them back, extended.")]
Samples = Annotated[str | None, typer.Option(help="Samples (LWE) or columns (SIS); unlimited by default.")]
Security = Annotated[int, typer.Option(help="Bits of security: 100, 128, 192 or 256.")]
BoundsFile = Annotated[Path | None, typer.Option("--bounds", help="JSON object from wire number to [lo, hi].")]
Profile = Annotated[str | None, typer.Option(help="A recorded profile: smoke, quick or full.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="A YAML file; paths in it are relative to it.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="key=value, may be repeated.")]


@estimate_app.command("lwe")
def estimate_lwe(
    n: Annotated[str | None, typer.Argument(help="Dimension.")] = None,
    q: Annotated[str | None, typer.Argument(help="Modulus, an integer or 2^k.")] = None,
    sigma: Annotated[str | None, typer.Argument(help="Standard deviation of the error.")] = None,
    samples: Samples = None,
    sigma_secret: Annotated[str | None, typer.Option(help="Standard deviation of the secret [SIGMA].")] = None,
    attack: Annotated[str, typer.Option(help="usvp, bdd, dual, dual_hybrid or rough.")] = "rough",
    csv: Csv = None,
    json_: Json = False,
) -> None:
    """Core-SVP cost of LWE; `rough` is the cheaper of usvp and dual_hybrid."""
    from nexuszero.crypto import questions as queries

    bridge = _bridge()
    _answer(csv, ("n", "q", "sigma_s", "sigma_e", "m"), (n, q, sigma_secret or sigma, sigma, samples or "oo"),
            ("N", "Q", "SIGMA"), lambda rows: queries.estimate_lwe(bridge, rows, attack), json_)  # fmt: skip


@estimate_app.command("sis")
def estimate_sis(
    n: Annotated[str | None, typer.Argument(help="Dimension (rows).")] = None,
    q: Annotated[str | None, typer.Argument(help="Modulus, an integer or 2^k.")] = None,
    bound: Annotated[str | None, typer.Argument(help="Length bound in the l2 norm.")] = None,
    samples: Samples = None,
    csv: Csv = None,
    json_: Json = False,
) -> None:
    """Core-SVP cost of SIS in the l2 norm."""
    from nexuszero.crypto import questions as queries

    bridge = _bridge()
    _answer(csv, ("n", "q", "length_bound", "m"), (n, q, bound, samples or "oo"),
            ("N", "Q", "BOUND"), lambda rows: queries.estimate_sis(bridge, rows), json_)  # fmt: skip


@app.command()
def choose(
    forms: Annotated[str | None, typer.Option(help="Distinct private forms.")] = None,
    bits: Annotated[str | None, typer.Option(help="Bits B of the largest value, where q is free.")] = None,
    field: Annotated[str | None, typer.Option(help="Prime or name of the field, where q is fixed.")] = None,
    security: Annotated[str | None, typer.Option(help="Bits of security: 100, 128, 192 or 256.")] = None,
    csv: Csv = None,
    json_: Json = False,
) -> None:
    """The smallest sound proof for a number of forms, without a circuit."""
    from nexuszero.crypto import questions as queries

    bridge = _bridge()
    _answer(csv, ("forms", "lambda_", "B", "p"), (forms, security, bits or "", field or ""),
            ("--forms", "--security"), lambda rows: queries.choose(bridge, rows), json_)  # fmt: skip


@app.command()
def analyse(
    files: Annotated[list[Path], typer.Argument(help="Circuits, .r1cs.")],
    bounds: BoundsFile = None,
    json_: Json = False,
) -> None:
    """What circuits ask of their parameters: forms, heights, whether q is free, and what keeps it from that."""
    from nexuszero.advice import explanation
    from nexuszero.crypto import questions as queries

    circuits = _bridge().read(files, queries.read_bounds(bounds))
    rows = queries.analyses(circuits, [str(file) for file in files])
    found = [explanation.explain(circuits, index, file) for index, file in enumerate(files)]
    for row, why in zip(rows, found, strict=True):
        _show(row | why, json_, lambda told: "\n".join([_plain(told), *explanation.lines(told)]))


@app.command()
def export(
    family: Annotated[str, typer.Argument(help="A circuit family, e.g. merkle.")],
    seed: Annotated[int, typer.Argument(help="Seed of the circuit, 0 to 2^64-1.")],
    file: Annotated[Path, typer.Argument(help="The file to write, .r1cs.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    json_: Json = False,
) -> None:
    """Writes a synthetic circuit, as the dataset has it, as an .r1cs file."""
    from nexuszero.crypto import questions as queries

    _show(queries.export(_bridge(), family, seed, file, force), json_)


@app.command()
def recommend(
    file: Annotated[Path, typer.Argument(help="A circuit, .r1cs.")],
    security: Security,
    checkpoint: Annotated[Path | None, typer.Option(help="A trained model [the baseline, else the reference].")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="The exact search alone, no model.")] = False,
    bounds: BoundsFile = None,
    json_: Json = False,
) -> None:
    """Parameters for a circuit: what the model proposes, checked and repaired by the exact search."""
    from nexuszero.advice import recommendation as advice
    from nexuszero.advice import text as texts
    from nexuszero.crypto import questions as queries

    story = advice.advise(_bridge(), file, security, queries.read_bounds(bounds), checkpoint, exact)
    _show(story, json_, texts.advice)


@app.command()
def report(
    file: Annotated[Path, typer.Argument(help="A circuit, .r1cs.")],
    security: Security = 128,
    checkpoint: Annotated[Path | None, typer.Option(help="A trained model [the baseline, else the reference].")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="The exact search alone, no model.")] = False,
    bounds: BoundsFile = None,
    out: Annotated[Path, typer.Option(help="Directory of the page.")] = Path("reports/circuits"),
) -> None:
    """Runs notebook 06 on a circuit and prints the path of its page."""
    from nexuszero.advice import recommendation as advice
    from nexuszero.report import pages as reports

    typer.echo(reports.circuit(file, security, bounds, advice.model_file(checkpoint, exact), out))


def _stage(model: type[Stage]) -> Callable[[Callable[[Any], None]], Callable[..., None]]:
    """Makes a stage a command: each key of its model is an option, read as `--set key=value` would be."""

    def decorate(run: Callable[[Any], None]) -> Callable[..., None]:
        def command(**given: Any) -> None:
            profile, config, overrides = given.pop("profile"), given.pop("config"), given.pop("set_") or []
            told = [f"{key}={_text(model, key, value)}" for key, value in given.items() if value is not None]
            run(load(model, _profile(profile, config), run.__name__, [*overrides, *told]))

        own_first = sorted(model.model_fields.items(), key=lambda item: item[0] not in model.__annotations__)
        keys = [_key(name, field) for name, field in own_first]
        command.__name__, command.__doc__ = run.__name__, run.__doc__
        command.__signature__ = Signature([*_COMMON, *keys])  # type: ignore[attr-defined]
        command.__annotations__ = {key.name: key.annotation for key in (*_COMMON, *keys)}
        return app.command()(command)

    return decorate


def _key(name: str, field: FieldInfo) -> Parameter:
    flag = f"--{name.replace('_', '-')}"
    switch = field.annotation is bool
    option = typer.Option(f"{flag}/--no-{flag[2:]}" if switch else flag, help=f"{field.description} ({field.default})",
                          show_default=False)  # fmt: skip
    kind = bool | None if switch else str | None
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])


def _text(model: type[Stage], key: str, value: str) -> str:
    """What YAML reads as the value: a name or a path is taken literally."""
    literal = set(get_args(model.model_fields[key].annotation) or (model.model_fields[key].annotation,))
    return json.dumps(value) if literal & {str, Path} else value


_COMMON = [
    Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
    for name, kind in (("profile", Profile), ("config", ConfigFile), ("set_", Overrides))
]


@_stage(GenerateConfig)
def generate(config: GenerateConfig) -> None:
    """Generates the dataset of a profile."""
    from nexuszero.data import generate as generate_dataset

    generate_dataset(config)


@_stage(TuneConfig)
def tune(config: TuneConfig) -> None:
    """Searches hyperparameters and writes the baseline configuration."""
    from nexuszero.training import tuning

    tuning.tune(config)


@_stage(TrainConfig)
def train(config: TrainConfig) -> None:
    """Trains a model and keeps the best checkpoint."""
    from nexuszero.training import run as training

    training.train(config)


@app.command()
def serve(
    storage: Annotated[str, typer.Argument(help="SQLite file, or the URL of a database server.")],
    host: Annotated[str, typer.Option(help="Address to listen on; nobody is asked for a password.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 13000,
) -> None:
    """Serves a study to `tune --storage grpc://HOST:PORT` on other machines, until it is stopped."""
    from nexuszero.training import studies

    studies.serve(storage, host, port)


@app.command()
def week(
    profile: Profile = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    first: Annotated[
        str, typer.Option("--from", help="the stage to go on with, if the ones before it ran")
    ] = "generate",
) -> None:
    """Runs the notebooks of the whole week and prints the path of the index page."""
    from nexuszero.report import pages as reports

    typer.echo(reports.week(_profile(profile, config), set_ or [], first=first))


@app.command()
def reference(
    week: Annotated[Path, typer.Option(help="Directory of a week's reports.")] = Path("reports/full"),
    checkpoint: Annotated[Path, typer.Option(help="Its network, or the directory of it.")] = Path(
        "checkpoints/baseline"
    ),
) -> None:
    """Keeps a week's figures and its network in reports/reference and prints the paths."""
    from nexuszero.report import pages as reports

    for file in reports.reference(week, checkpoint):
        typer.echo(file)


def main() -> None:
    """Entry point: every error of the user's becomes one line and exit code 2."""
    try:
        code = typer.main.get_command(app)(standalone_mode=False)
    except ClickException as error:
        _fail(error.format_message())
    except InputError as error:
        _fail(str(error))
    except StageError as error:
        _fail(str(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    sys.exit(code or 0)


def _fail(line: str, code: int = 2) -> None:
    print("nexuszero:", " ".join(line.split()), file=sys.stderr)
    sys.exit(code)


def _bridge() -> Any:
    from nexuszero.crypto import CryptoBridge

    return CryptoBridge()


def _profile(profile: str | None, config: Path | None) -> Path:
    if profile and config:
        raise InputError("give one of --profile and --config, not both")
    path = config or PROFILES / f"{profile or 'quick'}.yaml"
    if config is None and not path.is_file():
        known = ", ".join(sorted(file.stem for file in PROFILES.glob("*.yaml"))) or "none"
        raise InputError(f"profile {profile!r} is unknown; choose one of {known}, or name a file by --config")
    return path


def _answer(csv: Path | None, columns: Any, values: Any, needed: Any, ask: Any, as_json: bool) -> None:
    """Answers one question from the command line, or the rows of a file."""
    from nexuszero.crypto import questions as queries

    if csv is None:
        missing = [name for name, value in zip(needed, values, strict=False) if value is None]
        if missing:
            raise InputError(f"missing {missing[0]}; give {' '.join(needed)}, or --csv FILE")
        _show(ask([dict(zip(columns, values, strict=True))])[0], as_json)
        return
    rows = queries.read_csv(csv, columns)
    answers = ask(rows)
    if as_json:
        print(json.dumps({"rows": [row | answer for row, answer in zip(rows, answers, strict=True)]}))
    else:
        added = queries.CHOICE_KEYS if "lambda_" in columns else queries.ESTIMATE_KEYS
        queries.write_csv(rows, [queries.rounded(row) for row in answers], added, sys.stdout)


def _show(row: dict[str, Any], as_json: bool, text: Callable[[dict[str, Any]], str] | None = None) -> None:
    """Prints one answer; where nothing is sound the line on standard error says why."""
    if as_json:
        print(json.dumps(row))
    elif "infeasible" not in row:
        print((text or _plain)(row))
    if "infeasible" in row:
        raise InputError(row["infeasible"])


def _plain(row: dict[str, Any]) -> str:
    plain = {key: value for key, value in row.items() if not isinstance(value, dict | list)}
    width = max(map(len, plain))
    return "\n".join(f"{key:{width}}  {_readable(value)}" for key, value in plain.items())


def _readable(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
