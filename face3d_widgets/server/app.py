"""Voila, set up for the dashboard.

What differs from plain Voila, and why:

- our own page template, which loads nothing from outside this server;
- only the front-end extensions that the page uses (Plotly's own would add 5 MB);
- Plotly's script served once, compressed and kept by the browser;
- responses compressed; larger messages allowed through the web socket;
- one kernel kept warm, with the dashboard already run in it;
- kernels whose page is gone are ended.
"""

from __future__ import annotations

import asyncio
import gzip
import os
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import tornado.web
from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop
from traitlets.config import Config
from voila.app import TornadoVoilaHandler, Voila

__all__ = ["DashboardServer", "dashboard_notebook", "run"]

_HERE = Path(__file__).parent
# Larger than the largest photo: uploads come in pieces, but other widgets' may not.
_LARGEST_MESSAGE = 64 * 2**20
_IDLE_KERNEL_ENDS_AFTER = 30 * 60  # seconds
_EXTENSIONS = [
    "anywidget",
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
]


def dashboard_notebook() -> Path:
    """The notebook that makes the dashboard: in the installed package, or in the repository.

    Raises
    ------
    FileNotFoundError
        When neither has it.
    """
    package = Path(str(files("face3d_widgets")))
    places = [package / "notebooks", package.parent / "notebooks"]
    for place in places:
        if (place / "dashboard.ipynb").is_file():
            return place / "dashboard.ipynb"
    raise FileNotFoundError(
        "dashboard.ipynb is missing from the installation; install face3d_widgets again."
    )


class PlotlyScript(tornado.web.RequestHandler):
    """Plotly's widget script, compressed once."""

    async def get(self) -> None:
        """Answer with the script; a year in the browser's cache, as its address has its version."""
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        self.set_header("Vary", "Accept-Encoding")
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.write(await _compressed_plotly_script())
        else:
            self.write(_plotly_script())


def _plotly_script() -> bytes:
    # Read here, not through the room `figures`: the server draws nothing and
    # does without Plotly's import.
    return (files("plotly") / "package_data" / "widgetbundle.js").read_bytes()


@cache
def _compressed_plotly_script() -> asyncio.Future[bytes]:
    """The script compressed, by a thread: it takes half a second."""
    return asyncio.get_running_loop().run_in_executor(
        None, lambda: gzip.compress(_plotly_script(), 9)
    )


def add_plotly_address(page_config: dict[str, Any], base_url: str, **_: Any) -> dict[str, Any]:
    """Tell the page where Plotly's script is (Voila's `page_config_hook`)."""
    address = url_path_join(base_url, "voila", "face3d", "plotly.js")
    return {**page_config, "face3dPlotly": f"{address}?v={version('plotly')}"}


def settings() -> Config:
    """The settings listed above, as a traitlets configuration."""
    config = Config()
    config.VoilaConfiguration.template = "face3d"
    config.VoilaConfiguration.strip_sources = True
    config.VoilaConfiguration.extension_allowlist = _EXTENSIONS
    config.VoilaConfiguration.preheat_kernel = True
    config.VoilaConfiguration.default_pool_size = 1
    config.VoilaConfiguration.page_config_hook = add_plotly_address
    # The next warm kernel is made after the present page has opened, not beside it.
    config.VoilaKernelManager.fill_delay = 6.0
    config.MappingKernelManager.cull_idle_timeout = _IDLE_KERNEL_ENDS_AFTER
    config.MappingKernelManager.cull_interval = 60
    config.Voila.tornado_settings = {"websocket_max_message_size": _LARGEST_MESSAGE}
    return config


class _Page(TornadoVoilaHandler):
    """The page, with the cookie that it needs to end its kernel when it is closed.

    Without it the server refuses the page's last message, and each closed page
    leaves a kernel with its photos behind.
    """

    async def prepare(self) -> None:
        await super().prepare()
        _ = self.xsrf_token  # reading it sets the cookie


class DashboardServer(Voila):
    """Voila with one address more, and one line on the terminal."""

    def start(self) -> None:
        """Serve; say where once the port is known."""
        IOLoop.current().add_callback(self._announce)
        super().start()

    def _announce(self) -> None:
        _compressed_plotly_script()  # ready before the first page asks
        print(f"The dashboard is at {self.display_url} (Ctrl+C ends it)", flush=True)

    def init_handlers(self) -> list[Any]:
        """Voila's addresses, ours first; every answer is compressed."""
        # Voila hands `tornado_settings` over too late for `compress_response`.
        self.app.transforms.append(tornado.web.GZipContentEncoding)
        address = url_path_join(self.server_url, "voila", "face3d", r"plotly\.js")
        handlers = [
            (path, _Page if handler is TornadoVoilaHandler else handler, *rest)
            for path, handler, *rest in super().init_handlers()
        ]
        return [(address, PlotlyScript), *handlers]


def run(port: int = 8866, open_browser: bool = True, ip: str = "127.0.0.1") -> None:
    """Serve the dashboard until interrupted.

    Parameters
    ----------
    port : int
        Where to listen; the next free port is taken where it is in use.
    open_browser : bool
        Open the page in the user's browser.
    ip : str
        The address to listen on; "0.0.0.0" lets other machines in.
    """
    share = str(_HERE / "share" / "jupyter")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(
        filter(None, [share, os.environ.get("JUPYTER_PATH")])
    )
    config = settings()
    config.Voila.port = port
    config.Voila.ip = ip
    config.Voila.open_browser = open_browser
    config.Voila.log_level = "WARN"
    server = DashboardServer.instance(config=config)
    server.initialize([str(dashboard_notebook())])
    server.start()
