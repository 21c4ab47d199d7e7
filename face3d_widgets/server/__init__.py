"""The web server: Voila with our templates and settings, alone or inside a Jupyter server."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """The extension points that a Jupyter server asks for."""
    return [{"module": "face3d_widgets.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Called by a Jupyter server that has this extension turned on."""
    from face3d_widgets.server.extension import load

    load(server)
