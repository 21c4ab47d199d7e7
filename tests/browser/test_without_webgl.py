"""A browser that has no WebGL: pictures from the kernel, and words about it."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from face3d_widgets.figures import FaceFigure, figure_to_html
from face3d_widgets.site import export_site
from face3d_widgets.types import ViewParams
from tests.browser.conftest import Watched
from tests.browser.dashboard_page import choose, move_slider
from tests.browser.figure_page import HEIGHT, WIDTH, FigurePage
from tests.browser.test_figures_in_chromium import iou, shown_raster, silhouette
from tests.browser.waiting import at_rest, eventually, new_context
from tests.conftest import FakeEstimator
from tests.scenes import SceneMaker
from tests.serving import READY, launch

pytestmark = pytest.mark.browser

PICTURE = ".f3d-figure:not([data-loading]) img"


@pytest.fixture(scope="module")
def flat_browser(playwright):
    browser = launch(playwright, webgl=False)
    yield browser
    browser.close()


@pytest.fixture
def flat_page(flat_browser):
    """A page of it; no other server may be asked for anything, and no link lead to one."""
    context = new_context(flat_browser, viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.watched = Watched(page)
    yield page
    assert page.watched.errors == []
    assert page.evaluate("document.createElement('canvas').getContext('webgl')") is None
    assert "get.webgl.org" not in page.locator("body").inner_text()
    context.close()


def shown(page, selector=PICTURE):
    """(h, w, 3) int array of the view's picture on white, once it has come."""
    page.wait_for_selector(selector)
    page.evaluate("(selector) => document.querySelector(selector).decode()", selector)
    png = page.locator(selector).screenshot()
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_a_figure_is_a_picture_and_says_why(flat_page):
    scene = SceneMaker(240, 192)
    figure_page = FigurePage(flat_page)
    face_figure = FaceFigure(figure_page.widget)
    figure_page.show()  # nothing is drawn in it yet
    assert flat_page.locator("[data-loading]").count() == 1
    face_figure.draw(scene("mesh"), ViewParams(draw_as="mesh"))
    for name in ("three-quarter", "profile"):
        face_figure.set_camera(name)
        drawn = silhouette(shown_raster(figure_page.widget))

        def as_drawn(drawn=drawn):
            box = flat_page.locator(".f3d-figure").bounding_box()
            assert (box["width"], box["height"]) == (WIDTH, HEIGHT)
            return iou(silhouette(without_note(flat_page)), drawn)

        figure_page.wait(lambda: has_picture(flat_page) and as_drawn() > 0.97, lambda: as_drawn())
    expect(flat_page.locator(".f3d-figure [role=status]")).to_contain_text("no WebGL")
    assert figure_page.widget._drawing_since is None  # it has told that it has drawn

    before = figure_page.widget.layout.scene.camera.eye.to_plotly_json()
    flat_page.mouse.move(200, 150)
    flat_page.mouse.down()
    flat_page.mouse.move(260, 150, steps=4)
    flat_page.mouse.up()
    # Half a degree a pixel, and the side that was dragged goes along.
    turned = figure_page.widget.layout.scene.camera
    figure_page.wait(lambda: turned.eye.y < before["y"] - 0.3, lambda: turned.eye)
    near = np.hypot(turned.eye.x, turned.eye.y)
    flat_page.mouse.wheel(0, 300)
    figure_page.wait(lambda: np.hypot(turned.eye.x, turned.eye.y) > 1.2 * near, lambda: turned.eye)


def has_picture(page):
    return page.locator(PICTURE).evaluate_all("(all) => all.some((img) => img.naturalWidth > 0)")


def without_note(page):
    """The picture alone, without the words that lie over it."""
    note = page.locator(".f3d-figure [role=status]")
    note.evaluate("(note) => { note.hidden = true }")
    seen = shown(page)
    note.evaluate("(note) => { note.hidden = false }")
    return seen


def test_the_dashboard_goes_on_with_pictures(flat_page, address):
    page = flat_page
    page.goto(address)
    page.wait_for_selector(READY)
    before = at_rest(lambda: shown(page), np.array_equal)
    assert (np.abs(before - before[0, 0]).sum(axis=2) > 120).mean() > 0.08  # a head
    expect(page.locator(".f3d-figure [role=status]")).to_contain_text("no WebGL")

    def changed(least=0.5):
        nonlocal before
        seen = eventually(lambda: shown(page), lambda now: np.abs(now - before).mean() > least)
        before = at_rest(lambda: shown(page), np.array_equal)
        return seen

    page.locator("[data-camera=profile]").click()
    changed()
    move_slider(page, "relief", ["End"])
    changed()
    choose(page, "color_by", "Normals")
    changed()
    page.locator("[data-page=compare]").click()
    page.wait_for_selector(".f3d-compare .f3d-table td")

    def drawn_in_thirds():
        seen = shown(page, f".f3d-compare {PICTURE}")
        ground = seen[0, 0]
        thirds = np.array_split(np.abs(seen - ground).sum(axis=2) > 120, 3, axis=1)
        return [float(third.mean()) for third in thirds]

    eventually(drawn_in_thirds, lambda shares: min(shares) > 0.05)
    links = page.locator("a[href]").evaluate_all("(all) => all.map((a) => a.href)")
    assert [link for link in links if not link.startswith(address)] == []


def drawn_share(page, selector):
    """How much of a picture is not its ground."""
    picture = page.locator(selector)
    picture.scroll_into_view_if_needed()
    picture.evaluate("(img) => img.decode()")
    seen = np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("RGB")).astype(int)
    return (np.abs(seen - seen[0, 0]).sum(axis=2) > 120).mean()


@pytest.mark.parametrize("width", [1400, 390])
def test_a_saved_page_is_a_picture_and_says_why(flat_page, tmp_path, width):
    face_figure = FaceFigure()
    face_figure.draw(SceneMaker(240, 192)("mesh"), ViewParams(draw_as="mesh"))
    saved = tmp_path / "head.html"
    saved.write_bytes(figure_to_html(face_figure.figure, "A head"))
    flat_page.set_viewport_size({"width": width, "height": 800})
    flat_page.goto(saved.as_uri())
    expect(flat_page.locator("body > p")).to_contain_text("no WebGL")
    assert 0.05 < drawn_share(flat_page, "body > img") < 0.9
    assert flat_page.evaluate("document.documentElement.scrollHeight") <= 800
    assert flat_page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_for_a_stick_has_pictures_and_says_why(flat_page, tmp_path):
    path = export_site(tmp_path, samples=["astronaut"], lessons=[], estimator=FakeEstimator())
    flat_page.goto(path.as_uri())
    expect(flat_page.locator(".face p")).to_contain_text("no WebGL")
    assert 0.05 < drawn_share(flat_page, ".face img") < 0.9
    expect(flat_page.locator("[data-camera]")).to_have_count(0)
    flat_page.wait_for_selector(".plot .main-svg")  # what is flat is drawn as ever
    flat_page.evaluate("location.hash = '#results'")  # and once more, after it was cleared
    flat_page.evaluate("open(); document.querySelectorAll('.plot[data-drawn]').forEach(clear)")
    flat_page.evaluate("draw(document.querySelector('.face'))")
    expect(flat_page.locator(".face img")).to_have_count(1)
