"""The nouns of the program: frozen records that travel from room to room.

Camera frame, everywhere in the package: x right, y down, z forward (away from
the camera), as in OpenCV. Pixel centres lie at integer + 0.5. Figures and
exports convert to their own axes at their own edge.

Arrays inside a record are marked read-only when the record is made, so that
caches may hand out the same array twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "GeometryParams",
    "Intrinsics",
    "InverseDepth",
    "Mesh",
    "Photo",
    "PointCloud",
    "Surface",
    "ViewParams",
]


SHAPES = ("points", "mesh")
COLORINGS = ("photo", "depth")
UNITS = ("relative", "mm")


def read_only(array: NDArray) -> NDArray:
    """`array` if it is read-only, else a read-only view; the caller's own stays writable."""
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class Photo:
    """One decoded photograph, upright and in sRGB.

    Attributes
    ----------
    rgb : (h, w, 3) uint8, sRGB
        Pixels after the EXIF turn, colour conversion and any reduction.
    name : str
        File name without folder or suffix, safe to use in a download's name.
    original_size : (width, height)
        Size in pixels of the upright photograph before any reduction.
    focal_length_35mm : float or None
        35 mm equivalent focal length in millimetres from EXIF, where given.
    """

    rgb: NDArray[np.uint8]
    name: str = "photo"
    original_size: tuple[int, int] = (0, 0)
    focal_length_35mm: float | None = None

    def __post_init__(self) -> None:
        rgb = np.ascontiguousarray(self.rgb)
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise ValueError(f"rgb must be (h, w, 3) uint8, not {rgb.shape} {rgb.dtype}")
        object.__setattr__(self, "rgb", read_only(rgb))
        if self.original_size == (0, 0):
            object.__setattr__(self, "original_size", (rgb.shape[1], rgb.shape[0]))

    @property
    def height(self) -> int:
        """Rows of `rgb`."""
        return self.rgb.shape[0]

    @property
    def width(self) -> int:
        """Columns of `rgb`."""
        return self.rgb.shape[1]


@dataclass(frozen=True)
class Intrinsics:
    """A pinhole camera: focal lengths and principal point, in pixels."""

    fx: float
    fy: float
    cx: float
    cy: float

    @classmethod
    def from_fov(cls, fov: float, width: int, height: int) -> Intrinsics:
        """Square pixels, principal point in the middle.

        Parameters
        ----------
        fov : float
            Vertical field of view in degrees, between 0 and 180 (exclusive).
        width, height : int
            Size of the picture in pixels.
        """
        if not 0 < fov < 180:
            raise ValueError(f"the field of view must lie between 0 and 180 degrees, not {fov}")
        f = height / (2 * math.tan(math.radians(fov) / 2))
        return cls(fx=f, fy=f, cx=width / 2, cy=height / 2)


@dataclass(frozen=True, eq=False)
class InverseDepth:
    """What a monocular network says of a photo: inverse depth, scale and shift unknown.

    Attributes
    ----------
    values : (h, w) float32
        Higher is nearer. `depth = 1 / (scale * values + shift)` for two numbers
        that the network cannot know.
    subject : (h, w) bool or None
        Where the network sees the person; None where it does not tell.
    model : str
        Name of the network in the zoo.
    relief_unit : float or None
        Metres of relief, on an adult's head, that one unit of `values` stands
        for; None for networks without such a unit (every MiDaS).
    """

    values: NDArray[np.float32]
    subject: NDArray[np.bool_] | None = None
    model: str = ""
    relief_unit: float | None = None

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.values, dtype=np.float32)
        if values.ndim != 2:
            raise ValueError(f"values must be (h, w), not {values.shape}")
        object.__setattr__(self, "values", read_only(values))
        if self.subject is not None:
            if self.subject.shape != values.shape or self.subject.dtype != np.bool_:
                raise ValueError("subject must be a bool array of the same size as values")
            object.__setattr__(self, "subject", read_only(self.subject))


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points seen by the camera.

    Attributes
    ----------
    points : (n, 3) float32
        Camera frame, relative units: one unit is the height of the picture at
        the subject's distance.
    colors : (n, 3) uint8, sRGB
    pixels : (n,) int32
        The pixel each point came from, as `row * width + column`.
    inverse_depth : (n,) float32
        The network's value at that pixel.
    """

    points: NDArray[np.float32]
    colors: NDArray[np.uint8]
    pixels: NDArray[np.int32]
    inverse_depth: NDArray[np.float32]

    def __post_init__(self) -> None:
        for name in ("points", "colors", "pixels", "inverse_depth"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangulated surface; the vertices are a `PointCloud`.

    Attributes
    ----------
    vertices : PointCloud
    faces : (m, 3) int32
        Indices into the vertices, counter-clockwise seen from the camera.
    """

    vertices: PointCloud
    faces: NDArray[np.int32]

    def __post_init__(self) -> None:
        object.__setattr__(self, "faces", read_only(self.faces))


@dataclass(frozen=True, eq=False)
class Surface:
    """A triangulated surface that leaves the program; its vertices need not be pixels.

    Attributes
    ----------
    vertices : (n, 3) float32
        Camera frame (x right, y down, z forward), in `unit`.
    faces : (m, 3) int32
        Indices into the vertices, counter-clockwise seen from outside, which for an
        open surface is the camera's side.
    normals : (n, 3) float32 or None
        Unit length, outward, camera frame.
    uv : (n, 2) float32 or None
        Place in the photo: (0, 0) is its upper left corner, (1, 1) its lower right.
    colors : (n, 3) uint8, sRGB, or None
    unit : {"relative", "mm"}
        Relative lengths are in picture heights at the subject's distance.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    normals: NDArray[np.float32] | None = None
    uv: NDArray[np.float32] | None = None
    colors: NDArray[np.uint8] | None = None
    unit: str = "relative"

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"unit must be one of {UNITS}, not {self.unit!r}")
        for name in ("vertices", "faces", "normals", "uv", "colors"):
            array = getattr(self, name)
            if array is not None:
                object.__setattr__(self, name, read_only(array))


@dataclass(frozen=True)
class GeometryParams:
    """What the sliders say about the shape.

    Attributes
    ----------
    relief : float
        Depth scale: 1 is the natural depth of a head, 0 a flat sheet.
    fov : float
        Vertical field of view of the camera that took the photo, in degrees.
    n_points : int
        Points (or, in a mesh, vertices) wanted.
    cutoff : float
        Background cut-off, 0 to 1: what is farther than this share of the
        whole range of inverse depth is left out; 0 keeps everything.
    """

    relief: float = 1.0
    fov: float = 50.0
    n_points: int = 30_000
    cutoff: float = 0.4

    def __post_init__(self) -> None:
        if not 0 <= self.relief <= 10:
            raise ValueError(f"relief must lie between 0 and 10, not {self.relief}")
        if not 1 <= self.fov <= 170:
            raise ValueError(f"fov must lie between 1 and 170 degrees, not {self.fov}")
        if self.n_points < 1:
            raise ValueError(f"n_points must be at least 1, not {self.n_points}")
        if not 0 <= self.cutoff <= 1:
            raise ValueError(f"cutoff must lie between 0 and 1, not {self.cutoff}")


@dataclass(frozen=True)
class ViewParams:
    """How the shape is drawn; nothing here changes the geometry.

    Attributes
    ----------
    draw_as : {"points", "mesh"}
    color_by : {"photo", "depth"}
    colormap : str
        Name of a colour map in `face3d_widgets.figures.COLORMAPS`, used for the
        depth map and for colouring by depth.
    point_size : float
        Diameter of a point in screen pixels.
    opacity : float
        0 (clear) to 1 (solid).
    axes : bool
        Draw the box with its axes.
    """

    draw_as: str = "points"
    color_by: str = "photo"
    colormap: str = "Greys"
    point_size: float = 3.0
    opacity: float = 1.0
    axes: bool = False

    def __post_init__(self) -> None:
        if self.draw_as not in SHAPES:
            raise ValueError(f"draw_as must be one of {SHAPES}, not {self.draw_as!r}")
        if self.color_by not in COLORINGS:
            raise ValueError(f"color_by must be one of {COLORINGS}, not {self.color_by!r}")
        if not 0 <= self.opacity <= 1:
            raise ValueError(f"opacity must lie between 0 and 1, not {self.opacity}")
        if not 0 < self.point_size <= 50:
            raise ValueError(f"point_size must lie between 0 and 50, not {self.point_size}")
