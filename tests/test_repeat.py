"""The same training with other seeds: what it takes from the week, what is not done twice, what is refused."""

import json

import pytest
import repeat as repeats
import yaml

from nexuszero.config import GenerateConfig, TrainConfig
from nexuszero.data import generate
from nexuszero.errors import InputError
from nexuszero.files import read_json
from nexuszero.network import ModelConfig, ParameterNet

SILENT = {"log": lambda _: None}
SHAPE = {"hidden_dim": 16, "num_layers": 1, "num_heads": 2}
WEIGHTS = sum(
    weight.numel() for weight in ParameterNet(ModelConfig(**SHAPE)).parameters()
)


@pytest.fixture(scope="module")
def week(tmp_path_factory):
    """A week's figures, and the training that they are of."""
    root = tmp_path_factory.mktemp("week")
    generate(
        GenerateConfig(out=root / "data", train=40, val=10, test=10, seed=1), **SILENT
    )
    (root / "baseline_config.yaml").write_text(yaml.safe_dump(SHAPE))
    run = {"data": root / "data", "epochs": 1, "log_every": 0, "seed": 1, "threads": 1}
    config = TrainConfig.model_validate(
        run | {"out": root / "own", "baseline": root / "baseline_config.yaml"}
    )
    best = repeats.train(config, **SILENT).checkpoint
    repeats.analyse(
        repeats.AnalyseConfig(
            data=config.data, checkpoint=best, out=root / "analysis.json"
        )
    )
    return root, config


def test_networks_of_other_seeds_stand_beside_the_weeks_own(week, monkeypatch):
    root, config = week
    reports = repeats.repeat(config, [2], root, root / "runs", **SILENT)["reports"]
    assert [report["seed"] for report in reports] == [1, 2]
    assert [report["parameters"] for report in reports] == [WEIGHTS, WEIGHTS]
    assert reports[0]["models"]["network"] != reports[1]["models"]["network"]
    assert reports[0]["models"]["linear"] == reports[1]["models"]["linear"]
    before = (root / "seeds.json").read_bytes()
    assert json.loads(before)["reports"] == reports
    monkeypatch.setattr(repeats, "train", None)
    repeats.repeat(config, [2], root, root / "runs", **SILENT)
    assert (root / "seeds.json").read_bytes() == before


@pytest.mark.parametrize("seeds", [[1], [2, 1], [2, 2]])
def test_a_seed_counts_once(week, seeds, tmp_path):
    root, config = week
    with pytest.raises(InputError, match="each once, and not the week's own 1"):
        repeats.repeat(config, seeds, root, tmp_path, **SILENT)
    assert not list(tmp_path.iterdir())


def test_measures_of_other_data_are_refused(week, tmp_path):
    root, config = week
    (tmp_path / "3").mkdir()
    other = read_json(root / "analysis.json", "") | {"data": {}, "seed": 3}
    (tmp_path / "3/analysis.json").write_text(json.dumps(other))
    with pytest.raises(InputError, match="was measured on other data"):
        repeats.repeat(config, [3], root, tmp_path, **SILENT)


def test_all_seeds_are_measured_on_the_same_circuits(week, tmp_path):
    root, config = week
    with pytest.raises(InputError, match=r"corpus: set it if .* was measured"):
        repeats.repeat(config, [2], root, tmp_path, corpus=tmp_path, **SILENT)
    analysis = read_json(root / "analysis.json", "")
    analysis["regret"]["corpus"] = {}
    (tmp_path / "analysis.json").write_text(json.dumps(analysis))
    with pytest.raises(InputError, match=r"circuits are missing; run `make corpus`"):
        repeats.repeat(config, [2], tmp_path, tmp_path, corpus=tmp_path, **SILENT)
    assert [file.name for file in tmp_path.iterdir()] == ["analysis.json"]
