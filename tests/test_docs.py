"""The made pages are what the models and the measurements say; `python docs/make.py` renews them."""

import json
import re
import tomllib
from pathlib import Path

import make
import pytest
import turns
import yaml
from shell import checked, run

from nexuszero.crypto import CryptoBridge

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", make.PAGES)
def test_a_made_page_is_up_to_date(name):
    assert (ROOT / name).read_text(encoding="utf-8") == make.PAGES[name]()


def test_a_missing_key_is_an_error_that_names_it(tmp_path, monkeypatch):
    (tmp_path / "some.json").write_text(json.dumps({"a": [{"b": 1}]}))
    monkeypatch.setattr(make, "REPORTS", tmp_path)
    measured = make.Measured("some.json")
    assert measured("a", 0, "b") == 1
    with pytest.raises(
        SystemExit, match=r"reports/some\.json: no a/0/c; measure again"
    ):
        measured("a", 0, "c")


def test_the_speed_page_holds_the_analyses_of_large_circuits(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "REPORTS", tmp_path)
    now = CryptoBridge().label_version
    rows = [
        _analysis("1,000,000 constraints: bits", 4.0),
        _analysis("1,000,000 constraints: random", 15.0),
    ]
    parts = {
        "analysis": rows,
        "proofs": [_proof("500 constraints", 0.008)],
        "groth16": [],
    }
    _stand_in(tmp_path, now, **parts)
    page = make._benchmark()
    assert f"labels of version {now}" in page
    assert (
        "| 1,000,000 constraints: bits | 4 (4 to 5) | 0.5 | 325 MB | at most 10 s: met |"
        in page
    )
    assert (
        "| 1,000,000 constraints: random | 15 (15 to 16) | 0.5 | 325 MB | at most 10 s: **missed** |"
        in page
    )
    assert (
        "| 500 constraints | 9,990 of 10,000 | 0.008 (at most 0.01: met) | 0.02 |"
        in page
    )

    del rows[1]["peak_megabytes"]
    _stand_in(tmp_path, now, **parts)
    with pytest.raises(
        SystemExit,
        match=r"reports/bench\.json: no analysis/1/peak_megabytes; measure again",
    ):
        make._benchmark()


def test_only_a_benchmark_of_older_labels_may_lack_them(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "REPORTS", tmp_path)
    now = CryptoBridge().label_version
    _stand_in(tmp_path, now - 1)
    assert "were not measured then" in make._benchmark()
    _stand_in(tmp_path, now)
    with pytest.raises(
        SystemExit, match=r"reports/bench\.json: no analysis; measure again"
    ):
        make._benchmark()


def _stand_in(directory, labels, **parts):
    """The recorded benchmark, as if labels of this version had been measured, with these analyses or none."""
    bench = json.loads((ROOT / "reports/bench.json").read_text())
    for name in ("analysis", "proofs", "groth16"):
        bench.pop(name, None)
    bench["provenance"]["library"]["labels"] = labels
    (directory / "bench.json").write_text(json.dumps(bench | parts))


def _analysis(what, seconds):
    """A row as `notebooks/experiments/large_circuits.py` writes it."""
    row = turns.compared(
        what, [seconds, seconds, seconds + 1], [0.5, 0.5, 0.5], peak_megabytes=325.4
    )
    return row | turns.figure(seconds, "seconds", most=10)


def _proof(what, seconds):
    """A row as `notebooks/experiments/proofs.py` writes it."""
    row = turns.compared(
        what,
        [seconds],
        [0.02],
        bytes=9990,
        expected=10_000,
        verified=turns.figure(0.02, "seconds"),
    )
    return row | turns.figure(seconds, "seconds", most=0.01)


def test_a_page_without_its_markers_is_an_error():
    made = make._between(
        "above\n<!-- a -->\nold\n<!-- b -->\nbelow\n",
        "<!-- a -->\n",
        "<!-- b -->\n",
        "new",
    )
    assert made == "above\n<!-- a -->\n\nnew\n\n<!-- b -->\nbelow\n"
    with pytest.raises(SystemExit, match="put the markers back"):
        make._between("above\n<!-- a -->\nold\n", "<!-- a -->\n", "<!-- b -->\n", "new")


def test_the_examples_are_what_the_command_prints():
    """But for the times, and run from the repository's root; README leaves lines out."""
    command, printed = _example("docs/recommend.md")
    done = checked(run(*command.split()))
    assert re.sub(r"(read|analyse|search) [\d.]+", r"\1 ..", done.stdout) == printed

    same, lines = _example("README.md")
    assert same == command
    parts = lines.split("...\n")
    assert len(parts) == 2 and done.stdout.startswith(parts[0])
    assert set(parts[1].splitlines()) <= set(done.stdout.splitlines())


def _example(page):
    """The command of a page's example, and what stands below it."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.search(
        r"```console\n\$ nexuszero ([^\n]+)\n(.*?)```", text, re.S
    ).groups()


def test_every_key_of_a_stage_is_an_option():
    text = make.options()
    for model in make.STAGES.values():
        assert all(f"| `{name}` |" in text for name in model.model_fields)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        *(f"docs/{file.name}" for file in sorted((ROOT / "docs").glob("*.md"))),
    ],
)
def test_links_inside_the_repository_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    for link in links:
        if "://" not in link:
            assert ((ROOT / page).parent / link).exists(), f"{page}: {link}"


def test_links_of_notebooks_lead_somewhere():
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        prose = [
            "".join(one["source"]) for one in cells if one["cell_type"] == "markdown"
        ]
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", "\n".join(prose)):
            assert "://" in link or (file.parent / link).exists(), (
                f"{file.name}: {link}"
            )


def test_the_log_has_a_line_of_index_a_day():
    text = (ROOT / "docs/log.md").read_text(encoding="utf-8")
    days = re.findall(r"^## (\d{4}-\d\d-\d\d)", text, re.M)
    index = re.findall(r"^- (\d{4}-\d\d-\d\d): ", text, re.M)
    assert index == list(dict.fromkeys(days))
    assert days == sorted(days, reverse=True)


def test_what_to_cite_is_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    crate = tomllib.loads((ROOT / "crypto/Cargo.toml").read_text(encoding="utf-8"))
    assert citation["version"] == crate["package"]["version"]


def test_the_tests_page_names_every_file_and_no_other():
    named = re.findall(
        r"`(test_\w+\.py)`", (ROOT / "tests/README.md").read_text(encoding="utf-8")
    )
    assert set(named) == {file.name for file in (ROOT / "tests").glob("test_*.py")}
