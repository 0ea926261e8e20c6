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

import numpy as np
import optuna
import psutil
import pytest
import yaml

from nexuszero import training
from nexuszero.config import TUNED, GenerateConfig, TrainConfig, TuneConfig
from nexuszero.data import generate, read, write
from nexuszero.errors import InputError
from nexuszero.settings import load
from nexuszero.training import load_study, open_study, tuning

COMMAND = str(Path(sys.executable).with_name("nexuszero"))
SERVER = next(
    iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None
)
STATES = ("COMPLETE", "COMPLETE", "COMPLETE", "COMPLETE")


def start(*arguments, **environment):
    return subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
    )


def ended(process, code=0):
    out, error = process.communicate(timeout=400)
    assert process.returncode == code, (process.returncode, out, error)
    assert "Traceback" not in error
    return out, error


@pytest.fixture
def tune(data_directory, tmp_path):
    """Starts `nexuszero tune` for a study of four short trials."""
    told = {
        "data": str(data_directory),
        "trials": 4,
        "epochs": 1,
        "batch_cap": 2,
        "batch_size": 8,
        "log_every": 0,
    }
    file = tmp_path / "profile.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "tune": told
                | {"baseline": "b.yaml", "runs": "runs", "storage": "study.db"}
            }
        )
    )
    return lambda *arguments, **environment: start(
        "tune", "--config", file, *arguments, **environment
    )


def check(storage, tmp_path, count=4):
    """As many trials as were asked for, all ended, none twice, and the best of them in the baseline file."""
    study = load_study(str(storage), "full_run")
    assert [trial.number for trial in study.trials] == list(range(len(study.trials)))
    whole = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    assert len(whole) == count
    assert not study.get_trials(states=(optuna.trial.TrialState.RUNNING,))
    assert len({trial.params["learning_rate"] for trial in whole}) == count
    for trial in whole:
        events = [
            json.loads(line)["event"]
            for line in journal(tmp_path / "runs" / f"trial_{trial.number:03d}")
        ]
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


def test_two_workers_of_one_command(tune, tmp_path):
    url = f"journal:///{tmp_path / 'study.journal'}"
    out, _ = ended(tune("--storage", url, "--set", "workers=2"))
    check(url, tmp_path)
    assert all(f"[trial {number}] epoch 1/1" in out for number in range(4))
    assert out.splitlines()[-1].startswith("best of 4 trials: ")
    lines = []
    again = load(
        TuneConfig, tmp_path / "profile.yaml", "tune", [f"storage={url}", "workers=2"]
    )
    training.tune(again, log=lines.append)  # nothing is left to do
    assert [line.split(":")[0] for line in lines] == ["best of 4 trials"]


def test_two_commands_share_a_journal(tune, tmp_path):
    url = f"journal:///{tmp_path / 'study.journal'}"
    both = [tune("--storage", url) for _ in range(2)]
    for process in both:
        ended(process)
    check(url, tmp_path)


@pytest.fixture
def postgresql():
    """A server of its own on a free port, as the user that PostgreSQL's package made if this one is root."""
    if SERVER is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    user = {"user": "postgres"} if os.getuid() == 0 else {}
    directory, port = Path(tempfile.mkdtemp(prefix="nexuszero-pg-")), free_port()
    if user:
        shutil.chown(directory, "postgres")

    def run(*command):
        subprocess.run(command, check=True, capture_output=True, cwd="/", **user)

    run(SERVER / "initdb", "-D", directory / "db", "-A", "trust", "-U", "postgres")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {directory}"
    run(
        SERVER / "pg_ctl",
        "-D",
        directory / "db",
        "-w",
        "-o",
        options,
        "-l",
        directory / "log",
        "start",
    )
    yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    run(SERVER / "pg_ctl", "-D", directory / "db", "-m", "immediate", "stop")
    shutil.rmtree(directory)


def test_two_commands_share_a_database_server(tune, tmp_path, postgresql):
    both = [tune("--storage", postgresql) for _ in range(2)]
    for process in both:
        ended(process)
    study = check(postgresql, tmp_path)
    study._storage._backend.engine.dispose()  # psycopg warns of connections that the interpreter closes


def test_killed_workers_and_a_killed_command_lose_nothing_but_their_trials(
    tune, tmp_path
):
    url = f"journal:///{tmp_path / 'study.journal'}"
    process = tune("--storage", url, "--epochs", 1000, "--set", "workers=2")
    runs = [tmp_path / f"runs/trial_{number:03d}/run.jsonl" for number in range(4)]
    until(
        lambda: all(run.is_file() and '"epoch"' in run.read_text() for run in runs[:2])
    )

    # a worker is killed: the command notices, and both trials run again
    children = psutil.Process(process.pid).children(recursive=True)
    workers = [
        child for child in children if child.ppid() != process.pid
    ]  # forked by a child that imports for them
    assert len(workers) == 2
    workers[0].kill()
    until(lambda: all(run.is_file() for run in runs[2:]))  # each has signed its trial

    # the command is killed: its workers end, too
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate()
    assert "a worker died" in out
    assert not psutil.wait_procs(children, timeout=60)[1]

    # and the next command goes on
    assert "is of epochs 1000, not 1" in ended(tune("--storage", url), 2)[1]
    load_study(url, "full_run").set_user_attr("epochs", 1)  # for trials that end
    ended(tune("--storage", url))
    states = [trial.state.name for trial in check(url, tmp_path).trials]
    assert states == ["FAIL"] * 4 + ["COMPLETE"] * 4


def test_the_dashboard_does_not_disturb_a_study_that_runs(tune, tmp_path):
    process, port = tune("--trials", 6), free_port()
    until(lambda: (tmp_path / "runs/trial_000").is_dir())
    board = subprocess.Popen(
        [
            Path(sys.executable).with_name("optuna-dashboard"),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            f"sqlite:///{tmp_path / 'study.db'}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/api/studies"))
        seen = 0
        while process.poll() is None:
            seen = max(
                seen, len(answers(f"http://127.0.0.1:{port}/api/studies/1")["trials"])
            )
        ended(process)
        assert seen > 0
        assert (
            answers(f"http://127.0.0.1:{port}/api/studies")["study_summaries"][0][
                "study_name"
            ]
            == "full_run"
        )
    finally:
        board.terminate()
        board.wait()
    check(tmp_path / "study.db", tmp_path, 6)


def test_make_serves_the_dashboard_on_loopback(tmp_path):
    command = ["make", "--no-print-directory", "-n", "dashboard", "PROFILE=smoke"]
    said = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    ).stdout
    assert said.splitlines()[-1].endswith(
        "--host 127.0.0.1 sqlite:///reports/smoke/optuna_study.db"
    )


def answers(url):
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(url, timeout=10) as answer,
    ):
        return json.load(answer)
    return None


def until(true, seconds=120):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def test_the_later_of_two_that_ask_for_the_last_trial_gives_way(
    data_directory, tmp_path
):
    told = {
        "data": data_directory,
        "storage": str(tmp_path / "s.db"),
        "runs": tmp_path / "runs",
        "trials": 2,
    }
    config = TuneConfig.model_validate(told)
    study = open_study(config.storage, config.study_name)
    for _ in range(2):
        study.ask()  # somebody else's, between our count and our asking
    late = study.ask()
    with pytest.raises(tuning.Surplus):
        tuning._objective(late, config, {}, print)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("changes", [{"workers": 2}, {"executor": "ray"}])
@pytest.mark.parametrize("storage", ["sqlite:///:memory:", "study.db"])
def test_sqlite_is_not_shared(data_directory, tmp_path, monkeypatch, storage, changes):
    monkeypatch.chdir(tmp_path)
    config = TuneConfig(
        data=data_directory, storage=storage, baseline=tmp_path / "b.yaml", **changes
    )
    with pytest.raises(
        InputError,
        match="SQLite serves one process; for several workers name journal:///FILE",
    ):
        training.tune(config, log=lambda line: None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "storage",
    ["grpc://127.0.0.1:1", "nothing://x", "postgresql+psycopg://x@127.0.0.1:1/x"],
)
def test_a_storage_that_does_not_answer_is_one_line(storage):
    with pytest.raises(InputError, match=re.escape(storage)) as raised:
        open_study(storage, "full_run")
    assert len(str(raised.value).splitlines()) == 1


# Ray

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the extra `ray` is not installed"
)


@needs_ray
def test_trials_as_ray_tasks(tune, tmp_path):
    url = f"journal:///{tmp_path / 'study.journal'}"
    out, _ = ended(
        tune("--storage", url, "--set", "executor=ray", "--set", "workers=2")
    )
    check(url, tmp_path)
    assert sum(": validation loss" in line for line in out.splitlines()) == 4


@needs_ray
def test_shards_as_ray_tasks_are_the_dataset_of_one_machine(tmp_path):
    sizes = {
        "train": 300,
        "val": 60,
        "test": 60,
        "test_large": 0,
        "test_family": 0,
        "seed": 5,
    }
    generate(GenerateConfig(out=tmp_path / "one", **sizes), log=str)
    options = [f"{name}={value}" for name, value in sizes.items()]
    options += [f"out={tmp_path / 'two'}", "executor=ray", "workers=2"]
    ended(
        start("generate", *(part for option in options for part in ("--set", option)))
    )
    assert hashes(tmp_path / "two") == hashes(tmp_path / "one")


def hashes(data):
    return json.loads((data / "generation.json").read_text())["sha256"]


# DistributedDataParallel


SMALL = {
    "hidden_dim": 16,
    "num_layers": 2,
    "num_heads": 4,
    "epochs": 3,
    "dropout": 0,
    "learning_rate": 5e-3,
    "device": "cpu",
    "log_every": 0,
    "threads": 1,
}


def learn(data, out, on_epoch=None, **changes):
    """A run in this process, the losses of its epochs beside its result."""
    config = TrainConfig(data=data, out=out, **(SMALL | changes))
    result = training.train(config, log=str, on_epoch=on_epoch)
    return [
        loss for epoch in result.history for loss in (epoch.train_loss, epoch.val_loss)
    ] + [result.test_loss]


def command(out, data, launcher=()):
    """Starts `nexuszero train` on two processes."""
    profile = out.with_suffix(".yaml")
    profile.write_text(
        yaml.safe_dump(
            {"train": SMALL | {"data": str(data), "out": str(out), "devices": 2}}
        )
    )
    return subprocess.Popen(
        [*launcher, COMMAND, "train", "--config", profile],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Stop(Exception):
    pass


def stop(epoch):
    raise Stop


def test_two_processes_lose_what_one_does_and_resume_to_the_last_digit(
    data_directory, tmp_path, capfd
):
    """96 circuits: the last batch of 25 has 21, which cannot be divided equally."""
    one = learn(data_directory, tmp_path / "one", batch_size=25)
    two = learn(data_directory, tmp_path / "two", batch_size=25, devices=2)
    assert two == pytest.approx(one, rel=1e-4)
    assert [json.loads(line)["event"] for line in journal(tmp_path / "two")] == [
        "start",
        *["epoch"] * 3,
        "end",
    ]
    with pytest.raises(Stop):
        learn(data_directory, tmp_path / "cut", stop, batch_size=25, devices=2)
    assert (
        learn(data_directory, tmp_path / "cut", batch_size=25, devices=2, resume=True)
        == two
    )
    assert capfd.readouterr() == ("", "")  # the other process says nothing


def test_a_process_without_a_circuit_takes_every_step(data_directory, tmp_path):
    """96 circuits: the last batch of 19 has a single one."""
    changes = {"batch_size": 19, "accumulate": 2}
    one = learn(data_directory, tmp_path / "one", **changes)
    assert learn(
        data_directory, tmp_path / "two", devices=2, **changes
    ) == pytest.approx(one, rel=1e-4)


def test_torchrun_launches_it(data_directory, tmp_path):
    launcher = (
        Path(sys.executable).with_name("torchrun"),
        "--standalone",
        "--nproc-per-node",
        "2",
        "--no-python",
    )
    out, _ = ended(command(tmp_path / "two", data_directory, launcher=launcher))
    assert out.count("epoch 1/3: train") == 1  # one of the two speaks
    one = learn(data_directory, tmp_path / "one")
    losses = [
        json.loads(line).get("val_loss") for line in journal(tmp_path / "two")[1:-1]
    ]
    assert losses == pytest.approx(one[1:-1:2], rel=1e-4)
    assert (
        len(learn(data_directory, tmp_path / "two", resume=True, devices=2)) == 7
    )  # what is whole is not run again
    assert len(journal(tmp_path / "two")) == 7


def test_several_machines_need_a_launcher(data_directory, tmp_path):
    with pytest.raises(InputError, match="nodes: a launcher starts the command"):
        learn(data_directory, tmp_path, nodes=2)


def test_divergence_in_two_processes_is_one_line(data_directory, tmp_path):
    bad = tmp_path / "bad"
    shutil.copytree(data_directory, bad)
    columns = read(bad / "train").columns()
    columns["x"][:, 3] = np.nan
    seed = read(bad / "train").attributes["master_seed"]
    write(bad / "train/index.h5", columns, {"master_seed": seed})
    error = ended(command(tmp_path / "two", bad), 1)[1]
    assert (
        "the training loss is nan at epoch 1, batch 1" in error
        and len(error.splitlines()) == 1
    )
