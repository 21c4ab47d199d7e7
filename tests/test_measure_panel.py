"""The ruler, distances and profiles, by their Python and by what a browser would send."""

import numpy as np
import pytest

from face3d_widgets.session import ReconstructionSession
from face3d_widgets.types import GeometryParams, Photo, ViewParams, WrongOnPurpose
from face3d_widgets.widgets import FaceViewer, MeasurePanel, PhotoDepthView

pytest_plugins = ["tests.dashboards"]

LEFT, RIGHT = (48.0, 39.0), (48.0, 57.0)  # the drawn head's eyes, (row, column)


def browser_says(widget, kind, **more):
    widget._handle_custom_msg({"type": kind, **more}, [])


@pytest.fixture
def session(estimator, photo):
    session = ReconstructionSession(estimator)
    session.open(photo)
    return session


@pytest.fixture
def viewer(session):
    return FaceViewer(session, view=ViewParams(draw_as="points"))


@pytest.fixture
def photo_view(session):
    shown = PhotoDepthView()
    shown.show_photo(session.result.photo)
    shown.show_depth(session.result.inverse_depth, session.result.geometry.stats)
    return shown


@pytest.fixture
def panel(viewer, photo_view):
    return MeasurePanel(viewer, photo_view)


def click_photo(photo_view, place):
    row, column = place
    browser_says(photo_view, "pick", places=[[column / 96, row / 120]])


def trace(viewer, name):
    return next(t for t in viewer.figure.data if t.name == name)


def plotted(panel):
    read = [np.frombuffer(panel._plot[name], np.float32) for name in ("distance", "height")]
    return np.stack(read)


def test_it_is_off_at_the_start_and_nothing_can_be_clicked(panel, viewer, photo_view):
    assert (panel.mode, panel.text, panel.places) == ("off", "", [])
    assert photo_view.picking == ""
    assert all(t.hoverinfo == "skip" for t in viewer.figure.data)
    panel.pick(LEFT)
    assert panel.places == []


def test_a_mode_makes_photo_and_model_clickable_until_it_is_left(panel, viewer, photo_view):
    for mode, picking in (("ruler", "point"), ("distance", "point"), ("profile", "line")):
        panel.mode = mode
        assert photo_view.picking == picking
        assert trace(viewer, "points").hoverinfo == "none"
        assert panel.text.endswith(".")
    panel.mode = "off"
    assert photo_view.picking == ""
    assert trace(viewer, "points").hoverinfo == "skip"


def test_two_clicks_show_their_distance_and_a_third_starts_anew(panel, viewer, photo_view):
    panel.mode = "distance"
    click_photo(photo_view, LEFT)
    assert "second" in panel.text
    assert trace(viewer, "measurement").visible
    click_photo(photo_view, RIGHT)
    length = viewer.session.distance(LEFT, RIGHT)
    assert panel.text == f"Distance: {length:.3f} (relative)"
    assert f"{length:.3f} (relative)" in trace(viewer, "measurement").text
    assert photo_view._marks == [[39 / 96, 48 / 120], [57 / 96, 48 / 120]]
    click_photo(photo_view, (70.0, 48.0))
    assert panel.places == [(70.0, 48.0)]
    assert len(photo_view._marks) == 1


def test_one_place_clicked_twice_is_one_place(panel):
    panel.mode = "distance"
    for place in (LEFT, (48.2, 39.1)):
        panel.pick(place)
    assert panel.places == [LEFT]


def test_a_click_on_the_model_is_marked_in_the_photo(panel, viewer, photo_view):
    panel.mode = "distance"
    number = 100
    browser_says(viewer.figure, "click", trace=0, number=number)
    row, column = divmod(int(viewer.scene().cloud.pixels[number]), 96)
    [[x, y]] = photo_view._marks
    assert (x * 96, y * 120) == pytest.approx((column + 0.5, row + 0.5), abs=1e-3)


def set_ruler(panel, true_mm=63):
    panel.mode = "ruler"
    panel.pick(LEFT)
    panel.pick(RIGHT)
    browser_says(panel, "set_scale", true_mm=true_mm)


def test_the_ruler_puts_everything_in_millimetres(panel, viewer):
    panel.mode = "ruler"
    panel.pick(LEFT)
    assert not panel._ready
    browser_says(panel, "set_scale", true_mm=63)  # too early
    assert not panel.scaled
    panel.pick(RIGHT)
    assert panel._ready
    assert "true distance" in panel.text
    viewer.view = ViewParams(draw_as="points", axes=True)
    assert any("relative" in text for text in trace(viewer, "axes").text)

    browser_says(panel, "set_scale", true_mm=63)
    assert panel.scaled
    assert viewer.badges.units == "millimetres"
    assert viewer.session.distance(LEFT, RIGHT) == pytest.approx(63)
    assert "63.0 mm" in panel.text
    assert "63.0 mm" in trace(viewer, "measurement").text
    assert any("(mm)" in text for text in trace(viewer, "axes").text)
    panel.mode = "distance"
    panel.pick(LEFT)
    panel.pick((70.0, 48.0))
    assert panel.text == f"Distance: {viewer.session.distance(LEFT, (70.0, 48.0)):.1f} mm"

    browser_says(panel, "clear_scale")
    assert not panel.scaled
    assert viewer.session.params.mm_per_unit is None
    assert viewer.badges.units == "relative units"
    assert "relative" in panel.text


def test_the_rulers_distance_stays_true_when_the_shape_changes(panel, viewer):
    set_ruler(panel)
    before = viewer.session.params.mm_per_unit
    found = []
    for params in (
        GeometryParams(relief=3),
        GeometryParams(fov=15),
        GeometryParams(scale_shift=(0.3, 0.9)),
        GeometryParams(wrong=WrongOnPurpose(fov=100)),
    ):
        viewer.params = params
        assert viewer.session.distance(LEFT, RIGHT) == pytest.approx(63)
        assert "63.0 mm" in panel.text
        found.append(viewer.session.params.mm_per_unit)
    assert viewer.badges.units == "millimetres"
    assert found[-1] != pytest.approx(before, rel=0.1)


@pytest.mark.parametrize("typed", [0, -5, None])
def test_a_distance_that_cannot_be_is_said(panel, typed):
    set_ruler(panel, typed)
    assert not panel.scaled
    assert "above 0 mm" in panel.text


def test_measurements_follow_the_sliders(panel, viewer):
    panel.mode = "distance"
    nose, chin = (53.0, 48.0), (75.0, 40.0)
    panel.pick(nose)
    panel.pick(chin)
    text, line = panel.text, np.array(trace(viewer, "measurement").y)
    viewer.params = GeometryParams(relief=3.0)
    assert panel.text != text
    assert panel.text == f"Distance: {viewer.session.distance(nose, chin):.3f} (relative)"
    assert not np.allclose(trace(viewer, "measurement").y, line, equal_nan=True)


def test_a_dragged_line_gives_the_cross_section_under_it(panel, viewer, photo_view):
    panel.mode = "profile"
    browser_says(photo_view, "line", places=[[0.5, 0.25], [0.5, 0.75]])
    assert panel.places == [(30.0, 48.0), (90.0, 48.0)]
    expected = viewer.session.profile((30.0, 48.0), (90.0, 48.0))
    np.testing.assert_array_equal(plotted(panel), [expected.distance, expected.height])
    assert panel._plot["unit"] == "relative"
    assert (panel._plot["upright"], panel._plot["reversed"]) == (True, False)
    assert panel.text.startswith("Cross-section: ")
    assert trace(viewer, "profile").visible
    assert not trace(viewer, "measurement").visible


def test_a_profile_in_millimetres_lies_on_the_model_all_the_same(panel, viewer, photo_view):
    panel.mode = "profile"
    panel.draw_line((60.0, 90.0), (60.0, 10.0))
    line = np.array(trace(viewer, "profile").x)
    relative = plotted(panel)
    set_ruler(panel)
    panel.mode = "profile"
    assert panel._plot["unit"] == "mm"
    assert (panel._plot["upright"], panel._plot["reversed"]) == (False, True)
    scale = viewer.session.params.mm_per_unit
    np.testing.assert_allclose(plotted(panel), relative * scale, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(trace(viewer, "profile").x, line, atol=1e-6)


def test_a_profile_has_gaps_where_nothing_is_and_follows_the_sliders(panel, viewer):
    panel.mode = "profile"
    panel.pick((60.0, 2.0))  # two clicks do as well
    panel.pick((60.0, 94.0))
    first = plotted(panel)
    assert np.isnan(first[1]).any()
    assert np.isfinite(first[1]).any()
    viewer.params = GeometryParams(relief=2.0)
    second = plotted(panel)
    assert np.nanmax(second[1]) > 1.5 * np.nanmax(first[1])


def test_a_profile_of_nothing_says_so(panel):
    panel.mode = "profile"
    panel.draw_line((1.0, 1.0), (1.0, 20.0))
    assert "over the face" in panel.text


def test_each_mode_keeps_its_own_places(panel, photo_view):
    panel.mode = "distance"
    panel.pick(LEFT)
    panel.mode = "profile"
    assert panel.places == []
    assert photo_view._marks == []
    panel.mode = "distance"
    assert panel.places == [LEFT]
    assert len(photo_view._marks) == 1
    browser_says(photo_view, "clear")
    assert panel.places == []


def test_another_photo_starts_anew_and_is_relative(panel, viewer, photo_view):
    set_ruler(panel)
    other = Photo(viewer.session.result.photo.rgb[::-1].copy(), name="berta")
    viewer.session.accept(viewer.session.reconstruct(other))
    viewer.redraw()
    assert panel.places == []
    assert photo_view._marks == []
    assert not panel.scaled
    assert viewer.badges.units == "relative units"
    assert not trace(viewer, "measurement").visible


def test_another_network_keeps_the_ruler(panel, viewer):
    set_ruler(panel)
    session = viewer.session
    session.accept(session.reconstruct(session.result.photo, "another"))
    viewer.redraw()
    assert panel.places == [LEFT, RIGHT]
    assert session.distance(LEFT, RIGHT) == pytest.approx(63)


def test_a_slider_that_moves_nothing_measured_sends_no_lines(panel, viewer, monkeypatch):
    panel.mode = "distance"
    panel.pick(LEFT)
    panel.pick(RIGHT)
    calls = []
    monkeypatch.setattr(viewer._face_figure, "show_measurement", lambda *given: calls.append(given))
    viewer.view = ViewParams(draw_as="points", point_size=7)
    assert calls == []
    viewer.params = GeometryParams(relief=2)
    assert len(calls) == 1


def test_it_works_without_a_photo_view(viewer):
    panel = MeasurePanel(viewer)
    panel.mode = "distance"
    panel.pick(LEFT)
    panel.pick(RIGHT)
    assert panel.text.startswith("Distance: ")


def test_before_the_first_photo_it_waits(estimator):
    panel = MeasurePanel(FaceViewer(ReconstructionSession(estimator)), PhotoDepthView())
    panel.mode = "ruler"
    panel.pick(LEFT)
    assert panel.places == []
    assert panel.text


# --- what else on the page tells lengths -------------------------------------------------------


def test_the_line_under_save_and_the_code_follow_the_ruler(dashboard):
    exports, measure = dashboard.exports, dashboard.measure
    exports.kind, exports.code_shown = "glb", True
    said = [exports.preview]
    assert "life-size by a guess" in said[0]
    measure.mode = "ruler"
    for place in ((150.0, 150.0), (150.0, 230.0)):
        measure.pick(place)
    for true_mm in (63.0, 80.0):
        measure.set_scale(true_mm)
        assert "to the scale that was set" in exports.preview
        assert exports.preview not in said
        assert f"mm_per_unit={dashboard.session.params.mm_per_unit!r}" in exports.code
        said.append(exports.preview)
    assert measure.ruler.true_mm == 80
    measure.clear_scale()
    assert exports.preview == said[0]
    assert "mm_per_unit" not in exports.code
    assert measure.ruler is None
