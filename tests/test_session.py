"""The session, with no widget and no network."""

import subprocess
import sys

import numpy as np
import pytest

from face3d_widgets.depth import DepthEstimator, ModelError
from face3d_widgets.figures import MOST_WIREFRAME_VERTICES
from face3d_widgets.image import PhotoError, encode_jpeg
from face3d_widgets.session import ReconstructionSession, Ruler, photo_fov
from face3d_widgets.types import (
    GeometryParams,
    Mesh,
    Photo,
    PointCloud,
    ViewParams,
    WrongOnPurpose,
)
from tests.conftest import drawn_portrait


@pytest.fixture
def session(estimator):
    return ReconstructionSession(estimator)


@pytest.fixture
def opened(session, photo):
    session.open(photo)
    return session


def test_an_estimator_is_made_where_none_is_given():
    assert isinstance(ReconstructionSession().estimator, DepthEstimator)


def test_before_the_first_photo(session):
    assert not session.has_result
    for call in (session.point_cloud, session.mesh, session.scene, session.to_python):
        with pytest.raises(ValueError, match="open a photo"):
            call()


def test_a_photo_becomes_points_and_a_mesh(opened, photo):
    assert opened.has_result
    assert opened.result.photo is photo
    assert opened.result.inverse_depth.values.shape == photo.rgb.shape[:2]
    assert opened.result.seconds >= 0
    opened.params = GeometryParams(n_points=321)
    assert len(opened.point_cloud()) == 321
    assert len(opened.mesh().faces) > 100


def test_open_takes_bytes_and_paths(session, photo, tmp_path):
    data = encode_jpeg(photo)
    session.open(data)
    assert session.result.photo.rgb.shape == photo.rgb.shape
    path = tmp_path / "berta.jpg"
    path.write_bytes(data)
    for given in (path, str(path)):
        session.open(given)
        assert session.result.photo.name == "berta"


def test_the_field_of_view_comes_from_the_photo_and_the_rest_stays(session, photo):
    session.params = GeometryParams(relief=2, cutoff=0.1, n_points=77)
    session.open(photo)  # 50 mm over 96 x 120 pixels
    assert session.params == GeometryParams(relief=2, cutoff=0.1, n_points=77, fov=37.3)
    session.open(Photo(photo.rgb))
    assert session.params.fov == GeometryParams().fov


@pytest.mark.parametrize(("focal_length", "fov"), [(None, 50), (5, 90), (2000, 15)])
def test_a_photos_field_of_view_suits_the_slider(photo, focal_length, fov):
    assert photo_fov(Photo(photo.rgb, focal_length_35mm=focal_length)) == fov


def test_errors_leave_the_last_result(opened, estimator, tmp_path):
    kept, params = opened.result, opened.params
    with pytest.raises(PhotoError):
        opened.open(b"no photo")
    with pytest.raises(PhotoError):
        opened.open(tmp_path / "missing.jpg")
    estimator.error = ModelError("It is broken.")
    with pytest.raises(ModelError):
        opened.open(Photo(np.zeros((30, 30, 3), np.uint8)))
    assert opened.result is kept
    assert opened.params is params


def test_reconstruct_changes_nothing_and_names_its_steps(opened, photo):
    steps = []
    other = Photo(photo.rgb, name="berta")
    result = opened.reconstruct(other, progress=lambda step, share: steps.append((step, share)))
    assert result.photo is other
    assert opened.result.photo is photo
    assert len(steps) >= 2
    assert all(step for step, _ in steps)
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert shares[0] >= 0
    assert shares[-1] <= 1
    opened.accept(result)
    assert opened.result is result


def test_parameters_never_run_the_network(opened, estimator):
    for params in (GeometryParams(relief=0), GeometryParams(fov=20), GeometryParams(n_points=5)):
        opened.params = params
        opened.scene(ViewParams(draw_as="points"))
        opened.scene(ViewParams(draw_as="mesh"))
    assert estimator.runs == 1


def test_the_model_is_handed_on(session, photo):
    session.open(photo, model="another")
    assert session.result.inverse_depth.model == "another"


def test_scenes(opened):
    assert isinstance(opened.scene().shape, PointCloud)
    assert scene_has_normals(opened.scene(ViewParams(color_by="normals")))
    for draw_as in ("mesh", "wireframe"):
        scene = opened.scene(ViewParams(draw_as=draw_as))
        assert isinstance(scene.shape, Mesh)
        assert scene.cloud is scene.shape.vertices
        assert scene.framing == opened.result.geometry.framing(opened.params)
    opened.view = ViewParams(draw_as="mesh")
    assert isinstance(opened.scene().shape, Mesh)


def scene_has_normals(scene):
    return scene.cloud.normals is not None


LEFT, RIGHT = (48.0, 39.0), (48.0, 57.0)  # the eyes


def test_a_ruler_gives_millimetres(opened):
    relative = opened.distance(LEFT, RIGHT)
    assert opened.set_scale(LEFT, RIGHT) == opened.params.mm_per_unit
    assert opened.params.mm_per_unit == pytest.approx(63 / relative)
    assert opened.distance(LEFT, RIGHT) == pytest.approx(63)
    assert opened.scene().mm_per_unit == opened.params.mm_per_unit
    assert opened.profile(LEFT, RIGHT).unit == "mm"
    assert opened.ruler == Ruler(LEFT, RIGHT, 63)
    opened.clear_scale()
    assert opened.ruler is None
    assert opened.params == GeometryParams(fov=37.3)
    assert opened.distance(LEFT, RIGHT) == relative


@pytest.mark.parametrize(
    "changes",
    [
        {"relief": 3.0},
        {"fov": 15.0},
        {"smoothing": 1.0},
        {"scale_shift": (0.3, 0.9)},
        {"wrong": WrongOnPurpose(fov=120)},
        {"mm_per_unit": 5.0},
    ],
)
def test_the_rulers_distance_stays_true_whatever_is_set(opened, changes):
    opened.set_scale((30.0, 48.0), (80.0, 60.0), true_mm=120)
    opened.params = GeometryParams(**changes)
    assert opened.distance((30.0, 48.0), (80.0, 60.0)) == pytest.approx(120)


def test_a_scale_that_was_given_as_a_number_stays_a_number(opened):
    opened.params = GeometryParams(mm_per_unit=250)
    opened.params = GeometryParams(relief=2, mm_per_unit=250)
    assert opened.params.mm_per_unit == 250


@pytest.mark.parametrize("wrong", [(LEFT, LEFT, 63), (LEFT, RIGHT, 0), (LEFT, (48.0, 500.0), 63)])
def test_a_ruler_that_cannot_be_leaves_the_last(opened, wrong):
    opened.set_scale(LEFT, RIGHT, 60)
    kept = opened.params
    with pytest.raises(ValueError, match=r"choose|measure"):
        opened.set_scale(*wrong)
    assert opened.params is kept
    assert opened.ruler == Ruler(LEFT, RIGHT, 60)


def test_another_photo_is_relative_and_another_network_keeps_the_ruler(opened, photo):
    opened.set_scale(LEFT, RIGHT, 60)
    opened.accept(opened.reconstruct(photo, "another"))
    assert opened.distance(LEFT, RIGHT) == pytest.approx(60)
    opened.accept(opened.reconstruct(Photo(photo.rgb)))
    assert opened.ruler is None
    assert opened.params.mm_per_unit is None


def test_scale_and_shift_belong_to_one_estimate(opened, photo):
    opened.params = GeometryParams(scale_shift=(0.3, 0.9), relief=2.0)
    opened.accept(opened.result)
    assert opened.params.scale_shift == (0.3, 0.9)
    opened.accept(opened.reconstruct(photo, "another"))
    assert opened.params == GeometryParams(relief=2.0)


def test_a_file_is_of_the_present_result(opened):
    opened.params = GeometryParams(n_points=123)
    saved = opened.save_as("points")
    assert saved.name == "anna_face-lite_points.ply"
    assert b"element vertex 123\n" in saved.data


def test_no_torch_and_no_widget_where_the_estimator_needs_none():
    code = """
import sys
import numpy as np
from face3d_widgets import InverseDepth, Photo, ReconstructionSession

class Estimator:
    def set_photo(self, photo): self.photo = photo
    def predict(self, model): return InverseDepth(np.eye(40), np.ones((40, 40), bool), model)

session = ReconstructionSession(Estimator())
session.open(Photo(np.zeros((40, 40, 3), np.uint8)))
session.scene(); session.mesh(); session.set_scale((9, 3), (20, 30)); session.to_python()
print([m for m in ("torch", "cv2", "ipywidgets", "anywidget") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_wireframe_has_no_more_corners_than_a_browser_draws(session):
    session.open(Photo(drawn_portrait(480, 400)))
    session.params = GeometryParams(n_points=60_000, cutoff=0.0)
    assert len(session.scene(ViewParams(draw_as="mesh")).cloud) > 40_000
    wires = session.scene(ViewParams(draw_as="wireframe"))
    assert len(wires.cloud) <= 1.05 * MOST_WIREFRAME_VERTICES
    assert session.params.n_points == 60_000
