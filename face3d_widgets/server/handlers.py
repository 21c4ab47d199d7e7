"""Request handlers: pages, what they ask of their kernels, and Plotly's script."""

from __future__ import annotations

import asyncio
import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any

import tornado.web
from jupyter_client.jsonutil import json_default
from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from traitlets.config import Config
from voila.configuration import VoilaConfiguration
from voila.paths import collect_template_paths
from voila.static_file_handler import TemplateStaticFileHandler

from face3d_widgets.server.kernel_socket import KernelSocket
from face3d_widgets.server.notebooks import FIRST_LESSON, notebooks_folder
from face3d_widgets.server.page_sessions import PageSessions
from face3d_widgets.server.pages import Page, PageMaker
from face3d_widgets.server.settings import find_templates, lesson_settings, settings

__all__ = [
    "EndPage",
    "KernelState",
    "PlotlyScript",
    "TemplateFile",
    "compressed_plotly_script",
    "dashboard_handlers",
    "kernel_handlers",
    "lesson_handlers",
    "page_options",
    "script_handlers",
]

_KERNEL = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"


class PlotlyScript(tornado.web.RequestHandler):
    """Plotly's widget script, compressed once."""

    async def get(self) -> None:
        """Answer with the script; a year in the browser's cache, as its address has its version."""
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        self.set_header("Vary", "Accept-Encoding")
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.write(await compressed_plotly_script())
        else:
            self.write(_plotly_script())


def _plotly_script() -> bytes:
    # Read here, not through the room `figures`: the server draws nothing and
    # does without Plotly's import.
    return (files("plotly") / "package_data" / "widgetbundle.js").read_bytes()


@cache
def compressed_plotly_script() -> asyncio.Future[bytes]:
    """The script compressed, by a thread: it takes half a second."""
    return asyncio.get_running_loop().run_in_executor(
        None, lambda: gzip.compress(_plotly_script(), 9)
    )


class KernelState(APIHandler):
    """The state of a page's kernel, for that page alone."""

    async def get(self, kernel_id: str) -> None:
        """Answer with Jupyter's model of a kernel, and why its socket was refused, if it was."""
        page = self.settings["face3d_sessions"].owned(kernel_id, self)
        model = await ensure_async(self.kernel_manager.kernel_model(kernel_id))
        self.finish(json.dumps({**model, "refused": page.refused}, default=json_default))


class EndPage(APIHandler):
    """The address at which a page says that it is left."""

    def check_xsrf_cookie(self) -> None:
        """Take the page's own cookie, which no other site can send, and its origin for proof."""
        try:
            own = self.request.headers.get("Origin") and self.check_origin()
        except ValueError:  # no address at all
            own = False
        if not own:
            raise tornado.web.HTTPError(403)

    async def post(self, kernel_id: str) -> None:
        """End the page's kernel."""
        sessions: PageSessions = self.settings["face3d_sessions"]
        await sessions.end(sessions.owned(kernel_id, self))
        self.set_status(204)
        self.finish()


class TemplateFile(TemplateStaticFileHandler):
    """A file of a page's template; Voila's own fails at addresses that name none."""

    def parse_url_path(self, url_path: str) -> str:
        """The path of a file, 404 where the address is not TEMPLATE/static/PATH."""
        parts = url_path.split("/")
        if len(parts) < 3 or parts[1] != "static" or {"", ".", ".."} & set(parts):
            raise tornado.web.HTTPError(404)
        return str(super().parse_url_path(url_path))


def script_handlers(base_url: str) -> list[Any]:
    """Plotly's script at its address."""
    return [(url_path_join(base_url, "voila", "face3d", r"plotly\.js"), PlotlyScript)]


def kernel_handlers(base_url: str) -> list[Any]:
    """Handlers of what pages ask of their kernels, where no Jupyter server answers it."""
    return [
        (url_path_join(base_url, "api", "kernels", _KERNEL), KernelState),
        (url_path_join(base_url, "api", "kernels", _KERNEL, "channels"), KernelSocket),
        (url_path_join(base_url, "voila", "api", "shutdown", _KERNEL), EndPage),
    ]


def dashboard_handlers(base_url: str, application: Any, sessions: PageSessions) -> list[Any]:
    """The dashboard at BASE/face3d/, for a server whose first page is another."""
    here = url_path_join(base_url, "face3d")
    options = page_options(settings(), application, sessions)
    return [
        (here, tornado.web.RedirectHandler, {"url": f"{here}/dashboard.ipynb"}),
        (f"{here}/", tornado.web.RedirectHandler, {"url": f"{here}/dashboard.ipynb"}),
        (url_path_join(here, r"(dashboard\.ipynb)"), Page, options),
    ]


def lesson_handlers(
    base_url: str, application: Any, sessions: PageSessions, folder: str = ""
) -> list[Any]:
    """The lessons at BASE/face3d/lessons/; their kernels work in a folder of the server's root."""
    here = url_path_join(base_url, "face3d", "lessons")
    first = {"url": f"{here}/{FIRST_LESSON}"}
    options = page_options(lesson_settings(), application, sessions)
    options |= {"notebooks": notebooks_folder() / "lessons", "folder": folder}
    return [
        (here, tornado.web.RedirectHandler, first),
        (f"{here}/", tornado.web.RedirectHandler, first),
        (url_path_join(here, r"([0-9]\w+\.ipynb)"), Page, options),
    ]


def page_options(config: Config, application: Any, sessions: PageSessions) -> dict[str, Any]:
    """The options of `Page`.

    Parameters
    ----------
    config : Config
    application : tornado.web.Application
    sessions : PageSessions
    """
    find_templates()
    voila = VoilaConfiguration(config=config)
    options = {
        "config": config,
        "template_paths": collect_template_paths(
            ["voila", "nbconvert"], voila.template, prune=True
        ),
        "voila_configuration": voila,
    }
    return {
        "voila_configuration": voila,
        "maker": PageMaker(application.settings, options, sessions),
        "notebooks": notebooks_folder(),
    }
