"""Recommendations: what is told about a circuit, with and without a network, as real processes and in one.

The network is untrained and believes the same of every circuit, so a test decides what is proposed.
"""

import hashlib
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from r1cs_files import BABYBEAR, ORDER_32, products

from nexuszero.advice import recommendation as advice
from nexuszero.advice import text as texts
from nexuszero.crypto import CryptoBridge
from nexuszero.crypto import questions as queries
from nexuszero.errors import InputError

ROOT = Path(__file__).parents[1]
CIRCUITS = ROOT / "tests/fixtures/circuits"
FREE, FIXED = CIRCUITS / "compare.bn128.r1cs", CIRCUITS / "matmul.goldilocks.r1cs"
COMMAND = [sys.executable, "-c", "from nexuszero.cli import main; main()"]
TIMES = re.compile(r"(read|analyse|search|model) [\d.]+")


def run(*arguments, cwd=ROOT):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run([*COMMAND, "recommend", *map(str, arguments)], cwd=cwd, env=environment,
                          capture_output=True, text=True, timeout=120)  # fmt: skip


def answer(*arguments, cwd=ROOT):
    done = run(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(*arguments, cwd=ROOT):
    done = run(*arguments, cwd=cwd)
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def bridge():
    return CryptoBridge()


def network(path, demand):
    """A checkpoint that believes the same of every circuit: a row of `Demand.array`."""
    import torch

    from nexuszero.data import Standardiser
    from nexuszero.network import Checkpoint, ModelConfig, ParameterNet, save

    shape = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2, "dropout": 0.0}
    model = ParameterNet(ModelConfig(**shape))
    for part in (model.demand_head[-1], model.wire_range_head[-1], model.constraint_range_head[-1],
                 model.wire_count_head, model.constraint_count_head):  # fmt: skip
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.zeros_(part.bias)
    for part in (model.wire_count_head, model.constraint_count_head):
        torch.nn.init.constant_(part.bias, -100.0)  # nothing to count
    free, *rest = demand
    model.demand_head[-1].bias.data = torch.tensor([20.0 if free else -20.0, *rest])
    save(path, Checkpoint(model, Standardiser((11.0, 40, 10, 130, 0.8, 14), (1.0,) * 6), {"config": shape}))
    return path


def believing(path, circuit, **changes):
    """A network that knows what a circuit asks, but for the changes."""
    told = circuit | changes
    heights = [math.log2(told[f"height_{slots}"]) for slots in (64, 32, 16, 8, 4)]
    return network(path, [told["liftable"], told["bits"] / 64, math.log2(max(1, told["forms"])), *heights])


def test_a_proposal_that_is_the_optimum_is_confirmed(bridge, tmp_path):
    best = advice.recommend(bridge, FREE, 128)
    model = believing(tmp_path / "m.pt", best["circuit"])
    found = answer(FREE, "--security", 128, "--checkpoint", model)
    assert found["source"] == f"{model}, checked by exact search"
    assert found["proposal"]["sound"] and found["proposal"]["sound_size"] == best["proof_size"]
    assert found["nearest"]["excess"] == 0
    assert {key: found[key] for key in queries.CHOICE_KEYS} == {key: best[key] for key in queries.CHOICE_KEYS}


def test_an_unsound_proposal_is_repaired_to_a_sound_one(bridge, tmp_path):
    best = advice.recommend(bridge, FREE, 128)
    least = max(16, best["circuit"]["bits"] + 1)
    model = believing(tmp_path / "m.pt", best["circuit"], liftable=False)
    found = answer(FREE, "--security", 128, "--checkpoint", model)  # q is taken for the 254-bit prime
    assert found["proposal"]["log2_q"] == 254 > best["log2_q"] >= least
    assert found["nearest"]["log2_q"] <= 64 and found["proof_size"] == best["proof_size"]
    text = run(FREE, "--security", 128, "--checkpoint", model).stdout
    assert "sound" in text and "larger than the optimum's" in text
    few = believing(tmp_path / "few.pt", best["circuit"], **{f"height_{s}": 1 for s in (64, 32, 16, 8, 4)})
    told = answer(FREE, "--security", 128, "--checkpoint", few)["proposal"]
    assert told["fails"] == ["width"] and told["sound_size"] is None
    assert "width cannot hold" in run(FREE, "--security", 128, "--checkpoint", few).stdout


def test_where_q_is_fixed_there_is_one_candidate(bridge, tmp_path):
    best = advice.recommend(bridge, FIXED, 128)
    model = believing(tmp_path / "m.pt", best["circuit"], liftable=True, bits=30)
    found = advice.recommend(bridge, FIXED, 128, None, model)
    assert "modulus" in found["proposal"]["fails"]
    assert found["nearest"]["excess"] == 0 and found["binds"] == "modulus"
    assert found["constraints"][2] == {"constraint": "modulus", "needs": 64, "has": 64, "margin": 0}


def test_without_a_trained_baseline_the_search_answers_and_says_so(tmp_path):
    found = answer(FREE, "--security", 128, cwd=tmp_path)
    assert found["source"].startswith("exact search, no model") and "best_model.pt" in found["source"]
    assert found["proposal"] is None and found["nearest"] is None
    exact = answer(FREE, "--security", 128, "--exact", cwd=tmp_path)
    assert exact["source"] == "exact search, no model" and exact["n"] == found["n"]


def test_the_trained_baseline_is_found(bridge, tmp_path):
    believing(tmp_path / "checkpoints/baseline/best_model.pt", advice.recommend(bridge, FREE, 128)["circuit"])
    assert answer(FREE, "--security", 128, cwd=tmp_path)["source"].startswith("checkpoints/baseline/best_model.pt")
    assert answer(FREE, "--security", 128, "--exact", cwd=tmp_path)["proposal"] is None


@pytest.mark.parametrize("file", sorted(CIRCUITS.glob("*.r1cs")), ids=lambda file: file.name)
@pytest.mark.parametrize("level", [100, 256])
def test_the_answer_of_each_fixture_is_the_searchs(bridge, file, level):
    found = advice.recommend(bridge, file, level)
    expected = queries.choices(bridge.read([file]).choose(level))[0]
    assert {key: found[key] for key in expected} == expected
    assert min(row["margin"] for row in found["constraints"]) >= 0
    least = min(found["constraints"], key=lambda row: row["margin"])
    assert found["binds"] == least["constraint"]


def test_the_next_level_has_its_price(bridge):
    found = advice.recommend(bridge, FREE, 128)["next_level"]
    above = advice.recommend(bridge, FREE, 192)["proof_size"]
    assert (found["security"], found["proof_size"]) == (192, above)
    assert found["more"] == above / advice.recommend(bridge, FREE, 128)["proof_size"] - 1
    assert advice.recommend(bridge, FREE, 256)["next_level"] is None


def test_bounds_set_q_free(tmp_path):
    bounds = tmp_path / "bounds.json"
    bounds.write_text(json.dumps({str(wire): [-128, 127] for wire in range(10, 28)}))
    fixed, free = answer(FIXED, "--security", 128, "--exact"), answer(FIXED, "--security", 128, "--bounds", bounds)
    assert (fixed["circuit"]["liftable"], free["circuit"]["liftable"]) == (False, True)
    assert free["proof_size"] < fixed["proof_size"] and free["log2_q"] < 64


def test_custom_gates_are_warned_about(tmp_path):
    file = products(tmp_path / "gates.r1cs", 2**64 - 2**32 + 1, 5, gates=3)
    done = run(file, "--security", 128, "--exact")
    assert done.returncode == 0
    assert "warning" in done.stdout and "used 3 times" in done.stdout and "does not cover them" in done.stdout


def test_an_infeasible_wish_says_which_constraint_and_what_helps(tmp_path):
    file = products(tmp_path / "many.r1cs", BABYBEAR, 1000)
    line = refused(file, "--security", 256, "--exact")
    for words in ("infeasible", "Module-SIS", "larger field", "192 bits are feasible", "--bounds"):
        assert words in line
    done = run(file, "--security", 256, "--exact", "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["infeasible"] in line
    assert "infeasible" in answer(file, "--security", 192, "--exact")["next_level"]


def test_a_prime_of_order_32_is_checked_too(bridge, tmp_path):
    found = advice.recommend(bridge, products(tmp_path / "odd.r1cs", ORDER_32, 40), 128)
    assert (found["ord"], found["q"]) == (32, ORDER_32)


def test_a_circuit_without_constraints_is_answered(bridge, tmp_path):
    empty = ROOT / "crypto/tests/fixtures/circuits/edge_no_constraints.bn128.O1.r1cs"
    model = believing(tmp_path / "m.pt", advice.recommend(bridge, empty, 100)["circuit"])
    assert advice.recommend(bridge, empty, 100, None, model)["nearest"]["excess"] == 0


def test_beyond_the_trained_sizes_the_model_extrapolates_or_is_not_asked(bridge, tmp_path, monkeypatch):
    file = products(tmp_path / "large.r1cs", 2**64 - 2**32 + 1, 1000)
    model = believing(tmp_path / "m.pt", advice.recommend(bridge, file, 128)["circuit"])
    found = answer(file, "--security", 128, "--checkpoint", model)
    assert found["nearest"]["excess"] == 0
    assert found["warnings"] == ["the model extrapolates: the circuit has 4,000 nodes, those that it was trained on up "
                                 "to 2,000"]  # fmt: skip
    monkeypatch.setattr(advice, "MODEL_BYTES", 1000)
    left = advice.recommend(bridge, file, 128, None, model)
    assert left["proposal"] is None and "model was not asked: 4,000 nodes" in left["warnings"][0]
    assert left["source"].startswith("exact search") and "model was not asked" in texts.advice(left)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.r1cs", "--security", 128], "none.r1cs"),
        ([FREE, "--security", 77], "100, 128, 192, 256"),
        ([FREE], "--security"),
        ([FREE, "--security", 128, "--checkpoint", "none.pt"], "none.pt"),
        ([FREE, "--security", 128, "--checkpoint", "README.md"], "README.md"),
        ([FREE, "--security", 128, "--checkpoint", "m.pt", "--exact"], "--exact"),
        ([FREE, "--security", 128, "--bounds", "none.json"], "none.json"),
        (["README.md", "--security", 128], "not an .r1cs file"),
    ],
)
def test_bad_input_is_one_line(arguments, says):
    assert says in refused(*arguments)


def test_exact_and_checkpoint_exclude_each_other():
    with pytest.raises(InputError, match="one of them"):
        advice.model_file(Path("m.pt"), exact=True)


def test_an_exact_answer_does_not_wait_for_torch():
    script = f"import sys; sys.argv = ['nexuszero', 'recommend', {str(FREE)!r}, '--security', '128', '--exact']\n"
    script += "from nexuszero.cli import main\ntry: main()\nexcept SystemExit as end: assert not end.code\n"
    script += "assert not {'torch', 'pandas', 'h5py', 'plotly'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True)


def test_the_readmes_example_is_what_is_printed():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```console\n\$ nexuszero (recommend [^\n]+)\n(.*?)```", text, re.S)
    done = run(*example[1].split()[1:])
    assert done.returncode == 0
    assert TIMES.sub(r"\1", done.stdout) == TIMES.sub(r"\1", example[2])


def test_fixtures_and_their_sources_are_those_that_were_recorded():
    lines = (CIRCUITS / "SHA256SUMS").read_text().splitlines()
    recorded = dict(reversed(line.split()) for line in lines)
    files = [*(ROOT / "circuits").glob("*.circom"), *CIRCUITS.glob("*.r1cs"), *CIRCUITS.glob("*.sym")]
    assert recorded == {str(file.relative_to(ROOT)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    names = {file.stem for file in (ROOT / "circuits").glob("*.circom")}
    assert {file.name for file in CIRCUITS.glob("*.r1cs")} == {
        f"{name}.{prime}.r1cs" for name in names for prime in ("bn128", "goldilocks")
    }
