"""From inverse depth to points, surfaces, solids and lengths. NumPy only."""

from face3d_widgets.geometry.alignment import (
    Alignment,
    MapAlignment,
    align_maps,
    align_points,
    align_scale_shift,
    with_known_depths,
)
from face3d_widgets.geometry.camera import (
    back_project,
    fov_from_focal_length_35mm,
    project,
)
from face3d_widgets.geometry.curve import DepthCurve, depth_curve
from face3d_widgets.geometry.face_geometry import FaceGeometry, Framing
from face3d_widgets.geometry.measure import (
    PUPIL_DISTANCE_MM,
    Profile,
    distance,
    mm_per_unit_from,
    profile,
)
from face3d_widgets.geometry.normals import vertex_normals
from face3d_widgets.geometry.point_order import spread_order
from face3d_widgets.geometry.relief import (
    HEAD_WIDTH,
    SubjectStats,
    depth_from_inverse_depth,
    nearness,
    scale_and_shift,
    subject_stats,
)
from face3d_widgets.geometry.scores import (
    Scores,
    align_to_truth,
    depth_error,
    normal_error,
    score_inverse_depth,
)
from face3d_widgets.geometry.solid import make_solid, solid_size
from face3d_widgets.geometry.surface import TO_KEEP_MORE, SurfaceSize

__all__ = [
    "HEAD_WIDTH",
    "PUPIL_DISTANCE_MM",
    "TO_KEEP_MORE",
    "Alignment",
    "DepthCurve",
    "FaceGeometry",
    "Framing",
    "MapAlignment",
    "Profile",
    "Scores",
    "SubjectStats",
    "SurfaceSize",
    "align_maps",
    "align_points",
    "align_scale_shift",
    "align_to_truth",
    "back_project",
    "depth_curve",
    "depth_error",
    "depth_from_inverse_depth",
    "distance",
    "fov_from_focal_length_35mm",
    "make_solid",
    "mm_per_unit_from",
    "nearness",
    "normal_error",
    "profile",
    "project",
    "scale_and_shift",
    "score_inverse_depth",
    "solid_size",
    "spread_order",
    "subject_stats",
    "vertex_normals",
    "with_known_depths",
]
