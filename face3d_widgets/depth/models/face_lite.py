"""The small face-depth network that ships inside the package.

An EfficientNet-Lite0 encoder looks at the photo at ever coarser grids; a
decoder in the manner of MiDaS v2.1 small walks back up and, at each step, fuses
the coarse answer ("a head, about here, about this round") with the finer
features of the same grid ("an edge, a nostril"). At the coarsest grid, before that walk,
every cell asks all the others: how far a head is turned shows in how its parts lie to one
another, and they lie far apart. 4.65 million weights.

The first output is a *relief*: higher is nearer, affine in inverse depth, one
unit for every 0.1 m on an adult's head. Whatever is not a person comes out near
-3.5. The other two are logits, of "this pixel is a person" and of "this pixel is
a head".

The weights learned from synthetic heads only; the encoder started from
ImageNet. They are relative depth of a face, not MiDaS. What they learned from, how
good they are and where they fail: `face_lite.md`, the model card beside this file.

References
----------
Tan, M. and Le, Q. (2019). EfficientNet. https://arxiv.org/abs/1905.11946
(the Lite variants drop squeeze-and-excitation and use ReLU6).
Vaswani, A. et al. (2017). Attention is all you need. https://arxiv.org/abs/1706.03762
Ranftl, R. et al. (2022). Towards robust monocular depth estimation.
https://doi.org/10.1109/TPAMI.2020.3019967
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import as_file, files

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = [
    "AllMaps",
    "FaceLite",
    "face_lite_from_weights",
    "load_face_lite",
]

# (repeats, kernel, stride, expansion, channels in, channels out) of each stage
_STAGES = [
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
]
# Blocks whose output the decoder uses: the last at 1/4, 1/8, 1/16 and 1/32.
_TAPS = (2, 4, 10, 15)
_TAP_CHANNELS = (24, 40, 112, 320)
# Channels of the decoder at 1/4, 1/8, 1/16 and 1/32, then at 1/2: half of the work of
# a decoder with 64 everywhere, because the finest grids cost most.
_WIDTHS = (32, 64, 96, 128)
_HEAD_WIDTH = 16
# Of the overview at 1/32: channels, attention heads, layers, and how many waves tell a place.
_OVERVIEW_WIDTH, _OVERVIEW_HEADS, _OVERVIEW_LAYERS, _WAVES = 192, 6, 2, 3
_MAPS = 3  # relief, person, head


def _same_pad(x: Tensor, kernel: int) -> Tensor:
    """TensorFlow's "same" padding for stride 2 on an even size: more at the end."""
    total = kernel - 2
    before, after = total // 2, total - total // 2
    return F.pad(x, (before, after, before, after))


class _ConvNorm(nn.Module):
    """Convolution and batch normalisation, with "same" padding at stride 2."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.stride, self.kernel = stride, kernel
        padding = kernel // 2 if stride == 1 else 0
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 2:
            x = _same_pad(x, self.kernel)
        return self.norm(self.conv(x))


class _InvertedResidual(nn.Module):
    """Widen, look around in each channel alone, narrow; add the input back."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = _ConvNorm(inputs, wide, 1) if expansion > 1 else None
        self.depthwise = _ConvNorm(wide, wide, kernel, stride, groups=wide)
        self.project = _ConvNorm(wide, outputs, 1)
        self.adds_input = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.adds_input else y


class _Encoder(nn.Module):
    """EfficientNet-Lite0 without its classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _ConvNorm(3, 32, 3, stride=2)
        self.blocks = nn.ModuleList(
            _InvertedResidual(
                inputs if i == 0 else outputs, outputs, expansion, kernel, stride if i == 0 else 1
            )
            for repeats, kernel, stride, expansion, inputs, outputs in _STAGES
            for i in range(repeats)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Features at 1/2 (the stem's), and at 1/4, 1/8, 1/16 and 1/32."""
        stem = F.relu6(self.stem(x))
        taps, y = [], stem
        for i, block in enumerate(self.blocks):
            y = block(y)
            if i in _TAPS:
                taps.append(y)
        return stem, taps


class _ResidualUnit(nn.Module):
    """Two convolutions whose result is added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.conv1(F.relu(x))))


class _Fusion(nn.Module):
    """Join the coarse answer with finer features, then go to the next finer grid.

    The coarsest grid has no answer yet to join: its features are where it begins.
    """

    def __init__(self, inputs: int, outputs: int, joins: bool) -> None:
        super().__init__()
        self.skip = _ResidualUnit(inputs) if joins else None
        self.refine = _ResidualUnit(inputs)
        self.out = nn.Conv2d(inputs, outputs, 1)

    def forward(self, coarse: Tensor, fine: Tensor | None, like: Tensor) -> Tensor:
        x = coarse if self.skip is None else coarse + self.skip(fine)
        x = self.out(self.refine(x))
        return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)


class _OverviewLayer(nn.Module):
    """A layer of a transformer: every cell asks all the others, then thinks by itself."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask = nn.Linear(width, 3 * width)
        self.answer = nn.Linear(width, width)
        self.widen = nn.Linear(width, 2 * width)
        self.narrow = nn.Linear(2 * width, width)

    def forward(self, cells: Tensor) -> Tensor:
        """(n, cells, width) to the same."""
        # Cut in three first: where there are as many cells as heads, OpenVINO 2026 takes one
        # for the other in a single tensor of (n, cells, 3, heads, width).
        query, key, value = (
            asked.unflatten(2, (self.heads, -1)).transpose(1, 2)
            for asked in self.ask(self.norm1(cells)).chunk(3, dim=2)
        )
        answer = F.scaled_dot_product_attention(query, key, value)
        cells = cells + self.answer(answer.transpose(1, 2).flatten(2))
        return cells + self.narrow(F.gelu(self.widen(self.norm2(cells))))


class _Overview(nn.Module):
    """Self-attention among the cells of the coarsest grid.

    It begins as nothing: until it has learned, its output is 0.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, _OVERVIEW_WIDTH)
        self.place = nn.Linear(4 * _WAVES, _OVERVIEW_WIDTH)
        self.layers = nn.ModuleList(
            _OverviewLayer(_OVERVIEW_WIDTH, _OVERVIEW_HEADS) for _ in range(_OVERVIEW_LAYERS)
        )
        self.norm = nn.LayerNorm(_OVERVIEW_WIDTH)
        self.leave = nn.Linear(_OVERVIEW_WIDTH, outputs)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h, w)."""
        cells = self.enter(features.flatten(2).transpose(1, 2))
        cells = cells + self.place(_waves(features))
        for layer in self.layers:
            cells = layer(cells)
        said = self.leave(self.norm(cells)).transpose(1, 2)
        return said.unflatten(2, features.shape[-2:])


def _waves(features: Tensor) -> Tensor:
    """(1, h * w, 4 * waves): where each cell lies in the picture, as sines and cosines.

    The longer side spans half of the longest wave.
    """
    # Sums of ones, not ranges: a network that is traced for one size must take every other.
    ones = torch.ones_like(features[:1, :1], dtype=torch.float32)
    down, across = ones.cumsum(2), ones.cumsum(3)
    longer = torch.maximum(down.amax(), across.amax())
    waves = []
    for steps in (down, across):
        phase = (steps - 0.5 - steps.amax() / 2) / longer * torch.pi
        for k in range(_WAVES):
            waves += [torch.sin(phase * 2**k), torch.cos(phase * 2**k)]
    return torch.cat(waves, dim=1).flatten(2).transpose(1, 2)


class FaceLite(nn.Module):
    """Photo to relief; by `maps` also to where the person and the head are.

    Input: (n, 3, h, w) float, sRGB from 0 to 1; h and w multiples of 32.
    Output: (n, h, w) float32, relief; higher is nearer.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.encoder = _Encoder()
        self.reduce = nn.ModuleList(
            nn.Conv2d(inputs, width, 1 if inputs == 320 else 3, padding="same", bias=False)
            for inputs, width in zip(_TAP_CHANNELS, _WIDTHS, strict=True)
        )
        self.overview = _Overview(_TAP_CHANNELS[3], _WIDTHS[3])
        self.fusions = nn.ModuleList(
            _Fusion(width, finer, joins=level < 3)
            for level, (width, finer) in enumerate(
                zip(_WIDTHS, (_WIDTHS[0], *_WIDTHS[:-1]), strict=True)
            )
        )
        self.head = nn.Conv2d(_WIDTHS[0], _HEAD_WIDTH, 3, padding=1)
        self.stem_reduce = nn.Conv2d(32, _HEAD_WIDTH // 2, 1)
        self.merge = nn.Conv2d(_HEAD_WIDTH + _HEAD_WIDTH // 2, _HEAD_WIDTH, 3, padding=1)
        self.relief = nn.Conv2d(_HEAD_WIDTH, _MAPS, 1)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, rgb: Tensor) -> Tensor:
        """Relief of a batch of photos."""
        return self.maps(rgb)[:, 0]

    def maps(self, rgb: Tensor) -> Tensor:
        """All that the network says, (n, 3, h, w) float32: relief, person, head."""
        stem, taps = self.encoder((rgb - self.mean) / self.std)
        fine = [reduce(tap) for reduce, tap in zip(self.reduce, taps, strict=True)]
        y = self.fusions[3](fine[3] + self.overview(taps[3]), None, like=fine[2])
        y = self.fusions[2](y, fine[2], like=fine[1])
        y = self.fusions[1](y, fine[1], like=fine[0])
        y = self.fusions[0](y, fine[0], like=stem)
        y = torch.cat([F.relu(self.head(y)), self.stem_reduce(stem)], dim=1)
        y = self.relief(F.relu(self.merge(y)))
        y = F.interpolate(y, size=rgb.shape[-2:], mode="bilinear", align_corners=False)
        return y.float()


class AllMaps(nn.Module):
    """`FaceLite` as a runner wants it: calling it gives relief and both logits.

    Input as `FaceLite`; output as its `maps`.
    """

    def __init__(self, network: FaceLite) -> None:
        super().__init__()
        self.network = network

    def forward(self, rgb: Tensor) -> Tensor:
        """All maps of a batch of photos."""
        return self.network.maps(rgb)


def face_lite_from_weights(weights: Mapping[str, Tensor]) -> FaceLite:
    """The network with these weights, in eval mode.

    Parameters
    ----------
    weights : mapping of str to Tensor
        A state dictionary of `FaceLite`, of any float type.

    Raises
    ------
    RuntimeError
        Of PyTorch, when the weights are of another network.
    """
    network = FaceLite()
    network.load_state_dict(
        {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}
    )
    # A third quicker on the CPU; torch's own types do not know this argument.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval()


def load_face_lite() -> FaceLite:
    """The network with the packaged weights, in eval mode."""
    from safetensors.torch import load_file

    with as_file(files("face3d_widgets.depth") / "data" / "face_lite.safetensors") as path:
        return face_lite_from_weights(load_file(path))
