"""One file of every kind from the real page, opened."""

import io
import json
import re
import xml.etree.ElementTree as ET
import zipfile

import numpy as np
import pytest
import trimesh
from PIL import Image
from playwright.sync_api import expect

from face3d_widgets.session import FILE_KINDS
from tests.browser.dashboard_page import FIGURE, move_slider, output, picture, turn
from tests.browser.waiting import PATIENCE, eventually, hear
from tests.gltf_validator import validate

pytestmark = pytest.mark.browser

PANEL = ".f3d-export"
# The first sample's file names.
STEM = "astronaut_face-lite"


def show_kind(page, kind):
    group = FILE_KINDS[kind].group
    page.locator(f"{PANEL} .f3d-segments label[data-value={group}]").click()
    if group != "all":
        page.locator(f"{PANEL} .f3d-chips label[data-value={kind}]").click()


def fill(page, label, value):
    page.locator(PANEL).get_by_role("spinbutton", name=label).fill(str(value))


def download(page, kind, **numbers):
    """Choose a kind, type its numbers, save; the bytes that arrive."""
    show_kind(page, kind)
    for label, value in numbers.items():
        fill(page, {"width": "Width, mm", "thick": "Thickness, mm"}[label], value)
    with page.expect_download(timeout=2_000 * PATIENCE) as waiting:  # a film takes its time
        page.locator(f"{PANEL} .f3d-primary").click()
    arrived = waiting.value
    known = FILE_KINDS[kind]
    assert arrived.suggested_filename == f"{STEM}_{known.content}{known.suffix}"
    with open(arrived.path(), "rb") as file:
        return file.read()


def few_faces(page):
    show_kind(page, "glb")
    slider = page.locator(f"{PANEL} .f3d-choices input[type=range]")
    slider.focus()
    slider.press("Home")
    expect(page.locator(f"{PANEL} .f3d-choices output")).to_have_text("1,000")


def as_mesh(data, kind):
    return trimesh.load(io.BytesIO(data), file_type=kind, force="mesh", process=False)


def test_models_arrive_and_open(page):
    few_faces(page)
    glb = download(page, "glb")
    assert len(as_mesh(glb, "glb").faces) == pytest.approx(1_000, abs=10)
    for kind in ("ply", "stl"):
        assert len(as_mesh(download(page, kind), kind).faces) == pytest.approx(1_000, abs=10)
    with zipfile.ZipFile(io.BytesIO(download(page, "obj"))) as archive:
        assert archive.testzip() is None
        assert {name.rpartition(".")[2] for name in archive.namelist()} >= {"obj", "mtl", "jpg"}
    move_slider(page, "n_points", ["Home"])
    points = trimesh.load(io.BytesIO(download(page, "points")), file_type="ply")
    assert len(points.vertices) == 1_000
    assert np.loadtxt(io.BytesIO(download(page, "xyz"))).shape == (1_000, 6)


def test_the_glb_of_the_page_is_valid(page):
    few_faces(page)
    issues = validate(download(page, "glb"))["issues"]
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0)


def test_prints_arrive_closed_and_in_millimetres(page):
    for kind in ("bust", "relief", "lithophane"):
        more = {"thick": 2.5} if kind == "lithophane" else {}
        solid = as_mesh(download(page, kind, width=40, **more), "stl")
        solid.merge_vertices()
        assert solid.is_watertight
        assert solid.extents[0] == pytest.approx(40, abs=0.3)
        expect(page.locator(f"{PANEL} .f3d-preview")).to_contain_text(
            f"Saved: {len(solid.faces):,} faces, 40 × "
        )
        assert (solid.extents[2] > solid.extents[1]) == (kind != "relief")  # it stands
        if kind == "relief":
            assert solid.extents[2] == pytest.approx(40 * (0.12 + 0.015), abs=0.01)
            fill(page, "Depth, % of width", 20)
            deeper = as_mesh(download(page, kind), "stl")
            assert deeper.extents[2] == pytest.approx(40 * (0.2 + 0.015), abs=0.01)
            fill(page, "Depth, % of width", 12)
        if kind == "lithophane":
            y = solid.vertices[solid.vertices[:, 2] > solid.extents[2] / 2][:, 1]
            assert np.ptp(y) == pytest.approx(2.5, abs=0.01)


def test_a_model_is_as_large_as_the_page_says(page):
    few_faces(page)
    preview = page.locator(f"{PANEL} .f3d-preview")
    expect(preview).to_contain_text("life-size by a guess")
    guessed = as_mesh(download(page, "glb"), "glb").extents
    expect(preview).to_have_text(re.compile(r"^Saved: .* mm, open, life-size by a guess, \d+ kB$"))
    size = page.locator(PANEL).get_by_label("Size")
    size.select_option(label="By the head’s width")
    fill(page, "Head across, mm", 330)
    expect(preview).to_contain_text("its head 330 mm wide as asked")
    np.testing.assert_allclose(
        as_mesh(download(page, "glb"), "glb").extents, 2 * guessed, rtol=1e-3
    )
    size.select_option(label="By its whole width")
    fill(page, "Model across, mm", 90)
    expect(preview).to_contain_text("90 mm wide as asked")
    for kind in ("stl", "ply"):
        assert as_mesh(download(page, kind), kind).extents[0] == pytest.approx(90, rel=1e-4)
    show_kind(page, "stl")
    expect(page.locator(f"{PANEL} .f3d-kind-help")).to_have_text("An open sheet, not for printing")
    size.select_option(label="By the ruler, else a guess")


def test_depth_arrives_and_opens(page):
    values = np.load(io.BytesIO(download(page, "npy")))
    assert values.shape == (400, 360)
    assert download(page, "pfm").startswith(b"Pf\n360 400\n")
    pixels = np.asarray(Image.open(io.BytesIO(download(page, "depth"))))
    assert (pixels.dtype, pixels.shape) == (np.uint16, (400, 360))
    assert np.corrcoef(pixels.ravel(), values.ravel())[0, 1] > 0.99
    assert download(page, "depth-map", width=60).startswith(b"%PDF-")


def test_pictures_arrive_as_they_are_on_the_screen(page):
    show_kind(page, "png")
    page.locator(PANEL).get_by_label("Ground").select_option("white")
    turn(page)
    screen = Image.fromarray(picture(page).astype(np.uint8))
    size = page.evaluate(
        f"(() => {{ const r = {FIGURE}.getBoundingClientRect(); return [r.width, r.height] }})()"
    )
    png = Image.open(io.BytesIO(download(page, "png", width=60)))
    assert png.width == 709  # 60 mm at 300 dpi
    assert png.height / png.width == pytest.approx(size[1] / size[0], abs=0.005)
    # The same model at the same place: what is dark on one is dark on the other.
    small = (160, round(160 * size[1] / size[0]))
    seen, saved = (np.asarray(image.convert("L").resize(small), float) for image in (screen, png))
    assert np.corrcoef(seen.ravel(), saved.ravel())[0, 1] > 0.9

    page.locator(PANEL).get_by_label("Ground").select_option("transparent")
    webp = Image.open(io.BytesIO(download(page, "webp")))
    assert webp.format == "WEBP"
    assert np.asarray(webp.convert("RGBA"))[0, 0, 3] == 0
    page.locator(PANEL).get_by_label("Ground").select_option("white")

    svg = ET.fromstring(download(page, "svg"))
    assert svg.attrib["width"] == "60mm"
    assert download(page, "pdf").startswith(b"%PDF-")


def test_the_saved_page_turns_offline_from_the_present_camera(page, new_page, tmp_path):
    seen_from = turn(page)["eye"]
    saved = tmp_path / "view.html"
    saved.write_bytes(download(page, "html"))
    alone = new_page()
    alone.goto(saved.as_uri())
    alone.wait_for_selector(".gl-container canvas")
    graph = "document.querySelector('.js-plotly-plot')"
    eye = f"{graph}._fullLayout?.scene?._scene?.getCamera().eye"
    eventually(lambda: alone.evaluate(eye), lambda eye: eye == pytest.approx(seen_from, abs=1e-6))
    own = ("file:", "blob:", "data:")
    assert [u for u in alone.watched.requests if not u.startswith(own)] == []


@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_turntables_arrive_and_play(page, kind):
    film = download(page, kind)
    if kind == "gif":
        assert Image.open(io.BytesIO(film)).n_frames > 20
    else:
        av = pytest.importorskip("av")
        with av.open(io.BytesIO(film)) as opened:
            [stream] = opened.streams.video
            assert sum(1 for _ in opened.decode(stream)) == 48


def test_everything_arrives_in_one_zip(page):
    few_faces(page)
    with zipfile.ZipFile(io.BytesIO(download(page, "all"))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert all(name.startswith("astronaut/") for name in names)
        assert len(names) == 12
        parameters = json.loads(archive.read("astronaut/parameters.json"))
    assert parameters["model"] == "face_lite"


def test_a_film_can_be_cancelled_and_the_page_stays_alive(page):
    show_kind(page, "mp4")
    save = page.locator(f"{PANEL} .f3d-primary")
    cancel = page.locator(PANEL).get_by_role("button", name="Cancel")
    save.click()
    expect(cancel).to_be_visible()
    expect(page.locator(".f3d-status-text")).to_have_text("Drawing the turntable")
    move_slider(page, "relief", ["ArrowRight"])
    expect(output(page, "relief")).to_have_text("1.05")  # and the film goes on
    cancel.click()
    expect(save).to_be_visible()
    expect(page.locator(".f3d-status-text")).to_contain_text("cancelled")


def test_the_preview_follows_the_sliders(page):
    show_kind(page, "points")
    preview = page.locator(f"{PANEL} .f3d-preview")
    expect(preview).to_contain_text("30,000 points")
    move_slider(page, "n_points", ["Home"])
    expect(preview).to_contain_text("1,000 points")
    expect(preview).to_contain_text("kB")
    show_kind(page, "lithophane")
    fill(page, "Width, mm", 50)
    expect(preview).to_contain_text("50 × ")
    fill(page, "Width, mm", 9_000)
    page.keyboard.press("Tab")
    expect(preview).to_contain_text("500 × ")  # the limit


def test_the_code_is_shown_and_copied(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    move_slider(page, "relief", ["ArrowRight"] * 2)
    page.locator(PANEL).get_by_role("button", name="As Python").click()
    text = page.get_by_label("Python code")
    expect(text).to_have_value(re.compile("relief=1.1"))
    wait_for = hear(page, f"{PANEL} [role=status]")
    page.locator(PANEL).get_by_role("button", name="Copy").click()
    wait_for("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == text.input_value()
    # And where the clipboard is closed, the old way.
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(Error('no')) }")
    expect(page.locator(PANEL).get_by_text("Copied")).to_be_hidden()
    wait_for = hear(page, f"{PANEL} [role=status]")
    page.locator(PANEL).get_by_role("button", name="Copy").click()
    wait_for("Copied")
    page.evaluate("() => { delete navigator.clipboard.writeText }")
    page.locator(PANEL).get_by_role("button", name="Close").click()
    expect(text).to_be_hidden()
