"""What the server answers: pages of the dashboard and the lessons, and Plotly's script."""

from __future__ import annotations

import asyncio
import gzip
from functools import cache
from importlib.resources import files
from typing import Any

import tornado.web
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from jupyter_server.utils import url_path_join
from traitlets.config import Config
from voila.configuration import VoilaConfiguration
from voila.paths import collect_template_paths
from voila.tornado.handler import TornadoVoilaHandler

from face3d_widgets.server.notebooks import FIRST_LESSON, notebooks_folder
from face3d_widgets.server.settings import find_templates, lesson_settings, settings

__all__ = [
    "Page",
    "PlotlyScript",
    "compressed_plotly_script",
    "dashboard_handlers",
    "lesson_handlers",
    "script_handlers",
]


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


class Page(TornadoVoilaHandler):
    """The page, with the cookie that it needs to end its kernel when it is closed.

    Without it the server refuses the page's last message, and each closed page
    leaves a kernel with its photos behind.
    """

    async def prepare(self) -> None:
        """Set the cookie before the page is written."""
        await super().prepare()
        _ = self.xsrf_token  # reading it sets the cookie


class _PackagePage(Page):
    """A page of a notebook that travels with the package, whatever folder the server shows."""

    _folder = "."

    @property
    def contents_manager(self) -> LargeFileManager:
        """Reads the package's notebooks."""
        return _package_notebooks()

    async def get(self, path: str = "") -> None:
        """Run the notebook and answer with its page."""
        notebook = f"{self._folder}/{path}" if self._folder != "." else path
        if not (notebooks_folder() / notebook).is_file():
            raise tornado.web.HTTPError(404)
        await super().get(notebook)


class _LessonPage(_PackagePage):
    _folder = "lessons"


@cache
def _package_notebooks() -> LargeFileManager:
    # Nothing is written there: Voila only reads.
    return LargeFileManager(root_dir=str(notebooks_folder()))


def script_handlers(base_url: str) -> list[Any]:
    """Plotly's script at its address."""
    return [(url_path_join(base_url, "voila", "face3d", r"plotly\.js"), PlotlyScript)]


def dashboard_handlers(base_url: str) -> list[Any]:
    """The dashboard at BASE/face3d/, for a server whose first page is another."""
    here = url_path_join(base_url, "face3d")
    options = _page_options(settings())
    return [
        (here, tornado.web.RedirectHandler, {"url": f"{here}/dashboard.ipynb"}),
        (f"{here}/", tornado.web.RedirectHandler, {"url": f"{here}/dashboard.ipynb"}),
        (url_path_join(here, r"(dashboard\.ipynb)"), _PackagePage, options),
    ]


def lesson_handlers(base_url: str) -> list[Any]:
    """The lessons at BASE/face3d/lessons/."""
    here = url_path_join(base_url, "face3d", "lessons")
    first = {"url": f"{here}/{FIRST_LESSON}"}
    return [
        (here, tornado.web.RedirectHandler, first),
        (f"{here}/", tornado.web.RedirectHandler, first),
        (url_path_join(here, r"([0-9]\w+\.ipynb)"), _LessonPage, _page_options(lesson_settings())),
    ]


def _page_options(config: Config) -> dict[str, Any]:
    """What Voila's handler wants to know."""
    find_templates()
    template = config.VoilaConfiguration.template
    return {
        "config": config,
        "template_paths": collect_template_paths(["voila", "nbconvert"], template, prune=True),
        "voila_configuration": VoilaConfiguration(config=config),
    }
