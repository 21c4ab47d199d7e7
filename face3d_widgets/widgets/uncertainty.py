"""The network's uncertainty, measured once somebody asks to see it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from face3d_widgets.depth import ModelError
from face3d_widgets.depth.uncertainty import UncertaintyCancelled
from face3d_widgets.session import Reconstruction, ReconstructionSession
from face3d_widgets.widgets.controls import GeometryControls
from face3d_widgets.widgets.jobs import Jobs

__all__ = ["UncertaintyMeter"]


class View(Protocol):
    """A view of a session's result, such as `FaceViewer`."""

    @property
    def session(self) -> ReconstructionSession:
        """The session."""

    def redraw(self) -> None:
        """Draw its result anew."""


class UncertaintyMeter:
    """Measures what controls ask for: the colour of uncertainty, or unsure points left out.

    It takes nine runs of the network, so nothing is measured before. Where it fails or is
    cancelled the controls go back, so that they never say what is not so.

    Parameters
    ----------
    controls : GeometryControls
        Told of steps; its button cancels.
    viewer : View
        Its session's result gets the uncertainty, and it draws anew.
    jobs : Jobs
        Where the network runs.
    measured : callable, optional
        Called once the session's result has it.
    failed : callable, optional
        Told a sentence when it could not be measured, or was cancelled.
    progress : callable, optional
        Told each step and the share that is done, beside the controls.
    """

    def __init__(
        self,
        controls: GeometryControls,
        viewer: View,
        jobs: Jobs,
        measured: Callable[[], None] | None = None,
        failed: Callable[[str], None] | None = None,
        progress: Callable[[str, float], None] | None = None,
    ) -> None:
        self.controls, self.viewer, self.jobs = controls, viewer, jobs
        self._measured = measured or (lambda: None)
        self._tell = failed or (lambda sentence: None)
        self._tell_step = progress or (lambda step, share: None)
        self._asked: Reconstruction | None = None
        self._stop = threading.Event()
        controls.observe(self._on_wish, ["color_by", "most_unsure"])
        controls.on_cancel(self.cancel)

    @property
    def wanted(self) -> bool:
        """Tell whether the controls show something that needs the uncertainty."""
        return self.controls.color_by == "uncertainty" or self.controls.most_unsure < 1

    def measure(self) -> None:
        """Measure the present result's uncertainty beside the page, unless it is known."""
        session = self.viewer.session
        if not session.has_result or session.result.uncertainty is not None:
            return
        result = session.result
        if self._asked is result:
            return
        self.stop()
        self._asked = result
        stop = self._stop = threading.Event()
        self._show_step("Running the network again", 0.0)

        def report(step: str, share: float) -> None:
            self.jobs.call_soon(
                lambda: None if stop.is_set() else self._show_step(f"Photo {step}", share)
            )

        def work() -> Reconstruction:
            return session.with_uncertainty(
                result, report, lambda: stop.is_set() or self.jobs.closed
            )

        def done(measured: Reconstruction) -> None:
            if stop.is_set():
                return
            self._end()
            if session.result is result:  # neither another photo nor another network
                session.accept(measured)
                self._measured()
                self.viewer.redraw()

        def failed(error: Exception) -> None:
            if not stop.is_set() and not isinstance(error, UncertaintyCancelled):
                self._give_up(
                    str(error)
                    if isinstance(error, ModelError)
                    else f"How sure the network is could not be measured "
                    f"({type(error).__name__}: {error}); try another photo."
                )

        self.jobs.submit("uncertainty", work, done, failed)

    def cancel(self) -> None:
        """Stop measuring, as the person wishes."""
        if self._asked is not None:
            self._stop.set()
            self._give_up("How sure the network is was not measured: cancelled.")

    def stop(self) -> None:
        """Stop measuring: another photo or network is coming."""
        self._stop.set()
        self._end()

    def renew(self) -> None:
        """Forget the wishes that the present result cannot fill without being measured."""
        if self.viewer.session.result.uncertainty is None:
            self._take_back()

    def _on_wish(self, _: object) -> None:
        if self.wanted:
            self.measure()
        elif self._asked is not None:  # nobody wants to see it any more
            self.cancel()

    def _give_up(self, sentence: str) -> None:
        self._end()
        self._take_back()
        self._tell(sentence)

    def _take_back(self) -> None:
        with self.controls.hold_trait_notifications(), self.controls.hold_sync():
            if self.controls.color_by == "uncertainty":
                self.controls.color_by = "photo"
            self.controls.most_unsure = 1.0

    def _show_step(self, step: str, share: float) -> None:
        with self.controls.hold_sync():
            self.controls.measuring, self.controls.measured_share = step, share
        self._tell_step(f"Measuring how sure the network is: {step[:1].lower()}{step[1:]}", share)

    def _end(self) -> None:
        self._asked = None
        with self.controls.hold_sync():
            self.controls.measuring, self.controls.measured_share = "", 0.0
