"""Start a Jupyter server as Binder does, and watch the memory of a server and its kernels."""

import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager

import psutil

from tests.serving import free_port

BASE = "/user/student-1/"
TOKEN = "a-token-of-binder"


@contextmanager
def binder_server():
    """Address of the dashboard in a Jupyter server with our extension, and its process.

    The options are those that BinderHub and JupyterHub give: a base address, a token, no
    browser. The extension is turned on as binder/postBuild does, for this process alone.
    """
    port = free_port()
    options = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        f"--ServerApp.base_url={BASE}",
        f"--IdentityProvider.token={TOKEN}",
        "--ServerApp.jpserver_extensions={'face3d_widgets.server': True}",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    root = f"http://127.0.0.1:{port}{BASE}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{root}api", timeout=2)
                break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError("the Jupyter server did not start") from None
                time.sleep(0.3)
        yield f"{root}face3d/?token={TOKEN}", process
    finally:
        process.terminate()
        process.wait(20)


def resident_memory(pid):
    """Bytes of RAM that a process and all that it started hold; shared pages count each time."""
    root = psutil.Process(pid)
    held = 0
    for process in (root, *root.children(recursive=True)):
        try:
            held += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return held


class MemoryWatch:
    """The most that a process and its children held together, looked at every 50 ms.

    Attributes
    ----------
    peak : int
        Bytes.
    """

    def __init__(self, pid):
        self.peak = 0
        self._pid, self._ended = pid, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _watch(self):
        while not self._ended.wait(0.05):
            self.peak = max(self.peak, resident_memory(self._pid))
