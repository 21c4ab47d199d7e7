"""Twelve people at once on one server: waiting times, memory, and that nobody sees another's photo.

All browsers run on the machine of the server, each page in software WebGL, so the waiting
times hold the drawing of twelve screens as well; a class brings its own machines for that.
The kernels' times and memory are the server's.
"""

import json
import statistics
import time
from contextlib import ExitStack

import numpy as np
import psutil
from PIL import Image

from face3d_widgets.samples import load_sample
from tests.serving import FIGURE, READY

N_STUDENTS = 12
_PATIENCE = 600  # seconds for all together

# The photo on the page, as its own pixels say: the mean of the stripe at its top.
_STRIPE = """() => {
  const photo = document.querySelector('img[alt^="The photo"]');
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = [photo.naturalWidth, photo.naturalHeight];
  const context = copy.getContext('2d');
  context.drawImage(photo, 0, 0);
  return [...context.getImageData(copy.width >> 1, copy.height >> 5, 1, 1).data].slice(0, 3);
}"""
_SHOWN = """(name) => {
  const line = document.querySelector('.f3d-status');
  return line?.dataset.state === 'ready' && line.textContent.startsWith(name + ',');
}"""
_MOVE = """async () => {
  const figure = document.querySelector('.f3d-figure');
  const shape = () => figure._fullData.find((t) => t.visible === true && t.y?.length > 1000).y;
  const input = document.querySelector('[data-trait=relief] input');
  const old = shape(), start = performance.now();
  input.value = 1.7;
  input.dispatchEvent(new Event('input'));
  while (shape() === old && performance.now() - start < 60000)
    await new Promise((done) => setTimeout(done, 10));
  return (performance.now() - start) / 1000;
}"""


def stripe(number):
    """A colour that tells one student's photo from every other."""
    return (20 * number + 10, 240 - 20 * number, 120 if number % 2 else 30)


def student_photo(folder, number, megapixels=12):
    """A JPEG of a face under a stripe of the student's own colour."""
    height = round((megapixels * 1e6 * 400 / 360) ** 0.5)
    face = Image.fromarray(load_sample("astronaut").rgb).resize((height * 360 // 400, height))
    pixels = np.asarray(face).copy()
    pixels[: height // 12] = stripe(number)
    path = folder / f"student-{number}.jpg"
    Image.fromarray(pixels).save(path, quality=90)
    return path


def _wait_for_each(pages, is_done):
    """Seconds until each page is done, looked at in turn."""
    start = time.perf_counter()
    took = [None] * len(pages)
    while None in took:
        if time.perf_counter() - start > _PATIENCE:
            missing = [number for number, seconds in enumerate(took) if seconds is None]
            raise RuntimeError(f"after {_PATIENCE} s these still wait: {missing}")
        for number, page in enumerate(pages):
            if took[number] is None and is_done(page, number):
                took[number] = time.perf_counter() - start
        pages[0].wait_for_timeout(50)
    return took


def _drawn(page, _):
    return bool(page.query_selector(FIGURE) and page.query_selector(READY))


def kernel_ids(pages):
    """The kernel of each page."""
    texts = [page.locator("#jupyter-config-data").text_content() for page in pages]
    return [json.loads(text)["kernelId"] for text in texts]


def kernel_processes(ids):
    """The process of each kernel, on this machine."""
    found = {}
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        found |= {kernel: process for kernel in ids if kernel in line}
    return [found[kernel] for kernel in ids]


def _row(what, values, form="{:.1f}"):
    cells = (statistics.median(values), max(values))
    return [what, *(form.format(cell) for cell in cells)]


def measure_class(browser, address, folder, server, table):
    """Open twelve pages at once, give each its own photo, move a slider in each.

    Parameters
    ----------
    server : subprocess.Popen
        For its memory.
    table : callable
        Prints title, header and rows.
    """
    photos = [student_photo(folder, number) for number in range(N_STUDENTS)]
    with ExitStack() as stack:
        pages = []
        for _ in photos:
            context = browser.new_context(viewport={"width": 1000, "height": 700})
            stack.callback(context.close)
            pages.append(context.new_page())
        for page in pages:
            page.goto(address, wait_until="commit", timeout=120_000)
        opened = _wait_for_each(pages, _drawn)
        for page, photo in zip(pages, photos, strict=True):
            page.set_input_files(".f3d-upload input[type=file]", photo)
        uploaded = _wait_for_each(
            pages, lambda page, number: page.evaluate(_SHOWN, photos[number].stem)
        )
        moved = [page.evaluate(_MOVE) for page in pages]

        ids = kernel_ids(pages)
        alone = len(set(ids)) == N_STUDENTS
        seen = np.array([page.evaluate(_STRIPE) for page in pages], float)
        own = np.array([stripe(number) for number in range(N_STUDENTS)], float)
        nearest = np.abs(seen[:, None] - own[None]).sum(axis=2).argmin(axis=1)
        private = alone and nearest.tolist() == list(range(N_STUDENTS))

        memory = [process.memory_full_info() for process in kernel_processes(ids)]
        whole = psutil.Process(server.pid).memory_full_info()
    table(
        f"{N_STUDENTS} people at once, browsers on the same machine",
        ["what", "median", "most"],
        [
            _row("page opened and drawn, s", opened),
            _row("12-megapixel photo to its 3D, all at once, s", uploaded),
            _row("a slider, one after the other, s", moved, "{:.2f}"),
            _row("a session's memory, resident, MB", [m.rss / 1e6 for m in memory], "{:.0f}"),
            _row("of it, its own alone (PSS), MB", [m.pss / 1e6 for m in memory], "{:.0f}"),
            ["the server itself, resident, MB", f"{whole.rss / 1e6:.0f}", ""],
            [
                "all sessions and the server (PSS), MB",
                f"{(sum(m.pss for m in memory) + whole.pss) / 1e6:.0f}",
                "",
            ],
            ["each has a kernel and a photo of its own", "yes" if private else "NO", ""],
        ],
    )
    if not private:
        raise RuntimeError("somebody saw another's photo")
