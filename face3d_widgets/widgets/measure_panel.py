"""Measuring: two clicks for the scale or a distance, a line for a cross-section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets as t
from numpy.typing import NDArray

from face3d_widgets.figures import FaceFigure
from face3d_widgets.geometry import PUPIL_DISTANCE_MM, Profile
from face3d_widgets.session import Reconstruction, Ruler
from face3d_widgets.types import GeometryParams, Photo
from face3d_widgets.widgets.base import FaceWidget
from face3d_widgets.widgets.photo_view import PhotoDepthView, Place
from face3d_widgets.widgets.viewer import FaceViewer

__all__ = ["MeasurePanel", "length_text"]

MODES = ("off", "ruler", "distance", "profile")

# Two places nearer to each other than this, in pixels, were meant to be one.
_APART = 1.0

_FIRST = {
    "off": "",
    "ruler": "Choose two points whose true distance you know, in the photo or on the model.",
    "distance": "Choose two points, in the photo or on the model.",
    "profile": "Drag a line over the photo, or choose its two ends there or on the model.",
}
_SECOND = "Now the second point."


class MeasurePanel(FaceWidget, script="measure_panel.js"):
    """A ruler, distances and cross-sections of what a viewer shows.

    Places are chosen in a `PhotoDepthView`, on the model or by `pick`; they are kept as
    places in the photo, so that measurements follow the sliders.

    Attributes
    ----------
    mode : {"off", "ruler", "distance", "profile"}
    true_mm : float
        The ruler's true distance; 63 mm is an adult's pupils.
    text : str
        What to do next, or what came of it.
    scaled : bool
        Lengths are in millimetres.
    ruler : Ruler or None
        The scale that is set.

    Parameters
    ----------
    viewer : FaceViewer
    photo_view : PhotoDepthView, optional
        Where places can be chosen and are marked too.
    """

    mode = t.Enum(MODES, default_value="off", help="What is measured.").tag(sync=True)
    true_mm = t.Float(PUPIL_DISTANCE_MM, help="Millimetres.").tag(sync=True)
    text = t.Unicode("", help="What to do, or what came of it.").tag(sync=True)
    scaled = t.Bool(False, help="Lengths are in millimetres.").tag(sync=True)
    ruler = t.Instance(Ruler, allow_none=True, read_only=True, help="The scale that is set.")
    _ready = t.Bool(False).tag(sync=True)  # for "Set scale"
    _plot = t.Dict({}).tag(sync=True, saved=False)

    def __init__(self, viewer: FaceViewer, photo_view: PhotoDepthView | None = None) -> None:
        super().__init__()
        self._viewer = viewer
        self._photo_view = photo_view
        self._photo: Photo | None = None
        self._places: dict[str, list[Place]] = {mode: [] for mode in MODES}
        self._measured_for: tuple[Any, ...] = ()
        self._lines: NDArray[np.float32] = np.zeros((0, 3), np.float32)
        self._shown = self._lines
        self._label = ""
        self.on_msg(self._on_message)
        self.observe(self._on_mode, "mode")
        viewer.add_overlay(self._show)
        viewer.on_pick(self.pick)
        if photo_view is not None:
            photo_view.on_pick(self.pick)
            photo_view.on_line(self.draw_line)
            photo_view.on_clear(self.clear)

    @property
    def places(self) -> list[Place]:
        """The places chosen in the present mode: at most two (row, column)."""
        return list(self._places[self.mode])

    def pick(self, place: Place) -> None:
        """Choose a place, (row, column) in the photo; after two, another starts anew."""
        chosen = self._places[self.mode]
        if self.mode == "off" or not self._viewer.session.has_result:
            return
        if len(chosen) == 1 and np.hypot(*np.subtract(place, chosen[0])) < _APART:
            return
        self._set_places([place] if len(chosen) == 2 else [*chosen, place])

    def draw_line(self, start: Place, end: Place) -> None:
        """Choose both ends of a profile's line."""
        apart = np.hypot(*np.subtract(start, end)) >= _APART
        if self.mode == "profile" and apart and self._viewer.session.has_result:
            self._set_places([start, end])

    def clear(self) -> None:
        """Forget what is chosen in the present mode; a scale that was set stays."""
        if self.mode != "off":
            self._set_places([])

    def set_scale(self, true_mm: float | None = None) -> None:
        """Take the two chosen points to be `true_mm` millimetres apart, or say why not."""
        if true_mm is not None:
            self.true_mm = true_mm
        places = self._places["ruler"]
        if len(places) != 2:
            return
        session = self._viewer.session
        try:
            session.set_scale(places[0], places[1], self.true_mm)
        except ValueError as error:
            self.text = f"{str(error)[:1].upper()}{str(error)[1:]}."
        else:
            self._refresh()

    def restore(self, mode: str, places: Sequence[Place], ruler: Ruler | None) -> bool:
        """Measure as somebody did before; False where a place lies outside the photo.

        Parameters
        ----------
        mode : str
        places : sequence of at most two (row, column)
            Chosen in this mode.
        ruler : Ruler or None
            The scale; None is relative lengths.
        """
        session = self._viewer.session
        if not session.has_result:
            return False
        self._measure()  # another photo's places are forgotten first
        photo = session.result.photo
        ends = [ruler.start, ruler.end] if ruler is not None else []
        if not all(0 <= r <= photo.height and 0 <= c <= photo.width for r, c in [*places, *ends]):
            return False
        if self.scaled:
            self.clear_scale()
        self._places = {name: [] for name in MODES}
        if ruler is not None:
            self._places["ruler"] = ends
            self.set_scale(ruler.true_mm)
        self.mode = mode
        if mode != "off" and places:
            self._places[mode] = list(places)
        self._refresh()
        return True

    def clear_scale(self) -> None:
        """Back to relative lengths."""
        self._viewer.clear_scale()
        self._refresh()

    def _set_places(self, places: list[Place]) -> None:
        self._places[self.mode] = places
        self._refresh()

    def _on_mode(self, _: object) -> None:
        self._viewer.set_clickable(self.mode != "off")
        if self._photo_view is not None:
            kinds = {"off": "", "profile": "line"}
            self._photo_view.picking = kinds.get(self.mode, "point")
        self._refresh()

    def _refresh(self) -> None:
        """The marks and the numbers at once; the 3D view when the browser has time."""
        if self._photo_view is not None:
            self._photo_view.show_marks(self.places)
        if self._viewer.session.has_result:
            self._measure()
            self._viewer.redraw()
        else:
            self.text = _FIRST[self.mode]

    def _show(self, figure: FaceFigure) -> None:
        """Draw what is measured over the model, as it is now."""
        self._measure()
        if self._shown is self._lines:
            return
        self._shown = self._lines
        is_profile = self.mode == "profile"
        figure.show_profile(self._lines if is_profile else self._lines[:0])
        figure.show_measurement(self._lines[:0] if is_profile else self._lines, self._label)

    def _measure(self) -> None:
        """Bring the numbers up to date, if anything that they hang on has changed."""
        session = self._viewer.session
        result, params, places = session.result, session.params, self.places
        if result.photo is not self._photo:  # its places are those of another face
            self._photo = result.photo
            self._places = {mode: [] for mode in MODES}
            places = []
            if self._photo_view is not None:
                self._photo_view.show_marks([])
        key = (result, params, self.mode, places, session.ruler)
        if self._measured_for == key:
            return
        self._measured_for = key
        with self.hold_sync():
            self.scaled = params.mm_per_unit is not None
            self.set_trait("ruler", session.ruler)
            self._ready = self.mode == "ruler" and len(places) == 2
            if self.mode == "profile" and len(places) == 2:
                self._measure_profile(session.profile(places[0], places[1]), params)
            else:
                self._plot = {}
                self._measure_points(result, params, places, session.ruler)

    def _measure_points(
        self,
        result: Reconstruction,
        params: GeometryParams,
        places: list[Place],
        ruler: Ruler | None,
    ) -> None:
        ends = np.array(places, float).reshape(-1, 2)
        self._lines = result.geometry.points_at(ends, params)
        self._label = ""
        if len(places) < 2:
            self.text = _SECOND if places else _FIRST[self.mode]
            return
        length = length_text(self._viewer.session.distance(places[0], places[1]), self.scaled)
        self._label = length
        if self.mode == "distance":
            self.text = f"Distance: {length}"
        elif ruler is not None and [ruler.start, ruler.end] == places:
            self.text = f"Scale set: these two points are {length} apart, whatever the shape."
        else:
            self.text = f"These two points are {length} apart. Type their true distance."

    def _measure_profile(self, profile: Profile, params: GeometryParams) -> None:
        self._lines = profile.points / np.float32(params.mm_per_unit or 1.0)
        self._label = ""
        shown = np.isfinite(profile.depth)
        down, across = np.abs(profile.pixels[-1] - profile.pixels[0])
        length = length_text(float(profile.distance[-1]), self.scaled)
        if shown.any():
            rise = float(np.nanmax(profile.height) - np.nanmin(profile.height))
            self.text = (
                f"Cross-section: {length} along the line, "
                f"{length_text(rise, self.scaled)} from its lowest to its highest point."
            )
        else:
            self.text = "Nothing is left under this line: draw it over the face."
        self._plot = {
            "distance": profile.distance.tobytes(),
            "height": profile.height.astype(np.float32).tobytes(),
            "unit": profile.unit,
            # Drawn upright where the line is: a nose then points to the right.
            "upright": bool(down > across),
            "reversed": bool(np.subtract(*profile.pixels[[-1, 0], 0 if down > across else 1]) < 0),
        }

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        kind = message.get("type")
        if kind == "set_scale":
            self.set_scale(float(message.get("true_mm") or 0))
        elif kind == "clear_scale":
            self.clear_scale()
        elif kind == "clear":
            self.clear()


def length_text(length: float, millimetres: bool) -> str:
    """A length for a person: "63.0 mm", or "0.241 (relative)"."""
    return f"{length:.1f} mm" if millimetres else f"{length:.3f} (relative)"
