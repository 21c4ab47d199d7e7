"""The one 3D figure: points, a mesh and the axes, each a trace, updated in place.

Plotly's axes here: x to the right, y away from the viewer, z up, so that the
turntable keeps a face upright. Origin: the middle of the subject.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from face3d_widgets.figures.colormaps import colormap_lut, to_colorscale
from face3d_widgets.figures.palette import PhotoPalette
from face3d_widgets.geometry import Framing, SubjectStats
from face3d_widgets.types import Mesh, PointCloud, ViewParams

__all__ = ["HOME_EYE", "FaceFigure", "Scene"]

#: The camera at the start: a little to the side, so that depth shows.
HOME_EYE = {"x": 0.5, "y": -1.4, "z": 0.1}

_POINTS, _MESH, _AXES = 0, 1, 2
# Plotly draws nothing outside its box, so the box is this many times the
# subject's size and has room for the background; the scene is scaled to match.
_ROOM = 2.5

_AXES_COLOR = "#d9822b"
_PLAIN_LIGHT = {"ambient": 1.0, "diffuse": 0.0, "specular": 0.0, "fresnel": 0.0, "roughness": 1.0}
_SHADING_LIGHT = {
    "ambient": 0.5,
    "diffuse": 0.7,
    "specular": 0.05,
    "fresnel": 0.0,
    "roughness": 0.9,
}


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
    """

    shape: PointCloud | Mesh
    palette: PhotoPalette
    stats: SubjectStats
    framing: Framing

    @property
    def cloud(self) -> PointCloud:
        """The points, or the mesh's vertices."""
        return self.shape.vertices if isinstance(self.shape, Mesh) else self.shape


class FaceFigure:
    """Draws point clouds and meshes into one Plotly figure.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure or FigureWidget
        An empty figure of either kind; the widget updates in the browser.
    """

    def __init__(self, figure: go.Figure) -> None:
        self.figure = figure
        self._sent: dict[str, Any] = {}
        empty = np.zeros(0, np.float32)
        with figure.batch_update():
            figure.add_trace(
                go.Scatter3d(
                    x=empty,
                    y=empty,
                    z=empty,
                    mode="markers",
                    hoverinfo="skip",
                    marker={"symbol": "square", "cmin": 0, "cmax": 255, "line": {"width": 0}},
                    name="points",
                )
            )
            figure.add_trace(
                go.Mesh3d(
                    x=empty,
                    y=empty,
                    z=empty,
                    intensitymode="cell",
                    # Colours are looked up in a texture of 256: aim at the middle of each.
                    cmin=-0.5,
                    cmax=255.5,
                    showscale=False,
                    hoverinfo="skip",
                    lightposition={"x": 0, "y": -1000, "z": 500},
                    name="mesh",
                )
            )
            figure.add_trace(
                go.Scatter3d(
                    x=empty,
                    y=empty,
                    z=empty,
                    mode="lines+text",
                    text=["", "right", "", "up", "", "nearer"],
                    textfont={"size": 15, "color": _AXES_COLOR},
                    line={"width": 5, "color": _AXES_COLOR},
                    hoverinfo="skip",
                    name="axes",
                )
            )
            figure.update_layout(_layout())

    def draw(self, scene: Scene, view: ViewParams) -> None:
        """Show a scene; only what changed since the last call is sent.

        The camera stays where the person put it.
        """
        with self.figure.batch_update():
            is_mesh = isinstance(scene.shape, Mesh)
            self._send("visible", is_mesh, self._set_visible)
            self._send("radius", round(scene.framing.radius, 4), self._set_radius)
            self._send("axes", view.axes, self._set_axes)
            if is_mesh:
                self._draw_mesh(scene, view)
            else:
                self._draw_points(scene, view)

    def reset_camera(self) -> None:
        """Back to the view of the start."""
        self.figure.update_layout(scene_camera=_home_camera())

    def _draw_points(self, scene: Scene, view: ViewParams) -> None:
        marker = self.figure.data[_POINTS].marker
        self._place(_POINTS, scene)
        self._send("size", view.point_size, lambda v: setattr(marker, "size", v))
        self._send("points-opacity", view.opacity, lambda v: setattr(marker, "opacity", v))

        scale = _color_scale_of(scene, view)
        self._send("points-scale", scale, lambda v: setattr(marker, "colorscale", _stops(v)))
        self._send(
            "points-color",
            (scale, scene.cloud.pixels, scene.stats),
            lambda _: setattr(marker, "color", _color_indices(scene, view)),
        )

    def _draw_mesh(self, scene: Scene, view: ViewParams) -> None:
        trace = self.figure.data[_MESH]
        faces = scene.shape.faces  # type: ignore[union-attr]
        self._place(_MESH, scene)
        self._send("faces", faces, self._set_faces)
        self._send("mesh-opacity", view.opacity, lambda v: setattr(trace, "opacity", v))
        light = _PLAIN_LIGHT if view.color_by == "photo" else _SHADING_LIGHT
        self._send("light", light, lambda v: setattr(trace, "lighting", v))

        scale = _color_scale_of(scene, view)
        self._send("mesh-scale", scale, lambda v: setattr(trace, "colorscale", _stops(v)))
        self._send(
            "mesh-color",
            (scale, faces, scene.stats),
            # A face takes the colour of its first corner: palette indices must
            # not be averaged.
            lambda _: setattr(trace, "intensity", _color_indices(scene, view)[faces[:, 0]]),
        )

    def _place(self, trace: int, scene: Scene) -> None:
        def set_points(cloud: PointCloud) -> None:
            center = np.asarray(scene.framing.center, np.float32)
            x, y, z = cloud.points.T
            # Contiguous 1-D float32 arrays travel to the browser as they are.
            self.figure.data[trace].update(
                x=x - center[0], y=z - center[2], z=center[1] - y, overwrite=True
            )

        self._send(f"points-{trace}", scene.cloud, set_points)

    def _set_visible(self, is_mesh: bool) -> None:
        self.figure.data[_POINTS].visible = not is_mesh
        self.figure.data[_MESH].visible = is_mesh

    def _set_faces(self, faces: NDArray[np.int32]) -> None:
        # Two bytes an index where that is enough: faces are most of what travels.
        small = faces.max(initial=0) < 2**16
        i, j, k = np.ascontiguousarray(faces.T, np.uint16 if small else np.int32)
        self.figure.data[_MESH].update(i=i, j=j, k=k, overwrite=True)

    def _set_radius(self, radius: float) -> None:
        for axis in ("xaxis", "yaxis", "zaxis"):
            self.figure.layout.scene[axis].range = [-_ROOM * radius, _ROOM * radius]
        # Three arrows from the lower left corner of the subject's box.
        start = np.array([-radius, 0, -radius], np.float32)
        ends = start + radius * np.array([[0.4, 0, 0], [0, 0, 0.4], [0, -0.4, 0]], np.float32)
        x, y, z = np.stack([(start, end) for end in ends]).reshape(-1, 3).T
        self.figure.data[_AXES].update(
            x=np.ascontiguousarray(x), y=np.ascontiguousarray(y), z=np.ascontiguousarray(z)
        )

    def _set_axes(self, visible: bool) -> None:
        self.figure.data[_AXES].visible = visible

    def _send(self, name: str, value: Any, setter: Callable[[Any], None]) -> None:
        """Call `setter(value)` unless the same value was sent before under this name."""
        if name in self._sent and _same(self._sent[name], value):
            return
        self._sent.pop(name, None)
        setter(value)
        self._sent[name] = value


def _color_scale_of(scene: Scene, view: ViewParams) -> PhotoPalette | str:
    """The photo's palette or a colour map's name."""
    return scene.palette if view.color_by == "photo" else view.colormap


def _stops(scale: PhotoPalette | str) -> list[list[float | str]]:
    if isinstance(scale, PhotoPalette):
        return scale.colorscale
    return to_colorscale(colormap_lut(scale))


def _color_indices(scene: Scene, view: ViewParams) -> NDArray[np.uint8]:
    """Each point's place on the colour scale, 0 to 255."""
    if view.color_by == "photo":
        return scene.palette.indices[scene.cloud.pixels]
    return depth_bytes(scene.cloud.inverse_depth, scene.stats)


def depth_bytes(values: NDArray[np.float32], stats: SubjectStats) -> NDArray[np.uint8]:
    """Inverse depth as 0 to 255 over the subject's range; only for the screen.

    Parameters
    ----------
    values : (n,) float32
    stats : SubjectStats
    """
    low, high = screen_range(stats)
    share = (values - np.float32(low)) * np.float32(255 / (high - low))
    return np.clip(share, 0, 255).astype(np.uint8)


def screen_range(stats: SubjectStats) -> tuple[float, float]:
    """Inverse depth shown black and white: the subject's range and a fifth more."""
    margin = 0.2 * max(stats.near - stats.far, 1e-6)
    return stats.far - 3 * margin, stats.near + margin


def _same(a: Any, b: Any) -> bool:
    """Equality that takes two arrays for equal only when they are one."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return a is b
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def _home_camera() -> dict[str, Any]:
    return {
        "eye": dict(HOME_EYE),
        "up": {"x": 0, "y": 0, "z": 1},
        "center": {"x": 0, "y": 0, "z": 0},
        "projection": {"type": "perspective"},
    }


def _layout() -> dict[str, Any]:
    hidden = {"visible": False}
    return {
        "autosize": True,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "uirevision": "the camera is the person's",
        "scene": {
            "xaxis": hidden,
            "yaxis": hidden,
            "zaxis": hidden,
            "aspectmode": "manual",
            "aspectratio": {"x": _ROOM, "y": _ROOM, "z": _ROOM},
            "bgcolor": "rgba(0,0,0,0)",
            "camera": _home_camera(),
            "dragmode": "turntable",
        },
    }
