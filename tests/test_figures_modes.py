"""Wireframe, normals, shading, cameras, axes with units, and clicks."""

import re

import numpy as np
import plotly.graph_objects as go
import pytest

from face3d_widgets.figures import CAMERAS, HOME_EYE, FaceFigure, camera
from face3d_widgets.figures.coloring import normal_bytes, normal_lut
from face3d_widgets.figures.figure_widget import FaceFigureWidget
from face3d_widgets.figures.overlays import axes_lines, nice_step
from face3d_widgets.figures.scene import to_figure_axes
from face3d_widgets.figures.wireframe import edge_paths
from face3d_widgets.types import ViewParams
from tests.scenes import SceneMaker, names_sent, trace

WIREFRAME = ViewParams(draw_as="wireframe")
MESH = ViewParams(draw_as="mesh")


@pytest.fixture(scope="module")
def scene():
    return SceneMaker()


def edges_of(faces):
    """Every edge once, its smaller vertex first."""
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return np.unique(np.sort(sides, axis=1), axis=0)


def walked(paths):
    """Every edge that polylines walk, sorted, repetitions included."""
    pieces = np.stack([paths[:-1], paths[1:]], axis=1)
    pieces = np.sort(pieces[(pieces >= 0).all(axis=1)], axis=1)
    return pieces[np.lexsort((pieces[:, 1], pieces[:, 0]))]


# --- wireframe ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "faces",
    [
        [[0, 1, 2]],
        [[0, 1, 2], [2, 1, 3]],
        [[5, 1, 2], [7, 8, 9]],  # two parts, and vertices of no face
        [[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 1]],  # a fan around one vertex
        [[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]],  # closed
    ],
)
def test_every_edge_is_walked_once(faces):
    faces = np.array(faces, np.int32)
    np.testing.assert_array_equal(walked(edge_paths(faces, 10)), edges_of(faces))


def test_every_edge_of_a_head_is_walked_once_in_few_lines(scene):
    mesh = scene("mesh").shape
    paths = edge_paths(mesh.faces, len(mesh.vertices))
    np.testing.assert_array_equal(walked(paths), edges_of(mesh.faces))
    assert paths.dtype == np.int32
    assert len(paths) < 1.1 * len(edges_of(mesh.faces))
    assert not ((paths[:-1] < 0) & (paths[1:] < 0)).any()  # no empty line


def test_no_faces_have_no_edges():
    assert len(edge_paths(np.zeros((0, 3), np.int32), 5)) == 0


def test_a_wireframe_lies_on_the_vertices_with_their_colours(scene):
    shown = scene("mesh")
    face_figure = scene.figure("wireframe", scene=shown)
    found = trace(face_figure, "wireframe")
    paths = edge_paths(shown.shape.faces, len(shown.cloud))
    points = np.stack([found.x, found.y, found.z])
    placed = to_figure_axes(shown.cloud.points, shown.framing.center)
    on = paths >= 0
    np.testing.assert_array_equal(points[:, on], placed[:, paths[on]])
    assert np.isnan(points[:, ~on]).all()
    expected = shown.palette.indices[shown.cloud.pixels]
    np.testing.assert_array_equal(found.line.color[on], expected[paths[on]])
    assert not found.connectgaps


def test_a_wireframe_is_bent_without_its_edges_or_colours(scene, sent):
    face_figure = FaceFigure(FaceFigureWidget())
    face_figure.draw(scene("mesh"), WIREFRAME)
    sent.clear()
    face_figure.draw(scene("mesh", relief=2), WIREFRAME)
    assert set(sent) == {"x", "y", "z"}
    sent.clear()
    face_figure.draw(scene("mesh", relief=2), ViewParams(draw_as="wireframe", opacity=0.5))
    assert set(sent) == {"opacity"}


def test_another_mesh_has_another_wireframe(scene):
    face_figure = FaceFigure(go.Figure())
    for n in (2_000, 500, 2_000):
        shown = scene("mesh", n_points=n)
        face_figure.draw(shown, WIREFRAME)
        paths = edge_paths(shown.shape.faces, len(shown.cloud))
        found = trace(face_figure, "wireframe")
        assert len(found.x) == len(paths) == len(found.line.color)


# --- normals -----------------------------------------------------------------------------------


def test_the_colours_of_a_normal_map():
    toward = np.tile(np.float32([0, 0, -1]), (4096, 1))  # at the camera
    right = np.tile(np.float32([1, 0, 0]), (4096, 1))
    up = np.tile(np.float32([0, -1, 0]), (4096, 1))
    for normals, expected in ((toward, (127, 127, 255)), (right, (255, 127, 127))):
        colors = normal_lut()[normal_bytes(normals)]
        np.testing.assert_allclose(colors.mean(axis=0), expected, atol=1.5)
    np.testing.assert_allclose(
        normal_lut()[normal_bytes(up)].mean(axis=0), (127, 255, 127), atol=1.5
    )


def test_few_levels_give_the_exact_mean():
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = rng.uniform(-0.6, 0.6, 2)
        normal = np.float32([x, y, -np.sqrt(1 - x * x - y * y)])
        mean = normal_lut()[normal_bytes(np.tile(normal, (500, 1)))].mean(axis=0)
        np.testing.assert_allclose(mean, 127.5 * (1 + normal * [1, -1, -1]), atol=2.5)


def test_every_normal_has_a_colour_near_its_own(scene):
    normals = scene("mesh", normals=True).cloud.normals
    colors = normal_lut()[normal_bytes(normals)].astype(float)
    exact = 127.5 * (1 + normals * [1, -1, -1])
    off = np.abs(colors - exact)[normals[:, 2] < -0.5]  # not at the rim
    assert off[:, :2].max() <= 17.5  # a step of 16 levels, rounded
    assert off.mean() < 8


def test_a_mesh_without_normals_takes_those_of_its_faces(scene):
    found = [
        trace(scene.figure("mesh", scene=scene("mesh", normals=n), color_by="normals"), "mesh")
        for n in (True, False)
    ]
    shown = [normal_lut()[mesh.intensity].astype(float) for mesh in found]
    assert np.abs(shown[0] - shown[1]).mean() < 8


def test_points_without_normals_say_what_to_do(scene):
    face_figure = FaceFigure(go.Figure())
    with pytest.raises(ValueError, match="draw a mesh"):
        face_figure.draw(scene(), ViewParams(color_by="normals"))
    face_figure.draw(scene(normals=True), ViewParams(color_by="normals"))
    assert len(trace(face_figure, "points").marker.color) == 2_000


def test_new_normals_send_new_colours_alone(scene, sent):
    view = ViewParams(draw_as="mesh", color_by="normals")
    face_figure = FaceFigure(FaceFigureWidget())
    face_figure.draw(scene("mesh", normals=True), view)
    sent.clear()
    face_figure.draw(scene("mesh", relief=2, normals=True), view)
    assert set(sent) == {"x", "y", "z", "intensity"}


# --- shading -----------------------------------------------------------------------------------


def test_a_shaded_photo_becomes_clay(scene, sent):
    face_figure = FaceFigure(FaceFigureWidget())
    face_figure.draw(scene("mesh"), MESH)
    mesh = trace(face_figure, "mesh")
    assert (mesh.lighting.ambient, mesh.lighting.diffuse) == (1, 0)
    sent.clear()
    face_figure.draw(scene("mesh"), ViewParams(draw_as="mesh", shaded=True))
    assert {name.split(".")[0] for name in sent} == {"lighting", "colorscale"}  # few bytes
    assert len({color for _, color in mesh.colorscale}) == 1
    assert mesh.lighting.diffuse > 0.5
    red, green, blue = map(int, re.findall(r"\d+", mesh.colorscale[0][1]))
    assert max(red, green, blue) - min(red, green, blue) < 25  # nobody's skin
    face_figure.draw(scene("mesh"), MESH)
    assert len({color for _, color in mesh.colorscale}) > 5


def test_shaded_depth_keeps_its_colours(scene):
    face_figure = scene.figure("mesh", color_by="depth", colormap="Viridis", shaded=True)
    mesh = trace(face_figure, "mesh")
    assert len({color for _, color in mesh.colorscale}) > 100
    assert mesh.lighting.diffuse > 0


def test_points_and_edges_are_never_clay(scene):
    for draw_as, name in (("points", "marker"), ("wireframe", "line")):
        shown = scene("points" if draw_as == "points" else "mesh")
        found = trace(scene.figure(draw_as, scene=shown, shaded=True), draw_as)
        assert len({color for _, color in found[name].colorscale}) > 5


def test_no_face_is_too_small_for_the_light(scene):
    lighting = trace(scene.figure("mesh", shaded=True), "mesh").lighting
    assert lighting.vertexnormalsepsilon == lighting.facenormalsepsilon == 0


def test_the_light_does_not_depend_on_what_else_is_drawn(scene):
    # Plotly scales its light by the extent of all data: the box's corners are the widest.
    face_figure = scene.figure("mesh", axes=True, shaded=True)
    box = trace(face_figure, "box")
    for axis in "xyz":
        low, high = face_figure.figure.layout.scene[f"{axis}axis"].range
        assert (box[axis].min(), box[axis].max()) == pytest.approx((low, high))
        for other in face_figure.figure.data:
            if other.visible is not False and len(other[axis]):
                assert low <= np.nanmin(other[axis])
                assert np.nanmax(other[axis]) <= high
    assert box.marker.opacity == 0


# --- cameras -----------------------------------------------------------------------------------


def test_cameras_stand_where_their_names_say():
    eyes = {name: np.array([eye[axis] for axis in "xyz"]) for name, eye in CAMERAS.items()}
    distance = np.linalg.norm(eyes["home"])
    assert all(np.linalg.norm(eye) == pytest.approx(distance) for eye in eyes.values())
    np.testing.assert_allclose(eyes["front"], [0, -distance, 0], atol=1e-9)
    np.testing.assert_allclose(eyes["profile"], [distance, 0, 0], atol=1e-9)
    azimuth = np.degrees(np.arctan2(eyes["three-quarter"][0], -eyes["three-quarter"][1]))
    assert 35 <= azimuth <= 45


def test_a_button_moves_the_camera_and_nothing_else(scene, sent):
    face_figure = FaceFigure(FaceFigureWidget())
    face_figure.draw(scene(), ViewParams())
    layout = face_figure.figure.layout
    layout.scene.camera = {"eye": {"x": 2, "y": 0.5, "z": -1}, "center": {"x": 1, "y": 0, "z": 0}}
    sent.clear()
    for name in ("front", "three-quarter", "profile"):
        face_figure.set_camera(name)
        assert layout.scene.camera.to_plotly_json() == camera(name)
    face_figure.reset_camera()
    assert layout.scene.camera.eye.to_plotly_json() == HOME_EYE
    assert all(name.startswith("scene.camera.") for name in sent)


def test_an_unknown_camera_is_named_with_the_known():
    with pytest.raises(ValueError, match=r"back.*three-quarter"):
        FaceFigure(go.Figure()).set_camera("back")


# --- axes with units ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "at_most", "step"),
    [(10, 5, 2), (10.5, 5, 5), (0.8, 5, 0.2), (267, 5, 100), (100, 5, 20), (1, 1, 1)],
)
def test_steps_are_round_numbers(length, at_most, step):
    assert nice_step(length, at_most) == pytest.approx(step)


@pytest.mark.parametrize(("mm_per_unit", "unit"), [(None, "relative"), (312.5, "mm")])
def test_ticks_stand_where_their_numbers_say(mm_per_unit, unit):
    lines = axes_lines(0.4, mm_per_unit)
    assert len(lines.texts) == len(lines.points)
    names = [text for text in lines.texts if unit in text]
    assert [name.split()[0] for name in names] == ["right", "up", "nearer"]
    corner = lines.points[0]
    numbers = [(k, float(t)) for k, t in enumerate(lines.texts) if re.fullmatch(r"[\d.]+", t)]
    assert len(numbers) >= 8
    for k, number in numbers:
        at = lines.points[k - 3]  # tick, gap and number follow
        distance = np.abs(at - corner).sum()
        assert distance * (mm_per_unit or 1) == pytest.approx(number, abs=1e-3)
    assert [number for _, number in numbers].count(0) == 1


def test_millimetres_change_the_axes_alone(scene, sent):
    face_figure = FaceFigure(FaceFigureWidget())
    view = ViewParams(axes=True)
    face_figure.draw(scene(), view)
    sent.clear()
    face_figure.draw(scene(mm_per_unit=300.0), view)
    assert set(sent) == {"x", "y", "z", "text"}
    assert "up (mm)" in trace(face_figure, "axes").text
    assert trace(face_figure, "axes").visible


# --- measurements and profiles -----------------------------------------------------------------


def drawn(face_figure, name):
    found = trace(face_figure, name)
    return np.stack([found.x, found.y, found.z], axis=1)


def test_a_distance_is_drawn_as_long_as_it_is_and_clear_of_the_surface(scene):
    shown = scene("mesh")
    face_figure = scene.figure("mesh", scene=shown)
    points = shown.cloud.points
    left = points[np.argmin(points[:, 0])]
    right = points[np.argmax(points[:, 0])]
    face_figure.show_measurement([left, right], "63 mm")
    found = trace(face_figure, "measurement")
    assert found.visible
    assert list(found.text).count("63 mm") == 1
    lines = drawn(face_figure, "measurement")
    ends = to_figure_axes([left, right], shown.framing.center).T
    np.testing.assert_allclose(lines[[0, -1]], ends, atol=0.02)  # the places themselves
    start, middle, end = lines[1], lines[2], lines[3]
    assert np.linalg.norm(end - start) == pytest.approx(np.linalg.norm(ends[1] - ends[0]), rel=1e-5)
    np.testing.assert_allclose(middle, (start + end) / 2, atol=1e-6)
    # Nothing of the head between it and the camera.
    surface = to_figure_axes(points, shown.framing.center).T
    near = np.abs(surface[:, 2] - middle[2]) < 0.005
    assert (surface[near, 1] > middle[1] - 1e-3).all()


def test_one_point_is_marked(scene):
    face_figure = scene.figure("mesh")
    face_figure.show_measurement([(0.0, 0.0, 1.0)])
    found = trace(face_figure, "measurement")
    assert found.visible
    assert len(found.x) == 1
    face_figure.show_measurement([])
    assert not found.visible


def test_a_distance_stays_while_the_model_moves(scene):
    face_figure = FaceFigure(go.Figure())
    face_figure.show_measurement([(0.0, 0.0, 1.0), (0.1, 0.0, 1.0)], "before anything is drawn")
    before = scene("mesh")
    face_figure.draw(before, MESH)
    first = drawn(face_figure, "measurement")[0]
    after = scene("mesh", fov=30.0)
    face_figure.draw(after, MESH)
    moved = np.subtract(after.framing.center, before.framing.center)
    expected = first + np.float32([-moved[0], -moved[2], moved[1]])
    np.testing.assert_allclose(drawn(face_figure, "measurement")[0], expected, atol=1e-5)


def test_a_distance_has_two_ends(scene):
    with pytest.raises(ValueError, match="two ends"):
        scene.figure("mesh").show_measurement(np.zeros((3, 3)))


def test_a_profile_is_drawn_and_taken_away(scene, sent):
    face_figure = FaceFigure(FaceFigureWidget())
    face_figure.draw(scene("mesh"), MESH)
    line = scene("mesh").cloud.points[::50]
    sent.clear()
    face_figure.show_profile(line)
    assert set(sent) == {"x", "y", "z", "visible"}
    lines = drawn(face_figure, "profile")
    exact = to_figure_axes(line, scene("mesh").framing.center).T
    np.testing.assert_allclose(lines[:, [0, 2]], exact[:, [0, 2]])
    assert (lines[:, 1] < exact[:, 1]).all()  # a little in front
    face_figure.show_profile([])
    assert not trace(face_figure, "profile").visible


# --- clicks ------------------------------------------------------------------------------------


@pytest.fixture
def clicked(scene):
    """clicked(draw_as, trace, number) -> the point, as a browser's click would give it"""

    def click(draw_as, trace_number, number):
        face_figure = FaceFigure(FaceFigureWidget())
        shown = scene("points" if draw_as == "points" else "mesh")
        face_figure.draw(shown, ViewParams(draw_as=draw_as))
        got = []
        face_figure.on_click(got.append)
        message = {"type": "click", "trace": trace_number, "number": number}
        face_figure.figure._handle_custom_msg(message, [])
        return (got[0] if got else None), shown

    return click


def test_a_click_gives_the_point_in_the_camera_frame(clicked):
    point, shown = clicked("points", 0, 17)
    np.testing.assert_array_equal(point, shown.cloud.points[17])


def test_a_click_on_a_mesh_gives_the_middle_of_a_face(clicked):
    point, shown = clicked("mesh", 1, 100)
    corners = shown.cloud.points[shown.shape.faces[100]]
    np.testing.assert_allclose(point, corners.mean(axis=0), rtol=1e-6)
    assert point.dtype == np.float32


def test_a_click_on_an_edge_gives_its_vertex(clicked):
    point, shown = clicked("wireframe", 3, 5)
    paths = edge_paths(shown.shape.faces, len(shown.cloud))
    np.testing.assert_array_equal(point, shown.cloud.points[paths[5]])


@pytest.mark.parametrize("message", [(1, 5), (0, 10**6), (0, -1), (2, 0)])
def test_a_click_on_what_is_gone_is_not_told(clicked, message):
    assert clicked("points", *message)[0] is None


def test_only_a_clickable_model_is_looked_at_by_the_browser(scene, sent):
    face_figure = FaceFigure(FaceFigureWidget())
    face_figure.draw(scene(), ViewParams())
    shapes = [trace(face_figure, name) for name in ("points", "mesh", "wireframe")]
    assert {t.hoverinfo for t in face_figure.figure.data} == {"skip"}
    sent.clear()
    face_figure.set_clickable(True)
    assert {t.hoverinfo for t in shapes} == {"none"}
    assert set(sent) == {"hoverinfo"}
    assert trace(face_figure, "axes").hoverinfo == "skip"
    face_figure.set_clickable(False)
    assert {t.hoverinfo for t in shapes} == {"skip"}


def test_a_plain_figure_is_told_of_no_clicks():
    with pytest.raises(TypeError, match="FaceFigureWidget"):
        FaceFigure(go.Figure()).on_click(print)


def test_the_browser_tells_the_size_of_the_view():
    widget = FaceFigureWidget()
    assert widget.screen_size is None
    widget._handle_custom_msg({"type": "size", "width": 639.6, "height": 480}, [])
    assert widget.screen_size == (640, 480)


@pytest.fixture
def sent(monkeypatch):
    return names_sent(monkeypatch)
