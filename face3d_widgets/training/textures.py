"""Procedural pictures that the backgrounds, fabrics and shadows of training are made of.

Everything is drawn from a random generator, so the same generator state gives the
same picture; nothing is a photograph.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Picture",
    "blur",
    "fractal_noise",
    "photo_color",
    "random_gradient",
    "scatter",
    "stripes",
    "two_tone",
]

#: (s, s, 3) or (s, s) float32.
Picture = NDArray[np.float32]


def _float32(picture: ArrayLike) -> Picture:
    """As OpenCV gives it already; its types do not say so."""
    return np.asarray(picture, np.float32)


def photo_color(rng: np.random.Generator) -> NDArray[np.float32]:
    """A colour as walls and clothes have it, (3,) float32: mostly dull, now and then bright."""
    saturation = rng.beta(1.2, 3.0) if rng.random() < 0.8 else rng.random()
    hsv = np.array([[[rng.random() * 360, saturation, rng.beta(1.3, 1.1)]]], np.float32)
    color: NDArray[np.float32] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0]
    return color


def fractal_noise(
    size: int, rng: np.random.Generator, slope: float = 1.0, channels: int = 1, finest: int = 2
) -> Picture:
    """Noise whose power falls with frequency, as it does in photographs, from 0 to 1.

    Parameters
    ----------
    size : int
        Rows and columns.
    slope : float
        Amplitude falls with frequency to this power: 0 is fine grain, 2 are clouds.
    channels : int
        1 gives (s, s), more give (s, s, channels).
    finest : int
        Pixels between the points of the finest layer.
    """
    total = np.zeros((size, size, channels), np.float32)
    cells, stretch = 2, rng.uniform(0.6, 1.6)
    while cells <= size // finest:
        rows, columns = max(2, round(cells * stretch)), max(2, round(cells / stretch))
        grid = rng.standard_normal((rows, columns, channels), dtype=np.float32)
        layer = cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
        total += layer.reshape(total.shape) * np.float32((2.0 / cells) ** slope)
        cells *= 3 if slope > 0.5 else 4
    mean, deviation = cv2.meanStdDev(total)
    total -= mean[:, 0].astype(np.float32)
    total *= (0.22 / (deviation[:, 0] + 1e-6)).astype(np.float32)
    total += 0.5
    np.clip(total, 0, 1, out=total)
    return total if channels > 1 else total[..., 0]


def random_gradient(size: int, rng: np.random.Generator) -> Picture:
    """A smooth field from 0 to 1, (s, s) float32: a ramp, a spot or four corners."""
    kind = rng.integers(3)
    if kind == 0:
        corners = rng.random((2, 2), dtype=np.float32)
        return _float32(cv2.resize(corners, (size, size), interpolation=cv2.INTER_LINEAR))
    at = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = at[None], at[:, None]
    if kind == 1:
        angle = rng.uniform(0, 2 * np.pi)
        field = 0.5 + (x - 0.5) * np.float32(np.cos(angle)) + (y - 0.5) * np.float32(np.sin(angle))
        return np.clip(field, 0, 1)
    cx, cy = rng.uniform(-0.2, 1.2, 2).astype(np.float32)
    radius = np.float32(rng.uniform(0.2, 0.9))
    return np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * radius * radius))


def stripes(size: int, rng: np.random.Generator, soft: bool = False) -> Picture:
    """Parallel bands at any angle, (s, s) float32 from 0 to 1."""
    angle, period = rng.uniform(0, np.pi), size / rng.uniform(2.5, 30)
    at = np.arange(size, dtype=np.float32)
    phase = at[None] * np.float32(np.cos(angle)) + at[:, None] * np.float32(np.sin(angle))
    wave = np.sin(phase * np.float32(2 * np.pi / period) + np.float32(rng.uniform(0, 6.3)))
    return 0.5 + 0.5 * (wave if soft else np.clip(wave * 4 + np.float32(rng.uniform(-2, 2)), -1, 1))


def two_tone(mask: Picture, rng: np.random.Generator, spread: float = 1.0) -> Picture:
    """Two colours mixed by a (s, s) mask from 0 to 1, (s, s, 3).

    `spread` below 1 brings the two closer together.
    """
    first, second = photo_color(rng), photo_color(rng)
    return mask[..., None] * ((second - first) * np.float32(spread)) + first


def scatter(
    picture: Picture,
    rng: np.random.Generator,
    count: int,
    sides: tuple[float, float],
    rows: tuple[float, float] = (0.0, 1.0),
) -> None:
    """Draw things at random places into a picture: discs, boxes, sticks, rings, polygons, letters.

    Parameters
    ----------
    picture : (s, s, 3) float32
        Drawn into.
    count : int
        How many.
    sides : (low, high)
        Of their sizes, as parts of the picture's side.
    rows : (low, high)
        The part of the picture's height where their centres are.
    """
    size = picture.shape[0]
    base = photo_color(rng)
    kinship = rng.random() * 0.8  # how alike the colours of one picture are
    for _ in range(count):
        color = (base * kinship + photo_color(rng) * (1 - kinship)).tolist()
        x = int(rng.uniform(-0.05, 1.05) * size)
        y = int(rng.uniform(*rows) * size)
        side = max(2, int(size * np.exp(rng.uniform(np.log(sides[0]), np.log(sides[1])))))
        aspect = rng.uniform(0.4, 2.5)
        width, height = max(1, int(side * aspect**0.5)), max(1, int(side / aspect**0.5))
        line = -1 if rng.random() < 0.75 else int(rng.integers(1, max(2, side // 4) + 1))
        kind = rng.integers(6)
        if kind == 0:
            cv2.ellipse(
                picture,
                (x, y),
                (width, height),
                rng.uniform(0, 180),
                0,
                360,
                color,
                line,
                cv2.LINE_AA,
            )
        elif kind == 1:
            cv2.rectangle(picture, (x - width, y - height), (x + width, y + height), color, line)
        elif kind == 2:
            end = (int(x + rng.normal() * 3 * side), int(y + rng.normal() * 3 * side))
            cv2.line(picture, (x, y), end, color, int(rng.integers(1, 2 + side // 3)), cv2.LINE_AA)
        elif kind == 3:
            turns = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
            radii = side * rng.uniform(0.4, 1.2, turns.size)
            corners = np.stack([x + radii * np.cos(turns), y + radii * np.sin(turns)], axis=-1)
            cv2.fillPoly(picture, [corners.astype(np.int32)], color, cv2.LINE_AA)
        elif kind == 4:
            _letters(picture, rng, (x, y), side, np.array(color, np.float32))
        else:  # a row of equal things: books, windows, lights
            step, many = max(3, int(width * rng.uniform(1.2, 3))), int(rng.integers(3, 12))
            for k in range(many):
                shade = [c * rng.uniform(0.6, 1.1) for c in color]
                left = x + (k - many // 2) * step
                cv2.rectangle(picture, (left, y - height), (left + width, y + height), shade, -1)


def _letters(
    picture: Picture,
    rng: np.random.Generator,
    at: tuple[int, int],
    side: int,
    color: NDArray[np.float32],
) -> None:
    """A word, from its lower left corner on; OpenCV writes in 8 bits only."""
    word = "".join(map(chr, rng.integers(48, 123, rng.integers(1, 8))))
    scale, thick = max(0.25, side / 25), int(rng.integers(1, 4))
    left, top = max(0, at[0]), max(0, at[1] - side - 2)
    patch = picture[top : at[1] + side // 3 + 2, left : left + side * len(word)]
    if patch.size:
        ink = np.zeros(patch.shape[:2], np.uint8)
        cv2.putText(ink, word, (0, at[1] - top), 0, scale, 255, thick, cv2.LINE_AA)
        patch += (color - patch) * (ink[..., None] * np.float32(1 / 255))


def blur(picture: Picture, radius: float) -> Picture:
    """Blurred at a cost that does not grow with the radius (in pixels, as sigma)."""
    if radius < 0.3:
        return picture
    if radius < 1.5:
        return _float32(cv2.GaussianBlur(picture, (0, 0), radius))
    rows, columns = picture.shape[:2]
    shrink = max(1.0, radius / 1.2)
    small = (max(2, round(columns / shrink)), max(2, round(rows / shrink)))
    little = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    little = cv2.GaussianBlur(little, (0, 0), 0.9)
    return _float32(cv2.resize(little, (columns, rows), interpolation=cv2.INTER_CUBIC))
