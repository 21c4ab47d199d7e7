"""The real Voila page in a real Chromium."""

import base64
import json

import numpy as np
import psutil
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.dashboard_page import (
    FIGURE,
    camera,
    choose,
    difference,
    move_slider,
    numbers_of,
    output,
    picture,
    reload,
    turn,
    wait_for_camera,
    wait_for_change,
    wait_for_kernel,
    wait_for_status,
)
from tests.browser.waiting import eventually
from tests.serving import open_dashboard

pytestmark = pytest.mark.browser

DEPTH_MAP = "document.querySelector('.f3d-photos canvas').toDataURL()"


def test_the_page_opens_with_a_sample_in_3d(page):
    expect(page.locator(".f3d-status-text")).to_contain_text("astronaut")
    view = picture(page)
    # Neither empty nor cropped: the model reaches into every third of the height.
    background = view[:, :8].mean(axis=(0, 1))
    drawn = np.abs(view - background).sum(axis=2) > 120
    assert drawn.mean() > 0.08
    assert all(third.mean() > 0.02 for third in np.array_split(drawn, 3))


def test_a_photo_on_its_side_is_turned_by_a_click(page):
    shape = "(({width, height}) => width / height)(%s.getBoundingClientRect())"
    shape %= "document.querySelector('.f3d-photos img')"
    before = page.evaluate(shape)
    depth = page.evaluate(DEPTH_MAP)
    button = page.get_by_role("button", name="Turn", exact=True)
    button.click()
    eventually(lambda: abs(page.evaluate(shape) - 1 / before) < 0.02)
    eventually(lambda: page.evaluate(DEPTH_MAP) != depth)
    page.wait_for_function("location.hash.includes('t=90')")
    for _ in range(3):
        button.click()
        wait_for_kernel(page)
    eventually(lambda: page.evaluate(DEPTH_MAP) == depth)
    assert "t=" not in page.evaluate("location.hash")


def test_nothing_is_asked_of_another_server(page, address):
    own = (address, address.replace("http", "ws"), "blob:", "data:")
    assert [url for url in page.watched.requests if not url.startswith(own)] == []


def test_an_uploaded_photo_becomes_3d(page, photo_file):
    before = picture(page)
    depth = page.evaluate(DEPTH_MAP)

    page.set_input_files(".f3d-upload input[type=file]", photo_file)
    wait_for_status(page, "class-photo, 4000 × 3000")

    wait_for_change(page, before, least=2)
    eventually(lambda: page.evaluate(DEPTH_MAP) != depth)
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


def test_a_photo_that_misses_does_not_take_the_pages_place(page):
    for event in ("dragover", "drop"):
        allowed = page.evaluate(
            """(name) => document.querySelector('.f3d-viewer').dispatchEvent(
              new DragEvent(name, { bubbles: true, cancelable: true }))""",
            event,
        )
        assert not allowed, event


def test_a_bad_file_gets_its_sentence_and_the_page_goes_on(page, photo_file, tmp_path):
    bad = tmp_path / "holiday.jpg"
    bad.write_bytes(b"%PDF-1.7 not a photo")
    before = picture(page)
    page.set_input_files(".f3d-upload input[type=file]", bad)
    errors = page.locator(".f3d-errors")
    expect(errors).to_contain_text("holiday.jpg")
    expect(errors).to_contain_text("PDF")
    wait_for_kernel(page)
    assert difference(picture(page), before) < 0.2  # the last good result stays

    page.set_input_files(".f3d-upload input[type=file]", photo_file)
    wait_for_status(page, "class-photo")
    expect(errors.locator("p")).to_have_count(0)


def test_a_too_large_file_is_refused_before_it_is_sent(page, tmp_path):
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(31 * 2**20)
    page.set_input_files(".f3d-upload input[type=file]", large)
    expect(page.locator(".f3d-errors p")).to_contain_text("30 MB")


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
    seen_from = turn(page)
    before = picture(page)
    move_slider(page, trait, keys)
    wait_for_change(page, before)
    assert numbers_of(camera(page)) == pytest.approx(numbers_of(seen_from), abs=1e-6)


def test_points_have_a_size_and_colours(page):
    before = picture(page)
    choose(page, "draw_as", "Points")
    points = wait_for_change(page, before)
    expect(page.locator("[data-trait=point_size]")).to_be_visible()
    size = f"{FIGURE}._fullData[0].marker.size"
    small = page.evaluate(size)
    move_slider(page, "point_size", ["PageUp"] * 3)
    chosen = float(page.locator("[data-trait=point_size] input").input_value())
    assert chosen > small
    page.wait_for_function(f"(size) => Math.abs({size} - size) < 1e-6", arg=chosen)
    larger = wait_for_change(page, points)
    choose(page, "color_by", "Depth")
    grey = wait_for_change(page, larger)
    page.locator(".f3d-photos select").select_option("Viridis")
    wait_for_change(page, grey)


def test_turning_the_model_and_reset(page):
    start = camera(page)
    turn(page)
    page.get_by_text("Reset the view").click()
    wait_for_camera(page, start["eye"])
    move_slider(page, "relief", ["ArrowRight"] * 5)
    expect(output(page, "relief")).to_have_text("1.25")
    page.get_by_text("Reset the sliders").click()
    expect(output(page, "relief")).to_have_text("1.00")


def test_dragging_a_slider_ends_at_its_last_value(page):
    slider = page.locator("[data-trait=relief] input")

    def place(share):
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        return box["x"] + share * box["width"], box["y"] + box["height"] / 2

    # The mesh's depth extent in the browser follows the slider.
    def extent():
        return page.evaluate(f"(() => Math.max(...{FIGURE}._fullData[1].y))()")

    def becomes(wanted):
        eventually(extent, lambda now: now == pytest.approx(wanted, rel=1e-5))

    at_start = extent()
    page.mouse.click(*place(0.75))
    wanted = eventually(extent, lambda now: now != pytest.approx(at_start, rel=1e-5))
    value = slider.input_value()
    page.get_by_text("Reset the sliders").click()
    becomes(at_start)

    page.mouse.move(*place(0.1))
    page.mouse.down()
    page.mouse.move(*place(0.75), steps=40)
    page.mouse.up()
    expect(slider).to_have_value(value)
    becomes(wanted)
    wait_for_kernel(page)
    becomes(wanted)


def test_the_pointer_reads_both_pictures(page):
    readout = page.locator(".f3d-photos .f3d-readout")
    page.locator(".f3d-frame").first.hover()
    expect(readout).to_contain_text("inverse depth")
    expect(page.locator(".f3d-mark:visible")).to_have_count(2)
    page.locator(".f3d-frame").last.focus()
    reading = readout.inner_text()
    page.keyboard.press("ArrowLeft")
    expect(readout).not_to_have_text(reading)
    expect(readout).to_contain_text("inverse depth")


def test_two_tabs_know_nothing_of_each_other(page, new_page, address, photo_file):
    other = new_page()
    open_dashboard(other, address)
    photos = other.locator(".f3d-gallery button")
    expect(photos).to_have_count(3)
    page.set_input_files(".f3d-upload input[type=file]", photo_file)
    wait_for_status(page, "class-photo")
    move_slider(page, "relief", ["End"])
    wait_for_kernel(page)
    wait_for_kernel(other)
    expect(photos).to_have_count(3)
    expect(other.locator(".f3d-status-text")).to_contain_text("astronaut")
    expect(output(other, "relief")).to_have_text("1.00")


def test_a_phone_sees_one_column(new_page, address):
    page = new_page(390, 844, has_touch=True, is_mobile=True, device_scale_factor=2)
    open_dashboard(page, address)
    eventually(lambda: page.evaluate("document.documentElement.scrollWidth"), lambda w: w == 390)
    # The model begins on the first screen.
    eventually(
        page.locator(".f3d-viewer").bounding_box, lambda box: box["width"] > 330 and box["y"] < 844
    )
    small = """[...document.querySelectorAll('.f3d :is(button, select, input[type=range])')]
      .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 28)
      .map((e) => e.outerHTML.slice(0, 80))"""
    eventually(lambda: page.evaluate(small), lambda found: found == [])


def test_every_control_has_a_name_and_the_keyboard_reaches_it(page):
    snapshot = page.locator(".f3d-page").aria_snapshot()
    for role in ("slider", "button", "combobox", "radio", "checkbox"):
        assert role in snapshot
        assert f"- {role}\n" not in snapshot, f"a {role} without a name:\n{snapshot}"
    for name in ("Relief", "Field of view", "Background cut-off", "Point density", "Opacity"):
        expect(page.get_by_role("slider", name=name)).to_have_count(1)
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

    eventually(lightness, lambda sum_of_rgb: sum_of_rgb < 150)
    page.get_by_role("button", name="Theme").click()
    eventually(lightness, lambda sum_of_rgb: sum_of_rgb > 600)
    reload(page)
    eventually(lightness, lambda sum_of_rgb: sum_of_rgb > 600)  # the choice lasts


def test_a_closed_page_leaves_no_kernel(new_page, address):
    page = new_page()
    open_dashboard(page, address)
    own = json.loads(page.locator("#jupyter-config-data").text_content())["kernelId"]
    reload(page)
    kernel = f"{address}api/kernels/{own}"
    eventually(lambda: page.request.get(kernel).status, lambda status: status == 404)
    page.watched.errors.clear()  # the connection that the old page gave up


def test_a_lost_server_is_told(new_page, address):
    page = new_page()
    open_dashboard(page, address)
    expect(page.locator("#lost")).to_be_hidden()
    page.route("**/api/kernels/*", lambda route: route.abort())
    for _ in range(2):
        with page.expect_event("requestfailed"):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#lost")).to_be_visible()
    page.unroute("**/api/kernels/*")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#lost")).to_be_hidden()
    page.watched.errors.clear()  # the refused requests


def test_a_kernel_that_died_is_told(new_page, address):
    page = new_page()
    page.watched.expected += ["404 (Not Found)", "WebSocket"]
    open_dashboard(page, address)
    own = json.loads(page.locator("#jupyter-config-data").text_content())["kernelId"]
    [kernel] = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(own in part for part in process.info["cmdline"] or [])
    ]
    kernel.kill()

    def asked():
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        return page.locator("#lost").is_visible()

    eventually(asked)


def test_how_it_works_opens(page):
    steps = page.locator(".f3d-steps")
    expect(steps).to_be_hidden()
    page.get_by_text("How it works").click()
    expect(steps).to_be_visible()
    page.get_by_text("How it works").click()
    expect(steps).to_be_hidden()


def test_no_source_reaches_the_page(page):
    assert "from face3d_widgets" not in page.content()
