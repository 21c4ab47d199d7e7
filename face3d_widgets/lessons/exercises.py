"""The lessons' exercises: what is asked, and the judge that helps without telling.

A judge recognises the usual mistakes and names what to look at; its words hold no
answer. What is right is computed with the package's own functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from face3d_widgets.geometry import (
    align_maps,
    align_scale_shift,
    back_project,
    depth_from_inverse_depth,
    vertex_normals,
)
from face3d_widgets.types import Intrinsics

__all__ = ["EXERCISES", "Exercise", "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """The verdict on an answer.

    Attributes
    ----------
    right : bool
    text : str
        Why it is right, or what to look at; never the answer.
    """

    right: bool
    text: str


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    start : object
        The value that a lesson's cell begins with.
    first : str
        What is said of `start`.
    judge : callable
        Answer to `Verdict`; may raise ValueError or TypeError for what it cannot read.
    wants : str
        The form of an answer, "one number, in metres".
    """

    start: Any
    first: str
    judge: Callable[[Any], Verdict]
    wants: str

    def check(self, answer: Any) -> Verdict:
        """The verdict on any answer at all; never raises."""
        if _same(answer, self.start):
            return Verdict(False, f"This is where you start. {self.first}")
        try:
            return self.judge(answer)
        except (ValueError, TypeError, OverflowError):
            return Verdict(False, f"That has another form than what is asked: {self.wants}.")


def _same(answer: Any, start: Any) -> bool:
    try:
        return bool(np.array_equal(np.asarray(answer, float), np.asarray(start, float)))
    except (ValueError, TypeError):
        return False


def _numbers(answer: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = np.asarray(answer, np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError("another form")
    return array


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values from 0 to 1: scale and shift are free, and large or small ones fit as well."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low)


def _near(
    answer: Any,
    right: ArrayLike,
    tolerance: float,
    praise: str,
    mistakes: Sequence[tuple[ArrayLike, str]],
    otherwise: str,
) -> Verdict:
    """Right within a tolerance, else the hint of the mistake that gives this answer."""
    expected = np.asarray(right, np.float64)
    given = _numbers(answer, expected.shape)
    if np.allclose(given, expected, rtol=0, atol=tolerance):
        return Verdict(True, praise)
    for mistake, hint in mistakes:
        if np.allclose(given, mistake, rtol=0.002, atol=tolerance):
            return Verdict(False, hint)
    return Verdict(False, otherwise)


# Lesson 1. Any scale above 0 and any shift make a right answer.
DEPTHS = ((1.0, 2.0), (4.0, 2.0))  # metres


def _inverse_of_depths(answer: Any) -> Verdict:
    given, depths = _numbers(answer, (2, 2)), np.array(DEPTHS)
    if given[0, 1] != given[1, 1]:
        return Verdict(
            False, "Two of the pixels are equally far. Give them one and the same value."
        )
    if not given[0, 0] > given[0, 1] > given[1, 0]:
        return Verdict(
            False,
            "The order is not that of a network: the nearest pixel needs the highest value, "
            "and the farthest the lowest.",
        )
    steps = Verdict(
        False,
        "The order holds, but not the steps. Write 1 divided by each depth: is the step from "
        "the nearest to the middle as large as the step from the middle to the farthest?",
    )
    try:
        fit = align_scale_shift(_spread(given), depths)
    except ValueError:
        return steps
    if fit.residual > 0.01:
        return steps
    return Verdict(
        True,
        "This is a map that a network could give. So is every other one that has the same "
        "order and the same ratio of steps: scale and shift are free.",
    )


# Lesson 2. Two points were measured with a tape; how far is the third?
KNOWN_VALUES, KNOWN_DEPTHS, THIRD_VALUE = (0.9, 0.4), (0.40, 0.50), 0.65  # metres


def _third_point(answer: Any) -> Verdict:
    fit = align_scale_shift(KNOWN_VALUES, KNOWN_DEPTHS)
    value = np.full(1, THIRD_VALUE, np.float32)
    right = float(depth_from_inverse_depth(value, fit.scale, fit.shift, 100)[0])
    return _near(
        answer,
        right,
        0.0015,
        "Right. Two known distances gave scale and shift, and these hold for every other pixel.",
        [
            (
                float(np.mean(KNOWN_DEPTHS)),
                "That is half way between the two depths. Half way between the values is half "
                "way in inverse depth; work there, and turn the result over at the end.",
            ),
            (
                1 / right,
                "That is a good number, but in 1/metre. One step is missing.",
            ),
            (100 * right, "Good, but in centimetres; the answer is wanted in metres."),
            (
                1 / THIRD_VALUE,
                "You took the value for the inverse depth itself. Scale and shift come first.",
            ),
        ],
        "Not yet. Write down 1/depth for both known points; the line through them gives scale "
        "and shift. Put the third value into that line, then take 1 divided by the result.",
    )


# Lesson 3. A pixel of a picture of 400 x 400 with a focal length of 400 pixels.
CAMERA, PIXEL, PIXEL_DEPTH = Intrinsics(400, 400, 200, 200), (100, 300), 2.0  # row, column; metres


def _pixel_to_point(answer: Any) -> Verdict:
    depth = np.full((400, 400), PIXEL_DEPTH, np.float32)
    x, y, z = (float(v) for v in back_project(depth, CAMERA)[PIXEL])
    half = 0.5 / CAMERA.fx * PIXEL_DEPTH
    return _near(
        answer,
        (x, y, z),
        0.0006,
        "Right: to the right of the axis, above it (y points down), and two metres away.",
        [
            (
                (x - half, y - half, z),
                "Nearly: a pixel is a small square, and its ray goes through the middle of it. "
                "Where is the middle of pixel 0?",
            ),
            (
                (x, -y, z),
                "The sign of y: in the camera's frame y points down, as the rows do.",
            ),
            (
                (x / PIXEL_DEPTH, y / PIXEL_DEPTH, z),
                "x and y hold at a depth of 1. What is twice as far is twice as far aside.",
            ),
            ((y, x, z), "Rows run down and columns run right: which of the two gives x?"),
        ],
        "Not yet. x = (column + 0.5 - cx) / fx * depth, y the same with the row, and z is the "
        "depth. Give three numbers in metres.",
    )


# Lesson 4. Corners of a square, numbered by rows: 0 and 1 above, 2 and 3 below.
SQUARE = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]], np.float32)


def _two_triangles(answer: Any) -> Verdict:
    faces = _numbers(answer, (2, 3))
    if not np.isin(faces, range(4)).all():
        return Verdict(False, "The corners have the numbers 0, 1, 2 and 3; use these alone.")
    corners = [set(face.tolist()) for face in faces]
    if any(len(face) < 3 for face in corners):
        return Verdict(False, "A triangle has three different corners.")
    shared = corners[0] & corners[1]
    if len(corners[0] | corners[1]) < 4:
        return Verdict(False, "These are the same triangle twice, so half of the square is open.")
    if shared not in ({0, 3}, {1, 2}):
        return Verdict(
            False,
            "Your triangles lie over each other. They must meet in a diagonal of the square.",
        )
    away = sum(
        vertex_normals(SQUARE[face], np.array([[0, 1, 2]]))[0, 2] > 0 for face in faces.astype(int)
    )
    if away:
        one = "One triangle faces" if away == 1 else "Both triangles face"
        return Verdict(
            False,
            f"The square is covered. {one} away from you, though: name the corners "
            "counter-clockwise, as you see them on the paper.",
        )
    return Verdict(True, "Right: the square is covered once, and both triangles face the camera.")


# Lesson 5. Five points whose true inverse depth is known.
TRUE_INVERSE, ENOUGH = (2.0, 3.0, 4.0, 5.0, 6.0), 0.8  # 1/m; share of the variance


def _order_not_shape(answer: Any) -> Verdict:
    given, truth = _numbers(answer, (5,)), np.array(TRUE_INVERSE)
    if not (np.diff(given) > 0).all():
        return Verdict(
            False,
            "The order is not perfect yet: each value must be higher than the one before it.",
        )
    residual = align_scale_shift(_spread(given), 1 / truth).residual
    explained = 1 - residual**2 / truth.var()
    if explained >= ENOUGH:
        return Verdict(
            False,
            f"The order is perfect, and your values still explain {explained:.1%} of the shape. "
            "Keep the order and make the steps more unequal.",
        )
    return Verdict(
        True,
        f"Right: not one pair is in the wrong order, and only {explained:.1%} of the shape is "
        "explained. Order alone does not make a face.",
    )


# Lesson 6. Five pixels that agree and one with hair before it.
SOURCE, TARGET = (1, 2, 3, 4, 5, 6), (3, 5, 7, 9, 11, 40)


def _one_outlier(answer: Any) -> Verdict:
    source, target = (np.array([row], np.float32) for row in (SOURCE, TARGET))
    robust = align_maps(source, target)
    plain = np.polyfit(SOURCE, TARGET, 1)
    return _near(
        answer,
        (robust.scale, robust.shift),
        0.05,
        "Right: five pixels agree exactly, and the sixth is left to itself.",
        [
            (
                plain,
                "That is the line of least squares through all six. One pixel has pulled it "
                "away from the other five; what would you say without it?",
            ),
            ((robust.shift, robust.scale), "The right numbers, in the other order."),
        ],
        "Not yet. Look at the pixels that agree: how much does B grow when A grows by 1, and what "
        "must then be added?",
    )


# Lesson 7. A figure for one column of a journal.
COLUMN_MM, COLUMN_DPI, MM_PER_INCH = 85.0, 300.0, 25.4


def _pixels_across(answer: Any) -> Verdict:
    right = COLUMN_MM / MM_PER_INCH * COLUMN_DPI
    return _near(
        answer,
        right,
        1.5,
        "Right. Fewer pixels than that and the print is soft; more and the file only grows.",
        [
            (
                COLUMN_MM * COLUMN_DPI,
                "Dots per inch, not per millimetre: how many inches wide is the column?",
            ),
            (
                COLUMN_MM / 10 * COLUMN_DPI,
                "That is with dots per centimetre. How many inches wide is the column?",
            ),
            (10 * right, "Ten times too many: an inch has 25.4 mm, which are 2.54 cm."),
        ],
        "Not yet. Turn the width into inches first (1 inch = 25.4 mm); dpi says how many dots "
        "there are in each.",
    )


EXERCISES = MappingProxyType(
    {
        "inverse-of-depths": Exercise(
            start=[[0, 0], [0, 0]],
            first="Four equal values say that all is equally far. Which pixel must be highest?",
            judge=_inverse_of_depths,
            wants="two rows of two numbers, [[a, b], [c, d]]",
        ),
        "third-point": Exercise(
            start=0.0,
            first="Nothing is 0 metres away. Begin with 1/depth of the two known points.",
            judge=_third_point,
            wants="one number, in metres, with a decimal point",
        ),
        "pixel-to-point": Exercise(
            start=(0.0, 0.0, 2.0),
            first="This point is straight ahead. Is the pixel right or left of the middle, "
            "above or below it?",
            judge=_pixel_to_point,
            wants="three numbers in metres, (x, y, z), with decimal points",
        ),
        "two-triangles": Exercise(
            start=[[0, 1, 2], [0, 1, 2]],
            first="One triangle lies there twice, and corner 3 is free. Cover the whole square.",
            judge=_two_triangles,
            wants="two lists of three corner numbers, [[a, b, c], [d, e, f]]",
        ),
        "order-not-shape": Exercise(
            start=[1, 2, 3, 4, 5],
            first="It has the right order and the right steps, so it explains everything. "
            "Spoil the steps and keep the order.",
            judge=_order_not_shape,
            wants="five numbers, [a, b, c, d, e]",
        ),
        "one-outlier": Exercise(
            start=(1.0, 0.0),
            first="Scale 1 and shift 0 change nothing. Draw the six points on paper first.",
            judge=_one_outlier,
            wants="two numbers, (scale, shift)",
        ),
        "pixels-across": Exercise(
            start=0,
            first="How many inches wide is the column?",
            judge=_pixels_across,
            wants="one number of pixels",
        ),
    }
)
