"""The command line: answers, one line and exit code 2 for bad input, as processes where that matters."""

import contextlib
import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
import termios
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from shell import ROOT, answer, line_of, refused, run, start

from nexuszero.config import GenerateConfig, TrainConfig, TuneConfig
from nexuszero.crypto import CryptoBridge

CIRCUITS = ROOT / "crypto/tests/fixtures/circuits"
GOLDEN = ROOT / "crypto/tests/fixtures/golden"
STAGES = {
    "generate": (GenerateConfig, "nexuszero.data.generate"),
    "tune": (TuneConfig, "nexuszero.training.tune"),
    "train": (TrainConfig, "nexuszero.training.train"),
}
WRITTEN = {  # by hand, since a shell or a Makefile gives them: an option and the value that it sets
    "generate": {},
    "tune": {
        "trials": (["--trials", "7"], 7),
        "epochs": (["--epochs", "3"], 3),
        "batch_cap": (["--batch-cap", "11"], 11),
        "storage": (["--storage", "journal:////s/b.log"], "journal:////s/b.log"),
        "study_name": (["--study-name", "123"], "123"),
        "seed": (["--seed", "5"], 5),
        "generate": (["--generate"], True),
    },
    "train": {"resume": (["--resume"], True)},
}
VALUES = {  # of keys whose default is followed by no other of its kind
    "storage": "journal:////s/a.log",
    "study_name": "'123'",
    "executor": "ray",
    "ray_address": "here:1",
    "tracking": "wandb",
    "wandb_mode": "online",
    "precision": "bf16",
    "device": "cpu",
    "hidden_dim": "64",
    "num_heads": "4",
    "dropout": "0.25",
    "learning_rate": "0.25",
    "warmup": "0.5",
}


def configured(name, monkeypatch, *arguments):
    """What a stage is run with."""
    seen = []
    monkeypatch.setattr(STAGES[name][1], seen.append)
    done = run(name, "--profile", "smoke", *arguments)
    assert done.returncode == 0, done.stderr
    (config,) = seen
    return config


def another(name, field):
    """A value that is not the default, as it is written after `--set key=`."""
    if name in VALUES:
        return VALUES[name]
    if field.annotation is bool:
        return str(not field.default).lower()
    if isinstance(field.default, Path) or name == "baseline":
        return "here"
    return str((field.default or 0) + 1)


def test_estimate_kyber512_as_the_scheme_table_has_it():
    # golden/schemes.csv, Kyber512: beta 406, d 998, 2^118.552
    found = answer(
        "estimate",
        "lwe",
        512,
        3329,
        1.224744871391589,
        "--samples",
        512,
        "--attack",
        "usvp",
    )
    assert list(found) == [
        "attack",
        "beta",
        "d",
        "delta",
        "bits",
        "quantum_bits",
        "hardness",
        "status",
        "model",
    ]
    assert (found["attack"], found["beta"], found["d"]) == ("usvp", 406, 998)
    assert found["bits"] == pytest.approx(118.552)
    assert found["quantum_bits"] == pytest.approx(0.265 * 406)


def test_rough_is_the_cheaper_attack_and_the_secret_may_differ():
    both = [
        answer("estimate", "lwe", 768, "2^18", 1.22, "--attack", attack)["bits"]
        for attack in ("usvp", "dual_hybrid")
    ]
    assert answer("estimate", "lwe", 768, "2^18", 1.22)["bits"] == min(both)
    narrow = answer("estimate", "lwe", 768, "2^18", 3.2, "--sigma-secret", 0.8165)[
        "bits"
    ]
    assert narrow < answer("estimate", "lwe", 768, "2^18", 3.2)["bits"]


def test_an_attack_that_does_not_work_is_null():
    found = answer("estimate", "sis", 768, 8388608, 16, "--samples", 3072)
    assert found["bits"] is None
    assert found["quantum_bits"] is None


def test_golden_tables_pass_through_csv():
    for name, kind in (
        ("lwe_usvp_edge.csv", ["lwe", "--attack", "usvp"]),
        ("sis_l2.csv", ["sis"]),
    ):
        done = run("estimate", *kind, "--csv", GOLDEN / name)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        golden = list(csv.DictReader(io.StringIO((GOLDEN / name).read_text())))
        assert len(rows) == len(golden) > 0
        for row, expected in zip(rows, golden, strict=True):
            finite = expected["rop_log2"] not in ("inf", "")
            assert row["n"] == expected["n"]
            if finite:
                assert float(row["bits"]) == pytest.approx(
                    float(expected["rop_log2"]), abs=0.01
                )
                assert row["beta"] == expected["beta"]


def test_choose_passes_the_golden_labels_through_csv():
    done = run("choose", "--csv", GOLDEN / "labels.csv")
    assert done.stdout.splitlines() == (GOLDEN / "labels.csv").read_text().splitlines()


def test_choose_by_name_and_by_prime_agree():
    named = answer("choose", "--forms", 100, "--field", "goldilocks", "--security", 100)
    assert named == answer(
        "choose", "--forms", 100, "--field", 2**64 - 2**32 + 1, "--security", 100
    )
    assert named["proof_size"] == 11872  # golden/labels.csv, first row


def test_choose_names_the_next_best_modulus():
    free = ["choose", "--forms", 100, "--bits", 40, "--security", 128]
    found = answer(*free)
    other = found["runner_up"]
    assert (other["log2_q"], other["ord"]) != (found["log2_q"], found["ord"])
    assert other["more"] == other["proof_size"] / found["proof_size"] - 1
    assert (
        f"next best     log2 q {other['log2_q']}, ord {other['ord']}: {other['proof_size']:,} "
        in run(*free).stdout
    )

    fixed = ["choose", "--forms", 100, "--field", "goldilocks", "--security", 128]
    assert answer(*fixed)["runner_up"] is None
    assert "next best     none: q is the field's prime\n" in run(*fixed).stdout


def test_an_infeasible_wish_names_the_constraint():
    line = refused("choose", "--forms", 3000, "--field", 2**31 - 1, "--security", 256)
    assert "infeasible" in line
    assert "binomial" in line


def test_analyse_prints_an_object_a_line_in_order():
    files = [CIRCUITS / "merkle3.bn128.O1.r1cs", CIRCUITS / "adder24.bn128.O1.r1cs"]
    done = run("analyse", *files, "--json")
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["forms"], second["forms"]) == (105, 187)
    assert (first["liftable"], second["liftable"]) == (False, True)


def test_bounds_make_a_circuit_lift(tmp_path):
    bounds = tmp_path / "bounds.json"
    bounds.write_text(json.dumps({"1": "u17", "2": [0, 131071], "3": "u17"}))
    found = answer("analyse", CIRCUITS / "interpolate.r1cs", "--bounds", bounds)
    assert (
        found["liftable"]
        and not answer("analyse", CIRCUITS / "interpolate.r1cs")["liftable"]
    )


def test_recommend_exactly():
    found = answer(
        "recommend", CIRCUITS / "adder24.bn128.O1.r1cs", "--security", 128, "--exact"
    )
    assert (found["n"], found["log2_q"], found["kappa"], found["proof_size"]) == (
        1344,
        32,
        10,
        12678,
    )
    assert found["q"].bit_length() == 32
    assert found["source"].startswith("exact search")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["choose", "--forms", 1, "--bits", 40, "--security", 77],
            "100, 128, 192, 256",
        ),
        (
            ["recommend", CIRCUITS / "dot4.bn128.O1.r1cs", "--security", 77, "--exact"],
            "100, 128, 192, 256",
        ),
        (["choose", "--forms", 1, "--field", 15, "--security", 128], "not prime"),
        (["choose", "--forms", 1, "--security", 128], "one of B"),
        (
            ["choose", "--forms", 1, "--bits", 4, "--field", 17, "--security", 128],
            "not both",
        ),
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
        (
            ["analyse", CIRCUITS / "dot4.bn128.O1.r1cs", "--bounds", "none.json"],
            "none.json",
        ),
        (["generate", "--profile", "huge"], "smoke"),
        (["generate", "--profile", "smoke", "--set", "trian=3"], "train"),
        (["generate", "--profile", "smoke", "--set", "train=many"], "integer"),
        (
            [
                "train",
                "--profile",
                "smoke",
                "--set",
                "baseline=null",
                "--set",
                "data=/nowhere",
            ],
            "nowhere",
        ),
        (["week", "--profile", "smoke", "--set", "train=3"], "stage.key=value"),
        (["nonsense"], "nonsense"),
        (["analyse", "--frobnicate"], "--frobnicate"),
    ],
)
def test_bad_input_is_one_line(arguments, says):
    assert says in refused(*arguments)


@pytest.mark.parametrize("name", STAGES)
def test_every_key_of_a_stage_can_be_set(name, monkeypatch):
    """`--set key=value` reaches every key, over the profile."""
    model, _ = STAGES[name]
    given = {key: another(key, field) for key, field in model.model_fields.items()}
    config = configured(
        name,
        monkeypatch,
        *(word for key, value in given.items() for word in ("--set", f"{key}={value}")),
    )
    for key, value in given.items():
        found = getattr(config, key)
        written = ROOT / value if isinstance(found, Path) else yaml.safe_load(value)
        assert found == written, key
        assert found != model.model_fields[key].default, key


@pytest.mark.parametrize(
    ("name", "key"),
    [(name, key) for name, options in WRITTEN.items() for key in options],
)
def test_an_option_wins_over_set_and_profile(name, key, monkeypatch):
    words, expected = WRITTEN[name][key]
    below = (
        another(key, STAGES[name][0].model_fields[key])
        if expected is not True
        else "false"
    )
    config = configured(name, monkeypatch, "--set", f"{key}={below}", *words)
    assert getattr(config, key) == expected
    assert getattr(configured(name, monkeypatch, *words), key) == expected


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_has_no_other_options(name):
    shared = {"--profile", "--config", "--set", "--help"}
    words = {
        word
        for options, _ in WRITTEN[name].values()
        for word in options
        if word.startswith("--")
    }
    assert (
        set(re.findall(r"--[a-z][-a-z]*", run(name, "--help").stdout)) == shared | words
    )


def test_the_version_names_package_crate_labels_and_columns():
    bridge = CryptoBridge()
    library = f"crate {bridge.version}, labels {bridge.label_version}, dataset schema {bridge.schema_version}"
    assert run("--version").stdout == f"nexuszero {version('nexuszero')}, {library}\n"


@pytest.mark.parametrize(
    ("arguments", "missing", "extra"),
    [
        (["generate"], "h5py", "network"),
        (["train"], "torch", "network"),
        (["tune"], "h5py", "lab"),
        (["tune"], "optuna", "lab"),
        (["week"], "papermill", "lab"),
        (["reference"], "torch", "lab"),
        (
            [
                "recommend",
                CIRCUITS / "dot4.bn128.O1.r1cs",
                "--security",
                128,
                "--checkpoint",
                "m.pt",
            ],
            "torch",
            "network",
        ),
    ],
)
def test_a_command_names_its_extra_whatever_package_fails_first(
    tmp_path, arguments, missing, extra
):
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nsys.modules[{missing!r}] = None\n"
    )
    line = line_of(start(*arguments, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}"))
    assert f"{missing} is not installed; pip install 'nexuszero[{extra}]'" in line


def test_without_the_networks_packages_the_search_answers_and_names_the_extra(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['torch'] = None\n"
    )
    arguments = [
        "recommend",
        CIRCUITS / "dot4.bn128.O1.r1cs",
        "--security",
        128,
        "--json",
    ]
    done = start(*arguments, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert done.returncode == 0, done.stderr
    source = "exact search, no model: torch is not installed; pip install 'nexuszero[network]'"
    assert json.loads(done.stdout)["source"] == source


def test_an_answer_and_a_refusal_as_a_shell_has_them():
    done = start("estimate", "lwe", 512, 3329, 3, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == answer("estimate", "lwe", 512, 3329, 3)
    line = line_of(start("estimate", "lwe", 512, 1, 3))
    assert line == refused("estimate", "lwe", 512, 1, 3)


def test_a_terminal_shows_a_bar_and_a_pipe_plain_lines(data_directory, tmp_path):
    section = {
        "data": str(data_directory),
        "hidden_dim": 16,
        "num_layers": 1,
        "num_heads": 4,
        "epochs": 2,
        "log_every": 1,
        "threads": 1,
        "out": "run",
    }
    (tmp_path / "profile.yaml").write_text(yaml.safe_dump({"train": section}))
    arguments = ["train", "--config", tmp_path / "profile.yaml"]
    piped = run(*arguments).stdout
    assert "\r" not in piped
    assert "  batch 3/3: loss" in piped
    shown = in_a_terminal([Path(sys.executable).with_name("nexuszero"), *arguments])
    assert "100%" in shown and "batch 3/3" not in shown
    for line in (
        "epoch 1/2: 3 batches of 32",
        "epoch 2/2: train",
        "best network: epoch",
    ):
        assert line in piped
        assert line in shown


def in_a_terminal(command):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    with subprocess.Popen(
        command, stdout=theirs, stderr=theirs, stdin=theirs
    ) as process:
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
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['nexuszero._crypto'] = None\n"
    )
    line = line_of(
        start(
            "estimate", "lwe", 512, 3329, 3, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}"
        )
    )
    assert "make setup" in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["estimate", "lwe", "512", "3329", "3"],
        ["choose", "--forms", "100", "--bits", "40", "--security", "128"],
        [
            "recommend",
            str(CIRCUITS / "dot4.bn128.O1.r1cs"),
            "--security",
            "128",
            "--exact",
        ],
        ["inspect", str(CIRCUITS.parent / "proofs/adder24.bn128.128.proof")],
    ],
)
def test_core_commands_import_nothing_heavy(arguments):
    heavy = {"torch", "pandas", "h5py", "plotly", "optuna", "scipy", "lightning"}
    script = f"import sys; sys.argv = ['nexuszero', *{arguments!r}]\nfrom nexuszero.cli import main\n"
    script += "try: main()\nexcept SystemExit as end: assert not end.code\n"
    script += f"assert not {heavy!r} & set(sys.modules), {heavy!r} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
