"""From the camera's frame to the axes and words that files have.

Every file's axes are x right, y up, z backward (OpenGL): (x, -y, -z) of the
camera's. That is half a turn about x, so shapes keep their orientation and a
face looks at whoever opens the file.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.types import Surface

__all__ = ["LENGTHS", "checked", "to_file_axes"]

# What a file says of its lengths.
LENGTHS = {
    "mm": "lengths in millimetres",
    "relative": "relative lengths, 1 is the height of the picture at the subject",
}


def to_file_axes(vectors: NDArray[np.float32], scale: float = 1.0) -> NDArray[np.float32]:
    """Points or directions with the file's axes.

    Parameters
    ----------
    vectors : (n, 3) float32
        Camera frame.
    scale : float
        Factor for lengths.

    Returns
    -------
    (n, 3) float32
        `scale * (x, -y, -z)`, without negative zeros.
    """
    x, y, z = vectors.T
    turned = np.empty(vectors.shape, np.float32)
    turned[:, 0] = x
    np.subtract(0, y, out=turned[:, 1])
    np.subtract(0, z, out=turned[:, 2])
    if scale != 1:
        turned *= np.float32(scale)
    return turned


def checked(surface: Surface) -> Surface:
    """`surface`, if there is something to write.

    Raises
    ------
    ValueError
        When it has no faces, or a vertex or its place in the photo is not a number.
    """
    if len(surface.faces) == 0:
        raise ValueError("the surface has no faces; lower the background cut-off and export again")
    places = () if surface.uv is None else (surface.uv,)
    if not all(np.isfinite(array).all() for array in (surface.vertices, *places)):
        raise ValueError("a vertex is not a number; set relief and scale back and export again")
    return surface
