"""The one 3D figure: points, a mesh, its edges and what lies over them, updated in place.

Each is a trace that is there from the start; drawing changes arrays and switches
traces on and off, so that Plotly never builds its scene anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from face3d_widgets.figures.cameras import Viewpoint, camera
from face3d_widgets.figures.coloring import (
    ColorScale,
    color_bar,
    color_bytes,
    color_scale_of,
    stops,
)
from face3d_widgets.figures.overlays import LabelledLines, axes_lines, dimension_lines, in_front
from face3d_widgets.figures.scene import Scene, to_figure_axes
from face3d_widgets.figures.sent import Sent
from face3d_widgets.figures.traces import (
    AXES,
    BOX,
    MEASUREMENT,
    MESH,
    POINTS,
    PROFILE,
    ROOM,
    WIREFRAME,
    empty_layout,
    empty_traces,
    light_of,
)
from face3d_widgets.figures.wireframe import edge_paths
from face3d_widgets.types import ViewParams

__all__ = ["FaceFigure"]

_SHAPES = {"points": POINTS, "mesh": MESH, "wireframe": WIREFRAME}


class FaceFigure:
    """Draws point clouds and meshes into one Plotly figure.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure or FigureWidget, optional
        An empty figure of either kind; the widget updates in the browser. A plain one is
        made where none is given.
    """

    def __init__(self, figure: go.Figure | None = None) -> None:
        self.figure = figure = go.Figure() if figure is None else figure
        self._sent = Sent()
        self._send = self._sent.send
        self._scene: Scene | None = None
        self._paths = np.zeros(0, np.int32)
        self._placed: NDArray[np.float32] | None = None
        self._measured: tuple[NDArray[np.float32], str] = (np.zeros((0, 3), np.float32), "")
        self._profile = np.zeros((0, 3), np.float32)
        with figure.batch_update():
            for trace in empty_traces():
                figure.add_trace(trace)
            figure.update_layout(empty_layout())

    def draw(self, scene: Scene, view: ViewParams) -> None:
        """Show a scene; only what changed since the last call is sent.

        The camera stays where the person put it.

        Raises
        ------
        ValueError
            For an unknown colour map, and for the normals of points that have none.
        """
        drawn_as = scene.drawn_as(view)
        with self.figure.batch_update():
            self._scene = scene
            self._send("shape", drawn_as, self._set_visible)
            self._send("radius", round(scene.framing.radius, 4), self._set_radius)
            self._send("axes", view.axes, lambda v: setattr(self._trace(AXES), "visible", v))
            if drawn_as == "points":
                self._draw_points(scene, view)
            elif drawn_as == "mesh":
                self._draw_mesh(scene, view)
            else:
                self._draw_wireframe(scene, view)
            self._draw_overlays(scene)

    def reset_camera(self) -> None:
        """Back to the view of the start."""
        self.set_camera("home")

    def set_camera(self, name: str) -> None:
        """Look from one of the places in `CAMERAS`: "front", "three-quarter", "profile", "home".

        Raises
        ------
        ValueError
            For a name that is not there.
        """
        self.figure.update_layout(scene_camera=camera(name))

    @property
    def viewpoint(self) -> Viewpoint:
        """From where it is seen now; setting it moves the camera there."""
        return Viewpoint.from_plotly(self.figure.layout.scene.camera.to_plotly_json())

    @viewpoint.setter
    def viewpoint(self, viewpoint: Viewpoint) -> None:
        self.figure.update_layout(scene_camera=viewpoint.to_plotly())

    def on_viewpoint(self, handler: Callable[[], None]) -> None:
        """Call `handler()` when the camera has come to rest elsewhere."""
        self.figure.layout.on_change(lambda *_: handler(), "scene.camera")

    def show_measurement(self, points: Sequence[ArrayLike] | ArrayLike, text: str = "") -> None:
        """Mark one or two points, with the distance between two.

        It stays until another call; an empty list takes it away.

        Parameters
        ----------
        points : (n, 3) float, n at most 2
            Camera frame, in the units of the shape.
        text : str
            What is written at the line, such as "63 mm".

        Raises
        ------
        ValueError
            For more than two points.
        """
        given = np.array(points, np.float32).reshape(-1, 3)
        if len(given) > 2:
            raise ValueError(f"a distance has two ends, not {len(given)}")
        self._measured = given, text
        if self._scene is not None:
            with self.figure.batch_update():
                self._draw_overlays(self._scene)

    def show_profile(self, points: ArrayLike) -> None:
        """Draw a line along the surface; it stays until another call.

        Parameters
        ----------
        points : (n, 3) float
            Camera frame, in the units of the shape; a row of NaN parts two lines, and
            no rows at all take it away.
        """
        self._profile = np.array(points, np.float32).reshape(-1, 3)
        if self._scene is not None:
            with self.figure.batch_update():
                self._draw_overlays(self._scene)

    def set_clickable(self, clickable: bool) -> None:
        """Tell whether clicks on the model are told to those of `on_click`.

        Off at the start: a browser that looks for what is under the pointer redraws at
        each of its moves.
        """
        with self.figure.batch_update():
            self._send("clickable", clickable, self._set_hoverinfo)

    def on_click(self, handler: Callable[[NDArray[np.float32]], None]) -> None:
        """Call `handler(point)` for every click on the model while it is clickable.

        `point` is (3,) float32 in the camera frame, in the units of the shape: the point
        that was hit, or the middle of the face.

        Raises
        ------
        TypeError
            For a plain Plotly figure, which no browser answers.
        """
        if not hasattr(self.figure, "on_click"):
            raise TypeError("only a FaceFigureWidget is told of clicks; draw into one")

        def clicked(trace: int, number: int) -> None:
            point = self._point(trace, number)
            if point is not None:
                handler(point)

        self.figure.on_click(clicked)

    def _point(self, trace: int, number: int) -> NDArray[np.float32] | None:
        """The place of a trace's point or face; None for one no longer there."""
        if self._scene is None or trace != _SHAPES.get(self._sent.last("shape")):
            return None
        points, rows = self._scene.cloud.points, None
        if trace == MESH:
            rows = self._scene.shape.faces  # type: ignore[union-attr]
        elif trace == WIREFRAME:
            rows = self._paths
        if not 0 <= number < len(points if rows is None else rows):
            return None
        row = number if rows is None else rows[number]
        if np.min(row) < 0:  # a gap between two lines
            return None
        hit = points[row]
        return hit.mean(axis=0, dtype=np.float32) if hit.ndim == 2 else hit

    def _draw_points(self, scene: Scene, view: ViewParams) -> None:
        marker = self._trace(POINTS).marker
        self._send("points", (scene.cloud, scene.framing), lambda _: self._place(POINTS, scene))
        self._send("size", view.point_size, lambda v: setattr(marker, "size", v))
        self._send("points-opacity", view.opacity, lambda v: setattr(marker, "opacity", v))
        self._color("points", scene, view, None, marker, "color")

    def _draw_mesh(self, scene: Scene, view: ViewParams) -> None:
        trace = self._trace(MESH)
        faces = scene.shape.faces  # type: ignore[union-attr]
        self._send("mesh", (scene.cloud, scene.framing), lambda _: self._place(MESH, scene))
        self._send("faces", faces, self._set_faces)
        self._send("mesh-opacity", view.opacity, lambda v: setattr(trace, "opacity", v))
        self._send("light", light_of(view), lambda v: setattr(trace, "lighting", v))
        # A face takes the colour of its first corner: bytes must not be averaged.
        self._color("mesh", scene, view, faces, trace, "intensity")

    def _draw_wireframe(self, scene: Scene, view: ViewParams) -> None:
        trace = self._trace(WIREFRAME)
        faces = scene.shape.faces  # type: ignore[union-attr]
        self._send("paths", faces, lambda f: self._set_paths(f, len(scene.cloud)))
        self._send(
            "wireframe", (scene.cloud, scene.framing), lambda _: self._place(WIREFRAME, scene)
        )
        self._send("wireframe-opacity", view.opacity, lambda v: setattr(trace, "opacity", v))
        self._color("wireframe", scene, view, faces, trace.line, "color")

    def _color(
        self,
        name: str,
        scene: Scene,
        view: ViewParams,
        faces: NDArray[np.int32] | None,
        target: Any,
        attribute: str,
    ) -> None:
        """Send the colour scale and the bytes of a shape, each if it is another."""
        scale = color_scale_of(scene, view)
        self._send(f"{name}-scale", scale, lambda v: _set_scale(target, v))
        take = faces[:, 0] if name == "mesh" and faces is not None else None

        def set_bytes(_: Any) -> None:
            colors = color_bytes(scene, view, take)
            setattr(target, attribute, colors[self._paths] if name == "wireframe" else colors)

        colored_by = scene.colored_by(view)
        source: tuple[Any, ...] = {
            "photo": (scene.palette, scene.cloud.pixels),
            "depth": (scene.stats, scene.cloud.inverse_depth),
            "normals": (scene.cloud,),
            "uncertainty": (scene.uncertainty, scene.cloud.pixels),
        }[colored_by]
        self._send(f"{name}-color", (colored_by, faces, *source), set_bytes)

    def _place(self, index: int, scene: Scene) -> None:
        placed = to_figure_axes(scene.cloud.points, scene.framing.center)
        if index == WIREFRAME:  # -1 in the paths is the last column
            # Plotly sends no arrays that are as they were, but holds no gap equal to another.
            if self._placed is not None and np.array_equal(self._placed, placed):
                return
            self._placed = placed
            gap = np.full((3, 1), np.nan, np.float32)
            placed = np.concatenate([placed, gap], axis=1)[:, self._paths]
        x, y, z = placed
        self._trace(index).update(x=x, y=y, z=z, overwrite=True)

    def _draw_overlays(self, scene: Scene) -> None:
        radius, center = scene.framing.radius, scene.framing.center
        self._send(
            "axes-lines",
            (round(radius, 4), scene.mm_per_unit),
            lambda v: self._set_lines(AXES, axes_lines(*v)),
        )
        self._send(
            "measurement",
            (self._measured, scene.cloud, scene.framing),
            lambda _: self._set_measurement(scene),
        )
        self._send(
            "profile",
            (self._profile, scene.framing),
            lambda _: self._set_profile(in_front(to_figure_axes(self._profile, center).T, radius)),
        )

    def _set_measurement(self, scene: Scene) -> None:
        given, text = self._measured
        trace = self._trace(MEASUREMENT)
        trace.visible = len(given) > 0
        if len(given) == 0:
            return
        ends, surface = (
            to_figure_axes(points, scene.framing.center).T for points in (given, scene.cloud.points)
        )
        lines = dimension_lines(ends, text, surface, scene.framing.radius)
        sizes = np.zeros(len(lines.points), np.float32)
        sizes[[0, -1]] = 14  # at the ends
        trace.marker.size = sizes
        self._set_lines(MEASUREMENT, lines)

    def _set_profile(self, points: NDArray[np.float32]) -> None:
        self._trace(PROFILE).visible = len(points) > 0
        if len(points):
            self._set_lines(PROFILE, LabelledLines(points, []))

    def _set_lines(self, index: int, lines: LabelledLines) -> None:
        x, y, z = np.ascontiguousarray(lines.points.T)
        self._trace(index).update(x=x, y=y, z=z, overwrite=True)
        if lines.texts:
            self._trace(index).text = lines.texts

    def _set_paths(self, faces: NDArray[np.int32], n_vertices: int) -> None:
        self._paths = edge_paths(faces, n_vertices)
        self._placed = None
        self._sent.forget("wireframe")

    def _set_visible(self, drawn_as: str) -> None:
        for name, index in _SHAPES.items():
            self._trace(index).visible = name == drawn_as

    def _set_hoverinfo(self, clickable: bool) -> None:
        for index in _SHAPES.values():
            self._trace(index).hoverinfo = "none" if clickable else "skip"

    def _set_faces(self, faces: NDArray[np.int32]) -> None:
        # Two bytes an index where that is enough: faces are most of what travels.
        small = faces.max(initial=0) < 2**16
        i, j, k = np.ascontiguousarray(faces.T, np.uint16 if small else np.int32)
        self._trace(MESH).update(i=i, j=j, k=k, overwrite=True)

    def _set_radius(self, radius: float) -> None:
        ends = np.array([-ROOM, ROOM], np.float32) * np.float32(radius)
        for axis in ("xaxis", "yaxis", "zaxis"):
            self.figure.layout.scene[axis].range = ends.tolist()
        self._trace(BOX).update(x=ends, y=ends, z=ends, overwrite=True)

    def _trace(self, index: int) -> Any:
        return self.figure.data[index]


def _set_scale(target: Any, scale: ColorScale) -> None:
    target.colorscale = stops(scale)
    target.colorbar = color_bar(scale)
