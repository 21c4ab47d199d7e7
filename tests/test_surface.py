"""Surfaces that leave the program: vertices, photo, normals, holes, specks, decimation."""

import dataclasses
import itertools

import numpy as np
import pytest
import trimesh

from face3d_widgets.geometry import FaceGeometry, project
from face3d_widgets.geometry.surface import FEWEST_FACES, decimate, grid_step
from face3d_widgets.types import GeometryParams, InverseDepth, WrongOnPurpose
from tests import analytic

CENTRE, RADIUS = (0.1, -0.1, 2.0), 0.5
NOTHING = GeometryParams(edge_angle=1e-6)
PARAMS = dataclasses.replace(analytic.TRUE, cutoff=0.5)


@pytest.fixture(scope="module")
def ball():
    """A sphere before a wall that the cut-off leaves out."""
    inverse, hit, _ = analytic.sphere(240, 200, CENTRE, RADIUS)
    return analytic.geometry_of(inverse, hit)


@pytest.fixture(scope="module")
def geometry(photo, inverse_depth):
    return FaceGeometry(photo, inverse_depth)


def outward(surface):
    """Cosine between each normal and the sphere's."""
    true = (surface.vertices - np.array(CENTRE)) / RADIUS
    return (surface.normals * true).sum(axis=1)


def rims(surface):
    """Number of outlines of a surface: edges with one face, joined end to end."""
    mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    alone = trimesh.grouping.group_rows(mesh.edges_sorted, require_count=1)
    return len(trimesh.graph.connected_components(mesh.edges_sorted[alone]))


def test_a_surface_is_the_mesh_of_every_pixel(geometry):
    params = GeometryParams(n_points=10**7, relief=1.3, fov=40)
    surface, mesh = geometry.surface(GeometryParams(relief=1.3, fov=40)), geometry.mesh(params)
    np.testing.assert_array_equal(surface.vertices, mesh.vertices.points)
    np.testing.assert_array_equal(surface.faces, mesh.faces)
    np.testing.assert_array_equal(surface.colors, mesh.vertices.colors)
    kinds = [a.dtype for a in (surface.vertices, surface.faces, surface.normals, surface.uv)]
    assert kinds == [np.float32, np.int32, np.float32, np.float32]
    assert surface.unit == "relative"


@pytest.mark.parametrize("wrong", [WrongOnPurpose(), WrongOnPurpose(fov=25)])
@pytest.mark.parametrize("n_faces", [None, 1_500])
def test_the_photo_lies_where_the_camera_saw_it(ball, n_faces, wrong):
    params = dataclasses.replace(PARAMS, wrong=wrong)
    surface = ball.surface(params, n_faces)
    seen = project(surface.vertices, ball.camera(params)) / np.array([200, 240])
    np.testing.assert_allclose(surface.uv, seen, atol=1e-4)
    # The photo is a gradient, so a colour tells its place.
    shown = surface.colors[:, :2] / 255
    np.testing.assert_allclose(shown, seen, atol=0.008)


@pytest.mark.parametrize("n_faces", [None, 4_000])
def test_normals_look_outward(ball, n_faces):
    surface = ball.surface(PARAMS, n_faces)
    np.testing.assert_allclose(np.linalg.norm(surface.normals, axis=1), 1, atol=1e-5)
    facing = (surface.vertices[:, 2] - CENTRE[2]) / RADIUS < -0.4
    assert outward(surface)[facing].min() > 0.9
    assert np.median(outward(surface)[facing]) > 0.999


@pytest.mark.parametrize("n_faces", [None, 2_000])
def test_millimetres_scale_everything_and_turn_nothing(ball, n_faces):
    relative = ball.surface(PARAMS, n_faces)
    measured = ball.surface(dataclasses.replace(PARAMS, mm_per_unit=250), n_faces)
    assert measured.unit == "mm"
    np.testing.assert_allclose(measured.vertices, 250 * relative.vertices, rtol=1e-5)
    np.testing.assert_array_equal(measured.normals, relative.normals)
    np.testing.assert_array_equal(measured.uv, relative.uv)


@pytest.mark.parametrize(
    ("n_faces", "nearest", "smaller"),
    [(200, 0.02, 0.15), (2_000, 0.005, 0.05), (10_000, 0.002, 0.02)],
)
def test_decimation_reaches_its_count_and_stays_on_the_surface(ball, n_faces, nearest, smaller):
    surface = ball.surface(PARAMS, n_faces)
    assert n_faces * 0.98 <= len(surface.faces) <= n_faces
    np.testing.assert_array_equal(np.unique(surface.faces), np.arange(len(surface.vertices)))
    facing = (surface.vertices[:, 2] - CENTRE[2]) / RADIUS < -0.4
    away = np.linalg.norm(surface.vertices[facing] - CENTRE, axis=1) - RADIUS
    assert np.abs(away).max() < nearest
    before = ball.surface(PARAMS)
    np.testing.assert_allclose(
        np.ptp(surface.vertices, axis=0), np.ptp(before.vertices, axis=0), rtol=smaller
    )


def test_more_faces_than_there_are_leave_the_surface_as_it_is(geometry):
    whole = geometry.surface(GeometryParams())
    same = geometry.surface(GeometryParams(), n_faces=len(whole.faces))
    np.testing.assert_array_equal(same.vertices, whole.vertices)


def test_a_plane_keeps_its_outline_when_decimated():
    geometry = analytic.geometry_of(analytic.plane(100, 100, (0, 0, -1), 1.0))
    surface = geometry.surface(dataclasses.replace(analytic.TRUE, cutoff=0), 400)
    mesh = trimesh.Trimesh(surface.vertices, surface.faces)
    pixel = 2 * np.tan(np.radians(25)) / 100
    assert mesh.area == pytest.approx((99 * pixel) ** 2, rel=0.01)
    np.testing.assert_allclose(surface.vertices[:, 2], 1, atol=1e-5)


def test_too_few_faces_are_refused(ball):
    with pytest.raises(ValueError, match=f"ask for {FEWEST_FACES}"):
        ball.surface(PARAMS, FEWEST_FACES - 1)


def test_nothing_is_refused(geometry):
    with pytest.raises(ValueError, match="lower the background cut-off"):
        geometry.surface(NOTHING)


def test_threads_may_decimate_at_once(ball):
    """Exports run beside each other, and the library has one mesh for the whole process."""
    from concurrent.futures import ThreadPoolExecutor

    mesh = ball.mesh(PARAMS)
    points, faces = np.ascontiguousarray(mesh.vertices.points), mesh.faces
    wanted = [300, 700, 1_500, 3_000] * 3
    alone = {n: decimate(points, faces, n) for n in set(wanted)}
    with ThreadPoolExecutor(4) as pool:
        for n, (found, _) in zip(
            wanted, pool.map(lambda n: decimate(points, faces, n), wanted), strict=True
        ):
            np.testing.assert_array_equal(found, alone[n][0])


# --- holes and specks --------------------------------------------------------------------------


def pierced(place, size):
    """The ball, with a square in which the network sees something very near."""
    inverse, hit, _ = analytic.sphere(240, 200, CENTRE, RADIUS)
    i, j = place
    inverse[i : i + size, j : j + size] = 1.2
    return analytic.geometry_of(inverse, hit)


def test_a_small_hole_is_closed_along_the_surface():
    geometry = pierced((100, 105), 3)
    params = dataclasses.replace(PARAMS, cutoff=0.3)
    assert not geometry.maps.kept(params)[99:104, 104:109].all()
    surface = geometry.surface(params)
    assert rims(surface) == 1
    away = np.linalg.norm(surface.vertices - CENTRE, axis=1) - RADIUS
    inside = np.abs(surface.uv * [200, 240] - [106.5, 101.5]).max(axis=1) < 3.5
    assert inside.sum() == 7 * 7  # a vertex for every pixel of the hole and around it
    assert np.abs(away[inside]).max() < 0.005


def test_a_large_hole_stays_open():
    surface = pierced((90, 95), 20).surface(dataclasses.replace(PARAMS, cutoff=0.3))
    near = surface.vertices[:, 2] < 1
    # What is very near stands alone before the hole that it left.
    assert near.any()
    assert analytic.parts(surface.faces) == 2
    assert rims(surface) == 3


def test_holes_are_closed_on_the_screen_too():
    geometry = pierced((100, 105), 3)
    for n_points in (3_000, 10**6):
        params = dataclasses.replace(PARAMS, cutoff=0.3, n_points=n_points)
        mesh = geometry.mesh(params)
        away = np.linalg.norm(mesh.vertices.points - CENTRE, axis=1) - RADIUS
        facing = mesh.vertices.points[:, 2] < CENTRE[2] - 0.2
        assert np.abs(away[facing]).max() < 0.005
        np.testing.assert_array_equal(  # while the network's word stays what it was
            mesh.vertices.inverse_depth,
            geometry.inverse_depth.values.ravel()[mesh.vertices.pixels],
        )


def test_loose_specks_are_left_out():
    inverse, hit, _ = analytic.sphere(240, 200, CENTRE, RADIUS)
    for place in np.s_[10:14, 10:14], np.s_[200:212, 10:22]:  # 1 cell in it, and 81
        inverse[place], hit[place] = 0.6, True
    geometry = analytic.geometry_of(inverse, hit)
    kept = geometry.maps.kept(PARAMS)
    assert kept[11:13, 11:13].all()
    surface = geometry.surface(PARAMS)
    seen = np.rint(surface.uv * [200, 240] - 0.5).astype(int)
    assert not (seen < 20).all(axis=1).any()
    assert ((seen[:, 0] < 30) & (seen[:, 1] > 195)).sum() > 60


# --- said before it is made --------------------------------------------------------------------


@pytest.mark.parametrize("mm_per_unit", [None, 250])
def test_the_size_is_known_before(ball, mm_per_unit):
    params = dataclasses.replace(PARAMS, mm_per_unit=mm_per_unit)
    for n_faces in (None, 1_000, 8_000):
        size, made = ball.surface_size(params, n_faces), ball.surface(params, n_faces)
        assert size.unit == made.unit
        assert size.faces == pytest.approx(len(made.faces), rel=0.01)
        assert size.vertices == pytest.approx(len(made.vertices), rel=0.02)
        np.testing.assert_allclose(size.extent, np.ptp(made.vertices, axis=0), rtol=0.05)
        if n_faces is None:
            assert (size.vertices, size.faces) == (len(made.vertices), len(made.faces))


def test_nothing_has_no_size(geometry):
    size = geometry.surface_size(NOTHING)
    assert (size.vertices, size.faces, size.extent) == (0, 0, (0, 0, 0))


def test_the_grid_is_thinned_no_more_than_decimation_needs():
    assert grid_step(10**6, None) == 1
    assert grid_step(10**4, 2_000) == 1
    for n_kept, n_faces in itertools.product((10**5, 10**6), (1_000, 20_000, 10**5, 10**6)):
        left = 2 * n_kept / grid_step(n_kept, n_faces) ** 2
        assert left >= min(2 * n_kept, 3.9 * n_faces)
        assert left <= max(2.6e5, 4.1 * n_faces)


def test_a_large_photo_is_thinned_before_decimation():
    inverse, hit, _ = analytic.sphere(800, 700, (0, 0, 2), 0.7)
    geometry = FaceGeometry(
        analytic.gradient_photo(800, 700), InverseDepth(inverse, hit, "test", 0.1)
    )
    surface = geometry.surface(PARAMS, 5_000)
    assert 4_900 <= len(surface.faces) <= 5_000
    facing = (surface.vertices[:, 2] - 2) / 0.7 < -0.4
    away = np.linalg.norm(surface.vertices[facing] - (0, 0, 2), axis=1) - 0.7
    assert np.abs(away).max() < 0.006
