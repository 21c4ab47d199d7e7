"""The pages Compare and True-error lab in a real Chromium, with heads made by formula."""

import os

import pytest
from playwright.sync_api import expect

from face3d_widgets.figures import CAMERAS
from face3d_widgets.samples.rendered import write_rendered_head
from tests.browser.dashboard_page import (
    choose,
    picture,
    too_wide,
    wait_for_camera,
    wait_for_change,
)
from tests.browser.waiting import at_rest, eventually, frames, new_context
from tests.rendered import analytic_head
from tests.serving import READY, dashboard, open_dashboard

pytestmark = pytest.mark.browser


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
        with dashboard() as (address, _):
            yield address
    finally:
        del os.environ["FACE3D_HEADS"]


@pytest.fixture(scope="module")
def page(browser, address):
    context = new_context(browser, viewport={"width": 1400, "height": 900})
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
    wait_for_page(page, name)


def wait_for_page(page, name):
    page.wait_for_selector(f".f3d-{name} .f3d-figure:not([data-loading]) .gl-container canvas")
    page.wait_for_selector(f".f3d-{name} .f3d-table td")
    page.wait_for_selector(READY)


def eyes(page, name):
    """Where the camera of each part stands this moment."""
    return page.evaluate(
        """(page) => {
          const layout = document.querySelector(`${page} .js-plotly-plot`)?._fullLayout;
          return (layout?._subplots?.gl3d ?? []).map((name) => {
            const eye = layout[name]._scene?.getCamera().eye;
            return eye ? [eye.x, eye.y, eye.z] : null;
          });
        }""",
        f".f3d-{name}",
    )


def together(seen):
    """Whether all parts are seen from one place."""
    return bool(seen) and all(seen) and all(eye == pytest.approx(seen[0], abs=1e-6) for eye in seen)


def wait_for_canvases(page, n):
    expect(page.locator(".gl-container canvas")).to_have_count(n)


def test_the_first_page_holds_nothing_of_the_others(page):
    expect(page.locator(".f3d-compare, .f3d-lab")).to_have_count(0)
    tabs = page.locator(".f3d-tabs button")
    expect(tabs).to_have_text(["Model", "Compare", "True-error lab"])
    expect(tabs.first).to_have_attribute("aria-current", "page")
    wait_for_canvases(page, 1)


def test_the_keyboard_opens_a_page_and_turning_one_face_turns_all(page):
    page.locator("[data-page=model]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    wait_for_page(page, "compare")
    wait_for_canvases(page, 3)  # and none of the first page's
    before = eventually(lambda: eyes(page, "compare"), together)
    assert len(before) == 3
    box = page.locator(".f3d-compare .f3d-viewer").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def turn():
        frames(page)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 50, y, steps=4)
        page.mouse.up()
        frames(page)
        return eyes(page, "compare")

    # The part under the pointer; Plotly hears no drag in the half second after it got new data.
    eventually(turn, lambda seen: seen[1] != pytest.approx(before[1], abs=0.05))
    seen = at_rest(lambda: eventually(lambda: eyes(page, "compare"), together))
    assert seen[0] != pytest.approx(before[0], abs=0.05)

    page.locator(".f3d-compare [data-camera=profile]").click()
    profile = pytest.approx([CAMERAS["profile"][axis] for axis in "xyz"], abs=1e-3)

    def arrived():
        return eventually(lambda: eyes(page, "compare"), lambda now: [*now] == 3 * [profile])

    arrived()
    frames(page, 60)  # nothing that is still on its way from the drag turns them back
    assert eyes(page, "compare") == 3 * [profile]


def test_what_is_compared_can_be_chosen(page):
    go(page, "compare")
    rows = page.locator(".f3d-compare tbody tr")
    expect(rows).to_have_count(3)
    page.locator(".f3d-place select").nth(2).select_option("")
    expect(rows).to_have_count(2)
    eventually(lambda: eyes(page, "compare"), lambda seen: together(seen) and len(seen) == 2)
    page.locator(".f3d-place select").nth(1).select_option("face_lite:grey")
    expect(rows.nth(1)).to_contain_text("photo in grey")
    compared = page.locator(".f3d-compare .f3d-map")
    expect(compared.locator("figcaption")).to_contain_text("photo in grey")

    def read():  # what stands above may still grow and move it from under the pointer
        compared.locator(".f3d-frame").hover()
        return compared.locator(".f3d-readout").inner_text()

    eventually(read, lambda text: "%" in text)


def test_a_network_that_is_not_here_is_offered(page):
    go(page, "compare")
    select = page.locator(".f3d-place select").nth(3)
    expect(select.locator("option").first).to_be_attached()
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
    wait_for_canvases(page, 2)
    lab = page.locator(".f3d-lab")
    expect(lab.locator(".f3d-gallery button")).to_have_count(2)
    expect(lab.locator("thead th")).to_have_count(2)
    painted = "document.querySelector('.f3d-lab .f3d-map .f3d-frame canvas').toDataURL()"
    right = at_rest(lambda: page.evaluate(painted))
    lab.locator("[data-trait=inverse_as_depth] label").click()
    expect(lab.locator("thead th")).to_have_count(3)
    expect(lab.locator("tr", has_text="wrong order, head").locator(".f3d-worse")).to_be_visible()
    expect(lab.locator(".f3d-pane-titles")).to_contain_text("inverse depth used as depth")
    eventually(lambda: page.evaluate(painted) != right)
    lab.locator("[data-trait=inverse_as_depth] label").click()
    expect(lab.locator("thead th")).to_have_count(2)
    eventually(lambda: page.evaluate(painted) == right)


def test_the_first_page_comes_back_as_it_was(page):
    page.locator("[data-page=model]").click()
    page.wait_for_selector(".f3d-area-model .f3d-figure:not([data-loading]) .gl-container canvas")
    wait_for_canvases(page, 1)
    expect(page.locator(".f3d-status")).to_contain_text("astronaut")
    expect(page.locator(".f3d-lab, .f3d-compare").first).to_be_hidden()


def test_a_page_is_alive_however_often_it_was_left(page):
    def go_home():
        page.locator("[data-page=model]").click()
        page.wait_for_selector(
            ".f3d-area-model .f3d-figure:not([data-loading]) .gl-container canvas"
        )

    for _ in range(2):
        go(page, "compare")
        go_home()
    before = picture(page)
    choose(page, "color_by", "Normals")
    wait_for_change(page, before)
    page.locator(".f3d-area-model [data-camera=profile]").click()
    wait_for_camera(page, CAMERAS["profile"])


def test_a_phone_scrolls_only_down(new_page, address):
    page = new_page(390, 844)
    open_dashboard(page, address)
    for name in ("compare", "lab"):
        go(page, name)
        eventually(lambda: too_wide(page), lambda found: found == [390])
