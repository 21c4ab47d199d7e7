"""Errors of an estimate where the true depth is known.

A network gives inverse depth up to scale and shift, so both are fitted first, by least
squares in inverse depth, as MiDaS is scored (Ranftl et al. 2022). What is left says four
things, none of which is enough alone:

- **r2**: the share of the inverse depth's variance that is explained, 1 at best; 0 is a
  flat sheet. **SSI RMSE**, the scale-and-shift-invariant error in standard deviations of
  the truth, says the same: `sqrt(1 - r2)`.
- **ord**: the share of point pairs put in the wrong order, 0 at best, 0.5 by chance (Chen
  et al. 2016). It needs no fit, so no stretching can mend it.
- **Normals**: the angle in degrees between the true surface and the estimated one. It sees
  what the others hardly do: a face without eye sockets, terraces, a nose too soft.

References
----------
Ranftl, R., Lasinger, K., Hafner, D., Schindler, K. and Koltun, V. (2022).
Towards robust monocular depth estimation. IEEE TPAMI 44(3).
https://doi.org/10.1109/TPAMI.2020.3019967
Chen, W., Fu, Z., Yang, D. and Deng, J. (2016). Single-image depth perception in the wild.
NeurIPS. https://arxiv.org/abs/1604.03901
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.types import Intrinsics

__all__ = [
    "Scores",
    "align_to_truth",
    "depth_error",
    "normal_error",
    "score_inverse_depth",
]

#: Point pairs that are put in order.
PAIRS = 5000
#: A pair counts where its depths differ by more than this share of the head's range.
CLEARLY_APART = 0.02
# Normals are taken from depth that is smoothed this much, in pixels.
_SMOOTHED = 1.0
# Normals count where the true surface is seen at less than this angle, in degrees.
_STEEPEST = 80.0
# Draws of pairs before those that were found have to do.
_DRAWS = 100


@dataclass(frozen=True)
class Scores:
    """Scores of an estimate against the truth, on the head and on the face.

    Attributes
    ----------
    head_r2, face_r2 : float
        Share of the true inverse depth's variance that is explained, up to 1.
    head_ssi_rmse, face_ssi_rmse : float
        Error after the best scale and shift, in standard deviations of the truth.
    head_ord, face_ord : float
        Share of point pairs in the wrong order, 0 to 1; a tie counts one half.
    normal_mean, normal_median : float
        Angle between true and estimated normals on the face, in degrees.
    inverted : bool
        Whether far and near are exchanged on the head or on the face; r2 is 0 there.
    nonfinite : int
        Pixels without a number in the estimate; they counted as the farthest.
    """

    head_r2: float
    head_ssi_rmse: float
    head_ord: float
    face_r2: float
    face_ssi_rmse: float
    face_ord: float
    normal_mean: float
    normal_median: float
    inverted: bool = False
    nonfinite: int = 0


@dataclass(frozen=True)
class _Fit:
    """`scale * estimate + shift` is closest to the true inverse depth."""

    scale: float
    shift: float
    inverted: bool


def score_inverse_depth(
    predicted: NDArray[np.floating],
    depth: NDArray[np.floating],
    head: NDArray[np.bool_],
    face: NDArray[np.bool_],
    intrinsics: Intrinsics,
    pair_seed: str = "",
) -> Scores:
    """Compare an estimate with the true depth.

    Parameters
    ----------
    predicted : (rows, columns) float
        Inverse depth, higher is nearer, in any unit. Of another size than the truth, it is
        resized.
    depth : (h, w) float
        True distance along the optical axis, in any unit; read on the head alone.
    head, face : (h, w) bool
        Of the face, what lies on the head counts.
    intrinsics : Intrinsics
        The camera, in pixels of the truth.
    pair_seed : str
        Another text draws other point pairs; the picture's name is a good one.

    Raises
    ------
    ValueError
        When sizes do not fit, the head or the face is missing or flat, or the true depth
        is not above 0 everywhere on the head.
    """
    face = face & head
    _check_truth(depth, head, face)
    estimate, nonfinite = _standardised(predicted, depth.shape)
    inverse = _inverse(depth, head)
    low, high = np.percentile(depth[head], [1, 99])
    apart = CLEARLY_APART * (high - low)
    errors, fits = {}, {}
    for name, mask in (("head", head), ("face", face)):
        values, truth = estimate[mask], inverse[mask]
        fit = fits[name] = _fit(values, truth)
        rest = fit.scale * values + fit.shift - truth
        square = (rest * rest).mean()
        z = depth[mask].astype(np.float64)
        errors[name] = (
            float(1 - square / truth.var()),
            float(np.sqrt(square) / truth.std()),
            _wrong_order(values, z, apart, zlib.crc32((pair_seed + name).encode())),
        )
    aligned = _applied(fits["face"], estimate, inverse)
    angle = normal_error(aligned, depth, head, face, intrinsics)
    angle = angle[np.isfinite(angle)]
    if not angle.size:
        raise ValueError("the face is too small for normals; take a larger picture of it")
    return Scores(
        *errors["head"],
        *errors["face"],
        normal_mean=float(angle.mean()),
        normal_median=float(np.median(angle)),
        inverted=any(fit.inverted for fit in fits.values()),
        nonfinite=nonfinite,
    )


def align_to_truth(
    predicted: NDArray[np.floating],
    depth: NDArray[np.floating],
    head: NDArray[np.bool_],
    mask: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """The estimate in the truth's own unit: inverse depth with the best scale and shift.

    Parameters
    ----------
    predicted, depth, head
        As `score_inverse_depth` takes them.
    mask : (h, w) bool, optional
        Where it shall fit, such as the face; the head where left out.

    Returns
    -------
    (h, w) float64
        1 / unit of `depth`; between half the least and twice the greatest that the head
        truly has, so that `1 / aligned` is a depth everywhere.

    Raises
    ------
    ValueError
        As `score_inverse_depth` does.
    """
    mask = head if mask is None else mask & head
    _check_truth(depth, head, mask)
    estimate, _ = _standardised(predicted, depth.shape)
    inverse = _inverse(depth, head)
    return _applied(_fit(estimate[mask], inverse[mask]), estimate, inverse)


def depth_error(
    aligned: NDArray[np.floating],
    depth: NDArray[np.floating],
    head: NDArray[np.bool_],
    percent: bool = False,
) -> NDArray[np.float64]:
    """The depth error of each pixel of the head: above 0 it came out too far, below 0 too near.

    Parameters
    ----------
    aligned : (h, w) float
        From `align_to_truth`.
    depth : (h, w) float
    head : (h, w) bool
    percent : bool
        In percent of the head's depth range, from its 1 to its 99 percent quantile.

    Returns
    -------
    (h, w) float64
        In the unit of `depth` (times 1000, metres are millimetres) or in percent; NaN
        outside the head.
    """
    error = np.full(depth.shape, np.nan)
    error[head] = 1 / aligned[head] - depth[head]
    if percent:
        low, high = np.percentile(depth[head], [1, 99])
        error *= 100 / float(high - low)
    return error


def normal_error(
    aligned: NDArray[np.floating],
    depth: NDArray[np.floating],
    head: NDArray[np.bool_],
    face: NDArray[np.bool_],
    intrinsics: Intrinsics,
) -> NDArray[np.float64]:
    """Angle between the true surface and the estimated one.

    Both are smoothed a little first, within the head. Left out are pixels less than three
    from the edge of the face, where a normal would reach beyond it, and those where the
    true surface turns away from the camera by more than 80 degrees.

    Parameters
    ----------
    aligned : (h, w) float
        From `align_to_truth`, fitted on the face.
    depth : (h, w) float
    head, face : (h, w) bool
    intrinsics : Intrinsics

    Returns
    -------
    (h, w) float64
        Degrees, 0 to 180; NaN where nothing is compared.
    """
    import cv2

    true_depth = np.where(head, depth, 0).astype(np.float64)
    true, points = _normals(true_depth, head, intrinsics)
    found, _ = _normals(1 / aligned.astype(np.float64), head, intrinsics)
    ray = points / (np.linalg.norm(points, axis=-1, keepdims=True) + 1e-15)
    towards = -np.einsum("ijn,ijn->ij", true, ray)
    inner = cv2.erode((face & head).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    compared = inner & (towards > np.cos(np.deg2rad(_STEEPEST)))
    cosine = np.clip((true * found).sum(axis=-1)[compared], -1, 1)
    angle = np.full(depth.shape, np.nan)
    angle[compared] = np.degrees(np.arccos(cosine))
    return angle


def _check_truth(
    depth: NDArray[np.floating], head: NDArray[np.bool_], mask: NDArray[np.bool_]
) -> None:
    if not depth.shape == head.shape == mask.shape or depth.ndim != 2:
        raise ValueError(
            f"true depth {depth.shape} and masks {head.shape}, {mask.shape} differ in size; "
            "all must be (h, w)"
        )
    if not mask.any():
        raise ValueError("there is no head or no face in the masks; choose another picture")
    on_head = depth[head]
    if not (np.isfinite(on_head) & (on_head > 0)).all():
        raise ValueError(
            "the true depth is missing or not above 0 on a part of the head; "
            "take such pixels out of the mask"
        )
    low, high = np.percentile(on_head, [1, 99])
    if not np.ptp(depth[mask]) > CLEARLY_APART * (high - low):
        raise ValueError("the true depth is flat there, so nothing can be scored; take a head")


def _standardised(
    predicted: NDArray[np.floating], shape: tuple[int, ...]
) -> tuple[NDArray[np.float64], int]:
    """The estimate at the truth's size with mean 0 and deviation 1, and how much was no number."""
    estimate = np.asarray(predicted, np.float64)
    if estimate.ndim != 2:
        raise ValueError(f"an estimate must be (rows, columns), not {estimate.shape}")
    known = np.isfinite(estimate)
    if not known.all():
        estimate = np.where(known, estimate, estimate[known].min() if known.any() else 0.0)
    if estimate.shape != shape:
        import cv2

        height, width = shape
        resized = cv2.resize(estimate, (width, height), interpolation=cv2.INTER_LINEAR)
        estimate = np.asarray(resized, np.float64)
    deviation = estimate.std()
    centred = estimate - estimate.mean()
    standard = centred / deviation if deviation > 1e-12 else np.zeros_like(centred)
    return standard, int((~known).sum())


def _inverse(depth: NDArray[np.floating], head: NDArray[np.bool_]) -> NDArray[np.float64]:
    """1 / depth on the head, NaN elsewhere."""
    return 1 / np.where(head, depth, np.nan).astype(np.float64)


def _fit(values: NDArray[np.float64], truth: NDArray[np.float64]) -> _Fit:
    """Least squares; a scale below 0 is none, for near must stay near."""
    from_mean = values - values.mean()
    spread = (from_mean * from_mean).mean()
    slope = (from_mean * (truth - truth.mean())).mean() / spread if spread > 1e-20 else 0.0
    scale = max(float(slope), 0.0)
    return _Fit(scale, float(truth.mean() - scale * values.mean()), bool(slope < 0))


def _applied(
    fit: _Fit, estimate: NDArray[np.float64], inverse: NDArray[np.float64]
) -> NDArray[np.float64]:
    aligned = fit.scale * estimate + fit.shift
    return np.clip(aligned, 0.5 * np.nanmin(inverse), 2 * np.nanmax(inverse))


def _wrong_order(
    values: NDArray[np.float64], depth: NDArray[np.float64], apart: float, seed: int
) -> float:
    """Share of pairs, clearly apart in depth, whose nearer point has the lower value."""
    rng = np.random.default_rng(seed)
    found: list[NDArray[np.int64]] = []
    for _ in range(_DRAWS):
        drawn = rng.integers(0, len(depth), (4 * PAIRS, 2))
        found.append(drawn[np.abs(depth[drawn[:, 0]] - depth[drawn[:, 1]]) > apart])
        if sum(map(len, found)) >= PAIRS:
            break
    a, b = np.concatenate(found)[:PAIRS].T
    if not len(a):
        raise ValueError("the true depth is flat there, so nothing can be scored; take a head")
    true, said = np.sign(depth[b] - depth[a]), np.sign(values[a] - values[b])
    return float(np.mean(np.where(said == 0, 0.5, said != true)))


def _normals(
    depth: NDArray[np.float64], valid: NDArray[np.bool_], camera: Intrinsics
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit normals of the smoothed surface, towards the camera, and its points; (h, w, 3) both."""
    import cv2

    def blurred(image: NDArray[np.float64]) -> NDArray[np.float64]:
        result = cv2.GaussianBlur(image, (0, 0), _SMOOTHED, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(result, np.float64)

    weight = np.maximum(blurred(valid.astype(np.float64)), 1e-6)
    z = blurred(np.where(valid, depth, 0.0)) / weight
    rows, columns = np.indices(z.shape) + 0.5
    x = (columns - camera.cx) / camera.fx * z
    y = (rows - camera.cy) / camera.fy * z
    points = np.stack([x, y, z], axis=-1)
    right, down = np.zeros_like(points), np.zeros_like(points)
    right[:, 1:-1] = points[:, 2:] - points[:, :-2]
    down[1:-1] = points[2:] - points[:-2]
    normals = np.cross(down, right)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True) + 1e-15
    return normals, points
