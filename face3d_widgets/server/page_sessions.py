"""The kernels of pages: who may have one, whose turn it is, and when it ends.

Every open page has a kernel of its own. Starting one keeps a processor busy for seconds, so
pages that come together start one after the other, and those that wait are told. A kernel is
for the page it was started for alone: a cookie, sent to that kernel's addresses only, says
who may speak with it. It ends with its page, also where the page could not say so.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import statistics
import time
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import tornado.web
from jupyter_core.utils import ensure_async
from jupyter_server.utils import url_path_join
from tornado.ioloop import PeriodicCallback

from face3d_widgets.depth.memory import available_memory

__all__ = ["PageSession", "PageSessions", "ServerFullError", "room_in_memory"]

#: Seconds that a page has to reach its kernel after it was sent.
CONNECTS_WITHIN = 60.0
#: Seconds that a page may be gone.
COMES_BACK_WITHIN = 120.0
#: Pages from one address: a class behind one router, some reloads included.
MOST_FROM_ONE_ADDRESS = 40

_LOOKS_EVERY = 5.0  # seconds
_MOST_WAITING = 64 * 2**20  # bytes, for a page that may come back
_MEMORY_OF_A_PAGE = 300_000_000  # bytes, measured: `python -m tests.benchmarks class`
_SHARE_OF_MEMORY = 0.8
# The page's key under two names: an answer sets no cookie twice.
_FOR_KERNEL, _FOR_END = "face3d-kernel", "face3d-end"
_FIRST_GUESS = 6.0  # seconds that a start takes, until one was seen


class ServerFullError(Exception):
    """No room for one more page; the message tells a person so."""


@dataclass(eq=False)
class PageSession:
    """One page and its kernel.

    Attributes
    ----------
    kernel_id : str
    key : str
        What the page's cookie holds.
    address : str or None
        Where its visitor is; None as long as it is kept ready for the next one.
    sent : float or None
        When the whole page had been sent, by the clock of `PageSessions`.
    seen : float or None
        When its web socket was last open.
    refused : str
        Why its web socket was refused, for the page to tell; "" when it was not.
    sockets : int
        Its web sockets that are open or opening, where `KernelSocket` answers them.
    """

    kernel_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    address: str | None = None
    sent: float | None = None
    seen: float | None = None
    refused: str = ""
    sockets: int = 0
    began: float | None = None  # its turn
    kernel: asyncio.Future[Any] | None = None  # its start
    ended: bool = False


def room_in_memory() -> int:
    """The number of pages that the free memory holds."""
    return max(2, int(_SHARE_OF_MEMORY * available_memory() / _MEMORY_OF_A_PAGE))


class PageSessions:
    """All pages' sessions of one server.

    Parameters
    ----------
    kernels : jupyter_server.services.kernels.kernelmanager.AsyncMappingKernelManager
        Starts and ends kernels, and counts their connections.
    most : int, optional
        Pages open at once; what the free memory holds when not given.
    most_from_one : int
        Of them, those from one address.
    at_once : int, optional
        Kernels that start at the same time; as many as there are processors when not given.
    own_sockets : bool
        Whether `KernelSocket` answers, which counts the sockets; the manager does otherwise.
    clock : callable
        Seconds; another one for tests.
    """

    def __init__(
        self,
        kernels: Any,
        most: int | None = None,
        most_from_one: int = MOST_FROM_ONE_ADDRESS,
        at_once: int | None = None,
        own_sockets: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kernels = kernels
        self.most = most or room_in_memory()
        self.most_from_one = most_from_one
        self._at_once = at_once or os.cpu_count() or 1
        self._own_sockets, self._clock = own_sockets, clock
        self._sessions: dict[str, PageSession] = {}
        self._starting: set[PageSession] = set()
        self._waiting: deque[tuple[PageSession, asyncio.Future[None]]] = deque()
        self._took: deque[float] = deque(maxlen=8)
        self._watch: PeriodicCallback | None = None

    # --- Who may have one ------------------------------------------------------------

    def admit(self, address: str | None) -> PageSession:
        """A session for one more page.

        Parameters
        ----------
        address : str or None
            Of the visitor; None for a page that is made before somebody asks.

        Raises
        ------
        ServerFullError
            When there is no room.
        """
        self._check_room(address)
        session = PageSession(address=address)
        self._sessions[session.kernel_id] = session
        if self._watch is None:
            self._watch = PeriodicCallback(self.look, 1000 * _LOOKS_EVERY)
            self._watch.start()
        return session

    def hand_over(self, session: PageSession, address: str) -> None:
        """Give a page that was kept ready to a visitor.

        Raises
        ------
        ServerFullError
            When there is no room for another page from there.
        """
        self._check_room(address)
        session.address = address

    def _check_room(self, address: str | None) -> None:
        # A page that is kept ready takes nobody's place.
        open_from = Counter(s.address for s in self._sessions.values() if s.address is not None)
        if open_from.total() >= self.most:
            raise ServerFullError(
                f"All {self.most} pages that this server has room for are open. "
                "As soon as one is closed, yours opens by itself."
            )
        if address is not None and open_from[address] >= self.most_from_one:
            raise ServerFullError(
                f"{self.most_from_one} pages are open from your address, as many as one may have. "
                "Close one that is not needed, and this one opens by itself."
            )

    def has_room_to_spare(self) -> bool:
        """Tell whether a page may be made before somebody asks: nobody waits, and there is room."""
        return not self._starting and not self._waiting and len(self._sessions) < self.most

    # --- Whose turn it is ------------------------------------------------------------

    async def turn(self, session: PageSession) -> None:
        """Wait until a session may start; `started` has to be called afterwards."""
        if len(self._starting) >= self._at_once or self._waiting:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((session, mine))
            try:
                await mine
            except asyncio.CancelledError:
                with suppress(ValueError):
                    self._waiting.remove((session, mine))
                if session in self._starting:  # its turn came in the same moment
                    self._leave(session)
                raise
        else:
            self._begin(session)

    def _begin(self, session: PageSession) -> None:
        session.began = self._clock()
        self._starting.add(session)

    async def start_kernel(self, session: PageSession, **options: Any) -> Any:
        """The manager of a session's new kernel, once it is its turn; then call `started`.

        Parameters
        ----------
        session : PageSession
        options
            For the kernels' manager.
        """
        await self.turn(session)
        starting = self._kernels.start_kernel(kernel_id=session.kernel_id, **options)
        session.kernel = asyncio.ensure_future(ensure_async(starting))
        # A start that is broken off half-way leaves a process that nobody knows.
        await asyncio.shield(session.kernel)
        return self._kernels.get_kernel(session.kernel_id)

    async def is_alive(self, session: PageSession) -> bool:
        """Tell whether a session's kernel runs."""
        try:
            kernel = self._kernels.get_kernel(session.kernel_id)
        except (KeyError, tornado.web.HTTPError):
            return False
        return bool(await ensure_async(kernel.is_alive()))

    def started(self, session: PageSession) -> None:
        """Say that a session's start is over, and let the next one begin."""
        if session in self._starting and session.began is not None:
            self._took.append(self._clock() - session.began)
        self._leave(session)

    def _leave(self, session: PageSession) -> None:
        self._starting.discard(session)
        while self._waiting and len(self._starting) < self._at_once:
            following, turn = self._waiting.popleft()
            if not turn.done():
                self._begin(following)
                turn.set_result(None)

    def before(self, session: PageSession) -> int | None:
        """The number of others that start or wait before a session; None when it does not wait."""
        for n, (other, _) in enumerate(self._waiting):
            if other is session:
                return n + len(self._starting)
        return None

    def seconds_until(self, n_before: int) -> int:
        """About how long it takes until so many others have started, and one more."""
        each = statistics.median(self._took) if self._took else _FIRST_GUESS
        return round(each * (n_before + self._at_once) / self._at_once)

    # --- Whose it is -----------------------------------------------------------------

    def give_key(self, session: PageSession, handler: Any) -> None:
        """Set the cookie that opens a session's kernel, with the answer that brings the page.

        Parameters
        ----------
        handler : tornado.web.RequestHandler
        """
        for name, place in ((_FOR_KERNEL, "api/kernels"), (_FOR_END, "voila/api/shutdown")):
            handler.set_cookie(
                name,
                session.key,
                path=url_path_join(handler.base_url, place, session.kernel_id),
                httponly=True,
                samesite="Strict",
                secure=handler.request.protocol == "https",
            )

    def owned(self, kernel_id: str, handler: Any) -> PageSession:
        """The session of a kernel, for the page that it was started for.

        Raises
        ------
        tornado.web.HTTPError
            404 when there is no such kernel of a page, 403 for everybody else.
        """
        session = self._sessions.get(kernel_id)
        if session is None:
            raise tornado.web.HTTPError(404)
        given = [handler.get_cookie(name) or "" for name in (_FOR_KERNEL, _FOR_END)]
        if not any(hmac.compare_digest(key.encode(), session.key.encode()) for key in given):
            raise tornado.web.HTTPError(403)
        return session

    # --- When it ends ----------------------------------------------------------------

    def page_sent(self, session: PageSession) -> None:
        """Say that a page is whole: its web socket is expected now."""
        session.sent = self._clock()
        with suppress(KeyError, tornado.web.HTTPError):
            # Kept ready for long, it would count as idle before its page has connected.
            kernel = self._kernels.get_kernel(session.kernel_id)
            kernel.last_activity = type(kernel.last_activity).now(kernel.last_activity.tzinfo)

    async def end(self, session: PageSession, now: bool = False) -> None:
        """End a session and its kernel.

        Parameters
        ----------
        now : bool
            Kill the kernel; it is asked to leave otherwise.
        """
        self._leave(session)
        self._sessions.pop(session.kernel_id, None)
        if session.ended:
            return
        session.ended = True
        if session.kernel is not None:
            await asyncio.wait({session.kernel})  # half started, it could not be ended
        with suppress(KeyError, tornado.web.HTTPError):  # it has gone before
            await ensure_async(self._kernels.shutdown_kernel(session.kernel_id, now=now))

    async def end_all(self) -> None:
        """End every session at once."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        ends = [self.end(session, now=True) for session in list(self._sessions.values())]
        await asyncio.gather(*ends, return_exceptions=True)

    def _waiting_bytes(self, session: PageSession) -> int:
        """Bytes that the manager of kernels keeps for a page that is away."""
        kept = getattr(self._kernels, "_kernel_buffers", {})
        messages = kept[session.kernel_id]["buffer"] if session.kernel_id in kept else ()
        return sum(len(part) for _, parts in messages for part in parts)

    async def look(self) -> None:
        """End the sessions whose pages are gone, and forget those whose kernels are."""
        ends: list[Awaitable[None]] = []
        now = self._clock()
        for session in list(self._sessions.values()):
            if session.sent is None:
                continue
            try:
                n_sockets = self._kernels.kernel_model(session.kernel_id)["connections"]
            except (KeyError, tornado.web.HTTPError):
                self._sessions.pop(session.kernel_id, None)
                continue
            if self._own_sockets:
                n_sockets = session.sockets
            if n_sockets > 0:
                session.seen = now
            elif self._waiting_bytes(session) > _MOST_WAITING:
                ends.append(self.end(session))
            elif session.seen is None:
                if now - session.sent > CONNECTS_WITHIN:
                    ends.append(self.end(session))
            elif now - session.seen > COMES_BACK_WITHIN:
                ends.append(self.end(session))
        await asyncio.gather(*ends, return_exceptions=True)
