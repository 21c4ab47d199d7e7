"""A triangulated grid over a photo's pixels, cut open at depth edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.cells import (
    close_holes,
    drop_specks,
    nodes_of,
    spread_into,
    triangles,
)
from face3d_widgets.types import read_only

__all__ = ["Grid", "grid_over"]

# A hole with a rim no longer than this, in picture heights, is closed: on a head
# 0.4 wide it is a little over a centimetre across.
LONGEST_RIM = 0.1
# A part with less than this share of the surface is a loose speck.
SPECK = 0.002


@dataclass(frozen=True, eq=False)
class Grid:
    """Pixels joined to triangles.

    Attributes
    ----------
    rows, columns : (r,), (c,) int32
        The pixel of every node.
    cells : (r - 1, c - 1) bool
    holes : (r, c) bool
        Nodes inside a hole that was closed: what the network says there does not count.
    used : (r, c) bool
        Nodes that have a cell; they are the vertices, row by row.
    faces : (m, 3) int32
        Indices into the vertices, counter-clockwise before the camera.
    """

    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    cells: NDArray[np.bool_]
    holes: NDArray[np.bool_]
    used: NDArray[np.bool_]
    faces: NDArray[np.int32]

    def pixels(self, width: int) -> NDArray[np.int32]:
        """(n,) int32: the pixel of every vertex in a photo `width` pixels wide."""
        return (self.rows[:, None] * np.int32(width) + self.columns)[self.used]

    def at_nodes(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(r, c) float32: a map at every node, with closed holes spanned from their rims.

        Parameters
        ----------
        values : (h, w) float32
            Of the photo's size.
        """
        return spread_into(values[np.ix_(self.rows, self.columns)], self.holes)


def grid_over(
    values: NDArray[np.float32],
    kept: NDArray[np.bool_],
    step: float,
    steepest: NDArray[np.float32] | float,
) -> Grid:
    """A grid with a node every `step` pixels.

    Both triangles of a cell are drawn when its four corners are kept and none of its
    sides crosses a depth edge. Small holes are closed and loose specks left out.

    Parameters
    ----------
    values : (h, w) float32
        Inverse depth.
    kept : (h, w) bool
        Pixels that belong to the surface.
    step : float
        At least 1; nodes lie at whole pixels.
    steepest : float or (h, w) float32
        Change of `values` a pixel beyond which there is a depth edge; between two nodes
        the larger of theirs counts.
    """
    h, w = values.shape
    rows = np.arange(0, h - 0.5, step).astype(np.int32)
    columns = np.arange(0, w - 0.5, step).astype(np.int32)
    node = np.ix_(rows, columns)
    inside, at_node = kept[node], values[node]
    flat = np.broadcast_to(np.float32(step) * np.asarray(steepest, np.float32), (h, w))[node]
    across = np.abs(np.diff(at_node, axis=1)) <= np.maximum(flat[:, 1:], flat[:, :-1])
    down = np.abs(np.diff(at_node, axis=0)) <= np.maximum(flat[1:], flat[:-1])
    found = inside[:-1, :-1] & inside[1:, :-1] & inside[:-1, 1:] & inside[1:, 1:]
    found &= across[:-1] & across[1:] & down[:, :-1] & down[:, 1:]

    closed = close_holes(found, LONGEST_RIM * h / step)
    cells = drop_specks(closed, SPECK)
    used = nodes_of(cells)
    renumbered = (np.cumsum(used) - 1).astype(np.int32)
    return Grid(
        rows=rows,
        columns=columns,
        cells=cells,
        holes=nodes_of(closed & ~found) & ~nodes_of(found),
        used=used,
        faces=read_only(renumbered[triangles(cells)]),
    )
