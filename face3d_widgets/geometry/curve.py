"""One curve from inverse depth to depth, with everything the sliders say in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.relief import (
    FARTHEST_BEHIND,
    SubjectStats,
    depth_from_inverse_depth,
    scale_and_shift,
    subject_distance,
)
from face3d_widgets.types import GeometryParams

__all__ = ["DepthCurve", "depth_curve"]

# With inverse depth taken for depth, nothing comes nearer than this share of the
# subject's depth.
NEAREST_SHARE = 0.05


@dataclass(frozen=True)
class DepthCurve:
    """Depth as a function of inverse depth. Lengths are relative.

    Attributes
    ----------
    scale, shift : float
        `depth = 1 / (scale * inverse_depth + shift)`.
    middle : float
        The subject's median inverse depth.
    subject_depth : float
        Depth there.
    farthest : float
        No depth is larger.
    as_depth : bool
        The mistake `WrongOnPurpose.inverse_as_depth`: a straight line through the
        subject's middle, as steep as the curve is there, but rising.
    """

    scale: float
    shift: float
    middle: float
    subject_depth: float
    farthest: float
    as_depth: bool = False

    def depth(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Depth of inverse depths of any shape, float32, always positive."""
        if not self.as_depth:
            return depth_from_inverse_depth(values, self.scale, self.shift, self.farthest)
        depth = values * np.float32(self._rise)
        depth += np.float32(self.subject_depth - self._rise * self.middle)
        low = np.float32(NEAREST_SHARE * self.subject_depth)
        return np.clip(depth, low, np.float32(self.farthest), out=depth)

    def slope_of_inverse(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Change of 1 / depth with inverse depth, where `depth` is; 0 where depth is clipped.

        Parameters
        ----------
        depth : float32, any shape
            What `depth` returned.
        """
        free = depth < np.float32(self.farthest)
        if not self.as_depth:
            return free * np.float32(self.scale)
        free &= depth > np.float32(NEAREST_SHARE * self.subject_depth)
        return free * np.float32(-self._rise) / (depth * depth)

    @property
    def _rise(self) -> float:
        return self.scale * self.subject_depth**2


def depth_curve(stats: SubjectStats, params: GeometryParams) -> DepthCurve:
    """The curve for one subject and one set of parameters.

    Raises
    ------
    ValueError
        When `params.scale_shift` puts the subject behind the camera.
    """
    distance = subject_distance(params.fov)
    if params.scale_shift is None:
        scale, shift = scale_and_shift(stats, params.relief, params.fov)
        subject_depth = distance
    else:
        scale, shift = params.scale_shift
        inverse = scale * stats.middle + shift
        if inverse <= 0:
            raise ValueError(
                f"scale {scale:g} and shift {shift:g} put the subject behind the camera; "
                f"choose a shift above {-scale * stats.middle:.4g}"
            )
        subject_depth = 1 / inverse
    return DepthCurve(
        scale=scale,
        shift=shift,
        middle=stats.middle,
        subject_depth=subject_depth,
        farthest=subject_depth * (1 + FARTHEST_BEHIND / distance),
        as_depth=params.wrong.inverse_as_depth,
    )
