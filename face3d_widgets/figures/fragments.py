"""Rasterization of triangles, discs, squares and lines to pixels, of many at once.

Everything becomes fragments, which are (pixel, nearness, source) in three arrays.
Nothing loops over shapes or pixels. Places on the screen are (3, n) float32: x and y in
pixels from the upper left corner, and nearness, 1 / distance along the view, which is
straight across a triangle on the screen, and larger for what is nearer.

References
----------
Pineda, J. (1988). A parallel algorithm for polygon rasterization. SIGGRAPH 22(4).
https://doi.org/10.1145/54852.378457
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Fragments",
    "along_lines",
    "disc_fragments",
    "draw_squares",
    "in_parts",
    "keys_of",
    "triangle_fragments",
]

_AT_A_TIME = 8192  # triangles or discs


@dataclass(frozen=True, eq=False)
class Fragments:
    """Pixels that something covers; one pixel may be there many times.

    Attributes
    ----------
    pixels : (n,) int32
        As `row * width + column`.
    nearness : (n,) float32
    source : (n,) int32
        What covers it: a row of the colours.
    """

    pixels: NDArray[np.int32]
    nearness: NDArray[np.float32]
    source: NDArray[np.int32]


def keys_of(nearness: NDArray[np.float32], source: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Nearness above, source below: of a pixel's keys, the largest is what is seen there.

    The bits of floats above zero sort as the numbers do.
    """
    above = nearness.view(np.uint32).astype(np.uint64) << np.uint64(32)
    return above | source.astype(np.uint64)


def in_parts(indices: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
    """Pieces that are worked on one after the other, so that each fits into the CPU's cache."""
    for start in range(0, len(indices), _AT_A_TIME):
        yield indices[start : start + _AT_A_TIME]


def _boxes(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    top: NDArray[np.float32],
    bottom: NDArray[np.float32],
    w: int,
    h: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Every pixel whose middle lies in a box: its box, its column, its row; and the boxes used."""
    first = np.ceil(np.clip(left, 0, w) - np.float32(0.5)).astype(np.int32)
    above = np.ceil(np.clip(top, 0, h) - np.float32(0.5)).astype(np.int32)
    columns = np.ceil(np.clip(right, 0, w) - np.float32(0.5)).astype(np.int32) - first
    rows = np.ceil(np.clip(bottom, 0, h) - np.float32(0.5)).astype(np.int32) - above
    used = np.flatnonzero((columns > 0) & (rows > 0)).astype(np.int32)
    columns, rows = columns[used], rows[used]
    count = columns * rows
    begins = np.cumsum(count, dtype=np.int64) - count
    box = np.repeat(np.arange(len(used), dtype=np.int32), count)
    inside = np.arange(len(box), dtype=np.int32) - begins.astype(np.int32)[box]
    row = inside // columns[box]
    column = inside - row * columns[box]
    return box, column + first[used][box], row + above[used][box], used


def triangle_fragments(
    corners: NDArray[np.float32], source: NDArray[np.int32], w: int, h: int
) -> Fragments:
    """Pixels whose middles lie in triangles; corners (3, 3, m): x, y, nearness of a, b, c."""
    x, y, nearness = corners
    box, column, row, used = _boxes(x.min(0), x.max(0), y.min(0), y.max(0), w, h)
    # Barycentric coordinates as planes over the screen: u = ux * x + uy * y.
    (xa, xb, xc), (ya, yb, yc) = x[:, used], y[:, used]
    x1, y1, x2, y2 = xb - xa, yb - ya, xc - xa, yc - ya
    area = x1 * y2 - x2 * y1
    area[area == 0] = np.inf
    px = column.astype(np.float32) + np.float32(0.5) - xa[box]
    py = row.astype(np.float32) + np.float32(0.5) - ya[box]
    u = (y2 / area)[box] * px - (x2 / area)[box] * py
    v = (x1 / area)[box] * py - (y1 / area)[box] * px
    inside = np.flatnonzero((u >= 0) & (v >= 0) & (u + v <= 1))
    box = box[inside]
    near_a, near_b, near_c = nearness[:, used]
    near = near_a[box] + u[inside] * (near_b - near_a)[box] + v[inside] * (near_c - near_a)[box]
    return Fragments(row[inside] * np.int32(w) + column[inside], near, source[used][box])


def disc_fragments(
    place: NDArray[np.float32], size: float, source: NDArray[np.int32], w: int, h: int
) -> Fragments:
    """Pixels in discs around places (3, n): x, y, nearness."""
    x, y, nearness = place
    half = np.float32(size / 2)
    box, column, row, used = _boxes(x - half, x + half, y - half, y + half, w, h)
    dx = column.astype(np.float32) + np.float32(0.5) - x[used][box]
    dy = row.astype(np.float32) + np.float32(0.5) - y[used][box]
    inside = np.flatnonzero(dx * dx + dy * dy <= half * half)
    box, column, row = box[inside], column[inside], row[inside]
    return Fragments(row * np.int32(w) + column, nearness[used][box], source[used][box])


def along_lines(
    place: NDArray[np.float32], size: float
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Dots side by side along every piece of line: places (3, k), and where a piece begins."""
    nearness = place[2]
    pieces = np.flatnonzero((nearness[:-1] > 0) & (nearness[1:] > 0)).astype(np.int32)
    step = place[:, pieces + 1] - place[:, pieces]
    # Half a dot's size apart; a line that leaves the picture far is not walked to its end.
    count = np.ceil(np.abs(step[:2]).max(axis=0, initial=0) / np.float32(max(size / 2, 1)))
    count = np.clip(count, 1, 20_000).astype(np.int32) + 1
    piece = np.repeat(np.arange(len(pieces), dtype=np.int32), count)
    begins = (np.cumsum(count) - count).astype(np.int32)
    share = (np.arange(len(piece), dtype=np.int32) - begins[piece]).astype(np.float32)
    share /= (count - 1).astype(np.float32)[piece]
    start = pieces[piece]
    return place[:, start] + share * step[:, piece], start


def draw_squares(
    nearest: NDArray[np.uint64],
    place: NDArray[np.float32],
    keys: NDArray[np.uint64],
    size: float,
    w: int,
    h: int,
) -> None:
    """Squares of one size: each in one pixel, then a maximum over a window of that size.

    The work hardly grows with their number, or with their size.
    """
    side = max(round(size), 1)
    half = np.float32(side / 2)
    column, row = np.rint(place[:2] - half) + np.float32(side)
    inside = (column >= 0) & (column < w + side) & (row >= 0) & (row < h + side)
    field = np.zeros((h + side, w + side), np.uint64)
    pixels = row[inside].astype(np.int32) * np.int32(w + side) + column[inside].astype(np.int32)
    np.maximum.at(field.ravel(), pixels, keys[inside])
    for axis in (0, 1):
        along = np.moveaxis(field, axis, 0)
        covered = 1
        while covered < side:  # twice as many with each round
            step = min(covered, side - covered)
            np.maximum(along[step:], along[:-step].copy(), out=along[step:])
            covered += step
    into = nearest.reshape(h, w)
    np.maximum(into, field[side:, side:], out=into)
