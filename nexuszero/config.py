"""What a stage may be told: one frozen model per stage, read from a profile file and ``key=value`` overrides.

A profile is a YAML mapping from stage to section; a file without stages is one section. Paths in a file are
relative to that file, paths in an override to the working directory. Every mistake is an :class:`InputError`
of one line.

    nexuszero train --profile quick --set epochs=3 --set learning_rate=1e-4
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nexuszero.errors import InputError

Located = Annotated[Path, "path"]  # a path that is anchored where it is written
MaybeLocated = Annotated[Path | None, "path"]
FILE_SCHEMES = SQLITE, JOURNAL = "sqlite:///", "journal:///"  # storages that are a file, whose path is anchored
IN_MEMORY = f"{SQLITE}:memory:"


def storage_url(storage: str) -> str:
    """A storage as a URL: a plain file name means SQLite."""
    return storage if "://" in storage else SQLITE + storage


def storage_file(storage: str) -> Path | None:
    """The file behind a storage, if it is one."""
    url = storage_url(storage)
    path = next((url.removeprefix(scheme) for scheme in FILE_SCHEMES if url.startswith(scheme)), None)
    return None if path is None or url == IN_MEMORY else Path(path.split("?")[0])


Storage = Annotated[str, "path", AfterValidator(storage_url)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Threads = Annotated[int, Field(ge=0, le=1024)]


class Stage(BaseModel):
    """What all stages share: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _number_is_no_bool(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError("true and false are no numbers")
        return value


class Engine(Stage):
    """Where independent pieces of a stage's work run (`nexuszero.pool`)."""

    executor: Literal["local", "ray"] = Field("local", description="this machine, or a Ray cluster")
    workers: Count = Field(1, description="pieces at a time: processes here, or CPUs of a Ray of its own")
    ray_address: str | None = Field(None, description="address of a running Ray cluster, null for one of its own")


class Tracked(Stage):
    """Who else is told about a training run, beside its run.jsonl (`nexuszero.tracking`)."""

    tracking: Literal["none", "tensorboard", "wandb"] = Field("none", description="a tracker beside run.jsonl")
    wandb_mode: Literal["offline", "online"] = Field("offline", description="offline: `wandb sync` may upload it later")


class GenerateConfig(Engine):
    """How many circuits to generate, and where to."""

    out: Located = Field(Path("data/quick"), description="directory that receives {train,val,test}/index.h5")
    train: Count = Field(400, description="training circuits, at least 1")
    val: Count = Field(100, description="validation circuits, at least 1")
    test: Count = Field(100, description="test circuits, at least 1")
    test_large: int = Field(0, ge=0, description="circuits of 2,000 to 20,000 nodes beside them")
    test_family: int = Field(0, ge=0, description="circuits of families kept from training beside them")
    seed: Seed = Field(42, description="master seed, 0 .. 2^32-1; the content depends on nothing else")
    threads: Threads = Field(0, description="threads, 0 for one a core; the content does not depend on it")


class TuneConfig(Tracked, Engine):
    """A hyperparameter search: trials of a few capped epochs, the validation loss is the criterion."""

    data: Located = Field(Path("data/quick"), description="directory of {train,val,test}/index.h5")
    storage: Storage = Field("optuna_study.db", description="SQLite file; or journal:///FILE, grpc://, postgresql://")
    study_name: str = Field("full_run", min_length=1, description="name of the study, which is resumed if it exists")
    trials: Count = Field(12, description="trials the study shall have in the end")
    epochs: Count = Field(2, description="epochs of each trial")
    batch_cap: int | None = Field(50, ge=0, description="batches an epoch at most; 0 or null for no cap")
    batch_size: Count = Field(32, description="circuits a batch")
    startup_trials: int = Field(5, ge=0, description="random trials before the TPE sampler starts to model")
    seed: Seed = Field(42, description="seed of the sampler; trial k trains with seed + k")
    prune: bool = Field(False, description="stop a trial whose validation loss is above the median at its epoch")
    baseline: Located = Field(Path("baseline_config.yaml"), description="file that receives the best trial's values")
    runs: Located = Field(Path("runs/tune"), description="directory of one log and checkpoint a trial")
    generate: bool = Field(False, description="generate the dataset if there is none")
    generate_train: Count = Field(400, description="training circuits to generate")
    generate_val: Count = Field(100, description="validation circuits to generate")
    generate_test: Count = Field(100, description="test circuits to generate")
    threads: Threads = Field(0, description="threads of torch, 0 for its default, shared among workers")
    log_every: int = Field(10, ge=0, description="batches between two log lines, 0 for none")


class TrainConfig(Tracked):
    """One training run."""

    data: Located = Field(Path("data/quick"), description="directory of {train,val,test}/index.h5")
    out: Located = Field(Path("checkpoints/baseline"), description="directory of best_model.pt, last.ckpt, run.jsonl")
    baseline: MaybeLocated = Field(None, description="file whose values stand in for fields that are not given")
    hidden_dim: int = Field(
        256, ge=4, le=4096, description="width of the last head, twice a node's; a multiple of num_heads"
    )
    num_layers: int = Field(7, ge=1, le=64, description="layers, each two rounds wires -> constraints -> wires")
    num_heads: int = Field(8, ge=1, le=64, description="attention heads")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout rate, 0 <= p < 1")
    learning_rate: float = Field(
        5e-4, gt=0, le=1, description="peak learning rate; AdamW has 4 times it, Muon 20 times"
    )
    weight_decay: float = Field(0.01, ge=0, le=10, description="decoupled weight decay of AdamW")
    epochs: Count = Field(20, description="epochs at most")
    batch_size: Count = Field(32, description="circuits a batch")
    batch_cap: int | None = Field(None, ge=0, description="batches an epoch at most; 0 or null for no cap")
    warmup: float = Field(0.05, ge=0, le=1, description="share of all steps in which the learning rate rises")
    clip_norm: float = Field(1.0, ge=0, description="gradient norm at most, 0 for no clipping")
    patience: int = Field(0, ge=0, description="epochs without a better validation loss before stopping, 0 for never")
    precision: Literal["32", "bf16"] = Field("32", description="float32, or bfloat16 where autocast allows")
    accumulate: Count = Field(1, description="batches whose gradients make one step")
    seed: Seed = Field(42, description="seed of weights, order and dropout, 0 .. 2^32-1")
    threads: Threads = Field(0, description="threads of torch, 0 for its default")
    log_every: int = Field(10, ge=0, description="batches between two log lines, 0 for none")
    resume: bool = Field(False, description="continue from last.ckpt in out, if there is one")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where to compute; auto takes a GPU if any")
    devices: Count = Field(1, description="processes a machine that share each batch (DDP), one a GPU or CPU share")
    nodes: Count = Field(1, description="machines of DDP; above 1 a launcher (torchrun, Slurm) starts the command")

    @field_validator("precision", mode="before")
    @classmethod
    def _precision_is_text(cls, value: object) -> object:
        return "32" if value == 32 and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.hidden_dim % self.num_heads:
            raise ValueError(f"hidden_dim {self.hidden_dim} must be a multiple of num_heads {self.num_heads}")
        return self


class AnalyseConfig(Stage):
    """What a trained network is measured on."""

    data: Located = Field(Path("data/quick"), description="directory of {train,val,test}/index.h5")
    checkpoint: Located = Field(Path("checkpoints/baseline/best_model.pt"), description="the network to measure")
    circuits: MaybeLocated = Field(None, description="directory of compiled circuits, null for the repository's own")
    comparison: Located = Field(
        Path("reports/reference/comparison.json"), description="JSON file that `nexuszero compare` wrote"
    )
    seeds: Located = Field(Path("reports/reference/seeds.json"), description="JSON file that `nexuszero repeat` wrote")
    out: Located = Field(Path("reports/quick/analysis.json"), description="JSON file that receives the measures")


class CircuitConfig(Stage):
    """A circuit to recommend parameters for, and who is asked."""

    circuit: Located = Field(Path("tests/fixtures/circuits/compare.bn128.r1cs"), description="the circuit, .r1cs")
    security: Literal[100, 128, 192, 256] = Field(128, description="bits of security")
    checkpoint: MaybeLocated = Field(None, description="network to ask first, null for the exact search alone")
    bounds: MaybeLocated = Field(None, description="JSON file from wire number to [lo, hi], or null")
    out: Located = Field(Path("reports/circuits/circuit.json"), description="JSON file that receives the answer")


class BenchConfig(Stage):
    """What `make bench` measures, and how often."""

    data: Located = Field(Path("data/full"), description="directory of {train,val,test}/index.h5")
    circuits: Count = Field(2000, description="circuits whose parameters are searched for")
    generated: list[Count] = Field([1000, 14_000, 100_000], description="sizes of the datasets to generate")
    repeats: int = Field(5, ge=1, description="turns of each comparison; a dataset above 20,000 circuits has one")
    lesson: Count = Field(50, description="batches of 32 that both networks learn from, twice")
    threads: Threads = Field(0, description="threads of torch, 0 for its default")
    out: Located = Field(Path("reports/bench.json"), description="JSON file that receives the figures")


class CompareConfig(Stage):
    """What the variants of the network are trained with."""

    data: Located = Field(Path("data/full"), description="directory of {train,val,test,test_large,...}/index.h5")
    variants: list[str] = Field([], description="names of the variants to train, none for all")
    seeds: list[Seed] = Field([42, 43, 44], description="seeds of weights and order")
    batches: Count = Field(300, description="batches that each variant learns from")
    sizes: list[Count] = Field([1000, 3000, 10_000, 30_000], description="training circuits of the learning curve")
    steps: Count = Field(900, description="batches of each point of the learning curve")
    hidden_dim: int = Field(128, ge=8, le=4096, description="width of the last head, twice a node's")
    num_layers: int = Field(4, ge=1, le=64, description="layers, each two rounds of messages")
    num_heads: int = Field(4, ge=1, le=64, description="attention heads")
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout rate, 0 <= p < 1")
    learning_rate: float = Field(
        5e-4, gt=0, le=1, description="peak learning rate; AdamW has 4 times it, Muon 20 times"
    )
    batch_size: Count = Field(32, description="circuits a batch")
    threads: Threads = Field(0, description="threads of torch, 0 for its default")
    out: Located = Field(Path("reports/reference/comparison.json"), description="JSON file that receives the rows")


class SummaryConfig(Stage):
    """What the summary of a week is made from: the files that the other stages left."""

    data: Located = Field(Path("data/quick"), description="directory of {train,val,test}/index.h5")
    storage: Storage = Field("optuna_study.db", description="SQLite file; or journal:///FILE, grpc://, postgresql://")
    study_name: str = Field("full_run", min_length=1, description="name of the study")
    baseline: Located = Field(Path("baseline_config.yaml"), description="file that the search wrote")
    checkpoints: Located = Field(Path("checkpoints/baseline"), description="directory of best_model.pt, run.jsonl")
    analysis: Located = Field(Path("reports/quick/analysis.json"), description="JSON file of the measures")
    seconds: MaybeLocated = Field(
        None, description="JSON file of the seconds of each notebook, if they ran as one week"
    )
    out: Located = Field(Path("reports/quick/summary.json"), description="JSON file that receives the summary")


class ReportConfig(Stage):
    """Where the pages of a week go."""

    out: Located = Field(Path("reports/quick"), description="directory of notebooks, pages and index.html")


TUNED = ("hidden_dim", "num_layers", "num_heads", "dropout", "learning_rate")  # what a search varies
Model = TypeVar("Model", bound=Stage)


def load(
    model: type[Model],
    path: Path | str | None = None,
    section: str | None = None,
    overrides: Iterable[str] = (),
) -> Model:
    """Reads a stage's configuration; later sources win: defaults, file, overrides.

    Args:
        model: the stage's model.
        path: a YAML file, or None for the defaults.
        section: the stage's name in a profile; a file without sections is taken whole.
        overrides: texts ``key=value``, the value read as YAML.
    """
    values: dict[str, Any] = {}
    where = "--set"
    if path is not None:
        where = f"{path}" if section is None else f"{path} [{section}]"
        values = _anchored(model, _section(Path(path), section), Path(path).parent, where)
    given = _parsed(overrides)
    _known(model, given, "--set")
    values |= _anchored(model, given, Path.cwd(), "--set")
    return _validated(model, values, where, set(given))


def with_baseline(config: TrainConfig) -> TrainConfig:
    """The configuration with the baseline file's values for every field that was not given explicitly."""
    if config.baseline is None:
        return config
    where = str(config.baseline)
    if not config.baseline.is_file():
        raise InputError(f"{where}: no such baseline; run `nexuszero tune`, or set baseline=null")
    values = _anchored(TrainConfig, _section(config.baseline, "train"), config.baseline.parent, where)
    values |= {name: getattr(config, name) for name in config.model_fields_set}
    return _validated(TrainConfig, values, where, config.model_fields_set)


def _section(path: Path, section: str | None) -> dict[str, Any]:
    content = _mapping(_yaml(path), str(path))
    if section is None or not any(isinstance(value, dict) for value in content.values()):
        return content
    if section not in content:
        raise InputError(f"{path}: no section {section!r}; sections there: {', '.join(map(str, content))}")
    return _mapping(content[section], f"{path} [{section}]")


def _mapping(content: object, where: str) -> dict[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{where}: expected a mapping `key: value`, found {type(content).__name__}")
    return content


def _yaml(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; name an existing configuration file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); name a YAML text file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{line}: not valid YAML ({getattr(error, 'problem', None) or error})") from None


def _parsed(overrides: Iterable[str]) -> dict[str, Any]:
    values = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InputError(f"--set {text}: expected key=value, for instance --set epochs=3")
        try:
            values[key.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InputError(f"--set {text}: the value is not valid YAML; quote it") from None
    return values


def _anchored(model: type[Stage], values: dict[str, Any], base: Path, where: str) -> dict[str, Any]:
    _known(model, values, where)
    paths = {name for name, field in model.model_fields.items() if "path" in field.metadata}
    return {
        name: _anchor(value, base) if name in paths and isinstance(value, str) else value
        for name, value in values.items()
    }


def _anchor(value: str, base: Path) -> str:
    scheme = next((scheme for scheme in FILE_SCHEMES if value.startswith(scheme)), "")
    if ("://" in value and not scheme) or value == IN_MEMORY:
        return value
    return scheme + os.path.normpath(base / value.removeprefix(scheme))


def _known(model: type[Stage], values: dict[str, Any], where: str) -> None:
    names = list(model.model_fields)
    for key in values:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=3)
            remedy = f"did you mean {' or '.join(near)}?" if near else f"known keys: {', '.join(names)}"
            raise InputError(f"{where}: unknown key {key!r}; {remedy}")


def _validated(model: type[Model], values: dict[str, Any], where: str, overridden: set[str]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise InputError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None
        key = str(first["loc"][0])
        source = "--set" if key in overridden else where
        expected = _expected(model, key)
        raise InputError(f"{source}: {key}: expected {expected}, found {first['input']!r}") from None


def _expected(model: type[Stage], key: str) -> str:
    field, schema = model.model_fields[key], model.model_json_schema()["properties"][key]
    choices = ", ".join(map(str, schema.get("enum", [])))
    kinds = [str(kind.get("type", "value")) for kind in schema.get("anyOf", [schema])]
    kind = f"one of {choices}" if choices else " or ".join(kinds).replace("string", "text")
    return " ".join([kind, *_limits(field.metadata)]) + f" ({field.description})"


def _limits(metadata: list[Any]) -> Iterable[str]:
    for symbol, name in ((">=", "ge"), (">", "gt"), ("<=", "le"), ("<", "lt")):
        for rule in metadata:
            if getattr(rule, name, None) is not None:
                yield f"{symbol} {getattr(rule, name)}"
