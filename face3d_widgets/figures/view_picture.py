"""A figure's view as a picture, for a page whose browser has no WebGL."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from face3d_widgets.figures.errors import FigureError
from face3d_widgets.figures.figure_raster import FigureRaster

__all__ = ["moved_cameras", "picture_url", "view_picture"]

# A picture has to be there a moment after a slider moved: above so many pixels it is drawn
# coarser than the screen.
_MOST_PIXELS = 1_200_000
_SMOOTHED_PIXELS = 600_000
_STEEPEST = math.radians(89)  # straight from above, left and right are lost
_NEAREST, _FARTHEST = 0.2, 20.0  # of the camera, in its units


def view_picture(figure: go.Figure, width: float, height: float, ratio: float = 1.0) -> bytes:
    """All scenes of a figure, each at its place, on a clear ground.

    Parameters
    ----------
    figure : Figure or FigureWidget
    width, height : float
        Of the view, in the browser's pixels.
    ratio : float
        Pixels of the screen for each of these.

    Returns
    -------
    bytes
        WebP.

    Raises
    ------
    FigureError
        When nothing is drawn in the figure yet.
    """
    ratio = min(ratio, math.sqrt(_MOST_PIXELS / (width * height)))
    whole = Image.new("RGBA", (max(1, round(width * ratio)), max(1, round(height * ratio))))
    samples = 2 if whole.width * whole.height <= _SMOOTHED_PIXELS else 1
    for name in _scenes(figure):
        domain = figure.layout[name].domain
        (left, right), (bottom, top) = domain.x or (0, 1), domain.y or (0, 1)
        at = round(left * whole.width), round((1 - top) * whole.height)
        size = round(right * whole.width) - at[0], round((1 - bottom) * whole.height) - at[1]
        raster = FigureRaster(figure, name)
        rgba = raster.draw(*size, pixel_ratio=ratio, background=None, samples=samples)
        whole.paste(Image.fromarray(rgba), at)
    file = io.BytesIO()
    whole.save(file, "webp", quality=90, method=0)
    return file.getvalue()


def picture_url(figure: go.Figure, width: float = 800, height: float = 600) -> str:
    """The view's picture as a data URL, or "" where it shows what only a browser draws.

    Parameters
    ----------
    figure : Figure or FigureWidget
        With at least one 3D scene; made here or read from a file.
    width, height : float
        Pixels.
    """
    plain = {part: _decoded(value) for part, value in figure.to_plotly_json().items()}
    try:
        picture = view_picture(go.Figure(plain), width, height)
    except (FigureError, LookupError, TypeError, ValueError):
        return ""  # a notebook's own figure may have anything in it
    return "data:image/webp;base64," + base64.b64encode(picture).decode()


def moved_cameras(
    figure: go.Figure, right: float, down: float, farther: float = 1.0
) -> dict[str, Any]:
    """Every scene's camera after a hand has moved it, as changes of the layout.

    As on a turntable: around what is looked at, and never over the top.

    Parameters
    ----------
    figure : Figure or FigureWidget
    right, down : float
        Pixels of a drag; two turn by a degree.
    farther : float
        Factor of the distance.
    """
    view = figure.layout.scene.camera.to_plotly_json()
    center = view["center"]
    x, y, z = (view["eye"][axis] - center[axis] for axis in "xyz")
    distance = math.hypot(x, y, z)
    azimuth = math.atan2(y, x) - math.radians(right / 2)
    height = math.asin(z / distance) + math.radians(down / 2)
    height = min(max(height, -_STEEPEST), _STEEPEST)
    distance = min(max(distance * farther, _NEAREST), _FARTHEST)
    flat = distance * math.cos(height)
    offset = flat * math.cos(azimuth), flat * math.sin(azimuth), distance * math.sin(height)
    eye = {axis: center[axis] + part for axis, part in zip("xyz", offset, strict=True)}
    return {f"{name}_camera": {**view, "eye": eye} for name in _scenes(figure)}


def _decoded(value: Any) -> Any:
    """A part of a figure, with its arrays as arrays where a file has them in base64."""
    if isinstance(value, dict):
        if {"bdata", "dtype"} <= value.keys():
            array = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
            shape = str(value.get("shape", -1)).split(",")
            return array.reshape([int(side) for side in shape])
        return {name: _decoded(part) for name, part in value.items()}
    return [_decoded(part) for part in value] if isinstance(value, list | tuple) else value


def _scenes(figure: go.Figure) -> list[str]:
    return [name for name in figure.layout.to_plotly_json() if name.startswith("scene")]
