"""Upload bytes to `Photo`: formats, the EXIF turn, colours, limits and clear errors.

The contents of a file say what it is, never its name. What can be refused is
refused from the header, before a pixel is decoded, and every refusal is a
`PhotoError` whose text is one sentence for the person.

Topics: `formats` (what is read, by whom, and the limits), `refusals` (the
sentences), `tiff` (what a TIFF's tags say and its decoder does not heed),
`pixels` (every kind of pixel as 8 bits), `color_told` (what the file says of its
colours), `color_space` (those colours as sRGB), `read` and `write`.
"""

from face3d_widgets.image.formats import (
    ACCEPT,
    FORMATS,
    MAX_ASPECT,
    MAX_BYTES,
    MIN_SIDE,
    WORKING_SIDE,
)
from face3d_widgets.image.names import safe_stem
from face3d_widgets.image.read import photo_from_array, read_photo, read_photo_file
from face3d_widgets.image.refusals import MAX_PIXELS, PhotoError
from face3d_widgets.image.write import encode_jpeg

__all__ = [
    "ACCEPT",
    "FORMATS",
    "MAX_ASPECT",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MIN_SIDE",
    "WORKING_SIDE",
    "PhotoError",
    "encode_jpeg",
    "photo_from_array",
    "read_photo",
    "read_photo_file",
    "safe_stem",
]
