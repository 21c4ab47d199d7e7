"""Scenes of the made head, and what a figure holds of them."""

import plotly.graph_objects as go

from face3d_widgets.figures import FaceFigure, PhotoPalette, Scene
from face3d_widgets.figures.figure_widget import FaceFigureWidget
from face3d_widgets.geometry import FaceGeometry
from face3d_widgets.types import GeometryParams, InverseDepth, Photo, ViewParams
from tests.conftest import drawn_portrait, head_relief


class SceneMaker:
    """make(draw_as, mm_per_unit, normals, **geometry parameters) -> Scene"""

    def __init__(self, height=120, width=96):
        relief = head_relief(height, width)
        self.photo = Photo(drawn_portrait(height, width), name="anna")
        inverse_depth = InverseDepth(relief, relief > -1.75, "face_lite", relief_unit=0.1)
        self.geometry = FaceGeometry(self.photo, inverse_depth)
        self.palette = PhotoPalette(self.photo)

    def __call__(self, draw_as="points", mm_per_unit=None, normals=False, **params):
        params = GeometryParams(**{"n_points": 2_000, **params})
        make = self.geometry.point_cloud if draw_as == "points" else self.geometry.mesh
        framing = self.geometry.framing(params)
        shape = make(params, normals)
        return Scene(shape, self.palette, self.geometry.stats, framing, mm_per_unit)

    def figure(self, draw_as="mesh", camera="home", scene=None, **view):
        """A `FaceFigure` that shows the head."""
        scene = self(draw_as) if scene is None else scene
        face_figure = FaceFigure(go.Figure())
        face_figure.draw(scene, ViewParams(draw_as=draw_as, **view))
        face_figure.set_camera(camera)
        return face_figure


def trace(face_figure, name):
    """A trace by its name."""
    return next(t for t in face_figure.figure.data if t.name == name)


def names_sent(monkeypatch):
    """Names of the properties that figure widgets send from now on, a list that grows."""
    names = []

    def spy(self, restyle_data, relayout_data, **_):
        names.extend([*restyle_data, *relayout_data])

    monkeypatch.setattr(FaceFigureWidget, "_send_update_msg", spy)
    return names
