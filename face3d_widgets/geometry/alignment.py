"""The two unknown numbers, solved: from depths that somebody measured, or from another map.

Both are fits of a straight line in inverse depth. There `scale` and `shift` are linear,
so least squares has one solution and no start to guess, and the error of a network is
about the same near and far (it was trained there, Ranftl et al. 2022); in depth, a small
error of the network far away would outweigh everything near.

References
----------
Ranftl, R., Lasinger, K., Hafner, D., Schindler, K. and Koltun, V. (2022).
Towards robust monocular depth estimation. IEEE TPAMI 44(3).
https://doi.org/10.1109/TPAMI.2020.3019967
Holland, P. W. and Welsch, R. E. (1977). Robust regression using iteratively
reweighted least-squares. https://doi.org/10.1080/03610927708827533
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from face3d_widgets.geometry.relief import SubjectStats, subject_distance
from face3d_widgets.geometry.samples import bilinear
from face3d_widgets.types import GeometryParams, InverseDepth

__all__ = [
    "Alignment",
    "MapAlignment",
    "align_maps",
    "align_points",
    "align_scale_shift",
    "with_known_depths",
]

# Tukey's biweight gives this constant 95 % efficiency where errors are normal.
_TUKEY = 4.685
_MAD_TO_DEVIATION = 1.4826
# Pixels that two maps are compared at; more tell nothing new.
_PIXELS = 100_000


@dataclass(frozen=True)
class Alignment:
    """`depth = 1 / (scale * inverse_depth + shift)`, from known depths.

    Attributes
    ----------
    scale, shift : float
        For depth in the unit that the known depths had.
    residual : float
        Root mean square of `scale * inverse_depth + shift - 1 / depth`, what was made
        least. With two depths it is 0: two always fit, and only a third can tell.
    depth_residual : float
        The same as a length: root mean square of found less known depth.
    n_points : int
    """

    scale: float
    shift: float
    residual: float
    depth_residual: float
    n_points: int


@dataclass(frozen=True)
class MapAlignment:
    """`scale * source + shift` is closest to the target.

    Attributes
    ----------
    scale, shift : float
    residual : float
        Root mean square difference over the pixels that fit, in units of the target.
    agreeing : float
        Share of the pixels that fit, 0 to 1; the others had no say.
    """

    scale: float
    shift: float
    residual: float
    agreeing: float

    def apply(self, source: NDArray[np.float32]) -> NDArray[np.float32]:
        """`source` on the target's scale."""
        return (source * np.float32(self.scale) + np.float32(self.shift)).astype(np.float32)


def align_scale_shift(inverse_depth: ArrayLike, depths: ArrayLike) -> Alignment:
    """Scale and shift from known depths, by least squares in inverse depth.

    Parameters
    ----------
    inverse_depth : (n,) float
        The network's values at two or more points.
    depths : (n,) float
        Distance of the same points from the camera, along its axis; any unit.

    Raises
    ------
    ValueError
        With fewer than two points, a depth that is not above 0, the same value at all
        points, or depths that grow where the network says nearer.
    """
    values = np.asarray(inverse_depth, np.float64).ravel()
    known = np.asarray(depths, np.float64).ravel()
    if len(values) != len(known):
        raise ValueError(
            f"{len(values)} values and {len(known)} depths; give one depth for each point"
        )
    if len(values) < 2:
        raise ValueError("two numbers need two known depths; measure one more point")
    if not (np.isfinite(known) & (known > 0)).all():
        raise ValueError("a known depth is not above 0; measure from the camera to the point")
    if not np.isfinite(values).all():
        raise ValueError("the network says nothing at one of the points; choose another")
    spread = np.ptp(values)
    if spread <= 1e-6 * max(1.0, np.abs(values).max()):
        raise ValueError(
            "the network sees all these points equally far; choose one nearer and one farther"
        )
    scale, shift = _line(values, 1 / known, np.ones_like(known))
    found = scale * values + shift
    if scale <= 0 or found.min() <= 0:
        raise ValueError(
            "these depths contradict the depth map, in which nearer points have higher values; "
            "check that each depth belongs to its point"
        )
    return Alignment(
        scale=scale,
        shift=shift,
        residual=_root_mean_square(found - 1 / known),
        depth_residual=_root_mean_square(1 / found - known),
        n_points=len(values),
    )


def align_points(inverse_depth: InverseDepth, pixels: ArrayLike, depths: ArrayLike) -> Alignment:
    """`align_scale_shift` for places in the photo.

    Parameters
    ----------
    inverse_depth : InverseDepth
    pixels : (n, 2) float
        Row and column of each place; the first pixel's centre is (0.5, 0.5).
    depths : (n,) float
    """
    rows, columns = np.asarray(pixels, np.float64).reshape(-1, 2).T
    return align_scale_shift(bilinear(inverse_depth.values, rows, columns), depths)


def with_known_depths(
    params: GeometryParams, alignment: Alignment, stats: SubjectStats
) -> GeometryParams:
    """Parameters that place everything at the depths that were measured in millimetres.

    One relative unit becomes the height of the picture at the subject's distance, as
    it always is, and `mm_per_unit` says how many millimetres that is.

    Parameters
    ----------
    params : GeometryParams
        Their field of view has to be the camera's.
    alignment : Alignment
        From depths in millimetres.
    stats : SubjectStats

    Raises
    ------
    ValueError
        When the alignment puts the subject behind the camera.
    """
    inverse = alignment.scale * stats.middle + alignment.shift
    if inverse <= 0:
        raise ValueError(
            "these depths put the subject behind the camera; measure a point on the subject too"
        )
    mm_per_unit = 1 / (inverse * subject_distance(params.fov))
    return dataclasses.replace(
        params,
        scale_shift=(alignment.scale * mm_per_unit, alignment.shift * mm_per_unit),
        mm_per_unit=mm_per_unit,
    )


def align_maps(
    source: NDArray[np.float32],
    target: NDArray[np.float32],
    mask: NDArray[np.bool_] | None = None,
) -> MapAlignment:
    """One network's inverse depth on another's scale, whatever a minority of pixels says.

    Starts from medians, which a minority cannot move far, and goes on with iteratively
    reweighted least squares (Tukey's biweight), which forgets pixels that do not fit:
    hair that one network missed, or a background that only one sees.

    Parameters
    ----------
    source, target : (h, w) float32
        Inverse depth of one photo.
    mask : (h, w) bool, optional
        Pixels that count, such as the subject's.

    Raises
    ------
    ValueError
        When sizes differ, fewer than two pixels count, or either map is constant there.
    """
    if source.shape != target.shape or (mask is not None and mask.shape != source.shape):
        raise ValueError(
            f"maps of {source.shape} and {target.shape} cannot be compared pixel by pixel; "
            "estimate both, and the mask, from the same photo"
        )
    counts = np.isfinite(source) & np.isfinite(target)
    if mask is not None:
        counts &= mask
    x, y = source[counts].astype(np.float64), target[counts].astype(np.float64)
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        raise ValueError(
            "nothing to align: a map is constant there, or the mask is empty; take more pixels"
        )
    every = max(1, len(x) // _PIXELS)
    x, y = x[::every], y[::every]
    scale, shift = _from_medians(x, y)
    reach = np.inf
    for _ in range(30):
        error = np.abs(y - scale * x - shift)
        reach = _TUKEY * max(_MAD_TO_DEVIATION * float(np.median(error)), 1e-9 * np.ptp(y))
        weights = np.clip(1 - (error / reach) ** 2, 0, None) ** 2
        previous = scale, shift
        scale, shift = _line(x, y, weights)
        if np.allclose(previous, (scale, shift), rtol=1e-7, atol=0):
            break
    error = np.abs(y - scale * x - shift)
    fits = error <= reach
    return MapAlignment(scale, shift, _root_mean_square(error[fits]), float(fits.mean()))


def _from_medians(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """A first line: medians onto each other, and the median of slopes between distant pixels."""
    middle_x, middle_y = float(np.median(x)), float(np.median(y))
    order = np.argsort(x, kind="stable")
    third = max(1, len(x) // 3)
    low, high = order[:third], order[-third:]
    run = x[high] - x[low]
    apart = run > 0
    if not apart.any():  # most pixels have one value
        return _line(x, y, np.ones_like(x))
    scale = float(np.median((y[high] - y[low])[apart] / run[apart]))
    return scale, middle_y - scale * middle_x


def _line(
    x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Slope and offset of the weighted least squares line, about the means for accuracy."""
    total = weights.sum()
    mean_x, mean_y = (weights @ x) / total, (weights @ y) / total
    from_mean = x - mean_x
    spread = float((weights * from_mean) @ from_mean)
    if spread == 0:
        raise ValueError("all that agrees has one and the same value; take more pixels")
    slope = float((weights * from_mean) @ (y - mean_y)) / spread
    return slope, float(mean_y - slope * mean_x)


def _root_mean_square(error: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(error * error))) if len(error) else 0.0
