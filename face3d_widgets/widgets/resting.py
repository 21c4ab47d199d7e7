"""Something that is done once the hand rests, and not at every step of a slider."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["OnceAtRest"]


class OnceAtRest:
    """Calls something when it was asked for and then not again for a moment.

    Without a running event loop, as in a test or a script, it calls at once.

    Parameters
    ----------
    call : callable
        Without arguments.
    seconds : float
        How long nothing must have been asked.
    """

    def __init__(self, call: Callable[[], None], seconds: float) -> None:
        self._call, self._seconds = call, seconds
        self._waiting: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Call soon; what was asked before and still waits is called no more."""
        self.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._call()
        else:
            self._waiting = loop.call_later(self._seconds, self._call)

    def cancel(self) -> None:
        """Do not call, whatever was asked."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
