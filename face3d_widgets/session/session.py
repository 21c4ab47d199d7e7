"""From a photo and a few numbers to a scene and to files; knows no screen."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from face3d_widgets.depth import DEFAULT_MODEL, DepthEstimator
from face3d_widgets.export import depth_to_png16, point_cloud_to_ply
from face3d_widgets.figures import PhotoPalette, Scene
from face3d_widgets.geometry import FaceGeometry, fov_from_focal_length_35mm
from face3d_widgets.image import read_photo, read_photo_file
from face3d_widgets.types import GeometryParams, InverseDepth, Mesh, Photo, PointCloud

__all__ = ["Estimator", "Reconstruction", "ReconstructionSession"]

Progress = Callable[[str, float], None]
"""Called with the name of a step and the share of the work done, 0 to 1."""


class Estimator(Protocol):
    """What the session needs of a depth estimator."""

    def set_photo(self, photo: Photo) -> None:
        """Choose the photo."""

    def predict(self, model: str) -> InverseDepth:
        """Inverse depth of the photo, at the photo's size."""


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """One photo, understood: everything that the sliders do not change.

    Attributes
    ----------
    photo : Photo
    inverse_depth : InverseDepth
    geometry : FaceGeometry
    palette : PhotoPalette
    seconds : float
        Time that depth took, the network included.
    """

    photo: Photo
    inverse_depth: InverseDepth
    geometry: FaceGeometry
    palette: PhotoPalette
    seconds: float


class ReconstructionSession:
    """Photo and parameters in; points, meshes, scenes and files out.

    Parameters
    ----------
    estimator : Estimator, optional
        A `DepthEstimator` where none is given.

    Examples
    --------
    >>> from face3d_widgets import GeometryParams, ReconstructionSession
    >>> from face3d_widgets.samples import load_sample
    >>> session = ReconstructionSession()
    >>> session.open(load_sample("astronaut"))
    >>> session.params = GeometryParams(n_points=1000)
    >>> len(session.point_cloud())
    1000
    """

    def __init__(self, estimator: Estimator | None = None) -> None:
        self.estimator: Estimator = estimator or DepthEstimator()
        self.params = GeometryParams()
        self._result: Reconstruction | None = None

    @property
    def result(self) -> Reconstruction:
        """The last photo that went well.

        Raises
        ------
        ValueError
            Before the first.
        """
        if self._result is None:
            raise ValueError("open a photo first")
        return self._result

    @property
    def has_result(self) -> bool:
        """Whether a photo went well."""
        return self._result is not None

    def open(
        self, photo: Photo | bytes | bytearray | memoryview | str | Path, model: str = DEFAULT_MODEL
    ) -> None:
        """Read a photo, estimate its depth and keep the result.

        The field of view starts from the photo's focal length where it has one.

        Raises
        ------
        PhotoError
            When the photo cannot be read; the last result stays.
        ModelError
            When the network cannot be used; the last result stays.
        """
        if isinstance(photo, bytes | bytearray | memoryview):
            photo = read_photo(photo)
        elif isinstance(photo, str | Path):
            photo = read_photo_file(photo)
        self.accept(self.reconstruct(photo, model))
        self.params = dataclasses.replace(self.params, fov=photo_fov(photo))

    def reconstruct(
        self, photo: Photo, model: str = DEFAULT_MODEL, progress: Progress | None = None
    ) -> Reconstruction:
        """The slow part of `open`, changing nothing; a worker thread may call it."""
        report = progress or (lambda step, share: None)
        start = time.perf_counter()
        report("Estimating depth", 0.3)
        self.estimator.set_photo(photo)
        inverse_depth = self.estimator.predict(model)
        seconds = time.perf_counter() - start
        report("Building the 3D model", 0.7)
        return Reconstruction(
            photo=photo,
            inverse_depth=inverse_depth,
            geometry=FaceGeometry(photo, inverse_depth),
            palette=PhotoPalette(photo),
            seconds=seconds,
        )

    def accept(self, result: Reconstruction) -> None:
        """Make a result the present one."""
        self._result = result

    def point_cloud(self) -> PointCloud:
        """Points with the present parameters."""
        return self.result.geometry.point_cloud(self.params)

    def mesh(self) -> Mesh:
        """A mesh with the present parameters."""
        return self.result.geometry.mesh(self.params)

    def scene(self, draw_as: str = "points") -> Scene:
        """What a `FaceFigure` draws, as "points" or as "mesh"."""
        result = self.result
        return Scene(
            shape=self.mesh() if draw_as == "mesh" else self.point_cloud(),
            palette=result.palette,
            stats=result.geometry.stats,
            framing=result.geometry.framing(self.params.fov),
        )

    def to_ply(self, cloud: PointCloud | None = None) -> bytes:
        """Points as binary PLY: the given ones, or the present."""
        comment = f"face3d_widgets, {self.result.inverse_depth.model}, relative units"
        return point_cloud_to_ply(self.point_cloud() if cloud is None else cloud, comment)

    def to_depth_png(self) -> bytes:
        """The inverse depth as 16-bit PNG."""
        return depth_to_png16(self.result.inverse_depth)

    def file_name(self, what: str, suffix: str) -> str:
        """A name for a download: photo, network and content, `anna_face-lite_points.ply`."""
        model = self.result.inverse_depth.model.replace("_", "-")
        return f"{self.result.photo.name}_{model}_{what}.{suffix}"


def photo_fov(photo: Photo) -> float:
    """Vertical field of view in degrees: from EXIF, or the default; within 15 to 90."""
    if photo.focal_length_35mm is None:
        return GeometryParams().fov
    fov = fov_from_focal_length_35mm(photo.focal_length_35mm, photo.width, photo.height)
    return round(min(max(fov, 15.0), 90.0), 1)
