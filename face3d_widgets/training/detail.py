"""Patterns for skin, cloth and hair: tiling pictures, looked up at points of the body."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Painter", "look_up", "wrap_around"]

Array = NDArray[Any]
_SIDE = 512


def look_up(texture: NDArray[np.float32], u: Array, v: Array) -> NDArray[np.float32]:
    """The texture's values, bilinear and tiling, at n points.

    Parameters
    ----------
    texture : (h, w) or (h, w, c) float32
    u, v : (n,) float64
        In 0..1, u to the right and v **up**; numbers beyond that tile.

    Returns
    -------
    (n,) or (n, c) float32
    """
    import cv2

    height, width = texture.shape[:2]
    n = len(u)
    row = 4096  # remap takes no side above 32767
    x = np.zeros(-(-max(n, 1) // row) * row, np.float32)
    y = np.zeros_like(x)
    x[:n] = (u % 1) * width - 0.5
    y[:n] = (-np.asarray(v) % 1) * height - 0.5
    found: Array = cv2.remap(
        texture,
        x.reshape(-1, row),
        y.reshape(-1, row),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    return found.reshape(-1, *texture.shape[2:])[:n]


def wrap_around(template: Array) -> tuple[Array, Array]:
    """Points of the average person as metres around the head's axis and up."""
    x, y, z = template.T
    angle = np.arctan2(x, -(y + 0.06))
    return angle * 0.09, z


@cache
def _noise(kind: str, number: int) -> NDArray[np.float32]:
    """One of some tiling pictures with mean 0 and deviation 1."""
    import cv2

    rng = np.random.default_rng([11, number, len(kind)])
    if kind == "cloudy":  # 1 / f over four octaves
        picture = np.zeros((_SIDE, _SIDE), np.float32)
        for octave in range(4):
            cells = 16 * 2**octave
            coarse = rng.normal(size=(cells, cells)).astype(np.float32)
            tiled = np.pad(coarse, 2, mode="wrap")
            large = cv2.resize(
                tiled, None, fx=_SIDE / cells, fy=_SIDE / cells, interpolation=cv2.INTER_CUBIC
            )
            edge = 2 * _SIDE // cells
            picture += large[edge : edge + _SIDE, edge : edge + _SIDE] * 0.55**octave
    elif kind == "pores":  # distance to the nearest of many random points
        spots = np.full((_SIDE, _SIDE), 255, np.uint8)
        spots[tuple(rng.integers(0, _SIDE, (2, 5000)))] = 0
        tiled = np.pad(spots, 32, mode="wrap")
        far: Array = cv2.distanceTransform(tiled, cv2.DIST_L2, 5)
        picture = far[32:-32, 32:-32]
    else:  # "strands": long in v, fine in u, each with its own end
        picture = rng.normal(size=(_SIDE, _SIDE)).astype(np.float32)
        tall = np.pad(picture, ((64, 64), (0, 0)), mode="wrap")
        picture = cv2.blur(tall, (1, 61))[64:-64] + 0.5 * cv2.blur(tall, (3, 127))[64:-64]
    return (picture - picture.mean()) / picture.std()


class Painter:
    """Draws patterns with numbers from one random generator.

    Parameters
    ----------
    rng : numpy.random.Generator
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def pattern(self, kind: str, template: Array, per_metre: float, stretch: float = 1.0) -> Array:
        """Noise on the body, mean 0, deviation 1, about `per_metre` features a metre.

        ``kind`` is "cloudy", "pores" or "strands"; ``stretch`` draws it out upward.
        """
        u, v = wrap_around(template)
        cells = {"cloudy": 16.0, "pores": 70.0, "strands": 170.0}[kind]
        scale = per_metre / cells
        shift = self.rng.random(2)
        picture = _noise(kind, int(self.rng.integers(4)))
        return look_up(picture, u * scale + shift[0], v * scale / stretch + shift[1]).astype(float)

    def pattern_3d(self, points: Array, per_metre: float) -> Array:
        """Smooth noise in space, as the mean of three slices; for what has no axis."""
        total = np.zeros(len(points))
        for a, b in ((0, 1), (1, 2), (2, 0)):
            shift = self.rng.random(2)
            picture = _noise("cloudy", int(self.rng.integers(4)))
            scale = per_metre / 16
            total += look_up(
                picture, points[:, a] * scale + shift[0], points[:, b] * scale + shift[1]
            )
        return total / np.sqrt(3)
