"""What a page without WebGL is sent."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from face3d_widgets.figures import FaceFigure, FigureError
from face3d_widgets.figures.figure_raster import FigureRaster
from face3d_widgets.figures.figure_widget import FaceFigureWidget
from face3d_widgets.figures.linked_faces import LinkedFaces, Pane
from face3d_widgets.figures.view_picture import moved_cameras, view_picture
from face3d_widgets.types import ViewParams
from tests.scenes import SceneMaker


def opened(webp):
    return np.asarray(Image.open(io.BytesIO(webp)).convert("RGBA"))


@pytest.fixture
def sent(monkeypatch):
    """Custom messages of figure widgets, from now on."""
    sent = []
    monkeypatch.setattr(
        FaceFigureWidget,
        "send",
        lambda self, content, buffers=None: sent.append((content, buffers)),
    )
    return sent


def ask(widget, **asked):
    size = {"width": 300, "height": 240, "ratio": 1}
    still = {"right": 0, "down": 0, "farther": 1}
    widget._on_browser(widget, {"type": "picture", "view": 7, **size, **still, **asked}, [])


def test_a_picture_is_what_the_renderer_draws_on_a_clear_ground():
    figure = SceneMaker().figure("mesh").figure
    picture = opened(view_picture(figure, 300, 240))
    drawn = FigureRaster(figure).draw(300, 240, background=None)
    assert picture.shape == (240, 300, 4)
    assert np.abs(picture[..., 3].astype(int) - drawn[..., 3]).mean() < 1
    both = (picture[..., 3] == 255) & (drawn[..., 3] == 255)
    assert both.mean() > 0.1
    assert np.abs(picture.astype(int) - drawn)[both].mean() < 6  # WebP loses a little
    assert opened(view_picture(figure, 300, 240, 1.5)).shape == (360, 450, 4)
    large = opened(view_picture(figure, 1500, 1200, 3))
    assert large.shape[0] * large.shape[1] == pytest.approx(1_200_000, rel=0.01)


def test_each_scene_has_its_place():
    scene = SceneMaker()("mesh")
    colors = np.zeros(len(scene.cloud), np.uint8)
    linked = LinkedFaces(3)
    linked.draw([Pane(scene.shape, scene.framing, colors, scene.palette)] * 3)
    linked.arrange(3)
    alpha = opened(view_picture(linked.figure, 600, 200))[..., 3]
    shares = [(part > 0).mean() for part in np.array_split(alpha, 3, axis=1)]
    assert min(shares) > 0.05
    assert shares == pytest.approx([shares[0]] * 3, rel=0.1)


def test_a_page_is_answered_with_the_view_or_with_nothing_yet(sent):
    widget = FaceFigureWidget()
    face_figure = FaceFigure(widget)
    with pytest.raises(FigureError):
        view_picture(widget, 300, 240)
    ask(widget)
    assert sent.pop() == ({"type": "picture", "view": 7}, [])
    face_figure.draw(SceneMaker()("mesh"), ViewParams(draw_as="mesh"))
    ask(widget)
    content, [picture] = sent.pop()
    assert content == {"type": "picture", "view": 7}
    before = opened(picture)
    eye = widget.layout.scene.camera.eye.to_plotly_json()
    ask(widget, right=60)
    assert np.abs(opened(sent.pop()[1][0]).astype(int) - before).mean() > 1
    assert widget.layout.scene.camera.eye.to_plotly_json() != eye


def test_a_hand_moves_the_camera_as_on_a_turntable():
    figure = SceneMaker().figure("mesh", camera="front").figure
    front = figure.layout.scene.camera.eye.to_plotly_json()
    distance = math.dist((0, 0, 0), (front["x"], front["y"], front["z"]))

    def eye(*moved):
        eye = moved_cameras(figure, *moved)["scene_camera"]["eye"]
        return [eye[axis] for axis in "xyz"]

    assert eye(0, 0) == pytest.approx([front[axis] for axis in "xyz"])
    x, y, _ = eye(60, 0)  # 30 degrees: what faced us goes right, as the camera goes left
    assert x == pytest.approx(-distance / 2, abs=0.1)
    assert y < 0
    assert eye(0, 60)[2] > front["z"] + 0.5  # from above
    for down in (1_000, -1_000):
        assert math.dist((0, 0, 0), eye(0, down)) == pytest.approx(distance)
        assert abs(eye(0, down)[2]) < distance
    assert math.dist((0, 0, 0), eye(0, 0, 2)) == pytest.approx(2 * distance)
    assert math.dist((0, 0, 0), eye(0, 0, 1e9)) == pytest.approx(20)
    assert math.dist((0, 0, 0), eye(0, 0, 1e-9)) == pytest.approx(0.2)
