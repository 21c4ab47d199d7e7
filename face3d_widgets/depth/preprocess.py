"""Photos to network inputs, and network outputs back to the photo's size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["enlarge_with_outline", "input_size", "resize_to_input", "resize_to_photo"]

# Cells of the network's grid that the blur along an outline reaches into.
_BLUR = 2
_FILL = 5


def input_size(height: int, width: int, side: int, multiple: int = 32) -> tuple[int, int]:
    """Rows and columns of the network's input.

    The longer side becomes `side`; both are rounded to a multiple of `multiple`,
    and neither falls below it.
    """
    scale = side / max(height, width)

    def rounded(n: int) -> int:
        return max(multiple, round(n * scale / multiple) * multiple)

    return rounded(height), rounded(width)


def resize_to_input(rgb: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """(h, w, 3) uint8 to (3, rows, columns) float32 from 0 to 1, averaged over areas."""
    import cv2

    rows, columns = size
    small = cv2.resize(rgb, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small.transpose(2, 0, 1), dtype=np.float32) / np.float32(255)


def resize_to_photo(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """(rows, columns) float32 to (height, width) float32, bicubic."""
    import cv2

    resized = cv2.resize(values, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(resized, dtype=np.float32)


def enlarge_with_outline(
    values: NDArray[np.float32], thresholds: tuple[float, float], height: int, width: int
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
        Along the outline, a value between the two has the subject's depth but is
        not sure to be the subject.
    height, width : int
        The photo's size.

    Returns
    -------
    values : (height, width) float32
    subject : (height, width) bool
        The largest region that is surely the subject, and others at least a
        quarter as large.
    """
    import cv2

    background_below, subject_above = thresholds
    above = values > background_below
    main = _main_regions(above).astype(np.uint8)
    enlarged = resize_to_photo(values, height, width)
    # A margin of a cell, so that the outline runs where the enlarged values say.
    near_main = cv2.dilate(main, np.ones((3, 3), np.uint8))
    at_main = cv2.resize(near_main, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    subject = at_main & (enlarged > subject_above)

    kernel = np.ones((2 * _BLUR + 1, 2 * _BLUR + 1), np.uint8)
    inside = cv2.erode(main, kernel) > 0
    outside = cv2.dilate(above.astype(np.uint8), kernel) == 0
    if not inside.any() or not outside.any():
        return enlarged, subject
    front = resize_to_photo(_continued(values, inside), height, width)
    back = resize_to_photo(_continued(values, outside), height, width)
    return np.where(at_main & (enlarged > background_below), front, back), subject


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


def _main_regions(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected region, and others at least a quarter as large."""
    import cv2

    n, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if n <= 2:
        return mask
    area = stats[:, cv2.CC_STAT_AREA].copy()
    area[0] = 0  # the background
    return (area >= area.max() / 4)[labels] & mask
