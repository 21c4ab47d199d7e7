"""The line under the 3D view: how much is drawn, and buttons for the camera."""

import pytest

from face3d_widgets.figures import CAMERAS
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.types import GeometryParams, ViewParams
from face3d_widgets.widgets import FaceViewer, ViewBar


@pytest.fixture
def viewer(estimator, photo):
    session = ReconstructionSession(estimator)
    session.open(photo)
    return FaceViewer(session)


def press(bar, name):
    bar._handle_custom_msg({"type": "camera", "name": name}, [])


def eye(viewer):
    return viewer.figure.layout.scene.camera.eye.to_plotly_json()


def test_it_says_how_much_is_drawn(viewer):
    bar = ViewBar(viewer)
    viewer.view, viewer.params = ViewParams(draw_as="points"), GeometryParams(n_points=1234)
    assert bar.text == "1,234 points"
    viewer.view = ViewParams(draw_as="wireframe")
    assert bar.text.endswith("corners")


def test_it_says_what_to_do_where_nothing_is_left(viewer):
    bar = ViewBar(viewer)
    viewer.params = GeometryParams(cutoff=1.0, edge_angle=0.001)
    assert viewer.drawn == 0
    assert "cut-off" in bar.text


def test_it_is_silent_before_the_first_photo(estimator):
    assert ViewBar(FaceViewer(ReconstructionSession(estimator))).text == ""


@pytest.mark.parametrize("name", CAMERAS)
def test_each_button_moves_the_camera(viewer, name):
    bar = ViewBar(viewer)
    viewer.figure.layout.scene.camera.eye = {"x": 2, "y": 0.5, "z": -1}
    press(bar, name)
    assert eye(viewer) == CAMERAS[name]


def test_every_camera_has_a_button_and_others_are_refused(viewer):
    bar = ViewBar(viewer)
    assert {name for name, _ in bar._buttons} == set(CAMERAS)
    before = eye(viewer)
    press(bar, "from the moon")
    assert eye(viewer) == before


def test_a_slider_leaves_the_camera_where_a_button_put_it(viewer):
    bar = ViewBar(viewer)
    press(bar, "profile")
    viewer.params = GeometryParams(relief=2.0, fov=20, mm_per_unit=300)
    viewer.view = ViewParams(draw_as="wireframe", color_by="normals", axes=True)
    assert eye(viewer) == CAMERAS["profile"]
