"""The colour space that a file names, wherever its format has a place for that.

References
----------
PNG, third edition (W3C, 2025), 4.3: cICP before iCCP before sRGB before gAMA and cHRM.
ISO/IEC 23008-12 and 14496-12: `colr` of HEIF and AVIF; an ICC profile goes before nclx.
Exif 3.0 (CIPA DC-008, 2023) and DCF 2.0: `ColorSpace` and the interoperability index R03.
TIFF 6.0, section 20: `WhitePoint`, `PrimaryChromaticities` and `TransferFunction`.
Bitmap headers of versions 4 and 5 (Microsoft, `BITMAPV5HEADER`).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
from PIL import ExifTags, Image

from face3d_widgets.image.color_space import (
    ADOBE_RGB,
    SRGB,
    ColorSpace,
    Primaries,
    coded_space,
    power_space,
    space_of_tables,
)

__all__ = ["cut_by_decoder", "hdr_of_heif", "told_colors"]

_ADOBE_RGB_BY_EXIF, _UNCALIBRATED = 2, 65535


def told_colors(im: Image.Image, contents: bytes) -> list[bytes | ColorSpace]:
    """ICC profiles and colour spaces that the file names; the first that works is meant.

    To be asked after `im.load()`: a PNG may keep its EXIF behind the pixels.

    Parameters
    ----------
    im : Image
        As its decoder made it.
    contents : bytes
        The file.
    """
    found: list[bytes | ColorSpace] = []
    for source in _SOURCES:
        with suppress(Exception):  # broken words about colours must not cost the picture
            found += [told for told in [source(im, contents)] if told is not None]
    return found


def hdr_of_heif(im: Image.Image) -> ColorSpace | None:
    """The space of a HEIF in HDR that has more than 8 bits; None for any other picture."""
    if im.format != "HEIF" or "icc_profile" in im.info or im.info.get("bit_depth", 8) <= 8:
        return None
    space = _nclx(im, b"") if im.mode in ("L", "RGB", "RGBA") else None
    return space if space is not None and space.hdr else None


def cut_by_decoder(im: Image.Image, contents: bytes) -> float:
    """The share of an 8-bit step that Pillow cut off on average of a 16-bit PNG in colour."""
    deep = im.format == "PNG" and im.mode in ("RGB", "RGBA") and contents[24] == 16
    return 0.5 if deep else 0.0


def _cicp(im: Image.Image, contents: bytes) -> ColorSpace | None:
    """The `cICP` chunk of a PNG, which stands before its pixels."""
    if im.format != "PNG":
        return None
    for kind, data in _png_chunks(contents):
        if kind == b"cICP" and len(data) == 4 and data[2] == 0:
            return coded_space(data[0], data[1], full_range=data[3] != 0)
    return None


def _png_chunks(contents: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of the chunks before the pixels."""
    at = 8
    while at + 12 <= len(contents) and contents[at + 4 : at + 8] != b"IDAT":
        length = int.from_bytes(contents[at : at + 4], "big")
        yield contents[at + 4 : at + 8], contents[at + 8 : at + 8 + length]
        at += 12 + length


def _icc(im: Image.Image, contents: bytes) -> bytes | None:
    profile = im.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and profile else None


def _icc_code_points(im: Image.Image, contents: bytes) -> ColorSpace | None:
    """HDR that a profile names by code points (ICC.1:2022, 9.2.17); its tables are for others."""
    profile = _icc(im, contents) or b""
    for entry in range(int.from_bytes(profile[128:132], "big") if len(profile) > 132 else 0):
        kind, start, size = struct.unpack_from(">4sII", profile, 132 + 12 * entry)
        if kind == b"cicp" and size >= 12:
            space = coded_space(profile[start + 8], profile[start + 9])
            return space if space is not None and space.hdr else None
    return None


def _nclx(im: Image.Image, contents: bytes) -> ColorSpace | None:
    """Code points of a HEIF or AVIF; its decoder has seen to matrix and range already."""
    if im.format == "HEIF":
        told = im.info.get("nclx_profile")
        if not told:
            return None
        return coded_space(told["color_primaries"], told["transfer_characteristics"])
    if im.format == "AVIF":
        codes = _nclx_of_primary_item(contents)
        return codes and coded_space(*codes)
    return None


def _nclx_of_primary_item(contents: bytes) -> tuple[int, int] | None:
    """Primaries and transfer in the `colr` box of the picture itself."""
    meta = next(body for kind, body in _boxes(contents) if kind == b"meta")[4:]
    parts = dict(_boxes(meta))
    wide = parts[b"pitm"][0] > 0
    item = int.from_bytes(parts[b"pitm"][4 : 8 if wide else 6], "big")
    properties = dict(_boxes(parts[b"iprp"]))
    boxes = list(_boxes(properties[b"ipco"]))
    for index in _properties_of(item, properties[b"ipma"]):
        kind, body = boxes[index - 1]
        if kind == b"colr" and body[:4] == b"nclx":
            primaries, transfer = struct.unpack_from(">HH", body, 4)
            return primaries, transfer
    return None


def _properties_of(item: int, ipma: bytes) -> list[int]:
    """One-based places of an item's properties, from the body of `ipma`."""
    wide_ids, wide_places = ipma[0] > 0, ipma[3] & 1
    at = 8
    for _ in range(int.from_bytes(ipma[4:8], "big")):
        number = int.from_bytes(ipma[at : at + (4 if wide_ids else 2)], "big")
        at += 4 if wide_ids else 2
        count, at = ipma[at], at + 1
        size = 2 if wide_places else 1
        places = [ipma[k : k + size] for k in range(at, at + count * size, size)]
        at += count * size
        if number == item:
            mask = 0x7FFF if wide_places else 0x7F
            return [int.from_bytes(place, "big") & mask for place in places]
    return []


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of the boxes that follow one another."""
    at = 0
    while at + 8 <= len(data):
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = at + size if size else len(data)
        if end < at + head:
            return
        yield data[at + 4 : at + 8], data[at + head : end]
        at = end


def _png_numbers(im: Image.Image, contents: bytes) -> ColorSpace | None:
    """`sRGB`, or else `gAMA` and `cHRM`, of a PNG."""
    if im.format != "PNG":
        return None
    if "srgb" in im.info:
        return SRGB
    exponent = im.info.get("gamma")
    gamma = 1 / exponent if exponent else None
    if exponent and abs(exponent - 1 / 2.2) < 0.002:  # what sRGB files say for old readers
        gamma = None
    told = im.info.get("chromaticity")
    primaries = (*told[2:8], *told[0:2]) if told else None
    return power_space(gamma, primaries) or (SRGB if exponent else None)


def _exif_color_space(im: Image.Image, contents: bytes) -> ColorSpace | None:
    """Adobe RGB as cameras say it; DCF knows no space but sRGB and this one.

    The index R03 may be lost on the way; "uncalibrated" alone then still says that it
    is not sRGB.
    """
    exif = im.getexif()
    said = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ColorSpace)
    index = exif.get_ifd(ExifTags.IFD.Interop).get(1, "")
    index = index.decode("latin-1") if isinstance(index, bytes) else str(index)
    if said == 1:
        return SRGB
    if index.startswith("R03") or said == _ADOBE_RGB_BY_EXIF:
        return ADOBE_RGB
    return ADOBE_RGB if said == _UNCALIBRATED and not index.startswith("R98") else None


def _tiff_numbers(im: Image.Image, contents: bytes) -> ColorSpace | None:
    """White point, primaries and transfer function, which TIFF and EXIF tell alike."""
    exif = im.getexif()
    white = exif.get(ExifTags.Base.WhitePoint)
    chromaticities = exif.get(ExifTags.Base.PrimaryChromaticities)
    tables = exif.get(ExifTags.Base.TransferFunction)
    primaries: Primaries | None = None
    if white is not None and chromaticities is not None:
        numbers = [float(number) for number in (*chromaticities, *white)]
        if len(numbers) == 8:
            primaries = tuple(numbers)  # type: ignore[assignment]
    bits = _bits(im)
    if tables is not None and bits and len(tables) in (1 << bits, 3 << bits):
        return space_of_tables(np.reshape(tables, (-1, 1 << bits)) / 65535, primaries)
    return power_space(None, primaries)


def _bits(im: Image.Image) -> int | None:
    told = im.getexif().get(ExifTags.Base.BitsPerSample, 8)
    bits = told[0] if isinstance(told, tuple) else told
    return bits if isinstance(bits, int) and 1 <= bits <= 16 else None


def _bitmap_header(im: Image.Image, contents: bytes) -> bytes | ColorSpace | None:
    """The colours of a bitmap's header of version 4 or 5."""
    if im.format != "BMP" or int.from_bytes(contents[14:18], "little") < 108:
        return None
    kind = contents[70:74]
    if kind == b"DEBM":  # "MBED", as a number: an ICC profile in the file
        start, size = struct.unpack_from("<II", contents, 126)
        return contents[14 + start : 14 + start + size] or None
    if kind == b"BGRs":  # "sRGB"
        return SRGB
    if kind != b"\0\0\0\0":
        return None
    ends = np.reshape(struct.unpack_from("<9i", contents, 74), (3, 3)) / 2**30
    gammas = np.array(struct.unpack_from("<3I", contents, 110)) / 2**16
    if not ((ends.sum(axis=1) > 0).all() and (gammas > 0).all()):
        return None
    xy = [(end / end.sum())[:2] for end in (*ends, ends.sum(axis=0))]
    return power_space(float(gammas.mean()), tuple(np.ravel(xy).tolist()))


_SOURCES: tuple[Callable[[Image.Image, bytes], bytes | ColorSpace | None], ...] = (
    _cicp,
    _icc_code_points,
    _icc,
    _nclx,
    _png_numbers,
    _bitmap_header,
    _exif_color_space,
    _tiff_numbers,
)
