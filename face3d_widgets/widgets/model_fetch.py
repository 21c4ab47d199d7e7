"""Fetch a network's weights beside the page: how far it is, how fast, and how to stop it."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

from face3d_widgets.depth import weights
from face3d_widgets.depth.download import part_of
from face3d_widgets.depth.releases import checkpoint_info
from face3d_widgets.widgets.jobs import Jobs

__all__ = ["ModelFetch", "Pace", "amount", "bytes_kept", "host"]

_TELL = 0.25  # seconds between two reports to the page
_WINDOW = 6.0  # seconds over which the speed is taken
_SOONEST = 1.0  # seconds before there is a speed


class ModelFetch:
    """One download of weights at a time, on a thread of its own.

    Parameters
    ----------
    jobs : Jobs
        The way back to the event loop; closing it ends the download.
    told : callable
        Called on the loop with the share that is here, 0 to 1, and the same in words.
    ended : callable
        Called on the loop with the network's name and None, or what went wrong:
        a `FetchCancelled` where it was stopped.
    """

    def __init__(
        self,
        jobs: Jobs,
        told: Callable[[float, str], None],
        ended: Callable[[str, Exception | None], None],
    ) -> None:
        self._jobs = jobs
        self._told = told
        self._ended = ended
        self._stop = threading.Event()
        self._name = ""

    @property
    def name(self) -> str:
        """The network that is being fetched, or ""."""
        return self._name

    def start(self, name: str) -> None:
        """Begin; `ended` is called in any case.

        Raises
        ------
        RuntimeError
            When another download is under way.
        """
        if self._name:
            raise RuntimeError(f"{self._name} is being fetched; one download at a time")
        self._name, self._stop = name, threading.Event()
        stop, pace, last = self._stop, Pace(), float("-inf")

        def tell(done: int, whole: int) -> None:
            if self._stop is stop:
                self._told(min(done / whole, 1.0), pace.words(done, whole))

        def progress(done: int, whole: int | None) -> None:  # on the download's thread
            nonlocal last
            whole = whole or checkpoint_info(name).size
            if done >= whole or time.monotonic() - last >= _TELL:
                last = time.monotonic()
                self._jobs.call_soon(tell, done, whole)

        def work() -> None:
            weights.fetch_weights(name, progress, lambda: stop.is_set() or self._jobs.closed)

        def end(error: Exception | None) -> None:
            self._name = ""
            self._ended(name, error)

        self._jobs.submit(f"fetch-{id(self)}", work, end, end, apart=True)

    def stop(self) -> None:
        """Ask the download to end; what came so far is kept."""
        self._stop.set()


class Pace:
    """The words for how far a download is, and how long it still takes."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def words(self, done: int, whole: int) -> str:
        """Say it; called with every report, for the speed is that of the last seconds.

        Parameters
        ----------
        done, whole : int
            Bytes.
        """
        if done >= whole:
            return f"{_size(whole)} came; checking the file"
        now = time.monotonic()
        if self._seen and done < self._seen[-1][1]:  # the server made it begin anew
            self._seen.clear()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] >= _WINDOW:
            self._seen.popleft()
        begin, before = self._seen[0]
        parts = [amount(done, whole)]
        if now - begin >= _SOONEST and done > before:
            rate = (done - before) / (now - begin)
            parts += [f"{_size(rate)}/s", _left((whole - done) / rate)]
        return ", ".join(parts)


def amount(done: int, whole: int) -> str:
    """Two numbers of bytes in one unit: "34 of 172 MB"."""
    if whole >= 999.5e6:
        return f"{done / 1e9:.2f} of {whole / 1e9:.2f} GB"
    return f"{done / 1e6:.0f} of {whole / 1e6:.0f} MB"


def bytes_kept(name: str) -> int:
    """Bytes that an earlier download left, from which the next goes on."""
    try:
        return part_of(weights.cache_folder() / checkpoint_info(name).file).stat().st_size
    except OSError:
        return 0


def host(name: str) -> str:
    """The server that a network's weights come from."""
    url = os.environ.get("FACE3D_WEIGHTS_URL") or checkpoint_info(name).url
    return urlsplit(url).hostname or url


def _size(n_bytes: float) -> str:
    if n_bytes >= 999.5e6:
        return f"{n_bytes / 1e9:.1f} GB"
    return f"{n_bytes / 1e6:.0f} MB" if n_bytes >= 9.95e6 else f"{n_bytes / 1e6:.1f} MB"


def _left(seconds: float) -> str:
    if seconds < 5:
        return "a few seconds left"
    if seconds < 60:
        return f"about {5 * round(seconds / 5)} s left"
    if seconds < 3600:
        return f"about {round(seconds / 60)} min left"
    return f"about {round(seconds / 3600)} h left"
