"""The samples' results as a section of the page: 3D figure, photo, depth map and numbers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from face3d_widgets.depth import model_info
from face3d_widgets.samples import SAMPLES, load_sample, sample_bytes
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.site.plots import plot
from face3d_widgets.types import ViewParams

if TYPE_CHECKING:
    from face3d_widgets.figures import Figure

__all__ = ["result_section"]

_VIEW = ViewParams(draw_as="mesh")
# Seen from here at first: the depth shows, and the face is still a portrait.
_FIRST_CAMERA = "home"
_VIEWS = ("front", "three-quarter", "profile", "home")
_CONFIG = {"displayModeBar": False, "displaylogo": False, "scrollZoom": False, "responsive": True}


def result_section(session: ReconstructionSession, name: str) -> str:
    """HTML of one sample: the face in 3D, where it came from, and its numbers.

    Parameters
    ----------
    session : ReconstructionSession
        Does the work; the sample is its result afterwards.
    name : str
        One of `SAMPLES`.
    """
    session.open(load_sample(name))
    title = SAMPLES[name]
    figure = _as_json(session.figure(_VIEW, _FIRST_CAMERA))
    buttons = "".join(
        f'<button type="button" data-camera="{view}">{"start" if view == "home" else view}</button>'
        for view in _VIEWS
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(what)}</th><td>{escape(value)}</td></tr>'
        for what, value in _numbers(session).items()
    )
    photo = base64.b64encode(sample_bytes(name)).decode()
    return f"""<article class="result" data-sample="{name}">
<h2>{escape(title)}</h2>
<div class="pair">
<div>{plot(figure, f"{title} in 3D; drag to turn it", "face")}
<div class="views" role="group" aria-label="Look from">{buttons}</div></div>
<div><img src="data:image/jpeg;base64,{photo}" alt="The photo: {escape(title)}">
{plot(_depth_map(session), "The map of inverse depth; bright is near")}
</div></div>
<table><caption>In numbers</caption><tbody>{rows}</tbody></table>
</article>"""


def _as_json(figure: Figure) -> dict[str, Any]:
    from face3d_widgets.figures import figure_as_shown

    drawing: dict[str, Any] = json.loads(figure_as_shown(figure).to_json())
    drawing["layout"].update(paper_bgcolor="white", autosize=True)
    for side in ("width", "height"):
        drawing["layout"].pop(side, None)
    drawing["config"] = _CONFIG
    return drawing


def _depth_map(session: ReconstructionSession) -> dict[str, Any]:
    from face3d_widgets.figures.charts import maps_figure, static_config

    estimate = session.result.inverse_depth
    values = np.where(_subject(session), estimate.values, np.nan)
    figure = maps_figure({"depth map": values}, "inverse depth (no unit)")
    drawing: dict[str, Any] = json.loads(figure.to_json())
    drawing["layout"]["paper_bgcolor"] = "white"
    drawing["config"] = static_config()
    return drawing


def _subject(session: ReconstructionSession) -> np.ndarray:
    """(h, w) bool: where the network saw a person; everywhere where it did not say."""
    estimate = session.result.inverse_depth
    return np.ones(estimate.values.shape, bool) if estimate.subject is None else estimate.subject


def _numbers(session: ReconstructionSession) -> Mapping[str, str]:
    result, mesh = session.result, session.mesh()
    network = model_info(result.inverse_depth.model)
    subject = _subject(session)
    low, high = np.quantile(result.inverse_depth.values[subject], [0.01, 0.99])
    extent = " × ".join(f"{side:.2f}" for side in np.ptp(mesh.vertices.points, axis=0))
    width, height = result.photo.original_size
    return {
        "photo": f"{width} × {height} pixels",
        "network": f"{network.title}, {network.parameters / 1e6:.1f} million weights",
        "depth took": f"{result.seconds:.2f} s where this page was made",
        "a person fills": f"{subject.mean():.0%} of the photo",
        "inverse depth there": f"{low:.2f} to {high:.2f}, without unit",
        "surface": f"{len(mesh.vertices):,} points, {len(mesh.faces):,} triangles",
        "width × height × depth": f"{extent}, relative: one photo tells no size",
        "vertical field of view": f"{session.params.fov:.0f}°",
    }
