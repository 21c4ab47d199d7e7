"""Backgrounds for synthetic portraits: drawn, not photographed, each with a rough depth.

None of them would deceive a person for long. Sharp or out of focus, light or
dark, empty or crowded, they are there so that a network learns what is *not* a
person from as much variety as possible (domain randomisation).

References
----------
Tobin, J. et al. (2017). Domain randomization for transferring deep neural
networks from simulation to the real world. https://doi.org/10.1109/IROS.2017.8202133
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from face3d_widgets.training import natural
from face3d_widgets.training.textures import (
    Picture,
    blur,
    fractal_noise,
    photo_color,
    random_gradient,
    scatter,
    stripes,
    two_tone,
)

__all__ = ["Background", "draw_background", "match_light"]


@dataclass(frozen=True)
class Background:
    """A picture to put behind a person.

    Attributes
    ----------
    color : (s, s, 3) float32
        sRGB from 0 to 1.
    nearness : (s, s) float32
        Its inverse depth over that of the head: below 1, and 0 at infinity.
    """

    color: NDArray[np.float32]
    nearness: NDArray[np.float32]


_Painter = Callable[[int, np.random.Generator], tuple[Picture, Picture]]


def _plane(size: int, rng: np.random.Generator) -> Picture:
    """Nearness of one wall, seen straight or askew."""
    at = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    slope_x, slope_y = rng.normal(0, 0.15, 2).astype(np.float32)
    middle = np.float32(rng.uniform(0.05, 0.85))
    return np.clip(middle * (1 + at[None] * slope_x + at[:, None] * slope_y), 0, 0.95)


def _studio(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Paper or cloth with a spot of light on it, or one flat colour."""
    color = photo_color(rng)
    if rng.random() < 0.25:
        picture = np.full((size, size, 3), color, np.float32)
    else:
        field = random_gradient(size, rng)[..., None]
        picture = color * (np.float32(rng.uniform(0.2, 0.9)) + field * np.float32(rng.random()))
        if rng.random() < 0.4:
            cloth = fractal_noise(size, rng, slope=1.3)[..., None] - 0.5
            picture = picture * (1 + cloth * np.float32(rng.uniform(0.1, 1.0)))
    return picture, _plane(size, rng)


def _gradient(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Soft colours that run into each other."""
    picture = two_tone(random_gradient(size, rng), rng)
    if rng.random() < 0.5:
        picture = 0.5 * (picture + two_tone(random_gradient(size, rng), rng))
    return picture, _plane(size, rng)


def _noise(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Plaster, stone, clouds, carpets: noise at all scales, in one hue or many."""
    slope = rng.uniform(0.4, 1.8)
    if rng.random() < 0.6:
        picture = two_tone(fractal_noise(size, rng, slope), rng)
    else:
        picture = fractal_noise(size, rng, slope, channels=3)
        grey = picture.mean(axis=2, keepdims=True)
        picture = (grey + (picture - grey) * np.float32(rng.random())) * photo_color(rng) * 1.4
    return picture, _plane(size, rng)


def _foliage(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Leaves before a dark ground, with the sky through them."""
    fine, coarse = fractal_noise(size, rng, 0.5), fractal_noise(size, rng, 1.4)
    leaves = np.clip((fine - 0.45) * np.float32(rng.uniform(3, 8)), 0, 1)
    green = np.array([rng.uniform(0.1, 0.6), rng.uniform(0.3, 0.7), rng.uniform(0.02, 0.3)])
    dark = green * rng.uniform(0.05, 0.4)
    picture = dark + leaves[..., None] * (green - dark)
    picture *= (0.4 + 1.2 * coarse)[..., None]
    if rng.random() < 0.6:
        sky = np.clip((coarse - rng.uniform(0.5, 0.7)) * 8, 0, 1)[..., None]
        picture = picture * (1 - sky) + sky * rng.uniform(0.7, 1.0, 3)
    picture = picture.astype(np.float32)
    return picture, (_plane(size, rng) * (0.7 + 0.3 * coarse)).astype(np.float32)


def _bokeh(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Lights far out of focus."""
    picture = two_tone(random_gradient(size, rng), rng) * np.float32(rng.uniform(0.05, 0.6))
    radius = size * rng.uniform(0.015, 0.08)
    hue = photo_color(rng)
    for _ in range(rng.integers(8, 50)):
        disc = np.zeros(3, np.float32) + hue * 0.5 + photo_color(rng) * 0.6
        x, y = (int(v) for v in rng.uniform(-0.05, 1.05, 2) * size)
        r = max(1, int(radius * rng.uniform(0.7, 1.3)))
        left, top = max(0, x - r), max(0, y - r)
        patch = picture[top : y + r + 1, left : x + r + 1]
        if patch.size:
            lit = patch.copy()
            light = np.minimum(disc * rng.uniform(0.3, 1.2), 1).tolist()
            cv2.circle(lit, (x - left, y - top), r, light, -1, cv2.LINE_AA)
            patch += (lit - patch) * np.float32(rng.uniform(0.3, 0.9))
    return picture, np.full((size, size), rng.uniform(0, 0.4), np.float32)


def _wallpaper(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Stripes, checks, curtains."""
    mask = stripes(size, rng, soft=rng.random() < 0.4)
    if rng.random() < 0.3:
        mask = 0.5 * (mask + mask.T)
    picture = two_tone(mask, rng, spread=rng.uniform(0.1, 1))
    picture *= (0.6 + 0.5 * random_gradient(size, rng))[..., None]
    return picture, _plane(size, rng)


def _bricks(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Bricks, tiles or panels with joints."""
    height = max(4, int(size / rng.uniform(4, 22)))
    width, joint = int(height * rng.uniform(0.8, 3.5)), max(1, int(height * rng.uniform(0.05, 0.2)))
    rows, columns = size // height + 2, size // width + 3
    bond = width // 2 if rng.random() < 0.7 else 0
    tones = (1 + rng.normal(0, rng.uniform(0.02, 0.25), (rows, columns, 1))).astype(np.float32)
    at_y, at_x = np.arange(size), np.arange(size)
    row = at_y // height
    column = (at_x[None] + (row % 2)[:, None] * bond) // width
    picture = photo_color(rng) * tones[row[:, None], column]
    gap = ((at_y % height) < joint)[:, None] | (
        (at_x[None] + (row % 2)[:, None] * bond) % width < joint
    )
    picture[gap] = photo_color(rng)
    grain = fractal_noise(size, rng, 0.7) - 0.5
    picture *= (1 + grain * np.float32(rng.uniform(0, 0.8)))[..., None]
    return _askew(picture, rng), _plane(size, rng)


def _askew(picture: Picture, rng: np.random.Generator) -> Picture:
    """Seen from the side: a mild random perspective."""
    size = picture.shape[0]
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    moved = corners + rng.uniform(-0.35, 0.05, (4, 2)).astype(np.float32) * size * np.sign(
        size / 2 - corners
    ).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    warped = cv2.warpPerspective(picture, matrix, (size, size), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(warped, np.float32)


def _room(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """A corner or the end of a room: walls, floor, ceiling, and what hangs and stands there."""
    left, right = sorted(rng.uniform(-0.3, 1.3, 2) * size)
    top, bottom = rng.uniform(-0.4, 0.35) * size, rng.uniform(0.6, 1.4) * size
    back = np.float32(rng.uniform(0.1, 0.7))
    at = np.arange(size, dtype=np.float32) + 0.5
    x, y = at[None], at[:, None]
    vanish_x, vanish_y = (left + right) / 2, (top + bottom) / 2
    # Along each of the five planes inverse depth is linear in the pixel.
    ratio = np.maximum.reduce(
        [
            np.broadcast_to((vanish_x - x) / max(vanish_x - left, 1), (size, size)),
            np.broadcast_to((x - vanish_x) / max(right - vanish_x, 1), (size, size)),
            np.broadcast_to((vanish_y - y) / max(vanish_y - top, 1), (size, size)),
            np.broadcast_to((y - vanish_y) / max(bottom - vanish_y, 1), (size, size)),
        ]
    )
    nearness = np.minimum(back * np.maximum(ratio, 1), 0.95).astype(np.float32)
    wall = photo_color(rng)
    picture = np.empty((size, size, 3), np.float32)
    picture[:] = wall
    shades = {0: rng.uniform(0.5, 1.1), 1: rng.uniform(0.5, 1.1)}
    picture[:, at < left] = wall * np.float32(shades[0])
    picture[:, at > right] = wall * np.float32(shades[1])
    floor = (y > vanish_y) & ((y - vanish_y) / max(bottom - vanish_y, 1) >= ratio - 1e-3)
    floor &= ratio > 1
    ceiling = (y < vanish_y) & ((vanish_y - y) / max(vanish_y - top, 1) >= ratio - 1e-3)
    ceiling &= ratio > 1
    picture[floor] = photo_color(rng)
    picture[ceiling] = photo_color(rng) * 0.4 + 0.5
    for _ in range(rng.integers(0, 4)):
        _window_or_frame(picture, rng)
    if rng.random() < 0.4:
        _shelf(picture, rng)
    if rng.random() < 0.7:
        scatter(picture, rng, int(rng.integers(1, 10)), (0.03, 0.25), rows=(0.4, 1.1))
    picture *= (0.5 + 0.7 * random_gradient(size, rng))[..., None]
    return picture, nearness


def _window_or_frame(picture: Picture, rng: np.random.Generator) -> None:
    size = picture.shape[0]
    width, height = (int(v) for v in rng.uniform(0.12, 0.5, 2) * size)
    x, y = int(rng.uniform(-0.1, 0.9) * size), int(rng.uniform(-0.1, 0.6) * size)
    frame, rim = (photo_color(rng) * 0.9).tolist(), max(1, int(size * rng.uniform(0.005, 0.03)))
    bright = rng.random() < 0.5  # a window, else a picture on the wall
    glass = rng.uniform(0.75, 1.0, 3) if bright else photo_color(rng)
    cv2.rectangle(picture, (x, y), (x + width, y + height), glass.tolist(), -1)
    cv2.rectangle(picture, (x, y), (x + width, y + height), frame, rim)
    if bright:
        for k in range(1, int(rng.integers(1, 4))):
            cv2.line(picture, (x + k * width // 3, y), (x + k * width // 3, y + height), frame, rim)
        cv2.line(picture, (x, y + height // 2), (x + width, y + height // 2), frame, rim)


def _shelf(picture: Picture, rng: np.random.Generator) -> None:
    """Boards with books of all colours."""
    size = picture.shape[0]
    pitch = max(10, int(size * rng.uniform(0.12, 0.3)))
    left, right = (int(v) for v in np.sort(rng.uniform(-0.2, 1.2, 2)) * size)
    board = (photo_color(rng) * 0.7).tolist()
    for y in range(int(rng.uniform(0, 1) * pitch), size + pitch, pitch):
        x = left
        while x < right:
            width, height = (
                int(rng.integers(2, 3 + size // 25)),
                int(rng.uniform(0.5, 0.92) * pitch),
            )
            cv2.rectangle(picture, (x, y - height), (x + width, y), photo_color(rng).tolist(), -1)
            x += width + (int(rng.integers(0, pitch)) if rng.random() < 0.1 else 1)
        cv2.rectangle(picture, (left, y), (right, y + 2), board, -1)


def _outdoors(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Sky, horizon and ground, perhaps with houses, trees, mountains or the sea."""
    horizon = rng.uniform(0.1, 0.9)
    at = (np.arange(size, dtype=np.float32) + 0.5) / size
    y = np.broadcast_to(at[:, None], (size, size))
    low, high = rng.uniform(0.5, 1.0, 3), np.array([0.3, 0.5, 0.9]) * rng.uniform(0.5, 1.1)
    up = np.clip((horizon - y) / max(horizon, 0.2), 0, 1)[..., None]
    picture = (low + (high - low) * up).astype(np.float32)
    if rng.random() < 0.6:
        clouds = np.clip((fractal_noise(size, rng, 1.2) - 0.5) * rng.uniform(1, 5), 0, 1)
        picture += (1 - picture) * (clouds * np.float32(0.8))[..., None]
    if rng.random() < 0.6:  # hills or a row of houses
        steps = int(rng.integers(4, 40))
        heights = rng.random((1, steps), dtype=np.float32) * np.float32(rng.uniform(0.03, 0.4))
        interpolation = cv2.INTER_NEAREST if rng.random() < 0.5 else cv2.INTER_CUBIC
        line = horizon - cv2.resize(heights, (size, 1), interpolation=interpolation)
        tone = photo_color(rng) * np.float32(rng.uniform(0.2, 0.9))
        grain = fractal_noise(size, rng, 0.8)
        np.copyto(picture, tone * (0.5 + grain[..., None]), where=(y > line)[..., None])
    ground = y > horizon
    near = np.clip((y - horizon) / 1.2, 0, 1) * np.float32(rng.uniform(0.2, 1.0))
    texture = fractal_noise(size, rng, rng.uniform(0.4, 1.2))[..., None]
    earth = photo_color(rng) * (0.4 + texture)
    np.copyto(picture, earth.astype(np.float32), where=ground[..., None])
    if rng.random() < 0.4:
        scatter(picture, rng, int(rng.integers(1, 12)), (0.01, 0.15), rows=(horizon - 0.15, 1))
    return picture, np.where(ground, near, 0).astype(np.float32)


def _things(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """A heap of shapes, large ones first."""
    picture, nearness = (_gradient, _noise, _studio)[rng.integers(3)](size, rng)
    scatter(picture, rng, int(rng.integers(3, 10)), (0.1, 0.4))
    scatter(picture, rng, int(rng.integers(3, 25)), (0.01, 0.15))
    return picture, nearness


def _crowd(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """People far behind: skin-coloured ovals with hair on shoulders, out of focus."""
    picture, nearness = (_room, _gradient, _outdoors)[rng.integers(3)](size, rng)
    side = size * rng.uniform(0.025, 0.09)
    for _ in range(rng.integers(2, 16)):
        x, y = int(rng.uniform(0, 1) * size), int(rng.uniform(0.15, 0.9) * size)
        r = max(2, int(side * rng.uniform(0.7, 1.4)))
        lightness = rng.uniform(0.15, 0.95)
        skin = np.array([1.0, 0.72 + 0.1 * lightness, 0.5 + 0.2 * lightness]) * lightness
        cloth, hair = photo_color(rng).tolist(), (photo_color(rng) * 0.5).tolist()
        cv2.ellipse(picture, (x, y + 4 * r), (2 * r, int(2.8 * r)), 0, 0, 360, cloth, -1)
        cv2.ellipse(picture, (x, y - r // 4), (int(1.1 * r), int(1.3 * r)), 0, 0, 360, hair, -1)
        cv2.ellipse(picture, (x, y), (int(0.8 * r), r), 0, 0, 360, skin.tolist(), -1)
    return blur(picture, rng.uniform(0.1, 0.6) * side), nearness


def _natural(size: int, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Dense textures; see `natural`."""
    painter = (natural.leaves, natural.fibres, natural.grain)[rng.choice(3, p=[0.5, 0.25, 0.25])]
    return painter(size, rng), _plane(size, rng)


_PAINTERS: tuple[tuple[_Painter, float], ...] = (
    (_studio, 2.0),
    (_gradient, 0.7),
    (_noise, 1.2),
    (_foliage, 1.2),
    (_bokeh, 0.9),
    (_wallpaper, 0.8),
    (_bricks, 0.8),
    (_room, 2.4),
    (_outdoors, 1.4),
    (_things, 1.6),
    (_crowd, 1.0),
    (_natural, 7.0),
)
_CHANCES = np.array([chance for _, chance in _PAINTERS])
_CUMULATED = np.cumsum(_CHANCES / _CHANCES.sum())


def draw_background(size: int, rng: np.random.Generator) -> Background:
    """A background of a random kind, in focus or not.

    Parameters
    ----------
    size : int
        Rows and columns.
    rng : Generator
        The same state gives the same picture.
    """
    kind = int(np.searchsorted(_CUMULATED, rng.random(), side="right"))
    picture, nearness = _PAINTERS[min(kind, len(_PAINTERS) - 1)][0](size, rng)
    if rng.random() < 0.6:
        picture = blur(picture, size * float(np.exp(rng.uniform(np.log(0.002), np.log(0.06)))))
    if rng.random() < 0.3:
        picture = picture[:, ::-1]
        nearness = nearness[:, ::-1]
    color = np.clip(picture, 0, 1, dtype=np.float32)
    return Background(np.ascontiguousarray(color), np.ascontiguousarray(nearness))


def match_light(
    picture: NDArray[np.float32], mean: NDArray[np.float32], strength: float
) -> NDArray[np.float32]:
    """A picture drawn towards a mean colour, as one light on person and background does it.

    Parameters
    ----------
    picture : (s, s, 3) float32
        From 0 to 1.
    mean : (3,) float32
        The mean colour of what it is to fit.
    strength : float
        0 leaves it as it is, 1 gives it that mean but for clipping.
    """
    own = picture.mean(axis=(0, 1)) + 1e-3
    gain = np.clip((np.asarray(mean, np.float32) / own) ** np.float32(strength), 0.2, 4)
    return np.clip(picture * gain.astype(np.float32), 0, 1)
