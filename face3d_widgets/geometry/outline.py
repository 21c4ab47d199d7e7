"""The outline of a person: the largest part, and the width of its head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.cells import label, opened

__all__ = ["head_width", "person"]

# A part with less than this share of the largest part's pixels is none of the person's, and
# one with more than the other always is.
SMALL_PART, LARGE_PART = 0.05, 0.2
# What is narrower than this share of the largest square in the outline is a scrap; a head
# on a body that fills the picture is wider than that.
SCRAP = 0.3
# A head with ears and hair is at most this many times as wide as its middle row is.
WIDEST = 1.15
_THINNED = 320


def person(subject: NDArray[np.bool_], values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(h, w) bool: the subject without the parts that are hardly the person's.

    A dark collar may part a head from its body, so a smaller part stays where it lies about
    as deep as the largest one.

    Parameters
    ----------
    subject : (h, w) bool
    values : (h, w) float32
        Inverse depth.
    """
    labels, sizes = label(subject)
    if len(sizes) <= 2:
        return subject
    largest = 1 + int(np.argmax(sizes[1:]))
    low, high = np.quantile(values[labels == largest], [0.05, 0.95])
    reach = high - low
    keep = sizes >= LARGE_PART * sizes[largest]
    doubtful = (sizes >= SMALL_PART * sizes[largest]) & ~keep
    keep[0] = doubtful[0] = False
    for part in np.flatnonzero(doubtful):
        middle = np.median(values[labels == part])
        keep[part] = low - reach <= middle <= high + reach
    return keep[labels]


def head_width(subject: NDArray[np.bool_]) -> float:
    """Width of the head in picture heights, from the subject's outline.

    Going down from the crown, the outline widens to the width of the head, and is still
    that wide one head width further down, before the shoulders begin. A scrap of background
    that was taken for the person decides neither: the crown is that of the outline without
    anything narrow (its opening by squares), and a row that is much wider than the head's
    middle rows does not count.

    Parameters
    ----------
    subject : (h, w) bool
    """
    if not subject.any():
        return 0.4
    step = max(1, max(subject.shape) // _THINNED)
    thin = subject[step // 2 :: step, step // 2 :: step]
    solid = opened(thin, max(1, round(SCRAP * _largest_square(thin))))
    rows = np.flatnonzero(solid.any(axis=1))
    if len(rows) == 0:
        rows, solid = np.flatnonzero(thin.any(axis=1)), thin
    crown = int(rows[0]) if len(rows) else 0
    widest = _width_below(subject[crown * step :].sum(axis=1))
    head = _longest_runs(solid[crown:])
    length = widest / step  # of the head, in thinned rows
    middle = head[round(0.3 * length) : max(round(length), round(0.3 * length) + 1)]
    if len(middle):
        widest = min(widest, WIDEST * step * float(np.median(middle)))
    return float(np.clip(widest / subject.shape[0], 0.08, 0.9))


def _width_below(widths: NDArray[np.integer]) -> float:
    """The width that is reached that far below the first row."""
    widest_so_far = np.maximum.accumulate(widths)
    reached = np.flatnonzero(np.arange(len(widths)) >= widest_so_far)
    return float(widest_so_far[reached[0]] if len(reached) else widest_so_far[-1])


def _longest_runs(mask: NDArray[np.bool_]) -> NDArray[np.integer]:
    """(h,): the longest run of every row."""
    count = np.cumsum(mask, axis=1)
    before = np.maximum.accumulate(np.where(mask, 0, count), axis=1)
    return (count - before).max(axis=1)


def _largest_square(mask: NDArray[np.bool_]) -> int:
    """The side of the largest square that fits into the mask, found by halving."""
    low, high = 1, min(mask.shape)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if opened(mask, middle).any() else (low, middle - 1)
    return low
