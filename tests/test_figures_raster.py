"""The renderer in NumPy: what covers which pixel, in which colour, seen from where."""

import math

import numpy as np
import plotly.graph_objects as go
import pytest

from face3d_widgets.figures import FaceFigure, FigureError, camera
from face3d_widgets.figures.cameras import eye_at
from face3d_widgets.figures.depth_map import depth_map_figure
from face3d_widgets.figures.figure_raster import FigureRaster
from face3d_widgets.figures.raster import Dots, Lines, Triangles, render
from face3d_widgets.figures.raster_view import RasterView
from face3d_widgets.figures.traces import LIGHT_POSITION
from face3d_widgets.types import ViewParams
from tests.scenes import SceneMaker, trace

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
W, H = 80, 60


@pytest.fixture(scope="module")
def scene():
    return SceneMaker()


def view_from(eye=(0, -2, 0), box=1.0):
    """A box of [-box, box] on all axes, two camera units wide, seen from `eye`."""
    axis = {"range": [-box, box]}
    return RasterView.of_scene(
        {
            **{f"{name}axis": axis for name in "xyz"},
            "aspectratio": {"x": 2, "y": 2, "z": 2},
            "camera": {**camera(), "eye": dict(zip("xyz", eye, strict=True))},
        }
    )


def array(*rows):
    return np.array(rows, np.float32)


def one_color(color, n):
    return np.tile(np.array(color, np.uint8), (n, 1))


def triangle(a, b, c, color, **more):
    return Triangles(array(a, b, c), np.array([[0, 1, 2]], np.int32), one_color(color, 1), **more)


def square(y, half, color, **more):
    corners = [(-half, y, -half), (half, y, -half), (half, y, half), (-half, y, half)]
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    return Triangles(array(*corners), faces, one_color(color, 2), **more)


def shot(*shapes, view=None, samples=1, **more):
    return render(shapes, view or view_from(), W, H, samples=samples, **more)


def is_color(image, color):
    return (image[..., :3] == color).all(axis=-1)


# --- the camera --------------------------------------------------------------------------------


def test_the_middle_is_in_the_middle_and_up_is_up():
    x, y, nearness = view_from().to_screen(array((0, 0, 0), (0.1, 0, 0), (0, 0, 0.1)), W, H)
    assert (x[0], y[0]) == (W / 2, H / 2)
    assert nearness[0] == pytest.approx(1 / 2)
    assert x[1] > W / 2
    assert y[2] < H / 2


def test_the_field_of_view_is_45_degrees_upright():
    edge = 2 * math.tan(math.radians(22.5))
    x, y, _ = view_from(box=2.0).to_screen(array((0, 0, edge * 2), (0, 0, -edge * 2)), W, H)
    np.testing.assert_allclose(y, [0, H], atol=1e-3)  # one camera unit is two of the box's
    np.testing.assert_allclose(x, W / 2, atol=1e-3)


def test_what_is_behind_outside_or_nowhere_is_not_drawn():
    points = array((0, -1, 0), (0, 0, 1.01), (np.nan, 0, 0), (0, 0, 1.0))
    _, _, nearness = view_from(eye=(0, -0.9, 0)).to_screen(points, W, H)
    assert (nearness[:3] == 0).all()
    assert nearness[3] > 0


def test_from_the_right_one_sees_the_right_side():
    x, _, nearness = view_from(eye=(2, 0, 0)).to_screen(array((0, -0.5, 0), (0.5, 0, 0)), W, H)
    assert x[0] < W / 2  # the face looks to the left
    assert nearness[1] > nearness[0]


@pytest.mark.parametrize("height", [2, -2])
def test_one_can_look_straight_from_above_and_below(height):
    x, y, nearness = view_from(eye=(0, 0, height)).to_screen(array((0.3, 0, 0), (0, 0, 0)), W, H)
    assert x[0] > W / 2 == x[1]
    assert np.isfinite(y).all()
    assert (nearness > 0).all()


# --- shapes ------------------------------------------------------------------------------------


def test_a_square_covers_the_pixels_that_the_camera_says():
    image = shot(square(0, 0.25, RED))
    rows, columns = np.nonzero(is_color(image, RED))
    x, y, _ = view_from().to_screen(array((-0.25, 0, 0.25), (0.25, 0, -0.25)), W, H)
    assert (columns.min(), columns.max() + 1) == (round(float(x[0])), round(float(x[1])))
    assert (rows.min(), rows.max() + 1) == (round(float(y[0])), round(float(y[1])))
    full = (columns.max() + 1 - columns.min()) * (rows.max() + 1 - rows.min())
    assert len(rows) == full  # without a seam along the diagonal
    assert is_color(image, (255, 255, 255)).sum() == W * H - full


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_nearer_hides_the_farther_in_any_order(order):
    shapes = [square(0.3, 0.3, RED), square(-0.3, 0.1, BLUE)]
    image = shot(*(shapes[k] for k in order))
    assert is_color(image[H // 2, W // 2], BLUE)
    assert is_color(image, RED).any()


def test_triangles_that_pierce_each_other_meet_where_they_do():
    left = triangle((-0.4, -0.2, -0.4), (0.4, 0.2, -0.4), (0, 0, 0.5), RED)
    right = triangle((-0.4, 0.2, -0.4), (0.4, -0.2, -0.4), (0, 0, 0.5), BLUE)
    row = shot(left, right)[40]
    red, blue = np.flatnonzero(is_color(row, RED)), np.flatnonzero(is_color(row, BLUE))
    assert red.max() < W / 2 <= blue.min()
    assert len(red) == pytest.approx(len(blue), abs=1)


def test_dots_have_their_size_and_discs_are_round():
    at, color = array((0, 0, 0)), one_color(RED, 1)
    side = is_color(shot(Dots(at, color, array(11).ravel())), RED)
    assert side.sum() == 11 * 11
    disc = is_color(shot(Dots(at, color, array(21).ravel(), round=True)), RED)
    assert disc.sum() == pytest.approx(math.pi * 10.5**2, rel=0.05)
    larger = is_color(shot(Dots(at, color, array(11).ravel()), pixel_ratio=2), RED)
    assert larger.sum() == 22 * 22


def test_many_dots_are_as_one_by_one():
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.9, 0.9, (200, 3)).astype(np.float32)
    colors = rng.integers(0, 255, (200, 3)).astype(np.uint8)
    together = shot(Dots(points, colors, np.full(200, 5, np.float32)))
    apart = shot(
        *(Dots(points[k : k + 1], colors[k : k + 1], np.full(1, 5, np.float32)) for k in range(200))
    )
    np.testing.assert_array_equal(together, apart)


def test_dots_at_the_edge_are_cut():
    at = view_from().to_screen(array((-0.8, 0, 0)), 40, H)
    assert at[0][0] < 0  # left of a narrow picture, by less than its half side
    image = render(
        [Dots(array((-0.8, 0, 0)), one_color(RED, 1), array(30).ravel())], view_from(), 40, H
    )
    assert is_color(image[:, 0], RED).any()
    assert not is_color(image[:, 20], RED).any()


def test_a_line_is_whole_and_lifts_its_pen():
    points = array((-0.5, 0, -0.3), (0.5, 0, 0.3), (np.nan,) * 3, (-0.5, 0, 0.4), (0.5, 0, 0.4))
    image = shot(Lines(points, one_color(GREEN, 5), 2.0))
    drawn = is_color(image, GREEN)
    x, y, _ = view_from().to_screen(points, W, H)
    columns = np.arange(math.ceil(x[0]) + 1, math.floor(x[1]) - 1)
    for column in columns:
        share = (column + 0.5 - x[0]) / (x[1] - x[0])
        assert drawn[int(y[0] + share * (y[1] - y[0])), column]
    between = (y[1] + y[3]) / 2
    assert not drawn[int(between), int(x[1]) - 2]  # nothing joins the two


def test_clear_things_are_blended_over_what_is_behind():
    image = shot(square(0.2, 0.4, RED), square(-0.2, 0.2, BLUE, opacity=0.25))
    np.testing.assert_allclose(image[H // 2, W // 2, :3], [191, 0, 64], atol=1)
    hidden = shot(square(-0.2, 0.4, RED), square(0.2, 0.2, BLUE, opacity=0.25))
    assert is_color(hidden[H // 2, W // 2], RED)
    assert not is_color(hidden, (255, 255, 255))[H // 2].all()


def test_a_transparent_ground_has_no_colour_at_the_edges():
    image = shot(
        triangle((-0.4, 0, -0.4), (0.4, 0, -0.4), (0.1, 0, 0.5), RED), background=None, samples=2
    )
    alpha = image[..., 3]
    assert set(np.unique(alpha)) <= {0, 64, 128, 191, 255}
    assert ((alpha > 0) & (alpha < 255)).any()
    assert (image[alpha > 0][:, :3] == RED).all()
    assert (alpha == 0).any()
    half = shot(square(0, 0.2, BLUE, opacity=0.5), background=None)
    assert half[H // 2, W // 2].tolist() == [0, 0, 255, 128]


def test_samples_smooth_the_edges_and_keep_the_rest():
    shape = triangle((-0.4, 0, -0.4), (0.4, 0, -0.4), (0.1, 0, 0.5), RED)
    fine, coarse = shot(shape, samples=2), shot(shape)
    assert len(np.unique(fine[..., 1])) > 2 == len(np.unique(coarse[..., 1]))
    assert fine[..., 1].mean() == pytest.approx(coarse[..., 1].mean(), rel=0.01)


def test_nothing_is_a_ground_alone():
    assert (shot() == 255).all()
    assert (shot(background=None) == 0).all()
    none = np.zeros((0, 3), np.float32)
    empty = Triangles(none, np.zeros((0, 3), np.int32), one_color(RED, 0))
    assert (shot(empty, Dots(none, one_color(RED, 0), np.zeros(0, np.float32))) == 255).all()


# --- figures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("draw_as", ["points", "mesh", "wireframe"])
def test_a_figures_silhouette_is_that_of_its_points(scene, draw_as):
    face_figure = scene.figure(draw_as, camera="three-quarter")
    image = FigureRaster(face_figure.figure).draw(200, 160, samples=1)
    drawn = image[..., :3].min(axis=2) < 250
    view = RasterView.of_scene(face_figure.figure.layout.scene.to_plotly_json())
    found = trace(face_figure, draw_as)
    x, y, _ = view.to_screen(np.stack([found.x, found.y, found.z], axis=1), 200, 160)
    x, y = x[np.isfinite(found.x)], y[np.isfinite(found.x)]
    rows, columns = np.nonzero(drawn)
    assert columns.min() == pytest.approx(x.min(), abs=4)
    assert columns.max() == pytest.approx(x.max(), abs=4)
    assert rows.min() == pytest.approx(y.min(), abs=4)
    assert rows.max() == pytest.approx(y.max(), abs=4)
    hit = np.mean(drawn[y.astype(int).clip(0, 159), x.astype(int).clip(0, 199)])
    assert hit > 0.88  # a corner at the rim need not cover the middle of its pixel


def test_the_photos_colours_are_where_the_photo_has_them(scene):
    face_figure = scene.figure("mesh", camera="front", scene=scene("mesh", relief=0.0))
    image = FigureRaster(face_figure.figure).draw(300, 300)
    view = RasterView.of_scene(face_figure.figure.layout.scene.to_plotly_json())
    found = trace(face_figure, "mesh")
    x, y, _ = view.to_screen(np.stack([found.x, found.y, found.z], axis=1), 300, 300)
    shown = image[y.astype(int), x.astype(int), :3].astype(int)
    off = np.abs(shown - scene("mesh").cloud.colors)
    assert np.median(off.max(axis=1)) < 12


@pytest.mark.parametrize("azimuth", [-60, 0, 75])
def test_the_light_comes_from_the_upper_left_of_the_camera(azimuth):
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(5_000, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    view = view_from(tuple(eye_at(azimuth, 0, 1.5).values()))
    toward = view.view_matrix[:3, :3] @ normals.T  # right, up, at the camera
    seen = toward[2] > 0.1
    lighting = {"ambient": 0.35, "diffuse": 0.6}
    shade = view.shade(0.2 * normals, normals, lighting, LIGHT_POSITION, W / H)[seen]
    assert shade.min() == pytest.approx(0.35)  # a shadow
    assert 0.85 < shade.max() <= 0.95
    right, up, at = toward[:, seen][:, np.argmax(shade)]
    assert right < -0.05
    assert up > 0.2
    assert at > 0.2
    behind = view.shade(0.2 * normals, -normals, lighting, LIGHT_POSITION, W / H)[seen]
    np.testing.assert_allclose(shade, behind, atol=1e-5)  # both sides are lit alike


def test_a_shaded_mesh_has_light_and_shadow(scene):
    image = FigureRaster(scene.figure("mesh", shaded=True).figure).draw(100, 100, background=None)
    plain = FigureRaster(scene.figure("mesh").figure).draw(100, 100, background=None)
    lightness = image[image[..., 3] == 255][:, :3].mean(axis=1)
    assert lightness.min() < 100
    assert lightness.max() > 190
    np.testing.assert_array_equal(image[..., 3], plain[..., 3])


def test_the_light_comes_along_with_the_camera(scene):
    raster = FigureRaster(scene.figure("mesh", shaded=True).figure)
    for azimuth in (-60, 0, 60):
        for distance in (1.0, 2.5):
            place = {**camera(), "eye": eye_at(azimuth, 5, distance)}
            image = raster.draw(120, 120, camera=place, background=None)
            lightness = image[image[..., 3] == 255][:, :3].mean()
            assert 110 < lightness < 205


def test_letters_are_written_over_it(scene):
    plain = scene.figure("mesh")
    labelled = scene.figure("mesh")
    points = labelled._scene.cloud.points
    labelled.show_measurement([points[10], points[-10]], "63 mm")
    a, b = (FigureRaster(f.figure).draw(300, 300).astype(int) for f in (plain, labelled))
    red = (b[..., 0] - b[..., 1] > 80) & (np.abs(a - b).max(axis=2) > 40)
    assert red.sum() > 60


def test_what_is_hidden_is_not_drawn(scene):
    face_figure = scene.figure("mesh", axes=True)
    with_axes = FigureRaster(face_figure.figure).draw(200, 200)
    face_figure.draw(scene("mesh"), ViewParams(draw_as="mesh"))
    without = FigureRaster(face_figure.figure).draw(200, 200)
    orange = lambda image: (image[..., 0].astype(int) - image[..., 2] > 120).sum()  # noqa: E731
    assert orange(with_axes) > orange(without) + 100


def test_a_figure_into_which_nothing_was_drawn_says_so():
    face_figure = FaceFigure(go.Figure())
    with pytest.raises(FigureError, match="nothing"):
        FigureRaster(face_figure.figure)


def test_a_depth_map_needs_a_browser():
    with pytest.raises(FigureError, match="plotly_get_chrome"):
        FigureRaster(depth_map_figure(np.random.default_rng(0).random((8, 8))))
