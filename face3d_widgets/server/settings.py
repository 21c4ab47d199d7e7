"""The one configuration: of `face3d dashboard`, of Binder and of a server for a class.

What differs from plain Voila, and why:

- our own page templates, which load nothing from outside this server;
- only the front-end extensions that a page uses;
- Plotly's script served once, compressed and kept by the browser;
- responses compressed; larger messages allowed through the web socket;
- one kernel kept warm, with the dashboard already run in it, where Voila is the server
  (a Jupyter server starts none before somebody asks: on Binder there is one person,
  and too little memory for two kernels);
- kernels whose page is gone are ended;
- a kernel that died is not started again: it would know nothing of the page, which
  could not tell, and would wait for it for ever;
- no sources: a page shows what its notebook made, and not its code.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jupyter_server.utils import url_path_join
from traitlets.config import Config

__all__ = [
    "LARGEST_MESSAGE",
    "add_plotly_address",
    "find_templates",
    "lesson_settings",
    "settings",
    "with_own_formulas",
]

#: Bytes; larger than the largest photo: uploads come in pieces, but other widgets' may not.
LARGEST_MESSAGE = 64 * 2**20
_IDLE_KERNEL_ENDS_AFTER = 30 * 60  # seconds
_SHARE = Path(__file__).parent / "share" / "jupyter"
_EXTENSIONS = [
    "anywidget",
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
]
# The lessons' figures are Plotly's own, not our widget's.
_LESSON_EXTENSIONS = [*_EXTENSIONS, "jupyterlab-plotly"]


def settings() -> Config:
    """The settings listed above, as a traitlets configuration."""
    config = Config()
    config.VoilaConfiguration.template = "face3d"
    config.VoilaConfiguration.strip_sources = True
    config.VoilaConfiguration.extension_allowlist = _EXTENSIONS
    config.VoilaConfiguration.allow_template_override = "NO"
    config.VoilaConfiguration.preheat_kernel = True
    config.VoilaConfiguration.default_pool_size = 1
    config.VoilaConfiguration.page_config_hook = add_plotly_address
    # The next warm kernel is made after the present page has opened, not beside it.
    config.VoilaKernelManager.fill_delay = 6.0
    config.MappingKernelManager.cull_idle_timeout = _IDLE_KERNEL_ENDS_AFTER
    config.MappingKernelManager.cull_interval = 60
    config.KernelRestarter.restart_limit = 0
    config.Voila.tornado_settings = {"websocket_max_message_size": LARGEST_MESSAGE}
    return config


def lesson_settings() -> Config:
    """The same for the lessons, which have another template and use one extension more."""
    config = settings()
    config.VoilaConfiguration.template = "face3d-lessons"
    config.VoilaConfiguration.extension_allowlist = _LESSON_EXTENSIONS
    config.VoilaConfiguration.page_config_hook = with_own_formulas
    return config


def with_own_formulas(page_config: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Let the page set formulas by itself (Voila's `page_config_hook`).

    Where a Jupyter server names no MathJax, Voila's page asks a public server for one,
    and does without it when it is told that there is none.
    """
    return {**page_config, "fullMathjaxUrl": None, "mathjaxConfig": None}


def add_plotly_address(page_config: dict[str, Any], base_url: str, **_: Any) -> dict[str, Any]:
    """Tell the page where Plotly's script is, too."""
    address = url_path_join(base_url, "voila", "face3d", "plotly.js")
    address = f"{address}?v={version('plotly')}"
    return {**with_own_formulas(page_config), "face3dPlotly": address}


def find_templates() -> None:
    """Let Voila, in this process, find our templates."""
    known = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)
    if str(_SHARE) not in known:
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(_SHARE), *known]))
