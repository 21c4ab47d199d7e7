"""A depth estimator as sessions, comparisons and the lab see it."""

from __future__ import annotations

from typing import Protocol

from face3d_widgets.types import InverseDepth, Photo

__all__ = ["Estimator"]


class Estimator(Protocol):
    """A depth estimator, as far as a session needs it."""

    def set_photo(self, photo: Photo) -> None:
        """Choose the photo."""

    def predict(self, model: str) -> InverseDepth:
        """Inverse depth of the photo, at the photo's size."""
