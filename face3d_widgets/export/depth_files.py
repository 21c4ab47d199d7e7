"""Inverse depth as a file: 16-bit PNG, PFM, NPY."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from face3d_widgets.types import InverseDepth

__all__ = ["depth_to_png16", "inverse_depth_to_npy", "inverse_depth_to_pfm", "is_depth_png"]


def depth_to_png16(inverse_depth: InverseDepth) -> bytes:
    """The whole range of inverse depth as 0 (farthest) to 65535 (nearest).

    The PNG's text chunk `inverse_depth` holds the lowest and the highest value
    as JSON, so that the numbers can be had back:
    `low + (high - low) * pixel / 65535`.
    """
    values = inverse_depth.values
    low, high = float(values.min()), float(values.max())
    share = (values - np.float32(low)) / np.float32(max(high - low, 1e-12))
    pixels = np.round(share * 65535).astype(np.uint16)
    text = PngInfo()
    text.add_text(
        "inverse_depth", json.dumps({"low": low, "high": high, "model": inverse_depth.model})
    )
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=text)
    return buffer.getvalue()


def is_depth_png(path: Path) -> bool:
    """Whether a file is a PNG that `depth_to_png16` made."""
    try:
        with Image.open(path) as picture:
            return "inverse_depth" in picture.info
    except OSError:  # no picture at all
        return False


def inverse_depth_to_pfm(inverse_depth: InverseDepth) -> bytes:
    """The network's own values as PFM, the format that MiDaS writes too.

    One channel, float32, little-endian, the lowest row first.

    References
    ----------
    Debevec, P. PFM: portable float map. https://www.pauldebevec.com/Research/HDR/PFM/
    Scharstein, D. Middlebury stereo, the PFM files of disparities.
    https://vision.middlebury.edu/stereo/code/
    """
    values = inverse_depth.values
    height, width = values.shape
    header = f"Pf\n{width} {height}\n-1.0\n".encode("ascii")
    return header + values[::-1].astype("<f4").tobytes()


def inverse_depth_to_npy(inverse_depth: InverseDepth) -> bytes:
    """The network's own values as NPY, (h, w) float32, for `numpy.load`.

    References
    ----------
    https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
    """
    buffer = io.BytesIO()
    np.save(buffer, inverse_depth.values.astype("<f4", copy=False), allow_pickle=False)
    return buffer.getvalue()
