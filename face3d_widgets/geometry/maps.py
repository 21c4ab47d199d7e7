"""Maps derived from a photo by the parameters, kept until they ask for something else."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.geometry.cells import eroded
from face3d_widgets.geometry.grid import Grid, grid_over
from face3d_widgets.geometry.outline import person
from face3d_widgets.geometry.relief import SubjectStats, finds_subject, nearness, subject_stats
from face3d_widgets.geometry.smoothing import quantize, smooth
from face3d_widgets.types import GeometryParams, InverseDepth, read_only

__all__ = ["Kept", "Maps", "choice_of", "evenness_of"]

# Full smoothing: a window of this radius in picture heights; what rises by this much
# within it, in head widths at the natural relief, is an edge and stays.
SMOOTHING_RADIUS = 0.02
SMOOTHING_EDGE = 0.03

# Deeper inside the person than this, in head widths, a slope may be this many times as steep
# before it is a depth edge: a cheek or a jaw that is seen at a grazing angle is no gap, and
# from in front a gap there is a hole in the face.
OUTLINE_BAND = 0.02
INSIDE_STEEPER = 2.5

_T = TypeVar("_T")


class Kept:
    """The last result under each name, for as long as its key stays the same."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Hashable, object]] = {}

    def get(self, name: str, key: Hashable, make: Callable[[], _T]) -> _T:
        """Give what `make` returned when `name` and `key` were last asked for, or returns now."""
        last = self._last.get(name)
        if last is None or last[0] != key:
            last = self._last[name] = key, make()
        return last[1]  # type: ignore[return-value]


def choice_of(params: GeometryParams) -> tuple[Hashable, ...]:
    """The parameters that choose pixels."""
    return params.cutoff, params.edge_angle, params.wrong.edges_kept, params.most_unsure


def evenness_of(params: GeometryParams) -> tuple[Hashable, ...]:
    """The parameters that change inverse depth itself."""
    return params.smoothing, params.wrong.eight_bit


class Maps:
    """One estimate's maps. All are (h, w) and read-only.

    Parameters
    ----------
    inverse_depth : InverseDepth
    uncertainty : (h, w) float32, optional
        What `params.most_unsure` is held against; without it nothing is left out as unsure.
    """

    def __init__(
        self, inverse_depth: InverseDepth, uncertainty: NDArray[np.float32] | None = None
    ) -> None:
        self.inverse_depth = inverse_depth
        self.uncertainty = None if uncertainty is None else read_only(uncertainty)
        self.nearness = read_only(nearness(inverse_depth))
        self.stats: SubjectStats = subject_stats(inverse_depth, self.nearness)
        self.height = inverse_depth.values.shape[0]
        dy, dx = np.gradient(inverse_depth.values)
        self._fall = np.hypot(dy, dx)  # change of inverse depth a pixel
        self._kept = Kept()
        self._inside = self._person_inside()

    def _person_inside(self) -> NDArray[np.bool_] | None:
        """bool: pixels of the person that are not along the outline; None where nobody is known."""
        subject = self.inverse_depth.subject
        if subject is None or not finds_subject(self.inverse_depth):
            return None
        band = max(1, round(OUTLINE_BAND * self.stats.head_width * self.height))
        return eroded(person(subject, self.inverse_depth.values), band)

    def values(self, params: GeometryParams) -> NDArray[np.float32]:
        """float32: inverse depth, coarsened and smoothed as `params` says."""

        def make() -> NDArray[np.float32]:
            values = self.inverse_depth.values
            if params.wrong.eight_bit:
                values = quantize(values)
            edge = SMOOTHING_EDGE * self.stats.head_width / self.stats.natural_gain
            radius = SMOOTHING_RADIUS * self.height
            return read_only(smooth(values, params.smoothing, edge, radius))

        return self._kept.get("values", evenness_of(params), make)

    def gradient(self, params: GeometryParams) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Change of `values` a pixel, downwards and to the right."""

        def make() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            values = self.values(params)
            return np.gradient(values, axis=0), np.gradient(values, axis=1)

        return self._kept.get("gradient", evenness_of(params), make)

    def kept(self, params: GeometryParams) -> NDArray[np.bool_]:
        """bool: pixels nearer than the cut-off, off the depth edges and sure enough."""

        def make() -> NDArray[np.bool_]:
            near = self.nearness >= params.cutoff
            near &= self._fall <= self._steepest_at(params)
            if self.uncertainty is not None and params.most_unsure < 1:
                near &= self.uncertainty <= params.most_unsure
            return read_only(near)

        return self._kept.get("kept", choice_of(params), make)

    def steepest(self, params: GeometryParams) -> float:
        """Change of inverse depth a pixel beyond which there is a depth edge."""
        if params.wrong.edges_kept or params.edge_angle >= 90:
            return math.inf
        slope = math.tan(math.radians(params.edge_angle))
        return slope / (self.height * self.stats.natural_gain)

    def _steepest_at(self, params: GeometryParams) -> NDArray[np.float32] | float:
        """`steepest` at every pixel, by whether it lies inside the person."""
        steepest = self.steepest(params)
        if self._inside is None or steepest == math.inf:
            return steepest
        return np.where(self._inside, INSIDE_STEEPER * steepest, steepest).astype(np.float32)

    def grid(self, step: float, params: GeometryParams) -> Grid:
        """A grid over what is kept, with a node every `step` pixels."""
        return grid_over(
            self.inverse_depth.values, self.kept(params), step, self._steepest_at(params)
        )
