"""TIFFs whose tags their decoder does not heed: read rightly, or refused.

Pillow hands some valid files out as a wrong picture without a word: 16-bit planes that lie
apart in the file, white as zero beyond 8 bits, signed numbers, big-endian ones of 32 bits
that are compressed, and uncompressed YCbCr that is subsampled.

References
----------
TIFF 6.0 (Aldus, 1992), sections 8, 18, 19 and 21.
"""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from face3d_widgets.image.pixels import eight_bit, plain, upright
from face3d_widgets.image.refusals import Refusal

__all__ = ["open_tiff", "tiff_pixels"]

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_ORIENTATION = 274
_STRIP_STARTS, _SAMPLES, _ROWS_PER_STRIP, _STRIP_SIZES, _PLANAR = 273, 277, 278, 279, 284
_PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _TILE_STARTS, _TILE_SIZES = 317, 322, 323, 324, 325
_INK_SET, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 332, 338, 339
_YCBCR_COEFFICIENTS, _YCBCR_SUBSAMPLING, _REFERENCE_BLACK_WHITE = 529, 530, 532

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _CMYK, _YCBCR = 0, 1, 2, 5, 6
_UNCOMPRESSED, _FAX, _JPEG = 1, (2, 3, 4), (6, 7)
_SIGNED = 2
_APART = 2
_BT601 = (0.299, 0.587, 0.114)
_FULL_RANGE = (0, 255, 128, 255, 128, 255)
# Of one plane; what else a file says is not about it, or is set anew.
_PLANE_TAGS = (
    *(_WIDTH, _HEIGHT, _COMPRESSION, _FILL_ORDER, _PREDICTOR),
    *(_ROWS_PER_STRIP, _TILE_WIDTH, _TILE_HEIGHT),
)
_PIECES = (_STRIP_STARTS, _STRIP_SIZES, _TILE_STARTS, _TILE_SIZES)

_AS_PNG = "save it as PNG or JPEG and choose that"


def open_tiff(file: BytesIO) -> TiffImageFile:
    """A TIFF's header; `info["white_is_zero"]` says whether its greys are still to be inverted.

    Pillow sees to that up to 8 bits, and in some of the other kinds. So that it is done
    once, the decoder is told that black is zero.
    """
    contents = file.getvalue()
    order, big = _layout(contents)
    tags = ImageFileDirectory_v2(contents[: 16 if big else 8])
    start = tags.next
    file.seek(start)
    tags.load(file)
    bits = tags.get(_BITS, (1,))
    invert = (
        tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
        and max(bits if isinstance(bits, tuple) else (bits,)) >= 8
        and tags.get(_COMPRESSION, _UNCOMPRESSED) not in _FAX
    )
    if invert:
        head, entry, value = (8, 20, 12) if big else (2, 12, 8)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), contents, start)
        for at in range(start + head, start + head + entry * min(count, 65535), entry):
            if struct.unpack_from(order + "H", contents, at)[0] == _PHOTOMETRIC:
                told = struct.pack(order + "H", _BLACK_IS_ZERO)
                contents = contents[: at + value] + told + contents[at + value + 2 :]
    im = TiffImageFile(BytesIO(contents))
    im.info["white_is_zero"] = invert
    return im


def tiff_pixels(im: Image.Image, contents: bytes) -> Image.Image:
    """The decoded picture, upright and as `plain` makes it, by all that its tags say.

    Parameters
    ----------
    im : Image
        From `open_tiff`; it is loaded unless its planes lie apart.
    contents : bytes
        The file.

    Raises
    ------
    Refusal
        Where the tags say what nobody here can follow.
    """
    tags: ImageFileDirectory_v2 = im.tag_v2  # type: ignore[attr-defined]
    if tags.get(254, 0) & 1:  # only a preview
        raise Refusal("seems to be a raw camera file; save it as JPEG and choose that")
    _refuse_unreadable(im, tags)
    photometric, compression = tags.get(_PHOTOMETRIC), tags.get(_COMPRESSION, _UNCOMPRESSED)
    apart = tags.get(_PLANAR) == _APART and tags.get(_SAMPLES, 1) > 1
    if apart and photometric in (_BLACK_IS_ZERO, _RGB, _CMYK) and compression not in _JPEG:
        shown = upright(_from_planes(contents, tags), tags.get(_ORIENTATION, 1))
    else:
        im.load()
        signed = _SIGNED in _several(tags.get(_SAMPLE_FORMAT, 1))
        shown = _unsigned(im, max(_several(tags.get(_BITS, 1)))) if signed else plain(im)
    if im.info["white_is_zero"]:
        grey, *alpha = shown.split()
        negative = grey.point(range(255, -1, -1))
        shown = Image.merge("LA", (negative, *alpha)) if alpha else negative
    return shown


def _several(value: int | tuple[int, ...]) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,)


def _refuse_unreadable(im: Image.Image, tags: ImageFileDirectory_v2) -> None:
    """Raise where the decoder would give a wrong picture that cannot be mended here."""
    photometric, compression = tags.get(_PHOTOMETRIC), tags.get(_COMPRESSION, _UNCOMPRESSED)
    if tags.prefix == b"MM" and im.mode in ("I", "F") and compression != _UNCOMPRESSED:
        raise Refusal(f"is a big-endian TIFF of a kind that cannot be read; {_AS_PNG}")
    if photometric == _CMYK and tags.get(_INK_SET, 1) != 1:
        raise Refusal(f"is made for other inks than cyan, magenta, yellow and black; {_AS_PNG}")
    grey_and_more = im.mode in ("L", "LA", "La") and tags.get(_SAMPLES, 1) > 1
    if grey_and_more and tags.get(_PLANAR) == _APART and compression in _JPEG:
        raise Refusal(f"has a transparency that cannot be read; {_AS_PNG}")
    if photometric == _YCBCR:
        usual = _near(tags.get(_YCBCR_COEFFICIENTS, _BT601), _BT601, 0.01)
        if compression == _UNCOMPRESSED:
            n_bytes = sum(_several(tags.get(_STRIP_SIZES) or tags.get(_TILE_SIZES) or 0))
            tiled = _TILE_WIDTH in tags
            full = tags.get(_YCBCR_SUBSAMPLING, (2, 2)) == (1, 1)
            full |= not tiled and n_bytes == 3 * tags[_WIDTH] * tags[_HEIGHT]
            levels = tags.get(_REFERENCE_BLACK_WHITE, _FULL_RANGE)
            usual = usual and full and _near(levels, _FULL_RANGE, 1)
        if not usual:
            raise Refusal(f"has its colours in an unusual kind of YCbCr; {_AS_PNG}")


def _near(told: tuple[float, ...], usual: tuple[float, ...], tolerance: float) -> bool:
    return np.allclose([float(number) for number in told], usual, atol=tolerance)


def _unsigned(im: Image.Image, bits: int) -> Image.Image:
    """Signed grey as 8 bits; white is the largest number there is, or a camera's 12 bits."""
    values = np.asarray(im)
    if bits == 32:
        return plain(im)
    if bits == 8:
        values = values.view(np.int8)
    if values.min() < 0:
        raise Refusal(f"holds numbers below zero, which no photo has; {_AS_PNG}")
    usual = (127,) if bits == 8 else (255, 4095, 32767)
    return Image.fromarray(eight_bit(values, next(w for w in usual if values.max() <= w)))


def _from_planes(contents: bytes, tags: ImageFileDirectory_v2) -> Image.Image:
    """Each plane read as a grey picture of its own, and all put together."""
    n = tags[_SAMPLES]
    base = {_RGB: "RGB", _CMYK: "CMYK"}.get(tags[_PHOTOMETRIC], "L")
    extra = _several(tags.get(_EXTRA_SAMPLES, ()))
    if not extra and base == "RGB" and n == 4:
        extra = (2,)
    alpha = {1: "a", 2: "A"}.get(extra[0], "") if extra and base != "CMYK" else ""
    bands = [Image.fromarray(_plane(contents, tags, i, n)) for i in range(len(base + alpha))]
    merged = bands[0] if len(bands) == 1 else Image.merge(base + alpha, bands)
    return merged.convert(base + "A") if alpha == "a" else merged


def _plane(contents: bytes, tags: ImageFileDirectory_v2, i: int, n: int) -> NDArray[np.uint8]:
    """(h, w): plane `i` of `n`."""
    bits = _several(tags.get(_BITS, 1))
    own: dict[int, tuple[int, ...]] = {tag: (int(tags[tag]),) for tag in _PLANE_TAGS if tag in tags}
    own |= {_BITS: bits[i : i + 1] if len(bits) > 1 else bits}
    own |= {_PHOTOMETRIC: (_BLACK_IS_ZERO,), _SAMPLES: (1,)}
    for tag in _PIECES:
        if tag in tags:
            pieces = _several(tags[tag])
            each, rest = divmod(len(pieces), n)
            if rest:
                raise ValueError(f"{len(pieces)} pieces do not make {n} planes")
            own[tag] = pieces[i * each : (i + 1) * each]
    values = np.asarray(TiffImageFile(BytesIO(_with_directory(contents, own))))
    if values.dtype == np.uint8:
        return values
    if values.dtype == bool:
        return values * np.uint8(255)
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return eight_bit(values, 65535)
    raise Refusal(f"has planes of an unusual kind of number; {_AS_PNG}")


def _with_directory(contents: bytes, tags: dict[int, tuple[int, ...]]) -> bytes:
    """A TIFF whose first directory has these tags and stands behind all else."""
    order, big = _layout(contents)
    long, size, kind = (order + "Q", 8, 16) if big else (order + "I", 4, 4)
    start = len(contents) + -len(contents) % 8
    count = struct.pack(order + ("Q" if big else "H"), len(tags))
    behind = start + len(count) + (4 + 2 * size) * len(tags) + size
    entries, lists = b"", b""
    for tag, values in sorted(tags.items()):
        data = b"".join(struct.pack(long, value) for value in values)
        entries += struct.pack(order + "HH", tag, kind) + struct.pack(long, len(values))
        entries += data if len(values) == 1 else struct.pack(long, behind + len(lists))
        lists += data if len(values) > 1 else b""
    place = 8 if big else 4
    head = contents[:place] + struct.pack(long, start)
    body = contents[place + size :].ljust(start - place - size, b"\0")
    return head + body + count + entries + bytes(size) + lists


def _layout(contents: bytes) -> tuple[str, bool]:
    """Byte order as `struct` has it, and whether it is a BigTIFF that Pillow knows."""
    return ">" if contents[:2] == b"MM" else "<", contents[2] == 43
