"""A session's memory before and after work, in a real kernel with the dashboard's notebook.

`python -m tests.benchmarks session`. Nobody looks at the page; a photo of 12 megapixels is
given, ten kinds of files are saved, two networks are compared with the default one. Each part
has a kernel of its own, and each row is held to the row before the work. The networks'
weights are numbers made from names, as in `tests.benchmarks.networks`.
"""

import os
import queue
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
from jupyter_client import KernelManager
from PIL import Image

from face3d_widgets.samples import load_sample
from tests.benchmarks.networks import write_weights

KINDS = ("glb", "obj", "ply", "bust", "depth", "html", "png", "pdf", "gif", "mp4")
NETWORKS = ("midas_v21_small_256", "dpt_levit_224")
HEADER = ["after", "resident, MB", "its own share (PSS), MB", "beside it, MB", "times before"]
_START = "from face3d_widgets import Dashboard; page = Dashboard(); page"
_AT_REST = "page.status.state == 'ready' and page.settled and page.result is not None"
_PATIENCE = 600  # seconds
_IDLE = 45  # seconds, after which what nobody wants has gone


class Session:
    """A kernel with a dashboard; what it shows is read and thrown away."""

    def __init__(self, environment):
        self._manager = KernelManager()
        self._manager.start_kernel(env={**os.environ, **environment})
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=_PATIENCE)
        self._process = psutil.Process(self._manager.provisioner.pid)
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.value(f"exec({_START!r})")
        self.until(_AT_REST)

    def _read(self):
        while not self._ended.is_set():
            try:
                self._client.get_iopub_msg(timeout=0.2)
            except queue.Empty:
                continue

    def value(self, expression):
        """What an expression gives, as text."""
        asked = self._client.execute("", user_expressions={"value": expression})
        while True:
            reply = self._client.get_shell_msg(timeout=_PATIENCE)
            if reply["parent_header"].get("msg_id") == asked:
                break
        found = reply["content"]["user_expressions"]["value"]
        if found["status"] != "ok":
            raise RuntimeError(f"{expression}: {found['ename']}: {found['evalue']}")
        return found["data"]["text/plain"]

    def until(self, expression):
        """Wait until it is true."""
        end = time.monotonic() + _PATIENCE
        while self.value(expression) != "True":
            if time.monotonic() > end:
                raise RuntimeError(f"never: {expression}")
            time.sleep(0.2)

    def memory(self):
        """Resident, proportional share, and the share of all that it started, in bytes."""
        own, beside = self._process.memory_full_info(), 0
        for child in self._process.children(recursive=True):
            try:
                beside += child.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        return own.rss, own.pss, beside

    def open(self, path):
        self.value(f"page.upload.add(open({str(path)!r}, 'rb').read(), {path.name!r})")
        self.until(f"{_AT_REST} and page.result.photo.name == {path.stem!r}")

    def save(self, kind):
        self.value(f"page._exporter.save({kind!r})")
        self.until("page.exports.busy == ''")
        said = self.value("page.status.text")
        if "Saved" not in said:
            raise RuntimeError(f"{kind}: {said}")

    def compare(self, *keys):
        self.value(f"setattr(page.page('compare').bar, 'places', {[*keys, '', ''][:4]!r})")
        self.until(
            "not page.page('compare').bar.busy and "
            f"len(page.page('compare').comparison.agreements) == {len(keys)}"
        )

    def close(self):
        self._ended.set()
        self._reader.join()
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@contextmanager
def _session(folder):
    environment = {"FACE3D_WEIGHTS": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    session = Session(environment)
    try:
        photo = folder / "photo.jpg"
        if not photo.exists():
            face = Image.fromarray(load_sample("astronaut").rgb).resize((3286, 3652))
            Image.fromarray(np.asarray(face)).save(photo, quality=90)
        session.open(photo)
        time.sleep(5)  # for what a photo leaves behind it
        yield session
    finally:
        session.close()


def session_tables():
    """(title, rows of [after, MB, MB, MB, ratio]) for each part, as soon as it is measured."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with _session(folder) as session:
            rows = _Rows(session)
            for number, kind in enumerate(KINDS, start=1):
                session.save(kind)
                if number in (1, len(KINDS)):
                    rows.note(f"{number} file{'s' * (number > 1)}")
            for kind in KINDS:
                session.save(kind)
            rows.note(f"{2 * len(KINDS)} files")
            time.sleep(_IDLE)
            rows.note("and at rest")
        yield "A session's memory before and after saving files", rows.rows
        for name in NETWORKS:
            write_weights(name, folder)
        with _session(folder) as session:
            rows = _Rows(session)
            session.value("setattr(page.tabs, 'value', 'compare')")
            session.until("not page.page('compare').bar.busy")
            rows.note("the page Compare")
            for name in NETWORKS:
                session.compare("face_lite", name)
                rows.note(f"{name} compared")
            session.value("setattr(page.tabs, 'value', 'model')")
            rows.note("back at the model")
        yield "The same before and after comparing networks", rows.rows


class _Rows:
    def __init__(self, session):
        self.rows, self._session, self._before = [], session, None
        self.note("a photo")

    def note(self, when):
        time.sleep(2)
        resident, share, beside = self._session.memory()
        self._before = self._before or resident
        row = [when, *(f"{n / 1e6:.0f}" for n in (resident, share, beside))]
        self.rows.append([*row, f"{resident / self._before:.2f}"])
