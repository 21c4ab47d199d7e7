"""Choosing and fetching networks on the real page, from a server of weights on this machine."""

import re
import threading
import time

import pytest
from playwright.sync_api import expect

from face3d_widgets.depth import MODELS
from tests.browser.waiting import at_rest, eventually, hear
from tests.serving import dashboard, open_dashboard
from tests.test_weights import Server

pytestmark = pytest.mark.browser

TINY, LEVIT, LARGE = "dpt_swin2_tiny_256", "dpt_levit_224", "dpt_beit_large_512"
PLENTY = 64 * 10**9

# The kernels believe that the machine has as much memory as a file says.
_MEMORY = """
from pathlib import Path
from face3d_widgets.depth import memory
memory.available_memory = lambda: int(Path({file!r}).read_text())
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder for the cache, the memory and the startup file of the dashboard's kernels."""
    room = tmp_path_factory.mktemp("room")
    startup = room / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "memory.py").write_text(_MEMORY.format(file=str(room / "memory")))
    (room / "memory").write_text(str(PLENTY))
    return room


@pytest.fixture(scope="module")
def tiny_file(tmp_path_factory):
    """An official checkpoint's entries with numbers of our own: the network runs with them."""
    torch = pytest.importorskip("torch")
    from tests.test_networks import reference_checkpoint

    path = tmp_path_factory.mktemp("weights") / "tiny.pt"
    torch.save(reference_checkpoint(TINY), path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def running_server(tiny_file):
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        server.data = tiny_file
        yield server
        server.pause = 0.0
        server.shutdown()
        thread.join()


@pytest.fixture
def server(running_server):
    """Sends 1 MB a second, 172 in all; `pause = 0` lets it hurry."""
    running_server.status = None
    running_server.piece, running_server.pause = 250_000, 0.25
    running_server.asked.clear()
    return running_server


@pytest.fixture(scope="module")
def weights_address(room, running_server):
    """A dashboard with an empty cache."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FACE3D_WEIGHTS", "FACE3D_OFFLINE", "TORCH_HOME"):
            patch.delenv(name, raising=False)
        patch.setenv("FACE3D_WEIGHTS_URL", running_server.url)
        patch.setenv("XDG_CACHE_HOME", str(room / "cache"))
        patch.setenv("IPYTHONDIR", str(room / "ipython"))
        patch.setenv("no_proxy", "*")
        with dashboard() as (address, _):
            yield address


@pytest.fixture(scope="module")
def address(weights_address):
    """The dashboard that the shared page opens."""
    return weights_address


@pytest.fixture
def page(one_page):
    """The shared page with Face Lite in use."""
    pick(one_page, "face_lite")
    expect(coming(one_page)).to_be_hidden()
    expect(status(one_page)).to_contain_text("by Face Lite")
    expect(status(one_page)).to_have_attribute("data-state", "ready")
    yield one_page
    assert one_page.watched.errors == []


@pytest.fixture
def memory(room):
    """memory(n_bytes): what the kernels believe until the end of the test."""
    yield lambda n_bytes: (room / "memory").write_text(str(n_bytes))
    (room / "memory").write_text(str(PLENTY))


def pick(page, name):
    page.get_by_label("Depth network").select_option(name)


def press(page, name):
    page.locator(".f3d-models").get_by_role("button", name=name, exact=True).click()


def status(page):
    return page.locator(".f3d-status")


def about(page):
    return page.locator(".f3d-about")


def coming(page):
    return page.locator(".f3d-coming")


def cached(room, pattern):
    return sorted(path.name for path in (room / "cache").rglob(pattern))


def test_a_network_is_fetched_and_used(page, server, room):
    model = page.locator(".f3d-models")
    expect(model.locator("optgroup")).to_have_count(2)  # ready and to fetch
    expect(model.locator("option")).to_have_count(len(MODELS))

    pick(page, TINY)
    expect(about(page)).to_contain_text("To fetch: 172 MB from 127.0.0.1.")
    expect(model).to_contain_text("In use: Face Lite")
    expect(model.locator(".f3d-facts")).to_contain_text("not measured yet")
    page.wait_for_timeout(500)
    assert server.asked == []  # nothing is fetched by looking

    press(page, "Fetch")
    expect(coming(page)).to_contain_text("Fetching DPT Swin2 tiny")
    expect(coming(page)).to_contain_text(
        re.compile(r"[1-9]\d* of 172 MB, [\d.]+ MB/s, about \d+ (s|min)")
    )
    share = coming(page).locator("progress").evaluate("(bar) => bar.value")
    assert 0 < share < 1
    expect(status(page)).to_contain_text("astronaut, 360 × 400, by Face Lite.")

    # Another photo becomes 3D meanwhile, by the network in use.
    page.locator(".f3d-gallery button").nth(1).click()
    expect(status(page)).to_contain_text(re.compile("by Face Lite. Ready in"))
    expect(coming(page)).to_be_visible()
    page.wait_for_function(
        "(share) => document.querySelector('.f3d-coming progress').value > share", arg=share
    )

    server.pause = 0.0
    expect(status(page)).to_contain_text("by DPT Swin2 tiny. Ready")
    expect(coming(page)).to_be_hidden()
    expect(model).not_to_contain_text("In use")
    expect(model.locator(".f3d-facts")).to_contain_text("s on this machine")
    expect(model.locator("optgroup[label=Ready] option")).to_have_count(2)
    assert cached(room, f"{TINY}.pt") == [f"{TINY}.pt"]
    assert len(server.asked) == 1

    pick(page, "face_lite")
    expect(status(page)).to_contain_text("by Face Lite. Ready")


def test_cancel_keeps_what_came(page, server, room):
    pick(page, LEVIT)
    press(page, "Fetch")
    expect(coming(page)).to_contain_text(re.compile(r"[3-9] of \d+ MB|\d\d of \d+ MB"))
    press(page, "Cancel")
    expect(about(page)).to_contain_text(re.compile(r"; \d+ of \d+ MB are here\."))
    expect(coming(page)).to_be_hidden()
    expect(status(page)).to_contain_text("by Face Lite.")
    kept = [f"{LEVIT}.pt.lock", f"{LEVIT}.pt.part"]
    eventually(lambda: cached(room, f"{LEVIT}.pt*"), lambda names: names == kept)

    press(page, "Go on fetching")
    expect(coming(page)).to_be_visible()
    eventually(lambda: server.asked, lambda asked: len(asked) == 2)
    press(page, "Cancel")
    expect(coming(page)).to_be_hidden()
    expect(about(page)).to_contain_text("are here")
    assert server.asked[0] is None
    assert re.fullmatch(r"bytes=[1-9]\d+-", server.asked[1])


def test_stopping_is_shown_at_once(page, server):
    pick(page, LEVIT)
    server.pause = 3.0  # so that the cancel is heard late
    about(page).get_by_role("button").click()
    expect(coming(page)).to_contain_text("of 172 MB")
    wait_for = hear(page, ".f3d-coming")
    cancel = coming(page).get_by_role("button", name="Cancel")
    # Within the click itself, whatever the kernel is about.
    assert cancel.evaluate("(button) => (button.click(), button.textContent)") == "Stopping…"
    wait_for("Stopping DPT LeViT…")
    expect(coming(page)).to_be_hidden()


def test_a_silent_server_is_waited_for_and_that_is_said(page, server):
    pick(page, LEVIT)
    server.pause = 8.0
    about(page).get_by_role("button").click()
    expect(coming(page)).to_contain_text("Waiting for the server.")
    server.pause = 0.25
    expect(coming(page)).not_to_contain_text("Waiting")
    press(page, "Cancel")
    expect(coming(page)).to_be_hidden()


def test_a_refusal_is_said_and_can_be_tried_again(page, server):
    server.status = 503
    pick(page, "dpt_hybrid_384")
    press(page, "Fetch")
    expect(status(page)).to_have_attribute("data-state", "error")
    for place in (status(page), about(page)):
        expect(place).to_contain_text("127.0.0.1 is too busy (error 503); try again")
    expect(page.locator(".f3d-models")).to_contain_text("In use: Face Lite")

    server.status = None
    press(page, "Try again")
    expect(coming(page)).to_contain_text(re.compile(r"[1-9]\d* of \d+ MB"))
    press(page, "Cancel")
    expect(about(page)).to_contain_text("493 MB are here")


def test_too_big_says_why_and_what_to_use(page, memory):
    memory(MODELS["face_lite"].memory + 200_000_000)
    pick(page, LARGE)
    expect(about(page)).to_contain_text("DPT BEiT large 512 needs about")
    expect(about(page)).to_contain_text("of memory")
    expect(page.locator(".f3d-models")).to_contain_text("In use: Face Lite")
    instead = re.search(r"\((\w+)\)\.", about(page).inner_text())[1]
    about(page).get_by_role("button", name=MODELS[instead].title).click()
    expect(page.get_by_label("Depth network")).to_have_value(instead)
    expect(status(page)).to_have_attribute("data-state", "ready")


def test_the_keyboard_keeps_its_place(page, server):
    def focused():
        return page.evaluate("document.activeElement.textContent")

    select = page.get_by_label("Depth network")
    select.focus()
    select.press("End")
    expect(select).to_have_value(LARGE)
    expect(about(page)).to_contain_text("To fetch: 1.6 GB")
    page.keyboard.press("Tab")
    eventually(focused, lambda name: name == "Fetch")
    page.keyboard.press("Enter")
    expect(coming(page)).to_be_visible()
    page.wait_for_function("document.activeElement.textContent === 'Cancel'")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.closest('.f3d-about') !== null")
    eventually(focused, lambda name: name in ("Fetch", "Go on fetching"))

    snapshot = page.locator(".f3d-models").aria_snapshot()
    assert 'combobox "Depth network"' in snapshot
    assert "status" in snapshot


def test_a_double_click_does_not_fetch_and_cancel(page, server):
    pick(page, "dpt_large_384")
    about(page).get_by_role("button", name="Fetch", exact=True).dblclick(delay=30)
    expect(coming(page)).to_be_visible()
    page.wait_for_timeout(600)
    expect(coming(page).get_by_role("button")).to_have_text("Cancel")
    press(page, "Cancel")
    expect(coming(page)).to_be_hidden()


def test_a_closed_page_ends_its_download(new_page, weights_address, server, room):
    page = new_page()
    open_dashboard(page, weights_address)
    pick(page, "dpt_swin2_base_384")
    press(page, "Fetch")
    expect(coming(page)).to_contain_text(re.compile(r"[3-9] of \d+ MB|\d\d of \d+ MB"))
    [part] = (room / "cache").rglob("dpt_swin2_base_384.pt.part")
    page.goto("about:blank")

    def size_later():
        time.sleep(3)  # twelve pieces, if they still come
        return part.stat().st_size

    assert 0 < at_rest(size_later) < len(server.data)
    page.watched.errors.clear()  # the connection that the old page gave up


def test_on_a_phone_all_of_it_is_in_reach(new_page, weights_address, server):
    page = new_page(390, 844, has_touch=True, is_mobile=True, device_scale_factor=2)
    open_dashboard(page, weights_address)
    pick(page, "dpt_beit_base_384")
    about(page).get_by_role("button", name="Fetch", exact=True).tap()
    expect(coming(page)).to_contain_text(re.compile(r"of \d+ MB, "))
    wide = "document.documentElement.scrollWidth"
    eventually(lambda: page.evaluate(wide), lambda found: found == 390)
    eventually(
        coming(page).get_by_role("button").bounding_box,
        lambda box: box["height"] >= 40 and box["x"] + box["width"] <= 390,
    )
    coming(page).get_by_role("button").tap()
    expect(about(page).get_by_role("button")).to_have_text("Go on fetching")
    server.status = 404  # its sentence holds long addresses
    about(page).get_by_role("button").tap()
    expect(status(page)).to_contain_text("error 404")
    eventually(lambda: page.evaluate(wide), lambda found: found == 390)
