"""The zip of everything, the parameters in it, and what must never be in any file."""

import dataclasses
import io
import json
import zipfile
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from face3d_widgets import __version__
from face3d_widgets.export import (
    SavedParameters,
    bundle,
    depth_to_png16,
    inverse_depth_to_npy,
    inverse_depth_to_pfm,
    parameters_from_json,
    parameters_to_json,
    point_cloud_to_ply,
    point_cloud_to_xyz,
    surface_to_glb,
    surface_to_obj_zip,
    surface_to_ply,
    surface_to_stl,
    texture_jpeg,
)
from face3d_widgets.image import read_photo
from face3d_widgets.types import GeometryParams, InverseDepth, ViewParams
from tests.export_shapes import checked_photo, dome, points_of


def saved(photo, **geometry):
    view = ViewParams(colormap="Viridis", point_size=0.1 + 0.2)
    return SavedParameters.of(photo, "face_lite", GeometryParams(**geometry), view)


def every_file(photo, stem="anna"):
    """One of each kind."""
    surface, points = dome(), points_of(dome())
    inverse_depth = InverseDepth(points.inverse_depth.reshape(40, 32), model="face_lite")
    return {
        f"{stem}_points.ply": point_cloud_to_ply(points, "face_lite", surface.normals),
        f"{stem}_points.xyz": point_cloud_to_xyz(points),
        f"{stem}_mesh.ply": surface_to_ply(surface, "face_lite"),
        f"{stem}_mesh.stl": surface_to_stl(surface),
        f"{stem}_mesh.obj.zip": surface_to_obj_zip(surface, photo, stem),
        f"{stem}_mesh.glb": surface_to_glb(surface, photo),
        f"{stem}_depth.png": depth_to_png16(inverse_depth),
        f"{stem}_depth.pfm": inverse_depth_to_pfm(inverse_depth),
        f"{stem}_depth.npy": inverse_depth_to_npy(inverse_depth),
    }


def make_bundle(photo, unit="relative"):
    parameters = parameters_to_json(saved(photo))
    return bundle(
        photo.name, every_file(photo), parameters=parameters, model_title="Face Lite", unit=unit
    )


# The zip


def test_bundle_is_one_folder_with_everything_in_it():
    photo = checked_photo()
    with zipfile.ZipFile(io.BytesIO(make_bundle(photo))) as archive:
        assert archive.testzip() is None
        contents = {name: archive.read(name) for name in archive.namelist()}
    expected = {"README.txt", *every_file(photo), "parameters.json"}
    assert contents.keys() == {f"anna/{name}" for name in expected}
    for name, data in every_file(photo).items():
        assert contents[f"anna/{name}"] == data
    assert parameters_from_json(contents["anna/parameters.json"]).is_of(photo)


def test_its_readme_says_what_each_file_is():
    with zipfile.ZipFile(io.BytesIO(make_bundle(checked_photo()))) as archive:
        readme = archive.read("anna/README.txt").decode()
    lines = readme.splitlines()
    for name in [*every_file(checked_photo()), "parameters.json"]:
        said = lines[lines.index(name) + 1]
        assert said.startswith("    ")
        assert "Another file" not in said
    assert "16-bit" in lines[lines.index("anna_depth.png") + 1]
    assert "Points" in lines[lines.index("anna_points.ply") + 1]
    assert "surface" in lines[lines.index("anna_mesh.ply") + 1]
    assert "Face Lite" in readme
    assert __version__ in readme
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("unit", "said"), [("mm", "Lengths are in millimetres"), ("relative", "Lengths are relative")]
)
def test_its_readme_says_what_the_lengths_are(unit, said):
    with zipfile.ZipFile(io.BytesIO(make_bundle(checked_photo(), unit))) as archive:
        assert said in archive.read("anna/README.txt").decode()


def test_equal_results_give_equal_bundles():
    assert make_bundle(checked_photo()) == make_bundle(checked_photo())


def test_a_bundle_takes_names_in_any_letters():
    photo = replace(checked_photo(), name="Zoë_顔")
    with zipfile.ZipFile(io.BytesIO(make_bundle(photo))) as archive:
        assert all(name.startswith("Zoë_顔/") for name in archive.namelist())


def test_only_what_shrinks_is_packed():
    """A zip in the zip, or a picture, would take time to pack and stay as large."""
    noise = np.random.default_rng(0).bytes(200_000)
    files = {"a.bin": noise, "a.txt": b"word " * 40_000, "empty": b"", "few": b"abc"}
    made = bundle("anna", files, parameters=b"{}", model_title="")
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        entries = {entry.filename.removeprefix("anna/"): entry for entry in archive.infolist()}
        assert all(archive.read(f"anna/{name}") == data for name, data in files.items())
    assert entries["a.bin"].compress_type == zipfile.ZIP_STORED
    assert entries["a.txt"].compress_size < 2000
    assert {entry.date_time for entry in entries.values()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("name", ["../x.ply", "a/b.ply", "C:\\x.ply", ".ply", ""])
def test_no_name_leads_out_of_the_folder(name):
    with pytest.raises(ValueError, match="letters, digits"):
        bundle("anna", {name: b""}, parameters=b"{}", model_title="")


def test_a_bundle_has_one_readme():
    with pytest.raises(ValueError, match=r"README\.txt comes with the zip"):
        bundle("anna", {"README.txt": b""}, parameters=b"{}", model_title="")


# The parameters


def fields_of(kind):
    return [field.name for field in dataclasses.fields(kind)]


def test_parameters_come_back_to_the_last_bit():
    parameters = saved(checked_photo(), relief=0.1 + 0.2, fov=37.123456789012345, n_points=7)
    assert parameters_from_json(parameters_to_json(parameters)) == parameters
    assert parameters_from_json(parameters_to_json(parameters).decode()) == parameters


def test_every_field_is_written():
    written = json.loads(parameters_to_json(saved(checked_photo())))
    assert list(written["geometry"]) == fields_of(GeometryParams)
    assert list(written["view"]) == fields_of(ViewParams)
    assert written["model"] == "face_lite"
    assert written["photo_name"] == "anna"
    assert written["photo_size"] == [32, 40]
    assert written["package_version"] == __version__
    assert "NaN" not in str(written)


@dataclasses.dataclass(frozen=True)
class Inner:
    on: bool = False
    pair: tuple[float, float] | None = None
    style: Literal["bust", "relief"] = "bust"


@dataclasses.dataclass(frozen=True)
class Outer:
    """What a record may hold one day, beyond what GeometryParams holds today."""

    inner: Inner = dataclasses.field(default_factory=Inner)
    names: tuple[str, ...] = ()
    count: int | None = None
    extra: float | Inner = 0.5


@dataclasses.dataclass(frozen=True)
class SavedOuter(SavedParameters):
    outer: Outer = dataclasses.field(default_factory=Outer)


@pytest.mark.parametrize(
    "outer",
    [
        Outer(),
        Outer(Inner(True, (1.5, 2.0), "relief"), ("a", "b"), 3, 1e-300),
        Outer(extra=Inner(pair=(0.1, 0.2))),
    ],
)
def test_records_in_records_come_back(outer):
    saved = SavedOuter("face_lite", "anna", (32, 40), "", outer=outer)
    assert parameters_from_json(parameters_to_json(saved), SavedOuter) == saved


def changed(**changes):
    values = json.loads(parameters_to_json(saved(checked_photo())))
    for name, value in changes.items():
        *path, last = name.split("__")
        inner = values
        for step in path:
            inner = inner[step]
        inner[last] = value
    return json.dumps(values)


def test_fields_of_a_later_version_are_left_out():
    text = changed(geometry__curliness=3, view__mood="blue", weather={"sun": True})
    assert parameters_from_json(text) == saved(checked_photo())


def test_fields_that_an_older_version_lacked_take_their_defaults():
    values = json.loads(parameters_to_json(saved(checked_photo(), relief=2.5)))
    values["geometry"] = {"relief": 2.5}
    del values["view"], values["package_version"]
    read = parameters_from_json(json.dumps(values))
    assert read.geometry == GeometryParams(relief=2.5)
    assert read.view == ViewParams()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no parameters.json"),
        (b"\xff\xfe\0", "no parameters.json"),
        ("[1, 2]", "no parameters.json of face3d_widgets"),
        ("{}", "no parameters.json of face3d_widgets"),
        ('{"format_version": 2}', "install a newer face3d_widgets"),
        ('{"format_version": true}', "no parameters.json of face3d_widgets"),
        ('{"format_version": 1}', "lacks model, photo_name, photo_size, photo_sha256"),
        (changed(geometry__relief="much"), "“geometry.relief” in parameters.json is 'much'"),
        (changed(geometry__relief=99), "relief must lie between 0 and 10"),
        (changed(geometry__n_points=1.5), "“geometry.n_points” .* not a int"),
        (changed(geometry__fov=True), "“geometry.fov”"),
        (changed(view__axes=1), "“view.axes” .* not a bool"),
        (changed(geometry=None), "“geometry” .* not a GeometryParams"),
        (changed(photo_size=[1, 2, 3]), "“photo_size”"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(text, said):
    with pytest.raises(ValueError, match=said):
        parameters_from_json(text)


def test_a_photo_is_known_by_its_pixels_alone():
    photo = checked_photo()
    parameters = saved(photo)
    assert parameters.is_of(replace(photo, name="other", focal_length_35mm=85.0))
    pixels = photo.rgb.copy()
    pixels[3, 4, 1] ^= 1
    assert not parameters.is_of(replace(photo, rgb=pixels))


# What the camera wrote


SECRET = "SERIAL-4711"


def exif_with_gps():
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = f"Maker {SECRET}", f"Model {SECRET}"
    exif[0xA431] = SECRET
    exif.get_ifd(0x8769)[0xA431] = SECRET  # the body's serial number
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (48.0, 8.0, 14.25), "E", (11.0, 34.0, 31.75)
    gps[29] = "2024:05:17"
    return exif


def photo_files():
    pixels = Image.fromarray(checked_photo(80, 64).rgb)
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{SECRET}</x:xmpmeta>".encode()
    jpeg, png = io.BytesIO(), io.BytesIO()
    pixels.save(jpeg, "JPEG", exif=exif_with_gps(), comment=SECRET.encode(), xmp=xmp)
    text = PngInfo()
    text.add_text("Comment", SECRET)
    pixels.save(png, "PNG", exif=exif_with_gps(), pnginfo=text)
    return {"jpeg": jpeg.getvalue(), "png": png.getvalue()}


def unpacked(name, data):
    """The file, and what is packed in it."""
    yield name, data
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for inner in archive.namelist():
                yield from unpacked(inner, archive.read(inner))


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_nothing_that_the_camera_wrote_is_in_any_file(kind):
    original = photo_files()[kind]
    with Image.open(io.BytesIO(original)) as im:
        assert im.getexif().get_ifd(0x8825)[29] == "2024:05:17"
    marks = [SECRET.encode(), b"Exif\0\0", b"eXIf", b"xmpmeta", b"2024:05:17"]
    assert sum(mark in original for mark in marks) >= 3

    photo = read_photo(original, "anna.jpg")
    files = {**every_file(photo), "texture.jpg": texture_jpeg(photo)}
    files["everything.zip"] = make_bundle(photo)
    seen = 0
    for name, data in (pair for file in files.items() for pair in unpacked(*file)):
        found = [mark for mark in marks if mark in data]
        assert not found, f"{name} has {found}"
        seen += 1
    assert seen > 25


def test_pictures_in_files_have_pixels_and_nothing_else():
    photo = read_photo(photo_files()["jpeg"], "anna.jpg")
    with Image.open(io.BytesIO(texture_jpeg(photo))) as im:
        assert dict(im.getexif()) == {}
        assert im.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert np.asarray(im).shape == photo.rgb.shape
    with Image.open(io.BytesIO(every_file(photo)["anna_depth.png"])) as im:
        assert im.info.keys() == {"inverse_depth"}
