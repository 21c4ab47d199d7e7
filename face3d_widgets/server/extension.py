"""The same pages in a Jupyter server: on Binder, JupyterHub and The Littlest JupyterHub.

A file in `PREFIX/etc/jupyter/jupyter_server_config.d` turns them on, such as
`binder/jupyter_server_config.json`. The dashboard is then at BASE/face3d/ and the lessons
at BASE/face3d/lessons/, behind the server's own door. No second server is started;
Voila's extension, which comes with Voila and is on by itself, gives the pages' scripts.
"""

from __future__ import annotations

from typing import Any

import tornado.web

from face3d_widgets.server.handlers import dashboard_handlers, lesson_handlers, script_handlers
from face3d_widgets.server.page_sessions import PageSessions
from face3d_widgets.server.private_kernels import use_private_sockets
from face3d_widgets.server.settings import LARGEST_MESSAGE, settings

__all__ = ["load"]


def load(server: Any) -> None:
    """Add the pages to a Jupyter server and give it our settings where it has none of its own.

    Parameters
    ----------
    server : jupyter_server.serverapp.ServerApp
    """
    application, base_url = server.web_app, server.web_app.settings["base_url"]
    kernels, wanted = server.kernel_manager, settings().MappingKernelManager
    use_private_sockets(kernels.config, kernels)
    sessions = PageSessions(kernels)
    application.settings["face3d_sessions"] = sessions
    application.add_handlers(
        ".*$",
        [
            *script_handlers(base_url),
            *lesson_handlers(base_url, application, sessions),
            *dashboard_handlers(base_url, application, sessions),
        ],
    )
    if tornado.web.GZipContentEncoding not in application.transforms:
        application.transforms.append(tornado.web.GZipContentEncoding)
    application.settings.setdefault("websocket_max_message_size", LARGEST_MESSAGE)
    if kernels.cull_idle_timeout <= 0:  # nobody has said how long a kernel may be idle
        kernels.cull_idle_timeout = wanted.cull_idle_timeout
        kernels.cull_interval = wanted.cull_interval
