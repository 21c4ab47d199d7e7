"""The whole program on one page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import ipywidgets
import traitlets as t

from face3d_widgets.depth import ModelError, model_info
from face3d_widgets.figures import FigureError, figure_as_shown, figure_to_html, figure_to_png
from face3d_widgets.session import Reconstruction, ReconstructionSession, photo_fov
from face3d_widgets.widgets.base import FaceWidget
from face3d_widgets.widgets.controls import GeometryControls
from face3d_widgets.widgets.export_panel import ExportPanel
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.model_selector import ModelSelector
from face3d_widgets.widgets.photo_upload import PhotoUpload
from face3d_widgets.widgets.photo_view import PhotoDepthView
from face3d_widgets.widgets.status import StatusLine
from face3d_widgets.widgets.viewer import FaceViewer, connect

__all__ = ["Dashboard"]


class _Header(FaceWidget, script="header.js"):
    """Title, light and dark, and how it works."""


class _ViewBar(FaceWidget, script="view_bar.js"):
    """What belongs to the 3D view: how much is drawn, and "reset the view"."""

    text = t.Unicode("").tag(sync=True)

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
            self.text = "Nothing is left to draw: move the background cut-off to the left."
        else:
            what = "points" if self._viewer.view.draw_as == "points" else "corners"
            self.text = f"{self._viewer.drawn:,} {what}"

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("type") == "reset":
            self._viewer.reset_camera()


class Dashboard(ipywidgets.Box):
    """Upload, depth, 3D, sliders and downloads.

    The parts are attributes and can be used from Python while the page is open.

    Attributes
    ----------
    session : ReconstructionSession
    upload : PhotoUpload
    models : ModelSelector
    photo_view : PhotoDepthView
    viewer : FaceViewer
    controls : GeometryControls
    exports : ExportPanel
    status : StatusLine
    result : Reconstruction or None
        The result on the screen; observe it to follow.

    Parameters
    ----------
    session : ReconstructionSession, optional
        A new one where none is given.
    jobs : Jobs, optional
        Where slow work is done.
    """

    result = t.Instance(Reconstruction, allow_none=True, help="What is on the screen.")

    def __init__(
        self,
        session: ReconstructionSession | None = None,
        jobs: Jobs | None = None,
        **kwargs: Any,
    ) -> None:
        self.jobs = jobs or Jobs()
        self.session = session or ReconstructionSession()
        self.upload = PhotoUpload(jobs=self.jobs)
        self.models = ModelSelector()
        self.photo_view = PhotoDepthView()
        self.viewer = FaceViewer(self.session)
        self.controls = GeometryControls()
        self.exports = ExportPanel()
        self.status = StatusLine()
        super().__init__(
            [
                _Header(),
                self.status,
                _area("f3d-area-photo", self.upload, self.photo_view, self.models),
                _area(
                    "f3d-area-model",
                    self.viewer,
                    _ViewBar(self.viewer),
                    self.exports,
                ),
                self.controls,
            ],
            **kwargs,
        )
        self.add_class("f3d-page")

        connect(self.controls, self.viewer)
        t.link((self.photo_view, "colormap"), (self.controls, "colormap"))
        self.upload.observe(lambda _: self.estimate(), "photo")
        self.upload.observe(self._on_reading, ["reading", "errors"])
        self.models.observe(lambda _: self.estimate(), "value")
        self.exports.on_export(self._export)
        self.estimate()

    def estimate(self) -> None:
        """Estimate the chosen photo's depth with the chosen network, beside the page."""
        photo, model = self.upload.photo, self.models.value
        if photo is None:
            self.status.ready("Choose a photo to begin.")
            return
        self.photo_view.show_photo(photo)
        start = time.perf_counter()
        loading = "" if self.result else f"Loading {model_info(model).title}"
        self.status.busy(loading or "Estimating depth", 0.2)

        def work() -> Reconstruction:
            return self.session.reconstruct(photo, model, self._report)

        def done(result: Reconstruction) -> None:
            took = "" if self.result is None else f" in {time.perf_counter() - start:.1f} s"
            self._show(result)
            self.status.ready(f"{_described(result)} Ready{took}.")

        self.jobs.submit("reconstruct", work, done, self._failed)

    def _report(self, step: str, share: float) -> None:
        self.jobs.call_soon(self.status.busy, step, share)

    def _show(self, result: Reconstruction) -> None:
        new_photo = self.result is None or result.photo is not self.result.photo
        self.session.accept(result)
        self.result = result
        self.photo_view.show_depth(result.inverse_depth, result.geometry.stats)
        self.exports.enabled = True
        if new_photo:
            self.controls.defaults["fov"] = photo_fov(result.photo)
            self.controls.fov = photo_fov(result.photo)
        self.viewer.redraw()

    def _failed(self, error: Exception) -> None:
        self.photo_view.pending = False
        if self.result is not None:
            self.photo_view.show_photo(self.result.photo)
            self.photo_view.show_depth(self.result.inverse_depth, self.result.geometry.stats)
        if isinstance(error, ModelError):
            self.status.error(str(error))
        else:
            self.status.error(
                f"The 3D model could not be made ({type(error).__name__}: {error}); "
                "try another photo. The last good one is still here."
            )

    def _on_reading(self, _: object) -> None:
        if self.upload.reading:
            self.status.busy(f"Reading {self.upload.reading}", 0.1)
        elif self.upload.errors:
            self.status.error(self.upload.errors[-1])
        elif self.result is not None and self.upload.photo is self.result.photo:
            self.status.ready(_described(self.result))

    def _export(self, kind: str) -> None:
        self.exports.busy = kind
        self.status.busy("Preparing the download", 0.5)
        name = self.session.file_name

        def deliver(data: bytes, file_name: str, mime: str) -> None:
            self.exports.deliver(data, file_name, mime)
            self.status.ready(f"Saved {file_name}, {_megabytes(len(data))}.")

        def failed(error: Exception) -> None:
            self.exports.busy = ""
            self.status.error(
                str(error)
                if isinstance(error, FigureError)
                else f"The download could not be made ({error}); try another format."
            )

        def make(work: Callable[[], bytes], file_name: str, mime: str) -> None:
            self.jobs.submit("export", work, lambda data: deliver(data, file_name, mime), failed)

        if kind == "png":
            self._export_png(lambda data: deliver(data, name("view", "png"), "image/png"), failed)
        elif kind == "html":
            figure, title = figure_as_shown(self.viewer.figure), self.session.result.photo.name
            make(lambda: figure_to_html(figure, title), name("view", "html"), "text/html")
        elif kind == "ply":
            cloud = self.viewer.scene().cloud
            make(
                lambda: self.session.to_ply(cloud),
                name("points", "ply"),
                "application/octet-stream",
            )
        elif kind == "depth":
            make(self.session.to_depth_png, name("depth", "png"), "image/png")

    def _export_png(
        self, deliver: Callable[[bytes], None], failed: Callable[[Exception], None]
    ) -> None:
        """The picture that the browser shows; without a browser, one that Kaleido draws."""

        def by_kaleido() -> None:
            figure = figure_as_shown(self.viewer.figure)
            self.jobs.submit("export", lambda: figure_to_png(figure), deliver, failed)

        def got(picture: bytes | None) -> None:
            if picture is None:
                by_kaleido()
            else:
                deliver(picture)

        if self.viewer.figure.mounted:
            self.viewer.figure.picture(got)
        else:
            by_kaleido()


def _area(name: str, *children: ipywidgets.Widget) -> ipywidgets.Box:
    box = ipywidgets.Box(children)
    box.add_class("f3d-area")
    box.add_class(name)
    return box


def _described(result: Reconstruction) -> str:
    width, height = result.photo.original_size
    model = model_info(result.inverse_depth.model).title
    seen = f"{result.photo.name}, {width} × {height}, by {model}."
    if result.inverse_depth.subject is not None and not result.geometry.found_subject:
        seen += " No head was found, so this is the whole picture; try a frontal portrait."
    return seen


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{size / 2**10:.0f} kB"
