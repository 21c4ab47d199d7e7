"""Colours, the 3D figure, and its widget."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import plotly.graph_objects as go
import pytest

from face3d_widgets.figures import (
    COLORMAPS,
    FaceFigure,
    PhotoPalette,
    Scene,
    colormap_lut,
    screen_range,
)
from face3d_widgets.figures import figure_widget as figure_widget_module
from face3d_widgets.figures.coloring import depth_bytes
from face3d_widgets.figures.figure_widget import FaceFigureWidget
from face3d_widgets.geometry import FaceGeometry
from face3d_widgets.types import GeometryParams, InverseDepth, Mesh, Photo, ViewParams
from tests.scenes import SceneMaker, names_sent, trace

POINTS, MESH = ViewParams(draw_as="points"), ViewParams(draw_as="mesh")


@pytest.fixture(scope="module")
def scene():
    """scene(draw_as, **params)"""
    return SceneMaker()


@pytest.fixture(scope="module")
def geometry(scene):
    return scene.geometry


@pytest.fixture
def face_figure():
    return FaceFigure(go.Figure())


# --- colour maps -------------------------------------------------------------------------------


def lightness(lut):
    """CIE L* of (n, 3) sRGB."""
    c = lut / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)


@pytest.mark.parametrize("name", COLORMAPS)
def test_colour_maps_are_tables(name):
    lut = colormap_lut(name)
    assert lut.shape == (256, 3)
    assert lut.dtype == np.uint8
    assert not lut.flags.writeable
    assert len(np.unique(lut, axis=0)) > 200


@pytest.mark.parametrize("name", [name for name in COLORMAPS if name != "Turbo"])
def test_nearer_is_brighter(name):
    rise = np.diff(lightness(colormap_lut(name)))
    assert rise.min() > -0.25  # less than anyone sees: 8 bits round
    assert rise.max() < 2
    assert rise.sum() > 70


def test_grey_is_the_default_and_exact():
    assert COLORMAPS[0] == "Greys"
    np.testing.assert_array_equal(colormap_lut("Greys"), np.arange(256)[:, None].repeat(3, 1))


def test_an_unknown_colour_map_is_named_with_the_known():
    with pytest.raises(ValueError, match=r"Rainbow.*Viridis"):
        colormap_lut("Rainbow")


# --- palette -----------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["astronaut", "photo"])
def test_a_palette_comes_close_to_the_photo(which, request):
    photo = request.getfixturevalue(which)
    palette = PhotoPalette(photo)
    assert palette.indices.dtype == np.uint8
    assert palette.colors.shape == (256, 3)
    assert len(palette.colorscale) == 256
    shown = palette.colors[palette.indices].astype(int)
    off = np.abs(shown - photo.rgb.reshape(-1, 3))
    assert off.mean() < 5
    assert np.quantile(off, 0.99) < 24


def test_a_few_colours_stay_as_they_are():
    rgb = np.random.default_rng(0).integers(0, 256, (4, 3), np.uint8)
    rgb = rgb[np.random.default_rng(1).integers(0, 4, (20, 30))]
    palette = PhotoPalette(Photo(rgb))
    shown = palette.colors[palette.indices].astype(int).reshape(rgb.shape)
    assert np.abs(shown - rgb).max() <= 1


def test_depth_for_the_screen(geometry):
    stats = geometry.stats
    low, high = screen_range(stats)
    assert low < stats.far < stats.near < high
    levels = depth_bytes(np.float32([-9, low, stats.far, stats.middle, stats.near, high, 9]), stats)
    assert levels.dtype == np.uint8
    assert levels[:2].tolist() == [0, 0]
    assert levels[-2] >= 254
    assert levels[-1] == 255
    assert (np.diff(levels[1:6].astype(int)) > 10).all()


# --- the figure --------------------------------------------------------------------------------


def drawn(face_figure, name="points"):
    found = trace(face_figure, name)
    return np.stack([found.x, found.y, found.z], axis=1)


@pytest.mark.parametrize("draw_as", ["points", "mesh"])
def test_the_face_is_upright_and_looks_at_the_camera(face_figure, scene, draw_as):
    shown = scene(draw_as)
    face_figure.draw(shown, ViewParams(draw_as=draw_as))
    points = drawn(face_figure, draw_as)
    cloud = shown.cloud
    row, column = np.divmod(cloud.pixels, 96)
    assert np.corrcoef(points[:, 0], column)[0, 1] > 0.99  # x to the right
    assert np.corrcoef(points[:, 2], -row)[0, 1] > 0.99  # z up
    camera = face_figure.figure.layout.scene.camera
    assert (camera.up.x, camera.up.y, camera.up.z) == (0, 0, 1)
    # Nearer is nearer: towards where the camera stands, before all on the y axis.
    assert abs(camera.eye.y) > 2 * abs(camera.eye.x)
    toward = points[:, 1] * np.sign(camera.eye.y)
    assert np.corrcoef(toward, cloud.inverse_depth)[0, 1] > 0.99


def test_one_scale_on_all_axes_and_room_for_the_subject(face_figure, scene):
    face_figure.draw(scene(n_points=10**6), POINTS)
    layout = face_figure.figure.layout.scene
    axes = (layout.xaxis, layout.yaxis, layout.zaxis)
    length = [axis.range[1] - axis.range[0] for axis in axes]
    assert layout.aspectmode == "manual"
    assert length[0] / layout.aspectratio.x == pytest.approx(length[1] / layout.aspectratio.y)
    assert length[0] / layout.aspectratio.x == pytest.approx(length[2] / layout.aspectratio.z)
    for axis, values in zip(axes, drawn(face_figure).T, strict=True):
        assert axis.range[0] < values.min()
        assert values.max() < axis.range[1]


@pytest.mark.parametrize("color_by", ["photo", "depth", "normals"])
@pytest.mark.parametrize("draw_as", ["points", "mesh", "wireframe"])
def test_arrays_travel_as_they_are(face_figure, scene, draw_as, color_by):
    view = ViewParams(draw_as=draw_as, color_by=color_by)
    face_figure.draw(scene(draw_as, normals=True), view)
    found = trace(face_figure, draw_as)
    arrays = {axis: found[axis] for axis in "xyz"}
    if draw_as == "mesh":
        arrays |= {name: found[name] for name in ("i", "j", "k", "intensity")}
    else:
        arrays["color"] = found.marker.color if draw_as == "points" else found.line.color
    for name, array in arrays.items():
        assert isinstance(array, np.ndarray), name
        assert array.ndim == 1
        assert array.flags.c_contiguous
        expected = "f4" if name in "xyz" else "u2" if name in "ijk" else "u1"
        assert array.dtype == np.dtype(expected), name


def test_many_corners_have_larger_indices(face_figure):
    y, x = np.mgrid[:300, :300].astype(np.float32)
    photo = Photo(np.zeros((300, 300, 3), np.uint8))
    geometry = FaceGeometry(photo, InverseDepth((x + y) / 600))
    shape = geometry.mesh(GeometryParams(n_points=10**6, cutoff=0))
    assert len(shape.vertices) > 2**16
    face_figure.draw(Scene(shape, PhotoPalette(photo), geometry.stats, geometry.framing(50)), MESH)
    found = trace(face_figure, "mesh")
    assert found.i.dtype == np.int32
    np.testing.assert_array_equal(np.stack([found.i, found.j, found.k], 1), shape.faces)


def test_points_have_the_photos_colours(face_figure, scene, photo):
    shown = scene()
    face_figure.draw(shown, POINTS)
    marker = trace(face_figure, "points").marker
    assert (marker.cmin, marker.cmax) == (0, 255)
    scale = [[int(n) for n in re.findall(r"\d+", color)] for _, color in marker.colorscale]
    off = np.abs(np.array(scale)[marker.color] - shown.cloud.colors)
    assert off.mean() < 5


def test_points_have_the_colours_of_their_depth(face_figure, scene):
    shown = scene()
    face_figure.draw(shown, ViewParams(color_by="depth", colormap="Viridis"))
    marker = trace(face_figure, "points").marker
    nearest = shown.cloud.inverse_depth.argmax()
    assert marker.color[nearest] == marker.color.max()
    assert marker.color[shown.cloud.inverse_depth.argmin()] == marker.color.min()
    assert marker.colorscale[0][1].replace(" ", "") == "rgb(68,1,84)"


def test_only_one_shape_is_visible(face_figure, scene):
    shapes = ("points", "mesh", "wireframe")
    for draw_as in (*shapes, "points"):
        face_figure.draw(scene(draw_as), ViewParams(draw_as=draw_as))
        for name in shapes:
            assert trace(face_figure, name).visible == (name == draw_as)


EMPTY = [
    ("points", (3,), np.float32),
    ("colors", (3,), np.uint8),
    ("pixels", (), np.int32),
    ("inverse_depth", (), np.float32),
]


def test_nothing_left_can_be_drawn(face_figure, scene):
    for draw_as in ("points", "mesh", "wireframe"):
        face_figure.draw(scene(draw_as), ViewParams(draw_as=draw_as))
        nothing = {name: np.zeros((0, *shape), kind) for name, shape, kind in EMPTY}
        none = replace(scene().cloud, **nothing)
        shape = none if draw_as == "points" else Mesh(none, np.zeros((0, 3), np.int32))
        for color_by in ("photo", "depth"):
            view = ViewParams(draw_as=draw_as, color_by=color_by)
            face_figure.draw(replace(scene(), shape=shape), view)
            assert len(drawn(face_figure, draw_as)) == 0


def test_size_and_opacity(face_figure, scene):
    face_figure.draw(scene(), ViewParams(point_size=7, opacity=0.3))
    assert trace(face_figure, "points").marker.size == 7
    assert trace(face_figure, "points").marker.opacity == 0.3
    face_figure.draw(scene("mesh"), ViewParams(draw_as="mesh", opacity=0.6))
    assert trace(face_figure, "mesh").opacity == 0.6


# --- what is sent ------------------------------------------------------------------------------


@pytest.fixture
def sent(monkeypatch):
    return names_sent(monkeypatch)


VIEWS = [
    ({"point_size": 5.0}, {"marker.size"}),
    ({"opacity": 0.5}, {"marker.opacity"}),
    ({"color_by": "depth"}, {"marker.color", "marker.colorscale"}),
    ({"axes": True}, {"visible"}),
]
SHAPES = [
    ({"relief": 2.0}, {"x", "y", "z"}),
    ({"fov": 30.0}, {"x", "y", "z"}),
    ({"n_points": 500}, {"x", "y", "z", "marker.color"}),
    ({"cutoff": 0.7}, {"x", "y", "z", "marker.color"}),
]


@pytest.mark.parametrize(("change", "expected"), VIEWS)
def test_a_new_look_sends_that_alone(sent, scene, change, expected):
    face_figure = FaceFigure(FaceFigureWidget())
    face_figure.draw(scene(), POINTS)
    sent.clear()
    face_figure.draw(scene(), ViewParams(**change))
    assert set(sent) == expected


@pytest.mark.parametrize(("change", "expected"), SHAPES)
def test_a_new_shape_sends_no_colours_that_are_there(sent, scene, change, expected):
    face_figure = FaceFigure(FaceFigureWidget())
    face_figure.draw(scene(), POINTS)
    sent.clear()
    face_figure.draw(scene(**change), POINTS)
    assert set(sent) == expected


def test_a_mesh_is_bent_without_its_faces(sent, scene):
    face_figure = FaceFigure(FaceFigureWidget())
    face_figure.draw(scene("mesh"), MESH)
    sent.clear()
    face_figure.draw(scene("mesh", relief=2), MESH)
    assert set(sent) <= {"x", "y", "z"}


def test_nothing_new_is_not_sent(sent, scene):
    face_figure = FaceFigure(FaceFigureWidget())
    for draw_as in ("points", "mesh", "wireframe"):
        for color_by in ("photo", "depth", "normals"):
            view = ViewParams(draw_as=draw_as, color_by=color_by)
            face_figure.draw(scene(draw_as, normals=True), view)
            sent.clear()
            face_figure.draw(scene(draw_as, normals=True), view)
            assert not sent


def test_no_draw_moves_the_camera(scene):
    face_figure = FaceFigure(FaceFigureWidget())
    face_figure.draw(scene(), POINTS)
    layout = face_figure.figure.layout
    layout.scene.camera.eye = {"x": 2, "y": 0.5, "z": -1}
    uirevision = layout.uirevision
    assert uirevision
    for draw_as in ("points", "mesh", "wireframe"):
        for change in (*(change for change, _ in VIEWS), {"shaded": True}):
            face_figure.draw(scene(draw_as), ViewParams(**{"draw_as": draw_as, **change}))
        for change, _ in SHAPES:
            face_figure.draw(scene(draw_as, **change), ViewParams(draw_as=draw_as))
    assert layout.scene.camera.eye.to_plotly_json() == {"x": 2, "y": 0.5, "z": -1}
    assert layout.uirevision == uirevision


def test_reset_brings_the_first_camera_back(face_figure):
    layout = face_figure.figure.layout
    first = layout.scene.camera.to_plotly_json()
    layout.scene.camera.eye = {"x": 2, "y": 0.5, "z": -1}
    layout.scene.camera.center = {"x": 1, "y": 0, "z": 0}
    face_figure.reset_camera()
    assert layout.scene.camera.to_plotly_json() == first


def test_what_could_not_be_drawn_is_tried_again(face_figure, scene):
    for _ in range(2):
        with pytest.raises(ValueError, match="colour map"):
            face_figure.draw(scene(), ViewParams(color_by="depth", colormap="Rainbow"))


# --- the widget --------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    """The widget's clock: `clock.now` seconds."""
    clock = SimpleNamespace(now=100.0)
    fake = SimpleNamespace(monotonic=lambda: clock.now)
    monkeypatch.setattr(figure_widget_module, "time", fake)
    return clock


@pytest.fixture
def widget(clock):
    return FaceFigureWidget()


@pytest.fixture
def messages(widget, monkeypatch):
    """What the widget sends to the browser."""
    found = []
    monkeypatch.setattr(widget, "send", lambda *message: found.append(message))
    return found


def browser_says(widget, kind):
    widget._handle_custom_msg({"type": kind}, [])


def test_without_a_browser_everything_is_drawn_at_once(widget):
    calls = []
    for i in range(3):
        widget.when_drawn(lambda i=i: calls.append(i))
    assert calls == [0, 1, 2]
    assert not widget.mounted


def sending(widget, calls, i):
    """A draw that leaves its mark in the figure, as all that wait for an answer do."""

    def draw():
        calls.append(i)
        widget.update_layout(title_text=str(i))

    return draw


def test_of_those_that_wait_for_the_browser_only_the_newest_is_drawn(widget):
    browser_says(widget, "mounted")
    assert widget.mounted
    calls = []
    for i in range(4):
        widget.when_drawn(sending(widget, calls, i))
    assert calls == [0]
    browser_says(widget, "drawn")
    assert calls == [0, 3]
    browser_says(widget, "drawn")
    widget.when_drawn(sending(widget, calls, 9))
    assert calls == [0, 3, 9]


def test_a_browser_that_does_not_answer_is_not_waited_for_forever(widget, clock):
    browser_says(widget, "mounted")
    calls = []
    widget.when_drawn(sending(widget, calls, 0))
    clock.now += 60
    widget.when_drawn(sending(widget, calls, 1))
    assert calls == [0, 1]


def test_a_draw_that_sends_nothing_holds_nothing_up(widget, scene):
    face_figure = FaceFigure(widget)
    browser_says(widget, "mounted")
    widget.when_drawn(lambda: face_figure.draw(scene(), POINTS))
    browser_says(widget, "drawn")
    widget.when_drawn(lambda: face_figure.draw(scene(), POINTS))  # as it is already
    widget.when_drawn(lambda: face_figure.draw(scene(), ViewParams(point_size=9)))
    assert trace(face_figure, "points").marker.size == 9


def test_a_page_that_opens_later_gets_the_present_data(scene, widget, messages):
    face_figure = FaceFigure(widget)
    face_figure.draw(scene(), POINTS)
    widget.layout.scene.camera.eye = {"x": 2, "y": 0.5, "z": -1}
    messages.clear()
    browser_says(widget, "unsaved")
    [(content, buffers)] = messages
    assert content["whole"]
    values = content["values"]
    assert values["_widget_layout"]["scene"]["camera"]["eye"]["x"] == 2
    number = next(i for i, t in enumerate(values["_widget_data"]) if t["name"] == "points")
    where = content["paths"].index(["_widget_data", number, "x", "buffer"])
    x = np.frombuffer(buffers[where], values["_widget_data"][number]["x"]["dtype"])
    np.testing.assert_array_equal(x, trace(face_figure, "points").x)


def test_a_foreign_server_gets_the_script_from_the_kernel(widget, messages):
    browser_says(widget, "script")
    [(content, buffers)] = messages
    assert content == {"type": "script"}
    assert buffers[0] == figure_widget_module.plotly_script()
    assert len(buffers[0]) > 10**6


def test_jsonschema_is_left_whole():
    # The widget's import hides one library from another; only while it is imported.
    import sys

    assert sys.modules.get("rfc3987_syntax", True) is not None
