"""Pixels chosen for drawing, and maps read at them or between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.point_order import spread_order
from face3d_widgets.types import InverseDepth, Photo, read_only

__all__ = ["Samples", "bilinear", "samples_at", "spread_pixels"]


@dataclass(frozen=True, eq=False)
class Samples:
    """Pixels with all that relief and field of view do not change.

    Attributes
    ----------
    pixels : (n,) int32
        As `row * width + column`.
    x, y : (n,) float32
        Place in picture heights from the middle of the picture.
    values : (n,) float32
        Inverse depth.
    colors : (n, 3) uint8, sRGB
    """

    pixels: NDArray[np.int32]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    values: NDArray[np.float32]
    colors: NDArray[np.uint8]


def samples_at(
    photo: Photo,
    inverse_depth: InverseDepth,
    pixels: NDArray[np.int32],
    places: NDArray[np.float32] | None = None,
) -> Samples:
    """The samples of the given pixels; read-only, so that every cloud shares the same arrays.

    Parameters
    ----------
    photo : Photo
    inverse_depth : InverseDepth
    pixels : (n,) int32
    places : (n, 2) float32, optional
        Row and column of where they stand in the picture; the pixels' own without it.
    """
    h, w = photo.height, photo.width
    row, column = np.divmod(pixels, np.int32(w)) if places is None else places.T
    return Samples(
        pixels=read_only(pixels),
        x=((column + np.float32(0.5 - w / 2)) / np.float32(h)).astype(np.float32),
        y=((row + np.float32(0.5 - h / 2)) / np.float32(h)).astype(np.float32),
        values=read_only(inverse_depth.values.ravel()[pixels]),
        colors=read_only(photo.rgb.reshape(-1, 3)[pixels]),
    )


def spread_pixels(kept: NDArray[np.bool_], n_points: int) -> NDArray[np.int32]:
    """The first `n_points` kept pixels of the well-spread order, or all there are.

    Parameters
    ----------
    kept : (h, w) bool
    n_points : int
    """
    order = spread_order(*kept.shape)
    flat = kept.ravel()
    # The order is evenly spread, so a prefix a little longer than its share of
    # kept pixels asks for nearly always holds enough.
    enough = int(1.1 * n_points * flat.size / max(int(np.count_nonzero(flat)), 1)) + 1000
    pixels = order[:enough][flat[order[:enough]]]
    if len(pixels) < n_points and enough < flat.size:
        pixels = order[flat[order]]
    return pixels[:n_points]


def bilinear(
    values: NDArray[np.float32],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    edge: float = np.inf,
) -> NDArray[np.float32]:
    """A map between pixel centres.

    Parameters
    ----------
    values : (h, w) float32
    rows, columns : (n,) float
        Places; the first pixel's centre is (0.5, 0.5). Beyond the outermost centres
        the map goes on as it ends.
    edge : float
        Where the four pixels around differ by more, the nearest pixel's own value is
        taken: a mean of face and background is neither.

    Returns
    -------
    (n,) float32
    """
    h, w = values.shape
    v, u = np.clip(rows - 0.5, 0, h - 1), np.clip(columns - 0.5, 0, w - 1)
    top, left = np.minimum(v.astype(np.intp), h - 2), np.minimum(u.astype(np.intp), w - 2)
    top, left = np.maximum(top, 0), np.maximum(left, 0)
    bottom, right = np.minimum(top + 1, h - 1), np.minimum(left + 1, w - 1)
    down, across = (v - top).astype(np.float32), (u - left).astype(np.float32)
    corners = values[top, left], values[top, right], values[bottom, left], values[bottom, right]
    upper = corners[0] + across * (corners[1] - corners[0])
    lower = corners[2] + across * (corners[3] - corners[2])
    between = upper + down * (lower - upper)
    if edge == np.inf:
        return between
    apart = np.maximum.reduce(corners) - np.minimum.reduce(corners) > edge
    nearest = values[np.rint(v).astype(np.intp), np.rint(u).astype(np.intp)]
    return np.where(apart, nearest, between)
