"""Colours of points: one byte each, on a scale of 256 colours.

Every way of colouring ends in such bytes, because Plotly takes numbers on a colour
scale quickly and strings slowly, and because one byte a point is little to send.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.figures.colormaps import colormap_lut, to_colorscale
from face3d_widgets.figures.palette import PhotoPalette
from face3d_widgets.figures.scene import Scene
from face3d_widgets.geometry import SubjectStats, vertex_normals
from face3d_widgets.types import Mesh, ViewParams

__all__ = [
    "MOST_UNCERTAIN",
    "UNCERTAINTY_COLORMAP",
    "ColorScale",
    "color_bar",
    "color_bytes",
    "color_scale_of",
    "colored_parts",
    "depth_bytes",
    "normal_bytes",
    "normal_lut",
    "normals_of",
    "screen_range",
    "stops",
    "uncertainty_bytes",
]

ColorScale = PhotoPalette | str
"""The photo's palette, a colour map's name, `NORMALS`, `UNCERTAINTY` or `CLAY`."""

NORMALS, UNCERTAINTY, CLAY = "normals", "uncertainty", "clay"

#: Share of the relief at the bright end of the colours of uncertainty. It is the same for
#: every photo and network, so that colours can be compared.
MOST_UNCERTAIN = 0.06
#: Dark is sure, bright moves most.
UNCERTAINTY_COLORMAP = "Inferno"

# A light warm grey, which tells nothing of anybody's skin.
_CLAY_COLOR = "rgb(214,207,199)"
# Levels of each of the two directions across the picture: 16 x 16 is a byte.
_LEVELS = 16
# Roberts' R2 sequence (see geometry.point_order): evenly spread numbers.
_R2 = (0.7548776662466927, 0.5698402909980532)


def color_scale_of(scene: Scene, view: ViewParams) -> ColorScale:
    """The scale that a scene's bytes stand on.

    A shaded mesh with the photo's colours is drawn as clay: the photo has shadows of
    its own, which the eye would take for shape.
    """
    colored_by = scene.colored_by(view)
    if colored_by == "normals":
        return NORMALS
    if colored_by == "depth":
        return view.colormap
    if colored_by == "uncertainty":
        return UNCERTAINTY
    if view.shaded and scene.drawn_as(view) == "mesh":
        return CLAY
    return scene.palette


def stops(scale: ColorScale) -> list[list[float | str]]:
    """A scale as Plotly wants it."""
    if isinstance(scale, PhotoPalette):
        return scale.colorscale
    if scale == CLAY:
        return [[0.0, _CLAY_COLOR], [1.0, _CLAY_COLOR]]
    if scale == NORMALS:
        return to_colorscale(normal_lut())
    return to_colorscale(colormap_lut(UNCERTAINTY_COLORMAP if scale == UNCERTAINTY else scale))


def color_bar(scale: ColorScale) -> dict[str, Any] | None:
    """The colour bar of a scale, as Plotly wants it; None where it would say nothing.

    A flat bar within the picture, low in its middle, that takes no room from the view.
    The screen has a legend of its own: `figure_as_shown` switches the bar on.
    """
    if scale != UNCERTAINTY:
        return None
    most = 100 * MOST_UNCERTAIN
    return {
        "title": {"text": "moves by, in percent of the relief", "side": "top"},
        "orientation": "h",
        "thickness": 10,
        "len": 0.5,
        "x": 0.5,
        "y": 0.01,
        "yanchor": "bottom",
        "xpad": 0,
        "ypad": 0,
        "outlinewidth": 0,
        "tickvals": [0, 127.5, 255],
        "ticktext": ["0", f"{most / 2:g}", f"{most:g} or more"],
        "tickfont": {"size": 12, "color": "#222"},
    }


def colored_parts(trace: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The parts of a trace in JSON that may have a colour scale: itself, markers, line."""
    return trace, trace.get("marker", {}), trace.get("line", {})


def color_bytes(
    scene: Scene, view: ViewParams, take: NDArray[np.int32] | None = None
) -> NDArray[np.uint8]:
    """Each point's place on the colour scale, 0 to 255.

    Parameters
    ----------
    scene : Scene
    view : ViewParams
    take : (k,) int32 or None
        Of these points alone, in this order.

    Returns
    -------
    (n,) or (k,) uint8

    Raises
    ------
    ValueError
        For the normals of a cloud that has none.
    """
    cloud = scene.cloud
    every = slice(None) if take is None else take
    colored_by = scene.colored_by(view)
    if colored_by == "normals":
        return normal_bytes(normals_of(scene)[every])
    if colored_by == "depth":
        return depth_bytes(cloud.inverse_depth[every], scene.stats)
    if colored_by == "uncertainty":
        assert scene.uncertainty is not None
        return uncertainty_bytes(scene.uncertainty.ravel()[cloud.pixels[every]])
    return scene.palette.indices[cloud.pixels[every]]


def depth_bytes(values: NDArray[np.float32], stats: SubjectStats) -> NDArray[np.uint8]:
    """Inverse depth as 0 to 255 over the subject's range; only for the screen.

    Parameters
    ----------
    values : (n,) float32
    stats : SubjectStats
    """
    low, high = screen_range(stats)
    share = (values - np.float32(low)) * np.float32(255 / (high - low))
    return np.clip(share, 0, 255).astype(np.uint8)


def uncertainty_bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Uncertainty as 0 to 255, from 0 to `MOST_UNCERTAIN`.

    Parameters
    ----------
    values : (n,) float32
        Shares of the subject's relief.
    """
    return np.clip(values * np.float32(255 / MOST_UNCERTAIN), 0, 255).astype(np.uint8)


def screen_range(stats: SubjectStats) -> tuple[float, float]:
    """Inverse depth shown black and white: the subject's range and a fifth more."""
    margin = 0.2 * max(stats.near - stats.far, 1e-6)
    return stats.far - 3 * margin, stats.near + margin


def normals_of(scene: Scene) -> NDArray[np.float32]:
    """(n, 3) float32, camera frame: the cloud's own normals, or those of the mesh's faces.

    Raises
    ------
    ValueError
        For a cloud without normals.
    """
    if scene.cloud.normals is not None:
        return scene.cloud.normals
    if isinstance(scene.shape, Mesh):
        return vertex_normals(scene.cloud.points, scene.shape.faces)
    raise ValueError(
        "these points have no normals to colour by; ask the geometry for normals too, "
        "or draw a mesh"
    )


@lru_cache(maxsize=1)
def normal_lut() -> NDArray[np.uint8]:
    """The colours of a normal map for `normal_bytes`, (256, 3) uint8, sRGB, read-only.

    Red grows to the right, green upwards and blue towards the camera, each from 0 at
    -1 to 255 at 1, as in the normal maps of OpenGL and glTF.
    """
    across = np.linspace(-1, 1, _LEVELS)
    up, right = (part.ravel() for part in np.meshgrid(across, across, indexing="ij"))
    toward = np.sqrt(np.clip(1 - right**2 - up**2, 0, None))
    lut = np.round(127.5 * (1 + np.stack([right, up, toward], axis=1))).astype(np.uint8)
    lut.flags.writeable = False
    return lut


def normal_bytes(normals: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Normals as bytes on the scale of `normal_lut`.

    Four bits for right and four for up; towards the camera follows from the two, since
    what is seen faces the camera. Sixteen levels would show as steps, so each number
    goes to one of its two nearest levels, and a fixed, evenly spread pattern says to
    which: the mean over a few points is exact (ordered dithering).

    Parameters
    ----------
    normals : (n, 3) float32
        Unit length, camera frame (x right, y down, z forward).

    Returns
    -------
    (n,) uint8
    """
    count = np.arange(len(normals), dtype=np.float64)
    levels = []
    for part, sign, step in ((normals[:, 0], 1, _R2[0]), (normals[:, 1], -1, _R2[1])):
        pattern = (count * step % 1).astype(np.float32)
        level = (np.float32(sign) * part + np.float32(1)) * np.float32((_LEVELS - 1) / 2) + pattern
        levels.append(np.clip(level, 0, _LEVELS - 1).astype(np.uint8))
    right, up = levels
    return up * np.uint8(_LEVELS) + right
