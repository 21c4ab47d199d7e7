"""Camera, order of points, relief, point clouds and meshes."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from face3d_widgets.geometry import (
    FaceGeometry,
    back_project,
    depth_curve,
    depth_from_inverse_depth,
    fov_from_focal_length_35mm,
    nearness,
    project,
    scale_and_shift,
    spread_order,
    subject_stats,
    vertex_normals,
)
from face3d_widgets.geometry.maps import INSIDE_STEEPER
from face3d_widgets.geometry.relief import subject_distance
from face3d_widgets.geometry.smoothing import box_mean, smooth
from face3d_widgets.types import (
    GeometryParams,
    Intrinsics,
    InverseDepth,
    Photo,
    WrongOnPurpose,
)
from tests import analytic
from tests.rims import rim_of

EVERYTHING = 10**7  # points: more than any picture here has pixels
steady = settings(deadline=None, derandomize=True, max_examples=60)


@pytest.fixture(scope="module")
def geometry(photo, inverse_depth):
    return FaceGeometry(photo, inverse_depth)


def geometry_of(values, subject=None, relief_unit=0.1):
    values = np.asarray(values, np.float32)
    photo = Photo(np.zeros((*values.shape, 3), np.uint8))
    return FaceGeometry(photo, InverseDepth(values, subject, "face_lite", relief_unit))


def pixel_centres(height, width):
    """(h, w, 2): u to the right, v down."""
    v, u = np.mgrid[:height, :width] + 0.5
    return np.stack([u, v], axis=-1)


# --- camera ------------------------------------------------------------------------------------


@steady
@given(
    st.integers(1, 48),
    st.integers(1, 48),
    st.tuples(st.floats(10, 4000), st.floats(10, 4000), st.floats(-50, 100), st.floats(-50, 100)),
    st.integers(0, 2**32 - 1),
)
def test_a_pixel_projects_back_onto_itself(height, width, camera, seed):
    depth = np.random.default_rng(seed).uniform(0.05, 90, (height, width)).astype(np.float32)
    points = back_project(depth, Intrinsics(*camera))
    assert points.shape == (height, width, 3)
    assert points.dtype == np.float32
    np.testing.assert_array_equal(points[..., 2], depth)
    back = project(points, Intrinsics(*camera))
    np.testing.assert_allclose(back, pixel_centres(height, width), atol=1e-4)


def test_the_axes_are_right_down_and_forward():
    points = back_project(np.ones((4, 6), np.float32), Intrinsics.from_fov(60, 6, 4))
    assert (np.diff(points[..., 0], axis=1) > 0).all()
    assert (np.diff(points[..., 1], axis=0) > 0).all()
    np.testing.assert_allclose(points.mean(axis=(0, 1)), [0, 0, 1], atol=1e-6)


def test_what_is_behind_the_camera_is_not_in_the_picture():
    points = np.array([[0, 0, -1], [0, 0, 0], [0, 0, 1]], np.float32)
    seen = project(points, Intrinsics(1, 1, 0, 0))
    assert np.isnan(seen[:2]).all()
    np.testing.assert_array_equal(seen[2], [0, 0])


@pytest.mark.parametrize(
    ("focal_length", "size", "fov"),
    [
        (50, (36, 24), 2 * math.atan(12 / 50)),
        (50, (24, 36), 2 * math.atan(18 / 50)),
        (18, (3600, 2400), 2 * math.atan(12 / 18)),
        # A phone, 4:3 and upright: the diagonal of 43.27 mm gives 34.61 mm of height.
        (26, (3024, 4032), 2 * math.atan(17.307 / 26)),
    ],
)
def test_field_of_view_from_the_focal_length(focal_length, size, fov):
    found = fov_from_focal_length_35mm(focal_length, *size)
    assert found == pytest.approx(math.degrees(fov), abs=0.01)


@pytest.mark.parametrize("focal_length", [0, -50])
def test_a_focal_length_is_positive(focal_length):
    with pytest.raises(ValueError, match="positive"):
        fov_from_focal_length_35mm(focal_length, 30, 20)


# --- order of points ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (9, 1), (2, 2), (37, 53), (300, 200)])
def test_spread_order_has_every_pixel_once(size):
    order = spread_order(*size)
    np.testing.assert_array_equal(np.sort(order), np.arange(size[0] * size[1]))
    assert order.dtype == np.int32


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("n", [400, 1600, 6400])
def test_every_beginning_of_the_order_is_evenly_spread(n, seed):
    row, column = np.divmod(spread_order(200, 300, seed)[:n], 300)
    counts, _, _ = np.histogram2d(row, column, bins=(10, 10), range=((0, 200), (0, 300)))
    # Points drawn by chance have a chi-square of 99 ± 14 here, and stray ever farther.
    assert ((counts - n / 100) ** 2 / (n / 100)).sum() < 40
    assert np.abs(counts - n / 100).max() <= 4


def test_the_order_is_fixed_and_a_seed_moves_it():
    first = spread_order(40, 30).copy()
    spread_order.cache_clear()
    np.testing.assert_array_equal(spread_order(40, 30), first)
    assert (spread_order(40, 30, seed=1) != first).any()
    assert not spread_order(40, 30).flags.writeable


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_nothing_has_no_order(size):
    with pytest.raises(ValueError, match="no order"):
        spread_order(*size)


# --- relief ------------------------------------------------------------------------------------


def test_the_subject_is_measured(inverse_depth):
    stats = subject_stats(inverse_depth, nearness(inverse_depth))
    assert stats.head_width == pytest.approx(0.4, rel=0.1)
    assert stats.natural_gain == pytest.approx(0.1 / 0.165 * stats.head_width)
    assert stats.far < stats.middle < stats.near
    assert stats.far > -1.75  # nothing of the background counts
    left, top, right, bottom = stats.bounds
    assert left == pytest.approx(-right, abs=0.02)
    assert (top, right, bottom) == pytest.approx((-0.34, 0.35, 0.5), abs=0.03)


def test_a_network_without_a_unit_makes_a_head_as_deep_as_heads_are():
    values = np.tile(np.linspace(0, 4000, 80, dtype=np.float32), (100, 1))
    stats = subject_stats(InverseDepth(values), nearness(InverseDepth(values)))
    depth = stats.natural_gain * (stats.near - stats.far)
    assert 0.5 * stats.head_width < depth < stats.head_width


def test_nearness_runs_from_0_to_1_and_keeps_the_background_low(inverse_depth):
    near = nearness(inverse_depth)
    assert (near.min(), near.max()) == (0, 1)
    assert near[~inverse_depth.subject].max() <= 0.25
    assert near[60, 48] > near[110, 48] > near[0, 0]  # face, bust, background


def test_nearness_is_float32(inverse_depth):
    assert nearness(inverse_depth).dtype == np.float32


@pytest.mark.parametrize("fov", [1, 15, 50, 90, 170])
def test_without_relief_all_is_flat_at_the_subjects_distance(geometry, fov):
    depth = geometry.depth(GeometryParams(relief=0, fov=fov))
    np.testing.assert_allclose(depth, subject_distance(fov), rtol=1e-6)


@pytest.mark.parametrize("fov", [1, 15, 50, 90, 170])
@pytest.mark.parametrize("relief", [0.1, 1, 3, 10])
def test_nearer_is_nearer_and_all_depths_are_sound(geometry, relief, fov):
    depth = geometry.depth(GeometryParams(relief=relief, fov=fov)).ravel()
    assert depth.dtype == np.float32
    assert np.isfinite(depth).all()
    assert (depth > 0).all()
    order = np.argsort(geometry.inverse_depth.values.ravel(), kind="stable")
    assert (np.diff(depth[order]) <= 0).all()
    assert depth.min() < subject_distance(fov) < depth.max()


@pytest.mark.parametrize(("relief", "fov"), [(0.5, 20), (1, 50), (3, 50), (1, 120)])
def test_the_middle_of_the_subject_stays_and_the_slope_there_is_the_relief(geometry, relief, fov):
    stats, step = geometry.stats, 1e-3
    scale, shift = scale_and_shift(stats, relief, fov)
    at, before = (1 / (scale * v + shift) for v in (stats.middle, stats.middle - step))
    assert at == pytest.approx(subject_distance(fov))
    assert (before - at) / step == pytest.approx(relief * stats.natural_gain, rel=0.01)


def test_depth_is_kept_from_the_pole():
    values = np.array([-2, -1, -0.5, 0, 3], np.float32)
    depth = depth_from_inverse_depth(values, scale=1, shift=1, farthest=8)
    np.testing.assert_allclose(depth, [8, 8, 2, 1, 0.25])
    np.testing.assert_array_equal(values, np.float32([-2, -1, -0.5, 0, 3]))


@pytest.mark.parametrize("relief", [0, 1, 10])
def test_constant_inverse_depth_is_a_flat_sheet(relief):
    geometry = geometry_of(np.full((30, 40), 2.5), np.ones((30, 40), bool))
    cloud = geometry.point_cloud(GeometryParams(relief=relief, cutoff=0))
    assert len(cloud) == 30 * 40
    np.testing.assert_allclose(cloud.points[:, 2], subject_distance(50), rtol=1e-5)


@pytest.mark.parametrize("share", [0, 0.002])
def test_where_nobody_is_found_the_picture_is_still_shown(share):
    values = np.random.default_rng(0).normal(-3.5, 0.01, (100, 80))
    subject = np.zeros((100, 80), bool)
    subject.flat[: int(share * subject.size)] = True
    geometry = geometry_of(values, subject)
    assert len(geometry.point_cloud(GeometryParams())) > 1000
    assert len(geometry.mesh(GeometryParams()).faces) > 1000
    framing = geometry.framing(50)
    assert framing.radius == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("relief", "fov"), [(0.5, 20), (1, 50), (3, 90)])
def test_the_two_numbers_may_be_given_instead_of_the_relief(geometry, relief, fov):
    by_relief = GeometryParams(relief=relief, fov=fov)
    numbers = scale_and_shift(geometry.stats, relief, fov)
    by_numbers = GeometryParams(relief=7, fov=fov, scale_shift=numbers)
    np.testing.assert_allclose(
        geometry.depth(by_numbers), geometry.depth(by_relief), rtol=1e-5, atol=0
    )
    np.testing.assert_allclose(
        geometry.framing(by_numbers).center, geometry.framing(fov).center, rtol=1e-6
    )


def test_the_two_numbers_mean_what_they_say():
    values = np.linspace(0.5, 1.5, 30 * 40).reshape(30, 40)
    depth = geometry_of(values).depth(GeometryParams(scale_shift=(0.5, 0.25)))
    np.testing.assert_allclose(depth, 1 / (0.5 * values + 0.25), rtol=1e-6)


def test_the_framing_follows_the_two_numbers(geometry):
    scale, shift = scale_and_shift(geometry.stats, 1, 50)
    twice_as_far = GeometryParams(fov=50, scale_shift=(scale / 2, shift / 2))
    usual, far = geometry.framing(50), geometry.framing(twice_as_far)
    assert far.radius == pytest.approx(2 * usual.radius)
    assert far.center == pytest.approx(tuple(2 * c for c in usual.center))


def test_two_numbers_that_put_the_subject_behind_the_camera_are_refused(geometry):
    with pytest.raises(ValueError, match="choose a shift above"):
        geometry.point_cloud(GeometryParams(scale_shift=(1, -50)))


def test_millimetres_change_no_point(geometry):
    plain, measured = (geometry.point_cloud(GeometryParams(mm_per_unit=m)) for m in (None, 400))
    np.testing.assert_array_equal(plain.points, measured.points)


# --- smoothing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [1, 4, 60])
def test_a_box_mean_is_the_mean_of_its_window(radius):
    image = np.random.default_rng(0).normal(size=(17, 23))
    found = box_mean(image, radius)
    for i, j in [(0, 0), (8, 11), (16, 22), (3, 20)]:
        window = image[max(0, i - radius) : i + radius + 1, max(0, j - radius) : j + radius + 1]
        assert found[i, j] == pytest.approx(window.mean())


def noisy_step(height=200, width=160):
    """Two flat halves, 0.5 apart, under noise of 0.004."""
    clean = np.zeros((height, width), np.float32)
    clean[:, width // 2 :] = 0.5
    noise = np.random.default_rng(0).normal(0, 0.004, clean.shape).astype(np.float32)
    return clean, clean + noise


def test_smoothing_takes_away_noise_and_keeps_edges():
    clean, noisy = noisy_step()
    left = [np.std(smooth(noisy, s, edge=0.05, radius=8)[:, 5:60]) for s in (0, 0.3, 0.6, 1)]
    assert all(more < less for less, more in itertools.pairwise(left))
    assert left[-1] < 0.15 * left[0]
    smoothed = smooth(noisy, 1, edge=0.05, radius=8)
    assert np.abs(smoothed - clean).max() < 0.04  # the step of 0.5 stands


@pytest.mark.parametrize("offset", [0, 3000])
@pytest.mark.parametrize("strength", [0.2, 1])
def test_smoothing_leaves_a_slope_as_it_is(strength, offset):
    v, u = np.mgrid[:90, :120].astype(np.float32)
    ramp = offset + 0.01 * u - 0.02 * v
    smoothed = smooth(ramp, strength, edge=0.5, radius=6)
    np.testing.assert_allclose(smoothed[15:-15, 15:-15], ramp[15:-15, 15:-15], atol=2e-3)
    assert smoothed.dtype == np.float32


def test_smoothing_reaches_points_and_meshes_and_moves_only_their_depth(photo, inverse_depth):
    noise = np.random.default_rng(0).normal(0, 0.01, inverse_depth.values.shape)
    noisy = dataclasses.replace(inverse_depth, values=inverse_depth.values + noise)
    clean, rough = FaceGeometry(photo, inverse_depth), FaceGeometry(photo, noisy)

    def error(shape, params):
        made = [getattr(g, shape)(params) for g in (clean, rough)]
        true, found = (m.vertices if shape == "mesh" else m for m in made)
        both = np.intersect1d(true.pixels, found.pixels, return_indices=True)
        face = np.isin(both[0], np.arange(40, 70)[:, None] * 96 + np.arange(40, 56))
        return np.std((true.points[both[1]] - found.points[both[2]])[face, 2])

    for shape in ("point_cloud", "mesh"):
        params = GeometryParams(n_points=EVERYTHING)
        smoothed = dataclasses.replace(params, smoothing=1)
        assert error(shape, smoothed) < 0.6 * error(shape, params)
    for a, b in [(rough.point_cloud(p) for p in (params, smoothed))]:
        assert a.pixels is b.pixels
        assert a.colors is b.colors
        np.testing.assert_array_equal(a.inverse_depth, b.inverse_depth)


# --- wrong on purpose --------------------------------------------------------------------------


def with_wrong(**switches):
    return GeometryParams(n_points=EVERYTHING, wrong=WrongOnPurpose(**switches))


@pytest.mark.parametrize("numbers", [None, (0.3, 0.9)])
def test_inverse_depth_as_depth_turns_the_face_inside_out(geometry, numbers):
    params = dataclasses.replace(with_wrong(inverse_as_depth=True), scale_shift=numbers)
    right = depth_curve(geometry.stats, dataclasses.replace(params, wrong=WrongOnPurpose()))
    wrong = depth_curve(geometry.stats, params)
    middle, step = geometry.stats.middle, 0.01
    at = np.array([middle - step, middle, middle + step], np.float32)
    assert wrong.depth(at)[1] == pytest.approx(right.depth(at)[1], rel=1e-5)
    rise, fall = (np.diff(c.depth(at)[[0, 2]])[0] for c in (wrong, right))
    assert rise == pytest.approx(-fall, rel=0.01)  # as much relief, the other way round
    depth = geometry.depth(params)
    assert depth[60, 48] > depth[60, 34]  # the nose lies behind the cheek
    assert depth.min() > 0
    order = np.argsort(geometry.inverse_depth.values.ravel(), kind="stable")
    assert (np.diff(depth.ravel()[order]) >= 0).all()


def test_eight_bits_make_terraces_of_the_same_points(geometry):
    usual = geometry.point_cloud(GeometryParams(n_points=EVERYTHING))
    coarse = geometry.point_cloud(with_wrong(eight_bit=True))
    np.testing.assert_array_equal(coarse.pixels, usual.pixels)
    assert len(np.unique(coarse.points[:, 2])) <= 256 < len(np.unique(usual.points[:, 2]))
    values = geometry.inverse_depth.values
    level = np.ptp(values) / 255
    rounded = geometry.maps.values(with_wrong(eight_bit=True))
    assert np.abs(rounded - values).max() <= 0.501 * level
    np.testing.assert_array_equal(coarse.inverse_depth, usual.inverse_depth)


def test_a_wrong_field_of_view_stretches_the_picture_and_not_the_depth(geometry):
    right, wrong = GeometryParams(n_points=EVERYTHING), with_wrong(fov=90)
    a, b = geometry.point_cloud(right).points, geometry.point_cloud(wrong).points
    ratio = math.tan(math.radians(45)) / math.tan(math.radians(25))
    np.testing.assert_array_equal(a[:, 2], b[:, 2])
    np.testing.assert_allclose(b[:, :2], ratio * a[:, :2], rtol=1e-5)
    seen = project(b, geometry.camera(wrong))
    pixels = geometry.point_cloud(wrong).pixels
    np.testing.assert_allclose(seen, pixel_centres(120, 96).reshape(-1, 2)[pixels], atol=1e-3)
    assert geometry.framing(wrong).radius == pytest.approx(ratio * geometry.framing(50).radius)


def test_kept_edges_hang_between_face_and_background():
    step = np.full((80, 80), -3.5, np.float32)
    step[20:60, 25:55] = 0.5
    geometry = geometry_of(step)
    for switched in ({"wrong": WrongOnPurpose(edges_kept=True)}, {"edge_angle": 90}):
        params = GeometryParams(n_points=EVERYTHING, cutoff=0, **switched)
        mesh = geometry.mesh(params)
        assert len(mesh.faces) == 2 * 79 * 79
        near = mesh.vertices.inverse_depth[mesh.faces] > -1
        assert (near.any(axis=1) & ~near.all(axis=1)).sum() > 100


SWITCHES = [
    WrongOnPurpose(a, b, c, fov)
    for a, b, c, fov in itertools.product((False, True), (False, True), (False, True), (None, 20))
]


@pytest.mark.parametrize("wrong", SWITCHES, ids=str)
def test_the_switches_compose(geometry, wrong):
    """Each does to the others' result what it does alone."""
    params = GeometryParams(n_points=EVERYTHING, smoothing=0.3, wrong=wrong)
    mesh = geometry.mesh(params, normals=True)
    points = mesh.vertices.points
    assert np.isfinite(points).all()
    assert np.isfinite(mesh.vertices.normals).all()
    a, b, c = corners(mesh).astype(float).transpose(1, 0, 2)
    assert ((np.cross(b - a, c - a) * (a + b + c)).sum(axis=1) < 0).all()
    if wrong.fov:
        usual = dataclasses.replace(params, wrong=dataclasses.replace(wrong, fov=None))
        narrow = math.tan(math.radians(10)) / math.tan(math.radians(25))
        expected = geometry.mesh(usual).vertices.points * np.float32([narrow, narrow, 1])
        np.testing.assert_allclose(points, expected, rtol=1e-5)
    if wrong.edges_kept:
        assert len(mesh.faces) > len(geometry.mesh(GeometryParams(n_points=EVERYTHING)).faces)


# --- normals -----------------------------------------------------------------------------------

TILTED = np.array([0.3, -0.5, -0.9]) / np.linalg.norm([0.3, -0.5, -0.9])


@pytest.mark.parametrize("normal", [(0, 0, -1), TILTED, (-0.7, 0, -np.sqrt(0.51))])
def test_normals_of_a_plane_are_exact(normal):
    geometry = analytic.geometry_of(analytic.plane(60, 50, normal, 1.4))
    params = dataclasses.replace(analytic.TRUE, cutoff=0)
    for cloud in (
        geometry.point_cloud(params, normals=True),
        geometry.mesh(params, normals=True).vertices,
    ):
        assert len(cloud) == 60 * 50
        assert cloud.normals.dtype == np.float32
        np.testing.assert_allclose(cloud.normals, np.tile(normal, (3000, 1)), atol=2e-4)
        by_faces = vertex_normals(cloud.points, geometry.mesh(params).faces)
    np.testing.assert_allclose(by_faces, np.tile(normal, (3000, 1)), atol=2e-3)


@pytest.mark.parametrize("kind", ["pixels", "faces"])
def test_normals_of_a_sphere(kind):
    inverse, hit, normals = analytic.sphere(200, 160, centre=(0.1, -0.1, 2))
    geometry = analytic.geometry_of(inverse, hit)
    params = dataclasses.replace(analytic.TRUE, cutoff=0.4)
    mesh = geometry.mesh(params, normals=True)
    if kind == "pixels":
        found = mesh.vertices.normals
    else:
        found = vertex_normals(mesh.vertices.points, mesh.faces)
    true = normals.reshape(-1, 3)[mesh.vertices.pixels]
    facing = true[:, 2] < -0.5
    assert facing.sum() > 2000
    np.testing.assert_allclose((found * true).sum(axis=1)[facing], 1, atol=2e-3)


def test_normals_of_a_hollow_face_face_the_camera_too(geometry):
    params = dataclasses.replace(with_wrong(inverse_as_depth=True), smoothing=0.2)
    mesh = geometry.mesh(params, normals=True)
    cloud = mesh.vertices
    by_faces = vertex_normals(cloud.points, mesh.faces)
    assert ((cloud.normals * cloud.points).sum(axis=1) < 0).all()
    assert np.median((cloud.normals * by_faces).sum(axis=1)) > 0.99


def test_no_one_gets_normals_without_asking(geometry):
    assert geometry.point_cloud(GeometryParams()).normals is None
    assert geometry.mesh(GeometryParams()).vertices.normals is None


def test_a_vertex_normal_is_the_mean_of_its_faces_by_area():
    rng = np.random.default_rng(3)
    points = rng.normal(size=(12, 3)).astype(np.float32)
    faces = rng.permuted(np.tile(np.arange(11), (20, 1)), axis=1)[:, :3].astype(np.int32)
    expected = np.zeros((12, 3))
    for face in faces:
        a, b, c = points[face].astype(float)
        expected[face] += np.cross(b - a, c - a)
    expected[11] = (0, 0, -1)  # nobody's
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(vertex_normals(points, faces), expected, atol=1e-5)


# --- point clouds ------------------------------------------------------------------------------


def test_more_points_only_add_points(geometry):
    clouds = [geometry.point_cloud(GeometryParams(n_points=n)) for n in (1, 50, 999, EVERYTHING)]
    assert [len(cloud) for cloud in clouds[:3]] == [1, 50, 999]
    for fewer, more in itertools.pairwise(clouds):
        np.testing.assert_array_equal(fewer.pixels, more.pixels[: len(fewer)])
    assert len(np.unique(clouds[-1].pixels)) == len(clouds[-1])


def test_a_few_points_lie_all_over_the_subject(geometry):
    few = geometry.point_cloud(GeometryParams(n_points=200))
    every = geometry.point_cloud(GeometryParams(n_points=EVERYTHING))
    rows = [np.quantile(c.pixels // 96, [0.1, 0.5, 0.9]) for c in (few, every)]
    np.testing.assert_allclose(*rows, atol=4)


def test_a_higher_cutoff_leaves_fewer_of_the_same_points(geometry):
    kept = [
        set(geometry.point_cloud(GeometryParams(n_points=EVERYTHING, cutoff=c)).pixels.tolist())
        for c in (0, 0.2, 0.4, 0.7, 0.95, 1)
    ]
    for lower, higher in itertools.pairwise(kept):
        assert higher <= lower
    assert 0 < len(kept[4]) < len(kept[2]) < len(kept[0])


def test_points_can_be_every_pixel(geometry):
    params = GeometryParams(n_points=120 * 96, cutoff=0, edge_angle=90)
    cloud = geometry.point_cloud(params)
    np.testing.assert_array_equal(np.sort(cloud.pixels), np.arange(120 * 96))
    fewer = geometry.point_cloud(dataclasses.replace(params, n_points=120 * 96 - 1))
    np.testing.assert_array_equal(fewer.pixels, cloud.pixels[:-1])


def test_the_edge_angle_is_the_angle_of_the_surface():
    # Inside a person that the network tells, a slope may be steeper by `INSIDE_STEEPER`.
    v, u = np.mgrid[:100, :80]
    everywhere = np.ones((100, 80), bool)
    for angle, steeper in itertools.product((20, 60, 84), (1.0, INSIDE_STEEPER)):
        ramp = 0.8 * u + 0.6 * v  # 1 a pixel
        gain = 100 * geometry_of(ramp, everywhere).stats.natural_gain
        slope = steeper * math.tan(math.radians(angle)) / gain
        geometry = geometry_of(ramp * slope, everywhere)
        if steeper == 1:
            geometry.maps._inside = None
        inside = geometry.maps.kept(GeometryParams(cutoff=0, edge_angle=angle + 0.1))
        beyond = geometry.maps.kept(GeometryParams(cutoff=0, edge_angle=angle - 0.1))
        assert inside[1:-1, 1:-1].all()
        assert not beyond[1:-1, 1:-1].any()


def test_a_larger_edge_angle_keeps_more_of_the_same_points(geometry):
    kept = [
        geometry.maps.kept(GeometryParams(cutoff=0, edge_angle=angle))
        for angle in (20, 60, 80, 85.2, 90)
    ]
    for fewer, more in itertools.pairwise(kept):
        assert not (fewer & ~more).any()
    assert kept[0].sum() < kept[1].sum() < kept[3].sum() < kept[4].sum() == 120 * 96


def test_the_background_is_cut_off_by_default_and_kept_at_zero(geometry):
    subject = geometry.inverse_depth.subject.ravel()
    cut = geometry.point_cloud(GeometryParams(n_points=EVERYTHING))
    assert subject[cut.pixels].all()
    whole = geometry.point_cloud(GeometryParams(n_points=EVERYTHING, cutoff=0))
    assert (~subject[whole.pixels]).sum() > 0.9 * (~subject).sum()


def test_points_carry_their_pixels_colour_and_value(geometry):
    cloud = geometry.point_cloud(GeometryParams(n_points=500))
    np.testing.assert_array_equal(cloud.colors, geometry.photo.rgb.reshape(-1, 3)[cloud.pixels])
    values = geometry.inverse_depth.values.ravel()[cloud.pixels]
    np.testing.assert_array_equal(cloud.inverse_depth, values)
    dtypes = [a.dtype for a in (cloud.points, cloud.colors, cloud.pixels, cloud.inverse_depth)]
    assert dtypes == [np.float32, np.uint8, np.int32, np.float32]


@steady
@given(
    relief=st.floats(0, 10),
    fov=st.floats(1, 170),
    n_points=st.integers(1, 20_000),
    cutoff=st.floats(0, 1),
    as_mesh=st.booleans(),
)
def test_points_appear_at_their_own_pixels(geometry, as_mesh, **values):
    params = GeometryParams(**values)
    mesh = geometry.mesh(params)
    cloud = mesh.vertices if as_mesh else geometry.point_cloud(params)
    assert np.isfinite(cloud.points).all()
    seen = project(cloud.points, Intrinsics.from_fov(params.fov, 96, 120))
    own = pixel_centres(120, 96).reshape(-1, 2)[cloud.pixels]
    if as_mesh:  # those along its border lie up to a cell beside
        step = np.ceil(max(1, np.sqrt(geometry.maps.kept(params).sum() / params.n_points)))
        border = np.unique(rim_of(mesh.faces))
        assert (np.abs(seen - own)[border] < step).all()
        seen, own = np.delete(seen, border, axis=0), np.delete(own, border, axis=0)
    np.testing.assert_allclose(seen, own, atol=1e-2)


def test_the_field_of_view_changes_the_perspective_and_not_the_size(geometry):
    flat = [geometry.point_cloud(GeometryParams(relief=0, fov=fov)).points for fov in (15, 90)]
    np.testing.assert_allclose(flat[0][:, :2], flat[1][:, :2], atol=1e-5)
    # Lengths are picture heights: pixel columns are 1/120 apart.
    assert np.ptp(flat[0][:, 0]) == pytest.approx(2 * 0.36, abs=0.03)
    deep = [geometry.point_cloud(GeometryParams(relief=1, fov=fov)).points for fov in (15, 90)]
    assert np.abs(deep[0][:, :2] - deep[1][:, :2]).max() > 0.02


@pytest.mark.parametrize("fov", [15, 50, 90])
def test_the_framing_holds_the_subject(geometry, fov):
    framing = geometry.framing(fov)
    points = geometry.point_cloud(GeometryParams(relief=0, fov=fov)).points
    inside = np.abs(points - np.float32(framing.center)) <= framing.radius + 0.01
    assert inside.all(axis=1).mean() > 0.98


def test_photo_and_depth_of_different_sizes_are_refused(photo):
    with pytest.raises(ValueError, match="differ in size"):
        FaceGeometry(photo, InverseDepth(np.zeros((96, 120))))


# --- meshes ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[30, 800, 5_000, EVERYTHING])
def mesh(geometry, request):
    return geometry.mesh(GeometryParams(n_points=request.param))


def corners(mesh):
    """(m, 3 corners, 3 axes)."""
    return mesh.vertices.points[mesh.faces]


def test_faces_name_vertices_and_every_vertex_has_a_face(mesh):
    assert mesh.faces.dtype == np.int32
    np.testing.assert_array_equal(np.unique(mesh.faces), np.arange(len(mesh.vertices)))


def test_faces_turn_counter_clockwise_before_the_camera(mesh):
    a, b, c = corners(mesh).astype(float).transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    assert ((normal * (a + b + c)).sum(axis=1) < 0).all()  # towards the camera


def test_no_face_is_degenerate_or_there_twice(mesh):
    a, b, c = corners(mesh).astype(float).transpose(1, 0, 2)
    assert (np.linalg.norm(np.cross(b - a, c - a), axis=1) > 1e-7).all()
    assert len(np.unique(np.sort(mesh.faces, axis=1), axis=0)) == len(mesh.faces)


def test_a_mesh_has_about_as_many_vertices_as_wanted(geometry):
    for n in (500, 2_000, 4_000):
        found = len(geometry.mesh(GeometryParams(n_points=n)).vertices)
        assert 0.7 * n < found < 1.2 * n


def test_a_mesh_covers_what_it_is_made_of(geometry):
    mesh = geometry.mesh(GeometryParams(n_points=EVERYTHING, relief=0))
    a, b, c = corners(mesh).transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    n_pixels = len(geometry.point_cloud(GeometryParams(n_points=EVERYTHING)))
    assert area == pytest.approx(n_pixels / 120**2, rel=0.1)


@pytest.mark.parametrize("n_points", [300, 2_000, EVERYTHING])
@pytest.mark.parametrize("draw_as", ["points", "mesh"])
def test_nothing_hangs_between_face_and_background(draw_as, n_points):
    step = np.full((80, 80), -3.5, np.float32)
    step[20:60, 25:55] = 0.5
    geometry = geometry_of(step)
    params = GeometryParams(n_points=n_points, cutoff=0)
    if draw_as == "mesh":
        near = geometry.mesh(params).vertices.inverse_depth[geometry.mesh(params).faces] > -1
        assert near.any()
        assert (~near).any()
        assert (near.all(axis=1) | ~near.any(axis=1)).all()
    else:
        soft = step.copy()
        soft[20:60, 54:56] = -1.5  # a ramp, as networks make them
        kept = geometry_of(soft).point_cloud(params).inverse_depth
        assert not ((kept > -3) & (kept < 0)).any()


# --- all together ------------------------------------------------------------------------------

EXTREMES = [
    GeometryParams(*values)
    for values in itertools.product((0, 10), (1, 170), (1, EVERYTHING), (0, 1))
]


@pytest.mark.parametrize("size", [(16, 16), (16, 128), (128, 16)])
def test_extremes_of_every_parameter(size):
    rng = np.random.default_rng(1)
    for values in (np.zeros(size), rng.normal(size=size), rng.normal(size=size) * 1e6):
        geometry = geometry_of(values, relief_unit=None)
        for params in EXTREMES:
            cloud, mesh = geometry.point_cloud(params), geometry.mesh(params)
            assert len(cloud) <= min(params.n_points, size[0] * size[1])
            for points in (cloud.points, mesh.vertices.points):
                assert np.isfinite(points).all()
            assert mesh.faces.max(initial=-1) < len(mesh.vertices)


def test_what_was_asked_before_changes_nothing(photo, inverse_depth):
    kept = FaceGeometry(photo, inverse_depth)
    params = [
        GeometryParams(*v, smoothing, wrong=wrong)
        for v in itertools.product((0.5, 2), (30,), (100, 3000), (0.2, 0.6))
        for smoothing in (0, 0.5)
        for wrong in (WrongOnPurpose(), WrongOnPurpose(eight_bit=True, edges_kept=True))
    ]
    for i in np.random.default_rng(0).permutation(2 * len(params)):
        p = params[i % len(params)]
        fresh = FaceGeometry(photo, inverse_depth)
        for a, b in [
            (kept.point_cloud(p, normals=True), fresh.point_cloud(p, normals=True)),
            (kept.mesh(p, normals=True).vertices, fresh.mesh(p, normals=True).vertices),
        ]:
            np.testing.assert_array_equal(a.normals, b.normals)
            np.testing.assert_array_equal(a.points, b.points)
            np.testing.assert_array_equal(a.pixels, b.pixels)
        np.testing.assert_array_equal(kept.mesh(p).faces, fresh.mesh(p).faces)
        np.testing.assert_array_equal(kept.depth(p), fresh.depth(p))


def test_nobody_can_write_into_the_cache(geometry):
    mesh = geometry.mesh(GeometryParams())
    for cloud in (geometry.point_cloud(GeometryParams()), mesh.vertices):
        assert not cloud.colors.flags.writeable
        assert not cloud.pixels.flags.writeable
        assert not cloud.inverse_depth.flags.writeable
    assert not mesh.faces.flags.writeable
