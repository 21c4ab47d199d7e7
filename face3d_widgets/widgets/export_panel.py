"""Buttons that bring results to the browser's downloads."""

from __future__ import annotations

from typing import Any

import traitlets as t

from face3d_widgets.widgets.base import FaceWidget

__all__ = ["ExportPanel"]

_FORMATS: list[dict[str, str]] = [
    {"format": "png", "label": "View, PNG", "help": "As you see it now"},
    {"format": "html", "label": "View, HTML", "help": "One page that turns offline"},
    {"format": "ply", "label": "Points, PLY", "help": "For MeshLab or Blender"},
    {"format": "depth", "label": "Depth, PNG", "help": "16-bit grey"},
]


class ExportPanel(FaceWidget, script="export_panel.js"):
    """One button a format.

    The panel makes nothing itself: `on_export` names who does, and `deliver`
    hands the bytes to the browser. Nothing is written to the server's disk.

    Attributes
    ----------
    busy : str
        The format being made, or "".
    enabled : bool
        False while there is nothing to save.
    """

    busy = t.Unicode("", help="The format being made.").tag(sync=True)
    enabled = t.Bool(False, help="Whether there is something to save.").tag(sync=True)
    formats = t.List(t.Dict(), _FORMATS, read_only=True).tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._handlers: list[Any] = []
        self.on_msg(self._on_message)

    def on_export(self, handler: Any) -> None:
        """Call `handler(format)` when a button is pressed."""
        self._handlers.append(handler)

    def deliver(self, data: bytes, name: str, mime: str) -> None:
        """Download `data` in the browser as a file called `name`."""
        self.busy = ""
        self.send({"type": "file", "name": name, "mime": mime}, [data])

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        known = {f["format"] for f in self.formats}
        if message.get("type") == "export" and message.get("format") in known and self.enabled:
            for handler in self._handlers:
                handler(message["format"])
