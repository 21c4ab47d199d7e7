"""Rays against a person's triangles, through hair and glass that are only partly there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Hits", "Tracer"]

Array = NDArray[Any]

#: Given triangles and barycentric places, how much of a ray each stops, 0..1.
Coverage = Callable[[Array, Array], Array]


@dataclass
class Hits:
    """The hits of rays.

    Attributes
    ----------
    ray : (k,) int64
        Which of the rays.
    triangle : (k,) int64
    weights : (k, 3) float64
        Barycentric place in the triangle.
    distance : (k,) float64
        Along the ray, in units of its direction's length.
    """

    ray: NDArray[np.int64]
    triangle: NDArray[np.int64]
    weights: Array
    distance: Array


class Tracer:
    """Triangles in Embree's search tree.

    Parameters
    ----------
    corners : (m, 3, 3) float64
    coverage : callable, optional
        For triangles that a ray may pass; see `Coverage`.
    sheer : (m,) bool, optional
        Which triangles to ask `coverage` for.
    """

    def __init__(
        self,
        corners: Array,
        sheer: NDArray[np.bool_] | None = None,
        coverage: Coverage | None = None,
    ) -> None:
        try:
            from embreex import rtcore, rtcore_scene
            from embreex.mesh_construction import TriangleMesh
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "Rays are traced with the package embreex. Install what training needs: "
                "pip install 'face3d_widgets[train]'"
            ) from error
        self._scene = rtcore_scene.EmbreeScene(rtcore.EmbreeDevice())
        self._mesh = TriangleMesh(self._scene, np.ascontiguousarray(corners, np.float32))
        self._sheer = sheer if sheer is not None else np.zeros(len(corners), bool)
        self._coverage = coverage

    def first(
        self,
        origins: Array,
        directions: Array,
        *,
        rng: np.random.Generator | None = None,
        layers: int = 6,
    ) -> Hits:
        """The first triangle that stops each ray.

        With ``rng`` a sheer triangle stops a ray with the probability of its
        coverage (so that many rays see it half there); without, it stops every
        ray where it covers at least half.
        """
        n = len(directions)
        left = np.arange(n)
        start = np.zeros(n)
        found: list[Hits] = []
        base = np.broadcast_to(origins, directions.shape)
        for layer in range(layers):
            o = base[left] + directions[left] * start[left, None]
            out = self._scene.run(
                o.astype(np.float32), directions[left].astype(np.float32), output=1
            )
            hit = out["primID"] >= 0
            left, triangle = left[hit], out["primID"][hit].astype(np.int64)
            u, v = out["u"][hit].astype(float), out["v"][hit].astype(float)
            weights = np.stack([1 - u - v, u, v], 1)
            distance = start[left] + out["tfar"][hit]
            stops = np.ones(len(left), bool)
            ask = self._sheer[triangle]
            if ask.any() and self._coverage is not None and layer < layers - 1:
                there = self._coverage(triangle[ask], weights[ask])
                stops[ask] = there > (rng.random(len(there)) if rng is not None else 0.5)
            found.append(Hits(left[stops], triangle[stops], weights[stops], distance[stops]))
            left = left[~stops]
            start[left] = distance[~stops] + 1e-5
            if len(left) == 0:
                break
        order = np.argsort(np.concatenate([h.ray for h in found]), kind="stable")
        joined = [
            np.concatenate([getattr(h, name) for h in found])[order]
            for name in ("ray", "triangle", "weights", "distance")
        ]
        return Hits(*joined)

    def free(self, origins: Array, directions: Array, reach: float | None = None) -> Array:
        """The free share of the way from each origin, 0 blocked to 1 free, as (n,) float64."""
        o, d = origins.astype(np.float32), directions.astype(np.float32)
        if reach is None:
            blocker = np.asarray(self._scene.run(o, d))
        else:
            blocker = np.asarray(self._scene.run(o, d, np.full(len(o), reach, np.float32)))
        free = (blocker < 0).astype(float)
        sheer = (blocker >= 0) & self._sheer[np.maximum(blocker, 0)]
        free[sheer] = 0.35  # light filters through hair and glass
        return free
