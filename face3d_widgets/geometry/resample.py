"""A photo's maps on a grid of another size, or seen along parallel rays.

References
----------
IEC 61966-2-1:1999, sRGB. ISO/CIE 11664-4:2019, CIE 1976 L*a*b* colour space.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.samples import bilinear
from face3d_widgets.srgb import light_of_bytes
from face3d_widgets.types import Intrinsics

__all__ = ["area_means", "lightness", "seen_along_z"]

# Depths tried along a parallel ray before the crossing is placed between two of them.
STEPS = 96
# Change of depth between neighbouring pixels, in widths of a pixel, that is an edge.
STEEP = 8.0
# The outermost pixels' own slope, in widths of a pixel.
RIM = 3.0


def area_means(
    image: NDArray, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Means over the rectangles between the given edges.

    Parameters
    ----------
    image : (h, w)
    rows, columns : (r + 1,), (c + 1,) float, increasing
        Edges in pixels, from 0 to h and to w.

    Returns
    -------
    (r, c) float32
    """

    def means_down(columns_of: NDArray, edges: NDArray[np.float64]) -> NDArray:
        total = np.cumsum(np.pad(columns_of, ((1, 0), (0, 0))), axis=0)
        whole = np.minimum(edges.astype(np.intp), len(columns_of) - 1)
        share = (edges - whole)[:, None]
        return np.diff(total[whole] + share * columns_of[whole], axis=0) / np.diff(edges)[:, None]

    down = means_down(np.asarray(image, np.float64), rows)
    return means_down(down.T, columns).T.astype(np.float32)


def lightness(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """CIE 1976 lightness of sRGB pixels: 0 black to 100 white, even to the eye.

    Parameters
    ----------
    rgb : (h, w, 3) uint8

    Returns
    -------
    (h, w) float32
    """
    luminance = light_of_bytes().astype(np.float32)[rgb] @ np.array(
        [0.2126, 0.7152, 0.0722], np.float32
    )
    dark = luminance <= np.float32((6 / 29) ** 3)
    result = np.where(dark, luminance * np.float32((29 / 3) ** 3), 116 * np.cbrt(luminance) - 16)
    return np.clip(result, 0, 100).astype(np.float32)


def seen_along_z(
    depth: NDArray[np.float32],
    on_surface: NDArray[np.bool_],
    camera: Intrinsics,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Depth of a surface as parallel rays along z meet it first.

    The camera saw it along rays that spread; here perspective is taken out, as a
    printer needs it. Each ray is followed from front to back, over the pixels that show
    it, until it passes from before the surface to behind it. A ray that comes in
    beside the outline, already behind the surface, does not meet it.

    Parameters
    ----------
    depth : (h, w) float32
    on_surface : (h, w) bool
    camera : Intrinsics
        That saw `depth`.
    x, y : (c,), (r,) float
        Places of the rays, in the unit of `depth`.

    Returns
    -------
    (r, c) float32
        NaN where a ray meets nothing.
    """
    h, w = depth.shape
    result = np.full((len(y), len(x)), np.nan, np.float32)
    if not on_surface.any():
        return result
    wall = np.where(on_surface, depth, np.float32(np.inf)).ravel()
    seen = depth[on_surface]
    tried = np.linspace(seen.min(), seen.max(), STEPS, dtype=np.float32)
    away_x = np.broadcast_to(x * camera.fx, result.shape).ravel().astype(np.float32)
    away_y = np.broadcast_to((y * camera.fy)[:, None], result.shape).ravel().astype(np.float32)
    waiting = np.arange(result.size)
    before = np.zeros(result.size, bool)  # in front of the surface, one step ago
    pixel_size = float(np.median(seen)) / camera.fy
    # A ray that comes in within one step of the rim meets the rim.
    rim = float(tried[1] - tried[0]) + RIM * pixel_size

    def at(rays: NDArray[np.intp], z: NDArray | np.float32) -> tuple[NDArray, NDArray]:
        return away_y[rays] / z + np.float32(camera.cy), away_x[rays] / z + np.float32(camera.cx)

    met: list[tuple[NDArray[np.intp], int, NDArray[np.bool_]]] = []
    for k, z in enumerate(tried):
        row, column = at(waiting, z)
        inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
        pixel = row.astype(np.int32) * np.int32(w) + column.astype(np.int32)
        there = np.full(len(waiting), np.inf, np.float32)
        there[inside] = wall[pixel[inside]]
        meets = (there <= z) & (before | (there >= z - rim))
        if meets.any():
            met.append((waiting[meets], k, before[meets]))
        waiting, there = waiting[~meets], there[~meets]
        before = (there > z) & np.isfinite(there)

    flat = result.ravel()
    for rays, k, from_front in met:
        # Between this step and the last the surface is taken for straight; a ray that
        # came in at the rim stands where it did.
        far, near = tried[k], tried[max(k - 1, 0)]
        short = near - bilinear(depth, *at(rays, near), STEEP * pixel_size)
        past = far - bilinear(depth, *at(rays, far), STEEP * pixel_size)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.clip(short / (short - past), 0, 1)
        share = np.where(from_front & np.isfinite(share), share, 1)
        flat[rays] = near + share * (far - near)
    return result
