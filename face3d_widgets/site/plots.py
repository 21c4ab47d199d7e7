"""Plotly figures inside the page: their numbers as JSON, drawn by the page's own script."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["PLOTLY", "json_script", "plot"]

#: The type by which notebooks know a Plotly figure.
PLOTLY = "application/vnd.plotly.v1+json"


def plot(figure: dict[str, Any], caption: str = "", kind: str = "") -> str:
    """HTML of a place where the page draws a figure once it comes near the window.

    Parameters
    ----------
    figure : dict
        `data`, `layout` and, where it has one, `config`, in Plotly's words.
    caption : str
        What there is to see, for those who cannot see it; plain text.
    kind : str
        Another class of the place.
    """
    from html import escape

    label = f' role="img" aria-label="{escape(caption)}"' if caption else ""
    height = figure.get("layout", {}).get("height")
    style = f' style="min-height:{height:.0f}px"' if height else ""
    held = json_script(figure | _flat(figure))
    return f'<div class="plot {kind}"{label}{style}>{held}</div>'


def _flat(figure: dict[str, Any]) -> dict[str, str]:
    """For a browser without WebGL: a 3D figure's picture, "" where none can be drawn here."""
    if "scene" not in figure.get("layout", {}):
        return {}
    from face3d_widgets.figures import Figure
    from face3d_widgets.figures.view_picture import picture_url

    drawn = Figure({part: figure[part] for part in ("data", "layout")})
    return {"flat": picture_url(drawn)}


def json_script(value: object) -> str:
    """Data inside a page; nothing in them can end the element early."""
    text = json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json">{text}</script>'
