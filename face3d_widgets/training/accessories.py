"""Accessories: clothes, glasses, hats, head scarves, hands before the face."""

from __future__ import annotations

import numpy as np

from face3d_widgets.training.body import HEAD_CENTRE, BodyModel, Person
from face3d_widgets.training.detail import Painter
from face3d_widgets.training.hair import cap, lifted_skin, smooth
from face3d_widgets.training.meshes import Array, Material, Part, as_triangles, sphere, tube

__all__ = ["clothes", "glasses", "hand", "hat", "head_scarf", "microphone"]


def _rigid(person: Person, template: Array, triangles: Array, material: Material) -> Part:
    return Part(person.place(template), triangles.astype(np.int64), template, material)


def clothes(model: BodyModel, person: Person, painter: Painter) -> list[Part | None]:
    """A garment with a neckline of some shape, sometimes a collar or a second layer."""
    rng = painter.rng
    _, _, t, _ = model.take_skin(person)
    x, y, z = t.T
    neck = rng.choice([rng.uniform(0.42, 0.49), rng.uniform(0.48, 0.53), rng.uniform(0.53, 0.575)],
                      p=[0.30, 0.45, 0.25])  # fmt: skip
    v_neck = rng.uniform(0, 1.2) * (rng.random() < 0.5)
    dip = v_neck * np.maximum(0.055 - np.abs(x), 0) * (y < -0.08)
    field = np.where(z < 0.60, neck + np.abs(x) * 0.35 * (y < 0) - dip - z, -1.0)
    thickness = rng.uniform(0.004, 0.02)
    lumps = (rng.uniform(12, 40), rng.uniform(0.1, 0.7))
    spread = rng.uniform(0.003, 0.012)
    layers = [cap(model, person, field, thickness, Material.CLOTH, painter, lumps, spread)]
    if rng.random() < 0.35:  # an open jacket over it
        opening = rng.uniform(0.02, 0.09)
        border = np.abs(x) - opening - np.maximum(0, (z - 0.30)) * 0.12
        over = np.where(y < 0.0, np.minimum(field + 0.02, border), field + 0.03)
        over = np.where(z < 0.58, over, -1.0)
        layers.append(
            cap(model, person, over, thickness + 0.015, Material.CLOTH, painter, (14, 0.3), 0.006)
        )
    if rng.random() < 0.2:  # a scarf or a polo neck
        band = 0.03 - np.abs(z - min(neck, 0.53) - 0.01 - 0.2 * np.abs(y + 0.08))
        layers.append(
            cap(model, person, band, rng.uniform(0.01, 0.035), Material.CLOTH, painter, (30, 0.5))
        )
    return layers


def glasses(model: BodyModel, person: Person, painter: Painter) -> list[Part]:
    """Frames with lenses, clear, tinted or dark."""
    rng = painter.rng
    eyes = model.eye_centres[np.argsort(model.eye_centres[:, 0])]
    width, height = rng.uniform(0.022, 0.029), rng.uniform(0.015, 0.024)
    power, radius = rng.uniform(2, 4.5), rng.uniform(0.0006, 0.0028)
    front = -0.205 - rng.uniform(0, 0.008)
    lower = -0.002 + rng.normal() * 0.003
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    cos, sin = np.cos(turn), np.sin(turn)
    rimless = rng.random() < 0.15
    parts = []
    for sign, eye in zip((-1, 1), eyes, strict=True):
        x = sign * 0.0325 + width * np.sign(cos) * np.abs(cos) ** (2 / power)
        z = eye[2] + lower + height * np.sign(sin) * np.abs(sin) ** (2 / power)
        rim = np.stack([x, front + 0.25 * np.maximum(np.abs(x) - 0.03, 0), z], 1)
        if not rimless:
            parts.append(_rigid(person, *tube(rim, radius, True), Material.FRAME))
        bow = [
            [sign * (0.0325 + width), front + 0.006, eye[2] + lower + height * 0.4],
            [sign * 0.074, front + 0.02, eye[2] + lower + height * 0.5],
            [sign * 0.080, -0.10, eye[2] + 0.004],
            [sign * 0.078, -0.075, eye[2] - 0.006],
        ]
        parts.append(_rigid(person, *tube(np.array(bow), radius, False), Material.FRAME))
        lens = np.vstack([rim, rim.mean(0) + np.array([0, -0.002, 0])])
        fan = np.array([[i, (i + 1) % 40, 40] for i in range(40)])
        parts.append(_rigid(person, lens, fan, Material.LENS))
    bridge = [
        [-0.0325 + width, front, eyes[0, 2] + lower + height * 0.3],
        [0.0, front - 0.003, eyes[0, 2] + lower + height * 0.5],
        [0.0325 - width, front, eyes[0, 2] + lower + height * 0.3],
    ]
    parts.append(_rigid(person, *tube(np.array(bridge), radius, False), Material.FRAME))
    return parts


def hat(model: BodyModel, person: Person, painter: Painter) -> list[Part | None]:
    """A woollen hat, a cap with a peak, a hat with a brim all round, or a headband."""
    rng = painter.rng
    _, _, t, _ = model.take_skin(person)
    x, y, z = t.T
    level, tilt = rng.uniform(0.700, 0.735), rng.uniform(-0.1, 0.25)
    border = level - tilt * (-0.1 - y) * -1
    field = np.where(np.abs(x) < 0.12, z - border, -1.0)
    kind = rng.choice(["woollen", "peak", "brim", "band"], p=[0.35, 0.3, 0.25, 0.1])
    if kind == "band":
        field = np.minimum(field, 0.02 - field)
    thick = rng.uniform(0.010, 0.03) if kind == "woollen" else rng.uniform(0.008, 0.02)
    parts = [cap(model, person, field, thick, Material.HAT, painter, (25, 0.15), 0.010)]
    if kind == "woollen" and rng.random() < 0.6:  # turned up at the border
        fold = np.minimum(field, 0.03 - field)
        parts.append(
            cap(model, person, fold, thick + 0.008, Material.HAT, painter, (40, 0.1), 0.004)
        )
    if kind in ("peak", "brim"):
        parts.append(_brim(person, painter, kind == "brim", level))
    return parts


def _brim(person: Person, painter: Painter, round_: bool, level: float) -> Part:
    rng = painter.rng
    n = 48 if round_ else 32
    turn = (
        np.linspace(0, 2 * np.pi, n, endpoint=False)
        if round_
        else np.linspace(-np.pi * 0.9, -np.pi * 0.1, n)
    )
    reach = rng.uniform(0.03, 0.08)
    droop = rng.uniform(-0.05, 0.3) * reach
    rings = []
    for out, down in ((-0.012, 0.0), (reach / 2, droop / 2), (reach, droop)):
        rings.append(
            np.stack(
                [
                    np.cos(turn) * (0.086 + out * (1 if round_ else 0.6)),
                    -0.095 + np.sin(turn) * (0.108 + out),
                    np.full(n, level + 0.006 - down)
                    + (0 if round_ else 0.012 * np.abs(np.cos(turn)) * -1),
                ],
                1,
            )
        )
    t = np.concatenate(rings)
    last = n if round_ else n - 1
    quads = [
        [r * n + i, r * n + (i + 1) % n, (r + 1) * n + (i + 1) % n, (r + 1) * n + i]
        for r in (0, 1)
        for i in range(last)
    ]
    return _rigid(person, t, as_triangles(np.array(quads)), Material.HAT)


def head_scarf(model: BodyModel, person: Person, painter: Painter) -> list[Part | None]:
    """Cloth round head and neck that leaves the face free."""
    rng = painter.rng
    _, _, t, _ = model.take_skin(person)
    x, y, z = t.T
    half_width, half_height = rng.uniform(0.060, 0.070), rng.uniform(0.075, 0.092)
    oval = np.sqrt((x / half_width) ** 2 + ((z - 0.645) / half_height) ** 2)
    field = np.where(y < -0.10, (oval - 1.0) * 0.07, 0.03)
    field = np.where(z > rng.uniform(0.42, 0.50), field, -0.01)
    folds = (rng.uniform(15, 35), rng.uniform(0.2, 0.6))
    thick = rng.uniform(0.010, 0.022)

    def lift(t: Array, f: Array) -> Array:
        rise = smooth(f / 0.012)
        height = rise * thick
        height *= np.clip(1 + folds[1] * painter.pattern("cloudy", t, folds[0]), 0.4, 2)
        neck = np.exp(-(((t[:, 2] - 0.54) / 0.05) ** 2)) * rng.uniform(0.0, 0.03)
        return np.maximum(height, 0.002) + neck * rise

    covered = field[model.skin].max(1) > 0  # the ears too: they are under it
    return [lifted_skin(model, person, field, covered, Material.HAT, lift)]


def hand(model: BodyModel, person: Person, painter: Painter) -> Part:
    """A hand with its forearm, at the cheek, the chin, the brow or in front of the mouth."""
    rng = painter.rng
    t = model.hand_vertices
    centre = t[t[:, 0] > 0.75 * t[:, 0].max()].mean(0)
    axes = np.linalg.svd(t - t.mean(0), full_matrices=False)[2]
    along = axes[0] * np.sign(axes[0] @ (t[:, 0].argmax() and t[t[:, 0].argmax()] - t.mean(0)))
    frame = np.stack([along, np.cross(axes[2], along), axes[2]])
    local = (t - centre) @ frame.T  # fingers along +x, palm across z
    side = rng.choice([-1.0, 1.0])
    place = np.array(
        [
            [side * 0.075, -0.15, 0.60],  # cheek
            [side * 0.03, -0.19, 0.545],  # chin
            [side * 0.05, -0.20, 0.73],  # brow
            [side * 0.02, -0.25, 0.595],  # before the mouth
            [side * 0.12, -0.30, 0.62],  # waving
        ][rng.integers(5)]
    ) + rng.normal(size=3) * [0.015, 0.01, 0.015]
    # Fingers up and a little inward, the back of the hand or the palm to the camera.
    up = np.array([-side * rng.uniform(0.0, 0.9), rng.uniform(-0.2, 0.2), 1.0])
    up /= np.linalg.norm(up)
    facing = np.array([side * rng.uniform(-0.6, 0.6), -1.0, 0.0]) * rng.choice([-1.0, 1.0])
    facing -= up * (facing @ up)
    facing /= np.linalg.norm(facing)
    turn = np.stack([up, np.cross(facing, up), facing], 1)
    points = local @ turn.T + place
    return _rigid(person, points, model.hand, Material.HAND)


def microphone(person: Person, painter: Painter) -> list[Part]:
    """A stalk with a ball in front of the mouth or the chin."""
    rng = painter.rng
    ball, triangles = sphere()
    before = [rng.normal() * 0.03, -rng.uniform(0.12, 0.18), -rng.uniform(0.05, 0.13)]
    at = HEAD_CENTRE + np.array(before)
    size = rng.uniform(0.02, 0.035)
    stalk = tube(
        np.stack([at, at + np.array([rng.normal() * 0.1, -0.03, -0.3])]),
        size * rng.uniform(0.35, 0.6),
        False,
        10,
    )
    return [
        _rigid(person, ball * size + at, triangles, Material.OBJECT),
        _rigid(person, *stalk, Material.OBJECT),
    ]
