"""Closed solids for a 3D printer, in millimetres.

Every solid is a height field: seen from the front nothing hangs over. A relief lies on its
back: in the camera frame its underside is flat at z = 0 and all else at z < 0, nearer to
the viewer. Half a turn about x, to (x, -y, -z), gives the printer's axes: the underside is
at z = 0 and the face looks up. A bust and a lithophane stand: their base is at z = 0 in the
printer's axes and the face looks along -y, at whoever stands before the printer. The origin
of x and y is in the solid's middle. The width along x is the one asked for.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.cells import (
    close_holes,
    largest_part,
    nodes_of,
    opened,
    printable,
    spread_into,
    triangles,
)
from face3d_widgets.geometry.face_geometry import FaceGeometry
from face3d_widgets.geometry.grid import LONGEST_RIM
from face3d_widgets.geometry.resample import area_means, lightness, seen_along_z
from face3d_widgets.geometry.surface import TO_KEEP_MORE, SurfaceSize
from face3d_widgets.types import GeometryParams, SolidParams, Surface

__all__ = ["make_solid", "solid_size"]

# This share of the face may lie behind the plane that counts as its farthest place:
# a few stray pixels shall not make a bust thick.
STRAY = 0.005
# So little of a relief may be cut off at its highest place, for the same reason.
STRAY_NEAR = 0.0005
# In picture heights; a little over a centimetre on a head 0.4 wide.
WIDEST_CRACK = 0.03
# How high a foot is, of the whole height; a bust is carried down to it from this high.
FOOT, HEM = 0.05, 0.12
# A solid that stands may be tilted so far before its middle is no longer over its foot.
STEADY = 10.0  # degrees
# A solid's size is measured on one of at most this many triangles.
PREVIEW_FACES = 12_000


@dataclass(frozen=True, eq=False)
class _HeightField:
    """Heights above a flat underside; all lengths in millimetres.

    Attributes
    ----------
    heights : (r, c) float32
    cells : (r - 1, c - 1) bool
        What is solid.
    across, down : float
        Between nodes.
    finest : float
        Between nodes, where every pixel has one.
    foot : int
        Rows of cells at the lower end on which it stands, two or more; 0 lies on its back.
    behind : float
        How far the foot reaches behind the flat underside.
    """

    heights: NDArray[np.float32]
    cells: NDArray[np.bool_]
    across: float
    down: float
    finest: float
    foot: int = 0
    behind: float = 0.0


def make_solid(
    geometry: FaceGeometry, params: GeometryParams, options: SolidParams | None = None
) -> Surface:
    """A closed solid of a face.

    Parameters
    ----------
    geometry : FaceGeometry
    params : GeometryParams
        As on the screen; `mm_per_unit` plays no part, as the width is given.
    options : SolidParams, optional

    Returns
    -------
    Surface
        In millimetres: watertight, manifold, oriented outward, lying or standing on
        z = 0 (see the module), with at most `options.n_faces` triangles. No normals, uv
        or colours.

    Raises
    ------
    ValueError
        When too little of the face is left to be printed.

    Notes
    -----
    bust
        The head as the model has it, without perspective, carried straight back to a
        flat back, and down to a foot on which it stands. Parts narrower than the wall, and
        all but the largest, are left out. Laid on its flat back it prints without support.
    relief
        The photo's rectangle as a plate, with the face on it as the photo shows it, but
        flatter: in proportion, a head is nearly as deep as it is wide.
    lithophane
        The same rectangle, standing on a foot: layers are finer than a printer's nozzle is
        wide, and so are its tones. Its thickness falls evenly with CIE 1976 lightness.
    """
    return _closed(_height_field(geometry, params, options or SolidParams()))


def solid_size(
    geometry: FaceGeometry, params: GeometryParams, options: SolidParams | None = None
) -> SurfaceSize:
    """About what `make_solid` would have, from a coarse one. Raises what it raises."""
    options = options or SolidParams()
    n_faces = min(options.n_faces, PREVIEW_FACES)
    field = _height_field(geometry, params, dataclasses.replace(options, n_faces=n_faces))
    finer = (field.across / field.finest) * (field.down / field.finest)
    faces = min(options.n_faces, round(finer * _count_faces(field.cells)))
    rows, columns = field.cells.shape
    across, down = columns * field.across, rows * field.down
    deep = float(field.heights.max()) + field.behind
    extent = (across, deep, down) if field.foot else (across, down, deep)
    return SurfaceSize(faces // 2 + 2, faces, extent, "mm")


def _height_field(
    geometry: FaceGeometry, params: GeometryParams, options: SolidParams
) -> _HeightField:
    if options.style == "bust":
        return _bust(geometry, params, options)
    return _plate(geometry, params, options)


def _bust(geometry: FaceGeometry, params: GeometryParams, options: SolidParams) -> _HeightField:
    depth, body = _body(geometry, params)
    body &= nodes_of(largest_part(_cells_between(body)))
    depth, back = _with_back(depth, body)
    camera = geometry.camera(params)
    row, column = np.nonzero(body)
    z = depth[body]
    x, y = (column + 0.5 - camera.cx) / camera.fx * z, (row + 0.5 - camera.cy) / camera.fy * z
    width = float(np.ptp(x))
    finest = float(np.quantile(z, 0.05)) / camera.fy  # a pixel, where the face is
    # Top, bottom and walls: a little over four triangles a cell.
    area = float(np.sum((z / camera.fy) ** 2))
    spacing = max(finest, math.sqrt(4.2 * area / options.n_faces))
    wide = width + spacing
    while True:
        across = np.arange(x.min() - spacing, x.max() + 2 * spacing, spacing)
        down = np.arange(y.min() - spacing, y.max() + 2 * spacing, spacing)
        seen = seen_along_z(depth, body, camera, across, down)
        found = _cells_between(np.isfinite(seen))
        closed = close_holes(found, LONGEST_RIM / spacing)
        # What is lost below makes the rest larger, so this is on the safe side.
        wall = math.ceil(options.wall / (options.width_mm * spacing / wide))
        cells = printable(closed, wall)
        if not cells.any():
            raise ValueError(
                "nothing of the bust is as wide as its wall; choose a larger width or a "
                f"thinner wall, or {TO_KEEP_MORE}"
            )
        seen = spread_into(seen, nodes_of(closed & ~found) & ~nodes_of(found))
        (top, bottom), (left, right) = _box(cells)
        cells, seen = cells[top:bottom, left:right], seen[top : bottom + 1, left : right + 1]
        scale = options.width_mm / cells.shape[1]  # millimetres a cell
        rise = np.where(nodes_of(cells), back - seen, 0) * (scale / spacing)
        heights = _pressed(rise, options.depth) + np.float32(options.wall)
        field = _standing(
            _HeightField(heights, cells, scale, scale, finest=scale * finest / spacing)
        )
        faces = _count_faces(field.cells)
        if faces <= options.n_faces:
            return field
        spacing *= 1.01 * math.sqrt(faces / options.n_faces)


def _standing(bust: _HeightField) -> _HeightField:
    """A bust on a foot that is wide and deep enough, its lower end carried straight down."""
    rows, columns = bust.cells.shape
    lowest = rows - 1 - np.argmax(bust.cells[::-1], axis=0)
    first, end = np.flatnonzero(lowest >= rows - math.ceil(HEM * rows))[[0, -1]] + [0, 1]
    cells = bust.cells.copy()
    cells[:, first:end] |= np.arange(rows)[:, None] > lowest[first:end]
    # Every node below the last of its column is as high as that one.
    last = np.where(nodes_of(bust.cells), np.arange(rows + 1)[:, None], 0)
    last = np.maximum.accumulate(last, axis=0)
    heights = np.take_along_axis(bust.heights, last, axis=0)

    # Its middle, in cells from the left and in millimetres from the back and the ground.
    mean = np.where(cells, _means_of_nodes(heights), 0).astype(np.float64)
    volume = mean.sum()
    middle = (mean.sum(axis=0) @ (np.arange(columns) + 0.5)) / volume
    before = (mean * mean).sum() / (2 * volume)
    foot = max(2, math.ceil(FOOT * rows))
    above = (mean.sum(axis=1) @ (rows + foot - 0.5 - np.arange(rows))) / volume * bust.down
    lean = above * math.tan(math.radians(STEADY))
    reach = lean / bust.across
    first = max(0, min(first, math.floor(middle - reach)))
    end = min(columns, max(end, math.ceil(middle + reach)))
    deep = max(before + lean, float(np.median(heights[-1][nodes_of(cells)[-1]])))
    base = np.zeros((foot, columns), bool)
    base[:, first:end] = True
    heights = np.concatenate([heights[:-1], np.full((foot + 1, columns + 1), deep, np.float32)])
    return dataclasses.replace(
        bust,
        heights=heights,
        cells=np.concatenate([cells, base]),
        foot=foot,
        behind=max(0.0, lean - before),
    )


def _plate(geometry: FaceGeometry, params: GeometryParams, options: SolidParams) -> _HeightField:
    h, w = geometry.photo.height, geometry.photo.width
    border = options.border
    pixel = (options.width_mm - 2 * border) / w
    width, height = options.width_mm, h * pixel + 2 * border
    stands = options.style == "lithophane"
    whole = height * (1 + FOOT * stands)
    columns, rows = _plate_cells(width, whole, pixel, options.n_faces)
    foot = max(2, math.ceil(FOOT * rows / (1 + FOOT))) if stands else 0
    rows = max(1, rows - foot)
    across, down = width / columns, height / rows

    # Each node stands for the pixels around it, and what is no pixel is border.
    x = (np.arange(columns + 1) * across - border) / pixel
    y = (np.arange(rows + 1) * down - border) / pixel
    in_x, in_y = (x >= 0) & (x <= w), (y >= 0) & (y <= h)
    edges = [
        np.concatenate([[0], (at[1:] + at[:-1]) / 2, [size]])
        for at, size in ((y[in_y], h), (x[in_x], w))
    ]
    heights = np.zeros((rows + 1, columns + 1), np.float32)
    out = 0.0
    if stands:
        bright = area_means(lightness(geometry.photo.rgb), *edges) / 100
        heights[:] = options.thickest_mm
        span = options.thickest_mm - options.thinnest_mm
        heights[np.ix_(in_y, in_x)] -= np.float32(span) * np.clip(bright, 0, 1)
        # As far to the front as to the back, so that it stands whatever the photo shows.
        out = (height / 2 + foot * down) * math.tan(math.radians(STEADY))
        before = np.full((foot, columns + 1), options.thickest_mm + out, np.float32)
        heights = np.concatenate([heights, before])
    else:
        depth, body = _body(geometry, params)
        depth, back = _with_back(depth, body)
        size = geometry.curve(params).subject_depth / geometry.camera(params).fy  # of a pixel
        rise = np.where(body, back - depth, 0) * (pixel / size)
        rise = np.minimum(rise, np.quantile(rise[body], 1 - STRAY_NEAR))
        heights[np.ix_(in_y, in_x)] = _pressed(area_means(rise, *edges), options.depth)
        heights += np.float32(options.wall)
    cells = np.ones((rows + foot, columns), bool)
    return _HeightField(heights, cells, across, down, pixel, foot, out)


def _plate_cells(width: float, height: float, pixel: float, n_faces: int) -> tuple[int, int]:
    """Columns and rows of nearly square cells, no finer than `pixel`."""
    # Two triangles a cell, six for each cell along the rim, and two behind a foot.
    n_faces -= 2
    around = 3 * (width + height)
    spacing = (around + math.sqrt(around**2 + 2 * n_faces * width * height)) / n_faces
    spacing = max(pixel, spacing)
    while True:
        columns, rows = (max(1, int(length / spacing + 1e-6)) for length in (width, height))
        if 2 * columns * rows + 6 * (columns + rows) <= n_faces:
            return columns, rows
        spacing *= 1.01


def _body(
    geometry: FaceGeometry, params: GeometryParams
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Depth of every pixel, and which are solid: the surface, and the cracks within it.

    A surface is cut at depth edges, as between chin and chest, where nothing is known;
    a solid has a step there. Cracks are what a square of `WIDEST_CRACK` cannot enter.
    """
    depth, on_surface = geometry.surface_depth(params)
    side = max(2, round(WIDEST_CRACK * depth.shape[0]))
    joined = ~opened(np.pad(~on_surface, side, constant_values=True), side)
    body = on_surface | joined[side:-side, side:-side] & (geometry.nearness >= params.cutoff)
    return depth, body


def _with_back(
    depth: NDArray[np.float32], body: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], float]:
    """Depth that nowhere passes the farthest place, and how far that is."""
    if not body.any():
        raise ValueError(f"nothing is left to be printed; {TO_KEEP_MORE}")
    back = float(np.quantile(depth[body], 1 - STRAY))
    return np.minimum(depth, np.float32(back)), back


def _pressed(rise: NDArray, depth_mm: float | None) -> NDArray[np.float32]:
    """Heights of 0 and more, made at most `depth_mm`, in proportion."""
    rise = np.maximum(rise, 0).astype(np.float32)
    highest = float(rise.max())
    if depth_mm is not None and highest > 0:
        rise *= np.float32(depth_mm / highest)
    return rise


def _box(cells: NDArray[np.bool_]) -> tuple[tuple[int, int], tuple[int, int]]:
    """First row and one past the last, and the same of columns."""
    rows, columns = np.nonzero(cells)
    return (rows.min(), rows.max() + 1), (columns.min(), columns.max() + 1)


def _cells_between(nodes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The cells whose four nodes all are there."""
    return nodes[:-1, :-1] & nodes[1:, :-1] & nodes[:-1, 1:] & nodes[1:, 1:]


def _rims(cells: NDArray[np.bool_]) -> list[tuple[NDArray[np.bool_], tuple[int, int], tuple]]:
    """Cells with nothing beside them, for each side, with its corners (from, to)."""
    c = np.pad(cells, 1)
    return [
        (cells & ~c[1:-1, :-2], (0, 0), (1, 0)),  # left side, downwards
        (cells & ~c[2:, 1:-1], (1, 0), (1, 1)),
        (cells & ~c[1:-1, 2:], (1, 1), (0, 1)),
        (cells & ~c[:-2, 1:-1], (0, 1), (0, 0)),
    ]


def _means_of_nodes(nodes: NDArray) -> NDArray:
    """Means of the four nodes of each cell."""
    return (nodes[:-1, :-1] + nodes[1:, :-1] + nodes[:-1, 1:] + nodes[1:, 1:]) / 4


def _count_faces(cells: NDArray[np.bool_]) -> int:
    rim = sum(int(np.count_nonzero(side)) for side, _, _ in _rims(cells))
    n_cells = int(np.count_nonzero(cells))
    return 2 * n_cells + 3 * rim + 2 if cells.all() else 4 * n_cells + 2 * rim


def _closed(field: _HeightField) -> Surface:
    """Top, walls and underside, on the printer's bed."""
    rows, columns = field.heights.shape
    n = rows * columns
    node = np.arange(n, dtype=np.int32).reshape(rows, columns)
    top = triangles(field.cells)
    rim = np.concatenate(
        [
            np.stack([node[i : rows - 1 + i, j : columns - 1 + j][side] for i, j in ends], axis=1)
            for side, *ends in _rims(field.cells)
        ]
    )
    start, end = rim.T  # as the top's triangles run along their rim
    walls = np.concatenate(
        [np.stack([end, start, start + n], axis=1), np.stack([end, start + n, end + n], axis=1)]
    )
    x = (np.arange(columns) - (columns - 1) / 2) * field.across
    y = (np.arange(rows) - (rows - 1) / 2) * field.down
    vertices = np.zeros((2 * n, 3))
    vertices[:, 0] = np.tile(x, 2 * rows)
    vertices[:, 1] = np.tile(np.repeat(y, columns), 2)
    vertices[:n, 2] = -field.heights.ravel()
    vertices[n:, 2] = np.repeat(np.arange(rows) >= rows - field.foot, columns) * field.behind
    # A rectangle's underside needs no grid: fans from the middle of what is flat will do.
    if field.cells.all():
        under, corners = _fans(rows, columns, field.foot)
        middles = vertices[n + corners].mean(axis=1)
    else:
        under, middles = top[:, ::-1], np.zeros((0, 3))
    faces = np.concatenate([top, walls, under + np.int32(n)])
    vertices = np.concatenate([vertices, middles])
    if field.foot:  # upright, the face to the front
        x, y, z = vertices.T
        y, z = -z, y - y.max()
        vertices = np.stack([x, y - (y.max() + y.min()) / 2, z], axis=1)

    used = np.zeros(len(vertices), bool)
    used[faces] = True
    renumbered = (np.cumsum(used) - 1).astype(np.int32)
    return Surface(vertices[used].astype(np.float32), renumbered[faces], unit="mm")


def _fans(rows: int, columns: int, foot: int) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """The underside of a rectangle of nodes, as few triangles, seen from below.

    Returns
    -------
    faces : (m, 3) int32
        The middle of the k-th fan is number `rows * columns + k`.
    corners : (k, 4) intp
        The corners of what each fan covers.
    """
    node = np.arange(rows * columns).reshape(rows, columns)
    parts = [(0, rows - 1)]
    if foot:  # above it, and the foot itself; between the two it steps back
        parts = [(0, rows - 1 - foot), (rows - foot, rows - 1)]
    faces, corners = [], []
    for k, (above, below) in enumerate(parts):
        left, right = node[above : below + 1, 0], node[above : below + 1, -1]
        # Where another part begins only the ends of its edge are corners.
        upper = node[above] if above == 0 else node[above, [0, -1]]
        lower = node[below] if below == rows - 1 else node[below, [0, -1]]
        around = np.concatenate([left, lower[1:], right[::-1][1:], upper[::-1][1:]])
        start, end = around[:-1], around[1:]
        faces.append(np.stack([np.full_like(start, rows * columns + k), end, start], axis=1))
        corners.append([left[0], left[-1], right[0], right[-1]])
    if foot:
        a, b = node[rows - 1 - foot, [0, -1]]
        c, d = node[rows - foot, [0, -1]]
        faces.append(np.array([[a, b, c], [b, d, c]]))
    return np.concatenate(faces).astype(np.int32), np.array(corners)
