"""Results to files, as bytes; nothing is written to disk here."""

from face3d_widgets.export.depth_png import depth_to_png16
from face3d_widgets.export.ply import point_cloud_to_ply

__all__ = ["depth_to_png16", "point_cloud_to_ply"]
