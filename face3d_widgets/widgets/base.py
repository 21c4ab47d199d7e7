"""The base of our own browser widgets."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import anywidget
import ipywidgets

from face3d_widgets.figures.unsaved import UnsavedTraits, unsaved_script

__all__ = ["ClosingBox", "FaceWidget", "static_text"]


@cache
def static_text(name: str) -> str:
    """A file of the folder `static`, as text."""
    return (files(__package__) / "static" / name).read_text("utf-8")


class FaceWidget(UnsavedTraits, anywidget.AnyWidget):
    """An anywidget whose script and style lie in the folder `static`.

    A subclass names its script: `class StatusLine(FaceWidget, script="status.js")`.
    The helpers of `dom.js` are put before it, and the style sheet is common. What a saved
    notebook must not have of a person is tagged `saved=False`; see `UnsavedTraits`.
    """

    _esm = "export default {}"
    _css = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_msg(self._on_catch_up)

    def __init_subclass__(cls, script: str | None = None, **kwargs: Any) -> None:
        if script is not None:
            cls._esm = unsaved_script() + static_text("dom.js") + static_text(script)
            cls._css = static_text("face3d.css")
        super().__init_subclass__(**kwargs)

    def close(self) -> None:
        """Leave the page, and let go of what a page knows of."""
        if self.comm is not None:
            super().close()
            self.layout.close()

    def _on_catch_up(self, _: Any, message: dict[str, Any], __: Any) -> None:
        """Tell the page that all it sent before has been heard; see `act` in `dom.js`."""
        if message.get("type") == "catch-up":
            self.send({"type": "caught-up", "id": message.get("id")})


class ClosingBox(ipywidgets.Box):
    """A box that is closed with all that is in it; ipywidgets keep what nobody closes."""

    def close(self) -> None:
        """Leave the page, all of it."""
        if self.comm is None:
            return
        children = self.children
        super().close()
        self.layout.close()
        for child in children:
            child.close()
