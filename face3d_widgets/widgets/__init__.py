"""The screen: ipywidgets that hold traits and handlers, and no maths."""

from face3d_widgets.widgets.controls import GeometryControls
from face3d_widgets.widgets.dashboard import Dashboard
from face3d_widgets.widgets.export_panel import ExportPanel
from face3d_widgets.widgets.measure_panel import MeasurePanel
from face3d_widgets.widgets.model_selector import ModelSelector
from face3d_widgets.widgets.photo_upload import PhotoUpload
from face3d_widgets.widgets.photo_view import PhotoDepthView
from face3d_widgets.widgets.status import StatusLine
from face3d_widgets.widgets.view_bar import ViewBar
from face3d_widgets.widgets.viewer import FaceViewer, view

__all__ = [
    "Dashboard",
    "ExportPanel",
    "FaceViewer",
    "GeometryControls",
    "MeasurePanel",
    "ModelSelector",
    "PhotoDepthView",
    "PhotoUpload",
    "StatusLine",
    "ViewBar",
    "view",
]
