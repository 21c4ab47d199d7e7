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
    "SolidParams",
    "Surface",
    "ViewParams",
    "WrongOnPurpose",
]


SHAPES = ("points", "mesh", "wireframe")
COLORINGS = ("photo", "depth", "normals", "uncertainty")
SOLIDS = ("bust", "relief", "lithophane")
UNITS = ("relative", "mm")
TURNS = (0, 90, 180, 270)


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
    turn : {0, 90, 180, 270}
        Degrees clockwise by which somebody turned it since.
    """

    rgb: NDArray[np.uint8]
    name: str = "photo"
    original_size: tuple[int, int] = (0, 0)
    focal_length_35mm: float | None = None
    turn: int = 0

    def __post_init__(self) -> None:
        rgb = np.ascontiguousarray(self.rgb)
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise ValueError(f"rgb must be (h, w, 3) uint8, not {rgb.shape} {rgb.dtype}")
        if self.turn not in TURNS:
            raise ValueError(f"turn must be one of {TURNS}, not {self.turn}")
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

    def turned(self, degrees: int) -> Photo:
        """The photo turned clockwise by a multiple of 90 degrees; itself where that is no turn."""
        if degrees % 90:
            raise ValueError(f"a photo is turned by 90, 180 or 270 degrees, not by {degrees}")
        quarters = degrees // 90 % 4
        if quarters == 0:
            return self
        size = self.original_size[::-1] if quarters % 2 else self.original_size
        return Photo(
            np.rot90(self.rgb, -quarters),
            self.name,
            size,
            self.focal_length_35mm,
            (self.turn + degrees) % 360,
        )


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
    """A monocular network's answer for a photo: inverse depth, scale and shift unknown.

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
        The pixel each point came from, as `row * width + column`. A vertex along the border
        of a mesh may lie up to a cell beside it, where the outline runs smoothly.
    inverse_depth : (n,) float32
        The network's value at that pixel, as it gave it: neither smoothed nor coarsened.
    normals : (n, 3) float32 or None
        Unit length, camera frame, towards the camera; there where they were asked for.
    """

    points: NDArray[np.float32]
    colors: NDArray[np.uint8]
    pixels: NDArray[np.int32]
    inverse_depth: NDArray[np.float32]
    normals: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        for name in ("points", "colors", "pixels", "inverse_depth", "normals"):
            array = getattr(self, name)
            if array is not None:
                object.__setattr__(self, name, read_only(array))

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
class WrongOnPurpose:
    """Mistakes that programs make when a photo becomes 3D, to be looked at one by one.

    Every switch is off by default. They compose: each spoils its own step.

    Attributes
    ----------
    inverse_as_depth : bool
        What the network says is taken for depth although it is inverse depth: near
        comes out far, and the face is hollow. Its depth at the subject's middle and
        the amount of relief there stay what they are.
    eight_bit : bool
        Inverse depth passes through 256 levels, as in an 8-bit picture: terraces.
    edges_kept : bool
        No depth edge is cut: curtains hang between the face and what is behind it.
    fov : float or None
        Points are placed as though the camera had this vertical field of view, in
        degrees, while depth stays as `GeometryParams.fov` gives it. All widths and
        heights then come out `tan(this / 2) / tan(fov / 2)` times too large, and depth
        does not: the face is too flat or too deep, and no scale mends it. (The slider
        `GeometryParams.fov` itself keeps the subject's size and moves the camera.)

    References
    ----------
    Yin, W. et al. (2021). Learning to recover 3D scene shape from a single image.
    CVPR. https://doi.org/10.1109/CVPR46437.2021.00027 (a wrong focal length).
    """

    inverse_as_depth: bool = False
    eight_bit: bool = False
    edges_kept: bool = False
    fov: float | None = None

    def __post_init__(self) -> None:
        if self.fov is not None and not 1 <= self.fov <= 170:
            raise ValueError(
                f"wrong.fov must lie between 1 and 170 degrees, not {self.fov}; None is off"
            )

    def __bool__(self) -> bool:
        """Tell whether any switch is on."""
        return self.inverse_as_depth or self.eight_bit or self.edges_kept or self.fov is not None


@dataclass(frozen=True)
class GeometryParams:
    """The parameters of the shape, which the sliders set.

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
    smoothing : float
        0 (what the network gave) to 1: evens out the surface between depth edges.
    edge_angle : float
        Degrees, above 0 to 90: where the surface, at its natural relief, falls off more
        steeply than this from the picture's plane, there is a depth edge. Points there
        hang between face and background and are left out; 90 keeps everything. Inside the
        outline of a person that the network tells it takes a slope 2.5 times as steep: a
        cheek or a jaw at a grazing angle is no gap.
    most_unsure : float
        Above 0 to 1: pixels whose estimate moves by more than this share of the relief
        when the photo is shown a little otherwise are left out, once that was measured
        (`ReconstructionSession.add_uncertainty`); 1 keeps everything.
    scale_shift : (scale, shift) or None
        The two numbers of `depth = 1 / (scale * inverse_depth + shift)` themselves,
        for depth in relative units; they take the place of `relief`.
    mm_per_unit : float or None
        Millimetres that one relative unit stands for; None while nobody has measured.
    wrong : WrongOnPurpose
        Mistakes to be looked at; none by default.
    """

    relief: float = 1.0
    fov: float = 50.0
    n_points: int = 30_000
    cutoff: float = 0.4
    smoothing: float = 0.0
    edge_angle: float = 85.2
    most_unsure: float = 1.0
    scale_shift: tuple[float, float] | None = None
    mm_per_unit: float | None = None
    wrong: WrongOnPurpose = WrongOnPurpose()

    def __post_init__(self) -> None:
        if not 0 <= self.relief <= 10:
            raise ValueError(f"relief must lie between 0 and 10, not {self.relief}")
        if not 1 <= self.fov <= 170:
            raise ValueError(f"fov must lie between 1 and 170 degrees, not {self.fov}")
        if self.n_points < 1:
            raise ValueError(f"n_points must be at least 1, not {self.n_points}")
        if not 0 <= self.cutoff <= 1:
            raise ValueError(f"cutoff must lie between 0 and 1, not {self.cutoff}")
        if not 0 <= self.smoothing <= 1:
            raise ValueError(f"smoothing must lie between 0 and 1, not {self.smoothing}")
        if not 0 < self.edge_angle <= 90:
            raise ValueError(
                f"edge_angle must lie above 0 and up to 90 degrees, not {self.edge_angle}"
            )
        if not 0 < self.most_unsure <= 1:
            raise ValueError(
                f"most_unsure must lie above 0 and up to 1, not {self.most_unsure}; "
                "1 leaves nothing out"
            )
        if self.scale_shift is not None:
            scale, shift = (float(number) for number in self.scale_shift)
            if not (0 <= scale < math.inf and math.isfinite(shift)):
                raise ValueError(
                    "scale_shift must be two finite numbers, the scale not below 0, "
                    f"not {self.scale_shift}; None leaves them to relief"
                )
            object.__setattr__(self, "scale_shift", (scale, shift))
        if self.mm_per_unit is not None and not 0 < self.mm_per_unit < math.inf:
            raise ValueError(
                f"mm_per_unit must be a positive number, not {self.mm_per_unit}; "
                "None stands for relative units"
            )


@dataclass(frozen=True)
class SolidParams:
    """The parameters of a closed solid for printing. All lengths in millimetres.

    What is None follows the width, so that a solid has the same proportions at every width.

    Attributes
    ----------
    style : {"bust", "relief", "lithophane"}
        A standing head with a flat back; a relief on a plate; a standing plate whose
        thickness follows the photo's lightness, to be held against light.
    width_mm : float
        Width of the whole solid, border included: 10 to 500.
    wall_mm : float or None
        A bust or relief is nowhere thinner than this; it is the plate's thickness. None is
        1.5 % of the width.
    depth_mm : float or None
        Height of the relief above the thinnest place. Less is flatter, as on a medal. None
        keeps a bust in proportion, and is `depth_share` of the width for a relief.
    depth_share : float
        Above 0 to 1: height of a relief above its plate, as a share of the width.
    border_mm : float or None
        Plain rim around a relief or a lithophane, 0 for none; None is 2.5 % of the width.
    thinnest_mm, thickest_mm : float
        Thickness of a lithophane where the photo is white and where it is black.
    n_faces : int
        Triangles at most. A solid is never finer than the photo's pixels.
    """

    style: str = "bust"
    width_mm: float = 80.0
    wall_mm: float | None = None
    depth_mm: float | None = None
    border_mm: float | None = None
    thinnest_mm: float = 0.8
    thickest_mm: float = 3.0
    n_faces: int = 200_000
    depth_share: float = 0.12

    def __post_init__(self) -> None:
        if self.style not in SOLIDS:
            raise ValueError(f"style must be one of {SOLIDS}, not {self.style!r}")
        if not 10 <= self.width_mm <= 500:
            raise ValueError(f"width_mm must lie between 10 and 500, not {self.width_mm}")
        if not 0.1 <= self.wall <= self.width_mm / 4:
            raise ValueError(
                f"wall_mm must lie between 0.1 and a quarter of width_mm, not {self.wall_mm}"
            )
        if self.depth_mm is not None and not 0 < self.depth_mm <= 500:
            raise ValueError(
                f"depth_mm must lie above 0 and up to 500, not {self.depth_mm}; "
                "None keeps the proportions"
            )
        if not 0 <= self.border <= self.width_mm / 4:
            raise ValueError(
                f"border_mm must lie between 0 and a quarter of width_mm, not {self.border_mm}"
            )
        if not 0.1 <= self.thinnest_mm < self.thickest_mm <= 50:
            raise ValueError(
                "thinnest_mm must be at least 0.1 and below thickest_mm, which may be 50, "
                f"not {self.thinnest_mm} and {self.thickest_mm}"
            )
        if not 1_000 <= self.n_faces <= 5_000_000:
            raise ValueError(f"n_faces must lie between 1,000 and 5,000,000, not {self.n_faces}")
        if not 0 < self.depth_share <= 1:
            raise ValueError(f"depth_share must lie above 0 and up to 1, not {self.depth_share}")

    @property
    def wall(self) -> float:
        """Thickness of the wall or plate, millimetres."""
        return 0.015 * self.width_mm if self.wall_mm is None else self.wall_mm

    @property
    def border(self) -> float:
        """Width of the plain rim, millimetres."""
        return 0.025 * self.width_mm if self.border_mm is None else self.border_mm

    @property
    def depth(self) -> float | None:
        """Height above the thinnest place, millimetres; None is as deep as the head is."""
        if self.depth_mm is None and self.style == "relief":
            return self.depth_share * self.width_mm
        return self.depth_mm


@dataclass(frozen=True)
class ViewParams:
    """The parameters of drawing the shape; nothing here changes the geometry.

    Attributes
    ----------
    draw_as : {"points", "mesh", "wireframe"}
    color_by : {"photo", "depth", "normals", "uncertainty"}
        "normals" shows which way the surface faces, as a normal map does; "uncertainty"
        how much the estimate moves when the photo is shown a little otherwise, or the
        photo's colours while that has not been measured.
    colormap : str
        Name of a colour map in `face3d_widgets.figures.COLORMAPS`, used for the
        depth map and for colouring by depth.
    point_size : float
        Diameter of a point in screen pixels.
    opacity : float
        0 (clear) to 1 (solid).
    axes : bool
        Draw the box with its axes.
    shaded : bool
        A mesh is lit by its normals, so that its shape shows; without, it wears its
        colours as they are.
    """

    draw_as: str = "points"
    color_by: str = "photo"
    colormap: str = "Greys"
    point_size: float = 3.0
    opacity: float = 1.0
    axes: bool = False
    shaded: bool = False

    def __post_init__(self) -> None:
        if self.draw_as not in SHAPES:
            raise ValueError(f"draw_as must be one of {SHAPES}, not {self.draw_as!r}")
        if self.color_by not in COLORINGS:
            raise ValueError(f"color_by must be one of {COLORINGS}, not {self.color_by!r}")
        if not 0 <= self.opacity <= 1:
            raise ValueError(f"opacity must lie between 0 and 1, not {self.opacity}")
        if not 0 < self.point_size <= 50:
            raise ValueError(f"point_size must lie between 0 and 50, not {self.point_size}")
