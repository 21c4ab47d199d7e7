"""What our own browser widgets share."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import anywidget

__all__ = ["FaceWidget", "static_text"]


@cache
def static_text(name: str) -> str:
    """A file of the folder `static`, as text."""
    return (files(__package__) / "static" / name).read_text("utf-8")


class FaceWidget(anywidget.AnyWidget):
    """An anywidget whose script and style lie in the folder `static`.

    A subclass names its script: `class StatusLine(FaceWidget, script="status.js")`.
    The helpers of `dom.js` are put before it, and the style sheet is common.
    """

    _esm = "export default {}"
    _css = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_msg(self._on_catch_up)

    def __init_subclass__(cls, script: str | None = None, **kwargs: Any) -> None:
        if script is not None:
            cls._esm = static_text("dom.js") + static_text(script)
            cls._css = static_text("face3d.css")
        super().__init_subclass__(**kwargs)

    def _on_catch_up(self, _: Any, message: dict[str, Any], __: Any) -> None:
        """Tell the page that all it sent before has been heard; see `act` in `dom.js`."""
        if message.get("type") == "catch-up":
            self.send({"type": "caught-up", "id": message.get("id")})
