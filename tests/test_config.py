"""Configurations: precedence, anchored paths, and one clear line for every mistake."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from nexuszero.config import GenerateConfig, TrainConfig, TuneConfig, with_baseline
from nexuszero.errors import InputError
from nexuszero.settings import load


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults_are_the_seed_documents() -> None:
    tune = TuneConfig()
    assert (tune.study_name, tune.trials, tune.epochs, tune.batch_cap, tune.seed) == (
        "full_run",
        12,
        2,
        50,
        42,
    )
    assert TrainConfig().epochs == 20
    assert TrainConfig().batch_cap is None


def test_override_wins_over_file_wins_over_default(tmp_path: Path) -> None:
    file = written(
        tmp_path / "quick.yaml",
        "train: {epochs: 3, learning_rate: 1e-4}\ngenerate: {train: 10}\n",
    )
    config = load(TrainConfig, file, "train", ["epochs=5"])
    assert (config.epochs, config.learning_rate, config.batch_size) == (5, 1e-4, 32)
    assert load(GenerateConfig, file, "generate").train == 10


def test_paths_in_a_file_are_relative_to_it_and_in_an_override_to_here(
    tmp_path: Path,
) -> None:
    file = written(
        tmp_path / "profiles" / "a.yaml",
        "tune: {data: ../data, storage: study.db, runs: /abs}\n",
    )
    config = load(TuneConfig, file, "tune", ["baseline=here.yaml"])
    assert config.data == tmp_path / "data"
    assert config.storage == f"sqlite:///{tmp_path / 'profiles' / 'study.db'}"
    assert config.runs == Path("/abs")
    assert config.baseline == Path.cwd() / "here.yaml"


@pytest.mark.parametrize(
    ("storage", "url"),
    [
        ("sqlite:///a/b.db", "sqlite:///{base}/a/b.db"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
        ("postgresql://host/db", "postgresql://host/db"),
    ],
)
def test_storage_urls(tmp_path: Path, storage: str, url: str) -> None:
    file = written(tmp_path / "a.yaml", f"storage: {storage}\n")
    assert load(TuneConfig, file, "tune").storage == url.format(base=tmp_path)


def test_a_flat_file_is_one_section(tmp_path: Path) -> None:
    assert (
        load(
            TrainConfig, written(tmp_path / "b.yaml", "hidden_dim: 128\n"), "train"
        ).hidden_dim
        == 128
    )


def test_an_empty_section_means_the_defaults(tmp_path: Path) -> None:
    file = written(tmp_path / "b.yaml", "train:\ntune: {trials: 1}\n")
    assert load(TrainConfig, file, "train") == TrainConfig()


def test_precision_may_be_a_number() -> None:
    assert load(TrainConfig, overrides=["precision=32"]).precision == "32"


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("epoch=3", ["unknown key 'epoch'", "epochs"]),
        ("zzz=3", ["unknown key 'zzz'", "known keys", "hidden_dim"]),
        ("epochs=abc", ["epochs", "integer >= 1", "'abc'"]),
        ("epochs=2.5", ["epochs", "integer"]),
        ("epochs=true", ["epochs", "integer", "True"]),
        ("epochs=", ["epochs", "None"]),
        ("dropout=1.5", ["dropout", "< 1", "1.5"]),
        ("learning_rate=.nan", ["learning_rate", "nan"]),
        ("precision=16", ["precision", "32, bf16", "16"]),
        ("hidden_dim=30", ["hidden_dim 30", "multiple of num_heads 8"]),
        ("resume=maybe", ["resume", "boolean"]),
        ("batch_cap=-1", ["batch_cap", "integer or null", ">= 0"]),
        ("epochs", ["key=value"]),
        ("epochs=[1", ["epochs=[1", "YAML"]),
    ],
)
def test_a_wrong_override_is_one_line_with_a_remedy(
    override: str, parts: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        load(TrainConfig, overrides=[override])
    message = str(caught.value)
    assert "--set" in message
    assert "\n" not in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("train: {epoch: 3}", ["[train]", "'epoch'", "epochs"]),
        ("train: {epochs: x}", ["[train]", "epochs", "'x'"]),
        ("tune: {epochs: 3}", ["no section 'train'", "tune"]),
        ("train: [1]\ntune: {}", ["[train]", "mapping", "list"]),
        ("- 1", ["mapping", "list"]),
        ("a: b: c", ["line 1", "YAML"]),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, parts: list[str]) -> None:
    file = written(tmp_path / "bad.yaml", text)
    with pytest.raises(InputError) as caught:
        load(TrainConfig, file, "train")
    for part in ["bad.yaml", *parts]:
        assert part in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: no such file"):
        load(TrainConfig, tmp_path / "none.yaml")


def test_the_baseline_fills_only_what_was_not_given(tmp_path: Path) -> None:
    baseline = written(
        tmp_path / "b" / "baseline.yaml",
        "data: ../data\nhidden_dim: 128\nlearning_rate: 2e-5\n",
    )
    config = with_baseline(TrainConfig(baseline=baseline, learning_rate=1e-3))
    assert (config.hidden_dim, config.learning_rate) == (128, 1e-3)
    assert config.data == tmp_path / "data"
    assert with_baseline(TrainConfig()) == TrainConfig()


@pytest.mark.parametrize(
    "text", ["hidden_dims: 3", "hidden_dim: many", "hidden_dim: 30"]
)
def test_a_wrong_baseline_is_named(tmp_path: Path, text: str) -> None:
    baseline = written(tmp_path / "baseline.yaml", text)
    with pytest.raises(InputError, match=r"baseline\.yaml"):
        with_baseline(TrainConfig(baseline=baseline))


def test_a_configuration_is_frozen_and_knows_its_keys() -> None:
    with pytest.raises(ValidationError):
        TrainConfig().epochs = 3  # type: ignore[misc]
    with pytest.raises(ValidationError):
        TrainConfig(epoch=3)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "text",
    ["{workspace}", "{workspace}tune: {{trials: 1}}\n", "{workspace}epochs: 3\n"],
)
def test_a_workspace_gives_paths_to_a_stage_that_the_file_does_not_name(
    tmp_path: Path, text: str
) -> None:
    workspace = "workspace: {data: d, reports: r, checkpoints: c, trials: t}\n"
    config = load(
        TrainConfig,
        written(tmp_path / "a.yaml", text.format(workspace=workspace)),
        "train",
    )
    assert (config.data, config.out, config.baseline) == (
        tmp_path / "d",
        tmp_path / "c",
        tmp_path / "r/baseline_config.yaml",
    )
    assert config.epochs == (3 if "epochs" in text else 20)


def test_a_workspace_names_all_its_directories(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\[workspace\]: reports"):
        load(
            TrainConfig,
            written(
                tmp_path / "a.yaml", "workspace: {data: d, checkpoints: c, trials: t}\n"
            ),
            "train",
        )
