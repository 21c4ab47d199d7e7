"""Networks converted for OpenVINO: made once, kept on disk, run on the CPU.

PyTorch follows a network once for a small picture and writes down what it
computes (`torch.jit.trace`); OpenVINO turns that into its own form. The
converted network takes every size that the network itself takes, so one copy
serves all photos. It lies in the user's cache folder under a name that holds
the SHA-256 of the weights, OpenVINO's version and a sum of this package's own
network code: when one of them changes, it is made anew and the older is deleted.

References
----------
Intel (2026). OpenVINO, converting a PyTorch model.
https://docs.openvino.ai/2026/openvino-workflow/model-preparation/convert-model-pytorch.html
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.depth.cache import user_cache
from face3d_widgets.depth.openvino_import import import_openvino
from face3d_widgets.depth.registry import MODELS

if TYPE_CHECKING:
    from torch import nn

__all__ = ["OpenVinoRunner", "convert", "converted_folder", "find_converted", "make_or_find"]


class OpenVinoRunner:
    """A converted network on the CPU.

    Parameters
    ----------
    model : openvino.Model
        From `convert` or `find_converted`.
    precision : {"exact", "fast"}
        Exact is float32. Fast is bfloat16 where the processor has it, else float32.
    per_size : bool
        Compile for each size of picture anew, the last one kept: purely
        convolutional networks then run up to twice as fast and compile in a
        quarter of a second. The others are compiled once, for every size.
    """

    def __init__(self, model: Any, precision: str = "exact", per_size: bool = False) -> None:
        ov = import_openvino()
        self._core = ov.Core()
        self._model: Any = model
        self._per_size = per_size
        self._compiled: tuple[tuple[int, ...], Any] | None = None
        has_bf16 = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        bf16 = precision == "fast" and has_bf16
        self._options = {
            "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
            "PERFORMANCE_HINT": "LATENCY",
            # Kernels made for sizes seen before are kept up to this number, not 5000.
            "CPU_RUNTIME_CACHE_CAPACITY": "256",
        }
        self.seconds = 0.0
        self.description = f"OpenVINO, CPU, {'bfloat16' if bf16 else 'float32'}"

    def __call__(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """(3, rows, columns) float32 to (rows, columns) float32."""
        batch = np.ascontiguousarray(picture)[None]
        request = self._compile(batch.shape).create_infer_request()
        start = time.perf_counter()
        values = np.array(request.infer([batch], share_inputs=True)[0][0], np.float32)
        self.seconds = time.perf_counter() - start
        return values

    def close(self) -> None:
        """Free the network."""
        self._model = self._compiled = None

    def _compile(self, shape: tuple[int, ...]) -> Any:
        if self._compiled is None or (self._per_size and self._compiled[0] != shape):
            self._compiled = None  # free the one before first
            model = self._model
            if self._per_size:
                model = model.clone()
                model.reshape({0: import_openvino().PartialShape(list(shape))})
            self._compiled = shape, self._core.compile_model(model, "CPU", self._options)
        return self._compiled[1]


def convert(network: nn.Module, height: int, width: int) -> Any:
    """A network as `openvino.Model`, float32, for every size that the network takes.

    Parameters
    ----------
    network : Module
        In eval mode, on the CPU.
    height, width : int
        A size of input that it takes, the smaller the quicker.

    Raises
    ------
    Exception
        Of PyTorch or OpenVINO, when one of them does not take the network.
    """
    import torch

    ov = import_openvino()
    example = torch.zeros(1, 3, height, width)
    with torch.no_grad(), warnings.catch_warnings():
        # Tracing notes every Python number that it takes for a constant; the tests
        # hold the converted networks to the golden outputs at several sizes.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(network, example, check_trace=False)
        return ov.convert_model(traced, example_input=example)


def converted_folder() -> Path:
    """The folder where converted networks are kept."""
    return user_cache() / "converted"


def find_converted(name: str, sha256: str) -> Any | None:
    """The kept conversion of these weights as `openvino.Model`; None where there is none.

    Its weights are mapped from the disk, not read into memory.
    """
    folder = converted_folder() / _key(name, sha256)
    xml, weights = folder / "network.xml", folder / "network.bin"
    try:
        whole = int((folder / "size").read_text("ascii"))
        if weights.stat().st_size != whole:
            return None
        return import_openvino().Core().read_model(xml, weights)
    except (OSError, ValueError, RuntimeError):  # not there, or damaged: it is made anew
        return None


def _keep(model: Any, name: str, sha256: str) -> None:
    """Keep a conversion for the next start, and delete older ones of this network.

    Quietly not, where the disk is full or read-only: it costs time, nothing else.
    """
    ov = import_openvino()
    root = converted_folder()
    target = root / _key(name, sha256)
    with suppress(OSError, RuntimeError):
        root.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="making-", dir=root))
        try:
            ov.save_model(model, fresh / "network.xml", compress_to_fp16=False)
            size = (fresh / "network.bin").stat().st_size
            (fresh / "size").write_text(str(size), "ascii")
            shutil.rmtree(target, ignore_errors=True)  # a damaged one
            os.replace(fresh, target)  # whole or not at all
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        for older in root.glob(f"{name}-*"):
            if older != target:
                shutil.rmtree(older, ignore_errors=True)
        for broken_off in root.glob("making-*"):
            if time.time() - broken_off.stat().st_mtime > 3600:
                shutil.rmtree(broken_off, ignore_errors=True)


def _can_keep() -> bool:
    """Tell whether what another process converts would be found here."""
    with suppress(OSError):
        converted_folder().mkdir(parents=True, exist_ok=True)
        return os.access(converted_folder(), os.W_OK)
    return False


def _key(name: str, sha256: str) -> str:
    version = import_openvino().get_version().partition("-")[0]
    spec = MODELS.get(name)
    built = (spec.builder, sorted(spec.builder_options.items()), spec.key_map) if spec else ()
    return f"{name}-{sha256[:16]}-openvino{version}-{_code_sum(repr(built))}"


@cache
def _code_sum(built: str) -> str:
    """A sum of the source code that networks are built from, of timm's version, and of `built`."""
    from importlib.metadata import version

    code = hashlib.sha256()
    folder = files(f"{__package__}.models")
    for source in sorted(folder.iterdir(), key=lambda file: file.name):
        if source.name.endswith(".py"):
            code.update(source.read_bytes())
    code.update(version("timm").encode() + built.encode())
    return code.hexdigest()[:8]


def make_or_find(
    name: str,
    sha256: str,
    load: Callable[[], nn.Module],
    size: tuple[int, int],
    apart: Callable[[], None] = lambda: None,
) -> Any:
    """The kept conversion, or a new one that is kept.

    Parameters
    ----------
    name, sha256 : str
        The network and the SHA-256 of its weights.
    load : callable
        Gives the network in PyTorch; called only when it must be converted.
    size : (height, width)
        See `convert`.
    apart : callable, optional
        Has it converted and kept by another process, or does nothing. It is asked where
        PyTorch is not loaded yet, which would not go again.
    """
    model = find_converted(name, sha256)
    if model is None and "torch" not in sys.modules and _can_keep():
        apart()
        model = find_converted(name, sha256)
    if model is None:
        model = convert(load(), *size)
        _keep(model, name, sha256)
        # From the disk its weights are mapped, and PyTorch's copy is free to go.
        model = find_converted(name, sha256) or model
    return model
