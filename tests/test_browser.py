"""What a person sees, in Debian's Chromium: the pages of a week and of a circuit, JupyterLab, optuna-dashboard.

Nothing here may ask the network for anything, and axe finds no serious fault.
"""

import json
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import pytest
from report_cases import study_of

screenshots = pytest.importorskip("screenshots", reason="playwright is not installed")
from axe_playwright_python.sync_playwright import Axe  # noqa: E402

from nexuszero.report import pages  # noqa: E402
from nexuszero.report.site import Shelf  # noqa: E402

# figures are drawings, which a text stands for; the style is in the page already
AXE = {"preload": False, "resultTypes": ["violations"]}
DRAWINGS = {"exclude": [["svg"]]}

pytestmark = pytest.mark.skipif(
    screenshots.executable() is None,
    reason="Chromium is not installed; apt-get install chromium",
)


@pytest.fixture(scope="module")
def browser():
    with screenshots.chromium() as one:
        yield one


@pytest.fixture(scope="module")
def context(browser):
    """A phone's window; pages in it share what the browser has read."""
    one = screenshots.window(browser, screenshots.PHONE)
    yield one
    one.close()


@pytest.fixture
def opened(context):
    """A function that opens a page, waits for its figures, and notes whatever goes wrong there."""
    faults = []

    def open_page(file):
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on(
            "console",
            lambda line: (
                faults.append(f"{line.type}: {line.text}")
                if line.type in ("error", "warning")
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                faults.append(f"request: {request.url}")
                if urlsplit(request.url).scheme not in ("file", "data", "blob")
                else None
            ),
        )
        page.on("requestfailed", lambda request: faults.append(f"no {request.url}"))
        page.goto(file.resolve().as_uri())
        page.wait_for_function(screenshots.DRAWN)
        return page

    yield open_page
    for page in context.pages:
        page.close()
    assert not faults


def serious(page):
    """What axe calls serious or critical."""
    found = Axe().run(page, DRAWINGS, AXE).response["violations"]
    return [
        (one["id"], one["nodes"][0]["html"])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def check_page(page, file):
    """Figures are drawn and named, formulas set, local links lead somewhere, and the page does not scroll sideways."""
    figures = page.locator("figure.plot")
    assert page.locator("figure.plot .main-svg").count() >= figures.count()
    for number in range(figures.count()):
        figure = figures.nth(number)
        assert figure.locator(".main-svg").first.bounding_box()["height"] > 100
        assert len(figure.locator(".wide").get_attribute("aria-label")) > 20
    assert page.locator(".katex-error").count() == 0
    assert (
        page.locator(".math").count()
        == page.locator(".math > .katex, .math > .katex-display").count()
    )
    assert (
        page.evaluate("document.documentElement.scrollWidth")
        == screenshots.PHONE["width"]
    )

    links = page.locator("a[href]").evaluate_all(
        "all => all.map(one => one.getAttribute('href'))"
    )
    for link in links:
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
        elif parts.path:
            assert (file.parent / unquote(parts.path)).is_file(), link
        else:
            assert page.locator(f"[id='{unquote(parts.fragment)}']").count() == 1, link


OVERLAPPING = """() => [...document.querySelectorAll(".js-plotly-plot")].flatMap((plot) => {
  const [title, legend] = [".gtitle", ".legend"].map((one) => plot.querySelector(one)?.getBoundingClientRect());
  if (!title || !legend) return [];
  const apart = legend.top >= title.bottom || legend.left >= title.right || legend.right <= title.left;
  return apart ? [] : [plot.querySelector(".gtitle").textContent];
})"""  # titles of figures that stand on their legends

NAMES = ["index", *(notebook.name for notebook in pages.STAGES.values())]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_the_week_is_whole_on_a_phone(smoke_week, opened, name):
    file = smoke_week.with_name(f"{name}.html")
    page = opened(file)
    check_page(page, file)
    assert not serious(page)


def test_the_page_of_a_circuit_is_in_the_same_dress(circuit_page, opened):
    for file in (circuit_page, circuit_page.with_name("index.html")):
        page = opened(file)
        check_page(page, file)
        assert not serious(page)
    page.get_by_role("link", name="matmul.bn128.r1cs").click()
    assert page.url == circuit_page.resolve().as_uri()


def test_every_formula_of_every_notebook_is_set(tmp_path, opened):
    shelf = Shelf(tmp_path)
    for notebook in (pages.STAGES | pages.GUIDES).values():
        page = shelf.read(notebook.file)
        if page.formulas:
            shown = opened(shelf.write(page))
            errors = shown.locator(".katex-error").evaluate_all(
                "all => all.map(one => one.title)"
            )
            assert not errors, notebook.name


def test_dark_and_light_and_folded_code(smoke_week, opened):
    page = opened(smoke_week.with_name(f"{pages.STAGES['train'].name}.html"))
    paper = "getComputedStyle(document.body).backgroundColor"
    grid = "getComputedStyle(document.querySelector('.gridlayer path')).stroke"
    light = page.evaluate(paper), page.evaluate(grid)
    page.get_by_role("button", name="Dark or light").click()
    page.wait_for_function(f"{grid} !== '{light[1]}'")
    assert page.evaluate(paper) != light[0]
    assert not serious(page)

    code = page.locator("details.code pre").first
    assert not code.is_visible()
    page.get_by_role("button", name="Show code").click()
    assert code.is_visible()
    page.get_by_role("button", name="Dark or light").click()  # kept for the next page


def test_on_paper_there_is_neither_code_nor_navigation(smoke_week, opened):
    page = opened(smoke_week.with_name(f"{pages.STAGES['train'].name}.html"))
    page.emulate_media(media="print", color_scheme="dark")
    for hidden in ("header", ".contents", "details.code"):
        assert not page.locator(hidden).first.is_visible(), hidden
    assert page.locator("figure.plot .main-svg").first.is_visible()
    assert (
        page.evaluate("getComputedStyle(document.body).backgroundColor")
        == "rgb(255, 255, 255)"
    )


def test_jupyterlab_runs_a_notebook_to_the_end(browser, tmp_path):
    root = tmp_path / "root"
    name = screenshots.copied(pages.GUIDES["circuit"].file, root)
    outside = []
    with screenshots.jupyter_lab(root) as url:
        page = screenshots.window(browser, screenshots.SIZE).new_page()
        page.on(
            "request",
            lambda request: (
                outside.append(request.url)
                if urlsplit(request.url).hostname not in ("127.0.0.1", None, "")
                else None
            ),
        )
        screenshots.run_all_cells(page, url, name)
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        assert page.evaluate(OVERLAPPING) == []
        with page.expect_response(lambda answer: answer.request.method == "PUT"):
            page.keyboard.press("Control+s")
        page.close()
    content = json.loads((root / name).read_text())
    cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert "error" not in kinds
    assert not outside


@contextmanager
def dashboard(browser, file):
    """The page of the study in a file, in optuna-dashboard; nothing is asked from outside."""
    outside = []
    with screenshots.dashboard(file) as url:
        page = screenshots.window(browser, screenshots.SIZE).new_page()
        page.on(
            "request",
            lambda request: (
                outside.append(request.url)
                if urlsplit(request.url).hostname not in ("127.0.0.1", None)
                else None
            ),
        )
        page.goto(f"{url}/dashboard/")
        page.get_by_text("full_run").first.click()
        yield page
        page.close()
    assert not outside


def test_the_dashboard_shows_the_study_and_its_best_trial(browser, smoke_week):
    summary = json.loads(smoke_week.with_name("summary.json").read_text())
    best = summary["trials"][0]
    with dashboard(browser, smoke_week.with_name("optuna_study.db")) as page:
        page.get_by_text(f"Best Trial (number={best['trial']})").wait_for()
        text = page.locator("body").inner_text()
    assert str(best["val_loss"])[:10] in text
    assert f"num_layers: {best['num_layers']}" in text


def test_the_dashboard_opens_a_study_of_a_thousand_trials(browser, tmp_path):
    file = tmp_path / "study.db"
    study_of([1 + (700 - number) ** 2 for number in range(1000)], f"sqlite:///{file}")
    with dashboard(browser, file) as page:
        page.get_by_text("Best Trial (number=700)").wait_for()
