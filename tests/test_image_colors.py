"""Colours that a file tells otherwise than by an ICC profile, HDR among them."""

import base64
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, features

from face3d_widgets.image.color_space import coded_space, nits_to_pq, pq_to_nits
from tests.test_image import HEIC, SRGB, SWAPPED, encoded, flat, near, outcome, patched, png

# Pure colours of sRGB in other spaces, as the CSS Color 4 samples have them.
RED_IN_P3, GREEN_IN_ADOBE_RGB = (234, 51, 35), (144, 255, 60)
RED, GREEN, BLACK, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 0), (255, 255, 255)
P3, SRGB_CODES = (12, 13), (1, 13)
# ICC: X and Y of the primaries of Display P3, in the order of cHRM.
P3_CHRM = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)

# 32 x 24 pixels, 10 bits, PQ in BT.2020; quadrants: 203 cd/m2, 44 cd/m2 / sRGB's red at
# 203 cd/m2, black. Made with pillow-heif 1.8.1 (x265).
PQ_HEIC = base64.b64decode(
    """
AAAAHGZ0eXBoZWl4AAAAAG1pZjFoZWl4bWlhZgAAAX5tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAA
AAAAACJpbG9jAAAAAERAAAEAAQAAAAABogABAAAAAAAAANAAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAA
AA5waXRtAAAAAAABAAAA/mlwcnAAAADeaXBjbwAAAHdodmNDAQQIAAAAnDgAAAAAHvAA/P/6+gAADwNgAAEAF0ABDAH//wQI
AAADAJw4AAADAAAeugJAYQABACpCAQEECAAAAwCcOAAAAwAAHpAEECCbLdVdNc3CRAJBAAADABkAAAMAAQhiAAEACEQBwXMY
MBiQAAAAE2NvbHJuY2x4AAkAEAAJgAAAABRpc3BlAAAAAAAAAEAAAABAAAAAKGNsYXAAAAAgAAAAAQAAABgAAAAB////4AAA
AAL////YAAAAAgAAABBwaXhpAAAAAAMKCgoAAAAYaXBtYQAAAAAAAAABAAEFgQIDBYQAAADYbWRhdAAAAMwoAa8Gsh4I11Bn
FCawfs3l5ThN9f710vf9rPhjPPaO/wPA/M///9ip5C84Z//93g//PvkMKcdGNSOzTX2a0xfgfdHy6/SjFRYqX+xWBZOADsLv
Spns8srNKEsun40WKX47HyafL/JN/SmdDSttDP/A9qS8egoDE2K9NGlnCit5RUB/8gMqUZXnhvAUct3JXLhRD5Q2AQRmPVpf
jsfJp8v8kALWDsaJhx/xAnU5TvkD2nazPNqXhiDU0kt/rBL96YNtKaB6sTK4JuG+O8E=
"""
)


def png_of(color, *chunks, depth: int = 8) -> bytes:
    """A flat PNG, 32 x 24, grey or in colour, with chunks before its pixels."""
    values = np.atleast_1d(color)
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[len(values)]
    pixel = values.astype(">u2" if depth == 16 else "u1").tobytes()
    return png(32, 24, depth, kind, (b"\0" + pixel * 32) * 24, *chunks)


def cicp(primaries: int, transfer: int, matrix: int = 0, full: int = 1):
    return b"cICP", bytes([primaries, transfer, matrix, full])


def iccp(profile: bytes):
    return b"iCCP", b"icc\0\0" + zlib.compress(profile)


def gama(value: float):
    return b"gAMA", struct.pack(">I", round(100_000 * value))


def color_of(data: bytes):
    photo = outcome(data)
    assert np.ptp(photo.rgb.astype(int), axis=(0, 1)).max() <= 3
    return tuple(np.median(photo.rgb, axis=(0, 1)).astype(int).tolist())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png_of(RED_IN_P3, cicp(*P3)), RED),
        (png_of((*RED_IN_P3, 51), cicp(*P3)), (255, 204, 204)),
        (png_of(RED_IN_P3, (b"cHRM", P3_CHRM)), RED),
        (png_of((257 * 234, 257 * 51, 257 * 35), cicp(*P3), depth=16), RED),
        (png_of(55, gama(1)), (128, 128, 128)),
        (png_of((55, 55, 55), gama(1)), (128, 128, 128)),
        (png_of((55, 102), gama(1)), (204, 204, 204)),
        (png_of((14148,) * 3, gama(1), depth=16), (128, 128, 128)),
        (png_of(149, gama(1 / 1.8)), (166, 166, 166)),
        (png_of((20, 120, 220), gama(0.45455)), (20, 120, 220)),
        (png_of((235, 126, 16), cicp(*SRGB_CODES, full=0)), (255, 128, 0)),
        # What goes before what.
        (png_of(RED_IN_P3, cicp(*P3), iccp(SWAPPED)), RED),
        (png_of(RED, cicp(*SRGB_CODES), iccp(SWAPPED)), RED),
        (png_of(RED, iccp(SWAPPED), gama(1), (b"cHRM", P3_CHRM)), GREEN),
        (png_of(RED_IN_P3, iccp(b"rubbish"), (b"cHRM", P3_CHRM)), RED),
        (png_of((99, 99, 99), (b"sRGB", b"\0"), gama(1)), (99, 99, 99)),
        # What says nothing, or nothing that is known.
        (png_of(RED, cicp(2, 2), iccp(SWAPPED)), GREEN),
        (png_of(RED, cicp(3, 13), iccp(SWAPPED)), GREEN),
        (png_of(RED, cicp(12, 99), iccp(SWAPPED)), GREEN),
        (png_of(RED, cicp(12, 13, matrix=1), iccp(SWAPPED)), GREEN),
        (png_of(RED, (b"cICP", b"\x0c"), iccp(SWAPPED)), GREEN),
        (png_of((99, 99, 99), gama(0)), (99, 99, 99)),
        (png_of((99, 99, 99), (b"cHRM", b"\0" * 32)), (99, 99, 99)),
        (png_of((99, 99, 99), (b"cHRM", struct.pack(">8I", *[33_000] * 8))), (99, 99, 99)),
        (png_of((99, 99, 99), (b"cHRM", struct.pack(">8I", *[2**32 - 1] * 8))), (99, 99, 99)),
    ],
)
def test_what_a_png_says_of_its_colors(data, expected):
    assert near(color_of(data), expected, 2)


@pytest.mark.parametrize("transfer", [1, 6, 13, 14, 15])
def test_television_and_srgb_look_alike(transfer):
    assert near(color_of(png_of((20, 120, 220), cicp(1, transfer))), (20, 120, 220), 0)


def nclx(primaries: int, transfer: int) -> bytes:
    return b"nclx" + struct.pack(">HH", primaries, transfer)


def test_a_heic_says_its_colors_by_code_points():
    as_p3 = HEIC.replace(nclx(1, 13), nclx(*P3))
    plain, wide = outcome(HEIC).rgb.astype(int), outcome(as_p3).rgb.astype(int)
    corner = wide[4, 20] - plain[4, 20]  # red: redder, with less green
    assert corner[0] > 5
    assert corner[1] < -5
    # The same numbers in a PNG with the same words.
    same = np.moveaxis(plain, 2, 0).astype(np.uint8)
    rows = b"".join(b"\0" + np.moveaxis(same, 0, 2)[y].tobytes() for y in range(plain.shape[0]))
    other = png(plain.shape[1], plain.shape[0], 8, 2, rows, cicp(*P3))
    assert near(outcome(other).rgb, wide, 0)


def test_a_heic_in_pq_is_shown_as_bright_as_it_is():
    photo = outcome(PQ_HEIC)
    assert photo.original_size == (32, 24)
    for (row, column), expected in [
        ((6, 8), WHITE),
        ((6, 24), (128, 128, 128)),
        ((18, 8), RED),
        ((18, 24), BLACK),
    ]:
        assert near(photo.rgb[row, column], expected, 3)


@pytest.mark.parametrize("max_side", [8, 15, 16, 31])
def test_a_small_copy_of_an_hdr_heic_has_the_same_colors(max_side):
    photo = outcome(PQ_HEIC, max_side=max_side)
    assert (photo.width, photo.original_size) == (max_side, (32, 24))
    assert near(photo.rgb[1, 1], WHITE, 3)
    assert near(photo.rgb[1, -2], (128, 128, 128), 6)


@pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF")
def test_an_avif_says_its_colors_by_code_points_and_a_profile_goes_before_them():
    plain = encoded(flat("RGB", RED_IN_P3), "AVIF", quality=100)
    start = plain.index(b"nclx")
    assert near(color_of(patched(plain, start, nclx(*P3))), RED, 4)
    both = encoded(flat("RGB", RED), "AVIF", quality=100, icc_profile=SWAPPED)
    assert near(color_of(patched(both, both.index(b"nclx"), nclx(*P3))), GREEN, 4)


@pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF")
def test_an_avif_in_hlg_is_shown_as_bright_as_it_is():
    data = encoded(flat("RGB", (191, 191, 191)), "AVIF", quality=100)  # 75 percent
    assert near(color_of(patched(data, data.index(b"nclx"), nclx(9, 18))), WHITE, 2)


def test_hdr_has_its_levels_where_the_standards_put_them():
    # BT.2408, table 1: 203 cd/m2 is 58 percent of PQ and 75 percent of HLG.
    assert nits_to_pq(np.array(203.0)) == pytest.approx(0.58, abs=0.001)
    levels = np.linspace(0, 1, 41)
    np.testing.assert_allclose(nits_to_pq(pq_to_nits(levels)), levels, atol=1e-6)
    assert pq_to_nits(np.array(1.0)) == pytest.approx(10_000)
    white = png_of((round(0.75 * 65535),) * 3, cicp(9, 18), depth=16)
    assert near(color_of(white), WHITE, 2)
    skin = png_of(round(65535 * float(nits_to_pq(np.array(65.0)))), cicp(9, 16), depth=16)
    assert near(color_of(skin), (154,) * 3, 3)  # sRGB of 65 / 203


def test_highlights_above_white_keep_their_tones_and_hues():
    nits = np.repeat(np.geomspace(1, 1000, 32), 3).reshape(32, 3)
    nits[-4:] *= (1, 0.5, 0.25)  # the brightest are orange
    codes = np.rint(65535 * nits_to_pq(nits)).astype(">u2")
    rows = (b"\0" + codes.tobytes()) * 24
    shown = outcome(png(32, 24, 16, 2, rows, cicp(1, 16))).rgb[12].astype(int)
    grey = shown[:-4, 0]
    assert (np.diff(grey) > 0).all()  # no two levels fall together, none is burnt out
    below = nits[:-4, 0] < 60
    plain = coded_space(1, 16)
    assert plain is not None
    expected = 255 * (1.055 * (nits[:-4, 0][below] / 203) ** (1 / 2.4) - 0.055)
    bright = expected > 40
    assert near(grey[below][bright], expected[bright], 3)  # dark and middle tones stay
    red, green, blue = shown[-1]
    assert red >= 250
    assert red > green + 40 > blue + 60


def exif_of(space: int | None, index: str | None = None) -> bytes:
    tags = Image.Exif()
    details = tags.get_ifd(0x8769)
    if space is not None:
        details[0xA001] = space
    if index is not None:
        tags.get_ifd(0xA005)[1] = index
        details[0xA005] = tags.get_ifd(0xA005)
    return tags.tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("space", "index", "wide"),
    [
        (65535, "R03", True),
        (65535, None, True),
        (2, None, True),
        (1, None, False),
        (1, "R98", False),
        (None, None, False),
    ],
)
def test_exif_may_say_adobe_rgb(kind, space, index, wide):
    options = {"lossless": True} if kind == "WEBP" else {}
    if kind == "JPEG":
        options = {"quality": 100, "subsampling": 0}
    im = flat("RGB", GREEN_IN_ADOBE_RGB)
    data = encoded(im, kind, exif=exif_of(space, index), **options)
    assert near(color_of(data), GREEN if wide else GREEN_IN_ADOBE_RGB, 4)
    profiled = encoded(im, kind, exif=exif_of(space, index), icc_profile=SRGB, **options)
    assert near(color_of(profiled), GREEN_IN_ADOBE_RGB, 4)  # a profile goes before it


def test_the_index_of_srgb_settles_what_is_uncalibrated():
    data = encoded(flat("RGB", GREEN_IN_ADOBE_RGB), "PNG", exif=exif_of(65535, "R98"))
    assert near(color_of(data), GREEN_IN_ADOBE_RGB, 0)


P3_TIFF = {318: (0.3127, 0.329), 319: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06)}
LINEAR_TABLE = tuple(257 * i for i in range(256))


@pytest.mark.parametrize(
    ("im", "tags", "expected"),
    [
        (flat("RGB", RED_IN_P3), P3_TIFF, RED),
        (flat("L", 55), {301: LINEAR_TABLE}, (128, 128, 128)),
        (flat("RGB", (55, 0, 255)), {301: 3 * LINEAR_TABLE}, (128, 0, 255)),
        (flat("RGB", (55, 55, 55)), {301: LINEAR_TABLE[:100]}, (55, 55, 55)),
        (flat("RGB", RED), {318: (0.0, 0.0), 319: (0.0,) * 6}, RED),
        (flat("RGB", RED), {319: P3_TIFF[319]}, RED),  # without its white it says too little
    ],
)
def test_what_a_tiff_says_of_its_colors(im, tags, expected):
    assert near(color_of(encoded(im, "TIFF", tiffinfo=tags)), expected, 2)


def bitmap(color, kind: bytes, ends=(0,) * 9, gamma=0.0, profile: bytes = b"") -> bytes:
    """A flat bitmap, 32 x 24, with a header of version 5."""
    pixels = bytes(color[::-1]) * 32 * 24
    fixed = [round(end * 2**30) for end in ends]
    header = struct.pack("<IiiHHIIiiII", 124, 32, 24, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    header += b"\0" * 16 + kind + struct.pack("<9i", *fixed)
    header += struct.pack("<3I", *[round(gamma * 2**16)] * 3)
    header += struct.pack("<4I", 4, 124 + len(pixels), len(profile), 0)
    size = 14 + len(header) + len(pixels) + len(profile)
    return struct.pack("<2sIII", b"BM", size, 0, 14 + 124) + header + pixels + profile


SRGB_ENDS = (0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bitmap(RED, b"BGRs"), RED),
        (bitmap(RED, b" niW"), RED),
        (bitmap(RED, b"\0" * 4), RED),
        (bitmap((55, 55, 55), b"\0" * 4, SRGB_ENDS, 1.0), (128, 128, 128)),
        (bitmap(RED, b"DEBM", profile=SWAPPED), GREEN),
        (bitmap(RED, b"DEBM", profile=b"rubbish"), RED),
        (bitmap(RED, b"DEBM"), RED),
    ],
)
def test_what_a_bitmap_says_of_its_colors(data, expected):
    assert near(color_of(data), expected, 2)
