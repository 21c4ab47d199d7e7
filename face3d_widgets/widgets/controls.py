"""The sliders: shape and appearance."""

from __future__ import annotations

from typing import Any

import traitlets as t

from face3d_widgets.figures import COLORMAPS
from face3d_widgets.types import COLORINGS, SHAPES, GeometryParams, ViewParams
from face3d_widgets.widgets.base import FaceWidget

__all__ = ["GeometryControls"]


def _slider(
    trait: str, label: str, low: float, high: float, step: float, help: str, **more: Any
) -> dict[str, Any]:
    kind = {"kind": "slider", "trait": trait, "label": label, "min": low, "max": high}
    return {**kind, "step": step, "help": help, **more}


_GROUPS: list[dict[str, Any]] = [
    {
        "title": "Shape",
        "controls": [
            _slider("relief", "Relief", 0, 3, 0.05, "Depth scale: 1 is natural, 0 flat."),
            _slider(
                "fov",
                "Field of view",
                15,
                90,
                1,
                "A wrong one bends the face.",
                unit="°",
            ),
            _slider(
                "cutoff",
                "Background cut-off",
                0,
                0.95,
                0.01,
                "Leaves out what is far; 0 keeps all.",
            ),
            _slider(
                "n_points",
                "Point density",
                1_000,
                200_000,
                1_000,
                "Points, or corners of the surface.",
                scale="log",
            ),
        ],
    },
    {
        "title": "Appearance",
        "controls": [
            {
                "kind": "choice",
                "trait": "draw_as",
                "label": "Draw as",
                "options": [["points", "Points"], ["mesh", "Surface"]],
            },
            {
                "kind": "choice",
                "trait": "color_by",
                "label": "Colour by",
                "options": [["photo", "Photo"], ["depth", "Depth"]],
            },
            _slider(
                "point_size",
                "Point size",
                1,
                10,
                0.5,
                "Diameter on the screen, in pixels.",
                quiet=True,
                unit=" px",
                only={"draw_as": "points"},
            ),
            _slider("opacity", "Opacity", 0.1, 1, 0.05, "1 is solid.", quiet=True),
            {"kind": "check", "trait": "axes", "label": "Axes"},
        ],
    },
]


class GeometryControls(FaceWidget, script="controls.js"):
    """Sliders and choices for a `FaceViewer`.

    Every trait can be set, observed and linked. `params` and `view` give them
    as the records that the rest of the package takes.

    Attributes
    ----------
    relief : float
        Depth scale, 0 to 3; 1 is natural.
    fov : float
        Vertical field of view of the photo's camera, 15 to 90 degrees.
    cutoff : float
        Background cut-off, 0 to 0.95.
    n_points : int
        Points or mesh vertices, 1,000 to 200,000.
    draw_as : {"points", "mesh"}
    color_by : {"photo", "depth"}
    colormap : str
        Colours of "depth"; the dashboard links it to the depth map's.
    point_size : float
        Screen pixels, 1 to 10.
    opacity : float
        0.1 to 1.
    axes : bool
    """

    relief = t.Float(GeometryParams.relief, min=0, max=3, help="Depth scale.").tag(sync=True)
    fov = t.Float(GeometryParams.fov, min=15, max=90, help="Degrees, vertical.").tag(sync=True)
    cutoff = t.Float(GeometryParams.cutoff, min=0, max=0.95, help="Background cut-off.").tag(
        sync=True
    )
    n_points = t.Int(GeometryParams.n_points, min=1_000, max=200_000, help="Density.").tag(
        sync=True
    )
    draw_as = t.Enum(SHAPES, default_value="mesh", help="Points or surface.").tag(sync=True)
    color_by = t.Enum(COLORINGS, default_value="photo", help="What colours show.").tag(sync=True)
    colormap = t.Enum(COLORMAPS, default_value="Greys", help="Colours of depth.")
    point_size = t.Float(ViewParams.point_size, min=1, max=10, help="Pixels.").tag(sync=True)
    opacity = t.Float(ViewParams.opacity, min=0.1, max=1, help="1 is solid.").tag(sync=True)
    axes = t.Bool(False, help="Draw the axes.").tag(sync=True)
    _groups = t.List(t.Dict(), _GROUPS, read_only=True).tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.defaults: dict[str, Any] = {
            name: getattr(self, name)
            for name in GeometryControls.class_own_traits(sync=True)
            if not name.startswith("_")
        }
        self.on_msg(self._on_message)

    @property
    def params(self) -> GeometryParams:
        """What the sliders say about the shape."""
        return GeometryParams(self.relief, self.fov, self.n_points, self.cutoff)

    @property
    def view(self) -> ViewParams:
        """What they say about its appearance."""
        return ViewParams(
            self.draw_as, self.color_by, self.colormap, self.point_size, self.opacity, self.axes
        )

    def reset(self) -> None:
        """Every slider back to `defaults`.

        Those are the values of the start, with the photo's own field of view
        where the photo tells it.
        """
        with self.hold_trait_notifications(), self.hold_sync():
            for name, value in self.defaults.items():
                setattr(self, name, value)

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("type") == "reset":
            self.reset()
