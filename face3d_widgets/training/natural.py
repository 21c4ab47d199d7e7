"""Backgrounds as dense as nature: heaps of leaves, fur, grain, and the person's own colours.

A network that learned before smooth walls only takes every rich texture for a
person. Photographs have edges at all scales, textures that change at each edge, and
often skin's and hair's colours where nobody is.

References
----------
Lee, A. B., Mumford, D. and Huang, J. (2001). Occlusion models for natural images
(the "dead leaves" model). https://doi.org/10.1023/A:1011109015675
Baradad, M. et al. (2021). Learning to see by looking at noise.
https://arxiv.org/abs/2106.05963
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from face3d_widgets.training.textures import Picture, fractal_noise, photo_color, stripes

__all__ = ["fibres", "grain", "leaves", "shuffled"]

_SKIN = np.array([[0.93, 0.76, 0.67], [0.78, 0.57, 0.43], [0.55, 0.36, 0.24], [0.3, 0.18, 0.12]])


def _palette(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Colours of one picture, kin to a few of them; one in four is warm like skin or wood."""
    parents = np.stack([photo_color(rng) for _ in range(rng.integers(2, 6))])
    if rng.random() < 0.35:
        parents[0] = _SKIN[rng.integers(len(_SKIN))] * rng.uniform(0.6, 1.1)
    spread = rng.uniform(0.03, 0.2)
    colors: NDArray[Any] = parents[rng.integers(len(parents), size=count)]
    colors = colors * rng.uniform(0.5, 1.4, (count, 1)) + rng.normal(0, spread, (count, 3))
    return np.clip(colors, 0, 1).astype(np.float32)


def leaves(size: int, rng: np.random.Generator) -> Picture:
    """Shapes of all sizes over one another, each with its own colour, shading and texture."""
    count = int(rng.uniform(40, 260))
    smallest = rng.uniform(0.015, 0.06)
    reach = np.minimum(smallest / np.sqrt(rng.random(count) + 1e-3), 0.6) * size
    names = np.zeros((size, size), np.float32)
    kinds = rng.choice(3, count, p=rng.dirichlet([1, 1, 1]))
    slant = rng.uniform(0, 180) if rng.random() < 0.4 else None
    for name in range(1, count):
        x, y = (float(v) for v in rng.uniform(-0.1, 1.1, 2) * size)
        r, angle = float(reach[name]), float(rng.uniform(0, 180) if slant is None else slant)
        flat = float(rng.uniform(0.3, 1))
        if kinds[name] == 0:
            axes = (max(1, int(r)), max(1, int(r * flat)))
            cv2.ellipse(names, (int(x), int(y)), axes, angle, 0, 360, float(name), -1)
        else:
            corners = (
                cv2.boxPoints(((x, y), (2 * r, 2 * r * flat), angle))
                if kinds[name] == 1
                else np.array([x, y]) + rng.normal(0, r, (int(rng.integers(3, 7)), 2))
            )
            cv2.fillPoly(names, [np.asarray(corners, np.int32)], float(name))
    which = names.astype(np.int32)
    colors = _palette(rng, count)
    textures = [
        fractal_noise(size, rng, 0.3) - 0.5,
        fractal_noise(size, rng, 1.0) - 0.5,
        stripes(size, rng, soft=True) - 0.5,
    ]
    kind = rng.integers(0, 3, count)[which]
    strength = (rng.random(count) ** 2 * rng.uniform(0.1, 1.2)).astype(np.float32)[which]
    texture = np.choose(kind, textures) * strength
    at = np.linspace(-1, 1, size, dtype=np.float32)
    slope = rng.normal(0, rng.uniform(0, 0.5), (2, count)).astype(np.float32)
    shade = 1 + at[None] * slope[0][which] + at[:, None] * slope[1][which]
    return colors[which] * (shade + texture)[..., None]


def fibres(size: int, rng: np.random.Generator) -> Picture:
    """Fur, grass, hair or straw: many strokes that lie much the same way."""
    ground = _palette(rng, 3)
    picture = np.empty((size, size, 3), np.float32)
    picture[:] = ground[0]
    picture += (fractal_noise(size, rng, 1.0)[..., None] - 0.5) * rng.uniform(0, 0.6)
    count = int(rng.uniform(200, 700))
    field = fractal_noise(size, rng, 2.0) * np.pi * rng.uniform(0.1, 2)
    base, length = rng.uniform(0, np.pi), rng.uniform(0.02, 0.18) * size
    starts = rng.uniform(-0.1, 1.1, (count, 2)) * size
    colors = ground[rng.integers(len(ground), size=count)] * rng.uniform(0.4, 1.6, (count, 1))
    thick = int(rng.integers(1, 4))
    for (x, y), color in zip(starts, np.clip(colors, 0, 1).tolist(), strict=True):
        row, column = (int(np.clip(v, 0, size - 1)) for v in (y, x))
        angle = base + float(field[row, column])
        end = (int(x + length * np.cos(angle)), int(y + length * np.sin(angle)))
        cv2.line(picture, (int(x), int(y)), end, color, thick, cv2.LINE_AA)
    return picture


def grain(size: int, rng: np.random.Generator) -> Picture:
    """Stone, cloud, cloth or wood: noise through a scale of colours."""
    noise = fractal_noise(size, rng, rng.uniform(0.3, 1.8), finest=1)
    kind = rng.integers(3)
    if kind == 1:  # veins
        noise = np.abs(noise - 0.5) * 2
    elif kind == 2:  # rings of wood
        at = np.linspace(-1, 1, size, dtype=np.float32)
        rings = np.hypot(at[None] * rng.uniform(0.2, 2), at[:, None]) + 0.6 * noise
        noise = 0.5 + 0.5 * np.sin(rings * np.float32(rng.uniform(6, 60)))
    scale = _palette(rng, int(rng.integers(2, 6)))
    place = np.clip(noise, 0, 1) * (len(scale) - 1)
    low = np.minimum(place.astype(np.int32), len(scale) - 2)
    share = (place - low)[..., None]
    picture = scale[low] * (1 - share) + scale[low + 1] * share
    light = 1 + (fractal_noise(size, rng, 1.8)[..., None] - 0.5) * rng.uniform(0, 1.2)
    return (picture * light).astype(np.float32)


def shuffled(picture: Picture, coverage: Picture, rng: np.random.Generator) -> Picture:
    """A heap of scraps of the person: their colours and textures without their shape.

    Parameters
    ----------
    picture : (s, s, 3) float32
        The person, premultiplied.
    coverage : (s, s) float32
    """
    size = picture.shape[0]
    rows, columns = np.nonzero(coverage > 0.9)
    mean = picture.sum((0, 1)) / max(float(coverage.sum()), 1.0)
    out = np.empty_like(picture)
    out[:] = mean
    if not len(rows):
        return out
    for _ in range(int(rng.integers(15, 60))):
        i = int(rng.integers(len(rows)))
        side = max(3, int(size * rng.uniform(0.04, 0.16)))
        top = int(np.clip(rows[i] - side // 2, 0, size - side))
        left = int(np.clip(columns[i] - side // 2, 0, size - side))
        scrap = picture[top : top + side, left : left + side]
        scrap = scrap + mean * (1 - coverage[top : top + side, left : left + side, None])
        large = max(2, int(side * rng.uniform(0.7, 2.5)))
        scrap = cv2.resize(np.rot90(scrap, int(rng.integers(4))), (large, large))
        y, x = (int(v) for v in rng.uniform(-0.15, 1, 2) * size)
        y0, x0, y1, x1 = max(y, 0), max(x, 0), min(y + large, size), min(x + large, size)
        if y1 > y0 and x1 > x0:
            piece = scrap[y0 - y : y1 - y, x0 - x : x1 - x]
            if rng.random() < 0.7:  # round it
                seen = np.zeros((large, large), np.float32)
                cv2.circle(seen, (large // 2, large // 2), large // 2, 1.0, -1)
                seen = seen[y0 - y : y1 - y, x0 - x : x1 - x, None]
                piece = piece * seen + out[y0:y1, x0:x1] * (1 - seen)
            out[y0:y1, x0:x1] = piece
    return out
