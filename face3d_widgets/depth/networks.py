"""The twelve released MiDaS networks by name: build one, give it an official checkpoint.

This module is read without PyTorch; its functions import it when they are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from face3d_widgets.depth.zoo import ModelError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ALIASES", "NETWORK_NAMES", "build_network", "canonical_name", "load_checkpoint"]

#: The names of the release files, smallest generation first.
NETWORK_NAMES = (
    "midas_v21_small_256",
    "midas_v21_384",
    "dpt_large_384",
    "dpt_hybrid_384",
    "dpt_beit_large_512",
    "dpt_beit_large_384",
    "dpt_beit_base_384",
    "dpt_swin2_large_384",
    "dpt_swin2_base_384",
    "dpt_swin2_tiny_256",
    "dpt_swin_large_384",
    "dpt_levit_224",
)

#: The names that the networks have on PyTorch Hub.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "MiDaS_small": "midas_v21_small_256",
        "MiDaS": "midas_v21_384",
        "DPT_Large": "dpt_large_384",
        "DPT_Hybrid": "dpt_hybrid_384",
        "DPT_BEiT_L_512": "dpt_beit_large_512",
        "DPT_BEiT_L_384": "dpt_beit_large_384",
        "DPT_BEiT_B_384": "dpt_beit_base_384",
        "DPT_SwinV2_L_384": "dpt_swin2_large_384",
        "DPT_SwinV2_B_384": "dpt_swin2_base_384",
        "DPT_SwinV2_T_256": "dpt_swin2_tiny_256",
        "DPT_Swin_L_384": "dpt_swin_large_384",
        "DPT_LeViT_224": "dpt_levit_224",
    }
)

_BY_LOWER_CASE = {
    **{name: name for name in NETWORK_NAMES},
    **{alias.lower(): name for alias, name in ALIASES.items()},
}


def canonical_name(name: str) -> str:
    """The name of a network's release file, for that name or one from PyTorch Hub.

    Capitals do not count.

    Raises
    ------
    ModelError
        When there is no such network.

    Examples
    --------
    >>> canonical_name("DPT_Hybrid")
    'dpt_hybrid_384'
    """
    try:
        return _BY_LOWER_CASE[name.lower()]
    except KeyError:
        known = ", ".join(NETWORK_NAMES)
        raise ModelError(
            f"There is no MiDaS network called {name!r}; choose one of: {known}."
        ) from None


def build_network(name: str) -> nn.Module:
    """A network without its weights, in eval mode; nothing is read or fetched.

    The weights are zeros until `load_checkpoint` brings them.

    Parameters
    ----------
    name : str
        One of `NETWORK_NAMES` or `ALIASES`.

    Returns
    -------
    Module
        Its input is (n, 3, h, w) float, resized and normalised as `midas_preprocess`
        does it; its output is (n, h, w), raw inverse depth, higher is nearer. The
        attribute `name` says which network it is.

    Raises
    ------
    ModelError
        When there is no such network, or PyTorch or timm do not load.
    """
    name = canonical_name(name)
    try:
        from face3d_widgets.depth.builders import BUILDERS, zeros_for_weights

        with zeros_for_weights():
            return BUILDERS[name](name).eval()
    except ImportError as error:
        raise ModelError(
            f"What {name} is made of does not load ({error}); install it with: "
            "pip install torch torchvision timm."
        ) from error


def load_checkpoint(network: nn.Module, state_dict: Mapping[str, Any]) -> None:
    """Give a network the weights of an official checkpoint.

    The tensors are taken over, not copied, where they have the network's device and
    type already: a large network is then held in memory once.

    Parameters
    ----------
    network : Module
        From `build_network`.
    state_dict : mapping of str to Tensor
        The entries of the official file as they are, from
        `torch.load(path, map_location="cpu", weights_only=True)`.

    Raises
    ------
    CheckpointError
        When entries are missing, unexpected or of the wrong shape. The message says
        which, and for which network the checkpoint seems to be where it is not this
        one. The network is left as it was.
    """
    from face3d_widgets.depth.checkpoint import load

    load(network, state_dict)
