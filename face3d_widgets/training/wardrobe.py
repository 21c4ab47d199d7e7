"""Skins, hair, brows and clothes that MakeHuman drew, fitted to a person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.training.body import BodyModel, Person
from face3d_widgets.training.meshes import Array, Material, Part, as_triangles

__all__ = ["Garment", "Wardrobe"]

# MakeHuman measures decimetres, y up, z to the front.
_AXES = 0.1 * np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
_MATERIAL = {
    "hair": Material.HAIR,
    "eyebrows": Material.BROW,
    "clothes": Material.CLOTH,
}


@dataclass(frozen=True)
class Garment:
    """Something that hangs on the body's vertices.

    Each of its n vertices lies at the weighted mean of three vertices of the
    body, moved by an offset.

    Attributes
    ----------
    name : str
    kind : str
        "hair", "eyebrows" or "clothes".
    owners : (n, 3) int64
    weights : (n, 3) float64
    offsets : (n, 3) float64
        Metres on the average person.
    triangles : (m, 3) int64
    uv : (m, 3, 2) float64
    textures : tuple of (h, w, 4) float32
        Linear colour and coverage; one is chosen.
    """

    name: str
    kind: str
    owners: NDArray[np.int64]
    weights: Array
    offsets: Array
    triangles: NDArray[np.int64]
    uv: Array
    textures: tuple[NDArray[np.float32], ...]

    def worn_by(
        self, model: BodyModel, person: Person, rng: np.random.Generator, grow: float = 1.0
    ) -> Part:
        """The part for one person; ``grow`` makes hair stand off further."""

        def at(vertices: Array) -> Array:
            return np.einsum("nkc,nk->nc", vertices[self.owners], self.weights)

        template = at(model.template) + self.offsets * grow
        turned = (self.offsets * grow) @ person.rotation.T * person.size
        vertices = at(person.vertices) + turned
        keep = template[self.triangles].min(1)[:, 2] > 0.10
        texture = self.textures[rng.integers(len(self.textures))]
        return Part(
            vertices,
            self.triangles[keep],
            template,
            _MATERIAL[self.kind] if self.name != "fedora" else Material.HAT,
            uv=self.uv[keep],
            texture=texture,
        )


class Wardrobe:
    """All garments and skins of a folder that `fetch_assets` filled.

    Raises
    ------
    FileNotFoundError
        With what to run, when the folder holds none.
    """

    def __init__(self, folder: Path) -> None:
        self.skins = {
            path.parts[-3]: _texture(path) for path in sorted(folder.glob("skins/*/textures/*.png"))
        }
        self.garments: dict[str, list[Garment]] = {kind: [] for kind in _MATERIAL}
        for kind, garments in self.garments.items():
            for path in sorted(folder.glob(f"{kind}/*/*.json")):
                garments.append(read_garment(path, kind))
        if not self.skins or not self.garments["hair"]:
            raise FileNotFoundError(
                f"{folder} holds no MakeHuman assets. Fetch them first: "
                f"python -m face3d_widgets.training assets --out {folder}"
            )


def read_garment(path: Path, kind: str) -> Garment:
    """A garment from MakeHuman's JSON and the textures beside it."""
    content = json.loads(path.read_text("utf-8"))
    owners, weights, offsets = (
        np.array(content[name]) for name in ("ref_vIdxs", "weights", "offsets")
    )
    quads, corners = _faces(content["faces"])
    uv = np.array(content["uvs"][0]).reshape(-1, 2)[as_triangles(corners)]
    textures = tuple(_texture(p) for p in sorted(path.parent.glob("textures/*.png")))
    return Garment(
        path.stem.lower(),
        kind,
        owners.astype(np.int64),
        weights.astype(float),
        offsets.astype(float) @ _AXES.T,
        as_triangles(quads),
        uv,
        textures,
    )


def _faces(numbers: list[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Quads and their texture corners from three.js's JSON format 3.

    Each face starts with a number whose bits say what follows: 1 a quad,
    2 a material, 8 texture corners.

    References
    ----------
    https://github.com/mrdoob/three.js/wiki/JSON-Model-format-3
    """
    quads, corners, i = [], [], 0
    while i < len(numbers):
        kind = numbers[i]
        n = 4 if kind & 1 else 3
        quad = numbers[i + 1 : i + 1 + n]
        i += 1 + n + (1 if kind & 2 else 0)
        corner = numbers[i : i + n] if kind & 8 else [0] * n
        i += n if kind & 8 else 0
        quads.append([*quad, quad[-1]][:4])
        corners.append([*corner, corner[-1]][:4])
    return np.array(quads), np.array(corners)


def _texture(path: Path) -> NDArray[np.float32]:
    """(h, w, 4) linear colour and coverage."""
    import cv2

    read: Any = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if read.dtype == np.uint16:
        read = (read // 257).astype(np.uint8)
    if read.ndim == 2:
        read = cv2.cvtColor(read, cv2.COLOR_GRAY2BGRA)
    elif read.shape[2] == 3:
        read = cv2.cvtColor(read, cv2.COLOR_BGR2BGRA)
    picture = cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA).astype(np.float32) / 255
    picture[..., :3] **= 2.2
    return picture
