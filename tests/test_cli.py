"""The command line as real processes: answers, and one line with exit code 2 for every kind of bad input."""

import contextlib
import csv
import io
import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest
import typer
import yaml

from nexuszero import cli
from nexuszero.config import GenerateConfig, TrainConfig, TuneConfig

ROOT = Path(__file__).parents[1]
CIRCUITS = ROOT / "crypto/tests/fixtures/circuits"
GOLDEN = ROOT / "crypto/tests/fixtures/golden"
MODULES = {"generate": "data.generation", "tune": "training.tuning", "train": "training.run"}
VALUES = {"data": Path("here: there"), "study_name": "123", "storage": "journal:////s/a.log", "generate": True}
COMMAND = [sys.executable, "-c", "from nexuszero.cli import main; main()"]


def run(*arguments, **environment):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, env=os.environ | environment,
    )  # fmt: skip


def answer(*arguments):
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(*arguments, **environment):
    done = run(*arguments, **environment)
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_estimate_kyber512_as_the_scheme_table_has_it():
    # golden/schemes.csv, Kyber512: beta 406, d 998, 2^118.552
    found = answer("estimate", "lwe", 512, 3329, 1.224744871391589, "--samples", 512, "--attack", "usvp")
    assert list(found) == ["attack", "beta", "d", "delta", "bits", "quantum_bits", "hardness"]
    assert (found["attack"], found["beta"], found["d"]) == ("usvp", 406, 998)
    assert found["bits"] == pytest.approx(118.552)
    assert found["quantum_bits"] == pytest.approx(0.265 * 406)


def test_rough_is_the_cheaper_attack_and_the_secret_may_differ():
    both = [
        answer("estimate", "lwe", 768, "2^18", 1.22, "--attack", attack)["bits"] for attack in ("usvp", "dual_hybrid")
    ]
    assert answer("estimate", "lwe", 768, "2^18", 1.22)["bits"] == min(both)
    narrow = answer("estimate", "lwe", 768, "2^18", 3.2, "--sigma-secret", 0.8165)["bits"]
    assert narrow < answer("estimate", "lwe", 768, "2^18", 3.2)["bits"]


def test_an_attack_that_does_not_work_is_null():
    found = answer("estimate", "sis", 768, 8388608, 16, "--samples", 3072)
    assert found["bits"] is None
    assert found["quantum_bits"] is None


def test_golden_tables_pass_through_csv():
    for name, kind in (("lwe_usvp_edge.csv", ["lwe", "--attack", "usvp"]), ("sis_l2.csv", ["sis"])):
        done = run("estimate", *kind, "--csv", GOLDEN / name)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        golden = list(csv.DictReader(io.StringIO((GOLDEN / name).read_text())))
        assert len(rows) == len(golden) > 0
        for row, expected in zip(rows, golden, strict=True):
            finite = expected["rop_log2"] not in ("inf", "")
            assert row["n"] == expected["n"]
            if finite:
                assert float(row["bits"]) == pytest.approx(float(expected["rop_log2"]), abs=0.01)
                assert row["beta"] == expected["beta"]


def test_choose_passes_the_golden_labels_through_csv():
    done = run("choose", "--csv", GOLDEN / "labels.csv")
    assert done.stdout.splitlines() == (GOLDEN / "labels.csv").read_text().splitlines()


def test_choose_by_name_and_by_prime_agree():
    named = answer("choose", "--forms", 100, "--field", "goldilocks", "--security", 100)
    assert named == answer("choose", "--forms", 100, "--field", 2**64 - 2**32 + 1, "--security", 100)
    assert named["proof_size"] == 13982  # golden/labels.csv, first row


def test_an_infeasible_wish_names_the_constraint():
    line = refused("choose", "--forms", 3000, "--field", "babybear", "--security", 256)
    assert "infeasible" in line
    assert "Module-SIS" in line


def test_analyse_prints_an_object_a_line_in_order():
    files = [CIRCUITS / "dot4.bn128.O1.r1cs", CIRCUITS / "adder24.bn128.O1.r1cs"]
    done = run("analyse", *files, "--json")
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["constraints"], second["constraints"]) == (5, 146)
    assert (first["liftable"], second["liftable"]) == (False, True)


def test_bounds_make_a_circuit_lift(tmp_path):
    bounds = tmp_path / "bounds.json"
    bounds.write_text(json.dumps({str(wire): [-100, 100] for wire in range(1, 14)}))
    found = answer("analyse", CIRCUITS / "dot4.bn128.O1.r1cs", "--bounds", bounds)
    assert found["liftable"]


def test_recommend_exactly():
    found = answer("recommend", CIRCUITS / "adder24.bn128.O1.r1cs", "--security", 128, "--exact")
    assert (found["n"], found["log2_q"], found["kappa"], found["proof_size"]) == (1600, 32, 13, 15774)
    assert found["q"].bit_length() == 32
    assert found["source"].startswith("exact search")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["choose", "--forms", 1, "--bits", 40, "--security", 77], "100, 128, 192, 256"),
        (["recommend", CIRCUITS / "dot4.bn128.O1.r1cs", "--security", 77, "--exact"], "100, 128, 192, 256"),
        (["choose", "--forms", 1, "--field", 15, "--security", 128], "not prime"),
        (["choose", "--forms", 1, "--security", 128], "one of B"),
        (["choose", "--forms", 1, "--bits", 4, "--field", 17, "--security", 128], "not both"),
        (["choose", "--forms", 1, "--field", "bn255", "--security", 128], "bn254"),
        (["estimate", "lwe", 512, "x", 3], "2^k"),
        (["estimate", "lwe", 512, 1, 3], "at least 2"),
        (["estimate", "lwe", 512, 3329, "nan"], "positive"),
        (["estimate", "lwe", 512, 3329, 3, "--samples", 0], "samples"),
        (["estimate", "lwe", 512, 3329, 3, "--attack", "magic"], "usvp"),
        (["estimate", "lwe", 512], "N Q SIGMA"),
        (["estimate", "lwe", "--csv", "none.csv"], "none.csv"),
        (["estimate", "sis", 5, 17, 0], "BOUND"),
        (["estimate", "mlwe"], "mlwe"),
        (["analyse", "none.r1cs"], "none.r1cs"),
        (["analyse", "README.md"], "not an .r1cs file"),
        (["analyse", CIRCUITS / "dot4.bn128.O1.r1cs", "--bounds", "none.json"], "none.json"),
        (["generate", "--profile", "huge"], "smoke"),
        (["generate", "--profile", "smoke", "--set", "trian=3"], "train"),
        (["generate", "--profile", "smoke", "--set", "train=many"], "integer"),
        (["train", "--profile", "smoke", "--set", "baseline=null", "--set", "data=/nowhere"], "nowhere"),
        (["week", "--profile", "smoke", "--set", "train=3"], "stage.key=value"),
        (["nonsense"], "nonsense"),
        (["analyse", "--frobnicate"], "--frobnicate"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(arguments, says):
    assert says in refused(*arguments)


@pytest.mark.parametrize("model", [GenerateConfig, TuneConfig, TrainConfig])
def test_every_key_of_a_stage_is_an_option(model, monkeypatch):
    """A flag is read as `--set key=value` is, over the profile; names and paths are taken literally."""
    name = model.__name__.removesuffix("Config").lower()
    command = typer.main.get_command(cli.app).commands[name]
    flags = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {f"--{key.replace('_', '-')}" for key in model.model_fields} < flags
    given, expected = [], {}
    for key, field in model.model_fields.items():
        flag, value = f"--{key.replace('_', '-')}", VALUES.get(key, field.default)
        if field.annotation is bool:
            given.append(flag if value else f"--no-{flag[2:]}")
        elif value is not None:
            given += [flag, str(value)]
            expected[key] = value
    monkeypatch.chdir(ROOT)
    seen = []
    monkeypatch.setattr(f"nexuszero.{MODULES[name]}.{name}", seen.append)
    command.main(["--profile", "smoke", *given], standalone_mode=False)
    (config,) = seen
    for key, value in expected.items():
        found = getattr(config, key)
        assert found == ROOT / value if isinstance(value, Path) else found == value, key


def test_flags_win_over_set_and_profile(monkeypatch):
    monkeypatch.chdir(ROOT)
    seen = []
    monkeypatch.setattr("nexuszero.training.tuning.tune", seen.append)
    cli.app(["tune", "--profile", "smoke", "--set", "trials=5", "--trials", "7", "--generate"], standalone_mode=False)
    assert (seen[0].trials, seen[0].generate, seen[0].batch_size) == (7, True, 8)


def test_a_terminal_shows_a_bar_and_a_pipe_plain_lines(data_directory, tmp_path):
    told = {"data": str(data_directory), "hidden_dim": 16, "num_layers": 1, "num_heads": 4, "epochs": 2, "log_every": 1}
    (tmp_path / "profile.yaml").write_text(yaml.safe_dump({"train": told | {"out": "run"}}))
    command = [Path(sys.executable).with_name("nexuszero"), "train", "--config", tmp_path / "profile.yaml"]
    piped = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "\r" not in piped
    assert "  batch 3/3: loss" in piped
    shown = in_a_terminal(command)
    assert "100%" in shown and "batch 3/3" not in shown
    for line in ("epoch 1/2: 3 batches of 32", "epoch 2/2: train", "best network: epoch"):
        assert line in piped
        assert line in shown


def in_a_terminal(command):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # Linux ends a closed terminal with an error
            while part := os.read(ours, 4096):
                shown += part
    os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode()


def test_a_csv_without_a_column_names_it(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("n,q,sigma_s,m\n512,3329,1,oo\n")
    assert "sigma_e" in refused("estimate", "lwe", "--csv", table)
    table.write_text("n,q,sigma_s,sigma_e,m\n512,3329,1\n")
    assert "line 2" in refused("estimate", "lwe", "--csv", table)


def test_a_truncated_circuit_is_one_line(tmp_path):
    cut = tmp_path / "cut.r1cs"
    cut.write_bytes((CIRCUITS / "dot4.bn128.O1.r1cs").read_bytes()[:-5])
    assert "cut.r1cs" in refused("analyse", cut)


def test_a_missing_library_is_one_line(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['nexuszero._crypto'] = None\n")
    assert "make setup" in refused("estimate", "lwe", 512, 3329, 3, PYTHONPATH=str(tmp_path))


def test_commands_without_a_model_import_no_torch():
    script = (
        "import sys; sys.argv = ['nexuszero', 'estimate', 'lwe', '512', '3329', '3']\nfrom nexuszero.cli import main\n"
    )
    script += "try: main()\nexcept SystemExit: pass\nassert 'torch' not in sys.modules and 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True)
