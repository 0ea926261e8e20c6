"""What several tests share: one thread, a dataset whose targets follow from the graph, circuits, a recommendation, and
the smoke week.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import report_cases
import synthetic
from filelock import FileLock
from shell import checked, start

from nexuszero.data import Split
from nexuszero.paths import PROFILES

if TYPE_CHECKING:
    from nexuszero.advice import Recommendation

LONG = (  # files that take more than 10 s, in the order in which they begin
    "test_scale.py",
    "test_week.py",
    "10_week_summary.ipynb",
    "test_bench.py",
    "test_compare.py",
    "09_analyse.ipynb",
    "test_cli.py",
    "test_browser.py",
    "test_tuning.py",
    "test_report_week.py",
    "test_tracking.py",
    "test_wheel.py",
    "test_report.py",
    "07_tune.ipynb",
    "08_train.ipynb",
    "00_quickstart.ipynb",
    "06_network.ipynb",
    "test_training.py",
    "test_docs.py",
    "test_repeat.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no worker is left with one in the end; a notebook's kernel may warn."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONG)))
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch  # here, so that tests that need no torch stay quick

    torch.set_num_threads(
        1
    )  # graphs of ten nodes: two threads only wait for each other


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset on disk; tests must not write to it."""
    directory = tmp_path_factory.mktemp("data")
    synthetic.dataset(directory)
    return directory


@pytest.fixture(scope="session")
def splits(data_directory: Path) -> dict[str, Split]:
    """The same dataset in memory."""
    from nexuszero.data import read_all

    return read_all(data_directory)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Split]:
    """64 circuits as the library draws them, seed 1."""
    from nexuszero.config import GenerateConfig
    from nexuszero.data import generate, read_all

    out = tmp_path_factory.mktemp("circuits")
    generate(
        GenerateConfig(out=out, train=40, val=12, test=12, seed=1), log=lambda _: None
    )
    return read_all(out)


@pytest.fixture(scope="session")
def recommended() -> Recommendation:
    """A recommendation, with values as a network might have proposed them."""
    import numpy as np

    from nexuszero.advice import Nearest, Proposal, recommend
    from nexuszero.crypto import CryptoBridge
    from nexuszero.data import Standardiser, nearest

    bridge = CryptoBridge()
    units = Standardiser((11, 40, 10, 0, 0, 0), (1,) * 6)
    values = np.array([1500, 40, 900, 120, 0.8, 9000])
    circuits = bridge.read([report_cases.CIRCUIT])
    (verdict,) = circuits.verdicts(128, values[None, :3])
    candidates = circuits.candidates(128)
    place = nearest(candidates, values, units)
    proposal = Proposal(
        values=tuple(values.tolist()),
        verdict=verdict,
        nearest=Nearest(candidates[place.position], place.excess),
        source="a test",
    )
    return replace(recommend(bridge, report_cases.CIRCUIT, 128), proposal=proposal)


@pytest.fixture(scope="session")
def shared_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One directory for all workers of pytest-xdist; what is made in it is made under a lock."""
    directory = tmp_path_factory.getbasetemp()
    return directory.parent if directory.name.startswith("popen-") else directory


@pytest.fixture(scope="session")
def smoke_week(shared_directory: Path) -> Path:
    """The index page of a smoke week, which runs once for all workers; tests must not write to it.

    It is in a directory of its own, beside a copy of the profile: paths in a profile are relative to it.
    """
    profile = shared_directory / "week/smoke.yaml"
    index = profile.parent / "reports/smoke/index.html"
    with FileLock(shared_directory / "week.lock"):
        if not index.is_file():
            profile.parent.mkdir(exist_ok=True)
            shutil.copy(PROFILES / "smoke.yaml", profile)
            done = checked(start("week", "--config", profile, limit=900))
            assert Path(done.stdout.splitlines()[-1]) == index.resolve()
            assert "encryption" not in done.stderr  # of what kernels are told
    return index


@pytest.fixture(scope="session")
def circuit_page(shared_directory: Path) -> Path:
    """The page of a circuit at 192 bits with declared widths, which is made once for all workers."""
    out = shared_directory / "report/pages"
    with FileLock(shared_directory / "report.lock"):
        if not out.is_dir():
            bounds = out.parent / "bounds.json"
            bounds.parent.mkdir(exist_ok=True)
            widths = {str(wire): [0, 255] for wire in range(10, 28)}
            bounds.write_text(json.dumps(widths))
            file = "tests/fixtures/circuits/matmul.bn128.r1cs"
            options = ["--security", 192, "--exact", "--bounds", bounds, "--out", out]
            checked(start("report", file, *options, limit=600))
    (page,) = out.glob("matmul.*.html")
    return page
