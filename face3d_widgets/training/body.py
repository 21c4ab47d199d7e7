"""People from anny: one set of numbers gives a head, shoulders and arms of any age and build.

The shapes are MakeHuman's (CC0), read through anny (Apache-2.0); nothing that is
tied to SMPL is touched.

References
----------
Brégier, R. et al. (2025). Human mesh modeling for Anny body.
https://github.com/naver/anny
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.training.detail import look_up
from face3d_widgets.training.meshes import (
    Array,
    Material,
    Part,
    Triangles,
    as_triangles,
    compact,
    subdivide,
    vertex_normals,
)

__all__ = ["ADULT_HEAD", "LANDMARKS", "BodyModel", "Person", "body_model"]

#: Height of an average adult's head, chin to crown, in metres.
ADULT_HEAD = 0.24
#: The head's centre on the average person, half-way between the ears.
HEAD_CENTRE = np.array([0.0, -0.135, 0.668])

#: Names of the points whose place in the picture is noted, in this order.
LANDMARKS = (
    *("left eye", "right eye", "nose tip", "nose bridge", "left mouth corner"),
    *("right mouth corner", "upper lip", "lower lip", "chin", "left ear", "right ear"),
    *("left jaw", "right jaw", "forehead"),
)

_EXPRESSIONS = (
    *("browDown", "browInnerUp", "browOuterUp", "mouthFrown", "mouthPucker", "mouthFunnel"),
    *("eyeSquint", "eyeWide", "noseSneer", "mouthStretch", "mouthPress", "mouthUpperUp"),
    *("mouthLowerDown", "mouthShrugLower", "cheekPuff", "mouthLeft", "mouthRight", "jawLeft"),
    *("jawRight", "mouthRollLower"),
)
_LOCAL = (
    *("cheek", "chin", "ear", "eye", "forehead", "head", "mouth", "neck", "nose", "l-cheek"),
    *("r-cheek", "l-ear", "r-ear", "l-eye", "r-eye", "eyebrows"),
)


@dataclass
class Person:
    """One person's shape, before hair and clothes.

    Attributes
    ----------
    vertices : (19158, 3) float64
        World frame, metres: x to the person's left, y backward, z up.
    normals : (19158, 3) float64
    rotation : (3, 3) float64, size : float
        Turn and scale that take the average head to this one.
    facts : dict
        What was drawn: age, gender and so on, in 0..1.
    skin : tuple of arrays, optional
        What `BodyModel.take_skin` worked out, kept.
    """

    model: BodyModel
    vertices: Array
    normals: Array
    rotation: Array
    size: float
    facts: dict[str, Any] = field(default_factory=dict)
    _from: Array = field(default_factory=lambda: np.zeros(3))
    _to: Array = field(default_factory=lambda: np.zeros(3))
    skin: tuple[Array, Array, Array, Array] | None = field(default=None, repr=False)

    def place(self, template: Array) -> Array:
        """Points near the average head, moved to this head as a rigid body and scaled."""
        return (template - self._from) @ self.rotation.T * self.size + self._to

    @property
    def forward(self) -> Array:
        """The direction of the face."""
        return self.rotation @ np.array([0.0, -1.0, 0.0])

    def moved(self, rotation: Array, shift: Array) -> Person:
        """The whole person turned about the origin and shifted."""
        return Person(
            self.model,
            self.vertices @ rotation.T + shift,
            self.normals @ rotation.T,
            rotation @ self.rotation,
            self.size,
            self.facts,
            self._from,
            rotation @ self._to + shift,
        )

    def parts(self, person: int = 0) -> list[Part]:
        """Skin, eyes, teeth and tongue."""
        m = self.model
        triangles, (v, n, t, marks), uv = m.skin, m.take_skin(self), m.skin_uv
        parts = [
            Part(
                v,
                triangles,
                t,
                Material.SKIN,
                person,
                uv,
                None,
                n,
                dict(zip(m.marks, marks.T, strict=True)),
            )
        ]
        for material, quads in (
            (Material.EYE, m.eyes),
            (Material.TEETH, m.teeth),
            (Material.TONGUE, m.tongue),
            (Material.LASH, m.lashes),
        ):
            t3, (v, t) = compact(quads, self.vertices, m.template)
            parts.append(Part(v, t3, t, material, person))
        return parts


class BodyModel:
    """Draws people.

    Raises
    ------
    ModuleNotFoundError
        With what to install, when anny is not there.
    """

    def __init__(self) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it offers a GPU library
                import anny
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "Portraits are drawn with the package anny. Install what training needs: "
                "pip install 'face3d_widgets[train]'"
            ) from error
        import torch

        self._anny = anny.Anny(
            rig="makehuman",
            local_changes="all",
            facial_actions="all",
            topology="makehuman",
            phenotypes="all",
            skinning_method="lbs",  # another one rounds otherwise: other portraits
        ).to(dtype=torch.float32)
        labels = self._anny.local_change_labels
        self._local = [name for name in labels if name.startswith(_LOCAL)]
        self._actions = set(self._anny.facial_action_labels)
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            self.template = self._anny()["vertices"][0].numpy().astype(float)
        folder = Path(os.path.dirname(anny.__file__)) / "data" / "mpfb2"
        groups, uv = _read_obj(folder / "3dobjs" / "base.obj")
        self._read_marks(folder / "textures", groups, uv)
        self._cut(groups, uv)

    def _read_marks(
        self, folder: Path, groups: dict[str, list[Any]], uv: NDArray[np.float64]
    ) -> None:
        import cv2

        n = len(self.template)
        at = np.zeros((n, 2))
        on_body = np.zeros(n, bool)
        for corners in groups["body"]:
            for vertex, coordinate in corners:
                at[vertex], on_body[vertex] = uv[coordinate], True
        self.marks = ("lips", "lids", "face", "ears", "mouth")
        columns = []
        for name in ("lips", "eyelids", "face", "ears", "inside-mouth"):
            grey: Any = cv2.imread(str(folder / f"mpfb_{name}.jpg"), cv2.IMREAD_GRAYSCALE)
            columns.append(look_up(grey.astype(np.float32) / 255, at[:, 0], at[:, 1]) * on_body)
        self.mark_values = np.stack(columns, 1).astype(float)
        self._on_body = on_body

    def _cut(self, groups: dict[str, list[Any]], uv: NDArray[np.float64]) -> None:
        """Cut the body to what is drawn: everything above the waist, arms but for the hands."""
        t = self.template
        body = _triangles(groups["body"])
        corners = _corner_uv(groups["body"], uv)
        centre = t[body].mean(1)
        keep = (centre[:, 2] > 0.10) & (np.abs(centre[:, 0]) < 0.36)
        coarse = body[keep]
        self.eyes = np.concatenate([_triangles(groups[f"helper-{k}-eye"]) for k in "lr"])
        self.teeth = np.concatenate(
            [_triangles(groups[f"helper-{k}-teeth"]) for k in ("upper", "lower")]
        )
        self.tongue = _triangles(groups["helper-tongue"])
        self.lashes = np.concatenate([_triangles(groups[k]) for k in groups if "eyelash" in k])
        self.hair_helper = _triangles(groups["helper-hair"])
        self.body = coarse
        self.eye_centres = np.array(
            [t[np.unique(_triangles(groups[f"helper-{k}-eye"]))].mean(0) for k in "lr"]
        )
        self.mouth_centre = t[self.mark_values[:, 0] > 0.5].mean(0)
        self._on_head = np.flatnonzero(
            self._on_body & (t[:, 2] > 0.62) & (np.abs(t[:, 0]) < 0.1) & (t[:, 1] > -0.25)
        )
        # A hand with its wrist and forearm, fingers along +x of its own frame.
        reach = t[:, 0]
        arm = (centre[:, 0] > 0.48 * reach.max()) & (centre[:, 2] > 0.0)
        self.hand, (self.hand_vertices,) = compact(body[arm], t)
        self._number_skin(coarse, corners[np.flatnonzero(keep)])

    def _number_skin(self, coarse: Triangles, corners: Array) -> None:
        """Corners of the subdivided skin, worked out once for every person."""
        used, numbered = np.unique(coarse, return_inverse=True)
        self._skin_vertices = used
        self._skin_coarse = numbered.reshape(coarse.shape)
        m = len(coarse)
        a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        self.skin_uv = np.concatenate(
            [np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
        )
        assert len(self.skin_uv) == 4 * m
        flat = np.zeros((len(used), 3))
        _, self.skin, _ = subdivide(flat, flat, self._skin_coarse)

    def take_skin(self, person: Person) -> tuple[Array, Array, Array, Array]:
        """Vertices, normals, template places and marks of the subdivided skin."""
        if person.skin is None:
            rows = self._skin_vertices
            v, n = person.vertices[rows], person.normals[rows]
            v, _, (t, marks, n2) = subdivide(
                v, n, self._skin_coarse, self.template[rows], self.mark_values[rows], n
            )
            n2 = n2 / (np.linalg.norm(n2, axis=1, keepdims=True) + 1e-12)
            person.skin = v, n2, t, marks
        v, n, t, marks = person.skin
        return v, n, t, marks.copy()

    def landmarks(self, person: Person) -> Array:
        """(14, 3) the points of `LANDMARKS` in the world."""
        return person.vertices[self._landmark_vertices]

    @property
    def _landmark_vertices(self) -> NDArray[np.int64]:
        t, skin = self.template, np.flatnonzero(self._on_body)
        m, eyes = self.mouth_centre, self.eye_centres
        left, right = (eyes[0], eyes[1]) if eyes[0, 0] > eyes[1, 0] else (eyes[1], eyes[0])
        front = -0.24
        wanted = [
            *([left[0], front, left[2]], [right[0], front, right[2]]),
            *([0, front, 0.635], [0, front, left[2] + 0.004]),
            *([0.026, front, m[2]], [-0.026, front, m[2]]),
            *([0, front, m[2] + 0.007], [0, front, m[2] - 0.010], [0, front, 0.560]),
            *([0.085, -0.10, 0.66], [-0.085, -0.10, 0.66]),
            *([0.058, -0.13, 0.585], [-0.058, -0.13, 0.585], [0, front, 0.715]),
        ]
        weight = np.array([1.0, 0.35, 1.0])  # depth counts less: the outermost point wins
        return np.array(
            [skin[(((t[skin] - w) * weight) ** 2).sum(1).argmin()] for w in np.array(wanted)]
        )

    def draw(self, rng: np.random.Generator) -> Person:
        """A person at random: age, sex, build, origin, expression, pose of the head."""
        import torch

        phenotype, facts = _phenotype(rng)
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            out = self._anny(
                pose_parameters=_pose(rng),
                phenotype_kwargs=phenotype,
                local_changes_kwargs=self._local_changes(rng),
                facial_actions=self._expression(rng) or None,
            )
        vertices = out["vertices"][0].numpy().astype(float)
        normals = vertex_normals(vertices, np.concatenate([self.body, self.eyes]))
        a, b = self.template[self._on_head], vertices[self._on_head]
        centre_a, centre_b = a.mean(0), b.mean(0)
        u, s, vt = np.linalg.svd((b - centre_b).T @ (a - centre_a))
        sign = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
        size = float((s * np.diag(sign)).sum() / ((a - centre_a) ** 2).sum())
        return Person(self, vertices, normals, u @ sign @ vt, size, facts, centre_a, centre_b)

    def _local_changes(self, rng: np.random.Generator) -> dict[str, float]:
        strength = rng.uniform(0.15, 0.55)
        changes: dict[str, float] = {}
        for name in self._local:
            if name.startswith("r-"):
                continue
            amount = float(np.clip(rng.normal() * strength, -0.9, 0.9)) * (rng.random() < 0.7)
            if "trans-out" in name and not name.startswith("l-"):
                amount *= 0.25
            changes[name] = amount
            if name.startswith("l-"):
                changes["r-" + name[2:]] = float(np.clip(amount + rng.normal() * 0.07, -1, 1))
        return changes

    def _expression(self, rng: np.random.Generator) -> dict[str, float]:
        face: dict[str, float] = {}

        def pull(name: str, amount: float) -> None:
            sides = [name] if name in self._actions else [f"{name}Left", f"{name}Right"]
            for side in sides:
                face[side] = float(np.clip(amount + rng.normal() * 0.05, 0, 1))

        if rng.random() < 0.78:
            if rng.random() < 0.5:
                pull("mouthSmile", rng.uniform(0.2, 1))
                pull("cheekSquint", rng.uniform(0, 0.6))
            if rng.random() < 0.4:
                pull("jawOpen", rng.uniform(0.03, 0.6) ** 1.3)
            if rng.random() < 0.3:
                pull("mouthUpperUp", rng.uniform(0.1, 0.7))
            for name in _EXPRESSIONS:
                if rng.random() < 0.1:
                    pull(name, rng.uniform(0.1, 0.8))
        rest = float(rng.uniform(0, 0.35))
        for side in ("eyeBlinkLeft", "eyeBlinkRight"):
            face[side] = max(face.get(side, 0.0), rest)
        if rng.random() < 0.12:
            closed = float(rng.choice([1.0, rng.random()]))
            face["eyeBlinkLeft"] = face["eyeBlinkRight"] = closed
        return face


@cache
def body_model() -> BodyModel:
    """The one model of this process; it takes a second to load, the first time a minute."""
    return BodyModel()


def _phenotype(rng: np.random.Generator) -> tuple[dict[str, float], dict[str, Any]]:
    names = ("muscle", "weight", "height", "proportions", "cupsize", "firmness")
    numbers = {name: float(rng.random()) for name in names}
    gender = float(np.clip(rng.normal(rng.integers(0, 2), 0.15), 0, 1))
    spans = [(0.28, 0.5), (0.5, 0.75), (0.7, 1.0)]
    age = float(np.clip(rng.uniform(*spans[rng.choice(3, p=[0.15, 0.5, 0.35])]), 0, 1))
    african, asian, caucasian = (float(w) for w in rng.dirichlet([0.5, 0.5, 0.5]))
    numbers |= {"gender": gender, "age": age}
    numbers |= {"african": african, "asian": asian, "caucasian": caucasian}
    facts = {"gender": gender, "age": age, "african": african, "asian": asian}
    return numbers, facts


def _pose(rng: np.random.Generator) -> dict[str, Any]:
    import torch

    def turn(degrees: NDArray[np.float64]) -> Any:
        matrix = torch.eye(4)[None].clone()
        matrix[0, :3, :3] = torch.tensor(euler(degrees), dtype=torch.float32)
        return matrix

    bend = rng.normal(size=3) * [4.5, 4.5, 6]
    return {
        **{bone: turn(bend * rng.uniform(0.5, 1.2)) for bone in ("neck02", "neck03", "head")},
        "upperarm01.L": turn(rng.normal(size=3) * 8),
    }


def euler(degrees: Array) -> Array:
    """Rotation by angles about x, then y, then z, in degrees."""
    (a, b, c) = np.deg2rad(degrees)
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return z @ y @ x


def _read_obj(path: Path) -> tuple[dict[str, list[Any]], NDArray[np.float64]]:
    """Faces of each group as lists of (vertex, texture coordinate), and the coordinates."""
    groups: dict[str, list[Any]] = {}
    uv: list[list[float]] = []
    name = ""
    for line in path.read_text("utf-8").splitlines():
        kind, *words = line.split() or [""]
        if kind == "vt":
            uv.append([float(word) for word in words[:2]])
        elif kind == "g":
            name = words[0]
        elif kind == "f":
            pairs = [word.split("/") for word in words]
            corners = [(int(v) - 1, int(t[0]) - 1 if t and t[0] else 0) for v, *t in pairs]
            groups.setdefault(name, []).append(corners)
    return groups, np.array(uv)


def _triangles(faces: list[Any]) -> Triangles:
    return as_triangles(np.array([[vertex for vertex, _ in (*f, f[-1])[:4]] for f in faces]))


def _corner_uv(faces: list[Any], uv: NDArray[np.float64]) -> Array:
    return uv[as_triangles(np.array([[t for _, t in (*f, f[-1])[:4]] for f in faces]))]
