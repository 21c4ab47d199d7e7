"""Import OpenVINO without its telemetry.

OpenVINO tells its makers over the network that it was imported and what was
converted, unless it is told not to or the module that does the telling is
missing. This program sends nothing anywhere, so the module is made to be missing.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["import_openvino"]


def import_openvino() -> Any:
    """The package `openvino`; the second call costs nothing.

    Raises
    ------
    ImportError
        When it is not installed or does not load.
    """
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
