"""A second, closer look at a head that is small in its photo.

A network sees a photo at a fixed size. Of a head that fills a quarter of it, 72 pixels are left
at 288: too few for a nose. So where a first look finds the head small, the network looks once
more at a window around it, and the two answers are joined: the head from the second, the rest
of the picture from the first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.depth.preprocess import largest_region

__all__ = ["head_window", "join_looks"]

#: Side of the window, in head heights (or widths, where those are larger).
WINDOW = 1.35
#: A window of more than this part of the photo shows too little that is new.
WORTH = 0.85
# Cells of the network's grid that a head has at least; less is more likely none.
_SMALLEST_HEAD = 8
# Over this part of the window the answers change into each other.
_SEAM = 0.08


def head_window(head: NDArray[np.float32], height: int, width: int) -> tuple[slice, slice] | None:
    """The window of a closer look.

    Parameters
    ----------
    head : (rows, columns) float32
        How surely the head is there, positive where it rather is: the network's logits for
        the whole photo.
    height, width : int
        The photo's size.

    Returns
    -------
    (slice, slice) or None
        Rows and columns of the photo, a square around the largest head as far as the photo
        reaches; None where there is no head, or it is large enough already.
    """
    import cv2

    largest = largest_region(head > 0)
    left, top, columns, rows = cv2.boundingRect(largest.astype(np.uint8))
    if max(rows, columns) < _SMALLEST_HEAD:
        return None
    down, across = height / head.shape[0], width / head.shape[1]
    side = WINDOW * max(rows * down, columns * across)
    if side > WORTH * max(height, width):
        return None
    return (
        _span((top + rows / 2) * down, side, height),
        _span((left + columns / 2) * across, side, width),
    )


def _span(middle: float, side: float, end: int) -> slice:
    """`side` pixels around a place, moved so that they lie between 0 and `end`."""
    length = min(max(1, round(side)), end)
    start = min(max(0, round(middle - side / 2)), end - length)
    return slice(start, start + length)


def join_looks(
    whole: tuple[NDArray[np.float32], NDArray[np.bool_]],
    closer: tuple[NDArray[np.float32], NDArray[np.bool_]],
    window: tuple[slice, slice],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Two answers for one photo as one.

    The closer one is moved by the median distance of the two on the subject, and the seam runs
    along the window's inside, where that is not the photo's own border.

    Parameters
    ----------
    whole : (values, subject)
        (height, width) float32 and bool: inverse depth up to scale and shift, and where the
        subject is.
    closer : (values, subject)
        The same of the window.
    window : (slice, slice)
        Rows and columns of the photo.

    Returns
    -------
    values : (height, width) float32
    subject : (height, width) bool
    """
    values, subject = whole[0].copy(), whole[1].copy()
    before, was_subject = values[window], subject[window]
    after, is_subject = closer
    both = was_subject & is_subject
    if both.any():
        after = after + np.median((before - after)[both])
    new = _weight(before.shape, window, values.shape).astype(np.float32)
    chosen = new >= 0.5
    mixed = before + new * (after - before)
    # Between a subject and its background there is nothing to mix.
    agreed = was_subject == is_subject
    values[window] = np.where(agreed, mixed, np.where(chosen, after, before))
    subject[window] = np.where(chosen, is_subject, was_subject)
    return values, subject


def _weight(
    shape: tuple[int, ...], window: tuple[slice, slice], photo: tuple[int, ...]
) -> NDArray[np.float64]:
    """0 at the window's border to 1 inside; 1 up to the photo's own border."""
    seam = max(1.0, _SEAM * max(shape))
    ramps = []
    for length, span, end in zip(shape, window, photo, strict=True):
        at = np.arange(length) + 0.5
        before = at if span.start > 0 else np.full(length, seam)
        after = at[::-1] if span.stop < end else np.full(length, seam)
        ramps.append(np.clip(np.minimum(before, after) / seam, 0, 1))
    return np.outer(*ramps)
