"""The few lines of Python that reproduce a result in a notebook."""

from __future__ import annotations

import dataclasses
from typing import Any

from face3d_widgets.samples import SAMPLES, load_sample
from face3d_widgets.types import GeometryParams, Photo, ViewParams

__all__ = ["constructor", "is_sample", "python_code"]


def python_code(photo: Photo, model: str, params: GeometryParams, view: ViewParams) -> str:
    """Lines that run in a fresh notebook and show the same result.

    Only what differs from the defaults is named. A sample portrait is loaded by
    its name; of an uploaded photo, which the program does not keep, the lines name
    the file and say so.
    """
    names = {"FaceViewer", "ReconstructionSession"}
    lines = []
    if is_sample(photo):
        opened = f'load_sample("{photo.name}")'
        imports = ["from face3d_widgets.samples import load_sample"]
    else:
        opened = f"{photo.name + '.jpg'!r}"
        imports = []
        lines.append("# Your photo: put its file here, with its folder.")
    model_part = "" if model == "face_lite" else f", model={model!r}"
    turn_part = "" if photo.turn == 0 else f", turn={photo.turn}"
    lines.append("session = ReconstructionSession()")
    lines.append(f"session.open({opened}{model_part}{turn_part})")
    if params.most_unsure < 1 or view.color_by == "uncertainty":
        lines.append("session.add_uncertainty()  # runs the network nine times")
    lines.append(f"session.params = {constructor(params, GeometryParams(), names)}")
    lines.append(f"viewer = FaceViewer(session, view={constructor(view, ViewParams(), names)})")
    lines.append("viewer")
    imports.insert(0, f"from face3d_widgets import {', '.join(sorted(names))}")
    return "\n".join([*imports, "", *lines, ""])


def is_sample(photo: Photo) -> bool:
    """Tell whether the photo is the sample whose name it bears, turned or not."""
    if photo.name not in SAMPLES:
        return False
    sample = load_sample(photo.name).turned(photo.turn)
    return photo.rgb.shape == sample.rgb.shape and bool((photo.rgb == sample.rgb).all())


def constructor(record: Any, default: Any, names: set[str] | None = None) -> str:
    """The call that makes a record, with only what differs from `default`.

    The classes that it needs are added to `names`.
    """
    names = set() if names is None else names
    names.add(type(record).__name__)
    parts = []
    for entry in dataclasses.fields(record):
        value, usual = getattr(record, entry.name), getattr(default, entry.name)
        if value == usual:
            continue
        if dataclasses.is_dataclass(value):
            parts.append(f"{entry.name}={constructor(value, usual, names)}")
        else:
            parts.append(f"{entry.name}={value!r}")
    return f"{type(record).__name__}({', '.join(parts)})"
