"""MakeHuman's assets: only what is CC0 is unpacked, and garments sit on the person."""

import io
import json
import tarfile

import numpy as np
import pytest

pytest.importorskip("anny", reason="the extra `train` is not installed")
import cv2

from face3d_widgets.training import assets
from face3d_widgets.training.body import body_model
from face3d_widgets.training.meshes import Material
from face3d_widgets.training.wardrobe import Wardrobe

ROOT = "package/public/data/"


def png(pixels):
    return cv2.imencode(".png", np.asarray(pixels, np.uint8))[1].tobytes()


def garment(owners, offset):
    """Two triangles as one quad with texture corners, in MakeHuman's JSON."""
    return json.dumps(
        {
            "ref_vIdxs": [[v, v, v] for v in owners],
            "weights": [[1.0, 0.0, 0.0]] * 4,
            "offsets": [offset] * 4,
            "faces": [11, 0, 1, 2, 3, 0, 0, 1, 2, 3],
            "uvs": [[0, 0, 1, 0, 1, 1, 0, 1]],
        }
    ).encode()


@pytest.fixture
def package(tmp_path):
    head = [int(v) for v in body_model()._on_head[:4]]
    files = {
        "skins/young_asian_male/textures/young_diffuse3.png": png(np.full((4, 4, 3), 128)),
        "skins/toon01/textures/toon_diffuse.png": png(np.zeros((4, 4, 3))),
        "proxies/hair/bob01/bob01.json": garment(head, [0.0, 1.0, 0.0]),
        "proxies/hair/bob01/textures/bob01_diffuse.png": png(np.full((4, 4, 4), 200)),
        "proxies/hair/bob01/bob01.thumb.png": png(np.zeros((4, 4, 3))),
        "proxies/hair/Harvey_Hawk1/Harvey_Hawk1.json": garment(head, [0, 0, 0]),
        "proxies/genitals/any/any.json": b"{}",
    }
    path = tmp_path / "package.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {**files, "../../etc/passwd": b"no"}.items():
            info = tarfile.TarInfo(ROOT + name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_only_the_teams_own_work_is_unpacked(package, tmp_path):
    out = tmp_path / "out"
    assert assets.unpack_assets(package, out) == 3
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert names == [
        "hair/bob01/bob01.json",
        "hair/bob01/textures/bob01_diffuse.png",
        "skins/young_asian_male/textures/young_diffuse3.png",
    ]


def test_garment_hangs_on_its_vertices(package, tmp_path):
    assets.unpack_assets(package, tmp_path / "out")
    wardrobe = Wardrobe(tmp_path / "out")
    (hair,) = wardrobe.garments["hair"]
    model, rng = body_model(), np.random.default_rng(0)
    person = model.draw(rng)
    part = hair.worn_by(model, person, rng)
    assert part.material is Material.HAIR
    on = model._on_head[:4]
    # One decimetre upward in MakeHuman's frame: along the head's own axis, at its size.
    moved = part.vertices - person.vertices[on]
    np.testing.assert_allclose(moved, np.tile(person.rotation[:, 2] * 0.1 * person.size, (4, 1)))
    assert part.texture.shape == (4, 4, 4)
    assert part.triangles.shape == (2, 3)
    assert part.uv.shape == (2, 3, 2)


def test_empty_folder_says_what_to_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="training assets --out"):
        Wardrobe(tmp_path)


def test_other_bytes_than_the_known_are_refused(package, tmp_path):
    with pytest.raises(assets.AssetsError, match="not the package that is known"):
        assets.fetch_assets(tmp_path / "out", package.as_uri())
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True


def test_no_connection_is_said_in_words(tmp_path):
    with pytest.raises(assets.AssetsError, match="leave --assets out"):
        assets.fetch_assets(tmp_path, (tmp_path / "missing.tgz").as_uri())
