"""The bar of the 3D view: how much is drawn, and from where it is seen."""

from __future__ import annotations

from typing import Any

import traitlets as t

from face3d_widgets.figures import CAMERAS
from face3d_widgets.widgets.base import FaceWidget
from face3d_widgets.widgets.viewer import FaceViewer

__all__ = ["CAMERA_BUTTONS", "ViewBar"]

#: Names and labels of the buttons for a camera.
CAMERA_BUTTONS = [
    ["front", "Front"],
    ["three-quarter", "Three-quarter"],
    ["profile", "Profile"],
    ["home", "Reset the view"],
]


class ViewBar(FaceWidget, script="view_bar.js"):
    """A line under a viewer: its number of points, and buttons for its camera.

    Attributes
    ----------
    text : str
        How much is drawn, or what to do where nothing is left.

    Parameters
    ----------
    viewer : FaceViewer
    """

    text = t.Unicode("", help="How much is drawn.").tag(sync=True)
    _buttons = t.List(t.List(t.Unicode()), CAMERA_BUTTONS, read_only=True).tag(sync=True)

    def __init__(self, viewer: FaceViewer) -> None:
        super().__init__()
        self._viewer = viewer
        viewer.observe(self._describe, ["drawn", "view"])
        self.on_msg(self._on_message)
        self._describe()

    def _describe(self, _: object = None) -> None:
        if not self._viewer.session.has_result:
            self.text = ""
        elif self._viewer.drawn == 0:
            unsure = self._viewer.params.most_unsure < 1
            self.text = (
                "Nothing is left to draw: leave out fewer unsure points."
                if unsure and self._viewer.session.result.uncertainty is not None
                else "Nothing is left to draw: move the background cut-off to the left."
            )
        else:
            what = "points" if self._viewer.view.draw_as == "points" else "corners"
            self.text = f"{self._viewer.drawn:,} {what}"

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("type") == "camera" and message.get("name") in CAMERAS:
            self._viewer.set_camera(message["name"])
