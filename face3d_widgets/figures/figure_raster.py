"""A figure's traces drawn without a browser."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont

from face3d_widgets.figures.coloring import colored_parts
from face3d_widgets.figures.errors import FigureError
from face3d_widgets.figures.raster import Dots, Lines, Shape, Triangles, render
from face3d_widgets.figures.raster_view import RasterView
from face3d_widgets.geometry import vertex_normals

__all__ = ["FigureRaster"]

# Plotly draws a marker as a letter, which `static/markers.js` gives it, and half a line:
# sides, diameters and widths in screen pixels for one of the size that it is given,
# measured on its pictures.
_SQUARE, _DISC, _LINE = 1.912, 1.716, 0.5


class FigureRaster:
    """A 3D figure of ours, read once, to be drawn from many sides.

    It draws the traces that `FaceFigure` makes: points, a mesh, lines and their texts.
    What is partly clear is blended with what is behind it, but not with itself.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        As `figure_as_shown` gives it.
    scene : str
        Of several 3D scenes, the one that is drawn.

    Raises
    ------
    FigureError
        For a figure without a 3D scene, such as a depth map.
    """

    def __init__(self, figure: go.Figure, scene: str = "scene") -> None:
        self._scene: dict[str, Any] = figure.layout[scene].to_plotly_json()
        if not {"xaxis", "yaxis", "zaxis", "aspectratio"} <= self._scene.keys():
            raise FigureError(
                "Without a browser only the 3D view can be drawn; install Chrome or Chromium "
                "for other figures, for instance with: plotly_get_chrome."
            )
        if "range" not in self._scene["xaxis"]:
            raise FigureError("There is nothing in this figure yet; draw a scene into it first.")
        self._shapes: list[Shape] = []
        self._meshes: list[tuple[int, dict[str, Any], NDArray[np.float32]]] = []
        self._labels: list[tuple[NDArray[np.float32], list[str], dict[str, Any]]] = []
        self._bars: list[tuple[dict[str, Any], NDArray[np.uint8]]] = []
        for trace in figure.data:
            if trace.visible is False or (trace.scene or "scene") != scene:
                continue
            if len(trace.x):
                self._read(trace.to_plotly_json())

    def draw(
        self,
        width: int,
        height: int,
        pixel_ratio: float = 1.0,
        camera: dict[str, Any] | None = None,
        background: tuple[int, int, int] | None = (255, 255, 255),
        samples: int = 2,
    ) -> NDArray[np.uint8]:
        """Draw it.

        Parameters
        ----------
        width, height : int
            Pixels of the picture.
        pixel_ratio : float
            Pixels of the picture for one on the screen: sizes and widths grow with it.
        camera : dict or None
            In Plotly's words, instead of the figure's own.
        background : (red, green, blue) or None
            None is transparent.
        samples : int
            Rays along each side of a pixel.

        Returns
        -------
        (height, width, 4) uint8, sRGB and alpha
        """
        view = RasterView.of_scene(self._scene, camera)
        shapes = list(self._shapes)
        for index, trace, normals in self._meshes:
            mesh = shapes[index]
            assert isinstance(mesh, Triangles)
            lit = (trace["lighting"], trace["lightposition"], width / height)
            shade = view.shade(mesh.points, normals, *lit)
            shapes[index] = Triangles(mesh.points, mesh.faces, mesh.colors, shade, mesh.opacity)
        image = render(shapes, view, width, height, pixel_ratio, background, samples)
        if self._labels or self._bars:
            return self._lettered(image, view, pixel_ratio)
        return image

    def _read(self, trace: dict[str, Any]) -> None:
        points = np.stack([np.asarray(trace[axis], np.float32) for axis in "xyz"], axis=1)
        opacity = float(trace.get("opacity", 1.0))
        for colored in colored_parts(trace):
            if colored.get("showscale"):
                self._bars.append((colored["colorbar"], _lut(colored["colorscale"])))
        if trace["type"] == "mesh3d":
            self._read_mesh(trace, points, opacity)
            return
        mode = trace.get("mode", "")
        if "lines" in mode:
            line = trace["line"]
            colors = _colors(line, len(points))
            width = _LINE * float(line.get("width", 2))
            self._shapes.append(Lines(points, colors, width, opacity))
        if "markers" in mode:
            self._read_markers(trace["marker"], points, opacity)
        if "text" in mode and trace.get("text") is not None:
            self._labels.append((points, list(trace["text"]), trace))

    def _read_markers(
        self, marker: dict[str, Any], points: NDArray[np.float32], opacity: float
    ) -> None:
        opacity *= float(marker.get("opacity", 1.0))
        if opacity == 0:
            return
        disc = marker.get("symbol") == "circle"
        size = np.asarray(marker.get("size", 8), np.float32)
        if size.ndim:  # Plotly draws sizes of their own half as large as one for all
            size = size * np.float32(0.5)
        size = np.broadcast_to(size, len(points))
        self._shapes.append(
            Dots(
                points,
                _colors(marker, len(points)),
                np.array(size) * np.float32(_DISC if disc else _SQUARE),
                disc,
                opacity,
            )
        )

    def _read_mesh(
        self, trace: dict[str, Any], points: NDArray[np.float32], opacity: float
    ) -> None:
        faces = np.stack([np.asarray(trace[corner], np.int32) for corner in "ijk"], axis=1)
        scale = {**trace, "color": trace["intensity"]}
        mesh = Triangles(points, faces, _colors(scale, len(faces)), None, opacity)
        if trace["lighting"]["diffuse"] > 0 and len(faces):
            self._meshes.append((len(self._shapes), trace, vertex_normals(points, faces)))
        self._shapes.append(mesh)

    def _lettered(
        self, image: NDArray[np.uint8], view: RasterView, pixel_ratio: float
    ) -> NDArray[np.uint8]:
        height, width = image.shape[:2]
        picture = Image.fromarray(image)
        pen = ImageDraw.Draw(picture)
        for points, texts, trace in self._labels:
            font = trace["textfont"]
            letters = _font(round(font["size"] * pixel_ratio))
            above = trace["textposition"].startswith("top")
            lift, anchor = (0.6 * letters.size, "ms") if above else (0.0, "mm")
            x, y, nearness = view.to_screen(points, width, height)
            for at, text in enumerate(texts):
                if text and nearness[at] > 0:
                    where = (float(x[at]), float(y[at]) - lift)
                    pen.text(where, text, fill=font["color"], font=letters, anchor=anchor)
        for bar, lut in self._bars:
            _draw_bar(picture, pen, bar, lut, pixel_ratio)
        return np.array(picture)


def _draw_bar(
    picture: Image.Image,
    pen: ImageDraw.ImageDraw,
    bar: dict[str, Any],
    lut: NDArray[np.uint8],
    pixel_ratio: float,
) -> None:
    """A flat colour bar low in the middle, its title above and its numbers below."""
    letters, color = _font(round(bar["tickfont"]["size"] * pixel_ratio)), bar["tickfont"]["color"]
    width, height = picture.size
    long, thick = round(bar["len"] * width), max(1, round(bar["thickness"] * pixel_ratio))
    left, gap = (width - long) // 2, round(4 * pixel_ratio)
    top = height - thick - letters.size - 2 * gap
    strip = np.broadcast_to(lut[np.linspace(0, 255, long).round().astype(int)], (thick, long, 3))
    picture.paste(Image.fromarray(np.ascontiguousarray(strip)), (left, top))
    title = (width / 2, top - gap)
    pen.text(title, bar["title"]["text"], fill=color, font=letters, anchor="ms")
    for value, text in zip(bar["tickvals"], bar["ticktext"], strict=True):
        where = (left + long * value / 255, top + thick + gap)
        pen.text(where, text, fill=color, font=letters, anchor="mt")


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    return ImageFont.load_default(max(size, 6))


def _colors(source: dict[str, Any], n: int) -> NDArray[np.uint8]:
    """(n, 3) uint8: one colour for all, or bytes on a colour scale."""
    color = source["color"]
    if isinstance(color, str):
        rgb = np.array(ImageColor.getrgb(color)[:3], np.uint8)
        return np.broadcast_to(rgb, (n, 3))
    return _lut(source["colorscale"])[np.asarray(color, np.uint8)]


def _lut(stops: list[Any]) -> NDArray[np.uint8]:
    """(256, 3) uint8: a colour scale's colours at each byte."""
    places = np.array([place for place, _ in stops])
    table = np.array([[int(part) for part in re.findall(r"\d+", rgb)] for _, rgb in stops])
    at = np.linspace(0, 1, 256)
    lut = np.stack([np.interp(at, places, table[:, k]) for k in range(3)], axis=1)
    return np.round(lut).astype(np.uint8)
