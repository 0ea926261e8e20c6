"""The light core as somebody installs it: one wheel, an empty environment, another directory, and no torch."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
CIRCUIT = ROOT / "tests/fixtures/circuits/compare.bn128.r1cs"
FIXTURES = ROOT / "crypto/tests/fixtures"
PROVED, WITNESS = (
    FIXTURES / "circuits/adder24.bn128.O1.r1cs",
    FIXTURES / "proofs/adder24.bn128.wtns",
)
HEAVY = {
    "torch",
    "pandas",
    "h5py",
    "optuna",
    "lightning",
    "sklearn",
    "papermill",
    "plotly",
    "scipy",
}
MEGABYTES = 100  # of everything that the core brings


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from what `make setup` compiled already."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [BIN / "maturin", "build", "--release", "--locked", "--quiet", "--out", out],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """An empty environment with the wheel and its core dependencies, in the locked versions."""
    place = tmp_path_factory.mktemp("environment") / "env"
    uv = BIN / "uv"
    subprocess.run(
        [uv, "venv", "--quiet", "--python", sys.executable, place], check=True
    )
    subprocess.run(
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            place / "bin/python",
            "--constraint",
            ROOT / "requirements.lock",
            wheel,
        ],
        check=True,
    )
    return place


@pytest.fixture
def command(environment, tmp_path):
    """Runs `nexuszero` of that environment in a directory without a repository."""

    def run(*arguments):
        return subprocess.run(
            [environment / "bin/nexuszero", *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": "/usr/bin:/bin"},
        )

    return run


def answer(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_one_wheel_serves_every_python_and_holds_the_profiles(wheel):
    assert wheel.name.split("-")[2:4] == ["py3", "none"]
    names = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", wheel], capture_output=True, text=True
    ).stdout
    templates = [
        file.relative_to(ROOT)
        for file in (ROOT / "nexuszero/report/templates").rglob("*")
        if file.is_file()
    ]
    profiles = ["nexuszero/profiles/quick.yaml", "nexuszero/profiles/full.yaml"]
    for name in (*profiles, *templates):
        assert str(name) in names
    assert "notebooks/" not in names


def test_the_core_is_light(environment):
    (packages,) = environment.glob("lib/python*/site-packages")
    assert HEAVY.isdisjoint(path.name for path in packages.iterdir())
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())
    assert size < MEGABYTES * 1e6


def test_the_core_commands_work_elsewhere(command, tmp_path):
    shutil.copy(CIRCUIT, tmp_path / "circuit.r1cs")
    assert answer(command("estimate", "lwe", 512, 3329, 3, "--json"))["bits"] > 0
    assert (
        answer(
            command("choose", "--forms", 100, "--bits", 40, "--security", 128, "--json")
        )["n"]
        % 64
        == 0
    )
    assert answer(command("analyse", "circuit.r1cs", "--json"))["liftable"]
    exact = answer(
        command("recommend", "circuit.r1cs", "--security", 128, "--exact", "--json")
    )
    assert exact["proof_size"] > 0
    exported = answer(command("export", "merkle", 3, "merkle.r1cs", "--json"))
    assert (tmp_path / exported["file"]).is_file()
    at = ("--security", 128)
    answer(command("prove", PROVED, WITNESS, *at, "-o", "sum.proof", "--json"))
    assert (
        command("verify", PROVED, "sum.proof", "public.json", *at).stdout == "valid\n"
    )
    version = command("--version").stdout
    assert version.startswith("nexuszero ") and "labels" in version


def test_without_a_network_the_search_answers_and_names_the_extra(command, tmp_path):
    shutil.copy(CIRCUIT, tmp_path / "circuit.r1cs")
    found = answer(command("recommend", "circuit.r1cs", "--security", 128, "--json"))
    assert found["source"].startswith("exact search")
    assert "nexuszero[network]" in found["source"]


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["generate"], "network"),
        (["train"], "network"),
        (["tune"], "lab"),
        (["week"], "lab"),
        (["report", CIRCUIT], "lab"),
        (
            ["recommend", CIRCUIT, "--security", 128, "--checkpoint", "best_model.pt"],
            "network",
        ),
    ],
)
def test_a_command_without_its_extra_says_which_in_one_line(command, arguments, extra):
    done = command(*arguments)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert len(done.stderr.splitlines()) == 1
    assert f"pip install 'nexuszero[{extra}]'" in done.stderr
