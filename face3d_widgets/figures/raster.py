"""A small renderer in NumPy: triangles, dots and lines through a z-buffer.

It draws where no browser does: the frames of a turntable, and a picture on a machine
without any. Its camera and its light are those of Plotly's 3D scenes, so that a
picture shows what the screen showed.

Of all that covers a pixel, the nearest stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.figures.fragments import (
    along_lines,
    disc_fragments,
    draw_squares,
    in_parts,
    keys_of,
    triangle_fragments,
)
from face3d_widgets.figures.raster_view import RasterView

__all__ = ["Dots", "Lines", "Shape", "Triangles", "render"]


@dataclass(frozen=True, eq=False)
class Triangles:
    """A surface.

    Attributes
    ----------
    points : (n, 3) float32
        In the box's own coordinates, as a trace has them. Rows of NaN are left out.
    faces : (m, 3) int32
    colors : (m, 3) uint8, sRGB
    shade : (n,) float32 or None
        Factor of each point's colour, 0 to 1; its corners' mean is a face's.
    opacity : float
    """

    points: NDArray[np.float32]
    faces: NDArray[np.int32]
    colors: NDArray[np.uint8]
    shade: NDArray[np.float32] | None = None
    opacity: float = 1.0


@dataclass(frozen=True, eq=False)
class Dots:
    """Points of a size on the screen.

    Attributes
    ----------
    points : (n, 3) float32
    colors : (n, 3) uint8, sRGB
    size : (n,) float32
        Side or diameter in screen pixels.
    round : bool
        Discs, or else squares.
    opacity : float
    """

    points: NDArray[np.float32]
    colors: NDArray[np.uint8]
    size: NDArray[np.float32]
    round: bool = False
    opacity: float = 1.0


@dataclass(frozen=True, eq=False)
class Lines:
    """Polylines; a row of NaN lifts the pen.

    Attributes
    ----------
    points : (n, 3) float32
    colors : (n, 3) uint8, sRGB
        Of each point; a piece of line has the colour of where it begins.
    width : float
        In screen pixels.
    opacity : float
    """

    points: NDArray[np.float32]
    colors: NDArray[np.uint8]
    width: float = 1.0
    opacity: float = 1.0


Shape = Triangles | Dots | Lines


def render(
    shapes: Sequence[Shape],
    view: RasterView,
    width: int,
    height: int,
    pixel_ratio: float = 1.0,
    background: tuple[int, int, int] | None = (255, 255, 255),
    samples: int = 2,
) -> NDArray[np.uint8]:
    """Draw.

    Parameters
    ----------
    shapes : sequence of Triangles, Dots and Lines
        What is solid hides what is behind it; what is clear is blended over it, each
        shape with its foremost layer, in this order.
    view : RasterView
    width, height : int
        Pixels of the result.
    pixel_ratio : float
        Pixels of the result for one on the screen: sizes and widths grow with it.
    background : (red, green, blue) or None
        None is transparent.
    samples : int
        Rays along each side of a pixel; 2 smooths edges.

    Returns
    -------
    (height, width, 4) uint8, sRGB and alpha, not premultiplied
    """
    w, h = width * samples, height * samples
    scale = pixel_ratio * samples
    nearest = np.zeros(w * h, np.uint64)
    ground = (0, 0, 0, 0) if background is None else (*background, 255)
    colors = [np.array([ground], np.uint8)]  # what is 0 in `nearest`
    for shape in (shape for shape in shapes if shape.opacity >= 1):
        _draw(nearest, shape, view, w, h, scale, sum(map(len, colors)))
        opaque = np.full((len(shape.colors), 4), 255, np.uint8)
        opaque[:, :3] = _colors_of(shape)
        colors.append(opaque)
    # Four bytes as one number, which is quicker to take.
    table = np.concatenate(colors).view(np.uint32).ravel()
    image = table[_source(nearest)].view(np.uint8).reshape(-1, 4)
    for shape in (shape for shape in shapes if 0 < shape.opacity < 1):
        front = np.zeros(w * h, np.uint64)
        _draw(front, shape, view, w, h, scale, 0)
        _blend(image, front, nearest, _colors_of(shape), shape.opacity)
    return _reduced(image.reshape(h, w, 4), samples, background is not None)


def _draw(
    nearest: NDArray[np.uint64],
    shape: Shape,
    view: RasterView,
    w: int,
    h: int,
    scale: float,
    offset: int,
) -> None:
    """Bring a shape's fragments into a picture of keys: nearness above, colour below.

    The bits of floats above zero sort as the numbers do, so the largest key of a pixel is
    what is seen there.
    """
    place = np.stack(view.to_screen(shape.points, w, h))
    if isinstance(shape, Triangles):
        a, b, c = shape.faces.T
        seen = (place[2][a] > 0) & (place[2][b] > 0) & (place[2][c] > 0)
        source = np.flatnonzero(seen).astype(np.int32)
        for part in in_parts(source):
            found = triangle_fragments(place[:, shape.faces[part].T], part, w, h)
            np.maximum.at(nearest, found.pixels, keys_of(found.nearness, found.source + offset))
    elif isinstance(shape, Lines):
        size = max(shape.width * scale, 1.0)
        place, source = along_lines(place, size)
        draw_squares(nearest, place, keys_of(place[2], source + offset), size, w, h)
    else:
        for size in np.unique(shape.size[shape.size > 0]).tolist():
            source = np.flatnonzero((place[2] > 0) & (shape.size == size)).astype(np.int32)
            at, size = place[:, source], max(size * scale, 1.0)
            if not shape.round:
                draw_squares(nearest, at, keys_of(at[2], source + offset), size, w, h)
                continue
            for part in in_parts(np.arange(len(source), dtype=np.int32)):
                found = disc_fragments(at[:, part], size, source[part], w, h)
                np.maximum.at(nearest, found.pixels, keys_of(found.nearness, found.source + offset))


def _source(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _blend(
    image: NDArray[np.uint8],
    front: NDArray[np.uint64],
    solid: NDArray[np.uint64],
    colors: NDArray[np.uint8],
    opacity: float,
) -> None:
    """Lay what is in front of the solid shapes over the picture."""
    hit = np.flatnonzero((front >> np.uint64(32)) > (solid >> np.uint64(32)))
    color = colors[_source(front[hit])]
    under = image[hit].astype(np.float32)
    left = under[:, 3:] * np.float32((1 - opacity) / 255)
    alpha = np.float32(opacity) + left
    image[hit, :3] = np.round((color * np.float32(opacity) + under[:, :3] * left) / alpha)
    image[hit, 3:] = np.round(alpha * 255)


def _reduced(image: NDArray[np.uint8], samples: int, solid: bool) -> NDArray[np.uint8]:
    """The mean of each block of samples; colours count by their alpha."""
    if samples == 1:
        return image
    parts = [image[i::samples, j::samples] for i in range(samples) for j in range(samples)]
    if solid:
        total = parts[0].astype(np.uint16)
        for part in parts[1:]:
            total += part
        total += np.uint16(samples**2 // 2)
        return (total // np.uint16(samples**2)).astype(np.uint8)
    alpha = sum(part[..., 3:].astype(np.float32) for part in parts)
    color = sum(part[..., :3].astype(np.float32) * part[..., 3:] for part in parts)
    color /= np.maximum(alpha, 1)
    mean = np.concatenate([color, alpha / np.float32(samples**2)], axis=2)
    return np.round(mean).astype(np.uint8)


def _colors_of(shape: Shape) -> NDArray[np.uint8]:
    if not isinstance(shape, Triangles) or shape.shade is None:
        return shape.colors
    a, b, c = shape.faces.T
    factor = (shape.shade[a] + shape.shade[b] + shape.shade[c]) / np.float32(3)
    return np.round(shape.colors * factor[:, None]).astype(np.uint8)
