"""Hair: a cap on the scalp, and locks that grow, fall and curl over it.

A hairstyle is drawn in the frame of the average person, where the skull is
always the same, and then carried to the person at hand by the nearest point of
the skin. Each lock is a narrow ribbon that follows the comb and its own weight,
kept outside the skin; strands and frayed ends are painted on it with a coverage
that rays may pass through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.training.body import BodyModel, Person
from face3d_widgets.training.detail import Painter
from face3d_widgets.training.meshes import Array, Material, Part, Triangles, compact, vertex_normals

__all__ = [
    "Hairstyle",
    "beard",
    "cap",
    "draw_hairstyle",
    "hair_parts",
    "hairline_field",
    "lifted_skin",
    "smooth",
]

# The hairline of the average person: height (z) over depth (y), metres.
_LINE_Y = np.array([-0.30, -0.185, -0.155, -0.125, -0.10, -0.075, -0.055, -0.03, 0.1])
_LINE_Z = np.array([0.728, 0.728, 0.708, 0.668, 0.660, 0.650, 0.625, 0.602, 0.595])


def smooth(x: Array) -> Array:
    """0 below 0, 1 above 1, and a soft step between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


@dataclass(frozen=True)
class Hairstyle:
    """A way to wear hair; lengths in metres on the average head.

    Attributes
    ----------
    kind : str
        "bald", "cropped", "short", "back", "medium", "long", "afro" or "tied".
    length, thickness : float
    curl, wave : float
        How far a lock winds off its path, and over which length once.
    parting : float
        Where the parting runs, x.
    comb : (3,) float
        Where the locks are combed to near the root.
    fringe : float
        Share of front locks that fall over the forehead.
    receding : float
        How far the hairline stands back.
    mess : float
        How much neighbouring locks part from one another.
    """

    kind: str
    length: float
    thickness: float
    curl: float
    wave: float
    parting: float
    comb: tuple[float, float, float]
    fringe: float
    receding: float
    mess: float = 0.04


def draw_hairstyle(rng: np.random.Generator, feminine: bool, age: float) -> Hairstyle:
    """A hairstyle at random; some are likelier for women, some for men, none is excluded."""
    kinds = ("bald", "cropped", "short", "back", "medium", "long", "afro", "tied")
    likely = np.array(
        [0.03, 0.05, 0.12, 0.10, 0.22, 0.28, 0.08, 0.12]
        if feminine
        else [0.14, 0.22, 0.28, 0.14, 0.08, 0.04, 0.07, 0.03]
    )
    kind = str(rng.choice(kinds, p=likely / likely.sum()))
    span = {
        "bald": (0, 0), "cropped": (0.004, 0.015), "short": (0.03, 0.09), "back": (0.05, 0.13),
        "medium": (0.10, 0.22), "long": (0.24, 0.46), "afro": (0.03, 0.10), "tied": (0.14, 0.20),
    }[kind]  # fmt: skip
    curly = rng.random() < 0.35
    back = kind in ("back", "tied")
    comb = (0.0, 1.0, 0.3) if back else (0.0, float(rng.uniform(-0.5, 0.7)), 0.25)
    old_man = not feminine and age > 0.7
    return Hairstyle(
        kind=kind,
        length=float(rng.uniform(*span)),
        thickness=float(np.exp(rng.uniform(np.log(0.004), np.log(0.028)))),
        curl=float(rng.uniform(0.004, 0.016)) if curly else float(rng.uniform(0, 0.004)),
        wave=float(rng.uniform(0.02, 0.09)),
        parting=float(rng.choice([0.0, rng.normal() * 0.03])),
        comb=comb,
        fringe=0.0 if back else float(rng.choice([0.0, rng.uniform(0.2, 1.0)], p=[0.55, 0.45])),
        receding=float(rng.uniform(0, 0.04)) if rng.random() < (0.5 if old_man else 0.12) else 0.0,
        mess=float(rng.choice([rng.uniform(0.0, 0.03), rng.uniform(0.03, 0.12)], p=[0.7, 0.3])),
    )


def hairline_field(template: Array, painter: Painter, receding: float = 0.0) -> Array:
    """Metres above the hairline, positive on the scalp, for n points of the average person."""
    rng = painter.rng
    x, y, z = template.T
    line = np.interp(y, _LINE_Y, _LINE_Z)
    front = rng.normal() * 0.005 + receding
    line = line + front * smooth((-0.10 - y) / 0.05) + rng.normal() * 0.004
    line = line + 0.003 * painter.pattern("cloudy", template, 60)
    return np.where(np.abs(x) < 0.12, z - line, -1.0)


def lifted_skin(
    model: BodyModel,
    person: Person,
    field: Array,
    covered: NDArray[np.bool_],
    material: Material,
    lift: Callable[[Array, Array], Array],
) -> Part:
    """A layer on the skin: some of its triangles, moved outward.

    Parameters
    ----------
    field : (n,) float64
        Metres inside the layer's border, for each vertex of the subdivided skin.
    covered : (m,) bool
        Which of the skin's triangles the layer has.
    lift : callable
        From the k vertices of those triangles, as template places, (k, 3), and their
        `field`, (k,), to how far each is moved out, (k,) float64, metres on the
        average person.
    """
    v, n, t, _ = model.take_skin(person)
    triangles, (v, n, t, f) = compact(model.skin[covered], v, n, t, field)
    v = v + n * lift(t, f)[:, None] * person.size
    return Part(v, triangles, t, material, marks={"edge": f})


def cap(
    model: BodyModel,
    person: Person,
    field: Array,
    thickness: float,
    material: Material,
    painter: Painter,
    lumps: tuple[float, float] = (30.0, 0.25),
    spread: float = 0.02,
) -> Part | None:
    """A layer on the skin where `field` is positive: short hair, a jumper, a woollen hat.

    Parameters
    ----------
    field : (n,) float64
        Metres inside the layer's border, for each vertex of the subdivided skin.
    lumps : (float, float)
        How many bumps a metre, and how strong as a share of the thickness.
    spread : float
        Over how many metres from the border the layer reaches its full thickness.
    """
    ears = model.take_skin(person)[3][:, 3]
    covered = (field[model.skin].max(1) > -0.002) & (ears[model.skin].max(1) < 0.5)
    if covered.sum() < 40:
        return None

    def lift(t: Array, f: Array) -> Array:
        height = smooth(f / spread) * thickness
        height *= np.clip(0.9 + lumps[1] * painter.pattern("cloudy", t, lumps[0]), 0.3, 2)
        return np.where(f > -0.001, np.maximum(height, 0.0008), 0.0003)

    return lifted_skin(model, person, field, covered, material, lift)


@cache
def _skull(model: BodyModel) -> tuple[object, Array, Array]:
    """A search tree over the skin of the average person, its points and normals."""
    from scipy.spatial import cKDTree

    t = model.template
    triangles = model.body
    normals = vertex_normals(t, triangles)
    used = np.unique(triangles)
    return cKDTree(t[used]), used, normals


def locks(
    model: BodyModel,
    person: Person,
    roots: Array,
    style: Hairstyle,
    painter: Painter,
    *,
    material: Material = Material.HAIR,
    steps: int = 12,
    width: float = 0.006,
    heading: Array | None = None,
) -> Part | None:
    """Ribbons that start at points of the average skin and follow comb, weight and curl.

    Parameters
    ----------
    roots : (k, 3) float64
    heading : (k, 3) float64, optional
        Where each lock starts towards; from the style's comb and parting else.
    """
    if len(roots) == 0:
        return None
    rng = painter.rng
    tree, used, normals = _skull(model)
    k = len(roots)
    nearest = used[tree.query(roots)[1]]  # type: ignore[attr-defined]
    normal = normals[nearest]
    lengths = style.length * rng.uniform(0.75, 1.1, k)
    if heading is None:
        heading, falls = _combed(roots, style, rng)
        lengths[falls] = np.minimum(lengths[falls], rng.uniform(0.03, 0.075))
    step = lengths / steps
    layer = style.thickness * rng.random(k) ** 0.7 + 0.001
    stiff = np.clip(0.05 / max(style.length, 0.01), 0.05, 0.6)
    points = np.empty((steps + 1, k, 3))
    owners = np.empty((steps + 1, k), np.int64)
    points[0], owners[0] = roots, nearest
    direction = heading + normal * rng.uniform(0.1, 0.6, (k, 1))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    for i in range(steps):
        pull = np.array([0.0, 0.05, -1.0]) * (0.55 - 0.35 * stiff)
        direction = (
            direction
            + pull * (0.55 + 2.5 * min(style.length, 0.25))
            + rng.normal(size=(k, 3)) * style.mess
        )
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        p = points[i] + direction * step[:, None]
        nearest = used[tree.query(p)[1]]  # type: ignore[attr-defined]
        n = normals[nearest]
        out = ((p - model.template[nearest]) * n).sum(1)
        room = layer * min(1.0, (i + 1) / 3)
        push = np.maximum(room - out, 0.0)
        p = p + n * push[:, None]
        direction = direction + n * np.minimum(push / step, 0.6)[:, None] * 0.35
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        points[i + 1], owners[i + 1] = p, nearest
    points += _curls(points, style, lengths, rng)
    return _ribbons(model, person, points, owners, normals, width, material, rng)


def _combed(
    roots: Array, style: Hairstyle, rng: np.random.Generator
) -> tuple[Array, NDArray[np.bool_]]:
    """The direction of each lock, and which fall over the forehead."""
    side = np.sign(roots[:, 0] - style.parting)
    comb = np.array(style.comb) + rng.normal(size=(len(roots), 3)) * (0.05 + 2 * style.mess)
    falls = np.zeros(len(roots), bool)
    if style.kind not in ("back", "tied"):
        comb[:, 0] += side * rng.uniform(0.4, 1.2)
        front = (roots[:, 1] < -0.11) & (roots[:, 2] > 0.70)
        falls = front & (rng.random(len(roots)) < style.fringe)
        comb[falls] = np.array([0.0, -1.0, -0.1]) + rng.normal(size=(int(falls.sum()), 3)) * 0.3
    if style.kind == "afro":
        comb = rng.normal(size=comb.shape) * 0.6 + np.array([0, 0.2, 0.8])
    return comb, falls


def _curls(points: Array, style: Hairstyle, lengths: Array, rng: np.random.Generator) -> Array:
    steps, k = points.shape[:2]
    wave = np.maximum(style.wave, 5 * lengths / steps)  # enough points for each winding
    along = np.linspace(0, 1, steps)[:, None] * lengths / wave * 2 * np.pi
    group = rng.integers(0, max(k // 5, 1), k)  # neighbours of a strand wind together
    phase = rng.random(max(k // 5, 1))[group] * 2 * np.pi
    grow = np.minimum(np.linspace(0, 3, steps)[:, None], 1.0) * style.curl
    wind = np.stack([np.cos(along + phase), np.sin(along + phase), 0 * along], -1)
    return grow[..., None] * wind * rng.uniform(0.4, 1.2, (1, k, 1))


def _ribbons(
    model: BodyModel,
    person: Person,
    points: Array,
    owners: Array,
    normals: Array,
    width: float,
    material: Material,
    rng: np.random.Generator,
) -> Part:
    steps, k = points.shape[:2]
    ahead = np.gradient(points, axis=0)
    across = np.cross(ahead, normals[owners])
    across /= np.linalg.norm(across, axis=2, keepdims=True) + 1e-9
    half = width / 2 * rng.uniform(0.6, 1.5, (1, k, 1))
    taper = np.minimum(1.0, np.linspace(1.35, 0.35, steps))[:, None, None]
    edges = np.stack([points - across * half * taper, points + across * half * taper], 2)
    owner = np.repeat(owners[:, :, None], 2, 2).reshape(-1)
    template = edges.reshape(-1, 3)
    offset = (template - model.template[owner]) @ person.rotation.T * person.size
    vertices = person.vertices[owner] + offset
    i, j = np.meshgrid(np.arange(steps - 1), np.arange(k), indexing="ij")
    a = ((i * k) + j) * 2
    b = ((i + 1) * k + j) * 2
    quads = np.stack([a, a + 1, b + 1, b], -1).reshape(-1, 4)
    along: Array = np.linspace(0, 1, steps)
    start = rng.random((k,))
    u0 = np.broadcast_to(start[None, :], (steps, k))
    uv = np.stack(
        [np.stack([u0, u0 + 0.06], -1), np.broadcast_to(along[:, None, None], (steps, k, 2))], -1
    ).reshape(-1, 2)
    triangles: Triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    tip = np.repeat(np.repeat(along[:, None], k, 1)[:, :, None], 2, 2).reshape(-1)
    rim = np.broadcast_to(np.array([-1.0, 1.0]), (steps, k, 2)).reshape(-1)
    return Part(
        vertices,
        triangles,
        template,
        material,
        uv=uv[triangles],
        marks={"tip": tip, "rim": rim},
    )


def hair_parts(
    model: BodyModel, person: Person, style: Hairstyle, painter: Painter
) -> list[Part | None]:
    """Cap and locks of one hairstyle."""
    if style.kind == "bald":
        return []
    rng = painter.rng
    _, _, t, _ = model.take_skin(person)
    field = hairline_field(t, painter, style.receding)
    if style.kind == "cropped":
        return [cap(model, person, field, style.length, Material.HAIR, painter, (60, 0.2), 0.015)]
    if style.kind == "afro":
        thick = style.length
        body = cap(model, person, field, thick, Material.HAIR, painter, (45, 0.25), 0.045)
        fuzz = _roots(t, field, 700, rng)
        return [body, locks(model, person, fuzz, style, painter, width=0.012, steps=8)]
    under = cap(
        model, person, field, min(style.thickness, 0.012), Material.HAIR, painter, (40, 0.25), 0.02
    )
    count = int(rng.uniform(700, 1300))
    roots = _roots(t, field - 0.001, count, rng)
    width = float(rng.uniform(0.008, 0.018))
    steps = 18 if style.length > 0.2 else 12
    parts = [under, locks(model, person, roots, style, painter, width=width, steps=steps)]
    if style.kind == "tied" and rng.random() < 0.7:
        parts.append(_bun(person, painter))
    return parts


def _roots(template: Array, field: Array, count: int, rng: np.random.Generator) -> Array:
    scalp = np.flatnonzero(field > 0)
    if len(scalp) == 0:
        return np.zeros((0, 3))
    return template[rng.choice(scalp, count)] + rng.normal(size=(count, 3)) * 0.0015


def _bun(person: Person, painter: Painter) -> Part:
    from face3d_widgets.training.meshes import sphere

    rng = painter.rng
    v, triangles = sphere()
    size = rng.uniform(0.025, 0.05)
    t = v * size + np.array([0, rng.uniform(-0.06, 0.04), rng.uniform(0.72, 0.80)])
    t = t + v * (0.004 * painter.pattern_3d(t, 80))[:, None]
    return Part(person.place(t), triangles, t, Material.HAIR)


def beard(
    model: BodyModel, person: Person, painter: Painter, kind: int, length: float
) -> list[Part | None]:
    """A full beard (0), one on the chin (1) or a moustache with it (2), as cap and locks."""
    _, _, t, marks = model.take_skin(person)
    field = beard_field(model, t, marks[:, 0], kind)
    rng = painter.rng
    under = cap(
        model, person, field, min(length, 0.006), Material.BEARD, painter, (80, 0.35), 0.012
    )
    roots = _roots(t, field - 0.002, int(rng.uniform(250, 450)), rng)
    style = Hairstyle(
        "beard", length, 0.003 + length / 4, float(rng.uniform(0, 0.004)),
        float(rng.uniform(0.01, 0.03)), 0.0, (0.0, -0.6, -0.6), 0.0, 0.0, 0.06,
    )  # fmt: skip
    heading = np.stack([roots[:, 0] * 6, np.full(len(roots), -0.5), np.full(len(roots), -0.7)], 1)
    hair = locks(
        model, person, roots, style, painter,
        material=Material.BEARD, steps=5, width=0.006, heading=heading,
    )  # fmt: skip
    return [under, hair]


def beard_field(model: BodyModel, template: Array, lips: Array, kind: int) -> Array:
    """Metres inside the beard, for n points of the average person."""
    x, y, z = template.T
    mouth = model.mouth_centre[2]
    jaw = (
        smooth((0.612 - z) / 0.02 + 0.3)
        * smooth((-0.105 - y) / 0.03)
        * smooth((z - 0.545) / 0.02)
        * (np.abs(x) < 0.085)
    )
    moustache = np.exp(-(((z - mouth - 0.016) / 0.007) ** 2) - (x / 0.028) ** 2) * (y < -0.17)
    amount = (
        jaw - 0.5,
        jaw * np.exp(-((x / 0.03) ** 4)) - 0.5,
        np.maximum(jaw - 0.5, moustache - 0.45),
        moustache - 0.4,
    )[kind]
    return np.where(lips > 0.3, -1.0, amount) * 0.04
