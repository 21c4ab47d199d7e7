"""Run a network on a photo; keep the last results."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from face3d_widgets.depth.preprocess import (
    enlarge_with_outline,
    input_size,
    pad_to_multiple,
    resize_to_input,
)
from face3d_widgets.depth.zoo import DEFAULT_MODEL, ModelError, ModelInfo, model_info
from face3d_widgets.types import InverseDepth, Photo

if TYPE_CHECKING:
    from torch import nn

__all__ = ["DepthEstimator"]


class DepthEstimator:
    """Photo in, inverse depth out.

    Setting a photo is free; `predict` runs the network once for each model and
    gives the kept result after that. One network is held at a time. Not safe to
    call from two threads at once.

    Examples
    --------
    >>> from face3d_widgets.depth import DepthEstimator
    >>> from face3d_widgets.samples import load_sample
    >>> estimator = DepthEstimator()
    >>> estimator.set_photo(load_sample("astronaut"))
    >>> estimator.predict("face_lite").values.dtype
    dtype('float32')
    """

    def __init__(self) -> None:
        self._photo: Photo | None = None
        self._results: dict[str, InverseDepth] = {}
        self._network: tuple[str, nn.Module] | None = None

    def set_photo(self, photo: Photo) -> None:
        """Choose the photo that `predict` works on."""
        if photo is not self._photo:
            self._photo = photo
            self._results.clear()

    def warm_up(self, model: str = DEFAULT_MODEL) -> None:
        """Import torch and load the network, so that the first `predict` is quick."""
        self._load(model_info(model))

    def predict(self, model: str = DEFAULT_MODEL) -> InverseDepth:
        """Inverse depth of the photo, at the photo's size.

        Raises
        ------
        ModelError
            When there is no such model.
        ValueError
            When no photo was set.
        """
        if self._photo is None:
            raise ValueError("set_photo comes before predict")
        info = model_info(model)
        if info.name not in self._results:
            self._results[info.name] = self._run(info, self._photo)
        return self._results[info.name]

    def _load(self, info: ModelInfo) -> nn.Module:
        if self._network is None or self._network[0] != info.name:
            self._network = None  # free the old one before the new one is built
            self._network = info.name, _BUILDERS[info.name]()
        return self._network[1]

    def _run(self, info: ModelInfo, photo: Photo) -> InverseDepth:
        network = self._load(info)  # says it in a sentence where torch is missing
        import torch

        from face3d_widgets.depth.face_lite import BACKGROUND_BELOW, SUBJECT_ABOVE

        size = input_size(photo.height, photo.width, info.input_side)
        padded, inside = pad_to_multiple(resize_to_input(photo.rgb, size))
        batch = torch.from_numpy(padded)[None].contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            relief = network(batch)[0].numpy()[inside]
        values, subject = enlarge_with_outline(
            relief, (BACKGROUND_BELOW, SUBJECT_ABOVE), photo.height, photo.width
        )
        return InverseDepth(values, subject, info.name, info.relief_unit)


def _load_face_lite() -> nn.Module:
    try:
        from face3d_widgets.depth.face_lite import load_face_lite
    except ImportError as error:
        raise ModelError(
            f"PyTorch does not load ({error}); install it with: pip install torch."
        ) from error
    return load_face_lite()


_BUILDERS: dict[str, Callable[[], nn.Module]] = {"face_lite": _load_face_lite}
