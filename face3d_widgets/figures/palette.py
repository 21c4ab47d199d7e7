"""A photo's colours as a table of 256 and one byte a pixel.

Plotly colours points by numbers on a colour scale quickly, and by strings
slowly; a palette sends a photo's colours as one byte a point.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from face3d_widgets.figures.colormaps import to_colorscale
from face3d_widgets.types import Photo

__all__ = ["PhotoPalette"]


class PhotoPalette:
    """The 256 colours that suit a photo best.

    Attributes
    ----------
    colors : (256, 3) uint8, sRGB
    indices : (h * w,) uint8
        Each pixel's colour, by rows.
    """

    def __init__(self, photo: Photo) -> None:
        quantized = Image.fromarray(photo.rgb).quantize(
            256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
        used = np.array(quantized.getpalette() or [0, 0, 0], np.uint8).reshape(-1, 3)[:256]
        self.colors: NDArray[np.uint8] = np.zeros((256, 3), np.uint8)
        self.colors[: len(used)] = used
        self.indices: NDArray[np.uint8] = np.asarray(quantized).ravel()
        self.colorscale = to_colorscale(self.colors)
