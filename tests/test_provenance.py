"""What a report says about where it comes from."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nexuszero.report import provenance


def test_everything_is_json_and_names_no_place_of_the_machine(splits):
    text = json.dumps(provenance.collect(splits))
    assert str(Path.home()) not in text
    assert str(provenance.ROOT) not in text
    assert set(json.loads(text)) == {
        "date",
        "commit",
        "versions",
        "library",
        "machine",
        "data",
    }


def test_a_page_ends_with_version_commit_and_day():
    stamp = provenance.stamp()
    assert provenance.commit()[:12] in stamp and str(provenance.ROOT) not in stamp
    assert stamp.endswith(provenance.today())


def test_data_is_seed_and_hash_of_each_split(splits):
    data = provenance.data(splits)
    assert data["val"] == {"master_seed": 0, "sha256": splits["val"].content_hash}
    assert list(data) == ["train", "val", "test"]


def test_versions_cover_what_results_depend_on():
    versions = provenance.versions()
    assert {"python", "torch", "optuna", "numpy", "nexuszero"} <= set(versions)
    assert "not installed" not in versions.values()


def test_a_tree_without_git_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.commit() == "unknown"


def test_a_changed_tree_is_dirty(tmp_path, monkeypatch):
    def git(*words):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(
            ["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True
        )

    (tmp_path / "file").write_text("one")
    git("init")
    git("add", "file")
    git("commit", "-m", "one")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert len(provenance.commit()) == 40
    (tmp_path / "file").write_text("two")
    assert provenance.commit().endswith("-dirty")


@pytest.mark.parametrize("loaded", [True, False])
def test_torch_is_asked_only_where_it_is_loaded(loaded, monkeypatch):
    if not loaded:
        monkeypatch.delitem(sys.modules, "torch", raising=False)
    else:
        import torch
    machine = provenance.machine()
    assert machine["torch_threads"] == (torch.get_num_threads() if loaded else None)
    assert loaded or machine["gpu"] is None
    assert loaded or "torch" not in sys.modules
