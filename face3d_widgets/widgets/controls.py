"""The sliders: shape, appearance, and mistakes made on purpose."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import traitlets as t

from face3d_widgets.figures import COLORMAPS
from face3d_widgets.session import photo_fov
from face3d_widgets.types import COLORINGS, SHAPES, GeometryParams, Photo, ViewParams
from face3d_widgets.widgets.control_groups import GROUPS, MANY_POINTS, MOST_POINTS
from face3d_widgets.widgets.mistakes import MistakeSwitches

__all__ = ["GeometryControls"]


# What the controls are told, and no person sets.
_TOLD = ("max_points", "numbers", "trouble", "measuring", "measured_share")


class GeometryControls(MistakeSwitches, script="controls.js"):
    """Sliders and choices for a `FaceViewer`.

    Every trait can be set, observed and linked. `params` and `view` give them
    as the records that the rest of the package takes.

    Attributes
    ----------
    relief : float
        Depth scale, 0 to 3; 1 is natural.
    fov : float
        Vertical field of view of the photo's camera, 15 to 90 degrees.
    smoothing : float
        0 to 1.
    cutoff : float
        Background cut-off, 0 to 0.95.
    n_points : int
        Points or mesh vertices, 1,000 to `max_points`.
    edge_angle : float
        Degrees, 60 to 90: steeper is a depth edge; 90 keeps everything.
    most_unsure : float
        0.005 to 0.2 of the relief: points whose estimate moves by more are left out; 1 keeps
        everything.
    scale_shift : [scale, shift] or None
        The two numbers of `depth = 1 / (scale * inverse_depth + shift)`, in place of
        `relief`; None leaves them to it.
    draw_as : {"points", "mesh", "wireframe"}
    color_by : {"photo", "depth", "normals", "uncertainty"}
    shaded : bool
        A surface is lit, so that its shape shows.
    colormap : str
        Colours of "depth"; the dashboard links it to the depth map's.
    point_size : float
        Screen pixels, 1 to 10.
    opacity : float
        0.1 to 1.
    axes : bool
    inverse_as_depth, wrong_fov_on, eight_bit, edges_kept : bool
        Mistakes made on purpose, see `WrongOnPurpose`.
    wrong_fov : float
        Degrees, 15 to 120: what `wrong_fov_on` takes the field of view for.
    max_points : int
        The density slider's end: 200,000, or every pixel of a photo that has more.
    numbers : [scale, shift]
        The two numbers in use, to be shown.
    trouble : str
        Why the numbers that were typed last cannot be used, or "".
    measuring : str
        The step of measuring the uncertainty that is under way, or "".
    measured_share : float
        Share of it that is done, 0 to 1.
    """

    relief = t.Float(GeometryParams.relief, min=0, max=3, help="Depth scale.").tag(sync=True)
    fov = t.Float(GeometryParams.fov, min=15, max=90, help="Degrees, vertical.").tag(sync=True)
    smoothing = t.Float(GeometryParams.smoothing, min=0, max=1, help="1 is most.").tag(sync=True)
    cutoff = t.Float(GeometryParams.cutoff, min=0, max=0.95, help="Background cut-off.").tag(
        sync=True
    )
    n_points = t.Int(GeometryParams.n_points, min=1_000, max=MOST_POINTS, help="Density.").tag(
        sync=True
    )
    edge_angle = t.Float(GeometryParams.edge_angle, min=60, max=90, help="Degrees.").tag(sync=True)
    most_unsure = t.Float(1.0, min=0.005, max=1, help="Share of the relief.").tag(sync=True)
    scale_shift: t.List[float] | None = t.List(  # type: ignore[assignment]
        t.Float(), None, minlen=2, maxlen=2, allow_none=True, help="In place of relief."
    ).tag(sync=True)
    draw_as = t.Enum(SHAPES, default_value="mesh", help="What is drawn.").tag(sync=True)
    color_by = t.Enum(COLORINGS, default_value="photo", help="What colours show.").tag(sync=True)
    shaded = t.Bool(False, help="Light the surface.").tag(sync=True)
    colormap = t.Enum(COLORMAPS, default_value="Greys", help="Colours of depth.")
    point_size = t.Float(ViewParams.point_size, min=1, max=10, help="Pixels.").tag(sync=True)
    opacity = t.Float(ViewParams.opacity, min=0.1, max=1, help="1 is solid.").tag(sync=True)
    axes = t.Bool(False, help="Draw the axes.").tag(sync=True)

    max_points = t.Int(MANY_POINTS, min=MANY_POINTS, max=MOST_POINTS, help="Its end.").tag(
        sync=True
    )
    numbers = t.List(t.Float(), [], help="Scale and shift in use.").tag(sync=True)
    trouble = t.Unicode("", help="Why typed numbers cannot be used.").tag(sync=True)
    measuring = t.Unicode("", help="What is being measured.").tag(sync=True)
    measured_share = t.Float(0.0, help="Share that is done.").tag(sync=True)
    _groups = t.List(t.Dict(), GROUPS, read_only=True).tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.defaults: dict[str, Any] = {
            name: getattr(self, name)
            for name in [*GeometryControls.class_own_traits(sync=True), *self.MISTAKES]
            if not name.startswith("_") and name not in _TOLD
        }
        self._on_cancel: Callable[[], None] = lambda: None
        self._check: Callable[[GeometryParams], object] | None = None
        self.on_msg(self._on_message)
        self.observe(self._forget_trouble, "scale_shift")

    @property
    def params(self) -> GeometryParams:
        """The parameters of the shape, which the sliders set."""
        return GeometryParams(
            relief=self.relief,
            fov=self.fov,
            n_points=self.n_points,
            cutoff=self.cutoff,
            smoothing=self.smoothing,
            edge_angle=self.edge_angle,
            most_unsure=self.most_unsure,
            scale_shift=None if self.scale_shift is None else (*self.scale_shift,),  # type: ignore[arg-type]
            wrong=self.wrong,
        )

    @property
    def view(self) -> ViewParams:
        """The parameters of its appearance."""
        return ViewParams(
            draw_as=self.draw_as,
            color_by=self.color_by,
            colormap=self.colormap,
            point_size=self.point_size,
            opacity=self.opacity,
            axes=self.axes,
            shaded=self.shaded,
        )

    def set_photo(self, photo: Photo) -> None:
        """Take the photo's own field of view, also for `reset`, and its number of pixels."""
        self.max_points = min(max(MANY_POINTS, photo.width * photo.height), MOST_POINTS)
        self.n_points = min(self.n_points, self.max_points)
        self.defaults["fov"] = photo_fov(photo)
        self.fov = photo_fov(photo)

    def set_numbers(self, scale: float, shift: float) -> None:
        """Take scale and shift as they were typed, or say in `trouble` why not."""
        try:
            if not (math.isfinite(scale) and math.isfinite(shift)):
                raise ValueError("Type two numbers.")
            params = GeometryParams(fov=self.fov, scale_shift=(scale, shift))
            if self._check is not None:
                self._check(params)
        except ValueError as error:
            self.trouble = f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}."
        else:
            self.trouble = ""
            self.scale_shift = [scale, shift]

    def check_with(self, check: Callable[[GeometryParams], object]) -> None:
        """Let `check(params)` raise a ValueError for numbers that no scene can have."""
        self._check = check

    def on_cancel(self, handler: Callable[[], None]) -> None:
        """Call `handler()` when the measuring of the uncertainty shall stop."""
        self._on_cancel = handler

    def reset(self) -> None:
        """Every slider back to `defaults`.

        Those are the values of the start, with the photo's own field of view
        where the photo tells it.
        """
        with self.hold_trait_notifications(), self.hold_sync():
            for name, value in self.defaults.items():
                setattr(self, name, value)
            self.trouble = ""

    def _forget_trouble(self, _: object) -> None:
        self.trouble = ""

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("type") == "reset":
            self.reset()
        elif message.get("type") == "cancel-measuring":
            self._on_cancel()
        elif message.get("type") == "numbers":
            scale, shift = message.get("scale"), message.get("shift")
            typed = [math.nan if value is None else float(value) for value in (scale, shift)]
            self.set_numbers(*typed)
