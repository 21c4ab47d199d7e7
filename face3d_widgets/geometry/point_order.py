"""One fixed, well-spread order of a picture's pixels.

Any number of points is a prefix of this order, so asking for more points only
adds points, and every prefix covers the picture evenly.

References
----------
Roberts, M. (2018). The unreasonable effectiveness of quasirandom sequences.
https://extremelearning.com.au/unreasonable-effectiveness-of-quasirandom-sequences/
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["spread_order"]

# The plastic number: the two-dimensional counterpart of the golden ratio.
_PLASTIC = 1.32471795724474602596


@lru_cache(maxsize=2)
def spread_order(height: int, width: int, seed: int = 0) -> NDArray[np.int32]:
    """Every pixel once, in the order of Roberts' R2 low-discrepancy sequence.

    Parameters
    ----------
    height, width : int
        Size of the picture.
    seed : int
        Moves the start of the sequence.

    Returns
    -------
    (height * width,) int32, read-only
        Pixels as `row * width + column`. The sequence visits most pixels; the
        few that it never meets follow in a random order.
    """
    if height < 1 or width < 1:
        raise ValueError(f"a picture of {width} x {height} pixels has no order")
    n = height * width
    rng = np.random.default_rng(seed)
    start = rng.random(2)
    k = np.arange(n, dtype=np.float64)
    column = ((start[0] + k / _PLASTIC) % 1 * width).astype(np.int32)
    row = ((start[1] + k / _PLASTIC**2) % 1 * height).astype(np.int32)
    visited = row * np.int32(width) + column

    # Writing backwards leaves, for each pixel, the first visit.
    first_visit = np.full(n, -1, np.int32)
    visits = np.arange(n, dtype=np.int32)
    first_visit[visited[::-1]] = visits[::-1]
    met = visited[first_visit[visited] == visits]
    missed = np.flatnonzero(first_visit < 0).astype(np.int32)
    rng.shuffle(missed)
    order = np.concatenate([met, missed])
    order.flags.writeable = False
    return order
