"""Pictures of a week's pages, JupyterLab and optuna-dashboard in docs/images, taken in Debian's Chromium.

What drives the browser is here, too, for tests/test_browser.py: the browser, JupyterLab over a directory, and the
dashboard over a study, each on this machine alone.

    python docs/screenshots.py reports/quick      # after `make week`
"""

from __future__ import annotations

import io
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    ViewportSize,
    sync_playwright,
)

from nexuszero.report.pages import GUIDES, STAGES

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs/images"
NAMES = ("chromium", "chromium-browser", "google-chrome")
SIZE = ViewportSize(width=1000, height=680)
PHONE = ViewportSize(width=400, height=800)
LIMIT = 120_000  # milliseconds, after which something hangs
COLOURS = 96  # of a picture's palette
DRAWN = "document.documentElement.dataset.drawn !== undefined"
SETTINGS = {  # of JupyterLab: every cell in the page, and nothing asked of any network
    "notebook-extension/tracker": {
        "windowingMode": "none",
        "autoStartDefaultKernel": True,
    },
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


def executable() -> str | None:
    """Chromium's path, or None where it is not installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        # a container's root has no sandbox of its own to give
        browser = playwright.chromium.launch(
            executable_path=executable(), args=["--no-sandbox"]
        )
        with closing(browser):
            yield browser


def window(
    browser: Browser, size: ViewportSize, scheme: Literal["light", "dark"] = "light"
) -> BrowserContext:
    """A window that waits for a slow machine."""
    context = browser.new_context(viewport=size, color_scheme=scheme)
    context.set_default_timeout(LIMIT)
    return context


@contextmanager
def served(*command: str | Path, at: str, cwd: Path = ROOT) -> Iterator[str]:
    """Starts a server on a free port of the loopback, `{port}` in its command, and waits for a path -> its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [str(word).replace("{port}", str(port)) for word in command]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(words, cwd=cwd, stdout=log, stderr=log)
        try:
            if not _waited_for(process, url + at):
                log.seek(0)
                raise RuntimeError(f"{words[0]}: no answer; {log.read().decode()}")
            yield url
        finally:
            process.terminate()
            process.wait(20)


def _waited_for(process: subprocess.Popen[bytes], url: str) -> bool:
    """Whether it answered while it ran, within a minute or so."""
    for _ in range(600):
        if process.poll() is not None:
            return False
        if _answers(url):
            return True
        time.sleep(0.1)
    return False


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):
            return True
    except (URLError, TimeoutError, ConnectionError):
        return False


@contextmanager
def jupyter_lab(root: Path) -> Iterator[str]:
    """JupyterLab over a directory -> its URL."""
    with tempfile.TemporaryDirectory() as settings:
        for name, values in SETTINGS.items():
            file = Path(settings, "@jupyterlab", f"{name}.jupyterlab-settings")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        command = [
            Path(sys.executable).with_name("jupyter-lab"),
            "--allow-root",
            "--no-browser",
            "--port={port}",
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            f"--ServerApp.root_dir={root}",
            f"--LabApp.user_settings_dir={settings}",
        ]
        with served(*command, at="/api") as url:
            yield url


def copied(notebook: Path, root: Path) -> str:
    """Copies a notebook into a directory with what it reads, so that JupyterLab may save it -> its path there."""
    (root / "notebooks").mkdir(parents=True)
    for name in ("tests", "crypto"):
        (root / name).symlink_to(ROOT / name)
    return str(Path(shutil.copy(notebook, root / "notebooks")).relative_to(root))


@contextmanager
def dashboard(study: Path) -> Iterator[str]:
    """optuna-dashboard over a study's SQLite file -> its URL."""
    command = Path(sys.executable).with_name("optuna-dashboard")
    options = ["--host", "127.0.0.1", "--port", "{port}", f"sqlite:///{study}"]
    with served(command, *options, at="/dashboard/") as url:
        yield url


def run_all_cells(page: Page, url: str, notebook: str) -> None:
    """Opens a notebook in JupyterLab and runs it, until no cell waits any more."""
    page.goto(f"{url}/lab/tree/{notebook}")
    page.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(
        """() => {
          const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")];
          return prompts.length > 0 && prompts.every((one) => /\\[\\d+\\]/.test(one.textContent));
        }"""
    )


def main(week: Path, circuits: Path) -> None:
    """Takes the six pictures."""
    circuit = max(circuits.glob("*.*.html"), key=lambda file: file.stat().st_mtime)
    with chromium() as browser:
        pages: dict[
            str, tuple[Path, ViewportSize, Literal["light", "dark"], str | None]
        ] = {
            "week": (week / "index.html", SIZE, "light", None),
            "phone": (week / "index.html", PHONE, "dark", None),
            "page": (
                week / f"{STAGES['analyse'].name}.html",
                SIZE,
                "dark",
                "figure.plot",
            ),
            "circuit": (circuit, SIZE, "light", "figure.plot"),
        }
        for name, (file, size, scheme, place) in pages.items():
            page = window(browser, size, scheme).new_page()
            page.goto(file.resolve().as_uri())
            page.wait_for_function(DRAWN)
            if place:
                page.locator(place).last.evaluate("one => one.scrollIntoView()")
            keep(page, name)
        with tempfile.TemporaryDirectory() as root:
            notebook = copied(GUIDES["circuit"].file, Path(root))
            with jupyter_lab(Path(root)) as url:
                page = window(browser, SIZE).new_page()
                run_all_cells(page, url, notebook)
                figure = page.locator(".js-plotly-plot").last
                figure.scroll_into_view_if_needed()
                keep(page, "lab")
        with dashboard(week / "optuna_study.db") as url:
            page = window(browser, SIZE).new_page()
            page.goto(f"{url}/dashboard/studies/1")
            page.get_by_text("Best Trial").first.wait_for()
            page.wait_for_timeout(3_000)  # its figures move into place
            keep(page, "dashboard")


def keep(page: Page, name: str) -> None:
    """Writes docs/images/NAME.png, with a palette of few colours."""
    picture = Image.open(io.BytesIO(page.screenshot()))
    file = IMAGES / f"{name}.png"
    picture.convert("RGB").quantize(COLOURS).save(file, optimize=True)
    print(f"{file}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path("reports/circuits"))
