"""From a mesh over pixels to a surface that leaves the program.

References
----------
Garland, M. and Heckbert, P. (1997). Surface simplification using quadric error
metrics. SIGGRAPH. https://doi.org/10.1145/258734.258849
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.camera import project
from face3d_widgets.geometry.normals import vertex_normals
from face3d_widgets.geometry.samples import bilinear
from face3d_widgets.types import Intrinsics, Mesh, Photo, Surface

__all__ = ["TO_KEEP_MORE", "SurfaceSize", "build_surface", "decimate", "estimate_size", "grid_step"]

#: What to do where nothing is left: the three controls that leave something out.
TO_KEEP_MORE = (
    "lower the background cut-off, or keep more of the flying pixels and of the unsure points"
)

FEWEST_FACES = 100
# A surface is decimated from at most about this many triangles, or four times as many as
# are wanted.
DECIMATED_FROM = 250_000

# The library keeps the mesh it works on in one place for the whole process.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class SurfaceSize:
    """The size of a surface before it is made.

    Attributes
    ----------
    vertices, faces : int
        Where triangles are taken away, vertices are known to about a fiftieth.
    extent : (width, height, depth)
        Of its box, in `unit`.
    unit : {"relative", "mm"}
    """

    vertices: int
    faces: int
    extent: tuple[float, float, float]
    unit: str


def grid_step(n_kept: int, n_faces: int | None) -> float:
    """Pixels between nodes, so that decimating to `n_faces` starts from no more than needed.

    Parameters
    ----------
    n_kept : int
        Pixels that belong to the surface; each makes two triangles.
    n_faces : int or None
        Triangles wanted; None for all.
    """
    if n_faces is None:
        return 1.0
    return max(1.0, math.sqrt(2 * n_kept / max(DECIMATED_FROM, 4 * n_faces)))


def build_surface(
    mesh: Mesh,
    photo: Photo,
    camera: Intrinsics,
    n_faces: int | None = None,
    mm_per_unit: float | None = None,
) -> Surface:
    """Decimate, put the photo on, and scale.

    Parameters
    ----------
    mesh : Mesh
    photo : Photo
    camera : Intrinsics
        That placed the mesh's points: it tells what of the photo a new vertex shows.
    n_faces : int, optional
        Triangles wanted; all there are where left out.
    mm_per_unit : float, optional
        Millimetres a relative unit; the surface stays relative without it.

    Raises
    ------
    ValueError
        When the mesh is empty, or fewer than `FEWEST_FACES` triangles are wanted.
    """
    points, faces = np.ascontiguousarray(mesh.vertices.points), mesh.faces
    if len(faces) == 0:
        raise ValueError(f"nothing is left of the surface; {TO_KEEP_MORE}")
    if n_faces is None or n_faces >= len(faces):
        uv, colors = project(points, camera), mesh.vertices.colors
    else:
        points, faces = decimate(points, faces, n_faces)
        uv = project(points, camera)
        colors = _colors_at(photo, uv)
    normals = vertex_normals(points, faces)
    uv = np.clip(uv / np.array([photo.width, photo.height]), 0, 1).astype(np.float32)
    if mm_per_unit is not None:
        points = points * np.float32(mm_per_unit)
    unit = "relative" if mm_per_unit is None else "mm"
    return Surface(points, faces, normals, uv, colors, unit)


def decimate(
    points: NDArray[np.float32], faces: NDArray[np.int32], n_faces: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Fewer triangles, where the surface is flattest first (quadric error metrics).

    Parameters
    ----------
    points : (n, 3) float32
    faces : (m, 3) int32
    n_faces : int
        Triangles wanted. The result has that many or a few less or more.

    Returns
    -------
    points, faces
        Every point has a face.
    """
    if n_faces < FEWEST_FACES:
        raise ValueError(f"{n_faces} triangles are too few; ask for {FEWEST_FACES} or more")
    import fast_simplification

    writable = np.array(faces)  # it takes no other
    with _one_at_a_time:
        new_points, new_faces = fast_simplification.simplify(points, writable, target_count=n_faces)
    used = np.zeros(len(new_points), bool)
    used[new_faces] = True
    renumbered = np.cumsum(used) - 1
    return new_points[used].astype(np.float32), renumbered[new_faces].astype(np.int32)


def estimate_size(
    mesh: Mesh, n_faces: int | None = None, mm_per_unit: float | None = None
) -> SurfaceSize:
    """Estimate the size of what `build_surface` would return, without decimating."""
    vertices, faces = len(mesh.vertices), len(mesh.faces)
    if n_faces is not None and n_faces < faces:
        # A surface in one piece has half as many vertices as faces and as edges along its
        # outline (Euler); the outline loses edges as the square root of the faces, more
        # slowly at first, as no corner of it can be spared for another.
        outline = min(1.0, 1.4 * math.sqrt(n_faces / faces)) * (2 * vertices - faces)
        vertices, faces = round((n_faces + outline) / 2), n_faces
    points = mesh.vertices.points
    extent = np.ptp(points, axis=0) if len(points) else np.zeros(3)
    width, height, depth = (float(side) * (mm_per_unit or 1.0) for side in extent)
    unit = "relative" if mm_per_unit is None else "mm"
    return SurfaceSize(vertices, faces, (width, height, depth), unit)


def _colors_at(photo: Photo, uv: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The photo's colours at (n, 2) places in pixels, (n, 3) uint8."""
    column, row = uv.astype(np.float64).T
    channels = [bilinear(photo.rgb[..., i].astype(np.float32), row, column) for i in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)
