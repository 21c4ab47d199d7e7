"""Points at places in the photo, lengths, millimetres and cross-sections."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from face3d_widgets.geometry import (
    PUPIL_DISTANCE_MM,
    FaceGeometry,
    back_project,
    distance,
    mm_per_unit_from,
    profile,
    project,
)
from face3d_widgets.types import GeometryParams, WrongOnPurpose
from tests import analytic

steady = settings(deadline=None, derandomize=True, max_examples=60)
NORMAL = np.array([0.4, -0.2, -0.9]) / np.linalg.norm([0.4, -0.2, -0.9])
WHOLE = dataclasses.replace(analytic.TRUE, cutoff=0)


@pytest.fixture(scope="module")
def geometry(photo, inverse_depth):
    return FaceGeometry(photo, inverse_depth)


@pytest.fixture(scope="module")
def tilted():
    """A plane, `NORMAL . P = -1.5`."""
    return analytic.geometry_of(analytic.plane(120, 90, NORMAL, 1.5))


# --- points ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [WrongOnPurpose(), WrongOnPurpose(fov=80, eight_bit=True)])
def test_a_pixels_middle_is_its_point(geometry, wrong):
    params = GeometryParams(relief=1.4, fov=40, smoothing=0.3, wrong=wrong)
    points = back_project(geometry.depth(params), geometry.camera(params))
    for row, column in [(0, 0), (60, 48), (119, 95), (30, 70)]:
        found = geometry.point_at(row + 0.5, column + 0.5, params)
        assert found.shape == (3,)
        np.testing.assert_allclose(found, points[row, column], rtol=1e-5, atol=1e-6)


@steady
@given(st.floats(0.5, 119.5), st.floats(0.5, 89.5))
def test_between_pixels_a_plane_goes_on(tilted, row, column):
    point = tilted.point_at(row, column, WHOLE)
    assert NORMAL @ point == pytest.approx(-1.5, abs=1e-4)
    seen = project(point, tilted.camera(WHOLE))
    np.testing.assert_allclose(seen, [column, row], atol=1e-3)


def test_a_point_is_never_between_face_and_background():
    inverse = np.full((80, 60), 0.6, np.float32)
    inverse[:, 25:] = 1.1
    geometry = analytic.geometry_of(inverse)
    places = np.stack([np.full(61, 30.2), np.linspace(22.03, 28.03, 61)], axis=1)
    z = geometry.points_at(places, WHOLE)[:, 2]
    np.testing.assert_allclose(z, np.where(places[:, 1] < 25, 1 / 0.6, 1 / 1.1), rtol=1e-5)
    kept = dataclasses.replace(WHOLE, wrong=WrongOnPurpose(edges_kept=True))
    z = geometry.points_at(places, kept)[:, 2]
    assert ((z > 1 / 1.05) & (z < 1 / 0.65)).any()


@pytest.mark.parametrize("place", [(-1, 5), (5, -0.1), (121, 5), (5, 97), (np.nan, 5)])
def test_a_place_beside_the_photo_is_refused(geometry, place):
    with pytest.raises(ValueError, match="outside the photo of 120 rows and 96 columns"):
        geometry.point_at(*place, GeometryParams())


# --- lengths -----------------------------------------------------------------------------------


def test_a_length_is_a_straight_line():
    assert distance((1, 2, 3), (4, 6, 3)) == 5
    assert distance((1, 2, 3), (4, 6, 3), mm_per_unit=200) == 1000


def test_two_clicks_give_millimetres(geometry):
    params = GeometryParams(relief=0)
    eyes = [geometry.point_at(48, column, params) for column in (39, 57)]
    mm_per_unit = mm_per_unit_from(*eyes)
    assert distance(*eyes, mm_per_unit) == pytest.approx(PUPIL_DISTANCE_MM) == 63
    # The drawn head is 0.4 picture heights wide, its eyes 0.15 apart: 168 mm of head.
    ears = [geometry.point_at(50, column, params) for column in (24, 72)]
    assert distance(*ears, mm_per_unit) == pytest.approx(168)
    assert mm_per_unit_from(*eyes, 126) == pytest.approx(2 * mm_per_unit)


@pytest.mark.parametrize("true_mm", [0, -63, np.nan, np.inf])
def test_a_true_distance_is_above_zero(true_mm):
    with pytest.raises(ValueError, match="above 0 mm"):
        mm_per_unit_from((0, 0, 1), (1, 0, 1), true_mm)


def test_two_clicks_in_one_place_are_refused():
    with pytest.raises(ValueError, match="choose two that lie apart"):
        mm_per_unit_from((0.1, 0.2, 1), (0.1, 0.2, 1))


# --- profiles ----------------------------------------------------------------------------------


def test_a_profile_of_a_plane_is_what_the_plane_is(tilted):
    cut = profile(tilted, (20, 10), (95, 80), WHOLE)
    np.testing.assert_allclose(cut.points @ NORMAL, -1.5, atol=1e-4)
    np.testing.assert_array_equal(cut.depth, cut.points[:, 2])
    np.testing.assert_allclose(cut.height, cut.subject_depth - cut.depth, atol=1e-6)
    assert len(cut.depth) == int(np.ceil(np.hypot(75, 70))) + 1
    np.testing.assert_allclose(cut.pixels[[0, -1]], [(20, 10), (95, 80)])
    seen = project(cut.points, tilted.camera(WHOLE))
    np.testing.assert_allclose(seen[:, ::-1], cut.pixels, atol=1e-3)
    assert cut.unit == "relative"


def test_its_distance_is_measured_where_the_subject_stands(geometry):
    # 60 pixels of 120: half a picture height, which is the unit.
    cut = profile(geometry, (30, 48), (90, 48), GeometryParams(), n=61)
    np.testing.assert_allclose(cut.distance, np.linspace(0, 0.5, 61), atol=1e-6)
    everything = GeometryParams(relief=0, cutoff=0, edge_angle=90)
    flat = profile(geometry, (30, 48), (90, 48), everything, n=61)
    along = np.linalg.norm(flat.points - flat.points[0], axis=1)
    np.testing.assert_allclose(along, flat.distance, atol=1e-5)
    np.testing.assert_allclose(flat.height, 0, atol=1e-6)


def test_the_nose_stands_out(geometry):
    cut = profile(geometry, (50, 30), (50, 66), GeometryParams())
    assert abs(np.nanargmax(cut.height) - len(cut.height) // 2) <= 1
    assert cut.height[len(cut.height) // 2] > cut.height[3] + 0.05


def test_a_profile_has_gaps_where_nothing_is(geometry):
    cut = profile(geometry, (55.5, 0.5), (55.5, 95.5), GeometryParams(), n=96)
    kept = geometry.maps.kept(GeometryParams())[55]
    np.testing.assert_array_equal(np.isnan(cut.depth), ~kept)
    np.testing.assert_array_equal(np.isnan(cut.points).any(axis=1), ~kept)
    assert np.isfinite(cut.distance).all()
    whole = profile(geometry, (55.5, 0.5), (55.5, 95.5), GeometryParams(cutoff=0, edge_angle=90))
    assert np.isfinite(whole.depth).all()


def test_a_profile_in_millimetres_is_the_same_profile(geometry):
    ends = (20, 40), (100, 60)
    relative = profile(geometry, *ends, GeometryParams())
    measured = profile(geometry, *ends, GeometryParams(mm_per_unit=420))
    assert measured.unit == "mm"
    for name in ("distance", "depth", "points", "height"):
        np.testing.assert_allclose(
            getattr(measured, name), 420 * getattr(relative, name), rtol=1e-4, atol=1e-2
        )
    np.testing.assert_array_equal(measured.pixels, relative.pixels)


def test_a_wrong_field_of_view_stretches_a_profile(geometry):
    ends = (20, 40), (100, 60)
    right = profile(geometry, *ends, GeometryParams())
    wrong = profile(geometry, *ends, GeometryParams(wrong=WrongOnPurpose(fov=90)))
    ratio = np.tan(np.radians(45)) / np.tan(np.radians(25))
    np.testing.assert_allclose(wrong.distance, ratio * right.distance, rtol=1e-5)
    np.testing.assert_allclose(wrong.height, right.height, atol=1e-6)


def test_any_line_on_the_photo_can_be_cut(geometry):
    corners = list(itertools.product((0, 120), (0, 96)))
    for start, end in itertools.permutations(corners, 2):
        cut = profile(geometry, start, end, GeometryParams(cutoff=0, edge_angle=90), n=33)
        assert np.isfinite(cut.points).all()
        assert len(cut.distance) == 33


def test_lines_that_cannot_be_cut_are_refused(geometry):
    with pytest.raises(ValueError, match="no length"):
        profile(geometry, (5, 5), (5, 5), GeometryParams())
    with pytest.raises(ValueError, match="two samples"):
        profile(geometry, (5, 5), (9, 5), GeometryParams(), n=1)
    with pytest.raises(ValueError, match="outside the photo"):
        profile(geometry, (5, 5), (500, 5), GeometryParams())


def test_nobody_can_write_into_a_profile(geometry):
    cut = profile(geometry, (5, 5), (90, 50), GeometryParams())
    for array in (cut.distance, cut.depth, cut.points, cut.pixels):
        assert not array.flags.writeable
