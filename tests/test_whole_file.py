"""Files that are there whole or not at all."""

import pytest

from face3d_widgets.whole_file import replacing, write_whole


def test_a_file_takes_the_place_of_the_older_one(tmp_path):
    path = tmp_path / "depth.npy"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_until_the_end_the_older_one_stays(tmp_path):
    path = tmp_path / "depth.npy"
    path.write_bytes(b"old")
    with replacing(path) as part:
        part.write_bytes(b"half")
        assert part.suffix == ".npy"
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"half"


def test_what_fails_leaves_the_older_one_and_nothing_else(tmp_path):
    path = tmp_path / "depth.npy"
    path.write_bytes(b"old")

    def half(data):
        with replacing(path) as part:
            part.write_bytes(data[:2])
            raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="disk"):
        half(b"half")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
