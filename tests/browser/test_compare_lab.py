"""The pages Compare and True-error lab in a real Chromium, with heads made by formula."""

import json
import os

import pytest
from playwright.sync_api import expect

from face3d_widgets.samples.rendered import write_rendered_head
from tests.rendered import analytic_head
from tests.serving import dashboard, open_dashboard

pytestmark = pytest.mark.browser

GRAPH = "document.querySelector('{page} .js-plotly-plot')"
READY = ".f3d-status[data-state=ready]"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A dashboard of its own, whose heads are eggs."""
    folder = tmp_path_factory.mktemp("heads")
    for name, fov in (("egg", 24), ("near-egg", 40)):
        head = analytic_head(240, 200, fov, name)
        write_rendered_head(
            folder, name, head.photo, head.depth, head.head, head.face, head.intrinsics
        )
    os.environ["FACE3D_HEADS"] = str(folder)
    try:
        with dashboard("--port", "18867") as (address, _):
            yield address
    finally:
        del os.environ["FACE3D_HEADS"]


@pytest.fixture(scope="module")
def page(browser, address):
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    open_dashboard(page, address)
    yield page
    assert page.errors == []
    context.close()


def go(page, name):
    """Open a page by its tab, and wait until its faces are drawn."""
    page.locator(f"[data-page={name}]").click()
    page.wait_for_selector(
        f".f3d-{name} .f3d-figure:not([data-loading]) .gl-container canvas", timeout=60_000
    )
    page.wait_for_selector(f".f3d-{name} .f3d-table td", timeout=60_000)
    page.wait_for_selector(READY, timeout=60_000)


def eyes(page, name):
    """Where the camera of each part stands this moment."""
    graph = GRAPH.format(page=f".f3d-{name}")
    return json.loads(
        page.evaluate(
            f"""(() => {{
              const graph = {graph};
              return JSON.stringify(graph._fullLayout._subplots.gl3d.map((name) => {{
                const {{ x, y, z }} = graph._fullLayout[name]._scene.getCamera().eye;
                return [x, y, z];
              }}));
            }})()"""
        )
    )


def canvases(page):
    return page.evaluate("document.querySelectorAll('.gl-container canvas').length")


def test_the_first_page_holds_nothing_of_the_others(page):
    assert page.locator(".f3d-compare, .f3d-lab").count() == 0
    tabs = page.locator(".f3d-tabs button")
    assert tabs.all_inner_texts() == ["Model", "Compare", "True-error lab"]
    expect(tabs.first).to_have_attribute("aria-current", "page")
    assert canvases(page) == 1


def test_the_keyboard_opens_a_page_and_turning_one_face_turns_all(page):
    page.locator("[data-page=model]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    go(page, "compare")
    assert canvases(page) == 3  # and none of the first page's
    before = eyes(page, "compare")
    assert before[0] == before[1] == before[2]
    box = page.locator(".f3d-compare .f3d-viewer").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 50, y, steps=5)
    page.mouse.up()
    seen = None
    while seen != (seen := eyes(page, "compare")):
        page.wait_for_timeout(400)
    for part in seen:
        assert part == pytest.approx(seen[0], abs=1e-6)
    assert abs(seen[0][0] - before[0][0]) > 0.05
    page.locator(".f3d-compare [data-camera=profile]").click()
    page.wait_for_timeout(500)
    assert all(part[0] > 1 and abs(part[1]) < 0.05 for part in eyes(page, "compare"))


def test_what_is_compared_can_be_chosen(page):
    rows = page.locator(".f3d-compare tbody tr")
    expect(rows).to_have_count(3)
    page.locator(".f3d-place select").nth(2).select_option("")
    expect(rows).to_have_count(2)
    page.wait_for_function(
        f"{GRAPH.format(page='.f3d-compare')}?._fullLayout?._subplots.gl3d.length === 2"
    )
    page.locator(".f3d-place select").nth(1).select_option("face_lite:grey")
    expect(rows.nth(1)).to_contain_text("photo in grey")
    expect(page.locator(".f3d-compare .f3d-map figcaption")).to_contain_text("photo in grey")
    page.locator(".f3d-compare .f3d-map .f3d-frame").hover()
    expect(page.locator(".f3d-compare .f3d-map .f3d-readout")).to_contain_text("%")


def test_a_network_that_is_not_here_is_offered(page):
    select = page.locator(".f3d-place select").nth(3)
    names = select.locator("optgroup[label='To fetch'] option")
    if names.count() == 0:
        pytest.skip("every network that fits is here")
    select.select_option(names.first.get_attribute("value"))
    expect(page.locator(".f3d-compare-bar .f3d-about")).to_contain_text("is not here yet")
    expect(page.get_by_role("button", name="Fetch ")).to_be_visible()
    select.select_option("")
    expect(page.locator(".f3d-compare-bar .f3d-about")).to_be_hidden()


def test_the_lab_shows_what_a_mistake_does(page):
    go(page, "lab")
    assert canvases(page) == 2
    lab = page.locator(".f3d-lab")
    expect(lab.locator(".f3d-gallery button")).to_have_count(2)
    expect(lab.locator("thead th")).to_have_count(2)
    painted = "document.querySelector('.f3d-lab .f3d-map .f3d-frame canvas').toDataURL()"
    right = page.evaluate(painted)
    lab.locator("[data-trait=inverse_as_depth] label").click()
    expect(lab.locator("thead th")).to_have_count(3)
    expect(lab.locator("tr", has_text="wrong order, head").locator(".f3d-worse")).to_be_visible()
    expect(lab.locator(".f3d-pane-titles")).to_contain_text("inverse depth used as depth")
    assert page.evaluate(painted) != right
    lab.locator("[data-trait=inverse_as_depth] label").click()
    expect(lab.locator("thead th")).to_have_count(2)
    assert page.evaluate(painted) == right


def test_the_first_page_comes_back_as_it_was(page):
    page.locator("[data-page=model]").click()
    page.wait_for_selector(
        ".f3d-area-model .f3d-figure:not([data-loading]) .gl-container canvas", timeout=60_000
    )
    assert canvases(page) == 1
    expect(page.locator(".f3d-status")).to_contain_text("astronaut")
    expect(page.locator(".f3d-lab, .f3d-compare").first).to_be_hidden()


def test_a_phone_scrolls_only_down(new_page, address):
    page = new_page(390, 844)
    open_dashboard(page, address)
    for name in ("compare", "lab"):
        go(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        cut = page.evaluate(
            """[...document.querySelectorAll('.f3d :is(button, .f3d-segments span)')]
              .filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 1)
              .map((e) => e.textContent)"""
        )
        assert cut == []
