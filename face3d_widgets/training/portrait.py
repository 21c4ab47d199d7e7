"""One synthetic portrait: who is in it, how it is lit and taken, and its exact depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from face3d_widgets.srgb import encode
from face3d_widgets.training import accessories
from face3d_widgets.training.body import (
    ADULT_HEAD,
    HEAD_CENTRE,
    BodyModel,
    Person,
    body_model,
    euler,
)
from face3d_widgets.training.detail import Painter, wrap_around
from face3d_widgets.training.hair import Hairstyle, beard, draw_hairstyle, hair_parts
from face3d_widgets.training.lighting import draw_lighting, shade
from face3d_widgets.training.materials import SHEER, Look, Paint, cover, draw_look, paint
from face3d_widgets.training.meshes import Array, Material, Part
from face3d_widgets.training.raytrace import Hits, Tracer
from face3d_widgets.training.shards import Render
from face3d_widgets.training.wardrobe import Wardrobe

__all__ = ["Camera", "draw_portrait", "render_parts"]

#: Pixels are traced this many times finer along each side, then averaged.
FINER = 1.5


@dataclass(frozen=True)
class Camera:
    """A pinhole camera before a person.

    Attributes
    ----------
    centre : (3,) float64
        Where it stands in the world, metres.
    rotation : (3, 3) float64
        World to camera; x right, y down, z forward.
    focal, cx, cy : float
        In pixels of a picture of `size`; pixel centres are at integer + 0.5.
    """

    centre: Array
    rotation: Array
    focal: float
    cx: float
    cy: float
    size: int

    def rays(self, finer: float = 1.0) -> tuple[Array, int]:
        """Directions with z = 1 through the centres of the pixels, row by row."""
        side = round(self.size * finer)
        at = (np.arange(side) + 0.5) / finer
        x, y = np.meshgrid((at - self.cx) / self.focal, (at - self.cy) / self.focal)
        return np.stack([x, y, np.ones_like(x)], -1).reshape(-1, 3), side

    def project(self, points: Array) -> Array:
        """World points to pixels, (n, 2)."""
        p = (points - self.centre) @ self.rotation.T
        return p[:, :2] / p[:, 2:] * self.focal + [self.cx, self.cy]


@dataclass
class _Figure:
    person: Person
    look: Look
    parts: list[Part]
    facts: dict[str, Any]


def draw_portrait(
    rng: np.random.Generator,
    size: int = 256,
    wardrobe: Wardrobe | None = None,
    turned: float = 0.2,
) -> Render:
    """A portrait at random, with its truth.

    The same state of ``rng`` gives the same portrait. With a wardrobe, a part
    of the people have MakeHuman's skin, hair, brows or clothes. `turned` is the
    part of them that is seen from anywhere up to 80 degrees, as likely from the
    side as from the front; 0 to 0.65.
    """
    model = body_model()
    figures = [_draw_figure(model, rng, wardrobe)]
    first = figures[0].person
    camera, facts = _draw_camera(first, size, rng, turned)
    if rng.random() < 0.12:
        figures.append(_beside(model, first, camera, rng, wardrobe))
    parts = []
    for number, figure in enumerate(figures):
        for part in figure.parts:
            part.person = number
            parts.append(part)
    render = render_parts(parts, [f.look for f in figures], model, camera, rng, facts)
    head = first.place(HEAD_CENTRE[None])[0]
    distance = float(((head - camera.centre) @ camera.rotation.T)[2])
    render.facts.update(figures[0].facts, people=len(figures))
    return Render(
        color=render.color,
        coverage=render.coverage,
        inverse_depth=render.inverse_depth,
        labels=render.labels,
        landmarks=camera.project(model.landmarks(first)).astype(np.float32),
        distance=distance,
        unit=0.1 * first.size,
        facts=render.facts,
    )


def _draw_figure(model: BodyModel, rng: np.random.Generator, wardrobe: Wardrobe | None) -> _Figure:
    person = model.draw(rng)
    painter = Painter(rng)
    feminine = person.facts["gender"] < 0.5
    age = float(person.facts["age"])
    style = draw_hairstyle(rng, feminine, age)
    look = draw_look(rng, style, feminine, age)
    parts: list[Part | None] = list(person.parts())
    if rng.random() < 0.5:
        parts = [p for p in parts if p is not None and p.material is not Material.LASH]
    worn = rng.choice(["none", "hat", "scarf"], p=[0.84, 0.11, 0.05])
    if worn == "scarf":
        parts += accessories.head_scarf(model, person, painter)
    else:
        drawn = _drawn_hair(model, person, style, wardrobe, rng) if worn == "none" else []
        parts += drawn or _hair_under(model, person, style, painter, worn == "hat")
    if worn == "hat":
        parts += accessories.hat(model, person, painter)
    bearded = not feminine and age > 0.45 and rng.random() < 0.38
    if bearded:
        length = float(np.exp(rng.uniform(np.log(0.002), np.log(0.05))))
        parts += beard(model, person, painter, look.beard_kind, length)
    if wardrobe is not None and rng.random() < 0.4:
        parts += _drawn_clothes(model, person, wardrobe, feminine, rng)
    elif rng.random() < 0.9:
        parts += accessories.clothes(model, person, painter)
    if wardrobe is not None:
        parts += _drawn_face(model, person, look, wardrobe, rng)
    glasses = rng.random() < 0.24
    if glasses:
        parts += accessories.glasses(model, person, painter)
    before = "none"
    if rng.random() < 0.10:
        before = "hand"
        parts.append(accessories.hand(model, person, painter))
    elif rng.random() < 0.05:
        before = "microphone"
        parts += accessories.microphone(person, painter)
    facts = {
        **person.facts, **look.facts, "hair": style.kind, "head_wear": str(worn),
        "beard": bool(bearded), "glasses": bool(glasses), "before": before,
    }  # fmt: skip
    return _Figure(person, look, [p for p in parts if p is not None], facts)


def _drawn_hair(
    model: BodyModel,
    person: Person,
    style: Hairstyle,
    wardrobe: Wardrobe | None,
    rng: np.random.Generator,
) -> list[Part | None]:
    """MakeHuman's hair for half of those who have a like style, else nothing."""
    if wardrobe is None or rng.random() < 0.5:
        return []
    like = {
        "short": ("short01", "short02", "short03", "short04"),
        "back": ("short02", "short03", "ponytail01"),
        "medium": ("bob01", "bob02"),
        "long": ("long01", "braid01", "bob01"),
        "afro": ("afro01",),
        "tied": ("ponytail01", "braid01"),
    }.get(style.kind, ())
    chosen = [g for g in wardrobe.garments["hair"] if g.name in like]
    if not chosen:
        return []
    garment = chosen[rng.integers(len(chosen))]
    return [garment.worn_by(model, person, rng, grow=float(rng.uniform(0.8, 1.25)))]


def _drawn_clothes(
    model: BodyModel,
    person: Person,
    wardrobe: Wardrobe,
    feminine: bool,
    rng: np.random.Generator,
) -> list[Part]:
    sex = "female" if feminine else "male"
    chosen = [g for g in wardrobe.garments["clothes"] if g.name.startswith(sex)]
    return [chosen[rng.integers(len(chosen))].worn_by(model, person, rng)]


def _drawn_face(
    model: BodyModel, person: Person, look: Look, wardrobe: Wardrobe, rng: np.random.Generator
) -> list[Part]:
    """MakeHuman's skin for most, and brows for half of the people."""
    if rng.random() < 0.65:
        names = sorted(wardrobe.skins)
        look.skin_texture = wardrobe.skins[names[rng.integers(len(names))]]
    if rng.random() < 0.5:
        brows = wardrobe.garments["eyebrows"]
        return [brows[rng.integers(len(brows))].worn_by(model, person, rng)]
    return []


def _hair_under(
    model: BodyModel, person: Person, style: Hairstyle, painter: Painter, hat: bool
) -> list[Part | None]:
    if hat and style.kind in ("afro", "short", "back", "cropped"):
        return []  # pressed flat under the hat
    return hair_parts(model, person, style, painter)


def _draw_camera(
    person: Person, size: int, rng: np.random.Generator, turned: float
) -> tuple[Camera, dict[str, Any]]:
    head = person.place(HEAD_CENTRE[None])[0]
    fov = rng.uniform(15, 70) if rng.random() < 0.5 else rng.uniform(20, 45)
    share = float(np.exp(rng.uniform(np.log(0.36), np.log(1.1))))
    half = np.tan(np.deg2rad(fov) / 2)
    distance = max(ADULT_HEAD * person.size / share / (2 * half), 0.27)
    share = ADULT_HEAD * person.size / distance / (2 * half)
    spread = rng.choice(3, p=[0.65 - turned, 0.35, turned])
    yaw = [rng.normal() * 12, rng.normal() * 30, rng.uniform(-80, 80)][spread]
    yaw = float(np.clip(yaw, -85, 85))
    pitch = float(np.clip(rng.normal() * 11, -38, 38))
    roll = float(np.clip(rng.normal() * 9, -35, 35))
    looks = person.forward
    facing = np.rad2deg(np.arctan2(looks[0], -looks[1])) if rng.random() < 0.6 else 0.0
    back = euler(np.array([pitch, 0.0, 0.0])) @ np.array([0.0, -1.0, 0.0])
    back = euler(np.array([0.0, 0.0, facing + yaw])) @ back
    centre = head + distance * back
    z = -back
    x = np.cross(z, [0.0, 0.0, 1.0])
    x /= np.linalg.norm(x)
    rotation = euler(np.array([0.0, 0.0, roll])) @ np.stack([x, np.cross(z, x), z])
    camera = Camera(
        centre,
        rotation,
        size / 2 / half,
        size / 2 + rng.normal() * 0.10 * size * (1.15 - min(share, 1)),
        size / 2 + (rng.normal() * 0.08 - 0.06 * (1 - min(share, 1))) * size,
        size,
    )
    seen = rotation @ looks  # the face's direction, in the camera's frame
    facts = {
        "fov": float(fov),
        "yaw": float(np.rad2deg(np.arctan2(seen[0], -seen[2]))),
        "pitch": float(np.rad2deg(np.arcsin(np.clip(-seen[1], -1, 1)))),
        "roll": roll,
        "head_share": float(share),
        "focal": camera.focal,
        "cx": camera.cx,
        "cy": camera.cy,
    }
    return camera, facts


def _beside(
    model: BodyModel,
    first: Person,
    camera: Camera,
    rng: np.random.Generator,
    wardrobe: Wardrobe | None,
) -> _Figure:
    """Another person next to or behind the first, turned at will."""
    other = _draw_figure(model, rng, wardrobe)
    turn = euler(np.array([0.0, 0.0, rng.normal() * 30]))
    side = rng.choice([-1.0, 1.0]) * rng.uniform(0.22, 0.5)
    right, ahead = camera.rotation[0], camera.rotation[2]
    head = first.place(HEAD_CENTRE[None])[0]
    aim = head + right * side + ahead * rng.uniform(-0.1, 1.0) + [0, 0, rng.normal() * 0.08]
    shift = aim - turn @ other.person.place(HEAD_CENTRE[None])[0]
    for part in other.parts:
        part.vertices = part.vertices @ turn.T + shift
        if part.normals is not None:
            part.normals = part.normals @ turn.T
    other.person = other.person.moved(turn, shift)
    return other


def render_parts(
    parts: list[Part],
    looks: list[Look],
    model: BodyModel,
    camera: Camera,
    rng: np.random.Generator,
    facts: dict[str, Any] | None = None,
) -> Render:
    """Trace, paint and light parts; colour is averaged over pixels, truth is at their centres."""
    import cv2

    scene = _Scene(parts, looks, model, camera)
    size = camera.size
    directions, side = camera.rays(FINER)
    hits = scene.tracer.first(np.zeros(3), directions, rng=rng)
    colour, lights = scene.colour(hits, directions, side, rng)
    fine = np.zeros((side * side, 4), np.float32)
    fine[hits.ray, :3], fine[hits.ray, 3] = colour, 1
    picture = cv2.resize(fine.reshape(side, side, 4), (size, size), interpolation=cv2.INTER_AREA)
    covered = picture[..., 3:]
    straight = _expose(picture[..., :3] / np.maximum(covered, 1e-4), covered[..., 0], looks[0], rng)
    exact, _ = camera.rays()
    truth = scene.tracer.first(np.zeros(3), exact)
    inverse_depth = np.zeros(size * size, np.float32)
    inverse_depth[truth.ray] = 1 / truth.distance
    labels = np.zeros(size * size, np.uint8)
    labels[truth.ray] = scene.labels(truth)
    return Render(
        color=np.round(straight * covered * 255).astype(np.uint8),
        coverage=np.round(covered[..., 0] * 255).astype(np.uint8),
        inverse_depth=inverse_depth.reshape(size, size),
        labels=labels.reshape(size, size),
        landmarks=np.zeros((0, 2), np.float32),
        distance=1.0,
        unit=0.1,
        facts={**(facts or {}), **lights},
    )


class _Scene:
    """All triangles in the camera's frame, and who owns them."""

    def __init__(
        self, parts: list[Part], looks: list[Look], model: BodyModel, camera: Camera
    ) -> None:
        self.parts, self.looks, self.model, self.camera = parts, looks, model, camera
        self.vertices, self.normals = [], []
        for part in parts:
            assert part.normals is not None
            self.vertices.append((part.vertices - camera.centre) @ camera.rotation.T)
            self.normals.append(part.normals @ camera.rotation.T)
        counts = [len(part.triangles) for part in parts]
        self.owner = np.repeat(np.arange(len(parts)), counts)
        self.start = np.cumsum([0, *counts])
        self.corners = np.concatenate(
            [v[p.triangles] for v, p in zip(self.vertices, parts, strict=True)]
        )
        sheer = np.array([p.material in SHEER for p in parts])[self.owner]
        self.tracer = Tracer(self.corners, sheer, self._coverage)

    def _split(self, triangle: Array) -> list[tuple[int, Array, Array]]:
        """(part, rows, triangles of that part) for each part that was hit."""
        owner = self.owner[triangle]
        found = []
        for number in np.unique(owner):
            rows = np.flatnonzero(owner == number)
            found.append((int(number), rows, triangle[rows] - self.start[number]))
        return found

    def _coverage(self, triangle: Array, weights: Array) -> Array:
        out = np.ones(len(triangle))
        for number, rows, own in self._split(triangle):
            part = self.parts[number]
            uv, marks, template = _at(part, own, weights[rows])
            around = wrap_around(template)
            marks = {**marks, "u": around[0], "v": around[1]}
            out[rows] = cover(part, self.looks[part.person], uv, marks)
        return out

    def colour(
        self, hits: Hits, directions: Array, side: int, rng: np.random.Generator
    ) -> tuple[Array, dict[str, Any]]:
        """Linear light of each hit, and facts about the lighting."""
        import cv2

        n = len(hits.ray)
        triangle, weights = hits.triangle, hits.weights
        normals, bleed = np.zeros((n, 3)), np.zeros(n)
        whole = Paint(np.zeros((n, 3)), np.zeros(n), np.ones(n), np.zeros((n, 3)))
        painter = Painter(rng)
        for number, rows, own in self._split(triangle):
            part = self.parts[number]
            uv, marks, template = _at(part, own, weights[rows])
            look = self.looks[part.person]
            drawn = paint(part, self.model, look, painter, template, uv, marks)
            whole.albedo[rows], whole.gloss[rows] = drawn.albedo, drawn.gloss
            whole.sharpness[rows], bleed[rows] = drawn.sharpness, drawn.bleed
            smooth = _mean(self.normals[number][part.triangles[own]], weights[rows])
            bump = drawn.bump @ self.camera.rotation.T
            normals[rows] = smooth / (np.linalg.norm(smooth, axis=1, keepdims=True) + 1e-9) + bump
        view = -directions[hits.ray]
        view /= np.linalg.norm(view, axis=1, keepdims=True)
        a, b, c = (self.corners[triangle, k] for k in range(3))
        flat = np.cross(b - a, c - a)
        flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-12
        flat[(flat * view).sum(1) < 0] *= -1
        normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
        normals[(normals * flat).sum(1) < -0.1] *= -1
        there = np.zeros(side * side, np.float32)
        there[hits.ray] = 1
        weight = cv2.GaussianBlur(there.reshape(side, side), (0, 0), 1.6).reshape(-1)

        def soften(values: Array) -> Array:
            picture = np.zeros(side * side, np.float32)
            picture[hits.ray] = values
            blurred = cv2.GaussianBlur(picture.reshape(side, side), (0, 0), 1.6).reshape(-1)
            return (blurred / np.maximum(weight, 1e-4))[hits.ray].astype(float)

        lighting = draw_lighting(rng, self.camera.rotation @ np.array([0.0, 0.0, 1.0]))
        points = directions[hits.ray] * hits.distance[:, None]
        colour = shade(
            lighting, whole, bleed, points, flat, normals, view, self.tracer, rng, soften
        )
        return colour, lighting.facts

    def labels(self, hits: Hits) -> Array:
        """0 nobody, 1 a person's other parts, 2 head, 3 face."""
        out = np.ones(len(hits.ray), np.uint8)
        head = (Material.HAIR, Material.HAT, Material.LENS, Material.FRAME)
        face = (
            *(Material.EYE, Material.TEETH, Material.TONGUE, Material.LASH),
            *(Material.BEARD, Material.BROW),
        )
        for number, rows, own in self._split(hits.triangle):
            part = self.parts[number]
            if part.material in face:
                out[rows] = 3
            elif part.material in head:
                _, _, template = _at(part, own, hits.weights[rows])
                low = part.material is Material.HAT
                out[rows] = np.where(low & (template[:, 2] < 0.56), 1, 2)
            elif part.material is Material.SKIN:
                _, marks, template = _at(part, own, hits.weights[rows])
                out[rows] = np.where(marks["face"] > 0.35, 3, np.where(template[:, 2] > 0.56, 2, 1))
        return out


def _mean(corners: Array, weights: Array) -> Array:
    return np.einsum("nkc,nk->nc", corners, weights)


def _at(part: Part, own: Array, weights: Array) -> tuple[Array | None, dict[str, Array], Array]:
    """Texture place, marks and template place at points of a part's triangles."""
    rows = part.triangles[own]
    uv = None if part.uv is None else _mean(part.uv[own], weights)
    marks = {name: (values[rows] * weights).sum(1) for name, values in part.marks.items()}
    return uv, marks, _mean(part.template[rows], weights)


def _expose(linear: Array, covered: Array, look: Look, rng: np.random.Generator) -> Array:
    """Linear light to sRGB in 0..1: exposed for the person, with a soft shoulder."""
    light = linear[covered > 0.5].mean(1) if (covered > 0.5).any() else np.ones(1)
    level = np.percentile(light, rng.uniform(70, 97))
    tone = np.clip((look.skin.mean() / 0.35) ** 0.4, 0.5, 1.15)
    out = linear * (rng.uniform(0.3, 0.85) / max(float(level), 1e-4) * tone)
    if rng.random() < 0.6:
        out = out / (1 + 0.25 * out) * 1.25
    return encode(np.clip(out, 0, 1))
