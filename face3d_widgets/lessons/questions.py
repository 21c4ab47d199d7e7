"""Predictions that the lessons ask for, and what is said to each choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["QUESTIONS", "Question"]


@dataclass(frozen=True)
class Question:
    """One question with a few choices.

    Attributes
    ----------
    text : str
    choices : mapping of choice to what is said to it
    right : str
        The choice that holds.
    """

    text: str
    choices: Mapping[str, str]
    right: str


QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        "twice-the-value": Question(
            "The network gives pixel A the value 0.8 and pixel B the value 0.4. What do you know?",
            {
                "A is nearer than B.": (
                    "Yes, and that is all. Add 10 to every value and it is still a valid answer "
                    "of the network, but 10.8 is no longer twice 10.4."
                ),
                "A is twice as near as B.": (
                    "That would need a scale on which 0 means something. The network has none: "
                    "a constant may be added to all its values. What is left when that changes?"
                ),
                "A is 0.8 metres away.": (
                    "Then B, with the lower value, would be nearer. Higher is nearer here, and "
                    "the values have no unit."
                ),
            },
            "A is nearer than B.",
        ),
        "upside-down": Question(
            "We turn the photo upside down, ask the network, and turn its answer back. "
            "Will it be the same map?",
            {
                "Yes: the face is the same face.": (
                    "The face is, the picture is not. The network computes with pixels, and in "
                    "all the pictures that it learned from, foreheads were above chins. Run it."
                ),
                "No: it has never seen such a face.": (
                    "That is the point: it does not measure light, it remembers pictures. Run "
                    "it, and see how much is left."
                ),
            },
            "No: it has never seen such a face.",
        ),
        "how-many-distances": Question(
            "How many pixels must you measure with a tape to turn the whole map into metres?",
            {
                "One.": (
                    "One gives one equation, and there are two unknown numbers. Many pairs of "
                    "scale and shift go through one point."
                ),
                "Two.": (
                    "Yes: two unknown numbers, two equations. A third would tell how good the "
                    "network is."
                ),
                "All of them.": (
                    "Then the network would be of no use. All pixels share the same two numbers."
                ),
            },
            "Two.",
        ),
        "equal-axes": Question(
            "Draw each pixel at x = column, y = row, z = grey value / 255, with equal units on "
            "all three axes. The photo has hundreds of columns and rows. What will you see?",
            {
                "A face with natural depth.": (
                    "x and y run over hundreds of units. How far does z run, when a grey value is "
                    "255 at most and is divided by 255?"
                ),
                "A flat sheet.": (
                    "Yes: hundreds of units wide, and one unit deep. And one thing more is "
                    "wrong with it; look which way is up."
                ),
                "A face that is too deep.": (
                    "It would need large numbers in z. What is the largest value of grey / 255?"
                ),
            },
            "A flat sheet.",
        ),
        "count-triangles": Question(
            "A grid of 3 rows and 4 columns of points is joined to a surface, two triangles "
            "to a square. How many triangles?",
            {
                "24": "That is two for each of 12 points. How many squares are between them?",
                "12": "Yes: 2 x 3 squares, two triangles in each.",
                "6": "So many squares there are. Each is cut along its diagonal.",
            },
            "12",
        ),
        "blurred": Question(
            "We blur the true depth of a face until the edges of eyelids, nose and lips are "
            "gone, and score that. Which score will show it most clearly?",
            {
                "The share of the shape explained.": (
                    "Most of the shape is a large egg, and that survives a blur. Which score "
                    "looks at small steps between neighbours?"
                ),
                "The order of pairs of pixels.": (
                    "Two pixels far apart keep their order when both are blurred. Which score "
                    "looks at neighbours?"
                ),
                "The normals.": (
                    "Yes: normals come from differences of neighbours, and a blur takes just "
                    "these away. Now see by how much."
                ),
            },
            "The normals.",
        ),
        "other-scale": Question(
            "Network B gives at every pixel 3 times the value of network A, plus 5. "
            "Do the two disagree about the face?",
            {
                "Yes: all numbers differ.": (
                    "They do, but scale and shift were free from the start. Which 3D face "
                    "comes out of each, when both are fitted to the same two known distances?"
                ),
                "No: they say the same.": (
                    "Yes. So before two networks are compared, one is brought to the other's "
                    "scale and shift; only what is left is disagreement."
                ),
            },
            "No: they say the same.",
        ),
        "ready-to-print": Question(
            "The surface of the face looks fine on the screen. Can a 3D printer print it?",
            {
                "Yes: it is a mesh of triangles.": (
                    "How thick is it? A printer fills an inside, and a sheet has none."
                ),
                "No: it has no inside.": (
                    "Right. A surface is a sheet of no thickness with an open edge. It needs "
                    "walls and a back, without the smallest hole."
                ),
            },
            "No: it has no inside.",
        ),
    }
)
