"""Colours for differences: blue below zero, white at zero, red above.

The two ends differ for every kind of colour vision, and the middle is the lightest.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["difference_bytes", "diverging_lut", "round_limit"]

_NAME = "RdBu_r"  # ColorBrewer's, which is safe for colour-blind eyes
_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)


@lru_cache(maxsize=1)
def diverging_lut() -> NDArray[np.uint8]:
    """The colours as a table, (256, 3) uint8, sRGB, read-only."""
    from plotly.colors import get_colorscale, sample_colorscale, validate_colors

    samples = sample_colorscale(get_colorscale(_NAME), np.linspace(0, 1, 256).tolist())
    lut = np.round(validate_colors(samples, "tuple") * np.full(3, 255.0)).astype(np.uint8)
    lut.flags.writeable = False
    return lut


def difference_bytes(values: NDArray[np.floating], limit: float) -> NDArray[np.uint8]:
    """Differences as places on `diverging_lut`, of the same shape.

    Parameters
    ----------
    values : float
        NaN counts as no difference.
    limit : float
        The difference at the reddest end; what is beyond has its colour.
    """
    share = np.nan_to_num(np.asarray(values, np.float32) / np.float32(limit), nan=0.0)
    return np.round(127.5 * (1 + np.clip(share, -1, 1))).astype(np.uint8)


def round_limit(values: NDArray[np.floating], least: float) -> float:
    """A round number that 95 percent of the differences stay below.

    Parameters
    ----------
    values : float
        Not finite ones do not count.
    least : float
        The answer is at least this.
    """
    known = np.abs(values[np.isfinite(values)])
    wanted = max(float(np.quantile(known, 0.95)) if known.size else 0.0, least)
    ten = 10.0 ** np.floor(np.log10(wanted))
    return float(next(step * ten for step in _STEPS if step * ten >= wanted * (1 - 1e-9)))
