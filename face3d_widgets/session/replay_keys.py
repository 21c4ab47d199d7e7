"""The short keys of a link: what each stands for, and how its value is written and read."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from face3d_widgets.figures.cameras import Viewpoint
from face3d_widgets.session.replay_state import Replay

__all__ = ["KEYS", "Key", "get", "put"]


@dataclass(frozen=True)
class Key:
    """One value of a link.

    Attributes
    ----------
    path : tuple of str
        The way to it through a `Replay`'s fields.
    name : str
        For people, where it could not be read.
    write : callable
        Value to text.
    read : callable
        Text to value; a ValueError says that it is none.
    """

    path: tuple[str, ...]
    name: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]


def get(replay: Replay, path: tuple[str, ...]) -> Any:
    """The value at the end of a path."""
    value: Any = replay
    for name in path:
        value = getattr(value, name)
    return value


def put(record: Any, path: tuple[str, ...], value: Any) -> Any:
    """The record with another value there; the records on the way may refuse it."""
    first, *rest = path
    if rest:
        value = put(getattr(record, first), tuple(rest), value)
    return dataclasses.replace(record, **{first: value})


def _write_number(value: float) -> str:
    """The shortest text that gives the same number."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _read_number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number")
    return value


def _write_flag(value: bool) -> str:
    return str(int(value))


def _read_flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f"{text} is neither 0 nor 1")
    return text == "1"


def _write_numbers(values: tuple[float, ...]) -> str:
    return ",".join(map(_write_number, values))


def _read_numbers(text: str, *counts: int) -> tuple[float, ...]:
    values = tuple(map(_read_number, text.split(",")))
    if len(values) not in counts:
        raise ValueError(f"{text} has {len(values)} numbers")
    return values


def _or_none(
    write: Callable[[Any], str], read: Callable[[str], Any]
) -> tuple[Callable[[Any], str], Callable[[str], Any]]:
    """The same for a value that may be None, which is written as "none"."""
    return (
        lambda value: "none" if value is None else write(value),
        lambda text: None if text == "none" else read(text),
    )


def _write_camera(camera: Viewpoint) -> str:
    """The eye, with the centre where it was moved, with up where that was turned."""
    usual = Viewpoint(camera.eye)
    numbers = list(camera.eye)
    if (camera.center, camera.up) != (usual.center, usual.up):
        numbers += camera.center
    if camera.up != usual.up:
        numbers += camera.up
    return _write_numbers(tuple(numbers))


def _read_camera(text: str) -> Viewpoint:
    numbers = _read_numbers(text, 3, 6, 9)
    return Viewpoint(*(numbers[i : i + 3] for i in range(0, len(numbers), 3)))  # type: ignore[arg-type]


def _write_places(places: tuple[tuple[float, float], ...]) -> str:
    return _write_numbers(tuple(n for place in places for n in place))


def _read_places(text: str) -> tuple[tuple[float, ...], ...]:
    if not text:
        return ()
    numbers = _read_numbers(text, 2, 4)
    return tuple(numbers[i : i + 2] for i in range(0, len(numbers), 2))


_NUMBER = _write_number, _read_number
_WHOLE = str, int
_FLAG = _write_flag, _read_flag
_TEXT = str, str
_WORDS = ",".join, lambda text: tuple(text.split(",")) if text else ()


def _numbers(count: int) -> tuple[Callable[[Any], str], Callable[[str], Any]]:
    return _write_numbers, lambda text: _read_numbers(text, count)


#: Key to what it stands for. A key keeps its meaning for as long as `replay.VERSION` is the
#: same; a new one may join at any time, and older programs say that they do not know it.
KEYS: Mapping[str, Key] = MappingProxyType(
    {
        key: Key(tuple(path.split(".")), name, *codec)
        for key, path, name, codec in (
            ("p", "photo", "photo", _TEXT),
            ("t", "turn", "turn of the photo", _WHOLE),
            ("m", "model", "network", _TEXT),
            ("pg", "page", "page", _TEXT),
            # Shape
            ("r", "params.relief", "relief", _NUMBER),
            ("f", "fov", "field of view", _or_none(*_NUMBER)),
            ("c", "params.cutoff", "background cut-off", _NUMBER),
            ("s", "params.smoothing", "smoothing", _NUMBER),
            ("n", "params.n_points", "point density", _WHOLE),
            ("e", "params.edge_angle", "flying pixels", _NUMBER),
            ("u", "params.most_unsure", "unsure points", _NUMBER),
            ("z", "params.scale_shift", "scale and shift", _or_none(*_numbers(2))),
            ("wi", "params.wrong.inverse_as_depth", "inverse depth used as depth", _FLAG),
            ("wf", "params.wrong.fov", "wrong field of view", _or_none(*_NUMBER)),
            ("w8", "params.wrong.eight_bit", "8-bit depth", _FLAG),
            ("we", "params.wrong.edges_kept", "edges kept", _FLAG),
            # Appearance
            ("d", "view.draw_as", "draw as", _TEXT),
            ("b", "view.color_by", "colour by", _TEXT),
            ("cm", "view.colormap", "colours of depth", _TEXT),
            ("l", "view.shaded", "shaded", _FLAG),
            ("ps", "view.point_size", "point size", _NUMBER),
            ("o", "view.opacity", "opacity", _NUMBER),
            ("a", "view.axes", "axes", _FLAG),
            ("cam", "camera", "camera", _or_none(_write_camera, _read_camera)),
            # Measure
            ("k", "spot.ruler", "scale", _or_none(*_numbers(5))),
            ("mm", "spot.mode", "measure", _TEXT),
            ("mp", "spot.places", "measured places", (_write_places, _read_places)),
            # Files
            ("x", "kind", "kind of file", _TEXT),
            ("xf", "choices.n_faces", "faces", _or_none(*_WHOLE)),
            ("xh", "choices.head_mm", "width of the head", _or_none(*_NUMBER)),
            ("xm", "choices.model_width_mm", "width of a model", _or_none(*_NUMBER)),
            ("xs", "choices.solid.depth_share", "depth of a relief", _NUMBER),
            ("xp", "choices.solid.width_mm", "width of a print", _NUMBER),
            ("xt", "choices.solid.thickest_mm", "thickness of a print", _NUMBER),
            ("xw", "choices.width_mm", "width of a figure", _NUMBER),
            ("xd", "choices.dpi", "dots an inch", _NUMBER),
            ("xb", "choices.background", "background of a figure", _TEXT),
            ("xr", "choices.whole_turn", "whole turn", _FLAG),
            # The other pages
            ("cp", "compare.places", "compared networks", _WORDS),
            ("cs", "compare.shown", "map of differences", _TEXT),
            ("cc", "compare.color_by", "colours of compared faces", _TEXT),
            ("lh", "lab.head", "head", _TEXT),
            ("lm", "lab.model", "network of the lab", _TEXT),
            ("li", "lab.wrong.inverse_as_depth", "the lab’s inverse depth used as depth", _FLAG),
            ("lf", "lab.wrong.fov", "the lab’s wrong field of view", _or_none(*_NUMBER)),
            ("l8", "lab.wrong.eight_bit", "the lab’s 8-bit depth", _FLAG),
            ("le", "lab.wrong.edges_kept", "the lab’s edges kept", _FLAG),
            ("lc", "lab.color_by", "the lab’s colours", _TEXT),
            ("lo", "lab.map_of", "the lab’s map", _TEXT),
        )
    }
)
