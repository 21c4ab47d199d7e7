"""Synthetic portraits on disk and in memory.

A shard is `shard-00000.npz`, uncompressed, with the arrays of 32 portraits, and
beside it `shard-00000.json`, a list of what is known of each (yaw, skin, hair,
light ...). The npz is put in its place last and in one step, so that a shard
that is there is whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.whole_file import replacing, write_whole

__all__ = [
    "BACKGROUND_RELIEF",
    "FARTHEST_RELIEF",
    "PER_SHARD",
    "Labels",
    "Render",
    "RenderSet",
    "TrainingRender",
    "calm_hair",
    "metric_relief",
    "read_shards",
    "shard_path",
    "write_shard",
]

#: How many portraits a shard holds; the last one may hold fewer.
PER_SHARD = 32
#: The relief of whatever is not a person.
BACKGROUND_RELIEF = -3.5
#: People as far behind as this are people still, but how far nobody is asked.
FARTHEST_RELIEF = -3.4
_NEAREST_RELIEF = 8.0
_ARRAYS = ("color", "coverage", "inverse_depth", "labels", "landmarks", "distance", "unit")


class Labels:
    """The classes of pixels: the numbers in `labels`."""

    BACKGROUND = 0
    #: A person's neck, clothes and hands, and things held before them.
    PERSON = 1
    #: Scalp, hair, ears, hat.
    HEAD = 2
    FACE = 3
    #: Nobody can say; only in training samples.
    UNKNOWN = 255


@dataclass(frozen=True)
class Render:
    """One synthetic portrait, as the renderer gives it.

    Attributes
    ----------
    color : (s, s, 3) uint8
        sRGB of the people, times their coverage: black where nobody is.
    coverage : (s, s) uint8
        255 where a pixel is all people, 0 where it is all background.
    inverse_depth : (s, s) float32
        In 1/m, along the optical axis; 0 where nobody is.
    labels : (s, s) uint8
        See `Labels`.
    landmarks : (k, 2) float32
        x and y in pixels, pixel centres at + 0.5.
    distance : float
        From the camera to the head's centre along the optical axis, in m.
    unit : float
        One unit of relief in m: 0.1 times the head's size over an adult's.
    facts : dict
        What is known of the person and the scene; it goes into JSON.
    """

    color: NDArray[np.uint8]
    coverage: NDArray[np.uint8]
    inverse_depth: NDArray[np.float32]
    labels: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    distance: float
    unit: float
    facts: dict[str, Any]


@dataclass(frozen=True)
class TrainingRender:
    """One portrait as training takes it: a `Render` with relief for inverse depth.

    Attributes
    ----------
    relief : (s, s) float16
        See `metric_relief`.
    """

    color: NDArray[np.uint8]
    coverage: NDArray[np.uint8]
    relief: NDArray[np.float16]
    labels: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    facts: dict[str, Any]


def metric_relief(
    inverse_depth: NDArray[np.float32], distance: float, unit: float
) -> NDArray[np.float32]:
    """Inverse depth as the network is to say it.

    0 at the depth of the head's centre, 1 for every `unit` metres nearer at that
    depth (0.1 m on an adult's head), and affine in inverse depth, so that it
    stays what a network can know from one photo.

    Parameters
    ----------
    inverse_depth : (...) float32
        In 1/m; 0 where nobody is.
    distance, unit : float
        In m; see `Render`.

    Returns
    -------
    (...) float32
        -3.5 where nobody is; people, however far behind, have no less than -3.4.
    """
    relief = (inverse_depth * np.float32(distance) - 1) * np.float32(distance / unit)
    relief = np.clip(relief, FARTHEST_RELIEF, _NEAREST_RELIEF)
    return np.where(inverse_depth > 0, relief, BACKGROUND_RELIEF).astype(np.float32)


def calm_hair(
    relief: NDArray[np.float32], labels: NDArray[np.uint8], sigma: float = 1.5
) -> NDArray[np.float32]:
    """Relief whose single strands of hair are smoothed into the volume they make.

    A network of this size cannot say which of two crossing strands is nearer, and
    nobody wants it in a model; each pixel of the head outside the face becomes
    the mean of the head's pixels around it, weighted by a Gaussian.

    Parameters
    ----------
    relief : (s, s) float32
    labels : (s, s) uint8
        See `Labels`; faces and all that is no head stay as they are.
    sigma : float
        In pixels.
    """
    import cv2

    head = (labels == Labels.HEAD).astype(np.float32)
    total = cv2.GaussianBlur(np.clip(relief, BACKGROUND_RELIEF, None) * head, (0, 0), sigma)
    weight = cv2.GaussianBlur(head, (0, 0), sigma)
    return np.where(head > 0, total / np.maximum(weight, 1e-6), relief).astype(np.float32)


def shard_path(folder: Path, number: int) -> Path:
    """The npz of a shard."""
    return folder / f"shard-{number:05d}.npz"


def write_shard(folder: Path, number: int, renders: Sequence[Render]) -> Path:
    """Write portraits as one shard; what had its name is replaced.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    number : int
        Of the shard, from 0.
    renders : sequence of Render
        All of one size; `PER_SHARD` of them, fewer in the last shard.

    Returns
    -------
    Path
        Of the npz; the json lies beside it.

    Raises
    ------
    ValueError
        When there are none, or their shapes differ.
    """
    if not renders:
        raise ValueError("a shard needs at least one render; leave this shard out")
    shapes = {(r.color.shape, r.landmarks.shape) for r in renders}
    if len(shapes) > 1:
        raise ValueError(f"renders of one shard must have one shape, not {sorted(shapes)}")
    folder.mkdir(parents=True, exist_ok=True)
    path = shard_path(folder, number)
    arrays = {name: np.stack([getattr(r, name) for r in renders]) for name in _ARRAYS}
    for name in ("distance", "unit"):
        arrays[name] = arrays[name].astype(np.float32)
    facts = json.dumps([r.facts for r in renders], indent=0, default=_plain)
    write_whole(path.with_suffix(".json"), facts.encode())
    with replacing(path) as part:
        np.savez(part, **arrays)  # type: ignore[arg-type]
    return path


def _plain(value: Any) -> Any:
    """A NumPy number or array as JSON can hold it."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot go into the facts of a render; use numbers")


class RenderSet(Sequence[TrainingRender]):
    """Portraits held in memory, about 0.45 MB each at 256 pixels.

    Parameters
    ----------
    shards : sequence of (arrays, facts)
        As `read_shards` reads them, with `relief` for `inverse_depth`.
    """

    def __init__(
        self, shards: Sequence[tuple[dict[str, NDArray[Any]], list[dict[str, Any]]]]
    ) -> None:
        self._shards = list(shards)
        self._index = [
            (shard, i) for shard, (_, facts) in enumerate(self._shards) for i in range(len(facts))
        ]

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, index: Any) -> Any:
        """The portrait at a position."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        shard, i = self._index[index]
        arrays, facts = self._shards[shard]
        return TrainingRender(
            color=arrays["color"][i],
            coverage=arrays["coverage"][i],
            relief=arrays["relief"][i],
            labels=arrays["labels"][i],
            landmarks=arrays["landmarks"][i],
            facts=facts[i],
        )

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return sum(array.nbytes for arrays, _ in self._shards for array in arrays.values())


def read_shards(*folders: Path, most: int | None = None) -> RenderSet:
    """All portraits in folders, one after the other, in the order of the shards' numbers.

    Inverse depth becomes relief in half precision on the way in, so that only one
    shard is ever held in full.

    Parameters
    ----------
    *folders : Path
        Where `write_shard` wrote; portraits of one size.
    most : int, optional
        Stop after the shard that makes it at least so many portraits.

    Raises
    ------
    FileNotFoundError
        When a folder has no shard.
    ValueError
        When a shard is broken.
    """
    paths = []
    for folder in folders:
        found = _shard_files(folder)
        if not found:
            raise FileNotFoundError(
                f"there are no portraits in {folder}; make some with: "
                f"python -m face3d_widgets.training render --count 1000 --out {folder}"
            )
        paths += found
    shards = []
    count = 0
    for path in paths:
        shards.append(_read_shard(path))
        count += len(shards[-1][1])
        if most is not None and count >= most:
            break
    return RenderSet(shards)


def _shard_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*.npz") if re.fullmatch(r"shard-\d{5,}", p.stem))


def _read_shard(path: Path) -> tuple[dict[str, NDArray[Any]], list[dict[str, Any]]]:
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in _ARRAYS}
        facts = json.loads(path.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} is broken ({error}); delete it and render again") from error
    if len(facts) != len(arrays["color"]):
        raise ValueError(
            f"{path} holds {len(arrays['color'])} portraits, its json {len(facts)}; "
            "delete both and render again"
        )
    inverse_depth = arrays.pop("inverse_depth")
    relief = np.empty(inverse_depth.shape, np.float16)
    for i, (distance, unit) in enumerate(zip(arrays["distance"], arrays["unit"], strict=True)):
        exact = metric_relief(inverse_depth[i], float(distance), float(unit))
        relief[i] = calm_hair(exact, arrays["labels"][i])
    return {**arrays, "relief": relief}, facts
