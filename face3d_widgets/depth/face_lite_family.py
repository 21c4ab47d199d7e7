"""`face_lite`: its weights lie in the package, and a small head is looked at twice."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.depth.closer_look import head_window, join_looks
from face3d_widgets.depth.errors import ModelError
from face3d_widgets.depth.preprocess import (
    enlarge_with_outline,
    input_size,
    pad_to_multiple,
    resize_to_input,
)
from face3d_widgets.depth.registry import ModelSpec, Run
from face3d_widgets.types import InverseDepth, Photo

if TYPE_CHECKING:
    from torch import nn

__all__ = ["checksum", "load", "predict"]

# From this logit on (1 in 20) a pixel may be a person and gets a person's depth. The
# outline must rather lie a pixel too far out than too far in: one pixel of a cheek at the
# background's depth is a hole.
_PERSON_LIKELY = -3.0
# From this logit on it is surely one (3 in 4); along the outline, between the two,
# pixels have the person's depth but often the background's colour.
_PERSON_SURE = 1.1


@cache
def checksum(spec: ModelSpec, path: Path | None) -> str:
    """The SHA-256 of the weights in the package."""
    weights = files(__package__) / "data" / "face_lite.safetensors"
    return hashlib.sha256(weights.read_bytes()).hexdigest()


def load(spec: ModelSpec, path: Path | None) -> nn.Module:
    """The network with all its maps.

    Raises
    ------
    ModelError
        When PyTorch does not load.
    """
    try:
        from face3d_widgets.depth.models.face_lite import AllMaps, load_face_lite
    except ImportError as error:
        raise ModelError(
            f"PyTorch does not load ({error}); install it with: pip install torch."
        ) from error
    return AllMaps(load_face_lite())


def predict(spec: ModelSpec, run: Run, photo: Photo) -> InverseDepth:
    """Relief and outline of the person in a photo; a small head is looked at from nearer."""
    rgb = photo.rgb
    values, subject, head = _look(run, rgb, spec.input_side)
    window = head_window(head, photo.height, photo.width)
    if window is not None:
        closer = _look(run, rgb[window], spec.input_side, among=subject[window])
        values, subject = join_looks((values, subject), closer[:2], window)
    return InverseDepth(values, subject, spec.name, spec.relief_unit)


def _look(
    run: Run, rgb: NDArray[np.uint8], side: int, among: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
    """Relief and subject at the picture's size, and the head's logits at the network's."""
    height, width = rgb.shape[:2]
    size = input_size(height, width, side)
    padded, inside = pad_to_multiple(resize_to_input(rgb, size))
    relief, person, head = (one[inside] for one in run(padded))
    values, subject = enlarge_with_outline(
        relief, (_PERSON_LIKELY, _PERSON_SURE), height, width, person, among
    )
    return values, subject, head
