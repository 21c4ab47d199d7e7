"""Measure what a person waits for: `python -m tests.benchmarks [SECTION ...]`, by default all.

Files are made and a session's memory is read without a page; all else is measured on
the real dashboard in a real Chromium with software WebGL, in one run, so that figures can
be compared with each other; they cannot be compared between machines.
"""

import json
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import sync_playwright

from face3d_widgets.samples import load_sample
from tests.benchmarks.classroom import measure_class
from tests.benchmarks.exports import export_rows
from tests.benchmarks.plain_voila import plain_voila
from tests.benchmarks.session_memory import HEADER as SESSION_HEADER
from tests.benchmarks.session_memory import session_tables
from tests.serving import FIGURE, dashboard, launch, open_dashboard, wait_until_drawn

SECTIONS = ("page", "upload", "slider", "memory", "exports", "session", "class")
_SETTLE = 12  # seconds: for the next warm kernel to be made


@contextmanager
def fresh_page(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    try:
        yield context.new_page()
    finally:
        context.close()


def table(title, header, rows):
    cells = [header, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    print(f"\n{title}\n")
    for k, row in enumerate(cells):
        print("| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |")
        if k == 0:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")
    sys.stdout.flush()


def traffic(page):
    """Counters of what a page fetches; filled while it opens."""
    seen = {"bytes": 0, "requests": 0, "socket": 0}

    def finished(request):
        if request.url.startswith("http"):
            sizes = request.sizes()
            seen["bytes"] += max(sizes["responseBodySize"], 0)
            seen["requests"] += 1

    def socket(connection):
        connection.on(
            "framereceived", lambda f: seen.__setitem__("socket", seen["socket"] + len(f))
        )

    page.on("requestfinished", finished)
    page.on("websocket", socket)
    return seen


def opening(browser, address, first, usable):
    """Seconds to the first widget and to the drawn model, and the traffic."""
    with fresh_page(browser) as page:
        seen = traffic(page)
        start = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(first, timeout=90_000)
        shown = time.perf_counter() - start
        page.wait_for_selector(usable, timeout=90_000)
        wait_until_drawn(page)
        drawn = time.perf_counter() - start
        page.wait_for_timeout(500)
        return shown, drawn, dict(seen)


def measure_page(browser, address):
    rows = []

    def add(name, address, first, usable, runs):
        found = []
        for _ in range(runs):
            time.sleep(_SETTLE)
            found.append(opening(browser, address, first, usable))
        shown, drawn = (statistics.median(f[i] for f in found) for i in (0, 1))
        seen = found[-1][2]
        rows.append(
            [
                name,
                f"{shown:.1f}",
                f"{drawn:.1f}",
                f"{seen['bytes'] / 1e6:.1f}",
                f"{seen['socket'] / 1e6:.1f}",
                seen["requests"],
            ]
        )

    with plain_voila() as plain:
        add("plain Voila, one FigureWidget", plain, ".js-plotly-plot", ".gl-container canvas", 2)
    add("the dashboard", address, ".f3d-page", FIGURE, 3)
    header = ["page", "first widget, s", "3D drawn, s", "MB", "socket MB", "requests"]
    table("Opening the page, nothing in the browser's cache", header, rows)


def photo(folder, megapixels, number=0):
    """A JPEG of a face, each number another picture."""
    height = round((megapixels * 1e6 * 400 / 360) ** 0.5)
    face = Image.fromarray(load_sample("astronaut").rgb).resize((height * 360 // 400, height))
    pixels = np.asarray(face).copy()
    pixels[: 8 + number] = number
    path = Path(folder) / f"photo{number}.jpg"
    Image.fromarray(pixels).save(path, quality=90)
    return path


def upload(page, path):
    """Seconds from choosing a file to its model on the screen."""
    start = time.perf_counter()
    page.set_input_files(".f3d-upload input[type=file]", path)
    page.wait_for_function(
        """(name) => {
          const line = document.querySelector('.f3d-status');
          return line.dataset.state === 'ready' && line.textContent.startsWith(name + ',');
        }""",
        arg=path.stem,
    )
    wait_until_drawn(page)
    return time.perf_counter() - start


def measure_upload(browser, address, folder):
    with fresh_page(browser) as page:
        open_dashboard(page, address)
        page.wait_for_timeout(_SETTLE * 1000)
        seconds = [upload(page, photo(folder, 12, i)) for i in range(5)]
    rows = [["12", f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}"]]
    table("From choosing a photo to its 3D model", ["megapixels", "median s", "longest s"], rows)


def kernel_milliseconds(draw_as, n_points, trait):
    """A slider's work in the kernel, message included, without a browser."""
    from face3d_widgets import Dashboard
    from face3d_widgets.widgets.jobs import Jobs

    if not hasattr(kernel_milliseconds, "dashboard"):
        made = Dashboard(jobs=Jobs(threaded=False))
        with tempfile.TemporaryDirectory() as folder:
            path = photo(folder, 12, 1)
            made.upload.add(path.read_bytes(), path.name)
        kernel_milliseconds.dashboard = made
    controls = kernel_milliseconds.dashboard.controls
    controls.draw_as, controls.n_points = draw_as, n_points
    values = {
        "relief": np.linspace(0.5, 2, 25),
        "cutoff": np.linspace(0.3, 0.5, 25),
        "n_points": n_points - 20 * np.arange(1, 26),
    }[trait].tolist()
    spent = []
    for value in values:
        start = time.perf_counter()
        setattr(controls, trait, value)
        spent.append(1000 * (time.perf_counter() - start))
    return statistics.median(spent)


def redraw_milliseconds(page, n_points, draw_as):
    """From moving the relief slider in the browser to the redrawn picture."""
    return page.evaluate(
        """async ([n, drawAs]) => {
          const set = (trait, value) => {
            const input = document.querySelector(`[data-trait=${trait}] input`);
            input.value = value;
            input.dispatchEvent(new Event('input'));
          };
          const pause = (ms) => new Promise((done) => setTimeout(done, ms));
          const figure = document.querySelector('.f3d-figure');
          const trace = drawAs === 'points' ? 0 : 1;
          document.querySelectorAll('[data-trait=draw_as] input')[trace].click();
          set('n_points', Math.log(n / 1000) / Math.log(200));
          await pause(6000);
          const times = [];
          for (let i = 0; i < 7; i++) {
            const old = figure._fullData[trace].y;
            const start = performance.now();
            set('relief', 1 + 0.1 * (i + 1));
            while (figure._fullData[trace].y === old) await pause(2);
            const arrived = performance.now();
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const gl = figure.querySelector('canvas').getContext('webgl');
            gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
            times.push([arrived - start, performance.now() - start]);
            await pause(1500);
          }
          return times;
        }""",
        [n_points, draw_as],
    )


def measure_slider(browser, address, folder):
    rows = []
    with fresh_page(browser) as page:
        open_dashboard(page, address)
        upload(page, photo(folder, 12))
        page.wait_for_timeout(_SETTLE * 1000)
        for draw_as in ("points", "mesh"):
            for n in (10_000, 50_000, 200_000):
                redraws = redraw_milliseconds(page, n, draw_as)
                arrived, drawn = (statistics.median(r[i] for r in redraws) for i in (0, 1))
                kernel = [
                    f"{kernel_milliseconds(draw_as, n, t):.1f}"
                    for t in ("relief", "cutoff", "n_points")
                ]
                rows.append([draw_as, f"{n:,}", *kernel, f"{arrived:.0f}", f"{drawn:.0f}"])
    header = ["drawn as", "points", "relief", "cut-off", "density", "data there", "redrawn"]
    table("A slider: kernel's part by slider, then relief in the browser, ms", header, rows)


def kernel_of(page):
    """The process that serves a page."""
    config = json.loads(page.locator("#jupyter-config-data").text_content())
    for process in psutil.process_iter(["cmdline"]):
        if any(config["kernelId"] in part for part in process.info["cmdline"] or []):
            return process
    raise RuntimeError("the page's kernel is not on this machine")


def measure_memory(browser, address, folder):
    rows = []
    with fresh_page(browser) as page:
        open_dashboard(page, address)
        kernel = kernel_of(page)

        def note(when):
            page.wait_for_timeout(1000)
            rows.append([when, f"{kernel.memory_info().rss / 1e6:.0f}"])

        note("start, with the sample")
        for i in range(50):
            upload(page, photo(folder, 12 if i == 0 else 3, i))
            if i + 1 in (1, 10, 25, 50):
                note(f"{i + 1} photos")
    table("Memory of the kernel", ["after", "MB"], rows)


def measure_exports():
    header = ["kind", "file", "s", "MB", "told, MB", "preview, ms"]
    table("Files of a 512 x 512 result, 100,000 faces, 30,000 points", header, export_rows())


def main(wanted):
    if "exports" in wanted:
        measure_exports()
    if "session" in wanted:
        for title, rows in session_tables():
            table(title, SESSION_HEADER, rows)
    wanted = [section for section in wanted if section not in ("exports", "session")]
    if wanted:
        measure_pages(wanted)


def measure_pages(wanted):
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        dashboard("--port", "18877") as (address, server),
    ):
        browser = launch(playwright)
        if "page" in wanted:
            measure_page(browser, address)
        if "upload" in wanted:
            measure_upload(browser, address, folder)
        if "slider" in wanted:
            measure_slider(browser, address, folder)
        if "memory" in wanted:
            measure_memory(browser, address, folder)
        if "class" in wanted:
            measure_class(browser, address, Path(folder), server, table)
        browser.close()


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(SECTIONS)
    if unknown := set(chosen) - set(SECTIONS):
        sys.exit(f"no such section: {', '.join(unknown)}; choose from {', '.join(SECTIONS)}")
    main(chosen)
