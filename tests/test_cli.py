"""The `face3d` command."""

import io
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from face3d_widgets import __version__
from face3d_widgets.cli import main
from face3d_widgets.depth import MODELS, DepthEstimator, weights
from face3d_widgets.types import InverseDepth

needs_full_device = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has it")


@pytest.fixture(autouse=True)
def fake_network(estimator, monkeypatch):
    monkeypatch.setattr("face3d_widgets.depth.DepthEstimator", lambda *_: estimator)
    return estimator


@pytest.fixture
def folder(photo, tmp_path, monkeypatch):
    """The present folder, with two photos of one name."""
    monkeypatch.chdir(tmp_path)
    for name in ("anna.png", "more/anna.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(photo.rgb).save(tmp_path / name)
    return tmp_path


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.split() == ["face3d", __version__]


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["depth"], ["dashboard", "--port", "x"], ["lessons", "--port", "80000"]],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: face3d" in capsys.readouterr().err


def test_depth_writes_numbers_and_a_picture(folder, capsys):
    assert main(["depth", "anna.png", "-o", "new/out"]) == 0
    values = np.load(folder / "new/out/anna_depth.npy")
    assert values.shape == (120, 96)
    assert values.dtype == np.float32
    with Image.open(folder / "new/out/anna_depth.png") as im:
        assert im.size == (96, 120)
        assert im.mode.startswith("I;16")
    assert "anna.png" in capsys.readouterr().out


def test_depth_of_a_photo_on_its_side(folder, estimator):
    assert main(["depth", "anna.png", "--turn", "90", "-o", "out"]) == 0
    assert np.load(folder / "out/anna_depth.npy").shape == (96, 120)
    with pytest.raises(SystemExit):
        main(["depth", "anna.png", "--turn", "45", "-o", "out"])


def test_depth_keeps_every_pixel(folder, photo):
    Image.fromarray(photo.rgb).resize((1500, 1875)).save(folder / "large.jpg")
    assert main(["depth", "large.jpg", "-o", "out"]) == 0
    assert np.load(folder / "out/large_depth.npy").shape == (1875, 1500)


def test_bad_photos_do_not_stop_the_good(folder, capsys):
    (folder / "bad.jpg").write_bytes(b"not a photo")
    assert main(["depth", "missing.jpg", "bad.jpg", "anna.png", "-o", "out"]) == 1
    assert (folder / "out/anna_depth.npy").is_file()
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 2
    assert all(line.startswith("face3d: ") for line in complaints)
    assert "missing.jpg" in complaints[0]
    assert "bad.jpg" in complaints[1]
    assert sorted(p.name for p in (folder / "out").iterdir()) == [
        "anna_depth.npy",
        "anna_depth.pfm",
        "anna_depth.png",
    ]


def test_photos_of_one_name_get_files_of_their_own(folder):
    assert main(["depth", "anna.png", "more/anna.png", "-o", "out"]) == 0
    names = sorted(p.name for p in (folder / "out").iterdir())
    stems = ("anna-2_depth", "anna_depth")
    assert names == [f"{stem}.{suffix}" for stem in stems for suffix in ("npy", "pfm", "png")]


def test_numbered_names_do_not_meet_a_photos_own(folder, photo):
    Image.fromarray(photo.rgb).save(folder / "anna-2.png")
    assert main(["depth", "anna.png", "more/anna.png", "anna-2.png", "-o", "out"]) == 0
    assert len(list((folder / "out").glob("*.npy"))) == 3


def test_depth_writes_beside_the_photo_without_taking_its_name(folder):
    photos = [folder / "anna.png", folder / "more/anna.png"]
    before = [photo.read_bytes() for photo in photos]
    assert main(["depth", "anna.png", "more/anna.png"]) == 0
    maps = {"anna_depth.npy", "anna_depth.pfm", "anna_depth.png"}
    for photo, pixels in zip(photos, before, strict=True):
        assert {path.name for path in photo.parent.glob("anna*")} == {"anna.png", *maps}
        assert photo.read_bytes() == pixels


def test_depth_knows_its_own_maps_when_it_is_run_again(folder, capsys, fake_network):
    photos = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))
    assert main(["depth", *photos]) == 0
    before = {path: path.read_bytes() for path in folder.rglob("*_depth.*")}
    assert len(before) == 6
    values = fake_network.predict("face_lite").values
    fake_network.predict = lambda model: InverseDepth(2 * values, model=model)
    capsys.readouterr()
    everything = [str(path) for path in sorted(folder.rglob("anna*")) if path.is_file()]
    assert main(["depth", *everything]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert all(str(path) in said.out.splitlines()[0] for path in before)
    assert set(folder.rglob("*_depth.*")) == set(before)  # no map of a map
    for path, data in before.items():
        assert path.read_bytes() != data  # and they are replaced
    (folder / "anna_depth.png").rename(folder / "anna_depth.PNG")
    assert main(["depth", "anna_depth.PNG"]) == 1
    assert "name the photos" in capsys.readouterr().err


def tiny(path):
    Image.new("RGB", (96, 120)).save(path)


def noise(path):
    np.save(path, np.random.default_rng(0).random((120, 96), np.float32))


def text(path):
    path.write_text("not a map")


def archive(path):
    np.savez(path.open("wb"), values=np.eye(3))


def nested(path):
    """A PNG whose word on itself no reader of JSON gets to the end of."""
    chunk = PngInfo()
    chunk.add_text("inverse_depth", "[" * 100_000)
    Image.new("L", (96, 120)).save(path, pnginfo=chunk)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("anna_depth.png", tiny),
        ("anna_depth.png", text),
        ("anna_depth.npy", noise),
        ("anna_depth.png", nested),
        ("anna_depth.npy", text),
        ("anna_depth.npy", archive),
        ("anna_depth.pfm", text),
    ],
)
@pytest.mark.parametrize("ours_beside", [False, True])
def test_depth_replaces_nobody_elses_file(folder, capsys, name, make, ours_beside):
    if ours_beside:
        assert main(["depth", "anna.png"]) == 0
    path = folder / name
    make(path)
    before = path.read_bytes()
    capsys.readouterr()
    assert main(["depth", "anna.png"]) == 1
    said = capsys.readouterr().err
    assert f"{name} would be overwritten" in said
    assert "--force" in said
    assert path.read_bytes() == before
    assert main(["depth", "anna.png", "-o", "out"]) == 0
    assert main(["depth", "anna.png", "--force"]) == 0
    assert path.read_bytes() != before


def test_a_photo_is_never_overwritten_not_even_by_force(folder, photo, capsys):
    Image.fromarray(photo.rgb).save(folder / "anna_depth.png")
    before = (folder / "anna_depth.png").read_bytes()
    assert main(["depth", "anna.png", "anna_depth.png", "--force"]) == 1
    assert "anna_depth.png is a photo itself" in capsys.readouterr().err
    assert (folder / "anna_depth.png").read_bytes() == before
    assert (folder / "anna_depth_depth.png").is_file()


def test_depth_of_what_is_no_photo_is_a_sentence(folder, capsys):
    assert main(["depth", ".", "..", "more"]) == 1
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 3
    assert all(line.startswith("face3d: ") for line in complaints)


def test_depth_follows_links(folder):
    (folder / "disk").mkdir()
    (folder / "anna_depth.npy").symlink_to("disk/far.npy")
    assert main(["depth", "anna.png"]) == 0
    assert (folder / "anna_depth.npy").is_symlink()
    assert np.load(folder / "disk/far.npy").shape == (120, 96)
    assert main(["depth", "anna.png"]) == 0  # it is ours through the link too


def test_weights_without_their_network_are_refused(folder, capsys, fake_network):
    assert main(["depth", "anna.png", "--weights", "dpt_large_384.pt"]) == 1
    assert "--model" in capsys.readouterr().err
    assert fake_network.photo is None


def test_an_older_file_stays_where_the_new_one_cannot_be_written(folder, monkeypatch, capsys):
    assert main(["depth", "anna.png", "-o", "out"]) == 0
    before = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}

    def full(path, data):
        path.open("wb").write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    assert main(["depth", "anna.png", "-o", "out"]) == 1
    file = folder / "out/anna_depth.png"
    said = f"{file.relative_to(folder)} cannot be written (No space left on device); make room"
    assert capsys.readouterr().err == f"face3d: {said}, or write elsewhere.\n"
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == before


def test_a_folder_that_cannot_be_written_to_is_a_sentence(folder, monkeypatch, capsys):
    def locked(path, data):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.write_bytes", locked)
    assert main(["depth", "more/anna.png"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("face3d: more/anna_depth.png cannot be written (Permission denied);")


def test_a_name_that_the_terminal_cannot_show_is_no_failure(folder, photo, monkeypatch):
    Image.fromarray(photo.rgb).save(folder / "zoë.png")
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["depth", "zoë.png", "-o", "out"]) == 0
    assert rb"zo\xeb.png: 96 x 120, saved as" in terminal.buffer.getvalue()


def test_that_nobody_reads_on_is_no_failure(folder, monkeypatch):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys, "stdout", Gone())
    assert main(["depth", "anna.png", "-o", "out"]) == 0
    assert (folder / "out/anna_depth.npy").is_file()
    assert main(["models"]) == 0


@pytest.mark.parametrize(
    ("encoding", "out"),
    [("ascii", None), pytest.param("utf-8", "/dev/full", marks=needs_full_device)],
)
def test_a_made_file_is_success_whatever_becomes_of_what_is_told(folder, photo, encoding, out):
    Image.fromarray(photo.rgb).save(folder / "zoë.png")
    with open(out or "told", "wb") as told:
        done = subprocess.run(
            [sys.executable, "-m", "face3d_widgets.cli", "model", "zoë.png", "-o", "zoë.xyz"],
            env={**os.environ, "PYTHONIOENCODING": encoding},
            stdout=told,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert (folder / "zoë.xyz").stat().st_size > 1000


def test_a_photo_that_is_not_there_is_said_before_anything_else(folder, capsys):
    (folder / "head.glb").write_bytes(b"")
    assert main(["model", "missing.jpg", "-o", "head.glb"]) == 1
    said = capsys.readouterr().err
    assert "missing.jpg" in said
    assert "written" not in said


def test_stopping_is_a_sentence(folder, capsys, fake_network):
    fake_network.error = KeyboardInterrupt()
    assert main(["depth", "anna.png", "-o", "out"]) == 130
    assert capsys.readouterr().err.endswith("face3d: stopped.\n")


def test_an_unknown_model_ends_before_any_work(folder, capsys, fake_network):
    assert main(["depth", "anna.png", "--model", "nothing", "-o", "out"]) == 1
    assert "'nothing'" in capsys.readouterr().err
    assert not (folder / "out").exists()
    assert fake_network.photo is None


def test_a_folder_that_cannot_be_made(folder, capsys):
    for out in ("anna.png", "anna.png/deeper"):
        assert main(["depth", "anna.png", "-o", out]) == 1
        assert "is no folder; choose another with -o" in capsys.readouterr().err


def test_the_shipped_network(folder, monkeypatch):
    monkeypatch.setattr("face3d_widgets.depth.DepthEstimator", DepthEstimator)
    assert main(["depth", "anna.png", "-o", "out", "--model", "face_lite"]) == 0
    values = np.load(folder / "out/anna_depth.npy")
    assert values[40, 48] > values[5, 5] + 3


SERVED = {
    "port": 8866,
    "open_browser": True,
    "ip": "127.0.0.1",
    "lessons": False,
    "host_names": [],
    "base_url": "/",
    "most_pages": None,
    "most_pages_from_one": None,
}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("dashboard", {}),
        (
            "dashboard --port 9000 --no-browser --ip 0.0.0.0",
            {"port": 9000, "open_browser": False, "ip": "0.0.0.0"},
        ),
        ("lessons", {"lessons": True}),
        (
            "dashboard --host-name a.example --host-name b.example --base-url /faces",
            {"host_names": ["a.example", "b.example"], "base_url": "/faces"},
        ),
        ("dashboard --pages 9 --pages-each 3", {"most_pages": 9, "most_pages_from_one": 3}),
    ],
)
def test_dashboard_and_lessons_start_the_server(arguments, told, monkeypatch):
    calls = []
    server = SimpleNamespace(run=lambda **options: calls.append(options))
    monkeypatch.setitem(sys.modules, "face3d_widgets.server.app", server)
    assert main(arguments.split()) == 0
    assert calls == [SERVED | told]


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--base-url", "http://x/", "is no path"),
        ("--base-url", "/a b/", "is no path"),
        ("--pages", "0", "too few"),
        ("--port", "0", "is no port"),
    ],
)
def test_what_cannot_be_served_is_said(option, value, says, capsys):
    with pytest.raises(SystemExit):
        main(["dashboard", option, value])
    assert says in capsys.readouterr().err


# --- networks ----------------------------------------------------------------------------------


@pytest.fixture
def no_weights(monkeypatch, tmp_path):
    """A machine that has no weights but those of the package."""
    monkeypatch.delenv("FACE3D_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path


def test_models_lists_every_network_and_its_state(no_weights, capsys):
    assert main(["models"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert "licence" in header
    assert [row.split()[0] for row in rows] == list(MODELS)
    assert [row.endswith("ready") for row in rows] == [True] + 12 * [False]


def test_fetch_offline_says_what_to_do(no_weights, capsys, monkeypatch):
    monkeypatch.setenv("FACE3D_OFFLINE", "1")
    assert main(["fetch", "MiDaS_small", "face_lite", "nothing"]) == 1
    said = capsys.readouterr()
    assert "face_lite is in the package" in said.out
    assert "midas_v21_small_256.pt" in said.err
    assert "no model called 'nothing'" in said.err
    assert "Traceback" not in said.err


def test_fetch_needs_a_name(capsys):
    assert main(["fetch"]) == 1
    assert "--all" in capsys.readouterr().err


def test_depth_without_the_weights_says_how_to_get_them(no_weights, folder, capsys, monkeypatch):
    monkeypatch.setattr("face3d_widgets.depth.DepthEstimator", DepthEstimator)
    assert main(["depth", "anna.png", "--model", "DPT_Hybrid", "-o", "out"]) == 1
    assert "face3d fetch dpt_hybrid_384" in capsys.readouterr().err
