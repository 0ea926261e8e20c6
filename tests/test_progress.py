"""A week that was killed goes on by itself: stages that are done are not repeated; notebooks are replaced."""

from pathlib import Path

import pytest
import yaml

from nexuszero.errors import InputError
from nexuszero.report import pages
from nexuszero.report.site import Shelf


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    places = {name: f"{name}" for name in ("data", "reports", "checkpoints", "trials")}
    file.write_text(yaml.safe_dump({"workspace": places, "train": {"epochs": 2}}))
    return file


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The notebooks that ran; `killed` in it stops the week as a kill would, within a stage."""
    seen: list[str] = []

    def fake(notebook: Path, out: Path, parameters: object, shelf: object) -> Path:
        if "killed" in seen and notebook.stem.startswith("08"):
            seen.remove("killed")
            raise KeyboardInterrupt
        seen.append(notebook.stem[:2])
        out.write_text(notebook.read_text())
        out.with_suffix(".html").write_text("page")
        return out.with_suffix(".html")

    def write(shelf: Shelf, profile: str, seconds: dict[str, float]) -> Path:
        return shelf.directory / "index.html"

    monkeypatch.setattr(pages, "run_notebook", fake)
    monkeypatch.setattr(pages, "_write_week", write)
    return seen


def test_a_week_goes_on_by_itself(profile: Path, ran: list[str]) -> None:
    lines: list[str] = []
    ran.append("killed")
    with pytest.raises(KeyboardInterrupt):
        pages.run_week(profile, log=lines.append)
    assert ran == ["05", "07"]
    pages.run_week(profile, log=lines.append)
    assert ran == ["05", "07", "08", "09", "10"]
    assert "going on with train; --fresh runs all stages again" in lines
    pages.run_week(profile, log=lines.append)
    assert len(ran) == 5
    assert lines[-1].startswith("all stages are done")


def test_what_has_changed_runs_again_with_all_after_it(
    profile: Path, ran: list[str]
) -> None:
    pages.run_week(profile, log=lambda _: None)
    ran.clear()
    pages.run_week(profile, ["train.epochs=3"], log=lambda _: None)
    assert ran == ["08", "09", "10"]
    ran.clear()
    pages.run_week(profile, ["train.epochs=3"], log=lambda _: None, first="analyse")
    assert ran == ["09", "10"]
    ran.clear()
    (profile.parent / "reports/07_tune.html").unlink()
    pages.run_week(profile, ["train.epochs=3"], log=lambda _: None)
    assert ran == ["07", "08", "09", "10"]
    ran.clear()
    pages.run_week(profile, ["train.epochs=3"], log=lambda _: None, fresh=True)
    assert ran == ["05", "07", "08", "09", "10"]


def test_progress_that_is_damaged_is_named(profile: Path, ran: list[str]) -> None:
    pages.run_week(profile, log=lambda _: None)
    file = profile.parent / "reports/progress.json"
    file.write_text(file.read_text().replace('"train": "', '"train": "0'))
    with pytest.raises(InputError, match=r"progress\.json: is not what was written"):
        pages.run_week(profile, log=lambda _: None)
