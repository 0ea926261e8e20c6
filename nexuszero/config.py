"""The settings of every stage: one frozen model per stage.

nexuszero train --profile quick --set epochs=3 --set learning_rate=1e-4
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from nexuszero.errors import InputError
from nexuszero.settings import (
    Located,
    MaybeLocated,
    Stage,
    Storage,
    Workspace,
    read_section,
    validated,
)

Count = Annotated[int, Field(ge=1, lt=2**31)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Threads = Annotated[int, Field(ge=0, le=1024)]


class Engine(Stage):
    """Where independent pieces of a stage's work run (`nexuszero.pool`)."""

    executor: Literal["local", "ray"] = Field(
        "local", description="this machine, or a Ray cluster"
    )
    workers: Count = Field(
        1, description="pieces at a time: processes here, or CPUs of a Ray of its own"
    )
    ray_address: str | None = Field(
        None, description="address of a running Ray cluster, null for one of its own"
    )


class Tracked(Stage):
    """Who else receives the rows of a training run, beside its run.jsonl (`nexuszero.training.tracking`)."""

    tracking: Literal["none", "tensorboard", "wandb"] = Field(
        "none", description="a tracker beside run.jsonl"
    )
    wandb_mode: Literal["offline", "online"] = Field(
        "offline", description="offline: `wandb sync` may upload it later"
    )


class GenerateConfig(Engine):
    """How many circuits to generate, and where to."""

    out: Located = Field(
        Path("data/quick"),
        description="directory that receives {train,val,test}/index.h5",
    )
    train: Count = Field(400, description="training circuits, at least 1")
    val: Count = Field(100, description="validation circuits, at least 1")
    test: Count = Field(100, description="test circuits, at least 1")
    test_large: int = Field(
        0, ge=0, description="circuits of 2,000 to 20,000 nodes beside them"
    )
    test_family: int = Field(
        0, ge=0, description="circuits of families kept from training beside them"
    )
    seed: Seed = Field(
        42, description="master seed, 0 .. 2^32-1; the content depends on nothing else"
    )
    threads: Threads = Field(
        0, description="threads, 0 for one a core; the content does not depend on it"
    )

    def circuits(self) -> dict[str, int]:
        """How many circuits each split shall have."""
        splits = ("train", "val", "test", "test_large", "test_family")
        return {split: getattr(self, split) for split in splits}

    @classmethod
    def places(cls, workspace: Workspace) -> dict[str, Path | str]:
        """The paths of this stage in a workspace."""
        return {
            "out": workspace.data,
        }


class TuneConfig(Tracked, Engine):
    """A hyperparameter search: trials of a few capped epochs, the validation loss is the criterion."""

    data: Located = Field(
        Path("data/quick"), description="directory of {train,val,test}/index.h5"
    )
    storage: Storage = Field(
        "optuna_study.db", description="SQLite file; or journal:///FILE, postgresql://"
    )
    study_name: str = Field(
        "full_run",
        min_length=1,
        description="name of the study, which is resumed if it exists",
    )
    trials: Count = Field(12, description="trials the study shall have in the end")
    epochs: Count = Field(2, description="epochs of each trial")
    batch_cap: int | None = Field(
        50, ge=0, description="batches an epoch at most; 0 or null for no cap"
    )
    batch_size: Count = Field(32, description="circuits a batch")
    startup_trials: int = Field(
        5, ge=0, description="random trials before the TPE sampler starts to model"
    )
    seed: Seed = Field(
        42, description="seed of the sampler; trial k trains with seed + k"
    )
    prune: bool = Field(
        False,
        description="successive halving: stop a trial that after 1, 2, 4, ... epochs is not in the better half so far",
    )
    baseline: Located = Field(
        Path("baseline_config.yaml"),
        description="file that receives the best trial's values",
    )
    runs: Located = Field(
        Path("runs/tune"), description="directory of one log and checkpoint a trial"
    )
    generate: bool = Field(False, description="generate the dataset if there is none")
    generate_train: Count = Field(400, description="training circuits to generate")
    generate_val: Count = Field(100, description="validation circuits to generate")
    generate_test: Count = Field(100, description="test circuits to generate")
    threads: Threads = Field(
        0, description="threads of torch, 0 for its default, shared among workers"
    )
    log_every: int = Field(
        10, ge=0, description="batches between two log lines, 0 for none"
    )

    @classmethod
    def places(cls, workspace: Workspace) -> dict[str, Path | str]:
        """The paths of this stage in a workspace."""
        return {
            "data": workspace.data,
            "storage": _study(workspace),
            "baseline": workspace.reports / "baseline_config.yaml",
            "runs": workspace.trials,
        }


class TrainConfig(Tracked):
    """One training run."""

    data: Located = Field(
        Path("data/quick"), description="directory of {train,val,test}/index.h5"
    )
    out: Located = Field(
        Path("checkpoints/baseline"),
        description="directory of best_model.pt, last.ckpt, run.jsonl",
    )
    baseline: MaybeLocated = Field(
        None, description="file whose values stand in for fields that are not given"
    )
    hidden_dim: int = Field(
        256,
        ge=4,
        le=4096,
        description="width of the last head, twice a node's; a multiple of num_heads",
    )
    num_layers: int = Field(
        7,
        ge=1,
        le=64,
        description="rounds of messages, wires -> constraints -> wires",
    )
    num_heads: int = Field(8, ge=1, le=64, description="attention heads")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout rate, 0 <= p < 1")
    learning_rate: float = Field(
        5e-4,
        gt=0,
        le=1,
        description="peak learning rate; AdamW has 4 times it, Muon 20 times",
    )
    weight_decay: float = Field(
        0.01, ge=0, le=10, description="decoupled weight decay of AdamW"
    )
    epochs: Count = Field(20, description="epochs at most")
    fresh: bool = Field(
        False,
        description="after the first epoch other circuits, drawn as those of the train split",
    )
    batch_size: Count = Field(32, description="circuits a batch")
    batch_cap: int | None = Field(
        None, ge=0, description="batches an epoch at most; 0 or null for no cap"
    )
    warmup: float = Field(
        0.05,
        ge=0,
        le=1,
        description="share of all steps in which the learning rate rises",
    )
    clip_norm: float = Field(
        1.0, ge=0, description="gradient norm at most, 0 for no clipping"
    )
    patience: int = Field(
        0,
        ge=0,
        description="epochs without a better validation loss before stopping, 0 for never",
    )
    precision: Literal["32", "bf16"] = Field(
        "32", description="float32, or bfloat16 where autocast allows"
    )
    accumulate: Count = Field(1, description="batches whose gradients make one step")
    seed: Seed = Field(
        42, description="seed of weights, order and dropout, 0 .. 2^32-1"
    )
    threads: Threads = Field(0, description="threads of torch, 0 for its default")
    log_every: int = Field(
        10, ge=0, description="batches between two log lines, 0 for none"
    )
    resume: bool = Field(
        False, description="continue from last.ckpt in out, if there is one"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where to compute; auto takes a GPU if any"
    )
    devices: Count = Field(
        1,
        description="processes a machine that share each batch (DDP), one a GPU or CPU share",
    )
    nodes: Count = Field(
        1,
        description="machines of DDP; above 1 a launcher (torchrun) starts the command",
    )

    @classmethod
    def places(cls, workspace: Workspace) -> dict[str, Path | str]:
        """The paths of this stage in a workspace."""
        return {
            "data": workspace.data,
            "out": workspace.checkpoints,
            "baseline": workspace.reports / "baseline_config.yaml",
        }

    @field_validator("precision", mode="before")
    @classmethod
    def _precision_is_text(cls, value: object) -> object:
        return "32" if value == 32 and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.hidden_dim % self.num_heads:
            raise ValueError(
                f"hidden_dim {self.hidden_dim} must be a multiple of num_heads {self.num_heads}"
            )
        return self


class AnalyseConfig(Stage):
    """What a trained network is measured on."""

    data: Located = Field(
        Path("data/quick"), description="directory of {train,val,test}/index.h5"
    )
    checkpoint: Located = Field(
        Path("checkpoints/baseline/best_model.pt"), description="the network to measure"
    )
    circuits: MaybeLocated = Field(
        None,
        description="directory of compiled circuits, null for the repository's own",
    )
    corpus: MaybeLocated = Field(
        None,
        description="where `make corpus` compiled published circuits (build/corpus), null to leave them out",
    )
    out: Located = Field(
        Path("reports/quick/analysis.json"),
        description="JSON file that receives the measures",
    )

    @classmethod
    def places(cls, workspace: Workspace) -> dict[str, Path | str]:
        """The paths of this stage in a workspace."""
        return {
            "data": workspace.data,
            "checkpoint": workspace.checkpoints / "best_model.pt",
            "out": workspace.reports / "analysis.json",
        }


class CircuitStage(Stage):
    """A circuit at a level of security."""

    circuit: Located = Field(
        Path("tests/fixtures/circuits/compare.bn128.r1cs"),
        description="the circuit, .r1cs",
    )
    security: Literal[100, 128, 192, 256] = Field(128, description="bits of security")


class CircuitConfig(CircuitStage):
    """A circuit to recommend parameters for, and who is asked."""

    checkpoint: MaybeLocated = Field(
        None, description="network to ask first, null for the exact search alone"
    )
    bounds: str | None = Field(
        None, description="widths of wires, as for --bounds, or a file of them; or null"
    )
    out: Located = Field(
        Path("reports/circuits/circuit.json"),
        description="JSON file that receives the answer",
    )


class ProofConfig(CircuitStage):
    """A circuit and a witness that a proof is made from."""

    witness: Located = Field(
        Path("tests/fixtures/circuits/compare.bn128.wtns"),
        description="its witness, .wtns",
    )
    out: Located = Field(
        Path("reports/circuits/circuit.proof"),
        description="file that receives the proof",
    )


class LatticeConfig(Stage):
    """An LWE and a SIS instance to estimate by hand."""

    n: Count = Field(512, description="dimension of both")
    log2_q: float = Field(12, gt=1, le=512, description="of the modulus, bits")
    sigma: float = Field(1.2247, gt=0, description="deviation of secret and error")
    log2_bound: float = Field(
        16, gt=0, le=512, description="of the length of a SIS solution, bits"
    )
    seed: Seed = Field(1, description="seed of the toy instance")


class DemandConfig(CircuitStage):
    """Circuits whose demands are looked at."""

    wide: Located = Field(
        Path("tests/fixtures/circuits/matmul.goldilocks.r1cs"),
        description="a circuit whose inputs have no bounds, .r1cs",
    )
    inputs: str = Field(
        "main.a[*][*] main.b[*][*]",
        description="its inputs, by circom's names, spaces between",
    )
    seed: Seed = Field(1, description="seed of a drawn circuit that is followed")
    rounds: Count = Field(5, description="rounds of inference that it shall take")


class SearchConfig(CircuitStage):
    """A circuit whose candidates are looked at, and a demand without one."""

    forms: Count = Field(500, description="private forms, of a demand by hand")
    bits: Count = Field(16, description="bits of its values")


class LessonConfig(Stage):
    """A network built in a notebook, and how long it learns."""

    data: Located = Field(
        Path("data/quick"), description="directory of {train,val,test}/index.h5"
    )
    width: Count = Field(32, description="numbers a node")
    rounds: Count = Field(2, description="rounds of messages")
    steps: Count = Field(150, description="batches to learn from")
    batch_size: Count = Field(16, description="circuits a batch")
    learning_rate: float = Field(3e-3, gt=0, le=1, description="of AdamW")
    seed: Seed = Field(42, description="seed of weights and order")


class BenchReportConfig(Stage):
    """What the page of the benchmarks is made from."""

    bench: Located = Field(
        Path("reports/bench.json"), description="JSON file that `make bench` wrote"
    )


class SeedsReportConfig(Stage):
    """What the page of seeds and parts is made from."""

    seeds: Located = Field(
        Path("reports/reference/seeds.json"),
        description="JSON file that `make repeat` wrote",
    )
    comparison: Located = Field(
        Path("reports/reference/comparison.json"),
        description="JSON file that `make compare` wrote",
    )
    ranking: Located = Field(
        Path("reports/reference/ranking.json"),
        description="JSON file that `make ranking` wrote",
    )


class SummaryConfig(Stage):
    """What the summary of a week is made from: the files that the other stages left."""

    data: Located = Field(
        Path("data/quick"), description="directory of {train,val,test}/index.h5"
    )
    storage: Storage = Field(
        "optuna_study.db", description="SQLite file; or journal:///FILE, postgresql://"
    )
    study_name: str = Field("full_run", min_length=1, description="name of the study")
    baseline: Located = Field(
        Path("baseline_config.yaml"), description="file that the search wrote"
    )
    checkpoints: Located = Field(
        Path("checkpoints/baseline"),
        description="directory of best_model.pt, run.jsonl",
    )
    analysis: Located = Field(
        Path("reports/quick/analysis.json"), description="JSON file of the measures"
    )
    seconds: MaybeLocated = Field(
        None,
        description="JSON file of the seconds of each notebook, if they ran as one week",
    )
    out: Located = Field(
        Path("reports/quick/summary.json"),
        description="JSON file that receives the summary",
    )

    @classmethod
    def places(cls, workspace: Workspace) -> dict[str, Path | str]:
        """The paths of this stage in a workspace."""
        return {
            "data": workspace.data,
            "storage": _study(workspace),
            "baseline": workspace.reports / "baseline_config.yaml",
            "checkpoints": workspace.checkpoints,
            "analysis": workspace.reports / "analysis.json",
            "seconds": workspace.reports / "seconds.json",
            "out": workspace.reports / "summary.json",
        }


class ReportConfig(Stage):
    """Where the pages of a week go."""

    out: Located = Field(
        Path("reports/quick"),
        description="directory of notebooks, pages and index.html",
    )

    @classmethod
    def places(cls, workspace: Workspace) -> dict[str, Path | str]:
        """The paths of this stage in a workspace."""
        return {
            "out": workspace.reports,
        }


def _study(workspace: Workspace) -> str:
    return f"sqlite:///{workspace.reports / 'optuna_study.db'}"


MEAN_LOSS = "mean_loss"  # a study's attribute: what always the train split's mean costs on its validation split
TUNED = (
    "hidden_dim",
    "num_layers",
    "num_heads",
    "dropout",
    "learning_rate",
)  # what a search varies


def with_baseline(config: TrainConfig) -> TrainConfig:
    """The configuration with the baseline file's values for every field that was not given explicitly."""
    if config.baseline is None:
        return config
    where = str(config.baseline)
    if not config.baseline.is_file():
        raise InputError(
            f"{where}: no such baseline; run `nexuszero tune`, or set baseline=null"
        )
    values = read_section(TrainConfig, config.baseline, "train")
    if not values:
        raise InputError(
            f"{where}: says nothing of a training; run `nexuszero tune`, or set baseline=null"
        )
    values |= {name: getattr(config, name) for name in config.model_fields_set}
    return validated(TrainConfig, values, where, config.model_fields_set)
