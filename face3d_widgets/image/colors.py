"""Plain pictures as sRGB on white."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from face3d_widgets.image.color_space import SRGB, ColorSpace, as_srgb

__all__ = ["srgb_on_white"]

_PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def srgb_on_white(
    im: Image.Image, told: Sequence[bytes | ColorSpace] = (), cut: float = 0.0
) -> Image.Image:
    """A plain picture as RGB: colours as the file tells them, transparency on white.

    Parameters
    ----------
    im : Image
        Of mode L, LA, RGB, RGBA, CMYK or LAB.
    told : sequence of bytes or ColorSpace
        ICC profiles and colour spaces; the first that is sound and fits is followed.
    cut : float
        As in `as_srgb`.
    """
    if im.mode in ("LA", "RGBA"):
        opaque = srgb_on_white(im.convert(im.mode[:-1]), told, cut)
        return Image.composite(opaque, Image.new("RGB", im.size, "white"), im.getchannel("A"))
    for colors in told:
        if isinstance(colors, bytes):
            if (profiled := _profiled(im, colors)) is not None:
                return profiled
        elif im.mode in ("L", "RGB") and colors is not SRGB:
            return Image.fromarray(as_srgb(np.asarray(im.convert("RGB")), colors, cut))
        else:
            break
    return im.convert("RGB")


def _profiled(im: Image.Image, profile: bytes) -> Image.Image | None:
    """`im` by its ICC profile as sRGB; None where that is broken or does not fit."""
    with suppress(Exception):  # a bad profile must not cost the picture
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _PROFILE_MODES[source.profile.xcolor_space.strip()]
        if im.mode == mode or (im.mode, mode) == ("L", "RGB"):
            return ImageCms.profileToProfile(
                im.convert(mode),
                source,
                ImageCms.createProfile("sRGB"),
                ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
    return None
