"""Lines drawn over the model: axes with ticks, a measured distance, a profile.

All take and give Plotly's axes (see `scene`), in the units of the shape. Polylines in
one array have a row of NaN between them, where Plotly lifts its pen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LabelledLines", "axes_lines", "dimension_lines", "in_front", "nice_step"]

_GAP = np.full((1, 3), np.nan, np.float32)
# Of the subject's half size: how far from its box the axes stand, how long the one
# towards the camera is, a tick, where its number stands; how far in front of the surface
# lines are drawn, and how wide a strip along a measured line must be clear of it.
_APART, _TOWARD, _TICK, _NUMBER = 0.07, 0.6, 0.03, 0.09
_CLEAR, _STRIP = 0.02, 0.03
_MOST_TICKS = 7


@dataclass(frozen=True, eq=False)
class LabelledLines:
    """Polylines with a text at some of their points.

    Attributes
    ----------
    points : (n, 3) float32
    texts : list of n str
        "" where there is none.
    """

    points: NDArray[np.float32]
    texts: list[str]


def nice_step(length: float, at_most: int) -> float:
    """The smallest 1, 2 or 5 times a power of ten that divides a length `at_most` times."""
    least = length / at_most
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))


def axes_lines(radius: float, mm_per_unit: float | None) -> LabelledLines:
    """Three rulers from the lower left corner of the subject's box, each from 0.

    Parameters
    ----------
    radius : float
        Half the larger side of the subject's box.
    mm_per_unit : float or None
        The rulers are in millimetres where it is known, else in relative units: the
        height of the picture at the subject's distance.
    """
    scale, unit = (mm_per_unit, "mm") if mm_per_unit is not None else (1.0, "relative")
    begin = -(1 + _APART) * radius
    corner = np.array([begin, 0, begin], np.float32)
    lines: list[NDArray[np.float32]] = []
    texts: list[str] = []
    rulers = (
        ("right", (1, 0, 0), (0, 0, -1), 2 * radius),
        ("up", (0, 0, 1), (-1, 0, 0), 2 * radius),
        ("nearer", (0, -1, 0), (0, 0, -1), _TOWARD * radius),
    )
    step = nice_step(2 * radius * scale, _MOST_TICKS)
    for name, along, outward, length in rulers:
        direction, side = np.array(along, np.float32), np.array(outward, np.float32)
        end = corner + direction * np.float32(length)
        beyond = end + direction * np.float32(_NUMBER * radius)
        lines += [corner[None], end[None], _GAP, beyond[None], _GAP]
        texts += ["", "", "", f"{name} ({unit})", ""]
        # The corner's own zero once; no tick where the name stands.
        for k in range(1 if texts.count("0") else 0, int(0.95 * length * scale / step) + 1):
            at = corner + direction * np.float32(k * step / scale)
            tick, number = (at + side * np.float32(far * radius) for far in (_TICK, _NUMBER))
            lines += [at[None], tick[None], _GAP, number[None], _GAP]
            texts += ["", "", "", f"{k * step:.6g}", ""]
    return LabelledLines(np.concatenate(lines), texts)


def dimension_lines(
    ends: NDArray[np.float32], text: str, surface: NDArray[np.float32], radius: float
) -> LabelledLines:
    """A measured distance as an engineer draws it.

    The straight line between two points of a face runs inside the head, where nobody
    sees it. It is drawn moved towards the camera, clear of the surface and still as
    long as it was; two thin lines join it to the points.

    Parameters
    ----------
    ends : (1, 3) or (2, 3) float32
        One alone is marked, a little in front of the surface.
    text : str
        Its length, written at its middle.
    surface : (n, 3) float32
        Points of the surface that it must clear.
    radius : float
        Half the larger side of the subject's box.
    """
    if len(ends) == 1:
        return LabelledLines(in_front(ends, radius), [text])
    a, b = ends
    along = (b - a)[[0, 2]]  # in the plane of the picture
    across = surface[:, [0, 2]] - a[[0, 2]]
    squared = max(float(along @ along), 1e-12)
    share = np.clip(across @ along / np.float32(squared), 0, 1)
    off = across - share[:, None] * along
    near = np.einsum("nk,nk->n", off, off) <= (_STRIP * radius) ** 2
    line_y = a[1] + share[near] * (b[1] - a[1])
    stands_out = float(np.max(line_y - surface[near, 1], initial=0.0))
    moved = ends + np.array([0, -(stands_out + _CLEAR * radius), 0], np.float32)
    middle = moved.mean(axis=0)
    first, last = in_front(ends, radius)
    points = np.stack([first, moved[0], middle, moved[1], last]).astype(np.float32)
    return LabelledLines(points, ["", "", text, "", ""])


def in_front(points: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Points moved a little towards the camera, so that the surface does not hide them."""
    moved = np.array(points, np.float32)
    moved[:, 1] -= np.float32(_CLEAR * radius)
    return moved
