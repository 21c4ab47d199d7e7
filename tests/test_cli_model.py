"""`face3d model`: one photo to one file."""

import io
import re
import zipfile

import numpy as np
import pytest
import trimesh
from PIL import Image

from face3d_widgets.cli import _KIND_OF, main
from face3d_widgets.figures import figure_to_image
from face3d_widgets.session import files
from face3d_widgets.types import InverseDepth

SMALL = {
    "glb": ["--faces", "1000"],
    "obj.zip": ["--faces", "1000"],
    "ply": ["--faces", "1000"],
    "stl": ["--faces", "1000"],
    "xyz": ["--points", "500"],
    "zip": ["--faces", "1000"],
}


@pytest.fixture(autouse=True)
def quick(estimator, monkeypatch):
    """No network, no browser, short films."""
    monkeypatch.setattr("face3d_widgets.depth.DepthEstimator", lambda *_: estimator)
    monkeypatch.setattr(files, "figure_to_image", lambda *_: b"picture")
    monkeypatch.setattr(files, "_FRAMES_PER_SECOND", 1)


@pytest.fixture(autouse=True)
def folder(photo, tmp_path, monkeypatch):
    """The present folder, with a photo."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(photo.rgb).save(tmp_path / "anna.png")
    return tmp_path


def figure_to_image_here(figure, format, *choices):
    """As it is drawn without a browser."""
    return figure_to_image(figure, format, *choices, without_browser=True)


def mesh(path):
    return trimesh.load(path, force="mesh")


def test_every_end_of_a_name_is_a_file(folder, capsys):
    for suffix in _KIND_OF:
        name = f"out/face{suffix}"
        assert main(["model", "anna.png", "-o", name, *SMALL.get(suffix[1:], [])]) == 0
        data = (folder / name).read_bytes()
        assert data
        said = capsys.readouterr().out
        assert said.startswith(f"{name}: ")
        assert said.endswith(" MB\n")
    with zipfile.ZipFile(folder / "out/face.zip") as archive:
        assert len(archive.namelist()) == len(files.IN_ZIP) + 2


def test_what_was_written_is_told(folder, capsys):
    assert main(["model", "anna.png", "-o", "face.glb", "--faces", "1000"]) == 0
    faces = len(mesh(folder / "face.glb").faces)
    assert f"face.glb: {faces:,} faces, " in capsys.readouterr().out
    assert main(["model", "anna.png", "-o", "points.PLY", "--points", "300"]) == 0
    assert "300 points, " in capsys.readouterr().out
    assert b"element vertex 300\n" in (folder / "points.PLY").read_bytes()


@pytest.mark.parametrize("style", ["bust", "relief", "lithophane"])
def test_solids_have_their_width(folder, style, capsys):
    options = ["--solid", style, "--width-mm", "60", "--faces", "3000"]
    assert main(["model", "anna.png", "-o", "print.stl", *options]) == 0
    solid = mesh(folder / "print.stl")
    assert solid.is_watertight
    assert solid.extents[0] == pytest.approx(60, abs=0.5)
    assert f"{len(solid.faces):,} faces, 60 × " in capsys.readouterr().out


def places(path):
    """(n, 3) corners or points of a file, in millimetres, by another reader than ours."""
    if path.suffix == ".xyz":
        return np.loadtxt(path)[:, :3]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            [name] = [name for name in archive.namelist() if name.endswith(".obj")]
            lines = archive.read(name).decode().splitlines()
        return np.array([line.split()[1:4] for line in lines if line[:2] == "v "], float)
    loaded = trimesh.load(path)
    if path.suffix == ".glb":
        return 1000 * loaded.to_mesh().vertices
    return loaded.vertices


SHAPES = ["a.glb", "a.obj.zip", "a.ply", "a.stl", "a.xyz", "p.ply"]


def make(folder, name, *options):
    more = ["--points", "4000"] if name[0] == "p" or name.endswith("xyz") else ["--faces", "1000"]
    assert main(["model", "anna.png", "-o", name, *more, *options]) == 0
    return places(folder / name)


@pytest.mark.parametrize("name", SHAPES)
def test_every_model_has_the_width_that_was_asked(folder, name, capsys):
    sides = np.ptp(make(folder, name, "--width-mm", "150"), axis=0)
    assert sides[0] == pytest.approx(150, rel=1e-4)
    assert "150 × " in capsys.readouterr().out


@pytest.mark.parametrize("name", SHAPES)
def test_every_model_is_life_size_by_a_guess_and_says_so(folder, name, capsys):
    x, y, _ = make(folder, name).T
    assert "life-size by a guess" in capsys.readouterr().out
    # The outline is 165 mm; of its rim, where the surface falls off, some pixels are left out.
    head = x[y > y.min() + 0.6 * np.ptp(y)]
    assert 140 < np.ptp(head) < 170
    told = make(folder, name, "--head-mm", "33")
    assert "head 33 mm wide as asked" in capsys.readouterr().out
    assert np.ptp(told[:, 0]) == pytest.approx(np.ptp(x) / 5, rel=1e-3)


def test_what_is_told_of_a_file_is_what_another_reader_finds(folder, capsys):
    for name in SHAPES:
        sides = np.ptp(make(folder, name, "--relief", "1.7"), axis=0)
        said = capsys.readouterr().out
        told = [float(n) for n in re.search(r"([\d.]+) × ([\d.]+) × ([\d.]+) mm", said).groups()]
        np.testing.assert_allclose(told, sides, atol=0.051)
        size = (folder / name).stat().st_size / 1e6
        assert said.endswith(f"{size:.2f} MB\n") or "replaced" in said
        assert ("open" in said) == (name[0] == "a" and not name.endswith("xyz"))


def test_a_plain_stl_is_said_to_be_no_print_and_leads_to_the_solids(folder, capsys):
    make(folder, "a.stl")
    said = capsys.readouterr()
    assert "open" in said.out
    assert "--solid bust, relief or lithophane" in said.err
    assert not mesh(folder / "a.stl").is_watertight
    assert main(["model", "anna.png", "-o", "b.stl", "--solid", "bust", "--faces", "3000"]) == 0
    said = capsys.readouterr()
    assert "closed" in said.out
    assert said.err == ""


def test_the_depth_of_a_relief_is_chosen(folder):
    def depth(*options):
        options = ["--solid", "relief", "--faces", "3000", *options]
        assert main(["model", "anna.png", "-o", "r.stl", *options]) == 0
        return mesh(folder / "r.stl").extents[2] - 0.015 * 80

    assert depth() == pytest.approx(0.12 * 80, abs=0.01)
    assert depth("--depth-mm", "5") == pytest.approx(5, abs=0.01)


def test_the_numbers_shape_the_model(folder):
    def depth(*options):
        assert main(["model", "anna.png", "-o", "a.xyz", "--points", "500", *options]) == 0
        return np.ptp(np.loadtxt(folder / "a.xyz")[:, 2])

    assert depth("--relief", "2") > 1.5 * depth()
    assert depth("--cutoff", "0.8") < depth()
    assert depth("--fov", "20") != depth()


def test_sizes_of_pictures_reach_whoever_draws(monkeypatch, folder):
    asked = []
    monkeypatch.setattr(files, "figure_to_image", lambda *a: asked.append(a[1:]) or b"picture")
    assert main(["model", "anna.png", "-o", "a.pdf", "--width-mm", "84"]) == 0
    assert asked == [("pdf", 84.0, 300.0, "white")]


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("face.glb", ["--solid", "bust"], "--solid has no part in this file; it is for .stl"),
        ("face.gif", ["--width-mm", "80"], "--width-mm has no part"),
        ("face.png", ["--head-mm", "160"], "--head-mm has no part"),
        ("face.stl", ["--solid", "bust", "--head-mm", "160"], "--head-mm has no part"),
        ("face.glb", ["--head-mm", "160", "--width-mm", "80"], "choose one of them"),
        ("face.stl", ["--depth-mm", "8"], "--depth-mm has no part"),
        ("face.stl", ["--solid", "lithophane", "--depth-mm", "8"], "--depth-mm has no part"),
        ("face.stl", ["--points", "5"], "--points has no part"),
        ("face.png", ["--faces", "500"], "--faces has no part"),
        ("face.npy", ["--relief", "2"], "--relief has no part"),
        ("face.stl", ["--solid", "lithophane", "--fov", "20"], "--fov has no part"),
        ("face.glb", ["--weights", "dpt_large_384.pt"], "has its weights in the package"),
        ("anna.png/face.glb", [], "is no folder; choose another"),
        ("face.ply", ["--faces", "500", "--points", "5"], "choose one of them"),
        ("face.obj", [], "call it face.obj.zip"),
        ("face.docx", [], "choose one of: .glb"),
        ("face", [], "choose one of: .glb"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(name, options, sentence, capsys, estimator):
    assert main(["model", "anna.png", "-o", name, *options]) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.startswith("face3d: ")
    assert said.count("\n") == 1
    assert estimator.photo is None  # and no time is lost


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--fov", "500"], "fov"),
        (["--relief", "-1"], "relief"),
        (["--faces", "5"], "n_faces"),
        (["--head-mm", "0"], "head_mm"),
        (["--width-mm", "-5"], "width_mm"),
        (["--width-mm", "nan"], "width_mm"),
        (["--model", "nothing"], "nothing"),
    ],
)
def test_numbers_beyond_their_limits(options, word, capsys, folder, estimator):
    assert main(["model", "anna.png", "-o", "face.glb", *options]) == 1
    assert word in capsys.readouterr().err
    assert not (folder / "face.glb").exists()
    assert estimator.runs == 0


@pytest.mark.parametrize(
    "arguments", [["anna.png"], ["-o", "a.glb"], ["anna.png", "-o", "a.stl", "--solid", "cube"]]
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(["model", *arguments])
    assert end.value.code == 2
    assert "usage: face3d model" in capsys.readouterr().err


def test_the_photo_is_never_overwritten(folder, capsys):
    before = (folder / "anna.png").read_bytes()
    assert main(["model", "anna.png", "-o", "./anna.png"]) == 1
    assert "choose another place" in capsys.readouterr().err
    assert (folder / "anna.png").read_bytes() == before


@pytest.mark.parametrize("name", ["bob.png", "bob.webp", "bob.gif"])
def test_another_photo_is_not_replaced_but_by_force(folder, name, capsys, monkeypatch):
    monkeypatch.setattr(files, "figure_to_image", figure_to_image_here)
    Image.new("RGB", (9, 9), (1, 2, 3)).save(folder / name)
    before = (folder / name).read_bytes()
    assert main(["model", "anna.png", "-o", name]) == 1
    said = capsys.readouterr().err
    assert f"{name} would be overwritten" in said
    assert (folder / name).read_bytes() == before
    assert main(["model", "anna.png", "-o", name, "--force"]) == 0
    assert "an older file was replaced" in capsys.readouterr().out
    assert (folder / name).read_bytes() != before
    assert main(["model", "anna.png", "-o", name]) == 0  # that one is ours
    assert "an older file was replaced" in capsys.readouterr().out


def test_a_depth_map_of_ours_is_no_photo(folder, capsys):
    assert main(["depth", "anna.png"]) == 0
    assert main(["model", "anna_depth.png", "-o", "face.glb"]) == 1
    assert "name the photo" in capsys.readouterr().err
    assert not (folder / "face.glb").exists()


def test_a_link_as_output_is_followed(folder):
    (folder / "disk").mkdir()
    (folder / "face.xyz").symlink_to("disk/far.xyz")
    assert main(["model", "anna.png", "-o", "face.xyz", "--points", "500"]) == 0
    assert (folder / "face.xyz").is_symlink()
    assert len(np.loadtxt(folder / "disk/far.xyz")) == 500


def test_a_photo_without_a_person_says_so(folder, estimator, monkeypatch, capsys):
    def nobody(model):
        values = np.linspace(0, 1, 120 * 96, dtype=np.float32).reshape(120, 96)
        return InverseDepth(values, np.zeros((120, 96), bool), model, relief_unit=0.1)

    monkeypatch.setattr(estimator, "predict", nobody)
    assert main(["model", "anna.png", "-o", "face.xyz"]) == 0
    assert "no head was found in anna.png" in capsys.readouterr().err


def test_a_bad_photo_is_one_sentence(folder, capsys):
    (folder / "bad.jpg").write_bytes(b"not a photo")
    for name in ("bad.jpg", "missing.jpg"):
        assert main(["model", name, "-o", "face.glb"]) == 1
        assert name in capsys.readouterr().err
    assert not (folder / "face.glb").exists()


def test_a_folder_that_cannot_be_made(capsys):
    assert main(["model", "anna.png", "-o", "anna.png/face.glb"]) == 1
    assert "face3d: " in capsys.readouterr().err


def test_pixels_alone_leave_in_a_zip(folder):
    exif = Image.Exif()
    exif[271] = "SECRET-MAKER"
    with Image.open(folder / "anna.png") as picture:
        picture.save(folder / "own.jpg", exif=exif)
    assert b"SECRET" in (folder / "own.jpg").read_bytes()
    assert main(["model", "own.jpg", "-o", "own.zip", "--faces", "1000"]) == 0
    with zipfile.ZipFile(folder / "own.zip") as archive:
        for name in archive.namelist():
            data = archive.read(name)
            if name.endswith(".zip"):
                with zipfile.ZipFile(io.BytesIO(data)) as inner:
                    data = b"".join(inner.read(n) for n in inner.namelist())
            assert b"SECRET" not in data
