"""Runs notebooks headlessly and makes pages of them that open with the network off.

papermill executes one notebook after another (kernels started in parallel clash on ports); nbconvert makes the page,
plotly.js is embedded once in each. A notebook's parameters are the fields of its stage's configuration.

    nexuszero week --profile smoke
"""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from shutil import copyfile
from typing import Any

from nexuszero import config as configs
from nexuszero.crypto import CryptoBridge, Infeasible, read_bounds
from nexuszero.errors import InputError, StageError
from nexuszero.paths import NOTEBOOKS, PUBLISHED
from nexuszero.settings import Stage, load

STAGES: dict[str, tuple[str, type[Stage]]] = {
    "generate": ("01_generate", configs.GenerateConfig),
    "tune": ("02_tune", configs.TuneConfig),
    "train": ("03_train", configs.TrainConfig),
    "analyse": ("04_analyse", configs.AnalyseConfig),
    "summary": ("05_week_summary", configs.SummaryConfig),
}
GUIDES: dict[str, tuple[str, type[Stage]]] = {  # no stages of a week: they stand on their own
    "quickstart": ("00_quickstart", configs.CircuitConfig),
    "circuit": ("06_your_circuit", configs.CircuitConfig),
    "bench": ("07_benchmarks", configs.BenchReportConfig),
    "seeds": ("08_seeds_and_parts", configs.SeedsReportConfig),
}
FIGURES = ("summary.json", "analysis.json", "baseline_config.yaml", "seconds.json")
_FIGURE = "application/vnd.plotly.v1+json"


def week(
    profile: Path, overrides: Iterable[str] = (), log: Callable[[str], None] = print, first: str = "generate"
) -> Path:
    """Runs the stages of a profile from the first one -> the index page. Overrides are `stage.key=value`."""
    if first not in STAGES:
        raise InputError(f"--from {first}: no such stage; choose one of {', '.join(STAGES)}")
    parameters = _stages(profile, list(overrides))
    out = load(configs.ReportConfig, profile, "report").out
    out.mkdir(parents=True, exist_ok=True)
    done = list(STAGES)[: list(STAGES).index(first)]
    pages, seconds = [out / f"{STAGES[stage][0]}.html" for stage in done], {}
    if missing := [page for page in pages if not page.is_file()]:
        raise InputError(f"{missing[0]}: no such page; run the week from an earlier stage")
    if done:
        from nexuszero.files import read_json

        took = read_json(out / "seconds.json", "run the whole week")
        seconds = {stage: took[stage] for stage in done}
    for stage, (name, _) in list(STAGES.items())[len(done) :]:
        start = time.perf_counter()
        log(f"{name} ...")
        pages.append(run(NOTEBOOKS / f"{name}.ipynb", out / f"{name}.ipynb", parameters[stage]))
        seconds[stage] = time.perf_counter() - start
        log(f"{name}: {seconds[stage]:.0f} s")
        (out / "seconds.json").write_text(json.dumps(seconds, indent=1) + "\n")
    return _index(out, pages, profile.stem)


def reference(
    week: Path, checkpoint: Path, out: Path = Path("reports/reference"), published: Path = PUBLISHED
) -> list[Path]:
    """Keeps of a week what is small and worth committing: its figures, and the network -> the files."""
    from nexuszero.network import load, publish

    missing = [week / name for name in FIGURES if not (week / name).is_file()]
    if missing:
        raise InputError(f"{missing[0]}: no such file; run `make week PROFILE=full` first")
    network = load(checkpoint)
    if network.meta["data"] != json.loads((week / "analysis.json").read_text(encoding="utf-8"))["data"]:
        raise InputError(f"{checkpoint}: is not the network of {week}; run that week again, or correct the path")
    out.mkdir(parents=True, exist_ok=True)
    publish(published, network)
    for name in FIGURES:
        copyfile(week / name, out / name)
    return [*sorted(out.iterdir()), published]


def circuit(
    file: Path, security: int, bounds: Path | None, checkpoint: Path | None, out: Path = Path("reports/circuits")
) -> Path:
    """Makes the page of one circuit from notebook 06 -> the page, ``out/NAME.LEVEL.html``.

    The notebook and the answer as JSON stand beside it. Whatever is wrong with the input is said before it runs.
    """
    from nexuszero.network import load

    text = read_bounds(bounds)
    answer = CryptoBridge().read([file], text).choices(security)[0]
    if isinstance(answer, Infeasible):
        raise InputError(f"{file}: {answer.reason}")
    if checkpoint is not None:
        load(checkpoint)
    config = configs.CircuitConfig.model_validate({
        "circuit": file, "security": security, "bounds": bounds, "checkpoint": checkpoint,
        "out": out / f"{file.stem}.{security}.json",
    })  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    name, _ = GUIDES["circuit"]
    return run(NOTEBOOKS / f"{name}.ipynb", out / f"{file.stem}.{security}.ipynb", _plain(config))


def run(notebook: Path, out: Path, parameters: dict[str, Any]) -> Path:
    """Executes a notebook into `out` and writes the page beside it -> the page."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    _refuse_unknown(notebook, parameters)
    try:
        papermill.execute_notebook(notebook, out, parameters, kernel_name="python3", progress_bar=False,
                                   start_timeout=180, cwd=str(Path.cwd()))  # fmt: skip
    except PapermillExecutionError as error:
        raise StageError(f"{notebook}: cell {error.exec_count}: {error.ename}: {error.evalue}; see {out}") from None
    except RuntimeError as error:  # nbclient: the kernel died
        raise StageError(f"{notebook}: {error}; the partial notebook is {out}") from None
    page = out.with_suffix(".html")
    page.write_text(to_html(out), encoding="utf-8")
    return page


def to_html(notebook: Path) -> str:
    """A page of an executed notebook without any external script, style or font."""
    import nbformat
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    content = nbformat.read(notebook, as_version=4)
    _embed_figures(content)
    settings = Config({"HTMLExporter": {"mathjax_url": "", "require_js_url": "", "jquery_url": "",
                                        "exclude_input_prompt": True, "exclude_output_prompt": True}})  # fmt: skip
    body, _ = HTMLExporter(config=settings).from_notebook_node(content)
    return str(body)


def _stages(profile: Path, overrides: list[str]) -> dict[str, dict[str, Any]]:
    """The parameters of every notebook, all checked before the first one runs."""
    for text in overrides:
        stage = text.partition(".")[0]
        if stage not in STAGES or "=" not in text:
            raise InputError(f"--set {text}: expected stage.key=value, the stage one of {', '.join(STAGES)}")
    parameters = {}
    for stage, (_, model) in STAGES.items():
        own = [text.removeprefix(f"{stage}.") for text in overrides if text.startswith(f"{stage}.")]
        parameters[stage] = _plain(load(model, profile, stage, own))
    return parameters


def _plain(config: Stage) -> dict[str, Any]:
    """Plain values; paths below the current directory, where a notebook runs, are relative to it.

    What a search varies and nobody gave is None, so that the baseline file decides.
    """
    here, free = Path.cwd(), set(configs.TUNED) - config.model_fields_set

    def plain(value: Any) -> Any:
        if not isinstance(value, Path):
            return value
        path = value.resolve()
        return str(path.relative_to(here) if path.is_relative_to(here) else path)

    return {name: None if name in free else plain(value) for name, value in config}


def _refuse_unknown(notebook: Path, parameters: dict[str, Any]) -> None:
    from papermill import inspect_notebook

    if not notebook.is_file():
        raise InputError(f"{notebook}: no such notebook; run from the repository's root")
    known = inspect_notebook(notebook)
    unknown = [name for name in parameters if name not in known]
    if unknown:
        raise InputError(f"{notebook}: unknown parameter {unknown[0]!r}; its cell knows {', '.join(known)}")


def _embed_figures(content: Any) -> None:
    """Replaces each plotly bundle by its HTML, the first one with plotly.js."""
    from plotly.io import to_html as figure_html

    first: bool = True
    for cell in content.cells:
        for output in cell.get("outputs", []):
            figure = output.get("data", {}).get(_FIGURE)
            if figure is not None:
                figure = {key: value for key, value in figure.items() if key in ("data", "layout", "frames")}
                page = figure_html(figure, full_html=False, include_plotlyjs=first, validate=False)
                output["data"], first = {"text/html": page}, False


def _index(out: Path, pages: list[Path], profile: str) -> Path:
    def title(page: Path) -> str:
        cells = json.loads(page.with_suffix(".ipynb").read_text())["cells"]
        return "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")

    links = "\n".join(f'<li><a href="{page.name}">{html.escape(title(page))}</a></li>' for page in pages)
    index = out / "index.html"
    index.write_text(
        f"<!doctype html>\n<html lang=en><meta charset=utf-8><title>NexusZero, {html.escape(profile)}</title>\n"
        "<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}</style>\n"
        f"<h1>NexusZero: the week, profile {html.escape(profile)}</h1>\n<ol>\n{links}\n</ol>\n</html>\n"
    )
    return index
