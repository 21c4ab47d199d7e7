"""What has to be known about a 3D view, written on it."""

from __future__ import annotations

import traitlets as t

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
    """

    units = t.Unicode(_UNITS[False], help="The unit of lengths.").tag(sync=True)
    wrong = t.Unicode("", help="Mistakes made on purpose.").tag(sync=True)

    def show(self, params: GeometryParams) -> None:
        """Say what holds for these parameters."""
        names = mistakes(params.wrong)
        with self.hold_sync():
            self.units = _UNITS[params.mm_per_unit is not None]
            self.wrong = f"Wrong on purpose: {', '.join(names)}" if names else ""


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
