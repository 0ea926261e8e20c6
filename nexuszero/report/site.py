"""Executed notebooks as pages of one site: code folded away, formulas, figures and tables, no request to any network.

nbconvert makes the cells, `templates/pages` what is around them, `templates/assets` looks and behaviour. plotly.js,
KaTeX and the style stand once beside all pages, in ``assets/``.

    shelf = Shelf(Path("reports/quick"), "week quick", (("index.html", "The week"), ("05_generate.html", "Generate")))
    shelf.write(shelf.read(Path("reports/quick/05_generate.ipynb")))
"""

from __future__ import annotations

import base64
import mimetypes
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from itertools import repeat
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.parse import unquote, urlsplit

import jinja2
import nbformat
import numpy as np
from bs4 import BeautifulSoup, Tag
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from nexuszero.files import whole, writing
from nexuszero.paths import NOTEBOOKS, ROOT
from nexuszero.report import provenance
from nexuszero.report.style import HEIGHT, shown, text_alternative

TEMPLATES = Path(__file__).parent / "templates"
FIGURE = "application/vnd.plotly.v1+json"
TITLE_HEIGHT = 40  # pixels of plotly's own title; a page has it as a caption
REM_A_COLUMN = 17  # a row of plots is as wide as it needs; the page scrolls it alone
QUESTION = "The question."  # how a notebook's paragraph begins that asks it
MARKUP = re.compile(r"<[^>]+>")  # of plotly, in a title
NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(e[+-]?\d+)?")

Json = dict[str, Any]


@dataclass(frozen=True)
class Heading:
    """An entry of a table of contents."""

    id: str
    text: str
    level: int  # 2 or 3


@dataclass(frozen=True)
class Page:
    """What stands on one page.

    Args:
        file: its name.
        title: of the page, and in the pages' list.
        body: HTML.
        contents: its headings.
        tables: as they stand, each ``{"under", "columns", "rows"}``, a number where a cell is one.
        figures: each ``{"under", "title", "alternative", "series"}`` with all its values.
        lines: what cells printed.
        formulas: whether there are any.
        code: whether some is folded away.
        opening: the question that it answers, or its first paragraph.
    """

    file: str
    title: str
    body: Markup = field(default=Markup(), repr=False)
    contents: tuple[Heading, ...] = ()
    tables: tuple[Json, ...] = field(default=(), repr=False)
    figures: tuple[Json, ...] = field(default=(), repr=False)
    lines: tuple[str, ...] = field(default=(), repr=False)
    formulas: bool = False
    code: bool = False
    opening: str = ""

    def record(self) -> Json:
        """Every number that it shows."""
        return {
            "file": self.file,
            "title": self.title,
            "tables": list(self.tables),
            "figures": list(self.figures),
            "printed": list(self.lines),
        }


@dataclass(frozen=True)
class Shelf:
    """A directory of pages that know of each other.

    Args:
        directory: of the pages and of ``assets``.
        name: in the last line of each page.
        links: file and title of each page, in the order of reading.
    """

    directory: Path
    name: str = "NexusZero"
    links: tuple[tuple[str, str], ...] = ()

    def next_after(self, file: str) -> tuple[str, str] | None:
        """The page to read after this one."""
        files = [name for name, _ in self.links]
        if file not in files or file == files[-1]:
            return None
        return self.links[files.index(file) + 1]

    def read(self, notebook: Path, source: Path | None = None) -> Page:
        """A page of an executed notebook.

        Args:
            notebook: the executed one; the page has its name.
            source: where it stood before, which its links are relative to; among the repository's, if not given.
        """
        content = nbformat.read(notebook, as_version=4)
        figures = list(self._lift_figures(content))
        make: Any = _Exporter  # traitlets' constructors have no types
        exporter = make(
            template_name="notebook",
            extra_template_basedirs=[str(TEMPLATES)],
            exclude_input_prompt=True,
            exclude_output_prompt=True,
        )
        body, _ = exporter.from_notebook_node(content)
        soup = BeautifulSoup(body, "html.parser")
        file = f"{notebook.stem}.html"
        self._mend_links(soup, (source or NOTEBOOKS / notebook.name).parent)
        _fold_together(soup)

        title = soup.find("h1")
        return Page(
            file=file,
            title=_text(title) if title else notebook.stem,
            contents=_contents(soup),
            tables=tuple(_tables(soup)),
            figures=tuple(_under(soup, figures)),
            lines=tuple(_printed(content)),
            formulas=soup.select_one(".math") is not None,
            code=soup.select_one("details.code") is not None,
            opening=_opening(soup),
            body=Markup(soup),
        )

    def write(self, page: Page, template: str = "page.html.j2", **more: Any) -> Path:
        """Writes a page, and the assets beside it if they are missing -> the page."""
        self._write_assets()
        file = self.directory / page.file
        with whole(file) as temporary:
            text = self.render(template, page=page, shelf=self, **more)
            temporary.write_text(text, encoding="utf-8")
        return file

    def render(self, template: str, **values: Any) -> str:
        """A template of `templates/pages`, filled in."""
        return self._environment.get_template(template).render(
            values, origin=provenance.stamp()
        )

    @cached_property
    def _environment(self) -> jinja2.Environment:
        """Of the templates around the cells; everything that is no markup is escaped."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES / "pages"),
            autoescape=jinja2.select_autoescape(["html.j2"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters |= {"cell": cell, "zip": zip}
        return environment

    def figure(self, spec: Json) -> tuple[Json, Markup]:
        """A plotly figure as JSON -> its values by name, and its HTML."""
        alternative = text_alternative(spec)
        layout = dict(spec["layout"])
        title = MARKUP.sub(" ", layout.pop("title", {}).get("text", "Figure"))
        template = layout.get("template", {}).get("layout", {})
        margin = {**template.get("margin", {}), **layout.get("margin", {})}
        layout["height"] = int(layout.get("height", HEIGHT)) - TITLE_HEIGHT
        layout["margin"] = margin | {"t": max(20, margin.get("t", 80) - TITLE_HEIGHT)}
        drawn = {"data": spec["data"], "layout": layout}
        record = {
            "title": title,
            "alternative": alternative,
            "series": [_series(trace) for trace in spec["data"]],
        }
        macros: Any = self._environment.get_template("macros.html.j2").module
        return record, macros.figure(title, alternative, _width(drawn), drawn)

    def _lift_figures(self, content: NotebookNode) -> Iterator[Json]:
        """Replaces each plotly figure of a notebook by its HTML, and yields its values."""
        for one in content.cells:
            for output in one.get("outputs", []):
                if FIGURE in output.get("data", {}):
                    record, html = self.figure(output["data"][FIGURE])
                    output["data"] = {"text/html": str(html)}
                    yield record

    def _write_assets(self) -> None:
        """The style, KaTeX and plotly.js, once for all pages of the directory."""
        from plotly.offline import get_plotlyjs

        assets = self.directory / "assets"
        with writing(assets):
            copytree(TEMPLATES / "assets", assets, dirs_exist_ok=True)
        plotly = assets / "plotly.min.js"
        script = get_plotlyjs().encode()
        if not plotly.is_file() or plotly.stat().st_size != len(script):
            with whole(plotly) as temporary:
                temporary.write_bytes(script)

    def _mend_links(self, soup: BeautifulSoup, base: Path) -> None:
        """Links between notebooks become links between pages; pictures are embedded; what is elsewhere is text."""
        for image in soup.select("img[src]"):
            image["src"] = _embedded(str(image["src"]), base)
        for link in soup.select("a[href]"):
            target = self._target(str(link["href"]), base)
            if target is None:
                link.unwrap()
            else:
                link["href"] = target

    def _target(self, href: str, base: Path) -> str | None:
        """Where a notebook's link leads from a page: another page, a file of the checkout around both, or nowhere."""
        parts = urlsplit(href)
        if parts.scheme or not parts.path:
            return href
        file = (base / unquote(parts.path)).resolve()
        page = f"{file.stem}.html"
        if file.suffix == ".ipynb" and page in dict(self.links):
            return page
        here = self.directory.resolve()
        around = here.is_relative_to(ROOT) and file.is_relative_to(ROOT)
        if not (around and file.exists()):
            return None
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        return Path(os.path.relpath(file, here)).as_posix() + fragment


# A notebook's cells


class _Renderer(IPythonRenderer):
    """Formulas go into elements of their own, which the page's script hands to KaTeX."""

    def block_math(self, body: str) -> str:
        return f'<span class="math display">{escape(body.strip())}</span>'

    def inline_math(self, body: str) -> str:
        return f'<span class="math">{escape(body.strip())}</span>'

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


class _Exporter(HTMLExporter):
    """nbconvert with `templates/notebook`."""

    @jinja2.pass_context
    def markdown2html(self, context: jinja2.runtime.Context, source: str) -> str:
        """Markdown of a cell as HTML."""
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = _Renderer(
            escape=False, attachments=attachments, exclude_anchor_links=True
        )
        return str(MarkdownWithMath(renderer=renderer).render(source))


def _width(figure: Json) -> int | None:
    """The least width in rem of several plots side by side, or of one with many labels; None for others."""
    layout = figure["layout"]
    starts = {
        round(axis.get("domain", [0])[0], 2)
        for name, axis in layout.items()
        if name.startswith("xaxis")
    }
    if len(starts) > 1:
        return REM_A_COLUMN * len(starts)
    return 2 * REM_A_COLUMN if len(layout.get("annotations", ())) > 8 else None


def _series(trace: Json) -> Json:
    """The values of a trace by their names, arrays as lists."""
    values = {key: _listed(value) for key, value in trace.items()}
    kept = {key: value for key, value in values.items() if isinstance(value, list)}
    return {"name": trace.get("name", ""), "type": trace.get("type", "scatter")} | kept


def _listed(value: Any) -> Any:
    """An array as plotly writes it, in base64, as a list; anything else as it is."""
    if not (isinstance(value, Mapping) and {"bdata", "dtype"} <= set(value)):
        return value
    array = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
    if "shape" in value:
        array = array.reshape([int(size) for size in value["shape"].split(",")])
    values = array.astype(object)
    values[~np.isfinite(array)] = None
    return values.tolist()


def _printed(content: NotebookNode) -> Iterator[str]:
    for cell in content.cells:
        for output in cell.get("outputs", []):
            if output.get("output_type") == "stream":
                yield from output["text"].splitlines()


# What a page makes of them


def headings(
    titles: Iterable[str], levels: Iterable[int] = repeat(2)
) -> tuple[Heading, ...]:
    """A table of contents, each entry with a name of its own to link to."""
    found: list[Heading] = []
    counts: Counter[str] = Counter()
    for title, level in zip(titles, levels, strict=False):
        name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
        counts[name] += 1
        number = f"-{counts[name]}" if counts[name] > 1 else ""
        found.append(Heading(name + number, title, level))
    return tuple(found)


def _contents(soup: BeautifulSoup) -> tuple[Heading, ...]:
    """The headings of levels 2 and 3, which get the names that the contents link to."""
    tags = soup.select("h2, h3")
    found = headings(map(_text, tags), (int(tag.name[1]) for tag in tags))
    for tag, heading in zip(tags, found, strict=True):
        tag["id"] = heading.id
    return found


def _fold_together(soup: BeautifulSoup) -> None:
    """One fold for all code that leads to an output, below it; code without any ends before the next prose."""
    before: Tag | None = None
    for one in soup.select(".jp-Cell"):
        fold = one.select_one("details.code")
        if fold is None:
            before = None
            continue
        if before is not None:
            fold.select(".highlight")[0].insert_before(*before.select(".highlight"))
            before.decompose()
        one.append(fold)
        before = None if one.select_one(".jp-OutputArea-child") else fold


def _tables(soup: BeautifulSoup) -> Iterator[Json]:
    """Makes every table one that scrolls alone, numbers to the right, and yields what it says."""
    for style in soup.select("style[scoped]"):  # of pandas
        style.decompose()
    for number, table in enumerate(soup.select("table"), 1):
        for one in [*table.select("[style], [border]"), table]:
            one.attrs.pop("style", None)
            one.attrs.pop("border", None)
        _name_the_index(table)
        rows = [row.select("th, td") for row in table.select("tr")]
        for column in zip(*rows, strict=False):
            if all(_is_number(one) for one in column[1:]):
                for one in column:
                    one["class"] = "number"

        under = _heading_above(table)
        frame = soup.new_tag("div", attrs={"class": "wide"})
        frame["role"] = "group"
        frame["aria-label"] = f"Table {number}: {under}"
        table.wrap(frame)
        texts = [[_value(_text(one)) for one in row] for row in rows]
        yield {"under": under, "columns": texts[0], "rows": texts[1:]}


def _name_the_index(table: Tag) -> None:
    """Puts the index's name where pandas has an empty cell, and drops an index that only counts."""
    heads = [list(row.select("th")) for row in table.select("thead tr")]
    first, more = (heads[0], heads[1:]) if heads else ([], [])
    if more and all(_text(one) == "" for one in first[: len(_named(more[-1]))]):
        for empty, name in zip(first, _named(more[-1]), strict=False):
            empty.string = _text(name)
        table.select("thead tr")[-1].decompose()

    counting = [row.select("th") for row in table.select("tbody tr")]
    numbers = [[str(number)] for number in range(len(counting))]
    if first and [list(map(_text, names)) for names in counting] == numbers:
        for one in [first[0], *(names[0] for names in counting)]:
            one.decompose()


def _named(row: Sequence[Tag]) -> list[Tag]:
    return [one for one in row if _text(one)]


def _is_number(one: Tag) -> bool:
    return NUMBER.fullmatch(_text(one)) is not None or _text(one) in ("", "NaN")


def _text(one: Tag) -> str:
    return str(one.get_text(" ", strip=True))


def _opening(soup: BeautifulSoup) -> str:
    texts = [_text(paragraph) for paragraph in soup.select("p")]
    asked = [text for text in texts if text.startswith(QUESTION)]
    return (
        asked[0].removeprefix(QUESTION).strip() if asked else texts[0] if texts else ""
    )


def _under(soup: BeautifulSoup, figures: list[Json]) -> Iterator[Json]:
    """Figures with the heading above each."""
    for tag, figure in zip(soup.select("figure.plot"), figures, strict=True):
        yield {"under": _heading_above(tag)} | figure


def _heading_above(tag: Tag) -> str:
    above = tag.find_previous(["h1", "h2", "h3"])
    return _text(above) if above else ""


def _value(text: str) -> str | float | int:
    """A number where a cell is one."""
    if not NUMBER.fullmatch(text):
        return text
    plain = text.replace(",", "")
    return int(plain) if re.fullmatch(r"[+-]?\d+", plain) else float(plain)


def cell(value: object) -> str:
    """What a table shows of a value."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shown(value) if isinstance(value, float) else str(value)


def _embedded(source: str, base: Path) -> str:
    """A picture's file as a data URL; anything else as it is."""
    parts = urlsplit(source)
    file = base / unquote(parts.path)
    if parts.scheme or not file.is_file():
        return source
    kind = mimetypes.guess_type(file.name)[0]
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
