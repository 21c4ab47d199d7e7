"""Formats: those that are read, by whom and how large, and those chosen by mistake."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from io import BytesIO

from PIL import Image

from face3d_widgets.image.refusals import MAX_PIXELS, TOO_MANY_PIXELS, Refusal

__all__ = [
    "ACCEPT",
    "FORMATS",
    "MAX_ASPECT",
    "MAX_BYTES",
    "MIN_SIDE",
    "WORKING_SIDE",
    "check_size",
    "checked_bytes",
    "reader_of",
]

MAX_BYTES = 30 * 1024 * 1024
MIN_SIDE = 16
MAX_ASPECT = 8.0
WORKING_SIDE = 1280

FORMATS = "JPEG, PNG, WebP, TIFF, BMP or HEIC"
ACCEPT = ".jpg,.jpeg,.jfif,.png,.webp,.tif,.tiff,.bmp,.heic,.heif,.hif,.avif,.gif"

# How a file begins, and the one class that reads it, imported when first needed.
_READERS = (
    (rb"\xff\xd8\xff", "PIL.JpegImagePlugin", "JpegImageFile"),
    (rb"\x89PNG\r\n\x1a\n", "PIL.PngImagePlugin", "PngImageFile"),
    (rb"RIFF....WEBP", "PIL.WebPImagePlugin", "WebPImageFile"),
    (rb"II[*+]\0|MM\0[*+]", "face3d_widgets.image.tiff", "open_tiff"),
    (rb"BM", "PIL.BmpImagePlugin", "BmpImageFile"),
    (rb"GIF8[79]a", "PIL.GifImagePlugin", "GifImageFile"),
    (rb"....ftyp(....){0,16}?avi[fs]", "PIL.AvifImagePlugin", "AvifImageFile"),
    (rb"....ftyp(....){0,16}?(hei[cxms]|hev[cx]|mif1|msf1)", "pillow_heif", "HeifImageFile"),
)

# What people choose by mistake, as said to them; the first match counts.
_MISTAKES = (
    (rb"\s*%PDF", "a PDF document"),
    (rb"PK\x03\x04", "a ZIP archive or an Office document"),
    (rb"....ftypcrx |FUJIFILM|IIU\0|IIR[OS]|MMOR", "a raw camera file"),
    (rb"....ftyp|[\0\1]...(moov|mdat|wide|free)|RIFF....AVI |\x1aE\xdf\xa3", "a video"),
    (rb"8BPS", "a Photoshop file"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript drawing"),
    (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (rb"\0\0\0\x0cJXL |\xff\x0a", "a JPEG XL picture"),
    (rb"(\xef\xbb\xbf)?\s*(<[?!].*)?<svg\b", "an SVG drawing"),
    (rb"(\xef\xbb\xbf)?\s*<[?!a-z]", "a web page or an XML text"),
    (rb"[\t\r\n -~]+\Z", "a text file"),
)


def checked_bytes(data: bytes | bytearray | memoryview) -> bytes:
    """`data` as bytes, neither empty nor too long."""
    n_bytes = memoryview(data).nbytes
    if n_bytes == 0:
        raise Refusal(f"is empty; choose a photo in {FORMATS} format")
    if n_bytes > MAX_BYTES:
        limit = f"{MAX_BYTES // 1024**2} MB"
        raise Refusal(f"is larger than {limit}; save it smaller, or as JPEG, and choose it again")
    return data if isinstance(data, bytes) else memoryview(data).tobytes()


def reader_of(contents: bytes) -> Callable[[BytesIO], Image.Image]:
    """The class that reads the header of these bytes.

    It is to be called directly, for `Image.open` warns or raises at a number of
    pixels that any other code in the process may change.
    """
    head = contents[:1024]
    for pattern, module, reader in _READERS:
        if re.match(pattern, head, re.DOTALL):
            if module == "pillow_heif":
                _check_heic(contents)
            return getattr(importlib.import_module(module), reader)
    for pattern, what in _MISTAKES:
        if re.match(pattern, head, re.DOTALL | re.IGNORECASE):
            raise Refusal(f"seems to be {what}; choose a photo in {FORMATS} format")
    raise Refusal(f"is not a known kind of photo; choose one in {FORMATS} format")


def _check_heic(contents: bytes) -> None:
    """Refuse what would end the whole process: texts in an item's entry that are no UTF-8.

    pillow_heif (1.8, at least) crashes on them. An entry is: size, "infe", version, flags, number.
    """
    for entry in re.finditer(rb"(\0...)infe([\0-\3])", contents, re.DOTALL):
        start = entry.end() + (7 if entry[2] == b"\3" else 5)
        size = int.from_bytes(entry[1], "big")
        contents[start : entry.start() + size if size > 1 else None].decode()


def check_size(size: tuple[int, int]) -> None:
    """Refuse a picture that is too large, too narrow or too small."""
    if size[0] * size[1] > MAX_PIXELS:
        raise Refusal(TOO_MANY_PIXELS.format(f"{size[0] * size[1] / 1e6:.6g}"))
    measures = f"{size[0]} x {size[1]} pixels"
    if max(size) > max(MIN_SIDE, MAX_ASPECT * min(size)):
        shape = f"no side is more than {MAX_ASPECT:.0f} times the other"
        raise Refusal(f"is {measures}, too narrow; crop it so that {shape}, and choose it again")
    if min(size) < MIN_SIDE:
        raise Refusal(f"is {measures}; choose a photo of at least {MIN_SIDE} pixels each way")
