"""Flat figures that explain: arrays with their numbers, maps side by side, curves, points.

They fit a phone's width, name their quantities with units, and use colours that people
with any colour vision tell apart. Dragging or scrolling over a flat one moves the page.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from face3d_widgets.figures.colormaps import colormap_lut, to_colorscale

__all__ = ["array_figure", "curves_figure", "maps_figure", "points_figure", "static_config"]

# Wong's eight colours without black, yellow and the two light ones, which are faint on white.
# Wong, B. (2011). Points of view: Color blindness. https://doi.org/10.1038/nmeth.1618
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_DASHES = ("solid", "dash", "dot", "dashdot")
_SYMBOLS = ("circle", "square", "diamond", "x")
# Blue over white to vermilion, for differences; both ends are equally dark.
_DIVERGING = [[0.0, "#0072B2"], [0.5, "#f7f7f7"], [1.0, "#D55E00"]]
# Pixels along a map's longer side: enough for a screen, and little to send.
_MAP_SIDE = 200
_HEIGHT = 300
# Thickness of a flat sheet's box, so that it can be drawn at all.
_FLATTEST = 0.002
# Of a map's title in one line, where two maps stand side by side on a phone.
_TITLE_LETTERS = 20
_FONT = {"size": 14, "color": "#222"}


def array_figure(
    values: ArrayLike, label: str, digits: int = 2, colormap: str = "Cividis"
) -> go.Figure:
    """A small array as squares with their numbers in them.

    Parameters
    ----------
    values : (h, w) float
        Row 0 is on top, as in a picture.
    label : str
        The quantity and its unit, "inverse depth (1/m)".
    digits : int
        After the decimal point.
    colormap : str
        One of `COLORMAPS`; the brightest colour has the highest number.
    """
    array = _map(values)
    h, w = array.shape
    figure = go.Figure(
        go.Heatmap(
            z=array,
            x=list(range(w)),
            y=list(range(h)),
            text=[[f"{number:.{digits}f}" for number in row] for row in array],
            texttemplate="%{text}",
            textfont={"size": 16},
            colorscale=to_colorscale(colormap_lut(colormap)),
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="row %{y}, column %{x}: %{z:.4g}<extra></extra>",
        )
    )
    _plain(figure, height=100 + 60 * h)
    whole = {"tickmode": "linear", "dtick": 1, "showgrid": False}
    figure.update_layout(title={"text": label, "font": {"size": 14}}, margin_t=40)
    figure.update_xaxes(title="column", **whole)
    figure.update_yaxes(title="row", autorange="reversed", **whole)
    return figure


def maps_figure(
    maps: Mapping[str, ArrayLike],
    label: str,
    limits: tuple[float, float] | None = None,
    colormap: str = "Cividis",
    difference: bool = False,
) -> go.Figure:
    """Maps of one photo on one colour scale, two to a row.

    Parameters
    ----------
    maps : mapping of title to (h, w) float
        All of one quantity. NaN is left white, and rows and columns of nothing else at
        the borders are cut off where all maps have one size.
    label : str
        The quantity and its unit.
    limits : (low, high) or None
        Values at the ends of the scale; None takes the middle 98 percent of all maps.
    colormap : str
        One of `COLORMAPS`.
    difference : bool
        The quantity has a meaningful 0: blue is below, orange above, white is 0, and the
        limits are made even.

    Raises
    ------
    ValueError
        When there is no map, or nothing in it.
    """
    from plotly.subplots import make_subplots

    if not maps:
        raise ValueError("there is no map to show; give one with its title")
    whole = _trimmed([_map(values) for values in maps.values()])
    arrays = dict(zip(maps, map(_thinned, whole), strict=True))
    low, high = limits or _middle(list(arrays.values()), difference)
    columns = min(2, len(arrays))
    rows = -(-len(arrays) // columns)
    titles = ["<br>".join(textwrap.wrap(title, _TITLE_LETTERS)) for title in arrays]
    figure = make_subplots(rows, columns, subplot_titles=titles, horizontal_spacing=0.04)
    figure.update_annotations(font_size=13)
    colors = _DIVERGING if difference else to_colorscale(colormap_lut(colormap))
    for place, array in enumerate(arrays.values()):
        row, column = divmod(place, columns)
        figure.add_trace(
            go.Heatmap(
                z=array,
                coloraxis="coloraxis",
                hovertemplate="%{z:.4g}<extra></extra>",
            ),
            row=row + 1,
            col=column + 1,
        )
    h, w = next(iter(arrays.values())).shape
    tall = min(_HEIGHT, 330 * h / w)
    _plain(figure, height=round(110 + rows * tall + 30 * (rows - 1)))
    scale = {"colorscale": colors, "cmin": low, "cmax": high, "colorbar": _bar(label)}
    lines = max(title.count("<br>") for title in titles) + 1
    figure.update_layout(coloraxis=scale, margin_t=12 + 20 * lines)
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", constrain="domain")
    for number, y in enumerate(figure.select_yaxes(), start=1):
        y.update(scaleanchor="x" if number == 1 else f"x{number}", scaleratio=1)
    return figure


def curves_figure(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    x_label: str,
    y_label: str,
    points: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    equal: bool = False,
) -> go.Figure:
    """A few curves and sets of points, told apart by colour and by dash or symbol.

    Parameters
    ----------
    curves : mapping of name to (x, y)
        NaN parts a line in two.
    x_label, y_label : str
        Quantity and unit.
    points : mapping of name to (x, y), optional
        Drawn over the curves. Both together are at most four.
    equal : bool
        One unit is as long on both axes.

    Raises
    ------
    ValueError
        For more than four.
    """
    every = [(n, c, "lines") for n, c in curves.items()]
    every += [(n, c, "markers") for n, c in (points or {}).items()]
    if len(every) > len(_COLORS):
        raise ValueError(f"{len(every)} curves in one figure; show at most {len(_COLORS)}")
    figure = go.Figure()
    for k, (name, (x, y), mode) in enumerate(every):
        figure.add_trace(
            go.Scatter(
                x=np.asarray(x, np.float32),
                y=np.asarray(y, np.float32),
                name=name,
                mode=mode,
                line={"color": _COLORS[k], "dash": _DASHES[k], "width": 3},
                marker={"color": _COLORS[k], "symbol": _SYMBOLS[k], "size": 12},
            )
        )
    _plain(figure, height=_HEIGHT + 60)
    figure.update_layout(
        showlegend=len(every) > 1,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    )
    figure.update_xaxes(title=x_label)
    figure.update_yaxes(title=y_label)
    if equal:
        figure.update_xaxes(constrain="domain", nticks=4)
        figure.update_yaxes(scaleanchor="x", scaleratio=1, constrain="domain")
    return figure


def points_figure(
    points: ArrayLike,
    colors: NDArray[np.uint8],
    labels: Sequence[str] = ("x, right", "y, down", "z, forward"),
    eye: tuple[float, float, float] = (-0.9, -0.7, -1.7),
    up: tuple[float, float, float] = (0, -1, 0),
) -> go.Figure:
    """Points exactly where their numbers put them, with equal axes and nothing mended.

    Parameters
    ----------
    points : (n, 3) float
    colors : (n, 3) uint8, sRGB
    labels : three str
        What the axes are, with units.
    eye : (x, y, z)
        Where the viewer stands, in sizes of the box; the default is the photographer's
        place, a little to the left and above.
    up : (x, y, z)
        Which direction is up on the screen; the default is the camera frame's.
    """
    x, y, z = places = np.asarray(points, np.float32).reshape(-1, 3).T
    # Plotly's own "data" mode makes a flat sheet larger than its view.
    extent = np.ptp(places, axis=1)
    ratio = np.maximum(extent / max(float(extent.max()), 1e-12), _FLATTEST)
    red, green, blue = np.asarray(colors).reshape(-1, 3).T
    figure = go.Figure(
        go.Scatter3d(
            x=np.ascontiguousarray(x),
            y=np.ascontiguousarray(y),
            z=np.ascontiguousarray(z),
            mode="markers",
            hoverinfo="skip",
            marker={
                "size": 3,
                "color": [f"rgb({r},{g},{b})" for r, g, b in zip(red, green, blue, strict=True)],
            },
        )
    )
    _plain(figure, height=420)
    figure.update_layout(dragmode="orbit")  # Plotly's turntable knows no up but z
    axes = {f"{axis}axis": {"title": label} for axis, label in zip("xyz", labels, strict=True)}
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        scene={
            **axes,
            "aspectmode": "manual",
            "aspectratio": dict(zip("xyz", ratio.tolist(), strict=True)),
            "camera": {
                "eye": dict(zip("xyz", eye, strict=True)),
                "up": dict(zip("xyz", up, strict=True)),
            },
        },
    )
    return figure


def static_config() -> dict[str, bool]:
    """Plotly's settings for a figure in a text: no buttons, and the wheel scrolls the page."""
    return {"displayModeBar": False, "displaylogo": False, "responsive": True, "scrollZoom": False}


def _plain(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        autosize=True,
        height=height,
        margin={"l": 12, "r": 12, "t": 12, "b": 12},
        paper_bgcolor="white",
        plot_bgcolor="white",
        font=_FONT,
        dragmode=False,
    )
    axis = {
        "fixedrange": True,
        "automargin": True,
        "gridcolor": "#e3e3e3",
        "zerolinecolor": "#bbb",
        "linecolor": "#888",
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)


def _bar(label: str) -> dict[str, object]:
    """A colour bar under the figure, where it takes no width from it."""
    return {
        "title": {"text": label, "side": "top"},
        "orientation": "h",
        "thickness": 12,
        "x": 0.5,
        "xanchor": "center",
        "y": -0.05,
        "yanchor": "top",
        "len": 0.9,
    }


def _map(values: ArrayLike) -> NDArray[np.float32]:
    array = np.asarray(values, np.float32)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"a map has rows and columns, (h, w), and not {array.shape}")
    return array


def _trimmed(arrays: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Maps of one size without the borders where none has a value."""
    if len({array.shape for array in arrays}) > 1:
        return arrays
    known = np.any([np.isfinite(array) for array in arrays], axis=0)
    rows, columns = np.flatnonzero(known.any(axis=1)), np.flatnonzero(known.any(axis=0))
    if len(rows) == 0:
        return arrays
    return [array[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] for array in arrays]


def _thinned(array: NDArray[np.float32]) -> NDArray[np.float32]:
    step = max(1, -(-max(array.shape) // _MAP_SIDE))
    return np.ascontiguousarray(array[::step, ::step])


def _middle(arrays: list[NDArray[np.float32]], difference: bool) -> tuple[float, float]:
    known = np.concatenate([array[np.isfinite(array)] for array in arrays])
    if known.size == 0:
        raise ValueError("there is no value in the maps; check what they were made from")
    low, high = (float(q) for q in np.quantile(known, [0.01, 0.99]))
    if difference:
        high = max(abs(low), abs(high), 1e-12)
        return -high, high
    return (low, high) if high > low else (low - 0.5, low + 0.5)
