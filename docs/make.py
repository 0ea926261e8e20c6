"""Writes docs/options.md from the configuration models, docs/results.md and README's table from what was measured, and
the example of docs/recommend.md from the exact search.

Every number comes from a file below reports/, by its key; a key that is missing is an error.

    python docs/make.py
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import picture

from nexuszero.advice import Recommendation, recommend, render
from nexuszero.config import GenerateConfig, TrainConfig, TuneConfig
from nexuszero.crypto import CryptoBridge

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "reports"
STAGES = {"generate": GenerateConfig, "tune": TuneConfig, "train": TrainConfig}
MODELS = {
    "network": "network, its head",
    "network, then search": "network, then search",
    "network, then search, with a margin": "the same with a margin",
    "boosting, given the truth": "boosting, given the truth",
    "boosting": "boosting, graph statistics",
    "linear": "linear, graph statistics",
    "mean": "always the mean",
}
SPLITS = ("val", "test", "test_family", "test_large")
START = "<!-- measured, by docs/make.py -->\n"
END = "<!-- end of measured -->\n"
EXAMPLE = "<!-- example -->\n"
EXAMPLE_END = "<!-- end of example -->\n"
CIRCUIT = Path("tests/fixtures/circuits/compare.bn128.r1cs")


class Measured:
    """A JSON file of measurements, whose values are taken by their path."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.content = json.loads((REPORTS / name).read_text(encoding="utf-8"))

    def __call__(self, *keys: str | int) -> Any:
        """The value at a path of keys."""
        value = self.content
        for depth, key in enumerate(keys, 1):
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                path = "/".join(map(str, keys[:depth]))
                raise SystemExit(
                    f"reports/{self.name}: no {path}; measure again, or mend docs/make.py"
                ) from None
        return value


def options() -> str:
    """docs/options.md: a row for each key of a stage."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for stage, model in STAGES.items():
        for name, field in model.model_fields.items():
            default = "null" if field.default is None else str(field.default)
            if isinstance(field.default, bool):
                default = default.lower()
            rows.setdefault((name, default, str(field.description)), []).append(stage)

    table = [
        [f"`{name}`", ", ".join(stages), f"`{default}`", meaning.replace("|", "/")]
        for (name, default, meaning), stages in rows.items()
    ]
    return f"""# Options of a stage

Made by `python docs/make.py` from `nexuszero/config.py`; do not edit.

`nexuszero generate`, `tune` and `train` take their values from a profile (`--profile smoke, quick, full`) or a file
(`--config FILE`), then from `--set key=value`, which may be repeated and is read as YAML. `nexuszero week` takes
`--set stage.key=value`. A file's section `workspace` (`data`, `reports`, `checkpoints`, `trials`) says where a run
lives; every path that is not named follows from it. Paths in a file are relative to that file, those of a named
profile and of `--set` to the working directory.

{_table(["key", "of", "default", "meaning"], table)}
"""


def results() -> str:
    """docs/results.md: what was measured, with the file and the key of each number."""
    parts = (
        _week,
        _losses,
        _proposals,
        _targets,
        _compiled,
        _costs,
        _golden,
        _comparison,
        _benchmark,
        _clone,
        _faults,
    )
    sections = "\n\n".join(part() for part in parts)
    recorded = Measured("reference/summary.json")("provenance", "library", "labels")
    return f"""# Results

Made by `python docs/make.py` from the files below `reports/`; do not edit. Each section names its file. ± is the
deviation over seeds. What the numbers mean, and what not, is in the [model card](model_card.md) and in
[labels.md](labels.md). What is read from `reports/reference` was recorded with labels of version {recorded}; labels
are of version {CryptoBridge().label_version} now.

{sections}
"""


def measured() -> str:
    """The README's table: seven figures, each with its file and key."""
    summary = Measured("reference/summary.json")
    bench = Measured("bench.json")
    worst = max(row["worst_difference"] for row in summary("golden"))
    compared = sum(row["rows"] for row in summary("golden"))
    searches = [row["value"] for row in bench("labels")]

    def test(model: str, key: str) -> str:
        return _spread(lambda run: 100 * run["models"][model]["test"][key], 1, " %")

    def cost(model: str, key: str) -> str:
        return _spread(lambda run: 100 * run["regret"]["test"][model][key], 1, " %")

    loss = _spread(lambda run: run["models"]["network"]["test"]["loss"], 4)
    searched = "network, then search"
    seeds = "[seeds.json](reports/reference/seeds.json)"
    rows = [
        [
            "agreement with the lattice-estimator",
            f"{compared:,.0f} golden rows, worst difference {worst:.0e}",
            "[summary.json](reports/reference/summary.json), `golden`",
        ],
        [
            "the exact search",
            f"{min(searches):,.0f} to {max(searches):,.0f} circuits a second",
            "[bench.json](reports/bench.json), `labels/*/value`",
        ],
        [
            "the network's loss on test circuits (always the mean: 2)",
            loss,
            f"{seeds}, `models/network/test/loss`",
        ],
        [
            "log2 q exact, by the search on its reading",
            test(searched, "hit_log2_q"),
            f"{seeds}, `hit_log2_q`",
        ],
        [
            "sound as proposed, with a margin",
            cost(f"{searched}, with a margin", "sound"),
            f"{seeds}, `regret/test`",
        ],
        [
            "excess of its proofs where q is free, mean",
            cost(searched, "mean_excess"),
            f"{seeds}, `mean_excess`",
        ],
        [
            "q free or fixed, read rightly of published circuits",
            _spread(
                lambda run: 100 * run["regret"]["corpus"]["network"]["free_right"],
                1,
                " %",
            ),
            f"{seeds}, `regret/corpus`",
        ],
    ]
    return _table(["what", "measured", "where"], rows)


def readme() -> str:
    """The README with its table of measurements made anew."""
    return _between(
        (ROOT / "README.md").read_text(encoding="utf-8"), START, END, measured()
    )


def card() -> str:
    """The model card with its figures made anew."""
    made = "\n\n".join([_loss_table(), _read_rightly(), _aims()])
    text = (ROOT / "docs/model_card.md").read_text(encoding="utf-8")
    return _between(text, START, END, made)


def seed() -> str:
    """docs/seed.md with what the recorded week reached of it."""
    text = (ROOT / "docs/seed.md").read_text(encoding="utf-8")
    return _between(text, START, END, f"{_asked()}\n\n{_searched()}")


def _asked() -> str:
    summary = Measured("reference/summary.json")
    times = {row["stage"]: row for row in summary("times")}
    work = {stage: times[stage]["work (s)"] for stage in ("tune", "train")}
    labels = Measured("reference/analysis.json")("shares", "labels")
    val = {row["split"]: row["loss"] for row in summary("losses")}["val"]
    trials = [trial["seconds"] for trial in summary("trials")]
    rows = [
        [
            "933 circuits a minute; the size on disk, left open in the document",
            f"{summary('circuits_per_minute'):,.0f} a minute; {summary('megabytes'):.1f} MB with the shifted splits",
        ],
        [
            "8 to 10 minutes a trial, 60 to 80 in all",
            f"{statistics.mean(trials):.0f} s of training a trial, {_minutes(work['tune'])} in all (two cores, no GPU)",
        ],
        ["training in 2 to 3 hours", _minutes(work["train"])],
        [
            "validation loss below 0.60",
            f"**done**: {val:.4f}. The scale need not be the seed's: here a constant answer costs 2.0",
        ],
        [
            "bit security above 100 bits",
            "**done**: all labels of the test split, by definition of a label",
        ],
        [
            "hardness above 0.8",
            f"**missed** for {1 - labels['hardness']:.1%} of the test labels: 0.8 is passed at 102 bits, and labels at "
            "lambda 100 stay close to 100",
        ],
        [
            "proof below 5,000 bytes",
            f"**met by small circuits**: {labels['proof_size']:.1%} of the test labels, at 100 and 128 bits alone "
            "(labels.md, section 5)",
        ],
    ]
    return _table(["asked", "where it stands"], rows)


def _searched() -> str:
    """The search, beside what the seed document reports of its own."""
    summary = Measured("reference/summary.json")
    times = {row["stage"]: row["work (s)"] for row in summary("times")}
    trials = summary("trials")
    seconds = statistics.mean(trial["seconds"] for trial in trials)
    rows = [
        ["trials", str(len(trials)), "12 (its section 3), 8 (its sections 6 and 9)"],
        ["seconds a trial, mean", f"{seconds:.0f}", "480 to 600"],
        ["seconds in all", f"{times['tune']:.0f}", "3,600 to 4,800"],
        [
            "best validation loss",
            f"{trials[0]['val_loss']:.4f}, after 100 steps",
            "0.6124 (its section 6), 0.3076 as test loss (its section 3)",
        ],
    ]
    return _table(["search", "here", "seed document"], rows)


SEARCHED = "network, then search"
MARGIN = "network, then search, with a margin"
READ = {
    "test": "test",
    "test_family": "test_family, four unseen families",
    "test_large": "test_large",
    "compiled": "our fixtures, compiled by circom",
    "corpus": "published circuits (`make corpus`)",
}


def _read_rightly() -> str:
    """What the network reads of circuits, drawn and compiled, and what following it costs."""

    def share(split: str, model: str, key: str) -> str:
        return _spread(lambda run: 100 * run["regret"][split][model][key], 1, " %")

    rows = []
    for split, title in READ.items():
        keys = ("free_right", "sure", "free_right_where_sure", "sound")
        read = [share(split, SEARCHED, key) for key in keys]
        excess = [
            share(split, SEARCHED, key) for key in ("median_excess", "mean_excess")
        ]
        circuits = _seeds()[0]["regret"][split][SEARCHED]["circuits"]
        margin = share(split, MARGIN, "sound")
        rows.append([title, f"{circuits:,}", *read, margin, *excess])
    header = ["data", "circuits", "q free or fixed read rightly", "sure of it"]
    header += ["right where sure", "sound, no margin", "sound, with the margin"]
    header += ["excess where q is free, median", "mean"]
    return _table(header, rows)


class Aim(NamedTuple):
    """What was aimed at, what measures it in one seed's analysis, and the limit; ``most`` or ``least``."""

    text: str
    measure: Callable[[dict[str, Any]], float]
    most: float | None = None
    least: float | None = None
    digits: int = 1
    unit: str = " %"

    def row(self) -> list[str]:
        """Its row: mean and worst of the seeds, and whether the worst is within the limit."""
        values = [self.measure(run) for run in _seeds()]
        if self.most is not None:
            worst = max(values)
            met = worst <= self.most
        else:
            worst = min(values)
            met = worst >= (self.least or 0)
        figures = [_mean(values, self.digits), f"{worst:.{self.digits}f}"]
        verdict = "met" if met else "**missed**"
        return [self.text, *(figure + self.unit for figure in figures), verdict]


def _loss_of(split: str) -> Callable[[dict[str, Any]], float]:
    return lambda run: run["models"]["network"][split]["loss"]


def _percent_of(split: str, model: str, key: str) -> Callable[[dict[str, Any]], float]:
    return lambda run: 100 * run["regret"][split][model][key]


def _times_test(split: str) -> Callable[[dict[str, Any]], float]:
    return lambda run: _loss_of(split)(run) / _loss_of("test")(run)


AIMS = (
    Aim("validation loss, at most 0.006", _loss_of("val"), 0.006, None, 4, ""),
    Aim(
        "log2 q of test circuits exact, by the search on its reading, at least 93 %",
        lambda run: 100 * run["models"][SEARCHED]["test"]["hit_log2_q"],
        least=93,
    ),
    Aim(
        "test circuits sound with the margin, at least 96 %",
        _percent_of("test", MARGIN, "sound"),
        least=96,
    ),
    Aim(
        "loss of test_family over that of test, at most 2",
        _times_test("test_family"),
        most=2,
        digits=2,
        unit="",
    ),
    Aim(
        "loss of test_large over that of test, at most 2",
        _times_test("test_large"),
        most=2,
        digits=2,
        unit="",
    ),
    Aim(
        "published circuits, free or fixed right, at least 97 %",
        _percent_of("corpus", SEARCHED, "free_right"),
        least=97,
    ),
    Aim(
        "published circuits sound with the margin, at least 95 %",
        _percent_of("corpus", MARGIN, "sound"),
        least=95,
    ),
    Aim(
        "published circuits where q is free, excess without the margin, median, at most 0",
        _percent_of("corpus", SEARCHED, "median_excess"),
        most=0,
        digits=2,
    ),
    Aim(
        "the same in the mean, at most 3 %",
        _percent_of("corpus", SEARCHED, "mean_excess"),
        most=3,
    ),
)


def _aims() -> str:
    seeds = len(_seeds())
    reached = "reached, one seed" if seeds == 1 else f"reached, {seeds} seeds"
    header = ["aimed at, in the worst of five seeds", reached, "the worst", ""]
    return _table(header, [aim.row() for aim in AIMS])


def benchmark() -> str:
    """docs/benchmark.md with what its baselines reach."""
    measured = Measured("benchmark.json")
    text = (ROOT / "docs/benchmark.md").read_text(encoding="utf-8")
    circuits, nodes = [], []
    for split, tasks in measured("splits").items():
        for model, row in tasks["circuits"].items():
            found, cost = row["measures"], row["regret"]
            circuits.append(
                [
                    split,
                    model,
                    f"{found['loss']:.3f}",
                    f"{found['hit_log2_q']:.1%}",
                    f"{cost['sound']:.1%}",
                    f"{cost['median_excess']:.0%}, {cost['mean_excess']:.0%}",
                ]
            )
        for model, row in tasks["nodes"].items():
            shares = ("full_right", "bits_exact", "circuits_right")
            full, exact, whole = (f"{row[key]:.1%}" for key in shares)
            nodes.append([split, model, full, exact, f"{row['bits_mae']:.1f}", whole])
    machine = measured("provenance", "machine")
    origin = (
        f"Train split {measured('data')[:8]}, the GIN after {measured('epochs')} epochs "
        f"with one seed ({measured('seed')}), the published network of seed {measured('network_seed')}, "
        f"commit {measured('provenance', 'commit')[:7]}, {machine['cores']} cores ({machine['cpu']})."
    )
    header = ["split", "model", "loss", "log2 q exact", "sound", "excess: median, mean"]
    of_nodes = ["split", "model", "fills its field: right", "bits exact of the others"]
    of_nodes += ["bits off", "circuits without an error"]
    tables = f"{origin}\n\n{_table(header, circuits)}\n\n{_table(of_nodes, nodes)}"
    return _between(text, START, END, tables)


def example() -> str:
    """docs/recommend.md with the exact answer for a circuit, as the command prints it."""
    text = (ROOT / "docs/recommend.md").read_text(encoding="utf-8")
    answer = recommend(CryptoBridge(), ROOT / CIRCUIT, 128)
    if not isinstance(answer, Recommendation):
        raise SystemExit(f"{CIRCUIT}: {answer.reason}")

    times = ", ".join(
        f"{step} {value:.1f}" for step, value in answer.milliseconds.items()
    )
    anywhere = ", ".join(
        f"{step} .." for step in answer.milliseconds
    )  # they differ from run to run
    printed = (
        render(answer)
        .replace(str(ROOT / CIRCUIT), str(CIRCUIT))
        .replace(times, anywhere)
    )
    command = f"$ nexuszero recommend {CIRCUIT} --security 128 --exact"
    return _between(
        text, EXAMPLE, EXAMPLE_END, f"```console\n{command}\n{printed}\n```"
    )


def circuits() -> str:
    """docs/circuits.md with what its commands print, without the counts of an analysis."""
    text = (ROOT / "docs/circuits.md").read_text(encoding="utf-8")
    return re.sub(
        r"```console\n\$ nexuszero ([^\n]+)\n.*?```", _printed, text, flags=re.DOTALL
    )


def _printed(command: re.Match[str]) -> str:
    code = "from nexuszero.cli import main; main()"
    words = [sys.executable, "-c", code, *command[1].split()]
    lines = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    below = next(
        (
            place
            for place, line in enumerate(lines, 1)
            if line.startswith("boolean_wires")
        ),
        0,
    )
    shown = "\n".join(["..."] * bool(below) + lines[below:])
    return f"```console\n$ nexuszero {command[1]}\n{shown}\n```"


SHARES = ["builds", "count", "lift", "in our form", "with widths"]
SHARES += ["in our form, with widths"]
PAIRS = ["circuit", "O1", "O2", "O1, widths", "O2, widths"]
PAIRS += [f"our form, {level}" for level in PAIRS[1:]]


def corpus() -> str:
    """docs/corpus.md: real circuits, from reports/corpus.json."""
    measured = Measured("corpus.json")
    builds, machine = measured("circuits"), measured("provenance", "machine")
    commit, labels = (
        measured("provenance", "commit")[:12],
        measured("provenance", "library", "labels"),
    )
    templates, agree = (
        len({row["name"] for row in builds}),
        sum(row["counts_agree"] for row in builds),
    )
    rows = [row for row in builds if not row["finding"]]
    by_library = [
        [name, *_lifted([row for row in rows if row["library"] == name])]
        for name in _libraries(rows)
    ]
    shares = [
        ["all", *_lifted(rows)],
        [
            "hashes over the field and curves",
            *_lifted([row for row in rows if row["over_the_field"]]),
        ],
        ["all others", *_lifted([row for row in rows if not row["over_the_field"]])],
        *by_library,
    ]
    proved = [
        row["proved"] for row in builds if row["proved"] and "bytes" in row["proved"]
    ]
    off = max(abs(made["bytes"] / made["expected"] - 1) for made in proved)
    pairs = [
        [
            pair["name"],
            *map(_bytes, (*pair["proof_sizes"], *pair["proof_sizes_with_widths"])),
            *map(_bytes, pair["own_proof_sizes"]),
            *map(_bytes, pair["own_proof_sizes_with_widths"]),
        ]
        for pair in measured("pairs")
    ]
    own = [made["own"] for made in proved if "bytes" in made["own"]]
    apart = [
        max(sizes) / min(sizes) - 1
        for pair in measured("pairs")
        for key in ("own_proof_sizes", "own_proof_sizes_with_widths")
        if None not in (sizes := pair[key])
        and not (key.endswith("widths") and pair["widths_refused"])
    ]
    removed = sum(pair["widths_refused"] for pair in measured("pairs"))
    worse = [
        max(pair[f"own_{key}"]) / min(pair[key]) - 1
        for pair in measured("pairs")
        for key in ("proof_sizes", "proof_sizes_with_widths")
        if None not in (*pair[key], *pair[f"own_{key}"])
        and not (key.endswith("widths") and pair["widths_refused"])
    ]
    lost = [share for share in worse if share > 0]
    slowest = max(builds, key=lambda row: row["analyse_seconds"])
    name, seconds, megabytes = (
        slowest[key] for key in ("name", "analyse_seconds", "analyse_megabytes")
    )
    header = [
        "circuit",
        "level",
        "constraints",
        "lifts",
        "bytes",
        "bytes with widths",
        "our form",
        "our form, widths",
        "s",
        "what keeps it",
    ]
    return f"""# Circuits that people publish

Made by `python docs/make.py` from `reports/corpus.json`, which `make corpus` measures; do not edit. Measured at commit
{commit}, labels of version {labels}, on {machine["cores"]} cores ({machine["cpu"]}).

{templates} templates of npm packages with locked versions, in {len(builds)} builds by circom, each a main of one
line. No network is trained on them. The counts are those of `snarkjs r1cs info` for {agree} builds.
{len(builds) - len(rows)} builds have nothing to prove ([labels.md](labels.md), section 1.2), as their inputs are
private and fit any output; they are left out of the shares below.

## How many lift

Widths are those of the inputs that the templates' comments and names say; nothing checks those of private inputs.

{_table(SHARES, shares)}

## Proofs

For {len(proved)} builds a witness by snarkjs was at hand. They were proved at 128 bits without widths, and the proofs
verified; their bytes are within {off:.2%} of those predicted. {len(own)} of them were brought into our form with
their witness, proved and verified likewise. Every value of every witness lies in the interval that range inference
finds.

## Both levels of circom

Bytes of a proof where linear wires are kept (O1) and where they are substituted (O2), as compiled and in the form of
our own ([circuits.md](circuits.md)) where that is shorter, in which they are within {max(apart):.1%} of each other.
Of {removed} circuits O2 removed the inputs whose widths are named, and nothing is left to prove; those widths are left
out of that figure. Of {len(worse)} comparisons the longer one in our form is longer than the shorter one as compiled
in {len(lost)}{f", by {max(lost):.1%} at most" if lost else ""}.

{_table(PAIRS, pairs)}

## Every build

Seconds are those of `nexuszero analyse`, start included; the slowest is {name} with {seconds:.1f} s and
{megabytes:.0f} MB. What keeps a build from lifting are wires, by reason, or constraints beyond half the field.

{_table(header, map(_build, builds))}
"""


def _lifted(rows: Sequence[dict[str, Any]]) -> list[str]:
    keys = ("lifts", "lifts_in_own_form")
    keys += ("lifts_with_widths", "lifts_in_own_form_with_widths")
    lifts = [sum(row[key] for row in rows) for key in keys]
    return [
        str(len(rows)),
        *(f"{count} ({count / max(len(rows), 1):.0%})" for count in lifts),
    ]


def _libraries(rows: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["library"] for row in rows))


def _bytes(size: int | None) -> str:
    return "-" if size is None else f"{size:,}"


def _build(row: dict[str, Any]) -> list[str]:
    keeps = [f"{count:,} {reason}" for reason, count in row["unbounded"].items()]
    if row["oversized"]:
        keeps.append(f"{row['oversized']} oversized")
    if row["finding"]:
        keeps = ["nothing to prove"]
    lifts = (
        "yes" if row["lifts"] else "with widths" if row["lifts_with_widths"] else "no"
    )
    sizes = [
        _bytes(row["proof_size"]),
        _bytes(row["proof_size_with_widths"]) if row["widths"] else "",
        _bytes(row["own_proof_size"]),
        _bytes(row["own_proof_size_with_widths"]) if row["widths"] else "",
    ]
    counts = [row["level"], f"{row['constraints']:,}"]
    return [
        row["name"],
        *counts,
        lifts,
        *sizes,
        f"{row['analyse_seconds']:.1f}",
        ", ".join(keeps),
    ]


def _between(text: str, start: str, end: str, made: str) -> str:
    """The text with what stands between two markers made anew."""
    before, found, rest = text.partition(start)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise SystemExit(f"no {start.strip()} ... {end.strip()}; put the markers back")
    return f"{before}{start}\n{made}\n\n{end}{after}"


def _week() -> str:
    summary = Measured("reference/summary.json")
    seconds = Measured("reference/seconds.json")
    stages = ("generate", "tune", "train", "analyse", "summary")
    spent = {stage: seconds(stage) for stage in stages}
    versions = summary("provenance", "versions")
    machine = summary("provenance", "machine")
    best = summary("trials", 0)
    rows = [
        [
            "the whole week after set-up",
            _minutes(sum(spent.values())),
            "the sum of its stages",
        ],
        *[
            [f"notebook of stage {stage}", _minutes(spent[stage]), ""]
            for stage in stages
        ],
        [
            "trials",
            str(len(summary("trials"))),
            f"best: trial {best['trial']}, validation loss {best['val_loss']:.4f}",
        ],
        *[
            [f"loss, {row['split']}", f"{row['loss']:.4f}", "always the mean: 2"]
            for row in summary("losses")
        ],
        [
            "circuits generated a minute",
            f"{summary('circuits_per_minute'):,.0f}",
            "all splits",
        ],
        ["size of all splits", f"{summary('megabytes'):.1f} MB", ""],
    ]
    data = [
        [
            row["split"],
            f"{row['circuits']:,.0f}",
            f"{row['mean nodes']:.0f}",
            f"{row['most nodes']:,.0f}",
            f"{row['liftable share']:.1%}",
        ]
        for row in summary("dataset")
    ]
    return f"""## The recorded week

`reports/reference/summary.json`, `seconds.json`: profile full, seed {summary("provenance", "seed")}, commit
{summary("provenance", "commit")[:7]}, Python {versions["python"]}, torch {versions["torch"]}, torch-geometric
{versions["torch-geometric"]}; {machine["cores"]} cores ({machine["cpu"]}), {machine["ram_gib"]} GiB, no GPU.

{_table(["what", "measured", ""], rows)}

{_table(["split", "circuits", "mean nodes", "most nodes", "q is free"], data)}"""


def _losses() -> str:
    names = ", ".join(str(run["seed"]) for run in _seeds())
    return f"""## Losses over seeds

`reports/reference/seeds.json`: the full training with seed {names}; `reports/*/models/*/*/loss`. A loss of 2 is that
of always answering the train split's mean. test_family holds families that were never trained on, test_large
circuits of 2,000 to 20,000 nodes.

{_loss_table()}"""


def _loss_table() -> str:
    rows = [
        [
            title,
            *(
                _spread(lambda run, m=model, s=split: run["models"][m][s]["loss"], 4)
                for split in SPLITS
            ),
        ]
        for model, title in MODELS.items()
    ]
    return _table(["model", *SPLITS], rows)


def _proposals() -> str:
    def share(model: str, key: str) -> str:
        return _spread(lambda run: 100 * run["models"][model]["test"][key], 1, " %")

    def cost(model: str, key: str) -> str:
        return _spread(lambda run: 100 * run["regret"]["test"][model][key], 1, " %")

    rows = [
        [
            title,
            share(model, "hit_log2_q"),
            share(model, "hit_n"),
            cost(model, "sound"),
            cost(model, "larger"),
            cost(model, "median_excess"),
            cost(model, "mean_excess"),
        ]
        for model, title in MODELS.items()
    ]
    test = _seeds()[0]["regret"]["test"]["network"]
    header = [
        "model",
        "log2 q exact",
        "n exact",
        "sound",
        "larger, if sound",
        "excess, median",
        "excess, mean",
    ]
    return f"""## Proposals on the test split

`reports/reference/seeds.json`, `reports/*/regret/test`: {test["circuits"]:,} circuits that ask something, of which q is
free for {test["free"]:,}; the excess is that of the nearest sound candidate's proof over the smallest, where q is free.

{_table(header, rows)}"""


def _targets() -> str:
    analysis = Measured("reference/analysis.json")
    rows = [
        [row["target"], row["threshold"], f"{row['value']:.4g}", _verdict(row["met"])]
        for row in analysis("targets_met")
    ]
    return f"""## Targets of the seed document

`reports/reference/analysis.json`, `targets_met`: the loss, else the share of the test split's exact labels that meet
the target. Why the size is missed stands in [seed.md](seed.md).

{_table(["target", "threshold", "value", ""], rows)}"""


COMPILED = {
    "compiled": "the repository's fixtures, compiled by circom from sources written for this project",
    "corpus": "the published circuits of [corpus.md](corpus.md)",
}


def _compiled() -> str:
    """What following a model costs on circuits that people compiled, and by library."""
    sets = _seeds()[0]["regret"]
    parts = [_of_compiled(name) for name in COMPILED if name in sets]
    return "\n\n".join(["## Circuits that people compiled", *parts])


def _of_compiled(name: str) -> str:
    def cost(model: str, key: str) -> str:
        return _spread(lambda run: 100 * run["regret"][name][model][key], 1, " %")

    own = _seeds()[0]["regret"][name]
    keys = ("sound", "median_excess", "mean_excess")
    rows = [
        [MODELS[model], *(cost(model, key) for key in keys)]
        for model in MODELS
        if model in own
    ]
    counts = own["network"]
    right = cost("network", "free_right")
    sure, right_where_sure = (
        cost("network", key) for key in ("sure", "free_right_where_sure")
    )
    groups = _seeds()[0]["groups"][name]
    libraries = [
        [
            library,
            str(of_models["network"]["circuits"]),
            str(of_models["network"]["free"]),
            *_shares(name, library),
        ]
        for library, of_models in groups.items()
    ]
    header = ["library", "circuits", "q free", "free or fixed right", "sound"]
    header += ["excess, median", "excess, mean"]
    by_library = _table(header, libraries) if len(groups) > 1 else ""
    return f"""`reports/reference/seeds.json`, `reports/*/regret/{name}`: {counts["circuits"]} circuits at 128 bits,
{COMPILED[name]}; q is free for {counts["free"]}. None was trained on. Whether q is free or fixed the network reads
rightly for {right}; it is sure of it for {sure}, and right for {right_where_sure} of those.

{_table(["model", "sound", "excess, median", "excess, mean"], rows)}

{by_library}""".rstrip()


def _shares(name: str, library: str) -> list[str]:
    """Shares of a library's circuits, with the margin; empty where there is nothing to count."""
    keys = ("free_right", "sound", "median_excess", "mean_excess")

    def share(run: dict[str, Any], key: str) -> float:
        return 100 * float(run["groups"][name][library][MARGIN][key])

    return [_spread(partial(share, key=key), 1, " %") for key in keys]


def _costs() -> str:
    analysis = Measured("reference/analysis.json")
    rows = [
        [name, f"{value:.4g} ms"] for name, value in analysis("milliseconds").items()
    ]
    search = analysis("costs", "analyse_ms") + analysis("costs", "search_ms")
    rows.append(["exact analysis and search", f"{search:.4g} ms"])
    rows.append(
        [
            "one call of the lattice-estimator",
            f"{analysis('costs', 'estimator_ms'):.4g} ms",
        ]
    )
    return f"""## What an answer costs

`reports/reference/analysis.json`, `milliseconds` and `costs`: a circuit, for {analysis("costs", "circuits"):,} test
circuits at once on both cores, files not read. The estimator's time was recorded on another machine.

{_table(["way", "milliseconds a circuit"], rows)}"""


def _golden() -> str:
    rows = [
        [
            row["table"],
            row["compared"],
            f"{row['rows']:,.0f}",
            f"{row['worst_difference']:.1e}",
        ]
        for row in Measured("reference/summary.json")("golden")
    ]
    return f"""## Agreement with the lattice-estimator

`reports/reference/summary.json`, `golden`: the worst absolute difference over the golden rows of the default model; the
Rust tests hold every row and every cost model.

{_table(["table", "compared", "rows", "worst difference"], rows)}"""


def _comparison() -> str:
    found = Measured("reference/comparison.json")
    settings = found("settings")
    rows = []
    for variant in dict.fromkeys(row["variant"] for row in found("rows")):
        runs = [row for row in found("rows") if row["variant"] == variant]
        losses = [
            _mean([run["splits"][split]["loss"] for run in runs], 4) for split in SPLITS
        ]
        rows.append([variant, str(len(runs)), f"{runs[0]['parameters']:,}", *losses])

    measured = [*found("rows"), *found("curve")]
    commits = sorted({row["commit"][:7] for row in measured})
    curve = [
        [
            f"{row['train']:,}",
            str(row["seed"]),
            *(f"{row['splits'][split]['loss']:.4f}" for split in SPLITS),
        ]
        for row in found("curve")
    ]
    learning = f"""`curve`: the network after {settings["steps"]} batches, by training circuits.

{_table(["training circuits", "seed", *SPLITS], curve)}"""
    library = found("provenance", "library")
    before = library["schema"] < CryptoBridge().schema_version
    older = ", so of an earlier network than the tables above" if before else ""
    return f"""## Variants, one choice changed at a time

Measured with labels of version {library["labels"]} and dataset schema {library["schema"]}{older}.
`reports/reference/comparison.json`, `rows`: {settings["batches"]:,} batches of {settings["batch_size"]}, width
{settings["hidden_dim"]}, {settings["num_layers"]} layers. Commits {", ".join(commits)}.

{_table(["variant", "seeds", "weights", *SPLITS], rows)}

{learning if curve else ""}""".rstrip()


def _benchmark() -> str:
    bench = Measured("bench.json")
    parts = ("answers", "estimates", "labels", "generation", "loading", "training")
    rows = [_bench_row(row) for part in parts for row in bench(part)]
    header = [
        "what",
        "against",
        "times faster: median (least to largest)",
        "figure",
        "target",
    ]
    labels = bench("provenance", "library", "labels")
    schema = bench("provenance", "library", "schema")
    older = labels < CryptoBridge().label_version
    data = f"labels of version {labels}, dataset schema {schema}"
    if schema < CryptoBridge().schema_version:
        data += " (graphs and network are others since)"
    large = "Analyses of large circuits and proofs were not measured then."
    more = large if older else f"{_analysis(bench)}\n\n{_proofs(bench)}"
    return f"""## Speed

`reports/bench.json`, commit {bench("provenance", "commit")[:7]}, {data}: medians of
{bench("repeats")} turns, the two of a row in turn in one session, on {bench("provenance", "machine", "cores")} cores
({bench("provenance", "machine", "cpu")}). What cannot run here stands as a recorded time, and the row says so.

{_table(header, rows)}

{more}"""


def _analysis(bench: Measured) -> str:
    """The large circuits of a benchmark, each key by its path."""
    rows = []
    for index in range(len(bench("analysis"))):
        row = partial(bench, "analysis", index)
        spent = _range(row("ours", "median"), row("ours", "min"), row("ours", "max"))
        goal = f"at most {row('most')} s: {_verdict(row('met'))}"
        rows.append(
            [
                row("what"),
                spent,
                _number(row("other", "median")),
                f"{row('peak_megabytes'):,.0f} MB",
                goal,
            ]
        )
    header = [
        "file",
        "seconds, read and analysed: median (least to largest)",
        "read alone",
        "peak memory",
        "target",
    ]
    return f"""`analysis`: circuits over Goldilocks; memory is that of a process that reads and analyses the file, and
does nothing else.

{_table(header, rows)}"""


def _proofs(bench: Measured) -> str:
    """Proofs by the number of constraints, and Groth16's of the same circuits."""
    rows = []
    for part in ("proofs", "prepared", "compiled"):
        for index in range(len(bench(part))):
            row = partial(bench, part, index)
            size = f"{row('bytes'):,} of {row('expected'):,}"
            rows.append(
                [
                    row("what"),
                    size,
                    *(_in_time(row, key) for key in ((), ("verified",))),
                ]
            )
    beside = []
    for index in range(len(bench("groth16"))):
        row = partial(bench, "groth16", index)
        sizes = [f"{row('bytes'):,}", f"{row('other_bytes'):,}"]
        beside.append(
            [
                row("what"),
                *(_number(row(one, "median")) for one in ("ours", "other")),
                *sizes,
            ]
        )
    header = [
        "circuit",
        "bytes of those expected",
        "seconds to prove",
        "seconds to verify",
    ]
    other = [
        "circuit",
        "`nexuszero prove`, s",
        "`snarkjs groth16 prove`, s",
        "bytes",
        "bytes of Groth16, compressed",
    ]
    return f"""`proofs` and `compiled`: a hash on bits over BN254, which lifts, and circomlib's Poseidon, which does
not, at 128 bits; seconds on all cores, with reading and analysing the file. `prepared`: without, as for every proof of
a circuit but the first.

{_table(header, rows)}

`groth16`: the commands for the same circuits, their start included. Groth16 is not post-quantum and needs a trusted
set-up for each circuit, which is not counted.

{_table(other, beside)}"""


def _in_time(row: Callable[..., Any], keys: Sequence[str]) -> str:
    """Seconds with their target, where there is one."""
    goal = row(*keys, "most")
    seconds = _number(row(*keys, "value"))
    return (
        seconds
        if goal is None
        else f"{seconds} (at most {goal}: {_verdict(row(*keys, 'met'))})"
    )


def _clone() -> str:
    clone = Measured("clone.json")
    machine = clone("provenance", "machine")
    rows = [
        [f"`make {target}`", _minutes(spent)]
        for target, spent in clone("seconds").items()
    ]
    rows += [
        [f"{name}, installed", f"{size:,.0f} MB"]
        for name, size in clone("megabytes").items()
    ]
    return f"""## A fresh clone

`reports/clone.json` (`make clone`), commit {clone("provenance", "commit")[:7]}: one run, packages in the installer's
cache, on {machine["cores"]} cores ({machine["cpu"]}).

{_table(["what", "measured"], rows)}"""


def _faults() -> str:
    measured = Measured("faults.json")
    machine = measured("provenance", "machine")
    rows = []
    for name, found in measured("kills").items():
        wanted = "to every bit" if found["exact"] else "valid"
        kills = f"{found['hit']} of {found['tried']}"
        results = f"{found['equal']} of {found['rounds']}, {wanted}"
        seconds = f"{found['seconds']:.1f}"
        rows.append([f"`{name}`", seconds, kills, results, str(found["left"])])
    head = ["command", "seconds, whole", "kills that hit"]
    head += ["results as uninterrupted", "files left"]
    return f"""## Killed at any moment

`reports/faults.json` (`python notebooks/experiments/faults.py`), commit {measured("provenance", "commit")[:7]}:
SIGKILL of all its processes at random moments, three times a result, then the same command to its end, on
{machine["cores"]} cores ({machine["cpu"]}). A proof is random: it is verified. Trials have other numbers after a
kill, and the same values. Files left are temporary ones.

{_table(head, rows)}"""


def _bench_row(row: dict[str, Any]) -> list[str]:
    ratio = row["ratio"]
    times = _range(ratio["median"], ratio["min"], ratio["max"])
    if "value" in row:
        figure = f"{_number(row['value'])} {row['unit']}"
    elif "peak_megabytes" in row:
        size = f"{row['megabytes_on_disk']:.1f} MB, at most {row['peak_megabytes']:.0f} MB of memory"
        figure = f"{row['ours']['median']:.1f} s, {size}"
    else:
        figure = ""

    goals = {
        "target": "times at least {}",
        "least": "at least {}",
        "most": "at most {}",
    }
    wanted = [
        text.format(_number(row[key]))
        for key, text in goals.items()
        if row.get(key) is not None
    ]
    verdict = f"{wanted[0]}: {_verdict(row['met'])}" if wanted else ""
    return [row["what"], row["against"], times, figure, verdict]


def _range(median: float, least: float, most: float) -> str:
    return f"{_number(median)} ({_number(least)} to {_number(most)})"


def _verdict(met: bool) -> str:
    return "met" if met else "**missed**"


@cache
def _seeds() -> list[dict[str, Any]]:
    """The analyses of the week's training with each seed."""
    return list(Measured("reference/seeds.json")("reports"))


def _spread(
    measure: Callable[[dict[str, Any]], float | None], digits: int, unit: str = ""
) -> str:
    """Mean and deviation over the seeds of a number of one analysis; empty where one seed has none."""
    runs = _seeds()
    try:
        values = [measure(run) for run in runs]
    except KeyError as error:
        raise SystemExit(
            f"reports/reference/seeds.json: no {error}; measure again, or mend docs/make.py"
        ) from None
    except TypeError:
        return ""
    return _mean([value for value in values if value is not None], digits) + unit


def _mean(values: Sequence[float], digits: int) -> str:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    spread = f" ± {deviation:.{digits}f}" if deviation > 1e-9 else ""
    return f"{statistics.mean(values):.{digits}f}{spread}"


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(header), ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PAGES = {
    "docs/options.md": options,
    "docs/results.md": results,
    "docs/recommend.md": example,
    "docs/benchmark.md": benchmark,
    "docs/circuits.md": circuits,
    "docs/corpus.md": corpus,
    "docs/images/landscape.svg": picture.landscape,
    "docs/model_card.md": card,
    "docs/seed.md": seed,
    "README.md": readme,
}


def main() -> None:
    """Writes every page that is made."""
    for name, page in PAGES.items():
        (ROOT / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
