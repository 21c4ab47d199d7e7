"""Files made in a process of their own, which ends when nobody has wanted one for a while.

Making files takes much: libraries for meshes and films, arrays of a million faces, a browser
that draws. In a process apart nothing of it stays behind in the session, sliders go on while
a file is made, and a library that crashes ends no session.

The two speak in pickles through pipes: orders and cancels one way, steps and files the other.
Where no process can be started, files are made here.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

from face3d_widgets.figures import FigureError
from face3d_widgets.figures.drawing_browser import the_browser
from face3d_widgets.python_apart import python_apart, was_killed
from face3d_widgets.session.files import SavedFile, make_file
from face3d_widgets.session.order import Order, Progress

__all__ = ["FileMaker", "serve"]

_IDLE = 30.0  # seconds after the last file until the process ends
_PATIENCE = 5.0  # seconds for work to end that nobody wants any more
_ASK = 0.1  # seconds between two looks whether a file is still wanted
_COMMAND = "from face3d_widgets.session.file_maker import serve; serve({idle!r})"


class FileMaker:
    """`make_file` in a process apart, started when it is first wanted.

    Parameters
    ----------
    idle_limit : float
        Seconds after the last file until the process ends, and its browser with it.
    """

    def __init__(self, idle_limit: float = _IDLE) -> None:
        self.idle_limit = idle_limit
        self._one_at_a_time = threading.Lock()
        self._worker: _Worker | None = None

    @property
    def running(self) -> bool:
        """Tell whether the process is there."""
        worker = self._worker
        return worker is not None and worker.process.poll() is None

    def make(
        self,
        kind: str,
        order: Order,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> SavedFile:
        """As `make_file`, with the same errors.

        Raises
        ------
        FigureError
            When the work was cancelled.
        MemoryError
            When the system ended the process for want of memory.
        RuntimeError
            When the process ended before the file was whole, for another reason.
        """
        report, asked = progress or (lambda step, share: None), cancelled or (lambda: False)
        with self._one_at_a_time:
            for last_try in (False, True):
                try:
                    worker = self._started()
                except OSError:
                    return make_file(kind, order, report, asked)
                try:
                    return worker.make(kind, order, report, asked)
                except _Ended as ended:
                    self._worker = None
                    if asked():
                        raise FigureError("The file was cancelled.") from None
                    # One that had not begun had just gone home.
                    if ended.begun or last_try:
                        if was_killed(ended.status):
                            raise MemoryError from None
                        raise RuntimeError("what makes files ended unexpectedly") from None
        raise AssertionError("unreachable")

    def close(self) -> None:
        """End the process; the next file starts another."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.hang_up()

    def _started(self) -> _Worker:
        if self._worker is None or self._worker.process.poll() is not None:
            self.close()
            self._worker = _Worker(self.idle_limit)
        return self._worker


class _Ended(Exception):
    """The process is gone."""

    def __init__(self, begun: bool, status: int) -> None:
        super().__init__(begun, status)
        self.begun, self.status = begun, status


class _Worker:
    """One process, and a thread that listens to it."""

    def __init__(self, idle_limit: float) -> None:
        # No signal to the session's group of processes reaches it: when the session is gone
        # it hears so, and cleans up.
        self.process = python_apart(
            _COMMAND.format(idle=idle_limit),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._orders = self.process.stdin
        self._answers: queue.SimpleQueue[tuple[str, Any] | None] = queue.SimpleQueue()
        self._number = 0
        threading.Thread(
            target=self._listen, args=(self.process.stdout,), name="face3d-files", daemon=True
        ).start()

    def make(
        self, kind: str, order: Order, report: Progress, cancelled: Callable[[], bool]
    ) -> SavedFile:
        """Have a file made; raises what making it raised, or `_Ended`."""
        self._number += 1
        begun, told_to_stop = False, float("inf")
        self._send(("make", self._number, kind, order))
        while True:
            try:
                answer = self._answers.get(timeout=_ASK)
            except queue.Empty:
                now = time.monotonic()
                if told_to_stop == float("inf") and cancelled():
                    self._send(("cancel", self._number))
                    told_to_stop = now
                elif now - told_to_stop > 2 * _PATIENCE:
                    self.process.kill()  # its browser ends with it
                elif now - told_to_stop > _PATIENCE:
                    self.process.terminate()
                continue
            if answer is None:
                raise _Ended(begun, self.process.wait())
            what, value = answer
            if what == "begun":
                begun = True
            elif what == "step":
                report(*value)
            elif what == "failed":
                raise value
            else:
                file: SavedFile = value
                return file

    def hang_up(self) -> None:
        """Let it end, which it does when nobody can order any more."""
        with suppress(OSError):
            self._orders.close()

    def _send(self, message: tuple[Any, ...]) -> None:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with suppress(OSError, ValueError):  # it is gone, which the listening thread finds out
            self._orders.write(data)
            self._orders.flush()

    def _listen(self, answers: BinaryIO) -> None:
        with suppress(Exception), answers:  # the end, or half of an answer
            while True:
                self._answers.put(pickle.load(answers))
        self.process.wait()
        self.hang_up()
        self._answers.put(None)


# --- in the process ----------------------------------------------------------------------------


def serve(idle_limit: float = _IDLE) -> None:
    """Make what is ordered through the standard input until nobody orders any more."""
    orders, answers = _own_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is meant for the session
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted: queue.SimpleQueue[tuple[int, str, Order] | None] = queue.SimpleQueue()
    given_up: set[int] = set()
    gone = threading.Event()

    def listen() -> None:
        with suppress(Exception):  # the end: whoever ordered is gone
            while True:
                what, number, *rest = pickle.load(orders)
                if what == "make":
                    wanted.put((number, *rest))
                else:
                    given_up.add(number)
        gone.set()
        wanted.put(None)
        # Work that does not ask whether it is wanted is left where it stands.
        end = threading.Timer(_PATIENCE, _end_now)
        end.daemon = True
        end.start()

    def send(what: str, value: Any = None) -> None:
        with suppress(OSError):
            pickle.dump((what, value), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()

    threading.Thread(target=listen, daemon=True).start()
    while True:
        try:
            one = wanted.get(timeout=idle_limit)
        except queue.Empty:
            return
        if one is None:
            return
        number, kind, order = one
        send("begun")
        try:
            file = make_file(
                kind,
                order,
                lambda step, share: send("step", (step, share)),
                lambda number=number: number in given_up or gone.is_set(),  # type: ignore[misc]
            )
        except Exception as error:
            send("failed", _sendable(error))
        else:
            send("made", file)
            del file
        del one, order  # nothing is kept for the next


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the session; what prints or reads meanwhile gets others."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return orders, answers


def _sendable(error: Exception) -> Exception:
    """An error that comes out of a pickle as it went in, or its words."""
    with suppress(Exception):
        same = pickle.loads(pickle.dumps(error))
        if type(same) is type(error) and str(same) == str(error):
            return error
    return RuntimeError(f"{type(error).__name__}: {error}")


def _end_now() -> None:
    the_browser().close()
    os._exit(1)
