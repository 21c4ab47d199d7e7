"""Colour maps for inverse depth: dark is far, bright is near."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLORMAPS", "colormap_lut", "to_colorscale"]

#: The names offered, the default first. All but Turbo rise evenly in lightness.
COLORMAPS = ("Greys", "Viridis", "Cividis", "Inferno", "Magma", "Turbo")


@lru_cache(maxsize=len(COLORMAPS))
def colormap_lut(name: str) -> NDArray[np.uint8]:
    """A colour map as a table.

    Returns
    -------
    (256, 3) uint8, sRGB, read-only
        The first row is for the farthest.

    Raises
    ------
    ValueError
        For a name that is not in `COLORMAPS`.
    """
    if name not in COLORMAPS:
        raise ValueError(f"there is no colour map {name!r}; choose one of: {', '.join(COLORMAPS)}")
    if name == "Greys":
        lut = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    else:
        from plotly.colors import get_colorscale, sample_colorscale, validate_colors

        samples = sample_colorscale(get_colorscale(name), np.linspace(0, 1, 256).tolist())
        lut = np.round(validate_colors(samples, "tuple") * np.full(3, 255.0)).astype(np.uint8)
    lut.flags.writeable = False
    return lut


def to_colorscale(lut: NDArray[np.uint8]) -> list[list[float | str]]:
    """A table of up to 256 colours as a Plotly colour scale, one stop a colour."""
    last = max(len(lut) - 1, 1)
    return [[i / last, f"rgb({r},{g},{b})"] for i, (r, g, b) in enumerate(lut.tolist())]
