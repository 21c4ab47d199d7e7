"""The MiDaS networks: official weights that are fetched, and one raw map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from face3d_widgets.depth.midas_preprocess import network_input
from face3d_widgets.depth.networks import build_network, load_checkpoint
from face3d_widgets.depth.preprocess import resize_map
from face3d_widgets.depth.registry import ModelSpec, Run
from face3d_widgets.depth.weights import verify
from face3d_widgets.depth.weights_file import read_checkpoint
from face3d_widgets.types import InverseDepth, Photo

if TYPE_CHECKING:
    from torch import nn

__all__ = ["checksum", "load", "predict"]


def checksum(spec: ModelSpec, path: Path | None) -> str:
    """The SHA-256 of a weights file; `WeightsError` where it is not the published one."""
    assert path is not None
    return verify(path)


def load(spec: ModelSpec, path: Path | None) -> nn.Module:
    """The network with its official weights."""
    assert path is not None
    network = build_network(spec.name)
    load_checkpoint(network, read_checkpoint(path))
    return network


def predict(spec: ModelSpec, run: Run, photo: Photo) -> InverseDepth:
    """A photo's raw inverse depth, of everything that it shows."""
    assert spec.input_rule is not None
    values = run(network_input(photo.rgb, spec.input_rule))
    values = resize_map(values, photo.height, photo.width)
    return InverseDepth(values, None, spec.name, spec.relief_unit)
