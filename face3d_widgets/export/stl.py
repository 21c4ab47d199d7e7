"""STL: bare triangles for printing, binary."""

from __future__ import annotations

from face3d_widgets import __version__
from face3d_widgets.export.file_frame import LENGTHS, checked, to_file_axes
from face3d_widgets.types import Surface

__all__ = ["surface_to_stl"]


def surface_to_stl(surface: Surface) -> bytes:
    """A surface as binary STL, written by trimesh, in the surface's own unit.

    STL knows no unit, and slicers read millimetres. A relative unit, the whole
    height of the picture, would be printed one millimetre high: give such a
    surface millimetres first, or scale it in the slicer.

    The axes are x right, y up, z towards the viewer; a solid of `make_solid` lies or
    stands on z = 0, the printer's bed. A plain surface is an open sheet, which no
    printer can fill.

    Parameters
    ----------
    surface : Surface

    Raises
    ------
    ValueError
        When the surface has no faces, or a vertex is not a number.

    References
    ----------
    3D Systems (1989). StereoLithography interface specification.
    """
    import trimesh

    checked(surface)
    mesh = trimesh.Trimesh(to_file_axes(surface.vertices), surface.faces, process=False)
    # The 80 bytes at the start are for anybody's words, but for "solid" at their beginning.
    words = f"face3d_widgets {__version__}: {LENGTHS[surface.unit]}".encode()[:80]
    return words.ljust(80) + trimesh.exchange.stl.export_stl(mesh)[80:]
