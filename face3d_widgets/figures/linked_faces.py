"""Several faces in one figure, seen from one place: turning one turns all.

Each has a scene of its own in Plotly's words. While a hand turns one of them, the page's
script moves the others' cameras along; `static/figure.js` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from face3d_widgets.figures.cameras import camera
from face3d_widgets.figures.coloring import stops
from face3d_widgets.figures.colormaps import to_colorscale
from face3d_widgets.figures.diverging import diverging_lut
from face3d_widgets.figures.palette import PhotoPalette
from face3d_widgets.figures.scene import to_figure_axes
from face3d_widgets.figures.sent import Sent
from face3d_widgets.figures.traces import MESH, ROOM, empty_layout, empty_traces, light_of
from face3d_widgets.geometry import Framing
from face3d_widgets.types import Mesh, ViewParams

__all__ = ["DIFFERENCE", "LinkedFaces", "Pane"]

#: The scale of a `Pane` that is coloured by a difference.
DIFFERENCE = "difference"
_GAP = 0.01  # between two panes, in shares of the figure


@dataclass(frozen=True, eq=False)
class Pane:
    """One of the faces.

    Attributes
    ----------
    mesh : Mesh
    framing : Framing
        Where to look.
    colors : (n,) uint8
        Each vertex's place on the colour scale.
    scale : PhotoPalette or "difference"
        The photo's colours as they are, or those of `diverging_lut`, lit so that the shape
        shows where there is no difference.
    """

    mesh: Mesh
    framing: Framing
    colors: NDArray[np.uint8]
    scale: PhotoPalette | str


class LinkedFaces:
    """Draws up to four meshes, each into its own part of one figure.

    Parameters
    ----------
    n : int
        How many there are.
    figure : plotly.graph_objects.Figure or FigureWidget, optional
        An empty one.
    view : dict, optional
        Plotly's camera at the start; that of `camera` where none is given.

    Raises
    ------
    ValueError
        For fewer than one face or more than four.
    """

    def __init__(
        self, n: int, figure: go.Figure | None = None, view: dict[str, Any] | None = None
    ) -> None:
        if not 1 <= n <= 4:
            raise ValueError(f"one to four faces have room in a figure, not {n}")
        self.n = n
        self.figure = figure = go.Figure() if figure is None else figure
        self._sent = Sent()
        self._room = 1.0
        self._radii: dict[int, float] = {}
        base = empty_layout()
        scene = {**base.pop("scene"), **({"camera": view} if view else {})}
        with figure.batch_update():
            for k in range(n):
                mesh, box = empty_traces()[MESH], empty_traces()[-1]
                for trace in (mesh, box):
                    trace.scene = _scene(k)
                figure.add_traces([mesh, box])
            figure.update_layout({**base, **{_scene(k): scene for k in range(n)}})
            self.arrange(n)

    def arrange(self, columns: int) -> None:
        """Put the faces into so many columns, row by row from the top."""
        rows = -(-self.n // columns)
        self._sent.send("columns", columns, lambda _: self._set_domains(rows, columns))

    def set_room(self, room: float) -> None:
        """Set the room around a face, in times its size; a narrow pane wants more than 1.

        Plotly's camera fits a pane's height, and in one that is narrower than high a face
        would be cut off at its sides.
        """
        self._room = room
        with self.figure.batch_update():
            for k, radius in self._radii.items():
                self._send_radius(k, radius)

    def draw(self, panes: Sequence[Pane]) -> None:
        """Show the faces; only what changed since the last call is sent.

        Raises
        ------
        ValueError
            When there are more or fewer of them than the figure has room for.
        """
        if len(panes) != self.n:
            raise ValueError(f"the figure has {self.n} parts and {len(panes)} faces were given")
        with self.figure.batch_update():
            for k, pane in enumerate(panes):
                self._draw(k, pane)

    def set_camera(self, name: str) -> None:
        """Look at all of them from one of the places in `CAMERAS`.

        Raises
        ------
        ValueError
            For a name that is not there.
        """
        view = camera(name)
        self.figure.update_layout({f"{_scene(k)}_camera": view for k in range(self.n)})

    @property
    def view(self) -> dict[str, Any]:
        """Plotly's camera as it last came to rest."""
        return dict(self.figure.layout.scene.camera.to_plotly_json())

    def _draw(self, k: int, pane: Pane) -> None:
        trace, faces = self.figure.data[2 * k], pane.mesh.faces
        send = self._sent.send
        self._send_radius(k, pane.framing.radius)

        def place(_: object) -> None:
            x, y, z = to_figure_axes(pane.mesh.vertices.points, pane.framing.center)
            trace.update(x=x, y=y, z=z, overwrite=True)

        def connect(_: object) -> None:
            small = len(pane.mesh.vertices) < 2**16
            a, b, c = np.ascontiguousarray(faces.T, np.uint16 if small else np.int32)
            trace.update(i=a, j=b, k=c, overwrite=True)

        def color(_: object) -> None:
            trace.intensity = np.ascontiguousarray(pane.colors[faces[:, 0]])

        send(f"mesh-{k}", (pane.mesh.vertices.points, pane.framing), place)
        send(f"faces-{k}", faces, connect)
        send(f"scale-{k}", pane.scale, lambda v: self._set_scale(trace, v))
        send(f"colors-{k}", (pane.colors, faces), color)

    @staticmethod
    def _set_scale(trace: Any, scale: PhotoPalette | str) -> None:
        difference = scale == DIFFERENCE
        trace.lighting = light_of(ViewParams(shaded=difference))
        trace.colorscale = to_colorscale(diverging_lut()) if difference else stops(scale)

    def _set_domains(self, rows: int, columns: int) -> None:
        changes = {}
        for k in range(self.n):
            row, column = divmod(k, columns)
            left, top = column / columns, 1 - row / rows
            changes[f"{_scene(k)}_domain"] = {
                "x": [left + _GAP * (column > 0), left + 1 / columns],
                "y": [top - 1 / rows + _GAP * (row < rows - 1), top],
            }
        self.figure.update_layout(changes)

    def _send_radius(self, k: int, radius: float) -> None:
        self._radii[k] = radius
        seen = round(radius * self._room, 4)
        self._sent.send(f"radius-{k}", seen, lambda v: self._set_radius(k, v))

    def _set_radius(self, k: int, radius: float) -> None:
        ends = np.array([-ROOM, ROOM], np.float32) * np.float32(radius)
        scene = self.figure.layout[_scene(k)]
        for axis in ("xaxis", "yaxis", "zaxis"):
            scene[axis].range = ends.tolist()
        self.figure.data[2 * k + 1].update(x=ends, y=ends, z=ends, overwrite=True)


def _scene(k: int) -> str:
    return "scene" if k == 0 else f"scene{k + 1}"
