"""Framing: place, size and tilt of the person in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from face3d_widgets.training.shards import BACKGROUND_RELIEF, Labels, TrainingRender
from face3d_widgets.training.textures import Picture

__all__ = ["HEAD_HEIGHTS", "Framed", "draw_frame", "frame_render", "head_box"]

#: Smallest and largest height of a head in the frame's, from a person in a large
#: picture to a face that fills it.
HEAD_HEIGHTS = (0.25, 1.1)
_BEHIND = -1.8  # relief of somebody else


@dataclass(frozen=True)
class Framed:
    """A portrait in its frame, before any background.

    Attributes
    ----------
    color : (s, s, 3) float32
        sRGB from 0 to 1, times coverage.
    coverage : (s, s) float32
        From 0 to 1.
    relief : (s, s) float32
        Of the person, continued under soft edges; -3.5 where nobody is.
    labels : (s, s) uint8
        Above 0 just where coverage is at least one half.
    """

    color: NDArray[np.float32]
    coverage: NDArray[np.float32]
    relief: NDArray[np.float32]
    labels: NDArray[np.uint8]


def head_box(render: TrainingRender) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the head in pixels; the whole picture where there is none.

    Heads of people far behind do not count.
    """
    head = (render.labels >= Labels.HEAD) & (render.relief > _BEHIND)
    rows, columns = np.flatnonzero(head.any(axis=1)), np.flatnonzero(head.any(axis=0))
    if not rows.size:
        side = float(render.labels.shape[0])
        return 0.0, 0.0, side, side
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def draw_frame(
    render: TrainingRender,
    size: int,
    rng: np.random.Generator,
    heights: tuple[float, float] = HEAD_HEIGHTS,
) -> NDArray[np.float64]:
    """A random affine map, (2, 3) float64, from the portrait's pixels to the frame's.

    Where the portrait's own border cuts the person, that border is kept outside the
    frame, so that nobody ends in mid-air.

    Parameters
    ----------
    render : TrainingRender
    size : int
        The frame's rows and columns.
    rng : Generator
    heights : (low, high)
        Of the head, as parts of the frame's height.
    """
    left, top, right, bottom = head_box(render)
    side = render.labels.shape[0]
    # At a head that is small the network looks again from nearer (`depth.closer_look`), so that
    # most heads it is asked about are large.
    low, high = heights
    part = low + (high - low) * rng.beta(1.8, 1.3)
    scale = part * size / max(bottom - top, 1.0)
    cover = render.coverage
    across = cover[:, 0].any() and cover[:, -1].any()
    down = cover[0].any() and cover[-1].any()
    if across or down:
        scale = max(scale, 1.12 * size / side)
    angle = float(np.clip(rng.normal(0, 7), -25, 25))
    stretch = float(np.exp(rng.normal(0, 0.03)))
    turn = np.deg2rad(angle)
    linear = scale * np.array(
        [[np.cos(turn) * stretch, -np.sin(turn)], [np.sin(turn), np.cos(turn) / stretch]]
    )
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    wander = max(0.04, 0.45 * (1 - part)) * size
    target = np.array([0.5, 0.48]) * size + rng.normal(0, 0.35, 2) * wander
    # The head's middle stays in the frame, and most of the head with it.
    half = 0.5 * scale * np.array([right - left, bottom - top])
    target = np.clip(
        target, np.minimum(half * 0.8, size / 2), size - np.minimum(half * 0.8, size / 2)
    )
    if rng.random() < 0.5:
        linear[:, 0] *= -1
    matrix = np.concatenate([linear, (target - linear @ middle)[:, None]], axis=1)
    return _keep_cuts_outside(render, matrix, size)


def _keep_cuts_outside(
    render: TrainingRender, matrix: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """Move the frame so that borders of the portrait that cut the person lie outside it."""
    side = render.coverage.shape[0]
    moved = matrix.copy()
    # Each border as points (x, y) along which the person is cut.
    edges = {
        "top": (render.coverage[0], lambda t: np.stack([t, np.zeros_like(t)])),
        "bottom": (render.coverage[-1], lambda t: np.stack([t, np.full_like(t, side)])),
        "left": (render.coverage[:, 0], lambda t: np.stack([np.zeros_like(t), t])),
        "right": (render.coverage[:, -1], lambda t: np.stack([np.full_like(t, side), t])),
    }
    for cover, points in edges.values():
        at = np.flatnonzero(cover)
        if not at.size:
            continue
        x, y = moved[:, :2] @ points(np.array([at[0], at[-1] + 1], float)) + moved[:, 2:]
        outward = moved[:, :2] @ (points(np.array([side / 2])) - side / 2)
        if abs(outward[1, 0]) >= abs(outward[0, 0]):
            if outward[1, 0] > 0:
                moved[1, 2] += max(0.0, size + 1 - y.min())
            else:
                moved[1, 2] -= max(0.0, y.max() + 1)
        elif outward[0, 0] < 0:
            moved[0, 2] -= max(0.0, x.max() + 1)
        else:
            moved[0, 2] += max(0.0, size + 1 - x.min())
    return moved


def frame_render(render: TrainingRender, matrix: NDArray[np.float64], size: int) -> Framed:
    """A portrait seen through a frame.

    Parameters
    ----------
    render : TrainingRender
    matrix : (2, 3) float64
        From the portrait's pixel coordinates (pixel centres at + 0.5) to the frame's.
    size : int
        The frame's rows and columns.
    """
    # OpenCV puts pixel centres at whole numbers.
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    color, coverage = render.color, render.coverage
    seen = render.relief > BACKGROUND_RELIEF
    relief = np.where(seen, render.relief, 0).astype(np.float32)
    solid = seen.astype(np.float32)
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.75:  # shrink first, or fine detail turns into noise
        sigma = 0.5 * np.sqrt(1 / scale**2 - 1)
        color, coverage = (_blurred(a, sigma).astype(np.uint8) for a in (color, coverage))
        relief, solid = _blurred(relief, sigma), _blurred(solid, sigma)

    def warp(array: NDArray[Any], interpolation: int = cv2.INTER_LINEAR) -> NDArray[np.float32]:
        warped = cv2.warpAffine(
            array, shifted, (size, size), flags=interpolation, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(warped, np.float32)

    covered = warp(coverage) * np.float32(1 / 255)
    labels = warp(render.labels, cv2.INTER_NEAREST).astype(np.uint8)
    settled = _settle_edges(covered, warp(relief), warp(solid), labels)
    return Framed(warp(color) * np.float32(1 / 255), covered, *settled)


def _blurred(array: NDArray[Any], sigma: float) -> NDArray[Any]:
    return np.asarray(cv2.GaussianBlur(array, (0, 0), sigma))


def _settle_edges(
    coverage: Picture, relief: Picture, solid: Picture, labels: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Make relief and labels agree with coverage: a person where it is at least one half."""
    person = coverage >= 0.5
    missing = person & (solid < 0.25)
    value = (relief / np.maximum(solid, 1e-3)).astype(np.float32)
    if missing.any():  # soft hair that no ray hit: the depth of what is beside it
        around = cv2.boxFilter(solid, -1, (9, 9))
        value = np.where(
            missing, cv2.boxFilter(relief, -1, (9, 9)) / np.maximum(around, 1e-3), value
        )
        person &= ~missing | (around > 1e-3)
    unnamed = person & (labels == Labels.BACKGROUND)
    if unnamed.any():
        beside = cv2.dilate(labels, np.ones((5, 5), np.uint8))
        beside = np.where(beside > 0, np.minimum(beside, Labels.HEAD), Labels.PERSON)
        labels = np.where(unnamed, beside, labels)
    settled = np.where(person, value, BACKGROUND_RELIEF).astype(np.float32)
    return settled, np.where(person, labels, Labels.BACKGROUND).astype(np.uint8)
