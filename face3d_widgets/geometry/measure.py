"""Lengths: between two points, in millimetres, and along a line over the face.

References
----------
Dodgson, N. A. (2004). Variation and extrema of human interpupillary distance.
Proc. SPIE 5291. https://doi.org/10.1117/12.529999
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from face3d_widgets.geometry.face_geometry import FaceGeometry
from face3d_widgets.types import GeometryParams, read_only

__all__ = ["PUPIL_DISTANCE_MM", "Profile", "distance", "mm_per_unit_from", "profile"]

#: Distance between an adult's pupils, in millimetres: the mean; the vast majority lies
#: between 50 and 75 (Dodgson 2004), so for one person it is a guess.
PUPIL_DISTANCE_MM = 63.0


@dataclass(frozen=True, eq=False)
class Profile:
    """The cross-section of a face under a straight line on its photo.

    A plane through the camera and the line cuts the face; this is the cut, with
    `distance` to the right and `height` upwards. Each sample stands where the photo
    shows it, so that a profile drawn under its line fits it.

    Attributes
    ----------
    distance : (n,) float32
        Way along the line from its start, measured where the subject stands: on a sheet
        parallel to the picture, at the subject's distance.
    depth : (n,) float32
        Distance from the camera along its axis; NaN where nothing is: behind the
        cut-off, and at depth edges.
    points : (n, 3) float32
        Camera frame; NaN in gaps.
    pixels : (n, 2) float32
        Row and column in the photo; the first pixel's centre is (0.5, 0.5).
    subject_depth : float
        Depth of the sheet.
    unit : {"relative", "mm"}
        Of all lengths.
    """

    distance: NDArray[np.float32]
    depth: NDArray[np.float32]
    points: NDArray[np.float32]
    pixels: NDArray[np.float32]
    subject_depth: float
    unit: str

    def __post_init__(self) -> None:
        for name in ("distance", "depth", "points", "pixels"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def height(self) -> NDArray[np.float32]:
        """(n,) float32: how far the surface rises from the sheet towards the viewer."""
        return np.float32(self.subject_depth) - self.depth


def distance(point_a: ArrayLike, point_b: ArrayLike, mm_per_unit: float | None = None) -> float:
    """Length of the straight line between two points.

    Parameters
    ----------
    point_a, point_b : (3,) float
        Relative units, from `FaceGeometry.point_at` or a point cloud.
    mm_per_unit : float, optional
        Gives the length in millimetres; without, it is relative.
    """
    a, b = np.asarray(point_a, np.float64), np.asarray(point_b, np.float64)
    return float(np.linalg.norm(a - b)) * (1.0 if mm_per_unit is None else mm_per_unit)


def mm_per_unit_from(
    point_a: ArrayLike, point_b: ArrayLike, true_mm: float = PUPIL_DISTANCE_MM
) -> float:
    """Millimetres a relative unit, from two points whose true distance is known.

    Parameters
    ----------
    point_a, point_b : (3,) float
        Relative units.
    true_mm : float
        Their distance in millimetres.

    Raises
    ------
    ValueError
        When the distance is not above 0 or the points are one.
    """
    if not 0 < true_mm < math.inf:
        raise ValueError(f"the true distance must be above 0 mm, not {true_mm}; measure it again")
    length = distance(point_a, point_b)
    if not 1e-6 < length < math.inf:
        raise ValueError("both points are in one place; choose two that lie apart")
    return true_mm / length


def profile(
    geometry: FaceGeometry,
    start: tuple[float, float],
    end: tuple[float, float],
    params: GeometryParams,
    n: int | None = None,
) -> Profile:
    """The cross-section under a line over the photo.

    Parameters
    ----------
    geometry : FaceGeometry
    start, end : (row, column)
        Places in the photo; the first pixel's centre is (0.5, 0.5).
    params : GeometryParams
        With `mm_per_unit` all lengths are in millimetres.
    n : int, optional
        Samples, evenly spaced; one a pixel where left out.

    Raises
    ------
    ValueError
        When an end lies outside the photo, both are one place, or `n` is below 2.
    """
    ends = np.asarray([start, end], np.float64)
    length = float(np.linalg.norm(ends[1] - ends[0]))  # pixels
    if not length > 0:
        raise ValueError("the line has no length; draw it from one place to another")
    if n is None:
        n = math.ceil(length) + 1
    if n < 2:
        raise ValueError(f"a profile needs two samples or more, not {n}")
    share = np.linspace(0, 1, n)
    pixels = ends[0] + share[:, None] * (ends[1] - ends[0])
    points = geometry.points_at(pixels, params)

    kept = geometry.maps.kept(params)
    row, column = np.minimum(pixels.astype(np.intp), np.array(kept.shape) - 1).T
    points[~kept[row, column]] = np.nan

    subject_depth = geometry.curve(params).subject_depth
    pixel = subject_depth / geometry.camera(params).fy  # its size on the sheet
    scale = 1.0 if params.mm_per_unit is None else params.mm_per_unit
    points *= np.float32(scale)
    return Profile(
        distance=(share * (length * pixel * scale)).astype(np.float32),
        depth=points[:, 2].copy(),
        points=points,
        pixels=pixels.astype(np.float32),
        subject_depth=subject_depth * scale,
        unit="relative" if params.mm_per_unit is None else "mm",
    )
