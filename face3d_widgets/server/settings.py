"""The one configuration: of `face3d dashboard`, of Binder and of a server for a class.

What differs from plain Voila, and why:

- our own page templates, which load nothing from outside this server;
- only the front-end extensions that a page uses;
- Plotly's script served once, compressed and kept by the browser;
- responses compressed; larger messages allowed through the web socket;
- pages made by our own handler (`pages`, `page_sessions`), with one ready before somebody
  asks where Voila is the server (a Jupyter server starts none: on Binder there is one
  person, and too little memory for two kernels);
- kernels whose page is gone are ended;
- a kernel that died is not started again: it would know nothing of the page, which
  could not tell, and would wait for it for ever;
- no sources: a page shows what its notebook made, and not its code, nor where an error was.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jupyter_server.utils import url_path_join
from jupyterlab_server.config import get_page_config
from traitlets.config import Config
from voila.utils import get_voila_labextensions_path

__all__ = [
    "LARGEST_MESSAGE",
    "READY_PAGE_AFTER",
    "add_plotly_address",
    "find_templates",
    "lesson_settings",
    "own_page_config",
    "settings",
    "with_own_formulas",
]

#: Bytes; larger than the largest photo: uploads come in pieces, but other widgets' may not.
LARGEST_MESSAGE = 64 * 2**20
#: Seconds after a page has opened until the next is made: not beside it.
READY_PAGE_AFTER = 6.0
_KERNEL_STARTS_WITHIN = 30 * 60  # seconds, on a server whose processors are all busy
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
    config.VoilaConfiguration.preheat_kernel = False
    config.VoilaConfiguration.progressive_rendering = False
    config.VoilaConfiguration.page_config_hook = add_plotly_address
    config.VoilaExecutor.startup_timeout = _KERNEL_STARTS_WITHIN
    config.MappingKernelManager.kernel_info_timeout = _KERNEL_STARTS_WITHIN
    config.MappingKernelManager.cull_idle_timeout = _IDLE_KERNEL_ENDS_AFTER
    config.MappingKernelManager.cull_interval = 60
    config.MappingKernelManager.allow_tracebacks = False
    config.KernelRestarter.restart_limit = 0
    config.Voila.tornado_settings = {"websocket_max_message_size": LARGEST_MESSAGE}
    return config


def lesson_settings() -> Config:
    """The same for the lessons, which have another template and use one extension more."""
    config = settings()
    config.VoilaConfiguration.template = "face3d-lessons"
    config.VoilaConfiguration.extension_allowlist = _LESSON_EXTENSIONS
    config.VoilaConfiguration.page_config_hook = own_page_config
    return config


def own_page_config(
    page_config: dict[str, Any],
    base_url: str = "/",
    voila_configuration: Any = None,
    **_: Any,
) -> dict[str, Any]:
    """Tell the page what it needs, whatever JupyterLab's user has set for JupyterLab.

    Voila adds what stands in a `page_config.json` of JupyterLab: extensions that are turned
    off, other addresses.

    Parameters
    ----------
    page_config : dict
        Voila's; its version and its extensions are kept.
    base_url : str
    voila_configuration : voila.configuration.VoilaConfiguration, optional
        Lists the extensions that a page uses.
    """
    found = get_page_config(get_voila_labextensions_path())["federated_extensions"]
    wanted = voila_configuration.extension_allowlist if voila_configuration else []
    own = {
        "appUrl": "voila/",
        "appVersion": page_config.get("appVersion", ""),
        "baseUrl": base_url,
        "disabledExtensions": [],
        "extensionConfig": {},
        "federated_extensions": [one for one in found if one["name"] in wanted],
        "fullLabextensionsUrl": url_path_join(base_url, "voila/labextensions"),
        "fullStaticUrl": url_path_join(base_url, "voila/static"),
        "progressiveRendering": False,
        "terminalsAvailable": False,
        "themesUrl": "/voila/api/themes",
    }
    return with_own_formulas(own)


def with_own_formulas(page_config: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Let the page set formulas by itself (Voila's `page_config_hook`).

    Where a Jupyter server names no MathJax, Voila's page asks a public server for one,
    and does without it when it is told that there is none.
    """
    return {**page_config, "fullMathjaxUrl": None, "mathjaxConfig": None}


def add_plotly_address(page_config: dict[str, Any], base_url: str, **told: Any) -> dict[str, Any]:
    """Tell the page where Plotly's script is, too."""
    address = url_path_join(base_url, "voila", "face3d", "plotly.js")
    own = own_page_config(page_config, base_url, **told)
    return {**own, "face3dPlotly": f"{address}?v={version('plotly')}"}


def find_templates() -> None:
    """Let Voila, in this process, find our templates."""
    # What came with this Python, before what its user has installed beside it.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    known = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)
    if str(_SHARE) not in known:
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(_SHARE), *known]))
