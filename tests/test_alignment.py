"""Scale and shift from known depths, and from one map to another."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from face3d_widgets.geometry import (
    FaceGeometry,
    align_maps,
    align_points,
    align_scale_shift,
    with_known_depths,
)
from face3d_widgets.types import GeometryParams, InverseDepth

steady = settings(deadline=None, derandomize=True, max_examples=60)


@steady
@given(
    scale=st.floats(1e-4, 100),
    nearest=st.floats(0.1, 1e4),
    values=st.lists(st.integers(-50, 50), min_size=2, max_size=9, unique=True),
)
def test_depths_without_error_give_the_two_numbers_back(scale, nearest, values):
    values = np.array(values, float)
    shift = 1 / nearest - scale * values.max()
    if scale * values.min() + shift < 0.01 / nearest:  # keep every point before the camera
        shift += 0.01 / nearest - (scale * values.min() + shift)
    found = align_scale_shift(values, 1 / (scale * values + shift))
    assert found.scale == pytest.approx(scale, rel=1e-6)
    assert found.shift == pytest.approx(shift, rel=1e-6, abs=1e-6 * scale * 100)
    assert found.n_points == len(values)
    assert found.residual < 1e-6 * (scale + abs(shift))


def test_two_depths_always_fit():
    found = align_scale_shift([1.0, 0.4], [480, 620])
    assert 1 / (found.scale * 1.0 + found.shift) == pytest.approx(480)
    assert 1 / (found.scale * 0.4 + found.shift) == pytest.approx(620)
    assert found.depth_residual < 1e-9


def test_noise_shows_in_the_residual_and_hardly_in_the_numbers():
    rng = np.random.default_rng(0)
    values = rng.uniform(-1, 1, 400)
    inverse = 0.0004 * values + 0.0018  # depths of 450 to 710 mm
    noisy = inverse + rng.normal(0, 1e-5, 400)
    found = align_scale_shift(values, 1 / noisy)
    assert found.scale == pytest.approx(0.0004, rel=0.01)
    assert found.shift == pytest.approx(0.0018, rel=0.002)
    assert found.residual == pytest.approx(1e-5, rel=0.1)
    # The same error as a length: the change of 1 / x is that of x over its square.
    expected = np.sqrt(np.mean((1e-5 / inverse**2) ** 2))
    assert found.depth_residual == pytest.approx(expected, rel=0.1)


def test_it_is_the_least_sum_of_squares_in_inverse_depth():
    values, depths = np.array([0.0, 0.3, 0.5, 1.0]), np.array([3.0, 2.1, 1.7, 1.2])
    found = align_scale_shift(values, depths)
    table = np.stack([values, np.ones(4)], axis=1)
    scale, shift = np.linalg.lstsq(table, 1 / depths, rcond=None)[0]
    assert (found.scale, found.shift) == pytest.approx((scale, shift))


@pytest.mark.parametrize(
    ("values", "depths", "problem"),
    [
        ([1], [500], "measure one more"),
        ([], [], "measure one more"),
        ([1, 2], [500], "one depth for each"),
        ([1, 2], [500, 0], "not above 0"),
        ([1, 2], [500, -3], "not above 0"),
        ([1, 2], [500, np.nan], "not above 0"),
        ([1, 1], [500, 400], "equally far"),
        ([1000, 1000.0001], [500, 400], "equally far"),
        ([1, np.nan], [500, 400], "choose another"),
        ([1, 2], [400, 500], "contradict"),
        ([1, 2], [450, 450], "contradict"),
    ],
)
def test_what_cannot_be_solved_is_said(values, depths, problem):
    with pytest.raises(ValueError, match=problem):
        align_scale_shift(values, depths)


def test_points_are_read_from_the_map(inverse_depth):
    pixels = [(60.5, 48.5), (110.5, 48.5), (65.5, 35.5)]
    values = [inverse_depth.values[60, 48], inverse_depth.values[110, 48]]
    values.append(inverse_depth.values[65, 35])
    depths = 1 / (0.0003 * np.array(values) + 0.0015)
    found = align_points(inverse_depth, pixels, depths)
    assert (found.scale, found.shift) == pytest.approx((0.0003, 0.0015), rel=1e-4)


@pytest.mark.parametrize("fov", [25, 50])
def test_known_depths_place_the_face_in_millimetres(photo, inverse_depth, fov):
    geometry = FaceGeometry(photo, inverse_depth)
    alignment = align_scale_shift([0.8, 0.0], [520, 600])
    params = with_known_depths(GeometryParams(fov=fov), alignment, geometry.stats)
    millimetres = params.mm_per_unit * geometry.depth(params)
    expected = 1 / (alignment.scale * inverse_depth.values + alignment.shift)
    np.testing.assert_allclose(millimetres[40:70, 40:56], expected[40:70, 40:56], rtol=1e-5)
    # A unit is still the picture's height at the subject, so the view stays the same.
    usual, known = geometry.framing(fov), geometry.framing(params)
    assert known.radius == pytest.approx(usual.radius)
    assert known.center == pytest.approx(usual.center)


def test_known_depths_of_something_else_are_refused(photo, inverse_depth):
    geometry = FaceGeometry(photo, inverse_depth)
    alignment = align_scale_shift([geometry.stats.middle + 1, geometry.stats.middle + 2], [9, 0.5])
    with pytest.raises(ValueError, match="a point on the subject"):
        with_known_depths(GeometryParams(), alignment, geometry.stats)


# --- maps --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [900, -0.02])
@pytest.mark.parametrize("share", [0, 0.1, 0.3])
def test_a_minority_does_not_move_the_alignment(inverse_depth, scale, share):
    source = inverse_depth.values
    rng = np.random.default_rng(1)
    target = scale * source + 40 + rng.normal(0, 0.01 * abs(scale), source.shape)
    wrong = rng.random(source.shape) < share
    target[wrong] += abs(scale) * rng.uniform(1, 4, wrong.sum())
    found = align_maps(source, target.astype(np.float32), inverse_depth.subject)
    assert found.scale == pytest.approx(scale, rel=0.005)
    assert found.shift == pytest.approx(40, abs=0.005 * abs(scale))
    assert found.residual == pytest.approx(0.01 * abs(scale), rel=0.1)
    assert found.agreeing == pytest.approx(1 - share, abs=0.02)
    aligned = found.apply(source)
    assert aligned.dtype == np.float32
    assert np.median(np.abs(aligned - target)[inverse_depth.subject]) < 0.02 * abs(scale)


def test_equal_maps_agree_everywhere(inverse_depth):
    found = align_maps(inverse_depth.values, inverse_depth.values)
    assert (found.scale, found.shift) == pytest.approx((1, 0), abs=1e-6)
    assert found.agreeing == 1
    assert found.residual < 1e-6


def test_pixels_without_a_number_do_not_count(inverse_depth):
    target = 2 * inverse_depth.values + 1
    target[:30] = np.nan
    found = align_maps(inverse_depth.values, target)
    assert (found.scale, found.shift) == pytest.approx((2, 1), rel=1e-5)


def test_maps_that_say_nothing_are_refused(inverse_depth):
    values = inverse_depth.values
    nowhere = np.zeros(values.shape, bool)
    for source, target, mask in [
        (values, np.ones_like(values), None),
        (np.ones_like(values), values, None),
        (values, values, nowhere),
    ]:
        with pytest.raises(ValueError, match="nothing to align"):
            align_maps(source, target, mask)
    with pytest.raises(ValueError, match="same photo"):
        align_maps(values, values[:-1])
    flat, level = np.zeros_like(values), np.full_like(values, 5)
    flat[:2], level[:2] = np.random.default_rng(0).random((2, 2, values.shape[1]))
    with pytest.raises(ValueError, match="one and the same value; take more pixels"):
        align_maps(flat, level)


def test_an_aligned_map_gives_the_same_shape(photo, inverse_depth):
    """What one network calls 900 times as much, in other units, is the same face."""
    other = InverseDepth(900 * inverse_depth.values + 40, inverse_depth.subject, "other")
    back = align_maps(other.values, inverse_depth.values)
    aligned = dataclasses.replace(inverse_depth, values=back.apply(other.values))
    params = GeometryParams(n_points=2_000)
    first = FaceGeometry(photo, inverse_depth).point_cloud(params)
    second = FaceGeometry(photo, aligned).point_cloud(params)
    np.testing.assert_allclose(first.points, second.points, atol=1e-4)
