"""Runs notebooks headlessly and makes pages of them that open with the network off.

papermill executes one notebook after another (kernels started in parallel clash on ports); nbconvert makes the page,
plotly.js is embedded once in each. A notebook's parameters are the fields of its stage's configuration.

    nexuszero week --profile smoke
"""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING, Any, NamedTuple

from nexuszero import config as configs
from nexuszero.crypto import CryptoBridge, Infeasible
from nexuszero.errors import InputError, StageError
from nexuszero.files import read_json, whole, write_json
from nexuszero.paths import NOTEBOOKS, PUBLISHED
from nexuszero.settings import Stage, load

if TYPE_CHECKING:  # `nexuszero report` refuses bad input before it waits for notebooks
    from nbformat import NotebookNode

Log = Callable[[str], None]
Parameters = dict[str, Any]  # by name, as papermill takes them
FIGURE = "application/vnd.plotly.v1+json"
KEPT = (
    "summary.json",
    "analysis.json",
    "baseline_config.yaml",
    "seconds.json",
)  # of a week, beside its network


class Notebook(NamedTuple):
    """A notebook and the configuration whose fields are its parameters."""

    name: str
    config: type[Stage]

    @property
    def file(self) -> Path:
        """Where it stands."""
        return NOTEBOOKS / f"{self.name}.ipynb"


STAGES = {
    "generate": Notebook("05_generate", configs.GenerateConfig),
    "tune": Notebook("07_tune", configs.TuneConfig),
    "train": Notebook("08_train", configs.TrainConfig),
    "analyse": Notebook("09_analyse", configs.AnalyseConfig),
    "summary": Notebook("10_week_summary", configs.SummaryConfig),
}
GUIDES = {  # no stages of a week: they stand on their own
    "quickstart": Notebook("00_quickstart", configs.CircuitConfig),
    "circuit": Notebook("13_your_circuit", configs.CircuitConfig),
    "bench": Notebook("12_benchmarks", configs.BenchReportConfig),
    "proof": Notebook("04_proof", configs.ProofConfig),
    "seeds": Notebook("11_seeds_and_parts", configs.SeedsReportConfig),
}


# A week


def run_week(
    profile: Path,
    overrides: Iterable[str] = (),
    log: Log = print,
    first: str = "generate",
) -> Path:
    """Runs the stages of a profile from the first one -> the index page. Overrides are `stage.key=value`."""
    if first not in STAGES:
        raise InputError(
            f"--from {first}: no such stage; choose one of {', '.join(STAGES)}"
        )
    parameters = _stage_parameters(profile, list(overrides))
    out = load(configs.ReportConfig, profile, "report").out
    position = list(STAGES).index(first)
    seconds = _seconds_before(out, list(STAGES)[:position])

    for stage in list(STAGES)[position:]:
        seconds[stage] = _run_stage(STAGES[stage], out, parameters[stage], log)
        write_json(out / "seconds.json", seconds)
    return _write_index(out, profile.stem)


def _stage_parameters(profile: Path, overrides: Sequence[str]) -> dict[str, Parameters]:
    """The parameters of every notebook, all checked before the first one runs."""
    for text in overrides:
        stage = text.partition(".")[0]
        if stage not in STAGES or "=" not in text:
            raise InputError(
                f"--set {text}: expected stage.key=value, the stage one of {', '.join(STAGES)}"
            )
    parameters = {}
    for stage, notebook in STAGES.items():
        own = [
            text.removeprefix(f"{stage}.")
            for text in overrides
            if text.startswith(f"{stage}.")
        ]
        parameters[stage] = _parameters(load(notebook.config, profile, stage, own))
    return parameters


def _seconds_before(out: Path, stages: Sequence[str]) -> dict[str, float]:
    """The seconds of stages that ran in an earlier call, all of whose pages must be there."""
    for stage in stages:
        page = out / f"{STAGES[stage].name}.html"
        if not page.is_file():
            raise InputError(
                f"{page}: no such page; run the week from an earlier stage"
            )
    if not stages:
        return {}
    seconds = read_json(out / "seconds.json", "run the whole week")
    return {stage: seconds[stage] for stage in stages}


def _run_stage(
    notebook: Notebook, out: Path, parameters: Parameters, log: Log
) -> float:
    """Runs one notebook of a week -> its seconds."""
    start = time.perf_counter()
    log(f"{notebook.name} ...")
    run_notebook(notebook.file, out / f"{notebook.name}.ipynb", parameters)
    seconds = time.perf_counter() - start
    log(f"{notebook.name}: {seconds:.0f} s")
    return seconds


def _write_index(out: Path, profile: str) -> Path:
    """Writes the page with a link to each notebook's."""
    links = []
    for notebook in STAGES.values():
        title = html.escape(_title(out / f"{notebook.name}.ipynb"))
        links.append(f'<li><a href="{notebook.name}.html">{title}</a></li>')
    heading = f"NexusZero: the week, profile {html.escape(profile)}"
    lines = [
        "<!doctype html>",
        f"<html lang=en><meta charset=utf-8><title>NexusZero, {html.escape(profile)}</title>",
        "<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}</style>",
        f"<h1>{heading}</h1>",
        "<ol>",
        *links,
        "</ol>",
        "</html>",
    ]
    index = out / "index.html"
    with whole(index) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return index


def _title(notebook: Path) -> str:
    """The first line of a notebook's first cell."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")


def keep_reference(
    week: Path,
    checkpoint: Path,
    out: Path = Path("reports/reference"),
    published: Path = PUBLISHED,
) -> list[Path]:
    """Keeps of a week what is small and worth committing: its figures, and the network -> the files."""
    from nexuszero.network import load, publish

    for name in KEPT:
        if not (week / name).is_file():
            raise InputError(
                f"{week / name}: no such file; run `make week PROFILE=full` first"
            )
    network = load(checkpoint)
    if (
        network.origin.data
        != read_json(week / "analysis.json", "run that week again")["data"]
    ):
        raise InputError(
            f"{checkpoint}: is not the network of {week}; run that week again, or correct the path"
        )

    out.mkdir(parents=True, exist_ok=True)
    publish(published, network)
    for name in KEPT:
        copyfile(week / name, out / name)
    return [*sorted(out.iterdir()), published]


# One circuit


def circuit_page(
    file: Path,
    security: int,
    bounds: str | None,
    checkpoint: Path | None,
    out: Path = Path("reports/circuits"),
) -> Path:
    """Makes the page of one circuit from notebook 13 -> the page, ``out/NAME.LEVEL.html``.

    The notebook and the answer as JSON stand beside it. Whatever is wrong with the input is reported before it runs.
    """
    answer = CryptoBridge().read([file], bounds).choices(security)[0]
    if isinstance(answer, Infeasible):
        raise InputError(f"{file}: {answer.reason}")
    if checkpoint is not None:
        from nexuszero.network import load as load_network

        load_network(checkpoint)

    name = f"{file.stem}.{security}"
    _check_page(out / f"{name}.json", file)
    values = {
        "circuit": file,
        "security": security,
        "bounds": bounds,
        "checkpoint": checkpoint,
    }
    config = configs.CircuitConfig.model_validate(
        {**values, "out": out / f"{name}.json"}
    )
    return run_notebook(
        GUIDES["circuit"].file, out / f"{name}.ipynb", _parameters(config)
    )


def _check_page(answer: Path, file: Path) -> None:
    """Refuses to write over the page of another circuit of the same name."""
    if not answer.is_file():
        return
    of = read_json(answer, "delete it").get("file")
    if of is not None and Path(of).resolve() != file.resolve():
        raise InputError(
            f"{answer.with_suffix('.html')}: is the page of {of}; name another directory with --out"
        )


# One notebook


def run_notebook(notebook: Path, out: Path, parameters: Parameters) -> Path:
    """Executes a notebook into ``out`` and writes the page beside it -> the page."""
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    _refuse_unknown(notebook, parameters)
    out.parent.mkdir(parents=True, exist_ok=True)
    settings = {
        "kernel_name": "python3",
        "progress_bar": False,
        "start_timeout": 180,
        "cwd": str(Path.cwd()),
        # else others on this machine could read what a kernel is told and answers, of which it warns
        "config": Config(KernelManager={"transport_encryption": "auto"}),
    }
    try:
        papermill.execute_notebook(notebook, out, parameters, **settings)
    except PapermillExecutionError as error:
        raise StageError(
            f"{notebook}: cell {error.exec_count}: {error.ename}: {error.evalue}; see {out}"
        ) from None
    except RuntimeError as error:  # nbclient: the kernel died
        raise StageError(
            f"{notebook}: {error}; the partial notebook is {out}"
        ) from None
    page = out.with_suffix(".html")
    page.write_text(to_html(out), encoding="utf-8")
    return page


def to_html(notebook: Path) -> str:
    """A page of an executed notebook without any external script, style or font."""
    import nbformat
    from nbconvert import HTMLExporter

    content = nbformat.read(notebook, as_version=4)
    _embed_figures(content)
    exporter = HTMLExporter(
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    body, _ = exporter.from_notebook_node(content)
    return str(body)


def _embed_figures(content: NotebookNode) -> None:
    """Replaces each plotly figure by its HTML, the first one with plotly.js."""
    from plotly.io import to_html as figure_html

    outputs = [output for cell in content.cells for output in cell.get("outputs", [])]
    figures = [output for output in outputs if FIGURE in output.get("data", {})]
    for number, output in enumerate(figures):
        figure = {
            key: value
            for key, value in output["data"][FIGURE].items()
            if key in ("data", "layout", "frames")
        }
        page = figure_html(
            figure, full_html=False, include_plotlyjs=number == 0, validate=False
        )
        output["data"] = {"text/html": page}


def _parameters(config: Stage) -> Parameters:
    """A configuration as a notebook takes it; what a search varies and nobody gave is None: the baseline decides."""
    left_open = set(configs.TUNED) - config.model_fields_set
    return {
        name: None if name in left_open else _literal(value) for name, value in config
    }


def _literal(value: Any) -> Any:
    """A path as text, relative where it is below the current directory, where a notebook runs; the rest as it is."""
    if not isinstance(value, Path):
        return value
    path = value.resolve()
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _refuse_unknown(notebook: Path, parameters: Parameters) -> None:
    from papermill import inspect_notebook

    if not notebook.is_file():
        raise InputError(
            f"{notebook}: no such notebook; notebooks come with a checkout of the repository"
        )
    known = inspect_notebook(notebook)
    for name in parameters:
        if name not in known:
            raise InputError(
                f"{notebook}: unknown parameter {name!r}; its cell knows {', '.join(known)}"
            )
