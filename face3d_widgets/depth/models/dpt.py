"""The decoder of MiDaS, and DPT, the dense prediction transformer, around it.

An encoder (`backbones`) has looked at the photo and hands over what it found at
four *taps*. From there to a depth map it takes three steps:

1. **Reassemble.** The taps of a vision transformer are lists of tokens, all on
   one grid of 16 x 16 pixels. Each becomes a map again, and the four maps get
   four sizes: 1/4, 1/8, 1/16 and 1/32 of the photo. An encoder that halves its
   grid from stage to stage hands over such maps to begin with.
2. **Fuse.** From the coarsest grid to the finest: take the answer so far, add the
   finer map, tidy up, double the grid. The coarse maps say what is near, the
   fine ones where exactly it ends.
3. **Head.** From many channels to one number for each pixel: inverse depth,
   larger is nearer, up to a scale and a shift that nobody knows.

References
----------
Ranftl, R., Bochkovskiy, A. and Koltun, V. (2021). Vision transformers for dense
prediction. https://doi.org/10.1109/ICCV48922.2021.01196
Ranftl, R. et al. (2022). Towards robust monocular depth estimation.
https://doi.org/10.1109/TPAMI.2020.3019967
Lin, G. et al. (2017). RefineNet (the fusion blocks).
https://doi.org/10.1109/CVPR.2017.549
Birkl, R., Wofk, D. and Müller, M. (2023). MiDaS v3.1.
https://arxiv.org/abs/2307.14460
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["DPT", "Decoder", "Fusion", "KeepMap", "Reassemble", "ResidualUnit", "depth_head"]


class Reassemble(nn.Module):
    """Tokens back to a map, at a size of its own.

    Three things happen. *Read out*: the token that belongs to the whole picture
    is laid beside every patch's token, and a small network merges each pair.
    *Lay out*: the tokens go back to the rows and columns that they came from.
    *Resample*: a strided convolution makes the map larger or smaller.

    Parameters
    ----------
    token_channels, channels : int
        Channels of the tokens and of the map.
    scale : float
        Size of the map in token grids: 4, 2, 1 or 0.5.
    """

    def __init__(self, token_channels: int, channels: int, scale: float) -> None:
        super().__init__()
        self.readout = nn.Linear(2 * token_channels, token_channels)
        self.project = nn.Conv2d(token_channels, channels, 1)
        self.resample = _resampling(channels, scale)

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """(n, 1 + rows * columns, token_channels) to (n, channels, scale * rows, ...)."""
        patches = tokens[:, 1:]
        whole = tokens[:, :1].expand_as(patches)
        merged = F.gelu(self.readout(torch.cat([patches, whole], dim=-1)))
        picture = merged.transpose(1, 2).unflatten(2, grid)
        return self.resample(self.project(picture))


def _resampling(channels: int, scale: float) -> nn.Module:
    if scale > 1:
        # Every cell becomes scale x scale cells, and none of them overlap.
        return nn.ConvTranspose2d(channels, channels, int(scale), stride=int(scale))
    if scale < 1:
        return nn.Conv2d(channels, channels, 3, stride=2, padding=1)
    return nn.Identity()


class KeepMap(nn.Module):
    """A stand-in for `Reassemble` where the tap is a map already."""

    def forward(self, tap: Tensor, grid: tuple[int, int]) -> Tensor:
        """The tap as it is."""
        return tap


class ResidualUnit(nn.Module):
    """Two convolutions that say what to change about their input.

    Parameters
    ----------
    channels : int
    rectified : bool
        Whether the change is added to the input without its negative part, as
        in MiDaS v2.1: its code rectified in place, and the weights learned that.
    """

    def __init__(self, channels: int, rectified: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.rectified = rectified

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) to the same shape."""
        positive = F.relu(x)
        change = self.conv2(F.relu(self.conv1(positive)))
        return (positive if self.rectified else x) + change


class Fusion(nn.Module):
    """Join the coarse answer with a finer map, and go to the next finer grid.

    Parameters
    ----------
    channels, out_channels : int
        Channels of the maps that come in, and of the one that goes out.
    coarsest : bool
        The coarsest fusion is where the answer begins: it has nothing to join.
    projects : bool
        Whether the answer ends with a 1 x 1 convolution.
    rectified : bool
        See `ResidualUnit`.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        *,
        coarsest: bool = False,
        projects: bool = True,
        rectified: bool = False,
    ) -> None:
        super().__init__()
        self.skip = None if coarsest else ResidualUnit(channels, rectified)
        self.refine = ResidualUnit(channels, rectified)
        self.out = nn.Conv2d(channels, out_channels, 1) if projects else nn.Identity()

    def forward(
        self, fine: Tensor, coarse: Tensor | None, size: Sequence[int] | None = None
    ) -> Tensor:
        """The answer on the grid of `size`, twice as fine where there is none.

        Parameters
        ----------
        fine, coarse : (n, channels, h, w)
            The map of this grid, and the answer so far, which has come to this grid.
        size : (rows, columns), optional
            The next finer grid. Where the photo's size is odd in tokens, it is
            not quite the double.
        """
        x = fine if self.skip is None or coarse is None else coarse + self.skip(fine)
        x = self.refine(x)
        if size is None:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        else:
            x = F.interpolate(x, size=size, mode="bilinear", align_corners=True)
        return self.out(x)


def depth_head(channels: int, hidden: tuple[int, int], align_corners: bool = True) -> nn.Sequential:
    """From features at half the photo's size to inverse depth at the whole size.

    The last ReLU keeps it from falling below zero: nothing is farther than the
    infinitely far.
    """
    middle, last = hidden
    return nn.Sequential(
        nn.Conv2d(channels, middle, 3, padding=1),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=align_corners),
        nn.Conv2d(middle, last, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(last, 1, 1),
        nn.ReLU(),
    )


class Decoder(nn.Module):
    """Maps on ever coarser grids to inverse depth.

    Parameters
    ----------
    channels : sequence of int
        Channels of the encoder's maps, finest first.
    widths : sequence of int
        Channels that the fusion on each of these grids works with.
    head : Module
    before_head : Module, optional
        What is done to the fused map first.
    projects, rectified : bool
        See `Fusion`.
    """

    def __init__(
        self,
        channels: Sequence[int],
        widths: Sequence[int],
        head: nn.Module,
        before_head: nn.Module | None = None,
        *,
        projects: bool = True,
        rectified: bool = False,
    ) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(
            nn.Conv2d(c, width, 3, padding=1, bias=False)
            for c, width in zip(channels, widths, strict=True)
        )
        # Each hands its answer to the next finer one, in the channels that one works with.
        self.fusions = nn.ModuleList(
            Fusion(
                width,
                widths[max(i - 1, 0)],
                coarsest=i == len(widths) - 1,
                projects=projects,
                rectified=rectified,
            )
            for i, width in enumerate(widths)
        )
        self.before_head = nn.Identity() if before_head is None else before_head
        self.head = head

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps, finest first, to (n, h, w)."""
        fine = [reduce(m) for reduce, m in zip(self.reduce, maps, strict=True)]
        answer = None
        for i in reversed(range(len(fine))):
            next_size = fine[i - 1].shape[2:] if i > 0 else None
            answer = self.fusions[i](fine[i], answer, next_size)
        return self.head(self.before_head(answer))[:, 0]


class DPT(nn.Module):
    """A vision transformer with the decoder of MiDaS.

    Input: (n, 3, h, w) float, normalised; h and w multiples of 32, and fixed for
    Swin and LeViT (see `midas_preprocess`).
    Output: (n, h, w) float, raw inverse depth; higher is nearer.

    Parameters
    ----------
    name : str
    encoder : Module
    reassemble : sequence of Module
        One for each tap: `Reassemble` or `KeepMap`.
    decoder : Decoder
    """

    def __init__(
        self, name: str, encoder: nn.Module, reassemble: Sequence[nn.Module], decoder: Decoder
    ) -> None:
        super().__init__()
        self.name = name
        self.encoder = encoder
        self.reassemble = nn.ModuleList(reassemble)
        self.decoder = decoder

    def forward(self, image: Tensor) -> Tensor:
        """Raw inverse depth of a batch of photos."""
        taps, grid = self.encoder(image)
        maps = [
            reassemble(tap, grid) for reassemble, tap in zip(self.reassemble, taps, strict=True)
        ]
        return self.decoder(maps)
