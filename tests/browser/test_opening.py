"""How a page comes to its kernel: in turn, through proxies, again, or not at all."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.waiting import PATIENCE, eventually
from tests.mangling import in_front_of, with_header, without
from tests.serving import FIGURE, READY, dashboard, open_dashboard

pytestmark = pytest.mark.browser


def kernel_id(page):
    return json.loads(page.locator("#jupyter-config-data").text_content())["kernelId"]


def kernels(server):
    """The ids of a server's kernel processes."""
    found = set()
    for child in psutil.Process(server.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            line = " ".join(child.cmdline())
            if "ipykernel_launcher" in line:
                found.add(child.pid)
    return found


@pytest.fixture(scope="module")
def running():
    with dashboard("--host-name", "class.example") as (address, process):
        yield address, process


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (without("Sec-WebSocket-Protocol"), "drops the header Sec-WebSocket-Protocol"),
        (without("Upgrade"), "does not hand on web sockets"),
        (with_header("Host", "localhost:1"), "--host-name"),
    ],
)
def test_a_proxy_that_does_not_hand_on_the_socket_is_told(new_page, running, edit, says):
    page = new_page()
    with in_front_of(running[0], edit) as address:
        page.goto(address)
        expect(page.locator("#lost")).to_contain_text(says)
        page.close()
    page.watched.errors.clear()  # the refused sockets


def test_a_proxy_that_hands_everything_on_is_none(new_page, running):
    page = new_page()
    with in_front_of(running[0], lambda lines: lines) as address:
        open_dashboard(page, address)
        expect(page.locator("#lost")).to_be_hidden()
        page.close()


def test_a_page_whose_kernel_died_while_it_opened_begins_again(new_page, running):
    page = new_page()
    page.watched.expected += ["404 (Not Found)", "WebSocket"]
    lost = []

    def end_it(route):
        if not lost:
            lost.append(kernel_id(page))
            for process in psutil.process_iter(["cmdline"]):
                if any(lost[0] in part for part in process.info["cmdline"] or []):
                    process.kill()
        with suppress(Exception):  # the page may have left already
            route.continue_()

    page.route("**/voila.js*", end_it)
    page.goto(running[0], wait_until="commit")
    page.wait_for_selector(READY, timeout=1000 * PATIENCE)
    page.wait_for_selector(FIGURE)
    assert kernel_id(page) != lost[0]
    page.close()
    page.watched.errors.clear()


def test_pages_that_are_closed_before_they_are_ready_leave_no_kernel(browser, running):
    address, server = running
    before = kernels(server)
    for _ in range(3):
        context = browser.new_context()
        page = context.new_page()
        for _ in range(3):  # `reload` fails where the page before has only just begun
            page.goto(address, wait_until="commit")
        context.close()
    # One is kept ready for the next visitor.
    eventually(lambda: kernels(server), lambda now: len(now - before) <= 1, 2 * PATIENCE)


_ASK = """
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(sys.argv[1], timeout=600) as answer:
    print("asked", flush=True)  # the page's head has come
    answer.read()
"""


def test_whoever_waits_is_told_how_many_are_before(new_page, running):
    address, _ = running
    many = 2 * (os.cpu_count() or 1) + 3
    command = [sys.executable, "-c", _ASK, address]
    others = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(many)]
    for other in others:
        assert other.stdout.readline() == b"asked\n"
    page = new_page(390)
    page.goto(address, wait_until="commit")
    expect(page.locator("#start-text")).to_contain_text("before yours; it opens in about")
    page.wait_for_selector(READY, timeout=1000 * PATIENCE)
    for other in others:
        other.communicate(timeout=PATIENCE)
        assert other.returncode == 0
    page.close()


def test_the_lessons_say_when_their_kernel_is_gone(new_page, running):
    page = new_page()
    page.watched.expected += ["404 (Not Found)", "WebSocket"]
    place = urlsplit(running[0])
    page.goto(f"{place.scheme}://{place.netloc}/face3d/lessons/02_scale_and_shift.ipynb")
    page.wait_for_selector(".f3d-ask [role=status]")
    page.wait_for_function("window.face3dOpen()")
    own = kernel_id(page)
    for process in psutil.process_iter(["cmdline"]):
        if any(own in part for part in process.info["cmdline"] or []):
            process.kill()

    def asked():
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        return page.locator("#lost").is_visible()

    eventually(asked)
    page.close()
    page.watched.errors.clear()
