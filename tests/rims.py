"""The rim of a triangle mesh: the sides that belong to one triangle only."""

import numpy as np


def rim_of(faces):
    """(k, 2): where each side of the rim starts and ends, as its triangle runs."""
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    n = sides.max(initial=0) + 1
    there, back = sides @ [n, 1], sides @ [1, n]
    return sides[~np.isin(there, back)]
