"""Several faces in one figure, and the widgets that show them."""

from itertools import pairwise

import numpy as np
import pytest

from face3d_widgets.figures import CAMERAS, PhotoPalette
from face3d_widgets.figures.diverging import difference_bytes, diverging_lut, round_limit
from face3d_widgets.figures.linked_faces import LinkedFaces, Pane
from face3d_widgets.geometry import FaceGeometry
from face3d_widgets.types import GeometryParams
from face3d_widgets.widgets.linked_viewer import LinkedViewer
from face3d_widgets.widgets.map_view import MapView


@pytest.fixture(scope="module")
def pane(photo, inverse_depth):
    geometry, palette = FaceGeometry(photo, inverse_depth), PhotoPalette(photo)
    params = GeometryParams(n_points=500)
    mesh = geometry.mesh(params)
    colors = palette.indices[mesh.vertices.pixels]
    return Pane(mesh, geometry.framing(params), colors, palette)


def recolored(pane):
    colors = np.full(len(pane.colors), 128, np.uint8)
    return Pane(pane.mesh, pane.framing, colors, "difference")


# --- colours -----------------------------------------------------------------------------------


def test_no_difference_is_the_lightest_and_the_ends_are_blue_and_red():
    lut = diverging_lut().astype(int)
    assert np.argmax(lut.sum(axis=1)) in range(124, 132)
    assert lut[0, 2] > lut[0, 0] + 50
    assert lut[255, 0] > lut[255, 2] + 50
    low, zero, high, nothing = difference_bytes(np.array([-9, 0, 9, np.nan]), 4.0)
    assert (low, high) == (0, 255)
    assert zero == nothing == 128
    assert difference_bytes(np.array([2.0]), 4.0) == 191


@pytest.mark.parametrize(("size", "limit"), [(0.1, 2), (8, 10), (11, 15), (140, 150), (4.9, 5)])
def test_the_ends_of_the_scale_are_round_numbers(size, limit):
    values = np.linspace(-size, size, 1001) / 0.95
    assert round_limit(values, least=2.0) == pytest.approx(limit)
    assert round_limit(np.array([np.nan]), least=3.0) == 3


# --- the figure --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 4])
def test_each_face_has_a_scene_and_no_two_overlap(pane, n):
    faces = LinkedFaces(n)
    faces.draw([pane] * n)
    scenes = [faces.figure.layout["scene" if k == 0 else f"scene{k + 1}"] for k in range(n)]
    meshes = [trace for trace in faces.figure.data if trace.type == "mesh3d"]
    assert [mesh.scene for mesh in meshes] == ["scene", "scene2", "scene3", "scene4"][:n]
    assert all(len(mesh.x) == len(pane.mesh.vertices) for mesh in meshes)
    ends = [scene.domain.x for scene in scenes]
    assert all(a[1] <= b[0] for a, b in pairwise(ends))
    faces.arrange(1)
    tops = [scene.domain.y for scene in scenes]
    assert all(a[0] >= b[1] for a, b in pairwise(tops))


def test_there_is_room_for_four_and_for_no_other_number(pane):
    with pytest.raises(ValueError, match="one to four"):
        LinkedFaces(5)
    with pytest.raises(ValueError, match="2 parts and 1 faces"):
        LinkedFaces(2).draw([pane])


def test_one_camera_for_all(pane):
    faces = LinkedFaces(3)
    faces.draw([pane] * 3)
    faces.set_camera("profile")
    for name in ("scene", "scene2", "scene3"):
        assert faces.figure.layout[name].camera.eye.x == CAMERAS["profile"]["x"]
    again = LinkedFaces(2, view=faces.view)
    assert again.figure.layout.scene2.camera.eye.x == CAMERAS["profile"]["x"]


def test_a_narrow_pane_sees_more(pane):
    faces = LinkedFaces(2)
    faces.draw([pane] * 2)
    before = np.array(faces.figure.layout.scene2.xaxis.range)
    faces.set_room(2.0)
    after = np.array(faces.figure.layout.scene2.xaxis.range)
    np.testing.assert_allclose(after, 2 * before, rtol=1e-3)


# --- the widgets -------------------------------------------------------------------------------


@pytest.fixture
def viewer(pane):
    viewer = LinkedViewer()
    viewer.show([pane, pane], ["one", "other"])
    return viewer


@pytest.fixture
def sent(monkeypatch):
    def listen(figure):
        messages = []
        monkeypatch.setattr(
            figure, "_send_restyle_msg", lambda data, *a, **k: messages.append(data)
        )
        monkeypatch.setattr(
            figure,
            "_send_update_msg",
            lambda restyle_data=None, *a, **k: messages.append(restyle_data),
        )
        return messages

    return listen


def test_only_colours_are_sent_where_only_colours_change(viewer, pane, sent):
    messages = sent(viewer.figure)
    viewer.show([pane, pane], ["one", "other"])
    assert not [m for m in messages if m]
    viewer.show([pane, recolored(pane)], ["one", "other"])
    names = {name for message in messages for name in message or ()}
    assert names
    assert not names & {"x", "y", "z", "i", "j", "k"}


def test_another_number_of_faces_keeps_the_camera(viewer, pane):
    figure = viewer.figure
    viewer.set_camera("profile")
    viewer.show([pane] * 3, ["a", "b", "c"])
    assert viewer.figure is not figure
    assert viewer.figure.layout.scene3.camera.eye.x == CAMERAS["profile"]["x"]
    viewer._bar._handle_custom_msg({"type": "camera", "name": "front"}, [])
    assert viewer.figure.layout.scene2.camera.eye.x == pytest.approx(0, abs=1e-9)


def test_three_stand_in_two_rows_where_the_page_is_narrow(viewer, pane):
    viewer.show([pane] * 3, ["a", "b", "c"])
    assert viewer._titles.columns == 3
    viewer.figure._on_browser(None, {"type": "size", "width": 360, "height": 340}, [])
    viewer._on_size(None, {"type": "size"}, [])
    assert viewer._titles.columns == 2
    assert viewer.figure.layout.scene3.domain.y[1] <= 0.5


def test_what_nobody_sees_is_not_drawn_by_the_browser(viewer):
    viewer.set_shown(False)
    assert viewer.figure not in viewer._stage.children
    viewer.set_shown(True)
    assert viewer._stage.children[0] is viewer.figure


def test_a_large_map_travels_small_and_whole():
    view = MapView()
    values = np.full((900, 600), np.nan, np.float32)
    values[300:600, 200:400] = 5
    marked = np.zeros((900, 600), bool)
    marked[:90] = True
    view.show(values, (-10, 10), " mm", diverging_lut(), marked, "hangs")
    sent = view._map
    shape = sent["height"], sent["width"]
    assert max(shape) <= 360
    small = np.frombuffer(sent["values"], np.float32).reshape(shape)
    assert np.isfinite(small).mean() == pytest.approx(1 / 9, rel=0.05)
    assert np.frombuffer(sent["marked"], np.uint8).mean() == pytest.approx(0.1, rel=0.05)
    assert (sent["low"], sent["high"], sent["unit"], sent["mark"]) == (-10, 10, " mm", "hangs")
    view.show(values, (-10, 10), " mm", diverging_lut(), ~(marked | True), "hangs")
    assert view._map["mark"] == ""
