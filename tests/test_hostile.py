"""Hostile input, in process: numbers, YAML, files that are none, names, options at random."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from shell import ROOT, refused, run

from nexuszero.crypto import CryptoBridge
from nexuszero.errors import InputError
from nexuszero.files import SEAL, check_new, read_json, whole, write_json

CIRCUIT = ROOT / "tests/fixtures/circuits/compare.bn128.r1cs"
LEVEL = ("--security", 128)
NINES = "9" * 4000

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["estimate", "lwe", 512, 3329, 1, "--samples", "2^64"], "below 2^63"),
        (["estimate", "lwe", 512, 3329, 1, "--samples", "2^100000"], "below 2^63"),
        (["estimate", "sis", 512, 3329, 9, "--samples", "2^64"], "below 2^63"),
        (["estimate", "lwe", "2^64", 3329, 1], "below 2^63"),
        (["estimate", "lwe", 512, f"{NINES}^1048576", 1], "at most 1048576 bits"),
        (["estimate", "lwe", 512, "9" * 5000, 1], "at most 1048576 bits"),
        (["recommend", CIRCUIT, "--exact", "--security", -1], "choose one of 100"),
        (["recommend", CIRCUIT, "--exact", "--security", 2**64], "choose one of 100"),
        (["choose", "--forms", "2^64", "--bits", 9, *LEVEL], "between 0 and 2^32"),
        (["choose", "--forms", 5, "--field", "\udcff", *LEVEL], "neither one of"),
        (["export", "\x1b[2J\udcff", 1, "x.r1cs"], r"'\x1b[2J\udcff' is unknown"),
        (["export", "merkle", 1, "x" * 255], "File name too long"),
        (["generate", "--set", "train=18446744073709551616"], "train: expected"),
        (["generate", "--set", "train=" + "[" * 5000], "not valid YAML"),
        (["generate", "--set", "train=" + "1" * 5000], "not valid YAML"),
        (["generate", "--set", "train=1:30"], "found '1:30'"),
        (["generate", "--set", f"train={2**30}", "--set", "out=big"], "GB are needed"),
    ],
)
def test_numbers_names_and_overrides(
    tmp_path: Path, words: list[object], line: str
) -> None:
    assert line in refused(*words, cwd=tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{LAUGHS}train: *a9\n", "more than 10000 values"),
        ("train: " + "[" * 5000, "nested more than 100 deep"),
        ("train: " + "1" * 5000, "not readable as settings"),
        ("train: 3\ntrain: 4\n", "key 'train' is there twice"),
        ("train: &a [*a]\n", "train: expected integer"),
        ("train: 1:30\n", "found '1:30'"),
        ("train: !!python/object/apply:os.system [true]\n", "not valid YAML"),
        ("train: .nan\n", "train: expected integer"),
    ],
)
def test_yaml(tmp_path: Path, text: str, line: str) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_text(text)
    assert line in refused("generate", "--config", file)


def test_yaml_that_is_meant_well(tmp_path: Path) -> None:
    from nexuszero.config import GenerateConfig
    from nexuszero.settings import load

    file = tmp_path / "kind.yaml"
    file.write_text(
        "\ufefftune: &sizes {seed: 7, threads: 1}\ngenerate: {<<: *sizes, seed: 010}\n",
        encoding="utf-8",
    )
    found = load(GenerateConfig, file, "generate")
    assert (found.seed, found.threads) == (10, 1)  # 010 is ten, as people read it


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for words in (
        ["analyse", fifo],
        ["analyse", CIRCUIT, "--bounds", fifo],
        ["generate", "--config", fifo],
        ["estimate", "lwe", "--csv", fifo],
        ["prove", CIRCUIT, fifo, *LEVEL],
        ["verify", CIRCUIT, fifo, fifo, *LEVEL],
        ["inspect", fifo],
        ["analyse", "/dev/zero"],
    ):
        assert "is no regular file" in refused(*words), words


def test_names_beside_a_circuit_may_be_hostile(tmp_path: Path) -> None:
    circuit = tmp_path / "a.r1cs"
    circuit.write_bytes(CIRCUIT.read_bytes())
    text = CIRCUIT.with_suffix(".sym").read_text().replace("main", "\x1b[2Jmain")
    circuit.with_suffix(".sym").write_text(text)
    done = run("analyse", circuit)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    circuit.with_suffix(".sym").unlink()
    os.mkfifo(circuit.with_suffix(".sym"))
    assert "a.sym" in refused("analyse", circuit, "--bounds", "main.a=bit")


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    circuit = tmp_path / os.fsdecode(b"\xff.r1cs")
    circuit.write_bytes(CIRCUIT.read_bytes())
    assert "not UTF-8" in refused("analyse", circuit)


def test_csv_columns_are_there_once(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("n,n,q,sigma_s,sigma_e,m\n512,600,3329,1,1,oo\n")
    assert "column 'n' is there twice" in refused("estimate", "lwe", "--csv", file)


def test_more_threads_than_a_machine_has_are_refused() -> None:
    with pytest.raises(InputError, match="at most 1024"):
        CryptoBridge().generate(1, 0, 1, 10**6)
    with pytest.raises(InputError, match="at most 1024"):
        CryptoBridge().generate_train(1, 0, 1, 10**6)
    with pytest.raises(InputError, match="at most 1024"):
        CryptoBridge().generate_shifted("test_large", 1, 0, 1, 10**6)


# What is written


def test_force_replaces_regular_files_alone(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept", tmp_path / "link"
    fifo, lost = tmp_path / "fifo", tmp_path / "lost"
    kept.write_text("")
    link.symlink_to(kept)
    lost.symlink_to(tmp_path / "nowhere")
    os.mkfifo(fifo)
    for file in (fifo, tmp_path, lost, Path("/dev/null")):
        line = refused("export", "merkle", 1, file, "--force")
        assert f"{file}: exists; name another file\n" in line
    run("export", "merkle", 1, link, "--force")
    assert link.is_symlink()
    assert kept.stat().st_size > 0
    check_new(tmp_path / "new", force=False)
    with pytest.raises(InputError, match="is no regular file"), whole(fifo):
        pass
    assert fifo.is_fifo()


def test_a_sealed_object_is_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    content = {"b": [0.1, 1e-300], "a": {"x": None, "1": True}}
    write_json(file, content, sealed=True)
    assert read_json(file, "again") == content
    text = file.read_text()
    flipped = [
        text[:i] + chr(ord(text[i]) ^ 1) + text[i + 1 :] for i in range(len(text))
    ]
    silent = 0
    for other in flipped:
        file.write_text(other)
        try:
            silent += {**read_json(file, "again")} != content and SEAL in other
        except InputError as error:
            assert str(file) in str(error)
    assert silent == 0
    for wrong in ('{"a": 1, "a": 2}', '{"a": NaN}', "[1]", "[" * 100_000, '{"a"'):
        file.write_text(wrong)
        with pytest.raises(InputError, match="again"):
            read_json(file, "again")


# Options at random

HOSTILE = st.one_of(
    st.sampled_from(
        ["", "0", "-1", "nan", "inf", "oo", "2^64", "2^2000000", "1e400", "٣", "0x10"]
    ),
    st.sampled_from(
        ["/dev/null", ".", "nowhere/x", "{}", "a=bit", "1=u8,1=u9", "7=" * 9]
    ),
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(str),
    st.text(max_size=30).filter(lambda text: "\0" not in text),
    st.binary(max_size=8).map(os.fsdecode).filter(lambda text: "\0" not in text),
)
QUESTIONS = {
    ("estimate", "lwe"): (3, ["--samples", "--sigma-secret", "--attack", "--csv"]),
    ("estimate", "sis"): (3, ["--samples", "--csv"]),
    ("choose",): (0, ["--forms", "--bits", "--field", "--security", "--csv"]),
    ("analyse",): (1, ["--bounds", "--explain", "--security"]),
    ("recommend",): (1, ["--bounds", "--security"]),
    ("generate",): (0, ["--set", "--profile", "--config"]),
    ("verify",): (3, ["--security", "--bounds"]),
    ("inspect",): (1, []),
}


@st.composite
def questions(draw: st.DrawFn) -> list[str]:
    """A command with some of its arguments and options, right ones among them."""
    command = draw(st.sampled_from(sorted(QUESTIONS)))
    arguments, options = QUESTIONS[command]
    value = st.one_of(HOSTILE, st.sampled_from(["512", "128", str(CIRCUIT), "usvp"]))
    words = [draw(value) for _ in range(arguments)]
    for option in draw(st.lists(st.sampled_from(options or ["--json"]), max_size=3)):
        words += [option, draw(value)] if option != "--json" else [option]
    exact = ["--exact"] if command == ("recommend",) else []
    return [*command, *exact, *words]


@settings(
    max_examples=int(os.environ.get("NEXUSZERO_FUZZ", "20")),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@example(["estimate", "lwe", "512", "2^64^2", "1"])
@example(["generate", "--set", "out=\udcff\x1b"])
@given(questions())
def test_options_at_random(words: list[str]) -> None:
    """An answer, or one line: never a traceback, which `run` would let through."""
    if words[0] == "generate":
        words = [*words, "--set", "train=nothing"]  # never begins
    done = run(*words)
    if done.returncode:
        assert done.returncode in (1, 2, 3), done
        assert len(done.stderr.splitlines()) <= 1 + done.stderr.count(" ...\n"), done
        assert done.stderr.startswith("nexuszero: "), done
    assert not set(done.stderr) & {"\x1b", "\x07", "\0"}
