"""A map of one number a pixel, with its colour bar and the value under the pointer."""

from __future__ import annotations

import math

import numpy as np
import traitlets as t
from numpy.typing import NDArray

from face3d_widgets.widgets.base import FaceWidget

__all__ = ["MapView"]

_SIDE = 360  # pixels; more would not be seen


class MapView(FaceWidget, script="map_view.js"):
    """One map; the browser colours it.

    Attributes
    ----------
    title : str
        What the map shows.
    text : str
        One sentence under it.
    """

    title = t.Unicode("", help="What the map shows.").tag(sync=True)
    text = t.Unicode("", help="A sentence under it.").tag(sync=True)
    # One trait, so that values never meet another map's size or unit.
    _map = t.Dict({}).tag(sync=True, saved=False)
    _lut = t.Bytes(b"").tag(sync=True)

    def show(
        self,
        values: NDArray[np.floating],
        limits: tuple[float, float],
        unit: str,
        lut: NDArray[np.uint8],
        marked: NDArray[np.bool_] | None = None,
        mark: str = "",
    ) -> None:
        """Show a map.

        Parameters
        ----------
        values : (h, w) float
            Not a number where there is nothing to show.
        limits : (low, high)
            Values at the two ends of the colour bar.
        unit : str
            Of the values, as it is written behind a number.
        lut : (256, 3) uint8, sRGB
        marked : (h, w) bool, optional
            Pixels that have a colour of their own, whatever their value.
        mark : str
            What a marked pixel is called.
        """
        step = max(1, math.ceil(max(values.shape) / _SIDE))
        every = slice(step // 2, None, step)
        small = np.ascontiguousarray(values[every, every], dtype=np.float32)
        some = marked is not None and bool(marked.any())
        bits = (
            marked[every, every].astype(np.uint8).tobytes() if some and marked is not None else b""
        )
        with self.hold_sync():
            self._map = {
                "values": small.tobytes(),
                "marked": bits,
                "mark": mark if some else "",
                "height": small.shape[0],
                "width": small.shape[1],
                "low": float(limits[0]),
                "high": float(limits[1]),
                "unit": unit,
            }
            self._lut = lut.tobytes()
