"""Rendered heads of which the depth of every pixel is known: the truth to hold an estimate to.

Each is two files: NAME.jpg, what the camera saw, and NAME.npz, what was there. Depth is
kept as inverse depth in 65,535 steps between the head's nearest and farthest, which is
exact to a few micrometres, and as the difference to the pixel on its left, which
deflates to a third.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.image import encode_jpeg, read_photo, safe_stem
from face3d_widgets.types import Intrinsics, Photo, read_only

__all__ = ["RenderedHead", "load_rendered_head", "rendered_heads", "write_rendered_head"]

#: Names another folder of heads than the one in the package.
FOLDER_VARIABLE = "FACE3D_HEADS"

_LEVELS = 65_535  # 0 is background
_JPEG_QUALITY = 88


@dataclass(frozen=True, eq=False)
class RenderedHead:
    """A photo that was rendered, with the shape that it was rendered from.

    Attributes
    ----------
    name : str
    photo : Photo
    depth : (h, w) float32
        Metres along the camera's axis; NaN where there is background.
    head : (h, w) bool
        Pixels that show the head, hair included; all have a depth.
    face : (h, w) bool
        Those of them that show the face.
    intrinsics : Intrinsics
        The camera; pixel centres lie at integer + 0.5.
    facts : mapping
        What else is known, for people to read: "title", "distance", and more.
    """

    name: str
    photo: Photo
    depth: NDArray[np.float32]
    head: NDArray[np.bool_]
    face: NDArray[np.bool_]
    intrinsics: Intrinsics
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.photo.rgb.shape[:2]
        for name, kind in (("depth", np.float32), ("head", np.bool_), ("face", np.bool_)):
            array = np.asarray(getattr(self, name), kind)
            if array.shape != shape:
                raise ValueError(f"{name} is {array.shape} and the photo {shape}; give one size")
            object.__setattr__(self, name, read_only(array))
        if not self.head.any():
            raise ValueError("the head's mask is empty; mark the pixels that show the head")
        if not (np.isfinite(self.depth[self.head]) & (self.depth[self.head] > 0)).all():
            raise ValueError("a pixel of the head has no depth above 0; mend the depth or the mask")
        if not (self.head >= self.face).all():
            raise ValueError("the face's mask reaches beyond the head's; cut it off there")
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))

    @property
    def title(self) -> str:
        """The name shown to people."""
        return str(self.facts.get("title", self.name.replace("_", " ").capitalize()))

    @property
    def fov(self) -> float:
        """Vertical field of view of the camera, in degrees."""
        return float(np.degrees(2 * np.arctan(self.photo.height / (2 * self.intrinsics.fy))))


def rendered_heads() -> list[str]:
    """The names of the heads that are here, in order; an empty list where there are none."""
    folder = _folder()
    if not folder.is_dir():
        return []
    return sorted(p.stem for p in folder.glob("*.npz") if p.with_suffix(".jpg").is_file())


def rendered_photo_bytes(name: str) -> bytes:
    """The JPEG file of a head.

    Raises
    ------
    KeyError
        When there is no head of that name.
    """
    return _file(name, ".jpg").read_bytes()


def load_rendered_head(name: str) -> RenderedHead:
    """A head by name; see `rendered_heads`.

    Raises
    ------
    KeyError
        When there is no head of that name.
    """
    with np.load(_file(name, ".npz"), allow_pickle=False) as stored:
        steps = np.cumsum(stored["steps"], axis=1, dtype=np.uint16)
        low, high = (float(number) for number in stored["range"])
        fx, fy, cx, cy = (float(number) for number in stored["intrinsics"])
        head, face = (_unpacked(stored[mask], steps.shape) for mask in ("head", "face"))
        facts = json.loads(str(stored["facts"]))
    inverse = low + (steps.astype(np.float64) - 1) * ((high - low) / (_LEVELS - 1))
    depth = np.where(steps > 0, 1 / inverse, np.nan).astype(np.float32)
    return RenderedHead(
        name=name,
        photo=read_photo(rendered_photo_bytes(name), name=f"{name}.jpg"),
        depth=depth,
        head=head,
        face=face,
        intrinsics=Intrinsics(fx, fy, cx, cy),
        facts=facts,
    )


def write_rendered_head(
    folder: str | os.PathLike[str],
    name: str,
    photo: Photo,
    depth: NDArray[np.float32],
    head: NDArray[np.bool_],
    face: NDArray[np.bool_],
    intrinsics: Intrinsics,
    facts: Mapping[str, Any] | None = None,
) -> tuple[Path, Path]:
    """Write one head's two files, over those that are there.

    Parameters
    ----------
    folder : path
        Made where it is not there.
    name : str
        Of the files, without a suffix.
    photo : Photo
    depth : (h, w) float32
        Metres along the camera's axis; not finite where there is background.
    head, face : (h, w) bool
    intrinsics : Intrinsics
    facts : mapping, optional
        Of what JSON can hold.

    Returns
    -------
    photo, truth : Path
        The JPEG and the NPZ.

    Raises
    ------
    ValueError
        When sizes differ, a pixel of the head has no depth, the face reaches beyond the
        head, or the name is not one for a file.
    """
    if safe_stem(name) != name:
        raise ValueError(f"{name!r} is no name for a file; {safe_stem(name)!r} would be one")
    given = RenderedHead(name, photo, depth, head, face, intrinsics, facts or {})
    known = np.isfinite(given.depth) & (given.depth > 0)
    inverse = 1 / np.where(known, given.depth, 1).astype(np.float64)
    low, high = float(inverse[known].min()), float(inverse[known].max())
    level = np.rint((inverse - low) * ((_LEVELS - 1) / max(high - low, 1e-12))) + 1
    steps = np.where(known, level, 0).astype(np.uint16)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    picture, truth = folder / f"{name}.jpg", folder / f"{name}.npz"
    picture.write_bytes(encode_jpeg(photo, quality=_JPEG_QUALITY))
    camera = given.intrinsics
    np.savez_compressed(
        truth,
        steps=np.diff(steps, axis=1, prepend=np.uint16(0)),
        range=np.array([low, high]),
        head=np.packbits(given.head),
        face=np.packbits(given.face),
        intrinsics=np.array([camera.fx, camera.fy, camera.cx, camera.cy]),
        facts=np.array(json.dumps(dict(given.facts), ensure_ascii=False)),
    )
    return picture, truth


def _folder() -> Path:
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(__file__).parent / "rendered"


def _file(name: str, suffix: str) -> Path:
    names = rendered_heads()
    if name not in names:
        raise KeyError(
            f"there is no rendered head {name!r}; choose one of: {', '.join(names) or 'none here'}"
        )
    return _folder() / f"{name}{suffix}"


def _unpacked(packed: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    return np.unpackbits(packed, count=shape[0] * shape[1]).reshape(shape).astype(bool)
