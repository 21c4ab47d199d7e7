"""The photo as the picture that a surface wears."""

from __future__ import annotations

import io
from weakref import WeakKeyDictionary

from PIL import Image

from face3d_widgets.types import Photo

__all__ = ["texture_jpeg"]

# Kept as long as somebody holds the photo: sizes are told again and again.
_made: WeakKeyDictionary[Photo, bytes] = WeakKeyDictionary()


def texture_jpeg(photo: Photo) -> bytes:
    """The photo's pixels as JPEG: full resolution of colour, quality 92, no metadata.

    It is made from the decoded pixels, so nothing of what the camera wrote
    beside them (place, time, serial numbers) is in it.
    """
    if photo not in _made:
        buffer = io.BytesIO()
        Image.fromarray(photo.rgb).save(buffer, "JPEG", quality=92, subsampling="4:4:4")
        _made[photo] = buffer.getvalue()
    return _made[photo]
