"""A lesson as a Voila page, wide and on a phone: all is drawn, and the questions answer."""

import sys
from pathlib import Path

import nbformat
import pytest

from face3d_widgets.server.notebooks import lesson_notebooks
from tests.browser.waiting import PATIENCE, eventually, frames
from tests.serving import free_port, serving

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).resolve().parents[2] / "notebooks" / "lessons"


@pytest.fixture(scope="module")
def lessons():
    """Where plain Voila serves the folder of lessons."""
    options = ["--no-browser", f"--port={free_port()}", "--VoilaConfiguration.strip_sources=False"]
    with serving([sys.executable, "-m", "voila", str(FOLDER), *options]) as (address, _):
        yield address.rstrip("/").removesuffix("/voila/tree")


@pytest.mark.parametrize("width", [1400, 390])
def test_a_lesson_works_as_a_page(new_page, lessons, width):
    page = new_page(width, 900)
    # Voila's own template asks the internet for icons, which no lesson uses.
    page.route("https://cdn.jsdelivr.net/**", lambda route: route.fulfill(content_type="text/css"))
    page.goto(f"{lessons}/voila/render/02_scale_and_shift.ipynb", wait_until="commit")
    page.wait_for_selector(".f3d-ask [role=status]", timeout=180_000)
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg').length >= 2")
    page.wait_for_selector("mjx-container")

    page.get_by_label("One.", exact=True).check()
    page.get_by_text("One gives one equation").wait_for()
    answer = page.locator(".f3d-ask input[type=text]")
    answer.fill("0.45")
    answer.press("Enter")
    page.get_by_text("Half way between the values").wait_for()
    answer.fill("0.444")
    answer.press("Enter")
    page.get_by_text("Two known distances gave scale and shift").wait_for()

    widths = (
        "[document.documentElement.scrollWidth,"
        " ...[...document.querySelectorAll('.js-plotly-plot')].map((e) => e.clientWidth)]"
    )
    eventually(lambda: page.evaluate(widths), lambda found: max(found) <= width)
    page.get_by_role("link", name="Next: The pinhole →").first.click()
    page.wait_for_url("**/03_the_pinhole.ipynb", wait_until="commit")
    # Plain Voila's own: it has no place for the still picture that Plotly's renderer offers
    # it, for which our pages have one, and refuses the last message of a page that is left.
    ours = [e for e in page.watched.errors if "setData" not in e and "Forbidden" not in e]
    page.close()
    page.watched.errors.clear()
    assert ours == []


@pytest.mark.parametrize("lesson", lesson_notebooks(), ids=lambda path: path.stem)
def test_no_lesson_logs_an_error(new_page, address, lesson):
    """On our own server's pages, which `face3d lessons` opens."""
    cells = nbformat.read(lesson, 4).cells
    figures = sum("show(" in cell.source for cell in cells if cell.cell_type == "code")
    page = new_page()
    page.goto(f"{address}face3d/lessons/{lesson.name}", wait_until="commit")
    page.wait_for_selector("#rendered_cells", timeout=1000 * 2 * PATIENCE)
    # The text of each figure stands below it; the still picture is made when it is drawn.
    page.wait_for_function(
        """(n) => {
          const graphs = [...document.querySelectorAll('.js-plotly-plot')];
          return graphs.length >= n && graphs.every((graph) => graph.querySelector('.main-svg'));
        }""",
        arg=figures,
    )
    page.wait_for_load_state("networkidle")
    frames(page, 30)
    errors = [*page.watched.errors]
    page.close()
    page.watched.errors.clear()
    assert errors == []
