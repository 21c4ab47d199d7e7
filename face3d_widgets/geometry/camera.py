"""The pinhole camera: pixels to points and back.

References
----------
Hartley, R. and Zisserman, A. (2004). Multiple View Geometry in Computer Vision,
2nd ed., chapter 6. https://doi.org/10.1017/CBO9780511811685
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.types import Intrinsics

__all__ = ["back_project", "fov_from_focal_length_35mm", "project"]

_FULL_FRAME_DIAGONAL = math.hypot(36.0, 24.0)  # millimetres


def back_project(depth: NDArray[np.float32], intrinsics: Intrinsics) -> NDArray[np.float32]:
    """Every pixel's point in space.

    Parameters
    ----------
    depth : (h, w) float
        Distance along the optical axis, in any unit.
    intrinsics : Intrinsics
        Pixel centres lie at integer + 0.5.

    Returns
    -------
    (h, w, 3) float32
        x right, y down, z forward, in the unit of `depth`.
    """
    h, w = depth.shape
    x = (np.arange(w, dtype=np.float32) + 0.5 - intrinsics.cx) / intrinsics.fx
    y = (np.arange(h, dtype=np.float32) + 0.5 - intrinsics.cy) / intrinsics.fy
    points = np.empty((h, w, 3), np.float32)
    np.multiply(x[None, :], depth, out=points[..., 0], casting="same_kind")
    np.multiply(y[:, None], depth, out=points[..., 1], casting="same_kind")
    points[..., 2] = depth
    return points


def project(points: NDArray[np.float32], intrinsics: Intrinsics) -> NDArray[np.float32]:
    """Project points into the picture; the inverse of `back_project`.

    Parameters
    ----------
    points : (..., 3) float
        Camera frame. Points with z <= 0 lie behind the camera and give NaN.
    intrinsics : Intrinsics

    Returns
    -------
    (..., 2) float32
        Pixel coordinates (u to the right, v down); the first pixel's centre is (0.5, 0.5).
    """
    z = np.where(points[..., 2] > 0, points[..., 2], np.nan)
    u = intrinsics.fx * points[..., 0] / z + intrinsics.cx
    v = intrinsics.fy * points[..., 1] / z + intrinsics.cy
    return np.stack([u, v], axis=-1).astype(np.float32)


def fov_from_focal_length_35mm(focal_length: float, width: int, height: int) -> float:
    """Vertical field of view of a photo from its 35 mm equivalent focal length.

    The equivalence is taken over the picture's diagonal, as CIPA DCG-001 has it,
    so that it holds for pictures that are not 3:2 and for upright ones.

    Parameters
    ----------
    focal_length : float
        35 mm equivalent focal length, in millimetres.
    width, height : int
        Size of the upright picture in pixels.

    Returns
    -------
    float
        Degrees.
    """
    if focal_length <= 0:
        raise ValueError(f"the focal length must be positive, not {focal_length}")
    sensor_height = _FULL_FRAME_DIAGONAL * height / math.hypot(width, height)
    return math.degrees(2 * math.atan(sensor_height / (2 * focal_length)))
