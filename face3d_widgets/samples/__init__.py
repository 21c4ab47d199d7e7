"""Sample portraits; SOURCES.md beside them says where each comes from."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from face3d_widgets.image import read_photo
from face3d_widgets.types import Photo

__all__ = ["SAMPLES", "is_sample", "load_sample", "sample_bytes"]

#: Name to title, the one shown at the start first.
SAMPLES = {
    "astronaut": "Astronaut (photograph)",
    "rendered_elder": "Rendered head, white hair",
    "rendered_adult": "Rendered head, near",
}


def sample_bytes(name: str) -> bytes:
    """The file of a sample.

    Raises
    ------
    KeyError
        When there is no sample of that name.
    """
    if name not in SAMPLES:
        raise KeyError(f"there is no sample {name!r}; choose one of: {', '.join(SAMPLES)}")
    return (files(__package__) / f"{name}.jpg").read_bytes()


def load_sample(name: str) -> Photo:
    """A sample portrait by name; see `SAMPLES`."""
    return read_photo(sample_bytes(name), name=f"{name}.jpg")


def is_sample(photo: Photo) -> bool:
    """Tell whether a photo shows what one of the samples does, pixel for pixel."""
    return photo.name in SAMPLES and np.array_equal(photo.rgb, load_sample(photo.name).rgb)
