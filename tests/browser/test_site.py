"""The page for a USB stick in a real browser, from a file, without any server."""

import re

import nbformat
import pytest
from playwright.sync_api import expect

from face3d_widgets.site import export_site
from tests.browser.waiting import eventually, new_context
from tests.conftest import FakeEstimator
from tests.test_site import CELLS, notebook

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stick")
    lesson = folder / "02_tiny.ipynb"
    nbformat.write(notebook(CELLS), lesson)
    path = export_site(
        folder / "site",
        samples=["astronaut", "rendered_elder"],
        lessons=[lesson],
        estimator=FakeEstimator(),
    )
    return path.as_uri()


def no_request_but(page, address):
    """Nothing was asked for but the file itself and what is inside it."""
    asked = [u for u in page.watched.requests if not u.startswith(("data:", "blob:"))]
    return set(asked) <= {address, f"{address}#results", f"{address}#lesson-02"}


def fits(page, width):
    """Nothing is wider than the page."""
    wide = "document.documentElement.scrollWidth"
    eventually(lambda: page.evaluate(wide), lambda found: found <= width)


def colours(page):
    """How many colours the first face is drawn in."""
    return page.evaluate(
        """async () => {
          const graph = document.querySelector('.face > div');
          const address = await Plotly.toImage(graph, { format: 'png', width: 200, height: 200 });
          const picture = Object.assign(new Image(), { src: address });
          await picture.decode();
          const canvas = document.createElement('canvas');
          canvas.width = canvas.height = 200;
          const context = canvas.getContext('2d');
          context.drawImage(picture, 0, 0);
          const { data } = context.getImageData(0, 0, 200, 200);
          return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )


@pytest.mark.parametrize("width", [1400, 390])
def test_results_are_drawn_and_turn(new_page, site, width):
    page = new_page(width, 844)
    page.goto(site)
    page.wait_for_selector(".face .gl-container canvas")
    eventually(lambda: colours(page), lambda n: n > 100)
    eye = "document.querySelector('.face > div')._fullLayout.scene.camera.eye.x"
    page.get_by_role("button", name="profile").first.click()
    page.wait_for_function(f"Math.abs({eye}) > 1")
    fits(page, width)
    eventually(  # and the page can be scrolled past it
        page.locator(".face > div").first.bounding_box,
        lambda box: box["width"] <= width and box["height"] < 844,
    )
    button = page.get_by_role("button", name="profile").first
    eventually(button.bounding_box, lambda box: box["height"] >= 44)
    page.locator(".result").last.locator(".plot").last.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelectorAll('#results .plot .main-svg').length >= 4")
    assert no_request_but(page, site)


@pytest.mark.parametrize("width", [1400, 390])
def test_lessons_are_read_and_their_questions_answer(new_page, site, width):
    page = new_page(width, 844)
    page.goto(site)
    page.get_by_role("link", name="Lessons").click()
    page.get_by_role("heading", name="2. A title").wait_for()
    expect(page.locator("#results")).to_be_hidden()
    said = page.get_by_text("One gives one equation")
    expect(said).to_be_hidden()
    page.get_by_text("One.", exact=True).click()
    said.wait_for()
    formula = page.locator("mfrac").first  # and not letters
    eventually(formula.bounding_box, lambda box: box["height"] > 20)
    page.locator("#lesson-02 .plot").scroll_into_view_if_needed()
    page.wait_for_selector("#lesson-02 .plot .main-svg")
    fits(page, width)
    page.get_by_role("link", name="Results").click()
    page.wait_for_selector(".face .gl-container canvas")
    expect(page.locator("#lesson-02 .plot > div")).to_have_count(0)  # its drawing was given back
    expect(page).to_have_title(re.compile("^Results"))
    assert no_request_but(page, site)


def test_the_texts_are_there_without_javascript(browser, site):
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(site)
    assert "allow JavaScript" in page.locator("noscript").inner_html()
    expect(page.get_by_role("heading", name="2. A title")).to_be_visible()
    expect(page.locator(".result table").first).to_be_visible()
    context.close()
