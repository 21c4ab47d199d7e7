"""A depth map as a figure, with the scale of its colours beside it."""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from face3d_widgets.figures.colormaps import colormap_lut, to_colorscale

__all__ = ["depth_map_figure"]

# Letters and margins of the figure at its size on the screen, in pixels.
_FONT, _EDGE, _SCALE_WIDTH, _SCALE_ROOM = 14, 12, 18, 96
_LARGER_SIDE = 480


def depth_map_figure(
    values: NDArray[np.float32],
    colormap: str = "Greys",
    label: str = "inverse depth (relative)",
    limits: tuple[float, float] | None = None,
    near_is_small: bool = False,
) -> go.Figure:
    """A picture of depth with a colour bar, near bright and far dark.

    Parameters
    ----------
    values : (h, w) float32
        Inverse depth, or depth where it is known. NaN is left white.
    colormap : str
        One of `COLORMAPS`.
    label : str
        Which quantity the bar shows, with its unit: "depth (mm)".
    limits : (low, high) or None
        Values at the ends of the bar; those beyond have the colour of the end. None
        takes the middle 98 percent.
    near_is_small : bool
        True for depth, False for inverse depth: which end of the bar is the near one.

    Returns
    -------
    plotly.graph_objects.Figure
        The map is a picture inside it, of as many pixels as there are values; the bar is
        lines and letters. `figure_to_image` makes a file of it.

    Raises
    ------
    ValueError
        For values that are not (h, w), an unknown colour map, or limits that are one.
    """
    values = np.asarray(values, np.float32)
    if values.ndim != 2:
        raise ValueError(f"values must be (h, w), not {values.shape}")
    low, high = limits or _middle(values)
    if not low < high:
        raise ValueError(f"the limits must rise, not run from {low} to {high}")
    lut = colormap_lut(colormap)[::-1] if near_is_small else colormap_lut(colormap)
    h, w = values.shape
    wide, tall = (round(side * _LARGER_SIDE / max(h, w)) for side in (w, h))
    figure = go.Figure(
        go.Scatter(
            x=[None],
            y=[None],
            mode="markers",
            hoverinfo="skip",
            marker={
                "color": [low],
                "cmin": low,
                "cmax": high,
                "colorscale": to_colorscale(lut),
                "showscale": True,
                "colorbar": {
                    "title": {"text": label, "side": "right"},
                    "thickness": _SCALE_WIDTH,
                    "len": 1,
                    "lenmode": "fraction",
                    "x": 1,
                    "xpad": _EDGE,
                    "ypad": 0,
                    "outlinewidth": 0,
                    "ticks": "outside",
                },
            },
        )
    )
    axis = {"visible": False, "fixedrange": True}
    figure.update_layout(
        width=wide + 2 * _EDGE + _SCALE_ROOM,
        height=tall + 2 * _EDGE,
        margin={"l": _EDGE, "r": _EDGE + _SCALE_ROOM, "t": _EDGE, "b": _EDGE},
        paper_bgcolor="white",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": _FONT, "color": "#222"},
        xaxis={**axis, "range": [0, w]},
        yaxis={**axis, "range": [h, 0]},
        images=[
            {
                "source": _picture(values, low, high, lut),
                "xref": "x",
                "yref": "y",
                "x": 0,
                "y": 0,
                "sizex": w,
                "sizey": h,
                "sizing": "stretch",
                "layer": "below",
            }
        ],
    )
    return figure


def _middle(values: NDArray[np.float32]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if known.size == 0:
        raise ValueError("there is no value in the depth map")
    low, high = (float(q) for q in np.quantile(known, [0.01, 0.99]))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _picture(values: NDArray[np.float32], low: float, high: float, lut: NDArray[np.uint8]) -> str:
    """The colours as a PNG inside an address."""
    share = np.clip((values - low) / (high - low), 0, 1)
    known = np.isfinite(share)
    rgba = np.zeros((*values.shape, 4), np.uint8)
    rgba[..., :3] = lut[np.round(np.where(known, share, 0) * 255).astype(np.uint8)]
    rgba[..., 3] = np.where(known, 255, 0)
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "png")
    return "data:image/png;base64," + b64encode(file.getvalue()).decode()
