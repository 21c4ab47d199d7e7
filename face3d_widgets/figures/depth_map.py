"""A depth map as a figure, with the scale of its colours beside it."""

from __future__ import annotations

import io
import math
from base64 import b64encode

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from face3d_widgets.figures.colormaps import colormap_lut, to_colorscale

__all__ = ["depth_map_figure"]

# Letters and margins of the figure at its size on the screen, in pixels.
_FONT, _EDGE, _SCALE_WIDTH = 14, 12, 18
_LARGER_SIDE = 480
# Beside the bar: a tick and its distance to the label, a digit, the line of the bar's title.
_TICK, _DIGIT, _TITLE = 10, 8.2, 36
_TICKS = 6  # about so many


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
    ticks, labels = _ticks(low, high)
    # Its own room, however long the labels: Plotly would take it from the picture.
    room = _EDGE + _SCALE_WIDTH + _TICK + math.ceil(_DIGIT * max(map(len, labels))) + _TITLE
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
                    "tickvals": ticks,
                    "ticktext": labels,
                },
            },
        )
    )
    axis = {"visible": False, "fixedrange": True}
    figure.update_layout(
        width=wide + _EDGE + room,
        height=tall + 2 * _EDGE,
        margin={"l": _EDGE, "r": room, "t": _EDGE, "b": _EDGE, "autoexpand": False},
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


def _ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Round numbers within the limits, and how they are written."""
    least = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(least))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)
    numbers = [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    largest = max(abs(low), abs(high))
    if largest >= 1e5 or step < 1e-4:
        digits = max(0, math.floor(math.log10(largest)) - math.floor(math.log10(step)))
        texts = [f"{number:.{digits}e}" for number in numbers]
    else:
        decimals = max(0, -math.floor(math.log10(step * 1.001)))
        texts = [f"{number:.{decimals}f}" for number in numbers]
    return numbers, [text.replace("-", "\N{MINUS SIGN}") for text in texts]


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
