"""The real Voila page in a real Chromium."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.serving import READY, open_dashboard, wait_until_drawn

pytestmark = pytest.mark.browser

FIGURE = "document.querySelector('.f3d-figure')"


def status(page):
    return page.inner_text(".f3d-status-text")


def wait_for_status(page, text, state="ready"):
    page.wait_for_function(
        """([text, state]) => {
          const line = document.querySelector('.f3d-status');
          return line.dataset.state === state && line.textContent.includes(text);
        }""",
        arg=[text, state],
    )


def picture(page):
    """The 3D view as an array."""
    wait_until_drawn(page)
    png = page.locator(".f3d-viewer").screenshot()
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def difference(a, b):
    """Mean difference of two pictures; one may be a row higher, where the page's edges round."""
    height = min(len(a), len(b))
    assert abs(len(a) - len(b)) <= 1
    return float(np.abs(a[:height] - b[:height]).mean())


def wait_for_change(page, before, least=0.2):
    """The 3D view, once it differs from `before`."""
    for _ in range(60):
        now = picture(page)
        if difference(now, before) > least:
            return now
        page.wait_for_timeout(100)
    raise AssertionError("the picture did not change")


def camera(page):
    return json.loads(page.evaluate(f"JSON.stringify({FIGURE}._fullLayout.scene.camera)"))


def camera_in_motion(page):
    """Where the camera is this moment; `camera` is where it last came to rest."""
    return json.loads(
        page.evaluate(f"JSON.stringify({FIGURE}._fullLayout.scene._scene.getCamera())")
    )


def move_slider(page, trait, keys):
    slider = page.locator(f"[data-trait={trait}] input")
    slider.focus()
    for key in keys:
        slider.press(key)


def choose(page, trait, text):
    page.locator(f"[data-trait={trait}] label", has_text=text).click()


def turn(page):
    """Drag the model a little."""
    box = page.locator(".f3d-viewer").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 40, y - 20)
    page.mouse.move(x, y, steps=4)
    page.wait_for_timeout(200)
    page.mouse.down()
    page.mouse.move(x + 60, y + 10, steps=8)
    page.mouse.up()
    # The view glides to where the pointer was; the slower the machine, the longer.
    seen = None
    while seen != (seen := [camera(page), camera_in_motion(page)]) or seen[0] != seen[1]:
        page.wait_for_timeout(500)


def test_the_page_opens_with_a_sample_in_3d(page):
    assert "astronaut" in status(page)
    view = picture(page)
    # Neither empty nor cropped: the model reaches into every third of the height.
    background = view[:, :8].mean(axis=(0, 1))
    drawn = np.abs(view - background).sum(axis=2) > 120
    assert drawn.mean() > 0.08
    assert all(third.mean() > 0.02 for third in np.array_split(drawn, 3))


def test_nothing_is_asked_of_another_server(page, address):
    own = (address, address.replace("http", "ws"), "blob:", "data:")
    assert [url for url in page.watched.requests if not url.startswith(own)] == []


def test_an_uploaded_photo_becomes_3d(page, photo_file):
    before = picture(page)
    depth = page.evaluate("document.querySelector('.f3d-photos canvas').toDataURL()")

    page.set_input_files(".f3d-upload input[type=file]", photo_file)
    wait_for_status(page, "class-photo, 4000 × 3000")

    wait_for_change(page, before, least=2)
    assert page.evaluate("document.querySelector('.f3d-photos canvas').toDataURL()") != depth
    # and back to the sample with one click
    page.locator(".f3d-gallery button").first.click()
    wait_for_status(page, "astronaut")


def test_several_photos_make_a_gallery(page, photo_file, tmp_path):
    other = tmp_path / "second.png"
    Image.open(photo_file).resize((300, 400)).save(other)
    photos = page.locator(".f3d-gallery button")
    n = photos.count()
    page.set_input_files(".f3d-upload input[type=file]", [photo_file, other])
    expect(photos).to_have_count(n + 2)
    wait_for_status(page, "class-photo")
    page.locator(".f3d-gallery button").last.click()
    wait_for_status(page, "second, 300 × 400")


def test_a_photo_can_be_dropped(page, photo_file):
    data = page.evaluate_handle(
        """(base64) => {
          const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], "dropped.jpg"));
          return transfer;
        }""",
        base64.b64encode(photo_file.read_bytes()).decode(),
    )
    page.dispatch_event(".f3d-drop", "drop", {"dataTransfer": data})
    wait_for_status(page, "dropped")


def test_a_bad_file_gets_its_sentence_and_the_page_goes_on(page, photo_file, tmp_path):
    bad = tmp_path / "holiday.jpg"
    bad.write_bytes(b"%PDF-1.7 not a photo")
    before = picture(page)
    page.set_input_files(".f3d-upload input[type=file]", bad)
    page.wait_for_selector(".f3d-errors p")
    sentence = page.inner_text(".f3d-errors")
    assert "holiday.jpg" in sentence
    assert "PDF" in sentence
    assert difference(picture(page), before) < 0.2  # the last good result stays

    page.set_input_files(".f3d-upload input[type=file]", photo_file)
    wait_for_status(page, "class-photo")
    assert page.locator(".f3d-errors p").count() == 0


def test_a_too_large_file_is_refused_before_it_is_sent(page, tmp_path):
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(31 * 2**20)
    page.set_input_files(".f3d-upload input[type=file]", large)
    page.wait_for_selector(".f3d-errors p")
    assert "30 MB" in page.inner_text(".f3d-errors")


@pytest.mark.parametrize(
    ("trait", "keys"),
    [
        ("relief", ["ArrowRight"] * 12),
        ("fov", ["PageUp"] * 2),
        ("cutoff", ["End"]),
        ("n_points", ["Home"]),
        ("opacity", ["Home"]),
    ],
)
def test_each_slider_changes_the_picture_and_not_the_camera(page, trait, keys):
    turn(page)
    seen_from, before = camera(page), picture(page)
    move_slider(page, trait, keys)
    wait_for_change(page, before)
    assert camera(page) == seen_from


def test_points_have_a_size_and_colours(page):
    before = picture(page)
    choose(page, "draw_as", "Points")
    points = wait_for_change(page, before)
    assert page.locator("[data-trait=point_size]").is_visible()
    move_slider(page, "point_size", ["PageUp"] * 3)
    larger = wait_for_change(page, points)
    choose(page, "color_by", "Depth")
    grey = wait_for_change(page, larger)
    page.locator(".f3d-photos select").select_option("Viridis")
    wait_for_change(page, grey)


def test_turning_the_model_and_reset(page):
    start = camera(page)
    turn(page)
    assert camera(page)["eye"] != start["eye"]
    page.get_by_text("Reset the view").click()
    page.wait_for_function(
        f"(eye) => Math.abs({FIGURE}._fullLayout.scene.camera.eye.x - eye.x) < 1e-3",
        arg=start["eye"],
    )
    move_slider(page, "relief", ["ArrowRight"] * 5)
    assert page.inner_text("[data-trait=relief] output") == "1.25"
    page.get_by_text("Reset the sliders").click()
    page.wait_for_function(
        "document.querySelector('[data-trait=relief] output').textContent === '1.00'"
    )


def test_dragging_a_slider_ends_at_its_last_value(page):
    slider = page.locator("[data-trait=relief] input")
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 3, y)
    page.mouse.down()
    for i in range(40):
        page.mouse.move(box["x"] + box["width"] * (1 / 3 + i / 100), y)
    page.mouse.up()
    value = float(slider.input_value())

    # The mesh's depth extent in the browser follows the slider's last value.
    extent = f"(() => {{ const y = {FIGURE}._fullData[1].y; return Math.max(...y) }})()"
    page.wait_for_timeout(1500)
    at_last = page.evaluate(extent)
    slider.press("ArrowRight")
    slider.press("ArrowLeft")
    page.wait_for_timeout(1500)
    assert float(slider.input_value()) == value
    assert page.evaluate(extent) == pytest.approx(at_last, rel=1e-5)


def test_the_pointer_reads_both_pictures(page):
    page.locator(".f3d-frame").first.hover()
    reading = page.inner_text(".f3d-readout")
    assert "inverse depth" in reading
    assert page.locator(".f3d-mark:visible").count() == 2
    page.locator(".f3d-frame").last.focus()
    page.keyboard.press("ArrowLeft")
    assert page.inner_text(".f3d-readout") != reading


def test_two_tabs_know_nothing_of_each_other(page, new_page, address, photo_file):
    other = new_page()
    open_dashboard(other, address)
    assert other.locator(".f3d-gallery button").count() == 3
    page.set_input_files(".f3d-upload input[type=file]", photo_file)
    wait_for_status(page, "class-photo")
    move_slider(page, "relief", ["End"])
    assert other.locator(".f3d-gallery button").count() == 3
    assert "astronaut" in status(other)
    assert other.inner_text("[data-trait=relief] output") == "1.00"


def test_a_phone_sees_one_column(new_page, address):
    page = new_page(390, 844, has_touch=True, is_mobile=True, device_scale_factor=2)
    open_dashboard(page, address)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    model = page.locator(".f3d-viewer").bounding_box()
    assert model["width"] > 330
    assert model["y"] < 844  # the model begins on the first screen
    small = page.evaluate(
        """[...document.querySelectorAll('.f3d :is(button, select, input[type=range])')]
          .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 28)
          .map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert small == []


def test_every_control_has_a_name_and_the_keyboard_reaches_it(page):
    snapshot = page.locator(".f3d-page").aria_snapshot()
    for role in ("slider", "button", "combobox", "radio", "checkbox"):
        assert role in snapshot
        assert f"- {role}\n" not in snapshot, f"a {role} without a name:\n{snapshot}"
    for name in ("Relief", "Field of view", "Background cut-off", "Point density", "Opacity"):
        assert page.get_by_role("slider", name=name).count() == 1
    unreachable = page.evaluate(
        """[...document.querySelectorAll('.f3d :is(button, select, input, summary)')]
          .filter((e) => e.tabIndex < 0).length"""
    )
    assert unreachable == 0


def test_dark_and_light(new_page, address):
    page = new_page(color_scheme="dark")
    open_dashboard(page, address)

    def lightness():
        color = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, color[4:-1].split(",")))

    assert lightness() < 150
    page.get_by_role("button", name="Theme").click()
    assert lightness() > 600
    page.reload()
    page.wait_for_selector(READY)
    assert lightness() > 600  # the choice lasts


def test_a_closed_page_leaves_no_kernel(new_page, address):
    page = new_page()
    open_dashboard(page, address)
    own = json.loads(page.locator("#jupyter-config-data").text_content())["kernelId"]
    page.reload()
    page.wait_for_selector(READY)
    page.wait_for_timeout(1000)
    assert page.request.get(f"{address}api/kernels/{own}").status == 404
    page.watched.errors.clear()  # the connection that the old page gave up


def test_a_lost_server_is_told(new_page, address):
    page = new_page()
    open_dashboard(page, address)
    assert not page.locator("#lost").is_visible()
    page.route("**/api/kernels/*", lambda route: route.abort())
    for _ in range(2):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(200)
    expect(page.locator("#lost")).to_be_visible()
    page.unroute("**/api/kernels/*")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#lost")).to_be_hidden()
    page.watched.errors.clear()  # the refused requests


def test_how_it_works_opens(page):
    assert not page.locator(".f3d-steps").is_visible()
    page.get_by_text("How it works").click()
    assert page.locator(".f3d-steps").is_visible()
    page.get_by_text("How it works").click()


def test_no_source_reaches_the_page(page):
    assert "from face3d_widgets" not in page.content()
