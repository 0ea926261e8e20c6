"""Benchmarks: what a row says, what is counted, and that the command leaves its files; no test looks at a speed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import bench
import bench_training
import figures
import gatv2 as plain
import make
import numpy as np
import pytest
import torch
import turns
from torch.utils.flop_counter import FlopCounterMode

from nexuszero.config import GenerateConfig
from nexuszero.data import Standardiser, generate
from nexuszero.network import Batches, GraphBatches, ModelConfig, ParameterNet, loss

ROOT = Path(__file__).parents[1]


def test_a_row_by_hand():
    row = turns.compared("it", [1.0, 2.0, 4.0], [10.0, 30.0, 20.0], target=6)
    assert row["ours"] == {"median": 2.0, "min": 1.0, "max": 4.0}
    assert row["ratio"] == {"median": 10.0, "min": 5.0, "max": 15.0}
    assert row["met"] is True
    assert turns.compared("it", [1.0], [5.9], target=6)["met"] is False
    assert "met" not in turns.compared("it", [1.0], [2.0])


def test_both_run_in_turn_and_the_first_turn_does_not_count():
    calls = []
    row = turns.turns(
        "it",
        lambda: calls.append("ours"),
        lambda: calls.append("other"),
        3,
        against="another",
    )
    assert calls == ["ours", "other"] * 4
    assert row["against"] == "another" and row["ratio"]["min"] <= row["ratio"]["max"]


@pytest.mark.parametrize(
    ("least", "most", "met"),
    [(5, None, True), (7, None, False), (None, 7, True), (None, 5, False)],
)
def test_a_figure_has_its_target(least, most, met):
    assert turns.figure(6, "s", least, most)["met"] is met


def test_matrix_products_are_all_counted_and_run_again(splits):
    batch = next(
        iter(
            Batches(
                GraphBatches(
                    splits["train"], Standardiser.fit(splits["train"].targets)
                ),
                8,
            )
        )
    )
    model = ParameterNet(ModelConfig(16, 2, 4, 0.0))
    with bench_training.Products() as products:
        loss(model(*batch.inputs).targets, batch.target).backward()
    counter = FlopCounterMode(display=False)
    with counter:
        products.replay()
    assert products.flops == counter.get_total_flops() > 0
    with FlopCounterMode(display=False) as whole:
        loss(model(*batch.inputs).targets, batch.target).backward()
    assert products.flops == whole.get_total_flops()


def test_the_plain_recipe_sees_the_same_circuits(splits):
    split = splits["train"]
    own = list(Batches(GraphBatches(split, Standardiser.fit(split.targets)), 16))
    theirs = list(plain.loader(split, batch_size=16, shuffle=False))
    for ours, other in zip(own, theirs, strict=True):
        assert torch.equal(ours.x, other.x) and torch.equal(ours.target, other.y)
        assert torch.equal(torch.bincount(ours.graph), torch.bincount(other.batch))
        assert 2 * len(ours.edge_attr) == len(other.edge_attr)
        there = (
            other.edge_index[0] < other.edge_index[1]
        )  # wires come before constraints
        assert torch.equal(
            other.edge_index[:, there].sort().values, ours.edge_index.sort().values
        )


def test_the_plain_network_learns_something(splits):
    torch.manual_seed(0)
    batch = next(iter(plain.loader(splits["train"], 32, shuffle=False)))
    model = plain.PlainNet(16, 2, 4, 0.0)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    values = []
    for _ in range(20):
        optimiser.zero_grad()
        value = loss(model(batch), batch.y)
        value.backward()
        optimiser.step()
        values.append(float(value.detach()))
    assert model(batch).shape == (32, 6) and values[-1] < 0.8 * values[0]


def test_what_is_measured_and_the_page_of_it(tmp_path, monkeypatch, capsys):
    """All parts once, at the smallest size; the page is notebook 12's, and docs/results.md finds every key."""
    data = tmp_path / "data"
    sizes = {"train": 60, "val": 20, "test": 20}
    generate(GenerateConfig(out=data, **sizes), log=lambda _: None)
    out = tmp_path / "bench.json"
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(bench_training, "SHAPE", ModelConfig(64, 2, 4, 0.1))
    bench.main(
        bench.BenchConfig(
            data=data,
            out=out,
            circuits=20,
            constraints=600,
            proved=[200],
            groth16=[],
            compiled=False,
            generated=[70],
            repeats=1,
            lesson=1,
            threads=1,
        )
    )
    assert Path(capsys.readouterr().out.splitlines()[-1]) == out.with_suffix(".html")
    assert '<figure class="plot">' in out.with_suffix(".html").read_text()

    measured = json.loads(out.read_text())
    rows = figures.benchmark_rows(measured)
    parts = (
        "estimates",
        "labels",
        "analysis",
        "proofs",
        "prepared",
        "generation",
        "loading",
        "training",
        "answers",
    )
    assert [len(measured[part]) for part in parts] == [8, 4, 4, 1, 1, 1, 3, 3, 2]
    generation = measured["generation"][0]
    assert generation["peak_megabytes"] > 50 and generation["megabytes_on_disk"] > 0.05
    assert all(
        row["peak_megabytes"] > 20 and 500 < row["constraints"] <= 600
        for row in measured["analysis"]
    )
    assert [row["constraints"] for row in measured["proofs"]] == [165]
    shares = measured["training"][-1]["profile"]
    assert (
        list(shares.values()) == sorted(shares.values(), reverse=True)
        and 0.3 < sum(shares.values()) <= 1
    )
    lesson = measured["training"][1]
    assert lesson["met"] == (
        lesson["validation_loss"] <= lesson["other_validation_loss"]
    )
    table = figures.benchmark(rows)
    assert len(table) == len(rows) and set(table["met"]) <= {"", "yes", "no"}
    assert len(figures.ratios(rows).data[0].x) == len(rows)

    monkeypatch.setattr(make, "REPORTS", tmp_path)
    section = make._benchmark()
    assert all(f"| {row['what']} |" in section for row in rows)


def test_where_proofs_become_as_large_as_others():
    rows = [
        {"constraints": 100, "bytes": 10_000},
        {"constraints": 10_000, "bytes": 1_000_000},
    ]
    assert figures.crossing(rows, 100_000) == pytest.approx(1000)
    assert np.isnan(figures.crossing(rows, 5_000))
    drawn = figures.proofs(
        [row | {"ours": {"median": 1}, "other": {"median": 2}} for row in rows], []
    )
    assert [trace.name for trace in drawn.data] == [
        "ours",
        "LaBRADOR, 58 KB (BS23)",
        "proving",
        "verifying",
    ]


def test_the_command_says_what_is_wrong_in_one_line():
    """A process of its own, as it is called."""
    script = ROOT / "notebooks/experiments/bench.py"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, script, "--set", "data=nowhere"]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 2 and not done.stdout
    assert len(done.stderr.splitlines()) == 1
    assert (
        done.stderr.startswith("bench.py: ")
        and "nowhere/train/index.h5: no such dataset; run" in done.stderr
    )
