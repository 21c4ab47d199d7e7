"""The records: what they refuse, and that nobody can change them."""

import dataclasses
import math

import numpy as np
import pytest

from face3d_widgets.types import (
    COLORINGS,
    SHAPES,
    GeometryParams,
    Intrinsics,
    InverseDepth,
    Photo,
    PointCloud,
    SolidParams,
    Surface,
    ViewParams,
    WrongOnPurpose,
)


def test_photo_knows_its_size():
    photo = Photo(np.zeros((20, 30, 3), np.uint8))
    assert (photo.height, photo.width) == (20, 30)
    assert photo.original_size == (30, 20)


def test_a_photo_is_turned_clockwise():
    rgb = np.zeros((20, 30, 3), np.uint8)
    rgb[0, 0] = 255  # above, to the left
    photo = Photo(rgb, "anna", (300, 200), 28.0)
    places = {90: (0, -1), 180: (-1, -1), 270: (-1, 0)}
    for degrees, place in places.items():
        turned = photo.turned(degrees)
        assert turned.rgb[place].tolist() == [255] * 3
        assert turned.turn == degrees
        assert turned.original_size == ((200, 300) if degrees % 180 else (300, 200))
        assert (turned.name, turned.focal_length_35mm) == ("anna", 28.0)
        back = turned.turned(-degrees)
        assert back.turn == 0
        np.testing.assert_array_equal(back.rgb, rgb)
    assert photo.turned(360) is photo
    for degrees in (45, 1):
        with pytest.raises(ValueError, match="90, 180 or 270"):
            photo.turned(degrees)
    with pytest.raises(ValueError, match="turn"):
        Photo(rgb, turn=45)


@pytest.mark.parametrize(
    "rgb",
    [
        np.zeros((20, 30), np.uint8),
        np.zeros((20, 30, 4), np.uint8),
        np.zeros((20, 30, 3), np.float32),
    ],
)
def test_photo_refuses_other_arrays(rgb):
    with pytest.raises(ValueError, match="rgb"):
        Photo(rgb)


@pytest.mark.parametrize(
    ("values", "subject"),
    [
        (np.zeros(5), None),
        (np.zeros((4, 5)), np.zeros((5, 4), bool)),
        (np.zeros((4, 5)), np.zeros((4, 5), np.uint8)),
    ],
)
def test_inverse_depth_refuses_other_arrays(values, subject):
    with pytest.raises(ValueError, match="must be"):
        InverseDepth(values, subject)


def test_inverse_depth_is_float32():
    assert InverseDepth(np.zeros((4, 5))).values.dtype == np.float32


def test_arrays_in_records_cannot_be_written_but_the_callers_can():
    rgb, values = np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.float32)
    subject = np.zeros((4, 5), bool)
    inverse_depth = InverseDepth(values, subject)
    for array in (Photo(rgb).rgb, inverse_depth.values, inverse_depth.subject):
        assert not array.flags.writeable
    for array in (rgb, values, subject):
        assert array.flags.writeable


@pytest.mark.parametrize(
    "record",
    [
        GeometryParams(),
        ViewParams(),
        Intrinsics(1, 1, 0, 0),
        SolidParams(),
        WrongOnPurpose(),
        GeometryParams(scale_shift=[0.5, 2], mm_per_unit=300, wrong=WrongOnPurpose(fov=20)),
    ],
)
def test_records_are_frozen_and_compare_by_value(record):
    first = dataclasses.fields(record)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, first, 1)
    assert record == dataclasses.replace(record)
    assert hash(record) == hash(dataclasses.replace(record))


@pytest.mark.parametrize(
    ("record", "name", "value"),
    [
        (GeometryParams, "relief", -0.1),
        (GeometryParams, "relief", 11),
        (GeometryParams, "relief", math.nan),
        (GeometryParams, "fov", 0),
        (GeometryParams, "fov", 180),
        (GeometryParams, "n_points", 0),
        (GeometryParams, "cutoff", 1.1),
        (GeometryParams, "cutoff", math.nan),
        (GeometryParams, "smoothing", -0.1),
        (GeometryParams, "smoothing", 1.1),
        (GeometryParams, "smoothing", math.nan),
        (GeometryParams, "edge_angle", 0),
        (GeometryParams, "edge_angle", 91),
        (GeometryParams, "edge_angle", math.nan),
        (GeometryParams, "scale_shift", (-1, 2)),
        (GeometryParams, "scale_shift", (1, math.inf)),
        (GeometryParams, "scale_shift", (math.nan, 1)),
        (GeometryParams, "mm_per_unit", 0),
        (GeometryParams, "mm_per_unit", math.inf),
        (WrongOnPurpose, "fov", 0.5),
        (WrongOnPurpose, "fov", math.nan),
        (SolidParams, "style", "statue"),
        (SolidParams, "width_mm", 5),
        (SolidParams, "width_mm", math.nan),
        (SolidParams, "wall_mm", 0),
        (SolidParams, "wall_mm", 30),
        (SolidParams, "depth_mm", 0),
        (SolidParams, "border_mm", -1),
        (SolidParams, "border_mm", 30),
        (SolidParams, "thinnest_mm", 3.5),
        (SolidParams, "thickest_mm", 51),
        (SolidParams, "n_faces", 10),
        (SolidParams, "depth_share", 0),
        (SolidParams, "depth_share", math.nan),
        (ViewParams, "draw_as", "cubes"),
        (ViewParams, "color_by", "mood"),
        (ViewParams, "opacity", 1.5),
        (ViewParams, "point_size", 0),
    ],
)
def test_values_out_of_range_are_refused_by_name(record, name, value):
    with pytest.raises(ValueError, match=name):
        record(**{name: value})


def test_a_switch_that_is_on_says_so():
    assert not WrongOnPurpose()
    assert not GeometryParams().wrong
    for switch in ({"inverse_as_depth": True}, {"eight_bit": True}, {"edges_kept": True}):
        assert WrongOnPurpose(**switch)
    assert WrongOnPurpose(fov=30)


def test_every_way_of_drawing_and_colouring_is_accepted():
    for draw_as in SHAPES:
        for color_by in COLORINGS:
            view = ViewParams(draw_as=draw_as, color_by=color_by, shaded=True)
            assert (view.draw_as, view.color_by) == (draw_as, color_by)
    assert set(SHAPES) == {"points", "mesh", "wireframe"}
    assert set(COLORINGS) == {"photo", "depth", "normals", "uncertainty"}
    assert not ViewParams().shaded


def test_a_cloud_may_have_normals_and_nobody_can_write_them():
    points, pixels = np.zeros((2, 3), np.float32), np.zeros(2, np.int32)
    colors, values = np.zeros((2, 3), np.uint8), np.zeros(2, np.float32)
    assert PointCloud(points, colors, pixels, values).normals is None
    with_normals = PointCloud(points, colors, pixels, values, points.copy())
    assert not with_normals.normals.flags.writeable


def test_a_surface_knows_two_units():
    vertices, faces = np.zeros((3, 3), np.float32), np.zeros((1, 3), np.int32)
    assert not Surface(vertices, faces, unit="mm").vertices.flags.writeable
    with pytest.raises(ValueError, match="unit"):
        Surface(vertices, faces, unit="inch")


def test_intrinsics_from_fov():
    camera = Intrinsics.from_fov(90, width=300, height=200)
    assert camera.fx == pytest.approx(100)  # half the height away, 90 degrees are seen
    assert camera.fy == camera.fx
    assert (camera.cx, camera.cy) == (150, 100)


@pytest.mark.parametrize("fov", [0, 180, -5, math.nan])
def test_a_camera_sees_between_0_and_180_degrees(fov):
    with pytest.raises(ValueError, match="field of view"):
        Intrinsics.from_fov(fov, 10, 10)
