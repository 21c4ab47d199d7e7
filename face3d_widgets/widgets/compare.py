"""The page on which networks are compared."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from face3d_widgets.depth import ModelError
from face3d_widgets.depth.download import megabytes
from face3d_widgets.figures import PhotoPalette
from face3d_widgets.figures.diverging import difference_bytes, diverging_lut, round_limit
from face3d_widgets.figures.linked_faces import DIFFERENCE, Pane
from face3d_widgets.geometry import Framing
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.session.comparison import (
    Agreement,
    Comparer,
    Comparison,
    ComparisonCancelled,
)
from face3d_widgets.session.replay_state import CompareState
from face3d_widgets.types import GeometryParams, Mesh
from face3d_widgets.widgets.base import ClosingBox
from face3d_widgets.widgets.compare_bar import CompareBar, contestant_of, key_of
from face3d_widgets.widgets.fact_table import FactTable
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.linked_viewer import LinkedViewer
from face3d_widgets.widgets.map_view import MapView
from face3d_widgets.widgets.status import StatusLine

__all__ = ["ComparePage"]

_VERTICES = 40_000  # of all the faces together
_COLUMNS = ["", "Time", "Memory", "Same order", "Differs by", "Fits"]
_NOTE = (
    "Each is first brought to the scale and shift of the first, since no network knows them. "
    "Same order: Spearman’s rank correlation over the head, 1 is the same order of near and far. "
    "Differs by: half of the head’s pixels differ by less, in percent of the head’s width. "
    "Fits: pixels whose difference is no outlier. Time is that of the network alone; memory "
    "was measured once for each network."
)


# Of each face its mesh, and where to look at all of them.
_Faces = list[tuple[Mesh, Framing]]


def _faces(comparison: Comparison, fov: float) -> _Faces:
    """Small parts of the shapes to keep: the geometries are as large as the photo."""
    params = GeometryParams(
        fov=fov,
        n_points=_VERTICES // len(comparison.agreements),
        cutoff=0.3,  # the head's mask cuts off the background
    )
    faces: _Faces = []
    for geometry in comparison.geometries:
        framing = faces[0][1] if faces else geometry.framing(params)
        faces.append((geometry.mesh(params), framing))
    return faces


class ComparePage(ClosingBox):
    """Two to four networks on the session's photo: linked 3D, a map, a table.

    Nothing runs before `enter`.

    Attributes
    ----------
    bar : CompareBar
    viewer : LinkedViewer
    map : MapView
    table : FactTable
    comparison : Comparison or None
        What is on the screen.

    Parameters
    ----------
    session : ReconstructionSession
        Its photo and its estimator are used.
    jobs : Jobs
    status : StatusLine
        Told of steps and of what came of them.
    """

    def __init__(self, session: ReconstructionSession, jobs: Jobs, status: StatusLine) -> None:
        self.session, self.jobs, self.status = session, jobs, status
        self.comparison: Comparison | None = None
        self._palette: PhotoPalette | None = None  # of the photo that was compared
        self._faces: _Faces = []
        self._comparer = Comparer(session.estimator)
        self._stop = threading.Event()
        self._limit = 1.0
        self._open = False
        self.bar = CompareBar(jobs, lambda: session.held_memory)
        self.viewer = LinkedViewer()
        self.map = MapView(title="Difference")
        self.table = FactTable(caption="The networks beside each other", columns=_COLUMNS)
        super().__init__([self.bar, self.viewer, self.map, self.table])
        self.add_class("f3d-extra")
        self.add_class("f3d-compare")
        self.bar.on_cancel(self.cancel)
        self.bar.on_here(self.compare)
        self.bar.observe(lambda _: self.compare(), "places")
        self.bar.observe(lambda _: self._show_map(), "shown")
        self.bar.observe(lambda _: self._show_faces(), "color_by")

    def enter(self) -> None:
        """The page comes to be seen: compare, unless all is as it was."""
        first, self._open = not any(self.bar.places), True
        self.viewer.set_shown(True)
        if not self.session.has_result:
            return  # `bar` says what to do, and is opened again when there is one
        if first:
            self.bar.begin(self.session.result.inverse_depth.model)  # which compares
        else:
            self.bar.refresh()
            self.compare()

    def leave(self) -> None:
        """Another page is looked at: stop, and give the browser's drawing back."""
        self._open = False
        self._stop.set()
        self.bar.busy = False
        self.viewer.set_shown(False)

    def state(self) -> CompareState:
        """The networks that are compared, and what is shown of them."""
        return CompareState(tuple(self.bar.places), self.bar.shown, self.bar.color_by)

    def restore(self, state: CompareState, broken: list[str]) -> None:
        """Compare the same again."""
        if not state.places:
            return
        self.bar.color_by = state.color_by
        self.bar.places = [*state.places, *[""] * (len(self.bar.places) - len(state.places))]
        self.bar.shown = state.shown

    def on_choice(self, handler: Callable[[object], None]) -> None:
        """Call `handler(change)` when another choice was made."""
        self.bar.observe(handler, ["places", "shown", "color_by"])

    def close(self) -> None:
        """End the work under way, a download too, and leave the page."""
        self._stop.set()
        self.bar.close()
        super().close()

    def compare(self) -> None:
        """Compare what is chosen, beside the page."""
        if not (self._open and self.session.has_result):
            return
        photo, contestants = self.session.result.photo, self.bar.contestants
        self.bar.photo = photo.name
        self._stop.set()
        if len(contestants) < 2:
            self.bar.busy = False
            self.status.ready("Choose a second network to compare.")
            return
        stop = self._stop = threading.Event()
        with self.bar.hold_sync():
            self.bar.busy, self.bar.cancelling = True, False
        self.status.busy("Comparing", 0.1)

        def report(step: str, share: float) -> None:
            self.jobs.call_soon(lambda: None if stop.is_set() else self.status.busy(step, share))

        palette, fov = self.session.result.palette, self.session.params.fov
        model = self.session.result.inverse_depth.model

        def work() -> tuple[Comparison, _Faces]:
            try:
                comparison = self._comparer.compare(
                    photo, contestants, report, lambda: stop.is_set() or self.jobs.closed
                )
                return comparison, _faces(comparison, fov)
            finally:
                self._comparer.rest(model)  # the others' networks have said what they had to

        def done(made: tuple[Comparison, _Faces]) -> None:
            if self._stop is stop and self._open:
                self._palette = palette
                comparison, self._faces = made
                self._show(comparison)

        def failed(error: Exception) -> None:
            if self._stop is stop and self._open:
                self._failed(error)

        self.jobs.submit("compare", work, done, failed)

    def cancel(self) -> None:
        """Stop after the network that runs now; what was estimated is kept."""
        self.bar.cancelling = True
        self._stop.set()

    def _show(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.bar.busy = self.bar.cancelling = False
        others = comparison.agreements[1:]
        self._limit = max(round_limit(one.difference, least=2.0) for one in others)
        keys = [key_of(one.estimate.contestant) for one in others]
        shown = self.bar.shown if self.bar.shown in keys else keys[0]
        with self.bar.hold_sync():
            self.bar.mapped = [[key, contestant_of(key).title] for key in keys]
            self.bar.shown = shown
        self.table.rows = [_row(one, i == 0) for i, one in enumerate(comparison.agreements)]
        self.table.note = _NOTE
        self._show_faces()
        self._show_map()
        first = comparison.first.contestant.title
        names = " and ".join(one.estimate.contestant.title for one in others)
        self.status.ready(f"{comparison.photo.name}: {names}, compared with {first}.")

    def _show_faces(self) -> None:
        comparison = self.comparison
        if comparison is None or self._palette is None:
            return
        palette = self._palette
        panes = []
        for (mesh, framing), one in zip(self._faces, comparison.agreements, strict=True):
            pixels = mesh.vertices.pixels
            scale: PhotoPalette | str = palette
            colors = palette.indices[pixels]
            if self.bar.color_by == "difference":
                colors = difference_bytes(one.difference.ravel()[pixels], self._limit)
                scale = DIFFERENCE
            panes.append(Pane(mesh, framing, colors, scale))
        self.viewer.show(panes, [one.estimate.contestant.title for one in comparison.agreements])

    def _show_map(self) -> None:
        if self.comparison is None:
            return
        for one in self.comparison.agreements[1:]:
            if key_of(one.estimate.contestant) == self.bar.shown:
                self.map.title = f"Difference: {one.estimate.contestant.title}"
                first = self.comparison.first.contestant.title
                self.map.text = (
                    f"Percent of the head’s width. Red is nearer than {first} says, blue farther."
                )
                limits = -self._limit, self._limit
                self.map.show(one.difference, limits, " %", diverging_lut())

    def _failed(self, error: Exception) -> None:
        self.bar.busy = self.bar.cancelling = False
        if isinstance(error, ComparisonCancelled):
            self.status.ready("The comparison was cancelled; choose a network to begin again.")
        elif isinstance(error, ModelError):
            self.status.error(str(error))
        else:
            self.status.error(
                f"The networks could not be compared ({type(error).__name__}: {error}); "
                "choose others, or another photo."
            )


def _row(one: Agreement, first: bool) -> list[str]:
    estimate = one.estimate
    seconds = f"{estimate.seconds:.{2 if estimate.seconds < 0.995 else 1}f} s"
    row: list[Any] = [estimate.contestant.title, seconds, f"about {megabytes(estimate.memory)}"]
    if first:
        return [*row, "reference", "", ""]
    return [
        *row,
        f"{one.rank_correlation:.3f}",
        f"{one.typical:.1f} %",
        f"{100 * one.alignment.agreeing:.0f} %",
    ]
