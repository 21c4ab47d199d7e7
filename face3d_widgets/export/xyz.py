"""XYZ: points and colours as plain text."""

from __future__ import annotations

import numpy as np

from face3d_widgets.export.file_frame import to_file_axes
from face3d_widgets.export.text_rows import DECIMALS, text_rows
from face3d_widgets.types import PointCloud

__all__ = ["point_cloud_to_xyz"]


def point_cloud_to_xyz(cloud: PointCloud, mm_per_unit: float | None = None) -> bytes:
    """Points as lines of `x y z red green blue`, without a header.

    Parameters
    ----------
    cloud : PointCloud
    mm_per_unit : float, optional
        As in `point_cloud_to_ply`, whose axes the file has too.

    Notes
    -----
    XYZ has no standard. Programs disagree on comments (CloudCompare skips `//`,
    CGAL `#`, others take the first line for the first point), so there are none.
    CloudCompare and trimesh read columns 4 to 6 as colours, Open3D leaves them
    out, MeshLab takes them for normals: for MeshLab choose PLY.
    """
    decimals = DECIMALS["relative" if mm_per_unit is None else "mm"]
    table = np.empty((len(cloud), 6))
    table[:, :3] = to_file_axes(cloud.points, mm_per_unit or 1.0)
    table[:, 3:] = cloud.colors
    position = f"%.{decimals}f"
    return text_rows(f"{position} {position} {position} %d %d %d\n", table).encode("ascii")
