"""Figures in a real Chromium: what it draws, what is clicked, and files that it makes."""

import contextlib
import io
import re
import subprocess
import sys
import zlib
from types import SimpleNamespace

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from face3d_widgets.figures import (
    FaceFigure,
    depth_map_figure,
    figure_as_shown,
    figure_to_html,
    figure_to_image,
)
from face3d_widgets.figures.cameras import camera
from face3d_widgets.figures.drawing_browser import the_browser
from face3d_widgets.figures.figure_raster import FigureRaster
from face3d_widgets.figures.raster_view import RasterView
from face3d_widgets.figures.scene import to_figure_axes
from face3d_widgets.figures.traces import empty_layout
from face3d_widgets.types import ViewParams
from tests.browser.figure_page import HEIGHT, WIDTH, FigurePage
from tests.browser.waiting import at_rest, eventually, frames
from tests.scenes import SceneMaker
from tests.serving import find_chromium

pytestmark = pytest.mark.browser

LOOKS = [
    {"draw_as": "points"},
    {"draw_as": "points", "color_by": "normals"},
    {"draw_as": "mesh"},
    {"draw_as": "mesh", "color_by": "depth", "colormap": "Viridis"},
    {"draw_as": "mesh", "color_by": "normals"},
    {"draw_as": "mesh", "shaded": True},
    {"draw_as": "mesh", "shaded": True, "color_by": "depth"},
]


@pytest.fixture(scope="module")
def scene():
    return SceneMaker(240, 192)


@pytest.fixture
def figure_page(new_page):
    return FigurePage(new_page(500, 400))


@pytest.fixture(scope="module")
def kept_browser(browser):
    """What draws files: with the browser of these tests, and it ends with them."""
    chromium = find_chromium(SimpleNamespace(chromium=browser.browser_type))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BROWSER_PATH", chromium)
        yield the_browser()
        the_browser().close()


def silhouette(image):
    """Where an (h, w, 3) image on white is drawn."""
    return (255 - image.astype(int)).max(axis=2) > 40


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def shown_raster(widget):
    """What the package's own renderer makes of a widget's view."""
    raster = FigureRaster(figure_as_shown(widget))
    return raster.draw(WIDTH, HEIGHT)[..., :3].astype(int)


# --- what is drawn -----------------------------------------------------------------------------


def test_our_renderer_draws_what_chromium_draws(figure_page, scene):
    face_figure = FaceFigure(figure_page.widget)
    face_figure.draw(scene("points"), ViewParams())
    figure_page.show()
    for place in ("three-quarter", "front"):
        figure_page.look_from(face_figure, place)
        for look in LOOKS:
            view = ViewParams(**look)
            face_figure.draw(scene(view.draw_as, n_points=10_000, normals=True), view)
            figure_page.drawn()
            ours, theirs = shown_raster(figure_page.widget), figure_page.screenshot()
            both = silhouette(theirs) & silhouette(ours)
            assert both.mean() > 0.1
            # Measured: .996 and 1.1 at the worst, in Chromium 150 and 156 alike.
            assert iou(silhouette(theirs), silhouette(ours)) > 0.98, (place, look)
            assert np.abs(theirs - ours)[both].mean() < 3, (place, look)


@pytest.fixture(scope="module")
def markers():
    """A square on the left and a disc on the right."""
    figure = go.Figure(layout=empty_layout())
    for x, symbol in ((-0.6, "square"), (0.6, "circle")):
        marker = {"symbol": symbol, "size": 30, "color": "#000000", "line": {"width": 0}}
        figure.add_trace(
            go.Scatter3d(x=[x], y=[0], z=[0], mode="markers", marker={**marker, "opacity": 1})
        )
    for axis in ("xaxis", "yaxis", "zaxis"):
        figure.layout.scene[axis].range = [-2, 2]
    figure.layout.scene.camera = camera("front")
    return figure.update_layout(width=WIDTH, height=HEIGHT)


def side_and_diameter(image):
    """Of what is dark in both halves of a picture on white, from the areas."""
    dark = (255 - image.astype(float)).mean(axis=2) / 255
    square, disc = (half.sum() for half in np.split(dark, 2, axis=1))
    return np.sqrt(square), np.sqrt(disc * 4 / np.pi)


def test_markers_are_as_large_whatever_fonts_there_are(
    figure_page, new_page, markers, kept_browser, tmp_path
):
    """Plotly's own are as large as the letters of a font that the machine happens to have."""
    ours = side_and_diameter(FigureRaster(markers).draw(WIDTH, HEIGHT)[..., :3])
    assert ours == pytest.approx((57, 51), rel=0.03)

    figure_page.widget.add_traces(markers.data)
    figure_page.widget.update_layout(markers.layout)
    figure_page.show()
    assert side_and_diameter(figure_page.screenshot()) == pytest.approx(ours, rel=0.03)

    png = figure_to_image(markers, "png", width_mm=100, dpi=WIDTH / 100 * 25.4)
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    assert picture.size == (WIDTH, HEIGHT)
    assert side_and_diameter(np.asarray(picture)) == pytest.approx(ours, rel=0.03)

    saved = tmp_path / "markers.html"
    saved.write_bytes(figure_to_html(markers, "Two markers"))
    page = new_page(WIDTH, HEIGHT)
    page.goto(saved.as_uri())
    page.wait_for_selector(".gl-container canvas")

    def drawn():
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        return side_and_diameter(np.asarray(picture))

    eventually(drawn, lambda found: found == pytest.approx(ours, rel=0.03))


def test_a_wireframe_is_drawn_where_the_mesh_is(figure_page, scene):
    face_figure = FaceFigure(figure_page.widget)
    shown = scene("mesh", n_points=3_000)
    face_figure.draw(shown, ViewParams(draw_as="wireframe"))
    figure_page.show()
    figure_page.look_from(face_figure, "front")
    edges = figure_page.screenshot()
    face_figure.draw(shown, ViewParams(draw_as="mesh"))
    figure_page.drawn()
    mesh = silhouette(figure_page.screenshot())
    lines = (255 - edges).max(axis=2) > 20
    assert lines[~mesh].sum() < 0.02 * lines.sum() + 200  # nothing outside
    assert 0.1 < lines[mesh].mean() < 0.95  # and holes inside
    face_figure.draw(shown, ViewParams(draw_as="wireframe"))
    ours = shown_raster(figure_page.widget)
    assert edges[mesh].mean() == pytest.approx(ours[mesh].mean(), abs=15)


def test_only_a_hand_s_camera_is_told(figure_page, scene):
    face_figure = FaceFigure(figure_page.widget)
    face_figure.draw(scene(), ViewParams())
    figure_page.show()
    figure_page.look_from(face_figure, "front")
    seen = figure_page.widget.layout.scene.camera.to_plotly_json()
    # As while a camera of the kernel's is being drawn: the scene is not where the layout is.
    figure_page.page.evaluate(
        """() => {
          const graph = document.querySelector(".f3d-figure");
          const scene = graph._fullLayout.scene._scene;
          const camera = { ...scene.getCamera(), eye: { x: 1, y: -1, z: 0 } };
          scene.setViewport({ camera, aspectratio: scene.fullSceneLayout.aspectratio });
          graph.emit("plotly_relayout", {});
        }"""
    )
    figure_page.pump(1.5)
    assert figure_page.widget.layout.scene.camera.to_plotly_json() == seen


def test_the_camera_stays_while_everything_else_changes(figure_page, scene):
    face_figure = FaceFigure(figure_page.widget)
    face_figure.draw(scene(), ViewParams())
    figure_page.show()
    figure_page.drag(200, 190, 25)
    turned = figure_page.camera()
    for look in (*LOOKS, {"draw_as": "wireframe"}, {"axes": True}):
        view = ViewParams(**look)
        shown = scene(view.draw_as, normals=True, mm_per_unit=300.0, relief=1.4, fov=35.0)
        face_figure.draw(shown, view)
        face_figure.show_measurement(shown.cloud.points[[0, -1]], "120 mm")
        face_figure.show_profile(shown.cloud.points[:40])
        figure_page.drawn()
        for part in ("eye", "center", "up"):
            assert figure_page.camera()[part] == pytest.approx(turned[part], abs=1e-6)
    figure_page.look_from(face_figure, "profile")


# --- clicks ------------------------------------------------------------------------------------


def where(face_figure, scene, point):
    """The pixel that shows a point of the camera frame."""
    view = RasterView.of_scene(face_figure.figure.layout.scene.to_plotly_json())
    placed = np.ascontiguousarray(to_figure_axes([point], scene.framing.center).T)
    x, y, _ = view.to_screen(placed, WIDTH, HEIGHT)
    return float(x[0]), float(y[0])


@pytest.mark.parametrize("draw_as", ["mesh", "points"])
def test_a_click_gives_the_point_that_is_shown_there(figure_page, scene, draw_as):
    face_figure = FaceFigure(figure_page.widget)
    shown = scene(draw_as, n_points=10_000)
    face_figure.draw(shown, ViewParams(draw_as=draw_as))
    figure_page.show()
    page, got = figure_page.page, []
    face_figure.on_click(got.append)

    def click(x, y, hits=True):
        """What the kernel is told of a click; the page tells of it within two frames."""
        got.clear()
        frames(page)  # what is under the pointer is found in the last drawing
        page.mouse.move(x - 6, y - 4)
        page.mouse.move(x, y)
        figure_page.pump(0.4)
        frames(page)
        page.mouse.click(x, y)
        frames(page)
        figure_page.pump(0.4)
        if hits:
            figure_page.wait(lambda: got)
        return list(got)

    assert click(200, 180, hits=False) == []  # nobody asked
    face_figure.set_clickable(True)
    figure_page.drawn()
    for x, y in ((200, 180), (180, 120), (206, 250)):
        points = click(x, y)
        assert len(points) == 1
        assert where(face_figure, shown, points[0]) == pytest.approx((x, y), abs=5)
    assert page.locator(".hoverlayer .hovertext").count() == 0  # no labels
    assert click(6, 6, hits=False) == []  # beside it
    got.clear()
    figure_page.drag(200, 180, 25)
    assert got == []  # turned, not clicked
    nose = shown.cloud.points[np.argmax(shown.cloud.inverse_depth)]
    x, y = (round(at) for at in where(face_figure, shown, nose))  # as it is seen now
    [point] = click(x, y)
    assert where(face_figure, shown, point) == pytest.approx((x, y), abs=5)
    face_figure.set_clickable(False)
    figure_page.drawn()
    assert click(x, y, hits=False) == []


def test_the_page_tells_the_size_of_the_view(figure_page, scene):
    FaceFigure(figure_page.widget).draw(scene(), ViewParams())
    figure_page.show()
    figure_page.wait(lambda: figure_page.widget.screen_size == (WIDTH, HEIGHT))
    figure_page.page.evaluate("document.getElementById('view').style.width = '300px'")
    figure_page.wait(lambda: figure_page.widget.screen_size == (300, HEIGHT))


# --- files -------------------------------------------------------------------------------------


def test_a_png_is_what_the_screen_shows(figure_page, scene, kept_browser):
    face_figure = FaceFigure(figure_page.widget)
    face_figure.draw(scene("mesh", n_points=20_000), ViewParams(draw_as="mesh", axes=True))
    figure_page.show()
    figure_page.look_from(face_figure, "three-quarter")
    figure_page.wait(lambda: figure_page.widget.screen_size is not None)
    png = figure_to_image(figure_page.widget, "png", width_mm=160, dpi=2 * WIDTH / 160 * 25.4)
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    assert picture.size == (2 * WIDTH, 2 * HEIGHT)
    small = np.asarray(picture.resize((WIDTH, HEIGHT), Image.Resampling.BOX)).astype(int)
    screen = figure_page.screenshot()
    assert iou(silhouette(small), silhouette(screen)) > 0.97
    assert np.abs(small - screen).mean() < 2


@pytest.fixture(scope="module")
def figure(scene):
    face_figure = scene.figure("mesh", scene=scene("mesh", n_points=20_000), axes=True)
    return face_figure.figure.update_layout(width=600, height=500)


def streams(pdf):
    """What is packed in a PDF, but for pictures in other packings."""
    for begin in re.finditer(rb"stream\r?\n", pdf):
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj().decompress(pdf[begin.end() :])


def test_every_format_has_its_width(figure, kept_browser):
    png = Image.open(io.BytesIO(figure_to_image(figure, "png", 100, 254)))
    assert png.size == (1000, 833)
    assert png.info["dpi"] == pytest.approx((254, 254), abs=0.01)
    assert png.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)

    webp = Image.open(io.BytesIO(figure_to_image(figure, "webp", 100, 254, "transparent")))
    assert webp.format == "WEBP"
    assert webp.size == (1000, 833)
    alpha = np.asarray(webp.convert("RGBA"))[..., 3]
    assert alpha[0, 0] == 0
    assert (alpha == 255).mean() > 0.1
    assert b"face3d_widgets" in webp.info["xmp"]

    svg = figure_to_image(figure, "svg", 100, 254).decode()
    assert re.search(r'<svg[^>]* width="100mm" height="83.33mm"', svg)
    assert re.search(r'<image[^>]*href="data:image/png;base64,', svg)

    pdf = figure_to_image(figure, "pdf", 100, 254)
    assert pdf.startswith(b"%PDF")
    [box] = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", pdf)  # one page
    width, height = (float(side) / 72 * 25.4 for side in box)
    assert width == pytest.approx(100, abs=0.5)
    assert height == pytest.approx(100 * 500 / 600, abs=0.5)
    inside = re.findall(rb"/Width (\d+)\s*/Height (\d+)", pdf)
    assert all((int(w), int(h)) == pytest.approx((1000, 833), abs=1) for w, h in inside)
    # The picture is set over the whole page, without margins.
    [content] = [text for text in streams(pdf) if b" cm" in text[:200]]
    outer = float(re.match(rb"([\d.]+) 0 0", content)[1])
    placed = [
        float(side) for side in re.findall(rb"([\d.]+) 0 0 -[\d.]+ [\d.]+ [\d.]+ cm", content)
    ]
    assert max(placed) * outer == pytest.approx(float(box[0]), rel=0.01)


def test_a_transparent_png_is_clear_around_the_model(figure, kept_browser):
    png = Image.open(io.BytesIO(figure_to_image(figure, "png", 60, 254, "transparent")))
    alpha = np.asarray(png.convert("RGBA"))[..., 3]
    assert alpha[0, 0] == alpha[-1, -1] == 0
    assert alpha[alpha.shape[0] // 2, alpha.shape[1] // 2] == 255


@pytest.mark.parametrize("limits", [(0, 3), (-0.00021, 0.00017), (80_000, 99_999), (-4e6, 7e6)])
def test_long_labels_take_nothing_from_a_depth_map(kept_browser, limits):
    figure = depth_map_figure(np.linspace(*limits, 4800).reshape(60, 80), "Viridis", limits=limits)
    svg = figure_to_image(figure, "svg", 80).decode()
    image = re.search(r"<image[^>]*>", svg)[0]
    wide, tall = (float(re.search(rf'{side}="([\d.]+)"', image)[1]) for side in ("width", "height"))
    assert wide / tall == pytest.approx(80 / 60, rel=0.005)
    png = Image.open(io.BytesIO(figure_to_image(figure, "png", 80, 200))).convert("RGB")
    assert (np.asarray(png)[:, -2:] > 250).all()  # and nothing is cut at the right
    texts = re.findall(r"<text[^>]*>([^<]*)", svg)
    assert "inverse depth (relative)" in texts
    assert 4 <= len(texts) - 1 <= 8


@pytest.mark.parametrize("title", ["anna, inverse depth", "Zoë (顔) \\", "x" * 500, ""])
def test_a_pdf_bears_our_name_and_its_own_title(kept_browser, title):
    figure = depth_map_figure(np.eye(4)).update_layout(meta={"title": title})
    pdf = figure_to_image(figure, "pdf", 80)
    for mark in (b"Kaleido", b"Chrome", b"Mozilla"):
        assert mark not in pdf
    # The index still leads to every object.
    index = int(re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", pdf)[1])
    assert pdf[index:].startswith(b"xref")
    entries = re.findall(rb"(\d{10}) \d{5} n", pdf[index:])
    assert all(re.match(rb"\d+ \d+ obj", pdf[int(at) :]) for at in entries)
    found = re.search(rb"/Title \(((?:\\.|[^\\)])*)\)\n/Creator \(face3d_widgets ", pdf, re.DOTALL)
    text = re.sub(rb"\\(\d{3})", lambda octal: bytes([int(octal[1], 8)]), found[1])
    told = text[2:].decode("utf-16-be") if text[:2] == b"\xfe\xff" else text.decode()
    assert told == title or (told.endswith("…") and title.startswith(told[:-1]) and len(told) > 30)


def test_a_depth_map_has_its_bar_in_letters(kept_browser):
    y, x = np.mgrid[:60, :80].astype(np.float32)
    figure = depth_map_figure(x + y, "Viridis", "depth (mm)", limits=(0, 140))
    svg = figure_to_image(figure, "svg", 80).decode()
    texts = re.findall(r"<text[^>]*>([^<]*)", svg)
    assert "depth (mm)" in texts
    assert {"0", "100"} <= set(texts)
    png = figure_to_image(figure, "png", 80, 200)
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    h, w = pixels.shape[:2]
    assert np.abs(pixels[h // 16, w // 16] - [68, 1, 84]).max() < 30  # the lowest, upper left
    assert (pixels[:, -2:] > 250).all()  # nothing is cut at the right


def test_the_browser_is_kept_and_comes_back_when_it_dies(figure, kept_browser):
    figure_to_image(figure, "png", 40, 100)
    process = kept_browser._kaleido.subprocess
    figure_to_image(figure, "png", 40, 100)
    assert kept_browser._kaleido.subprocess is process
    process.kill()
    process.wait(60)
    assert figure_to_image(figure, "png", 40, 100).startswith(b"\x89PNG")
    assert kept_browser._kaleido.subprocess.pid != process.pid


def test_no_browser_outlives_the_program(kept_browser):
    code = (
        "import plotly.graph_objects as go\n"
        "from face3d_widgets.figures import depth_map_figure, figure_to_image\n"
        "from face3d_widgets.figures.drawing_browser import the_browser\n"
        "figure_to_image(depth_map_figure([[0, 1], [2, 3]]), 'png', 40, 100)\n"
        "print(the_browser()._kaleido.subprocess.pid)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    pid = int(done.stdout.split()[-1])
    state = ["ps", "-o", "stat=", "-p", str(pid)]
    eventually(
        lambda: subprocess.run(state, capture_output=True, text=True).stdout.strip(),
        lambda still: still[:1] in ("", "Z"),
    )


def test_the_saved_page_turns_without_a_network(new_page, scene, tmp_path):
    face_figure = scene.figure("mesh", camera="profile", axes=True)
    saved = tmp_path / "model.html"
    saved.write_bytes(figure_to_html(face_figure.figure, "A head"))
    page = new_page(700, 500)
    page.context.set_offline(True)
    page.goto(saved.as_uri())
    page.wait_for_selector(".gl-container canvas")
    graph = "document.querySelector('.js-plotly-plot')"
    eye = f"{graph}?._fullLayout?.scene?._scene?.getCamera().eye"
    before = at_rest(lambda: page.evaluate(eye), lambda a, b: a and a == b)
    outside = [u for u in page.watched.requests if not u.startswith(("file:", "blob:", "data:"))]
    assert outside == []
    assert page.title() == "A head"
    height = f"{graph}.getBoundingClientRect().height"
    eventually(lambda: page.evaluate(height), lambda found: abs(found - 500) <= 2)
    assert before["y"] == pytest.approx(0, abs=1e-6)

    def turned():
        page.mouse.move(340, 250)
        frames(page)
        page.mouse.down()
        page.mouse.move(400, 250, steps=4)
        page.mouse.up()
        return page.evaluate(eye)

    # Plotly hears no drag in its first half second.
    eventually(turned, lambda now: abs(now["y"] - before["y"]) > 0.05)

    def drawn():
        picture = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        return silhouette(picture).mean()

    eventually(drawn, lambda share: share > 0.05)
