"""Files that are there whole or not at all."""

import errno

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


def test_a_link_stays_a_link_and_its_file_is_written(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "depth.npy").write_bytes(b"old")
    link, chain = tmp_path / "link.npy", tmp_path / "chain.npy"
    link.symlink_to(disk / "depth.npy")
    chain.symlink_to("link.npy")  # relative, and to another link
    write_whole(chain, b"new")
    assert (disk / "depth.npy").read_bytes() == b"new"
    assert link.is_symlink()
    assert chain.is_symlink()
    assert list(disk.iterdir()) == [disk / "depth.npy"]


def test_a_link_to_nothing_yet_makes_its_file(tmp_path):
    link = tmp_path / "link.npy"
    link.symlink_to(tmp_path / "depth.npy")
    write_whole(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "depth.npy").read_bytes() == b"new"
    link.unlink()
    link.symlink_to(tmp_path / "nowhere" / "depth.npy")
    with pytest.raises(FileNotFoundError):
        write_whole(link, b"new")


def test_links_in_a_ring_are_refused(tmp_path):
    one, other = tmp_path / "one.npy", tmp_path / "other.npy"
    one.symlink_to(other)
    other.symlink_to(one)
    with pytest.raises(OSError, match="symbolic links"):
        write_whole(one, b"new")
    assert one.is_symlink()


def no_room(part, data):
    part.open("wb").write(data[:2])
    raise OSError(errno.ENOSPC, "No space left on device")  # a full disk names no file


def no_right(part, data):
    raise PermissionError(errno.EACCES, "Permission denied", str(part))


@pytest.mark.parametrize("fails", [no_room, no_right])
def test_an_error_names_the_file_that_was_asked_for(tmp_path, monkeypatch, fails):
    path = tmp_path / "depth.npy"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", fails)
        with pytest.raises(OSError, match=r"depth\.npy") as caught:
            write_whole(path, b"new data")
    assert caught.value.filename == str(path)
    assert caught.value.errno in (errno.ENOSPC, errno.EACCES)
    assert isinstance(caught.value, PermissionError) == (fails is no_right)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_where_there_is_no_folder_the_file_is_named_too(tmp_path):
    path = tmp_path / "gone" / "depth.npy"
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(path, b"new")
    assert caught.value.filename == str(path)


def test_an_error_of_another_file_stays_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "depth.npy"):
        (tmp_path / "other").read_bytes()
    assert caught.value.filename == str(tmp_path / "other")


@pytest.mark.parametrize("letter", ["a", "ë", "頭"])
def test_a_name_as_long_as_the_system_takes(tmp_path, letter):
    n = (255 - len(".npy")) // len(letter.encode())
    path = tmp_path / f"{letter * n}.npy"
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
