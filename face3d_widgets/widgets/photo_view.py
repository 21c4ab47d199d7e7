"""Photo and depth map side by side, with the value under the pointer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import traitlets as t

from face3d_widgets.figures import COLORMAPS, colormap_lut, screen_range
from face3d_widgets.geometry import SubjectStats
from face3d_widgets.image import encode_jpeg
from face3d_widgets.types import InverseDepth, Photo
from face3d_widgets.widgets.base import FaceWidget

__all__ = ["PhotoDepthView"]

_PHOTO_SIDE = 720
_VALUES_SIDE = 360

Place = tuple[float, float]
"""Row and column in the photo; the first pixel's centre is (0.5, 0.5)."""


class PhotoDepthView(FaceWidget, script="photo_view.js"):
    """The photo, its depth map, and one pointer in both.

    Inverse depth travels as float32; the browser colours it, so another colour
    map sends 768 bytes. Nearer is brighter.

    Attributes
    ----------
    colormap : str
        One of `face3d_widgets.figures.COLORMAPS`.
    pending : bool
        The depth map belongs to the photo before; it is shown dimmed.
    picking : {"", "point", "line"}
        What a click or the Enter key gives to `on_pick`, and with "line" a drag to
        `on_line`; meanwhile the other picture is a magnifying glass.
    """

    colormap = t.Enum(COLORMAPS, default_value="Greys", help="Colours of the depth map.").tag(
        sync=True
    )
    turnable = t.Bool(False, help="Whether the photo can be turned.").tag(sync=True)
    pending = t.Bool(False, help="The depth map is older than the photo.").tag(sync=True)
    picking = t.Enum(("", "point", "line"), default_value="", help="What is chosen.").tag(sync=True)
    colormaps = t.List(t.Unicode(), list(COLORMAPS), read_only=True).tag(sync=True)
    _photo = t.Bytes(b"").tag(sync=True, saved=False)
    _photo_size = t.List(t.Int(), [0, 0]).tag(sync=True, saved=False)
    _photo_name = t.Unicode("").tag(sync=True, saved=False)
    # One trait, so that values never meet another photo's size.
    _depth = t.Dict({}).tag(sync=True, saved=False)
    _lut = t.Bytes(b"").tag(sync=True)
    # Shares of width and height, so that they fit a photo shown at any size.
    _marks = t.List(t.List(t.Float())).tag(sync=True, saved=False)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pick: Callable[[Place], None] = lambda place: None
        self._line: Callable[[Place, Place], None] = lambda start, end: None
        self._clear: Callable[[], None] = lambda: None
        self._turn: Callable[[], None] = lambda: None
        self.on_msg(self._on_message)
        self._set_lut()
        self.observe(self._set_lut, "colormap")

    def show_photo(self, photo: Photo) -> None:
        """Show a photo at once; the depth map of the one before stays, dimmed."""
        with self.hold_sync():
            self._photo = encode_jpeg(photo, _PHOTO_SIDE)
            self._photo_size = [photo.width, photo.height]
            self._photo_name = photo.name
            self.pending = True

    def show_depth(self, inverse_depth: InverseDepth, stats: SubjectStats) -> None:
        """Show the depth map of the present photo."""
        values = inverse_depth.values
        step = max(1, math.ceil(max(values.shape) / _VALUES_SIDE))
        small = np.ascontiguousarray(values[step // 2 :: step, step // 2 :: step])
        low, high = screen_range(stats)
        with self.hold_sync():
            self._depth = {
                "values": small.tobytes(),
                "height": small.shape[0],
                "width": small.shape[1],
                "low": low,
                "high": high,
            }
            self.pending = False

    def show_marks(self, places: Sequence[Place]) -> None:
        """Mark one place, or two with the line between them; none takes the marks away."""
        width, height = self._photo_size
        if not width or not height:
            self._marks = []
            return
        self._marks = [[column / width, row / height] for row, column in places]

    def on_pick(self, handler: Callable[[Place], None]) -> None:
        """Call `handler((row, column))` when a place is chosen."""
        self._pick = handler

    def on_line(self, handler: Callable[[Place, Place], None]) -> None:
        """Call `handler(start, end)` while a line is drawn and when it is done."""
        self._line = handler

    def on_turn(self, handler: Callable[[], None]) -> None:
        """Offer a button beside the photo that calls `handler()`: a quarter turn clockwise."""
        self._turn = handler
        self.turnable = True

    def on_clear(self, handler: Callable[[], None]) -> None:
        """Call `handler()` when the marks shall go: the Escape key."""
        self._clear = handler

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        kind = message.get("type")
        if kind == "turn":
            self._turn()
        if kind not in ("pick", "line", "clear") or not self.picking or self.pending:
            return
        places = [self._place(share) for share in message.get("places", [])]
        if kind == "clear":
            self._clear()
        elif kind == "pick" and len(places) == 1:
            self._pick(places[0])
        elif kind == "line" and len(places) == 2 and self.picking == "line":
            self._line(*places)

    def _place(self, share: Sequence[float]) -> Place:
        width, height = self._photo_size
        across, down = (min(max(float(part), 0.0), 1.0) for part in share)
        return down * height, across * width

    def _set_lut(self, _: object = None) -> None:
        self._lut = colormap_lut(self.colormap).tobytes()
