"""Upload bytes to `Photo`: formats, the EXIF turn, colours, limits and clear errors.

The contents of a file say what it is, never its name. What can be refused is
refused from the header, before a pixel is decoded, and every refusal is a
`PhotoError` whose text is one sentence for the person.
"""

from __future__ import annotations

import importlib
import os
import re
import threading
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import ExifTags, Image, ImageCms

from face3d_widgets.types import Photo

__all__ = [
    "ACCEPT",
    "FORMATS",
    "MAX_ASPECT",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MIN_SIDE",
    "WORKING_SIDE",
    "PhotoError",
    "encode_jpeg",
    "photo_from_array",
    "read_photo",
    "read_photo_file",
    "safe_stem",
]

MAX_PIXELS = 50_000_000
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
    (rb"II[*+]\0|MM\0[*+]", "PIL.TiffImagePlugin", "TiffImageFile"),
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

_TOO_MANY_PIXELS = (
    f"has {{}} megapixels and the limit is {MAX_PIXELS // 10**6}; "
    "save it smaller and choose it again"
)
_TROUBLES: tuple[tuple[type[Exception], str], ...] = (
    (FileNotFoundError, "was not found; check the name and the folder"),
    (IsADirectoryError, "is a folder; choose one photo inside it"),
    (PermissionError, "may not be read; check its permissions"),
    (ImportError, "is in a format that this computer cannot read; save it as JPEG"),
    (MemoryError, "needs more memory than there is; save it smaller and choose it again"),
    (Image.DecompressionBombError, _TOO_MANY_PIXELS.format("too many")),
)

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
_PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_QUIET_LOCK = threading.Lock()


class PhotoError(ValueError):
    """A picture that cannot be used; the text is one sentence for the person."""


class _Refusal(Exception):
    """The part of the sentence that follows the name, without its full stop."""


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
    with _speaking_of(name, "is damaged, incomplete or unusual; fetch it again or save it as JPEG"):
        contents = _checked_bytes(data)
        reader = _reader_of(contents)
        with _quiet():
            return _decode(reader(BytesIO(contents)), name, max_side)


def read_photo_file(path: str | os.PathLike[str], *, max_side: int | None = WORKING_SIDE) -> Photo:
    """Read a photo from disk, as `read_photo` does.

    Raises
    ------
    PhotoError
        Also where there is no such file, it is a folder, or it may not be read.
    """
    name = os.fspath(path)
    with _speaking_of(name, "cannot be opened; check the name and the disk"):
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
    with _speaking_of(name, "is not an array of pixels; give (height, width, 3) uint8"):
        values = np.asarray(array)
        if values.ndim not in (2, 3) or values.shape[2:] not in ((), (1,), (3,), (4,)):
            raise _Refusal(f"has the shape {values.shape}; give (height, width, 1, 3 or 4)")
        _check_size((values.shape[1], values.shape[0]))
        if values.dtype.kind == "f":
            if not (values.min() >= 0 and values.max() <= 1):  # so that NaN fails too
                raise _Refusal("has values outside 0 to 1; divide it by the value of white")
            values = _eight_bit(values, white=1)
        elif values.dtype == np.uint16:
            values = _eight_bit(values, white=65535)
        elif values.dtype != np.uint8:
            raise _Refusal(f"holds {values.dtype}; give uint8, uint16 or float from 0 to 1")
        values = values[:, :, 0] if values.shape[2:] == (1,) else values
        im = Image.fromarray(np.ascontiguousarray(values))
        return Photo(np.asarray(_srgb_on_white(im, profile=None)), name=safe_stem(name))


def encode_jpeg(photo: Photo, max_side: int | None = None, quality: int = 90) -> bytes:
    """The pixels as a JPEG file without any metadata.

    Parameters
    ----------
    photo : Photo
    max_side : int or None
        Longest side in pixels; None keeps the size of `photo.rgb`.
    quality : int
        1 to 95; from 90 on, colours keep their full resolution (4:4:4).
    """
    im = Image.fromarray(photo.rgb)
    im = _reduced(im, _fitted(im.size, max_side))
    file = BytesIO()
    im.save(file, "JPEG", quality=quality, subsampling="4:4:4" if quality >= 90 else "4:2:0")
    return file.getvalue()


def safe_stem(name: str) -> str:
    """`name` without folder and suffix: at most 60 letters, digits, "-" and "_".

    Examples
    --------
    >>> safe_stem("C:/Photos/Me & you (2).jpeg")
    'Me-you-2'
    """
    base = unicodedata.normalize("NFC", _without_folder(name))
    stem = base.rpartition(".")[0] if "." in base else base
    return re.sub(r"[^\w]+|-+", "-", stem)[:60].strip("-") or "photo"


def _without_folder(name: str) -> str:
    return re.split(r"[/\\]", name)[-1]


@contextmanager
def _speaking_of(name: str, otherwise: str) -> Iterator[None]:
    """Turn any exception into a `PhotoError` about `name`; `otherwise` is for unknown ones."""
    try:
        yield
    except Exception as error:  # decoders raise whatever they like on broken files
        known = (text for kind, text in _TROUBLES if isinstance(error, kind))
        what = str(error) if isinstance(error, _Refusal) else next(known, otherwise)
        shown = "".join(c if c.isprintable() else " " for c in _without_folder(name)).strip()
        shown = shown if len(shown) <= 60 else shown[:59] + "…"
        raise PhotoError(f"“{shown or 'photo'}” {what}.") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the decoders' warnings from the person.

    The list of warning filters belongs to the whole process: so one thread at a
    time, and only these libraries, for other code is running meanwhile.
    """
    with _QUIET_LOCK, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(PIL|pillow_heif)\b")
        yield


def _checked_bytes(data: bytes | bytearray | memoryview) -> bytes:
    """`data` as bytes, neither empty nor too long."""
    n_bytes = memoryview(data).nbytes
    if n_bytes == 0:
        raise _Refusal(f"is empty; choose a photo in {FORMATS} format")
    if n_bytes > MAX_BYTES:
        limit = f"{MAX_BYTES // 1024**2} MB"
        raise _Refusal(f"is larger than {limit}; save it smaller, or as JPEG, and choose it again")
    return data if isinstance(data, bytes) else memoryview(data).tobytes()


def _reader_of(contents: bytes) -> Callable[[BytesIO], Image.Image]:
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
            raise _Refusal(f"seems to be {what}; choose a photo in {FORMATS} format")
    raise _Refusal(f"is not a known kind of photo; choose one in {FORMATS} format")


def _check_heic(contents: bytes) -> None:
    """Refuse what would end the whole process: texts in an item's entry that are no UTF-8.

    pillow_heif (1.8, at least) crashes on them. An entry is: size, "infe", version, flags, number.
    """
    for entry in re.finditer(rb"(\0...)infe([\0-\3])", contents, re.DOTALL):
        start = entry.end() + (7 if entry[2] == b"\3" else 5)
        size = int.from_bytes(entry[1], "big")
        contents[start : entry.start() + size if size > 1 else None].decode()


def _decode(im: Image.Image, name: str, max_side: int | None) -> Photo:
    """From a header that has been read to the photo."""
    if im.format == "TIFF" and getattr(im, "tag_v2", {}).get(254, 0) & 1:  # only a preview
        raise _Refusal("seems to be a raw camera file; save it as JPEG and choose that")
    size = im.size
    _check_size(size)
    # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size; `box` is its exact extent then.
    _, box = im.draft(None, _fitted(size, max_side)) or ("", None)
    im.load()
    if box is None:
        size = im.size
        _check_size(size)  # a HEIC may turn out larger than its header says
    orientation, focal_length = _exif_tags(im)
    profile = im.info.get("icc_profile")
    im = _reduced(_plain(im), _fitted(size, max_side), box)
    im = _srgb_on_white(im, profile)
    if orientation in _TURNS:
        im = im.transpose(_TURNS[orientation])
        size = size[::-1] if orientation >= 5 else size
    return Photo(np.asarray(im), safe_stem(name), size, focal_length)


def _check_size(size: tuple[int, int]) -> None:
    """Refuse a picture that is too large, too narrow or too small."""
    if size[0] * size[1] > MAX_PIXELS:
        raise _Refusal(_TOO_MANY_PIXELS.format(f"{size[0] * size[1] / 1e6:.6g}"))
    measures = f"{size[0]} x {size[1]} pixels"
    if max(size) > max(MIN_SIDE, MAX_ASPECT * min(size)):
        shape = f"no side is more than {MAX_ASPECT:.0f} times the other"
        raise _Refusal(f"is {measures}, too narrow; crop it so that {shape}, and choose it again")
    if min(size) < MIN_SIDE:
        raise _Refusal(f"is {measures}; choose a photo of at least {MIN_SIDE} pixels each way")


def _fitted(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    """`size`, shrunk where needed until its longer side is `max_side`."""
    if max_side is None or max(size) <= max_side:
        return size
    scale = max_side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _reduced(
    im: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    """The part `box` of `im` (by default all of it) at `size`, well filtered."""
    if im.size == size:
        return im
    return im.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _plain(im: Image.Image) -> Image.Image:
    """The same picture as 8-bit L, LA, RGB, RGBA, CMYK or LAB.

    Only these can be reduced: neither palette indices nor a transparent key
    colour nor the values of a wider type may be mixed with their neighbours.
    """
    if im.mode in ("I", "F") or im.mode.startswith("I;16"):
        return _grey_8_bit(im)
    if im.mode in ("LA", "RGBA"):
        return im
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
    grey = Image.fromarray(_eight_bit(values, next((w for w in usual if peak <= w), peak)))
    key = im.info.get("transparency")
    if isinstance(key, int):
        grey.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    return grey


def _eight_bit(values: NDArray, white: float) -> NDArray[np.uint8]:
    """`values` from 0 to `white` as uint8 from 0 to 255; clipped, NaN is black."""
    scaled = np.nan_to_num(values.astype(np.float32), copy=False, posinf=white, neginf=0)
    scaled *= np.float32(255 / white)
    return np.rint(np.clip(scaled, 0, 255, out=scaled), out=scaled).astype(np.uint8)


def _srgb_on_white(im: Image.Image, profile: bytes | None) -> Image.Image:
    """A plain picture as RGB: colours by its ICC profile, transparency on white."""
    if im.mode in ("LA", "RGBA"):
        opaque = _srgb_on_white(im.convert(im.mode[:-1]), profile)
        return Image.composite(opaque, Image.new("RGB", im.size, "white"), im.getchannel("A"))
    profiled = _profiled(im, profile) if profile else None
    return profiled or im.convert("RGB")


def _profiled(im: Image.Image, profile: bytes) -> Image.Image | None:
    """`im` by its ICC profile as sRGB; None where that is broken or does not fit."""
    with suppress(Exception):  # a bad profile must not cost the picture
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _PROFILE_MODES[source.profile.xcolor_space.strip()]
        if im.mode == mode or (im.mode, mode) == ("L", "RGB"):
            return ImageCms.profileToProfile(
                im.convert(mode),
                source,
                ImageCms.createProfile("sRGB"),
                ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
    return None


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
