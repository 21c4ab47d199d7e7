"""A depth estimator as sessions, comparisons and the lab see it."""

from __future__ import annotations

from typing import Protocol

from face3d_widgets.types import InverseDepth, Photo

__all__ = ["Estimator"]


class Estimator(Protocol):
    """What the session needs of a depth estimator."""

    def set_photo(self, photo: Photo) -> None:
        """Choose the photo."""

    def predict(self, model: str) -> InverseDepth:
        """Inverse depth of the photo, at the photo's size."""
