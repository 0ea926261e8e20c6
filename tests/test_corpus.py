"""The corpus of published circuits: its list can be read, and its page says what was measured."""

import json

import corpus
import make
import yaml

from nexuszero.crypto import declarations

ROWS = yaml.safe_load((corpus.HERE / "templates.yaml").read_text())
BUILD = {
    "name": "num2bits64",
    "library": "circomlib",
    "level": "O1",
    "over_the_field": False,
    "constraints": 65,
    "counts_agree": True,
    "widths": None,
    "widths_refused": None,
    "lifts": True,
    "lifts_in_own_form": True,
    "lifts_with_widths": True,
    "proof_size": 8000,
    "proof_size_with_widths": 8000,
    "lifts_in_own_form_with_widths": True,
    "own_proof_size": 7900,
    "own_proof_size_with_widths": 7800,
    "unbounded": {},
    "oversized": 0,
    "finding": None,
    "analyse_seconds": 0.5,
    "analyse_megabytes": 50.0,
    "proved": {
        "bytes": 8010,
        "expected": 8000,
        "own": {"bytes": 7905, "expected": 7900},
    },
}


def test_every_template_is_locked_and_its_widths_can_be_read():
    templates = [corpus.Template(**row) for row in ROWS]
    assert len({template.name for template in templates}) == len(templates) >= 60
    wanted = json.loads((corpus.HERE / "package.json").read_text())["dependencies"]
    lock = json.loads((corpus.HERE / "package-lock.json").read_text())["packages"]
    assert {template.library for template in templates} <= set(wanted)
    assert all(
        lock[f"node_modules/{name}"]["version"] == version
        for name, version in wanted.items()
    )
    assert not any(
        "resolved" in package for package in lock.values()
    )  # no address of a registry
    for template in templates:
        assert template.widths is None or declarations(template.widths)


def test_both_levels_of_a_circuit_make_a_pair():
    other = BUILD | {"level": "O2", "proof_size": 8100, "own_proof_size": 7979}
    assert corpus._pairs([BUILD, other, BUILD | {"name": "mux"}]) == [
        {
            "name": "num2bits64",
            "levels": ["O1", "O2"],
            "proof_sizes": [8000, 8100],
            "proof_sizes_with_widths": [8000, 8000],
            "own_proof_sizes": [7900, 7979],
            "own_proof_sizes_with_widths": [7800, 7800],
            "widths_refused": False,
        }
    ]


def test_the_page_counts_what_was_measured(tmp_path, monkeypatch):
    builds = [
        BUILD,
        BUILD | {"level": "O2", "own_proof_size": 7979},
        BUILD
        | {
            "name": "sha",
            "widths": "main.in=bit",
            "lifts": False,
            "unbounded": {"free": 512},
            "proved": None,
        },
        BUILD
        | {
            "name": "poseidon",
            "over_the_field": True,
            "lifts": False,
            "lifts_in_own_form": False,
            "lifts_with_widths": False,
            "lifts_in_own_form_with_widths": False,
            "proved": None,
        },
        BUILD
        | {"name": "empty", "finding": "nothing to prove", "proved": {"refused": "R1"}},
    ]
    provenance = {
        "commit": "c" * 40,
        "library": {"labels": 2},
        "machine": {"cores": 2, "cpu": "a processor"},
    }
    content = {
        "provenance": provenance,
        "circuits": builds,
        "pairs": corpus._pairs(builds),
    }
    (tmp_path / "corpus.json").write_text(json.dumps(content))
    monkeypatch.setattr(make, "REPORTS", tmp_path)
    page = make.corpus()
    assert "| all | 4 | 2 (50%) | 3 (75%) | 3 (75%) | 3 (75%) |" in page
    assert "| all others | 3 | 2 (67%) | 3 (100%) | 3 (100%) | 3 (100%) |" in page
    assert (
        "| sha | O1 | 65 | with widths | 8,000 | 8,000 | 7,900 | 7,800 | 0.5 | 512 free |"
        in page
    )
    assert "Of 0 circuits O2 removed" in " ".join(page.split())
    assert "within 1.0% of each other" in " ".join(page.split())
    assert "within 0.12% of those predicted" in " ".join(page.split())
