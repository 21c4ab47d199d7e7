"""Photos as JPEG files."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from face3d_widgets.image.pixels import fitted, reduced
from face3d_widgets.types import Photo

__all__ = ["encode_jpeg"]


def encode_jpeg(photo: Photo, max_side: int | None = None, quality: int = 90) -> bytes:
    """The pixels as a JPEG file without any metadata.

    Parameters
    ----------
    photo : Photo
    max_side : int or None
        Longest side in pixels; None keeps the size of `photo.rgb`.
    quality : int
        1 to 95; from 90 on, colours keep their full resolution (4:4:4).
    """
    im = Image.fromarray(photo.rgb)
    im = reduced(im, fitted(im.size, max_side))
    file = BytesIO()
    im.save(file, "JPEG", quality=quality, subsampling="4:4:4" if quality >= 90 else "4:2:0")
    return file.getvalue()
