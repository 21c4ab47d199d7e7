"""PLY: points or a surface, with colours and normals, binary.

trimesh writes PLY as well, but neither comments, which say what the lengths are,
nor points without an alpha channel.

References
----------
Turk, G. (1994). The PLY polygon file format.
http://paulbourke.net/dataformats/ply/
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.export.file_frame import LENGTHS, checked, to_file_axes
from face3d_widgets.types import PointCloud, Surface

__all__ = ["point_cloud_to_ply", "surface_to_ply"]

_TYPES = {"float": "<f4", "uchar": "u1"}
_FACE = np.dtype([("count", "u1"), ("vertices", "<i4", 3)])


def point_cloud_to_ply(
    cloud: PointCloud,
    comment: str = "",
    normals: NDArray[np.float32] | None = None,
    mm_per_unit: float | None = None,
) -> bytes:
    """Points as binary little-endian PLY.

    Viewers expect y up and z towards the viewer, so y and z change sign: the
    file's axes are x right, y up, z backward (OpenGL).

    Parameters
    ----------
    cloud : PointCloud
    comment : str
        One line for the header, plain ASCII.
    normals : (n, 3) float32, optional
        Unit length, camera frame.
    mm_per_unit : float, optional
        Millimetres that one relative unit stands for; the file is in millimetres
        then. Without it lengths stay relative.
    """
    positions = to_file_axes(cloud.points, mm_per_unit or 1.0)
    unit = "relative" if mm_per_unit is None else "mm"
    vertices = _vertices(positions, normals, cloud.colors)
    return _header(vertices, 0, unit, comment) + vertices.tobytes()


def surface_to_ply(surface: Surface, comment: str = "") -> bytes:
    """A surface as binary little-endian PLY, in the surface's own unit.

    Parameters
    ----------
    surface : Surface
        Normals and colours are written where it has them.
    comment : str
        As in `point_cloud_to_ply`, whose axes the file has too.

    Raises
    ------
    ValueError
        When the surface has no faces, or a vertex is not a number.
    """
    checked(surface)
    vertices = _vertices(to_file_axes(surface.vertices), surface.normals, surface.colors)
    faces = np.empty(len(surface.faces), _FACE)
    faces["count"], faces["vertices"] = 3, surface.faces
    header = _header(vertices, len(faces), surface.unit, comment)
    return b"".join((header, vertices.tobytes(), faces.tobytes()))


def _vertices(
    positions: NDArray[np.float32],
    normals: NDArray[np.float32] | None,
    colors: NDArray[np.uint8] | None,
) -> NDArray[np.void]:
    """The columns that there are, as one structured array."""
    columns: dict[str, tuple[str, NDArray]] = {}
    columns |= {axis: ("<f4", positions[:, i]) for i, axis in enumerate("xyz")}
    if normals is not None:
        turned = to_file_axes(normals)
        columns |= {f"n{axis}": ("<f4", turned[:, i]) for i, axis in enumerate("xyz")}
    if colors is not None:
        names = ("red", "green", "blue")
        columns |= {name: ("u1", colors[:, i]) for i, name in enumerate(names)}
    table = np.empty(len(positions), [(name, kind) for name, (kind, _) in columns.items()])
    for name, (_, column) in columns.items():
        table[name] = column
    return table


def _header(vertices: NDArray[np.void], n_faces: int, unit: str, comment: str) -> bytes:
    """Everything before the numbers; a point cloud has no element `face`."""
    words = {np.dtype(code): word for word, code in _TYPES.items()}
    lines = ["ply", "format binary_little_endian 1.0", f"comment {LENGTHS[unit]}"]
    if comment:
        plain = " ".join(comment.encode("ascii", "replace").decode().split())
        lines.append(f"comment {plain}")
    lines.append(f"element vertex {len(vertices)}")
    names = vertices.dtype.names or ()
    lines += [f"property {words[vertices.dtype[name]]} {name}" for name in names]
    if n_faces:
        lines += [f"element face {n_faces}", "property list uchar int vertex_indices"]
    return "\n".join([*lines, "end_header", ""]).encode("ascii")
