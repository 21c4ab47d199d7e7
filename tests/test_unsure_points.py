"""The uncertainty from the estimator to colours, to points left out, and to files."""

import asyncio
import dataclasses
import threading
import time

import numpy as np
import pytest

from face3d_widgets.depth import ModelError
from face3d_widgets.depth.uncertainty import VARIANTS, UncertaintyCancelled
from face3d_widgets.figures import colormap_lut, figure_as_shown
from face3d_widgets.figures.coloring import (
    MOST_UNCERTAIN,
    UNCERTAINTY,
    color_bytes,
    color_scale_of,
    uncertainty_bytes,
)
from face3d_widgets.figures.figure_raster import FigureRaster
from face3d_widgets.geometry import FaceGeometry, make_solid
from face3d_widgets.image import encode_jpeg
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.session.order import FileChoices
from face3d_widgets.types import GeometryParams, InverseDepth, Photo, SolidParams, ViewParams
from face3d_widgets.widgets import Dashboard
from face3d_widgets.widgets.jobs import Jobs
from tests.conftest import FakeEstimator, drawn_portrait

AT_ONCE = Jobs(threaded=False)
RUNS = 1 + len(VARIANTS)
UNSURE = ViewParams(draw_as="mesh", color_by="uncertainty")


class OneSided(FakeEstimator):
    """Sees a head that bulges on its left, whatever the photo shows: mirrored, it moves."""

    def predict(self, model):
        found = super().predict(model)
        values = found.values.copy()
        h, w = values.shape
        left = np.s_[int(0.3 * h) : int(0.55 * h), int(0.36 * w) : int(0.45 * w)]
        values[left] += np.float32(0.3)
        return InverseDepth(values, found.subject, model, found.relief_unit)


@pytest.fixture
def estimator():
    return OneSided()


@pytest.fixture
def session(estimator, photo):
    session = ReconstructionSession(estimator)
    session.open(photo)
    return session


# --- geometry ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def half_unsure():
    """A head whose right half moves by a tenth of the relief."""
    portrait = Photo(drawn_portrait(120, 96))
    relief = FakeEstimator()
    relief.set_photo(portrait)
    uncertainty = np.full((120, 96), 0.01, np.float32)
    uncertainty[:, 48:] = 0.1
    return FaceGeometry(portrait, relief.predict("face_lite"), uncertainty)


@pytest.mark.parametrize("most", [0.02, 0.0999])
def test_points_mesh_surface_and_solid_leave_the_unsure_out(half_unsure, most):
    params = GeometryParams(n_points=100_000, most_unsure=most)
    cloud = half_unsure.point_cloud(params)
    assert len(cloud) > 500
    assert (cloud.pixels % 96 < 48).all()
    for mesh in (half_unsure.mesh(params), half_unsure.mesh(params, normals=True)):
        assert (mesh.vertices.pixels % 96 < 48).all()
    assert half_unsure.surface(params).uv[:, 0].max() < 0.5
    assert half_unsure.surface_size(params).faces == len(half_unsure.surface(params).faces)
    assert not half_unsure.surface_depth(params)[1][:, 48:].any()
    solid = make_solid(half_unsure, params, SolidParams())
    whole = make_solid(half_unsure, GeometryParams(n_points=100_000), SolidParams())
    # Both are 80 mm wide, so half a head comes out taller.
    assert np.ptp(solid.vertices[:, 1]) > 1.3 * np.ptp(whole.vertices[:, 1])


def test_one_leaves_nothing_out_and_a_tenth_is_still_in(half_unsure):
    whole = FaceGeometry(half_unsure.photo, half_unsure.inverse_depth)
    for most in (1.0, 0.1):
        params = GeometryParams(n_points=100_000, most_unsure=most)
        n = len(half_unsure.point_cloud(params))
        assert n == len(whole.point_cloud(params))
    assert whole.uncertainty is None
    assert len(whole.point_cloud(GeometryParams(most_unsure=0.01, n_points=100_000))) == n
    assert not half_unsure.uncertainty.flags.writeable


def test_a_map_of_another_size_is_refused(half_unsure):
    with pytest.raises(ValueError, match="differ in size"):
        FaceGeometry(half_unsure.photo, half_unsure.inverse_depth, np.zeros((4, 4), np.float32))


@pytest.mark.parametrize("most", [0, -1, 1.01, float("nan")])
def test_the_limit_lies_between_nothing_and_everything(most):
    with pytest.raises(ValueError, match="most_unsure"):
        GeometryParams(most_unsure=most)


# --- colours -----------------------------------------------------------------------------------


def test_colours_have_fixed_limits():
    shares = np.array([0, MOST_UNCERTAIN / 2, MOST_UNCERTAIN, 1], np.float32)
    assert uncertainty_bytes(shares).tolist() == [0, 127, 255, 255]


@pytest.mark.parametrize("draw_as", ["points", "mesh", "wireframe"])
def test_it_is_drawn_in_its_colours_once_it_is_measured(session, draw_as):
    view = dataclasses.replace(UNSURE, draw_as=draw_as)
    before = session.scene(view)
    assert before.colored_by(view) == "photo"
    assert color_scale_of(before, view) is session.result.palette
    as_photo = session.figure(view)
    session.add_uncertainty()
    scene = session.scene(view)
    assert color_scale_of(scene, view) == UNCERTAINTY
    expected = session.result.uncertainty.ravel()[scene.cloud.pixels] * 255 / MOST_UNCERTAIN
    np.testing.assert_allclose(color_bytes(scene, view), np.clip(expected, 0, 255), atol=1)
    assert session.figure(view) != as_photo
    assert f"rgb({','.join(map(str, colormap_lut('Inferno')[255]))})" in str(session.figure(view))


@pytest.mark.parametrize("draw_as", ["points", "mesh", "wireframe"])
def test_a_picture_that_leaves_the_program_says_what_its_colours_mean(session, draw_as):
    session.add_uncertainty()
    figure = session.figure(dataclasses.replace(UNSURE, draw_as=draw_as))

    def bars(figure):
        traces = [trace.to_plotly_json() for trace in figure.data]
        parts = [part for t in traces for part in (t, t.get("marker", {}), t.get("line", {}))]
        return [part["colorbar"] for part in parts if part.get("showscale")]

    assert bars(figure) == []  # the screen has a legend of its own
    shown = figure_as_shown(figure)
    [bar] = bars(shown)
    assert bar["title"]["text"] == "moves by, in percent of the relief"
    assert list(bar["ticktext"]) == ["0", "3", "6 or more"]
    plain = session.figure(dataclasses.replace(UNSURE, draw_as=draw_as, color_by="photo"))
    assert bars(figure_as_shown(plain)) == []
    drawn = FigureRaster(shown).draw(400, 300)  # as where there is no browser
    row = max(drawn[:, 100:300, :3].astype(int), key=lambda row: len(np.unique(row, axis=0)))
    assert np.abs(row[[0, -1]] - colormap_lut("Inferno")[[0, -1]]).max() < 4
    without = FigureRaster(figure).draw(400, 300)
    np.testing.assert_array_equal(drawn[:240], without[:240])  # the view stays where it is


# --- session -----------------------------------------------------------------------------------


def test_nothing_is_measured_before_somebody_asks(session, estimator):
    assert session.result.uncertainty is None
    assert estimator.runs == 1
    found = session.add_uncertainty()
    assert estimator.runs == 1 + RUNS
    assert session.add_uncertainty() is found
    assert estimator.runs == 1 + RUNS
    assert estimator.photo is session.result.photo
    assert found.shape == session.result.photo.rgb.shape[:2]
    assert session.result.geometry.uncertainty is found


def test_it_is_found_where_the_network_changes_its_mind(session, photo):
    other = ReconstructionSession(FakeEstimator())
    other.open(photo)
    more = session.add_uncertainty() - other.add_uncertainty()
    bulge, mirrored = more[40:60, 37:41].mean(), more[40:60, 55:59].mean()
    assert bulge > 0.02
    assert mirrored > 0.02
    assert more[85:110, 30:66].mean() < 0.5 * min(bulge, mirrored)  # the shoulders


def test_measuring_tells_its_steps_and_changes_nothing(session):
    before, told = session.result, []
    measured = session.with_uncertainty(before, lambda step, share: told.append((step, share)))
    assert session.result is before
    assert len(told) == RUNS + 1
    assert measured.inverse_depth is before.inverse_depth
    assert measured.geometry is not before.geometry
    with pytest.raises(UncertaintyCancelled):
        session.with_uncertainty(before, cancelled=lambda: True)
    assert session.estimator.photo is before.photo


def test_numbers_and_ruler_stay_when_it_is_measured(session):
    session.set_scale((48.0, 39.0), (48.0, 57.0))
    session.params = GeometryParams(scale_shift=(0.3, 0.9))
    session.add_uncertainty()
    assert session.params.scale_shift == (0.3, 0.9)
    assert session.distance((48.0, 39.0), (48.0, 57.0)) == pytest.approx(63)
    session.accept(session.reconstruct(session.result.photo, "another"))
    assert session.params.scale_shift is None
    assert session.result.uncertainty is None


def test_files_leave_the_same_points_out(session):
    session.add_uncertainty()
    session.params = GeometryParams(n_points=100_000, most_unsure=0.02)
    n = len(session.point_cloud())
    assert n < len(session.result.geometry.point_cloud(GeometryParams(n_points=100_000)))
    assert f"element vertex {n}\n".encode() in session.save_as("points").data
    faces = len(session.surface().faces)
    ply = session.save_as("ply", FileChoices(n_faces=None)).data
    assert f"element face {faces}\n".encode() in ply


def test_the_python_lines_measure_too(session):
    session.params = GeometryParams(most_unsure=0.05)
    code = session.to_python()
    assert code.index("session.add_uncertainty()") < code.index("GeometryParams(most_unsure=0.05)")
    session.params = GeometryParams()
    assert "add_uncertainty" not in session.to_python()
    session.view = UNSURE
    assert "add_uncertainty" in session.to_python()


# --- the page ----------------------------------------------------------------------------------


@pytest.fixture
def dashboard(estimator):
    dashboard = Dashboard(ReconstructionSession(estimator), AT_ONCE)
    yield dashboard
    dashboard.close()


@pytest.mark.parametrize("wish", [{"color_by": "uncertainty"}, {"most_unsure": 0.05}])
def test_the_page_measures_with_the_first_wish(dashboard, estimator, wish):
    runs = estimator.runs
    for name, value in wish.items():
        setattr(dashboard.controls, name, value)
    assert estimator.runs == runs + RUNS
    assert dashboard.result.uncertainty is not None
    assert dashboard.result is dashboard.session.result
    assert dashboard.controls.measuring == ""
    dashboard.controls.most_unsure = 0.02
    dashboard.controls.color_by = "uncertainty"
    assert estimator.runs == runs + RUNS


def test_colours_have_a_legend_and_points_go(dashboard):
    n = dashboard.viewer.drawn
    assert dashboard.viewer.badges.legend == {}
    dashboard.controls.color_by = "uncertainty"
    legend = dashboard.viewer.badges.legend
    assert (legend["before"], legend["after"]) == ("moves by 0 %", "6 % of the relief")
    assert legend["colors"][-1].startswith("rgb(2")
    assert dashboard.viewer.figure.data[1].colorscale[-1][1] == legend["colors"][-1]
    dashboard.controls.most_unsure = 0.005
    assert dashboard.viewer.drawn < n
    dashboard.controls.reset()
    assert dashboard.viewer.badges.legend == {}
    assert dashboard.viewer.drawn == n


def test_another_photo_is_not_measured_and_the_wishes_end(dashboard, estimator):
    dashboard.controls.color_by = "uncertainty"
    dashboard.controls.most_unsure = 0.05
    runs = estimator.runs
    dashboard.upload.selected = "sample:rendered_elder"
    assert estimator.runs == runs + 1
    assert dashboard.controls.color_by == "photo"
    assert dashboard.controls.most_unsure == 1


def test_what_cannot_be_measured_is_said_and_the_wish_ends(dashboard, estimator):
    estimator.error = ModelError("It is broken.")
    dashboard.controls.color_by = "uncertainty"
    assert dashboard.controls.color_by == "photo"
    assert "It is broken." in dashboard.status.text
    estimator.error = ZeroDivisionError("zero")
    dashboard.controls.most_unsure = 0.1
    assert dashboard.controls.most_unsure == 1
    assert "try another photo" in dashboard.status.text
    estimator.error = None
    dashboard.controls.most_unsure = 0.1
    assert dashboard.result.uncertainty is not None


def test_a_link_measures_what_it_shows(dashboard):
    dashboard.open_link("v=1&p=rendered_elder&b=uncertainty&u=0.05")
    assert dashboard.result.uncertainty is not None
    assert dashboard.controls.color_by == "uncertainty"
    assert dashboard.viewer.params.most_unsure == 0.05


class Slow(OneSided):
    """Waits in each run after the first until it may go on."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()

    def predict(self, model):
        if self.runs and not self.go.wait(10):
            raise AssertionError("nobody let it go on")
        return super().predict(model)


async def until(condition):
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < 20
        await asyncio.sleep(0.01)


def run_slowly(steps):
    """Drive a dashboard with a thread and an event loop."""

    async def main():
        estimator = Slow()
        dashboard = Dashboard(ReconstructionSession(estimator))
        try:
            await until(lambda: dashboard.result is not None)
            dashboard.controls.color_by = "uncertainty"
            await until(lambda: dashboard.controls.measuring == "Photo as it is")
            await steps(dashboard, estimator)
        finally:
            estimator.go.set()
            dashboard.close()

    asyncio.run(main())


def test_a_person_can_cancel():
    async def steps(dashboard, estimator):
        dashboard.controls._on_message(None, {"type": "cancel-measuring"}, [])
        assert dashboard.controls.measuring == ""
        assert dashboard.controls.color_by == "photo"
        assert "cancelled" in dashboard.status.text
        estimator.go.set()
        await asyncio.sleep(0.2)
        assert estimator.runs <= 2
        assert dashboard.result.uncertainty is None
        dashboard.controls.color_by = "uncertainty"
        await until(lambda: dashboard.result.uncertainty is not None)

    run_slowly(steps)


def test_a_photo_that_comes_meanwhile_is_not_given_the_other_ones_map():
    async def steps(dashboard, estimator):
        dashboard.upload.selected = "sample:rendered_elder"
        assert dashboard.controls.measuring == ""
        estimator.go.set()
        await until(lambda: dashboard.result.photo.name == "rendered_elder")
        await asyncio.sleep(0.2)
        assert dashboard.result.uncertainty is None
        assert dashboard.session.result.uncertainty is None
        assert dashboard.controls.color_by == "photo"

    run_slowly(steps)


def test_a_photo_that_is_read_meanwhile_does_not_wait():
    async def steps(dashboard, estimator):
        dashboard.upload.add(encode_jpeg(Photo(drawn_portrait(90, 120))), "bert.jpg")
        assert dashboard.controls.measuring == ""
        estimator.go.set()
        await until(lambda: dashboard.result.photo.name == "bert")
        assert dashboard.result.uncertainty is None
        assert estimator.runs <= 4  # and not the nine of the other photo

    run_slowly(steps)
