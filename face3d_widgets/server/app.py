"""Voila as the whole server: `face3d dashboard` and `face3d lessons`."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import tornado.web
import zmq
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop
from voila.app import (
    KernelHandler,
    TemplateStaticFileHandler,
    TornadoVoilaHandler,
    Voila,
    VoilaKernelWebsocketHandler,
    VoilaShutdownKernelHandler,
)

from face3d_widgets.home import keep_nothing_at_home
from face3d_widgets.server.handlers import (
    TemplateFile,
    compressed_plotly_script,
    kernel_handlers,
    lesson_handlers,
    page_options,
    script_handlers,
)
from face3d_widgets.server.kernel_socket import PageConnection
from face3d_widgets.server.names import Names, own_names_only, under_path
from face3d_widgets.server.notebooks import dashboard_notebook
from face3d_widgets.server.page_sessions import MOST_FROM_ONE_ADDRESS, PageSessions
from face3d_widgets.server.pages import Page, ReadyPage
from face3d_widgets.server.private_kernels import (
    OwnKernelSpecs,
    private_folder,
    use_private_sockets,
)
from face3d_widgets.server.settings import READY_PAGE_AFTER, find_templates, settings

__all__ = ["DashboardServer", "run"]

_ENDS_WITHIN = 20.0  # seconds
_SENDS_WITHIN = 60.0  # seconds, a visitor what he asks
_LARGEST_BODY = 2**16  # bytes
_MOST_ZMQ_SOCKETS = 2**14  # of all kernels; a page has up to twenty
#: Handlers of Voila whose addresses ours answer, also where theirs would take odd ones.
_REPLACED = (
    KernelHandler,
    TemplateStaticFileHandler,
    VoilaKernelWebsocketHandler,
    VoilaShutdownKernelHandler,
)


class Visitors(IdentityProvider):
    """Everybody who reaches the server; nobody logs in, and no cookie says who is who."""

    @property
    def auth_enabled(self) -> bool:
        """Never: there is no login, and no address for one."""
        return False

    async def get_user(self, handler: Any) -> User:
        """The one user."""
        return User("visitor")

    def get_handlers(self) -> list[Any]:
        """No address to log in or out."""
        return []


class DashboardServer(Voila):
    """Voila with the lessons beside the dashboard, and one line on the terminal."""

    #: What is told to the person, and where that is.
    opens: tuple[str, str] = ("The dashboard is", "")
    #: What browsers may call this server, beside its address and localhost.
    host_names: tuple[str, ...] = ()
    #: Pages open at once, and those from one address.
    most: int | None = None
    most_from_one: int = MOST_FROM_ONE_ADDRESS

    @property
    def display_url(self) -> str:
        """The address where a person finds what was asked for."""
        address, mark, query = super().display_url.partition("?")
        return f"{address}{self.opens[1]}{mark}{query}"

    @property
    def connection_url(self) -> str:
        """The same, as this machine's browser reaches it."""
        return super().connection_url + self.opens[1]

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Read none: a `voila.json` that lies about is meant for other pages than ours."""

    def start(self) -> None:
        """Serve; say where once the port is known."""
        IOLoop.current().add_callback(self._announce)
        super().start()

    def _announce(self) -> None:
        compressed_plotly_script()  # ready before the first page asks
        self._ready.make(delay=0)
        print(f"{self.opens[0]} at {self.display_url} (Ctrl+C ends it)", flush=True)

    def random_ports(self, port: int, n: int) -> Iterable[int]:
        """The ports to try: the next one each time, where Voila soon takes any."""
        return range(port, min(port + n, 2**16))

    def init_settings(self) -> dict[str, Any]:
        """Voila's settings for Tornado, and those of our handlers."""
        made: dict[str, Any] = super().init_settings()
        self._sessions = PageSessions(
            self.kernel_manager,
            most=self.most,
            most_from_one=self.most_from_one,
            own_sockets=True,
        )
        self.kernel_manager.context.set(zmq.MAX_SOCKETS, _MOST_ZMQ_SOCKETS)
        self._names = Names(self.host_names, self.ip)
        return made | {
            "jinja2_env": made["voila_jinja2_env"],  # every error is told on our page
            "xsrf_cookie_name": "face3d-xsrf",
            "xsrf_cookie_kwargs": {"path": self.base_url},
            "face3d_alone": True,
            "face3d_behind": bool(self.host_names) or self.base_url != "/",
            "face3d_names": self._names,
            "face3d_sessions": self._sessions,
        }

    def init_handlers(self) -> list[Any]:
        """Voila's addresses, ours first; every answer is compressed."""
        # Photos come through the web socket: what is sent otherwise is small, and soon there.
        self.app.listen = partial(  # type: ignore[method-assign]
            self.app.listen,
            max_body_size=_LARGEST_BODY,
            body_timeout=_SENDS_WITHIN,
            idle_connection_timeout=_SENDS_WITHIN,
        )
        # Voila hands `tornado_settings` over too late for `compress_response`.
        self.app.transforms.append(tornado.web.GZipContentEncoding)
        own_names_only(self.app, self._names, self.log)
        under_path(self.app, self.base_url)
        notebook = dashboard_notebook()
        options = page_options(settings(), self.app, self._sessions) | {"name": notebook.name}
        self._ready = ReadyPage(options["maker"], notebook, READY_PAGE_AFTER)
        templates = url_path_join(self.server_url, r"/voila/templates/(.*)")
        ours = [
            *script_handlers(self.server_url),
            *kernel_handlers(self.server_url),
            *lesson_handlers(self.server_url, self.app, self._sessions, folder="lessons"),
            (templates, TemplateFile),
        ]
        page = options | {"ready": self._ready}
        theirs = [
            (path, Page, page) if handler is TornadoVoilaHandler else (path, handler, *rest)
            for path, handler, *rest in super().init_handlers()
            if handler not in _REPLACED
        ]
        return [*ours, *theirs]

    def stop(self) -> None:
        """End every kernel, then take their folder away."""
        self._ready.stop()
        try:
            # In the loop that they live in; `run_sync` of Jupyter may take another one.
            self.ioloop.run_sync(self._end_kernels, timeout=_ENDS_WITHIN)
        finally:
            shutil.rmtree(self.connection_dir_root, ignore_errors=True)

    async def _end_kernels(self) -> None:
        await self._sessions.end_all()
        await self.kernel_manager.shutdown_all(now=True)


def _allow_many_files() -> None:
    """Let this process open as many files as it may: each page takes some."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def run(
    port: int = 8866,
    open_browser: bool = True,
    ip: str = "127.0.0.1",
    lessons: bool = False,
    host_names: Iterable[str] = (),
    base_url: str = "/",
    most_pages: int | None = None,
    most_pages_from_one: int | None = None,
) -> None:
    """Serve the dashboard and the lessons until interrupted.

    Parameters
    ----------
    port : int
        Where to listen; the next free port is taken where it is in use.
    open_browser : bool
        Open the page in the user's browser.
    ip : str
        The address to listen on; "0.0.0.0" lets other machines in.
    lessons : bool
        Open the lessons; the dashboard is at the server's root all the same.
    host_names : iterable of str
        Names that browsers may call the server by, beside its address and localhost.
    base_url : str
        The path that the pages stand under, as browsers see it.
    most_pages : int, optional
        Pages open at once; what the free memory holds when not given.
    most_pages_from_one : int, optional
        Of them, those from one address.
    """
    keep_nothing_at_home()
    find_templates()
    _allow_many_files()
    config = settings()
    use_private_sockets(config)
    config.Voila.connection_dir_root = str(private_folder())
    config.Voila.identity_provider_class = Visitors
    config.Voila.kernel_websocket_connection_class = PageConnection
    config.VoilaConfiguration.kernel_spec_manager_class = OwnKernelSpecs
    config.Voila.port = port
    config.Voila.ip = ip
    config.Voila.base_url = url_path_join("/", base_url, "/")
    config.Voila.open_browser = open_browser
    config.Voila.log_level = "WARN"
    server = DashboardServer.instance(config=config)
    server.host_names = tuple(host_names)
    server.most = most_pages
    server.most_from_one = most_pages_from_one or MOST_FROM_ONE_ADDRESS
    if lessons:
        server.opens = ("The lessons are", "face3d/lessons/")
    server.initialize([str(dashboard_notebook())])
    server.start()
