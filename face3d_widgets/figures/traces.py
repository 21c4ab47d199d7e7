"""The figure's traces and layout before anything is drawn, and its light."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from face3d_widgets.figures.cameras import camera
from face3d_widgets.types import ViewParams

__all__ = [
    "AXES",
    "BOX",
    "LIGHT_POSITION",
    "MEASUREMENT",
    "MESH",
    "POINTS",
    "PROFILE",
    "ROOM",
    "WIREFRAME",
    "empty_layout",
    "empty_traces",
    "light_of",
]

#: Each trace's place in the figure.
POINTS, MESH, AXES, WIREFRAME, MEASUREMENT, PROFILE, BOX = range(7)

#: Plotly draws nothing outside its box, so the box is this many times the subject's
#: size and has room for the background; the scene is scaled to match.
ROOM = 2.5

#: In coordinates of the screen, with which Plotly's light moves: found by trying for a
#: light from the upper left, near and far, from the front and from the side.
LIGHT_POSITION = {"x": -90, "y": -120, "z": 0}

# Plotly leaves faces dark that are smaller than its epsilons; ours are all small.
_NO_EPSILON = {"vertexnormalsepsilon": 0.0, "facenormalsepsilon": 0.0}
_MATT = {"specular": 0.0, "fresnel": 0.0, "roughness": 1.0, **_NO_EPSILON}
_PLAIN = {"ambient": 1.0, "diffuse": 0.0, **_MATT}
_SHADED = {"ambient": 0.35, "diffuse": 0.75, **_MATT}

# They have to be seen on white, on dark grey and on skin.
_AXES_COLOR, _MEASUREMENT_COLOR, _PROFILE_COLOR = "#d9822b", "#e5484d", "#0ea5e9"


def light_of(view: ViewParams) -> dict[str, float]:
    """A mesh's lighting: colours as they are, or by the angle to the light."""
    return dict(_SHADED if view.shaded else _PLAIN)


def empty_traces() -> list[Any]:
    """The traces, in the order of their places."""
    none = np.zeros(0, np.float32)
    nowhere = {"x": none, "y": none, "z": none, "hoverinfo": "skip"}

    def lines(
        name: str, color: str, width: int, mode: str, font: int = 14, place: str = "middle center"
    ) -> go.Scatter3d:
        return go.Scatter3d(
            **nowhere,
            mode=mode,
            line={"width": width, "color": color},
            textfont={"size": font, "color": color, "weight": 600},
            textposition=place,
            name=name,
            visible=False,
        )

    points = go.Scatter3d(
        **nowhere,
        mode="markers",
        marker={
            "symbol": "square",
            "line": {"width": 0},
            "cmin": 0,
            "cmax": 255,
            "showscale": False,
        },
        name="points",
    )
    mesh = go.Mesh3d(
        **nowhere,
        intensitymode="cell",
        # Colours are looked up in a texture of 256: aim at the middle of each.
        cmin=-0.5,
        cmax=255.5,
        showscale=False,
        lightposition=LIGHT_POSITION,
        name="mesh",
    )
    wireframe = go.Scatter3d(
        **nowhere,
        mode="lines",
        line={"width": 1, "cmin": 0, "cmax": 255, "showscale": False},
        connectgaps=False,
        name="wireframe",
        visible=False,
    )
    # Plotly's light depends on how far the data reach; two invisible corners of the box
    # keep it where it is, whatever else is drawn.
    box = go.Scatter3d(**nowhere, mode="markers", marker={"size": 1, "opacity": 0}, name="box")
    measurement = lines(
        "measurement", _MEASUREMENT_COLOR, 5, "lines+markers+text", 18, "top center"
    )
    measurement.marker = {
        "symbol": "circle",
        "color": _MEASUREMENT_COLOR,
        "opacity": 1,  # Plotly's own is less where sizes differ
        "line": {"width": 0},
    }
    return [
        points,
        mesh,
        lines("axes", _AXES_COLOR, 4, "lines+text"),
        wireframe,
        measurement,
        lines("profile", _PROFILE_COLOR, 7, "lines"),
        box,
    ]


def empty_layout() -> dict[str, Any]:
    """A figure that is nothing but its 3D scene, with the camera of the start."""
    hidden = {"visible": False}
    return {
        "autosize": True,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "uirevision": "the camera is the person's",
        "scene": {
            "xaxis": hidden,
            "yaxis": hidden,
            "zaxis": hidden,
            "aspectmode": "manual",
            "aspectratio": {"x": ROOM, "y": ROOM, "z": ROOM},
            "bgcolor": "rgba(0,0,0,0)",
            "camera": camera(),
            "dragmode": "turntable",
            "hovermode": False,  # events without labels
        },
    }
