"""Run a network where it runs best: CUDA, MPS, or the CPU through OpenVINO.

Plain PyTorch is the reference, and what is used where OpenVINO does not load or
does not take a network. A runner is called with the input of one photo and
gives its raw inverse depth; it holds one network, and `close` frees it.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.depth.errors import ModelError

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "PRECISIONS",
    "RUNTIMES",
    "Runner",
    "TorchRunner",
    "check_choice",
    "choose_device",
    "has_bfloat16",
    "pick_runtime",
]

RUNTIMES = ("auto", "torch", "openvino")
PRECISIONS = ("exact", "fast")


class Runner(Protocol):
    """A network ready to run.

    Attributes
    ----------
    description : str
        Runtime, device and number type, such as "OpenVINO, CPU, float32".
    seconds : float
        What the last call took, compiling for a new size not counted.
    """

    description: str
    seconds: float

    def __call__(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network once.

        Parameters
        ----------
        picture : (3, rows, columns) float32
            As the network's family makes it: `face_lite` takes colours from 0 to 1, the
            MiDaS networks take them normalised.

        Returns
        -------
        (rows, columns) or (k, rows, columns) float32
            All that the network says: of a MiDaS network raw inverse depth, of `face_lite`
            relief, and the logits of person and of head.
        """

    def close(self) -> None:
        """Free the network."""


def check_choice(runtime: str, precision: str) -> None:
    """Refuse what is neither a runtime nor a precision.

    Raises
    ------
    ModelError
        The message names the choices.
    """
    for what, value, known in (
        ("runtime", runtime, RUNTIMES),
        ("precision", precision, PRECISIONS),
    ):
        if value not in known:
            raise ModelError(f"There is no {what} {value!r}; choose one of: {', '.join(known)}.")


def choose_device() -> str:
    """The device on which PyTorch runs best here: "cuda", "mps" or "cpu"."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"


def pick_runtime(runtime: str, small: bool = False) -> str:
    """The runtime that "auto" stands for here: OpenVINO, unless there is a GPU or it is missing.

    Parameters
    ----------
    runtime : {"auto", "torch", "openvino"}
    small : bool
        The network is too small to gain from a GPU: nobody looks for one.

    Raises
    ------
    ModelError
        When OpenVINO is asked for by name and does not load.
    """
    if runtime == "torch" or (runtime == "auto" and not small and _has_gpu()):
        return "torch"
    from face3d_widgets.depth.openvino_import import import_openvino

    try:
        import_openvino()
    except ImportError as error:
        if runtime == "auto":
            return "torch"
        raise ModelError(
            f"OpenVINO does not load ({error}); install it with: pip install openvino, "
            "or use the runtime torch."
        ) from error
    return "openvino"


def _has_gpu() -> bool:
    if not _has_driver():
        return False
    try:
        return choose_device() != "cpu"
    except ImportError:  # a converted network runs without PyTorch
        return False


def _has_driver() -> bool:
    """Tell whether it is worth asking PyTorch, which takes 200 MB to load, for a GPU.

    It has one only where the driver's library is: CUDA's, or that of ROCm, whose kernel driver
    shows as a file. On a Mac it always asks.
    """
    if "torch" in sys.modules or sys.platform == "darwin" or os.path.exists("/dev/kfd"):
        return True
    names = ("nvcuda.dll", "amdhip64_7.dll", "amdhip64_6.dll")
    for name in names if sys.platform == "win32" else ("libcuda.so.1",):
        with suppress(OSError):
            ctypes.CDLL(name)
            return True
    return False


def has_bfloat16() -> bool:
    """Tell whether PyTorch computes in bfloat16 on this processor, not by way of float32."""
    import torch

    if not hasattr(torch.cpu, "get_capabilities"):  # before PyTorch 2.9
        return False
    features = torch.cpu.get_capabilities()
    return any(features.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


class TorchRunner:
    """A network in PyTorch, on the best device there is.

    Parameters
    ----------
    network : Module
        In eval mode, on the CPU; the runner moves it.
    precision : {"exact", "fast"}
        Exact is float32 everywhere. Fast is half precision on CUDA and MPS, and
        bfloat16 on processors that have it; elsewhere it is float32 too.
    device : str, optional
        As PyTorch names it, for another one than the best.
    """

    def __init__(
        self, network: nn.Module, precision: str = "exact", device: str | None = None
    ) -> None:
        import torch

        self._device = device or choose_device()
        self._network: nn.Module | None = network.to(
            self._device,
            memory_format=torch.channels_last,  # type: ignore[call-overload]
        )
        self._cast, numbers = _casting(self._device, precision)
        self.seconds = 0.0
        self.description = f"PyTorch, {self._device.upper()}, {numbers}"

    def __call__(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """(3, rows, columns) float32 to (rows, columns) float32."""
        import torch

        assert self._network is not None, "the runner was closed"
        start = time.perf_counter()
        batch = torch.from_numpy(picture)[None].to(self._device, memory_format=torch.channels_last)
        try:
            with torch.inference_mode(), self._cast():
                values: NDArray[np.float32] = self._network(batch)[0].float().cpu().numpy()
        except RuntimeError as error:
            if "out of memory" not in str(error):
                raise
            raise ModelError(
                f"The memory of the {self._device.upper()} device is full; close what else uses "
                "it, or choose a smaller network."
            ) from error
        self.seconds = time.perf_counter() - start
        return values

    def close(self) -> None:
        """Free the network."""
        self._network = None


def _casting(device: str, precision: str) -> tuple[Callable[[], AbstractContextManager[Any]], str]:
    """A context in which the network computes, and what its numbers are called."""
    import torch

    if precision == "exact" and device == "cuda":
        # TensorFloat-32, which PyTorch takes for convolutions, keeps 10 bits of 23.
        return (lambda: torch.backends.cudnn.flags(allow_tf32=False)), "float32"
    if precision == "exact":
        return nullcontext, "float32"
    if device != "cpu":
        return (lambda: torch.autocast(device, torch.float16)), "float16"
    if has_bfloat16():
        return (lambda: torch.autocast("cpu", torch.bfloat16)), "bfloat16"
    return nullcontext, "float32"
