"""Results to files, as bytes; who asked for them puts them on the disk (`whole_file`)."""

from face3d_widgets.export.bundle import bundle
from face3d_widgets.export.depth_files import (
    depth_to_png16,
    inverse_depth_to_npy,
    inverse_depth_to_pfm,
    is_own_depth,
)
from face3d_widgets.export.glb import surface_to_glb
from face3d_widgets.export.obj import surface_to_obj_zip
from face3d_widgets.export.parameters import (
    LARGEST_FILE,
    SavedParameters,
    parameters_from_json,
    parameters_to_json,
)
from face3d_widgets.export.ply import point_cloud_to_ply, surface_to_ply
from face3d_widgets.export.sizes import estimated_bundle_size, estimated_size
from face3d_widgets.export.stl import surface_to_stl
from face3d_widgets.export.texture import texture_jpeg
from face3d_widgets.export.xyz import point_cloud_to_xyz

__all__ = [
    "LARGEST_FILE",
    "SavedParameters",
    "bundle",
    "depth_to_png16",
    "estimated_bundle_size",
    "estimated_size",
    "inverse_depth_to_npy",
    "inverse_depth_to_pfm",
    "is_own_depth",
    "parameters_from_json",
    "parameters_to_json",
    "point_cloud_to_ply",
    "point_cloud_to_xyz",
    "surface_to_glb",
    "surface_to_obj_zip",
    "surface_to_ply",
    "surface_to_stl",
    "texture_jpeg",
]
