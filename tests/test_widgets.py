"""The widgets, driven by their traits and by what a browser would send."""

import asyncio
import io
import json

import numpy as np
import pytest
import traitlets as t
from PIL import Image

from face3d_widgets.depth import ModelError
from face3d_widgets.image import MAX_BYTES, encode_jpeg
from face3d_widgets.samples import SAMPLES
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.types import (
    GeometryParams,
    InverseDepth,
    Photo,
    ViewParams,
    WrongOnPurpose,
)
from face3d_widgets.widgets import (
    Dashboard,
    FaceViewer,
    GeometryControls,
    PhotoDepthView,
    PhotoUpload,
    StatusLine,
    view,
)
from face3d_widgets.widgets import photo_upload as photo_upload_module
from face3d_widgets.widgets import viewer as viewer_module
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.viewer import connect

AT_ONCE = Jobs(threaded=False)


def browser_says(widget, kind, buffers=(), **more):
    widget._handle_custom_msg({"type": kind, **more}, [memoryview(b) for b in buffers])


@pytest.fixture
def sent(monkeypatch):
    """sent(widget): the messages that the widget sends from now on."""

    def listen(widget):
        messages = []
        monkeypatch.setattr(
            widget, "send", lambda content, buffers=None: messages.append((content, buffers))
        )
        return messages

    return listen


def jpeg(level=120, focal_length=None):
    """A small photo file; other levels are other photos."""
    tags = Image.Exif()
    if focal_length is not None:
        tags.get_ifd(34665)[41989] = focal_length
    file = io.BytesIO()
    Image.new("RGB", (60, 80), (level, 90, 40)).save(file, "JPEG", exif=tags)
    return file.getvalue()


def looks(photo):
    """The level with which `jpeg` made a photo."""
    return round(float(photo.rgb[..., 0].mean()))


# --- upload ------------------------------------------------------------------------------------


@pytest.fixture
def upload():
    return PhotoUpload(samples=False, jobs=AT_ONCE)


def send_file(upload, data, name, first=True, piece=1000, key=None):
    """Send a file as the browser does."""
    pieces = [data[i : i + piece] for i in range(0, len(data), piece)] or [b""]
    for i, part in enumerate(pieces):
        last = i == len(pieces) - 1
        browser_says(upload, "piece", [part], id=key or name, name=name, first=first, last=last)


def test_samples_are_there_at_once_and_the_first_is_chosen():
    upload = PhotoUpload(jobs=AT_ONCE)
    assert [item["title"] for item in upload.items] == list(SAMPLES.values())
    assert all(item["thumbnail"].startswith("data:image/jpeg;base64,") for item in upload.items)
    assert upload.selected == upload.items[0]["id"]
    assert upload.photo.name == next(iter(SAMPLES))


def test_another_sample_is_one_choice_away():
    upload = PhotoUpload(jobs=AT_ONCE)
    upload.set_state({"selected": upload.items[1]["id"]})
    assert upload.photo.name == list(SAMPLES)[1]


def test_without_samples_it_is_empty(upload):
    assert upload.photo is None
    assert upload.items == []


@pytest.mark.parametrize("piece", [100, 10**6])
def test_a_file_arrives_in_pieces_each_answered(upload, sent, piece):
    messages, data = sent(upload), jpeg(200)
    send_file(upload, data, "Anna.JPG", piece=piece)
    assert looks(upload.photo) == 200
    assert upload.photo.name == "Anna"
    assert upload.items[-1]["id"] == upload.selected
    assert upload.items[-1]["title"] == "Anna"
    assert upload.reading == ""
    answers = [content for content, _ in messages]
    assert {a["type"] for a in answers} == {"received"}
    assert {a["id"] for a in answers} == {"Anna.JPG"}
    assert [a["bytes"] for a in answers][-1] == len(data)
    assert len(answers) == -(-len(data) // piece)


def test_two_files_at_once_do_not_mix(upload):
    one, two = jpeg(20), jpeg(220)
    for key, data in (("a", one), ("b", two)):
        browser_says(upload, "piece", [data[:300]], id=key, name=key, first=True, last=False)
    for key, data in (("a", one), ("b", two)):
        browser_says(upload, "piece", [data[300:]], id=key, name=key, first=True, last=True)
        assert looks(upload.photo) == (20 if key == "a" else 220)


def test_a_cancelled_file_is_forgotten(upload):
    browser_says(upload, "piece", [b"begun"], id="a", name="a.jpg", first=True, last=False)
    browser_says(upload, "cancel", id="a")
    send_file(upload, jpeg(70), "a.jpg", key="a")
    assert looks(upload.photo) == 70
    assert not upload.errors


def test_several_files_are_a_gallery_and_the_first_is_chosen(upload):
    for i, level in enumerate((20, 120, 220)):
        send_file(upload, jpeg(level), f"{level}.jpg", first=i == 0)
    assert [item["title"] for item in upload.items] == ["20", "120", "220"]
    assert looks(upload.photo) == 20
    upload.set_state({"selected": upload.items[2]["id"]})
    assert looks(upload.photo) == 220


def test_a_photo_may_be_chosen_again(upload):
    for level in (20, 220):
        upload.add(jpeg(level), "a.jpg")
    first, second = (item["id"] for item in upload.items)
    for _ in range(2):
        upload.selected = first
        assert abs(looks(upload.photo) - 20) <= 2
        upload.selected = second
        assert abs(looks(upload.photo) - 220) <= 2


def test_a_photo_chosen_again_is_the_same_photo(upload):
    buffer = io.BytesIO()
    rough = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    Image.fromarray(rough).save(buffer, "PNG")
    upload.add(buffer.getvalue(), "rough.png")
    exact = upload.photo
    upload.add(jpeg(20, focal_length=26), "a.jpg")
    before = upload.photo
    assert before.focal_length_35mm == 26
    upload.add(jpeg(220), "b.jpg")
    upload.selected = upload.items[0]["id"]
    # The very same pixels: settings and measured places know their photo by them.
    np.testing.assert_array_equal(upload.photo.rgb, exact.rgb)
    upload.selected = upload.items[1]["id"]
    again = upload.photo
    assert (again.name, again.original_size) == (before.name, before.original_size)
    assert again.focal_length_35mm == before.focal_length_35mm


def test_every_photo_of_the_gallery_keeps_its_own_turn(upload):
    side = Image.new("RGB", (60, 80), (0, 0, 255))
    side.paste((255, 0, 0), (0, 0, 60, 20))  # red above
    file = io.BytesIO()
    side.save(file, "PNG")
    upload.add(file.getvalue(), "side.png")
    upload.add(jpeg(200), "other.jpg")
    upright, lying = upload.items[1]["id"], upload.items[0]["id"]
    upload.selected = lying
    as_it_came, thumbnail = upload.photo, upload.items[0]["thumbnail"]
    upload.turn_right()
    assert (upload.photo.width, upload.photo.height) == (80, 60)
    assert upload.photo.original_size == (80, 60)
    assert upload.photo.turn == upload.turn == 90
    assert upload.photo.rgb[30, -5, 0] > 200  # what was above is to the right: clockwise
    assert upload.photo.rgb[30, 5, 2] > 200
    assert upload.items[0]["thumbnail"] != thumbnail
    upload.selected = upright
    assert (upload.turn, upload.photo.turn, upload.photo.width) == (0, 0, 60)
    upload.selected = lying
    assert (upload.turn, upload.photo.turn, upload.photo.width) == (90, 90, 80)
    for degrees in (180, 270, 0):
        upload.turn_right()
        assert upload.turn == degrees
    np.testing.assert_array_equal(upload.photo.rgb, as_it_came.rgb)
    with pytest.raises(t.TraitError):
        upload.turn = 45


def test_the_turn_button_turns_the_photo_on_the_page(dashboard):
    before = dashboard.session.result.photo
    assert dashboard.photo_view.turnable
    browser_says(dashboard.photo_view, "turn")
    after = dashboard.session.result.photo
    np.testing.assert_array_equal(after.rgb, np.rot90(before.rgb, -1))
    assert dashboard.session.result.inverse_depth.values.shape == after.rgb.shape[:2]


def test_without_anybody_who_turns_there_is_no_turn_button():
    view = PhotoDepthView()
    assert not view.turnable
    browser_says(view, "turn")


def test_a_bad_file_gives_a_sentence_and_keeps_the_photo(upload):
    upload.add(jpeg(20), "good.jpg")
    kept = upload.photo
    for data, name in ((b"%PDF-1.4", "form.jpg"), (b"", "empty.png"), (jpeg()[:200], "cut.jpg")):
        send_file(upload, data, name)
        assert len(upload.errors) == 1
        assert name in upload.errors[0]
        assert upload.errors[0].endswith(".")
        assert upload.photo is kept
        assert upload.reading == ""
    assert len(upload.items) == 1


def test_each_bad_file_of_several_has_its_sentence(upload):
    send_file(upload, b"bad", "one.jpg")
    send_file(upload, b"bad", "two.jpg", first=False)
    assert len(upload.errors) == 2
    send_file(upload, jpeg(), "good.jpg", first=False)
    assert len(upload.errors) == 2
    assert upload.photo.name == "good"  # the first that could be read
    send_file(upload, jpeg(), "next.jpg")
    assert upload.errors == []


def test_the_first_good_file_stays_chosen_whatever_follows(upload):
    send_file(upload, jpeg(20), "one.jpg")
    send_file(upload, b"bad", "two.jpg", first=False)
    send_file(upload, jpeg(220), "three.jpg", first=False)
    assert upload.photo.name == "one"


def test_too_large_a_file_is_not_even_sent(upload):
    browser_says(upload, "too-large", id="a", name="huge.tif", size=99 * 2**20, first=True)
    assert len(upload.errors) == 1
    assert "huge.tif" in upload.errors[0]
    assert "99 MB" in upload.errors[0]
    assert f"{MAX_BYTES >> 20} MB" in upload.errors[0]


def test_after_too_large_a_file_the_next_is_chosen(upload):
    upload.add(jpeg(20), "before.jpg")
    browser_says(upload, "too-large", id="a", name="huge.tif", size=99 * 2**20, first=True)
    send_file(upload, jpeg(), "next.jpg", first=False)
    assert len(upload.errors) == 1
    assert upload.photo.name == "next"


def test_a_browser_that_sends_too_much_is_stopped(upload, sent, monkeypatch):
    monkeypatch.setattr(photo_upload_module, "MAX_BYTES", 5000)
    messages = sent(upload)
    for _ in range(6):
        browser_says(upload, "piece", [bytes(1000)], id="a", name="a.jpg", first=True, last=False)
    assert messages[-1][0] == {"type": "stop", "id": "a"}
    assert len(upload.errors) == 1
    assert upload.photo is None
    assert not upload._incoming


def test_the_gallery_has_an_end(monkeypatch):
    monkeypatch.setattr(photo_upload_module, "GALLERY_KEPT", 3)
    upload = PhotoUpload(jobs=AT_ONCE)
    for i in range(6):
        upload.add(jpeg(), f"{i}.jpg")
    titles = [item["title"] for item in upload.items]
    assert titles == [*SAMPLES.values(), "3", "4", "5"]
    assert len(upload._kept) == 3
    assert upload.photo.name == "5"


def test_an_unforeseen_error_is_a_sentence_too(upload, monkeypatch):
    def fail(*_):
        raise RuntimeError("strange")

    monkeypatch.setattr(photo_upload_module, "read_photo", fail)
    upload.add(jpeg(), "a.jpg")
    assert "a.jpg" in upload.errors[0]
    assert upload.reading == ""


def test_unknown_messages_and_choices_change_nothing(upload):
    upload.add(jpeg(), "a.jpg")
    kept = upload.photo
    browser_says(upload, "nonsense")
    browser_says(upload, "cancel", id="nothing")
    upload.set_state({"selected": "photo:99"})
    assert upload.photo is kept


# --- controls ----------------------------------------------------------------------------------

SLIDERS = {
    "relief": 2.5,
    "fov": 70.0,
    "n_points": 12_000,
    "cutoff": 0.2,
    "smoothing": 0.5,
    "edge_angle": 80.0,
}
MISTAKES = {
    "inverse_as_depth": True,
    "wrong_fov_on": True,
    "wrong_fov": 20.0,
    "eight_bit": True,
    "edges_kept": True,
}
LOOKS = {
    "draw_as": "wireframe",
    "color_by": "normals",
    "shaded": True,
    "colormap": "Magma",
    "point_size": 6.0,
    "opacity": 0.4,
    "axes": True,
}


def test_controls_are_records():
    controls = GeometryControls(**SLIDERS, **LOOKS)
    assert controls.params == GeometryParams(**SLIDERS)
    assert controls.view == ViewParams(**LOOKS)


def test_mistakes_are_off_until_they_are_switched_on():
    controls = GeometryControls()
    assert not controls.params.wrong
    controls.wrong_fov = 20.0  # the slider alone does nothing
    assert not controls.params.wrong
    for name in ("inverse_as_depth", "eight_bit", "edges_kept"):
        setattr(controls, name, True)
        assert controls.params.wrong == WrongOnPurpose(**{name: True})
        setattr(controls, name, False)
    controls.wrong_fov_on = True
    assert controls.params.wrong == WrongOnPurpose(fov=20.0)


def shown_controls(controls):
    """Each control of a list, those inside "More" too."""
    for control in controls:
        if control["kind"] == "details":
            assert control["title"]
            yield from shown_controls(control["controls"])
        else:
            yield control


def test_every_control_of_the_page_is_a_trait_in_its_range():
    controls = GeometryControls()
    shown = [c for group in controls._groups for c in shown_controls(group["controls"])]
    shown = [c for c in shown if c["kind"] != "progress"]  # it tells, it sets nothing
    synced = set(controls.traits(sync=True))
    for control in shown:
        trait = controls.traits()[control["trait"]]
        assert control["trait"] in synced
        assert control["label"]
        if control["kind"] == "slider":
            end = control.get("end")
            most = trait.max if end is None else controls.traits()[end].min
            # A slider that can be switched off has its end beyond its way.
            assert (control["min"], control.get("off", control["max"])) == (trait.min, most)
            assert control["help"]
        elif control["kind"] == "choice":
            assert [value for value, _ in control["options"]] == list(trait.values)
    there = SLIDERS.keys() | LOOKS.keys() | MISTAKES.keys() | {"scale_shift", "most_unsure"}
    assert {c["trait"] for c in shown} == there - {"colormap"}
    assert len(shown) == len(there) - 1
    json.dumps(controls._groups)


@pytest.mark.parametrize("name", [*SLIDERS, "opacity", "point_size"])
def test_the_whole_way_of_a_slider_makes_valid_records(name):
    trait = GeometryControls().traits()[name]
    for value in (trait.min, trait.max):
        controls = GeometryControls(**{name: value})
        assert value in (
            getattr(controls.params, name, None),
            getattr(controls.view, name, None),
        )
    with pytest.raises(t.TraitError):
        GeometryControls(**{name: trait.max + 1})


@pytest.mark.parametrize(("name", "value"), [("draw_as", "cubes"), ("colormap", "Rainbow")])
def test_only_known_choices(name, value):
    with pytest.raises(t.TraitError):
        GeometryControls(**{name: value})


def test_reset_by_the_browser():
    controls = GeometryControls(fov=33.0)
    first = controls.params, controls.view
    for name, value in {**SLIDERS, **LOOKS, **MISTAKES, "colormap": "Greys"}.items():
        setattr(controls, name, value)
    controls.scale_shift = [0.1, 0.5]
    controls.trouble = "Type two numbers."
    assert (controls.params, controls.view) != first
    browser_says(controls, "reset")
    assert (controls.params, controls.view) == first
    assert controls.fov == 33.0
    assert controls.trouble == ""


def test_a_photo_brings_its_field_of_view_and_its_number_of_pixels(photo):
    controls = GeometryControls()
    controls.set_photo(photo)
    assert controls.fov == controls.defaults["fov"] == 37.3
    assert controls.max_points == 200_000
    controls.set_photo(Photo(np.zeros((700, 600, 3), np.uint8)))
    assert controls.max_points == 420_000
    controls.n_points = 420_000
    controls.set_photo(photo)
    assert controls.n_points == controls.max_points == 200_000


def test_scale_and_shift_can_be_typed_and_given_back_to_relief(viewer):
    controls = GeometryControls()
    connect(controls, viewer)
    curve = viewer.session.result.geometry.curve(controls.params)
    assert controls.numbers == [curve.scale, curve.shift]
    browser_says(controls, "numbers", scale=2 * curve.scale, shift=curve.shift)
    assert controls.scale_shift == [2 * curve.scale, curve.shift]
    assert viewer.params.scale_shift == (2 * curve.scale, curve.shift)
    assert controls.numbers == [2 * curve.scale, curve.shift]
    controls.set_state({"scale_shift": None})
    assert viewer.params.scale_shift is None
    assert controls.numbers == [curve.scale, curve.shift]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"scale": 0.1, "shift": -99.0}, "behind the camera"),
        ({"scale": -1.0, "shift": 1.0}, "not below 0"),
        ({"scale": None, "shift": 1.0}, "two numbers"),
    ],
)
def test_numbers_that_cannot_be_used_change_nothing_and_are_said(viewer, typed, says):
    controls = GeometryControls()
    connect(controls, viewer)
    before = viewer.params
    browser_says(controls, "numbers", **typed)
    assert says in controls.trouble
    assert controls.trouble.endswith(".")
    assert controls.scale_shift is None
    assert viewer.params == before
    browser_says(controls, "numbers", scale=0.1, shift=1.0)
    assert controls.trouble == ""
    assert viewer.params.scale_shift == (0.1, 1.0)


def test_two_controls_can_be_linked():
    one, two = GeometryControls(), GeometryControls()
    t.link((one, "relief"), (two, "relief"))
    two.relief = 1.7
    assert one.relief == 1.7


# --- photo and depth map -----------------------------------------------------------------------


def test_the_photo_is_shown_at_once_and_its_depth_follows(photo, inverse_depth, estimator):
    session = ReconstructionSession(estimator)
    session.open(photo)
    shown = PhotoDepthView()
    shown.show_photo(photo)
    assert shown.pending
    with Image.open(io.BytesIO(shown._photo)) as im:
        assert im.size == (96, 120)
    assert shown._photo_size == [96, 120]

    shown.show_depth(inverse_depth, session.result.geometry.stats)
    assert not shown.pending
    depth = shown._depth
    values = np.frombuffer(depth["values"], np.float32).reshape(depth["height"], depth["width"])
    np.testing.assert_array_equal(values, inverse_depth.values)
    assert depth["low"] < depth["high"]


def test_a_large_depth_map_is_thinned_not_blurred(estimator):
    values = np.random.default_rng(0).normal(size=(1280, 900)).astype(np.float32)
    stats = ReconstructionSession(estimator)
    stats.open(Photo(np.zeros((40, 40, 3), np.uint8)))
    shown = PhotoDepthView()
    shown.show_depth(InverseDepth(values), stats.result.geometry.stats)
    depth = shown._depth
    assert max(depth["height"], depth["width"]) <= 400
    assert depth["height"] / depth["width"] == pytest.approx(1280 / 900, rel=0.01)
    assert len(depth["values"]) == 4 * depth["height"] * depth["width"]
    assert np.isin(np.frombuffer(depth["values"], np.float32), values).all()


def test_another_colour_map_sends_a_table():
    shown = PhotoDepthView()
    grey = shown._lut
    assert len(grey) == 768
    shown.colormap = "Viridis"
    assert shown._lut != grey
    assert shown._lut[:3] == bytes([68, 1, 84])
    with pytest.raises(t.TraitError):
        shown.colormap = "Rainbow"


def test_marks_are_shares_of_the_photo(photo):
    shown = PhotoDepthView()
    shown.show_marks([(60.0, 24.0)])
    assert shown._marks == []  # on no photo
    shown.show_photo(photo)
    shown.show_marks([(60.0, 24.0), (120.0, 96.0)])
    assert shown._marks == [[0.25, 0.5], [1.0, 1.0]]
    shown.show_marks([])
    assert shown._marks == []


def test_places_are_chosen_only_while_they_are_asked_for(photo, inverse_depth, estimator):
    session = ReconstructionSession(estimator)
    session.open(photo)
    shown, told = PhotoDepthView(), []
    shown.on_pick(lambda place: told.append(place))
    shown.on_line(lambda start, end: told.append((start, end)))
    shown.on_clear(lambda: told.append("clear"))
    shown.show_photo(photo)
    shown.picking = "line"
    browser_says(shown, "pick", places=[[0.5, 0.5]])
    assert told == []  # the depth map is still another photo's
    shown.show_depth(inverse_depth, session.result.geometry.stats)
    browser_says(shown, "pick", places=[[0.25, 0.5]])
    browser_says(shown, "line", places=[[0, 0], [1.2, -3]])
    browser_says(shown, "clear")
    browser_says(shown, "pick", places=[])
    assert told == [(60.0, 24.0), ((0.0, 0.0), (0.0, 96.0)), "clear"]
    shown.picking = "point"
    browser_says(shown, "line", places=[[0, 0], [1, 1]])
    shown.picking = ""
    browser_says(shown, "pick", places=[[0.5, 0.5]])
    assert len(told) == 3


# --- status ------------------------------------------------------------------------------------


def test_status():
    status = StatusLine()
    status.busy("Estimating", 0.4)
    assert (status.state, status.text, status.progress) == ("busy", "Estimating", 0.4)
    status.ready("Done.")
    assert (status.state, status.text, status.progress) == ("ready", "Done.", 1)
    status.error("It failed; try again.")
    assert (status.state, status.text) == ("error", "It failed; try again.")


# --- viewer ------------------------------------------------------------------------------------


@pytest.fixture
def viewer(estimator, photo):
    session = ReconstructionSession(estimator)
    session.open(photo)
    return FaceViewer(session)


def shape_of(viewer):
    """The visible trace, and its coordinates (n, 3)."""
    trace = next(
        t for t in viewer.figure.data if t.visible and t.name in ("points", "mesh", "wireframe")
    )
    return trace, np.stack([trace.x, trace.y, trace.z], axis=1)


def test_a_viewer_shows_what_its_session_has(viewer):
    viewer.view = ViewParams(draw_as="points")
    viewer.params = GeometryParams(n_points=500)
    trace, points = shape_of(viewer)
    assert trace.name == "points"
    assert len(points) == 500
    viewer.view = ViewParams(draw_as="mesh")
    assert shape_of(viewer)[0].name == "mesh"
    for draw_as in ("points", "mesh", "wireframe"):
        for color_by in ("photo", "depth", "normals"):
            viewer.view = ViewParams(draw_as=draw_as, color_by=color_by)
            assert shape_of(viewer)[0].name == draw_as
            assert viewer.session.view is viewer.view


def test_a_badge_always_says_the_unit_and_what_is_wrong_on_purpose(viewer):
    assert (viewer.badges.units, viewer.badges.wrong) == ("relative units", "")
    viewer.params = GeometryParams(mm_per_unit=200)
    assert viewer.badges.units == "millimetres"
    viewer.params = GeometryParams(wrong=WrongOnPurpose(inverse_as_depth=True, fov=100))
    assert viewer.badges.units == "relative units"
    assert viewer.badges.wrong == (
        "Wrong on purpose: inverse depth used as depth, field of view 100°"
    )
    viewer.params = GeometryParams(wrong=WrongOnPurpose(eight_bit=True, edges_kept=True))
    assert viewer.badges.wrong == "Wrong on purpose: 8-bit depth, edges kept"
    viewer.params = GeometryParams()
    assert viewer.badges.wrong == ""


def test_the_session_follows_at_once_also_while_the_browser_draws(viewer):
    browser_says(viewer.figure, "mounted")
    for relief in (1.5, 2.0, 2.5):
        viewer.params = GeometryParams(relief=relief)
        assert viewer.session.params.relief == relief


def test_a_point_clicked_on_the_model_is_found_in_the_photo(viewer):
    viewer.view, viewer.params = ViewParams(draw_as="points"), GeometryParams(n_points=500)
    picked = []
    viewer.on_pick(picked.append)
    viewer.set_clickable(True)
    pixels = viewer.scene().cloud.pixels
    for wrong in (WrongOnPurpose(), WrongOnPurpose(fov=100), WrongOnPurpose(inverse_as_depth=True)):
        viewer.params = GeometryParams(n_points=500, relief=1.7, wrong=wrong)
        for number in (0, 123, 499):
            browser_says(viewer.figure, "click", trace=0, number=number)
            row, column = divmod(int(pixels[number]), 96)
            assert picked.pop() == pytest.approx((row + 0.5, column + 0.5), abs=1e-3)


def test_an_empty_session_is_an_empty_figure(estimator, photo):
    viewer = FaceViewer(ReconstructionSession(estimator))
    assert all(len(trace.x) == 0 for trace in viewer.figure.data if trace.name != "axes")
    viewer.params = GeometryParams(relief=2)
    viewer.session.open(photo)
    viewer.redraw()
    assert len(shape_of(viewer)[1]) > 100


@pytest.fixture
def fake_sessions(estimator, monkeypatch):
    monkeypatch.setattr(
        viewer_module, "ReconstructionSession", lambda: ReconstructionSession(estimator)
    )


def test_view_is_one_line(photo, fake_sessions):
    alone = view(photo, controls=False)
    assert isinstance(alone, FaceViewer)
    assert len(shape_of(alone)[1]) > 1000
    shown, sliders = view(encode_jpeg(photo)).children
    assert shown.params == sliders.params
    assert shown.view == sliders.view
    sliders.relief = 2.0
    assert shown.params.relief == 2.0


def test_view_has_the_photos_field_of_view(photo, fake_sessions):
    assert view(photo, controls=False).params.fov == 37.3
    assert view(photo).children[1].fov == 37.3


def test_a_viewer_starts_with_its_sessions_parameters(viewer, estimator, photo):
    session = ReconstructionSession(estimator)
    session.open(photo)
    session.params = GeometryParams(relief=2, n_points=77)
    viewer = FaceViewer(session)
    assert session.params == viewer.params == GeometryParams(relief=2, n_points=77)


# --- the dashboard -----------------------------------------------------------------------------


@pytest.fixture
def dashboard(estimator):
    return Dashboard(ReconstructionSession(estimator), AT_ONCE)


def test_the_page_opens_with_a_sample_in_3d(dashboard, estimator):
    assert dashboard.result.photo is dashboard.upload.photo
    assert dashboard.status.state == "ready"
    assert dashboard.exports.enabled
    assert not dashboard.photo_view.pending
    assert len(shape_of(dashboard.viewer)[1]) > 1000
    assert estimator.runs == 1


def test_an_upload_becomes_the_model(dashboard, estimator):
    seen = []
    dashboard.observe(lambda change: seen.append(change["new"].photo.name), "result")
    before = shape_of(dashboard.viewer)[1]
    send_file(dashboard.upload, jpeg(200, focal_length=26), "anna.jpg")
    assert seen == ["anna"]
    assert estimator.photo is dashboard.upload.photo
    assert dashboard.photo_view._photo_name == "anna"
    assert not np.array_equal(shape_of(dashboard.viewer)[1], before)
    assert dashboard.status.state == "ready"
    assert "anna" in dashboard.status.text
    # Its own field of view, and reset returns to it.
    assert dashboard.controls.fov == pytest.approx(67.3)
    dashboard.controls.fov = 20.0
    browser_says(dashboard.controls, "reset")
    assert dashboard.controls.fov == pytest.approx(67.3)


CHANGES = [
    ("relief", 2.0, ["x", "y", "z"]),
    ("fov", 25.0, ["x", "y", "z"]),
    ("n_points", 3_000, ["x", "y", "z"]),
    ("cutoff", 0.9, ["x", "y", "z"]),
    ("color_by", "depth", ["color"]),
    ("opacity", 0.5, ["opacity"]),
    ("point_size", 8.0, ["size"]),
]


@pytest.mark.parametrize(("name", "value", "changes"), CHANGES)
@pytest.mark.parametrize("draw_as", ["points", "mesh"])
def test_every_slider_changes_the_picture_and_nothing_else(
    dashboard, estimator, draw_as, name, value, changes
):
    def state():
        trace, points = shape_of(dashboard.viewer)
        marker = trace.marker if draw_as == "points" else None
        return {
            "x": points[:, 0].tolist(),
            "y": points[:, 1].tolist(),
            "z": points[:, 2].tolist(),
            "color": (marker.color if marker else trace.intensity).tolist(),
            "opacity": marker.opacity if marker else trace.opacity,
            "size": marker.size if marker else None,
        }

    controls, figure = dashboard.controls, dashboard.viewer.figure
    controls.draw_as = draw_as
    figure.layout.scene.camera.eye = {"x": 2, "y": 0.5, "z": -1}
    before = state()
    controls.set_state({name: value})  # as the browser does
    after = state()
    if name != "point_size" or draw_as == "points":
        assert after[changes[0]] != before[changes[0]]
    allowed = {*changes, "color"} if name in ("n_points", "cutoff") else {*changes}
    for key in before.keys() - allowed:
        assert after[key] == before[key], key
    assert figure.layout.scene.camera.eye.to_plotly_json() == {"x": 2, "y": 0.5, "z": -1}
    assert estimator.runs == 1


def test_axes_can_be_shown(dashboard):
    def visible():
        axes = [t.visible for t in dashboard.viewer.figure.data if t.name == "axes"]
        scene = dashboard.viewer.figure.layout.scene
        return any(v is True for v in [*axes, scene.xaxis.visible])

    assert not visible()
    dashboard.controls.axes = True
    assert visible()


def test_one_colour_map_for_the_map_and_the_model(dashboard):
    dashboard.controls.color_by = "depth"
    dashboard.controls.draw_as = "points"
    dashboard.photo_view.set_state({"colormap": "Viridis"})
    scale = shape_of(dashboard.viewer)[0].marker.colorscale
    assert scale[0][1].replace(" ", "") == "rgb(68,1,84)"


def test_the_view_can_be_reset(dashboard):
    camera = dashboard.viewer.figure.layout.scene.camera
    first = camera.to_plotly_json()
    camera.eye = {"x": 2, "y": 0.5, "z": -1}
    dashboard.viewer.reset_camera()
    assert dashboard.viewer.figure.layout.scene.camera.to_plotly_json() == first


@pytest.mark.parametrize("error", [RuntimeError("boom"), MemoryError(), ModelError("Broken.")])
def test_a_failing_network_is_said_and_the_last_result_stays(dashboard, estimator, error):
    kept, points = dashboard.result, shape_of(dashboard.viewer)[1]
    estimator.error = error
    send_file(dashboard.upload, jpeg(), "anna.jpg")
    assert dashboard.status.state == "error"
    assert str(error) in dashboard.status.text
    assert dashboard.status.text.endswith(".")
    assert dashboard.result is dashboard.session.result is kept
    assert dashboard.photo_view._photo_name == kept.photo.name
    assert not dashboard.photo_view.pending
    np.testing.assert_array_equal(shape_of(dashboard.viewer)[1], points)

    estimator.error = None
    send_file(dashboard.upload, jpeg(), "berta.jpg")
    assert dashboard.status.state == "ready"
    assert dashboard.result.photo.name == "berta"


def test_a_network_that_fails_from_the_start_leaves_the_page_alive(estimator):
    estimator.error = RuntimeError("boom")
    dashboard = Dashboard(ReconstructionSession(estimator), AT_ONCE)
    assert dashboard.status.state == "error"
    assert dashboard.result is None
    assert not dashboard.exports.enabled
    estimator.error = None
    send_file(dashboard.upload, jpeg(), "anna.jpg")
    assert dashboard.status.state == "ready"


def test_a_bad_file_is_said_and_the_last_result_stays(dashboard):
    kept = dashboard.result
    send_file(dashboard.upload, b"%PDF-1.4", "form.jpg")
    assert dashboard.status.state == "error"
    assert "form.jpg" in dashboard.status.text
    assert dashboard.result is kept


def test_after_several_files_the_status_is_ready(dashboard):
    send_file(dashboard.upload, jpeg(20), "one.jpg")
    send_file(dashboard.upload, jpeg(220), "two.jpg", first=False)
    assert dashboard.status.state == "ready"


# --- what is saved -----------------------------------------------------------------------------


@pytest.fixture
def save(dashboard, sent):
    """save(kind): the (name, data) that reach the browser."""
    messages = sent(dashboard.exports)

    def press(kind):
        dashboard.exports.kind = kind
        browser_says(dashboard.exports, "save")
        if not messages:
            return None
        content, buffers = messages.pop()
        return content["name"], bytes(buffers[0])

    return press


def test_points_are_saved_as_they_are_drawn(dashboard, save):
    dashboard.controls.draw_as = "points"
    dashboard.controls.n_points = 2_000
    name, data = save("points")
    assert name == "astronaut_face-lite_points.ply"
    assert b"element vertex 2000\n" in data
    assert dashboard.status.state == "ready"
    assert name in dashboard.status.text


def test_the_preview_is_of_the_photo_on_the_screen(dashboard):
    dashboard.exports.kind = "depth"
    assert dashboard.exports.preview.startswith("360 × 400 pixels")
    send_file(dashboard.upload, jpeg(), "anna.jpg")
    assert dashboard.exports.preview.startswith("60 × 80 pixels")


def test_what_cannot_be_saved_is_said(dashboard, save):
    dashboard.controls.edge_angle = 60
    dashboard.viewer.params = GeometryParams(edge_angle=0.1)
    assert save("glb") is None
    assert dashboard.status.state == "error"
    assert "cut-off" in dashboard.status.text
    assert dashboard.exports.busy == ""
    assert save("depth") is not None  # and the rest goes on


# --- beside the page ---------------------------------------------------------------------------


def on_a_loop(scenario, session):
    """Run `await scenario(dashboard, settled)` with a worker thread, as in a kernel."""

    async def main():
        dashboard = Dashboard(session)

        async def settled():
            while dashboard.status.state == "busy":
                await asyncio.sleep(0.005)

        try:
            await asyncio.wait_for(scenario(dashboard, settled), 60)
        finally:
            dashboard.jobs.close()

    asyncio.run(main())


def test_the_page_is_there_before_the_first_result(estimator):
    async def scenario(dashboard, settled):
        assert dashboard.status.state == "busy"
        assert dashboard.result is None
        assert dashboard.photo_view._photo  # the photo is shown already
        dashboard.controls.relief = 2.0  # and nothing breaks that comes too early
        await settled()
        assert dashboard.status.state == "ready"
        assert dashboard.result.photo is dashboard.upload.photo
        assert len(shape_of(dashboard.viewer)[1]) > 1000

    on_a_loop(scenario, ReconstructionSession(estimator))


def test_of_quick_choices_the_last_is_shown(estimator):
    async def scenario(dashboard, settled):
        shown = []
        dashboard.observe(lambda change: shown.append(change["new"].photo.name), "result")
        for item in (*dashboard.upload.items[1:], *dashboard.upload.items[1:]):
            dashboard.upload.selected = item["id"]
        await settled()
        assert dashboard.status.state == "ready"
        assert shown == [list(SAMPLES)[-1]]
        assert dashboard.photo_view._photo_name == list(SAMPLES)[-1]

    on_a_loop(scenario, ReconstructionSession(estimator))


def test_back_to_the_photo_on_the_screen(estimator, photo):
    async def scenario(dashboard, settled):
        await settled()
        first = dashboard.result.photo
        dashboard.upload.photo = photo
        dashboard.upload.photo = first
        await settled()
        assert dashboard.result.photo is first
        assert dashboard.photo_view._photo_name == first.name

    on_a_loop(scenario, ReconstructionSession(estimator))


# --- together ----------------------------------------------------------------------------------


def test_two_dashboards_share_nothing(estimator):
    one = Dashboard(ReconstructionSession(estimator), AT_ONCE)
    two = Dashboard(ReconstructionSession(type(estimator)()), AT_ONCE)
    before = shape_of(two.viewer)[1], two.controls.params, two.controls.view, two.status.text
    send_file(one.upload, jpeg(), "private.jpg")
    send_file(one.upload, b"bad", "bad.jpg")
    for name, value in {**SLIDERS, **LOOKS}.items():
        setattr(one.controls, name, value)
    one.viewer.figure.layout.scene.camera.eye = {"x": 2, "y": 0.5, "z": -1}
    one.controls.defaults["fov"] = 33.0

    np.testing.assert_array_equal(shape_of(two.viewer)[1], before[0])
    assert (two.controls.params, two.controls.view, two.status.text) == before[1:]
    assert two.upload.errors == []
    assert len(two.upload.items) == len(SAMPLES)
    assert two.photo_view.colormap == "Greys"
    assert two.viewer.figure.layout.scene.camera.eye.x != 2
    assert two.controls.defaults["fov"] != 33.0
    assert Dashboard(ReconstructionSession(type(estimator)()), AT_ONCE).upload.errors == []


def test_a_photo_leaves_no_file_behind(dashboard, save, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    send_file(dashboard.upload, jpeg(), "private.jpg")
    for kind in ("points", "depth", "html"):
        assert save(kind) is not None
    assert list(tmp_path.iterdir()) == []
