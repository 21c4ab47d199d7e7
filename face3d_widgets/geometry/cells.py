"""A grid's cells as a mask: its connected parts, holes, specks, and triangles.

A cell lies between four nodes; `cells[i, j]` has the nodes (i, j) to (i + 1, j + 1).
Whatever is said of a surface on a grid (in one piece, without holes, wide enough) is
said of this mask, before there is any triangle.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "close_holes",
    "drop_specks",
    "eroded",
    "label",
    "largest_part",
    "nodes_of",
    "opened",
    "printable",
    "spread_into",
    "triangles",
]

Cells = NDArray[np.bool_]


def label(mask: Cells, diagonal: bool = False) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the connected parts of a mask.

    Rows are taken as runs of neighbours; runs that touch are joined, which is far
    less work than joining cells.

    Parameters
    ----------
    mask : (h, w) bool
    diagonal : bool
        Whether cells that only share a corner touch.

    Returns
    -------
    labels : (h, w) int32
        0 outside the mask, parts from 1 on.
    sizes : (parts + 1,) int64
        Cells of each label; `sizes[0]` counts what is outside.
    """
    h, w = mask.shape
    stride = w + 1  # a gap at the end of every row keeps runs apart
    padded = np.zeros((h, stride), np.int8)
    padded[:, :w] = mask
    change = np.diff(padded.ravel(), prepend=np.int8(0))
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    # Runs of the next row that overlap each run, moved down by one row.
    first = np.searchsorted(ends, starts + stride, "left" if diagonal else "right")
    last = np.searchsorted(starts, ends + stride, "right" if diagonal else "left")
    count = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(starts)), count)
    lower = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - first, count)
    part = _joined(len(starts), upper, lower)

    lengths = ends - starts
    labels = np.zeros((h, w), np.int32)
    labels[mask] = np.repeat(part + 1, lengths)
    inside = np.bincount(part, lengths).astype(np.int64)
    return labels, np.concatenate([[mask.size - inside.sum()], inside])


def _joined(n: int, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.int32]:
    """Number of the part of each of `n` things, where `a[k]` and `b[k]` belong together."""
    least = np.arange(n)
    while len(a):
        # Each pair points its two roots at the smaller one, then every path is cut short.
        root_a, root_b = least[a], least[b]
        apart = root_a != root_b
        a, b, root_a, root_b = a[apart], b[apart], root_a[apart], root_b[apart]
        np.minimum.at(least, np.maximum(root_a, root_b), np.minimum(root_a, root_b))
        while True:
            shorter = least[least]
            if np.array_equal(shorter, least):
                break
            least = shorter
    return np.unique(least, return_inverse=True)[1].astype(np.int32).reshape(n)


def drop_specks(cells: Cells, share: float) -> Cells:
    """Without the parts that hold less than `share` of all cells."""
    labels, sizes = label(cells)
    keep = sizes >= share * sizes[1:].sum()
    keep[0] = False
    return keep[labels]


def largest_part(cells: Cells) -> Cells:
    """The part with the most cells; nothing where there is none."""
    labels, sizes = label(cells)
    if len(sizes) == 1:
        return cells
    return labels == 1 + np.argmax(sizes[1:])


def close_holes(cells: Cells, longest_rim: float) -> Cells:
    """With every hole filled whose rim has at most `longest_rim` edges.

    What touches the border of the grid is no hole.
    """
    if cells.all() or not cells.any():
        return cells
    labels, sizes = label(~cells, diagonal=True)
    small = np.ones(len(sizes), bool)
    small[0] = False
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        small[edge] = False
    if not small.any():
        return cells
    rim = np.zeros(len(sizes), np.int64)
    for here, there in _neighbours(labels):
        rim += np.bincount(here[there == 0], minlength=len(sizes))
        rim += np.bincount(there[here == 0], minlength=len(sizes))
    small &= rim <= longest_rim
    return cells | small[labels]


def _neighbours(labels: NDArray) -> tuple[tuple[NDArray, NDArray], tuple[NDArray, NDArray]]:
    """Pairs of cells side by side, and one above the other."""
    return (labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])


def nodes_of(cells: Cells) -> NDArray[np.bool_]:
    """(h + 1, w + 1) bool: the nodes that have a cell."""
    c = np.pad(cells, 1)
    return c[:-1, :-1] | c[:-1, 1:] | c[1:, :-1] | c[1:, 1:]


def spread_into(values: NDArray[np.float32], holes: NDArray[np.bool_]) -> NDArray[np.float32]:
    """`values` with the nodes of `holes` spanned like a soap film over their rim.

    Every such node is the mean of its four neighbours: Laplace's equation, solved by
    conjugate gradients.

    Parameters
    ----------
    values : (h, w) float32
    holes : (h, w) bool
        Nowhere at the border.

    References
    ----------
    Hestenes, M. R. and Stiefel, E. (1952). Methods of conjugate gradients for solving
    linear systems. https://doi.org/10.6028/jres.049.044
    """
    at = np.flatnonzero(holes)
    if len(at) == 0:
        return values
    around = at[:, None] + np.array([-values.shape[1], -1, 1, values.shape[1]])
    unknown = holes.ravel()[around]
    number = np.zeros(holes.size, np.intp)
    number[at] = np.arange(len(at))
    neighbour = number[around]
    rim = np.where(unknown, 0, values.ravel()[around]).astype(np.float64)
    middle = rim.sum() / max((~unknown).sum(), 1)  # solved from here, for accuracy
    error = np.where(unknown, 0, rim - middle).sum(axis=1)
    film, way = np.zeros(len(at)), error.copy()
    square = error @ error
    enough = 1e-12 * square
    for _ in range(len(at)):
        if square <= enough:
            break
        pull = 4 * way - np.where(unknown, way[neighbour], 0).sum(axis=1)
        step = square / (way @ pull)
        film += step * way
        error -= step * pull
        square, before = error @ error, square
        way = error + square / before * way
    result = values.copy()
    result.ravel()[at] = film + middle
    return result


def printable(cells: Cells, narrowest: int) -> Cells:
    """The largest part, nowhere narrower than `narrowest` cells and without pinches.

    Every cell that stays lies in a square of `narrowest` x `narrowest` cells that all
    stay (the opening of mathematical morphology), and no two cells touch in a corner
    alone: walls around the mask then share every edge between exactly two faces.

    References
    ----------
    Serra, J. (1982). Image Analysis and Mathematical Morphology. Academic Press.
    """
    while True:
        wide = opened(cells, narrowest)
        falling = wide[:-1, :-1] & wide[1:, 1:] & ~wide[:-1, 1:] & ~wide[1:, :-1]
        rising = wide[:-1, 1:] & wide[1:, :-1] & ~wide[:-1, :-1] & ~wide[1:, 1:]
        if not (falling.any() or rising.any()):
            return largest_part(wide)
        cells = wide.copy()
        cells[1:, 1:] &= ~falling
        cells[1:, :-1] &= ~rising


def opened(cells: Cells, side: int) -> Cells:
    """The union of all squares of `side` x `side` cells that fit into the mask."""
    if side <= 1:
        return cells
    if side > min(cells.shape):
        return np.zeros_like(cells)
    h, w = cells.shape
    count = np.zeros((h + 1, w + 1), np.int64)
    np.cumsum(np.cumsum(cells, axis=0), axis=1, out=count[1:, 1:])
    full = count[side:, side:] - count[:-side, side:] - count[side:, :-side]
    full += count[:-side, :-side]
    fits = np.zeros((h + side, w + side), np.int64)
    fits[side : h + 1, side : w + 1] = full == side * side
    np.cumsum(np.cumsum(fits, axis=0), axis=1, out=fits)
    hit = fits[side:, side:] - fits[:-side, side:] - fits[side:, :-side] + fits[:-side, :-side]
    return hit > 0


def eroded(cells: Cells, distance: int) -> Cells:
    """Without what lies nearer than `distance` rows and columns to the outside.

    What is beyond the border of the grid is no outside.
    """
    side = 2 * distance + 1
    padded = np.pad(cells, distance, mode="edge")
    count = np.zeros((padded.shape[0] + 1, padded.shape[1] + 1), np.int64)
    np.cumsum(np.cumsum(padded, axis=0), axis=1, out=count[1:, 1:])
    full = count[side:, side:] - count[:-side, side:] - count[side:, :-side] + count[:-side, :-side]
    return full == side * side


def triangles(cells: Cells) -> NDArray[np.int32]:
    """Two triangles a cell, (m, 3) int32 into the nodes, counter-clockwise before the camera.

    Nodes are numbered row by row.
    """
    h, w = cells.shape
    index = np.arange((h + 1) * (w + 1), dtype=np.int32).reshape(h + 1, w + 1)
    top_left, top_right = index[:-1, :-1][cells], index[:-1, 1:][cells]
    bottom_left, bottom_right = index[1:, :-1][cells], index[1:, 1:][cells]
    return np.concatenate(
        [
            np.stack([top_left, bottom_left, top_right], axis=1),
            np.stack([top_right, bottom_left, bottom_right], axis=1),
        ]
    )
