"""Lights: soft patches on a sphere around the person, and the dim rest of the room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from face3d_widgets.training.materials import Paint
from face3d_widgets.training.meshes import Array
from face3d_widgets.training.raytrace import Tracer

__all__ = ["Lighting", "Patch", "draw_lighting", "shade"]


@dataclass(frozen=True)
class Patch:
    """A lamp, a window or the sky: a soft disc seen from the person.

    Attributes
    ----------
    direction : (3,) float64
        Unit vector towards it, camera frame (x right, y down, z forward).
    radius : float
        Its half width in radians: 0.01 is a bare bulb, 0.6 an overcast sky.
    colour : (3,) float64
    casts : bool
        Whether it throws shadows.
    """

    direction: Array
    radius: float
    colour: Array
    casts: bool = True


@dataclass(frozen=True)
class Lighting:
    """All light on a scene.

    Attributes
    ----------
    patches : list of Patch
    ambient : (3, 4) float64
        Red, green and blue of the room's light: a constant, and how it grows
        along x, y and z.
    hollow : float
        How strongly hollows are darkened.
    """

    patches: list[Patch]
    ambient: Array
    hollow: float

    @property
    def facts(self) -> dict[str, float]:
        """Numbers for evaluation by group."""
        strongest = max(self.patches, key=lambda p: float(p.colour.sum()))
        contrast = float(strongest.colour.mean() / (self.ambient[:, 0].mean() + 1e-6))
        return {"lights": len(self.patches), "light_contrast": contrast}


def draw_lighting(rng: np.random.Generator, up: Array) -> Lighting:
    """One to four patches, most of them in front, and ambient light.

    Parameters
    ----------
    up : (3,) float64
        The world's upward direction in the camera frame.
    """
    patches = []
    for number in range(rng.choice([1, 2, 3, 4], p=[0.35, 0.35, 0.2, 0.1])):
        direction = np.array([0.0, 0.0, -1.0])
        for _ in range(10):
            direction = rng.normal(size=3) * [1, 0.8, 1] + up * 0.5 + [0, 0, -0.45]
            direction /= np.linalg.norm(direction)
            if direction[2] < 0.55:
                break
        tint = rng.normal(size=3) * (0.06 if rng.random() < 0.75 else 0.35)
        warmth = rng.normal() * 0.12 * np.array([1.0, 0.1, -1.0])
        strength = rng.uniform(0.35, 1.5) / (1 + 0.5 * number)
        radius = np.exp(rng.uniform(np.log(0.01), np.log(0.6)))
        colour = np.clip(strength * (1 + tint + warmth), 0.02, 3)
        patches.append(Patch(direction, float(radius), colour, bool(rng.random() < 0.9)))
    level = np.exp(rng.uniform(np.log(0.05), np.log(0.8)))
    slope = up * rng.uniform(0, 0.5) + rng.normal(size=3) * 0.25
    tint = 1 + rng.normal(size=(3, 1)) * 0.1
    ambient = level * tint * np.array([[1.0, *slope]]) * (1 + rng.normal(size=(3, 4)) * 0.05)
    return Lighting(patches, ambient, float(rng.uniform(0.7, 1.5)))


def shade(
    lighting: Lighting,
    paint: Paint,
    bleed: Array,
    points: Array,
    flat: Array,
    normals: Array,
    view: Array,
    tracer: Tracer,
    rng: np.random.Generator,
    soften: Callable[[Array], Array] | None = None,
) -> Array:
    """Linear colour at n points.

    Diffuse light falls off by Lambert's cosine, wrapped a little for skin, where
    red light goes furthest round the edge; highlights are Blinn's, widened by
    the size of the light. Shadows are traced, with a random point of each patch.

    Parameters
    ----------
    points, flat, normals, view : (n, 3) float64
        Places, geometric normals, shading normals and unit vectors to the camera.
    bleed : (n,) float64
    soften : callable, optional
        Smooths a noisy (n,) quantity over the picture.

    Returns
    -------
    (n, 3) float64
    """
    n = len(points)
    start = points + flat * 0.0012
    smooth = soften if soften is not None else (lambda x: x)
    hollow = smooth(_openness(start, normals, tracer, rng)) ** lighting.hollow
    ambient = np.stack([a[0] + normals @ a[1:] for a in lighting.ambient], 1)
    room = np.clip(ambient, 0.1 * lighting.ambient[:, 0], None) * hollow[:, None]
    light = room.copy()
    glints = np.zeros((n, 3))
    wrap = bleed[:, None] * np.array([0.35, 0.12, 0.06])
    for patch in lighting.patches:
        seen = np.ones(n)
        if patch.casts:
            facing = np.flatnonzero(flat @ patch.direction > -0.3)
            total = np.zeros(len(facing))
            rays = 1 if patch.radius < 0.03 else 2
            for _ in range(rays):
                towards = patch.direction + rng.normal(size=(len(facing), 3)) * patch.radius * 0.6
                total += tracer.free(
                    start[facing], towards / np.linalg.norm(towards, axis=1, keepdims=True)
                )
            seen = np.zeros(n)
            seen[facing] = total / rays
            seen = smooth(seen)
        cosine = normals @ patch.direction
        soft = wrap + patch.radius * 0.25
        light += (
            np.clip((cosine[:, None] + soft) / (1 + soft), 0, None) * seen[:, None] * patch.colour
        )
        half = patch.direction + view
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        exponent = 1 / (1 / paint.sharpness + patch.radius**2)
        peak = np.clip((normals * half).sum(1), 0, None) ** exponent
        strength = paint.gloss * peak * np.sqrt(exponent) * 0.06 * seen * (cosine > 0)
        glints += strength[:, None] * patch.colour
    rim = (1 - np.clip((normals * view).sum(1), 0, 1)) ** 4
    sheen = (rim * 0.12 + 0.02)[:, None] * paint.gloss[:, None] * room
    return paint.albedo * light + glints + sheen


def _openness(start: Array, normals: Array, tracer: Tracer, rng: np.random.Generator) -> Array:
    """Share of the sky that a point sees, from four rays (the picture is smoothed later)."""
    free = np.zeros(len(start))
    for _ in range(4):
        way = rng.normal(size=start.shape)
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        way += normals * 1.001
        way /= np.linalg.norm(way, axis=1, keepdims=True) + 1e-9
        free += tracer.free(start, way, reach=0.15)
    return free / 4
