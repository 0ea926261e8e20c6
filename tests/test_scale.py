"""What leaves one process: workers, storages, Ray, DDP, each as real processes on this machine, two at a time."""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import yaml

from nexuszero.config import TUNED, TrainConfig, TuneConfig
from nexuszero.data import read, write
from nexuszero.errors import InputError, StageError
from nexuszero.pool import Lost, pool, share
from nexuszero.training import run as training
from nexuszero.training import tuning
from nexuszero.training.studies import load_study, open_study, shared

COMMAND = str(Path(sys.executable).with_name("nexuszero"))
SERVER = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
STATES = ("COMPLETE", "COMPLETE", "COMPLETE", "COMPLETE")


def start(*arguments, **environment):
    return subprocess.Popen(
        [COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
    )  # fmt: skip


def ended(process, code=0):
    out, error = process.communicate(timeout=400)
    assert process.returncode == code, (process.returncode, out, error)
    assert "Traceback" not in error
    return out, error


@pytest.fixture
def tune(data_directory, tmp_path):
    """Starts `nexuszero tune` for a study of four short trials."""
    told = {"data": str(data_directory), "trials": 4, "epochs": 1, "batch_cap": 2, "batch_size": 8, "log_every": 0}
    file = tmp_path / "profile.yaml"
    file.write_text(yaml.safe_dump({"tune": told | {"baseline": "b.yaml", "runs": "runs", "storage": "study.db"}}))
    return lambda *arguments, **environment: start("tune", "--config", file, *arguments, **environment)


def check(storage, tmp_path, trials=4):
    """As many trials as were asked for, all ended, none twice, and the best of them in the baseline file."""
    study = load_study(str(storage), "full_run")
    assert [trial.number for trial in study.trials] == list(range(len(study.trials)))
    whole = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    assert len(whole) == trials
    assert not study.get_trials(states=(tuning.TrialState.RUNNING,))
    assert len({trial.params["learning_rate"] for trial in whole}) == trials
    for trial in whole:
        events = [json.loads(line)["event"] for line in journal(tmp_path / "runs" / f"trial_{trial.number:03d}")]
        assert events == ["start", "epoch", "end"]
    baseline = yaml.safe_load((tmp_path / "b.yaml").read_text())
    assert {name: baseline[name] for name in TUNED} == study.best_trial.params
    return study


def journal(run):
    return (run / "run.jsonl").read_text().splitlines()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("storage", ["study.db", "journal:///study.journal"])
def test_two_workers_of_one_command(tune, tmp_path, storage):
    scheme, _, name = storage.rpartition("/")
    url = f"{scheme}/{tmp_path / name}" if scheme else str(tmp_path / name)
    out, _ = ended(tune("--workers", 2, "--storage", url))
    check(url, tmp_path)
    assert all(f"[trial {number}] epoch 1/1" in out for number in range(4))
    assert out.splitlines()[-1].startswith("best of 4 trials: ")
    assert "[trial" not in ended(tune("--workers", 2, "--storage", url))[0]  # nothing is left to do


def test_two_commands_share_a_journal(tune, tmp_path):
    url = f"journal:///{tmp_path / 'study.journal'}"
    both = [tune("--storage", url) for _ in range(2)]
    for process in both:
        ended(process)
    check(url, tmp_path)


def test_two_commands_share_a_proxy(tune, tmp_path):
    port = free_port()
    server = start("serve", tmp_path / "study.db", "--port", port)
    try:
        both = [tune("--storage", f"grpc://127.0.0.1:{port}") for _ in range(2)]
        for process in both:
            ended(process)
    finally:
        server.terminate()
        server.communicate()
    check(tmp_path / "study.db", tmp_path)


@pytest.fixture
def postgresql():
    """A server of its own on a free port, as the user that PostgreSQL's package made if this one is root."""
    if SERVER is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    user = {"user": "postgres"} if os.getuid() == 0 else {}
    directory, port = Path(tempfile.mkdtemp(prefix="nexuszero-pg-")), free_port()
    if user:
        shutil.chown(directory, "postgres")
    run = lambda *command: subprocess.run(command, check=True, capture_output=True, cwd="/", **user)  # noqa: E731
    run(SERVER / "initdb", "-D", directory / "db", "-A", "trust", "-U", "postgres")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {directory}"
    run(SERVER / "pg_ctl", "-D", directory / "db", "-w", "-o", options, "-l", directory / "log", "start")
    yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    run(SERVER / "pg_ctl", "-D", directory / "db", "-m", "immediate", "stop")
    shutil.rmtree(directory)


def test_two_commands_share_a_database_server(tune, tmp_path, postgresql):
    both = [tune("--storage", postgresql) for _ in range(2)]
    for process in both:
        ended(process)
    study = check(postgresql, tmp_path)
    study._storage._backend.engine.dispose()  # psycopg warns of connections that the interpreter closes


def test_a_killed_worker_is_noticed_and_its_trial_runs_again(tune, tmp_path):
    url = f"journal:///{tmp_path / 'study.journal'}"
    process = tune("--storage", url, "--epochs", 1000)
    run = tmp_path / "runs/trial_000/run.jsonl"
    until(lambda: run.is_file() and run.read_text().count('"epoch"') > 1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    ended(tune("--storage", url))
    study = check(url, tmp_path)
    assert [trial.state.name for trial in study.trials] == ["FAIL", *STATES]


def test_the_dashboard_does_not_disturb_a_study_that_runs(tune, tmp_path):
    process, port = tune("--trials", 6), free_port()
    until(lambda: (tmp_path / "runs/trial_000").is_dir())
    board = subprocess.Popen(
        [Path(sys.executable).with_name("optuna-dashboard"), "--host", "127.0.0.1", "--port", str(port),
         f"sqlite:///{tmp_path / 'study.db'}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/api/studies"))
        seen = 0
        while process.poll() is None:
            seen = max(seen, len(answers(f"http://127.0.0.1:{port}/api/studies/1")["trials"]))
        ended(process)
        assert seen > 0
        assert answers(f"http://127.0.0.1:{port}/api/studies")["study_summaries"][0]["study_name"] == "full_run"
    finally:
        board.terminate()
        board.wait()
    check(tmp_path / "study.db", tmp_path, 6)


def test_make_serves_the_dashboard_on_loopback(tmp_path):
    command = ["make", "--no-print-directory", "-n", "dashboard", "PROFILE=smoke"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]).stdout
    assert said.splitlines()[-1].endswith("--host 127.0.0.1 sqlite:///reports/smoke/optuna_study.db")


def answers(url):
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
    return None


def until(true, seconds=120):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def test_the_later_of_two_that_ask_for_the_last_trial_gives_way(data_directory, tmp_path):
    told = {"data": data_directory, "storage": str(tmp_path / "s.db"), "runs": tmp_path / "runs", "trials": 2}
    config = TuneConfig.model_validate(told)
    study = open_study(config.storage, config.study_name)
    for _ in range(2):
        study.ask()  # somebody else's, between our count and our asking
    late = study.ask()
    with pytest.raises(tuning.Surplus):
        tuning._objective(late, config, {}, print)
    assert not (tmp_path / "runs").exists()


def test_memory_is_not_shared(data_directory, tmp_path):
    told = {"data": data_directory, "storage": "sqlite:///:memory:", "workers": 2, "trials": 2}
    with pytest.raises(InputError, match="lives in one process"):
        tuning.tune(TuneConfig.model_validate(told | {"baseline": tmp_path / "b.yaml"}), log=lambda line: None)


@pytest.mark.parametrize("storage", ["grpc://127.0.0.1:1", "grpc://nowhere", "postgresql+psycopg://x@127.0.0.1:1/x"])
def test_a_storage_that_does_not_answer_is_one_line(storage):
    with pytest.raises(InputError, match=re.escape(storage)) as raised:
        open_study(storage, "full_run")
    assert len(str(raised.value).splitlines()) == 1


def test_a_proxy_in_front_of_a_journal_is_refused(tmp_path):
    error = ended(start("serve", f"journal:///{tmp_path / 'j'}"), 2)[1]
    assert "a proxy needs SQLite or a database server" in error


def test_what_processes_may_share_is_used_as_it_is():
    with shared("journal:///a") as url:
        assert url == "journal:///a"


# pieces of work


def die():
    os._exit(9)


def wrong():
    raise InputError("a piece's own error")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_pool_returns_and_raises_what_the_piece_does(workers):
    with pool("local", workers) as submit:
        assert submit(divmod, 7, 2).result() == (3, 1)
        with pytest.raises(InputError, match="a piece's own error"):
            submit(wrong).result()


def test_a_worker_that_dies_is_lost():
    with pool("local", 2) as submit, pytest.raises(Lost):
        submit(die).result()


def test_threads_are_shared_among_workers(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert [share(0, 1), share(0, 2), share(3, 2), share(0, 99)] == [0, 4, 3, 1]


# Ray

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra `ray` is not installed")


@needs_ray
def test_trials_as_ray_tasks(tune, tmp_path):
    out, _ = ended(tune("--executor", "ray", "--workers", 2))
    check(tmp_path / "study.db", tmp_path)
    assert sum(": validation loss" in line for line in out.splitlines()) == 4


@needs_ray
def test_shards_as_ray_tasks_are_the_dataset_of_one_machine(tmp_path):
    sizes = ("--train", 300, "--val", 60, "--test", 60, "--seed", 5)
    one = start("generate", "--out", tmp_path / "one", *sizes)
    ended(one)
    two = start("generate", "--out", tmp_path / "two", *sizes, "--executor", "ray", "--workers", 2)
    ended(two)
    assert hashes(tmp_path / "two") == hashes(tmp_path / "one")


def hashes(data):
    return json.loads((data / "generation.json").read_text())["sha256"]


@needs_ray
def test_a_ray_cluster_that_is_not_there_is_one_line(tune, monkeypatch):
    error = ended(tune("--executor", "ray", "--ray-address", "nonsense://127.0.0.1:1"), 1)[1]
    assert "Ray at nonsense://127.0.0.1:1" in error.splitlines()[-1]


def test_ray_that_does_not_answer_ends(monkeypatch):
    from nexuszero import pool as module

    monkeypatch.setattr(module, "PATIENCE", 0.1)
    with (
        pytest.raises(StageError, match="no answer within"),
        module._running(SimpleNamespace(init=lambda **_: time.sleep(60)), {"address": "x"}),
    ):
        pass


def test_without_ray_one_line_says_so(tune, tmp_path):
    (tmp_path / "ray.py").write_text("raise ImportError('no ray')\n")
    error = ended(tune("--executor", "ray", PYTHONPATH=str(tmp_path)), 2)[1]
    assert len(error.splitlines()) == 1
    assert "Ray is not installed; pip install 'nexuszero[ray]'" in error


# DistributedDataParallel


SMALL = {"hidden_dim": 16, "num_layers": 2, "num_heads": 4, "epochs": 3, "dropout": 0, "learning_rate": 5e-3,
         "device": "cpu", "log_every": 0, "threads": 1}  # fmt: skip


def train(out, data, *arguments, launcher=()):
    """Starts `nexuszero train` on two processes."""
    out.mkdir(exist_ok=True)
    (out / "profile.yaml").write_text(yaml.safe_dump({"train": SMALL | {"data": str(data), "out": ".", "devices": 2}}))
    command = [*launcher, COMMAND, "train", "--config", out / "profile.yaml", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def losses(out):
    rows = [json.loads(line) for line in journal(out)]
    assert [row["event"] for row in rows] == ["start", "epoch", "epoch", "epoch", "end"]
    return [row[name] for row in rows[1:] for name in ("train_loss", "val_loss") if name in row]


# 96 circuits: batches of 25, the last one of 21, cannot be divided equally; of 19, the last one has a single circuit
@pytest.mark.parametrize("batch_size", [25, 19])
def test_two_processes_lose_what_one_does_on_the_same_batches(data_directory, tmp_path, batch_size):
    one = training.train(
        TrainConfig(data=data_directory, out=tmp_path / "one", batch_size=batch_size, **SMALL), log=str
    )
    out, _ = ended(train(tmp_path / "two", data_directory, "--batch-size", batch_size))
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-4)
    assert json.loads(journal(tmp_path / "two")[-1])["test_loss"] == pytest.approx(one.test_loss, rel=1e-4)
    assert out.count("epoch 1/3: train") == 1  # one of the two speaks


def test_torchrun_launches_it_and_it_resumes(data_directory, tmp_path):
    launcher = (Path(sys.executable).with_name("torchrun"), "--standalone", "--nproc-per-node", "2", "--no-python")
    ended(train(tmp_path, data_directory, "--epochs", 3, launcher=launcher))
    first = losses(tmp_path)
    out, _ = ended(train(tmp_path, data_directory, "--resume"))
    assert out.startswith("best network: epoch")
    training.train(TrainConfig(data=data_directory, out=tmp_path / "one", **SMALL), log=str)
    assert first == pytest.approx(losses(tmp_path / "one"), rel=1e-4)


def test_divergence_in_two_processes_is_one_line(data_directory, tmp_path):
    bad = tmp_path / "bad"
    shutil.copytree(data_directory, bad)
    columns = read(bad / "train").columns()
    columns["x"][:, 3] = np.nan
    write(bad / "train/index.h5", columns)
    error = ended(train(tmp_path / "two", bad), 1)[1]
    assert "the training loss is nan at epoch 1, batch 1" in error


def test_the_proxy_ends_with_a_command_that_is_killed(tune, tmp_path):
    process = tune("--workers", 2, "--epochs", 1000)
    until(lambda: (tmp_path / "runs/trial_000/run.jsonl").is_file())
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 3  # the proxy and two workers
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not psutil.wait_procs(children, timeout=60)[1]
