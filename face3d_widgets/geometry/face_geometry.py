"""Points and meshes of one photo, with what repeats kept between two calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.point_order import spread_order
from face3d_widgets.geometry.relief import (
    FARTHEST_BEHIND,
    SubjectStats,
    depth_from_inverse_depth,
    finds_subject,
    nearness,
    scale_and_shift,
    subject_distance,
    subject_stats,
)
from face3d_widgets.types import GeometryParams, InverseDepth, Mesh, Photo, PointCloud, read_only

__all__ = ["FaceGeometry", "Framing"]

# A surface that falls off more steeply than this, in depth over width at the
# natural relief (12 is 85 degrees), is a depth edge: points there hang between
# face and background and are left out.
EDGE_SLOPE = 12.0


@dataclass(frozen=True)
class Framing:
    """Where to look, so that the subject fills the view.

    Attributes
    ----------
    center : (x, y, z)
        Camera frame, relative units.
    radius : float
        Half the larger side of the subject's box, relative units.
    """

    center: tuple[float, float, float]
    radius: float


@dataclass(frozen=True, eq=False)
class _Samples:
    """Pixels chosen for drawing, and their rays in picture heights."""

    pixels: NDArray[np.int32]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    values: NDArray[np.float32]
    colors: NDArray[np.uint8]


class FaceGeometry:
    """Turns a photo and its inverse depth into a point cloud or a mesh.

    Choosing pixels depends on `n_points` and `cutoff` only, and is kept; what
    relief and field of view change is three multiplications a point.

    Parameters
    ----------
    photo : Photo
    inverse_depth : InverseDepth
        Of the same height and width as the photo.

    Raises
    ------
    ValueError
        When the sizes differ.
    """

    def __init__(self, photo: Photo, inverse_depth: InverseDepth) -> None:
        if inverse_depth.values.shape != photo.rgb.shape[:2]:
            raise ValueError(
                f"photo {photo.rgb.shape[:2]} and inverse depth "
                f"{inverse_depth.values.shape} differ in size"
            )
        self.photo = photo
        self.inverse_depth = inverse_depth
        self.nearness = nearness(inverse_depth)
        self.stats: SubjectStats = subject_stats(inverse_depth, self.nearness)
        self._off_edge = self._slope() <= EDGE_SLOPE
        self._cut: tuple[float, NDArray[np.bool_]] | None = None
        self._points: tuple[tuple[int, float], _Samples] | None = None
        self._grid: tuple[tuple[int, float], tuple[_Samples, NDArray[np.int32]]] | None = None

    @property
    def found_subject(self) -> bool:
        """Whether the network tells where the person is, and there is one."""
        return finds_subject(self.inverse_depth)

    def framing(self, fov: float) -> Framing:
        """The subject's box at a vertical field of view of `fov` degrees."""
        left, top, right, bottom = self.stats.bounds
        center = ((left + right) / 2, (top + bottom) / 2, subject_distance(fov))
        return Framing(center, max(right - left, bottom - top) / 2)

    def depth(self, params: GeometryParams) -> NDArray[np.float32]:
        """Depth of every pixel, (h, w) float32, relative units."""
        return self._depth(self.inverse_depth.values, params)

    def point_cloud(self, params: GeometryParams) -> PointCloud:
        """At most `params.n_points` points, evenly spread over what the cut-off leaves."""
        return self._cloud(self._point_samples(params.n_points, params.cutoff), params)

    def mesh(self, params: GeometryParams) -> Mesh:
        """A grid of about `params.n_points` vertices, cut open at depth edges."""
        samples, faces = self._mesh_samples(params.n_points, params.cutoff)
        return Mesh(self._cloud(samples, params), faces)

    def _slope(self) -> NDArray[np.float32]:
        """(h, w) float32: depth over width at the natural relief."""
        dy, dx = np.gradient(self.inverse_depth.values)
        return np.hypot(dy, dx) * np.float32(self.stats.natural_gain * self.photo.height)

    def _kept(self, cutoff: float) -> NDArray[np.bool_]:
        if self._cut is None or self._cut[0] != cutoff:
            self._cut = cutoff, (self.nearness >= cutoff) & self._off_edge
        return self._cut[1]

    def _point_samples(self, n_points: int, cutoff: float) -> _Samples:
        if self._points is None or self._points[0] != (n_points, cutoff):
            kept = self._kept(cutoff).ravel()
            order = spread_order(self.photo.height, self.photo.width)
            # The order is evenly spread, so a prefix a little longer than its
            # share of kept pixels asks for nearly always holds enough.
            enough = int(1.1 * n_points * kept.size / max(int(np.count_nonzero(kept)), 1)) + 1000
            pixels = order[:enough][kept[order[:enough]]]
            if len(pixels) < n_points and enough < kept.size:
                pixels = order[kept[order]]
            self._points = (n_points, cutoff), self._samples(pixels[:n_points])
        return self._points[1]

    def _mesh_samples(self, n_points: int, cutoff: float) -> tuple[_Samples, NDArray[np.int32]]:
        if self._grid is None or self._grid[0] != (n_points, cutoff):
            pixels, faces = self._triangulate(n_points, self._kept(cutoff))
            self._grid = (n_points, cutoff), (self._samples(pixels), read_only(faces))
        return self._grid[1]

    def _triangulate(
        self, n_points: int, kept: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Pixels (n,) and faces (m, 3) of a grid over the kept pixels."""
        h, w = kept.shape
        step = max(1.0, float(np.sqrt(np.count_nonzero(kept) / n_points)))
        rows = np.arange(0, h - 0.5, step).astype(np.int32)
        columns = np.arange(0, w - 0.5, step).astype(np.int32)
        node = np.ix_(rows, columns)
        inside = kept[node]
        # Both triangles of a cell are drawn when its four corners are kept and
        # none of its sides crosses a depth edge.
        values = self.inverse_depth.values[node]
        flat = np.float32(EDGE_SLOPE * step / (self.photo.height * self.stats.natural_gain))
        across = np.abs(np.diff(values, axis=1)) <= flat
        down = np.abs(np.diff(values, axis=0)) <= flat
        cell = inside[:-1, :-1] & inside[1:, :-1] & inside[:-1, 1:] & inside[1:, 1:]
        cell &= across[:-1] & across[1:] & down[:, :-1] & down[:, 1:]

        index = np.arange(inside.size, dtype=np.int32).reshape(inside.shape)
        top_left, top_right = index[:-1, :-1][cell], index[:-1, 1:][cell]
        bottom_left, bottom_right = index[1:, :-1][cell], index[1:, 1:][cell]
        faces = np.concatenate(
            [
                np.stack([top_left, bottom_left, top_right], axis=1),
                np.stack([top_right, bottom_left, bottom_right], axis=1),
            ]
        )
        used = np.zeros(inside.size, bool)
        used[faces.ravel()] = True
        renumbered = (np.cumsum(used) - 1).astype(np.int32)
        pixels = (rows[:, None] * np.int32(w) + columns[None, :]).ravel()[used]
        return pixels, renumbered[faces]

    def _samples(self, pixels: NDArray[np.int32]) -> _Samples:
        h, w = self.photo.height, self.photo.width
        row, column = np.divmod(pixels, np.int32(w))
        # Read-only, so that every cloud of these samples shares the very same arrays.
        return _Samples(
            pixels=read_only(pixels),
            x=((column + np.float32(0.5 - w / 2)) / np.float32(h)).astype(np.float32),
            y=((row + np.float32(0.5 - h / 2)) / np.float32(h)).astype(np.float32),
            values=read_only(self.inverse_depth.values.ravel()[pixels]),
            colors=read_only(self.photo.rgb.reshape(-1, 3)[pixels]),
        )

    def _depth(self, values: NDArray[np.float32], params: GeometryParams) -> NDArray[np.float32]:
        scale, shift = scale_and_shift(self.stats, params.relief, params.fov)
        return depth_from_inverse_depth(
            values, scale, shift, subject_distance(params.fov) + FARTHEST_BEHIND
        )

    def _cloud(self, samples: _Samples, params: GeometryParams) -> PointCloud:
        z = self._depth(samples.values, params)
        per_height = z / np.float32(subject_distance(params.fov))
        # Three columns in memory: each is contiguous for whoever draws them.
        points = np.empty((3, len(z)), np.float32)
        np.multiply(samples.x, per_height, out=points[0])
        np.multiply(samples.y, per_height, out=points[1])
        points[2] = z
        return PointCloud(points.T, samples.colors, samples.pixels, samples.values)
