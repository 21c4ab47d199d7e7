"""Plotly's 3D camera and light as matrices.

A scene's box is scaled to its aspect ratio, with its middle at the origin; the camera
stands at `eye`, looks at `center`, and has a vertical field of view of 45 degrees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.figures.cameras import FOV

__all__ = ["RasterView"]

_NEAREST, _FARTHEST = 0.01, 1000.0  # what Plotly draws, from its camera


@dataclass(frozen=True, eq=False)
class RasterView:
    """From where a box is seen.

    Attributes
    ----------
    low, high : (3,) float
        Ends of the box, in the traces' coordinates; nothing outside is drawn.
    size : (3,) float
        Its sides in the camera's units.
    eye, center, up : (3,) float
        In the camera's units.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    size: NDArray[np.float64]
    eye: NDArray[np.float64]
    center: NDArray[np.float64]
    up: NDArray[np.float64]

    @classmethod
    def of_scene(cls, scene: dict[str, Any], camera: dict[str, Any] | None = None) -> RasterView:
        """The view of a scene of Plotly's.

        Parameters
        ----------
        scene : dict
            `figure.layout.scene`, with its axes' ranges, its aspect ratio and its camera.
        camera : dict or None
            Instead of the scene's own.
        """
        axes = [scene[axis]["range"] for axis in ("xaxis", "yaxis", "zaxis")]
        camera = {**scene.get("camera", {}), **(camera or {})}
        eye, center, up = (_vector(camera.get(part)) for part in ("eye", "center", "up"))
        low, high = np.array(axes, np.float64).T
        return cls(low, high, _vector(scene["aspectratio"]), eye, center, up)

    def to_screen(
        self, points: NDArray[np.float32], width: int, height: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Project points to the screen.

        Parameters
        ----------
        points : (n, 3) float32
            In the traces' coordinates.
        width, height : int
            Size of the picture.

        Returns
        -------
        x, y, nearness : (n,) float32
            Pixels from the upper left corner, and 1 / distance along the view, which is
            0 for what is not drawn: NaN, outside the box, or behind the camera.
        """
        matrix = (self.view_matrix @ self.model_matrix).astype(np.float32)
        seen = points @ matrix[:3, :3].T + matrix[:3, 3]
        distance = -seen[:, 2]
        # A little more than the box: rounding must not cut what lies on its side.
        room = 1e-5 * (self.high - self.low)
        low, high = (self.low - room).astype(np.float32), (self.high + room).astype(np.float32)
        shown = (distance > _NEAREST) & ((points >= low) & (points <= high)).all(axis=1)
        nearness = np.zeros(len(points), np.float32)
        np.divide(np.float32(1), distance, out=nearness, where=shown)
        focal = np.float32(height / 2 / math.tan(math.radians(FOV) / 2))
        x = np.float32(width / 2) + focal * np.where(shown, seen[:, 0], 0) * nearness
        y = np.float32(height / 2) - focal * np.where(shown, seen[:, 1], 0) * nearness
        return x, y, nearness

    def shade(
        self,
        points: NDArray[np.float32],
        normals: NDArray[np.float32],
        lighting: dict[str, float],
        position: dict[str, float],
        aspect: float,
    ) -> NDArray[np.float32]:
        """Shade a mesh as Plotly does, with ambient and diffuse light.

        Its light is put down in the coordinates of the screen and taken from there into
        the box, whose sides count 1; its direction is then measured to where the camera
        has the point. That mixes two frames, but so does Plotly's shader.

        Parameters
        ----------
        points, normals : (n, 3) float32
            In the traces' coordinates.
        lighting, position : dict
            A mesh's `lighting` and `lightposition`.
        aspect : float
            Width over height of the picture.

        Returns
        -------
        (n,) float32
            Factor of the colour, 0 to 1.
        """
        side = self.high - self.low
        whole = self._projection(aspect) @ self.view_matrix @ self.model_matrix
        light = np.linalg.inv(whole) @ [position["x"], position["y"], position["z"], 1.0]
        light = (light[:3] / light[3] / side).astype(np.float32)
        matrix = self.view_matrix.astype(np.float32)
        turn = matrix[:3, :3] / side.astype(np.float32)
        toward = light - (points @ turn.T + matrix[:3, 3])
        length = np.sqrt(np.einsum("ni,ni->n", toward, toward))
        facing = np.einsum("ni,ni->n", normals, toward) / np.maximum(length, np.float32(1e-9))
        # Both sides of a surface are lit as though they faced the camera.
        eye = (self.eye / self._scale + (self.low + self.high) / 2).astype(np.float32)
        away = np.einsum("ni,ni->n", normals, eye - points) < 0
        facing[away] *= -1
        lit = lighting["ambient"] + lighting["diffuse"] * np.maximum(facing, 0)
        return np.minimum(lit, 1).astype(np.float32)

    @property
    def view_matrix(self) -> NDArray[np.float64]:
        """(4, 4): from the camera's units to the camera, which looks along -z."""
        back = _unit(self.eye - self.center)
        right = np.cross(self.up, back)
        # Straight from above or below, any side may be the right one: the face's own.
        right = _unit(right) if np.linalg.norm(right) > 1e-9 else np.array([1.0, 0.0, 0.0])
        matrix = np.eye(4)
        matrix[:3, :3] = [right, np.cross(back, right), back]
        matrix[:3, 3] = -matrix[:3, :3] @ self.eye
        return matrix

    @property
    def model_matrix(self) -> NDArray[np.float64]:
        """(4, 4): from the traces' coordinates to the camera's units."""
        matrix = np.diag([*self._scale, 1.0])
        matrix[:3, 3] = -self._scale * (self.low + self.high) / 2
        return matrix

    @property
    def _scale(self) -> NDArray[np.float64]:
        return self.size / (self.high - self.low)

    def _projection(self, aspect: float) -> NDArray[np.float64]:
        focal = 1 / math.tan(math.radians(FOV) / 2)
        depth = _NEAREST - _FARTHEST
        matrix = np.diag([focal / aspect, focal, (_FARTHEST + _NEAREST) / depth, 0.0])
        matrix[2, 3] = 2 * _FARTHEST * _NEAREST / depth
        matrix[3, 2] = -1
        return matrix


def _vector(part: Any) -> NDArray[np.float64]:
    return np.array([part["x"], part["y"], part["z"]], np.float64)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / np.linalg.norm(vector)
