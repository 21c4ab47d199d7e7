"""The 3D view: one Plotly FigureWidget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipywidgets
import traitlets as t

from face3d_widgets.figures import FaceFigure, Scene
from face3d_widgets.figures.figure_widget import FaceFigureWidget
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.types import GeometryParams, Photo, ViewParams
from face3d_widgets.widgets.controls import GeometryControls

__all__ = ["FaceViewer", "view"]


class FaceViewer(ipywidgets.Box):
    """Shows a session's present result in 3D.

    Setting `params` or `view` redraws. Redraws wait for the browser, and of
    those that wait only the newest is kept, so a slider never leaves a queue
    behind. The camera is the person's: nothing but `reset_camera` moves it.

    Attributes
    ----------
    params : GeometryParams
        The shape.
    view : ViewParams
        Its appearance.
    drawn : int
        Points, or corners of the surface, on the screen.

    Parameters
    ----------
    session : ReconstructionSession, optional
        A new one where none is given.
    """

    drawn = t.Int(0, help="Points, or corners of the surface, on the screen.")
    params = t.Instance(GeometryParams, args=(), help="The shape.")
    view = t.Instance(ViewParams, kw={"draw_as": "mesh"}, help="Its appearance.")

    def __init__(self, session: ReconstructionSession | None = None, **kwargs: Any) -> None:
        self.session = session or ReconstructionSession()
        self.figure = FaceFigureWidget()
        self._face_figure = FaceFigure(self.figure)
        kwargs.setdefault("params", self.session.params)
        super().__init__([self.figure], **kwargs)
        self.add_class("f3d-viewer")
        self.observe(lambda _: self.redraw(), ["params", "view"])
        self.redraw()

    def redraw(self) -> None:
        """Draw the session's present result with the present parameters."""
        if self.session.has_result:
            self.figure.when_drawn(self._draw)

    def reset_camera(self) -> None:
        """Look from where one looked at the start."""
        self._face_figure.reset_camera()

    def scene(self) -> Scene:
        """What is drawn."""
        self.session.params = self.params
        return self.session.scene(self.view.draw_as)

    def _draw(self) -> None:
        scene = self.scene()
        self._face_figure.draw(scene, self.view)
        self.drawn = len(scene.cloud)


def view(photo: Photo | bytes | str | Path, controls: bool = True) -> ipywidgets.Widget:
    """Show a photo in 3D, in one line of a notebook.

    Parameters
    ----------
    photo : Photo, bytes or path
        What to show; bytes are a file's contents.
    controls : bool
        Put the sliders beside it.

    Returns
    -------
    ipywidgets.Widget
        A `FaceViewer`, or a box with it and its `GeometryControls`.

    Raises
    ------
    PhotoError
        When the photo cannot be read.
    """
    session = ReconstructionSession()
    session.open(photo)
    viewer = FaceViewer(session)
    if not controls:
        return viewer
    sliders = GeometryControls(fov=session.params.fov)
    connect(sliders, viewer)
    box = ipywidgets.Box([viewer, sliders])
    box.add_class("f3d-view")
    return box


def connect(controls: GeometryControls, viewer: FaceViewer) -> None:
    """Let controls steer a viewer."""

    def apply(_: object = None) -> None:
        with viewer.hold_trait_notifications():
            viewer.params = controls.params
            viewer.view = controls.view

    controls.observe(apply, [*controls.defaults, "colormap"])
    apply()
