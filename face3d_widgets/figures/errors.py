"""The errors of figures."""

from __future__ import annotations

__all__ = ["BrowserError", "FigureError"]


class FigureError(RuntimeError):
    """A figure cannot be drawn; the message says why and what to do."""


class BrowserError(FigureError):
    """No browser drew the figure: none is installed, or it did not answer in time.

    The package's own renderer still draws the 3D view as PNG or WebP.
    """
