"""Rank agreement of two maps, whatever their scales.

References
----------
Spearman, C. (1904). The proof and measurement of association between two things.
The American Journal of Psychology 15(1). https://doi.org/10.2307/1412159
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["rank_correlation", "ranks"]


def ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Each value's place in the order, from 1; equal values share the mean of their places.

    Parameters
    ----------
    values : (n,) float

    Returns
    -------
    (n,) float64

    Examples
    --------
    >>> ranks([30, 10, 20, 10])
    array([4. , 1.5, 3. , 1.5])
    """
    _, which, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[which.ravel()]


def rank_correlation(a: ArrayLike, b: ArrayLike) -> float:
    """Spearman's rank correlation: 1 for the same order, -1 for the opposite, 0 for none.

    No scale and no shift changes it, nor any stretching that keeps the order.

    Parameters
    ----------
    a, b : float, of one shape
        Values of the same pixels.

    Raises
    ------
    ValueError
        When the shapes differ, there are fewer than two values, one is not finite, or
        all of one map are equal and have no order.
    """
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape:
        raise ValueError(
            f"maps of {first.shape} and {second.shape} cannot be compared; give the same pixels"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("a value is not finite; leave such pixels out")
    if first.size < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        raise ValueError("there is no order: a map is constant there; take more pixels")
    x, y = ranks(first.ravel()), ranks(second.ravel())
    x -= x.mean()
    y -= y.mean()
    return float((x @ y) / np.sqrt((x @ x) * (y @ y)))
