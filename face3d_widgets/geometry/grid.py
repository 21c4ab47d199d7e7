"""A triangulated grid over a photo's pixels, cut open at depth edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.border import Border, border_of
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
    border : Border
        How it runs smoothly.
    faces : (m, 3) int32
        Indices into the vertices, counter-clockwise before the camera.
    """

    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    cells: NDArray[np.bool_]
    holes: NDArray[np.bool_]
    used: NDArray[np.bool_]
    border: Border
    faces: NDArray[np.int32]

    def pixels(self, width: int) -> NDArray[np.int32]:
        """(n,) int32: the pixel of every vertex in a photo `width` pixels wide.

        A vertex along the border lies up to a cell beside its pixel; see `places`.
        """
        return (self.rows[:, None] * np.int32(width) + self.columns)[self.used]

    def places(self) -> NDArray[np.float32]:
        """(n, 2) float32: row and column of every vertex; whole numbers are pixel centres."""
        h, w = self.used.shape
        nodes = np.repeat(self.rows, w), np.tile(self.columns, h)
        places = np.empty((2, np.count_nonzero(self.used)), np.float32)
        for k, node in enumerate(nodes):
            place = node.astype(np.float32)
            place[self.border.nodes] = self.border.places[:, k]
            places[k] = place[self.used.ravel()]
        return places.T

    def at_nodes(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(r, c) float32: a map at every node, with closed holes spanned from their rims.

        Parameters
        ----------
        values : (h, w) float32
            Of the photo's size.
        """
        return spread_into(values[np.ix_(self.rows, self.columns)], self.holes)

    def at_vertices(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) float32: a map at every vertex; along the border, of the surface alone.

        Parameters
        ----------
        values : (h, w) float32
            Of the photo's size.
        """
        at_node = self.at_nodes(values)
        result = at_node.copy()
        result.ravel()[self.border.nodes] = self.border.evened(self._between(at_node))
        return result[self.used]

    def _between(self, at_node: NDArray[np.float32]) -> NDArray[np.float32]:
        """(k,) float32: a map where the border's nodes moved to.

        It is interpolated between the four nodes around, but those to which no side leads
        lie across an edge, and the node that moved counts in their stead.
        """
        own = at_node.ravel()[self.border.nodes]
        own_row, own_column = np.divmod(self.border.nodes, len(self.columns))
        row, column = self.border.places.T
        v = np.interp(row, self.rows, np.arange(len(self.rows)))
        u = np.interp(column, self.columns, np.arange(len(self.columns)))
        top = np.minimum(v.astype(np.intp), len(self.rows) - 2)
        left = np.minimum(u.astype(np.intp), len(self.columns) - 2)
        c = np.pad(self.cells, 1)
        along_row = (c[1:, 1:-1] | c[:-1, 1:-1])[own_row, left]
        along_column = (c[1:-1, 1:] | c[1:-1, :-1])[top, own_column]
        result = np.zeros(len(own), np.float32)
        for i, by_row in ((0, 1 - (v - top)), (1, v - top)):
            for j, by_column in ((0, 1 - (u - left)), (1, u - left)):
                other_row, other_column = top + i != own_row, left + j != own_column
                joined = np.where(other_column, along_row, True)
                joined = np.where(other_row, along_column, joined)
                joined = np.where(other_row & other_column, self.cells[top, left], joined)
                value = np.where(joined, at_node[top + i, left + j], own)
                result += (by_row * by_column * value).astype(np.float32)
        return result


def grid_over(
    values: NDArray[np.float32],
    kept: NDArray[np.bool_],
    step: float,
    steepest: NDArray[np.float32] | float,
) -> Grid:
    """A grid with a node every `step` pixels.

    Both triangles of a cell are drawn when its four corners are kept and none of its
    sides crosses a depth edge. Small holes are closed and loose specks left out, and the
    border is made smooth.

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
    border = border_of(cells, rows, columns, kept)
    renumbered = (np.cumsum(used) - 1).astype(np.int32)
    return Grid(
        rows=rows,
        columns=columns,
        cells=cells,
        holes=nodes_of(closed & ~found) & ~nodes_of(found),
        used=used,
        border=border,
        faces=read_only(renumbered[np.concatenate([triangles(cells), border.corners])]),
    )
