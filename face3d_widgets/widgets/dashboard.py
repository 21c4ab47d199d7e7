"""The whole program on one page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets
import traitlets as t

from face3d_widgets.depth import ModelError, is_ready, model_info
from face3d_widgets.session import Reconstruction, ReconstructionSession
from face3d_widgets.session.replay import to_link
from face3d_widgets.types import Photo
from face3d_widgets.widgets.base import ClosingBox
from face3d_widgets.widgets.controls import GeometryControls
from face3d_widgets.widgets.export_panel import ExportPanel
from face3d_widgets.widgets.exporter import Exporter
from face3d_widgets.widgets.header import PageHeader
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.measure_panel import MeasurePanel
from face3d_widgets.widgets.model_selector import ModelSelector
from face3d_widgets.widgets.pages import FIRST_PAGE, PAGES, Page
from face3d_widgets.widgets.photo_upload import PhotoUpload
from face3d_widgets.widgets.photo_view import PhotoDepthView
from face3d_widgets.widgets.replay_bar import ReplayBar
from face3d_widgets.widgets.replayer import Replayer
from face3d_widgets.widgets.reruns import made_here
from face3d_widgets.widgets.status import StatusLine
from face3d_widgets.widgets.tabs import PageTabs
from face3d_widgets.widgets.uncertainty import UncertaintyMeter
from face3d_widgets.widgets.view_bar import ViewBar
from face3d_widgets.widgets.viewer import FaceViewer, connect

__all__ = ["Dashboard"]


class Dashboard(ClosingBox):
    """Upload, depth, 3D, sliders and downloads.

    The parts are attributes and can be used from Python while the page is open.

    Attributes
    ----------
    session : ReconstructionSession
    upload : PhotoUpload
    models : ModelSelector
    photo_view : PhotoDepthView
    viewer : FaceViewer
    measure : MeasurePanel
    controls : GeometryControls
    exports : ExportPanel
    status : StatusLine
    tabs : PageTabs
        Its value is the page that is shown: "model", "compare" or "lab".
    replay : ReplayBar
        Its `link` is the fragment of an address that shows the page as it is now.
    result : Reconstruction or None
        The result on the screen; observe it to follow.

    Parameters
    ----------
    session : ReconstructionSession, optional
        A new one where none is given.
    jobs : Jobs, optional
        Where slow work is done.
    keep_picture : bool
        Keep a still picture of the model in the saved notebook; see `FaceViewer`.
    """

    result = t.Instance(Reconstruction, allow_none=True, help="What is on the screen.")

    def __init__(
        self,
        session: ReconstructionSession | None = None,
        jobs: Jobs | None = None,
        keep_picture: bool = False,
        **kwargs: Any,
    ) -> None:
        self.jobs = jobs or Jobs()
        self._own_jobs = jobs is None
        self._asked: tuple[Photo, str] | None = None
        self.session = session or ReconstructionSession()
        self.upload = PhotoUpload(jobs=self.jobs)
        self.models = ModelSelector(self.jobs, lambda: self.session.held_memory)
        self.photo_view = PhotoDepthView()
        self.viewer = FaceViewer(self.session, keep_picture)
        self.measure = MeasurePanel(self.viewer, self.photo_view)
        self.controls = GeometryControls()
        self.exports = ExportPanel()
        self.status = StatusLine()
        header = PageHeader(self.viewer)
        self.tabs = PageTabs(
            pages=[list(FIRST_PAGE), *([page.name, page.title] for page in PAGES)],
            value=FIRST_PAGE[0],
        )
        self.replay = ReplayBar()
        self._held = self._estimating = False
        self._pages: dict[str, Page] = {}
        super().__init__(
            [
                header,
                _box("f3d-top", self.tabs, self.replay),
                self.status,
                _box(
                    "f3d-area f3d-area-photo",
                    self.upload,
                    self.photo_view,
                    self.models,
                    self.measure,
                ),
                _box(
                    "f3d-area f3d-area-model",
                    self.viewer,
                    ViewBar(self.viewer),
                    self.exports,
                ),
                self.controls,
            ],
            **kwargs,
        )
        self.add_class("f3d-page")
        made_here(self, header)

        connect(self.controls, self.viewer)
        t.link((self.photo_view, "colormap"), (self.controls, "colormap"))
        self.upload.observe(lambda _: self.estimate(), "photo")
        self.photo_view.on_turn(self.upload.turn_right)
        self.upload.observe(self._on_reading, ["reading", "errors"])
        self.models.observe(self._on_model, "value")
        self.models.observe(self._on_model_trouble, "trouble")
        self.models.observe(self._on_fetched, "fetching")
        self._exporter = Exporter(self.exports, self.session, self.viewer, self.jobs, self.status)
        self.observe(self._exporter.refresh, "result")
        self.measure.observe(self._exporter.refresh, "ruler")
        self.tabs.observe(self._on_page, "value")
        self.observe(self._open_page, "result")
        self._meter = UncertaintyMeter(
            self.controls,
            self.viewer,
            self.jobs,
            measured=self._on_measured,
            failed=self.status.ready,
            progress=self.status.busy,
        )
        self._replayer = Replayer(self.replay, self)
        self._exporter.settings = self._replayer.settings
        self.estimate()

    def page(self, name: str) -> Page | None:
        """A page beside the model's by its name in `tabs`; None until it was looked at."""
        return self._pages.get(name)

    def estimate(self) -> None:
        """Estimate the chosen photo's depth with the chosen network, beside the page."""
        if self._held:
            return
        photo, model = self.upload.photo, self.models.value
        if photo is None:
            self.status.ready("Choose a photo to begin.")
            return
        self._asked = photo, model
        self._estimating = True
        self._meter.stop()
        self.photo_view.show_photo(photo)
        start = time.perf_counter()
        loading = "" if self.result else f"Loading {model_info(model).title}"
        self.status.busy(loading or "Estimating depth", 0.2)

        def work() -> Reconstruction:
            return self.session.reconstruct(photo, model, self._report)

        def done(result: Reconstruction) -> None:
            self._estimating = False
            took = "" if self.result is None else f" in {time.perf_counter() - start:.1f} s"
            self._show(result)
            self.models.refresh()  # how long it took, and what fits beside it
            if self.tabs.value == FIRST_PAGE[0]:
                self.status.ready(f"{_described(result)} Ready{took}.")

        self.jobs.submit("reconstruct", work, done, lambda error: self._failed(error, model))

    @contextmanager
    def one_estimate(self) -> Iterator[None]:
        """Choose a photo and a network inside; depth is estimated once, afterwards."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            photo, model = self._asked or (None, "")
            if self.upload.photo is not photo or self.models.value != model:
                self.estimate()

    @property
    def settled(self) -> bool:
        """Tell whether no estimate is under way."""
        return not self._estimating

    def to_link(self) -> str:
        """Fragment of an address that shows the page as it is now, without "#"."""
        return to_link(self._replayer.capture())

    def open_link(self, link: str) -> None:
        """Set the page as a link says; parts that are unknown or broken are left out and named.

        Parameters
        ----------
        link : str
            A fragment from `to_link`, or a whole address with it.
        """
        self._replayer.open_link(link)

    def _on_measured(self) -> None:
        self.result = self.session.result
        self.status.ready(f"{_described(self.session.result)} Measured how sure the network is.")

    def _report(self, step: str, share: float) -> None:
        self.jobs.call_soon(self.status.busy, step, share)

    def _show(self, result: Reconstruction) -> None:
        new_photo = self.result is None or result.photo is not self.result.photo
        self.session.accept(result)
        self.result = result
        self.photo_view.show_depth(result.inverse_depth, result.geometry.stats)
        self.exports.enabled = True
        self.controls.scale_shift = None  # those of another estimate
        self._meter.renew()
        if new_photo:
            self.controls.set_photo(result.photo)
        self._replayer.arrived(new_photo)
        self.viewer.redraw()

    def _failed(self, error: Exception, model: str) -> None:
        self._estimating = False
        self.photo_view.pending = False
        if self.result is not None:
            self.photo_view.show_photo(self.result.photo)
            self.photo_view.show_depth(self.result.inverse_depth, self.result.geometry.stats)
        sentence = (
            str(error)
            if isinstance(error, ModelError)
            else f"The 3D model could not be made ({type(error).__name__}: {error}); "
            "try another photo. The last good one is still here."
        )
        self.status.error(sentence)
        if self.result is not None and self.result.inverse_depth.model != model:
            shown = self.result.inverse_depth.model
            self._asked = self.result.photo, shown
            self.models.refuse(model, sentence, instead=shown)
        else:
            self.models.refresh()
        self._replayer.arrived()

    def _on_model(self, _: object) -> None:
        photo, model = self._asked or (None, "")
        if self.upload.photo is not photo or self.models.value != model:
            self.estimate()

    def _on_model_trouble(self, change: dict[str, Any]) -> None:
        if change["new"]:
            self.status.error(change["new"])
        elif self.status.text == change["old"] and self.result is not None:
            self.status.ready(_described(self.result))

    def _on_fetched(self, change: dict[str, Any]) -> None:
        """Say that a network is here to someone who looks at another one meanwhile."""
        came = change["old"]
        if came and came != self.models.picked and self.status.state == "ready" and is_ready(came):
            self.status.ready(f"{model_info(came).title} is here; pick it to use it.")

    def _on_page(self, change: dict[str, Any]) -> None:
        """Show another page, and make it where nobody has looked at it yet."""
        name, last = change["new"], self._pages.get(change["old"])
        if last is not None:
            last.leave()
            last.layout.display = "none"
        self.viewer.set_shown(name == FIRST_PAGE[0])
        if name == FIRST_PAGE[0]:
            self.remove_class("f3d-elsewhere")
            self.models.refresh()
            if not self.settled:
                self.status.busy("Estimating depth", 0.2)
            elif self.result is not None:
                self.status.ready(_described(self.result))
            return
        self.add_class("f3d-elsewhere")
        if name not in self._pages:
            [spec] = [spec for spec in PAGES if spec.name == name]
            self._pages[name] = page = spec.make(self.session, self.jobs, self.status)
            self.set_trait("children", (*self.children, page))
        self._pages[name].layout.display = None
        self._open_page()

    def _open_page(self, _: object = None) -> None:
        page = self._pages.get(self.tabs.value)
        if page is not None:
            page.enter()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {**super()._repr_mimebundle_(**kwargs), **self.viewer.output()}

    def close(self) -> None:
        """End the work under way, a download too, and leave the page."""
        if self.comm is not None:
            self._exporter.close()
            if self._own_jobs:
                self.jobs.close()
            super().close()

    def _on_reading(self, _: object) -> None:
        if self.upload.reading:
            self._meter.cancel()  # the photo is read on the thread that measures
            self.status.busy(f"Reading {self.upload.reading}", 0.1)
        elif self.upload.errors:
            self.status.error(self.upload.errors[-1])
        elif self.result is not None and self.upload.photo is self.result.photo:
            self.status.ready(_described(self.result))


def _box(classes: str, *children: ipywidgets.Widget) -> ClosingBox:
    box = ClosingBox(children)
    for name in classes.split():
        box.add_class(name)
    return box


def _described(result: Reconstruction) -> str:
    width, height = result.photo.original_size
    model = model_info(result.inverse_depth.model).title
    seen = f"{result.photo.name}, {width} × {height}, by {model}."
    if result.inverse_depth.subject is not None and not result.geometry.found_subject:
        seen += (
            " No head was found, so this is the whole picture; turn it upright, or try a "
            "frontal portrait."
        )
    return seen
