"""Files made of figures: pictures of a size in millimetres, HTML, and what draws them."""

import asyncio
import gc
import io
import json
import logging
import struct
import subprocess
import sys
import threading
import time
import zlib
from base64 import b64decode
from html.parser import HTMLParser
from typing import ClassVar

import kaleido
import numpy as np
import plotly.graph_objects as go
import pytest
from choreographer.errors import ChromeNotFoundError
from kaleido.errors import KaleidoError
from PIL import Image

from face3d_widgets.figures import (
    IMAGE_FORMATS,
    BrowserError,
    FaceFigure,
    FigureError,
    colormap_lut,
    depth_map_figure,
    figure_as_shown,
    figure_to_html,
    figure_to_image,
    figure_to_png,
    is_own_picture,
    save,
)
from face3d_widgets.figures.drawing_browser import DrawingBrowser
from face3d_widgets.figures.figure_widget import FaceFigureWidget
from face3d_widgets.types import ViewParams
from tests.scenes import SceneMaker

POINTS, MESH = ViewParams(draw_as="points"), ViewParams(draw_as="mesh")


@pytest.fixture(scope="module")
def scene():
    return SceneMaker()


@pytest.fixture
def figure(scene):
    """A mesh whose view is 600 x 500 on the screen."""
    return scene.figure("mesh").figure.update_layout(width=600, height=500)


def a_png(width=4, height=3):
    file = io.BytesIO()
    Image.new("RGBA", (width, height), (9, 8, 7, 255)).save(file, "png")
    return file.getvalue()


SVG = b'<svg class="main-svg" width="600" height="500" style="" viewBox="0 0 600 500"><g/></svg>'


@pytest.fixture
def asked(monkeypatch):
    """What the browser was asked for; it answers with some file of the kind."""
    asked = []

    class Browser:
        def draw(self, figure, options):
            asked.append((figure, options))
            return {"png": a_png(), "svg": SVG}.get(options["format"], b"a file")

    monkeypatch.setattr(save, "the_browser", Browser)
    return asked


@pytest.fixture
def no_browser(monkeypatch):
    """As though no Chrome were installed."""

    def none(*_, **__):
        raise ChromeNotFoundError("Kaleido requires Chrome")

    monkeypatch.setattr(kaleido, "Kaleido", none)
    browser = DrawingBrowser()
    monkeypatch.setattr(save, "the_browser", lambda: browser)
    return browser


# --- what is asked of the browser --------------------------------------------------------------


def test_the_picture_is_that_of_the_screen(figure, asked):
    figure.layout.scene.camera.eye = {"x": 2, "y": 0.5, "z": -1}
    figure_to_image(figure, "png", width_mm=160, dpi=300)
    [(drawn, options)] = asked
    assert drawn["layout"]["scene"]["camera"]["eye"] == {"x": 2, "y": 0.5, "z": -1}
    assert (options["width"], options["height"]) == (600, 500)  # so letters keep their share
    assert round(options["scale"] * 600, 1) == 1890  # 160 mm at 300 dpi
    assert int(options["scale"] * 600) == 1890
    assert drawn["layout"]["meta"]["pixelRatio"] == pytest.approx(1890 / 600)
    assert {trace["name"] for trace in drawn["data"]} == {"mesh", "box"}


@pytest.mark.parametrize(("draw_as", "smooth"), [("points", False), ("mesh", True)])
def test_only_edges_are_smoothed(scene, asked, draw_as, smooth):
    figure_to_image(scene.figure(draw_as, scene=scene(draw_as)).figure)
    assert asked[0][0]["layout"]["meta"]["smooth"] is smooth


def test_a_view_in_a_page_has_that_pages_shape(scene, asked):
    widget = FaceFigureWidget()
    FaceFigure(widget).draw(scene("mesh"), MESH)
    widget._handle_custom_msg({"type": "size", "width": 390, "height": 650}, [])
    for figure in (widget, figure_as_shown(widget)):
        figure_to_image(figure)
    for _, options in asked:
        assert (options["width"], options["height"]) == (390, 650)


def test_the_ground_is_white_or_clear_and_the_figure_left_alone(figure, asked):
    before = figure.to_dict()["layout"]
    for background, color in (("white", "white"), ("transparent", "rgba(0,0,0,0)")):
        figure_to_image(figure, background=background)
        assert asked[-1][0]["layout"]["paper_bgcolor"] == color
        assert asked[-1][0]["layout"]["scene"]["bgcolor"] == "rgba(0,0,0,0)"
    assert figure.to_dict()["layout"] == before


def test_pages_are_as_wide_as_asked(figure, asked):
    figure_to_image(figure, "pdf", width_mm=127, dpi=200)
    options = asked[-1][1]
    assert options["scale"] * options["width"] / 96 * 25.4 == pytest.approx(127, abs=0.01)
    assert asked[-1][0]["layout"]["meta"]["pixelRatio"] == pytest.approx(1000 / 600)  # inside
    svg = figure_to_image(figure, "svg", width_mm=90).decode()
    assert svg.startswith('<svg class="main-svg" width="90mm" height="75mm"')
    assert 'viewBox="0 0 600 500"' in svg
    assert svg.endswith("<g/></svg>")


def test_a_png_says_its_resolution(figure, asked):
    png = figure_to_image(figure, "png", width_mm=50, dpi=254)
    picture = Image.open(io.BytesIO(png))
    assert picture.info["dpi"] == pytest.approx((254, 254), abs=0.01)
    picture.load()
    at = png.index(b"pHYs")
    assert struct.unpack(">IIB", png[at + 4 : at + 13]) == (10_000, 10_000, 1)
    assert struct.unpack(">I", png[at + 13 : at + 17])[0] == zlib.crc32(png[at : at + 13])


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "gif"},
        {"width_mm": 5},
        {"width_mm": float("nan")},
        {"dpi": 20},
        {"background": "black"},
        {"width_mm": 1000, "dpi": 600},
    ],
)
def test_what_is_not_offered_is_said(figure, asked, wrong):
    with pytest.raises(ValueError, match=r"choose|must"):
        figure_to_image(figure, **wrong)
    assert not asked


# --- without a browser -------------------------------------------------------------------------


@pytest.mark.parametrize("format", IMAGE_FORMATS)
def test_without_a_browser_one_sentence_says_what_to_do(figure, no_browser, format):
    with pytest.raises(BrowserError, match=r"plotly_get_chrome.*HTML") as caught:
        figure_to_image(figure, format)
    assert "\n" not in str(caught.value)
    assert not no_browser.running


@pytest.mark.parametrize("background", ["white", "transparent"])
@pytest.mark.parametrize("format", ["png", "webp"])
def test_a_picture_without_a_browser(figure, no_browser, format, background):
    data = figure_to_image(figure, format, 60, 254, background, without_browser=True)
    picture = Image.open(io.BytesIO(data))
    assert picture.format.lower() == format
    assert picture.size == (600, 500)
    pixels = np.asarray(picture.convert("RGBA"))
    assert pixels[0, 0].tolist() == [255, 255, 255, 255 if background == "white" else 0] or (
        background == "transparent" and pixels[0, 0, 3] == 0
    )
    assert (pixels[..., 3] == 255).mean() > 0.1
    assert pixels[250, 300, :3].max() < 240
    if format == "png":
        assert picture.info["dpi"] == pytest.approx((254, 254), abs=0.01)


def test_without_a_browser_no_lines_and_letters(figure):
    with pytest.raises(FigureError, match="no PDF"):
        figure_to_image(figure, "pdf", without_browser=True)
    with pytest.raises(FigureError, match="plotly_get_chrome"):
        figure_to_image(depth_map_figure(np.eye(4)), without_browser=True)


def test_a_png_is_there_whatever_draws_it(figure, no_browser):
    picture = Image.open(io.BytesIO(figure_to_png(figure, 300, 200, scale=1.5)))
    assert picture.size == (450, 300)
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert np.asarray(picture).min() < 120


def test_a_png_by_the_browser_is_white_and_leaves_the_figure_alone(figure, asked):
    background = figure.layout.paper_bgcolor
    figure_to_png(figure, 300, 200, scale=2)
    drawn, options = asked[0]
    assert (options["width"], options["height"], round(options["scale"], 3)) == (300, 200, 2)
    assert drawn["layout"]["paper_bgcolor"] == "white"
    assert figure.layout.paper_bgcolor == background


# --- who made it -------------------------------------------------------------------------------


@pytest.mark.parametrize("background", ["white", "transparent"])
@pytest.mark.parametrize("format", ["png", "webp"])
def test_a_picture_names_its_maker_and_looks_the_same(figure, tmp_path, format, background):
    data = figure_to_image(figure, format, 30, 100, background, without_browser=True)
    path = tmp_path / f"a.{format}"
    path.write_bytes(data)
    assert is_own_picture(path)
    with Image.open(path) as picture:
        picture.load()
        assert picture.size == (118, 98)
        bare = io.BytesIO()
        picture.save(bare, format, lossless=True)
        pixels = np.asarray(picture.convert("RGBA"))
    path.write_bytes(bare.getvalue())
    assert not is_own_picture(path)
    with Image.open(path) as again:
        np.testing.assert_array_equal(np.asarray(again.convert("RGBA"))[..., 3], pixels[..., 3])


def test_what_cannot_say_it_is_not_ours(tmp_path):
    path = tmp_path / "a.png"
    assert not is_own_picture(path)
    path.write_bytes(b"face3d_widgets")
    assert not is_own_picture(path)


# --- the browser that is kept ------------------------------------------------------------------


class FakeKaleido:
    """Kaleido as far as it is used, without a browser."""

    made: ClassVar = []
    troubles: ClassVar = []  # that the next starts and figures have
    seconds = 0.0

    class Process:
        code = None
        pid = 2**30  # nobody's

        def poll(self):
            return self.code

        def kill(self):
            self.code = -9

    def __init__(self, **options):
        self.options, self.subprocess, self.closed = options, self.Process(), 0
        self.made.append(self)

    async def open(self):
        self.loop = asyncio.get_running_loop()
        await self.trouble("start")

    async def trouble(self, when):
        if self.troubles and self.troubles[0][0] == when:
            trouble = self.troubles.pop(0)[1]
            if trouble == "hangs":
                try:
                    await asyncio.sleep(60)
                finally:  # as Kaleido asks its page once more
                    await asyncio.sleep(1)
            if trouble == "goes":
                self.subprocess.code = -9
                raise asyncio.CancelledError
            raise trouble

    async def close(self):
        self.closed += 1
        self.subprocess.code = 0

    async def calc_fig(self, figure, opts):
        await asyncio.sleep(self.seconds)
        await self.trouble("figure")
        if figure.get("fails"):
            raise KaleidoError(525, "plotly.js error")
        if self.subprocess.code is not None:
            raise RuntimeError("the browser is gone")
        return json.dumps([figure, opts]).encode()


@pytest.fixture
def kept(monkeypatch):
    """(browser, the Kaleidos that it made)"""
    monkeypatch.setattr(FakeKaleido, "made", [])
    monkeypatch.setattr(FakeKaleido, "troubles", [])
    monkeypatch.setattr(FakeKaleido, "seconds", 0.0)
    monkeypatch.setattr(kaleido, "Kaleido", FakeKaleido)
    browser = DrawingBrowser(time_limit=5)
    yield browser, FakeKaleido.made
    browser.close()
    assert all(made.closed for made in FakeKaleido.made)


def test_the_browser_is_started_once_for_all_threads(kept):
    browser, made = kept
    assert not browser.running
    results = []
    threads = [
        threading.Thread(target=lambda k=k: results.append(browser.draw({"k": k}, {})))
        for k in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(json.loads(r)[0]["k"] for r in results) == list(range(8))
    assert len(made) == 1
    assert browser.running
    browser.close()
    assert not browser.running
    browser.draw({}, {})  # and a new one where it is wanted again
    assert len(made) == 2


def test_a_browser_that_died_is_started_again(kept):
    browser, made = kept
    browser.draw({}, {})
    made[0].subprocess.code = -9
    assert not browser.running
    browser.draw({}, {})
    assert len(made) == 2
    assert made[0].closed


def test_a_figure_that_fails_does_not_spoil_the_next(kept):
    browser, made = kept
    with pytest.raises(BrowserError, match="could not draw") as caught:
        browser.draw({"fails": True}, {})
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value.__cause__, KaleidoError)
    assert len(made) == 1  # no other browser could draw it
    assert browser.draw({}, {})
    assert len(made) == 2


def test_a_browser_that_hangs_holds_nothing_up(kept, monkeypatch):
    browser, made = kept
    browser.time_limit = 0.2
    monkeypatch.setattr(FakeKaleido, "seconds", 60)
    start = time.monotonic()
    with pytest.raises(BrowserError, match="within"):
        browser.draw({}, {})
    assert time.monotonic() - start < 5
    monkeypatch.setattr(FakeKaleido, "seconds", 0)
    browser.time_limit = 5
    assert browser.draw({}, {})
    assert len(made) == 3  # the second had its try too


LOST = RuntimeError("an event came too early")


@pytest.mark.parametrize(
    ("troubles", "browsers"),
    [
        ([("start", LOST)], 2),
        ([("start", "hangs"), ("start", LOST)], 3),
        ([("start", "goes")], 2),
        ([("figure", LOST)], 2),
        ([("figure", "hangs")], 2),
        ([("figure", "goes")], 2),
        ([("start", LOST), ("figure", LOST)], 3),
    ],
)
def test_what_fails_on_a_busy_machine_is_tried_again(kept, troubles, browsers):
    browser, made = kept
    browser.time_limit = 0.6
    FakeKaleido.troubles += troubles
    assert browser.draw({}, {})
    assert len(made) == browsers
    assert [one.closed > 0 for one in made] == [True] * (browsers - 1) + [False]


@pytest.mark.parametrize(
    ("troubles", "browsers"),
    [([("start", LOST)] * 3, 3), ([("figure", LOST)] * 2, 2)],
)
def test_what_goes_on_failing_is_given_up(kept, troubles, browsers):
    browser, made = kept
    FakeKaleido.troubles += troubles
    with pytest.raises(BrowserError, match="could not draw") as caught:
        browser.draw({}, {})
    assert caught.value.__cause__ is LOST
    assert len(made) == browsers
    assert browser.draw({}, {})


def test_a_browser_that_never_starts_is_tried_thrice_only_at_first(kept):
    browser, made = kept
    FakeKaleido.troubles += [("start", LOST)] * 4
    for browsers in (3, 4):
        with pytest.raises(BrowserError):
            browser.draw({}, {})
        assert len(made) == browsers
    assert browser.draw({}, {})  # it works again
    browser.close()
    FakeKaleido.troubles += [("start", LOST)] * 2
    assert browser.draw({}, {})


def test_nothing_is_printed_of_what_was_got_over(kept, monkeypatch, capfd):
    browser, _ = kept

    async def forgets(self, figure, opts):
        async def nobody_waits():
            raise ValueError("lost")

        def fails():
            raise ValueError("in a callback")

        asyncio.get_running_loop().call_soon(fails)
        lost = asyncio.ensure_future(nobody_waits())
        await asyncio.sleep(0.05)
        assert lost.done()
        logging.getLogger("choreographer.browser_async").warning("resorting to a kill")
        logging.getLogger("kaleido.kaleido").error("no page")
        return b"a file"

    monkeypatch.setattr(FakeKaleido, "calc_fig", forgets)
    monkeypatch.setattr(logging.root, "handlers", [])  # as in a program that sets up none
    FakeKaleido.troubles += [("start", LOST)]
    assert browser.draw({}, {}) == b"a file"
    browser.close()
    gc.collect()
    printed = capfd.readouterr()
    assert printed.out == printed.err == ""


def test_a_browser_that_does_not_close_is_ended_with_its_children(kept, monkeypatch):
    browser, made = kept
    browser.draw({}, {})
    command = "import subprocess, sys; subprocess.run(['sleep', '60'])"
    process = subprocess.Popen(
        [sys.executable, "-c", command], start_new_session=True, stdout=subprocess.PIPE
    )

    async def hangs(self):
        self.closed += 1
        raise RuntimeError("it does not answer")

    monkeypatch.setattr(FakeKaleido, "close", hangs)
    made[0].subprocess = process
    browser.close()
    assert process.wait(5) != 0
    start = time.monotonic()
    process.communicate()  # ends when nobody holds the other end, the child neither
    assert time.monotonic() - start < 30


def test_a_browser_that_nobody_wants_goes(kept):
    browser, made = kept
    browser.idle_limit = 0.1
    browser.draw({}, {})
    assert browser.running
    until = time.monotonic() + 5
    while browser.running and time.monotonic() < until:
        time.sleep(0.02)
    assert not browser.running
    assert made[0].closed == 1


def test_the_page_that_draws_asks_nobody_outside(kept):
    browser, made = kept
    browser.draw({}, {})
    index = made[0].options["page_generator"].generate_index()
    assert "http://" not in index
    assert "https://" not in index
    assert index.index("markers.js") < index.index("drawing_page.js")


# --- HTML --------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page refers to, its title and its scripts."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.title, self.scripts, self._inside = [], "", [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._inside = tag
        self.addresses += [v for k, v in attributes if k in ("src", "href", "srcset", "data")]
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside == "title":
            self.title += data
        elif self._inside == "script":
            self.scripts[-1] += data


@pytest.fixture(scope="module")
def page(scene):
    face_figure = FaceFigure(go.Figure())
    face_figure.draw(scene(), POINTS)
    face_figure.draw(scene("mesh"), MESH)
    face_figure.figure.layout.scene.camera.eye = {"x": 2, "y": 0.5, "z": -1}
    face_figure.figure.update_layout(width=600, height=500)
    return Page(figure_to_html(face_figure.figure, "<Zoë> & co").decode("utf-8"))


def test_html_stands_alone(page):
    assert not page.addresses
    assert any(len(script) > 10**6 for script in page.scripts)  # Plotly itself
    assert page.title == "<Zoë> & co"


def test_html_has_the_present_camera_and_only_what_is_shown(page):
    plot = page.scripts[-2]  # the last one is for browsers without WebGL
    assert json.dumps({"x": 2, "y": 0.5, "z": -1}, separators=(",", ":")) in plot.replace(" ", "")
    assert '"mesh3d"' in plot
    assert '"points"' not in plot
    assert 'showFlat(document.body, "data:image/webp;base64,' in page.scripts[-1]


def test_html_is_as_large_as_the_window(page):
    plot = page.scripts[-2].replace(" ", "")
    assert '"width":600' not in plot
    assert '"height":500' not in plot


# --- the depth map -----------------------------------------------------------------------------


def test_a_depth_map_has_the_colours_of_its_bar():
    values = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    figure = depth_map_figure(values, "Viridis", "inverse depth", limits=(0, 1))
    marker = figure.data[0].marker
    assert (marker.cmin, marker.cmax) == (0, 1)
    assert marker.showscale
    assert marker.colorbar.title.text == "inverse depth"
    encoded = figure.layout.images[0].source.split(",", 1)[1]
    pixels = np.asarray(Image.open(io.BytesIO(b64decode(encoded))))
    expected = colormap_lut("Viridis")[np.round(values * 255).astype(int)]
    np.testing.assert_array_equal(pixels[..., :3], expected)
    assert (pixels[..., 3] == 255).all()


def test_a_depth_map_is_upright_and_not_stretched():
    figure = depth_map_figure(np.zeros((30, 60), np.float32) + np.arange(60))
    layout = figure.layout
    image = layout.images[0]
    assert list(layout.xaxis.range) == [0, 60]
    assert list(layout.yaxis.range) == [30, 0]  # the first row above
    assert (image.x, image.y, image.sizex, image.sizey) == (0, 0, 60, 30)
    wide = layout.width - layout.margin.l - layout.margin.r
    tall = layout.height - layout.margin.t - layout.margin.b
    assert wide / tall == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("limits", [(0, 1), (0, 3.3), (-12_345, 23_456), (2e-6, 3e-6), (0, 4e7)])
def test_the_room_of_the_bar_follows_its_labels(limits):
    """The picture has its shape whatever the labels are, and round numbers are told right."""
    figure = depth_map_figure(np.eye(40), limits=limits)
    layout, bar = figure.layout, figure.data[0].marker.colorbar
    assert layout.width - layout.margin.l - layout.margin.r == 480
    assert layout.margin.autoexpand is False
    assert 3 <= len(bar.tickvals) <= 8
    assert limits[0] <= bar.tickvals[0] < bar.tickvals[-1] <= limits[1]
    told = [float(text.replace("\N{MINUS SIGN}", "-")) for text in bar.ticktext]
    np.testing.assert_allclose(told, bar.tickvals, atol=1e-12)
    shorter = depth_map_figure(np.eye(40), limits=(0, 8)).layout
    assert layout.margin.r - shorter.margin.r == pytest.approx(
        8.2 * (max(map(len, bar.ticktext)) - 1), abs=1
    )


def test_near_is_bright_for_depth_too():
    depth = np.float32([[100, 900]])
    figure = depth_map_figure(depth, label="depth (mm)", limits=(100, 900), near_is_small=True)
    encoded = figure.layout.images[0].source.split(",", 1)[1]
    pixels = np.asarray(Image.open(io.BytesIO(b64decode(encoded))))
    assert pixels[0, :, 0].tolist() == [255, 0]
    scale = figure.data[0].marker.colorscale
    assert scale[0][1].replace(" ", "") == "rgb(255,255,255)"  # at the bar's low end


def test_a_depth_map_leaves_out_what_is_unknown_and_the_rarest():
    values = np.ones((20, 20), np.float32)
    values[:10] = 2
    values[0, 0], values[0, 1] = np.nan, 10**6
    figure = depth_map_figure(values)
    assert figure.data[0].marker.cmin == 1
    assert figure.data[0].marker.cmax == 2
    flat = depth_map_figure(np.full((3, 3), 7.0))
    assert flat.data[0].marker.cmin < 7 < flat.data[0].marker.cmax


@pytest.mark.parametrize(
    ("values", "more", "message"),
    [
        (np.zeros(4), {}, r"\(h, w\)"),
        (np.full((2, 2), np.nan), {}, "no value"),
        (np.eye(2), {"limits": (2, 1)}, "rise"),
        (np.eye(2), {"colormap": "Rainbow"}, "Viridis"),
    ],
)
def test_a_wrong_depth_map_is_said(values, more, message):
    with pytest.raises(ValueError, match=message):
        depth_map_figure(values, **more)
