"""Every file that a result can leave as, made with no screen and read back."""

import dataclasses
import io
import json
import xml.etree.ElementTree as ET
import zipfile

import numpy as np
import pytest
import trimesh
from PIL import Image

from face3d_widgets.figures import BrowserError, FigureError, figure_as_shown
from face3d_widgets.image import encode_jpeg
from face3d_widgets.session import (
    FILE_KINDS,
    FileChoices,
    ReconstructionSession,
    files,
    make_file,
    measure_file,
    preview_file,
)
from face3d_widgets.session.replay import read_settings
from face3d_widgets.types import GeometryParams, SolidParams, ViewParams
from face3d_widgets.widgets import PhotoDepthView

SMALL = FileChoices(
    n_faces=2_000, solid=SolidParams(n_faces=4_000), width_mm=30, dpi=100, film_seconds=0.5
)
# What draws them is a browser; tests/browser has it.
DRAWN = ("png", "webp", "svg", "pdf", "depth-map")
QUICK = [kind for kind in FILE_KINDS if kind not in (*DRAWN, "all")]


@pytest.fixture
def session(estimator, photo):
    session = ReconstructionSession(estimator)
    session.open(photo)
    session.params = GeometryParams(n_points=3_000)
    session.view = ViewParams(draw_as="mesh")
    return session


@pytest.fixture
def no_browser(monkeypatch):
    """The program as it is where no Chrome is installed."""
    draw = files.figure_to_image

    def without(*arguments, without_browser=False):
        if not without_browser:
            raise BrowserError("No Chrome or Chromium is installed. Save as HTML instead.")
        return draw(*arguments, without_browser=True)

    monkeypatch.setattr(files, "figure_to_image", without)


def made(session, kind, choices=SMALL, **options):
    return make_file(kind, session.order(choices), **options)


def as_mesh(file, kind):
    return trimesh.load(io.BytesIO(file.data), file_type=kind, force="mesh", process=False)


def test_names_say_photo_network_and_content(session):
    order = session.order(SMALL)
    assert order.file_name("glb") == "anna_face-lite_mesh.glb"
    assert order.file_name("obj") == "anna_face-lite_mesh.obj.zip"
    assert order.file_name("lithophane") == "anna_face-lite_lithophane.stl"
    names = [order.file_name(kind) for kind in FILE_KINDS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", ["glb", "ply", "stl"])
def test_a_surface_has_the_faces_that_were_chosen(session, kind):
    file = made(session, kind)
    assert file.name.endswith(kind)
    assert len(as_mesh(file, kind).faces) == pytest.approx(2_000, abs=10)


def test_an_obj_comes_with_its_texture(session):
    with zipfile.ZipFile(io.BytesIO(made(session, "obj").data)) as archive:
        suffixes = {name.rpartition(".")[2] for name in archive.namelist()}
    assert {"obj", "mtl", "jpg"} <= suffixes


def test_all_faces_are_those_of_the_pixels(session):
    every = made(session, "stl", FileChoices(n_faces=None))
    assert len(as_mesh(every, "stl").faces) > 2_500


@pytest.mark.parametrize("kind", ["points", "xyz"])
def test_points_are_as_many_as_on_the_screen(session, kind):
    file = made(session, kind)
    if kind == "xyz":
        assert np.loadtxt(io.BytesIO(file.data)).shape[0] == 3_000
    else:
        assert b"element vertex 3000\n" in file.data


@pytest.mark.parametrize("kind", ["bust", "relief", "lithophane"])
def test_solids_are_closed_and_keep_their_millimetres_without_a_ruler(session, kind):
    solid = as_mesh(made(session, kind), "stl")
    solid.merge_vertices()
    assert solid.is_watertight
    assert solid.extents[0] == pytest.approx(80, abs=0.5)
    assert solid.bounds[0, 2] == pytest.approx(0, abs=1e-4)


THREE_D = ["glb", "ply", "stl", "points", "xyz"]


def sides(session, kind, choices=SMALL):
    """Of the box of a file in millimetres, by another reader than ours."""
    data = made(session, kind, choices).data
    if kind == "xyz":
        return np.ptp(np.loadtxt(io.BytesIO(data))[:, :3], axis=0)
    kind = "ply" if kind == "points" else kind
    loaded = trimesh.load(io.BytesIO(data), file_type=kind, process=False)
    return np.ptp(loaded.bounds, axis=0) * (1000 if kind == "glb" else 1)


@pytest.mark.parametrize("kind", THREE_D)
def test_a_ruler_makes_millimetres(session, kind):
    guessed = sides(session, kind)
    relative = guessed / session.order(SMALL).size.mm_per_unit
    session.params = GeometryParams(n_points=3_000, mm_per_unit=200.0)
    assert sides(session, kind) == pytest.approx(200 * relative, rel=1e-3)
    said = preview_file(kind, session.order(SMALL)).text
    assert " mm, to the scale that was set" in said
    # What was asked comes before the ruler.
    narrow = dataclasses.replace(SMALL, model_width_mm=33)
    assert sides(session, kind, narrow)[0] == pytest.approx(33, rel=1e-4)
    head = dataclasses.replace(SMALL, head_mm=2 * 165)
    assert sides(session, kind, head) == pytest.approx(2 * guessed, rel=1e-3)


@pytest.mark.parametrize("scale_shift", [None, (0.2, 0.9)])
@pytest.mark.parametrize("fov", [20, 50, 90])
def test_life_size_hangs_on_no_slider(session, fov, scale_shift):
    """Whatever the camera, the head's outline stays as wide: 165 mm across 48 pixels."""
    session.params = GeometryParams(n_points=3_000, fov=fov, scale_shift=scale_shift)
    order = session.order(SMALL)
    geometry, params = order.geometry, order.params
    pixel = geometry.curve(params).subject_depth / geometry.camera(params).fy
    head = geometry.stats.head_width * geometry.photo.height
    assert order.size.mm_per_unit * pixel * head == pytest.approx(165)
    assert head == pytest.approx(48, abs=2)


def test_all_models_of_a_zip_have_one_scale(session, no_browser):
    choices = dataclasses.replace(SMALL, model_width_mm=50)
    with zipfile.ZipFile(io.BytesIO(made(session, "all", choices).data)) as archive:
        points, mesh = (
            trimesh.load(
                io.BytesIO(archive.read(f"anna/anna_face-lite_{name}.ply")), file_type="ply"
            )
            for name in ("points", "mesh")
        )
    assert mesh.extents[0] == pytest.approx(50, rel=1e-3)
    scale = session.order(choices).size.mm_per_unit
    np.testing.assert_allclose(
        np.ptp(points.vertices, axis=0), scale * np.ptp(session.point_cloud().points, axis=0), 1e-3
    )


@pytest.mark.parametrize("kind", [*THREE_D, "obj", "bust", "relief", "lithophane"])
def test_facts_are_those_of_the_file(session, kind):
    file = made(session, kind)
    facts = measure_file(kind, file.data)
    assert file.facts.startswith(facts.text)
    if kind == "obj":
        mesh = as_mesh(made(session, "ply"), "ply")
    elif kind in ("points", "xyz"):
        assert facts.points == 3_000
        np.testing.assert_allclose(facts.extent_mm, sides(session, kind), rtol=1e-5)
        assert facts.closed is None
        return
    else:
        mesh = as_mesh(file, FILE_KINDS[kind].suffix[1:])
    np.testing.assert_allclose(
        facts.extent_mm, mesh.extents * (1000 if kind == "glb" else 1), rtol=1e-4
    )
    assert facts.faces == len(mesh.faces)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    assert facts.closed == mesh.is_watertight == (FILE_KINDS[kind].group == "print")


def test_a_hole_a_turned_face_and_a_second_sheet_are_seen():
    box = trimesh.creation.box((3, 4, 5))
    whole = trimesh.exchange.stl.export_stl(box)
    assert measure_file("stl", whole).text == "12 faces, 3 × 4 × 5 mm, closed"
    for faces in (
        box.faces[1:],
        np.concatenate([box.faces[:1, ::-1], box.faces[1:]]),
        np.concatenate([box.faces, box.faces[:1]]),
    ):
        spoiled = trimesh.Trimesh(box.vertices, faces, process=False)
        assert measure_file("stl", trimesh.exchange.stl.export_stl(spoiled)).closed is False


@pytest.mark.parametrize("kind", sorted(FILE_KINDS))
def test_what_is_no_such_file_has_no_facts(kind):
    for data in (b"", b"picture", bytes(200), b"glTF" + bytes(16) + b"{}"):
        facts = measure_file(kind, data)
        assert facts.text in ("", "0 faces, 0 × 0 × 0 mm, open") or facts.faces is None


def test_pictures_and_films_are_measured(session, no_browser):
    choices = dataclasses.replace(SMALL, width_mm=50.8, dpi=100)
    png = measure_file("png", made(session, "png", choices).data)
    assert png.pixels[0] == 200
    assert png.paper_mm[0] == pytest.approx(50.8, abs=0.01)
    assert measure_file("webp", made(session, "webp", choices).data).pixels[0] == 200
    for kind in ("gif", "mp4"):
        film = measure_file(kind, made(session, kind).data)
        assert film.seconds == pytest.approx(0.5)
        assert film.pixels[1] == 480
    for kind in ("depth", "pfm", "npy"):
        assert measure_file(kind, made(session, kind).data).text == "96 × 120 pixels"
    assert measure_file("svg", b'<svg class="a" width="30mm" height="25.5mm">').paper_mm == (
        30,
        25.5,
    )


def test_the_readme_tells_what_was_measured_in_each_file(session, no_browser):
    with zipfile.ZipFile(io.BytesIO(made(session, "all").data)) as archive:
        readme = archive.read("anna/README.txt").decode()
        lines = readme.splitlines()
        for kind in files.IN_ZIP:
            name = session.order(SMALL).file_name(kind)
            data = archive.read(f"anna/{name}")
            after = " ".join(line.strip() for line in lines[lines.index(name) + 1 :][:4])
            facts = measure_file(kind, data).text
            assert f"{facts}, {len(data) / 1e6:.2f} MB" in after or kind == "html"
    assert "open sheet" in readme
    assert "save a bust, a relief or a lithophane instead" in " ".join(readme.split())
    assert "for 3D printing." not in readme
    assert "The size is a guess: the head is taken for an adult's, 165 mm wide" in readme
    assert "millimetres. In the GLB file they are in metres" in readme
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("kind", ["bust", "relief"])
def test_a_wall_that_few_printers_can_is_said(session, kind):
    assert made(session, kind).note == ""
    narrow = dataclasses.replace(SMALL, solid=SolidParams(width_mm=20, n_faces=4_000))
    assert "choose a larger width" in made(session, kind, narrow).note


def test_depth_is_what_the_network_said(session, inverse_depth):
    np.testing.assert_array_equal(
        np.load(io.BytesIO(made(session, "npy").data)), inverse_depth.values
    )
    assert made(session, "pfm").data.startswith(b"Pf\n96 120\n")
    with Image.open(io.BytesIO(made(session, "depth").data)) as picture:
        assert picture.size == (96, 120)
        assert picture.mode.startswith("I;16")


def test_a_page_has_the_view(session):
    file = made(session, "html")
    assert b"<title>anna</title>" in file.data
    assert file.mime == "text/html"


@pytest.mark.parametrize("whole_turn", [False, True])
def test_turntables_turn(session, whole_turn):
    choices = FileChoices(film_seconds=0.5, whole_turn=whole_turn)
    steps = []
    file = made(session, "gif", choices, progress=lambda *step: steps.append(step))
    with Image.open(io.BytesIO(file.data)) as film:
        seconds = 0
        for k in range(film.n_frames):
            film.seek(k)
            seconds += film.info["duration"] / 1000
        assert seconds == pytest.approx(0.5)
        film.seek(0)
        first = np.asarray(film.convert("RGB"), int)
        film.seek(1)
        assert np.abs(np.asarray(film.convert("RGB"), int) - first).mean() > 1
    assert {step for step, _ in steps} == {"Drawing the turntable"}
    assert steps[-1][1] == pytest.approx(1)


def test_films_have_the_shape_of_the_screen(session):
    av = pytest.importorskip("av")
    shown = figure_as_shown(session.figure())
    shown.update_layout(width=900, height=600)
    file = make_file("mp4", session.order(SMALL, shown))
    with av.open(io.BytesIO(file.data)) as film:
        [stream] = film.streams.video
        assert (stream.width, stream.height) == (720, 480)
        assert sum(1 for _ in film.decode(stream)) == 6


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_without_a_browser_there_still_is_a_picture(session, no_browser, kind):
    file = made(session, kind)
    assert "without a browser" in file.note
    with Image.open(io.BytesIO(file.data)) as picture:
        assert picture.width == 118  # 30 mm at 100 dpi
        assert np.asarray(picture.convert("L")).min() < 128


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_without_a_browser_a_drawing_says_what_to_do(session, no_browser, kind):
    with pytest.raises(FigureError, match="HTML"):
        made(session, kind)


@pytest.mark.parametrize("kind", ["depth-map", "pdf"])
def test_a_figure_has_the_limits_of_the_screen_and_a_title(session, monkeypatch, kind):
    drawn = []
    monkeypatch.setattr(files, "figure_to_image", lambda figure, *_: drawn.append(figure) or b"")
    made(session, kind)
    [figure] = drawn
    assert figure.layout.meta["title"].startswith("anna, Face Lite")
    if kind == "depth-map":
        page = PhotoDepthView()
        page.show_depth(session.result.inverse_depth, session.result.geometry.stats)
        marker = figure.data[0].marker
        assert (marker.cmin, marker.cmax) == (page._depth["low"], page._depth["high"])


@pytest.mark.browser
def test_figures_have_their_millimetres(session):
    svg = ET.fromstring(made(session, "svg").data)
    assert svg.attrib["width"] == "30mm"
    assert made(session, "pdf").data.startswith(b"%PDF-")
    assert made(session, "depth-map").data.startswith(b"%PDF-")
    transparent = FileChoices(width_mm=30, dpi=100, background="transparent")
    with Image.open(io.BytesIO(made(session, "png", transparent).data)) as picture:
        assert picture.width == 118
        assert picture.info["dpi"][0] == pytest.approx(100, abs=0.1)
        assert np.asarray(picture.convert("RGBA"))[0, 0, 3] == 0


def test_everything_is_one_zip(session, no_browser):
    steps = []
    file = made(session, "all", progress=lambda *step: steps.append(step))
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
        parameters = json.loads(archive.read("anna/parameters.json"))
    order = session.order(SMALL)
    assert names == {order.file_name(k) for k in files.IN_ZIP} | {"README.txt", "parameters.json"}
    assert parameters["geometry"]["n_points"] == 3_000
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert len({step for step, _ in steps}) == len(files.IN_ZIP) + 1


def test_the_parameters_in_the_zip_make_the_page_the_same_again(session, no_browser):
    session.set_scale((40, 40), (40, 60), 63)
    order = session.order(SMALL)
    with zipfile.ZipFile(io.BytesIO(make_file("all", order).data)) as archive:
        saved = read_settings(archive.read("anna/parameters.json").decode())
    assert saved.is_of(order.photo)
    assert saved.replay.spot.ruler == (40, 40, 40, 60, 63)
    assert saved.geometry.mm_per_unit == session.params.mm_per_unit
    assert saved.replay.choices == SMALL
    more = dataclasses.replace(saved, page="lab")
    with zipfile.ZipFile(
        io.BytesIO(make_file("all", session.order(SMALL, settings=more)).data)
    ) as archive:
        assert read_settings(archive.read("anna/parameters.json").decode()).page == "lab"


@pytest.mark.parametrize("kind", ["gif", "mp4", "all"])
def test_long_work_can_be_cancelled(session, kind, no_browser):
    seen = []

    def cancelled():
        seen.append(1)
        return len(seen) > 2

    with pytest.raises(FigureError, match="cancelled"):
        made(session, kind, cancelled=cancelled)
    assert len(seen) == 3


@pytest.fixture(scope="module")
def real(astronaut):
    """A face as the shipped network sees it: made heads pack too well."""
    session = ReconstructionSession()
    session.open(astronaut)
    return session


@pytest.mark.parametrize("kind", [*QUICK, "all"])
@pytest.mark.parametrize(("draw_as", "n_faces"), [("points", 20_000), ("mesh", None)])
def test_the_size_that_is_told_comes_within_15_percent(real, kind, draw_as, n_faces, no_browser):
    real.view = ViewParams(draw_as=draw_as)
    order = real.order(FileChoices(n_faces=n_faces, film_seconds=0.5, width_mm=100, dpi=150))
    told = preview_file(kind, order)
    if told.n_bytes is None:
        assert kind in ("gif", "mp4")
    else:
        assert told.n_bytes == pytest.approx(len(make_file(kind, order).data), rel=0.15)


def test_a_preview_tells_counts_and_lengths(session):
    order = session.order(SMALL)
    assert preview_file("glb", order).text.startswith("2,000 faces, ")
    assert preview_file("glb", order).text.endswith(" mm, life-size by a guess")
    assert "an open sheet: for a print, choose one under Print" in preview_file("stl", order).text
    assert preview_file("points", order).text.startswith("3,000 points, ")
    assert "80 × " in preview_file("bust", order).text
    assert preview_file("png", order).text == "30 mm wide, 118 pixels"


@pytest.mark.parametrize("kind", ["glb", "points", "bust", "all"])
@pytest.mark.parametrize("act", [preview_file, make_file])
def test_nothing_left_is_a_sentence(session, kind, act, no_browser):
    session.params = GeometryParams(edge_angle=0.1)
    with pytest.raises(ValueError, match="cut-off"):
        act(kind, session.order(SMALL))


@pytest.mark.parametrize("act", [preview_file, make_file])
def test_an_unknown_kind(session, act):
    with pytest.raises(ValueError, match="choose one of: glb"):
        act("docx", session.order(SMALL))


@pytest.mark.parametrize(
    "wrong",
    [
        *[{"n_faces": 5}, {"width_mm": 1}, {"dpi": 9_999}, {"background": "red"}],
        *[{"film_seconds": 0}, {"head_mm": 0}, {"model_width_mm": float("nan")}],
        {"head_mm": 160, "model_width_mm": 80},
    ],
)
def test_choices_beyond_their_limits(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        FileChoices(**wrong)


def test_nothing_that_the_camera_wrote_leaves(estimator, photo, no_browser):
    exif = Image.Exif()
    exif[271], exif[42033] = "SECRET-MAKER", "SECRET-SERIAL"
    exif.get_ifd(34853)[1] = "N"
    file = io.BytesIO()
    with Image.open(io.BytesIO(encode_jpeg(photo))) as picture:
        picture.save(file, "jpeg", exif=exif)
    assert b"SECRET-MAKER" in file.getvalue()
    session = ReconstructionSession(estimator)
    session.open(file.getvalue())
    for kind in ("glb", "ply", "points", "depth", "html", "png", "gif"):
        data = made(session, kind).data
        assert b"SECRET" not in data
        assert b"Exif\0" not in data
    for archive in ("obj", "all"):
        with zipfile.ZipFile(io.BytesIO(made(session, archive).data)) as opened:
            for name in opened.namelist():
                assert b"SECRET" not in opened.read(name)
                assert b"Exif\0" not in opened.read(name)


def test_an_order_does_not_follow_the_sliders(session):
    order = session.order(SMALL)
    session.params = GeometryParams(n_points=10)
    assert b"element vertex 3000\n" in make_file("points", order).data
