"""What a report says about where it comes from."""

import json
import subprocess
from pathlib import Path

from nexuszero.report import provenance


def test_everything_is_json_and_names_no_place_of_the_machine(splits):
    text = json.dumps(provenance.collect(splits))
    assert str(Path.home()) not in text
    assert str(provenance.ROOT) not in text
    assert set(json.loads(text)) == {"commit", "versions", "library", "machine", "data"}


def test_data_is_seed_and_hash_of_each_split(splits):
    told = provenance.data(splits)
    assert told["val"] == {"master_seed": 1, "sha256": splits["val"].content_hash}
    assert list(told) == ["train", "val", "test"]


def test_versions_cover_what_results_depend_on():
    told = provenance.versions()
    assert {"python", "torch", "optuna", "numpy", "nexuszero"} <= set(told)
    assert "not installed" not in told.values()


def test_a_tree_without_git_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.commit() == "unknown"


def test_a_changed_tree_is_dirty(tmp_path, monkeypatch):
    def git(*words):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "file").write_text("one")
    git("init")
    git("add", "file")
    git("commit", "-m", "one")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert len(provenance.commit()) == 40
    (tmp_path / "file").write_text("two")
    assert provenance.commit().endswith("-dirty")
