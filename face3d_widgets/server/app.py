"""Voila as the whole server: `face3d dashboard` and `face3d lessons`."""

from __future__ import annotations

from typing import Any

import tornado.web
from tornado.ioloop import IOLoop
from voila.app import TornadoVoilaHandler, Voila

from face3d_widgets.server.handlers import (
    Page,
    compressed_plotly_script,
    lesson_handlers,
    script_handlers,
)
from face3d_widgets.server.notebooks import dashboard_notebook
from face3d_widgets.server.settings import find_templates, settings

__all__ = ["DashboardServer", "run"]


class DashboardServer(Voila):
    """Voila with the lessons beside the dashboard, and one line on the terminal."""

    #: What is told to the person, and where that is.
    opens: tuple[str, str] = ("The dashboard is", "")

    @property
    def display_url(self) -> str:
        """Where a person finds what was asked for."""
        address, mark, query = super().display_url.partition("?")
        return f"{address}{self.opens[1]}{mark}{query}"

    @property
    def connection_url(self) -> str:
        """The same, as this machine's browser reaches it."""
        return super().connection_url + self.opens[1]

    def start(self) -> None:
        """Serve; say where once the port is known."""
        IOLoop.current().add_callback(self._announce)
        super().start()

    def _announce(self) -> None:
        compressed_plotly_script()  # ready before the first page asks
        print(f"{self.opens[0]} at {self.display_url} (Ctrl+C ends it)", flush=True)

    def init_handlers(self) -> list[Any]:
        """Voila's addresses, ours first; every answer is compressed."""
        # Voila hands `tornado_settings` over too late for `compress_response`.
        self.app.transforms.append(tornado.web.GZipContentEncoding)
        handlers = [
            (path, Page if handler is TornadoVoilaHandler else handler, *rest)
            for path, handler, *rest in super().init_handlers()
        ]
        ours = [*script_handlers(self.server_url), *lesson_handlers(self.server_url)]
        return [*ours, *handlers]


def run(
    port: int = 8866, open_browser: bool = True, ip: str = "127.0.0.1", lessons: bool = False
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
    """
    find_templates()
    config = settings()
    config.Voila.port = port
    config.Voila.ip = ip
    config.Voila.open_browser = open_browser
    config.Voila.log_level = "WARN"
    server = DashboardServer.instance(config=config)
    if lessons:
        server.opens = ("The lessons are", "face3d/lessons/")
    server.initialize([str(dashboard_notebook())])
    server.start()
