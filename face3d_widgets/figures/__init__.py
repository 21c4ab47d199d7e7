"""Plotly figures: built once, updated in place. The only room that imports plotly."""

from face3d_widgets.figures.colormaps import COLORMAPS, colormap_lut
from face3d_widgets.figures.face_figure import FaceFigure, Scene, screen_range
from face3d_widgets.figures.palette import PhotoPalette
from face3d_widgets.figures.save import FigureError, figure_as_shown, figure_to_html, figure_to_png

__all__ = [
    "COLORMAPS",
    "FaceFigure",
    "FigureError",
    "PhotoPalette",
    "Scene",
    "colormap_lut",
    "figure_as_shown",
    "figure_to_html",
    "figure_to_png",
    "screen_range",
]
