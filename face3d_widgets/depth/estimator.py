"""Run a network on a photo; keep the last results."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from face3d_widgets.depth.errors import ModelError
from face3d_widgets.depth.memory import check_memory, give_memory_back
from face3d_widgets.depth.registry import DEFAULT_MODEL, MODELS, ModelSpec, model_info
from face3d_widgets.depth.runtime import (
    Runner,
    TorchRunner,
    check_choice,
    choose_device,
    pick_runtime,
)
from face3d_widgets.depth.shared import (
    SharedNetwork,
    free_idle_network,
    idle_networks,
    leave_network,
    share_network,
)
from face3d_widgets.depth.speeds import measured_seconds, record_seconds
from face3d_widgets.depth.uncertainty import measure_uncertainty
from face3d_widgets.depth.weights import find_weights
from face3d_widgets.python_apart import python_apart, was_killed
from face3d_widgets.types import InverseDepth, Photo

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    _Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]

__all__ = ["DepthEstimator"]


class DepthEstimator:
    """Photo in, inverse depth out.

    Setting a photo is free; `predict` runs the network once for each model and
    gives the kept result after that. One network is held at a time, by all estimators
    that want the same one together, and one that does not fit into memory is refused.
    Not safe to call from two threads at once; two estimators may be.

    Parameters
    ----------
    weights : path, optional
        A file of official MiDaS weights, or a folder of them, to look in first;
        `face3d_widgets.depth.weights.find_weights` says where else.
    runtime : {"auto", "torch", "openvino"}
        Auto is PyTorch on a GPU, else OpenVINO, else PyTorch. The network in the
        package is so small that auto runs it through OpenVINO even beside a GPU: a
        converted network needs no PyTorch, which takes seconds and memory to load.
    precision : {"exact", "fast"}, optional
        Exact is float32; fast is half precision on a GPU and bfloat16 on a
        processor that has it. Where none is given: fast on CUDA, else exact.

    Raises
    ------
    ModelError
        When there is no such runtime or precision.

    Examples
    --------
    >>> from face3d_widgets.depth import DepthEstimator
    >>> from face3d_widgets.samples import load_sample
    >>> estimator = DepthEstimator()
    >>> estimator.set_photo(load_sample("astronaut"))
    >>> estimator.predict("face_lite").values.dtype
    dtype('float32')
    """

    def __init__(
        self,
        weights: str | os.PathLike[str] | None = None,
        runtime: str = "auto",
        precision: str | None = None,
    ) -> None:
        check_choice(runtime, precision or "exact")
        self._weights = weights
        self._runtime = runtime
        self._precision = precision
        self._photo: Photo | None = None
        self._results: dict[str, InverseDepth] = {}
        self._uncertainties: dict[str, NDArray[np.float32]] = {}
        self._network: SharedNetwork | None = None
        self._seconds = 0.0

    @property
    def runs_on(self) -> str:
        """Runtime, device and numbers of the network held, or "" where none is."""
        held = self._network
        return "" if held is None else held.description

    @property
    def last_seconds(self) -> float:
        """Seconds that the network held took for its last photo, loading not counted."""
        return self._seconds

    @property
    def held_memory(self) -> int:
        """About how many bytes the networks that nobody else has would give back."""
        return sum(MODELS[name].size for name in idle_networks(self))

    def set_photo(self, photo: Photo) -> None:
        """Choose the photo that `predict` works on."""
        if photo is not self._photo:
            self._photo = photo
            self._results.clear()
            self._uncertainties.clear()

    def warm_up(self, model: str = DEFAULT_MODEL) -> None:
        """Load the network, so that the first `predict` is quick."""
        info = model_info(model)
        if info.runs_network:
            self._load(info)

    def predict(self, model: str = DEFAULT_MODEL) -> InverseDepth:
        """Inverse depth of the photo, at the photo's size.

        Raises
        ------
        ModelError
            When there is no such model, its weights are not on this machine or not
            sound, or it does not fit into memory.
        ValueError
            When no photo was set.
        """
        if self._photo is None:
            raise ValueError("set_photo comes before predict")
        info = model_info(model)
        if info.name not in self._results:
            self._results[info.name] = self._run(info, self._photo)
        return self._results[info.name]

    def uncertainty(
        self,
        model: str = DEFAULT_MODEL,
        progress: Callable[[str, float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> NDArray[np.float32]:
        """The network's uncertainty at each pixel, from nine runs on variants of the photo.

        Parameters
        ----------
        model : str
        progress : callable, optional
            Called with the name of each step and the share that is done, 0 to 1.
        cancelled : callable, optional
            Asked before each run; True ends the work.

        Returns
        -------
        (h, w) float32, read-only
            See `face3d_widgets.depth.uncertainty.measure_uncertainty`.

        Raises
        ------
        ModelError
            As `predict` does; `UncertaintyCancelled` when `cancelled` said so.
        ValueError
            When no photo was set.
        """
        if self._photo is None:
            raise ValueError("set_photo comes before uncertainty")
        info, photo = model_info(model), self._photo
        if info.name not in self._uncertainties:
            try:
                self._uncertainties[info.name] = measure_uncertainty(
                    photo, partial(self._run, info), progress, cancelled
                )
            finally:
                give_memory_back()  # of nine runs
        return self._uncertainties[info.name]

    def rest(self, model: str = DEFAULT_MODEL) -> None:
        """Forget the photo and its results, and free the network held unless it is `model`."""
        self._photo = None
        self._results.clear()
        self._uncertainties.clear()
        if self._network is not None and self._network.name != model_info(model).name:
            self.close()
            free_idle_network()
        else:
            give_memory_back()

    def close(self) -> None:
        """Free the network's memory, the GPU's included, unless another has it too.

        Results stay.
        """
        if self._network is not None:
            leave_network(self._network, self)
            self._network = None
            self._seconds = 0.0
            give_memory_back()

    def _load(self, info: ModelSpec) -> SharedNetwork:
        if self._network is None or self._network.name != info.name:
            path = None if info.checkpoint is None else self._weights_of(info)
            load = partial(self._load_anew, info, path)
            network = share_network(self._key_of(info, path), self, info.name, load)
            if self._network is not None:
                leave_network(self._network, self)
            self._network = network
        return self._network

    def _key_of(self, info: ModelSpec, path: Path | None) -> Hashable:
        """All that decides which network is loaded."""
        return info.name, _stamp(path), self._runtime, self._precision

    def _load_anew(self, info: ModelSpec, path: Path | None) -> Runner:
        check_memory(info.name, freed=self.held_memory)
        self.close()  # free the old one before the new one is built
        free_idle_network()
        try:
            return self._runner_of(info, path)
        except MemoryError as error:
            raise ModelError(
                f"The memory was full before {info.title} was loaded; "
                f"close other programs, or use {DEFAULT_MODEL}."
            ) from error

    def _weights_of(self, info: ModelSpec) -> Path:
        path = find_weights(info.name, self._weights)
        if path is None:
            raise ModelError(
                f"The weights of {info.title} are not on this machine; fetch them with: "
                f"face3d fetch {info.name} ({info.size / 1e6:.0f} MB), or use {DEFAULT_MODEL}, "
                "which needs none."
            )
        return path

    def _runner_of(self, info: ModelSpec, path: Path | None) -> Runner:
        family = info.the_family()
        sha256 = family.checksum(info, path)
        load = partial(family.load, info, path)
        if pick_runtime(self._runtime, small=info.small) == "openvino":
            try:
                apart = partial(_convert_apart, info.name, path)
                return _openvino_runner(info, sha256, load, self._precision or "exact", apart)
            except (ModelError, MemoryError):
                raise
            except Exception as error:  # PyTorch and OpenVINO raise many kinds
                if self._runtime == "openvino":
                    raise ModelError(
                        f"OpenVINO does not take {info.title} ({error}); use the runtime torch."
                    ) from error
                give_memory_back()
        return _torch_runner(load(), self._precision)

    def _run(self, info: ModelSpec, photo: Photo) -> InverseDepth:
        if not info.runs_network:
            return info.the_family().predict(info, _no_network, photo)
        network = self._load(info)
        self._seconds = 0.0

        def run(picture: NDArray[np.float32]) -> NDArray[np.float32]:
            maps, seconds = network(picture)
            self._seconds += seconds
            return maps

        result = info.the_family().predict(info, run, photo)
        # A first run makes ready what later ones find; it counts until there is another.
        if not network.first_run or measured_seconds(info.name) is None:
            record_seconds(info.name, self._seconds)
        network.first_run = False
        return result


def _no_network(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    raise ModelError("Nothing is run here: the depth is known already.")


def _stamp(path: Path | None) -> Hashable:
    """A stamp that tells one state of a file from another."""
    if path is None:
        return None
    facts = path.stat()
    return str(path.resolve()), facts.st_mtime_ns, facts.st_size


def _torch_runner(network: nn.Module, precision: str | None) -> Runner:
    device = choose_device()
    return TorchRunner(network, precision or ("fast" if device == "cuda" else "exact"), device)


def _openvino_runner(
    info: ModelSpec,
    sha256: str,
    load: Callable[[], nn.Module],
    precision: str,
    apart: Callable[[], None] = lambda: None,
) -> Runner:
    from face3d_widgets.depth.converted import OpenVinoRunner, make_or_find

    model = make_or_find(info.name, sha256, load, info.traced_size, apart)
    give_memory_back()  # what PyTorch took for the conversion
    return OpenVinoRunner(model, precision, per_size=info.per_size)


_CONVERT = """
import sys
import torch  # so that the conversion is made there
from face3d_widgets.depth import DepthEstimator
DepthEstimator(sys.argv[2] or None, "openvino").warm_up(sys.argv[1])
"""


def _convert_apart(name: str, path: Path | None) -> None:
    """Have a network converted and kept by a process of its own.

    PyTorch and what it takes for a conversion, half a gigabyte and more, go with that process.
    Where it fails nothing is said: here it is tried again, and fails with words.

    Raises
    ------
    MemoryError
        When the system ended the process.
    """
    with suppress(OSError):
        process = python_apart(_CONVERT, name, str(path or ""), stdin=subprocess.DEVNULL)
        if was_killed(process.wait()):
            raise MemoryError
