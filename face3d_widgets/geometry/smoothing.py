"""Evening out a map of inverse depth without touching its edges.

References
----------
He, K., Sun, J. and Tang, X. (2013). Guided image filtering. IEEE TPAMI 35(6).
https://doi.org/10.1109/TPAMI.2012.213
He, K. and Sun, J. (2015). Fast guided filter. https://arxiv.org/abs/1505.00996
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["box_mean", "quantize", "smooth"]


def box_mean(image: NDArray[np.float64], radius: int) -> NDArray[np.float64]:
    """Mean over a square window, clipped at the border; its cost does not depend on its size.

    Parameters
    ----------
    image : (h, w) float64
    radius : int
        The window is `2 * radius + 1` pixels wide.
    """
    side = 2 * radius + 1
    for axis in (0, 1):
        n = image.shape[axis]
        around = [(0, 0), (0, 0)]
        around[axis] = radius + 1, radius
        total = np.cumsum(np.pad(image, around), axis=axis)
        sums = total[side:] - total[:-side] if axis == 0 else total[:, side:] - total[:, :-side]
        middle = np.arange(n)
        counts = np.minimum(middle + radius + 1, n) - np.maximum(middle - radius, 0)
        image = sums / counts.reshape((-1, 1) if axis == 0 else (1, -1))
    return image


def smooth(
    values: NDArray[np.float32], strength: float, edge: float, radius: float
) -> NDArray[np.float32]:
    """The guided filter with the map as its own guide.

    Every window fits a straight line from the map to itself: where it varies by much
    less than `strength * edge` the line is flat and the window's mean remains; where it
    varies by much more, the map stays as it is.

    Parameters
    ----------
    values : (h, w) float32
    strength : float
        0 (off) to 1.
    edge : float
        Standard deviation within a window, in units of `values`, that counts as an edge
        at full strength.
    radius : float
        Of the window at full strength, in pixels.

    Returns
    -------
    (h, w) float32
    """
    if strength == 0 or edge == 0:
        return values
    window = max(1, round(strength * radius))
    block = max(1, window // 4)  # the lines vary slowly: a coarse grid of them is enough
    guide = values - values.mean(dtype=np.float64).astype(np.float32)  # squares stay exact
    coarse = max(1, round(window / block))
    mean = box_mean(_block_means(guide, block), coarse)
    variance = box_mean(_block_means(guide * guide, block), coarse) - mean * mean
    np.maximum(variance, 0, out=variance)
    gain = variance / (variance + (strength * edge) ** 2)
    rest = (1 - gain) * mean
    result = _enlarged(box_mean(gain, coarse), block, values.shape)
    result *= guide
    result += _enlarged(box_mean(rest, coarse), block, values.shape)
    result += values - guide
    return result


def _block_means(image: NDArray[np.float32], block: int) -> NDArray[np.float64]:
    """Means over squares of `block` x `block` pixels; the last ones repeat the border."""
    h, w = image.shape
    padded = np.pad(image, ((0, -h % block), (0, -w % block)), mode="edge")
    rows = padded.reshape(-1, block, padded.shape[1]).mean(axis=1, dtype=np.float64)
    return rows.reshape(rows.shape[0], -1, block).mean(axis=2)


def _enlarged(
    coarse: NDArray[np.float64], block: int, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """The inverse of `_block_means` for what varies slowly: linear between the middles."""
    image = coarse.astype(np.float32)
    for axis in (0, 1):
        place = (np.arange(shape[axis]) + 0.5) / block - 0.5
        place = np.clip(place, 0, image.shape[axis] - 1)
        low = place.astype(np.intp)
        high = np.minimum(low + 1, image.shape[axis] - 1)
        share = (place - low).astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
        lower = image.take(low, axis)
        image = lower + share * (image.take(high, axis) - lower)
    return image


def quantize(values: NDArray[np.float32], levels: int = 256) -> NDArray[np.float32]:
    """`values` rounded to evenly spaced levels between their least and greatest."""
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return values
    step = (high - low) / (levels - 1)
    return (np.round((values - low) / step) * step + low).astype(np.float32)
