"""Things held before a person: microphones, cups, phones, hands, cloth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from face3d_widgets.training.framing import Framed
from face3d_widgets.training.shards import BACKGROUND_RELIEF, Labels
from face3d_widgets.training.textures import Picture, blur, fractal_noise, photo_color, stripes

__all__ = ["Occluder", "draw_occluder"]


@dataclass(frozen=True)
class Occluder:
    """A thing in front of the person.

    Attributes
    ----------
    color : (s, s, 3) float32
        sRGB from 0 to 1, not multiplied by alpha.
    alpha : (s, s) float32
        From 0 to 1.
    relief : (s, s) float32
        Nearer than everything of the person that it hides.
    """

    color: NDArray[np.float32]
    alpha: NDArray[np.float32]
    relief: NDArray[np.float32]


def draw_occluder(framed: Framed, rng: np.random.Generator) -> Occluder:
    """Something before the lower half of the face, the chest, or anywhere.

    Parameters
    ----------
    framed : Framed
        The person who holds it.
    rng : Generator
    """
    size = framed.labels.shape[0]
    ys, xs = np.nonzero(framed.labels == Labels.FACE)
    if ys.size:
        face = float(np.sqrt(ys.size))
        k = int(rng.integers(ys.size))
        x, y = float(xs[k]), float(ys[k]) + face * rng.uniform(0, 0.6)
    else:
        face, (x, y) = size * 0.3, rng.uniform(0.2, 0.9, 2) * size
    bulge = np.zeros((size, size), np.float32)  # how far each pixel stands out
    kind = (_microphone, _cup, _flat_box, _hand, _cloth)[rng.integers(5)]
    kind(bulge, (x, y), face, rng)
    edge = rng.uniform(0.5, 1.2) if rng.random() < 0.8 else rng.uniform(1.5, 4)
    alpha = np.clip(blur(np.clip(bulge * 20, 0, 1), edge), 0, 1)
    hidden = (alpha > 0.02) & (framed.labels > 0)
    nearest = float(framed.relief[hidden].max()) if hidden.any() else BACKGROUND_RELIEF
    relief = np.float32(nearest + rng.uniform(0.1, 0.8)) + blur(bulge, 1.0)
    return Occluder(_colors(bulge, kind is _hand, rng), alpha, relief.astype(np.float32))


def _colors(bulge: Picture, skin: bool, rng: np.random.Generator) -> Picture:
    """Lit from one side, with a pattern where it is no hand."""
    size = bulge.shape[0]
    if skin:
        lightness = rng.uniform(0.2, 0.95)
        tone = np.array([1.0, 0.72 + 0.1 * lightness, 0.52 + 0.2 * lightness], np.float32)
        tone *= np.float32(lightness)
    else:
        tone = photo_color(rng)
    picture = np.empty((size, size, 3), np.float32)
    picture[:] = tone
    if not skin and rng.random() < 0.5:
        mask = stripes(size, rng) if rng.random() < 0.4 else fractal_noise(size, rng, 0.5)
        picture += (photo_color(rng) - picture) * (mask * np.float32(rng.random()))[..., None]
    soft = blur(bulge, 1.5)
    across, down = cv2.Sobel(soft, -1, 1, 0), cv2.Sobel(soft, -1, 0, 1)
    angle = rng.uniform(0, 2 * np.pi)
    lit = 1 + (np.cos(angle) * across + np.sin(angle) * down) * rng.uniform(0.3, 1.5)
    picture *= np.clip(lit, 0.3, 1.6).astype(np.float32)[..., None]
    grain = fractal_noise(size, rng, 0.3) - 0.5
    return np.clip(picture * (1 + grain * np.float32(rng.uniform(0, 0.5)))[..., None], 0, 1)


def _dome(bulge: Picture, at: tuple[float, float], radius: float, height: float) -> None:
    """Add a ball: half a sphere on its rim."""
    size = bulge.shape[0]
    grid = np.arange(size, dtype=np.float32) + 0.5
    inside = 1 - ((grid[None] - at[0]) ** 2 + (grid[:, None] - at[1]) ** 2) / radius**2
    ball = np.where(inside > 0, 0.1 + height * np.sqrt(np.maximum(inside, 0)), 0)
    np.maximum(bulge, ball.astype(np.float32), out=bulge)


def _bar(
    bulge: Picture,
    start: tuple[float, float],
    end: tuple[float, float],
    width: float,
    height: float,
) -> None:
    """Add a round bar between two points."""
    size = bulge.shape[0]
    grid = np.arange(size, dtype=np.float32) + 0.5
    dx, dy = end[0] - start[0], end[1] - start[1]
    length2 = max(dx * dx + dy * dy, 1.0)
    x, y = grid[None] - np.float32(start[0]), grid[:, None] - np.float32(start[1])
    along = np.clip((x * np.float32(dx) + y * np.float32(dy)) / np.float32(length2), 0, 1)
    away = (x - along * np.float32(dx)) ** 2 + (y - along * np.float32(dy)) ** 2
    inside = 1 - away / np.float32(max(width, 1.0) ** 2)
    bar = np.where(inside > 0, 0.1 + height * np.sqrt(np.maximum(inside, 0)), 0)
    np.maximum(bulge, bar.astype(np.float32), out=bulge)


def _microphone(
    bulge: Picture, at: tuple[float, float], face: float, rng: np.random.Generator
) -> None:
    radius = face * rng.uniform(0.1, 0.25)
    turn = rng.normal(np.pi / 2, 0.5)
    end = (at[0] + 3 * face * np.cos(turn), at[1] + 3 * face * np.sin(turn))
    _bar(bulge, at, end, radius * rng.uniform(0.3, 0.8), 0.15)
    _dome(bulge, at, radius, 0.25)


def _cup(bulge: Picture, at: tuple[float, float], face: float, rng: np.random.Generator) -> None:
    width = face * rng.uniform(0.15, 0.4)
    end = (at[0] + rng.normal(0, 0.2) * face, at[1] + face * rng.uniform(0.3, 0.9))
    _bar(bulge, at, end, width, 0.35)


def _flat_box(
    bulge: Picture, at: tuple[float, float], face: float, rng: np.random.Generator
) -> None:
    """A phone, a book, a sheet of paper."""
    sides = face * rng.uniform(0.3, 1.2, 2)
    corners = cv2.boxPoints((at, tuple(sides.tolist()), float(rng.uniform(-40, 40))))
    cv2.fillPoly(bulge, [corners.astype(np.int32)], 0.12)


def _hand(bulge: Picture, at: tuple[float, float], face: float, rng: np.random.Generator) -> None:
    """A palm, four fingers and a thumb, an arm that leaves the picture below."""
    palm = face * rng.uniform(0.22, 0.35)
    turn = rng.normal(-np.pi / 2, 0.8)  # where the fingers point
    wrist = (at[0] - 5 * face * np.cos(turn), at[1] + 5 * face)
    _bar(bulge, at, wrist, palm * 0.75, 0.3)
    _dome(bulge, at, palm, 0.2)
    spread, curl = rng.uniform(0.1, 0.3), rng.uniform(0.5, 1.0)
    for finger in range(5):
        angle = turn + (finger - 1.5) * spread + (0.6 if finger == 4 else 0)
        reach = palm * (2.3 - (0.9 if finger == 4 else 0.15 * abs(finger - 1.5))) * curl
        tip = (at[0] + reach * np.cos(angle), at[1] + reach * np.sin(angle))
        root = (at[0] + 0.6 * palm * np.cos(angle), at[1] + 0.6 * palm * np.sin(angle))
        _bar(bulge, root, tip, palm * rng.uniform(0.18, 0.24), 0.12)


def _cloth(bulge: Picture, at: tuple[float, float], face: float, rng: np.random.Generator) -> None:
    """A piece with a wavy rim and folds."""
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    wave = 1 + 0.25 * np.sin(turns * rng.integers(2, 6) + rng.uniform(0, 6))
    radii = face * rng.uniform(0.2, 0.6) * wave
    corners = np.stack([at[0] + radii * np.cos(turns), at[1] + radii * np.sin(turns)], axis=-1)
    cv2.fillPoly(bulge, [corners.astype(np.int32)], 1.0)
    bulge *= 0.1 + 0.3 * fractal_noise(bulge.shape[0], rng, 1.2)
