"""Links and settings on the dashboard, driven without a browser."""

import asyncio
import json

import numpy as np
import pytest

from face3d_widgets.depth import ModelError
from face3d_widgets.figures.cameras import Viewpoint
from face3d_widgets.image import encode_jpeg
from face3d_widgets.samples.rendered import write_rendered_head
from face3d_widgets.session import ReconstructionSession, Ruler
from face3d_widgets.types import Photo
from face3d_widgets.widgets import Dashboard
from face3d_widgets.widgets.jobs import Jobs
from tests.conftest import drawn_portrait
from tests.rendered import analytic_head

pytest_plugins = ["tests.dashboards"]
pytestmark = pytest.mark.usefixtures("no_weights")

AT_ONCE = Jobs(threaded=False)


@pytest.fixture
def saved(dashboard, monkeypatch):
    """What `Save settings` handed to the browser last."""
    files = []
    monkeypatch.setattr(
        dashboard.replay, "deliver", lambda data, name: files.append((name, data.decode()))
    )

    def save():
        dashboard.replay._on_message(None, {"type": "save"}, [])
        return files[-1]

    return save


def browser_says(widget, **message):
    widget._on_message(widget, message, [])


def turn_everything(dashboard):
    """Every control elsewhere than at the start."""
    controls = dashboard.controls
    dashboard.upload.selected = "sample:rendered_elder"
    values = {
        **{"relief": 1.5, "fov": 35.0, "smoothing": 0.25, "cutoff": 0.3, "n_points": 5_000},
        **{"edge_angle": 80.0, "draw_as": "points", "color_by": "depth", "shaded": True},
        **{"colormap": "Viridis", "point_size": 4.5, "opacity": 0.8, "axes": True},
        **{"inverse_as_depth": True, "wrong_fov_on": True, "wrong_fov": 70.0, "eight_bit": True},
        **{"edges_kept": True},
    }
    for name, value in values.items():
        setattr(controls, name, value)
    dashboard.viewer.set_camera("profile")
    exports = dashboard.exports
    exports.kind, exports.n_faces, exports.dpi, exports.whole_turn = "gif", 0, 150.0, True
    exports.model_size, exports.head_mm, exports.print_depth = "head", 152.0, 9.0
    dashboard.measure.mode = "ruler"
    dashboard.measure.pick((150.0, 150.0))
    dashboard.measure.pick((150.0, 230.0))
    dashboard.measure.set_scale(70.0)


def state_of(dashboard):
    controls = dashboard.controls
    return {
        **{name: getattr(controls, name) for name in [*controls.defaults, "colormap"]},
        "photo": dashboard.session.result.photo.name,
        "viewpoint": dashboard.viewer.viewpoint,
        "mode": dashboard.measure.mode,
        "places": dashboard.measure.places,
        "ruler": dashboard.session.ruler,
        "files": dashboard.exports.choices,
        "kind": dashboard.exports.kind,
        "page": dashboard.tabs.value,
    }


# --- the address -------------------------------------------------------------------------------


def test_the_page_of_the_start_leaves_the_address_alone(dashboard):
    assert dashboard.replay.link == ""
    assert dashboard.to_link() == ""
    assert not dashboard.replay.own_photo


def test_the_address_follows_every_control(dashboard):
    seen = [dashboard.replay.link]

    def moves(change):
        change()
        assert dashboard.replay.link not in seen
        seen.append(dashboard.replay.link)

    for name, value in [("relief", 2.0), ("axes", True), ("color_by", "normals"), ("fov", 30.0)]:
        moves(lambda name=name, value=value: setattr(dashboard.controls, name, value))
    moves(lambda: setattr(dashboard.photo_view, "colormap", "Turbo"))
    moves(lambda: setattr(dashboard.upload, "selected", "sample:rendered_adult"))
    moves(lambda: dashboard.viewer.set_camera("front"))
    moves(lambda: setattr(dashboard.measure, "mode", "distance"))
    moves(lambda: dashboard.measure.pick((100.0, 120.0)))
    moves(lambda: setattr(dashboard.exports, "kind", "pdf"))
    moves(lambda: setattr(dashboard.exports, "model_size", "width"))
    moves(lambda: setattr(dashboard.exports, "model_width_mm", 99.0))
    moves(lambda: setattr(dashboard.exports, "print_depth", 15.0))
    moves(lambda: setattr(dashboard.tabs, "value", "compare"))
    moves(lambda: setattr(dashboard.page("compare").bar, "color_by", "difference"))


def test_the_camera_of_a_hand_is_in_the_address(dashboard):
    hand = {"eye": {"x": 1.00049, "y": -1.2, "z": 0.3}, "center": {"x": 0, "y": 0, "z": 0.1}}
    dashboard.viewer.figure._js2py_relayout = {
        "relayout_data": {"scene.camera": {**hand, "up": {"x": 0, "y": 0, "z": 1}}},
        "source_view_id": "a",
    }
    assert dashboard.replay.link == "v=1&cam=1,-1.2,0.3,0,0,0.1"


def test_a_link_to_be_copied_does_not_wait_for_the_hand_to_rest(dashboard, monkeypatch):
    bar, sent = dashboard.replay, []
    monkeypatch.setattr(bar, "send", sent.append)

    async def copy():
        dashboard.controls.relief = 2.0
        assert bar.link == ""
        browser_says(bar, type="link")

    asyncio.run(copy())
    assert bar.link == "v=1&r=2"
    assert sent == [{"type": "link", "link": bar.link}]


# --- links -------------------------------------------------------------------------------------


def test_a_link_sets_everything_on_another_page(dashboard, estimator):
    turn_everything(dashboard)
    link, wanted = dashboard.replay.link, state_of(dashboard)
    other = Dashboard(ReconstructionSession(estimator), AT_ONCE)
    try:
        assert state_of(other) != wanted
        browser_says(other.replay, type="open", text=f"#{link}")
        assert state_of(other) == wanted
        assert other.replay.link == link
        assert other.replay.notice == ""
    finally:
        other.close()


def test_a_link_runs_the_network_once_and_only_where_it_must(dashboard, estimator):
    runs = estimator.runs
    dashboard.open_link("v=1&p=rendered_elder&r=2&f=30")
    assert estimator.runs == runs + 1
    dashboard.open_link("v=1&p=rendered_elder&r=1.5")
    assert estimator.runs == runs + 1
    assert dashboard.controls.relief == 1.5
    assert dashboard.controls.fov == 50.0


def test_what_is_not_in_the_link_goes_back_to_its_default(dashboard):
    turn_everything(dashboard)
    dashboard.open_link("v=1&r=2")
    assert dashboard.replay.link == "v=1&r=2"
    assert dashboard.session.ruler is None
    assert dashboard.session.result.photo.name == "astronaut"


def test_typed_numbers_come_back_for_their_estimate(dashboard):
    dashboard.controls.set_numbers(0.4, 0.9)
    link = dashboard.replay.link
    assert "z=0.4,0.9" in link
    dashboard.upload.selected = "sample:rendered_adult"
    assert dashboard.controls.scale_shift is None
    dashboard.open_link(link)
    assert dashboard.controls.scale_shift == [0.4, 0.9]


def test_numbers_that_this_estimate_cannot_have_are_said(dashboard):
    dashboard.open_link("v=1&z=0.4,-9")
    assert dashboard.controls.scale_shift is None
    assert dashboard.replay.notice == "Not everything could be set: scale and shift."


def test_unknown_and_broken_parts_are_said_and_the_rest_is_set(dashboard):
    dashboard.open_link("v=3&r=2&sparkle=9&c=7&f=1.5&mm=distance&mp=4,4,9000,9000")
    assert dashboard.controls.relief == 2
    assert dashboard.controls.cutoff == 0.4
    notice = dashboard.replay.notice
    assert "newer version" in notice
    assert "sparkle, background cut-off" in notice
    assert "could be set: field of view, measured places" in notice
    assert dashboard.measure.places == []


@pytest.mark.parametrize("text", ["#intro", "", "#v=", 7, None])
def test_what_is_no_link_changes_nothing(dashboard, text):
    dashboard.controls.relief = 2.0
    browser_says(dashboard.replay, type="open", text=text)
    assert dashboard.replay.link == "v=1&r=2"
    assert dashboard.replay.notice == ""


def test_a_network_that_is_not_here_is_said_and_offered(dashboard):
    dashboard.open_link("v=1&m=midas_v21_small_256&r=2")
    assert dashboard.models.value == "face_lite"
    assert dashboard.models.picked == "midas_v21_small_256"
    assert "is not on this machine" in dashboard.replay.notice
    assert "Face Lite is used meanwhile" in dashboard.replay.notice
    assert dashboard.controls.relief == 2


def test_a_network_that_fails_leaves_the_sliders_set(dashboard, estimator):
    estimator.error = ModelError("It is broken.")
    dashboard.open_link("v=1&p=rendered_elder&r=2")
    assert dashboard.controls.relief == 2
    assert dashboard.status.text == "It is broken."
    assert dashboard.session.result.photo.name == "astronaut"


# --- a photo of one's own ----------------------------------------------------------------------


def upload(dashboard, focal_length=None, name="anna.jpg"):
    photo = Photo(drawn_portrait(120, 96), focal_length_35mm=focal_length)
    dashboard.upload.add(encode_jpeg(photo, quality=95), name)


def test_an_uploaded_photo_never_travels(dashboard):
    upload(dashboard)
    dashboard.controls.relief = 2.0
    dashboard.measure.mode = "distance"
    dashboard.measure.pick((40.0, 40.0))
    assert dashboard.replay.link == "v=1&p=own&r=2"
    assert dashboard.replay.own_photo


def test_a_link_from_an_uploaded_photo_says_so_and_waits_for_the_photo(dashboard):
    dashboard.open_link("v=1&p=own&r=2&f=33&b=depth")
    assert dashboard.session.result.photo.name == "astronaut"
    assert dashboard.controls.relief == 2
    assert "Photos never travel in a link" in dashboard.replay.notice
    upload(dashboard)
    assert dashboard.controls.fov == 33
    assert dashboard.controls.color_by == "depth"
    assert dashboard.replay.notice == ""
    assert dashboard.replay.link == "v=1&p=own&r=2&f=33&b=depth"
    upload(dashboard)
    assert dashboard.controls.fov == 50  # it waited for one photo, not for every one


def test_another_link_is_not_held_up_by_one_that_waits(dashboard):
    dashboard.open_link("v=1&p=own&f=33")
    dashboard.open_link("v=1&p=rendered_elder")
    assert dashboard.replay.notice == ""
    upload(dashboard)
    assert dashboard.controls.fov == 50


# --- settings as a file ------------------------------------------------------------------------


def test_a_turn_is_in_the_link_of_a_sample(dashboard):
    dashboard.upload.selected = "sample:rendered_elder"
    dashboard.upload.turn_right()
    link = dashboard.replay.link
    assert link == "v=1&p=rendered_elder&t=90"
    dashboard.open_link("#v=1&p=rendered_elder")
    assert dashboard.session.result.photo.turn == 0
    dashboard.open_link("#v=1&p=astronaut&t=180")
    dashboard.open_link(f"#{link}")
    assert dashboard.session.result.photo.name == "rendered_elder"
    assert dashboard.session.result.photo.turn == 90
    dashboard.open_link("#v=1&t=45")
    assert "turn of the photo" in dashboard.replay.notice


def test_a_link_turns_the_photo_that_it_waits_for(dashboard):
    dashboard.open_link("#v=1&p=own&t=270&r=2")
    upload(dashboard)
    assert dashboard.session.result.photo.turn == dashboard.upload.turn == 270
    assert dashboard.controls.relief == 2
    dashboard.upload.turn_right()  # and it may be turned back
    assert dashboard.session.result.photo.turn == 0


def test_settings_of_a_turned_photo_turn_it_again(dashboard, saved):
    upload(dashboard)
    dashboard.upload.turn_right()
    dashboard.controls.relief = 2.0
    _, text = saved()
    assert json.loads(text)["turn"] == 90
    dashboard.upload.turn_right()
    browser_says(dashboard.replay, type="load", text=text)
    assert dashboard.replay.notice == ""
    assert dashboard.session.result.photo.turn == dashboard.upload.turn == 90


def test_settings_go_down_and_up(dashboard, saved):
    turn_everything(dashboard)
    wanted, link = state_of(dashboard), dashboard.replay.link
    name, text = saved()
    assert name == "rendered_elder_face-lite_settings.json"
    assert json.loads(text)["geometry"]["mm_per_unit"] == dashboard.session.params.mm_per_unit
    dashboard.open_link("v=1&p=astronaut&r=1")
    assert state_of(dashboard) != wanted
    browser_says(dashboard.replay, type="load", text=text)
    assert state_of(dashboard) == wanted
    assert dashboard.replay.link == link
    assert dashboard.replay.notice == ""


def test_settings_of_ones_own_photo_find_it_again(dashboard, saved):
    upload(dashboard)
    dashboard.controls.fov = 33.0
    dashboard.controls.set_numbers(0.4, 0.9)
    dashboard.measure.mode = "ruler"
    dashboard.measure.pick((48.0, 39.0))
    dashboard.measure.pick((48.0, 57.0))
    dashboard.measure.set_scale()
    assert "k=" not in dashboard.replay.link
    name, text = saved()
    assert name == "anna_face-lite_settings.json"
    dashboard.controls.reset()
    dashboard.measure.clear_scale()
    browser_says(dashboard.replay, type="load", text=text)
    assert dashboard.controls.fov == 33
    assert dashboard.session.distance((48.0, 39.0), (48.0, 57.0)) == pytest.approx(63)
    assert dashboard.controls.scale_shift == [0.4, 0.9]
    assert dashboard.replay.notice == ""
    dashboard.upload.selected = "sample:rendered_adult"
    browser_says(dashboard.replay, type="load", text=text)
    assert "saved with the photo “anna”" in dashboard.replay.notice
    assert dashboard.session.result.photo.name == "rendered_adult"
    upload(dashboard)
    assert dashboard.controls.fov == 33
    assert dashboard.replay.notice == ""


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format_version": 99}', "x" * 300_000])
def test_a_file_that_is_none_changes_nothing_and_is_said(dashboard, text):
    dashboard.controls.relief = 2.0
    browser_says(dashboard.replay, type="load", text=text)
    assert dashboard.replay.link == "v=1&r=2"
    assert dashboard.replay.notice.startswith("These settings were not loaded: ")
    assert dashboard.replay.notice.endswith(".")


def test_before_the_first_photo_there_is_nothing_to_save(estimator):
    estimator.error = ModelError("It is broken.")
    dashboard = Dashboard(ReconstructionSession(estimator), AT_ONCE)
    try:
        browser_says(dashboard.replay, type="save")
        assert "choose a photo" in dashboard.replay.notice
        dashboard.open_link("v=1&r=2&mm=distance")
        assert dashboard.controls.relief == 2
    finally:
        dashboard.close()


# --- the other pages ---------------------------------------------------------------------------


def test_what_is_compared_is_in_the_link(dashboard, estimator):
    dashboard.tabs.value = "compare"
    bar = dashboard.page("compare").bar
    bar.places = ["face_lite", "face_lite:grey", "", ""]
    bar.color_by = "difference"
    link = dashboard.replay.link
    assert "pg=compare" in link
    other = Dashboard(ReconstructionSession(estimator), AT_ONCE)
    try:
        other.open_link(link)
        assert other.tabs.value == "compare"
        restored = other.page("compare").bar
        assert (restored.places, restored.color_by) == (bar.places, "difference")
        assert other.replay.link == link
    finally:
        other.close()


def test_the_lab_is_in_the_link(dashboard, estimator, tmp_path):
    for name in ("egg", "near-egg"):
        h = analytic_head(96, 80, name=name)
        write_rendered_head(
            tmp_path / "heads", name, h.photo, h.depth, h.head, h.face, h.intrinsics
        )
    dashboard.tabs.value = "lab"
    lab = dashboard.page("lab")
    lab.bar.head = "near-egg"
    lab.switches.eight_bit = lab.switches.wrong_fov_on = True
    lab.switches.map_of = "direction"
    link = dashboard.replay.link
    other = Dashboard(ReconstructionSession(estimator), AT_ONCE)
    try:
        other.open_link(link)
        restored = other.page("lab")
        assert restored.bar.head == "near-egg"
        assert restored.switches.wrong == lab.switches.wrong
        assert restored.switches.map_of == "direction"
        assert other.replay.link == link
        other.open_link("v=1&pg=lab&lh=nobody")
        assert "the lab’s head" in other.replay.notice
    finally:
        other.close()


# --- the pieces --------------------------------------------------------------------------------


def test_a_measurement_is_restored_for_its_photo_alone(dashboard):
    measure = dashboard.measure
    ruler = Ruler((100.0, 100.0), (100.0, 200.0), 90.0)
    assert measure.restore("distance", [(100.0, 100.0), (100.0, 200.0)], ruler)
    assert measure.text == "Distance: 90.0 mm"
    assert not measure.restore("distance", [(100.0, 9000.0)], None)
    assert measure.text == "Distance: 90.0 mm"
    assert measure.restore("off", [], None)
    assert not measure.scaled
    assert dashboard.session.ruler is None


def test_a_viewer_looks_from_where_it_is_told(dashboard):
    told = []
    dashboard.viewer.on_viewpoint(lambda: told.append(dashboard.viewer.viewpoint))
    wanted = Viewpoint((2.0, -1.0, 0.5), (0.0, 0.0, 0.1))
    dashboard.viewer.viewpoint = wanted
    assert dashboard.viewer.viewpoint == wanted
    assert told == [wanted]
    np.testing.assert_array_equal(dashboard.viewer.figure.layout.scene.camera.eye.x, 2.0)
