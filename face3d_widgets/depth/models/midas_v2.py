"""MiDaS v2.1, large and small: convolutional encoders under the decoder of `dpt`.

No tokens, so nothing to reassemble. The four taps are maps at 1/4, 1/8, 1/16
and 1/32 of the photo, as a convolutional network makes them anyway.

References
----------
Ranftl, R. et al. (2022). Towards robust monocular depth estimation: mixing
datasets for zero-shot cross-dataset transfer.
https://doi.org/10.1109/TPAMI.2020.3019967
"""

from __future__ import annotations

from torch import Tensor, nn

from face3d_widgets.depth.models.backbones import EfficientNetEncoder, ResNextEncoder
from face3d_widgets.depth.models.dpt import Decoder, depth_head

__all__ = ["MidasV21", "midas_v21_384", "midas_v21_small_256"]


class MidasV21(nn.Module):
    """A convolutional encoder with the decoder of MiDaS.

    Input: (n, 3, h, w) float, normalised; h and w multiples of 32.
    Output: (n, h, w) float, raw inverse depth; higher is nearer.
    """

    def __init__(self, name: str, encoder: nn.Module, decoder: Decoder) -> None:
        super().__init__()
        self.name = name
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, image: Tensor) -> Tensor:
        """Raw inverse depth of a batch of photos."""
        maps, _ = self.encoder(image)
        return self.decoder(maps)


def midas_v21_384(name: str) -> MidasV21:
    """ResNeXt-101 and 256 channels on every grid."""
    decoder = Decoder(
        channels=(256, 512, 1024, 2048),
        widths=(256, 256, 256, 256),
        head=depth_head(256, (128, 32), align_corners=False),
        projects=False,
        rectified=True,
    )
    return MidasV21(name, ResNextEncoder(), decoder)


def midas_v21_small_256(name: str) -> MidasV21:
    """EfficientNet-Lite3 and twice the channels on each coarser grid."""
    decoder = Decoder(
        channels=(32, 48, 136, 384),
        widths=(64, 128, 256, 512),
        head=depth_head(64, (32, 32), align_corners=False),
    )
    return MidasV21(name, EfficientNetEncoder(), decoder)
