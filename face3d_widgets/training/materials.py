"""Colours and gloss: skin of every tone, lips, brows, eyes, hair, cloth.

All patterns are computed from places on the average person, with many more
freedoms than nature has, so that no pattern can be learned by heart. Colours are
linear light in 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.training.body import BodyModel
from face3d_widgets.training.detail import Painter, _noise, look_up
from face3d_widgets.training.hair import Hairstyle, hairline_field, smooth
from face3d_widgets.training.meshes import Array, Material, Part

__all__ = ["SHEER", "Look", "Paint", "cover", "draw_look", "paint"]

#: Materials that rays may pass through.
SHEER = (Material.HAIR, Material.BEARD, Material.LASH, Material.LENS, Material.BROW)

# Skin from very light to very dark, sRGB.
_SKIN = np.array(
    [
        [0.93, 0.76, 0.67], [0.88, 0.67, 0.55], [0.82, 0.60, 0.47], [0.78, 0.57, 0.43],
        [0.72, 0.50, 0.36], [0.64, 0.43, 0.30], [0.55, 0.36, 0.24], [0.45, 0.28, 0.18],
        [0.35, 0.21, 0.13], [0.26, 0.16, 0.10],
    ]
)  # fmt: skip
_HAIR = np.array(
    [
        [0.02, 0.015, 0.012], [0.04, 0.025, 0.018], [0.09, 0.05, 0.03], [0.18, 0.10, 0.05],
        [0.35, 0.22, 0.10], [0.55, 0.40, 0.20], [0.70, 0.58, 0.36], [0.35, 0.12, 0.04],
        [0.45, 0.45, 0.46], [0.75, 0.75, 0.75], [0.012, 0.012, 0.015], [0.06, 0.04, 0.03],
    ]
)  # fmt: skip
_IRIS = np.array(
    [
        [0.05, 0.025, 0.01], [0.15, 0.08, 0.03], [0.12, 0.2, 0.3], [0.1, 0.2, 0.12],
        [0.03, 0.015, 0.008], [0.2, 0.16, 0.08],
    ]
)  # fmt: skip


@dataclass
class Look:
    """The looks of one person: skin, hair and eyes."""

    skin: Array
    hair: Array
    style: Hairstyle
    age: float
    stubble: float
    beard_kind: int
    gaze: Array
    iris: Array
    pupil: float
    tinted: float
    frame: Array
    skin_texture: NDArray[np.float32] | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Paint:
    """Colour and gloss at n points.

    Attributes
    ----------
    albedo : (n, 3) float64
    gloss : (n,) float64
        Strength of the highlight.
    sharpness : (n,) float64
        Exponent of the highlight: 5 is satin, 200 is wet.
    bump : (n, 3) float64
        Added to the normal, in the frame of the average person.
    bleed : float
        How far red light goes round the edge of a shadow.
    """

    albedo: Array
    gloss: Array
    sharpness: Array
    bump: Array
    bleed: float = 0.0


def draw_look(rng: np.random.Generator, style: Hairstyle, feminine: bool, age: float) -> Look:
    """Colours of one person; grey hair comes with age."""
    tone = rng.uniform(0, len(_SKIN) - 1)
    low = int(tone)
    skin = _SKIN[low] + (tone - low) * (_SKIN[min(low + 1, len(_SKIN) - 1)] - _SKIN[low])
    skin = np.clip(skin * (1 + rng.normal(size=3) * 0.03), 0, 1) ** 2.2 * rng.uniform(0.9, 1.1)
    hair = _HAIR[rng.integers(len(_HAIR))] * rng.uniform(0.6, 1.5)
    if tone > 5.5 and rng.random() < 0.7:
        hair = _HAIR[rng.choice([0, 1, 10, 11])]
    if age > 0.75 and rng.random() < 0.7:
        hair = _HAIR[rng.choice([8, 9])] * rng.uniform(0.6, 1.2)
    if rng.random() < 0.03:
        hair = rng.random(3) * 0.8
    gaze = np.array([rng.normal() * 0.22, -1.0, rng.normal() * 0.1])
    return Look(
        skin=skin,
        hair=hair,
        style=style,
        age=age,
        stubble=0.0 if feminine else float((rng.random() < 0.6) * rng.uniform(0, 0.6)),
        beard_kind=int(rng.integers(4)),
        gaze=gaze / np.linalg.norm(gaze),
        iris=_IRIS[rng.integers(len(_IRIS))] * rng.uniform(0.6, 1.6),
        pupil=float(rng.uniform(0.16, 0.27)),
        tinted=float(rng.choice([rng.uniform(0.0, 0.05), 1.0], p=[0.82, 0.18])),
        frame=_frame_colour(rng),
        facts={"skin_lightness": float(1 - tone / (len(_SKIN) - 1))},
    )  # fmt: skip


def _frame_colour(rng: np.random.Generator) -> Array:
    if rng.random() < 0.5:
        return rng.random(3) ** 3 * 0.6
    return np.full(3, rng.random() ** 3 * 0.4)


def cover(part: Part, look: Look, uv: Array | None, marks: dict[str, Array]) -> Array:
    """The cover of a sheer part at n points, 0..1."""
    if part.texture is not None and uv is not None:  # drawn by MakeHuman
        return look_up(part.texture[..., 3].copy(), uv[:, 0], uv[:, 1])
    if part.material is Material.LENS:
        n = len(next(iter(marks.values()))) if marks else len(uv if uv is not None else ())
        return np.full(n, look.tinted)
    if "tip" in marks and uv is not None:  # a lock
        strands = look_up(_noise("strands", 1), uv[:, 0], uv[:, 1] * 0.6 + uv[:, 0] * 3)
        frayed = np.maximum(np.abs(marks["rim"]) ** 4, marks["tip"] ** 3)
        return np.clip(0.5 + 0.9 * (strands + 2.4 - 3.4 * frayed), 0, 1)
    if "edge" in marks:  # the border of a cap
        u, v = marks["u"], marks["v"]
        strands = look_up(_noise("strands", 2), u * 9, v * 2)
        return np.clip(0.45 + marks["edge"] / 0.005 + 0.3 * strands, 0, 1)
    return np.full(len(next(iter(marks.values()))), 0.4)


def paint(
    part: Part,
    model: BodyModel,
    look: Look,
    painter: Painter,
    template: Array,
    uv: Array | None,
    marks: dict[str, Array],
) -> Paint:
    """Colour and gloss of one part at n of its points."""
    kind = part.material
    if kind is Material.SKIN:
        return _skin(model, look, painter, template, marks, uv)
    if kind is Material.HAND:
        return _skin(model, look, painter, template, marks, None)
    if part.texture is not None and uv is not None:
        return _textured(part, look, painter, template, uv)
    if kind is Material.EYE:
        return _eye(model, look, template)
    if kind in (Material.HAIR, Material.BEARD):
        return _hair(look, painter, template, uv, marks, kind is Material.BEARD)
    if kind in (Material.CLOTH, Material.HAT, Material.OBJECT):
        return _cloth(painter, template)
    plain = {
        Material.TEETH: ([0.8, 0.76, 0.68], 0.4, 60),
        Material.TONGUE: ([0.55, 0.2, 0.2], 0.3, 30),
        Material.LASH: ([0.02, 0.02, 0.02], 0.0, 10),
        Material.LENS: ([0.02, 0.02, 0.025], 1.5, 300),
        Material.FRAME: (look.frame, 1.0, 60),
    }
    colour, gloss, sharpness = plain[kind]
    n = len(template)
    tint = painter.rng.uniform(0.7, 1.05)
    return Paint(
        np.tile(np.asarray(colour) * tint, (n, 1)),
        np.full(n, gloss),
        np.full(n, float(sharpness)),
        np.zeros((n, 3)),
    )


def _mix(colour: Array, other: Array, share: Array) -> Array:
    return colour * (1 - share[:, None]) + np.asarray(other) * share[:, None]


def _textured(part: Part, look: Look, painter: Painter, t: Array, uv: Array) -> Paint:
    """MakeHuman's picture; of hair its strands, in the person's own colour."""
    assert part.texture is not None
    rng = painter.rng
    n = len(t)
    colour = look_up(part.texture, uv[:, 0], uv[:, 1])[:, :3].astype(float)
    if part.material in (Material.HAIR, Material.BROW):
        opaque = part.texture[..., 3] > 0.5
        grey = part.texture[..., :3].mean(2)
        shade = colour.mean(1) / max(float(grey[opaque].mean()), 1e-3)
        own = look.hair * (0.7 if part.material is Material.BROW else 1.0)
        colour = own * np.clip(0.3 + 0.7 * shade, 0.1, 4)[:, None]
        gloss = np.full(n, rng.uniform(0, 0.5)) * np.clip(shade, 0.2, 2)
        return Paint(np.clip(colour, 0.003, 0.95), gloss, np.full(n, 12.0), np.zeros((n, 3)))
    if rng.random() < 0.6:  # the same cut in another colour
        tint = rng.random(3) ** 1.5
        colour = colour.mean(1, keepdims=True) * tint / max(tint.mean(), 0.05)
    weave = painter.pattern("strands", t, 700) * rng.uniform(0, 0.12)
    bump = rng.uniform(0, 0.2) * np.stack([painter.pattern("cloudy", t, 60)] * 3, 1)
    colour = np.clip(colour * (1 + weave)[:, None], 0.006, 0.95)
    return Paint(colour, np.full(n, rng.uniform(0, 0.2)), np.full(n, 8.0), bump)


def _skin(
    model: BodyModel,
    look: Look,
    painter: Painter,
    t: Array,
    marks: dict[str, Array],
    uv: Array | None,
) -> Paint:
    rng = painter.rng
    y = t[:, 1]
    n = len(t)
    zero = np.zeros(n)
    lips, lids, mouth = (marks.get(k, zero) for k in ("lips", "lids", "mouth"))
    front = smooth((-0.13 - y) / 0.02)
    rough = rng.choice([rng.uniform(0.1, 0.5), rng.uniform(0.5, 1.2)], p=[0.65, 0.35])
    large = painter.pattern("cloudy", t, 18) * rng.uniform(0.01, 0.07) * rough
    middle = painter.pattern("cloudy", t, 90) * rng.uniform(0.01, 0.06) * rough
    fine = painter.pattern("cloudy", t, 350) * rng.uniform(0.0, 0.06) * rough
    colour = look.skin * (1 + large + middle + fine)[:, None]
    if look.skin_texture is not None and uv is not None:
        seen = look_up(look.skin_texture, uv[:, 0], uv[:, 1])[:, :3].astype(float)
        usual = np.median(seen, axis=0)
        colour = colour * np.clip(seen / np.maximum(usual, 0.01), 0.05, 2.5)

    # Blood nearer to the surface: cheeks, nose, ears, round the eyes; and in patches.
    def spot(centre: list[float], size: float) -> Array:
        return np.exp(-((t - centre) ** 2).sum(1) / size**2)

    blood = rng.uniform(0, 0.35) * (
        spot([0.045, -0.175, 0.63], 0.03) + spot([-0.045, -0.175, 0.63], 0.03)
    )
    blood = blood + rng.uniform(0, 0.35) * spot([0, -0.215, 0.635], 0.018)
    blood = blood + rng.uniform(0, 0.3) * marks.get("ears", zero)
    blood = blood + 0.08 * rng.uniform(0, 1) * rough * painter.pattern("cloudy", t, 45)
    colour = colour * (1 + blood[:, None] * np.array([0.22, -0.24, -0.20]))
    colour = _lips(look, painter, colour, t, lips)
    colour, brow = _brows(model, look, painter, colour, t)
    # Lids, shadows under the eyes, the line of the lashes.
    if rng.random() < 0.5:
        shade = rng.random(3) * 0.4 if rng.random() < 0.3 else look.skin * 0.6
        colour = _mix(colour, shade, lids * rng.uniform(0, 0.6))
    to_eye = np.minimum(
        *[np.linalg.norm((t - e) * [1, 0.6, 1.25], axis=1) for e in model.eye_centres]
    )
    rim = np.exp(-(((to_eye - 0.0165) / 0.003) ** 2)) * (y < -0.16)
    colour = colour * (1 - rim * rng.uniform(0, 0.6))[:, None]
    under = [spot([s * 0.03, -0.19, 0.645], 0.016) for s in (-1, 1)]
    colour = colour * (1 - (under[0] + under[1]) * rng.uniform(0, 0.35))[:, None]
    colour = _hair_in_skin(model, look, painter, colour, t, lips)
    if rng.random() < 0.3:  # freckles, spots of age
        spots = smooth((painter.pattern("cloudy", t, rng.uniform(300, 700)) - 1.4) / 0.6)
        colour = colour * (1 - spots[:, None] * rng.uniform(0.1, 0.6) * np.array([0.5, 0.7, 0.8]))
    if rng.random() < 0.4:  # moles, pimples
        for _ in range(rng.integers(1, 8)):
            at = t[rng.integers(n)]
            tint = np.array([0.6, 0.75, 0.8]) if rng.random() < 0.6 else np.array([0.0, 0.4, 0.4])
            share = np.exp(-((t - at) ** 2).sum(1) / rng.uniform(0.0012, 0.0035) ** 2)
            colour = colour * (1 - 0.7 * share[:, None] * tint)
    colour = np.where((mouth > 0.5)[:, None], [0.30, 0.08, 0.08], colour)
    bump = _wrinkles(look, painter, t, front)
    oily = rng.uniform(0.05, 0.45) * (1 + 0.3 * painter.pattern("cloudy", t, 30))
    oily = oily * (1 + 0.8 * spot([0, -0.21, 0.65], 0.04)) + lips * rng.uniform(0, 0.5)
    sharp = np.full(n, np.exp(rng.uniform(1.6, 4)))
    return Paint(
        np.clip(colour, 0.003, 0.95),
        np.clip(oily, 0, 2) * (1 - brow),
        sharp,
        bump,
        bleed=rng.uniform(0.3, 1.0),
    )


def _lips(look: Look, painter: Painter, colour: Array, t: Array, lips: Array) -> Array:
    rng = painter.rng
    share = np.clip(lips * 1.2, 0, 1) * rng.uniform(0.3, 1)
    if look.skin_texture is not None:
        share = share * rng.choice([0.0, 0.3, 1.0])
    if rng.random() < 0.78:
        tint = look.skin * np.array([0.95, 0.58, 0.58]) * rng.uniform(0.7, 1.15)
    else:  # lipstick
        tint = np.array([0.55, 0.05, 0.09]) * rng.uniform(0.3, 1.3) * (1 + rng.normal(size=3) * 0.3)
    lines = 1 + 0.15 * painter.pattern("strands", t, 900)
    return _mix(colour, np.clip(tint, 0, 1) * lines[:, None], share)


def _brows(
    model: BodyModel, look: Look, painter: Painter, colour: Array, t: Array
) -> tuple[Array, Array]:
    rng = painter.rng
    x, y, z = t.T
    out = np.abs(x)
    height = model.eye_centres[:, 2].mean() + 0.021 + rng.normal() * 0.003
    arch = 0.006 * rng.uniform(0.3, 1.5) * smooth((out - 0.01) / 0.025)
    line = height + arch - 0.010 * smooth((out - 0.042) / 0.02)
    thick = rng.uniform(0.0020, 0.0058) * np.clip(1.3 - (out - 0.012) / 0.05, 0.3, 1.2)
    share = np.exp(-(((z - line) / thick) ** 4)) * smooth((out - rng.uniform(0.004, 0.011)) / 0.006)
    share = share * smooth((0.062 - out) / 0.012) * (y < -0.14)
    tilted = t @ np.array([[1, 0, 0.8], [0, 1, 0], [-0.8, 0, 0.6]])
    hairs = np.clip(0.7 + 0.4 * painter.pattern("strands", tilted, 700), 0, 1)
    share = share * hairs * rng.uniform(0.1, 1)
    return _mix(colour, np.minimum(look.hair * rng.uniform(0.4, 0.9), 0.5), share), share


def _hair_in_skin(
    model: BodyModel, look: Look, painter: Painter, colour: Array, t: Array, lips: Array
) -> Array:
    rng = painter.rng
    x, y, z = t.T
    if look.stubble > 0:
        mouth = model.mouth_centre[2]
        area = np.interp(z, [0.53, 0.56, 0.60, 0.628], [0, 1, 1, 0]) * smooth((-0.09 - y) / 0.03)
        lip = np.exp(-(((z - mouth - 0.016) / 0.009) ** 2) - (x / 0.03) ** 2) * (y < -0.17)
        dots = np.clip(0.75 + 0.5 * painter.pattern("pores", t, 900), 0, 1)
        share = np.clip(area + lip, 0, 1) * look.stubble * dots * (1 - lips)
        colour = _mix(colour, look.hair * 0.6, share)
    if look.style.kind in ("bald", "cropped", "short") and rng.random() < 0.7:
        shaved = smooth(hairline_field(t, painter, look.style.receding) / 0.02)
        colour = _mix(colour, look.hair * 0.7, shaved * rng.uniform(0.1, 0.8))
    return colour


def _wrinkles(look: Look, painter: Painter, t: Array, front: Array) -> Array:
    """Bumps: pores and, the older the more, lines on the brow and beside eyes and mouth."""
    rng = painter.rng
    x, _, z = t.T
    bump = rng.uniform(0, 0.12) * np.stack(
        [painter.pattern("pores", t, rng.uniform(500, 1100)) for _ in range(3)], 1
    )
    bump += rng.uniform(0, 0.10) * np.stack(
        [painter.pattern("cloudy", t, 250) for _ in range(3)], 1
    )
    depth = np.clip((look.age - 0.45) * 1.6, 0.05, 0.9) * rng.uniform(0.2, 1)
    wavy = z + 0.002 * painter.pattern("cloudy", t, 40)
    brow = np.cos(wavy * 2 * np.pi / rng.uniform(0.006, 0.011)) ** 3
    bump[:, 2] += (
        depth * 0.5 * brow * smooth((z - 0.695) / 0.01) * smooth((0.73 - z) / 0.01) * front
    )
    beside = np.exp(-((np.abs(x) - 0.052) ** 2 + (z - 0.662) ** 2) / 0.012**2)
    rays = np.cos((z - 0.662) / (np.abs(x) - 0.03 + 1e-3) * 14) ** 3
    bump[:, 2] += depth * 0.4 * beside * rays
    fold = np.abs(x) - (0.020 + (0.635 - z) * 0.35)
    at_mouth = (
        np.exp(-((fold / 0.0035) ** 2)) * smooth((0.64 - z) / 0.01) * smooth((z - 0.59) / 0.01)
    )
    bump[:, 0] += depth * np.sign(x) * at_mouth * np.sign(fold) * 0.8 * front
    return bump


def _eye(model: BodyModel, look: Look, t: Array) -> Paint:
    which = np.argmin(np.stack([np.linalg.norm(t - e, axis=1) for e in model.eye_centres]), 0)
    out = t - model.eye_centres[which]
    out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-9
    angle = np.arccos(np.clip(out @ look.gaze, -1, 1))
    white = np.array([0.75, 0.70, 0.68]) * (
        1 - 0.25 * smooth((angle - 0.5) / 0.6)[:, None] * [0, 1, 1]
    )
    ray = 1 + 0.25 * np.sin(np.arctan2(out[:, 2], out[:, 0]) * 37)
    iris = look.iris * ((0.6 + 0.6 * angle / 0.5) * ray)[:, None]
    colour = _mix(white, iris, smooth((0.50 - angle) / 0.06))
    dark = np.exp(-(((angle - 0.48) / 0.05) ** 2)) * 0.6
    colour = colour * (1 - dark)[:, None]
    colour = _mix(colour, np.full(3, 0.01), smooth((look.pupil - angle) / 0.03))
    n = len(t)
    return Paint(colour, np.full(n, 1.4), np.full(n, 400.0), np.zeros((n, 3)))


def _hair(
    look: Look, painter: Painter, t: Array, uv: Array | None, marks: dict[str, Array], beard: bool
) -> Paint:
    rng = painter.rng
    n = len(t)
    base = look.hair * (rng.uniform(0.6, 1.1) if beard else 1.0)
    if uv is not None and "tip" in marks:
        strands = look_up(_noise("strands", 1), uv[:, 0], uv[:, 1] * 0.6 + uv[:, 0] * 3).astype(
            float
        )
        own = look_up(_noise("cloudy", 0), np.floor(uv[:, 0] * 40) / 40 * 7, np.zeros(n)).astype(
            float
        )
        root = 0.55 + 0.45 * np.clip(marks["tip"] * 3, 0, 1)
    else:
        strands = painter.pattern("strands", t, rng.uniform(300, 800), 2.0)
        own, root = painter.pattern("cloudy", t, 60), np.full(n, 0.8)
    shade = np.clip(1 + 0.35 * rng.uniform(0.3, 1.4) * strands + 0.15 * own, 0.15, 3) * root
    colour = np.clip(base * shade[:, None], 0.004, 1)
    if rng.random() < 0.2 and not beard and "tip" in marks:  # bleached towards the tips
        light = np.clip(base * 2.5 + 0.05, 0, 0.8)
        colour = _mix(colour, light, smooth(marks["tip"] * 1.2) * 0.7)
    shine = rng.uniform(0, 0.7) * np.clip(1 + 0.6 * strands, 0, 2)
    gloss = shine * np.clip(base.mean() * 4 + 0.25, 0.2, 1)
    bump = 0.25 * rng.uniform(0.3, 1.4) * np.stack([strands, strands * 0, 0.3 * own], 1)
    return Paint(colour, gloss, np.full(n, np.exp(rng.uniform(1.5, 3.5))), bump)


def _cloth(painter: Painter, t: Array) -> Paint:
    rng = painter.rng
    n = len(t)
    colour = rng.random(3) ** 1.6 * 0.9
    if rng.random() < 0.4:
        colour = np.full(3, rng.random() ** 2 * 0.9)
    weave = painter.pattern("strands", t, rng.uniform(400, 900)) * rng.uniform(0, 0.15)
    albedo = (
        np.tile(colour, (n, 1)) * (1 + weave + 0.06 * painter.pattern("cloudy", t, 120))[:, None]
    )
    other, kind = rng.random(3) ** 1.5, rng.random()
    if kind < 0.16:
        wave = np.sin(t[:, rng.integers(0, 3)] * rng.uniform(60, 600) + rng.random() * 6)
        albedo = np.where((wave > rng.uniform(-0.5, 0.7))[:, None], other, albedo)
    elif kind < 0.24:  # checks
        a, b = np.sin(t[:, 0] * rng.uniform(80, 300)), np.sin(t[:, 2] * rng.uniform(80, 300))
        albedo = _mix(albedo, other, ((a > 0).astype(float) + (b > 0)) * 0.4)
    elif kind < 0.36:
        patch = painter.pattern("cloudy", t, rng.uniform(30, 120)) > 0.5
        albedo = np.where(patch[:, None], other, albedo)
    elif kind < 0.44:
        albedo = np.where(np.abs(t[:, :1]) < rng.uniform(0.01, 0.05), other, albedo)
    folds = painter.pattern("cloudy", t, rng.uniform(15, 40))
    bump = rng.uniform(0, 0.35) * np.stack([folds, 0 * folds, painter.pattern("cloudy", t, 25)], 1)
    bump += rng.uniform(0, 0.15) * np.stack([painter.pattern("cloudy", t, 350)] * 3, 1)
    gloss = np.full(n, rng.uniform(0, 0.25))
    return Paint(np.clip(albedo, 0.008, 0.95), gloss, np.full(n, np.exp(rng.uniform(1.5, 3))), bump)
