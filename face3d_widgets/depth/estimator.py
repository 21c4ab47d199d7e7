"""Run a network on a photo; keep the last results."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from typing import TYPE_CHECKING

from face3d_widgets.depth.midas_preprocess import input_rule, network_input
from face3d_widgets.depth.networks import build_network, load_checkpoint
from face3d_widgets.depth.preprocess import (
    enlarge_with_outline,
    input_size,
    pad_to_multiple,
    resize_to_input,
    resize_to_photo,
)
from face3d_widgets.depth.weights import find_weights, read_checkpoint
from face3d_widgets.depth.zoo import DEFAULT_MODEL, MODELS, ModelError, ModelInfo, model_info
from face3d_widgets.types import InverseDepth, Photo

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

__all__ = ["DepthEstimator", "is_ready", "ready_models"]


def is_ready(model: str) -> bool:
    """Whether a network's weights are on this machine."""
    name = model_info(model).name
    return name == DEFAULT_MODEL or find_weights(name) is not None


def ready_models() -> list[ModelInfo]:
    """The networks that can run at once, the one in the package first."""
    return [info for info in MODELS.values() if is_ready(info.name)]


class DepthEstimator:
    """Photo in, inverse depth out.

    Setting a photo is free; `predict` runs the network once for each model and
    gives the kept result after that. One network is held at a time. Not safe to
    call from two threads at once.

    Parameters
    ----------
    weights : path, optional
        A file of official MiDaS weights, or a folder of them, to look in first;
        `face3d_widgets.depth.weights.find_weights` says where else.

    Examples
    --------
    >>> from face3d_widgets.depth import DepthEstimator
    >>> from face3d_widgets.samples import load_sample
    >>> estimator = DepthEstimator()
    >>> estimator.set_photo(load_sample("astronaut"))
    >>> estimator.predict("face_lite").values.dtype
    dtype('float32')
    """

    def __init__(self, weights: str | os.PathLike[str] | None = None) -> None:
        self._weights = weights
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
            When there is no such model, or its weights are not on this machine or
            not sound.
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
            if self._network is not None:
                self._network = None  # free the old one before the new one is built
                _give_memory_back()
            load = _load_face_lite if info.name == DEFAULT_MODEL else self._load_midas
            self._network = info.name, load(info)
        return self._network[1]

    def _load_midas(self, info: ModelInfo) -> nn.Module:
        path = find_weights(info.name, self._weights)
        if path is None:
            raise ModelError(
                f"The weights of {info.title} are not on this machine; fetch them with: "
                f"face3d fetch {info.name} ({info.size / 1e6:.0f} MB), or use {DEFAULT_MODEL}, "
                "which needs none."
            )
        network = build_network(info.name)
        load_checkpoint(network, read_checkpoint(path))
        return network

    def _run(self, info: ModelInfo, photo: Photo) -> InverseDepth:
        network = self._load(info)  # says it in a sentence where torch is missing
        if info.name == DEFAULT_MODEL:
            return _run_face_lite(network, info, photo)
        values = _run_network(network, network_input(photo.rgb, input_rule(info.name)))
        return InverseDepth(
            resize_to_photo(values, photo.height, photo.width), None, info.name, info.relief_unit
        )


def _give_memory_back() -> None:
    """Ask glibc for what it keeps of freed networks: gigabytes after a large one."""
    gc.collect()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):
            libc.malloc_trim(0)


def _run_network(network: nn.Module, picture: NDArray) -> NDArray:
    """(3, rows, columns) float32 to (rows, columns) float32."""
    import torch

    batch = torch.from_numpy(picture)[None].contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        values: NDArray = network(batch)[0].numpy()
    return values


def _run_face_lite(network: nn.Module, info: ModelInfo, photo: Photo) -> InverseDepth:
    from face3d_widgets.depth.face_lite import BACKGROUND_BELOW, SUBJECT_ABOVE

    size = input_size(photo.height, photo.width, info.input_side)
    padded, inside = pad_to_multiple(resize_to_input(photo.rgb, size))
    relief = _run_network(network, padded)[inside]
    values, subject = enlarge_with_outline(
        relief, (BACKGROUND_BELOW, SUBJECT_ABOVE), photo.height, photo.width
    )
    return InverseDepth(values, subject, info.name, info.relief_unit)


def _load_face_lite(_: ModelInfo) -> nn.Module:
    try:
        from face3d_widgets.depth.face_lite import load_face_lite
    except ImportError as error:
        raise ModelError(
            f"PyTorch does not load ({error}); install it with: pip install torch."
        ) from error
    return load_face_lite()
