"""Several faces side by side in one 3D view, seen from one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets as t

from face3d_widgets.figures import CAMERAS
from face3d_widgets.figures.figure_widget import FaceFigureWidget
from face3d_widgets.figures.linked_faces import LinkedFaces, Pane
from face3d_widgets.widgets.base import ClosingBox, FaceWidget
from face3d_widgets.widgets.view_bar import CAMERA_BUTTONS

__all__ = ["LinkedViewer"]

_NARROW = 620  # pixels: three beside each other have no room below this
_USUAL = (720, 560)  # pixels, until the browser says how large the view is
_CROPPED = 0.95  # of a face's box that may be wider than its pane: heads are not that wide


class _Titles(FaceWidget, script="pane_titles.js"):
    """A name over each part of the view."""

    titles = t.List(t.Unicode(), help="One for each part.").tag(sync=True)
    columns = t.Int(1, help="How the parts are laid out.").tag(sync=True)


class _CameraBar(FaceWidget, script="view_bar.js"):
    """Buttons for the common camera."""

    text = t.Unicode("", help="What is drawn.").tag(sync=True)
    _buttons = t.List(t.List(t.Unicode()), CAMERA_BUTTONS, read_only=True).tag(sync=True)


class LinkedViewer(ClosingBox):
    """One to four faces with one camera: turning one turns all.

    Its figure is made with the first faces, and again when there are more or fewer of
    them; the camera stays where it was.

    Attributes
    ----------
    figure : FaceFigureWidget or None
        What is drawn in; None before the first faces.
    """

    def __init__(self) -> None:
        self.figure: FaceFigureWidget | None = None
        self._faces: LinkedFaces | None = None
        self._shown = True
        self._titles = _Titles()
        self._bar = _CameraBar()
        self._bar.on_msg(self._on_message)
        self._stage = ClosingBox([self._titles])
        self._stage.add_class("f3d-viewer")
        super().__init__([self._stage, self._bar])
        self.add_class("f3d-linked")

    def show(self, panes: Sequence[Pane], titles: Sequence[str]) -> None:
        """Show faces, each with its name."""
        faces = self._faces
        if faces is None or faces.n != len(panes):
            faces = self._renew(len(panes))
        self._arrange()
        self._titles.titles = [*titles]
        self._bar.text = f"{sum(len(pane.mesh.vertices) for pane in panes):,} corners"
        faces.figure.when_drawn(lambda: faces.draw(panes))

    def set_camera(self, name: str) -> None:
        """Look at all of them from one of `face3d_widgets.figures.CAMERAS`."""
        if self._faces is not None:
            self._faces.set_camera(name)

    def set_shown(self, shown: bool) -> None:
        """Give the browser's drawing back while nobody looks, or take it up again."""
        self._shown = shown
        figure = [self.figure] if shown and self.figure is not None else []
        self._stage.children = [*figure, self._titles]

    def close(self) -> None:
        """Leave the page."""
        super().close()
        if self.figure is not None:
            self.figure.close()  # also while it is not shown

    def _renew(self, n: int) -> LinkedFaces:
        """A figure with room for n faces, in place of the last."""
        view = None if self._faces is None else self._faces.view
        last, self.figure = self.figure, FaceFigureWidget()
        self._faces = LinkedFaces(n, self.figure, view)
        if last is not None:
            self.figure.screen_size = last.screen_size
        self.figure.on_msg(self._on_size)
        self.set_shown(self._shown)
        if last is not None:
            last.close()
        return self._faces

    def _arrange(self) -> None:
        if self._faces is None or self.figure is None:
            return
        n, (width, height) = self._faces.n, self.figure.screen_size or _USUAL
        columns = 2 if n == 4 or (n == 3 and width < _NARROW) else n
        self._faces.arrange(columns)
        rows = -(-n // columns)
        shape = (height / rows) / max(width / columns, 1)
        self._faces.set_room(max(1.0, round(_CROPPED * shape, 1)))
        self._titles.columns = columns

    def _on_size(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("type") == "size":
            self._arrange()

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("type") == "camera" and message.get("name") in CAMERAS:
            self.set_camera(message["name"])
