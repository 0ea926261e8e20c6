"""Recommendations: what a circuit's owner gets to read, with a network and without one.

The network is untrained and predicts the same of every circuit, so a test decides what is proposed.
"""

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import shell
from r1cs_files import GOLDILOCKS, MERSENNE31, ORDER_32, products
from shell import ROOT, checked, line_of, start

from nexuszero.advice import (
    NotAsked,
    Proposal,
    Recommendation,
    Refusal,
    landscape,
    levels,
    recommend,
    render,
)
from nexuszero.cli import model_file
from nexuszero.crypto import CHOICE_KEYS, CryptoBridge, Infeasible
from nexuszero.errors import InputError
from nexuszero.network import NetworkProposer
from nexuszero.paths import PUBLISHED

CIRCUITS = ROOT / "tests/fixtures/circuits"
RECORDED = json.loads(
    (ROOT / "tests/fixtures/recommend.json").read_text(encoding="utf-8")
)
FREE, FIXED = CIRCUITS / "compare.bn128.r1cs", CIRCUITS / "matmul.goldilocks.r1cs"
EMPTY = ROOT / "crypto/tests/fixtures/circuits/edge_no_constraints.bn128.O1.r1cs"
SLOTS = (64, 32, 16, 8, 4)


def run(*arguments, cwd=ROOT):
    return shell.run("recommend", *arguments, cwd=cwd)


def answer(*arguments, cwd=ROOT):
    return shell.answer("recommend", *arguments, cwd=cwd)


def refused(*arguments, cwd=ROOT):
    return shell.refused("recommend", *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def bridge():
    return CryptoBridge()


def network(path, demand):
    """A checkpoint that predicts the same of every circuit: a row of `Demand.array`."""
    import torch

    from nexuszero.data import Standardiser
    from nexuszero.network import Checkpoint, ModelConfig, ParameterNet, save

    shape = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2, "dropout": 0.0}
    model = ParameterNet(ModelConfig(**shape, pooled_demand=False))
    torch.nn.init.zeros_(model.demand_head[-1].weight)
    free, *rest = demand
    model.demand_head[-1].bias.data = torch.tensor([20.0 if free else -20.0, *rest])
    save(
        path, Checkpoint(model, Standardiser((11.0, 40, 10, 130, 0.8, 14), (1.0,) * 6))
    )
    return path


def knowing(path, circuit, **changes):
    """A network that knows what a circuit asks, but for the changes."""
    demand = circuit.row() | changes
    heights = [math.log2(demand[f"height_{slots}"]) for slots in SLOTS]
    return network(
        path,
        [
            demand["liftable"],
            demand["bits"] / 64,
            math.log2(max(1, demand["forms"])),
            *heights,
        ],
    )


def without_times(row):
    return {key: value for key, value in row.items() if not key.endswith("_ms")}


def rounded(text):
    """JSON with floats to nine decimals: the last bits are the machine's."""
    return json.loads(text, parse_float=lambda digits: round(float(digits), 9))


def test_a_proposal_that_is_the_optimum_is_confirmed(bridge, tmp_path):
    best = recommend(bridge, FREE, 128)
    model = knowing(tmp_path / "m.pt", best.circuit)
    found = answer(FREE, "--security", 128, "--checkpoint", model)
    assert found["source"] == f"{model}, checked by exact search"
    assert (
        found["proposal"]["sound"]
        and found["proposal"]["sound_size"] == best.optimum.proof_size
    )
    assert found["nearest"]["excess"] == 0
    exact = best.row()
    assert {key: found[key] for key in CHOICE_KEYS} == {
        key: exact[key] for key in CHOICE_KEYS
    }


def test_an_unsound_proposal_is_repaired_to_a_sound_one(bridge, tmp_path):
    best = recommend(bridge, FREE, 128)
    least = max(16, best.circuit.bits + 1)
    model = knowing(tmp_path / "m.pt", best.circuit, liftable=False)
    found = answer(
        FREE, "--security", 128, "--checkpoint", model
    )  # q is taken for the 254-bit prime
    assert found["proposal"]["log2_q"] == 254 > best.optimum.log2_q >= least
    assert (
        found["nearest"]["log2_q"] <= 64
        and found["proof_size"] == best.optimum.proof_size
    )
    text = run(FREE, "--security", 128, "--checkpoint", model).stdout
    assert "sound" in text and "larger than the optimum's" in text

    long = (
        ROOT / "crypto/tests/fixtures/circuits/divmod16.bn128.O1.r1cs"
    )  # values of 33 bits
    short = knowing(tmp_path / "short.pt", recommend(bridge, long, 128).circuit, bits=1)
    proposal = answer(long, "--security", 128, "--checkpoint", short)["proposal"]
    assert proposal["fails"] == ["modulus"] and proposal["sound_size"] is None
    assert (
        "modulus cannot hold"
        in run(long, "--security", 128, "--checkpoint", short).stdout
    )

    few = knowing(
        tmp_path / "few.pt", best.circuit, **{f"height_{slots}": 1 for slots in SLOTS}
    )
    proposal = answer(FREE, "--security", 128, "--checkpoint", few)[
        "proposal"
    ]  # sigma does not depend on the rows
    assert proposal["fails"] == [] and proposal["sound_size"] >= best.optimum.proof_size


def test_where_q_is_fixed_there_is_one_candidate(bridge, tmp_path):
    best = recommend(bridge, FIXED, 128)
    model = knowing(tmp_path / "m.pt", best.circuit, liftable=True, bits=30)
    found = recommend(bridge, FIXED, 128, proposer=NetworkProposer(model))
    assert "modulus" in found.proposal.verdict.fails
    assert found.nearest.excess == 0 and found.binds == "modulus"
    assert found.constraints[2].row() == {
        "constraint": "modulus",
        "needs": 64,
        "has": 64,
        "margin": 0,
    }


def test_without_a_trained_baseline_the_published_network_is_asked(bridge, tmp_path):
    found = answer(FREE, "--security", 128, cwd=tmp_path)
    assert found["source"] == "the published network, checked by exact search"
    assert found["proposal"] is not None
    exact = answer(FREE, "--security", 128, "--exact", cwd=tmp_path)
    assert exact["source"] == "exact search, no model" and exact["n"] == found["n"]
    assert exact["proposal"] is None and exact["nearest"] is None
    assert "model_ms" in found and "model_ms" not in exact
    assert (
        model_file(None, exact=False) == PUBLISHED
        or (ROOT / "checkpoints/baseline/best_model.pt").is_file()
    )


def test_a_missing_network_is_said_and_the_search_answers(
    bridge, monkeypatch, tmp_path
):
    missing = tmp_path / "model.safetensors"
    monkeypatch.setattr("nexuszero.network.proposer.PUBLISHED", missing)
    asked = recommend(bridge, FREE, 128, proposer=NetworkProposer(missing))
    assert asked.proposal is None
    assert (
        "no network that learned from labels of version 2 is published yet"
        in asked.warnings[0]
    )


def test_the_trained_baseline_is_asked_first(bridge, tmp_path):
    knowing(
        tmp_path / "checkpoints/baseline/best_model.pt",
        recommend(bridge, FREE, 128).circuit,
    )
    assert answer(FREE, "--security", 128, cwd=tmp_path)["source"].startswith(
        "checkpoints/baseline/best_model.pt"
    )
    assert answer(FREE, "--security", 128, "--exact", cwd=tmp_path)["proposal"] is None


def test_a_network_that_is_trained_anew_is_loaded_anew(bridge, tmp_path):
    circuit = recommend(bridge, FREE, 128).circuit
    proposer = NetworkProposer(knowing(tmp_path / "m.pt", circuit, liftable=False))
    first = recommend(bridge, FREE, 128, proposer=proposer)
    knowing(tmp_path / "m.pt", circuit)
    second = recommend(bridge, FREE, 128, proposer=proposer)
    assert first.proposal.values[1] == 254 > second.proposal.values[1]
    assert second.nearest.excess == 0


@pytest.mark.parametrize(
    "file", sorted(CIRCUITS.glob("*.r1cs")), ids=lambda file: file.name
)
@pytest.mark.parametrize("level", [100, 256])
def test_the_answer_of_each_fixture_is_the_searchs(bridge, file, level):
    found = recommend(bridge, file, level)
    assert found.optimum == bridge.read([file]).choices(level)[0]
    assert min(row.margin for row in found.constraints) >= 0
    least = min(found.constraints, key=lambda row: row.margin)
    assert found.binds == least.constraint


@pytest.mark.parametrize(
    "recorded", RECORDED, ids=lambda row: f"{Path(row['file']).name}-{row['security']}"
)
def test_a_recommendation_is_the_one_that_was_recorded(bridge, recorded, monkeypatch):
    monkeypatch.chdir(ROOT)
    row = recommend(bridge, Path(recorded["file"]), recorded["security"]).row()
    found = rounded(json.dumps(without_times(row)))
    assert found == rounded(json.dumps(recorded))
    assert list(found) == list(recorded)
    assert [key for key in row if key.endswith("_ms")] == [
        "read_ms",
        "analyse_ms",
        "search_ms",
    ]


class Silent:
    """A proposer that is never asked."""

    def propose(self, circuits, circuit, candidates, security):
        return NotAsked("it is asleep")


class Nearby:
    """Proposes the second candidate, and notes what it was asked with."""

    def __init__(self, proposal):
        self.proposal = proposal
        self.questions = []

    def propose(self, circuits, circuit, candidates, security):
        self.questions.append((len(circuits), circuit.file, security))
        assert candidates[0] == circuits.choices(security)[0]
        return self.proposal


def test_a_proposer_that_is_not_asked_leaves_the_search_alone(bridge):
    found = recommend(bridge, FREE, 128, proposer=Silent())
    alone = recommend(bridge, FREE, 128)
    assert found.proposal is None and found.nearest is None
    assert found.source == alone.source == "exact search, no model"
    assert found.warnings == (
        "the model was not asked: it is asleep; the exact search answers alone",
    )
    assert without_times(found.row()) == without_times(alone.row()) | {
        "warnings": list(found.warnings)
    }
    assert "was not asked: it is asleep" in render(found)


def test_any_proposer_will_do(bridge, tmp_path):
    model = knowing(tmp_path / "m.pt", recommend(bridge, FREE, 128).circuit)
    proposal = recommend(bridge, FREE, 128, proposer=NetworkProposer(model)).proposal
    assert isinstance(proposal, Proposal) and proposal.source == str(model)
    proposer = Nearby(proposal)
    found = recommend(bridge, FREE, 128, proposer=proposer)
    assert found.proposal is proposal and proposer.questions == [(1, str(FREE), 128)]


def test_a_proposer_is_not_asked_about_what_nothing_can_prove(bridge, tmp_path):
    file = products(tmp_path / "many.r1cs", MERSENNE31, 1000)
    proposer = Nearby(None)
    refusal = recommend(bridge, file, 256, proposer=proposer)
    assert isinstance(refusal, Refusal) and proposer.questions == []
    row = refusal.row()
    assert row["infeasible"] == refusal.reason and row["circuit"]["forms"] == 3000
    assert all(row[key] is None for key in (*CHOICE_KEYS, "proposal", "nearest"))
    assert list(row)[:3] == ["file", "security", "source"]


def test_levels_and_landscape_agree_with_the_answer(bridge, tmp_path):
    found = recommend(bridge, FREE, 128)
    by_level = {level.security: level.answer for level in levels(bridge, FREE)}
    assert list(by_level) == [100, 128, 192, 256] and by_level[128] == found.optimum
    many = levels(bridge, products(tmp_path / "many.r1cs", MERSENNE31, 1000))
    assert isinstance(many[3].answer, Infeasible)

    grid = landscape(bridge, found, steps=8)
    assert grid.bits.shape == (len(grid.log2_q), len(grid.n))
    at = grid.bits[grid.log2_q == found.optimum.log2_q, grid.n == found.optimum.n]
    assert at == pytest.approx([found.optimum.lwe_bits], abs=0.01)


def test_the_next_level_has_its_price(bridge):
    found = recommend(bridge, FREE, 128)
    above = recommend(bridge, FREE, 192).optimum.proof_size
    assert (found.next_level.security, found.next_level.answer.proof_size) == (
        192,
        above,
    )
    assert found.next_level.more == above / found.optimum.proof_size - 1
    assert recommend(bridge, FREE, 256).next_level is None


@pytest.mark.parametrize("level", [100, 192])
def test_the_runner_up_is_the_smallest_proof_of_any_other_modulus(bridge, level):
    found = recommend(bridge, FREE, level)
    best, other = found.optimum, found.runner_up
    by_modulus = {}
    for choice in bridge.read([FREE]).candidates(level):
        by_modulus.setdefault((choice.log2_q, choice.ord), choice.proof_size)
    assert by_modulus.pop((best.log2_q, best.ord)) == best.proof_size
    assert (
        other.proof_size
        == min(by_modulus.values())
        == by_modulus[other.log2_q, other.ord]
    )
    assert other.more == other.proof_size / best.proof_size - 1 >= 0
    assert f"next best     {other}\n" in render(found)
    assert found.row()["runner_up"] == other.row()


def test_where_there_is_no_other_modulus_the_answer_says_why(bridge):
    fixed = recommend(bridge, FIXED, 128)
    assert fixed.runner_up is None and fixed.row()["runner_up"] is None
    assert "next best     none: q is the field's prime\n" in render(fixed)
    alone = replace(recommend(bridge, FREE, 128), runner_up=None)
    assert alone.next_best == "none: no other modulus is sound"


def test_bounds_set_q_free(tmp_path):
    bounds = tmp_path / "bounds.json"
    bounds.write_text(json.dumps({str(wire): [-128, 127] for wire in range(10, 28)}))
    fixed, free = (
        answer(FIXED, "--security", 128, "--exact"),
        answer(FIXED, "--security", 128, "--bounds", bounds),
    )
    assert (fixed["circuit"]["liftable"], free["circuit"]["liftable"]) == (False, True)
    assert free["proof_size"] < fixed["proof_size"] and free["log2_q"] < 64


def test_custom_gates_are_warned_about(tmp_path):
    file = products(tmp_path / "gates.r1cs", GOLDILOCKS, 5, gates=3)
    done = checked(run(file, "--security", 128, "--exact"))
    assert (
        "warning" in done.stdout
        and "used 3 times" in done.stdout
        and "does not cover them" in done.stdout
    )


def test_an_infeasible_wish_says_which_constraint_and_what_helps(tmp_path):
    file = products(tmp_path / "many.r1cs", MERSENNE31, 1000)
    line = refused(file, "--security", 256, "--exact")
    for words in ("infeasible", "binomial factors", "another field", "--bounds"):
        assert words in line
    done = run(file, "--security", 256, "--exact", "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["infeasible"] in line


def test_a_prime_of_order_32_has_no_parameters(bridge, tmp_path):
    refusal = recommend(bridge, products(tmp_path / "odd.r1cs", ORDER_32, 40), 128)
    assert isinstance(refusal, Refusal) and "order modulo 128 is 32" in refusal.reason


def test_a_circuit_without_constraints_is_answered(bridge, tmp_path):
    model = knowing(tmp_path / "m.pt", recommend(bridge, EMPTY, 100).circuit)
    assert (
        recommend(bridge, EMPTY, 100, proposer=NetworkProposer(model)).nearest.excess
        == 0
    )


def test_beyond_the_trained_sizes_the_model_extrapolates_or_is_not_asked(
    bridge, tmp_path, monkeypatch
):
    file = products(tmp_path / "large.r1cs", GOLDILOCKS, 1000)
    model = knowing(tmp_path / "m.pt", recommend(bridge, file, 128).circuit)
    found = answer(file, "--security", 128, "--checkpoint", model)
    assert found["nearest"]["excess"] == 0
    assert found["warnings"] == [
        "the model extrapolates: the circuit has 5,000 nodes, those that it was trained on up "
        "to 2,000"
    ]
    monkeypatch.setattr("nexuszero.network.proposer.MODEL_BYTES", 1000)
    left = recommend(bridge, file, 128, proposer=NetworkProposer(model))
    assert isinstance(left, Recommendation) and left.proposal is None
    assert "model was not asked: 5,000 nodes" in left.warnings[0]
    assert left.source.startswith("exact search") and "model was not asked" in render(
        left
    )


def test_a_network_is_asked_in_a_process_of_its_own(bridge, tmp_path):
    model = knowing(tmp_path / "m.pt", recommend(bridge, FREE, 128).circuit)
    arguments = ["recommend", FREE, "--security", 128]
    done = checked(start(*arguments, "--checkpoint", model, "--json"))
    assert json.loads(done.stdout)["source"] == f"{model}, checked by exact search"
    assert "not an .r1cs file" in line_of(
        start("recommend", "README.md", "--security", 128, "--exact")
    )


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
        model_file(Path("m.pt"), exact=True)


def test_fixtures_and_their_sources_are_those_that_were_recorded():
    lines = (CIRCUITS / "SHA256SUMS").read_text().splitlines()
    recorded = dict(reversed(line.split()) for line in lines)
    files = [
        *(ROOT / "circuits").rglob("*.circom"),
        *(ROOT / "tests/fixtures").rglob("*.r1cs"),
        *(ROOT / "tests/fixtures").rglob("*.sym"),
    ]
    assert recorded == {
        str(file.relative_to(ROOT)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }
    names = {file.stem for file in (ROOT / "circuits").glob("*.circom")}
    assert {file.name for file in CIRCUITS.glob("*.r1cs")} == {
        f"{name}.{prime}.r1cs" for name in names for prime in ("bn128", "goldilocks")
    }
