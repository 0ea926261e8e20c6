"""Runs notebooks headlessly and makes a site of them that opens with the network off.

papermill executes one notebook after another (kernels started in parallel clash on ports); :mod:`.site` makes pages.
A notebook's parameters are the fields of its stage's configuration.

    nexuszero week --profile smoke
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING, Any, NamedTuple

from nexuszero import config as configs
from nexuszero.crypto import CryptoBridge, Infeasible
from nexuszero.errors import InputError, StageError
from nexuszero.files import read_json, whole, write_json, writing
from nexuszero.locks import owned
from nexuszero.paths import NOTEBOOKS, PUBLISHED
from nexuszero.report.progress import Progress, identity
from nexuszero.settings import Stage, load

if TYPE_CHECKING:  # `nexuszero report` refuses bad input before it waits for notebooks
    from nexuszero.report.site import Shelf

Log = Callable[[str], None]
Parameters = dict[str, Any]  # by name, as papermill takes them
KEPT = (
    "summary.json",
    "week_summary.md",
    "analysis.json",
    "baseline_config.yaml",
    "seconds.json",
)  # of a week, beside its network

# What glibc's caches keep of small blocks stands between torch's large ones, which then do not grow together again: the
# heap goes to pieces, and steps take longer and longer (docs/log.md). A process reads this when it starts.
HEAP = ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0")


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
    "parameters": Notebook("01_parameters", configs.LatticeConfig),
    "demand": Notebook("02_demand", configs.DemandConfig),
    "search": Notebook("03_search", configs.SearchConfig),
    "proof": Notebook("04_proof", configs.ProofConfig),
    "network": Notebook("06_network", configs.LessonConfig),
    "seeds": Notebook("11_seeds_and_parts", configs.SeedsReportConfig),
    "bench": Notebook("12_benchmarks", configs.BenchReportConfig),
    "circuit": Notebook("13_your_circuit", configs.CircuitConfig),
}


# A week


def run_week(
    profile: Path,
    overrides: Iterable[str] = (),
    log: Log = print,
    first: str | None = None,
    fresh: bool = False,
) -> Path:
    """Runs the stages of a profile that are not done -> the index page.

    Args:
        profile: a YAML file.
        overrides: `stage.key=value`.
        log: receives one line at a time.
        first: the stage to begin with, whatever is done; None for the first one that is not.
        fresh: whether all stages run again.
    """
    import_module("papermill")  # who lacks it hears so before anything is looked at
    if not NOTEBOOKS.is_dir():
        raise InputError(
            f"{NOTEBOOKS}: the notebooks are part of a checkout; run there"
        )
    if first is not None and first not in STAGES:
        raise InputError(
            f"--from {first}: no such stage; choose one of {', '.join(STAGES)}"
        )
    parameters = _stage_parameters(profile, list(overrides))
    out = load(configs.ReportConfig, profile, "report").out
    with owned(out, "week"):
        identities = {
            stage: identity(notebook.file, parameters[stage])
            for stage, notebook in STAGES.items()
        }
        progress = Progress(out, identities)
        if first is None:
            first = next(iter(STAGES)) if fresh else _first(progress, out, log)
        remaining = list(STAGES)[list(STAGES).index(first) :] if first else []
        done = [stage for stage in STAGES if stage not in remaining]
        seconds = _seconds_before(out, done)
        shelf = _week_shelf(out, profile.stem)

        for stage in remaining:
            progress.begin(stage)
            seconds[stage] = _run_stage(STAGES[stage], shelf, parameters[stage], log)
            write_json(out / "seconds.json", seconds)
            progress.end(stage)
        return _write_week(shelf, profile.stem, seconds)


def _first(progress: Progress, out: Path, log: Log) -> str | None:
    """The stage to go on with; a line says so where some are done."""
    stage = progress.first(
        {stage: out / f"{notebook.name}.html" for stage, notebook in STAGES.items()}
    )
    if stage is None:
        log("all stages are done; --fresh runs them again, --from STAGE some of them")
    elif stage != next(iter(STAGES)):
        log(f"going on with {stage}; --fresh runs all stages again")
    return stage


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
    notebook: Notebook, shelf: Shelf, parameters: Parameters, log: Log
) -> float:
    """Runs one notebook of a week -> its seconds."""
    start = time.perf_counter()
    log(f"{notebook.name} ...")
    run_notebook(
        notebook.file, shelf.directory / f"{notebook.name}.ipynb", parameters, shelf
    )
    seconds = time.perf_counter() - start
    log(f"{notebook.name}: {seconds:.0f} s")
    return seconds


def _week_shelf(out: Path, profile: str) -> Shelf:
    """The index, and a page a stage."""
    from nexuszero.report.site import Shelf

    pages = [
        (f"{notebook.name}.html", _title(notebook.file)) for notebook in STAGES.values()
    ]
    return Shelf(
        out, f"NexusZero, week {profile}", (("index.html", "The week"), *pages)
    )


def _title(notebook: Path) -> str:
    """The first line of a notebook's first cell, up to a colon."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    heading = "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")
    return heading.partition(":")[0]


def _write_week(shelf: Shelf, profile: str, seconds: dict[str, float]) -> Path:
    """Writes what a week leaves beside its notebooks: pages, report.json, week_summary.md, index -> the index."""
    from nexuszero.report.site import Page, headings

    out = shelf.directory
    pages = [
        shelf.read(out / f"{notebook.name}.ipynb", notebook.file)
        for notebook in STAGES.values()
    ]
    for page in pages:
        shelf.write(page)
    summary = read_json(out / "summary.json", "run the week again with --from summary")
    record = {"profile": profile, "seconds": seconds, "summary": summary}
    write_json(
        out / "report.json", record | {"pages": [page.record() for page in pages]}
    )

    shown = {
        "profile": profile,
        "summary": summary,
        "titles": {page.file: page.title for page in pages},
        "files": {stage: f"{notebook.name}.html" for stage, notebook in STAGES.items()},
        "reading": [
            (page.file, page.title, page.opening, seconds[stage])
            for stage, page in zip(STAGES, pages, strict=True)
        ],
    }
    with whole(out / "week_summary.md") as temporary:
        text = shelf.render("week_summary.md.j2", **shown)
        temporary.write_text(text, encoding="utf-8")
    values, figure = shelf.figure(summary["figure"])
    index = Page(
        "index.html",
        f"The week, {profile}",
        body=figure,
        figures=(values,),
        contents=headings(section["title"] for section in summary["sections"]),
    )
    return shelf.write(index, "week.html.j2", **shown)


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
    """Makes the page of one circuit from notebook 13 -> the page, ``out/NAME.LEVEL.DIGEST.html``.

    The digest is of the circuit and its widths, so no other circuit's page is ever written over. The notebook and the
    answer as JSON stand beside it, and an index of all pages there. Whatever is wrong with the input is reported
    before it runs.
    """
    answer = CryptoBridge().read([file], bounds).choices(security)[0]
    if isinstance(answer, Infeasible):
        raise InputError(f"{file}: {answer.reason}")
    if checkpoint is not None:
        from nexuszero.network import load as load_network

        load_network(checkpoint)

    from nexuszero.report.site import Shelf

    name = f"{file.stem}.{security}.{_digest(file, bounds)}"
    values = {
        "circuit": file,
        "security": security,
        "bounds": bounds,
        "checkpoint": checkpoint,
    }
    config = configs.CircuitConfig.model_validate(
        {**values, "out": out / f"{name}.json"}
    )
    shelf = Shelf(
        out,
        "NexusZero, circuits",
        (("index.html", "All circuits"), (f"{name}.html", name)),
    )
    page = run_notebook(
        GUIDES["circuit"].file, out / f"{name}.ipynb", _parameters(config), shelf
    )
    _write_circuits(shelf)
    return page


def _digest(file: Path, bounds: str | None) -> str:
    """Eight digits of the SHA-256 of a circuit and its declared widths: other content is another page."""
    widths = bounds or ""
    declared = Path(widths).read_bytes() if _is_file(widths) else widths.encode()
    return hashlib.sha256(file.read_bytes() + b"\0" + declared).hexdigest()[:8]


def _is_file(text: str) -> bool:
    try:
        return bool(text) and Path(text).is_file()
    except OSError:  # a list of widths may be longer than any name
        return False


def _write_circuits(shelf: Shelf) -> None:
    """Lists the pages of a directory of circuits."""
    from nexuszero.report.site import Page

    rows = [
        read_json(file, "delete it") | {"page": file.with_suffix(".html").name}
        for file in sorted(shelf.directory.glob("*.json"))
        if file.with_suffix(".html").is_file()
    ]
    alone = replace(shelf, links=shelf.links[:1])
    alone.write(Page("index.html", "Circuits"), "circuits.html.j2", rows=rows)


# One notebook


def run_notebook(
    notebook: Path, out: Path, parameters: Parameters, shelf: Shelf | None = None
) -> Path:
    """Executes a notebook into ``out`` and writes the page beside it, alone or with others -> the page."""
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    from nexuszero.report.site import Shelf

    _refuse_unknown(notebook, parameters)
    os.environ.setdefault(*HEAP)  # the kernel has this process's
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
        with writing(out):
            papermill.execute_notebook(notebook, out, parameters, **settings)
    except PapermillExecutionError as error:
        raise StageError(
            f"{notebook}: cell {error.exec_count}: {error.ename}: {error.evalue}; see {out}"
        ) from None
    except RuntimeError as error:  # nbclient: the kernel died
        raise StageError(
            f"{notebook}: {error}; the partial notebook is {out}"
        ) from None
    shelf = shelf or Shelf(out.parent)
    return shelf.write(shelf.read(out, notebook))


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
