"""The border of a grid's surface: along the outline, without the squares of its cells.

Whole cells make steps. Two things take them away, and neither goes over a pixel that does
not belong to the surface: a triangle closes the inner corner of a step, and the nodes along
the border move, in the picture and by less than a cell, to where the border runs smoothly.

References
----------
Taubin, G. (1995). A signal processing approach to fair surface design. SIGGRAPH.
https://doi.org/10.1145/218380.218473
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.cells import Cells, triangles

__all__ = ["Border", "border_of"]

# In turns a node moves this share of the way to the middle of its two neighbours, and a
# little farther away from it, which smooths without shrinking (Taubin).
TOWARDS, AWAY = 0.5, -0.52
ROUNDS = 8
# A node moves at most this far along rows and along columns, in cells.
FARTHEST = 0.6
# What is left at least of a triangle's area in the picture.
LEAST_AREA = 0.25
# A move that goes too far is halved so often, then it is not made.
HALVINGS = 3


@dataclass(frozen=True, eq=False)
class Border:
    """The smooth border of a grid.

    Attributes
    ----------
    corners : (m, 3) int32
        Triangles in the inner corners of steps, into the nodes, row by row;
        counter-clockwise before the camera.
    nodes : (k,) intp
        The nodes along the border.
    places : (k, 2) float32
        Where they move to, as (row, column) of the photo's pixels; a whole number is a
        pixel's centre.
    free, before, after : (f,) intp
        Numbers in `nodes`: of those that may move, and of their two neighbours along it.
    """

    corners: NDArray[np.int32]
    nodes: NDArray[np.intp]
    places: NDArray[np.float32]
    free: NDArray[np.intp]
    before: NDArray[np.intp]
    after: NDArray[np.intp]

    def evened(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(k,) float32: values at the border without the teeth that its steps had cut.

        None leaves the range of its own and its two neighbours' values.
        """
        around = np.stack([values[at] for at in (self.free, self.before, self.after)])
        result = _evened(values, self.free, self.before, self.after)
        result[self.free] = np.clip(result[self.free], around.min(axis=0), around.max(axis=0))
        return result


def border_of(
    cells: Cells,
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    kept: NDArray[np.bool_],
) -> Border:
    """The border of a grid's cells.

    Parameters
    ----------
    cells : (r - 1, c - 1) bool
    rows, columns : (r,), (c,) int32
        The pixel of every node.
    kept : (h, w) bool
        Pixels that belong to the surface.
    """
    node = np.arange(len(rows) * len(columns), dtype=np.int32).reshape(len(rows), -1)
    c = np.pad(cells, 1)
    # Sides with a cell on one side only: to the next node in the row, and in the column.
    across, down = c[1:, 1:-1] ^ c[:-1, 1:-1], c[1:-1, 1:] ^ c[1:-1, :-1]
    corners = []
    for i, j, row, column in _inner_corners(c, rows, columns, kept):
        across[row + i, column] = down[row, column + j] = False
        beside = node[row + i, column + 1 - j], node[row + 1 - i, column + j]
        turn = beside[::-1] if i == j else beside
        corners.append(np.stack([node[row + i, column + j], *turn], axis=1))
    faces = np.concatenate(corners)
    sides = np.concatenate(
        [
            np.stack([node[:, :-1][across], node[:, 1:][across]], axis=1),
            np.stack([node[:-1][down], node[1:][down]], axis=1),
            faces[:, 1:],
        ]
    )
    nodes, *path = _path(sides, rows, columns)
    own = _places(nodes, rows, columns)
    farthest = FARTHEST * np.array([_step(rows), _step(columns)], np.float32)
    smooth = np.stack([_evened(at, *path) for at in own.T], axis=1)
    shift = np.clip(smooth - own, -farthest, farthest)
    checked = np.concatenate([_triangles_at(nodes, cells), faces])
    shift = _allowed(nodes, shift, checked, rows, columns, kept)
    return Border(faces, nodes, own + shift, *path)


def _inner_corners(
    padded: Cells, rows: NDArray[np.int32], columns: NDArray[np.int32], kept: NDArray[np.bool_]
) -> list[tuple[int, int, NDArray[np.intp], NDArray[np.intp]]]:
    """For each of a cell's corners (i, j), the missing cells that have all cells around it.

    Not those that have them at two corners, nor where the middle of the cell is not kept.

    Parameters
    ----------
    padded : (r + 1, c + 1) bool
        Cells with a rim of missing ones.
    """
    beside = padded[1:-1, :-2] | padded[1:-1, 2:]
    row, column = np.nonzero(~padded[1:-1, 1:-1] & beside & (padded[:-2, 1:-1] | padded[2:, 1:-1]))
    found = {}
    for i, j in itertools.product((0, 1), repeat=2):
        over, left = row + 2 * i, column + 2 * j
        full = padded[over, column + 1] & padded[row + 1, left] & padded[over, left]
        # The pixel in the middle, or the nearest to it on the corner's side.
        near, far = (row + i, column + j), (row + 1 - i, column + 1 - j)
        middle = [
            at[n] + np.trunc((at[f] - at[n]) / 2).astype(np.intp)
            for at, n, f in zip((rows, columns), near, far, strict=True)
        ]
        found[i, j] = full & kept[middle[0], middle[1]]
    single = sum(full.astype(np.int8) for full in found.values()) == 1
    return [(i, j, row[full & single], column[full & single]) for (i, j), full in found.items()]


def _places(
    nodes: NDArray[np.integer], rows: NDArray[np.int32], columns: NDArray[np.int32]
) -> NDArray[np.float32]:
    """(..., 2) float32: row and column of the pixels of nodes."""
    row, column = np.divmod(nodes, len(columns))
    return np.stack([rows[row], columns[column]], axis=-1).astype(np.float32)


def _path(
    sides: NDArray[np.int32], rows: NDArray[np.int32], columns: NDArray[np.int32]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The nodes of sides; the numbers of those that have two, and of the two beside them.

    Nodes along the picture's own edges are not among the latter: they stay.
    """
    nodes, number = np.unique(sides, return_inverse=True)
    number = number.reshape(sides.shape)
    start = np.concatenate([number[:, 0], number[:, 1]])
    end = np.concatenate([number[:, 1], number[:, 0]])[np.argsort(start, kind="stable")]
    count = np.bincount(start, minlength=len(nodes))
    first = np.cumsum(count) - count
    row, column = np.divmod(nodes, len(columns))
    inside = (row > 0) & (row < len(rows) - 1) & (column > 0) & (column < len(columns) - 1)
    free = np.flatnonzero((count == 2) & inside)
    return nodes.astype(np.intp), free, end[first[free]], end[first[free] + 1]


def _evened(
    values: NDArray[np.float32],
    free: NDArray[np.intp],
    before: NDArray[np.intp],
    after: NDArray[np.intp],
) -> NDArray[np.float32]:
    """(k,) float32: values along a path, smoothed where they are free."""
    result = values.copy()
    for share in (TOWARDS, AWAY) * ROUNDS:
        result[free] += share * ((result[before] + result[after]) / 2 - result[free])
    return result


def _step(places: NDArray[np.int32]) -> float:
    """Pixels between two nodes, on average."""
    return float(places[-1] - places[0]) / max(len(places) - 1, 1)


def _triangles_at(nodes: NDArray[np.intp], cells: Cells) -> NDArray[np.int32]:
    """The triangles of the cells that have one of the nodes, (m, 3) into all nodes."""
    h, w = cells.shape
    at = np.zeros((h + 1, w + 1), bool)
    at.ravel()[nodes] = True
    row, column = np.nonzero(cells & (at[:-1, :-1] | at[1:, :-1] | at[:-1, 1:] | at[1:, 1:]))
    first = (row * (w + 1) + column).astype(np.int32)[:, None]
    square = triangles(np.ones((1, 1), bool))  # of one cell's nodes: 0, 1 above 2, 3
    return (first + np.array([0, 1, w + 1, w + 2], np.int32)[square.ravel()]).reshape(-1, 3)


def _allowed(
    nodes: NDArray[np.intp],
    shift: NDArray[np.float32],
    faces: NDArray[np.int32],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    kept: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """The moves, shortened until no triangle is too small and every place is kept."""
    shift = np.concatenate([shift, np.zeros((1, 2), np.float32)])  # the last is everybody else's
    number = np.full(len(rows) * len(columns), len(nodes), np.int32)
    number[nodes] = np.arange(len(nodes))
    own, who = _places(nodes, rows, columns), number[faces]
    corners = _places(faces, rows, columns)
    least = LEAST_AREA * _areas(corners)
    attempt = 0
    while True:
        row, column = np.rint(own + shift[:-1]).astype(np.intp).T
        wrong = np.append(~kept[row, column], False)
        wrong[who[_areas(corners + shift[who]) < least]] = True
        wrong &= shift.any(axis=1)
        if not wrong.any():
            return shift[:-1]
        shift[wrong] *= 0.5 if attempt < HALVINGS else 0.0
        attempt += 1


def _areas(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Twice the area of (m, 3, 2) triangles, in their own turning direction."""
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
