"""Points and inverse depth as files, read back by other means than ours."""

import io
import json

import cv2
import numpy as np
import pytest
import trimesh
from PIL import Image

from face3d_widgets.export import (
    depth_to_png16,
    inverse_depth_to_npy,
    inverse_depth_to_pfm,
    point_cloud_to_ply,
    point_cloud_to_xyz,
)
from face3d_widgets.types import InverseDepth, PointCloud
from tests.export_shapes import dome, points_of, read_ply

RELATIVE = "relative lengths, 1 is the height of the picture at the subject"


@pytest.fixture(scope="module")
def cloud():
    return points_of(dome(40, 32))


def hardly_any(n):
    return PointCloud(
        np.ones((n, 3), np.float32),
        np.full((n, 3), 255, np.uint8),
        np.zeros(n, np.int32),
        np.zeros(n, np.float32),
    )


def test_ply_has_every_point_with_its_colour(cloud):
    _, vertices, faces = read_ply(point_cloud_to_ply(cloud))
    assert vertices.dtype.names == ("x", "y", "z", "red", "green", "blue")
    assert faces is None
    np.testing.assert_array_equal(vertices["x"], cloud.points[:, 0])
    colors = np.stack([vertices[c] for c in ("red", "green", "blue")], axis=1)
    np.testing.assert_array_equal(colors, cloud.colors)


def test_ply_is_upright_and_faces_the_viewer(cloud):
    _, vertices, _ = read_ply(point_cloud_to_ply(cloud))
    rows = cloud.pixels // 32
    assert vertices["y"][rows.argmin()] > 0 > vertices["y"][rows.argmax()]
    # Viewers look along -z: nearer to the camera is a larger z.
    assert np.corrcoef(vertices["z"], cloud.inverse_depth)[0, 1] > 0.99
    assert (vertices["z"] < 0).all()


def test_ply_of_points_can_have_normals_and_millimetres(cloud):
    normals = dome(40, 32).normals
    data = point_cloud_to_ply(cloud, normals=normals, mm_per_unit=250)
    comments, vertices, _ = read_ply(data)
    assert comments == ["lengths in millimetres"]
    np.testing.assert_allclose(vertices["y"], -250 * cloud.points[:, 1], rtol=1e-6)
    written = np.stack([vertices["nx"], vertices["ny"], vertices["nz"]], axis=1)
    np.testing.assert_array_equal(written, normals * np.float32([1, -1, -1]))
    assert (written[:, 2] > 0).all()  # towards the viewer


def test_trimesh_reads_the_points_of_a_ply(cloud):
    normals = np.tile(np.float32([0, 0, -1]), (len(cloud), 1))
    data = point_cloud_to_ply(cloud, "any", normals)
    read = trimesh.load(io.BytesIO(data), file_type="ply")
    np.testing.assert_allclose(read.vertices, cloud.points * [1, -1, -1], rtol=1e-6)
    np.testing.assert_array_equal(read.colors[:, :3], cloud.colors)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("", []),
        ("made by hand", ["made by hand"]),
        ("two\nlines\r\nend_header\n", ["two lines end_header"]),
        ("Zoë", ["Zo?"]),
    ],
)
def test_ply_comment_is_one_plain_line(cloud, comment, expected):
    data = point_cloud_to_ply(cloud, comment).replace(b"lines end_header", b"lines end_head ")
    comments, vertices, _ = read_ply(data)
    assert comments == [
        RELATIVE,
        *(c.replace("lines end_header", "lines end_head ") for c in expected),
    ]
    assert len(vertices) == len(cloud)


@pytest.mark.parametrize("n", [0, 1])
def test_ply_and_xyz_of_hardly_anything(n):
    _, vertices, _ = read_ply(point_cloud_to_ply(hardly_any(n), "hardly anything"))
    assert len(vertices) == n
    assert point_cloud_to_xyz(hardly_any(n)).count(b"\n") == n


@pytest.mark.parametrize(("mm_per_unit", "step"), [(None, 1e-5), (250.0, 1e-3)])
def test_xyz_is_columns_of_numbers_and_nothing_else(cloud, mm_per_unit, step):
    data = point_cloud_to_xyz(cloud, mm_per_unit)
    table = np.loadtxt(io.BytesIO(data), comments=None)
    expected = cloud.points.astype(float) * [1, -1, -1] * (mm_per_unit or 1)
    np.testing.assert_allclose(table[:, :3], expected, atol=0.6 * step)
    np.testing.assert_array_equal(table[:, 3:], cloud.colors)
    read = trimesh.load(io.BytesIO(data), file_type="xyz")
    np.testing.assert_allclose(read.vertices, table[:, :3])
    np.testing.assert_array_equal(read.colors[:, :3], cloud.colors)


def test_zero_has_no_sign():
    one = hardly_any(1)
    zero = PointCloud(0 * one.points, one.colors, one.pixels, one.inverse_depth)
    assert point_cloud_to_xyz(zero) == b"0.00000 0.00000 0.00000 255 255 255\n"


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).normal(size=(50, 40)) - 3,
        np.random.default_rng(0).uniform(0, 4e4, (30, 70)),  # of the size that MiDaS has
        np.array([[0, 1e-6], [2e-6, 3e-6]]),
    ],
)
def test_depth_png_gives_the_numbers_back(values):
    inverse_depth = InverseDepth(values, model="face_lite")
    data = depth_to_png16(inverse_depth)
    with Image.open(io.BytesIO(data)) as im:
        text = json.loads(im.text["inverse_depth"])
        by_pillow = np.asarray(im)
    by_cv2 = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert by_cv2.dtype == np.uint16
    assert by_cv2.shape == values.shape
    np.testing.assert_array_equal(by_pillow, by_cv2)

    assert text["model"] == "face_lite"
    assert (by_cv2.min(), by_cv2.max()) == (0, 65535)  # nearest is brightest
    low, high = text["low"], text["high"]
    back = low + (high - low) * by_cv2 / 65535
    np.testing.assert_allclose(back, inverse_depth.values, atol=0.6 * (high - low) / 65535)


def test_depth_png_of_a_flat_sheet():
    data = depth_to_png16(InverseDepth(np.full((20, 30), 2.5)))
    with Image.open(io.BytesIO(data)) as im:
        text = json.loads(im.text["inverse_depth"])
        assert np.asarray(im).max() == 0
    assert text["low"] == text["high"] == 2.5


def test_pfm_begins_with_the_lowest_row(inverse_depth):
    data = inverse_depth_to_pfm(inverse_depth)
    assert data.startswith(b"Pf\n96 120\n-1.0\n")
    numbers = np.frombuffer(data[-4 * 96 * 120 :], "<f4").reshape(120, 96)
    np.testing.assert_array_equal(numbers[0], inverse_depth.values[-1])
    np.testing.assert_array_equal(numbers, inverse_depth.values[::-1])


def test_opencv_reads_the_pfm(inverse_depth):
    data = np.frombuffer(inverse_depth_to_pfm(inverse_depth), np.uint8)
    read = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, inverse_depth.values)


def test_npy_is_the_array_itself(inverse_depth):
    data = inverse_depth_to_npy(inverse_depth)
    read = np.load(io.BytesIO(data), allow_pickle=False)
    assert read.dtype == np.dtype("<f4")
    np.testing.assert_array_equal(read, inverse_depth.values)
    # By the format's description: magic, version 1.0, length of the header, header, numbers.
    assert data[:8] == b"\x93NUMPY\x01\x00"
    start = 10 + int.from_bytes(data[8:10], "little")
    assert b"'fortran_order': False" in data[10:start]
    np.testing.assert_array_equal(np.frombuffer(data[start:], "<f4"), inverse_depth.values.ravel())
