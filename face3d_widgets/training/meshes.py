"""Small triangle meshes that a portrait is put together from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Material",
    "Part",
    "as_triangles",
    "compact",
    "sphere",
    "subdivide",
    "tube",
    "vertex_normals",
]

Array = NDArray[Any]
Triangles = NDArray[Any]


class Material(IntEnum):
    """The material of a part; it decides colour, gloss and label."""

    SKIN = 0
    EYE = 1
    TEETH = 2
    TONGUE = 3
    HAIR = 4
    BEARD = 5
    BROW = 6
    LASH = 7
    CLOTH = 8
    HAT = 9
    FRAME = 10
    LENS = 11
    HAND = 12
    OBJECT = 13


@dataclass
class Part:
    """One piece of a person.

    Attributes
    ----------
    vertices : (n, 3) float64
        World frame, metres: x to the person's left, y backward, z up.
    triangles : (m, 3) int64
    template : (n, 3) float64
        The same points on the average person, on which all patterns are painted,
        so that a wrinkle or a stripe moves with the body.
    material : Material
    person : int
        Which person in the picture, the main one is 0.
    uv : (m, 3, 2) float64, optional
        Corners in the texture, v up.
    texture : (h, w, 4) float32, optional
        Linear colour and coverage in 0..1.
    normals : (n, 3) float64, optional
        Computed from the triangles when not given.
    marks : dict of (n,) float64
        Where the lips, the lids, the inside of the mouth and so on are, 0..1.
    """

    vertices: Array
    triangles: Triangles
    template: Array
    material: Material
    person: int = 0
    uv: Array | None = None
    texture: NDArray[np.float32] | None = None
    normals: Array | None = None
    marks: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.normals is None:
            self.normals = vertex_normals(self.vertices, self.triangles)


def as_triangles(quads: NDArray[np.int64]) -> Triangles:
    """(m, 4) quads as (2 m, 3) triangles."""
    quads = np.asarray(quads)
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def vertex_normals(vertices: Array, triangles: Triangles) -> Array:
    """Unit normals, each triangle counted by its area."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    flat = np.cross(b - a, c - a)
    normals = np.empty_like(vertices)
    for axis in range(3):
        normals[:, axis] = sum(
            np.bincount(triangles[:, k], flat[:, axis], len(vertices)) for k in range(3)
        )
    return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12)


def compact(triangles: Triangles, *arrays: Array) -> tuple[Triangles, list[Array]]:
    """Keep the vertices that the triangles use, and number them anew."""
    used, numbered = np.unique(triangles, return_inverse=True)
    return numbered.reshape(triangles.shape), [array[used] for array in arrays]


def subdivide(
    vertices: Array, normals: Array, triangles: Triangles, *others: Array
) -> tuple[Array, Triangles, list[Array]]:
    """Split each triangle into four, new corners bent onto the smooth surface.

    A midpoint is moved three quarters of the way towards its mean projection on
    the tangent planes at both ends (Phong tessellation), so that a coarse head
    has round cheeks instead of facets.

    References
    ----------
    Boubekeur, T. and Alexa, M. (2008). https://doi.org/10.1145/1457515.1409094
    """
    edges = np.sort(
        np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1
    )
    unique, which = np.unique(edges, axis=0, return_inverse=True)
    which = which.reshape(-1) + len(vertices)
    m = len(triangles)
    ab, bc, ca = which[:m], which[m : 2 * m], which[2 * m :]
    a, b, c = triangles.T
    finer = np.concatenate(
        [np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    )
    p, q = vertices[unique[:, 0]], vertices[unique[:, 1]]
    n, o = normals[unique[:, 0]], normals[unique[:, 1]]
    middle = (p + q) / 2
    down = ((middle - p) * n).sum(1, keepdims=True) * n + ((middle - q) * o).sum(
        1, keepdims=True
    ) * o
    bent = middle - 0.75 * down / 2
    more = [np.concatenate([x, x[unique].mean(1)]) for x in others]
    return np.concatenate([vertices, bent]), finer, more


def tube(path: Array, radius: float, closed: bool, sides: int = 6) -> tuple[Array, Triangles]:
    """A pipe along a path: spectacle frames, the stalk of a microphone."""
    path = np.asarray(path, float)
    n = len(path)
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True) + 1e-9
    across = np.cross(ahead, [0.0, 0.96, 0.28])
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
    other = np.cross(ahead, across)
    turn = np.arange(sides) / sides * 2 * np.pi
    ring = (
        np.cos(turn)[None, :, None] * across[:, None] + np.sin(turn)[None, :, None] * other[:, None]
    )
    vertices = (path[:, None] + radius * ring).reshape(-1, 3)
    i, k = np.meshgrid(np.arange(n if closed else n - 1), np.arange(sides), indexing="ij")
    j, m = (i + 1) % n, (k + 1) % sides
    quads = np.stack([i * sides + k, j * sides + k, j * sides + m, i * sides + m], -1)
    return vertices, as_triangles(quads.reshape(-1, 4))


def sphere(rows: int = 14, columns: int = 20) -> tuple[Array, Triangles]:
    """The unit sphere."""
    polar, around = np.mgrid[0 : np.pi : rows * 1j, 0 : 2 * np.pi : (columns + 1) * 1j][:, :, :-1]
    vertices = np.stack(
        [np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1
    )
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij")
    k = (j + 1) % columns
    quads = np.stack(
        [i * columns + j, (i + 1) * columns + j, (i + 1) * columns + k, i * columns + k], -1
    )
    return vertices.reshape(-1, 3), as_triangles(quads.reshape(-1, 4))
