"""A file that is there whole or not at all."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["replacing", "write_whole"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write to; it takes the place of `path` when the block has ended well.

    It lies in the same folder and has the same ending. An older file stays until the new
    one is whole, and where the block fails nothing is left of the new one. A symbolic link
    stays a link: what it points to is written.

    Raises
    ------
    OSError
        When it cannot be put in its place.
    """
    path = _followed(path)
    own = f"{os.getpid()}-{threading.get_ident()}"
    part = path.with_name(f".{path.stem}.{own}{path.suffix}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file; an older one of its name stays until the new one is whole.

    Raises
    ------
    OSError
        When it cannot be written; nothing is left of it then.
    """
    with replacing(path) as part:
        part.write_bytes(data)


def _followed(path: Path) -> Path:
    """The file that a path names in the end, whether it is there yet or not."""
    if not path.is_symlink():
        return path
    target = Path(os.path.realpath(path))
    if target.is_symlink():  # it leads round in a ring
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return target
