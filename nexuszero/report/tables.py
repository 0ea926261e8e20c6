"""The tables of the notebooks: pure functions from splits, studies and measures to pandas frames.

python -c "from nexuszero import dataset, tables; print(tables.overview(dataset.read_all('data/quick')))"
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nexuszero.config import TUNED
from nexuszero.crypto import Circuits, CryptoBridge
from nexuszero.crypto.questions import CHOICE_KEYS
from nexuszero.data.split import TARGET_NAMES, Array, Split
from nexuszero.report.style import shown
from nexuszero.settings import Stage

if TYPE_CHECKING:  # a table of a dataset must not wait for torch and Optuna
    import optuna

MEAN_PREDICTOR_LOSS = 2.0  # three standardised parameters and three metrics, each of variance one
UNITS = {
    "n": "LWE dimension",
    "log2_q": "bits",
    "sigma": "standard deviation",
    "bit_security": "bits of core-SVP",
    "hardness": "0..1",
    "proof_size": "bytes",
}
REASONS = {  # labels.md, section 5
    "validation_loss": "this network, data and number of epochs do not reach it",
    "bit_security": "a label below 100 bits would be an error of the search",
    "hardness": "0.8 is passed at 102 bits, and the labels for lambda 100 stay close to 100",
    "proof_size": "5,000 bytes came from an invented formula: the smallest proof has 6.8 KB (lambda 100), 8.3 KB (128)",
}
MEANINGS = {
    "x": "node features, all circuits after one another",
    "edge_index": "wire -> constraint, indices local to the circuit",
    "edge_attr": "edge features",
    "node_bits": "bits of each node's largest value as the analysis has it: to learn from, never an input",
    "node_rounds": "exchanges of wires and constraints after which inference has them, at most 255: likewise",
    "node_ptr": "where each circuit's nodes begin",
    "edge_ptr": "where each circuit's edges begin",
    "params": "n, log2_q, sigma",
    "metrics": "bit_security, hardness, proof_size (bits, 0..1, bytes)",
    "circuit/seed": "with family, rebuilds the R1CS",
    "circuit/family": "what the circuit looks like",
    "circuit/security": "lambda, the bits asked for",
    "circuit/field_bits": "bit length of the field's prime",
    "circuit/wires": "wires, w_0 included",
    "circuit/constraints": "linear and quadratic constraints",
    "circuit/forms": "distinct private forms of the packed constraints",
    "circuit/bits": "B: bits of the largest value where q is free, else the field's",
    "circuit/liftable": "whether q is free",
}


def schema(split: Split) -> pd.DataFrame:
    """Columns of a file with type, shape and meaning."""
    rows = [
        [name, str(column.dtype), " x ".join(map(str, column.shape)), _meaning(name)]
        for name, column in split.columns().items()
    ]
    return pd.DataFrame(rows, columns=["column", "type", "shape", "meaning"])


def overview(splits: Mapping[str, Split]) -> pd.DataFrame:
    """Counts and sizes of graphs by split."""
    return pd.DataFrame({name: _counts(split) for name, split in splits.items()}).T.rename_axis("split")


def attributes(split: Split) -> pd.DataFrame:
    """The attributes of a file, without the lists that stand elsewhere."""
    kept = {name: value for name, value in split.attributes.items() if not name.endswith(("columns", "units"))}
    return pairs({name: str(value) for name, value in kept.items()}, "attribute")


def counts(splits: Mapping[str, Split], column: str) -> pd.DataFrame:
    """How many circuits of each value of a column `circuit/*`, by split."""
    table = pd.DataFrame({name: pd.Series(split.circuit[column]).value_counts() for name, split in splits.items()})
    return table.fillna(0).astype(int).sort_index().rename_axis(column)


def target_statistics(split: Split) -> pd.DataFrame:
    """Mean, deviation, quartiles and extremes of the six targets in original units."""
    table = pd.DataFrame(split.targets, columns=list(TARGET_NAMES)).describe().T.drop(columns="count")
    return table.assign(unit=[UNITS[name] for name in TARGET_NAMES]).rename_axis("target")


def sizes_on_disk(data: Path) -> pd.DataFrame:
    """Bytes of each split's file, in millions."""
    files = {file.parent.name: file.stat().st_size / 1e6 for file in sorted(data.glob("*/index.h5"))}
    return pairs(files, "split", "MB")


def graph_digest(x: Array, edges: Array, edge_attr: Array) -> str:
    """Twelve digits of the SHA-256 of a circuit's graph columns."""
    columns = (np.ascontiguousarray(x), np.ascontiguousarray(edges), np.ascontiguousarray(edge_attr))
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()[:12]


def graph_digests(split: Split) -> set[str]:
    """The digests of all graphs of a split."""
    return {_stored_digest(split, position) for position in range(len(split))}


def liftable_shares(split: Split) -> pd.DataFrame:
    """Share of circuits whose q is free, by family."""
    table = pd.DataFrame({name: split.circuit[name] for name in ("family", "liftable")})
    shares = table.groupby("family")["liftable"].agg(["size", "mean"])
    return shares.rename(columns={"size": "circuits", "mean": "liftable share"})


def rebuilt(split: Split, positions: list[int], bridge: CryptoBridge) -> pd.DataFrame:
    """Circuits made again from family and seed, and the digest of their graph beside that in the file."""
    rows = []
    for position in positions:
        circuit = _circuit(split, position)
        graph = _synthesized(circuit, bridge).graphs(int(circuit["security"]))
        again = graph_digest(graph["x"], np.stack([graph["edge_source"], graph["edge_target"]]), graph["edge_attr"])
        digests = [_stored_digest(split, position), again]
        rows.append([position, circuit["family"], int(circuit["seed"]), len(graph["x"]), *digests])
    table = pd.DataFrame(rows, columns=["circuit", "family", "seed", "nodes", "in the file", "rebuilt"])
    return table.assign(equal=table["in the file"] == table["rebuilt"])


def searched_again(split: Split, positions: list[int], bridge: CryptoBridge) -> pd.DataFrame:
    """The exact search on rebuilt circuits; equal if the label in the file, kept to nine decimals, agrees."""
    rows = []
    for position in positions:
        circuit = _circuit(split, position)
        choice = _synthesized(circuit, bridge).choose(int(circuit["security"]))[0]
        found = [float(choice[name]) for name in TARGET_NAMES]
        equal = bool(np.allclose(found, split.targets[position], rtol=0, atol=1e-9))
        rows.append([position, circuit["family"], int(circuit["security"]), *found, equal])
    return pd.DataFrame(rows, columns=["circuit", "family", "lambda", *TARGET_NAMES, "equal"])


def losses(train: float, val: float, test: float) -> pd.DataFrame:
    """The best network's losses against a model that always answers the mean."""
    table = pd.DataFrame({"split": ["train", "val", "test"], "loss": [train, val, test]})
    return table.assign(mean_predictor=MEAN_PREDICTOR_LOSS, ratio=table["loss"] / MEAN_PREDICTOR_LOSS)


def splits(report: Mapping[str, Any]) -> pd.DataFrame:
    """The network's losses and exact hits by split, how much worse than on test, and the training mean's loss there."""
    found, mean = report["models"]["network"], report["models"]["mean"]
    rows = [{
        "split": name, "circuits": report["circuits"][name], "loss": row["loss"],
        "times test": row["loss"] / found["test"]["loss"], "loss of the mean": mean[name]["loss"],
        "log2 q exact": row["hit_log2_q"], "n exact": row["hit_n"],
    } for name, row in found.items()]  # fmt: skip
    return pd.DataFrame(rows).set_index("split")


def models(report: Mapping[str, Any]) -> pd.DataFrame:
    """The network beside the baselines: losses by split; of the test circuits exact hits, sound proposals, excess.

    Milliseconds are those of one of many answers at once; what is given the truth does not pay for it.
    """
    rows = []
    for name, found in report["models"].items():
        cost, test = report["regret"]["test"][name], found["test"]
        rows.append({
            "model": name, **{f"loss, {split}": row["loss"] for split, row in found.items()},
            "log2 q exact": test["hit_log2_q"], "n exact": test["hit_n"], "both exact": test["hit_both"],
            "sound as proposed": cost["sound"], "median excess": cost["median_excess"],
            "mean excess": cost["mean_excess"], "ms an answer": report["milliseconds"][name],
        })  # fmt: skip
    return pd.DataFrame(rows).set_index("model")


def scores(report: Mapping[str, Any]) -> pd.DataFrame:
    """R2 and mean absolute error by target in original units, beside the errors of each baseline."""
    found = {model: row["test"]["targets"] for model, row in report["models"].items()}
    table = pd.DataFrame({"target": TARGET_NAMES, "unit": [UNITS[name] for name in TARGET_NAMES]})
    table["R2"] = [found["network"][name]["r2"] for name in TARGET_NAMES]
    for model, row in found.items():
        table[f"MAE, {model}"] = [row[name]["mae"] for name in TARGET_NAMES]
    return table


def errors_by(split: Split, prediction: Array, column: str) -> pd.DataFrame:
    """Mean absolute errors of the test circuits, by a column `circuit/*`."""
    table = pd.DataFrame(np.abs(prediction - split.targets), columns=list(TARGET_NAMES))
    grouped = table.groupby(split.circuit[column]).mean()
    sizes = pd.Series(split.circuit[column]).value_counts()
    return grouped.assign(circuits=sizes).rename_axis(column)


def trials(study: optuna.Study) -> pd.DataFrame:
    """The seed document's trial table, but ranked by validation loss; the test loss is only a column."""
    rows = [_trial(trial) for trial in study.trials if trial.state.is_finished()]
    table = pd.DataFrame(rows, columns=["trial", *TUNED, "val_loss", "test_loss", "seconds", "state"])
    value = table["val_loss"].astype(float).where(table["state"] == "COMPLETE")
    table.insert(0, "rank", value.rank(method="first").astype("Int64"))
    return table.sort_values(["rank", "trial"], na_position="last").reset_index(drop=True)


def importances(study: optuna.Study) -> pd.DataFrame:
    """Shares of the loss's variance (fANOVA); empty below four completed trials, which cannot tell."""
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    losses = trials(study)["val_loss"].dropna()
    found: dict[str, float] = {}
    if len(losses) >= 4 and losses.nunique() > 1:
        found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    return pairs(found, "hyperparameter", "share of variance")


def search_insights(study: optuna.Study) -> pd.DataFrame:
    """What the seed document calls key insights, computed."""
    table = trials(study)
    ranked = table[table["rank"].notna()]
    best, median = ranked["val_loss"].min(), ranked["val_loss"].median()
    by_test = ranked.loc[ranked["test_loss"].idxmin(), "trial"]
    return pairs(
        {
            "completed trials": len(ranked),
            "best validation loss": best,
            "median validation loss": median,
            "improvement over the median": 1 - best / median,
            "best trial by validation loss": int(ranked["trial"].iloc[0]),
            "best trial by test loss (not used)": int(by_test),
            "trials better than the mean predictor": int((ranked["val_loss"] < MEAN_PREDICTOR_LOSS).sum()),
        },
        "insight",
    )


def targets_met(report: Mapping[str, Any]) -> pd.DataFrame:
    """The seed document's four targets: of the exact labels, and of what the network proposes."""
    labels, proposals = report["shares"]["labels"], report["shares"]["proposals"]
    rows = [
        [
            row["target"],
            row["threshold"],
            row["value"],
            proposals.get(row["target"]),
            "met" if row["met"] else "missed",
            "" if row["met"] else REASONS[row["target"]],
        ]
        for row in report["targets_met"]
    ]
    assert all(row[2] == labels[row[0]] for row in rows[1:])
    columns = ["target", "threshold", "loss, or share of labels", "share of proposals", "verdict", "reason"]
    return pd.DataFrame(rows, columns=columns)


def circuit(row: Mapping[str, Any]) -> pd.DataFrame:
    """A row of `nexuszero analyse`, without the path."""
    told = {f"rows of forms at {s} slots": row[f"height_{s}"] for s in (64, 32, 16, 8, 4)}
    return pairs({
        "constraints": row["constraints"], "linear": row["linear"], "packed": row["packed"], "wires": row["wires"],
        "distinct private forms": row["forms"], **told, "bits of the field": row["field_bits"],
        "order of the field's prime modulo 128": row["field_order"], "q is free": "yes" if row["liftable"] else "no",
        "bits of the largest value" if row["liftable"] else "bits of q": row["bits"],
    }, "circuit")  # fmt: skip


def parameters(story: Mapping[str, Any]) -> pd.DataFrame:
    """What the network said, the nearest sound candidate and the optimum; the optimum alone where none was asked."""
    columns = {"model": story["proposal"], "nearest candidate": story["nearest"], "optimum": story}
    table = {name: [row.get(key) for key in CHOICE_KEYS] for name, row in columns.items() if row is not None}
    return pd.DataFrame(table, index=pd.Index(CHOICE_KEYS, name="parameter"), dtype=object)


def constraints(story: Mapping[str, Any]) -> pd.DataFrame:
    """What each constraint of the answer needs, has and has left, in bits."""
    table = pd.DataFrame(story["constraints"]).set_index("constraint")
    return table.assign(binds=["binds" if name == story["binds"] else "" for name in table.index])


def levels(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Answers of the exact search by security level."""
    kept = ["n", "log2_q", "sigma", "kappa", "bit_security", "proof_size"]
    return pd.DataFrame(rows).set_index("security")[kept]


def regret(report: Mapping[str, Any], circuits: str) -> pd.DataFrame:
    """What following each model would cost on a set of circuits (`nexuszero.evaluation.regret.summary`)."""
    names = {
        "sound": "sound as proposed", "hiding_short": "bits of hiding short", "modulus_short": "bits of q short",
        "larger": "larger, if sound", "optimum": "nearest is the optimum", "median_excess": "median excess",
        "p95_excess": "95 % excess", "mean_excess": "mean excess", "worst_excess": "worst excess",
    }  # fmt: skip
    table = pd.DataFrame(report["regret"][circuits]).T[list(names)].rename(columns=names)
    return table.rename_axis("model")


def warm_start(report: Mapping[str, Any], circuits: str) -> pd.DataFrame:
    """Candidates that an uphill search works out where q is free, from each model's answer or from the smallest q."""
    found = report["regret"][circuits]
    any_model = next(iter(found.values()))
    rows = {"from the smallest q": [any_model["cold_evaluations"], any_model["cold_optimal"]]}
    rows |= {name: [row["warm_evaluations"], row["warm_optimal"]] for name, row in found.items()}
    return pd.DataFrame(rows, index=["evaluations", "ends at the optimum"]).T.rename_axis("start")


def costs_by(rows: Sequence[Mapping[str, Any]], key: str) -> pd.DataFrame:
    """Rows of `nexuszero.evaluation.regret` by family, security, size, freedom of q, or the constraint that binds."""
    table = pd.DataFrame(rows)
    table["family"] = table["circuit"].str.split().str[0]
    table["size"] = pd.cut(table["nodes"], [0, 100, 300, 1000, 10**6], labels=["<=100", "<=300", "<=1000", ">1000"])
    table["optimum"] = table["excess"] == 0
    grouped = table.groupby(key, observed=True)
    return grouped[["sound", "optimum", "excess"]].mean().assign(circuits=grouped.size())


def worst(test: Split, rows: Sequence[Mapping[str, Any]], beliefs: Array, count: int = 12) -> pd.DataFrame:
    """The circuits that cost most, with what they ask and what the network believed: q free, B, rows of 64 slots."""
    table = []
    for row in sorted(rows, key=lambda row: (-row["excess"], row["sound"]))[:count]:
        index = int(row["circuit"].split()[1])
        (free, bits, rows_64), (said_free, said_bits, said_rows) = (
            told[index, [0, 1, 3]] * [1, 64, 1] for told in (test.demands, beliefs)
        )
        table.append({
            "circuit": row["circuit"], "nodes": row["nodes"], "lambda": row["security"], "excess": row["excess"],
            "fails": ", ".join(row["fails"]), "q free": bool(free), "believed": float(said_free),
            "B": bits if free else math.nan, "believed B": float(said_bits), "rows": 2**rows_64,
            "believed rows": 2.0 ** float(said_rows),
        })  # fmt: skip
    return pd.DataFrame(table).set_index("circuit")


def pays(spent: Mapping[str, Any], rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """One answer and a million, by way of answering (`nexuszero.evaluation.costs.pays`)."""
    from nexuszero.evaluation.costs import pays as ways

    return pd.DataFrame(ways(dict(spent), rows)).set_index("way")


def comparison(found: Mapping[str, Any]) -> pd.DataFrame:
    """Mean and deviation over seeds by variant (`notebooks/experiments/compare.py`), in the order of the first seed."""
    rows = []
    for name in dict.fromkeys(row["variant"] for row in found["rows"]):
        runs = [row for row in found["rows"] if row["variant"] == name]
        told: dict[str, Any] = {"variant": name, "seeds": len(runs), "weights": runs[0]["parameters"]}
        told["seconds"] = float(np.median([run["seconds"] for run in runs]))
        for split in runs[0]["splits"]:
            told[f"loss, {split}"] = _spread([run["splits"][split]["loss"] for run in runs], 3)
        for title, key, digits in (("free or fixed wrong", "free_wrong", 3), ("B off by", "bits_off", 1),
                                   ("log2 rows off by", "rows_off", 2)):  # fmt: skip
            values = [run["splits"]["val"][key] for run in runs if key in run["splits"]["val"]]
            told[title] = _spread(values, digits) if values else ""
        searched = [run["regret"].get("searched") for run in runs]
        for title, key in (("sound, searched", "sound"), ("mean excess, searched", "mean_excess")):
            told[title] = _spread([cost[key] for cost in searched], 3) if all(searched) else ""
        rows.append(told)
    return pd.DataFrame(rows).set_index("variant")


def over_seeds(
    table: Callable[[Mapping[str, Any]], pd.DataFrame], reports: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """Mean and deviation over reports, one a seed, of each number in a table of one; how many have it, if not all."""
    frames = [table(report) for report in reports]
    told = frames[0].astype(object)
    for column in told.columns:
        for row in told.index:
            values = [frame.loc[row, column] for frame in frames]
            if not isinstance(values[0], str):
                told.loc[row, column] = _over(pd.to_numeric(pd.Series(values)))
    return told


def _over(values: pd.Series) -> str:
    kept = values.dropna()
    if kept.empty:
        return ""
    mean, deviation = kept.mean(), kept.std()
    spread = f" ± {shown(deviation)}" if deviation > 1e-9 * abs(mean) else ""  # none of what no seed changes
    return shown(mean) + spread + (f" ({len(kept)} of {len(values)})" if len(kept) < len(values) else "")


def curve(found: Mapping[str, Any]) -> pd.DataFrame:
    """Losses by training circuits, mean and deviation over seeds."""
    rows = []
    for size in sorted({row["train"] for row in found["curve"]}):
        runs = [row for row in found["curve"] if row["train"] == size]
        losses = {
            f"loss, {split}": _spread([run["splits"][split]["loss"] for run in runs], 3) for split in runs[0]["splits"]
        }
        rows.append({"training circuits": size, "seeds": len(runs), "batches": runs[0]["batches"], **losses})
    return pd.DataFrame(rows or {"training circuits": []}).set_index("training circuits")


def compiled(rows: Mapping[str, Sequence[Mapping[str, Any]]], model: str) -> pd.DataFrame:
    """A model on each compiled circuit, the largest excess first, beside always answering the mean."""
    table = pd.DataFrame(rows[model]).assign(
        fails=[", ".join(row["fails"]) for row in rows[model]], mean_excess=[row["excess"] for row in rows["mean"]]
    )
    columns = ["circuit", "nodes", "free", "sound", "fails", "proof_size", "excess", "mean_excess"]
    return table[columns].sort_values("excess", ascending=False, ignore_index=True)


def benchmark(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of a benchmark: medians, the spread of the ratio, and the target if there is one."""
    table = []
    for row in rows:
        ratio, unit = row["ratio"], row.get("unit")
        target = row.get("target") or row.get("least") or row.get("most")
        table.append({
            "what": row["what"], "against": row["against"], "seconds": row["ours"]["median"],
            "seconds of the other": row["other"]["median"], "ratio": ratio["median"], "least": ratio["min"],
            "largest": ratio["max"], "figure": f"{shown(row['value'])} {unit}" if unit else "",
            "target": "" if target is None else shown(target),
            "met": "" if target is None else "yes" if row["met"] else "no",
        })  # fmt: skip
    return pd.DataFrame(table).set_index("what")


def generation_rate(summary: Mapping[str, Any]) -> pd.DataFrame:
    """Time and rate of the generation; the seed document says about 933 a minute."""
    rate = {"seconds": summary["seconds"], "circuits per minute": 60 * summary["circuits_per_second"]}
    return pairs({"circuits": summary["circuits"], **rate, "seed document, circuits per minute": 933}, "generation")


def configuration(config: Stage | Mapping[str, Any]) -> pd.DataFrame:
    """A configuration as a table, without paths."""
    values = config if isinstance(config, Mapping) else config.model_dump()
    paths = ("out", "data", "storage", "baseline", "runs", "checkpoint", "checkpoints", "circuit", "circuits", "bounds")
    return pairs({name: value for name, value in values.items() if name not in paths}, "setting")


def pairs(values: Mapping[str, Any], name: str, value: str = "value") -> pd.DataFrame:
    """A mapping as a table of two columns; whole numbers stay whole beside others."""
    return pd.DataFrame({name: list(values), value: pd.Series(list(values.values()), dtype=object)})


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by spaces."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{prefix} {name}".strip()
        out |= flat(value, key) if isinstance(value, Mapping) else {key: value}
    return out


def _spread(values: Sequence[float], digits: int) -> str:
    deviation = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""  # one run has none
    return f"{np.mean(values):.{digits}f}{deviation}"


def _trial(trial: optuna.trial.FrozenTrial) -> list[Any]:
    noted = [trial.user_attrs.get(name) for name in ("test_loss", "seconds")]
    return [trial.number, *(trial.params.get(name) for name in TUNED), trial.value, *noted, trial.state.name]


def _counts(split: Split) -> dict[str, Any]:
    nodes, edges = np.diff(split.node_ptr), np.diff(split.edge_ptr)
    return {
        "circuits": len(split),
        "nodes": int(nodes.sum()),
        "edges": int(edges.sum()),
        "mean nodes": float(nodes.mean()),
        "median nodes": float(np.median(nodes)),
        "fewest nodes": int(nodes.min()),
        "most nodes": int(nodes.max()),
        "mean edges": float(edges.mean()),
        "liftable share": float(split.circuit["liftable"].mean()),
    }


def _meaning(name: str) -> str:
    if name.startswith("circuit/height_"):
        return f"committed forms with {name.rpartition('_')[2]} slots"
    return MEANINGS.get(name, "")


def _stored_digest(split: Split, position: int) -> str:
    nodes, edges = (slice(*pointer[position : position + 2]) for pointer in (split.node_ptr, split.edge_ptr))
    return graph_digest(split.x[nodes], split.edge_index[:, edges], split.edge_attr[edges])


def _circuit(split: Split, position: int) -> dict[str, Any]:
    return {name: split.circuit[name][position] for name in ("family", "seed", "security")}


def _synthesized(circuit: Mapping[str, Any], bridge: CryptoBridge) -> Circuits:
    return bridge.synthesize([bridge.families().index(str(circuit["family"]))], [circuit["seed"]])
