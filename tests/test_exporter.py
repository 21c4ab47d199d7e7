"""The export panel and what answers it, driven as a browser would."""

import asyncio
import io
import time
import zipfile

import pytest
import traitlets as t
from PIL import Image

from face3d_widgets.figures import BrowserError, FigureError
from face3d_widgets.geometry import TO_KEEP_MORE
from face3d_widgets.session import (
    FILE_KINDS,
    FileChoices,
    ReconstructionSession,
    files,
    measure_file,
)
from face3d_widgets.types import GeometryParams, SolidParams, ViewParams
from face3d_widgets.widgets import ExportPanel, FaceViewer, StatusLine, exporter
from face3d_widgets.widgets.exporter import Exporter
from face3d_widgets.widgets.jobs import Jobs


def press(panel, button):
    panel._handle_custom_msg({"type": button}, [])


class Desk:
    """A panel with all that it needs, and the files that reach the browser."""

    def __init__(self, estimator, jobs=None):
        self.session = ReconstructionSession(estimator)
        self.panel, self.status = ExportPanel(n_faces=2_000), StatusLine()
        self.viewer = FaceViewer(self.session)
        self.jobs = jobs or Jobs(threaded=False)
        self.exporter = Exporter(self.panel, self.session, self.viewer, self.jobs, self.status)
        self.sent = []
        self.panel.send = lambda content, buffers=None: self.sent.append((content, buffers))

    def open(self, photo):
        self.session.open(photo)
        self.viewer.params = GeometryParams(n_points=2_000)
        self.panel.enabled = True
        self.exporter.refresh()

    def save(self, kind):
        """The name and the bytes that arrive, or None."""
        self.panel.kind = kind
        press(self.panel, "save")
        if not self.sent:
            return None
        content, buffers = self.sent.pop()
        assert content["mime"] == FILE_KINDS[kind].mime
        return content["name"], bytes(buffers[0])


@pytest.fixture
def desk(estimator, photo):
    desk = Desk(estimator)
    desk.open(photo)
    return desk


# --- the panel ---------------------------------------------------------------------------------


def test_save_calls_whoever_makes_the_file():
    panel, calls = ExportPanel(kind="ply"), []
    panel.on_save(calls.append)
    press(panel, "save")
    assert calls == []  # nothing to save yet
    panel.enabled = True
    press(panel, "save")
    panel.busy = "ply"
    press(panel, "save")
    assert calls == ["ply"]


def test_cancel_is_for_what_is_under_way():
    panel, calls = ExportPanel(enabled=True), []
    panel.on_cancel(lambda: calls.append(1))
    press(panel, "cancel")
    panel.busy = "gif"
    press(panel, "cancel")
    assert calls == [1]


def test_every_kind_has_its_choices():
    panel = ExportPanel()
    shown = [kind for group in panel._groups for kind in group["kinds"]]
    assert [kind["name"] for kind in shown] == list(FILE_KINDS)
    choices = {name for kind in shown for name in kind["choices"]}
    assert choices == {*exporter.CHOICES, "density"} - {"kind"}


def test_choices_reach_the_order():
    panel = ExportPanel(n_faces=0, print_width_mm=60, thickest_mm=2.5, dpi=600, whole_turn=True)
    choices = panel.choices
    assert choices.n_faces is None
    assert (choices.solid.width_mm, choices.solid.thickest_mm) == (60, 2.5)
    assert (choices.dpi, choices.whole_turn) == (600, True)
    assert (choices.head_mm, choices.model_width_mm) == (None, None)
    assert choices == FileChoices(
        n_faces=None,
        solid=SolidParams(width_mm=60, thickest_mm=2.5),
        dpi=600,
        whole_turn=True,
    )


@pytest.mark.parametrize(
    "choices",
    [
        FileChoices(),
        FileChoices(n_faces=None, head_mm=155),
        FileChoices(model_width_mm=90, solid=SolidParams(depth_share=0.29, thickest_mm=2)),
    ],
)
def test_choices_come_back_through_the_panel(choices):
    panel = ExportPanel()
    for name, value in panel.traits_of(choices).items():
        setattr(panel, name, value)
    assert panel.choices == choices


@pytest.mark.parametrize(
    ("trait", "value"), [("kind", "exe"), ("print_width_mm", 5), ("dpi", 9_999), ("n_faces", -1)]
)
def test_a_page_cannot_choose_what_is_not_offered(trait, value):
    with pytest.raises(t.TraitError):
        setattr(ExportPanel(), trait, value)


def test_deliver_hands_bytes_to_the_browser(monkeypatch):
    panel, sent = ExportPanel(), []
    monkeypatch.setattr(panel, "send", lambda *message: sent.append(message))
    panel.deliver(b"data", "anna.ply", "application/octet-stream")
    [(content, buffers)] = sent
    assert content["type"] == "file"
    assert content["name"] == "anna.ply"
    assert bytes(buffers[0]) == b"data"


# --- what will be written ----------------------------------------------------------------------


def test_the_preview_follows_choices_and_sliders(desk):
    assert desk.panel.preview.startswith("2,000 faces, ")
    assert " mm, life-size by a guess, about " in desk.panel.preview
    assert desk.panel.preview.endswith("kB")
    desk.panel.n_faces = 1_000
    assert desk.panel.preview.startswith("1,000 faces, ")
    desk.panel.kind = "points"
    assert desk.panel.preview.startswith("2,000 points, ")
    desk.viewer.params = GeometryParams(n_points=777)
    assert desk.panel.preview.startswith("777 points, ")
    assert desk.panel.preview_state == ""


def test_a_preview_of_nothing_is_a_sentence(desk):
    desk.viewer.params = GeometryParams(edge_angle=0.1)
    assert desk.panel.preview_state == "bad"
    assert desk.panel.preview == f"Nothing is left of the surface; {TO_KEEP_MORE}."
    desk.viewer.params = GeometryParams()
    assert desk.panel.preview_state == ""


def test_a_very_large_file_is_said_before(desk, monkeypatch):
    monkeypatch.setattr(exporter, "_LARGE", 1_000)
    desk.exporter.refresh()
    assert desk.panel.preview_state == "large"
    assert "choose fewer faces" in desk.panel.preview


def test_before_the_first_photo_there_is_no_preview(estimator):
    desk = Desk(estimator)
    desk.panel.kind = "bust"
    assert (desk.panel.preview, desk.panel.preview_state) == ("", "")


def test_code_is_there_while_it_is_looked_at(desk):
    assert desk.panel.code == ""
    desk.panel.code_shown = True
    assert "n_points=2000" in desk.panel.code
    desk.viewer.params = GeometryParams(relief=1.5)
    assert "relief=1.5" in desk.panel.code


# --- files -------------------------------------------------------------------------------------


def test_a_file_arrives_and_is_told(desk):
    name, data = desk.save("ply")
    assert name == "anna_face-lite_mesh.ply"
    assert data.startswith(b"ply\n")
    assert desk.panel.busy == ""
    assert desk.status.state == "ready"
    assert desk.status.text == f"Saved {name}, {round(len(data) / 1e3)} kB."


@pytest.mark.parametrize("kind", ["glb", "obj", "ply", "stl", "points", "xyz", "bust", "relief"])
def test_after_saving_the_page_tells_what_is_in_the_file(desk, kind):
    _, data = desk.save(kind)
    facts = measure_file(kind, data)
    said = desk.panel.preview
    assert said.startswith(f"Saved: {facts.text}")
    assert said.endswith(f", {exporter._size(len(data))}")
    assert ("life-size by a guess" in said) == (kind not in ("bust", "relief"))
    desk.panel.kind = "lithophane"  # and then what the next one would be
    assert not desk.panel.preview.startswith("Saved")


def test_the_page_leads_from_the_open_sheet_to_the_solids(desk):
    desk.panel.kind = "stl"
    assert "choose one under Print" in desk.panel.preview
    desk.save("stl")
    assert "open" in desk.panel.preview
    assert "save a bust, a relief or a lithophane" in desk.status.text


def test_points_are_those_of_the_sliders(desk):
    desk.viewer.params = GeometryParams(n_points=123)
    assert b"element vertex 123\n" in desk.save("points")[1]


def test_pictures_have_camera_colours_and_crop_of_the_screen(desk, monkeypatch):
    drawn = []

    def draw(figure, *choices):
        drawn.append((figure, choices))
        return b"picture"

    monkeypatch.setattr(files, "figure_to_image", draw)
    desk.viewer.view = ViewParams(draw_as="mesh", color_by="depth", colormap="Viridis")
    desk.viewer.figure.layout.scene.camera.eye = {"x": 1.5, "y": -0.5, "z": 0.2}
    desk.viewer.figure._handle_custom_msg({"type": "size", "width": 900, "height": 500}, [])
    desk.panel.background, desk.panel.width_mm, desk.panel.dpi = "transparent", 90, 600
    assert desk.save("png") == ("anna_face-lite_view.png", b"picture")
    figure, choices = drawn[-1]
    assert choices == ("png", 90, 600, "transparent")
    assert figure.layout.scene.camera.eye.x == 1.5
    assert (figure.layout.width, figure.layout.height) == (900, 500)
    shown = next(trace for trace in desk.viewer.figure.data if trace.visible)
    assert figure.data[0].colorscale == shown.colorscale


def test_a_film_keeps_the_height_of_the_camera(desk, monkeypatch):
    asked = {}

    def turn(scene, view, camera, **options):
        asked.update(options, camera=camera, view=view)
        return b"film"

    monkeypatch.setattr(files, "turntable", turn)
    desk.viewer.figure.layout.scene.camera.eye = {"x": 0, "y": -1, "z": 0.7}
    desk.panel.whole_turn = True
    assert desk.save("gif")[1] == b"film"
    assert asked["camera"]["eye"]["z"] == 0.7
    assert asked["swing"] is None
    assert asked["view"] == desk.viewer.view


def test_steps_are_told(desk, monkeypatch):
    told = []
    desk.status.observe(lambda change: told.append(change["new"]), "text")
    desk.save("glb")
    assert told[:-1] == [
        "Making anna_face-lite_mesh.glb",
        "Building the surface",
        "Writing the file",
    ]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (FigureError("A PDF needs a browser; save as HTML."), "A PDF needs a browser; save as"),
        (ValueError("too few faces; choose more"), "Too few faces; choose more."),
        (MemoryError(), "not enough memory"),
        (RuntimeError("boom"), "RuntimeError: boom"),
    ],
)
def test_what_cannot_be_saved_is_said_and_nothing_is_lost(desk, monkeypatch, error, sentence):
    def fail(*_):
        raise error

    kept = desk.session.result
    with monkeypatch.context() as patch:
        patch.setattr(exporter, "make_file", fail)
        assert desk.save("glb") is None
    assert desk.status.state == "error"
    assert sentence in desk.status.text
    assert desk.panel.busy == ""
    assert desk.session.result is kept
    assert desk.save("glb") is not None  # and the rest goes on
    assert desk.status.state == "ready"


def test_a_picture_without_a_browser_is_said(desk, monkeypatch):
    draw = files.figure_to_image

    def no_browser(*arguments, without_browser=False):
        if not without_browser:
            raise BrowserError("No Chrome is installed.")
        return draw(*arguments, without_browser=True)

    monkeypatch.setattr(files, "figure_to_image", no_browser)
    desk.panel.width_mm, desk.panel.dpi = 30, 100
    _, data = desk.save("png")
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.width == 118
    assert "without a browser" in desk.status.text
    assert desk.save("svg") is None
    assert desk.status.state == "error"


def test_nothing_is_written_to_disk(desk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for kind in ("glb", "obj", "stl", "bust", "xyz", "depth", "html", "mp4"):
        monkeypatch.setattr(files, "_FRAMES_PER_SECOND", 1)
        assert desk.save(kind) is not None
    assert list(tmp_path.iterdir()) == []


# --- beside the page ---------------------------------------------------------------------------


def on_a_loop(scenario, estimator, photo):
    """Run `await scenario(desk)` with a worker thread, as in a kernel."""

    async def main():
        desk = Desk(estimator, Jobs())
        desk.open(photo)
        try:
            await asyncio.wait_for(scenario(desk), 60)
        finally:
            desk.exporter.close()
            desk.jobs.close()

    asyncio.run(main())


async def until(condition):
    while not condition():
        await asyncio.sleep(0.005)


def test_a_slider_that_moves_makes_one_preview(estimator, photo, monkeypatch):
    made = []
    preview = exporter.preview_file
    monkeypatch.setattr(
        exporter, "preview_file", lambda kind, order: made.append(kind) or preview(kind, order)
    )

    async def scenario(desk):
        for n in range(1_000, 1_500, 10):
            desk.viewer.params = GeometryParams(n_points=n)
            desk.panel.n_faces = n
            await asyncio.sleep(0.001)
        await until(lambda: desk.panel.preview and desk.panel.preview_state == "")
        assert desk.panel.preview.startswith("1,490 faces")
        assert len(made) <= 2

    on_a_loop(scenario, estimator, photo)


def test_the_loop_lives_while_a_film_is_drawn_and_cancel_ends_it(estimator, photo):
    async def scenario(desk):
        desk.panel.kind = "mp4"
        press(desk.panel, "save")
        await until(lambda: desk.panel.progress > 0)
        assert (desk.panel.busy, desk.status.state) == ("mp4", "busy")
        assert desk.status.text == "Drawing the turntable"
        press(desk.panel, "cancel")
        assert (desk.panel.busy, desk.status.state) == ("", "ready")
        # The thread is free at once, and nothing of the film comes after.
        desk.panel.kind = "glb"
        press(desk.panel, "save")
        await until(lambda: desk.panel.busy == "")
        assert [content["name"] for content, _ in desk.sent] == ["anna_face-lite_mesh.glb"]
        assert desk.status.text.startswith("Saved anna_face-lite_mesh.glb")

    on_a_loop(scenario, estimator, photo)


def test_sliders_may_move_while_a_file_is_made(estimator, photo):
    async def scenario(desk):
        desk.panel.kind = "points"
        press(desk.panel, "save")
        desk.viewer.params = GeometryParams(n_points=5)
        await until(lambda: desk.panel.busy == "")
        [(_, buffers)] = desk.sent
        assert b"element vertex 2000\n" in bytes(buffers[0])

    on_a_loop(scenario, estimator, photo)


@pytest.mark.parametrize("seconds", [0, 2 * exporter._REST])
def test_a_preview_that_comes_late_does_not_hide_what_was_saved(
    estimator, photo, monkeypatch, seconds
):
    """Whether it is asked for after the file is there, or waits while the file is made."""
    make = exporter.make_file
    monkeypatch.setattr(exporter, "make_file", lambda *a: time.sleep(seconds) or make(*a))

    async def scenario(desk):
        desk.panel.kind = "relief"
        desk.panel.print_width_mm = 40  # its preview waits for the hand to rest
        press(desk.panel, "save")
        await until(lambda: desk.panel.busy == "")
        await asyncio.sleep(2 * exporter._REST)
        assert desk.panel.preview.startswith("Saved: ")
        desk.panel.print_width_mm = 50
        await until(lambda: desk.panel.preview.endswith(" MB") and "about" in desk.panel.preview)
        desk.panel.print_width_mm = 40  # that one was saved
        await until(lambda: desk.panel.preview.startswith("Saved: "))

    on_a_loop(scenario, estimator, photo)


def test_a_zip_shows_its_steps_and_arrives(estimator, photo, monkeypatch):
    monkeypatch.setattr(files, "figure_to_image", lambda *_: b"PNG")

    async def scenario(desk):
        desk.exporter.maker = None  # on this process's thread, where nothing is drawn
        told = []
        desk.status.observe(lambda change: told.append(change["new"]), "text")
        desk.panel.kind = "all"
        press(desk.panel, "save")
        await until(lambda: desk.panel.busy == "")
        [(content, buffers)] = desk.sent
        assert content["name"] == "anna_face-lite_everything.zip"
        with zipfile.ZipFile(io.BytesIO(bytes(buffers[0]))) as archive:
            assert len(archive.namelist()) == len(files.IN_ZIP) + 2
        assert "Making GLB" in told
        assert "Packing" in told

    on_a_loop(scenario, estimator, photo)


def test_what_makes_files_ends_with_the_page(estimator, photo):
    makers = []

    async def scenario(desk):
        makers.append(desk.exporter.maker)
        assert not makers[0].running  # nothing is started before it is wanted
        desk.panel.kind = "npy"
        press(desk.panel, "save")
        await until(lambda: desk.panel.busy == "")
        assert [content["name"] for content, _ in desk.sent] == ["anna_face-lite_depth.npy"]
        assert makers[0].running
        desk.exporter.close()
        await until(lambda: not makers[0].running)

    on_a_loop(scenario, estimator, photo)


def test_where_nothing_runs_beside_the_caller_files_are_made_there(desk):
    assert desk.exporter.maker is None
