"""Estimates held to the truth: rendered heads, whose depth is known, and what spoils a result.

The two numbers that no network knows, scale and shift, are found from the truth itself, by
least squares over the head. So what is left is the network's own error, and, where one is
switched on, a mistake made on purpose.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.depth import DEFAULT_MODEL, ModelError, model_info
from face3d_widgets.geometry import (
    Alignment,
    FaceGeometry,
    Scores,
    align_scale_shift,
    align_to_truth,
    back_project,
    normal_error,
    score_inverse_depth,
    with_known_depths,
)
from face3d_widgets.samples.rendered import RenderedHead
from face3d_widgets.session.estimator import Estimator
from face3d_widgets.types import GeometryParams, Intrinsics, InverseDepth, Mesh, WrongOnPurpose

__all__ = ["LabResult", "TrueErrorLab"]

# Steeper than this the true surface is cut open; it needs no care for flying pixels.
_TRUE_EDGE = 88.0
_VERTICES = 14_000  # of each of the two meshes on the screen


@dataclass(frozen=True, eq=False)
class LabResult:
    """The errors of an estimate, with some mistakes made on purpose.

    Attributes
    ----------
    wrong : WrongOnPurpose
    depth_error : (h, w) float32
        Estimated less true depth, millimetres: above 0 it is too far. NaN off the head.
    point_error : (h, w) float32
        Distance of each estimated point from its true place, millimetres, with the sign of
        `depth_error`. A wrong field of view moves points sideways, which depth alone does
        not tell.
    hanging : (h, w) bool
        Pixels that a depth edge runs through and that the shape has all the same.
    normal_error : (h, w) float32
        Angle between the true surface and the estimated one on the face, degrees.
    scores : Scores
        Of the depth that came out, after a fit of its own: no scale counts as an error.
    width_mm : float
        Width of the head that came out.
    """

    wrong: WrongOnPurpose
    depth_error: NDArray[np.float32]
    point_error: NDArray[np.float32]
    hanging: NDArray[np.bool_]
    normal_error: NDArray[np.float32]
    scores: Scores
    width_mm: float

    @cached_property
    def rms_depth(self) -> float:
        """Root mean square of the depth's error, millimetres."""
        return _root_mean_square(self.depth_error)

    @cached_property
    def rms_point(self) -> float:
        """Root mean square of the points' distances from their true places, millimetres."""
        return _root_mean_square(self.point_error)

    @cached_property
    def hanging_share(self) -> float:
        """Hanging pixels as a share of the head's."""
        return float(self.hanging.sum() / np.isfinite(self.depth_error).sum())


class TrueErrorLab:
    """One rendered head and one estimate of it.

    Parameters
    ----------
    head : RenderedHead
    inverse_depth : InverseDepth
        Of the head's photo.

    Raises
    ------
    ModelError
        When near and far are exchanged all over the estimate, or it is the same everywhere:
        then no scale fits it to the truth.
    """

    def __init__(self, head: RenderedHead, inverse_depth: InverseDepth) -> None:
        self.head = head
        self.inverse_depth = inverse_depth
        self.geometry = FaceGeometry(head.photo, inverse_depth)
        on_head = head.head
        try:
            self.alignment: Alignment = align_scale_shift(
                inverse_depth.values[on_head], 1000 * head.depth[on_head]
            )
            self._params = with_known_depths(
                GeometryParams(fov=head.fov, n_points=_VERTICES),
                self.alignment,
                self.geometry.stats,
            )
        except ValueError as error:
            raise ModelError(
                f"{model_info(inverse_depth.model).title} does not fit the truth of this head "
                f"({error}); choose another head or network."
            ) from error
        self.truth = self._truth()

    @classmethod
    def estimate(
        cls, head: RenderedHead, estimator: Estimator, model: str = DEFAULT_MODEL
    ) -> TrueErrorLab:
        """Run a network on a head; a worker thread may call it."""
        estimator.set_photo(head.photo)
        return cls(head, estimator.predict(model))

    def params(self, wrong: WrongOnPurpose | None = None) -> GeometryParams:
        """Parameters that place the estimate in true millimetres, but for the mistakes.

        Where edges are kept the background is too, or there would be nothing for curtains
        to hang from.
        """
        wrong = wrong or WrongOnPurpose()
        cutoff = 0.0 if wrong.edges_kept else GeometryParams().cutoff
        return dataclasses.replace(self._params, wrong=wrong, cutoff=cutoff)

    def result(self, wrong: WrongOnPurpose | None = None) -> LabResult:
        """The errors, with these mistakes."""
        params, head = self.params(wrong), self.head
        wrong = params.wrong
        assert params.mm_per_unit is not None
        depth = self.geometry.depth(params) * np.float32(params.mm_per_unit)
        true = 1000 * head.depth
        found = back_project(depth, self._camera(wrong))
        distance = np.linalg.norm(found - back_project(true, head.intrinsics), axis=-1)
        depth_error = np.where(head.head, depth - true, np.float32(np.nan)).astype(np.float32)
        point_error = np.where(
            head.head, np.copysign(distance, depth - true), np.float32(np.nan)
        ).astype(np.float32)
        truth = head.depth, head.head
        aligned = align_to_truth(1 / depth, *truth, head.face)
        angle = normal_error(aligned, *truth, head.face, head.intrinsics)
        return LabResult(
            wrong=wrong,
            depth_error=depth_error,
            point_error=point_error,
            hanging=self._hanging(params),
            normal_error=angle.astype(np.float32),
            scores=score_inverse_depth(1 / depth, *truth, head.face, head.intrinsics, head.name),
            width_mm=float(np.ptp(found[..., 0][head.head])),
        )

    def mesh(self, wrong: WrongOnPurpose | None = None) -> Mesh:
        """The estimate's surface, with these mistakes, in the same units as `true_mesh`."""
        return self.geometry.mesh(self.params(wrong))

    @cached_property
    def true_mesh(self) -> Mesh:
        """The true surface."""
        return self.truth.mesh(self._true_params)

    @cached_property
    def true_width_mm(self) -> float:
        """Width of the head, millimetres."""
        x = back_project(1000 * self.head.depth, self.head.intrinsics)[..., 0]
        return float(np.ptp(x[self.head.head]))

    @property
    def _true_params(self) -> GeometryParams:
        # Inverse depth of the truth is in 1 / m: one scale, and no shift.
        mm_per_unit = self._params.mm_per_unit
        assert mm_per_unit is not None
        return dataclasses.replace(
            self._params, scale_shift=(mm_per_unit / 1000, 0.0), edge_angle=_TRUE_EDGE
        )

    def _truth(self) -> FaceGeometry:
        depth = self.head.depth
        known = np.isfinite(depth)
        # Background stands well behind, so that an edge parts it from the head.
        inverse = 1 / np.where(known, depth, 2 * float(np.nanmax(depth)))
        return FaceGeometry(
            self.head.photo, InverseDepth(inverse.astype(np.float32), known, "truth")
        )

    def _camera(self, wrong: WrongOnPurpose) -> Intrinsics:
        if wrong.fov is None:
            return self.head.intrinsics
        photo = self.head.photo
        return Intrinsics.from_fov(wrong.fov, photo.width, photo.height)

    def _hanging(self, params: GeometryParams) -> NDArray[np.bool_]:
        if not params.wrong.edges_kept:
            return np.zeros(self.head.head.shape, bool)
        careful = dataclasses.replace(
            params, wrong=dataclasses.replace(params.wrong, edges_kept=False)
        )
        maps = self.geometry.maps
        return maps.kept(params) & ~maps.kept(careful)


def _root_mean_square(error: NDArray[np.float32]) -> float:
    known = error[np.isfinite(error)].astype(np.float64)
    return float(np.sqrt(np.mean(known * known)))
