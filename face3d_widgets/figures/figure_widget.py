"""Plotly's FigureWidget, mended for a page that many people open."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import traitlets as t
from plotly.serializers import _py_to_js

from face3d_widgets.figures.scripts import own_script
from face3d_widgets.figures.unsaved import UnsavedTraits

if TYPE_CHECKING:
    from plotly.graph_objects import FigureWidget
else:
    # Plotly's widget asks for nbformat, which asks for jsonschema, which compiles
    # the grammar of international web addresses: 3.3 seconds of the page's start
    # for something that nobody here checks. jsonschema does without it where it
    # is not installed.
    _absent = "rfc3987_syntax" not in sys.modules
    if _absent:
        sys.modules["rfc3987_syntax"] = None
    try:
        from plotly.graph_objects import FigureWidget
    finally:
        if _absent:
            del sys.modules["rfc3987_syntax"]

__all__ = ["FaceFigureWidget", "plotly_script"]

# A browser that does not answer for so long is taken to be ready again.
_DRAWING_AT_MOST = 3.0  # seconds
_CONFIG = {"displayModeBar": False, "displaylogo": False, "scrollZoom": True, "responsive": True}


def plotly_script() -> bytes:
    """The script with which Plotly's widget draws, 5 MB of JavaScript."""
    return (files("plotly") / "package_data" / "widgetbundle.js").read_bytes()


# With these Plotly sends what there is and what becomes of it.
_PY2JS = frozenset(name for name in FigureWidget.class_trait_names() if name.startswith("_py2js_"))


class FaceFigureWidget(UnsavedTraits, FigureWidget):
    """Plotly's figure with some things mended.

    - The script that draws it (5 MB) is fetched once from our server, where the
      browser keeps it, or asked of the kernel where the page has another server;
      Plotly sends it with every figure.
    - A page that opens later gets the present data, not those of the start.
    - What is drawn gets into no saved notebook. Plotly's own changes leave their buffers
      there, without what they belong to, and then none of the notebook's widgets load
      (nbclient 0.11).
    - The browser says when it has drawn, how large the view is and what was clicked.
    - A browser without WebGL shows pictures that are drawn here; Plotly sends people to
      another site.

    Attributes
    ----------
    still : bytes
        A JPEG that is saved with a notebook and shown where no kernel runs; empty for none.
    screen_size : (width, height) or None
        Of the view that was last shown or resized, in the browser's pixels.
    """

    unsaved = _PY2JS | {"_widget_data", "_widget_layout"}
    still = t.Bytes(b"", help="A JPEG to show without a kernel.").tag(sync=True)
    screen_size: tuple[int, int] | None = None
    _esm = "".join(map(own_script, ("unsaved.js", "markers.js", "picture_view.js", "figure.js")))

    def __init__(self) -> None:
        super().__init__()
        self._config = _CONFIG
        self._drawing_since: float | None = None
        self._next: Callable[[], None] | None = None
        self._clicks: list[Callable[[int, int], None]] = []
        self._views = 0
        self.on_msg(self._on_browser)

    def _whole(self) -> dict[str, Any]:
        """The figure as it is now; Plotly's own state has that of the start."""
        return {
            "_widget_data": _py_to_js(self._data, None),
            "_widget_layout": _py_to_js(self._layout, None),
        }

    @property
    def mounted(self) -> bool:
        """Tell whether a browser shows the figure."""
        return self._views > 0

    def when_drawn(self, draw: Callable[[], None]) -> None:
        """Call `draw` now, or once the browser has drawn what it has; only the newest waits."""
        now = time.monotonic()
        waiting = self._drawing_since is not None and now - self._drawing_since < _DRAWING_AT_MOST
        if self.mounted and waiting:
            self._next = draw
        else:
            self._drawing_since = None
            self._next = None
            draw()  # what it sends sets `_drawing_since`; nothing sent, nothing to wait for

    def _send_update_msg(self, *args: Any, **kwargs: Any) -> None:
        self._drawing_since = time.monotonic()
        super()._send_update_msg(*args, **kwargs)

    def on_click(self, handler: Callable[[int, int], None]) -> None:
        """Call `handler(trace, number)` for every click on a trace whose hoverinfo is "none".

        `number` counts the trace's points, or a mesh's faces. Plotly's own coordinates of
        a face are in a scale that nobody else knows.
        """
        self._clicks.append(handler)

    def _on_browser(self, _: Any, message: dict[str, Any], __: Any) -> None:
        kind = message.get("type")
        if kind == "mounted":
            self._views += 1  # with the present data: nothing is on its way
            self._drawing_since = None
            if self._next is not None:
                self.when_drawn(self._next)
        elif kind == "unmounted":
            self._views = max(0, self._views - 1)
        elif kind == "size":
            self.screen_size = (round(message["width"]), round(message["height"]))
        elif kind == "click":
            for handler in self._clicks:
                handler(int(message["trace"]), int(message["number"]))
        elif kind == "script":
            script = plotly_script()
            self.send({"type": "script"}, [script])
        elif kind == "picture":
            self._send_picture(message)
        elif kind == "drawn":
            self._drawing_since = None
            draw, self._next = self._next, None
            if draw is not None:
                self.when_drawn(draw)

    def _send_picture(self, asked: dict[str, Any]) -> None:
        """Answer a page that cannot draw: the view as it is, or as a hand has moved it."""
        # Imported where it is wanted, which is hardly anywhere.
        from face3d_widgets.figures.errors import FigureError
        from face3d_widgets.figures.view_picture import moved_cameras, view_picture

        moved = asked["right"], asked["down"], asked["farther"]
        if moved != (0, 0, 1):
            self.update_layout(moved_cameras(self, *moved))
        try:
            picture = [view_picture(self, asked["width"], asked["height"], asked["ratio"])]
        except FigureError:  # nothing is drawn yet; the page asks again when something is
            picture = []
        self.send({"type": "picture", "view": asked["view"]}, picture)
