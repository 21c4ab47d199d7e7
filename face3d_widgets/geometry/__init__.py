"""From inverse depth to points and surfaces. NumPy only."""

from face3d_widgets.geometry.camera import (
    back_project,
    fov_from_focal_length_35mm,
    project,
)
from face3d_widgets.geometry.face_geometry import FaceGeometry, Framing
from face3d_widgets.geometry.point_order import spread_order
from face3d_widgets.geometry.relief import (
    SubjectStats,
    depth_from_inverse_depth,
    nearness,
    scale_and_shift,
    subject_stats,
)

__all__ = [
    "FaceGeometry",
    "Framing",
    "SubjectStats",
    "back_project",
    "depth_from_inverse_depth",
    "fov_from_focal_length_35mm",
    "nearness",
    "project",
    "scale_and_shift",
    "spread_order",
    "subject_stats",
]
