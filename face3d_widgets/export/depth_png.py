"""Inverse depth as a 16-bit grey PNG."""

from __future__ import annotations

import io
import json

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from face3d_widgets.types import InverseDepth

__all__ = ["depth_to_png16"]


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
