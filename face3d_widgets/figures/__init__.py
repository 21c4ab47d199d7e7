"""Plotly figures: built once, updated in place. The only room that imports plotly."""

from plotly.graph_objects import Figure

from face3d_widgets.figures.cameras import CAMERAS, HOME_EYE, camera
from face3d_widgets.figures.coloring import screen_range
from face3d_widgets.figures.colormaps import COLORMAPS, colormap_lut
from face3d_widgets.figures.depth_map import depth_map_figure
from face3d_widgets.figures.errors import BrowserError, FigureError
from face3d_widgets.figures.face_figure import FaceFigure
from face3d_widgets.figures.palette import PhotoPalette
from face3d_widgets.figures.save import (
    IMAGE_FORMATS,
    figure_as_shown,
    figure_to_html,
    figure_to_image,
    figure_to_png,
)
from face3d_widgets.figures.scene import Scene
from face3d_widgets.figures.signed import is_own_picture
from face3d_widgets.figures.turntable import FILM_FORMATS, film_size, turntable
from face3d_widgets.figures.wireframe import MOST_WIREFRAME_VERTICES

__all__ = [
    "CAMERAS",
    "COLORMAPS",
    "FILM_FORMATS",
    "HOME_EYE",
    "IMAGE_FORMATS",
    "MOST_WIREFRAME_VERTICES",
    "BrowserError",
    "FaceFigure",
    "Figure",
    "FigureError",
    "PhotoPalette",
    "Scene",
    "camera",
    "colormap_lut",
    "depth_map_figure",
    "figure_as_shown",
    "figure_to_html",
    "figure_to_image",
    "figure_to_png",
    "film_size",
    "is_own_picture",
    "screen_range",
    "turntable",
]
