"""Pages of a small notebook: what is folded, lifted, renamed and kept of it. How they look: test_browser.py."""

import base64
import json

import nbformat
import numpy as np
import plotly.graph_objects as go
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from nexuszero.paths import NOTEBOOKS, ROOT
from nexuszero.report import site
from nexuszero.report.style import styled

TEXT = r"""# 1. A title: and more

*Some seconds.* Words.

**The question.** Is it so?

Words with $\sigma < \sqrt{2}$ in them.

$$
n \ge 1
$$

## Links

[a page](02_other.ipynb) [a document](../docs/labels.md#5-bytes) [outside](https://example.org/x)
[nowhere](../docs/none.md)

## Links

| a | b |
| --- | --- |
| x | 1 |
"""
TABLE = """<style scoped>td {color: red}</style><table border="1" class="dataframe"><thead>
<tr style="text-align: right;"><th></th><th>n</th><th>who</th></tr><tr><th>name</th><th></th><th></th></tr></thead>
<tbody><tr><th>a</th><td>1,600</td><td>x</td></tr><tr><th>b</th><td>2.5e-03</td><td>1 of 2</td></tr></tbody></table>"""
COUNTED = """<table><thead><tr><th></th><th>n</th></tr></thead>
<tbody><tr><th>0</th><td>7</td></tr><tr><th>1</th><td>8</td></tr></tbody></table>"""


def output(**data):
    kinds = {"html": "text/html", "plotly": site.FIGURE, "latex": "text/latex"}
    return new_output(
        "display_data", {kinds[key]: value for key, value in data.items()}
    )


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    directory = tmp_path_factory.mktemp("site")
    return site.Shelf(
        directory, "a test", (("1.html", "One"), ("02_other.html", "Two"))
    )


@pytest.fixture(scope="module")
def page(shelf):
    bars = styled(
        go.Figure(go.Bar(x=np.arange(3), y=[1, 2, 3], name="</script>")), "T", "x"
    )
    cells = [
        new_markdown_cell(TEXT),
        new_code_cell("first = 1"),
        new_code_cell("second = 2", outputs=[output(html=TABLE), output(html=COUNTED)]),
        new_code_cell("third = 3"),
        new_markdown_cell("More."),
        new_code_cell(
            "fourth = 4", outputs=[output(plotly=json.loads(bars.to_json()))]
        ),
        new_code_cell("f", outputs=[new_output("stream", text="12 bytes\n")] * 2),
        new_code_cell("g", outputs=[output(latex="$q < 2^{30}$")]),
    ]
    file = shelf.directory / "1.ipynb"
    nbformat.write(new_notebook(cells=cells), file)
    return shelf.read(file, NOTEBOOKS / "01_source.ipynb")


@pytest.fixture(scope="module")
def soup(page, shelf):
    return BeautifulSoup(shelf.write(page).read_text(), "html.parser")


def test_code_is_folded_below_what_it_makes_and_once_for_all_that_leads_there(soup):
    folds = [fold.get_text(" ", strip=True) for fold in soup.select("details.code")]
    assert folds == [
        "code first = 1 second = 2",
        "code third = 3",
        "code fourth = 4",
        "code f",
        "code g",
    ]
    assert all("open" not in fold.attrs for fold in soup.select("details"))
    assert soup.select_one("details.code").find_previous("table") is not None


def test_formulas_wait_for_katex_as_they_were_written(page, soup):
    formulas = [one.get_text() for one in soup.select(".math")]
    assert formulas == [r"\sigma < \sqrt{2}", r"n \ge 1", "q < 2^{30}"]
    assert [len(soup.select(".math.display"))] == [2]
    assert page.formulas and "assets/katex/katex.min.js" in str(soup.head)


def test_a_page_is_announced_by_its_question(page, shelf, tmp_path):
    assert page.opening == "Is it so?"
    for text, opening in (("# T\nFirst.\n\nSecond.", "First."), ("# T", "")):
        notebook = new_notebook(cells=[new_markdown_cell(text)])
        nbformat.write(notebook, tmp_path / "1.ipynb")
        assert shelf.read(tmp_path / "1.ipynb").opening == opening


def test_headings_of_one_name_have_two_places_to_link_to(page, soup):
    assert page.title == "1. A title: and more"
    assert [(one.id, one.text) for one in page.contents] == [
        ("links", "Links"),
        ("links-2", "Links"),
    ]
    assert [tag["id"] for tag in soup.select("h2")] == ["links", "links-2"]
    assert [one["href"] for one in soup.select(".contents a")] == ["#links", "#links-2"]


def test_links_lead_to_pages_and_what_is_not_beside_them_is_text(soup, shelf):
    links = {one.get_text(): one.get("href") for one in soup.select("main a")}
    assert links == {
        "a page": "02_other.html",
        "outside": "https://example.org/x",
        "Two": "02_other.html",
    }
    assert "a document" in soup.get_text() and "nowhere" in soup.get_text()
    inside = site.Shelf(ROOT / "reports/quick")
    assert inside._target("../docs/none.md", NOTEBOOKS) is None
    assert (
        inside._target("../docs/labels.md#5-bytes", NOTEBOOKS)
        == "../../docs/labels.md#5-bytes"
    )


def test_tables_have_their_index_named_and_numbers_to_the_right(page, soup):
    assert list(page.tables) == [
        {"under": "Links", "columns": ["a", "b"], "rows": [["x", 1]]},
        {
            "under": "Links",
            "columns": ["name", "n", "who"],
            "rows": [["a", 1600, "x"], ["b", 0.0025, "1 of 2"]],
        },
        {"under": "Links", "columns": ["n"], "rows": [[7], [8]]},
    ]
    assert not soup.select("style, [border], tr[style]")
    right = [one.get_text() for one in soup.select(".number")]
    assert right == ["b", "1", "n", "1,600", "2.5e-03", "n", "7", "8"]


def test_a_figure_is_data_that_no_name_can_break_out_of(page, soup):
    (figure,) = page.figures
    assert (figure["title"], figure["under"]) == ("T", "Links")
    assert figure["series"][0]["x"] == [0, 1, 2]
    drawn = json.loads(soup.select_one("figure.plot script").string)
    assert drawn["data"][0]["name"] == "</script>"
    assert "title" not in drawn["layout"]
    assert soup.select_one("figcaption").string == "T"
    assert (
        soup.select_one("figure .wide")["aria-label"] == "T. Axes: x. Shown: </script>"
    )


def test_what_is_printed_is_kept(page, soup):
    assert page.lines == ("12 bytes", "12 bytes")
    assert page.record()["printed"] == ["12 bytes", "12 bytes"]


def test_pages_share_their_assets_and_lead_on(soup, shelf):
    assets = shelf.directory / "assets"
    assert (assets / "plotly.min.js").is_file() and (assets / "site.css").is_file()
    fonts = {file.name for file in (assets / "katex/fonts").glob("*.woff2")}
    style = (assets / "katex/katex.min.css").read_text()
    assert fonts and all(name in style for name in fonts)
    assert soup.select_one(".next a")["href"] == "02_other.html"
    assert soup.select_one("[aria-current]").string == "One"


def test_pictures_are_embedded(shelf, tmp_path):
    (tmp_path / "dot.png").write_bytes(b"PNG")
    nbformat.write(
        new_notebook(cells=[new_markdown_cell("# T\n![dot](dot.png)")]),
        tmp_path / "1.ipynb",
    )
    page = shelf.read(tmp_path / "1.ipynb", tmp_path / "source.ipynb")
    picture = BeautifulSoup(page.body, "html.parser").img
    assert (
        picture["src"] == f"data:image/png;base64,{base64.b64encode(b'PNG').decode()}"
    )
    assert picture["alt"] == "dot"


def test_arrays_as_plotly_writes_them_become_lists():
    values = np.array([[1.0, np.nan], [2.5, 4.0]])
    packed = {
        "bdata": base64.b64encode(values.tobytes()).decode(),
        "dtype": "f8",
        "shape": "2, 2",
    }
    assert site._listed(packed) == [[1.0, None], [2.5, 4.0]]
    assert site._listed("a") == "a"
