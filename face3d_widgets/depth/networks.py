"""The twelve released MiDaS networks by name: build one, give it an official checkpoint.

This module is read without PyTorch; its functions import it when they are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from face3d_widgets.depth.errors import ModelError
from face3d_widgets.depth.registry import MODELS, named

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ALIASES", "NETWORK_NAMES", "build_network", "canonical_name", "load_checkpoint"]

#: The networks that are built here and given an official checkpoint.
NETWORK_NAMES = tuple(name for name, spec in MODELS.items() if spec.builder)

#: The names that the networks have on PyTorch Hub.
ALIASES: Mapping[str, str] = MappingProxyType(
    {spec.hub_name: name for name, spec in MODELS.items() if spec.hub_name}
)


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
    spec = named(name)
    if spec is None or not spec.builder:
        known = ", ".join(NETWORK_NAMES)
        raise ModelError(f"There is no MiDaS network called {name!r}; choose one of: {known}.")
    return spec.name


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
        from face3d_widgets.depth.models.builders import build

        return build(MODELS[name])
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
    from face3d_widgets.depth.models.checkpoint import load

    load(network, state_dict)
