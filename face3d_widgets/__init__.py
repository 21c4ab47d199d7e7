"""One frontal photograph becomes an interactive 3D face model.

In a notebook::

    import face3d_widgets
    face3d_widgets.view("portrait.jpg")

The names below are imported when first used, so that `import face3d_widgets`
is quick and loads neither torch nor plotly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:  # the same names, for editors and type checkers
    from face3d_widgets.depth import DepthEstimator as DepthEstimator
    from face3d_widgets.image import PhotoError as PhotoError
    from face3d_widgets.image import read_photo as read_photo
    from face3d_widgets.image import read_photo_file as read_photo_file
    from face3d_widgets.session import ReconstructionSession as ReconstructionSession
    from face3d_widgets.types import GeometryParams as GeometryParams
    from face3d_widgets.types import Intrinsics as Intrinsics
    from face3d_widgets.types import InverseDepth as InverseDepth
    from face3d_widgets.types import Mesh as Mesh
    from face3d_widgets.types import Photo as Photo
    from face3d_widgets.types import PointCloud as PointCloud
    from face3d_widgets.types import SolidParams as SolidParams
    from face3d_widgets.types import Surface as Surface
    from face3d_widgets.types import ViewParams as ViewParams
    from face3d_widgets.types import WrongOnPurpose as WrongOnPurpose
    from face3d_widgets.widgets import Dashboard as Dashboard
    from face3d_widgets.widgets import ExportPanel as ExportPanel
    from face3d_widgets.widgets import FaceViewer as FaceViewer
    from face3d_widgets.widgets import GeometryControls as GeometryControls
    from face3d_widgets.widgets import MeasurePanel as MeasurePanel
    from face3d_widgets.widgets import ModelSelector as ModelSelector
    from face3d_widgets.widgets import PhotoDepthView as PhotoDepthView
    from face3d_widgets.widgets import PhotoUpload as PhotoUpload
    from face3d_widgets.widgets import StatusLine as StatusLine
    from face3d_widgets.widgets import view as view

_HOMES = {
    "depth": ("DepthEstimator",),
    "image": ("PhotoError", "read_photo", "read_photo_file"),
    "session": ("ReconstructionSession",),
    "types": (
        "GeometryParams",
        "Intrinsics",
        "InverseDepth",
        "Mesh",
        "Photo",
        "PointCloud",
        "SolidParams",
        "Surface",
        "ViewParams",
        "WrongOnPurpose",
    ),
    "widgets": (
        "Dashboard",
        "ExportPanel",
        "FaceViewer",
        "GeometryControls",
        "MeasurePanel",
        "ModelSelector",
        "PhotoDepthView",
        "PhotoUpload",
        "StatusLine",
        "view",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME_OF]


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
