"""The 3D view: one Plotly FigureWidget."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import traitlets as t
from numpy.typing import NDArray

from face3d_widgets.figures import FaceFigure, Scene
from face3d_widgets.figures.cameras import Viewpoint
from face3d_widgets.figures.figure_widget import FaceFigureWidget
from face3d_widgets.geometry import project
from face3d_widgets.samples import is_sample
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.types import GeometryParams, Photo, ViewParams
from face3d_widgets.widgets.badges import ViewBadges
from face3d_widgets.widgets.base import ClosingBox
from face3d_widgets.widgets.controls import GeometryControls
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.reruns import made_here
from face3d_widgets.widgets.still import StillPicture
from face3d_widgets.widgets.uncertainty import UncertaintyMeter

__all__ = ["FaceViewer", "view"]


class FaceViewer(ClosingBox):
    """Shows a session's present result in 3D.

    Setting `params` or `view` redraws. Redraws wait for the browser, and of
    those that wait only the newest is kept, so a slider never leaves a queue
    behind. The camera is the person's: nothing but `set_camera` and `reset_camera`
    moves it. A badge says whether lengths are relative or in millimetres, and which
    mistakes are made on purpose.

    While the session has a ruler, the true distance of its two places holds for
    whatever `params` are set (see `ReconstructionSession.set_scale`).

    Attributes
    ----------
    params : GeometryParams
        The shape.
    view : ViewParams
        Its appearance.
    drawn : int
        Points, or corners of the surface, on the screen.

    A saved notebook shows no photo of a person unless somebody asks for it.

    Parameters
    ----------
    session : ReconstructionSession, optional
        A new one where none is given.
    keep_picture : bool, optional
        Keep a still picture of what is drawn in the saved notebook, which is shown where no
        kernel runs. Where it is not said, only the sample portraits are kept.
    """

    drawn = t.Int(0, help="Points, or corners of the surface, on the screen.")
    params = t.Instance(GeometryParams, args=(), help="The shape.")
    view = t.Instance(ViewParams, kw={"draw_as": "mesh"}, help="Its appearance.")

    def __init__(
        self,
        session: ReconstructionSession | None = None,
        keep_picture: bool | None = None,
        **kwargs: Any,
    ) -> None:
        self.session = session or ReconstructionSession()
        self.figure = FaceFigureWidget()
        self._keep_picture = keep_picture
        self._sample: tuple[Photo | None, bool] = None, False
        self._still = StillPicture(self.figure, self._may_keep)
        self.badges = ViewBadges()
        self._face_figure = FaceFigure(self.figure)
        self._overlays: list[Callable[[FaceFigure], None]] = []
        kwargs.setdefault("params", self.session.params)
        super().__init__([self.figure, self.badges], **kwargs)
        self.add_class("f3d-viewer")
        self.observe(self._on_change, ["params", "view"])
        self.on_viewpoint(self._still.renew)
        made_here(self, self.figure)
        self.redraw()

    def redraw(self) -> None:
        """Draw the session's present result with the present parameters."""
        if self.session.has_result:
            self.figure.when_drawn(self._draw)

    def set_shown(self, shown: bool) -> None:
        """Give the browser's drawing back while nobody looks, or take it up again."""
        self.children = [self.figure, self.badges] if shown else [self.badges]

    def reset_camera(self) -> None:
        """Look from where one looked at the start."""
        self._face_figure.reset_camera()

    def set_camera(self, name: str) -> None:
        """Look from one of `face3d_widgets.figures.CAMERAS`: "front", "profile" and more.

        Raises
        ------
        ValueError
            For a name that is not there.
        """
        self._face_figure.set_camera(name)

    @property
    def viewpoint(self) -> Viewpoint:
        """From where the model is seen; setting it moves the camera there."""
        return self._face_figure.viewpoint

    @viewpoint.setter
    def viewpoint(self, viewpoint: Viewpoint) -> None:
        self._face_figure.viewpoint = viewpoint

    def on_viewpoint(self, handler: Callable[[], None]) -> None:
        """Call `handler()` when the camera has come to rest elsewhere."""
        self._face_figure.on_viewpoint(handler)

    def scene(self) -> Scene:
        """The scene that is drawn."""
        self._hand_on()
        return self.session.scene()

    def clear_scale(self) -> None:
        """Lengths are relative again."""
        self.session.clear_scale()
        self.params = dataclasses.replace(self.params, mm_per_unit=None)
        self.redraw()

    def add_overlay(self, show: Callable[[FaceFigure], None]) -> None:
        """Call `show(face_figure)` with every drawing, in the same message to the browser.

        It may mark distances and lines there, for the shape as it is then.
        """
        self._overlays.append(show)

    def on_pick(self, handler: Callable[[tuple[float, float]], None]) -> None:
        """Call `handler((row, column))` for clicks on the model while it is clickable.

        The place in the photo that shows the point; the first pixel's centre is (0.5, 0.5).
        """

        def pick(point: NDArray[np.float32]) -> None:
            result = self.session.result
            column, row = project(point, result.geometry.camera(self.session.params))
            if np.isfinite(row) and np.isfinite(column):
                handler(
                    (
                        float(np.clip(row, 0, result.photo.height)),
                        float(np.clip(column, 0, result.photo.width)),
                    )
                )

        self._face_figure.on_click(pick)

    def set_clickable(self, clickable: bool) -> None:
        """Tell whether clicks on the model are told; it costs speed, so only while it is needed."""
        self._face_figure.set_clickable(clickable)

    def _hand_on(self) -> None:
        self.session.params = self.params
        self.session.view = self.view

    def _on_change(self, _: object) -> None:
        self._hand_on()
        self.redraw()

    def _draw(self) -> None:
        scene = self.scene()
        with self.figure.batch_update():
            self._face_figure.draw(scene, self.view)
            for show in self._overlays:
                show(self._face_figure)
        self.badges.show(self.session.params)
        self.badges.show_legend(scene.colored_by(self.view) == "uncertainty")
        self.drawn = len(scene.cloud)
        self._still.renew()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {**super()._repr_mimebundle_(**kwargs), **self.output()}

    def output(self) -> dict[str, str]:
        """The output of a cell where no widgets are shown, by type."""
        return self._still.output()

    def close(self) -> None:
        """Leave the page."""
        if self.comm is not None:
            self._still.close()
            super().close()
            self.figure.close()  # also while it is not shown

    def _may_keep(self) -> bool:
        if not self.session.has_result or self._keep_picture is not None:
            return bool(self._keep_picture)
        photo = self.session.result.photo
        if self._sample[0] is not photo:
            self._sample = photo, is_sample(photo)
        return self._sample[1]


class _View(ClosingBox):
    """A viewer with sliders beside it."""

    def __init__(self, viewer: FaceViewer) -> None:
        self._jobs = Jobs()
        sliders = GeometryControls()
        sliders.set_photo(viewer.session.result.photo)
        connect(sliders, viewer)
        UncertaintyMeter(sliders, viewer, self._jobs)
        super().__init__([viewer, sliders])
        self.add_class("f3d-view")
        self._output = viewer.output
        made_here(self, viewer.figure)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {**super()._repr_mimebundle_(**kwargs), **self._output()}

    def close(self) -> None:
        """End the work under way, and leave the page."""
        if self.comm is not None:
            self._jobs.close()
            super().close()


def view(
    photo: Photo | bytes | str | Path,
    controls: bool = True,
    keep_picture: bool | None = None,
) -> ipywidgets.Widget:
    """Show a photo in 3D, in one line of a notebook.

    Parameters
    ----------
    photo : Photo, bytes or path
        What to show; bytes are a file's contents.
    controls : bool
        Put the sliders beside it.
    keep_picture : bool, optional
        Keep a still picture of the face in the saved notebook; see `FaceViewer`.

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
    viewer = FaceViewer(session, keep_picture)
    return _View(viewer) if controls else viewer


def connect(controls: GeometryControls, viewer: FaceViewer) -> None:
    """Let controls steer a viewer, and show the scale and shift in use."""
    session = viewer.session

    def apply(_: object = None) -> None:
        with viewer.hold_trait_notifications():
            viewer.params = controls.params
            viewer.view = controls.view

    def check(params: GeometryParams) -> None:
        if session.has_result:
            session.result.geometry.curve(params)

    def show_numbers(_: FaceFigure) -> None:
        curve = session.result.geometry.curve(session.params)
        controls.numbers = [curve.scale, curve.shift]

    controls.observe(apply, [*controls.defaults, "colormap"])
    controls.check_with(check)
    viewer.add_overlay(show_numbers)
    apply()
