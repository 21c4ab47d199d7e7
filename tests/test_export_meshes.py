"""Surfaces as PLY, STL and OBJ, read back by other means than those that wrote them."""

import io
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from face3d_widgets.export import (
    surface_to_glb,
    surface_to_obj_zip,
    surface_to_ply,
    surface_to_stl,
)
from face3d_widgets.types import Photo, Surface
from tests.export_shapes import (
    ball,
    checked_photo,
    dome,
    mean_normal,
    plate,
    read_ply,
    volume,
)

TURN = np.float32([1, -1, -1])  # from the camera's axes to the file's


def columns(table, names):
    return np.stack([table[name] for name in names], axis=1)


def read_stl(data):
    """(m, 3, 3) corners and (m, 3) normals, by the format's description alone."""
    count = int.from_bytes(data[80:84], "little")
    record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("more", "<u2")])
    assert len(data) == 84 + count * 50
    assert not data.startswith(b"solid")  # so does the text format begin
    triangles = np.frombuffer(data[84:], record)
    return triangles["corners"], triangles["normal"]


def merged(corners):
    """Vertices and faces of triangles whose corners agree to the last bit."""
    points, numbers = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    return points, numbers.reshape(-1, 3)


def read_obj(text):
    """Lines by their first word; faces as (m, 3, k) numbers from 0."""
    lines = {}
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        lines.setdefault(word, []).append(rest)
    tables = {
        word: np.array([r.split() for r in lines.get(word, [])], float)
        for word in ("v", "vt", "vn")
    }
    corners = [[c.split("/") for c in line.split(" ")] for line in lines["f"]]
    faces = np.array([[[int(i or 0) - 1 for i in c] for c in face] for face in corners])
    return lines, tables, faces


# PLY


def test_ply_of_a_surface_has_all_of_it():
    surface = dome()
    comments, vertices, faces = read_ply(surface_to_ply(surface, "made by hand"))
    assert comments[1:] == ["made by hand"]
    np.testing.assert_array_equal(columns(vertices, "xyz"), surface.vertices * TURN)
    np.testing.assert_array_equal(columns(vertices, ["nx", "ny", "nz"]), surface.normals * TURN)
    np.testing.assert_array_equal(columns(vertices, ["red", "green", "blue"]), surface.colors)
    np.testing.assert_array_equal(faces, surface.faces)
    assert mean_normal(columns(vertices, "xyz"), faces)[2] > 0  # to the viewer


def test_trimesh_reads_the_ply_of_a_surface():
    surface = dome(unit="mm")
    read = trimesh.load(io.BytesIO(surface_to_ply(surface)), file_type="ply", process=False)
    np.testing.assert_array_equal(read.vertices, surface.vertices * TURN)
    np.testing.assert_array_equal(read.faces, surface.faces)
    np.testing.assert_array_equal(read.visual.vertex_colors[:, :3], surface.colors)
    np.testing.assert_allclose(read.vertex_normals, surface.normals * TURN, atol=1e-6)


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("mm", "lengths in millimetres"),
        ("relative", "relative lengths, 1 is the height of the picture at the subject"),
    ],
)
def test_ply_says_what_its_lengths_are(unit, said):
    comments, vertices, _ = read_ply(surface_to_ply(replace(plate(), unit=unit)))
    assert comments == [said]
    assert vertices.dtype.names == ("x", "y", "z")


# STL


def test_stl_has_every_triangle_facing_the_viewer():
    surface = dome(unit="mm")
    corners, normals = read_stl(surface_to_stl(surface))
    np.testing.assert_array_equal(corners, (surface.vertices * TURN)[surface.faces])
    by_corners = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    by_corners /= np.linalg.norm(by_corners, axis=1, keepdims=True)
    np.testing.assert_allclose(normals, by_corners, atol=1e-4)
    assert (normals[:, 2] > 0).all()


@pytest.mark.parametrize(
    ("solid", "size", "expected_volume"),
    [
        (plate(80, 60, 4), (80, 60, 4), 80 * 60 * 4),
        (ball(30), (60, 60, 60), 4 / 3 * np.pi * 30**3),
    ],
    ids=["plate", "ball"],
)
def test_stl_of_a_solid_is_closed_outward_and_keeps_its_millimetres(solid, size, expected_volume):
    data = surface_to_stl(solid)
    points, faces = merged(read_stl(data)[0])
    np.testing.assert_allclose(np.ptp(points, axis=0), size, rtol=1e-6)
    assert points[:, 2].min() == 0  # it lies flat on the bed
    assert volume(points, faces) == pytest.approx(expected_volume, rel=0.03)

    read = trimesh.load(io.BytesIO(data), file_type="stl")
    assert read.is_watertight
    assert read.is_winding_consistent
    assert read.volume == pytest.approx(volume(points, faces))
    np.testing.assert_allclose(read.extents, size, rtol=1e-6)


@pytest.mark.parametrize("solid", [plate(), ball()], ids=["plate", "ball"])
def test_manifold_takes_the_stl_of_a_solid(solid):
    manifold3d = pytest.importorskip("manifold3d")
    points, faces = merged(read_stl(surface_to_stl(solid))[0])
    mesh = manifold3d.Mesh(points.astype(np.float32), faces.astype(np.uint32))
    manifold = manifold3d.Manifold(mesh)
    assert manifold.status() == manifold3d.Error.NoError
    assert manifold.volume() == pytest.approx(volume(points, faces), rel=1e-5)
    assert manifold.volume() > 0


def test_a_hole_in_a_solid_is_still_a_hole_in_its_stl():
    """Nothing is mended or merged on the way."""
    solid = plate()
    data = surface_to_stl(replace(solid, faces=solid.faces[1:]))
    assert not trimesh.load(io.BytesIO(data), file_type="stl").is_watertight


# OBJ


@pytest.fixture(scope="module")
def obj_files():
    data = surface_to_obj_zip(dome(), checked_photo(), "anna_mesh")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_obj_names_its_material_and_that_its_texture(obj_files):
    assert list(obj_files) == ["anna_mesh.obj", "anna_mesh.mtl", "anna_mesh.jpg"]
    lines, _, _ = read_obj(obj_files["anna_mesh.obj"].decode())
    assert lines["mtllib"] == ["anna_mesh.mtl"]
    material = dict(line.split(" ", 1) for line in obj_files["anna_mesh.mtl"].decode().splitlines())
    assert lines["usemtl"] == [material["newmtl"]]
    assert material["map_Kd"] == "anna_mesh.jpg"
    assert lines["o"] == ["anna_mesh"]


def test_obj_has_the_surface(obj_files):
    surface = dome()
    _, tables, faces = read_obj(obj_files["anna_mesh.obj"].decode())
    np.testing.assert_allclose(tables["v"], surface.vertices * TURN, atol=6e-6)
    np.testing.assert_allclose(tables["vn"], surface.normals * TURN, atol=6e-4)
    # OBJ counts v from below, we from above.
    np.testing.assert_allclose(tables["vt"], [[0, 1]] + surface.uv * [1, -1], atol=6e-6)
    for i in range(3):
        np.testing.assert_array_equal(faces[:, :, i], surface.faces)
    assert mean_normal(tables["v"], surface.faces)[2] > 0


def test_trimesh_puts_the_texture_of_an_obj_where_the_photo_was(obj_files, tmp_path):
    surface = dome()
    for name, data in obj_files.items():
        (tmp_path / name).write_bytes(data)
    read = trimesh.load(tmp_path / "anna_mesh.obj", process=False)
    np.testing.assert_allclose(read.vertices, surface.vertices * TURN, atol=6e-6)
    np.testing.assert_array_equal(read.faces, surface.faces)
    worn = read.visual.to_color().vertex_colors[:, :3]
    assert np.abs(worn.astype(int) - surface.colors).mean() < 4


def test_the_texture_is_nearly_the_photo(obj_files, astronaut):
    with Image.open(io.BytesIO(obj_files["anna_mesh.jpg"])) as im:
        assert im.size == (32, 40)
    data = surface_to_obj_zip(dome(), astronaut, "a")
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("a.jpg") as file:
        texture = np.asarray(Image.open(file), float)
    assert np.abs(texture - astronaut.rgb).mean() < 2


@pytest.mark.parametrize(
    ("without", "corner", "words"),
    [
        ("normals", "1/1", {"v", "vt"}),
        ("uv", "1//1", {"v", "vn"}),
        ("both", "1", {"v"}),
    ],
)
def test_obj_of_a_surface_that_lacks_something(without, corner, words):
    names = ("normals", "uv") if without == "both" else (without,)
    surface = replace(dome(), **dict.fromkeys(names))
    data = surface_to_obj_zip(surface, checked_photo(), "a")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.namelist()) == (3 if surface.uv is not None else 1)
        lines, tables, faces = read_obj(archive.read("a.obj").decode())
    assert {word for word, table in tables.items() if len(table)} == words
    assert ("usemtl" in lines) == ("mtllib" in lines) == (surface.uv is not None)
    first_vertex = [c for line in lines["f"] for c in line.split() if c.split("/")[0] == "1"]
    assert set(first_vertex) == {corner}
    np.testing.assert_array_equal(faces[:, :, 0], surface.faces)
    if surface.uv is None:  # the colours follow the coordinates
        np.testing.assert_allclose(tables["v"][:, 3:], surface.colors / 255, atol=1e-4)


def test_obj_without_a_photo_has_its_colours():
    data = surface_to_obj_zip(dome(), None, "a")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["a.obj"]
        assert read_obj(archive.read("a.obj").decode())[1]["v"].shape[1] == 6


@pytest.mark.parametrize("stem", ["two words", "../up", "a/b", "", ".hidden", "new\nline"])
def test_obj_needs_a_plain_name(stem):
    with pytest.raises(ValueError, match="letters, digits"):
        surface_to_obj_zip(dome(), checked_photo(), stem)


def test_equal_surfaces_give_equal_files():
    first, second = (surface_to_obj_zip(dome(), checked_photo(), "Zoë") for _ in range(2))
    assert first == second


# All


@pytest.mark.parametrize(
    "write",
    [
        surface_to_ply,
        surface_to_stl,
        surface_to_glb,
        lambda surface: surface_to_obj_zip(surface, None, "a"),
    ],
    ids=["ply", "stl", "glb", "obj"],
)
def test_what_cannot_be_written_is_said(write):
    points = np.zeros((3, 3), np.float32)
    with pytest.raises(ValueError, match="no faces; lower the background cut-off"):
        write(Surface(points, np.zeros((0, 3), np.int32)))
    with pytest.raises(ValueError, match="not a number"):
        write(Surface(points * np.nan, np.array([[0, 1, 2]], np.int32)))


def test_scipy_is_not_needed():
    """trimesh takes it where it is there; it is not one of ours."""
    code = (
        "import sys; sys.modules['scipy'] = None; sys.modules['networkx'] = None\n"
        "from tests.export_shapes import *\n"
        "from face3d_widgets.export import *\n"
        "surface_to_stl(ball()); surface_to_glb(dome(), checked_photo())"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_a_wide_photo_is_worn_whole():
    photo = Photo(checked_photo(60, 200).rgb)
    data = surface_to_obj_zip(dome(), photo, "a")
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("a.jpg") as file:
        assert Image.open(file).size == (200, 60)
