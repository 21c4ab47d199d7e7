"""The photo decoder: what it must read, what it must refuse, and how it says so."""

import base64
import io
import resource
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile, JpegImagePlugin, features

from face3d_widgets.image import (
    ACCEPT,
    FORMATS,
    MAX_BYTES,
    MAX_PIXELS,
    MIN_SIDE,
    WORKING_SIDE,
    PhotoError,
    encode_jpeg,
    photo_from_array,
    read_photo,
    read_photo_file,
    safe_stem,
)

ROOT = Path(__file__).resolve().parents[1]
ORIENTATION, EXIF_IFD, FOCAL_LENGTH_35MM = 274, 34665, 41989
RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 180, 40), (40, 50, 200), (230, 220, 60)

# 32 x 24 pixels with the quadrants RED GREEN / BLUE YELLOW, then turned by its own
# `irot` box as a phone does (upright: 24 x 32), 26 mm in EXIF. Made with
# pillow-heif 1.8.1 (x265).
HEIC = base64.b64decode(
    """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAcdtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAA
AAAAADRpbG9jAAAAAERAAAIAAQAAAAAB6wABAAAAAAAAATUAAgAAAAADIAABAAAAAAAAAEIAAAA4aWluZgAAAAAAAgAAABVp
bmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAABBmlwcnAAAADlaXBjbwAAAHVo
dmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQApQgEBA3AAAAMAkAAA
AwAAAwAeoCCBBZbqrprm4CGgwIAAAAyAAAADAIRiAAEABkQBwXPBiQAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAA
AABAAAAAQAAAAChjbGFwAAAAIAAAAAEAAAAYAAAAAf///+AAAAAC////2AAAAAIAAAAQcGl4aQAAAAADCAgIAAAACWlyb3QD
AAAAGWlwbWEAAAAAAAAAAQABBoECAwWEhgAAABppcmVmAAAAAAAAAA5jZHNjAAIAAQABAAABf21kYXQAAAExKAGvCch4dSRA
I5tR/zm3+oWhs3776Fa5AVKNNCZLs3RpTX67wVdU5Y/guqi485NWfI2TvBQTnGLLErATn0vwYY2etp2rWLRh4PLLd9C9UMic
0nON1Fr0BJ+fFsXdEgewCgOk0uhSMC3+g5ulfzCyBRT6YMOZQOFWwkoJskFvx4RHowhFAI7hfoAzed8deyLOfwXeNzhSS/eI
hsp3r3k/2P7AqDHRS5U0h+cY52VxMk1DZeAOBkujwOitMFsJRqJ7f2f2m/k7Crxr9p++Izr0cUwZAEVA20FbGWIOm1y2Szzf
peFcBjbPjog0QJ9B6cmzJcX96dFvPL5U7oGfJs8KEC1IA0nLdMXdnZvlkd8k/1zVMMjRVeMr+ArGoT2j2U4zwmptjGTeyO/Z
HyfWNeb342gAAAAGRXhpZgAATU0AKgAAAAgAAgESAAMAAAABAAYAAIdpAAQAAAABAAAAJgAAAAAAAaQFAAMAAAABABoAAAAA
AAA=
"""
)


def quadrants(width: int = 32, height: int = 24) -> Image.Image:
    """RED GREEN / BLUE YELLOW: no turn or flip leaves it as it is."""
    im = Image.new("RGB", (width, height), RED)
    im.paste(GREEN, (width // 2, 0, width, height // 2))
    im.paste(BLUE, (0, height // 2, width // 2, height))
    im.paste(YELLOW, (width // 2, height // 2, width, height))
    return im


def encoded(im: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    im.save(file, kind, **options)
    return file.getvalue()


def exif(orientation: int | None = None, focal_length: object = None) -> bytes:
    tags = Image.Exif()
    if orientation is not None:
        tags[ORIENTATION] = orientation
    if focal_length is not None:
        tags.get_ifd(EXIF_IFD)[FOCAL_LENGTH_35MM] = focal_length
    return tags.tobytes()


def png(width, height, depth, colour_type, rows=b"", *chunks) -> bytes:
    """A PNG made by hand, for what Pillow does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def icc(space: bytes, pcs: bytes, **tags: bytes) -> bytes:
    """A small ICC profile, version 2."""
    offset, table, body = 132 + 12 * len(tags), b"", b""
    for tag, data in tags.items():
        table += tag.encode() + struct.pack(">II", offset + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    header = struct.pack(">I4xI4s4s4s", offset + len(body), 0x02400000, b"prtr", space, pcs)
    header += struct.pack(">6H4s28xIII48x", 2000, 1, 1, 0, 0, 0, b"acsp", 0xF6D6, 0x10000, 0xD32D)
    return header + struct.pack(">I", len(tags)) + table + body


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# sRGB with its red and green primaries exchanged: pure red stands for green.
SWAPPED = SRGB.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ").replace(b"?XYZ", b"gXYZ")
WHITE_POINT = b"XYZ \0\0\0\0" + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)
LINEAR_GREY = icc(b"GRAY", b"XYZ ", wtpt=WHITE_POINT, kTRC=b"curv" + struct.pack(">IIH", 0, 1, 256))


def red_ink_profile() -> bytes:
    """A CMYK profile of a press whose cyan ink is red; other inks are black."""
    identity = bytes(range(256))
    white, red, black = (255, 128, 128), (135, 208, 195), (0, 128, 128)
    nodes = [white if i == 0 else red if i == 8 else black for i in range(16)]  # cyan is slowest
    matrix = struct.pack(">9I", *np.eye(3, dtype=int).ravel() * 0x10000)
    lut = b"mft1" + struct.pack(">I4B", 0, 4, 3, 2, 0) + matrix
    lut += 4 * identity + bytes(np.ravel(nodes).tolist()) + 3 * identity
    return icc(b"CMYK", b"Lab ", wtpt=WHITE_POINT, A2B0=lut)


def files() -> dict[str, bytes]:
    """One valid small file of each kind that is read."""
    im = quadrants()
    rgba = im.convert("RGBA")
    rgba.putalpha(Image.linear_gradient("L").resize(im.size))
    tags = exif(6, 26)
    found = {
        "baseline.jpg": encoded(im, "JPEG", exif=tags, icc_profile=SRGB),
        "progressive.jpg": encoded(im, "JPEG", progressive=True),
        "mpo.jpg": encoded(im, "MPO", save_all=True, append_images=[im.rotate(180)]),
        "cmyk.jpg": encoded(im.convert("CMYK"), "JPEG", icc_profile=red_ink_profile()),
        "rgb.png": encoded(im, "PNG", exif=tags, icc_profile=SRGB),
        "rgba.png": encoded(rgba, "PNG"),
        "palette.png": encoded(im.quantize(4), "PNG", transparency=0),
        "grey16.png": encoded(Image.new("I;16", (32, 24), 40000), "PNG"),
        "animated.png": encoded(im, "PNG", save_all=True, append_images=[im.rotate(180)]),
        "lossy.webp": encoded(im, "WEBP", exif=tags, icc_profile=SRGB),
        "lossless.webp": encoded(rgba, "WEBP", lossless=True),
        "animated.webp": encoded(im, "WEBP", save_all=True, append_images=[im.rotate(180)]),
        "raw.tif": encoded(im, "TIFF", exif=tags, icc_profile=SRGB),
        "lzw.tif": encoded(im, "TIFF", compression="tiff_lzw"),
        "jpeg.tif": encoded(im, "TIFF", compression="jpeg"),
        "pages.tif": encoded(im, "TIFF", save_all=True, append_images=[im.rotate(180)]),
        "float.tif": encoded(Image.new("F", (32, 24), 0.5), "TIFF"),
        "rgb.bmp": encoded(im, "BMP"),
        "animated.gif": encoded(im, "GIF", save_all=True, append_images=[im.rotate(180)]),
        "phone.heic": HEIC,
    }
    if features.check("avif"):
        found["rgb.avif"] = encoded(im, "AVIF", exif=tags, quality=90)
    return found


FILES = files()


def outcome(data: bytes, name: str = "photo.jpg", **options):
    """The photo or the `PhotoError`; anything else, and any warning, fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return read_photo(data, name, **options)
        except PhotoError as error:
            return error


def refusal(data: bytes, name: str = "photo.jpg") -> str:
    error = outcome(data, name)
    assert isinstance(error, PhotoError)
    return str(error)


def assert_one_sentence(text: str, name: str) -> None:
    assert text.startswith(f"“{name}” ")
    rest = text.removeprefix(f"“{name}” ")
    assert rest.endswith(".")
    assert "\n" not in text
    assert ". " not in rest
    assert ";" in rest  # what is wrong; what to do next


def corners(photo) -> list[tuple[int, int, int]]:
    """Colours in the middle of the quadrants, row by row."""
    h, w = photo.height // 4, photo.width // 4
    return [tuple(photo.rgb[y, x].tolist()) for y in (h, 3 * h) for x in (w, 3 * w)]


def near(a, b, tolerance: int = 12) -> bool:
    return np.abs(np.asarray(a, int) - np.asarray(b, int)).max() <= tolerance


# --- formats -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_every_format_is_read(name):
    photo = outcome(FILES[name], name)
    assert photo.rgb.dtype == np.uint8
    assert sorted(photo.rgb.shape) == [3, 24, 32]
    assert photo.original_size == (photo.width, photo.height)
    assert photo.name == name.split(".")[0]


@pytest.mark.parametrize(
    "name", ["mpo.jpg", "animated.png", "animated.webp", "pages.tif", "animated.gif"]
)
def test_the_first_frame_is_taken(name):
    assert near(corners(outcome(FILES[name])), [RED, GREEN, BLUE, YELLOW], 25)


def test_heic_is_turned_once_and_keeps_its_focal_length():
    photo = outcome(HEIC)
    assert near(corners(photo), [BLUE, RED, YELLOW, GREEN])
    assert photo.original_size == (24, 32)
    assert photo.focal_length_35mm == 26


@pytest.mark.parametrize("at", [HEIC.index(b"Exif"), HEIC.index(b"hvc1", 100) + 4])
def test_a_heic_that_would_end_the_process_is_refused(at):
    assert "damaged" in refusal(patched(HEIC, at, b"\xff"))  # text that is no UTF-8


def test_a_name_with_the_wrong_suffix_does_not_matter():
    assert near(corners(outcome(FILES["rgb.bmp"], "x.jpg")), [RED, GREEN, BLUE, YELLOW], 0)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_kind_of_bytes(kind):
    photo = read_photo(kind(FILES["rgb.bmp"]))
    assert photo.rgb.shape == (24, 32, 3)
    assert not photo.rgb.flags.writeable


def test_only_light_libraries_are_imported():
    code = (
        "import sys, face3d_widgets.image;"
        "print([m for m in ('torch', 'cv2', 'pillow_heif', 'plotly', 'scipy') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_what_is_said_to_people_agrees():
    assert MAX_BYTES == 30 * 1024**2
    assert {".jpg", ".png", ".webp", ".tif", ".bmp", ".heic"} <= set(ACCEPT.split(","))
    assert FORMATS == "JPEG, PNG, WebP, TIFF, BMP or HEIC"


# --- upright -----------------------------------------------------------------------------------

UNTURN = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", UNTURN)
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG", {"quality": 100, "subsampling": 0}),
    ],
)
def test_every_orientation_gives_the_upright_picture(kind, options, orientation):
    upright = quadrants()
    turn = UNTURN[orientation]
    stored = upright if turn is None else upright.transpose(turn)
    photo = outcome(encoded(stored, kind, exif=exif(orientation), **options))
    assert photo.original_size == (32, 24)
    assert near(photo.rgb, np.asarray(upright), 3 if kind == "JPEG" else 0)


def test_orientation_of_a_large_jpeg_gives_its_upright_size():
    photo = outcome(encoded(quadrants(800, 600), "JPEG", exif=exif(6)), max_side=100)
    assert photo.original_size == (600, 800)
    assert (photo.width, photo.height) == (75, 100)
    assert near(corners(photo), [BLUE, RED, YELLOW, GREEN])


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_unknown_orientation_is_no_turn(orientation):
    photo = outcome(encoded(quadrants(), "PNG", exif=exif(orientation)))
    assert near(corners(photo), [RED, GREEN, BLUE, YELLOW], 0)


# --- focal length ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_focal_length(kind):
    assert outcome(encoded(quadrants(), kind, exif=exif(1, 28))).focal_length_35mm == 28


@pytest.mark.parametrize("value", [None, 0, 1, 65535, b"many", (50, 60)])
def test_an_absent_or_absurd_focal_length_is_none(value):
    photo = outcome(encoded(quadrants(), "JPEG", exif=exif(1, value)))
    assert photo.focal_length_35mm is None


@pytest.mark.parametrize("tags", [b"Exif\0\0", b"Exif\0\0rubbish", exif(6, 28)[:-12], exif(6)[:16]])
def test_broken_exif_does_not_cost_the_picture(tags):
    data = encoded(quadrants(), "JPEG").replace(
        b"\xff\xdb", b"\xff\xe1" + struct.pack(">H", len(tags) + 2) + tags + b"\xff\xdb", 1
    )
    assert sorted(outcome(data).original_size) == [24, 32]


# --- colours -----------------------------------------------------------------------------------


def flat(mode: str, colour, size=(32, 24)) -> Image.Image:
    return Image.new(mode, size, colour)


PALETTE = quadrants().quantize(4)
NO_RED = PALETTE.getpalette()[:3]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded(flat("1", 1), "PNG"), (255, 255, 255)),
        (encoded(flat("1", 0), "TIFF", compression="group4"), (0, 0, 0)),
        (encoded(flat("L", 77), "JPEG"), (77, 77, 77)),
        (encoded(flat("LA", (0, 51)), "PNG"), (204, 204, 204)),
        (encoded(flat("RGBA", (255, 0, 0, 51)), "PNG"), (255, 204, 204)),
        (encoded(flat("RGBA", (9, 9, 9, 0)), "TIFF"), (255, 255, 255)),
        (encoded(flat("RGBA", (9, 9, 9, 0)), "WEBP", lossless=True), (255, 255, 255)),
        (encoded(flat("RGB", RED), "PNG", transparency=RED), (255, 255, 255)),
        (encoded(flat("RGB", RED), "PNG", transparency=GREEN), RED),
        (encoded(flat("L", 9), "PNG", transparency=9), (255, 255, 255)),
        (encoded(flat("CMYK", (0, 255, 255, 0)), "JPEG"), (255, 0, 0)),
        (encoded(flat("CMYK", (0, 255, 255, 0)), "TIFF"), (255, 0, 0)),
        (encoded(flat("RGB", RED).convert("YCbCr"), "TIFF"), RED),
        (encoded(flat("RGB", RED).convert("LAB"), "TIFF"), RED),
        (encoded(flat("I;16", 257 * 100), "PNG"), (100, 100, 100)),
        (encoded(flat("I;16", 100), "PNG"), (0, 0, 0)),
        (encoded(flat("I;16", 257 * 100), "TIFF"), (100, 100, 100)),
        (encoded(flat("I;16B", 257 * 100), "TIFF"), (100, 100, 100)),
        (encoded(flat("I;16", 4095), "TIFF"), (255, 255, 255)),
        (encoded(flat("I", 257 * 100), "TIFF"), (100, 100, 100)),
        (encoded(flat("I", -5), "TIFF"), (0, 0, 0)),
        (encoded(flat("I", 2**31 - 1), "TIFF"), (255, 255, 255)),
        (encoded(flat("F", 0.2), "TIFF"), (51, 51, 51)),
        (encoded(flat("F", 100), "TIFF"), (100, 100, 100)),
        (encoded(flat("F", 257 * 100), "TIFF"), (100, 100, 100)),
        (encoded(flat("F", float("nan")), "TIFF"), (0, 0, 0)),
        (
            png(32, 24, 16, 2, (b"\0" + struct.pack(">3H", 65535, 0, 25700) * 32) * 24),
            (255, 0, 100),
        ),
        (png(32, 24, 16, 4, (b"\0" + struct.pack(">2H", 0, 13107) * 32) * 24), (204, 204, 204)),
        (png(32, 24, 16, 0, (b"\0" + b"\1\2" * 32) * 24, (b"tRNS", b"\1\2")), (255, 255, 255)),
        (png(32, 24, 16, 0, (b"\0" + b"\1\2" * 32) * 24, (b"tRNS", b"\1\3")), (1, 1, 1)),
    ],
)
def test_every_kind_of_pixel_becomes_srgb_on_white(data, expected):
    photo = outcome(data)
    assert near(photo.rgb, expected, 2)


@pytest.mark.parametrize("alphas", [0, bytes([0, 128, 255, 255])])
@pytest.mark.parametrize("max_side", [None, 16])
def test_a_palette_with_transparency_lies_on_white(alphas, max_side):
    data = encoded(PALETTE, "PNG", transparency=alphas)
    seen = corners(outcome(data, max_side=max_side))
    white = [i for i, colour in enumerate(seen) if near(colour, (255, 255, 255), 0)]
    assert len(white) == 1
    assert near(NO_RED, [RED, GREEN, BLUE, YELLOW][white[0]], 2)


def test_transparent_pixels_do_not_bleed_when_reduced():
    im = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    im.paste((255, 0, 0, 255), (0, 0, 33, 64))
    photo = outcome(encoded(im, "PNG"), max_side=16)
    assert photo.rgb[:, :, 0].min() >= 254  # black under the transparent half never shows


@pytest.mark.parametrize(
    ("im", "profile", "expected"),
    [
        (flat("RGB", (255, 0, 0)), SRGB, (255, 0, 0)),
        (flat("RGB", (255, 0, 0)), SWAPPED, (0, 255, 0)),
        (flat("RGBA", (255, 0, 0, 51)), SWAPPED, (204, 255, 204)),
        (flat("P", 0), SWAPPED, (0, 0, 0)),
        (flat("L", 128), LINEAR_GREY, (188, 188, 188)),
        (flat("LA", (128, 255)), LINEAR_GREY, (188, 188, 188)),
        (flat("L", 128), SRGB, (128, 128, 128)),
        (flat("CMYK", (0, 0, 0, 0)), red_ink_profile(), (255, 255, 255)),
        (flat("CMYK", (255, 0, 0, 0)), red_ink_profile(), (255, 0, 0)),
    ],
)
def test_the_profile_is_followed(im, profile, expected):
    kind = "TIFF" if im.mode == "CMYK" else "PNG"
    assert near(outcome(encoded(im, kind, icc_profile=profile)).rgb, expected, 15)


def test_the_profile_of_a_cmyk_jpeg_is_followed():
    data = encoded(flat("CMYK", (255, 0, 0, 0)), "JPEG", icc_profile=red_ink_profile())
    assert near(outcome(data).rgb, (255, 0, 0), 15)


@pytest.mark.parametrize(
    ("mode", "colour", "profile"),
    [
        ("RGB", (255, 0, 0), b"rubbish"),
        ("RGB", (255, 0, 0), SRGB[:200]),
        ("RGB", (255, 0, 0), red_ink_profile()),
        ("RGB", (255, 0, 0), LINEAR_GREY),
        ("CMYK", (0, 255, 255, 0), SWAPPED),
        ("CMYK", (0, 255, 255, 0), icc(b"CMYK", b"Lab ")),
    ],
)
def test_a_broken_or_foreign_profile_is_ignored(mode, colour, profile):
    data = encoded(flat(mode, colour), "JPEG", icc_profile=profile)
    assert near(outcome(data).rgb, (255, 0, 0), 2)


# --- size --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
@pytest.mark.parametrize(
    ("size", "max_side", "expected"),
    [
        ((640, 480), None, (640, 480)),
        ((640, 480), 640, (640, 480)),
        ((640, 480), 1280, (640, 480)),
        ((640, 480), 639, (639, 479)),
        ((480, 640), 100, (75, 100)),
        ((801, 601), 100, (100, 75)),
        ((640, 80), 8, (8, 1)),
    ],
)
def test_reduction_keeps_shape_and_original_size(kind, size, max_side, expected):
    photo = outcome(encoded(quadrants(*size), kind), max_side=max_side)
    assert (photo.width, photo.height) == expected
    assert photo.original_size == size


def test_large_photos_are_reduced_to_the_working_size():
    photo = outcome(encoded(quadrants(4000, 3000), "JPEG", quality=50))
    assert (photo.width, photo.height) == (WORKING_SIDE, 960)
    assert photo.original_size == (4000, 3000)
    assert near(corners(photo), [RED, GREEN, BLUE, YELLOW])


@pytest.mark.parametrize("size", [(1000, 750), (1003, 751), (417, 401)])
def test_the_fast_reduction_of_a_jpeg_stays_close_to_the_exact_one(size):
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    wave = 128 + 100 * np.sin(x / 23) * np.cos(y / 31)
    im = Image.fromarray(np.stack([wave, x % 256, y % 200], 2).astype(np.uint8)).convert("L")
    photo = outcome(encoded(im, "JPEG", quality=100), max_side=120)
    exact = im.resize((photo.width, photo.height), Image.Resampling.LANCZOS).convert("RGB")
    assert np.abs(photo.rgb.astype(int) - np.asarray(exact, int)).mean() < 1


@pytest.mark.parametrize("max_side", [0, -1])
def test_a_senseless_max_side_is_the_programmers_error(max_side):
    with pytest.raises(ValueError, match="max_side"):
        read_photo(FILES["rgb.png"], max_side=max_side)


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\n%PDF-1.4", "PDF"),
        (b"PK\x03\x04\x14\0\x06\0", "ZIP"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b'<?xml version="1.0"?>\n<!-- by hand -->\n<svg/>', "SVG"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "web page"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "video"),
        (b"\0\0\0\x14ftypqt  \0\0\2\0qt  ", "video"),
        (b"\0\0\0\x08wide\0\0\1\0mdat", "video"),
        (b"RIFF\x10\0\0\0AVI LIST", "video"),
        (b"\x1a\x45\xdf\xa3\x01", "video"),
        (b"8BPS\0\1", "Photoshop"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "raw camera"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"Dear Anna,\r\n\tsee you", "text"),
        (b"\0" * 500, "not a known kind"),
        (bytes(range(256)), "not a known kind"),
        (FILES["baseline.jpg"][:300], "damaged"),
        (b"BM", "damaged"),
    ],
)
def test_what_is_no_photo_is_named(data, words):
    text = refusal(data, "C:\\me\\holiday. one.jpg")
    assert words in text
    assert_one_sentence(text, "holiday. one.jpg")


def test_a_format_that_pillow_reads_but_we_do_not_is_refused():
    for kind in ("PPM", "TGA", "ICO", "PCX", "EPS", "PDF"):
        assert "damaged" not in refusal(encoded(quadrants(), kind))


def test_a_raw_photo_in_tiff_clothes_is_not_taken_for_its_preview():
    assert "raw camera" in refusal(encoded(quadrants(), "TIFF", tiffinfo={254: 1}))


def test_too_many_bytes_are_refused_unread():
    data = bytearray(MAX_BYTES + 1)
    text = refusal(data, "big.bmp")
    assert "30 MB" in text
    assert_one_sentence(text, "big.bmp")


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((1, 1), "1 x 1 pixels"),
        ((MIN_SIDE, MIN_SIDE - 1), "16 x 15 pixels"),
        ((20_000, 10), "20000 x 10 pixels, too narrow"),
        ((20, 161), "20 x 161 pixels, too narrow"),
    ],
)
def test_tiny_and_narrow_pictures_are_refused(size, words):
    text = refusal(encoded(Image.new("L", size), "PNG"), "strip.png")
    assert words in text
    assert_one_sentence(text, "strip.png")


@pytest.mark.parametrize("size", [(16, 16), (20, 160), (160, 20), (16, 128)])
def test_sizes_at_the_limits_are_taken(size):
    assert outcome(encoded(Image.new("L", size), "PNG")).original_size == size


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def bombs() -> dict[str, bytes]:
    """Small files whose headers promise more pixels than we want."""
    jpeg, gif, bmp = FILES["progressive.jpg"], FILES["animated.gif"], FILES["rgb.bmp"]
    webp, tiff = FILES["animated.webp"], FILES["raw.tif"]
    entry = {tag: tiff.index(struct.pack("<HHI", tag, 4, 1)) for tag in (256, 257)}
    long = struct.pack("<I", 60_000)
    return {
        "huge.png": png(60_000, 60_000, 8, 2),
        "just-too-large.png": png(50_001, 1_000 * 7, 8, 2),
        "warned-about.png": png(10_000, 10_000, 8, 2),
        "long-text.png": png(9_000, 9_000, 8, 2, b"", (b"tEXt", b"a\0" + b"b" * 1_000_000)),
        "huge.jpg": patched(jpeg, jpeg.index(b"\xff\xc2") + 5, struct.pack(">HH", 65_000, 65_000)),
        "huge.gif": patched(gif, 6, struct.pack("<HH", 65_535, 65_535)),
        "huge.bmp": patched(bmp, 18, struct.pack("<ii", 60_000, 60_000)),
        "huge.webp": patched(webp, webp.index(b"VP8X") + 12, b"\xfe\x3f\0\xfe\x3f\0"),
        "large.webp": patched(webp, webp.index(b"VP8X") + 12, b"\x0f\x27\0\x0f\x27\0"),
        "huge.tif": patched(patched(tiff, entry[256] + 8, long), entry[257] + 8, long),
        "large.heic": patched(
            patched(HEIC, HEIC.index(b"ispe") + 8, struct.pack(">II", 9_000, 9_000)),
            HEIC.index(b"clap") + 4,
            struct.pack(">8i", 9_000, 1, 9_000, 1, 0, 1, 0, 1),
        ),
    }


@pytest.mark.parametrize("name", bombs())
def test_bombs_are_refused_from_their_header(name):
    data = bombs()[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    text = refusal(data, name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert "megapixels" in text
    assert "50" in text
    assert_one_sentence(text, name)
    assert peak < 10e6
    assert grown < 40_000  # kilobytes on Linux


@pytest.mark.parametrize("limit", [None, 100])
def test_pillows_own_limit_does_not_matter(monkeypatch, limit):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    assert outcome(FILES["rgb.png"]).original_size == (24, 32)
    assert "3600 megapixels" in refusal(png(60_000, 60_000, 8, 2))


def test_a_photo_just_below_the_limit_of_pixels_is_taken():
    width, height = 8_000, MAX_PIXELS // 8_000
    data = encoded(Image.new("1", (width, height)), "PNG")
    assert outcome(data, max_side=64).original_size == (width, height)


def test_text_chunks_that_unpack_to_hundreds_of_megabytes():
    rows = (b"\0" + b"\x40" * 96) * 24
    packed = zlib.compress(b"a" * 20_000_000)
    for chunk in ((b"zTXt", b"a\0\0" + packed), (b"iTXt", b"a\0\1\0\0\0" + packed)):
        assert isinstance(outcome(png(32, 24, 8, 2, rows, chunk)), PhotoError)


def test_warnings_stay_inside_and_nothing_global_changes():
    rows = (b"\0" + b"\x40" * 96) * 24
    state = (
        list(warnings.filters),
        ImageFile.LOAD_TRUNCATED_IMAGES,
        Image.MAX_IMAGE_PIXELS,
        set(Image.OPEN),
    )
    assert outcome(png(32, 24, 8, 2, rows, (b"acTL", b"\0" * 8))).original_size == (32, 24)
    outcome(HEIC)
    after = (
        list(warnings.filters),
        ImageFile.LOAD_TRUNCATED_IMAGES,
        Image.MAX_IMAGE_PIXELS,
        set(Image.OPEN),
    )
    assert after == state


def test_threads_may_read_at_once():
    data = [*FILES.values(), *bombs().values()] * 3
    filters = list(warnings.filters)

    def kind(item: bytes) -> type:
        try:
            return type(read_photo(item))
        except PhotoError:
            return PhotoError

    expected = [kind(item) for item in data]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(kind, data)) == expected
    assert list(warnings.filters) == filters


def test_without_the_heic_library_the_person_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    text = refusal(HEIC, "IMG_1.HEIC")
    assert "save it as JPEG" in text
    assert_one_sentence(text, "IMG_1.HEIC")


def test_without_memory_the_person_is_told(monkeypatch):
    def no_memory(_):
        raise MemoryError

    monkeypatch.setattr("face3d_widgets.image.read.plain", no_memory)
    text = refusal(FILES["rgb.png"], "a.png")
    assert "memory" in text
    assert_one_sentence(text, "a.png")


# --- whatever the bytes ------------------------------------------------------------------------

fuzz = settings(
    deadline=None,
    derandomize=True,
    max_examples=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
STARTS = sorted({data[:n] for data in FILES.values() for n in (4, 12, 40)})


def assert_photo_or_sentence(found) -> None:
    if isinstance(found, PhotoError):
        assert_one_sentence(str(found), "photo.jpg")
    else:
        assert found.rgb.ndim == 3


@fuzz
@given(st.sampled_from([b"", *STARTS]), st.binary(max_size=400))
def test_arbitrary_bytes(start, rest):
    assert_photo_or_sentence(outcome(start + rest))


@fuzz
@given(st.sampled_from(sorted(FILES)), st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_an_error_or_the_whole_picture(name, share):
    found = outcome(FILES[name][: int(share * len(FILES[name]))])
    if not isinstance(found, PhotoError):  # only what follows the pixels was cut off
        whole = outcome(FILES[name])
        assert near(found.rgb, whole.rgb if found.rgb.shape == whole.rgb.shape else -1, 0)
    assert_photo_or_sentence(found)


@settings(fuzz, max_examples=900)
@given(
    st.sampled_from(sorted(FILES)),
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=8
    ),
)
def test_flipped_bytes(name, flips):
    data = bytearray(FILES[name])
    for share, flip in flips:
        data[int(share * len(data))] ^= flip
    assert_photo_or_sentence(outcome(bytes(data)))


@fuzz
@given(st.text(max_size=100))
def test_any_name_makes_one_line(name):
    text = refusal(b"", name)
    assert text.isprintable()
    assert len(text) < 160
    assert outcome(FILES["rgb.bmp"], name).name == safe_stem(name)


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("selfie.jpg", "selfie"),
        ("/home/me/My photo (2).JPEG", "My-photo-2"),
        ("C:\\Users\\me\\IMG_0001.HEIC", "IMG_0001"),
        ("Zoë Müller.png", "Zoë-Müller"),
        ("Zoe\u0308.png", "Zoë"),
        ("写真.webp", "写真"),
        ("archive.tar.gz", "archive-tar"),
        ("no-suffix", "no-suffix"),
        ("a---b _ c", "a-b-_-c"),
        ("../../etc/passwd", "passwd"),
        ("<img src=x>.png", "img-src-x"),
        ("", "photo"),
        (".jpg", "photo"),
        ("???.jpg", "photo"),
        ("folder/", "photo"),
        ("x" * 200 + ".jpg", "x" * 60),
        ("x" * 59 + " y.jpg", "x" * 59),
    ],
)
def test_safe_stem(name, stem):
    assert safe_stem(name) == stem


@fuzz
@given(st.text(max_size=90))
def test_safe_stem_is_always_safe(name):
    stem = safe_stem(name)
    assert 1 <= len(stem) <= 60
    assert all(c.isalnum() or c in "-_" for c in stem)
    assert "--" not in stem
    assert safe_stem(stem) == stem


# --- files -------------------------------------------------------------------------------------


def test_read_photo_file(tmp_path):
    path = tmp_path / "me.png"
    path.write_bytes(FILES["rgb.png"])
    for given_path in (path, str(path)):
        photo = read_photo_file(given_path, max_side=20)
        assert (photo.name, photo.height) == ("me", 20)
        assert photo.original_size == (24, 32)


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    (tmp_path / "empty.jpg").touch()
    with open(tmp_path / "big.bmp", "wb") as file:
        file.truncate(MAX_BYTES + 10)
    troubles = {
        "missing.jpg": "not found",
        "empty.jpg": "empty",
        "big.bmp": "30 MB",
        tmp_path.name: "folder",
    }
    for name, words in troubles.items():
        path = tmp_path if name == tmp_path.name else tmp_path / name
        with pytest.raises(PhotoError, match=words) as caught:
            read_photo_file(path)
        assert_one_sentence(str(caught.value), name)
    with pytest.raises(PhotoError, match="cannot be opened"):
        read_photo_file("bad\0name.jpg")

    def forbidden(*_):
        raise PermissionError

    monkeypatch.setattr("builtins.open", forbidden)
    with pytest.raises(PhotoError, match="permissions"):
        read_photo_file(tmp_path / "mine.jpg")


# --- arrays ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.full((16, 20), 7, np.uint8), (7, 7, 7)),
        (np.full((16, 20, 1), 7, np.uint8), (7, 7, 7)),
        (np.full((16, 20, 3), RED, np.uint8), RED),
        (np.full((16, 20, 4), (255, 0, 0, 51), np.uint8), (255, 204, 204)),
        (np.full((16, 20), 25700, np.uint16), (100, 100, 100)),
        (np.full((16, 20, 3), 65535, np.uint16), (255, 255, 255)),
        (np.full((16, 20, 3), 0.2, np.float32), (51, 51, 51)),
        (np.full((16, 20, 4), (1, 0, 0, 0.2)), (255, 204, 204)),
        (np.full((16, 20), 1, np.float16), (255, 255, 255)),
        (np.full((20, 16, 3), RED, np.uint8).transpose(1, 0, 2), RED),
    ],
)
def test_photo_from_array(array, expected):
    photo = photo_from_array(array, "a b.png")
    assert photo.rgb.shape == (16, 20, 3)
    assert near(photo.rgb, expected, 0)
    assert photo.name == "a-b"
    assert photo.original_size == (20, 16)
    assert photo.focal_length_35mm is None


def test_photo_from_array_copies_nothing_that_may_change():
    array = np.zeros((16, 20, 3), np.uint8)
    photo = photo_from_array(array)
    array[:] = 255
    assert photo.rgb.max() == 0


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((16, 20, 2), np.uint8),
        np.zeros((16, 20, 3, 1), np.uint8),
        np.zeros(20, np.uint8),
        np.zeros((0, 20, 3), np.uint8),
        np.zeros((0, 0), np.uint8),
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((16, 1000), np.uint8),
        np.zeros((20, 20), np.int64),
        np.zeros((20, 20), bool),
        np.zeros((20, 20), complex),
        np.full((20, 20), 1.5),
        np.full((20, 20), -0.1),
        np.full((20, 20), np.nan),
        np.full((20, 20), np.inf),
        np.broadcast_to(np.uint8(0), (9_000, 9_000)),
        np.full((20, 20), None),
        [[1, 2], [3]],
        "text",
    ],
)
def test_other_arrays_are_refused(array):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PhotoError) as caught:
            photo_from_array(array, "my array")
    assert_one_sentence(str(caught.value), "my array")


# --- writing -----------------------------------------------------------------------------------


def segments(data: bytes) -> list[int]:
    """The markers of a JPEG up to its pixels."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        found.append(data[at + 1])
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return found


@pytest.mark.parametrize(("quality", "sampling"), [(75, 2), (89, 2), (90, 0), (95, 0)])
def test_encode_jpeg_writes_pixels_and_nothing_else(quality, sampling):
    source = encoded(
        quadrants(),
        "JPEG",
        exif=exif(6, 26),
        icc_profile=SWAPPED,
        comment=b"secret",
        dpi=(300, 300),
    )
    photo = read_photo(source)
    data = encode_jpeg(photo, quality=quality)
    assert set(segments(data)) <= {0xE0, 0xDB, 0xC0, 0xC4}  # JFIF, tables, frame
    im = Image.open(io.BytesIO(data))
    assert not im.getexif()
    assert JpegImagePlugin.get_sampling(im) == sampling
    assert near(np.asarray(im), photo.rgb, 40)


@pytest.mark.parametrize(
    ("max_side", "size"), [(None, (320, 240)), (80, (80, 60)), (999, (320, 240))]
)
def test_encode_jpeg_can_reduce(max_side, size):
    photo = photo_from_array(np.asarray(quadrants(320, 240)))
    back = read_photo(encode_jpeg(photo, max_side))
    assert back.original_size == size
    assert near(corners(back), [RED, GREEN, BLUE, YELLOW])
