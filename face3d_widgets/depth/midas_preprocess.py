"""Preprocessing for MiDaS networks: size and normalisation of their input.

Each network was trained on pictures of one size. Most take other sizes too, as
long as both sides are multiples of 32; these get the photo with its shape kept
(to within the multiple), at about the size that they know. Swin and LeViT look
through windows that fit one size only, so the photo is squeezed into a square.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.depth.networks import canonical_name
from face3d_widgets.depth.registry import MODELS, InputRule

__all__ = ["INPUT_RULES", "InputRule", "input_rule", "network_input", "network_input_size"]

_MULTIPLE = 32


#: The rule of every network in `NETWORK_NAMES`.
INPUT_RULES: Mapping[str, InputRule] = MappingProxyType(
    {name: spec.input_rule for name, spec in MODELS.items() if spec.input_rule is not None}
)


def input_rule(name: str) -> InputRule:
    """The rule of a network, for its name or its name on PyTorch Hub."""
    return INPUT_RULES[canonical_name(name)]


def network_input_size(rule: InputRule, height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the network's input for a photo of that size.

    Examples
    --------
    >>> network_input_size(input_rule("DPT_Large"), 480, 640)
    (384, 512)
    """
    scale_rows, scale_columns = rule.net_size / height, rule.net_size / width
    largest = None
    if rule.keep_aspect_ratio:
        if rule.resize_method == "upper_bound":
            scale = min(scale_rows, scale_columns)
            largest = rule.net_size
        else:
            scale = min(scale_rows, scale_columns, key=lambda s: abs(1 - s))
        scale_rows = scale_columns = scale
    return (
        _nearest_multiple(scale_rows * height, largest),
        _nearest_multiple(scale_columns * width, largest),
    )


def _nearest_multiple(length: float, largest: int | None) -> int:
    """The nearest multiple of 32 (of two, the even one), one at least, `largest` at most."""
    multiples = round(length / _MULTIPLE)
    if largest is not None and multiples * _MULTIPLE > largest:
        multiples = int(length // _MULTIPLE)
    return max(1, multiples) * _MULTIPLE


def network_input(rgb: NDArray[np.uint8], rule: InputRule) -> NDArray[np.float32]:
    """A photo as the network wants it.

    Parameters
    ----------
    rgb : (h, w, 3) uint8, sRGB

    Returns
    -------
    (3, rows, columns) float32
        Resized with OpenCV's bicubic kernel, as MiDaS was trained, and normalised.
    """
    import cv2

    rows, columns = network_input_size(rule, *rgb.shape[:2])
    colours = rgb.astype(np.float32) / np.float32(255)
    resized = cv2.resize(colours, (columns, rows), interpolation=cv2.INTER_CUBIC)
    normalised = (resized - np.asarray(rule.mean, np.float32)) / np.asarray(rule.std, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1))
