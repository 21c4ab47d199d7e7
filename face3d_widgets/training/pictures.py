"""Sheets of pictures to look at: photo, maps, and shaded reliefs, several persons on each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from face3d_widgets.depth.preprocess import largest_region
from face3d_widgets.figures import colormap_lut
from face3d_widgets.figures.cameras import eye_at
from face3d_widgets.figures.raster import Triangles, render
from face3d_widgets.figures.raster_view import RasterView
from face3d_widgets.geometry import back_project, vertex_normals
from face3d_widgets.types import Intrinsics

__all__ = ["error_picture", "map_picture", "relief_picture", "sheet"]

# Degrees from the front: a view in which nose and brow stand out against the cheek.
THREE_QUARTER = 40.0
# A depth edge: the surface there is steeper than this, in degrees, and would be a curtain.
_STEEPEST = 82.0
_CLAY = (214, 207, 199)
# Two lights that go with the viewer, as (right, down, forward), and how strong they are.
# The main one comes from high on the left: grazing light shows terraces and seams.
_LIGHTS = (((-0.7, -0.6, -0.5), 0.85), ((0.5, 0.0, -0.9), 0.35))
_AMBIENT = 0.1
_DISTANCE = 1.35  # of the camera, in the larger side of what it sees
# Up to so many triangles a relief; finer ones are not seen on a sheet.
_VERTICES = 70_000
_GROUND = (255, 255, 255)
_GAP = 4


def relief_picture(
    depth: NDArray[np.floating],
    mask: NDArray[np.bool_],
    camera: Intrinsics,
    size: int = 300,
    azimuth: float = THREE_QUARTER,
    framed: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """The surface in one colour under two lights.

    Parameters
    ----------
    depth : (h, w) float
        Along the optical axis, in any unit.
    mask : (h, w) bool
        What of it is shown.
    camera : Intrinsics
    size : int
        Side of the picture in pixels.
    azimuth : float
        Degrees to the viewer's right of straight before the face.
    framed : (h, w) bool, optional
        What shall fill the picture, such as the head, the largest where there are several;
        all that is shown where left out.

    Returns
    -------
    (size, size, 3) uint8, sRGB
        White where nothing is.
    """
    mask = mask & np.isfinite(depth)
    step = max(1, int(np.ceil(np.sqrt(np.count_nonzero(mask) / _VERTICES))))
    points = back_project(np.where(mask, depth, 0).astype(np.float32), camera)[::step, ::step]
    faces = _triangles(points, mask[::step, ::step])
    if not len(faces):
        return np.full((size, size, 3), _GROUND, np.uint8)
    flat = points.reshape(-1, 3)
    normals = vertex_normals(flat, faces)
    shade = np.full(len(flat), _AMBIENT, np.float32)
    turn = np.radians(azimuth)
    for (right, down, forward), strength in _LIGHTS:
        light = np.array(
            [
                right * np.cos(turn) - forward * np.sin(turn),
                down,
                right * np.sin(turn) + forward * np.cos(turn),
            ],
            np.float32,
        )
        light /= np.linalg.norm(light)
        shade += np.float32(strength) * np.maximum(normals @ light, 0)
    wanted = faces
    if framed is not None and framed.any():
        wanted_at = largest_region(framed & mask)[::step, ::step].ravel()
        inside = faces[wanted_at[faces].all(axis=1)]
        wanted = inside if len(inside) else faces
    view = _view(flat[np.unique(wanted)], azimuth)
    triangles = Triangles(
        _for_screen(flat),
        faces,
        np.full((len(faces), 3), _CLAY, np.uint8),
        np.minimum(shade, 1),
    )
    return render([triangles], view, size, size, background=_GROUND)[..., :3]


def map_picture(
    values: NDArray[np.floating],
    limits: tuple[float, float],
    mask: NDArray[np.bool_] | None = None,
    colormap: str = "Viridis",
) -> NDArray[np.uint8]:
    """A map in colours.

    Parameters
    ----------
    values : (h, w) float
        NaN is left white.
    limits : (low, high)
        Values of the first and the last colour; what is beyond has the colour of the end.
    mask : (h, w) bool, optional
        What is shown; the rest is white.
    colormap : str
        One of `face3d_widgets.figures.COLORMAPS`.

    Returns
    -------
    (h, w, 3) uint8, sRGB
    """
    low, high = limits
    share = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
    return _in_colors(share, colormap_lut(colormap), mask)


def error_picture(error: NDArray[np.floating], limit: float) -> NDArray[np.uint8]:
    """A signed error in colours: blue is below 0, white is none, red is above.

    Parameters
    ----------
    error : (h, w) float
        NaN is grey.
    limit : float
        Above 0; the full colours stand for this much and more.

    Returns
    -------
    (h, w, 3) uint8, sRGB
    """
    along = np.linspace(-1, 1, 255)[:, None]
    white, blue, red = (np.array(c, np.float64) for c in ((247,) * 3, (33, 77, 160), (170, 20, 40)))
    lut = white + np.abs(along) * (np.where(along < 0, blue, red) - white)
    share = np.clip(error / limit, -1, 1) / 2 + 0.5
    picture = _in_colors(share, np.rint(lut).astype(np.uint8))
    picture[np.isnan(error)] = 225
    return picture


def sheet(
    rows: Sequence[tuple[str, Sequence[NDArray[np.uint8]]]], titles: Sequence[str], size: int = 300
) -> Image.Image:
    """Pictures in rows and columns.

    Parameters
    ----------
    rows : sequence of (caption, pictures)
        One row a person; pictures are (h, w, 3) uint8 of any size and are fitted, their
        shapes kept.
    titles : sequence of str
        One for each column.
    size : int
        Side of each cell in pixels.
    """
    line = 20
    width = len(titles) * (size + _GAP) + _GAP
    height = line + len(rows) * (size + line + _GAP) + _GAP
    result = Image.new("RGB", (width, height), _GROUND)
    draw = ImageDraw.Draw(result)
    font = ImageFont.load_default(13)
    for column, title in enumerate(titles):
        draw.text((_GAP + column * (size + _GAP), 2), title, (0, 0, 0), font)
    for row, (caption, pictures) in enumerate(rows):
        top = line + row * (size + line + _GAP)
        for column, picture in enumerate(pictures):
            image = Image.fromarray(picture)
            scale = size / max(image.size)
            fitted = image.resize(
                (max(1, round(image.width * scale)), max(1, round(image.height * scale))),
                Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC,
            )
            left = _GAP + column * (size + _GAP)
            result.paste(
                fitted, (left + (size - fitted.width) // 2, top + (size - fitted.height) // 2)
            )
        draw.text((_GAP, top + size + 2), caption, (60, 60, 60), font)
    return result


def _in_colors(
    share: NDArray[np.floating], lut: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    known = np.isfinite(share) if mask is None else np.isfinite(share) & mask
    index = np.rint(np.where(known, share, 0) * (len(lut) - 1)).astype(np.intp)
    picture = lut[index]
    picture[~known] = _GROUND
    return picture


def _triangles(points: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Two triangles for each square of four shown pixels, none across a depth edge."""
    h, w = mask.shape
    number = np.arange(h * w, dtype=np.int32).reshape(h, w)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    whole = mask[:-1, :-1] & mask[:-1, 1:] & mask[1:, :-1] & mask[1:, 1:]
    faces = np.stack([a, c, b, b, c, d], axis=-1)[whole].reshape(-1, 3)
    corners = points.reshape(-1, 3)[faces]
    fall = np.ptp(corners[..., 2], axis=1)
    across = np.hypot(np.ptp(corners[..., 0], axis=1), np.ptp(corners[..., 1], axis=1))
    return faces[fall < np.tan(np.radians(_STEEPEST)) * across]


def _for_screen(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """From the camera frame to x right, y back, z up, as figures have it."""
    return np.ascontiguousarray(points[:, [0, 2, 1]] * np.array([1, 1, -1], np.float32))


def _view(points: NDArray[np.float32], azimuth: float) -> RasterView:
    """A camera that sees all but the outermost hundredth of the points."""
    shown = _for_screen(points).astype(np.float64)
    ends = np.quantile(shown, [0.005, 0.995], axis=0)
    middle, half = ends.mean(axis=0), float(np.ptp(ends, axis=0)[[0, 2]].max()) / 2
    eye = eye_at(azimuth, 4.0, _DISTANCE)
    return RasterView(
        # What lies farther off than the shown part is wide is somebody else.
        middle - 2 * half,
        middle + 2 * half,
        np.full(3, 2.0),
        np.array([eye["x"], eye["y"], eye["z"]]),
        np.zeros(3),
        np.array([0.0, 0.0, 1.0]),
    )
