"""A shape with what its drawing needs, and the way from the camera frame to Plotly's axes.

Plotly's axes here: x to the right, y away from the viewer, z up, so that the
turntable keeps a face upright. Origin: the middle of the subject.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from face3d_widgets.figures.palette import PhotoPalette
from face3d_widgets.geometry import Framing, SubjectStats
from face3d_widgets.types import Mesh, PointCloud, ViewParams

__all__ = ["Scene", "to_figure_axes"]


@dataclass(frozen=True, eq=False)
class Scene:
    """A shape and what its drawing needs.

    Attributes
    ----------
    shape : PointCloud or Mesh
    palette : PhotoPalette
        The photo's colours.
    stats : SubjectStats
        The range of inverse depth to colour.
    framing : Framing
        Where to look.
    mm_per_unit : float or None
        Millimetres that one unit of the shape stands for; None while nobody has
        measured, and lengths are relative.
    uncertainty : (h, w) float32 or None
        How much the estimate moves at each pixel of the photo, as a share of the subject's
        relief; None while nobody has measured it.
    """

    shape: PointCloud | Mesh
    palette: PhotoPalette
    stats: SubjectStats
    framing: Framing
    mm_per_unit: float | None = None
    uncertainty: NDArray[np.float32] | None = None

    @property
    def cloud(self) -> PointCloud:
        """The points, or the mesh's vertices."""
        return self.shape.vertices if isinstance(self.shape, Mesh) else self.shape

    def colored_by(self, view: ViewParams) -> str:
        """The quantity that colours show; the photo's own where uncertainty was not measured."""
        if view.color_by == "uncertainty" and self.uncertainty is None:
            return "photo"
        return view.color_by

    def drawn_as(self, view: ViewParams) -> str:
        """The kind of drawing that a view makes of the shape: "points", "mesh" or "wireframe"."""
        if not isinstance(self.shape, Mesh):
            return "points"
        return "wireframe" if view.draw_as == "wireframe" else "mesh"


def to_figure_axes(points: ArrayLike, center: tuple[float, float, float]) -> NDArray[np.float32]:
    """Points in the camera frame as Plotly draws them.

    Parameters
    ----------
    points : (n, 3) float
        x right, y down, z forward.
    center : (x, y, z)
        Camera frame; what becomes the origin.

    Returns
    -------
    (3, n) float32
        Rows x right, y away, z up; each contiguous, since such arrays travel to the
        browser as they are.
    """
    x, y, z = np.asarray(points, np.float32).reshape(-1, 3).T
    placed = np.empty((3, len(x)), np.float32)
    np.subtract(x, np.float32(center[0]), out=placed[0])
    np.subtract(z, np.float32(center[2]), out=placed[1])
    np.subtract(np.float32(center[1]), y, out=placed[2])
    return placed
