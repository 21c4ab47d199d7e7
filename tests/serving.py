"""Start the real dashboard and a real browser: for the browser tests, benchmarks and pictures."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, Playwright

# Software WebGL, so that it draws on machines without a GPU; nothing that calls home.
_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--no-first-run",
    "--use-angle=swiftshader",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE = 120_000  # milliseconds; a cold start on a busy machine takes long
READY = ".f3d-status[data-state=ready]"
FIGURE = ".f3d-figure:not([data-loading]) .gl-container canvas"


def find_chromium(playwright: Playwright) -> str:
    """A browser: the one named, the system's, or Playwright's own."""
    found = os.environ.get("FACE3D_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    found = found or playwright.chromium.executable_path
    if not os.path.exists(found):
        raise RuntimeError("no Chromium: run tools/ensure_chromium.sh")
    return found


def launch(playwright: Playwright, webgl: bool = True) -> Browser:
    """A headless Chromium with software WebGL, or without any."""
    sandbox = [] if hasattr(os, "geteuid") and os.geteuid() else ["--no-sandbox"]
    flat = [] if webgl else ["--disable-3d-apis"]
    return playwright.chromium.launch(
        executable_path=find_chromium(playwright), args=[*_ARGUMENTS, *sandbox, *flat]
    )


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(command: list[str], **options) -> Iterator[tuple[str, subprocess.Popen]]:
    """The address that a server prints, and its process; `options` are those of `Popen`."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if found := re.search(r"http://(127\.0\.0\.1|localhost):\d+/\S*", line):
                break
        else:
            raise RuntimeError("the server did not start:\n" + "".join(lines))
        # Somebody has to read on, or the server stops when the pipe is full.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield found[0], process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            # Now and then, with everything closed, a Jupyter server waits for a thread of
            # AnyIO's that nobody has told to end.
            process.kill()
            process.wait()


def dashboard(*arguments: str, **options):
    """The address of a running `face3d dashboard`, and its process, as a context manager.

    It listens at a free port, so that several may run at once, or at the one that is named.
    """
    command = [sys.executable, "-m", "face3d_widgets.cli", "dashboard", "--no-browser"]
    return serving([*command, f"--port={free_port()}", *arguments], **options)


def open_dashboard(page: Page, address: str) -> None:
    """Open the page and wait until the sample stands there in 3D."""
    page.goto(address, timeout=_PATIENCE)
    page.wait_for_selector(FIGURE, timeout=_PATIENCE)
    page.wait_for_selector(READY, timeout=_PATIENCE)
    wait_until_drawn(page)


# Reading a pixel waits for all that was drawn before. It has to be a pixel of our own: reading one
# of the view clears what the view shows as soon as the browser has taken it over, and now and then
# a blank view is what one sees then.
_DRAWN = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const gl = document.querySelector('.gl-container canvas').getContext('webgl');
  if (gl) {
    const bound = gl.getParameter(gl.FRAMEBUFFER_BINDING);
    const frame = gl.createFramebuffer();
    const pixel = gl.createRenderbuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.bindRenderbuffer(gl.RENDERBUFFER, pixel);
    gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA4, 1, 1);
    gl.framebufferRenderbuffer(
      gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, pixel);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    gl.bindFramebuffer(gl.FRAMEBUFFER, bound);
    gl.deleteFramebuffer(frame);
    gl.deleteRenderbuffer(pixel);
  }
  setTimeout(done);
})))"""


def wait_until_drawn(page: Page) -> None:
    """Wait for two frames and for the drawing of the last."""
    page.evaluate(_DRAWN)
