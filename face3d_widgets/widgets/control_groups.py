"""The panel of sliders: names, ranges and one line of help each."""

from __future__ import annotations

from typing import Any

from face3d_widgets.image import WORKING_SIDE

__all__ = ["GROUPS", "MANY_POINTS", "MOST_POINTS"]

#: The density slider ends here unless the photo has more pixels.
MANY_POINTS = 200_000
#: No photo has more pixels than this once it is read.
MOST_POINTS = WORKING_SIDE * WORKING_SIDE


def _slider(
    trait: str, label: str, low: float, high: float, step: float, help: str, **more: Any
) -> dict[str, Any]:
    kind = {"kind": "slider", "trait": trait, "label": label, "min": low, "max": high}
    return {**kind, "step": step, "help": help, **more}


def _choice(trait: str, label: str, **options: str) -> dict[str, Any]:
    return {"kind": "choice", "trait": trait, "label": label, "options": [*options.items()]}


def _check(trait: str, label: str, help: str = "", **more: Any) -> dict[str, Any]:
    return {"kind": "check", "trait": trait, "label": label, "help": help, **more}


def _details(title: str, *controls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "details", "title": title, "controls": [*controls], **more}


_SHAPE = [
    _slider(
        "relief",
        "Relief",
        0,
        3,
        0.05,
        "Depth scale: 1 is natural, 0 flat.",
        instead={"trait": "scale_shift", "help": "Set by the two numbers below."},
    ),
    _slider(
        "fov",
        "Field of view",
        15,
        90,
        1,
        "Perspective: a small angle sees from afar, a large one from near.",
        unit="°",
    ),
    _slider("cutoff", "Background cut-off", 0, 0.95, 0.01, "Leaves out what is far; 0 keeps all."),
    _slider("smoothing", "Smoothing", 0, 1, 0.05, "Evens out the surface, not its edges."),
    _slider(
        "n_points",
        "Point density",
        1_000,
        MANY_POINTS,
        1_000,
        "Points or corners; many are slow.",
        scale="log",
        end="max_points",
        end_name="every pixel",
    ),
    _details(
        "More about the shape",
        _slider(
            "edge_angle",
            "Flying pixels",
            60,
            90,
            0.2,
            "What is steeper than this hangs between face and background and is cut; "
            "90° keeps all.",
            unit="°",
        ),
        {
            "kind": "numbers",
            "trait": "scale_shift",
            "shown": "numbers",
            "trouble": "trouble",
            "label": "Scale and shift as numbers",
            "names": ["Scale", "Shift"],
            "help": "depth = 1 / (scale × inverse depth + shift). Type either to set both "
            "by hand, in place of relief.",
            "back": "Back to relief",
        },
    ),
]

_MEASURING = {
    "kind": "progress",
    "trait": "measuring",
    "share": "measured_share",
    "message": "cancel-measuring",
}

_SHAPE.append(
    _details(
        "How sure the network is",
        _slider(
            "most_unsure",
            "Leave out unsure points",
            0.005,
            0.2,
            0.01,
            "Those whose depth moves by more than this share of the relief.",
            scale="log",
            percent=True,
            off=1.0,
        ),
        _MEASURING,
        intro="The photo is shown again: mirrored, moved, smaller. Where the estimate moves, the "
        "network is unsure. That finds outlines, hair and background. It hardly finds a nose "
        "that comes out too flat every time: what is wrong alike in every showing looks sure.",
    )
)

_APPEARANCE = [
    _choice("draw_as", "Draw as", points="Points", mesh="Surface", wireframe="Wireframe"),
    _choice(
        "color_by",
        "Colour by",
        photo="Photo",
        depth="Depth",
        normals="Normals",
        uncertainty="Unsure",
    ),
    _MEASURING,
    _check(
        "shaded",
        "Shaded",
        "Light shows the shape, without the photo's own shadows.",
        only={"draw_as": "mesh"},
    ),
    _slider(
        "point_size",
        "Point size",
        1,
        10,
        0.5,
        "Diameter on the screen, in pixels.",
        quiet=True,
        unit=" px",
        only={"draw_as": "points"},
    ),
    _slider("opacity", "Opacity", 0.1, 1, 0.05, "1 is solid.", quiet=True),
    _check("axes", "Axes"),
]

_WRONG = _details(
    "Wrong on purpose",
    _check(
        "inverse_as_depth",
        "Inverse depth used as depth",
        "Near and far change places: turn the face, and see that it is hollow.",
    ),
    _check(
        "wrong_fov_on",
        "Wrong field of view",
        "Widths no longer fit depths: in profile, the face is too flat or too deep.",
    ),
    _slider(
        "wrong_fov",
        "Angle taken instead",
        15,
        120,
        1,
        "The right one stands above, under Shape.",
        unit="°",
        only={"wrong_fov_on": True},
    ),
    _check(
        "eight_bit",
        "8-bit depth",
        "Only 256 depths are left: colour by normals, and look for terraces.",
    ),
    _check(
        "edges_kept",
        "Edges kept",
        "Move the cut-off to 0: curtains hang between the face and what is behind it.",
    ),
    intro="For teaching: mistakes that programs make. Switch one on and say what it spoils.",
)

GROUPS: list[dict[str, Any]] = [
    {"title": "Shape", "controls": _SHAPE},
    {"title": "Appearance", "controls": _APPEARANCE},
    {"title": "", "controls": [_WRONG]},
]
