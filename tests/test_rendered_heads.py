"""Rendered heads: written, read back, and what is refused."""

import numpy as np
import pytest

from face3d_widgets.samples import rendered
from face3d_widgets.samples.rendered import (
    load_rendered_head,
    rendered_heads,
    write_rendered_head,
)
from face3d_widgets.types import Intrinsics
from tests.rendered import analytic_head


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FACE3D_HEADS", str(tmp_path))
    return tmp_path


def write(folder, made, **more):
    given = {
        name: getattr(made, name)
        for name in ("name", "photo", "depth", "head", "face", "intrinsics", "facts")
    }
    return write_rendered_head(folder, **{**given, **more})


def test_what_is_written_is_read_back(folder):
    head = analytic_head()
    write(folder, head)
    assert rendered_heads() == ["egg"]
    back = load_rendered_head("egg")
    known = np.isfinite(head.depth)
    np.testing.assert_array_equal(np.isfinite(back.depth), known)
    assert np.abs(back.depth - head.depth)[known].max() < 1e-5  # a hundredth of a millimetre
    np.testing.assert_array_equal(back.head, head.head)
    np.testing.assert_array_equal(back.face, head.face)
    assert back.intrinsics == head.intrinsics
    assert back.title == "An egg"
    assert back.fov == pytest.approx(24)
    error = back.photo.rgb.astype(int) - head.photo.rgb
    assert np.abs(error).mean() < 4
    assert not back.depth.flags.writeable


def test_a_head_is_small_enough_to_ship(folder):
    files = write(folder, analytic_head(384, 320))
    assert sum(file.stat().st_size for file in files) < 160_000


def test_depth_beside_the_head_is_kept_and_one_depth_is_enough(folder):
    head = analytic_head()
    depth = np.where(head.head, np.float32(0.7), np.float32(0.7))
    write(folder, head, depth=depth)
    back = load_rendered_head("egg")
    assert np.abs(back.depth - 0.7).max() < 1e-5


def test_heads_are_named_in_order_and_half_a_head_is_none(folder):
    for name in ("b", "a"):
        write(folder, analytic_head(), name=name)
    (folder / "c.npz").write_bytes(b"")
    assert rendered_heads() == ["a", "b"]
    with pytest.raises(KeyError, match="choose one of: a, b"):
        load_rendered_head("c")


def test_where_there_are_none_the_list_is_empty(monkeypatch, tmp_path):
    monkeypatch.setenv("FACE3D_HEADS", str(tmp_path / "nothing"))
    assert rendered_heads() == []
    with pytest.raises(KeyError, match="none here"):
        load_rendered_head("egg")


def test_the_heads_of_the_package_are_all_sound_and_small(monkeypatch):
    monkeypatch.delenv("FACE3D_HEADS", raising=False)
    folder = rendered._folder()
    assert (folder / "README.md").is_file()
    for name in rendered_heads():
        head = load_rendered_head(name)
        assert head.face.sum() > 1000
    assert sum(file.stat().st_size for file in folder.iterdir()) < 3_000_000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "a/b"}, "no name for a file"),
        ({"depth": np.zeros((4, 4), np.float32)}, "give one size"),
        ({"head": np.zeros((96, 80), bool)}, "mask is empty"),
        ({"head": np.ones((96, 80), bool)}, "no depth above 0"),
        ({"face": np.ones((96, 80), bool)}, "beyond the head"),
    ],
)
def test_what_is_not_sound_is_not_written(tmp_path, change, says):
    with pytest.raises(ValueError, match=says):
        write(tmp_path, analytic_head(), **change)
    assert list(tmp_path.iterdir()) == []


def test_the_camera_may_be_any(folder):
    write(folder, analytic_head(), intrinsics=Intrinsics(200, 210, 41, 47))
    assert load_rendered_head("egg").intrinsics == Intrinsics(200, 210, 41, 47)
