"""What several tests share: one thread, and a small dataset whose targets follow from the graph."""

from __future__ import annotations

from pathlib import Path

import pytest
import synthetic

from nexuszero.data import Split


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch  # here, so that tests that need no torch stay quick

    torch.set_num_threads(1)  # graphs of ten nodes: two threads only wait for each other


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
