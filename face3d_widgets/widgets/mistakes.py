"""Switches for mistakes made on purpose, the same for the model and in the true-error lab."""

from __future__ import annotations

import traitlets as t

from face3d_widgets.types import WrongOnPurpose
from face3d_widgets.widgets.base import FaceWidget

__all__ = ["MistakeSwitches"]


class MistakeSwitches(FaceWidget):
    """Switches of mistakes made on purpose; `wrong` gives them as a `WrongOnPurpose`.

    Attributes
    ----------
    inverse_as_depth, wrong_fov_on, eight_bit, edges_kept : bool
    wrong_fov : float
        Degrees: what `wrong_fov_on` takes the field of view for.
    """

    inverse_as_depth = t.Bool(False, help="Wrong on purpose.").tag(sync=True)
    wrong_fov_on = t.Bool(False, help="Wrong on purpose.").tag(sync=True)
    wrong_fov = t.Float(100.0, min=15, max=120, help="Degrees, vertical.").tag(sync=True)
    eight_bit = t.Bool(False, help="Wrong on purpose.").tag(sync=True)
    edges_kept = t.Bool(False, help="Wrong on purpose.").tag(sync=True)

    #: The names of these traits.
    MISTAKES = ("inverse_as_depth", "eight_bit", "edges_kept", "wrong_fov_on", "wrong_fov")

    @property
    def wrong(self) -> WrongOnPurpose:
        """The mistakes that are switched on."""
        return WrongOnPurpose(
            inverse_as_depth=self.inverse_as_depth,
            eight_bit=self.eight_bit,
            edges_kept=self.edges_kept,
            fov=self.wrong_fov if self.wrong_fov_on else None,
        )
