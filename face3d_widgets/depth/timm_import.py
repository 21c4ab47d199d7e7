"""Import timm, also where torchvision does not fit the installed PyTorch.

timm, which gives the networks their backbones, imports torchvision, and
torchvision describes two of its operators, `nms` and `qnms`, to PyTorch as it is
imported. Its compiled half, which would make these two known, does not load when
the two packages were built apart from each other (one from PyPI, one from
PyTorch's own index). The import then ends with "operator torchvision::nms does
not exist", though no network here ever calls either of them.

So, and only after that error, the two are made known by name and arguments, and
the import is tried again. Calling them still fails, as it did before.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

__all__ = ["import_timm"]

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
# What is made known is forgotten with the object that did it.
_made_known: list[torch.library.Library] = []


def import_timm() -> ModuleType:
    """The module `timm`.

    Raises
    ------
    ImportError
        When timm or something that it needs is not installed.
    """
    try:
        return importlib.import_module("timm")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    _forget("timm", "torchvision")  # the halves that were imported before the error
    _make_operators_known()
    return importlib.import_module("timm")


def _make_operators_known() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in _SCHEMAS:
        name = schema.partition("(")[0]
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)
    _made_known.append(library)


def _forget(*packages: str) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] in packages:
            del sys.modules[name]
