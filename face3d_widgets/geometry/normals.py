"""Surface normals, from triangles or from inverse depth alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["pixel_normals", "vertex_normals"]


def vertex_normals(points: NDArray[np.float32], faces: NDArray[np.int32]) -> NDArray[np.float32]:
    """Normal of every vertex: the mean of its faces', each weighted by its area.

    Parameters
    ----------
    points : (n, 3) float
    faces : (m, 3) int
        Counter-clockwise seen from outside.

    Returns
    -------
    (n, 3) float32
        Unit length, outward; (0, 0, -1), towards the camera, for a vertex of no face.
    """
    a, b, c = (points[faces[:, corner]].T for corner in range(3))
    (ux, uy, uz), (vx, vy, vz) = b - a, c - a
    cross = (uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx)  # twice the area long
    corners = faces.ravel()
    total = np.stack(
        [np.bincount(corners, np.repeat(part, 3), minlength=len(points)) for part in cross], axis=1
    )
    return _unit(total)


def pixel_normals(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    inverse: NDArray[np.floating],
    inverse_dx: NDArray[np.floating],
    inverse_dy: NDArray[np.floating],
) -> NDArray[np.float32]:
    """Normals from the gradient of 1 / depth, exact for a plane.

    A plane `n . P = c` seen by a pinhole camera has `1 / depth = n . (x, y, 1) / c`: it is
    straight in the picture, so its gradient and its value give the normal.

    Parameters
    ----------
    x, y : (n,) float32
        Ray of each pixel: X / Z and Y / Z.
    inverse : (n,) float32
        1 / depth, above 0.
    inverse_dx, inverse_dy : (n,) float32
        Its derivatives by `x` and `y`.

    Returns
    -------
    (n, 3) float32
        Unit length, camera frame, towards the camera.
    """
    normals = np.empty((3, len(inverse)), np.float32)
    np.negative(inverse_dx, out=normals[0])
    np.negative(inverse_dy, out=normals[1])
    normals[2] = x * inverse_dx + y * inverse_dy - inverse
    normals /= np.sqrt(np.einsum("in,in->n", normals, normals))
    return normals.T


def _unit(vectors: NDArray) -> NDArray[np.float32]:
    length = np.sqrt(np.einsum("ni,ni->n", vectors, vectors))
    empty = length == 0
    vectors[empty] = (0, 0, -1)
    length[empty] = 1
    return (vectors / length[:, None]).astype(np.float32)
