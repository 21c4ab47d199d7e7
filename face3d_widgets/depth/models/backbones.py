"""The encoders of the MiDaS networks: a photo becomes features on four grids.

An encoder was trained to recognise what is in a picture, then trained on for
depth. The decoder in `dpt` listens at four places along its way, its *taps*: the
early ones know where the edges are, the late ones what the picture shows.

Each class takes from a timm model the parts it needs and leaves the rest, the
classifier among them. All of them answer in one form,

    taps, (rows, columns) = encoder(image)

with `image` (n, 3, h, w), already normalised. A tap of a convolutional or
windowed encoder is a map, (n, channels, h / stride, w / stride). A tap of a
vision transformer is a list of *tokens*, (n, 1 + rows * columns, channels): one
for each patch of 16 x 16 pixels, row by row, after one that belongs to the whole
picture. Sizes are always read from tensors, so that a traced network keeps them.

References
----------
Xie, S. et al. (2017). Aggregated residual transformations for deep neural
networks (ResNeXt). https://doi.org/10.1109/CVPR.2017.634
Tan, M. and Le, Q. (2019). EfficientNet. https://arxiv.org/abs/1905.11946
Dosovitskiy, A. et al. (2021). An image is worth 16x16 words (ViT and the hybrid
with a ResNet). https://arxiv.org/abs/2010.11929
Bao, H. et al. (2022). BEiT. https://arxiv.org/abs/2106.08254
Liu, Z. et al. (2021). Swin transformer. https://doi.org/10.1109/ICCV48922.2021.00986
Liu, Z. et al. (2022). Swin transformer V2. https://doi.org/10.1109/CVPR52688.2022.01170
Graham, B. et al. (2021). LeViT. https://doi.org/10.1109/ICCV48922.2021.01204
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from face3d_widgets.depth.timm_import import import_timm

__all__ = [
    "BeitEncoder",
    "EfficientNetEncoder",
    "HybridEncoder",
    "LevitEncoder",
    "ResNextEncoder",
    "SwinEncoder",
    "Taps",
    "VitEncoder",
]

#: Four taps (LeViT: three), finest first, and rows and columns of the token grid.
Taps = tuple[list[Tensor], tuple[int, int]]


def _timm_model(timm_name: str, **options: object) -> Any:
    """A timm model without classifier and without weights; nothing is fetched."""
    return import_timm().create_model(timm_name, pretrained=False, num_classes=0, **options)


class EfficientNetEncoder(nn.Module):
    """EfficientNet-Lite3, with the "same" padding of TensorFlow; taps at 1/4 to 1/32.

    The padding is part of what the weights learned: at stride 2 it puts the odd
    pixel at the right and at the bottom, where PyTorch would put it left and top.
    """

    # Of the seven stages, the last one on each grid.
    taps = (1, 2, 4, 6)

    def __init__(self) -> None:
        super().__init__()
        model = _timm_model("tf_efficientnet_lite3")
        self.stem, self.norm, self.stages = model.conv_stem, model.bn1, model.blocks

    def forward(self, image: Tensor) -> Taps:
        """Maps of 32, 48, 136 and 384 channels."""
        taps, x = [], self.norm(self.stem(image))  # the norm ends with the activation
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in self.taps:
                taps.append(x)
        return taps, (x.shape[2], x.shape[3])


class ResNextEncoder(nn.Module):
    """ResNeXt-101 32x8d; a tap after each of its four stages, at 1/4 to 1/32."""

    def __init__(self) -> None:
        super().__init__()
        model = _timm_model("resnext101_32x8d")
        self.stem = nn.Sequential(model.conv1, model.bn1, model.act1, model.maxpool)
        self.stages = nn.ModuleList([model.layer1, model.layer2, model.layer3, model.layer4])

    def forward(self, image: Tensor) -> Taps:
        """Maps of 256, 512, 1024 and 2048 channels."""
        taps, x = [], self.stem(image)
        for stage in self.stages:
            x = stage(x)
            taps.append(x)
        return taps, (x.shape[2], x.shape[3])


class VitEncoder(nn.Module):
    """A plain vision transformer with patches of 16 x 16; taps after four of its blocks.

    Every block sees the whole picture at once, on one grid from first to last:
    `dpt.Reassemble` makes the four grids of it.

    Parameters
    ----------
    timm_name : str
    taps : tuple of int
        The blocks whose output the decoder uses.
    side : int
        Rows, and columns, of the grid that the weights were trained on.
    """

    def __init__(self, timm_name: str, taps: tuple[int, ...], side: int) -> None:
        super().__init__()
        model = _timm_model(timm_name, weight_init="skip")
        self.patch_embed = model.patch_embed.proj
        self.cls_token, self.pos_embed = model.cls_token, model.pos_embed
        self.blocks, self.taps, self.side = model.blocks, taps, side

    def forward(self, image: Tensor) -> Taps:
        """Tokens after the four blocks."""
        patches = self.patch_embed(image)
        grid = patches.shape[2], patches.shape[3]
        tokens = _placed_tokens(patches, self.cls_token, self.pos_embed, self.side)
        return _run_blocks(self.blocks, tokens, self.taps), grid


class HybridEncoder(nn.Module):
    """A ResNet-50 whose last map is cut into the tokens of a vision transformer.

    Two taps are maps of the ResNet, at 1/4 and 1/8, two are tokens of the
    transformer, at 1/16: fine edges from the one, understanding from the other.
    """

    taps = (8, 11)
    side = 24

    def __init__(self) -> None:
        super().__init__()
        model = _timm_model("vit_base_r50_s16_384", weight_init="skip")
        self.stem = model.patch_embed.backbone.stem
        self.stages = model.patch_embed.backbone.stages
        self.patch_embed = model.patch_embed.proj
        self.cls_token, self.pos_embed = model.cls_token, model.pos_embed
        self.blocks = model.blocks

    def forward(self, image: Tensor) -> Taps:
        """Maps of 256 and 512 channels, then tokens of 768."""
        quarter = self.stages[0](self.stem(image))
        eighth = self.stages[1](quarter)
        patches = self.patch_embed(self.stages[2](eighth))
        grid = patches.shape[2], patches.shape[3]
        tokens = _placed_tokens(patches, self.cls_token, self.pos_embed, self.side)
        return [quarter, eighth, *_run_blocks(self.blocks, tokens, self.taps)], grid


class BeitEncoder(nn.Module):
    """BEiT: a vision transformer that knows places by their distance, not by number.

    A ViT adds to every token what its place on the grid means. A BEiT adds to
    every *pair* of tokens, where one attends to the other, what their distance
    means: each block has a table of it, which this class holds and stretches to
    the grid of the picture at hand.

    Parameters
    ----------
    timm_name : str
    taps : tuple of int
        The blocks whose output the decoder uses.
    side : int
        Rows, and columns, of the grid that the weights were trained on.
    """

    def __init__(self, timm_name: str, taps: tuple[int, ...], side: int) -> None:
        super().__init__()
        model = _timm_model(timm_name, use_rel_pos_bias=False)
        self.patch_embed = model.patch_embed.proj
        self.cls_token = model.cls_token
        self.blocks, self.taps, self.side = model.blocks, taps, side
        distances, heads = (2 * side - 1) ** 2, model.blocks[0].attn.num_heads
        # The last three rows: whole picture to patch, patch to whole, whole to itself.
        self.bias_tables = nn.ParameterList(
            nn.Parameter(torch.zeros(distances + 3, heads)) for _ in model.blocks
        )

    def forward(self, image: Tensor) -> Taps:
        """Tokens after the four blocks."""
        patches = self.patch_embed(image)
        grid = patches.shape[2], patches.shape[3]
        x = _with_class_token(patches, self.cls_token)
        pairs = distance_index(grid, image.device)
        taps = []
        for i, (block, table) in enumerate(zip(self.blocks, self.bias_tables, strict=True)):
            bias = stretch_bias_table(table, self.side, grid)[pairs]  # (tokens, tokens, heads)
            x = block(x, shared_rel_pos_bias=bias.permute(2, 0, 1)[None])
            if i in self.taps:
                taps.append(x)
        return taps, grid


class SwinEncoder(nn.Module):
    """Swin and Swin V2: attention in windows, on grids that halve from stage to stage.

    The windows have to tile the grid, so the size of the picture is fixed. A tap
    is what a stage ends with, before the next one halves the grid.

    Parameters
    ----------
    timm_name : str
    **options
        For timm.
    """

    def __init__(self, timm_name: str, **options: object) -> None:
        super().__init__()
        model = _timm_model(timm_name, **options)
        self.patch_embed, self.layers = model.patch_embed, model.layers

    def forward(self, image: Tensor) -> Taps:
        """Maps at 1/4, 1/8, 1/16 and 1/32."""
        taps, x = [], self.patch_embed(image)
        for layer in self.layers:
            x = layer(x)
            taps.append(x.permute(0, 3, 1, 2))  # timm's maps have the channels last
        return taps, (x.shape[1], x.shape[2])


class LevitEncoder(nn.Module):
    """LeViT-384: four strided convolutions, then attention on 14 x 14, 7 x 7 and 4 x 4.

    The size of the picture is fixed at 224 x 224. The blocks after a stage's tap
    serve the next stage; those after the last tap serve nobody and are left out.
    """

    # The block of each stage whose output the decoder uses, and the stage's grid.
    taps = (1, 0, 0)
    sides = (14, 7, 4)

    def __init__(self) -> None:
        super().__init__()
        model = _timm_model("levit_384")
        self.stem, self.stages = model.stem, model.stages
        self.stages[-1].blocks = self.stages[-1].blocks[: self.taps[-1] + 1]

    def forward(self, image: Tensor) -> Taps:
        """Maps of 384, 512 and 768 channels at 1/16, 1/32 and 1/64 (rounded up)."""
        taps = []
        x = self.stem(image).flatten(2).transpose(1, 2)
        for stage, tap, side in zip(self.stages, self.taps, self.sides, strict=True):
            x = stage.downsample(x)
            for i, block in enumerate(stage.blocks):
                x = block(x)
                if i == tap:
                    taps.append(x.transpose(1, 2).unflatten(2, (side, side)))
        return taps, (self.sides[0], self.sides[0])


def _with_class_token(patches: Tensor, cls_token: Tensor) -> Tensor:
    """(n, c, rows, columns) to (n, 1 + rows * columns, c)."""
    tokens = patches.flatten(2).transpose(1, 2)
    return torch.cat([cls_token.expand(tokens.shape[0], -1, -1), tokens], dim=1)


def _placed_tokens(patches: Tensor, cls_token: Tensor, learned: Tensor, side: int) -> Tensor:
    """The tokens of a ViT, each with what the network learned of its place."""
    grid = patches.shape[2], patches.shape[3]
    return _with_class_token(patches, cls_token) + stretch_position_embedding(learned, side, grid)


def _run_blocks(blocks: nn.Sequential, x: Tensor, at: tuple[int, ...]) -> list[Tensor]:
    """Tokens through the blocks; those after the blocks `at`."""
    taps = []
    for i, block in enumerate(blocks):
        x = block(x)
        if i in at:
            taps.append(x)
    return taps


def stretch_position_embedding(learned: Tensor, side: int, grid: tuple[int, int]) -> Tensor:
    """A ViT's position embedding, interpolated from its square grid to another.

    Parameters
    ----------
    learned : (1, 1 + side * side, c)
    grid : (rows, columns)

    Returns
    -------
    Tensor : (1, 1 + rows * columns, c)
    """
    places = learned[:, 1:].transpose(1, 2).unflatten(2, (side, side))
    places = F.interpolate(places, size=grid, mode="bilinear", align_corners=False)
    return torch.cat([learned[:, :1], places.flatten(2).transpose(1, 2)], dim=1)


def stretch_bias_table(table: Tensor, side: int, grid: tuple[int, int]) -> Tensor:
    """A BEiT block's relative position bias table, interpolated to the distances of a grid.

    On `side` rows two patches lie from `-(side - 1)` to `side - 1` rows apart, which
    makes `2 * side - 1` distances; the same holds for columns.

    Parameters
    ----------
    table : ((2 * side - 1) ** 2 + 3, heads)
    grid : (rows, columns)

    Returns
    -------
    Tensor : ((2 * rows - 1) * (2 * columns - 1) + 3, heads)
    """
    rows, columns = grid
    n = 2 * side - 1
    learned = table[:-3].T.unflatten(1, (n, n))[None]
    size = (2 * rows - 1, 2 * columns - 1)
    stretched = F.interpolate(learned, size=size, mode="bilinear", align_corners=False)
    return torch.cat([stretched[0].flatten(1).T, table[-3:]])


def distance_index(grid: tuple[int, int], device: torch.device) -> Tensor:
    """The index into the interpolated table of each pair of tokens.

    Returns
    -------
    Tensor : (1 + rows * columns, 1 + rows * columns) int64
    """
    rows, columns = grid
    row = torch.arange(rows, device=device)[:, None].expand(rows, columns).flatten()
    column = torch.arange(columns, device=device)[None, :].expand(rows, columns).flatten()
    down = row[:, None] - row[None, :] + (rows - 1)
    right = column[:, None] - column[None, :] + (columns - 1)
    pairs = down * (2 * columns - 1) + right
    whole = (2 * rows - 1) * (2 * columns - 1)  # the first of the table's last three rows
    pairs = F.pad(pairs, (1, 0, 1, 0))
    is_whole = torch.arange(1 + rows * columns, device=device) == 0
    pairs = torch.where(is_whole[:, None], whole, pairs)
    pairs = torch.where(is_whole[None, :], whole + 1, pairs)
    return torch.where(is_whole[:, None] & is_whole[None, :], whole + 2, pairs)
