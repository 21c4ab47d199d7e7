"""What a MiDaS network wants to see: how large, and normalised how.

Each network was trained on pictures of one size. Most take other sizes too, as
long as both sides are multiples of 32; these get the photo with its shape kept
(to within the multiple), at about the size that they know. Swin and LeViT look
through windows that fit one size only, so the photo is squeezed into a square.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.depth.networks import NETWORK_NAMES, canonical_name

__all__ = ["INPUT_RULES", "InputRule", "input_rule", "network_input", "network_input_size"]

_MULTIPLE = 32


@dataclass(frozen=True)
class InputRule:
    """How a photo is made the input of one network.

    Attributes
    ----------
    net_size : int
        Side, in pixels, of the pictures that it was trained on.
    resize_method : "upper_bound" or "minimal"
        With the shape kept, `upper_bound` fits the photo into the square of
        `net_size`; `minimal` takes the side that has to change less to it.
    keep_aspect_ratio : bool
        Whether the photo's shape is kept at all.
    mean, std : (red, green, blue)
        Taken off, and divided by, with colours from 0 to 1.
    """

    net_size: int
    resize_method: Literal["upper_bound", "minimal"]
    keep_aspect_ratio: bool
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def _rule(name: str) -> InputRule:
    net_size = int(name.rpartition("_")[2])
    if name.startswith("midas_v21"):
        # Their encoders come from ImageNet, and so do its mean colour and spread.
        return InputRule(
            net_size, "upper_bound", True, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        )
    any_shape = "swin" not in name and "levit" not in name
    return InputRule(net_size, "minimal", any_shape, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


#: The rule of every network in `NETWORK_NAMES`.
INPUT_RULES: Mapping[str, InputRule] = MappingProxyType({n: _rule(n) for n in NETWORK_NAMES})


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
