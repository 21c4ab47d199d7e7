"""A page of a notebook: admitted, run in a kernel of its own, and sent as it comes.

Voila renders the notebook; who gets a kernel and when is `page_sessions`' part. The page's
head is sent before its kernel starts, and a visitor who has others before him is told how
many.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import nbformat
import tornado.web
from jupyter_core.utils import ensure_async
from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.log import app_log
from voila.handler import BaseVoilaHandler
from voila.notebook_renderer import NotebookRenderer
from voila.utils import get_page_config

from face3d_widgets.server.page_sessions import PageSession, PageSessions, ServerFullError
from face3d_widgets.server.private_kernels import ARGUMENTS

__all__ = ["Page", "PageMaker", "ReadyPage"]

_TELLS_AFTER, _TELLS_EVERY = 0.25, 2.0  # seconds, while a visitor waits
_READS_WITHIN = 60.0  # seconds, what was sent to him
_ASKS_AGAIN_AFTER = 10  # seconds, where there is no room
_TEMPLATES = Path(__file__).parent / "share" / "jupyter" / "voila" / "templates" / "face3d"


class PageMaker:
    """The maker of pages from notebooks.

    Parameters
    ----------
    settings : dict
        The application's: managers of kernels' specifications and contents, the base address.
    options : dict
        Voila's: "config", "template_paths" and "voila_configuration".
    sessions : PageSessions
    """

    def __init__(
        self, settings: dict[str, Any], options: dict[str, Any], sessions: PageSessions
    ) -> None:
        self._settings, self._options, self.sessions = settings, options, sessions

    async def pieces(
        self, session: PageSession, notebook: Path, folder: str
    ) -> AsyncGenerator[str, None]:
        """A page's HTML as it comes; the kernel starts when it is its turn.

        Parameters
        ----------
        session : PageSession
        notebook : Path
        folder : str
            Where the kernel works, below the server's root.
        """
        renderer = self._renderer(notebook)
        await renderer.initialize()
        kernel = self.sessions.start_kernel(
            session,
            kernel_name=renderer.notebook.metadata.kernelspec.name,
            path=folder,
            env=dict(os.environ),
            extra_arguments=list(ARGUMENTS),
        )
        rendered = renderer.generate_content_generator(session.kernel_id, kernel)
        try:
            async with aclosing(rendered):
                async for piece, _ in rendered:
                    yield piece
        finally:
            kernel.close()  # where the page was left before it came to its kernel
            await renderer.close()

    def _renderer(self, notebook: Path) -> _Renderer:
        settings, voila = self._settings, self._options["voila_configuration"]
        told = {
            "base_url": settings["base_url"],
            "settings": settings,
            "log": app_log,
            "voila_configuration": voila,
        }
        page_config = voila.page_config_hook(
            get_page_config(**told), **told, notebook_path=notebook.name
        )
        return _Renderer(
            voila_configuration=voila,
            traitlet_config=self._options["config"],
            notebook_path=str(notebook),
            template_paths=self._options["template_paths"],
            config_manager=settings.get("config_manager"),
            contents_manager=settings["contents_manager"],
            base_url=settings["base_url"],
            kernel_spec_manager=settings["kernel_spec_manager"],
            page_config=page_config,
        )


class _Renderer(NotebookRenderer):
    """Voila's, reading the package's notebook as it is: no list of trusted ones is asked."""

    async def load_notebook(self, path: str) -> Any:
        return await self.fix_notebook(nbformat.read(path, as_version=4))

    async def close(self) -> None:
        """Let go of the kernel's channels, wherever the page was left."""
        client = getattr(getattr(self, "executor", None), "kc", None)
        if client is not None:
            with suppress(Exception):  # they may be closed already
                await ensure_async(client.stop_channels())


class ReadyPage:
    """One page that is made before anybody asks for it.

    Parameters
    ----------
    maker : PageMaker
    notebook : Path
    delay : float
        Seconds after one was handed out before the next is made: not beside its opening.
    """

    def __init__(self, maker: PageMaker, notebook: Path, delay: float) -> None:
        self._maker, self._notebook, self._delay = maker, notebook, delay
        self._made: tuple[PageSession, list[str]] | None = None
        self._making: asyncio.Task[None] | None = None

    def make(self, delay: float | None = None) -> None:
        """Make one when the server is quiet, unless one is there or under way."""
        if self._made is None and self._making is None:
            wait = self._delay if delay is None else delay
            self._making = asyncio.ensure_future(self._make(wait))

    async def take(self, address: str) -> tuple[PageSession, list[str]] | None:
        """Session and HTML of the page, now this visitor's; None when none is ready.

        Raises
        ------
        ServerFullError
            When the visitor may not have another.
        """
        if self._made is None:
            return None
        session, pieces = self._made
        self._maker.sessions.hand_over(session, address)
        self._made = None
        if not await self._maker.sessions.is_alive(session):
            await self._maker.sessions.end(session)
            return None
        return session, pieces

    async def _make(self, delay: float) -> None:
        sessions = self._maker.sessions
        try:
            await asyncio.sleep(delay)
            while not sessions.has_room_to_spare():
                await asyncio.sleep(1.0)
            session = sessions.admit(None)
            try:
                coming = self._maker.pieces(session, self._notebook, "")
                pieces = [piece async for piece in coming]
            except BaseException:
                await sessions.end(session, now=True)
                raise
            sessions.started(session)
            self._made = session, pieces
        except Exception as error:  # the next visitor's own page says what is wrong
            app_log.warning("No page could be made ready: %s", _reason(error))
        finally:
            self._making = None

    def stop(self) -> None:
        """Make no more."""
        if self._making is not None:
            self._making.cancel()


class Page(BaseVoilaHandler):
    """The address of a page: the dashboard, where nothing else is said."""

    _sending: asyncio.Task[None] | None = None

    def initialize(self, **options: Any) -> None:
        """Take Voila's options, and "maker", "notebooks" and "ready".

        Parameters
        ----------
        options : dict
            "maker" : PageMaker; "notebooks" : Path, the folder; "name" : str, optional, the
            notebook where the address names none; "folder" : str, where its kernel works;
            "ready" : ReadyPage, optional.
        """
        super().initialize(**options)
        self._maker: PageMaker = options["maker"]
        self._notebooks: Path = options["notebooks"]
        self._name: str = options.get("name", "")
        self._folder: str = options.get("folder", "")
        self._ready: ReadyPage | None = options.get("ready")

    async def prepare(self) -> None:
        """Give a page in a Jupyter server the cookie that it needs to end its kernel."""
        await super().prepare()
        if not self.settings.get("face3d_alone"):
            _ = self.xsrf_token  # reading it sets the cookie

    def head(self, path: str = "") -> None:
        """Say that the page is there, and start nothing."""
        self._notebook(path)
        self.set_header("Content-Type", "text/html; charset=utf-8")

    @tornado.web.authenticated
    async def get(self, path: str = "") -> None:
        """Answer with the page."""
        notebook = self._notebook(path)
        if elsewhere := self._stands_elsewhere():
            self.set_status(404)
            self.finish(_templates().get_template("moved.html").render(path=elsewhere))
            return
        address = visitor_address(self.request, self.settings.get("face3d_behind", False))
        try:
            ready = await self._ready.take(address) if self._ready else None
            session = ready[0] if ready else self._maker.sessions.admit(address)
        except ServerFullError as full:
            self._say_full(str(full))
            return
        self._sending = asyncio.ensure_future(
            self._send(session, ready[1] if ready else None, notebook)
        )
        with suppress(asyncio.CancelledError):  # the visitor has gone
            await self._sending
        if self._ready:
            self._ready.make()

    def on_connection_close(self) -> None:
        """End what was begun for a visitor who has gone."""
        super().on_connection_close()
        if self._sending is not None:
            self._sending.cancel()

    def _stands_elsewhere(self) -> str:
        """The path that jupyter-server-proxy puts in front, where this server was told another."""
        path = self.request.headers.get("X-Forwarded-Context", "")
        told = self.base_url.strip("/")
        alone = self.settings.get("face3d_alone", False)
        return f"/{path.strip('/')}/" if alone and path and path.strip("/") != told else ""

    def _notebook(self, path: str) -> Path:
        """The notebook of an address, 404 where there is none."""
        notebook = self._notebooks / (path or self._name)
        if bool(path) == bool(self._name) or not notebook.is_file():
            raise tornado.web.HTTPError(404)
        return notebook

    async def _send(
        self, session: PageSession, ready: Iterable[str] | None, notebook: Path
    ) -> None:
        sessions, whole = self._maker.sessions, False
        pieces, news, n_sent = list(ready or ()), asyncio.Event(), 0
        running: asyncio.Future[None] | None = None
        pause = _TELLS_AFTER
        if ready is None:
            running = asyncio.ensure_future(self._run(session, notebook, pieces, news))
        try:
            sessions.give_key(session, self)
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.set_header("Cache-Control", "no-store")
            while not whole:
                news.clear()
                whole = running is None or running.done()
                if n_sent < len(pieces):
                    self.write("".join(pieces[n_sent:]))
                    n_sent = len(pieces)
                elif n_sent and not whole:
                    self.write(self._word(session))
                    pause = _TELLS_EVERY
                await self._flush()
                if not whole:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(news.wait(), pause)
            if running is not None:
                whole = False
                running.result()  # raises what went wrong
                whole = True
        except StreamClosedError:
            pass
        except Exception as error:
            self.log.exception("A page could not be made.")
            self.write(_call("face3dFailed", _reason(error)))
        finally:
            if running is not None and not running.done():
                running.cancel()
                await asyncio.wait({running})
            if whole:
                sessions.page_sent(session)
            else:
                # By itself: what ends this one must not end that as well.
                ending = asyncio.ensure_future(sessions.end(session, now=True))
                await asyncio.shield(ending)

    async def _run(
        self, session: PageSession, notebook: Path, pieces: list[str], news: asyncio.Event
    ) -> None:
        """Make the page; the next one may start when it is made, however slowly it is read."""
        try:
            async for piece in self._maker.pieces(session, notebook, self._folder):
                pieces.append(piece)
                news.set()
        finally:
            self._maker.sessions.started(session)
            news.set()

    async def _flush(self) -> None:
        """Send what was written; whoever does not read it is left."""
        try:
            await asyncio.wait_for(self.flush(), _READS_WITHIN)
        except TimeoutError:
            stream = getattr(self.request.connection, "stream", None)
            if stream is not None:
                stream.close()
            raise StreamClosedError from None

    def _word(self, session: PageSession) -> str:
        """A line of script with the visitor's place; else one that only keeps proxies waiting."""
        n_before = self._maker.sessions.before(session)
        if n_before is None:
            return "\n"
        seconds = self._maker.sessions.seconds_until(n_before)
        return _call("face3dWait", n_before, seconds)

    def _say_full(self, sentence: str) -> None:
        self.set_status(503)
        self.set_header("Retry-After", str(_ASKS_AGAIN_AFTER))
        self.finish(
            _templates()
            .get_template("full.html")
            .render(sentence=sentence, seconds=_ASKS_AGAIN_AFTER)
        )


def visitor_address(request: HTTPServerRequest, behind: bool) -> str:
    """The address of a visitor, also as a web server in front on the same machine tells it.

    Parameters
    ----------
    request : HTTPServerRequest
    behind : bool
        Whether there is one; a stranger could write anything otherwise.
    """
    peer = request.remote_ip or ""
    if behind and peer in ("127.0.0.1", "::1"):
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return forwarded[:45] or peer
    return peer


def _call(function: str, *values: object) -> str:
    """A line of script that calls one of the page's functions."""
    arguments = json.dumps(values)[1:-1].replace("<", "\\u003c")
    return f"<script>{function}({arguments})</script>\n"


def _reason(error: Exception) -> str:
    """The words for a visitor about an error; paths and code stay in the server's log."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "its kernel did not start" if isinstance(error, RuntimeError) else type(error).__name__


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True)
