"""Ways to draw, buttons for the camera, mistakes on purpose: on the real page."""

import pytest
from playwright.sync_api import expect

from face3d_widgets.figures import CAMERAS
from tests.browser.dashboard_page import (
    FIGURE,
    camera,
    camera_in_motion,
    choose,
    difference,
    measure,
    move_slider,
    numbers_of,
    output,
    picture,
    too_wide,
    turn,
    wait_for_camera,
    wait_for_change,
    wait_for_status,
)
from tests.browser.waiting import eventually
from tests.serving import open_dashboard

pytestmark = pytest.mark.browser


def switch(page, trait):
    page.locator(f"[data-trait={trait}] label").click()


def open_details(page, title):
    """Open one of the folded parts, unless it is."""
    page.evaluate(
        """(title) => [...document.querySelectorAll('.f3d-controls summary')]
          .find((s) => s.textContent === title).parentElement.open = true""",
        title,
    )


def test_a_surface_has_six_looks(page):
    seen = [picture(page)]
    for trait, text in (
        ("color_by", "Normals"),
        ("draw_as", "Wireframe"),
        ("color_by", "Photo"),
        ("draw_as", "Points"),
    ):
        choose(page, trait, text)
        seen.append(wait_for_change(page, seen[-1]))
    expect(page.locator("[data-trait=shaded]")).to_be_hidden()
    choose(page, "draw_as", "Surface")
    eventually(lambda: difference(picture(page), seen[0]), lambda found: found < 0.2)
    back = picture(page)
    switch(page, "shaded")
    shaded = wait_for_change(page, back)
    for i, one in enumerate(seen):
        for other in [*seen[i + 1 :], shaded]:
            assert difference(one, other) > 0.2


def test_buttons_turn_the_camera_and_sliders_leave_it(page):
    for name in ("front", "three-quarter", "profile"):
        page.locator(f"[data-camera={name}]").click()
        wait_for_camera(page, CAMERAS[name])
    before = picture(page)
    seen_from = numbers_of(camera(page))
    move_slider(page, "smoothing", ["End"])
    choose(page, "color_by", "Normals")
    wait_for_change(page, before)
    assert numbers_of(camera(page)) == pytest.approx(seen_from, abs=1e-6)
    page.locator("[data-camera=home]").click()
    wait_for_camera(page, CAMERAS["home"])


def test_a_drag_may_end_beside_the_view(page):
    seen_from = numbers_of(turn(page, out_of_the_view=True))
    assert seen_from[:3] != pytest.approx([CAMERAS["home"][axis] for axis in "xyz"], abs=0.01)
    before = picture(page)
    move_slider(page, "smoothing", ["End"])
    choose(page, "color_by", "Normals")
    wait_for_change(page, before)
    assert numbers_of(camera_in_motion(page)) == pytest.approx(seen_from, abs=1e-6)


def test_a_badge_says_what_is_wrong_on_purpose(page):
    open_details(page, "Wrong on purpose")
    badge = page.locator(".f3d-badge-wrong")
    expect(badge).to_have_text("")
    page.locator("[data-camera=profile]").click()
    wait_for_camera(page, CAMERAS["profile"])
    right = picture(page)
    expect(page.locator("[data-trait=wrong_fov]")).to_be_hidden()
    for trait, says in (
        ("inverse_as_depth", "inverse depth used as depth"),
        ("wrong_fov_on", "field of view 100°"),
        ("eight_bit", "8-bit depth"),
        ("edges_kept", "edges kept"),
    ):
        if trait == "eight_bit":  # seen in the normals, not in the outline
            choose(page, "color_by", "Normals")
            right = wait_for_change(page, right)
        switch(page, trait)
        expect(badge).to_have_text(f"Wrong on purpose: {says}")
        wrong = wait_for_change(page, right, least=0.1)
        if trait == "wrong_fov_on":
            expect(page.locator("[data-trait=wrong_fov]")).to_be_visible()
        switch(page, trait)
        expect(badge).to_have_text("")
        right = wait_for_change(page, wrong, least=0.1)
    switch(page, "inverse_as_depth")
    switch(page, "edges_kept")
    expect(badge).to_have_text("Wrong on purpose: inverse depth used as depth, edges kept")
    page.get_by_text("Reset the sliders").click()
    expect(badge).to_have_text("")


def test_scale_and_shift_as_numbers(page):
    open_details(page, "More about the shape")
    open_details(page, "Scale and shift as numbers")
    scale, shift = (page.locator("[data-trait=scale_shift] input").nth(i) for i in (0, 1))
    relief = page.locator("[data-trait=relief] input")
    usual = float(eventually(scale.input_value))
    assert usual > 0
    before = picture(page)
    scale.fill(str(2 * usual))
    scale.press("Tab")
    before = wait_for_change(page, before)
    expect(relief).to_be_disabled()
    shift.fill("-99")
    shift.press("Tab")
    expect(page.locator(".f3d-trouble")).to_contain_text("behind the camera")
    assert difference(picture(page), before) < 0.2  # the last good one stays
    page.get_by_text("Back to relief").click()
    expect(relief).to_be_enabled()
    expect(page.locator(".f3d-trouble")).to_be_hidden()
    expect(scale).to_have_value(str(usual).rstrip("0").rstrip("."))


def test_a_large_photo_can_be_shown_with_every_pixel(page, photo_file):
    page.set_input_files(".f3d-upload input[type=file]", photo_file)
    wait_for_status(page, "class-photo")
    choose(page, "draw_as", "Points")
    move_slider(page, "n_points", ["End"])
    expect(output(page, "n_points")).to_have_text("every pixel")
    points, mesh = (f"{FIGURE}._fullData[{i}]" for i in (0, 1))
    page.wait_for_function(f"{points}.visible === true && {points}.x?.length > 200000")
    page.get_by_text("Reset the sliders").click()
    page.wait_for_function(f"{mesh}.visible === true && {mesh}.x?.length <= 32000")


@pytest.mark.parametrize("width", [390, 1000])
def test_narrow_pages_have_all_controls_and_scroll_only_down(new_page, address, width):
    page = new_page(width, 844)
    open_dashboard(page, address)
    for title in ("More about the shape", "Scale and shift as numbers", "Wrong on purpose"):
        open_details(page, title)
    for mode in ("Scale", "Distance", "Profile"):
        measure(page, mode)
        eventually(lambda: too_wide(page), lambda found: found == [width])
