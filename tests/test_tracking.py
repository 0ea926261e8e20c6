"""Trackers receive what run.jsonl holds, one run each; nobody imports them unasked."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nexuszero.config import TrainConfig, TuneConfig
from nexuszero.errors import InputError, StageError
from nexuszero.training import train, tune
from nexuszero.training.tracking import numbers, tracker

SMALL = {
    "hidden_dim": 16,
    "num_layers": 1,
    "num_heads": 4,
    "epochs": 2,
    "batch_size": 16,
    "log_every": 0,
    "threads": 1,
}


def rows(run):
    return [json.loads(line) for line in (run / "run.jsonl").read_text().splitlines()]


def expected(run):
    """Every figure that a tracker must have, by name, in order."""
    figures = {}
    for row in rows(run):
        for name, value in numbers(row).items():
            figures.setdefault(name, []).append(value)
    return figures


def records(file):
    """The records of an offline W&B file: a LevelDB log of protocol buffers, in blocks of 32 KiB, after 7 bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, whole = file.read_bytes(), 7, b""
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:  # the rest of a block is padding
            at += 32768 - at % 32768
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a full record, or the last part of one
            yield Record.FromString(whole)
            whole = b""


def wandb_figures(folder):
    figures = {}
    (file,) = folder.glob("*.wandb")
    for record in records(file):
        for item in record.history.item:
            name = item.key or "/".join(item.nested_key)
            if not name.startswith("_"):
                figures.setdefault(name, []).append(json.loads(item.value_json))
    return figures


def test_an_offline_wandb_study_leaves_two_runs_that_equal_the_jsonl(
    data_directory, tmp_path
):
    pytest.importorskip("wandb")
    told = {
        "data": data_directory,
        "storage": str(tmp_path / "s.db"),
        "baseline": tmp_path / "b.yaml",
    }
    small = {
        "trials": 2,
        "epochs": 2,
        "batch_cap": 1,
        "batch_size": 8,
        "log_every": 0,
        "threads": 1,
    }
    tune(
        TuneConfig.model_validate(
            told | small | {"runs": tmp_path / "runs", "tracking": "wandb"}
        ),
        log=str,
    )
    folders = sorted(tmp_path.glob("runs/*/wandb/offline-run-*"))
    assert [folder.parents[1].name for folder in folders] == ["trial_000", "trial_001"]
    for folder in folders:
        run = folder.parents[1]
        assert wandb_figures(folder) == expected(run)
        assert len(expected(run)["val_loss"]) == 2


def test_a_failed_run_is_a_failed_wandb_run(data_directory, tmp_path):
    pytest.importorskip("wandb")

    def stop(row):
        raise RuntimeError("no")

    config = TrainConfig(data=data_directory, out=tmp_path, tracking="wandb", **SMALL)
    with pytest.raises(RuntimeError, match="no"):
        train(config, log=str, on_epoch=stop)
    (file,) = tmp_path.glob("wandb/offline-run-*/*.wandb")
    deadline = (
        time.monotonic() + 60
    )  # W&B's own process writes the end, and may do so after the run is over here
    while not (codes := exit_codes(file)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert codes == [1]


def exit_codes(file):
    return [
        record.exit.exit_code for record in records(file) if record.HasField("exit")
    ]


def test_online_without_a_key_is_one_line(data_directory, tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    config = TrainConfig(
        data=data_directory,
        out=tmp_path,
        tracking="wandb",
        wandb_mode="online",
        **SMALL,
    )
    with pytest.raises(StageError, match=r"W&B cannot start: .*wandb_mode=offline"):
        train(config, log=str)


def test_tensorboard_equals_the_jsonl(data_directory, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(
        TrainConfig(data=data_directory, out=tmp_path, tracking="tensorboard", **SMALL),
        log=str,
    )
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    for name, values in expected(tmp_path).items():
        assert [event.value for event in events.Scalars(name)] == pytest.approx(
            values, rel=1e-6
        ), name
    assert [event.step for event in events.Scalars("val_loss")] == [1, 2]


@pytest.mark.parametrize(
    ("tracking", "module"),
    [("wandb", "wandb"), ("tensorboard", "torch.utils.tensorboard")],
)
def test_a_tracker_that_is_not_installed_is_one_line(
    tmp_path, monkeypatch, tracking, module
):
    monkeypatch.setitem(sys.modules, module, None)
    config = TrainConfig(out=tmp_path, tracking=tracking)
    with (
        pytest.raises(
            InputError, match=r"not installed; pip install 'nexuszero\[tracking\]'"
        ),
        tracker(config, {}),
    ):
        pass


def test_nothing_is_imported_unasked(data_directory, tmp_path):
    told = TrainConfig(
        data=data_directory, out=tmp_path, **(SMALL | {"epochs": 1})
    ).model_dump_json()
    code = (
        "import sys; from nexuszero.config import TrainConfig; from nexuszero.training import train\n"
        f"train(TrainConfig.model_validate_json({told!r}), log=str)\n"
        "print(sorted({'wandb', 'tensorboard', 'ray', 'grpc', 'torch._dynamo'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert Path(tmp_path, "run.jsonl").is_file()
