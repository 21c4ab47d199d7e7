"""From a photo and a few numbers to scenes, measurements and files; knows no screen."""

from face3d_widgets.session.estimator import Estimator
from face3d_widgets.session.file_kinds import FILE_KINDS, FileKind
from face3d_widgets.session.files import SavedFile, make_file
from face3d_widgets.session.measured import FileFacts, measure_file
from face3d_widgets.session.order import FileChoices, Order
from face3d_widgets.session.previews import FilePreview, preview_file
from face3d_widgets.session.python_code import python_code
from face3d_widgets.session.session import (
    Reconstruction,
    ReconstructionSession,
    Ruler,
    photo_fov,
)

__all__ = [
    "FILE_KINDS",
    "Estimator",
    "FileChoices",
    "FileFacts",
    "FileKind",
    "FilePreview",
    "Order",
    "Reconstruction",
    "ReconstructionSession",
    "Ruler",
    "SavedFile",
    "make_file",
    "measure_file",
    "photo_fov",
    "preview_file",
    "python_code",
]
