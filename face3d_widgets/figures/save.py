"""Figures that leave the program: stand-alone HTML and PNG."""

from __future__ import annotations

import plotly.graph_objects as go

__all__ = ["FigureError", "figure_as_shown", "figure_to_html", "figure_to_png"]


class FigureError(RuntimeError):
    """A figure cannot be drawn; the message says why and what to do."""


def figure_as_shown(figure: go.Figure) -> go.Figure:
    """A copy with the present camera and only what is visible; a thread may work on it."""
    traces = [trace.to_plotly_json() for trace in figure.data if trace.visible is not False]
    return go.Figure(data=traces, layout=figure.layout.to_plotly_json())


def figure_to_html(figure: go.Figure, title: str) -> bytes:
    """One HTML file that opens offline and turns in any browser.

    Parameters
    ----------
    figure : Figure or FigureWidget
        Saved with its present camera. What it does not show is left out.
    title : str
        The page's title, plain text.
    """
    from html import escape

    shown = figure_as_shown(figure)
    page = shown.to_html(
        include_plotlyjs=True,
        full_html=True,
        default_height="100vh",
        config={"displaylogo": False, "responsive": True},
    )
    head = f'<title>{escape(title)}</title><meta name="viewport" content="width=device-width">'
    head += "<style>body{margin:0}</style>"
    return page.replace("<head>", f"<head>{head}", 1).encode()


def figure_to_png(
    figure: go.Figure, width: int = 1400, height: int = 1100, scale: float = 1.0
) -> bytes:
    """The figure as PNG on white, drawn by Kaleido in a browser without a window.

    Parameters
    ----------
    figure : Figure or FigureWidget
    width, height : int
        Pixels, before `scale`.

    Raises
    ------
    FigureError
        When no browser is found or it does not draw.
    """
    shown = figure_as_shown(figure)
    shown.update_layout(paper_bgcolor="white")
    try:
        return bytes(shown.to_image(format="png", width=width, height=height, scale=scale))
    except Exception as error:  # Kaleido raises many kinds, its browser more
        raise FigureError(
            "A PNG needs an open view of the model or an installed Chrome or Chromium; "
            "save as HTML instead, or install one with: plotly_get_chrome."
        ) from error
