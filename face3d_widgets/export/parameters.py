"""The parameters that reproduce a result from its photo, as JSON and back.

Written and read through the fields of the records, nested ones too, so that a
parameter that is new to a record needs nothing here.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import reprlib
import types
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from face3d_widgets import __version__
from face3d_widgets.types import GeometryParams, Photo, ViewParams

__all__ = ["LARGEST_FILE", "SavedParameters", "parameters_from_json", "parameters_to_json"]

LARGEST_FILE = 200_000  # bytes; parameters have some two thousand

# Counts up when old programs could no longer read a new file.
FORMAT_VERSION = 1


@dataclass(frozen=True)
class SavedParameters:
    """The numbers behind a result.

    Attributes
    ----------
    model : str
        Name of the network in the zoo.
    photo_name : str
    photo_size : (width, height)
        Of the pixels that were used, after any reduction.
    photo_sha256 : str
        SHA-256 of those pixels, hexadecimal. It tells whether another photo is
        the same one and nothing else about it; what the camera wrote beside the
        pixels has no part in it.
    geometry : GeometryParams
    view : ViewParams
    turn : {0, 90, 180, 270}
        Degrees clockwise by which somebody turned the photo; all else is of the turned one.
    package_version : str
        Of the face3d_widgets that wrote it.
    """

    model: str
    photo_name: str
    photo_size: tuple[int, int]
    photo_sha256: str
    geometry: GeometryParams = field(default_factory=GeometryParams)
    view: ViewParams = field(default_factory=ViewParams)
    turn: int = 0
    package_version: str = __version__

    @classmethod
    def of(
        cls, photo: Photo, model: str, geometry: GeometryParams, view: ViewParams
    ) -> SavedParameters:
        """The parameters of a result from `photo`."""
        return cls(
            model=model,
            photo_name=photo.name,
            photo_size=(photo.width, photo.height),
            photo_sha256=_pixels_sha256(photo),
            geometry=geometry,
            view=view,
            turn=photo.turn,
        )

    def is_of(self, photo: Photo) -> bool:
        """Tell whether `photo` has the very pixels that the result was made from.

        Decoders differ in the last bit, so the same file may fail this on
        another computer; the result will be as good as the same all the same.
        """
        return self.photo_sha256 == _pixels_sha256(photo)


def parameters_to_json(parameters: SavedParameters) -> bytes:
    """The parameters as JSON, UTF-8, one to a line; equal ones give equal bytes."""
    values = {"format_version": FORMAT_VERSION, **dataclasses.asdict(parameters)}
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


_Saved = TypeVar("_Saved", bound=SavedParameters)


def parameters_from_json(
    data: bytes | str,
    kind: type[_Saved] = SavedParameters,  # type: ignore[assignment]
) -> _Saved:
    """Read what `parameters_to_json` wrote, here or in another version.

    Fields that this version does not know are left out; parameters that the file
    lacks take their defaults.

    Parameters
    ----------
    data : bytes or str
    kind : type
        `SavedParameters`, or a record that adds fields with defaults to it.

    Raises
    ------
    ValueError
        When it is no such file, comes from a version whose files this one cannot
        read, or holds a value that a parameter cannot take.
    """
    if len(data) > LARGEST_FILE:
        raise ValueError(
            f"this is no parameters.json: it has {len(data) / 1e6:.1f} MB, and parameters have "
            "some two thousand bytes; choose the one of a zip"
        )
    try:
        values = json.loads(data)
    except ValueError as error:  # of JSON or of UTF-8
        raise ValueError(f"this is no parameters.json: {error}; choose the one of a zip") from None
    version = values.get("format_version") if isinstance(values, dict) else None
    if type(version) is not int or version < 1:
        raise ValueError(
            "this is no parameters.json of face3d_widgets; choose the one inside a zip that"
            " “everything” gave"
        )
    if version > FORMAT_VERSION:
        raise ValueError(
            f"parameters.json has format {version} and face3d_widgets {__version__} reads up to"
            f" {FORMAT_VERSION}; install a newer face3d_widgets"
        )
    return cast("_Saved", _read(kind, values, ""))


def _pixels_sha256(photo: Photo) -> str:
    """Of the RGB bytes, row by row from the top."""
    return hashlib.sha256(photo.rgb.data).hexdigest()


def _read(kind: Any, value: Any, name: str) -> Any:
    """`value` from JSON as a `kind`: a record, a tuple, a union or a plain type."""
    origin = get_origin(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        return _read_record(kind, value, name)
    if origin in (Union, types.UnionType):
        for choice in get_args(kind):
            try:
                return _read(choice, value, name)
            except _WrongType:
                continue
    elif origin is Literal and value in get_args(kind):
        return value
    elif origin is tuple and isinstance(value, list):
        kinds = get_args(kind)
        if kinds[-1] is Ellipsis:
            kinds = (kinds[0],) * len(value)
        if len(kinds) == len(value):
            items = enumerate(zip(kinds, value, strict=True))
            return tuple(_read(k, item, f"{name}[{i}]") for i, (k, item) in items)
    elif kind is float and type(value) in (int, float):
        return float(value)
    elif kind in (bool, int, str, type(None)) and type(value) is kind:
        return value
    wanted = kind.__name__ if isinstance(kind, type) else kind
    raise _WrongType(
        f"“{name}” in parameters.json is {reprlib.repr(value)} and not a {wanted}; "
        "correct it or save anew"
    )


def _read_record(kind: type, values: dict[str, Any], name: str) -> Any:
    """The fields that both the record and the file have."""
    hints = get_type_hints(kind)
    known, missing = {}, []
    for entry in dataclasses.fields(kind):
        full_name = f"{name}.{entry.name}".lstrip(".")
        if entry.name in values:
            known[entry.name] = _read(hints[entry.name], values[entry.name], full_name)
        elif entry.default is entry.default_factory is dataclasses.MISSING:
            missing.append(full_name)
    if missing:
        raise ValueError(f"parameters.json lacks {', '.join(missing)}; save the parameters anew")
    return kind(**known)


class _WrongType(ValueError):
    """A value of another type than its field."""
