"""One builder for each released MiDaS network: which encoder, which taps, which widths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from mmap import mmap
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from face3d_widgets.depth.models.backbones import (
    BeitEncoder,
    HybridEncoder,
    LevitEncoder,
    SwinEncoder,
    VitEncoder,
)
from face3d_widgets.depth.models.dpt import DPT, Decoder, KeepMap, Reassemble, depth_head
from face3d_widgets.depth.registry import ModelSpec

__all__ = [
    "beit_base",
    "beit_large",
    "build",
    "hybrid",
    "levit",
    "swin",
    "vit_large",
    "zeros_for_weights",
]

_WIDTHS = (256, 256, 256, 256)
_SCALES = (4, 2, 1, 0.5)
_QUARTERS_OF_24_BLOCKS = (5, 11, 17, 23)
_QUARTERS_OF_12_BLOCKS = (2, 5, 8, 11)
_LARGE_MAPS = (256, 512, 1024, 1024)


def _dpt(
    name: str, encoder: nn.Module, reassemble: Sequence[nn.Module], channels: Sequence[int]
) -> DPT:
    return DPT(name, encoder, reassemble, Decoder(channels, _WIDTHS, depth_head(256, (128, 32))))


def _from_tokens(name: str, encoder: nn.Module, tokens: int, channels: Sequence[int]) -> DPT:
    """A network whose four taps are all tokens."""
    reassemble = [Reassemble(tokens, c, s) for c, s in zip(channels, _SCALES, strict=True)]
    return _dpt(name, encoder, reassemble, channels)


def vit_large(name: str) -> DPT:
    """DPT Large: ViT-L/16."""
    encoder = VitEncoder("vit_large_patch16_384", _QUARTERS_OF_24_BLOCKS, side=24)
    return _from_tokens(name, encoder, 1024, _LARGE_MAPS)


def hybrid(name: str) -> DPT:
    """DPT Hybrid: ResNet-50, then ViT-B/16."""
    reassemble = [KeepMap(), KeepMap(), Reassemble(768, 768, 1), Reassemble(768, 768, 0.5)]
    return _dpt(name, HybridEncoder(), reassemble, (256, 512, 768, 768))


def beit_large(name: str, side: int) -> DPT:
    """BEiT-L/16 for pictures of 16 x `side` pixels."""
    encoder = BeitEncoder(f"beit_large_patch16_{16 * side}", _QUARTERS_OF_24_BLOCKS, side)
    return _from_tokens(name, encoder, 1024, _LARGE_MAPS)


def beit_base(name: str) -> DPT:
    """BEiT-B/16."""
    encoder = BeitEncoder("beit_base_patch16_384", _QUARTERS_OF_12_BLOCKS, side=24)
    return _from_tokens(name, encoder, 768, (96, 192, 384, 768))


def swin(name: str, timm_name: str, channels: int, **options: object) -> DPT:
    """Swin, of either version; its widest map has eight times `channels`."""
    doubling = [channels * 2**i for i in range(4)]
    return _dpt(name, SwinEncoder(timm_name, **options), [KeepMap() for _ in doubling], doubling)


def levit(name: str) -> DPT:
    """LeViT-384."""
    # Its finest tap is at 1/16, so two more doublings come before the head.
    doublings = nn.Sequential(*_doubling(256, 128), *_doubling(128, 64))
    decoder = Decoder((384, 512, 768), _WIDTHS[:3], depth_head(64, (32, 8)), doublings)
    return DPT(name, LevitEncoder(), [KeepMap() for _ in range(3)], decoder)


def _doubling(channels: int, out_channels: int) -> list[nn.Module]:
    """Twice the rows and columns: LeViT's first convolutions, walked backwards."""
    return [
        nn.ConvTranspose2d(
            channels, out_channels, 3, stride=2, padding=1, output_padding=1, bias=False
        ),
        nn.BatchNorm2d(out_channels),
        nn.Hardswish(),
    ]


def build(spec: ModelSpec) -> nn.Module:
    """A network as its row says, in eval mode; its weights are zeros."""
    module, _, function = spec.builder.partition(":")
    builder = getattr(import_module(f"{__package__}.{module}"), function)
    with zeros_for_weights():
        network: nn.Module = builder(spec.name, **spec.builder_options)
    return network.eval()


# Bytes from which on memory is asked of the system for one tensor alone.
_LARGE = 1 << 20


class _BlankWeights(TorchFunctionMode):
    """Fresh memory holds zeros, and what would draw random numbers into it is left out."""

    # Functions that fill a tensor at random, then those that bring its numbers to size.
    left_out = frozenset(
        {"uniform_", "normal_", "trunc_normal_", "kaiming_uniform_", "kaiming_normal_"}
        | {"erfinv_", "mul_", "add_", "div_", "clamp_"}
    )

    def __init__(self) -> None:
        super().__init__()
        # Kept until the end, so that no other tensor comes to lie at the same address.
        self.blank: dict[int, torch.Tensor] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.empty:
            return self._empty(*args, **kwargs)
        if getattr(func, "__name__", "") in self.left_out:
            tensor = args[0] if args else kwargs["tensor"]
            if tensor.data_ptr() in self.blank:
                return tensor
        return func(*args, **kwargs)

    def _empty(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Zeros; large ones without a byte written, in pages that the system gives if touched."""
        device = torch.device(kwargs.get("device") or torch.get_default_device())
        like = torch.empty(*args, **{**kwargs, "device": "meta"})
        if device.type == "cpu" and like.dtype == torch.float32 and like.nbytes >= _LARGE:
            zeros = torch.frombuffer(mmap(-1, like.nbytes), dtype=torch.float32).reshape(like.shape)
        else:
            zeros = torch.zeros_like(like, device=device)
        self.blank[zeros.data_ptr()] = zeros
        return zeros


@contextmanager
def zeros_for_weights() -> Iterator[None]:
    """Build networks whose weights a checkpoint brings anyway.

    Random weights for 350 million parameters take seconds and 1.4 GB. Zeros that
    nobody has written take neither: the system gives the memory when it is first
    touched, and `load_checkpoint` puts the checkpoint's tensors in its place before.
    """
    with _BlankWeights():
        yield
