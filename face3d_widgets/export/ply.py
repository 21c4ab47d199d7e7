"""PLY: the points and their colours, binary."""

from __future__ import annotations

import numpy as np

from face3d_widgets.types import PointCloud

__all__ = ["point_cloud_to_ply"]

_VERTEX = np.dtype(
    [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("red", "u1"), ("green", "u1"), ("blue", "u1")]
)


def point_cloud_to_ply(cloud: PointCloud, comment: str = "") -> bytes:
    """Points as binary little-endian PLY.

    Viewers expect y up and z towards the viewer, so y and z change sign: the
    file's axes are x right, y up, z backward (OpenGL). Lengths stay as they are.

    Parameters
    ----------
    cloud : PointCloud
    comment : str
        One line for the header, plain ASCII.

    References
    ----------
    Turk, G. (1994). The PLY polygon file format.
    http://paulbourke.net/dataformats/ply/
    """
    vertices = np.empty(len(cloud), _VERTEX)
    x, y, z = cloud.points.T
    vertices["x"], vertices["y"], vertices["z"] = x, -y, -z
    for i, channel in enumerate(("red", "green", "blue")):
        vertices[channel] = cloud.colors[:, i]
    header = ["ply", "format binary_little_endian 1.0"]
    if comment:
        plain = " ".join(comment.encode("ascii", "replace").decode().split())
        header.append(f"comment {plain}")
    header.append(f"element vertex {len(cloud)}")
    header += [f"property float {axis}" for axis in "xyz"]
    header += [f"property uchar {channel}" for channel in ("red", "green", "blue")]
    header += ["end_header", ""]
    return "\n".join(header).encode("ascii") + vertices.tobytes()
