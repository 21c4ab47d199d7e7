"""TIFFs as the standard allows them: read by all their tags, or refused."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from face3d_widgets.image import PhotoError
from tests.test_image import assert_one_sentence, encoded, outcome, quadrants, refusal

H, W = 24, 40
GREY = (np.add.outer(5 * np.arange(H), 3 * np.arange(W)) % 256).astype(np.uint8)
GREY[-1, -1] = 255
COLORS = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=2)
ALPHA = np.where(np.arange(W) < W // 2, 255, 51).astype(np.uint8) + np.zeros((H, 1), np.uint8)

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK, YCBCR = 0, 1, 2, 5, 6


def tiff(
    samples, photometric, *, order="<", apart=False, packed=False, tile=None, big=False, tags=None
) -> bytes:
    """A TIFF of (h, w, n) numbers of any type, in strips of 7 rows or in square tiles."""
    samples = samples if samples.ndim == 3 else samples[:, :, None]
    h, w, n = samples.shape
    stored = samples.astype(samples.dtype.newbyteorder(order))
    if tile:
        stored = np.pad(stored, ((0, -h % tile), (0, -w % tile), (0, 0)))
    planes = [stored[..., i : i + 1] for i in range(n)] if apart else [stored]
    rows, columns = (tile, tile) if tile else (7, w)
    pieces = [
        np.ascontiguousarray(plane[y : y + rows, x : x + columns]).tobytes()
        for plane in planes
        for y in range(0, plane.shape[0], rows)
        for x in range(0, plane.shape[1], columns)
    ]
    if packed:
        pieces = [zlib.compress(piece) for piece in pieces]
    head = 16 if big else 8
    starts = np.cumsum([head, *map(len, pieces)])[:-1].tolist()
    sizes = [len(piece) for piece in pieces]
    kind = {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    entries = {256: [w], 257: [h], 258: [8 * samples.itemsize] * n, 259: [8 if packed else 1]}
    entries |= {262: [photometric], 277: [n], 284: [2 if apart else 1], 339: [kind] * n}
    entries |= {322: [tile], 323: [tile], 324: starts, 325: sizes} if tile else {}
    entries |= {} if tile else {273: starts, 278: [rows], 279: sizes}
    entries |= tags or {}
    long = "Q" if big else "I"
    size = struct.calcsize(order + long)
    at = head + sum(sizes)
    directory = struct.pack(order + ("Q" if big else "H"), len(entries))
    behind = at + len(directory) + (4 + 2 * size) * len(entries) + size
    lists = b""
    for tag, values in sorted(entries.items()):
        letter, code = (long, 16 if big else 4) if tag in (273, 279, 324, 325) else ("H", 3)
        data = struct.pack(f"{order}{len(values)}{letter}", *values)
        directory += struct.pack(order + "HH" + long, tag, code, len(values))
        fits = len(data) <= size
        directory += data.ljust(size, b"\0") if fits else struct.pack(order + long, behind)
        lists, behind = (lists, behind) if fits else (lists + data, behind + len(data))
    mark = struct.pack(order + "HHHQ", 43, 8, 0, at) if big else struct.pack(order + "HI", 42, at)
    letters = b"II" if order == "<" else b"MM"
    return letters + mark + b"".join(pieces) + directory + bytes(size) + lists


def deep(values: np.ndarray, dtype) -> np.ndarray:
    """8-bit numbers over the whole range of a wider type."""
    return (values.astype(np.float64) * (np.iinfo(dtype).max / 255)).astype(dtype)


def on_white(colors: np.ndarray) -> np.ndarray:
    share = (ALPHA / 255)[:, :, None]
    return np.rint(share * colors + 255 * (1 - share))


LAYOUTS = [
    {"order": order, "packed": packed, "tile": tile, "big": big}
    for order in "<>"
    for packed in (False, True)
    for tile in (None, 16)
    for big in (False, True)
    if not (big and order == ">")  # which Pillow does not know
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("apart", [False, True])
def test_colors_are_read_wherever_their_planes_lie(layout, dtype, apart):
    data = tiff(deep(COLORS, dtype), RGB, apart=apart, **layout)
    photo = outcome(data)
    assert np.abs(photo.rgb.astype(int) - COLORS).max() <= 1
    inks = np.dstack([255 - COLORS, np.zeros_like(GREY)])
    printed = outcome(tiff(deep(inks, dtype), CMYK, apart=apart, **layout))
    assert np.abs(printed.rgb.astype(int) - COLORS).max() <= 1


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32, np.float32])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_grey_is_read_whichever_end_is_white(layout, dtype, white_is_zero):
    values = 255 - GREY if white_is_zero else GREY
    wide = (values / np.float32(255)) if dtype == np.float32 else deep(values, dtype)
    found = outcome(tiff(wide.astype(dtype), 0 if white_is_zero else 1, **layout))
    if layout["order"] == ">" and layout["packed"] and dtype in (np.int16, np.int32, np.float32):
        assert "big-endian" in str(found)  # the decoder turns their bytes round
        assert_one_sentence(str(found), "photo.jpg")
    else:
        assert np.abs(found.rgb.astype(int) - GREY[:, :, None]).max() <= 1


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("kind", "there"), [(0, False), (1, True), (2, True)])
def test_transparency_beside_colors(apart, dtype, kind, there):
    colors = COLORS
    if kind == 1:  # premultiplied
        colors = np.rint(COLORS * (ALPHA / 255)[:, :, None]).astype(np.uint8)
    data = tiff(
        deep(np.dstack([colors, ALPHA]), dtype), RGB, apart=apart, packed=True, tags={338: [kind]}
    )
    expected = on_white(COLORS) if there else COLORS
    assert np.abs(outcome(data).rgb - expected).max() <= 3


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize(("kind", "there"), [(0, False), (2, True)])
def test_transparency_beside_grey(apart, packed, white_is_zero, kind, there):
    values = np.dstack([255 - GREY if white_is_zero else GREY, ALPHA])
    data = tiff(values, 0 if white_is_zero else 1, apart=apart, packed=packed, tags={338: [kind]})
    if apart and kind == 0 and not packed:  # more than Pillow opens
        assert_one_sentence(refusal(data), "photo.jpg")
        return
    grey = np.repeat(GREY[:, :, None], 3, axis=2)
    expected = on_white(grey) if there else grey
    assert np.abs(outcome(data).rgb - expected).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_planes_apart_are_turned_upright(orientation):
    colors = np.asarray(quadrants(40, 24))
    data = tiff(deep(colors, np.uint16), RGB, apart=True, tags={274: [orientation]})
    together = tiff(colors, RGB, tags={274: [orientation]})
    photo, same = outcome(data), outcome(together)
    assert photo.original_size == same.original_size == (photo.width, photo.height)
    np.testing.assert_array_equal(photo.rgb, same.rgb)
    small = outcome(data, max_side=20)
    assert (small.width, small.height) == (photo.width // 2, photo.height // 2)


def test_signed_numbers_of_8_bits_are_no_unsigned_ones():
    halves = GREY // 2
    photo = outcome(tiff(halves.astype(np.int8), BLACK_IS_ZERO))
    assert np.abs(photo.rgb - np.rint(halves / 127 * 255)[:, :, None]).max() <= 1


YCC = np.asarray(Image.fromarray(COLORS).convert("YCbCr"))


def rationals(*numbers):
    return tuple(float(number) for number in numbers)


def test_plain_ycbcr_is_read():
    photo = outcome(tiff(YCC, YCBCR, tags={530: [1, 1]}))
    assert np.abs(photo.rgb.astype(int) - COLORS).max() <= 3
    whole = outcome(tiff(YCC, YCBCR))  # says nothing, and has all of it
    assert np.abs(whole.rgb.astype(int) - COLORS).max() <= 3
    usual = {530: (1, 1), 529: rationals(0.299, 0.587, 0.114)}
    im = Image.fromarray(COLORS).convert("YCbCr")
    told = outcome(encoded(im, "TIFF", tiffinfo=usual))
    assert np.abs(told.rgb.astype(int) - COLORS).max() <= 3


@pytest.mark.parametrize(
    "data",
    [
        tiff(GREY.astype(np.int8), BLACK_IS_ZERO),
        tiff(GREY.astype(np.int16) - 100, BLACK_IS_ZERO),
        tiff(GREY / np.float32(255), BLACK_IS_ZERO, order=">", packed=True),
        tiff(np.dstack([COLORS, GREY]), CMYK, tags={332: [2]}),
        # A quarter of the colours, and more bytes behind than a whole picture needs.
        tiff(YCC[:12], YCBCR, tags={530: [2, 2], 257: [H]}) + bytes(5000),
        encoded(
            Image.fromarray(COLORS).convert("YCbCr"),
            "TIFF",
            tiffinfo={529: rationals(0.2126, 0.7152, 0.0722)},
        ),
        encoded(
            Image.fromarray(COLORS).convert("YCbCr"),
            "TIFF",
            tiffinfo={532: rationals(16, 235, 128, 240, 128, 240)},
        ),
    ],
)
def test_what_would_be_a_wrong_picture_is_refused(data):
    text = refusal(data)
    assert "damaged" not in text
    assert_one_sentence(text, "photo.jpg")


@pytest.mark.parametrize(
    ("values", "photometric"),
    [
        (COLORS / np.float32(255), RGB),
        (GREY / 255.0, BLACK_IS_ZERO),
        (deep(np.dstack([GREY, ALPHA]), np.uint16), BLACK_IS_ZERO),
        (COLORS, 9),
        (GREY, 32803),
    ],
)
def test_what_cannot_be_read_says_so(values, photometric):
    assert_one_sentence(refusal(tiff(values, photometric)), "photo.jpg")
    assert_one_sentence(refusal(tiff(values, photometric, order=">", big=True)), "photo.jpg")


def test_planes_that_are_not_all_there_are_refused():
    data = tiff(deep(COLORS, np.uint16), RGB, apart=True)
    for cut in (40, len(data) // 2, len(data) - 80):
        assert isinstance(outcome(data[:cut]), PhotoError)
    fewer = tiff(deep(COLORS[..., :2], np.uint16), RGB, apart=True, tags={277: [3], 258: [16] * 3})
    assert isinstance(outcome(fewer), PhotoError)
