"""A photo, its depth and the parameters, with everything that can be asked of them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.depth import DEFAULT_MODEL, DepthEstimator
from face3d_widgets.depth.uncertainty import measure_uncertainty
from face3d_widgets.figures import FaceFigure, PhotoPalette, Scene
from face3d_widgets.geometry import FaceGeometry, fov_from_focal_length_35mm, measure
from face3d_widgets.image import read_photo, read_photo_file
from face3d_widgets.session.estimator import Estimator
from face3d_widgets.session.files import SavedFile, make_file
from face3d_widgets.session.order import FileChoices, Order, Progress, make_scene
from face3d_widgets.session.python_code import python_code
from face3d_widgets.types import (
    GeometryParams,
    InverseDepth,
    Mesh,
    Photo,
    PointCloud,
    Surface,
    ViewParams,
)

if TYPE_CHECKING:
    from face3d_widgets.export import SavedParameters
    from face3d_widgets.figures import Figure

__all__ = ["Reconstruction", "ReconstructionSession", "Ruler", "photo_fov"]

Place = tuple[float, float]
"""Row and column in the photo; the first pixel's centre is (0.5, 0.5)."""


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
    uncertainty : (h, w) float32, read-only, or None
        How much the estimate moves when the photo is shown a little otherwise, as a share
        of the subject's relief; None until somebody asks, since it takes nine runs of the
        network.
    """

    photo: Photo
    inverse_depth: InverseDepth
    geometry: FaceGeometry
    palette: PhotoPalette
    seconds: float
    uncertainty: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Ruler:
    """Two places in the photo whose true distance is known.

    Attributes
    ----------
    start, end : (row, column)
        The first pixel's centre is (0.5, 0.5).
    true_mm : float
        Their distance in space, in millimetres.
    """

    start: Place
    end: Place
    true_mm: float


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
        self._result: Reconstruction | None = None
        self._ruler: Ruler | None = None
        self._params = GeometryParams()
        self.view = ViewParams()
        self._file_geometry: tuple[Reconstruction, FaceGeometry] | None = None

    @property
    def params(self) -> GeometryParams:
        """The parameters of the shape, which the sliders set.

        While there is a ruler its true distance holds whatever the shape becomes:
        `mm_per_unit` of the parameters that are set is found anew from its two places.
        """
        return self._params

    @params.setter
    def params(self, params: GeometryParams) -> None:
        self._params = params if self._ruler is None else self._scaled(params, self._ruler)

    @property
    def ruler(self) -> Ruler | None:
        """The ruler that `set_scale` was given last; None while lengths are relative."""
        return self._ruler

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
        """Tell whether a photo went well."""
        return self._result is not None

    @property
    def held_memory(self) -> int:
        """Bytes that the estimator's network would give back for another one."""
        return int(getattr(self.estimator, "held_memory", 0))

    def open(
        self,
        photo: Photo | bytes | bytearray | memoryview | str | Path,
        model: str = DEFAULT_MODEL,
        turn: int = 0,
    ) -> None:
        """Read a photo, estimate its depth and keep the result.

        The field of view starts from the photo's focal length where it has one.

        Parameters
        ----------
        photo : Photo, bytes, str or Path
            A file's contents or its path, or what was read already.
        model : str
            Name of a network.
        turn : {0, 90, 180, 270}
            Degrees clockwise to turn the photo by, where it lies on its side.

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
        photo = photo.turned(turn)
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

    def with_uncertainty(
        self,
        result: Reconstruction,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Reconstruction:
        """A result with its uncertainty measured, changing nothing; for a worker thread.

        Parameters
        ----------
        result : Reconstruction
        progress : callable, optional
            Told the step and the share that is done.
        cancelled : callable, optional
            Asked before each run of the network; True ends the work.

        Raises
        ------
        ModelError
            As `reconstruct`; `UncertaintyCancelled` when `cancelled` said so.

        See Also
        --------
        face3d_widgets.depth.uncertainty : what is measured, and what it cannot tell.
        """
        if result.uncertainty is not None:
            return result
        photo, model, estimator = result.photo, result.inverse_depth.model, self.estimator
        estimator.set_photo(photo)
        if isinstance(estimator, DepthEstimator):
            uncertainty = estimator.uncertainty(model, progress, cancelled)
        else:

            def run(variant: Photo) -> InverseDepth:
                estimator.set_photo(variant)
                return estimator.predict(model)

            try:
                uncertainty = measure_uncertainty(photo, run, progress, cancelled)
            finally:
                estimator.set_photo(photo)
        geometry = FaceGeometry(photo, result.inverse_depth, uncertainty)
        return dataclasses.replace(result, geometry=geometry, uncertainty=uncertainty)

    def add_uncertainty(self) -> NDArray[np.float32]:
        """Measure how unsure the network is at each pixel of the present result, and keep it.

        `params.most_unsure` and `ViewParams(color_by="uncertainty")` have an effect from
        then on.

        Returns
        -------
        (h, w) float32, read-only
            Standard deviation of the estimate, as a share of the subject's relief.

        Raises
        ------
        ModelError
            When the network cannot be used.
        """
        self.accept(self.with_uncertainty(self.result))
        assert self.result.uncertainty is not None
        return self.result.uncertainty

    def accept(self, result: Reconstruction) -> None:
        """Make a result the present one.

        Another photo is not to the scale of the last, so its lengths are relative again;
        another network's depth of the same photo keeps the ruler. Scale and shift as
        numbers (`params.scale_shift`) belong to one estimate and give way to `relief`.
        """
        last, self._result = self._result, result
        if last is None:
            return
        if last.inverse_depth is not result.inverse_depth:
            self._params = dataclasses.replace(self._params, scale_shift=None)
        if result.photo is not last.photo:
            self.clear_scale()
        else:
            self.params = self._params

    def point_cloud(self) -> PointCloud:
        """Points with the present parameters."""
        return self.result.geometry.point_cloud(self.params)

    def mesh(self) -> Mesh:
        """A mesh with the present parameters."""
        return self.result.geometry.mesh(self.params)

    def surface(self, n_faces: int | None = None) -> Surface:
        """The surface with normals and its place in the photo, decimated to `n_faces`."""
        return self.result.geometry.surface(self.params, n_faces)

    def scene(self, view: ViewParams | None = None) -> Scene:
        """The scene for a `FaceFigure`, by `view` or the session's own."""
        result = self.result
        return make_scene(result.geometry, result.palette, self.params, view or self.view)

    def figure(self, view: ViewParams | None = None, camera: str = "home") -> Figure:
        """The present result as a Plotly figure.

        Parameters
        ----------
        view : ViewParams, optional
            The session's own where none is given.
        camera : str
            One of `face3d_widgets.figures.CAMERAS`.
        """
        view = view or self.view
        figure = FaceFigure()
        figure.draw(self.scene(view), view)
        figure.set_camera(camera)
        return figure.figure

    def set_scale(
        self,
        start: Place,
        end: Place,
        true_mm: float = measure.PUPIL_DISTANCE_MM,
    ) -> float:
        """Say how far apart two places in the photo truly are; lengths are in mm from then on.

        They stay that far apart when relief, field of view or any other parameter
        changes, until `clear_scale` or another photo.

        Parameters
        ----------
        start, end : (row, column)
            Places in the photo; the first pixel's centre is (0.5, 0.5).
        true_mm : float
            Their distance in millimetres; 63 is that of an adult's pupils.

        Returns
        -------
        float
            Millimetres a relative unit, which `params.mm_per_unit` now is.

        Raises
        ------
        ValueError
            When the two are one place or outside the photo, or the distance is not above 0.
        """
        ruler = Ruler(start, end, true_mm)
        self._params = self._scaled(self._params, ruler)
        self._ruler = ruler
        assert self._params.mm_per_unit is not None
        return self._params.mm_per_unit

    def clear_scale(self) -> None:
        """Forget the ruler: lengths are relative again."""
        self._ruler = None
        self._params = dataclasses.replace(self._params, mm_per_unit=None)

    def distance(self, start: Place, end: Place) -> float:
        """Straight distance between two places in the photo (row, column), along the 3D model.

        In millimetres once `set_scale` was called, else relative.
        """
        a, b = self.result.geometry.points_at(np.array([start, end]), self.params)
        return measure.distance(a, b, self.params.mm_per_unit)

    def profile(self, start: Place, end: Place) -> measure.Profile:
        """The cross-section of the face under a line over the photo, (row, column) to the other."""
        return measure.profile(self.result.geometry, start, end, self.params)

    def order(
        self,
        choices: FileChoices | None = None,
        figure: Figure | None = None,
        settings: SavedParameters | None = None,
    ) -> Order:
        """All that a file is made of, as it is now; for `make_file`.

        Parameters
        ----------
        choices : FileChoices, optional
        figure : Figure, optional
            What pictures show, from `figure_as_shown`; drawn anew where none is given.
        settings : SavedParameters, optional
            What the zip's `parameters.json` shall hold, where a page has more than is here.
        """
        ruler = self._ruler
        if self._file_geometry is None or self._file_geometry[0] is not self.result:
            result = self.result
            geometry = FaceGeometry(result.photo, result.inverse_depth, result.uncertainty)
            self._file_geometry = result, geometry
        return Order(
            geometry=self._file_geometry[1],
            palette=self.result.palette,
            params=self.params,
            view=self.view,
            choices=choices or FileChoices(),
            shown=figure,
            ruler=None if ruler is None else (*ruler.start, *ruler.end, ruler.true_mm),
            settings=settings,
        )

    def save_as(self, kind: str, choices: FileChoices | None = None) -> SavedFile:
        """A file of the present result, as bytes with a name.

        Parameters
        ----------
        kind : str
            One of `face3d_widgets.session.FILE_KINDS`: "glb", "bust", "png", "all" and more.
        choices : FileChoices, optional

        Raises
        ------
        ValueError
            When there is no such kind, or nothing is left of the model to be saved.
        FigureError
            When a figure cannot be drawn, for want of a browser.
        """
        return make_file(kind, self.order(choices))

    def to_python(self) -> str:
        """The lines of Python that reproduce the present result in a notebook."""
        result = self.result
        return python_code(result.photo, result.inverse_depth.model, self.params, self.view)

    def _scaled(self, params: GeometryParams, ruler: Ruler) -> GeometryParams:
        """The parameters with the millimetres a unit that make the ruler true."""
        ends = np.array([ruler.start, ruler.end])
        a, b = self.result.geometry.points_at(ends, params)
        scale = measure.mm_per_unit_from(a, b, ruler.true_mm)
        return dataclasses.replace(params, mm_per_unit=scale)


def photo_fov(photo: Photo) -> float:
    """Vertical field of view in degrees: from EXIF, or the default; within 15 to 90."""
    if photo.focal_length_35mm is None:
        return GeometryParams().fov
    fov = fov_from_focal_length_35mm(photo.focal_length_35mm, photo.width, photo.height)
    return round(min(max(fov, 15.0), 90.0), 1)
