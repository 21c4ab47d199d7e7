"""GLB: a surface that wears its photo, for viewers, game engines and web pages.

References
----------
Khronos Group (2021). glTF 2.0 specification, ISO/IEC 12113:2022.
https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from face3d_widgets import __version__
from face3d_widgets.export.file_frame import LENGTHS, checked, to_file_axes
from face3d_widgets.export.texture import texture_jpeg
from face3d_widgets.srgb import light_of_bytes
from face3d_widgets.types import Photo, Surface

__all__ = ["surface_to_glb"]

METRES_PER_UNIT = {"mm": 0.001, "relative": 1.0}

# Numbers that glTF takes from OpenGL.
_UNSIGNED_SHORT = 5123
_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963
_LINEAR, _LINEAR_MIPMAP_LINEAR, _CLAMP_TO_EDGE = 9729, 9987, 33071


def surface_to_glb(surface: Surface, photo: Photo | None = None, size: str = "") -> bytes:
    """A surface as GLB, written by trimesh: one node, one mesh, one material.

    glTF is in metres. Millimetres become metres; a relative unit, the height of
    the picture at the subject, is taken as one metre. Which of the two it was is
    in `asset.extras`.

    Parameters
    ----------
    surface : Surface
        With `uv` it wears the photo; without, it has its vertex colours. It is
        drawn from both sides, and its front is the outside.
    photo : Photo or None
        The texture; None leaves it out.
    size : str
        How the size is known, for `asset.extras`.

    Raises
    ------
    ValueError
        When the surface has no faces, or a vertex is not a number.
    """
    import trimesh

    checked(surface)
    scale = METRES_PER_UNIT[surface.unit]
    textured = surface.uv is not None and photo is not None
    mesh = trimesh.Trimesh(
        to_file_axes(surface.vertices, scale),
        surface.faces,
        vertex_normals=None if surface.normals is None else _unit_normals(surface.normals),
        process=False,
    )
    if textured and surface.uv is not None:
        # trimesh counts v from below, and turns it round again for glTF.
        u, v = surface.uv.T.astype(np.float64)
        material = trimesh.visual.material.PBRMaterial()  # an empty one: `_material` follows
        places = np.stack([u, 1 - v], axis=1)
        mesh.visual = trimesh.visual.TextureVisuals(uv=places, material=material)
    colors = None if textured or surface.colors is None else _linear_rgba(surface.colors)
    picture = texture_jpeg(photo) if textured and photo is not None else None
    scene = trimesh.Scene()
    scene.add_geometry(mesh, geom_name="face" if photo is None else photo.name)

    def finish_buffers(buffers: dict[Any, bytes], tree: dict[str, Any]) -> None:
        tree["materials"] = [_material(picture is not None)]
        if picture is not None:
            buffers["picture"] = picture + bytes(-len(picture) % 4)
            tree["images"] = [{"bufferView": len(buffers) - 1, "mimeType": "image/jpeg"}]
            tree["textures"] = [{"source": 0, "sampler": 0}]
            tree["samplers"] = [_SAMPLER]
        if colors is not None:
            buffers["colors"] = colors.tobytes()

    def finish_tree(tree: dict[str, Any]) -> None:
        if picture is not None:
            tree["bufferViews"][-1]["byteLength"] = len(picture)
        if colors is not None:  # trimesh itself writes 8 bits
            tree["accessors"].append(
                {
                    "bufferView": len(tree["bufferViews"]) - 1,
                    "componentType": _UNSIGNED_SHORT,
                    "normalized": True,
                    "type": "VEC4",
                    "count": len(colors),
                    "min": colors.min(axis=0).tolist(),
                    "max": colors.max(axis=0).tolist(),
                }
            )
            attributes = tree["meshes"][0]["primitives"][0]["attributes"]
            attributes["COLOR_0"] = len(tree["accessors"]) - 1
        generator = f"face3d_widgets {__version__}, trimesh {trimesh.__version__}"
        _describe(tree, surface.unit, generator, size)

    return trimesh.exchange.gltf.export_glb(
        scene,
        include_normals=surface.normals is not None,
        buffer_postprocessor=finish_buffers,
        tree_postprocessor=finish_tree,
    )


# A place at the photo's edge must not take colour from the opposite edge.
_SAMPLER = {
    "magFilter": _LINEAR,
    "minFilter": _LINEAR_MIPMAP_LINEAR,
    "wrapS": _CLAMP_TO_EDGE,
    "wrapT": _CLAMP_TO_EDGE,
}


def _material(textured: bool) -> dict[str, Any]:
    """Matt, so that the viewer's lamps add no highlight to those in the photo."""
    surface: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 1.0}
    if textured:
        surface["baseColorTexture"] = {"index": 0}
    return {"name": "photo", "pbrMetallicRoughness": surface, "doubleSided": True}


def _describe(tree: dict[str, Any], unit: str, generator: str, size: str) -> None:
    """Add what trimesh leaves open: whose file it is, its unit, and what each buffer is for."""
    tree["asset"]["generator"] = generator
    tree["asset"]["extras"] = {
        "lengths": LENGTHS[unit],
        "unit": unit,
        "metres_per_unit": METRES_PER_UNIT[unit],
        **({"size": size} if size else {}),
    }
    primitive = tree["meshes"][0]["primitives"][0]
    primitive["material"] = 0

    def view(accessor: int) -> dict[str, Any]:
        return tree["bufferViews"][tree["accessors"][accessor]["bufferView"]]

    for accessor in primitive["attributes"].values():
        view(accessor)["target"] = _ARRAY_BUFFER
    view(primitive["indices"])["target"] = _ELEMENT_ARRAY_BUFFER


def _unit_normals(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normals with the file's axes; one without a direction looks at the viewer."""
    turned = to_file_axes(normals)
    lengths = np.linalg.norm(turned, axis=1)
    lost = ~(lengths > 1e-6)  # NaN too
    turned[lost], lengths[lost] = (0, 0, 1), 1
    return turned / lengths[:, None]


def _linear_rgba(colors: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The colours as glTF wants them at vertices: linear light, opaque.

    16 bits keep all 256 values of sRGB apart; in 8 bits the darkest 37 become 5.
    """
    table = np.round(light_of_bytes() * 65535).astype("<u2")
    rgba = np.full((len(colors), 4), 65535, "<u2")
    rgba[:, :3] = table[colors]
    return rgba
