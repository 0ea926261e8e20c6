"""A whole run on a small dataset: it learns, repeats, resumes, stops, and leaves a true record."""

import json
import signal
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nexuszero.config import TrainConfig
from nexuszero.data import Split
from nexuszero.errors import InputError
from nexuszero.network import Batches, GraphBatches, load, loss, predict_batches
from nexuszero.training import Diverged, Epoch, Result, depth, schedule, train
from nexuszero.training.processes import find_device

SMALL: dict[str, Any] = {
    "hidden_dim": 16,
    "num_layers": 1,
    "num_heads": 4,
    "dropout": 0.1,
    "learning_rate": 5e-3,
    "epochs": 3,
    "batch_size": 16,
    "seed": 1,
    "threads": 1,
    "device": "cpu",
    "log_every": 0,
}


def run(
    data: Path, out: Path, train_loss: bool = True, **changes: Any
) -> tuple[Result, list[str]]:
    lines: list[str] = []
    config = TrainConfig(data=data, out=out, **(SMALL | changes))
    return train(config, log=lines.append, train_loss=train_loss), lines


def journal(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "run.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def finished(
    data_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Result, list[str], Path]:
    out = tmp_path_factory.mktemp("run")
    return *run(data_directory, out, epochs=12, log_every=2), out


def test_it_beats_the_mean_by_far_and_what_it_began_with(
    drawn: dict[str, Split], tmp_path: Path
) -> None:
    config = TrainConfig(out=tmp_path, **(SMALL | {"epochs": 12, "num_layers": 6}))
    result = train(config, log=lambda line: None, data=drawn)
    assert result.val_loss < 1.2
    assert result.train_loss < 1.0
    assert result.val_loss < result.history[0].val_loss


def test_the_best_network_is_the_one_on_disk(
    finished: tuple[Result, list[str], Path], splits: dict[str, Split]
) -> None:
    result = finished[0]
    best = load(result.checkpoint)
    for name, expected in (("val", result.val_loss), ("test", result.test_loss)):
        measured = loss(
            *predict_batches(
                best.model, Batches(GraphBatches(splits[name], best.standardiser), 7)
            )
        )
        assert float(measured) == pytest.approx(expected, rel=1e-4)
    best_epoch = min(result.history, key=lambda epoch: epoch.val_loss)
    assert best_epoch.epoch == result.best_epoch


def test_the_checkpoint_says_where_it_comes_from(
    finished: tuple[Result, list[str], Path], splits: dict[str, Split]
) -> None:
    best = load(finished[2])
    origin = best.origin
    assert origin.seed == 1
    assert origin.data == {name: split.content_hash for name, split in splits.items()}
    assert origin.config["hidden_dim"] == 16
    assert origin.metrics["test_loss"] == finished[0].test_loss
    np.testing.assert_allclose(
        best.standardiser.mean[1], splits["train"].params[:, 1].mean()
    )
    weights = torch.load(finished[0].checkpoint, weights_only=True)["weights"]
    assert sum(weight.numel() for weight in weights.values()) == finished[0].parameters


def test_the_journal(finished: tuple[Result, list[str], Path]) -> None:
    result, _, out = finished
    rows = journal(out)
    assert [row["event"] for row in rows] == ["start", *["epoch"] * 12, "end"]
    assert rows[0]["config"]["learning_rate"] == 5e-3
    assert [row["epoch"] for row in rows[1:-1]] == list(range(1, 13))
    assert [row["val_loss"] for row in rows[1:-1]] == [
        epoch.val_loss for epoch in result.history
    ]
    assert rows[-1]["test_loss"] == result.test_loss
    assert "test_loss" not in rows[1]
    rates = [row["learning_rate"] for row in rows[1:-1]]
    assert rates == sorted(rates, reverse=True)


def test_the_lines(finished: tuple[Result, list[str], Path]) -> None:
    lines = finished[1]
    assert lines[0].startswith("epoch 1/12: 6 batches of 16")
    assert lines[1].startswith("  batch 2/6: loss ")
    assert (
        sum("validation" in line and line.startswith("epoch") for line in lines) == 12
    )
    assert lines[-1].startswith(f"best network: epoch {finished[0].best_epoch}")


def test_it_is_quiet_and_leaves_only_its_files(
    data_directory: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(data_directory, tmp_path / "out", epochs=1)
    assert [str(warning.message) for warning in caught] == []
    assert capfd.readouterr() == ("", "")
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        ".train.lock",
        "best_model.pt",
        "last.ckpt",
        "run.jsonl",
    ]


def test_the_same_seed_gives_the_same_losses(
    data_directory: Path, tmp_path: Path
) -> None:
    first = run(data_directory, tmp_path / "a")[0]
    torch.manual_seed(99)
    again = run(data_directory, tmp_path / "b")[0]
    other, lines = run(data_directory, tmp_path / "c", train_loss=False, seed=2)
    assert (first.train_loss, first.val_loss, first.test_loss) == (
        again.train_loss,
        again.val_loss,
        again.test_loss,
    )
    assert other.val_loss != first.val_loss
    assert first.train_loss is not None and other.train_loss is None
    assert lines[-1].startswith(f"best network: epoch {other.best_epoch}, validation")


def test_it_leaves_the_global_generator_alone(
    data_directory: Path, tmp_path: Path
) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(data_directory, tmp_path, epochs=1)
    assert torch.equal(torch.rand(3), expected)


class Stop(Exception):
    pass


def test_fresh_circuits_begin_with_the_second_epoch(
    data_directory: Path, tmp_path: Path
) -> None:
    same = run(data_directory, tmp_path / "same", epochs=2)[0].history
    fresh = run(data_directory, tmp_path / "fresh", epochs=2, fresh=True)[0].history
    assert fresh[0].train_loss == same[0].train_loss
    assert fresh[1].train_loss != same[1].train_loss


@pytest.mark.parametrize(
    "changes", [{}, {"accumulate": 4, "batch_cap": 5}, {"fresh": True}]
)
def test_resuming_gives_what_an_uninterrupted_run_gives(
    data_directory: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    whole = run(data_directory, tmp_path / "whole", epochs=4, **changes)[0]

    def stop(epoch: Epoch) -> None:
        if epoch.epoch == 2:
            raise Stop

    config = TrainConfig(
        data=data_directory, out=tmp_path / "cut", **(SMALL | {"epochs": 4} | changes)
    )
    with pytest.raises(Stop):
        train(config, log=lambda _: None, on_epoch=stop)
    resumed = run(data_directory, tmp_path / "cut", epochs=4, resume=True, **changes)[0]
    for name in ("train_loss", "val_loss", "test_loss", "best_epoch", "epochs"):
        assert getattr(resumed, name) == getattr(whole, name), name
    for name in ("train_loss", "val_loss", "learning_rate"):
        assert [getattr(epoch, name) for epoch in resumed.history] == [
            getattr(epoch, name) for epoch in whole.history
        ]
    events = [row["event"] for row in journal(tmp_path / "cut")]
    assert events == [
        "start",
        "epoch",
        "epoch",
        "failed",
        "resume",
        "epoch",
        "epoch",
        "end",
    ]
    finished = run(data_directory, tmp_path / "cut", epochs=4, resume=True, **changes)[
        0
    ]
    assert (finished.test_loss, finished.epochs) == (resumed.test_loss, 4)


def test_resume_refuses_another_run(data_directory: Path, tmp_path: Path) -> None:
    run(data_directory, tmp_path, epochs=1)
    with pytest.raises(InputError, match=r"last\.ckpt: hidden_dim was 16 and is 32"):
        run(data_directory, tmp_path, epochs=1, resume=True, hidden_dim=32)
    (tmp_path / "last.ckpt").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"last\.ckpt: cannot resume"):
        run(data_directory, tmp_path, epochs=1, resume=True)


def test_early_stopping_says_so(data_directory: Path, tmp_path: Path) -> None:
    result, lines = run(
        data_directory, tmp_path, epochs=40, patience=1, learning_rate=0.5, warmup=0
    )
    assert result.stopped_early
    assert result.epochs == result.best_epoch + 1 < 40
    assert any(
        line.startswith(f"early stop after epoch {result.epochs}") for line in lines
    )
    again = run(
        data_directory,
        tmp_path,
        epochs=40,
        patience=1,
        learning_rate=0.5,
        warmup=0,
        resume=True,
    )[0]
    assert (again.epochs, again.test_loss) == (result.epochs, result.test_loss)


def test_the_batch_cap_and_accumulation(data_directory: Path, tmp_path: Path) -> None:
    result, lines = run(data_directory, tmp_path, epochs=1, batch_cap=2, accumulate=2)
    assert lines[0].startswith("epoch 1/1: 2 batches of 16")
    assert result.history[0].learning_rate == pytest.approx(SMALL["learning_rate"])


def test_accumulating_is_a_larger_batch(data_directory: Path, tmp_path: Path) -> None:
    """96 circuits: four equal batches make the step that one large batch makes."""
    same: dict[str, Any] = {"epochs": 1, "dropout": 0.0, "clip_norm": 0.0}
    large = run(data_directory, tmp_path / "a", batch_size=96, **same)[0]
    small = run(data_directory, tmp_path / "b", batch_size=24, accumulate=4, **same)[0]
    assert small.val_loss == pytest.approx(large.val_loss, rel=1e-4)
    assert small.history[0].train_loss == pytest.approx(
        large.history[0].train_loss, rel=1e-4
    )


def test_bf16(data_directory: Path, tmp_path: Path) -> None:
    full = run(data_directory, tmp_path / "a", epochs=2)[0]
    half = run(data_directory, tmp_path / "b", epochs=2, precision="bf16")[0]
    assert half.val_loss != full.val_loss
    assert half.val_loss == pytest.approx(full.val_loss, abs=0.2)


def test_divergence_is_an_error_and_recorded(
    data_directory: Path, tmp_path: Path, splits: dict[str, Split]
) -> None:
    broken = splits["train"].x.copy()
    broken[0, 3] = np.nan
    bad = {**splits, "train": Split(**{**vars(splits["train"]), "x": broken})}
    with pytest.raises(Diverged, match="training loss is nan at epoch 1"):
        train(
            TrainConfig(data=data_directory, out=tmp_path, **SMALL),
            log=lambda _: None,
            data=bad,
        )
    assert journal(tmp_path)[-1]["event"] == "failed"


def test_auto_takes_a_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert [find_device(device).type for device in ("auto", "cpu")] == ["cpu", "cpu"]
    with pytest.raises(InputError, match="torch sees no GPU"):
        find_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [find_device(device).type for device in ("auto", "cuda", "cpu")] == [
        "cuda",
        "cuda",
        "cpu",
    ]


def test_ctrl_c_is_a_keyboard_interrupt(data_directory: Path, tmp_path: Path) -> None:
    def interrupt(_: Epoch) -> None:
        raise KeyboardInterrupt

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(
            TrainConfig(data=data_directory, out=tmp_path, **SMALL),
            log=lambda _: None,
            on_epoch=interrupt,
        )
    assert signal.getsignal(signal.SIGINT) == handler
    assert (tmp_path / "last.ckpt").is_file()


def test_the_baseline_sets_what_the_run_leaves_open(
    data_directory: Path, tmp_path: Path
) -> None:
    (tmp_path / "baseline.yaml").write_text("hidden_dim: 8\nnum_heads: 2\n")
    changes = {
        name: value
        for name, value in SMALL.items()
        if name not in ("hidden_dim", "num_heads")
    }
    config = TrainConfig(
        data=data_directory,
        out=tmp_path,
        baseline=tmp_path / "baseline.yaml",
        **(changes | {"epochs": 1}),
    )
    train(config, log=lambda _: None)
    assert load(tmp_path).origin.config["hidden_dim"] == 8


def test_the_depth_by_hand() -> None:
    rounds = [depth(step, 20, 7) for step in range(20)]
    assert rounds == [4] * 10 + [7] * 10
    assert [depth(step, 3, 1) for step in range(3)] == [1, 1, 1]
    assert depth(0, 1, 0) == 0


def test_the_schedule_by_hand() -> None:
    rates = [schedule(step, 10, 0.2) for step in range(11)]
    assert rates[:3] == pytest.approx([0.5, 1, 1])
    assert rates[6] == pytest.approx(0.01 + 0.99 / 2)
    assert rates[10] == pytest.approx(0.01)
    assert schedule(0, 1, 0) == 1


@pytest.mark.parametrize("content", [b"", b"nothing", None])
def test_a_bad_checkpoint_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    if content is None:
        with pytest.raises(InputError, match="no such checkpoint"):
            load(tmp_path / "best_model.pt")
        return
    (tmp_path / "best_model.pt").write_bytes(content)
    with pytest.raises(InputError, match=r"best_model\.pt: not a readable checkpoint"):
        load(tmp_path)
