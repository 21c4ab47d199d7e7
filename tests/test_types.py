"""The records: what they refuse, and that nobody can change them."""

import dataclasses
import math

import numpy as np
import pytest

from face3d_widgets.types import GeometryParams, Intrinsics, InverseDepth, Photo, ViewParams


def test_photo_knows_its_size():
    photo = Photo(np.zeros((20, 30, 3), np.uint8))
    assert (photo.height, photo.width) == (20, 30)
    assert photo.original_size == (30, 20)


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


@pytest.mark.parametrize("record", [GeometryParams(), ViewParams(), Intrinsics(1, 1, 0, 0)])
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
        (ViewParams, "draw_as", "cubes"),
        (ViewParams, "color_by", "mood"),
        (ViewParams, "opacity", 1.5),
        (ViewParams, "point_size", 0),
    ],
)
def test_values_out_of_range_are_refused_by_name(record, name, value):
    with pytest.raises(ValueError, match=name):
        record(**{name: value})


def test_intrinsics_from_fov():
    camera = Intrinsics.from_fov(90, width=300, height=200)
    assert camera.fx == pytest.approx(100)  # half the height away, 90 degrees are seen
    assert camera.fy == camera.fx
    assert (camera.cx, camera.cy) == (150, 100)


@pytest.mark.parametrize("fov", [0, 180, -5, math.nan])
def test_a_camera_sees_between_0_and_180_degrees(fov):
    with pytest.raises(ValueError, match="field of view"):
        Intrinsics.from_fov(fov, 10, 10)
