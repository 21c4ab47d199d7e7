"""A mesh's edges as few long polylines.

Drawn edge by edge, with a gap after each, 50,000 vertices are 450,000 points to send.
As polylines that go on from edge to edge they are a third of that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_WIREFRAME_VERTICES", "edge_paths"]

#: A mesh of more vertices is better drawn from a coarser one: at the size of a screen its
#: edges lie closer than two pixels, and a browser without a graphics card takes seconds.
MOST_WIREFRAME_VERTICES = 12_000


def edge_paths(faces: NDArray[np.int32], n_vertices: int) -> NDArray[np.int32]:
    """Every edge of a triangulation exactly once, as polylines.

    Each edge is walked from the vertex with the smaller number to the larger. At every
    vertex the k-th edge that comes in goes on as the k-th edge that goes out. So no
    polyline ever returns to where it was, and there are as few as can be of that kind.

    Parameters
    ----------
    faces : (m, 3) int32
    n_vertices : int

    Returns
    -------
    (k,) int32
        Vertices along the polylines, with -1 after each.
    """
    if len(faces) == 0:
        return np.zeros(0, np.int32)
    start, end = _edges(faces, n_vertices)
    previous = _previous(start, end, n_vertices)
    head, steps = _along(previous)

    # Where each polyline begins among all, with room for its first vertex and the gap.
    length = np.bincount(head, minlength=len(start))
    begins = previous < 0
    room = np.where(begins, length + 2, 0)
    offset = np.cumsum(room) - room
    paths = np.full(int(room.sum()), -1, np.int32)
    paths[offset[head] + steps + 1] = end
    paths[offset[begins]] = start[begins]
    return paths


def _edges(
    faces: NDArray[np.int32], n_vertices: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Smaller and larger vertex of each edge, in the order of the smaller, then the larger."""
    a, b, c = faces.T.astype(np.int64)
    sides = [(a, b), (b, c), (c, a)]
    key = np.concatenate([np.minimum(p, q) * n_vertices + np.maximum(p, q) for p, q in sides])
    key.sort()  # and not np.unique, which takes twice as long
    return np.divmod(key[np.diff(key, prepend=-1) != 0], n_vertices)


def _previous(
    start: NDArray[np.int64], end: NDArray[np.int64], n_vertices: int
) -> NDArray[np.int64]:
    """The edge that each edge goes on from, or -1."""
    going_out = np.bincount(start, minlength=n_vertices)
    coming_in = np.bincount(end, minlength=n_vertices)
    first_out = np.cumsum(going_out) - going_out
    first_in = np.cumsum(coming_in) - coming_in
    by_end = np.argsort(end, kind="stable")

    number = np.arange(len(start)) - first_out[start]  # among those out of its vertex
    goes_on = number < coming_in[start]
    previous = np.full(len(start), -1, np.int64)
    previous[goes_on] = by_end[first_in[start[goes_on]] + number[goes_on]]
    return previous


def _along(previous: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each edge's polyline, named by its first edge, and its place in it from 0.

    Pointer doubling: after each round every edge knows the edge twice as far back.
    """
    head = np.where(previous < 0, np.arange(len(previous)), previous)
    steps = (previous >= 0).astype(np.int64)
    while True:
        further = steps[head]
        if not further.any():
            return head, steps
        steps += further
        head = head[head]
