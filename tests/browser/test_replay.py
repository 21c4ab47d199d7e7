"""Links, settings, uncertainty and explanations in a real Chromium."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.dashboard_page import reload, too_wide
from tests.browser.waiting import eventually, hear, new_context
from tests.serving import READY, open_dashboard, wait_until_drawn

pytestmark = pytest.mark.browser

LINK = "#v=1&p=rendered_elder&r=1.5&f=35&b=depth&cm=Viridis&cam=0.2,-1.1,0.4&x=stl"
EYE = "document.querySelector('.js-plotly-plot')._fullLayout.scene._scene.getCamera().eye"


def status_names(page, name):
    expect(page.locator(READY)).to_contain_text(name)
    wait_until_drawn(page)


def slider(page, trait):
    return page.locator(f"[data-trait={trait}] output")


@pytest.fixture(scope="module")
def replayed(browser, address):
    """A page that was opened with a link, in a browser that may use the clipboard."""
    context = new_context(
        browser,
        viewport={"width": 1400, "height": 900},
        accept_downloads=True,
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    page.watched = Watched(page)
    open_dashboard(page, address + LINK)
    status_names(page, "rendered_elder")
    yield page
    assert page.watched.errors == []
    # What stands behind "#" is the browser's alone.
    assert not [url for url in page.watched.requests if "rendered_elder" in url.partition("#")[0]]
    context.close()


def test_a_link_shows_the_same_page_and_copies_itself(replayed):
    page = replayed
    expect(slider(page, "relief")).to_have_text("1.50")
    expect(slider(page, "fov")).to_have_text("35°")
    expect(page.locator("[data-trait=color_by] input[value=depth]")).to_be_checked()
    expect(page.locator(".f3d-photos select")).to_have_value("Viridis")
    expect(page.locator(".f3d-gallery button[aria-pressed=true]")).to_have_count(1)
    expect(page.locator(".f3d-chips [data-value=stl] input")).to_be_checked()
    page.wait_for_function(f"Math.abs({EYE}.z - 0.4) < 0.01")
    expect(page.locator(".f3d-notice")).to_be_hidden()
    assert copied(page).endswith(f"/{LINK}")


def copied(page):
    """What lies on the clipboard after a press of "Copy link"."""
    wait_for = hear(page, ".f3d-replay-buttons [role=status]")
    page.get_by_role("button", name="Copy link").click()
    wait_for("Copied.")
    return page.evaluate("navigator.clipboard.readText()")


def test_a_link_that_is_copied_at_once_has_the_last_change(replayed):
    page = replayed
    page.locator("[data-trait=relief] input[type=range]").press("ArrowRight")
    expect(slider(page, "relief")).to_have_text("1.55")
    assert "&r=1.55&" in copied(page)


def test_the_address_follows_and_a_reload_keeps_what_was_set(replayed, address):
    page = replayed
    page.locator("[data-camera=front]").click()
    page.locator("[data-trait=axes] label").click()
    page.wait_for_function("/&a=1/.test(location.hash) && /cam=0,-1.49/.test(location.hash)")
    hash_before = page.evaluate("location.hash")
    reload(page)
    status_names(page, "rendered_elder")
    page.wait_for_function("document.querySelector('[data-trait=axes] input').checked")
    page.wait_for_function(f"location.hash === {hash_before!r}")
    page.evaluate("location.hash = '#v=1&r=0.5&sparkle=1'")
    expect(slider(page, "relief")).to_have_text("0.50")
    expect(page.locator(".f3d-notice")).to_contain_text("left out: sparkle")
    status_names(page, "astronaut")
    page.wait_for_function("location.hash === '#v=1&r=0.5'")
    page.locator(".f3d-notice button").click()
    expect(page.locator(".f3d-notice")).to_be_hidden()


def test_settings_go_down_and_up(replayed, tmp_path):
    page = replayed
    before = "#v=1&r=0.5"
    page.evaluate("(hash) => { location.hash = hash }", before)
    expect(slider(page, "relief")).to_have_text("0.50")
    status_names(page, "astronaut")
    page.wait_for_function(f"location.hash === {before!r}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save settings").click()
    assert download.value.suggested_filename == "astronaut_face-lite_settings.json"
    path = tmp_path / "settings.json"
    download.value.save_as(path)
    assert json.loads(path.read_text())["geometry"]["relief"] == 0.5
    page.get_by_text("Reset the sliders").click()
    page.wait_for_function(f"location.hash !== {before!r}")
    page.locator(".f3d-replay input[type=file]").set_input_files(path)
    page.wait_for_function(f"location.hash === {before!r}")
    path.write_text("no settings")
    page.locator(".f3d-replay input[type=file]").set_input_files(path)
    expect(page.locator(".f3d-notice")).to_contain_text("These settings were not loaded")
    page.locator(".f3d-notice button").click()


def test_how_it_works_is_made_when_it_is_opened_and_follows(replayed):
    page = replayed
    expect(page.locator(".f3d-steps li")).to_have_count(0)
    page.get_by_text("How it works").click()
    expect(page.locator(".f3d-steps li")).to_have_count(6)
    depth = page.locator(".f3d-steps li", has_text="The relief slider sets the scale")
    scale = depth.locator("dd").nth(1)
    before = scale.inner_text()
    fraction = depth.locator("mfrac")
    eventually(lambda: fraction.bounding_box()["height"] > 20)  # drawn as one, not as letters
    page.locator("[data-trait=relief] input").press("ArrowRight")
    expect(scale).not_to_have_text(before)
    expect(depth.locator("pre")).to_contain_text("depth_from_inverse_depth")
    page.get_by_text("How it works").click()


def test_the_uncertainty_is_measured_and_prunes(replayed):
    page = replayed
    page.locator("[data-trait=color_by] label", has_text="Unsure").click()
    expect(page.locator(".f3d-colors")).to_be_visible(timeout=240_000)
    expect(page.locator(".f3d-colors")).to_have_text(re.compile("moves by 0 %.*6 % of the relief"))
    expect(page.locator(".f3d-working").first).to_be_hidden()
    drawn = page.locator(".f3d-view-bar output")
    count = int(drawn.inner_text().split()[0].replace(",", ""))
    page.get_by_text("How sure the network is", exact=True).click()
    limit = page.locator("[data-trait=most_unsure]")
    expect(limit.locator("output")).to_have_text("off")
    limit.locator("input").press("Home")
    expect(limit.locator("output")).to_have_text("0.5 %")
    expect(drawn).not_to_have_text(f"{count:,} corners")
    page.wait_for_function("location.hash.includes('u=0.005')")
    limit.locator("input").press("End")
    expect(limit.locator("output")).to_have_text("off")
    expect(drawn).to_have_text(f"{count:,} corners")


def test_a_link_from_an_uploaded_photo_says_kindly_that_it_did_not_travel(new_page, address):
    page = new_page(390, 844)
    open_dashboard(page, address + "#v=1&p=own&r=1.5")
    expect(page.locator(".f3d-notice")).to_contain_text("Photos never travel in a link")
    expect(slider(page, "relief")).to_have_text("1.50")
    page.get_by_text("How it works").click()
    expect(page.locator(".f3d-steps li")).to_have_count(6)
    eventually(lambda: too_wide(page), lambda found: found == [390])
