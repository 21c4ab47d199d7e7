"""Between the export panel and the session: previews, files, code."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

from face3d_widgets.export import SavedParameters
from face3d_widgets.figures import FigureError, figure_as_shown
from face3d_widgets.session import (
    FILE_KINDS,
    FilePreview,
    ReconstructionSession,
    SavedFile,
    make_file,
    preview_file,
)
from face3d_widgets.session.file_maker import FileMaker
from face3d_widgets.widgets.export_panel import CHOICES, ExportPanel
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.resting import OnceAtRest
from face3d_widgets.widgets.status import StatusLine
from face3d_widgets.widgets.viewer import FaceViewer

__all__ = ["Exporter"]

# A preview waits for the hand on a slider to rest for so long.
_REST = 0.25  # seconds
_LARGE = 100e6  # bytes


class Exporter:
    """Makes what an export panel asks for, of what a viewer shows.

    Parameters
    ----------
    panel : ExportPanel
    session : ReconstructionSession
    viewer : FaceViewer
        Its parameters, its view, its camera and its size on the screen go into the files.
    jobs : Jobs
        Previews are made on its thread, which waits for files; those a process apart makes,
        where there is a thread to wait.
    status : StatusLine
        Told of steps, successes and failures.

    Attributes
    ----------
    maker : FileMaker or None
        Makes files apart; None where the thread of the jobs is the caller's.
    settings : callable
        Gives all that is set on the page, for the zip's `parameters.json`; None where
        nobody knows more than the session does.
    """

    def __init__(
        self,
        panel: ExportPanel,
        session: ReconstructionSession,
        viewer: FaceViewer,
        jobs: Jobs,
        status: StatusLine,
    ) -> None:
        self.panel, self.session, self.viewer = panel, session, viewer
        self.jobs, self.status = jobs, status
        self.settings: Callable[[], SavedParameters | None] = lambda: None
        self._refreshing = OnceAtRest(self._refresh_now, _REST)
        self._saved: tuple[object, str] = (None, "")
        self._stop = threading.Event()
        self.maker = FileMaker() if jobs.threaded else None
        panel.on_save(self.save)
        panel.on_cancel(self.cancel)
        panel.observe(self.refresh, [*CHOICES, "code_shown"])
        viewer.observe(self.refresh, ["params", "view"])

    def refresh(self, _: object = None) -> None:
        """Tell anew what will be written, once the sliders rest."""
        if not self.session.has_result:
            return
        self._refreshing.ask()

    def save(self, kind: str) -> None:
        """Make a file and hand it to the browser."""
        stop = self._stop = threading.Event()
        panel, jobs = self.panel, self.jobs
        self._follow_viewer()
        # What is seen has its camera, colours and crop from the screen; shapes have none.
        seen = FILE_KINDS[kind].group in ("picture", "all")
        figure = figure_as_shown(self.viewer.figure) if seen else None
        settings = self.settings() if kind == "all" else None
        order = self.session.order(panel.choices, figure, settings)
        wanted = self._wanted(kind)
        panel.busy, panel.progress = kind, 0.0
        self.status.busy(f"Making {order.file_name(kind)}", 0.0)

        def report(step: str, share: float) -> None:
            jobs.call_soon(self._unless(stop, lambda: self._show_step(step, share)))

        def work() -> SavedFile:
            make = make_file if self.maker is None else self.maker.make
            return make(kind, order, report, lambda: stop.is_set() or jobs.closed)

        jobs.submit(
            "export",
            work,
            lambda file: self._unless(stop, lambda: self._deliver(file, wanted))(),
            lambda error: self._unless(stop, lambda: self._failed(error))(),
        )

    def cancel(self) -> None:
        """Stop making the file under way; what comes of it is dropped."""
        self._stop.set()
        self.panel.busy = ""
        self.status.ready("The download was cancelled.")

    def close(self) -> None:
        """Stop what is under way, and end what makes files."""
        self._stop.set()
        if self.maker is not None:
            self.maker.close()

    @staticmethod
    def _unless(stop: threading.Event, function: Callable[[], None]) -> Callable[[], None]:
        """`function`, or nothing once its file was cancelled."""
        return lambda: None if stop.is_set() else function()

    def _follow_viewer(self) -> None:
        self.session.params, self.session.view = self.viewer.params, self.viewer.view

    def _refresh_now(self) -> None:
        panel = self.panel
        self._follow_viewer()
        if panel.code_shown:
            panel.code = self.session.to_python()
        kind, wanted = panel.kind, self._wanted(panel.kind)
        if wanted == self._saved[0]:  # known better than by a preview
            panel.preview, panel.preview_state = self._saved[1], ""
            return
        order = self.session.order(panel.choices)
        panel.preview_state = "busy"

        def done(preview: FilePreview) -> None:
            if wanted != self._saved[0]:  # it may have been saved since
                panel.preview, panel.preview_state = _told(preview)

        def failed(error: Exception) -> None:
            panel.preview, panel.preview_state = _sentence(error), "bad"

        self.jobs.submit("preview", lambda: preview_file(kind, order), done, failed)

    def _show_step(self, step: str, share: float) -> None:
        self.panel.progress = share
        self.status.busy(step, share)

    def _wanted(self, kind: str) -> object:
        """All that a file of this kind hangs on, to be compared."""
        session = self.session
        result = weakref.ref(session.result)
        return kind, self.panel.choices, session.params, session.view, result

    def _deliver(self, file: SavedFile, wanted: object) -> None:
        self.panel.deliver(file.data, file.name, file.mime)
        # What was measured in the file takes the place of what was expected of it.
        told = ", ".join(filter(None, [file.facts, _size(len(file.data))]))
        self._saved = wanted, f"Saved: {told}"
        self._refresh_now()
        self.panel.busy = ""
        note = f" {file.note}" if file.note else ""
        self.status.ready(f"Saved {file.name}, {_size(len(file.data))}.{note}")

    def _failed(self, error: Exception) -> None:
        self.panel.busy = ""
        self.status.error(_sentence(error))


def _told(preview: FilePreview) -> tuple[str, str]:
    """A preview as a line, and its state."""
    if preview.n_bytes is None:
        return preview.text, ""
    line = f"{preview.text}, about {_size(preview.n_bytes)}"
    if preview.n_bytes > _LARGE:
        return f"{line}: a very large file; choose fewer faces or points", "large"
    return line, ""


def _sentence(error: Exception) -> str:
    """The sentence of an error and what to do, for everybody."""
    if isinstance(error, FigureError | ValueError):
        text = str(error)
        text = text[:1].upper() + text[1:]
        return text if text.endswith(".") else f"{text}."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this file; choose fewer faces or fewer pixels."
    return f"The file could not be made ({type(error).__name__}: {error}); try another kind."


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{max(1, round(n_bytes / 1e3))} kB"
