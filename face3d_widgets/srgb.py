"""sRGB, in which photos are kept, and the light that its numbers stand for.

References
----------
IEC 61966-2-1:1999, the sRGB colour space.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["decode", "encode", "light_of_bytes"]


def light_of_bytes() -> NDArray[np.float64]:
    """(256,) float64: the share of full light, 0 to 1, that each 8-bit value stands for."""
    return decode(np.arange(256) / 255)


def decode(coded: NDArray[Any]) -> NDArray[Any]:
    """SRGB numbers as shares of full light; both from 0 to 1, of any shape."""
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def encode(light: NDArray[Any]) -> NDArray[Any]:
    """Shares of full light as sRGB numbers; both from 0 to 1, of any shape."""
    return np.where(light < 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
