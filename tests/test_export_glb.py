"""GLB, read by the format's description, by trimesh and by the Khronos validator."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from PIL import Image

from face3d_widgets.export import surface_to_glb, texture_jpeg
from face3d_widgets.types import Surface
from tests.export_shapes import ball, checked_photo, dome, mean_normal, plate, volume
from tests.gltf_validator import validate

TURN = np.float32([1, -1, -1])
COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
TYPES = {5123: "<u2", 5125: "<u4", 5126: "<f4"}


class Glb:
    """The two chunks of a GLB."""

    def __init__(self, data):
        assert data[:4] == b"glTF"
        version, length, json_length = np.frombuffer(data[4:16], "<u4")
        assert (version, length) == (2, len(data))
        assert data[16:20] == b"JSON"
        self.tree = json.loads(data[20 : 20 + json_length])
        start = 20 + int(json_length)
        assert start % 4 == 0
        assert data[start + 4 : start + 8] == b"BIN\0"
        self.binary = data[start + 8 :]
        assert len(self.binary) == int.from_bytes(data[start : start + 4], "little")
        assert [buffer["byteLength"] for buffer in self.tree["buffers"]] == [len(self.binary)]

    def view(self, index):
        view = self.tree["bufferViews"][index]
        return self.binary[view["byteOffset"] :][: view["byteLength"]]

    def array(self, index):
        accessor = self.tree["accessors"][index]
        kind, width = TYPES[accessor["componentType"]], COMPONENTS[accessor["type"]]
        array = np.frombuffer(self.view(accessor["bufferView"]), kind)
        array = array[: accessor["count"] * width].reshape(-1, width)
        np.testing.assert_array_equal(np.float32(accessor["min"]), array.min(axis=0))
        np.testing.assert_array_equal(np.float32(accessor["max"]), array.max(axis=0))
        return array

    @property
    def primitive(self):
        (mesh,) = self.tree["meshes"]
        (primitive,) = mesh["primitives"]
        return primitive

    def attribute(self, name):
        return self.array(self.primitive["attributes"][name])

    @property
    def faces(self):
        return self.array(self.primitive["indices"]).reshape(-1, 3)


SURFACES = {
    "relative": (dome(), checked_photo()),
    "mm": (dome(unit="mm"), checked_photo(name="Zoë")),
    "without normals": (replace(dome(), normals=None), checked_photo()),
    "without uv": (replace(dome(), uv=None), checked_photo()),
    "without a photo": (dome(), None),
    "bare": (ball(), None),
    "solid": (plate(), checked_photo()),
}


def remarks(report):
    """Errors, warnings, notes and hints, but for the note that a photo has a photo's size."""
    messages = report["issues"]["messages"]
    return [m for m in messages if m["code"] != "IMAGE_NPOT_DIMENSIONS"]


@pytest.mark.parametrize("name", SURFACES)
def test_the_khronos_validator_has_nothing_to_say(name):
    report = validate(surface_to_glb(*SURFACES[name]))
    assert remarks(report) == []
    assert report["info"]["drawCallCount"] == 1
    assert report["info"]["totalTriangleCount"] == len(SURFACES[name][0].faces)


def test_the_validator_would_say_it():
    """A file that is wrong in one place: normals longer than one."""
    data = surface_to_glb(dome(), checked_photo())
    glb = Glb(data)
    normals = glb.attribute("NORMAL").tobytes()
    assert data.count(normals) == 1
    report = validate(data.replace(normals, (np.frombuffer(normals, "<f4") * 2).tobytes()))
    assert report["issues"]["numErrors"] > 0


def test_glb_is_one_node_with_one_mesh_in_one_scene():
    tree = Glb(surface_to_glb(dome(), checked_photo())).tree
    (node,) = tree["nodes"]
    assert node == {"name": "anna", "mesh": 0}  # not moved, not turned, not scaled
    assert tree["scenes"] == [{"nodes": [0]}]
    assert tree["scene"] == 0
    assert tree["asset"]["version"] == "2.0"
    assert "extensionsUsed" not in tree


@pytest.mark.parametrize(("unit", "metres"), [("mm", 0.001), ("relative", 1.0)])
def test_glb_is_in_metres_with_y_up(unit, metres):
    surface = dome(unit=unit)
    glb = Glb(surface_to_glb(surface, checked_photo()))
    positions = glb.attribute("POSITION")
    np.testing.assert_allclose(positions, surface.vertices * TURN * metres, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(glb.faces, surface.faces)
    extras = glb.tree["asset"]["extras"]
    assert (extras["unit"], extras["metres_per_unit"]) == (unit, metres)


def test_glb_is_right_side_out():
    glb = Glb(surface_to_glb(dome(), checked_photo()))
    positions, normals = glb.attribute("POSITION"), glb.attribute("NORMAL")
    assert mean_normal(positions, glb.faces)[2] > 0  # to the viewer
    np.testing.assert_allclose(normals, dome().normals * TURN, atol=1e-6)
    solid = Glb(surface_to_glb(ball()))
    assert volume(solid.attribute("POSITION"), solid.faces) == pytest.approx(1.1e-4, rel=0.05)


def test_glb_wears_the_photo_as_it_is():
    photo = checked_photo()
    glb = Glb(surface_to_glb(dome(), photo))
    np.testing.assert_array_equal(glb.attribute("TEXCOORD_0"), dome().uv)
    (image,) = glb.tree["images"]
    assert image["mimeType"] == "image/jpeg"
    assert glb.view(image["bufferView"]) == texture_jpeg(photo)
    with Image.open(io.BytesIO(texture_jpeg(photo))) as im:
        assert np.abs(np.asarray(im, float) - photo.rgb).mean() < 3
    assert glb.tree["textures"] == [{"source": 0, "sampler": 0}]
    (sampler,) = glb.tree["samplers"]
    assert (sampler["wrapS"], sampler["wrapT"]) == (33071, 33071)  # clamped to the edge


def test_glb_is_matt():
    glb = Glb(surface_to_glb(dome(), checked_photo()))
    material = glb.tree["materials"][glb.primitive["material"]]
    matt = {"metallicFactor": 0, "roughnessFactor": 1, "baseColorTexture": {"index": 0}}
    assert material["pbrMetallicRoughness"] == matt
    assert material["doubleSided"] is True


def test_glb_without_a_photo_has_its_colours_in_linear_light():
    surface = dome()
    glb = Glb(surface_to_glb(surface))
    assert "images" not in glb.tree
    assert "TEXCOORD_0" not in glb.primitive["attributes"]
    colors = glb.attribute("COLOR_0")
    assert (colors[:, 3] == 65535).all()
    linear = colors[:, :3] / 65535
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_array_equal(np.rint(srgb * 255), surface.colors)


def test_dark_colours_stay_apart():
    """Every grey that a photo can have comes back: 8 linear bits would merge the dark ones."""
    greys = np.arange(1280, dtype=np.int32).clip(0, 255).astype(np.uint8)
    surface = replace(dome(), colors=np.stack([greys] * 3, axis=1))
    data = surface_to_glb(surface)
    glb = Glb(data)
    accessor = glb.tree["accessors"][glb.primitive["attributes"]["COLOR_0"]]
    assert accessor["normalized"] is True
    linear = glb.attribute("COLOR_0")[:256, 0] / 65535
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_array_equal(np.rint(srgb * 255), np.arange(256))
    assert remarks(validate(data)) == []


def test_a_lost_normal_looks_at_the_viewer():
    normals = dome().normals.copy()
    normals[5], normals[6] = 0, np.nan
    data = surface_to_glb(replace(dome(), normals=normals), checked_photo())
    written = Glb(data).attribute("NORMAL")
    np.testing.assert_array_equal(written[5:7], [[0, 0, 1], [0, 0, 1]])
    assert remarks(validate(data)) == []


def test_trimesh_reads_the_glb():
    surface, photo = dome(unit="mm"), checked_photo()
    scene = trimesh.load(io.BytesIO(surface_to_glb(surface, photo)), file_type="glb", process=False)
    (mesh,) = scene.dump()
    np.testing.assert_allclose(mesh.vertices, surface.vertices * TURN / 1000, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(mesh.faces, surface.faces)
    worn = mesh.visual.to_color().vertex_colors[:, :3]
    assert np.abs(worn.astype(int) - surface.colors).mean() < 4


def test_vertices_that_agree_stay_apart():
    """A seam has two vertices in one place, with different places in the photo."""
    points = np.float32([[0, 0, 1], [0, 1, 1], [1, 0, 1], [0, 0, 1], [0, 1, 1], [-1, 0, 1]])
    uv = np.float32([[0, 0], [0, 1], [1, 0], [1, 1], [0.5, 0.5], [0.2, 0.3]])
    surface = Surface(points, np.array([[0, 1, 2], [3, 5, 4]], np.int32), uv=uv)
    glb = Glb(surface_to_glb(surface, checked_photo()))
    np.testing.assert_allclose(glb.attribute("TEXCOORD_0"), uv)
    np.testing.assert_array_equal(glb.faces, surface.faces)


def test_equal_surfaces_give_equal_glb_files():
    assert surface_to_glb(dome(), checked_photo()) == surface_to_glb(dome(), checked_photo())
