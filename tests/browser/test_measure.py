"""Measuring on the real page: by mouse, by finger and by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.dashboard_page import (
    FIGURE,
    measure,
    move_slider,
    picture,
    turn,
    wait_for_change,
)
from tests.browser.waiting import at_rest, eventually, frames
from tests.serving import open_dashboard

pytestmark = pytest.mark.browser

LEFT, RIGHT = (0.42, 0.26), (0.56, 0.26)  # about the astronaut's eyes
PHOTO = 0


@pytest.fixture
def measuring(page):
    """The shared page, and back to "off" and to relative lengths."""
    yield page
    measure(page, "Scale")
    if units(page).inner_text() != "relative units":
        page.get_by_text("Back to relative").click()
        expect(units(page)).to_have_text("relative units")
    for label in ("Scale", "Distance", "Profile"):
        measure(page, label)
        page.locator(".f3d-frame").nth(PHOTO).focus()
        page.keyboard.press("Escape")
        expect(page.locator(".f3d-marks circle")).to_have_count(0)
    measure(page, "Off")


def units(page):
    return page.locator(".f3d-badge").first


def marks(page):
    """The ends that are marked in the photo."""
    return page.locator(".f3d-marks").first.locator("circle")


def place(page, share, pane=PHOTO):
    frame = page.locator(".f3d-frame").nth(pane)
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    return box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]


def click(page, share, pane=PHOTO):
    page.mouse.click(*place(page, share, pane))


def said(page):
    return page.locator(".f3d-measured")


def length(page):
    """The first number of what is said."""
    return float(re.search(r"\d+\.\d+", said(page).inner_text())[0])


def trace(page, name):
    return page.evaluate(
        f"""() => {{
          const t = {FIGURE}._fullData.find((t) => t.name === '{name}');
          return t.visible ? {{ x: [...t.x], text: t.text }} : null;
        }}"""
    )


def test_the_ruler_turns_everything_to_millimetres(measuring):
    page = measuring
    expect(units(page)).to_have_text("relative units")
    measure(page, "Scale")
    set_scale = page.get_by_role("button", name="Set scale")
    expect(set_scale).to_be_disabled()
    click(page, LEFT)
    expect(marks(page)).to_have_count(1)
    click(page, RIGHT, pane=1)  # the depth map will do as well
    expect(set_scale).to_be_enabled()
    expect(page.get_by_label("True distance in mm")).to_have_value("63")
    preview = page.locator(".f3d-export .f3d-preview")
    expect(preview).to_contain_text("life-size by a guess")
    set_scale.click()
    expect(units(page)).to_have_text("millimetres")
    expect(said(page)).to_contain_text("63.0 mm")
    expect(preview).to_contain_text("mm, to the scale that was set")  # the kind is the same

    measure(page, "Distance")
    click(page, (0.48, 0.15))
    expect(said(page)).to_contain_text("second point")
    click(page, (0.49, 0.4))
    expect(said(page)).to_contain_text(" mm")
    measured = length(page)
    assert 60 < measured < 400
    page.wait_for_function(
        f"{FIGURE}._fullData.find((t) => t.name === 'measurement').text.includes('{measured} mm')"
    )
    # The scale survives the sliders, and so does the ruler's distance.
    before = said(page).inner_text()
    move_slider(page, "relief", ["End"])
    expect(said(page)).not_to_have_text(before)
    eventually(lambda: length(page), lambda now: abs(now - measured) > 0.05)
    expect(units(page)).to_have_text("millimetres")
    measure(page, "Scale")
    expect(said(page)).to_contain_text("63.0 mm")


def test_another_photo_is_relative_again(measuring):
    page = measuring
    measure(page, "Scale")
    click(page, LEFT)
    expect(marks(page)).to_have_count(1)
    click(page, RIGHT)
    page.get_by_role("button", name="Set scale").click()
    expect(units(page)).to_have_text("millimetres")
    page.locator(".f3d-gallery button").nth(1).click()
    expect(units(page)).to_have_text("relative units")
    expect(page.locator(".f3d-marks circle")).to_have_count(0)


def test_a_point_of_the_model_is_marked_in_the_photo(measuring):
    page = measuring
    measure(page, "Distance")
    box = page.locator(".f3d-viewer").bounding_box()
    for n, share in enumerate((0.3, 0.45), start=1):
        x, y = box["x"] + 0.5 * box["width"], box["y"] + share * box["height"]
        picture(page)  # what is under the pointer is found in the last drawing
        page.mouse.move(x - 5, y - 5)
        page.mouse.move(x, y)
        frames(page)
        page.mouse.click(x, y)
        expect(marks(page)).to_have_count(n)
    expect(said(page)).to_contain_text("Distance")
    assert 0.02 < length(page) < 1


def test_turning_the_model_measures_nothing(measuring):
    page = measuring
    measure(page, "Distance")
    turn(page)
    # A place chosen afterwards is the first.
    click(page, LEFT)
    expect(marks(page)).to_have_count(1)
    expect(said(page)).to_contain_text("second point")


def drag(page, start, end):
    page.mouse.move(*place(page, start))
    page.mouse.down()
    page.mouse.move(*place(page, end), steps=8)
    page.mouse.up()


def test_a_dragged_line_shows_the_cross_section_and_follows_the_sliders(measuring):
    page = measuring
    measure(page, "Profile")
    before = picture(page)
    drag(page, (0.5, 0.1), (0.5, 0.45))
    path = page.locator(".f3d-plot-line")
    expect(path).to_have_count(1)
    expect(said(page)).to_contain_text("Cross-section")
    expect(page.locator(".f3d-plot svg")).to_have_attribute("aria-label", re.compile("Cross"))
    along = page.locator(".f3d-plot text", has_text="along the line (relative)")
    expect(along).to_have_count(1)
    wait_for_change(page, before, least=0.05)
    eventually(lambda: trace(page, "profile"), lambda line: line and len(line["x"]) > 50)
    drawn = at_rest(lambda: path.get_attribute("d"))
    move_slider(page, "relief", ["End"])
    page.wait_for_function(
        "(d) => document.querySelector('.f3d-plot-line').getAttribute('d') !== d", arg=drawn
    )
    assert trace(page, "profile") is not None
    measure(page, "Off")
    expect(page.locator(".f3d-plot")).to_be_hidden()
    page.wait_for_function(f"!{FIGURE}._fullData.find((t) => t.name === 'profile').visible")


def test_both_axes_of_the_plot_have_one_scale(measuring):
    page = measuring
    measure(page, "Profile")
    drag(page, (0.25, 0.3), (0.75, 0.3))
    expect(page.locator(".f3d-plot-line")).to_have_count(1)
    grid = """() => {
          const step = (side) => {
            const at = [...document.querySelectorAll('.f3d-plot-grid')]
              .filter((l) => l.getAttribute(`${side}1`) === l.getAttribute(`${side}2`))
              .map((l) => Number(l.getAttribute(`${side}1`)));
            return Math.abs(at[1] - at[0]);
          };
          return [step('x'), step('y')];
        }"""
    eventually(
        lambda: page.evaluate(grid), lambda steps: steps[0] == pytest.approx(steps[1], rel=1e-3)
    )


def test_the_keyboard_measures_too(measuring):
    page = measuring
    page.locator(".f3d-measure input[type=radio]").first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(said(page)).to_contain_text("Choose two points, in the photo")
    expect(page.locator(".f3d-photos")).to_have_attribute("data-picking", "point")
    page.locator(".f3d-frame").first.focus()
    for keys in (["ArrowUp"] * 10, ["ArrowDown"] * 15):
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("Enter")
    expect(said(page)).to_contain_text("Distance")
    assert length(page) > 0.05
    page.keyboard.press("Escape")
    expect(page.locator(".f3d-marks circle")).to_have_count(0)


def test_the_other_picture_is_a_magnifying_glass_meanwhile(measuring):
    page = measuring
    glass, pointer = page.locator(".f3d-glass"), page.locator(".f3d-mark:visible")
    page.mouse.move(*place(page, LEFT))
    expect(pointer).to_have_count(2)
    for i in (0, 1):
        expect(glass.nth(i)).to_be_hidden()
    measure(page, "Distance")
    page.mouse.move(*place(page, LEFT))
    expect(glass.nth(1)).to_be_visible()
    expect(glass.nth(0)).to_be_hidden()
    page.mouse.move(5, 5)
    for i in (0, 1):
        expect(glass.nth(i)).to_be_hidden()


def test_a_finger_measures_too(new_page, address):
    page = new_page(390, 844, has_touch=True, is_mobile=True, device_scale_factor=2)
    open_dashboard(page, address)
    page.touchscreen.tap(*place(page, LEFT))
    expect(page.locator(".f3d-photos .f3d-readout")).to_contain_text("inverse depth")
    measure(page, "Distance")
    for n, share in enumerate((LEFT, RIGHT), start=1):
        page.touchscreen.tap(*place(page, share))
        expect(marks(page)).to_have_count(n)
    expect(said(page)).to_contain_text("Distance")
    before = picture(page)
    measure(page, "Profile")
    x, y = place(page, (0.5, 0.1))
    _, end = place(page, (0.5, 0.4))
    touch = page.context.new_cdp_session(page)

    def send(kind, at):
        points = [] if at is None else [{"x": x, "y": at}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", y)
    for i in range(1, 9):
        send("touchMove", y + (end - y) * i / 8)
    send("touchEnd", None)
    expect(page.locator(".f3d-plot-line")).to_have_count(1)
    wait_for_change(page, before, least=0.05)
