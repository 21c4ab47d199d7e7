"""HEIF in HDR with all its bits: 8 of them are too few for PQ and HLG."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from face3d_widgets.image.color_space import ColorSpace, as_srgb
from face3d_widgets.image.formats import check_size
from face3d_widgets.image.pixels import fitted

__all__ = ["deep_heif"]


def deep_heif(
    contents: bytes, space: ColorSpace, max_side: int | None
) -> tuple[Image.Image, tuple[int, int]]:
    """The picture in sRGB as RGB or RGBA, and its full size.

    Parameters
    ----------
    contents : bytes
        The file.
    space : ColorSpace
    max_side : int or None
        Where the picture is at least twice as long, its pixels are averaged to not less
        than this, for that is much faster than to convert them all.
    """
    import pillow_heif

    values = np.asarray(pillow_heif.open_heif(BytesIO(contents), convert_hdr_to_8bit=False))
    size = values.shape[1], values.shape[0]
    check_size(size)
    values = values if values.ndim == 3 else values[:, :, None]
    small = fitted(size, max_side)
    values = _averaged(values, min(size[0] // small[0], size[1] // small[1]))
    alpha = values[..., 3] if values.shape[2] == 4 else None
    colors = np.broadcast_to(values[..., :3], (*values.shape[:2], 3))
    im = Image.fromarray(as_srgb(colors, space))
    if alpha is not None:
        im.putalpha(Image.fromarray((alpha // 257).astype(np.uint8)))
    return im, size


def _averaged(values: NDArray[np.uint16], block: int) -> NDArray[np.uint16]:
    """Means over squares of `block` x `block` pixels; what is left at the end is cut off."""
    if block == 1:
        return values
    h, w = values.shape[0] // block, values.shape[1] // block
    result = np.empty((h, w, values.shape[2]), np.uint16)
    for row in range(h):
        part = values[row * block : (row + 1) * block, : w * block]
        result[row] = part.reshape(block, w, block, -1).mean(axis=(0, 2)) + 0.5
    return result
