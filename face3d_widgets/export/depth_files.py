"""Inverse depth as a file: 16-bit PNG, PFM, NPY."""

from __future__ import annotations

import io
import json
import re
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from face3d_widgets.types import InverseDepth

__all__ = ["depth_to_png16", "inverse_depth_to_npy", "inverse_depth_to_pfm", "is_own_depth"]


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


def is_own_depth(path: Path) -> bool:
    """Tell whether a file is a map that the functions here made.

    A PNG says so itself. NPY and PFM have no room for that: they are known by the PNG of
    the same name beside them, whose size and whose lowest and highest value are theirs.
    """
    picture = path.suffix.lower() == ".png"
    try:
        said = _said_by(path if picture else path.with_suffix(".png"))
        if said is None or picture:
            return said is not None
        values = _values_in(path)
    except (OSError, ValueError, EOFError, Image.DecompressionBombError):
        return False  # there is none, or it is broken
    width, height, low, high = said
    if values is None or values.shape != (height, width):
        return False
    return (float(values.min()), float(values.max())) == (low, high)


def _said_by(png: Path) -> tuple[int, int, float, float] | None:
    """Width, height, lowest and highest value of a PNG of ours; None of any other file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # no pixel is read
        opened = Image.open(png, formats=("PNG",))
    with opened as picture:
        text = picture.info.get("inverse_depth")
        if not isinstance(text, str):
            return None
        try:
            numbers = json.loads(text)
            return *picture.size, float(numbers["low"]), float(numbers["high"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return None


def _values_in(path: Path) -> NDArray[np.float32] | None:
    """(h, w) float32 in an NPY or a PFM as they are written here; None of anything else."""
    if path.suffix.lower() == ".npy":
        values = np.lib.format.open_memmap(path, mode="r")
        fits = values.dtype == np.float32 and values.ndim == 2 and values.size > 0
        return values if fits else None
    if path.suffix.lower() != ".pfm":
        return None
    data = path.read_bytes()
    header = re.match(rb"Pf\n(\d{1,6}) (\d{1,6})\n-1\.0\n", data)
    if header is None:
        return None
    width, height = int(header[1]), int(header[2])
    if width * height == 0 or len(data) != header.end() + 4 * width * height:
        return None
    return np.frombuffer(data, "<f4", offset=header.end()).reshape(height, width)


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
