"""The still picture that a saved notebook shows where no kernel runs."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from PIL import Image

from face3d_widgets.figures import figure_as_shown
from face3d_widgets.figures.figure_raster import FigureRaster
from face3d_widgets.figures.figure_widget import FaceFigureWidget
from face3d_widgets.widgets.resting import OnceAtRest

__all__ = ["StillPicture"]

_SIZE = (640, 560)  # pixels, until the browser says how large the view is
_MOST = 720  # pixels along a side
_AT_REST = 1.0  # seconds
_QUALITY = 85


class StillPicture:
    """Keeps a picture of a figure in its saved state, as the figure was last seen.

    It is drawn anew at the end of a notebook's cell and when a hand has come to rest, not
    with every step of a slider.

    Parameters
    ----------
    figure : FaceFigureWidget
    wanted : callable
        Whether a picture of what is drawn now may be kept.
    """

    def __init__(self, figure: FaceFigureWidget, wanted: Callable[[], bool]) -> None:
        self._figure, self._wanted = figure, wanted
        self._old = False
        self._rest = OnceAtRest(self.draw, _AT_REST)
        self._events = _cell_events()
        if self._events is not None:
            self._events.register("post_execute", self.draw)

    def renew(self) -> None:
        """Say that the figure looks otherwise than its picture."""
        if self._wanted():
            self._old = True
            self._rest.ask()
        else:
            self._old = False
            self._figure.still = b""

    def draw(self) -> None:
        """Draw the picture now, if it is to be kept and is not as the figure is."""
        if self._old:
            self._old = False
            self._figure.still = _picture(self._figure)

    def output(self) -> dict[str, str]:
        """The output of a cell besides the widget, by type.

        It is shown where widgets are not: on a page that lists notebooks, in print.
        """
        self.draw()
        output = {"text/plain": "A face in 3D: run this cell to see it."}
        if self._figure.still:
            output["image/jpeg"] = b64encode(self._figure.still).decode()
        return output

    def close(self) -> None:
        """Draw no more."""
        self._old = False
        self._rest.cancel()
        if self._events is not None:
            self._events.unregister("post_execute", self.draw)
            self._events = None


def _picture(figure: FaceFigureWidget) -> bytes:
    """A JPEG of a figure, no larger than it needs to be."""
    width, height = figure.screen_size or _SIZE
    scale = min(1.0, _MOST / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = FigureRaster(figure_as_shown(figure)).draw(*size, pixel_ratio=scale)
    file = io.BytesIO()
    Image.fromarray(pixels[..., :3]).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _cell_events() -> Any:
    """The events that tell of the end of a notebook's cells; None outside a notebook."""
    from IPython import get_ipython

    shell = get_ipython()
    return None if shell is None else shell.events
