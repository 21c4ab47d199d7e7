"""Thirty pages asked for at once on one server: how many get their dashboard, and when.

``python -m tests.benchmarks.crowd [--pages N] [--tree FOLDER] [--requests]``. With another
checkout as FOLDER, that one's server is measured; its waiting for kernels is made long enough
by a `voila.json`, which versions before 0.2 read. All browsers run on the server's machine;
`--requests` asks without browsers, and a page counts when its last byte has come: the kernel
has run the notebook by then.
"""

import argparse
import json
import os
import re
import statistics
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

from tests.serving import FIGURE, READY, dashboard, launch

_PATIENCE = 900  # seconds
_LONG = {
    "VoilaExecutor": {"startup_timeout": 900},
    "MappingKernelManager": {"kernel_info_timeout": 900},
}


def measure_crowd(address, n):
    """(seconds until each page shows its face, in order; the ids of their kernels)."""
    with sync_playwright() as playwright, ExitStack() as stack:
        browser = launch(playwright)
        stack.callback(browser.close)
        pages = []
        for _ in range(n):
            context = browser.new_context(viewport={"width": 1000, "height": 700})
            pages.append(context.new_page())
        begun = time.perf_counter()
        for page in pages:  # all are asked for before one is waited for
            page.evaluate("(address) => { setTimeout(() => location = address) }", address)
        took = {}
        while len(took) < n and time.perf_counter() - begun < _PATIENCE:
            for number, page in enumerate(pages):
                if number in took:
                    continue
                try:
                    drawn = page.query_selector(FIGURE) and page.query_selector(READY)
                except Exception:  # between two documents
                    continue
                if drawn:
                    took[number] = time.perf_counter() - begun
            pages[0].wait_for_timeout(100)
        ids = {page.locator("#jupyter-config-data").text_content() for page in pages}
        return sorted(took.values()), {json.loads(text)["kernelId"] for text in ids}


def measure_requests(address, n):
    """As `measure_crowd`, of pages that are read and not drawn."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    begun = time.perf_counter()

    def ask(_):
        with opener.open(address, timeout=_PATIENCE) as answer:
            page = answer.read().decode()
        found = re.search(r'"kernelId": "([0-9a-f-]{36})"', page)
        return time.perf_counter() - begun, found and found[1]

    with ThreadPoolExecutor(n) as threads:
        answers = [answer for answer in threads.map(ask, range(n)) if answer[1]]
    return sorted(took for took, _ in answers), {kernel for _, kernel in answers}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, default=30)
    parser.add_argument("--tree", type=Path, default=Path.cwd())
    parser.add_argument("--requests", action="store_true")
    chosen = parser.parse_args()
    measure = measure_requests if chosen.requests else measure_crowd
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "voila.json").write_text(json.dumps(_LONG))
        environment = os.environ | {"PYTHONPATH": str(chosen.tree.resolve())}
        options = {"cwd": folder, "env": environment}
        with dashboard("--port", "18878", **options) as (address, server):
            time.sleep(15)  # until one page is ready, as on a server before a class
            took, ids = measure(address, chosen.pages)
            memory = psutil.Process(server.pid).memory_info().rss
    print(f"{len(took)} of {chosen.pages} got their dashboard, {len(ids)} kernels")
    print(
        f"seconds to 3D: first {took[0]:.0f}, median {statistics.median(took):.0f}, "
        f"last {took[-1]:.0f}; the server {memory / 1e6:.0f} MB"
    )


if __name__ == "__main__":
    main()
