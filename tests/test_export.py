"""Files, read back by other means than ours."""

import io
import json

import cv2
import numpy as np
import pytest
from PIL import Image

from face3d_widgets.export import depth_to_png16, point_cloud_to_ply
from face3d_widgets.geometry import FaceGeometry
from face3d_widgets.types import GeometryParams, InverseDepth, PointCloud


def read_ply(data: bytes):
    """Comments, and the columns of the one element, by the format's description alone."""
    types = {"float": "<f4", "uchar": "u1"}
    head, _, body = data.partition(b"end_header\n")
    lines = head.decode("ascii").split("\n")
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    assert lines.pop() == ""
    comments, fields, count = [], [], None
    for word, *rest in (line.split(" ") for line in lines[2:]):
        if word == "comment":
            comments.append(" ".join(rest))
        elif word == "element":
            assert rest[0] == "vertex"
            count = int(rest[1])
        else:
            assert word == "property"
            fields.append((rest[1], types[rest[0]]))
    assert len(body) == count * np.dtype(fields).itemsize
    return comments, np.frombuffer(body, fields)


@pytest.fixture(scope="module")
def cloud(photo, inverse_depth):
    return FaceGeometry(photo, inverse_depth).point_cloud(GeometryParams(n_points=700))


def test_ply_has_every_point_with_its_colour(cloud):
    _, vertices = read_ply(point_cloud_to_ply(cloud))
    assert vertices.dtype.names == ("x", "y", "z", "red", "green", "blue")
    np.testing.assert_array_equal(vertices["x"], cloud.points[:, 0])
    colors = np.stack([vertices[c] for c in ("red", "green", "blue")], axis=1)
    np.testing.assert_array_equal(colors, cloud.colors)


def test_ply_is_upright_and_faces_the_viewer(cloud):
    _, vertices = read_ply(point_cloud_to_ply(cloud))
    rows = cloud.pixels // 96
    assert vertices["y"][rows.argmin()] > 0 > vertices["y"][rows.argmax()]
    # Viewers look along -z: nearer to the camera is a larger z.
    assert np.corrcoef(vertices["z"], cloud.inverse_depth)[0, 1] > 0.99
    assert (vertices["z"] < 0).all()


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
    comments, vertices = read_ply(data)
    assert comments == [c.replace("lines end_header", "lines end_head ") for c in expected]
    assert len(vertices) == len(cloud)


@pytest.mark.parametrize("n", [0, 1])
def test_ply_of_hardly_anything(n):
    cloud = PointCloud(
        np.ones((n, 3), np.float32),
        np.full((n, 3), 255, np.uint8),
        np.zeros(n, np.int32),
        np.zeros(n, np.float32),
    )
    _, vertices = read_ply(point_cloud_to_ply(cloud, "hardly anything"))
    assert len(vertices) == n


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
