"""Points and surfaces of one photo, with what repeats kept between two calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.curve import DepthCurve, depth_curve
from face3d_widgets.geometry.grid import Grid
from face3d_widgets.geometry.maps import Kept, Maps, choice_of, evenness_of
from face3d_widgets.geometry.normals import pixel_normals
from face3d_widgets.geometry.relief import SubjectStats, finds_subject
from face3d_widgets.geometry.samples import Samples, bilinear, samples_at, spread_pixels
from face3d_widgets.geometry.surface import SurfaceSize, build_surface, estimate_size, grid_step
from face3d_widgets.types import (
    GeometryParams,
    Intrinsics,
    InverseDepth,
    Mesh,
    Photo,
    PointCloud,
    Surface,
)

__all__ = ["FaceGeometry", "Framing"]


@dataclass(frozen=True)
class Framing:
    """The place to look at, and from how far, so that the subject fills the view.

    Attributes
    ----------
    center : (x, y, z)
        Camera frame, relative units.
    radius : float
        Half the larger side of the subject's box, relative units.
    """

    center: tuple[float, float, float]
    radius: float


class FaceGeometry:
    """Turns a photo and its inverse depth into a point cloud, a mesh or a surface.

    Choosing pixels depends on `n_points`, `cutoff`, `edge_angle` and `most_unsure` only,
    smoothing on `smoothing` only; both are kept, and what relief and field of view change is three
    multiplications a point.

    Parameters
    ----------
    photo : Photo
    inverse_depth : InverseDepth
        Of the same height and width as the photo.
    uncertainty : (h, w) float32, optional
        How much the estimate moves at each pixel, as a share of the subject's relief: what
        `params.most_unsure` is held against. Without it nothing is left out as unsure.

    Raises
    ------
    ValueError
        When the sizes differ.
    """

    def __init__(
        self,
        photo: Photo,
        inverse_depth: InverseDepth,
        uncertainty: NDArray[np.float32] | None = None,
    ) -> None:
        if inverse_depth.values.shape != photo.rgb.shape[:2]:
            raise ValueError(
                f"photo {photo.rgb.shape[:2]} and inverse depth "
                f"{inverse_depth.values.shape} differ in size"
            )
        if uncertainty is not None and uncertainty.shape != inverse_depth.values.shape:
            raise ValueError(
                f"inverse depth {inverse_depth.values.shape} and uncertainty "
                f"{uncertainty.shape} differ in size"
            )
        self.photo = photo
        self.inverse_depth = inverse_depth
        self.maps = Maps(inverse_depth, uncertainty)
        self.nearness = self.maps.nearness
        self.stats: SubjectStats = self.maps.stats
        self._kept = Kept()

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process finds anew what repeats; it is many times as large."""
        return FaceGeometry, (self.photo, self.inverse_depth, self.uncertainty)

    @property
    def uncertainty(self) -> NDArray[np.float32] | None:
        """(h, w) float32, read-only: how much the estimate moves; None where not measured."""
        return self.maps.uncertainty

    @property
    def found_subject(self) -> bool:
        """Tell whether the network tells where the person is, and there is one."""
        return finds_subject(self.inverse_depth)

    def curve(self, params: GeometryParams) -> DepthCurve:
        """The curve from inverse depth to depth."""
        return depth_curve(self.stats, params)

    def camera(self, params: GeometryParams) -> Intrinsics:
        """The camera that places the points: `project` with it gives their pixels back."""
        fov = params.fov if params.wrong.fov is None else params.wrong.fov
        return Intrinsics.from_fov(fov, self.photo.width, self.photo.height)

    def framing(self, params: GeometryParams | float) -> Framing:
        """The subject's box.

        Parameters
        ----------
        params : GeometryParams or float
            A number is a vertical field of view in degrees, all else being usual.
        """
        if not isinstance(params, GeometryParams):
            params = GeometryParams(fov=params)
        z = self.curve(params).subject_depth
        size = z * self.photo.height / self.camera(params).fy  # of the whole picture, there
        left, top, right, bottom = (size * edge for edge in self.stats.bounds)
        center = ((left + right) / 2, (top + bottom) / 2, z)
        return Framing(center, max(right - left, bottom - top) / 2)

    def depth(self, params: GeometryParams) -> NDArray[np.float32]:
        """Depth of every pixel, (h, w) float32, relative units."""
        return self.curve(params).depth(self.maps.values(params))

    def point_cloud(self, params: GeometryParams, normals: bool = False) -> PointCloud:
        """At most `params.n_points` points, evenly spread over what is kept.

        Parameters
        ----------
        params : GeometryParams
        normals : bool
            Whether the cloud has normals too.
        """

        def choose() -> Samples:
            pixels = spread_pixels(self.maps.kept(params), params.n_points)
            return samples_at(self.photo, self.inverse_depth, pixels)

        samples = self._kept.get("points", (params.n_points, choice_of(params)), choose)
        values = self._kept.get(
            "point values",
            (samples, evenness_of(params)),
            lambda: self.maps.values(params).ravel()[samples.pixels],
        )
        return self._cloud(samples, values, params, normals)

    def mesh(self, params: GeometryParams, normals: bool = False) -> Mesh:
        """A grid of about `params.n_points` vertices, cut open at depth edges, with smooth borders.

        Parameters
        ----------
        params : GeometryParams
        normals : bool
            Whether its vertices have normals too.
        """
        n_kept = np.count_nonzero(self.maps.kept(params))
        step = max(1.0, float(np.sqrt(n_kept / params.n_points)))
        return self._mesh("mesh", step, params, normals)

    def surface(self, params: GeometryParams, n_faces: int | None = None) -> Surface:
        """The mesh at the photo's full resolution, or decimated, with normals, uv and colours.

        Parameters
        ----------
        params : GeometryParams
            With `mm_per_unit` the surface is in millimetres, without in relative units.
        n_faces : int, optional
            Triangles wanted; all there are where left out.

        Raises
        ------
        ValueError
            When nothing is left of the surface, or too few triangles are wanted.
        """
        mesh = self._mesh_to_export(params, n_faces)
        return build_surface(mesh, self.photo, self.camera(params), n_faces, params.mm_per_unit)

    def surface_size(self, params: GeometryParams, n_faces: int | None = None) -> SurfaceSize:
        """The size of what `surface` would give; quick, as nothing is decimated."""
        return estimate_size(self._mesh_to_export(params, n_faces), n_faces, params.mm_per_unit)

    def surface_depth(
        self, params: GeometryParams
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Depth of every pixel with small holes closed, and which pixels the surface has.

        Returns
        -------
        depth : (h, w) float32
            Relative units.
        on_surface : (h, w) bool
        """
        grid = self._grid("export", 1.0, params)
        return self.curve(params).depth(grid.at_nodes(self.maps.values(params))), grid.used

    def point_at(self, row: float, column: float, params: GeometryParams) -> NDArray[np.float32]:
        """The point that a place in the photo shows, (3,) float32, relative units.

        Parameters
        ----------
        row, column : float
            Place in the photo; the first pixel's centre is (0.5, 0.5). Between pixel
            centres inverse depth is interpolated, but never across a depth edge.
        params : GeometryParams

        Raises
        ------
        ValueError
            When the place lies outside the photo.
        """
        return self.points_at(np.array([[row, column]]), params)[0]

    def points_at(self, pixels: NDArray, params: GeometryParams) -> NDArray[np.float32]:
        """`point_at` for (n, 2) rows and columns: (n, 3) float32."""
        rows, columns = np.asarray(pixels, np.float64).T
        h, w = self.photo.height, self.photo.width
        if not ((rows >= 0) & (rows <= h) & (columns >= 0) & (columns <= w)).all():
            raise ValueError(
                f"a place lies outside the photo of {h} rows and {w} columns; choose one on it"
            )
        steepest = self.maps.steepest(params)
        z = self.curve(params).depth(bilinear(self.maps.values(params), rows, columns, steepest))
        camera = self.camera(params)
        x, y = (columns - camera.cx) / camera.fx, (rows - camera.cy) / camera.fy
        return np.stack([x * z, y * z, z], axis=1).astype(np.float32)

    def _grid(self, name: str, step: float, params: GeometryParams) -> Grid:
        key = step, choice_of(params)
        return self._kept.get(f"{name} grid", key, lambda: self.maps.grid(step, params))

    def _mesh(self, name: str, step: float, params: GeometryParams, normals: bool) -> Mesh:
        grid = self._grid(name, step, params)
        samples = self._kept.get(
            f"{name} vertices",
            grid,
            lambda: samples_at(
                self.photo, self.inverse_depth, grid.pixels(self.photo.width), grid.places()
            ),
        )
        values = self._kept.get(
            f"{name} values",
            (grid, evenness_of(params)),
            lambda: grid.at_vertices(self.maps.values(params)),
        )
        return Mesh(self._cloud(samples, values, params, normals), grid.faces)

    def _mesh_to_export(self, params: GeometryParams, n_faces: int | None) -> Mesh:
        step = grid_step(int(np.count_nonzero(self.maps.kept(params))), n_faces)
        return self._mesh("export", step, params, normals=False)

    def _cloud(
        self, samples: Samples, values: NDArray[np.float32], params: GeometryParams, normals: bool
    ) -> PointCloud:
        curve = self.curve(params)
        z = curve.depth(values)
        ray = np.float32(self.photo.height / self.camera(params).fy)  # of one picture height
        per_height = z * ray
        # Three columns in memory: each is contiguous for whoever draws them.
        points = np.empty((3, len(z)), np.float32)
        np.multiply(samples.x, per_height, out=points[0])
        np.multiply(samples.y, per_height, out=points[1])
        points[2] = z
        facing = None
        if normals:
            down, right = self._kept.get(
                "slopes",
                (samples, evenness_of(params)),
                lambda: [g.ravel()[samples.pixels] for g in self.maps.gradient(params)],
            )
            # The derivative of 1 / depth by the ray's x and y, not by pixels.
            rise = curve.slope_of_inverse(z) * np.float32(self.camera(params).fy)
            facing = pixel_normals(
                samples.x * ray, samples.y * ray, 1 / z, right * rise, down * rise
            )
        return PointCloud(points.T, samples.colors, samples.pixels, samples.values, facing)
