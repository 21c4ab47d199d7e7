"""A figure in a real page without a server: widget, its script and a browser, and little else."""

import base64
import io
import time

import numpy as np
from PIL import Image

from face3d_widgets.figures import CAMERAS
from face3d_widgets.figures.figure_widget import FaceFigureWidget, plotly_script
from tests.browser.waiting import PATIENCE, frames
from tests.serving import wait_until_drawn

WIDTH, HEIGHT = 400, 360
ADDRESS = "http://figure.test/"
PAGE = """<!doctype html><meta name="face3d-plotly" content="plotly.js">
<style>body{margin:0;background:white}#view,#view .f3d-figure{width:400px;height:360px}</style>
<div id="view"><div id="figure" style="width:100%;height:100%"></div></div>
<script type="module">
const decode = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const state = {}, handlers = {};
const fire = (event, ...values) => (handlers[event] ?? []).slice().forEach((f) => f(...values));
let changed = {};
const model = {
  get: (key) => state[key],
  set: (key, value) => { state[key] = value; changed[key] = value; },
  save_changes: () => { toKernel({ method: "update", state: changed }); changed = {}; },
  on: (event, f) => (handlers[event] ??= []).push(f),
  off: (event, f) => (handlers[event] = (handlers[event] ?? []).filter((g) => g !== f)),
  send: (content, _, buffers) =>
    toKernel({ method: "custom", content, n_buffers: buffers?.length ?? 0 }),
};
window.fromKernel = ({ method, content, state: news, paths, buffers }) => {
  if (method === "custom") return fire("msg:custom", content, buffers.map(decode));
  paths.forEach((path, i) => {
    const inner = path.slice(0, -1).reduce((at, key) => at[key], news);
    inner[path.at(-1)] = decode(buffers[i]);
  });
  Object.assign(state, news);
  Object.keys(news).forEach((key) => fire(`change:${key}`));
};
window.show = async () => {
  const { default: widget } = await import("./figure.js");
  const figure = widget();
  figure.initialize({ model });
  await figure.render({ model, el: document.getElementById("figure") });
};
window.ready = true;
</script>"""


class _Comm:
    """What a widget sends, kept for the page."""

    comm_id = "figure"

    def __init__(self):
        self.sent = []

    def on_msg(self, handler):
        self.receive = handler

    def send(self, data=None, buffers=None, **_):
        self.sent.append((data, buffers or []))

    def close(self, *_, **__):
        pass


class FigurePage:
    """A `FaceFigureWidget` that a browser shows.

    Messages go to and fro when `pump` is called; Playwright lets nobody answer a page while
    it waits for that page.
    """

    def __init__(self, page):
        self.page = page
        self.widget = FaceFigureWidget()
        self.comm = _Comm()
        self.widget.comm = self.comm
        self.received = []
        scripts = {
            "": ("text/html", PAGE.encode()),
            "plotly.js": ("text/javascript", plotly_script()),
            "figure.js": ("text/javascript", FaceFigureWidget._esm.encode()),
        }

        def serve(route):
            kind, body = scripts[route.request.url.removeprefix(ADDRESS)]
            route.fulfill(content_type=kind, body=body)

        page.route(f"{ADDRESS}**", serve)
        page.expose_function("toKernel", lambda message: self.received.append(message))

    def show(self):
        """Open the page with the figure as it is now."""
        self.page.goto(ADDRESS)
        self.page.wait_for_function("window.ready")
        self.widget.send_state()
        self.pump(0)
        self.page.evaluate("void window.show()")
        self.wait(lambda: self.widget.mounted)
        self.pump(0.3)
        return self

    def pump(self, seconds=0.3):
        """Hand all messages over, in both directions, for a while."""
        until = time.monotonic() + seconds
        while True:
            for data, buffers in self._take(self.comm.sent):
                self.page.evaluate(
                    "(message) => window.fromKernel(message)",
                    {
                        "method": data["method"],
                        "content": data.get("content"),
                        "state": data.get("state"),
                        "paths": data.get("buffer_paths", []),
                        "buffers": [base64.b64encode(bytes(b)).decode() for b in buffers],
                    },
                )
            self.page.wait_for_timeout(30)
            for message in self._take(self.received):
                self._from_page(message)
            if time.monotonic() > until and not self.comm.sent and not self.received:
                return

    def wait(self, condition, told=None):
        """Pump until something holds; `told()` says what was seen at last."""
        until = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < until, f"after {PATIENCE} s: {told() if told else condition}"
            self.pump(0.1)

    def drawn(self):
        """Pump until the browser has drawn what it was sent."""
        self.wait(lambda: self.widget._drawing_since is None)
        self.pump(0.2)

    def screenshot(self):
        """(h, w, 3) int array of the view, once all is drawn and nothing moves in it."""
        seen = [self._glimpse(), self._glimpse()]
        self.wait(lambda: np.array_equal(*seen[-2:]) or seen.append(self._glimpse()))
        return seen[-1]

    def camera(self):
        """The camera in the page."""
        return self.page.evaluate(
            "JSON.parse(JSON.stringify(document.querySelector('.f3d-figure')"
            "._fullLayout.scene._scene.getCamera()))"
        )

    def eye(self):
        return [self.camera()["eye"][axis] for axis in "xyz"]

    def look_from(self, face_figure, name):
        """Set one of the cameras by its name, and wait until the page has it."""
        face_figure.set_camera(name)
        wanted = [CAMERAS[name][axis] for axis in "xyz"]
        self.wait(lambda: np.allclose(self.eye(), wanted, atol=1e-6), self.eye)
        self.rest()

    def rest(self):
        """Wait until the camera rests and the kernel knows where."""

        def known():
            eye = self.widget.layout.scene.camera.eye.to_plotly_json()
            return [eye[axis] for axis in "xyz"]

        def rests():
            frames(self.page)  # a drag moves on with the next
            before = self.eye()
            self.pump(0.3)
            return np.allclose([self.eye(), known()], before, atol=1e-6)

        self.wait(rests, lambda: f"the page looks from {self.eye()}, the kernel from {known()}")

    def drag(self, x, y, right):
        """Turn the model with the mouse, until it has turned and come to rest."""
        before = self.eye()

        def turned():
            # Plotly hears no drag in the half second after it got new data.
            self.page.mouse.move(x, y)
            self.pump(0.4)
            self.page.mouse.down()
            self.page.mouse.move(x + right, y, steps=4)
            self.page.mouse.up()
            frames(self.page)
            return not np.allclose(self.eye(), before, atol=0.01)

        self.wait(turned, self.eye)
        self.rest()

    def _glimpse(self):
        self.pump()
        wait_until_drawn(self.page)
        png = self.page.locator("#view").screenshot()
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)

    def _from_page(self, message):
        if message["method"] == "custom":
            self.widget._handle_custom_msg(message["content"], [])
        else:
            self.widget.set_state(message["state"])

    @staticmethod
    def _take(queue):
        taken = queue[:]
        del queue[: len(taken)]
        return taken
