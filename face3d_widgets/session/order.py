"""An export job: a frozen picture of the result and of every choice.

A worker thread can take its time with it while the sliders move on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from face3d_widgets.figures import MOST_WIREFRAME_VERTICES, FaceFigure, PhotoPalette, Scene
from face3d_widgets.geometry import FaceGeometry
from face3d_widgets.session.file_kinds import FILE_KINDS
from face3d_widgets.session.model_size import ModelSize, model_size
from face3d_widgets.types import (
    GeometryParams,
    InverseDepth,
    Photo,
    PointCloud,
    SolidParams,
    Surface,
    ViewParams,
)

if TYPE_CHECKING:
    from face3d_widgets.export import SavedParameters
    from face3d_widgets.figures import Figure

__all__ = ["FileChoices", "Order", "Progress", "make_scene"]

Progress = Callable[[str, float], None]
"""Called with the name of a step and the share of the work done, 0 to 1."""


@dataclass(frozen=True)
class FileChoices:
    """The choices of a person about files.

    Attributes
    ----------
    n_faces : int or None
        Triangles of a surface; None is all that the photo's pixels give.
    model_width_mm, head_mm : float or None
        Width of a model that is no solid, or that of its head with ears and hair, 1 to
        10,000; one of them, or neither: then it is to the ruler's scale or, without one,
        life-size by a guess.
    solid : SolidParams
        For what is printed; its `style` follows from the kind of file.
    width_mm : float
        Width of a figure on paper, 10 to 500.
    dpi : float
        Dots an inch of a figure, 50 to 1200.
    background : {"white", "transparent"}
        Of a figure.
    whole_turn : bool
        The turntable goes full circle instead of swinging to both sides.
    film_seconds : float
        Of a turntable, 0.5 to 60.
    """

    n_faces: int | None = 100_000
    solid: SolidParams = field(default_factory=SolidParams)
    width_mm: float = 120.0
    dpi: float = 300.0
    background: str = "white"
    whole_turn: bool = False
    film_seconds: float = 4.0
    model_width_mm: float | None = None
    head_mm: float | None = None

    def __post_init__(self) -> None:
        for name in ("model_width_mm", "head_mm"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= 10_000:
                raise ValueError(f"{name} must lie between 1 and 10,000, not {value}")
        if self.model_width_mm is not None and self.head_mm is not None:
            raise ValueError("give model_width_mm or head_mm; a model has one size")
        if self.n_faces is not None and self.n_faces < 100:
            raise ValueError(f"n_faces must be at least 100, not {self.n_faces}")
        if not 10 <= self.width_mm <= 500:
            raise ValueError(f"width_mm must lie between 10 and 500, not {self.width_mm}")
        if not 50 <= self.dpi <= 1200:
            raise ValueError(f"dpi must lie between 50 and 1200, not {self.dpi}")
        if self.background not in ("white", "transparent"):
            raise ValueError(f"background must be white or transparent, not {self.background!r}")
        if not 0.5 <= self.film_seconds <= 60:
            raise ValueError(f"film_seconds must lie between 0.5 and 60, not {self.film_seconds}")


@dataclass(frozen=True, eq=False)
class Order:
    """All that a file is made of; nothing in it changes.

    Attributes
    ----------
    geometry : FaceGeometry
        Of the photo and its inverse depth; used by the thread that makes files alone,
        as it keeps what repeats.
    palette : PhotoPalette
    params : GeometryParams
    view : ViewParams
    choices : FileChoices
    shown : Figure or None
        A copy of what is on the screen, its camera and its size included; None where
        there is no screen.
    ruler : (row, column, row, column, true_mm) or None
        Two places in the photo whose true distance was set.
    settings : SavedParameters or None
        What the zip's `parameters.json` shall hold; None: what the order itself says.
    """

    geometry: FaceGeometry
    palette: PhotoPalette
    params: GeometryParams
    view: ViewParams
    choices: FileChoices
    shown: Figure | None = None
    ruler: tuple[float, float, float, float, float] | None = None
    settings: SavedParameters | None = None

    @property
    def photo(self) -> Photo:
        """The photo."""
        return self.geometry.photo

    @property
    def inverse_depth(self) -> InverseDepth:
        """The network's answer for it."""
        return self.geometry.inverse_depth

    @cached_property
    def surface(self) -> Surface:
        """The surface with the chosen number of faces, in millimetres."""
        relative = self._relative_surface
        vertices = relative.vertices * np.float32(self.size.mm_per_unit)
        return replace(relative, vertices=vertices, unit="mm")

    @cached_property
    def size(self) -> ModelSize:
        """The size of the surface, and its source."""
        return self._size(lambda: float(np.ptp(self._relative_surface.vertices[:, 0])))

    @cached_property
    def cloud_size(self) -> ModelSize:
        """The same for the points alone, whose width is a little less."""
        return self._size(lambda: float(np.ptp(self.cloud.points[:, 0])))

    def size_of(self, extent: tuple[float, float, float]) -> ModelSize:
        """The `size` that a surface of this extent, in relative units, would have."""
        return self._size(lambda: extent[0])

    @cached_property
    def cloud(self) -> PointCloud:
        """The points with their normals, relative units."""
        return self.geometry.point_cloud(self.params, normals=True)

    @cached_property
    def _relative_surface(self) -> Surface:
        params = replace(self.params, mm_per_unit=None)
        return self.geometry.surface(params, self.choices.n_faces)

    def _size(self, width: Callable[[], float]) -> ModelSize:
        choices = self.choices
        return model_size(
            self.geometry, self.params, width, choices.model_width_mm, choices.head_mm
        )

    @cached_property
    def scene(self) -> Scene:
        """The scene that the screen shows, or would show."""
        return make_scene(self.geometry, self.palette, self.params, self.view)

    @cached_property
    def figure(self) -> Figure:
        """The figure on the screen, or as it would be when it opens."""
        if self.shown is not None:
            return self.shown
        drawn = FaceFigure()
        drawn.draw(self.scene, self.view)
        return drawn.figure

    def file_name(self, kind: str) -> str:
        """Photo, network and content: `anna_dpt-large_mesh.glb`."""
        known = FILE_KINDS[kind]
        model = self.inverse_depth.model.lower().replace("_", "-")
        return f"{self.photo.name}_{model}_{known.content}{known.suffix}"


def make_scene(
    geometry: FaceGeometry, palette: PhotoPalette, params: GeometryParams, view: ViewParams
) -> Scene:
    """The scene for a `FaceFigure`.

    A wireframe has at most `MOST_WIREFRAME_VERTICES` corners: more lines than that
    run into one, and take a browser seconds to draw.
    """
    if view.draw_as == "wireframe":
        params = replace(params, n_points=min(params.n_points, MOST_WIREFRAME_VERTICES))
    normals = view.color_by == "normals"
    shape = (
        geometry.point_cloud(params, normals)
        if view.draw_as == "points"
        else geometry.mesh(params, normals)
    )
    return Scene(
        shape=shape,
        palette=palette,
        stats=geometry.stats,
        framing=geometry.framing(params),
        mm_per_unit=params.mm_per_unit,
        uncertainty=geometry.uncertainty,
    )
