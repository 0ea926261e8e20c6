"""The tables, against numbers computed another way. The circuits come from the library itself, seed 1."""

from dataclasses import replace
from pathlib import Path

import figures
import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nexuszero.advice import Nearest, Proposal, levels, recommend
from nexuszero.config import GenerateConfig
from nexuszero.crypto import CryptoBridge
from nexuszero.data import TARGET_NAMES, Demand, Standardiser, generate, nearest, read_all
from nexuszero.evaluation import Climb, Regret, compare_golden
from nexuszero.report import dataset, recommendation, results, search, style
from nexuszero.report.style import shown

CIRCUIT = Path(__file__).parent / "fixtures/circuits/compare.bn128.r1cs"
SPACE = {
    "hidden_dim": CategoricalDistribution([128, 256, 384]),
    "num_layers": IntDistribution(3, 8),
    "num_heads": CategoricalDistribution([4, 8]),
    "dropout": FloatDistribution(0.05, 0.3),
    "learning_rate": FloatDistribution(1e-5, 5e-4, log=True),
}
LOSSES = [1.5, None, 0.9, 1.2, 1.9]  # the second trial fails


def study_of(losses):
    study = optuna.create_study(direction="minimize")
    for number, loss in enumerate(losses):
        values = {"hidden_dim": 128, "num_layers": 3 + number % 6, "num_heads": 4, "dropout": 0.1}
        trial = optuna.trial.create_trial(
            state=optuna.trial.TrialState.FAIL if loss is None else optuna.trial.TrialState.COMPLETE,
            params=values | {"learning_rate": 1e-4 / (1 + number)},
            distributions=SPACE,
            value=loss,
            user_attrs={} if loss is None else {"test_loss": 3 - loss, "seconds": 1.0},
        )
        study.add_trial(trial)
    return study


@pytest.fixture(scope="module")
def study():
    return study_of(LOSSES)


@pytest.fixture(scope="module")
def circuits(tmp_path_factory):
    out = tmp_path_factory.mktemp("circuits")
    generate(GenerateConfig(out=out, train=40, val=12, test=12, seed=1), log=lambda _: None)
    return read_all(out)


@pytest.fixture(scope="module")
def report():
    """What `analysis.analyse` writes, made up."""
    targets = {name: {"r2": 0.5, "mae": 2.0} for name in TARGET_NAMES}
    measures = {"loss": 1.0, "hit_log2_q": 0.4, "hit_n": 0.2, "hit_both": 0.1, "targets": targets}
    shares = {"bit_security": 1.0, "hardness": 0.75, "proof_size": 0.0, "all": 0.0}
    rows = [{"target": name, "threshold": "", "value": shares[name], "met": shares[name] == 1} for name in shares]
    loss = {"target": "validation_loss", "threshold": "< 0.60", "value": 0.7, "met": False}
    cost = {"circuits": 3, "free": 3, "cold_evaluations": 90, "warm_evaluations": 7} | dict.fromkeys(
        ("sound", "larger", "hiding_short", "modulus_short", "optimum", "median_excess", "p95_excess", "mean_excess",
         "worst_excess", "cold_optimal", "warm_optimal"), 0.25)  # fmt: skip
    by_split = {"val": measures, "test": measures, "test_large": measures | {"loss": 2.5}}
    models = {"network": by_split, "mean": by_split | {"test_large": measures | {"loss": 3.0}}}
    return {
        "regret": {"test": dict.fromkeys(models, cost), "compiled": {"network": cost | {"sound": 0.5}}},
        "models": models,
        "shares": {"labels": shares, "proposals": dict.fromkeys(shares, 0.5)},
        "targets_met": [loss, *rows[:-1]],
        "circuits": {"val": 12, "test": 13, "test_large": 5},
        "milliseconds": {"network": 2.0, "mean": 0.0},
    }


def test_splits_are_told_beside_test(report):
    table = results.splits(report)
    assert list(table.index) == ["val", "test", "test_large"]
    assert list(table["circuits"]) == [12, 13, 5]
    assert table.loc["test_large", "times test"] == 2.5 and table.loc["test_large", "loss of the mean"] == 3.0


def test_models_stand_side_by_side(report):
    table = results.models(report)
    assert list(table.index) == ["network", "mean"]
    assert list(table["loss, test_large"]) == [2.5, 3.0]
    assert table.loc["mean", "both exact"] == 0.1 and table.loc["mean", "sound as proposed"] == 0.25


def test_overview_counts_graphs(circuits):
    table = dataset.overview(circuits)
    assert list(table["circuits"]) == [40, 12, 12]
    train = circuits["train"]
    assert table.loc["train", "mean nodes"] == pytest.approx(len(train.x) / 40)
    assert table.loc["train", "edges"] == len(train.edge_attr)
    assert table.loc["train", "most nodes"] == np.diff(train.node_ptr).max()


def test_counts_hold_every_circuit(circuits):
    for column in ("family", "security", "liftable"):
        table = dataset.counts(circuits, column)
        assert table.sum().to_dict() == {"train": 40, "val": 12, "test": 12}


def test_schema_explains_every_column(circuits):
    table = dataset.schema(circuits["train"])
    assert set(table["column"]) == set(circuits["train"].columns())
    assert table["meaning"].str.len().min() > 0


def test_statistics_are_in_original_units(circuits):
    table = dataset.target_statistics(circuits["train"])
    assert table.loc["proof_size", "max"] == circuits["train"].metrics[:, 2].max()
    assert table.loc["n", "unit"] == "LWE dimension"


def test_circuits_are_rebuilt_and_their_labels_found_again(circuits):
    bridge, positions = CryptoBridge(), list(range(12))
    assert dataset.rebuilt(circuits["test"], positions, bridge)["equal"].all()
    assert dataset.searched_again(circuits["test"], positions, bridge)["equal"].all()


def test_a_wrong_label_or_graph_is_seen(circuits):
    split = circuits["val"]
    metrics, x = split.metrics.copy(), split.x.copy()
    metrics[3, 2] += 1
    x[0, 5] += 1
    changed = type(split)(**(vars(split) | {"metrics": metrics, "x": x}))
    searched = dataset.searched_again(changed, list(range(6)), CryptoBridge())
    assert list(searched["equal"]) == [True, True, True, False, True, True]
    assert list(dataset.rebuilt(changed, [0, 1], CryptoBridge())["equal"]) == [False, True]


def test_trials_are_ranked_by_validation_loss(study):
    table = search.trials(study)
    assert list(table["trial"]) == [2, 3, 0, 4, 1]
    assert list(table["rank"].dropna()) == [1, 2, 3, 4]


def test_insights_name_both_choices(study):
    told = dict(search.search_insights(study).itertuples(index=False))
    assert told["best trial by validation loss"] == 2
    assert told["best trial by test loss (not used)"] == 4
    assert told["median validation loss"] == pytest.approx(1.35)


def test_importance_needs_four_trials():
    few = search.importances(study_of([1.0, 0.5, 0.7]))
    assert "fewer than four" in few.layout.annotations[0].text and few.data[0].x is None
    study = study_of([1.0, 0.5, 0.7, 0.9, 0.4])
    (bars,) = search.importances(study).data
    assert sum(bars.x) == pytest.approx(1)
    assert list(bars.x) == list(search.importances(study).data[0].x)  # seeded


def test_targets_tell_why_they_are_missed(report):
    table = results.targets_met(report).set_index("target")
    assert table["verdict"].to_dict() == {
        "validation_loss": "missed",
        "bit_security": "met",
        "hardness": "missed",
        "proof_size": "missed",
    }
    assert "6.8 KB" in table.loc["proof_size", "reason"]
    assert table.loc["bit_security", "reason"] == ""


def test_scores_stand_beside_every_baselines(report):
    table = results.scores(report)
    assert list(table["target"]) == list(TARGET_NAMES)
    assert list(table.columns)[2:] == ["R2", "MAE, network", "MAE, mean"]


def test_errors_by_group_average_to_the_whole(circuits):
    split = circuits["test"]
    table = results.errors_by(split, split.targets + 2.0, "family")
    assert table["circuits"].sum() == 12
    assert np.allclose(table[list(TARGET_NAMES)], 2.0)


@pytest.fixture(scope="module")
def recommended():
    """A recommendation, and what a network is said to have proposed."""
    bridge, units = CryptoBridge(), Standardiser((11, 40, 10, 0, 0, 0), (1,) * 6)
    values, circuits = np.array([1500, 40, 900, 120, 0.8, 9000]), bridge.read([CIRCUIT])
    (verdict,) = circuits.verdicts(128, values[None, :3])
    candidates = circuits.candidates(128)
    place = nearest(candidates, values, units)
    proposal = Proposal(
        values=tuple(values.tolist()),
        verdict=verdict,
        nearest=Nearest(candidates[place.position], place.excess),
        source="a test",
    )
    return replace(recommend(bridge, CIRCUIT, 128), proposal=proposal)


def test_parameters_stand_side_by_side(recommended):
    table = recommendation.parameters(recommended)
    assert list(table.columns) == ["model", "nearest candidate", "optimum"]
    assert table.loc["n", "optimum"] == recommended.optimum.n and table.loc["kappa", "model"] is None
    assert table.loc["n", "model"] == 1500 and table.loc["n", "nearest candidate"] == recommended.nearest.choice.n
    assert list(recommendation.parameters(replace(recommended, proposal=None)).columns) == ["optimum"]


def test_the_constraint_that_binds_is_marked(recommended):
    table = recommendation.constraints(recommended)
    assert list(table.index) == ["hiding", "binding", "modulus", "soundness"]
    assert table.index[table["binds"] == "binds"].tolist() == [recommended.binds] == [table["margin"].idxmin()]


def test_a_circuit_is_counted_without_its_path(recommended):
    rows = dict(recommendation.counts(recommended.circuit).itertuples(index=False))
    assert rows["constraints"] == 86 and rows["rows of forms at 64 slots"] == recommended.circuit.heights[0]
    assert (rows["q is free"], rows["bits of the largest value"]) == ("yes", 13)
    assert not any("/" in str(value) for value in rows.values())


def test_levels_have_a_row_each():
    table = recommendation.levels(levels(CryptoBridge(), CIRCUIT))
    assert list(table.index) == [100, 128, 192, 256] and table["proof_size"].is_monotonic_increasing


def cost_row(circuit, excess, **changes):
    fails = ("hiding", "width") if excess else ()
    row = Regret(
        circuit, security=128, free=True, proof_size=9, nodes=30, binds="hiding", candidates=10, cold=None,
        sound=not excess, fails=fails, excess=excess, larger=None, hiding_short=0.0, modulus_short=0, warm=None,
    )  # fmt: skip
    return replace(row, **changes)


def test_the_cost_of_following_a_model(report):
    table = results.regret(report, "test")
    assert list(table.index) == ["network", "mean"] and (table == 0.25).all(axis=None)
    assert results.regret(report, "compiled").loc["network", "sound as proposed"] == 0.5
    warm = results.warm_start(report, "test")
    assert warm["evaluations"].tolist() == [90, 7, 7] and warm.index[0] == "from the smallest q"


def test_compiled_circuits_stand_by_their_excess():
    rows = {"it": [cost_row("a", 0.1), cost_row("b", 0.5)], "mean": [cost_row("a", 2.0), cost_row("b", 1.0)]}
    table = results.compiled(rows, "it")
    assert table["circuit"].tolist() == ["b", "a"] and table["mean_excess"].tolist() == [1.0, 2.0]
    assert table["fails"][0] == "hiding, width"


def test_costs_by_group_by_hand():
    rows = [cost_row("dot 0", 0.0, nodes=90), cost_row("dot 1", 0.5, nodes=301), cost_row("mimc 2", 0.1, nodes=300)]
    table = results.costs_by(rows, "family")
    assert table.loc["dot"].tolist() == [0.5, 0.5, 0.25, 2]
    assert results.costs_by(rows, "size")["circuits"].to_dict() == {"<=100": 1, "<=300": 1, "<=1000": 1}
    assert results.costs_by(rows, "binds").loc["hiding", "circuits"] == 3


def test_the_worst_circuits_stand_first(circuits):
    test = circuits["test"]
    values = test.demand.array
    values[1, :4] = [0.25, 20 / 64, 0, 3]
    rows = [cost_row("a 0", 0.1), cost_row("b 1", 0.9), cost_row("c 2", 0.2)]
    table = results.worst(test, rows, Demand.from_array(values), 2)
    assert list(table.index) == ["b 1", "c 2"]
    assert table.loc["b 1", ["believed", "believed B", "believed rows"]].tolist() == [0.25, 20, 8]
    assert table.loc["c 2", "rows"] == test.circuit["height_64"][2]


def test_what_an_answer_costs_by_hand():
    costs = {"graph_ms": 1.0, "network_ms": 2.0, "believed_ms": 0.5, "analyse_ms": 0.25, "search_ms": 0.25,
             "circuits": 9, "estimator_ms": 1000.0}  # fmt: skip
    free = cost_row("a 0", 0.0, candidates=200, cold=Climb(30, True), warm=Climb(5, True))
    fixed = cost_row("b 1", 0.0, free=False, candidates=1)
    table = results.pays({"costs": costs}, [free, fixed])
    assert table["milliseconds"].tolist() == [3.5, 0.5, 100_500, 15_500, 3003.5]
    assert table["hours for a million"].iloc[0] == pytest.approx(3.5 / 3.6)


def test_runs_are_told_by_mean_and_deviation():
    def run(variant, seed, loss, train=10):
        val = {"loss": loss, "free_wrong": 0.1, "bits_off": 2.0, "rows_off": 0.5}
        return {"variant": variant, "seed": seed, "train": train, "batches": 3, "seconds": 2.0, "parameters": 7,
                "splits": {"val": val, "test": {"loss": 2 * loss}},
                "regret": {"searched": {"sound": 0.5, "mean_excess": loss}}}  # fmt: skip

    found = {
        "rows": [run("b", 1, 0.1), run("b", 2, 0.3), run("a", 1, 1)],
        "curve": [run("b", 1, 1, 20), run("b", 1, 2)],
    }
    del found["rows"][2]["splits"]["val"]["free_wrong"], found["rows"][2]["regret"]["searched"]
    table = figures.comparison(found)
    assert list(table.index) == ["b", "a"] and table["seeds"].tolist() == [2, 1]
    assert table.loc["b", "loss, val"] == "0.200 ± 0.141" and table.loc["b", "B off by"] == "2.0 ± 0.0"
    assert table.loc["b", "mean excess, searched"] == "0.200 ± 0.141"
    assert table.loc["a", "free or fixed wrong"] == table.loc["a", "sound, searched"] == ""
    assert figures.curve(found)["loss, test"].to_dict() == {10: "4.000", 20: "2.000"}


def test_a_table_over_seeds_has_mean_and_deviation_of_every_number(report):
    other = report | {"milliseconds": {"network": 4.0, "mean": 0.0}}
    table = results.over_seeds(results.models, [report, other])
    assert table.loc["network", "ms an answer"] == "3 ± 1.414" and table.loc["mean", "loss, test"] == "1"
    scores = results.over_seeds(results.scores, [report, other])
    assert scores["target"].tolist() == list(TARGET_NAMES) and set(scores["R2"]) == {"0.5"}


def test_a_number_that_some_seeds_lack_says_so(report):
    costs = [
        dict.fromkeys(("network",), report["regret"]["test"]["network"] | {"hiding_short": v}) for v in (None, 2.0)
    ]
    told = [report | {"regret": {"test": cost}} for cost in costs]
    for chosen, expected in ((told, "2 (1 of 2)"), (told[:1], "")):
        table = results.over_seeds(lambda one: results.regret(one, "test"), chosen)
        assert table.loc["network", "bits of hiding short"] == expected


def test_configuration_shows_no_path(circuits):
    table = style.configuration(GenerateConfig())
    assert "out" not in set(table["setting"])


def test_flat_joins_names():
    assert style.flat({"a": {"b": 1, "c": {"d": 2}}, "e": 3}) == {"a b": 1, "a c d": 2, "e": 3}


def test_golden_rows_agree():
    table = compare_golden()
    assert table["rows"].sum() > 1000
    assert (table["worst_difference"] < 1e-6).all()


def test_no_golden_rows_is_an_empty_table(tmp_path):
    assert compare_golden(tmp_path).empty


def test_numbers_are_shown_with_four_digits():
    assert [shown(value) for value in (0, 0.21652, 24415.8, 2.176e-5, -3.0)] == [
        "0",
        "0.2165",
        "24,416",
        "2.18e-05",
        "-3",
    ]
