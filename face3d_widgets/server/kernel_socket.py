"""The web socket between a page and its kernel.

It takes the place of Voila's, and is stricter: it speaks one protocol, opens only for the
page that a kernel was started for, reads no number of a frame unchecked, and hands on only
what a page of widgets has to say.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.parse import urlsplit

import tornado.web
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

from face3d_widgets.server.frames import PROTOCOL, FrameError, message_type, read_frame
from face3d_widgets.server.page_sessions import PageSession, PageSessions

__all__ = ["KernelSocket", "PageConnection"]

#: What a page may say, and on which channels.
_MESSAGES = frozenset(
    {"comm_open", "comm_close", "comm_msg", "comm_info_request", "kernel_info_request"}
)
_CHANNELS = frozenset({"shell", "control"})
#: A page opens no widgets by itself; it asks for those that are there.
_COMM_TARGETS = frozenset({"jupyter.widget.control"})
#: Of one page; one is in use, and a lost one may not be known to be lost yet.
_MOST_SOCKETS = 4
_MOST_UNREAD = 128 * 2**20  # bytes that a page leaves unread
_LONGEST_OPENING = 64 * 2**10  # bytes; a page's has a hundred


class PageConnection(ZMQChannelsWebsocketConnection):
    """The connection between web socket and kernel."""

    _dropped = False

    def handle_incoming_message(self, incoming_msg: bytes | str) -> None:
        """Hand a page's message on, if it is one that pages send; close the socket if it is none.

        Parameters
        ----------
        incoming_msg : bytes or str
            A frame; text is none.
        """
        if not self.channels:  # closed already
            return
        try:
            frame = read_frame(incoming_msg)
            kind = message_type(frame.parts[0])
            allowed = kind in _MESSAGES and frame.channel in _CHANNELS
            if allowed and kind == "comm_open":
                allowed = _comm_target(frame.parts[3]) in _COMM_TARGETS
        except FrameError as error:
            self.log.warning("A page's connection was closed: %s.", error)
            self.websocket_handler.close(1002, "This is no message.")
            return
        if not allowed:
            if not self._dropped:  # a stranger can send any number
                self.log.warning("Messages that no page of ours sends are dropped.")
            self._dropped = True
            return
        self.session.send_raw(self.channels[frame.channel], frame.parts)

    def _on_zmq_reply(self, stream: Any, msg_list: Any) -> None:
        """Hand a kernel's message on, but for the code that it runs."""
        if self.websocket_handler.ws_connection is None:
            return  # the page has just gone
        if message_type(bytes(msg_list[0])) != "execute_input":
            super()._on_zmq_reply(stream, msg_list)


def _comm_target(content: bytes) -> Any:
    if len(content) > _LONGEST_OPENING:
        raise FrameError("what opens a comm is too long")
    try:
        named = json.loads(content)
    except (ValueError, RecursionError):
        raise FrameError("the content is no JSON") from None
    return named.get("target_name") if isinstance(named, dict) else None


class KernelSocket(KernelWebsocketHandler):
    """The address of a kernel's web socket; what is refused is remembered for the page to tell."""

    # Tornado's own pings find a page that is gone without a word. (Jupyter's count in
    # milliseconds what Tornado takes for seconds.)
    ping_interval = 30.0  # seconds
    ping_timeout = 30.0
    _unread = 0

    async def open(self, kernel_id: str) -> None:
        """Connect with the kernel."""
        self.page.refused = ""
        await self.connection.connect()

    @property
    def sessions(self) -> PageSessions:
        """The kernels of all pages."""
        sessions: PageSessions = self.settings["face3d_sessions"]
        return sessions

    async def get(self, kernel_id: str) -> None:
        """Open the socket, for the page that the kernel was started for."""
        self.page = self._own_page(kernel_id)
        headers = self.request.headers
        if headers.get("Upgrade", "").lower() != "websocket":
            self._refuse(
                400,
                "something between this page and its server does not hand on web sockets "
                "(the headers Upgrade and Connection)",
            )
        offered = headers.get("Sec-WebSocket-Protocol", "").split(",")
        if PROTOCOL not in [name.strip() for name in offered]:
            # A page that was refused for another reason tries without it, too.
            dropped = (
                "something between this page and its server drops the header Sec-WebSocket-Protocol"
            )
            self._refuse(400, self.page.refused or dropped)
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", self.get_argument("session_id", "")):
            raise tornado.web.HTTPError(400)
        if self.page.sockets >= _MOST_SOCKETS:
            raise tornado.web.HTTPError(429)
        self.page.sockets += 1
        try:
            await super().get(kernel_id=kernel_id)  # ends when the socket does
        finally:
            self.page.sockets -= 1

    def write_message(
        self, message: bytes | str | dict[str, Any], binary: bool = False
    ) -> asyncio.Future[None]:
        """Send to the page; one that does not read is cut off."""
        sent = super().write_message(message, binary)
        n_bytes = len(message)
        self._unread += n_bytes

        def read(_: object) -> None:
            self._unread -= n_bytes

        sent.add_done_callback(read)
        if self._unread > _MOST_UNREAD:
            self.log.warning("A page that does not read was cut off.")
            self.close(1008, "This page does not read.")
        return sent

    def _own_page(self, kernel_id: str) -> PageSession:
        return self.sessions.owned(kernel_id, self)

    def check_origin(self, origin: str | None = None) -> bool:
        """Tell whether the page that asks is one of this server's."""
        names = self.settings.get("face3d_names")
        origin = self.request.headers.get("Origin") if origin is None else origin
        try:
            place = urlsplit(origin or "")
            if super().check_origin(origin):
                return True
        except ValueError:  # no address at all
            return False
        host = place.hostname
        if names is not None and host in names.given:
            return True
        self.page.refused = (
            f"this page is at {place.netloc!r}, and the web server in front "
            f"hands on the name {self.request.host!r}; let it hand on the page's own, or start "
            "the dashboard with --host-name"
        )
        return False

    def _refuse(self, status: int, reason: str) -> None:
        self.page.refused = reason
        raise tornado.web.HTTPError(status, reason)
