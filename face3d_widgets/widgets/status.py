"""The status line: what the program is doing."""

from __future__ import annotations

import traitlets as t

from face3d_widgets.widgets.base import FaceWidget

__all__ = ["StatusLine"]


class StatusLine(FaceWidget, script="status.js"):
    """A sentence and a progress bar; screen readers are told of changes.

    Attributes
    ----------
    text : str
        The present step, or what came of the last one.
    progress : float
        Share of the work done, 0 to 1.
    state : {"ready", "busy", "error"}
    """

    text = t.Unicode("", help="The present step.").tag(sync=True, saved=False)
    progress = t.Float(0.0, help="0 to 1.").tag(sync=True)
    state = t.Enum(("ready", "busy", "error"), default_value="ready").tag(sync=True)

    def busy(self, text: str, progress: float) -> None:
        """A step is under way."""
        self._set("busy", text, progress)

    def ready(self, text: str) -> None:
        """All is done."""
        self._set("ready", text, 1.0)

    def error(self, text: str) -> None:
        """Something went wrong; `text` says what to do."""
        self._set("error", text, 0.0)

    def _set(self, state: str, text: str, progress: float) -> None:
        with self.hold_sync():
            self.state, self.text, self.progress = state, text, progress
