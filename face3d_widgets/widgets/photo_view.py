"""Photo and depth map side by side, with the value under the pointer."""

from __future__ import annotations

import math
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
    """

    colormap = t.Enum(COLORMAPS, default_value="Greys", help="Colours of the depth map.").tag(
        sync=True
    )
    pending = t.Bool(False, help="The depth map is older than the photo.").tag(sync=True)
    colormaps = t.List(t.Unicode(), list(COLORMAPS), read_only=True).tag(sync=True)
    _photo = t.Bytes(b"").tag(sync=True)
    _photo_size = t.List(t.Int(), [0, 0]).tag(sync=True)
    _photo_name = t.Unicode("").tag(sync=True)
    # One trait, so that values never meet another photo's size.
    _depth = t.Dict({}).tag(sync=True)
    _lut = t.Bytes(b"").tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
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

    def _set_lut(self, _: object = None) -> None:
        self._lut = colormap_lut(self.colormap).tobytes()
