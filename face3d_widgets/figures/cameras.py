"""From where the model is seen.

Plotly's camera stands at `eye` and looks at `center`, both in units of the drawing's
box: one unit is the larger side of the subject's box. `up` is always z, so that a
head stays upright. Azimuth: 0 degrees is straight before the face, positive to the
viewer's right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["CAMERAS", "FOV", "HOME_EYE", "Viewpoint", "camera", "eye_at"]

#: Plotly's vertical field of view in degrees; its figures have no other.
FOV = 45.0

#: The camera at the start: a little to the side, so that depth shows.
HOME_EYE = {"x": 0.5, "y": -1.4, "z": 0.1}

_DISTANCE = math.hypot(HOME_EYE["x"], HOME_EYE["y"], HOME_EYE["z"])


Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Viewpoint:
    """From where the model is seen: x right, y away, z up, in units of the drawing's box.

    Attributes
    ----------
    eye, center, up : (x, y, z)
        Where the camera stands, what it looks at, which way is up.
    """

    eye: Triple
    center: Triple = (0.0, 0.0, 0.0)
    up: Triple = (0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        numbers = [*self.eye, *self.center, *self.up]
        if not all(math.isfinite(n) and abs(n) <= 1000 for n in numbers):
            raise ValueError(f"a camera stands within 1000 units of the model, not at {self.eye}")
        if math.dist(self.eye, self.center) < 1e-3 or not any(self.up):
            raise ValueError("a camera cannot stand in what it looks at; move its eye away")

    @classmethod
    def from_plotly(cls, camera: Mapping[str, Any]) -> Viewpoint:
        """The viewpoint of Plotly's `layout.scene.camera`, to a thousandth of a unit."""
        parts: dict[str, Triple] = {}
        for name in ("eye", "center", "up"):
            given = camera.get(name)
            if given is not None:
                x, y, z = (round(float(given[axis]), 3) + 0.0 for axis in "xyz")
                parts[name] = x, y, z
        return cls(**parts)

    def to_plotly(self) -> dict[str, Any]:
        """The same in Plotly's words."""
        parts = {"eye": self.eye, "center": self.center, "up": self.up}
        return {name: dict(zip("xyz", part, strict=True)) for name, part in parts.items()}


def eye_at(azimuth: float, elevation: float, distance: float) -> dict[str, float]:
    """The place of the camera.

    Parameters
    ----------
    azimuth, elevation : float
        Degrees: to the viewer's right of straight before the face, and upwards.
    distance : float
        From the middle of the subject, in its box's larger side.
    """
    a, e = math.radians(azimuth), math.radians(elevation)
    return {
        "x": distance * math.cos(e) * math.sin(a),
        "y": -distance * math.cos(e) * math.cos(a),
        "z": distance * math.sin(e),
    }


#: What the buttons offer, by name. Three-quarter is the portrait painter's view, where
#: both eyes are still seen and the nose does not yet cross the cheek: 40 degrees.
CAMERAS: dict[str, dict[str, float]] = {
    "home": HOME_EYE,
    "front": eye_at(0, 0, _DISTANCE),
    "three-quarter": eye_at(40, 4, _DISTANCE),
    "profile": eye_at(90, 0, _DISTANCE),
}


def camera(name: str = "home") -> dict[str, Any]:
    """A camera of `CAMERAS` in Plotly's words.

    Raises
    ------
    ValueError
        For a name that is not there.
    """
    if name not in CAMERAS:
        raise ValueError(f"there is no camera {name!r}; choose one of: {', '.join(CAMERAS)}")
    return {
        "eye": dict(CAMERAS[name]),
        "up": {"x": 0, "y": 0, "z": 1},
        "center": {"x": 0, "y": 0, "z": 0},
        "projection": {"type": "perspective"},
    }
