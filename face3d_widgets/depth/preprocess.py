"""Photos to network inputs, and network outputs back to the photo's size."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "enlarge_with_outline",
    "input_size",
    "largest_region",
    "pad_to_multiple",
    "resize_map",
    "resize_to_input",
]

# Cells of the network's grid that the blur along an outline reaches into.
_BLUR = 2
_FILL = 5
# How much of a cell along the outline is not sure to be the subject.
_RIM = 0.6


def input_size(height: int, width: int, side: int) -> tuple[int, int]:
    """Rows and columns of a photo whose longer side is made `side`, its shape kept."""
    scale = side / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def resize_to_input(rgb: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """(h, w, 3) uint8 to (3, rows, columns) float32 from 0 to 1, averaged over areas."""
    import cv2

    rows, columns = size
    small = cv2.resize(rgb, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small.transpose(2, 0, 1), dtype=np.float32) / np.float32(255)


def pad_to_multiple(
    picture: NDArray[np.float32], multiple: int = 32
) -> tuple[NDArray[np.float32], tuple[slice, slice]]:
    """Continue a picture's edges until its sides are multiples of `multiple`.

    A network that halves its grid five times wants multiples of 32; to squeeze
    the photo into them would bend the face.

    Parameters
    ----------
    picture : (3, rows, columns) float32

    Returns
    -------
    padded : (3, rows + r, columns + c) float32
    inside : (slice, slice)
        Rows and columns of the picture in `padded`.
    """
    _, rows, columns = picture.shape
    top, bottom = _halves(-rows % multiple)
    left, right = _halves(-columns % multiple)
    padded = np.pad(picture, ((0, 0), (top, bottom), (left, right)), mode="edge")
    return padded, (slice(top, top + rows), slice(left, left + columns))


def _halves(n: int) -> tuple[int, int]:
    return n // 2, n - n // 2


def resize_map(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """(rows, columns) float32 to (height, width) float32, bicubic.

    Keys' cubic with a = -0.5: it keeps a slope a slope. OpenCV's has -0.75, and
    its slopes rise and fall by a third from cell to cell: terraces on a face.
    """
    rows, columns = values.shape
    resized = _cubic_weights(rows, height) @ values @ _cubic_weights(columns, width).T
    return np.asarray(resized, dtype=np.float32)


@lru_cache(maxsize=8)
def _cubic_weights(n_from: int, n_to: int) -> NDArray[np.float32]:
    """(n_to, n_from) float32: what each input weighs in each output; pixel centres at + 0.5."""
    at = (np.arange(n_to) + 0.5) * n_from / n_to - 0.5
    first = np.floor(at).astype(int) - 1
    weights = np.zeros((n_to, n_from), np.float32)
    for k in range(4):
        d = np.abs(at - (first + k))
        near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
        columns = np.clip(first + k, 0, n_from - 1)
        np.add.at(weights, (np.arange(n_to), columns), np.where(d < 1, near, far))
    return weights


def enlarge_with_outline(
    values: NDArray[np.float32],
    thresholds: tuple[float, float],
    height: int,
    width: int,
    presence: NDArray[np.float32] | None = None,
    among: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Enlarge inverse depth so that the subject keeps a clean outline.

    Where a network's coarse map falls from subject to background it passes
    through values that belong to neither, and enlarged they would become a
    ramp of points hanging in the air. So the two are enlarged apart, each
    continued a little beyond its edge, and joined along the outline.

    Parameters
    ----------
    values : (rows, columns) float32
        Inverse depth from the network.
    thresholds : (background_below, subject_above)
        Along the outline, a presence between the two has the subject's depth but is
        not sure to be the subject.
    height, width : int
        The photo's size.
    presence : (rows, columns) float32, optional
        What the thresholds are for: how surely the subject is there, rising; the
        values themselves when not given.
    among : (height, width) bool, optional
        Where the subject is known to be, roughly.

    Returns
    -------
    values : (height, width) float32
    subject : (height, width) bool
        The largest region that is surely the subject, and others at least a
        quarter as large; with `among`, the regions that it touches.
    """
    import cv2

    background_below, subject_above = thresholds
    presence = values if presence is None else presence
    above = presence > background_below
    if among is not None:
        rows, columns = values.shape
        among = resize_map(among.astype(np.float32), rows, columns) > 0.5
    main = _main_regions(above, among).astype(np.uint8)
    enlarged = resize_map(values, height, width)
    outline = enlarged if presence is values else resize_map(presence, height, width)
    # A margin of a cell, so that the outline runs where the enlarged values say.
    near_main = cv2.dilate(main, np.ones((3, 3), np.uint8))
    at_main = cv2.resize(near_main, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    subject = at_main & (outline > subject_above)
    # The outermost pixels of the subject still have some of the background's colour.
    rim = round(_RIM * max(height, width) / max(values.shape))
    subject = cv2.erode(
        subject.astype(np.uint8), np.ones((2 * rim + 1, 2 * rim + 1), np.uint8), borderValue=1
    ).astype(bool)

    kernel = np.ones((2 * _BLUR + 1, 2 * _BLUR + 1), np.uint8)
    inside = cv2.erode(main, kernel) > 0
    outside = cv2.dilate(above.astype(np.uint8), kernel) == 0
    if not inside.any() or not outside.any():
        return enlarged, subject
    front = resize_map(_continued(values, inside), height, width)
    back = resize_map(_continued(values, outside), height, width)
    return np.where(at_main & (outline > background_below), front, back), subject


def _continued(values: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Values outside `known` replaced, a few cells far, by the mean of known neighbours."""
    import cv2

    filled = np.where(known, values, np.float32(0))
    weight = known.astype(np.float32)
    for _ in range(_FILL):
        total = cv2.boxFilter(filled * weight, -1, (3, 3), normalize=False)
        count = cv2.boxFilter(weight, -1, (3, 3), normalize=False)
        new = (weight == 0) & (count > 0)
        filled[new] = total[new] / count[new]
        weight[new] = 1
    return np.where(weight > 0, filled, values)


def largest_region(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected region of a mask, (h, w) bool; diagonal neighbours are connected."""
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    return labels == 1 + int(np.argmax(area[1:])) if len(area) > 1 else mask


def _main_regions(mask: NDArray[np.bool_], among: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """The largest connected region, and others at least a quarter as large; or those touched."""
    import cv2

    n, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if among is not None:
        touched = np.zeros(n, bool)
        touched[labels[among & mask]] = True
        if touched.any():
            return touched[labels]
    if n <= 2:
        return mask
    area = stats[:, cv2.CC_STAT_AREA].copy()
    area[0] = 0  # the background
    return (area >= area.max() / 4)[labels] & mask
