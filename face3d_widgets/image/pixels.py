"""Pixels of every kind as 8-bit ones, at the size that is wanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["eight_bit", "fitted", "plain", "reduced", "upright"]

# EXIF orientation -> the turn that makes the picture upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def fitted(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    """`size`, shrunk where needed until its longer side is `max_side`."""
    if max_side is None or max(size) <= max_side:
        return size
    scale = max_side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def reduced(
    im: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    """The part `box` of `im` (by default all of it) at `size`, well filtered."""
    if im.size == size:
        return im
    return im.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def plain(im: Image.Image) -> Image.Image:
    """The same picture as 8-bit L, LA, RGB, RGBA, CMYK or LAB.

    Only these can be reduced: neither palette indices nor a transparent key
    colour nor the values of a wider type may be mixed with their neighbours.
    """
    if im.mode in ("I", "F") or im.mode.startswith("I;16"):
        return _grey_8_bit(im)
    if im.mode in ("LA", "RGBA"):
        return im
    if im.mode == "La":
        return im.convert("LA")
    if im.has_transparency_data:
        return im.convert("RGBA")
    if im.mode in ("L", "RGB", "CMYK", "LAB"):
        return im
    return im.convert("L" if im.mode == "1" else "RGB")


def _grey_8_bit(im: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits as L, or as LA where one grey stands for transparent.

    White is 65535 in a PNG. A TIFF does not say, and a 12-bit camera writes 4095
    into 16 bits: there white is the nearest usual full scale above its brightest.
    """
    values = np.asarray(im)
    peak = float(np.max(values, initial=0, where=np.isfinite(values)))
    usual = (65535,) if im.format == "PNG" else (1, 255, 4095, 65535)
    grey = Image.fromarray(eight_bit(values, next((w for w in usual if peak <= w), peak)))
    key = im.info.get("transparency")
    if isinstance(key, int):
        grey.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    return grey


def eight_bit(values: NDArray, white: float) -> NDArray[np.uint8]:
    """`values` from 0 to `white` as uint8 from 0 to 255; clipped, NaN is black."""
    scaled = np.nan_to_num(values.astype(np.float32), copy=False, posinf=white, neginf=0)
    with np.errstate(over="ignore"):  # far below black
        scaled *= np.float32(255 / white)
    return np.rint(np.clip(scaled, 0, 255, out=scaled), out=scaled).astype(np.uint8)


def upright(im: Image.Image, orientation: int) -> Image.Image:
    """`im` turned as its EXIF orientation says; unknown ones are no turn."""
    return im.transpose(_TURNS[orientation]) if orientation in _TURNS else im
