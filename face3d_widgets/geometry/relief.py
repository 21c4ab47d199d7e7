"""Inverse depth to depth: the two numbers a network cannot know.

A monocular network gives inverse depth up to an unknown scale and shift
(Ranftl et al. 2022). Here the two are chosen from what a person understands:
how deep the relief is, and the camera's field of view. `relief = 1` gives a
head its natural depth as far as that can be known.

Lengths are relative: one unit is the height of the picture at the subject's
distance. The subject then stands at `subject_distance(fov)`, and changing the
field of view changes the perspective but not the subject's size.

References
----------
Ranftl, R., Lasinger, K., Hafner, D., Schindler, K. and Koltun, V. (2022).
Towards robust monocular depth estimation. IEEE TPAMI 44(3).
https://doi.org/10.1109/TPAMI.2020.3019967
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.outline import head_width, person
from face3d_widgets.types import InverseDepth

__all__ = [
    "HEAD_WIDTH",
    "SubjectStats",
    "depth_from_inverse_depth",
    "finds_subject",
    "nearness",
    "scale_and_shift",
    "subject_distance",
    "subject_stats",
]

#: Width of an adult's head with hair, in metres; mean bizygomatic-to-ear breadth
# is about 0.155 m (Gordon et al. 2014, ANSUR II), hair adds a little.
HEAD_WIDTH = 0.165
# Where a network has no unit, a subject is made this deep, in head widths.
NATURAL_DEPTH = 0.7
# Nothing is placed farther behind the subject than this, in picture heights.
FARTHEST_BEHIND = 1.0
# A subject that covers less of the picture than this is nobody.
SMALLEST_SUBJECT = 0.005
# Outside the subject, the background counts as at most this near (0 to 1).
BACKGROUND_NEARNESS = 0.25


@dataclass(frozen=True)
class SubjectStats:
    """Robust facts about the subject of one estimate.

    Attributes
    ----------
    far, middle, near : float
        5, 50 and 95 percent quantiles of the inverse depth on the subject.
    head_width : float
        In picture heights.
    natural_gain : float
        Depth in picture heights that one unit of inverse depth stands for, at
        the subject's distance, with `relief = 1`.
    bounds : (left, top, right, bottom)
        Where the subject is, in picture heights from the middle of the picture.
    """

    far: float
    middle: float
    near: float
    head_width: float
    natural_gain: float
    bounds: tuple[float, float, float, float]


def subject_distance(fov: float) -> float:
    """Distance of the subject in picture heights, for a vertical `fov` in degrees."""
    return 1 / (2 * math.tan(math.radians(fov) / 2))


def finds_subject(inverse_depth: InverseDepth) -> bool:
    """Tell whether the network tells where the person is, and there is one."""
    subject = inverse_depth.subject
    return subject is not None and bool(subject.mean() >= SMALLEST_SUBJECT)


def nearness(inverse_depth: InverseDepth) -> NDArray[np.float32]:
    """Inverse depth as a share of its robust range; the scale of the cut-off slider.

    Returns
    -------
    (h, w) float32, 0 (farthest) to 1 (nearest)
        Where the network finds the subject, everything outside it is at most
        `BACKGROUND_NEARNESS`.
    """
    values = inverse_depth.values
    sample = _thinned(values)
    if inverse_depth.subject is not None and finds_subject(inverse_depth):
        scraps = inverse_depth.subject & ~person(inverse_depth.subject, values)
        sample = sample[~_thinned(scraps)]
    low, high = np.quantile(sample, [0.01, 0.995])
    span = np.float32(max(high - low, np.finfo(np.float32).tiny))
    share = (values - np.float32(low)) / span
    np.clip(share, 0, 1, out=share)
    if inverse_depth.subject is not None and finds_subject(inverse_depth):
        np.minimum(share, BACKGROUND_NEARNESS, out=share, where=~inverse_depth.subject)
    return share


def subject_stats(inverse_depth: InverseDepth, near: NDArray[np.float32]) -> SubjectStats:
    """Measure the subject.

    Parameters
    ----------
    inverse_depth : InverseDepth
    near : (h, w) float32
        `nearness(inverse_depth)`; where the network does not tell the subject,
        the nearer half of the range stands for it.
    """
    values = inverse_depth.values
    subject = inverse_depth.subject if inverse_depth.subject is not None else near >= 0.5
    if subject.mean() < SMALLEST_SUBJECT:  # take the whole picture
        subject = np.ones_like(subject)
    subject = person(subject, values)
    sample = _thinned(values)[_thinned(subject)]
    q05, q50, q95 = (float(q) for q in np.quantile(sample, [0.05, 0.5, 0.95]))
    width = head_width(subject)
    if inverse_depth.relief_unit is not None:
        gain = inverse_depth.relief_unit / HEAD_WIDTH * width
    else:
        gain = NATURAL_DEPTH * width / max(q95 - q05, 1e-6)
    return SubjectStats(q05, q50, q95, width, gain, _bounds(subject))


def scale_and_shift(stats: SubjectStats, relief: float, fov: float) -> tuple[float, float]:
    """The two numbers of `depth = 1 / (scale * inverse_depth + shift)`.

    The subject's median lands at `subject_distance(fov)`; around it, depth
    grows by `relief * stats.natural_gain` per unit of inverse depth.
    """
    distance = subject_distance(fov)
    k = relief * stats.natural_gain / distance
    return k / distance, (1 - k * stats.middle) / distance


def depth_from_inverse_depth(
    values: NDArray[np.float32], scale: float, shift: float, farthest: float
) -> NDArray[np.float32]:
    """Depth, kept away from the pole where the denominator would reach zero.

    Parameters
    ----------
    values : float32, any shape
        Inverse depth.
    scale, shift : float
        From `scale_and_shift`, or solved from known depths.
    farthest : float
        Upper limit of the result; also what a denominator at or below zero gives.

    Returns
    -------
    float32, same shape
        In the unit that `scale` and `shift` imply.
    """
    denominator = values * np.float32(scale)
    denominator += np.float32(shift)
    np.maximum(denominator, np.float32(1 / farthest), out=denominator)
    return np.divide(np.float32(1), denominator, out=denominator)


def _thinned(array: NDArray) -> NDArray:
    """Every few pixels: enough for quantiles."""
    step = max(1, int(max(array.shape) // 320))
    return array[::step, ::step]


def _bounds(subject: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """The box around the subject but for its outermost hundredth, from the middle."""
    h, w = subject.shape

    def ends(counts: NDArray, size: int) -> tuple[float, float]:
        share = np.cumsum(counts) / counts.sum()
        low, high = np.searchsorted(share, [0.005, 0.995])
        return float(low - size / 2) / h, float(high + 1 - size / 2) / h

    left, right = ends(subject.sum(axis=0), w)
    top, bottom = ends(subject.sum(axis=1), h)
    return left, top, right, bottom
