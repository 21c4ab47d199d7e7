"""Estimates of a file's size before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["estimated_bundle_size", "estimated_size"]


@dataclass(frozen=True)
class _Rule:
    """Bytes for the file itself and for each vertex, its normal, colour and uv, face, pixel."""

    start: float
    vertex: float = 0
    normal: float = 0
    color: float = 0
    uv: float = 0
    face: float = 0
    pixel: float = 0


# Whole numbers follow from the formats; the others were measured on the samples' faces
# with 5,000 to 80,000 vertices, decimated and not, and on sheets of up to 260,000.
_RULES = {
    "ply": _Rule(start=400, vertex=12, normal=12, color=3, face=13),
    "stl": _Rule(start=84, face=50),
    "glb": _Rule(start=1900, vertex=12, normal=12, color=8, uv=8, face=12),
    "obj.zip": _Rule(start=700, vertex=8.8, normal=9.5, color=13.0, uv=11.2, face=6.6),
    "xyz": _Rule(start=0, vertex=37.5),
    "png": _Rule(start=200, pixel=1.25),
    "pfm": _Rule(start=18, pixel=4),
    "npy": _Rule(start=128, pixel=4),
}
# What deflate leaves of each in a bundle; everything else is stored as it is.
_LEFT = {"_mesh.ply": 0.8, ".stl": 0.55, ".glb": 0.85, ".xyz": 0.41, ".html": 0.42}


def estimated_size(
    kind: str,
    n_vertices: int = 0,
    n_faces: int = 0,
    *,
    n_pixels: int = 0,
    normals: bool = True,
    colors: bool = True,
    texture: int | None = None,
) -> int:
    """Bytes that a file will have.

    Exact but for the header (less than a kilobyte) for PLY, STL, GLB, PFM and NPY;
    within 15 percent for `xyz`, `obj.zip` and the 16-bit `png`.

    Parameters
    ----------
    kind : {"ply", "stl", "glb", "obj.zip", "xyz", "png", "pfm", "npy"}
        The end of the file's name.
    n_vertices, n_faces : int
        Of the surface; for a point cloud its points and 0.
    n_pixels : int
        Of the inverse depth, for `png`, `pfm` and `npy`.
    normals, colors : bool
        Whether the shape has them.
    texture : int or None
        Bytes of `texture_jpeg(photo)` where the surface wears the photo, in a
        `glb` or an `obj.zip`; its vertex colours are left out then.

    Raises
    ------
    ValueError
        For a kind that is not in the list.
    """
    if kind not in _RULES:
        raise ValueError(f"kind must be one of {', '.join(_RULES)}, not {kind!r}")
    rule = _RULES[kind]
    per_vertex = rule.vertex + rule.normal * normals
    textured = texture is not None and rule.uv > 0
    per_vertex += rule.uv if textured else rule.color * colors
    size = rule.start + per_vertex * n_vertices + rule.face * n_faces + rule.pixel * n_pixels
    return round(size) + (texture or 0) * textured


def estimated_bundle_size(sizes: Mapping[str, int]) -> int:
    """Bytes that `bundle` will have, within 15 percent for the kinds above.

    Parameters
    ----------
    sizes : mapping of str to int
        Bytes of each file by its name, which ends as `_mesh.ply` where it has faces.
    """

    def left(name: str) -> float:
        return next((share for end, share in _LEFT.items() if name.endswith(end)), 1.0)

    packed = sum(size * left(name) for name, size in sizes.items())
    return round(2500 + 250 * len(sizes) + packed)
