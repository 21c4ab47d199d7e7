"""Badges of a 3D view: what has to be known about it."""

from __future__ import annotations

from typing import Any

import traitlets as t

from face3d_widgets.figures import colormap_lut
from face3d_widgets.figures.coloring import MOST_UNCERTAIN, UNCERTAINTY_COLORMAP
from face3d_widgets.types import GeometryParams, WrongOnPurpose
from face3d_widgets.widgets.base import FaceWidget

__all__ = ["ViewBadges", "mistakes"]

_UNITS = {False: "relative units", True: "millimetres"}


class ViewBadges(FaceWidget, script="badges.js"):
    """The unit of lengths, and which mistakes are made on purpose.

    Attributes
    ----------
    units : str
        "relative units" or "millimetres".
    wrong : str
        The mistakes, or "" where there are none.
    legend : dict
        What colours mean where they are not the photo's: `{"before", "after", "colors"}`,
        texts on either side of a bar of colours.
    """

    units = t.Unicode(_UNITS[False], help="The unit of lengths.").tag(sync=True)
    wrong = t.Unicode("", help="Mistakes made on purpose.").tag(sync=True)
    legend = t.Dict({}, help="What colours mean.").tag(sync=True)

    def show(self, params: GeometryParams) -> None:
        """Say what holds for these parameters."""
        names = mistakes(params.wrong)
        with self.hold_sync():
            self.units = _UNITS[params.mm_per_unit is not None]
            self.wrong = f"Wrong on purpose: {', '.join(names)}" if names else ""

    def show_legend(self, uncertainty: bool) -> None:
        """Say what colours mean where they show uncertainty."""
        self.legend = _uncertainty_legend() if uncertainty else {}


def _uncertainty_legend() -> dict[str, Any]:
    colors = colormap_lut(UNCERTAINTY_COLORMAP)[::17].tolist()
    return {
        "before": "moves by 0 %",
        "after": f"{100 * MOST_UNCERTAIN:g} % of the relief",
        "colors": [f"rgb({r},{g},{b})" for r, g, b in colors],
    }


def mistakes(wrong: WrongOnPurpose) -> list[str]:
    """The names of the mistakes that are switched on."""
    field_of_view = "" if wrong.fov is None else f"field of view {wrong.fov:.0f}°"
    switches = {
        "inverse depth used as depth": wrong.inverse_as_depth,
        field_of_view: wrong.fov is not None,
        "8-bit depth": wrong.eight_bit,
        "edges kept": wrong.edges_kept,
    }
    return [name for name, on in switches.items() if on]
