"""Files and arrays as `Photo`."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import ExifTags, Image

from face3d_widgets.image.color_told import cut_by_decoder, hdr_of_heif, told_colors
from face3d_widgets.image.colors import srgb_on_white
from face3d_widgets.image.deep_heif import deep_heif
from face3d_widgets.image.formats import (
    MAX_BYTES,
    WORKING_SIDE,
    check_size,
    checked_bytes,
    reader_of,
)
from face3d_widgets.image.names import safe_stem
from face3d_widgets.image.pixels import eight_bit, fitted, plain, reduced, upright
from face3d_widgets.image.refusals import Refusal, speaking_of
from face3d_widgets.image.tiff import tiff_pixels
from face3d_widgets.types import Photo

__all__ = ["photo_from_array", "read_photo", "read_photo_file"]

_QUIET_LOCK = threading.Lock()


def read_photo(
    data: bytes | bytearray | memoryview,
    name: str = "photo",
    *,
    max_side: int | None = WORKING_SIDE,
) -> Photo:
    """Decode an uploaded file: upright, sRGB, on white, the first frame only.

    Parameters
    ----------
    data : bytes-like
        The whole file, at most `MAX_BYTES`.
    name : str
        The file's name, for messages and for `Photo.name`; folders are dropped.
    max_side : int or None
        Longest side of the result in pixels; larger photos are reduced, smaller
        ones left alone. None keeps every pixel.

    Raises
    ------
    PhotoError
        Whatever is wrong with the file. No other exception and no warning comes
        out of any bytes.

    Notes
    -----
    Safe to call from several threads; pictures are decoded one at a time.
    """
    if max_side is not None and max_side < 1:
        raise ValueError(f"max_side must be at least 1, not {max_side}")
    with speaking_of(name, "is damaged, incomplete or unusual; fetch it again or save it as JPEG"):
        contents = checked_bytes(data)
        reader = reader_of(contents)
        with _quiet():
            return _decode(reader(BytesIO(contents)), contents, name, max_side)


def read_photo_file(path: str | os.PathLike[str], *, max_side: int | None = WORKING_SIDE) -> Photo:
    """Read a photo from disk, as `read_photo` does.

    Raises
    ------
    PhotoError
        Also where there is no such file, it is a folder, or it may not be read.
    """
    name = os.fspath(path)
    with speaking_of(name, "cannot be opened; check the name and the disk"):
        if Path(path).is_dir():
            raise IsADirectoryError  # Windows would call it a lack of permission
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    return read_photo(data, name, max_side=max_side)


def photo_from_array(array: ArrayLike, name: str = "photo") -> Photo:
    """Make a photo of pixels that are in memory already, at their full size.

    Parameters
    ----------
    array : (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)
        sRGB or grey; uint8, uint16 over its whole range, or float from 0 to 1.
        A fourth channel is alpha, not premultiplied, and is laid on white.
    name : str
        As in `read_photo`.

    Raises
    ------
    PhotoError
        Other shapes, types or values, or a size beyond the limits.
    """
    with speaking_of(name, "is not an array of pixels; give (height, width, 3) uint8"):
        values = np.asarray(array)
        if values.ndim not in (2, 3) or values.shape[2:] not in ((), (1,), (3,), (4,)):
            raise Refusal(f"has the shape {values.shape}; give (height, width, 1, 3 or 4)")
        check_size((values.shape[1], values.shape[0]))
        if values.dtype.kind == "f":
            if not (values.min() >= 0 and values.max() <= 1):  # so that NaN fails too
                raise Refusal("has values outside 0 to 1; divide it by the value of white")
            values = eight_bit(values, white=1)
        elif values.dtype == np.uint16:
            values = eight_bit(values, white=65535)
        elif values.dtype != np.uint8:
            raise Refusal(f"holds {values.dtype}; give uint8, uint16 or float from 0 to 1")
        values = values[:, :, 0] if values.shape[2:] == (1,) else values
        im = Image.fromarray(np.ascontiguousarray(values))
        return Photo(np.asarray(srgb_on_white(im)), name=safe_stem(name))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the decoders' warnings from the person.

    The list of warning filters belongs to the whole process: so one thread at a
    time, and only these libraries, for other code is running meanwhile.
    """
    with _QUIET_LOCK, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(PIL|pillow_heif)\b")
        yield


def _decode(im: Image.Image, contents: bytes, name: str, max_side: int | None) -> Photo:
    """From a header that has been read to the photo."""
    size = im.size
    check_size(size)
    box, told, cut = None, [], 0.0
    if (space := hdr_of_heif(im)) is not None:
        shown, size = deep_heif(contents, space, max_side)
    elif im.format == "TIFF":
        shown, told = tiff_pixels(im, contents), told_colors(im, contents)
    else:
        # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size; `box` is its exact extent then.
        _, box = im.draft(None, fitted(size, max_side)) or ("", None)
        im.load()
        if box is None:
            size = im.size
            check_size(size)  # a HEIC may turn out larger than its header says
        told, cut = told_colors(im, contents), cut_by_decoder(im, contents)
        shown = plain(im)
    orientation, focal_length = _exif_tags(im)
    shown = srgb_on_white(reduced(shown, fitted(size, max_side), box), told, cut)
    if im.format != "TIFF":  # which is upright already, and its size too
        shown = upright(shown, orientation)
        size = size[::-1] if 5 <= orientation <= 8 else size
    return Photo(np.asarray(shown), safe_stem(name), size, focal_length)


def _exif_tags(im: Image.Image) -> tuple[int, float | None]:
    """EXIF orientation, and the 35 mm equivalent focal length in mm where it makes sense.

    To be asked after `im.load()`: a PNG may keep its EXIF behind the pixels, and
    Pillow turns a TIFF upright while it loads.
    """
    orientation, focal_length = 1, 0.0
    with suppress(Exception):  # broken EXIF must not cost the picture
        exif = im.getexif()
        orientation = int(exif.get(ExifTags.Base.Orientation, 1))
        details = exif.get_ifd(ExifTags.IFD.Exif)
        focal_length = float(details.get(ExifTags.Base.FocalLengthIn35mmFilm, 0))
    return orientation, focal_length if 5 <= focal_length <= 2000 else None
