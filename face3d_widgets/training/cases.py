"""Pictures to evaluate a network on: with true depth, or plain photographs."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.image import PhotoError, read_photo_file
from face3d_widgets.training.backgrounds import draw_background
from face3d_widgets.training.shards import Labels
from face3d_widgets.types import Intrinsics, Photo

__all__ = ["Case", "Truth", "read_cases", "read_photos"]

# The longer side of a photograph, in pixels: enough to see terraces in its relief.
_PHOTO_SIDE = 640


@dataclass(frozen=True, eq=False)
class Truth:
    """The ground truth of a rendered picture.

    Attributes
    ----------
    depth : (h, w) float32
        Metres along the optical axis; NaN where nobody is.
    head, face : (h, w) bool
    camera : Intrinsics
        In pixels, pixel centres at integer + 0.5.
    """

    depth: NDArray[np.float32]
    head: NDArray[np.bool_]
    face: NDArray[np.bool_]
    camera: Intrinsics

    @property
    def person(self) -> NDArray[np.bool_]:
        """(h, w) bool: where there is a depth."""
        return np.isfinite(self.depth)


@dataclass(frozen=True, eq=False)
class Case:
    """One picture.

    Attributes
    ----------
    photo : Photo
    truth : Truth or None
        None for a plain photograph.
    facts : dict
        What is known of the person and the scene: yaw, glasses and so on.
    """

    photo: Photo
    truth: Truth | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def read_cases(folder: Path, most: int | None = None) -> Iterator[Case]:
    """Pictures with true depth, from a folder of either form.

    Parameters
    ----------
    folder : Path
        With shards of portraits (see `face3d_widgets.training.shards`), or with a
        `meta.json` whose `items` name, for each picture, `image`, `gt` (an npz with `depth`,
        `head` and `face`) and the camera `fx fy cx cy`, pixel centres at integers.
    most : int, optional
        No more than so many pictures, evenly over all there are.

    Raises
    ------
    FileNotFoundError
        When the folder holds neither.
    """
    shards = sorted(folder.glob("shard-*.npz"))
    if (folder / "meta.json").is_file():
        yield from _read_folder(folder, most)
    elif shards:
        yield from _read_shards(shards, most)
    else:
        raise FileNotFoundError(
            f"{folder} holds neither a meta.json nor shards; make portraits with: "
            f"python -m face3d_widgets.training render --count 200 --out {folder}"
        )


def read_photos(folder: Path, most: int | None = None) -> Iterator[Case]:
    """The photographs in a folder, reduced to at most 640 pixels; other files are passed over.

    Raises
    ------
    FileNotFoundError
        When there is none.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; name one with photos in it")
    found = 0
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        if found == most:
            return
        try:
            photo = read_photo_file(path, max_side=_PHOTO_SIDE)
        except PhotoError:
            continue
        found += 1
        yield Case(photo)
    if not found:
        raise FileNotFoundError(f"{folder} holds no photo that can be read; name another folder")


def _chosen(count: int, most: int | None) -> list[int]:
    """Places of at most `most` of `count`, evenly spread."""
    if most is None or most >= count:
        return list(range(count))
    return (np.arange(most) * count // max(most, 1)).tolist()


def _read_folder(folder: Path, most: int | None) -> Iterator[Case]:
    items = json.loads((folder / "meta.json").read_text("utf-8"))["items"]
    for item in (items[i] for i in _chosen(len(items), most)):
        photo = read_photo_file(folder / item["image"], max_side=None)
        with np.load(folder / item["gt"]) as file:
            depth, head, face = file["depth"], file["head"] > 0, file["face"] > 0
        camera = Intrinsics(item["fx"], item["fy"], item["cx"] + 0.5, item["cy"] + 0.5)
        photo = Photo(photo.rgb, name=str(item["id"]))
        yield Case(photo, Truth(depth, head, face & head, camera), item)


def _read_shards(shards: list[Path], most: int | None) -> Iterator[Case]:
    facts_of = [json.loads(path.with_suffix(".json").read_text("utf-8")) for path in shards]
    ends = np.cumsum([len(facts) for facts in facts_of])
    chosen = _chosen(int(ends[-1]), most)
    for path, facts, end in zip(shards, facts_of, ends.tolist(), strict=True):
        wanted = [i - (end - len(facts)) for i in chosen if end - len(facts) <= i < end]
        if not wanted:
            continue
        with np.load(path) as file:
            arrays = {name: file[name] for name in ("color", "coverage", "inverse_depth", "labels")}
        for i in wanted:
            name = f"{path.stem.removeprefix('shard-')}-{i:02d}"
            yield _composed(name, {key: array[i] for key, array in arrays.items()}, facts[i])


def _composed(name: str, render: dict[str, NDArray[Any]], facts: dict[str, Any]) -> Case:
    """A render before a background that its name decides."""
    size = len(render["color"])
    background = draw_background(size, np.random.default_rng(zlib.crc32(name.encode())))
    clear = 1 - render["coverage"][..., None].astype(np.float32) / 255
    rgb = np.rint(render["color"] + 255 * clear * background.color)
    inverse, labels = render["inverse_depth"], render["labels"]
    there = inverse > 0
    depth = np.full(inverse.shape, np.nan, np.float32)
    depth[there] = 1 / inverse[there]
    head = (labels == Labels.HEAD) | (labels == Labels.FACE)
    truth = Truth(
        depth,
        head & there,
        (labels == Labels.FACE) & there,
        _camera(facts, size),
    )
    return Case(Photo(np.clip(rgb, 0, 255).astype(np.uint8), name=name), truth, facts)


def _camera(facts: dict[str, Any], size: int) -> Intrinsics:
    """The camera of a render; without more facts its axis goes through the middle."""
    middle = Intrinsics.from_fov(float(facts["fov"]), size, size)
    focal = float(facts.get("focal", middle.fx))
    return Intrinsics(
        focal, focal, float(facts.get("cx", middle.cx)), float(facts.get("cy", middle.cy))
    )
