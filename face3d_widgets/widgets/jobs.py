"""Slow work on one thread beside the page.

A job goes in with a channel's name; its result comes back through the kernel's
event loop, where widgets may be touched. A newer job on the same channel makes
the older one's result worthless: it is dropped, and not even begun where it
still waits.

A download waits for the network and not for the processor, so it has a thread
apart: it holds up no job, and the program's end does not wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

__all__ = ["Jobs"]

_log = logging.getLogger(__name__)


class Jobs:
    """A worker thread, and the way back to the event loop.

    Parameters
    ----------
    threaded : bool
        False runs every job at once in the caller's thread: for plain scripts
        and for tests, where no event loop runs.
    """

    def __init__(self, threaded: bool | None = None) -> None:
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        if threaded is None:
            threaded = self._loop is not None
        if threaded and self._loop is None:
            raise RuntimeError("threaded jobs need a running event loop to return to")
        self._pool = ThreadPoolExecutor(1, "face3d-worker") if threaded else None
        self._newest: Counter[str] = Counter()
        self._closed = threading.Event()

    @property
    def threaded(self) -> bool:
        """Tell whether jobs are done beside the caller."""
        return self._pool is not None

    @property
    def closed(self) -> bool:
        """Tell whether `close` was called; long work asks now and then, and ends early."""
        return self._closed.is_set()

    def submit(
        self,
        channel: str,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
        *,
        apart: bool = False,
    ) -> None:
        """Do `work()` on the thread, then `done(result)` or `failed(error)` on the loop.

        With `apart`, on a thread of its own, which ends at once with the program. After
        `close` nothing is done.
        """
        if self.closed:
            return
        self._newest[channel] += 1
        ticket = self._newest[channel]

        def run() -> None:
            if ticket != self._newest[channel]:
                return
            try:
                result = work()
            except Exception as error:
                self.call_soon(finish, failed, error)
            else:
                self.call_soon(finish, done, result)

        def finish(callback: Callable[[Any], None], value: Any) -> None:
            if ticket == self._newest[channel]:
                callback(value)

        if self._pool is None:
            run()
        elif apart:
            threading.Thread(target=run, name=f"face3d-{channel}", daemon=True).start()
        else:
            self._pool.submit(run)

    def call_soon(self, function: Callable[..., None], *args: Any) -> None:
        """Call a function on the event loop; from the worker, to report progress."""
        if self._pool is None or self._loop is None:
            function(*args)
        else:
            with suppress(RuntimeError):  # the loop has ended, and whoever would be told
                self._loop.call_soon_threadsafe(self._guarded, function, *args)

    @staticmethod
    def _guarded(function: Callable[..., None], *args: Any) -> None:
        try:
            function(*args)
        except Exception:
            _log.exception("a widget's handler failed")

    def close(self) -> None:
        """End the thread after its present job, and tell long work to end early."""
        self._closed.set()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
